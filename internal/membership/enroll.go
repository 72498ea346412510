package membership

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/queue"
	"magpie/internal/store"
)

// The kinds of tasks that organizations bring.
const (
	kindEnroll  = "organization.enroll"
	kindRelease = "organization.release"
)

// register registers the background work of delegations with the queue.
func (s *Delegations) register() {
	s.queue.Transactional(queue.Transactional{Kind: kindEnroll, Handle: s.enrollQueued, Batch: 1, Gentle: true})
	s.queue.Transactional(queue.Transactional{Kind: kindRelease, Handle: s.releaseQueued, Batch: 1, Gentle: true})
}

// How many accounts one transaction enrolls or releases: few enough that other callers do not wait
// for it.
const (
	enrollBatch  = 20
	releaseBatch = 50
)

// enrollment is accounts that are to become members of their organization's delegated
// administrator.
type enrollment struct {
	delegation
	ids       []macie2.AccountID
	tags      string           // for their records; empty leaves those of a record that is there
	principal macie2.Principal // who did it; the zero Principal is the service itself
	at        time.Time
}

// enrollable is what is known of an account that is to be enrolled.
type enrollable struct {
	member      macie2.AccountID
	record      memberRecord // without a status if there is none
	standing    standing     // empty without a session
	administers bool         // it is a delegated administrator, or has accounts in its inventory
}

// exclusion is an account that cannot be a member, and why.
type exclusion struct {
	id    macie2.AccountID
	cause exclusionCause
	text  string
}

type exclusionCause int

const (
	excludedForGood    exclusionCause = iota // as long as nobody changes what the text says
	excludedOutside                          // it is not in the organization
	excludedEnrolled                         // it is one already through the organization
	excludedMember                           // it is one already by invitation, or the administrator itself
	excludedOverridden                       // until its account is resumed, or the Region enabled for it
	excludedFull                             // by the quota
)

// enroll makes accounts members, all in one transaction: Macie is enabled in each, and the record
// that the administrator may have of it from an invitation becomes that of a member through the
// organization. The accounts that cannot be members are returned with the reason; every step is a
// compare-and-set or leans on a constraint, as with accept.
func (s *Delegations) enroll(ctx context.Context, tx *store.Tx, e enrollment) ([]exclusion, error) {
	x, err := sideOf(ctx, tx, e.region, e.administrator)
	if errors.Is(err, store.ErrNotFound) {
		return nil, store.ErrConflict // the delegation holds the session: both went a moment ago
	}
	if err != nil {
		return nil, err
	}
	quota, err := quotaNow(ctx, tx, e.administrator)
	if err != nil {
		return nil, err
	}
	list, excluded, err := s.decideEnrollment(ctx, tx, e, quota.organizationMembers-x.organizationCounted)
	if err != nil || len(list) == 0 {
		return excluded, err
	}
	at := millis(e.at)
	taken := 0 // records that were on the count of members by invitation
	for _, c := range list {
		if c.record.status != "" && !c.record.viaOrganization() && counts(c.record.underlying()) {
			taken++
		}
	}
	tx.DeferExpect(1, `update macie_session set organization_counted = organization_counted + $1, counted = counted - $2
		where region = $3 and account_id = $4 and standing = 'Administrator' and organization_counted <= $5 and counted >= $6`,
		len(list), taken, e.region, e.administrator, quota.organizationMembers-int64(len(list)), taken)
	ids := make([]macie2.AccountID, len(list))
	for i, c := range list {
		ids[i] = c.member
	}
	if err := s.sessions.Ensure(ctx, tx, e.region, ids, e.principal, e.at); err != nil {
		return nil, err
	}
	var events []viewedEntry
	for _, c := range list {
		r := relation{e.region, e.administrator, c.member}
		tx.DeferExpect(1, `update macie_session set standing = 'Member', updated_at = $3
			where region = $1 and account_id = $2 and standing <> 'Member' and counted = 0 and organization_counted = 0`,
			e.region, c.member, at)
		if c.record.status == "" {
			tx.DeferExpect(1, `insert into member (region, administrator_id, account_id, organization_id, status, tags, created_at, updated_at)
				values ($1, $2, $3, $4, 'Enabled', $5, $6, $6)`, r.args(e.organization, e.tags, at)...)
		} else {
			tx.DeferExpect(1, `update member set organization_id = $4, email = null, status = 'Enabled', held_status = null, invited_at = null,
				tags = case when $5 = '' then tags else $5 end, updated_at = $6
				where region = $1 and administrator_id = $2 and account_id = $3 and status = $7 and coalesce(held_status, '') = $8`,
				r.args(e.organization, e.tags, at, string(c.record.status), string(c.record.held))...)
			tx.Defer(deleteInvitation, r.args()...)
		}
		events = append(events, entry{relation: r, event: EventMemberEnabled, from: c.record.status, to: macie2.RelationshipStatusEnabled,
			principal: e.principal, at: e.at}.forBoth()...)
	}
	if err := settle(ctx, tx); err != nil {
		return nil, err
	}
	s.record(tx, events...)
	return excluded, nil
}

