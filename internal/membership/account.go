package membership

import (
	"context"
	"maps"
	"slices"
	"time"

	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/queue"
	"magpie/internal/store"
)

// Two things override a relationship's status, whatever it is: that the member's account is
// suspended or closed, and that the Region is disabled for it. The record then shows the stronger
// of the two, and keeps the relationship's own status in held_status until neither holds.

// overrideOf is the status that overrides an account's records in a Region; empty if none does.
func overrideOf(a identity.Account, region string) macie2.RelationshipStatus {
	switch {
	case a.Status != identity.AccountActive:
		return macie2.RelationshipStatusAccountSuspended
	case a.DisabledRegions.Has(region):
		return macie2.RelationshipStatusRegionDisabled
	}
	return ""
}

// overrideIn is what overrides a record in its Region, as far as its administrator may know:
// whether an account is suspended is told to those who know its address, and to those whose
// invitation it has had. To anybody else it is as an account without that address.
func (m memberRecord) overrideIn(a identity.Account, region string) macie2.RelationshipStatus {
	if m.viaOrganization() || a.EmailIs(m.email) {
		return overrideOf(a, region)
	}
	switch m.underlying() {
	case macie2.RelationshipStatusCreated, macie2.RelationshipStatusRemoved, macie2.RelationshipStatusEmailVerificationInProgress,
		macie2.RelationshipStatusEmailVerificationFailed: // none of them says that the address was verified
		return ""
	}
	return overrideOf(a, region)
}

// overrideTexts say why an account cannot be invited or added.
var overrideTexts = map[macie2.RelationshipStatus]string{
	macie2.RelationshipStatusAccountSuspended: textAccountSuspended,
	macie2.RelationshipStatusRegionDisabled:   textRegionDisabled,
}

// AccountStatusChanged follows a change of an account in the directory, in the transaction that
// makes it. A suspended or closed account reads AccountSuspended wherever it is in an inventory,
// and goes back to what it was when it is resumed. An administrator that is suspended or closed
// loses its members, which are standalone from then on, and its invitations, those included that a
// member which resigned could accept again; where it is delegated by an organization, it is that no
// longer. Some of this is done at once, the rest by a task; it is through before the account can
// act again.
func (s *Service) AccountStatusChanged(ctx context.Context, tx *store.Tx, account macie2.AccountID, status identity.AccountStatus) error {
	now := s.now().UTC().Truncate(time.Millisecond)
	accounts, err := s.accounts.LookupAccounts(ctx, tx, []macie2.AccountID{account})
	if err != nil {
		return err
	}
	a := accounts[account]
	records, err := recordsWhere(ctx, tx, `account_id = $1`, account)
	if err != nil {
		return err
	}
	for _, x := range records {
		if err := s.setOverride(ctx, tx, x, x.overrideIn(a, x.region), now); err != nil {
			return err
		}
	}
	if status == identity.AccountActive {
		if err := s.abandonAll(ctx, tx, account, now); err != nil {
			return err
		}
		return s.enrollWaiting(ctx, tx, a)
	}
	if err := s.endDelegations(ctx, tx, delegationsOf{administrator: account}, macie2.Principal{}, now); err != nil {
		return err
	}
	return s.abandonSome(ctx, tx, account, now)
}

// What an administrator loses that is suspended or closed.
const abandoned = `organization_id is null and coalesce(held_status, status) in ('Enabled', 'Paused', 'Invited', 'Resigned', 'EmailVerificationInProgress')`

// abandonBatch is how many relationships of an administrator end in one transaction.
const abandonBatch = 100

// abandonPayload names the relationships by invitation of an administrator in a Region.
type abandonPayload struct {
	Region          string           `json:"region"`
	AdministratorID macie2.AccountID `json:"administratorId"`
}

func (p abandonPayload) task() queue.New {
	return queue.New{Kind: kindAbandon, Key: p.Region + "/" + string(p.AdministratorID), Payload: p}
}

