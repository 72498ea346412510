package extract

import (
	"bytes"
	"slices"
)

// pdfSurvey is what a look through the whole file finds, for files whose tables are damaged.
type pdfSurvey struct {
	places   pdfPlaces
	trailers []int64 // the last ones, after the word
	catalogs []int   // the last ones
	tables   []int   // cross-reference streams, which have a trailer's entries
	streams  []pdfFound
	pages    []int
}

// pdfFound is a stream of objects and where it is: what stands later in the file is newer.
type pdfFound struct {
	number int
	off    int64
}

const (
	maxPDFTrailers = 64
	maxPDFCatalogs = 64
	maxPDFFound    = 100_000
	pdfLook        = 512 // how much of an object is looked at
)

// survey looks once, for objects that are not where the tables say. It returns nil when it cannot.
func (f *pdfFile) survey() *pdfSurvey {
	if f.found == nil && f.scan() == nil {
		f.found.inStreams(f)
	}
	if f.err != nil {
		return nil
	}
	return f.found
}

// scan finds the objects that stand in the file themselves.
func (f *pdfFile) scan() error {
	f.found = &pdfSurvey{}
	buf := make([]byte, 256*kib)
	for off := int64(0); off < f.size; {
		n := f.readAt(buf, off)
		end := n // where objects may begin that are looked at now
		if off+int64(n) < f.size {
			end = n - pdfLook
		}
		if end <= 0 || f.spend(n) != nil {
			break
		}
		next := f.found.look(f, buf[:n], end, off)
		if next <= 0 {
			break
		}
		off += next
	}
	return f.err
}

// look finds "12 0 obj" and trailers that begin before end, and says how far it has seen: beyond b, when a stream goes on there.
// The data of streams is passed over where their length is known, since another document may be in it.
func (s *pdfSurvey) look(f *pdfFile, b []byte, end int, base int64) int64 {
	from := 0
	for from < end {
		i := bytes.Index(b[from:], []byte("obj"))
		if i < 0 || from+i >= end {
			break
		}
		at := from + i
		s.words(b[from:at+3], base+int64(from))
		from = at + 3
		number, start, ok := objectHead(b, at)
		if !ok {
			continue
		}
		if !s.places.set(f.w, number, placeAt(base+int64(start))) {
			f.fail(stop(Partial, UnableToParseFile, "more objects than the memory allowed can hold"))
			return 0
		}
		head := b[from:min(len(b), from+pdfLook)]
		if f.step(len(head)) != nil {
			return 0
		}
		s.object(number, base+int64(start), head)
		if skip := f.streamEnd(head, base+int64(from)); skip > 0 {
			if skip -= base; skip >= int64(end) {
				return skip
			}
			from = int(skip)
		}
	}
	if from < end {
		s.words(b[from:min(len(b), end+len("trailer"))], base+int64(from))
		from = end
	}
	return int64(from)
}

// streamEnd says where the data of an object's stream ends, if its head has the stream's length in place and a stream does end
// there.
func (f *pdfFile) streamEnd(head []byte, off int64) int64 {
	if i := bytes.Index(head, []byte("endobj")); i >= 0 {
		head = head[:i]
	}
	at := bytes.Index(head, []byte("stream"))
	i := bytes.Index(head, []byte("/Length "))
	if i < 0 || at < i {
		return 0
	}
	l := pdfLexer{b: head[i+len("/Length"):], limit: kib}
	n, ok := l.object(0).(pdfNumber)
	if !ok || n < 0 || float64(n) > float64(f.size) {
		return 0
	}
	end := off + int64(at+len("stream")) + int64(n)
	var tail [16]byte
	k := f.readAt(tail[:], end)
	if !bytes.Contains(tail[:k], []byte("endst")) {
		return 0
	}
	return end
}

// object notes an object that finding the rest begins with.
func (s *pdfSurvey) object(number int, off int64, head []byte) {
	if i := bytes.Index(head, []byte("endobj")); i >= 0 {
		head = head[:i]
	}
	i := bytes.IndexByte(head, '/')
	if i < 0 {
		return
	}
	switch head = head[i:]; {
	case bytes.Contains(head, []byte("/ObjStm")) && len(s.streams) < maxPDFFound:
		s.streams = append(s.streams, pdfFound{number, off})
	case bytes.Contains(head, []byte("/Catalog")):
		s.catalogs = lastOnes(append(s.catalogs, number), maxPDFCatalogs)
	case bytes.Contains(head, []byte("/XRef")):
		s.tables = lastOnes(append(s.tables, number), maxPDFCatalogs)
	case isPDFPage(head) && len(s.pages) < maxPDFFound:
		s.pages = append(s.pages, number)
	}
}

func isPDFPage(head []byte) bool {
	_, after, ok := bytes.Cut(head, []byte("/Page"))
	return ok && len(after) > 0 && (pdfSpace(after[0]) || pdfDelimiter(after[0]))
}

