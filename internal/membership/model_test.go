package membership

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"magpie/internal/macie2"
)

// model is the membership of a few accounts as the specification tells it, in maps, one operation
// at a time. It was written from the state machine that AWS documents and from docs/divergences.md,
// not from the code beside it, and knows nothing of rows, transactions or constraints.
// model_rounds_test.go holds the service against it.
type model struct {
	quota       int
	sessions    map[place]bool // true: paused
	records     map[pair]record
	invitations map[pair]received
	suspended   map[macie2.AccountID]bool // in the directory
	disabled    map[place]bool            // the Region, for the account

	// The organization: its accounts, its delegated administrators by Region, and who joined and
	// waits for the worker.
	in          map[macie2.AccountID]bool
	delegations map[place]delegationState
	registered  macie2.AccountID // as Macie's delegate; empty if nobody is
	waiting     map[place]bool   // for the worker to enroll them
	kept        map[place]bool   // out, when they joined, by what overridden them
}

// management is the management account of the model's organization.
const management = erin

// delegationState is what is known of a delegated administrator.
type delegationState struct {
	enabled    bool // and not on its way out
	autoEnable bool
}

// place is an account in a Region.
type place struct {
	region  string
	account macie2.AccountID
}

// pair is an administrator and an account of its inventory.
type pair struct {
	region                string
	administrator, member macie2.AccountID
}

// record is an account in an inventory. held is what is behind AccountSuspended and RegionDisabled.
type record struct {
	status, held macie2.RelationshipStatus
	address      bool // the address given is the account's
	organization bool // through the organization; without an address
}

func (r record) underlying() macie2.RelationshipStatus {
	if r.held != "" {
		return r.held
	}
	return r.status
}

func (r record) associated() bool {
	return r.underlying() == macie2.RelationshipStatusEnabled || r.underlying() == macie2.RelationshipStatusPaused
}

func (r record) counts() bool {
	return r.underlying() != macie2.RelationshipStatusRemoved && r.underlying() != macie2.RelationshipStatusResigned
}

// received is an invitation. Its recipient cannot see it before its address is verified.
type received struct {
	id       string
	status   macie2.RelationshipStatus
	declined bool
}

func (i received) visible() bool {
	return i.id != "" && i.status != macie2.RelationshipStatusEmailVerificationInProgress &&
		i.status != macie2.RelationshipStatusEmailVerificationFailed
}

func (i received) pending() bool {
	return i.status == macie2.RelationshipStatusInvited || i.status == macie2.RelationshipStatusResigned && !i.declined
}

func newModel(quota int) *model {
	return &model{quota: quota, sessions: make(map[place]bool), records: make(map[pair]record), invitations: make(map[pair]received),
		suspended: make(map[macie2.AccountID]bool), disabled: make(map[place]bool), in: make(map[macie2.AccountID]bool),
		delegations: make(map[place]delegationState), waiting: make(map[place]bool),
		kept: make(map[place]bool)}
}

func (m *model) clone() *model {
	return &model{m.quota, maps.Clone(m.sessions), maps.Clone(m.records), maps.Clone(m.invitations), maps.Clone(m.suspended),
		maps.Clone(m.disabled), maps.Clone(m.in), maps.Clone(m.delegations), m.registered, maps.Clone(m.waiting), maps.Clone(m.kept)}
}

// newID marks the id of an invitation that the model has made up, since it cannot guess the
// service's.
const newID = "new:"

// shown is an id as answers are compared: all ids that are new in a round look alike.
func shown(id string) string {
	if strings.HasPrefix(id, newID) {
		return "new"
	}
	return id
}

// administratorOf finds the account's administrator.
func (m *model) administratorOf(at place) (pair, bool) {
	for p, r := range m.records {
		if p.region == at.region && p.member == at.account && r.associated() {
			return p, true
		}
	}
	return pair{}, false
}

func (m *model) isMember(at place) bool {
	_, is := m.administratorOf(at)
	return is
}

