package hostile

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
)

// secret is what a reader that goes to the end finds.
const secret = "ssn 536-90-4399"

// mailOf is a mail with a header of its own.
func mailOf(head, body string) []byte { return []byte(mailHead + head + "\r\n\r\n" + body) }

// textShapes are texts, tables and JSON.
var textShapes = []File{
	// encodings
	{"open-shift.eml", "UTF-7 that shifts once for a megabyte", func() []byte {
		return mailOf("Content-Type: text/plain; charset=utf-7", "+"+strings.Repeat("AHMAcwBu", 150_000)+"- "+secret)
	}},
	{"empty-shifts.eml", "UTF-7 of a million shifts of nothing", func() []byte {
		return mailOf("Content-Type: text/plain; charset=utf-7", strings.Repeat("+-+A+AA-+", 200_000)+secret)
	}},
	{"gb18030.eml", "characters of four bytes that break off", func() []byte {
		return mailOf("Content-Type: text/plain; charset=gb18030", strings.Repeat("\x81\x30\x81\x30\x81\x30\x81", 200_000)+secret)
	}},
	{"hz.eml", "HZ that goes in and out", func() []byte {
		return mailOf("Content-Type: text/plain; charset=hz-gb-2312", strings.Repeat("~{<:~}~~~\n", 200_000)+secret)
	}},
	{"iso2022kr.eml", "escapes alone", func() []byte {
		return mailOf("Content-Type: text/plain; charset=iso-2022-jp", strings.Repeat("\x1b(J\x1b$@\x1b(B\x1b", 200_000)+secret)
	}},
	{"euc.txt", "EUC of lead bytes", func() []byte { return []byte(strings.Repeat("\x8f\xa1\xa1\x8e\xb1 ", 200_000) + secret) }},
	{"mainframe.txt", "EBCDIC of spaces and line ends", func() []byte {
		return []byte(strings.Repeat("\x40\x25\xf5\xf3\xf6\x60\xf9\xf0\x60\xf4\xf3\xf9\xf9\x15", 120_000))
	}},
	{"marks.txt", "marks of byte order a million times", func() []byte { return []byte(strings.Repeat("\xef\xbb\xbf", 500_000) + secret) }},
	{"unseen.txt", "characters that are not seen between any two", func() []byte {
		return []byte(lines(20_000, func(i int) string { return "ssn " + strings.ReplaceAll(number(i), "", "\u200b\u00ad\u2060") + "\n" }))
	}},
	{"accents.txt", "a letter with a million accents", func() []byte { return []byte("a" + strings.Repeat("\u0301", 600_000) + " " + secret) }},
	{"wide-digits.txt", "digits of twenty scripts", func() []byte {
		return []byte(lines(100_000, func(i int) string { return "ssn ５３６-９０-４３９９ ٥٣٦٩٠٤٣٩٩ " }))
	}},
	{"bidi.txt", "turns of direction", func() []byte { return []byte(strings.Repeat("\u202e\u202d\u2066\u20695", 150_000) + secret) }},
	{"swapped.txt", "UTF-16 that swaps", func() []byte {
		return []byte("\xff\xfe" + strings.Repeat("s\x00s\x00\n\x00\xfe\xff\x00s\x00\n", 100_000))
	}},
	{"latin-and-utf8.txt", "a byte of Latin in each line of UTF-8", func() []byte { return []byte(strings.Repeat("gr\xfc\xc3\xbcn 536-90-4399 ssn\n", 60_000)) }},
	{"nul-between.txt", "text with a zero here and there", func() []byte { return []byte(strings.Repeat(secret+"\n\x00", 60_000)) }},
	{"charset.html", "declarations of charsets", func() []byte {
		return []byte("<html>" + lines(40_000, func(i int) string { return fmt.Sprintf("<meta charset=iso-8859-%d>", i%16) }) + secret)
	}},
	{"encoding.xml", "an encoding of a megabyte", func() []byte {
		return []byte("<?xml version='1.0' encoding='" + strings.Repeat("u", 1_000_000) + "'?><a>" + secret + "</a>")
	}},
	// detection
	{"every-keyword.txt", "keywords and digits", func() []byte {
		return []byte(strings.Repeat("ssn passport card iban account aws_secret_access_key swift dob license nino tax id driver's license número de documento 536-90-439 4539148803436467 ", 14_000))
	}},
	{"keyword-per-word.txt", "keywords of one another", func() []byte {
		return []byte(strings.Repeat("social security social security number card number credit card number date of birth birth date account account number ", 16_000))
	}},
	{"ibans.txt", "accounts that nearly are", func() []byte {
		return []byte(lines(60_000, func(i int) string { return fmt.Sprintf("GB82WEST%014dDE89%018d ", i, i) }))
	}},
	{"ibans-joined.txt", "accounts in one another", func() []byte {
		return []byte(strings.Repeat("GB82WEST12345698765432DE89370400440532013000FR14", 30_000))
	}},
	{"tokens.txt", "JWTs without an end", func() []byte { return []byte(strings.Repeat("eyJhbGciOiJIUzI1NiJ9.eyJ", 70_000)) }},
	{"ats.txt", "addresses of mails in one another", func() []byte { return []byte(strings.Repeat("a@a.a@", 250_000)) }},
	{"local.txt", "a local part of a megabyte", func() []byte { return []byte(strings.Repeat("a.", 700_000) + "@example.com " + secret) }},
	{"domain.txt", "a domain of a megabyte", func() []byte { return []byte("a@" + strings.Repeat("a.", 700_000) + "com " + secret) }},
	{"urls.txt", "users and passwords in URLs", func() []byte { return []byte(strings.Repeat("http://a:b@c://", 120_000)) }},
	{"hex.txt", "hexadecimal", func() []byte { return []byte(strings.Repeat("0123456789abcdef", 120_000)) }},
	{"hexes.txt", "keys in hexadecimal", func() []byte { return []byte(strings.Repeat("key=0123456789abcdef0123456789abcdef01234567 ", 40_000)) }},
	{"dates.txt", "dates behind dates", func() []byte { return []byte(strings.Repeat("dob 1985-01-02 02/03/1985 3 May 1985 ", 50_000)) }},
	{"vins.txt", "chassis", func() []byte { return []byte(strings.Repeat("1HGCM82633A004352 vin 1M8GDM9AXKP042788 ", 40_000)) }},
	{"vins-joined.txt", "chassis in one another", func() []byte { return []byte(strings.Repeat("1HGCM82633A004352", 100_000)) }},
	{"addresses4.txt", "numbers of four parts", func() []byte { return []byte(strings.Repeat("1.", 800_000)) }},
	{"groups4.txt", "groups of digits", func() []byte { return []byte(strings.Repeat("4539 1488-0343.6467 ", 80_000)) }},
	{"letters-apart.txt", "letters apart", func() []byte { return []byte(strings.Repeat("s s n 5 3 6 - 9 0 - 4 3 9 9 ", 60_000)) }},
	{"authorization.txt", "headers of HTTP", func() []byte {
		return []byte(strings.Repeat("Authorization: Basic dXNlcjpwYXNz\nCookie: a=b; c=d;\n", 30_000))
	}},
	{"pems.txt", "keys that end as others", func() []byte {
		return []byte(strings.Repeat("-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END EC PRIVATE KEY-----\n", 15_000))
	}},
	{"pem-one-line.txt", "keys on one line with \\n", func() []byte {
		return []byte(strings.Repeat(`-----BEGIN PRIVATE KEY-----\nMIIEow`, 30_000))
	}},
	{"aws.txt", "keys of clouds", func() []byte {
		return []byte(strings.Repeat("AKIAIOSFODNN7EXAMPLE aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n", 16_000))
	}},
	{"aws-run.txt", "40 characters of base64 in a row", func() []byte {
		return []byte("aws_secret_access_key " + strings.Repeat("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKE/", 40_000))
	}},
	{"streets.txt", "streets", func() []byte { return []byte(strings.Repeat("123 Main Street Apt 4 Springfield IL 62704 ", 40_000)) }},
	{"street-lines.txt", "streets on lines", func() []byte { return []byte(strings.Repeat("123 Main St\n", 140_000)) }},
	{"capitals.txt", "capital words", func() []byte { return []byte(strings.Repeat("Anna Maria Van Der Smith-Jones O'Neil ", 45_000)) }},
	{"initials.txt", "initials", func() []byte { return []byte(strings.Repeat("J. R. R. T. ", 140_000)) }},
	{"mr.txt", "titles", func() []byte { return []byte(strings.Repeat("Mr. Mrs. Dr. Prof. name: ", 70_000)) }},
	{"phone-lists.txt", "numbers of telephones", func() []byte { return []byte(strings.Repeat("+1 (555) 123-4567, ", 90_000)) }},
	{"plus.txt", "plus", func() []byte { return []byte(strings.Repeat("+1+1(", 300_000)) }},
	{"nhs.txt", "ten digits in each way", func() []byte { return []byte(strings.Repeat("943 476 5919 nhs number ", 70_000)) }},
	{"letters-digits.txt", "letters and digits in turns", func() []byte { return []byte(strings.Repeat("a1", 900_000)) }},
	{"letters-digits-apart.txt", "identifiers of letters and digits", func() []byte { return []byte(strings.Repeat("AB123456C X1234567 12345678Z ", 60_000)) }},
	{"crlf.txt", "line ends of a kind each", func() []byte { return []byte(strings.Repeat("5\r\n3\n6\r-\u20289\u2029", 100_000)) }},
	{"base64-lines.txt", "lines of base64 of values", func() []byte {
		return []byte(lines(20_000, func(i int) string {
			return base64.StdEncoding.EncodeToString([]byte("ssn "+number(i)+" and more of it here")) + "\n"
		}))
	}},
	// CSV
	{"sep.csv", "a line that says what parts cells, and others", func() []byte { return []byte("sep=;\n" + strings.Repeat("a;b,c\td|e;\"x\"\"y\"\n", 60_000)) }},
	{"growing.csv", "rows each of which has a cell more", func() []byte {
		var b strings.Builder
		b.WriteString("ssn,b\n")
		for i := range 1800 {
			b.WriteString(strings.Repeat("1,", i) + number(i) + "\n")
		}
		return []byte(b.String())
	}},
	{"ragged.csv", "a header of 60,000 cells, and rows of one", func() []byte {
		return []byte(lines(60_000, func(i int) string { return fmt.Sprintf("ssn%d,", i) }) + "x\n" + lines(60_000, func(i int) string { return number(i) + "\n" }))
	}},
	{"long-header.csv", "headers of 60 KB each", func() []byte {
		h := strings.Repeat("social security number ", 2600)
		return []byte(lines(16, func(i int) string { return fmt.Sprintf("\"%s%d\",", h, i) }) + "x\n" + strings.Repeat(strings.Repeat(number(7)+",", 16)+"1\n", 6000))
	}},
	{"quoted-lines.csv", "cells of lines", func() []byte { return []byte("a,ssn\n" + strings.Repeat("\"\n\n\n\n\n\",\"536-90-4399\n\"\n", 50_000)) }},
	{"only-quotes.csv", "quotes", func() []byte { return []byte("a,ssn\n" + strings.Repeat("\"", 1_500_000)) }},
	{"quote-in-cell.csv", "quotes in the middle of cells", func() []byte { return []byte("a,ssn\n" + strings.Repeat("x\"y,5\"36-90-4399\n", 80_000)) }},
	{"two-tables.csv", "tables behind one another", func() []byte {
		return []byte(lines(20_000, func(i int) string { return fmt.Sprintf("id,ssn%d\n1,%s\n\n", i, number(i)) }))
	}},
	{"carriage.csv", "rows that end with a carriage return", func() []byte { return []byte("a,ssn\r" + strings.Repeat("\"x\ry\",536-90-4399\r", 70_000)) }},
	{"commented.csv", "rows of comments", func() []byte {
		return []byte("# a\n#b\na,ssn\n" + strings.Repeat("# x,536-90-4399\n1,536-90-4399\n", 50_000))
	}},
	{"fixed.txt", "a table of fixed widths, of which each line moves", func() []byte {
		return []byte("name      ssn         city\n" + lines(40_000, func(i int) string {
			return strings.Repeat(" ", i%13) + "anna" + strings.Repeat(" ", i%7+2) + number(i) + "  town\n"
		}))
	}},
	{"markdown.md", "a table of 20,000 columns", func() []byte {
		return []byte("|" + strings.Repeat(" ssn |", 20_000) + "\n|" + strings.Repeat("---|", 20_000) + "\n" + strings.Repeat("|"+strings.Repeat(" 536-90-4399 |", 20_000)+"\n", 5))
	}},
	{"markdown-rules.md", "rules of tables", func() []byte {
		return []byte("| ssn | b |\n" + strings.Repeat("|---|---|\n", 150_000) + "| 536-90-4399 | x |\n")
	}},
	{"grid.rst", "a grid", func() []byte { return []byte(strings.Repeat("+---+---+\n| ssn | 536-90-4399 |\n", 40_000)) }},
	{"grid-wide.rst", "a wide grid", func() []byte {
		return []byte(strings.Repeat("+"+strings.Repeat("---+", 20_000)+"\n|"+strings.Repeat("ssn|", 20_000)+"\n", 6))
	}},
	{"wiki.txt", "tables of wikis in one another", func() []byte { return []byte(strings.Repeat("{|\n|-\n! ssn\n|-\n| 536-90-4399 || ", 40_000)) }},
	{"wiki-cells.txt", "cells of wikis", func() []byte { return []byte("{|\n! ssn !! b\n|-\n|" + strings.Repeat(" 536-90-4399 ||", 100_000)) }},
	{"org.org", "org tables", func() []byte { return []byte(strings.Repeat("| ssn | 536-90-4399 |\n|-----+-----|\n", 40_000)) }},
	{"w3c.log", "fields that are named anew before each line", func() []byte {
		return []byte(lines(20_000, func(i int) string {
			return fmt.Sprintf("#Fields: date time ssn%d cs-uri\n2020-01-01 00:00:00 %s /\n", i, number(i))
		}))
	}},
	{"logfmt.log", "keys and values in quotes", func() []byte { return []byte(strings.Repeat(`ssn="536-90-4399 \" " msg="a=\"b=\\\"c\\\"\"" `, 25_000)) }},
	{"json-in-log.log", "JSON in JSON in JSON", func() []byte {
		s := `{"ssn":"536-90-4399"}`
		for range 16 {
			s = `{"m":"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"}`
		}
		return []byte(s + "\n" + s)
	}},
	{"syslog.log", "lines of logs", func() []byte {
		return []byte(strings.Repeat("<13>1 2020-01-01T00:00:00Z h a - - [x@1 ssn=\"536-90-4399\"] m\n", 25_000))
	}},
	{"ini.ini", "sections", func() []byte {
		return []byte(lines(60_000, func(i int) string { return fmt.Sprintf("[ssn%d]\npassword=%s\n", i, number(i)) }))
	}},
	{"cards.vcf", "cards in cards", func() []byte {
		return []byte(strings.Repeat("BEGIN:VCARD\nVERSION:3.0\nNOTE;ENCODING=QUOTED-PRINTABLE:ssn=20536=\n-90-4399\n", 20_000))
	}},
	{"folded.vcf", "a line that goes on for ever", func() []byte {
		return []byte("BEGIN:VCARD\nVERSION:3.0\nNOTE:" + strings.Repeat("\n s", 400_000) + "\n " + secret + "\nEND:VCARD\n")
	}},
	{"photo.vcf", "pictures", func() []byte {
		return []byte("BEGIN:VCARD\nVERSION:3.0\n" + strings.Repeat("PHOTO;ENCODING=b;TYPE=JPEG:"+base64.StdEncoding.EncodeToString([]byte(secret))+"\n AAAA\n", 20_000))
	}},
	{"people.ldif", "values of base64", func() []byte {
		return []byte("version: 1\n" + lines(30_000, func(i int) string {
			return "dn:: " + base64.StdEncoding.EncodeToString([]byte("ssn "+number(i))) + "\nssn: " + number(i) + "\n\n"
		}))
	}},
	{"folded.ldif", "a folded value", func() []byte {
		return []byte("version: 1\ndn: cn=a\nssn:: " + strings.Repeat("\n c3Nu", 200_000) + "\n\n")
	}},
	{"meetings.ics", "meetings in meetings", func() []byte {
		return []byte(strings.Repeat("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDESCRIPTION:ssn 536-90-\n 4399\n", 30_000))
	}},
	// JSON
	{"escaped-names.json", "names of escapes", func() []byte {
		return []byte("{" + strings.TrimSuffix(lines(40_000, func(i int) string { return fmt.Sprintf(`"\u0073\u0073\u006e%d":"%s",`, i, number(i)) }), ",") + "}")
	}},
	{"surrogates.json", "halves of characters", func() []byte { return []byte(`{"ssn":"` + strings.Repeat(`\ud800\udc`, 100_000) + `00 536-90-4399"}`) }},
	{"concatenated.json", "documents behind one another", func() []byte { return []byte(strings.Repeat(`{"ssn":"536-90-4399"}`, 60_000)) }},
	{"empty-documents.json", "documents of nothing", func() []byte { return []byte(strings.Repeat(`{}[]`, 400_000) + `{"ssn":"536-90-4399"}`) }},
	{"nulls.json", "two million nulls", func() []byte { return []byte("[" + strings.Repeat("null,", 500_000) + `"ssn 536-90-4399"]`) }},
	{"separators.json", "text sequences", func() []byte { return []byte(strings.Repeat("\x1e{\"ssn\":\"536-90-4399\"}\n", 50_000)) }},
	{"indented.json", "spaces", func() []byte {
		return []byte(`{"ssn":` + strings.Repeat(" ", 1_500_000) + `"536-90-4399"` + strings.Repeat("\n", 500_000) + "}")
	}},
	{"commented.json", "comments", func() []byte { return []byte(`{"ssn":` + strings.Repeat("/* x */ // y\n", 100_000) + `"536-90-4399"}`) }},
	{"rows.json", "rows of rows", func() []byte {
		return []byte("[" + strings.TrimSuffix(lines(60_000, func(i int) string { return `["ssn","` + number(i) + `"],` }), ",") + "]")
	}},
	{"names-and-values.json", "names in values", func() []byte {
		return []byte("[" + strings.TrimSuffix(lines(40_000, func(i int) string { return `{"name":"ssn","value":"` + number(i) + `"},` }), ",") + "]")
	}},
	{"columns-apart.json", "columns and rows apart", func() []byte {
		return []byte(`{"columns":["ssn"` + strings.Repeat(`,"b"`, 50_000) + `],"rows":[["536-90-4399"` + strings.Repeat(`,1`, 50_000) + `]]}`)
	}},
	{"json-strings.json", "JSON in strings of JSON", func() []byte {
		return []byte("[" + strings.TrimSuffix(lines(30_000, func(i int) string { return `"{\"ssn\":\"` + number(i) + `\"}",` }), ",") + "]")
	}},
	{"wide-and-deep.json", "lists of 200 levels, with a name on each", func() []byte {
		return []byte("[" + strings.TrimSuffix(lines(300, func(i int) string {
			return lines(200, func(k int) string { return fmt.Sprintf(`{"a":"%s","ssn":`, number(k)) }) + "1" + strings.Repeat("}", 200) + ","
		}), ",") + "]")
	}},
	{"long-lines.jsonl", "lines of a megabyte of members", func() []byte {
		one := "{" + strings.TrimSuffix(lines(10_000, func(i int) string { return fmt.Sprintf(`"ssn%d":"%s",`, i, number(i)) }), ",") + "}\n"
		return []byte(strings.Repeat(one, 6))
	}},
	{"broken.jsonl", "every other line is no JSON", func() []byte { return []byte(strings.Repeat("{\"ssn\":\"536-90-4399\"}\n{\"ssn\":\n", 50_000)) }},
	{"single-quotes.json", "values in single quotes", func() []byte { return []byte(strings.Repeat(`{'ssn': '536-90-4399', 'b': "it's"}`+"\n", 40_000)) }},
	{"uris.json", "files in data: URIs in JSON", func() []byte {
		return []byte("[" + strings.TrimSuffix(lines(20_000, func(i int) string {
			return `"data:text/csv;base64,` + base64.StdEncoding.EncodeToString([]byte("ssn\n"+number(i)+"\n")) + `",`
		}), ",") + "]")
	}},
	{"uri-heads.html", "heads of data: URIs", func() []byte { return []byte("<html>" + strings.Repeat(`<a href="data:;base64,">`, 100_000) + secret) }},
	{"uri-heads.txt", "heads of data: URIs", func() []byte { return []byte(strings.Repeat(`data:;base64,`, 150_000) + secret) }},
	{"uri-marks.txt", "marks of data: URIs", func() []byte { return []byte(strings.Repeat(`;base64,`, 250_000) + secret) }},
	{"uris-in-uris.html", "data: URIs in one another", func() []byte {
		s := "<html><p>" + secret + "</p></html>"
		for range 12 {
			s = `<html><a href="data:text/html;base64,` + base64.StdEncoding.EncodeToString([]byte(s)) + `"><a href="data:text/html;base64,` + base64.StdEncoding.EncodeToString([]byte(s)) + `"></html>`
			if len(s) > 3<<20 {
				break
			}
		}
		return []byte(s)
	}},
	{"escapes-in-uris.html", "escapes in data: URIs", func() []byte {
		s := secret
		for range 9 {
			s = `<html><a href="data:text/html,` + url.PathEscape(s) + `"></html>`
		}
		return []byte(s)
	}},
	{"bombs-in-uris.html", "bombs in data: URIs", func() []byte {
		z := base64.StdEncoding.EncodeToString(gzipOf([]byte(strings.Repeat("ssn 536-90-4399\n", 300_000))))
		return []byte("<html>" + strings.Repeat(`<a href="data:application/gzip;base64,`+z+`">`, 60) + "</html>")
	}},
	{"long-uri.html", "a data: URI of megabytes", func() []byte {
		return []byte(`<html><img src="data:text/plain;base64,` + strings.Repeat("c3NuIDUzNi05MC00Mzk5IHNz", 150_000) + `">`)
	}},
	{"uris.css", "data: URIs in a style sheet", func() []byte {
		return []byte(strings.Repeat(`a{background:url(data:image/svg+xml;base64,PHN2Zz5zc248L3N2Zz4=)}`+"\n", 20_000))
	}},
}
