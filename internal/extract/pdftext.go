package extract

import (
	"hash/maphash"
	"math"
	"strings"
	"unicode"
)

// pdfPen is where text ended on a page, and what was written lately.
type pdfPen struct {
	x, y     float64
	unit     float64
	ux, uy   float64
	char     float64 // the space between characters in the last operator
	blank    bool    // nothing has been written
	single   bool    // what was written last was one character
	dropping bool    // what was written last was there already
	shown    [pdfShownKept]pdfShown
	n        int
}

// pdfShown is a piece of text in its place, to know it again: shadows and false bold are the same text drawn twice.
type pdfShown struct {
	hash uint64
	x, y float64
}

const pdfShownKept = 256

var pdfHashSeed = maphash.MakeSeed()

func (pen *pdfPen) reset() {
	pen.n, pen.blank, pen.dropping = 0, true, false
}

// resume goes on where text was before something that is elsewhere.
func (pen *pdfPen) resume(before *pdfPen) { *pen = *before }

// again says whether the same text stands in this place already.
func (pen *pdfPen) again(hash uint64, x, y, unit float64) bool {
	for i := range min(pen.n, pdfShownKept) {
		s := &pen.shown[i]
		if s.hash == hash && math.Abs(s.x-x) < 0.2*unit && math.Abs(s.y-y) < 0.2*unit {
			return true
		}
	}
	return false
}

func (pen *pdfPen) note(hash uint64, x, y float64) {
	pen.shown[pen.n%pdfShownKept] = pdfShown{hash, x, y}
	pen.n++
}

// maxShown is how many bytes of a string are turned into text at a time: each of them may stand for 255 characters.
const maxShown = 2 * kib

// show writes a string at the present place.
func (c *pdfContent) show(s []byte) error {
	if len(s) == 0 || c.g.font == nil {
		return nil
	}
	font := c.p.fontOf(c.g.font)
	if font == nil {
		return c.p.f.err
	}
	whole := len(s) <= maxShown
	for len(s) > maxShown {
		n := maxShown
		if font.simple == nil {
			for n = 0; n < maxShown; { // up to the end of a code
				_, size := font.wide.code(s[n:])
				n += size
			}
		}
		if err := c.showPart(font, s[:n], false); err != nil {
			return err
		}
		s = s[n:]
	}
	return c.showPart(font, s, whole)
}

// showPart writes a part of a string, or the whole of it.
func (c *pdfContent) showPart(font *pdfFont, s []byte, whole bool) error {
	g, p := &c.g, c.p
	if len(s) == 0 || p.f.step(len(s)) != nil {
		return p.f.err
	}
	if !g.ready {
		g.prepare()
	}
	run := pdfRun{out: p.out[:0], part: !whole}
	if font.simple != nil {
		run.simple(font.simple, s)
	} else {
		p.wideRun(&run, font, s)
	}
	p.out = run.out
	if run.unread {
		p.f.lose(UnableToParseFile, "a font that does not say what its characters are")
	}
	if p.f.spend(len(run.out)) != nil {
		return p.f.err
	}
	x, y := g.place()
	if whole && run.codes == 2 && g.char > g.size*font.gap && g.char != p.pen.char {
		run.separate()
	}
	if len(run.out) > 0 {
		if err := c.put(&run, font, x, y); err != nil {
			return err
		}
	}
	along := run.width/1000*g.size + float64(run.codes)*g.char + float64(run.spaces)*g.word
	if font.wide != nil && font.wide.vertical {
		g.advance(0, -(float64(run.codes)*(g.size-g.char) - float64(run.spaces)*g.word))
	} else {
		g.advance(along*g.scale, 0)
	}
	p.pen.x, p.pen.y = g.place()
	p.pen.unit, p.pen.ux, p.pen.uy = g.unit, g.ux, g.uy
	return nil
}

// pdfRun is a string of codes turned into text.
type pdfRun struct {
	out    []byte
	first  int // length of the text of the first code
	width  float64
	codes  int
	spaces int // codes that word spacing applies to
	unread bool
	part   bool // of a longer string
}

func (r *pdfRun) simple(glyphs *[256]pdfGlyph, s []byte) {
	out, width, spaces := r.out, float32(0), 0
	for _, c := range s {
		g := &glyphs[c]
		if width += g.width; g.c != 0 {
			out = append(out, g.c)
		} else {
			out = append(out, g.text...)
			r.unread = r.unread || g.unread
		}
		if c == ' ' {
			spaces++
		}
	}
	r.out, r.width, r.codes, r.spaces = out, float64(width), len(s), spaces
	r.first = len(glyphs[s[0]].text)
}

