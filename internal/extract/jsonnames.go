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
	at := j.silentUpto
	if off < j.silentFrom || at < 0 {
		at = -1
	} else if at < off {
		at = j.silentFor(raw, at, off, true, says)
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
	for {
		colon := colonIn(raw, at, end)
		if colon < 0 {
			return end
		}
		at = colon + 1
		last := colon - 1 // where the closing quote is, if this is a name
		for last >= 0 && isSpace(raw[last]) {
			last--
		}
		if last >= 0 && raw[last] != '"' {
			continue
		}
		first := plainString(raw, last)
		if first < 0 {
			return max(0, last)
		}
		itself, together := says(raw[first:last])
		if !itself && !together {
			continue
		}
		next := at
		for next < len(raw) && isSpace(raw[next]) {
			next++
		}
		if itself && !(passed && next+1 < end) || namesFollow(raw, next) || itself && raw[next] == '[' {
			return first
		}
	}
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
	j.keysTo(raw, frames)
	for keys := j.keys; len(keys) > 0; {
		end := bytes.IndexByte(keys, 0)
		key := keys[:end]
		if len(key) > maxSilent || bytes.IndexByte(key, '\\') >= 0 {
			return false
		}
		if itself, together := says(key); itself || together {
			return false
		}
		keys = keys[end+1:]
	}
	return true
}

// maxSilent is the longest name that silent looks at.
const maxSilent = 256

const (
	ones = 0x0101010101010101
	tops = 0x8080808080808080
)

// colonIn returns where the first colon of raw[at:end] is that a quote or white space precedes, or -1. It is for long
// stretches.
func colonIn(raw []byte, at, end int) int {
	if at < 1 {
		if at < end && raw[at] == ':' {
			return at
		}
		at++
	}
	for ; at+8 <= end; at += 8 {
		// Bytes are taken for what they are not only above a true one, if at all.
		x := binary.LittleEndian.Uint64(raw[at:]) ^ ':'*ones
		before := binary.LittleEndian.Uint64(raw[at-1:])
		quote := before ^ '"'*ones
		if m := (x - ones) &^ x & ((quote-ones)&^quote | (before-('!'*ones))&^before) & tops; m != 0 {
			for ; m != 0; m &= m - 1 {
				if i := at + bits.TrailingZeros64(m)>>3; raw[i] == ':' {
					return i
				}
			}
		}
	}
	for ; at < end; at++ {
		if raw[at] == ':' {
			return at
		}
	}
	return -1
}

// plainString returns where the content of the string begins whose closing quote is raw[last], or -1 if it is long, holds
// what needs a closer look, or does not begin in raw.
func plainString(raw []byte, last int) int {
	i := last
	for ; i >= 8 && last-i < maxSilent; i -= 8 {
		x := binary.LittleEndian.Uint64(raw[i-8:])
		odd := zeros(x^'\\'*ones) | zeros(x)
		if quote := zeros(x ^ '"'*ones); quote != 0 {
			bit := 63 - bits.LeadingZeros64(quote)
			i += bit>>3 - 8
			if odd>>bit != 0 || i > 0 && raw[i-1] == '\\' {
				return -1
			}
			return i + 1
		}
		if odd != 0 {
			return -1
		}
	}
	if last-i >= maxSilent {
		return -1
	}
	for i--; i >= 0; i-- {
		switch raw[i] {
		case '"':
			if i > 0 && raw[i-1] == '\\' {
				return -1
			}
			return i + 1
		case '\\', 0:
			return -1
		}
	}
	return -1
}

// zeros sets the top bit of each byte that is zero, and no other.
func zeros(x uint64) uint64 { return ^((x&^tops + ^uint64(tops)) | x | ^uint64(tops)) }

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
