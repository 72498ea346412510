package extract

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

// TestRespell: a table that is written otherwise is the same table, wherever its bytes are cut.
func TestRespell(t *testing.T) {
	for _, c := range []struct {
		s         respelling
		text, out string
	}{
		{asWritten, "a|b\n", "a|b\n"},
		{boxDrawn, "┌──┬──┐\n│ a│ b│\n├──┼──┤\n│ é│ €│\n└──┴──┘\n", "+--+--+\n| a| b|\n+--+--+\n| é| €|\n+--+--+\n"},
		{boxDrawn, "╔═╗\n║a║\n╚═╝\n┃b┊\n╭─╮", "+-+\n|a|\n+-+\n|b|\n+-+"},
		{boxDrawn, "│\xe2", "|\xe2"},
		{boxDrawn, "│\xe2\x94", "|\xe2\x94"},
		{recordRS, "a,b\x1ec,d\x1e", "a,b\nc,d\n"},
		{recordRS, "a,b\u2028c,d\u2029€", "a,b\nc,d\n€"},
		{thornQuoted, "þaþ\x14þbþ\r\nþæþ", "\"a\"\x14\"b\"\r\n\"æ\""},
		{thornQuoted, "þ\xc3", "\"\xc3"},
		{joined + 10, "a||b||c\n1||||3\n", "a\x1fb\x1fc\n1\x1f\x1f3\n"},
		{joined, "a~|~b~|~c\n1~|~2~|3\n~|", "a\x1fb\x1fc\n1\x1f2~|3\n~|"},
		{spaced, "a   b  c\n 1  2 3      4\n", "a\x1fb\x1fc\n1\x1f2 3\x1f4\n"},
	} {
		if s := respellingOf([]byte(strings.Repeat(c.text, 6))); s != c.s && utf8.ValidString(c.text) && c.s < spaced {
			t.Errorf("%q is taken for %d, want %d", c.text, s, c.s)
		}
		if got := string(c.s.bytes([]byte(c.text))); got != c.out {
			t.Errorf("%q: %q, want %q", c.text, got, c.out)
		}
		for _, r := range []io.Reader{strings.NewReader(c.text), iotest.OneByteReader(strings.NewReader(c.text)), iotest.DataErrReader(strings.NewReader(c.text))} {
			if got, err := io.ReadAll(&respelt{w: &walker{ctx: context.Background()}, r: r, s: c.s}); err != nil || string(got) != c.out {
				t.Errorf("%q read: %q %v, want %q", c.text, got, err, c.out)
			}
		}
	}
}

// TestLZMAHeaders: a hostile header asks for no more memory than there is, and a short one ends the file.
func TestLZMAHeaders(t *testing.T) {
	for _, head := range []string{"", "]", "]\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "]\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00garbage", "\xff\x00\x00\x80\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00"} {
		w := &walker{ctx: t.Context(), opts: Options{}.withDefaults(), account: NewAccount(8 * mib)}
		z, err := newLZMA(w, strings.NewReader(head))
		if err == nil {
			_, err = io.Copy(io.Discard, io.LimitReader(z, 1<<20))
			z.Close()
		}
		if err == nil {
			t.Errorf("%q is read", head)
		}
		if room := w.account.Room(); room != 8*mib {
			t.Errorf("%q: %d bytes are still held", head, 8*mib-room)
		}
	}
}

// TestWideSpelling: a table with several characters between its cells is told by its first rows, and nothing else is.
func TestWideSpelling(t *testing.T) {
	for text, want := range map[string]respelling{
		"id||name||ssn\n1||a||2\n2||b||3\n":                                        joined + 10,
		"id::name::ssn\n1::a::2\n2::b::3\n":                                        joined + 11,
		"id\t\tname\t\tssn\n1\t\ta\t\t2\n2\t\tb\t\t3\n":                            joined + 15,
		"NAME   AGE  SSN\n====== === ====\na      1    2\nb      3    4\n":         spaced,
		"Items\nNAME   AGE  SSN\na      1    2\n":                                  asWritten,
		"if a || b || c {\nx := d || e\n}\n":                                       asWritten,
		"SSN:  536-22-8726  Ward:  B\nSSN:  219-09-9998  Ward:  C\nSSN:  1  W:  2": asWritten,
		"1||2||3\n4||5||6\n7||8||9\n":                                              asWritten,
		"a | b || c\n1 | 2 || 3\n4 | 5 || 6\n":                                     asWritten,
		"One.  Two.  Three.\nFour.  Five.\nSix.\n":                                 asWritten,
	} {
		if got := wideSpelling([]byte(text)); got != want {
			t.Errorf("%q is taken for %d, want %d", text, got, want)
		}
	}
}
