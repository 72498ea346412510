package hostile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/andybalholm/brotli"
)

// leafOf writes a leaf of a schema, of any type.
func leafOf(t *thrift, name string, kind, length, repetition int64) {
	t.field(1, tInt32)
	t.int(kind)
	t.field(1, tInt32)
	t.int(length)
	t.field(1, tInt32)
	t.int(repetition)
	t.field(1, tBinary)
	t.str(name)
	t.stop()
}

// typedChunk writes a row group of one chunk of a type.
func typedChunk(t *thrift, kind, codec, values, at, size int64) {
	t.field(1, tList)
	t.list(tStruct, 1)
	t.field(2, tInt64)
	t.int(at)
	t.field(1, tStruct)
	t.field(1, tInt32)
	t.int(kind)
	t.field(1, tList)
	t.list(tInt32, 1)
	t.int(0)
	t.field(1, tList)
	t.list(tBinary, 1)
	t.str("ssn")
	t.field(1, tInt32)
	t.int(codec)
	for _, n := range []int64{values, size, size} {
		t.field(1, tInt64)
		t.int(n)
	}
	t.field(2, tInt64)
	t.int(at)
	t.stop()
	t.stop()
	t.field(1, tInt64)
	t.int(size)
	t.field(1, tInt64)
	t.int(values)
	t.stop()
}

// typedColumn is a file of one column of a type whose chunk is data.
func typedColumn(kind, length, repetition, codec, values int64, data []byte) []byte {
	return parquet(data, footer(2, func(t *thrift) {
		t.element("root", 1)
		leafOf(t, "ssn", kind, length, repetition)
	}, 1, func(t *thrift, _ int) { typedChunk(t, kind, codec, values, 4, int64(len(data))) }))
}

