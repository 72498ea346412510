package extract

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares with a file of testdata, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; look, and run with -update if it is right:\n%s", name, got)
	}
}

// report writes what a recorder saw, one line for each document and each value.
func (r *recorder) report() string {
	var b strings.Builder
	for _, doc := range r.docs {
		s := r.status[doc]
		fmt.Fprintf(&b, "%q %s %s", doc, r.mimes[doc], s.Code)
		if s.Code != Complete {
			fmt.Fprintf(&b, " %s (%s)", s.Reason, s.Detail)
		}
		b.WriteByte('\n')
		for _, h := range r.found {
			if h.doc == doc {
				fmt.Fprintf(&b, "  %s %s names=%q\n", h.value, h.loc, h.names)
			}
		}
	}
	return b.String()
}

func (l Location) String() string {
	switch l.Kind {
	case Cell:
		return fmt.Sprintf("row %d column %d %q %s line %d", l.Row, l.Col, l.Name, l.CellReference, l.Line)
	case Page:
		return fmt.Sprintf("page %d", l.Page)
	case Record:
		return fmt.Sprintf("record %d %s line %d", l.Record, l.Path, l.Line)
	}
	return fmt.Sprintf("lines %d-%d column %d", l.Line, l.EndLine, l.Column)
}

func officeFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "office", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestOffice(t *testing.T) {
	for _, name := range []string{"people.xlsx", "people.ods", "people.csv", "people.xls", "letter.docx", "letter.doc", "letter.odt",
		"plain.pdf", "archive.pdf", "restricted.pdf", "locked.pdf"} {
		r := extractBytes(t, name, officeFile(t, name), Options{})
		golden(t, name+".golden", r.report())
	}
}

// Another reader of PDF says what is on which page.
func TestPDFPages(t *testing.T) {
	want := map[string]string{}
	for line := range strings.Lines(string(officeFile(t, "plain.pdf.pages"))) {
		want[line[:11]] += strings.TrimSpace(line[11:]) + ","
	}
	for _, name := range []string{"plain.pdf", "archive.pdf", "restricted.pdf"} {
		got := map[string]string{}
		for _, h := range extractBytes(t, name, officeFile(t, name), Options{}).found {
			got[h.value] += itoa(h.loc.Page) + ","
		}
		if len(got) != len(want) {
			t.Errorf("%s: %d values, want %d", name, len(got), len(want))
		}
		for v, pages := range want {
			if got[v] != pages {
				t.Errorf("%s: %s on pages %s want %s", name, v, got[v], pages)
			}
		}
	}
}
