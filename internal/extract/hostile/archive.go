package hostile

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
)

// rels is the part of a workbook that says where its sheets are.
func rels(n int) part {
	return part{"xl/_rels/workbook.xml.rels", "<Relationships>" + lines(n, func(i int) string {
		return fmt.Sprintf(`<Relationship Id="r%d" Target="worksheets/sheet%d.xml"/>`, i, i)
	}) + "</Relationships>"}
}

var types = part{"[Content_Types].xml", "<Types/>"}

var officeFiles = []File{
	{"shared.xlsx", "45,000 cells that share one string of 1 MB", func() []byte {
		return zipOf(types, part{"xl/workbook.xml", `<workbook><sheets><sheet name="a" r:id="r0"/></sheets></workbook>`}, rels(1),
			part{"xl/sharedStrings.xml", "<sst><si><t>" + lines(60_000, func(i int) string { return "ssn " + number(i) + " " }) + "</t></si></sst>"},
			part{"xl/worksheets/sheet0.xml", "<sheetData>" + lines(45_000, func(i int) string { return fmt.Sprintf(`<row r="%d"><c t="s"><v>0</v></c></row>`, i+1) }) + "</sheetData>"})
	}},
	{"sheets.xlsx", "a sheet that is named 19,000 times", func() []byte {
		return zipOf(types, part{"xl/workbook.xml", "<workbook><sheets>" + strings.Repeat(`<sheet name="a" r:id="r0"/>`, 19_000) + "</sheets></workbook>"}, rels(1),
			part{"xl/worksheets/sheet0.xml", "<sheetData>" + lines(2000, func(i int) string {
				return fmt.Sprintf(`<row r="%d"><c t="inlineStr"><is><t>ssn %s</t></is></c></row>`, i+1, number(i))
			}) + "</sheetData>"})
	}},
	{"sheet-names.xlsx", "200,000 sheets with names of 200 characters", func() []byte {
		return zipOf(types, part{"xl/workbook.xml", "<workbook><sheets>" + lines(200_000, func(i int) string {
			return fmt.Sprintf(`<sheet name="%0200d" r:id="r0"/>`, i)
		}) + "</sheets></workbook>"}, rels(1), part{"xl/worksheets/sheet0.xml", "<sheetData/>"})
	}},
	{"strings.xlsx", "a million shared strings", func() []byte {
		return zipOf(types, part{"xl/workbook.xml", `<workbook><sheets><sheet name="a" r:id="r0"/></sheets></workbook>`}, rels(1),
			part{"xl/sharedStrings.xml", "<sst>" + strings.Repeat("<si><t>some words here</t></si>", 1_000_000) + "</sst>"},
			part{"xl/worksheets/sheet0.xml", `<sheetData><row r="1"><c t="s"><v>0</v></c></row></sheetData>`})
	}},
	{"formats.xlsx", "10,000 formats of numbers with 1,000 characters each, and a million shared strings", func() []byte {
		return zipOf(types, part{"xl/workbook.xml", `<workbook><sheets><sheet name="a" r:id="r0"/></sheets></workbook>`}, rels(1),
			part{"xl/styles.xml", "<styleSheet><numFmts>" + lines(10_000, func(i int) string {
				return fmt.Sprintf(`<numFmt numFmtId="%d" formatCode="%s"/>`, i+200, strings.Repeat("0-", 510))
			}) + "</numFmts><cellXfs>" + lines(100_000, func(i int) string { return fmt.Sprintf(`<xf numFmtId="%d"/>`, i%10_000+200) }) + "</cellXfs></styleSheet>"},
			part{"xl/sharedStrings.xml", "<sst>" + strings.Repeat("<si><t>some words here</t></si>", 1_000_000) + "</sst>"},
			part{"xl/worksheets/sheet0.xml", `<sheetData><row r="1"><c t="s"><v>0</v></c></row></sheetData>`})
	}},
	{"small-parts.docx", "19,000 parts of a few bytes each", func() []byte {
		parts := []part{types, {"word/document.xml", "<w:document/>"}}
		for i := range 19_000 {
			parts = append(parts, part{fmt.Sprintf("word/header%d.xml", i), "<w:hdr><w:p><w:t>ssn " + number(i) + "</w:t></w:p></w:hdr>"})
		}
		return zipOf(parts...)
	}},
	{"label.docx", "a property with a name of 60 KB and a million values", func() []byte {
		return zipOf(types, part{"word/document.xml", "<w:document/>"},
			part{"docProps/custom.xml", `<Properties><property name="` + strings.Repeat("ssn ", 15_000) + `">` + strings.Repeat("<vt:i4/>1", 1_000_000) + "</property></Properties>"})
	}},
	{"headers.xlsx", "40 sheets of 16,000 columns with long names", func() []byte {
		parts := []part{types, {"xl/workbook.xml", "<workbook><sheets>" + lines(40, func(i int) string { return fmt.Sprintf(`<sheet name="a%d" r:id="r%d"/>`, i, i) }) + "</sheets></workbook>"}, rels(40)}
		row := lines(16_000, func(i int) string {
			return fmt.Sprintf(`<c t="inlineStr"><is><t>ssn %c%c %s</t></is></c>`, 'a'+i%26, 'a'+i/26%26, strings.Repeat("n", 180))
		})
		for i := range 40 {
			parts = append(parts, part{fmt.Sprintf("xl/worksheets/sheet%d.xml", i), `<sheetData><row r="1">` + row + `</row><row r="2"><c><v>1</v></c></row></sheetData>`})
		}
		return zipOf(parts...)
	}},
	{"repeated.ods", "rows and cells that say that they stand for millions", func() []byte {
		cells := lines(3000, func(i int) string {
			return `<table:table-row table:number-rows-repeated="1048576"><table:table-cell table:number-columns-repeated="16384"><text:p>ssn ` + number(i) + `</text:p></table:table-cell></table:table-row>`
		})
		return openDocument("spreadsheet", `<office:document-content><office:body><office:spreadsheet><table:table table:name="a">`+cells+`</table:table></office:spreadsheet></office:body></office:document-content>`)
	}},
	{"spaces.odt", "spaces that say that they are billions", func() []byte {
		return openDocument("text", `<office:document-content><office:body><office:text>`+lines(3000, func(i int) string {
			return `<text:p>ssn ` + number(i) + `<text:s text:c="2147483647"/></text:p>`
		})+`</office:text></office:body></office:document-content>`)
	}},
	{"nested.docx", "paragraphs, boxes and choices in one another 50,000 deep", func() []byte {
		return zipOf(types, part{"word/document.xml", strings.Repeat("<w:p><w:r><mc:AlternateContent><mc:Choice><w:txbxContent>", 50_000) + "<w:t>ssn 536-90-4399</w:t>"})
	}},
	{"same-slides.pptx", "3,000 slides that are one", func() []byte {
		var z zipWriter
		z.add("[Content_Types].xml", 0, []byte("<Types/>"), 0)
		z.add("ppt/presentation.xml", 0, []byte("<p:presentation/>"), 0)
		body := []byte("<p:sld><a:p><a:r><a:t>" + lines(20_000, func(i int) string { return "ssn " + number(i) + " " }) + "</a:t></a:r></a:p></p:sld>")
		at := z.add("ppt/slides/slide1.xml", 0, body, 0)
		for i := range 3000 {
			z.entry(fmt.Sprintf("ppt/slides/slide%d.xml", i+2), 0, body, at)
		}
		return z.close()
	}},
	{"part.docx", "a part that inflates a thousandfold", func() []byte {
		return zipOf(types, part{"word/document.xml", "<w:p><w:t>" + strings.Repeat("a", 100<<20)})
	}},
	{"names.docx", "19,000 parts with names of 60 KB, packed", func() []byte {
		var z zipWriter
		z.add("[Content_Types].xml", 0, nil, 0)
		at := z.add("word/document.xml", 0, []byte("<w:p><w:t>x</w:t></w:p>"), 0)
		for i := range 19_000 {
			z.entry(fmt.Sprintf("word/document%d%s.xml", i, strings.Repeat("n", 60_000)), 0, []byte("x"), at)
			if z.dir.Len() > 200<<20 {
				break
			}
		}
		return gzipOf(z.close())
	}},
	{"same-parts.docx", "5,000 parts that are one", func() []byte {
		var z zipWriter
		z.add("[Content_Types].xml", 0, nil, 0)
		body := []byte("<w:p><w:t>" + lines(20_000, func(i int) string { return "ssn " + number(i) + " " }) + "</w:t></w:p>")
		at := z.add("word/document.xml", 0, body, 0)
		for i := range 5000 {
			z.entry(fmt.Sprintf("word/document%d.xml", i), 0, body, at)
		}
		return z.close()
	}},
}

