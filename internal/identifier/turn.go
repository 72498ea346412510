package identifier

import (
	"context"

	"magpie/internal/macie2"
)

// Compiling and trying an expression takes tens of milliseconds of the processor at the worst. Callers take turns: one at a time on a
// node, in the order in which they came, so that the other calls keep the other processors, and all of this one in between.
const (
	trialsAtOnce  = 1
	trialsWaiting = 64
)

// turns is a line of so many callers at most.
type turns struct {
	places chan struct{} // of those who have their turn or wait for it
	turn   chan struct{}
}

func newTurns() *turns {
	return &turns{places: make(chan struct{}, trialsWaiting+trialsAtOnce), turn: make(chan struct{}, trialsAtOnce)}
}

// take waits for the caller's turn; done ends it. Goroutines that wait to send are served in the order in which they came.
func (t *turns) take(ctx context.Context) (done func(), err error) {
	select {
	case t.places <- struct{}{}:
	default:
		return nil, macie2.ErrThrottled(0)
	}
	select {
	case t.turn <- struct{}{}:
		return func() { <-t.turn; <-t.places }, nil
	case <-ctx.Done():
		<-t.places
		return nil, context.Cause(ctx)
	}
}
