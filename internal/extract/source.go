package extract

import (
	"bytes"
	"errors"
	"io"
	"sync"
)

// input is what an extractor reads: a head that has been looked at already, the rest behind it, and random access where there
// is some.
type input struct {
	w    *walker
	name string
	size int64 // -1: not known
	at   io.ReaderAt
	rest io.Reader // what follows buf[:n]
	buf  []byte    // pooled; the first bytes of the object
	n    int
	pos  int // bytes of buf handed out by Read
	eof  bool
	err  error // why the head is shorter than it could be
	own  []io.Closer
}

var buffers = sync.Pool{New: func() any { b := make([]byte, lookback+blockSize); return &b }}

// newInput reads the head. An error is the source's.
func newInput(w *walker, src Source) (*input, error) {
	in := &input{w: w, name: src.Name, size: src.Size, at: src.ReaderAt, rest: src.Reader}
	if in.rest == nil {
		if in.at == nil {
			return nil, errors.New("no reader")
		}
		in.rest = io.NewSectionReader(in.at, 0, in.size)
	}
	in.rest = &tagged{w: w, r: in.rest, size: in.size}
	if in.at != nil {
		in.at = &taggedAt{w: w, r: in.at, size: in.size}
	}
	in.fill()
	var se *sourceError
	if errors.As(in.err, &se) {
		in.close()
		return nil, in.err
	}
	return in, nil
}

// newMember is the input of a file inside another. at is nil where the archive only flows.
func newMember(w *walker, name string, r io.Reader, at io.ReaderAt, size int64) *input {
	in := &input{w: w, name: name, size: size, at: at, rest: r}
	in.fill()
	return in
}

func (in *input) fill() {
	b := buffers.Get().(*[]byte)
	in.buf = *b
	for empty := 0; in.n < len(in.buf) && !in.eof && in.err == nil; {
		k, err := in.rest.Read(in.buf[in.n:])
		in.n += k
		if empty++; k > 0 {
			empty = 0
		} else if err == nil && empty > maxEmptyReads {
			err = io.ErrNoProgress
		}
		switch {
		case err == io.EOF:
			in.eof = true
		case err != nil:
			in.err = err
		case in.n >= len(in.buf)/4:
			return // enough to look at; pipes should not wait for more
		}
	}
}

// more lengthens the head as far as there is room, for what needs more than a look at the beginning.
func (in *input) more() {
	for empty := 0; in.n < len(in.buf) && !in.eof && in.err == nil && empty <= maxEmptyReads; {
		k, err := in.rest.Read(in.buf[in.n:])
		in.n += k
		if empty++; k > 0 {
			empty = 0
		}
		in.eof = err == io.EOF
		if err != nil && err != io.EOF {
			in.err = err
		}
	}
}

func (in *input) close() {
	if in.buf != nil {
		b := in.buf
		in.buf = nil
		buffers.Put(&b)
	}
	for i := len(in.own) - 1; i >= 0; i-- {
		in.own[i].Close()
	}
	in.own = nil
}

// head is what is known of the beginning: at least 64 KiB, or the whole of a shorter object.
func (in *input) head() []byte { return in.buf[:in.n] }

// take hands the buffer over to a pump, which returns it.
func (in *input) take() (buf []byte, n int) {
	buf, n = in.buf, in.n
	in.buf = nil
	return buf, n
}

// again returns the input from its beginning, or nil when what has flowed is gone.
func (in *input) again() *input {
	switch {
	case in.at != nil && in.size >= 0:
		return newMember(in.w, in.name, io.NewSectionReader(in.at, 0, in.size), in.at, in.size)
	case in.buf != nil && in.eof:
		return newMember(in.w, in.name, bytes.NewReader(in.buf[:in.n]), nil, int64(in.n))
	}
	return nil
}

// Read is for decoders that only flow.
func (in *input) Read(p []byte) (int, error) {
	if in.pos < in.n && in.buf != nil {
		n := copy(p, in.buf[in.pos:in.n])
		in.pos += n
		return n, nil
	}
	if in.eof {
		return 0, io.EOF
	}
	if in.err != nil {
		return 0, in.err
	}
	outer := in.w.decoder
	in.w.decoder = "" // ours again: see foreign
	n, err := in.rest.Read(p)
	in.w.decoder = outer
	return n, err
}

