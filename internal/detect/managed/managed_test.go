package managed

import (
	"encoding/json"
	"os"
	"reflect"
	"sort"
	"testing"
)

// TestTable: what is compiled into the program is what the files say.
func TestTable(t *testing.T) {
	var want []*Identifier
	for _, name := range Sources {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var part []*Identifier
		if err := json.Unmarshal(data, &part); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want = append(want, part...)
	}
	sort.Slice(want, func(i, j int) bool { return want[i].ID < want[j].ID })
	if len(want) != len(All()) {
		t.Fatalf("%d identifiers in the files, %d in the program: go generate ./internal/detect/managed", len(want), len(All()))
	}
	for i, m := range All() {
		if !reflect.DeepEqual(m, want[i]) {
			t.Errorf("%s is not what the files say: go generate ./internal/detect/managed", m.ID)
		}
	}
}

func TestData(t *testing.T) {
	all := All()
	if len(all) != 166 {
		t.Fatalf("%d identifiers, want 166", len(all))
	}
	categories := map[string]bool{"CREDENTIALS": true, "FINANCIAL_INFORMATION": true, "PERSONAL_INFORMATION": true}
	seen := map[string]bool{}
	for _, m := range all {
		if seen[m.ID] {
			t.Errorf("%s twice", m.ID)
		}
		seen[m.ID] = true
		if !categories[m.Category] {
			t.Errorf("%s: category %q", m.ID, m.Category)
		}
		switch m.Keyword {
		case KeywordRequired, KeywordPartial:
			if len(m.Keywords) == 0 {
				t.Errorf("%s: needs a keyword and has none", m.ID)
			}
		case KeywordNone:
		default:
			t.Errorf("%s: keyword rule %q", m.ID, m.Keyword)
		}
		if len(m.Severity) != 3 {
			t.Errorf("%s: severity %q", m.ID, m.Severity)
		}
		if m.Format == "" || m.Source == "" || m.What == "" {
			t.Errorf("%s: incomplete", m.ID)
		}
		if Find(m.ID) != m {
			t.Errorf("Find(%s)", m.ID)
		}
	}
	if n := len(Recommended()); n != 35 {
		t.Errorf("%d recommended, want 35", n)
	}
	if Find("NOPE") != nil {
		t.Error("found what does not exist")
	}
}

func TestSeverity(t *testing.T) {
	m := Find("LATITUDE_LONGITUDE")
	for _, c := range []struct {
		count int
		want  string
	}{{1, "Low"}, {2, "Medium"}, {99, "Medium"}, {100, "Medium"}} {
		if got := m.SeverityOf(c.count); got != c.want {
			t.Errorf("%d: %s, want %s", c.count, got, c.want)
		}
	}
	if got := Find("AWS_CREDENTIALS").SeverityOf(1); got != "High" {
		t.Errorf("credentials: %s", got)
	}
}