func lastOnes[T any](list []T, n int) []T {
	if len(list) <= 2*n {
		return list
	}
	return append(list[:0], list[len(list)-n:]...)
}

// words finds trailers.
func (s *pdfSurvey) words(b []byte, base int64) {
	for from := 0; ; {
		i := bytes.Index(b[from:], []byte("trailer"))
		if i < 0 {
			return
		}
		from += i + len("trailer")
		s.trailers = lastOnes(append(s.trailers, base+int64(from)), maxPDFTrailers)
	}
}

// objectHead reads "12 0" backwards from obj.
func objectHead(b []byte, at int) (number, start int, ok bool) {
	i := at
	spaces := func() bool {
		from := i
		for i > 0 && from-i < 8 && pdfSpace(b[i-1]) {
			i--
		}
		return i < from
	}
	digits := func() bool {
		from := i
		for i > 0 && from-i < 10 && b[i-1] >= '0' && b[i-1] <= '9' {
			i--
		}
		return i < from
	}
	spaces()
	if !digits() || !spaces() {
		return 0, 0, false
	}
	end := i
	if !digits() {
		return 0, 0, false
	}
	n, ok := pdfWhole(b[i:end])
	return int(n), i, ok && n > 0 && n <= maxPDFObject
}

// inStreams adds the objects in streams, when the key to them is known or none is needed.
func (s *pdfSurvey) inStreams(f *pdfFile) {
	for _, found := range s.streams {
		if f.step(1) != nil {
			return
		}
		// The stream itself is read by its place, not by what the damaged tables say of its number.
		v, _, _, ok := f.parseAt(found.off, found.number)
		stream, _ := v.(*pdfStream)
		if !ok || stream == nil {
			continue
		}
		saved := f.places.get(found.number)
		if !f.places.set(f.w, found.number, placeAt(found.off)) {
			f.fail(errPDFMemory)
			return
		}
		o, err := f.objectStream(found.number)
		f.places.set(f.w, found.number, saved)
		if err != nil {
			continue
		}
		for i, it := range o.items {
			p := s.places.get(int(it.number))
			if p&pdfKind == pdfOffset && p.offset() > found.off {
				continue
			}
			if !s.places.set(f.w, int(it.number), placeIn(found.number, i)) {
				f.fail(errPDFMemory)
				return
			}
		}
	}
}

// rebuild reads the file by what a survey finds, in place of its tables.
func (f *pdfFile) rebuild() error {
	f.forget()
	f.places.drop(f.w)
	if f.found != nil {
		f.found.places.drop(f.w)
		f.found = nil
	}
	f.trailer, f.crypt = pdfDict{}, nil
	if err := f.scan(); err != nil {
		return err
	}
	// The objects themselves first: the key is among them, and streams of objects may need it.
	f.places, f.found.places = f.found.places, pdfPlaces{}
	if err := f.findTrailer(); err != nil {
		return err
	}
	if err := f.decrypt(); err != nil {
		return err
	}
	f.forget()
	f.found.places = f.places
	f.found.inStreams(f)
	f.places, f.found.places = f.found.places, pdfPlaces{}
	f.forget()
	f.lost = nil // what was missing while nothing could be found
	if f.root() == nil {
		f.findRoot()
	}
	return f.err
}

// findTrailer takes the last trailer that names a root, in either form.
func (f *pdfFile) findTrailer() error {
	for _, off := range slices.Backward(f.found.trailers) {
		if t, ok := f.parseTrailer(off); ok && t["Root"] != nil {
			f.trailer = t
			return f.err
		}
	}
	for _, number := range slices.Backward(f.found.tables) {
		if s := f.stream(pdfRef(number)); s != nil && s.dict["Root"] != nil {
			f.trailer = s.dict
			return f.err
		}
	}
	return f.err
}

// findRoot looks for a catalogue where no trailer leads to one.
func (f *pdfFile) findRoot() {
	for _, number := range slices.Backward(f.found.catalogs) {
		if d := f.dict(pdfRef(number)); d != nil && f.dict(d["Pages"]) != nil {
			f.trailer["Root"] = pdfRef(number)
			return
		}
	}
	for _, found := range f.found.streams {
		o, err := f.objectStream(found.number)
		if err != nil {
			continue
		}
		var catalogs []int // what they lead to may take the stream's place
		for _, it := range o.items {
			if f.step(1) != nil {
				return
			}
			if len(catalogs) < maxPDFCatalogs && bytes.Contains(o.data[it.from:it.to], []byte("/Catalog")) {
				catalogs = append(catalogs, int(it.number))
			}
		}
		for _, number := range catalogs {
			f.trailer["Root"] = pdfRef(number)
			if f.root() != nil {
				return
			}
		}
	}
}
