package extract

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
	"time"
)

// embedded says whether a part of an Office file is another file that was put into it.
func embedded(name string) bool {
	dir, base := path.Split(name)
	switch path.Ext(base) {
	case ".mht", ".mhtml", ".rtf", ".docx", ".docm", ".odt", // documents that are shown as a piece of this one
		".svg", ".csv", ".tsv", ".json", ".eml", ".msg", ".pdf", ".doc", ".xls", ".xlsx", ".xlsm", ".ppt", ".pptx", ".ods", ".odp", ".zip": // what else people put in
		return true
	case ".html", ".htm", ".xhtml", ".txt":
		return !strings.HasPrefix(dir, "word/") // those there are read with the text around them
	case "":
		if dir == "" && strings.HasPrefix(base, "Object ") { // of another program, in OpenDocument
			return true
		}
	}
	switch top, _, _ := strings.Cut(dir, "/"); top {
	case "Basic", "Dialogs", "Scripts": // macros of OpenDocument
		return base != ""
	}
	return base != "" && strings.HasSuffix(dir, "/embeddings/") || isProjectPart(base)
}

// embeddings opens the files that were put into an Office file, as files inside it, and hands over the comments that the zip has as any
// other may. It follows the file's own text.
func (o *office) embeddings(doc *Document) error {
	if err := o.between(); err != nil {
		return err
	}
	if err := o.zip.says(doc); err != nil {
		return err
	}
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
		if err := o.embedding(a, name, o.parts[name], false); err != nil {
			return err
		}
	}
	for _, e := range o.others {
		if err := o.embedding(a, e.name, e, true); err != nil {
			return err
		}
	}
	return a.status()
}

// between looks at what of the file no part has, unless that is no more than each part may have beside its bytes.
func (o *office) between() error {
	if o.zip.lost {
		return nil
	}
	if !o.apart {
		last, err := o.zip.filled(o.end, o.zip.dir)
		if last || err != nil {
			return err
		}
	}
	list := extents{slack: 29, holds: holding{w: o.w}}
	defer list.holds.drop()
	err := o.zip.each(func(e *zipEntry) error {
		start, packed, err := o.zip.extent(e)
		if err == nil {
			err = list.take(o.zip.base+e.offset, start+packed)
		}
		if err == errShared || err == errZip { // which is told where it is read
			err = nil
		}
		return err
	})
	if err != nil {
		return zipError(err, nil)
	}
	unlisted, err := o.zip.between(list.list)
	if unlisted {
		o.miss("parts that its directory does not list")
	}
	return err
}

// mayBeFile says whether a part that is none of the program's own may be a file that somebody has put in: pictures, fonts and what else is
// not read are told by their names, and the program's settings.
func mayBeFile(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".xml", ".rels", ".vml", ".rdf", ".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".emf", ".wmf", ".emz", ".wmz", ".ico", ".wdp", ".jxr",
		".webp", ".svm", ".odttf", ".ttf", ".otf", ".fntdata", ".wav", ".mp3", ".mp4", ".m4a", ".m4v", ".mov", ".avi", ".wmv", ".wma", ".mpg", ".mpeg", ".webm":
		return false
	}
	return name != "mimetype" && !strings.HasPrefix(path.Base(name), "printerSettings")
}

// embedding opens one. Another part than those that are known to be files is passed over unless it begins as one, or as text.
func (o *office) embedding(a *archive, name string, e *zipEntry, other bool) error {
	r, err := o.part(e)
	if err != nil {
		return a.unseen(name, e.size, e.modified, err)
	}
	defer r.Close()
	if !other {
		return a.member(name, e.size, e.modified, r, nil)
	}
	b := bufio.NewReaderSize(r, valueHead)
	head, err := b.Peek(valueHead)
	if kind := valueOf(head); len(head) == 0 || kind != valueFile && (kind == valueNone || !reads(head)) {
		return a.unseen(name, e.size, e.modified, headError(err, len(head), e.size, "zip"))
	}
	return a.member(name, e.size, e.modified, b, nil) // which meets the error
}

// headError is why the beginning of a file of so many bytes cannot be told; nil: there is no more of it.
func headError(err error, n int, size int64, what string) error {
	if err == nil || err == io.EOF && (n > 0 || size <= 0) {
		return nil
	}
	return decoding(err, what)
}

// unseen announces a file that cannot be read, if there is an error that says so. Those that end the whole are returned.
func (a *archive) unseen(name string, size int64, modified time.Time, err error) error {
	var s errStop
	if !errors.As(err, &s) || s.Reason == TimeCutOffReached {
		return err
	}
	return a.skip(&Document{Parent: a.doc, Path: memberPath(a.path, name), Size: size, Modified: modified, Depth: a.depth}, s.Reason, s.Detail)
}

