package extract

import (
	"bufio"
	"bytes"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
)

// pdfData is the content of a stream: read it, and close it for the buffers in it.
type pdfData struct {
	r       io.Reader
	pooled  []pdfPooled
	release func()
}

// pdfPooled is a stage of decoding that another stream uses again: a file may have very many streams of a few bytes, and each
// would leave behind the buffers of its stages, faster than they are collected.
type pdfPooled interface{ close() }

// pdfBuffer is a buffered reader out of a pool.
type pdfBuffer struct{ bufio.Reader }

var pdfBuffers = sync.Pool{New: func() any {
	b := &pdfBuffer{}
	b.Reset(nil)
	return b
}}

func (b *pdfBuffer) close() {
	b.Reset(nil)
	pdfBuffers.Put(b)
}

// buffered returns a buffered reader of r, which goes back with the stream.
func (d *pdfData) buffered(r io.Reader) *bufio.Reader {
	b := pdfBuffers.Get().(*pdfBuffer)
	b.Reset(r)
	d.pooled = append(d.pooled, b)
	return &b.Reader
}

func (d *pdfData) Read(p []byte) (int, error) { return d.r.Read(p) }

func (d *pdfData) close() {
	for _, z := range d.pooled {
		z.close()
	}
	d.pooled = nil
	if d.release != nil {
		d.release()
		d.release = nil
	}
}

// Errors of decode. What is an image holds no text that could be lost.
var (
	errPDFImage  = stop(Partial, UnableToParseFile, "an image where text should be")
	errPDFFilter = stop(Partial, UnableToParseFile, "a stream in an encoding that is not known")
)

const (
	maxPDFFilters = 8
	pdfFilterCost = 64 * kib
)

// decode returns the stream's content, decrypted.
func (f *pdfFile) decode(s *pdfStream) (*pdfData, error) {
	filters := list(f.resolve(either(s.dict, "Filter", "F")))
	parms := list(f.resolve(either(s.dict, "DecodeParms", "DP")))
	d, r := &pdfData{}, f.raw(s)
	if f.crypt != nil && !f.open4all(s, filters, parms) {
		var err error
		if r, err = f.crypt.stream(d, r, s); err != nil {
			d.close()
			return nil, err
		}
	}
	return f.filters(d, r, filters, parms)
}

// decodePlain returns the content of a stream that is never encrypted.
func (f *pdfFile) decodePlain(s *pdfStream) (*pdfData, error) {
	return f.filters(&pdfData{}, f.raw(s), list(f.resolve(s.dict["Filter"])), list(f.resolve(s.dict["DecodeParms"])))
}

// open4all says whether a stream is not encrypted though the file is.
func (f *pdfFile) open4all(s *pdfStream, filters, parms []any) bool {
	switch s.dict["Type"] {
	case pdfName("XRef"):
		return true
	case pdfName("Metadata"):
		if f.crypt.metadata {
			return true
		}
	}
	if len(filters) == 0 || f.name(filters[0]) != "Crypt" {
		return false
	}
	var p pdfDict
	if len(parms) > 0 {
		p = f.dict(parms[0])
	}
	name := f.name(p["Name"])
	return name == "" || name == "Identity"
}

// filters puts the filters on what r reads. d is closed when that fails.
func (f *pdfFile) filters(d *pdfData, r io.Reader, filters, parms []any) (*pdfData, error) {
	if len(filters) > maxPDFFilters {
		d.close()
		return nil, errPDFFilter
	}
	cost := int64(len(filters)) * pdfFilterCost
	if !f.w.hold(cost) {
		d.close()
		return nil, f.fail(errPDFMemory)
	}
	d.release = func() { f.w.release(cost) }
	for i, x := range filters {
		var p pdfDict
		if i < len(parms) {
			p = f.dict(parms[i])
		}
		next, err := f.filter(d, r, f.name(x), p)
		if err != nil {
			d.close()
			return nil, err
		}
		// Each stage is metered: one may swallow what another blows up.
		r = &pdfMeter{f, next}
	}
	if f.err != nil { // the time is over, or the memory
		d.close()
		return nil, f.err
	}
	d.r = r
	return d, nil
}

