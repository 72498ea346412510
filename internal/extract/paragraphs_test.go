package extract

import (
	"fmt"
	"strings"
	"testing"
)

func wordOf(body string, parts ...file) []byte {
	return zipOf(append([]file{{"[Content_Types].xml", ""}, {"word/document.xml", `<w:document><w:body>` + body + `</w:body></w:document>`}}, parts...)...)
}

// TestParagraphs reads what reviewers changed, and what a file has twice.
func TestParagraphs(t *testing.T) {
	run := func(s string) string { return "<w:r><w:t>" + s + "</w:t></w:r>" }
	del := func(s string) string { return "<w:del><w:r><w:delText>" + s + "</w:delText></w:r></w:del>" }
	ins := func(s string) string { return "<w:ins>" + run(s) + "</w:ins>" }
	p := func(s ...string) string { return "<w:p>" + strings.Join(s, "") + "</w:p>" }
	box := func(s string) string { return "<w:txbxContent>" + p(run(s)) + "</w:txbxContent>" }
	for _, c := range []struct{ name, body, want string }{
		{"plain", p(run("a"), run("b")) + p(run("c")), "ab\nc\n"},
		{"replaced", p(run("SSN: "), del("536-90-4399"), ins("536-90-4400"), run(" end")), "SSN: 536-90-4400 end 536-90-4399\n"},
		{"inserted before deleted", p(run("SSN: "), ins("536-90-4400"), del("536-90-4399")), "SSN: 536-90-4400 536-90-4399\n"},
		{"a part of a word", p(run("SSN 536-90-"), del("4399"), ins("4400"), run(" end")), "SSN 536-90-4400 end 536-90-4399\n"},
		{"two parts of a word", p(run("536-"), del("90"), ins("91"), run("-"), del("43"), ins("44"), run("99")), "536-91-4499 536-90-4399\n"},
		{"a middle of a word put in", p(run("536-"), ins("90"), run("-4399")), "536-90-4399\n"},
		{"deleted alone", p(run("SSN: "), del("536-90-4399")), "SSN:  536-90-4399\n"},
		{"a whole paragraph deleted", p(del("536-90-4399")), " 536-90-4399\n"},
		{"moved", p("<w:moveFrom>"+run("536-90-4399")+"</w:moveFrom>") + p("<w:moveTo>"+run("536-90-4399")+"</w:moveTo>"), " 536-90-4399\n536-90-4399\n"},
		{"change around paragraphs", "<w:ins>" + p(run("x")) + p(run("y")) + "</w:ins>", "x\ny\n"},
		{"mark of a deleted end of a paragraph", p("<w:pPr><w:rPr><w:del w:id='1'/></w:rPr></w:pPr>", run("x")) + p(run("y")), "x\ny\n"},
		{"text box twice", p(run("a"), "<mc:AlternateContent><mc:Choice>"+box("in")+"</mc:Choice><mc:Fallback>"+box("in")+"</mc:Fallback></mc:AlternateContent>", run("b")),
			"in\nab\n"},
		{"nothing in the first form", p("<mc:AlternateContent><mc:Choice/><mc:Fallback>" + box("in") + "</mc:Fallback></mc:AlternateContent>"), "in\n\n"},
		{"twice within twice", p("<mc:AlternateContent><mc:Choice><mc:AlternateContent><mc:Choice>" + box("in") + "</mc:Choice><mc:Fallback>" + box("in") +
			"</mc:Fallback></mc:AlternateContent></mc:Choice><mc:Fallback>" + box("in") + "</mc:Fallback></mc:AlternateContent>"), "in\n\n"},
		{"two choices", p("<mc:AlternateContent><mc:Choice>"+run("a")+"</mc:Choice><mc:Fallback>"+run("a")+"</mc:Fallback></mc:AlternateContent>",
			"<mc:AlternateContent><mc:Choice></mc:Choice><mc:Fallback>"+run("b")+"</mc:Fallback></mc:AlternateContent>"), "ab\n"},
		{"signs", p(run("a"), "<w:r><w:tab/><w:br/><w:noBreakHyphen/><w:softHyphen/><w:sym w:font='Symbol' w:char='F02D'/></w:r>", run("b")), "a\t --b\n"},
		{"a picture in words", p(run("a"), `<wp:docPr id="1" descr="x &amp; y" title="z"/>`, run("b")), "a x & y  z b\n"},
		{"nested without end", strings.Repeat("<w:p>", 40) + run("x"), "x\n" + strings.Repeat("\n", 15)},
	} {
		r := extractBytes(t, "a.docx", wordOf(c.body), Options{})
		if got := r.text[""].String(); got != c.want || r.status[""].Code != Complete {
			t.Errorf("%s: %q, want %q; %v", c.name, got, c.want, r.status[""])
		}
	}
}

