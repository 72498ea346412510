package hostile

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// markupShapes are markup, RTF, mails and dumps.
var markupShapes = []File{
	{"parameters.xml", "parameter entities in one another", func() []byte {
		return []byte("<?xml version='1.0'?><!DOCTYPE a [" + lines(2000, func(i int) string { return fmt.Sprintf("<!ENTITY %% p%d '%%p%d;%%p%d;ssn 536-90-4399'>", i, i+1, i+1) }) + strings.Repeat("%p0;", 20_000) + "]><a>&p0;" + secret + "</a>")
	}},
	{"doubling.xml", "entities that double, used in attributes", func() []byte {
		return []byte("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY e0 'ssn 536-90-4399 '>" + lines(40, func(i int) string { return fmt.Sprintf("<!ENTITY e%d '&e%d;&e%d;'>", i+1, i, i) }) + "]><a b='&e40;'>&e40;</a>")
	}},
	{"used-often.xml", "one long entity, used 100,000 times", func() []byte {
		return []byte("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY e '" + strings.Repeat("ssn 536-90-4399 ", 4000) + "'>]><a>" + strings.Repeat("&e;", 100_000) + "</a>")
	}},
	{"entity-names.xml", "entities with names that begin alike", func() []byte {
		n := strings.Repeat("n", 200)
		return []byte("<?xml version='1.0'?><!DOCTYPE a [" + lines(5000, func(i int) string { return fmt.Sprintf("<!ENTITY %s%d 'x'>", n, i) }) + "]><a>" + lines(5000, func(i int) string { return fmt.Sprintf("&%s%d;", n, i) }) + secret + "</a>")
	}},
	{"attlist.xml", "defaults of attributes", func() []byte {
		return []byte("<?xml version='1.0'?><!DOCTYPE a [" + lines(60_000, func(i int) string { return fmt.Sprintf("<!ATTLIST a b%d CDATA '%s'>", i, number(i)) }) + "]><a/>")
	}},
	{"subset.xml", "a DTD that does not end", func() []byte {
		return []byte("<?xml version='1.0'?><!DOCTYPE a [" + strings.Repeat("<!ENTITY a \"'[<!--", 60_000))
	}},
	{"conditional.xml", "sections that are included", func() []byte {
		return []byte("<?xml version='1.0'?><!DOCTYPE a [" + strings.Repeat("<![INCLUDE[", 100_000) + secret + "]><a/>")
	}},
	{"one-tag.xml", "100,000 attributes in a tag", func() []byte {
		return []byte("<?xml version='1.0'?><a" + lines(60_000, func(i int) string { return fmt.Sprintf(" ssn%d='%s'", i, number(i)) }) + "/>")
	}},
	{"same-children.xml", "60,000 elements of one name and other paths", func() []byte {
		return []byte("<?xml version='1.0'?><r>" + lines(60_000, func(i int) string { return "<p><ssn>" + number(i) + "</ssn></p>" }) + "</r>")
	}},
	{"zigzag.xml", "depth that goes up and down by 5,000", func() []byte {
		return []byte("<?xml version='1.0'?><r>" + strings.Repeat(strings.Repeat("<ssn>", 5000)+number(1)+strings.Repeat("</ssn>", 5000), 12) + "</r>")
	}},
	{"unclosed.html", "items that do not end", func() []byte {
		return []byte("<html>" + strings.Repeat("<li><p><option><td><b><i>ssn 536-90-4399 ", 30_000))
	}},
	{"entity.html", "names of characters that do not end", func() []byte {
		return []byte("<html>" + strings.Repeat("&CounterClockwiseContourIntegra", 40_000) + secret)
	}},
	{"long-entity.html", "a name of a character of a megabyte", func() []byte { return []byte("<html>&" + strings.Repeat("a", 1_500_000) + " " + secret) }},
	{"rawtext.html", "text areas, titles and templates", func() []byte {
		return []byte("<html>" + strings.Repeat("<textarea><title><plaintext><noscript><xmp>"+secret, 20_000))
	}},
	{"svg.html", "SVG in HTML in SVG", func() []byte {
		return []byte("<html>" + strings.Repeat("<svg><foreignObject><math><annotation-xml>"+secret, 20_000))
	}},
	{"rows.html", "a table of 20,000 columns", func() []byte {
		return []byte("<html><table><tr>" + lines(20_000, func(i int) string { return fmt.Sprintf("<th>ssn%d", i) }) + strings.Repeat("<tr>"+strings.Repeat("<td>536-90-4399", 20_000), 3))
	}},
	{"slashes.html", "slashes and equals signs in a tag", func() []byte { return []byte("<html><a " + strings.Repeat("/=/ = ", 300_000) + ">" + secret) }},
	{"conditional-comments.html", "conditional comments", func() []byte {
		return []byte("<html>" + strings.Repeat("<!--[if mso]>ssn 536-90-4399<![endif]-->", 30_000))
	}},
	{"flat.xml", "flat OPC of 10,000 parts", func() []byte {
		return []byte(`<?xml version="1.0"?><?mso-application progid="Word.Document"?><pkg:package xmlns:pkg="http://schemas.microsoft.com/office/2006/xmlPackage">` + lines(10_000, func(i int) string {
			return fmt.Sprintf(`<pkg:part pkg:name="/word/embeddings/a%d.bin"><pkg:binaryData>%s</pkg:binaryData></pkg:part>`, i, base64.StdEncoding.EncodeToString([]byte("ssn "+number(i))))
		}) + `</pkg:package>`)
	}},
	{"flat-in-flat.xml", "flat OPC in flat OPC", func() []byte {
		s := []byte(secret)
		for range 8 {
			s = []byte(`<?xml version="1.0"?><?mso-application progid="Word.Document"?><pkg:package xmlns:pkg="http://schemas.microsoft.com/office/2006/xmlPackage">` + strings.Repeat(`<pkg:part pkg:name="/word/embeddings/a.xml"><pkg:binaryData>`+base64.StdEncoding.EncodeToString(s)+`</pkg:binaryData></pkg:part>`, 2) + `</pkg:package>`)
		}
		return s
	}},
	{"flat.fods", "cells that repeat, and pictures", func() []byte {
		return []byte(`<?xml version="1.0"?><office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" office:mimetype="application/vnd.oasis.opendocument.spreadsheet"><office:body><office:spreadsheet><table:table table:name="a">` + lines(20_000, func(i int) string {
			return `<table:table-row table:number-rows-repeated="1048576"><table:table-cell table:number-columns-repeated="16384"><text:p>ssn ` + number(i) + `</text:p><draw:image><office:binary-data>c3Nu</office:binary-data></draw:image></table:table-cell></table:table-row>`
		}) + `</table:table></office:spreadsheet></office:body></office:document>`)
	}},
	{"sheet2003.xml", "cells that say where they are", func() []byte {
		return []byte(`<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="a"><Table>` + lines(30_000, func(i int) string {
			return `<Row ss:Index="2147483647" ss:Span="9999999"><Cell ss:Index="16384" ss:MergeAcross="65535"><Data ss:Type="String">ssn ` + number(i) + `</Data></Cell></Row>`
		}) + `</Table></Worksheet></Workbook>`)
	}},
	{"word2003.xml", "a document with 10,000 pictures", func() []byte {
		return []byte(`<?xml version="1.0"?><?mso-application progid="Word.Document"?><w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml"><w:body>` + lines(10_000, func(i int) string {
			return `<w:p><w:r><w:t>ssn ` + number(i) + `</w:t></w:r><w:binData w:name="a.bin">c3NuIDUzNi05MC00Mzk5</w:binData></w:p>`
		}) + `</w:body></w:wordDocument>`)
	}},
	// RTF
	{"styles.rtf", "styles", func() []byte {
		return []byte(`{\rtf1\ansi{\stylesheet` + lines(60_000, func(i int) string { return fmt.Sprintf(`{\s%d ssn%d;}`, i, i) }) + `}` + secret + `}`)
	}},
	{"either.rtf", "either this or that, in one another", func() []byte { return []byte(`{\rtf1 ` + strings.Repeat(`{\upr{`+secret+`}{\*\ud{`, 30_000)) }},
	{"lead-bytes.rtf", "lead bytes of Japanese", func() []byte {
		return []byte(`{\rtf1\ansi\ansicpg932{\fonttbl{\f0\fcharset128 a;}}\f0 ` + strings.Repeat(`\'81`, 300_000) + ` ` + secret + `}`)
	}},
	{"halves.rtf", "halves of characters", func() []byte {
		return []byte(`{\rtf1\uc0 ` + strings.Repeat(`\u-10240 \u-8192 `, 100_000) + secret + `}`)
	}},
	{"bomb-object.rtf", "a bomb in an object", func() []byte {
		z := string(zipOf(part{"a.txt", strings.Repeat("ssn 536-90-4399 ", 3<<20)}))
		one := fmt.Sprintf(`{\object{\*\objdata 0105000002000000080000005061636b61676500 0000000000000000 %s %x}}`, little(len(z)), z)
		return []byte(`{\rtf1 ` + strings.Repeat(one, 20) + `}`)
	}},
	{"odd-hex.rtf", "hexadecimal digits that are odd, in objects", func() []byte {
		return []byte(`{\rtf1 ` + strings.Repeat(`{\object{\*\objdata 010500000200000}}`, 40_000) + secret + `}`)
	}},
	{"cells.rtf", "rows of cells that end nowhere", func() []byte {
		return []byte(`{\rtf1 ` + strings.Repeat(`\trowd\cellx1 536-90-4399\cell`, 40_000) + `}`)
	}},
	{"lists.rtf", "lists in lists", func() []byte {
		return []byte(`{\rtf1 {\listtable` + strings.Repeat(`{\list{\listlevel{\leveltext ssn 536-90-4399;}}`, 30_000) + `}`)
	}},
	// mail
	{"nested-comments.eml", "comments in comments in a header", func() []byte { return mailOf("Cc: "+strings.Repeat("(", 400_000)+secret, secret) }},
	{"recipients.eml", "100,000 recipients", func() []byte {
		return mailOf("Cc: "+lines(60_000, func(i int) string { return fmt.Sprintf("a%d@example.com,\r\n ", i) })+"x", secret)
	}},
	{"quoted-names.eml", "quotes in a header", func() []byte { return mailOf("Cc: \""+strings.Repeat(`\"`, 400_000)+"\" <a@example.com>", secret) }},
	{"prefixes.eml", "1,000 multiparts in one another, whose boundaries begin alike, and lines that begin so", func() []byte {
		var b strings.Builder
		n := 1000
		b.WriteString(mailHead + "Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n")
		for i := 1; i <= n; i++ {
			fmt.Fprintf(&b, "--%s\r\nContent-Type: multipart/mixed; boundary=\"%s\"\r\n\r\n", strings.Repeat("b", i), strings.Repeat("b", i+1))
		}
		fmt.Fprintf(&b, "--%s\r\n\r\n", strings.Repeat("b", n+1))
		b.WriteString(strings.Repeat("--bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbx ssn 536-90-4399\r\n", 12_000))
		return []byte(b.String())
	}},
	{"many-boundaries.eml", "900 multiparts in one another, and lines of dashes", func() []byte {
		var b strings.Builder
		b.WriteString(mailHead + "Content-Type: multipart/mixed; boundary=\"b0\"\r\n\r\n")
		n := 20_000
		for i := 0; i < n; i++ {
			fmt.Fprintf(&b, "--b%d\r\nContent-Type: multipart/mixed; boundary=\"b%d\"\r\n\r\n", i, i+1)
		}
		b.WriteString(strings.Repeat("--x\r\n", 100_000) + secret)
		return []byte(b.String())
	}},
	{"header-after-header.eml", "headers of parts without bodies", func() []byte {
		return mailOf("Content-Type: multipart/mixed; boundary=b", strings.Repeat("--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n", 15_000)+"--b--\r\n"+secret)
	}},
	{"filename.eml", "a name of a file in 30,000 pieces", func() []byte {
		return mailOf("Content-Type: multipart/mixed; boundary=b", "--b\r\nContent-Disposition: attachment"+lines(30_000, func(i int) string { return fmt.Sprintf(";\r\n filename*%d*=%%73", i) })+"\r\n\r\n"+secret+"\r\n--b--")
	}},
	{"half-words.eml", "encoded words that are halves of characters", func() []byte {
		return mailOf("Subject:"+strings.Repeat(" =?utf-8?b?w7?= =?gb18030?q?=81?=", 24_000), secret)
	}},
	{"received.eml", "a header folded 200,000 times", func() []byte { return mailOf("Received: a"+strings.Repeat("\r\n b", 200_000), secret) }},
	{"not-quoted.eml", "quoted-printable that is none", func() []byte {
		return mailOf("Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable", strings.Repeat("==3D=3=\n<b>", 150_000)+secret)
	}},
	{"partial.eml", "pieces of mails", func() []byte {
		return mailOf("Content-Type: multipart/digest; boundary=b", strings.Repeat("--b\r\n\r\nSubject: "+secret+"\r\n\r\nx\r\n", 20_000))
	}},
	{"zips.eml", "2,000 zips attached", func() []byte {
		z := base64.StdEncoding.EncodeToString(zipOf(part{"a.txt", secret}))
		return mailOf("Content-Type: multipart/mixed; boundary=b", strings.Repeat("--b\r\nContent-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n"+z+"\r\n", 3000))
	}},
	{"from.mbox", "beginnings of mails", func() []byte {
		return []byte(strings.Repeat("From a@example.com Mon Jan  2 15:04:05 2006\n\n", 50_000) + secret)
	}},
	{"page.mhtml", "a page of 20,000 parts", func() []byte {
		return mailOf("Content-Type: multipart/related; boundary=b; type=\"text/html\"", strings.Repeat("--b\r\nContent-Type: text/html\r\nContent-Location: http://example.com/\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<html><p>ssn 536-90-4399</p>=\r\n", 9000))
	}},
	{"hz-alone.eml", "text in HZ", func() []byte {
		return mailOf("Content-Type: text/plain; charset=hz-gb-2312", "~{<:Ky2;~} "+secret+"\n")
	}},
	{"korean.eml", "text in ISO-2022-KR", func() []byte {
		return mailOf("Content-Type: text/plain; charset=iso-2022-kr", "\x1b$)C\n\x0e<R\x0f "+secret+"\n")
	}},
	{"uu-lengths.txt", "lines of uuencode that say that they are longer", func() []byte { return []byte("begin 644 a.txt\n" + strings.Repeat("M\n", 300_000) + "`\nend\n") }},
	{"uu-files.txt", "files of uuencode behind one another", func() []byte { return []byte(strings.Repeat("begin 644 a.txt\n#<W-N\n`\nend\n", 40_000)) }},
	{"rtf.dat", "TNEF with compressed RTF", func() []byte {
		return []byte("\x78\x9f\x3e\x22\x01\x00" + strings.Repeat("\x01\x03\x90\x06\x00\x20\x00\x00\x00\x01\x00\x00\x00\x02\x01\x09\x10\x01\x00\x00\x00\x10\x00\x00\x00\xff\xff\xff\x7f\xff\xff\xff\x7fLZFu\x00\x00", 15_000))
	}},
	{"properties.dat", "TNEF with properties that say that there are billions", func() []byte {
		return []byte("\x78\x9f\x3e\x22\x01\x00" + strings.Repeat("\x01\x03\x90\x06\x00\x20\x00\x00\x00\xff\xff\xff\x7f\x1f\x10\x09\x10\xff\xff\xff\x7f\x10\x00\x00\x00ssn 536-90-4399\x00\x00\x00", 15_000))
	}},
	// SQL
	{"hex.sql", "a blob of megabytes", func() []byte {
		return []byte("INSERT INTO t (ssn) VALUES (X'" + strings.Repeat("3533362d39302d34333939", 100_000) + "');\n")
	}},
	{"brackets.sql", "quotes of Oracle's that do not end", func() []byte { return []byte("INSERT INTO t (ssn) VALUES (" + strings.Repeat("q'[", 400_000) + secret) }},
	{"delimiters.sql", "delimiters", func() []byte {
		return []byte(lines(40_000, func(i int) string { return fmt.Sprintf("DELIMITER $%d\nSELECT 1 $%d\n", i, i) }) + "INSERT INTO t (ssn) VALUES ('536-90-4399');")
	}},
	{"set.sql", "values that are set by name", func() []byte {
		return []byte(lines(20_000, func(i int) string {
			return fmt.Sprintf("INSERT INTO t SET ssn%d='%s', b=1;\nUPDATE t SET ssn='%s' WHERE a=1;\n", i, number(i), number(i))
		}))
	}},
	{"escapes.sql", "escapes in COPY", func() []byte {
		return []byte("COPY t (ssn) FROM stdin;\n" + strings.Repeat(`\\\N\x41\101`, 150_000) + "\n536-90-4399\n\\.\n")
	}},
	{"long-insert.sql", "rows of 400 columns", func() []byte {
		cols := strings.TrimSuffix(lines(400, func(i int) string { return fmt.Sprintf("ssn%d,", i) }), ",")
		row := "(" + strings.TrimSuffix(lines(400, func(i int) string { return "'" + number(i) + "'," }), ",") + "),\n"
		return []byte("INSERT INTO t (" + cols + ") VALUES\n" + strings.Repeat(row, 250))
	}},
	{"long-names.sql", "many statements whose names are long", func() []byte {
		name := strings.Repeat("ssn", 20_000)
		return []byte(lines(20, func(i int) string {
			return "INSERT INTO t (" + name + ") VALUES (" + strings.Repeat("'536-90-4399'),(", 200) + "1);\n"
		}))
	}},
	{"defaults.sql", "columns with expressions in one another", func() []byte {
		return []byte("CREATE TABLE t (ssn int DEFAULT " + strings.Repeat("(CASE WHEN 1 THEN ", 60_000) + "1);\n")
	}},
	{"identifiers.sql", "parts of names", func() []byte {
		return []byte("INSERT INTO " + strings.Repeat("a.", 500_000) + "b (ssn) VALUES ('536-90-4399');\n")
	}},
	{"casts.sql", "casts and operators between values", func() []byte {
		return []byte("INSERT INTO t (ssn) VALUES (" + strings.Repeat("'536-90-4399'::text || ", 50_000) + "1);\n")
	}},
}
