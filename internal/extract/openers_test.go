package extract

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestOpenersIn(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	buf := make([]byte, openersStep)
	for n := range openersStep + 1 {
		text := buf[:n]
		for i := range text {
			text[i] = []byte{'{', '[', '}', ']', 0x7a, 0x5a, 0x3b, 0xdb, 0xfb, 0, byte(r.Uint32())}[r.IntN(11)]
		}
		if n%5 == 0 { // as many as there may be
			for i := range text {
				text[i] = '{'
			}
		}
		want := bytes.Count(text, []byte{'{'}) + bytes.Count(text, []byte{'['})
		if got := openersIn(text); got != want {
			t.Fatalf("%d bytes: %d, want %d", n, got, want)
		}
		if got := openersGeneric(text); got != want {
			t.Fatalf("%d bytes in plain Go: %d, want %d", n, got, want)
		}
	}
}

// TestNestingOfLines has a line that is nested too deeply stand anywhere, within others that have much or little that opens.
func TestNestingOfLines(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) + "\n" }
	for _, around := range []string{"{\"a\":1}\n", "{\"a\":\"" + strings.Repeat("x", 3000) + "\"}\n", "[" + strings.Repeat("[1],", 120) + "[]]\n", deep(100)} {
		for _, before := range []int{0, 1, 7, 40, 1000} {
			for _, n := range []int{256, 257, 3000} {
				content := strings.Repeat(around, before) + deep(n) + strings.Repeat(around, 3)
				got := extractString(t, "a.jsonl", content)
				want := Complete
				if n > 256 {
					want = Skipped
				}
				if got.Code != want {
					t.Errorf("%d deep after %d times %s: %v", n, before, fmt.Sprintf("%.20q", around), got)
				}
			}
		}
	}
}

func extractString(t *testing.T, name, content string) Status {
	t.Helper()
	status, err := Extract(t.Context(), Source{Name: name, Reader: strings.NewReader(content), Size: int64(len(content))}, Options{}, &discard{})
	if err != nil {
		t.Fatal(err)
	}
	return status
}
