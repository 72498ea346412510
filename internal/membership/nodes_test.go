package membership

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// race is two requests at once.
type race struct {
	name    string
	prepare func(d *deployment)
	one     func(d *deployment) string
	two     func(d *deployment) string
	want    []string // "answer of one | answer of two | what alice sees of bob"
}

// TestTwoNodes sends two requests at once to two processes that share a database, again and again.
// Whichever is first, the second gets the answer that it would have got a moment later.
func TestTwoNodes(t *testing.T) {
	noPending, notEnabled := invalid(specNoPendingInvitation), "AccessDeniedException: "+specNotEnabled
	races := []race{
		{"both enable Macie", func(*deployment) {},
			func(d *deployment) string { return d.enable(alice) },
			func(d *deployment) string { return d.enable(alice) },
			[]string{"ok|" + conflict(specAlreadyEnabled) + "|", conflict(specAlreadyEnabled) + "|ok|"}},
		{"both add the account", func(d *deployment) { d.must(d.enable(alice)) },
			func(d *deployment) string { return d.add(alice, bob) },
			func(d *deployment) string { return d.add(alice, bob) },
			[]string{"ok|" + invalid(specAlreadyAMember) + "|Created", invalid(specAlreadyAMember) + "|ok|Created"}},
		{"both add the last member of the quota", func(d *deployment) { d.must(d.enable(alice), d.add(alice, dave)) },
			func(d *deployment) string { return d.add(alice, bob) },
			func(d *deployment) string { return d.add(alice, carol) },
			[]string{"ok|" + quota(specTooManyMembers) + "|Created", quota(specTooManyMembers) + "|ok|"}},
		{"the last place of the quota, to one that is invited back and to a new one", func(d *deployment) {
			d.must(d.enable(alice), d.add(alice, bob), d.disassociate(alice, bob), d.add(alice, dave))
		},
			func(d *deployment) string { return d.invite(alice, bob) },
			func(d *deployment) string { return d.add(alice, carol) },
			[]string{"ok|" + quota(specTooManyMembers) + "|EmailVerificationInProgress", quota(specTooManyMembers) + "|ok|Removed"}},
		{"the last place of the quota, to one that comes back and to a new one", func(d *deployment) {
			d.members(alice, bob)
			d.must(d.resignFrom(bob), d.add(alice, dave))
		},
			func(d *deployment) string { return d.accept(bob, alice) },
			func(d *deployment) string { return d.add(alice, carol) },
			[]string{"ok|" + quota(specTooManyMembers) + "|Enabled", quota(oursInviterTooManyMembers) + "|ok|Resigned"}},
		{"both invite the account", func(d *deployment) { d.must(d.enable(alice), d.add(alice, bob)) },
			func(d *deployment) string { return d.invite(alice, bob) },
			func(d *deployment) string { return d.invite(alice, bob) },
			[]string{"ok|" + refused(bob, specAlreadyInvited) + "|EmailVerificationInProgress",
				refused(bob, specAlreadyInvited) + "|ok|EmailVerificationInProgress"}},
		{"the account is invited and removed", func(d *deployment) { d.must(d.enable(alice), d.add(alice, bob)) },
			func(d *deployment) string { return d.invite(alice, bob) },
			func(d *deployment) string { return d.disassociate(alice, bob) },
			[]string{"ok|ok|Removed", "ok|ok|EmailVerificationInProgress"}},
		{"the account accepts two administrators", func(d *deployment) { d.invited(alice, bob); d.invited(carol, bob) },
			func(d *deployment) string { return d.accept(bob, alice) },
			func(d *deployment) string { return d.accept(bob, carol) },
			[]string{"ok|" + noPending + "|Enabled", noPending + "|ok|Invited"}},
		{"each accepts the other's standing invitation", func(d *deployment) {
			d.members(alice, bob)
			d.must(d.resignFrom(bob))
			d.members(bob, alice)
			d.must(d.resignFrom(alice))
		},
			func(d *deployment) string { return d.accept(bob, alice) },
			func(d *deployment) string { return d.accept(alice, bob) },
			[]string{"ok|" + invalid(specAcceptWithMembers) + "|Enabled", invalid(specAcceptWithMembers) + "|ok|Resigned"}},
		{"the account accepts and becomes an administrator", func(d *deployment) { d.invited(alice, bob) },
			func(d *deployment) string { return d.accept(bob, alice) },
			func(d *deployment) string { return d.add(bob, carol) },
			[]string{"ok|" + invalid(specCreateWhileMember) + "|Enabled", invalid(specAcceptWithMembers) + "|ok|Invited"}},
		{"the account accepts and declines", func(d *deployment) { d.invited(alice, bob) },
			func(d *deployment) string { return d.accept(bob, alice) },
			func(d *deployment) string { return d.decline(bob, alice) },
			[]string{"ok|" + refused(alice, specNoPendingInvitation) + "|Enabled", noPending + "|ok|"}},
		{"the account accepts and is deleted", func(d *deployment) { d.invited(alice, bob) },
			func(d *deployment) string { return d.accept(bob, alice) },
			func(d *deployment) string { return d.delete(alice, bob) },
			[]string{"ok|" + invalid(specDeleteAssociated) + "|Enabled", noPending + "|ok|"}},
		{"the account accepts and disables Macie", func(d *deployment) { d.invited(alice, bob) },
			func(d *deployment) string { return d.accept(bob, alice) },
			func(d *deployment) string { return d.disable(bob) },
			[]string{"ok|" + conflict(specDisableWhileMember) + "|Enabled", notEnabled + "|ok|Invited"}},
		{"the account accepts and suspends Macie", func(d *deployment) { d.invited(alice, bob) },
			func(d *deployment) string { return d.accept(bob, alice) },
			func(d *deployment) string { return d.session(bob, macie2.MacieStatusPaused) },
			[]string{"ok|ok|Paused"}},
		{"the member resigns and is removed", func(d *deployment) { d.members(alice, bob) },
			func(d *deployment) string { return d.resignFrom(bob) },
			func(d *deployment) string { return d.disassociate(alice, bob) },
			[]string{"ok|ok|Removed", invalid(specNotAssociatedToMaster) + "|ok|Removed"}},
		{"the member resumes and is paused", func(d *deployment) {
			d.members(alice, bob)
			d.must(d.session(bob, macie2.MacieStatusPaused))
		},
			func(d *deployment) string { return d.session(bob, macie2.MacieStatusEnabled) },
			func(d *deployment) string { return d.memberSession(alice, bob, macie2.MacieStatusPaused) },
			[]string{"ok|ok|Paused", "ok|ok|Enabled"}},
		{"the member changes its frequency and is paused", func(d *deployment) { d.members(alice, bob) },
			func(d *deployment) string {
				_, err := d.UpdateMacieSession(d.t.Context(), d.call(bob), &macie2.UpdateMacieSessionInput{
					FindingPublishingFrequency: macie2.Ptr(macie2.FindingPublishingFrequencyOneHour)})
				return answer(err)
			},
			func(d *deployment) string { return d.memberSession(alice, bob, macie2.MacieStatusPaused) },
			[]string{"ok|ok|Paused"}},
		{"a declined invitation is deleted and a new one sent", func(d *deployment) {
			d.invited(alice, bob)
			d.must(d.decline(bob, alice), d.add(alice, bob))
		},
			func(d *deployment) string { return d.deleteInvitations(bob, alice) },
			func(d *deployment) string { return d.invite(alice, bob) },
			[]string{"ok|ok|EmailVerificationInProgress", refused(alice, specNoPendingInvitation) + "|ok|EmailVerificationInProgress"}},
		{"the member is removed and becomes an administrator", func(d *deployment) { d.members(alice, bob) },
			func(d *deployment) string { return d.disassociate(alice, bob) },
			func(d *deployment) string { return d.add(bob, carol) },
			[]string{"ok|ok|Removed", "ok|" + invalid(specCreateWhileMember) + "|Removed"}},
		{"the member that resigned comes back and is invited again", func(d *deployment) { d.members(alice, bob); d.must(d.resignFrom(bob)) },
			func(d *deployment) string { return d.accept(bob, alice) },
			func(d *deployment) string { return d.invite(alice, bob) },
			[]string{"ok|" + refused(bob, specAlreadyInvited) + "|Enabled", noPending + "|ok|EmailVerificationInProgress"}},
		{"the invitation is deleted and sent again", func(d *deployment) { d.members(alice, bob); d.must(d.disassociate(alice, bob)) },
			func(d *deployment) string { return d.deleteInvitations(bob, alice) },
			func(d *deployment) string { return d.invite(alice, bob) },
			[]string{"ok|" + refused(bob, specNotAMember+oursHintCreateMember) + "|",
				refused(alice, specNoPendingInvitation) + "|ok|EmailVerificationInProgress"}},
		{"the last record is deleted twice", func(d *deployment) { d.must(d.enable(alice), d.add(alice, bob)) },
			func(d *deployment) string { return d.delete(alice, bob) },
			func(d *deployment) string { return d.delete(alice, bob) },
			[]string{"ok|" + invalid(specNotAssociated) + "|", invalid(specNotAssociated) + "|ok|"}},
		{"Macie is disabled while an account is added", func(d *deployment) { d.must(d.enable(alice)) },
			func(d *deployment) string { return d.add(alice, bob) },
			func(d *deployment) string { return d.disable(alice) },
			[]string{"ok|" + conflict(oursDisableWithMembers) + "|Created", notEnabled + "|ok|"}},
		{"the invited account is suspended", func(d *deployment) { d.must(d.enable(alice), d.add(alice, bob)) },
			func(d *deployment) string { return d.invite(alice, bob) },
			func(d *deployment) string {
				_, err := d.directory.SuspendAccount(d.t.Context(), bob, d.clock.now())
				return answer(err)
			},
			[]string{"ok|ok|AccountSuspended", refused(bob, oursAccountSuspended) + "|ok|AccountSuspended"}},
	}
	races = append(races, organizationRaces()...)
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		d := deploy(t, open(), 2)
		d.organize(carol, alice, bob, dave, erin)
		other := *d // the same deployment by way of another node
		other.node = d.another(open())
		for n, race := range races {
			for i := range 12 {
				d.region = fmt.Sprintf("us-test-%d", n*100+i)
				other.region = d.region
				race.prepare(d)
				begin := make(chan struct{})
				var one, two string
				var both sync.WaitGroup
				both.Go(func() { <-begin; one = race.one(d) })
				both.Go(func() { <-begin; two = race.two(&other) })
				close(begin)
				both.Wait()
				seen := d.status(alice, bob)
				if seen == invalid(specNotAssociated) || seen == notEnabled {
					seen = ""
				}
				if got := one + "|" + two + "|" + seen; !slices.Contains(race.want, got) {
					t.Errorf("%s: got\n\t%s, want one of\n\t%s", race.name, got, strings.Join(race.want, "\n\t"))
				}
				for x, enabled := range holds(t, d, 2).delegations {
					if accounts, err := d.directory.Account(t.Context(), x.account); enabled.enabled && (err != nil || accounts.Status != identity.AccountActive) {
						t.Errorf("%s: %v is designated and %s, %v", race.name, x, accounts.Status, err)
					}
				}
				d.resume(bob)
				d.resume(alice)
			}
			for _, table := range []string{"invitation", "member", "organization_administrator", "macie_session", "task", "client_token"} {
				d.sql("delete from " + table)
			}
		}
	})
}

