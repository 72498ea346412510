package extract

import (
	"bytes"
	"context"
	"encoding/ascii85"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"magpie/internal/extract/hostile"
)

// pdfCase is a small file, what is to be read in it, and what is to be said of it.
type pdfCase struct {
	name string
	data []byte
	want string // the text, with ends of lines as "|" and without the last ones
	code Code
}

func (c pdfCase) check(t *testing.T) {
	t.Helper()
	r := extractBytes(t, "a.pdf", c.data, Options{})
	got := strings.ReplaceAll(strings.TrimRight(r.text[""].String(), "\n"), "\n", "|")
	if got != c.want {
		t.Errorf("%s: text %q, want %q", c.name, got, c.want)
	}
	if s := r.status[""]; s.Code != c.code {
		t.Errorf("%s: ended %+v, want %s", c.name, s, c.code)
	}
	if r.mimes[""] != kindPDF.mime {
		t.Errorf("%s: is %s", c.name, r.mimes[""])
	}
}

const pdfSecret = "SSN 526-33-4552"

// filtered is a page whose content is encoded.
func filtered(entries, content string) []byte {
	return pdfPage("", "").Stream(4, entries, content).Done()
}

func ascii85Of(s string) string {
	b := make([]byte, ascii85.MaxEncodedLen(len(s)))
	return string(b[:ascii85.Encode(b, []byte(s))])
}

func TestPDFFilters(t *testing.T) {
	// The text makes digits that look like marks of the encoding: "<" among them.
	content := pdfLine(pdfSecret + strings.Repeat(" <<~>> zzzz", 20))
	want := pdfSecret + strings.Repeat(" <<~>> zzzz", 20)
	encoded := ascii85Of(content)
	if !strings.Contains(encoded, "<") {
		t.Fatal("no < among the digits")
	}
	var broken strings.Builder
	for i, c := range encoded {
		if broken.WriteRune(c); i%40 == 39 {
			broken.WriteString("\r\n ")
		}
	}
	png := func(kind byte) string {
		var out []byte
		row := make([]byte, 10)
		for rest := []byte(content); len(rest) > 0; {
			line := make([]byte, 10)
			rest = rest[copy(line, rest):]
			out = append(out, kind)
			for i, c := range line {
				var left, corner byte
				if i > 0 {
					left, corner = line[i-1], row[i-1]
				}
				switch kind {
				case 1:
					c -= left
				case 2:
					c -= row[i]
				case 3:
					c -= byte((int(left) + int(row[i])) / 2)
				case 4:
					c -= paeth(left, row[i], corner)
				}
				out = append(out, c)
			}
			row = line
		}
		return deflated(string(out))
	}
	tiff := []byte(content)
	for len(tiff)%10 != 0 {
		tiff = append(tiff, ' ')
	}
	for i := len(tiff) - 1; i > 0; i-- {
		if i%10 != 0 {
			tiff[i] -= tiff[i-1]
		}
	}
	cases := []pdfCase{
		{"ASCII85", filtered("/Filter/ASCII85Decode", encoded+"~>"), want, Complete},
		{"ASCII85 with its first mark", filtered("/Filter/A85", "\n<~"+encoded+"~>\n"), want, Complete},
		{"ASCII85 in lines", filtered("/Filter[/ASCII85Decode]", broken.String()+"\n~\n>"), want, Complete},
		{"ASCII85 without an end", filtered("/Filter[/ASCII85Decode]", encoded), want, Complete},
		{"ASCII85 of Flate", filtered("/Filter[/ASCII85Decode/FlateDecode]", ascii85Of(deflated(content))+"~>"), want, Complete},
		{"ASCII85 of ASCII85", filtered("/Filter[/ASCII85Decode/ASCII85Decode]", ascii85Of(encoded+"~>")+"~>"), want, Complete},
		{"hexadecimal", filtered("/Filter/AHx", hex.EncodeToString([]byte(content))+" >"), want, Complete},
		{"TIFF predictor", filtered("/Filter/FlateDecode/DecodeParms<</Predictor 2/Columns 10>>", deflated(string(tiff))), want, Complete},
		{"abbreviated", filtered("/F/Fl", deflated(content)), want, Complete},
		{"Flate without a head", filtered("/Filter/FlateDecode", deflated(content)[2:]), want, Complete},
		{"Flate after a line end", filtered("/Filter/FlateDecode", "\r\n"+deflated(content)), want, Complete},
		{"a wrong length", bytes.Replace(filtered("/Filter/FlateDecode", deflated(content)), []byte("/Length "), []byte("/Length 1"), 1), want, Complete},
		{"unknown", filtered("/Filter/BrotliDecode", "x"), "", Partial},
		{"an image", filtered("/Filter/DCTDecode", "x"), "", Partial},
		{"Flate cut short", filtered("/Filter/FlateDecode", deflated(content)[:60]), "", Partial},
		{"Flate damaged", filtered("/Filter/FlateDecode", deflated(content)[:50]+"\xff\xff\xff\xff\xff\xff"), "", Partial},
		{"LZW damaged", filtered("/Filter/LZWDecode", "\x80\x0b\xff\xff\xff\xff\xff\xff"), "", Partial},
		{"ASCII85 damaged", filtered("/Filter/A85", "xxxxx\x80"), "", Partial},
		{"a predictor that is none", filtered("/Filter/FlateDecode/DecodeParms<</Predictor 2/BitsPerComponent 1>>", deflated(content)), "", Partial},
	}
	for kind := range byte(5) {
		cases = append(cases, pdfCase{fmt.Sprintf("PNG predictor %d", kind),
			filtered("/Filter[/FlateDecode]/DecodeParms[<</Predictor 15/Columns 10>>]", png(kind)), want, Complete})
	}
	for _, c := range cases {
		if c.code == Partial { // what comes before the damage is text
			r := extractBytes(t, "a.pdf", c.data, Options{})
			if s := r.status[""]; s.Code != Partial {
				t.Errorf("%s: ended %+v", c.name, s)
			}
			continue
		}
		c.check(t)
	}
}

