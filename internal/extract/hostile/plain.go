package hostile

import (
	"fmt"
	"strings"
	"unicode/utf16"
)

// utf16Of is a text in UTF-16, the lower byte first, behind a mark.
func utf16Of(s string) []byte {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return b
}

var plainFiles = []File{
	{"objects.jsonl", "200,000 lines, each with a name of its own", func() []byte {
		return []byte(lines(200_000, func(i int) string { return fmt.Sprintf("{\"ssn%d\":\"%s\"}\n", i, number(i)) }))
	}},
	{"escapes.json", "a string of a million escaped characters, none of them what is looked for", func() []byte {
		return []byte(`{"ssn":"` + strings.Repeat(`\u0035\u0033\ud83d\u0036\u002d`, 40_000) + `"}`)
	}},
	{"digits.json", "a number of a million digits, and 100,000 of twenty", func() []byte {
		return []byte(`{"ssn":` + strings.Repeat("5", 1_000_000) + `,"card":[` + strings.Repeat("45391488034364671234,", 100_000) + `1]}`)
	}},
	{"same-name.json", "a name that is there a million times", func() []byte { return []byte("{" + strings.Repeat(`"ssn":1,`, 500_000) + `"ssn":2}`) }},
	{"cards.json", "cards behind one another without an end, in names and values", func() []byte {
		return []byte("{" + lines(20_000, func(i int) string {
			return fmt.Sprintf(`"4539 1488 0343 6467 4539 %d":"4539148803436467 4539148803436467",`, i)
		}) + `"a":1}`)
	}},
	{"values.jsonl", "a million values on one line without anything between", func() []byte { return []byte(strings.Repeat(`{}[]""`, 300_000)) }},
	{"up-and-down.json", "objects that go 200 deep and back for each value", func() []byte {
		return []byte("[" + strings.Repeat(strings.Repeat(`{"a":`, 200)+`"536-90-4399"`+strings.Repeat("}", 200)+",", 1000) + "1]")
	}},
	{"backslashes.csv", "cells of backslashes and quotes", func() []byte {
		return []byte("id,ssn\n" + strings.Repeat("1,\"a\\\"b\\\n\"\n", 5) + strings.Repeat(strings.Repeat("\\", 63)+",\"", 30_000))
	}},
	{"one-row.csv", "a row of a million cells of nothing, and another", func() []byte {
		return []byte("ssn,a,b\n1,2,3\n" + strings.Repeat(",", 1_000_000) + "\n" + strings.Repeat(",", 1_000_000) + "\n536-90-4399,1,2\n")
	}},
	{"heads.csv", "a hundred thousand rows that may be headers", func() []byte { return []byte(strings.Repeat("ssn,name,card number,date of birth\n", 100_000)) }},
	{"every-delimiter.txt", "lines of every delimiter there is", func() []byte {
		return []byte(strings.Repeat("ssn,a;b|c\td^e~f 536-90-4399  x\n", 50_000))
	}},
	{"quotes.tsv", "quotes at each cell, closed nowhere near", func() []byte {
		return []byte("ssn\tname\n" + strings.Repeat("\"536-90-4399\"x\t\"a\n", 60_000))
	}},
	{"spaces.txt", "a table of spaces, with columns that nearly stand under one another", func() []byte {
		return []byte(lines(20_000, func(i int) string {
			return strings.Repeat(" ", i%40) + "ssn" + strings.Repeat(" ", 40-i%37) + number(i) + "\n"
		}))
	}},
	{"rules.txt", "a table of rules and pipes", func() []byte {
		return []byte(strings.Repeat("+-----+-----+\n| ssn | 536-90-4399 |\n", 40_000))
	}},
	{"columns.txt", "a line of 100,000 words over a line of 100,000 numbers", func() []byte {
		return []byte(strings.Repeat("ssn  ", 100_000) + "\n" + strings.Repeat("536-90-4399  ", 100_000) + "\n")
	}},
	{"anchors.yaml", "anchors and aliases, in one another", func() []byte {
		return []byte("a: &a [x]\n" + lines(30_000, func(i int) string { return fmt.Sprintf("k%d: &k%d [*a,*a,*a,*a]\n", i, i) }))
	}},
	{"deep.yaml", "names in one another, each line a space further", func() []byte {
		return []byte(lines(2000, func(i int) string { return strings.Repeat(" ", i) + "ssn:\n" }) + strings.Repeat(" ", 2000) + "536-90-4399\n")
	}},
	{"block.yaml", "a block of text of 300,000 lines whose name is the keyword", func() []byte {
		return []byte("ssn: |\n" + lines(100_000, func(i int) string { return "  " + number(i) + "\n" }))
	}},
	{"keys.env", "keys and values behind one another, of which each line has thousands", func() []byte {
		return []byte(lines(20, func(i int) string {
			return strings.Repeat("password=hunter2 token=abcdef0123456789 AKIAIOSFODNN7EXAMPLE ", 800) + "\n"
		}))
	}},
	{"secrets.log", "secrets that nearly are some", func() []byte {
		return []byte(strings.Repeat("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKE -----BEGIN RSA PRIVATE KEY----- eyJhbGciOi.eyJ ghp_0123456789 ", 8000))
	}},
	{"keys.pem", "60,000 beginnings of a key without an end", func() []byte {
		return []byte(strings.Repeat("-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n", 40_000))
	}},
	{"base64.txt", "2 MB of base64 without a line end", func() []byte { return []byte(strings.Repeat("QWxhZGRpbjpvcGVuIHNlc2FtZQ+/", 75_000)) }},
	{"addresses.txt", "streets, cities and states in every order, on one line", func() []byte {
		return []byte(strings.Repeat("123 Main Street Apt 4 Springfield IL 62704 Suite 9 North Avenue Drive Court 10001 NY ", 12_000))
	}},
	{"names.txt", "names behind names behind names", func() []byte { return []byte(strings.Repeat("Dr. John Michael Smith-Jones van der Berg, ", 25_000)) }},
	{"phones.txt", "digits, spaces and signs that nearly are numbers of telephones, cards and accounts", func() []byte {
		return []byte(strings.Repeat("+49 (0) 30 1234-5678 / 4539 1488 0343 6467 DE89 3704 0044 0532 0130 00 ", 14_000))
	}},
	{"digits.txt", "two million digits", func() []byte { return []byte(strings.Repeat("4539148803436467536904399", 80_000)) }},
	{"dashes.txt", "digits with a dash behind each", func() []byte { return []byte("ssn " + strings.Repeat("5-", 500_000)) }},
	{"words.txt", "a word of two million letters", func() []byte { return []byte(strings.Repeat("passport", 250_000)) }},
	{"mixed.log", "lines of UTF-16 and of bytes in turns", func() []byte {
		wide := string(utf16Of("ssn 536-90-4399\n")[2:])
		return []byte(strings.Repeat("ssn 536-90-4399\n"+wide, 20_000))
	}},
	{"halves.txt", "UTF-16 of halves of characters", func() []byte {
		return append([]byte{0xff, 0xfe}, strings.Repeat("\x00\xd8\x31\x00\x00\xdc", 300_000)...)
	}},
	{"odd.txt", "UTF-16 without a mark that loses a byte again and again", func() []byte {
		one := string(utf16Of(numbers(20))[2:])
		return []byte(strings.Repeat(one+"x", 3000))
	}},
	{"utf32.txt", "UTF-32 of characters that there are not", func() []byte {
		return append([]byte{0xff, 0xfe, 0, 0}, strings.Repeat("\xff\xff\xff\x7f5\x00\x00\x00", 200_000)...)
	}},
	{"wide.json", "JSON in UTF-16 of names that all differ", func() []byte {
		return utf16Of("{" + lines(30_000, func(i int) string { return fmt.Sprintf(`"ssn%d":"%s",`, i, number(i)) }) + `"a":1}`)
	}},
	{"shifts.txt", "an alphabet that shifts with each character", func() []byte { return []byte(strings.Repeat("\x1b$B$\"\x1b(Ba\x0e\x0f", 150_000)) }},
	{"invalid.txt", "bytes that are no text, between texts", func() []byte { return []byte(strings.Repeat("ssn 536-90-4399 \xc3\x28\xf0\x9f\x92 ", 60_000)) }},
	{"returns.txt", "a million carriage returns", func() []byte { return []byte(strings.Repeat("ssn 536-90-4399\r\r\r\r\r\r\r", 60_000)) }},
	{"names.xml", "300,000 elements that all have other names", func() []byte {
		return []byte("<?xml version='1.0'?><a>" + lines(100_000, func(i int) string { return fmt.Sprintf("<ssn%d>%s</ssn%d>", i, number(i), i) }) + "</a>")
	}},
	{"spaces.xml", "namespaces on each of 60,000 elements in one another", func() []byte {
		return []byte("<?xml version='1.0'?>" + lines(20_000, func(i int) string { return fmt.Sprintf("<n%d:a xmlns:n%d='urn:%d'>", i, i, i) }))
	}},
	{"long-name.xml", "a name of a megabyte, and attributes of a megabyte", func() []byte {
		return []byte("<?xml version='1.0'?><" + strings.Repeat("ssn", 350_000) + " " + strings.Repeat("a", 1<<20) + "='" + strings.Repeat("536-90-4399 ", 90_000) + "'/>")
	}},
	{"entities.xml", "a billion laughs, with quotes", func() []byte {
		return []byte("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY a0 'ssn 536-90-4399'>" + lines(60, func(i int) string {
			return fmt.Sprintf("<!ENTITY a%d '%s'>", i+1, strings.Repeat(fmt.Sprintf("&a%d;", i), 10))
		}) + "]><a>" + strings.Repeat("&a60;", 10_000) + "</a>")
	}},
	{"circle.xml", "entities that hold each other, and 50,000 of them declared", func() []byte {
		return []byte("<?xml version='1.0'?><!DOCTYPE a [" + lines(50_000, func(i int) string { return fmt.Sprintf("<!ENTITY a%d '&a%d;&a%d;'>", i, i+1, i/2) }) + "]><a>" + strings.Repeat("&a0;", 100_000) + "</a>")
	}},
	{"cdata.xml", "sections of characters that do not end, and instructions", func() []byte {
		return []byte("<?xml version='1.0'?><a>" + strings.Repeat("<![CDATA[ ]] > ", 100_000) + strings.Repeat("<?x ", 100_000))
	}},
	{"tables.html", "tables in tables, 50,000 deep, none of which ends", func() []byte {
		return []byte("<html>" + strings.Repeat("<table><tr><th>ssn<td>536-90-4399", 50_000))
	}},
	{"spans.html", "cells that say that they are as wide and high as can be", func() []byte {
		return []byte("<html><table>" + strings.Repeat("<tr><td colspan=2147483647 rowspan=2147483647>ssn<td colspan=65535>536-90-4399</tr>", 20_000))
	}},
	{"attributes-that-end-not.html", "attributes whose values do not end, each in a tag of its own", func() []byte {
		return []byte("<html>" + strings.Repeat("<a title=\"ssn 536-90-4399 <b ", 60_000))
	}},
	{"characters.html", "a million characters by number", func() []byte {
		return []byte("<html><p>ssn " + strings.Repeat("&#53;&#x33;&#00000000000000000054;&nbsp", 40_000))
	}},
	{"tags-in-words.html", "a tag between any two characters", func() []byte {
		return []byte("<html>" + lines(20_000, func(i int) string { return "ssn " + strings.ReplaceAll(number(i), "", "<b>") + " " }))
	}},
	{"pictures.rtf", "a picture of ten megabytes of digits, between texts", func() []byte {
		return []byte(`{\rtf1 ssn 536-90-4399 {\pict ` + strings.Repeat("4539148803436467\n", 600_000) + `}}`)
	}},
	{"alphabets.rtf", "characters in another alphabet each", func() []byte {
		return []byte(`{\rtf1\ansi ` + lines(100_000, func(i int) string { return fmt.Sprintf(`\ansicpg%d\'e4`, 1250+i%9) }) + "}")
	}},
	{"tables.rtf", "tables in tables, 60,000 deep", func() []byte {
		return []byte(`{\rtf1 ` + lines(60_000, func(i int) string {
			return fmt.Sprintf(`\trowd\itap%d\cellx2147483647 ssn\cell %s\nestcell\row`, i, number(i))
		}) + "}")
	}},
	{"binaries.rtf", "200,000 binaries of a byte", func() []byte { return []byte(`{\rtf1 ssn ` + strings.Repeat(`5\bin1 }`, 200_000) + "}") }},
	{"values.sql", "one statement of a million values that are not apart", func() []byte {
		return []byte("INSERT INTO t (ssn) VALUES " + strings.Repeat("('536-90-4399'),", 60_000) + strings.Repeat("(X'3533'", 60_000))
	}},
	{"copies.sql", "60,000 copies of tables of a row", func() []byte {
		return []byte(lines(60_000, func(i int) string { return fmt.Sprintf("COPY t%d (ssn, a) FROM stdin;\n%s\t1\n\\.\n", i, number(i)) }))
	}},
}
