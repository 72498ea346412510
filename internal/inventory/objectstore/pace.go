package objectstore

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// How a pace is found. A store that asks for fewer requests gets 0.7 of what it got; after that a little more every second.
const (
	slowDown  = 0.7
	speedUp   = 1.05             // each second
	paceFloor = 1.0              // requests a second
	paceMost  = 100_000.0        // likewise, without a cap of the operator
	reaction  = time.Second      // refusals within this time count as one: they answer requests that were under way together
	longest   = 5 * time.Minute  // that a store may ask us to stay away
	maxFlight = 64               // requests at once
	burstTime = time.Second / 20 // of requests may be made up for
)

// PaceOptions bound a Pace.
type PaceOptions struct {
	// MaxRequests is the most requests a second that the operator allows. 0: as many as the store bears.
	MaxRequests float64
	// MaxBandwidth is the most bytes a second of objects' content. 0: no limit.
	MaxBandwidth float64
	// Now is the clock; nil is time.Now. Tests that set it must set Sleep too.
	Now func() time.Time
	// Sleep waits; nil waits in earnest.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Pace keeps the requests to one store to what it can bear and to what its operator allows. All users of the store in a process share one,
// and processes tell each other of theirs: Tell and Learn.
type Pace struct {
	o      PaceOptions
	flight chan struct{}

	mu       sync.Mutex
	share    float64   // of the operator's caps that this process may use
	rate     float64   // requests a second
	next     time.Time // when the next request may begin
	bytes    time.Time // when the next bytes may be read
	away     time.Time // the store asked to be left alone until then
	slowed   time.Time // when the rate was lowered last
	raised   time.Time // when the rate was raised last
	window   time.Time // since when begun counts
	begun    int       // requests
	measured float64   // requests a second in the window before
	total    int64     // requests
	refusals int64     // that counted
	refused  bool      // the rate is what is left after refusals, here or in another process
	users    int       // processes that use the store, as Learn was told; 0 before that
	heard    int64     // refusals of all of them, likewise
}

// NewPace returns a Pace.
func NewPace(o PaceOptions) *Pace {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	p := &Pace{o: o, flight: make(chan struct{}, maxFlight), share: 1}
	p.rate = p.ceiling()
	return p
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *Pace) ceiling() float64 {
	if p.o.MaxRequests > 0 {
		return max(p.o.MaxRequests*p.share, 0.01)
	}
	return paceMost
}

// Told is what a process tells the others of its pace at a store.
type Told struct {
	Requests int64   // since it began
	Rate     float64 // requests a second that it was slowed to; 0 where it was not
	Measured float64 // requests a second that it makes
	Refusals int64   // since it began
	Away     time.Duration
}

// Tell says what other processes should know.
func (p *Pace) Tell() Told {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.o.Now()
	p.recover(now)
	x := Told{Requests: p.total, Measured: p.measured, Refusals: p.refusals, Away: max(0, p.away.Sub(now))}
	if now.Sub(p.window) > 2*reaction {
		x.Measured = 0 // long ago
	}
	if p.refused {
		x.Rate = p.rate
	}
	return x
}

// Learn takes in what all processes that use the store know, this one included: the operator's caps are for all of them together, and so is
// what the store bears. Where the store has refused requests of any of them since the last time, or another process has come or gone, all
// go on at the same part of what they had together; in between each recovers by itself.
func (p *Pace) Learn(all []Told) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.o.Now()
	users, total, slowed, refusals := max(1, len(all)), 0.0, false, int64(0)
	for _, x := range all {
		refusals += x.Refusals
		slowed = slowed || x.Rate > 0
		if x.Rate > 0 {
			total += x.Rate
		} else {
			total += x.Measured
		}
		if until := now.Add(min(x.Away, longest)); x.Away > 0 && until.After(p.away) {
			p.away = until
		}
	}
	news := users != p.users || refusals != p.heard
	p.users, p.heard = users, refusals
	p.share = 1 / float64(users)
	if slowed && news && users > 1 {
		if !p.refused {
			p.slowed, p.raised, p.refused = now, now, true
		}
		p.rate = max(total/float64(users), paceFloor/float64(users))
	}
	if p.refused {
		p.rate = min(p.rate, p.ceiling())
	} else {
		p.rate = p.ceiling()
	}
}

