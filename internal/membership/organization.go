package membership

import (
	"context"
	"errors"
	"slices"
	"time"

	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/resource"
	"magpie/internal/session"
	"magpie/internal/store"
)

// MaciePrincipal is what AWS Organizations calls Macie.
const MaciePrincipal identity.ServicePrincipal = "macie.amazonaws.com"

// delegation is a row of organization_administrator that is ENABLED: an account that is the Macie
// administrator of its organization in a Region.
type delegation struct {
	region        string
	organization  identity.OrganizationID
	administrator macie2.AccountID
	autoEnable    bool
}

// hold lets nobody end the delegation before the transaction ends.
func (d delegation) hold(tx *store.Tx) {
	tx.DeferExpect(1, `update organization_administrator set status = 'ENABLED'
		where region = $1 and organization_id = $2 and administrator_id = $3 and status = 'ENABLED'`, d.region, d.organization, d.administrator)
}

// delegations begins a query for whether there are some.
const delegations = `select 1 from organization_administrator o`

// delegationsOf selects delegations that are ENABLED; an empty member selects all.
type delegationsOf struct {
	region        string
	organization  identity.OrganizationID
	administrator macie2.AccountID
}

// read reads the selected delegations, by Region and organization.
func (f delegationsOf) read(ctx context.Context, tx *store.Tx) ([]delegation, error) {
	var list []delegation
	err := tx.Query(ctx, func(row store.Row) error {
		var d delegation
		err := row.Scan(&d.region, &d.organization, &d.administrator, &d.autoEnable)
		list = append(list, d)
		return err
	}, `select region, organization_id, administrator_id, auto_enable from organization_administrator
		where status = 'ENABLED' and ($1 = '' or administrator_id = $1) and ($2 = '' or organization_id = $2) and ($3 = '' or region = $3)
		order by region, organization_id`, f.administrator, f.organization, f.region)
	return list, err
}

// one reads the delegation that is selected, or returns store.ErrNotFound.
func (f delegationsOf) one(ctx context.Context, tx *store.Tx) (delegation, error) {
	list, err := f.read(ctx, tx)
	if err == nil && len(list) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return delegation{}, err
	}
	return list[0], nil
}

// isDelegated reports whether an account is the delegated administrator of its organization in a
// Region.
func isDelegated(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID) (bool, error) {
	return exists(ctx, tx, delegations+` where o.administrator_id = $1 and o.region = $2 and o.status = 'ENABLED'`, account, region)
}

// requireOrganization reads the caller's organization, and the side that the caller is on. A
// management account may call without Macie: tools look for the administrator, and designate it,
// before they enable Macie for the management account, if they ever do. Its side is the zero one
// then. Any other account is told that Macie is not enabled.
func (s *Delegations) requireOrganization(ctx context.Context, tx *store.Tx, call *macie2.Call) (side, identity.Organization, error) {
	o, err := s.organizations.OrganizationOf(ctx, tx, call.Account)
	alone := errors.Is(err, identity.ErrNoOrganization)
	if err != nil && !alone {
		return side{}, o, err
	}
	x, err := requireSession(ctx, tx, call)
	if errors.Is(err, session.ErrNotEnabled) && !alone && o.Management == call.Account {
		return side{}, o, nil
	}
	if err == nil && alone {
		err = macie2.ErrAccessDenied("%s", textNotManagement)
	}
	return x, o, err
}

// requireManagement is requireOrganization for what only the management account can do.
func (s *Delegations) requireManagement(ctx context.Context, tx *store.Tx, call *macie2.Call) (side, identity.Organization, error) {
	x, o, err := s.requireOrganization(ctx, tx, call)
	if err == nil && o.Management != call.Account {
		err = macie2.ErrAccessDenied("%s", textNotManagement)
	}
	return x, o, err
}

