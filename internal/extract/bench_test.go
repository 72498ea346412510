package extract

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"magpie/internal/detect/corpus"
)

// discard is a sink that looks at nothing: what is measured is extraction alone. Rates are of text that comes out.
type discard struct{ text int64 }

func (d *discard) Begin(*Document) error { return nil }
func (d *discard) Segment(_ *Document, s *Segment) error {
	d.text += int64(s.Hi - s.Lo)
	return nil
}
func (d *discard) End(*Document, Status) error { return nil }

func BenchmarkExtract(b *testing.B) {
	r := corpus.Random(1)
	logs, json := corpus.Logs(r, 8*mib), corpus.JSON(r, 8*mib)
	var csv strings.Builder
	csv.WriteString("id,name,amount,note\n")
	for i := 0; csv.Len() < 8*mib; i++ {
		fmt.Fprintf(&csv, "%d,customer %d,%d.50,\"said \"\"no\"\", then left\"\n", i, i*7, i%900)
	}
	var pq bytes.Buffer
	w := parquet.NewGenericWriter[person](&pq, parquet.Compression(&parquet.Snappy))
	w.Write(people(50_000))
	w.Close()
	for _, c := range []struct {
		name string
		data []byte
	}{
		{"a.log", logs}, {"a.jsonl", json}, {"a.csv", []byte(csv.String())}, {"a.log.gz", gzipOf(logs)}, {"a.log.zst", zstdOf(logs)},
		{"a.parquet", pq.Bytes()}, {"a.avro", avroOf(b, 30_000, "snappy")}, {"a.xlsx", sheetOf(40_000)},
		{"a.pdf", officeFile(b, "plain.pdf")}, {"a.docx", officeFile(b, "letter.docx")},
	} {
		b.Run(c.name, func(b *testing.B) {
			d := &discard{}
			for b.Loop() {
				src := Source{Name: c.name, ReaderAt: bytes.NewReader(c.data), Size: int64(len(c.data))}
				if _, err := Extract(context.Background(), src, Options{}, d); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(d.text / int64(b.N))
		})
	}
}

// sheetOf is a workbook of five columns.
func sheetOf(rows int) []byte {
	var s, shared strings.Builder
	for i := range rows {
		fmt.Fprintf(&s, `<row r="%d"><c r="A%d" t="s"><v>%d</v></c><c r="B%d"><v>%d</v></c><c r="C%d"><v>%d.25</v></c><c r="D%d" t="s"><v>%d</v></c><c r="E%d" t="inlineStr"><is><t>note %d</t></is></c></row>`,
			i+1, i+1, i%5000, i+1, i*31, i+1, i, i+1, (i*7)%5000, i+1, i)
	}
	for i := range 5000 {
		fmt.Fprintf(&shared, "<si><t>a shared string with some words %d</t></si>", i)
	}
	return zipOf(file{"[Content_Types].xml", ""}, file{"xl/workbook.xml", `<workbook><sheets><sheet name="Data" r:id="r1"/></sheets></workbook>`},
		file{"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>`},
		file{"xl/sharedStrings.xml", "<sst>" + shared.String() + "</sst>"}, file{"xl/worksheets/sheet1.xml", "<sheetData>" + s.String() + "</sheetData>"})
}