// Enter waits until a request may begin; leave must be called when its answer, without the body, is there.
func (p *Pace) Enter(ctx context.Context) (leave func(), err error) {
	select {
	case p.flight <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the store's pace: %w", ctx.Err())
	}
	for {
		d := p.take()
		if d <= 0 {
			return p.leaver(), nil
		}
		if err := p.o.Sleep(ctx, d); err != nil {
			<-p.flight
			return nil, fmt.Errorf("wait for the store's pace: %w", err)
		}
	}
}

// leaver ends a request, once.
func (p *Pace) leaver() func() {
	var left atomic.Bool
	return func() {
		if !left.Swap(true) {
			<-p.flight
		}
	}
}

// take begins a request, or says how long to wait.
func (p *Pace) take() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.o.Now()
	p.recover(now)
	if p.away.After(now) {
		return p.away.Sub(now)
	}
	if earliest := now.Add(-burstTime); p.next.Before(earliest) {
		p.next = earliest
	}
	if p.next.After(now) {
		return p.next.Sub(now)
	}
	p.next = p.next.Add(time.Duration(float64(time.Second) / p.rate))
	p.begun++
	p.total++
	if since := now.Sub(p.window); since >= time.Second {
		p.measured = float64(p.begun) / since.Seconds()
		p.window, p.begun = now, 0
	}
	return 0
}

// recover raises the rate a little for each second without refusals.
func (p *Pace) recover(now time.Time) {
	for p.rate < p.ceiling() && now.Sub(p.raised) >= time.Second && now.Sub(p.slowed) >= time.Second {
		if p.raised.Before(p.slowed) {
			p.raised = p.slowed
		}
		p.raised = p.raised.Add(time.Second)
		p.rate = min(p.rate*speedUp, p.ceiling())
	}
	if p.rate >= p.ceiling() {
		p.rate, p.raised, p.refused = p.ceiling(), now, false
	}
}

// Refused tells that the store asked for fewer requests, and for how long to stay away; 0 if it did not say.
func (p *Pace) Refused(retryAfter time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.o.Now()
	if until := now.Add(min(retryAfter, longest)); retryAfter > 0 && until.After(p.away) {
		p.away = until
	}
	if now.Sub(p.slowed) < reaction {
		return
	}
	// What it got counts, not what it might have got: a rate that was never reached says nothing.
	from := p.rate
	if p.measured > 0 {
		from = min(from, p.measured)
	}
	p.rate = min(max(from*slowDown, paceFloor*p.share), p.ceiling())
	p.slowed, p.raised, p.refused = now, now, true
	p.refusals++
}

// Read waits until n more bytes of content may be read.
func (p *Pace) Read(ctx context.Context, n int) error {
	if p.o.MaxBandwidth <= 0 || n <= 0 {
		return nil
	}
	p.mu.Lock()
	now := p.o.Now()
	if earliest := now.Add(-burstTime); p.bytes.Before(earliest) {
		p.bytes = earliest
	}
	wait := p.bytes.Sub(now)
	p.bytes = p.bytes.Add(time.Duration(float64(n) / (p.o.MaxBandwidth * p.share) * float64(time.Second)))
	p.mu.Unlock()
	if wait <= 0 {
		return nil
	}
	return p.o.Sleep(ctx, wait)
}

// PaceState is what a Pace does at the moment.
type PaceState struct {
	Rate     float64 // requests a second that may begin
	InFlight int
	Away     time.Duration // that the store asked to be left alone for
	Slowed   bool          // the rate is lower than it might be, since the store asked for fewer requests
}

// State tells what the pace is.
func (p *Pace) State() PaceState {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.o.Now()
	p.recover(now)
	return PaceState{Rate: p.rate, InFlight: len(p.flight), Away: max(0, p.away.Sub(now)), Slowed: p.rate < p.ceiling()}
}
