package extract

import (
	"maps"
	"slices"
	"strings"
)

const (
	maxPDFAnnots  = 1_000_000 // of one page
	maxPDFParents = 32        // of a field
	maxPDFChoices = 1000      // chosen at once
)

// annotations writes what stands in form fields and notes, and what is drawn by those that say nothing themselves.
func (p *pdfReader) annotations(page pdfDict, inherited pdfResources) error {
	f := p.f
	annots := f.array(page["Annots"])
	if annots == nil {
		if page["Annots"] != nil && f.resolve(page["Annots"]) == nil {
			return f.miss(page["Annots"], "the notes of a page are missing")
		}
		return f.err
	}
	cost := pdfCost(annots)
	if f.step(len(annots)) != nil || !f.w.hold(cost) {
		return f.fail(errPDFMemory)
	}
	defer f.w.release(cost)
	if len(annots) > maxPDFAnnots {
		f.lose(UnableToParseFile, "a page of too many notes")
		annots = annots[:maxPDFAnnots]
	}
	for _, a := range annots {
		if f.spend(64) != nil {
			return f.err
		}
		d := f.dict(a)
		if d == nil {
			if a != nil {
				f.miss(a, "a note of a page is missing")
			}
			continue
		}
		if err := p.annotation(d, a, inherited); err != nil {
			return err
		}
	}
	return f.err
}

func (p *pdfReader) annotation(d pdfDict, v any, inherited pdfResources) error {
	f := p.f
	said := false
	switch f.name(d["Subtype"]) {
	case "Popup": // says what its parent says
		if d["Parent"] != nil || d["Contents"] == nil {
			return f.err
		}
		return p.lines(p.text(d["Contents"]))
	case "Widget":
		wrote, err := p.field(d, v)
		if err != nil {
			return err
		}
		said = wrote
	default:
		var parts []string
		for _, key := range []string{"T", "Subj", "Contents"} {
			if s := strings.TrimSpace(p.text(d[key])); s != "" {
				parts = append(parts, s)
				said = said || key == "Contents"
			}
		}
		if rich := p.text(d["RC"]); !said && rich != "" {
			parts, said = append(parts, plainMarkup(rich)), true
		}
		if len(parts) > 0 {
			if err := p.lines(strings.Join(parts, ": ")); err != nil {
				return err
			}
		}
	}
	if err := p.action(d["A"], 0); err != nil {
		return err
	}
	if err := p.actions(d["AA"]); err != nil {
		return err
	}
	if file := d["FS"]; file != nil {
		p.file(file)
	}
	if said {
		return f.err
	}
	return p.appearance(d, inherited)
}

// maxPDFActions is how many actions may follow one another.
const maxPDFActions = 8

// action writes what an action says: where a link leads, when that is outside the document, and the text of a script.
func (p *pdfReader) action(v any, depth int) error {
	f := p.f
	d := f.dict(v)
	if d == nil || f.spend(32) != nil {
		return f.err
	}
	if depth > maxPDFActions {
		f.lose(UnableToParseFile, "actions after too many actions")
		return f.err
	}
	if uri := p.text(d["URI"]); uri != "" {
		if err := p.lines(uri); err != nil {
			return err
		}
	}
	if ref, ok := d["JS"].(pdfRef); ok { // which may have many names
		if added, ok := p.nodes.add(f.w, int(ref)); !ok {
			return f.fail(errPDFMemory)
		} else if !added {
			d = nil
		}
	}
	if script := p.fieldText(f.resolve(d["JS"])); script != "" {
		if err := p.lines(script); err != nil {
			return err
		}
	}
	if d == nil {
		return f.err
	}
	next := d["Next"]
	if list := f.array(next); list != nil {
		if len(list) > maxPDFActions {
			f.lose(UnableToParseFile, "actions after too many actions")
			list = list[:maxPDFActions]
		}
		cost := pdfCost(list)
		if !f.w.hold(cost) {
			return f.fail(errPDFMemory)
		}
		defer f.w.release(cost)
		for _, v := range list {
			if ref, ok := v.(pdfRef); ok {
				if added, _ := p.nodes.add(f.w, int(ref)); !added {
					continue
				}
			}
			if err := p.action(v, depth+1); err != nil {
				return err
			}
		}
		return f.err
	}
	if ref, ok := next.(pdfRef); ok {
		if added, _ := p.nodes.add(f.w, int(ref)); !added {
			return f.err
		}
	}
	return p.action(next, depth+1)
}

// actions writes what the actions for events say.
func (p *pdfReader) actions(v any) error {
	d := p.f.dict(v)
	const most = 32 // there are fewer events
	if len(d) > most {
		p.f.lose(UnableToParseFile, "actions for too many events")
		return p.f.err
	}
	keys := slices.Sorted(maps.Keys(d))
	for _, k := range keys {
		if err := p.action(d[k], 0); err != nil {
			return err
		}
	}
	return p.f.err
}

// appearance runs what a note looks like.
func (p *pdfReader) appearance(d pdfDict, inherited pdfResources) error {
	f := p.f
	looks := f.resolve(f.dict(d["AP"])["N"])
	if states, ok := looks.(pdfDict); ok {
		looks = f.resolve(states[string(f.name(d["AS"]))])
	}
	s, _ := looks.(*pdfStream)
	if s == nil {
		return f.err
	}
	if err := p.line(); err != nil {
		return err
	}
	p.pen.reset()
	c := &pdfContent{p: p, resources: inherited, g: newPDFGraphics()}
	return c.form(s)
}

