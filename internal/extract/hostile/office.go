package hostile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
)

// oneSheet is a workbook of one sheet, with what stands in the sheet, and other parts.
func oneSheet(sheet string, more ...part) []byte {
	return zipOf(append([]part{types, {"xl/workbook.xml", `<workbook><sheets><sheet name="a" r:id="r0"/></sheets></workbook>`}, rels(1),
		{"xl/worksheets/sheet0.xml", sheet}}, more...)...)
}

// oneDocument is a document, with other parts.
func oneDocument(body string, more ...part) []byte {
	return zipOf(append([]part{types, {"word/document.xml", body}}, more...)...)
}

var moreOfficeFiles = []File{
	{"merged.xlsx", "300,000 merged ranges, each of the whole sheet", func() []byte {
		return oneSheet(`<worksheet><sheetData><row r="1"><c t="inlineStr"><is><t>ssn</t></is></c></row></sheetData><mergeCells>` +
			strings.Repeat(`<mergeCell ref="A1:XFD1048576"/>`, 300_000) + "</mergeCells></worksheet>")
	}},
	{"last-cells.xlsx", "cells that are the last of the last row, again and again, and rows that go back", func() []byte {
		return oneSheet("<sheetData>" + lines(60_000, func(i int) string {
			return fmt.Sprintf(`<row r="%d"><c r="XFD%d" t="inlineStr"><is><t>ssn %s</t></is></c><c r="ZZZZZZZ99999999999"/></row>`, 1048576-i, 1048576-i, number(i))
		}) + "</sheetData>")
	}},
	{"runs.xlsx", "a string of a million runs of nothing, in one cell and in the shared strings", func() []byte {
		run := strings.Repeat("<r><rPr/><t/></r>", 300_000)
		return oneSheet(`<sheetData><row r="1"><c t="inlineStr"><is>`+run+`</is></c><c t="s"><v>0</v></c></row></sheetData>`, part{"xl/sharedStrings.xml", "<sst><si>" + run + "</si></sst>"})
	}},
	{"phonetics.xlsx", "shared strings whose readings are longer than they are", func() []byte {
		return oneSheet(`<sheetData>`+strings.Repeat(`<row><c t="s"><v>0</v></c></row>`, 10_000)+`</sheetData>`,
			part{"xl/sharedStrings.xml", "<sst>" + strings.Repeat("<si><t>s</t>"+strings.Repeat("<rPh><t>ssn 536-90-4399</t></rPh>", 1000)+"</si>", 200) + "</sst>"})
	}},
	{"indices.xlsx", "a million cells that name strings that are not there", func() []byte {
		return oneSheet("<sheetData><row>"+strings.Repeat(`<c t="s"><v>99999999999999999999</v></c><c t="s"><v>-1</v></c>`, 500_000)+"</row></sheetData>", part{"xl/sharedStrings.xml", "<sst><si><t>a</t></si></sst>"})
	}},
	{"comments.xlsx", "200,000 comments on one cell, by 200,000 people", func() []byte {
		return oneSheet("<sheetData/>", part{"xl/comments1.xml", "<comments><authors>" + lines(200_000, func(i int) string { return "<author>" + number(i) + "</author>" }) + "</authors><commentList>" +
			lines(200_000, func(i int) string {
				return fmt.Sprintf(`<comment ref="A1" authorId="%d"><text><t>ssn %s</t></text></comment>`, i, number(i))
			}) + "</commentList></comments>"})
	}},
	{"relations.docx", "a million relations, most of them to themselves", func() []byte {
		return oneDocument("<w:document/>", part{"word/_rels/document.xml.rels", "<Relationships>" + lines(300_000, func(i int) string {
			return fmt.Sprintf(`<Relationship Id="r%d" Type="hyperlink" Target="mailto:a%d@example.com" TargetMode="External"/>`, i, i)
		}) + "</Relationships>"})
	}},
	{"tables.docx", "tables in tables, 60,000 deep", func() []byte {
		return oneDocument("<w:document>" + strings.Repeat("<w:tbl><w:tr><w:tc><w:p><w:t>ssn 536-90-4399</w:t></w:p>", 60_000))
	}},
	{"revisions.docx", "each character put in, taken out and moved", func() []byte {
		return oneDocument("<w:document><w:p>" + lines(20_000, func(i int) string {
			return "<w:ins><w:r><w:t>ssn " + strings.ReplaceAll(number(i), "-", "</w:t></w:r></w:ins><w:del><w:r><w:delText>x</w:delText></w:r></w:del><w:moveTo><w:r><w:t>-") + " </w:t></w:r></w:moveTo>"
		}) + "</w:p></w:document>")
	}},
	{"objects.docx", "3,000 parts that are the same compound file, and 3,000 that are the document", func() []byte {
		var z zipWriter
		z.add("[Content_Types].xml", 0, nil, 0)
		body := []byte("<w:p><w:t>ssn 536-90-4399</w:t></w:p>")
		z.add("word/document.xml", 0, body, 0)
		ole := compound(word(numbers(2000), pieces(1, func(int) (uint32, uint32) { return 28_000, 0x1aa })), nil)
		at := z.add("word/embeddings/oleObject1.bin", 0, ole, 0)
		for i := range 3000 {
			z.entry(fmt.Sprintf("word/embeddings/oleObject%d.bin", i+2), 0, ole, at)
		}
		inner := zipOf(types, part{"word/document.xml", "<w:p><w:t>" + numbers(20_000) + "</w:t></w:p>"})
		at = z.add("word/embeddings/a.docx", 0, inner, 0)
		for i := range 3000 {
			z.entry(fmt.Sprintf("word/embeddings/a%d.docx", i), 0, inner, at)
		}
		return z.close()
	}},
	{"in-itself.docx", "documents in documents, 40 deep, each of which is there ten times", func() []byte {
		data := oneDocument("<w:p><w:t>ssn 536-90-4399</w:t></w:p>")
		for range 40 {
			var z zipWriter
			z.add("[Content_Types].xml", 0, nil, 0)
			z.add("word/document.xml", 0, []byte("<w:document/>"), 0)
			at := z.add("word/embeddings/a.docx", 0, data, 0)
			for i := range 10 {
				z.entry(fmt.Sprintf("word/embeddings/%d.docx", i), 0, data, at)
			}
			data = z.close()
		}
		return data
	}},
	{"fields.docx", "instructions of fields, 200,000 of them open", func() []byte {
		return oneDocument("<w:document><w:p>" + strings.Repeat(`<w:r><w:fldChar w:fldCharType="begin"/><w:instrText>HYPERLINK "ssn 536-90-4399"</w:instrText></w:r>`, 100_000))
	}},
	{"references.docx", "text of references to characters", func() []byte {
		return oneDocument("<w:document><w:p><w:t>ssn " + strings.Repeat("&#53;&#x33;&amp;&unknown;", 100_000) + "</w:t></w:p></w:document>")
	}},
	{"tables.pptx", "a slide of a table of 100,000 cells, with a note on each", func() []byte {
		return zipOf(types, part{"ppt/presentation.xml", "<p:presentation/>"},
			part{"ppt/slides/slide1.xml", "<p:sld>" + strings.Repeat("<a:tbl><a:tr><a:tc><a:p><a:r><a:t>ssn 536-90-4399</a:t></a:r></a:p></a:tc></a:tr></a:tbl>", 60_000) + "</p:sld>"},
			part{"ppt/notesSlides/notesSlide1.xml", "<p:notes>" + strings.Repeat("<a:p><a:r><a:t>5</a:t></a:r><a:br/></a:p>", 200_000) + "</p:notes>"})
	}},
	{"groups.pptx", "shapes in groups, 100,000 deep", func() []byte {
		return zipOf(types, part{"ppt/presentation.xml", "<p:presentation/>"}, part{"ppt/slides/slide1.xml", "<p:sld>" + strings.Repeat("<p:grpSp><p:sp><p:txBody><a:p>", 100_000) + "<a:t>ssn 536-90-4399</a:t>"})
	}},
	{"slides.pptx", "5,000 slides with a number of 200 digits each", func() []byte {
		parts := []part{types, {"ppt/presentation.xml", "<p:presentation/>"}}
		for i := range 5000 {
			parts = append(parts, part{fmt.Sprintf("ppt/slides/slide%0200d.xml", i), "<p:sld><a:p><a:t>ssn " + number(i) + "</a:t></a:p></p:sld>"})
		}
		return zipOf(parts...)
	}},
	{"lists.odt", "lists in lists, 100,000 deep, and notes in notes", func() []byte {
		return openDocument("text", `<office:document-content><office:body><office:text>`+strings.Repeat(`<text:list><text:list-item><text:p>ssn 536-90-4399<text:note><text:note-body>`, 60_000))
	}},
	{"covered.ods", "tables in cells of tables, each of which says that it is repeated", func() []byte {
		return openDocument("spreadsheet", `<office:document-content><office:body><office:spreadsheet>`+strings.Repeat(`<table:table table:name="ssn"><table:table-row table:number-rows-repeated="99999999999999999999"><table:covered-table-cell table:number-columns-repeated="-5"/><table:table-cell table:number-columns-repeated="2147483647" office:value="536904399">`, 30_000))
	}},
	{"blanks.xls", "rows of blanks that say that they go on to column 65535, and numbers that go back", func() []byte {
		row := record(0xbe, uint16(3), uint16(0), strings.Repeat("\x00\x00", 4000), uint16(65535))
		return workbook(book(nil, strings.Repeat(row+labelCell(1, "ssn 536-90-4399"), 1500)))
	}},
	{"formulas.xls", "formulas whose tokens say that they are longer than they are", func() []byte {
		return workbook(book(nil, lines(60_000, func(i int) string {
			return record(0x06, uint16(i), uint16(1), uint16(0), 536904399.0, uint16(0), uint32(0), uint16(65535), "\x17\xffssn 536-90-4399")
		})))
	}},
	{"shared-objects.xls", "15,000 objects that are storages of workbooks, all of which are the same", func() []byte {
		inner := book(nil, lines(10_000, func(i int) string { return labelCell(i, "ssn "+number(i)) }))
		streams := []stream{{name: "Workbook", data: book(nil, labelCell(0, "x"))}, {name: "x", data: inner}}
		return compound(streams, func(o *ole) {
			at := o.entries[2*128:]
			first := binary.LittleEndian.Uint32(at[116:])
			binary.LittleEndian.PutUint32(o.entries[128+72:], 3)
			for i := range uint32(15_000) {
				right := 3 + 2*i + 2
				if i == 14_999 {
					right = oleNone
				}
				o.entry(fmt.Sprintf("MBD%08X", i), 1, links{oleNone, right, 3 + 2*i + 1}, oleEnd, 0)
				o.entry("Workbook", 2, links{oleNone, oleNone, oleNone}, first, len(inner))
			}
			binary.LittleEndian.PutUint32(o.header[48:], o.put(string(o.entries)))
		})
	}},
	{"objects-in-objects.xls", "objects in one another, each a storage that leads to the first", func() []byte {
		inner := book(nil, lines(1000, func(i int) string { return labelCell(i, "ssn "+number(i)) }))
		return compound([]stream{{name: "Workbook", data: inner}}, func(o *ole) {
			binary.LittleEndian.PutUint32(o.entries[128+72:], 2)
			for i := range uint32(2000) {
				o.entry(fmt.Sprintf("MBD%08X", i), 1, links{2, 2 + i + 1, 2}, oleEnd, 0)
			}
			o.entry("Workbook", 2, links{1, 2, 3}, 0, len(inner))
			binary.LittleEndian.PutUint32(o.header[48:], o.put(string(o.entries)))
		})
	}},
	{"crypt.xls", "a workbook that says that it is encrypted, and 200,000 records behind it", func() []byte {
		return workbook(book([]string{record(0x2f, uint16(1), uint16(1), uint16(1), strings.Repeat("\xff", 48))}, lines(100_000, func(i int) string { return labelCell(i, "ssn "+number(i)) })))
	}},
	{"properties.doc", "properties that say that there are two billion of them", func() []byte {
		prop := "\xfe\xff\x00\x00\x06\x01\x02\x00" + strings.Repeat("\x00", 16) + "\x01\x00\x00\x00" + strings.Repeat("\x00", 16) + "\x30\x00\x00\x00\xff\xff\xff\x7f\xff\xff\xff\x7f" + strings.Repeat("\x02\x00\x00\x00\x08\x00\x00\x00", 200_000)
		return compound(append(word(numbers(10), nil), stream{name: "\x05SummaryInformation", data: prop}, stream{name: "\x05DocumentSummaryInformation", data: prop}), nil)
	}},
	{"message.msg", "a message of Outlook's of 30,000 properties, and as many attachments", func() []byte {
		streams := []stream{{name: "__properties_version1.0", data: strings.Repeat("\x1f\x00\x00\x10\x06\x00\x00\x00\xff\xff\xff\x7f\x00\x00\x00\x00", 30_000)}}
		for i := range 3000 {
			streams = append(streams, stream{name: fmt.Sprintf("__substg1.0_%04X001F", i), data: string(utf16Of("ssn " + number(i))[2:])})
		}
		return compound(streams, nil)
	}},
	{"unnamed.doc", "a compound file of nothing that anybody knows, of 30,000 streams that are one", func() []byte {
		return compound(word("x", nil), directory(30_000, func(o *ole, i int) {
			kind, child := byte(2), uint32(oleNone)
			if i == 0 {
				kind, child = 5, 1
			}
			right := uint32(i + 1)
			if i == 29_999 {
				right = oleNone
			}
			o.entry(fmt.Sprintf("s%d", i), kind, links{oleNone, right, child}, 0, 1<<20)
		}))
	}},
}

