package membership

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"magpie/internal/macie2"
)

// The states that alice's relationship with bob can be in, in the words of the administrator's
// record, and three that these words leave out: no record, no record since bob declined, and a
// suspension of bob's account over Enabled.
const (
	stNone     = "none"
	stDeclined = "declined"

	stCreated   = string(macie2.RelationshipStatusCreated)
	stVerifying = string(macie2.RelationshipStatusEmailVerificationInProgress)
	stFailed    = string(macie2.RelationshipStatusEmailVerificationFailed)
	stInvited   = string(macie2.RelationshipStatusInvited)
	stEnabled   = string(macie2.RelationshipStatusEnabled)
	stPaused    = string(macie2.RelationshipStatusPaused)
	stRemoved   = string(macie2.RelationshipStatusRemoved)
	stResigned  = string(macie2.RelationshipStatusResigned)
	stSuspended = string(macie2.RelationshipStatusAccountSuspended)
)

// view is what both sides see.
type view struct{ administrator, recipient string }

// views are what both sides see in each state, and how it is reached with Macie enabled on both
// sides.
var states = map[string]struct {
	view
	reach func(d *deployment)
}{
	stNone:      {view{"", ""}, func(*deployment) {}},
	stCreated:   {view{stCreated, ""}, func(d *deployment) { d.must(d.add(alice, bob)) }},
	stVerifying: {view{stVerifying, ""}, func(d *deployment) { d.must(d.add(alice, bob), d.invite(alice, bob)) }},
	stFailed: {view{stFailed, ""}, func(d *deployment) {
		d.must(d.addAs(alice, bob, "somebody@example.org"), d.invite(alice, bob))
		d.work()
	}},
	stInvited: {view{stInvited, stInvited}, func(d *deployment) { d.invited(alice, bob) }},
	stEnabled: {view{stEnabled, stEnabled}, func(d *deployment) { d.members(alice, bob) }},
	stPaused: {view{stPaused, stPaused}, func(d *deployment) {
		d.members(alice, bob)
		d.must(d.memberSession(alice, bob, macie2.MacieStatusPaused))
	}},
	stRemoved:  {view{stRemoved, stRemoved}, func(d *deployment) { d.members(alice, bob); d.must(d.disassociate(alice, bob)) }},
	stResigned: {view{stResigned, stResigned}, func(d *deployment) { d.members(alice, bob); d.must(d.resignFrom(bob)) }},
	stDeclined: {view{"", stResigned}, func(d *deployment) { d.invited(alice, bob); d.must(d.decline(bob, alice)) }},
	stSuspended: {view{stSuspended, stEnabled}, func(d *deployment) {
		d.members(alice, bob)
		d.suspend(bob)
	}},
}

// outcome is what an event leads to in one state; without a view, nothing changes.
type outcome struct {
	answer string
	view   *view
}

func stays(answer string) outcome { return outcome{answer, nil} }

func becomes(administrator, recipient string) outcome {
	return outcome{"ok", &view{administrator, recipient}}
}

// event is something that can happen to a relationship, with its outcome in each state.
type event struct {
	name      string
	do        func(d *deployment) string
	in        map[string]outcome
	otherwise outcome
}

