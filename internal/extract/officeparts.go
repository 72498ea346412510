package extract

import (
	"bufio"
	"bytes"
	"io"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// each calls f for every token of a part; a part that is not there has none.
func (o *office) each(name string, f func(x *xmlReader) error) error {
	e := o.parts[name]
	if e == nil {
		return nil
	}
	r, err := o.part(e)
	if err != nil {
		return err
	}
	defer r.Close()
	x := newXML(partText16(r))
	defer x.close()
	for x.next() {
		if err := o.w.step(8 + int64(len(x.raw)/16)); err != nil {
			return err
		}
		if err := f(x); err != nil {
			return err
		}
	}
	return x.err
}

// remarks writes what a part says that has no reader of its own: its texts, and the values of attributes that may be more than
// settings. Each is a line, behind the name that the element has or gives.
func (o *office) remarks(name string, b *builder) error {
	return o.remarksTo(name, b.write)
}

func (o *office) remarksTo(name string, write func(line []byte) error) error {
	settings := path.Base(name) == "settings.xml"
	var label, line []byte
	say := func(label, text []byte) error {
		if text = bytes.TrimSpace(text); len(text) == 0 {
			return nil
		}
		line = append(append(entities(line[:0], label[:min(len(label), maxLabel)]), ": "...), text...)
		return write(append(line, '\n'))
	}
	var text []byte
	return o.each(name, func(x *xmlReader) error {
		switch x.kind {
		case xmlStart:
			local := x.local()
			if settings {
				switch local {
				case "docVar", "connectString", "query", "udl", "mailSubject": // where the letters of a series get their names from
				default:
					return nil
				}
			}
			if !bytes.HasPrefix(x.name, []byte("vt:")) { // which says of what type a property is that has a name
				label = append(label[:0], local...)
			}
			if len(x.attrs) == 0 {
				return nil
			}
			if n := attrOf(x, "name"); n != nil {
				label = append(label[:0], n...)
			}
			for rest := x.attrs; len(rest) > 0; {
				key, value, after := nextAttr(rest)
				rest = after
				if err := o.w.step(16); err != nil {
					return err
				}
				if bytes.HasPrefix(key, []byte("xmlns")) {
					continue
				}
				key = key[bytes.IndexByte(key, ':')+1:]
				switch string(key) {
				case "v", "val", "value", "title", "descr", "text":
					key = label
				default:
					if value = mayTell(string(key), value); len(value) == 0 {
						continue
					}
				}
				if text = entities(text[:0], value); len(text) > maxCell {
					text = text[:maxCell]
				}
				if err := say(key, text); err != nil {
					return err
				}
			}
		case xmlText, xmlCDATA:
			if !settings {
				text = characters(text[:0], x)
				return say(label, text)
			}
		}
		return nil
	})
}

// vml hands over the words of boxes that are drawn in VML, a line for each paragraph, and what is said of the shapes. The boxes of the
// notes of a workbook are empty: their words are in a part of their own.
func (o *office) vml(name string, say func(line []byte) error) error {
	var text []byte
	boxes := 0
	end := func() error {
		line := bytes.TrimSpace(text)
		text = text[:0]
		return say(line)
	}
	return o.each(name, func(x *xmlReader) error {
		local := x.local()
		switch {
		case x.kind == xmlStart && local == "textbox":
			if !x.empty {
				boxes++
			}
		case x.kind == xmlStart && (local == "shape" || local == "textpath"):
			for _, name := range []string{"alt", "title", "string", "href"} {
				if v := x.attr(name); len(v) > 0 {
					if err := say(unescapeX(entities(nil, v))); err != nil {
						return err
					}
				}
			}
		case (x.kind == xmlStart || x.kind == xmlEnd) && (local == "br" || local == "div" || local == "p" || local == "textbox"):
			if x.kind == xmlEnd && local == "textbox" {
				boxes = max(0, boxes-1)
			}
			return end()
		case (x.kind == xmlText || x.kind == xmlCDATA) && boxes > 0:
			if len(text) >= maxCell {
				o.miss("a longer text in a drawing than is read")
				return nil
			}
			text = characters(text, x)
		}
		return nil
	})
}

// relations maps the ids of a part's relations to the parts they lead to.
func (o *office) relations(part string) (map[string]string, error) {
	rels := map[string]string{}
	dir, base := path.Split(part)
	err := o.each(dir+"_rels/"+base+".rels", func(x *xmlReader) error {
		if x.kind != xmlStart || x.local() != "Relationship" {
			return nil
		}
		if string(x.attr("TargetMode")) == "External" {
			if link := x.attr("Target"); len(o.linked)+len(link) < maxSaid {
				o.linked = append(entities(o.linked, link), '\n')
			} else {
				o.miss("more links than are read")
			}
			return nil
		}
		target := string(entities(nil, x.attr("Target")))
		if !strings.HasPrefix(target, "/") {
			target = path.Join(dir, target)
		}
		if target = o.partCalled(strings.TrimPrefix(target, "/")); target == "" {
			return nil // a picture, a link to somewhere else
		}
		id := string(x.attr("Id"))
		if !o.holds.hold(int64(len(id)+len(target)) + 96) {
			return errBook
		}
		rels[id] = target
		return nil
	})
	return rels, err
}

// partCalled is the name of a part that is there; empty: it is not. Capitals and small letters are the same in them, and %20 is a space.
func (o *office) partCalled(target string) string {
	if o.parts[target] != nil {
		return target
	}
	if s, err := url.PathUnescape(target); err == nil {
		target = s
	}
	if name := partName(target); o.parts[name] != nil {
		return name
	}
	if o.lower == nil {
		o.lower = make(map[string]string)
		for name := range o.parts {
			low := strings.ToLower(name)
			if low == name {
				continue // partName found it
			}
			if !o.holds.hold(int64(2*len(name)) + 96) {
				break
			}
			o.lower[low] = name
		}
	}
	low := strings.ToLower(target)
	if o.parts[low] != nil {
		return low
	}
	return o.lower[low]
}

// partWords are the words in the names of parts as programs write them, by their small letters.
var partWords = map[string]string{}

func init() {
	for _, word := range []string{"[Content_Types]", "_rels", "docProps", "customXml", "xl", "word", "ppt", "workbook", "sharedStrings", "styles",
		"worksheets", "dialogsheets", "macrosheets", "chartsheets", "sheet", "drawings", "drawing", "vmlDrawing", "charts", "chart", "comments",
		"threadedComments", "threadedComment", "persons", "person", "pivotCache", "pivotCacheDefinition", "pivotCacheRecords", "pivotTables",
		"pivotTable", "tables", "table", "connections", "externalLinks", "externalLink", "document", "header", "footer", "footnotes", "endnotes",
		"settings", "glossary", "diagrams", "data", "presentation", "slides", "slide", "notesSlides", "notesSlide", "slideMasters", "slideLayouts",
		"core", "app", "custom", "item", "itemProps", "embeddings", "media", "theme", "queryTables", "queryTable"} {
		partWords[strings.ToLower(word)] = word
	}
}

// partName is the name of a part as programs write it, where somebody wrote it in other letters.
func partName(name string) string {
	odd := false
	for rest := name; rest != "" && !odd; {
		var segment string
		segment, rest, _ = strings.Cut(rest, "/")
		stem, _ := partStem(segment)
		word, known := partWords[strings.ToLower(stem)]
		odd = known && (word != stem || segment[len(stem):] != strings.ToLower(segment[len(stem):]))
	}
	if !odd {
		return name
	}
	segments := strings.Split(name, "/")
	for i, segment := range segments {
		stem, rest := partStem(segment)
		if word, known := partWords[strings.ToLower(stem)]; known {
			segments[i] = word + strings.ToLower(rest)
		}
	}
	return strings.Join(segments, "/")
}

// partStem is what stands before the number or the dot in a segment of a name.
func partStem(segment string) (stem, rest string) {
	if i := strings.IndexAny(segment, ".0123456789"); i > 0 {
		return segment[:i], segment[i:]
	}
	return segment, ""
}

// sortedValues are the parts that relations lead to, each once.
func sortedValues(rels map[string]string) []string {
	return slices.Compact(slices.Sorted(maps.Values(rels)))
}

// partText16 reads a part in UTF-8, which it may not be written in.
func partText16(r io.Reader) io.Reader {
	b := bufio.NewReaderSize(r, 16)
	head, _ := b.Peek(2)
	if bytes.Equal(head, []byte{0xff, 0xfe}) || bytes.Equal(head, []byte{0xfe, 0xff}) {
		return transform.NewReader(b, unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder())
	}
	return b
}
