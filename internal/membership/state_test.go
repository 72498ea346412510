package membership

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// state is what the tables hold.
type state struct {
	sessions    map[place]sessionRow
	records     map[pair]recordRow
	invitations map[pair]received
	verifying   map[string]bool // invitations that a task waits to verify
	delegations map[delegated]delegationState
	managedBy   map[macie2.AccountID]string // the organization that an account is in
	releasing   map[delegated]bool          // delegations that a task waits to end
	waiting     map[place]bool              // accounts that a task waits to enroll
	kept        map[place]bool              // accounts that wait for what overrides them
	registered  macie2.AccountID            // as Macie's delegate of the tests' organization
}

// delegated is a delegated administrator in a Region.
type delegated struct {
	region       string
	organization string
	account      macie2.AccountID
}

type sessionRow struct {
	paused   bool
	standing string
	counted  int

	organizationCounted int
}

type recordRow struct {
	status, held macie2.RelationshipStatus
	email        string
	invited      bool
	organization string
}

// readState reads the tables in one transaction, so that what it returns was there at one moment.
func readState(ctx context.Context, db *store.DB) (*state, error) {
	var s *state
	err := db.Tx(ctx, "state", func(tx *store.Tx) error {
		s = &state{make(map[place]sessionRow), make(map[pair]recordRow), make(map[pair]received), make(map[string]bool),
			make(map[delegated]delegationState), make(map[macie2.AccountID]string), make(map[delegated]bool), make(map[place]bool), make(map[place]bool), ""}
		return s.read(ctx, tx)
	})
	return s, err
}

func (s *state) read(ctx context.Context, tx *store.Tx) error {
	err := tx.Query(ctx, func(r store.Row) error {
		var at place
		var x sessionRow
		err := r.Scan(&at.region, &at.account, &x.paused, &x.standing, &x.counted, &x.organizationCounted)
		s.sessions[at] = x
		return err
	}, `select region, account_id, status = 'PAUSED', standing, counted, organization_counted from macie_session`)
	if err != nil {
		return err
	}
	err = tx.Query(ctx, func(r store.Row) error {
		var p pair
		var x recordRow
		err := r.Scan(&p.region, &p.administrator, &p.member, &x.status, &x.held, &x.email, &x.invited, &x.organization)
		s.records[p] = x
		return err
	}, `select region, administrator_id, account_id, status, coalesce(held_status, ''), coalesce(email, ''), invited_at is not null,
		coalesce(organization_id, '') from member`)
	if err != nil {
		return err
	}
	err = tx.Query(ctx, func(r store.Row) error {
		var p pair
		var x received
		err := r.Scan(&p.region, &p.administrator, &p.member, &x.id, &x.status, &x.declined)
		s.invitations[p] = x
		return err
	}, `select region, administrator_id, account_id, invitation_id, status, declined from invitation`)
	if err != nil {
		return err
	}
	err = tx.Query(ctx, func(r store.Row) error {
		var d delegated
		var x delegationState
		err := r.Scan(&d.region, &d.organization, &d.account, &x.enabled, &x.autoEnable)
		s.delegations[d] = x
		return err
	}, `select region, organization_id, administrator_id, status = 'ENABLED', auto_enable from organization_administrator`)
	if err != nil {
		return err
	}
	err = tx.Query(ctx, func(r store.Row) error { return r.Scan(&s.registered) },
		`select account_id from organization_delegate where service_principal = $1`, string(MaciePrincipal))
	if err != nil {
		return err
	}
	err = tx.Query(ctx, func(r store.Row) error {
		var id macie2.AccountID
		var o string
		err := r.Scan(&id, &o)
		s.managedBy[id] = o
		return err
	}, `select account_id, organization_id from organization_account`)
	if err != nil {
		return err
	}
	err = tx.Query(ctx, func(r store.Row) error {
		var text string
		if err := r.Scan(&text); err != nil {
			return err
		}
		var p releasePayload
		err := json.Unmarshal([]byte(text), &p)
		s.releasing[delegated{p.Region, string(p.OrganizationID), p.AdministratorID}] = true
		return err
	}, `select payload from task where kind = $1 and state <> 'failed'`, kindRelease)
	if err != nil {
		return err
	}
	err = tx.Query(ctx, func(r store.Row) error {
		var text string
		if err := r.Scan(&text); err != nil {
			return err
		}
		var p enrollPayload
		err := json.Unmarshal([]byte(text), &p)
		for _, id := range p.AccountIDs {
			s.waiting[place{p.Region, id}] = true
		}
		return err
	}, `select payload from task where kind = $1 and state <> 'failed'`, kindEnroll)
	if err != nil {
		return err
	}
	err = tx.Query(ctx, func(r store.Row) error {
		var k place
		err := r.Scan(&k.region, &k.account)
		s.kept[k] = true
		return err
	}, `select region, account_id from organization_waiting`)
	if err != nil {
		return err
	}
	return tx.Query(ctx, func(r store.Row) error {
		var text string
		if err := r.Scan(&text); err != nil {
			return err
		}
		var p verifyPayload
		err := json.Unmarshal([]byte(text), &p)
		for _, id := range p.InvitationIDs {
			s.verifying[id] = true
		}
		return err
	}, `select payload from task where kind = $1 and state <> 'failed'`, kindVerify)
}

