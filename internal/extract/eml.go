package extract

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/transform"
)

// extractEML reads an e-mail: its headers and its text parts, decoded, with the lines of the file they stand on; what is
// attached is a file inside it.
func extractEML(w *walker, doc *Document, in *input) error {
	return readMail(w, doc, in, func(m *mailReader) error { return m.entity(0) })
}

// readMail reads a file of lines, each message of which read reads.
func readMail(w *walker, doc *Document, in *input, read func(*mailReader) error) error {
	b := newBuilder(w, doc, false)
	defer b.close()
	var r io.Reader = in
	if onlyCR(in.head()) {
		r = crLines{in}
	}
	m := &mailReader{w: w, doc: doc, b: b, in: bufio.NewReaderSize(r, 64*kib), line: 0, a: newArchive(w, doc)}
	m.a.opened++ // the text of the mail itself
	err := read(m)
	for err == nil && m.pushed && m.separator() { // a mailbox: one message after the other
		m.pushed, m.boundaries = false, nil
		if err = b.writeByte('\n'); err == nil {
			err = read(m)
		}
	}
	doc.Read = max(doc.Size, 0)
	if flushed := b.finish(); flushed != nil {
		return flushed
	}
	if err != nil {
		return err
	}
	if m.readErr != nil {
		return m.readErr
	}
	return m.a.status()
}

// mailReader walks the parts of a message line by line.
type mailReader struct {
	w          *walker
	doc        *Document
	b          *builder
	a          *archive
	in         *bufio.Reader
	line       int64 // of the line at hand, 1-based
	cur        []byte
	whole      bool // cur begins a line
	pushed     bool // cur is to be read again
	mailbox    bool // the first line is one that stands before a message
	blank      bool // the line before cur is empty
	ended      bool
	readErr    error
	boundaries []string
	parts      int
}

const (
	maxMailDepth   = 20
	maxMailParts   = 10_000
	maxMailHeaders = 1 * mib
	maxMailParam   = 1 * kib // a boundary has 70 characters at most
)

// next reads a line, or a piece of a long one; false at the end of the file.
func (m *mailReader) next() bool {
	if m.pushed {
		m.pushed = false
		return true
	}
	if m.ended {
		return false
	}
	startsLine := m.line == 0 || bytes.HasSuffix(m.cur, newline)
	m.blank = m.whole && len(bytes.TrimRight(m.cur, "\r\n")) == 0
	b, err := m.in.ReadSlice('\n')
	if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
		m.ended = true
		if err != io.EOF {
			m.readErr = err
		}
		if len(b) == 0 {
			return false
		}
	}
	if startsLine {
		m.line++
	}
	m.cur, m.whole = b, startsLine
	if m.line == 1 && startsLine {
		m.mailbox = bytes.HasPrefix(b, mailFrom)
	}
	if err := m.w.step(16 + int64(len(b)/8)); err != nil {
		m.ended, m.readErr = true, err
		return false
	}
	return true
}

// mailFrom begins the line before each message of a mailbox.
var mailFrom = []byte("From ")

// separator says whether the line at hand stands before a message of a mailbox.
func (m *mailReader) separator() bool {
	if !m.mailbox || !m.whole || !bytes.HasPrefix(m.cur, mailFrom) {
		return false
	}
	// An address and a date: a sentence may begin with From, too. Some programs leave out the empty line.
	line := bytes.TrimRight(m.cur, "\r\n")
	if !m.blank && !weekday(line) {
		return false
	}
	return len(line) > 9 && allDigits(string(line[len(line)-4:])) && bytes.Count(line, []byte{':'}) >= 1
}

// weekday says whether the date in a line before a message begins with one.
func weekday(line []byte) bool {
	fields := bytes.Fields(line[:min(len(line), 512)])
	return len(fields) >= 7 && len(fields[2]) == 3 && bytes.Contains([]byte("Mon Tue Wed Thu Fri Sat Sun"), fields[2])
}

