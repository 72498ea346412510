package extract

import (
	"io"
	"math"
	"slices"
)

type matrix [6]float64

var identity = matrix{1, 0, 0, 1, 0, 0}

// times is m followed by n.
func (m matrix) times(n matrix) matrix {
	return matrix{m[0]*n[0] + m[1]*n[2], m[0]*n[1] + m[1]*n[3], m[2]*n[0] + m[3]*n[2], m[2]*n[1] + m[3]*n[3],
		m[4]*n[0] + m[5]*n[2] + n[4], m[4]*n[1] + m[5]*n[3] + n[5]}
}

// pdfGraphics is the part of the graphics state that text needs.
type pdfGraphics struct {
	ctm, tm, lm               matrix
	font                      *pdfFontSlot
	size, char, word, leading float64
	rise                      float64
	scale                     float64

	// What follows from the matrices and the size; ready says that it does.
	ready  bool
	lin    [4]float64 // text space to page
	unit   float64    // the size of a character on the page
	ux, uy float64    // the direction of the line there, of length 1
}

func newPDFGraphics() pdfGraphics {
	return pdfGraphics{ctm: identity, tm: identity, lm: identity, scale: 1}
}

func (g *pdfGraphics) prepare() {
	t, m := &g.tm, &g.ctm
	g.lin = [4]float64{t[0]*m[0] + t[1]*m[2], t[0]*m[1] + t[1]*m[3], t[2]*m[0] + t[3]*m[2], t[2]*m[1] + t[3]*m[3]}
	g.unit = math.Abs(g.size) * math.Hypot(g.lin[2], g.lin[3])
	g.ux, g.uy = 1, 0
	if l := math.Hypot(g.lin[0], g.lin[1]); l > 0 {
		if g.size*g.scale < 0 {
			l = -l
		}
		g.ux, g.uy = g.lin[0]/l, g.lin[1]/l
	}
	g.ready = true
}

// place is where the next character goes on the page.
func (g *pdfGraphics) place() (x, y float64) {
	t, m := &g.tm, &g.ctm
	return t[4]*m[0] + t[5]*m[2] + m[4] + g.rise*g.lin[2], t[4]*m[1] + t[5]*m[3] + m[5] + g.rise*g.lin[3]
}

func (g *pdfGraphics) move(x, y float64) {
	g.lm[4] += x*g.lm[0] + y*g.lm[2]
	g.lm[5] += x*g.lm[1] + y*g.lm[3]
	if g.tm[0] != g.lm[0] || g.tm[1] != g.lm[1] || g.tm[2] != g.lm[2] || g.tm[3] != g.lm[3] {
		g.ready = false
	}
	g.tm = g.lm
}

func (g *pdfGraphics) advance(x, y float64) {
	g.tm[4] += x*g.tm[0] + y*g.tm[2]
	g.tm[5] += x*g.tm[1] + y*g.tm[3]
}

// pdfContent interprets one content stream: a page's, a form's or an annotation's.
type pdfContent struct {
	p         *pdfReader
	resources pdfResources
	fonts     map[string]*pdfFontSlot // by the names in the resources
	scan      *pdfScanner
	g         pdfGraphics
	stack     []pdfGraphics
	over      int // states saved beyond those kept
	marked    int // marked content that is open
	depth     int // of forms
}

const (
	maxPDFStates   = 256
	maxPDFForms    = 100_000 // on one page
	maxPDFFormNest = 12
)

func (c *pdfContent) run(r io.Reader) error {
	f := c.p.f
	c.scan = newPDFScanner(f, r)
	defer c.scan.close()
	for c.scan.next() {
		if f.step(16) != nil {
			break
		}
		if err := c.operator(); err != nil {
			return err
		}
	}
	for ; c.marked > 0; c.marked-- {
		if err := c.p.endMarked(); err != nil {
			return err
		}
	}
	return f.err
}

