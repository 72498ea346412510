package sampling

import (
	"context"
	"slices"
	"strings"

	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/session"
	"magpie/internal/store"
)

// The bounds of the operations on accounts.
const (
	maxAccountPage   = 25
	maxAccountsAsked = 50
	maxAccountsSet   = 1000
)

// textAuto is Macie's own text.
const textAuto = "Cannot modify account states while auto-enable is set to ALL."

// said reads for which accounts something was said: whether discovery is on for them.
func (x *settings) said(ctx context.Context, tx *store.Tx) (map[macie2.AccountID]bool, error) {
	said := map[macie2.AccountID]bool{}
	err := tx.Query(ctx, func(r store.Row) error {
		var id macie2.AccountID
		var on bool
		err := r.Scan(&id, &on)
		said[id] = on
		return err
	}, `select account_id, enabled from automated_discovery_account where region = $1 and administrator_id = $2`, x.Region, x.Account)
	return said, err
}

// isOn tells whether discovery is on for an account, by what was said of it and by what holds for those of which nothing was said.
func (x *settings) isOn(said map[macie2.AccountID]bool, account macie2.AccountID) bool {
	on, known := said[account]
	switch {
	case !x.enabled():
		return false
	case x.autoEnable == macie2.AutoEnableModeAll:
		return true
	case known:
		return on
	}
	return account == x.Account || x.autoEnable == macie2.AutoEnableModeNew
}

// settleAccounts writes down for which of the accounts discovery is on, before the mode changes: it goes on for those that it is on for now.
func (x *settings) settleAccounts(ctx context.Context, tx *store.Tx, owners []macie2.AccountID, mode macie2.AutoEnableMode) error {
	said, err := x.said(ctx, tx)
	if err != nil {
		return err
	}
	tx.Defer(`delete from automated_discovery_account where region = $1 and administrator_id = $2`, x.Region, x.Account)
	if mode == macie2.AutoEnableModeAll {
		return nil
	}
	rows := make([][]any, len(owners))
	for i, id := range owners {
		on := x.isOn(said, id) || id == x.Account && !x.enabled()
		rows[i] = []any{x.Region, string(x.Account), string(id), on}
	}
	tx.DeferInsert(`insert into automated_discovery_account (region, administrator_id, account_id, enabled)`, rows, "")
	return nil
}

