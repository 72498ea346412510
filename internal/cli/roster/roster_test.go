package roster

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
)

func read(text string) string {
	entries, err := Read("list.csv", strings.NewReader(text))
	var b strings.Builder
	var faults *Faults
	switch {
	case errors.As(err, &faults):
		for _, f := range faults.All {
			fmt.Fprintf(&b, "%d:%d %s|", f.Line, f.Column, f.Text)
		}
	case err != nil:
		return err.Error()
	}
	for _, e := range entries {
		fmt.Fprintf(&b, "%d %s %s|", e.Line, e.Account, e.Email)
	}
	return b.String()
}

func utf16LE(s string) string {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

func TestRead(t *testing.T) {
	const two = "2 111122223333 a@example.com|3 444455556666 b@example.com|"
	for _, c := range []struct{ name, text, want string }{
		{"as the console has it", "Account ID,Email\n111122223333,a@example.com\n444455556666,b@example.com\n", two},
		{"byte order mark, CRLF, quotes", "\ufeff\"Account ID\",\"Email\"\r\n\"111122223333\",\"a@example.com\"\r\n444455556666 , b@example.com \r\n", two},
		{"semicolons", "Account ID;Email\n111122223333;a@example.com\n444455556666;b@example.com", two},
		{"UTF-16", utf16LE("Account ID,Email\r\n111122223333,a@example.com\r\n444455556666,b@example.com\r\n"), two},
		{"other columns, other order", "name,email,account id\nOne,a@example.com,111122223333\n\"Two, too\",b@example.com,444455556666\n", two},
		{"no heading", "111122223333,a@example.com\n\n444455556666,b@example.com\n", "1 111122223333 a@example.com|3 444455556666 b@example.com|"},
		{"JSON lines", `{"accountId":"111122223333","email":"a@example.com"}` + "\n" + `{"email":"b@example.com","accountId":"444455556666","x":[1]}`,
			"1 111122223333 a@example.com|2 444455556666 b@example.com|"},
		{"Unicode Text", utf16LE("Account ID\tEmail\r\n111122223333\ta@example.com\r\n444455556666\t\"b@example.com\"\r\n"), two},
		{"UTF-16 without a mark", utf16LE("Account ID\tEmail\r\n111122223333\ta@example.com\r\n444455556666\tb@example.com\r\n")[2:], two},
		{"tabs, an empty field", "Name\tAccount ID\tEmail\n\t111122223333\ta@example.com\n\t 444455556666 \t b@example.com\n", two},
		{"empty rows", "Account ID,Email\n111122223333,a@example.com\n444455556666,b@example.com\n,\n , \n\"\",\"\"\n,,,\n", two},
		{"what cannot be seen, around", "\u200bAccount ID,Email\u200b\n\u200b111122223333\u2060,\u200ea@example.com\u00ad\n\ufeff444455556666,\"\u202ab@example.com\u202c\"\n", two},
		{"what cannot be seen, inside", "Account ID,Email\n1111\u200b22223333,a@exa\u200bmple.com\n444455556666,\"b\u2060@example.com\"\n",
			"2:5 the account id has a character in it that cannot be seen, U+200B; take it out|" +
				"2:20 the e-mail address has a character in it that cannot be seen, U+200B; take it out|" +
				"3:16 the e-mail address has a character in it that cannot be seen, U+2060; take it out|"},
		{"a family in another column", "Account ID,Email,Name\n111122223333,a@example.com,\U0001f468\u200d\U0001f469\n444455556666,b@example.com,\n", two},
		{"links", "Account ID,Email\n111122223333,mailto:a@example.com\n444455556666,MailTo: b@example.com\n", two},
		{"what is more than an address", "111122223333,mailto:a@example.com?subject=x\n444455556666,B <b@example.com>\n777788889999,<c@example.com>\n",
			`1:14 "a@example.com?subject=x" is not an e-mail address|2:14 "B <b@example.com>" is not an e-mail address|3:14 "<c@example.com>" is not an e-mail address|`},
		{"another heading", "number,mail\n111122223333,a@example.com\n",
			`1:1 the heading has "number", "mail"; what is understood is Account ID (or Account, or ID) and Email (or Email Address), beside any others|`},
		{"a heading without addresses", "id\n111122223333\n",
			`1:1 the heading has "id"; what is understood is Account ID (or Account, or ID) and Email (or Email Address), beside any others|`},
		{"nothing but empty rows", ",\n,\n", "1:1 there are no accounts in it|"},
		{"empty", "", "1:1 there are no accounts in it|"},
		{"heading only", "Account ID,Email\n", "1:1 there are no accounts in it|"},
		{"all faults at once", "Account ID,Email\n11112222333,a@example.com\n1.11122E+11,a@example.com\nabc,a\n,\n111122223333,\n444455556666,b@example.com\n444455556666,b@example.com\n777788889999\n",
			`2:1 account id "11112222333" has 11 digits and not 12; did a spreadsheet drop leading zeros?|` +
				`3:1 account id "1.11122E+11" was rounded by a spreadsheet; format the column as text|` +
				`4:1 account id "abc" is not 12 digits|4:5 "a" is not an e-mail address|` +
				`6:14 the e-mail address is missing|` +
				`8:1 account id 444455556666 is in line 7 already|` +
				`9:13 the e-mail address is missing|`},
		{"a quote too many hides nothing", "\"111122223333,a@example.com\n\"4\",b@example.com\n\"444455556666\"x,b@example.com\n",
			`1:1 the quote is not closed|2:1 account id "4" is not 12 digits|3:15 after a closing quote comes a ',' or the end of the line|`},
		{"columns are characters", "é,111122223333\n", `1:1 account id "é" is not 12 digits|1:3 "111122223333" is not an e-mail address|`},
		{"not UTF-8", "111122223333,\xff@example.com\n", `1:14 not text in UTF-8; save the file as CSV UTF-8|`},
		{"JSON of another form", "{\"accountId\":1,\"email\":\"a@example.com\"}\n{\"accountId\"\n{} {}\n{\"email\":\"a@example.com\"}",
			`1:14 accountId must be a string|2:13 not a JSON object such as {"accountId":"444455556666","email":"member@example.com"}|` +
				`3:3 more than one JSON object in a line|4:25 the account id is missing|`},
		{"too long", "111122223333,a@example.com\n" + strings.Repeat("x", maxLine+1), `2:1 longer than any line of such a list can be|`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := read(c.text); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", strings.ReplaceAll(got, "|", "|\n"), strings.ReplaceAll(c.want, "|", "|\n"))
			}
		})
	}
}

