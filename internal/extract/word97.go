package extract

import (
	"encoding/binary"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// extractDOC reads a Word file from before 2007: one line for each paragraph, first of the body, then of footnotes, headers, comments,
// endnotes and text boxes, as they stand in the file.
//
// The stream WordDocument begins with the file information block. It says which of two table streams has the piece table, whose
// pieces are where the text is: a character in a byte (Windows-1252), or in two.
func extractDOC(w *walker, doc *Document, in *input) error {
	c, err := openCompound(w, in)
	if err != nil {
		return err
	}
	defer c.close()
	f := c.stream("WordDocument")
	if f == nil {
		return c.carried(doc, errWord)
	}
	text, broken := c.spooled(f)
	// It holds what could be read even where reading failed.
	defer func() { text.Close() }()
	b := newBuilder(w, doc, false)
	defer b.close()
	b.mark(LineRange, 0, 1, 0)
	d := &wordDocument{w: w, b: b, text: text}
	err = d.read(c)
	if err == nil && broken != nil {
		err = broken
	}
	unread := ""
	if err == nil {
		unread, err = c.about(func(line []byte) error { return b.write(append(line, '\n')) })
	}
	doc.Read = max(doc.Size, 0)
	if flushed := b.finish(); flushed != nil {
		return flushed
	}
	if err != nil {
		return decodingOffice(err)
	}
	return c.objects(doc, unread)
}

var errWord = stop(Partial, MalformedOrFileSizeExceedsLimit, "damaged or incomplete Word file")

// Places in the file information block.
const (
	fibIdent   = 0x00
	fibVersion = 0x02
	fibFlags   = 0x0a
	fibTextMin = 0x18 // Word 6 and 95: where the text is
	fibTextMax = 0x1c
	fibClx     = 0x1a2 // where the piece table is in the table stream, and its length
	fibSize    = 0x1aa

	fibComplex   = 1 << 2
	fibEncrypted = 1 << 8
	fibWhich     = 1 << 9
	fibWord97    = 193 // the first version of the format with pieces of two-byte characters
)

type wordDocument struct {
	w     *walker
	b     *builder
	text  *spool
	total int64  // bytes of pieces
	buf   []byte // of a piece
	out   []byte
	high  rune // the first half of a character of two
}

func (d *wordDocument) read(c *compound) error {
	fib := make([]byte, fibSize)
	n, err := d.text.ReadAt(fib, 0)
	if err != nil && err != io.EOF {
		return err
	}
	le := binary.LittleEndian
	if n < fibTextMax+4 || le.Uint16(fib[fibIdent:]) != 0xa5ec && le.Uint16(fib[fibIdent:]) != 0xa5dc {
		return errWord
	}
	flags := le.Uint16(fib[fibFlags:])
	if flags&fibEncrypted != 0 {
		return stop(Skipped, UnableToParseFile, "encrypted")
	}
	if le.Uint16(fib[fibVersion:]) < fibWord97 {
		from, to := int64(le.Uint32(fib[fibTextMin:])), int64(le.Uint32(fib[fibTextMax:]))
		if err := d.piece(from, to-from, true); err != nil {
			return err
		}
		if flags&fibComplex != 0 {
			return stop(Partial, UnableToParseFile, "saved in pieces by a Word that is too old")
		}
		return nil
	}
	if n < fibSize {
		return errWord
	}
	table := c.stream("0Table", "1Table")
	if flags&fibWhich != 0 {
		table = c.stream("1Table", "0Table")
	}
	if table == nil {
		return errWord
	}
	return d.pieces(c.open(table), int64(le.Uint32(fib[fibClx:])), int64(le.Uint32(fib[fibClx+4:])))
}

// maxPieces is how many bytes of a piece table are read, 12 for each piece.
const maxPieces = 4 * mib

// pieces reads the piece table and what it leads to.
func (d *wordDocument) pieces(table io.Reader, from, n int64) error {
	if n < 5 || n > maxPieces {
		return errWord
	}
	if !d.w.hold(n) {
		return stop(Partial, UnableToParseFile, "a piece table larger than the memory allowed")
	}
	defer d.w.release(n)
	clx := make([]byte, n)
	if _, err := io.CopyN(io.Discard, table, from); err != nil {
		return joinWord(err)
	}
	if _, err := io.ReadFull(table, clx); err != nil {
		return joinWord(err)
	}
	le := binary.LittleEndian
	for len(clx) > 3 && clx[0] == 1 { // formatting that pieces refer to
		size := 3 + int(le.Uint16(clx[1:]))
		if size > len(clx) {
			return errWord
		}
		clx = clx[size:]
	}
	if len(clx) < 5 || clx[0] != 2 {
		return errWord
	}
	size := int64(le.Uint32(clx[1:]))
	clx = clx[5:]
	if size > int64(len(clx)) || size < 16 {
		return errWord
	}
	count := int((size - 4) / 12)
	places := clx[4*(count+1):]
	for i := range count {
		first, last := le.Uint32(clx[4*i:]), le.Uint32(clx[4*i+4:])
		if last < first {
			return errWord
		}
		chars := int64(last - first)
		fc := le.Uint32(places[8*i+2:])
		at, narrow := int64(fc&0x3fffffff), fc&0x40000000 != 0
		if narrow {
			at /= 2
		} else {
			chars *= 2
		}
		if err := d.piece(at, chars, narrow); err != nil {
			return err
		}
	}
	return d.flush()
}

// joinWord tells the end of a stream from an error of the source.
func joinWord(err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return errWord
	}
	return err
}

// piece reads n bytes of the text.
func (d *wordDocument) piece(at, n int64, narrow bool) error {
	// A document has each of its bytes once, or nearly so.
	if d.total += n; d.total > 2*d.text.n+64*kib {
		return stop(Partial, MalformedOrFileSizeExceedsLimit, "more text than the file has bytes")
	}
	if d.buf == nil {
		d.buf, d.out = make([]byte, 16*kib), make([]byte, 0, 64*kib)
	}
	for n > 0 {
		k, err := d.text.ReadAt(d.buf[:min(n, int64(len(d.buf)))], at)
		if err != nil && err != io.EOF {
			return err
		}
		if k == 0 {
			return errWord
		}
		if err := d.w.step(int64(k)); err != nil {
			return err
		}
		if narrow {
			for _, c := range d.buf[:k] {
				d.char(charmap.Windows1252.DecodeByte(c))
			}
		} else {
			for i := 0; i+1 < k; i += 2 {
				d.char(rune(d.buf[i]) | rune(d.buf[i+1])<<8)
			}
		}
		if err := d.flush(); err != nil {
			return err
		}
		at += int64(k)
		n -= int64(k)
	}
	return nil
}

func (d *wordDocument) flush() error {
	err := d.b.write(d.out)
	d.out = d.out[:0]
	return err
}

// char appends a character as it is read.
func (d *wordDocument) char(r rune) {
	if d.high != 0 {
		r = utf16.DecodeRune(d.high, r)
		d.high = 0
	} else if r >= 0xd800 && r < 0xdc00 {
		d.high = r
		return
	}
	switch r {
	case '\r', '\f', 0x0e: // ends of paragraphs, sections and columns
		r = '\n'
	case 7: // the end of a cell
		r = '\t'
	case '\v', 0x13, 0x14, 0xa0: // the end of a line; a field: what it is, and what it shows
		r = ' '
	case 0x1e:
		r = '-'
	case 0, 1, 2, 3, 4, 5, 6, 8, 0x15, 0x1f: // pictures, marks of notes, the end of a field, a hyphen that may be
		return
	}
	d.out = utf8.AppendRune(d.out, r)
}
