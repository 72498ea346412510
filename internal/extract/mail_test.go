package extract

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

const mailHead = "From: Ann <ann@example.com>\r\nTo: ben@example.org\r\nSubject: =?utf-8?q?n=C3=BAmero_321-54-9876?=\r\nDate: Mon, 2 Jan 2006 15:04:05 +0000\r\nMIME-Version: 1.0\r\n"

func TestMail(t *testing.T) {
	b64 := func(s string) string {
		e := base64.StdEncoding.EncodeToString([]byte(s))
		var lines []string
		for len(e) > 76 {
			lines = append(lines, e[:76])
			e = e[76:]
		}
		return strings.Join(append(lines, e), "\r\n")
	}
	mail := mailHead + "Content-Type: multipart/mixed; boundary=\"out er\"\r\n\r\npreamble 111-11-1111\r\n--out er\r\n" +
		"Content-Type: multipart/alternative; boundary=inner\r\n\r\n--inner\r\n" +
		"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
		"first line\r\nGr=C3=BC=C3=9Fe, my number is 123-4=\r\n5-6789 and so on\r\nnext 223-45-6789\r\n--inner\r\n" +
		"Content-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		b64("<html><body><style>323-45-0000</style>\n<p>Gr\xfc\xdfe</p><td>SSN</td><td>323-4<b>5</b>-6789</td>\n<a href='mailto:423-45-6789'>x</a></body></html>") + "\r\n--inner--\r\n" +
		"--out er\r\nContent-Type: text/csv; name=\"=?utf-8?q?p=C3=A9ople=2Ecsv?=\"\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		b64("name,ssn\nx,523-45-6789\n") + "\r\n" +
		"--out er\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nforwarded 623-45-6789\r\n" +
		"--out er\r\nContent-Type: application/zip\r\nContent-Disposition: attachment; filename=\"../../a.zip\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		b64(string(zipOf(file{"in.txt", "723-45-6789"}))) + "\r\n--out er--\r\n"
	r := extractBytes(t, "mail", []byte(mail), Options{})
	if r.mimes[""] != "message/rfc822" || r.status[""].Code != Complete {
		t.Fatalf("%s", r.report())
	}
	lines := strings.Split(mail, "\r\n")
	lineOf := func(part string) int64 {
		for i, l := range lines {
			if strings.Contains(l, part) {
				return int64(i + 1)
			}
		}
		t.Fatalf("no line has %q", part)
		return 0
	}
	html := lineOf("PGh0bWw")
	want := []string{
		fmt.Sprintf("%q 321-54-9876 lines %d-%d", "", lineOf("Subject: =?utf"), lineOf("Subject: =?utf")),
		fmt.Sprintf("%q 123-45-6789 lines %d-%d", "", lineOf("123-4="), lineOf("123-4=")+1),
		fmt.Sprintf("%q 223-45-6789 lines %d-%d", "", lineOf("next 223"), lineOf("next 223")),
		fmt.Sprintf("%q 323-45-0000 lines %d-%d", "", html, html),
		fmt.Sprintf("%q 323-45-6789 lines %d-%d", "", html+1, html+1),
		fmt.Sprintf("%q 423-45-6789 lines %d-%d", "", html+1, html+2), // it goes on in the next line of base64
		`"péople.csv" 523-45-6789 row 2`,
		fmt.Sprintf("%q 623-45-6789 lines %d-%d", "", lineOf("forwarded"), lineOf("forwarded")),
		`"a.zip/in.txt" 723-45-6789 lines 1-1`,
	}
	got := map[string]bool{}
	for _, h := range r.found {
		s := fmt.Sprintf("%q %s %s", h.doc, h.value, h.loc)
		for _, w := range want {
			if strings.HasPrefix(s, w) {
				got[w] = true
			}
		}
	}
	for _, w := range want {
		if !got[w] {
			t.Errorf("not found: %s", w)
		}
	}
	if len(r.found) != len(want) || t.Failed() {
		t.Errorf("found %d, want %d:\n%s", len(r.found), len(want), r.report())
	}
}

