package extract

import (
	"bytes"
	"io"
	"strconv"
)

// extractPDF reads the text of a PDF page by page, with what its forms hold. The reader is our own because those that exist
// hold what a file tells them to and run as long as it tells them to; here every object, stream and loop has a bound.
//
// pdf.go finds objects, pdfsyntax.go parses them, pdfstream.go decodes streams, pdffont.go turns codes into characters and
// pdftext.go follows a page's content.
func extractPDF(w *walker, doc *Document, in *input) error {
	at, size, err := in.readerAt(kindPDFMax)
	if err != nil {
		return err
	}
	f := &pdfFile{w: w, at: at, size: size, budget: 100*size + 16*mib, objects: map[int]pdfPlace{}, cache: map[int]any{}}
	defer f.close()
	if err := f.open(); err != nil {
		return decoding(err, "PDF")
	}
	b := newBuilder(w, doc, false)
	defer b.close()
	p := &pdfReader{f: f, b: b, fonts: map[int]*pdfFont{}}
	err = p.pages()
	doc.Read = max(doc.Size, 0)
	if flushed := b.finish(); flushed != nil {
		return flushed
	}
	if err != nil {
		return decoding(err, "PDF")
	}
	return nil
}

const kindPDFMax = 1 * gib

var errPDF = stop(Partial, MalformedFile, "damaged or incomplete PDF")

// pdfFile is the objects of a file.
type pdfFile struct {
	w       *walker
	at      io.ReaderAt
	size    int64
	objects map[int]pdfPlace
	held    int64
	trailer pdfDict
	crypt   *pdfCrypt
	cache   map[int]any // objects read lately
	streams [4]pdfObjects
	next    int   // of streams to be replaced
	budget  int64 // bytes that may still be decoded
	depth   int   // of resolving
}

// pdfPlace says where an object is: at an offset, or the index-th in an object stream.
type pdfPlace struct {
	offset int64
	stream int32 // number of the object stream; 0: at the offset
	index  int32
}

// pdfObjects is a decoded object stream.
type pdfObjects struct {
	number int
	data   []byte
	starts []int // by index
	held   int64
}

func (f *pdfFile) close() {
	f.w.release(f.held)
	for i := range f.streams {
		f.w.release(f.streams[i].held)
	}
}

func (f *pdfFile) open() error {
	if err := f.readTables(); err != nil || f.root() == nil {
		var stopped errStop
		if asStop(err, &stopped) && stopped.Reason != MalformedFile {
			return err
		}
		if err := f.rebuild(); err != nil {
			return err
		}
		if f.root() == nil {
			return stop(Skipped, MalformedFile, "damaged or incomplete PDF")
		}
	}
	if e := f.trailer["Encrypt"]; e != nil {
		c, err := newPDFCrypt(f, e)
		if err != nil {
			return err
		}
		f.crypt = c
		clear(f.cache)
	}
	return nil
}

func (f *pdfFile) root() pdfDict {
	r, _ := f.resolve(f.trailer["Root"]).(pdfDict)
	if r == nil || f.resolve(r["Pages"]) == nil {
		return nil
	}
	return r
}

// place notes where an object is, unless a newer table has said so already.
func (f *pdfFile) place(number int, p pdfPlace, replace bool) error {
	if number <= 0 || number > 10_000_000 {
		return nil
	}
	if _, ok := f.objects[number]; ok && !replace {
		return nil
	}
	const each = 64
	if len(f.objects)%1024 == 0 {
		if !f.w.hold(1024 * each) {
			return stop(Partial, UnableToParseFile, "more objects than the memory allowed can hold")
		}
		f.held += 1024 * each
	}
	f.objects[number] = p
	return nil
}

