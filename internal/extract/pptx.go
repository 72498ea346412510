package extract

import (
	"path"
	"strings"
)

// extractPPTX reads a presentation: the text of each slide, with the notes to it, in the order in which they are shown. Macie does
// not open these; people have them all the same.
func extractPPTX(w *walker, doc *Document, in *input) error {
	o, err := openOffice(w, in, func(name string) bool {
		rest, ok := strings.CutPrefix(name, "ppt/")
		switch {
		case about(name) || embedded(name) || stray(name):
			return true
		case !ok || wordless(rest):
			return false
		case strings.HasSuffix(rest, ".rels"):
			return rest == "_rels/presentation.xml.rels" || strings.HasPrefix(rest, "slides/")
		}
		return strings.HasSuffix(rest, ".xml") || strings.HasSuffix(rest, ".vml")
	})
	if err != nil {
		return err
	}
	defer o.close()
	return o.document(doc, o.slides)
}

// slides writes the slides in their order, each with the parts that it refers to, and then what no slide refers to.
func (o *office) slides(b *builder) error {
	rels, err := o.relations("ppt/presentation.xml")
	if err != nil {
		return err
	}
	var order []string
	err = o.each("ppt/presentation.xml", func(x *xmlReader) error {
		if x.kind != xmlStart {
			return nil
		}
		switch x.local() {
		case "section", "custShow": // a name for some of the slides
			return b.write(append(entities(nil, x.attr("name")), '\n'))
		case "sldId":
			if part := rels[string(x.attr("r:id"))]; part != "" {
				if !o.holds.hold(32) {
					return errBook
				}
				order = append(order, part)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	done := map[string]bool{"ppt/presentation.xml": true}
	page := int64(0)
	slide := func(name string) error {
		if done[name] || o.parts[name] == nil {
			return nil
		}
		done[name] = true
		page++
		b.mark(Page, 0, page, 0)
		if err := o.words(name, b); err != nil {
			return err
		}
		return o.besides(name, b, done)
	}
	for _, name := range order {
		if err := slide(name); err != nil {
			return err
		}
	}
	names := o.sorted(func(name string) bool { return strings.HasPrefix(name, "ppt/slides/") })
	for _, name := range names {
		if strings.HasPrefix(name, "ppt/slides/slide") && strings.HasSuffix(name, ".xml") {
			if err := slide(name); err != nil {
				return err
			}
		}
	}
	b.mark(LineRange, 0, 1, 0)
	if err := b.write(o.linked); err != nil {
		return err
	}
	for _, name := range names {
		if done[name] || embedded(name) || strings.HasSuffix(name, ".rels") {
			continue
		}
		read := o.remarks
		switch {
		case about(name):
			read = o.properties
		case strings.HasSuffix(name, ".vml"):
			read = o.oldDrawing
		case slideWords(name):
			read = o.words
		}
		if err := read(name, b); err != nil {
			return err
		}
	}
	return nil
}

// oldDrawing writes the words of what is drawn in VML.
func (o *office) oldDrawing(name string, b *builder) error {
	return o.vml(name, func(line []byte) error { return b.write(append(line, '\n')) })
}

// slideWords says whether the words of a part stand in paragraphs.
func slideWords(name string) bool {
	for _, dir := range []string{"slides/", "notesSlides/", "comments/", "diagrams/data", "charts/chart", "drawings/drawing", "slideMasters/", "slideLayouts/", "notesMasters/", "handoutMasters/"} {
		if strings.HasPrefix(name, "ppt/"+dir) {
			return true
		}
	}
	return false
}

// besides writes the notes, comments, charts and diagrams of a slide.
func (o *office) besides(slide string, b *builder, done map[string]bool) error {
	rels, err := o.relations(slide)
	if err != nil {
		return err
	}
	for _, name := range sortedValues(rels) {
		switch dir := path.Dir(name); dir {
		case "ppt/notesSlides", "ppt/comments", "ppt/diagrams", "ppt/charts":
			if done[name] {
				continue
			}
			done[name] = true
			if err := o.words(name, b); err != nil {
				return err
			}
		}
	}
	return nil
}