// binaryShapes are tables in binary, archives and what is packed.
var binaryShapes = []File{
	{"long-string.avro", "a schema with a note of nearly 4 MB, packed", func() []byte {
		return gzipOf(avro(`{"type":"record","name":"R","doc":"`+strings.Repeat("ssn 536-90-4399 ", 250_000)+`","fields":[{"name":"ssn","type":"string"}]}`, 1, []byte("\x16536-90-4399")))
	}},
	{"escaped-string.avro", "a schema with a note of nearly 4 MB of escapes, packed", func() []byte {
		return gzipOf(avro(`{"type":"record","name":"R","doc":"`+strings.Repeat(`\u0041`, 650_000)+`","fields":[{"name":"ssn","type":"string"}]}`, 1, []byte("\x16536-90-4399")))
	}},
	{"spaces.avro", "a schema of nearly 4 MB of spaces, packed", func() []byte {
		return gzipOf(avro(`{"type":`+strings.Repeat(" ", 4_000_000)+`"record","name":"R","fields":[{"name":"ssn","type":"string"}]}`, 1, []byte("\x16536-90-4399")))
	}},
	{"numbers.avro", "a schema of a number of nearly 4 MB", func() []byte {
		return gzipOf(avro(`{"type":"record","name":"R","x":`+strings.Repeat("9", 4_000_000)+`,"fields":[{"name":"ssn","type":"string"}]}`, 1, []byte("\x16536-90-4399")))
	}},
	{"decimals.avro", "decimals of a megabyte", func() []byte {
		return avro(`{"type":"record","name":"R","fields":[{"name":"ssn","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}}]}`, 40, bytes.Repeat(append([]byte("\x80\x80\x80\x01"), bytes.Repeat([]byte{0x55}, 1<<20)...), 3))
	}},
	{"linked.avro", "2,000 lists that lead to themselves as often as one may, and one that does so more often", func() []byte {
		const value = "\x16536-90-4399"
		list := func(n int) string { return strings.Repeat(value+"\x02", n) + value + "\x00" }
		return avro(`{"type":"record","name":"L","fields":[{"name":"ssn","type":"string"},{"name":"next","type":["null","L"]}]}`, 2001, []byte(strings.Repeat(list(60), 2000)+list(100_000)))
	}},
	{"deep-lists.avro", "200,000 values in lists in 55 lists", func() []byte {
		var b bytes.Buffer
		b.WriteString(strings.Repeat("\x00\x02", 55) + "\x00")
		long(&b, 200_000)
		b.WriteString(strings.Repeat("\x16536-90-4399\x00", 200_000) + strings.Repeat("\x00", 56))
		return avro(`{"type":"record","name":"L","fields":[{"name":"ssn","type":"string"},{"name":"a","type":{"type":"array","items":"L"}}]}`, 1, b.Bytes())
	}},
	{"keys-that-are-values.avro", "half a million keys of maps that are values", func() []byte {
		var b bytes.Buffer
		long(&b, 500_000)
		b.WriteString(strings.Repeat("\x16536-90-4399", 500_000) + "\x00")
		return avro(`{"type":"map","values":"null"}`, 1, b.Bytes())
	}},
	{"defaults.avro", "a schema of 60,000 defaults and notes", func() []byte {
		return avro(`{"type":"record","name":"R","fields":[`+lines(30_000, func(i int) string {
			return fmt.Sprintf(`{"name":"a%d","type":"null","doc":"ssn 536-90-4399","default":"536-90-4399"},`, i)
		})+`{"name":"ssn","type":"string"}]}`, 1, []byte("\x16536-90-4399"))
	}},
	{"files.avro", "20,000 values that are files of gzip", func() []byte {
		var b bytes.Buffer
		for range 20_000 {
			text(&b, string(gzipOf([]byte(secret))))
		}
		return avro(`"bytes"`, 20_000, b.Bytes())
	}},
	{"bombs.avro", "200 values that are files of gzip of 10 MB", func() []byte {
		var b bytes.Buffer
		z := string(gzipOf(bytes.Repeat([]byte("ssn 536-90-4399 "), 10<<16)))
		for range 200 {
			text(&b, z)
		}
		return avro(`"bytes"`, 200, b.Bytes())
	}},
	{"files.parquet", "a dictionary of one zip, that 100,000 values are", func() []byte {
		z := string(zipOf(part{"a.txt", secret}))
		return dictionaryColumn(plain(1, func(int) string { return z }), 1, 100_000, append([]byte{1}, append(binary.AppendUvarint(nil, 100_000<<1), 0)...))
	}},
	{"headers.zip", "a zip behind 20 MB of what looks like headers of members", func() []byte {
		var z zipWriter
		z.add("a.txt", 0, []byte(secret), 0)
		return append(bytes.Repeat([]byte("PK\x03\x04\xff\xff"), 3<<20), z.close()...)
	}},
	{"gaps.zip", "60,000 members with text between them", func() []byte {
		var z zipWriter
		for i := range 60_000 {
			z.add(fmt.Sprintf("%d.txt", i), 0, []byte("x"), 0)
			z.out.WriteString("ssn 536-90-4399 and so on, and so forth\n")
		}
		return z.close()
	}},
	{"zeros-and-text.zip", "text that begins where the first 64 KiB before a directory end", func() []byte {
		var z zipWriter
		z.add("a.txt", 0, []byte(secret), 0)
		z.out.WriteString(strings.Repeat("\x00", 65_530) + "abcdef" + strings.Repeat("x", 100))
		return z.close()
	}},
	{"inflaters.avro", "40,000 blocks that are packed, each of a value", func() []byte {
		var b bytes.Buffer
		b.WriteString("Obj\x01")
		long(&b, 2)
		text(&b, "avro.codec")
		text(&b, "deflate")
		text(&b, "avro.schema")
		text(&b, `"string"`)
		long(&b, 0)
		sync := strings.Repeat("s", 16)
		b.WriteString(sync)
		one := Deflated("\x16536-90-4399")
		one = one[2 : len(one)-4]
		for range 40_000 {
			long(&b, 1)
			text(&b, one)
			b.WriteString(sync)
		}
		return b.Bytes()
	}},
	{"zstd-blocks.avro", "20,000 blocks of zstd", func() []byte {
		var b bytes.Buffer
		b.WriteString("Obj\x01")
		long(&b, 2)
		text(&b, "avro.codec")
		text(&b, "zstandard")
		text(&b, "avro.schema")
		text(&b, `"string"`)
		long(&b, 0)
		sync := strings.Repeat("s", 16)
		b.WriteString(sync)
		for range 20_000 {
			long(&b, 1)
			text(&b, "\x28\xb5\x2f\xfd\x00\x58\x61\x00\x00\x16536-90-4399")
			b.WriteString(sync)
		}
		return b.Bytes()
	}},
	{"floats.avro", "a million floats", func() []byte {
		return avro(`{"type":"array","items":"double"}`, 1, append(append([]byte("\x80\x89\x7a"), bytes.Repeat([]byte("\x01\x02\x03\x04\x05\x06\x07\x7f"), 1_000_000)...), 0))
	}},
	{"fixed-nothing.parquet", "two billion values of no bytes", func() []byte { return typedColumn(7, 0, 0, 0, 1<<31-1, page(1<<31-1, 0, nil)) }},
	{"fixed-large.parquet", "values of a gigabyte", func() []byte { return typedColumn(7, 1<<30, 0, 0, 10, page(10, 100, make([]byte, 100))) }},
	{"booleans.parquet", "two billion booleans", func() []byte { return typedColumn(0, 0, 0, 0, 1<<31-1, page(1<<31-1, 1000, make([]byte, 1000))) }},
	{"int96.parquet", "times", func() []byte {
		return typedColumn(3, 0, 0, 0, 100_000, page(100_000, 1_200_000, bytes.Repeat([]byte("123456789abc"), 100_000)))
	}},
	{"doubles.parquet", "numbers of floating points", func() []byte {
		return typedColumn(5, 0, 0, 2, 3_000_000, page(3_000_000, 24_000_000, gzipOf(bytes.Repeat([]byte("\x01\x02\x03\x04\x05\x06\x07\x7f"), 3_000_000))))
	}},
	{"nulls.parquet", "a billion values that are not there", func() []byte {
		return typedColumn(6, 0, 1, 0, 1<<30, encodedPage(0, 1<<30, 11, []byte("\x05\x00\x00\x00\x80\x80\x80\x80\x08\x00\x00")))
	}},
	{"brotli.parquet", "a page of brotli of 12 MB", func() []byte {
		return brotliPage(12 << 20)
	}},
	{"brotli-large.parquet", "a page of brotli of 30 MB", func() []byte {
		return brotliPage(30 << 20)
	}},
	{"gzip-12.parquet", "a page of gzip of 12 MB of a string", func() []byte {
		values := plain(1, func(int) string { return strings.Repeat("ssn 536-90-4399 ", 12<<16) })
		return oneColumn(2, 1, page(1, len(values), gzipOf(values)))
	}},
	{"gzip-levels.parquet", "a page of gzip of 14 MB, optional", func() []byte {
		values := append([]byte("\x02\x00\x00\x00\x02\x01"), plain(1, func(int) string { return strings.Repeat("ssn 536-90-4399 ", 14<<16) })...)
		return typedColumn(6, 0, 1, 2, 1, page(1, len(values), gzipOf(values)))
	}},
	{"many-gzip.parquet", "20 pages of gzip of 12 MB", func() []byte {
		values := plain(1, func(int) string { return strings.Repeat("ssn 536-90-4399 ", 12<<16) })
		return oneColumn(2, 20, bytes.Repeat(page(1, len(values), gzipOf(values)), 20))
	}},
	{"zstd-literals.parquet", "pages of zstd", func() []byte {
		return oneColumn(6, 1, page(1, 12<<20, zstdRuns(96)))
	}},
	{"footer.parquet", "a footer of 30 MB", func() []byte {
		return gzipOf(parquet(nil, append(footer(2, func(t *thrift) { t.element("root", 1); t.element("ssn", 0) }, 0, nil), make([]byte, 30<<20)...)))
	}},
	{"names.parquet", "20,000 columns with names of 1 KB", func() []byte {
		n := 10_000
		return parquet([]byte("x"), footer(n+1, func(t *thrift) {
			t.element("root", n)
			for i := range n {
				t.element(fmt.Sprintf("ssn%d%s", i, strings.Repeat("n", 1000)), 0)
			}
		}, 0, nil))
	}},
	{"groups.parquet", "20,000 row groups of pages", func() []byte {
		p := page(1, 15, plain(1, func(int) string { return "536-90-4399" }))
		n := 20_000
		return parquet(bytes.Repeat(p, n), footer(2, func(t *thrift) { t.element("root", 1); t.element("ssn", 0) }, n, func(t *thrift, i int) { t.chunk(0, 1, 4+int64(i*len(p)), int64(len(p))) }))
	}},
	// zip
	{"comments.zip", "1,000 comments of 60 KB", func() []byte {
		var z zipWriter
		c := strings.Repeat("ssn 536-90-4399 ", 3800)
		for i := range 300 {
			z.add(fmt.Sprintf("%d.txt", i), 0, []byte("x"), 0)
			d := z.dir.Bytes()
			name := fmt.Sprintf("%d.txt", i)
			h := d[len(d)-46-len(name):]
			binary.LittleEndian.PutUint16(h[32:], uint16(len(c)))
			z.dir.WriteString(c)
		}
		return z.close()
	}},
	{"locals.zip", "half a million beginnings of members, and no directory", func() []byte { return []byte(strings.Repeat("PK\x03\x04", 500_000)) }},
	{"streamed.zip", "members with descriptors, and no directory", func() []byte {
		d := "PK\x03\x04\x14\x00\x08\x00\x08\x00" + strings.Repeat("\x00", 16) + "\x05\x00\x00\x00a.txt" + "\x2b\x2e\xce\x53\x30\x35\x36\xd3\xb5\x34\xd0\x35\x31\xb6\xb4\x04\x00" + "PK\x07\x08" + strings.Repeat("\x00", 12)
		return []byte(strings.Repeat(d, 20_000))
	}},
	{"stored-streamed.zip", "stored members with descriptors, and no directory", func() []byte {
		d := "PK\x03\x04\x14\x00\x08\x00\x00\x00" + strings.Repeat("\x00", 16) + "\x05\x00\x00\x00a.txt" + "ssn 536-90-4399\n"
		return []byte(strings.Repeat(d, 20_000))
	}},
	{"truncated.zip", "60,000 members, of which the directory is cut off", func() []byte {
		var z zipWriter
		for i := range 60_000 {
			z.add(fmt.Sprintf("%d.txt", i), 0, []byte("ssn "+number(i)), 0)
		}
		return z.out.Bytes()
	}},
	{"zip64.zip", "an end that says that it has 2^63 entries", func() []byte {
		var z zipWriter
		z.add("a.txt", 0, []byte(secret), 0)
		data := z.close()
		at := len(data) - 22
		e64 := "PK\x06\x06" + "\x2c\x00\x00\x00\x00\x00\x00\x00" + "\x2d\x00\x2d\x00" + strings.Repeat("\x00", 8) + strings.Repeat("\xff\xff\xff\xff\xff\xff\xff\x7f", 2) + strings.Repeat("\xff\xff\xff\xff\xff\xff\xff\x7f", 2)
		loc := "PK\x06\x07\x00\x00\x00\x00" + string(binary.LittleEndian.AppendUint64(nil, uint64(at))) + "\x01\x00\x00\x00"
		out := append(append([]byte{}, data[:at]...), e64+loc...)
		end := append([]byte{}, data[at:]...)
		for _, i := range []int{8, 10, 12, 14, 16, 18} {
			binary.LittleEndian.PutUint16(end[i:], 0xffff)
		}
		return append(out, end...)
	}},
	{"lzma.zip", "members of LZMA with large dictionaries", func() []byte {
		var z zipWriter
		body := []byte("\x09\x14\x05\x00\x5d\x00\x00\x00\x04" + strings.Repeat("\x00", 200))
		for i := range 3000 {
			at := z.out.Len()
			var h [30]byte
			copy(h[:], "PK\x03\x04")
			z.out.Write(h[:])
			z.out.Write(body)
			var d [46]byte
			copy(d[:], "PK\x01\x02")
			binary.LittleEndian.PutUint16(d[10:], 14)
			binary.LittleEndian.PutUint32(d[20:], uint32(len(body)))
			binary.LittleEndian.PutUint32(d[24:], 1<<20)
			name := fmt.Sprintf("%d.txt", i)
			binary.LittleEndian.PutUint16(d[28:], uint16(len(name)))
			binary.LittleEndian.PutUint32(d[42:], uint32(at))
			z.dir.Write(d[:])
			z.dir.WriteString(name)
			z.n++
		}
		return z.close()
	}},
	{"deflate64.zip", "members of Deflate64 that copy", func() []byte {
		var z zipWriter
		body := bytes.Repeat([]byte("\xff\xff\xff\x00\x12"), 4000)
		at := z.add("a.txt", 0, body, 0)
		_ = at
		for i := range 2000 {
			z.entry(fmt.Sprintf("%d.txt", i), 9, body, at)
		}
		return z.close()
	}},
	{"many-packed.zip", "20,000 members that are packed, of a few bytes", func() []byte {
		var parts []part
		for i := range 20_000 {
			parts = append(parts, part{fmt.Sprintf("%d.txt", i), "ssn " + number(i)})
		}
		return zipOf(parts...)
	}},
	{"gzips-in-zip.zip", "5,000 files of gzip", func() []byte {
		var parts []part
		z := string(gzipOf([]byte(secret)))
		for i := range 5000 {
			parts = append(parts, part{fmt.Sprintf("%d.txt.gz", i), z})
		}
		return zipOf(parts...)
	}},
	{"pdfs.zip", "5,000 small PDFs", func() []byte {
		var parts []part
		z := string(PDFPage("", PDFLine(secret)).Done())
		for i := range 3000 {
			parts = append(parts, part{fmt.Sprintf("%d.pdf", i), z})
		}
		return zipOf(parts...)
	}},
	{"mails.zip", "5,000 small mails", func() []byte {
		var parts []part
		for i := range 5000 {
			parts = append(parts, part{fmt.Sprintf("%d.eml", i), mailHead + "\r\n" + secret})
		}
		return zipOf(parts...)
	}},
	{"docs.zip", "2,000 small old documents", func() []byte {
		var parts []part
		z := string(compound(word(secret, pieces(1, func(int) (uint32, uint32) { return 15, 0x1aa })), nil))
		for i := range 2000 {
			parts = append(parts, part{fmt.Sprintf("%d.doc", i), z})
		}
		return zipOf(parts...)
	}},
	{"parquets.zip", "2,000 small Parquet files", func() []byte {
		var parts []part
		v := plain(1, func(int) string { return "536-90-4399" })
		z := string(oneColumn(0, 1, page(1, len(v), v)))
		for i := range 2000 {
			parts = append(parts, part{fmt.Sprintf("%d.parquet", i), z})
		}
		return zipOf(parts...)
	}},
	{"spreadsheets.zip", "1,000 small workbooks", func() []byte {
		var parts []part
		z := string(oneSheet(`<sheetData><row r="1"><c t="inlineStr"><is><t>ssn 536-90-4399</t></is></c></row></sheetData>`))
		for i := range 1000 {
			parts = append(parts, part{fmt.Sprintf("%d.xlsx", i), z})
		}
		return zipOf(parts...)
	}},
	{"avros.zip", "5,000 small Avro files", func() []byte {
		var parts []part
		z := string(avro(`{"type":"record","name":"R","fields":[{"name":"ssn","type":"string"}]}`, 1, []byte("\x16536-90-4399")))
		for i := range 5000 {
			parts = append(parts, part{fmt.Sprintf("%d.avro", i), z})
		}
		return zipOf(parts...)
	}},
	{"xzs.tar.gz", "20,000 files of xz in a tar", func() []byte {
		return gzipOf([]byte(strings.Repeat(string(tarMember("a.txt.xz", '0', string(xzBlock(0)))), 20_000)))
	}},
	{"globals.tar.gz", "global headers", func() []byte {
		return gzipOf([]byte(strings.Repeat(string(tarMember("g", 'g', lines(5000, func(i int) string { return paxRecord(fmt.Sprintf("k%d", i), "ssn 536-90-4399") }))), 100) + string(tarMember("a.txt", '0', secret))))
	}},
	{"sizes.tar", "a member with a size below nothing", func() []byte {
		b := tarMember("a.txt", '0', secret)
		copy(b[124:], "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00")
		sum(b[:512])
		return bytes.Repeat(b, 1000)
	}},
	{"links.tar.gz", "a million links", func() []byte {
		return gzipOf([]byte(strings.Repeat(string(tarMember("a", '2', "")), 200_000) + string(tarMember("a.txt", '0', secret))))
	}},
	{"name.txt.gz", "a name of 60 MB, packed", func() []byte {
		return gzipOf([]byte("\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\xff" + strings.Repeat("ssn 536-90-4399 ", 3<<20)))
	}},
	{"comment.txt.gz", "a comment of 60 MB, packed", func() []byte {
		return gzipOf([]byte("\x1f\x8b\x08\x10\x00\x00\x00\x00\x00\xff" + strings.Repeat("ssn 536-90-4399 ", 3<<20) + "\x00" + emptyGzip[10:]))
	}},
	{"windows.txt.zst", "frames that need large and small windows in turns", func() []byte {
		return []byte(strings.Repeat("\x28\xb5\x2f\xfd\x00\x78\x79\x00\x00ssn 536-90-4399"+"\x28\xb5\x2f\xfd\x00\x00\x79\x00\x00ssn 536-90-4399", 20_000))
	}},
	{"raw-blocks.txt.zst", "a million blocks of a byte", func() []byte {
		return append([]byte("\x28\xb5\x2f\xfd\x00\x58"), strings.Repeat("\x08\x00\x00s", 500_000)...)
	}},
	{"empty-blocks.zst.gz", "blocks of nothing", func() []byte {
		return gzipOf(append([]byte("\x28\xb5\x2f\xfd\x00\x58"), strings.Repeat("\x00\x00\x00", 10_000_000)...))
	}},
	{"xz-blocks.xz", "chunks of LZMA2 of a byte", func() []byte {
		b := xzBlock(20)
		return append(b[:len(b)-1], strings.Repeat("\x02\x00\x00s", 500_000)...)
	}},
	{"xz-resets.xz", "chunks of LZMA2 that reset the dictionary", func() []byte {
		b := xzBlock(28)
		return append(b[:len(b)-1], strings.Repeat("\x01\x00\x00s", 500_000)...)
	}},
}

// brotliPage is a file of one page of Brotli that decodes to about so many bytes, none of which is like the one before.
func brotliPage(n int) []byte {
	values := plain(1, func(int) string {
		return lines(n/16, func(i int) string { return fmt.Sprintf("%016x", uint64(i)*0x9e3779b97f4a7c15) })
	})
	var b bytes.Buffer
	z := brotli.NewWriterLevel(&b, 5)
	if _, err := z.Write(values); err != nil {
		panic(err)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return oneColumn(4, 1, page(1, len(values), b.Bytes()))
}
