package onboard

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"
)

func member(status types.RelationshipStatus, email string, invited time.Time) *types.Member {
	m := &types.Member{RelationshipStatus: status, Email: aws.String(email)}
	if !invited.IsZero() {
		m.InvitedAt = &invited
	}
	return m
}

var (
	long   = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	lately = long.Add(time.Hour)
)

func TestDecide(t *testing.T) {
	const mail = "a@example.com"
	for _, c := range []struct {
		name   string
		member *types.Member
		o      Options
		want   Action
	}{
		{"new", nil, Options{}, Add},
		{"added", member(types.RelationshipStatusCreated, mail, time.Time{}), Options{}, Invite},
		{"added, letter case aside", member(types.RelationshipStatusCreated, "A@Example.com", time.Time{}), Options{}, Invite},
		{"added with another address", member(types.RelationshipStatusCreated, "b@example.com", time.Time{}), Options{}, Repair},
		{"added by the organization", &types.Member{RelationshipStatus: types.RelationshipStatusCreated}, Options{}, Invite},
		{"removed", member(types.RelationshipStatusRemoved, mail, long), Options{}, Invite},
		{"removed from the organization's members", &types.Member{RelationshipStatus: types.RelationshipStatusRemoved}, Options{}, Repair},
		{"resigned", member(types.RelationshipStatusResigned, mail, long), Options{}, Attend},
		{"resigned, and wanted", member(types.RelationshipStatusResigned, mail, long), Options{Reinvite: true}, Invite},
		{"being verified", member(types.RelationshipStatusEmailVerificationInProgress, mail, long), Options{}, Await},
		{"failed", member(types.RelationshipStatusEmailVerificationFailed, mail, long), Options{}, Attend},
		{"failed, address corrected", member(types.RelationshipStatusEmailVerificationFailed, "b@example.com", long), Options{}, Repair},
		{"invited", member(types.RelationshipStatusInvited, mail, long), Options{}, Leave},
		{"invited, role given", member(types.RelationshipStatusInvited, mail, long), Options{AcceptRole: "R"}, Accept},
		{"member", member(types.RelationshipStatusEnabled, "b@example.com", long), Options{AcceptRole: "R"}, Leave},
		{"suspended member", member(types.RelationshipStatusPaused, mail, long), Options{}, Leave},
		{"suspended account", member(types.RelationshipStatusAccountSuspended, mail, long), Options{}, Attend},
		{"Region off", member(types.RelationshipStatusRegionDisabled, mail, long), Options{}, Attend},
		{"a status of tomorrow", member("Tomorrow", mail, long), Options{}, Attend},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &pair{account: "444455556666", email: mail}
			decide(p, c.member, c.o)
			if p.action != c.want {
				t.Errorf("%s, want %s", p.action, c.want)
			}
			if (p.action == Attend || p.action == Repair) && p.reason == "" {
				t.Error("there are no words for it")
			}
		})
	}
}

// After an interruption, what the journal intended and what the record shows together say whether an invitation is still to be sent.
func TestGoOn(t *testing.T) {
	const mail = "a@example.com"
	for _, c := range []struct {
		name    string
		member  *types.Member
		before  past
		action  Action
		outcome Outcome
	}{
		{"added only", member(types.RelationshipStatusCreated, mail, time.Time{}), past{}, Invite, Open},
		{"intended, not sent", member(types.RelationshipStatusCreated, mail, time.Time{}), past{intended: true}, Invite, Open},
		{"intended, and sent", member(types.RelationshipStatusEmailVerificationInProgress, mail, long), past{intended: true}, Await, Open},
		{"intended, sent, arrived", member(types.RelationshipStatusInvited, mail, long), past{intended: true}, Await, Open},
		{"intended, sent, accepted", member(types.RelationshipStatusEnabled, mail, long), past{intended: true}, Await, Open},
		{"intended, sent, declined", nil, past{intended: true}, Await, Declined},
		{"again, intended, not sent", member(types.RelationshipStatusResigned, mail, long), past{intended: true, prior: long}, Invite, Open},
		{"again, intended, sent, left again", member(types.RelationshipStatusResigned, mail, lately), past{intended: true, prior: long}, Await, Open},
		{"sent, not to be seen yet", member(types.RelationshipStatusCreated, mail, time.Time{}), past{intended: true, invited: true}, Await, Open},
		{"ended", member(types.RelationshipStatusInvited, mail, long), past{intended: true, invited: true, end: &record{Outcome: Invited}}, Leave, Invited},
		{"failed", nil, past{end: &record{Outcome: Failed}}, Add, Failed},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &pair{account: "444455556666", email: mail}
			decide(p, c.member, Options{Reinvite: true})
			goOn(p, c.member, &c.before)
			if p.action != c.action || p.outcome != c.outcome {
				t.Errorf("%s, %q; want %s, %q", p.action, p.outcome, c.action, c.outcome)
			}
		})
	}
}

func TestRoleARN(t *testing.T) {
	for region, want := range map[string]string{
		"eu-west-1": "arn:aws:iam::444455556666:role/R", "cn-north-1": "arn:aws-cn:iam::444455556666:role/R",
		"us-gov-west-1": "arn:aws-us-gov:iam::444455556666:role/R",
	} {
		r := New(Spec{Regions: []string{region}, Options: Options{AcceptRole: "R"}}, Service{}, 1)
		if got := r.RoleARN("444455556666"); got != want {
			t.Errorf("%s: %s", region, got)
		}
	}
}
