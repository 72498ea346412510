package extract

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestTableLines: a table of a wiki, or of a fixed width, is the same table wherever its bytes are cut.
func TestTableLines(t *testing.T) {
	for _, c := range []struct{ text, out string }{
		{"{|\n! a !! b\n|- 536-90-4399\n| 1 || 2\n|} behind it\n", "{|\n\x1f a \x1f b\n 536-90-4399\n\x1f 1 \x1f 2\n behind it\n"},
		{"{| class=\"a\"\n|+ Staff\n! Name !! scope=\"col\" | SSN\n|-\n| A || 1\n|- style=x\n! B\n| x=y | [[p|q]]\nmore\n|}\nend | x\n",
			"{| class=\"a\"\n Staff\n\x1f Name \x1f SSN\n\x1f A \x1f 1\n\x1f B\x1f [[p|q]] more\nend | x\n"},
		{"text a^b\n^ Name ^ SSN ^\n| A | 1 |\n^ B | 2 |\n", "text a^b\n| Name | SSN |\n| A | 1 |\n| B | 2 |\n"},
		{"||= Name =||= SSN =||\n|| A || 1 ||\n", "| Name | SSN |\n| A | 1 |\n"},
		{"||Name||SSN||\n|A|1|\n", "|Name|SSN|\n|A|1|\n"},
		{"|_. Name |_. SSN |\n| A | 1 |\n", "| Name | SSN |\n| A | 1 |\n"},
		{"|===\n|Name |SSN\n|A |1\n|===\n", "|===\n|Name |SSN\n|A |1\n|===\n"},
		{"Staff of x\n\n  NAME       AGE  ID\n  A Sample   123  x\n  Ä Sample        y\n  C Sample  4567  z\n",
			"Staff of x\n\n  NAME     \x1f AGE \x1fID\n  A Sample \x1f 123 \x1fx\n  Ä Sample \x1f     \x1fy\n  C Sample \x1f4567 \x1fz\n"},
		{"name   ssn\n------ ---\na      123\nb      456\n\n(2 rows)\n", "name  \x1fssn\n------ ---\na     \x1f123\nb     \x1f456\n\n(2 rows)\n"},
	} {
		l := tableLinesOf([]byte(c.text), true)
		if l == nil {
			t.Errorf("%q is no table", c.text)
			continue
		}
		if got := string(l.bytes([]byte(c.text))); got != c.out {
			t.Errorf("%q: %q, want %q", c.text, got, c.out)
		}
		for _, r := range []io.Reader{strings.NewReader(c.text), iotest.OneByteReader(strings.NewReader(c.text)), iotest.DataErrReader(strings.NewReader(c.text))} {
			w := &walker{ctx: t.Context()}
			if got, err := io.ReadAll(l.reader(w, r)); err != nil || string(got) != c.out {
				t.Errorf("%q read: %q %v, want %q", c.text, got, err, c.out)
			}
		}
	}
	// What is no table stays what it is.
	for _, text := range []string{
		"if a || b || c {\n\tx ^= d\n}\n",
		"| a sentence\n| and another | one\n",
		"A sentence  with two spaces\nand another one of words\nand a third one of words\n",
		"One.  Two.  Three.\nFour.  Five.\nSix.\n",
		"Heading\n=======\n\ntext of a  paragraph\n",
	} {
		if l := tableLinesOf([]byte(text), true); l != nil {
			t.Errorf("%q is taken for %+v", text, l)
		}
	}
	// A line that is longer than the buffer stays as it is, with all of its characters.
	long := "^ a ^ b ^\n| c | 1 |\n|" + strings.Repeat("é^", 4000) + "\n| d ^ 2 |\n"
	l := tableLinesOf([]byte(long), true)
	got, err := io.ReadAll(l.reader(&walker{ctx: t.Context()}, strings.NewReader(long)))
	if want := "| a | b |\n| c | 1 |\n|" + strings.Repeat("é^", 4000) + "\n| d | 2 |\n"; err != nil || string(got) != want {
		t.Errorf("%d bytes, want %d, %v", len(got), len(want), err)
	}
}

// TestPlainNumbers: a number that a spreadsheet has shown with an exponent is itself only if all of its digits are there.
func TestPlainNumbers(t *testing.T) {
	for in, out := range map[string]string{
		"1,5.42700999E+08,x\n":          "1,542700999,x\n",
		"4.716051195069604E+15":         "4716051195069604",
		"5.27E+08":                      "5.27E+08",
		"4.71668988941987E+15":          "4.71668988941987E+15",
		"1.5E+1,2.25E+2,E+,1E+0,.5E+1,": "15,225,E+,1E+0,.5E+1,",
		"0.5E+1,10.25E+2,1.2.3E+3":      "0.5E+1,10.25E+2,1.2.3E+3",
	} {
		if got := string(plainNumbers(nil, []byte(in))); got != out {
			t.Errorf("%q: %q, want %q", in, got, out)
		}
	}
}
