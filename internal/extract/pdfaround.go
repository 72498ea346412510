package extract

import (
	"bytes"
	"unicode/utf8"
)

// around writes text that stands behind the end, where somebody has put something, and what stands before the header if it is more than
// what servers say before a file: if it has a long number in it, or an address. A zip there is told.
func (p *pdfReader) around() error {
	f := p.f
	head := make([]byte, min(f.size, 1*kib)) // where a header must begin
	head = head[:f.readAt(head, 0)]
	before := head[:max(0, bytes.Index(head, []byte("%PDF-")))]
	behind := pdfBehind{p: p, buf: make([]byte, sampleSize)}
	lo := f.behindAll()
	if err := behind.walk(lo, behind.weigh); err != nil {
		return err
	}
	if behind.zip || bytes.Contains(before, localHeader) {
		f.lose(UnableToParseFile, "a zip beside the document")
		return f.err
	}
	if text := bytes.TrimSpace(before); weighty(text) && reads(text) {
		if err := p.lines(besideText(text)); err != nil {
			return err
		}
	}
	if !behind.text || f.size-lo > pdfTail && behind.digits < leastDigits && !behind.address {
		return f.err
	}
	if err := p.line(); err != nil {
		return err
	}
	if err := behind.walk(lo, behind.write); err != nil {
		return err
	}
	return p.line()
}

const (
	pdfTail     = 2 * kib // where the end is looked for first
	leastDigits = 9       // of long numbers in a text that is worth telling
)

func weighty(text []byte) bool {
	return digitsIn(text) >= leastDigits || bytes.IndexByte(text, '@') >= 0
}

// besideText is text that no document explains: in UTF-8, or in the characters of documents.
func besideText(b []byte) string {
	if validUTF8(b) {
		return string(b)
	}
	return pdfText(b)
}

// behindAll says where the document ends: behind the mark that follows the last place of a table. What has been put behind it may have such
// marks itself, or be long. A file that ends within an object has nothing behind it.
func (f *pdfFile) behindAll() int64 {
	var (
		table  = []byte("startxref")
		object = []byte("endobj")
		mark   = []byte("%%EOF")
	)
	const window = 64 * kib
	buf := make([]byte, pdfTail, window)
	end := f.size // where no table has a place: behind the last mark, unless an object follows
	for hi := f.size; hi > 0; buf = buf[:window] {
		lo := max(0, hi-int64(len(buf)))
		b := buf[:hi-lo]
		if b = b[:f.readAt(b, lo)]; f.step(len(b)) != nil {
			return f.size
		}
		i, last := bytes.LastIndex(b, table), bytes.LastIndex(b, object)
		if k := bytes.LastIndex(b, mark); k > last && end == f.size {
			end = lo + int64(k+len(mark))
		}
		if i > last {
			return f.markBehind(lo+int64(i), mark)
		}
		if last >= 0 || lo == 0 {
			break
		}
		hi = lo + int64(len(table)-1)
	}
	return end
}

// markBehind is where the mark ends that follows the place of a table.
func (f *pdfFile) markBehind(at int64, mark []byte) int64 {
	b := make([]byte, min(f.size-at, pdfTail))
	if k := bytes.Index(b[:f.readAt(b, at)], mark); k >= 0 {
		return at + int64(k+len(mark))
	}
	return f.size
}

// pdfBehind looks at what stands behind the end, piece by piece.
type pdfBehind struct {
	p       *pdfReader
	buf     []byte
	zip     bool
	text    bool // some of it reads as text
	address bool
	digits  int
}

func (b *pdfBehind) walk(lo int64, piece func(b []byte) error) error {
	f := b.p.f
	const overlap = 3 // of what a signature or a character may be cut in
	for lo < f.size {
		s := b.buf[:f.readAt(b.buf, lo)]
		if len(s) == 0 || f.step(len(s)) != nil {
			return f.err
		}
		b.zip = b.zip || bytes.Contains(s, []byte("PK\x05\x06")) || bytes.Contains(s, localHeader)
		lo += int64(len(s))
		if lo < f.size && len(s) > 2*overlap {
			cut := len(s) - overlap
			for k := range overlap {
				if utf8.RuneStart(s[cut-k]) {
					cut -= k
					break
				}
			}
			lo -= int64(len(s) - cut)
			s = s[:cut]
		}
		if s = bytes.Trim(s, "\x00"); len(bytes.TrimSpace(s)) == 0 || !reads(s) {
			continue
		}
		if err := piece(s); err != nil {
			return err
		}
	}
	return f.err
}

func (b *pdfBehind) weigh(s []byte) error {
	b.text = true
	b.digits += digitsIn(s)
	b.address = b.address || bytes.IndexByte(s, '@') >= 0
	return nil
}

func (b *pdfBehind) write(s []byte) error {
	if b.p.f.spend(len(s)) != nil {
		return b.p.f.err
	}
	if b.p.last == '\n' {
		s = bytes.TrimLeft(s, "\r\n")
	}
	if len(s) == 0 {
		return nil
	}
	b.p.last = s[len(s)-1]
	return b.p.put([]byte(besideText(s)))
}
