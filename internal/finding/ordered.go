package finding

import (
	"container/heap"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"sort"
	"strconv"
	"strings"

	"magpie/internal/store"
)

// Where nearly every finding has another text (a sieved field: the key or the path of its object), a segment that is not loose
// keeps the texts in their order, in blocks: who looks for one reads a block, and who lists findings in this order reads those
// blocks where the page is, however many findings there are.

// orderBlock is how many texts are in a block.
const orderBlock = 128

// orderMark follows the name of the field in the name of what says how its texts are ordered, and comes before the number of a block.
const orderMark = " order"

// A line is a text of a finding in its order: texts first, then ids. What a finding about a bucket alone is sorted by is the
// bucket's name, which is not a text of the field.
type line struct {
	text   string
	id     [16]byte
	absent bool
}

func (l *line) compare(text string, id [16]byte) int {
	if c := strings.Compare(l.text, text); c != 0 {
		return c
	}
	return strings.Compare(string(l.id[:]), string(id[:]))
}

// An ordering tells which finding is where in the order, and with what each block begins.
type ordering struct {
	places []uint16 // of the findings in the segment
	heads  []line
}

// orderingOf puts lines, one for each finding of a segment, in order, and gives the stored forms of the ordering and of its blocks,
// by name.
func orderingOf(f *field, lines []line) map[string][]byte {
	places := make([]int, len(lines))
	for i := range places {
		places[i] = i
	}
	slices.SortFunc(places, func(a, b int) int { return lines[a].compare(lines[b].text, lines[b].id) })
	all := map[string][]byte{}
	var head []byte
	for _, i := range places {
		head = binary.LittleEndian.AppendUint16(head, uint16(i))
	}
	for from := 0; from < len(places); from += orderBlock {
		var block []byte
		before := ""
		for k, i := range places[from:min(from+orderBlock, len(places))] {
			l := &lines[i]
			if k == 0 {
				head = appendText(head, f, l, "")
			}
			block = appendText(block, f, l, before)
			before = l.text
		}
		all[blockName(f.name, from/orderBlock)] = block
	}
	all[f.name+orderMark] = head
	return all
}

func blockName(field string, n int) string { return field + orderMark + " " + strconv.Itoa(n) }

// appendText stores a line: how many bytes it begins with as the one before it does, times two, and one more if it is absent; the
// length of the rest, the rest, and the id where findings are sorted by the field.
func appendText(to []byte, f *field, l *line, before string) []byte {
	n := 0
	for n < min(len(before), len(l.text)) && before[n] == l.text[n] {
		n++
	}
	first := uint64(n) << 1
	if l.absent {
		first |= 1
	}
	to = binary.AppendUvarint(to, first)
	to = binary.AppendUvarint(to, uint64(len(l.text)-n))
	to = append(to, l.text[n:]...)
	if f.sorts {
		to = append(to, l.id[:]...)
	}
	return to
}

func readText(f *field, data []byte, before string) (l line, rest []byte, err error) {
	ids := 0
	if f.sorts {
		ids = len(l.id)
	}
	first, k := binary.Uvarint(data)
	if k <= 0 || first>>1 > uint64(len(before)) {
		return l, nil, errColumn
	}
	data = data[k:]
	n, k := binary.Uvarint(data)
	if k <= 0 || len(data)-k < ids || n > uint64(len(data)-k-ids) {
		return l, nil, errColumn
	}
	data = data[k:]
	l.text, l.absent = before[:first>>1]+string(data[:n]), first&1 != 0
	data = data[n:]
	copy(l.id[:], data[:ids])
	return l, data[ids:], nil
}

func readOrdering(f *field, stored []byte, size int) (*ordering, error) {
	if len(stored) < 2*size {
		return nil, errColumn
	}
	o := &ordering{places: make([]uint16, size)}
	seen := make(flags, (size+7)/8)
	for i := range o.places {
		o.places[i] = binary.LittleEndian.Uint16(stored[2*i:])
		if at := int(o.places[i]); at >= size || seen.at(at) {
			return nil, errColumn
		}
		seen.with(int(o.places[i]), size)
	}
	data := stored[2*size:]
	for range (size + orderBlock - 1) / orderBlock {
		l, rest, err := readText(f, data, "")
		if err != nil {
			return nil, err
		}
		o.heads = append(o.heads, l)
		data = rest
	}
	return o, expect(data, 0)
}

// readBlock reads a block, which has a line more than none and not more than orderBlock.
func readBlock(f *field, stored []byte) ([]line, error) {
	lines := make([]line, 0, orderBlock)
	before := ""
	for len(stored) > 0 {
		l, rest, err := readText(f, stored, before)
		if err != nil || len(lines) == orderBlock {
			return nil, errColumn
		}
		lines = append(lines, l)
		before, stored = l.text, rest
	}
	if len(lines) == 0 {
		return nil, errColumn
	}
	return lines, nil
}