func TestWordParts(t *testing.T) {
	wide := []byte{0xff, 0xfe}
	for _, c := range `<w:footnotes><w:p><w:t>536-90-0001</w:t></w:p></w:footnotes>` {
		wide = append(wide, byte(c), 0)
	}
	data := wordOf("<w:p><w:t>536-90-0000</w:t></w:p>", file{"word/footnotes.xml", string(wide)},
		file{"word/_rels/document.xml.rels", `<Relationships><Relationship Id="a" Target="https://example.com/?ssn=536-90-0002" TargetMode="External"/></Relationships>`},
		file{"docProps/core.xml", `<cp:coreProperties><dc:title>536-90-0003</dc:title></cp:coreProperties>`},
		file{"docProps/custom.xml", `<Properties><property fmtid="{D5CDD505-2E9C-101B-9397-08002B2CF9AE}" name="SSN"><vt:lpwstr>536-90-0004</vt:lpwstr></property></Properties>`},
		file{"customXml/item1.xml", `<staff><ssn>536-90-0005</ssn></staff>`}, file{"word/afchunk.html", `<html><p>536-<b>90</b>-0006</p></html>`},
		file{"word/note.txt", "536-90-0007"}, file{"word/diagrams/data1.xml", `<dgm:t><a:p><a:r><a:t>536-90-0008</a:t></a:r></a:p></dgm:t>`},
		file{"word/charts/chart1.xml", `<c:pt><c:v>536-90-0009</c:v></c:pt><c:pt><c:v>1</c:v></c:pt>`},
		file{"word/theme/theme1.xml", `<a:t>536-90-9999</a:t>`})
	r := extractBytes(t, "a.docx", data, Options{})
	if len(r.found) != 10 {
		t.Errorf("found %d of 10 in %q", len(r.found), r.text[""])
	}
	if text := r.text[""].String(); !strings.Contains(text, "SSN: 536-90-0004\n") || !strings.Contains(text, "ssn: 536-90-0005\n") {
		t.Errorf("no names in %q", text)
	}
}

// TestPresentation reads slides in the order in which they are shown, each with its notes.
func TestPresentation(t *testing.T) {
	slide := func(n int) string {
		return fmt.Sprintf(`<p:sld><a:p><a:r><a:t>536-90-</a:t></a:r><a:r><a:t>000%d</a:t></a:r></a:p></p:sld>`, n)
	}
	data := zipOf(file{"[Content_Types].xml", ""},
		file{"ppt/presentation.xml", `<p:sldIdLst><p:sldId id="256" r:id="r2"/><p:sldId id="257" r:id="r1"/></p:sldIdLst>`},
		file{"ppt/_rels/presentation.xml.rels", `<R><Relationship Id="r1" Target="slides/slide1.xml"/><Relationship Id="r2" Target="/ppt/slides/slide2.xml"/></R>`},
		file{"ppt/slides/slide1.xml", slide(1)}, file{"ppt/slides/slide2.xml", slide(2)}, file{"ppt/slides/slide3.xml", slide(3)},
		file{"ppt/slides/_rels/slide1.xml.rels", `<R><Relationship Id="a" Target="../notesSlides/notesSlide7.xml"/><Relationship Id="b" Target="../comments/comment1.xml"/></R>`},
		file{"ppt/notesSlides/notesSlide7.xml", slide(4)}, file{"ppt/comments/comment1.xml", `<p:cm><p:text>536-90-0005</p:text></p:cm>`},
		file{"ppt/slideMasters/slideMaster1.xml", slide(6)}, file{"docProps/app.xml", "<Properties><Company>536-90-0007</Company></Properties>"})
	r := extractBytes(t, "a.pptx", data, Options{})
	var got []string
	for _, h := range r.found {
		got = append(got, fmt.Sprintf("%s/%d", h.value[7:], h.loc.Page))
	}
	if want := "[0002/1 0001/2 0005/2 0004/2 0003/3 0007/0 0006/0]"; fmt.Sprint(got) != want || r.status[""].Code != Complete {
		t.Errorf("%v, want %s; %v", got, want, r.status[""])
	}
	if mime := r.mimes[""]; mime != kindPPTX.mime {
		t.Errorf("%s", mime)
	}
}

