package extract

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// shown is a page of some content, with more objects.
func shown(content string, objects ...string) []byte {
	m := pdfPage("", content)
	for i, o := range objects {
		m.Add(6+i, o)
	}
	return m.Done()
}

// inFont is a page of some content in a font, which may refer to objects from 6 on.
func inFont(font, content string, objects ...string) []byte {
	m := pdfPage("", "BT /F 10 Tf "+content+" ET").Add(5, font)
	for i, o := range objects {
		m.Add(6+i, o)
	}
	return m.Done()
}

func streamObject(entries, data string) string {
	return fmt.Sprintf("<<%s/Length %d>>stream\n%s\nendstream", entries, len(data), data)
}

// TestPDFWords is about what separates words, and what does not.
func TestPDFWords(t *testing.T) {
	at := func(x, y float64, s string) string { return fmt.Sprintf("1 0 0 1 %g %g Tm (%s) Tj ", x, y, s) }
	text := func(s string) []byte { return shown("BT /F 10 Tf " + s + " ET") }
	wide := "<</Type/Font/Subtype/Type1/FirstChar 0/Widths[" + strings.Repeat("500 ", 256) + "]>>"
	for _, c := range []pdfCase{
		{"kerning", text("[(SS)-20(N )40(526-)-90(33-4)15(552)]TJ"), pdfSecret, Complete},
		{"moves for spaces", text("[(SSN)-278(526-33-4552)]TJ"), pdfSecret, Complete},
		{"moves for spaces, small", text("[(SSN)-150(526-33-4552)]TJ"), pdfSecret, Complete},
		{"a space and a move", text("[(SSN )-300( 526)]TJ"), "SSN  526", Complete},
		{"each character placed", text(at(10, 10, "5") + at(15.56, 10, "2") + at(21.12, 10, "6") + at(30, 10, "x")), "526 x", Complete},
		{"each character placed, in known widths", inFont(wide, at(10, 10, "5")+at(15, 10, "2")+at(20, 10, "6")+at(27.5, 10, "x")), "526 x", Complete},
		{"lines", text("12 TL 50 700 Td (a) Tj T* (b) Tj (c) ' 1 0 (d) \" 0 -14 TD (e) Tj T* (f) Tj"), "a|b|c|d|e|f", Complete},
		{"a raised sign", text("(x) Tj 0 3 Td /F 6 Tf 6 0 Td (2) Tj"), "x2", Complete},
		{"columns", text(at(50, 700, "SSN:") + at(200, 700, "526-33-4552") + at(50, 688, "Name:") + at(200, 688, "A")), "SSN: 526-33-4552|Name: A", Complete},
		{"turned", text("0 1 -1 0 300 100 Tm (SSN) Tj ( 526-) Tj [(33-)(4552)]TJ 0 1 -1 0 312 100 Tm (next) Tj"), pdfSecret + "|next", Complete},
		{"upside down", shown("-1 0 0 -1 500 700 cm BT /F 10 Tf [(SSN)-278(526-)(33-4552)]TJ ET"), pdfSecret, Complete},
		{"mirrored by size", text("1 0 0 -1 0 0 Tm /F -10 Tf -100 Tz [(SSN )(526-)(33-4552)]TJ"), pdfSecret, Complete},
		{"scaled by the page", shown("0.1 0 0 0.1 0 0 cm BT /F 100 Tf [(SSN)-278(526-)(33-4552)]TJ ET"), pdfSecret, Complete},
		{"spaced out", text("6 Tc (526-33-4552) Tj (ab) Tj"), "526-33-4552ab", Complete},
		{"spaced out where two words meet", text("(SSN i) Tj 2.78 Tc 25.56 0 Td (s5) Tj 0 Tc 13.3 0 Td (26-33-4552) Tj"), "SSN is 526-33-4552", Complete},
		{"word spacing", text("20 Tw (a b) Tj"), "a b", Complete},
		{"false bold", text(at(10, 10, pdfSecret) + at(10.3, 10, pdfSecret) + at(10, 30, "x")), pdfSecret + "|x", Complete},
		{"a shadow, in pieces", text(at(10, 10, "SSN ") + at(35, 10, "526-33-4552") + at(11, 9, "SSN ") + at(36, 9, "526-33-4552")), pdfSecret, Complete},
		{"the same in the next line", text(at(10, 30, "twice") + at(10, 18, "twice")), "twice|twice", Complete},
		{"invisible", text("3 Tr (" + pdfSecret + ") Tj"), pdfSecret, Complete},
		{"white and off the page", text("1 g 9000 9000 Td (" + pdfSecret + ") Tj"), pdfSecret, Complete},
		{"escapes of strings in objects", pdfPage("/Annots[6 0 R]", "").Add(6, "<</Subtype/Text/Contents(a\\b\\f\\101\\\nB)>>").Done(), "a\b\fAB", Complete},
		{"escapes", text(`(\123\123\116\040526\
-33-4552 \(\)\\\053) Tj`), pdfSecret + ` ()\+`, Complete},
		{"hexadecimal with an odd digit", text("<5 3 5\n3 4e2> Tj"), "SSN ", Complete},
		{"names escaped", pdfPage("", "").Add(3, "<</Type/Page/Contents 4 0 R/Resources<</Font<</A#42 5 0 R>>>>>>").
			Stream(4, "", "BT /#41B 9 Tf (x) Tj ET").Done(), "x", Complete},
		{"numbers of all kinds", text("+.5 -0 Td 4. .0 Td --5 0 Td 1e5 0 Td (x) Tj"), "x", Complete},
		{"raised and lowered", text("5 Ts (a) Tj 30 Ts (b) Tj 0 Ts"), "a|b", Complete},
		{"a word in an array", text("[(SSN )1 Tc(526-33-4552)]TJ"), pdfSecret, Complete},
		{"an array without an end", text("(a) Tj [(b) Tj"), "a", Partial},
		{"comments", text("(a) Tj % (b) Tj\r(c) Tj"), "ac", Complete},
		{"an inline image", text("(a) Tj ET BI /W 2 /H 2 ID \x01 EI \x02\x00(b) Tj \nEI Q BT /F 10 Tf 0 -20 Td (c) Tj"), "a|c", Complete},
		{"strings in two streams", pdfPage("", "").Add(4, "[6 0 R 7 0 R 8 0 R]").Stream(6, "", "BT /F 9 Tf (SSN 526-33").Stream(7, "", "-4552) T").
			Stream(8, "", "x").Done(), "", Complete},
		{"operators in two streams", pdfPage("", "").Add(4, "[6 0 R 7 0 R]").Stream(6, "", "BT /F 9 Tf (SSN 526-33").Stream(7, "", "-4552) Tj").Done(), pdfSecret, Complete},
		{"resources of the parent", pdfPage("", pdfLine(pdfSecret)).Add(2, "<</Kids[3 0 R]/Resources<</Font<</F 5 0 R>>>>>>").
			Add(3, "<</Type/Page/Contents 4 0 R>>").Done(), pdfSecret, Complete},
		{"a pattern and a mask", pdfPage("", "/Pattern cs /P scn /G gs /P scn "+pdfLine("x")).
			Add(3, "<</Contents 4 0 R/Resources<</Font<</F 5 0 R>>/Pattern<</P 6 0 R>>/ExtGState<</G<</SMask<</G 7 0 R>>>>>>>>>>").
			Stream(6, "/PatternType 1/Resources<</Font<</F 5 0 R>>>>", pdfLine("marked")).
			Stream(7, "/Subtype/Form/Resources<</Font<</F 5 0 R>>>>", pdfLine("masked")).Done(), "marked|masked|x", Complete},
		{"a font by a graphics state", pdfPage("", "BT /G gs (x) Tj ET").Add(3, "<</Contents 4 0 R/Resources<</ExtGState<</G<</Font[5 0 R 12]>>>>>>>>").Done(), "x", Complete},
		{"a page that is no object", pdfPage("", pdfLine("x")).Add(2, "<</Kids[<</Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>]>>").Done(), "x", Complete},
	} {
		c.check(t)
	}
}

