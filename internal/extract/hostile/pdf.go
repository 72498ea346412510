package hostile

import (
	"bytes"
	"fmt"
	"maps"
	"strings"
	"sync"
)

// pdfs are small files, by what they do, that ask for much: each by one thing that a reader does as often, as deep or as large as it is told
// to.
var pdfs = sync.OnceValue(func() map[string][]byte {
	files := map[string][]byte{}
	for _, add := range []func(map[string][]byte){hostileTables, hostileObjects, hostileStreams, hostileFonts, hostileTrees, hostileContent} {
		add(files)
	}
	return files
})

func hostileTables(files map[string][]byte) {
	files["trailers"] = []byte("%PDF-1.4\n" + strings.Repeat("trailer(", 16_000))
	files["trailers of dictionaries"] = []byte("%PDF-1.4\n" + strings.Repeat("trailer<</A(", 16_000))
	files["objects in the middle of nothing"] = []byte("%PDF-1.4\n" + strings.Repeat("1 0 obj<</Type/ObjStm/N 9 ", 20_000))
	files["streams of objects without end"] = []byte("%PDF-1.4\n" + Repeated(5000, "%d 0 obj<</Type/ObjStm/N 9/First 9>>stream "))
	one := "<</Kids[" + strings.Repeat("9 0 R ", 40_000) + "]>>"
	m := PDFPage("", PDFLine("x"))
	m.Add(6, one)
	for n := 7; n < 2000; n++ {
		m.Offsets[n], m.Most = m.Offsets[6], n
	}
	files["many numbers at one offset"] = m.Add(3, "<</Type/Page/Annots["+Repeated(2000, "%d 0 R ")+"]>>").Done()
	files["a table cut short"] = func() []byte {
		b := PDFPage("", PDFLine("x")).Done()
		i := bytes.Index(b, []byte("trailer"))
		return append(append([]byte{}, b[:i-4]...), b[i:]...)
	}()
	files["a table two bytes short"] = func() []byte {
		b := PDFPage("", PDFLine("x")).Done()
		i := bytes.Index(b, []byte("trailer"))
		return append(append([]byte{}, b[:i-2]...), b[i:]...)
	}()
	object := "1 0 obj<</Type/Catalog/Pages 2 0 R/A[" + strings.Repeat("<<>>", 100_000) + "]>>endobj\n"
	files["100 large objects at one place"] = []byte("%PDF-1.4\n" + object + "xref\n0 101\n0000000000 65535 f \n" + strings.Repeat("0000000009 00000 n \n", 100) +
		fmt.Sprintf("trailer<</Root 1 0 R/Size 101>>\nstartxref\n%d\n%%%%EOF", len("%PDF-1.4\n")+len(object)))
	files["tables in a circle"] = []byte("%PDF-1.4\nxref\n0 0\ntrailer<</Size 1/Prev 9/XRefStm 9>>\nstartxref\n9\n%%EOF")
	files["a table of ten million"] = []byte("%PDF-1.4\nxref\n0 10000000\n" + strings.Repeat("0000000009 00000 n \n", 20_000) + "trailer<<>>\nstartxref\n9\n")
	rows := strings.Repeat("\x01\x00\x09\x00", 5_000_000)
	files["a stream of tables that blows up"] = []byte("%PDF-1.5\n1 0 obj<</Type/XRef/W[1 2 1]/Size 9999999/Root 1 0 R/Filter[/FlateDecode/FlateDecode]/Index[0 9999999 0 9999999 0 9999999]>>stream\n" +
		Deflated(Deflated(rows)) + "\nendstream endobj startxref 9 %%EOF")
	files["sparse numbers"] = []byte("%PDF-1.4\n" + Repeated(30_000, "%d00 0 obj 1 endobj\n"))
}

