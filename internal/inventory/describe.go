package inventory

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"magpie/internal/arn"
	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/store"
)

// Bind binds the operations of this package.
func (s *Service) Bind(r *macie2.Registry) {
	r.BindDescribeBuckets(s.DescribeBuckets)
	r.BindGetBucketStatistics(s.GetBucketStatistics)
	r.BindSearchResources(s.SearchResources)
}

const (
	defaultPage = 50
	mostPage    = 1000
)

func pageSize(n *int32) (int, error) {
	switch {
	case n == nil:
		return defaultPage, nil
	case *n < 1 || *n > mostPage:
		return 0, macie2.ErrValidation("maxResults: must be a number from 1 to %d", mostPage)
	}
	return int(*n), nil
}

// DescribeBuckets lists the buckets of the caller, and of its members, that meet all criteria. Stores that were not looked at for a while
// are looked at again afterwards.
func (s *Service) DescribeBuckets(ctx context.Context, call *macie2.Call, in *macie2.DescribeBucketsInput) (*macie2.DescribeBucketsOutput, error) {
	size, err := pageSize(in.MaxResults)
	if err != nil {
		return nil, err
	}
	q := &query{}
	if err := q.criteria(in.Criteria); err != nil {
		return nil, err
	}
	o, err := sortBuckets(in.SortCriteria)
	if err != nil {
		return nil, err
	}
	filters, err := json.Marshal([]any{in.Criteria, in.SortCriteria}) // map keys are sorted
	if err != nil {
		return nil, err
	}
	list := pagetoken.Of(call, "DescribeBuckets", string(filters))
	rows, next, err := s.page(ctx, call, q, o, pageOf{list, in.NextToken, size})
	if err != nil {
		return nil, err
	}
	out := &macie2.DescribeBucketsOutput{Buckets: []macie2.BucketMetadata{}, NextToken: next}
	for _, x := range rows {
		out.Buckets = append(out.Buckets, metadata(x.record, x.facts))
	}
	s.refresh(ctx, call)
	return out, nil
}

// described is a bucket with what is kept beside its record.
type described struct {
	*record
	facts *facts
}

// pageOf is a page of a list that was asked for: by a token, or the first, and of what size.
type pageOf struct {
	list  pagetoken.List
	token *string
	size  int
}

// page reads a page of the buckets that the caller may see.
func (s *Service) page(ctx context.Context, call *macie2.Call, q *query, o order, p pageOf) (rows []described, next *string, err error) {
	if p.token != nil && *p.token == "" {
		p.token = nil
	}
	page, err := s.pages.Page(p.list, p.token, 3, p.size)
	if err != nil {
		return nil, nil, macie2.ErrValidation("nextToken: it was not issued for this account, Region, operation and criteria")
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		accounts, err := visible(ctx, tx, call)
		if err != nil {
			return err
		}
		q.viewer = call.Account
		if rows, err = s.selectBuckets(ctx, tx, Holders{call.Region, accounts}, q, stretch{o, page.Keys(), int(page.Limit())}); err != nil || len(rows) == 0 {
			return err
		}
		return addJobs(ctx, tx, call.Region, call.Account, rows)
	})
	if err != nil {
		return nil, nil, err
	}
	rows, next = pagetoken.Cut(page, rows, func(x described) []string { return []string{o.value(x.record), string(x.Account), x.Name} })
	return rows, next, nil
}

// Holders are the accounts in a Region whose buckets are looked for.
type Holders struct {
	Region   string
	Accounts []macie2.AccountID
}

// stretch is a part of a list in an order: at most size of those after the one with the given sort key, account and name.
type stretch struct {
	order
	after []string
	size  int
}

// selectBuckets reads that stretch of the buckets of accounts that a query finds.
func (s *Service) selectBuckets(ctx context.Context, tx *store.Tx, of Holders, q *query, p stretch) ([]described, error) {
	region, accounts := of.Region, of.Accounts
	unsettled, err := s.unsettled(ctx, tx, region, accounts)
	if err != nil {
		return nil, err
	}
	if err := q.readTags(ctx, tx, region, accounts); err != nil {
		return nil, err
	}
	b := q.begin(tx, region, accounts)
	if p.after != nil {
		if err := p.order.after(b, p.after); err != nil {
			return nil, err
		}
	}
	jobs := macie2.AccountID("")
	if q.jobs {
		jobs = q.viewer
	}
	sql := `select ` + allColumns + ` from ` + b.from(unsettled, jobs) + ` where ` + b.where() + ` order by ` + p.by() + ` limit ` + strconv.Itoa(p.size)
	var rows []described
	err = tx.Query(ctx, func(row store.Row) error {
		x := described{record: new(record)}
		rows = append(rows, x)
		return row.Scan(x.fields()...)
	}, sql, b.args...)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows, addFacts(ctx, tx, region, rows)
}

