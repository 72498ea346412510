package extract

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"magpie/internal/extract/hostile"
)

// What stands beside the pages of a PDF is read, or told.
func TestPDFBeside(t *testing.T) {
	whole := string(pdfPage("", pdfLine(secret)).Done())
	wide := func(encoding, to string) *pdfMaker {
		return pdfPage("", "BT /F 12 Tf 72 700 Td <0001000200030004> Tj ET").Add(5, "<</Type/Font/Subtype/Type0/Encoding "+encoding+"/DescendantFonts[<</Subtype/CIDFontType2>>]"+to+">>")
	}
	for what, c := range map[string]struct {
		data     []byte
		want     string
		complete bool
	}{
		"text behind its end":               {[]byte(whole + "\n\nssn " + otherSecret + "\n"), otherSecret, true},
		"text before its header":            {[]byte("ssn " + otherSecret + "\n" + whole), otherSecret, true},
		"text behind its end, and a mark":   {[]byte(whole + "\nssn " + otherSecret + "\n%%EOF\n"), otherSecret, true},
		"long text behind its end":          {[]byte(whole + "\n" + strings.Repeat("é", 15_000) + "\nssn " + otherSecret + strings.Repeat("\nand so on", 10_000)), "é\nssn " + otherSecret, true},
		"long text and a mark behind it":    {[]byte(whole + "\nssn " + otherSecret + strings.Repeat("\nand so on", 10_000) + "\n%%EOF\n"), otherSecret, true},
		"text behind zeros behind its end":  {[]byte(whole + strings.Repeat("\x00", 20_000) + "ssn " + otherSecret + "\n"), otherSecret, true},
		"a long zip behind its end":         {append([]byte(whole), zipOf(file{"a.txt", otherSecret}, file{"b.txt", strings.Repeat("a", 9)}, file{strings.Repeat("c", 9000), "c"})...), secret[4:15], false},
		"text behind what has no table":     {[]byte(strings.ReplaceAll(whole, "startxref", "startover") + "\nssn " + otherSecret + "\n"), otherSecret, true},
		"a zip behind its end":              {append([]byte(whole), zipOf(file{"a.txt", otherSecret})...), secret[4:15], false},
		"an action of a page":               {pdfPage("/AA<</O<</S/JavaScript/JS(x="+otherSecret+")>>>>", "").Done(), otherSecret, true},
		"an action of the outline":          {pdfPage("", "").Add(1, "<</Type/Catalog/Pages 2 0 R/Outlines 7 0 R>>").Add(7, "<</First 8 0 R>>").Add(8, "<</Title(x)/A<</S/URI/URI(http://a/"+otherSecret+")>>>>").Done(), otherSecret, true},
		"what is said of a file":            {pdfPage("", "").Add(1, "<</Type/Catalog/Pages 2 0 R/AF[<</F(a.txt)/Desc("+otherSecret+")/EF<</F 7 0 R>>>>]>>").Stream(7, "", "x").Done(), otherSecret, true},
		"another file under the second key": {pdfPage("", "").Add(1, "<</Type/Catalog/Pages 2 0 R/AF[<</F(a.txt)/EF<</UF 7 0 R/F 8 0 R>>>>]>>").Stream(7, "", "x").Stream(8, "", otherSecret).Done(), otherSecret, true},
		"a choice of a thousand and one":    {pdfPage("/Annots[<</Subtype/Widget/FT/Ch/T(a)/V["+strings.Repeat("(a)", 1001)+"]>>]", pdfLine(secret)).Done(), secret[4:15], false},
		"a run that is cut off":             {pdfPage("", "").Stream(4, "/Filter/RunLengthDecode", "\x29"+pdfLine("ssn")+"\x7f(x").Done(), "ssn", false},
		"metadata of more texts than a thousand": {pdfPage("", pdfLine(secret)).Add(1, "<</Type/Catalog/Pages 2 0 R/Metadata 7 0 R>>").
			Stream(7, "", strings.Repeat("<dc:title>a</dc:title>", 1001)).Done(), secret[4:15], false},
		"metadata deeper than 64 elements": {pdfPage("", "").Add(1, "<</Type/Catalog/Pages 2 0 R/Metadata 7 0 R>>").
			Stream(7, "", strings.Repeat("<a:b>", 70)+"<xmp:x>"+strings.Repeat("<a:b>", 3)+strings.Repeat("</a:b>", 3)+"</xmp:x>"+strings.Repeat("</a:b>", 70)+"<dc:title>"+otherSecret+"</dc:title>").Done(), otherSecret, true},
		"a map of characters upon another": {wide("/Identity-H", "/ToUnicode 6 0 R").Stream(6, "/UseCMap 7 0 R", "begincmap 1 beginbfchar <0001> <0030> endbfchar").
			Stream(7, "", "begincmap 1 beginbfrange <0001> <0004> <0041> endbfrange").Done(), "0BCD", true},
		"a range of a map below many others": {wide("/Identity-H", "/ToUnicode 6 0 R").Stream(6, "", "begincmap 1 beginbfrange <0000> <ffff> <0040> endbfrange "+
			"1 beginbfchar <0003> <0030> endbfchar"+strings.Repeat(" 1 beginbfchar <0002> <0031> endbfchar", 5000)).Done(), "A10D", true},
		"a map upon a range, of many others": {wide("/Identity-H", "/ToUnicode 6 0 R").Stream(6, "/UseCMap 7 0 R", "begincmap"+strings.Repeat(" 1 beginbfrange <0001> <0002> <0030> endbfrange", 20)).
			Stream(7, "", "begincmap 1 beginbfrange <0000> <ffff> <0040> endbfrange").Done(), "01CD", true},
		"a range of a map upon characters": {wide("/Identity-H", "/ToUnicode 6 0 R").Stream(6, "/UseCMap 7 0 R", "begincmap 1 beginbfrange <0000> <0003> <0040> endbfrange").
			Stream(7, "", "begincmap 2 beginbfchar <0002> <0030> <0004> <0031> endbfchar").Done(), "ABC1", true},
		"a map upon one that is known": {wide("6 0 R", "").Stream(6, "/UseCMap/UniJIS-UCS2-H", "begincmap").Done(), "", true},
		"maps in a circle": {wide("/Identity-H", "/ToUnicode 6 0 R").Stream(6, "/UseCMap 7 0 R", "begincmap 1 beginbfrange <0001> <0004> <0041> endbfrange").
			Stream(7, "/UseCMap 6 0 R", "begincmap").Done(), "ABCD", false},
	} {
		r := extractBytes(t, "a.pdf", c.data, Options{})
		text := ""
		for _, b := range r.text {
			text += b.String()
		}
		if got := r.status[""]; !strings.Contains(text, c.want) || (got.Code == Complete) != c.complete {
			t.Errorf("%s: %v %q", what, r.status, text)
		}
	}
}

