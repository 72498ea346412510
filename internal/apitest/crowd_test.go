package apitest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"

	"magpie/internal/store"
)

// A crowd is clients of one administrator that add and invite accounts, as fast as they can, through whatever nodes there are. They try
// again what AWS's SDKs try again, for as long as it takes, and remember what they were told was done.
type crowd struct {
	t     *testing.T
	h     *house
	admin *macie2.Client
	ids   []string

	mu        sync.Mutex
	changed   sync.Cond
	addresses []string // of the nodes that clients know
	turn      int
	next      int  // into ids
	paused    bool // no client begins anything
	running   int  // clients that are in the middle of something
	added     map[string]bool
	invited   map[string]bool
	ended     int // clients
	clients   sync.WaitGroup

	forgiving bool          // nodes may answer that they are at fault, such as when their database is away
	faults    int           // how often they did, when forgiving
	heard     time.Time     // when something was last acknowledged
	silence   time.Duration // the longest time in which nothing was, as clients see it that try again
}

const (
	crowdSize = 8
	crowdIDs  = 20_000
)

// gather sets accounts and an administrator up behind the nodes' backs.
func (h *house) gather() *crowd {
	t := h.t
	t.Helper()
	h.config.QuotaMembers = crowdIDs
	c := &crowd{t: t, h: h, ids: numbered(crowdIDs), added: map[string]bool{}, invited: map[string]bool{}}
	c.changed.L = &c.mu
	db := h.open()
	service := h.identity(db)
	settle(t, service, adminID)
	rows := make([][]any, len(c.ids))
	for i, id := range c.ids {
		rows[i] = []any{id, address(id), "", "Active", int64(1), int64(1)}
	}
	err := db.Tx(t.Context(), "test", func(tx *store.Tx) error {
		_, err := tx.InsertMany(t.Context(), "insert into account (id, email, name, status, created_at, updated_at)", rows, "")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	c.admin = client("http://magpie.test", newKey(t, service, adminID), region, c.persistent)
	return c
}

// persistent makes a client that goes to a node that is there and tries again when it was not.
func (c *crowd) persistent(o *macie2.Options) {
	transport := &http.Transport{DialContext: c.dial, MaxIdleConnsPerHost: 2 * crowdSize}
	c.t.Cleanup(transport.CloseIdleConnections)
	o.HTTPClient = &http.Client{Transport: noFaults{c, transport}, Timeout: time.Minute}
	o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.MaxBackoff, o.RateLimiter = 1000, 50*time.Millisecond, ratelimit.None
	})
}

// noFaults fails the test when a node answers that it is at fault: a node that is killed does not answer, and one that answers is well.
type noFaults struct {
	c    *crowd
	next http.RoundTripper
}

func (n noFaults) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := n.next.RoundTrip(r)
	if err == nil && resp.StatusCode >= 500 {
		n.c.mu.Lock()
		defer n.c.mu.Unlock()
		if n.c.faults++; !n.c.forgiving {
			n.c.t.Errorf("%s %s answers %s", r.Method, r.URL.Path, resp.Status)
		}
	}
	return resp, err
}

// listen forgets the silences so far.
func (c *crowd) listen() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard, c.silence = time.Now(), 0
}

// dial connects to the nodes in turn, to the next one if one is not there.
func (c *crowd) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	c.mu.Lock()
	addresses := c.addresses
	c.turn++
	turn := c.turn
	c.mu.Unlock()
	err := errors.New("there is no node")
	for i := range addresses {
		var conn net.Conn
		if conn, err = new(net.Dialer).DialContext(ctx, "tcp", addresses[(turn+i)%len(addresses)]); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// through says which nodes there are.
func (c *crowd) through(nodes ...*process) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.addresses = nil
	for _, n := range nodes {
		c.addresses = append(c.addresses, n.address)
	}
}

// begin enables Macie and sets the clients to work.
func (c *crowd) begin() {
	c.t.Helper()
	must(c.t)(c.admin.EnableMacie(c.t.Context(), &macie2.EnableMacieInput{}))
	ctx, cancel := context.WithCancel(c.t.Context())
	for range crowdSize {
		c.clients.Go(func() {
			err := c.work(ctx)
			c.mu.Lock()
			defer c.mu.Unlock()
			c.ended++
			c.changed.Broadcast()
			if err != nil && ctx.Err() == nil {
				c.t.Errorf("a client that tries again gives up: %v", err)
			}
		})
	}
	c.t.Cleanup(func() {
		cancel()
		c.pause(false)
		c.clients.Wait()
	})
}

// work adds accounts, a few at a time, and invites them.
func (c *crowd) work(ctx context.Context) error {
	for size := 1; ; size = size%4 + 1 {
		batch := c.take(ctx, size)
		if batch == nil {
			return nil
		}
		for _, id := range batch {
			_, err := c.admin.CreateMember(ctx, &macie2.CreateMemberInput{Account: &types.AccountDetail{AccountId: &id, Email: aws.String(address(id))}})
			var invalid *types.ValidationException
			if errors.As(err, &invalid) && strings.Contains(invalid.ErrorMessage(), "is already a member") {
				err = nil // the answer to an earlier try was lost
			}
			if err != nil {
				return fmt.Errorf("add %s: %w", id, err)
			}
			c.done(c.added, id)
		}
		out, err := c.admin.CreateInvitations(ctx, &macie2.CreateInvitationsInput{AccountIds: batch})
		if err != nil {
			return fmt.Errorf("invite %v: %w", batch, err)
		}
		for _, u := range out.UnprocessedAccounts {
			if !strings.Contains(*u.ErrorMessage, "has already invited") {
				return fmt.Errorf("invite %s: %s", *u.AccountId, *u.ErrorMessage)
			}
		}
		c.done(c.invited, batch...)
		c.mu.Lock()
		c.running--
		c.changed.Broadcast()
		c.mu.Unlock()
	}
}

