package hostile

import (
	"fmt"
	"strings"
)

// pageShapes are PDFs.
var pageShapes = []File{
	{"inherited.pdf", "a chain of 60 nodes, and 3,000 pages at its end that inherit what they need", func() []byte { return inherited(60) }}, // more nodes are too many
	{"wide-table.pdf", "a table in a stream with fields of eight bytes, and indices of two billion", func() []byte {
		m := PDFPage("", PDFLine(secret))
		at := m.Buffer.Len()
		m.Flate(50, "/Type/XRef/Root 1 0 R/Size 2147483647/W[8 8 8]/Index[0 2147483647 5 2147483647]", strings.Repeat("\x01"+strings.Repeat("\x00", 23), 400_000))
		fmt.Fprintf(&m.Buffer, "startxref\n%d\n%%%%EOF\n", at)
		return m.Bytes()
	}},
	{"indices.pdf", "a table in a stream of 300,000 sections", func() []byte {
		m := PDFPage("", PDFLine(secret))
		at := m.Buffer.Len()
		m.Flate(50, "/Type/XRef/Root 1 0 R/Size 10/W[1 2 1]/Index["+lines(300_000, func(i int) string { return fmt.Sprintf("%d 0 ", i) })+"]", "")
		fmt.Fprintf(&m.Buffer, "startxref\n%d\n%%%%EOF\n", at)
		return m.Bytes()
	}},
	{"sections.pdf", "a table of 200,000 sections of nothing", func() []byte {
		m := PDFPage("", PDFLine(secret))
		at := m.Buffer.Len()
		m.Buffer.WriteString("xref\n" + strings.Repeat("0 0\n", 300_000) + fmt.Sprintf("trailer<</Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", at))
		return m.Bytes()
	}},
	{"usecmap.pdf", "2,000 fonts, whose CMaps use one another in a circle, of 60,000 characters", func() []byte {
		n := 2000
		fonts := Repeated(n, "/F%[1]d<</Type/Font/Subtype/Type0/Encoding/Identity-H/DescendantFonts[<</Subtype/CIDFontType2>>]/ToUnicode %[1]d 0 R>>")
		m := PDFPage("", "BT "+Repeated(n, "/F%d 9 Tf <00410042> Tj ")+"ET").Add(3, "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<<"+fonts+">>>>>>")
		for i := range n {
			if i >= 6 {
				m.Flate(i, fmt.Sprintf("/UseCMap %d 0 R", 6+(i+1)%(n-6)), "begincmap 1 beginbfrange <0000> <ffff> <0041> endbfrange "+Repeated(60_000/16, "1 beginbfchar <%04x> <0053> endbfchar "))
			}
		}
		return m.Done()
	}},
	{"bfchars.pdf", "a million characters in a CMap", func() []byte {
		return PDFPage("", "BT /F 9 Tf <00410042> Tj ET").Add(5, "<</Type/Font/Subtype/Type0/Encoding/Identity-H/DescendantFonts[<</Subtype/CIDFontType2>>]/ToUnicode 6 0 R>>").
			Flate(6, "", "begincmap\n"+lines(300_000, func(i int) string { return fmt.Sprintf("1 beginbfchar <%04x> <0041> endbfchar\n", i&0xffff) })).Done()
	}},
	{"long-bfchar.pdf", "a character that stands for 60,000", func() []byte {
		return PDFPage("", "BT /F 9 Tf <"+strings.Repeat("0041", 50_000)+"> Tj ET").Add(5, "<</Type/Font/Subtype/Type0/Encoding/Identity-H/DescendantFonts[<</Subtype/CIDFontType2>>]/ToUnicode 6 0 R>>").
			Flate(6, "", "begincmap 1 beginbfchar <0041> <"+strings.Repeat("0053", 60_000)+"> endbfchar").Done()
	}},
	{"long-text.pdf", "one string whose 400,000 codes all stand for 255 characters of three bytes", func() []byte {
		return PDFPage("", "BT /F 9 Tf <"+strings.Repeat("0041", 400_000)+"> Tj ET").Add(5, "<</Type/Font/Subtype/Type0/Encoding/Identity-H/DescendantFonts[<</Subtype/CIDFontType2>>]/ToUnicode 6 0 R>>").
			Flate(6, "", "begincmap 1 beginbfchar <0041> <"+strings.Repeat("4e2d", 255)+"> endbfchar").Done()
	}},
	{"codespaces.pdf", "300,000 ranges of codes", func() []byte {
		return PDFPage("", "BT /F 9 Tf ("+strings.Repeat("x", 100_000)+") Tj ET").Add(5, "<</Subtype/Type0/Encoding 6 0 R>>").
			Flate(6, "", "begincmap "+lines(100_000, func(i int) string { return fmt.Sprintf("1 begincodespacerange <%08x> <%08x> endcodespacerange ", i, i) })).Done()
	}},
	{"type1.pdf", "a Type 1 program of megabytes", func() []byte {
		return PDFPage("", PDFLine(secret)).Add(5, "<</Type/Font/Subtype/Type1/FontDescriptor<</FontFile 6 0 R>>>>").
			Flate(6, "/Length1 100/Length2 2000000/Length3 0", "%!PS-AdobeFont-1.0: x\n/Encoding 256 array\n"+lines(150_000, func(i int) string { return fmt.Sprintf("dup %d /u%04X put\n", i%256, i&0xffff) })).Done()
	}},
	{"eexec.pdf", "a Type 1 program whose secret part is megabytes", func() []byte {
		return PDFPage("", PDFLine(secret)).Add(5, "<</Type/Font/Subtype/Type1/FontDescriptor<</FontFile 6 0 R>>>>").
			Flate(6, "/Length1 30/Length2 20000000/Length3 0", "%!PS-AdobeFont-1.0: x\ncurrentfile eexec\n"+strings.Repeat("\xd9\xd6\x6f\x63", 2_000_000)).Done()
	}},
	{"cff.pdf", "a CFF program with a charset of 65,535 names", func() []byte {
		idx := "\xff\xff\x04" + strings.Repeat("\x00\x00\x00\x01", 65536)
		return PDFPage("", PDFLine(secret)).Add(5, "<</Type/Font/Subtype/Type1/FontDescriptor<</FontFile3 6 0 R>>>>").
			Flate(6, "/Subtype/Type1C", "\x01\x00\x04\x04"+idx+idx+idx+idx).Done()
	}},
	{"type3.pdf", "a Type 3 font whose glyphs draw forms that show text in it", func() []byte {
		return PDFPage("", "/F 9 Tf "+strings.Repeat("(aaaaaaaaaa) Tj ", 20_000)).Add(5, "<</Type/Font/Subtype/Type3/FontMatrix[1 0 0 1 0 0]/CharProcs<</a 6 0 R>>/Encoding<</Differences[97/a]>>/Resources<</XObject<</X 7 0 R>>/Font<</F 5 0 R>>>>>>").
			Stream(6, "", "/X Do /F 1 Tf (aaaa) Tj").Stream(7, "/Subtype/Form/Resources<</Font<</F 5 0 R>>>>", "/F 1 Tf (aaaa) Tj").Done()
	}},
	{"matrices.pdf", "numbers that are none", func() []byte {
		return PDFPage("", "BT /F 9 Tf "+strings.Repeat("1e308 99999999999999999999999999999999999999 -.--.- +1 0 0 Tm 1e400 Tz (ssn 536-90-4399) Tj [(s)-99999999999999(s)1e99(n)]TJ ", 20_000)+"ET").Done()
	}},
	{"operands.pdf", "a million operands before an operator", func() []byte {
		return PDFPage("", "BT /F 9 Tf "+strings.Repeat("1 ", 1_500_000)+"Td ("+secret+") Tj ET").Done()
	}},
	{"dictionaries.pdf", "dictionaries in content", func() []byte {
		return PDFPage("", strings.Repeat("/P <</MCID 0/A<</B[(ssn 536-90-4399)]>>>> BDC EMC ", 40_000)).Done()
	}},
	{"quotes.pdf", "lines of text in operators that go on", func() []byte {
		return PDFPage("", "BT /F 9 Tf 9 TL "+strings.Repeat("(ssn 536-90-4399)' 1 2 (x)\" T* ", 40_000)+"ET").Done()
	}},
	{"columns.pdf", "letters in 60,000 columns", func() []byte {
		return PDFPage("", "BT /F 9 Tf "+lines(60_000, func(i int) string {
			return fmt.Sprintf("1 0 0 1 %d %d Tm (%d) Tj ", i*7919%60_000, i*104729%60_000, i%10)
		})+"ET").Done()
	}},
	{"rotated.pdf", "letters that are turned, each another way", func() []byte {
		return PDFPage("", "BT /F 9 Tf "+lines(60_000, func(i int) string {
			return fmt.Sprintf("%d.%d %d -%d 1 %d %d Tm (%d) Tj ", i%3, i%7, i%5, i%5, i%600, i%800, i%10)
		})+"ET").Done()
	}},
	{"same-place.pdf", "letters that all stand in one place", func() []byte {
		return PDFPage("", "BT /F 9 Tf "+strings.Repeat("1 0 0 1 9 9 Tm (5) Tj ", 60_000)+"ET").Done()
	}},
	{"names-of-names.pdf", "names that are made of escapes", func() []byte { return PDFPage("/A["+strings.Repeat("/#41#42#43", 300_000)+"]", PDFLine(secret)).Done() }},
	{"octal.pdf", "strings of octal digits and backslashes", func() []byte {
		return PDFPage("", "BT /F 9 Tf ("+strings.Repeat(`\065\(\)\`+"\n", 200_000)+") Tj ET").Done()
	}},
	{"parentheses.pdf", "parentheses in parentheses", func() []byte {
		return PDFPage("", "BT /F 9 Tf "+strings.Repeat("(", 500_000)+strings.Repeat(")", 500_000)+" Tj ET").Done()
	}},
	{"widgets.pdf", "20,000 fields that share a thousand choices", func() []byte {
		n := 20_000
		m := PDFPage("/Annots["+Repeated(n, "1%05d 0 R ")+"]", "").Add(7, "["+strings.Repeat("(a)[(b)(536-90-4399)]", 500)+"]")
		for i := range n {
			m.Add(100_000+i, "<</Subtype/Widget/FT/Ch/T(ssn)/V(536-90-4399)/Opt 7 0 R>>")
		}
		return m.Done()
	}},
	{"popups.pdf", "notes that lead to one another", func() []byte {
		m := PDFPage("/Annots[10 0 R]", "")
		n := 20_000
		for i := range n {
			m.Add(10+i, fmt.Sprintf("<</Subtype/Text/Contents(ssn 536-90-4399)/Popup %d 0 R/IRT %d 0 R/Parent %d 0 R>>", 10+(i+1)%n, 10+(i+2)%n, 10+(i+3)%n))
		}
		return m.Done()
	}},
	{"attached.pdf", "1,000 files attached, each a PDF with files attached", func() []byte {
		inner := string(PDFPage("", "").Add(1, "<</Pages 2 0 R/Names<</EmbeddedFiles<</Names["+strings.Repeat("(x)<</F(x.txt)/EF<</F 6 0 R>>>>", 50)+"]>>>>>>").Stream(6, "", secret).Done())
		m := PDFPage("", "")
		names := ""
		n := 300
		for i := range n {
			names += fmt.Sprintf("(x)<</F(x%d.pdf)/EF<</F %d 0 R>>>>", i, 10+i)
			m.Flate(10+i, "", inner)
		}
		return m.Add(1, "<</Pages 2 0 R/Names<</EmbeddedFiles<</Names["+names+"]>>>>>>").Done()
	}},
	{"objects-of-streams.pdf", "a stream of 100,000 objects, each asked for", func() []byte {
		n := 30_000
		head, body := "", ""
		var h, b strings.Builder
		for i := range n {
			fmt.Fprintf(&h, "%d %d ", 1000+i, b.Len())
			b.WriteString("(ssn 536-90-4399) ")
		}
		head, body = h.String(), b.String()
		m := PDFPage("/A["+Repeated(n, "%d 0 R ")+"]", PDFLine(secret))
		return m.Flate(50, fmt.Sprintf("/Type/ObjStm/N %d/First %d", n, len(head)), head+body).Done()
	}},
	{"streams-many.pdf", "30,000 streams of a few bytes, all packed", func() []byte {
		m := PDFPage("", "").Add(3, "<</Type/Page/Contents["+Repeated(20_000, "1%05d 0 R ")+"]/Resources<</Font<</F 5 0 R>>>>>>")
		z := Deflated(PDFLine(secret))
		for i := range 20_000 {
			m.Stream(100_000+i, "/Filter/FlateDecode", z)
		}
		return m.Done()
	}},
	{"ascii85.pdf", "filters of text on filters of text", func() []byte {
		return PDFPage("", "").Stream(4, "/Filter[/ASCIIHexDecode/ASCII85Decode/ASCIIHexDecode]", strings.Repeat("37 41 ", 500_000)).Done()
	}},
	{"lzw-early.pdf", "LZW whose codes grow and are cleared", func() []byte {
		return PDFPage("", "").Stream(4, "/Filter/LZWDecode/DecodeParms<</EarlyChange 0/Predictor 12/Columns 1>>", strings.Repeat("\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01", 200_000)).Done()
	}},
	{"predicted.pdf", "predictors of one byte a row", func() []byte {
		return PDFPage("", "").Stream(4, "/Filter/FlateDecode/DecodeParms<</Predictor 15/Columns 1>>", Deflated(strings.Repeat("\x04s", 10_000_000))).Done()
	}},
	{"tiff.pdf", "predictors of bits", func() []byte {
		return PDFPage("", "").Stream(4, "/Filter/FlateDecode/DecodeParms<</Predictor 2/Columns 1000003/Colors 3/BitsPerComponent 1>>", Deflated(strings.Repeat("\x55", 20_000_000))).Done()
	}},
	{"images.pdf", "20,000 pictures with masks, and words beside", func() []byte {
		m := PDFPage("", strings.Repeat("/I Do ", 100_000)+PDFLine(secret)).Add(3, "<</Type/Page/Contents 4 0 R/Resources<</Font<</F 5 0 R>>/XObject<</I 6 0 R>>>>>>")
		return m.Stream(6, "/Subtype/Image/Width 1/Height 1/SMask 6 0 R/Metadata 6 0 R/Alternates[<</Image 6 0 R>>]", "x").Done()
	}},
	{"labels.pdf", "trees of labels of pages", func() []byte {
		m := PDFPage("", "")
		n := 20_000
		for i := range n {
			m.Add(10+i, fmt.Sprintf("<</Kids[%d 0 R %d 0 R]/Nums[0<</P(ssn 536-90-4399)>>]/Limits[0 1]>>", 10+(2*i+1)%n, 10+(2*i+2)%n))
		}
		return m.Add(1, "<</Pages 2 0 R/PageLabels 10 0 R/Dests 10 0 R/Names<</JavaScript 10 0 R/Dests 10 0 R>>>>").Done()
	}},
	{"layers.pdf", "60,000 layers", func() []byte {
		return PDFPage("", "").Add(1, "<</Pages 2 0 R/OCProperties<</OCGs["+strings.Repeat("<</Type/OCG/Name(ssn 536-90-4399)>>", 20_000)+"]/D<</Order["+strings.Repeat("[(ssn)", 20_000)+"]>>>>>>").Done()
	}},
	{"encrypted-twice.pdf", "streams that name other keys each", func() []byte {
		m := PDFPage("", PDFLine("x"))
		cf := Repeated(20_000, "/C%d<</CFM/AESV3/Length 32>>")
		m.Add(6, "<</Filter/Standard/V 5/R 5/U("+strings.Repeat("x", 48)+")/UE("+strings.Repeat("x", 32)+")/O("+strings.Repeat("x", 48)+")/OE("+strings.Repeat("x", 32)+")/P -4/CF<<"+cf+">>/StmF/C1/StrF/C2>>")
		return m.Table("/Root 1 0 R/Encrypt 6 0 R/ID[(a)(b)]").Bytes()
	}},
	{"heads.pdf", "heads and ends of PDFs behind one another", func() []byte { return []byte(strings.Repeat("%PDF-1.4\nstartxref\n0\n%%EOF\n", 60_000)) }},
	{"revisions.pdf", "2,000 revisions of a page", func() []byte {
		m := PDFPage("", PDFLine(secret))
		m.Table("/Root 1 0 R")
		for i := range 1000 {
			at := strings.LastIndex(m.Buffer.String()[max(0, m.Buffer.Len()-200):], "startxref\n")
			var prev int
			fmt.Sscan(m.Buffer.String()[max(0, m.Buffer.Len()-200)+at+10:], &prev)
			m.Stream(4, "", PDFLine("ssn "+number(i)))
			m.Table(fmt.Sprintf("/Root 1 0 R/Prev %d", prev))
		}
		return m.Bytes()
	}},
}

// inherited makes a chain of n nodes, and 3,000 pages at its end.
func inherited(n int) []byte {
	m := NewPDF().Add(1, "<</Type/Catalog/Pages 10 0 R>>").Stream(4, "", PDFLine(secret)).Add(5, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>")
	for i := range n {
		res := ""
		if i == 0 {
			res = "/Resources<</Font<</F 5 0 R>>>>"
		}
		kids := fmt.Sprintf("%d 0 R", 11+i)
		if i == n-1 {
			kids = ""
			for k := range 3000 {
				kids += fmt.Sprintf("%d 0 R ", 100_000+k)
			}
		}
		m.Add(10+i, fmt.Sprintf("<</Type/Pages/Parent %d 0 R%s/Kids[%s]>>", 9+i, res, kids))
	}
	for k := range 3000 {
		m.Add(100_000+k, fmt.Sprintf("<</Type/Page/Parent %d 0 R/Contents 4 0 R>>", 9+n))
	}
	return m.Done()
}
