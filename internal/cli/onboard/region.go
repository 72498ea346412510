package onboard

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"

	"magpie/internal/cli/operation"
	"magpie/internal/cli/pace"
)

// workers is how many pairs of a Region are worked on at once. The budgets bound the calls.
const workers = 16

// regionRun is the part of a run in one Region. Each pair belongs to one goroutine at a time; channels hand it on.
type regionRun struct {
	run     *Run
	region  string
	pairs   []*pair
	leftOut string
	off     bool // Macie is to be enabled for the administrator
	health  health

	inventory int // members, for what a sweep of the list costs

	mu      sync.Mutex
	broken  error // nothing more can be done here
	stop    context.CancelFunc
	full    string           // the quota of members is used up: the words for it
	waiting map[string]*pair // invited, to be polled
	polled  chan struct{}    // a pair has come into waiting
}

func (g *regionRun) call(ctx context.Context, operation string, fn func(context.Context, *macie2.Client) error) error {
	client := g.run.service.Macie(g.region)
	return g.run.call(ctx, &g.health, g.region, operation, func(ctx context.Context) error { return fn(ctx, client) })
}

func (g *regionRun) session(ctx context.Context) error {
	return g.call(ctx, "GetMacieSession", func(ctx context.Context, c *macie2.Client) error {
		_, err := c.GetMacieSession(ctx, &macie2.GetMacieSessionInput{})
		return err
	})
}

func isOff(err error) bool {
	return isCode(err, "AccessDeniedException") && messageHas(err, "Macie is not enabled")
}

// enable enables Macie for the administrator and waits until it shows, which takes a while on AWS.
func (g *regionRun) enable(ctx context.Context) error {
	err := g.call(ctx, "EnableMacie", func(ctx context.Context, c *macie2.Client) error {
		_, err := c.EnableMacie(ctx, &macie2.EnableMacieInput{})
		return err
	})
	if err != nil && !isCode(err, "ConflictException") {
		return err
	}
	deadline := time.Now().Add(time.Minute)
	for attempt := 0; ; attempt++ {
		err := g.session(ctx)
		if !isOff(err) || time.Now().After(deadline) {
			return err
		}
		if err := pace.Backoff(ctx, attempt); err != nil {
			return err
		}
	}
}

// prepare looks at the Region and decides.
func (g *regionRun) prepare(ctx context.Context) error {
	members, err := g.look(ctx)
	if err == nil && g.leftOut == "" {
		g.inventory = len(members)
		g.plan(members)
	}
	return err
}

// look reads the Region's inventory.
func (g *regionRun) look(ctx context.Context) (map[string]*types.Member, error) {
	err := g.session(ctx)
	off := isOff(err)
	closed := isCode(err, "UnrecognizedClientException") || isCode(err, "InvalidClientTokenId")
	switch {
	case off && g.run.Spec.Options.Enable:
		g.off = true // and there is no inventory yet
		return nil, nil
	case off && g.run.Spec.Options.SkipOff:
		g.leftOut = "Macie is not enabled for your account here"
		return nil, nil
	case closed && g.run.Spec.Options.SkipOff:
		g.leftOut = "the Region is not enabled for your account"
		return nil, nil
	case off:
		return nil, fmt.Errorf("%s: Macie is not enabled for your account: magpie enable-macie --region %s, or give --enable-macie", g.region, g.region)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %s", g.region, reasonOf(err))
	}
	members, err := g.listMembers(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: list members: %s", g.region, reasonOf(err))
	}
	return members, nil
}

// plan decides for each account of the list, and for those that are to be removed.
func (g *regionRun) plan(members map[string]*types.Member) {
	o := g.run.Spec.Options
	g.pairs = make([]*pair, 0, len(g.run.Spec.Entries))
	listed := make(map[string]bool, len(g.run.Spec.Entries))
	for _, e := range g.run.Spec.Entries {
		p := &pair{account: e.Account, email: e.Email}
		decide(p, members[e.Account], o)
		if e.Account == g.run.Spec.Administrator {
			p.action, p.reason = Attend, "this is your own account; take it out of the list"
		}
		if before := g.run.past.pairs[g.region][e.Account]; before != nil {
			goOn(p, members[e.Account], before)
		}
		g.pairs = append(g.pairs, p)
		listed[e.Account] = true
	}
	if !o.Remove {
		return
	}
	for id, m := range members {
		if listed[id] {
			continue
		}
		p := &pair{account: id, email: aws.ToString(m.Email), action: Remove, reason: "is not in the list"}
		p.member(m)
		p.before = p.now
		g.pairs = append(g.pairs, p)
	}
	// What was removed before the interruption is in no inventory any more.
	for id, before := range g.run.past.pairs[g.region] {
		if members[id] == nil && !listed[id] && before.end != nil {
			p := &pair{account: id, action: Remove, before: types.RelationshipStatus(before.end.Before)}
			goOn(p, nil, before)
			g.pairs = append(g.pairs, p)
		}
	}
}

