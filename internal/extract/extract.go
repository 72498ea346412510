package extract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"
)

// Source is the object to read. Exactly one of the two ways in is needed: ReaderAt with Size for what can be read anywhere
// (a file, an object that answers ranged reads), Reader for what only flows (standard input, a response body).
type Source struct {
	Name     string      // the object's name or path; only its extension is used, and only as a hint
	Reader   io.Reader   // read once from the front; may be nil when ReaderAt is set
	ReaderAt io.ReaderAt // may be nil
	Size     int64       // exact with ReaderAt; with Reader alone, -1 when it is not known
}

// Sink receives what is in an object, in order, from one goroutine. The calls nest as archives do: Begin, Segments and nested
// Begin … End pairs, End.
type Sink interface {
	// Begin announces a document: the object itself first, then every file inside it.
	Begin(doc *Document) error
	// Segment hands over a piece of text. The segment and its Text are valid only until Segment returns.
	Segment(doc *Document, seg *Segment) error
	// End closes the document with what became of it. When the code is Skipped, nothing of what was seen may be reported.
	End(doc *Document, status Status) error
}

// Document is the object or a file inside it.
type Document struct {
	Parent   *Document // the archive this file came out of; nil for the object itself
	Path     string    // path inside the outermost archive, slashes, never absolute, never above it; "" for the object itself
	MIME     string    // by content
	Size     int64     // bytes before extraction; -1 when it is not known
	Read     int64     // bytes that have been analysed so far
	Modified time.Time // zero when the archive does not say
	Depth    int       // 0 for the object itself, 1 for a file in an archive, …

	uris *dataURIs // nil: they are not looked for
}

// Spool keeps bytes that must be read out of order but arrive in order, such as a zip inside a tar.gz. What it stores is gone
// after Close.
type Spool interface {
	io.Writer
	io.ReaderAt
	io.Closer
}

// Options bound the work. The zero value of a limit is its default, which is Macie's quota where Macie has one.
type Options struct {
	MaxDepth       int   // nesting of archives: 10
	MaxFiles       int64 // files in one archive, all levels together: 1,000,000
	MaxTotalBytes  int64 // bytes extracted from one archive, all levels together: 10 GB
	MaxMemberBytes int64 // bytes of one extracted file: 3 GB
	MaxJSONDepth   int   // 256
	MaxOOXMLRatio  int64 // inflation of a part of an Office file: 100
	MaxMemory      int64 // what one Extract may hold beside its fixed buffers (about 2 MB): 64 MiB
	MaxFileBytes   int64 // an object larger than this is not opened; 0: Macie's quota for its type
	MaxOfficeBytes int64 // bytes of an Office file's parts together: 2 GB
	MaxWindow      int64 // of zstd, beyond MaxMemory, for one Extract in the process at a time: 128 MiB; below 0: none
	// TakeWindow, when not nil, is asked for such a window, where others than this process read too.
	// It waits, and returns false when there is none for this object.
	TakeWindow func(ctx context.Context, bytes int64) bool
	NewSpool   func() (Spool, error)
	// PlainOnly reads nothing but what readers of our own read from the front: text, tables, JSON and markup. All else is Skipped.
	PlainOnly       bool
	DefaultEncoding string // IANA name of the charset of text that is not UTF-8, when it cannot be told; windows-1252

	// Account is what bytes are held through. A sink that keeps what it is told holds it through the same account, so that
	// both together have MaxMemory. Nil: an account of MaxMemory that nobody shares.
	Account *Account
	// Faulted, when not nil, is told of each decoder that panicked, from Extract's goroutine.
	Faulted func(*Fault)
}

// DefaultMaxMemory is Options.MaxMemory when it is not set.
const DefaultMaxMemory = 64 * mib

const (
	kib = 1 << 10
	mib = 1 << 20
	gib = 1 << 30
)

