package extract

import (
	"bufio"
	"compress/bzip2"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
)

// gzipReader reads the members of a file of gzip one after the other. Behind the last there may be zeros, with which tapes and
// blocks are filled up: they are passed over, as gzip does.
type gzipReader struct {
	w       *walker
	b       *bufio.Reader
	z       *gzip.Reader
	faulted bool // it panicked, and is used no more
	notes   notes
}

// mostGzips is how many of them a walker keeps for the next file: an archive may have very many small ones.
const mostGzips = 4

// newGzip reads the header of the first member.
func newGzip(w *walker, in io.Reader) (*gzipReader, error) {
	var g *gzipReader
	if n := len(w.gzips); n > 0 {
		g, w.gzips = w.gzips[n-1], w.gzips[:n-1]
		g.b.Reset(in)
	} else {
		g = &gzipReader{w: w, b: bufio.NewReader(in), z: new(gzip.Reader)}
	}
	g.notes = notes{text: g.notes.text[:0]}
	if err := g.open(); err != nil {
		g.close()
		return nil, err
	}
	return g, nil
}

// close keeps the reader for another file.
func (g *gzipReader) close() {
	if g.faulted || len(g.w.gzips) >= mostGzips {
		return
	}
	g.b.Reset(failing{io.EOF})
	g.w.gzips = append(g.w.gzips, g)
}

// open reads the header of a member.
func (g *gzipReader) open() error {
	err := g.call(func() error {
		err := g.z.Reset(g.b)
		g.z.Multistream(false)
		return err
	})
	if err == nil {
		g.notes.add("comment", g.z.Comment)
	}
	return err
}

// note keeps the name of a member that has a number in it, which is more than a name.
func (g *gzipReader) note(name string) {
	digits := 0
	for _, c := range name {
		if c >= '0' && c <= '9' {
			digits++
		}
	}
	if digits >= 9 {
		g.notes.add("name", name)
	}
}

func (g *gzipReader) call(f func() error) error {
	g.faulted = true
	return g.w.foreign("gzip", func() error {
		err := f()
		g.faulted = false
		return err
	})
}

func (g *gzipReader) Read(p []byte) (n int, err error) {
	for {
		err = g.call(func() (err error) {
			n, err = g.z.Read(p)
			return err
		})
		if err != io.EOF {
			return n, err
		}
		if n > 0 {
			return n, nil
		}
		if err := g.w.step(64); err != nil {
			return 0, err
		}
		next, err := g.b.Peek(1)
		switch {
		case err != nil: // the end, or the source's error
			return 0, err
		case next[0] == 0:
			return 0, zerosToTheEnd(g.w, g.b)
		}
		if err := g.open(); err == io.EOF {
			return 0, io.ErrUnexpectedEOF // of a header
		} else if err != nil {
			return 0, err
		}
	}
}

var errBehind = errors.New("something else stands behind it")

// zerosToTheEnd returns io.EOF when there is nothing but zeros.
func zerosToTheEnd(w *walker, b *bufio.Reader) error {
	for {
		if err := w.step(int64(b.Size() / 16)); err != nil {
			return err
		}
		text, err := b.Peek(b.Size())
		for _, c := range text {
			if c != 0 {
				return errBehind
			}
		}
		if err != nil {
			return err
		}
		if _, err := b.Discard(len(text)); err != nil {
			return err
		}
	}
}

// bzip2Reader is the decoder of bzip2 that passes over zeros behind the last stream, as bzip2 does.
type bzip2Reader struct {
	w  *walker
	in lastBytes
	z  io.Reader
}

// lastBytes knows the last two bytes that were read from it. The decoder reads no byte more than it needs.
type lastBytes struct {
	*bufio.Reader
	last [2]byte
}

func (l *lastBytes) ReadByte() (byte, error) {
	c, err := l.Reader.ReadByte()
	if err == nil {
		l.last[0], l.last[1] = l.last[1], c
	}
	return c, err
}

func newBzip2Reader(w *walker, r io.Reader) *bzip2Reader {
	z := &bzip2Reader{w: w, in: lastBytes{Reader: bufio.NewReader(r)}}
	z.z = bzip2.NewReader(&z.in)
	return z
}

// errContinued is what the decoder says of what is no other stream behind the first.
const errContinued = bzip2.StructuralError("bad magic value in continuation file")

func (z *bzip2Reader) Read(p []byte) (int, error) {
	n, err := z.z.Read(p)
	if err == errContinued && z.in.last == [2]byte{} {
		defer z.w.ours()()
		err = zerosToTheEnd(z.w, z.in.Reader)
	}
	return n, err
}
