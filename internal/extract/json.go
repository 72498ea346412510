package extract

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"sort"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

func extractJSON(w *walker, doc *Document, in *input, perLine bool) error {
	j := newJSON(perLine, w.opts.MaxJSONDepth)
	j.w, j.ways.holds.w = w, w
	defer j.ways.holds.drop()
	defer j.placed.close()
	return pump(w, doc, in, decoded(in), j)
}

// records is the layout of JSON and JSON Lines. The text is the file's own, escapes undone; values and paths are worked out
// around what was found. Of JSON Lines only such a line is parsed; a JSON document is followed from its beginning, since its
// depth must be known anyway. From where the text stops being JSON it is text with lines (in JSON Lines: until the line ends).
type records struct {
	lines
	perLine   bool
	maxDepth  int
	base, cur jsonState
	openers   int // at most, of the line that check is in (JSON Lines)

	marks    []jsonState // on the way, at least jsonMarkStep apart, to go back to
	held     []byte      // the keys on the way that began before raw
	keys     []byte      // as keysTo leaves them
	ways     ways        // names, by those
	w        *walker     // nil while a document is only looked at
	around   memo
	parts    []pathPart
	text     []byte
	spanList []span
	values   []Field // what walk passes, while listing is set
	listing  bool

	placed placed // quotes, colons and backslashes
	said   saidNames

	// What silent knows: to values that start between these no name matters, nor does one that is open at the latter.
	silentFrom, silentUpto int
}

type expect uint8

const (
	expectValue expect = iota
	expectKey          // or the object's end
	expectColon
	expectComma // or the container's end
)

type token uint8

const (
	noToken token = iota
	keyString
	valueString
	scalar
	broken // tok is where it stopped being JSON
)

type jsonState struct {
	pos    int // in raw; the state is that before raw[pos]
	record int64
	frames []frame
	expect expect
	token  token
	tok    int // where the token began; -1: before raw[0]
	broken bool
	deep   bool
}

type frame struct {
	array bool
	empty bool // nothing has been read of it
	named bool // lo and hi bound its present key, in raw, or in records.held
	held  bool
	index int64
	lo    int
	hi    int
}

// jsonMarkStep is how far apart the places are that the layout remembers to go back to.
const jsonMarkStep = 1 * kib

func newJSON(perLine bool, maxDepth int) *records {
	j := &records{lines: *newLines(), perLine: perLine, maxDepth: maxDepth}
	return j
}

func (j *records) structured() bool { return true }

func (s *jsonState) set(from *jsonState) {
	frames := s.frames[:0]
	*s = *from
	s.frames = append(frames, from.frames...)
}

func (s *jsonState) restart(pos int, record int64) {
	*s = jsonState{pos: pos, record: record, frames: s.frames[:0]}
}

// seek brings the cursor to off, or to where the token around it began. It starts from the nearest place it remembers.
func (j *records) seek(raw []byte, off int) {
	back := off < j.cur.pos && !(j.cur.token != noToken && j.cur.tok >= 0 && off > j.cur.tok)
	if n := len(j.marks); back || n > 0 && off > j.cur.pos && j.marks[n-1].pos > j.cur.pos {
		i := sort.Search(n, func(i int) bool { return j.marks[i].pos > off }) - 1
		switch {
		case i >= 0 && (back || j.marks[i].pos > j.cur.pos):
			j.cur.set(&j.marks[i])
		case back:
			j.cur.set(&j.base)
		}
	}
	if off <= j.cur.pos {
		return
	}
	if j.perLine {
		if i := bytes.LastIndexByte(raw[j.cur.pos:off], '\n'); i >= 0 {
			n := bytes.Count(raw[j.cur.pos:j.cur.pos+i+1], newline)
			j.cur.restart(j.cur.pos+i+1, j.cur.record+int64(n))
			j.remember()
		}
	}
	for j.cur.pos < off {
		j.remember()
		at := j.cur.pos
		j.walk(raw, &j.cur, min(off, at+jsonMarkStep))
		if j.cur.pos == at {
			return
		}
	}
}