// EnableOrganizationAdminAccount makes an account of the caller's organization its delegated Macie
// administrator in the Region: Macie is enabled in it, the organization trusts Macie, and the
// account is registered as a delegate. If it has members by invitation, those that belong to the
// organization are members through it from then on. Only the management account can call it, and
// needs Macie itself only where it designates itself.
func (s *Delegations) EnableOrganizationAdminAccount(ctx context.Context, call *macie2.Call, in *macie2.EnableOrganizationAdminAccountInput) (*macie2.EnableOrganizationAdminAccountOutput, error) {
	id, err := macie2.ParseAccountID(macie2.Deref(in.AdminAccountId))
	if err != nil {
		return nil, macie2.ErrValidation("adminAccountId: must be 12 digits")
	}
	token := resource.Token{Operation: "EnableOrganizationAdminAccount", ClientToken: macie2.Deref(in.ClientToken), Request: string(id)}
	err = s.tx(ctx, call, id, func(tx *store.Tx) error {
		// The caller's session does not end meanwhile: it may be the administrator's, which this
		// call would make anew.
		_, err := tx.Exec(ctx, `update macie_session set updated_at = updated_at where region = $1 and account_id = $2`,
			call.Region, call.Account)
		if err != nil {
			return err
		}
		x, o, err := s.requireManagement(ctx, tx, call)
		if err != nil {
			return err
		}
		if id == call.Account && x.standing == "" {
			return session.ErrNotEnabled // nobody but the management account can enable Macie for itself
		}
		// One after the other: that the administrator is the same in all Regions is no constraint,
		// and the first of two calls with the same token has to be through before the second looks
		// for it.
		if err := s.organizations.LockOrganization(ctx, tx, o.ID); err != nil {
			return err
		}
		if _, replay, err := resource.Replay(ctx, tx, call, token); err != nil || replay {
			return err
		}
		if x.standing == associated {
			return macie2.ErrValidation("%s", textManagementIsMember)
		}
		d := delegation{region: call.Region, organization: o.ID, administrator: id}
		if err := s.mayDelegate(ctx, tx, d); err != nil {
			return err
		}
		if err := s.delegate(ctx, tx, call, o, d); err != nil {
			return err
		}
		return resource.Remember(ctx, tx, call, token, "")
	})
	if err != nil {
		return nil, err
	}
	return &macie2.EnableOrganizationAdminAccountOutput{}, nil
}

// mayDelegate says why an account cannot become the delegated administrator.
func (s *Delegations) mayDelegate(ctx context.Context, tx *store.Tx, d delegation) error {
	in, err := s.organizations.InOrganization(ctx, tx, d.organization, []macie2.AccountID{d.administrator})
	if err != nil {
		return err
	}
	if !in[d.administrator] {
		return macie2.ErrValidation("%s", textNotInOrganization)
	}
	enabled, err := delegationsOf{organization: d.organization}.read(ctx, tx)
	if err != nil {
		return err
	}
	for _, e := range enabled {
		switch {
		case e.administrator != d.administrator:
			return macie2.ErrConflict("%s", textAnotherDelegated+hintDeregister)
		case e.region == d.region:
			return macie2.ErrConflict("%s", textAlreadyDelegated)
		}
	}
	registered, err := s.organizations.Delegates(ctx, tx, d.organization, MaciePrincipal)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(registered, func(r identity.Delegate) bool { return r.Account != d.administrator }) {
		return macie2.ErrConflict("%s", textAnotherDelegated+hintDeregister)
	}
	disabling, err := exists(ctx, tx, delegations+` where o.region = $1 and o.organization_id = $2 and o.administrator_id = $3`,
		d.region, d.organization, d.administrator)
	if err != nil {
		return err
	}
	if disabling {
		return macie2.ErrValidation("%s", textBeingDisabled)
	}
	if err := s.accounts.LockAccounts(ctx, tx, []macie2.AccountID{d.administrator}); err != nil {
		return err
	}
	accounts, err := s.accounts.LookupAccounts(ctx, tx, []macie2.AccountID{d.administrator})
	if err != nil {
		return err
	}
	if overrideOf(accounts[d.administrator], d.region) != "" {
		return macie2.ErrValidation("%s", textDelegateUnavailable)
	}
	switch x, err := sideOf(ctx, tx, d.region, d.administrator); {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return err
	case x.standing == associated:
		return macie2.ErrValidation("%s", textDelegateIsMember)
	}
	return nil
}

