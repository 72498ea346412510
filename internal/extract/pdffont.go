package extract

import (
	"sort"
	"strconv"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
)

// pdfFont turns the codes of a font into text and widths.
type pdfFont struct {
	simple *[256]pdfGlyph // fonts with codes of one byte
	wide   *pdfWide       // and the others
	gap    float64        // what part of the size separates two words
	known  bool           // widths are
	exact  bool           // they are the file's own
	cost   int64          // memory held
}

// pdfGlyph is what a code stands for.
type pdfGlyph struct {
	text   string
	width  float32 // thousandths of the size
	c      byte    // the text, when it is one byte
	unread bool    // it stands for something, and what is not known
}

func (g *pdfGlyph) set(text string) {
	g.text, g.unread = text, false
	if g.c = 0; len(text) == 1 {
		g.c = text[0]
	}
}

// pdfWide is a composite font. Glyphs are worked out when a code is first used, 256 at a time.
type pdfWide struct {
	lengths   *[256]uint8 // of codes, by their first byte
	toUnicode *pdfCMap
	encoding  *pdfCMap // of codes to glyphs; nil: they are the same
	charset   *pdfCharset
	widths    []pdfWidth
	missing   float32
	vertical  bool
	pages     map[uint32]*[256]pdfGlyph
}

// pdfWidth is the width of the glyphs from lo to hi.
type pdfWidth struct {
	lo, hi uint32
	width  float32
}

// pdfCharset says what the codes of a predefined encoding are.
type pdfCharset struct {
	lengths [256]uint8
	unicode bool // the codes are UTF-16
	enc     encoding.Encoding
	high    uint32 // set in each byte before decoding
}

// pdfWordGap is the part of the size that sets words apart: more than kerning does, less than the narrowest of spaces.
const pdfWordGap = 0.14

const pdfGlyphPage = 256*32 + 64

// font builds the font that v describes. Nothing of the file stays with it but what is accounted in cost.
func (f *pdfFile) font(v any) *pdfFont {
	f.spend(kib)
	d := f.dict(v)
	font := &pdfFont{}
	var to *pdfCMap
	var identity bool
	switch t := f.resolve(d["ToUnicode"]).(type) {
	case *pdfStream:
		to = f.readCMap(t)
	case pdfName:
		identity = strings.HasPrefix(string(t), "Identity")
	}
	if f.name(d["Subtype"]) == "Type0" {
		f.wideFont(font, d, to, identity)
	} else {
		f.simpleFont(font, d, to)
	}
	return font
}

func (f *pdfFile) wideFont(font *pdfFont, d pdfDict, to *pdfCMap, identity bool) {
	w := &pdfWide{toUnicode: to, missing: 1000, lengths: &twoByteCodes, pages: map[uint32]*[256]pdfGlyph{}}
	font.wide, font.known, font.exact = w, true, true
	switch e := f.resolve(d["Encoding"]).(type) {
	case pdfName:
		name := string(e)
		w.vertical = strings.HasSuffix(name, "-V") || name == "V"
		if w.charset = pdfCharsetOf(name); w.charset != nil {
			w.lengths = &w.charset.lengths
		}
	case *pdfStream:
		if m := f.readCMap(e); m != nil {
			w.encoding, w.vertical = m, m.vertical || f.number(e.dict["WMode"], 0) == 1
			if w.charset = pdfCharsetOf(m.uses); w.charset != nil {
				w.lengths = &w.charset.lengths
			}
			if m.declared {
				w.lengths = &m.lengths
			}
		}
	}
	if identity && w.charset == nil {
		w.charset = &pdfCharset{lengths: twoByteCodes, unicode: true}
	}
	var kid pdfDict
	if kids := list(f.resolve(d["DescendantFonts"])); len(kids) > 0 {
		kid = f.dict(kids[0])
	}
	w.missing = float32(f.number(kid["DW"], 1000))
	f.wideWidths(w, f.array(kid["W"]))
	font.gap = pdfWordGap
	font.cost = int64(cap(w.widths))*12 + 512
	for _, m := range []*pdfCMap{w.toUnicode, w.encoding} {
		if m != nil {
			font.cost += m.cost()
		}
	}
}

