package detect

import (
	"strings"
	"testing"

	"magpie/internal/detect/managed"
)

// findOf returns what one identifier finds in a text, or in a value under a name, with
// all identifiers on.
func findOf(set *Set, id, text, name string) []string {
	return exampleMatches(set, id, managed.Example{Text: text, Name: name})
}

func allManaged(t *testing.T) *Set {
	t.Helper()
	set, err := Compile(Config{Managed: managed.IDs()})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestGrouping: the same number in the groups in which people write it. Each is the whole
// of a match in a sentence, behind a label, and as a value under a name.
func TestGrouping(t *testing.T) {
	set := allManaged(t)
	for _, c := range []struct{ id, keyword, values string }{
		{"GERMANY_BANK_ACCOUNT_NUMBER", "", "DE89370400440532013000|DE89 3704 0044 0532 0130 00|DE 89 3704 0044 0532 0130 00|DE 89370400440532013000|DE-89-3704-0044-0532-0130-00|de 89 370400440532013000|DE\u00a089\u00a03704\u00a00044\u00a00532\u00a00130\u00a000|DE\u202f89\u202f3704\u202f0044\u202f0532\u202f0130\u202f00"},
		{"UK_BANK_ACCOUNT_NUMBER", "", "GB29 NWBK 6016 1331 9268 19|GB 29 NWBK 6016 1331 9268 19|GB-29-NWBK-6016-1331-9268-19|GB 29 NWBK 60161331926819|GB 29NWBK60161331926819"},
		{"SPAIN_BANK_ACCOUNT_NUMBER", "", "ES77 1234-1234-16 1234567890|ES7712341234161234567890|ES77-1234-1234-16-1234567890|ES77 1234 1234 16-1234567890|ES 77-1234-1234-16-1234567890|ES-77 1234 1234 161234567890|ES77-12341234-16\u00a01234567890"},
		{"SPAIN_BANK_ACCOUNT_NUMBER", "account number", "1234-1234-16 1234567890|1234 1234 16-1234567890|12341234161234567890"},
		{"GERMANY_BANK_ACCOUNT_NUMBER", "", "DE89 3704-0044 0532-0130 00|DE89-370400440532013000|DE893704 0044-0532013000|DE 89-37040044 0532013000"},
		{"ITALY_BANK_ACCOUNT_NUMBER", "", "IT60 X-05428-11101 000000123456|IT60-X05428 11101-000000123456"},
		{"FRANCE_BANK_ACCOUNT_NUMBER", "", "FR 14 2004 1010 0505 0001 3M02 606|FR 1420041010050500013M02606"},
		{"NORTH_MACEDONIA_BANK_ACCOUNT_NUMBER", "", "MK 07 2501 2000 0058 984|MK 07250120000058984"},
		{"MALTA_BANK_ACCOUNT_NUMBER", "", "MT 84 MALT 0110 0001 2345 MTLC AST0 01S"},
		{"COLOMBIA_ORGANIZATION_NIT_NUMBER", "nit", "900.373.115-3|900373115-3|900373115 - 3|900.373.115 - 3|900 373 115-3|900 373 115 - 3|900.373.115 3|900.373.115.3|900373115.3|900.373.1153|900 373 115 3|900-373-115-3"},
		{"COLOMBIA_INDIVIDUAL_NIT_NUMBER", "nit", "52.345.678-3|52.345.678.3|1.018.455.321.9|1.018.455.321-9"},
		{"SPAIN_TAX_IDENTIFICATION_NUMBER", "cif", "A13585625|A13 585 625|A 13 585 625|A-13-585-625|A13-585-625|A13.585.625|A-13.585.625|A-1.358.562-5|J99 216 582"},
		{"SPAIN_NIE_NUMBER", "nie", "X-1-234-567-L|X 1 234 567 L"},
		{"CHILE_RUT_NUMBER", "rut", "12.345.678-5|12345678-5|12.345.678 - 5|12345678 - 5"},
		{"BRAZIL_CPF_NUMBER", "cpf", "529.982.247-25|529.982.247 - 25|529982247-25|529982247 - 25"},
		{"BRAZIL_CNPJ_NUMBER", "cnpj", "11.222.333/0001-81|11.222.333/0001 - 81"},
		{"ARGENTINA_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER", "cuil", "20-12345678-6|20-12345678 - 6|20123456786"},
		{"SPAIN_DNI_NUMBER", "dni", "12345678Z|12345678-Z|12345678 - Z|12345678 Z|12.345.678-Z|12.345.678 - Z"},
		{"SPAIN_NIE_NUMBER", "nie", "X1234567L|X-1234567-L|X-1234567L|X1234567-L|X 1234567 L|X 1234567L|X1234567 L|X-1234567 - L"},
		{"SPAIN_NIF_NUMBER", "nif", "K1234567L|K-1234567L|K1234567-L|K-1234567-L"},
		{"USA_NATIONAL_PROVIDER_IDENTIFIER", "npi", "1234567893|1234-567-893|1234 567 893|123-456-7893|123 456 7893"},
		{"UK_NATIONAL_INSURANCE_NUMBER", "nino", "AB123456C|AB 12 34 56 C|AB 123456C|AB 123456 C|AB123456 C|AB 12 34 56C|AB12 34 56C|AB12 34 56 C|AB-12-34-56-C|AB-123456-C|ab 123456c"},
		{"MEXICO_ORGANIZATION_RFC_NUMBER", "rfc", "&BC010203AB1|ÑBC010203AB1|A&C010203AB1|AÑC010203AB1|AB&010203AB1|&&C010203AB1|ÑÑC010203AB1|&ÑC 010203 AB1|Ñ&C-010203-AB1|ñbc010203ab1"},
		{"MEXICO_INDIVIDUAL_RFC_NUMBER", "rfc", "&ABC010203AB1|ÑABC010203AB1|ÑAÑC010203AB1|A&BC010203AB1|&&&C010203AB1|ÑÑÑÑ010203AB1|&ABC-010203-AB1"},
	} {
		for _, v := range strings.Split(c.values, "|") {
			label := c.keyword
			if label == "" {
				label = "account"
			}
			for _, text := range []string{"The " + label + " is " + v + ", as agreed.", label + ": " + v, `"` + label + `":"` + v + `"`, label + "=" + v + "\n"} {
				if got := findOf(set, c.id, text, ""); len(got) != 1 || got[0] != v {
					t.Errorf("%s in %q: %q", c.id, text, got)
				}
			}
			if got := findOf(set, c.id, v, label+" number"); len(got) != 1 || got[0] != v {
				t.Errorf("%s in %q under a name: %q", c.id, v, got)
			}
		}
	}
	for _, c := range []struct{ id, text string }{
		{"GERMANY_BANK_ACCOUNT_NUMBER", "in DE 88 3704 0044 0532 0130 00"},           // a wrong digit
		{"GERMANY_BANK_ACCOUNT_NUMBER", "CODE 89 3704 0044 0532 0130 00"},            // a longer word
		{"GERMANY_BANK_ACCOUNT_NUMBER", "DE 8 9370 4004 4053 2013 000"},              // apart inside the check digits
		{"SPAIN_BANK_ACCOUNT_NUMBER", "account ES78 1234-1234-16 1234567890"},        // a wrong digit
		{"SPAIN_BANK_ACCOUNT_NUMBER", "account ES77 1234- 1234-16 1234567890"},       // two together
		{"SPAIN_TAX_IDENTIFICATION_NUMBER", "cif A13 585 626"},                       // a wrong digit
		{"SPAIN_TAX_IDENTIFICATION_NUMBER", "cif A135 856 25"},                       // no such groups
		{"COLOMBIA_ORGANIZATION_NIT_NUMBER", "nit 900.373.115.4"},                    // a wrong digit
		{"GERMANY_BANK_ACCOUNT_NUMBER", "DE  89 3704 0044 0532 0130 00"},             // two spaces
		{"GERMANY_BANK_ACCOUNT_NUMBER", "bank account DE 88 370400440532013000"},     // no BBAN behind wrong check digits
		{"CHILE_RUT_NUMBER", "rut 12.345.678 - 6"},                                   // a wrong digit
		{"CHILE_RUT_NUMBER", "rut 12.345.678 -5"},                                    // a negative
		{"SPAIN_NIE_NUMBER", "nie X--1234567L"},                                      //
		{"USA_NATIONAL_PROVIDER_IDENTIFIER", "npi 1234-567-894"},                     // a wrong digit
		{"USA_NATIONAL_PROVIDER_IDENTIFIER", "npi 12-345-67893"},                     // no such groups
		{"UK_NATIONAL_INSURANCE_NUMBER", "nino AB 1234 56C"},                         // no such groups
		{"MEXICO_ORGANIZATION_RFC_NUMBER", "rfc x&BC010203AB1"},                      // an individual's
		{"CREDIT_CARD_NUMBER_(NO_KEYWORD)", "GB 29 NWBK 4242 4242 4242 4242 and so"}, // inside an IBAN's groups
	} {
		if got := findOf(set, c.id, c.text, ""); len(got) != 0 {
			t.Errorf("%s in %q: %q", c.id, c.text, got)
		}
	}
}

// TestHeaderPairs: a header's name and value as messages, JSON, source code and settings
// join them. The whole of the pair is the match, from the name on.
func TestHeaderPairs(t *testing.T) {
	set := allManaged(t)
	const basic, cookie = "Basic dXNlcjpwYXNzd29yZA==", "sid=31d4d96e407aad42; lang=en"
	for _, c := range []struct{ id, name, value string }{
		{"HTTP_BASIC_AUTH_HEADER", "Authorization", basic},
		{"HTTP_BASIC_AUTH_HEADER", "proxy-authorization", basic},
		{"HTTP_COOKIE", "Cookie", cookie},
		{"HTTP_COOKIE", "Set-Cookie", cookie[:20]},
	} {
		for _, form := range []string{
			"%N: %V", `"%N": "%V"`, `"%N":"%V"`, `{\"%N\": \"%V\"}`, `{\\\"%N\\\": \\\"%V\\\"}`, `h.Set("%N", "%V")`, `h.set('%N','%V')`,
			`'%N' => '%V',`, `:%N => "%V"`, `headers["%N"] = "%V"`, `headers['%N']='%V'`, "-H '%N: %V'", `{"name": "%N", "value": "%V"}`,
			"{\n  \"name\": \"%N\",\n  \"value\": \"%V\"\n}", `"%N": ["%V"]`, "<%N>%V</%N>", "%N = \"%V\"", "`%N`: `%V`", `["%N", "%V"]`,
		} {
			text := strings.ReplaceAll(strings.ReplaceAll(form, "%N", c.name), "%V", c.value)
			if got := findOf(set, c.id, "x\n"+text+"\n", ""); len(got) != 1 || !strings.HasPrefix(got[0], c.name) || !strings.HasSuffix(got[0], c.value) {
				t.Errorf("%s in %q: %q", c.id, text, got)
			}
		}
	}
	for _, text := range []string{
		"authorization, basic dXNlcjpwYXNzd29yZA== is a token", `"Authorization", "Bearer dXNlcjpwYXNzd29yZA=="`, `"Authorization", "Basic auth"`,
		"document.cookie = name=value", `document.cookie = "name=value"`, "?cookie=a=b", "the cookie, name=value", `"cookie", "none"`, "cookie => true",
		`"Cookie", "policy", "a=b"`, `{"name": "Cookie", "type": "a=b"}`,
	} {
		for _, id := range []string{"HTTP_BASIC_AUTH_HEADER", "HTTP_COOKIE"} {
			if got := findOf(set, id, text, ""); len(got) != 0 {
				t.Errorf("%s in %q: %q", id, text, got)
			}
		}
	}
}

// TestKeyBlocks: a private key as comments, mail, settings and code hold it.
func TestKeyBlocks(t *testing.T) {
	set := allManaged(t)
	lines := []string{
		"-----BEGIN RSA PRIVATE KEY-----", "MIIBOgIBAAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8Qu",
		"KUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==", "-----END RSA PRIVATE KEY-----",
	}
	for _, margin := range []string{"", "# ", "#", "> ", ">", "> > ", ">>", "// ", " * ", "; ", "-- ", "| ", "+", "-", "    ", "\t# ", "  > ", "!! "} {
		text := "x\n" + margin + strings.Join(lines, "\n"+margin) + "\nend"
		if got := findOf(set, "PKCS", text, ""); len(got) != 1 || !strings.HasPrefix(got[0], lines[0]) || !strings.HasSuffix(got[0], lines[3]) {
			t.Errorf("margin %q: %q", margin, got)
		}
	}
	for _, joint := range []string{"", " ", `\n`, `\r\n`, "\r", "\r\n", `\n" +` + "\n\t\"", "\\\n", "\n\n", `\\n`} {
		text := "KEY=" + strings.Join(lines, joint) + "\n"
		if got := findOf(set, "PKCS", text, ""); len(got) != 1 {
			t.Errorf("joined by %q: %q", joint, got)
		}
	}
	// The marks must be those of the first line, and a line that is not base64 ends it.
	for _, text := range []string{
		"# " + lines[0] + "\n> " + lines[1] + "\n# " + lines[2] + "\n# " + lines[3],
		lines[0] + "\n# " + lines[1] + "\n" + lines[2] + "\n" + lines[3],
		"# " + lines[0] + "\n# the key goes here, please\n# " + lines[3],
		"# " + lines[0] + "\n#\n# " + lines[3],
	} {
		if got := findOf(set, "PKCS", text, ""); len(got) != 0 {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// TestLastWord: a plain value needs a keyword that ends the name it stands in.
func TestLastWord(t *testing.T) {
	set := allManaged(t)
	for _, c := range []struct {
		id, value, word string
	}{
		{"CREDIT_CARD_SECURITY_CODE", "185", "cvc"}, {"CREDIT_CARD_SECURITY_CODE", "1851", "cvv"}, {"DATE_OF_BIRTH", "19800101", "dob"},
		{"USA_PASSPORT_NUMBER", "925076473", "passport"}, {"USA_PASSPORT_NUMBER", "A25076473", "passport"}, {"USA_HEALTHCARE_PROCEDURE_CODE", "A1234", "hcpcs"},
		{"USA_SOCIAL_SECURITY_NUMBER", "536904399", "ssn"}, {"DENMARK_DRIVERS_LICENSE", "12345678", "kørekort"}, {"BANK_ACCOUNT_NUMBER", "123456789", "bank account"},
	} {
		under := strings.ReplaceAll(c.word, " ", "_")
		upper := strings.ToUpper(under)
		for _, name := range []string{
			under, upper, "card_" + under, under + "_number", under + "_no", upper + "_1", under + "2", "customer." + under, under + ".value", under + "_us", under + "-id",
			under + "_customer", "my" + strings.ToUpper(under[:1]) + under[1:], under + "Number", under + "->value", under + "_x000D_",
		} {
			for _, text := range []string{name + " = " + c.value + ";", name + ": " + c.value, `"` + name + `":"` + c.value + `"`} {
				if got := findOf(set, c.id, text, ""); len(got) != 1 || got[0] != c.value {
					t.Errorf("%s in %q: %q", c.id, text, got)
				}
			}
			if got := findOf(set, c.id, c.value, name); len(got) != 1 {
				t.Errorf("%s under %q: %q", c.id, name, got)
			}
		}
		for _, name := range []string{
			"SCHEMAV_" + upper + "_ELT_4_2", upper + "_TIMEOUT", under + "_offset", under + "Retries", under + ".length", under + "-max-size", "x_" + under + "_y_z",
			"7" + strings.ReplaceAll(under, "_", ""), under + "3f", "a4f" + "9" + under + "2b", upper + "_ERROR_CODE", under + "->count",
		} {
			for _, text := range []string{name + "= " + c.value, name + " = " + c.value + ",", "#define " + name + " " + c.value} {
				if got := findOf(set, c.id, text, ""); len(got) != 0 {
					t.Errorf("%s in %q: %q", c.id, text, got)
				}
			}
			if got := findOf(set, c.id, c.value, name); len(got) != 0 {
				t.Errorf("%s under %q: %q", c.id, name, got)
			}
		}
	}
	// Values that are hard to mistake are reported in any name.
	for _, c := range []struct{ id, text, name string }{
		{"USA_SOCIAL_SECURITY_NUMBER", "536-90-4399", "ssn_as_entered"}, {"DATE_OF_BIRTH", "1980-01-01", "dob_verified_on"},
		{"UK_NHS_NUMBER", "9434765919", "nhs_lookup_key"},
	} {
		if got := findOf(set, c.id, c.text, c.name); len(got) != 1 {
			t.Errorf("%s under %q: %q", c.id, c.name, got)
		}
		if got := findOf(set, c.id, c.name+"="+c.text, ""); len(got) != 1 {
			t.Errorf("%s in %q: %q", c.id, c.name, got)
		}
	}
	for _, text := range []string{
		"ssn lookup id=f2198825-019f-1b14-a33f-879949512732 visa", "dl# 1234abcd-0123-4567-89ab-123456789012 cvv 1234abcd-1234-5678-9abc-def012345678",
		"passport 87994951-ab12-4cde-8f01-0123456789ab",
	} {
		for _, m := range scanAll(set.NewScanner(), []byte(text)) {
			t.Errorf("%q: %s %q", text, set.Identifiers()[m.Identifier].ID, text[m.Start:m.End])
		}
	}
}

// TestFramedKeys: a private key whose lines stand in a log, in the output of a tool, in statements that print it, in markup
// and in a URL.
func TestFramedKeys(t *testing.T) {
	set := allManaged(t)
	lines := []string{
		"-----BEGIN RSA PRIVATE KEY-----", "MIIBOgIBAAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8Qu",
		"KUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==", "-----END RSA PRIVATE KEY-----",
	}
	for _, form := range []string{
		"Jan  2 03:04:0%d host app[12]: %L\n", "2026-01-02T03:04:05.00%dZ INFO  [main] %L\n", "web_1  | %L\n", "conf/id.pem:%d:%L\n",
		"I0102 03:04:05.12345%d       1 main.go:33] %L\n", "^abc1234 (Jo Doe 2026-01-02 03:04:05 +0100  %d) %L\n",
		"$k .= \"%L\\n\";\n", "echo \"%L\" >> id.pem\n", "\"%L\" & vbCrLf & _\n", "%L<br>\n", "%L<br />\r\n", "%L&#13;&#10;", "%L\u00a0\n",
	} {
		text := "x\n"
		for i, l := range lines {
			text += strings.NewReplacer("%L", l, "%d", string(rune('6'+i))).Replace(form)
		}
		if got := findOf(set, "PKCS", text, ""); len(got) != 1 || !strings.HasPrefix(got[0], lines[0]) || !strings.HasSuffix(got[0], lines[3]) {
			t.Errorf("%q: %q", form, got)
		}
	}
	url := strings.NewReplacer(" ", "%20", "\n", "%0D%0A", "+", "%2B", "/", "%2F", "=", "%3D").Replace(strings.Join(lines, "\n"))
	for _, text := range []string{"key=" + url, "key=" + url + "&x=1", "key=" + strings.ReplaceAll(url, "%20", "+") + "%0A"} {
		if got := findOf(set, "PKCS", text, ""); len(got) != 1 || !strings.HasPrefix(got[0], "-----BEGIN") || !strings.HasSuffix(got[0], "KEY-----") {
			t.Errorf("%q: %q", text, got)
		}
	}
	for _, text := range []string{
		"a: " + lines[0] + "\nb: " + lines[1] + "\nc: " + lines[2] + "\nd: " + lines[3], // not the same line
		"key=" + url[:len(url)-30], // no end
		"key=" + strings.Replace(url, "%0D%0A", "&x=", 1),
	} {
		if got := findOf(set, "PKCS", text, ""); len(got) != 0 {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// TestLooseCards: with a keyword a card's groups may stand apart in ways in which nothing but a keyword shows that they are one.
func TestLooseCards(t *testing.T) {
	set := allManaged(t)
	for _, v := range []string{
		"4539.1488.0343.6467", "4539/1488/0343/6467", "4539  1488  0343  6467", "4539 - 1488 - 0343 - 6467", "4539%201488%200343%206467",
		"4539\u20141488\u20140343\u20146467",
	} {
		if got := findOf(set, "CREDIT_CARD_NUMBER", "the visa card "+v+" of", ""); len(got) != 1 || got[0] != v {
			t.Errorf("%q: %q", v, got)
		}
		if strings.ContainsAny(v, "%\u2014") {
			continue
		}
		if got := findOf(set, "CREDIT_CARD_NUMBER_(NO_KEYWORD)", "the thing "+v+" of", ""); len(got) != 0 {
			t.Errorf("%q without a keyword: %q", v, got)
		}
	}
	for _, v := range []string{
		"4539.1488/0343.6467", "4539. 1488. 0343. 6467", "4539   1488   0343   6467", "4539..1488..0343..6467", "4539.1488.0343.6468", "1.4539.1488.0343.6467",
	} {
		if got := findOf(set, "CREDIT_CARD_NUMBER", "the visa card "+v+" of", ""); len(got) != 0 {
			t.Errorf("%q: %q", v, got)
		}
	}
}
