package sampling

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"magpie/internal/macie2"
	"magpie/internal/membership"
	"magpie/internal/session"
	"magpie/internal/store"
)

// settings is a row of automated_discovery: what a holder has configured.
type settings struct {
	Region  string
	Account macie2.AccountID

	status         macie2.AutomatedDiscoveryStatus
	autoEnable     macie2.AutoEnableMode
	firstEnabledAt *int64
	lastUpdatedAt  int64
	disabledAt     *int64
	excluded       []string // buckets
	excludedNow    []string // likewise, as the last cycle took it over
	template       template
	cycle          int64
	active         bool
	dueAt          *int64
	revision       int64 // 0: there is no row
}

// find reads what an account has configured; what it never touched has its default.
func find(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID) (*settings, error) {
	x := &settings{Region: region, Account: account}
	var excluded, now, text string
	err := tx.QueryRow(ctx, `select status, auto_enable, first_enabled_at, last_updated_at, disabled_at, excluded, excluded_now, template, cycle,
			active, due_at, revision from automated_discovery where region = $1 and account_id = $2`, region, account).
		Scan(&x.status, &x.autoEnable, &x.firstEnabledAt, &x.lastUpdatedAt, &x.disabledAt, &excluded, &now, &text, &x.cycle, &x.active, &x.dueAt,
			&x.revision)
	if isNone(err) {
		x.status, x.autoEnable = macie2.AutomatedDiscoveryStatusDisabled, macie2.AutoEnableModeAll
		s, err := session.Of(ctx, tx, region, account)
		x.lastUpdatedAt = s.CreatedAt.UnixMilli()
		if isNone(err) {
			err = nil
		}
		return x, err
	}
	if err != nil {
		return nil, err
	}
	for _, j := range []struct {
		text string
		into any
	}{{excluded, &x.excluded}, {now, &x.excludedNow}, {text, &x.template}} {
		if err := json.Unmarshal([]byte(j.text), j.into); err != nil {
			return nil, fmt.Errorf("settings of automated discovery of %s: %w", account, err)
		}
	}
	return x, nil
}

func (x *settings) enabled() bool { return x.status == macie2.AutomatedDiscoveryStatusEnabled }

// save writes settings if they are still those that were read.
func (x *settings) save(tx *store.Tx) error {
	texts := make([]string, 3)
	for i, v := range []any{x.excluded, x.excludedNow, x.template} {
		b, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("settings of automated discovery: %w", err)
		}
		texts[i] = string(b)
	}
	args := []any{x.Region, string(x.Account), string(x.status), string(x.autoEnable), x.firstEnabledAt, x.lastUpdatedAt, x.disabledAt,
		texts[0], texts[1], texts[2], x.cycle, x.active, x.dueAt}
	if x.revision == 0 {
		tx.DeferExpect(1, `insert into automated_discovery (region, account_id, status, auto_enable, first_enabled_at, last_updated_at, disabled_at,
				excluded, excluded_now, template, cycle, active, due_at, revision)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1) on conflict (region, account_id) do nothing`, args...)
	} else {
		tx.DeferExpect(1, `update automated_discovery set status = $3, auto_enable = $4, first_enabled_at = $5, last_updated_at = $6, disabled_at = $7,
				excluded = $8, excluded_now = $9, template = $10, cycle = $11, active = $12, due_at = $13, revision = revision + 1
			where region = $1 and account_id = $2 and revision = $14`, append(args, x.revision)...)
	}
	x.revision++
	return nil
}

// idOf makes the id of the one scope, or template, that an account has in a Region.
func idOf(kind, region string, account macie2.AccountID) string {
	sum := sha256.Sum256([]byte(kind + "\x00" + region + "\x00" + string(account)))
	return hex.EncodeToString(sum[:16])
}

func scopeID(call *macie2.Call) string {
	return idOf("classification-scope", call.Region, call.Account)
}

func templateID(call *macie2.Call) string {
	return idOf("sensitivity-inspection", call.Region, call.Account)
}

// settingsName is what the one scope and the one template are called.
const settingsName = "automated-sensitive-data-discovery"