// boundary tells whether the line at hand ends the part: which of the open boundaries it is, and whether it closes it.
func (m *mailReader) boundary() (level int, last, ok bool) {
	if m.separator() {
		return -1, false, true
	}
	if !m.whole || len(m.cur) < 3 || m.cur[0] != '-' || m.cur[1] != '-' {
		return 0, false, false
	}
	line := bytes.TrimRight(m.cur[2:], " \t\r\n")
	for i := len(m.boundaries) - 1; i >= 0; i-- {
		if string(line) == m.boundaries[i] {
			return i, false, true
		}
		if before, closing := bytes.CutSuffix(line, []byte("--")); closing && string(before) == m.boundaries[i] {
			return i, true, true
		}
	}
	return 0, false, false
}

// body reads a line of a part's body; false at its end, which is left for whoever opened the boundary.
func (m *mailReader) body() bool {
	if !m.next() {
		return false
	}
	if _, _, ok := m.boundary(); ok {
		m.pushed = true
		return false
	}
	return true
}

type mailHeader struct {
	contentType string
	params      map[string]string
	encoding    string
	attachment  bool
	name        string
}

// headers reads up to the empty line, hands over the text of what a person reads, and returns what describes the body.
func (m *mailReader) headers() (mailHeader, error) {
	h := mailHeader{contentType: "text/plain"}
	var field []byte
	var at int64
	total := 0
	done := func() error {
		if len(field) == 0 {
			return nil
		}
		err := m.field(&h, string(field), at)
		field = field[:0]
		return err
	}
	for m.body() {
		line := bytes.TrimRight(m.cur, "\r\n")
		if len(line) == 0 && m.whole {
			break
		}
		if total += len(line); total > maxMailHeaders {
			return h, stop(Partial, MalformedFile, "headers without end")
		}
		if m.whole && line[0] != ' ' && line[0] != '\t' {
			if err := done(); err != nil {
				return h, err
			}
		}
		if len(field) == 0 {
			at = m.line
		}
		field = append(field, line...)
	}
	return h, done()
}

var words = &mime.WordDecoder{CharsetReader: func(charset string, r io.Reader) (io.Reader, error) {
	e := charsetOf(charset)
	if e == nil {
		return r, nil
	}
	b, err := io.ReadAll(r) // a word has few bytes, a reader of the decoder's buffers many
	if err != nil {
		return nil, err
	}
	if !isWide(e) || !isAsItSeems(b) {
		b, err = e.NewDecoder().Bytes(b)
	}
	return bytes.NewReader(b), err
}}

func (m *mailReader) field(h *mailHeader, field string, line int64) error {
	name, value, ok := strings.Cut(field, ":")
	if !ok { // no header, but a text all the same
		m.b.mark(LineRange, 0, line, 0)
		return m.b.write([]byte(field + "\n"))
	}
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	switch strings.ToLower(name) {
	case "content-type":
		t, params, err := mime.ParseMediaType(value)
		if err == nil || errors.Is(err, mime.ErrInvalidMediaParameter) {
			if strings.HasPrefix(t, "multipart/") && params["boundary"] == "" {
				params = map[string]string{"boundary": boundaryOf(value)}
			}
			h.contentType, h.params = shortened(t), map[string]string{}
			for _, name := range [...]string{"boundary", "charset", "format", "delsp"} {
				if v := params[name]; v != "" && len(v) <= maxMailParam {
					h.params[name] = strings.Clone(v)
				}
			}
			if h.name == "" {
				h.name = shortened(decodeWords(params["name"]))
			}
		}
	case "content-transfer-encoding":
		h.encoding = shortened(transferEncoding(value))
	case "content-disposition":
		t, params, err := mime.ParseMediaType(value)
		if err == nil || errors.Is(err, mime.ErrInvalidMediaParameter) {
			h.attachment = t == "attachment"
			if n := params["filename"]; n != "" {
				h.name = shortened(decodeWords(n))
				if strings.Contains(value, "filename*") {
					value += "; " + h.name // it is spelt in pieces
				}
			}
		}
	}
	m.b.mark(LineRange, 0, line, 0)
	return m.b.write([]byte(name + ": " + decodeWords(value) + "\n"))
}

// transferEncoding is the token in a header's value, which people quote, and comment on.
func transferEncoding(value string) string {
	value = strings.TrimLeft(strings.ToLower(value), "\" \t")
	if i := strings.IndexAny(value, "\" \t;("); i >= 0 {
		value = value[:i]
	}
	return value
}

