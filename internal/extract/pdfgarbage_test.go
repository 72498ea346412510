package extract

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

// TestPDFGarbage counts what the reader allocates for each stream of a file that has many: some KB for what the stream is, and not
// once more the buffers that streams are read through, nor what they decode to.
func TestPDFGarbage(t *testing.T) {
	if raceEnabled {
		t.Skip("pools give nothing back now and then")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // it would empty the pools
	refs := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "%d 0 R ", 1000+i)
		}
		return b.String()
	}
	parts := func(entries, data string) func(n int) []byte {
		return func(n int) []byte {
			m := pdfPage("", "").Add(4, "["+refs(n)+"]")
			for i := range n {
				m.Stream(1000+i, entries, data)
			}
			return m.Done()
		}
	}
	plain := pdfLine("some text")
	for name, c := range map[string]struct {
		most uint64 // bytes a stream
		file func(n int) []byte
	}{
		"streams of objects": {12 * kib, func(n int) []byte {
			m := pdfPage("/Annots["+refs(n)+"]", "")
			for i := range n {
				m.Flate(1000+i, "/Type/ObjStm/N 1/First 9000", fmt.Sprintf("%d 0 %100000s", 5000+i, "<<>>"))
			}
			return m.Bytes() // without a table: each is looked into
		}},
		"parts":                {4 * kib, parts("", plain)},
		"deflated parts":       {4 * kib, parts("/Filter/FlateDecode", deflated(plain))},
		"parts of all filters": {8 * kib, parts("/Filter[/AHx/A85/RL/LZW/FlateDecode]/DecodeParms[null null null<</Predictor 2/Columns 9000>><</Predictor 12/Columns 9000>>]", "00>")},
		"parts without an end": {4 * kib, func(n int) []byte {
			m := pdfPage("", "").Add(4, "["+refs(n)+"]")
			for i := range n {
				m.Add(1000+i, "<</Length 1>>stream\n"+plain+"\nendstream")
			}
			return m.Done()
		}},
		"tables": {4 * kib, func(n int) []byte {
			m := pdfPage("", plain).Table("/Root 1 0 R")
			for range n {
				at := strings.LastIndex(m.Buffer.String(), "\nxref\n") + 1
				m.Table(fmt.Sprintf("/Root 1 0 R/Prev %d", at))
			}
			return m.Bytes()
		}},
		"fonts with programs": {20 * kib, func(n int) []byte {
			var fonts, content strings.Builder
			for i := range n {
				fmt.Fprintf(&fonts, "/F%d %d 0 R", i, 1000+i)
				fmt.Fprintf(&content, "BT /F%d 9 Tf (x) Tj ET ", i)
			}
			m := pdfPage("", content.String()).Add(3, "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<<"+fonts.String()+">>>>>>").
				Add(6, "<</FontFile 7 0 R>>").Stream(7, "", "/Encoding 256 array dup 65 /A put def")
			for i := range n {
				m.Add(1000+i, "<</Type/Font/Subtype/Type1/BaseFont/X/FontDescriptor 6 0 R>>")
			}
			return m.Done()
		}},
		"values of fields": {32 * kib, func(n int) []byte {
			m := pdfPage("/Annots["+refs(n)+"]", "").Flate(6, "", strings.Repeat("many words ", 400))
			for i := range n {
				m.Add(1000+i, "<</Subtype/Widget/FT/Tx/V 6 0 R>>")
			}
			return m.Done()
		}},
	} {
		allocated := func(data []byte) uint64 {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			extractBytes(t, "a.pdf", data, Options{MaxMemory: 16 * mib})
			runtime.ReadMemStats(&after)
			return after.TotalAlloc - before.TotalAlloc
		}
		few, many := c.file(50), c.file(150)
		allocated(few) // fills the pools
		a, b := allocated(few), allocated(many)
		each := (max(b, a) - a) / 100
		t.Logf("%s: %d bytes each", name, each)
		if each > c.most {
			t.Errorf("%s: %d bytes are allocated for each, of %d allowed", name, each, c.most)
		}
	}
}
