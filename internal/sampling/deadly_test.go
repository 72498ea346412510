package sampling

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"magpie/internal/inventory"
	"magpie/internal/inventory/folder"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// deadlyStore is a store an object of which ends the process that reads it, as a mistake of ours that no box contains would.
type deadlyStore struct{ objectstore.Store }

func (d deadlyStore) Get(ctx context.Context, bucket, key, etag string, r objectstore.Range) (*objectstore.Body, error) {
	if strings.HasPrefix(key, "deadly") {
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Kill()
		}
		<-ctx.Done()
	}
	return d.Store.Get(ctx, bucket, key, etag, r)
}

// TestDeadlyObject: a cycle over an object that kills every process that reads it comes to its end, with all other objects read.
func TestDeadlyObject(t *testing.T) {
	if os.Getenv("MAGPIE_TEST_DEADLY") != "" {
		dies(t)
		return
	}
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			o, data := storetest.Fresh(t, engine), t.TempDir()
			n := start(t, storetest.Open(t, o), data, &clock{at: time.Now().UTC().Truncate(time.Second)})
			n.enable(dave)
			files := map[string]string{"bucket/deadly.txt": card}
			for i := range 9 {
				files[fmt.Sprintf("bucket/%d.txt", i)] = card
			}
			n.files(dave, files)
			n.must(n.configured(dave, on, ""))
			deaths := 0
			for {
				c := exec.Command(os.Args[0], "-test.run", "^TestDeadlyObject$", "-test.count", "1")
				c.Env = append(os.Environ(), "MAGPIE_TEST_DEADLY=yes", "MAGPIE_TEST_PATH="+o.Path, "MAGPIE_TEST_URL="+o.URL, "MAGPIE_TEST_DATA="+data)
				out, err := c.CombinedOutput()
				if err == nil {
					break
				}
				if deaths++; c.ProcessState.Exited() || deaths > mostDeaths+1 {
					t.Fatalf("after %d deaths: %v\n%s", deaths, err, out)
				}
				// The dead one's tasks are taken up when its lease is over, which is not waited for.
				n.must(n.db.Tx(t.Context(), "", func(tx *store.Tx) error {
					_, err := tx.Exec(t.Context(), "update task_worker set seen_at = 0")
					return err
				}))
			}
			if deaths < mostDeaths {
				t.Errorf("%d processes died", deaths)
			}
			if x := n.profile(dave, "bucket"); *x.TotalItemsSensitive != 9 || *x.TotalItemsSkipped != 1 {
				t.Errorf("after %d deaths: %d objects hold something, and %d were passed over", deaths, *x.TotalItemsSensitive, *x.TotalItemsSkipped)
			}
			if got := n.number(`select count(*) from discovery_cycle where status <> 'COMPLETE'`); got != 0 {
				t.Errorf("after %d deaths: %d cycles are not complete", deaths, got)
			}
		})
	}
}

// dies works on the cycle until it is complete, or the object is met.
func dies(t *testing.T) {
	connect = func(x inventory.Store) (objectstore.Store, error) {
		f, err := folder.Open(x.Endpoint, objectstore.NewPace(objectstore.PaceOptions{}))
		return deadlyStore{f}, err
	}
	db := storetest.Open(t, store.Options{Path: os.Getenv("MAGPIE_TEST_PATH"), URL: os.Getenv("MAGPIE_TEST_URL")})
	n := start(t, db, os.Getenv("MAGPIE_TEST_DATA"), &clock{at: time.Now().UTC().Truncate(time.Second)})
	n.settled()
}

// TestSuspects: what is known of suspected objects stays within its bound, and forgets none that a process died of alone.
func TestSuspects(t *testing.T) {
	p := shareState{}
	for i := range 20 {
		p.Reading = []string{fmt.Sprint("alone", i)}
		p.suspect()
		p.Reading = nil
		for k := range 64 {
			p.Reading = append(p.Reading, fmt.Sprint("among ", i, " ", k))
		}
		p.suspect()
		if len(p.Suspects) > maxSuspects {
			t.Fatalf("%d suspects", len(p.Suspects))
		}
		if p.Reading != nil {
			t.Fatal("they are said to be read still")
		}
	}
	for i := range 20 {
		if d := fmt.Sprint("alone", i); p.Suspects[d] != 1 {
			t.Errorf("%s: %d", d, p.Suspects[d])
		}
	}
}
