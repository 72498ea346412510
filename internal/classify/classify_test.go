package classify

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"magpie/internal/detect"
	"magpie/internal/detect/managed"
	"magpie/internal/extract"
)

func newClassifier(t testing.TB, opts Options, custom ...detect.CustomConfig) (*Classifier, map[*detect.Custom]CustomName) {
	t.Helper()
	cfg := detect.Config{Managed: managed.IDs()}
	names := map[*detect.Custom]CustomName{}
	for i, c := range custom {
		compiled, err := detect.CompileCustom(c)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Custom = append(cfg.Custom, compiled)
		names[compiled] = CustomName{fmt.Sprintf("id-%d", i), fmt.Sprintf("custom %d", i)}
	}
	set, err := detect.Compile(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return New(set, opts), names
}

func classifyBytes(t *testing.T, c *Classifier, name string, data []byte) *Result {
	t.Helper()
	r, err := c.NewWorker().Classify(t.Context(), extract.Source{Name: name, ReaderAt: bytes.NewReader(data), Size: int64(len(data))})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func find(d *Document, id string) *Detection {
	for i := range d.Detections {
		if d.Detections[i].Identifier.ID == id {
			return &d.Detections[i]
		}
	}
	return &Detection{}
}

const ssn = "USA_SOCIAL_SECURITY_NUMBER"

func TestCountsAndOccurrences(t *testing.T) {
	c, names := newClassifier(t, Options{}, detect.CustomConfig{Regex: `TCK-[0-9]{4}`})
	var b strings.Builder
	for i := range 1500 {
		fmt.Fprintf(&b, "my ssn is 536-90-%04d TCK-%04d\n", i+1, i)
	}
	r := classifyBytes(t, c, "a.txt", []byte(b.String()))
	d := find(&r.Document, ssn)
	if d.Count != 1500 || len(d.Occurrences) != 1000 || !r.More {
		t.Errorf("%d counted, %d listed, more %v", d.Count, len(d.Occurrences), r.More)
	}
	if l := d.Occurrences[999]; l.Line != 1000 || l.Column != 11 {
		t.Errorf("%+v", l)
	}
	w := r.Wire(names)
	if *w.CustomDataIdentifiers.TotalCount != 1500 || *w.CustomDataIdentifiers.Detections[0].Arn != "id-0" || *w.SensitiveData[0].TotalCount != 1500 {
		t.Errorf("%+v", w)
	}
	if j, err := json.Marshal(w); err != nil || bytes.Contains(j, []byte("536-90")) {
		t.Errorf("%v, or a value in the result", err)
	}
}

// An archive adds up its files, which have the locations.
func TestArchive(t *testing.T) {
	c, _ := newClassifier(t, Options{Samples: 3})
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range map[string]string{"a.txt": "ssn 536-90-4399", "in/b.csv": "ssn\n536-90-4398\n536-90-4397\n", "c.txt": "nothing"} {
		w, _ := z.Create(name)
		io.WriteString(w, text)
	}
	z.Close()
	r := classifyBytes(t, c, "a.zip", b.Bytes())
	d := find(&r.Document, ssn)
	if d.Count != 3 || len(d.Occurrences) != 0 || len(r.Members) != 2 || len(d.Samples) != 3 {
		t.Fatalf("%d counted, %d listed, members %+v", d.Count, len(d.Occurrences), r.Members)
	}
	for i := range r.Members {
		m := &r.Members[i]
		if got := find(m, ssn); int(got.Count) != len(got.Occurrences) || got.Count == 0 {
			t.Errorf("%s: %+v", m.Path, got)
		}
	}
	for _, s := range d.Samples {
		if strings.Contains(s, "536") || !strings.HasSuffix(s, "439"+s[len(s)-1:]) {
			t.Errorf("sample %q", s)
		}
	}
}

// Files of an archive in which nothing was found are listed where that is asked for, as many as are asked for, after the others.
func TestCleanMembers(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := range 30 {
		w, _ := z.Create(fmt.Sprintf("%02d.txt", i))
		fmt.Fprint(w, map[bool]string{true: "ssn 536-90-4399", false: "nothing"}[i%10 == 9])
	}
	z.Close()
	for clean, want := range map[int]string{0: "09 19 29", 2: "09 19 29 00 01", 1000: "09 19 29 00 01 02 03 04 05 06 07 08 10 11 12 13 14 15 16 17 18 20 21 22 23 24 25 26 27 28"} {
		c, _ := newClassifier(t, Options{CleanMembers: clean})
		r := classifyBytes(t, c, "a.zip", b.Bytes())
		var got []string
		for i := range r.Members {
			got = append(got, strings.TrimSuffix(r.Members[i].Path, ".txt"))
			if r.Members[i].Status.Code != extract.Complete {
				t.Errorf("%s: %+v", r.Members[i].Path, r.Members[i].Status)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%d: listed are %v", clean, got)
		}
	}
}

// Names that are sensitive themselves are left out of locations.
func TestSensitiveNames(t *testing.T) {
	c, _ := newClassifier(t, Options{})
	r := classifyBytes(t, c, "a.json", []byte(`{"ssn":{"ssn 536-90-4398":"536-90-4399","plain":"536-90-4397"}}`))
	d := find(&r.Document, ssn)
	if d.Count != 2 || d.Occurrences[0].Path != "" || d.Occurrences[1].Path != "$.ssn.plain" {
		t.Errorf("%+v", d)
	}
}

// What is skipped for its nesting has nothing to report, though it was seen.
func TestSkippedReportsNothing(t *testing.T) {
	c, _ := newClassifier(t, Options{})
	deep := `{"ssn":"536-90-4399","x":` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + `}`
	r := classifyBytes(t, c, "a.json", []byte(deep))
	if len(r.Detections) != 0 || r.Status.Code != extract.Skipped || r.Classified != 0 {
		t.Errorf("%+v", r)
	}
}

// The column's name is the keyword, far away in the file.
func TestColumnNames(t *testing.T) {
	c, _ := newClassifier(t, Options{})
	var b strings.Builder
	b.WriteString("id,customerSocialSecurityNumber,other\n")
	for i := range 40_000 {
		fmt.Fprintf(&b, "%d,\"536-90-%04d\",%d\n", i, i%9000+1, i)
	}
	r := classifyBytes(t, c, "a.csv", []byte(b.String()))
	if d := find(&r.Document, ssn); d.Count != 40_000 || d.Occurrences[999].Row != 1001 || d.Occurrences[999].Col != 2 {
		t.Errorf("%d found", d.Count)
	}
}

// A worker is used for one object after another, of every kind, and keeps nothing of the last.
func TestWorkerIsReused(t *testing.T) {
	c, _ := newClassifier(t, Options{})
	w := c.NewWorker()
	for range 3 {
		for name, data := range map[string]string{"a.json": `{"ssn":"536-90-4399"}`, "b.csv": "ssn,x\n536-90-4399,1\n", "c.txt": "ssn 536-90-4399", "d.txt": "536-90-4399"} {
			r, err := w.Classify(t.Context(), extract.Source{Name: name, Reader: strings.NewReader(data), Size: -1})
			want := int64(1)
			if name == "d.txt" {
				want = 0
			}
			if err != nil || find(&r.Document, ssn).Count != want {
				t.Errorf("%s: %d found, %v", name, find(&r.Document, ssn).Count, err)
			}
		}
	}
}

func TestMask(t *testing.T) {
	for in, want := range map[string]string{"536-90-4399": "•••••••4399", "ab": "••", "1234567": "•••••67", "": "", strings.Repeat("k", 500) + "tail": strings.Repeat("•", 20) + "tail"} {
		if got := mask([]byte(in)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
