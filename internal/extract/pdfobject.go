package extract

import "io"

// pdfCache holds objects read lately, in two generations: when the young one is full it becomes the old one, and what was old
// is dropped. Memory is held for what both occupy.
type pdfCache struct {
	young, old           map[int]pdfCached
	youngHeld, totalHeld int64
}

type pdfCached struct {
	value any
	cost  int64
}

func (c *pdfCache) get(w *walker, number int) (any, bool) {
	if v, ok := c.young[number]; ok {
		return v.value, true
	}
	v, ok := c.old[number]
	if ok {
		delete(c.old, number)
		c.totalHeld -= v.cost
		w.release(v.cost)
		c.put(w, number, v)
	}
	return v.value, ok
}

func (c *pdfCache) put(w *walker, number int, v pdfCached) {
	if c.youngHeld+v.cost > w.opts.MaxMemory/16 {
		c.age(w)
	}
	if !w.hold(v.cost) {
		return
	}
	if c.young == nil {
		c.young = map[int]pdfCached{}
	}
	c.young[number] = v
	c.youngHeld += v.cost
	c.totalHeld += v.cost
}

func (c *pdfCache) age(w *walker) {
	w.release(c.totalHeld - c.youngHeld)
	c.old, c.young = c.young, nil
	c.totalHeld, c.youngHeld = c.youngHeld, 0
}

func (c *pdfCache) drop(w *walker) {
	w.release(c.totalHeld)
	*c = pdfCache{}
}

// resolve follows references; what is not there is nil, as the standard has it.
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

// miss notes that what v leads to is not there, unless the file says itself that there is nothing: by null, or since it was
// deleted.
func (f *pdfFile) miss(v any, detail string) error {
	for range 32 {
		ref, ok := v.(pdfRef)
		if !ok {
			break
		}
		if f.places.get(int(ref))&pdfKind == pdfFree {
			return f.err
		}
		if v = f.object(int(ref)); v == nil && f.places.get(int(ref)) == pdfNowhere {
			f.lose(MalformedFile, detail)
			return f.err
		}
	}
	if v != nil {
		f.lose(MalformedFile, detail)
	}
	return f.err
}

func (f *pdfFile) dict(v any) pdfDict {
	switch d := f.resolve(v).(type) {
	case pdfDict:
		return d
	case *pdfStream:
		return d.dict
	}
	return nil
}

func (f *pdfFile) array(v any) []any       { a, _ := f.resolve(v).([]any); return a }
func (f *pdfFile) name(v any) pdfName      { n, _ := f.resolve(v).(pdfName); return n }
func (f *pdfFile) str(v any) pdfString     { s, _ := f.resolve(v).(pdfString); return s }
func (f *pdfFile) stream(v any) *pdfStream { s, _ := f.resolve(v).(*pdfStream); return s }

func (f *pdfFile) number(v any, def float64) float64 {
	if n, ok := f.resolve(v).(pdfNumber); ok {
		return float64(n)
	}
	return def
}

const maxPDFResolve = 16

// object returns an object by its number. One that should be there and cannot be read counts as lost.
func (f *pdfFile) object(number int) any {
	if f.step(1) != nil {
		return nil
	}
	if v, ok := f.cache.get(f.w, number); ok {
		return v
	}
	if f.depth >= maxPDFResolve {
		f.lose(MalformedFile, "objects that need each other")
		return nil
	}
	f.depth++
	v, cost, ok := f.load(number, f.places.get(number))
	if !ok && f.err == nil {
		if found := f.survey(); found != nil && found.places.get(number) != pdfNowhere {
			v, cost, ok = f.load(number, found.places.get(number))
		}
		if !ok && f.err == nil {
			f.lose(MalformedFile, "an object is damaged or not where it should be")
		}
	}
	f.depth--
	if f.err != nil {
		return nil
	}
	f.cache.put(f.w, number, pdfCached{v, cost + 64})
	return v
}

// load reads the object at a place; ok is false when it is not there.
func (f *pdfFile) load(number int, p pdfPlace) (v any, cost int64, ok bool) {
	switch p & pdfKind {
	case pdfOffset:
		generation := 0
		v, generation, cost, ok = f.parseAt(p.offset(), number)
		if ok && f.crypt != nil {
			v = f.crypt.strings(v, number, generation)
		}
		return v, cost, ok
	case pdfInStream:
		o, err := f.objectStream(p.stream())
		if err != nil {
			return nil, 0, false
		}
		return o.object(f, number, p.index())
	}
	return nil, 0, true
}

