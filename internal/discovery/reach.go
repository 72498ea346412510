package discovery

import (
	"context"
	"errors"
	"slices"

	"magpie/internal/identity"
	"magpie/internal/inventory"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
	"magpie/internal/session"
	"magpie/internal/store"
)

// Directory knows accounts; *identity.Directory is one.
type Directory interface {
	LookupAccounts(ctx context.Context, tx *store.Tx, ids []macie2.AccountID) (map[macie2.AccountID]identity.Account, error)
}

// outOfReach is an error that says by which event an account's buckets, or one of them, are left out of a run.
type outOfReach struct {
	event string
	err   error
}

func (e *outOfReach) Error() string {
	if e.err != nil {
		return e.event + ": " + e.err.Error()
	}
	return e.event
}

func (e *outOfReach) Unwrap() error { return e.err }

// barred is the event that says why no bucket of an account may be looked at by a job, or "" where they may.
func (s *Service) barred(ctx context.Context, tx *store.Tx, n name, owner macie2.AccountID) (event string, err error) {
	if s.directory != nil {
		found, err := s.directory.LookupAccounts(ctx, tx, []macie2.AccountID{owner})
		if err != nil {
			return "", err
		}
		a, known := found[owner]
		switch {
		case !known, a.Status == identity.AccountClosed:
			return eventAccountTerminated, nil
		case a.Status == identity.AccountSuspended:
			return eventAccountIsolated, nil
		case a.DisabledRegions.Has(n.Region):
			return eventAccountRegion, nil
		}
	}
	if owner != n.Account {
		if ok, err := s.oversees(ctx, tx, n.Region, n.Account, owner); err != nil || !ok {
			return eventAccountDisassociated, err
		}
	}
	x, err := session.Of(ctx, tx, n.Region, owner)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return eventAccountDisabled, nil
	case err != nil:
		return "", err
	case x.Status != macie2.MacieStatusEnabled:
		return eventAccountSuspended, nil
	}
	return "", nil
}

// overseenAmong tells by the list of an administrator's members whether it oversees an account.
func (s *Service) overseenAmong(ctx context.Context, tx *store.Tx, region string, administrator, member macie2.AccountID) (bool, error) {
	members, err := s.members(ctx, tx, region, administrator)
	return slices.Contains(members, member), err
}

// absent is the event that says why a bucket that a definition names is not in the inventory of its account.
func absent(ctx context.Context, tx *store.Tx, region string, owner macie2.AccountID, bucket string) (string, error) {
	where, err := inventory.Elsewhere(ctx, tx, region, owner, bucket)
	switch {
	case err != nil:
		return "", err
	case where == inventory.InAnotherRegion:
		return eventBucketRegion, nil
	case where == inventory.OfAnotherAccount:
		return eventBucketOwner, nil
	}
	return eventBucketMissing, nil
}

// eventOf is the event that says what kept a bucket from being listed. final tells that trying again does not help; otherwise it is worth
// so many tries.
func eventOf(err error) (event string, tries int, final bool) {
	var out *outOfReach
	switch {
	case errors.As(err, &out):
		return out.event, 1, true
	case errors.Is(err, inventory.ErrNoBucket), errors.Is(err, objectstore.ErrNoBucket):
		return eventBucketMissing, 1, true
	case errors.Is(err, objectstore.ErrRegion):
		return eventBucketRegion, 1, true
	case errors.Is(err, objectstore.ErrDenied):
		return eventBucketDenied, bucketTries, false
	case errors.Is(err, objectstore.ErrCredentials), errors.Is(err, inventory.ErrNotAllowed):
		return eventAccountDenied, bucketTries, false
	case unusable(err):
		return eventBucketUnavailable, 1, true
	}
	return eventBucketUnavailable, 4 * bucketTries, false
}

// aboutAccount tells events of accounts from those of buckets.
func aboutAccount(event string) bool {
	switch event {
	case eventAccountDenied, eventAccountDisabled, eventAccountDisassociated, eventAccountIsolated, eventAccountRegion, eventAccountSuspended, eventAccountTerminated:
		return true
	}
	return false
}

// sameOwner looks whether the bucket belongs to whom it belonged when its settings were read last, where the store tells.
func (w *worker) sameOwner(ctx context.Context) error {
	was := w.reading.Facts.Owner
	if was == nil || macie2.Deref(was.Id) == "" {
		return nil
	}
	is, err := w.bucket.Owner(ctx)
	if err != nil || is.ID == "" || is.ID == *was.Id {
		return nil // what is wrong with the bucket its listing will show
	}
	return &outOfReach{event: eventBucketOwner}
}
