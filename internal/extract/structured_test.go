package extract

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func serial(i int) string { return fmt.Sprintf("%03d-%02d-%04d", i/1000000%1000, i/10000%100, i%10000) }

// Tables are written by encoding/csv, with everything that makes them hard; each value's row and column are known.
func TestTables(t *testing.T) {
	for _, delim := range []rune{',', '\t', ';', '|'} {
		rng := rand.New(rand.NewPCG(7, uint64(delim)))
		type place struct{ row, col int }
		want := map[string]place{}
		var buf bytes.Buffer
		w := csv.NewWriter(&buf)
		w.Comma = delim
		header := []string{"id", "social security", `the "quoted" one`, "multi\nline", "last"}
		w.Write(header)
		n := 0
		for row := 2; buf.Len() < 1<<20; row++ {
			cells := make([]string, len(header))
			for col := range cells {
				n++
				v := serial(n)
				if rng.IntN(3) > 0 {
					want[v] = place{row, col + 1}
				} else {
					v = "nothing"
				}
				switch rng.IntN(8) {
				case 0:
					v = `say "` + v + `" twice`
				case 1:
					v = "line\n" + v + "\nline"
				case 2:
					v = strings.Repeat("pad "+string(delim), rng.IntN(300)) + v
				case 3:
					v = v + `""`
				}
				cells[col] = v
			}
			w.Write(cells)
			w.Flush()
		}
		name := "a.csv"
		r := extractBytes(t, name, buf.Bytes(), Options{})
		wantMIME := "text/csv"
		if delim == '\t' {
			wantMIME = "text/tab-separated-values"
		}
		if r.mimes[""] != wantMIME {
			t.Fatalf("%q: %s", delim, r.mimes[""])
		}
		if len(r.found) != len(want) {
			t.Fatalf("%q: found %d of %d", delim, len(r.found), len(want))
		}
		text := buf.String()
		starts := lineStarts(text)
		for _, h := range r.found {
			p := want[h.value]
			if h.loc.Kind != Cell || h.loc.Row != int64(p.row) || h.loc.Col != int64(p.col) || h.loc.Name != header[p.col-1] {
				t.Fatalf("%q: %s at %+v, want %+v", delim, h.value, h.loc, p)
			}
			if h.names[0] != header[p.col-1] || !strings.Contains(h.field, h.value) {
				t.Fatalf("%q: %s in field %q named %q", delim, h.value, h.field, h.names)
			}
			// The line and column lead to the value as well.
			at := starts[h.loc.Line-1] + int(h.loc.Column) - 1
			if text[at:at+len(h.value)] != h.value {
				t.Fatalf("%q: line %d column %d holds %q", delim, h.loc.Line, h.loc.Column, text[at:at+11])
			}
		}
	}
}