// remember keeps the cursor's state if the last one kept is far behind.
func (j *records) remember() {
	n := len(j.marks)
	if n > 0 && j.cur.pos < j.marks[n-1].pos+jsonMarkStep {
		return
	}
	if n < cap(j.marks) {
		j.marks = j.marks[:n+1] // its slices are used again
	} else {
		j.marks = append(j.marks, jsonState{})
	}
	j.marks[n].set(&j.cur)
}

// jsonClass says what a byte between tokens is.
type jsonClass uint8

const (
	noClass jsonClass = iota
	spaceClass
	quoteClass
	openClass
	closeClass
	commaClass
	colonClass
	scalarClass
)

var jsonClasses = func() (t [256]jsonClass) {
	for c := range 256 {
		if isScalar(byte(c)) {
			t[c] = scalarClass
		}
	}
	for _, c := range " \t\n\r" {
		t[c] = spaceClass
	}
	t['"'], t['{'], t['['], t['}'], t[']'], t[','], t[':'] = quoteClass, openClass, openClass, closeClass, closeClass, commaClass, colonClass
	return t
}()

// walk follows the tokens up to off, which may lie inside one.
func (j *records) walk(raw []byte, s *jsonState, off int) {
	j.indexFrom(raw, s.pos)
	if s.token != noToken {
		j.walkToken(raw, s, off)
	}
	i := s.pos
tokens:
	for i < off && !s.broken {
		c := raw[i]
		switch jsonClasses[c] {
		case spaceClass:
		case quoteClass:
			if s.expect != expectKey && s.expect != expectValue {
				s.broken = true
				break
			}
			end := j.stringEnd(raw, i+1, off, i+1)
			if end < 0 {
				s.tok, s.token = i, valueString
				if s.expect == expectKey {
					s.token = keyString
				}
				i = off
				break tokens
			}
			if s.expect == expectKey {
				s.setKey(i+1, end)
				s.expect = expectColon
				if end+1 < off && raw[end+1] == ':' { // as it nearly always does
					s.expect = expectValue
					end++
				}
			} else {
				if j.listing {
					j.values = append(j.values, Field{i + 1, end, j.path(raw)})
				}
				s.ended(j.perLine)
			}
			i = end
		case openClass:
			if s.expect != expectValue {
				s.broken = true
				break
			}
			if len(s.frames) >= j.maxDepth {
				s.deep, s.broken = true, true
				break
			}
			s.frames = append(s.frames, frame{array: c == '[', empty: true})
			s.expect = expectKey
			if c == '[' {
				s.expect = expectValue
			}
		case closeClass:
			n := len(s.frames) - 1
			if n < 0 || s.frames[n].array != (c == ']') || s.expect != expectComma && !s.frames[n].empty {
				s.broken = true
				break
			}
			s.frames = s.frames[:n]
			s.ended(j.perLine)
		case commaClass:
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
		case colonClass:
			if s.expect != expectColon {
				s.broken = true
				break
			}
			s.expect = expectValue
		case scalarClass:
			if s.expect != expectValue {
				s.broken = true
				break
			}
			end := numberEnd(raw, i)
			if end >= 0 && end < off {
				if j.listing {
					j.values = append(j.values, Field{i, end, j.path(raw)})
				}
				s.ended(j.perLine)
				i = end
				continue
			}
			end = i + 1
			for end < off && jsonClasses[raw[end]] == scalarClass {
				end++
			}
			if end == off && (off == len(raw) || jsonClasses[raw[off]] == scalarClass) {
				s.token, s.tok, i = scalar, i, off
				break tokens
			}
			s.pos = end
			j.scalarEnded(raw, s, i)
			i = end
			continue
		default:
			s.broken = true
		}
		if s.broken {
			break
		}
		i++
	}
	if s.broken {
		if s.token != broken {
			s.tok, s.token = i, broken
		}
		i = max(i, off)
	}
	s.pos = i
}

