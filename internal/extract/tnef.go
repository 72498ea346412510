package extract

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"time"
)

// tnefMagic begins what Outlook sends as winmail.dat (MS-OXTNEF): a key, then attributes of the message and, one after the
// other, of what is attached.
var tnefMagic = []byte{0x78, 0x9f, 0x3e, 0x22}

const (
	tnefSubject    = 0x8004
	tnefBody       = 0x800c
	tnefFrom       = 0x8000
	tnefProperties = 0x9003
	tnefTitle      = 0x8010
	tnefData       = 0x800f
	tnefRender     = 0x9002
	tnefAttached   = 0x9005
)

// extractTNEF reads the message's text, and what is attached as files inside it.
func extractTNEF(w *walker, doc *Document, in *input) error {
	b := newBuilder(w, doc, false)
	defer b.close()
	b.mark(LineRange, 0, 1, 0)
	t := &tnef{w: w, b: b, r: bufio.NewReaderSize(in, 16*kib), a: newArchive(w, doc)}
	t.a.opened++ // the text of the message
	err := t.read()
	doc.Read = max(doc.Size, 0)
	if flushed := b.finish(); flushed != nil {
		return flushed
	}
	if err != nil {
		return decoding(err, "TNEF")
	}
	return t.a.status()
}

type tnef struct {
	w    *walker
	b    *builder
	r    *bufio.Reader
	a    *archive
	name string // of the attachment at hand
}

func (t *tnef) read() error {
	if _, err := t.r.Discard(len(tnefMagic) + 2); err != nil {
		return err
	}
	for {
		var h [9]byte
		if _, err := io.ReadFull(t.r, h[:]); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := t.w.step(64); err != nil {
			return err
		}
		data := io.LimitReader(t.r, int64(binary.LittleEndian.Uint32(h[5:])))
		if err := t.attribute(binary.LittleEndian.Uint16(h[1:]), data); err != nil {
			return err
		}
		if _, err := copyAlive(t.w, io.Discard, data); err != nil {
			return err
		}
		if _, err := t.r.Discard(2); err != nil { // the checksum
			return err
		}
	}
}

func (t *tnef) attribute(id uint16, data io.Reader) error {
	switch id {
	case tnefSubject, tnefBody, tnefFrom:
		if _, err := copyAlive(t.w, tnefText{t.b}, data); err != nil {
			return err
		}
		return t.b.writeByte('\n')
	case tnefRender:
		t.name = ""
	case tnefTitle:
		text, err := io.ReadAll(io.LimitReader(data, 1*kib))
		if err != nil {
			return err
		}
		t.name = string(bytes.TrimRight(text, "\x00"))
	case tnefData:
		name := t.name
		if name == "" {
			name = "attachment"
		}
		return t.a.member(name, -1, time.Time{}, data, nil)
	case tnefProperties:
		t.a.miss(UnsupportedFileType, "properties that are not read") // a body as RTF or HTML may be among them
	case tnefAttached:
		has, err := t.holdsObject(data)
		if has {
			t.a.miss(UnsupportedFileType, "a message or an object that is attached as a property")
		}
		return err
	}
	return nil
}

// tnefText writes text less the zeros that end it.
type tnefText struct{ b *builder }

func (z tnefText) Write(p []byte) (int, error) {
	for text := range bytes.SplitSeq(p, []byte{0}) {
		if err := z.b.write(text); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// tnefObject is the property of what is attached that holds it when it is no file: a message or an object.
var tnefObject = []byte{0x0d, 0x00, 0x01, 0x37}

// holdsObject says whether that property is among those of an attachment.
func (t *tnef) holdsObject(data io.Reader) (has bool, err error) {
	b := bufio.NewReaderSize(data, 4*kib)
	for {
		text, err := b.Peek(b.Size())
		if err := t.w.step(int64(64 + len(text)/16)); err != nil {
			return false, err
		}
		has = has || bytes.Contains(text, tnefObject)
		if err != nil {
			if err == io.EOF {
				err = nil
			}
			return has, err
		}
		if _, err := b.Discard(len(text) - len(tnefObject)); err != nil {
			return has, err
		}
	}
}
