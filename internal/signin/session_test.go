package signin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

var alice = Identity{ID: "0", Account: "111122223333", Principal: "arn:aws:iam::111122223333:user/alice", KeyID: "AKIAALICE"}

func begin(t *testing.T, s *Service, who Identity, at time.Time) (secret string, x Session) {
	t.Helper()
	secret, err := s.Start(t.Context(), who, "192.0.2.1", "a browser", at)
	if err != nil {
		t.Fatal(err)
	}
	return secret, find(t, s, secret, at, false)
}

func find(t *testing.T, s *Service, secret string, at time.Time, act bool) Session {
	t.Helper()
	x, err := s.Find(t.Context(), secret, at, act)
	if err != nil {
		t.Fatalf("%s after the start: %v", at.Sub(now), err)
	}
	return x
}

func gone(t *testing.T, s *Service, secret string, at time.Time, why string) {
	t.Helper()
	if _, err := s.Find(t.Context(), secret, at, true); !errors.Is(err, ErrNone) {
		t.Errorf("%s: %v, want ErrNone", why, err)
	}
}

// A session ends with its time, without a person's act, or when it is ended; on every node.
func TestSessionEnds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		s, other := New(Options{DB: open()}), New(Options{DB: open()})
		secret, x := begin(t, s, alice, now)
		if len(x.Identities) != 1 || x.Identities[0] != alice || x.Source != "192.0.2.1" || x.UserAgent != "a browser" {
			t.Errorf("found %+v", x)
		}
		gone(t, s, secret, now.Add(time.Hour), "idle")
		gone(t, s, "something else", now, "another secret")
		gone(t, s, "", now, "no secret")
		// What a timer does is no act.
		for i := range 6 {
			find(t, s, secret, now.Add(time.Duration(i)*10*time.Minute), false)
		}
		gone(t, s, secret, now.Add(time.Hour), "only timers")
		// Acts keep it, until its life is over.
		at := now
		for range 23 {
			at = at.Add(31 * time.Minute)
			find(t, other, secret, at, true)
		}
		gone(t, s, secret, now.Add(12*time.Hour), "life")
		if x = find(t, s, secret, at, false); x.Seen != at {
			t.Errorf("seen %s, want %s", x.Seen, at)
		}
		if err := other.End(t.Context(), x); err != nil {
			t.Fatal(err)
		}
		gone(t, s, secret, at, "ended")
	})
}

// The database does not hold what the browser presents, and a role's session ends with the role's.
func TestWhatIsStored(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		s := New(Options{DB: db})
		short := alice
		short.Expires = now.Add(20 * time.Minute)
		secret, x := begin(t, s, short, now)
		if x.Expires != short.Expires {
			t.Errorf("it ends %s", x.Expires)
		}
		link, err := s.NewLink(t.Context(), &macie2.Call{Now: now}, alice, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"console_session", "console_link"} {
			err := db.View(t.Context(), func(tx *store.Tx) error {
				var id string
				err := tx.QueryRow(t.Context(), "select id from "+table).Scan(&id)
				if len(id) != 64 || strings.Contains(id, secret) || strings.Contains(id, link) {
					t.Errorf("%s has %q", table, id)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if len(secret) < 43 || len(link) < 43 {
			t.Errorf("%d and %d characters", len(secret), len(link))
		}
		if strings.HasPrefix(secret, x.Handle) {
			t.Error("the handle is of the secret")
		}
	})
}

// A principal has 50 sessions; the oldest makes room, and those of others stay.
func TestMostSessions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		s := New(Options{DB: open()})
		bob := Identity{ID: "0", Account: "444455556666", Principal: "arn:aws:iam::444455556666:user/bob", KeyID: "AKIABOB"}
		bobs, _ := begin(t, s, bob, now)
		var secrets []string
		for i := range mostSessions + 2 {
			secret, _ := begin(t, s, alice, now.Add(time.Duration(i)*time.Second))
			secrets = append(secrets, secret)
		}
		at := now.Add(time.Minute)
		list, err := s.List(t.Context(), alice.Principal, at)
		if err != nil || len(list) != mostSessions {
			t.Fatalf("%d sessions, %v", len(list), err)
		}
		gone(t, s, secrets[0], at, "the oldest")
		gone(t, s, secrets[1], at, "the second oldest")
		x := find(t, s, secrets[2], at, false)
		find(t, s, bobs, at, false)
		// One ends others of its own, and of nobody else.
		if err := s.EndOther(t.Context(), x, list[0].Handle, at); err != nil {
			t.Fatal(err)
		}
		gone(t, s, secrets[len(secrets)-1], at, "ended by another")
		if err := s.EndOther(t.Context(), x, find(t, s, bobs, at, false).Handle, at); !errors.Is(err, ErrNone) {
			t.Errorf("somebody else's: %v", err)
		}
		find(t, s, bobs, at, false)
	})
}

