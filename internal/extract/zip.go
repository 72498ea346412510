package extract

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/klauspost/compress/flate"
	"golang.org/x/text/encoding/charmap"
)

// zipFile reads a zip by its directory, an entry at a time: a directory of a million entries must not be held in memory, which
// is what archive/zip does.
type zipFile struct {
	at      io.ReaderAt
	size    int64
	dir     int64 // where the directory starts
	dirSize int64
	entries uint64
	base    int64 // bytes before the zip itself (self-extracting)
	end     int64 // what ends the directory
	dirEnd  int64 // where its entries end; 0: they have not been read
	w       *walker
	taken   extents // by entries that were opened

	// What it says beside its entries: behind its end, and of each of them, if said is not nil.
	comment  []byte
	comments bool // an entry has one
	texts    []extent
	said     func(text []byte) error

	// A zip without a directory has the entries that were found by what stands before each.
	lost  bool
	found []*zipEntry
}

type zipEntry struct {
	name      string
	method    uint16
	flags     uint16
	crc       uint32
	packed    int64
	size      int64
	offset    int64
	modified  time.Time
	directory bool
	loose     bool // packed is more than the entry has, or less
}

var errZip = stop(Partial, MalformedFile, "damaged or incomplete zip")

// maxZipEnds is how many records are tried that might be the end of a zip.
const maxZipEnds = 4096

// openZip finds the directory.
func openZip(w *walker, at io.ReaderAt, size int64) (*zipFile, error) {
	tail := min(size, 64*kib+22)
	buf := make([]byte, tail)
	if n, err := at.ReadAt(buf, size-tail); n < len(buf) {
		if err == nil || err == io.EOF {
			return nil, errZip
		}
		return nil, err
	}
	// A comment may hold what looks like the end of a zip, and so may a zip that is stored in this one: one whose comment goes
	// up to the end of the file comes first, and one that leads to no directory is none.
	tries := 0
	for _, exact := range []bool{true, false} {
		for i := len(buf) - 22; i >= 0; i-- {
			if buf[i] != 'P' || string(buf[i:i+4]) != "PK\x05\x06" {
				continue
			}
			if err := w.step(256); err != nil {
				return nil, err
			}
			if over := len(buf) - (i + 22 + int(binary.LittleEndian.Uint16(buf[i+20:]))); over < 0 || (over == 0) != exact {
				continue
			}
			if tries++; tries > maxZipEnds {
				return nil, errZip
			}
			if z := zipEndingAt(w, at, size, size-tail+int64(i), buf[i:]); z != nil {
				z.keepComment(buf[i:])
				return z, nil
			}
		}
	}
	return nil, errZip
}

// keepComment keeps the comment behind the end of a zip, and what somebody may have put behind that.
func (z *zipFile) keepComment(record []byte) {
	behind := record[22:]
	if n := int(binary.LittleEndian.Uint16(record[20:])); n < len(behind) && !reads(behind) {
		behind = behind[:n]
	}
	if len(behind) > 0 && reads(behind) && z.taken.holds.hold(int64(len(behind))) {
		z.comment = bytes.Clone(behind)
	}
}

// zipEndingAt reads the record at the end of a zip, which is at a place of the file; nil if it leads to no directory.
func zipEndingAt(w *walker, at io.ReaderAt, size, end int64, record []byte) *zipFile {
	le := binary.LittleEndian
	// A local header has 30 bytes: where fewer are between two entries there is no third.
	z := &zipFile{w: w, at: at, size: size, taken: extents{slack: 29, holds: holding{w: w}}}
	z.entries = uint64(le.Uint16(record[10:]))
	z.dirSize = int64(le.Uint32(record[12:]))
	z.dir = int64(le.Uint32(record[16:]))
	if z.entries == 0xffff || z.dirSize == 0xffffffff || z.dir == 0xffffffff {
		if e, ok := zip64End(at, end); ok {
			z.entries, z.dirSize, z.dir, end = e.entries, e.dirSize, e.dir, e.end
		}
	}
	if z.dirSize < 0 || z.dir < 0 || z.dirSize > end || z.dir > end {
		return nil
	}
	z.end = end
	if z.entries == 0 && end == 0 { // a zip without entries is nothing but its end
		return z
	}
	// What stands before the zip moves every offset.
	if !z.directoryAt(z.dir) {
		base := end - z.dirSize - z.dir
		if base <= 0 || !z.directoryAt(z.dir+base) {
			return nil
		}
		z.base = base
		z.dir += base
	}
	return z
}

