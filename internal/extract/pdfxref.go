package extract

import (
	"bytes"
	"io"
	"strconv"
)

// pdfPlace says where an object is, in one word: its kind in the two highest bits, and below them an offset, or the number of
// an object stream and the index in it.
type pdfPlace uint64

const (
	pdfNowhere pdfPlace = iota << 62
	pdfFree             // deleted; older tables must not bring it back
	pdfOffset
	pdfInStream

	pdfKind      = 3 << 62
	maxPDFObject = 10_000_000
)

func placeAt(off int64) pdfPlace { return pdfOffset | pdfPlace(off) }

func placeIn(stream, index int) pdfPlace {
	return pdfInStream | pdfPlace(stream)<<31 | pdfPlace(index&(1<<31-1))
}

func (p pdfPlace) offset() int64 { return int64(p &^ pdfKind) }
func (p pdfPlace) stream() int   { return int(p &^ pdfKind >> 31) }
func (p pdfPlace) index() int    { return int(p & (1<<31 - 1)) }

// pdfPlaces is a table of places by object number, in pages since numbers are dense.
type pdfPlaces struct {
	pages map[int]*[pdfPlacePage]pdfPlace
}

const (
	pdfPlacePage     = 512
	pdfPlacePageSize = pdfPlacePage*8 + 64
)

func (t *pdfPlaces) get(number int) pdfPlace {
	if page := t.pages[number/pdfPlacePage]; page != nil && number > 0 {
		return page[number%pdfPlacePage]
	}
	return pdfNowhere
}

// set reports false when the memory is used up.
func (t *pdfPlaces) set(w *walker, number int, p pdfPlace) bool {
	if number <= 0 || number > maxPDFObject {
		return true
	}
	page := t.pages[number/pdfPlacePage]
	if page == nil {
		if !w.hold(pdfPlacePageSize) {
			return false
		}
		if t.pages == nil {
			t.pages = map[int]*[pdfPlacePage]pdfPlace{}
		}
		page = new([pdfPlacePage]pdfPlace)
		t.pages[number/pdfPlacePage] = page
	}
	page[number%pdfPlacePage] = p
	return true
}

func (t *pdfPlaces) drop(w *walker) {
	w.release(int64(len(t.pages)) * pdfPlacePageSize)
	t.pages = nil
}

// pdfTables is the reading of the cross-reference tables, the newest first: what one says, older ones do not change.
type pdfTables struct {
	f     *pdfFile
	seen  map[int64]bool
	words []byte // the buffer of pdfWords
	freed []int  // by the table being read: a stream beside it may still say where they are
}

const (
	maxPDFTables = 10_000
	maxPDFFreed  = 100_000
)

func (t *pdfTables) place(number int, p pdfPlace) error {
	if t.f.places.get(number) != pdfNowhere {
		return t.f.step(1)
	}
	if !t.f.places.set(t.f.w, number, p) {
		return t.f.fail(stop(Partial, UnableToParseFile, "more objects than the memory allowed can hold"))
	}
	return t.f.step(1)
}

// readTables follows the cross-reference tables from the last to the first.
func (f *pdfFile) readTables() error {
	tail := make([]byte, min(f.size, 2*kib))
	tail = tail[:f.readAt(tail, f.size-int64(len(tail)))]
	i := bytes.LastIndex(tail, []byte("startxref"))
	if i < 0 {
		return errPDF
	}
	l := pdfLexer{b: tail[i+9:], limit: kib}
	start, ok := l.object(0).(pdfNumber)
	if !ok {
		return errPDF
	}
	t := &pdfTables{f: f, seen: map[int64]bool{}}
	for off := int64(start); ; {
		if t.seen[off] {
			break
		}
		if t.seen[off] = true; len(t.seen) > maxPDFTables {
			f.lose(UnableToParseFile, "too many cross-reference tables")
			break
		}
		trailer, err := t.table(off)
		if err != nil {
			return err
		}
		if f.trailer == nil {
			f.trailer = trailer
		}
		prev, ok := trailer["Prev"].(pdfNumber)
		if !ok {
			break
		}
		off = int64(prev)
	}
	return f.err
}

// table reads one cross-reference table, of either kind, or of both kinds at once.
func (t *pdfTables) table(off int64) (pdfDict, error) {
	if off < 0 || off >= t.f.size {
		return nil, errPDF
	}
	if t.words == nil {
		t.words = make([]byte, pdfWordsBuffer)
	}
	words := &pdfWords{f: t.f, off: off, buf: t.words}
	if !bytes.Equal(words.next(), []byte("xref")) {
		return t.stream(off)
	}
	t.freed = t.freed[:0]
	if err := t.sections(words); err != nil {
		return nil, err
	}
	trailer, _ := t.f.parseTrailer(words.at())
	if trailer == nil {
		return nil, errPDF
	}
	if x, ok := trailer["XRefStm"].(pdfNumber); ok && !t.seen[int64(x)] {
		t.seen[int64(x)] = true
		if _, err := t.stream(int64(x)); err != nil {
			return nil, err
		}
	}
	for _, number := range t.freed {
		if err := t.place(number, pdfFree); err != nil {
			return nil, err
		}
	}
	return trailer, nil
}