// A role is switched to and returned from; the same role again takes the place of the first; there is an end to it.
func TestSwitch(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		s := New(Options{DB: open()})
		secret, x := begin(t, s, alice, now)
		role := Identity{Account: "444455556666", Principal: "arn:aws:sts::444455556666:assumed-role/Operator/alice", RoleARN: "arn:aws:iam::444455556666:role/Operator",
			KeyID: "ASIA1", Token: "sealed", Expires: now.Add(time.Hour)}
		id, err := s.Switch(t.Context(), x, role, now)
		if err != nil {
			t.Fatal(err)
		}
		again := role
		again.KeyID = "ASIA2"
		if same, err := s.Switch(t.Context(), x, again, now); err != nil || same != id {
			t.Errorf("again: %q, %v", same, err)
		}
		found, ok := find(t, s, secret, now, true).Identity(id)
		again.ID = id
		if !ok || found != again {
			t.Errorf("found %+v", found)
		}
		if _, ok := find(t, s, secret, now.Add(59*time.Minute), true).Identity(id); !ok {
			t.Error("gone before its time")
		}
		if _, ok := find(t, s, secret, now.Add(61*time.Minute), true).Identity(id); ok {
			t.Error("there after its time")
		}
		for i := range mostIdentities {
			other := role
			other.RoleARN = fmt.Sprintf("arn:aws:iam::444455556666:role/R%d", i)
			_, err = s.Switch(t.Context(), x, other, now)
		}
		if !errors.Is(err, ErrTooMany) {
			t.Errorf("too many: %v", err)
		}
		if err := s.Return(t.Context(), x, id); err != nil {
			t.Fatal(err)
		}
		if _, ok := find(t, s, secret, now.Add(time.Minute), true).Identity(id); ok {
			t.Error("there after the return")
		}
		if err := s.End(t.Context(), x); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Switch(t.Context(), x, role, now); !errors.Is(err, ErrNone) {
			t.Errorf("after the end: %v", err)
		}
	})
}

// A link is good once, whoever comes at the same time, and for its time.
func TestLinkIsGoodOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		nodes := []*Service{New(Options{DB: open()}), New(Options{DB: open()})}
		link, err := nodes[0].NewLink(t.Context(), &macie2.Call{Now: now}, alice, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if who, err := nodes[1].LookAtLink(t.Context(), link, now); err != nil || who != alice {
			t.Errorf("looked at: %+v, %v", who, err)
		}
		results := make(chan error)
		for i := range 8 {
			go func() {
				who, err := nodes[i%2].UseLink(context.Background(), link, now.Add(time.Second))
				if err == nil && who != alice {
					err = fmt.Errorf("it is %+v", who)
				}
				results <- err
			}()
		}
		good := 0
		for range 8 {
			switch err := <-results; {
			case err == nil:
				good++
			case !errors.Is(err, ErrNone):
				t.Error(err)
			}
		}
		if good != 1 {
			t.Errorf("it was good %d times", good)
		}
		late, err := nodes[0].NewLink(t.Context(), &macie2.Call{Now: now}, alice, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := nodes[0].UseLink(t.Context(), late, now.Add(time.Minute)); !errors.Is(err, ErrNone) {
			t.Errorf("too late: %v", err)
		}
		if _, err := nodes[0].LookAtLink(t.Context(), "another", now); !errors.Is(err, ErrNone) {
			t.Errorf("another: %v", err)
		}
	})
}

func TestPrune(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		s := New(Options{DB: db})
		_, x := begin(t, s, alice, now)
		if _, err := s.Switch(t.Context(), x, Identity{RoleARN: "arn:aws:iam::1:role/R", Expires: now.Add(time.Hour)}, now); err != nil {
			t.Fatal(err)
		}
		if _, err := s.NewLink(t.Context(), &macie2.Call{Now: now}, alice, time.Minute); err != nil {
			t.Fatal(err)
		}
		left := func() (n int) {
			for _, table := range []string{"console_session", "console_identity", "console_link"} {
				err := db.View(t.Context(), func(tx *store.Tx) error {
					var one int
					err := tx.QueryRow(t.Context(), "select count(*) from "+table).Scan(&one)
					n += one
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			return n
		}
		for at, want := range map[time.Duration]int{0: 3} {
			if err := s.Prune(t.Context(), now.Add(at)); err != nil || left() != want {
				t.Errorf("after %s: %d rows, %v", at, left(), err)
			}
		}
		if err := s.Prune(t.Context(), now.Add(12*time.Hour)); err != nil || left() != 0 {
			t.Errorf("in the end: %d rows, %v", left(), err)
		}
	})
}