// organizationRaces are those of carol's organization.
func organizationRaces() []race {
	delegated := func(d *deployment) {
		d.join(carol, bob)
		d.must(d.enable(carol), d.delegate(carol, alice))
	}
	// nobody is delegated in any Region, nor registered.
	nobody := func(d *deployment) {
		if err := d.directory.DisableServiceAccess(d.t.Context(), carol, MaciePrincipal, macie2.Principal{}); err != nil {
			d.t.Fatal(err)
		}
		d.work()
		d.must(d.enable(carol))
	}
	withToken := &macie2.EnableOrganizationAdminAccountInput{AdminAccountId: macie2.Ptr(string(alice)), ClientToken: macie2.Ptr("token")}
	another := conflict(specAnotherDelegated + hintDeregister)
	return []race{
		{"the account is added through the organization and accepts an invitation", func(d *deployment) {
			delegated(d)
			d.invited(dave, bob)
		},
			func(d *deployment) string { return d.add(alice, bob) },
			func(d *deployment) string { return d.accept(bob, dave) },
			[]string{"ok|" + invalid(specNoPendingInvitation) + "|Enabled", invalid(oursTiedElsewhere) + "|ok|"}},
		{"the account is added through the organization and becomes an administrator", func(d *deployment) { delegated(d); d.must(d.enable(bob)) },
			func(d *deployment) string { return d.add(alice, bob) },
			func(d *deployment) string { return d.add(bob, stranger) },
			[]string{"ok|" + invalid(specCreateWhileMember) + "|Enabled", invalid(oursIsAdministrator) + "|ok|"}},
		{"the account is added through the organization and suspends Macie", func(d *deployment) { delegated(d); d.must(d.enable(bob)) },
			func(d *deployment) string { return d.add(alice, bob) },
			func(d *deployment) string { return d.session(bob, macie2.MacieStatusPaused) },
			[]string{"ok|ok|Enabled", "ok|AccessDeniedException: " + oursOrganizationMember + "|Enabled"}},
		{"the account is added through the organization and resumes Macie", func(d *deployment) {
			delegated(d)
			d.must(d.enable(bob), d.session(bob, macie2.MacieStatusPaused))
		},
			func(d *deployment) string { return d.add(alice, bob) },
			func(d *deployment) string { return d.session(bob, macie2.MacieStatusEnabled) },
			[]string{"ok|ok|Enabled"}},
		{"the account is added through the organization and leaves it", delegated,
			func(d *deployment) string { return d.add(alice, bob) },
			func(d *deployment) string { return d.leave(carol, bob) },
			[]string{"ok|ok|Removed", "ok|ok|Created"}},
		{"the account is added through the organization and suspended", delegated,
			func(d *deployment) string { return d.add(alice, bob) },
			func(d *deployment) string { d.suspend(bob); return "ok" },
			[]string{"ok|ok|AccountSuspended", invalid(oursAccountSuspended) + "|ok|"}},
		{"the account is added through the organization, and the designation ends", delegated,
			func(d *deployment) string { return d.add(alice, bob) },
			func(d *deployment) string { return d.undelegate(carol, alice) },
			[]string{"ok|ok|Enabled", "ok|ok|Created"}},
		{"the designation has ended, and another account is added", func(d *deployment) { delegated(d); d.must(d.add(alice, bob), d.undelegate(carol, alice)) },
			func(d *deployment) string { d.work(); return "ok" },
			func(d *deployment) string { return d.add(alice, dave) },
			[]string{"ok|ok|Removed"}},
		{"the last place of the organization's quota", func(d *deployment) { delegated(d); d.must(d.add(alice, dave)) },
			func(d *deployment) string { return d.add(alice, bob) },
			func(d *deployment) string { return d.add(alice, erin) },
			[]string{"ok|" + quota(oursOrganizationMembersFull) + "|Enabled", quota(oursOrganizationMembersFull) + "|ok|"}},
		{"two accounts are designated", nobody,
			func(d *deployment) string { return d.delegate(carol, alice) },
			func(d *deployment) string { return d.delegate(carol, dave) },
			[]string{"ok|" + another + "|", another + "|ok|"}},
		{"two accounts are designated in two Regions", func(d *deployment) {
			nobody(d)
			d.must(d.inRegion("-two").enable(carol))
		},
			func(d *deployment) string { return d.delegate(carol, alice) },
			func(d *deployment) string { return d.inRegion("-two").delegate(carol, dave) },
			[]string{"ok|" + another + "|", another + "|ok|"}},
		{"the account is designated and accepts an invitation", func(d *deployment) { nobody(d); d.invited(dave, alice) },
			func(d *deployment) string { return d.delegate(carol, alice) },
			func(d *deployment) string { return d.accept(alice, dave) },
			[]string{"ok|" + invalid(oursAcceptWhileDelegated) + "|", invalid(oursDelegateIsMember) + "|ok|"}},
		{"the account is designated and suspended", nobody,
			func(d *deployment) string { return d.delegate(carol, alice) },
			func(d *deployment) string { d.suspend(alice); return "ok" },
			[]string{"ok|ok|", invalid(oursDelegateUnavailable) + "|ok|"}},
		{"the account designates itself and disables Macie", nobody,
			func(d *deployment) string { return d.delegate(carol, carol) },
			func(d *deployment) string { return d.disable(carol) },
			[]string{"ok|" + conflict(oursDisableWhileDelegated) + "|", notEnabled + "|ok|"}},
		{"one designation is asked for twice, with one token", nobody,
			func(d *deployment) string { return d.delegateWith(carol, withToken) },
			func(d *deployment) string { return d.delegateWith(carol, withToken) },
			[]string{"ok|ok|"}},
	}
}

