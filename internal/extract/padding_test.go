package extract

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"slices"
	"strings"
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

// A packed file that is cut anywhere but at the end of a stream is not whole, whatever its headers and frames to be skipped hold.
func TestCutPacked(t *testing.T) {
	const text = "ssn 536-90-4399\n"
	frame := zstdOf([]byte(text))
	skip := func(n int, fill string) []byte {
		b := []byte{0x5a, 0x2a, 0x4d, 0x18, byte(n), byte(n >> 8), byte(n >> 16), 0}
		return append(b, bytes.Repeat([]byte(fill), n/len(fill))...)
	}
	var named bytes.Buffer
	z := gzip.NewWriter(&named)
	z.Name, z.Comment, z.Extra = strings.Repeat("name ", 60), strings.Repeat("comment ", 40), bytes.Repeat([]byte("extra "), 40)
	z.Write([]byte(text))
	z.Close()
	xz, err := os.ReadFile("testdata/a.txt.xz")
	if err != nil {
		t.Fatal(err)
	}
	bz, err := os.ReadFile("testdata/a.txt.bz2")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct {
		name    string
		least   int // from which length on it is known
		streams [][]byte
	}{
		{"a.txt.zst", 1, [][]byte{frame, skip(200, "text "), frame}},
		{"a.txt.zst", 1, [][]byte{frame, skip(200, "\x00\xff"), skip(0, "x")}},
		{"a.txt.zst", 1, [][]byte{skip(200, "text "), frame, skip(9, "\x01")}},
		{"a.txt.zst", 1, [][]byte{skip(200, "\x00\xff"), skip(200, "text "), skip(0, "x"), frame}},
		{"a.txt.zst", 1, [][]byte{skip(100_000, "a line of text\n....."), frame}},
		{"a.txt.zst", 1, [][]byte{frame, skip(100_000, "a line of text\n.....")}},
		{"a.txt.gz", 1, [][]byte{named.Bytes(), gzipOf([]byte(text)), named.Bytes()}},
		{"a.txt.xz", 1, [][]byte{xz, make([]byte, 4), xz}},
		{"a.txt.bz2", 1, [][]byte{bz, bz}},
	} {
		whole := slices.Concat(f.streams...)
		ends, end := map[int]bool{}, 0
		cuts := []int{f.least, f.least + 1}
		for _, s := range f.streams {
			ends[end+len(s)] = true
			for _, n := range []int{1, 2, 3, 4, 5, 7, 8, 9, 12, 30, 128, 190, len(s) / 3, len(s) / 2, len(s) - 9, len(s) - 1, len(s)} {
				if n >= 0 && n <= len(s) && end+n >= f.least {
					cuts = append(cuts, end+n)
				}
			}
			end += len(s)
		}
		slices.Sort(cuts)
		for _, n := range slices.Compact(cuts) {
			s := extractBytes(t, f.name, whole[:n], Options{}).status[""]
			if (s.Code == Complete) != ends[n] {
				t.Errorf("%.8q of %d streams, cut after %d bytes of %d: %+v", whole, len(f.streams), n, len(whole), s)
			}
			if n > len(f.streams[0]) && !zstdSkips(whole) && s.Code == Skipped { // some text has been read
				t.Errorf("%.8q, cut after %d bytes: %+v", whole, n, s)
			}
		}
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

// Of a packed file of which only the first few bytes are left, all is missing. What may be a text by its bytes and its name is one.
func TestCutToNothing(t *testing.T) {
	for _, c := range []struct {
		magic string
		name  string
		from  int // from so many bytes on a packed file whatever it is called
	}{
		{"\xfd7zXZ\x00", "a.tar.xz", 2},
		{"\x28\xb5\x2f\xfd", "a.csv.zst", 2},
		{"\x5a\x2a\x4d\x18", "a.csv.zst", 4},
		{"BZh91AY&SY", "a.TBZ2", 10},
		{"BZh11AY&SY", "a.bz2", 10},
	} {
		for n := 1; n < len(c.magic); n++ {
			for name, cut := range map[string]bool{c.name: true, "a.txt": n >= c.from, "a": n >= c.from} {
				want := Complete
				if cut {
					want = Partial
				}
				if got := extractBytes(t, name, []byte(c.magic[:n]), Options{}).status[""]; got.Code != want {
					t.Errorf("%q called %s: %+v", c.magic[:n], name, got)
				}
			}
		}
	}
	for name, text := range map[string]string{"a.bz2": "BZhello", "b.bz2": "BZh\n", "a.zst": "(a", "a.xz": "x"} {
		if got := extractBytes(t, name, []byte(text), Options{}).status[""]; got.Code != Complete {
			t.Errorf("%q called %s: %+v", text, name, got)
		}
	}
}
