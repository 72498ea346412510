package hostile

import (
	"encoding/base64"
	"fmt"
	"strings"
)

var jsonFiles = []File{
	{"deep-long-names.json", "240 names of 1 KB lead to 4,000 values", func() []byte {
		return nested(240, func(i int) string { return fmt.Sprintf("ssn %03d %s", i, strings.Repeat("n", 1000)) },
			lines(4000, func(i int) string { return fmt.Sprintf(`"ssn%d":"%s",`, i, number(i)) }))
	}},
	{"deep-short-names.json", "250 names lead to 60,000 values", func() []byte {
		return nested(250, func(int) string { return "ssn" }, lines(60_000, func(i int) string { return fmt.Sprintf(`"ssn%x":%d,`, i, 536904399+i) }))
	}},
	{"deep-names-apart.json", "objects 250 levels deep, one after the other, whose names all differ", func() []byte {
		return []byte("[" + strings.TrimSuffix(lines(400, func(i int) string {
			return lines(250, func(k int) string { return fmt.Sprintf(`{"ssn%d":`, i*250+k) }) + `"` + number(i) + `"` + strings.Repeat("}", 250) + ","
		}), ",") + "]")
	}},
	{"wide-names.json", "100,000 names that differ and matter", func() []byte {
		return []byte("{" + strings.TrimSuffix(lines(100_000, func(i int) string { return fmt.Sprintf(`"ssn %d":"%s",`, i, number(i)) }), ",") + "}")
	}},
	{"long-names.json", "names of 100 KB that are full of keywords", func() []byte {
		name := strings.Repeat("social security number ", 4500)
		return []byte("{" + strings.TrimSuffix(lines(10, func(i int) string { return fmt.Sprintf(`"%s%d":"%s",`, name, i, number(i)) }), ",") + "}")
	}},
	{"one-string.json", "a string of 1 MB with a quote and a value everywhere", func() []byte {
		return []byte(`{"ssn":"` + lines(60_000, func(i int) string { return `\" ` + number(i) + ` ` }) + `"}`)
	}},
	{"open-string.json", "a string that does not end, full of backslashes", func() []byte {
		return []byte(`{"ssn":"` + lines(60_000, func(i int) string { return number(i) + `\\\\\\\"` }))
	}},
	{"deep-arrays.json", "lists 255 deep, over and over", func() []byte {
		return []byte("[" + strings.TrimSuffix(strings.Repeat(strings.Repeat("[", 250)+"1"+strings.Repeat("]", 250)+",", 2000), ",") + "]")
	}},
	{"one-line.jsonl", "a line of 1 MB that is no JSON", func() []byte {
		return []byte("{\"a\":1}\n{\"b\":2}\n{\"ssn\" " + lines(60_000, func(i int) string { return number(i) + ` ` }))
	}},
	{"colons.json", "names, spaces and colons in no order", func() []byte {
		return []byte(`{"a":[` + strings.Repeat(`"ssn"    :`, 100_000))
	}},
}

// nested puts members at the end of a way of names.
func nested(depth int, name func(i int) string, members string) []byte {
	return []byte(lines(depth, func(i int) string { return fmt.Sprintf(`{"%s":`, name(i)) }) + "{" + strings.TrimSuffix(members, ",") + "}" + strings.Repeat("}", depth))
}

