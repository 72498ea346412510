package extract

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"
)

// pdfGlyphNames is the part of the Adobe Glyph List that scripts with letters need: a name and its character in hexadecimal on
// each line, in order.
//
//go:embed pdfglyphs.txt
var pdfGlyphNames string

var glyphNames = sync.OnceValue(func() map[string]rune {
	m := make(map[string]rune, 2500)
	for line := range strings.Lines(pdfGlyphNames) {
		name, hex, _ := strings.Cut(strings.TrimSpace(line), " ")
		if v, err := strconv.ParseUint(hex, 16, 21); err == nil {
			m[name] = rune(v)
		}
	}
	return m
})

// glyphTexts are the names that stand for something else than one character as it is: ligatures are written out, and every
// hyphen is the one that people type.
var glyphTexts = map[string]string{"fi": "fi", "fl": "fl", "ff": "ff", "ffi": "ffi", "ffl": "ffl", "hyphen": "-", "minus": "-",
	"sfthyphen": "-", "softhyphen": "-", "nbspace": " ", "nonbreakingspace": " ", "quoteright": "'", "quoteleft": "`",
	"visiblespace": " ", "visualspace": " ", "f_i": "fi", "f_l": "fl", "f_f": "ff", "f_f_i": "ffi", "f_f_l": "ffl", "t_t": "tt",
	"t_i": "ti", "hyphenminus": "-", "square": "□", "circle": "○", "Omega": "Ω", "Delta": "Δ"}

// glyph says which text a glyph's name stands for; "" when that is not known.
func glyph(name string) string {
	name, _, _ = strings.Cut(name, ".") // what follows a point is a variant's name
	if len(name) == 1 {
		return name
	}
	if s, ok := glyphTexts[name]; ok {
		return s
	}
	if r, ok := glyphNames()[name]; ok {
		return string(r)
	}
	if hex, ok := strings.CutPrefix(name, "uni"); ok && len(hex) >= 4 {
		var out strings.Builder
		for ; len(hex) >= 4; hex = hex[4:] {
			v, err := strconv.ParseUint(hex[:4], 16, 16)
			if err != nil {
				return ""
			}
			out.WriteRune(rune(v))
		}
		return out.String()
	}
	if hex, ok := strings.CutPrefix(name, "u"); ok && len(hex) >= 4 && len(hex) <= 6 {
		if v, err := strconv.ParseUint(hex, 16, 21); err == nil {
			return string(rune(v))
		}
	}
	if parts := strings.Split(name, "_"); len(parts) > 1 && len(parts) <= 8 {
		var out strings.Builder
		for _, p := range parts {
			s := glyph(p)
			if s == "" {
				return ""
			}
			out.WriteString(s)
		}
		return out.String()
	}
	if mark, ok := accents[name[min(1, len(name)):]]; ok {
		return norm.NFC.String(name[:1] + mark)
	}
	return ""
}

var accents = map[string]string{"acute": "\u0301", "grave": "\u0300", "circumflex": "\u0302", "dieresis": "\u0308", "tilde": "\u0303",
	"ring": "\u030a", "cedilla": "\u0327", "caron": "\u030c", "ogonek": "\u0328", "macron": "\u0304", "breve": "\u0306",
	"dotaccent": "\u0307", "hungarumlaut": "\u030b", "commaaccent": "\u0326"}

// pdfEncoding is what the codes of a simple font mean before its own differences.
type pdfEncoding [256]string

var (
	winAnsiEncoding  = charmapEncoding(charmap.Windows1252)
	macRomanEncoding = charmapEncoding(charmap.Macintosh)
	standardEncoding = sync.OnceValue(func() *pdfEncoding {
		e := pdfEncoding{}
		for c := ' '; c <= '~'; c++ {
			e[c] = string(c)
		}
		for i, r := range []rune("¡¢£⁄¥ƒ§¤'“«‹›\x00\x00\x00–†‡·\x00¶•‚„”»…‰\x00¿\x00`´ˆ˜¯˘˙¨\x00˚¸\x00˝˛ˇ—") {
			if r != 0 {
				e[0xa1+i] = string(r)
			}
		}
		for c, s := range map[byte]string{0xae: "fi", 0xaf: "fl", 0xe1: "Æ", 0xe3: "ª", 0xe8: "Ł", 0xe9: "Ø", 0xea: "Œ", 0xeb: "º", 0xf1: "æ",
			0xf5: "ı", 0xf8: "ł", 0xf9: "ø", 0xfa: "œ", 0xfb: "ß"} {
			e[c] = s
		}
		return &e
	})
	symbolEncoding = sync.OnceValue(func() *pdfEncoding {
		e := pdfEncoding{}
		for c := ' '; c <= '?'; c++ {
			e[c] = string(c)
		}
		for i, r := range []rune("≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼") {
			e[0x40+i] = string(r)
		}
		for c := 0xa0; c < 0x100; c++ {
			e[c] = "•" // signs of mathematics, of which none is a letter or a digit
		}
		return &e
	})
	dingbatsEncoding = sync.OnceValue(func() *pdfEncoding {
		e := pdfEncoding{' ': " "}
		for c := '!'; c < 0x100; c++ {
			e[c] = "•"
		}
		return &e
	})
)

