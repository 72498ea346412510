// Package managed holds Macie's 166 managed data identifiers as data: what each
// one is called, what it matches and does not, its keywords, its check, where the
// facts come from, and examples of both kinds. The four JSON files beside this
// one are the place to edit, and gen makes table_gen.go of them, so that a program
// has them without reading anything; a test of package detect runs every example
// through the engine, and docs/identifiers.md is generated from them.
//
// The package only has its data. How a value is recognised is in
// detect/validate, how keywords and values come together is in detect.
package managed

import (
	"slices"
	"sort"
)

//go:generate go run ./gen .

// Identifier is one managed data identifier.
type Identifier struct {
	// ID is the name in Macie's API, such as CREDIT_CARD_NUMBER_(NO_KEYWORD).
	ID string `json:"id"`
	// Category is CREDENTIALS, FINANCIAL_INFORMATION or PERSONAL_INFORMATION.
	Category string `json:"category"`
	// What says in words what kind of data it is.
	What string `json:"what"`
	// Countries lists the countries and regions it applies to, or "Any".
	Countries []string `json:"countries"`
	// Keyword says whether a keyword has to stand near the value.
	Keyword KeywordRule `json:"keyword"`
	// Recommended marks the set that Macie recommends for jobs and uses in
	// automated discovery.
	Recommended bool `json:"recommended"`
	// Severity has one of L, M, H for 1, for 2 to 99 and for 100 or more
	// occurrences in an object.
	Severity string `json:"severity"`
	// Keywords in the spelling Macie documents.
	Keywords []string `json:"keywords"`
	// Completed are keywords that Macie documents cut short or without their first
	// letter ("exp d", "codice fiscal"), written out, as a keyword counts as a whole
	// word only; and those documented with a full stop ("tax no."), without it, as a
	// column's name has them.
	Completed []string `json:"completed,omitempty"`
	// Format says what a value looks like.
	Format string `json:"format"`
	// Check says what has to be true of a value beyond its looks.
	Check string `json:"check"`
	// NotReported lists values that Macie documents as never reported.
	NotReported []string `json:"notReported,omitempty"`
	// Source says where the rules come from.
	Source string `json:"source"`
	// Positive and Negative are texts with and without a match.
	Positive []Example `json:"positive"`
	Negative []Example `json:"negative"`
}

// KeywordRule says whether an identifier needs a keyword near the value.
type KeywordRule string

const (
	// KeywordNone: the value is enough.
	KeywordNone KeywordRule = "none"
	// KeywordRequired: never reported without a keyword.
	KeywordRequired KeywordRule = "required"
	// KeywordPartial: some forms of the value need one (a BBAN, a phone number
	// in national form) and others do not (an IBAN, one with a country code).
	KeywordPartial KeywordRule = "partial"
)

// Example is a text and what the identifier finds in it.
type Example struct {
	// Text is scanned as unstructured text, or as one value under Name when
	// that is not empty.
	Text string `json:"text"`
	// Name is a column name or path element over the value.
	Name string `json:"name,omitempty"`
	// Match is the text that is reported; empty in a negative example.
	Match string `json:"match,omitempty"`
	// Why says what a negative example is about.
	Why string `json:"why,omitempty"`
}

// Sources are the files that the table is generated from.
var Sources = []string{"credentials.json", "financial.json", "health.json", "personal.json"}

// All returns the identifiers, sorted by id. The caller must not change them.
func All() []*Identifier { return table }

// Find returns the identifier with that id, or nil.
func Find(id string) *Identifier {
	i := sort.Search(len(table), func(i int) bool { return table[i].ID >= id })
	if i < len(table) && table[i].ID == id {
		return table[i]
	}
	return nil
}

// IDs returns every id, sorted.
func IDs() []string { return ids(func(*Identifier) bool { return true }) }

// Recommended returns the ids of the set that Macie recommends, sorted.
func Recommended() []string { return ids(func(m *Identifier) bool { return m.Recommended }) }

func ids(keep func(*Identifier) bool) []string {
	var out []string
	for _, m := range table {
		if keep(m) {
			out = append(out, m.ID)
		}
	}
	return out
}

// AllKeywords returns the documented keywords and the completed ones.
func (m *Identifier) AllKeywords() []string { return slices.Concat(m.Keywords, m.Completed) }

// SeverityOf returns Low, Medium or High for that many occurrences in one object.
func (m *Identifier) SeverityOf(count int) string {
	i := 0
	switch {
	case count >= 100:
		i = 2
	case count > 1:
		i = 1
	}
	switch m.Severity[i] {
	case 'L':
		return "Low"
	case 'M':
		return "Medium"
	}
	return "High"
}
