package finding

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"math/bits"
	"slices"
	"strings"

	"magpie/internal/macie2"
)

// A column holds what the findings of a segment have for one field: the entries that occur, and which of them each finding
// has. An entry is a list of values, since a field may have several, or none.
type column struct {
	texts   []string // values of all entries, one after the other, for fields of texts and booleans
	numbers []int64  // the same for numbers and dates
	ends    []uint32 // where each entry ends in texts or numbers; nil where each has one value
	codes   []uint16 // the entry of each finding; nil where all have the first one, or where each has its own
	each    bool     // entry i is that of finding i
	ids     []byte   // of the column of ids alone: 16 bytes a finding
	sieve   sieve    // of a sieve alone
	order   *ordering
	lines   []line // of a block alone
}

// noValues is the column of a field for which no finding of a segment has a value.
var noValues = &column{ends: []uint32{0}}

// What a segment can hold at most, and the forms of the codes of a column.
const (
	maxSegment  = 1 << 16
	columnPlain = 0 // entry i is that of finding i
	columnOne   = 1 // all findings have the first entry
	columnBytes = 2 // a byte for each finding
	columnWords = 3 // two bytes for each finding
)

// code is the entry of a finding.
func (c *column) code(i int) int {
	switch {
	case c.codes != nil:
		return int(c.codes[i])
	case c.each:
		return i
	}
	return 0
}

// entry gives the values of an entry; one of the two is empty.
func (c *column) entry(code int) (texts []string, numbers []int64) {
	from, to := uint32(code), uint32(code)+1
	if c.ends != nil {
		if from, to = 0, c.ends[code]; code > 0 {
			from = c.ends[code-1]
		}
	}
	if c.texts != nil {
		return c.texts[from:to], nil
	}
	if c.numbers != nil {
		return nil, c.numbers[from:to]
	}
	return nil, nil
}

// single reports whether each entry has one value.
func (c *column) single() bool { return c.ends == nil }

// entries is how many entries there are.
func (c *column) entries() int {
	if c.ends != nil {
		return len(c.ends)
	}
	return max(len(c.texts), len(c.numbers))
}

// text is the first value of an entry of texts, and whether there is one.
func (c *column) text(code int) (string, bool) {
	if texts, _ := c.entry(code); len(texts) > 0 {
		return texts[0], true
	}
	return "", false
}

// bytes is about how much memory the column takes.
func (c *column) bytes() int {
	n := 128 + 16*len(c.texts) + 8*len(c.numbers) + 4*len(c.ends) + 2*len(c.codes) + len(c.ids) + len(c.sieve)
	for _, t := range c.texts {
		n += len(t)
	}
	lines := c.lines
	if c.order != nil {
		n += 2 * len(c.order.places)
		lines = c.order.heads
	}
	for i := range lines {
		n += 40 + len(lines[i].text)
	}
	return n
}

// columnWriter makes the stored form of a column.
type columnWriter struct {
	numbers bool
	entries []byte
	codes   []uint16
	byEntry map[string]uint16
	scratch []byte
}

func newColumnWriter(f *field) *columnWriter {
	return &columnWriter{numbers: f.kind == number || f.kind == date, byEntry: map[string]uint16{}}
}

// add adds a finding with these values, in any order.
func (w *columnWriter) add(texts []string, numbers []int64) {
	w.codes = append(w.codes, w.code(texts, numbers))
}

// code is the code of an entry, which is made where it is new.
func (w *columnWriter) code(texts []string, numbers []int64) uint16 {
	b := w.scratch[:0]
	if w.numbers {
		if len(numbers) > 1 {
			numbers = slices.Compact(slices.Sorted(slices.Values(numbers)))
		}
		b = binary.AppendUvarint(b, uint64(len(numbers)))
		for _, n := range numbers {
			b = binary.AppendVarint(b, n)
		}
	} else {
		if len(texts) > 1 {
			texts = unique(texts)
		}
		b = binary.AppendUvarint(b, uint64(len(texts)))
		for _, t := range texts {
			b = binary.AppendUvarint(b, uint64(len(t)))
			b = append(b, t...)
		}
	}
	w.scratch = b
	code, ok := w.byEntry[string(b)]
	if !ok {
		code = uint16(len(w.byEntry))
		w.byEntry[string(b)] = code
		w.entries = append(w.entries, b...)
	}
	return code
}