// inventory lists the records of an administrator for which keep says yes.
func (m *model) inventory(at place, keep func(record) bool) []pair {
	var list []pair
	for p, r := range m.records {
		if p.region == at.region && p.administrator == at.account && keep(r) {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b pair) int { return strings.Compare(string(a.member), string(b.member)) })
	return list
}

// counted is how many members by invitation count.
func (m *model) counted(at place) int {
	return len(m.inventory(at, func(r record) bool { return r.counts() && !r.organization }))
}

// administers reports whether an account is an administrator: by a designation, or by the accounts
// in its inventory.
func (m *model) administers(at place) bool {
	return m.delegations[at].enabled || len(m.inventory(at, record.counts)) > 0
}

// override is what overrides an account's records in a Region.
func (m *model) override(at place) macie2.RelationshipStatus {
	switch {
	case m.suspended[at.account]:
		return macie2.RelationshipStatusAccountSuspended
	case m.disabled[at]:
		return macie2.RelationshipStatusRegionDisabled
	}
	return ""
}

// overrideOf is what overrides a record, as far as its administrator may know: one that was never
// verified shows nothing of an account whose address is another.
func (m *model) overrideOf(p pair) macie2.RelationshipStatus {
	r := m.records[p]
	switch r.underlying() {
	case macie2.RelationshipStatusCreated, macie2.RelationshipStatusRemoved, macie2.RelationshipStatusEmailVerificationInProgress,
		macie2.RelationshipStatusEmailVerificationFailed:
		if !r.address && !r.organization {
			return ""
		}
	}
	return m.override(place{p.region, p.member})
}

// overrideText says why an account that is overridden cannot be added or invited.
func overrideText(override macie2.RelationshipStatus) string {
	if override == macie2.RelationshipStatusAccountSuspended {
		return oursAccountSuspended
	}
	return oursRegionDisabled
}

// show lets a record show what overrides it, or the relationship again.
func (m *model) show(p pair) {
	r, known := m.records[p]
	if !known {
		return
	}
	was := r.underlying()
	if r.status, r.held = m.overrideOf(p), was; r.status == "" {
		r.status, r.held = was, ""
	}
	m.records[p] = r
}

// set gives both sides of a relationship a status.
func (m *model) set(p pair, to macie2.RelationshipStatus) {
	r := m.records[p]
	r.status, r.held = to, ""
	m.records[p] = r
	if i, ok := m.invitations[p]; ok && !i.declined {
		i.status = to
		m.invitations[p] = i
	}
}

// end ends a relationship and keeps its record. An invitation that was never shown is taken back.
func (m *model) end(p pair, to macie2.RelationshipStatus) {
	if !m.invitations[p].visible() {
		delete(m.invitations, p)
	}
	m.set(p, to)
}

// drop takes a record away, and its invitation, unless that was declined and so is the recipient's
// own.
func (m *model) drop(p pair) {
	delete(m.records, p)
	if !m.invitations[p].declined {
		delete(m.invitations, p)
	}
}

// follow carries the state of a member's session over to its relationship.
func (m *model) follow(at place, paused bool) {
	m.sessions[at] = paused
	p, is := m.administratorOf(at)
	if !is || m.records[p].organization {
		return
	}
	to := macie2.RelationshipStatusEnabled
	if paused {
		to = macie2.RelationshipStatusPaused
	}
	r, i := m.records[p], m.invitations[p]
	if i.status = to; r.held != "" {
		r.held = to
	} else {
		r.status = to
	}
	m.records[p], m.invitations[p] = r, i
}

