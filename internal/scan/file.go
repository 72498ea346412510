package scan

import (
	"context"
	"errors"
	"io/fs"
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
	Grew   bool  // it became longer after it was opened; what it had then was read
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
		src.Reader, src.Stop = s.o.Stdin, ctx.Done()
	default:
		src.File, j.opened, err = e.open()
		if err = bare(err); err == nil {
			src.Size = j.opened.Size()
		}
	}
	if err != nil {
		j.result = FileResult{Path: e.path, Err: err, Result: analyse.Unread(err)}
	}
	return src, err == nil
}

// errNoFile says that what was a file when it was seen is something else now: a folder, a pipe, a socket, a device.
var errNoFile = errors.New("no longer a file")

// open opens the entry's file without following a link put in its place since it was seen, and without
// waiting for a pipe's other end. A path that the user has named may be a link.
func (e *entry) open() (*os.File, fs.FileInfo, error) {
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
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNoFile
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	e.done() // what is open does not need its folder
	return f, info, nil
}

// errRewritten says that a file may have been read partly as it was and partly as it has become.
var errRewritten = errors.New("it was written to since it was opened; what was read may be of before and of after")

// settle compares a file that was read with what it was when it was opened: all reads of one that shrinks may have come before that, and no
// read shows that a file was written to. What has shrunk or was rewritten is not complete; grew says that it is longer now. Nothing can be
// said of a file that had no size, as those of the kernel.
func settle(j *job, src *analyse.Source, o *analyse.Outcome) (grew bool) {
	if j.opened == nil || src.Size == 0 || o.Err != nil || o.Result.Status.Code == extract.Skipped {
		return false
	}
	if wasRead != nil {
		wasRead(j.entry.path)
	}
	now, err := src.File.Stat()
	switch {
	case err != nil:
		o.Err = err
	case now.Size() > src.Size:
		return true
	case now.Size() == src.Size && now.ModTime().Equal(j.opened.ModTime()):
		return false
	case now.Size() < src.Size:
		o.Err = analyse.ErrShrank
	default:
		o.Err = errRewritten
	}
	if r := o.Result; r.Status.Code == extract.Complete {
		r.Status = extract.Status{Code: extract.Partial, Reason: extract.UnableToParseFile, Detail: o.Err.Error()}
	}
	o.Result.Classified = min(o.Result.Classified, src.Size-1)
	return false
}

// wasRead is called after something was read and before it is looked at once more; tests set it.
var wasRead func(path string)
