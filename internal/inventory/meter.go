package inventory

import (
	"time"

	"magpie/internal/inventory/objectstore"
)

// Meter is told of what goes on, for metrics.
type Meter interface {
	// Called is told of each request to a store: its kind, the call as S3 names it, what came of it and how long it took.
	Called(kind, call string, outcome objectstore.Outcome, took time.Duration)
}

type noMeter struct{}

func (noMeter) Called(string, string, objectstore.Outcome, time.Duration) {}
