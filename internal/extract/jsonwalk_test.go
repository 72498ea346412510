package extract

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// simpleState and its walk follow JSON a byte at a time and keep each key: what records.walk has to arrive at.
type simpleState struct {
	pos    int
	record int64
	frames []simpleFrame
	keys   []byte
	expect expect
	token  token
	tok    int
	broken bool
	deep   bool
	values []Field // without names
}

type simpleFrame struct {
	array bool
	empty bool
	index int64
	key   int // where its present key starts in keys
}

// walk follows the tokens up to off, which may lie inside one.
func (s *simpleState) walk(raw []byte, off, maxDepth int, perLine bool) {
	for s.pos < off && !s.broken {
		switch s.token {
		case keyString, valueString:
			end := simpleStringEnd(raw, s.pos, off, max(s.tok+1, 0))
			if end < 0 {
				s.pos = off
				return
			}
			if s.token == keyString {
				s.setKey(raw[max(s.tok+1, 0):end])
				s.expect = expectColon
			} else {
				s.values = append(s.values, Field{Lo: max(s.tok+1, 0), Hi: end})
				s.ended(perLine)
			}
			s.pos, s.token = end+1, noToken
			continue
		case scalar:
			for s.pos < off && isScalar(raw[s.pos]) {
				s.pos++
			}
			if s.pos == off && (off == len(raw) || isScalar(raw[off])) {
				return
			}
			s.broken = s.tok >= 0 && !validScalar(raw[s.tok:s.pos])
			if !s.broken {
				s.values = append(s.values, Field{Lo: max(s.tok, 0), Hi: s.pos})
			}
			s.token = noToken
			s.ended(perLine)
			continue
		}
		c := raw[s.pos]
		switch c {
		case ' ', '\t', '\n', '\r':
		case '"':
			s.tok = s.pos
			switch s.expect {
			case expectKey:
				s.token = keyString
			case expectValue:
				s.token = valueString
			default:
				s.broken = true
			}
		case '{', '[':
			if s.expect != expectValue {
				s.broken = true
				break
			}
			if len(s.frames) >= maxDepth {
				s.deep, s.broken = true, true
				break
			}
			s.frames = append(s.frames, simpleFrame{array: c == '[', empty: true, key: len(s.keys)})
			s.expect = expectKey
			if c == '[' {
				s.expect = expectValue
			}
		case '}', ']':
			n := len(s.frames) - 1
			if n < 0 || s.frames[n].array != (c == ']') || s.expect != expectComma && !s.frames[n].empty {
				s.broken = true
				break
			}
			s.keys = s.keys[:s.frames[n].key]
			s.frames = s.frames[:n]
			s.ended(perLine)
		case ',':
			n := len(s.frames) - 1
			if n < 0 || s.expect != expectComma {
				s.broken = true
				break
			}
			s.expect = expectKey
			if s.frames[n].array {
				s.frames[n].index++
				s.expect = expectValue
			}
		case ':':
			if s.expect != expectColon {
				s.broken = true
				break
			}
			s.expect = expectValue
		default:
			if s.expect != expectValue || !isScalar(c) {
				s.broken = true
				break
			}
			s.token, s.tok = scalar, s.pos
			continue
		}
		if s.broken {
			break
		}
		s.pos++
	}
	if s.broken {
		if s.token != broken {
			s.tok, s.token = s.pos, broken
		}
		s.pos = max(s.pos, off)
	}
}

// ended notes the end of a value.
func (s *simpleState) ended(perLine bool) {
	n := len(s.frames) - 1
	if n >= 0 {
		s.frames[n].empty = false
		s.expect = expectComma
		return
	}
	s.expect = expectValue
	if perLine {
		s.expect = expectComma // one value on a line
	} else {
		s.record++
	}
}

func (s *simpleState) setKey(key []byte) {
	f := &s.frames[len(s.frames)-1]
	f.empty = false
	if len(key) > maxKey {
		key = key[len(key)-maxKey:]
	}
	s.keys = append(append(s.keys[:f.key], key...), 0)
}

func simpleStringEnd(raw []byte, from, to, start int) int {
	for i := from; i < to; i++ {
		n := 0
		for i-n-1 >= start && raw[i-n-1] == '\\' {
			n++
		}
		if raw[i] == '"' && n&1 == 0 {
			return i
		}
	}
	return -1
}