// sections reads the entries of a table up to its trailer. Lines need not have the length that the standard gives them.
func (t *pdfTables) sections(words *pdfWords) error {
	for {
		head := words.next()
		if bytes.Equal(head, []byte("trailer")) {
			return nil
		}
		first, ok1 := pdfWhole(head)
		count, ok2 := pdfWhole(words.next())
		if !ok1 || !ok2 {
			return errPDF
		}
		for i := range count {
			off, ok1 := pdfWhole(words.next())
			generation, ok2 := pdfWhole(words.next())
			kind := words.next()
			if !ok1 || !ok2 || len(kind) != 1 {
				return errPDF
			}
			if i == 0 && first == 1 && kind[0] == 'f' && generation == 65535 {
				first = 0 // some writers count the head of the free list as 1
			}
			if err := t.entry(first+i, off, kind[0]); err != nil {
				return err
			}
		}
	}
}

func (t *pdfTables) entry(number, off int64, kind byte) error {
	if number > maxPDFObject {
		return t.f.step(1)
	}
	switch {
	case kind == 'n' && off > 0:
		return t.place(int(number), placeAt(off))
	case kind == 'f' || kind == 'n':
		if len(t.freed) < maxPDFFreed {
			t.freed = append(t.freed, int(number))
		}
		return t.f.step(1)
	}
	return errPDF
}

// stream reads a cross-reference stream.
func (t *pdfTables) stream(off int64) (pdfDict, error) {
	v, _, _, _ := t.f.parseAt(off, pdfAnyNumber)
	s, _ := v.(*pdfStream)
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
	index, _ := s.dict["Index"].([]any)
	if index == nil {
		index = []any{pdfNumber(0), s.dict["Size"]}
	}
	if w[0]+w[1]+w[2] == 0 {
		return nil, errPDF
	}
	r, err := t.f.decodePlain(s)
	if err != nil {
		return nil, err
	}
	defer r.close()
	row := make([]byte, w[0]+w[1]+w[2])
	for i := 0; i+1 < len(index); i += 2 {
		first, _ := index[i].(pdfNumber)
		count, _ := index[i+1].(pdfNumber)
		for k := range int64(max(0, min(count, maxPDFObject))) {
			if _, err := io.ReadFull(r, row); err != nil {
				return s.dict, t.f.err
			}
			if err := t.row(int64(first)+k, row, w); err != nil {
				return nil, err
			}
		}
	}
	return s.dict, t.f.err
}

func (t *pdfTables) row(number int64, row []byte, w [3]int) error {
	var v [3]uint64
	at := 0
	for i, n := range w {
		for _, c := range row[at : at+n] {
			v[i] = v[i]<<8 | uint64(c)
		}
		at += n
	}
	if w[0] == 0 {
		v[0] = 1
	}
	if number < 0 || number > maxPDFObject {
		return t.f.step(1)
	}
	switch {
	case v[0] == 0:
		return t.place(int(number), pdfFree)
	case v[0] == 1 && v[1] < 1<<62:
		return t.place(int(number), placeAt(int64(v[1])))
	case v[0] == 2 && v[1] <= maxPDFObject && v[2] < 1<<31:
		return t.place(int(number), placeIn(int(v[1]), int(v[2])))
	}
	return t.f.step(1)
}

// pdfWords reads words from the file, one after the other.
type pdfWords struct {
	f   *pdfFile
	off int64 // of buf[0]
	buf []byte
	n   int
	pos int
}

const (
	maxPDFWord     = 64
	pdfWordsBuffer = 16 * kib
)

func (w *pdfWords) at() int64 { return w.off + int64(w.pos) }

// next returns a word, valid until the next one; at the end of the file, and where there is none, it is empty.
func (w *pdfWords) next() []byte {
	for {
		if w.n-w.pos < maxPDFWord {
			w.fill()
		}
		for w.pos < w.n && pdfSpace(w.buf[w.pos]) {
			w.pos++
		}
		if w.n-w.pos >= maxPDFWord || w.off+int64(w.n) >= w.f.size || w.f.step(w.pos) != nil {
			break
		}
	}
	from := w.pos
	for w.pos < w.n && w.pos-from < maxPDFWord && !pdfSpace(w.buf[w.pos]) && !pdfDelimiter(w.buf[w.pos]) {
		w.pos++
	}
	return w.buf[from:w.pos]
}

func (w *pdfWords) fill() {
	w.off += int64(w.pos)
	w.pos = 0
	w.n = w.f.readAt(w.buf, w.off)
}

func pdfWhole(word []byte) (int64, bool) {
	if len(word) == 0 || len(word) > 18 || word[0] < '0' || word[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseInt(string(word), 10, 64)
	return n, err == nil
}
