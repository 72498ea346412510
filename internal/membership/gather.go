package membership

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"magpie/internal/macie2"
)

// inviting is one call of CreateInvitations on its way, and what became of it.
type inviting struct {
	ctx  context.Context
	call *macie2.Call
	wording
	ids []macie2.AccountID

	refused []refusal
	err     error
	alone   bool // it was not done together with others, and is to be done by itself

	turn chan []*inviting // told once: the calls to do, this one first; nil when it was done
}

const (
	// mostGathered and mostGatheredIDs bound the calls that share a transaction, so that none waits
	// long for the others.
	mostGathered    = 64
	mostGatheredIDs = 200
	// gatherTime bounds a transaction that several calls share: none of their contexts can.
	gatherTime = 30 * time.Second
)

// gathering has calls for one inventory that come at once done together: one call is being done,
// those that come meanwhile wait, and are done in one transaction after it. They would wait for
// each other's transactions anyway; together they read and write in a few statements. A call that
// comes alone waits for nobody.
type gathering struct {
	mu    sync.Mutex
	lines map[inventoryKey][]*inviting // who waits; an inventory for which nothing is done has no line
}

// inventoryKey says whose inventory it is.
type inventoryKey struct {
	region        string
	administrator macie2.AccountID
}

// errNotDone is what calls get that were to be done together with one that panicked.
var errNotDone = errors.New("membership: a call that was done together with this one did not return")

// do has x done by run, together with others, and returns when it was. A call whose context ends
// while it waits is not done.
func (g *gathering) do(x *inviting, run func([]*inviting)) {
	key := inventoryKey{x.call.Region, x.call.Account}
	g.mu.Lock()
	waiting, busy := g.lines[key]
	if !busy {
		if g.lines == nil {
			g.lines = make(map[inventoryKey][]*inviting)
		}
		g.lines[key] = nil
		g.mu.Unlock()
		g.lead(key, []*inviting{x}, run)
		return
	}
	x.turn = make(chan []*inviting, 1)
	g.lines[key] = append(waiting, x)
	g.mu.Unlock()
	var batch []*inviting
	select {
	case batch = <-x.turn:
	case <-x.ctx.Done():
		if g.leave(key, x) {
			x.err = fmt.Errorf("wait for other invitations: %w", context.Cause(x.ctx))
			return
		}
		batch = <-x.turn
	}
	if batch != nil {
		g.lead(key, batch, run)
	}
}

// leave takes x out of the line, if it still waits there.
func (g *gathering) leave(key inventoryKey, x *inviting) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, other := range g.lines[key] {
		if other == x {
			g.lines[key] = append(g.lines[key][:i:i], g.lines[key][i+1:]...)
			return true
		}
	}
	return false
}

// lead runs a batch on the goroutine of its first call, tells the others, and hands over to the
// first of those that came meanwhile.
func (g *gathering) lead(key inventoryKey, batch []*inviting, run func([]*inviting)) {
	done := false
	defer func() {
		for _, x := range batch[1:] {
			if !done { // a panic, which goes on up the stack of the first call
				x.err = errNotDone
			}
			x.turn <- nil
		}
		if next := g.next(key); next != nil {
			next[0].turn <- next
		}
	}()
	run(batch)
	done = true
}

// next takes the calls out of the line that are done next, or removes the line. Of two calls that
// name the same account, the second is left: it must see what the first has done.
func (g *gathering) next(key inventoryKey) (batch []*inviting) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var left []*inviting
	named := make(map[macie2.AccountID]bool)
	for _, x := range g.lines[key] {
		if len(batch) > 0 && (len(batch) == mostGathered || len(named)+len(x.ids) > mostGatheredIDs || anyOf(named, x.ids)) {
			left = append(left, x)
			continue
		}
		batch = append(batch, x)
		for _, id := range x.ids {
			named[id] = true
		}
	}
	if batch == nil {
		delete(g.lines, key)
	} else {
		g.lines[key] = left
	}
	return batch
}

func anyOf(set map[macie2.AccountID]bool, ids []macie2.AccountID) bool {
	for _, id := range ids {
		if set[id] {
			return true
		}
	}
	return false
}

// inviteTogether does the calls of a batch, which are for one inventory and have no account in
// common. Where one transaction for all of them fails for a reason that may lie with one, each is
// to be done by itself.
func (s *Invitations) inviteTogether(batch []*inviting) {
	var calls []*inviting
	for _, x := range batch {
		if x.ctx.Err() != nil {
			x.err = fmt.Errorf("wait for other invitations: %w", context.Cause(x.ctx))
			continue
		}
		calls = append(calls, x)
	}
	switch len(calls) {
	case 0:
		return
	case 1:
		x := calls[0]
		x.refused, x.err = s.inviteEach(x.ctx, x.call, x.wording, x.ids)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(calls[0].ctx), gatherTime)
	defer cancel()
	err := s.inviteMembers(ctx, calls...)
	if err == nil {
		return
	}
	var contract *macie2.Error
	alone := errors.As(err, &contract) || faultOfOne(err)
	for _, x := range calls {
		x.refused, x.err, x.alone = nil, err, alone
	}
}