// Operators as the scanner gives them.
const (
	opLowQ  = 'q'
	opQ     = 'Q'
	opCM    = 'c' | 'm'<<8
	opBT    = 'B' | 'T'<<8
	opTf    = 'T' | 'f'<<8
	opTc    = 'T' | 'c'<<8
	opTw    = 'T' | 'w'<<8
	opTz    = 'T' | 'z'<<8
	opTs    = 'T' | 's'<<8
	opTL    = 'T' | 'L'<<8
	opTd    = 'T' | 'd'<<8
	opTD    = 'T' | 'D'<<8
	opTm    = 'T' | 'm'<<8
	opTStar = 'T' | '*'<<8
	opTj    = 'T' | 'j'<<8
	opTJ    = 'T' | 'J'<<8
	opQuote = '\''
	opTwo   = '"'
	opDo    = 'D' | 'o'<<8
	opGS    = 'g' | 's'<<8
	opSCN   = 'S' | 'C'<<8 | 'N'<<16
	opScn   = 's' | 'c'<<8 | 'n'<<16
	opID    = 'I' | 'D'<<8
	opBMC   = 'B' | 'M'<<8 | 'C'<<16
	opBDC   = 'B' | 'D'<<8 | 'C'<<16
	opEMC   = 'E' | 'M'<<8 | 'C'<<16
)

func (c *pdfContent) operator() error {
	g, s := &c.g, c.scan
	switch s.op {
	case opTj, opTJ, opQuote, opTwo:
		err := c.text()
		c.p.pen.char = g.char
		return err
	case opTd:
		g.move(s.num(0), s.num(1))
	case opTD:
		g.leading = -s.num(1)
		g.move(s.num(0), s.num(1))
	case opTStar:
		g.move(0, -g.leading)
	case opTm:
		g.lm = c.matrix()
		g.tm, g.ready = g.lm, false
	case opBT:
		g.tm, g.lm, g.ready = identity, identity, false
	case opTf:
		g.size, g.ready = s.num(1), false
		g.font = c.font(s.bytes(0))
	case opDo:
		return c.draw(string(s.bytes(0)))
	case opID:
		s.skipImage()
	case opBMC, opBDC:
		c.marked++
		c.p.beginMarked(c.actualText())
	case opEMC:
		if c.marked > 0 {
			c.marked--
			return c.p.endMarked()
		}
	case opGS:
		return c.graphicsState(string(s.bytes(0)))
	case opSCN, opScn:
		if n := len(s.args) - 1; s.is(n, argName) {
			return c.pattern(string(s.bytes(n)))
		}
	default:
		c.state()
	}
	return nil
}

// text is the operators that show some.
func (c *pdfContent) text() error {
	g, s := &c.g, c.scan
	switch s.op {
	case opTj:
		return c.show(s.bytes(0))
	case opTJ:
		return c.showParts()
	case opQuote:
		g.move(0, -g.leading)
		return c.show(s.bytes(0))
	}
	g.word, g.char = s.num(0), s.num(1)
	g.move(0, -g.leading)
	return c.show(s.bytes(2))
}

// state is the operators that only set something.
func (c *pdfContent) state() {
	g, s := &c.g, c.scan
	switch s.op {
	case opLowQ:
		if len(c.stack) < maxPDFStates {
			c.stack = append(c.stack, *g)
		} else {
			c.over++
		}
	case opQ:
		if n := len(c.stack); c.over > 0 {
			c.over--
		} else if n > 0 {
			*g = c.stack[n-1]
			c.stack = c.stack[:n-1]
		}
	case opCM:
		g.ctm, g.ready = c.matrix().times(g.ctm), false
	case opTc:
		g.char = s.num(0)
	case opTw:
		g.word = s.num(0)
	case opTz:
		g.scale, g.ready = s.num(0)/100, false
	case opTL:
		g.leading = s.num(0)
	case opTs:
		g.rise = s.num(0)
	}
}

// graphicsState takes a font from a dictionary of parameters, and the text of what masks the content to come.
func (c *pdfContent) graphicsState(name string) error {
	f := c.p.f
	d := f.dict(f.dict(f.resources(c.resources)["ExtGState"])[name])
	if a := f.array(d["Font"]); len(a) >= 2 {
		if ref, ok := a[0].(pdfRef); ok {
			c.g.font = c.p.fontByNumber(int(ref))
			c.g.size, c.g.ready = f.number(a[1], 0), false
		}
	}
	if mask, ok := f.resolve(d["SMask"]).(pdfDict); ok {
		return c.once(f.stream(mask["G"]))
	}
	return f.err
}

// pattern reads what an area is filled with: a watermark may be written so.
func (c *pdfContent) pattern(name string) error {
	f := c.p.f
	s := f.stream(f.dict(f.resources(c.resources)["Pattern"])[name])
	if s == nil || s.dict["PatternType"] != pdfNumber(1) {
		return f.err
	}
	return c.once(s)
}

