package extract

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"path"
	"slices"
	"strings"
	"time"
)

// embedded says whether a part of an Office file is another file that was put into it.
func embedded(name string) bool {
	dir, base := path.Split(name)
	return base != "" && strings.HasSuffix(dir, "/embeddings/")
}

// embeddings opens the files that were put into an Office file, as files inside it. It follows the file's own text.
func (o *office) embeddings(doc *Document) error {
	var names []string
	for name := range o.parts {
		if embedded(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	a := newArchive(o.w, doc)
	a.opened++ // the text of the file itself
	for _, name := range names {
		if err := o.embedding(a, name); err != nil {
			return err
		}
	}
	return a.status()
}

func (o *office) embedding(a *archive, name string) error {
	e := o.parts[name]
	r, err := o.part(e)
	if err != nil {
		s, ok := err.(errStop)
		if !ok || s.Reason == TimeCutOffReached {
			return err
		}
		return a.skip(&Document{Parent: a.doc, Path: memberPath(a.path, name), Size: e.size, Modified: e.modified, Depth: a.depth}, s.Reason, s.Detail)
	}
	defer r.Close()
	return a.member(name, e.size, e.modified, r, nil)
}

// Streams by which an object that is no document of Office carries a file.
const (
	oleNative   = "\x01Ole10Native" // with names and a size before it
	olePackage  = "Package"         // as it is
	oleContents = "CONTENTS"        // as it is
)

// extractObject opens the file that an OLE object carries.
func extractObject(w *walker, doc *Document, in *input) error {
	c, err := openCompound(w, in)
	if err != nil {
		return err
	}
	defer c.close()
	a := newArchive(w, doc)
	e := c.stream(oleNative, olePackage, oleContents)
	if e == nil {
		return errCompound
	}
	name, size, r := "content", e.size, c.open(e)
	if e.name == oleNative {
		b := bufio.NewReader(r)
		if name, size, err = nativeHeader(b); err != nil {
			return decoding(err, "OLE object")
		}
		r = io.LimitReader(b, size)
	}
	if err := a.member(name, size, time.Time{}, r, nil); err != nil {
		return err
	}
	doc.Read = max(doc.Size, 0)
	return a.status()
}

// nativeHeader reads what stands before the file in the stream of the packager: sizes, the file's name, where it was.
func nativeHeader(b *bufio.Reader) (name string, size int64, err error) {
	var n uint32
	if _, err := b.Discard(6); err != nil { // the size of the stream, a kind
		return "", 0, err
	}
	if name, err = nativeString(b); err != nil {
		return "", 0, err
	}
	if _, err := nativeString(b); err != nil { // where the file was
		return "", 0, err
	}
	if _, err := b.Discard(4); err != nil {
		return "", 0, err
	}
	if err := binary.Read(b, binary.LittleEndian, &n); err != nil {
		return "", 0, err
	}
	if _, err := b.Discard(int(min(n, 4*kib))); err != nil { // where it was put for a while
		return "", 0, err
	}
	if err := binary.Read(b, binary.LittleEndian, &n); err != nil {
		return "", 0, err
	}
	return name, int64(n), nil
}

// nativeString reads up to a zero.
func nativeString(b *bufio.Reader) (string, error) {
	s, err := b.ReadSlice(0)
	return string(bytes.TrimRight(s, "\x00")), err
}
