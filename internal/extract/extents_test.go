package extract

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"magpie/internal/extract/hostile"
)

// Extents agree with a map of bytes, whatever the order.
func TestExtents(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for range 200 {
		w := &walker{ctx: t.Context(), account: NewAccount(1 * mib)}
		e := extents{holds: holding{w: w}}
		var taken [400]bool
		for range 60 {
			lo := r.IntN(380)
			hi := lo + 1 + r.IntN(20)
			free := !slices.Contains(taken[lo:hi], true)
			if err := e.take(int64(lo), int64(hi)); (err == nil) != free {
				t.Fatalf("[%d,%d) free %v, but %v of %v", lo, hi, free, err, e.list)
			} else if err == nil {
				for i := lo; i < hi; i++ {
					taken[i] = true
				}
			}
		}
		e.holds.drop()
		if w.account.Held() != 0 {
			t.Fatal("still held")
		}
	}
}

// Parts with less between them than fits there are one, so that a file in order takes no memory, in either direction.
func TestExtentsInOrder(t *testing.T) {
	for _, step := range []int64{1, -1} {
		e := extents{slack: 29, holds: holding{w: &walker{ctx: t.Context(), account: NewAccount(1 * mib)}}}
		for i := range int64(1000) {
			at := 100_000 + step*i*50
			if err := e.take(at, at+25); err != nil {
				t.Fatal(err)
			}
		}
		if len(e.list) != 1 {
			t.Errorf("%d parts", len(e.list))
		}
		if e.take(100_010, 100_011) != errShared {
			t.Error("taken twice")
		}
	}
}

// What shares its bytes is read once, and the rest is said not to be.
func TestSharedBytes(t *testing.T) {
	for _, f := range hostile.Files() {
		switch f.Name {
		case "overlap.zip", "sheets.xlsx", "same-parts.docx", "one-chunk.parquet":
		default:
			continue
		}
		data := f.Make()
		d := &discard{}
		status, err := Extract(t.Context(), Source{Name: f.Name, ReaderAt: bytes.NewReader(data), Size: int64(len(data))}, Options{}, d)
		if err != nil || status.Code != Partial {
			t.Errorf("%s: %v, %v", f.Name, status, err)
		}
		if d.text > 2*int64(len(data))+1*mib {
			t.Errorf("%s: %d bytes of text from %d bytes", f.Name, d.text, len(data))
		}
	}
}

// What is claimed and not there is not COMPLETE, and does not take as long as it claims.
func TestEmptyClaims(t *testing.T) {
	for _, f := range hostile.Files() {
		switch f.Name {
		case "null.avro", "empty-record.avro", "itself.avro", "in-itself.avro", "deep.parquet", "product.parquet", "snappy-page.parquet", "lz4-page.parquet":
		default:
			continue
		}
		data := f.Make()
		status, err := Extract(t.Context(), Source{Name: f.Name, ReaderAt: bytes.NewReader(data), Size: int64(len(data))}, Options{}, &discard{})
		if err != nil || status.Code == Complete || status.Reason == TimeCutOffReached {
			t.Errorf("%s: %v, %v", f.Name, status, err)
		}
	}
}

// Of long ways the names next to the value are left, the same in all formats.
func TestNamesAbove(t *testing.T) {
	var names []string
	var doc strings.Builder
	for i := range 100 {
		names = append(names, fmt.Sprintf("n%d", i))
		fmt.Fprintf(&doc, `{"n%d":`, i)
	}
	doc.WriteString(`"536-90-4399"` + strings.Repeat("}", 100))
	want := names[100-mostNames:]
	if got := capNames(names); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("of 100 short names %q are left", got)
	}
	if got := namesOf(t, "a.json", doc.String()); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("in JSON %q are left", got)
	}
	long := []string{strings.Repeat("a", 300), strings.Repeat("b", 300), "c"}
	want = []string{strings.Repeat("a", 211), long[1], "c"}
	if got := capNames(long); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("of long names %q are left", got)
	}
	if got := namesOf(t, "a.json", fmt.Sprintf(`{%q:{%q:{"c":"536-90-4399"}}}`, long[0], long[1])); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("in JSON %q are left", got)
	}
	if got := capNames([]string{"ä" + strings.Repeat("b", 511)}); got[0] != strings.Repeat("b", 511) {
		t.Errorf("a character is cut: %q", got[0][:4])
	}
}

// namesOf returns the names of the one value that is found.
func namesOf(t *testing.T, name, data string) []string {
	t.Helper()
	r := newRecorder()
	if _, err := Extract(t.Context(), Source{Name: name, Reader: strings.NewReader(data), Size: -1}, Options{}, r); err != nil || len(r.found) != 1 {
		t.Fatalf("%d found, %v", len(r.found), err)
	}
	return r.found[0].names
}
