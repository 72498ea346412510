package extract

import (
	"sort"
	"strings"
)

// extractDOCX reads a Word file: one line for each paragraph, first of the body, then of headers, footers, notes and comments.
func extractDOCX(w *walker, doc *Document, in *input) error {
	o, err := openOffice(w, in, func(name string) bool {
		rest, ok := strings.CutPrefix(name, "word/")
		if !ok || !strings.HasSuffix(rest, ".xml") || strings.Contains(rest, "/") {
			return false
		}
		for _, p := range []string{"document", "header", "footer", "footnotes", "endnotes", "comments"} {
			if strings.HasPrefix(rest, p) {
				return true
			}
		}
		return false
	})
	if err != nil {
		return err
	}
	defer o.close()
	return o.paragraphs(doc)
}

// extractODF reads an OpenDocument file the same way. Macie does not open these; people have them all the same.
func extractODF(w *walker, doc *Document, in *input) error {
	o, err := openOffice(w, in, func(name string) bool { return name == "content.xml" || name == "styles.xml" })
	if err != nil {
		return err
	}
	defer o.close()
	return o.paragraphs(doc)
}

// paragraphs hands over the text of all parts, the document itself first.
func (o *office) paragraphs(doc *Document) error {
	b := newBuilder(o.w, doc, false)
	defer b.close()
	b.mark(LineRange, 0, 1, 0)
	var names []string
	for name := range o.parts {
		names = append(names, name)
	}
	first := func(name string) bool { return strings.HasPrefix(name, "word/document") || name == "content.xml" }
	sort.Slice(names, func(i, j int) bool {
		if a, b := first(names[i]), first(names[j]); a != b {
			return a
		}
		return names[i] < names[j]
	})
	for _, name := range names {
		if err := o.words(o.parts[name], b); err != nil {
			return officeError(err, b.finish())
		}
	}
	doc.Read = max(doc.Size, 0)
	if err := b.finish(); err != nil {
		return err
	}
	return o.missed
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

func (o *office) words(e *zipEntry, b *builder) error {
	r, err := o.part(e)
	if err != nil {
		return err
	}
	defer r.Close()
	x := newXML(r)
	odf := !strings.HasPrefix(e.name, "word/")
	depth := 0 // of elements that hold text
	for x.next() {
		if err := o.w.step(8 + int64(len(x.raw)/16)); err != nil {
			return err
		}
		switch x.kind {
		case xmlStart:
			switch local := x.local(); {
			case holdsText(local, odf):
				if !x.empty {
					depth++
				} else if local == "p" {
					err = b.writeByte('\n')
				}
			case local == "tab":
				err = b.writeByte('\t')
			case local == "br" || local == "cr" || local == "line-break" || local == "s" && odf:
				err = b.writeByte(' ')
			case local == "noBreakHyphen":
				err = b.writeByte('-')
			case local == "p" && x.empty:
				err = b.writeByte('\n')
			}
		case xmlEnd:
			local := x.local()
			if holdsText(local, odf) && depth > 0 {
				depth--
			}
			if local == "p" || local == "h" && odf {
				err = b.writeByte('\n')
			}
		case xmlText, xmlCDATA:
			if depth == 0 {
				continue
			}
			text := x.text
			if x.kind == xmlText {
				text = entities(nil, x.text)
			}
			err = b.write(text)
		}
		if err != nil {
			return err
		}
	}
	return x.err
}

// holdsText names the elements whose characters are the document's.
func holdsText(local string, odf bool) bool {
	if odf {
		return local == "p" || local == "h"
	}
	return local == "t" || local == "delText" || local == "instrText"
}
