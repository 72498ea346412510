package apitest

import (
	"testing"
	"time"

	"magpie/internal/store/storetest"
)

// The primary dies under load and its synchronous standby is promoted: clients that try again lose nothing that was acknowledged, through
// nodes that find the new primary by themselves.
func TestStandbyPromotedUnderLoad(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "postgres")
	primary, err := storetest.StartCluster(storetest.ClusterOptions{Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(primary.Stop)
	standby, err := primary.Standby()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(standby.Stop)
	h.config.DatabaseURL = storetest.URLs("postgres", primary, standby) + "&target_session_attrs=read-write"
	r := startRelay(t)
	h.config.SMTPURL = r.url
	c := h.gather()
	c.forgiving = true
	if err := primary.Configure("synchronous_standby_names", "*"); err != nil {
		t.Fatal(err)
	}
	nodes := []*process{h.serve(), h.serve()}
	c.through(nodes...)
	c.begin()
	c.more(100)
	c.listen()
	primary.Kill()
	<-primary.Done()
	if err := standby.Promote(); err != nil {
		t.Fatal(err)
	}
	c.more(200)
	t.Logf("clients heard nothing for %v, and %d answers were 5xx", c.silence.Round(time.Millisecond), c.faults)
	// A node whose commit had no answer does not know what was recorded, as if it had died.
	c.audit(r, len(nodes))
	for _, n := range nodes {
		n.stop()
	}
}
