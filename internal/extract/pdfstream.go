package extract

import (
	"bufio"
	"bytes"
	"encoding/ascii85"
	"io"

	"github.com/klauspost/compress/flate"
)

// decode returns the stream's content. Its bytes come off the file's budget, so that no loop of streams lasts for ever.
func (f *pdfFile) decode(s *pdfStream, crypted bool) (io.Reader, error) {
	var r io.Reader = io.NewSectionReader(f.at, s.off, f.length(s))
	if f.crypt != nil && crypted && s.dict["Type"] != pdfName("XRef") {
		var err error
		if r, err = f.crypt.stream(r, s); err != nil {
			return nil, err
		}
	}
	filters, parms := list(f.resolve(either(s.dict, "Filter", "F"))), list(f.resolve(either(s.dict, "DecodeParms", "DP")))
	if len(filters) > 8 {
		return nil, errPDF
	}
	for i, x := range filters {
		var p pdfDict
		if i < len(parms) {
			p, _ = f.resolve(parms[i]).(pdfDict)
		}
		name, _ := f.resolve(x).(pdfName)
		switch name {
		case "FlateDecode", "Fl":
			r = f.predict(newInflate(r), p)
		case "LZWDecode", "LZW":
			early := true
			if e, ok := f.resolve(p["EarlyChange"]).(pdfNumber); ok {
				early = e != 0
			}
			r = f.predict(newPDFLZW(r, early), p)
		case "ASCII85Decode", "A85":
			r = ascii85.NewDecoder(&until85{r: bufio.NewReader(r)})
		case "ASCIIHexDecode", "AHx":
			r = &unhexReader{r: bufio.NewReader(r)}
		case "RunLengthDecode", "RL":
			r = &runLength{r: bufio.NewReader(r)}
		case "Crypt":
		default:
			return nil, errPDF // an image
		}
	}
	return &pdfMeter{f, r}, nil
}

func either(d pdfDict, a, b string) any {
	if v, ok := d[a]; ok {
		return v
	}
	return d[b]
}

