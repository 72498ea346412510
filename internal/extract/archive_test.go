package extract

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

type file struct{ name, data string }

func zipOf(files ...file) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		e, _ := w.Create(f.name)
		io.WriteString(e, f.data)
	}
	w.Close()
	return b.Bytes()
}

func tarOf(files ...file) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		w.WriteHeader(&tar.Header{Name: f.name, Mode: 0o600, Size: int64(len(f.data))})
		io.WriteString(w, f.data)
	}
	w.Close()
	return b.Bytes()
}

func gzipOf(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data)
	w.Close()
	return b.Bytes()
}

func zstdOf(data []byte) []byte {
	w, _ := zstd.NewWriter(nil)
	return w.EncodeAll(data, nil)
}

const secret = "ssn 123-45-6789\n"

func TestArchives(t *testing.T) {
	csv := "name,ssn\nx,123-45-6789\n"
	files := []file{{"a.txt", secret}, {"dir/b.csv", csv}, {"c.bin", "\x7fELF\x00\x00"}}
	for name, data := range map[string][]byte{
		"a.zip":       zipOf(files...),
		"a.tar":       tarOf(files...),
		"a.tgz":       gzipOf(tarOf(files...)),
		"a.tar.zst":   zstdOf(tarOf(files...)),
		"mislabelled": zipOf(files...),
		"report.pdf":  gzipOf(tarOf(files...)),
	} {
		r := extractBytes(t, name, data, Options{})
		if s := r.status[""]; s.Code != Partial || s.Reason != ArchiveContainsUnprocessedFiles {
			t.Errorf("%s: %+v", name, s)
		}
		var got []string
		for _, h := range r.found {
			got = append(got, h.doc)
		}
		if fmt.Sprint(got) != "[a.txt dir/b.csv]" {
			t.Errorf("%s: found in %q", name, got)
		}
		if s := r.status["c.bin"]; s.Code != Skipped || s.Reason != UnsupportedFileType {
			t.Errorf("%s: c.bin %+v", name, s)
		}
	}
	for _, name := range []string{"a.txt.bz2", "a.txt.xz"} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		r := extractBytes(t, name, data, Options{})
		if len(r.found) != 1 || r.found[0].doc != "a.txt" || r.status[""].Code != Complete {
			t.Errorf("%s: %s", name, r.report())
		}
	}
}

func TestNesting(t *testing.T) {
	data := []byte(secret)
	name := "a.txt"
	for depth := 1; depth <= 12; depth++ {
		if depth%2 == 0 {
			data = gzipOf(data)
		} else {
			data = zipOf(file{name, string(data)})
		}
		name = fmt.Sprintf("%d", depth)
		r := extractBytes(t, name, data, Options{})
		s := r.status[""]
		if depth <= 10 && (len(r.found) != 1 || s.Code != Complete) {
			t.Errorf("%d deep: %d found, %+v", depth, len(r.found), s)
		}
		if depth > 10 && (len(r.found) != 0 || s.Code == Complete || s.Reason != ArchiveNestingLevelOverLimit) {
			t.Errorf("%d deep: %d found, %+v", depth, len(r.found), s)
		}
	}
}