// goOn changes what was decided for a pair by what an earlier part of the run has done for it.
func goOn(p *pair, m *types.Member, before *past) {
	if !before.prior.IsZero() {
		p.priorInvited = before.prior
	}
	switch {
	case before.end != nil:
		p.outcome, p.reason, p.before = before.end.Outcome, before.end.Reason, types.RelationshipStatus(before.end.Before)
	case !before.intended:
	case m == nil:
		p.action, p.outcome, p.reason = Await, Declined, declinedReason
	case before.invited || wasInvited(m, p.priorInvited):
		p.action, p.reason = Await, "was invited before the interruption"
	default:
		p.action, p.reason = Invite, ""
	}
}

// settlePlanned ends the pairs for which nothing is to be done.
func (g *regionRun) settlePlanned() {
	for _, p := range g.pairs {
		switch {
		case p.outcome != Open:
			g.count(p)
		case p.action == Leave:
			g.end(p, Unchanged, p.reason)
		case p.action == Attend:
			g.end(p, Failed, p.reason)
		}
	}
}

// end ends a pair.
func (g *regionRun) end(p *pair, o Outcome, reason string) {
	p.outcome, p.reason = o, reason
	g.run.journalEnd(g, p)
	g.count(p)
}

func (g *regionRun) count(p *pair) {
	g.run.ended.Add(1)
	g.run.step(p, stepsOfPair)
	if !p.outcome.Well() && p.outcome != Pending {
		g.run.failures.Add(1)
	}
}

// fail ends a pair by an error; unless the error is that the run was interrupted, or that the Region does not answer, which is no news of the
// pair and leaves it open.
func (g *regionRun) fail(ctx context.Context, p *pair, doing string, err error) {
	switch {
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
	case judge(err).outcome == pace.Troubled:
		g.breakOff(err)
	case isCode(err, "AccessDeniedException"):
		g.breakOff(fmt.Errorf("%s: %s", doing, reasonOf(err)))
		g.end(p, Failed, doing+": "+reasonOf(err))
	default:
		g.end(p, Failed, doing+": "+reasonOf(err))
	}
}

// breakOff ends the work in the Region.
func (g *regionRun) breakOff(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.broken == nil {
		g.broken = err
	}
	g.stop() // those who wait for their turn need not
}

func (g *regionRun) isBroken() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.broken != nil
}

// execute does the Region's part.
func (g *regionRun) execute(ctx context.Context, cancel context.CancelCauseFunc) {
	ctx, g.stop = context.WithCancel(ctx)
	defer g.stop()
	g.waiting, g.polled = map[string]*pair{}, make(chan struct{}, 1)
	if g.off {
		if err := g.enable(ctx); err != nil {
			g.breakOff(fmt.Errorf("enable Macie for your account: %s", reasonOf(err)))
			return
		}
	}
	by := map[Action][]*pair{}
	for _, p := range g.pairs {
		if p.outcome == Open {
			by[p.action] = append(by[p.action], p)
		}
	}
	g.each(ctx, by[Remove], g.remove) // first, since it makes room in the quota

	toInvite := make(chan *pair, invitationsAtOnce)
	toAccept := make(chan *pair, len(g.pairs))
	var inviting, polling, accepting sync.WaitGroup
	inviting.Go(func() { g.inviteAll(ctx, cancel, toInvite) })
	for range workers {
		accepting.Go(func() {
			for p := range toAccept {
				if ctx.Err() == nil && !g.isBroken() {
					g.accept(ctx, p)
				}
			}
		})
	}
	for _, p := range by[Accept] {
		toAccept <- p
	}
	invited := make(chan struct{})
	polling.Go(func() { g.poll(ctx, invited, toAccept) })
	for _, p := range by[Await] {
		g.await(p)
	}
	for _, p := range by[Invite] {
		send(ctx, toInvite, p)
	}
	g.each(ctx, append(by[Repair], by[Add]...), func(ctx context.Context, p *pair) {
		if g.add(ctx, p) {
			send(ctx, toInvite, p)
		}
	})
	close(toInvite)
	inviting.Wait()
	close(invited)
	polling.Wait()
	close(toAccept)
	accepting.Wait()
}

func send(ctx context.Context, to chan<- *pair, p *pair) {
	select {
	case to <- p:
	case <-ctx.Done():
	}
}

