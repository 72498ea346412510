package extract

import "io"

// pdfReader follows the pages of a file and writes their text: characters in the order of the content, with a space or a line
// break where the next one stands apart.
type pdfReader struct {
	f       *pdfFile
	b       *builder
	fonts   pdfFonts
	pageN   int64
	at      int64      // the page whose mark is to be set before the next text; 0: it is set
	nodes   pdfNumbers // of the page tree that have been visited
	fields  pdfNumbers // of the form that have been written
	pen     pdfPen
	out     []byte
	content pdfString // what contentOf reads into
	last    byte
	forms   int   // drawn on this page
	drawing []int // forms, by number
	used    []int // patterns and masks on this page
	files   pdfFiles
	filled  bool // a field has a value

	marks    int    // marked content that is open
	actual   string // what stands for it
	actualAt int
	shown    []byte // what is drawn in it
}

func newPDFReader(f *pdfFile, b *builder) *pdfReader {
	return &pdfReader{f: f, b: b, fonts: pdfFonts{slots: map[pdfFontKey]*pdfFontSlot{}}, last: '\n'}
}

const (
	maxPDFPages = 1_000_000
	maxPDFTree  = 64
	maxPDFParts = 100_000
)

// document reads everything that is text of the document itself.
func (p *pdfReader) document() error {
	defer p.release()
	root := p.f.root()
	if root == nil {
		p.f.lose(MalformedFile, "the pages are in no order")
		for _, number := range p.f.found.pages {
			if err := p.tree(pdfRef(number), pdfResources{}, 0); err != nil {
				return err
			}
		}
		return p.f.err
	}
	if err := p.tree(root["Pages"], pdfResources{}, 0); err != nil {
		return err
	}
	if err := p.about(); err != nil {
		return err
	}
	return p.around()
}

func (p *pdfReader) release() {
	p.fonts.drop(p.f.w)
	p.nodes.drop(p.f.w)
	p.fields.drop(p.f.w)
}

func (p *pdfReader) close() {
	p.release()
	p.files.seen.drop(p.f.w)
	p.f.w.release(p.files.held)
	p.files = pdfFiles{}
}

// tree walks the page tree; resources are inherited. A page that stands in it twice is read once.
func (p *pdfReader) tree(v any, inherited pdfResources, depth int) error {
	f := p.f
	if f.step(64) != nil {
		return f.err
	}
	ref, _ := v.(pdfRef)
	if ref != 0 {
		if added, ok := p.nodes.add(f.w, int(ref)); !ok {
			return f.fail(errPDFMemory)
		} else if !added {
			return nil
		}
	}
	d := f.dict(v)
	if d == nil {
		return f.miss(v, "a page is missing")
	}
	if depth > maxPDFTree || p.pageN >= maxPDFPages {
		f.lose(UnableToParseFile, "too many pages")
		return f.err
	}
	resources := f.resourcesOf(d, int(ref), inherited)
	if d["Kids"] == nil {
		return p.page(d, resources)
	}
	kids := f.array(d["Kids"])
	if kids == nil {
		f.miss(d["Kids"], "pages are missing")
	}
	cost := pdfCost(kids)
	if !f.w.hold(cost) {
		return f.fail(errPDFMemory)
	}
	defer f.w.release(cost)
	for _, k := range kids {
		if err := p.tree(k, resources, depth+1); err != nil {
			return err
		}
	}
	return f.err
}

// pdfCost is what a value occupies, about.
func pdfCost(v any) int64 {
	n := int64(pdfValueCost)
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			n += pdfCost(x)
		}
	case pdfDict:
		n += pdfDictCost
		for k, x := range v {
			n += pdfEntryCost + int64(len(k)) + pdfCost(x)
		}
	case pdfString:
		n += int64(cap(v))
	case pdfName:
		n += int64(len(v))
	}
	return n
}