// act does one operation and returns its answer, as text.
func (m *model) act(o operation) string {
	at := place{o.region, o.account}
	p := pair{o.region, o.account, o.other()}
	r, known := m.records[p]
	_, enabled := m.sessions[at]
	switch o.kind {
	case opEnable:
		if enabled {
			return conflict(specAlreadyEnabled)
		}
		m.sessions[at] = o.paused
		return "ok"
	case opSuspendAccount, opResumeAccount:
		m.standing(o.account, o.kind == opSuspendAccount)
		return "ok"
	case opDisableRegion, opEnableRegion:
		m.region(at, o.kind == opDisableRegion)
		return "ok"
	case opVerify:
		m.work(o.variant)
		return "ok"
	case opJoin, opLeave, opDeregister:
		return m.membership(o)
	case opDescribe:
		if d := m.delegations[at]; d.enabled {
			return fmt.Sprintf("ok auto %t", d.autoEnable)
		}
		return denied(specNotOrganizationAdmin)
	case opConfigure:
		if !m.delegations[at].enabled {
			return denied(specNotOrganizationAdmin)
		}
		m.delegations[at] = delegationState{true, o.auto}
		return "ok"
	}
	manages := at.account == management && (o.kind == opDelegate || o.kind == opUndelegate || o.kind == opListAdministrators)
	if !enabled && !manages {
		return "AccessDeniedException: " + specNotEnabled
	}
	switch o.kind {
	case opDisable:
		return m.disable(at)
	case opUpdateSession:
		if p, is := m.administratorOf(at); is && m.records[p].organization && o.paused != m.sessions[at] {
			return denied(oursOrganizationMember)
		}
		if o.paused && !m.sessions[at] && len(m.inventory(at, record.associated)) > 0 {
			return conflict(oursPauseWithMembers)
		}
		m.follow(at, o.paused)
	case opUpdateFrequency: // which does not affect the relationship
	case opCreateMember:
		return m.createMember(at, p, o.address)
	case opGetMember:
		if !known {
			return invalid(specNotAssociated)
		}
		return "ok " + string(r.status)
	case opListMembers:
		return m.listMembers(at, o.associated)
	case opDeleteMember:
		switch {
		case !known:
			return invalid(specNotAssociated)
		case r.associated():
			return invalid(specDeleteAssociated)
		}
		m.drop(p)
	case opDisassociateMember:
		switch {
		case !known:
			return invalid(specNotAssociated)
		case r.underlying() != macie2.RelationshipStatusRemoved:
			m.end(p, macie2.RelationshipStatusRemoved)
		}
	case opUpdateMemberSession:
		return m.updateMemberSession(p, o.paused)
	case opInvite:
		return m.invite(at, o)
	case opListInvitations:
		return m.listInvitations(at)
	case opCountInvitations:
		return m.countInvitations(at)
	case opAccept:
		return m.accept(at, o)
	case opDecline:
		return m.decline(at, o)
	case opDeleteInvitations:
		return m.deleteInvitations(at, o)
	case opGetAdministrator:
		p, is := m.administratorOf(at)
		if !is {
			return "ResourceNotFoundException: " + specNoAdministrator
		}
		if m.records[p].organization {
			return fmt.Sprintf("ok %s through the organization %s", p.administrator, m.records[p].status)
		}
		return fmt.Sprintf("ok %s %s %s", p.administrator, shown(m.invitations[p].id), m.records[p].status)
	case opDelegate:
		return m.delegate(at, o.other())
	case opUndelegate:
		return m.undelegate(at, o.other())
	case opListAdministrators:
		return m.listAdministrators(at)
	case opResign:
		p, is := m.administratorOf(at)
		if !is {
			return invalid(specNotAssociatedToMaster)
		}
		if m.records[p].organization {
			return denied(oursOrganizationMember)
		}
		m.end(p, macie2.RelationshipStatusResigned)
	default:
		panic("unknown operation " + o.kind)
	}
	return "ok"
}

func invalid(text string) string  { return "ValidationException: " + text }
func conflict(text string) string { return "ConflictException: " + text }
func quota(text string) string    { return "ServiceQuotaExceededException: " + text }

func (m *model) disable(at place) string {
	switch {
	case m.isMember(at):
		return conflict(specDisableWhileMember)
	case m.delegations[at].enabled:
		return conflict(oursDisableWhileDelegated)
	case len(m.inventory(at, func(record) bool { return true })) > 0:
		return conflict(oursDisableWithMembers)
	}
	delete(m.sessions, at)
	return "ok"
}