var moreBinaryFiles = []File{
	{"symbols.avro", "an enumeration of a million symbols", func() []byte {
		return gzipOf(avro(`{"type":"enum","name":"E","symbols":[`+strings.TrimSuffix(lines(500_000, func(i int) string { return fmt.Sprintf(`"s%d",`, i) }), ",")+`]}`, 1000, bytes.Repeat([]byte{2}, 1000)))
	}},
	{"branches.avro", "a union of 100,000 lists, at each of which a value may be", func() []byte {
		return gzipOf(avro("["+strings.TrimSuffix(lines(100_000, func(i int) string { return fmt.Sprintf(`{"type":"fixed","name":"F%d","size":1},`, i) }), ",")+"]", 1000, bytes.Repeat([]byte{0, 'x'}, 1000)))
	}},
	{"fixed.avro", "values of two billion bytes each, which are not there", func() []byte {
		return avro(`{"type":"record","name":"R","fields":[{"name":"ssn","type":{"type":"fixed","name":"F","size":2147483647}}]}`, 1<<40, []byte(numbers(2000)))
	}},
	{"metadata.avro", "a million entries of metadata", func() []byte {
		var b bytes.Buffer
		b.WriteString("Obj\x01")
		long(&b, 1_000_001)
		text(&b, "avro.schema")
		text(&b, `"string"`)
		for i := range 1_000_000 {
			text(&b, fmt.Sprint("k", i))
			text(&b, "v")
		}
		return gzipOf(b.Bytes())
	}},
	{"bomb.avro", "a block that inflates to 300 MB of empty strings", func() []byte {
		block := Deflated(string(make([]byte, 300<<20)))
		return avroOf("deflate", `"string"`, 300<<20, block[2:len(block)-4])
	}},
	{"zstd.avro", "a block of zstd that stands for 8 GB", func() []byte { return avroOf("zstandard", `"string"`, 1<<30, string(zstdRuns(64<<10))) }},
	{"snappy.avro", "a block of snappy that says that it is 4 GB", func() []byte {
		return avroOf("snappy", `"string"`, 1<<30, "\xff\xff\xff\xff\x0f"+strings.Repeat("\xfe\x01\x00", 100_000)+"xxxx")
	}},
	{"bzip2.avro", "50,000 blocks of bzip2 that hold nothing", func() []byte {
		one := avroOf("bzip2", `"string"`, 0, emptyBzip2)
		head := bytes.LastIndex(one, []byte(emptyBzip2)) - 2
		return append(one[:head:head], bytes.Repeat(one[head:], 50_000)...)
	}},
	{"blocks.avro", "two million blocks of nothing", func() []byte {
		one := avro(`"string"`, 0, nil)
		return gzipOf(append(one, bytes.Repeat(append([]byte{0, 0}, bytes.Repeat([]byte("s"), 16)...), 2_000_000)...))
	}},
	{"counts.avro", "lists that say below nothing how many they hold, and in how many bytes", func() []byte {
		return avro(`{"type":"array","items":{"type":"map","values":"string"}}`, 1000, block(func(b *bytes.Buffer) {
			for range 100_000 {
				long(b, -1<<62)
				long(b, 1<<62)
			}
		}))
	}},
	{"keys-and-values.parquet", "a footer of a million keys and values", func() []byte {
		f := footer(2, func(t *thrift) { t.element("root", 1); t.element("ssn", 0) }, 0, nil)
		t := thrift{}
		t.Write(f[:len(f)-1])
		t.field(1, tList)
		t.list(tStruct, 1_000_000)
		for range 1_000_000 {
			t.field(1, tBinary)
			t.str("k")
			t.field(1, tBinary)
			t.str("v")
			t.stop()
		}
		t.stop()
		return parquet(nil, t.Bytes())
	}},
	{"lists.parquet", "lists in lists in the footer, and lists that say that they have two billion structs", func() []byte {
		t := thrift{}
		t.field(15, tList)
		for range 100_000 {
			t.WriteByte(0x19)
		}
		return parquet(nil, t.Bytes())
	}},
	{"structs.parquet", "structs in structs in a footer, 500,000 deep", func() []byte { return parquet(nil, bytes.Repeat([]byte{0xfc}, 500_000)) }},
	{"statistics.parquet", "pages whose headers hold a megabyte of statistics each", func() []byte {
		var t thrift
		for range 40 {
			t.field(1, tInt32)
			t.int(0)
			t.field(1, tInt32)
			t.int(0)
			t.field(1, tInt32)
			t.int(0)
			t.field(2, tStruct)
			for _, n := range [...]int64{0, 0, 0, 0} {
				t.field(1, tInt32)
				t.int(n)
			}
			t.field(1, tStruct)
			t.field(1, tBinary)
			t.str(strings.Repeat("ssn ", 1<<18))
			t.stop()
			t.stop()
			t.stop()
		}
		return oneColumn(0, 1<<40, t.Bytes())
	}},
	{"brotli-page.parquet", "a page of brotli that says that it is 2 GB", func() []byte {
		return oneColumn(4, 1<<30, page(1<<30, 1<<31-1, bytes.Repeat([]byte{0x5b, 0xff, 0xff, 0xff}, 20_000)))
	}},
	{"gzip-pages.parquet", "60,000 pages, each packed, of one value", func() []byte {
		return oneColumn(2, 60_000, bytes.Repeat(page(1, 19, gzipOf(plain(1, func(int) string { return "ssn 536-90-4399" }))), 60_000))
	}},
	{"columns.parquet", "20,000 columns on one chunk", func() []byte {
		values := plain(20, number)
		data := page(20, len(values), values)
		return parquet(data, footer(20_001, func(t *thrift) {
			t.element("root", 20_000)
			for i := range 20_000 {
				t.element(fmt.Sprintf("ssn%d", i), 0)
			}
		}, 1, func(t *thrift, _ int) { manyChunks(t, 20_000, 20, 4, int64(len(data))) }))
	}},
	{"same-names.parquet", "a schema of 60 groups, each of two of the next, that are all called the same", func() []byte {
		return parquet(nil, footer(2000, func(t *thrift) {
			t.element("root", 1)
			for range 1998 {
				t.element("ssn", 2)
			}
			t.element("ssn", 0)
		}, 0, nil))
	}},
}

