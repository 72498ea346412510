package analyse

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"magpie/internal/extract"
)

// changing is a file that becomes another one at its n-th read.
type changing struct {
	mu    sync.Mutex
	is    []byte
	then  []byte
	at    int // reads from this one on, counted from 0, find then
	reads int
	short bool // a read found less than it asked for, which there was before
	size  int64
}

func (c *changing) ReadAt(p []byte, off int64) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.is
	if c.reads >= c.at {
		b = c.then
	}
	c.reads++
	if off >= int64(len(b)) {
		c.short = c.short || len(p) > 0 && off < c.size
		return 0, io.EOF
	}
	n := copy(p, b[off:])
	if n < len(p) {
		c.short = c.short || off+int64(n) < c.size
		return n, io.EOF
	}
	return n, nil
}

// changes are what may become of a file.
func changes(b []byte) map[string][]byte {
	n := len(b)
	return map[string][]byte{
		"empty": {}, "a byte less": b[:n-1], "a quarter": b[:n/4], "half": b[:n/2], "three quarters": b[:3*n/4],
		"longer": append(bytes.Clone(b), b...), "half of it zeros": append(bytes.Clone(b[:n/2]), make([]byte, n-n/2)...),
		"zeros": make([]byte, n), "ones": bytes.Repeat([]byte{0xff}, n), "a byte further": append([]byte("x"), b[:n-1]...),
	}
}

// samples are a file or more for each reader.
func samples(t *testing.T) map[string][]byte {
	t.Helper()
	all := objects(t)
	delete(all, "all.tgz") // 12 MB
	delete(all, "empty")
	for _, pattern := range []string{"office/*", "pdf/*", "*.bz2", "*.xz"} {
		names, err := filepath.Glob("../extract/testdata/" + pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(names), err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, ".golden") {
				continue
			}
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			all[filepath.Base(name)] = b
		}
	}
	for name, text := range map[string]string{
		"a.jsonl": `{"ssn":"536-90-4399"}` + "\n" + `{"ssn":"536-90-4398"}` + "\n", "a.xml": "<a><ssn>536-90-4399</ssn></a>", "a.html": "<p>ssn <b>536-90-4399</b>",
		"a.rtf": `{\rtf1 my ssn is 536-90-4399\par}`, "a.eml": "From: a@example.com\nSubject: it\n\nmy ssn is 536-90-4399\n",
		"a.sql": "insert into people (id, ssn) values (1, '536-90-4399');\n", "a.gz": "\x1f\x8b\x08\x00", "a.7z": "7z\xbc\xaf\x27\x1c\x00\x04",
		"ebcdic.txt": strings.Repeat("\x94\xa8\x40\xa2\xa2\x95\x40\x89\xa2\x40\xf5\xf3\xf6\x60\xf9\xf0\x60\xf4\xf3\xf9\xf9\x25", 50),
	} {
		all[name] = []byte(text)
	}
	return all
}

// A file may become another one at any read: nothing hangs or panics then, and when a read has missed anything the object is not complete and
// does not count as read wholly, whatever else its status says.
func TestChangesWhileRead(t *testing.T) {
	s := search(t)
	p := New(Options{InProcess: true, Workers: 1, Time: func(int64) time.Duration { return time.Minute }})
	defer p.Close()
	const most = 6 // reads of one file at which it changes
	missed := 0
	for name, content := range samples(t) {
		still := &changing{is: content, at: math.MaxInt, size: int64(len(content))}
		if _, err := p.Analyse(t.Context(), Source{Name: name, ReaderAt: still, Size: still.size}, s); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for what, then := range changes(content) {
			for at := 0; at < still.reads; at += max(1, still.reads/most) {
				src := &changing{is: content, then: then, at: at, size: int64(len(content))}
				r, err := p.Analyse(t.Context(), Source{Name: name, ReaderAt: src, Size: src.size}, s)
				switch {
				case err != nil && !src.short, err == nil && src.short, src.short && !errors.Is(err, ErrShrank):
					t.Errorf("%s becomes %s at read %d of %d, of which a later one missed something: %t, but the error is %v", name, what, at, still.reads, src.short, err)
				case src.short && (r.Status.Code == extract.Complete || r.Classified >= src.size), r.Classified > src.size:
					t.Errorf("%s becomes %s at read %d of %d: %d of %d bytes are %s", name, what, at, still.reads, r.Classified, src.size, r.Status.Code)
				case r.Status.Reason == extract.TimeCutOffReached, len(r.Faults) > 0:
					t.Errorf("%s becomes %s at read %d of %d: %+v %v", name, what, at, still.reads, r.Status, r.Faults)
				}
				if src.short {
					missed++
				}
			}
		}
	}
	if ended := p.Stats().Ended; len(ended) > 0 || missed < 100 {
		t.Errorf("%d reads missed something; workers that ended: %v", missed, ended)
	}
}
