package membership

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"magpie/internal/macie2"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

func (g *gathering) waiting(key inventoryKey) (n int, busy bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	line, busy := g.lines[key]
	return len(line), busy
}

// TestGathering: calls that come while one is being done are done after it together, but for those
// that name an account which another of them names too, and those whose callers have gone.
func TestGathering(t *testing.T) {
	var g gathering
	key := inventoryKey{virginia, alice}
	invite := func(ctx context.Context, ids ...macie2.AccountID) *inviting {
		return &inviting{ctx: ctx, call: &macie2.Call{Region: virginia, Account: alice}, ids: ids}
	}
	gone, leave := context.WithCancel(t.Context())
	first, toBob, toCarol, bobAgain, left := invite(t.Context(), erin), invite(t.Context(), bob, dave), invite(t.Context(), carol),
		invite(t.Context(), bob), invite(gone, stranger)
	all := []*inviting{first, toBob, toCarol, bobAgain, left}
	var batches [][]*inviting
	begun, release := make(chan struct{}), make(chan struct{})
	run := func(batch []*inviting) {
		batches = append(batches, slices.Clone(batch)) // one at a time
		if len(batches) == 1 {
			close(begun)
			<-release
		}
	}
	ended := make(chan *inviting, len(all))
	for i, x := range all {
		go func() { g.do(x, run); ended <- x }()
		if i == 0 {
			<-begun
		}
		for n := -1; n != i; n, _ = g.waiting(key) {
			runtime.Gosched()
		}
	}
	leave()
	if x := <-ended; x != left || !errors.Is(x.err, context.Canceled) {
		t.Errorf("the first to return is %v with %v, want the one whose caller has gone", x.ids, x.err)
	}
	close(release)
	for range len(all) - 1 {
		if x := <-ended; x.err != nil {
			t.Errorf("%v: %v", x.ids, x.err)
		}
	}
	want := [][]*inviting{{first}, {toBob, toCarol}, {bobAgain}}
	if !slices.EqualFunc(batches, want, slices.Equal) {
		t.Errorf("%d batches, want the first, two together, and the one that names an account again", len(batches))
	}
	if _, busy := g.waiting(key); busy {
		t.Error("the line is still there")
	}
}

// A call that panics takes no other with it for ever.
func TestGatheringPanic(t *testing.T) {
	var g gathering
	key := inventoryKey{virginia, alice}
	batch := []*inviting{}
	for _, id := range []macie2.AccountID{bob, carol} {
		batch = append(batch, &inviting{ctx: t.Context(), call: &macie2.Call{Region: virginia, Account: alice}, ids: []macie2.AccountID{id},
			turn: make(chan []*inviting, 1)})
	}
	g.lines = map[inventoryKey][]*inviting{key: nil}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		g.lead(key, batch, func([]*inviting) { panic("a bug") })
	}()
	if next := <-batch[1].turn; next != nil || !errors.Is(batch[1].err, errNotDone) {
		t.Errorf("the other call is told %v with %v", next, batch[1].err)
	}
	if _, busy := g.waiting(key); busy {
		t.Error("the line is still there")
	}
}

// Batches are bounded by calls and by accounts, but a call alone is not.
func TestGatheringIsBounded(t *testing.T) {
	key := inventoryKey{virginia, alice}
	g := gathering{lines: map[inventoryKey][]*inviting{}}
	id := 0
	call := func(n int) *inviting {
		x := &inviting{}
		for range n {
			x.ids = append(x.ids, macie2.AccountID(fmt.Sprintf("%012d", id)))
			id++
		}
		return x
	}
	for range mostGathered + 1 {
		g.lines[key] = append(g.lines[key], call(1))
	}
	g.lines[key] = append(g.lines[key], call(maxAccountIDs), call(1), call(mostGatheredIDs), call(1))
	for i, want := range []int{mostGathered, 3, 1, 1} { // the one that is left with two small ones, then each large one
		if n := len(g.next(key)); n != want {
			t.Errorf("batch %d has %d calls, want %d", i+1, n, want)
		}
	}
	if g.next(key) != nil {
		t.Error("something is left")
	}
}