// addFacts adds what is kept beside the records. It is a statement of its own: a join of both is what planners go wrong at while they know
// nothing of the tables.
func addFacts(ctx context.Context, tx *store.Tx, region string, rows []described) error {
	at := make(map[BucketName]int, len(rows))
	accounts, names := store.List{}, store.List{}
	for i, x := range rows {
		at[BucketName{region, x.Account, x.Name}] = i
		accounts, names = append(accounts, string(x.Account)), append(names, x.Name)
	}
	slices.Sort(accounts)
	return tx.Query(ctx, func(row store.Row) error {
		name, text := BucketName{Region: region}, ""
		if err := row.Scan(&name.Account, &name.Name, &text); err != nil {
			return err
		}
		i, ok := at[name]
		if !ok {
			return nil // another account's of the same name
		}
		rows[i].facts = new(facts)
		if err := json.Unmarshal([]byte(text), rows[i].facts); err != nil {
			return fmt.Errorf("what is kept of bucket %s: %w", name.Name, err)
		}
		return nil
	}, `select account_id, name, facts from bucket_facts where region = $1 and `+tx.Any("account_id", 2)+` and `+tx.Any("name", 3),
		region, slices.Compact(accounts), names)
}

// refresh has stores looked at again that the caller may see and that were not looked at for a while. It is no part of the answer, so its
// failure is none of the caller's.
func (s *Service) refresh(ctx context.Context, call *macie2.Call) {
	var accounts []macie2.AccountID
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		accounts, err = visible(ctx, tx, call)
		return err
	})
	if err == nil {
		err = s.lookAgain(ctx, call.Region, accounts, call.Now.Add(-staleAfter))
	}
	if err != nil {
		s.log.Warn("stores cannot be looked at again", "account", call.Account, "error", err)
	}
}

