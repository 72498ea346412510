package throttle

import (
	"fmt"
	"testing"
	"time"
)

// Mistakes within the burst are answered at once, those beyond ever later, up to the bound.
func TestPacerDelays(t *testing.T) {
	p := NewPacer(Rate{PerSecond: 10, Burst: 3}, time.Second)
	for i, want := range []time.Duration{0, 0, 0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000, 1000, 1000} {
		if got := p.Delay("192.0.2.1", start); got != want*time.Millisecond {
			t.Errorf("mistake %d waits %v, want %v ms", i, got, int64(want))
		}
	}
	if d := p.Delay("192.0.2.2", start); d != 0 {
		t.Errorf("another source waits %v", d)
	}
	if d := p.Delay("192.0.2.1", start.Add(2*time.Second)); d != 0 {
		t.Errorf("long after, the source waits %v", d)
	}
}

// What is within the burst begins at once, what is beyond ever later, and what would have to wait
// for longer than the bound is refused and counts for nothing, for as long as that lasts; other
// sources are not concerned.
func TestPacer(t *testing.T) {
	p := NewPacer(Rate{PerSecond: 10, Burst: 3}, time.Second)
	for i, want := range []time.Duration{0, 0, 0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000} {
		if got, ok := p.Reserve("192.0.2.1", 1, start); !ok || got != want*time.Millisecond {
			t.Errorf("%d waits %v (%t), want %v ms", i, got, ok, int64(want))
		}
	}
	for i := range 100 {
		if wait, ok := p.Reserve("192.0.2.1", 1, start.Add(time.Duration(i)*time.Millisecond/2)); ok {
			t.Errorf("one more, half a millisecond later each, waits %v", wait)
		}
	}
	if wait, ok := p.Reserve("192.0.2.1", 1, start.Add(100*time.Millisecond)); !ok || wait != time.Second {
		t.Errorf("when the next may begin, it waits %v (%t)", wait, ok)
	}
	if wait, ok := p.Reserve("192.0.2.2", 1, start); !ok || wait != 0 {
		t.Errorf("another source waits %v (%t)", wait, ok)
	}
	if wait, ok := p.Reserve("192.0.2.1", 1, start.Add(4*time.Second)); !ok || wait != 0 {
		t.Errorf("long after, the source waits %v (%t)", wait, ok)
	}
}

// Many at once take the turns of as many.
func TestPacerOfMany(t *testing.T) {
	p := NewPacer(Rate{PerSecond: 1000, Burst: 500}, time.Second)
	for i, want := range []time.Duration{0, 1, 1001} { // 500, then 1,000, then the bound is passed
		n := []int64{500, 1000, 1}[i]
		got, ok := p.Reserve("192.0.2.1", n, start)
		if refused := want > 1000; ok == refused || ok && got != want*time.Millisecond {
			t.Errorf("%d waits %v (%t), want %v ms", n, got, ok, int64(want))
		}
	}
}

// An IPv6 network is one source, however many addresses it has.
func TestPacerTakesNetworks(t *testing.T) {
	p := NewPacer(Rate{PerSecond: 10, Burst: 1}, time.Second)
	for i, from := range []string{"2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "not an address"} {
		if wait, _ := p.Reserve(from, 1, start); (wait > 0) != (i == 1) {
			t.Errorf("%s waits %v", from, wait)
		}
	}
}

// However many sources there are, memory is bounded.
func TestPacerIsBounded(t *testing.T) {
	p := NewPacer(Rate{PerSecond: 0.1, Burst: 1}, time.Minute)
	for i := range 200_000 {
		p.Reserve(fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255), 1, start)
	}
	for i := range p.line {
		if n := len(p.line[i].next); n > sourcesOfShard {
			t.Errorf("%d sources are kept", n)
		}
	}
}