// block is the last block that begins with a text and an id or before them, or the first one: what comes next is in it, or at the
// beginning of the one after it.
func (o *ordering) block(text string, id [16]byte) int {
	n := sort.Search(len(o.heads), func(i int) bool { return o.heads[i].compare(text, id) > 0 })
	return max(0, n-1)
}

// first is the first block that may hold a text.
func (o *ordering) first(text string) int {
	return max(0, sort.Search(len(o.heads), func(i int) bool { return o.heads[i].text >= text })-1)
}

// A blockRef is a block of a segment that somebody needs.
type blockRef struct {
	segment *segment
	field   string
	number  int
}

func (b *blockRef) lines() []line {
	if c := b.segment.columns[blockName(b.field, b.number)]; c != nil {
		return c.lines
	}
	return nil
}

// loadBlocks reads blocks, from memory where they are there.
func (s *Service) loadBlocks(ctx context.Context, tx *store.Tx, blocks []blockRef) error {
	type key struct{ id, name string }
	missing := map[key]*segment{}
	var asked []store.Stmt
	for _, b := range blocks {
		g, name := b.segment, blockName(b.field, b.number)
		if g.columns == nil {
			g.columns = map[string]*column{}
		}
		if g.columns[name] != nil {
			continue
		}
		if c := s.cache.get(g.id, name); c != nil {
			g.columns[name] = c
			continue
		}
		if k := (key{g.id, name}); missing[k] == nil {
			missing[k] = g
			asked = append(asked, store.Stmt{SQL: `select segment_id, name, body from finding_column where segment_id = $1 and name = $2`, Args: []any{g.id, name}})
		}
	}
	if len(asked) == 0 {
		return nil
	}
	err := tx.QueryMany(ctx, func(_ int, r store.Row) error {
		var id, name, body string
		if err := r.Scan(&id, &name, &body); err != nil {
			return err
		}
		stored, err := base64.StdEncoding.DecodeString(body)
		if err != nil {
			return errColumn
		}
		return s.keep(missing[key{id, name}], name, stored)
	}, asked...)
	if err != nil {
		return err
	}
	for k, g := range missing {
		if g.columns[k.name] == nil {
			return errMoved
		}
	}
	return nil
}

// having are, for each of the segments, all of them ordered, the places of the findings that have one of the texts.
func (s *Service) having(ctx context.Context, tx *store.Tx, segments []*segment, f *field, texts []string) (map[*segment][]uint16, error) {
	if err := s.load(ctx, tx, segments, f.name+orderMark); err != nil {
		return nil, err
	}
	type hit struct {
		blockRef
		text string
	}
	all := map[*segment][]uint16{}
	var hits []hit
	for _, g := range segments {
		for _, text := range texts {
			n := g.columns[f.name+orderMark].order.first(text)
			hits = append(hits, hit{blockRef{g, f.name, n}, text})
		}
	}
	for len(hits) > 0 { // a text that many findings have goes on in the next block
		blocks := make([]blockRef, len(hits))
		for i := range hits {
			blocks[i] = hits[i].blockRef
		}
		if err := s.loadBlocks(ctx, tx, blocks); err != nil {
			return nil, err
		}
		var more []hit
		for _, h := range hits {
			order := h.segment.columns[f.name+orderMark].order
			lines := h.lines()
			from := sort.Search(len(lines), func(i int) bool { return lines[i].text >= h.text })
			for from < len(lines) && lines[from].text == h.text {
				if at := h.number*orderBlock + from; !lines[from].absent && at < len(order.places) {
					all[h.segment] = append(all[h.segment], order.places[at])
				}
				from++
			}
			if from == len(lines) && h.number+1 < len(order.heads) {
				h.number++
				more = append(more, h)
			}
		}
		hits = more
	}
	return all, nil
}

// A cursor stands on a finding of a segment, in the order of its texts.
type cursor struct {
	segment *segment
	order   *ordering
	kept    flags // the findings that count; nil: all
	rank    int
	line    line
}

// settle moves a cursor on, from where it is, to the next finding that counts. It is past the end if there is none.
func (c *cursor) settle(step int) {
	for c.rank >= 0 && c.rank < len(c.order.places) && c.kept != nil && !c.kept.at(int(c.order.places[c.rank])) {
		c.rank += step
	}
}

func (c *cursor) over() bool { return c.rank < 0 || c.rank >= len(c.order.places) }

// cursors are a heap of those that are not over, the one that comes first at its top.
type cursors struct {
	of    []*cursor
	order order
}

