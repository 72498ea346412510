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
		for how, scanner := range map[string]*Scanner{"avx2": set.NewScanner(), "go": plainGo(set)} {
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
