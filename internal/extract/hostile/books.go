package hostile

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// le32 and le16 are numbers, the lowest byte first.
func le32(n uint32) string { return string(binary.LittleEndian.AppendUint32(nil, n)) }
func le16(n uint16) string { return string(binary.LittleEndian.AppendUint16(nil, n)) }

// officeShapes are files of office programs, old and new.
var officeShapes = []File{
	{"circle.pptx", "slides and notes that lead to each other", func() []byte {
		parts := []part{types, {"ppt/presentation.xml", "<p:presentation/>"}}
		for i := range 3000 {
			parts = append(parts, part{fmt.Sprintf("ppt/slides/slide%d.xml", i+1), "<p:sld><a:t>ssn " + number(i) + "</a:t></p:sld>"},
				part{fmt.Sprintf("ppt/slides/_rels/slide%d.xml.rels", i+1), fmt.Sprintf(`<Relationships><Relationship Id="r1" Target="../slides/slide%d.xml"/><Relationship Id="r2" Target="../slides/slide1.xml"/></Relationships>`, (i+1)%3000+1)})
		}
		return zipOf(parts...)
	}},
	{"tables.xlsx", "10,000 columns in each of 40 tables", func() []byte {
		var parts []part
		for i := range 40 {
			parts = append(parts, part{fmt.Sprintf("xl/tables/table%d.xml", i+1), `<table ref="A1:XFD1048576"><tableColumns>` + lines(10_000, func(k int) string { return fmt.Sprintf(`<tableColumn id="%d" name="ssn%d"/>`, k, k) }) + `</tableColumns></table>`})
		}
		return oneSheet(`<sheetData/>`, parts...)
	}},
	{"names.xlsx", "200,000 names", func() []byte {
		return zipOf(types, part{"xl/workbook.xml", `<workbook><sheets><sheet name="a" r:id="r0"/></sheets><definedNames>` + lines(200_000, func(i int) string { return fmt.Sprintf(`<definedName name="n%d">"ssn %s"</definedName>`, i, number(i)) }) + `</definedNames></workbook>`}, rels(1), part{"xl/worksheets/sheet0.xml", "<sheetData/>"})
	}},
	{"pivot.xlsx", "a cache of a pivot table", func() []byte {
		return oneSheet(`<sheetData/>`, part{"xl/pivotCache/pivotCacheDefinition1.xml", `<pivotCacheDefinition><cacheFields>` + lines(2000, func(i int) string {
			return fmt.Sprintf(`<cacheField name="ssn%d"><sharedItems>%s</sharedItems></cacheField>`, i, lines(50, func(k int) string { return `<s v="` + number(k) + `"/>` }))
		}) + `</cacheFields></pivotCacheDefinition>`}, part{"xl/pivotCache/pivotCacheRecords1.xml", `<pivotCacheRecords>` + lines(500, func(i int) string { return "<r>" + strings.Repeat(`<x v="3"/>`, 2000) + "</r>" }) + `</pivotCacheRecords>`})
	}},
	{"formulas.xlsx", "formulas of 8 KB, shared", func() []byte {
		f := strings.Repeat(`"ssn 536-90-4399"&amp;`, 400)
		return oneSheet(`<sheetData>` + lines(20_000, func(i int) string {
			return fmt.Sprintf(`<row r="%d"><c r="A%d" t="str"><f t="shared" si="0">%s</f><v>x</v></c></row>`, i+1, i+1, f[:min(len(f), 200)])
		}) + `</sheetData>`)
	}},
	{"rich-text.xlsx", "cells of runs", func() []byte {
		return oneSheet(`<sheetData>` + lines(20_000, func(i int) string {
			return `<row><c t="inlineStr"><is>` + strings.ReplaceAll("ssn "+number(i), "", "<r><rPr><b/></rPr><t>") + `</is></c></row>`
		}) + `</sheetData>`)
	}},
	{"long-numbers.xlsx", "numbers of 30,000 digits with formats", func() []byte {
		return oneSheet(`<sheetData>`+lines(200, func(i int) string { return `<row><c s="0"><v>` + strings.Repeat("9", 30_000) + `</v></c></row>` })+`</sheetData>`,
			part{"xl/styles.xml", `<styleSheet><numFmts><numFmt numFmtId="200" formatCode="` + strings.Repeat("0-", 120) + `"/></numFmts><cellXfs><xf numFmtId="200"/></cellXfs></styleSheet>`})
	}},
	{"exponents.xlsx", "numbers with exponents", func() []byte {
		return oneSheet(`<sheetData>`+lines(60_000, func(i int) string { return `<row><c s="0"><v>1e308</v></c><c s="0"><v>1e-308</v></c></row>` })+`</sheetData>`,
			part{"xl/styles.xml", `<styleSheet><numFmts><numFmt numFmtId="200" formatCode="000-00-0000"/></numFmts><cellXfs><xf numFmtId="200"/></cellXfs></styleSheet>`})
	}},
	{"custom.docx", "10,000 items of XML beside a document", func() []byte {
		var parts []part
		for i := range 10_000 {
			parts = append(parts, part{fmt.Sprintf("customXml/item%d.xml", i), "<a>ssn " + number(i) + "</a>"})
		}
		return oneDocument("<w:document/>", parts...)
	}},
	{"chunks.docx", "HTML in a document, 2,000 times", func() []byte {
		var parts []part
		for i := range 2000 {
			parts = append(parts, part{fmt.Sprintf("word/afchunk%d.html", i), "<html><p>ssn " + number(i) + "</p></html>"})
		}
		return oneDocument("<w:document/>", parts...)
	}},
	{"controls.docx", "controls in controls", func() []byte {
		return oneDocument("<w:document>" + strings.Repeat("<w:sdt><w:sdtPr><w:alias w:val='ssn'/></w:sdtPr><w:sdtContent><w:p><w:t>536-90-4399</w:t></w:p>", 40_000))
	}},
	{"one-row.docx", "a table of a row of 60,000 cells, and another", func() []byte {
		return oneDocument("<w:document><w:tbl><w:tr>" + lines(60_000, func(i int) string { return fmt.Sprintf("<w:tc><w:p><w:t>ssn%d</w:t></w:p></w:tc>", i) }) + "</w:tr><w:tr>" + strings.Repeat("<w:tc><w:p><w:t>536-90-4399</w:t></w:p></w:tc>", 60_000) + "</w:tr></w:tbl></w:document>")
	}},
	{"many-tables.docx", "30,000 tables", func() []byte {
		return oneDocument("<w:document>" + lines(30_000, func(i int) string {
			return "<w:tbl><w:tr><w:tc><w:p><w:t>ssn</w:t></w:p></w:tc></w:tr><w:tr><w:tc><w:p><w:t>" + number(i) + "</w:t></w:p></w:tc></w:tr></w:tbl>"
		}) + "</w:document>")
	}},
	{"spans.docx", "cells that span two billion", func() []byte {
		return oneDocument("<w:document><w:tbl>" + strings.Repeat(`<w:tr><w:trPr><w:gridBefore w:val="2147483647"/></w:trPr><w:tc><w:tcPr><w:gridSpan w:val="2147483647"/><w:vMerge/></w:tcPr><w:p><w:t>ssn 536-90-4399</w:t></w:p></w:tc></w:tr>`, 20_000))
	}},
	{"tabs.docx", "tabs and breaks", func() []byte {
		return oneDocument("<w:document><w:p>" + strings.Repeat("<w:tab/><w:br/><w:noBreakHyphen/><w:sym w:char='F035'/>", 200_000) + "<w:t>" + secret + "</w:t></w:p>")
	}},
	{"properties.docx", "properties", func() []byte {
		return oneDocument("<w:document/>", part{"docProps/custom.xml", "<Properties>" + lines(60_000, func(i int) string {
			return fmt.Sprintf(`<property name="ssn%d"><vt:lpwstr>%s</vt:lpwstr></property>`, i, number(i))
		}) + "</Properties>"})
	}},
	{"types.docx", "types of 200,000 parts", func() []byte {
		return zipOf(part{"[Content_Types].xml", "<Types>" + lines(200_000, func(i int) string {
			return fmt.Sprintf(`<Override PartName="/word/document%d.xml" ContentType="application/xml"/>`, i)
		}) + "</Types>"}, part{"word/document.xml", "<w:document><w:t>" + secret + "</w:t></w:document>"})
	}},
	{"utf16.docx", "a part in UTF-16", func() []byte {
		return oneDocument("\xff\xfe" + string(utf16Of("<?xml version='1.0'?><w:document>"+lines(20_000, func(i int) string { return "<w:p><w:t>ssn " + number(i) + "</w:t></w:p>" })+"</w:document>")))
	}},
	{"doctype.docx", "entities in a document", func() []byte {
		return oneDocument("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY e0 'ssn 536-90-4399 '>" + lines(40, func(i int) string { return fmt.Sprintf("<!ENTITY e%d '&e%d;&e%d;'>", i+1, i, i) }) + "]><w:document><w:p><w:t>&e40;</w:t></w:p></w:document>")
	}},
	{"diagrams.docx", "diagrams, charts and notes", func() []byte {
		var parts []part
		for i := range 3000 {
			parts = append(parts, part{fmt.Sprintf("word/charts/chart%d.xml", i), "<c:chart><c:pt><c:v>ssn " + number(i) + "</c:v></c:pt></c:chart>"}, part{fmt.Sprintf("word/diagrams/data%d.xml", i), "<dgm:t><a:t>ssn " + number(i) + "</a:t></dgm:t>"})
		}
		return oneDocument("<w:document/>", parts...)
	}},
	{"formulas.ods", "cells with formulas and notes", func() []byte {
		return openDocument("spreadsheet", `<office:document-content><office:body><office:spreadsheet><table:table table:name="a">`+lines(20_000, func(i int) string {
			return `<table:table-row><table:table-cell office:value-type="string" table:formula="of:=&quot;ssn ` + number(i) + `&quot;"><office:annotation><text:p>ssn ` + number(i) + `</text:p></office:annotation></table:table-cell></table:table-row>`
		})+`</table:table></office:spreadsheet></office:body></office:document-content>`)
	}},
	{"changes.odt", "changes that are tracked", func() []byte {
		return openDocument("text", `<office:document-content><office:body><office:text><text:tracked-changes>`+lines(30_000, func(i int) string {
			return `<text:changed-region><text:deletion><text:p>ssn ` + number(i) + `</text:p></text:deletion></text:changed-region>`
		})+`</text:tracked-changes></office:text></office:body></office:document-content>`)
	}},
	{"objects.odt", "3,000 documents in a document", func() []byte {
		var z zipWriter
		z.add("mimetype", 0, []byte("application/vnd.oasis.opendocument.text"), 0)
		for i := range 3000 {
			z.add(fmt.Sprintf("Object %d/content.xml", i), 0, []byte("<office:document-content><office:body><office:text><text:p>ssn "+number(i)+"</text:p></office:text></office:body></office:document-content>"), 0)
		}
		z.add("content.xml", 0, []byte("<office:document-content/>"), 0)
		return z.close()
	}},
	{"encrypted.odt", "a manifest of 100,000 encrypted entries", func() []byte {
		var z zipWriter
		z.add("mimetype", 0, []byte("application/vnd.oasis.opendocument.text"), 0)
		z.add("META-INF/manifest.xml", 0, []byte("<manifest:manifest>"+strings.Repeat(`<manifest:file-entry manifest:full-path="content.xml"><manifest:encryption-data/></manifest:file-entry>`, 40_000)+"</manifest:manifest>"), 0)
		z.add("content.xml", 0, []byte("<office:document-content><text:p>"+secret+"</text:p></office:document-content>"), 0)
		return z.close()
	}},
	{"columns.ods", "columns that repeat in rows that repeat, with values far apart", func() []byte {
		return openDocument("spreadsheet", `<office:document-content><office:body><office:spreadsheet><table:table table:name="a">`+lines(3000, func(i int) string {
			return `<table:table-row>` + strings.Repeat(`<table:table-cell table:number-columns-repeated="2147483647"/><table:table-cell><text:p>`+number(i)+`</text:p></table:table-cell>`, 8) + `</table:table-row>`
		})+`</table:table></office:spreadsheet></office:body></office:document-content>`)
	}},
	// .xls
	{"mixed.xls", "strings that change their width in each record", func() []byte {
		return workbook(book([]string{record(0xfc, uint32(1), uint32(1), uint16(65535), uint8(0)), strings.Repeat(record(0x3c, uint8(1), "s\x00")+record(0x3c, uint8(0), "s"), 100_000)}, record(0xfd, uint16(0), uint16(0), uint16(0), uint32(0))))
	}},
	{"defined.xls", "60,000 names", func() []byte {
		return workbook(book([]string{lines(60_000, func(i int) string {
			return record(0x18, uint16(0), uint8(0), uint8(5), uint16(19), uint16(0), uint16(0), uint32(0), uint8(0), "nname", uint8(0x17), uint8(16), uint8(0), "ssn 536-90-4399x")
		})}, ""))
	}},
	{"cached.xls", "cells of other workbooks", func() []byte {
		return workbook(book([]string{lines(30_000, func(i int) string {
			return record(0x59, uint16(1), uint16(0)) + record(0x5a, uint8(255), uint8(0), uint16(i), strings.Repeat("\x02"+le16(3)+"\x00ssn", 30))
		})}, ""))
	}},
	{"pivot.xls", "items of pivot tables", func() []byte {
		return compound([]stream{{name: "Workbook", data: book(nil, labelCell(0, "x"))}, {name: "0001", data: strings.Repeat(record(0xc7, uint16(1), uint16(0), uint16(0), uint16(0), uint16(1), uint16(0), uint16(0), uint16(3), uint8(0), "ssn")+record(0xcd, uint16(11), uint8(0), "536-90-4399"), 20_000)}}, nil)
	}},
	{"links.xls", "links", func() []byte {
		return workbook(book(nil, lines(30_000, func(i int) string {
			return record(0x1b8, uint16(i), uint16(i), uint16(0), uint16(0), strings.Repeat("\xd0", 16), uint32(2), uint32(0x17), uint32(0x7fffffff), "s\x00s\x00n\x00")
		})))
	}},
	{"rules.xls", "rules of validation", func() []byte {
		return workbook(book(nil, lines(30_000, func(i int) string {
			return record(0x1be, uint32(0), uint16(3), uint8(0), "ssn", uint16(65535), uint8(1), "s\x00", uint16(1), uint8(0), "x")
		})))
	}},
	{"footers.xls", "headers and footers", func() []byte {
		return workbook(book(nil, lines(60_000, func(i int) string {
			return record(0x14, uint16(15), uint8(0), secret) + record(0x15, uint16(65535), uint8(1), "s\x00")
		})))
	}},
	{"texts.xls", "a text of a box in 100,000 records", func() []byte {
		return workbook(book(nil, record(0x1b6, strings.Repeat("\x00", 10), uint16(65535), uint16(65535), uint32(0))+strings.Repeat(record(0x3c, uint8(0), "s"), 100_000)))
	}},
	{"locked.xls", "a workbook that is obfuscated", func() []byte {
		return workbook(bookBegin(5) + record(0x2f, uint16(0), uint16(1), uint16(2)) + strings.Repeat(record(0x204, "sdfsdfsdfsdf"), 60_000) + bookEnd)
	}},
	{"biff5.xls", "an old workbook", func() []byte {
		return compound([]stream{{name: "Book", data: record(0x809, uint16(0x500), uint16(5)) + bookEnd + record(0x809, uint16(0x500), uint16(0x10)) + lines(60_000, func(i int) string {
			return record(0x204, uint16(i), uint16(0), uint16(0), uint16(15), secret) + record(0xd6, uint16(i), uint16(1), uint16(0), uint16(11), number(i), uint8(3), "\x01\x02\x03\x04\x05\x06")
		})}}, nil)
	}},
	{"rk.xls", "numbers", func() []byte {
		return workbook(book(nil, lines(200_000, func(i int) string { return record(0x27e, uint16(i), uint16(i%256), uint16(0), uint32(i<<2|2)) })))
	}},
	{"arrays.xls", "arrays and tables in formulas", func() []byte {
		return workbook(book(nil, lines(40_000, func(i int) string {
			return record(0x06, uint16(i), uint16(1), uint16(0), 536904399.0, uint16(0), uint32(0), uint16(65535), "\x17\xff\x00ssn 536-90-4399") + record(0x221, uint32(0), uint16(0), uint16(0), uint32(0), uint16(65535), "\x20")
		})))
	}},
	// .doc
	{"marks.doc", "marks of fields and cells", func() []byte {
		text := strings.Repeat("\x13\x14\x15\x07\x07\x01\x08", 200_000) + secret
		return compound(word(text, pieces(1, func(int) (uint32, uint32) { return uint32(len(text)), 0x1aa })), nil)
	}},
	{"fields.doc", "fields in one another", func() []byte {
		text := strings.Repeat("\x13 HYPERLINK ssn 536-90-4399 \x14", 40_000)
		return compound(word(text, pieces(1, func(int) (uint32, uint32) { return uint32(len(text)), 0x1aa })), nil)
	}},
	{"cells.doc", "a table of one row", func() []byte {
		text := strings.Repeat("ssn\x07", 60_000) + "\x07" + strings.Repeat("536-90-4399\x07", 60_000)
		return compound(word(text, pieces(1, func(int) (uint32, uint32) { return uint32(len(text)), 0x1aa })), nil)
	}},
	{"one-character-pieces.doc", "300,000 pieces of a character, backwards", func() []byte {
		n := 300_000
		return compound(word(strings.Repeat(secret+" ", 19_000), pieces(n, func(i int) (uint32, uint32) { return 1, 0x1aa + uint32(n-i) })), nil)
	}},
	{"about.doc", "properties of 60,000 strings", func() []byte {
		const n = 60_000
		index := lines(n, func(i int) string { return le32(uint32(i+2)) + le32(uint32(8+8*n)) })
		values := le32(30) + le32(1<<20) + strings.Repeat("ssn 536-90-4399 ", 1<<16)
		sec := le32(uint32(8+len(index)+len(values))) + le32(uint32(n)) + index + values
		return compound(append(word("x", pieces(1, func(int) (uint32, uint32) { return 1, 0x1aa })), stream{name: "\x05SummaryInformation", data: "\xfe\xff\x00\x00\x00\x00\x00\x00" + strings.Repeat("\x00", 16) + le32(1) + strings.Repeat("\xe0", 16) + le32(48) + sec}), nil)
	}},
	{"vectors.doc", "vectors in properties", func() []byte {
		values := le32(0x101e) + le32(0x7fffffff) + strings.Repeat(le32(4)+"ssn\x00", 60_000)
		sec := le32(1<<20) + le32(1) + le32(13) + le32(16) + values
		return compound(append(word("x", pieces(1, func(int) (uint32, uint32) { return 1, 0x1aa })), stream{name: "\x05DocumentSummaryInformation", data: "\xfe\xff\x00\x00\x00\x00\x00\x00" + strings.Repeat("\x00", 16) + le32(1) + strings.Repeat("\xe0", 16) + le32(48) + sec}), nil)
	}},
	{"self-fat.doc", "a table that holds itself at each place", func() []byte {
		return compound(word(numbers(1000), pieces(1, func(int) (uint32, uint32) { return 15000, 0x1aa })), func(o *ole) {
			for i := 1; i < 109; i++ {
				binary.LittleEndian.PutUint32(o.header[76+4*i:], 0)
			}
			binary.LittleEndian.PutUint32(o.header[44:], 0x7fffffff)
		})
	}},
	{"macros-of-copies.xls", "a module of 40 MB of copies of one character", func() []byte {
		return macros(vbaPlain(vbaModules(1, 0)), "\x01"+strings.Repeat("\x03\xb0\x02s\xfc\x0f", 10_000), 1, 0, 0)
	}},
	{"continued.bas.xls", "a source of lines that go on", func() []byte {
		return macros(vbaPlain(vbaModules(1, 0)), vbaPlain(strings.Repeat("x = \"ssn\" & _\r\n", 60_000)), 1, 0, 0)
	}},
	{"strings.bas.xls", "a source of quotes", func() []byte {
		return macros(vbaPlain(vbaModules(1, 0)), vbaPlain(strings.Repeat("\"\"&Chr(53)&", 80_000)), 1, 0, 0)
	}},
	{"slides.ppt", "containers in containers", func() []byte {
		return compound([]stream{{name: "PowerPoint Document", data: strings.Repeat("\x0f\x00\xe8\x03\xff\xff\xff\x7f", 100_000)}}, nil)
	}},
	{"mails.msg", "mails in mails", func() []byte {
		n := 5000
		return compound([]stream{{name: "__properties_version1.0", data: strings.Repeat("\x1f\x00\x00\x10\x06\x00\x00\x00\xff\xff\xff\x7f\x00\x00\x00\x00", 20_000)}}, directory(n+2, func(o *ole, i int) {
			if i == 0 {
				o.entry("Root Entry", 5, links{oleNone, oleNone, 1}, oleEnd, 0)
				return
			}
			if i == n+1 {
				o.entry("__substg1.0_1000001F", 2, links{oleNone, oleNone, oleNone}, 0, 4096)
				return
			}
			o.entry(fmt.Sprintf("__attach_version1.0_#%08x", i)[:24], 1, links{oleNone, oleNone, uint32(i + 1)}, oleEnd, 0)
		}))
	}},
}
