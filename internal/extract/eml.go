package extract

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"io"
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
	m := &mailReader{w: w, doc: doc, b: b, in: bufio.NewReaderSize(mailInput(in), 64*kib), line: 0, a: newArchive(w, doc)}
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

// mailInput is what a mail is read from: its bytes as they are, since its parts say what they are in. Only a file that is UTF-16 or UTF-32
// as a whole is decoded, and a byte order mark is none of the first header.
func mailInput(in *input) io.Reader {
	head := in.head()
	if wide, narrow := bom(head); wide || narrow || bytes.IndexByte(head, 0) >= 0 && utf16Without(head) != nil {
		if r := decoded(in); r != nil {
			return r
		}
		return in
	}
	if onlyCR(head) {
		return crLines{in}
	}
	return in
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
	parted := strings.HasPrefix(h.contentType, "multipart/") && h.params["boundary"] != ""
	switch {
	case depth >= maxMailDepth && (parted || h.contentType == "message/rfc822"): // what it holds is read as it is written
		m.a.miss(ArchiveNestingLevelOverLimit, "parts nested too deeply")
	case parted:
		return m.multipart(h, depth)
	case h.contentType == "message/rfc822" && h.encoding != "base64" && h.encoding != "quoted-printable":
		return m.entity(depth + 1)
	case !h.attachment && strings.HasPrefix(h.contentType, "text/") && !fileTypes[h.contentType] && (h.contentType == "text/plain" || h.name == ""):
		return m.text(h)
	}
	return m.attachment(h)
}

// fileTypes are the types of text that have a reader of their own.
var fileTypes = map[string]bool{"text/rtf": true, "text/richtext": true, "text/csv": true, "text/tab-separated-values": true, "text/xml": true}

