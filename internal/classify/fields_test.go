package classify

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"magpie/internal/detect"
	"magpie/internal/extract"
)

// oneByOne asks a segment for each value by itself, and knows nothing of names that say nothing.
type oneByOne struct{ f *fields }

func (o oneByOne) Field(off int) (detect.Field, bool) { return o.f.one(off) }

// both is a sink that scans every segment with a worker's fields and with oneByOne.
type both struct {
	t      *testing.T
	w      *Worker
	lazy   *detect.Scanner
	simple *detect.Scanner
	found  int
}

func (b *both) Begin(*extract.Document) error               { return nil }
func (b *both) End(*extract.Document, extract.Status) error { return nil }

func (b *both) Segment(_ *extract.Document, seg *extract.Segment) error {
	if !seg.Structured() {
		return nil
	}
	block := detect.Block{Text: seg.Text, Lo: seg.Lo, Hi: seg.Hi, Start: seg.Start, End: seg.End}
	scan := func(s *detect.Scanner, f detect.Fields) (found []string) {
		block.Fields = f
		s.Scan(&block, func(m detect.Match) {
			found = append(found, fmt.Sprintf("%d [%d,%d) %+v", m.Identifier, m.Start, m.End, seg.Locate(m.Start, m.End)))
		})
		return found
	}
	b.w.fields.reset(b.w, seg)
	got := scan(b.lazy, &b.w.fields)
	b.w.fields.reset(b.w, seg)
	want := scan(b.simple, oneByOne{&b.w.fields})
	if !slices.Equal(got, want) {
		b.t.Fatalf("of %q\ngot %q\nwant %q", seg.Text, got, want)
	}
	b.found += len(got)
	return nil
}

func sameFound(t *testing.T, c *Classifier, name string, data []byte) (found int) {
	t.Helper()
	b := &both{t: t, w: c.NewWorker(), lazy: c.set.NewScanner(), simple: c.set.NewScanner()}
	if _, err := extract.Extract(t.Context(), extract.Source{Name: name, ReaderAt: bytes.NewReader(data), Size: int64(len(data))}, extract.Options{}, b); err != nil {
		t.Fatal(err)
	}
	return b.found
}

// TestFieldsWhenAsked makes documents of names and values that matter and that do not, and holds what is found by asking as
// little as possible against what is found by asking for everything.
func TestFieldsWhenAsked(t *testing.T) {
	c, _ := newClassifier(t, Options{}, detect.CustomConfig{Regex: `TCK-[0-9]{4}`, Keywords: []string{"ticket"}}, detect.CustomConfig{Regex: `Q[0-9]{3}`})
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	found := map[string]int{}
	for _, kind := range []string{"a.json", "a.jsonl", "a.csv", "a.tsv"} {
		for round := range 60 {
			var names []string
			for range 3 + r.IntN(9) {
				names = append(names, pick("id", "sku", "name", "count", "Card", "number", "ssn", "CUSTOMERPASSPORTNO", "ticket", "phone", "account", "note", "status", "x", "_source", "identity"))
			}
			word := func() string {
				return pick("12", "word", "true", "536-90-4399", "4539148803436467", "ssn 536-90-4399", "passport 123456789", "TCK-1234", "Q123", "ticket TCK-9999", "ssn",
					"+44 20 7946 0958", "DE89370400440532013000", "some text that says nothing", "2026-01-02T03:04:05Z", "ssn\\n536-90-4399", "John Smith")
			}
			var b strings.Builder
			rows := 1 + r.IntN(20)
			if round%10 == 0 {
				rows = 3000 // many segments
			}
			sep := ","
			if kind == "a.tsv" {
				sep = "\t"
			}
			switch kind {
			case "a.csv", "a.tsv":
				b.WriteString(strings.Join(names, sep) + "\n")
				for range rows {
					for i := range names {
						if i > 0 {
							b.WriteString(sep)
						}
						if v := word(); r.IntN(5) == 0 {
							b.WriteString(`"` + v + pick(sep, "\n", `""`, "") + `"`)
						} else {
							b.WriteString(v)
						}
					}
					b.WriteString(pick("\n", "\r\n"))
				}
			default:
				open, between, end := "[", ",\n", "]"
				if kind == "a.jsonl" {
					open, between, end = "", "\n", "\n"
				}
				b.WriteString(open)
				for i := range rows {
					if i > 0 {
						b.WriteString(between)
					}
					object(&b, r, names, word, 2)
				}
				b.WriteString(end)
			}
			found[kind] += sameFound(t, c, kind, []byte(b.String()))
		}
	}
	for kind, n := range found {
		if n < 1000 {
			t.Errorf("%s: %d found, too few to tell", kind, n)
		}
	}
}

func object(b *strings.Builder, r *rand.Rand, names []string, word func() string, levels int) {
	b.WriteByte('{')
	for i, name := range names {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(b, "%q:", name)
		if r.IntN(6) == 0 {
			b.WriteByte(' ')
		}
		switch k := r.IntN(12); {
		case k == 0 && levels > 0:
			object(b, r, names[r.IntN(len(names)):], word, levels-1)
		case k == 1:
			fmt.Fprintf(b, "[%d, %d]", r.IntN(1e9), r.IntN(100))
		case k == 2:
			fmt.Fprintf(b, "[\"%s\",\"%s\"]", word(), word())
		case k < 5:
			fmt.Fprintf(b, "%d", r.Uint64N(1e16))
		default:
			fmt.Fprintf(b, "\"%s\"", word())
		}
	}
	b.WriteByte('}')
}

func FuzzFieldsWhenAsked(f *testing.F) {
	f.Add([]byte(`{"ssn":"536-90-4399","card":{"number":4539148803436467},"id":[1,2]}`))
	f.Add([]byte(`"00"001-10-0001 ss#`))
	f.Add([]byte("id,ssn\n1,536-90-4399\n"))
	c, _ := newClassifier(f, Options{}, detect.CustomConfig{Regex: `Q[0-9]{3}`, Keywords: []string{"ticket"}})
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 4096 {
			t.Skip("larger than worth while")
		}
		for _, name := range []string{"a.json", "a.jsonl", "a.csv"} {
			sameFound(t, c, name, data)
		}
	})
}

// TestCustomAtQuotes: an expression that may begin with a quote is not tried at the one before a value, which leads to the value and
// is none of it.
func TestCustomAtQuotes(t *testing.T) {
	for _, expression := range []string{`.{6}`, `[^ ]{6}`, `"?[a-z]{5}`, `.{3,9}`} {
		c, _ := newClassifier(t, Options{}, detect.CustomConfig{Regex: expression})
		for _, f := range []struct{ name, text string }{
			{"a.json", `{"a":"hello-world"}`}, {"a.json", `{"a":"\u0068ello-world"}`}, {"a.json", `{"ssn":"\"hello-world"}`},
			{"a.jsonl", "{\"a\":\"\\u0068ello-world\", \"b\":[\"\\n12345678\",\"\\\"x\"]}\n{\"a\":\"hello-world\"}\n"},
			{"a.csv", "a,b\n\"hello-world\",\"\"\"hello-world\"\"\"\n"}, {"a.xml", `<?xml version="1.0"?><a b="hello-world">"hello-world"</a>`},
			{"a.sql", `INSERT INTO t (a) VALUES ('hello-world'), ("hello-world");`},
		} {
			if r := classifyBytes(t, c, f.name, []byte(f.text)); len(r.Detections) == 0 {
				t.Errorf("%s finds nothing in %s", expression, f.text)
			}
		}
	}
}