// settle runs the deferred statements. Where a constraint refuses one, another transaction has
// changed what was decided on, and the closure is run again.
func settle(ctx context.Context, tx *store.Tx) error {
	err := tx.Flush(ctx)
	if errors.Is(err, store.ErrForeignKey) || errors.Is(err, store.ErrExists) {
		return store.ErrConflict
	}
	return err
}

// decideEnrollment sorts the accounts into those that become members and those that cannot.
func (s *Delegations) decideEnrollment(ctx context.Context, tx *store.Tx, e enrollment, room int64) (list []enrollable, excluded []exclusion, err error) {
	o, err := s.organizations.OrganizationOf(ctx, tx, e.administrator)
	if err != nil {
		return nil, nil, err
	}
	// A suspension that happens right now either committed before, and is seen here, or waits for
	// this lock and then finds the record.
	if err := s.accounts.LockAccounts(ctx, tx, e.ids); err != nil {
		return nil, nil, err
	}
	accounts, err := s.accounts.LookupAccounts(ctx, tx, e.ids)
	if err != nil {
		return nil, nil, err
	}
	all, err := readEnrollables(ctx, tx, e)
	if err != nil {
		return nil, nil, err
	}
	// After the records: one that leaves in between is told that it is outside, and not what its
	// record as a former member stands against.
	in, err := s.organizations.InOrganization(ctx, tx, e.organization, e.ids)
	if err != nil {
		return nil, nil, err
	}
	exclude := func(id macie2.AccountID, cause exclusionCause, text string) {
		excluded = append(excluded, exclusion{id, cause, text})
	}
	for _, c := range all {
		override := overrideOf(accounts[c.member], e.region)
		switch {
		case !in[c.member]:
			exclude(c.member, excludedOutside, textNotInOrganization)
		case c.member == e.administrator:
			exclude(c.member, excludedMember, textCreateSelf)
		case isAssociated(c.record.underlying()) && c.record.organization == e.organization:
			exclude(c.member, excludedEnrolled, textAlreadyAMember)
		case isAssociated(c.record.underlying()):
			exclude(c.member, excludedMember, textAlreadyAMember)
		case override != "":
			exclude(c.member, excludedOverridden, overrideTexts[override])
		case c.standing == associated:
			exclude(c.member, excludedForGood, textTiedElsewhere)
		case c.administers:
			exclude(c.member, excludedForGood, textIsAdministrator)
		case c.member == o.Management && c.standing == "":
			exclude(c.member, excludedForGood, textManagementNotEnabled)
		case int64(len(list)) >= room:
			exclude(c.member, excludedFull, textOrganizationMembersFull)
		default:
			list = append(list, c)
		}
	}
	return list, excluded, nil
}

// readEnrollables reads what is known of the accounts, in the order of their ids, which is the one
// in which their rows are locked.
func readEnrollables(ctx context.Context, tx *store.Tx, e enrollment) ([]enrollable, error) {
	ids := slices.Clone(e.ids)
	slices.Sort(ids)
	ids = slices.Compact(ids)
	list := make([]enrollable, len(ids))
	stmts := make([]store.Stmt, len(ids))
	for i, id := range ids {
		list[i].member = id
		stmts[i] = store.Stmt{SQL: `select coalesce(m.status, ''), coalesce(m.held_status, ''), coalesce(m.organization_id, ''), coalesce(x.standing, ''),
				exists (select 1 from member t where t.region = $1 and t.administrator_id = $3 and t.administrator_standing = 'Administrator')
				or exists (` + delegations + ` where o.administrator_id = $3 and o.region = $1 and o.status = 'ENABLED')
			from (select 1 as one) one
			left join member m on m.region = $1 and m.administrator_id = $2 and m.account_id = $3
			left join macie_session x on x.region = $1 and x.account_id = $3`, Args: relation{e.region, e.administrator, id}.args()}
	}
	err := tx.QueryMany(ctx, func(i int, row store.Row) error {
		c := &list[i]
		return row.Scan(&c.record.status, &c.record.held, &c.record.organization, &c.standing, &c.administers)
	}, stmts...)
	return list, err
}

