package extract

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/encoding"
	"github.com/parquet-go/parquet-go/format"
)

// readWhole holds that in a file of rows, of which each has one number to find, all are found.
func readWhole[T any](t *testing.T, what string, rows []T, options ...parquet.WriterOption) {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b, options...)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := newRecorder()
	status, err := Extract(t.Context(), Source{Name: "a.parquet", ReaderAt: bytes.NewReader(b.Bytes()), Size: int64(b.Len())}, Options{}, r)
	if err != nil || status.Code != Complete || len(r.found) != len(rows) {
		t.Errorf("%s: %d of %d found, %v, %v", what, len(r.found), len(rows), status, err)
	}
}

// What every codec of the library writes is read whole: a bound that refuses what is honest is none.
func TestParquetCodecs(t *testing.T) {
	type row struct {
		A string `parquet:"a"`
		B string `parquet:"b,dict"`
		C int64  `parquet:"c"`
	}
	rows := make([]row, 5000)
	for i := range rows {
		rows[i] = row{fmt.Sprintf("%s 536-90-%04d", strings.Repeat("x", i%300), i), fmt.Sprint("b", i%7), int64(i)}
	}
	for _, codec := range []compress.Codec{&parquet.Uncompressed, &parquet.Snappy, &parquet.Gzip, &parquet.Brotli, &parquet.Zstd, &parquet.Lz4Raw} {
		for version := 1; version <= 2; version++ {
			readWhole(t, fmt.Sprintf("%s, version %d", codec, version), rows, parquet.Compression(codec), parquet.DataPageVersion(version), parquet.PageBufferSize(16*kib))
		}
	}
}

// Numbers and strings that are packed as differences are read whole. (What the library writes of them in LZ4 it cannot read itself.)
func TestParquetDeltas(t *testing.T) {
	type row struct {
		A string `parquet:"a,delta"`
		B int64  `parquet:"b,delta"`
		C int32  `parquet:"c,delta"`
	}
	rows := make([]row, 5000)
	for i := range rows {
		rows[i] = row{fmt.Sprintf("%s 536-90-%04d", strings.Repeat("x", i%300), i), int64(i*i%977) << 40, int32(-i * i % 977)}
	}
	for _, codec := range []compress.Codec{&parquet.Uncompressed, &parquet.Snappy, &parquet.Zstd} {
		for version := 1; version <= 2; version++ {
			readWhole(t, fmt.Sprintf("%s, version %d", codec, version), rows, parquet.Compression(codec), parquet.DataPageVersion(version), parquet.PageBufferSize(16*kib))
		}
	}
}

// Pages that are larger than strings are let grow in are read whole, too.
func TestParquetLargePage(t *testing.T) {
	type row struct {
		A string `parquet:"a"`
	}
	rows := make([]row, 5000)
	for i := range rows {
		rows[i] = row{fmt.Sprintf("%s 536-90-%04d", strings.Repeat("x", 1000), i)}
	}
	readWhole(t, "a large page", rows, parquet.Compression(&parquet.Snappy), parquet.PageBufferSize(16*mib))
}

// A page that is not read because of its codec costs its column alone.
func TestLargeBrotli(t *testing.T) {
	type row struct {
		A string `parquet:"a,brotli"`
		B string `parquet:"b,snappy"`
	}
	rows := make([]row, 7000)
	for i := range rows {
		rows[i] = row{strings.Repeat("x", 1000), "-"}
	}
	rows[6999].B = "536-90-4399"
	var b bytes.Buffer
	w := parquet.NewGenericWriter[row](&b, parquet.PageBufferSize(16*mib))
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := extractBytes(t, "a.parquet", b.Bytes(), Options{})
	if s := r.status[""]; s.Code != Partial || !strings.Contains(s.Detail, "Brotli") || len(r.found) != 1 {
		t.Errorf("%v, %d found", s, len(r.found))
	}
}

// What lengths of strings come to is what the library's writer has put in.
func TestDifferences(t *testing.T) {
	for _, n := range []int{1, 2, 32, 33, 129, 1000} {
		var values []byte
		offsets := []uint32{0}
		prefixes, last := int64(0), ""
		for i := range n {
			v := strings.Repeat("a", i*7%90) + fmt.Sprint(i)
			k := 0
			for k < min(len(v), len(last)) && v[k] == last[k] {
				k++
			}
			prefixes += int64(k)
			values, last = append(values, v...), v
			offsets = append(offsets, uint32(len(values)))
		}
		for _, e := range []encoding.Encoding{&parquet.DeltaByteArray, &parquet.DeltaLengthByteArray} {
			page, err := e.EncodeByteArray(nil, values, offsets)
			if err != nil {
				t.Fatal(err)
			}
			want := prefixes
			if e.Encoding() == format.DeltaLengthByteArray {
				want = 0
			}
			p := &parquetFileReader{w: &walker{ctx: t.Context()}}
			more, err := p.differences(pageClaims{encoding: int64(e.Encoding()), values: int64(n)}, page)
			if err != nil || more != want {
				t.Errorf("%s of %d values: %d more, want %d, %v", e, n, more, want, err)
			}
			if _, err = p.differences(pageClaims{encoding: int64(e.Encoding()), values: int64(n) - 1}, page); err == nil {
				t.Errorf("%s of %d values is taken for %d", e, n, n-1)
			}
		}
	}
}

func TestLZ4Size(t *testing.T) {
	for _, text := range []string{"a", "abcabcabcabcabcabcabcabcabcabc", strings.Repeat("a", 100_000), string(random(70_000)), strings.Repeat("0123456789abcdef", 5000)} {
		packed, err := parquet.Lz4Raw.Encode(nil, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if n := lz4Size(packed); n != int64(len(text)) {
			t.Errorf("%d bytes are said to be %d", len(text), n)
		}
		if n := lz4Size(packed[:len(packed)-1]); n == int64(len(text)) {
			t.Errorf("%d bytes, of which the last is missing, are said to be whole", len(text))
		}
	}
	if n := lz4Size(bytes.Repeat([]byte{0xff}, 100)); n != -1 {
		t.Errorf("nonsense has %d bytes", n)
	}
}

func TestZstdSize(t *testing.T) {
	for _, n := range []int{0, 1, 1000, 128 * kib, 1 << 20} {
		for _, data := range [][]byte{random(n), make([]byte, n)} {
			w, err := zstd.NewWriter(nil, zstd.WithEncoderCRC(true), zstd.WithZeroFrames(true))
			if err != nil {
				t.Fatal(err)
			}
			one := w.EncodeAll(data, nil)
			if got := zstdSize(one); got != int64(n) {
				t.Errorf("%d bytes are said to be %d", n, got)
			}
			if got := zstdSize(append(one, one...)); got != int64(2*n) {
				t.Errorf("twice %d bytes are said to be %d", n, got)
			}
			if got := zstdSize(one[:len(one)-1]); got != -1 {
				t.Errorf("%d bytes cut short are said to be %d", n, got)
			}
			var flowing bytes.Buffer
			f, err := zstd.NewWriter(&flowing)
			if err != nil {
				t.Fatal(err)
			}
			f.Write(data)
			f.Flush()
			f.Close()
			if got := zstdSize(flowing.Bytes()); got < int64(n) || got > int64(n)+2*128*kib {
				t.Errorf("%d bytes without a length are said to be at most %d", n, got)
			}
		}
	}
}
