package hostile

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"strings"
)

// PDF writes a PDF object by object, with a table of where they are.
type PDF struct {
	Buffer  bytes.Buffer
	Offsets map[int]int // of the objects since the last table
	Most    int         // the highest number of an object
}

// NewPDF begins one.
func NewPDF() *PDF {
	m := &PDF{Offsets: map[int]int{}}
	m.Buffer.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	return m
}

// Add writes an object.
func (m *PDF) Add(number int, object string) *PDF {
	m.Offsets[number] = m.Buffer.Len()
	m.Most = max(m.Most, number)
	fmt.Fprintf(&m.Buffer, "%d 0 obj\n%s\nendobj\n", number, object)
	return m
}

// Stream writes a stream, as it is.
func (m *PDF) Stream(number int, entries, data string) *PDF {
	return m.Add(number, fmt.Sprintf("<<%s/Length %d>>stream\n%s\nendstream", entries, len(data), data))
}

// Flate writes a stream that is compressed.
func (m *PDF) Flate(number int, entries, data string) *PDF {
	return m.Stream(number, entries+"/Filter/FlateDecode", Deflated(data))
}

// Deflated compresses as zlib does.
func Deflated(s string) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write([]byte(s))
	z.Close()
	return b.String()
}

// Table writes the objects since the last table.
func (m *PDF) Table(trailer string) *PDF {
	at := m.Buffer.Len()
	m.Buffer.WriteString("xref\n")
	fmt.Fprintf(&m.Buffer, "0 1\n%010d 65535 f \n", 0)
	for n := 1; n <= m.Most; n++ {
		if off, ok := m.Offsets[n]; ok {
			fmt.Fprintf(&m.Buffer, "%d 1\n%010d 00000 n \n", n, off)
		}
	}
	fmt.Fprintf(&m.Buffer, "trailer\n<</Size %d%s>>\nstartxref\n%d\n%%%%EOF\n", m.Most+1, trailer, at)
	clear(m.Offsets)
	return m
}

// Bytes returns what has been written.
func (m *PDF) Bytes() []byte { return m.Buffer.Bytes() }

// Done writes the table and returns all.
func (m *PDF) Done() []byte { return m.Table("/Root 1 0 R").Bytes() }

// PDFPage is a document of one page with a font called F, to which objects from 6 on may be added. entries are more ones of the
// page.
func PDFPage(entries, content string) *PDF {
	return NewPDF().Add(1, "<</Type/Catalog/Pages 2 0 R>>").Add(2, "<</Type/Pages/Kids[3 0 R]/Count 1>>").
		Add(3, "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>"+entries+">>").
		Stream(4, "", content).
		Add(5, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>")
}

// PDFLine is content that shows a text.
func PDFLine(text string) string { return "BT /F 12 Tf 72 700 Td (" + text + ") Tj ET" }

// Repeated writes a format once for each number up to n.
func Repeated(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}