// TestTransitions does everything that can happen to a relationship in every state that it can be
// in, and looks at both sides.
func TestTransitions(t *testing.T) {
	unknown, notMember, noPending := stays(invalid(specNotAssociated)), stays(invalid(specNotAMember)), stays(refused(alice, specNoPendingInvitation))
	events := []event{
		{"CreateMember", func(d *deployment) string { return d.add(alice, bob) }, map[string]outcome{
			stNone:     becomes(stCreated, ""),
			stDeclined: becomes(stCreated, stResigned),
		}, stays(invalid(specAlreadyAMember))},

		{"CreateInvitations", func(d *deployment) string { return d.invite(alice, bob) }, map[string]outcome{
			stNone:      stays(refused(bob, specNotAMember+oursHintCreateMember)),
			stDeclined:  stays(refused(bob, specNotAMember+oursHintCreateMember)),
			stCreated:   becomes(stVerifying, ""),
			stRemoved:   becomes(stVerifying, ""),
			stResigned:  becomes(stVerifying, ""),
			stFailed:    stays(refused(bob, oursVerificationFailed)),
			stSuspended: stays(refused(bob, oursAccountSuspended)),
		}, stays(refused(bob, specAlreadyInvited))},

		{"CreateInvitations, then the worker", func(d *deployment) string { a := d.invite(alice, bob); d.work(); return a }, map[string]outcome{
			stNone:      stays(refused(bob, specNotAMember+oursHintCreateMember)),
			stDeclined:  stays(refused(bob, specNotAMember+oursHintCreateMember)),
			stCreated:   becomes(stInvited, stInvited),
			stRemoved:   becomes(stInvited, stInvited),
			stResigned:  becomes(stInvited, stInvited),
			stVerifying: {refused(bob, specAlreadyInvited), &view{stInvited, stInvited}},
			stFailed:    stays(refused(bob, oursVerificationFailed)),
			stSuspended: stays(refused(bob, oursAccountSuspended)),
		}, stays(refused(bob, specAlreadyInvited))},

		{"the worker", func(d *deployment) string { d.work(); return "ok" }, map[string]outcome{
			stVerifying: becomes(stInvited, stInvited),
		}, stays("ok")},

		{"DisassociateMember", func(d *deployment) string { return d.disassociate(alice, bob) }, map[string]outcome{
			stNone:      unknown,
			stDeclined:  unknown,
			stCreated:   becomes(stRemoved, ""),
			stVerifying: becomes(stRemoved, ""),
			stFailed:    becomes(stRemoved, ""),
			stRemoved:   stays("ok"),
		}, becomes(stRemoved, stRemoved)},

		{"DeleteMember", func(d *deployment) string { return d.delete(alice, bob) }, map[string]outcome{
			stNone:      unknown,
			stDeclined:  unknown,
			stEnabled:   stays(invalid(specDeleteAssociated)),
			stPaused:    stays(invalid(specDeleteAssociated)),
			stSuspended: stays(invalid(specDeleteAssociated)),
		}, becomes("", "")},

		{"UpdateMemberSession PAUSED", func(d *deployment) string { return d.memberSession(alice, bob, macie2.MacieStatusPaused) }, map[string]outcome{
			stEnabled: becomes(stPaused, stPaused),
			stPaused:  stays("ok"),
		}, notMember},

		{"UpdateMemberSession ENABLED", func(d *deployment) string { return d.memberSession(alice, bob, macie2.MacieStatusEnabled) }, map[string]outcome{
			stEnabled: stays("ok"),
			stPaused:  stays(invalid(oursOnlyMemberResumes)),
		}, notMember},

		{"AcceptInvitation", func(d *deployment) string { return d.accept(bob, alice) }, map[string]outcome{
			stInvited:  becomes(stEnabled, stEnabled),
			stResigned: becomes(stEnabled, stEnabled),
		}, stays(invalid(specNoPendingInvitation))},

		{"DeclineInvitations", func(d *deployment) string { return d.decline(bob, alice) }, map[string]outcome{
			stInvited:  becomes("", stResigned),
			stResigned: becomes("", stResigned),
		}, noPending},

		{"DeleteInvitations", func(d *deployment) string { return d.deleteInvitations(bob, alice) }, map[string]outcome{
			stNone:      noPending,
			stCreated:   noPending,
			stVerifying: noPending,
			stFailed:    noPending,
			stDeclined:  becomes("", ""),
			stRemoved:   becomes("", ""),
			stResigned:  becomes("", ""),
		}, stays(refused(alice, specDeleteInvitation))},

		{"DisassociateFromAdministratorAccount", func(d *deployment) string { return d.resignFrom(bob) }, map[string]outcome{
			stEnabled:   becomes(stResigned, stResigned),
			stPaused:    becomes(stResigned, stResigned),
			stSuspended: becomes(stResigned, stResigned),
		}, stays(invalid(specNotAssociatedToMaster))},

		{"the member pauses", func(d *deployment) string { return d.session(bob, macie2.MacieStatusPaused) }, map[string]outcome{
			stEnabled:   becomes(stPaused, stPaused),
			stSuspended: becomes(stSuspended, stPaused),
		}, stays("ok")},

		{"the member resumes", func(d *deployment) string { return d.session(bob, macie2.MacieStatusEnabled) }, map[string]outcome{
			stPaused: becomes(stEnabled, stEnabled),
		}, stays("ok")},

		{"the member's account is suspended", func(d *deployment) string { d.suspend(bob); return "ok" }, map[string]outcome{
			stNone:      stays("ok"),
			stDeclined:  stays("ok"),
			stCreated:   becomes(stSuspended, ""),
			stVerifying: becomes(stSuspended, ""),
			stInvited:   becomes(stSuspended, stInvited),
			stEnabled:   becomes(stSuspended, stEnabled),
			stPaused:    becomes(stSuspended, stPaused),
			stRemoved:   becomes(stSuspended, stRemoved),
			stResigned:  becomes(stSuspended, stResigned),
		}, stays("ok")},

		{"the member's account is suspended and comes back", func(d *deployment) string { d.suspend(bob); d.resume(bob); return "ok" },
			map[string]outcome{stSuspended: becomes(stEnabled, stEnabled)}, stays("ok")},

		{"the administrator's account is suspended", func(d *deployment) string { d.suspend(alice); return "ok" }, map[string]outcome{
			stVerifying: becomes(stRemoved, ""),
			stInvited:   becomes(stRemoved, stRemoved),
			stEnabled:   becomes(stRemoved, stRemoved),
			stPaused:    becomes(stRemoved, stRemoved),
			stResigned:  becomes(stRemoved, stRemoved),
			stSuspended: becomes(stRemoved, stRemoved),
		}, stays("ok")},
	}
	each(t, func(t *testing.T, d *deployment) {
		for _, e := range events {
			for i, name := range slices.Sorted(maps.Keys(states)) {
				// A Region for each state: one is as good as another, and knows nothing of the
				// others.
				d.region = fmt.Sprintf("us-test-%d", i)
				d.must(d.enable(alice, bob))
				states[name].reach(d)
				before := states[name].view
				d.seesView(name, before)
				want, listed := e.in[name]
				if !listed {
					want = e.otherwise
				}
				if want.view == nil {
					want.view = &before
				}
				answers(t, name+": "+e.name, e.do(d), want.answer)
				d.seesView(name+" → "+e.name, *want.view)
				d.resume(bob)
				d.resume(alice)
			}
			for _, table := range []string{"invitation", "member", "macie_session"} {
				d.sql("delete from " + table)
			}
		}
	})
}

