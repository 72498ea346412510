package extract

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// silentStep is how far silent looks at a time.
const silentStep = 32 * kib

// silent looks at whatever could be a name, which is what stands in quotes before a colon, without following the structure: a
// name that never matters does not wherever it stands. The structure is asked only what the names above are, and only where
// one of them may matter.
func (j *records) silent(raw []byte, off int, says Says) int {
	if j.late(64) {
		return len(raw)
	}
	at := j.silentUpto
	if off < j.silentFrom || at < 0 {
		at = -1
	} else if at < off {
		at = j.silentFor(raw, at, off, true, says)
		j.silentFrom = off
	}
	if at < off {
		j.seek(raw, off)
		if !j.silentAbove(raw, off, says) {
			j.silentUpto = -1
			return off
		}
		at = off
		j.silentFrom = off
	}
	j.silentUpto = j.silentFor(raw, at, min(at+silentStep, len(raw)), false, says)
	return j.silentUpto
}

// silentFor looks at the names of raw[at:end], at which no open name matters. It returns the first that matters, or end. When
// passed is set, a name of a single value does not, since that value begins before end.
func (j *records) silentFor(raw []byte, at, end int, passed bool, says Says) int {
	j.index(raw)
	for i := at / chunk; i*chunk < end; i++ {
		colons := j.placed.at[i].b
		if d := at - i*chunk; d > 0 {
			colons &= ^uint64(0) << d
		}
		if d := end - i*chunk; d < chunk {
			colons &= 1<<d - 1
		}
		for ; colons != 0; colons &= colons - 1 {
			colon := i*chunk + bits.TrailingZeros64(colons)
			last := colon - 1 // where the closing quote is, if this is a name
			for last >= 0 && isSpace(raw[last]) {
				last--
			}
			if last >= 0 && raw[last] != '"' {
				continue
			}
			first := j.plainString(raw, last)
			if first < 0 {
				return max(0, last)
			}
			itself, together := j.said.says(raw, first, last, says)
			if !itself && !together {
				continue
			}
			next := colon + 1
			for next < len(raw) && isSpace(raw[next]) {
				next++
			}
			if itself && !(passed && next+1 < end) || namesFollow(raw, next) || itself && raw[next] == '[' {
				return first
			}
		}
	}
	return end
}

// namesFollow says whether there may be names in the value that begins at raw[at].
func namesFollow(raw []byte, at int) bool {
	if at < len(raw) && raw[at] == '[' {
		// A list of numbers is common.
		for at++; at < len(raw) && (raw[at] == ',' || jsonClasses[raw[at]] == scalarClass || isSpace(raw[at])); {
			at++
		}
		return at == len(raw) || raw[at] != ']'
	}
	return at == len(raw) || raw[at] == '{'
}

// silentAbove says whether the names on the way to the cursor, which is at off, matter to no value that starts from there on.
func (j *records) silentAbove(raw []byte, off int, says Says) bool {
	s := &j.cur
	if s.broken {
		return true // no names until the line ends, or ever again
	}
	frames := s.frames
	begun := s.expect != expectValue && s.expect != expectColon || (s.token == valueString || s.token == scalar) && s.tok+1 < off
	if n := len(frames); n > 0 && begun {
		frames = frames[:n-1] // the innermost name's value has begun
	}
	for i := range frames {
		f := &frames[i]
		if !f.named {
			continue
		}
		key := j.key(raw, f)
		if len(key) > maxSilent || bytes.IndexByte(key, '\\') >= 0 || bytes.IndexByte(key, 0) >= 0 {
			return false
		}
		if itself, together := says(key); itself || together {
			return false
		}
	}
	return !j.late(int64(8 * len(frames)))
}

// maxSilent is the longest name that silent looks at.
const maxSilent = 256

// index finds the quotes, colons and backslashes of raw.
func (j *records) index(raw []byte) { j.indexFrom(raw, 0) }

// indexFrom is index for those that are not before off.
func (j *records) indexFrom(raw []byte, off int) { j.placed.findFrom(raw, off, '"', ':', '\\') }

// plainString returns where the content of the string begins whose closing quote is raw[last], or -1 if it is long, holds
// what needs a closer look, or does not begin in raw.
func (j *records) plainString(raw []byte, last int) int {
	if last < 0 {
		return -1
	}
	i := last / chunk
	before := uint64(1)<<(last%chunk) - 1 // the bits before the quote
	for stop := i - maxSilent/chunk; ; before = ^uint64(0) {
		p := &j.placed.at[i]
		if quotes := p.a & before; quotes != 0 {
			bit := 63 - bits.LeadingZeros64(quotes)
			first := i*chunk + bit
			if p.c&before>>bit != 0 || first > 0 && raw[first-1] == '\\' {
				return -1
			}
			return first + 1
		}
		if i--; p.c&before != 0 || i < 0 || i < stop {
			return -1
		}
	}
}

// saidNames remembers what short names say: of a document the same few are looked at over and over.
type saidNames [256]struct {
	first, last      uint64
	len              uint8
	itself, together bool
}

// says is says of raw[lo:hi]. A zero in a name would part it in two: such a name always matters.
func (s *saidNames) says(raw []byte, lo, hi int, says Says) (itself, together bool) {
	n := hi - lo
	if n == 0 || n > 16 || lo+8 > len(raw) || hi < 8 {
		name := raw[lo:hi]
		if bytes.IndexByte(name, 0) >= 0 {
			return true, true
		}
		return says(name)
	}
	// The first and the last eight bytes are all of it; of a shorter one, those before it are taken out.
	first := binary.LittleEndian.Uint64(raw[lo:]) & (^uint64(0) >> (max(8-n, 0) * 8))
	last := binary.LittleEndian.Uint64(raw[hi-8:]) >> (max(8-n, 0) * 8)
	e := &s[((first*0x9e3779b97f4a7c15)^(last*0xc2b2ae3d27d4eb4f))>>56]
	if e.len != uint8(n) || e.first != first || e.last != last {
		name := raw[lo:hi]
		e.first, e.last, e.len = first, last, uint8(n)
		e.itself, e.together = true, true
		if bytes.IndexByte(name, 0) < 0 {
			e.itself, e.together = says(name)
		}
	}
	return e.itself, e.together
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
