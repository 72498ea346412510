package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestLinesAndLanes has callers of many names come and go at random: whoever is there, no line is in
// two lanes, and no lane has two lines in front of it.
func TestLinesAndLanes(t *testing.T) {
	type caller struct {
		line    int
		lane    *lane
		through func()
	}
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		lanes := make([]*lane, 1+random.IntN(8))
		for i := range lanes {
			lanes[i] = &lane{}
		}
		s := newLines(lanes)
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
			c := caller{line: s.line(name)}
			c.lane, c.through = s.take(name)
			for _, other := range there {
				if (other.line == c.line) != (other.lane == c.lane) {
					t.Fatalf("seed %d: lines %d and %d of %d, and they are in one lane: %v",
						seed, c.line, other.line, len(lanes), other.lane == c.lane)
				}
			}
			there = append(there, c)
		}
	}
}
