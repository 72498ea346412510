package extract

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
	"unicode/utf16"
)

// Text that is nearly passed over: each file has one number, and is read to its end unless it says otherwise.
func TestNearlyPassedOver(t *testing.T) {
	const said = "SSN 527-22-8008"
	wide := func(s string, upper int) string {
		var out []byte
		for _, u := range utf16.Encode([]rune(s)) {
			pair := [2]byte{byte(u), byte(u)}
			pair[upper] = byte(u >> 8)
			out = append(out, pair[:]...)
		}
		return string(out)
	}
	object := func(size string, data string) string {
		return "\x01\x05\x00\x00\x02\x00\x00\x00\x04\x00\x00\x00abc\x00\x00\x00\x00\x00\x00\x00\x00\x00" + size + "\x00\x00\x00" + data
	}
	in := func(body string) string { return `{\rtf1\ansi hello ` + body + ` bye\par}` }
	whole := in(`{\object{\*\objdata\bin43 ` + object("\x0f", said) + `}}`)
	for _, test := range []struct {
		name, text string
		code       Code
	}{
		{"lines.txt", wide(strings.Repeat("hello world\n", 50), 1) + said + "\n" + strings.Repeat("x", 40) + "\n", Complete},
		{"lines.txt", wide(strings.Repeat("hello world\n", 50), 0) + said + "\n" + strings.Repeat("x", 40) + "\n", Complete},
		{"hex.rtf", in(`SSN 527\'-22-8008`), Complete},
		{"brace.rtf", in(`\'}`) + in(said), Complete},
		{"binary.rtf", whole, Complete},
		{"word.rtf", in(`{\object{\*\objdata ` + hex.EncodeToString([]byte(object("\x04", "abcd\x01\x05\x00\x00\x00\x00\x00\x00"))) + `\par}} ` + said), Complete},
		{"cut.rtf", in(`{\object{\*\objdata 0105\par}} ` + said), Partial},
		{"short.rtf", in(`{\object{\*\objdata ` + hex.EncodeToString([]byte(object("\x0f", "abcd"))) + `\par}} ` + said), Partial},
		{"words.rtf", in(`{\object{\*\objdata ` + hex.EncodeToString([]byte(object("\x04", "ab"))) + `\bin2 cd\bing}} ` + said), Complete},
		{"longer.rtf", in(said + `{\object{\*\objdata ` + hex.EncodeToString([]byte(object("\x04", "abcd and "+said))) + `}}`), Partial},
		{"shown.rtf", in(said + `{\object{\*\objdata ` + hex.EncodeToString([]byte(object("\x04", "abcd\x01\x05\x00\x00\x05\x00\x00\x00"))) + `}}`), Complete},
		{"box.rtf", in(`{\*\do\dobxpage\dptxbx{\dptxbxtext\pard ` + said + `\par}\dpx1}`), Complete},
		{"list.rtf", in(`{\field{\*\fldinst FORMDROPDOWN{\*\formfield\fftype2{\*\ffname a}{\*\ffl ` + said + `}}}{\fldrslt x}}`), Complete},
		{"authors.rtf", in(`{\*\revtbl{Unknown;}{` + said + `;}}`), Complete},
		{"letters.rtf", in(`{\*\mailmerge{\mmconnectstr ` + said + `}}`), Complete},
		{"uri-short.txt", said + " data:text/plain;base64," + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("hello world.\n", 4_000))), Complete},
		{"uri-long.txt", said + " data:text/plain;base64," + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("hello world.\n", 60_000))), Partial},
		{"uri-cut.txt", said + " data:text/plain;base64," + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("hello world.\n", 60_000))) + "\nand more", Partial},
		{"about.xml", `<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><DocumentProperties><Title>` + said + `</Title>` +
			strings.Repeat("<X>hello world</X>", 8000), Partial},
	} {
		r := extractBytes(t, test.name, []byte(test.text), Options{})
		if len(r.found) != 1 || r.status[""].Code != test.code {
			t.Errorf("%s: %v\n%s", test.name, r.status[""], r.report())
		}
	}
}

// Values of cards and of directories are read through their base64, with padding or without, and pictures are not.
func TestFoldedBase64(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"a.vcf", "BEGIN:VCARD\r\nVERSION:3.0\r\nNOTE;ENCODING=b:c3NuIDUzNi05\r\n MC00Mzk5\r\nPHOTO;ENCODING=b;TYPE=JPEG:\r\n /9j/4AAQSkZJRgABAQAAAQABAAD\r\nEND:VCARD\r\n", "NOTE;ENCODING=b: ssn 536-90-4399\r\nPHOTO;ENCODING=b;TYPE=JPEG: \r\nEND"},
		{"b.vcf", "BEGIN:VCARD\r\nVERSION:2.1\r\nNOTE;BASE64:NTM2LTkwLTQzOTk\r\nX;ENCODING=BASE64:eA\r\nEND:VCARD\r\n", "NOTE;BASE64: 536-90-4399\r\nX;ENCODING=BASE64: x\r\nEND"},
		{"a.ldif", "dn: cn=a,dc=b\ndescription:: NTM2LTkwLTQzOTk\n", "description: 536-90-4399\n"},
		{"b.ldif", "dn: cn=a,dc=b\ndescription:: NTM2LTkwLTQzOTk", "description: 536-90-4399"},
	} {
		r := extractBytes(t, c.name, []byte(c.data), Options{})
		if got := r.text[""].String(); !strings.Contains(got, c.want) || len(r.found) != 1 || r.status[""].Code != Complete {
			t.Errorf("%s: %q, want %q; %v, %v", c.name, got, c.want, r.found, r.status)
		}
	}
}
