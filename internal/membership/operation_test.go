package membership

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/store"
)

// opKind is an operation of the model test.
type opKind string

const (
	opEnable              opKind = "EnableMacie"
	opDisable             opKind = "DisableMacie"
	opUpdateSession       opKind = "UpdateMacieSession"
	opUpdateFrequency     opKind = "UpdateMacieSession of the frequency"
	opCreateMember        opKind = "CreateMember"
	opGetMember           opKind = "GetMember"
	opListMembers         opKind = "ListMembers"
	opDeleteMember        opKind = "DeleteMember"
	opDisassociateMember  opKind = "DisassociateMember"
	opUpdateMemberSession opKind = "UpdateMemberSession"
	opInvite              opKind = "CreateInvitations"
	opListInvitations     opKind = "ListInvitations"
	opCountInvitations    opKind = "GetInvitationsCount"
	opAccept              opKind = "AcceptInvitation"
	opDecline             opKind = "DeclineInvitations"
	opDeleteInvitations   opKind = "DeleteInvitations"
	opGetAdministrator    opKind = "GetAdministratorAccount"
	opResign              opKind = "DisassociateFromAdministratorAccount"

	opDelegate           opKind = "EnableOrganizationAdminAccount"
	opUndelegate         opKind = "DisableOrganizationAdminAccount"
	opListAdministrators opKind = "ListOrganizationAdminAccounts"
	opDescribe           opKind = "DescribeOrganizationConfiguration"
	opConfigure          opKind = "UpdateOrganizationConfiguration"

	opJoin          opKind = "(the account joins the organization)"
	opLeave         opKind = "(the account leaves the organization)"
	opDeregister    opKind = "(the account is no delegate any more)"
	opDisableRegion opKind = "(the Region is disabled)"
	opEnableRegion  opKind = "(the Region is enabled)"

	opSuspendAccount opKind = "(the account is suspended)"
	opResumeAccount  opKind = "(the account is resumed)"
	opVerify         opKind = "(the worker)"
)

// operation is one call of a round.
type operation struct {
	name       string // unique in its round
	kind       opKind
	node       int
	region     string
	account    macie2.AccountID   // who calls, or who is suspended
	others     []macie2.AccountID // whom it is about
	address    bool               // CreateMember: the right address
	paused     bool               // EnableMacie, Update…Session: PAUSED
	associated bool               // ListMembers
	invitation string             // AcceptInvitation
	auto       bool               // UpdateOrganizationConfiguration
	variant    bool               // the worker releases first: for the model to choose
}

// other is the account that an operation on one account is about.
func (o operation) other() macie2.AccountID {
	if len(o.others) == 0 {
		return ""
	}
	return o.others[0]
}

func (o operation) String() string {
	s := fmt.Sprintf("%s: node %d %s %s %s %v", o.name, o.node, o.region, o.account, o.kind, o.others)
	switch o.kind {
	case opCreateMember:
		s += fmt.Sprintf(" right address: %t", o.address)
	case opEnable, opUpdateSession, opUpdateMemberSession:
		s += fmt.Sprintf(" paused: %t", o.paused)
	case opAccept:
		s += " " + o.invitation
	}
	return s
}