// Streams by which an object that is no document of Office carries a file.
const (
	oleNative   = "\x01Ole10Native" // with names and a size before it
	olePackage  = "Package"         // as it is
	oleContents = "CONTENTS"        // as it is
)

// extractObject opens the files that an OLE object carries, or the macros of a project by itself.
func extractObject(w *walker, doc *Document, in *input) error {
	c, err := openCompound(w, in)
	if err != nil {
		return err
	}
	defer c.close()
	if len(c.root) == 0 {
		return errCompound
	}
	return c.carried(doc, stop(Skipped, UnsupportedFileType, whyUnread))
}

// carried opens what a compound file that is no document carries. none is returned when that is nothing.
func (c *compound) carried(doc *Document, none error) error {
	a := newArchive(c.w, doc)
	found, err := a.object(c, c.root)
	if err != nil {
		return err
	}
	macros, err := a.project(c, "", c.root)
	if err != nil {
		return err
	}
	if !found && !macros {
		return none
	}
	doc.Read = max(doc.Size, 0)
	return a.status()
}

// object opens the files that the streams of a storage carry. It returns false when none of them does.
func (a *archive) object(c *compound, entries []int) (found bool, err error) {
	for _, i := range entries {
		e := &c.entries[i]
		if e.kind != compoundStream || e.name != oleNative && e.name != olePackage && e.name != oleContents {
			continue
		}
		found = true
		if e.name == oleNative {
			err = a.native(c.open(e))
		} else {
			err = a.member("content", e.size, time.Time{}, c.open(e), nil)
		}
		if err = a.damaged(err); err != nil {
			return true, err
		}
	}
	return found, nil
}

// damaged notes an object that is malformed, and returns any other error.
func (a *archive) damaged(err error) error {
	var s errStop
	if errors.As(err, &s) && s.Reason == MalformedFile {
		a.miss(s.Reason, s.Detail)
		return nil
	}
	return err
}

// storage opens the files that an object in an old Office file carries.
func (a *archive) storage(c *compound, e *compoundEntry) error {
	entries, err := c.tree(e.child)
	if err != nil {
		return err
	}
	found, err := a.object(c, entries)
	if err == nil && !found && len(entries) > 0 {
		a.miss(UnsupportedFileType, "an object that is not opened")
	}
	return err
}

// objects opens the files that were put into an old Office file, and its macros.
func (c *compound) objects(doc *Document, unread string) error {
	a := newArchive(c.w, doc)
	a.opened++ // the text of the file itself
	if unread != "" {
		a.miss(MalformedFile, unread)
	}
	for _, i := range c.root {
		e := &c.entries[i]
		switch {
		case e.kind != compoundStorage:
		case strings.EqualFold(e.name, "ObjectPool"): // of Word
			pool, err := c.tree(e.child)
			if err != nil {
				return err
			}
			for _, k := range pool {
				if c.entries[k].kind == compoundStorage {
					if err := a.storage(c, &c.entries[k]); err != nil {
						return err
					}
				}
			}
		case strings.HasPrefix(strings.ToUpper(e.name), "MBD"): // of Excel
			if err := a.storage(c, e); err != nil {
				return err
			}
		case isProject(e.name):
			inside, err := c.tree(e.child)
			if err != nil {
				return err
			}
			found, err := a.project(c, e.name+"/", inside)
			if err != nil {
				return err
			}
			if !found && len(inside) > 0 {
				a.miss(UnsupportedFileType, "macros that are not read")
			}
		case strings.EqualFold(e.name, "_VBA_PROJECT"): // of Excel 5 and 95
			a.miss(UnsupportedFileType, "macros that are not read")
		default:
			if err := a.strange(c, e, 0); err != nil {
				return err
			}
		}
	}
	for _, i := range c.root {
		e := &c.entries[i]
		if e.kind != compoundStream {
			continue
		}
		if strings.EqualFold(e.name, "Revision Log") && e.size > 0 { // of a workbook that several people change
			a.miss(UnsupportedFileType, "a log of changes that is not read")
		} else if err := a.strangeStream(c, e, e.name); err != nil {
			return err
		}
	}
	return a.status()
}