// walkToken goes on in a token that began before the place where the walk stopped.
func (j *records) walkToken(raw []byte, s *jsonState, off int) {
	if s.broken || s.pos >= off {
		return
	}
	if s.token == scalar {
		for s.pos < off && isScalar(raw[s.pos]) {
			s.pos++
		}
		if s.pos == off && (off == len(raw) || isScalar(raw[off])) {
			return
		}
		s.token = noToken
		j.scalarEnded(raw, s, s.tok)
		return
	}
	start := max(s.tok+1, 0)
	end := j.stringEnd(raw, s.pos, off, start)
	if end < 0 {
		s.pos = off
		return
	}
	if s.token == keyString {
		s.setKey(start, end)
		s.expect = expectColon
	} else {
		if j.listing {
			j.values = append(j.values, Field{start, end, j.path(raw)})
		}
		s.ended(j.perLine)
	}
	s.pos, s.token = end+1, noToken
}

// scalarEnded notes a scalar that ends at s.pos. tok is where it began; -1: before raw, so that it cannot be judged.
func (j *records) scalarEnded(raw []byte, s *jsonState, tok int) {
	s.broken = tok >= 0 && !validScalar(raw[tok:s.pos])
	if j.listing && !s.broken {
		j.values = append(j.values, Field{max(tok, 0), s.pos, j.path(raw)})
	}
	s.ended(j.perLine)
}

// ended notes the end of a value.
func (s *jsonState) ended(perLine bool) {
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

const maxKey = 1 * kib

// setKey notes the key raw[lo:hi].
func (s *jsonState) setKey(lo, hi int) {
	f := &s.frames[len(s.frames)-1]
	f.empty, f.named, f.held = false, true, false
	f.lo, f.hi = max(lo, hi-maxKey), hi
}

// keysTo puts the keys of the frames into j.keys, each followed by a zero: the innermost of them, like capNames.
func (j *records) keysTo(raw []byte, frames []frame) {
	first, left, count := len(frames), maxWay, 0
	for first > 0 && left > 0 && count < mostNames {
		first--
		if f := &frames[first]; f.named {
			left -= f.hi - f.lo
			count++
		}
	}
	j.keys = j.keys[:0]
	for i := first; i < len(frames); i++ {
		f := &frames[i]
		if !f.named {
			continue
		}
		key := j.key(raw, f)
		if left < 0 {
			key, left = key[-left:], 0
		}
		j.keys = append(append(j.keys, key...), 0)
	}
}

// key returns a frame's key.
func (j *records) key(raw []byte, f *frame) []byte {
	if f.held {
		return j.held[f.lo:f.hi]
	}
	return raw[f.lo:f.hi]
}

// stringEnd returns where the closing quote is in raw[from:to], or -1. start is where the string's content starts.
func (j *records) stringEnd(raw []byte, from, to, start int) int {
	j.indexFrom(raw, from)
	for i := from; ; i++ {
		if i = j.quoteIn(i, to); i < 0 || i == start || raw[i-1] != '\\' {
			return i
		}
		n := 1
		for i-n-1 >= start && raw[i-n-1] == '\\' {
			n++
		}
		if n&1 == 0 {
			return i
		}
	}
}

// quoteIn returns where the first quote between from and to is, or -1.
func (j *records) quoteIn(from, to int) int {
	if from >= to {
		return -1
	}
	k := from / chunk
	quotes := j.placed.at[k].a &^ (1<<(from%chunk) - 1)
	for quotes == 0 {
		if k++; k*chunk >= to {
			return -1
		}
		quotes = j.placed.at[k].a
	}
	if i := k*chunk + bits.TrailingZeros64(quotes); i < to {
		return i
	}
	return -1
}

// numberEnd returns where a plain number of up to eight digits before the point and after it ends, or -1 if there is something
// else, or the end of raw is near.
func numberEnd(raw []byte, i int) int {
	if i+24 > len(raw) {
		return -1
	}
	n := digits(raw[i:])
	if n == 0 {
		return -1
	}
	i += n
	if raw[i] == '.' {
		i += 1 + digits(raw[i+1:])
	}
	if jsonClasses[raw[i]] == scalarClass {
		return -1
	}
	return i
}

// digits counts the digits that eight bytes begin with.
func digits(b []byte) int {
	x := binary.LittleEndian.Uint64(b) ^ '0'*ones
	return bits.TrailingZeros64(((x&^tops)+(0x80-10)*ones|x)&tops) >> 3
}

func isScalar(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '+' || c == '.'
}

func validScalar(b []byte) bool {
	switch string(b) {
	case "true", "false", "null", "NaN", "Infinity", "-Infinity":
		return true
	}
	digits, dot, exp := 0, false, false
	for i, c := range b {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c == '-' || c == '+':
			if i > 0 && b[i-1] != 'e' && b[i-1] != 'E' {
				return false
			}
		case c == '.' && !dot && !exp:
			dot = true
		case (c == 'e' || c == 'E') && !exp && digits > 0:
			exp = true
		default:
			return false
		}
	}
	return digits > 0
}

