package finding

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"magpie/internal/macie2"
	"magpie/internal/queue"
	"magpie/internal/store"
)

const (
	suppressKind = "finding.suppress"
	// What a rule selects of the findings that are there is archived at once up to so many, and the rest by a task, so that
	// no call waits for a million rows.
	suppressedAtOnce = 500
)

// suppression is the payload of a task that archives what a rule selects.
type suppression struct {
	Region  string           `json:"region"`
	Account macie2.AccountID `json:"account"`
	Filter  string           `json:"filter"`
}

// suppressions are the criteria of an account's rules that archive what they select, for a transaction that is about to record
// findings. The rules stay as they are until it ends: one that is made or changed waits for it, and archives what it has recorded.
func suppressions(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID) ([]Criteria, error) {
	rules, held, err := heldSuppressions(ctx, tx, region, account)
	if err != nil || held {
		return rules, err
	}
	// There is no row to hold yet. Without a session there are no rules, and there will be none.
	_, err = tx.Exec(ctx, `insert into findings_filter_order (region, account_id, changes)
		select region, account_id, 0 from macie_session where region = $1 and account_id = $2 on conflict (region, account_id) do nothing`, region, account)
	if err != nil {
		return nil, err
	}
	rules, _, err = heldSuppressions(ctx, tx, region, account)
	return rules, err
}

// heldSuppressions locks the row that stands for an account's rules, and reads them behind it, in one round trip.
func heldSuppressions(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID) (rules []Criteria, held bool, err error) {
	args := []any{region, account}
	err = tx.QueryMany(ctx, func(i int, r store.Row) error {
		var text string
		if err := r.Scan(&text); err != nil {
			return err
		}
		if i == 0 {
			held = true
			return nil
		}
		c, err := storedCriteria(text)
		rules = append(rules, c)
		return err
	}, store.Stmt{SQL: `select account_id from findings_filter_order where region = $1 and account_id = $2` + tx.ForShare(), Args: args},
		store.Stmt{SQL: `select criteria from findings_filter where region = $1 and account_id = $2 and action = 'ARCHIVE' order by position, id`, Args: args})
	return rules, held, err
}

// policySuppressions are the rules that act on findings of policy: the administrator's where the holder has one, for the
// rules of a member never do.
func (s *Service) policySuppressions(ctx context.Context, tx *store.Tx, region string, holder macie2.AccountID) ([]Criteria, error) {
	account := holder
	administrator, err := s.overseer(ctx, tx, region, holder)
	if err != nil {
		return nil, err
	}
	if administrator != "" {
		account = administrator
	}
	return suppressions(ctx, tx, region, account)
}

func anyMatches(rules []Criteria, x *macie2.Finding) bool {
	return slices.ContainsFunc(rules, func(c Criteria) bool { return c.Match(x) })
}

func storedCriteria(text string) (Criteria, error) {
	in := &macie2.FindingCriteria{}
	if err := json.Unmarshal([]byte(text), in); err != nil {
		return Criteria{}, fmt.Errorf("stored criteria: %w", err)
	}
	return ParseCriteria(in)
}

// suppress archives up to limit findings that a rule of the account selects, and reports whether that was all of them.
func (s *Service) suppress(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID, c Criteria, limit int) (bool, error) {
	overseer, err := s.overseer(ctx, tx, region, account)
	if err != nil {
		return false, err
	}
	members, err := s.members(ctx, tx, region, account)
	if err != nil {
		return false, err
	}
	scopes := []scope{{region: region, holder: account}}
	if len(members) > 0 {
		scopes = append(scopes, scope{region, account, store.ListOf(members)})
	}
	for _, x := range scopes {
		n, err := archive(ctx, tx, x, c, overseer != "", limit)
		if err == nil && x.members == nil && n < limit {
			var more int
			more, err = s.archiveData(ctx, tx, region, account, c, limit-n)
			n += more
		}
		if err != nil {
			return false, err
		}
		if limit -= n; limit <= 0 {
			return false, nil
		}
	}
	return true, nil
}

// archive marks up to limit findings of a scope that the criteria select. dataOnly leaves out those of policy.
func archive(ctx context.Context, tx *store.Tx, x scope, c Criteria, dataOnly bool, limit int) (int, error) {
	q := statement{dialect: tx}
	q.sql.WriteString("select holder, id, " + cellColumns + " from finding where")
	q.in(x)
	q.sql.WriteString(" and archived = " + q.arg(false))
	if dataOnly {
		q.sql.WriteString(" and category <> 'POLICY'")
	}
	q.where(c)
	q.sql.WriteString(" order by updated_at desc, id desc limit " + q.arg(int64(limit)))
	counts := tally{}
	var changed [][2]string
	err := tx.Query(ctx, func(r store.Row) error {
		at := cell{region: x.region}
		var id string
		if err := r.Scan(append([]any{&at.holder, &id}, at.scanned()...)...); err != nil {
			return err
		}
		changed = append(changed, [2]string{at.holder, id})
		counts.add(at, -1)
		at.archived = true
		counts.add(at, 1)
		return nil
	}, q.sql.String(), q.args...)
	if err != nil {
		return 0, err
	}
	for _, f := range changed {
		tx.DeferExpect(1, `update finding set archived = $4 where region = $1 and holder = $2 and id = $3 and archived <> $4`,
			x.region, f[0], f[1], true)
	}
	counts.write(tx)
	return len(changed), nil
}

// suppressNow archives what a rule selects of the findings that are there: a first part in the caller's transaction.
func (s *Service) suppressNow(ctx context.Context, tx *store.Tx, call *macie2.Call, filter string, c Criteria) error {
	all, err := s.suppress(ctx, tx, call.Region, call.Account, c, suppressedAtOnce)
	if err != nil || all {
		return err
	}
	return s.queue.Enqueue(ctx, tx, queue.New{Kind: suppressKind, Key: filter, Payload: suppression{call.Region, call.Account, filter}})
}

// suppressTask goes on with what a rule selects. It reads the rule again: it may have been changed or deleted since.
func (s *Service) suppressTask(ctx context.Context, tx *store.Tx, tasks []queue.Task) error {
	for _, t := range tasks {
		var p suppression
		if err := t.Decode(&p); err != nil {
			return err
		}
		var text string
		err := tx.QueryRow(ctx, `select criteria from findings_filter where region = $1 and account_id = $2 and id = $3 and action = 'ARCHIVE'`,
			p.Region, p.Account, p.Filter).Scan(&text)
		if none(err) != err {
			continue
		}
		if err != nil {
			return err
		}
		c, err := storedCriteria(text)
		if err != nil {
			return err
		}
		all, err := s.suppress(ctx, tx, p.Region, p.Account, c, suppressedAtOnce)
		if err != nil {
			return err
		}
		if !all {
			// The row of this task is deleted with this transaction, so the next one needs another name.
			err = s.queue.Enqueue(ctx, tx, queue.New{Kind: suppressKind, Payload: p})
		}
		if err != nil {
			return err
		}
	}
	return nil
}
