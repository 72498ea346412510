package hostile

import (
	"fmt"
	"strings"
)

// refusedShapes are larger, or more wrong, than what is read of their kind: to refuse them must cost little.
var refusedShapes = []File{
	{"longer-string.avro", "a schema with a note of 40 MB, packed", func() []byte {
		return gzipOf(avro(`{"type":"record","name":"R","doc":"`+strings.Repeat("x", 40<<20)+`","fields":[{"name":"ssn","type":"string"}]}`, 1, []byte("\x16536-90-4399")))
	}},
	{"longer-escaped-string.avro", "a schema with a note of 30 MB of escapes, packed", func() []byte {
		return gzipOf(avro(`{"type":"record","name":"R","doc":"`+strings.Repeat(`\u0041`, 5<<20)+`","fields":[{"name":"ssn","type":"string"}]}`, 1, []byte("\x16536-90-4399")))
	}},
	{"more-spaces.avro", "a schema of 50 MB of spaces, packed", func() []byte {
		return gzipOf(avro(`{"type":`+strings.Repeat(" ", 50<<20)+`"record","name":"R","fields":[{"name":"ssn","type":"string"}]}`, 1, []byte("\x16536-90-4399")))
	}},
	{"longer-numbers.avro", "a schema of a number of 30 MB", func() []byte {
		return gzipOf(avro(`{"type":"record","name":"R","x":`+strings.Repeat("9", 30<<20)+`,"fields":[{"name":"ssn","type":"string"}]}`, 1, []byte("\x16536-90-4399")))
	}},
	{"linked-once.avro", "a list that leads to itself 100,000 times", func() []byte {
		return avro(`{"type":"record","name":"L","fields":[{"name":"ssn","type":"string"},{"name":"next","type":["null","L"]}]}`, 1, []byte(strings.Repeat("\x16536-90-4399\x02", 100_000)+"\x16536-90-4399\x00"))
	}},
	{"lists-in-lists.avro", "lists in lists", func() []byte {
		return avro(`{"type":"record","name":"L","fields":[{"name":"a","type":{"type":"array","items":"L"}}]}`, 1, []byte(strings.Repeat("\x02", 500_000)+strings.Repeat("\x00", 500_000)))
	}},
	{"inherited-deeper.pdf", "a chain of 250 nodes, and 3,000 pages at its end that inherit what they need", func() []byte { return inherited(250) }},
	{"usecmap-circle.pdf", "CMaps that use one another in a circle", func() []byte {
		m := PDFPage("", "BT /F 9 Tf <00410042> Tj ET").Add(5, "<</Type/Font/Subtype/Type0/Encoding 6 0 R/DescendantFonts[<</Subtype/CIDFontType2>>]/ToUnicode 6 0 R>>")
		for i := range 2000 {
			m.Stream(6+i, fmt.Sprintf("/UseCMap %d 0 R", 6+(i+1)%2000), fmt.Sprintf("/X%d usecmap begincmap 1 beginbfchar <0041> <0053> endbfchar", i))
		}
		return m.Done()
	}},
	{"widgets-with-options.pdf", "20,000 fields with options", func() []byte {
		return PDFPage("/Annots["+strings.Repeat("<</Subtype/Widget/FT/Ch/T(ssn)/V(536-90-4399)/Opt[(a)(b)[(c)(d)]]>>", 20_000)+"]", "").Done()
	}},
	{"macros-of-cut-copies.xls", "modules of copies only", func() []byte {
		return macros(vbaPlain(vbaModules(1, 0)), "\x01"+strings.Repeat("\x05\xb0\x02s\xff\x0f\xff\x0f", 3000), 1, 0, 0)
	}},
}
