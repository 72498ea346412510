package identifier

import (
	"context"
	"time"

	"magpie/internal/macie2"
)

// Compiling and trying an expression takes the processor for some hundred milliseconds at the worst. That is done for one caller at a time
// on a node, in the order in which they came, and in short slices with rests between them: the other calls keep the processors, but for a
// quarter of one of them, and none waits for longer than a slice.
const (
	trialsWaiting = 64
	trialSlice    = 500 * time.Microsecond
	trialRest     = 3 * trialSlice
)

// trialLine is a line of so many callers at most.
type trialLine struct {
	places chan struct{} // of the one who is served and those who wait
	served chan struct{}
}

func newTrialLine() *trialLine {
	return &trialLine{places: make(chan struct{}, trialsWaiting+1), served: make(chan struct{}, 1)}
}

// take waits until the caller is the first in the line; done lets the next one be served. Goroutines that wait to send are served in the
// order in which they came.
func (t *trialLine) take(ctx context.Context) (done func(), err error) {
	select {
	case t.places <- struct{}{}:
	default:
		return nil, macie2.ErrThrottled(0)
	}
	select {
	case t.served <- struct{}{}:
		return func() { <-t.served; <-t.places }, nil
	case <-ctx.Done():
		<-t.places
		return nil, context.Cause(ctx)
	}
}

// sparing returns a function for work to call again and again: once a slice of time is over, it sleeps.
func sparing(slice, rest time.Duration) (pause func()) {
	began := time.Now()
	return func() {
		if time.Since(began) >= slice {
			time.Sleep(rest)
			began = time.Now()
		}
	}
}