func (m *mailReader) multipart(h mailHeader, depth int) error {
	m.boundaries = append(m.boundaries, h.params["boundary"])
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
				return before.write(m, h)
			}
			return nil
		}
		at, last, _ := m.boundary()
		if at < level { // an outer part ended
			m.pushed = true
			if !found {
				return before.write(m, h)
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

// write hands it over, since nothing says that nobody is to see it. Where the header says that it is encoded, the parts may be inside.
func (u *unparted) write(m *mailReader, h mailHeader) error {
	if len(u.text) == 0 {
		return nil
	}
	if !u.whole {
		m.a.miss(MalformedFile, "a mail whose parts are not to be found")
	}
	if h.encoding == "base64" || h.encoding == "quoted-printable" {
		p := &partText{enc: h.encoding}
		var text []byte
		for line := range bytes.Lines(u.text) {
			text = append(text, p.decode(p.out[:0], line)...)
		}
		text = append(text, p.rest(nil)...)
		if bytes.Contains(text, []byte("--"+h.params["boundary"])) {
			head := "MIME-Version: 1.0\nContent-Type: " + h.contentType + "; boundary=\"" + h.params["boundary"] + "\"\n\n"
			r := io.MultiReader(strings.NewReader(head), bytes.NewReader(text))
			return m.a.member("part-"+itoa(int64(m.parts))+".eml", int64(len(head)+len(text)), m.doc.Modified, r, nil)
		}
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
	defer w.x.close()
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
	name = strings.ToLower(name)
	if strings.HasPrefix(name, "ebcdic") || mainframeCodePages[strings.TrimLeft(name, "csibmp-0")] {
		return ebcdic{}
	}
	switch name {
	case "", "utf-8", "utf8", "us-ascii", "ascii":
		return nil
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

// mainframeCodePages are the numbers of those that are read, without zeros before them: IBM037, CP1047, IBM01140.
var mainframeCodePages = map[string]bool{"37": true, "273": true, "277": true, "278": true, "284": true, "285": true, "297": true, "500": true, "871": true,
	"924": true, "1047": true, "1140": true, "1141": true, "1142": true, "1143": true, "1144": true, "1145": true, "1146": true, "1147": true, "1148": true, "1149": true}

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

// trueWidth is the encoding of text that is said to be in one whose characters have several bytes. Which of them it is, the text knows best,
// but for Chinese, Japanese and Korean, of which either order makes characters of these.
func trueWidth(said encoding.Encoding, text []byte) encoding.Encoding {
	little, big := []byte{0xff, 0xfe}, []byte{0xfe, 0xff}
	switch {
	case bytes.HasPrefix(text, []byte{0xff, 0xfe, 0, 0}):
		return utf32Little
	case bytes.HasPrefix(text, []byte{0, 0, 0xfe, 0xff}):
		return utf32Big
	case bytes.HasPrefix(text, little):
		return mixed16{1}
	case bytes.HasPrefix(text, big):
		return mixed16{0}
	}
	if keepsTo(said, text) {
		return said
	}
	if e := utf16Without(text); e != nil {
		return e
	}
	return said
}

// keepsTo says whether text is what its encoding is said to be, which is UTF-16 in one order of bytes: its letters are of scripts that are not
// the Latin one, and it is not one of that in the other order, in which most of the lower bytes would be zero.
func keepsTo(said encoding.Encoding, text []byte) bool {
	upper := 0
	switch name, _ := htmlindex.Name(said); name {
	case "utf-16be":
	case "utf-16le":
		upper = 1
	default:
		return false
	}
	text = text[:min(len(text), 4*kib)&^1]
	fit, zeros := 0, 0
	for i := 0; i < len(text); i += 2 {
		u, low := text[i+upper], text[i+1-upper]
		if low == 0 {
			zeros++
		}
		if u == 0 && low != 0 || u >= 0x03 && u <= 0x10 || u == 0x30 || u >= 0x4e && u <= 0x9f || u >= 0xac && u <= 0xd7 || u == 0xff {
			fit++
		}
	}
	units := len(text) / 2
	return fit*100 >= units*97 && zeros*10 <= units*6
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
	over    bool
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
			if text = p.convert(text, false); len(text) == 0 {
				continue
			}
		} else if !utf8.Valid(text) && p.enc != "quoted-printable" && p.enc != "base64" {
			if d, err := charmap.Windows1252.NewDecoder().Bytes(text); err == nil {
				text = d
			}
		}
		return text, p.m.line
	}
	if p.over {
		return nil, p.m.line
	}
	p.over = true
	p.out = p.rest(p.out[:0])
	if text = p.out; p.charset != nil {
		text = p.convert(text, true)
	}
	if len(text) == 0 {
		return nil, p.m.line
	}
	return text, p.m.line
}

// isProse says whether a line has words between spaces, as nothing has that is encoded in base64.
func isProse(line []byte) bool {
	line = bytes.TrimSpace(line[:min(len(line), 512)])
	return bytes.Count(line, []byte{' '}) >= 2
}

// opens says whether attachments may stand in the text as they did before MIME.
func (p *partText) opens() bool { return p.enc == "" || p.enc == "7bit" || p.enc == "8bit" }

// convert decodes text of another charset, of which it may be the last. Where a line of the file ends says nothing of where a character does.
func (p *partText) convert(text []byte, last bool) []byte {
	if p.charset == (ebcdic{}) && isAsItSeems(text) {
		return text
	}
	if p.decoder == nil {
		if isWide(p.charset) {
			if isAsItSeems(text) {
				p.charset = nil
				return text
			}
			p.charset = trueWidth(p.charset, text)
		}
		p.decoder = p.charset.NewDecoder()
	}
	p.half = append(p.half, text...)
	p.text = p.text[:0]
	for {
		p.text = slices.Grow(p.text, utf8.UTFMax*(len(p.half)+utf8.UTFMax))
		n, used, err := p.decoder.Transform(p.text[len(p.text):cap(p.text)], p.half, last)
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
			case c != '=':
			case len(p.left)&3 > 1: // what is encoded ends, and more may follow
				dst = p.rest(dst)
			default: // a character by itself is nothing, and must not shift what follows
				p.left = p.left[:len(p.left)&^3]
			}
		}
		n := len(p.left) &^ 3
		dst = fromBase64(dst, p.left[:n])
		p.left = p.left[:copy(p.left, p.left[n:])]
		return dst
	case "quoted-printable":
		if len(p.left) > 0 {
			src = append(bytes.Clone(p.left), src...)
			p.left = p.left[:0]
		}
		if len(src) > 0 && src[len(src)-1] != '\n' { // a piece of a long line
			if i := bytes.LastIndexByte(src, '='); i >= 0 && len(src)-i < 3 {
				p.left = append(p.left, src[i:]...)
				src = src[:i]
			}
			dst, _ = unquoted(dst, src)
			return dst
		}
		return unquote(dst, src)
	case "x-uuencode", "uuencode", "x-uue", "uue":
		if _, _, ok := uuBegin(src); ok || string(bytes.TrimRight(src, "\r\n")) == "end" {
			return dst
		}
		return uuDecode(dst, src)
	}
	return append(dst, src...)
}

// rest appends what is left when what is encoded has ended, perhaps without its padding.
func (p *partText) rest(dst []byte) []byte {
	switch p.enc {
	case "base64":
		dst = fromBase64(dst, p.left)
	case "quoted-printable":
		dst = unquote(dst, p.left)
	}
	p.left = p.left[:0]
	return dst
}

// fromBase64 appends what characters of base64 stand for.
func fromBase64(dst, src []byte) []byte {
	at := len(dst)
	dst = append(dst, make([]byte, base64.RawStdEncoding.DecodedLen(len(src)))...)
	k, _ := base64.RawStdEncoding.Decode(dst[at:], src)
	return dst[:at+k]
}

// unquote decodes a line of quoted-printable; a soft line break leaves nothing.
func unquote(dst, src []byte) []byte {
	ending := src[len(bytes.TrimRight(src, "\r\n")):]
	dst, soft := unquoted(dst, bytes.TrimRight(src, " \t\r\n"))
	if soft {
		return dst
	}
	return append(dst, ending...)
}

// unquoted decodes what stands in a line of quoted-printable, and says whether the line goes on in the next.
func unquoted(dst, src []byte) (out []byte, soft bool) {
	for {
		i := bytes.IndexByte(src, '=')
		if i < 0 {
			return append(dst, src...), false
		}
		dst = append(dst, src[:i]...)
		if i+1 == len(src) {
			return dst, true
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
		if a.p.over {
			return 0, io.EOF
		}
		if !a.p.m.body() {
			a.p.over = true
			a.p.out = a.p.rest(a.p.out[:0])
			a.pending = a.p.out
			continue
		}
		a.p.out = a.p.decode(a.p.out[:0], a.p.m.cur)
		a.pending = a.p.out
	}
	n := copy(b, a.pending)
	a.pending = a.pending[n:]
	return n, nil
}
