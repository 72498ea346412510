package audit

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

var alice = macie2.Principal{ARN: "arn:aws:iam::111122223333:user/alice", ID: "AIDAEXAMPLE", KeyID: "AKIAEXAMPLE", Account: "111122223333"}

func invite(id string) *Event {
	return &Event{Time: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Operation: "CreateInvitations", Service: "macie2", Principal: alice,
		RequestID: id, Input: &macie2.CreateInvitationsInput{AccountIds: []string{"444455556666"}}}
}

func open(t *testing.T, o Options) *Trail {
	t.Helper()
	trail, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := trail.Close(); err != nil {
			t.Error(err)
		}
	})
	return trail
}

// stored are the records in the database.
func stored(t *testing.T, db *store.DB) (list []string) {
	t.Helper()
	records, err := Find(t.Context(), db, Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		list = append(list, string(r.JSON))
	}
	return list
}

// A change and its record are there together or not at all; one change has one record, in however
// many transactions it is made.
func TestChangeCarriesItsRecord(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openStore func() *store.DB) {
		db := openStore()
		trail := open(t, Options{DB: db})
		change := trail.Expect(invite("first"))
		broken := errors.New("no")
		if err := db.Tx(t.Context(), "", func(tx *store.Tx) error { change.Record(tx); return broken }); !errors.Is(err, broken) {
			t.Fatal(err)
		}
		if list := stored(t, db); len(list) != 0 {
			t.Errorf("what was rolled back has left %v", list)
		}
		for range 2 {
			if err := db.Tx(t.Context(), "", func(tx *store.Tx) error { change.Record(tx); return nil }); err != nil {
				t.Fatal(err)
			}
			// Before the call is answered, and before anything else is written.
			if list := stored(t, db); len(list) != 1 || !strings.Contains(list[0], `"responseElements":{"unprocessedAccounts":[]}`) {
				t.Errorf("after the commit there is %v", list)
			}
		}
		e := invite("first")
		e.Output = usual("CreateInvitations")
		if err := trail.Write(t.Context(), e, change); err != nil {
			t.Error(err)
		}
		if err := trail.Close(); err != nil {
			t.Error(err)
		}
		if list := stored(t, db); len(list) != 1 {
			t.Errorf("%d records of one change", len(list))
		}
	})
}

// Where the record that went with the change misleads, it is put right before the call is answered.
func TestRecordIsPutRight(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openStore func() *store.DB) {
		db := openStore()
		trail := open(t, Options{DB: db})
		for _, c := range []struct {
			name  string
			learn func(*Event)
			want  string
		}{
			{"some not processed", func(e *Event) {
				e.Output = &macie2.CreateInvitationsOutput{UnprocessedAccounts: []macie2.UnprocessedAccount{{AccountId: macie2.Ptr("444455556666")}}}
			}, `"responseElements":{"unprocessedAccounts":[{"accountId":"444455556666"}]}`},
			{"failed after all", func(e *Event) { e.ErrorCode, e.ErrorMessage = macie2.InternalServerException, "no" }, `"errorCode":"InternalServerException"`},
		} {
			e := invite(c.name)
			change := trail.Expect(e)
			if err := db.Tx(t.Context(), "", func(tx *store.Tx) error { change.Record(tx); return nil }); err != nil {
				t.Fatal(err)
			}
			c.learn(e)
			if err := trail.Write(t.Context(), e, change); err != nil {
				t.Fatal(err)
			}
			found := 0
			for _, r := range stored(t, db) {
				if strings.Contains(r, `"requestID":"`+c.name+`"`) && strings.Contains(r, c.want) {
					found++
				}
			}
			if found != 1 {
				t.Errorf("%s: %v", c.name, stored(t, db))
			}
		}
	})
}