// encoded is the stored form: the form of the codes, the number of entries, the entries, the codes.
func (w *columnWriter) encoded() []byte {
	n := len(w.byEntry)
	form := byte(columnWords)
	switch {
	case n == 1:
		form = columnOne
	case n == len(w.codes): // each new entry got the next code, so they are in the findings' order
		form = columnPlain
	case n <= 256:
		form = columnBytes
	}
	out := make([]byte, 0, len(w.entries)+2*len(w.codes)+8)
	out = append(out, form)
	out = binary.AppendUvarint(out, uint64(n))
	out = append(out, w.entries...)
	switch form {
	case columnBytes:
		for _, c := range w.codes {
			out = append(out, byte(c))
		}
	case columnWords:
		for _, c := range w.codes {
			out = binary.LittleEndian.AppendUint16(out, c)
		}
	}
	return out
}

// absent reports whether no finding has a value.
func (w *columnWriter) absent() bool { return len(w.byEntry) == 1 && len(w.entries) == 1 }

var errColumn = errors.New("a stored column is damaged")

// decodeColumn reads the stored form of a column of a field for a segment of size findings.
func decodeColumn(f *field, stored []byte, size int) (*column, error) {
	if len(stored) == 0 {
		return nil, errColumn
	}
	form, data := stored[0], stored[1:]
	n, k := binary.Uvarint(data)
	if k <= 0 || n < 1 || n > uint64(min(size, maxSegment)) {
		return nil, errColumn
	}
	data = data[k:]
	c := &column{each: form == columnPlain}
	numbers := f.kind == number || f.kind == date
	all := ""
	if !numbers {
		all = string(data) // one copy that all texts are parts of
	}
	start := len(data)
	if numbers {
		c.numbers = make([]int64, 0, n)
	} else {
		c.texts = make([]string, 0, n)
	}
	for e := range int(n) {
		values, k := binary.Uvarint(data)
		if k <= 0 || values > uint64(len(data)) {
			return nil, errColumn
		}
		data = data[k:]
		if values != 1 && c.ends == nil { // until now each had one
			c.ends = make([]uint32, e, n)
			for i := range c.ends {
				c.ends[i] = uint32(i) + 1
			}
		}
		for range values {
			if numbers {
				v, k := binary.Varint(data)
				if k <= 0 {
					return nil, errColumn
				}
				data = data[k:]
				c.numbers = append(c.numbers, v)
				continue
			}
			length, k := binary.Uvarint(data)
			if k <= 0 || length > uint64(len(data)-k) {
				return nil, errColumn
			}
			from := start - len(data) + k
			c.texts = append(c.texts, all[from:from+int(length)])
			data = data[k+int(length):]
		}
		if c.ends != nil {
			c.ends = append(c.ends, uint32(max(len(c.texts), len(c.numbers))))
		}
	}
	if form == columnPlain && int(n) != size {
		return nil, errColumn
	}
	if err := c.decodeCodes(form, data, n, size); err != nil {
		return nil, err
	}
	return c, nil
}

// decodeCodes reads which of n entries each of size findings has.
func (c *column) decodeCodes(form byte, data []byte, n uint64, size int) error {
	switch form {
	case columnPlain, columnOne:
		return expect(data, 0)
	case columnBytes:
		if err := expect(data, size); err != nil {
			return err
		}
		c.codes = make([]uint16, size)
		for i, b := range data {
			c.codes[i] = uint16(b)
		}
	case columnWords:
		if err := expect(data, 2*size); err != nil {
			return err
		}
		c.codes = make([]uint16, size)
		for i := range c.codes {
			c.codes[i] = binary.LittleEndian.Uint16(data[2*i:])
		}
	default:
		return errColumn
	}
	if uint64(slices.Max(c.codes)) >= n {
		return errColumn
	}
	return nil
}

func expect(data []byte, n int) error {
	if len(data) != n {
		return errColumn
	}
	return nil
}

// The names of what stands among the columns of a segment without being a field's.
const (
	idColumn  = "id"
	sieveMark = " sieve"
)

// packID makes the 16 bytes of an id.
func packID(to []byte, id string) ([]byte, error) {
	b, err := hex.DecodeString(id)
	if err != nil || len(b) != 16 || strings.ToLower(id) != id {
		return nil, fmt.Errorf("a finding has the id %q, want 32 hexadecimal digits", shorten(id))
	}
	return append(to, b...), nil
}

// id is the id of a finding, from the column of ids.
func (c *column) id(i int) string { return hex.EncodeToString(c.ids[16*i : 16*i+16]) }

// A sieve tells which texts a column certainly does not have: a Bloom filter of sixteen bits and six probes a text, which lets
// one of a thousand others through.
type sieve []byte

const sieveProbes = 6