// wideWidths reads the W array of a composite font: c [w …] or c1 c2 w.
func (f *pdfFile) wideWidths(w *pdfWide, a []any) {
	most := int(min(maxCMapItems, f.most()/16))
	add := func(lo, hi float64, width any) {
		if lo >= 0 && hi >= lo && hi < 1<<31 && len(w.widths) < most {
			w.widths = append(w.widths, pdfWidth{uint32(lo), uint32(hi), float32(f.number(width, 0))})
		}
	}
	for i := 0; i+1 < len(a) && f.step(1) == nil; {
		first := f.number(a[i], 0)
		switch x := f.resolve(a[i+1]).(type) {
		case []any:
			for k, v := range x {
				if len(w.widths) >= most || f.step(1) != nil {
					break
				}
				add(first+float64(k), first+float64(k), v)
			}
			i += 2
		case pdfNumber:
			if i+2 < len(a) {
				add(first, float64(x), a[i+2])
			}
			i += 3
		default:
			i = len(a)
		}
	}
	sort.SliceStable(w.widths, func(i, j int) bool { return w.widths[i].lo < w.widths[j].lo })
}

func (w *pdfWide) width(glyph uint32) float32 {
	i := sort.Search(len(w.widths), func(i int) bool { return w.widths[i].lo > glyph })
	if i > 0 && glyph <= w.widths[i-1].hi {
		return w.widths[i-1].width
	}
	return w.missing
}

// glyph fills what is known of a code.
func (w *pdfWide) glyph(code uint32, n int) (g pdfGlyph) {
	glyph := code
	if w.encoding != nil {
		if v, ok := w.encoding.glyph(code); ok {
			glyph = v
		}
	}
	g.width = w.width(glyph)
	if w.toUnicode != nil {
		if s, ok := w.toUnicode.text(code); ok {
			g.set(s)
			return g
		}
	}
	if w.charset != nil {
		if s := w.charset.text(code, n); s != "" {
			g.set(s)
			return g
		}
	}
	g.unread = code != 0
	return g
}

// code reads the next code of a string.
func (w *pdfWide) code(s []byte) (code uint32, n int) {
	n = max(1, int(w.lengths[s[0]]))
	if n > len(s) {
		n = len(s)
	}
	return cmapCode(s[:n]), n
}

var twoByteCodes = func() (t [256]uint8) {
	for i := range t {
		t[i] = 2
	}
	return t
}()

// pdfCharsetOf knows the predefined encodings by their names, or nil for those whose codes are glyphs. Their maps to glyphs are not
// needed: what the codes mean is what the charset in the name says.
func pdfCharsetOf(name string) *pdfCharset {
	c := &pdfCharset{}
	two := func(from, to int) {
		for i := from; i <= to; i++ {
			c.lengths[i] = 2
		}
	}
	charset := ""
	switch {
	case strings.Contains(name, "UTF16") || strings.Contains(name, "UCS2"):
		c.unicode = true
		two(0, 255)
		for i := 0xd8; i <= 0xdb; i++ {
			c.lengths[i] = 4
		}
		return c
	case strings.Contains(name, "RKSJ"):
		charset = "shift_jis"
		two(0x81, 0x9f)
		two(0xe0, 0xfc)
	case strings.HasPrefix(name, "GBK2K"), strings.HasPrefix(name, "GBK"), strings.HasPrefix(name, "GBpc"), strings.HasPrefix(name, "GB-EUC"):
		charset = "gb18030"
		two(0x81, 0xfe)
	case strings.Contains(name, "B5") || strings.HasPrefix(name, "HKscs"):
		charset = "big5"
		two(0x81, 0xfe)
	case strings.HasPrefix(name, "KSC"):
		charset = "euc-kr"
		two(0x81, 0xfe)
	case strings.HasPrefix(name, "EUC-"):
		charset = "euc-jp"
		two(0xa1, 0xfe)
		c.lengths[0x8e] = 2
	case name == "H" || name == "V":
		charset, c.high = "euc-jp", 0x80
		two(0, 255)
	default:
		return nil
	}
	enc, err := htmlindex.Get(charset)
	if err != nil {
		return nil
	}
	c.enc = enc
	return c
}

func (c *pdfCharset) text(code uint32, n int) string {
	if c.unicode {
		if n == 4 {
			return string(rune(0x10000 + (code>>16&0x3ff)<<10 + code&0x3ff))
		}
		return cleanRune(rune(code))
	}
	var b [4]byte
	for i := range n {
		b[i] = byte(code>>(8*(n-1-i))) | byte(c.high)
	}
	s, err := c.enc.NewDecoder().Bytes(b[:n])
	if err != nil {
		return ""
	}
	out := ""
	for _, r := range string(s) {
		out += cleanRune(r)
	}
	return out
}

