package finding

import (
	"cmp"
	"container/list"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/google/uuid"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// A segment is a row of finding_segment: findings of data of one holder that have consecutive numbers.
type segment struct {
	region, holder string
	first          int64
	size           int
	id             string
	loose          bool
	ordered        bool // sieved fields have their texts in order, and no column
	version        int64
	oldest, newest int64
	archived, gone flags
	columns        map[string]*column // those that were read
	looks          []look             // what conditions say of the entries of its columns
	in             []int32            // the findings that criteria select
}

// errMoved is what a reader gets that looks for columns of a segment which has meanwhile become part of another, or has gone.
// It has to begin again.
var errMoved = fmt.Errorf("a segment of findings has gone: %w", store.ErrConflict)

// maxMoves is how often a reader begins again.
const maxMoves = 10

// insertData writes findings of data as a segment of their own, in the caller's transaction.
func (s *Service) insertData(ctx context.Context, tx *store.Tx, region string, holder macie2.AccountID, findings []*macie2.Finding) error {
	columns, err := columnsOf(findings)
	if err != nil {
		return err
	}
	var next int64
	err = tx.QueryRow(ctx, `insert into finding_head (region, holder, next) values ($1, $2, $3)
		on conflict (region, holder) do update set next = finding_head.next + excluded.next returning next`,
		region, holder, int64(len(findings))).Scan(&next)
	if err != nil {
		return err
	}
	g := &segment{region: region, holder: string(holder), first: next - int64(len(findings)), size: len(findings), id: uuid.NewString(), loose: true}
	g.oldest, g.newest = findings[0].UpdatedAt.UnixMilli(), findings[0].UpdatedAt.UnixMilli()
	rows := make([][]any, len(findings))
	for i, x := range findings {
		document, err := documentOf(x)
		if err != nil {
			return err
		}
		rows[i] = []any{region, string(holder), g.first + int64(i), *x.Id, document}
		g.oldest, g.newest = min(g.oldest, x.UpdatedAt.UnixMilli()), max(g.newest, x.UpdatedAt.UnixMilli())
		if macie2.Deref(x.Archived) {
			g.archived = g.archived.with(i, g.size)
		}
	}
	tx.DeferInsert(`insert into finding_data (region, holder, number, id, document)`, rows, "")
	g.insert(tx, bodyOf(columns))
	tx.OnCommit(func() { s.merger.recorded(region, holder) })
	return nil
}

func (g *segment) insert(tx *store.Tx, body string) {
	tx.DeferInsert(`insert into finding_segment (region, holder, first, size, id, loose, ordered, version, oldest, newest, archived, gone, body)`,
		[][]any{{g.region, g.holder, g.first, int64(g.size), g.id, g.loose, g.ordered, g.version, g.oldest, g.newest, g.archived.stored(), g.gone.stored(), body}}, "")
}

const segmentColumns = `first, size, id, loose, ordered, version, oldest, newest, archived, gone`

// segmentsOf are the segments of a holder, in the order of their numbers.
func segmentsOf(ctx context.Context, tx *store.Tx, region, holder string) ([]*segment, error) {
	var all []*segment
	err := tx.Query(ctx, func(r store.Row) error {
		g, err := scanSegment(r, region, holder)
		all = append(all, g)
		return err
	}, `select `+segmentColumns+` from finding_segment where region = $1 and holder = $2 order by first`, region, holder)
	return all, err
}

func scanSegment(r store.Row, region, holder string) (*segment, error) {
	g := &segment{region: region, holder: holder}
	var archived, gone string
	err := r.Scan(&g.first, &g.size, &g.id, &g.loose, &g.ordered, &g.version, &g.oldest, &g.newest, &archived, &gone)
	if err != nil {
		return nil, err
	}
	if g.size < 1 || g.size > maxSegment {
		return nil, errColumn
	}
	if g.archived, err = readFlags(archived, g.size); err == nil {
		g.gone, err = readFlags(gone, g.size)
	}
	return g, err
}

// bytes is about how much memory the columns take that were read.
func (g *segment) bytes() (n int) {
	for _, c := range g.columns {
		n += c.bytes()
	}
	return n
}

// column is a column that was read.
func (g *segment) column(name string) *column {
	if c := g.columns[name]; c != nil {
		return c
	}
	return noValues
}

// load reads columns of segments, from memory where they are there. It returns errMoved when a segment is not there any more.
func (s *Service) load(ctx context.Context, tx *store.Tx, segments []*segment, names ...string) error {
	var loose, ids, wanted store.List
	missing := map[string]*segment{}
	for _, g := range segments {
		if g.columns == nil {
			g.columns = map[string]*column{}
		}
		for _, name := range names {
			if g.columns[name] != nil {
				continue
			}
			if c := s.cache.get(g.id, name); c != nil {
				g.columns[name] = c
				continue
			}
			missing[g.id] = g
			if !slices.Contains(wanted, name) {
				wanted = append(wanted, name)
			}
		}
		switch {
		case missing[g.id] == nil:
		case g.loose:
			loose = append(loose, g.id)
		default:
			ids = append(ids, g.id)
		}
	}
	if len(ids) > 0 {
		err := tx.Query(ctx, func(r store.Row) error {
			var id, name, body string
			if err := r.Scan(&id, &name, &body); err != nil {
				return err
			}
			stored, err := base64.StdEncoding.DecodeString(body)
			if err != nil {
				return errColumn
			}
			return s.keep(missing[id], name, stored)
		}, `select segment_id, name, body from finding_column where `+tx.Any("segment_id", 1)+` and `+tx.Any("name", 2), ids, wanted)
		if err != nil {
			return err
		}
	}
	if len(loose) > 0 {
		err := tx.Query(ctx, func(r store.Row) error {
			var id, body string
			if err := r.Scan(&id, &body); err != nil {
				return err
			}
			columns, err := splitBody(body)
			for _, f := range columnFields {
				if err == nil && columns[f.name] == nil {
					g := missing[id]
					g.columns[f.name] = noValues
					s.cache.put(id, f.name, noValues)
				}
			}
			for name, stored := range columns {
				if err == nil {
					err = s.keep(missing[id], name, stored)
				}
			}
			return err
		}, `select id, body from finding_segment where region = $1 and holder = $2 and loose = $3 and `+tx.Any("id", 4),
			segments[0].region, segments[0].holder, true, loose)
		if err != nil {
			return err
		}
	}
	for _, g := range missing {
		for _, name := range names {
			if g.columns[name] == nil {
				return errMoved
			}
		}
	}
	return nil
}

// keep decodes a column that was read and remembers it.
func (s *Service) keep(g *segment, name string, stored []byte) error {
	c, err := decodeAny(name, stored, g.size)
	if err != nil {
		return fmt.Errorf("segment %s, column %s: %w", g.id, name, err)
	}
	g.columns[name] = c
	s.cache.put(g.id, name, c)
	return nil
}

// A look is what a condition says of the entries of a column.
type look struct {
	column *column
	pass   []uint8 // 1 for each entry that meets the condition
}

// A column of entries of their own: entry i is that of finding i.
var own = &column{each: true}

// byCost are the conditions, those first that are cheap to ask and likely to leave segments out.
func (c Criteria) byCost() []*condition {
	all := make([]*condition, len(c.conditions))
	for i := range all {
		all[i] = &c.conditions[i]
	}
	cost := func(x *condition) int {
		switch {
		case x.field.sieved && x.eq != nil:
			return 0
		case x.field.sieved:
			return 3
		case x.field.kind == number || x.field.kind == date:
			return 2
		}
		return 1
	}
	slices.SortStableFunc(all, func(a, b *condition) int { return cmp.Compare(cost(a), cost(b)) })
	return all
}

// narrow leaves out the segments of which a condition says that they hold nothing that criteria select, and leaves with the
// others what the conditions say of their entries. What is left out by one condition is not read for the next one.
func (s *Service) narrow(ctx context.Context, tx *store.Tx, segments []*segment, c Criteria) ([]*segment, error) {
	for _, x := range c.byCost() {
		if x.field.name == "archived" || len(segments) == 0 {
			continue
		}
		if x.field.name == idColumn {
			if err := s.load(ctx, tx, segments, idColumn); err != nil {
				return nil, err
			}
			continue
		}
		plain := segments
		if x.field.sieved {
			var ordered []*segment
			plain = nil
			for _, g := range segments {
				if g.ordered {
					ordered = append(ordered, g)
				} else {
					plain = append(plain, g)
				}
			}
			ordered, err := s.narrowOrdered(ctx, tx, ordered, x)
			if err != nil {
				return nil, err
			}
			left := make(map[*segment]bool, len(ordered))
			for _, g := range ordered {
				left[g] = true
			}
			segments = slices.DeleteFunc(segments, func(g *segment) bool { return g.ordered && !left[g] })
		}
		if err := s.load(ctx, tx, plain, x.field.name); err != nil {
			return nil, err
		}
		out := map[*segment]bool{}
		for _, g := range plain {
			column := g.column(x.field.name)
			switch pass, met := x.passes(column); {
			case met == 0:
				out[g] = true
			case met < len(pass):
				g.looks = append(g.looks, look{column, pass})
			}
		}
		segments = slices.DeleteFunc(segments, func(g *segment) bool { return out[g] })
	}
	return segments, nil
}

// narrowOrdered is narrow for a condition on a sieved field, in ordered segments. Where the sieve does not let a text through,
// nothing else is read.
func (s *Service) narrowOrdered(ctx context.Context, tx *store.Tx, segments []*segment, x *condition) ([]*segment, error) {
	name := x.field.name + sieveMark
	if err := s.load(ctx, tx, segments, name); err != nil {
		return nil, err
	}
	may := func(texts []string) []*segment {
		var some []*segment
		for _, g := range segments {
			if slices.ContainsFunc(texts, g.columns[name].sieve.mayHave) {
				some = append(some, g)
			}
		}
		return some
	}
	if x.eq != nil {
		some := may(x.eq)
		found, err := s.having(ctx, tx, some, x.field, x.eq)
		if err != nil {
			return nil, err
		}
		segments = slices.DeleteFunc(some, func(g *segment) bool { return len(found[g]) == 0 })
		for _, g := range segments {
			pass := make([]uint8, g.size)
			for _, i := range found[g] {
				pass[i] = 1
			}
			g.looks = append(g.looks, look{own, pass})
		}
	}
	if x.neq != nil {
		some := may(x.neq)
		found, err := s.having(ctx, tx, some, x.field, x.neq)
		if err != nil {
			return nil, err
		}
		for _, g := range some {
			if len(found[g]) == 0 {
				continue
			}
			pass := slices.Repeat([]uint8{1}, g.size)
			for _, i := range found[g] {
				pass[i] = 0
			}
			g.looks = append(g.looks, look{own, pass})
		}
	}
	return segments, nil
}

// selected are the places of those findings of a segment, in order, that criteria select, after narrow. Each condition was asked
// of the entries of its column first: where none meets it, no finding is looked at. They are written to scratch, which has room for
// all.
func (g *segment) selected(c Criteria, scratch []int32) []int32 {
	var archived, id *condition
	for k := range c.conditions {
		switch x := &c.conditions[k]; x.field.name {
		case "archived":
			archived = x
		case idColumn:
			id = x
		}
	}
	if archived != nil {
		yes, no := archived.meets([]string{"true"}, nil), archived.meets([]string{"false"}, nil)
		switch {
		case !yes && !no, !no && g.archived == nil:
			return nil
		case yes && no, !yes && g.archived == nil:
			archived = nil
		}
	}
	in := scratch[:g.size:g.size]
	n := 0
	if len(g.looks) == 0 {
		for i := range in {
			in[i] = int32(i)
		}
		n = g.size
	} else if first := g.looks[0]; first.column.codes != nil {
		for i, code := range first.column.codes { // without a branch, which could not be foretold
			in[n] = int32(i)
			n += int(first.pass[code])
		}
	} else { // a column of one entry alone meets the condition or not, so this one has an entry for each
		for i, met := range first.pass {
			in[n] = int32(i)
			n += int(met)
		}
	}
	in = in[:n]
	for _, l := range g.looks[min(1, len(g.looks)):] {
		n := 0
		for _, i := range in {
			in[n] = i
			n += int(l.pass[l.column.code(int(i))])
		}
		in = in[:n]
	}
	if g.gone != nil {
		in = slices.DeleteFunc(in, func(i int32) bool { return g.gone.at(int(i)) })
	}
	if archived != nil {
		want := archived.meets([]string{"true"}, nil)
		in = slices.DeleteFunc(in, func(i int32) bool { return g.archived.at(int(i)) != want })
	}
	if id != nil {
		in = id.selectedIDs(g.column(idColumn).ids, in)
	}
	return in
}

// selectedIDs leaves out the findings whose ids do not meet a condition. Most are told apart by the last bytes of their ids.
func (c *condition) selectedIDs(ids []byte, in []int32) []int32 {
	var named [1 << 13 / 64]uint64
	raw := func(texts []string) map[[16]byte]bool {
		all := map[[16]byte]bool{}
		for _, t := range texts {
			if b, err := packID(nil, t); err == nil {
				all[[16]byte(b)] = true
				h := binary.BigEndian.Uint16(b[14:]) >> 3
				named[h>>6] |= 1 << (h & 63)
			}
		}
		return all
	}
	eq, neq := raw(c.eq), raw(c.neq)
	return slices.DeleteFunc(in, func(i int32) bool {
		id := [16]byte(ids[16*i : 16*i+16])
		h := binary.BigEndian.Uint16(id[14:]) >> 3
		if named[h>>6]&(1<<(h&63)) == 0 {
			return c.eq != nil
		}
		return c.eq != nil && !eq[id] || neq[id]
	})
}

// passes asks a condition of each entry of a column, and counts those that meet it.
func (c *condition) passes(column *column) (pass []uint8, met int) {
	pass = make([]uint8, column.entries())
	if column.numbers != nil && column.single() {
		return pass, c.passNumbers(column.numbers, pass)
	}
	for e := range pass {
		if c.meets(column.entry(e)) {
			pass[e] = 1
			met++
		}
	}
	return pass, met
}

// passNumbers is passes where each entry is a number.
func (c *condition) passNumbers(numbers []int64, pass []uint8) (met int) {
	var least, most int64 = math.MinInt64, math.MaxInt64
	if c.gt != nil && *c.gt == math.MaxInt64 || c.lt != nil && *c.lt == math.MinInt64 {
		return 0
	}
	if c.gt != nil {
		least = *c.gt + 1
	}
	if c.gte != nil {
		least = max(least, *c.gte)
	}
	if c.lt != nil {
		most = *c.lt - 1
	}
	if c.lte != nil {
		most = min(most, *c.lte)
	}
	// Which of a few thousand groups the numbers of eq and neq are in, so that most others need not be looked for in a list.
	var eq, neq [64]uint64
	group := func(n int64) (int, uint64) {
		h := uint64(n) * 0x9e3779b97f4a7c15 >> 52
		return int(h >> 6), 1 << (h & 63)
	}
	for _, n := range c.eqN {
		at, bit := group(n)
		eq[at] |= bit
	}
	for _, n := range c.neqN {
		at, bit := group(n)
		neq[at] |= bit
	}
	for e, n := range numbers {
		if n < least || n > most {
			continue
		}
		if c.eq != nil || c.neq != nil {
			at, bit := group(n)
			if c.eq != nil && (eq[at]&bit == 0 || !c.eqNSet.hasOne(numbers[e:e+1])) ||
				c.neq != nil && neq[at]&bit != 0 && c.neqNSet.hasOne(numbers[e:e+1]) {
				continue
			}
		}
		pass[e] = 1
		met++
	}
	return met
}

// columnCache keeps columns in memory, those used last, up to a number of bytes. Columns never change and ids of segments are
// never used twice, so nothing in it is ever wrong.
type columnCache struct {
	mu    sync.Mutex
	most  int
	bytes int
	used  *list.List // the last used first
	by    map[columnKey]*list.Element
}

type columnKey struct{ segment, name string }

type cachedColumn struct {
	key    columnKey
	column *column
	bytes  int
}

// cacheBytes is how much memory columns take, at most: those of a few criteria of a million findings.
const cacheBytes = 96 << 20

func newColumnCache(most int) *columnCache {
	return &columnCache{most: most, used: list.New(), by: map[columnKey]*list.Element{}}
}

func (c *columnCache) get(segment, name string) *column {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.by[columnKey{segment, name}]
	if e == nil {
		return nil
	}
	c.used.MoveToFront(e)
	return e.Value.(*cachedColumn).column
}

func (c *columnCache) put(segment, name string, x *column) {
	n := 256 + x.bytes()
	c.mu.Lock()
	defer c.mu.Unlock()
	key := columnKey{segment, name}
	if c.by[key] != nil || n > c.most/4 {
		return
	}
	c.by[key] = c.used.PushFront(&cachedColumn{key, x, n})
	c.bytes += n
	for c.bytes > c.most {
		e := c.used.Back()
		old := c.used.Remove(e).(*cachedColumn)
		delete(c.by, old.key)
		c.bytes -= old.bytes
	}
}

// readAtOnce is about how many bytes of columns a request holds, but for those of a single segment and of its successor.
const readAtOnce = 16 << 20

// walk reads segments in turn, one at first and then more at once, as many as their columns are small, and calls visit with
// those findings of each that the criteria select, until it returns false; they are its own only during the call. Columns must be
// named to be there.
func (s *Service) walk(ctx context.Context, tx *store.Tx, segments []*segment, c Criteria, names []string,
	visit func(g *segment, in []int32) (more bool)) error {
	var scratch []int32
	largest := 0 // bytes of the columns of a segment
	for n := 1; len(segments) > 0; n = max(1, min(4*n, 64, readAtOnce/(largest+1))) {
		some := slices.Clone(segments[:min(n, len(segments))])
		segments = segments[len(some):]
		some, err := s.narrow(ctx, tx, some, c)
		if err != nil {
			return err
		}
		room := 0
		for _, g := range some {
			room += g.size
		}
		if len(scratch) < room {
			scratch = make([]int32, room)
		}
		room = 0
		some = slices.DeleteFunc(some, func(g *segment) bool {
			g.in = g.selected(c, scratch[room:])
			room += g.size
			largest = max(largest, g.bytes())
			return len(g.in) == 0
		})
		if err := s.load(ctx, tx, some, names...); err != nil { // of those alone in which there is something
			return err
		}
		for _, g := range some {
			if !visit(g, g.in) {
				return nil
			}
			largest = max(largest, g.bytes())
			g.columns, g.looks, g.in = nil, nil, nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// archiveData marks findings of data that criteria select as archived, segment by segment, until there are limit of them or
// more, and tells how many.
func (s *Service) archiveData(ctx context.Context, tx *store.Tx, region string, holder macie2.AccountID, c Criteria, limit int) (int, error) {
	segments, err := segmentsOf(ctx, tx, region, string(holder))
	if err != nil {
		return 0, err
	}
	marked := 0 // in the order in which a merge takes their rows, so that the two wait for each other, and no more
	err = s.walk(ctx, tx, segments, c, nil, func(g *segment, in []int32) bool {
		n := 0
		for _, i := range in {
			if !g.archived.at(int(i)) {
				g.archived = g.archived.with(int(i), g.size)
				n++
			}
		}
		if n > 0 {
			tx.DeferExpect(1, `update finding_segment set archived = $5, version = version + 1
				where region = $1 and holder = $2 and first = $3 and version = $4`, g.region, g.holder, g.first, g.version, g.archived.stored())
		}
		marked += n
		return marked < limit
	})
	return marked, err
}

// removeData deletes up to limit findings of data of a holder that were last updated at a time or before it, and tells how
// many. They are of one segment: who wants more calls again.
func (s *Service) removeData(ctx context.Context, tx *store.Tx, region, holder string, most int64, limit int) (int, error) {
	var g *segment
	err := tx.Query(ctx, func(r store.Row) (err error) {
		g, err = scanSegment(r, region, holder)
		return err
	}, `select `+segmentColumns+` from finding_segment where region = $1 and holder = $2 and oldest <= $3 order by first limit 1`, region, holder, most)
	if err != nil || g == nil {
		return 0, err
	}
	const updated = "updatedAt"
	if err := s.load(ctx, tx, []*segment{g}, updated); err != nil {
		return 0, err
	}
	at := func(i int) int64 {
		_, numbers := g.columns[updated].entry(g.columns[updated].code(i))
		return numbers[0]
	}
	removed, left := 0, 0
	begin := -1 // of a run of numbers that go
	for i := 0; i <= g.size; i++ {
		goes := false
		if i < g.size && !g.gone.at(i) {
			if goes = at(i) <= most && removed < limit; goes {
				g.gone = g.gone.with(i, g.size)
				removed++
			} else if left++; left == 1 || at(i) < g.oldest {
				g.oldest = at(i)
			}
		}
		switch {
		case goes && begin < 0:
			begin = i
		case !goes && begin >= 0:
			args := []any{region, holder, g.first + int64(begin), g.first + int64(i)}
			tx.Defer(`delete from finding_triage where region = $1 and finding_id in
				(select id from finding_data where region = $1 and holder = $2 and number >= $3 and number < $4)`, args...)
			tx.DeferExpect(int64(i-begin), `delete from finding_data where region = $1 and holder = $2 and number >= $3 and number < $4`, args...)
			begin = -1
		}
	}
	if left > 0 {
		tx.DeferExpect(1, `update finding_segment set gone = $5, oldest = $6, version = version + 1
			where region = $1 and holder = $2 and first = $3 and version = $4`, region, holder, g.first, g.version, g.gone.stored(), g.oldest)
		return removed, nil
	}
	tx.DeferExpect(1, `delete from finding_segment where region = $1 and holder = $2 and first = $3 and version = $4`, region, holder, g.first, g.version)
	tx.Defer(`delete from finding_column where segment_id = $1`, g.id)
	return removed, nil
}
