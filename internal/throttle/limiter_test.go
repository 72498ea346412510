package throttle

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"magpie/internal/macie2"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(after time.Duration, account, region string) *macie2.Call {
	return &macie2.Call{Account: macie2.AccountID(account), Region: region, Now: start.Add(after)}
}

// The rate that AWS publishes: one job, and the next ten seconds later.
func TestPublishedRate(t *testing.T) {
	const action = "macie2:CreateClassificationJob"
	l := New(Options{})
	for _, c := range []struct {
		after   time.Duration
		account string
		region  string
		wait    time.Duration // 0: allowed
	}{
		{0, "111122223333", "eu-west-1", 0},
		{0, "111122223333", "eu-west-1", 10 * time.Second},
		{0, "111122223333", "us-east-1", 0},
		{0, "444455556666", "eu-west-1", 0},
		{9999 * time.Millisecond, "111122223333", "eu-west-1", time.Millisecond},
		{10 * time.Second, "111122223333", "eu-west-1", 0},
		{10 * time.Second, "111122223333", "eu-west-1", 10 * time.Second},
		{time.Hour, "111122223333", "eu-west-1", 0},
		{time.Hour, "111122223333", "eu-west-1", 10 * time.Second}, // an idle hour saves nothing up beyond the burst
	} {
		wait, ok := l.Allow(at(c.after, c.account, c.region), action)
		if ok != (c.wait == 0) || wait != c.wait {
			t.Errorf("%v: %v, wait %v", c, ok, wait)
		}
	}
	if _, ok := l.Allow(at(0, "111122223333", "eu-west-1"), "macie2:ListClassificationJobs"); !ok {
		t.Error("one action's rate holds for another")
	}
}

// A burst, then the rate; what was refused has cost nothing.
func TestBurst(t *testing.T) {
	l := New(Options{Rates: map[string]Rate{AnyAction: {PerSecond: 10, Burst: 5}}})
	allowed := func(from time.Duration, n int) (ok int) {
		for range n {
			if _, yes := l.Allow(at(from, "111122223333", "eu-west-1"), ""); yes {
				ok++
			}
		}
		return ok
	}
	for _, c := range []struct {
		after time.Duration
		want  int
	}{{0, 5}, {99 * time.Millisecond, 0}, {100 * time.Millisecond, 1}, {300 * time.Millisecond, 2}, {time.Minute, 5}} {
		if got := allowed(c.after, 20); got != c.want {
			t.Errorf("after %v, %d of 20 are allowed, want %d", c.after, got, c.want)
		}
	}
}

// A clock that goes back does not lock anybody out for longer than the burst takes to fill.
func TestClockGoesBack(t *testing.T) {
	l := New(Options{Rates: map[string]Rate{AnyAction: {PerSecond: 10, Burst: 5}}})
	l.Allow(at(time.Second, "111122223333", "eu-west-1"), "")
	if wait, ok := l.Allow(at(0, "111122223333", "eu-west-1"), ""); ok || wait > 2*time.Second {
		t.Errorf("%v, wait %v", ok, wait)
	}
}

// The default is beyond what one machine's honest traffic is.
func TestDefaultIsNotMet(t *testing.T) {
	if Default.PerSecond < 20_000 || Default.Burst < 20_000 {
		t.Errorf("%+v", Default)
	}
	l := New(Options{})
	for i := range 20_000 {
		if _, ok := l.Allow(at(0, "111122223333", "eu-west-1"), "macie2:CreateInvitations"); !ok {
			t.Fatalf("call %d is refused", i)
		}
	}
}

// However many buckets are asked for, memory is bounded, and a bucket that is not full outlives
// those that are.
func TestMemoryIsBounded(t *testing.T) {
	const most = 1024
	l := New(Options{Most: most})
	const slow = "macie2:CreateClassificationJob"
	l.Allow(at(0, "111122223333", "eu-west-1"), slow)
	count := func() (n int) {
		for i := range l.shard {
			n += len(l.shard[i].buckets)
		}
		return n
	}
	for i := range 50 * most { // a flood in time: each bucket is full again when the next but one is asked for
		l.Allow(at(time.Duration(i)*time.Microsecond*50, "444455556666", fmt.Sprint("xx-flood-", i)), "macie2:GetMember")
	}
	if n := count(); n > most {
		t.Errorf("%d buckets are kept, want at most %d", n, most)
	}
	if _, ok := l.Allow(at(5*time.Second, "111122223333", "eu-west-1"), slow); ok {
		t.Error("a flood of others' calls has filled a bucket")
	}
	for i := range 10 * most { // a flood at once: nothing is full
		l.Allow(at(6*time.Second, "444455556666", fmt.Sprint("xx-flood-", i)), slow)
	}
	if n := count(); n > most {
		t.Errorf("%d buckets are kept, want at most %d", n, most)
	}
}

func TestParseRate(t *testing.T) {
	for _, c := range []struct {
		text, action string
		want         Rate
		err          string
	}{
		{"CreateInvitations=20:100", "macie2:CreateInvitations", Rate{20, 100}, ""},
		{"macie2:GetMember=0.5", "macie2:GetMember", Rate{0.5, 1}, ""},
		{"sts:AssumeRole=5", "sts:AssumeRole", Rate{5, 5}, ""},
		{"*=100000:7", AnyAction, Rate{100000, 7}, ""},
		{"CreateInvitation=20", "", Rate{}, "Macie has no operation CreateInvitation"},
		{"CreateInvitations", "", Rate{}, "want ACTION=PER_SECOND[:BURST]"},
		{"=1", "", Rate{}, "want ACTION=PER_SECOND[:BURST]"},
		{"*=0", "", Rate{}, `"0" is no number of calls a second`},
		{"*=NaN", "", Rate{}, "is no number of calls a second"},
		{"*=1e300", "", Rate{}, "is no number of calls a second"},
		{"*=1:0", "", Rate{}, `"0" is no number of calls`},
		{"*=1:", "", Rate{}, `"" is no number of calls`},
	} {
		action, got, err := ParseRate(c.text)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v, want %s", c.text, err, c.err)
			}
		} else if err != nil || action != c.action || got != c.want {
			t.Errorf("%s: %s %+v, %v", c.text, action, got, err)
		}
	}
}

func BenchmarkAllow(b *testing.B) {
	l := New(Options{})
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			l.Allow(&macie2.Call{Account: "111122223333", Region: "eu-west-1", Now: time.Now()}, "macie2:CreateInvitations")
		}
	})
}