// Encodings that browsers read as nothing, so that nothing hides in them, are read: what a mail says of itself hides none of it.
func TestMailCharsets(t *testing.T) {
	wide := make([]byte, 0, 64)
	for _, c := range "321-54-9876" {
		wide = append(wide, byte(c), 0, 0, 0)
	}
	for _, c := range [][2]string{
		{"hz-gb-2312", "~{<:Ky2;~} 321-54-9876\n"},
		{"hz-gb-2312", "321-54-9876\n~{<:Ky2"}, // which ends in the midst
		{"iso-2022-kr", "\x1b$)C\n\x0e<R\x0f 321-54-9876\n"},
		{"iso-2022-cn", "321-54-9876\n"},
		{"replacement", "321-54-9876\n"},
		{"x-unknown", "321-54-9876\n"},
		{"utf-32le", string(wide)},
		{"utf-32", "\xff\xfe\x00\x00" + string(wide)},
		// Of these it is not true.
		{"utf-32", "is 321-54-9876\n"},
		{"utf-32le", "is 321-54-9876\n"},
		{"utf-32be", "is 321-54-9876\n"},
		{"utf-16", "is 321-54-9876\n"},
	} {
		charset, body := c[0], c[1]
		for _, mail := range []string{
			"Content-Type: text/plain; charset=" + charset + "\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString([]byte(body)),
			"Subject: =?" + charset + "?b?" + base64.StdEncoding.EncodeToString([]byte(body)) + "?=\r\n\r\nx",
		} {
			r := extractBytes(t, "a.eml", []byte("From: a@example.com\r\nTo: b@example.com\r\nDate: Mon, 2 Jan 2006 15:04:05 +0000\r\n"+mail), Options{})
			if len(r.found) != 1 || r.status[""].Code != Complete {
				t.Errorf("%s, %.20q: %s", charset, mail, r.report())
			}
		}
	}
	lines := "Content-Type: text/plain; charset=hz-gb-2312\r\n\r\n~{<:Ky2;\r\n321-54-9876\r\n"
	if r := extractBytes(t, "a.eml", []byte("From: a@example.com\r\nTo: b@example.com\r\n"+lines), Options{}); len(r.found) != 1 {
		t.Errorf("a line begins in ASCII whatever the one before it ends in: %s", r.report())
	}
	if r := extractBytes(t, "a.txt", []byte("\xe4\xf6 321-54-9876"), Options{DefaultEncoding: "iso-2022-kr"}); len(r.found) != 1 {
		t.Errorf("as the encoding of what is not known: %s", r.report())
	}
}

func TestFolded(t *testing.T) {
	r := extractBytes(t, "a.ics", []byte("BEGIN:VCALENDAR\r\nDESCRIPTION:123-4\r\n 5-6789\r\nLOCATION:223-45-6789\r\n  323-45-6789\r\nEND:VCALENDAR"), Options{})
	want := []string{"123-45-6789 lines 2-3 column 13", "223-45-6789 lines 4-4 column 10", "323-45-6789 lines 5-5 column 3"}
	if len(r.found) != len(want) || r.status[""].Code != Complete {
		t.Fatal(r.report())
	}
	for i, h := range r.found {
		if got := fmt.Sprintf("%s %s", h.value, h.loc); got != want[i] {
			t.Errorf("%s, want %s", got, want[i])
		}
	}
}

func TestMarkup(t *testing.T) {
	html := "<!DOCTYPE html>\n<html><head><title>x</title><style>.a{111-11-1111}</style></head>\n<body class=\"x\">\n" +
		"<p>Tel&nbsp;&#49;23-45-6789</p><script>var a = '223-45-6789' < 3;</script>\n<input name=ssn value=\"323-45-6789\">\n<!-- 423-45-6789 -->\n" +
		"<p>5<b>23</b>-45-6789 &unknown; <a title='x > 623-45-6789'>y</a></body></html>"
	r := extractBytes(t, "page", []byte(html), Options{})
	golden(t, "markup.html.golden", r.report())
	xml := "<?xml version=\"1.0\"?>\n<people xmlns:x=\"urn:x\">\n <person ssn=\"123-45-6789\"/>\n <x:ssn>223-45-6789</x:ssn><![CDATA[ 323-45-6789 ]]>\n <a>4&#50;3-45-6789</a></people>"
	r = extractBytes(t, "data", []byte(xml), Options{})
	golden(t, "markup.xml.golden", r.report())
	// The location is where the value's first character is in the file.
	for name, text := range map[string]string{"page": html, "data": xml} {
		starts := lineStarts(text)
		for _, h := range extractBytes(t, name, []byte(text), Options{}).found {
			at := starts[h.loc.Line-1] + int(h.loc.Column) - 1
			if c := text[at]; c != h.value[0] && c != '&' {
				t.Errorf("%s: %s is not at %s", name, h.value, h.loc)
			}
		}
	}
}

