package extract

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"testing"
)

// TestOfficeGarbage counts what is allocated for each part of a file of many, and not once more the buffers and the decoder that
// parts are read through.
func TestOfficeGarbage(t *testing.T) {
	if raceEnabled {
		t.Skip("pools give nothing back now and then")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // it would empty the pools
	const most = 6 * kib
	for name, c := range map[string]struct{ part, content string }{
		"a.docx": {"word/header%d.xml", "<w:hdr><w:p><w:t>words</w:t></w:p></w:hdr>"},
		"a.pptx": {"ppt/slides/slide%d.xml", "<p:sld><a:p><a:t>words</a:t></a:p></p:sld>"},
		"a.zip":  {"part%d.txt", "words"},
	} {
		file := func(n int) []byte {
			parts := []file{{"[Content_Types].xml", "<Types/>"}}
			switch name {
			case "a.docx":
				parts = append(parts, file{"word/document.xml", "<w:document/>"})
			case "a.pptx":
				parts = append(parts, file{"ppt/presentation.xml", "<p:presentation/>"})
			}
			for i := range n {
				parts = append(parts, file{fmt.Sprintf(c.part, i), c.content})
			}
			return zipOf(parts...)
		}
		allocated := func(data []byte) uint64 {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			extractBytes(t, name, data, Options{})
			runtime.ReadMemStats(&after)
			return after.TotalAlloc - before.TotalAlloc
		}
		few, many := file(50), file(150)
		allocated(few) // fills the pools
		a, b := allocated(few), allocated(many)
		each := (max(b, a) - a) / 100
		t.Logf("%s: %d bytes each", name, each)
		if each > most {
			t.Errorf("%s: %d bytes are allocated for each part, of %d allowed", name, each, most)
		}
	}
}
