package extract

import (
	"archive/tar"
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"math/bits"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/klauspost/compress/zstd"
	"github.com/mikelolasagasti/xz"
)

// archive is one archive being walked: what became of its members decides what becomes of it.
type archive struct {
	w      *walker
	doc    *Document
	depth  int    // of its members
	path   string // what is put before their names
	reason Reason
	detail string
	missed int
	opened int
}

func newArchive(w *walker, doc *Document) *archive {
	a := &archive{w: w, doc: doc, depth: doc.Depth + 1, path: doc.Path}
	// A compressed tar is one archive, though two programs made it.
	if doc.MIME == kindTar.mime && doc.Parent != nil && compressed(doc.Parent.MIME) {
		a.depth, a.path = doc.Depth, doc.Parent.Path
	}
	return a
}

func compressed(mime string) bool {
	switch mime {
	case kindGzip.mime, kindBzip2.mime, kindXZ.mime, kindZstd.mime:
		return true
	}
	return false
}

// miss notes a member that was not, or not wholly, analysed. A limit of the whole archive says more than that something is
// missing.
func (a *archive) miss(reason Reason, detail string) {
	a.missed++
	switch reason {
	case ArchiveNestingLevelOverLimit, ArchiveTotalBytesExtractedOverLimit, ArchiveTotalDocumentsProcessedOverLimit, TimeCutOffReached:
		if a.reason == "" || a.reason == ArchiveContainsUnprocessedFiles {
			a.reason, a.detail = reason, detail
		}
	default:
		if a.reason == "" {
			a.reason, a.detail = ArchiveContainsUnprocessedFiles, detail
		}
	}
}

// status is the archive's own.
func (a *archive) status() error {
	if a.reason == "" {
		return nil
	}
	code := Partial
	if a.opened == 0 {
		code = Skipped
	}
	detail := a.detail
	if a.missed > 1 {
		detail = fmt.Sprintf("%s, and %d more not analysed", detail, a.missed-1)
	}
	return stop(code, a.reason, detail)
}

// member opens one file of the archive. An error ends the archive; what is wrong with the member itself is noted.
// at is nil where the archive only flows. r's errors are the member's.
func (a *archive) member(name string, size int64, mod time.Time, r io.Reader, at io.ReaderAt) error {
	w := a.w
	if a.depth > w.opts.MaxDepth {
		a.miss(ArchiveNestingLevelOverLimit, "archives nested too deeply")
		return nil
	}
	if w.files++; w.files > w.opts.MaxFiles {
		a.miss(ArchiveTotalDocumentsProcessedOverLimit, "too many files")
		return a.status()
	}
	doc := &Document{Parent: a.doc, Path: memberPath(a.path, name), Size: size, Modified: mod, Depth: a.depth}
	if size > w.opts.MaxMemberBytes {
		return a.skip(doc, FileExceedsSizeLimit, "a file larger than may be extracted")
	}
	in := newMember(w, name, &metered{w: w, r: r, left: w.opts.MaxMemberBytes}, at, size)
	defer in.close()
	status, err := w.document(doc, in)
	if err != nil {
		return err
	}
	a.note(doc, status)
	if w.total > w.opts.MaxTotalBytes || status.Reason == TimeCutOffReached || status.Reason == ArchiveTotalDocumentsProcessedOverLimit {
		return a.status()
	}
	return nil
}

func (a *archive) note(doc *Document, status Status) {
	if status.Code != Skipped {
		a.opened++
	}
	if status.Code != Complete {
		a.miss(status.Reason, status.Detail)
	}
}

// skip announces a member that is not opened.
func (a *archive) skip(doc *Document, reason Reason, detail string) error {
	if doc.MIME == "" {
		doc.MIME = "application/octet-stream"
	}
	if err := a.w.sink.Begin(doc); err != nil {
		return &sourceError{err}
	}
	status := Status{Code: Skipped, Reason: reason, Detail: detail}
	if err := a.w.sink.End(doc, status); err != nil {
		return &sourceError{err}
	}
	a.note(doc, status)
	return nil
}

// memberPath is what a member is called in what we print. Nothing is ever written under that name; it is cleaned all the same,
// since others will read it: no way up, no absolute path, no control characters.
func memberPath(parent, name string) string {
	name = strings.ToValidUTF8(name, "\ufffd")
	name = strings.Map(func(r rune) rune {
		switch {
		case r == '\\':
			return '/'
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			return '\ufffd'
		}
		return r
	}, name)
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	if name == "" || name == "." {
		name = "content"
	}
	if len(name) > 1024 {
		name = strings.ToValidUTF8(name[:1024], "")
	}
	return path.Join(parent, name)
}