func hostileObjects(files map[string][]byte) {
	for name, object := range map[string]string{
		"unterminated strings": "(", "unterminated dictionaries": "<</A", "unterminated arrays": "[[[[", "unterminated hex": "<",
		"unterminated kids": "<</Kids[",
	} {
		m := PDFPage("/Annots["+Repeated(1500, "1%04d 0 R ")+"]", PDFLine("x"))
		for n := range 1500 {
			m.Offsets[10_000+n] = m.Buffer.Len()
			fmt.Fprintf(&m.Buffer, "%d 0 obj%s", 10_000+n, object)
		}
		m.Most = 11_500
		m.Buffer.WriteString(strings.Repeat(" 0", 2_000_000))
		files[name] = m.Done()
	}
	files["an object of empty dictionaries"] = PDFPage("/Annots 6 0 R", "").Add(6, "["+strings.Repeat("<<>>", 1_000_000)+"]").Done()
	files["an object of small dictionaries"] = PDFPage("/Annots 6 0 R", "").Add(6, "["+strings.Repeat("<</A<<>>>>", 500_000)+"]").Done()
	files["deep arrays"] = PDFPage("/Annots 6 0 R", "").Add(6, strings.Repeat("[", 1_000_000)).Done()
	files["references in a circle"] = PDFPage("/Annots 6 0 R", "").Add(6, "7 0 R").Add(7, "6 0 R").Done()
	files["lengths that need each other"] = func() []byte {
		m := PDFPage("", "")
		for n := 6; n < 3000; n++ {
			m.Add(n, fmt.Sprintf("<</Length %d 0 R>>stream\nx\nendstream", n+1))
		}
		return m.Add(4, "<</Length 6 0 R>>stream\nx\nendstream").Done()
	}()
	files["a stream of objects in itself"] = func() []byte {
		m := PDFPage("", "")
		at := m.Buffer.Len()
		m.Buffer.WriteString("6 0 obj<</Type/XRef/W[1 2 1]/Size 8/Root 1 0 R/Index[6 2 3 1]/Length 12>>stream\n\x02\x00\x07\x00\x02\x00\x06\x00\x02\x00\x06\x01\nendstream endobj\n")
		fmt.Fprintf(&m.Buffer, "startxref\n%d\n%%%%EOF", at)
		return m.Bytes()
	}()
	wide := "<</Type/ObjStm/N 1000/First 9000/Filter/FlateDecode"
	files["many streams of many objects"] = func() []byte {
		m := PDFPage("/Annots["+Repeated(400, "1%03d 0 R ")+"]", "")
		data := Deflated(Repeated(1000, "%04d 0 ") + strings.Repeat(" ", 3<<20))
		for n := range 400 {
			m.Add(1000+n, fmt.Sprintf("%s/Length %d>>stream\n%s\nendstream", wide, len(data), data))
		}
		return m.Bytes() // without a table: all of them are looked into
	}()
}

func hostileStreams(files map[string][]byte) {
	bomb := strings.Repeat("q ", 30_000_000)
	once := Deflated(bomb)
	files["a bomb"] = PDFPage("", "").Stream(4, "/Filter/FlateDecode", once).Done()
	files["a bomb in a bomb"] = PDFPage("", "").Stream(4, "/Filter[/FlateDecode/FlateDecode]", Deflated(once)).Done()
	files["many parts"] = PDFPage("", "").Add(4, "["+strings.Repeat("6 0 R ", 90_000)+"]").Stream(6, "/Filter/FlateDecode", once).Done()
	files["many parts of many filters"] = PDFPage("", "").Add(4, "["+strings.Repeat("6 0 R ", 90_000)+"]").
		Stream(6, "/Filter["+strings.Repeat("/FlateDecode", 8)+"]", "x").Done()
	files["LZW that only clears"] = PDFPage("", "").
		Stream(4, "/Filter[/FlateDecode/LZWDecode]", Deflated(strings.Repeat("\x80\x40\x20\x10\x08\x04\x02\x01\x00", 3_000_000))).Done()
	files["hexadecimal of spaces"] = PDFPage("", "").
		Stream(4, "/Filter[/FlateDecode/ASCIIHexDecode/ASCII85Decode]", Deflated(strings.Repeat(" ", 50_000_000))).Done()
	files["a run of runs"] = PDFPage("", "").
		Stream(4, "/Filter[/RunLengthDecode/RunLengthDecode/RunLengthDecode]", strings.Repeat("\x81\x81", 100_000)).Done()
	files["zeros in ASCII85"] = PDFPage("", "").
		Stream(4, "/Filter[/FlateDecode/ASCII85Decode]", Deflated(strings.Repeat("z", 30_000_000))).Done()
	files["streams without ends"] = func() []byte {
		m := PDFPage("", "").Add(4, "["+Repeated(3000, "1%04d 0 R ")+"]")
		for n := range 3000 {
			m.Offsets[10_000+n] = m.Buffer.Len()
			fmt.Fprintf(&m.Buffer, "%d 0 obj<</Length 9999999>>stream\n", 10_000+n)
		}
		m.Most = 13_000
		m.Buffer.WriteString(strings.Repeat("q Q ", 500_000))
		return m.Done()
	}()
	files["a wide predictor"] = PDFPage("", "").
		Stream(4, "/Filter/FlateDecode/DecodeParms<</Predictor 15/Columns 1048575>>", Deflated(strings.Repeat("\x02", 20_000_000))).Done()
}

