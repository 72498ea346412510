package extract

import (
	"encoding/base64"
	"strings"
	"testing"
)

// TestFlatOffice reads Office files that are one XML document: words in pieces, and cells under their names.
func TestFlatOffice(t *testing.T) {
	cells := func(open, item, end string) string {
		var b strings.Builder
		for _, row := range [][2]string{{"somebody", "number"}, {"Ann", "123-45-6789"}, {"Ben", "223-45-6789"}} {
			b.WriteString(open)
			for _, text := range row {
				b.WriteString(strings.Replace(item, "X", text, 1))
			}
			b.WriteString(end)
		}
		return b.String()
	}
	for _, c := range []struct{ name, text, want string }{
		{"Word 2003", `<?xml version="1.0"?><?mso-application progid="Word.Document"?><w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml"><w:body><w:p><w:r><w:t>is 123-</w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>45-6789</w:t></w:r></w:p></w:body></w:wordDocument>`, "123-45-6789 lines 1-1"},
		{"package", `<?xml version="1.0"?><pkg:package xmlns:pkg="http://schemas.microsoft.com/office/2006/xmlPackage"><pkg:part pkg:name="/word/document.xml"><pkg:xmlData><?mso-application progid="Word.Document"?><w:document xmlns:w="x"><w:p><w:r><w:t>is 123-</w:t></w:r><w:r><w:t>45-6789</w:t></w:r></w:p></w:document></pkg:xmlData></pkg:part></pkg:package>`, "123-45-6789 lines 1-1"},
		{"OpenDocument", `<?xml version="1.0"?><office:document xmlns:office="o" office:mimetype="application/vnd.oasis.opendocument.text"><office:body><office:text><text:p>is 123-<text:span>45-</text:span>6789</text:p></office:text></office:body></office:document>`, "123-45-6789 lines 1-1"},
		{"words before a sheet", `<?xml version="1.0"?><office:document xmlns:office="o" office:mimetype="application/vnd.oasis.opendocument.spreadsheet"><text:p>123-45-6789</text:p></office:document>`, "123-45-6789"},
		{"OpenDocument sheet", `<?xml version="1.0"?><office:document xmlns:office="o" office:mimetype="application/vnd.oasis.opendocument.spreadsheet"><table:table table:name="S">` +
			cells("<table:table-row>", "<table:table-cell><text:p>X</text:p></table:table-cell>", "</table:table-row>") + `</table:table></office:document>`, "223-45-6789 row 3 column 2 \"number\" S!B3"},
		{"Excel 2003", `<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="S"><Table>` +
			cells("<Row>", `<Cell><Data ss:Type="String">X</Data></Cell>`, "</Row>") + `</Table></Worksheet></Workbook>`, "223-45-6789 row 3 column 2 \"number\" S!B3"},
		{"Excel 2003 with gaps", `<?xml version="1.0"?><ss:Workbook xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><ss:Worksheet ss:Name="S"><ss:Table><ss:Row ss:Index="4"><ss:Cell ss:Index="3"><ss:Data>who</ss:Data></ss:Cell><ss:Cell><ss:Data>number</ss:Data></ss:Cell></ss:Row><ss:Row><ss:Cell ss:Index="4"><ss:Data>223-45-<B>6789</B></ss:Data></ss:Cell></ss:Row></ss:Table></ss:Worksheet></ss:Workbook>`, "223-45-6789 row 5 column 4 \"number\" S!D5"},
	} {
		r := extractBytes(t, "a.xml", []byte(c.text), Options{})
		got := ""
		if n := len(r.found); n > 0 {
			got = r.found[n-1].value + " " + r.found[n-1].loc.String()
		}
		if !strings.HasPrefix(got, c.want) || r.status[""].Code != Complete {
			t.Errorf("%s: %q, want %q; %v", c.name, got, c.want, r.status[""])
		}
	}
}

