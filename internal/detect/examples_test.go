package detect

import (
	"testing"

	"magpie/internal/detect/managed"
	"magpie/internal/detect/validate"
)

// oneField is a document of a single value.
type oneField struct{ f Field }

func (f oneField) Field(p int) (Field, bool) { return f.f, p < f.f.Hi }

// exampleMatches returns what an identifier finds in an example.
func exampleMatches(set *Set, id string, e managed.Example) (found []string) {
	text := []byte(e.Text)
	b := &Block{Text: text, Hi: len(text), Start: true, End: true}
	if e.Name != "" {
		b.Fields = oneField{Field{Lo: 0, Hi: len(text), Names: set.Names(e.Name)}}
	}
	set.NewScanner().Scan(b, func(m Match) {
		if set.Identifiers()[m.Identifier].ID == id {
			found = append(found, string(text[m.Start:m.End]))
		}
	})
	return found
}

// TestExamples holds every identifier to its examples, alone and with all the others
// at its side.
func TestExamples(t *testing.T) {
	all, err := Compile(Config{Managed: managed.IDs()})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range managed.All() {
		alone, err := Compile(Config{Managed: []string{m.ID}})
		if err != nil {
			t.Fatal(err)
		}
		if validate.All[m.ID].Func != nil && (len(m.Positive) < 2 || len(m.Negative) < 1) {
			t.Errorf("%s: %d positive and %d negative examples", m.ID, len(m.Positive), len(m.Negative))
		}
		for name, set := range map[string]*Set{"alone": alone, "among all": all} {
			for _, e := range m.Positive {
				if found := exampleMatches(set, m.ID, e); len(found) != 1 || found[0] != e.Match {
					t.Errorf("%s %s in %q under %q: found %q, want %q", m.ID, name, e.Text, e.Name, found, e.Match)
				}
			}
			for _, e := range m.Negative {
				if found := exampleMatches(set, m.ID, e); len(found) != 0 {
					t.Errorf("%s %s in %q under %q: found %q, but: %s", m.ID, name, e.Text, e.Name, found, e.Why)
				}
			}
		}
	}
}
