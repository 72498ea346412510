package extract

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"golang.org/x/text/encoding/charmap"
)

// Values of tables in binary are bytes whose meaning nobody gives: text, in UTF-8 or as programs of western Europe write it, whole files,
// or keys, hashes and pictures, which are not read.

// valueHead is how much of a value is looked at to tell.
const valueHead = 512

type valueKind uint8

const (
	valueText    valueKind = iota // in UTF-8
	valueWestern                  // in windows-1252
	valueFile
	valueNone
)

// fileMagics are the beginnings of files that are opened, or that could not be. Each is long enough not to be met by chance.
var fileMagics = []string{"PK\x03\x04", string(oleMagic), "\x1f\x8b\x08", "BZh91AY&SY", "\xfd7zXZ\x00", zstdMagic, "Obj\x01", "PAR1", "7z\xbc\xaf\x27\x1c", "Rar!\x1a\x07"}

// valueOf says what a value is that begins so.
func valueOf(head []byte) valueKind {
	const least = 18 // of an empty file of gzip
	if len(head) >= least {
		for _, magic := range fileMagics {
			if bytes.HasPrefix(head, []byte(magic)) && !readsBehind(head, maxMagic) {
				return valueFile
			}
		}
		if bytes.HasPrefix(head, []byte("%PDF-")) && isPDF(head) {
			return valueFile
		}
		if wide, _ := bom(head); wide && utf16Without(head[2:]) != nil {
			return valueFile
		}
	}
	switch {
	case validUTF8(head):
		return valueText
	case reads(head):
		return valueWestern
	}
	return valueNone
}

// fromWestern is text in UTF-8.
func fromWestern(b []byte) []byte {
	text, err := charmap.Windows1252.NewDecoder().Bytes(b)
	if err != nil {
		return b
	}
	return text
}

// noteText is what a note says that names no charset: nothing where it is no text.
func noteText(b []byte) []byte {
	switch {
	case validUTF8(b):
		return bytes.TrimSpace(b)
	case len(b) <= maxCell && readsMostly(b):
		return bytes.TrimSpace(fromWestern(b))
	}
	return nil
}

// valueFiles opens files that are values, as files inside the document.
type valueFiles struct {
	w   *walker
	doc *Document
	a   *archive // nil: there has been none
}

// open opens a value of a column, or of a field, in a record. at may be nil.
func (f *valueFiles) open(name string, record, size int64, r io.Reader, at io.ReaderAt) error {
	if f.a == nil {
		f.a = newArchive(f.w, f.doc)
		f.a.opened++ // the table itself
	}
	if name == "" {
		name = "value"
	}
	return f.a.member(fmt.Sprintf("%s-%d", name[:min(len(name), maxLabel)], record), size, time.Time{}, r, at)
}

// end says what was not read of the files. err is what became of the table.
func (f *valueFiles) end(err error) error {
	if err != nil || f.a == nil {
		return err
	}
	return f.a.status()
}
