package extract

import (
	"path"
	"slices"
	"strings"
	"time"
)

// What belongs to the document as a whole: fields that no page shows, its outline and properties, the files in it. It is told of
// as on the first page, since there is no better place.

const (
	maxPDFOutline = 100_000
	maxPDFNames   = 32 // of name trees and fields
	maxPDFFiles   = 10_000
)

// about writes the text that no page has.
func (p *pdfReader) about() error {
	if p.pageN > 1 {
		p.begin(1)
	}
	root := p.f.root()
	form := p.f.dict(root["AcroForm"])
	if err := p.hiddenFields(form["Fields"], 0); err != nil {
		return err
	}
	if err := p.formXML(form["XFA"]); err != nil {
		return err
	}
	if err := p.outline(root["Outlines"]); err != nil {
		return err
	}
	if err := p.properties(root); err != nil {
		return err
	}
	if err := p.action(root["OpenAction"], 0); err != nil {
		return err
	}
	if err := p.actions(root["AA"]); err != nil {
		return err
	}
	names := p.f.dict(root["Names"])
	scripts := names["JavaScript"]
	p.nameTree(names["EmbeddedFiles"], p.file, 0)
	var failed error
	p.nameTree(scripts, func(v any) {
		if failed == nil {
			failed = p.action(v, 0)
		}
	}, 0)
	if failed != nil {
		return failed
	}
	for _, v := range p.f.array(root["AF"]) {
		p.file(v)
	}
	return p.f.err
}

// hiddenFields writes the fields of the form that no page has shown.
func (p *pdfReader) hiddenFields(v any, depth int) error {
	f := p.f
	a := f.array(v)
	if depth > maxPDFNames {
		f.lose(MalformedFile, "fields in too many fields")
		return f.err
	}
	cost := pdfCost(a)
	if !f.w.hold(cost) {
		return f.fail(errPDFMemory)
	}
	defer f.w.release(cost)
	for _, x := range a {
		if f.spend(64) != nil {
			return f.err
		}
		d := f.dict(x)
		if ref, ok := x.(pdfRef); ok && d != nil {
			if d["Kids"] == nil {
				if added, ok := p.fields.add(f.w, int(ref)); !ok {
					return f.fail(errPDFMemory)
				} else if !added {
					continue
				}
			} else if added, _ := p.nodes.add(f.w, int(ref)); !added {
				continue
			}
		}
		if d["Kids"] != nil {
			if err := p.hiddenFields(d["Kids"], depth+1); err != nil {
				return err
			}
			continue
		}
		if _, err := p.field(d, nil); err != nil {
			return err
		}
	}
	return f.err
}

// formXML writes the data of a form that is kept in XML, if it is kept there alone.
func (p *pdfReader) formXML(v any) error {
	f := p.f
	data := f.resolve(v)
	if parts, ok := data.([]any); ok {
		data = nil
		for i := 0; i+1 < len(parts) && f.step(1) == nil; i += 2 {
			if string(f.str(parts[i])) == "datasets" {
				data = f.resolve(parts[i+1])
			}
		}
	}
	s, _ := data.(*pdfStream)
	if s == nil || p.filled {
		return f.err
	}
	name, rest := "", string(p.contentOf(s))
	for len(rest) > 0 {
		text, after, ok := strings.Cut(rest, "<")
		if text = strings.TrimSpace(plainMarkup(text)); text != "" {
			if err := p.lines(name + ": " + text); err != nil {
				return err
			}
		}
		tag, after, closed := strings.Cut(after, ">")
		if !ok || !closed || f.step(len(tag)+1) != nil {
			break
		}
		name, _, _ = strings.Cut(strings.TrimPrefix(tag, "/"), " ")
		rest = after
	}
	return f.err
}

