package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"magpie/internal/audit"
	"magpie/internal/store"
)

func (v verbs) audit() *cobra.Command {
	var l location
	var f format
	var filter audit.Filter
	var account, since, until string
	c := &cobra.Command{
		Use:   "audit",
		Short: "Show who called what, when, from where, and what came of it",
		Long: `Show the records of calls, allowed or not, the newest last. With --output json they are whole, in the shape of AWS CloudTrail, as
{"Records": [...]}. Times are such as 2026-01-02T15:04:05Z, or how long ago: 15m, 24h.`,
		Example: `  magpie audit --since 1h
  magpie audit --account 111122223333 --operation CreateInvitations --output json
  magpie audit --principal arn:aws:iam::111122223333:user/ci --since 2026-01-02T00:00:00Z --until 2026-01-03T00:00:00Z`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var err error
			if account != "" {
				if filter.Account, err = accountID(account); err != nil {
					return fmt.Errorf("--account %w", err)
				}
			}
			if filter.Since, err = moment("--since", since, v.o.Now()); err != nil {
				return err
			}
			if filter.Until, err = moment("--until", until, v.o.Now()); err != nil {
				return err
			}
			if filter.Limit < 1 {
				return errors.New("--limit must be at least 1")
			}
			return withStore(c, &l, func(ctx context.Context, db *store.DB) error {
				list, err := audit.Find(ctx, db, filter)
				if err != nil {
					return err
				}
				records := []json.RawMessage{}
				rows := [][]string{{"TIME", "ACCOUNT", "PRINCIPAL", "OPERATION", "OUTCOME", "FROM"}}
				for _, r := range list {
					var said struct{ ErrorCode, SourceIPAddress string }
					if err := json.Unmarshal(r.JSON, &said); err != nil {
						return fmt.Errorf("the record of %s: %w", timestamp(r.At), err)
					}
					if said.ErrorCode == "" {
						said.ErrorCode = "OK"
					}
					records = append(records, r.JSON)
					rows = append(rows, []string{timestamp(r.At), string(r.Account), r.Principal, r.Operation, said.ErrorCode, said.SourceIPAddress})
				}
				return f.show(c, map[string]any{"Records": records}, rows)
			})
		},
	}
	c.Flags().StringVar(&account, "account", "", "calls of this account only")
	c.Flags().StringVar(&filter.Principal, "principal", "", "calls of this `ARN` only")
	c.Flags().StringVar(&filter.Operation, "operation", "", "calls of this operation only: CreateInvitations, sts:AssumeRole")
	c.Flags().StringVar(&since, "since", "", "calls from this `time` on")
	c.Flags().StringVar(&until, "until", "", "calls before this `time`")
	c.Flags().IntVar(&filter.Limit, "limit", 1000, "at most so many, the newest")
	l.flags(c)
	f.flags(c)
	return c
}

// moment reads a time, or how long ago it is; empty is the zero time.
func moment(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, fmt.Errorf("%s %q: want a time such as 2026-01-02T15:04:05Z, or how long ago: 15m, 24h", flag, text)
	}
	return t, nil
}