func (p *pdfReader) page(d pdfDict, resources pdfResources) error {
	f := p.f
	p.pageN++
	p.forms, p.used = 0, p.used[:0]
	p.begin(p.pageN)
	p.pen.reset()
	if contents := d["Contents"]; contents != nil {
		r := &pdfParts{f: f, parts: list(f.resolve(contents))}
		if _, ok := contents.(pdfRef); ok && r.parts == nil {
			f.miss(contents, "the content of a page is missing")
		}
		c := &pdfContent{p: p, resources: resources, g: newPDFGraphics()}
		err := c.run(r)
		r.close()
		if err != nil {
			return err
		}
	}
	if err := p.annotations(d, resources); err != nil {
		return err
	}
	if err := p.actions(d["AA"]); err != nil {
		return err
	}
	return p.line()
}

// line ends a line, if one is open.
func (p *pdfReader) line() error {
	if p.last == '\n' {
		return p.f.err
	}
	p.last = '\n'
	return p.put([]byte{'\n'})
}

// begin says that the text to come is on a page. It is marked with the first text, since there may be very many without any.
func (p *pdfReader) begin(page int64) { p.at = page }

func (p *pdfReader) put(text []byte) error {
	if p.at > 0 {
		p.b.mark(Page, 0, p.at, 0)
		p.at = 0
	}
	return p.b.write(text)
}

// pdfParts reads the streams of a page as one, each only when the one before is over.
type pdfParts struct {
	f     *pdfFile
	parts []any
	i     int
	cur   *pdfData
}

func (r *pdfParts) Read(b []byte) (int, error) {
	for {
		if r.cur != nil {
			n, err := r.cur.Read(b)
			if err == nil {
				return n, nil
			}
			r.close()
			if r.f.err != nil {
				return n, r.f.err
			}
			if n < len(b) { // a stream ends between two words
				b[n] = '\n'
				n++
			}
			return n, nil
		}
		if r.i >= len(r.parts) || r.f.step(1) != nil {
			return 0, io.EOF
		}
		v := r.parts[r.i]
		if r.i++; r.i > maxPDFParts {
			r.f.lose(UnableToParseFile, "a page of too many streams")
			return 0, io.EOF
		}
		s := r.f.stream(v)
		if s == nil {
			if v != nil {
				r.f.miss(v, "a part of the content of a page is missing")
			}
			continue
		}
		d, err := r.f.decode(s)
		if err != nil {
			r.f.lose(UnableToParseFile, "the content of a page cannot be decoded")
			continue
		}
		r.cur = d
	}
}

func (r *pdfParts) close() {
	if r.cur != nil {
		r.cur.close()
		r.cur = nil
	}
}

// pdfResources says where the resources of some content are: an object, or the entry of one. They are looked up when they are
// needed, since content in content in content would otherwise keep as many alive.
type pdfResources struct {
	number int
	inside bool    // they are the object's Resources
	direct pdfDict // of a page that is no object itself
}

// resourcesOf gives the resources of a page, a node or a form.
func (f *pdfFile) resourcesOf(d pdfDict, number int, inherited pdfResources) pdfResources {
	switch v := d["Resources"].(type) {
	case pdfRef:
		return pdfResources{number: int(v)}
	case pdfDict:
		if number > 0 {
			return pdfResources{number: number, inside: true}
		}
		return pdfResources{direct: v}
	}
	return inherited
}

func (f *pdfFile) resources(r pdfResources) pdfDict {
	if r.number == 0 {
		return r.direct
	}
	d := f.dict(pdfRef(r.number))
	if r.inside {
		d = f.dict(d["Resources"])
	}
	return d
}

// pdfNumbers is a set of object numbers.
type pdfNumbers struct{ pages map[int]*[512]uint64 }

const pdfNumbersPage = 512*8 + 64

// add reports whether the number is new, and false in ok when the memory is used up.
func (s *pdfNumbers) add(w *walker, number int) (added, ok bool) {
	if number < 0 || number > maxPDFObject {
		return false, true
	}
	const bits = 512 * 64
	page := s.pages[number/bits]
	if page == nil {
		if !w.hold(pdfNumbersPage) {
			return false, false
		}
		if s.pages == nil {
			s.pages = map[int]*[512]uint64{}
		}
		page = new([512]uint64)
		s.pages[number/bits] = page
	}
	word, bit := &page[number%bits/64], uint64(1)<<(number%64)
	added = *word&bit == 0
	*word |= bit
	return added, true
}

