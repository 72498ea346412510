package console

import (
	"fmt"
	"testing"
	"testing/fstest"
	"time"
)

// Ten at once, then one in ten seconds; sources do not share, and there is an end to what is remembered.
func TestMistakes(t *testing.T) {
	m := newMistakes()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i := range mostMistakes {
		if wait := m.add("192.0.2.1", now); wait != 0 {
			t.Errorf("mistake %d waits %s", i, wait)
		}
	}
	if wait := m.add("192.0.2.1", now); wait != forgotten {
		t.Errorf("one too many waits %s", wait)
	}
	if wait := m.add("192.0.2.2", now); wait != 0 {
		t.Errorf("another source waits %s", wait)
	}
	if wait := m.add("192.0.2.1", now.Add(forgotten)); wait != 0 {
		t.Errorf("ten seconds later it waits %s", wait)
	}
	if wait := m.add("192.0.2.1", now.Add(forgotten)); wait != forgotten {
		t.Errorf("another one waits %s", wait)
	}
	for i := range 2 * mostSources {
		m.add(fmt.Sprint("2001:db8::", i), now)
	}
	if n := len(m.clear); n > mostSources {
		t.Errorf("%d sources are remembered", n)
	}
}

func TestFilesNeedAnIndex(t *testing.T) {
	if _, err := readFiles(fstest.MapFS{"assets/x.js": {Data: []byte("x")}}); err == nil {
		t.Error("a build without an index is taken")
	}
}