// metered counts what is extracted against the limits.
type metered struct {
	w    *walker
	r    io.Reader
	left int64
}

func (m *metered) Read(p []byte) (int, error) {
	if err := m.w.alive(); err != nil {
		return 0, err
	}
	n, err := m.r.Read(p)
	m.w.total += int64(n)
	m.left -= int64(n)
	if m.w.total > m.w.opts.MaxTotalBytes {
		return 0, stop(Partial, ArchiveTotalBytesExtractedOverLimit, "too many bytes")
	}
	if m.left < 0 {
		return 0, stop(Partial, FileExceedsSizeLimit, "a file larger than may be extracted")
	}
	return n, err
}

// inner is the name of what a compressed file holds.
func inner(name string, exts ...string) string {
	name = path.Base(strings.ReplaceAll(name, "\\", "/"))
	low := strings.ToLower(name)
	switch path.Ext(low) {
	case ".tgz", ".tbz", ".tbz2", ".txz", ".tzst":
		return name[:len(name)-len(path.Ext(name))] + ".tar"
	}
	for _, e := range exts {
		if strings.HasSuffix(low, e) && len(name) > len(e) {
			return name[:len(name)-len(e)]
		}
	}
	return "content"
}

// only walks an archive of one member.
func only(w *walker, doc *Document, in *input, name string, mod time.Time, r io.Reader) error {
	a := newArchive(w, doc)
	if readsBehind(in.head(), maxMagic) {
		// What does not even begin to decode is no archive, but a text that begins like one.
		b := bufio.NewReaderSize(r, 512)
		if _, err := b.Peek(1); err != nil && err != io.EOF {
			return decoding(err, "compressed file")
		}
		r = b
	}
	if err := a.member(name, -1, mod, r, nil); err != nil {
		return err
	}
	doc.Read = max(doc.Size, 0)
	return a.status()
}

func extractGzip(w *walker, doc *Document, in *input) error {
	g, err := newGzip(w, in)
	if err != nil {
		return decoding(err, "gzip")
	}
	defer g.close()
	name := g.z.Name
	g.note(name)
	if name == "" {
		name = inner(in.name, ".gz", ".gzip")
	}
	err = only(w, doc, in, name, g.z.ModTime, g)
	if notWhatItSeems(err) {
		return err
	}
	return w.noted(doc, g.notes, err)
}

func extractBzip2(w *walker, doc *Document, in *input) error {
	z, err := newBzip2(w, in)
	if err != nil {
		return err
	}
	defer z.Close()
	return only(w, doc, in, inner(in.name, ".bz2", ".bz"), time.Time{}, z)
}

func extractXZ(w *walker, doc *Document, in *input) error {
	z, err := newXZ(w, in, 64*mib)
	if err != nil {
		return decoding(err, "xz")
	}
	defer z.Close()
	return only(w, doc, in, inner(in.name, ".xz"), time.Time{}, z)
}

func extractZstd(w *walker, doc *Document, in *input) error {
	z, err := openZstd(w, in)
	if err != nil {
		return decoding(err, "zstd")
	}
	defer z.Close()
	return only(w, doc, in, inner(in.name, ".zst", ".zstd"), time.Time{}, z)
}

// decompressor is a decoder of others with the memory that it holds.
type decompressor struct {
	foreignReader
	close func()
	held  int64
}

// newDecompressor holds n bytes for what make makes.
func newDecompressor(w *walker, name string, n int64, make func(d *decompressor) error) (*decompressor, error) {
	if !w.hold(n) {
		return nil, stop(Skipped, UnableToParseFile, "needs more memory than allowed")
	}
	d := &decompressor{foreignReader: foreignReader{w: w, decoder: name}, held: n}
	if err := w.foreign(name, func() error { return make(d) }); err != nil {
		w.release(n)
		return nil, err
	}
	return d, nil
}

func (d *decompressor) Close() error {
	d.w.release(d.held)
	d.held = 0
	if d.close == nil {
		return nil
	}
	return d.w.foreign(d.decoder, func() error {
		d.close()
		return nil
	})
}

// sizeOfBzip2 is the block of 900 kB, each byte of which takes four.
const sizeOfBzip2 = 4 * 900_000

