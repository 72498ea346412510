package extract

import (
	"bufio"
	"io"
	"sync"
)

// ascii85Reader decodes ASCII85 as PDF has it: "<~" may stand before it, "~>" ends it, z is four zeros, space is ignored. The
// sign < is one of its digits everywhere but in the mark at the beginning.
type ascii85Reader struct {
	f       *pdfFile
	r       *bufio.Reader
	started bool
	done    bool
	group   [4]byte
	left    []byte
}

func (u *ascii85Reader) Read(p []byte) (int, error) {
	if !u.started {
		u.start()
	}
	n := 0
	for n < len(p) {
		if len(u.left) == 0 {
			if u.done {
				break
			}
			u.next()
			continue
		}
		k := copy(p[n:], u.left)
		u.left = u.left[k:]
		n += k
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (u *ascii85Reader) start() {
	u.started = true
	for {
		c, err := u.r.ReadByte()
		if err != nil {
			u.done = true
			return
		}
		if !pdfSpace(c) {
			u.r.UnreadByte()
			break
		}
	}
	if h, _ := u.r.Peek(2); string(h) == "<~" {
		u.r.Discard(2)
	}
}

// next decodes a group of five digits, or what is left of one at the end.
func (u *ascii85Reader) next() {
	var v uint64
	n := 0
	for n < 5 {
		c, err := u.r.ReadByte()
		if err != nil || c == '~' {
			u.done = true
			break
		}
		switch {
		case c >= '!' && c <= 'u':
			v = v*85 + uint64(c-'!')
			n++
		case c == 'z' && n == 0:
			u.group = [4]byte{}
			u.left = u.group[:]
			return
		case pdfSpace(c):
		default:
			u.f.lose(MalformedFile, "a stream is damaged")
			u.done = true
		}
		if u.done {
			break
		}
	}
	if n < 2 {
		return
	}
	for k := n; k < 5; k++ {
		v = v*85 + 84
	}
	u.group = [4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}
	u.left = u.group[:n-1]
}

// unhexReader decodes hexadecimal digits up to ">".
type unhexReader struct {
	r    *bufio.Reader
	done bool
}

func (u *unhexReader) Read(p []byte) (int, error) {
	n, half := 0, -1
	for n < len(p) && !u.done {
		c, err := u.r.ReadByte()
		if err != nil || c == '>' {
			if half >= 0 {
				p[n] = byte(half << 4)
				n++
			}
			u.done = true
			break
		}
		v := unhex(c)
		switch {
		case v < 0:
		case half < 0:
			half = v
		default:
			p[n] = byte(half<<4 | v)
			n, half = n+1, -1
		}
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

type runLength struct {
	f    *pdfFile
	r    *bufio.Reader
	copy int
	rep  int
	c    byte
	done bool
}

func (u *runLength) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) && !u.done {
		switch {
		case u.copy > 0:
			k, err := u.r.Read(p[n:min(len(p), n+u.copy)])
			n += k
			u.copy -= k
			if u.done = err != nil; u.done {
				u.f.lose(MalformedFile, "a stream is damaged")
			}
		case u.rep > 0:
			p[n] = u.c
			n++
			u.rep--
		default:
			l, err := u.r.ReadByte()
			if err != nil || l == 128 {
				u.done = true
				break
			}
			if l < 128 {
				u.copy = int(l) + 1
			} else if u.c, err = u.r.ReadByte(); err == nil {
				u.rep = 257 - int(l)
			}
		}
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// pdfLZW is the variant of LZW that PDF has: codes grow one early.
type pdfLZW struct {
	f      *pdfFile
	r      *bufio.Reader
	early  int
	bits   uint32
	n      uint
	width  uint
	prefix [4096]uint16
	suffix [4096]byte
	next   int
	prev   int
	out    []byte
	buf    [4097]byte
}

var pdfLZWs = sync.Pool{New: func() any { return &pdfLZW{} }}

func newPDFLZW(f *pdfFile, d *pdfData, r io.Reader, early bool) io.Reader {
	z := pdfLZWs.Get().(*pdfLZW)
	z.f, z.r = f, d.buffered(r)
	z.bits, z.n, z.width, z.next, z.prev, z.early, z.out = 0, 0, 9, 258, -1, 0, nil // the tables are not looked at beyond next
	if early {
		z.early = 1
	}
	d.pooled = append(d.pooled, z)
	return z
}

func (z *pdfLZW) close() {
	z.f, z.r, z.out = nil, nil, nil
	pdfLZWs.Put(z)
}

func (z *pdfLZW) Read(p []byte) (int, error) {
	for len(z.out) == 0 {
		for z.n < z.width {
			c, err := z.r.ReadByte()
			if err != nil {
				return 0, io.EOF
			}
			z.bits = z.bits<<8 | uint32(c)
			z.n += 8
		}
		code := int(z.bits >> (z.n - z.width) & (1<<z.width - 1))
		z.n -= z.width
		switch {
		case code == 256:
			z.width, z.next, z.prev = 9, 258, -1
			continue
		case code == 257:
			return 0, io.EOF
		case code > z.next || z.prev < 0 && code >= 256:
			z.f.lose(MalformedFile, "a stream is damaged")
			return 0, io.EOF
		}
		z.string(code)
	}
	n := copy(p, z.out)
	z.out = z.out[n:]
	return n, nil
}

// string writes what a code stands for to the end of buf, and learns the next code.
func (z *pdfLZW) string(code int) {
	i := len(z.buf)
	c := code
	if code == z.next { // the string before, and its first character
		i--
		c = z.prev
	}
	for c >= 256 {
		i--
		z.buf[i] = z.suffix[c]
		c = int(z.prefix[c])
	}
	i--
	z.buf[i] = byte(c)
	if code == z.next {
		z.buf[len(z.buf)-1] = byte(c)
	}
	if z.prev >= 0 && z.next < 4096 {
		z.prefix[z.next], z.suffix[z.next] = uint16(z.prev), byte(c)
		z.next++
		if z.next+z.early >= 1<<z.width && z.width < 12 {
			z.width++
		}
	}
	z.prev = code
	z.out = z.buf[i:]
}
