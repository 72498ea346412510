package budget

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var small = Options{Most: 100, Each: 60, Grace: time.Second, Wait: 3 * time.Second}

func grow(t *testing.T, c *Claim, n int64) {
	t.Helper()
	if err := c.Grow(t.Context(), n); err != nil {
		t.Fatal(err)
	}
}

// The oldest gives way, once it has had its grace, and not before.
func TestOldestGivesWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(small)
		dropped := make(chan string, 9)
		claims := map[string]*Claim{}
		for _, name := range []string{"a", "b", "c", "d"} {
			claims[name] = b.Claim(name, func() { dropped <- name; go claims[name].Release() })
			grow(t, claims[name], 25)
			time.Sleep(100 * time.Millisecond)
		}
		began := time.Now()
		late := b.Claim("e", nil)
		grow(t, late, 40)
		if waited := time.Since(began); waited != 700*time.Millisecond {
			t.Errorf("the grace is %v", waited) // a has had 400 ms, b 300 ms when e comes: both go, at 1 s of b's age
		}
		if a, b := <-dropped, <-dropped; a != "a" || b != "b" || len(dropped) != 0 {
			t.Errorf("%s and %s give way", a, b)
		}
		if err := claims["a"].Grow(t.Context(), 1); !errors.Is(err, ErrDropped) {
			t.Errorf("what gave way grows: %v", err)
		}
		if claims["b"].Keep() || !claims["c"].Keep() {
			t.Error("what gave way can be kept, or what did not cannot")
		}
		for _, c := range claims {
			c.Release()
			c.Release()
		}
		late.Release()
		if b.Held() != 0 || len(b.bySource) != 0 || b.claims.Len() != 0 {
			t.Errorf("%d bytes of %v are held by nobody", b.Held(), b.bySource)
		}
	})
}

// A source has its share, which is its own oldest's to give, and what is kept is nobody's.
func TestShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(small)
		gaveWay := false
		other := b.Claim("other", func() { gaveWay = true })
		grow(t, other, 30)
		kept := b.Claim("x", func() { t.Error("what is kept gives way") })
		grow(t, kept, 40)
		kept.Keep()
		time.Sleep(time.Minute)
		if err := b.Claim("x", nil).Grow(t.Context(), 25); !errors.Is(err, ErrFull) {
			t.Errorf("more than a share: %v", err)
		}
		grow(t, b.Claim("x", func() {}), 20)
		here := b.Claim("", nil)
		grow(t, here, 10) // this machine has no share of its own
		if gaveWay {
			t.Error("another source gives way")
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := b.Claim("y", nil).Grow(ctx, 50); !errors.Is(err, context.Canceled) {
			t.Errorf("who went away: %v", err)
		}
	})
}

// However many come and go at once, the bound holds, and nothing is left behind.
func TestManyClaims(t *testing.T) {
	b := New(Options{Most: 1000, Each: 700, Grace: time.Microsecond, Wait: 10 * time.Millisecond})
	var group sync.WaitGroup
	for worker := range 16 {
		group.Go(func() {
			for range 300 {
				dropped := make(chan struct{})
				c := b.Claim(string(rune('a'+worker%3)), func() { close(dropped) })
				for range 4 {
					if c.Grow(t.Context(), rand.Int64N(200)) != nil {
						break
					}
					if held := b.Held(); held > 1000 {
						t.Errorf("%d bytes are held", held)
					}
				}
				if rand.IntN(3) == 0 {
					c.Keep()
				}
				c.Release()
			}
		})
	}
	group.Wait()
	if b.Held() != 0 || len(b.bySource) != 0 || b.claims.Len() != 0 {
		t.Errorf("%d bytes of %v are held by nobody", b.Held(), b.bySource)
	}
}

// Those who wait get their room in the order in which they came.
func TestFirstComeFirstServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(Options{Most: 10, Grace: time.Hour, Wait: time.Hour})
		all := b.Claim("a", nil)
		grow(t, all, 10)
		order := make(chan int, 100)
		for i := range 100 {
			go func() {
				c := b.Claim("b", nil)
				if err := c.Grow(t.Context(), 10); err != nil {
					t.Error(err)
				}
				order <- i
				c.Release()
			}()
			synctest.Wait()
		}
		all.Release()
		for want := range 100 {
			if got := <-order; got != want {
				t.Fatalf("%d comes in place of %d", got, want)
			}
		}
		if len(b.sources) != 0 || b.waiting.Len() != 0 {
			t.Errorf("%v wait for ever", b.sources)
		}
	})
}
