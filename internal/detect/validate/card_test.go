package validate

import (
	"strings"
	"testing"
)

// TestCardAlone: without a keyword a number has to be written as cards are, and what
// stands beside it must not show it to be something else.
func TestCardAlone(t *testing.T) {
	const solid, grouped, dashed = "4242424242424242", "4242 4242 4242 4242", "4242-4242-4242-4242"
	for _, text := range []string{
		"N", "(N)", "N.", "N,", "paid N today", "N\n", "N|12/29|123", "N,12/29", "N 12/29 123", "a,N,b", `"N"`, "<n>N</n>", "=N&x", "N;", "N: ok", "[N]",
		"N\nN\nN", "N, N, N", "1,N,2", "12 N", "total 25.00 N", "N 25.00", "id:N", "N - paid", "7,N,1234567890", "N/12/29", "N/", "N. Thank you", "N (debit)",
		"4000056655665556\nN", "4111111111111111,N", "card=N end",
	} {
		for _, n := range []string{solid, dashed, grouped} {
			if n == grouped && strings.Contains(text, " N") && strings.Contains("12 N|total 25.00 N", text) {
				continue // may be one of a row of groups
			}
			s := strings.ReplaceAll(text, "N", n)
			i := strings.Index(s, n)
			if end := CardAlone([]byte(s), i); end != i+len(n) {
				t.Errorf("%q: %d", s, end)
			}
		}
	}
	for _, text := range []string{
		"-N", "0.N", ".N", "3.14 0.N", "N.25", "N.5e3", // numbers with a sign or a fraction
		"https://example.com/orders/N", "/v1/items/N/detail", "/N?x=1", "path/N", `c:\logs\N`, "N/detail", // paths
		"N.html", "N.json ", "report-N", "#N", "user@N", "N-deadbeef", "N:abc", // names
		"N 1234567890123456", "1234567890123456 N", "1234567890123456,N", "N\n9876543210987654321", "N;123456789012;", "123456789012\r\nN", // rows
	} {
		for _, n := range []string{solid, dashed} {
			s := strings.ReplaceAll(text, "N", n)
			if end := CardAlone([]byte(s), strings.Index(s, n)); end >= 0 {
				t.Errorf("%q: %d", s, end)
			}
		}
	}
	for _, text := range []string{"a3f0 N", "N 11b2", "a3f0-N", "N-a3f0", "N 4f3a9c21", "9b N", "5511 N", "N 5511", "5511 N 5511"} {
		s := strings.ReplaceAll(text, "N", grouped)
		if end := CardAlone([]byte(s), strings.Index(s, grouped)); end >= 0 {
			t.Errorf("%q: %d", s, end)
		}
	}
	// These lengths need a keyword when they are solid.
	for _, n := range []string{"4222222222225", "6011000000000000006", "30000000000000004", "620000000000000003"} {
		if CardAlone([]byte(n), 0) >= 0 {
			t.Errorf("%s without a keyword", n)
		}
	}
	for _, n := range []string{"30000000000004", "374245455400126", "3742 454554 00126"} {
		if CardAlone([]byte(n), 0) != len(n) {
			t.Errorf("%s is not found", n)
		}
	}
}
