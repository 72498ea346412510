package hostile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
)

// avro writes a container of one block.
func avro(schema string, count int64, block []byte) []byte {
	var b bytes.Buffer
	b.WriteString("Obj\x01")
	long(&b, 1)
	text(&b, "avro.schema")
	text(&b, schema)
	long(&b, 0)
	sync := strings.Repeat("s", 16)
	b.WriteString(sync)
	long(&b, count)
	long(&b, int64(len(block)))
	b.Write(block)
	b.WriteString(sync)
	return b.Bytes()
}

func long(b *bytes.Buffer, v int64) {
	b.Write(binary.AppendUvarint(nil, uint64(v<<1)^uint64(v>>63)))
}

func text(b *bytes.Buffer, s string) {
	long(b, int64(len(s)))
	b.WriteString(s)
}

func block(f func(b *bytes.Buffer)) []byte {
	var b bytes.Buffer
	f(&b)
	return b.Bytes()
}

var avroFiles = []File{
	{"null.avro", "2^61 records that take no bytes", func() []byte { return avro(`"null"`, 1<<61, nil) }},
	{"empty-record.avro", "2^61 records of nothing but nothing", func() []byte {
		return avro(`{"type":"record","name":"R","fields":[{"name":"a","type":"null"},{"name":"b","type":{"type":"fixed","name":"F","size":0}}]}`, 1<<61, nil)
	}},
	{"empty-items.avro", "lists of a million items that take no bytes, over and over", func() []byte {
		return avro(`{"type":"array","items":"null"}`, 1, block(func(b *bytes.Buffer) {
			for range 50_000 {
				long(b, 1<<20)
			}
			long(b, 0)
		}))
	}},
	{"mostly-empty.avro", "items of a byte and 10,000 fields that take none", func() []byte {
		fields := lines(10_000, func(i int) string { return fmt.Sprintf(`{"name":"f%d","type":"null"},`, i) })
		return avro(`{"type":"array","items":{"type":"record","name":"R","fields":[`+fields+`{"name":"b","type":"boolean"}]}}`, 1, block(func(b *bytes.Buffer) {
			long(b, 200_000)
			b.Write(make([]byte, 200_000))
			long(b, 0)
		}))
	}},
	{"itself.avro", "a type that is itself", func() []byte {
		return avro(`{"type":"record","name":"R","fields":[{"name":"a","type":{"type":"X","name":"X"}}]}`, 1, []byte{0})
	}},
	{"in-itself.avro", "a record that holds itself", func() []byte {
		return avro(`{"type":"record","name":"R","fields":[{"name":"a","type":"R"},{"name":"b","type":"R"}]}`, 1000, make([]byte, 1000))
	}},
	{"keys.avro", "a map of 4,000 keys of 64 KiB", func() []byte {
		// Packed, since such keys are all alike.
		return gzipOf(avro(`{"type":"map","values":"string"}`, 1, block(func(b *bytes.Buffer) {
			long(b, 4000)
			for i := range 4000 {
				text(b, fmt.Sprintf("%08d%s", i, strings.Repeat("ssn ", 16382)))
				text(b, number(i))
			}
			long(b, 0)
		})))
	}},
	{"keys-in-keys.avro", "maps in maps, with names of 60 KB, that lead to 100,000 values", func() []byte {
		schema := `"string"`
		for range 60 {
			schema = `{"type":"map","values":` + schema + `}`
		}
		return gzipOf(avro(schema, 1, block(func(b *bytes.Buffer) {
			for range 59 {
				long(b, 1)
				text(b, strings.Repeat("ssn ", 15_000))
			}
			long(b, 100_000)
			for i := range 100_000 {
				text(b, fmt.Sprint(i))
				text(b, number(i))
			}
			b.Write(make([]byte, 60))
		})))
	}},
	{"places.avro", "a schema of a few lines with 2^60 places", func() []byte {
		var s strings.Builder
		s.WriteString(`[`)
		for i := range 60 {
			inner := `"string"`
			if i > 0 {
				inner = fmt.Sprintf(`"R%d"`, i-1)
			}
			fmt.Fprintf(&s, `{"type":"record","name":"R%d","fields":[{"name":"ssn a","type":%s},{"name":"ssn b","type":%s}]},`, i, inner, inner)
		}
		s.WriteString(`"null"]`)
		return avro(s.String(), 1, block(func(b *bytes.Buffer) {
			long(b, 59)
			b.Write(bytes.Repeat([]byte("\x021"), 500_000))
		}))
	}},
	{"schema.avro", "a schema of 4 MB of empty lists", func() []byte { return gzipOf(avro("["+strings.Repeat("[],", 1_300_000)+"[]]", 1, nil)) }},
	{"namespace.avro", "a namespace of 1 MB around 20,000 names that are defined, and looked up", func() []byte {
		fields := lines(20_000, func(i int) string {
			return fmt.Sprintf(`{"name":"f%d","type":{"type":"fixed","name":"F%d","size":1}},{"name":"g%d","type":"F%d"},`, i, i, i, i)
		})
		return avro(fmt.Sprintf(`{"type":"record","name":"R","namespace":"%s","fields":[%s]}`, strings.Repeat("n", 1<<20), strings.TrimSuffix(fields, ",")), 1, make([]byte, 40_000))
	}},
	{"field-names.avro", "2,000 fields below names of 1 KB", func() []byte {
		schema := `{"type":"record","name":"L","fields":[` + strings.TrimSuffix(lines(2000, func(i int) string { return fmt.Sprintf(`{"name":"ssn%d","type":"string"},`, i) }), ",") + `]}`
		for i := range 100 {
			schema = fmt.Sprintf(`{"type":"record","name":"R%d","fields":[{"name":"%s","type":%s}]}`, i, strings.Repeat("n", 1000), schema)
		}
		return avro(schema, 20, bytes.Repeat([]byte("\x16536-90-4399"), 40_000))
	}},
}

