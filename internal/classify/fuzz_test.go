package classify

import (
	"bytes"
	"context"
	"runtime"
	"testing"
	"time"

	"magpie/internal/extract"
	"magpie/internal/extract/hostile"
)

// FuzzClassify reads anything under every kind of name, the whole way, with a short deadline and a small budget: it ends, it
// keeps to its account, nothing of the object is held afterwards, and what is not COMPLETE says why.
func FuzzClassify(f *testing.F) {
	for _, h := range hostile.Files() {
		switch h.Name { // those that are large, or take long to make
		case "null.avro", "itself.avro", "in-itself.avro", "places.avro", "deep-names.parquet", "snappy-page.parquet", "lz4-page.parquet",
			"sheets.xlsx", "overlap.zip", "mails-in-mails.eml", "zips-in-zips.zip", "trailers.pdf":
			if data := h.Make(); len(data) <= 128<<10 {
				f.Add(h.Name, data)
			}
		}
	}
	f.Add("a.json", []byte(`{"ssn":"536-90-4399","a":[{"b\n":"\u00e9"}]}`))
	f.Add("a.csv", []byte("id,ssn\n1,\"536-90-4399\"\n"))
	f.Add("a.eml", []byte("From: a@example.com\r\nTo: b@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\n\r\nssn 536-90-4399"))
	f.Add("a.html", []byte("<html><p title='ssn 536-90-4399'>&eacute;"))
	f.Add("a", []byte("ssn 536-90-4399"))
	const memory = 64 << 20
	c, _ := newClassifier(f, Options{Samples: 3, Extract: extract.Options{MaxMemory: memory}})
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		w := c.NewWorker()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		result, err := w.Classify(ctx, extract.Source{Name: name, ReaderAt: bytes.NewReader(data), Size: int64(len(data))})
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		if (result.Status.Code == extract.Complete) != (result.Status.Reason == "") {
			t.Fatalf("%q ended %+v", name, result.Status)
		}
		if len(result.Faults) > 0 {
			t.Logf("%q: %v\n%s", name, result.Faults[0], result.Faults[0].Stack) // worth a look, and not our mistake
		}
		if w.account.Peak() > memory {
			t.Fatalf("%q held %d bytes", name, w.account.Peak())
		}
		if left := w.account.Held() - w.kept - w.byText.size - w.names.size; left != 0 {
			t.Fatalf("%q: %d bytes are still held", name, left)
		}
		var m runtime.MemStats
		if runtime.ReadMemStats(&m); m.Sys > 2<<30 {
			t.Fatalf("%q: the process has %d MB", name, m.Sys>>20)
		}
	})
}
