package extract

import (
	"io"
	"strconv"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"
)

// pdfFont turns the codes of a font into characters and widths.
type pdfFont struct {
	wide    bool // codes are two bytes
	unicode bool // codes are UTF-16 themselves
	simple  [256]string
	chars   map[uint32]string
	ranges  []cmapRange
	widths  map[uint32]float64 // thousandths
	missing float64
	known   bool // widths are
}

// cmapRange maps codes from lo to hi to characters from to on.
type cmapRange struct {
	lo, hi uint32
	to     []uint16
}

const (
	maxCMap      = 4 * mib
	maxCMapItems = 70_000
)

func (f *pdfFile) font(v any) *pdfFont {
	d, _ := f.resolve(v).(pdfDict)
	font := &pdfFont{missing: 500}
	if d == nil {
		for i := range font.simple {
			font.simple[i] = string(rune(i))
		}
		return font
	}
	if s, ok := f.resolve(d["ToUnicode"]).(*pdfStream); ok {
		f.readCMap(font, s)
	}
	if f.resolve(d["Subtype"]) == pdfName("Type0") {
		font.wide = true
		if name, ok := f.resolve(d["Encoding"]).(pdfName); ok {
			font.unicode = strings.Contains(string(name), "UCS2") || strings.Contains(string(name), "UTF16")
		}
		if kids := list(f.resolve(d["DescendantFonts"])); len(kids) > 0 {
			kid, _ := f.resolve(kids[0]).(pdfDict)
			f.wideWidths(font, kid)
		}
		return font
	}
	f.simpleEncoding(font, d)
	first, _ := f.resolve(d["FirstChar"]).(pdfNumber)
	if list, ok := f.resolve(d["Widths"]).([]any); ok {
		font.known = true
		font.widths = map[uint32]float64{}
		for i, w := range list[:min(len(list), 256)] {
			if n, ok := f.resolve(w).(pdfNumber); ok {
				font.widths[uint32(int(first)+i)] = float64(n)
			}
		}
		if desc, ok := f.resolve(d["FontDescriptor"]).(pdfDict); ok {
			if n, ok := f.resolve(desc["MissingWidth"]).(pdfNumber); ok {
				font.missing = float64(n)
			}
		}
		if m, ok := f.resolve(d["FontMatrix"]).([]any); ok && len(m) > 0 { // Type 3: widths are in its own units
			if n, ok := f.resolve(m[0]).(pdfNumber); ok && n > 0 {
				for k := range font.widths {
					font.widths[k] *= 1000 * float64(n)
				}
			}
		}
	}
	return font
}

// wideWidths reads the W array of a composite font: c [w …] or c1 c2 w.
func (f *pdfFile) wideWidths(font *pdfFont, kid pdfDict) {
	font.missing, font.known = 1000, true
	if n, ok := f.resolve(kid["DW"]).(pdfNumber); ok {
		font.missing = float64(n)
	}
	font.widths = map[uint32]float64{}
	w, _ := f.resolve(kid["W"]).([]any)
	for i := 0; i+1 < len(w); {
		first, _ := f.resolve(w[i]).(pdfNumber)
		switch x := f.resolve(w[i+1]).(type) {
		case []any:
			for k, v := range x {
				if n, ok := f.resolve(v).(pdfNumber); ok && len(font.widths) < maxCMapItems {
					font.widths[uint32(int(first)+k)] = float64(n)
				}
			}
			i += 2
		case pdfNumber:
			if i+2 >= len(w) {
				return
			}
			n, _ := f.resolve(w[i+2]).(pdfNumber)
			for c := int(first); c <= int(x) && len(font.widths) < maxCMapItems; c++ {
				font.widths[uint32(c)] = float64(n)
			}
			i += 3
		default:
			return
		}
	}
}

func (f *pdfFile) simpleEncoding(font *pdfFont, d pdfDict) {
	base := charmap.Windows1252
	enc := f.resolve(d["Encoding"])
	name, _ := enc.(pdfName)
	dict, _ := enc.(pdfDict)
	if dict != nil {
		name, _ = f.resolve(dict["BaseEncoding"]).(pdfName)
	}
	if name == "MacRomanEncoding" {
		base = charmap.Macintosh
	}
	for i := range font.simple {
		if r := base.DecodeByte(byte(i)); r >= ' ' {
			font.simple[i] = string(r)
		}
	}
	if dict == nil {
		return
	}
	code := 0
	diffs, _ := f.resolve(dict["Differences"]).([]any)
	for _, x := range diffs {
		switch x := f.resolve(x).(type) {
		case pdfNumber:
			code = int(x)
		case pdfName:
			if code >= 0 && code < 256 {
				if s := glyph(string(x)); s != "" {
					font.simple[code] = s
				}
			}
			code++
		}
	}
}

// glyph says which character a glyph's name stands for: the names of ASCII, letters with an accent, and uniXXXX.
func glyph(name string) string {
	name, _, _ = strings.Cut(name, ".")
	if len(name) == 1 {
		return name
	}
	if s, ok := glyphs[name]; ok {
		return s
	}
	if hex, ok := strings.CutPrefix(name, "uni"); ok && len(hex) >= 4 {
		if v, err := strconv.ParseUint(hex[:4], 16, 16); err == nil {
			return string(rune(v))
		}
	}
	if hex, ok := strings.CutPrefix(name, "u"); ok && len(hex) >= 4 && len(hex) <= 6 {
		if v, err := strconv.ParseUint(hex, 16, 21); err == nil {
			return string(rune(v))
		}
	}
	if len(name) > 1 {
		if mark, ok := accents[name[1:]]; ok {
			return norm.NFC.String(name[:1] + mark)
		}
	}
	return ""
}

