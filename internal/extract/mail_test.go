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