func (j *records) field(raw []byte, off int) (f Field, ok bool) {
	if f, ok := j.around.at(raw, off); ok {
		return f, true
	}
	if j.late(16) {
		return Field{}, false
	}
	f, ok = j.fieldAt(raw, off)
	j.around.set(raw, off, f, ok)
	return f, ok
}

func (j *records) fieldAt(raw []byte, off int) (f Field, ok bool) {
	j.seek(raw, off)
	s := &j.cur
	if s.broken || s.token == noToken && off < len(raw) && s.breaks(raw[off]) { // text again, to the end of the line or document
		f = Field{Lo: off, Hi: len(raw)}
		if s.broken {
			f.Lo = min(off, max(s.tok, 0))
		}
		if j.perLine {
			f.Lo = max(f.Lo, bytes.LastIndexByte(raw[:off], '\n')+1)
			if i := bytes.IndexByte(raw[off:], '\n'); i >= 0 {
				f.Hi = off + i
			}
		}
		return f, true
	}
	switch {
	case s.token == valueString:
		f.Lo = max(s.tok+1, 0)
	case s.token == scalar:
		f.Lo = max(s.tok, 0)
	case s.token == noToken && s.expect == expectValue && off < len(raw) && raw[off] == '"':
		f.Lo = off + 1
	case s.token == noToken && s.expect == expectValue && off < len(raw) && isScalar(raw[off]):
		f.Lo = off
	default:
		return Field{}, false
	}
	f.Hi = max(s.pos, f.Lo)
	if f.Lo > 0 && raw[f.Lo-1] == '"' || s.token == valueString {
		if end := j.stringEnd(raw, f.Hi, len(raw), f.Lo); end >= 0 {
			f.Hi = end
		} else {
			f.Hi = len(raw)
		}
	} else {
		for f.Hi < len(raw) && isScalar(raw[f.Hi]) {
			f.Hi++
		}
	}
	f.Names = j.path(raw)
	return f, true
}

// late counts steps and says whether the time is over: then there are no answers any more.
func (j *records) late(steps int64) bool { return j.w != nil && j.w.late(steps) }

// breaks says whether c, which is no sign of JSON's, cannot follow here.
func (s *jsonState) breaks(c byte) bool {
	switch jsonClasses[c] {
	case noClass:
		return true
	case scalarClass:
		return s.expect != expectValue
	}
	return false
}

// list follows the tokens and keeps the values.
func (j *records) list(raw []byte, off int, dst []Field) ([]Field, int, bool) {
	if j.late(listStep / 4) {
		return dst, len(raw), true
	}
	if j.around.long(raw, off) {
		return dst, off, false
	}
	j.seek(raw, off)
	if j.cur.broken || j.cur.pos > off {
		return dst, off, false
	}
	j.remember()
	j.values, j.listing = dst, true
	limit := min(off+listStep, len(raw))
	if j.perLine { // a line at a time: each is a document
		end := bytes.IndexByte(raw[off:], '\n')
		if end < 0 {
			end = len(raw) - off
		}
		limit = min(limit, off+end)
	}
	j.walk(raw, &j.cur, limit)
	j.listing = false
	upto := limit
	switch {
	case j.cur.broken:
		upto = off
	case j.cur.token == valueString || j.cur.token == scalar:
		upto = max(j.cur.tok, 0) // the value at hand is for the next call
	}
	if upto == limit && j.perLine && limit < len(raw) && raw[limit] == '\n' {
		upto++
	}
	return j.values, upto, upto > off
}