// lookAgain begins a look at those stores of some accounts that were looked at before a time, and not since. Those that are being looked at,
// or are to be looked at again soon, are left alone.
func (s *Service) lookAgain(ctx context.Context, region string, accounts []macie2.AccountID, before time.Time) error {
	now := s.now().UnixMilli()
	stale := func(tx *store.Tx) (list []Store, err error) {
		err = tx.Query(ctx, func(row store.Row) error {
			var x Store
			err := row.Scan(&x.ID, &x.Account)
			list = append(list, x)
			return err
		}, `select o.id, o.account_id from object_store o where o.region = $1 and `+tx.Any("o.account_id", 2)+`
			and o.looked_at < $3 and o.look_due > $4 and o.look_begun_at is null and `+enabledCondition+` limit 200`,
			region, store.ListOf(accounts), before.UnixMilli(), now)
		return list, err
	}
	var list []Store
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		list, err = stale(tx)
		return err
	})
	if err != nil || len(list) == 0 {
		return err
	}
	return s.db.Tx(ctx, "inventory looks", func(tx *store.Tx) error {
		list, err := stale(tx)
		if err != nil {
			return err
		}
		for _, x := range list {
			if _, err := tx.Exec(ctx, `update object_store set look_due = $1 where id = $2`, now+lookLost.Milliseconds(), x.ID); err != nil {
				return err
			}
			if err := s.queue.Enqueue(ctx, tx, lookTask(x)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Expecting reports whether a look at a store of an account is still to end that may show buckets which came before a time: the store is
// new, or was looked at before that time only, in which case another look is begun. A store that cannot be looked at is not waited for.
func (s *Service) Expecting(ctx context.Context, region string, account macie2.AccountID, since time.Time) (expecting bool, err error) {
	if err := s.lookAgain(ctx, region, []macie2.AccountID{account}, since); err != nil {
		return false, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(ctx, `select exists (select 1 from object_store o where o.region = $1 and o.account_id = $2 and (o.looked_at is null or o.looked_at < $3)
			and (o.status <> '`+string(StatusFailing)+`' or o.look_begun_at is not null or o.look_due <= $4) and `+enabledCondition+`)`,
			region, account, since.UnixMilli(), s.now().UnixMilli()).Scan(&expecting)
	})
	return expecting, err
}

// NewStores reports whether some accounts have a store in a Region that was not looked at yet, and will be.
func NewStores(ctx context.Context, tx *store.Tx, region string, accounts []macie2.AccountID) (are bool, err error) {
	err = tx.QueryRow(ctx, `select exists (select 1 from object_store o where o.region = $1 and `+tx.Any("o.account_id", 2)+` and o.status = $3 and `+enabledCondition+`)`,
		region, store.ListOf(accounts), string(StatusNew)).Scan(&are)
	return are, err
}

// metadata is a bucket as DescribeBuckets shows it.
func metadata(r *record, f *facts) macie2.BucketMetadata {
	m := macie2.BucketMetadata{
		AccountId: macie2.Ptr(string(r.Account)), BucketArn: macie2.Ptr(bucketARN(r)), BucketName: &r.Name, Region: &r.Region,
		BucketCreatedAt: optionalTimestamp(r.CreatedAt), LastUpdated: macie2.TimestampMillis(r.LastUpdated),
		AllowsUnencryptedObjectUploads:     macie2.Ptr(macie2.AllowsUnencryptedObjectUploads(r.AllowsUnencrypted)),
		AutomatedDiscoveryMonitoringStatus: macie2.Ptr(macie2.AutomatedDiscoveryMonitoringStatus(r.Monitoring)),
		SharedAccess:                       macie2.Ptr(macie2.SharedAccess(r.Shared)), Versioning: &r.Versioning,
		JobDetails: jobDetails(r), LastAutomatedDiscoveryTime: optionalTimestamp(r.LastDiscoveryAt),
		PublicAccess: &macie2.BucketPublicAccess{EffectivePermission: macie2.Ptr(macie2.EffectivePermission(r.Effective))},
	}
	m.SensitivityScore = macie2.Ptr(int32(r.score()))
	if r.ErrorCode != nil {
		m.ErrorCode, m.ErrorMessage = macie2.Ptr(macie2.BucketMetadataErrorCode(*r.ErrorCode)), r.ErrorText
		return m
	}
	m.ObjectCount, m.SizeInBytes, m.SizeInBytesCompressed = r.Objects, r.Size, r.Compressed
	m.ClassifiableObjectCount, m.ClassifiableSizeInBytes = r.Classifiable, r.ClassifiableSize
	m.ObjectCountByEncryptionType = encryptionCounts(r)
	if r.Unclassifiable != nil {
		m.UnclassifiableObjectCount = &macie2.ObjectLevelStatistics{FileType: r.BadType, StorageClass: r.BadClass, Total: r.Unclassifiable}
		m.UnclassifiableObjectSizeInBytes = &macie2.ObjectLevelStatistics{FileType: r.BadTypeSize, StorageClass: r.BadClassSize, Total: r.UnclassifiableSize}
	}
	if r.SSEType != nil {
		m.ServerSideEncryption = &macie2.BucketServerSideEncryption{Type: macie2.Ptr(macie2.Type(*r.SSEType)), KmsMasterKeyId: r.KMSKeyID}
	}
	if !r.Known {
		return m
	}
	m.PublicAccess = publicAccess(r)
	m.ReplicationDetails = &macie2.ReplicationDetails{Replicated: r.Replicated, ReplicatedExternally: r.ReplicatedExternally}
	if f != nil {
		m.ReplicationDetails.ReplicationAccounts = append([]string{}, f.ReplicationAccounts...)
		m.Tags = tagPairs(f)
	}
	return m
}

func bucketARN(r *record) string { return "arn:" + arn.Partition(r.Region) + ":s3:::" + r.Name }

func optionalTimestamp(ms *int64) *macie2.Timestamp {
	if ms == nil {
		return nil
	}
	return macie2.TimestampMillis(*ms)
}

func jobDetails(r *record) *macie2.JobDetails {
	return &macie2.JobDetails{
		IsDefinedInJob: macie2.Ptr(macie2.IsDefinedInJob(r.DefinedInJob)), IsMonitoredByJob: macie2.Ptr(macie2.IsMonitoredByJob(r.MonitoredByJob)),
		LastJobId: r.LastJobID, LastJobRunTime: optionalTimestamp(r.LastJobRunAt),
	}
}

// encryptionCounts says that it is not known how objects are encrypted: a listing does not tell.
func encryptionCounts(r *record) *macie2.ObjectCountByEncryptionType {
	if r.Objects == nil {
		return nil
	}
	return &macie2.ObjectCountByEncryptionType{
		CustomerManaged: macie2.Ptr(int64(0)), KmsManaged: macie2.Ptr(int64(0)), S3Managed: macie2.Ptr(int64(0)),
		Unencrypted: macie2.Ptr(int64(0)), Unknown: r.EncryptionUnknown,
	}
}

func publicAccess(r *record) *macie2.BucketPublicAccess {
	block := func(f flags) *macie2.BlockPublicAccess {
		return &macie2.BlockPublicAccess{BlockPublicAcls: f.BlockACLs, IgnorePublicAcls: f.IgnoreACLs, BlockPublicPolicy: f.BlockPolicy, RestrictPublicBuckets: f.Restrict}
	}
	return &macie2.BucketPublicAccess{
		EffectivePermission: macie2.Ptr(macie2.EffectivePermission(r.Effective)),
		PermissionConfiguration: &macie2.BucketPermissionConfiguration{
			AccountLevelPermissions: &macie2.AccountLevelPermissions{BlockPublicAccess: block(r.AccountBlock)},
			BucketLevelPermissions: &macie2.BucketLevelPermissions{
				AccessControlList: &macie2.AccessControlList{AllowsPublicReadAccess: r.ACLRead, AllowsPublicWriteAccess: r.ACLWrite},
				BucketPolicy:      &macie2.BucketPolicy{AllowsPublicReadAccess: r.PolicyRead, AllowsPublicWriteAccess: r.PolicyWrite},
				BlockPublicAccess: block(r.Block),
			},
		},
	}
}

func tagPairs(f *facts) []macie2.KeyValuePair {
	tags := []macie2.KeyValuePair{}
	for _, t := range f.Tags {
		tags = append(tags, macie2.KeyValuePair{Key: macie2.Ptr(storable(t.Key)), Value: macie2.Ptr(storable(t.Value))})
	}
	return tags
}

// s3Bucket is a bucket as findings show it.
func s3Bucket(r *record, f *facts) macie2.S3Bucket {
	b := macie2.S3Bucket{
		Arn: macie2.Ptr(bucketARN(r)), Name: macie2.Ptr(r.Name), CreatedAt: optionalTimestamp(r.CreatedAt), Tags: []macie2.KeyValuePair{},
		AllowsUnencryptedObjectUploads: macie2.Ptr(macie2.AllowsUnencryptedObjectUploads(r.AllowsUnencrypted)),
		DefaultServerSideEncryption:    &macie2.ServerSideEncryption{EncryptionType: macie2.Ptr(macie2.EncryptionTypeUnknown)},
		PublicAccess:                   publicAccess(r), Owner: &macie2.S3BucketOwner{},
	}
	if r.SSEType != nil {
		b.DefaultServerSideEncryption = &macie2.ServerSideEncryption{EncryptionType: macie2.Ptr(macie2.EncryptionType(*r.SSEType)), KmsMasterKeyId: r.KMSKeyID}
	}
	if f != nil {
		b.Tags = tagPairs(f)
		b.Owner = &macie2.S3BucketOwner{Id: optionalText(f.Owner.ID), DisplayName: optionalText(f.Owner.DisplayName)}
	}
	return b
}

func optionalText(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// S3Bucket is a bucket as findings about its objects show it. It works within tx; ErrNoBucket means that the account has none of that
// name.
func (s *Service) S3Bucket(ctx context.Context, tx *store.Tx, b BucketName) (macie2.S3Bucket, error) {
	list, err := readRecords(ctx, tx, `b.region = $1 and b.account_id = $2 and b.name = $3`, b.Region, string(b.Account), b.Name)
	if err != nil {
		return macie2.S3Bucket{}, err
	}
	if len(list) == 0 {
		return macie2.S3Bucket{}, ErrNoBucket
	}
	f, err := readFacts(ctx, tx, list[0])
	if err != nil {
		return macie2.S3Bucket{}, err
	}
	return s3Bucket(list[0], f), nil
}

// GetBucketStatistics sums up the buckets of the caller and of its members, or of one of these accounts.
func (s *Service) GetBucketStatistics(ctx context.Context, call *macie2.Call, in *macie2.GetBucketStatisticsInput) (*macie2.GetBucketStatisticsOutput, error) {
	var all counters
	var looked *int64
	err := s.db.View(ctx, func(tx *store.Tx) error {
		all = counters{}
		accounts, err := visible(ctx, tx, call)
		if err != nil {
			return err
		}
		if in.AccountId != nil && *in.AccountId != "" {
			if accounts, err = only(accounts, *in.AccountId); err != nil {
				return err
			}
		}
		unsettled, err := s.unsettled(ctx, tx, call.Region, accounts)
		if err != nil {
			return err
		}
		err = tx.Query(ctx, func(row store.Row) error {
			var account macie2.AccountID
			var text string
			if err := row.Scan(&account, &text); err != nil {
				return err
			}
			c, err := readCounters(text)
			if slices.Contains(unsettled, account) {
				c.hideSensitivity()
			}
			for i := range all {
				all[i] += c[i]
			}
			return err
		}, `select account_id, counters from bucket_statistics where region = $1 and `+tx.Any("account_id", 2), call.Region, store.ListOf(accounts))
		if err != nil {
			return err
		}
		return tx.QueryRow(ctx, `select max(looked_at) from object_store where region = $1 and `+tx.Any("account_id", 2),
			call.Region, store.ListOf(accounts)).Scan(&looked)
	})
	if err != nil {
		return nil, err
	}
	return statistics(&all, looked), nil
}

// only is one of the accounts that the caller may see.
func only(accounts []macie2.AccountID, id string) ([]macie2.AccountID, error) {
	want, err := macie2.ParseAccountID(id)
	if err != nil {
		return nil, macie2.ErrValidation("accountId: %v", err)
	}
	for _, a := range accounts {
		if a == want {
			return []macie2.AccountID{a}, nil
		}
	}
	return nil, macie2.ErrAccessDenied("The account %s is not associated with your account.", id)
}

func statistics(c *counters, looked *int64) *macie2.GetBucketStatisticsOutput {
	n := func(i int) *int64 { return &c[i] }
	sensitivity := func(kind int) *macie2.SensitivityAggregations {
		return &macie2.SensitivityAggregations{
			TotalCount: n(sumError + kind), PubliclyAccessibleCount: n(sumErrorPublic + kind),
			ClassifiableSizeInBytes: n(sumErrorClassifiable + kind), TotalSizeInBytes: n(sumErrorSize + kind),
		}
	}
	return &macie2.GetBucketStatisticsOutput{
		BucketCount: n(sumBuckets),
		BucketCountByEffectivePermission: &macie2.BucketCountByEffectivePermission{
			PubliclyAccessible: n(sumPublic), PubliclyReadable: n(sumReadable), PubliclyWritable: n(sumWritable), Unknown: n(sumPermissionUnknown),
		},
		BucketCountByEncryptionType: &macie2.BucketCountByEncryptionType{
			KmsManaged: n(sumKMS), S3Managed: n(sumS3), Unencrypted: n(sumUnencrypted), Unknown: n(sumEncryptionUnknown),
		},
		BucketCountByObjectEncryptionRequirement: &macie2.BucketCountPolicyAllowsUnencryptedObjectUploads{
			AllowsUnencryptedObjectUploads: n(sumAllows), DeniesUnencryptedObjectUploads: n(sumDenies), Unknown: n(sumRequirementUnknown),
		},
		BucketCountBySharedAccessType: &macie2.BucketCountBySharedAccessType{
			External: n(sumExternal), Internal: n(sumInternal), NotShared: n(sumNotShared), Unknown: n(sumSharedUnknown),
		},
		BucketStatisticsBySensitivity: &macie2.BucketStatisticsBySensitivity{
			ClassificationError: sensitivity(0), NotClassified: sensitivity(1), NotSensitive: sensitivity(2), Sensitive: sensitivity(3),
		},
		ObjectCount: n(sumObjects), SizeInBytes: n(sumSize), SizeInBytesCompressed: n(sumCompressed),
		ClassifiableObjectCount: n(sumClassifiable), ClassifiableSizeInBytes: n(sumClassifiableSize),
		UnclassifiableObjectCount:       &macie2.ObjectLevelStatistics{FileType: n(sumBadType), StorageClass: n(sumBadClass), Total: n(sumUnclassifiable)},
		UnclassifiableObjectSizeInBytes: &macie2.ObjectLevelStatistics{FileType: n(sumBadTypeSize), StorageClass: n(sumBadClassSize), Total: n(sumUnclassifiableSize)},
		LastUpdated:                     optionalTimestamp(looked),
	}
}