// run does the operation for real, and words its answer as the model does. known are the ids of
// invitations before the round.
func (o operation) run(ctx context.Context, d *deployment, n *node, known map[string]bool) string {
	call := d.callIn(o.region, o.account)
	id := macie2.Ptr(string(o.other()))
	status := macie2.MacieStatusEnabled
	if o.paused {
		status = macie2.MacieStatusPaused
	}
	name := func(id string) string {
		if known[id] {
			return id
		}
		return "new"
	}
	var err error
	switch o.kind {
	case opEnable:
		_, err = n.EnableMacie(ctx, call, &macie2.EnableMacieInput{Status: &status})
	case opDisable:
		_, err = n.DisableMacie(ctx, call, &macie2.DisableMacieInput{})
	case opUpdateSession:
		_, err = n.UpdateMacieSession(ctx, call, &macie2.UpdateMacieSessionInput{Status: &status})
	case opUpdateFrequency:
		_, err = n.UpdateMacieSession(ctx, call, &macie2.UpdateMacieSessionInput{FindingPublishingFrequency: macie2.Ptr(macie2.FindingPublishingFrequencyOneHour)})
	case opCreateMember:
		email := "somebody@example.org"
		if o.address {
			email = addressOf(o.other())
		}
		_, err = n.CreateMember(ctx, call, memberInput(o.other(), email))
	case opGetMember:
		var m *macie2.GetMemberOutput
		if m, err = n.GetMember(ctx, call, &macie2.GetMemberInput{Id: id}); err == nil {
			return "ok " + string(*m.RelationshipStatus)
		}
	case opListMembers:
		var list *macie2.ListMembersOutput
		if list, err = n.ListMembers(ctx, call, &macie2.ListMembersInput{OnlyAssociated: macie2.Ptr(fmt.Sprint(o.associated))}); err == nil {
			words := []string{"ok"}
			for _, m := range list.Members {
				words = append(words, *m.AccountId+"="+string(*m.RelationshipStatus))
			}
			return strings.Join(words, " ")
		}
	case opDeleteMember:
		_, err = n.DeleteMember(ctx, call, &macie2.DeleteMemberInput{Id: id})
	case opDisassociateMember:
		_, err = n.DisassociateMember(ctx, call, &macie2.DisassociateMemberInput{Id: id})
	case opUpdateMemberSession:
		_, err = n.UpdateMemberSession(ctx, call, &macie2.UpdateMemberSessionInput{Id: id, Status: &status})
	case opInvite:
		var out *macie2.CreateInvitationsOutput
		if out, err = n.CreateInvitations(ctx, call, &macie2.CreateInvitationsInput{AccountIds: store.ListOf(o.others)}); err == nil {
			return unprocessedText(out.UnprocessedAccounts, nil)
		}
	case opListInvitations:
		var list *macie2.ListInvitationsOutput
		if list, err = n.ListInvitations(ctx, call, &macie2.ListInvitationsInput{}); err == nil {
			var words []string
			for _, i := range list.Invitations {
				words = append(words, fmt.Sprintf("%s=%s/%s", *i.AccountId, *i.RelationshipStatus, name(*i.InvitationId)))
			}
			slices.Sort(words)
			return strings.Join(append([]string{"ok"}, words...), " ")
		}
	case opCountInvitations:
		var out *macie2.GetInvitationsCountOutput
		if out, err = n.GetInvitationsCount(ctx, call, &macie2.GetInvitationsCountInput{}); err == nil {
			return fmt.Sprintf("ok %d", *out.InvitationsCount)
		}
	case opAccept:
		in := &macie2.AcceptInvitationInput{InvitationId: &o.invitation}
		if o.other() != "" {
			in.AdministratorAccountId = id
		}
		_, err = n.AcceptInvitation(ctx, call, in)
	case opDecline:
		var out *macie2.DeclineInvitationsOutput
		if out, err = n.DeclineInvitations(ctx, call, &macie2.DeclineInvitationsInput{AccountIds: store.ListOf(o.others)}); err == nil {
			return unprocessedText(out.UnprocessedAccounts, nil)
		}
	case opDeleteInvitations:
		var out *macie2.DeleteInvitationsOutput
		if out, err = n.DeleteInvitations(ctx, call, &macie2.DeleteInvitationsInput{AccountIds: store.ListOf(o.others)}); err == nil {
			return unprocessedText(out.UnprocessedAccounts, nil)
		}
	case opGetAdministrator:
		var out *macie2.GetAdministratorAccountOutput
		if out, err = n.GetAdministratorAccount(ctx, call, &macie2.GetAdministratorAccountInput{}); err == nil {
			a := out.Administrator
			if a.InvitationId == nil {
				return fmt.Sprintf("ok %s through the organization %s", *a.AccountId, *a.RelationshipStatus)
			}
			return fmt.Sprintf("ok %s %s %s", *a.AccountId, name(*a.InvitationId), *a.RelationshipStatus)
		}
	case opResign:
		_, err = n.DisassociateFromAdministratorAccount(ctx, call, &macie2.DisassociateFromAdministratorAccountInput{})
	case opDelegate:
		_, err = n.EnableOrganizationAdminAccount(ctx, call, &macie2.EnableOrganizationAdminAccountInput{AdminAccountId: id})
	case opUndelegate:
		_, err = n.DisableOrganizationAdminAccount(ctx, call, &macie2.DisableOrganizationAdminAccountInput{AdminAccountId: id})
	case opListAdministrators:
		var out *macie2.ListOrganizationAdminAccountsOutput
		if out, err = n.ListOrganizationAdminAccounts(ctx, call, &macie2.ListOrganizationAdminAccountsInput{}); err == nil {
			words := []string{"ok"}
			for _, a := range out.AdminAccounts {
				words = append(words, *a.AccountId+"="+string(*a.Status))
			}
			return strings.Join(words, " ")
		}
	case opDescribe:
		var out *macie2.DescribeOrganizationConfigurationOutput
		if out, err = n.DescribeOrganizationConfiguration(ctx, call, &macie2.DescribeOrganizationConfigurationInput{}); err == nil {
			return fmt.Sprintf("ok auto %t", *out.AutoEnable)
		}
	case opConfigure:
		_, err = n.UpdateOrganizationConfiguration(ctx, call, &macie2.UpdateOrganizationConfigurationInput{AutoEnable: &o.auto})
	case opJoin:
		_, err = n.directory.AddToOrganization(ctx, management, []macie2.AccountID{o.account}, d.clock.now())
	case opLeave:
		_, err := n.directory.RemoveFromOrganization(ctx, management, []macie2.AccountID{o.account})
		return orRefused(err)
	case opDeregister:
		return orRefused(n.directory.DeregisterDelegate(ctx, management, o.account, MaciePrincipal, macie2.Principal{}))
	case opDisableRegion, opEnableRegion:
		_, err = n.directory.SetRegion(ctx, o.account, o.region, o.kind == opEnableRegion, d.clock.now())
	case opSuspendAccount:
		_, err = n.directory.SuspendAccount(ctx, o.account, d.clock.now())
	case opResumeAccount:
		_, err = n.directory.ResumeAccount(ctx, o.account, d.clock.now())
	case opVerify:
		_, err = n.queue.Drain(ctx)
	}
	return answer(err)
}