// openAnyZip finds the directory, or the entries of a zip that has none any longer: a download that was cut off.
func openAnyZip(w *walker, at io.ReaderAt, size int64) (*zipFile, error) {
	z, err := openZip(w, at, size)
	if err != nil && errors.Is(err, errZip) {
		if z, lost := findEntries(w, at, size); lost != nil || z != nil {
			return z, lost
		}
	}
	return z, err
}

// localHeader is what stands before each entry, and is followed by its name.
var localHeader = []byte("PK\x03\x04")

// findEntries lists the entries of a zip that has no directory; nil when there are none.
func findEntries(w *walker, at io.ReaderAt, size int64) (*zipFile, error) {
	z := &zipFile{w: w, at: at, size: size, dir: size, end: size, lost: true, taken: extents{slack: 29, holds: holding{w: w}}}
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	buf := (*buffer)[:64*kib]
	var open *zipEntry // the last, if nothing says where it ends
	var from int64     // of its content
	for off := int64(0); off+30 <= size; {
		n, err := at.ReadAt(buf[:min(int64(len(buf)), size-off)], off)
		if err != nil && err != io.EOF || n < 30 {
			z.close()
			return nil, zipError(err, nil)
		}
		if err := w.step(64 + int64(n/4)); err != nil {
			z.close()
			return nil, err
		}
		next := off + int64(n-29) // where the next look begins, unless an entry says more
		for i := 0; i <= n-30; i++ {
			k := bytes.Index(buf[i:n-28], []byte("PK"))
			if k < 0 {
				break
			}
			i += k
			h, here := buf[i:n], off+int64(i)
			directory := string(h[:4]) == "PK\x01\x02"
			var e *zipEntry
			var content int64
			if bytes.HasPrefix(h, localHeader) {
				if err := w.step(256); err != nil {
					z.close()
					return nil, err
				}
				e, content = z.entryAt(h, here)
			}
			if e == nil && !directory {
				continue
			}
			if open != nil {
				open.packed = here - from
				open = nil
			}
			if directory {
				next = size
				break
			}
			if !z.taken.holds.hold(2 * (sizeOfEntry + int64(len(e.name)))) {
				z.close()
				return nil, stop(Partial, MalformedFile, "more entries than the memory allowed can hold")
			}
			z.found = append(z.found, e)
			to := content
			if e.loose {
				open, from = e, content
			} else {
				to += e.packed
			}
			if to-off > int64(n-30) {
				next = to
				break
			}
			i = int(to-off) - 1
		}
		off = next
	}
	if open != nil {
		open.packed = size - from
	}
	if len(z.found) == 0 {
		z.close()
		return nil, nil
	}
	z.entries = uint64(len(z.found))
	return z, nil
}

// entryAt reads the header of an entry, which is at a place of the file, and says where the content begins; nil if it is none.
func (z *zipFile) entryAt(h []byte, off int64) (e *zipEntry, content int64) {
	le := binary.LittleEndian
	n, x := int(le.Uint16(h[26:])), int(le.Uint16(h[28:]))
	if le.Uint16(h[4:]) > 100 || n == 0 || n > 4*kib || off+30+int64(n) > z.size {
		return nil, 0
	}
	name := make([]byte, n)
	if k, _ := z.at.ReadAt(name, off+30); k < n {
		return nil, 0
	}
	for _, c := range name {
		if c < ' ' {
			return nil, 0
		}
	}
	e = &zipEntry{
		name: string(name), flags: le.Uint16(h[6:]), method: le.Uint16(h[8:]), crc: le.Uint32(h[14:]),
		packed: int64(le.Uint32(h[18:])), size: int64(le.Uint32(h[22:])), offset: off, modified: dosTime(le.Uint16(h[12:]), le.Uint16(h[10:])),
	}
	content = off + 30 + int64(n+x)
	e.loose = e.flags&8 != 0 || e.packed == 0xffffffff || content+e.packed > z.size
	if e.loose {
		e.crc, e.size = 0, -1
	}
	e.directory = e.isDirectory()
	return e, content
}