// Operators may stand without their operands, or with others.
func TestPDFOperands(t *testing.T) {
	for _, op := range strings.Fields("q Q cm BT ET Tf Tc Tw Tz TL Td TD Tm T* Tj TJ ' \" Do gs BMC BDC DP EMC EMC cs scn SCN BI ID sh d0 w BX") {
		for _, operands := range []string{"", "/X", "1", "(a)", "]", "[(a) 1 /X]", "<</A 1>>", ">> ]", "/X /X", "/X <<", "1 2 3 4 5 6 7 8", "null true", "(a) (b) (c)", "<</ActualText"} {
			content := "BT /F 9 Tf " + operands + " " + op + " " + operands + " " + op + "\nEI Q BT /F 9 Tf (end) Tj"
			r := extractBytes(t, "a.pdf", shown(content), Options{})
			if text := r.text[""].String(); !strings.Contains(text, "end") {
				t.Errorf("%s %s: text %q, ended %+v", operands, op, text, r.status[""])
			}
		}
	}
}

// TestPDFFonts is about which characters codes are.
func TestPDFFonts(t *testing.T) {
	type1 := "<</Type/Font/Subtype/Type1/BaseFont/X"
	type0 := "<</Type/Font/Subtype/Type0/BaseFont/X/DescendantFonts[<</Subtype/CIDFontType0/DW 500>>]"
	toUnicode := func(s string) string { return streamObject("", "begincmap "+s+" endcmap") }
	program := "%!FontType1\n/Encoding 256 array\n0 1 255 {1 index exch /.notdef put} for\ndup 1 /S put\ndup 2 /N put\ndup 3/five put\nreadonly def\ncurrentfile eexec"
	for _, c := range []pdfCase{
		{"differences", inFont(type1+"/Encoding<</Differences[1/S/N/space/five/two/six/hyphen/uni0033/u0034]>>>>", "<0101020304050607080807090404 05> Tj"),
			"SSN 526-33-4552", Complete},
		{"variants and parts of names", inFont(type1+"/Encoding<</Differences[1/a.alt/f_i/eacute/ccaron/afii10017/Omega/fl/hyphenminus/nbspace/Abreve]>>>>", "<0102030405060708> Tj"),
			"afiéčАΩfl-", Complete},
		{"codes as names", inFont(type1+"/Encoding<</Differences[65/g65/c66/a67]>>>>", "(ABC) Tj"), "ABC", Complete},
		{"a space that is no glyph", inFont(type1+"/Encoding<</Differences[32/.notdef]>>>>", "(SSN 526) Tj"), "SSN 526", Complete},
		{"Windows", inFont(type1+"/Encoding/WinAnsiEncoding>>", "<80 e9 ad a0> Tj (x) Tj"), "€é-\u00a0x", Complete},
		{"Macintosh", inFont(type1+"/Encoding/MacRomanEncoding>>", "<8e de> Tj"), "éfi", Complete},
		{"standard", inFont(type1+">>", "<27 60 ae e8 fb> Tj"), "'`fiŁß", Complete},
		{"symbols", inFont("<</Subtype/Type1/BaseFont/Symbol>>", "(a1) Tj"), "α1", Complete},
		{"dingbats", inFont("<</Subtype/Type1/BaseFont/ZapfDingbats>>", "(\x41 n) Tj"), "• •", Complete},
		{"an encoding inside the font", inFont(type1+"/FontDescriptor<</FontFile 6 0 R>>>>", "<01010203> Tj", streamObject("", program)), "SSN5", Complete},
		{"an encoding inside a compact font", inFont(type1+"/FontDescriptor<</FontFile3 6 0 R>>>>", "<01010203> Tj", streamObject("/Subtype/Type1C", compactFont())), "SSNx", Complete},
		{"text for glyphs of a simple font", inFont("<</Subtype/TrueType/ToUnicode 6 0 R>>", "<010203> Tj (x) Tj",
			toUnicode("2 beginbfchar <01> <0053> <02> <00660069> endbfchar 1 beginbfrange <03> <04> [<D83DDE00> <0041>] endbfrange")), "Sfi😀x", Complete},
		{"the end of a long string", inFont(type1+">>", "9 Tc ("+strings.Repeat("x", maxShown)+"99) Tj"), strings.Repeat("x", maxShown) + "99", Complete},
		{"a code for a long text", inFont("<</Subtype/TrueType/ToUnicode 6 0 R>>", "(a) Tj", toUnicode("1 beginbfchar <61> <"+strings.Repeat("0041", 255)+"> endbfchar")), strings.Repeat("A", 255), Complete},
		{"a code for a longer one", inFont("<</Subtype/TrueType/ToUnicode 6 0 R>>", "(a) Tj", toUnicode("1 beginbfchar <61> <"+strings.Repeat("0041", 256)+"> endbfchar")), strings.Repeat("A", 255), Partial},
		{"hyphens of typesetters", inFont("<</Subtype/TrueType/ToUnicode 6 0 R>>", "(526-33-4552) Tj", toUnicode("1 beginbfchar <2d> <00ad> endbfchar")), "526-33-4552", Complete},
		{"ligatures", inFont("<</Subtype/TrueType/ToUnicode 6 0 R>>", "(con.dential) Tj", toUnicode("1 beginbfchar <2e> <FB01> endbfchar")), "confidential", Complete},
		{"glyphs with text", inFont(type0+"/Encoding/Identity-H/ToUnicode 6 0 R>>", "<00010002> Tj", toUnicode("1 beginbfrange <0001> <0002> <0041> endbfrange")), "AB", Complete},
		{"glyphs for text", inFont(type0+"/Encoding/Identity-H/ToUnicode 6 0 R>>", "<00010002> Tj", toUnicode("1 begincidrange <0000> <ffff> 1 endcidrange")), "", Partial},
		{"codes of Unicode by name", inFont(type0+"/Encoding/Identity-H/ToUnicode/Identity-H>>", "<00410042> Tj", ""), "AB", Complete},
		{"UCS-2", inFont(type0+"/Encoding/UniGB-UCS2-H>>", "<00416C49> Tj"), "A汉", Complete},
		{"UTF-16", inFont(type0+"/Encoding/UniJIS-UTF16-H>>", "<0041D840DC0B> Tj"), "A𠀋", Complete},
		{"Shift JIS", inFont(type0+"/Encoding/90ms-RKSJ-H>>", "<41 93fa 96 7b b1> Tj"), "A日本ｱ", Complete},
		{"GBK", inFont(type0+"/Encoding/GBK-EUC-H>>", "<41 baba> Tj"), "A汉", Complete},
		{"Big5", inFont(type0+"/Encoding/ETen-B5-H>>", "<41 baa4> Tj"), "A" + big5, Complete},
		{"EUC-KR", inFont(type0+"/Encoding/KSCms-UHC-H>>", "<41 c7d1> Tj"), "A한", Complete},
		{"JIS", inFont(type0+"/Encoding/H>>", "<467c 4b5c> Tj"), "日本", Complete},
		{"a code that is half", inFont(type0+"/Encoding/UniGB-UCS2-H>>", "<00416C> Tj"), "Al", Complete},
		{"an encoding of its own", inFont(type0+"/Encoding 6 0 R/ToUnicode 7 0 R>>", "<41 8142> Tj",
			streamObject("", "2 begincodespacerange <00> <7f> <8100> <81ff> endcodespacerange 1 begincidrange <41> <41> 5 endcidrange"),
			toUnicode("2 beginbfchar <41> <0041> <8142> <0042> endbfchar")), "AB", Complete},
		{"downwards", inFont(type0+"/Encoding/UniGB-UCS2-V>>", "1 0 0 1 300 700 Tm <6C49> Tj <5B57> Tj 1 0 0 1 280 700 Tm <6C49> Tj"), "汉字|汉", Complete},
		{"a font of drawings", inFont("<</Subtype/Type3/FontMatrix[0.01 0 0 0.01 0 0]/FirstChar 97/Widths[50 50]/Encoding<</Differences[97/a/b]>>>>", "[(a)(b)-400(a)]TJ"), "ab a", Complete},
		{"no font", shown("BT (x) Tj ET"), "", Complete},
		{"a font that is missing", shown("BT /None 9 Tf (x) Tj ET"), "x", Complete},
	} {
		c.check(t)
	}
}