// separate sets two characters apart, the end of a word and the beginning of the next: some writers say so by the space between
// characters, for these two alone. Where it lasts, words are spaced out.
func (r *pdfRun) separate() {
	if r.first == 0 || r.first == len(r.out) || r.out[r.first-1] == ' ' || r.out[r.first] == ' ' {
		return
	}
	r.out = append(r.out, 0)
	copy(r.out[r.first+1:], r.out[r.first:])
	r.out[r.first] = ' '
}

func (p *pdfReader) wideRun(r *pdfRun, font *pdfFont, s []byte) {
	for len(s) > 0 {
		code, n := font.wide.code(s)
		s = s[n:]
		g := p.wideGlyph(font, code, n)
		r.width += float64(g.width)
		if r.codes++; r.codes == 1 {
			r.first = len(g.text)
		}
		r.out = append(r.out, g.text...)
		r.unread = r.unread || g.unread
		if n == 1 && code == ' ' {
			r.spaces++
		}
	}
}

// put writes a run, with what separates it from the text before.
func (c *pdfContent) put(run *pdfRun, font *pdfFont, x, y float64) error {
	g, pen, out := &c.g, &c.p.pen, run.out
	hash := maphash.Bytes(pdfHashSeed, out)
	dx, dy := x-pen.x, y-pen.y
	along, across := dx*g.ux+dy*g.uy, -dx*g.uy+dy*g.ux
	if font.wide != nil && font.wide.vertical {
		along, across = -across, along
	}
	unit := max(g.unit, pen.unit, 0.01)
	// Text that is drawn twice begins before the pen.
	if !pen.blank && (along < -0.2*unit || pen.dropping) && pen.again(hash, x, y, unit) {
		pen.dropping = true
		return nil
	}
	pen.dropping = false
	pen.note(hash, x, y)
	single := run.codes == 1 && !run.part
	if !pen.blank && c.p.last != '\n' {
		if err := c.gap(font, along, across, unit, single && pen.single, out[0] == ' '); err != nil {
			return err
		}
	}
	pen.blank, pen.single = false, single
	return c.p.write(out)
}

// gap writes what separates the text to come from the text before: nothing, a space or a line break.
func (c *pdfContent) gap(font *pdfFont, along, across, unit float64, single, spaced bool) error {
	g, pen := &c.g, &c.p.pen
	turned := g.ux*pen.ux+g.uy*pen.uy < 0.9
	if turned || math.Abs(across) > unit*0.5 || along < -unit*3 {
		return c.p.write([]byte{'\n'})
	}
	if c.p.last == ' ' || spaced {
		return nil
	}
	word := font.gap
	if single && !font.exact {
		// Characters are placed one by one by a writer that knows other widths than we do.
		word = max(word, 0.25)
	}
	if along > unit*word || along < -unit*0.6 {
		return c.p.write([]byte{' '})
	}
	return nil
}

// write appends text to the page, or to the marked content that another text may stand for.
func (p *pdfReader) write(text []byte) error {
	p.last = text[len(text)-1]
	if p.actual != "" {
		if len(p.shown) < maxPDFText {
			p.shown = append(p.shown, text...)
			return nil
		}
		p.actual = "" // too long to be replaced
		if err := p.put(p.shown); err != nil {
			return err
		}
	}
	return p.put(text)
}

// beginMarked begins marked content; what stands for it counts for the outermost only.
func (p *pdfReader) beginMarked(actual string) {
	p.marks++
	if actual != "" && p.actual == "" {
		p.actual, p.actualAt = actual, p.marks
		p.shown = p.shown[:0]
	}
}

// endMarked ends it. Text that is given for what is drawn takes its place when it says as much, as for ligatures, and for what
// cannot be read. Otherwise both are written: what people see, and what programs are told.
func (p *pdfReader) endMarked() error {
	p.marks--
	if p.actual == "" || p.marks >= p.actualAt {
		return nil
	}
	actual := strings.ReplaceAll(p.actual, "\u00ad", "")
	p.actual = ""
	shown := string(p.shown)
	text := actual
	if lead := len(shown) - len(strings.TrimLeft(shown, " \n")); lead > 0 {
		text = shown[:lead] + text
	}
	if !strings.Contains(lettersOf(actual), lettersOf(shown)) {
		text = shown + " " + actual
	}
	if p.f.spend(len(text)) != nil || text == "" {
		return p.f.err
	}
	p.last = text[len(text)-1]
	return p.put([]byte(text))
}

func lettersOf(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}
