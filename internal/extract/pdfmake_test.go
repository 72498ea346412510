package extract

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"strings"
)

// pdfMaker writes a PDF object by object, with a table of where they are.
type pdfMaker struct {
	b       bytes.Buffer
	offsets map[int]int
	most    int
}

func newPDFMaker() *pdfMaker {
	m := &pdfMaker{offsets: map[int]int{}}
	m.b.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	return m
}

func (m *pdfMaker) add(number int, object string) *pdfMaker {
	m.offsets[number] = m.b.Len()
	m.most = max(m.most, number)
	fmt.Fprintf(&m.b, "%d 0 obj\n%s\nendobj\n", number, object)
	return m
}

func (m *pdfMaker) stream(number int, entries, data string) *pdfMaker {
	return m.add(number, fmt.Sprintf("<<%s/Length %d>>stream\n%s\nendstream", entries, len(data), data))
}

func (m *pdfMaker) flate(number int, entries, data string) *pdfMaker {
	return m.stream(number, entries+"/Filter/FlateDecode", deflated(data))
}

func deflated(s string) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write([]byte(s))
	z.Close()
	return b.String()
}

// table writes the objects since the last table.
func (m *pdfMaker) table(trailer string) *pdfMaker {
	at := m.b.Len()
	m.b.WriteString("xref\n")
	fmt.Fprintf(&m.b, "0 1\n%010d 65535 f \n", 0)
	for n := 1; n <= m.most; n++ {
		if off, ok := m.offsets[n]; ok {
			fmt.Fprintf(&m.b, "%d 1\n%010d 00000 n \n", n, off)
		}
	}
	fmt.Fprintf(&m.b, "trailer\n<</Size %d%s>>\nstartxref\n%d\n%%%%EOF\n", m.most+1, trailer, at)
	clear(m.offsets)
	return m
}

func (m *pdfMaker) bytes() []byte { return m.b.Bytes() }

func (m *pdfMaker) done() []byte { return m.table("/Root 1 0 R").bytes() }

// pdfPage is a document of one page with a font called F, to which objects from 6 on may be added. entries are more ones of the
// page.
func pdfPage(entries, content string) *pdfMaker {
	return newPDFMaker().add(1, "<</Type/Catalog/Pages 2 0 R>>").add(2, "<</Type/Pages/Kids[3 0 R]/Count 1>>").
		add(3, "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>"+entries+">>").
		stream(4, "", content).
		add(5, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>")
}

// pdfLine is content that shows a text.
func pdfLine(text string) string { return "BT /F 12 Tf 72 700 Td (" + text + ") Tj ET" }

func repeated(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}
