package admission

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/sigv4"
)

// Of one source so many wait for a lookup, and no more; another source waits in a line of its own,
// and gets its turn.
func TestLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New()
		var leave []func()
		for range strangersLooking {
			l, err := d.Enter(t.Context(), "192.0.2.1")
			if err != nil {
				t.Fatal(err)
			}
			leave = append(leave, l)
		}
		entered := make(chan func(), 2*strangersWaiting)
		enter := func(source string) {
			if l, err := d.Enter(t.Context(), source); err == nil {
				entered <- l
			}
		}
		for range strangersWaiting {
			go enter("192.0.2.1")
		}
		synctest.Wait()
		_, err := d.Enter(t.Context(), "192.0.2.1")
		var refused *macie2.Error
		if !errors.As(err, &refused) || refused.Code != macie2.ThrottlingException {
			t.Errorf("one too many is answered %v", err)
		}
		go enter("192.0.2.2")
		synctest.Wait()
		if len(entered) != 0 {
			t.Errorf("%d are looked up beside the first", len(entered))
		}
		for _, l := range leave {
			l()
		}
		for range strangersWaiting + 1 {
			(<-entered)()
		}
		if len(d.waiting) != 0 {
			t.Errorf("%v wait for ever", d.waiting)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for range strangersLooking {
			d.looks <- struct{}{}
		}
		if _, err := d.Enter(ctx, "192.0.2.1"); !errors.Is(err, context.Canceled) {
			t.Errorf("who went away is answered %v", err)
		}
	})
}

// What is remembered is bounded, and who is in use stays.
func TestMemory(t *testing.T) {
	d := New()
	used := &sigv4.Signature{AccessKeyID: "AKIAUSED"}
	c := &identity.Credentials{Unchecked: true}
	d.remember(used, c)
	for i := range 10 * rememberedKeys {
		d.remember(&sigv4.Signature{AccessKeyID: fmt.Sprint("AKIA", i)}, c)
		if _, ok := d.Recall(used); !ok {
			t.Fatalf("after %d others, a key in use is forgotten", i)
		}
		if n := len(d.young) + len(d.old); n > 2*rememberedKeys {
			t.Fatalf("%d keys are remembered", n)
		}
	}
	if _, ok := d.Recall(&sigv4.Signature{AccessKeyID: "AKIA1"}); ok {
		t.Error("a key that nobody uses is remembered for ever")
	}
}

// A refusal waits once there were many; who goes away is not waited for.
func TestRefusalsTakeTheirTime(t *testing.T) {
	for _, x := range []struct {
		name  string
		burst int
		delay func(d *Control, ctx context.Context)
	}{
		{"strangers", mostMistakes.Burst, func(d *Control, ctx context.Context) { d.Refused(ctx, "192.0.2.1") }},
		{"callers above their rate", mostHasty.Burst, func(d *Control, ctx context.Context) { d.Throttled(ctx, "111122223333") }},
	} {
		t.Run(x.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := New()
				began := time.Now()
				for range x.burst {
					x.delay(d, t.Context())
				}
				if d := time.Since(began); d != 0 {
					t.Errorf("the first mistakes take %v", d)
				}
				x.delay(d, t.Context())
				if time.Since(began) == 0 {
					t.Error("one mistake too many takes no time")
				}
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				for range 1000 {
					x.delay(d, ctx)
				}
				if d := time.Since(began); d > time.Second {
					t.Errorf("those who went away took %v", d)
				}
			})
		})
	}
}