// isDirectory says whether an entry is one: it has nothing in it, which is two bytes where it is packed.
func (e *zipEntry) isDirectory() bool {
	return strings.HasSuffix(e.name, "/") && e.size <= 0 && (e.packed == 0 || e.method == 8 && e.packed <= 2)
}

// close gives back what the zip holds.
func (z *zipFile) close() { z.taken.holds.drop() }

func (z *zipFile) directoryAt(off int64) bool {
	var b [4]byte
	n, _ := z.at.ReadAt(b[:], off)
	return n == 4 && string(b[:]) == "PK\x01\x02"
}

type zip64 struct {
	entries           uint64
	dirSize, dir, end int64
}

func zip64End(at io.ReaderAt, end int64) (zip64, bool) {
	le := binary.LittleEndian
	var loc [20]byte
	if n, _ := at.ReadAt(loc[:], end-20); n < 20 || string(loc[:4]) != "PK\x06\x07" {
		return zip64{}, false
	}
	off := int64(le.Uint64(loc[8:]))
	var b [56]byte
	if n, _ := at.ReadAt(b[:], off); n < 56 || string(b[:4]) != "PK\x06\x06" {
		return zip64{}, false
	}
	return zip64{le.Uint64(b[32:]), int64(le.Uint64(b[40:])), int64(le.Uint64(b[48:])), off}, true
}

// each calls f for every entry until it returns an error. How many there are, and how long the directory is, is only said: it is
// read as far as it goes.
func (z *zipFile) each(f func(*zipEntry) error) error {
	for _, e := range z.found {
		if err := z.w.step(100); err != nil {
			return err
		}
		if err := f(e); err != nil {
			return err
		}
	}
	if z.lost {
		return nil
	}
	size := max(z.end-z.dir, z.dirSize)
	r := bufio.NewReaderSize(io.NewSectionReader(z.at, z.dir, size), int(max(1*kib, min(size, 64*kib)))) // most directories are small
	le := binary.LittleEndian
	var buf, text []byte
	at := z.dir
	for i := uint64(0); ; i++ {
		z.dirEnd = at
		if i >= z.entries {
			if sign, err := r.Peek(4); err != nil || string(sign) != "PK\x01\x02" {
				return zipError(err, nil)
			}
		}
		var h [46]byte
		if _, err := io.ReadFull(r, h[:]); err != nil || string(h[:4]) != "PK\x01\x02" {
			return zipError(err, errZip)
		}
		n, x, c := int(le.Uint16(h[28:])), int(le.Uint16(h[30:])), int(le.Uint16(h[32:]))
		if err := z.w.step(int64(100 + (n+x+c)/16)); err != nil {
			return err
		}
		at += int64(len(h) + n + x + c)
		if n+x > cap(buf) {
			buf = make([]byte, n+x)
		}
		rest := buf[:n+x]
		if _, err := io.ReadFull(r, rest); err != nil {
			return zipError(err, errZip)
		}
		if c > 0 && z.said != nil {
			text = append(text[:0], make([]byte, c)...)
			if _, err := io.ReadFull(r, text); err != nil {
				return zipError(err, errZip)
			}
			if err := z.said(text); err != nil {
				return err
			}
		} else if _, err := r.Discard(c); err != nil {
			return zipError(err, errZip)
		}
		z.comments = z.comments || c > 0
		e := &zipEntry{
			flags: le.Uint16(h[8:]), method: le.Uint16(h[10:]), crc: le.Uint32(h[16:]),
			packed: int64(le.Uint32(h[20:])), size: int64(le.Uint32(h[24:])), offset: int64(le.Uint32(h[42:])),
			modified: dosTime(le.Uint16(h[14:]), le.Uint16(h[12:])),
		}
		name := rest[:n]
		if e.flags&0x800 == 0 && !validUTF8(name) {
			if d, err := charmap.CodePage437.NewDecoder().Bytes(name); err == nil {
				name = d
			}
		}
		e.name = string(name)
		e.extra(rest[n:])
		e.directory = e.isDirectory()
		if e.packed < 0 || e.size < 0 || e.offset < 0 {
			return errZip
		}
		if err := f(e); err != nil {
			return err
		}
	}
}

