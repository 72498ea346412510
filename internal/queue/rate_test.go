package queue

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// TestRateIsSharedAndSmooth lets three nodes claim at random moments, with pauses, and looks at the moments at which the
// attempts may begin: no second has more of them than the rate and what a pause may leave, and no time is lost either.
func TestRateIsSharedAndSmooth(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		const rate = 200
		clock := time.UnixMilli(1e12)
		var kinds []*externalKind
		var workers []*worker
		db := open()
		for range 3 {
			q := Open(db, Options{Clock: func() time.Time { return clock }})
			q.External(External{Kind: "mail", Rate: rate})
			kinds, workers = append(kinds, q.external[0]), append(workers, newWorker(q))
		}
		ctx := t.Context()
		tasks := make([]New, 3000)
		for i := range tasks {
			tasks[i] = New{Kind: "mail", Key: fmt.Sprint(i)}
		}
		if err := db.Tx(ctx, "", func(tx *store.Tx) error { return kinds[0].q.Enqueue(ctx, tx, tasks...) }); err != nil {
			t.Fatal(err)
		}
		var begins []time.Duration // since the clock's beginning
		start := clock
		claim := func(i, n int) {
			t.Helper()
			claimed, _, err := kinds[i].claim(ctx, workers[i], n)
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range claimed {
				wait := h.begin.Sub(h.claimed)
				if wait > horizon+time.Second/rate {
					t.Errorf("a permit %s ahead", wait)
				}
				begins = append(begins, clock.Sub(start)+max(0, wait))
			}
		}
		for i := range 60 { // three seconds, in steps of 50 ms
			claim(i%3, []int{1, 40, 128}[i%3])
			clock = clock.Add(50 * time.Millisecond)
		}
		busy := len(begins)
		if low, high := 3*rate-10, 3*rate+rate*2/5; busy < low || busy > high {
			t.Errorf("%d attempts in three seconds, want %d to %d", busy, low, high)
		}
		clock = clock.Add(time.Minute) // nobody does anything
		for i := range 20 {
			claim(i%3, 128)
			clock = clock.Add(50 * time.Millisecond)
		}
		slices.Sort(begins)
		for i := range begins {
			end := i
			for end < len(begins) && begins[end]-begins[i] < time.Second {
				end++
			}
			if n := end - i; n > rate+rate/10+1 {
				t.Fatalf("%d attempts begin within a second", n)
			}
		}
	})
}

// TestRateIsAnyNumber: very small and very large ones, too.
func TestRateIsAnyNumber(t *testing.T) {
	for _, rate := range []float64{0.01, 1, 3, 1e4, 1e9} {
		p := pace{next: 0, now: 0, interval: interval(rate)}
		n, wait := p.permits(128)
		if n < 1 || n > 128 || wait <= 0 || p.interval < 1 {
			t.Errorf("rate %g: %d permits, wait %s, interval %d µs", rate, n, wait, p.interval)
		}
		p.next += int64(n) * p.interval
		p.now += wait.Microseconds()
		if n, _ := p.permits(128); n < 1 {
			t.Errorf("rate %g: no permit after the wait", rate)
		}
	}
}

// TestLanesOfTasks: Finish runs in the lane that the kind names; nothing else is asked of it.
func TestLanesOfTasks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		q := Open(db, Options{})
		asked := make(chan string, 1)
		q.External(External{Kind: "mail",
			Do:   func(context.Context, Task) Outcome { return Outcome{Status: Done} },
			Lane: func(t Task) string { asked <- t.Key; return "lane of " + t.Key }})
		ctx := t.Context()
		if err := db.Tx(ctx, "", func(tx *store.Tx) error { return q.Enqueue(ctx, tx, New{Kind: "mail", Key: "x"}) }); err != nil {
			t.Fatal(err)
		}
		if n, err := q.Drain(ctx); err != nil || n != 1 || <-asked != "x" {
			t.Errorf("drained %d, %v", n, err)
		}
	})
}