func newSieve(texts []string) sieve {
	s := make(sieve, max(1, len(texts)*2))
	for _, t := range texts {
		a, b := sieveHash(t)
		for range sieveProbes {
			bit := a % (8 * uint64(len(s)))
			s[bit/8] |= 1 << (bit % 8)
			a += b
		}
	}
	return s
}

func (s sieve) mayHave(text string) bool {
	a, b := sieveHash(text)
	for range sieveProbes {
		bit := a % (8 * uint64(len(s)))
		if s[bit/8]&(1<<(bit%8)) == 0 {
			return false
		}
		a += b
	}
	return true
}

func sieveHash(text string) (start, step uint64) {
	h := fnv.New64a()
	h.Write([]byte(text))
	a := h.Sum64()
	return a, bits.RotateLeft64(a, 32)*0x9e3779b97f4a7c15 | 1
}

// flags are a bit for each finding of a segment; nil: none is set.
type flags []byte

func (f flags) at(i int) bool { return i/8 < len(f) && f[i/8]&(1<<(i%8)) != 0 }

// with sets a bit, in place unless there are none yet.
func (f flags) with(i, size int) flags {
	if f == nil {
		f = make(flags, (size+7)/8)
	}
	f[i/8] |= 1 << (i % 8)
	return f
}

func (f flags) stored() string { return base64.StdEncoding.EncodeToString(f) }

func readFlags(stored string, size int) (flags, error) {
	if stored == "" {
		return nil, nil
	}
	f, err := base64.StdEncoding.DecodeString(stored)
	if err != nil || len(f) != (size+7)/8 {
		return nil, errColumn
	}
	return f, nil
}

// columnFields are the fields that have a column in segments, by name: all but the id, and but whether the finding is
// archived, which may change.
var columnFields = func() []*field {
	var all []*field
	for name, f := range fields {
		if name != idColumn && name != "archived" {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b *field) int { return strings.Compare(a.name, b.name) })
	return all
}()

// columnsOf makes the columns of findings: those of fields for which some finding has a value, and that of the ids.
func columnsOf(findings []*macie2.Finding) (map[string][]byte, error) {
	all := make(map[string][]byte, len(columnFields))
	ids := make([]byte, 0, 16*len(findings))
	for _, x := range findings {
		var err error
		if ids, err = packID(ids, *x.Id); err != nil {
			return nil, err
		}
	}
	all[idColumn] = ids
	for _, f := range columnFields {
		w := newColumnWriter(f)
		for _, x := range findings {
			if w.numbers {
				w.add(nil, f.numbers(x))
			} else {
				w.add(f.texts(x), nil)
			}
		}
		if !w.absent() {
			all[f.name] = w.encoded()
		}
	}
	return all, nil
}

// bodyOf is the stored form of all columns of a loose segment: name, length and column of each.
func bodyOf(columns map[string][]byte) string {
	var b []byte
	for _, name := range slices.Sorted(maps.Keys(columns)) {
		b = binary.AppendUvarint(b, uint64(len(name)))
		b = append(b, name...)
		b = binary.AppendUvarint(b, uint64(len(columns[name])))
		b = append(b, columns[name]...)
	}
	return base64.StdEncoding.EncodeToString(b)
}

func splitBody(stored string) (map[string][]byte, error) {
	b, err := base64.StdEncoding.DecodeString(stored)
	if err != nil {
		return nil, errColumn
	}
	part := func() []byte {
		n, k := binary.Uvarint(b)
		if k <= 0 || n > uint64(len(b)-k) {
			err = errColumn
			return nil
		}
		p := b[k : k+int(n)]
		b = b[k+int(n):]
		return p
	}
	columns := map[string][]byte{}
	for len(b) > 0 && err == nil {
		name := part()
		if err == nil {
			columns[string(name)] = part()
		}
	}
	return columns, err
}

// decodeAny reads a column by its name, which may be that of the ids, of a sieve, of an order or of a block.
func decodeAny(name string, stored []byte, size int) (*column, error) {
	switch {
	case name == idColumn:
		return &column{ids: stored}, expect(stored, 16*size)
	case strings.HasSuffix(name, sieveMark):
		if len(stored) == 0 {
			return nil, errColumn
		}
		return &column{sieve: stored}, nil
	}
	if of, block, ok := strings.Cut(name, orderMark); ok {
		f := fields[of]
		if block == "" {
			o, err := readOrdering(f, stored, size)
			return &column{order: o}, err
		}
		lines, err := readBlock(f, stored)
		return &column{lines: lines}, err
	}
	return decodeColumn(fields[name], stored, size)
}
