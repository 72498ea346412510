package finding

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"math"
	"slices"
	"strings"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// segments are those of a scope that may hold what criteria select: times of updates and ids say so without any column.
func (s *Service) segments(ctx context.Context, tx *store.Tx, x scope, c Criteria) ([]*segment, error) {
	all, err := segmentsOf(ctx, tx, x.region, string(x.holder))
	if err != nil {
		return nil, err
	}
	for i := range c.conditions {
		condition := &c.conditions[i]
		switch {
		case condition.field.name == "updatedAt":
			all = slices.DeleteFunc(all, func(g *segment) bool {
				return condition.gt != nil && g.newest <= *condition.gt || condition.gte != nil && g.newest < *condition.gte ||
					condition.lt != nil && g.oldest >= *condition.lt || condition.lte != nil && g.oldest > *condition.lte
			})
		case condition.field.name == idColumn && condition.eq != nil:
			var numbers []int64
			err := tx.QueryMany(ctx, func(_ int, r store.Row) error {
				var n int64
				err := r.Scan(&n)
				numbers = append(numbers, n)
				return err
			}, byKeys(`select number from finding_data where region = $1 and holder = $2 and id = $3`, x.region, x.holder, listOf(condition.eq))...)
			if err != nil {
				return nil, err
			}
			all = slices.DeleteFunc(all, func(g *segment) bool {
				return !slices.ContainsFunc(numbers, func(n int64) bool { return n >= g.first && n < g.first+int64(g.size) })
			})
		}
	}
	return all, nil
}

// dataPlaces appends those findings of data of a scope that are wanted.
func (s *Service) dataPlaces(ctx context.Context, tx *store.Tx, x scope, c Criteria, wanted wanted, to []place) ([]place, error) {
	o, after := wanted.order, wanted.after
	segments, err := s.segments(ctx, tx, x, c)
	if err != nil {
		return to, err
	}
	switch o.field {
	case "updatedAt", "createdAt": // where the first ones are likely to be comes first
		segments = slices.DeleteFunc(segments, func(g *segment) bool {
			return after != nil && o.field == "updatedAt" && (o.descending && g.oldest > after.number || !o.descending && g.newest < after.number)
		})
		slices.SortFunc(segments, func(a, b *segment) int {
			if o.descending {
				return cmp.Compare(b.newest, a.newest)
			}
			return cmp.Compare(a.oldest, b.oldest)
		})
	}
	if o.text && fields[o.field].sorts {
		var ordered []*segment
		segments = slices.DeleteFunc(segments, func(g *segment) bool {
			if g.ordered {
				ordered = append(ordered, g)
			}
			return g.ordered
		})
		if to, err = s.orderedPlaces(ctx, tx, ordered, c, wanted, to); err != nil {
			return to, err
		}
	}
	best := newRanking(o, after, wanted.n)
	names := []string{idColumn, o.field}
	if o.text {
		names = append(names, bucketPrefix+"name")
	}
	err = s.walk(ctx, tx, segments, c, names, func(g *segment, in []int32) bool {
		if worst := best.worst(); worst != nil && o.field == "updatedAt" && (o.descending && g.newest < worst.number || !o.descending && g.oldest > worst.number) {
			return false
		}
		best.add(g, in)
		return true
	})
	return append(to, best.first()...), err
}

// ranking keeps those of many findings that come first in an order, after a place.
type ranking struct {
	order
	most    int
	after   *place
	afterID [16]byte
	found   []place
	worstID [16]byte
	full    bool // found has been cut to most once: its last one is the worst that counts
}

func newRanking(o order, after *place, most int) *ranking {
	r := &ranking{order: o, most: most, after: after}
	if after != nil {
		r.afterID = rawID(after.id)
	}
	return r
}

// worst is the last place that counts so far; nil while everything does.
func (r *ranking) worst() *place {
	if !r.full {
		return nil
	}
	return &r.found[r.most-1]
}