// outline writes the titles of the outline, which may be a page's only text.
func (p *pdfReader) outline(v any) error {
	f := p.f
	stack := []any{f.dict(v)["First"]}
	for n := 0; len(stack) > 0; n++ {
		v := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		ref, ok := v.(pdfRef)
		if !ok || f.spend(64) != nil {
			continue
		}
		if n >= maxPDFOutline || len(stack) > 10_000 {
			f.lose(UnableToParseFile, "an outline that is too long")
			break
		}
		if added, ok := p.nodes.add(f.w, int(ref)); !ok {
			return f.fail(errPDFMemory)
		} else if !added {
			continue
		}
		d := f.dict(ref)
		if title := strings.TrimSpace(p.text(d["Title"])); title != "" {
			if err := p.lines(title); err != nil {
				return err
			}
		}
		if err := p.action(d["A"], 0); err != nil {
			return err
		}
		stack = append(stack, d["Next"], d["First"])
	}
	return f.err
}

// properties writes what the document says of itself: by the old dictionary, and by the metadata what is not there.
func (p *pdfReader) properties(root pdfDict) error {
	f := p.f
	info := f.dict(f.trailer["Info"])
	var keys []string
	for k := range info {
		switch k {
		case "Producer", "Creator", "CreationDate", "ModDate", "Trapped":
		default:
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	var values []string
	for _, k := range keys {
		s := strings.TrimSpace(p.text(info[k]))
		if s == "" {
			continue
		}
		values = append(values, s)
		if err := p.lines(k + ": " + s); err != nil {
			return err
		}
	}
	s := f.stream(root["Metadata"])
	if s == nil {
		return f.err
	}
	texts := metadataTexts(string(p.contentOf(s)))
	if len(texts) >= mostMetadata {
		f.lose(UnableToParseFile, "more metadata than are read")
	}
	for _, text := range texts {
		if slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, text) }) {
			continue
		}
		if err := p.lines(text); err != nil {
			return err
		}
		if len(values) < 100 {
			values = append(values, text)
		}
	}
	return f.err
}

// mostMetadata is how many texts of an XMP packet are read.
const mostMetadata = 1000

// metadataTexts gives the texts of an XMP packet that people write: of Dublin Core and of unknown schemas, not of the programs
// that made the file.
func metadataTexts(s string) (texts []string) {
	hidden := 0 // elements that are open beyond those that are kept
	skip := 0
	var open []string
	for len(s) > 0 && len(texts) < mostMetadata {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			break
		}
		if text := strings.TrimSpace(plainMarkup(s[:i])); text != "" && skip == 0 {
			texts = append(texts, text)
		}
		n := strings.IndexByte(s[i:], '>')
		if n < 0 {
			break
		}
		tag := s[i+1 : i+n]
		s = s[i+n+1:]
		switch {
		case tag == "" || tag[0] == '?' || tag[0] == '!':
		case strings.HasSuffix(tag, "/"):
			_, attributes, _ := strings.Cut(tag, " ")
			texts = append(texts, metadataAttributes(attributes)...)
		case tag[0] == '/':
			if hidden > 0 {
				hidden--
			} else if k := len(open) - 1; k >= 0 {
				if programsOwn(open[k]) {
					skip--
				}
				open = open[:k]
			}
		default:
			name, attributes, _ := strings.Cut(tag, " ")
			texts = append(texts, metadataAttributes(attributes)...)
			if len(open) >= 64 {
				hidden++
			} else {
				open = append(open, name)
				if programsOwn(name) {
					skip++
				}
			}
		}
	}
	return texts
}

// metadataAttributes gives the values of attributes that stand for elements.
func metadataAttributes(s string) (texts []string) {
	for range 100 {
		name, rest, ok := strings.Cut(s, "=")
		if rest = strings.TrimLeft(rest, " \r\n\t"); !ok || rest == "" || rest[0] != '"' && rest[0] != '\'' {
			break
		}
		value, after, ok := strings.Cut(rest[1:], rest[:1])
		if !ok {
			break
		}
		name = strings.TrimSpace(name)
		switch prefix, _, _ := strings.Cut(name, ":"); prefix {
		case "xmlns", "rdf", "xml", "x":
			value = ""
		}
		if !programsOwn(name) && value != "" {
			texts = append(texts, plainMarkup(value))
		}
		s = after
	}
	return texts
}

