package apitest

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"magpie/internal/store/storetest"
)

// rounds is how often something is killed.
func rounds(t *testing.T) int {
	t.Helper()
	text := os.Getenv("MAGPIE_CRASH_ROUNDS")
	if text == "" {
		return 5
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("MAGPIE_CRASH_ROUNDS is %q, which is not how often", text)
	}
	return n
}

// A server is killed in the middle of load, again and again. Afterwards every acknowledged member and invitation is there, every
// invitation's mail has come, nothing is half done.
func TestKilledUnderLoad(t *testing.T) {
	t.Parallel() // mostly it waits for a dead server's leases to end
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, engine)
			r := startRelay(t)
			h.config.SMTPURL = r.url
			c := h.gather()
			p := h.serve()
			c.through(p)
			c.begin()
			deaths := rounds(t)
			for round := range deaths {
				if round%2 == 1 {
					r.shut() // the relay has mails in its hands, and its yes is not heard
				}
				c.more(20 + rand.N(100))
				p.kill()
				r.open()
				p = h.serve()
				c.through(p)
			}
			c.more(20)
			c.audit(r, deaths)
			p.stop()
		})
	}
}

// A server is killed at any moment of its first start. The next one starts, with everything it needs.
func TestKilledWhileStarting(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		for range rounds(t) {
			h.config.Data = t.TempDir()
			if h.engine == "postgres" {
				h.empty()
			}
			killed := h.launchFor(time.Duration(rand.N(60_000)) * time.Microsecond)
			killed.kill()
			t.Logf("killed when it had said %q", killed.said())
			p := h.serve()
			service := h.identity(h.open())
			settle(t, service, adminID)
			must(t)(nil, call(t, "http://"+p.address, newKey(t, service, adminID)))
			p.stop()
		}
	})
}