// big5 is what 0xBAA4 is in Big5.
const big5 = "漱"

// compactFont is the beginning of a font in the Compact Font Format: three glyphs, S, N and one with a name of its own, at the
// codes 1, 2 and 3.
func compactFont() string {
	index := func(items ...string) string {
		if len(items) == 0 {
			return "\x00\x00"
		}
		offsets, data := "\x01", ""
		for _, s := range items {
			data += s
			offsets += string([]byte{byte(len(data) + 1)})
		}
		return string([]byte{0, byte(len(items)), 1}) + offsets + data
	}
	num := func(n int) string { return string([]byte{28, byte(n >> 8), byte(n)}) }
	head := "\x01\x00\x04\x01" + index("X")
	strs := index("x")
	top := func(charset, encoding, glyphs int) string {
		return index(num(charset) + "\x0f" + num(encoding) + "\x10" + num(glyphs) + "\x11")
	}
	base := len(head) + len(top(0, 0, 0)) + len(strs) + 2
	charset := "\x00\x00\x34\x00\x2f\x01\x87" // S is 52, N is 47, the first of its own is 391
	encoding := "\x00\x03\x01\x02\x03"
	return head + top(base, base+len(charset), base+len(charset)+len(encoding)) + strs + "\x00\x00" + charset + encoding + index("\x0e", "\x0e", "\x0e", "\x0e")
}

