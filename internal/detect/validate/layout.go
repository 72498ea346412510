package validate

import "math/bits"

// A Shape says what stands where from a place on: bit i is for the byte i places on.
// An engine that has looked at the text already knows as much; the rules of several
// identifiers are then told apart by a few words of bits each.
type Shape struct {
	Digits, Letters, Capitals, Spaces, Hyphens uint64

	// What was read at this place last: rules of one format have the same letters and
	// digits.
	value value
	kept  uint64
}

// Advance makes it the shape n places on. It is called for a new text, too.
func (s *Shape) Advance(n int) {
	s.kept = 0
	n &= 63
	s.Digits >>= n
	s.Letters >>= n
	s.Capitals >>= n
	s.Spaces >>= n
	s.Hyphens >>= n
}

// A ShapedFunc is a [Func] for a caller that knows the shape of the text from start on:
// of all of it, which is no longer than a word has bits and holds no separator outside
// ASCII.
type ShapedFunc func(text []byte, start int, s *Shape) (end int)

// A layout is one way to write a pattern, with a kind of byte at each place.
type layout struct {
	n int // bytes
	// The places of digits, of letters, of either, of spaces and of hyphens.
	digits, letters, either, spaces, hyphens uint64
	literals                                 []placed // what else there is
	kept                                     uint64   // places of letters and digits
}

type placed struct {
	at int
	c  byte // upper case
}

// maxLayouts is the most ways to write a pattern that are worth looking at one by one.
const maxLayouts = 6

// lay returns the layouts of a pattern; none when a repetition varies, or when there are
// too many. At an optional separator a pattern takes what is there, and what follows
// takes none, so at most one of them fits.
func (p *pattern) lay() []layout {
	out := []layout{{}}
	seps := []byte{0} // by layout: the separator where they are all the same, 1 for none
	add := func(i int, c byte, kind uint8) {
		l := &out[i]
		bit := uint64(1) << l.n
		switch {
		case c == ' ':
			l.spaces |= bit
		case c == '-':
			l.hyphens |= bit
		case kind == '9':
			l.digits |= bit
		case kind == '@':
			l.letters |= bit
		case kind == '*':
			l.either |= bit
		default:
			l.literals = append(l.literals[:len(l.literals):len(l.literals)], placed{l.n, c})
			if class[c]&clsAlnum != 0 {
				l.kept |= bit
			}
		}
		l.n++
	}
	for k, o := range p.ops {
		if !o.separator() && o.min != o.max || p.max > 64 {
			return nil
		}
		if (o.kind == '_' || o.kind == '~') && (k+1 == len(p.ops) || p.ops[k+1].separator()) {
			return nil
		}
		for i := range len(out) {
			fork := func(c, sep byte) {
				out, seps = append(out, out[i]), append(seps, sep)
				add(len(out)-1, c, 0)
			}
			switch {
			case o.kind == '~':
				fork(' ', seps[i])
			case o.kind == '_' && seps[i] == 0:
				fork(' ', ' ')
				fork('-', '-')
				seps[i] = 1
			case o.kind == '_' && seps[i] != 1:
				add(i, seps[i], 0)
			case o.kind == '_':
			default:
				for range o.max {
					add(i, o.kind, o.kind)
				}
			}
		}
	}
	if len(out) > maxLayouts {
		return nil
	}
	for i := range out {
		l := &out[i]
		l.kept |= l.digits | l.letters | l.either
	}
	return out
}

// fit returns the layout that the text at start has, or nil.
func (p *pattern) fit(text []byte, start int, s *Shape) *layout {
	for i := range p.layouts {
		l := &p.layouts[i]
		if (l.digits&^s.Digits)|(l.letters&^s.Letters)|(l.either&^(s.Digits|s.Letters))|(l.spaces&^s.Spaces)|(l.hyphens&^s.Hyphens) != 0 {
			continue
		}
		if len(l.literals) > 0 && !l.literal(text, start) {
			continue
		}
		letters := s.Letters & l.kept
		if capitals := s.Capitals & letters; capitals != 0 && capitals != letters {
			return nil // both cases in one value
		}
		return l
	}
	return nil
}

// literal says whether the text has the bytes that are themselves.
func (l *layout) literal(text []byte, start int) bool {
	for _, x := range l.literals {
		if upper(at(text, start+x.at)) != x.c {
			return false
		}
	}
	return true
}

// read puts the letters and digits at the places kept into the shape's value.
func (s *Shape) read(text []byte, kept uint64) {
	if s.kept == kept {
		return
	}
	s.kept, s.value = kept, value{}
	for ; kept != 0 && s.value.n < maxValue; kept &= kept - 1 {
		s.value.b[s.value.n] = upper(text[bits.TrailingZeros64(kept)&63])
		s.value.n++
	}
}

// shaped is match where the shape is known.
func (r *rule) shaped(text []byte, start int, s *Shape) int {
	digit := s.Digits&1 != 0
	if !leftOK(text, start, digit) {
		return -1
	}
	lead, run := uint8(clsDigit), bits.TrailingZeros64(^s.Digits)
	if s.Letters&1 != 0 {
		lead, run = clsLetter, bits.TrailingZeros64(^s.Letters)
		if r.capitals && s.Spaces>>(run&63)&1 != 0 && isWord(text, start) {
			return -1
		}
	}
	best := -1
	spaced := s.Spaces&(s.Hyphens>>1)&(s.Spaces>>2) != 0
	for k := range r.patterns {
		p := &r.patterns[k]
		if p.lead != 0 && (p.lead != lead || run < p.leadMin || run > p.leadMax) {
			continue
		}
		if p.layouts == nil || spaced && p.spaced >= 0 {
			best = max(best, r.one(p, text, start, best))
			continue
		}
		l := p.fit(text, start, s)
		if l == nil {
			continue
		}
		end := start + l.n
		if end <= best || !rightOK(text, end, isDigit(text[end-1])) {
			continue
		}
		if r.check != nil {
			if s.read(text[start:end], l.kept); !r.check(s.value) {
				continue
			}
		}
		best = end
	}
	return best
}
