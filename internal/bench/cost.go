package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"magpie/internal/macie2"
)

// guards are what stands between a caller who is known and an operation.
var guards = []string{"permissions", "rates", "audit"}

// costs measures CreateInvitations by programs that differ only in what they leave out: all guards, audit alone, nothing. They take
// turns, each with a database of its own; what is compared is processor time for each call, which suffers less from other work on this
// machine than rates do.
func costs(ctx context.Context, engines []string, calls int) error {
	dir, err := os.MkdirTemp("", "magpie-cost-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, engine := range engines {
		if err := costOn(ctx, engine, dir, calls); err != nil {
			return fmt.Errorf("cost on %s: %w", engine, err)
		}
	}
	return nil
}

// contender is one of the programs compared, and what it took in each round.
type contender struct {
	without []string
	rig     *rig
	stop    func()
	took    []time.Duration // processor time of a call, the database's included
	rate    []float64
}

const costRounds = 5

func costOn(ctx context.Context, engine, dir string, calls int) (err error) {
	list := []*contender{{without: guards}, {without: []string{"audit"}}, {}}
	admins := ids(costRounds, administratorID)
	members := ids(calls, memberID)
	for round := range costRounds {
		for _, c := range list {
			if round == 0 {
				binary, err := build(ctx, dir, c.without...)
				if err != nil {
					return err
				}
				place := filepath.Join(dir, engine+strings.Join(c.without, "-"))
				if c.rig, c.stop, err = newRig(engine, binary, place); err != nil {
					return err
				}
				defer c.stop()
			}
			if err := c.round(ctx, admins, members, round, calls); err != nil {
				return err
			}
		}
	}
	for _, c := range list {
		if err := c.rig.stop(); err != nil {
			return err
		}
	}
	base := median(list[0].took)
	for _, c := range list {
		name := "nothing left out"
		if len(c.without) > 0 {
			name = "without " + strings.Join(c.without, ", ")
		}
		took := median(c.took)
		fmt.Printf("%s, %s, 64 clients, %s: %d µs of processor a call, %.0f calls/s: %+.1f %%\n", oneInvitation, engine, name,
			took.Microseconds(), median(c.rate), 100*(float64(took)/float64(base)-1))
	}
	return nil
}

// round has an administrator of its own add and invite everybody; only the latter is measured.
func (c *contender) round(ctx context.Context, admins, members []macie2.AccountID, round, calls int) error {
	if round == 0 {
		keys, err := c.rig.accounts(ctx, admins, true)
		if err != nil {
			return err
		}
		if _, err := c.rig.accounts(ctx, members, false); err != nil {
			return err
		}
		c.rig.keys = keys
		if err := c.rig.start(keys[admins[0]], "--quota-members", "1000000"); err != nil {
			return err
		}
	}
	as := c.rig.keys[admins[round]]
	for _, load := range [][]call{{{"POST", "/macie", "{}", as}}, createMembers(as, 0, calls)} {
		if _, err := c.rig.load(64, load, ok); err != nil {
			return err
		}
	}
	r, err := c.rig.load(64, createInvitations(as, 0, calls, 1, true), processed)
	if err == nil && r.refused > 0 {
		err = fmt.Errorf("%d refused, the first with %s", r.refused, r.firstRefusal)
	}
	c.took = append(c.took, (r.program+r.database)/time.Duration(calls))
	c.rate = append(c.rate, r.rate())
	return err
}

func median[T time.Duration | float64](list []T) T {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}