// list makes a list of one of what is not a list.
func list(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

// length is what the stream says, if a stream ends there, and otherwise up to where one does.
func (f *pdfFile) length(s *pdfStream) int64 {
	if n, ok := f.resolve(s.dict["Length"]).(pdfNumber); ok && n >= 0 && int64(n) <= f.size-s.off {
		var b [16]byte
		k, _ := f.at.ReadAt(b[:], s.off+int64(n))
		if bytes.Contains(b[:k], []byte("endst")) {
			return int64(n)
		}
	}
	buf := make([]byte, 64*kib)
	for off := s.off; off < f.size; off += int64(len(buf)) - 16 {
		n, _ := f.at.ReadAt(buf, off)
		if i := bytes.Index(buf[:n], []byte("endstream")); i >= 0 {
			return off + int64(i) - s.off
		}
		if n < len(buf) || f.w.alive() != nil {
			break
		}
		if f.budget -= int64(n); f.budget < 0 {
			break
		}
	}
	return max(f.size-s.off, 0)
}

// pdfMeter takes what is decoded off the budget.
type pdfMeter struct {
	f *pdfFile
	r io.Reader
}

func (m *pdfMeter) Read(p []byte) (int, error) {
	if err := m.f.w.alive(); err != nil {
		return 0, err
	}
	n, err := m.r.Read(p)
	if m.f.budget -= int64(n); m.f.budget < 0 {
		return 0, stop(Partial, UnableToParseFile, "it decodes to far more than it is")
	}
	return n, err
}

// inflate reads zlib data forgivingly: a damaged end, or a missing header, does not take away what came before.
type inflate struct {
	r io.ReadCloser
}

func newInflate(r io.Reader) io.Reader {
	b := bufio.NewReaderSize(r, 16*kib)
	if h, err := b.Peek(2); err == nil && h[0]&15 == 8 && (int(h[0])<<8|int(h[1]))%31 == 0 {
		b.Discard(2)
	}
	return &inflate{flate.NewReader(b)}
}

func (z *inflate) Read(p []byte) (int, error) {
	n, err := z.r.Read(p)
	if err != nil && err != io.EOF {
		var stopped errStop
		if asStop(err, &stopped) {
			return n, err
		}
		return n, io.EOF
	}
	return n, err
}

// predict undoes the PNG predictors that tables and object streams use.
func (f *pdfFile) predict(r io.Reader, p pdfDict) io.Reader {
	kind, _ := f.resolve(p["Predictor"]).(pdfNumber)
	if kind < 10 {
		return r
	}
	num := func(key string, def int) int {
		if n, ok := f.resolve(p[key]).(pdfNumber); ok && n >= 1 && n < 1<<20 {
			return int(n)
		}
		return def
	}
	bits := num("Colors", 1) * num("BitsPerComponent", 8)
	row := (bits*num("Columns", 1) + 7) / 8
	if row > 1*mib {
		return bytes.NewReader(nil)
	}
	return &predictor{r: bufio.NewReader(r), step: max(1, bits/8), prev: make([]byte, row), row: make([]byte, row+1)}
}

type predictor struct {
	r         *bufio.Reader
	step      int
	prev, row []byte
	left      []byte
}

func (p *predictor) Read(b []byte) (int, error) {
	if len(p.left) == 0 {
		if _, err := io.ReadFull(p.r, p.row); err != nil {
			return 0, io.EOF
		}
		cur := p.row[1:]
		for i := range cur {
			var a, c byte
			if i >= p.step {
				a, c = cur[i-p.step], p.prev[i-p.step]
			}
			switch up := p.prev[i]; p.row[0] {
			case 1:
				cur[i] += a
			case 2:
				cur[i] += up
			case 3:
				cur[i] += byte((int(a) + int(up)) / 2)
			case 4:
				cur[i] += paeth(a, up, c)
			}
		}
		copy(p.prev, cur)
		p.left = p.prev
	}
	n := copy(b, p.left)
	p.left = p.left[n:]
	return n, nil
}

func paeth(a, b, c byte) byte {
	p := int(a) + int(b) - int(c)
	pa, pb, pc := abs(p-int(a)), abs(p-int(b)), abs(p-int(c))
	switch {
	case pa <= pb && pa <= pc:
		return a
	case pb <= pc:
		return b
	}
	return c
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}

// until85 stops before the end mark, which the decoder does not know.
type until85 struct {
	r    *bufio.Reader
	done bool
}

func (u *until85) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) && !u.done {
		c, err := u.r.ReadByte()
		if err != nil || c == '~' {
			u.done = true
			break
		}
		if c == '<' {
			continue
		}
		p[n] = c
		n++
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

type unhexReader struct{ r *bufio.Reader }

func (u *unhexReader) Read(p []byte) (int, error) {
	n, half := 0, -1
	for n < len(p) {
		c, err := u.r.ReadByte()
		if err != nil || c == '>' {
			if half >= 0 {
				p[n] = byte(half << 4)
				n++
			}
			if n == 0 {
				return 0, io.EOF
			}
			return n, nil
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
	return n, nil
}

type runLength struct {
	r    *bufio.Reader
	copy int
	rep  int
	c    byte
}

func (u *runLength) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		switch {
		case u.copy > 0:
			c, err := u.r.ReadByte()
			if err != nil {
				return n, io.EOF
			}
			p[n] = c
			n++
			u.copy--
		case u.rep > 0:
			p[n] = u.c
			n++
			u.rep--
		default:
			l, err := u.r.ReadByte()
			if err != nil || l == 128 {
				return n, io.EOF
			}
			if l < 128 {
				u.copy = int(l) + 1
			} else if u.c, err = u.r.ReadByte(); err == nil {
				u.rep = 257 - int(l)
			}
		}
	}
	return n, nil
}

// pdfLZW is the variant of LZW that PDF has: codes grow one early.
type pdfLZW struct {
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

func newPDFLZW(r io.Reader, early bool) io.Reader {
	z := &pdfLZW{r: bufio.NewReader(r), width: 9, next: 258, prev: -1}
	if early {
		z.early = 1
	}
	return z
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
		case code == 257 || code > z.next || z.prev < 0 && code >= 256:
			return 0, io.EOF
		}
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
	n := copy(p, z.out)
	z.out = z.out[n:]
	return n, nil
}
