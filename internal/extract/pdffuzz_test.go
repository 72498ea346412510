package extract

import (
	"bytes"
	"context"
	"testing"
	"time"
)

// fuzzDeadline is the time that a document has in the second of two readings; fuzzSlack is what a busy machine may add to it.
const (
	fuzzDeadline = 100 * time.Millisecond
	fuzzSlack    = 20 * time.Second
)

// demandPDF is demand, and then the same under a short deadline: the reading ends soon after it, holds no more than it may, and
// holds nothing in the end.
func demandPDF(t *testing.T, data []byte) {
	t.Helper()
	if len(data) > 256*kib {
		t.Skip("larger than worth while")
	}
	demand(t, "a.pdf", data)
	ctx, cancel := context.WithTimeout(t.Context(), fuzzDeadline)
	defer cancel()
	account := NewAccount(fuzzMemory)
	start := time.Now()
	src := Source{Name: "a.pdf", ReaderAt: bytes.NewReader(data), Size: int64(len(data))}
	if _, err := Extract(ctx, src, Options{MaxMemory: fuzzMemory, Account: account}, &prober{}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > fuzzDeadline+fuzzSlack {
		t.Fatalf("took %v", took)
	}
	if account.Held() != 0 || account.Peak() > fuzzMemory {
		t.Fatalf("holds %d, held %d of %d", account.Held(), account.Peak(), int64(fuzzMemory))
	}
}

func FuzzPDF(f *testing.F) {
	seeds := officeSeed(f, "plain.pdf", "restricted.pdf", "locked.pdf", "../pdf/small.pdf", "../pdf/linear.pdf", "../pdf/rc4-40.pdf", "../pdf/rc4-128.pdf",
		"../pdf/aes-128.pdf", "../pdf/aes-256.pdf", "../pdf/aes-256-r5.pdf")
	seeds = append(seeds, pdfPage("/Annots[6 0 R]", pdfLine("123-45-6789")).Add(6, "<</Subtype/Widget/T(a)/V(b)>>").Done(), streamedPDF("", 0), hybridPDF(),
		pdfPage("/Annots[6 0 R]/AA<</O 7 0 R>>", pdfLine("123-45-6789")).Add(6, "<</Subtype/Link/A 7 0 R>>").Add(7, "<</JS(a)/URI(b)/Next[7 0 R 6 0 R]>>").Done(),
		[]byte("%PDF-1.4\n1 0 obj<</Pages 2 0 R>>endobj 2 0 obj<</Kids[3 0 R]>>endobj 3 0 obj<</Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>endobj\n"+
			"4 0 obj<</Length 40>>stream\nBT /F 12 Tf 10 10 Td (123-45-6789) Tj ET\nendstream endobj 5 0 obj<</Subtype/Type1>>endobj trailer<</Root 1 0 R>>"))
	for _, name := range []string{"a table cut short", "tables in a circle", "a stream of objects in itself", "a font program", "references in a circle",
		"a key of itself", "a key of nonsense"} {
		seeds = append(seeds, hostilePDFs()[name])
	}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(demandPDF)
}

// FuzzPDFParts puts the bytes where they are read as what they are: content, a map of characters, a font's program, an object.
func FuzzPDFParts(f *testing.F) {
	cmap := "begincmap 1 begincodespacerange <00> <ffff> endcodespacerange 2 beginbfchar <0041> <0041> endbfchar 1 beginbfrange <0042> <0043> [<0041> <FB01>] endbfrange endcmap"
	widths := "<</Subtype/CIDFontType2/DW 500/W[1[500 600]3 9 400]>>"
	for _, content := range []string{
		"BT /F 9 Tf <00410042> Tj [(a)-300(b)]TJ 12 TL T* (c) ' 1 2 (d) \" ET", "q 1 0 0 1 2 3 cm /X Do Q /G gs BI /W 1 ID \x00 EI (x) Tj",
		"/Span<</ActualText<FEFF0041>>>BDC /A 9 Tf (x) Tj EMC /B Do",
	} {
		f.Add(content, cmap, compactFont(), widths)
	}
	f.Add("/A 1 Tf (\x01) Tj", "2 begincidrange <00> <ff> 5 <8000> <8fff> 9 endcidrange /WMode 1 def", "/Encoding 256 array dup 1 /A put def", "[6 0 R<</Kids[8 0 R]>>(x)]")
	f.Fuzz(func(t *testing.T, content, cmap, program, object string) {
		if len(content)+len(cmap)+len(program)+len(object) > 64*kib {
			t.Skip("larger than worth while")
		}
		resources := "/Resources<</Font<</F 5 0 R/A 10 0 R/B 8 0 R>>/XObject<</X 4 0 R/B 8 0 R>>/ExtGState<</G 8 0 R>>/Properties 8 0 R>>"
		m := pdfPage("", "").Add(1, "<</Pages 2 0 R/AcroForm<</Fields 8 0 R/XFA 6 0 R>>/Outlines 8 0 R/Names<</EmbeddedFiles 8 0 R>>/Metadata 6 0 R>>").
			Add(3, "<</Type/Page/Contents 4 0 R/Annots[8 0 R 9 0 R]"+resources+">>").
			Stream(4, "/Subtype/Form"+resources, content).
			Add(5, "<</Subtype/Type0/Encoding 6 0 R/ToUnicode 6 0 R/DescendantFonts 8 0 R>>").
			Stream(6, "", cmap).
			Stream(7, "/Subtype/Type1C", program).
			Add(8, object).
			Add(9, "<</Subtype/Widget/Parent 8 0 R/AP<</N 4 0 R>>>>").
			Add(10, "<</Subtype/Type1/FontDescriptor<</FontFile3 7 0 R/FontFile 8 0 R>>/Widths 8 0 R>>")
		demandPDF(t, m.Table("/Root 1 0 R/Info 8 0 R").Bytes())
	})
}
