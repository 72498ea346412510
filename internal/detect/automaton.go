package detect

import (
	"encoding/binary"
	"regexp/syntax"
	"unicode/utf8"
)

// automaton matches one custom pattern at a given place in time linear in the length of
// the match: the states of the pattern's program are built as they are met and kept.
// It finds what package regexp finds there, leftmost-first. It belongs to one Scanner.
type automaton struct {
	prog   *syntax.Prog
	states []*autoState
	index  map[string]int32
	starts [4]int32 // by what stands before the match
	queue  []uint32
	seen   []bool
	stack  []uint32
	key    []byte
	pause  func() // see CompileCustomPausing
	bytes  int    // of the states
	most   int    // of them, before all are forgotten and built anew; 0: maxStates alone counts
	work   int    // bytes looked at and instructions followed, for who asks
	// tick, when not nil, is told of work while there is much of it, and says whether the match is not worth going on with.
	tick func(work int) bool
}

// autoState is a set of threads in order of preference, after a character of some kind.
type autoState struct {
	insts  []uint32
	before kind
	// By ASCII character and, last, by the end of the text: the next state times two,
	// plus one when a match ends before the character. -1: not built yet.
	next [utf8.RuneSelf + 1]int32
	// high is the same for other runes.
	high map[rune]int32
}

// kind is what stands before a place, as far as patterns can tell.
type kind uint8

const (
	atStart kind = iota // the document begins here
	afterWord
	afterOther
	afterLine
)

const (
	deadState = 0
	endSymbol = utf8.RuneSelf
	maxStates = 1 << 12 // then all are forgotten and built anew
	// mostStateBytes is the memory of the states of all custom identifiers of a scanner, and leastStateBytes what each of them may have.
	mostStateBytes, leastStateBytes = 4 << 20, 128 << 10
	sizeOfState, sizeOfHigh         = 800, 64 // without the instructions; of an entry of autoState.high
)

func newAutomaton(prog *syntax.Prog, pause func()) *automaton {
	a := &automaton{prog: prog, seen: make([]bool, len(prog.Inst)), pause: pause}
	a.reset()
	return a
}

func (a *automaton) reset() {
	clear(a.states)
	a.states, a.bytes = a.states[:0], 0
	a.index = map[string]int32{}
	a.starts = [4]int32{-1, -1, -1, -1}
	a.state(nil, atStart) // deadState
}

// kindOf classifies the rune before a place.
func kindOf(r rune) kind {
	switch {
	case r == '\n':
		return afterLine
	case syntax.IsWordChar(r):
		return afterWord
	}
	return afterOther
}

// sample is a rune of a kind, for syntax.EmptyOpContext; -1 is the text's edge.
func (k kind) sample() rune {
	return [...]rune{-1, 'a', ' ', '\n'}[k]
}

// state returns the number of a state, made if need be.
func (a *automaton) state(insts []uint32, before kind) int32 {
	if len(insts) == 0 {
		before = atStart
	}
	a.key = append(a.key[:0], byte(before))
	for _, i := range insts {
		a.key = binary.AppendUvarint(a.key, uint64(i))
	}
	if n, ok := a.index[string(a.key)]; ok {
		return n
	}
	s := &autoState{insts: append([]uint32(nil), insts...), before: before}
	for i := range s.next {
		s.next[i] = -1
	}
	a.states = append(a.states, s)
	a.bytes += sizeOfState + 6*len(insts) // and the key
	n := int32(len(a.states) - 1)
	a.index[string(a.key)] = n
	return n
}

// start returns the state before anything is read.
func (a *automaton) start(before kind) int32 {
	if a.starts[before] < 0 {
		a.starts[before] = a.state([]uint32{uint32(a.prog.Start)}, before)
	}
	return a.starts[before]
}

// step returns what follows a state on a rune, or on the end of the text (-1).
func (a *automaton) step(s *autoState, r rune) int32 {
	if a.pause != nil {
		a.pause()
	}
	a.work += 16 + 4*len(s.insts) + len(a.seen)/16
	flags := syntax.EmptyOpContext(s.before.sample(), r)
	a.queue = a.queue[:0]
	clear(a.seen)
	match := int32(0)
	// Follow empty steps in order of preference; a match cuts off what is less wanted.
	var next []uint32
threads:
	for _, inst := range s.insts {
		a.stack = append(a.stack[:0], inst)
		for len(a.stack) > 0 {
			pc := a.stack[len(a.stack)-1]
			a.stack = a.stack[:len(a.stack)-1]
			if a.seen[pc] {
				continue
			}
			a.seen[pc] = true
			a.work += 4
			in := &a.prog.Inst[pc]
			switch in.Op {
			case syntax.InstAlt, syntax.InstAltMatch:
				a.stack = append(a.stack, in.Arg, in.Out)
			case syntax.InstCapture, syntax.InstNop:
				a.stack = append(a.stack, in.Out)
			case syntax.InstEmptyWidth:
				if syntax.EmptyOp(in.Arg)&^flags == 0 {
					a.stack = append(a.stack, in.Out)
				}
			case syntax.InstMatch:
				match = 1
				break threads
			case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
				if r >= 0 && in.MatchRune(r) {
					next = append(next, in.Out)
				}
			}
		}
	}
	if r < 0 {
		return match // nothing follows: deadState
	}
	return a.state(next, kindOf(r))<<1 | match
}

