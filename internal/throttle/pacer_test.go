package throttle

import (
	"fmt"
	"testing"
	"time"
)

// Mistakes within the burst are answered at once, those beyond ever later, up to the bound; other
// sources are not concerned.
func TestPacer(t *testing.T) {
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

// An IPv6 network is one source, however many addresses it has.
func TestPacerTakesNetworks(t *testing.T) {
	p := NewPacer(Rate{PerSecond: 10, Burst: 1}, time.Second)
	p.Delay("2001:db8::1", start)
	if p.Delay("2001:db8::2", start) == 0 || p.Delay("2001:db8:0:1::1", start) != 0 || p.Delay("not an address", start) != 0 {
		t.Error("sources are told apart wrongly")
	}
}

// However many sources there are, memory is bounded.
func TestPacerIsBounded(t *testing.T) {
	p := NewPacer(Rate{PerSecond: 0.1, Burst: 1}, time.Minute)
	for i := range 200_000 {
		p.Delay(fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255), start)
	}
	for i := range p.line {
		if n := len(p.line[i].next); n > sourcesOfShard {
			t.Errorf("%d sources are kept", n)
		}
	}
}
