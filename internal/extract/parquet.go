package extract

import (
	"encoding/binary"
	"io"
	"strconv"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// extractParquet reads a Parquet file column by column, which is how it lies: a column's name is looked at once, and its pages
// are read one at a time. What the file claims of itself is checked before the library acts on it (thrift.go).
func extractParquet(w *walker, doc *Document, in *input) error {
	at, size, err := in.readerAt(kindParquetMax)
	if err != nil {
		return err
	}
	if err := checkFooter(w, at, size); err != nil {
		return err
	}
	var f *parquet.File
	err = w.foreign("Parquet", func() (err error) {
		f, err = parquet.OpenFile(at, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(64*kib))
		return err
	})
	if err != nil {
		return decoding(err, "Parquet file")
	}
	b := newBuilder(w, doc, true)
	defer b.close()
	p := &parquetFileReader{w: w, b: b, at: at, size: size, values: make([]parquet.Value, 512)}
	err = p.read(f)
	doc.Read = max(doc.Size, 0)
	if flushed := b.finish(); flushed != nil {
		return flushed
	}
	if err != nil {
		return decoding(err, "Parquet file")
	}
	return nil
}

const kindParquetMax = 8 * gib

type parquetFileReader struct {
	w      *walker
	b      *builder
	at     io.ReaderAt
	size   int64
	values []parquet.Value
	num    []byte
}

// parquetColumn is a leaf and the way to it.
type parquetColumn struct {
	names    []string
	repeated []bool // by element: it repeats
	any      bool   // one of them does
	depth    int    // how many do
	info     int32
	text     func(dst []byte, v parquet.Value) []byte
}

func (p *parquetFileReader) read(f *parquet.File) error {
	var leaves []*parquetColumn
	var walk func(c *parquet.Column, names []string, repeated []bool)
	walk = func(c *parquet.Column, names []string, repeated []bool) {
		for _, child := range c.Columns() {
			n := append(names[:len(names):len(names)], child.Name())
			r := append(repeated[:len(repeated):len(repeated)], child.Repeated())
			if !child.Leaf() {
				walk(child, n, r)
				continue
			}
			col := &parquetColumn{names: n, repeated: r, text: parquetText(child)}
			for _, x := range r {
				if x {
					col.any = true
					col.depth++
				}
			}
			col.info = p.b.keep(fieldInfo{names: n, path: col.path(nil)})
			leaves = append(leaves, col)
		}
	}
	walk(f.Root(), nil, nil)
	first := int64(0)
	for g, group := range f.RowGroups() {
		for i, chunk := range group.ColumnChunks() {
			if i >= len(leaves) {
				return errParquet
			}
			meta := &f.Metadata().RowGroups[g].Columns[i].MetaData
			if err := p.checkPages(meta); err != nil {
				return err
			}
			if err := p.column(leaves[i], chunk, first); err != nil {
				return err
			}
		}
		first += group.NumRows()
	}
	return nil
}

var errParquet = stop(Partial, MalformedFile, "damaged or incomplete Parquet file")

// path writes the JSONPath of a value; index counts, by repeated element, where the value is.
func (c *parquetColumn) path(index []pathElement) string {
	path := []byte{'$'}
	k := 0
	for i, name := range c.names {
		path = appendElement(path, name)
		if c.repeated[i] {
			if k < len(index) {
				path = append(strconv.AppendInt(append(path, '['), index[k].index, 10), ']')
			}
			k++
		}
	}
	return cutPath(string(path))
}

// column reads a chunk page by page.
func (p *parquetFileReader) column(c *parquetColumn, chunk parquet.ColumnChunk, first int64) error {
	var pages parquet.Pages
	err := p.w.foreign("Parquet", func() error {
		pages = chunk.Pages()
		return nil
	})
	if err != nil {
		return err
	}
	defer p.w.foreign("Parquet", pages.Close)
	record := first - 1
	var index []pathElement
	for {
		if err := p.w.alive(); err != nil {
			return err
		}
		var page parquet.Page
		var values parquet.ValueReader
		err := p.w.foreign("Parquet", func() (err error) {
			if page, err = pages.ReadPage(); err == nil {
				values = page.Values()
			}
			return err
		})
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := p.page(c, values, &record, &index); err != nil {
			return err // a page that was not read to its end may have to do with what is wrong: its buffers are not used again
		}
		parquet.Release(page)
	}
}

func (p *parquetFileReader) page(c *parquetColumn, r parquet.ValueReader, record *int64, index *[]pathElement) error {
	for {
		var n int
		err := p.w.foreign("Parquet", func() (err error) {
			n, err = r.ReadValues(p.values)
			return err
		})
		if err := p.w.alive(); err != nil {
			return err
		}
		for _, v := range p.values[:n] {
			level := v.RepetitionLevel()
			if level == 0 {
				*record++
			}
			if c.any {
				*index = stepIndex(*index, level)
			}
			if v.IsNull() {
				continue
			}
			if p.num = c.text(p.num[:0], v); len(p.num) == 0 {
				continue
			}
			info := c.info
			if c.any {
				info = p.b.pass(fieldInfo{names: c.names, way: c}, (*index)[:min(c.depth, len(*index))])
			}
			if p.w.total += int64(len(p.num)); p.w.total > p.w.opts.MaxTotalBytes {
				return stop(Partial, ArchiveTotalBytesExtractedOverLimit, "too many bytes")
			}
			if err := p.b.value(Record, info, *record, 0, p.num); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// stepIndex moves on to the next value: the element at its repetition level is the next one, those below it start anew.
func stepIndex(index []pathElement, level int) []pathElement {
	const most = 16
	switch {
	case level == 0:
		if index == nil {
			return make([]pathElement, most)
		}
		clear(index)
	case level <= len(index):
		index[level-1].index++
		clear(index[level:])
	}
	return index
}

// parquetText chooses how a column's values are written.
func parquetText(c *parquet.Column) func([]byte, parquet.Value) []byte {
	var logical format.LogicalTypeValue
	if t := c.Type(); t != nil && t.LogicalType() != nil {
		logical = t.LogicalType().Value
	}
	_, isDate := logical.(*format.DateType)
	stamp, _ := logical.(*format.TimestampType)
	decimal, _ := logical.(*format.DecimalType)
	return func(dst []byte, v parquet.Value) []byte {
		switch v.Kind() {
		case parquet.Int32:
			if isDate {
				return avroNumber(dst, int64(v.Int32()), "date")
			}
			return strconv.AppendInt(dst, int64(v.Int32()), 10)
		case parquet.Int64:
			if stamp != nil {
				return parquetTime(dst, v.Int64(), stamp)
			}
			return strconv.AppendInt(dst, v.Int64(), 10)
		case parquet.Float:
			return strconv.AppendFloat(dst, float64(v.Float()), 'f', -1, 32)
		case parquet.Double:
			return strconv.AppendFloat(dst, v.Double(), 'f', -1, 64)
		case parquet.ByteArray, parquet.FixedLenByteArray:
			b := v.ByteArray()
			if decimal != nil && len(b) <= 64 {
				return append(dst, avroDecimal(b, int(min(max(decimal.Scale, 0), 1000)))...)
			}
			if len(b) < 1*mib && !validUTF8(b) || len(b) >= 1*mib && !validUTF8(b[:4*kib]) {
				return dst
			}
			return append(dst, b...)
		}
		return dst
	}
}

func parquetTime(dst []byte, v int64, t *format.TimestampType) []byte {
	when := time.Unix(0, v)
	switch t.Unit.Value.(type) {
	case *format.MilliSeconds:
		when = time.UnixMilli(v)
	case *format.MicroSeconds:
		when = time.UnixMicro(v)
	}
	return when.UTC().AppendFormat(dst, "2006-01-02T15:04:05Z")
}

// checkFooter reads the footer as Thrift, to see that its lists are no longer than it is: the library allocates what it is told.
func checkFooter(w *walker, at io.ReaderAt, size int64) error {
	var tail [8]byte
	if size < 12 {
		return stop(Skipped, MalformedFile, "damaged or incomplete Parquet file")
	}
	if n, err := at.ReadAt(tail[:], size-8); n < 8 {
		return decoding(err, "Parquet file")
	}
	if string(tail[4:]) == "PARE" {
		return stop(Skipped, UnableToParseFile, "encrypted")
	}
	n := int64(binary.LittleEndian.Uint32(tail[:]))
	if string(tail[4:]) != "PAR1" || n > size-12 {
		return stop(Skipped, MalformedFile, "damaged or incomplete Parquet file")
	}
	if n > w.opts.MaxMemory/8 || !w.hold(n) {
		return stop(Skipped, UnableToParseFile, "its directory needs more memory than allowed")
	}
	defer w.release(n)
	b := make([]byte, n)
	if k, err := at.ReadAt(b, size-8-n); int64(k) < n {
		return decoding(err, "Parquet file")
	}
	t := thriftWalk{b: b}
	if !t.structure(0, nil) {
		return stop(Skipped, MalformedFile, "damaged or incomplete Parquet file")
	}
	if int64(t.structs)*512 > w.opts.MaxMemory/2 {
		return stop(Skipped, UnableToParseFile, "its directory needs more memory than allowed")
	}
	return nil
}

// checkPages walks the page headers of a chunk, as the library will, and refuses pages that would not fit in the memory
// allowed.
func (p *parquetFileReader) checkPages(meta *format.ColumnMetaData) error {
	at := meta.DataPageOffset
	if meta.DictionaryPageOffset != 0 {
		at = meta.DictionaryPageOffset
	}
	end := at + meta.TotalCompressedSize
	if at < 4 || end < at || end > p.size {
		return errParquet
	}
	most := p.w.opts.MaxMemory / 4
	window := make([]byte, 16*kib)
	for at < end {
		if err := p.w.alive(); err != nil {
			return err
		}
		n, err := p.at.ReadAt(window[:min(int64(len(window)), end-at)], at)
		if n == 0 {
			return decoding(err, "Parquet file")
		}
		var h pageClaims
		t := thriftWalk{b: window[:n]}
		if !t.structure(0, h.field) {
			if n == len(window) && len(window) < 4*mib { // statistics may be long
				window = make([]byte, 8*len(window))
				continue
			}
			return errParquet
		}
		if h.packed < 0 || h.unpacked < 0 || h.values < 0 {
			return errParquet
		}
		if h.unpacked > most || h.packed > most || h.values*16 > most {
			return stop(Partial, UnableToParseFile, "a page needs more memory than allowed")
		}
		// In this encoding a value repeats the beginning of the one before it, so that a small page may stand for any amount.
		if h.encoding == int64(format.DeltaByteArray) && h.values*min(h.unpacked, 4*kib) > most {
			return stop(Partial, UnableToParseFile, "a page in an encoding that may need more memory than allowed")
		}
		at += int64(t.pos) + h.packed
	}
	return nil
}

// pageClaims is what a page header says of the page.
type pageClaims struct{ unpacked, packed, values, encoding int64 }

func (h *pageClaims) field(path []int16, v int64) {
	switch {
	case len(path) == 1 && path[0] == 2:
		h.unpacked = v
	case len(path) == 1 && path[0] == 3:
		h.packed = v
	case len(path) == 2 && (path[0] == 5 || path[0] == 7 || path[0] == 8) && path[1] == 1:
		h.values = v
	case len(path) == 2 && path[0] == 5 && path[1] == 2, len(path) == 2 && path[0] == 8 && path[1] == 4:
		h.encoding = v
	}
}