// TestPDFMarks is about text that stands for what is drawn.
func TestPDFMarks(t *testing.T) {
	text := func(s string) []byte { return shown("BT /F 10 Tf " + s + " ET") }
	for _, c := range []pdfCase{
		{"for what cannot be read", text("(SSN ) Tj /Span<</ActualText(526-33-4552)>>BDC (\x81\x81) Tj EMC (.) Tj"), pdfSecret + ".", Complete},
		{"for a ligature", text("(con) Tj /Span<</ActualText(fi)>>BDC (f) Tj EMC (dential) Tj"), "confidential", Complete},
		{"in UTF-16", text("/Span<</ActualText<FEFF00410042>>>BDC (A) Tj EMC"), "AB", Complete},
		{"for a hyphen at the end of a line", text("12 TL (exam) Tj /Span<</ActualText<FEFF00AD>>>BDC (-) Tj EMC T* (ple) Tj"), "exam|ple", Complete},
		{"that says something else", text("/Span<</ActualText(nothing)>>BDC (" + pdfSecret + ") Tj EMC"), pdfSecret + " nothing", Complete},
		{"nested", text("/A<</ActualText(outer)>>BDC (out) Tj /B<</ActualText(x)>>BDC (er) Tj EMC EMC ( y) Tj"), "outer y", Complete},
		{"without an end", text("/A<</ActualText(SSN 526)>>BDC (SSN) Tj"), "SSN 526", Complete},
		{"by name", pdfPage("", "/Span/P BDC BT /F 9 Tf (x) Tj ET EMC").Add(3, "<</Contents 4 0 R/Resources<</Properties<</P 6 0 R>>/Font<</F 5 0 R>>>>>>").
			Add(6, "<</ActualText(xyz)>>").Done(), "xyz", Complete},
	} {
		c.check(t)
	}
}