func hostileFonts(files map[string][]byte) {
	cmap := "/CIDInit /ProcSet findresource begin begincmap\n"
	page := func(font, content string) *PDF {
		return PDFPage("", content).Add(5, font)
	}
	type0 := "<</Type/Font/Subtype/Type0/Encoding/Identity-H/DescendantFonts[6 0 R]/ToUnicode 7 0 R>>"
	content := "BT /F 9 Tf " + strings.Repeat("<"+Repeated(500, "%04x")+"> Tj\n", 400) + "ET"
	files["unmatched font ranges"] = page(type0, content).Add(6, "<</Subtype/CIDFontType2>>").
		Flate(7, "", cmap+strings.Repeat("100 beginbfrange\n"+strings.Repeat("<ff00> <ff00> <0041>\n", 100)+"endbfrange\n", 600)).Done()
	files["overlapping font ranges"] = page(type0, content).Add(6, "<</Subtype/CIDFontType2>>").
		Flate(7, "", cmap+strings.Repeat("1 beginbfrange <0000> <0000> <0041> endbfrange\n", 60_000)).Done()
	files["one huge font range"] = page(type0, content).Add(6, "<</Subtype/CIDFontType2>>").
		Flate(7, "", cmap+"1 beginbfrange <00000000> <ffffffff> <"+strings.Repeat("0041", 255)+"> endbfrange\n").Done()
	files["an endless font array"] = page(type0, content).Add(6, "<</Subtype/CIDFontType2>>").
		Flate(7, "", cmap+"1 beginbfrange <0000> <ffff> ["+strings.Repeat("<0041>", 2_000_000)+"] endbfrange\n").Done()
	files["a font of widths"] = page("<</Type/Font/Subtype/Type0/Encoding/Identity-H/DescendantFonts[6 0 R]>>", content).
		Add(6, "<</W["+strings.Repeat("0 69999 500 ", 20_000)+"]>>").Done()
	inline := "/Font<</F<</Type/Font/Subtype/Type0/Encoding/Identity-H/DescendantFonts[<</W[0 69999 500]>>]>>>>"
	m := PDFPage("", strings.Repeat("/F 9 Tf <0041> Tj ", 20_000))
	files["an inline font"] = m.Add(3, "<</Type/Page/Contents 4 0 R/Resources<<"+inline+">>>>").Done()
	files["an inline font on a page that is no object"] = m.Add(2, "<</Type/Pages/Kids[<</Type/Page/Contents 4 0 R/Resources<<"+inline+">>>>]>>").Done()
	many := PDFPage("", Repeated(3000, "q /F%d 9 Tf <0001> Tj ")).Add(3, "<</Type/Page/Contents 4 0 R/Resources<</Font<<"+func() string {
		var b strings.Builder
		for i := range 3000 {
			fmt.Fprintf(&b, "/F%d %d 0 R", i, 100+i)
		}
		return b.String()
	}()+">>>>>>")
	for i := range 3000 {
		many.Add(100+i, type0)
	}
	files["many large fonts"] = many.Add(6, "<</Subtype/CIDFontType2/W["+Repeated(20_000, "%d[500]")+"]>>").
		Flate(7, "", cmap+strings.Repeat("1 beginbfrange <0000> <ffff> <"+strings.Repeat("0041", 100)+"> endbfrange\n", 10_000)).Done()
	files["differences"] = page("<</Type/Font/Subtype/Type1/Encoding<</Differences[0"+strings.Repeat("/u1D7CE", 300_000)+"]>>>>", PDFLine("x")).Done()
	files["a font program"] = page("<</Type/Font/Subtype/Type1/FontDescriptor<</FontFile3 6 0 R>>>>", PDFLine("x")).
		Stream(6, "/Subtype/Type1C", "\x01\x00\x04\x01\x00\x00\x00\x01\x01\x01\x08\x1d\x7f\xff\xff\xff\x10\x1d\xff\xff\xff\xff\x0f\x00\x00\xff\xff\x04").Done()
}

