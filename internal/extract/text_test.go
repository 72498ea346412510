package extract

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf16"
)

// Every line holds a value that says where it is; the location must say the same.
func TestLines(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	type place struct{ line, col int }
	want := map[string]place{}
	for line := 1; b.Len() < 3<<20; line++ {
		pad := strings.Repeat("é ", rng.IntN(40))
		if rng.IntN(200) == 0 {
			pad = strings.Repeat("long ", 4000)
		}
		v := fmt.Sprintf("%03d-%02d-%04d", line/1000000%1000, line/10000%100, line%10000)
		want[v] = place{line, len([]rune(pad)) + 1}
		b.WriteString(pad + v + " tail\n")
	}
	r := extractBytes(t, "a.log", []byte(b.String()), Options{})
	if len(r.found) != len(want) {
		t.Fatalf("found %d of %d", len(r.found), len(want))
	}
	for _, h := range r.found {
		w := want[h.value]
		if h.loc.Kind != LineRange || h.loc.Line != int64(w.line) || h.loc.EndLine != int64(w.line) || h.loc.Column != int64(w.col) {
			t.Fatalf("%s: at %+v, want %+v", h.value, h.loc, w)
		}
	}
	if r.text[""].String() != b.String() {
		t.Error("the segments' own parts are not the text")
	}
}

func TestOneEndlessLine(t *testing.T) {
	text := strings.Repeat("x é", 400_000) + " 123-45-6789 " + strings.Repeat("y", 300_000)
	r := extractBytes(t, "a.txt", []byte(text), Options{})
	if len(r.found) != 1 || r.found[0].loc.Line != 1 || r.found[0].loc.Column != 1_200_002 {
		t.Fatalf("found %+v", r.found)
	}
}

func TestCharsets(t *testing.T) {
	text := "Sozialversicherung für Größe\nNummer: 123-45-6789 überall\n"
	wide := utf16.Encode([]rune(text))
	var le, be []byte
	for _, u := range wide {
		le = append(le, byte(u), byte(u>>8))
		be = append(be, byte(u>>8), byte(u))
	}
	var latin []byte
	for _, r := range text {
		latin = append(latin, byte(r))
	}
	for name, data := range map[string][]byte{
		"utf8":       []byte(text),
		"utf8bom":    append([]byte("\xef\xbb\xbf"), text...),
		"latin1":     latin,
		"utf16le":    le,
		"utf16be":    be,
		"utf16lebom": append([]byte{0xff, 0xfe}, le...),
		"utf16bebom": append([]byte{0xfe, 0xff}, be...),
	} {
		r := extractBytes(t, name+".txt", data, Options{})
		if got := r.text[""].String(); got != text {
			t.Errorf("%s: text %q", name, got)
		}
		if len(r.found) != 1 || r.found[0].loc.Line != 2 || r.found[0].loc.Column != 9 {
			t.Errorf("%s: found %+v", name, r.found)
		}
	}
}
