package scan

import (
	"context"
	"errors"
	"os"

	"magpie/internal/analyse"
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

// source opens what a job is about. When it cannot be opened the job has its result, and ok is false.
func (s *scanner) source(ctx context.Context, j *job) (src analyse.Source, ok bool) {
	e := &j.entry
	src = analyse.Source{Name: e.path, Size: e.size, Progress: func(n int64) { s.bytes.Add(n) }}
	err := e.err
	if err == nil && e.object != nil {
		ok = s.fetch(ctx, j, &src)
		return src, ok
	}
	switch {
	case err != nil:
	case e.path == stdin:
		src.Reader = s.o.Stdin
	default:
		src.File, src.Size, err = e.open()
		err = bare(err)
	}
	if err != nil {
		j.result = FileResult{Path: e.path, Err: err, Result: analyse.Unread(err)}
	}
	return src, err == nil
}

// open opens the entry's file without following a link put in its place since it was seen, and without
// waiting for a pipe's other end. A path that the user has named may be a link.
func (e *entry) open() (*os.File, int64, error) {
	if opening != nil {
		opening(e.path)
	}
	var f *os.File
	var err error
	if e.tree != nil {
		f, err = e.tree.openFile(e.rel)
	} else {
		f, err = os.OpenFile(e.path, os.O_RDONLY|openFlags, 0)
	}
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("no longer a file")
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	e.done() // what is open does not need its folder
	return f, info.Size(), nil
}
