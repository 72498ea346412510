package extract

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math"
	"math/big"
	"strconv"
	"time"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/snappy"
	"github.com/mikelolasagasti/xz"
)

// extractAvro reads an Avro container file record by record. The decoder is our own because it writes values straight into the
// text with their paths, however long they say they are, where a library first builds each record in memory.
func extractAvro(w *walker, doc *Document, in *input) error {
	b := newBuilder(w, doc, true)
	defer b.close()
	r := bufio.NewReaderSize(in, 64*kib)
	a := &avroFileReader{w: w, doc: doc, b: b}
	err := a.read(r)
	doc.Read = max(doc.Size, 0)
	if flushed := b.finish(); flushed != nil {
		return flushed
	}
	return err
}

var (
	errAvro  = stop(Partial, MalformedFile, "damaged or incomplete Avro file")
	avroSync = 16
)

const (
	maxAvroMeta   = 4 * mib
	maxAvroDepth  = 128
	maxAvroPlaces = 100_000
)

type avroFileReader struct {
	w      *walker
	doc    *Document
	b      *builder
	record int64
	places int
	path   []pathElement
	num    []byte
}

// avroPlace is a place in a record: a schema on a certain path. Places are made when they are first met, since schemas may
// contain themselves.
type avroPlace struct {
	schema   *avroSchema
	parent   *avroPlace
	name     string // of the field that leads here; empty below arrays, maps and unions
	indexed  bool   // there is an array or a map on the way
	children []*avroPlace
	info     int32
	known    bool // info is set
	names    []string
	keyed    bool // names change with a map's keys
}

type avroSchema struct {
	kind    string
	logical string
	scale   int
	size    int64 // fixed
	symbols []string
	names   []string // fields of a record
	parts   []*avroSchema
}

func (a *avroFileReader) read(r *bufio.Reader) error {
	var magic [4]byte
	if _, err := io.ReadFull(r, magic[:]); err != nil || string(magic[:]) != "Obj\x01" {
		return decodingAvro(err)
	}
	meta, err := avroMeta(r)
	if err != nil {
		return decodingAvro(err)
	}
	sync := make([]byte, avroSync)
	if _, err := io.ReadFull(r, sync); err != nil {
		return decodingAvro(err)
	}
	schema, err := parseAvroSchema(meta["avro.schema"])
	if err != nil {
		return stop(Skipped, MalformedFile, "its schema is not valid")
	}
	root := &avroPlace{schema: schema}
	for {
		if err := a.w.alive(); err != nil {
			return err
		}
		if _, err := r.Peek(1); err == io.EOF {
			return nil
		}
		n, err := avroLong(r)
		if err != nil {
			return decodingAvro(err)
		}
		size, err := avroLong(r)
		if err != nil || n < 0 || size < 0 {
			return decodingAvro(err)
		}
		raw := &io.LimitedReader{R: r, N: size}
		if err := a.block(raw, string(meta["avro.codec"]), n, root); err != nil {
			return decodingAvro(err)
		}
		if _, err := io.Copy(io.Discard, raw); err != nil {
			return decodingAvro(err)
		}
		got := make([]byte, avroSync)
		if _, err := io.ReadFull(r, got); err != nil || !bytes.Equal(got, sync) {
			return decodingAvro(err)
		}
		a.doc.Read += size
	}
}

func decodingAvro(err error) error {
	if err == nil {
		return errAvro
	}
	return decoding(err, "Avro file")
}

// block reads the records of one block.
func (a *avroFileReader) block(raw *io.LimitedReader, codec string, n int64, root *avroPlace) error {
	var r io.Reader
	switch codec {
	case "", "null":
		r = raw
	case "deflate":
		z := flate.NewReader(raw)
		defer z.Close()
		r = &foreignReader{a.w, "deflate", z}
	case "bzip2":
		r = &foreignReader{a.w, "bzip2", bzip2.NewReader(raw)}
	case "zstandard":
		z, err := newZstd(a.w, raw, 8*mib)
		if err != nil {
			return err
		}
		defer z.Close()
		r = z
	case "xz":
		var z *xz.Reader
		err := a.w.foreign("xz", func() (err error) {
			z, err = xz.NewReader(raw, 8*mib)
			return err
		})
		if err != nil {
			return err
		}
		r = &foreignReader{a.w, "xz", z}
	case "snappy":
		z, release, err := a.snappy(raw)
		if err != nil {
			return err
		}
		defer release()
		r = z
	default:
		return stop(Skipped, UnableToParseFile, "a codec that is not known")
	}
	buf := bufio.NewReaderSize(&metered{w: a.w, r: r, left: math.MaxInt64}, 64*kib)
	for range n {
		if err := a.value(buf, root, 0); err != nil {
			return err
		}
		a.record++
	}
	return nil
}