// openDocument is a file of OpenDocument, whose first part says what it is.
func openDocument(kind, content string) []byte {
	var z zipWriter
	z.add("mimetype", 0, []byte("application/vnd.oasis.opendocument."+kind), 0)
	z.add("content.xml", 0, []byte(content), 0)
	return z.close()
}

// zipWriter writes zips that archive/zip would not.
type zipWriter struct {
	out, dir bytes.Buffer
	n        int
}

// add writes a local header and content, stored as it is, and the entry in the directory.
func (z *zipWriter) add(name string, _ int, content []byte, gap int) (at int) {
	at = z.out.Len()
	var h [30]byte
	copy(h[:], "PK\x03\x04")
	binary.LittleEndian.PutUint32(h[14:], crc32.ChecksumIEEE(content))
	binary.LittleEndian.PutUint32(h[18:], uint32(len(content)))
	binary.LittleEndian.PutUint32(h[22:], uint32(len(content)))
	binary.LittleEndian.PutUint16(h[26:], uint16(len(name)))
	z.out.Write(h[:])
	z.out.WriteString(name)
	z.out.Write(content)
	z.out.Write(make([]byte, gap))
	z.entry(name, 0, content, at)
	return at
}

// entry writes an entry of the directory, for what is at a place.
func (z *zipWriter) entry(name string, method uint16, content []byte, at int) {
	var h [46]byte
	copy(h[:], "PK\x01\x02")
	binary.LittleEndian.PutUint16(h[10:], method)
	binary.LittleEndian.PutUint32(h[16:], crc32.ChecksumIEEE(content))
	binary.LittleEndian.PutUint32(h[20:], uint32(len(content)))
	binary.LittleEndian.PutUint32(h[24:], uint32(len(content)))
	binary.LittleEndian.PutUint16(h[28:], uint16(len(name)))
	binary.LittleEndian.PutUint32(h[42:], uint32(at))
	z.dir.Write(h[:])
	z.dir.WriteString(name)
	z.n++
}