func hostileTrees(files map[string][]byte) {
	files["kids that are all the same"] = NewPDF().Add(1, "<</Type/Catalog/Pages 2 0 R>>").
		Add(2, "<</Type/Pages/Kids["+strings.Repeat("3 0 R ", 100_000)+"]>>").Add(3, "<</Type/Pages/Kids["+strings.Repeat("2 0 R ", 100_000)+"]>>").Done()
	files["kids in kids"] = func() []byte {
		m := NewPDF().Add(1, "<</Type/Catalog/Pages 2 0 R>>")
		for n := 2; n < 60; n++ {
			m.Add(n, fmt.Sprintf("<</Kids[%s]>>", strings.Repeat(fmt.Sprintf("%d 0 R<</Kids[%d 0 R]>>", n+1, n+1), 500)))
		}
		return m.Done()
	}()
	files["many kids in many kids"] = func() []byte {
		m := NewPDF().Add(1, "<</Type/Catalog/Pages 2 0 R>>")
		for n := 2; n < 60; n++ {
			m.Add(n, fmt.Sprintf("<</Kids[%d 0 R %s]>>", n+1, strings.Repeat("null ", 100_000)))
		}
		return m.Done()
	}()
	shared := func(entry, object string) []byte {
		m := NewPDF().Add(1, "<</Type/Catalog/Pages 2 0 R>>").Add(2, "<</Kids["+Repeated(20_000, "1%05d 0 R ")+"]>>")
		for n := range 20_000 {
			m.Add(100_000+n, "<</Type/Page"+entry+">>")
		}
		return m.Add(6, object).Stream(7, "/Subtype/Form", strings.Repeat("/F 1 Tf (x) Tj ", 2000)).Done()
	}
	note := "<</Subtype/Text/Contents(" + strings.Repeat("x", 2000) + ")>>"
	files["shared notes"] = shared("/Annots 6 0 R", "["+strings.Repeat(note, 500)+"]")
	files["shared empty notes"] = shared("/Annots 6 0 R", "["+strings.Repeat("<<>>", 8_000)+"]")
	files["shared content"] = shared("/Contents 7 0 R", "null")
	files["shared content of parts"] = shared("/Contents 6 0 R", "["+strings.Repeat("7 0 R ", 5000)+"]")
	fields := func(object func(n int) string) []byte {
		m := NewPDF().Add(1, "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[6 0 R]>>/Outlines<</First 6 0 R>>/Names<</EmbeddedFiles 6 0 R>>>>").Add(2, "<</Kids[]>>")
		for n := 6; n < 20_000; n++ {
			m.Add(n, object(n))
		}
		return m.Done()
	}
	files["fields in fields"] = fields(func(n int) string {
		return fmt.Sprintf("<</Kids[%d 0 R %d 0 R]/First %d 0 R/Next %d 0 R/Title(x)>>", n+1, n+1, n+1, n+1)
	})
	files["fields of parents"] = fields(func(n int) string { return fmt.Sprintf("<</T(x)/Parent %d 0 R/Next %d 0 R>>", n+1, n+1) })
	files["files that are the document"] = PDFPage("", "").Add(1, "<</Pages 2 0 R/Names<</EmbeddedFiles<</Names["+
		strings.Repeat("(x)<</F(x.pdf)/EF<</F 6 0 R>>>>", 2000)+"]>>>>>>").Stream(6, "", "%PDF-1.4 1 0 obj<<>>").Done()
}