// TestPDFAround is about text that is not in the content of pages.
func TestPDFAround(t *testing.T) {
	form := func(text string) string {
		return streamObject("/Subtype/Form/Resources<</Font<</F 5 0 R>>>>", "BT /F 9 Tf ("+text+") Tj ET")
	}
	noted := func(objects ...string) []byte {
		m := pdfPage("/Annots[6 0 R]", pdfLine("x"))
		for i, o := range objects {
			m.Add(6+i, o)
		}
		return m.Done()
	}
	about := func(trailer string, objects ...string) []byte {
		m := pdfPage("", pdfLine("x"))
		for i, o := range objects {
			m.Add(6+i, o)
		}
		return m.Table("/Root 1 0 R" + trailer).Bytes()
	}
	catalogue := func(entries string, objects ...string) []byte {
		m := pdfPage("", pdfLine("x")).Add(1, "<</Type/Catalog/Pages 2 0 R"+entries+">>")
		for i, o := range objects {
			m.Add(6+i, o)
		}
		return m.Done()
	}
	xmp := `<?xpacket?><x:xmpmeta><rdf:RDF><rdf:Description><dc:title><rdf:Alt><rdf:li xml:lang="x-default">Title &amp; more</rdf:li></rdf:Alt></dc:title>` +
		`<xmp:CreateDate>2020-01-01</xmp:CreateDate><pdf:Producer>Maker 1.0</pdf:Producer><dc:description dc:note="noted">SSN 526-33-4552</dc:description></rdf:Description></rdf:RDF></x:xmpmeta>`
	for _, c := range []pdfCase{
		{"a note", noted("<</Subtype/Text/T(Ann)/Contents(SSN 526-33-4552)/Popup 7 0 R>>", "<</Subtype/Popup/Contents(again)>>"), "x|Ann: " + pdfSecret, Complete},
		{"a note and its looks", noted("<</Subtype/FreeText/Contents(once)/AP<</N 7 0 R>>>>", form("once")), "x|once", Complete},
		{"a stamp of looks alone", noted("<</Subtype/Stamp/AP<</N 7 0 R>>>>", form(pdfSecret)), "x|" + pdfSecret, Complete},
		{"looks by state", noted("<</Subtype/Widget/FT/Btn/AS/On/AP<</N<</On 7 0 R/Off 8 0 R>>>>>>", form("yes"), form("no")), "x|yes", Complete},
		{"a note in rich text", noted("<</Subtype/FreeText/RC(<body><p>SSN</p><p>526&amp;</p></body>)>>"), "x|SSN 526&", Complete},
		{"a link", noted("<</Subtype/Link/A<</S/URI/URI(mailto:a@b.example)>>>>"), "x|mailto:a@b.example", Complete},
		{"a field", noted("<</Subtype/Widget/FT/Tx/T(ssn)/V(526-33-4552)/AP<</N 7 0 R>>>>", form("526-33-4552")), "x|ssn: 526-33-4552", Complete},
		{"a field with a tip", noted("<</Subtype/Widget/T(f1)/TU(Social Security)/V(526)>>"), "x|f1 Social Security: 526", Complete},
		{"a field of its parent", noted("<</Subtype/Widget/Parent 7 0 R>>", "<</FT/Tx/T(ssn)/V<FEFF0035>/Parent 8 0 R>>", "<</T(form)/V(other)>>"), "x|ssn: 5", Complete},
		{"a field of several choices", noted("<</Subtype/Widget/FT/Ch/T(c)/V[(one)(two)]>>"), "x|c: one, two", Complete},
		{"a field of choices", noted("<</Subtype/Widget/FT/Ch/T(c)/V(two)/Opt[(one)[(2)(two)][(3)(three)]]>>"), "x|one|three|c: two", Complete},
		{"a field in a stream", noted("<</Subtype/Widget/T(c)/V 7 0 R>>", streamObject("/Filter/AHx", "353236>")), "x|c: 526", Complete},
		{"a signature and its looks", noted("<</Subtype/Widget/FT/Sig/T(s)/V<</Type/Sig/Reason(Approved)>>/AP<</N 7 0 R>>>>", form(pdfSecret)),
			"x|s: Approved|" + pdfSecret, Complete},
		{"a button", noted("<</Subtype/Widget/FT/Btn/T(c)/V/Yes>>"), "x", Complete},
		{"a field on no page", catalogue("/AcroForm<</Fields[6 0 R]>>", "<</T(group)/Kids[7 0 R 8 0 R]>>", "<</Parent 6 0 R/T(ssn)/V(526)>>", "<</Parent 6 0 R/T(name)/V(A)>>"),
			"x|ssn: 526|name: A", Complete},
		{"a form in XML", catalogue("/AcroForm<</Fields[]/XFA[(template)7 0 R(datasets)6 0 R]>>", streamObject("", "<xfa:data><form1><ssn>526-33-4552</ssn><a/></form1></xfa:data>"),
			streamObject("", "<template>not this</template>")), "x|ssn: 526-33-4552", Complete},
		{"an outline", catalogue("/Outlines 6 0 R", "<</First 7 0 R/Last 8 0 R>>", "<</Title(one)/Next 8 0 R/First 9 0 R>>", "<</Title(two)/Next 7 0 R>>", "<</Title(in one)>>"),
			"x|one|in one|two", Complete},
		{"properties", about("/Info 6 0 R", "<</Title(SSN: 526-33-4552)/Producer(Maker)/CreationDate(D:2020)/Own(\x80 mine)>>"), "x|Own: • mine|Title: SSN: 526-33-4552", Complete},
		{"metadata", catalogue("/Metadata 6 0 R", streamObject("/Type/Metadata", xmp)), "x|Title & more|noted|SSN 526-33-4552", Complete},
	} {
		c.check(t)
	}
}