// first are the places that come first, in order.
func (r *ranking) first() []place {
	slices.SortFunc(r.found, r.compare)
	if len(r.found) >= r.most {
		r.found, r.full = r.found[:r.most], true
		r.worstID = rawID(r.found[r.most-1].id)
	}
	return r.found
}

// What the value of a finding says of it.
const (
	isOut   = 1 << iota // it does not count, whatever its id is
	asAfter             // it counts if its id comes after that of the place after which the list goes on
	asWorst             // it counts if its id comes before that of the worst place
)

// judge tells what a value says.
func (r *ranking) judge(p *place) (says uint8) {
	if r.after != nil {
		switch c := r.compareValues(p, r.after); {
		case c < 0:
			return isOut
		case c == 0:
			says |= asAfter
		}
	}
	if worst := r.worst(); worst != nil {
		switch c := r.compareValues(p, worst); {
		case c > 0:
			return isOut
		case c == 0:
			says |= asWorst
		}
	}
	return says
}

// fewEntries is up to how many entries of a column are judged before its findings are looked at.
const fewEntries = 256

// add looks at findings of a segment.
func (r *ranking) add(g *segment, in []int32) {
	column := g.column(r.field)
	switch n := column.entries(); {
	case n <= fewEntries && (!r.text || column.single()):
		r.addByEntry(g, in, column, n)
	case column.numbers != nil && column.single():
		r.addNumbers(g, in, column)
	default:
		bucket := g.column(bucketPrefix + "name")
		for _, i := range in {
			var p place
			code := column.code(int(i))
			p.number, p.text = r.value(column.entry(code))
			if texts, _ := column.entry(code); r.text && len(texts) == 0 { // what is about a bucket alone is sorted by the bucket's name
				p.text, _ = bucket.text(bucket.code(int(i)))
			}
			r.take(g, int(i), &p, r.judge(&p))
		}
	}
	if len(r.found) >= r.most {
		r.first()
	}
}

// take adds a finding unless what its value says, or its id, leaves it out, and reports whether the worst place may be another now.
func (r *ranking) take(g *segment, i int, p *place, says uint8) bool {
	id := g.column(idColumn).ids[16*i : 16*i+16]
	if says&isOut != 0 || says&asAfter != 0 && !r.idsInOrder(&r.afterID, id) || says&asWorst != 0 && r.idsInOrder(&r.worstID, id) {
		return false
	}
	x := *p
	x.id = hex.EncodeToString(id)
	if r.found = append(r.found, x); len(r.found) < 4*r.most {
		return false
	}
	r.first()
	return true
}

// addByEntry is add where there are few entries: each is judged once.
func (r *ranking) addByEntry(g *segment, in []int32, column *column, n int) {
	values, said := make([]place, n), make([]uint8, n)
	judge := func() {
		for code := range said {
			values[code].number, values[code].text = r.value(column.entry(code))
			said[code] = r.judge(&values[code])
		}
	}
	judge()
	ids := g.column(idColumn).ids
	for _, i := range in {
		code := column.code(int(i))
		says := said[code]
		if says == isOut || says&asWorst != 0 && r.idsInOrder(&r.worstID, ids[16*i:16*i+16]) {
			continue
		}
		if r.take(g, int(i), &values[code], says) {
			judge()
		}
	}
}

// addNumbers is add where each entry is a number.
func (r *ranking) addNumbers(g *segment, in []int32, column *column) {
	// Most findings are told apart by their numbers alone: those outside of what is between the two places.
	least, most := int64(math.MinInt64), int64(math.MaxInt64)
	bounds := func() {
		from, to := &least, &most
		if r.descending {
			from, to = to, from
		}
		if r.after != nil {
			*from = r.after.number
		}
		if worst := r.worst(); worst != nil {
			*to = worst.number
		}
	}
	bounds()
	for _, i := range in {
		n := column.numbers[column.code(int(i))]
		if n < least || n > most {
			continue
		}
		p := place{number: n}
		if r.take(g, int(i), &p, r.judge(&p)) {
			bounds()
		}
	}
}

