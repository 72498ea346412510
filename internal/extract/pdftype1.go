package extract

import "bytes"

// builtInEncoding is the encoding that an embedded font brings, for fonts that name none in the document; nil when there is none
// or it cannot be told.
func (f *pdfFile) builtInEncoding(d pdfDict) *pdfEncoding {
	desc := f.dict(d["FontDescriptor"])
	if s := f.stream(desc["FontFile"]); s != nil {
		return type1Encoding(f.fontProgram(s))
	}
	if s := f.stream(desc["FontFile3"]); s != nil && f.name(s.dict["Subtype"]) == "Type1C" {
		return cffEncoding(f.fontProgram(s))
	}
	return nil
}

// fontProgram reads as much of a font as its tables are in. It is valid until the next call.
func (f *pdfFile) fontProgram(s *pdfStream) []byte {
	r, err := f.decode(s)
	if err != nil {
		return nil
	}
	defer r.close()
	if f.program == nil {
		f.program = make([]byte, min(128*kib, f.most()))
	}
	b := f.program
	n := 0
	for n < len(b) {
		k, err := r.Read(b[n:])
		if n += k; err != nil {
			break
		}
	}
	return b[:n]
}

// type1Encoding reads "dup 65 /A put" from the part of a Type 1 font that is in the clear.
func type1Encoding(b []byte) *pdfEncoding {
	if i := bytes.Index(b, []byte("eexec")); i >= 0 {
		b = b[:i]
	}
	i := bytes.Index(b, []byte("/Encoding"))
	if i < 0 {
		return nil
	}
	b = b[i+len("/Encoding"):]
	if bytes.HasPrefix(bytes.TrimLeft(b, " \r\n\t"), []byte("StandardEncoding")) {
		return standardEncoding()
	}
	e := &pdfEncoding{}
	l := pdfLexer{b: b, limit: mib}
	for found := 0; !l.short; {
		l.cost = 0
		switch l.object(0) {
		case pdfWord("dup"):
		case pdfWord("def"), pdfWord("readonly"):
			if found > 0 {
				return e
			}
			continue
		default:
			continue
		}
		code, ok1 := l.object(0).(pdfNumber)
		name, ok2 := l.object(0).(pdfName)
		if ok1 && ok2 && code >= 0 && code < 256 {
			e[int(code)] = namedGlyph(string(name), int(code))
			found++
		}
	}
	return nil
}

// cffReader reads the tables of a Compact Font Format font. Past the end everything is 0.
type cffReader struct {
	b   []byte
	pos int
}

func (r *cffReader) number(n int) (v int) {
	for range n {
		v <<= 8
		if r.pos >= 0 && r.pos < len(r.b) {
			v |= int(r.b[r.pos])
		}
		r.pos++
	}
	return v
}

// index reads an INDEX and leaves pos behind it.
func (r *cffReader) index() (items [][]byte, ok bool) {
	n := r.number(2)
	if n == 0 {
		return nil, true
	}
	size := r.number(1)
	if size < 1 || size > 4 || r.pos+(n+1)*size > len(r.b) {
		return nil, false
	}
	first := r.number(size)
	base := r.pos + n*size - 1
	for range n {
		next := r.number(size)
		if first < 1 || next < first || base+next > len(r.b) {
			return nil, false
		}
		items = append(items, r.b[base+first:base+next])
		first = next
	}
	r.pos = base + first
	return items, true
}

// cffTop is what the top dictionary says of the tables needed here.
type cffTop struct{ charset, encoding, glyphs int }

func (r *cffReader) top() (t cffTop) {
	var last int
	for r.pos < len(r.b) {
		switch c := r.number(1); {
		case c == 15:
			t.charset = last
		case c == 16:
			t.encoding = last
		case c == 17:
			t.glyphs = last
		case c == 12:
			r.number(1)
		case c == 28:
			last = r.number(2)
		case c == 29:
			last = r.number(4)
		case c == 30:
			for r.pos < len(r.b) && r.number(1)&15 != 15 {
			}
		case c >= 32 && c <= 246:
			last = c - 139
		case c >= 247 && c <= 250:
			last = (c-247)*256 + r.number(1) + 108
		case c >= 251 && c <= 254:
			last = -(c-251)*256 - r.number(1) - 108
		}
	}
	return t
}

// cffEncoding reads the built-in encoding: codes to glyphs, glyphs to names.
func cffEncoding(b []byte) *pdfEncoding {
	if len(b) < 4 {
		return nil
	}
	r := &cffReader{b: b, pos: int(b[2])}
	if _, ok := r.index(); !ok {
		return nil
	}
	tops, ok := r.index()
	if !ok || len(tops) == 0 {
		return nil
	}
	names, ok := r.index()
	if !ok {
		return nil
	}
	t := (&cffReader{b: tops[0]}).top()
	if t.encoding == 0 {
		return standardEncoding()
	}
	r.pos = t.glyphs
	glyphs := r.number(2)
	if t.encoding < 4 || t.encoding >= len(b) || glyphs == 0 {
		return nil
	}
	sids := r.charset(t.charset, glyphs)
	e := &pdfEncoding{}
	set := func(code, glyph int) {
		if glyph < len(sids) {
			e[code&255] = cffText(sids[glyph], names, code&255)
		}
	}
	r.pos = t.encoding
	format := r.number(1)
	glyph := 1
	for n := r.number(1); n > 0; n-- {
		first, more := r.number(1), 0
		if format&127 == 1 {
			more = r.number(1)
		}
		for k := 0; k <= more; k++ {
			set(first+k, glyph)
			glyph++
		}
	}
	if format&128 != 0 {
		for n := r.number(1); n > 0; n-- {
			code, sid := r.number(1), r.number(2)
			e[code] = cffText(sid, names, code)
		}
	}
	return e
}

// charset gives the string number of each glyph's name.
func (r *cffReader) charset(at, glyphs int) []int {
	sids := make([]int, 1, 256)
	if at < 3 {
		for i := 1; i < min(glyphs, 229); i++ {
			sids = append(sids, i)
		}
		return sids
	}
	r.pos = at
	format := r.number(1)
	for len(sids) < glyphs && r.pos < len(r.b) {
		first, more := r.number(2), 0
		switch format {
		case 1:
			more = r.number(1)
		case 2:
			more = r.number(2)
		}
		for k := 0; k <= more && len(sids) < glyphs; k++ {
			sids = append(sids, first+k)
		}
	}
	return sids
}

// cffStandard is what the standard strings from number 1 on stand for; ? is for ligatures.
var cffStandard = []rune(" !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~" +
	"¡¢£⁄¥ƒ§¤'“«‹›ﬁﬂ–†‡·¶•‚„”»…‰¿`´ˆ˜¯˘˙¨˚¸˝˛ˇ—ÆªŁØŒºæıłøœß¹¬µ™Ð½±Þ¼÷¦°þ¾²®-ð×³©" +
	"ÁÂÄÀÅÃÇÉÊËÈÍÎÏÌÑÓÔÖÒÕŠÚÛÜÙÝŸŽáâäàåãçéêëèíîïìñóôöòõšúûüùýÿž")

const cffStrings = 391 // standard ones; the font's own follow

func cffText(sid int, names [][]byte, code int) string {
	switch {
	case sid >= 1 && sid <= len(cffStandard):
		return cleanRune(cffStandard[sid-1])
	case sid >= cffStrings && sid-cffStrings < len(names):
		return namedGlyph(string(names[sid-cffStrings]), code)
	}
	return ""
}
