package extract

import (
	"bytes"
	"io"
	"math"
	"strings"
)

// pdfReader follows the pages of a file and writes their text: characters in the order of the content, with a space or a line
// break where the next one stands apart.
type pdfReader struct {
	f     *pdfFile
	b     *builder
	fonts map[int]*pdfFont
	pageN int64
	forms int // drawn on this page
	last  byte
}

const (
	maxPDFPages    = 1_000_000
	maxPDFTree     = 64
	maxPDFForms    = 10_000 // on one page
	maxPDFFormNest = 12
	maxPDFFonts    = 512 // kept
)

func (p *pdfReader) pages() error {
	return p.tree(p.f.root()["Pages"], nil, 0, map[int]bool{})
}

// tree walks the page tree; resources are inherited.
func (p *pdfReader) tree(v any, resources any, depth int, seen map[int]bool) error {
	if err := p.f.w.alive(); err != nil {
		return err
	}
	if ref, ok := v.(pdfRef); ok {
		if seen[int(ref)] || len(seen) > maxPDFPages {
			return nil
		}
		seen[int(ref)] = true
	}
	d, _ := p.f.resolve(v).(pdfDict)
	if d == nil || depth > maxPDFTree {
		return nil
	}
	if r, ok := d["Resources"]; ok {
		resources = r
	}
	kids, isNode := p.f.resolve(d["Kids"]).([]any)
	if isNode {
		for _, k := range kids {
			if err := p.tree(k, resources, depth+1, seen); err != nil {
				return err
			}
		}
		return nil
	}
	return p.page(d, resources)
}

func (p *pdfReader) page(d pdfDict, resources any) error {
	p.pageN++
	p.forms = 0
	p.b.mark(Page, 0, p.pageN, 0)
	var parts []io.Reader
	for _, c := range list(p.f.resolve(d["Contents"])) {
		if s, ok := p.f.resolve(c).(*pdfStream); ok && len(parts) < 10_000 {
			if r, err := p.f.decode(s, true); err == nil {
				parts = append(parts, r, strings.NewReader("\n"))
			}
		}
	}
	res, _ := p.f.resolve(resources).(pdfDict)
	c := &pdfContent{p: p, resources: res}
	c.g.ctm, c.g.tm, c.g.lm = identity, identity, identity
	c.g.scale = 1
	c.reset()
	if err := c.run(io.MultiReader(parts...), 0); err != nil {
		return err
	}
	if err := p.annotations(d); err != nil {
		return err
	}
	p.last = '\n'
	return p.b.writeByte('\n')
}

// annotations writes what stands in form fields and notes.
func (p *pdfReader) annotations(page pdfDict) error {
	list, _ := p.f.resolve(page["Annots"]).([]any)
	for _, a := range list[:min(len(list), 100_000)] {
		d, _ := p.f.resolve(a).(pdfDict)
		name := ""
		for q, n := d, 0; q != nil && n < 16; n++ {
			if s, ok := p.f.resolve(q["T"]).(pdfString); ok && name == "" {
				name = pdfText(s)
			}
			for _, key := range []string{"V", "Contents"} {
				s, ok := p.f.resolve(q[key]).(pdfString)
				if !ok || len(s) == 0 {
					continue
				}
				if err := p.b.write([]byte("\n" + name + ": " + pdfText(s))); err != nil {
					return err
				}
			}
			q, _ = p.f.resolve(q["Parent"]).(pdfDict)
		}
	}
	return nil
}

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
	font                      *pdfFont
	size, char, word, leading float64
	scale                     float64
}

// pdfContent interprets one content stream.
type pdfContent struct {
	p         *pdfReader
	resources pdfDict
	g         pdfGraphics
	stack     []pdfGraphics
	args      []any
	endX      float64 // where the text before ended, along the line
	endY      float64
	endSize   float64
	blank     bool // nothing has been written
}

func (c *pdfContent) reset() { c.blank = true }

const pdfWindow = 64 * kib