func (m *model) createMember(at place, p pair, address bool) string {
	_, known := m.records[p]
	switch {
	case p.member == at.account:
		return invalid(specCreateSelf)
	case m.isMember(at):
		return invalid(specCreateWhileMember)
	case m.delegations[at].enabled && m.in[p.member]:
		return m.enroll(p)
	case known:
		return invalid(specAlreadyAMember)
	case m.counted(at) >= m.quota:
		return quota(specTooManyMembers)
	}
	m.records[p] = record{status: macie2.RelationshipStatusCreated, address: address}
	return "ok"
}

func (m *model) listMembers(at place, associated bool) string {
	list := []string{"ok"}
	for _, p := range m.inventory(at, func(r record) bool { return !associated || r.associated() && r.held == "" }) {
		list = append(list, fmt.Sprintf("%s=%s", p.member, m.records[p].status))
	}
	return strings.Join(list, " ")
}

func (m *model) updateMemberSession(p pair, paused bool) string {
	r := m.records[p]
	switch {
	case !r.associated() || r.held != "":
		return invalid(specNotAMember)
	case !paused && r.status == macie2.RelationshipStatusPaused && !r.organization:
		return invalid(oursOnlyMemberResumes)
	case paused:
		m.sessions[place{p.region, p.member}] = true
		m.set(p, macie2.RelationshipStatusPaused)
	default:
		m.sessions[place{p.region, p.member}] = false
		m.set(p, macie2.RelationshipStatusEnabled)
	}
	return "ok"
}

func (m *model) invite(at place, o operation) string {
	// All that a call can be refused for is decided before anything is done: the quota refuses all
	// ids, or some.
	after := m.clone()
	var refused refusals
	over := 0
	ids := distinct(o.others)
	for _, id := range ids {
		p := pair{o.region, o.account, id}
		r, known := after.records[p]
		back := r.status == macie2.RelationshipStatusRemoved || r.status == macie2.RelationshipStatusResigned
		switch {
		case m.isMember(at):
			refused.add(id, specInviteWhileMember)
		case id == o.account:
			refused.add(id, specInviteSelf)
		case !known:
			refused.add(id, specNotAMember+oursHintCreateMember)
		case m.overrideOf(p) != "":
			after.show(p)
			refused.add(id, overrideText(m.overrideOf(p)))
		case back && r.organization:
			refused.add(id, specEmailMissing+hintAddAgain)
		case r.status == macie2.RelationshipStatusEmailVerificationFailed:
			refused.add(id, oursVerificationFailed)
		case back && after.counted(at) >= m.quota:
			over++
			refused.add(id, specTooManyMembers)
		case back, r.status == macie2.RelationshipStatusCreated:
			r.status = macie2.RelationshipStatusEmailVerificationInProgress
			after.records[p] = r
			after.invitations[p] = received{id: newID + o.name + ":" + string(id), status: r.status}
		default:
			refused.add(id, specAlreadyInvited)
		}
	}
	if over == len(ids) {
		return quota(specTooManyMembers)
	}
	*m = *after
	return refused.String()
}

func distinct(ids []macie2.AccountID) []macie2.AccountID {
	var list []macie2.AccountID
	for _, id := range ids {
		if !slices.Contains(list, id) {
			list = append(list, id)
		}
	}
	return list
}

// refusals are unprocessedAccounts, as text.
type refusals []string

func (r *refusals) add(id macie2.AccountID, text string) {
	*r = append(*r, fmt.Sprintf("%s: ClientError: %s", id, text))
}

func (r refusals) String() string {
	list := slices.Sorted(slices.Values(r)) // the order in an answer promises nothing
	return strings.Join(append([]string{"ok"}, list...), "\n\t\t")
}

// listInvitations sorts by administrator: the order in which the service lists, by time, is not the
// model's business.
func (m *model) listInvitations(at place) string {
	var list []string
	for p, i := range m.invitations {
		if p.region == at.region && p.member == at.account && i.visible() {
			list = append(list, fmt.Sprintf("%s=%s/%s", p.administrator, i.status, shown(i.id)))
		}
	}
	slices.Sort(list)
	return strings.Join(append([]string{"ok"}, list...), " ")
}

func (m *model) countInvitations(at place) string {
	n := 0
	for p, i := range m.invitations {
		if p.region == at.region && p.member == at.account && i.visible() && (i.declined || !m.records[p].associated()) {
			n++
		}
	}
	return fmt.Sprintf("ok %d", n)
}

