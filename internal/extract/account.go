package extract

import (
	"context"
	"errors"
)

// Account counts the bytes that live with one object, against a limit: what its readers keep, and what the caller keeps of what
// they tell it. It is not safe for concurrent use, as one Extract is not.
type Account struct{ limit, held, peak int64 }

// NewAccount returns an account that nothing is held through yet.
func NewAccount(limit int64) *Account { return &Account{limit: limit} }

// Hold takes n bytes, or returns false when they are not to be had: then they must not be allocated.
func (a *Account) Hold(n int64) bool {
	if n < 0 || n > a.limit-a.held {
		return false
	}
	a.held += n
	a.peak = max(a.peak, a.held)
	return true
}

// Release gives back what was held.
func (a *Account) Release(n int64) { a.held -= n }

// Room is how many bytes may still be held.
func (a *Account) Room() int64 { return max(0, a.limit-a.held) }

// Held is how many bytes are held now.
func (a *Account) Held() int64 { return a.held }

// Peak is the most that was held at one time.
func (a *Account) Peak() int64 { return a.peak }

// hold takes n bytes of the memory budget; release gives them back. What is held is made: much of it, held and given back with
// little work in between, is garbage as soon, as by a decoder of megabytes for each of very many members of a few bytes.
func (w *walker) hold(n int64) bool {
	if w.made += n; w.made >= garbageStep {
		w.made = 0
		next := n
		if n > w.account.Room() {
			next = 0 // it is refused
		}
		garbage.look(&w.memory, next)
	}
	return w.account.Hold(n)
}

func (w *walker) release(n int64) { w.account.Release(n) }

// holding is what one part of a reader holds, so that it can be given back together.
type holding struct {
	w *walker
	n int64
}

func (h *holding) hold(n int64) bool {
	if !h.w.hold(n) {
		return false
	}
	h.n += n
	return true
}

// release gives n of it back.
func (h *holding) release(n int64) {
	h.w.release(n)
	h.n -= n
}

// drop gives everything back.
func (h *holding) drop() {
	if h.n != 0 {
		h.w.release(h.n)
		h.n = 0
	}
}

// stepsPerLook is how many steps pass between two looks at the clock. A step is work on about one byte, some nanoseconds at
// most, so that a look comes every tenth of a millisecond or so.
const stepsPerLook = 32 * 1024

// step counts n steps of work and returns an error when the document must end: Macie's cut-off when the deadline is over,
// the context's error when it is cancelled. Every loop that the input drives counts its steps, since there is no other way out
// of one that consumes no input, or that goes over the same input again and again.
func (w *walker) step(n int64) error {
	if w.steps -= n; w.steps > 0 {
		return nil
	}
	return w.look()
}

// looksPerGarbage is how many of them pass between two looks at the memory, which cost a microsecond.
const looksPerGarbage = 8

func (w *walker) look() error {
	w.steps = stepsPerLook
	if w.looks++; w.looks%looksPerGarbage == 0 {
		garbage.look(&w.memory, 0)
	}
	err := w.alive()
	if err != nil {
		w.steps = 0 // whoever asks again is told again
	}
	return err
}

// late is step for what answers the sink's questions and cannot return an error: emit returns it when the sink is done.
func (w *walker) late(n int64) bool {
	if w.stopped != nil {
		return true
	}
	if err := w.step(n); err != nil {
		w.stopped = err
		return true
	}
	return false
}

// alive turns a deadline into Macie's cut-off and a cancellation into an error. It costs a lock; loops count steps instead.
func (w *walker) alive() error {
	err := w.ctx.Err()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return stop(Partial, TimeCutOffReached, "the time for one object is over")
	}
	return &sourceError{err}
}
