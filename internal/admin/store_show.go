package admin

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"magpie/internal/inventory"
	"magpie/internal/inventory/objectstore"
)

func (v verbs) storeList() *cobra.Command {
	var l location
	var f format
	c := &cobra.Command{
		Use:   "list [ACCOUNT]",
		Short: "List stores, of one account or of all",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			account, err := optionalAccount(args)
			if err != nil {
				return err
			}
			return v.inventory(c, &l, account, func(ctx context.Context, s *inventory.Service) error {
				list, err := s.Stores(ctx, account)
				if err != nil {
					return err
				}
				out := []inventory.StoreDescription{}
				rows := [][]string{{"ACCOUNT", "NAME", "REGION", "ENDPOINT", "STATUS", "BUCKETS", "LOOKED AT"}}
				for _, x := range list {
					d, err := s.Describe(ctx, x)
					if err != nil {
						return err
					}
					out = append(out, d)
					rows = append(rows, []string{d.AccountID, d.Name, d.Region, d.Endpoint, d.Status, strconv.FormatInt(d.BucketCount, 10), d.LookedAt})
				}
				return f.show(c, map[string]any{"stores": out}, rows)
			})
		},
	}
	l.flags(c)
	f.flags(c)
	return c
}

func (v verbs) storeShow() *cobra.Command {
	var l location
	var f format
	c := &cobra.Command{
		Use:   "show ACCOUNT NAME",
		Short: "Show a store's settings and how it was at the last look",
		Args:  cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			account, err := accountID(args[0])
			if err != nil {
				return err
			}
			return v.inventory(c, &l, account, func(ctx context.Context, s *inventory.Service) error {
				x, err := s.Store(ctx, account, args[1])
				if err != nil {
					return err
				}
				d, err := s.Describe(ctx, x)
				if err != nil {
					return err
				}
				return f.show(c, d, storeRows(d))
			})
		},
	}
	l.flags(c)
	f.flags(c)
	return c
}

func storeRows(d inventory.StoreDescription) [][]string {
	yes := map[bool]string{true: "yes", false: "no"}
	number := func(n int64) string {
		if n == 0 {
			return ""
		}
		return strconv.FormatInt(n, 10)
	}
	rows := [][]string{
		{"account", d.AccountID}, {"name", d.Name}, {"region", d.Region}, {"kind", d.Kind}, {"endpoint", d.Endpoint},
	}
	if d.Kind != string(inventory.KindFolder) {
		rows = append(rows, [][]string{
			{"access key", d.AccessKeyID}, {"role", d.RoleARN}, {"signing region", d.SigningRegion}, {"virtual host", yes[d.VirtualHost]},
			{"own certificate", yes[d.OwnCertificate]},
		}...)
	}
	return append(rows, [][]string{
		{"only buckets", strings.Join(d.Buckets, " ")}, {"requests a second", number(d.MaxRequests)}, {"bytes a second", number(d.MaxBandwidth)},
		{"added by", d.AddedBy}, {"status", d.Status}, {"why", d.StatusDetail}, {"buckets", strconv.FormatInt(d.BucketCount, 10)},
		{"of these failing", strconv.FormatInt(d.FailingBucketCount, 10)}, {"looked at", d.LookedAt}, {"created", d.CreatedAt},
		{"updated", d.UpdatedAt},
	}...)
}

func (v verbs) storeTest() *cobra.Command {
	var l location
	var f format
	var bucket string
	var timeout time.Duration
	c := &cobra.Command{
		Use:   "test ACCOUNT NAME",
		Short: "Try every call that Magpie makes to a store, from this machine",
		Long: `Try every call that Magpie makes to a store, from this machine, and show what came of each: whether it works, is not implemented
there, is not permitted, or is answered with something else, and what is not known for that reason. Nothing is written. It fails when
the buckets, or the objects of the one that is tried, cannot be listed.`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			account, err := accountID(args[0])
			if err != nil {
				return err
			}
			return v.inventory(c, &l, account, func(ctx context.Context, s *inventory.Service) error {
				ctx, cancel := context.WithTimeout(ctx, timeout)
				defer cancel()
				trials, err := s.TryStore(ctx, account, args[1], bucket)
				if err != nil {
					return err
				}
				out := []inventory.TrialDescription{}
				rows := [][]string{{"CALL", "BUCKET", "OUTCOME", "DETAIL", "NOT KNOWN THEN"}}
				var failed error
				for _, t := range trials {
					d := inventory.DescribeTrial(t)
					out = append(out, d)
					rows = append(rows, []string{d.Call, d.Bucket, d.Outcome, d.Detail, d.NotKnown})
					if t.Outcome != objectstore.Works && (t.Call == "ListBuckets" || t.Call == "ListObjectsV2") {
						failed = fmt.Errorf("%s: %s: the store cannot be used", t.Call, t.Outcome)
					}
				}
				return errors.Join(f.show(c, map[string]any{"calls": out}, rows), failed)
			})
		},
	}
	c.Flags().StringVar(&bucket, "bucket", "", "`name` of the bucket to try (default: the first one)")
	c.Flags().DurationVar(&timeout, "timeout", 2*time.Minute, "how long all calls together may take")
	l.flags(c)
	f.flags(c)
	return c
}