// parquet puts a footer behind data.
func parquet(data, footer []byte) []byte {
	b := append([]byte("PAR1"), data...)
	b = append(b, footer...)
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(footer))), "PAR1"...)
}

// thrift writes the compact encoding.
type thrift struct{ bytes.Buffer }

func (t *thrift) field(delta, kind byte) { t.WriteByte(delta<<4 | kind) }
func (t *thrift) uvarint(v uint64)       { t.Write(binary.AppendUvarint(nil, v)) }
func (t *thrift) int(v int64)            { t.uvarint(uint64(v<<1) ^ uint64(v>>63)) }
func (t *thrift) str(s string)           { t.uvarint(uint64(len(s))); t.WriteString(s) }
func (t *thrift) stop()                  { t.WriteByte(0) }

func (t *thrift) list(kind byte, n int) {
	t.WriteByte(0xf0 | kind)
	t.uvarint(uint64(n))
}

const (
	tInt32  = 5
	tInt64  = 6
	tBinary = 8
	tList   = 9
	tStruct = 12
)

// element writes a schema element: a leaf of strings without children, or a group.
func (t *thrift) element(name string, children int) {
	last := byte(0)
	if children == 0 {
		t.field(1, tInt32)
		t.int(6)
		last = 1
	}
	t.field(3-last, tInt32)
	t.int(0) // required
	t.field(1, tBinary)
	t.str(name)
	if children > 0 {
		t.field(1, tInt32)
		t.int(int64(children))
	}
	t.stop()
}

// footer writes a file's metadata: version, schema, rows, row groups.
func footer(elements int, schema func(t *thrift), groups int, group func(t *thrift, i int)) []byte {
	var t thrift
	t.field(1, tInt32)
	t.int(1)
	t.field(1, tList)
	t.list(tStruct, elements)
	schema(&t)
	t.field(1, tInt64)
	t.int(1)
	t.field(1, tList)
	t.list(tStruct, groups)
	for i := range groups {
		group(&t, i)
	}
	t.stop()
	return t.Bytes()
}

// chunk writes a row group of one chunk of plain strings.
func (t *thrift) chunk(codec int64, values, at, size int64) {
	t.field(1, tList)
	t.list(tStruct, 1)
	t.field(2, tInt64) // file_offset
	t.int(at)
	t.field(1, tStruct)
	t.field(1, tInt32) // type
	t.int(6)
	t.field(1, tList) // encodings
	t.list(tInt32, 1)
	t.int(0)
	t.field(1, tList) // path
	t.list(tBinary, 1)
	t.str("ssn")
	t.field(1, tInt32)
	t.int(codec)
	t.field(1, tInt64)
	t.int(values)
	t.field(1, tInt64)
	t.int(size)
	t.field(1, tInt64)
	t.int(size)
	t.field(2, tInt64) // data_page_offset
	t.int(at)
	t.stop()
	t.stop()
	t.field(1, tInt64)
	t.int(size)
	t.field(1, tInt64)
	t.int(values)
	t.stop()
}