// zipError is the error of the object's reader, or else says what is malformed.
func zipError(err, malformed error) error {
	var se *sourceError
	var stopped errStop
	if errors.As(err, &se) || errors.As(err, &stopped) && stopped.Reason == TimeCutOffReached {
		return err
	}
	return malformed
}

// extra reads the sizes of zip64.
func (e *zipEntry) extra(b []byte) {
	le := binary.LittleEndian
	for len(b) >= 4 {
		id, n := le.Uint16(b), int(le.Uint16(b[2:]))
		b = b[4:]
		if n > len(b) {
			return
		}
		if id == 1 {
			f := b[:n]
			for _, v := range []*int64{&e.size, &e.packed, &e.offset} {
				if *v == 0xffffffff && len(f) >= 8 {
					*v = int64(le.Uint64(f))
					f = f[8:]
				}
			}
		}
		b = b[n:]
	}
}

func dosTime(date, clock uint16) time.Time {
	if date == 0 {
		return time.Time{}
	}
	return time.Date(int(date>>9)+1980, time.Month(date>>5&15), int(date&31), int(clock>>11), int(clock>>5&63), int(clock&31)*2, 0, time.UTC)
}

// extent is where the content of an entry begins, and how long it is, both of which its own header says, too.
func (z *zipFile) extent(e *zipEntry) (start, packed int64, err error) {
	var h [30]byte
	if n, err := z.at.ReadAt(h[:], z.base+e.offset); n < len(h) || string(h[:4]) != "PK\x03\x04" {
		if err != nil && err != io.EOF {
			return 0, 0, err
		}
		return 0, 0, errZip
	}
	le := binary.LittleEndian
	start = z.base + e.offset + 30 + int64(le.Uint16(h[26:])) + int64(le.Uint16(h[28:]))
	packed = e.packed
	if n := le.Uint32(h[18:]); h[6]&8 == 0 && n != 0xffffffff { // the directory may say less than there is
		packed = max(packed, int64(n))
	}
	if e.loose {
		packed = min(e.packed, z.size-start)
	}
	if start < 0 || packed < 0 || packed > z.size-start {
		return 0, 0, errZip
	}
	return start, packed, nil
}

// open returns the entry's content, and random access to it where it is stored as it is.
func (z *zipFile) open(w *walker, e *zipEntry) (io.ReadCloser, io.ReaderAt, error) {
	start, packed, err := z.extent(e)
	if err != nil {
		return nil, nil, err
	}
	if err := z.taken.take(z.base+e.offset, start+packed); err != nil {
		return nil, nil, err
	}
	raw := io.NewSectionReader(z.at, start, packed)
	switch e.method {
	case 0:
		return io.NopCloser(raw), raw, nil
	case 8:
		z := zipInflaters.Get().(*zipInflater)
		z.b.Reset(raw)
		_ = z.r.(flate.Resetter).Reset(z.b, nil)
		return &checked{r: foreignReader{w, "deflate", z.r}, z: z, want: e.crc, loose: e.loose}, nil, nil
	case 14:
		z, err := zipLZMA(w, raw, e)
		if err != nil {
			return nil, nil, decoding(err, "zip")
		}
		return z, nil, nil
	case 12:
		z, err := newBzip2(w, bufio.NewReader(raw))
		if err != nil {
			return nil, nil, decoding(err, "zip")
		}
		return z, nil, nil
	case 95:
		z, err := newXZ(w, raw, 8*mib)
		if err != nil {
			return nil, nil, decoding(err, "zip")
		}
		return z, nil, nil
	case 93:
		z, err := newZstd(w, raw, 8*mib)
		if err != nil {
			return nil, nil, decoding(err, "zip")
		}
		return z, nil, nil
	}
	return nil, nil, stop(Skipped, UnableToParseFile, "a method of compression that is not known")
}

