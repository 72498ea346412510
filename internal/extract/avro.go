package extract

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"math/big"
	"strconv"
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/snappy"
)

// extractAvro reads an Avro container file record by record. The decoder is our own because it writes values straight into the
// text with their paths, however long they say they are, where a library first builds each record in memory.
func extractAvro(w *walker, doc *Document, in *input) error {
	b := newBuilder(w, doc, true)
	defer b.close()
	r := bufio.NewReaderSize(in, 64*kib)
	a := &avroFileReader{w: w, doc: doc, b: b, files: valueFiles{w: w, doc: doc}, holds: holding{w: w}}
	defer a.holds.drop()
	err := a.read(r)
	doc.Read = max(doc.Size, 0)
	if flushed := b.finish(); flushed != nil {
		return flushed
	}
	return a.files.end(err)
}

var (
	errAvro  = stop(Partial, MalformedFile, "damaged or incomplete Avro file")
	avroSync = 16
)

const (
	maxAvroMeta   = 4 * mib
	maxAvroDepth  = 128
	maxAvroPlaces = 100_000
	maxAvroKey    = 64 * kib
	// mostEmpty is how many values that take no bytes and say nothing a block or an array may claim: beyond that the claim is
	// not meant.
	mostEmpty = 1 << 20
)

type avroFileReader struct {
	w      *walker
	doc    *Document
	b      *builder
	files  valueFiles
	notes  [][]byte // names and values of the metadata that nobody knows
	holds  holding
	record int64
	places int
	path   []pathElement
	num    []byte
	key    []byte
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
	depth    int  // of places above it
}

// sizeOfPlace is what a place takes, with its part of its parent's children.
const sizeOfPlace = int64(unsafe.Sizeof(avroPlace{})) + 8

