package hostile

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
)

// File is a file that was made to hurt.
type File struct {
	Name string // with the extension of its format; unique
	Harm string // what it does to a reader that believes it
	Make func() []byte
}

// Files lists the files of all formats.
func Files() []File {
	var all []File
	for _, files := range [][]File{jsonFiles, tableFiles, dumpFiles, avroFiles, parquetFiles, officeFiles, wordFiles, oldBookFiles, macroFiles, archiveFiles, mailFiles, markupFiles, pdfFiles()} {
		all = append(all, files...)
	}
	return all
}

// More lists other files of the same kinds: they are for long runs. Nearly all are of shapes with which no reader has had trouble.
func More() []File {
	var all []File
	for _, files := range [][]File{packedFiles, plainFiles, moreOfficeFiles, moreBinaryFiles, morePDFFiles, textShapes, markupShapes, officeShapes, binaryShapes, pageShapes, refusedShapes} {
		all = append(all, files...)
	}
	return all
}

// number is a value that a detector has to look at, different for each i.
func number(i int) string { return fmt.Sprintf("536-%02d-%04d", i%89+10, i%9000+1000) }

// part is a file in a zip.
type part struct{ name, content string }

// zipOf packs parts with deflate.
func zipOf(parts ...part) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, p := range parts {
		w, err := z.Create(p.name)
		if err == nil {
			_, err = w.Write([]byte(p.content))
		}
		if err != nil {
			panic(err)
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// gzipOf packs with the best compression.
func gzipOf(data []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err)
	}
	return b.Bytes()
}

// lines repeats what f makes.
func lines(n int, f func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(f(i))
	}
	return b.String()
}