// pdfObjects is a decoded object stream.
type pdfObjects struct {
	number int
	data   []byte
	items  []pdfItem // by index
	held   int64
}

// pdfItem is where in its stream an object is.
type pdfItem struct{ number, from, to int32 }

const (
	maxPDFItems   = 100_000
	maxPDFStreams = 16
)

// objectStream decodes a stream of objects, or finds it among those decoded last.
func (f *pdfFile) objectStream(number int) (*pdfObjects, error) {
	for i, o := range f.streams {
		if o.number == number {
			f.streams = append(append(f.streams[:i:i], f.streams[i+1:]...), o)
			return o, nil
		}
	}
	if f.places.get(number)&pdfKind == pdfInStream {
		return nil, errPDF
	}
	s, _ := f.object(number).(*pdfStream)
	if s == nil {
		return nil, errPDF
	}
	n, first := f.number(s.dict["N"], 0), f.number(s.dict["First"], 0)
	r, err := f.decode(s)
	if err != nil {
		return nil, err
	}
	defer r.close()
	o := &pdfObjects{number: number}
	if err := f.fillObjects(o, r); err != nil {
		f.w.release(o.held)
		return nil, err
	}
	l := pdfLexer{f: f, b: o.data, limit: f.most()}
	for range int(min(max(n, 0), maxPDFItems)) {
		num, ok1 := l.object(0).(pdfNumber)
		at, ok2 := l.object(0).(pdfNumber)
		from := float64(at) + first
		l.cost = 0
		if !ok1 || !ok2 || from < 0 || from >= float64(len(o.data)) || num < 0 || num > maxPDFObject {
			break
		}
		if k := len(o.items); k > 0 && o.items[k-1].from < int32(from) {
			o.items[k-1].to = int32(from)
		}
		o.items = append(o.items, pdfItem{int32(num), int32(from), int32(len(o.data))})
	}
	if n > maxPDFItems {
		f.lose(UnableToParseFile, "a stream of too many objects")
	}
	extra := int64(cap(o.items)) * 12
	if !f.holdData(extra) {
		f.w.release(o.held)
		return nil, f.fail(errPDFMemory)
	}
	o.held += extra
	for len(f.streams) >= maxPDFStreams || len(f.streams) > 0 && f.streamsHeld()+o.held > f.w.opts.MaxMemory/8 {
		f.dropStream()
	}
	f.streams = append(f.streams, o)
	return o, f.err
}

// fillObjects reads the bytes, holding memory as they come. It reads into the buffer that is spare, which comes back when it is
// much larger than what was read.
func (f *pdfFile) fillObjects(o *pdfObjects, r io.Reader) error {
	o.data, o.held = f.spare[:0], int64(cap(f.spare))
	f.spare = nil
	for {
		if len(o.data) == cap(o.data) {
			size := max(2*cap(o.data), 16*kib)
			if int64(size) > 2*f.most() {
				f.lose(UnableToParseFile, "a stream of objects larger than the memory allowed")
				return nil
			}
			if !f.holdData(int64(size)) {
				return f.fail(errPDFMemory)
			}
			grown := make([]byte, len(o.data), size)
			copy(grown, o.data)
			f.w.release(o.held)
			o.data, o.held = grown, int64(size)
		}
		n, err := r.Read(o.data[len(o.data):cap(o.data)])
		o.data = o.data[:len(o.data)+n]
		if err != nil {
			if f.err != nil {
				return f.err
			}
			break
		}
	}
	if n := len(o.data); cap(o.data)-n > max(n, 16*kib) && f.w.hold(int64(n)) {
		exact := make([]byte, n)
		copy(exact, o.data)
		f.keep(o.data, o.held)
		o.data, o.held = exact, int64(n)
	}
	return nil
}

// holdData holds memory for a stream of objects, for which others are forgotten.
func (f *pdfFile) holdData(n int64) bool {
	for !f.w.hold(n) {
		if !f.dropStream() && !f.dropSpare() {
			return false
		}
	}
	return true
}

// keep makes a buffer the spare one, if there is none that is larger, and gives its memory back otherwise.
func (f *pdfFile) keep(b []byte, held int64) {
	if cap(b) <= cap(f.spare) {
		f.w.release(held)
		return
	}
	f.dropSpare()
	f.spare = b[:0]
	f.w.release(held - int64(cap(b)))
}

