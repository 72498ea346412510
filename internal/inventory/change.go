package inventory

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"magpie/internal/inventory/access"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
	"magpie/internal/store"
)

// Change is a change of a bucket for which Macie has a policy finding. Who made it is not known: stores do not say.
type Change struct {
	ID      string
	Region  string
	Account macie2.AccountID
	Bucket  string
	Type    macie2.FindingType
	// Before is when the bucket was last seen without it, At when it was seen.
	Before, At time.Time
	// API is the call of S3 that makes such a change, as far as what changed tells.
	API string
	// Facts is the bucket as it is now.
	Facts macie2.S3Bucket
}

// seen is what the next look at a bucket is compared with. What a look does not find out stays as it was known last, so that a change is
// noticed although a look in between could not see it.
type seen struct {
	Public     access.Verdict `json:"public"`
	Strangers  access.Verdict `json:"strangers"`
	CloudFront access.Verdict `json:"cloudFront"`
	Blocked    access.Verdict `json:"blocked"`    // by at least one of the bucket's own flags
	Replicated access.Verdict `json:"replicated"` // to strangers
	Encryption string         `json:"encryption"` // NONE, AES256, aws:kms …; "" if it was never known
	// Digests of the settings, which tell what was changed.
	Policy string `json:"policy"`
	ACL    string `json:"acl"`
	Block  string `json:"block"`
}

// digest stands for a setting that is known, or was found not to be there.
func digest[T any](a objectstore.Answer[T]) string {
	switch a.State {
	case objectstore.Unknown:
		return ""
	case objectstore.Absent:
		return "none"
	}
	b, err := json.Marshal(a.Value)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// see sums up what a look found out, on top of what was known before.
func see(before *seen, f objectstore.Facts, a access.Access, encryption string, replicated access.Verdict) seen {
	s := seen{
		Public: a.Public, Strangers: a.Strangers, CloudFront: a.CloudFront, Replicated: replicated, Encryption: encryption,
		Policy: digest(f.Policy), ACL: digest(f.ACL), Block: digest(f.Block),
	}
	if f.Block.State != objectstore.Unknown {
		s.Blocked = access.No
		if f.Block.Value != (objectstore.PublicAccessBlock{}) {
			s.Blocked = access.Yes
		}
	}
	if before == nil {
		return s
	}
	for _, v := range []struct{ now, was *access.Verdict }{
		{&s.Public, &before.Public}, {&s.Strangers, &before.Strangers}, {&s.CloudFront, &before.CloudFront}, {&s.Blocked, &before.Blocked},
		{&s.Replicated, &before.Replicated},
	} {
		if *v.now == access.Unknown {
			*v.now = *v.was
		}
	}
	for _, v := range []struct{ now, was *string }{
		{&s.Encryption, &before.Encryption}, {&s.Policy, &before.Policy}, {&s.ACL, &before.ACL}, {&s.Block, &before.Block},
	} {
		if *v.now == "" {
			*v.now = *v.was
		}
	}
	return s
}

// finding is a type of finding with the call that makes it.
type finding struct {
	kind macie2.FindingType
	api  string
}

// strength orders encryption: less than before is a finding.
var strength = map[string]int{"NONE": 1, "AES256": 2, "aws:kms": 3, "aws:kms:dsse": 3}

// compare are the findings that a change from what was seen to what is seen now makes. What was so from the first look on makes none.
func compare(was, is *seen, a access.Access) (list []finding) {
	if was == nil {
		return nil
	}
	became := func(was, is access.Verdict) bool { return was == access.No && is == access.Yes }
	shared := func() string {
		switch {
		case was.ACL != is.ACL && was.Policy == is.Policy:
			return "PutBucketAcl"
		case was.ACL == is.ACL && was.Policy == is.Policy && was.Block != is.Block:
			return blockCall(is.Block)
		}
		return "PutBucketPolicy"
	}
	if became(was.Public, is.Public) {
		api := shared()
		if api == "PutBucketPolicy" && a.ByList == access.Yes && a.ByPolicy != access.Yes {
			api = "PutBucketAcl"
		}
		list = append(list, finding{macie2.FindingTypePolicyIAMUserS3BucketPublic, api})
	}
	if became(was.Strangers, is.Strangers) {
		list = append(list, finding{macie2.FindingTypePolicyIAMUserS3BucketSharedExternally, shared()})
	}
	if became(was.CloudFront, is.CloudFront) {
		list = append(list, finding{macie2.FindingTypePolicyIAMUserS3BucketSharedWithCloudFront, "PutBucketPolicy"})
	}
	if was.Blocked == access.Yes && is.Blocked == access.No {
		list = append(list, finding{macie2.FindingTypePolicyIAMUserS3BlockPublicAccessDisabled, blockCall(is.Block)})
	}
	if became(was.Replicated, is.Replicated) {
		list = append(list, finding{macie2.FindingTypePolicyIAMUserS3BucketReplicatedExternally, "PutBucketReplication"})
	}
	if strength[is.Encryption] > 0 && strength[is.Encryption] < strength[was.Encryption] {
		api := "PutBucketEncryption"
		if is.Encryption == "NONE" {
			api = "DeleteBucketEncryption"
		}
		list = append(list, finding{macie2.FindingTypePolicyIAMUserS3BucketEncryptionDisabled, api})
	}
	return list
}

func blockCall(digest string) string {
	if digest == "none" {
		return "DeleteBucketPublicAccessBlock"
	}
	return "PutBucketPublicAccessBlock"
}

// changed records what has changed of a bucket, and tells those who wait for it.
func (s *Service) changed(ctx context.Context, tx *store.Tx, before, r *record, f *facts, list []finding) error {
	for _, x := range list {
		c := Change{
			ID: newID(), Region: r.Region, Account: r.Account, Bucket: r.Name, Type: x.kind, API: x.api,
			Before: time.UnixMilli(before.LastUpdated).UTC(), At: time.UnixMilli(r.LastUpdated).UTC(), Facts: s3Bucket(r, f),
		}
		detail, err := json.Marshal(map[string]string{"api": x.api})
		if err != nil {
			return err
		}
		tx.DeferInsert(`insert into bucket_change (id, region, account_id, bucket, type, before_at, at, detail)`, [][]any{{
			c.ID, c.Region, c.Account, c.Bucket, string(c.Type), before.LastUpdated, r.LastUpdated, string(detail),
		}}, "")
		for _, hook := range s.onChange {
			if err := hook(ctx, tx, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// changesFor is how long changes are kept, as findings are.
const changesFor = 90 * 24 * time.Hour

// expireChanges deletes changes that are old, some at a time.
func (s *Service) expireChanges(ctx context.Context) error {
	for more := true; more; {
		err := s.db.Tx(ctx, "inventory changes", func(tx *store.Tx) error {
			n, err := tx.Exec(ctx, `delete from bucket_change where id in (select id from bucket_change where at < $1 limit 1000)`,
				s.now().Add(-changesFor).UnixMilli())
			more = n == 1000
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