// zipInflater decodes one entry after the other: a file may have very many of them, and what a decoder needs is far more than a
// small entry is.
type zipInflater struct {
	b *bufio.Reader
	r io.ReadCloser
}

var zipInflaters = sync.Pool{New: func() any {
	b := bufio.NewReaderSize(nil, 16*kib)
	return &zipInflater{b, flate.NewReader(b)}
}}

// checked compares the checksum at the end, and sees that nothing follows it.
type checked struct {
	r       foreignReader
	z       *zipInflater // nil: it is closed
	sum     uint32
	want    uint32
	loose   bool // something may follow it
	faulted bool // the decoder panicked
}

func (c *checked) Read(p []byte) (int, error) {
	if c.z == nil {
		return 0, os.ErrClosed
	}
	c.faulted = true
	n, err := c.r.decode(p, &c.faulted)
	c.sum = crc32.Update(c.sum, crc32.IEEETable, p[:n])
	if err == io.EOF && c.want != 0 && c.sum != c.want {
		return n, errZip
	}
	if err == io.EOF && !c.loose {
		if _, more := c.z.b.Peek(1); more != io.EOF {
			return n, zipError(more, errZip)
		}
	}
	return n, err
}

func (c *checked) Close() error {
	if z := c.z; z != nil && !c.faulted {
		z.b.Reset(nil)
		zipInflaters.Put(z)
	}
	c.z = nil
	return nil
}

// sniffZip looks inside: a Word file, a workbook, or an archive.
func sniffZip(in *input) (kind, error) {
	if mime, ok := openDocument(in.head()); ok {
		k := kindODF
		k.mime = mime
		return k, nil
	}
	// A zip that only flows is spooled, up to what its kind may have; the directory is at its end.
	limit := kindZip.maxBytes
	at, size, err := in.readerAt(limit)
	if err != nil {
		return kindZip, err
	}
	z, err := openAnyZip(in.w, at, size)
	if err != nil {
		return kindZip, zipError(err, nil) // what is malformed will be said when it is opened
	}
	defer z.close()
	return z.kind()
}

// kind tells an Office file from an archive by its entries.
func (z *zipFile) kind() (kind, error) {
	k, looked := kindZip, 0
	types := false
	var mimetype *zipEntry // of an OpenDocument file that somebody packed anew
	errFound := stop(Complete, "", "")
	_ = z.each(func(e *zipEntry) error {
		switch partName(e.name) {
		case "[Content_Types].xml":
			types = true
		case "word/document.xml", "word/document2.xml":
			k = kindDOCX
		case "xl/workbook.xml":
			k = kindXLSX
		case "mimetype":
			mimetype = e
		case "ppt/presentation.xml":
			k = kindPPTX
		}
		if looked++; looked > 2000 || types && k.mime != kindZip.mime {
			return errFound
		}
		return nil
	})
	if !types {
		if mime := odfType(z.w, z, mimetype); mime != "" {
			k = kindODF
			k.mime = mime
			return k, nil
		}
		return kindZip, nil
	}
	return k, nil
}

const odfMIME = "application/vnd.oasis.opendocument."

// odfType reads the part that says which kind of OpenDocument a file is; empty when it says something else.
func odfType(w *walker, z *zipFile, e *zipEntry) string {
	if e == nil || e.flags&1 != 0 {
		return ""
	}
	r, _, err := z.open(w, e)
	if err != nil {
		return ""
	}
	defer r.Close()
	text := make([]byte, 128)
	n, _ := io.ReadFull(r, text)
	if mime := string(bytes.TrimSpace(text[:n])); strings.HasPrefix(mime, odfMIME) && memberPath("", mime) == mime {
		return mime
	}
	return ""
}

// openDocument recognises OpenDocument, whose first part is its type, stored as it is.
func openDocument(head []byte) (mime string, ok bool) {
	const prefix = "mimetypeapplication/vnd.oasis.opendocument."
	if len(head) < 30+len(prefix) || string(head[30:30+len(prefix)]) != prefix {
		return "", false
	}
	rest := head[38:min(len(head), 200)]
	n := bytes.IndexByte(rest, 'P') // the next part's PK
	if n < 0 {
		return "", false
	}
	return string(rest[:n]), true
}