// abandonSome ends some of the relationships of an administrator that is suspended or closed, and
// leaves the others to tasks.
func (s *Invitations) abandonSome(ctx context.Context, tx *store.Tx, account macie2.AccountID, now time.Time) error {
	list, err := recordsWhere(ctx, tx, `administrator_id = $1 and `+abandoned, account)
	if err != nil {
		return err
	}
	n := min(len(list), s.abandonBatch)
	if err := s.abandon(ctx, tx, list[:n], now); err != nil {
		return err
	}
	var tasks []queue.New
	for _, x := range list[n:] {
		if p := (abandonPayload{x.region, account}).task(); len(tasks) == 0 || tasks[len(tasks)-1].Key != p.Key {
			tasks = append(tasks, p)
		}
	}
	return s.queue.Enqueue(ctx, tx, tasks...)
}

// abandonAll ends what the task that follows a suspension has left, so that an account which is
// resumed has none of it.
func (s *Invitations) abandonAll(ctx context.Context, tx *store.Tx, account macie2.AccountID, now time.Time) error {
	list, err := recordsWhere(ctx, tx, `administrator_id = $1 and `+abandoned, account)
	if err != nil {
		return err
	}
	return s.abandon(ctx, tx, list, now)
}

// abandonQueued is the task: it ends some relationships in a Region, and queues itself again while
// there are more.
func (s *Invitations) abandonQueued(ctx context.Context, tx *store.Tx, tasks []queue.Task) error {
	now := s.now().UTC().Truncate(time.Millisecond)
	for _, t := range tasks {
		var p abandonPayload
		if err := t.Decode(&p); err != nil {
			return err
		}
		// The lock keeps the account from being resumed meanwhile. An account that was resumed
		// before has nothing left from then, and what it has is new.
		if err := s.accounts.LockAccounts(ctx, tx, []macie2.AccountID{p.AdministratorID}); err != nil {
			return err
		}
		accounts, err := s.accounts.LookupAccounts(ctx, tx, []macie2.AccountID{p.AdministratorID})
		if err != nil {
			return err
		}
		if accounts[p.AdministratorID].Status == identity.AccountActive {
			continue
		}
		var list []inventoryRecord
		err = tx.Query(ctx, scanInventory(&list), `select `+inventoryColumns+` from member where region = $1 and administrator_id = $2 and `+abandoned+
			` order by account_id limit $3`, p.Region, p.AdministratorID, s.abandonBatch)
		if err != nil {
			return err
		}
		if err := s.abandon(ctx, tx, list, now); err != nil {
			return err
		}
		if len(list) == s.abandonBatch {
			if err := s.queue.Enqueue(ctx, tx, p.task()); err != nil {
				return err
			}
		}
	}
	return nil
}

// abandon does to many records of one administrator what dissolve does to one, in a few round trips
// for all of them. They are sorted by Region and account.
func (s *Invitations) abandon(ctx context.Context, tx *store.Tx, list []inventoryRecord, now time.Time) error {
	invitations, err := invitationsOf(ctx, tx, list)
	if err != nil {
		return err
	}
	counted := make(map[string]int64)
	for _, x := range list {
		if counts(x.underlying()) {
			counted[x.region]++
		}
	}
	for _, region := range slices.Sorted(maps.Keys(counted)) {
		tx.DeferExpect(1, `update macie_session set counted = counted - $1 where region = $2 and account_id = $3 and counted >= $1`,
			counted[region], region, list[0].administrator)
	}
	at := millis(now)
	var events []viewedEntry
	for i, x := range list {
		tx.DeferExpect(1, `update member set status = 'Removed', held_status = null, updated_at = $4
			where region = $1 and administrator_id = $2 and account_id = $3 and status = $5 and coalesce(held_status, '') = $6
			and organization_id is null`, x.args(at, string(x.status), string(x.held))...)
		if isAssociated(x.underlying()) {
			tx.DeferExpect(1, `update macie_session set standing = 'Standalone' where region = $1 and account_id = $2 and standing = 'Member'`,
				x.region, x.member)
		}
		invitation := invitations[i]
		if invitation.visible() {
			tx.Defer(updateInvitation, x.args(string(macie2.RelationshipStatusRemoved), at)...)
		} else {
			tx.Defer(deleteInvitation, x.args()...)
		}
		events = append(events, entry{relation: x.relation, event: EventMemberRemoved, from: x.status, to: macie2.RelationshipStatusRemoved,
			at: now, invitation: invitation.current()}.forSides(invitation.shared())...)
	}
	s.record(tx, events...)
	return nil
}