// manyChunks writes a row group of so many chunks in one place.
func manyChunks(t *thrift, chunks int, values, at, size int64) {
	t.field(1, tList)
	t.list(tStruct, chunks)
	for i := range chunks {
		t.field(2, tInt64)
		t.int(at)
		t.field(1, tStruct)
		t.field(1, tInt32)
		t.int(6)
		t.field(1, tList)
		t.list(tInt32, 1)
		t.int(0)
		t.field(1, tList)
		t.list(tBinary, 1)
		t.str(fmt.Sprintf("ssn%d", i))
		t.field(1, tInt32)
		t.int(0)
		for _, n := range []int64{values, size, size} {
			t.field(1, tInt64)
			t.int(n)
		}
		t.field(2, tInt64)
		t.int(at)
		t.stop()
		t.stop()
	}
	t.field(1, tInt64)
	t.int(size)
	t.field(1, tInt64)
	t.int(values)
	t.stop()
}

// avroOf writes a container of one block in a codec.
func avroOf(codec, schema string, count int64, block string) []byte {
	var b bytes.Buffer
	b.WriteString("Obj\x01")
	long(&b, 2)
	text(&b, "avro.codec")
	text(&b, codec)
	text(&b, "avro.schema")
	text(&b, schema)
	long(&b, 0)
	sync := strings.Repeat("s", 16)
	b.WriteString(sync)
	long(&b, count)
	text(&b, block)
	b.WriteString(sync)
	return b.Bytes()
}