// inRegion is the deployment with calls that go to another Region, named after its own.
func (d *deployment) inRegion(suffix string) *deployment {
	other := *d
	other.region += suffix
	return &other
}

// holds checks the invariants of all tables.
func holds(t *testing.T, d *deployment, quota int) *state {
	t.Helper()
	s, err := readState(t.Context(), d.db)
	if err != nil {
		t.Fatal(err)
	}
	for _, broken := range s.broken(quota) {
		t.Errorf("broken: %s", broken)
	}
	return s
}

// TestStress has several clients at two nodes do whatever comes to mind, with the workers of both
// at work. No order is asked for, but every invariant, no internal error, no mail twice, and that
// nothing is left undone.
func TestStress(t *testing.T) {
	const clients, calls = 8, 12
	batches := fromEnv(t, "MAGPIE_MODEL_ROUNDS", 60) / 5
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		seed := fromEnv(t, "MAGPIE_MODEL_SEED", 1)
		db := open()
		d := deployWith(t, db, &deployment{organizationQuota: modelOrganizationQuota}, modelQuota)
		d.organize(management, alice, bob, carol)
		nodes := []*node{d.node}
		if db.Engine() == "postgres" {
			nodes = append(nodes, d.another(open()))
		}
		for batch := range batches {
			m := holds(t, d, modelQuota).model()
			accounts, err := d.directory.AllAccounts(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range accounts {
				m.suspended[a.ID] = a.Status != identity.AccountActive
				for _, region := range a.DisabledRegions.List() {
					m.disabled[place{region, a.ID}] = true
				}
			}
			ctx, stop := context.WithCancel(t.Context())
			var workers, callers sync.WaitGroup
			for _, n := range nodes {
				workers.Go(func() {
					if err := n.queue.Run(ctx); err != nil {
						t.Errorf("the worker: %v", err)
					}
				})
			}
			for client := range clients {
				g := &generator{Rand: rand.New(rand.NewPCG(uint64(seed), uint64(batch*clients+client))), nodes: len(nodes),
					accounts: []macie2.AccountID{alice, bob, carol, dave, erin}, regions: []string{virginia}}
				callers.Go(func() {
					for range calls {
						o := g.operation(m, g.focus(m))
						o.node = g.IntN(g.nodes)
						if a := o.run(t.Context(), d, nodes[o.node], nil); strings.HasPrefix(a, "internal error") {
							t.Errorf("%s → %s", o, a)
						}
					}
				})
			}
			callers.Wait()
			stop()
			workers.Wait()
			if t.Failed() {
				t.Fatalf("failed in batch %d with seed %d", batch, seed)
			}
		}
		d.work()
		s := holds(t, d, modelQuota)
		for p, r := range s.records {
			if r.status == macie2.RelationshipStatusEmailVerificationInProgress {
				t.Errorf("%v is still in verification", p)
			}
		}
		mails := make(map[string]int)
		for _, mail := range d.relay.delivered() {
			if mails[mail.InvitationID]++; mails[mail.InvitationID] > 1 {
				t.Errorf("the invitation %s was mailed twice", mail.InvitationID)
			}
		}
		t.Logf("%d mails", len(mails))
	})
}

// model is the state as a model has it, to make up operations about.
func (s *state) model() *model {
	m := newModel(modelQuota)
	for at, x := range s.sessions {
		m.sessions[at] = x.paused
	}
	for p, x := range s.records {
		m.records[p] = record{status: x.status, held: x.held, address: x.email == addressOf(p.member), organization: x.organization != ""}
	}
	for d, x := range s.delegations {
		m.delegations[place{d.region, d.account}] = x
	}
	m.registered = s.registered
	for id := range s.managedBy {
		m.in[id] = true
	}
	for p, i := range s.invitations {
		m.invitations[p] = i
	}
	return m
}