// readTables follows the cross-reference tables from the last to the first.
func (f *pdfFile) readTables() error {
	tail := make([]byte, min(f.size, 2*kib))
	if n, err := f.at.ReadAt(tail, f.size-int64(len(tail))); n < len(tail) {
		return err
	}
	i := bytes.LastIndex(tail, []byte("startxref"))
	if i < 0 {
		return errPDF
	}
	l := pdfLexer{b: tail[i+9:]}
	start, ok := l.object(0).(pdfNumber)
	if !ok {
		return errPDF
	}
	seen := map[int64]bool{}
	for off := int64(start); off > 0 || len(seen) == 0; {
		if seen[off] || len(seen) > 4096 {
			break
		}
		seen[off] = true
		trailer, err := f.table(off)
		if err != nil {
			return err
		}
		if f.trailer == nil {
			f.trailer = trailer
		}
		if x, ok := trailer["XRefStm"].(pdfNumber); ok && !seen[int64(x)] {
			seen[int64(x)] = true
			if _, err := f.table(int64(x)); err != nil {
				return err
			}
		}
		prev, ok := trailer["Prev"].(pdfNumber)
		if !ok {
			break
		}
		off = int64(prev)
	}
	return nil
}

// table reads one cross-reference table, of either kind.
func (f *pdfFile) table(off int64) (pdfDict, error) {
	if off < 0 || off >= f.size {
		return nil, errPDF
	}
	head := make([]byte, min(64, f.size-off))
	if n, err := f.at.ReadAt(head, off); n < len(head) {
		return nil, err
	}
	trimmed := bytes.TrimLeft(head, "\x00\t\n\f\r ")
	if !bytes.HasPrefix(trimmed, []byte("xref")) {
		return f.streamTable(off)
	}
	off += int64(len(head)-len(trimmed)) + 4
	for {
		if err := f.w.alive(); err != nil {
			return nil, err
		}
		n := min(64*kib, f.size-off)
		b := make([]byte, n)
		if k, err := f.at.ReadAt(b, off); int64(k) < n {
			return nil, err
		}
		l := pdfLexer{b: b}
		if l.space(); bytes.HasPrefix(b[l.pos:], []byte("trailer")) {
			off += int64(l.pos) + 7
			break
		}
		first, ok1 := l.object(0).(pdfNumber)
		count, ok2 := l.object(0).(pdfNumber)
		if !ok1 || !ok2 || first < 0 || count < 0 || int64(count)*18 > f.size {
			return nil, errPDF
		}
		l.space()
		off += int64(l.pos)
		if err := f.section(off, int(first), int(count)); err != nil {
			return nil, err
		}
		off += int64(count) * 20
	}
	trailer, _ := f.parseAt(off, false).(pdfDict)
	if trailer == nil {
		return nil, errPDF
	}
	return trailer, nil
}

// section reads a run of 20-byte entries.
func (f *pdfFile) section(off int64, first, count int) error {
	b := make([]byte, 20*512)
	for count > 0 {
		n := min(count, 512)
		k, err := f.at.ReadAt(b[:20*n], off)
		if k < 20*n-2 {
			if err == nil || err == io.EOF {
				err = errPDF
			}
			return err
		}
		for i := range n {
			e := b[20*i:]
			if e[17] != 'n' {
				if e[17] != 'f' {
					return errPDF
				}
				continue
			}
			at, err := strconv.ParseInt(string(e[:10]), 10, 64)
			if err != nil {
				return errPDF
			}
			if err := f.place(first+i, pdfPlace{offset: at}, false); err != nil {
				return err
			}
		}
		first, count, off = first+n, count-n, off+int64(20*n)
	}
	return nil
}