// Without the database, the call whose record would mislead is told so, and records of others are
// counted as lost, never dropped in silence. After Close there is nobody who would write.
func TestLostRecordsAreCounted(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openStore func() *store.DB) {
		db := openStore()
		trail := open(t, Options{DB: db})
		e := invite("change")
		change := trail.Expect(e)
		if err := db.Tx(t.Context(), "", func(tx *store.Tx) error { change.Record(tx); return nil }); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		e.ErrorCode = macie2.InternalServerException
		if err := trail.Write(t.Context(), e, change); !errors.Is(err, store.ErrClosed) {
			t.Errorf("got %v", err)
		}
		read := &Event{Time: e.Time, Operation: "GetMember", Principal: alice}
		if err := trail.Write(t.Context(), read, nil); err != nil {
			t.Error(err)
		}
		if err := trail.Close(); err != nil {
			t.Error(err)
		}
		if err := trail.Write(t.Context(), read, nil); err != nil {
			t.Error(err)
		}
		if rows, _ := trail.Lost(); rows != 2 {
			t.Errorf("%d records count as lost, want 2", rows)
		}
	})
}

// Strangers have some records of their own, and are counted beyond.
func TestStrangersAreCounted(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openStore func() *store.DB) {
		db := openStore()
		trail := open(t, Options{DB: db})
		const many = 10 * strangersPerSecond
		for range many {
			e := &Event{Time: time.Now(), KeyID: "AKIAUNKNOWN", ErrorCode: macie2.UnrecognizedClientException}
			if err := trail.Write(t.Context(), e, nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := trail.Close(); err != nil {
			t.Fatal(err)
		}
		own, counted := 0, 0
		for _, r := range stored(t, db) {
			if _, rest, ok := strings.Cut(r, `"requestParameters":{"count":"`); ok {
				for _, digit := range rest[:strings.IndexByte(rest, '"')] {
					counted = 10*counted + int(digit-'0')
				}
				continue
			}
			own++
		}
		if own+counted != many || own < strangersPerSecond || own >= many {
			t.Errorf("%d have records of their own, %d are counted, of %d", own, counted, many)
		}
	})
}

// Files are begun when the last one is full, hold whole lines only, belong to their owner, and go
// when they are old.
func TestFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "audit")
	f, err := openFile(dir, 100)
	if err != nil {
		t.Fatal(err)
	}
	line := strings.Repeat("x", 39)
	for range 5 {
		if err := f.write(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.close(); err != nil {
		t.Fatal(err)
	}
	if err := f.close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	paths, err := filepath.Glob(filepath.Join(dir, "audit-*.jsonl"))
	if err != nil || len(paths) != 3 {
		t.Fatalf("%v, %v", paths, err)
	}
	for i, want := range []int{80, 80, 40} {
		text, err := os.ReadFile(paths[i])
		if err != nil || len(text) != want {
			t.Errorf("%s has %d bytes, want %d; %v", paths[i], len(text), want, err)
		}
		if info, err := os.Stat(paths[i]); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
	}
	if err := os.Chtimes(paths[0], time.Time{}, time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := f.prune(time.Now().Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.jsonl")); len(left) != 2 {
		t.Errorf("%v are left", left)
	}
	again, err := openFile(dir, 100)
	if err != nil || again.node != f.node || f.node == "" {
		t.Errorf("the folder's name changes from %q to %q, %v", f.node, again.node, err)
	}
}

// A file that cannot be written does not stop calls, and the next record finds its way when the
// fault is gone.
func TestFilesThatCannotBeWritten(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openStore func() *store.DB) {
		db, dir := openStore(), filepath.Join(t.TempDir(), "audit")
		trail := open(t, Options{DB: db, Dir: dir})
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := trail.Write(t.Context(), invite("lost"), nil); err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for lost := int64(0); lost == 0 && ctx.Err() == nil; _, lost = trail.Lost() {
			trail.writeLine(ctx, "") // until the worker has taken the first
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := trail.Write(t.Context(), invite("kept"), nil); err != nil {
			t.Error(err)
		}
		if err := trail.Close(); err != nil {
			t.Error(err)
		}
		paths, _ := filepath.Glob(filepath.Join(dir, "*.jsonl"))
		var text []byte
		for _, path := range paths {
			part, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			text = append(text, part...)
		}
		if !strings.Contains(string(text), `"requestID":"kept"`) {
			t.Errorf("%q", text)
		}
		if list := stored(t, db); len(list) != 2 {
			t.Errorf("the database has %d records, want 2", len(list))
		}
	})
}
