// Package admission keeps callers who cannot prove who they are from taking what others need:
// lookups of keys in the database, and answers. It remembers the keys that were looked up lately,
// and delays refusals.
//
// [Control] implements awsapi.Admission, and [Authenticator] awsapi.Authenticator: the edge asks
// the one before the other.
package admission

import (
	"context"
	"sync"
	"time"

	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/sigv4"
	"magpie/internal/throttle"
)

// Control decides when a caller who has not proved yet who it is may be looked up, and when it is
// refused. It locks nobody out: nothing that a stranger does counts against a key. It is safe for
// concurrent use.
//
//   - A key that was looked up lately is remembered, so a wrong signature by it is refused before
//     the database is asked. A right one is still looked up: a key that is revoked is refused from
//     the next call on.
//   - Keys that are not remembered are looked up a few at a time. Each source has a line of its
//     own, of bounded length; beyond it callers are asked to try again.
//   - Refusals are delayed: a source can make only so many mistakes in a second, and an account so
//     many calls above its rate.
type Control struct {
	pacer *throttle.Pacer // of refusals, by source
	hasty *throttle.Pacer // of those of calls above their rate, by account
	looks chan struct{}   // a place for each lookup of a key that is not remembered

	mu      sync.Mutex
	waiting map[string]int                   // for a place, by source
	young   map[string]*identity.Credentials // by key and token
	old     map[string]*identity.Credentials // those used before the last change of generations
}

const (
	// The store on SQLite has four readers; those whose keys are remembered have two of them to
	// themselves.
	strangersLooking = 2
	strangersWaiting = 64 // of one source
	// rememberedKeys is half of the keys that are remembered at most.
	rememberedKeys = 4096
	// mostMistakes is how many refusals a source gets at once; each further one waits, up to
	// longestRefusal.
	longestRefusal = time.Second
)

var (
	mostMistakes = throttle.Rate{PerSecond: 50, Burst: 100}
	// mostHasty is the same for calls above their rate, of an account. SDKs wait before they try
	// again, and do not meet it.
	mostHasty = throttle.Rate{PerSecond: 20, Burst: 50}
)

// New returns a Control that remembers no key.
func New() *Control {
	return &Control{
		pacer: throttle.NewPacer(mostMistakes, longestRefusal), hasty: throttle.NewPacer(mostHasty, longestRefusal), looks: make(chan struct{}, strangersLooking), waiting: map[string]int{},
		young: map[string]*identity.Credentials{}, old: map[string]*identity.Credentials{},
	}
}

// Recall implements awsapi.Admission.
func (c *Control) Recall(sig *sigv4.Signature) (sigv4.SigningKey, bool) {
	name := sig.AccessKeyID + "/" + sig.SecurityToken
	c.mu.Lock()
	known, ok := c.young[name]
	if !ok {
		if known, ok = c.old[name]; ok {
			c.keep(name, known)
		}
	}
	c.mu.Unlock()
	if !ok {
		return sigv4.SigningKey{}, false
	}
	return known.SigningKey(sig.Date, sig.Region, sig.Service), true
}

// remember notes what a key stands for. A key's secret is never changed.
func (c *Control) remember(sig *sigv4.Signature, known *identity.Credentials) {
	name := sig.AccessKeyID + "/" + sig.SecurityToken
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.young[name]; !ok {
		c.keep(name, known)
	}
}

// keep puts a key among the young; those that were not used since the last change of generations go
// with the next one.
func (c *Control) keep(name string, known *identity.Credentials) {
	if len(c.young) >= rememberedKeys {
		c.old, c.young = c.young, make(map[string]*identity.Credentials, rememberedKeys)
	}
	c.young[name] = known
}

// Enter implements awsapi.Admission.
func (c *Control) Enter(ctx context.Context, source string) (leave func(), err error) {
	c.mu.Lock()
	if c.waiting[source] >= strangersWaiting {
		c.mu.Unlock()
		return nil, macie2.ErrThrottled(time.Second)
	}
	c.waiting[source]++
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.waiting[source]--; c.waiting[source] == 0 {
			delete(c.waiting, source)
		}
	}()
	select {
	case c.looks <- struct{}{}:
		return func() { <-c.looks }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Refused implements awsapi.Admission.
func (c *Control) Refused(ctx context.Context, source string) {
	wait(ctx, c.pacer.Delay(source, time.Now()))
}

// Throttled implements awsapi.Admission.
func (c *Control) Throttled(ctx context.Context, account macie2.AccountID) {
	wait(ctx, c.hasty.Delay(string(account), time.Now()))
}

// wait returns after a delay, or once ctx has ended.
func wait(ctx context.Context, delay time.Duration) {
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
