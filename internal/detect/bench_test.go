package detect

import (
	"fmt"
	"testing"

	"magpie/internal/detect/corpus"
	"magpie/internal/detect/managed"
)

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		if _, err := Compile(Config{Managed: managed.IDs()}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkScan(b *testing.B) {
	set := compileAll(b)
	for _, kind := range corpus.Kinds() {
		text := kind.Write(corpus.Random(1), 8<<20)
		for how, scanner := range map[string]*Scanner{"avx2": set.NewScanner(), "go": set.PlainScanner()} {
			b.Run(fmt.Sprintf("%s/%s", kind.Name, how), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				b.ReportAllocs()
				n := 0
				for b.Loop() {
					n = len(scanAll(scanner, text))
				}
				b.ReportMetric(float64(n)/float64(len(text)>>20), "matches/MB")
			})
		}
	}
}

// tableFields gives the cells of a table their names.
type tableFields struct {
	cells []corpus.Cell
	names []*Names
	at    int
}

func (f *tableFields) Field(off int) (Field, bool) {
	for f.at > 0 && f.cells[f.at].Lo > off {
		f.at--
	}
	for f.at < len(f.cells)-1 && f.cells[f.at].Hi <= off {
		f.at++
	}
	c := &f.cells[f.at]
	return Field{c.Lo, c.Hi, f.names[c.Column]}, c.Lo <= off && off < c.Hi
}

func BenchmarkTable(b *testing.B) {
	set := compileAll(b)
	text, cells := corpus.Table(corpus.Random(1), 4<<20)
	fields := &tableFields{cells: cells}
	for _, c := range corpus.Columns {
		fields.names = append(fields.names, set.Names(c))
	}
	for how, scanner := range map[string]*Scanner{"avx2": set.NewScanner(), "go": set.PlainScanner()} {
		b.Run(how, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				fields.at, n = 0, 0
				scanner.Scan(&Block{Text: text, Hi: len(text), Start: true, End: true, Fields: fields}, func(Match) { n++ })
			}
			b.ReportMetric(float64(n)/float64(len(text)>>20), "matches/MB")
		})
	}
}