func TestLimits(t *testing.T) {
	many := make([]file, 50)
	for i := range many {
		many[i] = file{fmt.Sprint(i), secret}
	}
	big := strings.Repeat("zero ", 400_000)
	for name, c := range map[string]struct {
		data []byte
		opts Options
		want Reason
	}{
		"many in a zip":     {zipOf(many...), Options{MaxFiles: 20}, ArchiveTotalDocumentsProcessedOverLimit},
		"many in a tar":     {tarOf(many...), Options{MaxFiles: 20}, ArchiveTotalDocumentsProcessedOverLimit},
		"much in a zip":     {zipOf(file{"a", big}), Options{MaxTotalBytes: mib}, ArchiveTotalBytesExtractedOverLimit},
		"much in a gzip":    {gzipOf([]byte(big)), Options{MaxTotalBytes: mib}, ArchiveTotalBytesExtractedOverLimit},
		"one large in zip":  {zipOf(file{"a", big}, file{"b", secret}), Options{MaxMemberBytes: mib}, ArchiveContainsUnprocessedFiles},
		"one large in gzip": {gzipOf([]byte(big)), Options{MaxMemberBytes: mib}, ArchiveContainsUnprocessedFiles},
		"zip in a tar.gz that needs room": {gzipOf(tarOf(file{"a.zip", string(zipOf(file{"x", "." + noise(2*mib)}))})),
			Options{MaxMemory: 128 * kib}, ArchiveContainsUnprocessedFiles},
	} {
		r := extractBytes(t, "a", c.data, c.opts)
		if s := r.status[""]; s.Code == Complete || s.Reason != c.want {
			t.Errorf("%s: %+v", name, s)
		}
	}
	r := extractBytes(t, "a.zip", zipOf(file{"a", big}, file{"b", secret}), Options{MaxMemberBytes: mib})
	if len(r.found) != 1 {
		t.Error("a file that is too large hides the next one")
	}
}

// noise does not compress.
func noise(n int) string {
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b[i] = ' ' + byte(x%90)
	}
	return string(b)
}

// A bomb is refused by what it inflates to, whatever it claims.
func TestBomb(t *testing.T) {
	zeros := gzipOf(make([]byte, 64*mib))
	layers := gzipOf(zeros)
	r := extractBytes(t, "bomb.gz", layers, Options{MaxTotalBytes: 8 * mib})
	if s := r.status[""]; s.Reason != ArchiveTotalBytesExtractedOverLimit && s.Reason != ArchiveContainsUnprocessedFiles {
		t.Errorf("%+v", s)
	}
	// Many files that are the same bytes: directory entries that overlap.
	bomb := zipOf(file{"a", strings.Repeat("a", 4*mib)})
	r = extractBytes(t, "bomb.zip", overlap(bomb, 1000), Options{MaxTotalBytes: 64 * mib})
	if s := r.status[""]; s.Code != Skipped || s.Reason != ArchiveTotalBytesExtractedOverLimit {
		t.Errorf("overlapping entries: %+v", s)
	}
}

// overlap repeats the directory entry of a zip with one file.
func overlap(z []byte, n int) []byte {
	i := bytes.Index(z, []byte("PK\x01\x02"))
	j := bytes.Index(z, []byte("PK\x05\x06"))
	out := append([]byte(nil), z[:i]...)
	for range n {
		out = append(out, z[i:j]...)
	}
	end := append([]byte(nil), z[j:]...)
	size := (j - i) * n
	end[8], end[9], end[10], end[11] = byte(n), byte(n>>8), byte(n), byte(n>>8)
	end[12], end[13], end[14], end[15] = byte(size), byte(size>>8), byte(size>>16), byte(size>>24)
	return append(out, end...)
}

func TestHostileNames(t *testing.T) {
	for name, want := range map[string]string{
		"../../etc/passwd":        "etc/passwd",
		"/abs/olute":              "abs/olute",
		`..\..\windows`:           "windows",
		"a/../../../b":            "b",
		"x\x1b[2Jy\n":             "x\ufffd[2Jy\ufffd",
		"\xff\xfe":                "\ufffd",
		"..":                      "content",
		"":                        "content",
		"a\u202etxt.exe":          "a\ufffdtxt.exe",
		strings.Repeat("x", 5000): strings.Repeat("x", 1024),
	} {
		if got := memberPath("", name); got != want {
			t.Errorf("%q is shown as %q, want %q", name, got, want)
		}
	}
	r := extractBytes(t, "a.tar", tarOf(file{"../../../../tmp/escaped", secret}), Options{})
	if len(r.found) != 1 || r.found[0].doc != "tmp/escaped" {
		t.Errorf("%+v", r.found)
	}
}

