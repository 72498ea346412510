package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"magpie/internal/classify"
	"magpie/internal/extract"
)

// FileResult is what became of one file.
type FileResult struct {
	Path   string
	Result *classify.Result
	Err    error // it could not be read, or not to its end
}

// Failed says whether the file counts as not read: an error, or content that should have been readable and was not.
func (f *FileResult) Failed() bool {
	if f.Err != nil || failed(f.Result.Status) {
		return true
	}
	for i := range f.Result.Members {
		if failed(f.Result.Members[i].Status) {
			return true
		}
	}
	return false
}

// failed tells what a person should know about from what simply holds no text. An archive fails by its members: a picture in
// one is nothing to worry about.
func failed(s extract.Status) bool {
	switch s.Reason {
	case "", extract.UnsupportedFileType, extract.ArchiveContainsUnprocessedFiles:
		return false
	}
	return true
}

// scanFile opens and classifies one file.
func scanFile(ctx context.Context, w *classify.Worker, e entry, in io.Reader) FileResult {
	out := FileResult{Path: e.path}
	if e.err != nil {
		out.Err, out.Result = e.err, unreadable(e.err)
		return out
	}
	src := extract.Source{Name: e.path, Size: e.size}
	if e.path == stdin {
		var stop func()
		src.Reader, stop = interruptible(ctx, in)
		defer stop()
	} else {
		f, err := openRegular(e.path)
		if err != nil {
			out.Err = bare(err)
			out.Result = unreadable(out.Err)
			return out
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil {
			src.Size = info.Size()
		}
		src.ReaderAt = f
	}
	out.Result, out.Err = w.Classify(ctx, src)
	if out.Err != nil {
		out.Err = bare(errors.Unwrap(out.Err))
		if out.Result.Status.Code == "" {
			out.Result = unreadable(out.Err)
		}
	}
	return out
}

// interruptible lets go of a reader that may wait for ever, such as a terminal, when ctx ends. The read under way is left
// behind: nothing can end it but its input.
func interruptible(ctx context.Context, in io.Reader) (io.Reader, func()) {
	r, w := io.Pipe()
	go func() {
		_, err := io.Copy(w, in)
		w.CloseWithError(err)
	}()
	stop := context.AfterFunc(ctx, func() { r.CloseWithError(context.Cause(ctx)) })
	return r, func() { stop(); r.Close() }
}

// openRegular opens a file without following a link put in its place since it was seen, and without waiting for a pipe's other
// end.
func openRegular(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("no longer a file")
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// unreadable is the result of a file that did not open.
func unreadable(err error) *classify.Result {
	reason := extract.UnableToParseFile
	if errors.Is(err, fs.ErrPermission) {
		reason = extract.PermissionDenied
	}
	if errors.Is(err, fs.ErrNotExist) {
		reason = extract.SourceObjectNoLongerAvailable
	}
	return &classify.Result{Document: classify.Document{MIME: "application/octet-stream", Size: -1,
		Status: extract.Status{Code: extract.Skipped, Reason: reason, Detail: err.Error()}}}
}

// newSpool makes a temporary file that is gone when it is closed, or when the process is.
func newSpool() (extract.Spool, error) {
	f, err := os.CreateTemp("", "magpie-scan-*")
	if err != nil {
		return nil, fmt.Errorf("make room for a file inside an archive: %w", err)
	}
	return &tempFile{f, os.Remove(f.Name()) == nil}, nil
}

type tempFile struct {
	*os.File
	removed bool
}

func (t *tempFile) Close() error {
	err := t.File.Close()
	if !t.removed {
		err = errors.Join(err, os.Remove(t.Name()))
	}
	return err
}