// What is missing, or cannot be read, shows in the status.
func TestPDFLosses(t *testing.T) {
	form := "/Resources<</Font<</F 5 0 R>>/XObject<</X 9 0 R>>>>"
	page := func(entries string) *pdfMaker {
		return pdfPage("", pdfLine("x")).Add(3, "<</Type/Page/Contents 4 0 R"+form+entries+">>")
	}
	drawing := page("").Stream(4, "", pdfLine("x")+" /X Do")
	for _, c := range []pdfCase{
		{"content missing", pdfPage("", "").Add(3, "<</Type/Page/Contents 8 0 R>>").Done(), "", Partial},
		{"content missing in part", page("").Add(3, "<</Contents[4 0 R 8 0 R]"+form+">>").Done(), "x", Partial},
		{"no content", pdfPage("", "").Add(3, "<</Type/Page>>").Done(), "", Complete},
		{"a page missing", page("").Add(2, "<</Kids[3 0 R 8 0 R]>>").Done(), "x", Partial},
		{"pages missing", page("").Add(2, "<</Type/Pages/Count 3/Kids 8 0 R>>").Done(), "", Partial},
		{"a form missing", drawing.Done(), "x", Partial},
		{"a form unreadable", drawing.Stream(9, "/Subtype/Form/Filter/X", "x").Done(), "x", Partial},
		{"an image", drawing.Stream(9, "/Subtype/Image/Filter/JBIG2Decode", "x").Done(), "x", Complete},
		{"a page that is null", page("").Add(2, "<</Kids[3 0 R 8 0 R null]>>").Add(8, "null").Done(), "x", Complete},
		{"notes missing", page("/Annots[8 0 R]").Done(), "x", Partial},
		{"a note unreadable", page("/Annots[9 0 R]").Add(9, "<</Subtype/Stamp/AP<</N 8 0 R>>>>").Stream(8, "/Filter/X", "x").Done(), "x", Partial},
		{"glyphs without characters", page("").Add(5, "<</Type/Font/Subtype/Type0/Encoding/Identity-H>>").Done(), "", Partial},
		{"glyphs of which some have none", page("").Stream(4, "", "BT /F 9 Tf <00410042> Tj ET").
			Add(5, "<</Subtype/Type0/Encoding/Identity-H/ToUnicode 9 0 R>>").Stream(9, "", "1 beginbfchar <0041> <0058> endbfchar").Done(), "X", Partial},
		{"glyphs with names of their own", page("").Stream(4, "", "BT /F 9 Tf (xy) Tj ET").
			Add(5, "<</Subtype/Type3/Encoding<</Differences[120/x/g17]>>>>").Done(), "x", Partial},
		{"a map of characters unreadable", page("").Add(5, "<</Subtype/Type1/ToUnicode 9 0 R>>").Stream(9, "/Filter/X", "").Done(), "x", Partial},
		{"an object that is another", func() []byte {
			m := page("/Annots[9 0 R]")
			m.Offsets[9], m.Most = m.Offsets[5], 9
			return m.Done()
		}(), "x", Partial},
		{"a circle of forms", drawing.Stream(9, "/Subtype/Form/Resources<</XObject<</X 9 0 R>>>>", "/X Do").Done(), "x", Complete},
	} {
		c.check(t)
	}
}

