package extract

import (
	"errors"
	"io"
)

// extractPDF reads the text of a PDF page by page, with what its forms, notes and attachments hold. The reader is our own
// because those that exist hold what a file tells them to and run as long as it tells them to; here every object, stream and
// loop has a bound.
//
//	pdf.go        the file: its limits, and what was lost of it
//	pdfxref.go    where objects are, by the file's own tables
//	pdfrepair.go  where objects are, by looking for them
//	pdfobject.go  objects by number, pdfsyntax.go parses them
//	pdfstream.go  the bytes of streams, pdffilter.go the old filters, pdfcrypt.go the ciphers
//	pdfpages.go   pages and what hangs on them, pdfmeta.go what belongs to the whole document
//	pdfscan.go    tokens of content, pdfcontent.go follows them, pdftext.go writes text
//	pdffont.go    codes to characters and widths, with pdfcmap.go and pdfglyphs.go
func extractPDF(w *walker, doc *Document, in *input) error {
	at, size, err := in.readerAt(kindPDFMax)
	if err != nil {
		return err
	}
	f := &pdfFile{w: w, at: at, size: size, budget: 100*size + 16*mib}
	defer f.close()
	if !f.reserve() {
		return errPDFMemory
	}
	if err := f.open(); err != nil {
		return decoding(err, "PDF")
	}
	b := newBuilder(w, doc, false)
	defer b.close()
	p := newPDFReader(f, b)
	defer p.close()
	err = p.document()
	doc.Read = min(f.touched, max(size, 0))
	if err == nil {
		doc.Read = max(doc.Size, 0)
	}
	if flushed := b.finish(); flushed != nil {
		return flushed
	}
	if err == nil {
		err = p.attachments(doc)
	}
	if err == nil {
		err = f.lost
	}
	if err != nil {
		return decoding(err, "PDF")
	}
	return nil
}

const kindPDFMax = 1 * gib

var (
	errPDF       = stop(Partial, MalformedFile, "damaged or incomplete PDF")
	errPDFMemory = stop(Partial, UnableToParseFile, "needs more memory than allowed")
	errPDFBudget = stop(Partial, UnableToParseFile, "it decodes to far more than it is")
)

// pdfFile is the objects of a file.
//
// An error that ends the reading (time, memory, the source) is kept in err: from then on every object is nil and every stream
// is at its end, and the loops above find out by step. What is merely missing or damaged is noted by lose, and reading goes on.
type pdfFile struct {
	w       *walker
	at      io.ReaderAt
	size    int64
	places  pdfPlaces
	found   *pdfSurvey // the objects as a look through the whole file finds them; nil: it has not been needed
	trailer pdfDict
	crypt   *pdfCrypt

	cache   pdfCache
	streams []*pdfObjects // decoded lately, the last one last
	depth   int           // of resolving
	spare   []byte        // what the next stream of objects is decoded into
	scratch []byte        // what objects are parsed from
	ending  []byte        // where the end of a stream is looked for
	program []byte        // of a font

	budget  int64 // bytes that may still be parsed, decoded and written
	touched int64 // bytes of streams that were read
	held    int64 // of the walker's memory, by the file itself
	err     error
	lost    error

	end pdfEnd
}

// pdfEnd remembers the last look for the end of a stream: every look that starts between from and at finds the same.
type pdfEnd struct{ from, at int64 }

func (f *pdfFile) close() {
	f.places.drop(f.w)
	if f.found != nil {
		f.found.places.drop(f.w)
	}
	f.forget()
	f.w.release(f.held)
	f.held = 0
}

// reserve holds a quarter of the memory for values in use and for the fixed buffers of content and filters, which are not
// accounted one by one. What lasts longer (tables, caches, fonts) is.
func (f *pdfFile) reserve() bool {
	n := f.w.opts.MaxMemory / 4
	if !f.w.hold(n) {
		return false
	}
	f.held += n
	return true
}

// forget gives back the caches, before something else needs the memory.
func (f *pdfFile) forget() {
	f.cache.drop(f.w)
	for _, o := range f.streams {
		f.w.release(o.held)
	}
	f.streams = nil
	f.dropSpare()
	f.scratch, f.ending, f.program = nil, nil, nil
}

// most is how much one object may occupy, and one decoded stream of objects.
func (f *pdfFile) most() int64 { return f.w.opts.MaxMemory / 16 }

// fail ends the reading; the first reason counts.
func (f *pdfFile) fail(err error) error {
	if f.err == nil {
		f.err = err
	}
	return f.err
}

// lose notes that something could not be read, which the status must say.
func (f *pdfFile) lose(reason Reason, detail string) {
	if f.lost == nil {
		f.lost = stop(Partial, reason, detail)
	}
}

// step counts work. Every loop that the file drives goes through it.
func (f *pdfFile) step(n int) error {
	if f.err != nil {
		return f.err
	}
	if err := f.w.step(int64(n)); err != nil {
		return f.fail(err)
	}
	return nil
}

// spend counts work that is paid for in bytes, of which a file has a number that follows from its size: a few bytes that are
// used again and again run out of it.
func (f *pdfFile) spend(n int) error {
	if f.budget -= int64(n); f.budget < 0 {
		return f.fail(errPDFBudget)
	}
	return f.step(n)
}

// readAt fills b from the file and returns how much there was.
func (f *pdfFile) readAt(b []byte, off int64) int {
	if off < 0 || off >= f.size || f.err != nil {
		return 0
	}
	b = b[:min(int64(len(b)), f.size-off)]
	n, err := f.at.ReadAt(b, off)
	if n < len(b) {
		if err != nil && !errors.Is(err, io.EOF) {
			f.fail(err)
		} else {
			f.lose(MalformedFile, "the file ended while it was read")
		}
	}
	return n
}

func (f *pdfFile) open() error {
	damaged := f.readTables() != nil
	if f.err != nil {
		return f.err
	}
	if !damaged {
		if err := f.decrypt(); err != nil {
			return err
		}
	}
	if damaged || f.root() == nil {
		if err := f.rebuild(); err != nil {
			return err
		}
	}
	if f.err != nil {
		return f.err
	}
	if f.root() == nil && len(f.found.pages) == 0 {
		return stop(Skipped, MalformedFile, "damaged or incomplete PDF")
	}
	return f.err
}

// decrypt finds the key, if the file has one.
func (f *pdfFile) decrypt() error {
	f.crypt = nil
	e := f.trailer["Encrypt"]
	if e == nil || f.resolve(e) == nil {
		return f.err
	}
	c, err := newPDFCrypt(f, e)
	if err != nil {
		return err
	}
	f.crypt = c
	f.forget()
	return f.err
}

// root is the catalogue, if it leads to pages.
func (f *pdfFile) root() pdfDict {
	r := f.dict(f.trailer["Root"])
	if r == nil || f.dict(r["Pages"]) == nil {
		return nil
	}
	return r
}