// streamTable reads a cross-reference stream.
func (f *pdfFile) streamTable(off int64) (pdfDict, error) {
	s, _ := f.parseAt(off, true).(*pdfStream)
	if s == nil {
		return nil, errPDF
	}
	widths, _ := s.dict["W"].([]any)
	if len(widths) < 3 {
		return nil, errPDF
	}
	var w [3]int
	for i := range w {
		n, _ := widths[i].(pdfNumber)
		if w[i] = int(n); w[i] < 0 || w[i] > 8 {
			return nil, errPDF
		}
	}
	size, _ := s.dict["Size"].(pdfNumber)
	index, _ := s.dict["Index"].([]any)
	if index == nil {
		index = []any{pdfNumber(0), size}
	}
	r, err := f.decode(s, false)
	if err != nil {
		return nil, err
	}
	row := make([]byte, w[0]+w[1]+w[2])
	if len(row) == 0 {
		return nil, errPDF
	}
	for i := 0; i+1 < len(index); i += 2 {
		first, _ := index[i].(pdfNumber)
		count, _ := index[i+1].(pdfNumber)
		for k := range int(max(0, min(count, 10_000_000))) {
			if _, err := io.ReadFull(r, row); err != nil {
				return s.dict, nil
			}
			field := func(at, n, def int) int64 {
				if n == 0 {
					return int64(def)
				}
				var v uint64
				for _, c := range row[at : at+n] {
					v = v<<8 | uint64(c)
				}
				return int64(v)
			}
			p := pdfPlace{offset: field(w[0], w[1], 0)}
			switch field(0, w[0], 1) {
			case 1:
			case 2:
				p = pdfPlace{stream: int32(p.offset), index: int32(field(w[0]+w[1], w[2], 0))}
			default:
				continue
			}
			if err := f.place(int(first)+k, p, false); err != nil {
				return nil, err
			}
		}
	}
	return s.dict, nil
}

// rebuild finds objects by reading the whole file, for files whose tables are damaged.
func (f *pdfFile) rebuild() error {
	clear(f.objects)
	clear(f.cache)
	f.trailer = pdfDict{}
	const overlap = 64
	buf := make([]byte, 256*kib)
	n := 0
	var streams []int
	for off := int64(0); off < f.size; {
		if err := f.w.alive(); err != nil {
			return err
		}
		k, err := f.at.ReadAt(buf[n:], off)
		if k == 0 {
			return err
		}
		b := buf[:n+k]
		base := off - int64(n)
		for from := 0; ; {
			i := bytes.Index(b[from:], []byte(" obj"))
			if i < 0 {
				break
			}
			at := from + i
			from = at + 4
			if number, start, ok := objectHead(b, at); ok {
				if err := f.place(number, pdfPlace{offset: base + int64(start)}, true); err != nil {
					return err
				}
				if d := b[from:min(len(b), from+256)]; bytes.Contains(d, []byte("/ObjStm")) && len(streams) < 100_000 {
					streams = append(streams, number)
				}
			}
		}
		for from := 0; ; {
			i := bytes.Index(b[from:], []byte("trailer"))
			if i < 0 {
				break
			}
			from += i + 7
			if t, ok := f.parseAt(base+int64(from), false).(pdfDict); ok && t["Root"] != nil {
				f.trailer = t
			}
		}
		off += int64(k)
		n = copy(buf, b[max(0, len(b)-overlap):])
	}
	for _, number := range streams {
		if o, err := f.objectStream(number); err == nil {
			for i, numbered := range o.numbers() {
				if err := f.place(numbered, pdfPlace{stream: int32(number), index: int32(i)}, false); err != nil {
					return err
				}
			}
		}
	}
	if f.trailer["Root"] == nil {
		for number := range f.objects {
			if err := f.w.alive(); err != nil {
				return err
			}
			switch d := f.resolve(pdfRef(number)).(type) {
			case pdfDict:
				if d["Type"] == pdfName("Catalog") {
					f.trailer["Root"] = pdfRef(number)
				}
			case *pdfStream:
				if d.dict["Root"] != nil {
					f.trailer["Root"] = d.dict["Root"]
					if e := d.dict["Encrypt"]; e != nil {
						f.trailer["Encrypt"], f.trailer["ID"] = e, d.dict["ID"]
					}
				}
			}
		}
	}
	return nil
}

// objectHead reads "12 0" backwards from the space before obj.
func objectHead(b []byte, at int) (number, start int, ok bool) {
	digits := func(end int) int {
		i := end
		for i > 0 && end-i < 10 && b[i-1] >= '0' && b[i-1] <= '9' {
			i--
		}
		return i
	}
	g := digits(at)
	if g == at || g == 0 || b[g-1] != ' ' {
		return 0, 0, false
	}
	s := digits(g - 1)
	number, err := strconv.Atoi(string(b[s : g-1]))
	return number, s, err == nil
}

