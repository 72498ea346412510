package inventory

import (
	"testing"
	"time"

	"magpie/internal/inventory/objectstore"
)

// TestStoresAreShared: processes that use a store share its operator's cap and the reads at once, those that do not use it have no part, and
// what one of them learns of the store's pace the others know.
func TestStoresAreShared(t *testing.T) {
	each(t, func(t *testing.T, node func(...func(*Options)) *fixture) {
		type process struct {
			*fixture
			b *backend
		}
		var all []process
		for range 3 {
			f := node()
			b := &backend{revision: 1, store: &made{}, pace: objectstore.NewPace(objectstore.PaceOptions{MaxRequests: 120}), slots: objectstore.NewSlots(f.reads)}
			f.open["x"], f.lost = b, time.Hour
			all = append(all, process{f, b})
		}
		use := func(p process) {
			t.Helper()
			leave, err := p.b.pace.Enter(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			leave()
		}
		share := func(some ...process) {
			t.Helper()
			for range 2 { // the second time each knows of all others
				for _, p := range some {
					use(p)
					if err := p.share(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		reads := func(some ...process) (n int) {
			for _, p := range some {
				n += p.b.slots.Most()
			}
			return n
		}
		share(all[0])
		if rate, n := all[0].b.pace.State().Rate, reads(all[0]); rate != 120 || n != DefaultReads {
			t.Errorf("one process alone may make %v of 120 requests a second, and %d reads at once", rate, n)
		}
		share(all[:2]...)
		if x, y := all[0].b.pace.State().Rate, all[1].b.pace.State().Rate; x != 60 || y != 60 {
			t.Errorf("two processes may make %v and %v of 120 requests a second", x, y)
		}
		share(all...)
		if n := reads(all...); n != DefaultReads {
			t.Errorf("three processes read %d objects at once", n)
		}

		// The store asks one of them for fewer, and to be left alone.
		all[0].b.pace.Refused(time.Hour)
		for _, p := range all {
			if err := p.share(t.Context()); err != nil { // nothing was asked of the store, so nothing is told
				t.Fatal(err)
			}
		}
		if s := all[1].b.pace.State(); s.Slowed || s.Away > 0 {
			t.Errorf("who has not heard of it is %+v", s)
		}
		all[0].b.told--
		for _, p := range []process{all[0], all[1]} {
			p.b.told--
			if err := p.share(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if s := all[1].b.pace.State(); !s.Slowed || s.Away < time.Minute {
			t.Errorf("another process was slowed, and this one is %+v", s)
		}
	})
}

func TestPart(t *testing.T) {
	for of := 1; of < 40; of++ {
		for processes := 1; processes < 50; processes++ {
			total := 0
			for place := range processes {
				total += part(of, processes, place)
			}
			if total != max(of, processes) {
				t.Errorf("%d of %d processes are %d", of, processes, total)
			}
		}
	}
}