// headOfMail has no number in it.
var headOfMail = strings.Replace(mailHead, "321-54-9876", "x", 1)

// What a mail says of itself may be wrong in many ways, and what it says last may be cut off. Nothing of it is lost for that.
func TestMailsAsTheyAre(t *testing.T) {
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	wide := func(s string, order ...int) (out string) { // each character in so many bytes, at one of which it stands
		for _, c := range []byte(s) {
			char := make([]byte, order[0])
			char[order[1]] = c
			out += string(char)
		}
		return out
	}
	const said = "ssn: 527-22-8008"
	of := func(kind, body string) string { return headOfMail + kind + "\r\n\r\n" + body + "\r\n" }
	uu := func(s string) string { // of a whole number of threes
		out := []byte{byte(' ' + len(s))}
		for i := 0; i < len(s); i += 3 {
			n := int(s[i])<<16 | int(s[i+1])<<8 | int(s[i+2])
			for shift := 18; shift >= 0; shift -= 6 {
				out = append(out, byte(' '+n>>shift&63))
			}
		}
		return string(out) + "\r\n"
	}
	parted := "--b\nContent-Type: text/plain\n\n" + said + "\n--b--\n"
	nested := func(n int) (s string) {
		for i := range n {
			s += fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
		}
		return headOfMail + s + "Content-Transfer-Encoding: base64\r\n\r\n" + b64(said) + "\r\n"
	}
	for _, test := range []struct {
		name, mail string
		status     Status
	}{
		{"no padding", of("Content-Transfer-Encoding: base64", strings.TrimRight(b64(said), "=")), Status{Code: Complete}},
		{"no padding, attached", of("Content-Disposition: attachment; filename=a.txt\r\nContent-Transfer-Encoding: base64", strings.TrimRight(b64(said), "=")), Status{Code: Complete}},
		{"padding in the midst", of("Content-Transfer-Encoding: base64", b64("ssn: ")+b64("527-22-8008")), Status{Code: Complete}},
		{"UTF-16 by its mark", of("Content-Type: text/plain; charset=utf-16\r\nContent-Transfer-Encoding: base64", b64("\xfe\xff"+wide(said, 2, 1))), Status{Code: Complete}},
		{"UTF-16 the other way", of("Content-Type: text/plain; charset=utf-16be\r\nContent-Transfer-Encoding: base64", b64("\xff\xfe"+wide(said, 2, 0))), Status{Code: Complete}},
		{"UTF-16 said to be UTF-32", of("Content-Type: text/plain; charset=utf-32\r\nContent-Transfer-Encoding: base64", b64(wide(said, 2, 0))), Status{Code: Complete}},
		{"UTF-32 said to be UTF-16", of("Content-Type: text/plain; charset=utf-16\r\nContent-Transfer-Encoding: base64", b64(wide(said, 4, 0))), Status{Code: Complete}},
		{"of a mainframe", of("Content-Type: text/plain; charset=IBM01140\r\nContent-Transfer-Encoding: base64", b64("\xa2\xa2\x95\x7a\x40\xf5\xf2\xf7\x60\xf2\xf2\x60\xf8\xf0\xf0\xf8")), Status{Code: Complete}},
		{"parameter twice", of("Content-Type: multipart/mixed; boundary=b; charset=a; charset=c", strings.Replace(parted, "\n\n"+said, "\nContent-Transfer-Encoding: base64\n\n"+b64(said), 1)), Status{Code: Complete}},
		{"comment in a type", of("Content-Type: multipart/mixed (of parts); boundary = \"b\"", strings.Replace(parted, "\n\n"+said, "\nContent-Transfer-Encoding: base64\n\n"+b64(said), 1)), Status{Code: Complete}},
		{"parts encoded together", of("Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: base64", b64(parted)), Status{Code: Complete}},
		{"parts said to be encoded", of("Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: base64", parted), Status{Code: Complete}},
		{"byte order mark", "\ufeffContent-Transfer-Encoding: base64\r\n" + of("X-A: b", b64(said)), Status{Code: Complete}},
		{"empty lines first", "\r\n\r\n" + of("Content-Transfer-Encoding: base64", b64(said)), Status{Code: Complete}},
		{"file in UTF-16", "\xff\xfe" + wide(of("Content-Transfer-Encoding: base64", b64(said)), 2, 0), Status{Code: Complete}},
		{"a type that is empty", of("Content-Type:", said), Status{Code: Complete}},
		{"a charset without a type", of("Content-Type: ; charset=utf-8", said), Status{Code: Complete}},
		{"half a type", of("Content-Type: text", said), Status{Code: Complete}},
		{"a character that the padding leaves over", of("Content-Transfer-Encoding: base64", b64("abc")+"Q==="+b64(said)), Status{Code: Complete}},
		{"Chinese in the order that is said", of("Content-Type: text/plain; charset=utf-16be\r\nContent-Transfer-Encoding: base64",
			b64("\x4e\x00\x65\x87\x5b\x57\x65\x74")+"\r\n"+b64(wide("\n"+said, 2, 1))), Status{Code: Complete}},
		{"uuencoded in long lines", of("X-A: b", "begin 644 a.txt\r\n"+uu(strings.Repeat("x", 63))+uu(said+strings.Repeat(" ", 47))+"`\r\nend"), Status{Code: Complete}},
		{"a table as a part", of("Content-Type: text/csv", "name,ssn\r\nx,527-22-8008"), Status{Code: Complete}},
		{"encoded word without padding", "Subject: =?utf-8?B?" + strings.TrimRight(b64(said), "=") + "?=\r\n" + of("X-A: b", ""), Status{Code: Complete}},
		{"uuencoded, and text again", of("X-A: b", "begin 644 a.txt\r\n#86)C\r\nThen we said "+said+".\r\n"), Status{Partial, ArchiveContainsUnprocessedFiles, "a file in a mail that does not end"}},
		{"uuencoded in base64, and text again", of("X-A: b", "begin-base64 644 a.txt\r\nYWJj\r\nThen we said "+said+".\r\n"), Status{Partial, ArchiveContainsUnprocessedFiles, "a file in a mail that does not end"}},
		{"uuencoded, capitals in the midst", of("X-A: b", "begin 644 a.txt\r\n#86)C\r\nSSN 527-22-8008\r\n`\r\nend\r\n"), Status{Partial, ArchiveContainsUnprocessedFiles, "a file in a mail that does not end"}},
		{"19 parts in parts", nested(19), Status{Code: Complete}},
	} {
		r := extractBytes(t, "a.eml", []byte(test.mail), Options{})
		if len(r.found) != 1 || r.found[0].value != "527-22-8008" || r.status[""] != test.status {
			t.Errorf("%s: %v\n%s", test.name, r.status[""], r.report())
		} else if r.found[0].doc == "part-1" { // a file of no type
			t.Errorf("%s: the text is taken for an attachment", test.name)
		}
	}
	if r := extractBytes(t, "a.eml", []byte(nested(25)), Options{}); r.status[""].Reason != ArchiveNestingLevelOverLimit {
		t.Errorf("25 parts in parts: %v\n%s", r.status[""], r.report())
	}
}

