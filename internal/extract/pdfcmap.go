package extract

import (
	"sort"
	"unicode/utf16"
)

// pdfCMap is a character map that a file brings: of codes to text (ToUnicode), or of codes to glyphs.
type pdfCMap struct {
	ranges   []cmapRange
	layers   []cmapLayer // of the ranges: a map behind those that it builds upon
	units    []uint16    // UTF-16 that ranges refer to
	lengths  [256]uint8  // of codes, by their first byte
	declared bool        // lengths are
	vertical bool
	uses     string // a map of a known name that it builds upon
	cut      bool   // a code stands for more than is kept
}

// cmapRange maps the codes from lo to hi to the text at off, the last unit of which counts on, or to the glyphs from off on.
type cmapRange struct {
	lo, hi uint32
	off    uint32
	n      uint8
}

// cmapLayer are the ranges of one map, by their beginnings.
type cmapLayer struct {
	ranges []cmapRange
	tops   []uint32 // a tree of the highest codes in blocks of ranges: the node k has the nodes 2k and 2k+1, the second half are the blocks
}

const (
	cmapBlock    = 8 // ranges
	maxCMapItems = 70_000
	maxCMapUnits = 255 // of one code's text
	maxCMapBytes = 8 * mib
	cmapItemCost = 24 // with its text
)

func (m *pdfCMap) cost() int64 {
	tops := 0
	for _, l := range m.layers {
		tops += len(l.tops)
	}
	return int64(cap(m.ranges))*16 + int64(cap(m.units))*2 + int64(tops)*4 + 1*kib
}

// maxCMapBases is how many maps one may build upon.
const maxCMapBases = 8

// readCMap reads a map, after those that it builds upon, of which it overrides what it has itself.
func (f *pdfFile) readCMap(s *pdfStream) *pdfCMap {
	chain := []*pdfStream{s}
	m := &pdfCMap{}
	for base := s; ; {
		uses := f.resolve(base.dict["UseCMap"])
		if name, ok := uses.(pdfName); ok {
			m.uses = string(name)
		}
		if base, _ = uses.(*pdfStream); base == nil {
			break
		}
		if len(chain) > maxCMapBases {
			f.lose(UnableToParseFile, "a map of characters that builds upon too many")
			break
		}
		chain = append(chain, base)
	}
	ends := make([]int, 0, maxCMapBases+1)
	for i := len(chain) - 1; i >= 0; i-- {
		if !f.readCMapInto(m, chain[i]) && i == 0 {
			return nil
		}
		ends = append(ends, len(m.ranges))
	}
	if m.cut {
		f.lose(UnableToParseFile, "a code that stands for more than 255 characters")
	}
	from := 0
	for _, end := range ends {
		if end > from {
			m.layers = append(m.layers, layerOf(m.ranges[from:end]))
		}
		from = end
	}
	return m
}

// layerOf sorts ranges, and says how far those of each block reach: a long range may lie far before the codes that are looked for in it.
func layerOf(ranges []cmapRange) cmapLayer {
	sort.SliceStable(ranges, func(i, j int) bool { return ranges[i].lo < ranges[j].lo })
	n := 1
	for n*cmapBlock <= len(ranges) {
		n *= 2
	}
	tops := make([]uint32, 2*n)
	for i := range ranges {
		k := n + i/cmapBlock
		tops[k] = max(tops[k], ranges[i].hi)
	}
	for k := n - 1; k > 0; k-- {
		tops[k] = max(tops[2*k], tops[2*k+1])
	}
	return cmapLayer{ranges, tops}
}

// before is the last block before another that reaches a code, or -1.
func (l *cmapLayer) before(block int, code uint32) int {
	n := len(l.tops) / 2
	for k := n + block; k > 1; k /= 2 {
		if k&1 == 0 || l.tops[k-1] < code {
			continue
		}
		for k--; k < n; {
			if k *= 2; l.tops[k+1] >= code {
				k++
			}
		}
		return k - n
	}
	return -1
}

// find returns the range of a code: of several, the one that the map gave last among those that begin nearest.
func (l *cmapLayer) find(code uint32) *cmapRange {
	i := sort.Search(len(l.ranges), func(i int) bool { return l.ranges[i].lo > code })
	for k := i - 1; k >= 0; k-- {
		if r := &l.ranges[k]; code <= r.hi {
			return r
		}
		if k%cmapBlock == 0 {
			k = (l.before(k/cmapBlock, code) + 1) * cmapBlock
		}
	}
	return nil
}