// delegate makes the delegation.
func (s *Delegations) delegate(ctx context.Context, tx *store.Tx, call *macie2.Call, o identity.Organization, d delegation) error {
	at := millis(call.Now)
	if err := s.organizations.TrustService(ctx, tx, d.organization, MaciePrincipal, call.Now); err != nil {
		return err
	}
	if d.administrator != o.Management { // which acts for its organization without being registered
		if err := s.organizations.Delegate(ctx, tx, d.organization, d.administrator, MaciePrincipal, call.Now); err != nil {
			return err
		}
	}
	if err := s.sessions.Ensure(ctx, tx, d.region, []macie2.AccountID{d.administrator}, call.Principal, call.Now); err != nil {
		return err
	}
	promote := relation{region: d.region, administrator: d.administrator}.promote()
	tx.Defer(promote.SQL, promote.Args...)
	_, err := tx.Exec(ctx, `insert into organization_administrator (region, organization_id, administrator_id, status, created_at, updated_at)
		values ($1, $2, $3, 'ENABLED', $4, $4)`, d.region, d.organization, d.administrator, at)
	if errors.Is(err, store.ErrExists) || errors.Is(err, store.ErrForeignKey) {
		return store.ErrConflict // another was delegated, or it became a member or left the organization, meanwhile
	}
	if err != nil {
		return err
	}
	s.record(tx, d.entry(EventAdministratorDelegated, o.Management, call.Principal, call.Now).forBoth()...)
	return s.convertMembers(ctx, tx, call, d)
}

// entry is an event of the delegation, between the administrator and the organization's management
// account.
func (d delegation) entry(event Event, management macie2.AccountID, by macie2.Principal, at time.Time) entry {
	return entry{relation: relation{d.region, d.administrator, management}, event: event, principal: by, at: at,
		detail: "organization " + string(d.organization)}
}

// convertMembers makes the members by invitation that belong to the organization members through
// it: they have neither an address nor an invitation any more, and are on the other count.
func (s *Delegations) convertMembers(ctx context.Context, tx *store.Tx, call *macie2.Call, d delegation) error {
	var members []inventoryRecord
	err := tx.Query(ctx, scanInventory(&members), `select `+inventoryColumns+` from member
		where region = $1 and administrator_id = $2 and member_standing = 'Member' and organization_id is null order by account_id`,
		d.region, d.administrator)
	if err != nil {
		return err
	}
	ids := make([]macie2.AccountID, len(members))
	for i, x := range members {
		ids[i] = x.member
	}
	in, err := s.organizations.InOrganization(ctx, tx, d.organization, ids)
	if err != nil {
		return err
	}
	members = slices.DeleteFunc(members, func(x inventoryRecord) bool { return !in[x.member] })
	if len(members) == 0 {
		return nil
	}
	at, n := millis(call.Now), len(members)
	tx.DeferExpect(1, `update macie_session set counted = counted - $1, organization_counted = organization_counted + $2
		where region = $3 and account_id = $4 and counted >= $5`, n, n, d.region, d.administrator, n)
	var events []viewedEntry
	for _, x := range members {
		tx.DeferExpect(1, `update member set organization_id = $4, email = null, updated_at = $5
			where region = $1 and administrator_id = $2 and account_id = $3 and status = $6 and coalesce(held_status, '') = $7
			and organization_id is null`, x.args(d.organization, at, string(x.status), string(x.held))...)
		tx.Defer(deleteInvitation, x.args()...)
		events = append(events, entry{relation: x.relation, event: EventMemberViaOrganization, from: x.status, to: x.status,
			principal: call.Principal, at: call.Now}.forBoth()...)
	}
	s.record(tx, events...)
	return nil
}