// A line of quoted-printable that is longer than the buffer is decoded as if it were not.
func TestLongQuotedPrintable(t *testing.T) {
	for cut := range 24 {
		mail := headOfMail + "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
		mail += strings.Repeat("x", 64*kib-len(mail)-24+cut) + " SSN =35=32=37-22-8008\r\n"
		if r := extractBytes(t, "a.eml", []byte(mail), Options{}); len(r.found) != 1 || r.found[0].value != "527-22-8008" {
			t.Errorf("cut at %d: %s", cut, r.report())
		}
	}
}

// What stands in a header is found in its own line and column, encoded words too.
func TestMailHeaderPlaces(t *testing.T) {
	mail := headOfMail + "X-A:   ssn 527-22-8008\r\nX-B: one\r\n two =?utf-8?q?ssn_527=2D22-8008?=\r\n\t=?utf-8?q?_and_?= ssn 527-22-8008\r\n three\r\n ssn 527-22-8008\r\n\r\nx\r\n"
	r := extractBytes(t, "a.eml", []byte(mail), Options{})
	var got []string
	for _, h := range r.found {
		got = append(got, h.loc.String())
	}
	if want := "[lines 6-6 column 12 lines 8-8 column 10 lines 9-9 column 24 lines 11-11 column 6]"; fmt.Sprint(got) != want {
		t.Errorf("found at %v, want %s", got, want)
	}
}