// orRefused words a refusal of the directory, which is none of the contract's.
func orRefused(err error) string {
	for _, refusal := range []error{identity.ErrNotInOrganization, identity.ErrManagement, identity.ErrDelegate, identity.ErrNoDelegate} {
		if errors.Is(err, refusal) {
			return "refused"
		}
	}
	return answer(err)
}

// generator makes up operations that mostly mean something in the state at hand, and often meddle
// with one another.
type generator struct {
	*rand.Rand
	accounts []macie2.AccountID
	regions  []string
	nodes    int
	retired  []string // ids of invitations that are gone
}

func pick[T any](g *generator, list []T) T { return list[g.IntN(len(list))] }

// chance is true n times of a hundred.
func (g *generator) chance(n int) bool { return g.IntN(100) < n }

// focus is what the operations of one round are about, most of them.
func (g *generator) focus(m *model) pair {
	var known []pair
	for p := range m.records {
		known = append(known, p)
	}
	for p := range m.invitations {
		known = append(known, p)
	}
	slices.SortFunc(known, func(a, b pair) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) }) // maps have no order, seeds need one
	if len(known) > 0 && g.chance(75) {
		return pick(g, known)
	}
	p := pair{pick(g, g.regions), pick(g, g.accounts), pick(g, g.accounts)}
	for p.member == p.administrator && g.chance(90) {
		p.member = pick(g, g.accounts)
	}
	return p
}

// round makes up k operations.
func (g *generator) round(m *model, k int) []operation {
	f := g.focus(m)
	var list []operation
	busy := make(map[macie2.AccountID]bool)     // they call, or are added or invited
	changing := make(map[macie2.AccountID]bool) // they are suspended or resumed
	for len(list) < k {
		if g.chance(30) {
			f = g.focus(m)
		}
		o := g.operation(m, f)
		o.name = fmt.Sprintf("op%d", len(list))
		o.node = g.IntN(g.nodes)
		// An account's suspension and its own calls do not meet: the edge turns suspended accounts
		// away. Nor is it held against the service in which order it sees a suspension and an
		// invitation of the same moment, as long as it comes right later (account_test.go).
		switch o.kind {
		case opSuspendAccount, opResumeAccount, opDisableRegion, opEnableRegion:
			if busy[o.account] || changing[o.account] {
				continue
			}
			changing[o.account] = true
		default:
			about := []macie2.AccountID{o.account}
			if o.kind == opCreateMember || o.kind == opInvite {
				about = append(about, o.others...)
			}
			if m.override(place{o.region, o.account}) != "" && calls(o.kind) || slices.ContainsFunc(about, func(id macie2.AccountID) bool { return changing[id] }) {
				f = g.focus(m)
				continue
			}
			for _, id := range about {
				busy[id] = true
			}
		}
		list = append(list, o)
	}
	return list
}

// calls reports whether an operation is a call by its account, which the edge turns away where the
// account is suspended or the Region disabled for it.
func calls(k opKind) bool { return k != opJoin && k != opLeave && k != opDeregister }