// DisableOrganizationAdminAccount ends the designation of the organization's delegated
// administrator in the Region. Its members through the organization stand alone from then on, with
// Macie enabled: a worker releases them, and the designation reads DISABLING_IN_PROGRESS meanwhile.
// Only the management account can call it.
func (s *Delegations) DisableOrganizationAdminAccount(ctx context.Context, call *macie2.Call, in *macie2.DisableOrganizationAdminAccountInput) (*macie2.DisableOrganizationAdminAccountOutput, error) {
	id, err := macie2.ParseAccountID(macie2.Deref(in.AdminAccountId))
	if err != nil {
		return nil, macie2.ErrValidation("adminAccountId: must be 12 digits")
	}
	err = s.tx(ctx, call, id, func(tx *store.Tx) error {
		_, o, err := s.requireManagement(ctx, tx, call)
		if err != nil {
			return err
		}
		there, err := exists(ctx, tx, delegations+` where o.region = $1 and o.organization_id = $2 and o.administrator_id = $3`,
			call.Region, o.ID, id)
		if err != nil {
			return err
		}
		if !there {
			return macie2.ErrNotFound("%s", textNotDelegated)
		}
		if err := s.endDelegations(ctx, tx, delegationsOf{call.Region, o.ID, id}, call.Principal, call.Now); err != nil {
			return err
		}
		// A delegation that is being disabled already gets its task again, in case that one was
		// given up.
		return s.queue.Enqueue(ctx, tx, delegation{region: call.Region, organization: o.ID, administrator: id}.releaseTask())
	})
	if err != nil {
		return nil, err
	}
	return &macie2.DisableOrganizationAdminAccountOutput{}, nil
}

// endDelegations begins the end of the selected delegations: no account joins through them any
// more, and a worker releases their members.
func (s *Delegations) endDelegations(ctx context.Context, tx *store.Tx, f delegationsOf, by macie2.Principal, at time.Time) error {
	list, err := f.read(ctx, tx)
	if err != nil {
		return err
	}
	for _, d := range list {
		n, err := tx.Exec(ctx, `update organization_administrator set status = 'DISABLING_IN_PROGRESS', auto_enable = false, updated_at = $1
			where region = $2 and organization_id = $3 and administrator_id = $4 and status = 'ENABLED'`,
			millis(at), d.region, d.organization, d.administrator)
		if err := changedOne(n, err); err != nil {
			return err
		}
		o, err := s.organizations.OrganizationOf(ctx, tx, d.administrator)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `delete from organization_waiting where organization_id = $1 and region = $2`, d.organization, d.region)
		if err != nil {
			return err
		}
		s.record(tx, d.entry(EventDelegationEnded, o.Management, by, at).forBoth()...)
		if err := s.queue.Enqueue(ctx, tx, d.releaseTask()); err != nil {
			return err
		}
	}
	return nil
}

