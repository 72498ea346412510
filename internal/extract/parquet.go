package extract

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"
)

// extractParquet reads a Parquet file column by column, which is how it lies: a column's name is looked at once, and its pages
// are read one at a time. What the file claims of itself is checked before the library acts on it (thrift.go).
func extractParquet(w *walker, doc *Document, in *input) error {
	at, size, err := in.readerAt(kindParquetMax)
	if err != nil {
		return err
	}
	holds := holding{w: w}
	defer holds.drop()
	if err := checkFooter(w, &holds, at, size); err != nil {
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
	p := &parquetFileReader{w: w, b: b, files: valueFiles{w: w, doc: doc}, at: at, size: size, values: make([]parquet.Value, 512), num: make([]byte, 0, 512), taken: extents{holds: holding{w: w}}}
	defer p.taken.holds.drop()
	if err = p.about(f.Metadata()); err == nil {
		err = p.read(f)
	}
	doc.Read = max(doc.Size, 0)
	if flushed := b.finish(); flushed != nil {
		return flushed
	}
	if err != nil {
		return decoding(err, "Parquet file")
	}
	return p.files.end(nil)
}

// about writes what programs and people have noted beside the schema.
func (p *parquetFileReader) about(meta *format.FileMetaData) error {
	for _, note := range meta.KeyValueMetadata {
		text := noteText([]byte(note.Value))
		if note.Key == "ARROW:schema" && isArrowSchema(text) {
			text = nil
		}
		if len(text) == 0 {
			continue
		}
		p.b.mark(LineRange, 0, 1, 0)
		if err := p.b.write([]byte(note.Key[:min(len(note.Key), maxLabel)] + ": ")); err != nil {
			return err
		}
		if err := p.b.write(text); err != nil {
			return err
		}
		if err := p.b.end(); err != nil {
			return err
		}
	}
	return nil
}

// isArrowSchema says whether a note is the schema once more, packed in base64 as Arrow adds it.
func isArrowSchema(text []byte) bool {
	const least = 64 // more than numbers and keys have
	return len(text) >= least && !bytes.ContainsAny(text, "-_%") && !bytes.ContainsFunc(text, func(c rune) bool { return c >= utf8.RuneSelf || !isBase64(byte(c)) })
}

const kindParquetMax = 8 * gib

type parquetFileReader struct {
	w      *walker
	b      *builder
	files  valueFiles
	at     io.ReaderAt
	size   int64
	values []parquet.Value
	num    []byte
	taken  extents // by chunks
	window []byte
	page   []byte // as it lies in the file
	text   int64  // that has come out
	more   bool   // there is more than the directory says
	fewer  bool   // there is less
}

// A small file may stand for much text, since a dictionary says a value once however often it occurs: up to this much, and so
// many times its size.
const (
	parquetGrace = 256 * mib
	parquetRatio = 1000
)

// parquetColumn is a leaf and the way to it.
type parquetColumn struct {
	names    []string
	capped   []string // see capNames
	repeated []bool   // by element: it repeats
	any      bool     // one of them does
	depth    int      // how many do
	info     int32
	rep, def int  // the highest levels
	strings  bool // of any length
	text     func(dst []byte, v parquet.Value) (text []byte, file bool)
}

func (p *parquetFileReader) read(f *parquet.File) error {
	leaves, err := p.leaves(f)
	if err != nil {
		return err
	}
	first := int64(0)
	var late error // of what was left out
	for g, group := range f.RowGroups() {
		for i, chunk := range group.ColumnChunks() {
			if err := p.w.step(64); err != nil {
				return err
			}
			groups := f.Metadata().RowGroups
			if i >= len(leaves) || i >= len(groups[g].Columns) || i >= len(groups[0].Columns) {
				return errParquet
			}
			err := p.chunk(leaves[i], chunk, &groups[g].Columns[i], groups[0].Columns[i].MetaData.Codec, first)
			if err != nil && !alone(err) {
				return err
			}
			if err != nil && late == nil {
				late = err
			}
		}
		first += group.NumRows()
	}
	switch {
	case late != nil:
		return late
	case p.more:
		return stop(Partial, MalformedFile, "pages with more values than its directory says")
	case p.fewer:
		return stop(Partial, MalformedFile, "pages with fewer values than its directory says")
	}
	return nil
}

// chunk reads a column of a row group.
func (p *parquetFileReader) chunk(c *parquetColumn, chunk parquet.ColumnChunk, claims *format.ColumnChunk, codec format.CompressionCodec, first int64) error {
	if claims.FilePath != "" {
		return errElsewhere
	}
	switch codec {
	case format.Uncompressed, format.Snappy, format.Gzip, format.Brotli, format.Lz4Raw, format.Zstd:
	default:
		return errCodec
	}
	need, err := p.checkPages(c, &claims.MetaData, codec)
	if err != nil {
		return err
	}
	if !p.w.hold(need) {
		return errPage
	}
	defer p.w.release(need)
	return p.column(c, chunk, first)
}

// alone says whether an error costs a column of a row group alone, so that the others can be read: what is wrong with its pages, as opposed to
// a limit of the file, or a decoder that has panicked.
func alone(err error) bool {
	var se *sourceError
	var stopped errStop
	if errors.As(err, &se) {
		return false
	}
	if errors.As(err, &stopped) {
		switch stopped {
		case errParquet.(errStop), errPage.(errStop), errBrotli.(errStop), errDecodes.(errStop), errCodec.(errStop), errElsewhere.(errStop):
			return true
		}
		return false
	}
	return true
}

// leaves lists the columns that have values, with their names.
func (p *parquetFileReader) leaves(f *parquet.File) ([]*parquetColumn, error) {
	var leaves []*parquetColumn
	var walk func(c *parquet.Column, names []string, repeated []bool) error
	walk = func(c *parquet.Column, names []string, repeated []bool) (err error) {
		for _, child := range c.Columns() {
			n := append(names[:len(names):len(names)], child.Name())
			r := append(repeated[:len(repeated):len(repeated)], child.Repeated())
			if err := p.w.step(16); err != nil {
				return err
			}
			if !child.Leaf() {
				if err := walk(child, n, r); err != nil {
					return err
				}
				continue
			}
			col := &parquetColumn{names: n, repeated: r}
			// A column of values may have the type of a map or of a list, which the decoder panics about.
			err := p.w.foreign("Parquet", func() error {
				col.text, col.rep, col.def = parquetText(child), child.MaxRepetitionLevel(), child.MaxDefinitionLevel()
				col.strings = child.Type().Kind() == parquet.ByteArray
				return nil
			})
			if err != nil {
				return err
			}
			for _, x := range r {
				if x {
					col.any = true
					col.depth++
				}
			}
			if col.info, err = p.b.keep(fieldInfo{names: n, path: col.path(nil)}); err != nil {
				return err
			}
			col.capped = capNames(n)
			leaves = append(leaves, col)
		}
		return nil
	}
	return leaves, walk(f.Root(), nil, nil)
}

var errParquet = stop(Partial, MalformedFile, "damaged or incomplete Parquet file")

// path writes the JSONPath of a value; index counts, by repeated element, where the value is.
func (c *parquetColumn) path(index []pathElement) string {
	parts := make([]pathPart, 0, 2*len(c.names))
	k := 0
	for i, name := range c.names {
		parts = append(parts, pathPart{name: name})
		if c.repeated[i] {
			if k < len(index) {
				parts = append(parts, pathPart{index: index[k].index, isIndex: true})
			}
			k++
		}
	}
	return jsonPath(parts)
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
		if err := p.pageValues(c, values, &record, &index); err != nil {
			return err // a page that was not read to its end may have to do with what is wrong: its buffers are not used again
		}
		parquet.Release(page)
	}
}

