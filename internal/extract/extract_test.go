package extract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// found is what the tests look for: a stand-in for the detection engine.
var needle = regexp.MustCompile(`\b\d{3}-\d{2}-\d{4}\b`)

// event is one line of what a sink saw.
type recorder struct {
	needle  *regexp.Regexp
	found   []hit
	docs    []string
	status  map[string]Status
	mimes   map[string]string
	text    map[string]*strings.Builder
	segment func(*Segment)
}

type hit struct {
	doc   string
	value string
	loc   Location
	field string
	names []string
}

func newRecorder() *recorder {
	return &recorder{needle: needle, status: map[string]Status{}, mimes: map[string]string{}, text: map[string]*strings.Builder{}}
}

func (r *recorder) Begin(doc *Document) error {
	r.docs = append(r.docs, doc.Path)
	r.mimes[doc.Path] = doc.MIME
	r.text[doc.Path] = &strings.Builder{}
	return nil
}

func (r *recorder) Segment(doc *Document, seg *Segment) error {
	if seg.Lo < 0 || seg.Hi < seg.Lo || seg.Hi > len(seg.Text) {
		return fmt.Errorf("segment of %d bytes owns [%d,%d)", len(seg.Text), seg.Lo, seg.Hi)
	}
	r.text[doc.Path].Write(seg.Text[seg.Lo:seg.Hi])
	if err := (&prober{}).list(seg); err != nil {
		return err
	}
	for _, m := range r.needle.FindAllIndex(seg.Text, -1) {
		if m[0] < seg.Lo || m[0] >= seg.Hi {
			continue
		}
		h := hit{doc: doc.Path, value: string(seg.Text[m[0]:m[1]])}
		if f, ok := seg.Field(m[0]); ok {
			if f.Lo > m[0] || f.Hi < m[1] {
				return fmt.Errorf("field [%d,%d) around %v", f.Lo, f.Hi, m)
			}
			h.field, h.names = string(seg.Text[f.Lo:f.Hi]), f.Names
		}
		h.loc = seg.Locate(m[0], m[1])
		r.found = append(r.found, h)
	}
	if r.segment != nil {
		r.segment(seg)
	}
	return nil
}

func (r *recorder) End(doc *Document, status Status) error {
	r.status[doc.Path] = status
	return nil
}

// extractBytes runs Extract over data as a file of that name.
func extractBytes(t testing.TB, name string, data []byte, opts Options) *recorder {
	t.Helper()
	r := newRecorder()
	src := Source{Name: name, ReaderAt: bytes.NewReader(data), Size: int64(len(data))}
	if _, err := Extract(context.Background(), src, opts, r); err != nil {
		t.Fatalf("extract %s: %v", name, err)
	}
	return r
}

// An object that is cut while it is read is not COMPLETE, whichever way it is read.
func TestShrunk(t *testing.T) {
	long := strings.Repeat("nothing to see\n", 100_000)
	for name, data := range map[string][]byte{
		"a.txt": []byte(long), "a.csv": []byte("a,b\n" + long), "a.json": []byte("[\"" + strings.Repeat("x", 1<<20) + "\"]"),
		"a.gz": gzipOf(random(1 << 20)), "a.zip": zipOf(file{"a.bin", string(random(1 << 20))}), "a.tar": tarOf(file{"a.txt", long}),
		"a.avro": avroOf(t, 10_000, "null"), "a.xlsx": sheetOf(20_000), "a.pdf": officeFile(t, "plain.pdf"), "a.html": []byte("<html>" + long),
		"a.eml": []byte(mailHead + "\r\n" + long),
	} {
		cut := data[:len(data)*2/3]
		for _, src := range []Source{
			{Name: name, ReaderAt: bytes.NewReader(cut), Size: int64(len(data))},
			{Name: name, Reader: bytes.NewReader(cut), Size: int64(len(data))},
		} {
			if _, err := Extract(t.Context(), src, Options{}, &discard{}); !errors.Is(err, ErrShrunk) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
