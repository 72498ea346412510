package finding

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// TestOrdering: texts are given back in order, each with its finding, whatever they are like.
func TestOrdering(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for name, text := range map[string]func(i int) string{
		"all alike":  func(int) string { return "bucket/key" },
		"few":        func(int) string { return fmt.Sprint("bucket/", r.IntN(5)) },
		"prefixes":   func(i int) string { return strings.Repeat("a", i%300) },
		"each":       func(i int) string { return fmt.Sprintf("bucket/%x", r.Uint64()) },
		"any bytes":  func(int) string { return string([]byte{byte(r.IntN(256)), byte(r.IntN(256))}) },
		"with empty": func(i int) string { return strings.Repeat("x", i%2) },
	} {
		for _, size := range []int{1, orderBlock - 1, orderBlock, orderBlock + 1, 1000} {
			for _, f := range []*field{fields[objectPrefix+"key"], fields[objectPrefix+"path"]} {
				lines := make([]line, size)
				for i := range lines {
					lines[i] = line{text: text(i), absent: i%7 == 3}
					if f.sorts {
						lines[i].id = rawID(fmt.Sprintf("%032x", r.Uint64()))
					}
				}
				stored := orderingOf(f, lines)
				head, err := decodeAny(f.name+orderMark, stored[f.name+orderMark], size)
				if err != nil {
					t.Fatalf("%s, %d: %v", name, size, err)
				}
				var got []line
				for n := range head.order.heads {
					block, err := decodeAny(blockName(f.name, n), stored[blockName(f.name, n)], size)
					if err != nil || block.lines[0] != head.order.heads[n] {
						t.Fatalf("%s, %d: block %d: %v", name, size, n, err)
					}
					got = append(got, block.lines...)
				}
				if len(stored) != 1+len(head.order.heads) || len(got) != size {
					t.Fatalf("%s, %d: %d texts in %d parts", name, size, len(got), len(stored))
				}
				for rank, l := range got {
					if l != lines[head.order.places[rank]] {
						t.Fatalf("%s, %d: the line with rank %d is %v, want %v", name, size, rank, l, lines[head.order.places[rank]])
					}
					if rank > 0 && got[rank-1].compare(l.text, l.id) > 0 {
						t.Fatalf("%s, %d: rank %d comes too late", name, size, rank)
					}
				}
			}
		}
	}
}

// FuzzOrdering: whatever is stored, it is read or refused.
func FuzzOrdering(f *testing.F) {
	for _, size := range []int{1, 3, 300} {
		lines := make([]line, size)
		for i := range lines {
			lines[i].text = fmt.Sprint("key", i%17)
		}
		for _, x := range []*field{fields[objectPrefix+"key"], fields[objectPrefix+"path"]} {
			for _, stored := range orderingOf(x, lines) {
				f.Add(stored, size)
			}
		}
	}
	f.Fuzz(func(t *testing.T, stored []byte, size int) {
		if size < 1 || size > maxSegment {
			return
		}
		for _, name := range []string{objectPrefix + "key", objectPrefix + "path"} {
			if c, err := decodeAny(name+orderMark, stored, size); err == nil && (len(c.order.places) != size || c.order.block("x", [16]byte{}) >= len(c.order.heads)) {
				t.Errorf("an order of %d has %d places and %d blocks", size, len(c.order.places), len(c.order.heads))
			}
			if c, err := decodeAny(blockName(name, 0), stored, size); err == nil && (len(c.lines) < 1 || len(c.lines) > orderBlock) {
				t.Errorf("a block has %d lines", len(c.lines))
			}
		}
	})
}