// readCMapInto adds what one map says.
func (f *pdfFile) readCMapInto(m *pdfCMap, s *pdfStream) bool {
	r, err := f.decode(s)
	if err != nil {
		f.lose(UnableToParseFile, "a map of characters that cannot be decoded")
		return false
	}
	defer r.close()
	scan := newPDFScanner(f, r)
	defer scan.close()
	most := int(min(maxCMapItems, f.most()/cmapItemCost))
	for scan.next() && f.step(1+len(scan.args)) == nil {
		switch string(scan.word) {
		case "endcodespacerange":
			m.codespace(scan)
		case "endbfchar":
			for i := 0; i+1 < len(scan.args) && len(m.ranges) < most; i += 2 {
				code := cmapCode(scan.bytes(i))
				m.add(code, code, scan.bytes(i+1))
			}
		case "endbfrange":
			m.bfRanges(scan, most)
		case "endcidchar":
			for i := 0; i+1 < len(scan.args) && len(m.ranges) < most; i += 2 {
				code := cmapCode(scan.bytes(i))
				m.ranges = append(m.ranges, cmapRange{lo: code, hi: code, off: uint32(scan.num(i + 1))})
			}
		case "endcidrange":
			for i := 0; i+2 < len(scan.args) && len(m.ranges) < most; i += 3 {
				lo, hi := cmapCode(scan.bytes(i)), cmapCode(scan.bytes(i+1))
				m.ranges = append(m.ranges, cmapRange{lo: lo, hi: hi, off: uint32(scan.num(i + 2))})
			}
		case "def":
			if n := len(scan.args); n == 2 && string(scan.bytes(0)) == "WMode" {
				m.vertical = scan.num(1) == 1
			}
		case "usecmap":
			if n := len(scan.args); n > 0 && m.uses == "" {
				m.uses = string(scan.bytes(n - 1))
			}
		}
	}
	if len(m.ranges) >= most {
		f.lose(UnableToParseFile, "a map of more characters than there are")
	}
	return true
}

func (m *pdfCMap) codespace(scan *pdfScanner) {
	for i := 0; i+1 < len(scan.args); i += 2 {
		lo, hi := scan.bytes(i), scan.bytes(i+1)
		if len(lo) == 0 || len(lo) > 4 || len(hi) != len(lo) {
			continue
		}
		for c := int(lo[0]); c <= int(hi[0]); c++ {
			m.lengths[c] = max(m.lengths[c], uint8(len(lo)))
			m.declared = true
		}
	}
}

// bfRanges reads "lo hi to" and "lo hi [to …]".
func (m *pdfCMap) bfRanges(scan *pdfScanner, most int) {
	for i := 0; i+2 < len(scan.args) && len(m.ranges) < most; {
		lo, hi := cmapCode(scan.bytes(i)), cmapCode(scan.bytes(i+1))
		if i += 2; !scan.is(i, argArray) {
			m.add(lo, hi, scan.bytes(i))
			i++
			continue
		}
		for i++; i < len(scan.args) && !scan.is(i, argArrayEnd) && len(m.ranges) < most; i++ {
			m.add(lo, lo, scan.bytes(i))
			lo++
		}
		i++
	}
}

func (m *pdfCMap) add(lo, hi uint32, to []byte) {
	if hi < lo || len(to) == 0 {
		return
	}
	r := cmapRange{lo: lo, hi: hi, off: uint32(len(m.units))}
	if len(to) == 1 {
		to = []byte{0, to[0]}
	}
	for i := 0; i+1 < len(to) && r.n < maxCMapUnits; i += 2 {
		m.units = append(m.units, uint16(to[i])<<8|uint16(to[i+1]))
		r.n++
	}
	m.cut = m.cut || len(to)/2 > maxCMapUnits
	m.ranges = append(m.ranges, r)
}

func cmapCode(s []byte) uint32 {
	var v uint32
	for _, c := range s[:min(len(s), 4)] {
		v = v<<8 | uint32(c)
	}
	return v
}

// find returns the range of a code, of the map itself before those that it builds upon.
func (m *pdfCMap) find(code uint32) *cmapRange {
	for i := len(m.layers) - 1; i >= 0; i-- {
		if r := m.layers[i].find(code); r != nil {
			return r
		}
	}
	return nil
}

// text is what a code stands for; ok is false when the map does not say.
func (m *pdfCMap) text(code uint32) (string, bool) {
	r := m.find(code)
	if r == nil || r.n == 0 { // a map to glyphs has no text
		return "", false
	}
	u := make([]uint16, r.n)
	copy(u, m.units[r.off:])
	u[len(u)-1] += uint16(code - r.lo)
	out := make([]byte, 0, 8)
	for _, c := range utf16.Decode(u) {
		out = append(out, cleanRune(c)...)
	}
	return string(out), len(out) > 0
}

// glyph is the number of a code's glyph.
func (m *pdfCMap) glyph(code uint32) (uint32, bool) {
	r := m.find(code)
	if r == nil {
		return 0, false
	}
	return r.off + code - r.lo, true
}