// ListAutomatedDiscoveryAccounts tells for which of the caller's accounts, or of those that are named, automated discovery is on.
func (s *Service) ListAutomatedDiscoveryAccounts(ctx context.Context, call *macie2.Call, in *macie2.ListAutomatedDiscoveryAccountsInput) (*macie2.ListAutomatedDiscoveryAccountsOutput, error) {
	if n := len(in.AccountIds); n > maxAccountsAsked {
		return nil, macie2.ErrValidation("accountIds: must name at most %d accounts, not %d", maxAccountsAsked, n)
	}
	asked := make([]macie2.AccountID, len(in.AccountIds))
	for i, id := range in.AccountIds {
		var err error
		if asked[i], err = macie2.ParseAccountID(id); err != nil {
			return nil, macie2.ErrValidation("accountIds[%d]: %v", i, err)
		}
	}
	slices.Sort(asked)
	asked = slices.Compact(asked)
	list := pagetoken.List{Account: string(call.Account), Region: call.Region, Operation: "ListAutomatedDiscoveryAccounts",
		Filters: strings.Join(store.ListOf(asked), ",")}
	size := maxAccountPage
	if in.MaxResults != nil {
		size = int(*in.MaxResults)
	}
	after, err := s.pageAfter(list, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &macie2.ListAutomatedDiscoveryAccountsOutput{}
	err = s.view(ctx, call, func(tx *store.Tx) error {
		out.Items, out.NextToken = []macie2.AutomatedDiscoveryAccount{}, nil
		if err := requireHolder(ctx, tx, call); err != nil {
			return err
		}
		x, err := find(ctx, tx, call.Region, call.Account)
		if err != nil {
			return err
		}
		owners, err := ownersOf(ctx, tx, call.Region, call.Account)
		if err != nil {
			return err
		}
		said, err := x.said(ctx, tx)
		if err != nil {
			return err
		}
		slices.Sort(owners)
		for _, id := range asked {
			if !slices.Contains(owners, id) {
				return macie2.ErrNotFound("The request failed because the account %s is neither the current account nor one of its member accounts.", id)
			}
		}
		if len(asked) > 0 {
			owners = asked
		}
		for _, id := range owners {
			if string(id) <= after {
				continue
			}
			if len(out.Items) == size {
				out.NextToken = macie2.Ptr(s.pages.Seal(list, *out.Items[size-1].AccountId))
				break
			}
			status := macie2.AutomatedDiscoveryAccountStatusDisabled
			if x.isOn(said, id) {
				status = macie2.AutomatedDiscoveryAccountStatusEnabled
			}
			out.Items = append(out.Items, macie2.AutomatedDiscoveryAccount{AccountId: macie2.Ptr(string(id)), Status: &status})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// pageAfter reads a page token that has one key.
func (s *Service) pageAfter(list pagetoken.List, token *string) (string, error) {
	if token == nil || *token == "" {
		return "", nil
	}
	keys, err := s.pages.Open(list, *token, 1)
	if err != nil {
		return "", errPage
	}
	return keys[0], nil
}

// BatchUpdateAutomatedDiscoveryAccounts turns automated discovery on or off for single accounts of the caller.
func (s *Service) BatchUpdateAutomatedDiscoveryAccounts(ctx context.Context, call *macie2.Call, in *macie2.BatchUpdateAutomatedDiscoveryAccountsInput) (*macie2.BatchUpdateAutomatedDiscoveryAccountsOutput, error) {
	if n := len(in.Accounts); n < 1 || n > maxAccountsSet {
		return nil, macie2.ErrValidation("accounts: must name 1 to %d accounts, not %d", maxAccountsSet, n)
	}
	want := map[macie2.AccountID]bool{}
	var order []macie2.AccountID
	for i, a := range in.Accounts {
		id, err := macie2.ParseAccountID(macie2.Deref(a.AccountId))
		if err != nil {
			return nil, macie2.ErrValidation("accounts[%d].accountId: %v", i, err)
		}
		if a.Status == nil {
			return nil, macie2.ErrValidation("accounts[%d].status: is missing", i)
		}
		on := *a.Status == macie2.AutomatedDiscoveryAccountStatusEnabled
		if before, twice := want[id]; twice && before != on {
			return nil, macie2.ErrValidation("accounts[%d]: the account %s is named with both statuses", i, id)
		} else if !twice {
			order = append(order, id)
		}
		want[id] = on
	}
	out := &macie2.BatchUpdateAutomatedDiscoveryAccountsOutput{}
	err := s.tx(ctx, call, func(tx *store.Tx) error {
		out.Errors = []macie2.AutomatedDiscoveryAccountUpdateError{}
		if err := requireHolder(ctx, tx, call); err != nil {
			return err
		}
		x, err := find(ctx, tx, call.Region, call.Account)
		if err != nil {
			return err
		}
		switch {
		case !x.enabled():
			return macie2.ErrConflict("Cannot modify account states while automated sensitive data discovery is disabled for the current account.")
		case x.autoEnable == macie2.AutoEnableModeAll:
			return macie2.ErrConflict("%s", textAuto)
		}
		owners, err := ownersOf(ctx, tx, call.Region, call.Account)
		if err != nil {
			return err
		}
		enabled, err := enabledSessions(ctx, tx, call.Region, order)
		if err != nil {
			return err
		}
		var rows [][]any
		var changed []macie2.AccountID
		for _, id := range order {
			code := macie2.AutomatedDiscoveryAccountUpdateErrorCode("")
			switch {
			case !slices.Contains(owners, id):
				code = macie2.AutomatedDiscoveryAccountUpdateErrorCodeAccountNotFound
			case !enabled[id]:
				code = macie2.AutomatedDiscoveryAccountUpdateErrorCodeAccountPaused
			}
			if code != "" {
				out.Errors = append(out.Errors, macie2.AutomatedDiscoveryAccountUpdateError{AccountId: macie2.Ptr(string(id)), ErrorCode: &code})
				continue
			}
			rows = append(rows, []any{x.Region, string(x.Account), string(id), want[id]})
			changed = append(changed, id)
		}
		if len(rows) == 0 {
			return nil
		}
		tx.DeferInsert(`insert into automated_discovery_account (region, administrator_id, account_id, enabled)`, rows,
			`on conflict (region, administrator_id, account_id) do update set enabled = excluded.enabled`)
		x.lastUpdatedAt = call.Now.UnixMilli()
		unsettle(tx, x.Region, changed...)
		return x.save(tx)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// enabledSessions tells for which of the accounts Macie is enabled, and not suspended.
func enabledSessions(ctx context.Context, tx *store.Tx, region string, accounts []macie2.AccountID) (map[macie2.AccountID]bool, error) {
	enabled := map[macie2.AccountID]bool{}
	err := tx.Query(ctx, func(r store.Row) error {
		var id macie2.AccountID
		err := r.Scan(&id)
		enabled[id] = true
		return err
	}, `select account_id from macie_session where region = $1 and status = 'ENABLED' and `+tx.Any("account_id", 2), region, store.ListOf(accounts))
	return enabled, err
}

// isEnabled tells it of one.
func isEnabled(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID) (bool, error) {
	x, err := session.Of(ctx, tx, region, account)
	if isNone(err) {
		return false, nil
	}
	return err == nil && x.Status == macie2.MacieStatusEnabled, err
}