func (o Options) withDefaults() Options {
	def := func(v *int64, d int64) {
		if *v <= 0 {
			*v = d
		}
	}
	if o.MaxDepth <= 0 {
		o.MaxDepth = 10
	}
	if o.MaxJSONDepth <= 0 {
		o.MaxJSONDepth = 256
	}
	def(&o.MaxFiles, 1_000_000)
	def(&o.MaxTotalBytes, 10*gib)
	def(&o.MaxMemberBytes, 3*gib)
	def(&o.MaxOOXMLRatio, 100)
	def(&o.MaxMemory, DefaultMaxMemory)
	def(&o.MaxOfficeBytes, 2*gib)
	if o.MaxWindow == 0 {
		o.MaxWindow = 128 * mib
	}
	if o.Account == nil {
		o.Account = NewAccount(o.MaxMemory)
	}
	return o
}

// Extract reads the object and hands its text to sink. It returns an error only when the source or the sink failed, or ctx was
// cancelled; whatever is wrong with the object itself is a Status, given to sink.End and returned. A deadline of ctx is
// Macie's cut-off: the status is then Partial with TIME_CUT_OFF_REACHED.
//
// Extract keeps no state between calls and may be called from many goroutines.
func Extract(ctx context.Context, src Source, opts Options, sink Sink) (Status, error) {
	opts = opts.withDefaults()
	w := &walker{ctx: ctx, opts: opts, account: opts.Account, sink: sink}
	doc := &Document{Size: src.Size}
	in, err := newInput(w, src)
	if err != nil {
		return Status{}, fmt.Errorf("read %s: %w", src.Name, err)
	}
	defer in.close()
	status, err := w.document(doc, in)
	if err != nil {
		var se *sourceError
		if errors.As(err, &se) {
			return status, fmt.Errorf("read %s: %w", src.Name, se.err)
		}
		return status, err
	}
	return status, nil
}

// walker is one call of Extract: its limits and what has been used of them.
type walker struct {
	ctx     context.Context
	opts    Options
	account *Account
	sink    Sink
	files   int64 // members opened
	texts   int64 // segments handed over
	total   int64 // bytes extracted from archives
	steps   int64 // until the clock is looked at
	looks   uint8
	made    int64         // bytes held since the memory was looked at
	stopped error         // what late was told
	decoder string        // of others, that is running: see foreign
	gzips   []*gzipReader // that no file uses
	wide    bool          // longWindow is ours
	tidier  tidier
	memory  memorySamples
}

// errStop ends the extraction of a document with a status; it never leaves the package.
type errStop struct{ Status }

func (e errStop) Error() string { return string(e.Code) + " " + string(e.Reason) }

// sourceError marks an error of the object's own reader or of the sink, as opposed to one of the format inside it: it ends the
// whole call.
type sourceError struct{ err error }

func (e *sourceError) Error() string { return e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }

func stop(code Code, reason Reason, detail string) error {
	return errStop{Status{Code: code, Reason: reason, Detail: detail}}
}

func (w *walker) emit(doc *Document, seg *Segment) error {
	if err := w.alive(); err != nil {
		return err
	}
	seg.tidier = &w.tidier
	w.texts++
	seg.w = w
	text, lo, hi, last := seg.Text, seg.Lo, seg.Hi, seg.End
	if err := w.sink.Segment(doc, seg); err != nil {
		return &sourceError{err}
	}
	if doc.uris != nil {
		if err := doc.uris.search(w, text, lo, hi, last); err != nil {
			return err
		}
	}
	return w.stopped
}

