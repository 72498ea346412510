package finding

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
	"magpie/internal/queue"
	"magpie/internal/store"
)

// Bucket is one that results are written to and objects are read from.
type Bucket interface {
	Put(ctx context.Context, key string, content []byte, o objectstore.PutOptions) (etag string, err error)
}

const (
	exportKind = "finding.export"
	// How many stored results one task of a back-fill hands on.
	backfillPage = 500
	backfillKind = "finding.backfill"
)

// destination is where an account's results go; without a bucket they are kept only.
type destination struct {
	bucket, prefix, kmsKey, owner string
	unencrypted                   bool
}

// exportTo reads where an account's results go.
func exportTo(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID) (destination, error) {
	var d destination
	err := tx.QueryRow(ctx, `select bucket, key_prefix, kms_key_arn, expected_owner, unencrypted from classification_export
		where region = $1 and account_id = $2`, region, account).Scan(&d.bucket, &d.prefix, &d.kmsKey, &d.owner, &d.unencrypted)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return d, err
}

// GetClassificationExportConfiguration says where the account's results go; the configuration is empty when that was not set.
// Terraform looks into it without asking whether it is there.
func (s *Service) GetClassificationExportConfiguration(ctx context.Context, call *macie2.Call, _ *macie2.GetClassificationExportConfigurationInput) (*macie2.GetClassificationExportConfigurationOutput, error) {
	var d destination
	err := s.view(ctx, call, func(tx *store.Tx) (err error) {
		d, err = exportTo(ctx, tx, call.Region, call.Account)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &macie2.GetClassificationExportConfigurationOutput{Configuration: d.wire()}, nil
}

func (d destination) wire() *macie2.ClassificationExportConfiguration {
	if d.bucket == "" {
		return &macie2.ClassificationExportConfiguration{}
	}
	to := &macie2.S3Destination{BucketName: &d.bucket, KmsKeyArn: &d.kmsKey}
	if d.prefix != "" {
		to.KeyPrefix = &d.prefix
	}
	if d.owner != "" {
		to.ExpectedBucketOwner = &d.owner
	}
	return &macie2.ClassificationExportConfiguration{S3Destination: to}
}

// PutClassificationExportConfiguration sets where the account's results go, once a file could be written there, and has those
// of the last 90 days written too. An empty configuration unsets it.
func (s *Service) PutClassificationExportConfiguration(ctx context.Context, call *macie2.Call, in *macie2.PutClassificationExportConfigurationInput) (*macie2.PutClassificationExportConfigurationOutput, error) {
	if in.Configuration == nil || in.Configuration.S3Destination == nil {
		err := s.tx(ctx, call, func(tx *store.Tx) error {
			tx.Defer(`delete from classification_export where region = $1 and account_id = $2`, call.Region, call.Account)
			return nil
		})
		if err != nil {
			return nil, err
		}
		return &macie2.PutClassificationExportConfigurationOutput{}, nil
	}
	d, err := readDestination(in.Configuration.S3Destination)
	if err != nil {
		return nil, err
	}
	if err := s.view(ctx, call, func(*store.Tx) error { return nil }); err != nil {
		return nil, err
	}
	if d.unencrypted, err = s.tryExport(ctx, call, d); err != nil {
		return nil, err
	}
	err = s.tx(ctx, call, func(tx *store.Tx) error {
		tx.DeferExpect(1, `insert into classification_export (region, account_id, bucket, key_prefix, kms_key_arn, expected_owner, unencrypted)
			values ($1, $2, $3, $4, $5, $6, $7) on conflict (region, account_id) do update set bucket = excluded.bucket,
			key_prefix = excluded.key_prefix, kms_key_arn = excluded.kms_key_arn, expected_owner = excluded.expected_owner,
			unencrypted = excluded.unencrypted`,
			call.Region, call.Account, d.bucket, d.prefix, d.kmsKey, d.owner, d.unencrypted)
		all := backfill{Region: call.Region, Account: call.Account}
		// A batch that is just being written by another node may not see the configuration, nor be seen by the first look.
		late := all
		late.Since = call.Now.Add(-time.Hour).UnixMilli()
		return s.queue.Enqueue(ctx, tx, queue.New{Kind: backfillKind, Payload: all},
			queue.New{Kind: backfillKind, Payload: late, RunAt: call.Now.Add(time.Minute)})
	})
	if err != nil {
		return nil, err
	}
	return &macie2.PutClassificationExportConfigurationOutput{Configuration: d.wire()}, nil
}

func readDestination(in *macie2.S3Destination) (destination, error) {
	d := destination{bucket: macie2.Deref(in.BucketName), prefix: macie2.Deref(in.KeyPrefix), kmsKey: macie2.Deref(in.KmsKeyArn), owner: macie2.Deref(in.ExpectedBucketOwner)}
	const where = "configuration.s3Destination."
	if n := len(d.bucket); n < 3 || n > 255 {
		return d, macie2.ErrValidation(where + "bucketName: must have 3 to 255 characters")
	}
	if len(d.prefix) > 512 {
		return d, macie2.ErrValidation(where + "keyPrefix: must have at most 512 bytes")
	}
	if strings.HasPrefix(d.prefix, "/") {
		return d, macie2.ErrValidation(where + "keyPrefix: must not begin with a slash")
	}
	for part := range strings.SplitSeq(d.prefix, "/") {
		if part == ".." {
			return d, macie2.ErrValidation(where + "keyPrefix: must not have a part ..")
		}
	}
	if !strings.HasPrefix(d.kmsKey, "arn:") || len(d.kmsKey) > 2048 {
		return d, macie2.ErrValidation(where + "kmsKeyArn: must be the ARN of a key")
	}
	if d.owner != "" {
		if _, err := macie2.ParseAccountID(d.owner); err != nil {
			return d, macie2.ErrValidation(where+"expectedBucketOwner: %v", err)
		}
	}
	return d, nil
}

// tryExport writes a small file to a bucket, first with the key that results are to be encrypted with. A store that knows no
// KMS is one that results go to without it, which it reports.
func (s *Service) tryExport(ctx context.Context, call *macie2.Call, d destination) (unencrypted bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	refuse := func(err error) error {
		return macie2.ErrValidation("The request failed because a result could not be written to the bucket %s: %v", d.bucket, err)
	}
	if d.owner != "" && d.owner != string(call.Account) {
		return false, refuse(fmt.Errorf("it is not known to be the account %s's", d.owner))
	}
	b, err := s.namedBucket(ctx, call.Region, call.Account, d.bucket, call.Now)
	if err != nil {
		return false, refuse(err)
	}
	key := resultKey(d.prefix, call.Account, call.Region, "magpie", call.Account, "write-check")
	empty, err := compressed(nil)
	if err != nil {
		return false, err
	}
	_, err = b.Put(ctx, key, empty, d.options())
	if err != nil && lacksKMS(err) {
		d.unencrypted = true
		_, err = b.Put(ctx, key, empty, d.options())
	}
	if err != nil {
		return false, refuse(err)
	}
	return d.unencrypted, nil
}

// lacksKMS tells a store that does not know server-side encryption with KMS from one that refuses for another reason.
func lacksKMS(err error) bool {
	if errors.Is(err, objectstore.ErrNotSupported) || errors.Is(err, objectstore.ErrKMS) {
		return true
	}
	switch objectstore.CodeOf(err) {
	case "InvalidArgument", "InvalidRequest", "InvalidEncryptionAlgorithmError", "NotImplemented", "KMS.NotFoundException", "KMSNotConfigured":
		return true
	}
	return false
}

func (d destination) options() objectstore.PutOptions {
	o := objectstore.PutOptions{ContentType: "application/gzip"}
	if !d.unencrypted {
		o.Encryption, o.KMSKeyID = "aws:kms", d.kmsKey
	}
	return o
}

// result names a stored result.
type result struct {
	Region  string           `json:"region"`
	Account macie2.AccountID `json:"account"`
	ID      string           `json:"id"`
}

func exportTask(region string, account macie2.AccountID, id string) queue.New {
	return queue.New{Kind: exportKind, Key: region + "/" + string(account) + "/" + id, Payload: result{region, account, id}}
}

// export writes a stored result to the bucket that the account has named. The same file again is no harm.
func (s *Service) export(ctx context.Context, t queue.Task) queue.Outcome {
	var r result
	if err := t.Decode(&r); err != nil {
		return queue.Outcome{Status: queue.Refused, Detail: err.Error()}
	}
	var to destination
	var folder, owner, text string
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		if to, err = exportTo(ctx, tx, r.Region, r.Account); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `select folder, owner_id, body from discovery_result where region = $1 and account_id = $2 and id = $3`,
			r.Region, r.Account, r.ID).Scan(&folder, &owner, &text)
	})
	if errors.Is(err, store.ErrNotFound) || err == nil && to.bucket == "" {
		return queue.Outcome{Status: queue.Done, Detail: "there is nothing to write any more"}
	}
	if err != nil {
		return queue.Outcome{Detail: err.Error()}
	}
	body, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return queue.Outcome{Status: queue.Refused, Detail: "stored result: " + err.Error()}
	}
	b, err := s.bucket(ctx, r.Region, r.Account, to.bucket)
	if err == nil {
		_, err = b.Put(ctx, resultKey(to.prefix, r.Account, r.Region, folder, macie2.AccountID(owner), r.ID), body, to.options())
	}
	if err != nil {
		return queue.Outcome{Detail: err.Error()}
	}
	return queue.Outcome{Status: queue.Done}
}