// take gives a client its next accounts, or nil when it is to end.
func (c *crowd) take(ctx context.Context, n int) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.paused && ctx.Err() == nil {
		c.changed.Wait()
	}
	if ctx.Err() != nil || c.next+n > len(c.ids) {
		return nil
	}
	c.next += n
	c.running++
	return c.ids[c.next-n : c.next]
}

func (c *crowd) done(what map[string]bool, ids ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		what[id] = true
	}
	now := time.Now()
	c.heard, c.silence = now, max(c.silence, now.Sub(c.heard))
	c.changed.Broadcast()
}

// more waits until n more accounts were invited.
func (c *crowd) more(n int) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for until := len(c.invited) + n; len(c.invited) < until; c.changed.Wait() {
		if c.ended > 0 {
			c.t.Fatal("a client has ended")
		}
	}
}

// pause lets clients finish what they are at and waits until they have; or lets them go on.
func (c *crowd) pause(paused bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paused = paused
	c.changed.Broadcast()
	for paused && c.running > 0 && c.ended == 0 {
		c.changed.Wait()
	}
}

// drained waits until the queue is empty: every address is verified, every mail is sent.
func (h *house) drained(db *store.DB) {
	h.t.Helper()
	eventually(h.t, "the queue is empty", func() bool { return h.count(db, "select count(*) from task") == 0 })
}

// count asks the tables for a number.
func (h *house) count(db *store.DB, sql string, args ...any) (n int64) {
	h.t.Helper()
	err := db.View(h.t.Context(), func(tx *store.Tx) error { return tx.QueryRow(h.t.Context(), sql, args...).Scan(&n) })
	if err != nil {
		h.t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// audit pauses the crowd, waits for the queue, and holds what the clients were told against the tables and the relay. Mail may have
// come twice as often as the process died, times what was in doubt at each death.
func (c *crowd) audit(r *relay, deaths int) {
	t := c.t
	t.Helper()
	c.pause(true)
	db := c.h.open()
	c.h.drained(db)
	taken, twice := r.mails()
	c.mu.Lock()
	defer c.mu.Unlock()
	t.Logf("%d added, %d invited, %d mails taken, %d of them again, %d deaths", len(c.added), len(c.invited), len(taken), twice, deaths)
	if twice > 64*deaths {
		t.Errorf("%d mails were sent again in %d deaths", twice, deaths)
	}

	records := c.h.records(db)
	for id := range c.added {
		if records[id].status == "" {
			t.Errorf("CreateMember of %s was acknowledged, and it is not there", id)
		}
	}
	for id := range c.invited {
		if records[id].status != "Invited" {
			t.Errorf("CreateInvitations of %s was acknowledged, and it is %q", id, records[id].status)
		}
	}
	for id, r := range records {
		want := record{status: "Created", events: "MemberAdded"}
		if r.status == "Invited" {
			want = record{"Invited", r.invitation, "Invited", "InvitationRequested Invited MailAccepted MailQueued MemberAdded", "Invited"}
			if r.invitation == "" || taken[r.invitation] == 0 {
				t.Errorf("%s is invited by %q, and no mail of that has come", id, r.invitation)
			}
			delete(taken, r.invitation)
		}
		if r != want {
			t.Errorf("%s is half done: %+v, want %+v", id, r, want)
		}
	}
	if len(taken) != 0 {
		t.Errorf("mail came of invitations that do not stand: %v", taken)
	}
	if counted := c.h.count(db, "select counted from macie_session where account_id = $1", adminID); counted != int64(len(records)) {
		t.Errorf("%d members count against the quota, and %d are there", counted, len(records))
	}
}

// record is what the tables say about one account.
type record struct {
	status     string // in the administrator's inventory
	invitation string
	received   string // status of the invitation
	events     string // in the administrator's history
	told       string // in the account's own history
}

func (h *house) records(db *store.DB) map[string]record {
	h.t.Helper()
	records := map[string]record{}
	ctx := h.t.Context()
	err := db.View(ctx, func(tx *store.Tx) error {
		clear(records)
		for _, part := range []struct {
			sql string
			set func(*record, string, string)
		}{
			{"select account_id, status, '' from member", func(r *record, a, _ string) { r.status = a }},
			{"select account_id, status, invitation_id from invitation", func(r *record, a, b string) { r.received, r.invitation = a, b }},
			{"select member_id, event, '' from history where account_id = administrator_id order by event",
				func(r *record, a, _ string) { r.events = strings.TrimSpace(r.events + " " + a) }},
			{"select member_id, event, '' from history where account_id = member_id order by event",
				func(r *record, a, _ string) { r.told = strings.TrimSpace(r.told + " " + a) }},
		} {
			err := tx.Query(ctx, func(row store.Row) error {
				var id, a, b string
				err := row.Scan(&id, &a, &b)
				r := records[id]
				part.set(&r, a, b)
				records[id] = r
				return err
			}, part.sql)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return records
}