// withColumns makes of a holder's loose segments one that is not loose, as an earlier version wrote it: without texts in order.
func (d *desk) withColumns(holder macie2.AccountID) {
	d.t.Helper()
	err := d.db.Tx(d.t.Context(), Lane(region, holder), func(tx *store.Tx) error {
		segments, err := segmentsOf(d.t.Context(), tx, region, string(holder))
		if err != nil {
			return err
		}
		segments = slices.DeleteFunc(segments, func(g *segment) bool { return !g.loose })
		if err := d.load(d.t.Context(), tx, segments, allColumns...); err != nil {
			return err
		}
		g, columns := merged(segments, maxSegment+1)
		g.id, g.loose = uuid.NewString(), false
		var rows [][]any
		for _, name := range allColumns {
			stored := columns[name]
			if stored == nil {
				w := newColumnWriter(fields[name])
				for range g.size {
					w.add(nil, nil)
				}
				stored = w.encoded()
			}
			rows = append(rows, []any{g.id, name, base64.StdEncoding.EncodeToString(stored)})
		}
		for _, old := range segments {
			tx.DeferExpect(1, `delete from finding_segment where region = $1 and holder = $2 and first = $3`, region, string(holder), old.first)
		}
		g.insert(tx, "")
		tx.DeferInsert(`insert into finding_column (segment_id, name, body)`, rows, "")
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

// TestOrderOfEveryForm: however findings are kept, they are listed in each order, page by page, as an evaluator has them; many are
// alike, and some are about a bucket alone.
func TestOrderOfEveryForm(t *testing.T) {
	r := randomizer{rand.New(rand.NewPCG(11, 12))}
	var all []*macie2.Finding
	for i := range 1500 {
		f := r.finding(i)
		f.Id = macie2.Ptr(fmt.Sprintf("%016x%016x", r.Uint64(), i))
		if o := f.ResourcesAffected.S3Object; o != nil && i%2 == 0 { // half of the keys are there once
			o.Key = macie2.Ptr(fmt.Sprintf("key-%04d", r.IntN(10000)))
			o.Path = macie2.Ptr(*f.ResourcesAffected.S3Bucket.Name + "/" + *o.Key)
		}
		f.Archived = macie2.Ptr(*f.ResourcesAffected.S3Bucket.Name == "a") // as keep has it
		all = append(all, f)
	}
	each(t, func(t *testing.T, d *desk) {
		d.keep(r, all[:500])
		d.withColumns(alice)
		d.merger.sizes = []int{4, 16, 200}
		for _, x := range all[500:900] {
			d.record(alice, x)
			if len(d.merger.records) > 0 && d.merger.records[[2]string{region, string(alice)}] >= mergeAtOnce {
				if err := d.mergeDue(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		d.record(alice, all[900:1500]...)
		for i := range mergeAtOnce { // a segment of 600 and more
			f := r.finding(2000 + i)
			f.Archived = macie2.Ptr(*f.ResourcesAffected.S3Bucket.Name == "a")
			all = append(all[:1500+i:1500+i], f)
			d.record(alice, f)
		}
		d.merger.sizes = []int{4, 700}
		if err := d.Merge(t.Context(), region, alice); err != nil {
			t.Fatal(err)
		}
		kept := map[[2]bool]int{}
		if err := d.db.View(t.Context(), func(tx *store.Tx) error {
			segments, err := segmentsOf(t.Context(), tx, region, string(alice))
			clear(kept)
			for _, g := range segments {
				kept[[2]bool{g.loose, g.ordered}] += g.size
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		t.Logf("loose, ordered: %v", kept)
		if kept[[2]bool{false, false}] == 0 || kept[[2]bool{false, true}] < 600 {
			t.Errorf("the findings are not kept in every form: %v", kept)
		}
		for _, request := range []map[string]criterion{
			nil,
			{"archived": {Eq: []string{"false"}}, "severity.description": {Neq: []string{"Low"}}},
			{objectPrefix + "key": {Neq: []string{"b", "", "key-0001"}}},
			{objectPrefix + "path": {Eq: []string{*all[500].ResourcesAffected.S3Bucket.Name, "b/b", "a/b", "none"}}},
		} {
			c, err := ParseCriteria(criteria(request))
			if err != nil {
				t.Fatal(err)
			}
			for attribute, o := range sorts {
				for _, direction := range macie2.OrderBy("").Values() {
					o.descending = direction == macie2.OrderByDesc
					var want []place
					for _, f := range all {
						if c.Match(f) {
							p := o.place(f)
							if o.text && f.ResourcesAffected.S3Object == nil && attribute == "resourcesAffected" {
								p.text = *f.ResourcesAffected.S3Bucket.Name
							}
							want = append(want, p)
						}
					}
					slices.SortFunc(want, o.compare)
					got := d.list(alice, macie2.ListFindingsInput{FindingCriteria: criteria(request),
						SortCriteria: &macie2.SortCriteria{AttributeName: &attribute, OrderBy: &direction}})
					if len(got) != len(want) {
						t.Fatalf("%s %s %s: %d are listed, want %d", spell(request), attribute, direction, len(got), len(want))
					}
					for i := range want {
						if got[i] != want[i].id {
							t.Fatalf("%s %s %s: entry %d is not the right one, of %d", spell(request), attribute, direction, i, len(got))
						}
					}
				}
			}
		}
	})
}
