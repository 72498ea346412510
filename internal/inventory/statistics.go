package inventory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

func itoa(n int) string { return strconv.Itoa(n) }

// owner is whose buckets are summed up.
type owner struct {
	region  string
	account macie2.AccountID
}

func sortedOwners(m map[owner]*counters) []owner {
	list := make([]owner, 0, len(m))
	for o := range m {
		list = append(list, o)
	}
	slices.SortFunc(list, func(a, b owner) int {
		return strings.Compare(a.region+"/"+string(a.account), b.region+"/"+string(b.account))
	})
	return list
}

// The sums over buckets. Their order is that in which they are stored: new ones go to the end.
const (
	sumBuckets = iota
	sumPublic
	sumReadable
	sumWritable
	sumPermissionUnknown
	sumKMS
	sumS3
	sumUnencrypted
	sumEncryptionUnknown
	sumAllows
	sumDenies
	sumRequirementUnknown
	sumExternal
	sumInternal
	sumNotShared
	sumSharedUnknown
	sumObjects
	sumSize
	sumCompressed
	sumClassifiable
	sumClassifiableSize
	sumBadType
	sumBadClass
	sumUnclassifiable
	sumBadTypeSize
	sumBadClassSize
	sumUnclassifiableSize
	sumError // the buckets with a score of each kind, then …
	sumNotClassified
	sumNotSensitive
	sumSensitive
	sumErrorPublic // … those that are public, …
	sumNotClassifiedPublic
	sumNotSensitivePublic
	sumSensitivePublic
	sumErrorClassifiable // … their classifiable bytes, …
	sumNotClassifiedClassifiable
	sumNotSensitiveClassifiable
	sumSensitiveClassifiable
	sumErrorSize // … and all of their bytes
	sumNotClassifiedSize
	sumNotSensitiveSize
	sumSensitiveSize
	sums
)

type counters [sums]int64

func (c *counters) add(r *record)      { c.count(r, 1) }
func (c *counters) subtract(r *record) { c.count(r, -1) }

// count counts a bucket by n, which is 1 or -1. One that cannot be read counts as unknown, and its objects do not count.
func (c *counters) count(r *record, n int64) {
	if r == nil {
		return
	}
	c[sumBuckets] += n
	switch macie2.EffectivePermission(r.Effective) {
	case macie2.EffectivePermissionPublic:
		c[sumPublic] += n
		if isTrue(r.ACLRead) || isTrue(r.PolicyRead) {
			c[sumReadable] += n
		}
		if isTrue(r.ACLWrite) || isTrue(r.PolicyWrite) {
			c[sumWritable] += n
		}
	case macie2.EffectivePermissionUnknown:
		c[sumPermissionUnknown] += n
	}
	switch macie2.Deref(r.SSEType) {
	case "aws:kms", "aws:kms:dsse":
		c[sumKMS] += n
	case "AES256":
		c[sumS3] += n
	case "NONE":
		c[sumUnencrypted] += n
	default:
		c[sumEncryptionUnknown] += n
	}
	switch macie2.AllowsUnencryptedObjectUploads(r.AllowsUnencrypted) {
	case macie2.AllowsUnencryptedObjectUploadsTrue:
		c[sumAllows] += n
	case macie2.AllowsUnencryptedObjectUploadsFalse:
		c[sumDenies] += n
	default:
		c[sumRequirementUnknown] += n
	}
	switch macie2.SharedAccess(r.Shared) {
	case macie2.SharedAccessExternal:
		c[sumExternal] += n
	case macie2.SharedAccessInternal:
		c[sumInternal] += n
	case macie2.SharedAccessNotShared:
		c[sumNotShared] += n
	default:
		c[sumSharedUnknown] += n
	}
	if r.ErrorCode != nil {
		return
	}
	for i, v := range []*int64{r.Objects, r.Size, r.Compressed, r.Classifiable, r.ClassifiableSize, r.BadType, r.BadClass, r.Unclassifiable,
		r.BadTypeSize, r.BadClassSize, r.UnclassifiableSize} {
		c[sumObjects+i] += n * macie2.Deref(v)
	}
	if r.Score == nil {
		return
	}
	kind := 3
	switch score := *r.Score; {
	case score < 0:
		kind = 0
	case score == 50:
		kind = 1
	case score < 50:
		kind = 2
	}
	c[sumError+kind] += n
	if macie2.EffectivePermission(r.Effective) == macie2.EffectivePermissionPublic {
		c[sumErrorPublic+kind] += n
	}
	c[sumErrorClassifiable+kind] += n * macie2.Deref(r.ClassifiableSize)
	c[sumErrorSize+kind] += n * macie2.Deref(r.Size)
}

func isTrue(b *bool) bool { return b != nil && *b }

// save adds the counters to the owner's row.
func (c *counters) save(ctx context.Context, tx *store.Tx, o owner) error {
	if *c == (counters{}) {
		return nil
	}
	var text string
	var revision int64
	err := tx.QueryRow(ctx, `select counters, revision from bucket_statistics where region = $1 and account_id = $2`, o.region, o.account).
		Scan(&text, &revision)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	var all counters
	if err == nil {
		if all, err = readCounters(text); err != nil {
			return err
		}
	}
	for i := range all {
		all[i] += c[i]
	}
	b, err := json.Marshal(all)
	if err != nil {
		return err
	}
	if revision == 0 {
		tx.DeferExpect(1, `insert into bucket_statistics (region, account_id, counters, revision) values ($1, $2, $3, 1)
			on conflict (region, account_id) do nothing`, o.region, o.account, string(b))
		return nil
	}
	tx.DeferExpect(1, `update bucket_statistics set counters = $3, revision = revision + 1 where region = $1 and account_id = $2 and revision = $4`,
		o.region, o.account, string(b), revision)
	return nil
}

// readCounters reads what save wrote, or an older program, which had fewer.
func readCounters(text string) (c counters, err error) {
	var list []int64
	if err := json.Unmarshal([]byte(text), &list); err != nil || len(list) > len(c) {
		return c, fmt.Errorf("the sums over buckets: they cannot be read: %w", err)
	}
	copy(c[:], list)
	return c, nil
}
