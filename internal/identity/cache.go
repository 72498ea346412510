package identity

import (
	"container/list"
	"sync"

	"magpie/internal/sigv4"
)

// How much a cache holds: at about 1 KB an entry with a few scopes, 10 MB at most.
const (
	maxCachedKeys   = 8192
	maxCachedScopes = 16
)

// keyCache remembers what was opened, by the sealed text. Sealed text never
// changes its meaning, so an entry is never wrong; the least recently used go.
type keyCache struct {
	mu    sync.Mutex
	byKey map[string]*list.Element
	order list.List // of *cached, most recently used first
}

type cached struct {
	key   string
	entry *keyEntry
}

func newKeyCache() *keyCache { return &keyCache{byKey: make(map[string]*list.Element)} }

// get returns the entry of key, made by open if it is not there. Failures are not
// remembered: a flood of bad tokens must not push good ones out.
func (c *keyCache) get(key string, open func() (*keyEntry, error)) (*keyEntry, error) {
	c.mu.Lock()
	if e, ok := c.byKey[key]; ok {
		c.order.MoveToFront(e)
		c.mu.Unlock()
		return e.Value.(*cached).entry, nil
	}
	c.mu.Unlock()
	entry, err := open()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.byKey[key]; ok { // another request was faster
		return e.Value.(*cached).entry, nil
	}
	c.byKey[key] = c.order.PushFront(&cached{key, entry})
	if c.order.Len() > maxCachedKeys {
		last := c.order.Back()
		delete(c.byKey, last.Value.(*cached).key)
		c.order.Remove(last)
	}
	return entry, nil
}

// keyEntry is an opened secret and the signing keys derived from it.
type keyEntry struct {
	secret  string
	session sealedSession

	mu     sync.Mutex
	scopes []scopeKey // at most maxCachedScopes
	next   int        // the one that gives way
}

type scopeKey struct {
	date, region, service string
	key                   sigv4.SigningKey
}

// signingKey finds or derives the key of a scope. The scopes of one key are few (a
// day, the Regions in use, two services), so the oldest gives way to a new one.
func (e *keyEntry) signingKey(date, region, service string) sigv4.SigningKey {
	e.mu.Lock()
	for i := range e.scopes {
		if s := &e.scopes[i]; s.date == date && s.region == region && s.service == service {
			key := s.key
			e.mu.Unlock()
			return key
		}
	}
	e.mu.Unlock()
	key := sigv4.DeriveKey(e.secret, date, region, service)
	e.mu.Lock()
	if derived := (scopeKey{date, region, service, key}); len(e.scopes) < maxCachedScopes {
		e.scopes = append(e.scopes, derived)
	} else {
		e.scopes[e.next] = derived
		e.next = (e.next + 1) % maxCachedScopes
	}
	e.mu.Unlock()
	return key
}
