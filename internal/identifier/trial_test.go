package identifier

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"magpie/internal/macie2"
)

// Trials are made one at a time, in the order in which they came; beyond the line they are asked to try again.
func TestTrialLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := newTrialLine()
		first, err := line.take(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		order := make(chan int, trialsWaiting)
		for i := range trialsWaiting {
			go func() {
				done, err := line.take(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				order <- i
				time.Sleep(time.Millisecond)
				done()
			}()
			synctest.Wait()
		}
		_, err = line.take(t.Context())
		var refused *macie2.Error
		if !errors.As(err, &refused) || refused.Code != macie2.ThrottlingException {
			t.Errorf("one too many: %v", err)
		}
		first()
		for want := range trialsWaiting {
			if got := <-order; got != want {
				t.Fatalf("%d comes in place of %d", got, want)
			}
		}
		synctest.Wait()
		done, err := line.take(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := line.take(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("who went away: %v", err)
		}
		done()
		if len(line.places)+len(line.served) != 0 {
			t.Error("somebody stands in the line for ever")
		}
	})
}

// Work that pauses has its slices, and rests between them.
func TestSparing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		pause := sparing(time.Millisecond, 3*time.Millisecond)
		for range 100 {
			time.Sleep(100 * time.Microsecond) // the work
			pause()
		}
		if took := time.Since(began); took != 40*time.Millisecond {
			t.Errorf("10 ms of work take %v", took)
		}
	})
}
