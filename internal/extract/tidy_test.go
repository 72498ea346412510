package extract

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestNextOdd(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for n := range 5 * chunk {
		text := bytes.Repeat([]byte("a"), n)
		for range r.IntN(4) {
			if n > 0 {
				text[r.IntN(n)] = byte(r.Uint32())
			}
		}
		for from := 0; from <= n; from += chunk {
			wantAt, want := nextOddGeneric(text, from)
			if at, got := nextOdd(text, from); at != wantAt || got != want {
				t.Fatalf("%d bytes from %d: %d %x, want %d %x", n, from, at, got, wantAt, want)
			}
		}
	}
	for c := range 256 {
		text := bytes.Repeat([]byte{byte(c)}, chunk)
		if _, got := nextOdd(text, 0); got != 0 != oddBytes[c] {
			t.Errorf("%#x: %x", c, got)
		}
	}
}

func TestTidy(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"plain text", "plain text"},
		{"536\u200b-90\u200c-43\u200d99", "536-90-4399"},
		{"4\ufeff1\u20601\u00ad1\u200e2\u202a3\u2068x\u034fy\u061cz\u180e!", "41112" + "3xyz!"},
		{"a\u2009b\u202fc\u3000d\u2212e", "a b c d-e"},
		{"ＳＳＮ：５３６－９０－４３９９", "SSN:536-90-4399"},
		{"variation\ufe0f \U000e0041\U000e0100tags", "variation tags"},
		{"naïve “quotes” – 中文 日本、語。 \u00a0", "naïve “quotes” – 中文 日本、語。 \u00a0"},
		{"536-\x1b[1;31m90\x1b[0m\x1b[K-4399", "536-90-4399"},
		{"536-\u009b1m90-4399", "536-90-4399"},
		{"name\x1b[10Cvalue\x1b[2;5Hnext", "name value next"},
		{"\x1b]8;;https://example.com/\x07link\x1b]8;;\x07.", " https://example.com/\x07link."},
		{"\x1b]8;id=1;x\x1b\\link\x1b]8;;\x1b\\.", " id=1;x link."},
		{"\x1b(Bset\x1b=keys\x1b", "setkeys"},
		{"\x1b[\x01 never ended", " \x01 never ended"},
		{"b\bbo\bol\bld\bd", "bold"},
		{"_\bu_\bn x\b_y\b_", "un xy"},
		{"abc\b\b\bxyz", "xyz"},
		{"\b\n\bx", "\nx"},
		{"é\be", "e"},
		{"log: S\x00S\x00N\x00 \x005\x003\x006\x00\n\x00end", "log: SSN 536\nend"},
		{"pad\x00\x00\x00\x00ded a\x00b", "pad\x00\x00\x00\x00ded a\x00b"},
	} {
		for _, before := range []int{0, 1, 63, 64, 65, 200} {
			in, want := strings.Repeat("-", before)+c.in, strings.Repeat("-", before)+c.want
			if before == 1 && strings.HasPrefix(c.in, "\b") {
				continue // takes back what stands before
			}
			if before > 0 && strings.HasPrefix(c.in, "\b") {
				want = want[1:]
			}
			s := Segment{Text: []byte(in), raw: []byte(in), Hi: len(in), layout: newLines(), tidier: &tidier{}}
			s.Tidy()
			if string(s.Text) != want {
				t.Errorf("%q after %d: %q, want %q", c.in, before, s.Text, want)
			}
			if s.Lo != 0 || s.Hi != len(s.Text) {
				t.Errorf("%q: from %d to %d of %d", c.in, s.Lo, s.Hi, len(s.Text))
			}
		}
		if got := string(TidyName([]byte(c.in))); got != c.want {
			t.Errorf("name %q: %q, want %q", c.in, got, c.want)
		}
	}
}

// TestTidyPlaces checks that what follows a change is where it was, and that a JSON string's escapes and what is tidied add up.
func TestTidyPlaces(t *testing.T) {
	odd := []string{"\u200b", "\x1b[0m", "ＡＢ", "\u2212", `\u200b`, `\n`, `\u001b[1m`, "ab", `\"`, "é", "\u00ad\u00ad"}
	r := rand.New(rand.NewPCG(5, 6))
	for round := range 300 {
		var b strings.Builder
		b.WriteString(`{"k":"`)
		var at []int
		for i := range 1 + r.IntN(40) {
			for range r.IntN(4) {
				b.WriteString(odd[r.IntN(len(odd))])
			}
			at = append(at, b.Len())
			fmt.Fprintf(&b, "<%d>", i)
		}
		b.WriteString(`"}`)
		raw := []byte(b.String())
		j := newJSON(false, 10)
		s := Segment{raw: raw, Hi: len(raw), layout: j, tidier: &tidier{}}
		s.Text, s.spans = j.decode(raw)
		s.Hi = len(s.Text)
		s.Tidy()
		for i, in := range at {
			word := fmt.Sprintf("<%d>", i)
			k := bytes.Index(s.Text, []byte(word))
			if k < 0 || s.in(k) != in || s.out(in) != k || s.in(k+len(word)) < in+len(word) {
				t.Fatalf("round %d: %s is at %d of %q, which is %d of %q, not %d", round, word, k, s.Text, s.in(max(k, 0)), raw, in)
			}
		}
		j.placed.close()
	}
}

// BenchmarkTidy is what looking for the odd costs where there is none, and where there is some.
func BenchmarkTidy(b *testing.B) {
	line := "2024-01-01 10:00:00 INFO an ordinary line of a log, with words and numbers 12345\n"
	for _, c := range []struct{ name, line string }{
		{"ascii", line}, {"umlauts", "Größe und Länge, " + line}, {"quotes", "“quoted” – " + line}, {"japanese", "これは普通の行です。"}, {"colours", "\x1b[32mINFO\x1b[0m " + line},
	} {
		text := []byte(strings.Repeat(c.line, blockSize/len(c.line)))
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			t := &tidier{}
			for b.Loop() {
				s := Segment{Text: text, raw: text, Hi: len(text), tidier: t}
				s.Tidy()
			}
		})
	}
}
