package extract

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The cells of a table in a page have the names of their columns, and are where they stand in the file, however long the table is.
func TestTablesOfPages(t *testing.T) {
	for _, rows := range []int{2, 20, 100, 3000} {
		var page strings.Builder
		page.WriteString("<html><body><p>first</p><table>\n<tr><th>Person</th><th>SSN</th><th>City</th></tr>\n")
		for i := range rows {
			fmt.Fprintf(&page, "<tr>\n<td>Anna</td>\n <td>123-45-%04d</td><td>%s</td></tr>\n", i, strings.Repeat("x ", 50))
		}
		page.WriteString("</table>\n<p>323-45-6789</p></body></html>")
		starts := lineStarts(page.String())
		found := extractBytes(t, "a.html", []byte(page.String()), Options{}).found
		named := 0
		for _, h := range found {
			if at := starts[h.loc.Line-1] + int(h.loc.Column) - 1; !strings.HasPrefix(page.String()[at:], h.value) || h.loc.Kind != LineRange {
				t.Errorf("%d rows: %s is not at %s", rows, h.value, h.loc)
			}
			if slices.Equal(h.names, []string{"SSN"}) {
				named++
			}
		}
		if len(found) != rows+1 || named != rows {
			t.Errorf("%d rows: %d found, %d of them named", rows, len(found), named)
		}
	}
}

// Files in data: URIs are opened, pictures among them change nothing, and more of them than are read are told of.
func TestDataURIs(t *testing.T) {
	uri := func(mime, data string) string {
		return "data:" + mime + ";base64," + base64.StdEncoding.EncodeToString([]byte(data))
	}
	secret := uri("text/csv", "id,ssn\n1,123-45-6789\n")
	picture := uri("image/png", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01")
	for name, text := range map[string]string{
		"a.html": `<html><img src="` + picture + `"><a href="` + secret + `">x</a></html>`,
		"a.css":  ".a{background:url(" + picture + ")}\n.b{background:url('" + secret + "')}\n",
		"a.json": `{"a":"` + picture + `","b":"` + strings.ReplaceAll(secret, "/", `\/`) + `"}`,
		"a.md":   "[x](" + secret + ") ![y](" + picture + ")\n",
		"b.html": `<html><a href="DATA` + secret[4:] + `">x</a></html>`,
		"b.md":   "[x](Data:text/csv" + secret[len("data:text/csv"):] + ")\n",
		"c.html": `<html>` + strings.Repeat("<p>a paragraph\n", 3000) + `<a href="` + secret + `">x</a></html>`,
		"c.md":   strings.Repeat("a line\n", 6000) + "[x](" + secret + ")\n",
		"d.html": `<html><a href="data:text/csv,a,ssn%0a5%,123%2D45-6789%0A">x</a></html>`,
	} {
		r := extractBytes(t, name, []byte(text), Options{})
		if len(r.found) != 1 || r.status[""].Code != Complete || r.found[0].loc.Kind != Cell || len(r.docs) != 2 {
			t.Errorf("%s: %v %v %v", name, r.found, r.status, r.docs)
		}
	}
	many := strings.Repeat(secret+"\n", maxDataURIs+1)
	if r := extractBytes(t, "a.txt", []byte(many), Options{}); len(r.found) != maxDataURIs || r.status[""].Code != Partial {
		t.Errorf("%d found, %v", len(r.found), r.status[""])
	}
}

// Text that only consists of letters which have other meanings elsewhere is not taken for that of a mainframe.
func TestIsEBCDIC(t *testing.T) {
	record := bytes.Repeat([]byte("\xc1\xd5\xd5\xc1\x40\xe2\xd4\xc9\xe3\xc8\x6b\xf5\xf3\xf6\x15"), 4)
	for _, c := range []struct {
		text []byte
		is   bool
	}{
		{record, true},
		{append([]byte{0, 84, 0, 0}, record...), true},
		{append(bytes.Clone(record), bytes.Repeat([]byte{0x40}, 500)...), true},
		{record[:12], false},
		{bytes.Repeat([]byte("\xe4\xf6"), 100), false},
		{[]byte("plain text, of which there is a line or two"), false},
		{[]byte("\xc1\xc2\xc3 \xc4\xc5\xc6 \xc7\xc8\xc9 \xd1\xd2\xd3 \xd4\xd5\xd6 \xd7\xd8\xd9\n"), false},
	} {
		if isEBCDIC(c.text) != c.is {
			t.Errorf("%q: %v", c.text[:min(len(c.text), 24)], !c.is)
		}
	}
}

// Rows below names leave the text of a document, and nothing else does: neither what stands between them nor what nobody sees of it.
func TestBesideRows(t *testing.T) {
	rows := func(row, other string) (s string) {
		for i := range 12 {
			if s += fmt.Sprintf(row, i, i*7) + "\n"; i == 5 {
				s += other
			}
		}
		return s
	}
	const said = "SSN 527-22-8008"
	for _, other := range []string{" " + said + " ", "<!-- " + said + " -->", "<input value='&lt;" + said + "'>", "</tbody><tbody title='" + said + "'>", "<script>\n" + said + "</script>", "<tr>" + said + "</tr>",
		"<tr title='" + said + "'><td>x</td><td>1</td></tr>", "<tr><td>x<!-- " + said + " --></td><td>1</td></tr>", "<tr><td>x</td><td>1</td>" + said + "</tr>"} {
		html := "<html><table><tr><th>Name</th><th>Age</th></tr>\n" + rows("<tr><td>Bob%d</td><td>%d</td></tr>", other) + "</table></html>"
		r := extractBytes(t, "a.html", []byte(html), Options{})
		want := int64(strings.Count(html[:strings.Index(html, "527-")], "\n") + 1)
		if len(r.found) != 1 || r.found[0].loc.Line != want {
			t.Errorf("%s: want line %d\n%s", other, want, r.report())
		}
	}
	rtf := `{\rtf1 x\par \trowd\cellx1 Name\cell Age\cell\row ` + rows(`\trowd\cellx1 Bob%d\cell %d\cell\row`, said+"\n") + `\pard bye\par}`
	if r := extractBytes(t, "a.rtf", []byte(rtf), Options{}); len(r.found) != 1 || r.found[0].loc.Line != 7 {
		t.Errorf("%s", r.report())
	}
}