// path returns the names on the way to the cursor, as keysTo has them; equal ways share one slice.
func (j *records) path(raw []byte) []string {
	j.keysTo(raw, j.cur.frames)
	if len(j.keys) == 0 {
		return nil
	}
	return j.ways.names(j.keys)
}

// ways keeps the names on the ways to values, by their keys as they stand in the file; without a walker it keeps nothing.
type ways struct {
	m     map[string][]string
	size  int64
	holds holding
}

// mostWays is how many bytes of names are kept, and of a small budget a share.
const mostWays = 4 * mib

func (w *ways) names(keys []byte) []string {
	if names, ok := w.m[string(keys)]; ok {
		return names
	}
	names := make([]string, 0, bytes.Count(keys, []byte{0}))
	size := int64(cap(names)) * 16
	for rest := keys; len(rest) > 0; {
		n := bytes.IndexByte(rest, 0)
		name := string(unescape(nil, rest[:n], nil, 0))
		names = append(names, name)
		size += int64(len(name)) + 16
		rest = rest[n+1:]
	}
	size += int64(len(keys)) + 96
	if w.holds.w == nil {
		return names
	}
	if w.m == nil || w.size+size > min(mostWays, w.holds.w.opts.MaxMemory/16) {
		w.holds.drop()
		w.m, w.size = map[string][]string{}, 0
	}
	if w.holds.hold(size) {
		w.m[string(keys)] = names
		w.size += size
	}
	return names
}

func (j *records) locate(raw []byte, lo, hi int) Location {
	j.seek(raw, lo)
	s := &j.cur
	value := s.token == valueString || s.token == scalar ||
		s.token == noToken && s.expect == expectValue && lo < len(raw) && (isScalar(raw[lo]) || raw[lo] == '"')
	if s.broken || !value {
		return j.lines.locate(raw, lo, hi)
	}
	loc := j.lines.locate(raw, lo, hi)
	loc.Kind, loc.Record, loc.Path, loc.Names = Record, s.record, j.jsonPath(raw), j.path(raw)
	return loc
}

// jsonPath writes the way to the cursor: as much of its end as a path has.
func (j *records) jsonPath(raw []byte) string {
	frames := j.cur.frames
	first, bytes := len(frames), 0
	for first > 0 && bytes <= 12*maxPath+maxKey { // a character takes twelve bytes at most, escaped
		first--
		if f := &frames[first]; f.named && !f.array {
			bytes += f.hi - f.lo
		}
		bytes++
	}
	parts := j.parts[:0]
	for i := range frames[first:] {
		switch f := &frames[first+i]; {
		case f.array:
			parts = append(parts, pathPart{index: f.index, isIndex: true})
		case f.named:
			parts = append(parts, pathPart{name: string(unescape(nil, j.key(raw, f), nil, 0))})
		}
	}
	path := jsonPath(parts)
	clear(parts)
	j.parts = parts
	return path
}

func (j *records) advance(raw []byte, n int) {
	j.lines.advance(raw, n)
	j.around = memo{}
	j.seek(raw, n)
	j.marks = j.marks[:0]
	j.hold(raw)
	s := &j.cur
	if s.pos > n { // inside a token that began before n
		s.pos = n
	}
	if s.token == scalar && s.tok >= 0 && s.pos == s.tok {
		s.token = noToken
	}
	s.pos = 0
	s.tok = max(s.tok-n, -1)
	j.base.set(s)
	j.placed.forget()
	j.silentFrom, j.silentUpto = max(j.silentFrom-n, 0), max(j.silentUpto-n, -1)
}

