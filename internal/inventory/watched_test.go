package inventory

import (
	"fmt"
	"testing"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// TestWatched: accounts are listed with what they have, a part at a time; buckets beyond the quota, and accounts whose Macie is paused, are
// not watched.
func TestWatched(t *testing.T) {
	each(t, func(t *testing.T, node func(...func(*Options)) *fixture) {
		f := node(func(o *Options) { o.QuotaBuckets = 2 })
		f.enable(alice, bob)
		f.addFolder(alice, "a", map[string]string{"one/x.txt": "x", "two/y.txt": "y", "three/": ""})
		f.addFolder(bob, "b", map[string]string{"four/z.txt": "z"})
		f.lookNow(alice, "a")
		f.lookNow(bob, "b")
		list := func(after Watched, most int) string {
			var got []Watched
			err := f.db.View(t.Context(), func(tx *store.Tx) (err error) {
				got, err = f.Watched(t.Context(), tx, after, most)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(got)
		}
		first := Watched{Region: region, Account: alice, Buckets: 2}
		second := Watched{Region: region, Account: bob, Buckets: 1}
		if got := list(Watched{}, 1); got != fmt.Sprint([]Watched{first}) {
			t.Errorf("the first is %s", got)
		}
		if got := list(first, 10); got != fmt.Sprint([]Watched{second}) {
			t.Errorf("after it comes %s", got)
		}
		err := f.db.Tx(t.Context(), "test", func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), `update bucket set monitoring_status = 'MONITORED', object_count = 7 where name = 'four'`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		second.Automated, second.Monitored = true, 7
		if got := list(first, 10); got != fmt.Sprint([]Watched{second}) {
			t.Errorf("with automated discovery there are %s", got)
		}
		if _, err := f.sessions.UpdateMacieSession(t.Context(), call(alice), &macie2.UpdateMacieSessionInput{Status: macie2.Ptr(macie2.MacieStatusPaused)}); err != nil {
			t.Fatal(err)
		}
		if got := list(Watched{}, 10); got != fmt.Sprint([]Watched{second}) {
			t.Errorf("with one that is paused there are %s", got)
		}
	})
}