// page writes a data page of plain values.
func page(values int64, unpacked int, packed []byte) []byte {
	return encodedPage(0, values, unpacked, packed)
}

// encodedPage writes a data page of values in an encoding.
func encodedPage(encoding, values int64, unpacked int, packed []byte) []byte {
	var t thrift
	t.field(1, tInt32)
	t.int(0)
	t.field(1, tInt32)
	t.int(int64(unpacked))
	t.field(1, tInt32)
	t.int(int64(len(packed)))
	t.field(2, tStruct)
	t.field(1, tInt32)
	t.int(values)
	for _, n := range [...]int64{encoding, 0, 0} {
		t.field(1, tInt32)
		t.int(n)
	}
	t.stop()
	t.stop()
	t.Write(packed)
	return t.Bytes()
}

// deltas writes the head of numbers in DELTA_BINARY_PACKED: how many there are, and the first.
func deltas(count uint64, first int64) []byte {
	b := binary.AppendUvarint([]byte{128, 1, 4}, count) // blocks of 128 in four parts
	return binary.AppendVarint(b, first)
}

// packed writes numbers in DELTA_BINARY_PACKED, the differences in 32 bits.
func packed(numbers []int64) []byte {
	b := deltas(uint64(len(numbers)), numbers[0])
	for i := 1; i < len(numbers); i += 128 {
		const least = -1 << 30
		b = append(binary.AppendVarint(b, least), 32, 32, 32, 32)
		for k := i; k < i+128; k++ {
			delta := uint32(0)
			if k < len(numbers) {
				delta = uint32(numbers[k] - numbers[k-1] - least)
			}
			b = binary.LittleEndian.AppendUint32(b, delta)
		}
	}
	return b
}

// secondPage writes a data page of the second version, of plain values, with a number of nulls.
func secondPage(values, nulls int64, data []byte) []byte {
	var t thrift
	t.field(1, tInt32)
	t.int(3)
	for range 2 {
		t.field(1, tInt32)
		t.int(int64(len(data)))
	}
	t.field(5, tStruct)
	for _, n := range [...]int64{values, nulls, values, 0, 0, 0} { // values, nulls, rows, encoding, bytes of levels
		t.field(1, tInt32)
		t.int(n)
	}
	t.stop()
	t.stop()
	t.Write(data)
	return t.Bytes()
}

// plain is PLAIN strings.
func plain(n int, f func(i int) string) []byte {
	var b []byte
	for i := range n {
		s := f(i)
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(s))), s...)
	}
	return b
}

// oneColumn is a file of one column whose chunk is data, in a codec.
func oneColumn(codec, values int64, data []byte) []byte {
	return parquet(data, footer(2, func(t *thrift) {
		t.element("root", 1)
		t.element("ssn", 0)
	}, 1, func(t *thrift, _ int) { t.chunk(codec, values, 4, int64(len(data))) }))
}