func extractZip(w *walker, doc *Document, in *input) error {
	at, size, err := in.readerAt(kindZip.maxBytes)
	if err != nil {
		return err
	}
	z, err := openAnyZip(w, at, size)
	if err != nil {
		return zipError(err, stop(Skipped, MalformedFile, "damaged or incomplete zip"))
	}
	defer z.close()
	if z.entries > uint64(w.opts.MaxFiles) {
		return stop(Skipped, ArchiveTotalDocumentsProcessedOverLimit, "too many files")
	}
	a := newArchive(w, doc)
	var total int64
	err = z.each(func(e *zipEntry) error {
		if total += max(e.size, 0); total > w.opts.MaxTotalBytes || total < 0 {
			return stop(Skipped, ArchiveTotalBytesExtractedOverLimit, "too many bytes")
		}
		return nil
	})
	if err != nil && total > w.opts.MaxTotalBytes {
		return err
	}
	err = z.each(func(e *zipEntry) error {
		if e.directory {
			err := z.taken.take(z.base+e.offset, z.base+e.offset+30+int64(len(e.name)))
			if err == errShared {
				err = nil
			}
			return err
		}
		if err := w.alive(); err != nil {
			return err
		}
		r, raw, err := z.open(w, e)
		refused := Reason("")
		detail := ""
		switch {
		case e.flags&1 != 0:
			refused, detail = UnableToParseFile, "encrypted"
		case err != nil:
			s, ok := err.(errStop)
			if !ok || s.Reason == TimeCutOffReached {
				return err
			}
			refused, detail = s.Reason, s.Detail
		}
		if refused != "" {
			w.files++
			return a.skip(&Document{Parent: doc, Path: memberPath(doc.Path, e.name), Size: e.size, Modified: e.modified, Depth: a.depth}, refused, detail)
		}
		defer r.Close()
		return a.member(e.name, e.size, e.modified, r, raw)
	})
	if err != nil {
		return err
	}
	doc.Read = max(doc.Size, 0)
	if z.lost {
		code := Partial
		if a.opened == 0 {
			code = Skipped
		}
		return stop(code, MalformedFile, "its directory is missing")
	}
	if unlisted, err := z.between(z.taken.list); err != nil {
		return err
	} else if unlisted {
		a.miss(MalformedFile, "files that its directory does not list")
	}
	if err := z.says(doc); err != nil {
		return err
	}
	return a.status()
}

// says hands over what the zip says beside its entries, if it says anything.
func (z *zipFile) says(doc *Document) error {
	if len(z.comment) == 0 && !z.comments && len(z.texts) == 0 {
		return nil
	}
	return z.w.says(doc, z.saying)
}

// saying writes its comment, and those of the entries.
func (z *zipFile) saying(b *builder) error {
	for _, t := range z.texts {
		if err := z.text(b, t); err != nil {
			return err
		}
	}
	err := b.write(append(zipText(z.comment), '\n'))
	if err != nil || !z.comments {
		return err
	}
	z.said = func(text []byte) error {
		if !reads(text) {
			return nil
		}
		return b.write(append(zipText(text), '\n'))
	}
	return z.each(func(*zipEntry) error { return nil })
}

// zipText is a comment in UTF-8.
func zipText(text []byte) []byte {
	if !validUTF8(text) {
		if d, err := charmap.CodePage437.NewDecoder().Bytes(text); err == nil {
			return d
		}
	}
	return text
}

// part opens an entry of an Office file, with its limits.
func (o *office) part(e *zipEntry) (io.ReadCloser, error) {
	if e.flags&1 != 0 {
		return nil, stop(Skipped, UnableToParseFile, "encrypted")
	}
	r, _, err := o.zip.open(o.w, e)
	if errors.Is(err, errShared) {
		return nil, stop(Partial, MalformedOrFileSizeExceedsLimit, errShared.(errStop).Detail)
	}
	if err != nil {
		return nil, err
	}
	return &partReader{ReadCloser: r, o: o, packed: max(e.packed, 1)}, nil
}