// readerAt gives random access, spooling what has only flowed so far.
func (in *input) readerAt(limit int64) (io.ReaderAt, int64, error) {
	if in.at != nil && in.size >= 0 {
		return in.at, in.size, nil
	}
	s := &spool{w: in.w, limit: limit}
	in.own = append(in.own, s)
	n, err := copyAlive(in.w, s, in)
	if err != nil {
		return nil, 0, err
	}
	in.at, in.size = s, n
	return s, n, nil
}

// spool holds bytes in memory while they are few and in the caller's Spool when they are many.
type spool struct {
	w     *walker
	limit int64
	mem   []byte
	held  int64
	far   Spool
	n     int64
}

func (s *spool) Write(p []byte) (int, error) {
	if s.n+int64(len(p)) > s.limit {
		return 0, stop(Skipped, FileExceedsSizeLimit, "larger than its kind may be")
	}
	if s.far == nil {
		need := int64(len(s.mem) + len(p))
		if need > int64(cap(s.mem)) {
			size := max(2*int64(cap(s.mem)), need, 64*kib)
			// Half the budget at most: the decoder of what is spooled needs some too.
			if s.held+size <= s.w.opts.MaxMemory/2 && s.w.hold(size) {
				grown := make([]byte, len(s.mem), size)
				copy(grown, s.mem)
				s.w.release(s.held)
				s.held, s.mem = size, grown
			} else if err := s.spill(); err != nil {
				return 0, err
			}
		}
	}
	s.n += int64(len(p))
	if s.far != nil {
		n, err := s.far.Write(p)
		if err != nil {
			return n, &sourceError{err}
		}
		return n, nil
	}
	s.mem = append(s.mem, p...)
	return len(p), nil
}

func (s *spool) spill() error {
	if s.w.opts.NewSpool == nil {
		return stop(Skipped, FileExceedsSizeLimit, "needs more memory than allowed")
	}
	far, err := s.w.opts.NewSpool()
	if err != nil {
		return &sourceError{err}
	}
	s.far = far
	if _, err := far.Write(s.mem); err != nil {
		return &sourceError{err}
	}
	s.mem = nil
	s.w.release(s.held)
	s.held = 0
	return nil
}

func (s *spool) ReadAt(p []byte, off int64) (int, error) {
	if s.far != nil {
		outer := s.w.decoder
		s.w.decoder = ""
		n, err := s.far.ReadAt(p, off)
		s.w.decoder = outer
		if err != nil && err != io.EOF {
			err = &sourceError{err}
		}
		return n, err
	}
	if off < 0 || off >= int64(len(s.mem)) {
		return 0, io.EOF
	}
	n := copy(p, s.mem[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (s *spool) Close() error {
	s.mem = nil
	s.w.release(s.held)
	s.held = 0
	if s.far != nil {
		return s.far.Close()
	}
	return nil
}

// copyAlive is io.Copy that ends when the call's context does.
func copyAlive(w *walker, dst io.Writer, src io.Reader) (int64, error) {
	b := buffers.Get().(*[]byte)
	defer buffers.Put(b)
	var total int64
	for {
		if err := w.alive(); err != nil {
			return total, err
		}
		n, err := src.Read(*b)
		if n > 0 {
			if _, err := dst.Write((*b)[:n]); err != nil {
				return total, err
			}
			total += int64(n)
		}
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

// ErrShrunk is the error of an object that ends before the size that its Source gives.
var ErrShrunk = errors.New("it is shorter than it was")

// tagged marks the errors of the object's own reader.
type tagged struct {
	w    *walker
	r    io.Reader
	size int64 // -1: not known
	n    int64
}

func (t *tagged) Read(p []byte) (int, error) {
	outer := t.w.decoder
	t.w.decoder = "" // see foreign
	n, err := t.r.Read(p)
	t.w.decoder = outer
	t.n += int64(n)
	switch {
	case err == io.EOF && t.n < t.size:
		err = &sourceError{ErrShrunk}
	case err != nil && err != io.EOF:
		err = &sourceError{err}
	}
	return n, err
}

type taggedAt struct {
	w    *walker
	r    io.ReaderAt
	size int64
}

func (t *taggedAt) ReadAt(p []byte, off int64) (int, error) {
	outer := t.w.decoder
	t.w.decoder = ""
	n, err := t.r.ReadAt(p, off)
	t.w.decoder = outer
	switch {
	case err == io.EOF && n < len(p) && off >= 0 && off+int64(n) < t.size:
		err = &sourceError{ErrShrunk}
	case err != nil && err != io.EOF:
		err = &sourceError{err}
	}
	return n, err
}