// hold keeps the cursor's keys, whose bytes are about to go.
func (j *records) hold(raw []byte) {
	kept := j.keys[:0]
	for i := range j.cur.frames {
		if f := &j.cur.frames[i]; f.named {
			at := len(kept)
			kept = append(kept, j.key(raw, f)...)
			f.held, f.lo, f.hi = true, at, len(kept)
		}
	}
	j.held, j.keys = kept, j.held
}

// check looks for nesting beyond the limit.
func (j *records) check(raw []byte, lo, hi int) error {
	if !j.perLine {
		j.seek(raw, hi)
		if j.cur.deep {
			return stop(Skipped, JSONNestingLevelOverLimit, "nested too deeply")
		}
		return nil
	}
	for lo < hi {
		part := raw[lo:min(lo+openersStep, hi)]
		if n := openersIn(part); j.openers+n <= j.maxDepth {
			// All lines together have not too many. Those of the line that goes on are at most all of them.
			if j.openers += n; bytes.LastIndexByte(part, '\n') >= 0 {
				j.openers = n
			}
		} else if !j.shallow(raw, lo, lo+len(part)) {
			return stop(Skipped, JSONNestingLevelOverLimit, "nested too deeply")
		}
		lo += len(part)
	}
	return nil
}

// shallow says whether no line of a stretch is nested too deeply, a line at a time: one is followed when it has enough that opens.
func (j *records) shallow(raw []byte, lo, hi int) bool {
	for lo < hi {
		end := bytes.IndexByte(raw[lo:hi], '\n')
		if end < 0 {
			end = hi - lo
		}
		if j.openers += openersIn(raw[lo : lo+end]); j.openers > j.maxDepth {
			if j.seek(raw, lo+end); j.cur.deep {
				return false
			}
		}
		lo += end
		if lo < hi {
			j.openers = 0
			lo++
		}
	}
	return true
}

// cut moves at back out of an escape. A run of backslashes longer than any escape is split anywhere: that is no text.
func (j *records) cut(raw []byte, at int) int {
	from := max(0, at-64)
	i := bytes.LastIndexByte(raw[max(from, at-12):at], '\\')
	if i < 0 {
		return at
	}
	i += max(from, at-12)
	for i > from && raw[i-1] == '\\' {
		i--
	}
	return i
}

// decode undoes escapes, remembering where each was.
func (j *records) decode(raw []byte) ([]byte, []span) {
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw, nil
	}
	j.spanList = append(j.spanList[:0], span{})
	j.text = unescape(j.text[:0], raw, &j.spanList, 0)
	return j.text, j.spanList
}

func unescape(dst, src []byte, spans *[]span, in int) []byte {
	for {
		i := bytes.IndexByte(src[in:], '\\')
		if i < 0 || in+i+1 >= len(src) {
			return append(dst, src[in:]...)
		}
		dst = append(dst, src[in:in+i]...)
		in += i
		c := src[in+1]
		used := 2
		switch c {
		case 'n':
			c = '\n'
		case 't':
			c = '\t'
		case 'r':
			c = '\r'
		case 'b', 'f':
			c = ' '
		case 'u':
			r, ok := hex4(src[in+2:])
			if !ok {
				break
			}
			used = 6
			if utf16.IsSurrogate(r) && len(src) >= in+8 && src[in+6] == '\\' && src[in+7] == 'u' {
				if low, ok := hex4(src[in+8:]); ok {
					if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
						r, used = both, 12
					}
				}
			}
			dst = utf8.AppendRune(dst, r)
			in += used
			if spans != nil {
				*spans = append(*spans, span{int32(len(dst)), int32(in)})
			}
			continue
		}
		dst = append(dst, c)
		in += used
		if spans != nil {
			*spans = append(*spans, span{int32(len(dst)), int32(in)})
		}
	}
}

func hex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	v, err := strconv.ParseUint(string(b[:4]), 16, 16)
	return rune(v), err == nil
}
