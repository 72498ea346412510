package store_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"sync"
	"sync/atomic"
	"testing"

	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// TestConnectionsOfWriters: those who write one after the other do so on one connection, whatever
// their names; a lane for each is there for those who write at once, and no more than that.
func TestConnectionsOfWriters(t *testing.T) {
	for _, background := range []bool{false, true} {
		t.Run(fmt.Sprint("background ", background), func(t *testing.T) {
			db, lanes := storetest.Open(t, needPostgres(t)), 8
			if background {
				db, lanes = db.Background(), 4
			}
			connections := func(name string) (n int) {
				err := db.Tx(t.Context(), name, func(tx *store.Tx) error {
					return tx.QueryRow(t.Context(), `select count(*) from pg_stat_activity
						where datname = current_database() and application_name = 'magpie'`).Scan(&n)
				})
				if err != nil {
					t.Fatal(err)
				}
				return n
			}
			before := connections("")
			for i := range 40 {
				if n := connections(fmt.Sprint("account ", i)); n != before {
					t.Fatalf("transaction %d, with nobody else there: %d connections, where %d were", i, n, before)
				}
			}
			names := namesOfStripes(lanes)
			for range 3 {
				together(t, db, names)
				if n := connections(""); n != before+lanes-1 {
					t.Fatalf("%d writers at once: %d connections, where %d were", lanes, n, before)
				}
			}
		})
	}
}

// namesOfStripes are names that are written under in as many lanes.
func namesOfStripes(lanes int) []string {
	names := make([]string, 0, lanes)
	taken := make(map[uint32]bool)
	for i := 0; len(names) < lanes; i++ {
		h := fnv.New32a()
		_, _ = fmt.Fprint(h, "account ", i)
		if stripe := h.Sum32() % uint32(lanes); !taken[stripe] {
			taken[stripe] = true
			names = append(names, fmt.Sprint("account ", i))
		}
	}
	return names
}

// together has a transaction under each name, of which none ends before all are there.
func together(t *testing.T, db *store.DB, names []string) {
	t.Helper()
	var all, over sync.WaitGroup
	all.Add(len(names))
	for _, name := range names {
		over.Go(func() {
			var once sync.Once // it may run twice
			err := db.Tx(context.Background(), name, func(*store.Tx) error {
				once.Do(all.Done)
				all.Wait()
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	over.Wait()
}

// TestAStripeIsInOneLane: however writers come and go, those of one stripe write one after the
// other.
func TestAStripeIsInOneLane(t *testing.T) {
	db := storetest.Open(t, needPostgres(t))
	names := namesOfStripes(8)
	var inside [8]atomic.Int32
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for j := range 25 {
				stripe := (i*j + i/2) % len(names)
				err := db.Tx(context.Background(), names[stripe], func(tx *store.Tx) error {
					if inside[stripe].Add(1) != 1 {
						t.Errorf("stripe %d is in two lanes", stripe)
					}
					defer inside[stripe].Add(-1)
					_, err := tx.Exec(context.Background(), "select 1") // long enough for others to come
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
