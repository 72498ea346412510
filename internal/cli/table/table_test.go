package table

import (
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	tab := &Table{Columns: []string{"accountId", "name", "detail"}}
	tab.Add("111122223333", "短い", "one two three four five six seven")
	tab.Add("444455556666", "", "a\x1b[31mred")
	var plain, narrow strings.Builder
	if err := tab.Text(&plain, Style{}); err != nil {
		t.Fatal(err)
	}
	if err := tab.Text(&narrow, Style{Width: 46, Bold: true}); err != nil {
		t.Fatal(err)
	}
	if got, want := plain.String(), `ACCOUNT ID    NAME  DETAIL
111122223333  短い  one two three four five six seven
444455556666        a\u001b[31mred
`; got != want {
		t.Errorf("plain:\n%s", got)
	}
	if got, want := narrow.String(), "\x1b[1mACCOUNT ID    NAME  DETAIL\x1b[0m\n"+`111122223333  短い  one two three four five
                    six seven
444455556666        a\u001b[31mred
`; got != want {
		t.Errorf("narrow:\n%s", got)
	}
}

func TestCSV(t *testing.T) {
	tab := &Table{Columns: []string{"account", "detail"}}
	tab.Add("111122223333", "says \"no\", twice")
	var b strings.Builder
	if err := tab.CSV(&b); err != nil {
		t.Fatal(err)
	}
	if got, want := b.String(), "account,detail\n111122223333,\"says \"\"no\"\", twice\"\n"; got != want {
		t.Errorf("%s", got)
	}
}