// backfill is the payload of a task that hands stored results on to be exported.
type backfill struct {
	Region  string           `json:"region"`
	Account macie2.AccountID `json:"account"`
	Since   int64            `json:"since,omitempty"` // milliseconds since 1970
	After   string           `json:"after,omitempty"`
}

func (s *Service) backfillTask(ctx context.Context, tx *store.Tx, tasks []queue.Task) error {
	for _, t := range tasks {
		var p backfill
		if err := t.Decode(&p); err != nil {
			return err
		}
		var exports []queue.New
		err := tx.Query(ctx, func(r store.Row) error {
			err := r.Scan(&p.After)
			exports = append(exports, exportTask(p.Region, p.Account, p.After))
			return err
		}, `select id from discovery_result where region = $1 and account_id = $2 and id > $3 and created_at >= $4
			order by id limit $5`, p.Region, p.Account, p.After, p.Since, int64(backfillPage))
		if err == nil && len(exports) == backfillPage {
			exports = append(exports, queue.New{Kind: backfillKind, Payload: p})
		}
		if err == nil {
			err = s.queue.Enqueue(ctx, tx, exports...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// expireResults deletes stored results whose time is over, some at a time, and reports whether that was all.
func (s *Service) expireResults(ctx context.Context, now time.Time) (done bool, err error) {
	err = s.db.Tx(ctx, "results expire", func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, `delete from discovery_result where (region, account_id, id) in (select region, account_id, id
			from discovery_result where created_at <= $1 order by created_at limit $2)`, now.Add(-Retention).UnixMilli(), int64(deletedAtOnce))
		done = n < deletedAtOnce
		return err
	})
	return done, err
}