// lines is the state as text, with unknown ids of invitations shown as new.
func (s *state) lines(known map[string]bool) string {
	var list []string
	for at, x := range s.sessions {
		list = append(list, sessionLine(at, x.paused))
	}
	for p, x := range s.records {
		list = append(list, recordLine(p, record{x.status, x.held, x.email == addressOf(p.member), x.organization != ""}))
	}
	for p, x := range s.invitations {
		if !known[x.id] {
			x.id = newID
		}
		list = append(list, invitationLine(p, x))
	}
	for d, x := range s.delegations {
		list = append(list, delegationLine(place{d.region, d.account}, x))
	}
	for k := range s.waiting {
		list = append(list, fmt.Sprintf("to enroll  %s %s", k.region, k.account))
	}
	for k := range s.kept {
		list = append(list, fmt.Sprintf("kept out   %s %s", k.region, k.account))
	}
	for id := range s.managedBy {
		list = append(list, "in the organization "+string(id))
	}
	list = append(list, "registered "+string(s.registered))
	slices.Sort(list)
	return strings.Join(list, "\n")
}

// lines is what the tables should hold, as text.
func (m *model) lines() string {
	var list []string
	for at, paused := range m.sessions {
		list = append(list, sessionLine(at, paused))
	}
	for p, r := range m.records {
		list = append(list, recordLine(p, r))
	}
	for p, i := range m.invitations {
		list = append(list, invitationLine(p, i))
	}
	for d, x := range m.delegations {
		list = append(list, delegationLine(d, x))
	}
	for k := range m.waiting {
		list = append(list, fmt.Sprintf("to enroll  %s %s", k.region, k.account))
	}
	for k := range m.kept {
		list = append(list, fmt.Sprintf("kept out   %s %s", k.region, k.account))
	}
	for id, in := range m.in {
		if in {
			list = append(list, "in the organization "+string(id))
		}
	}
	list = append(list, "registered "+string(m.registered))
	slices.Sort(list)
	return strings.Join(list, "\n")
}

func delegationLine(at place, x delegationState) string {
	return fmt.Sprintf("delegated  %s %s enabled %t auto %t", at.region, at.account, x.enabled, x.autoEnable)
}

func sessionLine(at place, paused bool) string {
	return fmt.Sprintf("session    %s %s %s", at.region, at.account, map[bool]string{true: "PAUSED", false: "ENABLED"}[paused])
}

func recordLine(p pair, r record) string {
	line := fmt.Sprintf("member     %s %s of %s %s", p.region, p.member, p.administrator, r.status)
	if r.held != "" {
		line += " over " + string(r.held)
	}
	switch {
	case r.organization:
		line += " through the organization"
	case !r.address:
		line += " with another's address"
	}
	return line
}

func invitationLine(p pair, i received) string {
	line := fmt.Sprintf("invitation %s %s from %s %s %s", p.region, p.member, p.administrator, i.status, shown(i.id))
	if i.declined {
		line += " declined"
	}
	return line
}