func hostileContent(files map[string][]byte) {
	form := func(n int, content string) string {
		return fmt.Sprintf("<</Subtype/Form/Resources 9 0 R/Length %d>>stream\n%s\nendstream", n, content)
	}
	m := PDFPage("", "/X Do").Add(3, "<</Type/Page/Contents 4 0 R/Resources 9 0 R>>")
	names := ""
	for n := range 12 {
		draws := strings.Repeat(fmt.Sprintf("/X%d Do ", n+1), 50)
		m.Add(10+n, form(len(draws), draws))
		names += fmt.Sprintf("/X%d %d 0 R", n, 10+n)
	}
	m.Add(22, form(9, "(x) Tj   ")).Add(9, "<</XObject<</X 10 0 R"+names+">>>>")
	files["forms in forms"] = m.Done()
	files["a form that draws itself"] = PDFPage("", strings.Repeat("/X Do ", 30_000)).
		Add(3, "<</Type/Page/Contents 4 0 R/Resources 9 0 R>>").Add(9, "<</XObject<</X 10 0 R>>>>").Add(10, form(12, "/X Do /X Do ")).Done()
	files["an endless string"] = PDFPage("", "").Flate(4, "", "("+strings.Repeat("x", 50_000_000)).Done()
	files["an endless array"] = PDFPage("", "").Flate(4, "", "["+strings.Repeat("1 ", 20_000_000)).Done()
	files["endless names"] = PDFPage("", "").Flate(4, "", strings.Repeat("/abcdefghij", 3_000_000)).Done()
	files["a comment"] = PDFPage("", "").Flate(4, "", "%"+strings.Repeat("x", 50_000_000)).Done()
	files["an endless image"] = PDFPage("", "").Flate(4, "", "BI ID "+strings.Repeat(" EI\x01", 10_000_000)).Done()
	files["states"] = PDFPage("", "").Flate(4, "", strings.Repeat("/F 9 Tf q ", 3_000_000)).Done()
	files["marked content"] = PDFPage("", "").Flate(4, "", strings.Repeat("/S<</ActualText(xxxxxxxxxxxxxxxx)>>BDC ", 500_000)).Done()
	files["text drawn again and again"] = PDFPage("", "").Flate(4, "", "/F 9 Tf "+strings.Repeat("1 0 0 1 9 9 Tm (abcdefgh) Tj 1 0 0 1 8 9 Tm (b) Tj ", 500_000)).Done()
	files["graphics states"] = PDFPage("", "").Flate(4, "", strings.Repeat("/G gs ", 3_000_000)).Done()
	page := "<</Type/Page/Contents 4 0 R/Resources<</Properties<</P 6 0 R>>/ExtGState<</P<</SMask<</G 7 0 R>>>>>>/Pattern<</P 7 0 R>>>>>>"
	files["a long text again and again"] = PDFPage("", "").Add(3, page).Add(6, "<</ActualText("+strings.Repeat("x", 900_000)+")>>").
		Flate(4, "", strings.Repeat("/S /P BDC EMC ", 1_000_000)).Done()
	files["patterns in patterns"] = PDFPage("", strings.Repeat("/P scn /P gs ", 20_000)).Add(3, page).
		Stream(7, "/PatternType 1/Subtype/Form", strings.Repeat("/P scn /P gs ", 10_000)).Done()
	long := "(" + strings.Repeat("x", 900_000) + ")"
	files["fields of long names"] = PDFPage("/Annots["+strings.Repeat("<</Subtype/Widget/Parent 6 0 R>>", 100_000)+"]", "").
		Add(6, "<</T"+long+"/TU"+long+">>").Done()
	files["codes of four bytes"] = PDFPage("", "").Add(5, "<</Subtype/Type0/Encoding 6 0 R>>").
		Stream(6, "", "begincmap 1 begincodespacerange <00000000> <ffffffff> endcodespacerange").
		Flate(4, "", "/F 9 Tf ("+strings.Repeat("x", 1_000_000)+") Tj").Done()
	files["empty pages"] = NewPDF().Add(1, "<</Pages 2 0 R>>").Add(2, "<</Kids["+strings.Repeat("<</Contents 4 0 R>>", 40_000)+"]>>").Done()
	files["metadata"] = PDFPage("", "").Add(1, "<</Pages 2 0 R/Metadata 6 0 R>>").Flate(6, "", strings.Repeat("<a>x</b>", 6_000_000)).Done()
	for name, crypt := range map[string]string{
		"a key of nonsense":      "/Filter/Standard/V 5/R 6/U(" + strings.Repeat("x", 48) + ")/UE(" + strings.Repeat("x", 32) + ")",
		"a key of negative size": "/Filter/Standard/V 2/R 3/Length -8/U()/O()/P 0",
		"a key of itself":        "/Filter/Standard/V 4/R 4/CF 6 0 R/StmF/X/U 6 0 R",
	} {
		files[name] = PDFPage("", PDFLine("x")).Add(6, "<<"+crypt+">>").Table("/Root 1 0 R/Encrypt 6 0 R/ID[6 0 R]").Bytes()
	}
}