// run lexes the content in a window that slides over it; a value longer than the window is dropped.
func (c *pdfContent) run(r io.Reader, depth int) error {
	size := pdfWindow
	buf := make([]byte, size)
	n, eof := 0, false
	for {
		for n < len(buf) && !eof {
			k, err := r.Read(buf[n:])
			n += k
			if err != nil {
				var stopped errStop
				if asStop(err, &stopped) {
					return err
				}
				eof = true
			}
		}
		l := pdfLexer{b: buf[:n]}
		done := 0
		for {
			if eof && l.pos >= n {
				break
			}
			v := l.object(0)
			if l.short && !eof {
				break
			}
			if w, ok := v.(pdfWord); ok {
				if w == "BI" {
					if !skipImage(&l) && !eof {
						break
					}
				} else if err := c.operator(string(w), depth); err != nil {
					return err
				}
				c.args = c.args[:0]
			} else if len(c.args) < 64 {
				c.args = append(c.args, v)
			}
			done = l.pos
			if l.short {
				break
			}
		}
		if eof {
			return nil
		}
		if done == 0 {
			if len(buf) < 8*pdfWindow {
				buf = append(buf, make([]byte, len(buf))...)
				continue
			}
			done = n // nothing that could be text is that long
			c.args = c.args[:0]
		}
		n = copy(buf, buf[done:n])
	}
}

// skipImage passes over an inline image: from ID to EI.
func skipImage(l *pdfLexer) bool {
	i := bytes.Index(l.b[l.pos:], []byte("ID"))
	if i < 0 {
		return false
	}
	for at := l.pos + i + 2; ; {
		k := bytes.Index(l.b[at:], []byte("EI"))
		if k < 0 {
			return false
		}
		at += k + 2
		if pdfSpace(l.b[at-3]) && (at >= len(l.b) || pdfSpace(l.b[at])) {
			l.pos = at
			return true
		}
	}
}

func (c *pdfContent) num(i int) float64 {
	if i < len(c.args) {
		if n, ok := c.args[i].(pdfNumber); ok {
			return float64(n)
		}
	}
	return 0
}

func (c *pdfContent) operator(op string, depth int) error {
	g := &c.g
	switch op {
	case "q":
		if len(c.stack) < 1000 {
			c.stack = append(c.stack, *g)
		}
	case "Q":
		if n := len(c.stack); n > 0 {
			*g = c.stack[n-1]
			c.stack = c.stack[:n-1]
		}
	case "cm":
		g.ctm = c.matrix().times(g.ctm)
	case "BT":
		g.tm, g.lm = identity, identity
	case "Tf":
		g.size = c.num(1)
		if name, ok := c.arg(0).(pdfName); ok {
			g.font = c.font(string(name))
		}
	case "Tc":
		g.char = c.num(0)
	case "Tw":
		g.word = c.num(0)
	case "Tz":
		g.scale = c.num(0) / 100
	case "TL":
		g.leading = c.num(0)
	case "Td":
		c.move(c.num(0), c.num(1))
	case "TD":
		g.leading = -c.num(1)
		c.move(c.num(0), c.num(1))
	case "Tm":
		g.lm = c.matrix()
		g.tm = g.lm
	case "T*":
		c.move(0, -g.leading)
	case "Tj":
		return c.show(c.arg(0))
	case "'":
		c.move(0, -g.leading)
		return c.show(c.arg(0))
	case "\"":
		g.word, g.char = c.num(0), c.num(1)
		c.move(0, -g.leading)
		return c.show(c.arg(2))
	case "TJ":
		parts, _ := c.arg(0).([]any)
		for _, x := range parts {
			if n, ok := x.(pdfNumber); ok {
				c.advance(-float64(n) / 1000 * g.size * g.scale)
				continue
			}
			if err := c.show(x); err != nil {
				return err
			}
		}
	case "Do":
		return c.draw(depth)
	}
	return nil
}

func (c *pdfContent) arg(i int) any {
	if i < len(c.args) {
		return c.args[i]
	}
	return nil
}

func (c *pdfContent) matrix() matrix {
	return matrix{c.num(0), c.num(1), c.num(2), c.num(3), c.num(4), c.num(5)}
}

func (c *pdfContent) move(x, y float64) {
	c.g.lm = matrix{1, 0, 0, 1, x, y}.times(c.g.lm)
	c.g.tm = c.g.lm
}

func (c *pdfContent) advance(x float64) { c.g.tm = matrix{1, 0, 0, 1, x, 0}.times(c.g.tm) }