// snappy must see a block whole.
func (a *avroFileReader) snappy(raw *io.LimitedReader) (io.Reader, func(), error) {
	packed := raw.N
	if packed < 4 || !a.w.hold(packed) {
		return nil, nil, stop(Partial, UnableToParseFile, "a block larger than the memory allowed")
	}
	held := packed
	release := func() { a.w.release(held) }
	var src bytes.Buffer
	if _, err := io.CopyN(&src, raw, packed); err != nil {
		release()
		return nil, nil, err
	}
	body := src.Bytes()[:packed-4] // a checksum follows
	size, err := snappy.DecodedLen(body)
	if err != nil || !a.w.hold(int64(size)) {
		release()
		return nil, nil, stop(Partial, UnableToParseFile, "a block larger than the memory allowed")
	}
	held += int64(size)
	var out []byte
	err = a.w.foreign("snappy", func() (err error) {
		out, err = snappy.Decode(nil, body)
		return err
	})
	if err != nil {
		release()
		return nil, nil, err
	}
	return bytes.NewReader(out), release, nil
}

func avroMeta(r *bufio.Reader) (map[string][]byte, error) {
	meta := map[string][]byte{}
	total := 0
	for {
		n, err := avroLong(r)
		if err != nil || n == 0 {
			return meta, err
		}
		if n < 0 {
			if _, err := avroLong(r); err != nil {
				return nil, err
			}
			n = -n
		}
		for range n {
			var pair [2][]byte
			for i := range pair {
				size, err := avroLong(r)
				if total += int(min(max(size, 0), maxAvroMeta+1)); err != nil || size < 0 || total > maxAvroMeta {
					return nil, errAvro
				}
				pair[i] = make([]byte, size)
				if _, err := io.ReadFull(r, pair[i]); err != nil {
					return nil, err
				}
			}
			if total += 16; len(meta) < 1000 {
				meta[string(pair[0])] = pair[1]
			}
		}
	}
}

func avroLong(r *bufio.Reader) (int64, error) {
	v, err := binary.ReadUvarint(r)
	return int64(v>>1) ^ -int64(v&1), err
}

// parseAvroSchema reads the schema's JSON. A name stands for the type defined under it, inside itself too.
func parseAvroSchema(b []byte) (*avroSchema, error) {
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		return nil, err
	}
	p := avroParser{named: map[string]*avroSchema{}}
	return p.parse(v, "", 0)
}

type avroParser struct {
	named map[string]*avroSchema
}

var errSchema = errors.New("not a schema")

func (p *avroParser) parse(v any, space string, depth int) (*avroSchema, error) {
	if depth > maxAvroDepth {
		return nil, errSchema
	}
	switch v := v.(type) {
	case string:
		switch v {
		case "null", "boolean", "int", "long", "float", "double", "bytes", "string":
			return &avroSchema{kind: v}, nil
		}
		if s := p.named[v]; s != nil {
			return s, nil
		}
		if s := p.named[space+"."+v]; s != nil {
			return s, nil
		}
		return nil, errSchema
	case []any:
		s := &avroSchema{kind: "union"}
		for _, x := range v {
			part, err := p.parse(x, space, depth+1)
			if err != nil {
				return nil, err
			}
			s.parts = append(s.parts, part)
		}
		return s, nil
	case map[string]any:
		return p.complex(v, space, depth)
	}
	return nil, errSchema
}

func (p *avroParser) complex(v map[string]any, space string, depth int) (*avroSchema, error) {
	kind, ok := v["type"].(string)
	if !ok {
		return p.parse(v["type"], space, depth+1)
	}
	s := &avroSchema{kind: kind}
	s.logical, _ = v["logicalType"].(string)
	if f, ok := v["scale"].(float64); ok && f >= 0 && f < 1000 {
		s.scale = int(f)
	}
	if name, ok := v["name"].(string); ok {
		if ns, ok := v["namespace"].(string); ok {
			space = ns
		}
		p.named[name] = s
		p.named[space+"."+name] = s
	}
	switch kind {
	case "record", "error":
		s.kind = "record"
		fields, _ := v["fields"].([]any)
		for _, f := range fields {
			f, _ := f.(map[string]any)
			name, ok := f["name"].(string)
			if !ok {
				return nil, errSchema
			}
			part, err := p.parse(f["type"], space, depth+1)
			if err != nil {
				return nil, err
			}
			s.names, s.parts = append(s.names, name), append(s.parts, part)
		}
	case "enum":
		symbols, _ := v["symbols"].([]any)
		for _, x := range symbols {
			x, _ := x.(string)
			s.symbols = append(s.symbols, x)
		}
	case "array", "map":
		key := "items"
		if kind == "map" {
			key = "values"
		}
		part, err := p.parse(v[key], space, depth+1)
		if err != nil {
			return nil, err
		}
		s.parts = []*avroSchema{part}
	case "fixed":
		f, _ := v["size"].(float64)
		if f < 0 || f > math.MaxInt32 {
			return nil, errSchema
		}
		s.size = int64(f)
	default:
		base, err := p.parse(kind, space, depth+1)
		if err != nil {
			return nil, err
		}
		plain := *base
		plain.logical, plain.scale = s.logical, s.scale
		return &plain, nil
	}
	return s, nil
}