// dictionaryColumn is a file of one column of strings: a dictionary of so many, and a page of indices for so many values.
func dictionaryColumn(entries []byte, count, values int64, indices []byte) []byte {
	var t thrift
	t.field(1, tInt32)
	t.int(2) // a dictionary
	t.field(1, tInt32)
	t.int(int64(len(entries)))
	t.field(1, tInt32)
	t.int(int64(len(entries)))
	t.field(4, tStruct)
	t.field(1, tInt32)
	t.int(count)
	t.field(1, tInt32)
	t.int(0)
	t.stop()
	t.stop()
	t.Write(entries)
	first := int64(t.Len())
	t.field(1, tInt32)
	t.int(0)
	t.field(1, tInt32)
	t.int(int64(len(indices)))
	t.field(1, tInt32)
	t.int(int64(len(indices)))
	t.field(2, tStruct)
	t.field(1, tInt32)
	t.int(values)
	t.field(1, tInt32)
	t.int(8) // of a dictionary
	for range 2 {
		t.field(1, tInt32)
		t.int(3)
	}
	t.stop()
	t.stop()
	t.Write(indices)
	data := t.Bytes()
	return parquet(data, footer(2, func(t *thrift) {
		t.element("root", 1)
		t.element("ssn", 0)
	}, 1, func(t *thrift, _ int) {
		t.field(1, tList)
		t.list(tStruct, 1)
		t.field(2, tInt64)
		t.int(4)
		t.field(1, tStruct)
		t.field(1, tInt32)
		t.int(6)
		t.field(1, tList)
		t.list(tInt32, 2)
		t.int(0)
		t.int(8)
		t.field(1, tList)
		t.list(tBinary, 1)
		t.str("ssn")
		t.field(1, tInt32)
		t.int(0)
		for _, n := range []int64{values, int64(len(data)), int64(len(data))} {
			t.field(1, tInt64)
			t.int(n)
		}
		t.field(2, tInt64) // data_page_offset
		t.int(4 + first)
		t.field(2, tInt64) // dictionary_page_offset
		t.int(4)
		t.stop()
		t.stop()
		t.field(1, tInt64)
		t.int(int64(len(data)))
		t.field(1, tInt64)
		t.int(values)
		t.stop()
	}))
}

