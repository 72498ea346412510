package extract

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"testing"
)

// Zeros behind what is packed fill up a tape or a block, and are passed over as the tools of the formats do; anything else is not.
func TestPadding(t *testing.T) {
	read := func(name string) []byte {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	const text = "ssn 536-90-4399\n"
	two := append(gzipOf([]byte(text)), gzipOf([]byte(text))...)
	for _, f := range []struct {
		name   string
		data   []byte
		zeros  int
		more   string
		status Code
	}{
		{"one.txt.gz", gzipOf([]byte(text)), 0, "", Complete},
		{"one.txt.gz", gzipOf([]byte(text)), 1, "", Complete},
		{"two.txt.gz", two, 0, "", Complete},
		{"two.txt.gz", two, 10_000, "", Complete},
		{"two.txt.gz", two, 10_000, "x", Partial},
		{"two.txt.gz", two, 0, "x", Partial},
		{"two.txt.gz", two, 0, "\x1f", Partial},
		{"two.txt.gz", two[:len(two)-1], 0, "", Partial},
		{"a.txt.bz2", read("testdata/a.txt.bz2"), 0, "", Complete},
		{"a.txt.bz2", read("testdata/a.txt.bz2"), 2, "", Complete},
		{"a.txt.bz2", read("testdata/a.txt.bz2"), 512, "", Complete},
		{"a.txt.bz2", read("testdata/a.txt.bz2"), 20_000, "x", Partial},
		{"a.txt.bz2", read("testdata/a.txt.bz2"), 0, "xx", Partial},
		{"a.txt.xz", read("testdata/a.txt.xz"), 512, "", Complete},
		{"a.tar", tarOf(file{"a.txt", text}), 20_480, "", Complete},
		{"a.tar.gz", gzipOf(tarOf(file{"a.txt", text})), 4096, "", Complete},
		{"members.gz", bytes.Repeat(gzipOf(nil), 3000), 0, "", Complete},
	} {
		t.Run(fmt.Sprintf("%s with %d and %q", f.name, f.zeros, f.more), func(t *testing.T) {
			data := slices.Concat(f.data, make([]byte, f.zeros), []byte(f.more))
			if s := extractBytes(t, f.name, data, Options{}).status[""]; s.Code != f.status {
				t.Errorf("%+v, want %s", s, f.status)
			}
		})
	}
}

// The readers of packed files in an archive are used again, and say nothing of the file before.
func TestGzipsInArchive(t *testing.T) {
	var files []file
	for i := range 50 {
		files = append(files, file{fmt.Sprintf("%d.txt.gz", i), string(gzipOf([]byte(fmt.Sprintf("text %d\n", i))))}, file{fmt.Sprintf("bad%d.txt.gz", i), "\x1f\x8b\x08\x00nonsense"})
	}
	r := extractBytes(t, "a.tar", tarOf(files...), Options{})
	for i := range 50 {
		got := r.text[fmt.Sprintf("%d.txt.gz/%d.txt", i, i)]
		if want := fmt.Sprintf("text %d\n", i); got == nil || got.String() != want {
			t.Errorf("file %d is %v, want %q; there are %q", i, got, want, r.docs)
		}
	}
}