func (a *automaton) full() bool { return len(a.states) > maxStates || a.most > 0 && a.bytes > a.most }

// roomAfter forgets all states but s where there are too many for another, and returns s as it is then.
func (a *automaton) roomAfter(s *autoState) *autoState {
	if !a.full() {
		return s
	}
	a.reset()
	return a.states[a.state(s.insts, s.before)]
}

// late tells of the work so far where it is much. A state of thousands of instructions that each byte makes anew is a hundred
// microseconds, and a match has thousands of bytes.
func (a *automaton) late() bool {
	if a.tick == nil || a.work < workPerLook {
		return false
	}
	work := a.work
	a.work = 0
	return a.tick(work)
}

// match returns the end of the match at start, or -1. The text begins and ends where
// the value's surroundings do; first and last say that the document does so as well.
// Only so many bytes from start on are looked at.
func (a *automaton) match(text []byte, start int, first, last bool) int {
	return a.matchTo(text, start, start+MaxCustomMatch, first, last)
}

// matchTo is match for a match that ends soon after limit at the latest.
func (a *automaton) matchTo(text []byte, start, limit int, first, last bool) int {
	before := afterOther
	if start > 0 {
		if c := text[start-1]; c < utf8.RuneSelf {
			before = kindOf(rune(c))
		}
	} else if first {
		before = atStart
	}
	if a.full() {
		a.reset()
	}
	at, end := a.start(before), -1
	limit = min(len(text), limit)
	for i := start; ; {
		s := a.states[at]
		if i >= len(text) {
			r := rune(-1)
			if !last {
				r = ' ' // the edge of a field is no end of the document
			}
			if a.step(s, r)&1 != 0 {
				end = i
			}
			a.work += i - start
			return end
		}
		c := text[i]
		size := 1
		var next int32
		if c < utf8.RuneSelf {
			if next = s.next[c]; next < 0 {
				if a.late() {
					return -1
				}
				s = a.roomAfter(s)
				next = a.step(s, rune(c))
				s.next[c] = next
			}
		} else {
			var r rune
			r, size = utf8.DecodeRune(text[i:])
			var ok bool
			if next, ok = s.high[r]; !ok {
				if a.late() {
					return -1
				}
				s = a.roomAfter(s)
				next = a.step(s, r)
				if s.high == nil {
					s.high = map[rune]int32{}
				}
				s.high[r] = next
				a.bytes += sizeOfHigh
			}
		}
		if next&1 != 0 {
			end = i
		}
		if at = next >> 1; at == deadState || i >= limit {
			a.work += i - start
			return end
		}
		i += size
	}
}

// possible returns, for each of the first places of a match, the bytes that can stand
// there, as far as the pattern tells.
func (a *automaton) possible() (sets [fingerReach][256]bool) {
	now := map[int32]bool{}
	for _, k := range []kind{atStart, afterWord, afterOther, afterLine} {
		now[a.start(k)] = true
	}
	for j := range sets {
		open := len(now) > 16
		next := map[int32]bool{}
		for at := range now {
			if open {
				break
			}
			for c := range rune(utf8.RuneSelf) {
				n := a.step(a.states[at], c)
				if n&1 != 0 {
					open = true // the match may be over here
				}
				if n>>1 != deadState {
					sets[j][c] = true
					next[n>>1] = true
				}
			}
			if !open && a.beyondASCII(a.states[at]) {
				// A rune outside ASCII has an unknown length: what follows is open.
				for c := utf8.RuneSelf; c < 256; c++ {
					sets[j][c] = true
				}
				next = nil
			}
			if next == nil {
				break
			}
		}
		if open || next == nil {
			for k := j; k < len(sets); k++ {
				if k == j && !open {
					for c := range 256 { // states that were not looked at
						sets[k][c] = true
					}
					continue
				}
				for c := range 256 {
					sets[k][c] = true
				}
			}
			return sets
		}
		now = next
	}
	return sets
}

// beyondASCII says whether a state may read a rune outside ASCII.
func (a *automaton) beyondASCII(s *autoState) bool {
	clear(a.seen)
	a.stack = append(a.stack[:0], s.insts...)
	for len(a.stack) > 0 {
		pc := a.stack[len(a.stack)-1]
		a.stack = a.stack[:len(a.stack)-1]
		if a.seen[pc] {
			continue
		}
		a.seen[pc] = true
		switch in := &a.prog.Inst[pc]; in.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			a.stack = append(a.stack, in.Arg, in.Out)
		case syntax.InstCapture, syntax.InstNop, syntax.InstEmptyWidth:
			a.stack = append(a.stack, in.Out)
		case syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			return true
		case syntax.InstRune1, syntax.InstRune:
			if n := len(in.Rune); n > 0 && in.Rune[n-1] >= utf8.RuneSelf {
				return true
			}
			if syntax.Flags(in.Arg)&syntax.FoldCase != 0 && len(in.Rune) == 1 && (in.Rune[0]|0x20 == 'k' || in.Rune[0]|0x20 == 's') {
				return true // K and ſ fold to them
			}
		}
	}
	return false
}