func TestDamaged(t *testing.T) {
	good := zipOf(file{"a.txt", secret}, file{"b.txt", strings.Repeat(noise(1000), 50) + secret})
	encrypted := bytes.Clone(good)
	for _, sig := range []string{"PK\x03\x04", "PK\x01\x02"} {
		off := 6
		if sig == "PK\x01\x02" {
			off = 8
		}
		for i := 0; ; {
			k := bytes.Index(encrypted[i:], []byte(sig))
			if k < 0 {
				break
			}
			encrypted[i+k+off] |= 1
			i += k + 4
		}
	}
	r := extractBytes(t, "a.zip", encrypted, Options{})
	if s := r.status[""]; s.Code != Skipped || s.Reason != ArchiveContainsUnprocessedFiles || !strings.HasPrefix(s.Detail, "encrypted") {
		t.Errorf("encrypted: %+v", s)
	}
	flipped := bytes.Clone(good)
	flipped[len(flipped)/2] ^= 0x55
	r = extractBytes(t, "a.zip", flipped, Options{})
	if s := r.status["b.txt"]; s.Code != Partial || s.Reason != MalformedFile {
		t.Errorf("flipped: %s", r.report())
	}
	r = extractBytes(t, "a.zip", good[:len(good)/2], Options{})
	if s := r.status[""]; s.Code != Partial || s.Reason != MalformedFile || len(r.found) == 0 {
		t.Errorf("cut zip: %s", r.report())
	}
	gz := gzipOf([]byte(strings.Repeat(secret, 1000) + noise(100_000)))
	r = extractBytes(t, "a.gz", gz[:len(gz)/2], Options{})
	if s := r.status[""]; s.Code != Partial || len(r.found) != 1000 {
		t.Errorf("cut gzip: %+v, %d found", s, len(r.found))
	}
	tb := tarOf(file{"a", secret}, file{"b", strings.Repeat(secret, 1000)})
	r = extractBytes(t, "a.tar", tb[:len(tb)/2], Options{})
	if s := r.status[""]; s.Code != Partial || len(r.found) < 2 {
		t.Errorf("cut tar: %+v, %d found", s, len(r.found))
	}
}

func TestTimeAndCancellation(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Extract(ctx, Source{Name: "a.txt", Reader: strings.NewReader(secret), Size: -1}, Options{}, newRecorder())
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	late, stop := context.WithTimeout(context.Background(), 0)
	defer stop()
	r := newRecorder()
	status, err := Extract(late, Source{Name: "a.txt", Reader: strings.NewReader(secret), Size: -1}, Options{}, r)
	if err != nil || status.Code != Partial || status.Reason != TimeCutOffReached {
		t.Errorf("late: %+v %v", status, err)
	}
}

// The source's own failure is an error; it is no malformation of the file.
func TestSourceFails(t *testing.T) {
	broken := errors.New("the disk is on fire")
	for _, data := range [][]byte{[]byte(secret), gzipOf([]byte(secret)), zipOf(file{"a", secret})[:40]} {
		r := io.MultiReader(bytes.NewReader(data[:len(data)-1]), failing{broken})
		_, err := Extract(t.Context(), Source{Name: "a", Reader: r, Size: -1}, Options{}, newRecorder())
		if !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
	}
}

// TestSelfExtracting opens the zip behind a program, when the end of the file is at hand.
func TestSelfExtracting(t *testing.T) {
	packed := zipOf(file{"in.txt", "723-45-6789"})
	for _, program := range []string{"MZ\x90\x00" + strings.Repeat("\x01\x02\x03\x00\x80\xff", 2000), "\x7fELF\x02\x01\x01\x00" + strings.Repeat("\x00\x01\x02\xfe", 900), "#!/bin/sh\nexec unzip $0\n"} {
		r := extractBytes(t, "setup", append([]byte(program), packed...), Options{})
		if len(r.found) != 1 || r.found[0].doc != "in.txt" || r.status[""].Code != Complete {
			t.Errorf("%.8q: %s", program, r.report())
		}
		if r := extractBytes(t, "setup", append([]byte(program), packed[:len(packed)-30]...), Options{}); len(r.found) > 0 || r.status[""].Code == Complete {
			t.Errorf("%.8q, cut: %s", program, r.report())
		}
	}
}