func newBzip2(w *walker, r io.Reader) (*decompressor, error) {
	return newDecompressor(w, "bzip2", sizeOfBzip2, func(d *decompressor) error {
		d.r = newBzip2Reader(w, r)
		return nil
	})
}

// newXZ decodes what needs no larger a dictionary. What the first block says that it needs is held, since the decoder allocates
// that; a later block that needs more ends the document.
func newXZ(w *walker, r io.Reader, most int64) (*decompressor, error) {
	b := bufio.NewReaderSize(r, 16*kib)
	head, _ := b.Peek(1 * kib) // an error is for the decoder to meet
	size := min(max(xzDictionary(head), 64*kib), most)
	return newDecompressor(w, "xz", size, func(d *decompressor) error {
		z, err := xz.NewReader(b, uint32(size))
		d.r = z
		return err
	})
}

// xzDictionary reads the size of the dictionary from the header of the first block. It returns 0 where there is none: the
// decoder will say what is wrong.
func xzDictionary(b []byte) int64 {
	const streamHeader = 12
	if len(b) < streamHeader+2 || b[streamHeader] == 0 {
		return 0
	}
	b = b[streamHeader:]
	if n := (int(b[0]) + 1) * 4; n < len(b) {
		b = b[:n]
	}
	flags := b[1]
	b = b[2:]
	next := func() uint64 {
		v, n := binary.Uvarint(b)
		b = b[max(n, 0):]
		return v
	}
	for bit := byte(0x40); bit != 0; bit <<= 1 { // the sizes of the block
		if flags&bit != 0 {
			next()
		}
	}
	for range flags&3 + 1 {
		id, n := next(), next()
		if n > uint64(len(b)) {
			return 0
		}
		if id == 0x21 && n > 0 && b[0] < 40 {
			return (2 | int64(b[0]&1)) << (b[0]/2 + 11)
		}
		if id == 0x21 && n > 0 && b[0] == 40 {
			return math.MaxUint32
		}
		b = b[n:]
	}
	return 0
}

// newZstd decodes what needs no larger a window. It works in the caller's goroutine, as everything here does.
func newZstd(w *walker, r io.Reader, most int64) (*decompressor, error) {
	window := zstdWindow(w, most)
	return newDecompressor(w, "zstd", 2*window, func(d *decompressor) error {
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(uint64(window)))
		d.r, d.close = z, func() { z.Close() }
		return err
	})
}

// zstdWindow is the largest window that there is memory for.
func zstdWindow(w *walker, most int64) int64 {
	window := int64(zstd.MinWindowSize)
	for window*2 <= most && window*4 <= w.account.Room() {
		window *= 2
	}
	return window
}

// longWindow is taken by the one Extract in the process that reads a frame with a window beyond its MaxMemory (zstd --long).
var longWindow = make(chan struct{}, 1)

// openZstd reads a file of frames. The first says how large a window they need.
func openZstd(w *walker, in *input) (*decompressor, error) {
	const most32 = 32 * mib
	var h zstd.Header
	head := in.head()
	for h.Decode(head) == nil && h.Skippable && int64(h.SkippableSize)+8 < int64(len(head)) {
		head = head[int64(h.SkippableSize)+8:]
		h = zstd.Header{}
	}
	window := h.WindowSize
	if h.SingleSegment {
		window = h.FrameContentSize
	} else if most := max(w.opts.MaxWindow, 0); h.WindowSize > uint64(most) && h.WindowSize > most32 && most >= most32 && len(head) > 5 {
		// A stream that was made with --long says so, and is seldom longer than what we hold. If it is, the decoder tells.
		window = 1 << (bits.Len64(uint64(most)) - 1)
		head[5] = byte(bits.Len64(window)-11) << 3
	}
	if window <= uint64(zstdWindow(w, most32)) || window > uint64(max(w.opts.MaxWindow, 0)) || w.wide {
		return newZstd(w, in, most32)
	}
	if take := w.opts.TakeWindow; take != nil && !take(w.ctx, int64(window)) {
		if err := w.alive(); err != nil {
			return nil, err
		}
		return newZstd(w, in, most32)
	}
	select {
	case longWindow <- struct{}{}:
		w.wide = true
	case <-w.ctx.Done():
		return nil, w.alive()
	}
	free := func() { w.wide = false; <-longWindow }
	d, err := newDecompressor(w, "zstd", 1*mib, func(d *decompressor) error {
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(window))
		d.r, d.close = z, func() { z.Close(); free() }
		return err
	})
	if err != nil {
		free()
	}
	return d, err
}

