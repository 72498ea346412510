package detect

import (
	"strings"
	"testing"

	"magpie/internal/detect/managed"
)

// TestHabits: numbers as other people write them, and what they write that looks like one.
func TestHabits(t *testing.T) {
	set := allManaged(t)
	for _, c := range []struct{ id, frame, yes string }{
		{"NETHERLANDS_BANK_ACCOUNT_NUMBER", "IBAN: %", "NL 91 ABNA 0417 1643 00|nl 91 abna 0417 1643 00|NL-91-ABNA-0417-1643-00|NL 91ABNA0417164300|NL91 ABNA 04171643 00"},
		{"SPAIN_BANK_ACCOUNT_NUMBER", "<IBAN>%</IBAN>", "ES 91 2100 0418 4502 0005 1332|ES 91 2100 0418 45 0200051332|ES-91-2100-0418-4502-0005-1332"},
		{"ITALY_BANK_ACCOUNT_NUMBER", `{"iban":"%"}`, "IT 60 X 05428 11101 000000123456|IT 60 X054 2811 1010 0000 0123 456|IT-60-X-05428-11101-000000123456|IT60 X 05428 11101 000000123456"},
		{"SWITZERLAND_BANK_ACCOUNT_NUMBER", "%;", "CH 93 0076 2011 6238 5295 7|CH 93 00762 011623852957"},
		{"POLAND_BANK_ACCOUNT_NUMBER", "nr %,", "PL 61 1090 1014 0000 0712 1981 2874|PL-61-1090-1014-0000-0712-1981-2874"},
		{"SWEDEN_BANK_ACCOUNT_NUMBER", "x\t%\ty", "SE 45 5000 0000 0583 9825 7466"},
		{"PORTUGAL_BANK_ACCOUNT_NUMBER", "(%)", "PT 50 0002 0123 1234 5678 9015 4"},
		{"FRANCE_BANK_ACCOUNT_NUMBER", "RIB %\n", "FR 14 20041 01005 0500013M026 06|FR14 2004 1010 0505 0001 3M02 606"},
		{"UK_BANK_ACCOUNT_NUMBER", "to %", "GB 29 NWBK 601613 31926819"},

		{"COLOMBIA_ORGANIZATION_NIT_NUMBER", "NIT %", "800.197.268-4|800.197.268 - 4|890.903.938-8|890903938 - 8|860.034.313 – 7|860034313-7"},
		{"COLOMBIA_ORGANIZATION_NIT_NUMBER", `"nit": "%"`, "800197268-4|800 197 268 - 4"},
		{"USA_NATIONAL_PROVIDER_IDENTIFIER", "NPI: %", "1245319599|1245-319-599|1245 319 599|124-531-9599|1003000126"},
		{"USA_NATIONAL_PROVIDER_IDENTIFIER", "npi_number=%;", "1245319599|1245-319-599"},
		{"UK_NATIONAL_INSURANCE_NUMBER", "nino: %", "JG 103759A|JG103759 A|JG 10 37 59 A|JG-10-37-59-A|jg 10 37 59 a|JG\u00a010\u00a037\u00a059\u00a0A"},
		{"SPAIN_NIE_NUMBER", "NIE: %", "X0523821L|X-0523821L|X0523821-L|X-0523821-L|X 0523821 L|x0523821l"},
		{"MEXICO_INDIVIDUAL_RFC_NUMBER", "RFC: %", "GODE561231GR8|GODE 561231 GR8|GODE-561231-GR8|GODE561231-GR8|ÑODE561231GR8"},
		{"MEXICO_ORGANIZATION_RFC_NUMBER", "<Rfc>%</Rfc>", "&BC010203AB1|ÑBC010203AB1"},
	} {
		for _, v := range strings.Split(c.yes, "|") {
			if managed.Find(c.id) == nil {
				t.Error(c.id)
				continue
			}
			text := strings.ReplaceAll(c.frame, "%", v)
			if got := findOf(set, c.id, text, ""); len(got) != 1 || got[0] != v {
				t.Errorf("%s in %q: %q", c.id, text, got)
			}
		}
	}
	const basic, cookie = "Basic dXNlcjpwYXNzd29yZA==", "sid=31d4d96e407aad42; lang=en"
	for _, form := range []string{
		`Map.of("%N", "%V")`, `.header("%N", "%V")`, "- name: %N\n  value: %V\n", "- name: \"%N\"\n  value: \"%V\"\n", "%N = \"%V\"", `proxy_set_header %N "%V";`, `RequestHeader set %N "%V"`,
		`<header name="%N" value="%V"/>`, `<add key="%N" value="%V" />`, `("%N", "%V")`, `(b"%N", b"%V")`, `{"key":"%N","value":"%V"}`, `{ name: '%N', value: '%V' }`, "[%N: %V]", "%N:%V",
		`'%N': f'%V'`, `"%N" : "%V"`, `"%N" -> "%V"`, `%N: '%V'`, `%N => %V`, `map[%N:[%V]]`, `%N="%V"`, `'%N', '%V'`, "> %N: %V", `{"name":"%N","value":"%V","comment":""}`,
	} {
		for _, c := range []struct{ id, name, value string }{{"HTTP_BASIC_AUTH_HEADER", "Authorization", basic}, {"HTTP_COOKIE", "Cookie", cookie}} {
			text := strings.ReplaceAll(strings.ReplaceAll(form, "%N", c.name), "%V", c.value)
			if got := findOf(set, c.id, "x\n"+text+"\n", ""); len(got) != 1 || !strings.Contains(got[0], c.value) {
				t.Errorf("%s in %q: %q", c.id, text, got)
			}
		}
	}
	for _, c := range []struct{ id, text, v string }{
		{"HTTP_BASIC_AUTH_HEADER", "Authorization\tBasic dXNlcjpwYXNzd29yZA==\n", "Authorization\tBasic dXNlcjpwYXNzd29yZA=="}, {"HTTP_BASIC_AUTH_HEADER", "Authorization|Basic dXNlcjpwYXNzd29yZA==", "Authorization|Basic dXNlcjpwYXNzd29yZA=="},
		{"HTTP_BASIC_AUTH_HEADER", "HTTP_AUTHORIZATION=Basic dXNlcjpwYXNzd29yZA==\x00X=1", "AUTHORIZATION=Basic dXNlcjpwYXNzd29yZA=="}, {"HTTP_COOKIE", "HTTP_COOKIE=sid=31d4d96e; lang=en\x00X=1", "COOKIE=sid=31d4d96e; lang=en"},
		{"GERMANY_PHONE_NUMBER", "Tel 49 (30) 1234567", "49 (30) 1234567"}, {"GERMANY_PHONE_NUMBER", "Tel. 49 30/1234567", "49 30/1234567"}, {"GERMANY_PHONE_NUMBER", "mobile: 491711234567", "491711234567"},
		{"FRANCE_PHONE_NUMBER", "tel : 33 1.23.45.67.89", "33 1.23.45.67.89"}, {"FRANCE_PHONE_NUMBER", "mobile 33612345678", "33612345678"}, {"FRANCE_PHONE_NUMBER", "tel 33-6-12-34-56-78", "33-6-12-34-56-78"},
		{"SPAIN_PHONE_NUMBER", "tel 34 612 34 56 78", "34 612 34 56 78"}, {"SPAIN_PHONE_NUMBER", "phone: 34-91-123-45-67", "34-91-123-45-67"}, {"SPAIN_PHONE_NUMBER", "tel: 34 612.345.678", "34 612.345.678"},
		{"ITALY_PHONE_NUMBER", "mobile 39 3471234567", "39 3471234567"}, {"ITALY_PHONE_NUMBER", "telephone 39 02 1234 5678", "39 02 1234 5678"}, {"ITALY_PHONE_NUMBER", "tel. 39-02-12345678", "39-02-12345678"},
		{"BRAZIL_PHONE_NUMBER", "celular 55 (11) 91234 5678", "55 (11) 91234 5678"}, {"BRAZIL_PHONE_NUMBER", "telefone: 55 11 3123 4567", "55 11 3123 4567"}, {"BRAZIL_PHONE_NUMBER", "telefone 5511912345678", "5511912345678"},
		{"UK_PHONE_NUMBER", "mobile: 447911123456", "447911123456"}, {"UK_PHONE_NUMBER", "phone 44 7911 123 456", "44 7911 123 456"}, {"UK_PHONE_NUMBER", "phone 0044 20 7946 0958", "0044 20 7946 0958"}, {"UK_PHONE_NUMBER", "tel:+44-20-7946-0958", "+44-20-7946-0958"},
		{"PHONE_NUMBER", "phone 1.212.555.0123", "1.212.555.0123"}, {"PHONE_NUMBER", "cell: 12125550123", "12125550123"}, {"PHONE_NUMBER", "telephone 1-(212)-555-0123", "1-(212)-555-0123"}, {"PHONE_NUMBER", "phone: 1 (212) 555 0123", "1 (212) 555 0123"},
		{"LATITUDE_LONGITUDE", "coordinates: 48.8584, 2.2945", "48.8584, 2.2945"}, {"LATITUDE_LONGITUDE", "position (48.8584, 2.2945)", "48.8584, 2.2945"}, {"LATITUDE_LONGITUDE", "coordinates 48.8584;2.2945", "48.8584;2.2945"}, {"LATITUDE_LONGITUDE", "coordinates: -33.8568 151.2153.", "-33.8568 151.2153"}, {"LATITUDE_LONGITUDE", `"coordinates":"40.6892,-74.0445"`, "40.6892,-74.0445"}, {"LATITUDE_LONGITUDE", "lat long = 40.6892,-74.0445", "40.6892,-74.0445"}, {"LATITUDE_LONGITUDE", "coordinates 48.8584° N, 2.2945° E", "48.8584° N, 2.2945° E"},
	} {
		if got := findOf(set, c.id, c.text, ""); len(got) != 1 || got[0] != c.v {
			t.Errorf("%s in %q: %q", c.id, c.text, got)
		}
	}
	for _, c := range []struct{ id, texts string }{
		{"*BANK_ACCOUNT_NUMBER", "NL 92 ABNA 0417 1643 00|HTML 91 ABNA 0417 1643 00|NL_91_ABNA_0417_1643_00|NL 91 ABNA 0417 1643|NL 91 ABNA\n0417 1643 00|NL 91 ABNA, 0417, 1643, 00|NL91ABNA0417164300ab|xNL 91 ABNA 0417 1643 00|ES 91 2100 0418 4502 0005 1333|IT 61 X 05428 11101 000000123456|CH 93 0076 2011 6238 5295 8|DE 89 37 04 00 44 05 32 01 30 01|XX 91 ABNA 0417 1643 00|BE 68 5390 0754 7035|GB 29 3rd Street 60161331926819"},
		{"COLOMBIA_ORGANIZATION_NIT_NUMBER", "nit 800.197.268-5|nit 800197268 -- 4|nit 1800.197.268-4|nit 800.197.2684-4|nit 80.0197.268-4|unit 800.197.268-4"},
		{"USA_NATIONAL_PROVIDER_IDENTIFIER", "npi 1245319598|npi 12453-19599|npi 1245-3195-99|npi 11245319599|npi 3245319599|input 1245319599"},
		{"UK_NATIONAL_INSURANCE_NUMBER", "nino QQ123456C|nino BG103759A|nino JG103759E|nino JG1037590A|nino OO103759A|nino AJG103759A|nino JG 1 03759A"},
		{"SPAIN_NIE_NUMBER", "nie X0523821G|nie W0523821L|nie X05238211L|nie XX0523821L|nie X 0 523821L"},
		{"MEXICO_*", "rfc GODE561331GR8|rfc GODE560031GR8|rfc GODE56123GR8|RFC 2616561231|rfc1234 section 5"},
		{"HTTP_*", `"Authorization", "Digest abc"|Authorization is basic here|"Basic", "Authorization"|basic authorization dXNlcjpwYXNzd29yZA==|"Authorization": "Basic {token}"|"Authorization": "Basic <credentials>"|Authorization: Basic realm="x"|"Cookie": {"a": 1}|"Cookie" => nil|cookie_name = "sid=1"|Cookie: none|set("Cookie", name)|the cookie: see below|the cookie "name=value" is|a cookie 'a=b'|X_HTTP_COOKIE=a=b|name="Cookie" type="a=b"|name: Cookie\nkey: a=b|cookie\nvalue a=b`},
		{"*PHONE_NUMBER", "phone +420 212 555 0123|phone +971 4 212 555 0123 55|tel 212.5550123|phone -2125550123|phone 0.2125550123|phone 3,212,555,012|phone log 2026-11-30T12:34:56+0100|phone log 2026-11-30 12:34:56 +0200|phone 0x2125550123|phone 10.212.55.12|phone $212,555|phone 8f2125550123ab|tel +44 20 7946|phone 2026-11-30|phone 44 20 79|mobile 33 1 23 45 67|phone +86 138 0013 8000|phone +91 98765 43210|phone 12:12:55.0123|phone 212-555-0123-4567"},
		{"LATITUDE_LONGITUDE", "position: 12.34 56.78 90.12|position = [0.25, 0.75]|position 0.1234,0.5678|coordinates: 95.1234, 20.1234|coordinates: 45.1234, 190.1234|position 12.50 13.75 14.25|coordinates 12.3456.7890|position: 10.50, 20.25, 30.75|position 1.25;2.50;3.75|position -0.5000, 0.5000|positions 12.34, 56.78%|coordinate v1.25.3 2.50.1|position: 12.34, 56.78px"},
	} {
		for _, text := range strings.Split(strings.ReplaceAll(c.texts, `\n`, "\n"), "|") {
			for _, m := range scanAll(set.NewScanner(), []byte(text)) {
				id := set.Identifiers()[m.Identifier].ID
				if c.id == id || strings.HasPrefix(c.id, "*") && strings.HasSuffix(id, c.id[1:]) || strings.HasSuffix(c.id, "*") && strings.HasPrefix(id, c.id[:len(c.id)-1]) {
					t.Errorf("%s in %q: %q", id, text, text[m.Start:m.End])
				}
			}
		}
	}
}