func programsOwn(tag string) bool {
	switch prefix, _, _ := strings.Cut(tag, ":"); prefix {
	case "xmp", "xap", "xmpMM", "xapMM", "stEvt", "stRef", "pdfaid", "pdfuaid", "pdfaExtension", "pdfaSchema", "pdfaProperty", "xmpTPg":
		return true
	}
	return tag == "pdf:Producer" || tag == "pdf:PDFVersion" || tag == "dc:format" || tag == "dc:date"
}

// pdfFiles are the files in a document, by the objects of their streams.
type pdfFiles struct {
	seen pdfNumbers
	list []pdfAttachment
	held int64
}

type pdfAttachment struct {
	name   string
	number int
}

// nameTree gives what the names of a tree stand for to each.
func (p *pdfReader) nameTree(v any, each func(v any), depth int) {
	f := p.f
	if ref, ok := v.(pdfRef); ok {
		if added, _ := p.nodes.add(f.w, int(ref)); !added {
			return
		}
	}
	d := f.dict(v)
	if d == nil || f.spend(64) != nil {
		return
	}
	if depth > maxPDFNames {
		f.lose(MalformedFile, "names in too many names")
		return
	}
	names := f.array(d["Names"])
	for i := 1; i < len(names) && f.err == nil; i += 2 {
		each(names[i])
	}
	kids := f.array(d["Kids"])
	cost := pdfCost(kids)
	if !f.w.hold(cost) {
		f.fail(errPDFMemory)
		return
	}
	defer f.w.release(cost)
	for _, k := range kids {
		p.nameTree(k, each, depth+1)
	}
}

// file notes a file specification whose file is inside the document.
func (p *pdfReader) file(v any) {
	f := p.f
	d := f.dict(v)
	if d == nil || f.spend(64) != nil {
		return
	}
	var name string
	for _, key := range []string{"UF", "F", "Unix", "DOS", "Mac"} {
		if name == "" {
			name = p.text(d[key])
		}
	}
	if about := strings.TrimSpace(p.text(d["Desc"])); about != "" {
		if err := p.lines(about); err != nil {
			f.fail(err)
			return
		}
	}
	// Most have the same file under two keys.
	ef := f.dict(d["EF"])
	for _, key := range []string{"UF", "F", "Unix", "DOS", "Mac"} {
		ref, ok := ef[key].(pdfRef)
		if !ok {
			continue
		}
		added, ok := p.files.seen.add(f.w, int(ref))
		if !ok {
			f.fail(errPDFMemory)
			return
		}
		if !added {
			continue
		}
		cost := int64(len(name) + 64)
		if len(p.files.list) >= maxPDFFiles || !f.w.hold(cost) {
			f.lose(UnableToParseFile, "too many files in the document")
			return
		}
		p.files.held += cost
		p.files.list = append(p.files.list, pdfAttachment{name, int(ref)})
	}
}

// attachments reads the files in the document, each a document by itself. The memory of the caches is theirs meanwhile.
func (p *pdfReader) attachments(doc *Document) error {
	f := p.f
	if len(p.files.list) == 0 {
		return f.err
	}
	a := newArchive(f.w, doc)
	for i, file := range p.files.list {
		name := path.Base(strings.ReplaceAll(file.name, `\`, "/"))
		if file.name == "" {
			name = "attachment-" + itoa(int64(i+1))
		}
		s := f.stream(pdfRef(file.number))
		if s == nil {
			a.miss(MalformedFile, "a file in the document is missing")
			continue
		}
		r, err := f.decode(s)
		if err != nil {
			a.miss(UnableToParseFile, "a file in the document cannot be decoded")
			continue
		}
		f.forget()
		f.w.release(f.held)
		held := f.held
		f.held = 0
		err = a.member(name, -1, time.Time{}, r, nil)
		r.close()
		if err != nil {
			return err
		}
		if !f.w.hold(held) {
			return errPDFMemory
		}
		f.held = held
	}
	if a.reason != "" && f.lost == nil {
		f.lost = stop(Partial, a.reason, a.detail)
	}
	return f.err
}
