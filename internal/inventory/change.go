package inventory

import (
	"time"

	"magpie/internal/macie2"
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