var parquetFiles = []File{
	{"deep.parquet", "a schema 20,000 groups deep", func() []byte {
		return parquet(nil, footer(20_001, func(t *thrift) {
			for range 20_000 {
				t.element("g", 1)
			}
			t.element("leaf", 0)
		}, 0, nil))
	}},
	{"deep-names.parquet", "a schema 90 groups deep with names of 10 KB, that ends early", func() []byte {
		return parquet(nil, footer(90, func(t *thrift) {
			for range 90 {
				t.element(strings.Repeat("ssn ", 2500), 2)
			}
		}, 0, nil))
	}},
	{"one-chunk.parquet", "2,000 row groups on one chunk", func() []byte {
		values := plain(20_000, number)
		data := page(20_000, len(values), values)
		return parquet(data, footer(2, func(t *thrift) {
			t.element("root", 1)
			t.element("ssn", 0)
		}, 2000, func(t *thrift, _ int) { t.chunk(0, 20_000, 4, int64(len(data))) }))
	}},
	{"product.parquet", "3,000 columns and 30,000 row groups that have none", func() []byte {
		return parquet(nil, footer(3001, func(t *thrift) {
			t.element("root", 3000)
			for range 3000 {
				t.element("c", 0)
			}
		}, 30_000, func(t *thrift, _ int) { t.stop() }))
	}},
	{"gzip-page.parquet", "a page that inflates to 300 MB and claims to be 100 bytes", func() []byte {
		return oneColumn(2, 1, page(1, 100, gzipOf(make([]byte, 300<<20))))
	}},
	{"zstd-page.parquet", "a page of zstd that stands for 8 GB, and says that it is 100 bytes", func() []byte { return oneColumn(6, 1<<30, page(1<<30, 100, zstdRuns(64<<10))) }},
	{"snappy-page.parquet", "a page that says that it decodes to 4 GB", func() []byte {
		return oneColumn(1, 1, page(1, 100, []byte("\xff\xff\xff\xff\x0f\x00a")))
	}},
	{"dictionary.parquet", "500,000 values that are one string of 1 MB", func() []byte {
		return dictionaryColumn(plain(1, func(int) string { return lines(60_000, func(i int) string { return "ssn " + number(i) + " " }) }), 1, 500_000,
			append(binary.AppendUvarint([]byte{1}, 500_000<<1), 0))
	}},
	{"few-bits.parquet", "ten values, in runs of 200 million numbers of no bits and of one byte", func() []byte {
		return dictionaryColumn(plain(9, number), 9, 10, append(binary.AppendUvarint([]byte{0}, 200<<20<<1|1), binary.AppendUvarint(nil, 200<<20<<1)...))
	}},
	{"long-runs.parquet", "ten levels, in runs of two billion of them", func() []byte {
		levels := bytes.Repeat(append(binary.AppendUvarint(nil, (1<<31-1)<<1), 0), 8)
		data := page(10, len(levels)+4, append(binary.LittleEndian.AppendUint32(nil, uint32(len(levels))), levels...))
		return parquet(data, footer(2, func(t *thrift) {
			t.element("root", 1)
			t.field(1, tInt32)
			t.int(6)
			t.field(2, tInt32)
			t.int(1) // optional
			t.field(1, tBinary)
			t.str("ssn")
			t.stop()
		}, 1, func(t *thrift, _ int) { t.chunk(0, 10, 4, int64(len(data))) }))
	}},
	{"packed-bits.parquet", "indices of 32 bits that say that there are two billion of them", func() []byte {
		return dictionaryColumn(plain(9, number), 9, 500_000, append(binary.AppendUvarint([]byte{32}, 1<<28<<1|1), 1, 2, 3))
	}},
	{"entries.parquet", "a dictionary that says that it has two billion strings", func() []byte {
		return dictionaryColumn(plain(9, number), 1<<31-1, 100, append(binary.AppendUvarint([]byte{32}, 100<<1), 0xff, 0xff, 0xff, 0x7f))
	}},
	{"levels.parquet", "levels that go on for two billion values which are not there", func() []byte {
		levels := append(binary.AppendUvarint(nil, (1<<31-1)<<1), 0)
		data := page(1<<31-1, len(levels)+4, append(binary.LittleEndian.AppendUint32(nil, uint32(len(levels))), levels...))
		return parquet(data, footer(2, func(t *thrift) {
			t.element("root", 1)
			t.field(1, tInt32)
			t.int(6)
			t.field(2, tInt32)
			t.int(1) // optional
			t.field(1, tBinary)
			t.str("ssn")
			t.stop()
		}, 1, func(t *thrift, _ int) { t.chunk(0, 1<<31-1, 4, int64(len(data))) }))
	}},
	{"pages.parquet", "200,000 pages of nothing", func() []byte {
		return oneColumn(0, 1<<40, bytes.Repeat(page(0, 0, nil), 200_000))
	}},
	{"empty-strings.parquet", "a page of ten million strings of nothing that says that there is one", func() []byte {
		return oneColumn(2, 1, page(1, 40<<20, gzipOf(make([]byte, 40<<20))))
	}},
	{"one-value.parquet", "a page of one string of 28 MB", func() []byte {
		values := plain(1, func(int) string { return strings.Repeat("ssn 536-90-4399 ", 28<<16) })
		return oneColumn(2, 1, page(1, len(values), gzipOf(values)))
	}},
	{"many-deltas.parquet", "lengths that say that there are two billion of them", func() []byte {
		data := deltas(1<<31-1, 0)
		return oneColumn(0, 10, append(encodedPage(6, 10, len(data), data), encodedPage(7, 10, len(data), data)...))
	}},
	{"long-deltas.parquet", "lengths of two billion bytes", func() []byte {
		data := append(deltas(1, 1<<31-1), deltas(1, 1<<31-1)...)
		return oneColumn(0, 1, append(encodedPage(6, 1, len(data), data), encodedPage(7, 1, len(data), data)...))
	}},
	{"prefixes.parquet", "5,000 strings that begin with the first, of 1 MB", func() []byte {
		first := strings.Repeat("ssn 536-90-4399 ", 1<<16)
		lengths := make([]int64, 5000)
		suffixes := packed(append([]int64{1 << 20}, lengths[1:]...))
		for i := range lengths[1:] {
			lengths[1+i] = 1 << 20
		}
		prefixes := packed(lengths)
		data := append(append(prefixes, suffixes...), first...)
		return oneColumn(0, 5000, encodedPage(7, 5000, len(data), data))
	}},
	{"fewer-than-no-nulls.parquet", "a page of two billion values fewer than none that are null", func() []byte {
		values := plain(10, number)
		return oneColumn(0, 10, secondPage(10, -1<<31, values))
	}},
	{"no-text.parquet", "500,000 values that are one string of 1 MB, whose last byte is no text", func() []byte {
		return dictionaryColumn(plain(1, func(int) string { return strings.Repeat("ssn 536-90-4399 ", 1<<16-1) + "\xff" }), 1, 500_000,
			append(binary.AppendUvarint([]byte{1}, 500_000<<1), 0))
	}},
	{"lz4-page.parquet", "a page that no buffer is long enough for", func() []byte {
		return oneColumn(7, 1, page(1, 100, bytes.Repeat([]byte{0xff}, 1000)))
	}},
}
