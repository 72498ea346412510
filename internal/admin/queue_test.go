package admin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"magpie/internal/queue"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// TestQueue: what was given up is found, looked at, tried again and discarded, while servers run on the database.
func TestQueue(t *testing.T) {
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			o := newOperator(t, engine)
			so := store.Options{Logger: storetest.Logger(t), URL: o.env["MAGPIE_DATABASE_URL"]}
			if so.URL == "" {
				so.Path = filepath.Join(o.env["MAGPIE_DATA"], "magpie.db")
			}
			db := storetest.Open(t, so)
			q := queue.Open(db, queue.Options{Logger: slog.New(slog.DiscardHandler)})
			mended := false
			q.Transactional(queue.Transactional{Kind: "verify", Attempts: 1, Batch: 1, Handle: func(context.Context, *store.Tx, []queue.Task) error {
				if mended {
					return nil
				}
				return errors.New("the directory is away")
			}})
			q.Long(queue.Long{Kind: "shard", Do: func(context.Context, *queue.Held) queue.Outcome { return queue.Outcome{Status: queue.Done} }})
			err := db.Tx(t.Context(), "", func(tx *store.Tx) error {
				if err := q.Enqueue(t.Context(), tx, queue.New{Kind: "verify", Key: "a", Payload: map[string]int{"n": 1}}, queue.New{Kind: "verify", Key: "b"},
					queue.New{Kind: "verify", Key: "c"}, queue.New{Kind: "shard", Key: "d", Tenant: "111122223333", Group: "run"}); err != nil {
					return err
				}
				return q.PauseGroup(t.Context(), tx, "run")
			})
			if err != nil {
				t.Fatal(err)
			}
			drain := func() {
				t.Helper()
				if _, err := q.Drain(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			drain()
			expect := func(command, wantOut, wantSaid, wantErr string) {
				t.Helper()
				out, said, err := o.run(strings.Fields(command)...)
				got := fmt.Sprint(err)
				if err == nil {
					got = ""
				}
				if strings.Join(strings.Fields(out), " ") != wantOut || o.steady(said) != wantSaid || got != wantErr {
					t.Errorf("magpie %s:\n%s> %s! %s", command, out, said, got)
				}
			}
			out, _, err := o.run("queue", "list")
			if err != nil || strings.Count(out, "the directory is away") != 3 || strings.Contains(out, "shard") {
				t.Errorf("list: %v\n%s", err, out)
			}
			if out, said, err := o.run("queue", "list", "--limit", "2"); err != nil || strings.Count(out, "failed") != 2 ||
				said != "there are more than these 2: see more with --limit\n" {
				t.Errorf("list two: %v\n%s%s", err, out, said)
			}
			if out, _, err := o.run("queue", "list", "--state", "all", "--account", "111122223333", "--group", "run", "--kind", "shard", "-o", "json"); err != nil ||
				!strings.Contains(out, `"state": "ready"`) || !strings.Contains(out, `"groupStatus": "paused"`) || strings.Count(out, `"kind"`) != 1 {
				t.Errorf("list a group: %v\n%s", err, out)
			}
			if out, _, err := o.run("queue", "show", "verify", "a"); err != nil || !strings.Contains(out, `"n": 1`) || !strings.Contains(out, `"reason": "the directory is away"`) {
				t.Errorf("show: %v\n%s", err, out)
			}
			mended = true
			expect("queue retry verify a", "", "1 of them will be tried again\n", "")
			drain()
			expect("queue retry verify a b", "", "1 of them will be tried again\n",
				"1 of the tasks were not given up, or are not there; see which were with: magpie queue list --kind verify")
			expect("queue discard verify --all", "", "1 of them are deleted\n", "")
			expect("queue discard verify --all", "", "", `no task of the kind "verify" was given up; see which were with: magpie queue list`)
			drain()
			expect("queue list", "KIND KEY STATE ACCOUNT FAILED QUEUED DUE REASON", "", "")
			expect("queue show verify a", "", "", "queue: show verify a: queue: there is no such task; see which there are with: magpie queue list --state all")
			for command, want := range map[string]string{
				"queue retry verify":             "name the tasks' keys, or give --all",
				"queue retry verify a --all":     "--all takes no keys",
				"queue list --state new":         `--state "new": it is one of failed, ready, held and all`,
				"queue list --limit 0":           "--limit must be from 1 to 100000",
				"queue list --account 11112222":  `--account "11112222": `,
				"queue discard shard nothing":    "1 of the tasks were not given up, or are not there; see which were with: magpie queue list --kind shard",
				"queue discard verify nothing x": "2 of the tasks",
			} {
				if _, _, err := o.run(strings.Fields(command)...); err == nil || !strings.HasPrefix(err.Error(), want) {
					t.Errorf("magpie %s: %v", command, err)
				}
			}
		})
	}
}
