// Package pace owns how fast calls are made: one budget for each Region and operation, which adapts to what the service takes, and one bound
// on the calls in flight from all budgets together.
//
// A budget is a rate of calls a second, found as TCP finds a bandwidth. It begins low and doubles each second while all is well; when the
// service throttles, it is halved, once for all calls that were under way at the time, and grows by a fixed step a second from there on. The
// AWS SDK's adaptive retryer has one bucket for a client and slows the operation that is not throttled along with the one that is.
// A server's error (5xx, a broken connection) is no verdict on the rate when it is one of twenty, and is one when it is one of four: then the
// rate is halved too, again and again while the trouble lasts; afterwards it soon doubles its way back to half of what it was.
//
// Start at Pacer.Acquire. A Pacer is for use by any number of goroutines.
package pace

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"time"
)

// Outcome is what a call says about the rate.
type Outcome int

// The outcomes of a call.
const (
	Fine      Outcome = iota // answered, be it with a refusal
	Throttled                // too many
	Troubled                 // 5xx, or no answer at all
)

// The shape of the adaptation.
const (
	firstRate = 20.0  // calls a second
	leastRate = 0.5   // below that, a service is not throttling but down
	mostRate  = 20000 // no server takes more from one client
	leastStep = 1.0   // calls a second, each second, after the first throttling
	window    = 32    // outcomes that decide whether a service is in trouble
	troubled  = window / 4
	slack     = 5 * time.Millisecond
)

// Pacer holds the budgets of a run.
type Pacer struct {
	inFlight chan struct{}

	mu      sync.Mutex
	budgets map[key]*budget
}

type key struct{ region, operation string }

// New returns a pacer that lets at most so many calls be in flight.
func New(inFlight int) *Pacer {
	return &Pacer{inFlight: make(chan struct{}, inFlight), budgets: map[key]*budget{}}
}

// Acquire waits until a call of the operation may be made in the Region. Its error is that of ctx. The caller makes the call and then says by
// done how it went.
func (p *Pacer) Acquire(ctx context.Context, region, operation string) (done func(Outcome), err error) {
	b := p.budget(region, operation)
	if err := b.await(ctx); err != nil {
		return nil, err
	}
	select {
	case p.inFlight <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	begun := time.Now()
	return func(o Outcome) {
		<-p.inFlight
		b.learn(o, begun, time.Now())
	}, nil
}

func (p *Pacer) budget(region, operation string) *budget {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := key{region, operation}
	b := p.budgets[k]
	if b == nil {
		b = newBudget()
		p.budgets[k] = b
	}
	return b
}

// Rate is how many calls of the operation a second there may be in the Region now.
func (p *Pacer) Rate(region, operation string) float64 {
	b := p.budget(region, operation)
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rate
}

type budget struct {
	turn chan struct{} // held by the first of those who wait

	mu        sync.Mutex
	rate      float64
	threshold float64   // below it the rate doubles each second, from there on it grows by steps
	step      float64   // calls a second, each second
	next      time.Time // when the next call may begin
	lessened  time.Time // when the rate was last lessened
	recent    [window]bool
	at, bad   int
}

func newBudget() *budget {
	return &budget{turn: make(chan struct{}, 1), rate: firstRate, threshold: math.Inf(1), step: leastStep}
}

// await waits until the next call may begin. Those who wait form a line of which only the first looks at the clock, so that a rate which was
// lessened holds for all of them.
func (b *budget) await(ctx context.Context) error {
	select {
	case b.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-b.turn }()
	for {
		wait := b.begin(time.Now())
		if wait <= 0 {
			return ctx.Err()
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// begin takes the place that is due, or returns how long it is until then. After an idle time the calls that were not made are not made up
// for, but for those of a few milliseconds, since timers are no finer.
func (b *budget) begin(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if wait := b.next.Sub(now); wait > 0 {
		return wait
	}
	if oldest := now.Add(-slack); b.next.Before(oldest) {
		b.next = oldest
	}
	b.next = b.next.Add(time.Duration(float64(time.Second) / b.rate))
	return 0
}

// learn adapts the rate to the outcome of a call that began at begun.
func (b *budget) learn(o Outcome, begun, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.recent[b.at] {
		b.bad--
	}
	b.recent[b.at] = o == Troubled
	if o == Troubled {
		b.bad++
	}
	b.at = (b.at + 1) % window
	switch {
	case o == Fine && b.rate < b.threshold:
		b.rate = min(b.rate+1, mostRate)
	case o == Fine:
		b.rate = min(b.rate+b.step/b.rate, mostRate)
	case begun.Before(b.lessened):
		// It began at the rate that has been lessened already.
	case o == Throttled || b.bad >= troubled:
		half := max(b.rate/2, leastRate)
		if o == Throttled || b.rate > b.threshold || math.IsInf(b.threshold, 1) {
			b.threshold = half
			b.step = max(leastStep, half/10)
		}
		b.rate = half
		b.lessened = now
		b.next = now.Add(time.Duration(float64(time.Second) / b.rate))
	}
}

// The bounds of Backoff.
const (
	firstBackoff = 100 * time.Millisecond
	mostBackoff  = 5 * time.Second
)

// Backoff waits before the attempt of a call that follows attempt others: a random time below a bound that doubles, so that clients which were
// refused together do not come back together. Its error is that of ctx.
func Backoff(ctx context.Context, attempt int) error {
	bound := mostBackoff
	if attempt < 6 {
		bound = firstBackoff << attempt
	}
	return sleep(ctx, bound/4+rand.N(bound*3/4))
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
