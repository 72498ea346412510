package extract

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"
)

func wide16(s string, order binary.AppendByteOrder) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return string(b)
}

// TestUTF16 reads UTF-16 of several scripts, with and without a byte order mark, and mixed with ASCII.
func TestUTF16(t *testing.T) {
	texts := map[string]string{
		"English":  "My number is 536-90-4399, and that is all there is to say about it.\n",
		"Russian":  "Мой номер 536-90-4399, и это всё, что можно о нём сказать.\nЕщё одна строка.\n",
		"Greek":    "Ο αριθμός μου είναι 536-90-4399, και αυτό είναι όλο.\n",
		"Hebrew":   "המספר שלי הוא 536-90-4399, וזה הכול.\n",
		"Japanese": "私の番号は 536-90-4399 です。\nこれで全部です。\n",
		"Chinese":  "我的号码是 536-90-4399，就这些。\n这是第二行。\n",
		"Korean":   "내 번호는 536-90-4399 이고 그게 전부입니다.\n",
		"emoji":    "My number \U0001F600 is 536-90-4399, and that is all there is to say.\n",
	}
	for name, text := range texts {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			mark := wide16("\ufeff", order)
			for _, c := range []struct{ how, data, want string }{
				{"without a mark", wide16(text, order), text},
				{"with a mark", mark + wide16(text, order), text},
				{"with ASCII after it", mark + wide16(text, order) + "a line that was appended: 536-90-4400 and more\n", text + "a line that was appended: 536-90-4400 and more\n"},
				{"with ASCII between", mark + wide16(text, order) + "a line that was appended: 536-90-4400 and more\n" + wide16("x"+text, order), ""},
				{"with half a character", mark + wide16(text, order) + "\x00", ""},
			} {
				r := extractBytes(t, "a.txt", []byte(c.data), Options{})
				got := r.text[""].String()
				if r.status[""].Code != Complete || !strings.Contains(got, "536-90-4399") || c.want != "" && got != c.want {
					t.Errorf("%s %s, %v: %q %v", name, c.how, order, got, r.status[""])
				}
				if want := strings.Count(c.data, "536-90-4400"); strings.Count(got, "536-90-4400") != want {
					t.Errorf("%s %s, %v: %q", name, c.how, order, got)
				}
			}
		}
	}
}

// TestMailboxes reads a file of several messages.
func TestMailboxes(t *testing.T) {
	message := func(n, body string) string {
		return "From a@example.com Mon Jan  1 10:00:00 2024\nFrom: a@example.com\nTo: b@example.com\nSubject: " + n + "\nDate: Mon, 1 Jan 2024 10:00:00 +0000\n" + body + "\n"
	}
	data := message("one", "Content-Transfer-Encoding: base64\n\nNTM2LTkwLTAwMDE=\n") +
		message("two", "Content-Type: multipart/mixed; boundary=x\n\n--x\n\n536-90-0002\n--x\nContent-Disposition: attachment; filename=a.txt\n\n536-90-0003\n") +
		message("three", "\nFrom the start it was 536-90-0004.\n\n>From here on: 536-90-0005\n")
	for _, name := range []string{"a.mbox", "inbox", "a.eml"} {
		r := extractBytes(t, name, []byte(data), Options{})
		if len(r.found) != 5 || r.mimes[""] != "message/rfc822" || r.status[""].Code != Complete {
			t.Errorf("%s: %d found, %v, %v in %q", name, len(r.found), r.mimes, r.status, r.text[""])
		}
	}
}

func TestFlowed(t *testing.T) {
	head := "From: a@example.com\nTo: b@example.com\nDate: Mon, 1 Jan 2024 10:00:00 +0000\nContent-Type: text/plain; format=flowed"
	for params, want := range map[string]string{"": "one two-three\r\n-- \r\nfour", "; delsp=no": "one two-three\r\n-- \r\nfour", "; DelSp=Yes": "onetwo-three\r\n-- \r\nfour"} {
		r := extractBytes(t, "a.eml", []byte(head+params+"\n\none \r\ntwo-three\r\n-- \r\nfour"), Options{})
		if got := r.text[""].String(); !strings.HasSuffix(got, "\n"+want) {
			t.Errorf("%s: %q", params, got)
		}
	}
}

// TestBesideCells reads what a workbook has beside its cells.
func TestBesideCells(t *testing.T) {
	data := zipOf(file{"[Content_Types].xml", ""}, file{"xl/workbook.xml", `<sheets><sheet name="a" r:id="1"/></sheets>`},
		file{"xl/_rels/workbook.xml.rels", `<Relationship Id="1" Target="worksheets/sheet1.xml"/>`},
		file{"xl/worksheets/_rels/sheet1.xml.rels", `<Relationship Id="1" Target="../drawings/drawing1.xml"/>`},
		file{"xl/worksheets/sheet1.xml", `<row r="1"><c r="B1" t="inlineStr"><is><t>536-90-0001</t></is></c></row><headerFooter><oddHeader>&amp;C&amp;"Arial,Bold"&amp;12 536-90-0002 &amp;&amp;</oddHeader></headerFooter>`},
		file{"xl/drawings/drawing1.xml", `<xdr:txBody><a:p><a:r><a:t>536-90-</a:t></a:r><a:r><a:t>0003</a:t></a:r></a:p></xdr:txBody>`})
	r := extractBytes(t, "a.xlsx", data, Options{})
	if len(r.found) != 3 || r.found[2].loc.CellReference != "" && r.found[1].loc.CellReference != "" || r.status[""].Code != Complete {
		t.Errorf("%+v %v", r.found, r.status)
	}
	if got := string(printed([]byte(`&L&"Arial"&12ssn&R&P of &N &&c`))); got != "ssn   of   &c" {
		t.Errorf("%q", got)
	}
}
