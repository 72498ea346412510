package objectstore

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"
)

// clock is a time that passes when somebody waits.
type clock struct{ at time.Time }

func (c *clock) options(o PaceOptions) PaceOptions {
	o.Now = func() time.Time { return c.at }
	o.Sleep = func(ctx context.Context, d time.Duration) error {
		c.at = c.at.Add(d)
		return ctx.Err()
	}
	return o
}

// count is how many requests begin within a time.
func (c *clock) count(t *testing.T, p *Pace, d time.Duration) (n int) {
	t.Helper()
	for end := c.at.Add(d); c.at.Before(end); n++ {
		leave, err := p.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		leave()
	}
	return n
}

func TestPaceKeepsToTheCap(t *testing.T) {
	c := &clock{time.Unix(1000, 0)}
	p := NewPace(c.options(PaceOptions{MaxRequests: 50}))
	if n := c.count(t, p, 10*time.Second); n < 495 || n > 510 {
		t.Errorf("%d requests in ten seconds at 50/s", n)
	}
	p.Learn(make([]Told, 2))
	if n := c.count(t, p, 10*time.Second); n < 245 || n > 260 {
		t.Errorf("%d requests in ten seconds at half of 50/s", n)
	}
}

func TestPaceGivesWay(t *testing.T) {
	c := &clock{time.Unix(1000, 0)}
	p := NewPace(c.options(PaceOptions{MaxRequests: 100}))
	c.count(t, p, 5*time.Second)
	p.Refused(0)
	p.Refused(0) // at the same moment: it counts once
	if s := p.State(); math.Abs(s.Rate-70) > 2 || !s.Slowed {
		t.Errorf("after a refusal: %+v", s)
	}
	for range 40 {
		c.at = c.at.Add(2 * time.Second)
		p.Refused(0)
	}
	if s := p.State(); s.Rate < paceFloor || s.Rate > 3 {
		t.Errorf("after forty refusals: %+v", s)
	}
	c.at = c.at.Add(10 * time.Minute)
	if s := p.State(); s.Rate != 100 || s.Slowed {
		t.Errorf("after ten minutes without: %+v", s)
	}
}

func TestPaceStaysAwayForAsLongAsItIsAskedTo(t *testing.T) {
	c := &clock{time.Unix(1000, 0)}
	p := NewPace(c.options(PaceOptions{}))
	p.Refused(2 * time.Minute)
	began := c.at
	leave, err := p.Enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	leave()
	if waited := c.at.Sub(began); waited != 2*time.Minute {
		t.Errorf("waited %v", waited)
	}
	p.Refused(24 * time.Hour)
	if s := p.State(); s.Away > longest {
		t.Errorf("stays away for %v", s.Away)
	}
}

func TestPaceOfBytes(t *testing.T) {
	c := &clock{time.Unix(1000, 0)}
	p := NewPace(c.options(PaceOptions{MaxBandwidth: 1000}))
	began := c.at
	for range 20 {
		if err := p.Read(t.Context(), 500); err != nil {
			t.Fatal(err)
		}
	}
	if took := c.at.Sub(began); took < 9*time.Second || took > 10*time.Second {
		t.Errorf("10,000 bytes at 1,000/s took %v", took)
	}
}

func TestPaceEndsWithItsContext(t *testing.T) {
	p := NewPace(PaceOptions{})
	for range maxFlight {
		if _, err := p.Enter(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Enter(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("one request too many: %v", err)
	}
}