func (f *pdfFile) filter(d *pdfData, r io.Reader, name pdfName, p pdfDict) (io.Reader, error) {
	switch name {
	case "FlateDecode", "Fl":
		z := newInflate(f, r)
		d.pooled = append(d.pooled, z)
		return f.predict(d, z, p)
	case "LZWDecode", "LZW":
		return f.predict(d, newPDFLZW(f, d, r, f.number(p["EarlyChange"], 1) != 0), p)
	case "ASCII85Decode", "A85":
		return &ascii85Reader{f: f, r: d.buffered(r)}, nil
	case "ASCIIHexDecode", "AHx":
		return &unhexReader{r: d.buffered(r)}, nil
	case "RunLengthDecode", "RL":
		return &runLength{f: f, r: d.buffered(r)}, nil
	case "Crypt":
		return r, nil
	case "DCTDecode", "DCT", "JPXDecode", "CCITTFaxDecode", "CCF", "JBIG2Decode":
		return nil, errPDFImage
	}
	return nil, errPDFFilter
}

func either(d pdfDict, a, b string) any {
	if v, ok := d[a]; ok {
		return v
	}
	return d[b]
}

// list makes a list of one of what is not a list.
func list(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

// pdfRaw is a stream's bytes in the file.
type pdfRaw struct {
	f        *pdfFile
	off, end int64
}

func (f *pdfFile) raw(s *pdfStream) io.Reader {
	n := f.length(s)
	f.touched += n
	return &pdfRaw{f: f, off: s.off, end: s.off + n}
}

func (r *pdfRaw) Read(p []byte) (int, error) {
	defer r.f.w.ours()() // a decoder draws from it
	if r.off >= r.end {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), r.end-r.off)]
	n := r.f.readAt(p, r.off)
	r.off += int64(n)
	if r.f.spend(n) != nil {
		return 0, r.f.err
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// length is what the stream says, if a stream ends there, and otherwise up to where one does.
func (f *pdfFile) length(s *pdfStream) int64 {
	if n, ok := f.resolve(s.dict["Length"]).(pdfNumber); ok && n >= 0 && int64(n) <= f.size-s.off {
		var b [16]byte
		k := f.readAt(b[:], s.off+int64(n))
		if bytes.Contains(b[:k], []byte("endst")) {
			return int64(n)
		}
	}
	if s.off < f.end.from || s.off > f.end.at {
		f.end = pdfEnd{s.off, f.findEnd(s.off)}
	}
	return max(f.end.at-s.off, 0)
}

// findEnd looks for the end of a stream; one that has none goes on to the end of the file, and is not whole.
func (f *pdfFile) findEnd(from int64) int64 {
	const overlap = 16
	if f.ending == nil {
		f.ending = make([]byte, 64*kib)
	}
	buf := f.ending
	for off := from; off < f.size; off += int64(len(buf)) - overlap {
		n := f.readAt(buf, off)
		if f.spend(n) != nil {
			return from
		}
		if i := bytes.Index(buf[:n], []byte("endstream")); i >= 0 {
			return off + int64(i)
		}
		if n < len(buf) {
			break
		}
	}
	f.lose(MalformedFile, "a stream without an end")
	return f.size
}

// pdfMeter takes what is decoded off the file's budget, so that no loop of streams lasts for ever.
type pdfMeter struct {
	f *pdfFile
	r io.Reader
}

func (m *pdfMeter) Read(p []byte) (int, error) {
	defer m.f.w.ours()() // the decoder of the next stage draws from it
	if m.f.err != nil {
		return 0, m.f.err
	}
	n, err := m.r.Read(p)
	if m.f.spend(n+1) != nil {
		return 0, m.f.err
	}
	return n, err
}

// inflate reads zlib data forgivingly: a damaged end, or a missing header, does not take away what came before. That it was
// damaged is noted.
type inflate struct {
	f       *pdfFile
	b       *bufio.Reader
	r       io.ReadCloser
	faulted bool // the decoder panicked
}

var inflaters = sync.Pool{New: func() any {
	b := bufio.NewReaderSize(nil, 16*kib)
	return &inflate{b: b, r: flate.NewReader(b)}
}}

func newInflate(f *pdfFile, r io.Reader) *inflate {
	z := inflaters.Get().(*inflate)
	z.f = f
	z.b.Reset(r)
	for range 4 { // a line end too many before the data
		if h, err := z.b.Peek(1); err != nil || h[0] != '\r' && h[0] != '\n' {
			break
		}
		z.b.Discard(1)
	}
	if h, err := z.b.Peek(2); err == nil && h[0]&15 == 8 && (int(h[0])<<8|int(h[1]))%31 == 0 {
		z.b.Discard(2)
	}
	z.r.(flate.Resetter).Reset(z.b, nil)
	return z
}

func (z *inflate) close() {
	if z.faulted {
		return
	}
	z.f = nil
	z.b.Reset(nil)
	inflaters.Put(z)
}

func (z *inflate) Read(p []byte) (n int, err error) {
	z.faulted = true
	err = z.f.w.foreign("deflate", func() (err error) {
		n, err = z.r.Read(p)
		z.faulted = false
		return err
	})
	if err != nil && err != io.EOF {
		if z.f.err != nil {
			return n, z.f.err
		}
		z.f.lose(MalformedFile, "a stream is damaged")
		return n, io.EOF
	}
	return n, err
}

// predict undoes the predictors that tables, object streams and some content use.
func (f *pdfFile) predict(d *pdfData, r io.Reader, p pdfDict) (io.Reader, error) {
	kind := f.number(p["Predictor"], 1)
	if kind < 2 {
		return r, nil
	}
	num := func(key string, def int) int {
		if n := f.number(p[key], float64(def)); n >= 1 && n < 1<<20 {
			return int(n)
		}
		return def
	}
	depth := num("BitsPerComponent", 8)
	bits := num("Colors", 1) * depth
	row := (bits*num("Columns", 1) + 7) / 8
	if row > 32*kib || kind == 2 && depth != 8 {
		return nil, errPDFFilter
	}
	t := predictors.Get().(*predictor)
	rows := t.rows
	if cap(rows) < 2*row+1 {
		rows = make([]byte, 2*row+1)
	}
	rows = rows[:2*row+1]
	clear(rows)
	*t = predictor{r: d.buffered(r), step: max(1, bits/8), rows: rows, prev: rows[:row:row], row: rows[row:]}
	if kind == 2 {
		t.tiff, t.row = true, t.row[:row]
	}
	d.pooled = append(d.pooled, t)
	return t, nil
}

var predictors = sync.Pool{New: func() any { return &predictor{} }}

func (p *predictor) close() {
	*p = predictor{rows: p.rows}
	predictors.Put(p)
}

type predictor struct {
	r         *bufio.Reader
	step      int
	rows      []byte // both of:
	prev, row []byte
	left      []byte
	tiff      bool
	done      bool
}

func (p *predictor) Read(b []byte) (int, error) {
	if len(p.left) == 0 {
		if p.done {
			return 0, io.EOF
		}
		n, err := io.ReadFull(p.r, p.row)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return 0, err
		}
		p.done = err != nil
		if p.next(n); len(p.left) == 0 {
			return 0, io.EOF
		}
	}
	n := copy(b, p.left)
	p.left = p.left[n:]
	return n, nil
}

// next undoes one row, of which n bytes were there.
func (p *predictor) next(n int) {
	if p.tiff {
		for i := p.step; i < n; i++ {
			p.row[i] += p.row[i-p.step]
		}
		p.left = p.row[:n]
		return
	}
	if n == 0 {
		return
	}
	cur := p.row[1:n]
	for i := range cur {
		var a, c byte
		if i >= p.step {
			a, c = cur[i-p.step], p.prev[i-p.step]
		}
		switch up := p.prev[i]; p.row[0] {
		case 1:
			cur[i] += a
		case 2:
			cur[i] += up
		case 3:
			cur[i] += byte((int(a) + int(up)) / 2)
		case 4:
			cur[i] += paeth(a, up, c)
		}
	}
	// The row before is needed as it was decoded, so it takes a copy.
	copy(p.prev, cur)
	p.left = p.prev[:len(cur)]
}

func paeth(a, b, c byte) byte {
	p := int(a) + int(b) - int(c)
	pa, pb, pc := abs(p-int(a)), abs(p-int(b)), abs(p-int(c))
	switch {
	case pa <= pb && pa <= pc:
		return a
	case pb <= pc:
		return b
	}
	return c
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
