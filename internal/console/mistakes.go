package console

import (
	"sync"
	"time"
)

// How many wrong sign-ins a source is answered at once, and how long each of them takes to be forgotten.
const (
	mostMistakes = 10
	forgotten    = 10 * time.Second
	mostSources  = 10_000
)

// mistakes counts wrong sign-ins by source.
type mistakes struct {
	mu    sync.Mutex
	clear map[string]time.Time // when all of a source's are forgotten
}

func newMistakes() *mistakes { return &mistakes{clear: map[string]time.Time{}} }

// add counts one, unless there are too many: then it returns how long it takes until there is room for another.
func (m *mistakes) add(source string, now time.Time) (wait time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := m.clear[source]
	if at.Before(now) {
		at = now
	}
	if wait := at.Add(forgotten).Sub(now) - mostMistakes*forgotten; wait > 0 {
		return wait
	}
	if _, known := m.clear[source]; !known && len(m.clear) >= mostSources {
		m.makeRoom(now)
	}
	m.clear[source] = at.Add(forgotten)
	return 0
}

// makeRoom drops the sources whose mistakes are forgotten; where that does not help, others: that gives somebody attempts, and takes
// none from anybody.
func (m *mistakes) makeRoom(now time.Time) {
	for source, at := range m.clear {
		if !at.After(now) {
			delete(m.clear, source)
		}
	}
	for source := range m.clear {
		if len(m.clear) < mostSources*3/4 {
			return
		}
		delete(m.clear, source)
	}
}