// seesView checks what alice and bob see of each other.
func (d *deployment) seesView(when string, want view) {
	d.t.Helper()
	got := view{d.status(alice, bob), d.received(bob)[alice]}
	if got.administrator == invalid(specNotAssociated) {
		got.administrator = ""
	}
	if got != want {
		d.t.Errorf("%s: the two sides see %+v, want %+v", when, got, want)
	}
	// What follows from it: who the administrator is, and how many invitations wait for an answer.
	out, err := d.GetAdministratorAccount(d.t.Context(), d.call(bob), &macie2.GetAdministratorAccountInput{})
	if associated := want.recipient == stEnabled || want.recipient == stPaused; associated {
		if err != nil || *out.Administrator.AccountId != string(alice) || string(*out.Administrator.RelationshipStatus) != want.administrator {
			d.t.Errorf("%s: the administrator account is %+v, %v", when, out, err)
		}
	} else if answer(err) != "ResourceNotFoundException: "+specNoAdministrator {
		d.t.Errorf("%s: the administrator account is %+v, %v", when, out, err)
	}
	count, err := d.GetInvitationsCount(d.t.Context(), d.call(bob), &macie2.GetInvitationsCountInput{})
	waiting := want.recipient == stInvited || want.recipient == stRemoved || want.recipient == stResigned
	if err != nil || (*count.InvitationsCount == 1) != waiting {
		d.t.Errorf("%s: %d invitations wait for an answer, %v", when, *count.InvitationsCount, err)
	}
}