// Files in a document are documents in it.
func TestPDFAttachments(t *testing.T) {
	inner := pdfPage("", pdfLine("SSN 123-45-6789")).Done()
	m := pdfPage("/Annots[6 0 R]", pdfLine("x")).
		Add(1, "<</Pages 2 0 R/Names<</EmbeddedFiles<</Kids[7 0 R]>>>>/AF[8 0 R]>>").
		Add(6, "<</Subtype/FileAttachment/FS<</F(..\\\\up\\\\note.txt)/EF<</F 11 0 R>>>>>>").
		Add(7, "<</Names[(a)8 0 R(b)9 0 R]>>").
		Add(8, "<</F(old)/UF<FEFF0061002E006300730076>/EF<</F 12 0 R>>>>").
		Add(9, "<</F(inner.pdf)/EF<</F 13 0 R>>>>").
		Stream(11, "", "note 111-22-3333").
		Flate(12, "", "name,ssn\nA,526-33-4552\n").
		Stream(13, "", string(inner))
	r := extractBytes(t, "a.pdf", m.Done(), Options{})
	for path, want := range map[string]string{"note.txt": "111-22-3333", "a.csv": "526-33-4552", "inner.pdf": "123-45-6789"} {
		found := 0
		for _, h := range r.found {
			if h.doc == path && h.value == want {
				found++
			}
		}
		if found != 1 {
			t.Errorf("%s: found %d times in %v of %q", path, found, r.found, r.docs)
		}
	}
	if s := r.status[""]; s.Code != Complete || len(r.docs) != 4 {
		t.Errorf("ended %+v with %q", s, r.docs)
	}
	r = extractBytes(t, "a.pdf", m.Add(13, "<<>>").Done(), Options{})
	if s := r.status[""]; s.Code != Partial || s.Reason != ArchiveContainsUnprocessedFiles {
		t.Errorf("with a file missing: ended %+v", s)
	}
}