func (a *avroFileReader) read(r *bufio.Reader) error {
	var magic [4]byte
	if _, err := io.ReadFull(r, magic[:]); err != nil || string(magic[:]) != "Obj\x01" {
		return decodingAvro(err)
	}
	text, codec, err := a.meta(r)
	if err != nil {
		return decodingAvro(err)
	}
	sync := make([]byte, avroSync)
	if _, err := io.ReadFull(r, sync); err != nil {
		return decodingAvro(err)
	}
	schema, err := parseAvroSchema(a.w, &a.holds, text, a.say)
	if err != nil {
		return err
	}
	for i := 0; i+1 < len(a.notes); i += 2 {
		if err := a.say(string(a.notes[i]), a.notes[i+1]); err != nil {
			return err
		}
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
		if err != nil || n < 0 || size < 0 || schema.empty && n > mostEmpty {
			return decodingAvro(err)
		}
		raw := &io.LimitedReader{R: r, N: size}
		if err := a.block(raw, codec, n, root); err != nil {
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
func (a *avroFileReader) block(in *io.LimitedReader, codec string, n int64, root *avroPlace) error {
	raw := bufio.NewReaderSize(in, 16*kib)
	var r io.Reader
	switch codec {
	case "", "null":
		r = raw
	case "deflate":
		z := flate.NewReader(raw)
		defer z.Close()
		r = &foreignReader{a.w, "deflate", z}
	case "bzip2":
		z, err := newBzip2(a.w, raw)
		if err != nil {
			return err
		}
		defer z.Close()
		r = z
	case "zstandard":
		z, err := newZstd(a.w, raw, 8*mib)
		if err != nil {
			return err
		}
		defer z.Close()
		r = z
	case "xz":
		z, err := newXZ(a.w, raw, 8*mib)
		if err != nil {
			return err
		}
		defer z.Close()
		r = z
	case "snappy":
		z, release, err := a.snappy(raw, in.N)
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
		if err := a.w.step(4); err != nil {
			return err
		}
		whole := a.b.here()
		if err := a.value(buf, root, 0); err != nil {
			a.b.back(whole) // a record that ends in the middle is none
			return err
		}
		a.record++
	}
	// What a block holds beyond its records would not be read.
	for _, r := range []*bufio.Reader{buf, raw} {
		if _, err := r.Peek(1); err == nil {
			return errAvro
		} else if err != io.EOF {
			return err
		}
	}
	return nil
}

// snappy must see a block whole.
func (a *avroFileReader) snappy(raw io.Reader, packed int64) (io.Reader, func(), error) {
	if packed < 4 || !a.w.hold(packed) {
		return nil, nil, stop(Partial, UnableToParseFile, "a block larger than the memory allowed")
	}
	held := packed
	release := func() { a.w.release(held) }
	src := make([]byte, packed)
	if _, err := io.ReadFull(raw, src); err != nil {
		release()
		return nil, nil, err
	}
	body := src[:packed-4] // a checksum follows
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

// meta reads the file's metadata and keeps what is known of it.
func (a *avroFileReader) meta(r *bufio.Reader) (schema []byte, codec string, err error) {
	left := int64(maxAvroMeta)
	for {
		n, err := avroLong(r)
		if err != nil || n == 0 {
			return schema, codec, err
		}
		if n < 0 {
			if _, err := avroLong(r); err != nil {
				return nil, "", err
			}
			if n = -n; n < 0 {
				return nil, "", errAvro
			}
		}
		for range n {
			if err := a.w.step(16); err != nil {
				return nil, "", err
			}
			if left -= 2; left < 0 {
				return nil, "", errAvro
			}
			key, err := a.metaBytes(r, &left)
			if err != nil {
				return nil, "", err
			}
			value, err := a.metaBytes(r, &left)
			if err != nil {
				return nil, "", err
			}
			switch string(key) {
			case "avro.schema":
				schema = value
			case "avro.codec":
				codec = string(value)
			default:
				if !a.holds.hold(64) {
					return nil, "", errAvro
				}
				a.notes = append(a.notes, key, value)
			}
		}
	}
}

// metaBytes reads a key or a value. What a later one replaces stays held: that is no file of any writer's.
func (a *avroFileReader) metaBytes(r *bufio.Reader, left *int64) ([]byte, error) {
	size, err := avroLong(r)
	if err != nil {
		return nil, err
	}
	if *left -= size; size < 0 || *left < 0 {
		return nil, errAvro
	}
	if !a.holds.hold(size) {
		return nil, stop(Skipped, UnableToParseFile, "its schema needs more memory than allowed")
	}
	b := make([]byte, size)
	_, err = io.ReadFull(r, b)
	return b, err
}

func avroLong(r *bufio.Reader) (int64, error) {
	v, err := binary.ReadUvarint(r)
	return int64(v>>1) ^ -int64(v&1), err
}

func (a *avroFileReader) child(p *avroPlace, i int) (*avroPlace, error) {
	if p.children == nil {
		n := len(p.schema.parts)
		if a.places += n; a.places > maxAvroPlaces || !a.holds.hold(int64(n)*sizeOfPlace) {
			return nil, errColumns
		}
		p.children = make([]*avroPlace, n)
	}
	if c := p.children[i]; c != nil {
		return c, nil
	}
	c := &avroPlace{schema: p.schema.parts[i], parent: p, depth: p.depth + 1, indexed: p.indexed || p.schema.kind == "array" || p.schema.kind == "map"}
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
	if s.empty {
		return nil
	}
	if err := a.w.step(2); err != nil {
		return err
	}
	switch s.kind {
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
		v, err := avroIndex(r, len(s.symbols))
		if err != nil {
			return err
		}
		return a.leaf(p, []byte(s.symbols[v]))
	case "union":
		v, err := avroIndex(r, len(s.parts))
		if err != nil {
			return err
		}
		c, err := a.child(p, v)
		if err != nil {
			return err
		}
		return a.value(r, c, depth+1)
	case "record":
		for _, i := range s.full {
			c, err := a.child(p, int(i))
			if err != nil {
				return err
			}
			if err := a.value(r, c, depth+1); err != nil {
				return err
			}
		}
		return nil
	case "array", "map":
		return a.items(r, p, depth)
	}
	return errAvro
}

// avroIndex reads which of n things there is.
func avroIndex(r *bufio.Reader, n int) (int, error) {
	v, err := avroLong(r)
	if err == nil && (v < 0 || v >= int64(n)) {
		err = errAvro
	}
	return int(v), err
}

// items reads an array or a map.
func (a *avroFileReader) items(r *bufio.Reader, p *avroPlace, depth int) error {
	c, err := a.child(p, 0)
	if err != nil {
		return err
	}
	isMap := p.schema.kind == "map"
	a.path = append(a.path, pathElement{isKey: isMap})
	defer func() { a.path = a.path[:len(a.path)-1] }()
	for {
		if err := a.w.step(4); err != nil {
			return err
		}
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
		if c.schema.empty && !isMap {
			if n > mostEmpty {
				return errAvro
			}
			continue // they say nothing
		}
		for range n {
			if err := a.w.step(4); err != nil {
				return err
			}
			if isMap {
				key, err := a.mapKey(r)
				if err != nil {
					return err
				}
				a.path[len(a.path)-1].key = key
				if err := a.keyText(p, key); err != nil {
					return err
				}
			}
			if err := a.value(r, c, depth+1); err != nil {
				return err
			}
			a.path[len(a.path)-1].index++
		}
	}
}

// mapKey reads a key. Of a long one the end is kept: see maxKey.
func (a *avroFileReader) mapKey(r *bufio.Reader) (string, error) {
	size, err := avroLong(r)
	if err != nil {
		return "", err
	}
	if size < 0 || size > maxAvroKey {
		return "", errAvro
	}
	if int64(cap(a.key)) < size {
		a.key = make([]byte, max(size, 256))
	}
	key := a.key[:size]
	if _, err := io.ReadFull(r, key); err != nil {
		return "", err
	}
	if len(key) > maxKey {
		return lastOf(string(key), maxKey), nil
	}
	return string(key), nil
}

// keyText writes a key of a map that may be a value itself, at the place of the map: in JSON keys are text like any other.
func (a *avroFileReader) keyText(p *avroPlace, key string) error {
	if !mayBeValue(key) {
		return nil
	}
	way := a.path[:len(a.path)-1]
	return a.b.value(Record, a.b.pass(fieldInfo{names: capNames(p.way(way)), way: p}, way), a.record, 0, []byte(key))
}

// mayBeValue says whether what should be a name has something in it that names of fields seldom have: a number of several digits, spaces,
// the sign in addresses of mail.
func mayBeValue(name string) bool {
	digits := 0
	for i := range len(name) {
		switch c := name[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c == ' ' || c == '@' || c >= utf8.RuneSelf:
			return true
		}
	}
	return digits > 4
}

// say writes what the file says about itself.
func (a *avroFileReader) say(label string, text []byte) error {
	if text = noteText(text); len(text) == 0 {
		return nil
	}
	a.b.mark(LineRange, 0, 1, 0)
	if err := a.b.write([]byte(label[:min(len(label), maxLabel)] + ": ")); err != nil {
		return err
	}
	if err := a.b.write(text); err != nil {
		return err
	}
	return a.b.end()
}

func (a *avroFileReader) leaf(p *avroPlace, text []byte) error {
	info, err := a.info(p)
	if err != nil {
		return err
	}
	return a.b.value(Record, info, a.record, 0, text)
}

// stream writes a string of any length. Bytes are a number, text in some charset, a file, or what is not read.
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
	west := false
	if p.schema.kind != "string" {
		head, err := r.Peek(int(min(n, valueHead)))
		if int64(len(head)) < min(n, valueHead) {
			return err
		}
		switch valueOf(head) {
		case valueFile:
			return a.file(r, p, n)
		case valueNone:
			return a.pass(&io.LimitedReader{R: r, N: n})
		case valueWestern:
			west = true
		}
	}
	info, err := a.info(p)
	if err != nil {
		return err
	}
	a.b.mark(Record, info, a.record, 0)
	for n > 0 {
		// What is buffered is used where it is.
		b, err := r.Peek(int(min(n, max(1, int64(r.Buffered())))))
		if len(b) == 0 {
			return err
		}
		text := b
		if west {
			text = fromWestern(b)
		}
		if err := a.b.write(text); err != nil {
			return err
		}
		n -= int64(len(b))
		if _, err := r.Discard(len(b)); err != nil {
			return err
		}
	}
	return a.b.end()
}

// pass passes over what is left of a value.
func (a *avroFileReader) pass(r *io.LimitedReader) error {
	_, err := copyAlive(a.w, io.Discard, r)
	if err == nil && r.N > 0 {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// file opens a value that is a file.
func (a *avroFileReader) file(r io.Reader, p *avroPlace, n int64) error {
	name := ""
	for at := p; at != nil && name == ""; at = at.parent {
		name = at.name
	}
	value := &io.LimitedReader{R: r, N: n}
	if err := a.files.open(name, a.record, n, value, nil); err != nil {
		return err
	}
	return a.pass(value)
}

// info registers the path of a place: for good when nothing in it changes, for the value otherwise.
func (a *avroFileReader) info(p *avroPlace) (info int32, err error) {
	switch {
	case p.known:
		return p.info, nil
	case !p.indexed:
		p.info, err = a.b.keep(fieldInfo{names: p.way(nil), path: p.path(nil)})
		p.known = err == nil
		return p.info, err
	}
	names := p.names
	if names == nil || p.keyed {
		names = capNames(p.way(a.path))
		for _, e := range a.path {
			p.keyed = p.keyed || e.isKey
		}
		if !p.keyed {
			if !a.holds.hold(int64(16*len(names)) + maxKey) {
				return 0, errColumns
			}
			p.names = names
		}
	}
	return a.b.pass(fieldInfo{names: names, way: p}, a.path), nil
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

func (p *avroPlace) way(elems []pathElement) []string {
	names := make([]string, 0, p.depth)
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
	var parts []pathPart
	p.steps(elems, func(name string, e *pathElement) {
		switch {
		case e == nil:
			parts = append(parts, pathPart{name: name})
		case e.isKey:
			parts = append(parts, pathPart{name: e.key})
		default:
			parts = append(parts, pathPart{index: e.index, isIndex: true})
		}
	})
	return jsonPath(parts)
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