func (a *avroFileReader) child(p *avroPlace, i int) (*avroPlace, error) {
	if p.children == nil {
		p.children = make([]*avroPlace, len(p.schema.parts))
		if a.places += len(p.children); a.places > maxAvroPlaces {
			return nil, errAvro
		}
	}
	if c := p.children[i]; c != nil {
		return c, nil
	}
	c := &avroPlace{schema: p.schema.parts[i], parent: p, indexed: p.indexed || p.schema.kind == "array" || p.schema.kind == "map"}
	if p.schema.kind == "record" {
		c.name = p.schema.names[i]
	}
	p.children[i] = c
	return c, nil
}

// value reads one value and writes what is text in it.
func (a *avroFileReader) value(r *bufio.Reader, p *avroPlace, depth int) error {
	if depth > maxAvroDepth {
		return errAvro
	}
	s := p.schema
	switch s.kind {
	case "null":
		return nil
	case "boolean":
		_, err := r.ReadByte()
		return err
	case "int", "long":
		v, err := avroLong(r)
		if err != nil {
			return err
		}
		a.num = avroNumber(a.num[:0], v, s.logical)
		return a.leaf(p, a.num)
	case "float", "double":
		n := 8
		if s.kind == "float" {
			n = 4
		}
		var b [8]byte
		if _, err := io.ReadFull(r, b[:n]); err != nil {
			return err
		}
		f := math.Float64frombits(binary.LittleEndian.Uint64(b[:]))
		if n == 4 {
			f = float64(math.Float32frombits(binary.LittleEndian.Uint32(b[:])))
		}
		a.num = strconv.AppendFloat(a.num[:0], f, 'f', -1, 64)
		return a.leaf(p, a.num)
	case "bytes", "string":
		n, err := avroLong(r)
		if err != nil {
			return err
		}
		if n < 0 {
			return errAvro
		}
		return a.stream(r, p, n)
	case "fixed":
		return a.stream(r, p, s.size)
	case "enum":
		v, err := avroLong(r)
		if err != nil {
			return err
		}
		if v < 0 || v >= int64(len(s.symbols)) {
			return errAvro
		}
		return a.leaf(p, []byte(s.symbols[v]))
	case "union":
		v, err := avroLong(r)
		if err != nil {
			return err
		}
		if v < 0 || v >= int64(len(s.parts)) {
			return errAvro
		}
		c, err := a.child(p, int(v))
		if err != nil {
			return err
		}
		return a.value(r, c, depth+1)
	case "record":
		for i := range s.parts {
			c, err := a.child(p, i)
			if err != nil {
				return err
			}
			if err := a.value(r, c, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	return a.items(r, p, depth)
}

// items reads an array or a map.
func (a *avroFileReader) items(r *bufio.Reader, p *avroPlace, depth int) error {
	c, err := a.child(p, 0)
	if err != nil {
		return err
	}
	a.path = append(a.path, pathElement{isKey: p.schema.kind == "map"})
	defer func() { a.path = a.path[:len(a.path)-1] }()
	for {
		n, err := avroLong(r)
		if err != nil || n == 0 {
			return err
		}
		if n < 0 {
			if _, err := avroLong(r); err != nil {
				return err
			}
			if n = -n; n < 0 {
				return errAvro
			}
		}
		for i := range n {
			if i&0xfff == 0xfff { // items may take no bytes at all
				if err := a.w.alive(); err != nil {
					return err
				}
			}
			top := &a.path[len(a.path)-1]
			if top.isKey {
				size, err := avroLong(r)
				if err != nil {
					return err
				}
				if size < 0 || size > 64*kib {
					return errAvro
				}
				key := make([]byte, size)
				if _, err := io.ReadFull(r, key); err != nil {
					return err
				}
				top.key = string(key)
			}
			if err := a.value(r, c, depth+1); err != nil {
				return err
			}
			a.path[len(a.path)-1].index++
		}
		if c.empty(0) && n > 1<<20 {
			return errAvro // a claim that costs nothing and says nothing
		}
	}
}

// empty says whether values of the place take no bytes.
func (p *avroPlace) empty(depth int) bool {
	return p.schema.kind == "null" || p.schema.kind == "record" && len(p.schema.parts) == 0 || p.schema.kind == "fixed" && p.schema.size == 0
}

func (a *avroFileReader) leaf(p *avroPlace, text []byte) error {
	return a.b.value(Record, a.info(p), a.record, 0, text)
}

// stream writes a string of any length; bytes that are no text only when they are a number.
func (a *avroFileReader) stream(r *bufio.Reader, p *avroPlace, n int64) error {
	if p.schema.logical == "decimal" && n <= 64 {
		var b [64]byte
		if _, err := io.ReadFull(r, b[:n]); err != nil {
			return err
		}
		return a.leaf(p, avroDecimal(b[:n], p.schema.scale))
	}
	if n == 0 {
		return nil
	}
	first := true
	for n > 0 {
		// What is buffered is used where it is.
		b, err := r.Peek(int(min(n, max(1, int64(r.Buffered())))))
		if len(b) == 0 {
			return err
		}
		if first && p.schema.kind != "string" && !validUTF8(b) {
			_, err := io.CopyN(io.Discard, r, n)
			return err
		}
		if first {
			a.b.mark(Record, a.info(p), a.record, 0)
			first = false
		}
		if err := a.b.write(b); err != nil {
			return err
		}
		n -= int64(len(b))
		if _, err := r.Discard(len(b)); err != nil {
			return err
		}
	}
	return a.b.end()
}

// info registers the path of a place: for good when nothing in it changes, for the value otherwise.
func (a *avroFileReader) info(p *avroPlace) int32 {
	switch {
	case p.known:
		return p.info
	case !p.indexed:
		p.info, p.known = a.b.keep(fieldInfo{names: p.way(nil), path: p.path(nil)}), true
		return p.info
	}
	names := p.names
	if names == nil || p.keyed {
		names = p.way(a.path)
		for _, e := range a.path {
			p.keyed = p.keyed || e.isKey
		}
		p.names = names
	}
	return a.b.pass(fieldInfo{names: names, way: p}, a.path)
}

// steps calls f for each name, index and key on the way, outermost first.
func (p *avroPlace) steps(elems []pathElement, f func(name string, e *pathElement)) int {
	if p.parent == nil {
		return 0
	}
	k := p.parent.steps(elems, f)
	if kind := p.parent.schema.kind; (kind == "array" || kind == "map") && k < len(elems) {
		f("", &elems[k])
		k++
	}
	if p.name != "" {
		f(p.name, nil)
	}
	return k
}

func (p *avroPlace) way(elems []pathElement) (names []string) {
	p.steps(elems, func(name string, e *pathElement) {
		switch {
		case e == nil:
			names = append(names, name)
		case e.isKey:
			names = append(names, e.key)
		}
	})
	return names
}

func (p *avroPlace) path(elems []pathElement) string {
	path := []byte{'$'}
	p.steps(elems, func(name string, e *pathElement) {
		switch {
		case e == nil:
			path = appendElement(path, name)
		case e.isKey:
			path = appendElement(path, e.key)
		default:
			path = append(strconv.AppendInt(append(path, '['), e.index, 10), ']')
		}
	})
	return cutPath(string(path))
}

// avroNumber writes a number, or the day that it stands for.
func avroNumber(dst []byte, v int64, logical string) []byte {
	var t time.Time
	switch logical {
	case "date":
		if v > -1_000_000 && v < 4_000_000 {
			return time.Unix(0, 0).UTC().AddDate(0, 0, int(v)).AppendFormat(dst, "2006-01-02")
		}
	case "timestamp-millis", "local-timestamp-millis":
		t = time.UnixMilli(v)
	case "timestamp-micros", "local-timestamp-micros":
		t = time.UnixMicro(v)
	}
	if !t.IsZero() {
		return t.UTC().AppendFormat(dst, "2006-01-02T15:04:05Z")
	}
	return strconv.AppendInt(dst, v, 10)
}

// avroDecimal writes a big-endian two's complement number with its decimals.
func avroDecimal(b []byte, scale int) []byte {
	n := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(len(b))*8))
	}
	s := n.Append(nil, 10)
	if scale == 0 {
		return s
	}
	neg := len(s) > 0 && s[0] == '-'
	if neg {
		s = s[1:]
	}
	for len(s) <= scale {
		s = append([]byte{'0'}, s...)
	}
	out := append(append(bytes.Clone(s[:len(s)-scale]), '.'), s[len(s)-scale:]...)
	if neg {
		out = append([]byte{'-'}, out...)
	}
	return out
}
