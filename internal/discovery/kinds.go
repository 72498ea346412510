package discovery

import (
	"magpie/internal/extract"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/inventory/reading"
)

// unread says why an object need not be read to know that nothing in it can be analysed, or returns an empty reason.
func unread(o *objectstore.Object) extract.Reason { return reading.Unread(o) }

// Reasons that package extract has no use for, in Macie's words.
const (
	reasonObjectState     extract.Reason = reading.InvalidObjectState
	reasonKMSKey          extract.Reason = "INVALID_KMS_KEY"
	reasonNoBucket        extract.Reason = "NO_SUCH_BUCKET_AVAILABLE"
	reasonVersionMismatch extract.Reason = "OBJECT_VERSION_MISMATCH"
)
