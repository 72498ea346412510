package extract

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// folded makes the lines whole that cards of people, calendars and exports of directories are folded into (RFC 6350, 5545, 2849):
// a line that begins with a space or a tab continues the one before, in the midst of a word or a number.
type folded struct {
	b      *builder
	ending string // of the line before, until it is known whether this one continues it
	began  bool   // something was written

	// What the value at hand is encoded in; only files have these.
	values bool
	quoted bool // quoted-printable (vCard 2.1)
	soft   bool // whose last line goes on in the next
	base64 *partText
	named  bool // the name before it was written
	judged bool // it is known whether it is text
	binary bool // it is no text
}

// startsFolded says whether text begins as a card, a calendar or an export of a directory does.
func startsFolded(head []byte) bool {
	for len(head) > 0 {
		line, rest, _ := bytes.Cut(head, newline)
		line = bytes.TrimRight(line, " \t\r")
		low := bytes.ToLower(line[:min(len(line), 64)])
		switch {
		case len(low) == 0 || low[0] == '#' || bytes.HasPrefix(low, []byte("version:")):
			head = rest
			continue
		case bytes.HasPrefix(low, []byte("begin:")):
			switch string(low[len("begin:"):]) {
			case "vcard", "vcalendar", "vnote", "vmsg", "vevent", "vtodo":
				return true
			}
			return false
		}
		return bytes.HasPrefix(low, []byte("dn:")) && bytes.IndexByte(line, '=') > 0
	}
	return false
}

// extractFolded reads a file of such lines.
func extractFolded(w *walker, doc *Document, in *input) error {
	r := decoded(in)
	if r == nil {
		r = in
	}
	b := newBuilder(w, doc, false)
	defer b.close()
	lines := bufio.NewReaderSize(r, 64*kib)
	f := &folded{b: b, values: true}
	for line, col := int64(1), int64(0); ; {
		piece, err := lines.ReadSlice('\n')
		if stepped := w.step(16 + int64(len(piece)/8)); stepped != nil {
			return stepped
		}
		doc.Read += int64(len(piece))
		if len(piece) > 0 {
			if err := f.write(piece, line, col); err != nil {
				return err
			}
			line, col = lineAfter(line, col, piece)
		}
		if err == io.EOF {
			doc.Read = max(doc.Size, doc.Read)
			if err := f.end(); err != nil {
				return err
			}
			return b.finish()
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			if flushed := b.finish(); flushed != nil {
				return flushed
			}
			return err
		}
	}
}

// write takes a line, or a piece of a long one, and where it stands.
func (f *folded) write(piece []byte, line, col int64) error {
	if n := len(f.ending); n > 0 {
		switch last := f.ending[n-1]; {
		case last == '\r' && piece[0] == '\n': // an end of a line in two pieces
			f.ending, piece = f.ending+"\n", piece[1:]
			if len(piece) == 0 {
				return nil
			}
			return f.write(piece, line, col)
		case f.soft:
			f.ending = ""
		case last == '\n' && (piece[0] == ' ' || piece[0] == '\t') && !property(piece[1:]):
			f.ending, piece, col = "", piece[1:], col+1
		default:
			if err := f.end(); err != nil {
				return err
			}
			f.starts(piece)
		}
	} else if !f.began {
		f.starts(piece)
	}
	f.began = true
	bare := bytes.TrimRight(piece, "\r\n")
	f.ending = string(piece[len(bare):])
	f.b.mark(LineRange, 0, line, col)
	switch {
	case f.base64 != nil:
		return f.decoded(bare)
	case f.quoted:
		f.soft = bytes.HasSuffix(bytes.TrimRight(bare, " \t"), []byte{'='}) && f.ending != ""
		if bare = unquote(nil, bare); !utf8.Valid(bare) {
			if d, err := charmap.Windows1252.NewDecoder().Bytes(bare); err == nil {
				bare = d
			}
		}
	}
	return f.b.write(bare)
}

// end writes what ends the line before: the last characters of base64 may come without padding.
func (f *folded) end() error {
	if f.base64 != nil && !f.binary {
		if err := f.b.write(f.base64.rest(nil)); err != nil {
			return err
		}
	}
	f.soft, f.quoted, f.base64, f.named, f.judged, f.binary = false, false, nil, false, false, false
	ending := f.ending
	f.ending = ""
	return f.b.write([]byte(ending))
}

// starts looks at the beginning of a property.
func (f *folded) starts(line []byte) {
	if !f.values {
		return
	}
	line = line[:min(len(line), 512)]
	i := bytes.IndexByte(line, ':')
	if i <= 0 {
		return
	}
	name, value := line[:i], line[i+1:]
	upper := bytes.ToUpper(name)
	switch {
	case bytes.HasPrefix(value, []byte(": ")) && bytes.IndexByte(name, ';') < 0 && bytes.IndexByte(name, ' ') < 0: // of a directory
		f.base64 = &partText{enc: "base64"}
	case hasParameter(upper, "ENCODING=B"), hasParameter(upper, "ENCODING=BASE64"), hasParameter(upper, "BASE64"): // of a card
		f.base64 = &partText{enc: "base64"}
	case bytes.Contains(upper, []byte("QUOTED-PRINTABLE")):
		f.quoted = true
	}
}

// hasParameter says whether the name of a property, in capitals, has a parameter behind it.
func hasParameter(name []byte, parameter string) bool {
	for name = range bytes.SplitSeq(name, []byte{';'}) {
		if string(name) == parameter {
			return true
		}
	}
	return false
}

// decoded writes a line of a value in base64, unless it is no text: a photograph, a key.
func (f *folded) decoded(line []byte) error {
	first := !f.named
	if first { // its name stands before it
		i := bytes.IndexByte(line, ':') + 1
		if err := f.b.write(append(bytes.Clone(line[:i]), ' ')); err != nil {
			return err
		}
		line = bytes.TrimPrefix(line[i:], []byte{':'})
	}
	f.named = true
	text := f.base64.decode(f.base64.out[:0], line)
	f.base64.out = text
	if !f.judged && len(text) > 0 {
		f.judged, f.binary = true, !reads(text)
	}
	if f.binary {
		return nil
	}
	return f.b.write(text)
}

// property says whether a line begins with a name in capitals, as one does that a program only set further in.
func property(line []byte) bool {
	n := 0
	for n < len(line) && (line[n] >= 'A' && line[n] <= 'Z' || line[n] == '-') {
		n++
	}
	return n >= 2 && n < len(line) && (line[n] == ':' || line[n] == ';')
}
