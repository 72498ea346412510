package analyse

import (
	"errors"
	"io"
)

// feed reads a source that is not a file on behalf of a worker. Its reads end when the object's clock
// does, even where the source's own reader does not return.
type feed struct {
	clock *clock
	src   *Source
	buf   []byte
	one   chan read
	err   error // a read was left behind, or a stream failed: there are no more
	// stopped says that the source was told to stop. The worker is told of an end, so that it looks at what it has.
	stopped bool
}

type read struct {
	n   int
	err error
}

// maxRead is the most bytes one read may ask for.
const maxRead = arenaBytes

func newFeed(c *clock, src *Source) *feed { return &feed{clock: c, src: src} }

// fill reads into p from off, or the next bytes of a stream.
func (f *feed) fill(p []byte, off int64) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	if f.src.Content != nil {
		return f.content(p, off)
	}
	if f.src.Blocks != nil {
		return f.blocks(p, off)
	}
	n := min(len(p), maxRead)
	if len(f.buf) < n {
		f.buf = make([]byte, max(n, 64<<10))
	}
	if f.one == nil {
		f.one = make(chan read, 1)
	}
	buf := f.buf[:n]
	f.clock.wait()
	go func() {
		var r read
		if f.src.Reader != nil {
			r.n, r.err = f.src.Reader.Read(buf)
		} else {
			r.n, r.err = f.src.ReaderAt.ReadAt(buf, off)
		}
		if r.n < 0 || r.n > len(buf) {
			r.n, r.err = 0, errors.New("the source has read more than it was asked for")
		}
		f.one <- r
	}()
	select {
	case r := <-f.one:
		f.clock.got(r.n)
		if r.err != nil && f.src.Reader != nil {
			f.err = r.err
		}
		return copy(p, buf[:r.n]), r.err
	case <-f.src.Stop:
		f.err, f.stopped = io.EOF, true
	case <-f.clock.Done():
		f.err = f.clock.Err()
	}
	f.clock.got(0)
	f.buf = nil // the read that is left behind may still write to it
	return 0, f.err
}

// blocks reads p, or as much of it as there is.
func (f *feed) blocks(p []byte, off int64) (n int, err error) {
	f.clock.wait()
	defer func() { f.clock.got(n) }()
	for n < len(p) {
		b, release, err := f.src.Blocks.Block(off+int64(n), f.clock.Done())
		if err != nil {
			if over := f.clock.Err(); over != nil {
				err, f.err = over, over
			}
			return n, err
		}
		n += copy(p[n:], b)
		release()
	}
	return n, nil
}

// content reads what is in memory.
func (f *feed) content(p []byte, off int64) (int, error) {
	if off >= int64(len(f.src.Content)) {
		return 0, io.EOF
	}
	n := copy(p, f.src.Content[max(off, 0):])
	f.clock.wait()
	f.clock.got(n)
	return n, nil
}

// feedAt and feedFlow make a feed the readers that package extract takes.
type feedAt struct{ *feed }

func (f feedAt) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) {
		k, err := f.fill(p[n:], off+int64(n))
		n += k
		if err != nil {
			return n, err
		}
		if k == 0 {
			return n, io.ErrNoProgress
		}
	}
	return n, nil
}

type feedFlow struct{ *feed }

func (f feedFlow) Read(p []byte) (int, error) { return f.fill(p, -1) }