// TestEntities reads values that a document type declares. What multiplies is told once, as far as it is kept.
func TestEntities(t *testing.T) {
	ten := ""
	for i := range 20 {
		ten += "<!ENTITY e" + itoa(int64(i+1)) + ` "` + strings.Repeat("&e"+itoa(int64(i))+";", 10) + `">`
	}
	for text, want := range map[string]string{
		`<!DOCTYPE r [<!ENTITY s "123-45-6789">]><r><n>&s;</n></r>`:                         "n 123-45-6789\n",
		"<!DOCTYPE r [\n<!ENTITY a '123'>\n<!ENTITY s '&a;-45-6789'>\n]>\n<r n='&s;'>x</r>": "n='123-45-6789' x",
		`<!DOCTYPE r [<!ENTITY s SYSTEM "file:///etc/passwd">]><r><n>&s;</n></r>`:           "n &s;\n",
		`<!DOCTYPE r [<!ENTITY e0 "abcdefgh">` + ten + `]><r><n>&e20;</n></r>`:              "n &e20;\n",
		`<r>&s;é<n>123</n></r>`: "r &s;é n 123\n",
		`<svg><text>no <tspan>123-</tspan><tspan x="1">45</tspan>-6789</text></svg>`: "text no 123-45-6789\n",
	} {
		r := extractBytes(t, "a.xml", []byte(`<?xml version="1.0"?>`+text), Options{})
		if got := r.text[""].String(); !strings.Contains(got, want) || len(got) > 8*kib {
			t.Errorf("%.80s: %d bytes, %.200q", text, len(got), got)
		}
	}
}

// TestPeriod compares what a text repeats with what a look at each distance says.
func TestPeriod(t *testing.T) {
	plain := func(s string) int {
		for p := 1; p < len(s); p++ {
			if s[p:] == s[:len(s)-p] {
				return p
			}
		}
		return len(s)
	}
	for n := 1; n <= 12; n++ {
		for bits := range 1 << n {
			text := make([]byte, n)
			for i := range text {
				text[i] = 'a' + byte(bits>>i&1)
			}
			if got, want := period(text), plain(string(text)); got != want {
				t.Errorf("%s: %d, want %d", text, got, want)
			}
		}
	}
	if got := period([]byte(strings.Repeat("&e3;", maxEntity/4))); got != 4 {
		t.Errorf("of a reference again and again: %d", got)
	}
}

// TestEntitiesSayAllOnce has entities made of others, which only one that says too much refers to: each says all that it would have
// said, values across what it repeats and behind that included.
func TestEntitiesSayAllOnce(t *testing.T) {
	much := "<!ENTITY much '" + strings.Repeat("&x;", 300) + "'>"
	for name, c := range map[string]struct {
		dtd  string
		want string
	}{
		"across":              {"<!ENTITY a '-45-6789 is it, 123'><!ENTITY x '" + strings.Repeat("&a;", 100) + "'>", "123-45-6789"},
		"behind":              {"<!ENTITY a 'well '><!ENTITY x '" + strings.Repeat("&a;", 500) + "123-45-6789'>", "123-45-6789"},
		"in the midst":        {"<!ENTITY a 'well '><!ENTITY x '" + strings.Repeat("&a;", 300) + "123-45-6789" + strings.Repeat("&a;", 300) + "'>", "123-45-6789"},
		"written so":          {"<!ENTITY x '" + strings.Repeat("123-45-6789 ", 300) + "'>", strings.Repeat("123-45-6789 ", 300)},
		"a round of its own":  {"<!ENTITY a '" + strings.Repeat("well ", 300) + " 123-45-6789 '><!ENTITY x '&a;&a;'>", "123-45-6789"},
		"a round, and a part": {"<!ENTITY a 'one two three '><!ENTITY x '" + strings.Repeat("&a;", 200) + "one 123-45-6789'>", "one 123-45-6789"},
	} {
		r := extractBytes(t, "a.xml", []byte("<?xml version='1.0'?><!DOCTYPE r ["+c.dtd+much+"]><r>&much;</r>"), Options{})
		if got := r.text[""].String(); !strings.Contains(got, c.want) || r.status[""].Code != Complete {
			t.Errorf("%s: %d bytes without it, %v", name, len(got), r.status[""])
		}
	}
}