// broken lists the invariants that the tables break.
func (s *state) broken(quota int) []string {
	var list []string
	broken := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	administrators := make(map[place]int)
	counted := make(map[place]int)
	throughOrganization := make(map[place]int)
	for p, x := range s.records {
		r := record{status: x.status, held: x.held}
		admin, member := place{p.region, p.administrator}, place{p.region, p.member}
		if p.administrator == p.member {
			broken("%s is a member of itself", p.member)
		}
		overridden := x.status == macie2.RelationshipStatusAccountSuspended || x.status == macie2.RelationshipStatusRegionDisabled
		if (x.held != "") != overridden {
			broken("%v reads %s and holds %q", p, x.status, x.held)
		}
		if _, ok := s.sessions[admin]; !ok {
			broken("%v is in the inventory of an account without a session", p)
		}
		switch {
		case !r.counts():
		case x.organization == "":
			counted[admin]++
		default:
			throughOrganization[admin]++
			s.checkOrganization(p, x, broken)
		}
		if r.associated() {
			administrators[member]++
			s.checkSession(member, r, broken)
		}
		s.checkInvitation(p, x, broken)
	}
	for p, i := range s.invitations {
		if _, ok := s.records[p]; !ok && !i.declined {
			broken("%v has an invitation without a record", p)
		}
		if i.declined && i.status != macie2.RelationshipStatusResigned {
			broken("%v declined, and its invitation reads %s", p, i.status)
		}
	}
	for at, x := range s.sessions {
		switch {
		case administrators[at] > 1:
			broken("%v has %d administrators", at, administrators[at])
		case administrators[at] == 1 && counted[at]+throughOrganization[at] > 0:
			broken("%v is administrator and member at once", at)
		case (administrators[at] == 1) != (x.standing == string(associated)):
			broken("%v stands as %s with %d administrators", at, x.standing, administrators[at])
		case counted[at]+throughOrganization[at] > 0 && x.standing != string(administrator):
			broken("%v stands as %s with %d members", at, x.standing, counted[at]+throughOrganization[at])
		}
		if x.organizationCounted != throughOrganization[at] {
			broken("%v counts %d members through its organization and has %d", at, x.organizationCounted, throughOrganization[at])
		}
		if x.counted != counted[at] {
			broken("%v counts %d members and has %d", at, x.counted, counted[at])
		}
		if x.counted > quota {
			broken("%v has %d members, over the quota of %d", at, x.counted, quota)
		}
		if x.organizationCounted > max(quota, modelOrganizationQuota) {
			broken("%v has %d members through its organization, over any quota", at, x.organizationCounted)
		}
	}
	enabled := make(map[place]int)
	for d, x := range s.delegations {
		on := x.enabled
		at := place{d.region, d.account}
		switch {
		case s.managedBy[d.account] != d.organization:
			broken("%v is delegated from outside", d)
		case on && s.sessions[at].standing != string(administrator):
			broken("%v stands as %q", d, s.sessions[at].standing)
		case !on && !s.releasing[d]:
			broken("%v is being disabled, and nobody is going to end it", d)
		}
		if on {
			if enabled[place{d.region, macie2.AccountID(d.organization)}]++; enabled[place{d.region, macie2.AccountID(d.organization)}] > 1 {
				broken("organization %s has several delegated administrators in %s", d.organization, d.region)
			}
		}
	}
	return list
}

// checkOrganization holds a member through an organization against its place in it, and its
// administrator's.
func (s *state) checkOrganization(p pair, x recordRow, broken func(string, ...any)) {
	if s.managedBy[p.member] != x.organization {
		broken("%v is a member through organization %s and in %q", p, x.organization, s.managedBy[p.member])
	}
	if _, ok := s.delegations[delegated{p.region, x.organization, p.administrator}]; !ok {
		broken("%v is a member through no delegation", p)
	}
	if x.email != "" {
		broken("%v has an address", p)
	}
}

func (s *state) checkSession(at place, r record, broken func(string, ...any)) {
	x, ok := s.sessions[at]
	if !ok {
		broken("%v is a member without a session", at)
		return
	}
	if paused := r.underlying() == macie2.RelationshipStatusPaused; x.paused != paused {
		broken("%v is %s and its session's pause is %t", at, r.underlying(), x.paused)
	}
}

// checkInvitation holds the recipient's view of a relationship against the administrator's.
func (s *state) checkInvitation(p pair, x recordRow, broken func(string, ...any)) {
	i, has := s.invitations[p]
	status := record{status: x.status, held: x.held}.underlying()
	fits := false
	switch status {
	case "Enabled", "Paused":
		if x.organization != "" {
			fits = !has || i.declined
			break
		}
		fits = has && !i.declined && i.status == status
	case macie2.RelationshipStatusCreated:
		fits = !has || i.declined
	case macie2.RelationshipStatusRemoved:
		fits = !has || i.declined || i.status == status
	default:
		fits = has && !i.declined && i.status == status
	}
	if !fits {
		broken("%v is %s, and its invitation is %+v", p, status, i)
	}
	if x.status == macie2.RelationshipStatusEmailVerificationInProgress && !s.verifying[i.id] {
		broken("%v is in verification, and nobody is going to verify it", p)
	}
	if !x.invited && has && !i.declined {
		broken("%v has an invitation that was never sent", p)
	}
}