// strange looks through a storage that no part of the document is known to be in, such as that of data that people add in XML.
func (a *archive) strange(c *compound, e *compoundEntry, depth int) error {
	const deepest = 8
	if depth > deepest {
		a.miss(MalformedFile, "storages in too many storages")
		return nil
	}
	inside, err := c.tree(e.child)
	if err != nil {
		return err
	}
	for _, i := range inside {
		x := &c.entries[i]
		if x.kind == compoundStorage {
			err = a.strange(c, x, depth+1)
		} else if x.kind == compoundStream {
			err = a.strangeStream(c, x, e.name+"/"+x.name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// strangeStream opens a stream that begins as text or as a file. Those of the programs do not.
func (a *archive) strangeStream(c *compound, e *compoundEntry, name string) error {
	switch strings.ToLower(e.name) {
	case "worddocument", "0table", "1table", "data", "workbook", "book":
		return nil // read, or what belongs to it
	}
	if e.size <= 0 || e.name == "" || e.name[0] < ' ' {
		return nil
	}
	r := bufio.NewReaderSize(c.open(e), valueHead)
	head, err := r.Peek(valueHead)
	if kind := valueOf(head); len(head) == 0 || kind != valueFile && (kind == valueNone || !reads(head)) {
		return a.unseen(name, e.size, time.Time{}, headError(err, len(head), e.size, "OLE file"))
	}
	return a.member(name, e.size, time.Time{}, r, nil)
}

var errObject = stop(Partial, MalformedFile, "damaged or incomplete OLE object")

// native opens the file in a stream of the packager.
func (a *archive) native(r io.Reader) error {
	b := bufio.NewReader(r)
	var size uint32
	if err := binary.Read(b, binary.LittleEndian, &size); err != nil {
		return decoding(err, "OLE object")
	}
	return a.packaged(b, int64(size))
}

// packaged opens a file behind the header of the packager, which are so many bytes together. What does not begin as one, as the data of other programs do, is a file itself.
func (a *archive) packaged(b *bufio.Reader, all int64) error {
	if kind, err := b.Peek(2); err == nil && string(kind) != "\x02\x00" {
		return a.sized("object", all, b)
	}
	name, size, said, err := nativeHeader(b)
	if err != nil {
		return decoding(err, "OLE object")
	}
	if len(said) > 0 {
		if err := a.w.says(a.doc, func(b *builder) error { return b.write(said) }); err != nil {
			return err
		}
	}
	if err := a.sized(name, size, b); err != nil {
		return err
	}
	// The same names once more, in UTF-16, are what may follow. Else the size is less than what is there.
	rest, err := b.Peek(b.Size())
	if len(rest) == 0 || err == io.EOF && wideNames(rest) {
		return zipError(err, nil)
	}
	return a.member(name+" (rest)", -1, time.Time{}, b, nil)
}

// sized opens a file that has so many bytes in r, and says where there are fewer.
func (a *archive) sized(name string, size int64, r io.Reader) error {
	data := &io.LimitedReader{R: r, N: size}
	if err := a.member(name, size, time.Time{}, data, nil); err != nil {
		return err
	}
	if _, err := copyAlive(a.w, io.Discard, data); err != nil { // what its extractor left
		return decoding(err, "OLE object")
	}
	if data.N > 0 {
		return errObject
	}
	return nil
}

// wideNames says whether there are nothing but names in UTF-16, each with its length before it, or zeros.
func wideNames(b []byte) bool {
	for len(b) >= 4 {
		n := binary.LittleEndian.Uint32(b)
		if n > 2*kib || 2*int(n) > len(b)-4 {
			return false
		}
		b = b[4+2*n:]
	}
	return len(bytes.Trim(b, "\x00")) == 0
}

// nativeHeader reads what stands before the file in the stream of the packager: a kind, the file's name, where it was, where it was put for
// a while. said are those of them that are more than names.
func nativeHeader(b *bufio.Reader) (name string, size int64, said []byte, err error) {
	fail := func(err error) (string, int64, []byte, error) { return "", 0, nil, err }
	say := func(label, text string) {
		if mayBeValue(text) {
			said = append(append(append(said, label...), strings.ToValidUTF8(text, "\ufffd")...), '\n')
		}
	}
	var n uint32
	if _, err := b.Discard(2); err != nil {
		return fail(err)
	}
	if name, err = nativeString(b); err != nil {
		return fail(err)
	}
	say("name: ", name)
	was, err := nativeString(b)
	if err != nil {
		return fail(err)
	}
	say("from: ", was)
	if _, err := b.Discard(4); err != nil {
		return fail(err)
	}
	if err := binary.Read(b, binary.LittleEndian, &n); err != nil {
		return fail(err)
	}
	put := make([]byte, min(n, 4*kib))
	if _, err := io.ReadFull(b, put); err != nil {
		return fail(err)
	}
	if put = bytes.TrimRight(put, "\x00"); !bytes.Equal(put, []byte(was)) {
		say("by way of: ", string(put))
	}
	if err := binary.Read(b, binary.LittleEndian, &n); err != nil {
		return fail(err)
	}
	return name, int64(n), said, nil
}

// nativeString reads up to a zero.
func nativeString(b *bufio.Reader) (string, error) {
	s, err := b.ReadSlice(0)
	return string(bytes.TrimRight(s, "\x00")), err
}
