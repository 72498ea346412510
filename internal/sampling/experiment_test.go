package sampling

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"magpie/internal/inventory"
	"magpie/internal/inventory/objectstore"
)

// truth is a bucket of which it is known which objects hold something.
type truth struct {
	name      string
	objects   []objectstore.Object
	holds     []bool
	sensitive bool
	size      int64
}

// estates are what automated discovery is measured on: buckets of different sizes, of which some hold something in some of their objects.
// scale is how large they are.
var estates = []struct {
	name string
	make func(r *rand.Rand, scale float64) []*truth
}{
	{"skewed sizes", func(r *rand.Rand, scale float64) (list []*truth) {
		for i := range int(300 * math.Max(scale, 0.2)) {
			n := int(math.Min(8000*scale, 10/math.Pow(r.Float64()+0.002, 1.1)))
			list = append(list, newTruth(r, i, max(3, n), 0.2, 0.3))
		}
		return list
	}},
	{"needle in a haystack", func(r *rand.Rand, scale float64) (list []*truth) {
		for i := range int(200 * math.Max(scale, 0.2)) {
			list = append(list, newTruth(r, i, int(1000*scale)+200, 0.25, 0.01))
		}
		return list
	}},
	{"many small buckets", func(r *rand.Rand, scale float64) (list []*truth) {
		for i := range int(4000 * scale) {
			list = append(list, newTruth(r, i, 3+r.IntN(20), 0.1, 0.5))
		}
		return list
	}},
	{"one huge bucket", func(r *rand.Rand, scale float64) (list []*truth) {
		list = append(list, newTruth(r, 0, int(200_000*scale), 1, 0.02))
		for i := range int(300 * math.Max(scale, 0.3)) {
			list = append(list, newTruth(r, i+1, 20+r.IntN(60), 0.2, 0.2))
		}
		return list
	}},
}

// extensions of objects, of which none is a sign by itself that an object holds something.
var everyExtension = strings.Fields("csv json txt log pdf parquet xml eml docx html go yaml md zip sql")

// newTruth makes a bucket of n objects in a few folders. With a probability it is sensitive: then a share of its objects holds something, most of
// them in one folder and with one extension, the others anywhere.
func newTruth(r *rand.Rand, number, n int, probability, share float64) *truth {
	b := &truth{name: fmt.Sprintf("bucket-%05d", number), sensitive: r.Float64() < probability}
	folders, kinds := 1+r.IntN(6), 1+r.IntN(4)
	first := r.IntN(len(everyExtension))
	folder, extension := r.IntN(folders), everyExtension[(first+r.IntN(kinds))%len(everyExtension)]
	left := 0
	if b.sensitive {
		left = max(1, int(share*float64(n)))
	}
	for i := range n {
		f, e := r.IntN(folders), everyExtension[(first+r.IntN(kinds))%len(everyExtension)]
		holds := left > 0 && (r.Float64() < float64(left)/float64(n-i))
		if holds {
			left--
			if r.Float64() < 0.7 {
				f, e = folder, extension
			}
		}
		size := int64(math.Exp(8+2*r.NormFloat64())) + 1 // 3 kB in the middle, with a long tail
		b.objects = append(b.objects, objectstore.Object{Key: fmt.Sprintf("folder%d/%06d.%s", f, i, e), Size: min(size, 50<<20), StorageClass: "STANDARD",
			LastModified: time.Date(2026, time.Month(1+r.IntN(3)), 1, 0, 0, 0, 0, time.UTC)})
		b.holds = append(b.holds, holds)
		b.size += b.objects[i].Size
	}
	return b
}