var accents = map[string]string{"acute": "\u0301", "grave": "\u0300", "circumflex": "\u0302", "dieresis": "\u0308", "tilde": "\u0303",
	"ring": "\u030a", "cedilla": "\u0327", "caron": "\u030c", "ogonek": "\u0328", "macron": "\u0304", "breve": "\u0306",
	"dotaccent": "\u0307", "hungarumlaut": "\u030b"}

var glyphs = map[string]string{"space": " ", "exclam": "!", "quotedbl": `"`, "numbersign": "#", "dollar": "$", "percent": "%",
	"ampersand": "&", "quotesingle": "'", "quoteright": "’", "quoteleft": "‘", "parenleft": "(", "parenright": ")", "asterisk": "*",
	"plus": "+", "comma": ",", "hyphen": "-", "minus": "-", "sfthyphen": "-", "period": ".", "slash": "/", "zero": "0", "one": "1",
	"two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "colon": ":",
	"semicolon": ";", "less": "<", "equal": "=", "greater": ">", "question": "?", "at": "@", "bracketleft": "[", "backslash": `\`,
	"bracketright": "]", "asciicircum": "^", "underscore": "_", "grave": "`", "braceleft": "{", "bar": "|", "braceright": "}",
	"asciitilde": "~", "endash": "–", "emdash": "—", "bullet": "•", "ellipsis": "…", "fi": "fi", "fl": "fl", "ff": "ff", "ffi": "ffi",
	"ffl": "ffl", "germandbls": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "oslash": "ø", "Oslash": "Ø", "dotlessi": "ı",
	"lslash": "ł", "Lslash": "Ł", "eth": "ð", "Eth": "Ð", "thorn": "þ", "Thorn": "Þ", "Euro": "€", "sterling": "£", "yen": "¥",
	"cent": "¢", "section": "§", "degree": "°", "mu": "µ", "nbspace": " ", "quotedblleft": "“", "quotedblright": "”"}

// readCMap reads a ToUnicode map.
func (f *pdfFile) readCMap(font *pdfFont, s *pdfStream) {
	r, err := f.decode(s, true)
	if err != nil {
		return
	}
	b, _ := io.ReadAll(io.LimitReader(r, maxCMap))
	l := pdfLexer{b: b}
	font.chars = map[uint32]string{}
	var args []any
	for !l.short {
		v := l.object(0)
		w, ok := v.(pdfWord)
		if !ok {
			if len(args) < 3*maxCMapItems {
				args = append(args, v)
			}
			continue
		}
		switch w {
		case "endbfchar":
			for i := 0; i+1 < len(args) && len(font.chars) < maxCMapItems; i += 2 {
				code, ok1 := args[i].(pdfString)
				to, ok2 := args[i+1].(pdfString)
				if ok1 && ok2 {
					font.chars[code.code()] = to.utf16()
				}
			}
		case "endbfrange":
			font.addRanges(args)
		}
		args = args[:0]
	}
}

func (p *pdfFont) addRanges(args []any) {
	for i := 0; i+2 < len(args) && len(p.ranges) < maxCMapItems; i += 3 {
		lo, ok1 := args[i].(pdfString)
		hi, ok2 := args[i+1].(pdfString)
		if !ok1 || !ok2 {
			continue
		}
		switch to := args[i+2].(type) {
		case pdfString:
			p.ranges = append(p.ranges, cmapRange{lo.code(), hi.code(), to.units()})
		case []any:
			for k, x := range to {
				if s, ok := x.(pdfString); ok && len(p.chars) < maxCMapItems {
					p.chars[lo.code()+uint32(k)] = s.utf16()
				}
			}
		}
	}
}

func (s pdfString) code() uint32 {
	var v uint32
	for _, c := range s[:min(len(s), 4)] {
		v = v<<8 | uint32(c)
	}
	return v
}

func (s pdfString) units() []uint16 {
	var u []uint16
	for i := 0; i+1 < len(s) && i < 32; i += 2 {
		u = append(u, uint16(s[i])<<8|uint16(s[i+1]))
	}
	if len(s) == 1 {
		u = []uint16{uint16(s[0])}
	}
	return u
}

func (s pdfString) utf16() string { return string(utf16.Decode(s.units())) }

// char returns the text of a code; what no table knows is nothing.
func (p *pdfFont) char(code uint32) string {
	if s, ok := p.chars[code]; ok {
		return s
	}
	for _, r := range p.ranges {
		if code >= r.lo && code <= r.hi && len(r.to) > 0 {
			u := append([]uint16(nil), r.to...)
			u[len(u)-1] += uint16(code - r.lo)
			s := string(utf16.Decode(u))
			if len(p.chars) < maxCMapItems {
				p.chars[code] = s
			}
			return s
		}
	}
	switch {
	case p.unicode:
		return string(rune(code))
	case p.wide:
		return ""
	}
	return p.simple[code&255]
}

func (p *pdfFont) width(code uint32) float64 {
	if w, ok := p.widths[code]; ok {
		return w
	}
	return p.missing
}