// each calls fn for all pairs, a few at a time, until the run or the Region ends.
func (g *regionRun) each(ctx context.Context, pairs []*pair, fn func(context.Context, *pair)) {
	next := make(chan *pair)
	var group sync.WaitGroup
	for range min(workers, len(pairs)) {
		group.Go(func() {
			for p := range next {
				fn(ctx, p)
			}
		})
	}
	for _, p := range pairs {
		if ctx.Err() != nil || g.isBroken() {
			break
		}
		send(ctx, next, p)
	}
	close(next)
	group.Wait()
}

// remove takes a member out of the inventory.
func (g *regionRun) remove(ctx context.Context, p *pair) {
	var err error
	switch p.now {
	case types.RelationshipStatusCreated, types.RelationshipStatusRemoved, types.RelationshipStatusResigned:
	default:
		err = g.call(ctx, "DisassociateMember", func(ctx context.Context, c *macie2.Client) error {
			_, err := c.DisassociateMember(ctx, &macie2.DisassociateMemberInput{Id: &p.account})
			return err
		})
	}
	if err == nil || isGone(err) {
		err = g.delete(ctx, p)
	}
	if err != nil {
		g.fail(ctx, p, "remove", err)
		return
	}
	p.now = ""
	g.end(p, Removed, "removed; it was not in the list")
}

func (g *regionRun) delete(ctx context.Context, p *pair) error {
	err := g.call(ctx, "DeleteMember", func(ctx context.Context, c *macie2.Client) error {
		_, err := c.DeleteMember(ctx, &macie2.DeleteMemberInput{Id: &p.account})
		return err
	})
	if isGone(err) {
		return nil // an attempt whose answer was lost
	}
	return err
}

// isGone reports whether err says that the account is not in the inventory.
func isGone(err error) bool {
	return isCode(err, "ResourceNotFoundException") || messageHas(err, "account is not associated with your account") ||
		messageHas(err, "member accounts are associated with your account")
}

// add brings an account into the inventory, and reports whether it is to be invited now.
func (g *regionRun) add(ctx context.Context, p *pair) bool {
	g.mu.Lock()
	full := g.full
	g.mu.Unlock()
	if full != "" && p.action == Add {
		g.end(p, Failed, full)
		return false
	}
	if p.action == Repair {
		if err := g.delete(ctx, p); err != nil {
			g.fail(ctx, p, "delete the former record", err)
			return false
		}
		p.now, p.priorInvited = "", time.Time{}
	}
	err := g.call(ctx, "CreateMember", func(ctx context.Context, c *macie2.Client) error {
		_, err := c.CreateMember(ctx, &macie2.CreateMemberInput{Account: &types.AccountDetail{AccountId: &p.account, Email: &p.email}})
		return err
	})
	switch {
	case err == nil, messageHas(err, "is already a member or associated member"): // the latter after an answer that was lost
		p.now = types.RelationshipStatusCreated
		g.run.step(p, 1)
		return true
	case isCode(err, "ServiceQuotaExceededException"), messageHas(err, "cannot exceed the maximum number of allowed members"):
		g.mu.Lock()
		g.full = "add: " + reasonOf(err)
		g.mu.Unlock()
		g.end(p, Failed, "add: "+reasonOf(err))
	default:
		g.fail(ctx, p, "add", err)
	}
	return false
}

func (g *regionRun) getMember(ctx context.Context, account string) (*types.Member, error) {
	var out *macie2.GetMemberOutput
	err := g.call(ctx, "GetMember", func(ctx context.Context, c *macie2.Client) (err error) {
		out, err = c.GetMember(ctx, &macie2.GetMemberInput{Id: &account})
		return err
	})
	if isGone(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &types.Member{AccountId: out.AccountId, Email: out.Email, InvitedAt: out.InvitedAt, RelationshipStatus: out.RelationshipStatus,
		UpdatedAt: out.UpdatedAt}, nil
}

// listMembers reads the whole inventory.
func (g *regionRun) listMembers(ctx context.Context) (map[string]*types.Member, error) {
	members := map[string]*types.Member{}
	in := &macie2.ListMembersInput{OnlyAssociated: aws.String("false"), MaxResults: aws.Int32(25)}
	var pages operation.Pages
	for {
		var out *macie2.ListMembersOutput
		err := g.call(ctx, "ListMembers", func(ctx context.Context, c *macie2.Client) (err error) {
			out, err = c.ListMembers(ctx, in)
			return err
		})
		if err != nil {
			return nil, err
		}
		for i := range out.Members {
			members[aws.ToString(out.Members[i].AccountId)] = &out.Members[i]
		}
		if more, err := pages.Next(aws.ToString(out.NextToken), len(out.Members)); !more {
			return members, err
		}
		in.NextToken = out.NextToken
	}
}
