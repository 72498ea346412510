package analyse

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"magpie/internal/classify"
	"magpie/internal/extract"
)

// Source is one object. Exactly one of File, Content, ReaderAt and Reader is set.
type Source struct {
	Name string // its extension is a hint to what it is; error texts have it
	// Size is exact with File, Content and ReaderAt; with Reader it may be -1, not known.
	Size int64

	// File is a regular file, opened for reading. A box reads it directly.
	File *os.File
	// Content is the whole of an object that is in memory, not nil. Small ones are given to a box several at a time. Nobody
	// may write to it before Analyse has returned.
	Content []byte
	// ReaderAt answers ranged reads, from one goroutine at a time. Analyse may return while a
	// read is under way, when the object's time is over; ReaderAt is then read no more.
	ReaderAt io.ReaderAt
	// Blocks, where it is not nil, is another way to read what ReaderAt reads, at less cost.
	Blocks Blocks
	// Reader is read once from the front, under the same terms.
	Reader io.Reader
	// Stop, where it is not nil, ends Reader early when it is closed: what has come until then is analysed, and the error is ErrStopped.
	Stop <-chan struct{}

	// Progress, when not nil, is told of bytes as they are analysed, from one goroutine at a time.
	Progress func(bytes int64)
}

// Blocks gives out parts of an object that are in memory.
type Blocks interface {
	// Block returns what there is in memory from off on, at least one byte, and what must be called when it is not needed any more. It
	// waits until there is something, or until done is closed.
	Block(off int64, done <-chan struct{}) (p []byte, release func(), err error)
}

// ErrShrank means that the source ended before the size that it was said to have.
var ErrShrank = errors.New("it became shorter while it was read")

// ErrStopped means that Source.Stop was closed before the source had ended.
var ErrStopped = errors.New("it was not read to its end")

// SourceError says that reading an object failed, with the source's own error.
type SourceError struct {
	Name string
	Err  error
}

func (e *SourceError) Error() string { return "read " + e.Name + ": " + e.Err.Error() }
func (e *SourceError) Unwrap() error { return e.Err }

var errSource = errors.New("exactly one of File, Content, ReaderAt and Reader is needed")

func (s *Source) check() error {
	n := 0
	if s.File != nil {
		n++
	}
	if s.Content != nil {
		n++
	}
	if s.ReaderAt != nil {
		n++
	}
	if s.Reader != nil {
		n++
	}
	if n != 1 || s.Size < 0 && s.Reader == nil || s.Content != nil && s.Size != int64(len(s.Content)) {
		return errSource
	}
	return nil
}

// whole reads a source and remembers how that went: extractors may take an early end for the end
// of what they read, and nobody must report such an object as complete.
type whole struct {
	at   io.ReaderAt // nil: flow is read
	flow io.Reader
	size int64 // -1: not known

	mu  sync.Mutex
	pos int64 // of flow
	err error
}

func (w *whole) failed() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

func (w *whole) fail(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
	return err
}

func (w *whole) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off >= w.size {
		return 0, io.EOF
	}
	short := false
	if rest := w.size - off; int64(len(p)) > rest {
		p, short = p[:rest], true
	}
	n := 0
	for n < len(p) {
		k, err := w.at.ReadAt(p[n:], off+int64(n))
		n += k
		switch {
		case n == len(p):
		case err == io.EOF, err == nil && k == 0:
			return n, w.fail(ErrShrank)
		case err != nil:
			return n, w.fail(err)
		}
	}
	if short {
		return n, io.EOF
	}
	return n, nil
}

func (w *whole) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if w.size >= 0 {
		if w.pos >= w.size {
			return 0, io.EOF
		}
		p = p[:min(int64(len(p)), w.size-w.pos)]
	}
	n, err := w.flow.Read(p)
	w.pos += int64(n)
	switch {
	case err == io.EOF && w.size >= 0 && w.pos < w.size:
		return n, w.fail(ErrShrank)
	case err != nil && err != io.EOF:
		return n, w.fail(err)
	}
	return n, err
}

// source is what extract is given.
func (w *whole) source(name string) extract.Source {
	if w.at != nil {
		return extract.Source{Name: name, ReaderAt: w, Size: w.size}
	}
	return extract.Source{Name: name, Reader: w, Size: w.size}
}

// newWhole reads src. A File of no bytes may be one of the kernel's, whose size is not known.
func newWhole(src *Source) *whole {
	switch {
	case src.File != nil && src.Size == 0:
		return &whole{flow: src.File, size: -1}
	case src.File != nil:
		return &whole{at: src.File, size: src.Size}
	case src.Content != nil:
		return &whole{at: bytes.NewReader(src.Content), size: src.Size}
	case src.ReaderAt != nil:
		return &whole{at: src.ReaderAt, size: src.Size}
	}
	return &whole{flow: src.Reader, size: src.Size}
}

// finish makes sure that a result tells what became of its source. over is why the clock ended, or nil.
func finish(r *classify.Result, err, over error) (*classify.Result, error) {
	cutOff := errors.Is(err, context.DeadlineExceeded) && errors.Is(over, context.DeadlineExceeded)
	if r == nil || r.Status.Code == "" {
		if cutOff {
			return skipped(extract.TimeCutOffReached, tooLong), nil
		}
		return Unread(err), err
	}
	if r.Size >= 0 {
		r.Classified = min(r.Classified, r.Size)
	}
	switch {
	case cutOff: // while the source was waited for
		r.Status = extract.Status{Code: extract.Partial, Reason: extract.TimeCutOffReached, Detail: tooLong}
		return r, nil
	case err != nil && r.Status.Code == extract.Complete:
		r.Status = extract.Status{Code: extract.Partial, Reason: extract.UnableToParseFile, Detail: "reading failed"}
	}
	if err != nil && r.Size >= 0 { // also where the status says of something else that it was not read
		r.Classified = min(r.Classified, max(r.Size-1, 0))
	}
	return r, err
}

const tooLong = "the time for one object is over"

// Unread is the result of an object that was not analysed because of err.
func Unread(err error) *classify.Result {
	reason := extract.UnableToParseFile
	switch {
	case errors.Is(err, fs.ErrPermission):
		reason = extract.PermissionDenied
	case errors.Is(err, fs.ErrNotExist):
		reason = extract.SourceObjectNoLongerAvailable
	}
	return skipped(reason, err.Error())
}

func skipped(reason extract.Reason, detail string) *classify.Result {
	return &classify.Result{Document: classify.Document{MIME: "application/octet-stream", Size: -1,
		Status: extract.Status{Code: extract.Skipped, Reason: reason, Detail: detail}}}
}

// TimeFor is the default time for an object of so many bytes: a minute, and a second for each MB.
func TimeFor(bytes int64) time.Duration {
	const most = 1 << 32 // seconds; more cannot be told apart from for ever
	return time.Minute + time.Duration(min(max(bytes, 0)/1e6, most))*time.Second
}