// once runs a form that is not drawn in one place, the first time that a page uses it.
func (c *pdfContent) once(s *pdfStream) error {
	p := c.p
	if s == nil || slices.Contains(p.used, s.number) {
		return p.f.err
	}
	if len(p.used) >= 1000 {
		p.f.lose(UnableToParseFile, "a page of too many patterns")
		return p.f.err
	}
	p.used = append(p.used, s.number)
	if err := p.line(); err != nil {
		return err
	}
	pen := p.pen
	p.pen.reset()
	err := c.form(s)
	if err == nil {
		err = p.line()
	}
	p.pen.resume(&pen)
	return err
}

func (c *pdfContent) matrix() matrix {
	s := c.scan
	return matrix{s.num(0), s.num(1), s.num(2), s.num(3), s.num(4), s.num(5)}
}

func (c *pdfContent) font(name []byte) *pdfFontSlot {
	if slot := c.fonts[string(name)]; slot != nil {
		return slot
	}
	if c.fonts == nil || len(c.fonts) >= 1024 {
		c.fonts = map[string]*pdfFontSlot{}
	}
	slot := c.p.fontByName(c.resources, string(name))
	c.fonts[string(name)] = slot
	return slot
}

// showParts is TJ: strings, and moves between them.
func (c *pdfContent) showParts() error {
	g, s := &c.g, c.scan
	unit := -g.size * g.scale / 1000
	vertical := false
	if g.font != nil {
		if font := c.p.fontOf(g.font); font != nil && font.wide != nil && font.wide.vertical {
			vertical, unit = true, -g.size/1000
		}
	}
	for i := range s.args {
		switch a := &s.args[i]; {
		case a.kind == argString:
			if err := c.show(s.text[a.lo:a.hi]); err != nil {
				return err
			}
		case a.kind != argNumber:
		case vertical:
			g.advance(0, a.num*unit)
		default:
			g.advance(a.num*unit, 0)
		}
	}
	return nil
}

// actualText finds the text that stands for the content being marked; "" when there is none.
func (c *pdfContent) actualText() string {
	f, s := c.p.f, c.scan
	if s.is(1, argName) {
		d := f.dict(f.dict(f.resources(c.resources)["Properties"])[string(s.bytes(1))])
		return c.p.text(d["ActualText"])
	}
	depth := 0
	for i := range s.args {
		switch a := s.args[i]; a.kind {
		case argDict, argArray:
			depth++
		case argDictEnd, argArrayEnd:
			depth--
		case argName:
			if depth == 1 && string(s.bytes(i)) == "ActualText" && s.is(i+1, argString) {
				return pdfText(s.bytes(i + 1))
			}
		}
	}
	return ""
}

// draw runs a form: content that is used in several places.
func (c *pdfContent) draw(name string) error {
	f := c.p.f
	v := f.dict(f.resources(c.resources)["XObject"])[name]
	s := f.stream(v)
	if s == nil {
		return f.miss(v, "a part of a page is missing")
	}
	if kind := f.name(s.dict["Subtype"]); kind != "Form" && (kind != "" || s.dict["BBox"] == nil) {
		return nil
	}
	return c.form(s)
}

func (c *pdfContent) form(s *pdfStream) error {
	p, f := c.p, c.p.f
	if slices.Contains(p.drawing, s.number) {
		return nil // it would draw itself for ever
	}
	if p.forms++; p.forms > maxPDFForms || c.depth >= maxPDFFormNest {
		f.lose(UnableToParseFile, "too many forms in forms")
		return f.err
	}
	r, err := f.decode(s)
	if err != nil {
		f.lose(UnableToParseFile, "a part of a page cannot be decoded")
		return f.err
	}
	defer r.close()
	inner := &pdfContent{p: p, resources: f.resourcesOf(s.dict, s.number, c.resources), g: c.g, depth: c.depth + 1}
	if m := f.array(s.dict["Matrix"]); len(m) == 6 {
		var own matrix
		for i := range own {
			own[i] = f.number(m[i], 0)
		}
		inner.g.ctm, inner.g.ready = own.times(c.g.ctm), false
	}
	p.drawing = append(p.drawing, s.number)
	err = inner.run(r)
	p.drawing = p.drawing[:len(p.drawing)-1]
	return err
}