// ListOrganizationAdminAccounts lists the delegated Macie administrators of the caller's
// organization in the Region: at most one that is ENABLED, and those that are on their way out. The
// management account can call it, and they.
func (s *Delegations) ListOrganizationAdminAccounts(ctx context.Context, call *macie2.Call, in *macie2.ListOrganizationAdminAccountsInput) (*macie2.ListOrganizationAdminAccountsOutput, error) {
	page, err := s.page(pagetoken.Of(call, "ListOrganizationAdminAccounts", ""), in.NextToken, 1, pageSize(in.MaxResults))
	if err != nil {
		return nil, err
	}
	var admins []macie2.AdminAccount
	err = s.db.View(ctx, func(tx *store.Tx) error {
		_, o, err := s.requireOrganization(ctx, tx, call)
		if err != nil {
			return err
		}
		if o.Management != call.Account {
			one, err := exists(ctx, tx, delegations+` where o.region = $1 and o.organization_id = $2 and o.administrator_id = $3`,
				call.Region, o.ID, call.Account)
			if err != nil {
				return err
			}
			if !one {
				return macie2.ErrAccessDenied("%s", textNotManagement)
			}
		}
		admins = make([]macie2.AdminAccount, 0, 1)
		return tx.Query(ctx, func(row store.Row) error {
			var id macie2.AccountID
			var status macie2.AdminStatus
			err := row.Scan(&id, &status)
			admins = append(admins, macie2.AdminAccount{AccountId: macie2.Ptr(string(id)), Status: &status})
			return err
		}, `select administrator_id, status from organization_administrator
			where region = $1 and organization_id = $2 and administrator_id > $3 order by administrator_id limit $4`,
			call.Region, o.ID, page.Key(0), page.Limit())
	})
	if err != nil {
		return nil, err
	}
	out := new(macie2.ListOrganizationAdminAccountsOutput)
	out.AdminAccounts, out.NextToken = pagetoken.Cut(page, admins, func(a macie2.AdminAccount) []string { return []string{*a.AccountId} })
	return out, nil
}

// requireDelegation reads the caller's delegation in the Region, or says that the caller has to be
// a delegated administrator: also where Macie is not enabled.
func requireDelegation(ctx context.Context, tx *store.Tx, call *macie2.Call) (delegation, error) {
	d, err := delegationsOf{region: call.Region, administrator: call.Account}.one(ctx, tx)
	if errors.Is(err, store.ErrNotFound) {
		return d, macie2.ErrAccessDenied("%s", textNotOrganizationAdmin)
	}
	return d, err
}

// DescribeOrganizationConfiguration says whether accounts that join the organization become members
// by themselves, and whether the quota of members leaves no room for more. Only the delegated
// administrator can call it.
func (s *Delegations) DescribeOrganizationConfiguration(ctx context.Context, call *macie2.Call, _ *macie2.DescribeOrganizationConfigurationInput) (*macie2.DescribeOrganizationConfigurationOutput, error) {
	var out macie2.DescribeOrganizationConfigurationOutput
	err := s.db.View(ctx, func(tx *store.Tx) error {
		d, err := requireDelegation(ctx, tx, call)
		if err != nil {
			return err
		}
		x, err := sideOf(ctx, tx, call.Region, call.Account)
		if errors.Is(err, store.ErrNotFound) { // both ended just now
			return macie2.ErrAccessDenied("%s", textNotOrganizationAdmin)
		}
		if err != nil {
			return err
		}
		quota, err := quotaNow(ctx, tx, call.Account)
		out.AutoEnable = &d.autoEnable
		out.MaxAccountLimitReached = macie2.Ptr(x.organizationCounted >= quota.organizationMembers)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// UpdateOrganizationConfiguration sets whether accounts that join the organization become members
// by themselves. Accounts that are in it already are not affected. Only the delegated administrator
// can call it.
func (s *Delegations) UpdateOrganizationConfiguration(ctx context.Context, call *macie2.Call, in *macie2.UpdateOrganizationConfigurationInput) (*macie2.UpdateOrganizationConfigurationOutput, error) {
	err := s.tx(ctx, call, call.Account, func(tx *store.Tx) error {
		d, err := requireDelegation(ctx, tx, call)
		if err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `update organization_administrator set auto_enable = $1, updated_at = $2
			where region = $3 and organization_id = $4 and administrator_id = $5 and status = 'ENABLED'`,
			macie2.Deref(in.AutoEnable), millis(call.Now), d.region, d.organization, d.administrator)
		return changedOne(n, err)
	})
	if err != nil {
		return nil, err
	}
	return &macie2.UpdateOrganizationConfigurationOutput{}, nil
}