// document opens one document, the object itself or a member, and sees it to its end.
func (w *walker) document(doc *Document, in *input) (Status, error) {
	if w.opts.PlainOnly && !textual(in.head()) {
		return w.notPlain(doc)
	}
	kind, sniffErr := sniff(in)
	uris := sniffErr == nil && kind.mayHaveURIs(in.head())
	if w.opts.PlainOnly && (!kind.isPlain() || uris) {
		return w.notPlain(doc)
	}
	if uris {
		doc.uris = &dataURIs{}
		defer doc.uris.close(w)
	}
	doc.MIME = kind.mime
	if err := w.sink.Begin(doc); err != nil {
		return Status{}, &sourceError{err}
	}
	err := sniffErr
	if err == nil {
		texts, files := w.texts, w.files
		cut := in.eof && len(in.head()) < maxMagic && cutToNothing(in.head(), in.name)
		if err = w.content(doc, in, kind); err == nil && cut {
			err = stop(Partial, MalformedFile, "damaged or incomplete packed file")
		}
		if notWhatItSeems(err) && w.texts == texts && w.files == files {
			if again := in.again(); again != nil && (reads(again.head()) || readsBehind(again.head(), maxMagic)) {
				// What fails as a format is read as text when it reads as text.
				defer again.close()
				packed := kind.archive && packedAt(again.head())
				kind = sniffText(again)
				doc.MIME, doc.Read = kind.mime, 0
				if err = w.content(doc, again, kind); err == nil && packed {
					// A name, a comment or a frame to be skipped may be text, and what it stands before is missing.
					err = stop(Partial, MalformedFile, "damaged or incomplete packed file")
				}
			}
		}
	}
	if err == nil && doc.uris != nil {
		err = doc.uris.open(w, doc)
	}
	status := Status{Code: Complete}
	var stopped errStop
	var se *sourceError
	switch {
	case err == nil:
	case errors.As(err, &se):
		return Status{}, err
	case errors.As(err, &stopped):
		status = stopped.Status
	default:
		status = Status{Code: Partial, Reason: MalformedFile, Detail: err.Error()}
		if doc.Read == 0 && !kind.archive {
			status.Code = Skipped
		}
	}
	if err := w.sink.End(doc, status); err != nil {
		return status, &sourceError{err}
	}
	return status, nil
}

// notPlain ends a document that Options.PlainOnly leaves alone.
func (w *walker) notPlain(doc *Document) (Status, error) {
	doc.MIME = "application/octet-stream"
	if err := w.sink.Begin(doc); err != nil {
		return Status{}, &sourceError{err}
	}
	status := Status{Code: Skipped, Reason: UnsupportedFileType, Detail: "not plain text"}
	if err := w.sink.End(doc, status); err != nil {
		return status, &sourceError{err}
	}
	return status, nil
}

// textual says whether a beginning has nothing in it that text has not: every format that is no text has.
func textual(head []byte) bool { return bytes.IndexByte(head, 0) < 0 && utf8.Valid(head) }

// isPlain says whether a kind is read from the front, without a decoder and without files in it.
func (k kind) isPlain() bool {
	switch k.form {
	case nothing, text, foldedText, table, jsonDocument, jsonLines, xmlMarkup, htmlMarkup:
		return true
	}
	return false
}

// notWhatItSeems says whether an extractor found that a document is not, or hardly, of its kind.
func notWhatItSeems(err error) bool {
	var stopped errStop
	return errors.As(err, &stopped) && (stopped.Reason == MalformedFile || stopped.Reason == MalformedOrFileSizeExceedsLimit)
}

// content runs the extractor of the kind. A panic is not caught here: it would be taken for the document's fault when it is
// that of a reader, the detector or the sink. Decoders that others wrote are caught where they are called: see foreign.
func (w *walker) content(doc *Document, in *input, kind kind) error {
	limit := w.opts.MaxFileBytes
	if limit <= 0 {
		limit = kind.maxBytes
	}
	if doc.Parent == nil && limit > 0 && doc.Size > limit {
		return stop(Skipped, kind.overSize, "larger than its kind may be")
	}
	if kind.form == notRead {
		return stop(Skipped, kind.unsupported, kind.why)
	}
	if err := w.alive(); err != nil {
		return err
	}
	return kind.extract(w, doc, in)
}