// A file ends with what it says it holds, whatever its tables are like.
func TestPDFTables(t *testing.T) {
	plain := func() *pdfMaker { return pdfPage("", pdfLine(pdfSecret)) }
	whole := plain().Done()
	swap := func(old, with string) []byte { return bytes.ReplaceAll(whole, []byte(old), []byte(with)) }
	update := plain().Table("/Root 1 0 R")
	first := bytes.LastIndex(update.Bytes(), []byte("xref\n0 1"))
	update.Stream(4, "", pdfLine("gone")).Table(fmt.Sprintf("/Root 1 0 R/Prev %d", first))
	freed := pdfPage("/Annots[6 0 R]", pdfLine("x")).Add(6, "<</Subtype/Text/Contents(old)>>").Table("/Root 1 0 R")
	first = bytes.LastIndex(freed.Bytes(), []byte("xref\n0 1"))
	at := freed.Buffer.Len()
	fmt.Fprintf(&freed.Buffer, "xref\n6 1\n0000000000 00001 f \ntrailer\n<</Size 7/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF", first, at)
	for _, c := range []pdfCase{
		{"a table cut two bytes short", bytes.Replace(whole, []byte(" n \ntrailer"), []byte(" n trailer"), 1), pdfSecret, Complete},
		{"lines of 19 bytes", swap(" n \n", " n\n"), pdfSecret, Complete},
		{"a table that counts from 1", swap("xref\n0 1\n", "xref\n1 1\n"), pdfSecret, Complete},
		{"no startxref", swap("startxref", "startover"), pdfSecret, Complete},
		{"startxref nowhere", whole[:len(whole)-8], pdfSecret, Complete},
		{"offsets off by one", swap("\n0000000", "\n000000"), pdfSecret, Complete},
		{"junk before", append([]byte("HTTP/1.1 200 OK\r\n\r\n"), whole...), pdfSecret, Complete},
		{"junk behind", append(append([]byte{}, whole...), bytes.Repeat([]byte("junk "), 2000)...), pdfSecret, Complete},
		{"no table, no trailer", whole[:bytes.LastIndex(whole, []byte("xref\n0"))], pdfSecret, Complete},
		{"one wrong offset", func() []byte {
			m := plain()
			m.Offsets[4] += 7
			return m.Done()
		}(), pdfSecret, Complete},
		{"an update", update.Bytes(), "gone", Complete},
		{"an update that frees", freed.Bytes(), "x", Complete},
		{"pages in no order", bytes.Replace(whole[:bytes.LastIndex(whole, []byte("xref\n0"))], []byte("/Catalog/Pages 2"), []byte("/Catalog/Pages 9"), 1), pdfSecret, Partial},
		{"hybrid", hybridPDF(), pdfSecret, Complete},
		{"streams of objects", streamedPDF("", 0), pdfSecret, Complete},
		{"streams of objects, no startxref", bytes.ReplaceAll(streamedPDF("", 0), []byte("startxref"), []byte("startover")), pdfSecret, Complete},
		{"streams of objects by wrong indexes", streamedPDF("", 1), pdfSecret, Complete},
	} {
		c.check(t)
	}
}