func TestReadMany(t *testing.T) {
	var b strings.Builder
	b.WriteString("Account ID,Email\r\n")
	for i := range 100_000 {
		fmt.Fprintf(&b, "%012d,a%d@example.com\r\n", i+1, i)
	}
	entries, err := Read("many.csv", strings.NewReader(b.String()))
	if err != nil || len(entries) != 100_000 || entries[99_999].Line != 100_001 {
		t.Errorf("%d entries, %v", len(entries), err)
	}
}

func TestArguments(t *testing.T) {
	entries, err := Arguments([]string{"444455556666=a=b@example.com"})
	if err != nil || entries[0].Email != "a=b@example.com" {
		t.Errorf("%v %v", entries, err)
	}
	_, err = Arguments([]string{"444455556666", "1=a@example.com"})
	want := "argument cannot be used; nothing was done:\nargument:1:1: \"444455556666\" is not ID=EMAIL, such as 444455556666=member@example.com\n" +
		"argument:2:1: account id \"1\" is not 12 digits"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("Account ID,Email\n\"111122223333\",a@example.com\r\n")
	f.Add("{\"accountId\":\"111122223333\",\"email\":\"a@example.com\"}")
	f.Fuzz(func(t *testing.T, text string) {
		entries, err := Read("f", strings.NewReader(text))
		if (err == nil) != (len(entries) > 0) {
			t.Errorf("%d entries, %v", len(entries), err)
		}
		seen := map[string]bool{}
		for _, e := range entries {
			if !twelveDigits.MatchString(e.Account) || wrongAddress(e.Email) != "" || seen[e.Account] {
				t.Errorf("took %+v", e)
			}
			seen[e.Account] = true
		}
	})
}
