package identity

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"magpie/internal/lazyregexp"
	"magpie/internal/macie2"
	"magpie/internal/store"
)

// RegionSet is a set of Regions, in order, with spaces between them. The empty set is "".
type RegionSet string

// Has reports whether the set has a Region.
func (s RegionSet) Has(region string) bool {
	return s != "" && slices.Contains(s.List(), region)
}

// List lists the Regions of the set.
func (s RegionSet) List() []string { return strings.Fields(string(s)) }

// with returns the set with a Region or without it.
func (s RegionSet) with(region string, has bool) RegionSet {
	list := slices.DeleteFunc(s.List(), func(r string) bool { return r == region })
	if has {
		list = append(list, region)
	}
	slices.Sort(list)
	return RegionSet(strings.Join(list, " "))
}

// maxDisabledRegions is more than there are Regions: the set is read at every call.
const maxDisabledRegions = 64

var regionName = lazyregexp.New(`^[a-z]{2,8}(-[a-z0-9]{1,16}){1,4}$`)

// SetRegion enables a Region for an account or disables it, from the next call on: in a disabled
// one the account cannot call, and is nobody's active member. It returns ErrInvalid for what cannot
// be a Region's name, ErrClosed for a closed account.
func (d *Accounts) SetRegion(ctx context.Context, id macie2.AccountID, region string, enabled bool, now time.Time) (Account, error) {
	verb := "disable a Region for"
	if enabled {
		verb = "enable a Region for"
	}
	if !regionName.MatchString(region) {
		return Account{}, fmt.Errorf("%s account %s: %w Region %q: they have names such as us-east-1", verb, id, ErrInvalid, region)
	}
	return d.change(ctx, verb, id, now, func(a *Account) error {
		switch {
		case a.DisabledRegions.Has(region) != enabled:
			return nil
		case a.Status == AccountClosed:
			return ErrClosed
		case !enabled && len(a.DisabledRegions.List()) >= maxDisabledRegions:
			return fmt.Errorf("%w: more than %d disabled Regions", ErrInvalid, maxDisabledRegions)
		}
		a.DisabledRegions = a.DisabledRegions.with(region, !enabled)
		return nil
	}, func(tx *store.Tx, _, a Account) error {
		if d.hooks.OnAccountRegion == nil {
			return nil
		}
		return d.hooks.OnAccountRegion(ctx, tx, a, region)
	})
}