// organization makes up an operation of the organization.
func (g *generator) organization(m *model, f pair) operation {
	boss := operation{region: f.region, account: management, others: []macie2.AccountID{f.administrator}}
	admin := operation{region: f.region, account: f.administrator}
	if _, on := m.sessions[place{f.region, management}]; !on && g.chance(60) {
		return operation{region: f.region, account: management, kind: opEnable}
	}
	for _, d := range slices.SortedFunc(maps.Keys(m.delegations), byPlace) { // it is the one that most of this is about
		if d.region == f.region && g.chance(80) {
			boss.others, admin.account = []macie2.AccountID{d.account}, d.account
		}
	}
	if g.chance(5) {
		boss.account = f.member
	}
	member := operation{region: f.region, account: f.member}
	switch n := g.IntN(100); {
	case n < 22:
		boss.kind = opDelegate
		return boss
	case n < 30:
		boss.kind = opUndelegate
		return boss
	case n < 34:
		boss.kind = opListAdministrators
		return boss
	case n < 44:
		admin.kind, admin.auto = opConfigure, g.chance(80)
		return admin
	case n < 47:
		admin.kind = opDescribe
		return admin
	case n < 64:
		admin.kind, admin.others, admin.address = opCreateMember, []macie2.AccountID{f.member}, true
		return admin
	case n < 78:
		member.kind = opJoin
		return member
	case n < 86:
		member.kind = opLeave
		return member
	case n < 92:
		return operation{region: f.region, account: boss.other(), kind: opDeregister}
	case n < 96:
		member.kind = opDisableRegion
		return member
	}
	member.kind = opEnableRegion
	return member
}

// operation makes up one operation about a relationship.
func (g *generator) operation(m *model, f pair) operation {
	admin := operation{region: f.region, account: f.administrator, others: []macie2.AccountID{f.member}}
	member := operation{region: f.region, account: f.member, others: []macie2.AccountID{f.administrator}}
	more := func(o operation) operation {
		for g.chance(25) {
			o.others = append(o.others, pick(g, g.accounts))
		}
		return o
	}
	with := func(o operation, kind opKind) operation {
		o.kind = kind
		return o
	}
	if g.chance(25) {
		return g.organization(m, f)
	}
	for _, id := range []macie2.AccountID{f.administrator, f.member} {
		if m.disabled[place{f.region, id}] && g.chance(25) {
			return operation{region: f.region, account: id, kind: opEnableRegion}
		}
	}
	_, adminOn := m.sessions[place{f.region, f.administrator}]
	_, memberOn := m.sessions[place{f.region, f.member}]
	for _, id := range []macie2.AccountID{f.administrator, f.member} {
		if m.suspended[id] && g.chance(25) {
			return operation{region: f.region, account: id, kind: opResumeAccount}
		}
	}
	if !adminOn && g.chance(80) {
		return operation{region: f.region, account: f.administrator, kind: opEnable, paused: g.chance(15)}
	}
	if !memberOn && g.chance(40) {
		return operation{region: f.region, account: f.member, kind: opEnable, paused: g.chance(15)}
	}
	switch n := g.IntN(100); {
	case n < 12:
		o := with(admin, opCreateMember)
		o.address = g.chance(85)
		return o
	case n < 28:
		return more(with(admin, opInvite))
	case n < 44:
		return g.acceptance(m, f)
	case n < 50:
		return more(with(member, opDecline))
	case n < 55:
		return more(with(member, opDeleteInvitations))
	case n < 62:
		return with(member, opResign)
	case n < 68:
		return with(admin, opDisassociateMember)
	case n < 74:
		return with(admin, opDeleteMember)
	case n < 79:
		o := with(admin, opUpdateMemberSession)
		o.paused = g.chance(70)
		return o
	case n < 80:
		return with(member, opUpdateFrequency)
	case n < 85:
		o := with(member, opUpdateSession)
		o.paused = g.chance(50)
		return o
	case n < 86:
		o := with(admin, opUpdateSession)
		o.paused = g.chance(50)
		return o
	case n < 88:
		return with(admin, opDisable)
	case n < 90:
		return with(member, opDisable)
	case n < 91:
		return operation{region: f.region, account: f.member, kind: opSuspendAccount}
	case n < 92:
		return operation{region: f.region, account: f.administrator, kind: opSuspendAccount}
	case n < 94:
		return with(admin, opGetMember)
	case n < 96:
		o := with(admin, opListMembers)
		o.associated = g.chance(50)
		return o
	case n < 97:
		return with(member, opListInvitations)
	case n < 98:
		return with(member, opCountInvitations)
	case n < 99:
		return with(member, opGetAdministrator)
	default:
		return operation{region: f.region, account: pick(g, g.accounts), kind: opResumeAccount}
	}
}

// acceptance accepts the invitation of a relationship, an old one, another's, or none at all.
func (g *generator) acceptance(m *model, f pair) operation {
	o := operation{region: f.region, account: f.member, kind: opAccept, invitation: m.invitations[f].id}
	if g.chance(50) {
		o.others = []macie2.AccountID{f.administrator}
	}
	switch {
	case g.chance(90) && o.invitation != "":
	case len(g.retired) > 0 && g.chance(60):
		o.invitation = pick(g, g.retired)
	case g.chance(50):
		o.invitation = "00000000000000000000000000000000"
	}
	if g.chance(3) {
		o.others = []macie2.AccountID{pick(g, g.accounts)}
	}
	return o
}
