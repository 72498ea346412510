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
	b := newBuilder(w, doc, false)
	defer b.close()
	b.mark(LineRange, 0, 1, 0)
	var names []string
	for name := range o.parts {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool {
		if a, b := strings.HasPrefix(names[i], "word/document"), strings.HasPrefix(names[j], "word/document"); a != b {
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
	return b.finish()
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
	var text []byte
	inText := false
	for x.next() {
		switch x.kind {
		case xmlStart:
			switch x.local() {
			case "t", "delText", "instrText":
				inText = !x.empty
			case "tab":
				err = b.writeByte('\t')
			case "br", "cr":
				err = b.writeByte(' ')
			case "noBreakHyphen":
				err = b.writeByte('-')
			case "p":
				if x.empty {
					err = b.writeByte('\n')
				}
			}
		case xmlEnd:
			switch x.local() {
			case "t", "delText", "instrText":
				inText = false
			case "p":
				err = b.writeByte('\n')
			}
		case xmlText, xmlCDATA:
			if inText {
				text = x.text
				if x.kind == xmlText {
					text = entities(nil, x.text)
				}
				err = b.write(text)
			}
		}
		if err != nil {
			return err
		}
	}
	return x.err
}
