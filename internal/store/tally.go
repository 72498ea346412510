package store

import (
	"context"
	"maps"
	"slices"
	"strings"
)

// tallyKey names a tally: a number that transactions add to without waiting for each other.
type tallyKey struct{ scope, name string }

// Tally adds to the named tally of a scope when the transaction commits. All closures that share a
// commit add to it with one statement, just before the COMMIT, and each lane has a row of its own
// for its sums: so nobody waits for another's row lock, as they would if each closure updated one
// row. It is for what would otherwise have to be counted.
func (tx *Tx) Tally(scope, name string, n int64) {
	if tx.tallies == nil {
		tx.tallies = make(map[tallyKey]int64)
	}
	tx.tallies[tallyKey{scope, name}] += n
}

// Tallies reads the tallies of a scope, by name. A tally that nobody has added to is not there.
func (tx *Tx) Tallies(ctx context.Context, scope string) (map[string]int64, error) {
	tallies := make(map[string]int64)
	err := tx.Query(ctx, func(r Row) error {
		var name string
		var n int64
		err := r.Scan(&name, &n)
		tallies[name] = n
		return err
	}, "select name, cast(sum(amount) as bigint) from tally where scope = $1 group by name", scope)
	return tallies, err
}

// TalliesOf calls yield for each tally of the scopes, with its scope, name and sum. yield must not
// run statements.
func (tx *Tx) TalliesOf(ctx context.Context, scopes List, yield func(scope, name string, n int64)) error {
	return tx.Query(ctx, func(r Row) error {
		var scope, name string
		var n int64
		if err := r.Scan(&scope, &name, &n); err != nil {
			return err
		}
		yield(scope, name, n)
		return nil
	}, "select scope, name, cast(sum(amount) as bigint) from tally where "+tx.Any("scope", 1)+" group by scope, name", scopes)
}

// tallyShards is the number of rows that the sums of one tally are spread over. Lanes of several
// nodes may share one, and then wait for each other's commit.
const tallyShards = 64

// sums are the tallies of a group of closures.
type sums map[tallyKey]int64

func (s sums) add(more map[tallyKey]int64) {
	for k, n := range more {
		s[k] += n
	}
}

// write adds the sums to the lane's rows, always in the same order, so that two lanes with the same
// rows cannot have each other wait.
func (s sums) write(ctx context.Context, c conn, shard int64) error {
	var stmts []Stmt
	for _, k := range slices.SortedFunc(maps.Keys(s), func(a, b tallyKey) int {
		if c := strings.Compare(a.scope, b.scope); c != 0 {
			return c
		}
		return strings.Compare(a.name, b.name)
	}) {
		if s[k] != 0 {
			stmts = append(stmts, Stmt{`insert into tally (scope, name, shard, amount) values ($1, $2, $3, $4)
				on conflict (scope, name, shard) do update set amount = tally.amount + excluded.amount`, []any{k.scope, k.name, shard, s[k]}})
		}
	}
	if len(stmts) == 0 {
		return nil
	}
	_, err := c.batch(ctx, stmts)
	return err
}