func (p *parquetFileReader) pageValues(c *parquetColumn, r parquet.ValueReader, record *int64, index *[]pathElement) error {
	for {
		var n int
		err := p.w.foreign("Parquet", func() (err error) {
			n, err = r.ReadValues(p.values)
			return err
		})
		if err := p.w.step(int64(n) * 4); err != nil {
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
			text, file := c.text(p.num[:0], v)
			if file {
				if err := p.file(c, *record, text); err != nil {
					return err
				}
				continue
			}
			if len(text) == 0 {
				// What is no text was looked at in vain, over and over where a dictionary has it.
				if k := v.Kind(); k == parquet.ByteArray || k == parquet.FixedLenByteArray {
					if err := p.w.step(int64(len(v.ByteArray()) / 16)); err != nil {
						return err
					}
				}
				continue
			}
			info := c.info
			if c.any {
				info = p.b.pass(fieldInfo{names: c.capped, way: c}, (*index)[:min(c.depth, len(*index))])
			}
			if p.w.total += int64(len(text)); p.w.total > p.w.opts.MaxTotalBytes {
				return stop(Partial, ArchiveTotalBytesExtractedOverLimit, "too many bytes")
			}
			if p.text += int64(len(text)); p.text > parquetGrace && p.text/parquetRatio > p.size {
				return stop(Partial, UnableToParseFile, "it holds far more text than bytes")
			}
			if err := p.b.value(Record, info, *record, 0, text); err != nil {
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

// file opens a value that is a file.
func (p *parquetFileReader) file(c *parquetColumn, record int64, data []byte) error {
	if p.text += int64(len(data)); p.text > parquetGrace && p.text/parquetRatio > p.size {
		return stop(Partial, UnableToParseFile, "it holds far more text than bytes")
	}
	r := bytes.NewReader(data)
	return p.files.open(c.names[len(c.names)-1], record, int64(len(data)), r, r)
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

// parquetText chooses how a column's values are written: numbers to dst, which has room for them, strings where they are. What is returned
// may be a file.
func parquetText(c *parquet.Column) func([]byte, parquet.Value) ([]byte, bool) {
	var logical format.LogicalTypeValue
	if t := c.Type(); t != nil && t.LogicalType() != nil {
		logical = t.LogicalType().Value
	}
	_, isDate := logical.(*format.DateType)
	stamp, _ := logical.(*format.TimestampType)
	decimal, _ := logical.(*format.DecimalType)
	whole, _ := logical.(*format.IntType)
	unsigned := whole != nil && !whole.IsSigned
	_, uuid := logical.(*format.UUIDType)
	scale := 0
	if decimal != nil {
		scale = int(min(max(decimal.Scale, 0), 1000))
	}
	number := func(dst []byte, n int64) []byte {
		if scale > 0 {
			return append(dst, avroDecimal(binary.BigEndian.AppendUint64(nil, uint64(n)), scale)...)
		}
		return strconv.AppendInt(dst, n, 10)
	}
	return func(dst []byte, v parquet.Value) ([]byte, bool) {
		switch v.Kind() {
		case parquet.Int32:
			switch {
			case isDate:
				return avroNumber(dst, int64(v.Int32()), "date"), false
			case unsigned:
				return strconv.AppendUint(dst, uint64(uint32(v.Int32())), 10), false
			}
			return number(dst, int64(v.Int32())), false
		case parquet.Int64:
			switch {
			case stamp != nil:
				return parquetTime(dst, v.Int64(), stamp), false
			case unsigned:
				return strconv.AppendUint(dst, uint64(v.Int64()), 10), false
			}
			return number(dst, v.Int64()), false
		case parquet.Int96:
			return int96Time(dst, v.Int96()), false
		case parquet.Float:
			return strconv.AppendFloat(dst, float64(v.Float()), 'f', -1, 32), false
		case parquet.Double:
			return strconv.AppendFloat(dst, v.Double(), 'f', -1, 64), false
		case parquet.ByteArray, parquet.FixedLenByteArray:
			b := v.ByteArray()
			switch {
			case decimal != nil && len(b) <= 64:
				return append(dst, avroDecimal(b, scale)...), false
			case uuid:
				return dst, false
			}
			return parquetBytes(dst, b)
		}
		return dst, false
	}
}

// parquetBytes returns bytes that are text or a file, and dst for those that are neither. A value is at hand as a whole, and is judged so:
// messages of programs may begin with names, and text with what is none.
func parquetBytes(dst, b []byte) ([]byte, bool) {
	if len(b) == 0 {
		return dst, false
	}
	kind := valueOf(b[:min(len(b), valueHead)])
	if kind == valueFile {
		return b, true
	}
	look := b[:min(len(b), maxCell)]
	switch {
	case validUTF8(look):
		return b, false // of the page: it may be as long
	case !readsMostly(look):
		return dst, false
	case kind == valueText || len(b) > maxCell: // what is longer is kept as it is, which takes no memory: its letters of ASCII are the same
		return b, false
	}
	return fromWestern(b), false
}

// readsMostly says whether the larger part of bytes reads as text.
func readsMostly(b []byte) bool {
	text, all := 0, len(b)
	for len(b) > 0 {
		piece := b[:min(len(b), sampleSize)]
		if reads(piece) {
			text += len(piece)
		}
		b = b[len(piece):]
	}
	return text*2 > all
}

// int96Time writes a time as programs of old have it: the nanoseconds of a day, and the day since the beginning of the Julian calendar's count.
func int96Time(dst []byte, v deprecated.Int96) []byte {
	const unixDay = 2_440_588
	day := int64(v[2]) - unixDay
	nanos := int64(v[0]) | int64(v[1])<<32
	if day < -1_000_000 || day > 4_000_000 || nanos < 0 || nanos >= int64(24*time.Hour) {
		return dst
	}
	return time.Unix(day*24*60*60, nanos).UTC().AppendFormat(dst, "2006-01-02T15:04:05Z")
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

// checkFooter reads the footer as Thrift, to see that its lists are no longer than it is, and that the schema has the shape of
// a tree that the library can take: it allocates what it is told, and it recurses. What the library will make of the footer is
// held.
func checkFooter(w *walker, holds *holding, at io.ReaderAt, size int64) error {
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
		return errFooter
	}
	defer w.release(n)
	b := make([]byte, n)
	if k, err := at.ReadAt(b, size-8-n); int64(k) < n {
		return decoding(err, "Parquet file")
	}
	var shape footerShape
	t := thriftWalk{b: b, w: w, lists: true, begun: shape.begun, strings: shape.name}
	ok := t.structure(0, shape.field)
	shape.close()
	if t.err != nil {
		return t.err
	}
	if !ok || shape.bad {
		return stop(Skipped, MalformedFile, "damaged or incomplete Parquet file")
	}
	if need := shape.size() + int64(t.structs)*64 + 3*n; !holds.hold(need) {
		return errFooter
	}
	return nil
}

var errFooter = stop(Skipped, UnableToParseFile, "its directory needs more memory than allowed")

// maxParquetDepth is how deep columns may lie. The library takes 255.
const maxParquetDepth = 100

// footerShape follows the schema, which is a tree written in the order of a walk: each element says how many children follow.
type footerShape struct {
	elements, leaves  int64
	groups, chunks    int64
	segments          int64   // names on the ways to all elements
	open              []int64 // by depth: the children that are still to come
	names             []int64 // by depth: the bytes of the names so far
	longest           int64   // the most bytes that an error on the way back from a depth may take
	inElement         bool
	children, nameLen int64
	isLeaf, bad       bool
}

// begun is told of each structure.
func (s *footerShape) begun(path []int16) {
	switch {
	case len(path) == 1 && path[0] == 2:
		s.close()
		s.inElement = true
	case len(path) == 1 && path[0] == 4:
		s.groups++
	case len(path) == 2 && path[0] == 4 && path[1] == 1:
		s.chunks++
	}
}

func (s *footerShape) field(path []int16, v int64) {
	if len(path) == 2 && path[0] == 2 {
		switch path[1] {
		case 1:
			s.isLeaf = true
		case 5:
			s.children = v
			s.bad = s.bad || v < 0
		}
	}
}

func (s *footerShape) name(path []int16, value []byte) {
	if len(path) == 2 && path[0] == 2 && path[1] == 4 {
		s.nameLen = int64(len(value))
	}
}

// close ends the element at hand.
func (s *footerShape) close() {
	if !s.inElement {
		return
	}
	s.inElement = false
	s.elements++
	if s.isLeaf {
		s.leaves++
	}
	depth := len(s.open)
	way := s.nameLen
	if depth > 0 {
		way += s.names[depth-1]
	}
	s.segments += int64(depth) + 1
	s.longest = max(s.longest, int64(depth+1)*way)
	if s.children > 0 {
		s.open, s.names = append(s.open, s.children), append(s.names, way)
		s.bad = s.bad || len(s.open) > maxParquetDepth
	} else {
		for n := len(s.open); n > 0; n = len(s.open) {
			if s.open[n-1]--; s.open[n-1] > 0 {
				break
			}
			s.open, s.names = s.open[:n-1], s.names[:n-1]
		}
	}
	if s.bad { // it is not followed any further
		s.open, s.names = s.open[:0], s.names[:0]
	}
	s.children, s.nameLen, s.isLeaf = 0, 0, false
}

// size estimates from above what the library makes of the footer, and this package of the columns.
func (s *footerShape) size() int64 {
	return s.elements*900 + s.segments*48 + s.groups*600 + s.chunks*1000 + s.leaves*s.groups*8 + s.longest
}