func (h *cursors) Len() int { return len(h.of) }
func (h *cursors) Less(i, j int) bool {
	c := h.of[i].line.compare(h.of[j].line.text, h.of[j].line.id)
	return c < 0 != h.order.descending && c != 0
}
func (h *cursors) Swap(i, j int) { h.of[i], h.of[j] = h.of[j], h.of[i] }
func (h *cursors) Push(x any)    { h.of = append(h.of, x.(*cursor)) }
func (h *cursors) Pop() any {
	last := h.of[len(h.of)-1]
	h.of = h.of[:len(h.of)-1]
	return last
}

// orderedPlaces appends those findings of ordered segments that criteria select and that are wanted, in the order of a sieved field.
func (s *Service) orderedPlaces(ctx context.Context, tx *store.Tx, segments []*segment, c Criteria, w wanted, to []place) ([]place, error) {
	all, err := s.cursorsOf(ctx, tx, segments, c, w.order)
	if err != nil {
		return to, err
	}
	read := orderedReading{s, tx, w.order, 1}
	if w.descending {
		read.step = -1
	}
	for _, x := range all {
		x.order = x.segment.columns[w.field+orderMark].order
		if w.after != nil {
			x.rank = orderBlock * x.order.block(w.after.text, rawID(w.after.id))
		} else if w.descending {
			x.rank = len(x.order.places) - 1
		}
	}
	if w.after != nil {
		if err := read.skip(ctx, all, w.after); err != nil {
			return to, err
		}
	}
	for _, x := range all {
		x.settle(read.step)
	}
	if err := read.load(ctx, all...); err != nil {
		return to, err
	}
	h := &cursors{order: w.order}
	for _, x := range all {
		if x.over() {
			continue
		}
		if err := read.line(x); err != nil {
			return to, err
		}
		h.of = append(h.of, x)
	}
	heap.Init(h)
	for n := w.n; n > 0 && h.Len() > 0; n-- {
		x := h.of[0]
		to = append(to, place{text: x.line.text, id: hex.EncodeToString(x.line.id[:])})
		x.rank += read.step
		x.settle(read.step)
		if x.over() {
			heap.Pop(h)
			continue
		}
		if err := read.load(ctx, x); err != nil {
			return to, err
		}
		if err := read.line(x); err != nil {
			return to, err
		}
		heap.Fix(h, 0)
	}
	return to, nil
}

// cursorsOf are cursors over what criteria select of ordered segments, whose orders are loaded.
func (s *Service) cursorsOf(ctx context.Context, tx *store.Tx, segments []*segment, c Criteria, o order) ([]*cursor, error) {
	var all []*cursor
	err := s.walk(ctx, tx, segments, c, nil, func(g *segment, in []int32) bool {
		x := &cursor{segment: g}
		if len(in) < g.size {
			x.kept = make(flags, (g.size+7)/8)
			for _, i := range in {
				x.kept.with(int(i), g.size)
			}
		}
		all = append(all, x)
		return true
	})
	if err != nil {
		return nil, err
	}
	segments = segments[:0:0]
	for _, x := range all {
		segments = append(segments, x.segment)
	}
	return all, s.load(ctx, tx, segments, o.field+orderMark)
}

// orderedReading reads lines of ordered segments within a transaction, one step after the other.
type orderedReading struct {
	s  *Service
	tx *store.Tx
	order
	step int
}

func (r orderedReading) block(x *cursor) blockRef {
	return blockRef{x.segment, r.field, x.rank / orderBlock}
}

// load loads the blocks that cursors stand in.
func (r orderedReading) load(ctx context.Context, some ...*cursor) error {
	var blocks []blockRef
	for _, x := range some {
		if !x.over() {
			blocks = append(blocks, r.block(x))
		}
	}
	return r.s.loadBlocks(ctx, r.tx, blocks)
}

// skip moves cursors, each of which stands in the block of a place, behind that place.
func (r orderedReading) skip(ctx context.Context, all []*cursor, after *place) error {
	if err := r.load(ctx, all...); err != nil {
		return err
	}
	id := rawID(after.id)
	for _, x := range all {
		b := r.block(x)
		lines := b.lines()
		if r.descending {
			x.rank += sort.Search(len(lines), func(i int) bool { return lines[i].compare(after.text, id) >= 0 }) - 1
		} else {
			x.rank += sort.Search(len(lines), func(i int) bool { return lines[i].compare(after.text, id) > 0 })
		}
	}
	return nil
}

// line reads the line that a cursor stands at.
func (r orderedReading) line(x *cursor) error {
	b := r.block(x)
	lines := b.lines()
	if x.rank%orderBlock >= len(lines) {
		return errColumn
	}
	x.line = lines[x.rank%orderBlock]
	return nil
}

// rawID are the bytes of an id. Those of another form than findings have stand for the one before which they come.
func rawID(id string) (raw [16]byte) {
	b, err := hex.DecodeString(id)
	if err == nil {
		copy(raw[:], b)
	}
	return raw
}