// shortened returns what may be kept of a value, in memory of its own: a header may be long, and mails lie in one another.
func shortened(s string) string { return strings.Clone(s[:min(len(s), maxMailParam)]) }

// boundaryOf finds the boundary in a header's value that does not keep to the grammar: it has signs that want quotes.
func boundaryOf(value string) string {
	i := strings.Index(strings.ToLower(value), "boundary=")
	if i < 0 {
		return ""
	}
	value = value[i+len("boundary="):]
	if i := strings.IndexAny(value, "; \t"); i >= 0 {
		value = value[:i]
	}
	return strings.Trim(value, "\"'")
}

func decodeWords(s string) string {
	if d, err := words.DecodeHeader(s); err == nil {
		return d
	}
	return s
}

// entity reads headers and the body they describe.
func (m *mailReader) entity(depth int) error {
	if m.parts++; m.parts > maxMailParts {
		return stop(Partial, ArchiveTotalDocumentsProcessedOverLimit, "too many parts")
	}
	h, err := m.headers()
	if err != nil {
		return err
	}
	if err := m.w.alive(); err != nil {
		return err
	}
	switch {
	case strings.HasPrefix(h.contentType, "multipart/") && h.params["boundary"] != "" && depth < maxMailDepth:
		return m.multipart(h.params["boundary"], depth)
	case h.contentType == "message/rfc822" && depth < maxMailDepth && h.encoding != "base64" && h.encoding != "quoted-printable":
		return m.entity(depth + 1)
	case !h.attachment && strings.HasPrefix(h.contentType, "text/") && h.contentType != "text/rtf" && h.contentType != "text/richtext" && (h.contentType == "text/plain" || h.name == ""):
		return m.text(h)
	}
	return m.attachment(h)
}

func (m *mailReader) multipart(boundary string, depth int) error {
	m.boundaries = append(m.boundaries, boundary)
	level := len(m.boundaries) - 1
	found := false
	before := unparted{holds: holding{w: m.w}}
	defer func() {
		m.boundaries = m.boundaries[:level]
		before.holds.drop()
	}()
	for {
		for m.body() {
			// The preamble, and what follows a part that ended early.
			if found {
				continue
			}
			if said := m.otherBoundary(); said != "" {
				m.boundaries[level], m.pushed, found = said, true, true
				continue
			}
			before.add(m)
		}
		if !m.next() {
			if !found {
				return before.write(m)
			}
			return nil
		}
		at, last, _ := m.boundary()
		if at < level { // an outer part ended
			m.pushed = true
			if !found {
				return before.write(m)
			}
			return nil
		}
		found = true
		if last {
			break
		}
		if err := m.entity(depth + 1); err != nil {
			return err
		}
	}
	m.boundaries = m.boundaries[:level]
	for m.body() {
		// The epilogue, which nobody is to see, as little as the preamble.
	}
	return nil
}

// unparted is the text of a body whose parts are not to be found, as far as it is kept.
type unparted struct {
	text  []byte
	line  int64 // of its beginning
	whole bool
	holds holding
}

const maxUnparted = 64 * kib

func (u *unparted) add(m *mailReader) {
	if u.text == nil {
		u.line, u.whole = m.line, true
	}
	if len(u.text)+len(m.cur) > maxUnparted || !u.holds.hold(2*int64(len(m.cur))) {
		u.whole = false
		return
	}
	u.text = append(u.text, m.cur...)
}

// write hands it over, since nothing says that nobody is to see it.
func (u *unparted) write(m *mailReader) error {
	if len(u.text) == 0 {
		return nil
	}
	if !u.whole {
		m.a.miss(MalformedFile, "a mail whose parts are not to be found")
	}
	m.b.mark(LineRange, 0, u.line, 0)
	return m.b.write(u.text)
}