func (z *zipWriter) close() []byte {
	at, size := z.out.Len(), z.dir.Len()
	z.out.Write(z.dir.Bytes())
	var h [22]byte
	copy(h[:], "PK\x05\x06")
	binary.LittleEndian.PutUint16(h[8:], uint16(z.n))
	binary.LittleEndian.PutUint16(h[10:], uint16(z.n))
	binary.LittleEndian.PutUint32(h[12:], uint32(size))
	binary.LittleEndian.PutUint32(h[16:], uint32(at))
	z.out.Write(h[:])
	return z.out.Bytes()
}

var archiveFiles = []File{
	{"overlap.zip", "1,000 entries that are one slow PDF", func() []byte {
		var z zipWriter
		pdf := []byte("%PDF-1.4\n" + strings.Repeat("trailer(", 4000))
		at := z.add("a.pdf", 0, pdf, 0)
		for i := range 1000 {
			z.entry(fmt.Sprintf("%d.pdf", i), 0, pdf, at)
		}
		return z.close()
	}},
	{"members-of-bzip2.zip", "5,000 files of a few bytes each, each of which needs a decoder of 4 MB", func() []byte {
		const one = "BZh91AY&SY\t|&\xcc\x00\x00\a\x19\x80@\x02O \x00\x01\b\x00 \x001\x000 \x06\xd4\x14\x80H\x98\xceh\xf1w$S\x85\t\x00\x97\xc2l\xc0"
		var parts []part
		for i := range 5000 {
			parts = append(parts, part{fmt.Sprintf("%d.txt.bz2", i), one})
		}
		return zipOf(parts...)
	}},
	{"staircase.zip", "1,000 entries, each a little shorter than the one that it lies in", func() []byte {
		var z zipWriter
		var inner []byte
		for i := range 1000 {
			var one zipWriter
			name := fmt.Sprintf("%d.txt", 999-i)
			one.add(name, 0, inner, 0)
			inner = one.out.Bytes()
		}
		full := inner
		for at := 0; at < len(full) && z.n < 1000; {
			n := int(binary.LittleEndian.Uint32(full[at+18:]))
			name := int(binary.LittleEndian.Uint16(full[at+26:]))
			start := at + 30 + name
			if start+n > len(full) {
				break
			}
			z.entry(string(full[at+30:start]), 0, full[start:start+n], at)
			at = start
		}
		z.out.Write(full)
		return z.close()
	}},
	{"backwards.zip", "60,000 entries from the last to the first, apart from one another", func() []byte {
		var z, turned zipWriter
		var at [60_000]int
		for i := range at {
			at[i] = z.add(fmt.Sprint(i), 0, []byte("x"), 40)
		}
		for i := len(at) - 1; i >= 0; i-- {
			turned.entry(fmt.Sprint(i), 0, []byte("x"), at[i])
		}
		turned.out = z.out
		return turned.close()
	}},
	{"members.zip", "60,000 files of a few bytes each, in which something is found", func() []byte {
		var z zipWriter
		for i := range 60_000 {
			z.add(fmt.Sprintf("%d.txt", i), 0, []byte("ssn "+number(i)), 0)
		}
		return z.close()
	}},
	{"long-names.tar.gz", "files with names of 900 characters", func() []byte {
		var b bytes.Buffer
		t := tar.NewWriter(&b)
		for i := range 10_000 {
			body := "ssn " + number(i)
			if err := t.WriteHeader(&tar.Header{Name: fmt.Sprintf("%0900d.txt", i), Mode: 0o600, Size: int64(len(body)), Format: tar.FormatPAX}); err != nil {
				panic(err)
			}
			if _, err := t.Write([]byte(body)); err != nil {
				panic(err)
			}
		}
		if err := t.Close(); err != nil {
			panic(err)
		}
		return gzipOf(b.Bytes())
	}},
	{"text.txt.gz", "200 MB of values in a file of 2 MB", func() []byte {
		return gzipOf([]byte(strings.Repeat(lines(1000, func(i int) string { return "ssn " + number(i) + "\n" }), 12_000)))
	}},
	{"open-objects.pdf.gz", "1,500 objects of a PDF that do not end, packed", func() []byte {
		return gzipOf([]byte("%PDF-1.4\n" + lines(1500, func(i int) string { return fmt.Sprintf("%d 0 obj<</A[", i+1) + strings.Repeat("(", 500) })))
	}},
	{"ends.zip", "a comment of 2,900 ends that lead all over the file", func() []byte {
		var z zipWriter
		z.add("a.bin", 0, make([]byte, 4<<20), 0)
		for i := range 2000 { // what looks like directories
			z.add(fmt.Sprint(i), 0, []byte("PK\x01\x02"), 100)
		}
		data := z.close()
		comment := lines(2900, func(i int) string {
			var h [22]byte
			copy(h[:], "PK\x05\x06")
			binary.LittleEndian.PutUint16(h[10:], uint16(i+1))
			binary.LittleEndian.PutUint32(h[16:], uint32(i*1400))
			return string(h[:])
		})
		binary.LittleEndian.PutUint16(data[len(data)-2:], uint16(len(comment)))
		return append(data, comment...)
	}},
	{"tars.tar.gz", "200,000 archives of an empty file behind one another", func() []byte {
		var b bytes.Buffer
		t := tar.NewWriter(&b)
		if err := t.WriteHeader(&tar.Header{Name: "a", Mode: 0o600}); err != nil {
			panic(err)
		}
		if err := t.Close(); err != nil {
			panic(err)
		}
		return gzipOf(bytes.Repeat(b.Bytes(), 100_000))
	}},
	{"attributes.dat", "a mail of Outlook's with a million attributes, most of them said to be long", func() []byte {
		return []byte("\x78\x9f\x3e\x22\x01\x00" + strings.Repeat("\x02\x05\x90\x06\x00\x00\x00\x00\x00\x00\x00", 500_000) +
			strings.Repeat("\x02\x0f\x80\x06\x00\x04\x00\x00\x00abcd\x00\x00\x02\x02\x90\x06\x00\xff\xff\xff\x7f", 20_000))
	}},
	{"in-one-another.gz", "a file packed nine times", func() []byte {
		data := bytes.Repeat([]byte("a"), 200<<20)
		for range 9 {
			data = gzipOf(data)
		}
		return data
	}},
	{"zips-in-zips.zip", "zips in zips, each with ten of the next", func() []byte {
		data := zipOf(part{"a.txt", lines(200, func(i int) string { return "ssn " + number(i) + "\n" })})
		for range 6 {
			var parts []part
			for i := range 10 {
				parts = append(parts, part{fmt.Sprintf("%d.zip", i), string(data)})
			}
			data = zipOf(parts...)
		}
		return data
	}},
}