func extractTar(w *walker, doc *Document, in *input) error {
	a := newArchive(w, doc)
	var said notes
	t := tar.NewReader(in)
	first := true // of the archives that stand behind one another
	for {
		if err := w.alive(); err != nil {
			return err
		}
		var h *tar.Header
		err := w.foreign("tar", func() (err error) {
			h, err = t.Next()
			return err
		})
		if err == io.EOF {
			rest, more, err := w.behindTar(in)
			if err != nil {
				return err
			}
			if more { // an archive that was put behind this one, as cat does
				t, first = tar.NewReader(rest), false
				continue
			}
			doc.Read = max(doc.Size, 0)
			return w.noted(doc, said, a.status())
		}
		if err != nil && !first {
			var stopped errStop
			var se *sourceError
			if !errors.As(err, &stopped) && !errors.As(err, &se) && !errors.Is(err, io.ErrUnexpectedEOF) {
				a.miss(MalformedFile, "what follows its end is not read")
				return a.status()
			}
		}
		if err != nil {
			return decoding(err, "tar")
		}
		first = true
		if err := said.records(w, h.PAXRecords); err != nil {
			return err
		}
		if h.Size == 0 && h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeGNUSparse {
			continue // directories, links and devices hold no content; what is not known may
		}
		if err := a.member(h.Name, h.Size, h.ModTime, &foreignReader{w, "tar", t}, nil); err != nil {
			return err
		}
	}
}

// notes are what an archive says about itself and its members beside their content: comments.
type notes struct {
	text []byte
	more bool // than are kept
}

// maxNotes bounds them; they are a part of the fixed buffers of a walker.
const maxNotes = 64 * kib

// add keeps a line of them.
func (n *notes) add(label, text string) {
	switch {
	case len(text) == 0:
	case len(n.text)+len(label)+len(text) > maxNotes-3:
		n.more = true
	default:
		n.text = append(append(append(append(n.text, label...), ": "...), text...), '\n')
	}
}

// records keeps what a tar's extended header says that is more than how to unpack a member.
func (n *notes) records(w *walker, records map[string]string) error {
	if len(records) == 0 {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(records)) {
		value := records[key]
		if err := w.step(64 + int64(len(value)/8)); err != nil {
			return err
		}
		switch key {
		case "path", "linkpath", "size", "uid", "gid", "uname", "gname", "mtime", "atime", "ctime", "charset", "hdrcharset":
			continue
		}
		if strings.HasPrefix(key, "GNU.sparse.") || !reads([]byte(value)) {
			continue
		}
		n.add(key[:min(len(key), maxLabel)], value)
	}
	return nil
}

// noted hands over the notes as the archive's own text, once its members have been. err is what became of them.
func (w *walker) noted(doc *Document, n notes, err error) error {
	var stopped errStop
	if len(n.text) == 0 && !n.more || err != nil && !errors.As(err, &stopped) {
		return err
	}
	if said := w.says(doc, func(b *builder) error { return b.write(n.text) }); said != nil {
		return said
	}
	if n.more && err == nil {
		return stop(Partial, ArchiveContainsUnprocessedFiles, "more comments than are read")
	}
	return err
}

// says hands over text of an archive itself.
func (w *walker) says(doc *Document, write func(b *builder) error) error {
	b := newBuilder(w, doc, false)
	defer b.close()
	b.mark(LineRange, 0, 1, 0)
	err := write(b)
	if flushed := b.finish(); flushed != nil {
		return flushed
	}
	return err
}

// behindTar looks for what follows the zeros that a tar ends with.
func (w *walker) behindTar(in io.Reader) (rest io.Reader, more bool, err error) {
	block := make([]byte, 512)
	for {
		if err := w.step(512); err != nil {
			return nil, false, err
		}
		n, err := io.ReadFull(in, block)
		if len(bytes.Trim(block[:n], "\x00")) > 0 {
			return io.MultiReader(bytes.NewReader(block[:n]), in), true, nil
		}
		switch {
		case err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF):
			return nil, false, nil
		case err != nil:
			return nil, false, decoding(err, "tar")
		}
	}
}

// decoding turns a decoder's error into a status, unless it is one or is the source's.
func decoding(err error, what string) error {
	var stopped errStop
	var se *sourceError
	if errors.As(err, &stopped) || errors.As(err, &se) {
		return err
	}
	return stop(Partial, MalformedFile, "damaged or incomplete "+what)
}
