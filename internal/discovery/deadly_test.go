package discovery

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"magpie/internal/inventory"
	"magpie/internal/inventory/folder"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
	"magpie/internal/queue"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// deadly is a store an object of which ends the process that reads it, as a mistake of ours that no box contains would.
type deadly struct{ objectstore.Store }

func (d deadly) Get(ctx context.Context, bucket, key, etag string, r objectstore.Range) (*objectstore.Body, error) {
	if strings.HasPrefix(key, "deadly") {
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Kill()
		}
		<-ctx.Done()
	}
	return d.Store.Get(ctx, bucket, key, etag, r)
}

// attemptsEach is how many attempts each counts for in TestDeadlyProcess, which need not take thirty processes.
const attemptsEach = 5

// TestDeadlyProcess: a job over an object that kills every process that reads it comes to its end: the object has a result that says that it
// was not read, and all others have theirs, once.
func TestDeadlyProcess(t *testing.T) {
	if job := os.Getenv("MAGPIE_TEST_DEADLY"); job != "" {
		dies(t, job)
		return
	}
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			o, data := storetest.Fresh(t, engine), t.TempDir()
			n := start(t, storetest.Open(t, o), data)
			n.enable(alice)
			n.work()
			n.folder(alice, map[string]string{"data/a.txt": card, "data/deadly.txt": card, "data/z.txt": card})
			n.stop()
			id := n.create(alice, oneTime(alice, "data"))
			deaths := 0
			for *n.describe(alice, id).JobStatus != macie2.JobStatusComplete {
				c := exec.Command(os.Args[0], "-test.run", "^TestDeadlyProcess$", "-test.count", "1")
				c.Env = append(os.Environ(), "MAGPIE_TEST_DEADLY="+id, "MAGPIE_TEST_PATH="+o.Path, "MAGPIE_TEST_URL="+o.URL, "MAGPIE_TEST_DATA="+data)
				out, err := c.CombinedOutput()
				if err == nil {
					break
				}
				if c.ProcessState.Exited() || deaths == shardDeaths {
					t.Fatalf("after %d deaths: %v\n%s", deaths, err, out)
				}
				deaths++
				// The dead one's tasks are taken up when its lease is over, which is not waited for.
				if err := n.db.Tx(t.Context(), "", func(tx *store.Tx) error {
					_, err := tx.Exec(t.Context(), "update task_worker set seen_at = 0")
					return err
				}); err != nil {
					t.Fatal(err)
				}
			}
			if deaths < objectDeaths/attemptsEach {
				t.Errorf("%d processes died", deaths)
			}
			if got := n.found(alice, id); !slices.Equal(got, []string{"data/a.txt", "data/z.txt"}) {
				t.Errorf("after %d deaths: found %v", deaths, got)
			}
			if got := n.trouble(alice, id); len(got) > 0 {
				t.Errorf("after %d deaths: the events are %v", deaths, got)
			}
			p, err := n.Progress(t.Context(), n.call(alice), id)
			if err != nil || p.Results != 3 || p.Unread["UNABLE_TO_PARSE_FILE"] != 1 {
				t.Errorf("after %d deaths: %+v, %v", deaths, p, err)
			}
		})
	}
}

// dies works on a job until it is complete, or an object of it is met.
func dies(t *testing.T, job string) {
	connect = func(x inventory.Store) (objectstore.Store, error) {
		f, err := folder.Open(x.Endpoint, objectstore.NewPace(objectstore.PaceOptions{}))
		return deadly{f}, err
	}
	db := storetest.Open(t, store.Options{Path: os.Getenv("MAGPIE_TEST_PATH"), URL: os.Getenv("MAGPIE_TEST_URL")})
	n := start(t, db, os.Getenv("MAGPIE_TEST_DATA"))
	n.attempts = func(t queue.Task) int { return attemptsEach * t.Attempt }
	n.work()
	n.reaches(alice, job, macie2.JobStatusComplete)
}
