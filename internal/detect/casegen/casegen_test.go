package casegen_test

import (
	"math/rand/v2"
	"testing"

	"magpie/internal/detect/casegen"
	"magpie/internal/detect/validate"
)

// TestAgainstValidators lets the generators and the matchers, which were written
// apart, judge each other: every valid value matches whole, and no wrong one
// matches anywhere.
func TestAgainstValidators(t *testing.T) {
	const n = 400
	for _, id := range validate.IDs() {
		spec := validate.All[id]
		if spec.Func == nil {
			continue
		}
		r := rand.New(rand.NewPCG(1, 2))
		missed := 0
		for range n {
			v, ok := casegen.Valid(id, r)
			if !ok {
				t.Errorf("%s: no generator", id)
				break
			}
			if end := spec.Func([]byte(v), 0); end != len(v) {
				if missed++; missed <= 3 {
					t.Errorf("%s: %q is valid, matched to %d", id, v, end)
				}
			}
		}
		wrong := 0
		for range n {
			v, ok := casegen.OneDigitWrong(id, r)
			if ok != spec.Checked && !ok {
				t.Errorf("%s: Checked is %v, wrong values %v", id, spec.Checked, ok)
				break
			}
			if !ok {
				break
			}
			for i := range v {
				if end := spec.Func([]byte(v), i); end >= 0 {
					if wrong++; wrong <= 3 {
						t.Errorf("%s: %q has a wrong digit, %q matches", id, v, v[i:end])
					}
				}
			}
		}
	}
}

func TestSeed(t *testing.T) {
	for _, id := range casegen.IDs() {
		a, _ := casegen.Valid(id, rand.New(rand.NewPCG(7, 7)))
		b, _ := casegen.Valid(id, rand.New(rand.NewPCG(7, 7)))
		if a != b {
			t.Errorf("%s: %q and %q from one seed", id, a, b)
		}
	}
}

func TestLocalForms(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, id := range casegen.IDs() {
		for range 200 {
			for _, make := range []func(string, *rand.Rand) (string, bool){casegen.BBAN, casegen.LocalPhone} {
				v, ok := make(id, r)
				if !ok {
					continue
				}
				if end := validate.All[id].Func([]byte(v), 0); end != len(v) {
					t.Fatalf("%s: %q matched to %d", id, v, end)
				}
				if free := validate.All[id].Free; free([]byte(v), 0) >= 0 {
					t.Fatalf("%s: %q needs a keyword", id, v)
				}
			}
		}
	}
}
