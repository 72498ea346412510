package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestStripesAndLanes has callers of many names come and go at random: whoever is there, no stripe
// is in two lanes, and no lane is used by two stripes.
func TestStripesAndLanes(t *testing.T) {
	type caller struct {
		stripe  int
		lane    *lane
		through func()
	}
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		lanes := make([]*lane, 1+random.IntN(8))
		for i := range lanes {
			lanes[i] = &lane{}
		}
		s := newStripes(lanes)
		names := 1 + random.IntN(20)
		var there []caller
		for range 400 {
			if len(there) > 0 && random.IntN(2) == 0 {
				i := random.IntN(len(there))
				there[i].through()
				there = slices.Delete(there, i, i+1)
				continue
			}
			name := fmt.Sprint("account ", random.IntN(names))
			c := caller{stripe: s.stripe(name)}
			c.lane, c.through = s.take(name)
			for _, other := range there {
				if (other.stripe == c.stripe) != (other.lane == c.lane) {
					t.Fatalf("seed %d: stripes %d and %d of %d, and they are in one lane: %v",
						seed, c.stripe, other.stripe, len(lanes), other.lane == c.lane)
				}
			}
			there = append(there, c)
		}
	}
}