// AccountRegionChanged follows the disabling or enabling of a Region for an account, which is given
// as it is from then on. Wherever the account is in an inventory in that Region it reads
// RegionDisabled, and goes back to what it was. The account's own members, if it is an
// administrator, stay what they are: it cannot manage them meanwhile, since it cannot call.
func (s *Service) AccountRegionChanged(ctx context.Context, tx *store.Tx, a identity.Account, region string) error {
	now := s.now().UTC().Truncate(time.Millisecond)
	records, err := recordsWhere(ctx, tx, `account_id = $1`, a.ID)
	if err != nil {
		return err
	}
	for _, x := range records {
		if x.region != region {
			continue
		}
		if err := s.setOverride(ctx, tx, x, x.overrideIn(a, region), now); err != nil {
			return err
		}
	}
	return s.enrollWaiting(ctx, tx, a)
}

// inventoryRecord is a member record with the relationship that it is about.
type inventoryRecord struct {
	relation
	memberRecord
}

const inventoryColumns = `region, administrator_id, account_id, status, coalesce(held_status, ''), coalesce(email, ''), coalesce(organization_id, '')`

// scanInventory appends each row to list.
func scanInventory(list *[]inventoryRecord) func(store.Row) error {
	*list = nil
	return func(row store.Row) error {
		var x inventoryRecord
		err := row.Scan(&x.region, &x.administrator, &x.member, &x.status, &x.held, &x.email, &x.organization)
		*list = append(*list, x)
		return err
	}
}

// recordsWhere reads records in every Region by a condition on $1, an account.
func recordsWhere(ctx context.Context, tx *store.Tx, condition string, account macie2.AccountID) ([]inventoryRecord, error) {
	var records []inventoryRecord
	err := tx.Query(ctx, scanInventory(&records), `select `+inventoryColumns+` from member where `+condition+
		` order by region, administrator_id, account_id`, account)
	return records, err
}

// setOverride makes a record show override, or, where that is empty, the relationship's own status
// again.
func (s *relations) setOverride(ctx context.Context, tx *store.Tx, x inventoryRecord, override macie2.RelationshipStatus, now time.Time) error {
	e := entry{relation: x.relation, from: x.status, to: override, at: now}
	held := macie2.Ptr(string(x.underlying()))
	switch {
	case override == "" && x.held == "" || override == x.status:
		return nil
	case override == "":
		e.to, held = x.held, nil
	}
	switch {
	case override == macie2.RelationshipStatusAccountSuspended:
		e.event = EventAccountSuspended
	case x.status == macie2.RelationshipStatusAccountSuspended: // whatever was behind it
		e.event = EventAccountResumed
	case override != "":
		e.event = EventRegionDisabled
	default:
		e.event = EventRegionEnabled
	}
	n, err := tx.Exec(ctx, `update member set status = $4, held_status = $5, updated_at = $6
		where region = $1 and administrator_id = $2 and account_id = $3 and status = $7 and coalesce(held_status, '') = $8`,
		x.args(string(e.to), held, millis(now), string(x.status), string(x.held))...)
	if err := changedOne(n, err); err != nil {
		return err
	}
	s.record(tx, e.forAdministrator())
	if e.to != macie2.RelationshipStatusEmailVerificationInProgress {
		return nil
	}
	invitation, err := invitationOf(ctx, tx, x.relation) // its verification was put aside
	if err != nil {
		return err
	}
	return s.queue.Enqueue(ctx, tx, queue.New{Kind: kindVerify, Payload: verifyPayload{[]string{invitation.id}}})
}
