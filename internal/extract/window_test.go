package extract

import (
	"bytes"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// TestZstdFrames reads what zstd writes beside plain frames: long windows, frames to be skipped, several frames.
func TestZstdFrames(t *testing.T) {
	frame := func(text string, window int) string {
		var b bytes.Buffer
		z, err := zstd.NewWriter(&b, zstd.WithWindowSize(window), zstd.WithEncoderConcurrency(1))
		if err != nil {
			t.Fatal(err)
		}
		z.Write([]byte(text))
		z.Flush() // so that the frame cannot be one segment
		z.Close()
		return b.String()
	}
	skip := "\x53\x2a\x4d\x18\x05\x00\x00\x00hello"
	whole := frame("my ssn is 536-90-4399\n", 1<<20)
	long := frame("my ssn is 536-90-4399\n", 128<<20)
	for _, c := range []struct {
		name, data string
		window     int64
		found      int
		code       Code
	}{
		{"plain", whole, 0, 1, Complete},
		{"two", whole + whole, 0, 2, Complete},
		{"skipped first", skip + whole, 0, 1, Complete},
		{"skipped in the middle and last", whole + skip + whole + skip, 0, 2, Complete},
		{"nothing but skipped", skip, 0, 0, Complete},
		{"long", long, 0, 1, Complete},
		{"long after skipped", skip + skip + long, 0, 1, Complete},
		{"two long", long + long, 0, 2, Complete},
		{"says it is longer than allowed", long, 64 << 20, 1, Complete},
		{"none allowed", long, -1, 0, Skipped},
		{"long behind short", whole + long, -1, 1, Partial},
	} {
		r := extractBytes(t, "a.txt.zst", []byte(c.data), Options{MaxWindow: c.window, MaxMemory: 8 << 20})
		if len(r.found) != c.found || r.status[""].Code != c.code {
			t.Errorf("%s: found %d, %v; want %d %s", c.name, len(r.found), r.status[""], c.found, c.code)
		}
		if len(longWindow) != 0 {
			t.Fatalf("%s: the window was not given back", c.name)
		}
	}
}

// TestNestedWindows nests what needs the one long window in what has it.
func TestNestedWindows(t *testing.T) {
	data := []byte("my ssn is 536-90-4399\n")
	for range 2 {
		var b bytes.Buffer
		z, _ := zstd.NewWriter(&b, zstd.WithWindowSize(128<<20), zstd.WithEncoderConcurrency(1))
		z.Write(data)
		z.Flush()
		z.Close()
		data = b.Bytes()
	}
	r := extractBytes(t, "a.txt.zst.zst", data, Options{MaxMemory: 8 << 20})
	if len(longWindow) != 0 || r.status[""].Code == Complete || !strings.Contains(r.status[""].Detail, "window") {
		t.Errorf("%v", r.status)
	}
}

// TestBase64Noise reads mail whose base64 has what does not belong there.
func TestBase64Noise(t *testing.T) {
	for _, body := range []string{
		"bXkgc3NuIGlz\nIDUzNi05MC00Mzk5Cg==\n", "bXkg c3Nu\tIGlz\n\n\nIDUz!Ni05\r\nMC00*Mzk5-Cg==\n", "> bXkgc3NuIGlz\n> IDUzNi05MC00Mzk5Cg==\n",
	} {
		mail := "From: a@example.com\nTo: b@example.com\nDate: Mon, 1 Jan 2024 10:00:00 +0000\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\n"
		if r := extractBytes(t, "a.eml", []byte(mail+body), Options{}); len(r.found) != 1 {
			t.Errorf("%q: found %d in %q", body, len(r.found), r.text[""])
		}
	}
}
