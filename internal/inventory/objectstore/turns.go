package objectstore

import (
	"context"
	"runtime"
)

// Turns keep background work from taking all processors: so many of its goroutines compute at once. The scheduler of goroutines has no
// priorities, and hundreds of them that read objects would each come before a call that somebody waits for.
type Turns struct {
	taken chan struct{}
	give  func()
}

// NewTurns returns turns for all processors that this process may use but one, at least for one.
func NewTurns() *Turns {
	return newTurns(max(1, runtime.GOMAXPROCS(0)-1))
}

func newTurns(most int) *Turns {
	t := &Turns{taken: make(chan struct{}, most)}
	t.give = func() { <-t.taken }
	return t
}

type turnsKey struct{}

// Within returns a context whose requests to stores keep to the turns.
func (t *Turns) Within(ctx context.Context) context.Context {
	if ctx.Value(turnsKey{}) == any(t) {
		return ctx
	}
	return context.WithValue(ctx, turnsKey{}, t)
}

// TakeTurn waits for a turn where ctx is within some, and returns what gives it back, which must be soon: nobody waits for anything else
// while it has a turn. When ctx ends meanwhile there is no turn, and nothing to wait for.
func TakeTurn(ctx context.Context) (give func()) {
	t, ok := ctx.Value(turnsKey{}).(*Turns)
	if !ok {
		return nothing
	}
	select {
	case t.taken <- struct{}{}:
		return t.give
	default:
	}
	select {
	case t.taken <- struct{}{}:
		return t.give
	case <-ctx.Done():
		return nothing
	}
}

func nothing() {}
