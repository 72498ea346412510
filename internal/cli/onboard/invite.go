package onboard

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"

	"magpie/internal/cli/pace"
)

const (
	// gather is how long an invitation may wait for others to share its call.
	gather = 500 * time.Millisecond
	// mostRetries bounds how often an account is tried that the service says it could not process for reasons of its own.
	mostRetries = 5
)

// inviteAll gathers pairs and invites them, up to fifty at once, until the channel is closed.
func (g *regionRun) inviteAll(ctx context.Context, cancel context.CancelCauseFunc, from <-chan *pair) {
	for {
		first, open := <-from
		if !open {
			return
		}
		batch := []*pair{first}
		timer := time.NewTimer(gather)
		for open && len(batch) < invitationsAtOnce {
			var p *pair
			select {
			case p, open = <-from:
				if open {
					batch = append(batch, p)
				}
				continue
			case <-timer.C:
			}
			break
		}
		timer.Stop()
		if ctx.Err() == nil && !g.isBroken() {
			g.invite(ctx, cancel, batch)
		}
	}
}

// invite invites a batch, and does not return before it is known of each pair whether it was invited.
func (g *regionRun) invite(ctx context.Context, cancel context.CancelCauseFunc, batch []*pair) {
	o := g.run.Spec.Options
	for attempt := 0; len(batch) > 0; attempt++ {
		ids := make([]string, len(batch))
		for i, p := range batch {
			ids[i] = p.account
		}
		if err := g.journal(recordInviting, ids, true); err != nil {
			cancel(err)
			return
		}
		in := &macie2.CreateInvitationsInput{AccountIds: ids}
		if o.NoEmail {
			in.DisableEmailNotification = aws.Bool(true)
		}
		if o.Message != "" {
			in.Message = &o.Message
		}
		var out *macie2.CreateInvitationsOutput
		client := g.run.service.Macie(g.region)
		err := g.run.callOnce(ctx, &g.health, g.region, "CreateInvitations", true, func(ctx context.Context) (err error) {
			out, err = client.CreateInvitations(ctx, in)
			return err
		})
		switch {
		case errors.Is(err, errUnknown):
			batch = g.uninvited(ctx, batch)
		case isCode(err, "AccessDeniedException"), err != nil && judge(err).outcome == pace.Troubled, err != nil && ctx.Err() != nil:
			for _, p := range batch {
				g.fail(ctx, p, "invite", err)
			}
			return
		case err != nil:
			for _, p := range batch {
				g.end(p, Failed, "invite: "+reasonOf(err))
			}
			return
		default:
			batch = g.processed(batch, out.UnprocessedAccounts)
		}
		if len(batch) > 0 && pace.Backoff(ctx, attempt) != nil {
			return
		}
	}
}

// processed takes an answer of CreateInvitations and returns the pairs to try again.
func (g *regionRun) processed(batch []*pair, unprocessed []types.UnprocessedAccount) (again []*pair) {
	refused := make(map[string]types.UnprocessedAccount, len(unprocessed))
	for _, u := range unprocessed {
		refused[aws.ToString(u.AccountId)] = u
	}
	var invited []string
	var done []*pair
	for _, p := range batch {
		u, no := refused[p.account]
		message := aws.ToString(u.ErrorMessage)
		switch {
		case !no || strings.Contains(message, "already invited"): // the latter after an answer that was lost
			invited = append(invited, p.account)
			done = append(done, p)
		case u.ErrorCode == types.ErrorCodeInternalError && p.retries < mostRetries:
			p.retries++
			again = append(again, p)
		default:
			g.end(p, Failed, "invite: "+adviseOn(string(u.ErrorCode), message))
		}
	}
	if len(invited) > 0 {
		_ = g.journal(recordInvited, invited, false) // a failure is told by the next Sync
	}
	for _, p := range done {
		g.await(p)
	}
	return again
}

// uninvited reads, after an answer that was lost, which pairs were not invited; the others are waited for.
func (g *regionRun) uninvited(ctx context.Context, batch []*pair) (again []*pair) {
	if pace.Backoff(ctx, 2) != nil { // the call may still be under way
		return nil
	}
	for _, p := range batch {
		m, err := g.getMember(ctx, p.account)
		switch {
		case err != nil:
			g.fail(ctx, p, "see whether it was invited", err)
		case m == nil:
			p.now = ""
			g.end(p, Declined, declinedReason)
		case wasInvited(m, p.priorInvited):
			p.member(m)
			g.await(p)
		default:
			again = append(again, p)
		}
	}
	return again
}