// otherBoundary is the boundary that the line at hand is, although the header names another: headers of a part follow it.
func (m *mailReader) otherBoundary() string {
	if !m.whole || len(m.cur) < 5 || len(m.cur) > 256 || m.cur[0] != '-' || m.cur[1] != '-' {
		return ""
	}
	line := string(bytes.TrimRight(m.cur[2:], " \t\r\n"))
	if line == "" || m.cur[len(m.cur)-1] != '\n' {
		return ""
	}
	cur := bytes.Clone(m.cur)
	next, _ := m.in.Peek(len("Content-"))
	m.cur = cur // which was in the buffer
	if !bytes.EqualFold(next, []byte("Content-")) {
		return ""
	}
	return line
}

// text hands over a text part.
func (m *mailReader) text(h mailHeader) error {
	m.b.mark(LineRange, 0, m.line+1, 0)
	if err := m.b.writeByte('\n'); err != nil {
		return err
	}
	p := &partText{m: m, enc: h.encoding, charset: charsetOf(h.params["charset"])}
	if h.contentType != "text/html" {
		if foldedType(h.contentType) {
			f := &folded{b: m.b}
			if err := p.each(f.write); err != nil {
				return err
			}
			return f.end()
		}
		flowed, delete := strings.EqualFold(h.params["format"], "flowed"), strings.EqualFold(h.params["delsp"], "yes")
		return p.each(func(line []byte, at int64, col int64) error {
			m.b.mark(LineRange, 0, at, col)
			if flowed {
				line = unflow(line, delete)
			}
			return m.b.write(line)
		})
	}
	// HTML is read from the decoded part; lines are counted in it and then translated to those of the file.
	r, w := &lineFeed{p: p}, &markup{b: m.b, html: true, line: 1}
	w.x, w.translate = newXML(r), r.source
	if err := w.run(); err != nil {
		return err
	}
	if p.err != nil {
		return p.err
	}
	return r.err
}

// foldedType says whether a part's lines may be folded as cards and calendars are.
func foldedType(contentType string) bool {
	switch contentType {
	case "text/calendar", "text/vcard", "text/x-vcard", "text/x-vcalendar", "text/directory":
		return true
	}
	return false
}

// unflow takes the end off a line that goes on in the next (RFC 3676): it has a space before it, which may be there for that
// alone.
func unflow(line []byte, space bool) []byte {
	bare := bytes.TrimRight(line, "\r\n")
	if len(bare) == len(line) || !bytes.HasSuffix(bare, []byte{' '}) || string(bare) == "-- " {
		return line
	}
	if space {
		bare = bare[:len(bare)-1]
	}
	return bare
}

func charsetOf(name string) encoding.Encoding {
	switch strings.ToLower(name) {
	case "", "utf-8", "utf8", "us-ascii", "ascii":
		return nil
	}
	switch strings.ToLower(name) {
	case "utf-7", "utf7", "unicode-1-1-utf-7", "x-unicode-2-0-utf-7":
		return utf7{}
	case "cp932", "ms932":
		name = "shift_jis"
	case "cp936", "ms936":
		name = "gbk"
	case "cp949":
		name = "euc-kr"
	case "cp950":
		name = "big5"
	case "hz-gb-2312":
		return simplifiedchinese.HZGB2312
	case "utf-32":
		return utf32Marked
	case "utf-32be":
		return utf32Big
	case "utf-32le":
		return utf32Little
	}
	return encodingOf(name)
}

var (
	utf32Marked = utf32.UTF32(utf32.BigEndian, utf32.UseBOM)
	utf32Big    = utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)
	utf32Little = utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)
)

// isWide says whether the characters of an encoding have at least two bytes, so that no text in it is without zeros, or only one in a
// language that is written without spaces and line ends.
func isWide(e encoding.Encoding) bool {
	name, _ := htmlindex.Name(e)
	return e == utf32Marked || e == utf32Big || e == utf32Little || strings.HasPrefix(name, "utf-16")
}

// isAsItSeems says whether text is what it seems to be, whatever charset somebody says that it is in.
func isAsItSeems(text []byte) bool { return bytes.IndexByte(text, 0) < 0 && utf8.Valid(text) }

// partText decodes a text part piece by piece.
type partText struct {
	m       *mailReader
	enc     string
	charset encoding.Encoding
	decoder *encoding.Decoder
	err     error  // of what is attached in the text
	half    []byte // of a character that goes on in the next line
	text    []byte
	left    []byte // of a base64 group that goes on in the next line
	out     []byte
}