// noted is a Change that remembers the transaction of its last attempt.
type noted struct{ in macie2.Transaction }

func (n *noted) Record(tx macie2.Transaction) { n.in = tx }

// together does calls of one administrator in one batch.
func (d *deployment) together(administrator macie2.AccountID, lists ...[]macie2.AccountID) (calls []*inviting, changes []*noted) {
	for _, ids := range lists {
		change := &noted{}
		call := d.call(administrator)
		call.Change = change
		calls, changes = append(calls, &inviting{ctx: d.t.Context(), call: call, ids: ids}), append(changes, change)
	}
	d.inviteTogether(calls)
	return calls, changes
}

func (x *inviting) answer() string {
	if x.err != nil {
		return answer(x.err)
	}
	return unprocessedText(unprocessed(x.refused), nil)
}

// TestInvitedTogether: calls that share a transaction have each its own answer, which is the one
// that it would have had after those before it, and its own record.
func TestInvitedTogether(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		d := deploy(t, open(), 3)
		d.must(d.enable(alice, bob, dave))
		d.members(alice, bob, dave)
		d.must(d.disassociate(alice, bob), d.disassociate(alice, dave), d.add(alice, carol, erin))
		// There is room for one of two that come back.
		calls, changes := d.together(alice, []macie2.AccountID{carol, stranger}, []macie2.AccountID{bob}, []macie2.AccountID{dave}, []macie2.AccountID{erin})
		answers(t, "one refused", calls[0].answer(), "ok\n\t\t"+string(stranger)+": ClientError: "+specNotAMember+oursHintCreateMember)
		answers(t, "the last place", calls[1].answer(), "ok")
		answers(t, "no place", calls[2].answer(), quota(textTooManyMembers))
		answers(t, "no place needed", calls[3].answer(), "ok")
		for id, want := range map[macie2.AccountID]string{carol: stVerifying, bob: stVerifying, dave: stRemoved, erin: stVerifying} {
			answers(t, "then "+string(id), d.status(alice, id), want)
		}
		if changes[0].in == nil || changes[1].in != changes[0].in || changes[3].in != changes[0].in {
			t.Error("the calls that were done have no records in one transaction")
		}
		if changes[2].in != nil {
			t.Error("the call that was refused has a record of a change")
		}
		d.work()
		for _, id := range []macie2.AccountID{carol, bob, erin} {
			answers(t, "in the end "+string(id), d.status(alice, id), stInvited)
		}
		s, err := readState(t.Context(), d.db)
		if err != nil {
			t.Fatal(err)
		}
		if broken := s.broken(3); len(broken) > 0 {
			t.Errorf("broken: %v", broken)
		}
	})
}

// Of calls that share a transaction, a fault of one leaves nothing of any; each is then done alone.
// What every one would be told is not asked for twice where nobody knows what was stored.
func TestFaultOfOneTogether(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.must(d.enable(alice), d.add(alice, bob, carol))
		d.fault(carol)
		calls, _ := d.together(alice, []macie2.AccountID{bob}, []macie2.AccountID{carol})
		for _, x := range calls {
			if !x.alone {
				t.Errorf("%v is not to be done alone: %v", x.ids, x.err)
			}
			answers(t, "nothing was done", d.status(alice, x.ids[0]), stCreated)
		}
		answers(t, "alone", d.invite(alice, bob), "ok")
		if got := d.invite(alice, carol); !strings.HasPrefix(got, "internal error: ") {
			t.Errorf("the one with the fault: %s, want an internal error", got)
		}
		d.beforeWrite = func(*store.Tx) error { return store.ErrUnknownOutcome }
		calls, _ = d.together(alice, []macie2.AccountID{bob}, []macie2.AccountID{carol})
		for _, x := range calls {
			if x.alone || !errors.Is(x.err, store.ErrUnknownOutcome) {
				t.Errorf("%v: alone %v, %v", x.ids, x.alone, x.err)
			}
		}
	})
}
