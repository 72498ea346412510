package classify

import (
	"math/rand/v2"
	"strings"
	"testing"

	"magpie/internal/detect"
	"magpie/internal/detect/managed"
)

// TestSilenceInsideValues: what looks like a name inside of a value ends a silence there, between a number and its keyword.
func TestSilenceInsideValues(t *testing.T) {
	c, _ := newClassifier(t, Options{})
	for _, doc := range []string{
		`{"id":"1","message":"536-90-4399 is the ssn"}`,
		`{"id":"1","message":"536-90-4399 \"x\": ssn"}`,
		`{"id":"1","message":"got 536-90-4399\" : ssn"}`,
		`{"id":"1","message":"{\"v\":\"536-90-4399\",\"kind\":\"ssn\"}"}`,
	} {
		found := classifyBytes(t, c, "a.json", []byte(doc)).Detections
		if len(found) != 1 || found[0].Identifier.ID != "USA_SOCIAL_SECURITY_NUMBER" || found[0].Count != 1 {
			t.Errorf("%s: found %+v", doc, found)
		}
	}
}

// TestRandomDocuments holds what is found in long documents of many kinds, with few identifiers and with all, against asking for every
// value by itself.
func TestRandomDocuments(t *testing.T) {
	r := rand.New(rand.NewPCG(104, 1))
	d := documents{r}
	rounds := 120
	if testing.Short() {
		rounds = 30
	}
	found := 0
	for round := range rounds {
		custom, err := detect.CompileCustom(detect.CustomConfig{Regex: `[a-z]+Q[0-9]{3}`})
		if err != nil {
			t.Fatal(err)
		}
		set, err := detect.Compile(detect.Config{Managed: d.identifiers(), Custom: []*detect.Custom{custom}})
		if err != nil {
			t.Fatal(err)
		}
		size := 1 + r.IntN(3000)
		if round%4 == 0 {
			size = 100_000 + r.IntN(400_000) // several segments and windows
		}
		name, doc := d.document(size)
		found += sameFound(t, New(set, Options{}), name, []byte(doc))
	}
	if found == 0 {
		t.Error("nothing was found in any of them")
	}
}

// documents makes documents up.
type documents struct{ *rand.Rand }

func (d documents) pick(list ...string) string { return list[d.IntN(len(list))] }

func (d documents) identifiers() []string {
	all := managed.IDs()
	switch d.IntN(3) {
	case 0:
		return all
	case 1:
		return []string{"USA_SOCIAL_SECURITY_NUMBER", "USA_PASSPORT_NUMBER", "NAME", "PHONE_NUMBER"}[:1+d.IntN(4)]
	}
	var some []string
	for _, i := range d.Perm(len(all))[:1+d.IntN(8)] {
		some = append(some, all[i])
	}
	return some
}

func (d documents) text() string {
	var b strings.Builder
	for range d.IntN(8) {
		b.WriteString(d.pick("12", "word", "536-90-4399", "ssn", "passport", "123456789", " ", `\":`, `\" :`, `\n`, `\u0041`, `\\`, "x:", "aQ123",
			"John Smith", "+44 20 7946 0958", "some text that says nothing", "social security", `\u00e9`, "é", strings.Repeat("pad ", d.IntN(40))))
		b.WriteString(d.pick("", " ", " ", ","))
	}
	if d.IntN(300) == 0 {
		b.WriteString(strings.Repeat("x ", d.IntN(40_000)))
	}
	return b.String()
}

func (d documents) name() string {
	return d.pick("id", "sku", "message", "note", "ssn", "social", "security", "passport", `a\u0062`, `x\"y`, "k:v", "user name", "")
}

// value writes a value of JSON, nested so deep at the most.
func (d documents) value(b *strings.Builder, depth int) {
	kind := d.IntN(10)
	switch {
	case kind < 5 || depth == 0 && kind < 8:
		b.WriteString(`"` + d.text() + `"`)
	case kind < 6 || depth == 0:
		b.WriteString(d.pick("536904399", "1", "123456789", "null", "12.5"))
	case kind < 8:
		b.WriteString("{")
		for i := range d.IntN(6) {
			if i > 0 {
				b.WriteString(d.pick(",", ", ", ",\n"))
			}
			b.WriteString(`"` + d.name() + `"` + d.pick("", "", " ") + ":" + d.pick("", " "))
			d.value(b, depth-1)
		}
		b.WriteString("}")
	default:
		b.WriteString("[")
		for i := range d.IntN(6) {
			if i > 0 {
				b.WriteString(",")
			}
			d.value(b, depth-1)
		}
		b.WriteString("]")
	}
}

// document is one of at least so many bytes, in a fifth of the cases damaged at one place.
func (d documents) document(size int) (name, text string) {
	var b strings.Builder
	switch name = d.pick("a.json", "a.jsonl", "a.csv"); name {
	case "a.json":
		b.WriteString("[1")
		for b.Len() < size {
			b.WriteString(",")
			d.value(&b, 4)
		}
		b.WriteString("]")
	case "a.jsonl":
		for b.Len() < size {
			d.value(&b, 4)
			b.WriteString("\n")
		}
	default:
		b.WriteString(d.pick("id,note,x\n", "id,ssn,x\n"))
		for b.Len() < size {
			for i := range 3 {
				if i > 0 {
					b.WriteString(",")
				}
				if d.IntN(4) == 0 {
					b.WriteString(`"` + d.text() + d.pick(`""`, "\n", ",", "") + `"`)
				} else {
					b.WriteString(d.text())
				}
			}
			b.WriteString("\n")
		}
	}
	text = b.String()
	if d.IntN(5) == 0 {
		at := d.IntN(len(text))
		text = text[:at] + d.pick(`"`, "{", "}", ":", `\`) + text[at:]
	}
	return name, text
}