var morePDFFiles = []File{
	{"chain-of-tables.pdf", "30,000 tables, each of which leads to the one before", func() []byte {
		m := PDFPage("", PDFLine("ssn 536-90-4399"))
		last := 0
		for range 30_000 {
			at := m.Buffer.Len()
			fmt.Fprintf(&m.Buffer, "xref\n0 0\ntrailer<</Size 6/Root 1 0 R/Prev %d>>\n", last)
			last = at
		}
		fmt.Fprintf(&m.Buffer, "startxref\n%d\n%%%%EOF", last)
		return m.Bytes()
	}},
	{"streams-extend.pdf", "5,000 streams of objects that extend one another in a circle", func() []byte {
		m := PDFPage("/Annots["+Repeated(5000, "1%04d 0 R ")+"]", PDFLine("x"))
		for n := range 5000 {
			m.Stream(10_000+n, fmt.Sprintf("/Type/ObjStm/N 1/First 8/Extends %d 0 R", 10_000+(n+1)%5000), fmt.Sprintf("%d 0    <</A 1>>", n+100))
		}
		return m.Bytes()
	}},
	{"filters.pdf", "a stream of 4,000 filters", func() []byte {
		return PDFPage("", "").Stream(4, "/Filter["+strings.Repeat("/ASCIIHexDecode", 4000)+"]", strings.Repeat("36", 200_000)).Done()
	}},
	{"predictors.pdf", "rows of colours and bits that multiply to more than there is", func() []byte {
		return PDFPage("", "").Stream(4, "/Filter/FlateDecode/DecodeParms<</Predictor 2/Colors 2147483647/BitsPerComponent 16/Columns 2147483647>>", Deflated(strings.Repeat("x", 1<<20))).Done()
	}},
	{"glyphs.pdf", "a font whose glyphs show text in that font", func() []byte {
		return PDFPage("", "BT /F 9 Tf ("+strings.Repeat("a", 100_000)+") Tj ET").Add(5, "<</Type/Font/Subtype/Type3/FontMatrix[1 0 0 1 0 0]/Encoding<</Differences[97/a]>>/CharProcs<</a 6 0 R>>/FirstChar 97/LastChar 97/Widths["+strings.Repeat("1 ", 300_000)+"]/Resources<</Font<</F 5 0 R>>>>>>").
			Stream(6, "", "BT /F 9 Tf ("+strings.Repeat("a", 1000)+") Tj ET").Done()
	}},
	{"outlines.pdf", "bookmarks that follow themselves, with titles of a megabyte", func() []byte {
		return PDFPage("", "").Add(1, "<</Pages 2 0 R/Outlines 6 0 R>>").Add(6, "<</First 7 0 R/Next 7 0 R>>").
			Add(7, "<</Title("+strings.Repeat("ssn 536-90-4399 ", 60_000)+")/Next 8 0 R/First 7 0 R>>").Add(8, "<</Title 9 0 R/Next 7 0 R/First 6 0 R>>").Add(9, "("+strings.Repeat("x", 1<<20)+")").Done()
	}},
	{"structure.pdf", "a tree of structure whose 100,000 parts are each other's, with text in place of each", func() []byte {
		return PDFPage("", "").Add(1, "<</Pages 2 0 R/StructTreeRoot 6 0 R>>").Add(6, "<</K["+strings.Repeat("7 0 R 8 0 R ", 50_000)+"]>>").
			Add(7, "<</Alt(ssn 536-90-4399)/ActualText("+strings.Repeat("x", 100_000)+")/K["+strings.Repeat("8 0 R ", 50_000)+"]>>").Add(8, "<</Alt(x)/K[7 0 R 6 0 R]>>").Done()
	}},
	{"forms.pdf", "an XFA form of 100,000 packets that are one stream", func() []byte {
		return PDFPage("", "").Add(1, "<</Pages 2 0 R/AcroForm<</XFA["+strings.Repeat("(x)6 0 R", 100_000)+"]/Fields["+strings.Repeat("7 0 R ", 100_000)+"]>>>>").
			Flate(6, "", strings.Repeat("<a>ssn 536-90-4399</a>", 100_000)).Add(7, "<</T(ssn)/V 6 0 R/DV 6 0 R/Opt["+strings.Repeat("(536-90-4399)", 10_000)+"]>>").Done()
	}},
	{"appearances.pdf", "100,000 annotations with one appearance", func() []byte {
		return PDFPage("/Annots["+strings.Repeat("<</Subtype/Widget/AP<</N 6 0 R/D 6 0 R/R<</a 6 0 R/b 6 0 R>>>>>>", 60_000)+"]", "").
			Stream(6, "/Subtype/Form", strings.Repeat("BT (ssn 536-90-4399) Tj ET ", 5000)).Done()
	}},
	{"encrypted.pdf", "a key that takes a hundred thousand rounds, and 100,000 strings to be decrypted with it", func() []byte {
		return PDFPage("/Annots["+strings.Repeat("<</Contents(0123456789abcdef0123456789abcdef)>>", 60_000)+"]", PDFLine("x")).
			Add(6, "<</Filter/Standard/V 5/R 6/Length 256/P -4/U("+strings.Repeat("x", 48)+")/UE("+strings.Repeat("y", 32)+")/O("+strings.Repeat("z", 48)+")/OE("+strings.Repeat("w", 32)+")/Perms("+strings.Repeat("p", 16)+
				")/CF<</StdCF<</CFM/AESV3/Length 32>>>>/StmF/StdCF/StrF/StdCF>>").Table("/Root 1 0 R/Encrypt 6 0 R/ID[(a)(b)]").Bytes()
	}},
	{"names.pdf", "a tree of names whose leaves are trees of names", func() []byte {
		return PDFPage("", "").Add(1, "<</Pages 2 0 R/Names<</EmbeddedFiles 6 0 R/JavaScript 6 0 R/Dests 6 0 R>>>>").
			Add(6, "<</Kids["+strings.Repeat("7 0 R ", 20_000)+"]/Names["+strings.Repeat("(ssn)7 0 R", 20_000)+"]>>").Add(7, "<</Kids["+strings.Repeat("6 0 R ", 20_000)+"]/Names[(a)<</EF<</F 8 0 R>>>>]>>").Stream(8, "", "ssn 536-90-4399").Done()
	}},
	{"scripts.pdf", "actions that follow one another, 50,000 of them", func() []byte {
		m := PDFPage("", "").Add(1, "<</Pages 2 0 R/OpenAction 10 0 R>>")
		for n := range 50_000 {
			m.Add(10+n, fmt.Sprintf("<</S/JavaScript/JS(var ssn='%s')/Next[%d 0 R %d 0 R]>>", number(n), 11+n, 11+n))
		}
		return m.Done()
	}},
	{"repaired.pdf", "2 MB of what looks like the beginning of objects, without a table", func() []byte {
		return []byte("%PDF-1.4\n" + lines(100_000, func(i int) string { return fmt.Sprintf("%d 0 obj<</Type/Page/Parent 1 0 R>>", i%7) }))
	}},
	{"inline-images.pdf", "200,000 images of a byte in the content, whose ends come late", func() []byte {
		return PDFPage("", "").Flate(4, "", strings.Repeat("BI /W 1/H 1/F/Fl ID x EI Q BI ID EIEI EI ", 200_000)).Done()
	}},
	{"spaced.pdf", "each letter in a place of its own, from right to left and from bottom to top", func() []byte {
		return PDFPage("", "").Flate(4, "", "BT /F 9 Tf "+lines(300_000, func(i int) string { return fmt.Sprintf("1 0 0 1 %d %d Tm (%d) Tj ", 600-i%600, i%700, i%10) })+"ET").Done()
	}},
	{"arrays-of-text.pdf", "an array of a million pieces of a letter each", func() []byte {
		return PDFPage("", "").Flate(4, "", "BT /F 9 Tf ["+strings.Repeat("(5)-1(3) 0 ", 500_000)+"] TJ ET").Done()
	}},
	{"kids-of-nothing.pdf", "a tree of 200,000 pages that are nothing, counted as two billion", func() []byte {
		return NewPDF().Add(1, "<</Pages 2 0 R>>").Add(2, "<</Count 2147483647/Kids["+strings.Repeat("<</Type/Page>>null 9 0 R", 100_000)+"]>>").Done()
	}},
	{"lzw.pdf", "LZW of nonsense, twice", func() []byte {
		data := make([]byte, 0, 1<<20)
		for i := range 1 << 20 {
			data = append(data, byte(i*7))
		}
		return PDFPage("", "").Stream(4, "/Filter[/LZWDecode/LZWDecode]", string(data)).Done()
	}},
}
