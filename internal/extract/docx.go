package extract

import (
	"bytes"
	"cmp"
	"io"
	"path"
	"slices"
	"strings"
)

// extractDOCX reads a Word file: one line for each paragraph, first of the body, then of headers, footers, notes, comments and
// diagrams, and last what the file says about itself.
func extractDOCX(w *walker, doc *Document, in *input) error {
	o, err := openOffice(w, in, func(name string) bool {
		if about(name) || embedded(name) || stray(name) {
			return true
		}
		rest, ok := strings.CutPrefix(name, "word/")
		if !ok {
			return false
		}
		switch path.Ext(rest) {
		case ".html", ".htm", ".xhtml", ".txt", ".mht", ".mhtml", ".rtf", ".docx", ".docm", ".odt":
			return true // other documents, put in as they are
		case ".rels":
			return strings.HasPrefix(rest, "_rels/")
		case ".xml":
			return !wordless(rest)
		}
		return false
	})
	if err != nil {
		return err
	}
	defer o.close()
	return o.document(doc, func(b *builder) error { return o.wordParts(b) })
}

// wordless names the parts of a folder of an Office file that nobody writes anything into: how it looks, and what programs note.
func wordless(rest string) bool {
	dir, base := path.Split(rest)
	switch dir {
	case "theme/", "_rels/theme/", "diagrams/":
		return !strings.HasPrefix(base, "data")
	case "charts/":
		return !strings.HasPrefix(base, "chart")
	case "":
		switch base {
		case "styles.xml", "stylesWithEffects.xml", "fontTable.xml", "webSettings.xml", "numbering.xml", "commentsExtended.xml",
			"commentsIds.xml", "commentsExtensible.xml", "viewProps.xml", "presProps.xml", "tableStyles.xml", "calcChain.xml", "metadata.xml",
			"volatileDependencies.xml":
			return true
		}
	case "glossary/":
		return wordless(base)
	}
	return false
}

// stray says whether a part lies in none of the folders that programs use for theirs: a package may have its parts anywhere.
func stray(name string) bool {
	switch dir, _, _ := strings.Cut(name, "/"); dir {
	case "[Content_Types].xml", "_rels", "_xmlsignatures", "word", "xl", "ppt", "docProps", "docMetadata", "customXml":
		return false
	}
	return path.Ext(name) == ".xml"
}

// wordsOf says whether the words of a part of a Word file stand in paragraphs.
func wordsOf(name string) bool {
	rest, ok := strings.CutPrefix(name, "word/")
	rest = strings.TrimPrefix(rest, "glossary/")
	for _, p := range []string{"document", "header", "footer", "footnotes", "endnotes", "comments", "diagrams/data", "charts/chart"} {
		if ok && strings.HasPrefix(rest, p) {
			return true
		}
	}
	return false
}

// about names the parts that say something about an Office file, and what other programs keep with it.
func about(name string) bool {
	dir, base := path.Split(name)
	return dir == "docProps/" && strings.HasSuffix(base, ".xml") || dir == "customXml/" && strings.HasPrefix(base, "item") &&
		!strings.HasPrefix(base, "itemProps") && strings.HasSuffix(base, ".xml")
}

// document hands over what read writes.
func (o *office) document(doc *Document, read func(b *builder) error) error {
	b := newBuilder(o.w, doc, false)
	defer b.close()
	b.mark(LineRange, 0, 1, 0)
	if err := read(b); err != nil {
		return officeError(err, b.finish())
	}
	doc.Read = max(doc.Size, 0)
	if err := b.finish(); err != nil {
		return err
	}
	if err := o.embeddings(doc); err != nil {
		return err
	}
	return o.missed
}

// sorted returns the names of the parts, those for which first says so before the others.
func (o *office) sorted(first func(name string) bool) []string {
	names := make([]string, 0, len(o.parts))
	for name := range o.parts {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if x, y := first(a), first(b); x != y {
			if x {
				return -1
			}
			return 1
		}
		return cmp.Compare(a, b)
	})
	return names
}

func (o *office) wordParts(b *builder) error {
	names := o.sorted(func(name string) bool { return strings.HasPrefix(name, "word/document") })
	for _, last := range []bool{false, true} {
		for _, name := range names {
			if embedded(name) {
				continue
			}
			rels := strings.HasSuffix(name, ".rels")
			if (rels || about(name)) != last {
				continue
			}
			var err error
			switch ext := path.Ext(name); {
			case rels:
				err = o.links(name, b)
			case about(name):
				err = o.properties(name, b)
			case ext == ".xml" && wordsOf(name):
				err = o.words(name, b)
			case ext == ".xml":
				err = o.remarks(name, b)
			default:
				err = o.foreignPart(name, b)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// links writes where the links of a part lead to.
func (o *office) links(name string, b *builder) error {
	return o.each(name, func(x *xmlReader) error {
		if x.kind != xmlStart || x.local() != "Relationship" || string(x.attr("TargetMode")) != "External" {
			return nil
		}
		return b.write(append(entities(nil, x.attr("Target")), '\n'))
	})
}

// maxLabel is how much of a name is written before each of its values, of which there may be one every few bytes.
const maxLabel = 256

// properties writes a part of names and values: the value behind the name of the element, or what it is said to be called.
func (o *office) properties(name string, b *builder) error {
	if strings.HasPrefix(name, "customXml/") {
		return o.remarks(name, b) // whoever made it may have put the values into attributes
	}
	return o.propertiesTo(name, nil, b.write)
}

// propertiesTo is properties that writes each line to somebody else, who may see every element, too.
func (o *office) propertiesTo(name string, see func(x *xmlReader), write func(line []byte) error) error {
	var label []byte
	return o.each(name, func(x *xmlReader) error {
		if see != nil {
			see(x)
		}
		switch x.kind {
		case xmlStart:
			if n := attrOf(x, "name"); n != nil {
				label = append(label[:0], n[:min(len(n), maxLabel)]...)
			} else if n := x.local(); !strings.HasPrefix(string(x.name), "vt:") {
				label = append(label[:0], n[:min(len(n), maxLabel)]...)
			}
		case xmlText, xmlCDATA:
			text := characters(nil, x)
			if len(bytes.TrimSpace(text)) == 0 {
				return nil
			}
			line := append(append(entities(nil, label), ": "...), bytes.TrimSpace(text)...)
			return write(append(line, '\n'))
		}
		return nil
	})
}

// foreignPart writes a document of another kind that stands in this one.
func (o *office) foreignPart(name string, b *builder) error {
	r, err := o.part(o.parts[name])
	if err != nil {
		return err
	}
	defer r.Close()
	if path.Ext(name) == ".txt" {
		buf := make([]byte, 16*kib)
		for {
			n, err := r.Read(buf)
			if e := b.write(buf[:n]); e != nil {
				return e
			}
			if err == io.EOF {
				return b.writeByte('\n')
			}
			if err != nil {
				return err
			}
		}
	}
	m := &markup{b: b, x: newXML(partText16(r)), html: true, line: 1}
	defer m.x.close()
	if err := m.run(); err != nil {
		return err
	}
	if err := b.writeByte('\n'); err != nil {
		return err
	}
	return m.x.err
}

// officeError prefers what ended the file to what flushing it said.
func officeError(err, flushed error) error {
	if flushed != nil {
		return flushed
	}
	return decodingOffice(err)
}

func decodingOffice(err error) error {
	err = decoding(err, "Office file")
	if s, ok := err.(errStop); ok && s.Reason == MalformedFile {
		s.Reason = MalformedOrFileSizeExceedsLimit
		return s
	}
	return err
}
