package inventory

import (
	"context"
	"errors"
	"slices"
	"strings"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// record is a row of bucket. A nil is what is not known.
type record struct {
	Region  string
	Account macie2.AccountID
	Name    string

	StoreID     string
	CreatedAt   *int64
	Look        int64
	FactsLook   int64
	Revision    int64
	Known       bool
	GoneAt      *int64
	LastUpdated int64
	ErrorCode   *string
	ErrorText   *string

	Effective, Shared, AllowsUnencrypted string
	SSEType, KMSKeyID                    *string
	Versioning                           bool
	Replicated, ReplicatedExternally     *bool
	ACLRead, ACLWrite                    *bool
	PolicyRead, PolicyWrite              *bool
	Block, AccountBlock                  flags

	Objects, Size, Compressed                     *int64
	Classifiable, ClassifiableSize                *int64
	BadType, BadClass, Unclassifiable             *int64
	BadTypeSize, BadClassSize, UnclassifiableSize *int64
	EncryptionUnknown                             *int64

	Monitoring      string
	Score           *int64
	LastDiscoveryAt *int64
	DefinedInJob    string
	MonitoredByJob  string
	LastJobID       *string
	LastJobRunAt    *int64
	Tags            string // as tagLines writes them
}

// flags are the four that block public access.
type flags struct {
	BlockACLs, IgnoreACLs, BlockPolicy, Restrict *bool
}

func (f *flags) fields() []any {
	return []any{&f.BlockACLs, &f.IgnoreACLs, &f.BlockPolicy, &f.Restrict}
}

var recordColumns = []string{
	"region", "account_id", "name",
	"store_id", "created_at", "look", "facts_look", "revision", "known", "gone_at", "last_updated", "error_code", "error_message",
	"effective_permission", "shared_access", "allows_unencrypted", "sse_type", "kms_key_id", "versioning",
	"replicated", "replicated_externally", "acl_read", "acl_write", "policy_read", "policy_write",
	"block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets",
	"account_block_public_acls", "account_ignore_public_acls", "account_block_public_policy", "account_restrict_public_buckets",
	"object_count", "size_bytes", "size_compressed", "classifiable_count", "classifiable_size",
	"unclassifiable_file_type_count", "unclassifiable_storage_class_count", "unclassifiable_count",
	"unclassifiable_file_type_size", "unclassifiable_storage_class_size", "unclassifiable_size", "encryption_unknown_count",
	"monitoring_status", "sensitivity_score", "last_discovery_at", "defined_in_job", "monitored_by_job", "last_job_id", "last_job_run_at",
	"tags",
}

// fields are pointers to what recordColumns name, in their order: to scan into, and to write from.
func (r *record) fields() []any {
	f := []any{&r.Region, &r.Account, &r.Name,
		&r.StoreID, &r.CreatedAt, &r.Look, &r.FactsLook, &r.Revision, &r.Known, &r.GoneAt, &r.LastUpdated, &r.ErrorCode, &r.ErrorText,
		&r.Effective, &r.Shared, &r.AllowsUnencrypted, &r.SSEType, &r.KMSKeyID, &r.Versioning,
		&r.Replicated, &r.ReplicatedExternally, &r.ACLRead, &r.ACLWrite, &r.PolicyRead, &r.PolicyWrite}
	f = append(f, r.Block.fields()...)
	f = append(f, r.AccountBlock.fields()...)
	return append(f, &r.Objects, &r.Size, &r.Compressed, &r.Classifiable, &r.ClassifiableSize,
		&r.BadType, &r.BadClass, &r.Unclassifiable, &r.BadTypeSize, &r.BadClassSize, &r.UnclassifiableSize, &r.EncryptionUnknown,
		&r.Monitoring, &r.Score, &r.LastDiscoveryAt, &r.DefinedInJob, &r.MonitoredByJob, &r.LastJobID, &r.LastJobRunAt, &r.Tags)
}

// columnsOf lists the columns of bucket under an alias.
func columnsOf(alias string) string { return alias + "." + strings.Join(recordColumns, ", "+alias+".") }

var allColumns = columnsOf("b")

// newRecord is a bucket of which nothing is known yet but that it is there.
func newRecord(x Store, name string, createdAt *int64, now int64) record {
	return record{
		Region: x.Region, Account: x.Account, Name: name, StoreID: x.ID, CreatedAt: createdAt, Look: x.look, LastUpdated: now,
		Effective: string(macie2.EffectivePermissionUnknown), Shared: string(macie2.SharedAccessUnknown),
		AllowsUnencrypted: string(macie2.AllowsUnencryptedObjectUploadsUnknown),
		Monitoring:        string(macie2.AutomatedDiscoveryMonitoringStatusNotMonitored),
		DefinedInJob:      string(macie2.IsDefinedInJobUnknown), MonitoredByJob: string(macie2.IsMonitoredByJobUnknown),
	}
}

// forget takes from a record what was known of the bucket, for one that cannot be read any more.
func (r *record) forget(code macie2.BucketMetadataErrorCode, text string) {
	kept := *r
	*r = newRecord(Store{ID: r.StoreID, Settings: Settings{Region: r.Region}, Account: r.Account, look: r.Look}, r.Name, r.CreatedAt, r.LastUpdated)
	r.FactsLook, r.Revision, r.GoneAt = kept.FactsLook, kept.Revision, kept.GoneAt
	r.Monitoring, r.Score, r.LastDiscoveryAt = kept.Monitoring, kept.Score, kept.LastDiscoveryAt
	r.DefinedInJob, r.MonitoredByJob, r.LastJobID, r.LastJobRunAt = kept.DefinedInJob, kept.MonitoredByJob, kept.LastJobID, kept.LastJobRunAt
	r.ErrorCode, r.ErrorText = macie2.Ptr(string(code)), &text
}

// change is what becomes of a bucket: nil before is one that is new, nil after one that goes.
type change struct{ before, after *record }

// write applies changes, and carries them over to the sums. A bucket that was changed by somebody else meanwhile is a store.ErrConflict.
func (s *Service) write(ctx context.Context, tx *store.Tx, changes []change) error {
	if err := s.stand(ctx, tx, changes); err != nil {
		return err
	}
	sums := map[owner]*counters{}
	var insert [][]any
	for _, c := range changes {
		r := c.after
		if r == nil {
			r = c.before
		}
		o := owner{r.Region, r.Account}
		if sums[o] == nil {
			sums[o] = new(counters)
		}
		sums[o].subtract(c.before)
		sums[o].add(c.after)
		switch {
		case c.before == nil:
			c.after.Revision = 1
			insert = append(insert, c.after.fields())
		case c.after == nil:
			tx.DeferExpect(1, `delete from bucket where region = $1 and account_id = $2 and name = $3 and revision = $4`,
				r.Region, r.Account, r.Name, r.Revision)
			for _, table := range []string{"bucket_facts", "bucket_tag"} {
				tx.Defer(`delete from `+table+` where region = $1 and account_id = $2 and name = $3`, r.Region, r.Account, r.Name)
			}
			tx.Defer(`delete from census where region = $1 and account_id = $2 and bucket = $3`, r.Region, r.Account, r.Name)
		default:
			c.after.Revision = c.before.Revision + 1
			fields := c.after.fields()
			tx.DeferExpect(1, updateRecord, slices.Concat(fields[keyColumns:], fields[:keyColumns], []any{c.before.Revision})...)
		}
	}
	if len(insert) > 0 {
		if _, err := tx.InsertMany(ctx, `insert into bucket (`+strings.Join(recordColumns, ", ")+`)`, insert, ""); err != nil {
			if errors.Is(err, store.ErrExists) {
				err = store.ErrConflict
			}
			return err
		}
	}
	for _, o := range sortedOwners(sums) {
		if err := sums[o].save(ctx, tx, o); err != nil {
			return err
		}
	}
	return nil
}

// updateRecord writes all columns of a bucket if it has the revision that the last argument says.
var updateRecord = func() string {
	var set []string
	for i, c := range recordColumns[keyColumns:] {
		set = append(set, c+" = $"+itoa(i+1))
	}
	n := len(recordColumns) - keyColumns
	return `update bucket set ` + strings.Join(set, ", ") + ` where region = $` + itoa(n+1) + ` and account_id = $` + itoa(n+2) +
		` and name = $` + itoa(n+3) + ` and revision = $` + itoa(n+4)
}()

// keyColumns is how many of recordColumns are the key.
const keyColumns = 3

// readRecords reads buckets by a condition on b, whose arguments follow.
func readRecords(ctx context.Context, tx *store.Tx, condition string, args ...any) (list []*record, err error) {
	err = tx.Query(ctx, func(row store.Row) error {
		r := new(record)
		list = append(list, r)
		return row.Scan(r.fields()...)
	}, `select `+allColumns+` from bucket b where `+condition, args...)
	return list, err
}
