package onboard

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"

	"magpie/internal/cli/roster"
)

// Spec is what a run is to do. It goes into the journal.
type Spec struct {
	Run           string         `json:"run"`  // the run's name
	Verb          string         `json:"verb"` // invite or sync
	Administrator string         `json:"administrator"`
	Endpoint      string         `json:"endpoint,omitempty"` // of --endpoint-url
	Regions       []string       `json:"regions"`
	Entries       []roster.Entry `json:"entries"`
	Options       Options        `json:"options"`
	Begun         time.Time      `json:"begun"`
}

// Options are the choices of a run.
type Options struct {
	Message    string        `json:"message,omitempty"`
	NoEmail    bool          `json:"noEmail,omitempty"`
	AcceptRole string        `json:"acceptRole,omitempty"` // name of the role to assume in each account; empty leaves accepting to the accounts
	Enable     bool          `json:"enable,omitempty"`     // enable Macie for the administrator where it is not
	SkipOff    bool          `json:"skipOff,omitempty"`    // leave out Regions where the administrator has no Macie
	Reinvite   bool          `json:"reinvite,omitempty"`   // invite those again that resigned
	Remove     bool          `json:"remove,omitempty"`     // remove members that are not in the list
	Wait       time.Duration `json:"wait"`                 // for the verification of an address, and for an invitation to be seen
}

// Action is what is to be done for a pair.
type Action string

// The actions.
const (
	Leave  Action = "leave"  // it is as it should be
	Add    Action = "add"    // add and invite
	Invite Action = "invite" // invite; it is in the inventory
	Repair Action = "repair" // delete, add, invite
	Await  Action = "await"  // it was invited before: wait for what becomes of it
	Accept Action = "accept" // it was invited before: accept
	Remove Action = "remove" // disassociate and delete
	Attend Action = "attend" // nothing can be done from here; the reason says what a person can
)

// Sends reports whether the action sends an invitation.
func (a Action) Sends() bool { return a == Add || a == Invite || a == Repair }

// Outcome is how a pair ended.
type Outcome string

// The outcomes.
const (
	Open      Outcome = ""          // not ended: the run was interrupted before
	Unchanged Outcome = "unchanged" // it was as it should be
	Invited   Outcome = "invited"
	Joined    Outcome = "joined" // is a member
	Removed   Outcome = "removed"
	Pending   Outcome = "pending" // invited, but Macie has not verified the address yet
	Declined  Outcome = "declined"
	Failed    Outcome = "failed"
)

// Well reports whether nobody has to do anything about it.
func (o Outcome) Well() bool {
	return o == Unchanged || o == Invited || o == Joined || o == Removed
}

// pair is one account in one Region.
type pair struct {
	account, email string
	action         Action
	before, now    types.RelationshipStatus // empty: not in the inventory
	priorInvited   time.Time                // when it was last invited before this run
	outcome        Outcome
	reason         string
	steps          int64     // of stepsOfPair that are done
	retries        int       // of an invitation that the server could not process
	deadline       time.Time // when waiting for it ends
}

// member takes over what the inventory says.
func (p *pair) member(m *types.Member) {
	if m == nil {
		p.now = ""
		return
	}
	p.now = m.RelationshipStatus
}

// decide says what is to be done for an account of the list, which stands so in the inventory; m is nil where it does not.
func decide(p *pair, m *types.Member, o Options) {
	p.member(m)
	p.before = p.now
	if m != nil && m.InvitedAt != nil {
		p.priorInvited = *m.InvitedAt
	}
	since := ""
	if m != nil && m.UpdatedAt != nil {
		since = " since " + m.UpdatedAt.UTC().Format(time.DateOnly)
	}
	switch p.now {
	case "":
		p.action = Add
	case types.RelationshipStatusCreated:
		p.action = Invite
		if !sameAddress(m, p.email) {
			p.action, p.reason = Repair, fmt.Sprintf("was added with another address, %s", aws.ToString(m.Email))
		}
	case types.RelationshipStatusRemoved:
		p.action, p.reason = Invite, "was removed"+since
		if m.Email == nil { // an organization's record, by which nobody can be invited
			p.action = Repair
		}
	case types.RelationshipStatusResigned:
		p.action, p.reason = Invite, "resigned"+since
		if !o.Reinvite {
			p.action, p.reason = Attend, "resigned"+since+"; with --reinvite it is invited again"
		}
	case types.RelationshipStatusEmailVerificationInProgress:
		p.action = Await
	case types.RelationshipStatusEmailVerificationFailed:
		p.action, p.reason = Repair, fmt.Sprintf("the address %s was not the account's", aws.ToString(m.Email))
		if sameAddress(m, p.email) {
			p.action, p.reason = Attend, wrongAddress(p.email)
		}
	case types.RelationshipStatusInvited:
		p.action, p.reason = Leave, "was invited before, and has not answered"+since
		if o.AcceptRole != "" {
			p.action, p.reason = Accept, "was invited before"
		}
	case types.RelationshipStatusEnabled:
		p.action, p.reason = Leave, "is a member"+since
	case types.RelationshipStatusPaused:
		p.action, p.reason = Leave, "is a member, with Macie suspended"+since
	default:
		p.action, p.reason = Attend, statusReason(p.now)
	}
	if p.action == Repair && strings.HasPrefix(p.reason, "was added") && m.Email == nil {
		p.action, p.reason = Invite, "" // a record of the organization's, which keeps no address
	}
}

func sameAddress(m *types.Member, email string) bool {
	return strings.EqualFold(strings.TrimSpace(aws.ToString(m.Email)), email)
}

// wasInvited reports whether the member's record shows an invitation since the one at prior.
func wasInvited(m *types.Member, prior time.Time) bool {
	switch m.RelationshipStatus {
	case types.RelationshipStatusCreated:
		return false
	case types.RelationshipStatusRemoved, types.RelationshipStatusResigned:
		return m.InvitedAt != nil && m.InvitedAt.After(prior)
	}
	return true
}