// piece returns the next decoded bytes and the line of the file they come from; nil at the end.
func (p *partText) piece() (text []byte, line int64) {
	for p.m.body() {
		if p.opens() {
			if opened, err := p.m.uuAttachment(); err != nil {
				p.err = err
				return nil, p.m.line
			} else if opened {
				continue
			}
		}
		if p.enc == "base64" && p.m.whole && isProse(p.m.cur) { // a footer that a mailing list put below, or a header that lies
			return p.m.cur, p.m.line
		}
		p.out = p.decode(p.out[:0], p.m.cur)
		if len(p.out) == 0 {
			continue
		}
		text = p.out
		if p.charset != nil {
			if text = p.convert(text); len(text) == 0 {
				continue
			}
		} else if !utf8.Valid(text) && p.enc != "quoted-printable" && p.enc != "base64" {
			if d, err := charmap.Windows1252.NewDecoder().Bytes(text); err == nil {
				text = d
			}
		}
		return text, p.m.line
	}
	return nil, p.m.line
}

// isProse says whether a line has words between spaces, as nothing has that is encoded in base64.
func isProse(line []byte) bool {
	line = bytes.TrimSpace(line[:min(len(line), 512)])
	return bytes.Count(line, []byte{' '}) >= 2
}

// opens says whether attachments may stand in the text as they did before MIME.
func (p *partText) opens() bool { return p.enc == "" || p.enc == "7bit" || p.enc == "8bit" }

// convert decodes text of another charset. Where a line of the file ends says nothing of where a character does.
func (p *partText) convert(text []byte) []byte {
	if p.decoder == nil {
		if isWide(p.charset) && isAsItSeems(text) {
			p.charset = nil
			return text
		}
		p.decoder = p.charset.NewDecoder()
	}
	p.half = append(p.half, text...)
	p.text = p.text[:0]
	for {
		p.text = slices.Grow(p.text, utf8.UTFMax*(len(p.half)+utf8.UTFMax))
		n, used, err := p.decoder.Transform(p.text[len(p.text):cap(p.text)], p.half, false)
		p.text = p.text[:len(p.text)+n]
		p.half = p.half[:copy(p.half, p.half[used:])]
		if err != transform.ErrShortDst {
			if err != nil && err != transform.ErrShortSrc || len(p.half) > 64 {
				p.text, p.half = append(p.text, p.half...), p.half[:0] // it is none of the charset
			}
			if p.charset == simplifiedchinese.HZGB2312 && bytes.HasSuffix(text, []byte{'\n'}) {
				p.decoder.Reset() // each line begins in ASCII (RFC 1843)
			}
			return p.text
		}
	}
}

func (p *partText) each(f func(piece []byte, line, col int64) error) error {
	var lastLine, col int64
	for {
		text, line := p.piece()
		if text == nil {
			return p.err
		}
		if line != lastLine {
			lastLine, col = line, 0
		}
		// In base64 a line of the file may hold several lines of text; they all are on that line.
		for len(text) > 0 {
			n := bytes.IndexByte(text, '\n') + 1
			if n == 0 {
				n = len(text)
			}
			if err := f(text[:n], line, col); err != nil {
				return err
			}
			if p.enc != "base64" {
				col += int64(runes(text[:n]))
			}
			text = text[n:]
		}
	}
}

func (p *partText) decode(dst, src []byte) []byte {
	switch p.enc {
	case "base64":
		for _, c := range src {
			switch { // what is none of its characters is noise, as the standard has it
			case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+', c == '/':
				p.left = append(p.left, c)
			case c == '-': // the alphabet for URLs
				p.left = append(p.left, '+')
			case c == '_':
				p.left = append(p.left, '/')
			}
		}
		n := len(p.left) &^ 3
		if len(src) > 0 && bytes.IndexByte(src, '=') >= 0 {
			n = len(p.left)
		}
		at := len(dst)
		dst = append(dst, make([]byte, base64.RawStdEncoding.DecodedLen(n))...)
		k, _ := base64.RawStdEncoding.Decode(dst[at:], p.left[:n])
		p.left = p.left[:copy(p.left, p.left[n:])]
		return dst[:at+k]
	case "quoted-printable":
		return unquote(dst, src)
	case "x-uuencode", "uuencode", "x-uue", "uue":
		if _, _, ok := uuBegin(src); ok || string(bytes.TrimRight(src, "\r\n")) == "end" {
			return dst
		}
		return uuDecode(dst, src)
	}
	return append(dst, src...)
}

