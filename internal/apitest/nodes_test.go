package apitest

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/jackc/pgx/v5"

	"magpie/internal/sigv4"
)

// worker is the name under which a process holds tasks.
func (p *process) worker() string {
	host, _ := os.Hostname()
	return fmt.Sprint(host, " ", p.cmd.Process.Pid)
}

// Two nodes on one PostgreSQL: without a crash no mail comes twice. One is killed with mails in its hands: clients that try again lose
// nothing, and the other node takes its tasks up.
func TestTwoNodesOneKilled(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "postgres")
	r := startRelay(t)
	h.config.SMTPURL = r.url
	c := h.gather()
	db := h.open()
	a, b := h.serve(), h.serve()
	c.through(a, b)
	c.begin()
	c.more(200)
	c.audit(r, 0)

	r.shut()
	c.pause(false)
	const held = "select count(*) from task join task_worker on task_worker.id = task.owner where state = 'held' and name = $1"
	for _, p := range []*process{a, b} {
		eventually(t, "both nodes have mails in their hands", func() bool { return h.count(db, held, p.worker()) > 0 })
	}
	seen := h.count(db, "select max(seen_at) from task_worker where name = $1", b.worker())
	b.kill()
	left := h.count(db, held, b.worker())
	if left == 0 {
		t.Error("the dead node has left no tasks: the test shows nothing")
	}
	r.open()
	c.through(a, b) // clients do not know that it is dead
	c.more(100)
	eventually(t, "the dead node's tasks are taken up", func() bool { return h.count(db, held, b.worker()) == 0 })
	taken := time.UnixMilli(h.count(db, "select cast(extract(epoch from clock_timestamp()) * 1000 as bigint)")).Sub(time.UnixMilli(seen))
	t.Logf("%d tasks of the dead node were taken up %v after its last sign of life", left, taken.Round(time.Millisecond))
	c.audit(r, 1)
}

// Nodes that are restarted one after the other do not show: no request fails for a client that tries broken connections again, and no
// mail comes twice.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "postgres")
	r := startRelay(t)
	h.config.SMTPURL = r.url
	c := h.gather()
	nodes := []*process{h.serve(), h.serve()}
	c.through(nodes...)
	c.begin()
	for range 2 {
		for i, old := range nodes {
			c.more(20)
			old.stop()
			nodes[i] = h.serve()
			c.through(nodes...)
		}
	}
	c.more(20)
	c.audit(r, 0)
}

// empty takes everything out of the PostgreSQL database of the house, which was migrated when it was made.
func (h *house) empty() {
	h.t.Helper()
	ctx := h.t.Context()
	conn, err := pgx.Connect(ctx, h.config.DatabaseURL)
	if err != nil {
		h.t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "drop schema public cascade; create schema public"); err != nil {
		h.t.Fatal(err)
	}
}

// Four nodes that start at once on an empty database and an empty folder all serve, and know the same keys. One that has another master
// key does not start.
func TestFourNodesStartAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "postgres")
	h.empty()
	nodes := make([]*process, 4)
	var starts sync.WaitGroup
	for i := range nodes {
		starts.Go(func() { nodes[i] = h.launch() })
	}
	starts.Wait()
	service := h.identity(h.open())
	settle(t, service, adminID)
	key := newKey(t, service, adminID)
	for i, n := range nodes {
		if n.address == "" {
			t.Fatalf("node %d does not serve: %v\n%s", i, n.err, n.said())
		}
		must(t)(nil, call(t, "http://"+n.address, key))
	}

	h.config.Data = t.TempDir()
	stranger := h.launch()
	if stranger.address != "" {
		t.Fatal("a node without the store's master key serves")
	}
}

// Asked to end in the middle of a request, a node takes no others, finishes that one, and ends in order.
func TestTerminatedWhileARequestRuns(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		h.config.SMTPURL = startRelay(t).url
		service := h.identity(h.open())
		settle(t, service, adminID)
		key := newKey(t, service, adminID)
		p := h.serve()
		conn, reader, rest := halfRequest(t, p.address, key.AccessKeyID, key.SecretAccessKey)
		p.terminate()
		eventually(t, "the node takes no more connections", func() bool { return !p.listens() })
		if _, err := conn.Write(rest); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		if body := readAll(t, resp); resp.StatusCode != http.StatusOK || body != "{}" {
			t.Errorf("the request that ran was answered %d %s", resp.StatusCode, body)
		}
		<-p.ended
		if p.err != nil {
			t.Errorf("the node ends with %v\n%s", p.err, p.said())
		}

		// What was acknowledged is there.
		again := h.serve()
		must(t)(client("http://"+again.address, key, region).GetMacieSession(t.Context(), &macie2.GetMacieSessionInput{}))
	})
}

// A request and a mail that never end do not keep a node from ending; it says what it cut off. Who asks twice does not wait.
func TestTerminatedWhileNothingEnds(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "sqlite")
	r := startRelay(t)
	h.config.SMTPURL = r.url
	c := h.gather()
	key := newKey(t, h.identity(h.open()), adminID)
	r.shut()
	for _, asks := range []int{1, 2} {
		p := h.serve()
		if asks == 1 {
			c.through(p)
			c.begin()
			c.more(1)
			eventually(t, "the relay has a mail", func() bool { return r.waiting() > 0 })
			c.pause(true)
		}
		halfRequest(t, p.address, key.AccessKeyID, key.SecretAccessKey)
		began := time.Now()
		for range asks {
			p.terminate()
			eventually(t, "the node takes no more connections", func() bool { return !p.listens() })
		}
		<-p.ended
		t.Logf("asked %d times, the node took %v to end: %v", asks, time.Since(began).Round(time.Millisecond), p.err)
		if asks == 1 && !strings.Contains(p.said(), "drain requests: context deadline exceeded") {
			t.Errorf("the node cut a request off and does not say so:\n%s", p.said())
		}
	}
}

// listens tells whether the process takes connections.
func (p *process) listens() bool {
	conn, err := net.Dial("tcp", p.address)
	if err == nil {
		conn.Close()
	}
	return err == nil
}

// halfRequest sends EnableMacie as far as a node that has begun to read the body, and returns what is left of it.
func halfRequest(t *testing.T, address, id, secret string) (conn net.Conn, reader *bufio.Reader, rest []byte) {
	t.Helper()
	body := []byte(`{"status":"ENABLED"}`)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/macie", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Expect", "100-continue")
	if err := sigv4.Sign(req, sigv4.Credentials{AccessKeyID: id, SecretAccessKey: secret}, region, "macie2", body, time.Now()); err != nil {
		t.Fatal(err)
	}
	if conn, err = net.Dial("tcp", address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	var head strings.Builder
	fmt.Fprintf(&head, "POST /macie HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", address, len(body))
	if err := req.Header.Write(&head); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte(head.String() + "\r\n")); err != nil {
		t.Fatal(err)
	}
	reader = bufio.NewReader(conn)
	if line, err := reader.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 100") {
		t.Fatalf("the node answers %q, %v", line, err)
	}
	if _, err := reader.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return conn, reader, body
}