// What is encrypted under the empty password is read, with each of the ciphers.
func TestPDFCiphers(t *testing.T) {
	for _, name := range []string{"small", "linear", "rc4-40", "rc4-128", "rc4-filter", "aes-128", "aes-128-metadata", "aes-256-r5", "aes-256",
		"aes-256-owner"} {
		data := officeFile(t, "../pdf/"+name+".pdf")
		for _, damage := range []string{"", "startxref"} {
			if damage != "" {
				data = bytes.ReplaceAll(data, []byte(damage), []byte("startover"))
			}
			r := extractBytes(t, name, data, Options{})
			text, s := r.text[""].String(), r.status[""]
			if s.Code != Complete || !strings.Contains(text, pdfSecret) || !strings.Contains(text, "Title: a small document") {
				t.Errorf("%s without %q: ended %+v with %q", name, damage, s, text)
			}
		}
	}
	r := extractBytes(t, "a.pdf", officeFile(t, "../pdf/aes-256-user.pdf"), Options{})
	if s := r.status[""]; s.Code != Skipped || r.text[""].Len() != 0 {
		t.Errorf("under a password: ended %+v with %q", s, r.text[""])
	}
}

// A string is turned into text a part at a time, since each of its codes may stand for 255 characters; the parts are one text.
func TestLongStringsOfPDF(t *testing.T) {
	for name, font := range map[string]string{
		"wide":   "<</Type/Font/Subtype/Type0/Encoding/Identity-H/DescendantFonts[<</Subtype/CIDFontType2>>]/ToUnicode 6 0 R>>",
		"simple": "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>",
	} {
		codes := strings.Repeat("0041", 3000)
		data := pdfPage("", "BT /F 9 Tf <"+codes+"> Tj ET").Add(5, font).
			Stream(6, "", "begincmap 1 beginbfchar <0041> <"+strings.Repeat("0053", 255)+"> <41> <"+strings.Repeat("0053", 255)+"> <00> <> endbfchar").Done()
		r := extractBytes(t, "a.pdf", data, Options{})
		text := strings.TrimSpace(r.text[""].String())
		if n := strings.Count(text, "S"); n != 3000*255 || strings.ContainsAny(text, " \n") && name == "wide" {
			t.Errorf("%s: %d characters of %d, %v", name, n, 3000*255, r.status[""])
		}
	}
}
