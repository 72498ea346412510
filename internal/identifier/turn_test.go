package identifier

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"magpie/internal/macie2"
)

// Trials come to their turn one at a time, in the order in which they came; beyond the line they are asked to try again.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := newTurns()
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
		if len(line.places)+len(line.turn) != 0 {
			t.Error("somebody stands in the line for ever")
		}
	})
}