// PDFs lists the PDFs by what they do.
func PDFs() map[string][]byte { return maps.Clone(pdfs()) }

// pdfHarms are the names of those PDFs, so that to list them is not to make them.
var pdfHarms = []string{
	"100 large objects at one place", "LZW that only clears", "a bomb", "a bomb in a bomb", "a comment", "a font of widths",
	"a font program", "a form that draws itself", "a key of itself", "a key of negative size", "a key of nonsense",
	"a long text again and again", "a run of runs", "a stream of objects in itself", "a stream of tables that blows up",
	"a table cut short", "a table of ten million", "a table two bytes short", "a wide predictor", "an endless array",
	"an endless font array", "an endless image", "an endless string", "an inline font",
	"an inline font on a page that is no object", "an object of empty dictionaries", "an object of small dictionaries",
	"codes of four bytes", "deep arrays", "differences", "empty pages", "endless names", "fields in fields",
	"fields of long names", "fields of parents", "files that are the document", "forms in forms", "graphics states",
	"hexadecimal of spaces", "kids in kids", "kids that are all the same", "lengths that need each other",
	"many kids in many kids", "many large fonts", "many numbers at one offset", "many parts", "many parts of many filters",
	"many streams of many objects", "marked content", "metadata", "objects in the middle of nothing", "one huge font range",
	"overlapping font ranges", "patterns in patterns", "references in a circle", "shared content", "shared content of parts",
	"shared empty notes", "shared notes", "sparse numbers", "states", "streams of objects without end", "streams without ends",
	"tables in a circle", "text drawn again and again", "trailers", "trailers of dictionaries", "unmatched font ranges",
	"unterminated arrays", "unterminated dictionaries", "unterminated hex", "unterminated kids", "unterminated strings",
	"zeros in ASCII85",
}

// pdfFiles are those PDFs. All of them are made when the first is.
func pdfFiles() (files []File) {
	for _, harm := range pdfHarms {
		files = append(files, File{strings.ReplaceAll(harm, " ", "-") + ".pdf", harm, func() []byte { return pdfs()[harm] }})
	}
	return files
}