func odfOf(kind, content string, parts ...file) []byte {
	return zipOf(append([]file{{"mimetype", "application/vnd.oasis.opendocument." + kind}, {"content.xml", content}}, parts...)...)
}

func TestOpenDocument(t *testing.T) {
	slides := extractBytes(t, "a.odp", odfOf("presentation", `<draw:page><text:p>536-90-0001</text:p></draw:page><draw:page><text:p>536-90-<text:span>0002</text:span></text:p></draw:page>`), Options{})
	if len(slides.found) != 2 || slides.found[1].loc.Page != 2 {
		t.Errorf("%+v", slides.found)
	}
	text := extractBytes(t, "a.odt", odfOf("text", `<text:p>536-90-<office:annotation><dc:creator>A B</dc:creator><text:p>a note</text:p></office:annotation>0001<text:note>`+
		`<text:note-citation>1</text:note-citation><text:note-body><text:p>536-90-0002</text:p></text:note-body></text:note></text:p>`), Options{})
	if got := text.text[""].String(); got != "a note\n536-90-0002\n536-90-0001\nA B\n" {
		t.Errorf("%q", got)
	}
	table := extractBytes(t, "a.ods", odfOf("spreadsheet", `<table:table table:name="S"><table:table-row><table:table-cell><text:p>SSN</text:p></table:table-cell></table:table-row>`+
		`<table:table-row table:number-rows-repeated="3"/><table:table-row><table:table-cell><text:p>536-90-0001</text:p><office:annotation><text:p>536-90-0002</text:p></office:annotation></table:table-cell>`+
		`<table:table-cell table:number-columns-repeated="16380"/><table:table-cell office:string-value="536-90-0003"/></table:table-row></table:table>`,
		file{"meta.xml", `<meta:document-statistic meta:table-count="1"/>`}), Options{})
	places := map[string]string{}
	for _, h := range table.found {
		places[h.value] = h.loc.CellReference + h.loc.Name
	}
	if fmt.Sprint(places) != "map[536-90-0001:A5SSN 536-90-0002:A5 536-90-0003:XFB5]" {
		t.Errorf("%v", places)
	}
	sealed := extractBytes(t, "a.odt", odfOf("text", "\x12\x34garbage", file{"META-INF/manifest.xml", `<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>`}), Options{})
	if s := sealed.status[""]; s.Code != Skipped || s.Detail != "encrypted" {
		t.Errorf("%v", s)
	}
}