func (c *pdfContent) font(name string) *pdfFont {
	fonts, _ := c.p.f.resolve(c.resources["Font"]).(pdfDict)
	v := fonts[name]
	ref, isRef := v.(pdfRef)
	if isRef {
		if f := c.p.fonts[int(ref)]; f != nil {
			return f
		}
	}
	f := c.p.f.font(v)
	if isRef {
		if len(c.p.fonts) >= maxPDFFonts {
			clear(c.p.fonts)
		}
		c.p.fonts[int(ref)] = f
	}
	return f
}

// show writes a string at the present place.
func (c *pdfContent) show(v any) error {
	s, _ := v.(pdfString)
	g := &c.g
	if len(s) == 0 || g.font == nil {
		return nil
	}
	// Where the text starts on the page, and how large it is there; the page's own directions are those of its first line.
	m := g.tm.times(g.ctm)
	size := math.Abs(g.size) * math.Hypot(m[2], m[3])
	if err := c.gap(m[4], m[5], size); err != nil {
		return err
	}
	step := 1
	if g.font.wide {
		step = 2
	}
	for i := 0; i+step <= len(s); i += step {
		code := uint32(s[i])
		if step == 2 {
			code = code<<8 | uint32(s[i+1])
		}
		text := g.font.char(code)
		if text != "" && text != "\x00" {
			if err := c.p.b.write([]byte(text)); err != nil {
				return err
			}
			c.p.last = text[len(text)-1]
			c.blank = false
		}
		w := g.font.width(code)/1000*g.size + g.char
		if step == 1 && code == ' ' {
			w += g.word
		}
		c.advance(w * g.scale)
	}
	m = g.tm.times(g.ctm)
	c.endX, c.endY, c.endSize = m[4], m[5], size
	return nil
}

// gap writes what separates the text to come from the text before: nothing, a space or a line break.
func (c *pdfContent) gap(x, y, size float64) error {
	if c.blank || c.p.last == '\n' {
		return nil
	}
	dx, dy := x-c.endX, y-c.endY
	// Text may run in any direction; its own is that of the matrix.
	m := c.g.tm.times(c.g.ctm)
	if l := math.Hypot(m[0], m[1]); l > 0 {
		dx, dy = (dx*m[0]+dy*m[1])/l, (-dx*m[1]+dy*m[0])/l
	}
	unit := max(size, c.endSize, 0.01)
	switch {
	case math.Abs(dy) > unit*0.5 || dx < -unit*3:
		c.p.last = '\n'
		return c.p.b.writeByte('\n')
	case c.p.last == ' ':
		return nil
	case dx > unit*0.17 && c.g.font.known, dx > unit*0.6, dx < -unit*0.6:
		c.p.last = ' '
		return c.p.b.writeByte(' ')
	}
	return nil
}

// draw runs a form: content that is used in several places.
func (c *pdfContent) draw(depth int) error {
	name, _ := c.arg(0).(pdfName)
	objects, _ := c.p.f.resolve(c.resources["XObject"]).(pdfDict)
	s, _ := c.p.f.resolve(objects[string(name)]).(*pdfStream)
	if s == nil || c.p.f.resolve(s.dict["Subtype"]) != pdfName("Form") || depth >= maxPDFFormNest {
		return nil
	}
	if c.p.forms++; c.p.forms > maxPDFForms {
		return nil
	}
	r, err := c.p.f.decode(s, true)
	if err != nil {
		return nil
	}
	inner := &pdfContent{p: c.p, resources: c.resources, g: c.g, endX: c.endX, endY: c.endY, endSize: c.endSize, blank: c.blank}
	if res, ok := c.p.f.resolve(s.dict["Resources"]).(pdfDict); ok {
		inner.resources = res
	}
	if m, ok := c.p.f.resolve(s.dict["Matrix"]).([]any); ok && len(m) == 6 {
		inner.args = m
		inner.g.ctm = inner.matrix().times(c.g.ctm)
		inner.args = nil
	}
	if err := inner.run(r, depth+1); err != nil {
		return err
	}
	c.endX, c.endY, c.endSize, c.blank = inner.endX, inner.endY, inner.endSize, inner.blank
	return nil
}