// enrollPayload names accounts that are to be enrolled because they joined their organization, or
// what kept them out then is over.
type enrollPayload struct {
	Region         string                  `json:"region"`
	OrganizationID identity.OrganizationID `json:"organizationId"`
	AccountIDs     []macie2.AccountID      `json:"accountIds"`
}

// OrganizationJoined follows accounts into an organization: where its delegated administrator wants
// those that join, they become members.
func (s *Delegations) OrganizationJoined(ctx context.Context, tx *store.Tx, o identity.OrganizationID, ids []macie2.AccountID) error {
	list, err := delegationsOf{organization: o}.read(ctx, tx)
	if err != nil {
		return err
	}
	var tasks []queue.New
	for _, d := range list {
		if !d.autoEnable {
			continue
		}
		for batch := range slices.Chunk(ids, enrollBatch) {
			tasks = append(tasks, queue.New{Kind: kindEnroll, Payload: enrollPayload{d.region, d.organization, batch}})
		}
	}
	return s.queue.Enqueue(ctx, tx, tasks...)
}

// enrollWaiting lets an account become a member wherever it could not when it joined its
// organization, if nothing overrides it any more.
func (s *Delegations) enrollWaiting(ctx context.Context, tx *store.Tx, a identity.Account) error {
	var waiting []enrollPayload
	err := tx.Query(ctx, func(row store.Row) error {
		p := enrollPayload{AccountIDs: []macie2.AccountID{a.ID}}
		err := row.Scan(&p.Region, &p.OrganizationID)
		if overrideOf(a, p.Region) == "" {
			waiting = append(waiting, p)
		}
		return err
	}, `select region, organization_id from organization_waiting where account_id = $1 order by region`, a.ID)
	if err != nil {
		return err
	}
	var tasks []queue.New
	for _, p := range waiting {
		tx.DeferExpect(1, `delete from organization_waiting where account_id = $1 and organization_id = $2 and region = $3`,
			a.ID, p.OrganizationID, p.Region)
		tasks = append(tasks, queue.New{Kind: kindEnroll, Payload: p})
	}
	return s.queue.Enqueue(ctx, tx, tasks...)
}

