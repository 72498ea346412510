//go:build unix

package scan

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unicode"

	"magpie/internal/analyse"
	"magpie/internal/detect/managed"
	"magpie/internal/extract/hostile"
)

// TestFewOpenFiles: where few files may be open at once, fewer workers take fewer files, and all are read.
func TestFewOpenFiles(t *testing.T) {
	for open := uint64(0); open < 3000; open++ {
		for _, workers := range []int{1, 2, 64} {
			most, batch := fit(workers, open)
			if most < 1 || most > workers || batch < 1 || batch > analyse.MaxBatch || open >= 64 && uint64(ownOpen+most*boxOpen+(most+1)*batch) > open {
				t.Fatalf("%d workers, %d open: %d workers, %d files each", workers, open, most, batch)
			}
		}
	}
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	few := was
	few.Cur = 96
	t.Chdir(t.TempDir())
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte("ssn 536-90-4399\n"))
	_ = z.Close()
	for i := range 60 {
		for name, data := range map[string][]byte{".gz": packed.Bytes(), ".a.txt": []byte("ssn 536-90-4399\n"), ".b.txt": []byte("none\n")} {
			if err := os.WriteFile(fmt.Sprint(i)+name, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
		t.Skip(err)
	}
	defer func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
			t.Error(err)
		}
	}()
	code, out, errs := run(t, "", "--workers", "32", ".")
	if code != 0 || errs != "" {
		t.Errorf("code %d, %q, %.2000s", code, errs, out)
	}
}

// TestNear scans files of every kind with and without reading small texts in this process: the results are the same.
func TestNear(t *testing.T) {
	t.Chdir(t.TempDir())
	write := func(name string, data []byte) {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, pattern := range []string{"office/*", "pdf/*", "a.txt.*"} {
		names, _ := filepath.Glob(filepath.Join(repository(t), "internal/extract/testdata", pattern))
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			write(filepath.Base(name), data)
		}
	}
	for _, f := range hostile.Files() {
		switch f.Name { // not the ones whose outcome is a matter of time
		case "wide.csv", "one-line.jsonl", "references.xml", "deep.xml", "places.avro", "storages.doc", "open-comment.xml":
			write(f.Name, f.Make())
		}
	}
	write("a.md", []byte("# people\n\nssn 536-90-4399\n"))
	write("a.json", []byte(`{"ssn": "536-90-4399"}`))
	write("a.html", []byte("<html><p>ssn 536-90-4399</p></html>"))
	write("broken.json", []byte(`{"ssn": "536-90-4399`))
	write("binary", []byte("ssn 536-90-4399 \x00\x01\x02"))
	write("latin.txt", []byte("gr\xfc\xdfe ssn 536-90-4399"))
	write("mail.eml", []byte("From: a@example.com\nTo: b@example.com\nSubject: x\nDate: Mon, 2 Jan 2006 15:04:05 +0000\n\nssn 536-90-4399\n"))
	write("empty", nil)
	search, err := analyse.Compile(analyse.Config{Managed: managed.Recommended(), Samples: 3})
	if err != nil {
		t.Fatal(err)
	}
	scan := func(memory int64) string {
		var text bytes.Buffer
		w := newJSONWriter(&text, nil)
		o := Options{Paths: []string{"."}, Search: search, MaxMemory: memory, Workers: 2, NoProgress: true}
		if near := o.forNear() > 0; near != (memory > 200<<20) {
			t.Fatalf("with %d MB small texts are read here: %v", memory>>20, near)
		}
		if _, err := Run(context.Background(), o, w.file); err != nil {
			t.Fatal(err)
		}
		return text.String()
	}
	near, far := strings.Split(scan(512<<20), "\n"), strings.Split(scan(200<<20), "\n")
	if len(near) != len(far) || len(near) < 40 {
		t.Fatalf("%d and %d results", len(near), len(far))
	}
	for i := range near {
		if near[i] != far[i] {
			t.Errorf("here: %.300s\nin a box: %.300s", near[i], far[i])
		}
	}
}

// repository is the folder of the whole, before the test has gone elsewhere.
func repository(t *testing.T) string {
	t.Helper()
	return root
}

var root = func() string {
	dir, _ := os.Getwd()
	return filepath.Join(dir, "..", "..")
}()

// TestNoOrders names files and what is in them so that a terminal would obey: nothing of it is in any output as it stands, in a pipe
// neither, and JSON and SARIF say the names as they are.
func TestNoOrders(t *testing.T) {
	t.Chdir(t.TempDir())
	orders := []string{"\x1b]0;owned\x07", "\x1b[2J", "\u009b31m", "\u202egnp", "a\rb", "\x7f", "\u2028", "\U000e0041"}
	for i, s := range orders {
		folder := fmt.Sprintf("d%d%s", i, s)
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		for name, data := range map[string]string{
			"a" + s + ".txt": "ssn 536-90-4399\n", "b" + s + ".csv": "id,ssn " + s + "\n1,536-90-4399\n", "c" + s + ".json": fmt.Sprintf(`{%q:"536-90-4399"}`, "ssn "+s),
			"d" + s + ".zip": "PK\x03\x04" + s, "e" + s + ".eml": "From: a\nTo: b\nSubject: x\nDate: y\nContent-Type: text/plain; name=\"" + s + ".txt\"\n\nssn 536-90-4399\n",
		} {
			if err := os.WriteFile(filepath.Join(folder, name), []byte(data), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, output := range []string{"json", "sarif", "table"} {
		_, stdout, stderr := run(t, "", "--output", output, ".")
		for _, text := range []string{stdout, stderr} {
			for _, r := range text {
				if !unicode.IsPrint(r) && r != '\n' && r != '\t' {
					t.Errorf("--output %s has %U as it stands", output, r)
					break
				}
			}
		}
		switch output {
		case "json":
			names := map[string]bool{}
			for line := range strings.Lines(stdout) {
				var f struct{ Path string }
				if err := json.Unmarshal([]byte(line), &f); err != nil {
					t.Fatal(err)
				}
				names[f.Path] = true
			}
			for i, s := range orders {
				if name := fmt.Sprintf("d%d%s/a%s.txt", i, s, s); !names[name] {
					t.Errorf("%q is not in the result", name)
				}
			}
		case "sarif":
			if !json.Valid([]byte(stdout)) {
				t.Error("SARIF is no JSON")
			}
		}
	}
}