var dumpFiles = []File{
	{"columns.sql", "statements with 3,000 columns each, all of other names", func() []byte {
		return []byte(lines(40, func(i int) string {
			return fmt.Sprintf("INSERT INTO t%d (%s) VALUES (%s);\n", i, strings.TrimSuffix(lines(3000, func(k int) string { return fmt.Sprintf("ssn%d_%d,", i, k) }), ","),
				strings.TrimSuffix(lines(3000, func(k int) string { return "'" + number(k) + "'," }), ","))
		}))
	}},
	{"tables.sql", "30,000 tables", func() []byte {
		return []byte(lines(30_000, func(i int) string {
			return fmt.Sprintf("CREATE TABLE t%d (ssn text, b int);\nINSERT INTO t%d VALUES ('%s', 1);\n", i, i, number(i))
		}))
	}},
	{"open-string.sql", "a string that does not end, full of quotes and backslashes", func() []byte {
		return []byte("INSERT INTO t (ssn) VALUES ('" + lines(60_000, func(i int) string { return number(i) + `'' \\\\` }))
	}},
	{"parentheses.sql", "a value of a million parentheses", func() []byte {
		return []byte("INSERT INTO t (ssn) VALUES (" + strings.Repeat("(", 1_000_000) + number(1))
	}},
	{"columns-of-copy.sql", "a table copied with 50,000 columns, and rows that have far more", func() []byte {
		return []byte("COPY t (" + strings.TrimSuffix(lines(50_000, func(i int) string { return fmt.Sprintf("ssn%d, ", i) }), ", ") + ") FROM stdin;\n" +
			strings.Repeat(strings.Repeat("536-90-4399\t", 60_000)+"\n", 2) + strings.Repeat("\t", 500_000) + "\n")
	}},
	{"comments.sql", "comments in one another that do not end", func() []byte {
		return []byte("INSERT INTO t (ssn) VALUES ('536-90-4399');\n" + strings.Repeat("/* ", 300_000) + strings.Repeat("-- '", 100_000))
	}},
	{"quotes.sql", "strings in dollars of 300,000 kinds, none of which ends", func() []byte {
		return []byte("CREATE FUNCTION f() AS " + lines(300_000, func(i int) string { return fmt.Sprintf("$q%d$ ", i) }))
	}},
	{"rows.sql", "a statement of a million rows of nothing, for columns that have names", func() []byte {
		return []byte("INSERT INTO t (ssn, b) VALUES " + strings.Repeat("(),", 1_000_000))
	}},
	{"names.sql", "a name of a megabyte, then another, and so on", func() []byte {
		name := strings.Repeat("ssn", 350_000)
		return []byte("CREATE TABLE \"" + name + "\" (\"" + name + "\" text);\nINSERT INTO \"" + name + "\" (`" + name + "`) VALUES ('536-90-4399');\n")
	}},
	{"redefined.sql", "a table of 2,000 columns that is made anew 400 times", func() []byte {
		columns := strings.TrimSuffix(lines(2000, func(i int) string { return fmt.Sprintf("ssn%d int,", i) }), ",")
		return []byte(lines(400, func(i int) string {
			return fmt.Sprintf("CREATE TABLE t%d (%s);\nINSERT INTO t%d VALUES (1);\n", i%7, columns, i%7)
		}))
	}},
	{"statements.sql", "a table of 4,000 columns with long names, and 100,000 statements that do not name them", func() []byte {
		return []byte("CREATE TABLE t (" + strings.TrimSuffix(lines(4000, func(i int) string { return fmt.Sprintf("ssn%0120d int,", i) }), ",") + ");\n" +
			lines(100_000, func(i int) string { return "INSERT INTO t VALUES (1);\n" }))
	}},
	{"fonts.rtf", "100,000 fonts, and text that goes from one to the other", func() []byte {
		return []byte(`{\rtf1\ansi{\fonttbl` + lines(100_000, func(i int) string { return fmt.Sprintf(`{\f%d\fcharset%d Name;}`, i, i%256) }) + "}" +
			lines(50_000, func(i int) string { return fmt.Sprintf(`\f%d \'e4%s`, i, number(i)) }) + "}")
	}},
	{"words.rtf", "control words of a megabyte, with numbers of a megabyte", func() []byte {
		return []byte(`{\rtf1 \` + strings.Repeat("w", 1<<20) + strings.Repeat("9", 1<<20) + ` ssn 536-90-4399 \u-` + strings.Repeat("8", 1<<20) + "}")
	}},
	{"replacements.rtf", "characters that two billion others stand for", func() []byte {
		return []byte(`{\rtf1 ` + lines(60_000, func(i int) string { return `\uc2147483647\u8364 ` + number(i) }) + "}")
	}},
	{"fields.rtf", "fields, notes and tables in one another", func() []byte {
		return []byte(`{\rtf1 ` + strings.Repeat(`{\field{\*\fldinst x}{\fldrslt{\footnote\trowd\cell ssn 536-90-4399`, 60_000))
	}},
	{"groups.rtf", "groups 4,000 deep, over and over", func() []byte {
		return []byte(`{\rtf1 ` + strings.Repeat(strings.Repeat("{", 4000)+"ssn "+number(1)+strings.Repeat("}", 4000), 100) + "}")
	}},
	{"runs.rtf", "each digit in a group of its own", func() []byte {
		return []byte(`{\rtf1 ` + lines(30_000, func(i int) string {
			return "ssn " + strings.ReplaceAll(number(i), "", `{\b `) + strings.Repeat("}", 12)
		}) + "}")
	}},
	{"objects.rtf", "20,000 objects, each of which says that it is gigabytes", func() []byte {
		return []byte(`{\rtf1 ` + strings.Repeat(`{\object{\*\objdata 01050000020000000800000050 61636b61676500 0000000000000000 ffffff7f 0200 6100 6100 00000300 01000000 00 ffffff7f 3533362d39302d34333939}}`, 20_000) + "}")
	}},
	{"objects-in-objects.rtf", "RTF in an object of RTF, and so on", func() []byte {
		data := `{\rtf1 ssn 536-90-4399}`
		for range 8 {
			data = fmt.Sprintf(`{\rtf1{\object{\*\objdata 0105000002000000020000004100 0000000000000000 %s %x}}}`, little(len(data)), data)
		}
		return []byte(data)
	}},
	{"behind.rtf", "a megabyte of ends behind the end", func() []byte {
		return []byte(`{\rtf1 a}` + strings.Repeat("}{\x01\n536-90-4399 ", 100_000))
	}},
	{"bin.rtf", "binary data that says that it is gigabytes", func() []byte {
		return []byte(`{\rtf1 ` + lines(50_000, func(i int) string { return `\u-1000 {\*\x ` + number(i) + `}` }) + `\bin2147483647 `)
	}},
}

// little is a number of four bytes, the lowest first, in hexadecimal digits.
func little(n int) string {
	return fmt.Sprintf("%02x%02x%02x%02x", n&255, n>>8&255, n>>16&255, n>>24&255)
}

var tableFiles = []File{
	{"one-cell.csv", "a quoted cell of 1 MB with a pair of quotes and a value everywhere", func() []byte {
		return []byte("id,ssn\n1,\"" + lines(60_000, func(i int) string { return `"" ` + number(i) + ` ` }) + "\"\n")
	}},
	{"open-cell.csv", "a quoted cell that does not end", func() []byte {
		return []byte("id,ssn\n1,2\n1,\"" + lines(60_000, func(i int) string { return number(i) + `"",""` }))
	}},
	{"wide.csv", "7,000 columns whose names matter", func() []byte {
		head := strings.TrimSuffix(lines(7000, func(i int) string { return fmt.Sprintf("ssn%c%c,", 'a'+i%26, 'a'+i/26%26) }), ",") + "\n"
		return []byte(head + lines(10, func(int) string { return lines(7000, func(i int) string { return number(i) + "," }) + "\n" }))
	}},
	{"one-line.txt", "a line of 2 MB of values with keywords", func() []byte {
		return []byte(lines(80_000, func(i int) string { return "ssn " + number(i) + " id " }))
	}},
}

var markupFiles = []File{
	{"attributes.html", "a tag of 60 KB with 8,000 attributes that hold content, over and over", func() []byte {
		return []byte("<html>" + strings.Repeat("<p"+strings.Repeat(" alt=1", 8000)+">", 20))
	}},
	{"references.xml", "references and nothing else", func() []byte {
		return []byte("<?xml version='1.0'?><a>" + strings.Repeat("&lt;&am;", 125_000) + "</a>")
	}},
	{"declarations.xml", "declarations of entities that have no name", func() []byte {
		return []byte("<?xml version='1.0'?><!DOCTYPE a [" + strings.Repeat("<!ENTITY", 200_000) + "]><a/>")
	}},
	{"open-tags.html", "tags that do not end", func() []byte { return []byte("<html>" + strings.Repeat("<a b='", 200_000)) }},
	{"open-comment.xml", "comments that do not end", func() []byte { return []byte("<?xml version='1.0'?><a>" + strings.Repeat("<!-- - ", 150_000)) }},
	{"empty-comments.html", "comments that hold nothing", func() []byte { return []byte("<html>" + strings.Repeat("<!---->", 150_000)) }},
	{"deep.xml", "elements in one another", func() []byte { return []byte("<?xml version='1.0'?>" + strings.Repeat("<ssn>", 200_000)) }},
	{"scripts.html", "scripts whose end nearly comes", func() []byte { return []byte("<html><script>" + strings.Repeat("</scrip ", 130_000)) }},
}

const mailHead = "From: a@example.com\r\nTo: b@example.com\r\nSubject: x\r\nDate: Mon, 2 Jan 2006 15:04:05 +0000\r\nMIME-Version: 1.0\r\n"

var mailFiles = []File{
	{"long-boundary.eml", "a boundary of 500 KB, and lines that might be it", func() []byte {
		long := strings.Repeat("b", 500_000)
		return []byte(mailHead + "Content-Type: multipart/mixed; boundary=\"" + long + "\"\r\n\r\n" + strings.Repeat("--\n", 150_000))
	}},
	{"boundaries.eml", "mails in one another, each with a header of 900 KB that describes it", func() []byte {
		return []byte(lines(20, func(i int) string {
			return mailHead + fmt.Sprintf("Content-Type: multipart/mixed; boundary=\"b%d\"; name=\"%s\"; x=\"%s\"\r\nContent-Disposition: inline; filename=\"%s\"\r\n\r\n--b%d\r\n", i,
				strings.Repeat("n", 300_000), strings.Repeat("x", 300_000), strings.Repeat("f", 300_000), i) + "Content-Type: message/rfc822\r\n\r\n"
		}))
	}},
	{"style-lines.eml", "an HTML part of 1 MB that shows nothing, a character a line", func() []byte {
		return []byte(mailHead + "Content-Type: text/html\r\n\r\n<html><style>" + strings.Repeat("x\n", 500_000))
	}},
	{"encoded-words.eml", "a header of 900 KB of encoded words", func() []byte {
		return []byte(mailHead + "Subject:" + strings.Repeat("\r\n =?iso-8859-15?q?=41?=", 38_000) + "\r\n\r\nx")
	}},
	{"begun-words.eml", "a header of 900 KB of encoded words that begin, and one end", func() []byte {
		return []byte(mailHead + "Subject: " + strings.Repeat("=?a?q?x", 130_000) + "?=\r\n\r\nx")
	}},
	{"word-of-words.eml", "an encoded word of 900 KB that is not what it says", func() []byte {
		return []byte(mailHead + "Subject: =?utf-16?b?" + strings.Repeat("AAAA", 225_000) + "?= =?" + strings.Repeat("x?b", 100_000) + "\r\n\r\nx")
	}},
	{"parameters.eml", "a header of 900 KB of parameters that go on", func() []byte {
		return []byte(mailHead + "Content-Type: text/plain" + lines(50_000, func(i int) string { return fmt.Sprintf(";\r\n a*%d=b", i) }) + "\r\n\r\nx")
	}},
	{"parts.eml", "9,000 parts, each attached", func() []byte {
		return []byte(mailHead + "Content-Type: multipart/mixed; boundary=x\r\n\r\n" + lines(9000, func(i int) string {
			return "--x\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nssn " + number(i) + "\r\n"
		}))
	}},
	{"mails-in-mails.eml", "mails attached to mails, each encoded again", func() []byte {
		mail := []byte(mailHead + "\r\nssn 536-90-4399\r\n")
		for range 12 {
			mail = []byte(mailHead + "Content-Type: application/octet-stream; name=a.eml\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString(mail))
		}
		return mail
	}},
	{"one-character-lines.eml", "base64 a character a line", func() []byte {
		body := base64.StdEncoding.EncodeToString([]byte(lines(8000, func(i int) string { return "ssn " + number(i) + "\n" })))
		return []byte(mailHead + "Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n" + lines(len(body), func(i int) string { return body[i:i+1] + "\n" }))
	}},
}