func charmapEncoding(m *charmap.Charmap) func() *pdfEncoding {
	return sync.OnceValue(func() *pdfEncoding {
		e := pdfEncoding{}
		for i := range e {
			if r := m.DecodeByte(byte(i)); r >= ' ' && (r < 0x7f || r > 0x9f) && r != '\ufffd' {
				e[i] = cleanRune(r)
			}
		}
		return &e
	})
}

// cleanRune writes ligatures out, and makes the hyphens of typesetters those of keyboards: a soft hyphen that is drawn is one
// that was typed.
func cleanRune(r rune) string {
	switch r {
	case '\u00ad', '\u2010', '\u2011':
		return "-"
	case '\ufb00':
		return "ff"
	case '\ufb01':
		return "fi"
	case '\ufb02':
		return "fl"
	case '\ufb03':
		return "ffi"
	case '\ufb04':
		return "ffl"
	case '\ufb05', '\ufb06':
		return "st"
	case '\u0000', '\ufffd', '\ufeff':
		return ""
	case '\t', '\n', '\r':
		return " "
	}
	return string(r)
}

// standardWidths are the widths of the printable characters of ASCII in the fonts that every reader of PDF has, in thousandths,
// so that files may leave them out.
var standardWidths = map[string]string{
	"Helvetica":        "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 278 584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 556 333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 278 556 500 722 500 500 500 334 260 334 584",
	"Helvetica-Bold":   "278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 333 333 584 584 584 611 975 722 722 722 722 667 611 778 722 278 556 722 611 833 722 778 667 778 722 667 611 722 667 944 667 667 611 333 278 333 584 556 333 556 611 556 611 556 333 611 611 278 278 556 278 889 611 611 611 611 389 556 333 611 556 778 556 556 500 389 280 389 584",
	"Times-Roman":      "250 333 408 500 500 833 778 180 333 333 500 564 250 333 250 278 500 500 500 500 500 500 500 500 500 500 278 278 564 564 564 444 921 722 667 667 722 611 556 722 722 333 389 722 611 889 722 722 556 722 667 556 611 722 722 944 722 722 611 333 278 333 469 500 333 444 500 444 500 444 333 500 500 278 278 500 278 778 500 500 500 500 333 389 278 500 500 722 500 500 444 480 200 480 541",
	"Times-Bold":       "250 333 555 500 500 1000 833 278 333 333 500 570 250 333 250 278 500 500 500 500 500 500 500 500 500 500 333 333 570 570 570 500 930 722 667 722 722 667 611 778 778 389 500 778 667 944 722 778 611 778 722 556 667 722 722 1000 722 722 667 333 278 333 581 500 333 500 556 444 556 444 333 500 556 278 333 556 278 833 556 500 556 556 444 389 333 556 500 722 500 500 444 394 220 394 520",
	"Times-Italic":     "250 333 420 500 500 833 778 214 333 333 500 675 250 333 250 278 500 500 500 500 500 500 500 500 500 500 333 333 675 675 675 500 920 611 611 667 722 611 611 722 722 333 444 667 556 833 667 722 611 722 611 500 556 722 611 833 611 556 556 389 278 389 422 500 333 500 500 444 500 444 278 500 500 278 278 444 278 722 500 500 500 500 389 389 278 500 444 667 444 444 389 400 275 400 541",
	"Times-BoldItalic": "250 389 555 500 500 833 778 278 333 333 500 570 250 333 250 278 500 500 500 500 500 500 500 500 500 500 333 333 570 570 570 500 832 667 667 667 722 667 667 722 778 389 500 667 611 889 722 722 611 722 667 556 611 722 667 889 667 611 611 333 278 333 570 500 333 500 500 444 500 444 333 500 556 278 278 500 278 778 556 500 500 500 389 389 278 556 444 667 500 444 389 348 220 348 570",
}

// standardWidth gives the widths of a font by its name: those of the family that it seems to belong to.
func standardWidth(base string) (widths [256]float32, known bool) {
	if i := strings.IndexByte(base, '+'); i == 6 {
		base = base[7:]
	}
	bold := strings.Contains(base, "Bold")
	italic := strings.Contains(base, "Italic") || strings.Contains(base, "Oblique")
	family := "Helvetica"
	switch {
	case strings.Contains(base, "Courier"):
		for i := range widths {
			widths[i] = 600
		}
		return widths, true
	case strings.Contains(base, "Times"):
		known = true
		family = [...]string{"Times-Roman", "Times-Bold", "Times-Italic", "Times-BoldItalic"}[btoi(bold)+2*btoi(italic)]
	default:
		known = strings.Contains(base, "Helvetica") || strings.Contains(base, "Arial")
		if bold {
			family = "Helvetica-Bold"
		}
	}
	for i := range widths {
		widths[i] = 556
	}
	for i, w := range strings.Fields(standardWidths[family]) {
		n, _ := strconv.Atoi(w)
		widths[' '+i] = float32(n)
	}
	return widths, known
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
