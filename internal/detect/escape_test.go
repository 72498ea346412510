package detect

import (
	"math/rand/v2"
	"strings"
	"testing"

	"magpie/internal/detect/managed"
)

// TestEscapes: values and keywords directly behind escapes that are written out, as source code, JSON and logs have them.
func TestEscapes(t *testing.T) {
	set := allManaged(t)
	escapes := []string{`\n`, `\t`, `\x0a`, `\x1b`, `\x20`, `\u000a`, `\u003e`, `\u0026`, `\u0022`, `\u00a0`, `\u201c`}
	for _, start := range []string{`\033`, `\33`, `\x1b`, `\x1B`, `\e`, `\E`, `\u001b`, `\u001B`, `\u{1b}`, `^[`, `\\033`, `\\u001b`} {
		for _, rest := range []string{"[m", "[1m", "[0;31m", "[38;5;196m", "[1m" + start + "[31m", "[K", "[2J", "[?25h", "[4;2H"} {
			escapes = append(escapes, start+rest)
		}
	}
	escapes = append(escapes, `\U0000001b[1m`)
	for _, e := range escapes {
		for _, c := range []struct{ id, before, value, after string }{
			{"CREDIT_CARD_NUMBER_(NO_KEYWORD)", "", "4716190207394368", ""},
			{"CREDIT_CARD_NUMBER", "card number ", "4716190207394368", ""},
			{"CREDIT_CARD_NUMBER", "", "4716-1902-0739-4368", " credit card"},
			{"USA_SOCIAL_SECURITY_NUMBER", "ssn: ", "536-90-4399", ""},
			{"USA_SOCIAL_SECURITY_NUMBER", "ssn", " ", ""},
			{"GERMANY_BANK_ACCOUNT_NUMBER", "", "DE89370400440532013000", ""},
			{"UK_NATIONAL_INSURANCE_NUMBER", "nino ", "AB123456C", ""},
			{"SPAIN_NIE_NUMBER", "nie ", "X1234567L", ""},
			{"NAME", "", "Mary Johnson", ""},
		} {
			text, want := c.before+e+c.value+c.after, c.value
			if c.value == " " { // a keyword
				text, want = e+c.before+": 536-90-4399", "536-90-4399"
			}
			end := e
			if len(e) == 2 {
				end = "." // \n may go on with a path
			}
			for _, text := range []string{text, "x " + text + end} {
				if got := findOf(set, c.id, text, ""); len(got) != 1 || got[0] != want {
					t.Errorf("%s in %q: %q", c.id, text, got)
				}
			}
		}
	}
	for _, e := range []string{`[1m`, `m`, `\y[1m`, `\034[1m`, `\x41`, `\u0041`, `\x`, `\u12`, `^A`, `\e1m`, `\033[1!m`, `\033[` + strings.Repeat("1;", 20) + "m", `\x30`, `\u0031`, `\x2d1`, `\u00e9`} {
		if got := findOf(set, "UK_NATIONAL_INSURANCE_NUMBER", "nino "+e+"AB123456C", ""); len(got) != 0 {
			t.Errorf("behind %s: %q", e, got)
		}
	}
}

// TestEscapeMixtures holds the engine against the reference on keywords and values with escapes, and pieces of such,
// between them, over the edges of chunks.
func TestEscapeMixtures(t *testing.T) {
	set := compileAll(t)
	random := rand.New(rand.NewPCG(11, 12))
	parts := []string{"4716190207394368", "4716 1902 0739 4368", "536-90-4399", "DE89370400440532013000", "AB123456C", "X1234567L", "Mary Johnson", "+1 206 555 0100", "0049 30 123456"}
	for _, m := range managed.All() {
		parts = append(parts, m.Keywords...)
	}
	joins := []string{" ", "", "\n", ": ", `\n`, `\\n`, `\t`, `\x0a`, `\x1b[1m`, `\033[0;31m`, `\e[m`, `^[[1m`, `^[[`, `\u003e`, `\u0027`, `\u00a0`, `\u001b[1;2K`, `^I`, `\`, `[1m`, "m", `\x`, `\U0000001b[38;5;196m`, `^`}
	rounds := 50
	if testing.Short() {
		rounds = 10
	}
	for range rounds {
		var b strings.Builder
		for range 5 + random.IntN(30) {
			b.WriteString(parts[random.IntN(len(parts))] + joins[random.IntN(len(joins))])
			if random.IntN(2) == 0 {
				b.WriteString(parts[random.IntN(9)] + joins[random.IntN(len(joins))])
			}
		}
		sameMatches(t, set, []byte(b.String()))
	}
}