func (s *pdfNumbers) drop(w *walker) {
	w.release(int64(len(s.pages)) * pdfNumbersPage)
	s.pages = nil
}

// pdfFonts are the fonts in use. A slot says where a font is described; the font itself may be dropped, to be built again.
type pdfFonts struct {
	slots map[pdfFontKey]*pdfFontSlot
	held  int64
}

type pdfFontKey struct {
	number int // of the font's object, or 0:
	owner  int // the resources that describe it in place
	inside bool
	name   string
}

type pdfFontSlot struct {
	key       pdfFontKey
	resources pdfResources
	font      *pdfFont
}

const maxPDFFonts = 4096

func (t *pdfFonts) drop(w *walker) {
	for _, s := range t.slots {
		s.font = nil
	}
	w.release(t.held)
	t.held = 0
}

func (t *pdfFonts) slot(w *walker, key pdfFontKey, r pdfResources) *pdfFontSlot {
	s := t.slots[key]
	if s == nil {
		if len(t.slots) >= maxPDFFonts {
			t.drop(w)
			clear(t.slots)
		}
		s = &pdfFontSlot{key: key, resources: r}
		t.slots[key] = s
	}
	return s
}

func (p *pdfReader) fontByNumber(number int) *pdfFontSlot {
	return p.fonts.slot(p.f.w, pdfFontKey{number: number}, pdfResources{})
}

func (p *pdfReader) fontByName(r pdfResources, name string) *pdfFontSlot {
	v := p.f.dict(p.f.resources(r)["Font"])[name]
	if ref, ok := v.(pdfRef); ok {
		return p.fontByNumber(int(ref))
	}
	key := pdfFontKey{owner: r.number, inside: r.inside, name: name}
	if r.number == 0 {
		key.owner = -int(p.pageN)
	}
	return p.fonts.slot(p.f.w, key, r)
}

// fontOf gives the font of a slot, or nil when the reading is over.
func (p *pdfReader) fontOf(s *pdfFontSlot) *pdfFont {
	if s.font != nil {
		return s.font
	}
	f := p.f
	var v any = pdfRef(s.key.number)
	if s.key.number == 0 {
		v = f.dict(f.resources(s.resources)["Font"])[s.key.name]
	}
	font := f.font(v)
	if f.err != nil {
		return nil
	}
	p.fonts.slots[s.key] = s // it may have been forgotten
	if !p.holdFont(font, font.cost) {
		f.fail(errPDFMemory)
		return nil
	}
	s.font = font
	return font
}

// holdFont holds memory for a font, and drops the others when there is not enough.
func (p *pdfReader) holdFont(font *pdfFont, n int64) bool {
	t, w := &p.fonts, p.f.w
	if t.held+n > w.opts.MaxMemory/8 || !w.hold(n) {
		for _, s := range t.slots {
			if s.font != nil && s.font != font {
				t.held -= s.font.cost
				w.release(s.font.cost)
				s.font = nil
			}
		}
		if !w.hold(n) {
			return false
		}
	}
	t.held += n
	return true
}

// wideGlyph looks a code up in a composite font.
func (p *pdfReader) wideGlyph(font *pdfFont, code uint32, n int) pdfGlyph {
	w := font.wide
	if n > 2 {
		p.f.step(64)
		return w.glyph(code, n)
	}
	at := code>>8 | uint32(n)<<24
	page := w.pages[at]
	if page == nil {
		page = new([256]pdfGlyph)
		cost := int64(pdfGlyphPage)
		for i := range page {
			page[i] = w.glyph(code&^255|uint32(i), n)
			cost += int64(len(page[i].text))
		}
		if p.f.step(4*kib) != nil || !p.holdFont(font, cost) {
			return page[code&255]
		}
		font.cost += cost
		w.pages[at] = page
	}
	return page[code&255]
}