// unquote decodes a line of quoted-printable; a soft line break leaves nothing.
func unquote(dst, src []byte) []byte {
	ending := src[len(bytes.TrimRight(src, "\r\n")):]
	src = bytes.TrimRight(src, " \t\r\n")
	for {
		i := bytes.IndexByte(src, '=')
		if i < 0 {
			return append(append(dst, src...), ending...)
		}
		dst = append(dst, src[:i]...)
		if i+1 == len(src) {
			return dst
		}
		if i+2 < len(src) {
			hi, lo := unhex(src[i+1]), unhex(src[i+2])
			if hi >= 0 && lo >= 0 {
				dst = append(dst, byte(hi<<4|lo))
				src = src[i+3:]
				continue
			}
		}
		dst = append(dst, '=')
		src = src[i+1:]
	}
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}

// lineFeed is a decoded part as a reader that remembers which line of the file each piece of it came from.
type lineFeed struct {
	p         *partText
	pending   []byte
	line, col int64 // of the decoded text, before pending
	pieces    []feedPiece
	err       error
}

// tokenPieces is how many pieces a token may reach back to: each has a byte, and a token is as long as the buffer of the reader
// of markup.
const tokenPieces = xmlBuffer

// feedPiece says that from a place in the decoded text on it comes from a line of the file.
type feedPiece struct{ line, col, source int64 }

func (l *lineFeed) Read(b []byte) (int, error) {
	if len(l.pending) == 0 {
		text, source := l.p.piece()
		if text == nil {
			return 0, io.EOF
		}
		if l.line == 0 {
			l.line = 1
		}
		if len(l.pieces) >= 2*tokenPieces { // nobody may have asked for long
			l.pieces = l.pieces[:copy(l.pieces, l.pieces[tokenPieces:])]
		}
		l.pieces = append(l.pieces, feedPiece{l.line, l.col, source})
		l.line, l.col = lineAfter(l.line, l.col, text)
		l.pending = text
	}
	n := copy(b, l.pending)
	l.pending = l.pending[n:]
	return n, nil
}

// source translates a place in the decoded text, and says how many characters on in its line the next line of the file begins;
// -1: not in this line. It is asked in ascending order, but for a token.
func (l *lineFeed) source(line, col int64) (source, next int64) {
	i := sort.Search(len(l.pieces), func(i int) bool {
		p := l.pieces[i]
		return p.line > line || p.line == line && p.col > col
	}) - 1
	if i < 0 {
		return line, -1
	}
	source, next = l.pieces[i].source, -1
	if i+1 < len(l.pieces) && l.pieces[i+1].line == line {
		next = l.pieces[i+1].col - col
	}
	if i > 8192 { // what a token may still reach back to is less
		l.pieces = l.pieces[:copy(l.pieces, l.pieces[i-4096:])]
	}
	return source, next
}

// attachment opens what is attached as a file inside the mail.
func (m *mailReader) attachment(h mailHeader) error {
	name := h.name
	if name == "" {
		name = "part-" + itoa(int64(m.parts))
		if _, sub, ok := strings.Cut(h.contentType, "/"); ok && len(sub) <= 8 {
			name += "." + sub
		}
	}
	r := &attached{p: &partText{m: m, enc: h.encoding}}
	if err := m.a.member(name, -1, m.doc.Modified, r, nil); err != nil {
		return err
	}
	for m.body() {
		// What its extractor left.
	}
	return nil
}

// attached is an attachment's bytes.
type attached struct {
	p       *partText
	pending []byte
}

func (a *attached) Read(b []byte) (int, error) {
	for len(a.pending) == 0 {
		if !a.p.m.body() {
			return 0, io.EOF
		}
		a.p.out = a.p.decode(a.p.out[:0], a.p.m.cur)
		a.pending = a.p.out
	}
	n := copy(b, a.pending)
	a.pending = a.pending[n:]
	return n, nil
}
