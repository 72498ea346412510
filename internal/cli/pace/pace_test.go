package pace

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// service is a server that takes so many calls a second, in bursts of as many.
type service struct {
	limit, tokens float64
	at            time.Time
	mu            sync.Mutex
}

func (s *service) call() Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.tokens = min(s.limit, s.tokens+now.Sub(s.at).Seconds()*s.limit)
	s.at = now
	if s.tokens < 1 {
		return Throttled
	}
	s.tokens--
	return Fine
}

// load makes calls for a minute, by many at once, and returns how many were taken and how many refused.
func load(t *testing.T, p *Pacer, operation string, call func() Outcome) (taken, refused int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var took, not atomic.Int64
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			for {
				done, err := p.Acquire(ctx, "eu-west-1", operation)
				if err != nil {
					return
				}
				time.Sleep(5 * time.Millisecond) // what a call takes
				o := call()
				done(o)
				if o == Fine {
					took.Add(1)
				} else {
					not.Add(1)
				}
			}
		})
	}
	group.Wait()
	return took.Load(), not.Load()
}

func TestFindsWhatTheServiceTakes(t *testing.T) {
	for _, limit := range []float64{5, 50, 500} {
		synctest.Test(t, func(t *testing.T) {
			s := &service{limit: limit, tokens: limit, at: time.Now()}
			taken, refused := load(t, New(64), "CreateMember", s.call)
			if could := limit * 60; float64(taken) < could*0.6 {
				t.Errorf("limit %v: %d calls were taken of %v that could have been", limit, taken, could)
			}
			if refused > taken/4 {
				t.Errorf("limit %v: %d calls were refused, %d taken", limit, refused, taken)
			}
		})
	}
}

func TestOneFailureInTwentyIsNoReasonToSlowDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(64)
		var n atomic.Int64
		taken, _ := load(t, p, "CreateMember", func() Outcome {
			if n.Add(1)%20 == 0 {
				return Troubled
			}
			return Fine
		})
		if taken < 60*1000 {
			t.Errorf("%d calls in a minute", taken)
		}
	})
}

func TestAServiceInTroubleIsSpared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(64)
		_, refused := load(t, p, "CreateMember", func() Outcome { return Troubled })
		if refused > 200 || p.Rate("eu-west-1", "CreateMember") > 1 {
			t.Errorf("%d calls, at last %v a second", refused, p.Rate("eu-west-1", "CreateMember"))
		}
	})
}

// After an outage the rate is soon what it was, and not found anew by small steps.
func TestRecoversFromAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(64)
		begun := time.Now()
		taken, _ := load(t, p, "CreateMember", func() Outcome {
			if at := time.Since(begun); at > 10*time.Second && at < 20*time.Second {
				return Troubled
			}
			return Fine
		})
		if taken < 40*1000 {
			t.Errorf("%d calls in a minute", taken)
		}
	})
}

func TestBudgetsAreApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(64)
		load(t, p, "CreateMember", func() Outcome { return Throttled })
		if r := p.Rate("eu-west-1", "ListMembers"); r != firstRate {
			t.Errorf("another operation has %v", r)
		}
		if r := p.Rate("us-east-1", "CreateMember"); r != firstRate {
			t.Errorf("another Region has %v", r)
		}
	})
}

func TestBoundOnCallsInFlight(t *testing.T) {
	p := New(1)
	done, err := p.Acquire(t.Context(), "eu-west-1", "ListMembers")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Acquire(ctx, "us-east-1", "ListMembers"); !errors.Is(err, context.Canceled) {
		t.Errorf("a second call begins: %v", err)
	}
	done(Fine)
	if _, err := p.Acquire(t.Context(), "us-east-1", "ListMembers"); err != nil {
		t.Error(err)
	}
}