// office is an Office Open XML file: a zip whose parts are found by name.
type office struct {
	w     *walker
	zip   *zipFile
	parts map[string]*zipEntry
	// others are the parts that nobody asked for and that may be files all the same.
	others []*zipEntry
	// end is where the parts that were met end, as the directory says it, and apart whether more may stand before one of them, or between
	// two, than belongs to them.
	end   int64
	apart bool
	lower map[string]string // names of parts that have capitals, by their small letters; see partCalled
	size  int64             // of the file
	total int64
	holds holding
	// linked are the places outside the file that its parts link to, a line each, as far as relations has seen them. They are a part
	// of the fixed buffers of a walker, as workbook.said is.
	linked []byte
	// missed is what was not read although the rest was.
	missed error
}

const (
	maxParts    = 20_000
	sizeOfEntry = int64(unsafe.Sizeof(zipEntry{})) + 64
)

// close gives back what the file holds.
func (o *office) close() {
	o.zip.close()
	o.holds.drop()
}

func openOffice(w *walker, in *input, wanted func(name string) bool) (*office, error) {
	at, size, err := in.readerAt(kindXLSX.maxBytes)
	if err != nil {
		return nil, err
	}
	z, err := openAnyZip(w, at, size)
	if err != nil {
		return nil, zipError(err, stop(Skipped, MalformedOrFileSizeExceedsLimit, "damaged or incomplete"))
	}
	o := &office{w: w, zip: z, parts: map[string]*zipEntry{}, size: size, holds: holding{w: w}}
	err = z.each(func(e *zipEntry) error {
		o.follows(e)
		if name := partName(e.name); name != e.name && o.parts[name] == nil {
			e.name = name
		}
		other := !wanted(e.name)
		if other && (e.directory || !mayBeFile(e.name)) {
			return nil
		}
		if len(o.parts)+len(o.others) >= maxParts || !o.holds.hold(sizeOfEntry+2*int64(len(e.name))) {
			return stop(Skipped, MalformedOrFileSizeExceedsLimit, "more parts than are read")
		}
		if other {
			o.others = append(o.others, e)
			return nil
		}
		if o.parts[e.name] != nil {
			o.miss("two parts of one name")
		}
		o.parts[e.name] = e
		return nil
	})
	if z.lost {
		o.miss("its directory is missing")
	}
	if errors.Is(err, errZip) && len(o.parts) > 0 { // what is there is read all the same
		o.miss("its directory is damaged or incomplete")
		err = nil
	}
	if err != nil {
		o.close()
		return nil, decodingOffice(err)
	}
	return o, nil
}

// follows notes where a part is that the directory lists next. Where each begins where the one before it ends but for a few bytes, which
// say more of it, no part's own header need be looked at.
func (o *office) follows(e *zipEntry) {
	at, room := o.zip.base+e.offset, int64(leastBetween)
	if o.end == 0 {
		room = leastText
	}
	decoded := e.flags&0x800 == 0 && strings.ContainsFunc(e.name, func(c rune) bool { return c >= utf8.RuneSelf }) // and may be longer than in the file
	o.apart = o.apart || decoded || at < o.end || at-o.end >= room
	o.end = at + 30 + int64(len(e.name)) + e.packed
}

// miss notes that something was not read although the rest is.
func (o *office) miss(detail string) {
	if o.missed == nil {
		o.missed = stop(Partial, MalformedOrFileSizeExceedsLimit, detail)
	}
}

// partReader watches the ratio and the total while a part is inflated.
type partReader struct {
	io.ReadCloser
	o            *office
	packed, read int64
}

const ratioGrace = 1 * mib

func (p *partReader) Read(b []byte) (int, error) {
	if err := p.o.w.alive(); err != nil {
		return 0, err
	}
	n, err := p.ReadCloser.Read(b)
	p.read += int64(n)
	p.o.total += int64(n)
	if p.read > ratioGrace && p.read/p.packed > p.o.w.opts.MaxOOXMLRatio {
		return 0, stop(Partial, OOXMLUncompressedRatioExceedsLimit, "a part inflates beyond the ratio allowed")
	}
	if p.o.total > p.o.w.opts.MaxOfficeBytes {
		return 0, stop(Partial, OOXMLUncompressedSizeExceedsLimit, "larger than an Office file may be")
	}
	return n, err
}