// enrollQueued is the task that follows: it tells the administrator's history of accounts that
// could not become members, and why.
func (s *Delegations) enrollQueued(ctx context.Context, tx *store.Tx, tasks []queue.Task) error {
	now := s.now().UTC().Truncate(time.Millisecond)
	for _, t := range tasks {
		var p enrollPayload
		if err := t.Decode(&p); err != nil {
			return err
		}
		d, err := delegationsOf{region: p.Region, organization: p.OrganizationID}.one(ctx, tx)
		if errors.Is(err, store.ErrNotFound) || err == nil && !d.autoEnable {
			continue // the delegation ended, or no longer takes accounts that join
		}
		if err != nil {
			return err
		}
		excluded, err := s.enroll(ctx, tx, enrollment{delegation: d, ids: p.AccountIDs, at: now})
		if err != nil {
			return fmt.Errorf("enroll %d accounts with %s: %w", len(p.AccountIDs), d.administrator, err)
		}
		for _, x := range excluded {
			if x.cause == excludedOutside || x.cause == excludedEnrolled || x.cause == excludedMember {
				continue // no event: nobody can do anything about these
			}
			if x.cause == excludedOverridden {
				d.hold(tx) // its end lets go of those that wait
				tx.Defer(`insert into organization_waiting (region, organization_id, account_id) values ($1, $2, $3) on conflict do nothing`,
					d.region, d.organization, x.id)
			}
			s.record(tx, entry{relation: relation{d.region, d.administrator, x.id}, event: EventMemberNotEnabled, at: now, detail: x.text}.forAdministrator())
		}
		if err := settle(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// OrganizationLeft releases accounts that are about to leave an organization. It refuses for one
// that is the delegated administrator, or on its way out of that.
func (s *Delegations) OrganizationLeft(ctx context.Context, tx *store.Tx, o identity.OrganizationID, ids []macie2.AccountID) error {
	var held string
	err := tx.QueryRow(ctx, `select administrator_id from organization_administrator where organization_id = $1 and `+
		tx.Any("administrator_id", 2)+` order by administrator_id limit 1`, o, store.ListOf(ids)).Scan(&held)
	switch {
	case err == nil:
		return fmt.Errorf("account %s: %w of Macie, or is still being disabled as that", held, identity.ErrDelegate)
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	var members []inventoryRecord
	err = tx.Query(ctx, scanInventory(&members), `select `+inventoryColumns+` from member where organization_tie = $1 and `+tx.Any("account_id", 2)+
		` order by region, administrator_id, account_id`, o, store.ListOf(ids))
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `delete from organization_waiting where organization_id = $1 and `+tx.Any("account_id", 2), o, store.ListOf(ids))
	if err != nil {
		return err
	}
	return s.releaseMembers(ctx, tx, members, "the account left the organization")
}

// DelegateDeregistered ends all delegations of an account that does not act for its organization in
// Macie any more.
func (s *Delegations) DelegateDeregistered(ctx context.Context, tx *store.Tx, o identity.OrganizationID, id macie2.AccountID, service identity.ServicePrincipal,
	by macie2.Principal) error {
	if service != MaciePrincipal {
		return nil
	}
	return s.endDelegations(ctx, tx, delegationsOf{organization: o, administrator: id}, by, s.now().UTC().Truncate(time.Millisecond))
}

// releasePayload names a delegation that is being disabled.
type releasePayload struct {
	Region          string                  `json:"region"`
	OrganizationID  identity.OrganizationID `json:"organizationId"`
	AdministratorID macie2.AccountID        `json:"administratorId"`
}

func (d delegation) releaseTask() queue.New {
	return queue.New{Kind: kindRelease, Key: d.region + "/" + string(d.organization) + "/" + string(d.administrator),
		Payload: releasePayload{d.region, d.organization, d.administrator}}
}

// releaseQueued is the task that follows the end of a delegation: it releases some of its members
// and queues itself again, until none are left and the delegation goes.
func (s *Delegations) releaseQueued(ctx context.Context, tx *store.Tx, tasks []queue.Task) error {
	for _, t := range tasks {
		var p releasePayload
		if err := t.Decode(&p); err != nil {
			return err
		}
		var members []inventoryRecord
		err := tx.Query(ctx, scanInventory(&members), `select `+inventoryColumns+` from member
			where region = $1 and administrator_id = $2 and member_standing = 'Member' and organization_tie = $3 order by account_id limit $4`,
			p.Region, p.AdministratorID, p.OrganizationID, releaseBatch)
		if err != nil {
			return err
		}
		if err := s.releaseMembers(ctx, tx, members, "the designation of the delegated administrator ended"); err != nil {
			return err
		}
		if len(members) == releaseBatch {
			d := delegation{region: p.Region, organization: p.OrganizationID, administrator: p.AdministratorID}
			if err := s.queue.Enqueue(ctx, tx, d.releaseTask()); err != nil {
				return err
			}
			continue
		}
		_, err = tx.Exec(ctx, `delete from organization_administrator
			where region = $1 and organization_id = $2 and administrator_id = $3 and status = 'DISABLING_IN_PROGRESS'`,
			p.Region, p.OrganizationID, p.AdministratorID)
		if errors.Is(err, store.ErrForeignKey) {
			return store.ErrConflict // a member that was just on its way in
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// releaseMembers lets members through an organization stand alone. Their records stay, as Removed:
// tools that tear an organization down go through the list and disassociate and delete each.
func (s *Delegations) releaseMembers(ctx context.Context, tx *store.Tx, members []inventoryRecord, detail string) error {
	if len(members) == 0 {
		return nil
	}
	now := s.now().UTC().Truncate(time.Millisecond)
	members = slices.Clone(members)
	slices.SortFunc(members, func(a, b inventoryRecord) int {
		return cmp.Or(cmp.Compare(a.region, b.region), cmp.Compare(a.administrator, b.administrator), cmp.Compare(a.member, b.member))
	})
	type place struct {
		region        string
		administrator macie2.AccountID
	}
	counted := make(map[place]int)
	var places []place
	for _, x := range members {
		p := place{x.region, x.administrator}
		if counted[p]++; counted[p] == 1 {
			places = append(places, p)
		}
	}
	for _, p := range places {
		tx.DeferExpect(1, `update macie_session set organization_counted = organization_counted - $1
			where region = $2 and account_id = $3 and organization_counted >= $4`, counted[p], p.region, p.administrator, counted[p])
	}
	var events []viewedEntry
	for _, x := range members {
		tx.DeferExpect(1, `update member set status = 'Removed', held_status = null, updated_at = $4
			where region = $1 and administrator_id = $2 and account_id = $3 and status = $5 and coalesce(held_status, '') = $6`,
			x.args(millis(now), string(x.status), string(x.held))...)
		tx.DeferExpect(1, `update macie_session set standing = 'Standalone' where region = $1 and account_id = $2 and standing = 'Member'`,
			x.region, x.member)
		events = append(events, entry{relation: x.relation, event: EventMemberRemoved, from: x.status, to: macie2.RelationshipStatusRemoved,
			at: now, detail: detail}.forBoth()...)
	}
	s.record(tx, events...)
	return nil
}