// TestCardHabits: cards without a keyword as people and programs write them, and numbers that merely look like one.
func TestCardHabits(t *testing.T) {
	set := allManaged(t)
	const id = "CREDIT_CARD_NUMBER_(NO_KEYWORD)"
	for _, v := range []string{
		`4539 1488 0343 6467`, `4539-1488-0343-6467`, `4539148803436467`, `5412 7512 3412 3452`, `5412751234123452`, `3714 496353 98175`, `3714-496353-98175`, `371449635398175`, `6011 2293 4455 6674`, `6011229344556674`, `3528-3096-1234-5670`, `3528309612345670`, `3612 745678 9014`, `2226 4000 0012 3451`, `2226400000123451`,
	} {
		for _, frame := range []string{"%", "paid with % today", `"%"`, "%\n", "(%)", "x;%;y", "n: %.", "|%|", "<t>%</t>", "\t%\t", "%, then", "is '%'"} {
			if got := findOf(set, id, strings.ReplaceAll(frame, "%", v), ""); len(got) != 1 || got[0] != v {
				t.Errorf("%s: %q", strings.ReplaceAll(frame, "%", v), got)
			}
		}
	}
	for _, text := range []string{
		`0.4539148803436467`, `12.4539148803436467`, `4539148803436467.25`, `-0.4539148803436467e5`, `/orders/4539148803436467/items`, `https://h/x/4539148803436467?a=1`, `/v1/users/4539148803436467`, `4539148803433 x`, `4539148803436461233`, `id 4539148803436461233`, `4539148803436467 4539148803436468 4539148803436469`, `a1b2-4539-1488-0343`, `deadbeef4539148803436467`, `4539148803436467deadbeef`, `0x4539148803436467`, `4539 1488 0343 6468`, `4539 1488 0343`, `14539148803436467`, `45391488034364671`, `4539  1488  0343  6467 `, `4539,1488,0343,6467`, `4539.1488.0343.6467e`, `550e8400-e29b-41d4-a716-453914880343`, `sha1:4539148803436467aa4539148803436467`, `2026-11-30 453`,
	} {
		if got := findOf(set, id, text, ""); len(got) != 0 {
			t.Errorf("%s: %q", text, got)
		}
	}
}