// streamedPDF keeps the catalogue, the pages and the page in a stream of objects. The table is wrong about indexes by shift.
func streamedPDF(trailer string, shift byte) []byte {
	m := newPDFMaker().Stream(4, "", pdfLine(pdfSecret)).Add(5, "<</Subtype/Type1/BaseFont/Helvetica>>")
	objects := []string{"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]>>", "<</Type/Page/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>"}
	head, body := "", ""
	for i, o := range objects {
		head += fmt.Sprintf("%d %d ", i+1, len(body))
		body += o + " "
	}
	m.Flate(6, fmt.Sprintf("/Type/ObjStm/N 3/First %d", len(head)), head+body)
	at := m.Buffer.Len()
	rows := []byte{0, 0, 0, 0}
	for i := range 3 {
		rows = append(rows, 2, 0, 6, (byte(i)+shift)%3)
	}
	for n := 4; n <= 6; n++ {
		rows = append(rows, 1, byte(m.Offsets[n]>>8), byte(m.Offsets[n]), 0)
	}
	rows = append(rows, 1, byte(at>>8), byte(at), 0)
	m.Flate(7, "/Type/XRef/W[1 2 1]/Size 8/Root 1 0 R"+trailer, string(rows))
	fmt.Fprintf(&m.Buffer, "startxref\n%d\n%%%%EOF", at)
	return m.Bytes()
}

// hybridPDF has a table that hides the page from old readers, and a stream for new ones that says where it is.
func hybridPDF() []byte {
	m := pdfPage("", pdfLine(pdfSecret))
	page := m.Offsets[3]
	delete(m.Offsets, 3)
	stream := m.Buffer.Len()
	rows := []byte{1, byte(page >> 8), byte(page)}
	fmt.Fprintf(&m.Buffer, "9 0 obj<</Type/XRef/W[1 2 0]/Size 8/Index[3 1]/Length 3>>stream\n%s\nendstream endobj\n", rows)
	m.Table(fmt.Sprintf("/Root 1 0 R/XRefStm %d", stream))
	return bytes.Replace(m.Bytes(), []byte("xref\n0 1\n0000000000 65535 f \n"), []byte("xref\n0 1\n0000000000 65535 f \n3 1\n0000000000 00000 f \n"), 1)
}

// Nothing is held when a file is done with, whatever it was and however it ended.
func TestPDFReleases(t *testing.T) {
	files := hostilePDFs()
	listed := 0
	for _, f := range hostile.Files() {
		if _, ok := files[f.Harm]; ok {
			listed++
		}
	}
	if listed != len(files) {
		t.Errorf("%d of %d are listed", listed, len(files))
	}
	for _, name := range []string{"plain.pdf", "archive.pdf", "restricted.pdf", "locked.pdf"} {
		files[name] = officeFile(t, name)
	}
	for name, data := range files {
		for _, memory := range []int64{1 * mib, 8 * mib} {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
			account := NewAccount(memory)
			src := Source{Name: "a.pdf", ReaderAt: bytes.NewReader(data), Size: int64(len(data))}
			if _, err := Extract(ctx, src, Options{MaxMemory: memory, Account: account}, &discard{}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			cancel()
			if account.Held() != 0 {
				t.Errorf("%s: %d bytes of %d are held after it", name, account.Held(), memory)
			}
		}
	}
}

// What was opened when the time was over is closed.
func TestPDFFiltersTooLate(t *testing.T) {
	w := &walker{account: NewAccount(1 * mib), opts: Options{}.withDefaults(), ctx: t.Context()}
	f := &pdfFile{w: w, err: errPDFMemory}
	d, err := f.filters(&pdfData{}, strings.NewReader("x"), []any{pdfName("FlateDecode"), pdfName("LZWDecode")}, nil)
	if d != nil || err == nil || w.account.Held() != 0 {
		t.Errorf("%v, %v, %d bytes are held", d, err, w.account.Held())
	}
}
