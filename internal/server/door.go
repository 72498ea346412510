package server

import (
	"context"
	"sync"
	"time"

	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/sigv4"
	"magpie/internal/throttle"
)

// door keeps those who cannot prove who they are from taking what others need. It locks nobody out: nothing that a stranger does counts
// against a key.
//
//   - A key that was looked up lately is remembered, so a wrong signature by it is refused before the database is asked. A right one is
//     still looked up: a key that is revoked is refused from the next call on.
//   - Keys that are not remembered are looked up a few at a time. Those of one source wait in a line of its own length; beyond it they
//     are asked to try again.
//   - Refusals take their time: a connection that gets things wrong gets only so many of them wrong in a second.
type door struct {
	pacer *throttle.Pacer
	looks chan struct{} // a place for each lookup of a key that is not remembered

	mu      sync.Mutex
	waiting map[string]int                   // for a place, by source
	young   map[string]*identity.Credentials // by key and token
	old     map[string]*identity.Credentials
}

const (
	// The store on SQLite has four readers; those whose keys are remembered have two of them to themselves.
	strangersLooking = 2
	strangersWaiting = 64 // of one source
	// rememberedKeys is half of the keys that are remembered at most.
	rememberedKeys = 4096
	// mostMistakes is what a source is told at once that it got wrong; each further one waits, up to longestRefusal.
	longestRefusal = time.Second
)

var mostMistakes = throttle.Rate{PerSecond: 50, Burst: 100}

func newDoor() *door {
	return &door{
		pacer: throttle.NewPacer(mostMistakes, longestRefusal), looks: make(chan struct{}, strangersLooking), waiting: map[string]int{},
		young: map[string]*identity.Credentials{}, old: map[string]*identity.Credentials{},
	}
}

// Recall implements awsapi.Door.
func (d *door) Recall(sig *sigv4.Signature) (sigv4.SigningKey, bool) {
	name := sig.AccessKeyID + "/" + sig.SecurityToken
	d.mu.Lock()
	c, ok := d.young[name]
	if !ok {
		if c, ok = d.old[name]; ok {
			d.keep(name, c)
		}
	}
	d.mu.Unlock()
	if !ok {
		return sigv4.SigningKey{}, false
	}
	return c.SigningKey(sig.Date, sig.Region, sig.Service), true
}

// remember notes what a key stands for. A key's secret is never changed.
func (d *door) remember(sig *sigv4.Signature, c *identity.Credentials) {
	name := sig.AccessKeyID + "/" + sig.SecurityToken
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.young[name]; !ok {
		d.keep(name, c)
	}
}

// keep puts a key among the young; those that were not used since the last change of generations go with the next one.
func (d *door) keep(name string, c *identity.Credentials) {
	if len(d.young) >= rememberedKeys {
		d.old, d.young = d.young, make(map[string]*identity.Credentials, rememberedKeys)
	}
	d.young[name] = c
}

// Enter implements awsapi.Door.
func (d *door) Enter(ctx context.Context, source string) (leave func(), err error) {
	d.mu.Lock()
	if d.waiting[source] >= strangersWaiting {
		d.mu.Unlock()
		return nil, macie2.ErrThrottled(time.Second)
	}
	d.waiting[source]++
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.waiting[source]--; d.waiting[source] == 0 {
			delete(d.waiting, source)
		}
	}()
	select {
	case d.looks <- struct{}{}:
		return func() { <-d.looks }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Refused implements awsapi.Door.
func (d *door) Refused(ctx context.Context, source string) {
	delay := d.pacer.Delay(source, time.Now())
	if delay == 0 {
		return
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