// sameWalk walks raw in steps with both and compares where they are.
func sameWalk(t *testing.T, raw []byte, perLine bool, steps func(room int) int) {
	t.Helper()
	const depth = 20
	j := newJSON(perLine, depth)
	j.listing = true
	s := &simpleState{}
	for at := 0; at < len(raw); {
		at += min(1+steps(len(raw)-at), len(raw)-at)
		j.walk(raw, &j.cur, at)
		s.walk(raw, at, depth, perLine)
		c := &j.cur
		j.keysTo(raw, c.frames)
		if c.pos != s.pos || c.record != s.record || c.expect != s.expect || c.token != s.token || c.broken != s.broken || c.deep != s.deep ||
			(c.token != noToken && c.tok != s.tok) || len(c.frames) != len(s.frames) || string(j.keys) != string(s.keys) {
			t.Fatalf("%q up to %d: %+v with keys %q, want %+v", raw, at, c, j.keys, s)
		}
		for i, f := range c.frames {
			if want := s.frames[i]; f.array != want.array || f.empty != want.empty || f.index != want.index {
				t.Fatalf("%q up to %d: frame %d is %+v, want %+v", raw, at, i, f, want)
			}
		}
		if !slices.EqualFunc(j.values, s.values, func(a, b Field) bool { return a.Lo == b.Lo && a.Hi == b.Hi }) {
			t.Fatalf("%q up to %d: values %v, want %v", raw, at, j.values, s.values)
		}
	}
}

func FuzzJSONWalk(f *testing.F) {
	for _, s := range []string{`{"a":[1,{"b\n":"\u00e9"}],"c":null,"d":-1.5e3}`, `[[[1]],"x]"] 2 "y" {`, `{"a":"\\\\\\\"`, `{"abcdefghijklmnop":"qrstuvwxyz 0123456789 \" ,:{}" , "b" :true}`,
		"{\"a\":1}\n{\"b\":nul}\n[1 2]\n", `{"a" 1}`, `[}`, "[1.2.3]", strings.Repeat("[", 25)} {
		f.Add([]byte(s), uint64(1))
	}
	f.Fuzz(func(t *testing.T, raw []byte, seed uint64) {
		if len(raw) > 4*kib {
			t.Skip("larger than worth while")
		}
		for _, perLine := range []bool{false, true} {
			sameWalk(t, raw, perLine, func(room int) int { return room })
			r := rand.New(rand.NewPCG(seed, 1))
			sameWalk(t, raw, perLine, func(int) int { return r.IntN(12) })
		}
	})
}

// TestJSONWalk walks JSON put together at random, mostly well formed.
func TestJSONWalk(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	pieces := []string{`{`, `}`, `[`, `]`, `,`, `:`, `"key"`, `"a longer key with \"escapes\""`, `1`, `-2.50`, `true`, `nul`, ` `, "\n", `"\\"`, `"`, `{"a":1,`, `"b":"c"`, `[1,2]`}
	for range 3000 {
		var b bytes.Buffer
		value(&b, r, 4)
		raw := b.Bytes()
		if r.IntN(2) == 0 { // put in what may not belong there
			at := r.IntN(len(raw) + 1)
			raw = slices.Concat(raw[:at], []byte(pieces[r.IntN(len(pieces))]), raw[at:])
		}
		sameWalk(t, raw, r.IntN(2) == 0, func(int) int { return r.IntN(40) })
	}
}

// value writes a JSON value of so many levels.
func value(b *bytes.Buffer, r *rand.Rand, levels int) {
	space := func() { b.WriteString([]string{"", "", " ", "\n  "}[r.IntN(4)]) }
	space()
	text := []string{"", "x", "name", "some longer text: with, punctuation", `q\"q`, `\\`, strings.Repeat("long ", 20)}
	kind := r.IntN(8)
	if levels == 0 {
		kind %= 6
	}
	switch kind {
	case 0, 1, 2:
		b.WriteByte('"')
		b.WriteString(text[r.IntN(len(text))])
		b.WriteByte('"')
	case 3, 4, 5:
		b.WriteString([]string{"0", "-12", "3.25", "1e9", "true", "false", "null", "123456789012"}[r.IntN(8)])
	case 6:
		b.WriteByte('[')
		for i := range r.IntN(5) {
			if i > 0 {
				b.WriteByte(',')
			}
			value(b, r, levels-1)
		}
		b.WriteByte(']')
	default:
		b.WriteByte('{')
		for i := range r.IntN(5) {
			if i > 0 {
				b.WriteByte(',')
			}
			space()
			b.WriteString(`"` + text[r.IntN(len(text))] + `"`)
			space()
			b.WriteByte(':')
			value(b, r, levels-1)
		}
		b.WriteByte('}')
	}
	space()
}