func (f *pdfFile) simpleFont(font *pdfFont, d pdfDict, to *pdfCMap) {
	font.simple = new([256]pdfGlyph)
	font.cost = 256*32 + 256
	f.simpleEncoding(font, d)
	for i := range font.simple {
		if to != nil {
			if s, ok := to.text(uint32(i)); ok {
				font.simple[i].set(s)
			}
		}
	}
	if g := &font.simple[' ']; g.text == "" && !g.unread {
		g.set(" ") // a space that is no glyph takes its room all the same
	}
	for _, c := range "\x00\n\r" { // ends of lines between the parts of a string are no text
		if font.simple[c].unread {
			font.simple[c].set("")
		}
	}
	f.simpleWidths(font, d)
	font.gap = pdfWordGap
	if !font.known {
		font.gap = 0.6
	}
}

func (f *pdfFile) simpleWidths(font *pdfFont, d pdfDict) {
	a := f.array(d["Widths"])
	if a == nil {
		widths, known := standardWidth(string(f.name(d["BaseFont"])))
		font.known = known
		for i := range font.simple {
			font.simple[i].width = widths[i]
		}
		return
	}
	font.known, font.exact = true, true
	missing := f.number(f.dict(d["FontDescriptor"])["MissingWidth"], 0)
	unit := 1.0
	if m := f.array(d["FontMatrix"]); len(m) > 0 && f.name(d["Subtype"]) == "Type3" { // widths are in its own units
		unit = 1000 * f.number(m[0], 0.001)
	}
	for i := range font.simple {
		font.simple[i].width = float32(missing)
	}
	first := int(f.number(d["FirstChar"], 0))
	for i, w := range a[:min(len(a), 256)] {
		if c := first + i; c >= 0 && c < 256 {
			font.simple[c].width = float32(f.number(w, 0) * unit)
		}
	}
	if font.simple[' '].width == 0 {
		font.simple[' '].width = 250 // the font has none; words are set apart by moves
	}
}

// simpleEncoding says what each code means by the font's encoding.
func (f *pdfFile) simpleEncoding(font *pdfFont, d pdfDict) {
	enc := f.resolve(d["Encoding"])
	name, _ := enc.(pdfName)
	differences, _ := enc.(pdfDict)
	if differences != nil {
		name = f.name(differences["BaseEncoding"])
	}
	base := f.baseEncoding(name, d)
	for i := range font.simple {
		if s := base[i]; s != "" {
			font.simple[i].set(s)
		} else {
			font.simple[i].unread = i < ' '
		}
	}
	code := 0
	for _, x := range f.array(differences["Differences"]) {
		if f.step(1) != nil {
			return
		}
		switch x := f.resolve(x).(type) {
		case pdfNumber:
			code = int(x)
		case pdfName:
			if code >= 0 && code < 256 {
				g := &font.simple[code]
				s := namedGlyph(string(x), code)
				g.set(s)
				g.unread = s == "" && x != ".notdef"
			}
			code++
		}
	}
}

// namedGlyph is glyph for a font's own names too: a letter and the code itself in decimals, as some writers have it.
func namedGlyph(name string, code int) string {
	s := glyph(name)
	if s == "" && len(name) > 1 && code > ' ' && code < 0x7f {
		if n, err := strconv.Atoi(name[1:]); err == nil && n == code {
			return string(rune(code))
		}
	}
	out := ""
	for _, r := range s {
		out += cleanRune(r)
	}
	return out
}

func (f *pdfFile) baseEncoding(name pdfName, d pdfDict) *pdfEncoding {
	base := string(f.name(d["BaseFont"]))
	switch {
	case strings.Contains(base, "ZapfDingbats"):
		return dingbatsEncoding()
	case name == "MacRomanEncoding":
		return macRomanEncoding()
	case name == "WinAnsiEncoding":
		return winAnsiEncoding()
	case name == "StandardEncoding":
		return standardEncoding()
	case base == "Symbol" || strings.HasSuffix(base, "+Symbol"):
		return symbolEncoding()
	}
	if e := f.builtInEncoding(d); e != nil {
		return e
	}
	switch f.name(d["Subtype"]) {
	case "Type1", "MMType1":
		return standardEncoding()
	}
	return winAnsiEncoding()
}