// TestOfficeElsewhere: what Office files hold in other places than most do is read all the same.
func TestOfficeElsewhere(t *testing.T) {
	const ssn = "536-90-0001"
	word := func(parts ...file) []byte { return wordOf("<w:p/>", parts...) }
	book := func(parts ...file) []byte {
		return zipOf(append([]file{{"[Content_Types].xml", ""}, {"xl/workbook.xml", `<sheets><sheet name="S" r:id="r1"/></sheets>`}}, parts...)...)
	}
	cell := `<row r="1"><c r="A1" t="inlineStr"><is><t>` + ssn + `</t></is></c></row>`
	number := func(value, shown string) []byte {
		return odfOf("spreadsheet", `<table:table table:name="S"><table:table-row><table:table-cell office:value-type="float" office:value="`+value+`"><text:p>`+shown+
			`</text:p></table:table-cell></table:table-row></table:table>`)
	}
	for _, c := range []struct {
		name, file string
		data       []byte
	}{
		{"a field of Word", "a.docx", wordOf(`<w:p><w:fldSimple w:instr="IF ` + ssn + `"><w:r><w:t>x</w:t></w:r></w:fldSimple></w:p>`)},
		{"what is said of a link", "a.docx", wordOf(`<w:p><w:hyperlink w:tooltip="` + ssn + `"><w:r><w:t>x</w:t></w:r></w:hyperlink></w:p>`)},
		{"attributes of data", "a.docx", word(file{"customXml/item1.xml", `<staff ssn="` + ssn + `"/>`})},
		{"letters of a series", "a.docx", word(file{"word/settings.xml", `<w:mailMerge><w:query w:val="select * where ssn = '` + ssn + `'"/></w:mailMerge>`})},
		{"headers of building blocks", "a.docx", word(file{"word/glossary/header1.xml", `<w:p><w:t>536-</w:t><w:t>90-0001</w:t></w:p>`})},
		{"a chart of another kind", "a.docx", word(file{"word/charts/chartEx1.xml", `<cx:lvl><cx:pt idx="0">` + ssn + `</cx:pt></cx:lvl>`})},
		{"a part in another folder", "a.docx", word(file{"other/a.xml", `<a>` + ssn + `</a>`})},
		{"a page in another folder", "a.docx", word(file{"chunks/a.html", `<html><p>` + ssn + `</p></html>`})},
		{"a drawing", "a.docx", word(file{"word/media/a.svg", `<svg xmlns="http://www.w3.org/2000/svg"><text>` + ssn + `</text></svg>`})},
		{"a sheet in another folder", "a.xlsx", book(file{"xl/_rels/workbook.xml.rels", `<R><Relationship Id="r1" Target="/sheets/s1.xml"/></R>`},
			file{"sheets/s1.xml", `<worksheet><sheetData>` + cell + `</sheetData></worksheet>`})},
		{"a comment without a cell", "a.xlsx", book(file{"xl/threadedComments/threadedComment1.xml", `<threadedComment><text>` + ssn + `</text></threadedComment>`})},
		{"what is said of a link on a slide", "a.pptx", zipOf(file{"[Content_Types].xml", ""}, file{"ppt/presentation.xml", "<p/>"},
			file{"ppt/slides/slide1.xml", `<a:p><a:r><a:rPr><a:hlinkClick tooltip="` + ssn + `"/></a:rPr><a:t>x</a:t></a:r></a:p>`})},
		{"a field of a form", "a.odt", odfOf("text", `<office:forms><form:text form:current-value="`+ssn+`"/></office:forms>`)},
		{"a list to choose from", "a.odt", odfOf("text", `<text:p><text:drop-down><text:label text:value="`+ssn+`"/></text:drop-down></text:p>`)},
		{"an object of another program", "a.odt", odfOf("text", `<text:p/>`, file{"Object 1", string(wordOf(`<w:p><w:t>` + ssn + `</w:t></w:p>`))})},
		{"an object in a table", "a.ods", odfOf("spreadsheet", `<table:table/>`, file{"Object 1", string(wordOf(`<w:p><w:t>` + ssn + `</w:t></w:p>`))})},
	} {
		r := extractBytes(t, c.file, c.data, Options{})
		if len(r.found) != 1 || r.status[""].Code != Complete {
			t.Errorf("%s: %d found, %v, in %q", c.name, len(r.found), r.status[""], r.text[""])
		}
	}
	for _, c := range []struct{ value, shown, want string }{
		{"4539148803436467", "4.54E+15", "4539148803436467"}, {"4.539148803436467E+015", "4.53914880343647E+15", "4539148803436467"}, {"536900001", "536-90-0001", "536-90-0001"},
		{"36900001", "036-90-0001", "036-90-0001"}, {"1234567890", "1,234,567,890.00", "1,234,567,890.00"}, {"1234567890", "###", "1234567890"}, {"1234.5", "1235", "1235"}, {"-123456789", "(1.2E8)", "(1.2E8)"},
	} {
		if got := strings.TrimSpace(extractBytes(t, "a.ods", number(c.value, c.shown), Options{}).text[""].String()); got != c.want {
			t.Errorf("%s shown as %s: %q", c.value, c.shown, got)
		}
	}
}