// field writes the value of the field that a widget shows, after its names: its own, or its nearest ancestor's. wrote says
// whether that is all that it shows.
func (p *pdfReader) field(d pdfDict, v any) (wrote bool, err error) {
	f := p.f
	name, tip := "", ""
	var value any
	var options []any
	for n := 0; d != nil && n < maxPDFParents; n++ {
		if ref, ok := v.(pdfRef); ok {
			if _, ok := p.fields.add(f.w, int(ref)); !ok {
				return false, f.fail(errPDFMemory)
			}
		}
		if name == "" {
			name = p.text(d["T"])
		}
		if tip == "" {
			tip = p.text(d["TU"])
		}
		if options == nil {
			options = f.array(d["Opt"])
		}
		if value == nil {
			for _, key := range []string{"V", "RV"} {
				if x := f.resolve(d[key]); x != nil && value == nil {
					value = x
				}
			}
		}
		v = d["Parent"]
		d = f.dict(v)
	}
	if d != nil {
		f.lose(UnableToParseFile, "fields in too many fields")
	}
	text := p.fieldText(value)
	for _, choice := range p.choices(options) {
		if choice != text {
			if err := p.lines(choice); err != nil {
				return true, err
			}
			wrote = true
		}
	}
	if text == "" || f.err != nil {
		return wrote, f.err
	}
	p.filled = true
	if tip != "" && tip != name {
		name = strings.TrimSpace(name + " " + tip)
	}
	if name != "" {
		text = name + ": " + text
	}
	_, signed := value.(pdfDict) // what it looks like says who signed, and when
	return !signed, p.lines(text)
}

// choices is what a list offers: each a text, or a value and the text that stands for it.
func (p *pdfReader) choices(options []any) (texts []string) {
	f := p.f
	if len(options) > maxPDFChoices {
		f.lose(UnableToParseFile, "a field of too many choices")
		options = options[:maxPDFChoices]
	}
	for _, o := range options {
		if pair := f.array(o); len(pair) > 1 {
			o = pair[1]
		}
		if s := p.text(o); s != "" {
			texts = append(texts, s)
		}
	}
	return texts
}

// fieldText is the value of a field. Those of buttons are names, which nobody typed.
func (p *pdfReader) fieldText(v any) string {
	switch v := v.(type) {
	case pdfString:
		text := p.text(v)
		if strings.HasPrefix(strings.TrimSpace(text), "<?xml") || strings.HasPrefix(text, "<body") {
			return plainMarkup(text)
		}
		return text
	case []any:
		var parts []string
		if len(v) > maxPDFChoices {
			p.f.lose(UnableToParseFile, "a field of too many choices")
			v = v[:maxPDFChoices]
		}
		for _, x := range v {
			if s := p.text(x); s != "" {
				parts = append(parts, s)
			}
		}
		return strings.Join(parts, ", ")
	case *pdfStream:
		return pdfText(p.contentOf(v))
	case pdfDict: // a signature
		var parts []string
		for _, key := range []string{"Name", "Reason", "Location", "ContactInfo"} {
			if s := p.text(v[key]); s != "" {
				parts = append(parts, s)
			}
		}
		return strings.Join(parts, ", ")
	}
	return ""
}

// text is a string that a person reads.
func (p *pdfReader) text(v any) string {
	s := p.f.str(v)
	if len(s) == 0 || p.f.spend(len(s)) != nil {
		return ""
	}
	return pdfText(s)
}

// contentOf reads a short stream whole. It is valid until the next call.
func (p *pdfReader) contentOf(s *pdfStream) pdfString {
	f := p.f
	r, err := f.decode(s)
	if err != nil {
		f.lose(UnableToParseFile, "a text that cannot be decoded")
		return nil
	}
	defer r.close()
	most := int(min(maxPDFText, f.most()))
	out := p.content[:0]
	if out == nil {
		out = make(pdfString, 0, 4*kib)
	}
	defer func() { p.content = out }()
	for len(out) < most {
		if len(out) == cap(out) {
			out = append(out, 0)[:len(out)]
		}
		n, err := r.Read(out[len(out):min(cap(out), most)])
		out = out[:len(out)+n]
		if err != nil {
			return out
		}
	}
	f.lose(UnableToParseFile, "a text that is too long")
	return out
}

// lines writes text that stands by itself.
func (p *pdfReader) lines(text string) error {
	if err := p.line(); err != nil {
		return err
	}
	if p.f.spend(len(text)) != nil {
		return p.f.err
	}
	if err := p.put([]byte(text)); err != nil {
		return err
	}
	p.last = 'x'
	return p.line()
}

// plainMarkup takes the tags out of a little XML. Elements are set apart by spaces, but for those that only say how words look.
func plainMarkup(s string) string {
	var out strings.Builder
	for len(s) > 0 {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			out.WriteString(s)
			break
		}
		out.WriteString(s[:i])
		n := strings.IndexByte(s[i:], '>')
		if n < 0 {
			break
		}
		tag := strings.TrimPrefix(s[i+1:i+n], "/")
		if k := strings.IndexAny(tag, " \t\r\n/"); k >= 0 {
			tag = tag[:k]
		}
		switch strings.ToLower(tag) {
		case "b", "i", "u", "span", "font", "sub", "sup", "em", "strong", "a":
		default:
			out.WriteByte(' ')
		}
		s = s[i+n+1:]
	}
	text := strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&apos;", "'", "&#xA;", "\n", "&#xD;", "\n", "&amp;", "&").
		Replace(out.String())
	return strings.Join(strings.Fields(text), " ")
}
