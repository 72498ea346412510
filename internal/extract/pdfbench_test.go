package extract

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"magpie/internal/detect/corpus"
)

// BenchmarkPDF reads documents of several hundred pages, and beside it runs pdftotext on the same files, where that is installed:
// the two rates are of the same text, and times is how many times as fast ours is. Starting the program counts for it, which is
// why the files are not small.
func BenchmarkPDF(b *testing.B) {
	program, _ := exec.LookPath("pdftotext")
	for name, data := range map[string][]byte{
		"lines": pdfOfLines(400, func(line string) string { return "(" + line + ") '\n" }),
		"kerned": pdfOfLines(400, func(line string) string {
			var t bytes.Buffer
			for i := 0; i < len(line); i += 4 {
				fmt.Fprintf(&t, "(%s)%d", line[i:min(len(line), i+4)], 10-i%20)
			}
			return "[" + t.String() + "]TJ T*\n"
		}),
		"glyphs": pdfOfLines(400, func(line string) string {
			var t bytes.Buffer
			for i := range len(line) {
				fmt.Fprintf(&t, "<%02x>-%d", line[i], i%7)
			}
			return "[" + t.String() + "]TJ T*\n"
		}),
	} {
		b.Run(name, func(b *testing.B) {
			file := filepath.Join(b.TempDir(), "a.pdf")
			if err := os.WriteFile(file, data, 0o600); err != nil {
				b.Fatal(err)
			}
			d := &discard{}
			var ours, theirs time.Duration
			for b.Loop() {
				start := time.Now()
				src := Source{Name: "a.pdf", ReaderAt: bytes.NewReader(data), Size: int64(len(data))}
				if status, err := Extract(b.Context(), src, Options{}, d); err != nil || status.Code != Complete {
					b.Fatal(status, err)
				}
				ours += time.Since(start)
				if program == "" {
					continue
				}
				b.StopTimer()
				start = time.Now()
				if err := exec.CommandContext(b.Context(), program, file, filepath.Join(b.TempDir(), "a.txt")).Run(); err != nil {
					b.Fatal(err)
				}
				theirs += time.Since(start)
				b.StartTimer()
			}
			b.SetBytes(d.text / int64(b.N))
			if theirs > 0 {
				b.ReportMetric(float64(d.text)/1e6/theirs.Seconds(), "pdftotext-MB/s")
				b.ReportMetric(theirs.Seconds()/ours.Seconds(), "times")
			}
		})
	}
}

// BenchmarkPDFFolder is the same for the PDF files under the folder MAGPIE_BENCH_PDF, such as /usr/share/doc: the rates are of all
// of them together, and worst is the file with the least ratio.
func BenchmarkPDFFolder(b *testing.B) {
	root, program := os.Getenv("MAGPIE_BENCH_PDF"), ""
	if root == "" {
		b.Skip("MAGPIE_BENCH_PDF names no folder")
	}
	program, err := exec.LookPath("pdftotext")
	if err != nil {
		b.Skip("pdftotext is not installed")
	}
	var ours, theirs time.Duration
	var text int64
	files, worst := 0, 0.0
	for b.Loop() {
		err := filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() || !strings.HasSuffix(path, ".pdf") {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			out := filepath.Join(b.TempDir(), "a.txt")
			start := time.Now()
			if exec.CommandContext(b.Context(), program, path, out).Run() != nil {
				return nil
			}
			other := time.Since(start)
			d := &discard{}
			start = time.Now()
			src := Source{Name: "a.pdf", ReaderAt: bytes.NewReader(data), Size: int64(len(data))}
			if _, err := Extract(b.Context(), src, Options{}, d); err != nil {
				return err
			}
			own := time.Since(start)
			if other > 100*time.Millisecond { // less is mostly the start of a program
				ratio := other.Seconds() / own.Seconds()
				if worst == 0 || ratio < worst {
					worst = ratio
				}
				b.Logf("%6.2f times, %8v, %s", ratio, own, path)
			}
			files, text = files+1, text+d.text
			ours, theirs = ours+own, theirs+other
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(files)/float64(b.N), "files")
	b.ReportMetric(float64(text)/1e6/ours.Seconds(), "MB/s")
	b.ReportMetric(float64(text)/1e6/theirs.Seconds(), "pdftotext-MB/s")
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), "times")
	b.ReportMetric(worst, "worst")
}

// pdfOfLines is a document of pages of 60 lines, each written by show, compressed as documents are.
func pdfOfLines(pages int, show func(line string) string) []byte {
	text := bytes.Split(corpus.Logs(corpus.Random(1), pages*60*100), newline)
	m := newPDFMaker().Add(1, "<</Type/Catalog/Pages 2 0 R>>").Add(5, "<</Type/Font/Subtype/Type1/BaseFont/Courier/Encoding/WinAnsiEncoding>>")
	kids := ""
	for p := range pages {
		content := "BT /F 9 Tf 11 TL 40 800 Td\n"
		for i := range 60 {
			line := string(text[(p*60+i)%len(text)])
			content += show(pdfEscaper.Replace(line[:min(len(line), 90)]))
		}
		kids += fmt.Sprintf("%d 0 R ", 10+2*p)
		m.Add(10+2*p, fmt.Sprintf("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R/Resources<</Font<</F 5 0 R>>>>>>", 11+2*p))
		m.Flate(11+2*p, "", content+"ET")
	}
	return m.Add(2, fmt.Sprintf("<</Type/Pages/Count %d/Kids[%s]>>", pages, kids)).Done()
}

// pdfEscaper leaves out what strings would have to escape.
var pdfEscaper = strings.NewReplacer("(", "", ")", "", `\`, "")