// A column of Parquet that cannot be read costs itself alone, and why is told.
func TestParquetColumnsAlone(t *testing.T) {
	var b bytes.Buffer
	w := parquet.NewGenericWriter[person](&b)
	w.Write(people(50))
	w.Close()
	whole := extractBytes(t, "a.parquet", b.Bytes(), Options{})
	for what, c := range map[string]struct {
		change func(c *format.ColumnChunk)
		why    string
		lost   bool
	}{
		"a codec that is not known":  {func(c *format.ColumnChunk) { c.MetaData.Codec = 3 }, "a column in a codec that is not known", true},
		"another file":               {func(c *format.ColumnChunk) { c.FilePath = "b.parquet" }, "a column that lies in another file", true},
		"a place outside the file":   {func(c *format.ColumnChunk) { c.MetaData.DataPageOffset, c.MetaData.DictionaryPageOffset = 1<<40, 0 }, "damaged or incomplete Parquet file", true},
		"more values than there are": {func(c *format.ColumnChunk) { c.MetaData.NumValues += 7 }, "pages with fewer values than its directory says", false},
	} {
		f, err := parquet.OpenFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		meta := *f.Metadata()
		c.change(&meta.RowGroups[0].Columns[0])
		footer, err := thrift.Marshal(new(thrift.CompactProtocol), &meta)
		if err != nil {
			t.Fatal(err)
		}
		r := extractBytes(t, "a.parquet", withFooter(b.Bytes(), footer), Options{})
		if got := r.status[""]; got.Code != Partial || got.Detail != c.why {
			t.Errorf("%s: %v", what, got)
		}
		if n, all := r.text[""].Len(), whole.text[""].Len(); n == 0 || (n < all) != c.lost {
			t.Errorf("%s: %d bytes of %d", what, n, all)
		}
	}
}

// A stream of an old Office file that is none of the program's own is opened where it is text or a file.
func TestStrangeStreams(t *testing.T) {
	for name, c := range map[string]struct {
		data string
		also int
	}{
		"notes":     {strings.Repeat("see "+otherSecret+"\n", 300), 300},
		"archive":   {string(zipOf(file{"a.txt", otherSecret})) + strings.Repeat("\x00", 5000), 1},
		"settings":  {strings.Repeat("\x01\x00\x02\x00\xff", 1000), 0},
		"\x05Other": {strings.Repeat(otherSecret+"\n", 500), 0},
	} {
		r := extractBytes(t, "a.doc", hostile.WordWith("ssn 123-45-6789", name, c.data), Options{})
		if len(r.found) != 1+c.also || r.status[""].Code == Skipped {
			t.Errorf("%q: %d found, %v", name, len(r.found), r.status)
		}
	}
	lost := hostile.WordWith("ssn 123-45-6789", "notes", strings.Repeat("see "+otherSecret+"\n", 300))
	entry := bytes.Index(lost, []byte("n\x00o\x00t\x00e\x00s\x00"))
	binary.LittleEndian.PutUint32(lost[entry+116:], 0xffffff) // where it begins
	if r := extractBytes(t, "a.doc", lost, Options{}); len(r.found) != 1 || r.status[""].Code != Partial || r.status["notes"].Reason != MalformedOrFileSizeExceedsLimit {
		t.Errorf("a stream that is nowhere: %d found, %v", len(r.found), r.status)
	}
	r := extractBytes(t, "a.doc", hostile.WordWith("ssn 123-45-6789", "Revision Log", strings.Repeat("\x01\x00", 3000)), Options{})
	if r.status[""].Code != Partial {
		t.Error(r.status)
	}
}
