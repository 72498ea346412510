package sampling

import "testing"

func TestParseBudget(t *testing.T) {
	for text, want := range map[string]Budget{
		"": {DefaultBytes, DefaultRequests}, "1GiB": {1 << 30, DefaultRequests}, "500MB,100": {500e6, 100}, "1.5 MiB, 7": {3 << 19, 7}, "1": {1, DefaultRequests},
		"2TB": {2e12, DefaultRequests}, "10B,1": {10, 1},
	} {
		if got, err := ParseBudget(text); err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"0", "-1", "x", "1GiB,", "1GiB,0", "1GiB,-5", "1e30", "NaN", "1,2,3", ",5", "0.1B", "InfGB"} {
		if got, err := ParseBudget(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}