// byChance reads objects drawn at random from all, until the budget is spent, and tells how many sensitive buckets it has found.
func byChance(r *rand.Rand, list []*truth, budget int64) int {
	type place struct{ bucket, object int32 }
	var all []place
	for i, b := range list {
		for k := range b.objects {
			all = append(all, place{int32(i), int32(k)})
		}
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	found := map[int32]bool{}
	for _, p := range all {
		if budget <= 0 {
			break
		}
		budget -= list[p.bucket].objects[p.object].Size
		if list[p.bucket].holds[p.object] {
			found[p.bucket] = true
		}
	}
	return len(found)
}

// byDiscovery chooses as a share of a cycle does: the same heap of buckets, the same draws, the same numbers of objects a visit. What the share
// would find by reading is looked up.
func byDiscovery(list []*truth, budget int64) int {
	byName, draws, at := map[string]*truth{}, map[string]*draw{}, map[string]map[string]int{}
	known := map[string]map[int]kind{}
	rates := newRates()
	var h options
	for _, b := range list {
		byName[b.name] = b
		groups := map[inventory.Group][2]float64{}
		for i := range b.objects {
			g := inventory.GroupOf(&b.objects[i])
			x := groups[g]
			groups[g] = [2]float64{x[0] + 1, x[1] + float64(b.objects[i].Size)}
		}
		o := &option{name: b.name, objects: int64(len(b.objects)), size: float64(b.size) / float64(len(b.objects)), groups: int64(len(groups))}
		for _, x := range groups {
			o.size = min(o.size, x[1]/x[0])
		}
		o.weigh(rates.overall())
		o.place = len(h)
		h = append(h, o)
	}
	heap.Init(&h)
	found := map[string]bool{}
	for o := h.next(); o != nil && budget > 0; o = h.next() {
		b := byName[o.name]
		d := draws[o.name]
		if d == nil || d.left == 0 && d.more { // it is listed, or listed again for those that got no ticket
			d = newDraw("experiment", "2026-03")
			draws[o.name] = d
			if at[o.name] == nil {
				at[o.name], known[o.name] = map[string]int{}, map[int]kind{}
			}
			for i := range b.objects {
				at[o.name][b.objects[i].Key] = i
				if k, ok := known[o.name][i]; ok {
					d.add(&b.objects[i], &k, true)
					continue
				}
				d.add(&b.objects[i], nil, true)
			}
		}
		chosen := d.pick(manyObjects(o.visits, int64(len(b.objects)/1000)), budget, rates)
		if o.over = len(chosen) == 0; o.over {
			h.again(o, rates.overall())
			continue
		}
		for i := range chosen {
			budget -= chosen[i].Size
			k := clean
			if b.holds[at[o.name][chosen[i].Key]] {
				k = sensitive
				found[o.name] = true
				o.sensitive++
			}
			known[o.name][at[o.name][chosen[i].Key]] = k
			o.analysed++
			rates.add(inventory.Extension(chosen[i].Key), k == sensitive)
			d.learnt(&chosen[i], k)
		}
		o.visits++
		_, o.groupsIn, _ = d.numbers()
		h.again(o, rates.overall())
	}
	return len(found)
}

// experiment measures both on an estate, and calls tell with the shares of the sensitive buckets that are found by 1, 5 and 20 % of the bytes.
func experiment(scale float64, seeds int, tell func(estate string, percent int, ours, chance float64)) {
	for _, e := range estates {
		for _, percent := range []int{1, 5, 20} {
			var ours, chance, all float64
			for seed := range seeds {
				r := rand.New(rand.NewPCG(uint64(seed), 99))
				list := e.make(r, scale)
				var bytes int64
				for _, b := range list {
					bytes += b.size
					if b.sensitive {
						all++
					}
				}
				budget := bytes * int64(percent) / 100
				ours += float64(byDiscovery(list, budget))
				chance += float64(byChance(r, list, budget))
			}
			tell(e.name, percent, ours/all, chance/all)
		}
	}
}

// TestBetterThanChance: with 1 % of the bytes automated discovery finds at least one and a half times as many of the sensitive buckets as
// reading objects at random does, on each of the estates. They are the same ones in each run.
func TestBetterThanChance(t *testing.T) {
	experiment(0.1, 2, func(estate string, percent int, ours, chance float64) {
		t.Logf("%-22s %2d %% of the bytes: %3.0f %% of the sensitive buckets, at random %3.0f %%", estate, percent, 100*ours, 100*chance)
		if percent == 1 && ours < 1.5*chance || ours < chance {
			t.Errorf("%s, %d %%: %.2f, at random %.2f", estate, percent, ours, chance)
		}
	})
}

// BenchmarkSampling measures the same on estates of full size; make bench prints it.
func BenchmarkSampling(b *testing.B) {
	for b.Loop() {
		fmt.Printf("\n%-22s %8s %14s %10s %7s\n", "estate", "bytes", "found of the", "at random", "ratio")
		fmt.Printf("%-22s %8s %14s\n", "", "read", "sensitive")
		experiment(1, 3, func(estate string, percent int, ours, chance float64) {
			fmt.Printf("%-22s %6d %% %12.0f %% %8.0f %% %7.1f\n", estate, percent, 100*ours, 100*chance, ours/chance)
		})
	}
}