// TestUU reads attachments as they were before MIME, and text that only looks like them.
func TestUU(t *testing.T) {
	body := "#8V%T\n`\nend\n" // "cat", as manual pages have it
	long := "M" + strings.Repeat("86%A", 15) + "\n"
	mail := "From: a@example.com\nTo: b@example.com\nSubject: x\n\nhello 123-45-6789\n"
	b64 := "begin-base64 644 b.txt\n" + base64.StdEncoding.EncodeToString([]byte("no 223-45-6789\n")) + "\n====\n"
	for _, c := range []struct{ name, text, doc, want string }{
		{"a.txt", "before\nbegin 644 cat.txt\n" + body + "after\n", "cat.txt", "cat"},
		{"a.uu", "begin 0644 cat.txt\r\n" + strings.ReplaceAll(body, "\n", "\r\n"), "cat.txt", "cat"},
		{"a.uue", "begin 644 cat.txt\n#8V%T\n \nend\n", "cat.txt", "cat"},
		{"a.txt", "begin 644 cat.txt\n" + long + long + body, "cat.txt", "cat"},
		{"a.txt", b64, "b.txt", "no 223-45-6789\n"},
		{"a.eml", mail + "begin 644 cat.txt\n" + body, "cat.txt", "cat"},
		{"a.eml", strings.Replace(mail, "\n\n", "\nContent-Transfer-Encoding: x-uuencode\n\n", 1)[:strings.Index(mail, "hello")+len("Content-Transfer-Encoding: x-uuencode\n")] + "begin 644 cat.txt\n" + body, "", "cat"},
		{"a.txt", "begin 644 of them again\nand see\n", "", "begin 644 of them again\nand see\n"},
		{"a.txt", "begin the day\nbegin 12 x\nbegin 644\n", "", "begin the day\nbegin 12 x\nbegin 644\n"},
	} {
		r := extractBytes(t, c.name, []byte(c.text), Options{})
		b := r.text[c.doc]
		if b == nil || !strings.HasSuffix(b.String(), c.want) {
			t.Errorf("%s %.60q: %s", c.name, c.text, r.report())
		}
		if r.status[""].Code != Complete {
			t.Errorf("%.60q: %v", c.text, r.status[""])
		}
	}
}

// TestMailHabits reads mail that does not keep to the letter.
func TestMailHabits(t *testing.T) {
	head := "From: a@example.com\r\nTo: b@example.com\r\nSubject: x\r\n"
	e := base64.StdEncoding.EncodeToString
	wide := func(s string) []byte {
		b := []byte{0xff, 0xfe}
		for _, c := range []byte(s) {
			b = append(b, c, 0)
		}
		return b
	}
	lines := func(b []byte, n int) string {
		s := e(b)
		out := ""
		for len(s) > n {
			out += s[:n] + "\r\n"
			s = s[n:]
		}
		return out + s
	}
	long := strings.Repeat("x ", 40) + "123-45-6789 and more\n"
	for name, text := range map[string]string{
		"comment on the encoding": "Content-Transfer-Encoding: base64 (of course)\r\n\r\n" + e([]byte(long)),
		"quotes around it":        "Content-Transfer-Encoding: \"base64\"\r\n\r\n" + e([]byte(long)),
		"UTF-16 over lines":       "Content-Type: text/plain; charset=utf-16\r\nContent-Transfer-Encoding: base64\r\n\r\n" + lines(wide(long), 76),
		"odd cuts":                "Content-Type: text/plain; charset=utf-16\r\nContent-Transfer-Encoding: base64\r\n\r\n" + lines(wide(long), 20),
		"no charset's text":       "Content-Type: text/plain; charset=gb18030\r\n\r\n\xff\xff\xff 123-45-6789 \xff\r\n",
		"boundary without quotes": "Content-Type: multipart/mixed; boundary=a=b?c; x=y\r\n\r\n--a=b?c\r\n\r\n123-45-6789\r\n--a=b?c--\r\n",
	} {
		r := extractBytes(t, "a.eml", []byte(head+text), Options{})
		if len(r.found) != 1 || r.status[""].Code != Complete {
			t.Errorf("%s: %s", name, r.report())
		}
	}
}