// GetAutomatedDiscoveryConfiguration tells what the caller has configured.
func (s *Service) GetAutomatedDiscoveryConfiguration(ctx context.Context, call *macie2.Call, _ *macie2.GetAutomatedDiscoveryConfigurationInput) (*macie2.GetAutomatedDiscoveryConfigurationOutput, error) {
	var x *settings
	err := s.view(ctx, call, func(tx *store.Tx) (err error) {
		if err := requireHolder(ctx, tx, call); err != nil {
			return err
		}
		x, err = find(ctx, tx, call.Region, call.Account)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &macie2.GetAutomatedDiscoveryConfigurationOutput{
		AutoEnableOrganizationMembers: &x.autoEnable, Status: &x.status, ClassificationScopeId: macie2.Ptr(scopeID(call)),
		SensitivityInspectionTemplateId: macie2.Ptr(templateID(call)), FirstEnabledAt: timestamp(x.firstEnabledAt),
		LastUpdatedAt: timestamp(&x.lastUpdatedAt), DisabledAt: timestamp(x.disabledAt),
	}, nil
}

// UpdateAutomatedDiscoveryConfiguration enables or disables automated discovery, and says for which member accounts.
func (s *Service) UpdateAutomatedDiscoveryConfiguration(ctx context.Context, call *macie2.Call, in *macie2.UpdateAutomatedDiscoveryConfigurationInput) (*macie2.UpdateAutomatedDiscoveryConfigurationOutput, error) {
	mode := macie2.AutoEnableModeAll
	if in.AutoEnableOrganizationMembers != nil {
		mode = *in.AutoEnableOrganizationMembers
	}
	err := s.tx(ctx, call, func(tx *store.Tx) error {
		if err := requireHolder(ctx, tx, call); err != nil {
			return err
		}
		x, err := find(ctx, tx, call.Region, call.Account)
		if err != nil {
			return err
		}
		return s.configure(ctx, tx, x, *in.Status, mode, call.Now.UnixMilli())
	})
	if err != nil {
		return nil, err
	}
	return &macie2.UpdateAutomatedDiscoveryConfigurationOutput{}, nil
}

func (s *Service) configure(ctx context.Context, tx *store.Tx, x *settings, status macie2.AutomatedDiscoveryStatus, mode macie2.AutoEnableMode, now int64) error {
	was := x.enabled()
	owners, err := ownersOf(ctx, tx, x.Region, x.Account)
	if err != nil {
		return err
	}
	if status == macie2.AutomatedDiscoveryStatusEnabled {
		// Whoever it is on for now keeps it; others follow the mode.
		if err := x.settleAccounts(ctx, tx, owners, mode); err != nil {
			return err
		}
		x.autoEnable = mode
	} else {
		tx.Defer(`delete from automated_discovery_account where region = $1 and administrator_id = $2`, x.Region, x.Account)
	}
	x.status, x.lastUpdatedAt = status, now
	switch {
	case x.enabled() && !was:
		if x.firstEnabledAt == nil {
			x.firstEnabledAt = &now
		}
		x.disabledAt, x.dueAt = nil, &now
		seen(tx, x.Region, x.Account, everybody)
	case !x.enabled() && was:
		x.disabledAt, x.dueAt, x.active = &now, nil, false
		hide(tx, x.Region, x.Account, everybody, now)
		stopCycle(tx, x, now)
	case !x.enabled() && x.disabledAt == nil && x.firstEnabledAt != nil:
		x.disabledAt = &now
	}
	unsettle(tx, x.Region, owners...)
	return x.save(tx)
}

// everybody stands for all accounts of a holder, in discovery_hidden.
const everybody = "*"

// hide notes that a holder does not see what it knows of an account's buckets any more. It stays for 30 days.
func hide(tx *store.Tx, region string, holder, account macie2.AccountID, at int64) {
	tx.Defer(`insert into discovery_hidden (region, holder_id, account_id, since) values ($1, $2, $3, $4)
		on conflict (region, holder_id, account_id) do nothing`, region, holder, account, at)
}

// seen notes that it does again.
func seen(tx *store.Tx, region string, holder, account macie2.AccountID) {
	tx.Defer(`delete from discovery_hidden where region = $1 and holder_id = $2 and account_id = $3`, region, holder, account)
}

// unsettle has the buckets of accounts judged again. Until then their scores are not shown.
func unsettle(tx *store.Tx, region string, accounts ...macie2.AccountID) {
	rows := make([][]any, len(accounts))
	for i, a := range accounts {
		rows[i] = []any{region, string(a), 1}
	}
	tx.DeferInsert(`insert into discovery_due (region, account_id, generation)`, rows,
		`on conflict (region, account_id) do update set generation = discovery_due.generation + 1`)
}

// Associated follows an account that became a member account, or ceased to be one, in the transaction of that.
func (s *Service) Associated(tx *store.Tx, a membership.Association) {
	at := a.At.UnixMilli()
	if a.Joined {
		// From now on its administrator's configuration holds. Its own is off, should it come back to it.
		tx.Defer(`update automated_discovery set status = 'DISABLED', disabled_at = $3, last_updated_at = $3, due_at = null, active = false,
				revision = revision + 1 where region = $1 and account_id = $2 and status = 'ENABLED'`, a.Region, a.Member, at)
		tx.Defer(`update discovery_cycle set status = 'STOPPED', ended_at = $3 where region = $1 and account_id = $2 and status = 'RUNNING'`,
			a.Region, a.Member, at)
		hide(tx, a.Region, a.Member, everybody, at)
		seen(tx, a.Region, a.Administrator, a.Member)
	} else {
		hide(tx, a.Region, a.Administrator, a.Member, at)
	}
	tx.Defer(`delete from automated_discovery_account where region = $1 and administrator_id = $2 and account_id = $3`,
		a.Region, a.Administrator, a.Member)
	unsettle(tx, a.Region, a.Member)
}

// SessionHooks stop cycles when an account suspends Macie, go on when it resumes it, and delete what it has when it disables it.
func (s *Service) SessionHooks() session.Hooks {
	changed := func(ctx context.Context, tx *store.Tx, c session.Change) error {
		unsettle(tx, c.Region, c.Account)
		return nil
	}
	return session.Hooks{
		OnEnable: changed,
		OnPause: func(ctx context.Context, tx *store.Tx, c session.Change) error {
			x, err := find(ctx, tx, c.Region, c.Account)
			if err != nil {
				return err
			}
			if x.active {
				x.active = false
				stopCycle(tx, x, c.At.UnixMilli())
			}
			if x.enabled() {
				hide(tx, c.Region, c.Account, everybody, c.At.UnixMilli())
				// Also where no cycle is under way: one may be beginning at this moment.
				if err := x.save(tx); err != nil {
					return err
				}
			}
			return changed(ctx, tx, c)
		},
		OnResume: func(ctx context.Context, tx *store.Tx, c session.Change) error {
			x, err := find(ctx, tx, c.Region, c.Account)
			if err != nil {
				return err
			}
			if x.enabled() {
				seen(tx, c.Region, c.Account, everybody)
			}
			return changed(ctx, tx, c)
		},
		OnDisable: func(_ context.Context, tx *store.Tx, c session.Change) error {
			for _, table := range []string{"automated_discovery", "discovery_due"} {
				tx.Defer(`delete from `+table+` where region = $1 and account_id = $2`, c.Region, c.Account)
			}
			tx.Defer(`delete from automated_discovery_account where region = $1 and (administrator_id = $2 or account_id = $2)`, c.Region, c.Account)
			return nil
		},
		Sweep: func(ctx context.Context, tx *store.Tx, e session.Ended, limit int) (bool, error) {
			return forget(ctx, tx, e.Region, e.Account, everybody, limit)
		},
	}
}

// stopCycle ends the cycle that is under way, if there is one: its shares notice with their next commit.
func stopCycle(tx *store.Tx, x *settings, at int64) {
	tx.Defer(`update discovery_cycle set status = 'STOPPED', ended_at = $3 where region = $1 and account_id = $2 and status = 'RUNNING'`,
		x.Region, x.Account, at)
}
