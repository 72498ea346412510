package finding

import (
	"time"

	"magpie/internal/arn"
	"magpie/internal/macie2"
)

// PolicyChange is a change of a bucket's settings that reduces its security.
type PolicyChange struct {
	Region string
	Owner  macie2.AccountID
	Type   macie2.FindingType // one of the six of policy
	Bucket macie2.S3Bucket    // as it is now; the name is required
	// API is the call that makes such a change in S3, such as PutBucketPolicy. Who made it, and from where, is not known
	// unless Actor says so: a store does not tell.
	API   string
	Actor *macie2.FindingActor
	At    time.Time
}

// ShapePolicy makes the finding of a change. Its id is the same for each change of this type of the same bucket.
func ShapePolicy(c *PolicyChange) *macie2.Finding {
	at := macie2.NewTimestamp(c.At.UTC().Truncate(time.Millisecond))
	bucket := c.Bucket
	bucket.Name = macie2.Ptr(clean(*bucket.Name))
	bucket.Arn = macie2.Ptr("arn:" + arn.Partition(c.Region) + ":s3:::" + *bucket.Name)
	said := titles[c.Type]
	return &macie2.Finding{
		AccountId: macie2.Ptr(string(c.Owner)), Archived: macie2.Ptr(false), Category: macie2.Ptr(macie2.FindingCategoryPolicy),
		Count: macie2.Ptr(int64(1)), CreatedAt: at, UpdatedAt: at, Description: macie2.Ptr(said.description),
		Id:        macie2.Ptr(hashed("policy", c.Region, string(c.Owner), string(c.Type), *bucket.Name)),
		Partition: macie2.Ptr(arn.Partition(c.Region)), Region: &c.Region,
		PolicyDetails: &macie2.PolicyDetails{
			Action: &macie2.FindingAction{ActionType: macie2.Ptr(macie2.FindingActionTypeAwsApiCall), ApiCallDetails: &macie2.ApiCallDetails{
				Api: &c.API, ApiServiceName: macie2.Ptr("s3.amazonaws.com"), FirstSeen: at, LastSeen: at,
			}},
			Actor: c.Actor,
		},
		ResourcesAffected: &macie2.ResourcesAffected{S3Bucket: &bucket}, Sample: macie2.Ptr(false), SchemaVersion: macie2.Ptr(schemaVersion),
		Severity: severity(said.score), Title: macie2.Ptr(said.title), Type: &c.Type,
	}
}
