package printable

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
)

func TestLine(t *testing.T) {
	for in, want := range map[string]string{
		"plain größe 東京 ✓": "plain größe 東京 ✓", "a\x1b[31mb": `a\u001b[31mb`, "a\u009b31mb": `a\u009b31mb`, "a\nb\tc\rd": "a b c d",
		"x\u202egnp.exe": `x\u202egnp.exe`, "\u2066\u200b\ufeff": `\u2066\u200b\ufeff`, "a\x00\x7f": `a\u0000\u007f`, "\U000e0041": `\ue0041`,
		"a\xffb": "a\ufffdb", "\u2028": `\u2028`, "a\u00a0b": `a\u00a0b`,
	} {
		if got := Line(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
	if got := Text("a\n\tb\r\x1b"); got != "a\n\tb\\u000d\\u001b" {
		t.Errorf("lines: %q", got)
	}
}

func TestCell(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "text": "text", "=1+1": "'=1+1", "+cmd|' /C calc'!A0": "'+cmd|' /C calc'!A0", "-2+3": "'-2+3", "@SUM(A1)": "'@SUM(A1)",
		"\t=1": "'\t'=1", "\r=1": `'\u000d'=1`, "\n=1": "'\n'=1", " =1": "' =1", "＝1": "'＝1", "－1+1": "'－1+1", "-5": "-5", "+49": "+49", "-1.5": "-1.5",
		"a=1": "a=1", "user@example.com": "user@example.com", "-": "'-", "a;=1": "a;'=1", "a; ＝1;b": "a;' ＝1;b", "a\tb\n@x": "a\tb\n'@x", "a;b": "a;b", "\u3164": `\u3164`, "x\x1b]0;t\a": `x\u001b]0;t\u0007`,
	} {
		if got := Cell(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("a\x1b[31m\u202e=1\U0001f600\xff")
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range Line(s) {
			if !unicode.IsPrint(r) {
				t.Errorf("%q shows %U", s, r)
			}
		}
		if c := Cell(s); c != "" && strings.ContainsRune("=@＝＋－＠\t\r\n", first(c)) {
			t.Errorf("%q is the cell %q", s, c)
		} else if inside.MatchString(c) {
			t.Errorf("%q is the cell %q, with a formula in it", s, c)
		}
		b, err := json.Marshal(s)
		if err != nil {
			return
		}
		var before, after string
		if err := json.Unmarshal(b, &before); err != nil {
			t.Fatal(err)
		}
		escaped := JSON(b)
		if err := json.Unmarshal(escaped, &after); err != nil || before != after {
			t.Errorf("%q becomes %q: %q, %v", before, escaped, after, err)
		}
		for _, r := range string(escaped) {
			if !unicode.IsPrint(r) {
				t.Errorf("%q shows %U", s, r)
			}
		}
	})
}