func (g *regionRun) journal(kind string, accounts []string, sync bool) error {
	j := g.run.journal
	if j == nil {
		return nil
	}
	j.Append(record{Kind: kind, Region: g.region, Accounts: accounts})
	if sync {
		return j.Sync()
	}
	return nil
}

// await hands a pair to poll.
func (g *regionRun) await(p *pair) {
	g.run.step(p, 2)
	g.mu.Lock()
	p.deadline = time.Now().Add(g.run.Spec.Options.Wait)
	g.waiting[p.account] = p
	g.mu.Unlock()
	select {
	case g.polled <- struct{}{}:
	default:
	}
}

// The pace of polling: quick while something happens, and not so quick that it is all looking and no waiting.
const (
	firstPoll = 100 * time.Millisecond
	mostPoll  = 5 * time.Second
)

// poll waits for what becomes of invitations, until all were sent and none is waited for.
func (g *regionRun) poll(ctx context.Context, invited <-chan struct{}, toAccept chan<- *pair) {
	delay := firstPoll
	if g.run.Spec.Options.AcceptRole == "" {
		// Nothing follows from looking early, and it would take calls from those who invite.
		select {
		case <-invited:
		case <-ctx.Done():
			return
		}
	}
	for {
		waiting := g.waitedFor()
		if len(waiting) == 0 {
			select {
			case <-g.polled:
				delay = firstPoll
			case <-invited:
				if len(g.waitedFor()) == 0 {
					return
				}
			case <-ctx.Done():
				return
			}
			continue
		}
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return
		}
		begun := time.Now()
		moved, err := g.check(ctx, waiting, toAccept)
		if err != nil {
			for _, p := range g.waitedFor() {
				g.stopWaiting(p)
				g.fail(ctx, p, "wait for the verification", err)
			}
			if ctx.Err() != nil || g.isBroken() {
				return
			}
		}
		if moved {
			delay = firstPoll
		} else {
			delay = min(2*delay, mostPoll)
		}
		delay = max(delay, min(3*time.Since(begun), mostPoll))
	}
}

func (g *regionRun) waitedFor() []*pair {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := make([]*pair, 0, len(g.waiting))
	for _, p := range g.waiting {
		all = append(all, p)
	}
	return all
}

// check reads how the pairs stand, by whichever takes fewer calls: one for each, or the pages of the inventory.
func (g *regionRun) check(ctx context.Context, waiting []*pair, toAccept chan<- *pair) (moved bool, err error) {
	var members map[string]*types.Member
	if pages := max(g.inventory, len(g.pairs)) / 25; len(waiting) > pages+1 {
		if members, err = g.listMembers(ctx); err != nil {
			return false, err
		}
	}
	for _, p := range waiting {
		m := members[p.account]
		if members == nil {
			if m, err = g.getMember(ctx, p.account); err != nil {
				return moved, err
			}
		}
		if g.arrived(p, m) {
			g.stopWaiting(p)
			if p.outcome == Open {
				toAccept <- p // from here on it is another's
			}
			moved = true
		}
	}
	return moved, nil
}

func (g *regionRun) stopWaiting(p *pair) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.waiting, p.account)
}

// arrived reports whether an invitation has come to something, and ends its pair unless it is to be accepted.
func (g *regionRun) arrived(p *pair, m *types.Member) bool {
	p.member(m)
	switch {
	case m == nil:
		g.end(p, Declined, declinedReason)
		return true
	case !wasInvited(m, p.priorInvited), p.now == types.RelationshipStatusEmailVerificationInProgress:
		// Not yet; or, for the former, not yet to be seen.
		if time.Now().Before(p.deadline) {
			return false
		}
		g.end(p, Pending, pendingReason)
		return true
	}
	switch p.now {
	case types.RelationshipStatusInvited:
		if g.run.Spec.Options.AcceptRole != "" {
			return true
		}
		g.end(p, Invited, "invited; it is for the account to accept")
	case types.RelationshipStatusEnabled, types.RelationshipStatusPaused:
		g.end(p, Joined, "is a member")
	case types.RelationshipStatusEmailVerificationFailed:
		g.end(p, Failed, wrongAddress(p.email))
	default:
		g.end(p, Failed, statusReason(p.now))
	}
	return true
}
