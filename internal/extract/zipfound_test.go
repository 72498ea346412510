package extract

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

// TestFindEntries reads zips whose directory is gone: what each entry has before it says enough.
func TestFindEntries(t *testing.T) {
	good := zipOf(file{"a.txt", secret}, file{"b.txt", strings.Repeat(noise(1000), 80) + secret}, file{"c.txt", secret})
	at := bytes.Index(good, []byte("PK\x01\x02"))
	for name, data := range map[string][]byte{
		"directory":   good[:at],
		"end":         good[:len(good)-10],
		"behind junk": append([]byte("HTTP/1.1 200 OK\r\n\r\n\x00\x01\x02\x03"), good...),
	} {
		r := extractBytes(t, "x.zip", data, Options{})
		if len(r.found) != 3 {
			t.Errorf("%s: %s", name, r.report())
		}
		if s := r.status[""]; (s.Code == Complete) != (name == "behind junk") {
			t.Errorf("%s: %+v", name, s)
		}
	}
	// Nothing but beginnings of entries costs no more than a look at each byte.
	for name, unit := range map[string]string{"PK": "PK", "headers": "PK\x03\x04" + strings.Repeat("\x00", 26), "entries": "PK\x03\x04" + strings.Repeat("\x00", 22) + "\x01\x00\x00\x00x"} {
		data := []byte(strings.Repeat(unit, 1<<20/len(unit)))
		w := &walker{ctx: context.Background(), account: NewAccount(1 << 30), opts: Options{}}
		w.steps = 1 << 40
		z, err := findEntries(w, bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(name, err)
		}
		if z != nil {
			z.close()
		}
		if n := 1<<40 - w.steps; n > 16<<20 {
			t.Errorf("%s: %d steps for a megabyte", name, n)
		}
	}
}