// compareValues compares two places but for their ids.
func (o order) compareValues(a, b *place) int {
	c := cmp.Or(cmp.Compare(a.number, b.number), strings.Compare(a.text, b.text))
	if o.descending {
		return -c
	}
	return c
}

// idsInOrder reports whether an id comes before another one.
func (o order) idsInOrder(a *[16]byte, b []byte) bool {
	x, y := binary.BigEndian.Uint64(a[:]), binary.BigEndian.Uint64(b)
	if x == y {
		x, y = binary.BigEndian.Uint64(a[8:]), binary.BigEndian.Uint64(b[8:])
	}
	if o.descending {
		return x > y
	}
	return x < y
}

// dataDocuments appends those findings of data of a scope that have one of the ids.
func dataDocuments(ctx context.Context, tx *store.Tx, x scope, ids []string, o order, to []stored) ([]stored, error) {
	err := tx.QueryMany(ctx, func(_ int, r store.Row) error {
		var f stored
		var number, first int64
		var size int
		var archived, gone string
		if err := r.Scan(&f.document, &number, &first, &size, &archived, &gone); err != nil {
			return err
		}
		isArchived, err := readFlags(archived, size)
		if err != nil {
			return err
		}
		isGone, err := readFlags(gone, size)
		if err != nil {
			return err
		}
		i := int(number - first)
		if i >= size || isGone.at(i) {
			return nil
		}
		f.archived = isArchived.at(i)
		if f.finding, err = decode(f.document); err == nil {
			f.place = o.place(f.finding)
		}
		to = append(to, f)
		return err
	}, byKeys(`select d.document, d.number, s.first, s.size, s.archived, s.gone from finding_data d join finding_segment s
		on s.region = d.region and s.holder = d.holder and s.first = (select max(n.first) from finding_segment n
			where n.region = d.region and n.holder = d.holder and n.first <= d.number)
		where d.region = $1 and d.holder = $2 and d.id = $3`, x.region, x.holder, listOf(ids))...)
	return to, err
}

// countData adds the counts of findings of data of a scope.
func (s *Service) countData(ctx context.Context, tx *store.Tx, x scope, c Criteria, by macie2.GroupBy, counts map[string]int64) error {
	segments, err := s.segments(ctx, tx, x, c)
	if err != nil {
		return err
	}
	name := groupFields[by]
	return s.walk(ctx, tx, segments, c, []string{name}, func(g *segment, in []int32) bool {
		column := g.column(name)
		entries := make([]int64, column.entries())
		switch {
		case column.codes != nil:
			for _, i := range in {
				entries[column.codes[i]]++
			}
		case column.each:
			for _, i := range in {
				entries[i]++
			}
		default:
			entries[0] = int64(len(in))
		}
		for e, n := range entries {
			if key, ok := column.text(e); ok && n > 0 {
				counts[key] += n
			}
		}
		return true
	})
}

// dataDays adds the findings of data of a scope to days that begin with the day first, counted since 1970.
func (s *Service) dataDays(ctx context.Context, tx *store.Tx, x scope, first int64, days []Day) error {
	const day = 86_400_000
	c := Criteria{conditions: []condition{{field: fields["archived"], eq: []string{"false"}, eqSet: setOf([]string{"false"})},
		{field: fields["createdAt"], gte: macie2.Ptr(first * day), lt: macie2.Ptr((first + int64(len(days))) * day)}}}
	segments, err := s.segments(ctx, tx, x, c)
	if err != nil {
		return err
	}
	return s.walk(ctx, tx, segments, c, []string{"severity.description"}, func(g *segment, in []int32) bool {
		made, severity := g.column("createdAt"), g.column("severity.description")
		for _, i := range in {
			_, at := made.entry(made.code(int(i)))
			text, _ := severity.text(severity.code(int(i)))
			days[at[0]/day-first].add(scoreOf(macie2.SeverityDescription(text)), 1)
		}
		return true
	})
}