func (f *pdfFile) dropSpare() bool {
	if f.spare == nil {
		return false
	}
	f.w.release(int64(cap(f.spare)))
	f.spare = nil
	return true
}

func (f *pdfFile) streamsHeld() (n int64) {
	for _, o := range f.streams {
		n += o.held
	}
	return n
}

// dropStream forgets the decoded stream that was not used for longest. Its buffer is used again: nobody keeps a part of it.
func (f *pdfFile) dropStream() bool {
	if len(f.streams) == 0 {
		return false
	}
	o := f.streams[0]
	f.streams = f.streams[1:]
	f.keep(o.data, o.held)
	return true
}

func (o *pdfObjects) object(f *pdfFile, number, index int) (any, int64, bool) {
	if index >= len(o.items) || int(o.items[index].number) != number {
		index = -1
		for i := range o.items {
			if int(o.items[i].number) == number {
				index = i
			}
		}
		if f.step(len(o.items)); index < 0 {
			return nil, 0, false
		}
	}
	it := o.items[index]
	l := pdfLexer{f: f, b: o.data[it.from:it.to], limit: f.most()}
	v := l.object(0)
	if f.spend(l.pos); l.over || f.err != nil {
		return nil, 0, false
	}
	if w, ok := v.(pdfWord); ok && w != "" {
		return nil, 0, false
	}
	return v, l.cost, true
}

const pdfAnyNumber = -1

// parseAt parses a numbered object, "12 0 obj …", at an offset. It reads as much as the object needs, and reports false when
// another object is there, or none, or one that does not end.
func (f *pdfFile) parseAt(off int64, number int) (v any, generation int, cost int64, ok bool) {
	for size := int64(4 * kib); size <= min(8*mib, f.w.opts.MaxMemory/8); size *= 8 {
		if off < 0 || off >= f.size || f.err != nil {
			return nil, 0, 0, false
		}
		b := f.window(off, size)
		l := pdfLexer{f: f, b: b, limit: f.most()}
		got, ok1 := l.object(0).(pdfNumber)
		gen, ok2 := l.object(0).(pdfNumber)
		if !ok1 || !ok2 || number != pdfAnyNumber && int(got) != number || l.keyword() != "obj" {
			return nil, 0, 0, false
		}
		v, ended := l.whole(int64(len(b)) < size)
		if f.spend(l.pos) != nil || l.over {
			return nil, 0, 0, false
		}
		if s, isStream := v.(*pdfStream); isStream {
			s.off += off
			s.number, s.generation = int(got), int(gen)
		}
		if ended {
			return v, int(gen), l.cost, true
		}
		if int64(len(b)) < size {
			return nil, 0, 0, false
		}
	}
	f.lose(UnableToParseFile, "an object larger than the memory allowed")
	return nil, 0, 0, false
}

// whole parses the object after its number; ended is false when there may be more of it than there are bytes. A stream's
// offset is its place in them. last says that the file ends where the bytes do.
func (l *pdfLexer) whole(last bool) (v any, ended bool) {
	v = l.object(0)
	switch v := v.(type) {
	case pdfDict:
		if l.short {
			return v, false
		}
		if at, ok := l.streamStart(); ok {
			return &pdfStream{dict: v, off: int64(at)}, true
		}
		return v, !l.short || last
	case pdfWord:
		return nil, v == "endobj"
	case pdfNumber, pdfName, pdfRef:
		return v, !l.short || last
	}
	return v, !l.short
}

// window reads a stretch of the file, valid until the next call.
func (f *pdfFile) window(off, size int64) []byte {
	size = min(size, f.size-off)
	if int64(len(f.scratch)) < size {
		f.scratch = make([]byte, max(size, 4*kib))
	}
	return f.scratch[:f.readAt(f.scratch[:size], off)]
}

// parseTrailer parses the dictionary after the word trailer.
func (f *pdfFile) parseTrailer(off int64) (pdfDict, bool) {
	for size := int64(4 * kib); size <= 256*kib && off >= 0 && off < f.size; size *= 8 {
		b := f.window(off, size)
		l := pdfLexer{f: f, b: b, limit: f.most()}
		l.space()
		if l.pos+1 >= len(b) || b[l.pos] != '<' || b[l.pos+1] != '<' {
			return nil, false
		}
		d, _ := l.object(0).(pdfDict)
		if f.spend(l.pos) != nil {
			return nil, false
		}
		if !l.short || int64(len(b)) < size {
			return d, d != nil
		}
	}
	return nil, false
}