func lineStarts(text string) []int {
	starts := []int{0}
	for i := range len(text) {
		if text[i] == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

func TestHeaderIsALine(t *testing.T) {
	r := extractBytes(t, "a.csv", []byte("name,123-45-6789\nx,223-45-6789\n"), Options{})
	if len(r.found) != 2 || r.found[0].loc.Kind != Cell || r.found[0].loc.Row != 1 {
		t.Errorf("a first row that holds values is no header: %+v", r.found)
	}
	// With a name that looks like one, it is given by its line.
	rec := newRecorder()
	rec.needle = regexp.MustCompile(`secret`)
	if _, err := Extract(t.Context(), Source{Name: "b.csv", Reader: strings.NewReader("name,secret\nx,secret\n"), Size: -1}, Options{}, rec); err != nil {
		t.Fatal(err)
	}
	if len(rec.found) != 2 || rec.found[0].loc.Kind != LineRange || rec.found[1].loc.Kind != Cell {
		t.Errorf("%+v", rec.found)
	}
}

// JSON is made as a tree of values, each of which knows its path; encoding/json reads the path back.
func TestJSONPaths(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	n := 0
	var value func(depth int) any
	value = func(depth int) any {
		switch k := rng.IntN(10); {
		case depth < 8 && k < 3:
			m := map[string]any{}
			for range rng.IntN(5) + 1 {
				m[[]string{"name", "pass port", `qu"ote`, "número", "a.b", "it's", "deep", "\n"}[rng.IntN(8)]] = value(depth + 1)
			}
			return m
		case depth < 8 && k < 5:
			var a []any
			for range rng.IntN(5) + 1 {
				a = append(a, value(depth+1))
			}
			return a
		case k == 5:
			return rng.IntN(1000)
		case k == 6:
			return nil
		}
		n++
		return []string{"", "tab\t", "\\back ", "é \"", strings.Repeat("long ", 50)}[rng.IntN(5)] + serial(n)
	}
	var doc []any
	for range 1500 {
		doc = append(doc, value(0))
	}
	n = texts(doc) // names that were drawn twice have lost a value
	for _, perLine := range []bool{false, true} {
		for _, indent := range []string{"", "  "} {
			if perLine && indent != "" {
				continue
			}
			var buf bytes.Buffer
			enc := json.NewEncoder(&buf)
			enc.SetIndent("", indent)
			name := "a.json"
			if perLine {
				name = "a.jsonl"
				for _, v := range doc {
					enc.Encode(map[string]any{"v": v})
				}
			} else {
				enc.Encode(doc)
			}
			r := extractBytes(t, name, buf.Bytes(), Options{})
			if len(r.found) != n {
				t.Fatalf("%s: found %d of %d", name, len(r.found), n)
			}
			for _, h := range r.found {
				if h.loc.Kind != Record {
					t.Fatalf("%s: %+v", name, h.loc)
				}
				var root any = doc
				path := h.loc.Path
				if perLine {
					root = map[string]any{"v": doc[h.loc.Record]}
				} else if h.loc.Record != 0 {
					t.Fatalf("record %d of one document", h.loc.Record)
				}
				got, ok := follow(root, path)
				if s, isString := got.(string); !ok || !isString || !strings.Contains(s, h.value) || s != h.field {
					t.Fatalf("%s: %s at record %d %s, which holds %q; field %q", name, h.value, h.loc.Record, path, got, h.field)
				}
			}
		}
	}
}

// follow resolves a JSONPath as Macie writes them.
func follow(v any, path string) (any, bool) {
	path, ok := strings.CutPrefix(path, "$")
	for ok && path != "" {
		var key string
		switch {
		case strings.HasPrefix(path, "['"):
			i := 2
			for ; path[i] != '\''; i++ {
				if path[i] == '\\' {
					i++
				}
				key += string(path[i])
			}
			path = path[i+2:]
		case path[0] == '[':
			end := strings.IndexByte(path, ']')
			i, err := strconv.Atoi(path[1:end])
			list, isList := v.([]any)
			if err != nil || !isList || i >= len(list) {
				return nil, false
			}
			v, path = list[i], path[end+1:]
			continue
		case path[0] == '.':
			end := strings.IndexAny(path[1:], ".[")
			if end < 0 {
				end = len(path) - 1
			}
			key, path = path[1:1+end], path[1+end:]
		default:
			return nil, false
		}
		m, isMap := v.(map[string]any)
		if !isMap {
			return nil, false
		}
		if v, ok = m[key]; !ok {
			return nil, false
		}
	}
	return v, ok
}

func TestJSONLimitsAndDamage(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + `"123-45-6789"` + strings.Repeat("]", n) }
	for name, c := range map[string]struct {
		data string
		want string // status and the first location
	}{
		"deep.json":    {deep(256), "COMPLETE  record 0"},
		"deeper.json":  {deep(257), "SKIPPED JSON_NESTING_LEVEL_OVER_LIMIT lines 1"},
		"a.jsonl":      {`{"a":1}` + "\n" + deep(300) + "\n", "SKIPPED JSON_NESTING_LEVEL_OVER_LIMIT lines 2"},
		"cut.json":     {`{"a":"123-45-6789","b":[1,2`, "COMPLETE  record 0"},
		"bad.jsonl":    {`{"a":1}` + "\n" + `{"a" oops "123-45-6789"}` + "\n" + `{"a":"223-45-6789"}`, "COMPLETE  lines 2"},
		"comment.json": {"{\n// hello\n\"a\": \"123-45-6789\"}", "COMPLETE  lines 3"},
	} {
		r := extractBytes(t, name, []byte(c.data), Options{})
		s := r.status[""]
		got := string(s.Code) + " " + string(s.Reason)
		if len(r.found) == 0 {
			t.Errorf("%s: nothing found", name)
			continue
		}
		switch l := r.found[0].loc; l.Kind {
		case Record:
			got += fmt.Sprintf(" record %d", l.Record)
		case LineRange:
			got += fmt.Sprintf(" lines %d", l.Line)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	r := extractBytes(t, "bad.jsonl", []byte(`{"a":1}`+"\n"+`{"a" oops "123-45-6789"}`+"\n"+`{"a":"223-45-6789"}`), Options{})
	if len(r.found) != 2 || r.found[1].loc.Kind != Record || r.found[1].loc.Record != 2 || r.found[1].loc.Path != "$.a" {
		t.Errorf("after a bad line: %+v", r.found)
	}
}

func TestLongPaths(t *testing.T) {
	long := strings.Repeat("x", 300)
	r := extractBytes(t, "a.json", []byte(`{"`+long+`":{"b":"123-45-6789"}}`), Options{})
	if got := r.found[0].loc.Path; got != "$..b" && len(got) > 250 {
		t.Errorf("path %q", got)
	}
	r = extractBytes(t, "a.json", []byte(`{"`+long+`":"123-45-6789"}`), Options{})
	if got := r.found[0].loc.Path; got != "$...."+long[:237] && !strings.Contains(got, "...xxx") {
		t.Errorf("path %q", got)
	}
}

// texts counts the strings of a tree.
func texts(v any) int {
	n := 0
	switch v := v.(type) {
	case string:
		return 1
	case []any:
		for _, x := range v {
			n += texts(x)
		}
	case map[string]any:
		for _, x := range v {
			n += texts(x)
		}
	}
	return n
}

// TestWhereJSONStops reads what is no JSON any more from its first character on, wherever it is asked for.
func TestWhereJSONStops(t *testing.T) {
	for text, from := range map[string]int{
		`{"a":1} ssn 123-45-6789`:  8,
		`"ssn "536-90-4399 "x"`:    6,
		`{"a":"b" é 123-45-6789}`:  9,
		`{"a":1 2,"b":"ssn 12345"`: 7,
		`{"a":1}} x 1`:             7,
	} {
		r := newRecorder()
		r.segment = func(s *Segment) {
			for _, off := range []int{len(text) - 1, from + 1, len(text) - 2} {
				if f, ok := s.Field(off); !ok || f.Lo != from || f.Hi != len(text) {
					t.Errorf("%q at %d: %+v %v, want it from %d", text, off, f, ok, from)
				}
			}
		}
		src := Source{Name: "a.jsonl", ReaderAt: strings.NewReader(text + "\n{}\n"), Size: int64(len(text)) + 4}
		if _, err := Extract(t.Context(), src, Options{}, r); err != nil {
			t.Fatal(err)
		}
	}
}
