package finding

import (
	"cmp"
	"context"
	"encoding/hex"
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

// dataPlaces appends up to n findings of data of a scope that come after a place.
func (s *Service) dataPlaces(ctx context.Context, tx *store.Tx, x scope, c Criteria, o order, after *place, n int, to []place) ([]place, error) {
	segments, err := s.segments(ctx, tx, x, c)
	if err != nil {
		return to, err
	}
	byTime := o.field == "updatedAt"
	if byTime {
		segments = slices.DeleteFunc(segments, func(g *segment) bool {
			return after != nil && (o.descending && g.oldest > after.number || !o.descending && g.newest < after.number)
		})
		slices.SortFunc(segments, func(a, b *segment) int {
			if o.descending {
				return cmp.Compare(b.newest, a.newest)
			}
			return cmp.Compare(a.oldest, b.oldest)
		})
	}
	best := ranking{order: o, most: n, after: after}
	names := []string{idColumn, o.field}
	if o.text {
		names = append(names, bucketPrefix+"name")
	}
	err = s.walk(ctx, tx, segments, c, names, func(g *segment, in []int32) bool {
		if worst := best.worst(); worst != nil && byTime && (o.descending && g.newest < worst.number || !o.descending && g.oldest > worst.number) {
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
	most  int
	after *place
	found []place
	full  bool // found has been cut to most once: its last one is the worst that counts
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
	}
	return r.found
}

// add looks at findings of a segment.
func (r *ranking) add(g *segment, in []int32) {
	column, bucket, ids := g.column(r.field), g.column(bucketPrefix+"name"), g.column(idColumn)
	values := make([]place, len(column.ends))
	for e := range values {
		values[e].number, values[e].text = r.value(column.entry(e))
	}
	// How each entry compares to the place after which the list goes on, and to the last one that counts.
	var after, worst []int8
	compare := func(with *place) []int8 {
		if with == nil {
			return nil
		}
		all := make([]int8, len(values))
		for e := range values {
			all[e] = int8(r.compareValues(&values[e], with))
		}
		return all
	}
	after, worst = compare(r.after), compare(r.worst())
	var id [32]byte
	for _, i := range in {
		code := column.code(int(i))
		p := &values[code]
		// What a finding about a bucket alone is sorted by is the bucket's name.
		var own place
		alone := r.text && column.ends[code] == startOf(column, code)
		if alone {
			own.text, _ = bucket.text(bucket.code(int(i)))
			p = &own
		}
		if !alone && (worst != nil && worst[code] > 0 || after != nil && after[code] < 0) {
			continue
		}
		hex.Encode(id[:], ids.ids[16*i:16*i+16])
		if r.after != nil && (alone || after[code] == 0) && !r.before(r.after, p, id[:]) {
			continue
		}
		if w := r.worst(); w != nil && (alone || worst == nil || worst[code] == 0) && r.before(w, p, id[:]) {
			continue
		}
		x := *p
		x.id = string(id[:])
		if r.found = append(r.found, x); len(r.found) >= 4*r.most {
			r.first()
			worst = compare(r.worst())
		}
	}
	if len(r.found) >= r.most {
		r.first()
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

func startOf(c *column, code int) uint32 {
	if code == 0 {
		return 0
	}
	return c.ends[code-1]
}

// before reports whether a place comes before that of a finding with an id.
func (r *ranking) before(a, p *place, id []byte) bool {
	if c := r.compareValues(a, p); c != 0 {
		return c < 0
	}
	if r.descending {
		return a.id > string(id)
	}
	return a.id < string(id)
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
		entries := make([]int64, len(column.ends))
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
