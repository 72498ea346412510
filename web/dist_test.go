package web

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"
)

func squeezed(t *testing.T, b []byte) int {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Len()
}

var (
	imported = regexp.MustCompile(`(?:from|import)\s*"\./([\w.-]+\.js)"`)
	linked   = regexp.MustCompile(`(?:src|href)="/console/([^"]+)"`)
)

// What is built stays small: all of it, and what a browser needs to show the page where people sign in.
func TestSize(t *testing.T) {
	const (
		mostRaw      = 3_500_000
		mostSqueezed = 900_000
		mostSignIn   = 250 << 10 // less the fonts, which are compressed already
	)
	files := Files()
	raw, small := 0, 0
	sizes := map[string]int{}
	text := map[string]string{}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		raw += len(b)
		sizes[name], text[name] = squeezed(t, b), string(b)
		small += sizes[name]
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if raw > mostRaw || small > mostSqueezed {
		t.Errorf("the console has %d bytes, %d compressed; at most %d and %d are wanted", raw, small, mostRaw, mostSqueezed)
	}
	// The first page: what index.html links to, and what that imports before it runs.
	first, open := map[string]bool{"index.html": true}, []string{}
	for _, m := range linked.FindAllStringSubmatch(text["index.html"], -1) {
		open = append(open, m[1])
	}
	for len(open) > 0 {
		name := open[0]
		open = open[1:]
		if first[name] {
			continue
		}
		if _, ok := text[name]; !ok {
			t.Errorf("there is no %s", name)
		}
		first[name] = true
		for _, m := range imported.FindAllStringSubmatch(text[name], -1) {
			open = append(open, path.Join(path.Dir(name), m[1]))
		}
	}
	sum := 0
	for name := range first {
		if !strings.HasSuffix(name, ".woff2") {
			sum += sizes[name]
		}
	}
	t.Logf("%d bytes, %d compressed; the first page %d files, %d bytes compressed", raw, small, len(first), sum)
	if sum > mostSignIn || len(first) < 3 {
		t.Errorf("the page where people sign in takes %d bytes of %d files, at most %d are wanted", sum, len(first), mostSignIn)
	}
}