func (m *model) accept(at place, o operation) string {
	for p, i := range m.invitations {
		if p.region != at.region || p.member != at.account || i.id != o.invitation {
			continue
		}
		r := m.records[p]
		inviter := place{p.region, p.administrator}
		_, open := m.sessions[inviter]
		back := r.status == macie2.RelationshipStatusResigned
		switch {
		case o.other() != "" && o.other() != p.administrator, !i.pending(), m.isMember(at),
			r.status != macie2.RelationshipStatusInvited && !back, !open:
			return invalid(specNoPendingInvitation)
		case len(m.inventory(at, record.counts)) > 0:
			return invalid(specAcceptWithMembers)
		case m.delegations[at].enabled:
			return invalid(oursAcceptWhileDelegated)
		case m.isMember(inviter):
			return invalid(specAcceptFromMember)
		case back && m.counted(inviter) >= m.quota:
			return quota(oursInviterTooManyMembers)
		}
		m.set(p, macie2.RelationshipStatusEnabled)
		m.follow(at, m.sessions[at])
		return "ok"
	}
	return invalid(specNoPendingInvitation)
}

func (m *model) decline(at place, o operation) string {
	var refused refusals
	for _, id := range distinct(o.others) {
		p := pair{at.region, id, at.account}
		i, ok := m.invitations[p]
		if !ok || !i.pending() {
			refused.add(id, specNoPendingInvitation)
			continue
		}
		i.status, i.declined = macie2.RelationshipStatusResigned, true
		m.invitations[p] = i
		m.drop(p)
	}
	return refused.String()
}

func (m *model) deleteInvitations(at place, o operation) string {
	var refused refusals
	for _, id := range distinct(o.others) {
		p := pair{at.region, id, at.account}
		i := m.invitations[p]
		switch {
		case !i.visible():
			refused.add(id, specNoPendingInvitation)
		case i.status != macie2.RelationshipStatusResigned && i.status != macie2.RelationshipStatusRemoved:
			refused.add(id, specDeleteInvitation)
		default:
			if !i.declined {
				delete(m.records, p)
			}
			delete(m.invitations, p)
		}
	}
	return refused.String()
}

// verify is what the worker does with all invitations that wait for it.
func (m *model) verify() {
	for p, r := range m.records {
		switch {
		case r.status != macie2.RelationshipStatusEmailVerificationInProgress:
		case m.suspended[p.administrator]:
			m.end(p, macie2.RelationshipStatusRemoved)
		case m.overrideOf(p) != "":
			m.show(p)
		case r.address:
			m.set(p, macie2.RelationshipStatusInvited)
		default:
			m.set(p, macie2.RelationshipStatusEmailVerificationFailed)
		}
	}
}

// standing is a suspension of an account in the directory, or its end.
func (m *model) standing(account macie2.AccountID, suspended bool) {
	if m.suspended[account] == suspended {
		return
	}
	m.suspended[account] = suspended
	for p, r := range m.records {
		switch {
		case p.member == account:
			m.show(p)
		case p.administrator == account && suspended && !r.organization && open(r.underlying()):
			m.end(p, macie2.RelationshipStatusRemoved)
		}
	}
	if suspended {
		m.endDelegations(account)
	} else {
		m.comesBack(account)
	}
}

// region disables a Region for an account, or enables it.
func (m *model) region(at place, disabled bool) {
	if m.disabled[at] == disabled {
		return
	}
	m.disabled[at] = disabled
	for p := range m.records {
		if p.region == at.region && p.member == at.account {
			m.show(p)
		}
	}
	m.comesBack(at.account)
}

// open reports whether a relationship in this status is one, or becomes one as soon as the other
// side wants it.
func open(s macie2.RelationshipStatus) bool {
	switch s {
	case macie2.RelationshipStatusEnabled, macie2.RelationshipStatusPaused, macie2.RelationshipStatusInvited,
		macie2.RelationshipStatusResigned, macie2.RelationshipStatusEmailVerificationInProgress:
		return true
	}
	return false
}
