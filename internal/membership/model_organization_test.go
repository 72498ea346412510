package membership

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"magpie/internal/macie2"
)

// byPlace orders places: maps have no order, seeds need one.
func byPlace(a, b place) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) }

// The organization's part of the model, written from the same sources.

// enroll makes an account a member of its organization's delegated administrator.
func (m *model) enroll(p pair) string {
	at := place{p.region, p.member}
	_, enabled := m.sessions[at]
	switch r := m.records[p]; {
	case r.associated() && r.organization:
		return "ok"
	case r.associated():
		return invalid(specAlreadyAMember)
	case m.override(at) != "":
		return invalid(overrideText(m.override(at)))
	case m.isMember(at):
		return invalid(oursTiedElsewhere)
	case m.administers(at):
		return invalid(oursIsAdministrator)
	case p.member == management && !enabled:
		return invalid(oursManagementNotEnabled)
	}
	m.sessions[at] = false
	m.drop(p)
	m.records[p] = record{status: macie2.RelationshipStatusEnabled, organization: true}
	return "ok"
}

// delegate is EnableOrganizationAdminAccount.
func (m *model) delegate(at place, id macie2.AccountID) string {
	target := place{at.region, id}
	_, enabled := m.sessions[at]
	switch {
	case at.account != management:
		return denied(oursNotManagement)
	case id == management && !enabled:
		return denied(specNotEnabled)
	case m.isMember(at):
		return invalid(oursManagementIsMember)
	case !m.in[id]:
		return invalid(specNotInOrganization)
	}
	for d, x := range m.delegations {
		if x.enabled && d.account != id {
			return conflict(specAnotherDelegated + hintDeregister)
		}
	}
	existing, known := m.delegations[target]
	switch {
	case existing.enabled:
		return conflict(specAlreadyDelegated)
	case m.registered != "" && m.registered != id:
		return conflict(specAnotherDelegated + hintDeregister)
	case known:
		return invalid(oursBeingDisabled)
	case m.override(target) != "":
		return invalid(oursDelegateUnavailable)
	case m.isMember(target):
		return invalid(oursDelegateIsMember)
	}
	if id != management {
		m.registered = id
	}
	m.sessions[target] = false
	m.delegations[target] = delegationState{enabled: true}
	for _, p := range m.inventory(target, record.associated) {
		if r := m.records[p]; m.in[p.member] && !r.organization {
			if !m.invitations[p].declined {
				delete(m.invitations, p)
			}
			r.organization = true
			m.records[p] = r
		}
	}
	return "ok"
}

// undelegate is DisableOrganizationAdminAccount.
func (m *model) undelegate(at place, id macie2.AccountID) string {
	target := place{at.region, id}
	_, known := m.delegations[target]
	switch {
	case at.account != management:
		return denied(oursNotManagement)
	case !known:
		return "ResourceNotFoundException: " + oursNotDelegated
	}
	m.endDelegation(target)
	return "ok"
}

func (m *model) endDelegation(d place) {
	if !m.delegations[d].enabled {
		return
	}
	m.delegations[d] = delegationState{}
	maps.DeleteFunc(m.kept, func(k place, _ bool) bool { return k.region == d.region })
}

func (m *model) endDelegations(account macie2.AccountID) {
	for d := range m.delegations {
		if d.account == account {
			m.endDelegation(d)
		}
	}
}

func (m *model) listAdministrators(at place) string {
	if !m.in[at.account] {
		return denied(oursNotManagement)
	}
	var list []string
	own := at.account == management
	for d, x := range m.delegations {
		if d.region != at.region {
			continue
		}
		own = own || d.account == at.account
		status := macie2.AdminStatusEnabled
		if !x.enabled {
			status = macie2.AdminStatusDisablingInProgress
		}
		list = append(list, fmt.Sprintf("%s=%s", d.account, status))
	}
	if !own {
		return denied(oursNotManagement)
	}
	slices.Sort(list)
	return strings.Join(append([]string{"ok"}, list...), " ")
}

// membership is what AWS Organizations and whoever administers it do: accounts join, leave, and are
// no delegates any more.
func (m *model) membership(o operation) string {
	switch o.kind {
	case opJoin:
		if !m.in[o.account] {
			m.in[o.account] = true
			for d, x := range m.delegations {
				if x.autoEnable {
					m.waiting[place{d.region, o.account}] = true
				}
			}
		}
		return "ok"
	case opDeregister:
		if m.registered != o.account || o.account == "" {
			return "refused"
		}
		m.registered = ""
		m.endDelegations(o.account)
		return "ok"
	}
	if !m.in[o.account] || o.account == management || o.account == m.registered {
		return "refused"
	}
	for d := range m.delegations {
		if d.account == o.account {
			return "refused"
		}
	}
	m.in[o.account] = false
	maps.DeleteFunc(m.kept, func(k place, _ bool) bool { return k.account == o.account })
	for p, r := range m.records {
		if p.member == o.account && r.organization && r.associated() {
			m.end(p, macie2.RelationshipStatusRemoved)
		}
	}
	return "ok"
}

// comesBack lets an account wait for its enrollment wherever it was kept out of it and nothing
// overrides it any more.
func (m *model) comesBack(account macie2.AccountID) {
	for k := range m.kept {
		if k.account == account && m.override(k) == "" {
			delete(m.kept, k)
			m.waiting[k] = true
		}
	}
}

// work is what the workers do with all that waits for them. Whether they enroll first or release
// first is theirs.
func (m *model) work(releaseFirst bool) {
	m.verify()
	if releaseFirst {
		m.release()
	}
	for _, k := range slices.SortedFunc(maps.Keys(m.waiting), byPlace) {
		for d, x := range m.delegations {
			p := pair{k.region, d.account, k.account}
			switch {
			case d.region != k.region || !x.enabled || !x.autoEnable || !m.in[k.account] || d.account == k.account || m.records[p].associated():
			case m.override(k) != "":
				m.kept[k] = true
			default:
				m.enroll(p)
			}
		}
	}
	clear(m.waiting)
	m.release()
}

// release ends delegations that are on their way out.
func (m *model) release() {
	for d, x := range m.delegations {
		if x.enabled {
			continue
		}
		for _, p := range m.inventory(d, record.associated) {
			if m.records[p].organization {
				m.end(p, macie2.RelationshipStatusRemoved)
			}
		}
		delete(m.delegations, d)
	}
}