// resolve follows references; what cannot be read is nil, as the standard has it.
func (f *pdfFile) resolve(v any) any {
	for range 32 {
		ref, ok := v.(pdfRef)
		if !ok {
			return v
		}
		v = f.object(int(ref))
	}
	return nil
}

func (f *pdfFile) object(number int) any {
	if v, ok := f.cache[number]; ok {
		return v
	}
	p, ok := f.objects[number]
	if !ok || f.depth > 16 {
		return nil
	}
	f.depth++
	defer func() { f.depth-- }()
	var v any
	if p.stream == 0 {
		v = f.parseAt(p.offset, true)
		if f.crypt != nil {
			v = f.crypt.strings(v, number)
		}
		if s, ok := v.(*pdfStream); ok {
			s.number = number
		}
	} else if o, err := f.objectStream(int(p.stream)); err == nil {
		v = o.object(int(p.index))
	}
	if len(f.cache) > 1000 {
		clear(f.cache)
	}
	f.cache[number] = v
	return v
}

// objectStream decodes a stream of objects, or finds it among those decoded last.
func (f *pdfFile) objectStream(number int) (*pdfObjects, error) {
	for i := range f.streams {
		if f.streams[i].number == number {
			return &f.streams[i], nil
		}
	}
	if p := f.objects[number]; p.stream != 0 {
		return nil, errPDF
	}
	s, _ := f.object(number).(*pdfStream)
	if s == nil {
		return nil, errPDF
	}
	n, _ := f.resolve(s.dict["N"]).(pdfNumber)
	first, _ := f.resolve(s.dict["First"]).(pdfNumber)
	r, err := f.decode(s, true)
	if err != nil {
		return nil, err
	}
	o := &f.streams[f.next]
	f.next = (f.next + 1) % len(f.streams)
	f.w.release(o.held)
	*o = pdfObjects{}
	most := f.w.opts.MaxMemory / 16
	data, err := io.ReadAll(io.LimitReader(r, most))
	if len(data) == 0 || int64(len(data)) >= most || !f.w.hold(int64(len(data))) {
		return nil, errPDF
	}
	_ = err // what was decoded until a damage is used
	*o = pdfObjects{number: number, data: data, held: int64(len(data))}
	l := pdfLexer{b: data}
	for range int(min(n, 100_000)) {
		num, ok1 := l.object(0).(pdfNumber)
		at, ok2 := l.object(0).(pdfNumber)
		if !ok1 || !ok2 {
			break
		}
		o.starts = append(o.starts, int(num), int(at+first))
	}
	return o, nil
}

func (o *pdfObjects) numbers() []int {
	var out []int
	for i := 0; i < len(o.starts); i += 2 {
		out = append(out, o.starts[i])
	}
	return out
}

func (o *pdfObjects) object(i int) any {
	if i < 0 || 2*i+1 >= len(o.starts) {
		return nil
	}
	at := o.starts[2*i+1]
	if at < 0 || at >= len(o.data) {
		return nil
	}
	l := pdfLexer{b: o.data[at:]}
	return l.object(0)
}

// parseAt parses the object at an offset; numbered ones begin with "12 0 obj". It reads as much as the object needs.
func (f *pdfFile) parseAt(off int64, numbered bool) any {
	for _, size := range []int64{4 * kib, 64 * kib, 1 * mib, 8 * mib} {
		if off < 0 || off >= f.size || size > f.w.opts.MaxMemory/4 {
			return nil
		}
		b := make([]byte, min(size, f.size-off))
		if n, _ := f.at.ReadAt(b, off); n < len(b) {
			return nil
		}
		l := pdfLexer{b: b}
		if numbered {
			l.object(0)
			l.object(0)
			if l.keyword() != "obj" {
				return nil
			}
		}
		v := l.object(0)
		d, isDict := v.(pdfDict)
		if isDict && numbered && !l.short {
			if at, ok := l.streamStart(); ok {
				return &pdfStream{dict: d, off: off + int64(at)}
			}
		}
		if !l.short || int64(len(b)) < size {
			return v
		}
	}
	return nil
}
