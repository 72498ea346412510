package extract

import (
	"bytes"
	"path"
	"slices"
	"strings"
)

// kind is a type of document: what it is called, what reads it, and what Macie says when it is too large or cannot be read.
type kind struct {
	mime        string
	form        form
	delim       byte // tables
	respelling  respelling
	lines       *tableLines
	archive     bool
	maxBytes    int64
	overSize    Reason
	unsupported Reason
	why         string
}

// form chooses the extractor.
type form uint8

const (
	notRead form = iota
	nothing      // an empty file
	text
	foldedText
	table
	jsonDocument
	jsonLines
	xmlMarkup
	htmlMarkup
	sqlDump
	richText
	mail
	uuText
	pdfPages
	wordFile
	workbookFile
	oldWordFile
	oldWorkbookFile
	presentationFile
	openDocumentFile
	avroFile
	parquetFile
	zipArchive
	tarArchive
	gzipFile
	bzip2File
	xzFile
	zstdFile
	objectFile
	outlookMail
)

func (k kind) extract(w *walker, doc *Document, in *input) error {
	switch k.form {
	case text:
		return extractText(w, doc, in)
	case foldedText:
		return extractFolded(w, doc, in)
	case table:
		return extractCSV(w, doc, in, k)
	case jsonDocument:
		return extractJSON(w, doc, in, false)
	case jsonLines:
		return extractJSON(w, doc, in, true)
	case xmlMarkup:
		return extractMarkup(w, doc, in, false)
	case htmlMarkup:
		return extractMarkup(w, doc, in, true)
	case sqlDump:
		return extractSQL(w, doc, in)
	case richText:
		return extractRTF(w, doc, in)
	case mail:
		return extractEML(w, doc, in)
	case uuText:
		return extractUU(w, doc, in)
	case pdfPages:
		return extractPDF(w, doc, in)
	case wordFile:
		return extractDOCX(w, doc, in)
	case workbookFile:
		return extractXLSX(w, doc, in)
	case oldWordFile:
		return extractDOC(w, doc, in)
	case oldWorkbookFile:
		return extractXLS(w, doc, in)
	case presentationFile:
		return extractPPTX(w, doc, in)
	case openDocumentFile:
		return extractODF(w, doc, in)
	case avroFile:
		return extractAvro(w, doc, in)
	case parquetFile:
		return extractParquet(w, doc, in)
	case zipArchive:
		return extractZip(w, doc, in)
	case tarArchive:
		return extractTar(w, doc, in)
	case gzipFile:
		return extractGzip(w, doc, in)
	case bzip2File:
		return extractBzip2(w, doc, in)
	case xzFile:
		return extractXZ(w, doc, in)
	case zstdFile:
		return extractZstd(w, doc, in)
	case objectFile:
		return extractObject(w, doc, in)
	case outlookMail:
		return extractTNEF(w, doc, in)
	}
	return nil
}

const mimeOOXML = "application/vnd.openxmlformats-officedocument."

var (
	kindText    = kind{mime: "text/plain", form: text, maxBytes: 20 * gib, overSize: FileExceedsSizeLimit}
	kindFolded  = kind{mime: "text/plain", form: foldedText, maxBytes: 20 * gib, overSize: FileExceedsSizeLimit}
	kindYAML    = kind{mime: "text/x-yaml", form: text, maxBytes: 20 * gib, overSize: FileExceedsSizeLimit}
	kindRTF     = kind{mime: "application/rtf", form: richText, maxBytes: 512 * mib, overSize: FileExceedsSizeLimit}
	kindSQL     = kind{mime: "text/x-sql", form: sqlDump, maxBytes: 20 * gib, overSize: FileExceedsSizeLimit}
	kindJSON    = kind{mime: "application/json", form: jsonDocument, maxBytes: 20 * gib, overSize: FileExceedsSizeLimit}
	kindJSONL   = kind{mime: "application/json", form: jsonLines, maxBytes: 20 * gib, overSize: FileExceedsSizeLimit}
	kindXML     = kind{mime: "application/xml", form: xmlMarkup, maxBytes: 20 * gib, overSize: FileExceedsSizeLimit}
	kindHTML    = kind{mime: "text/html", form: htmlMarkup, maxBytes: 20 * gib, overSize: FileExceedsSizeLimit}
	kindEML     = kind{mime: "message/rfc822", form: mail, archive: true, maxBytes: 20 * gib, overSize: FileExceedsSizeLimit}
	kindPDF     = kind{mime: "application/pdf", form: pdfPages, maxBytes: 1 * gib, overSize: FileExceedsSizeLimit}
	kindDOCX    = kind{mime: mimeOOXML + "wordprocessingml.document", form: wordFile, maxBytes: 512 * mib, overSize: MalformedOrFileSizeExceedsLimit}
	kindXLSX    = kind{mime: mimeOOXML + "spreadsheetml.sheet", form: workbookFile, maxBytes: 512 * mib, overSize: MalformedOrFileSizeExceedsLimit}
	kindDOC     = kind{mime: "application/msword", form: oldWordFile, maxBytes: 512 * mib, overSize: MalformedOrFileSizeExceedsLimit}
	kindXLS     = kind{mime: "application/vnd.ms-excel", form: oldWorkbookFile, maxBytes: 512 * mib, overSize: MalformedOrFileSizeExceedsLimit}
	kindPPTX    = kind{mime: mimeOOXML + "presentationml.presentation", form: presentationFile, maxBytes: 512 * mib, overSize: MalformedOrFileSizeExceedsLimit}
	kindODF     = kind{form: openDocumentFile, maxBytes: 512 * mib, overSize: MalformedOrFileSizeExceedsLimit}
	kindUU      = kind{mime: "text/plain", form: uuText, archive: true, maxBytes: 20 * gib, overSize: FileExceedsSizeLimit}
	kindAvro    = kind{mime: "application/avro", form: avroFile, maxBytes: 8 * gib, overSize: FileExceedsSizeLimit}
	kindParquet = kind{mime: "application/parquet", form: parquetFile, maxBytes: 8 * gib, overSize: FileExceedsSizeLimit}
	kindZip     = kind{mime: "application/zip", form: zipArchive, archive: true, maxBytes: 8 * gib, overSize: ArchiveExceedsSizeLimit}
	kindTar     = kind{mime: "application/x-tar", form: tarArchive, archive: true, maxBytes: 20 * gib, overSize: ArchiveExceedsSizeLimit}
	kindGzip    = kind{mime: "application/gzip", form: gzipFile, archive: true, maxBytes: 8 * gib, overSize: ArchiveExceedsSizeLimit}
	kindBzip2   = kind{mime: "application/x-bzip2", form: bzip2File, archive: true, maxBytes: 8 * gib, overSize: ArchiveExceedsSizeLimit}
	kindXZ      = kind{mime: "application/x-xz", form: xzFile, archive: true, maxBytes: 8 * gib, overSize: ArchiveExceedsSizeLimit}
	kindZstd    = kind{mime: "application/zstd", form: zstdFile, archive: true, maxBytes: 8 * gib, overSize: ArchiveExceedsSizeLimit}
	kindObject  = kind{mime: "application/x-ole-storage", form: objectFile, archive: true, maxBytes: 512 * mib, overSize: FileExceedsSizeLimit}
	kindTNEF    = kind{mime: "application/vnd.ms-tnef", form: outlookMail, archive: true, maxBytes: 8 * gib, overSize: FileExceedsSizeLimit}
	kindEmpty   = kind{mime: "text/plain", form: nothing}
)

func kindCSV(delim byte) kind {
	k := kind{mime: "text/csv", form: table, delim: delim, maxBytes: 20 * gib, overSize: FileExceedsSizeLimit}
	if delim == '\t' {
		k.mime = "text/tab-separated-values"
	}
	return k
}

const whyUnread = "not a kind of file that is opened"

func unread(mime string) kind {
	return kind{mime: mime, unsupported: UnsupportedFileType, why: whyUnread}
}

// magic is a beginning by which a kind is known.
type magic struct {
	magic string
	at    int
	kind  *kind
	mime  string // for what is not opened
}

// magics are the beginnings of what is not text. The order matters where one is the beginning of another.
var magics = []magic{
	{"\x1f\x8b", 0, &kindGzip, ""},
	{"PAR1", 0, &kindParquet, ""},
	{"Obj\x01", 0, &kindAvro, ""},
	{"\xfd7zXZ\x00", 0, &kindXZ, ""},
	{"\x28\xb5\x2f\xfd", 0, &kindZstd, ""},
	{"ustar", 257, &kindTar, ""},
	{"\x7fELF", 0, nil, "application/x-elf"},
	{"\x89PNG\r\n\x1a\n", 0, nil, "image/png"},
	{"\xff\xd8\xff", 0, nil, "image/jpeg"},
	{"GIF87a", 0, nil, "image/gif"},
	{"GIF89a", 0, nil, "image/gif"},
	{"II*\x00", 0, nil, "image/tiff"},
	{"MM\x00*", 0, nil, "image/tiff"},
	{"\x00\x00\x01\x00", 0, nil, "image/x-icon"},
	{"8BPS", 0, nil, "image/vnd.adobe.photoshop"},
	{"OggS", 0, nil, "audio/ogg"},
	{"ID3", 0, nil, "audio/mpeg"},
	{"fLaC", 0, nil, "audio/flac"},
	{"ftyp", 4, nil, "video/mp4"},
	{"\x1aE\xdf\xa3", 0, nil, "video/x-matroska"},
	{"7z\xbc\xaf\x27\x1c", 0, nil, "application/x-7z-compressed"},
	{"Rar!\x1a\x07", 0, nil, "application/vnd.rar"},
	{"\x04\x22\x4d\x18", 0, nil, "application/x-lz4"},
	{"SQLite format 3\x00", 0, nil, "application/vnd.sqlite3"},
	{"\xca\xfe\xba\xbe", 0, nil, "application/java-vm"},
	{"\xcf\xfa\xed\xfe", 0, nil, "application/x-mach-binary"},
	{"\x00asm", 0, nil, "application/wasm"},
	{"wOFF", 0, nil, "font/woff"},
	{"wOF2", 0, nil, "font/woff2"},
	{"\x00\x01\x00\x00\x00", 0, nil, "font/ttf"},
	{"!<arch>\n", 0, nil, "application/x-archive"},
}

// sniff tells what a document is by its bytes; its name decides only between kinds of text. The error is that of a container
// whose inside must be seen to name it.
func sniff(in *input) (kind, error) {
	k, err := sniffHead(in)
	script := k.form == text && bytes.HasPrefix(in.head(), []byte("#!")) && (!in.eof || bytes.Contains(in.head(), []byte("PK\x05\x06"))) // it may unpack what is behind it
	if (k.form == notRead || script) && err == nil && !bytes.HasPrefix(in.head(), oleMagic) {                                            // a presentation, a message: what it holds may end as a zip
		if zip, ok := selfExtracting(in); ok {
			return zip, nil
		}
	}
	return k, err
}

var oleMagic = []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")

// selfExtracting tells a zip that has something else before it: a program, or what a server said. Only files are asked: of a stream
// the end is not at hand.
func selfExtracting(in *input) (kind, bool) {
	head := in.head()
	if in.at == nil || in.size < 0 || !bytes.HasPrefix(head, []byte("MZ")) && !bytes.HasPrefix(head, []byte("\x7fELF")) && !bytes.HasPrefix(head, []byte("#!")) && !bytes.Contains(head, localHeader) {
		return kind{}, false
	}
	z, err := openZip(in.w, in.at, in.size)
	if err != nil {
		return kind{}, false
	}
	defer z.close()
	if z.entries == 0 || z.base+z.dir == 0 {
		return kind{}, false
	}
	k, err := z.kind()
	return k, err == nil
}

// zipInText says whether what begins like a member of a zip is text that speaks of one: where a zip has numbers, among them zeros,
// it goes on with characters.
func zipInText(head []byte) bool {
	if len(head) < 12 || !readsBehind(head, 4) {
		return false
	}
	for _, c := range head[4:12] {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' || c >= 0x7f {
			return false
		}
	}
	return true
}

// sniffHead is sniff but for what only the end of a file tells.
func sniffHead(in *input) (kind, error) {
	head := in.head()
	if len(head) == 0 {
		if in.err != nil {
			return unread("application/octet-stream"), in.err
		}
		return kindEmpty, nil
	}
	for i := range magics {
		if m := &magics[i]; m.is(head) {
			if m.kind != nil {
				return *m.kind, nil
			}
			return unread(m.mime), nil
		}
	}
	switch {
	case bytes.HasPrefix(head, []byte("BZh")) && len(head) >= 10 && (string(head[4:10]) == "1AY&SY" || string(head[4:10]) == "\x17rE8P\x90"):
		return kindBzip2, nil
	case bytes.HasPrefix(head, []byte("PK\x03\x04")) && !zipInText(head), bytes.HasPrefix(head, []byte("PK\x05\x06")), bytes.HasPrefix(head, []byte("PK\x07\x08PK\x03\x04")):
		return sniffZip(in)
	case bytes.HasPrefix(head, oleMagic) && !readsBehind(head, 8):
		return sniffOLE(in)
	case isPDF(head):
		return kindPDF, nil
	case bytes.HasPrefix(head, []byte(`{\rtf1`)) && len(head) > 8 && (head[6] == '\\' || head[6] == ' ' || head[6] == '{' || head[6] == '\r' || head[6] == '\n') && (bytes.Count(head, []byte{'\\'}) > 1 || bytes.IndexByte(head, '}') > 0):
		return kindRTF, nil
	case bytes.HasPrefix(head, tnefMagic) && !readsBehind(head, 6):
		return kindTNEF, nil
	case zstdAt(head):
		return kindZstd, nil
	case bytes.HasPrefix(head, []byte("RIFF")) && len(head) > 12 && !reads(head):
		switch string(head[8:12]) {
		case "WAVE":
			return unread("audio/wav"), nil
		case "AVI ":
			return unread("video/x-msvideo"), nil
		case "WEBP":
			return unread("image/webp"), nil
		}
	case bytes.HasPrefix(head, []byte("MZ")) && bytes.IndexByte(head[:min(len(head), 256)], 0) >= 0 && isBinary(head):
		return unread("application/vnd.microsoft.portable-executable"), nil
	case tarHeader(head):
		return kindTar, nil
	}
	if isBinary(head) && looksLikeMail(head) { // with attachments as they are
		return kindEML, nil
	}
	if isBinary(head) {
		return unread("application/octet-stream"), nil
	}
	return sniffText(in), nil
}

func bom(head []byte) (wide, narrow bool) {
	return bytes.HasPrefix(head, []byte{0xff, 0xfe}) || bytes.HasPrefix(head, []byte{0xfe, 0xff}) ||
		bytes.HasPrefix(head, []byte{0, 0, 0xfe, 0xff}), bytes.HasPrefix(head, utf8BOM)
}

// sniffText tells kinds of text from one another.
func sniffText(in *input) kind {
	ext := strings.ToLower(path.Ext(strings.ReplaceAll(in.name, "\\", "/")))
	head, whole := in.head(), in.eof
	if len(head) > 64*kib {
		if bytes.IndexByte(head[:64*kib], '\n') < 0 { // a table with a header as long as that
			in.more()
			head, whole = in.head(), in.eof
		} else {
			head, whole = head[:64*kib], false
		}
	}
	head = plainHead(head, in.w.opts.DefaultEncoding)
	trimmed := bytes.TrimLeft(head, " \t\r\n")
	if len(trimmed) == 0 {
		return kindText
	}
	switch trimmed[0] {
	case '{', '[':
		if k, ok := sniffJSON(trimmed, whole, ext); ok {
			return k
		}
	case '<':
		if k, ok := sniffMarkup(trimmed); ok {
			if ext == ".htm" || ext == ".html" {
				return kindHTML
			}
			return k
		}
	}
	if bytes.IndexByte(in.head(), 0) < 0 && sniffUU(head) && !looksLikeMail(head) {
		return kindUU
	}
	if startsFolded(head) {
		return kindFolded
	}
	switch ext {
	case ".csv", ".tsv", ".tab", ".psv", ".ssv", ".dsv":
		if k, ok := sniffTable(head, whole, true); ok {
			return k
		}
		return kindText
	case ".jsonl", ".ndjson":
		return kindJSONL
	case ".eml", ".mbox", ".mht", ".mhtml":
		return kindEML
	case ".sql":
		if sniffSQL(head, true) {
			return kindSQL
		}
	case ".yaml", ".yml":
		return kindYAML
	case ".xml":
		return kindXML
	case ".htm", ".html", ".xhtml":
		return kindHTML
	case ".log":
		if k, ok := sniffTable(head, whole, false); ok && (k.lines != nil || fieldsDelimiter(head) != 0 || provenTable(k.respelling.bytes(head), whole, k.delim)) {
			return k
		}
	}
	if slices.Contains(anyText, ext) {
		if looksLikeMail(head) {
			return kindEML
		}
		if sniffSQL(head, false) {
			return kindSQL
		}
		if k, ok := sniffTable(head, whole, false); ok {
			return k
		}
	}
	if looksLikeMail(head) {
		return kindEML
	}
	return kindText
}

// plainHead is the beginning of text in UTF-8, with the usual ends of lines.
func plainHead(head []byte, fallback string) []byte {
	if enc, _ := charset(head, fallback); enc != nil {
		if d, err := enc.NewDecoder().Bytes(head); err == nil {
			head = d[:min(len(d), lookback+blockSize)] // what is looked at is no longer than what is read
		}
	}
	head = bytes.TrimPrefix(head, utf8BOM)
	if onlyCR(head) {
		head = bytes.ReplaceAll(head, []byte{'\r'}, newline)
	}
	return head
}

// anyText are the ends of names that may be anything that is text.
var anyText = []string{".txt", "", ".dat", ".data", ".out", ".dump", ".bak", ".md", ".rst", ".org", ".adoc", ".lst", ".rpt", ".asc", ".tbl", ".xls", ".xlsx",
	".wiki", ".mediawiki", ".dokuwiki", ".textile", ".creole"}

// sniffTable tells whether text is a table, and how it is written; named: its name calls it one.
func sniffTable(head []byte, whole, named bool) (kind, bool) {
	if d := fieldsDelimiter(head); d != 0 {
		return kindCSV(d), true
	}
	if !named {
		if t := tableLinesOf(head, whole); t != nil {
			text := t.bytes(head)
			if d := t.delim(); sniffLines(text, whole, d) && (t.form != fixedWidth || provenTable(text, whole, d)) {
				k := kindCSV(d)
				k.lines = t
				return k, true
			}
		}
	}
	s := respellingOf(head)
	d := sniffSeparated(s.bytes(head), whole, named || s == thornQuoted || s >= joined)
	if s >= spaced && (d != cellMark || s == spaced && !provenTable(s.bytes(head), whole, d)) {
		s = asWritten
		d = sniffSeparated(head, whole, named)
	}
	if d == 0 {
		return kind{}, false
	}
	k := kindCSV(d)
	k.respelling = s
	if s == asWritten && hasExponents(head) {
		k.lines = &tableLines{form: exponents}
	}
	return k, true
}

// sniffJSON reads the head as JSON; whatever is not JSON from the first token on is not called so.
func sniffJSON(head []byte, whole bool, ext string) (kind, bool) {
	first := head
	rest := []byte(nil)
	if i := bytes.IndexByte(head, '\n'); i >= 0 {
		first, rest = head[:i], bytes.TrimLeft(head[i:], " \t\r\n")
	}
	parses := func(b []byte) (ok, done bool) {
		j := newJSON(false, 4096) // deeper than it may be is JSON, too
		defer j.placed.close()
		j.walk(b, &j.cur, len(b))
		return !j.cur.broken || j.cur.deep, j.cur.record > 0 && len(j.cur.frames) == 0
	}
	ok, done := parses(first)
	if !ok {
		return kind{}, false
	}
	if done {
		// A first line that is a value by itself: is there a second?
		if ext == ".jsonl" || ext == ".ndjson" || len(rest) > 0 && (rest[0] == '{' || rest[0] == '[') {
			return kindJSONL, true
		}
		return kindJSON, len(rest) == 0
	}
	if ok, _ := parses(head); !ok {
		return kind{}, ext == ".json" && false
	}
	if whole {
		if _, done := parses(head); !done && ext != ".json" {
			return kind{}, false
		}
	}
	return kindJSON, true
}

func sniffMarkup(head []byte) (kind, bool) {
	low := bytes.ToLower(head[:min(len(head), 1024)])
	switch {
	case bytes.HasPrefix(low, []byte("<!doctype html")), bytes.HasPrefix(low, []byte("<html")), bytes.HasPrefix(low, []byte("<head")), bytes.HasPrefix(low, []byte("<body")):
		return kindHTML, true
	case bytes.HasPrefix(low, []byte("<?xml")), bytes.HasPrefix(low, []byte("<!doctype")):
		if bytes.Contains(low, []byte("<html")) || prefixedHTML(low) {
			return kindHTML, true
		}
		return kindXML, true
	case bytes.Contains(low, []byte("<html")):
		return kindHTML, true
	case bytes.HasPrefix(low, []byte("<!--")):
		return kind{}, false
	}
	if len(low) > 2 && low[1] >= 'a' && low[1] <= 'z' && bytes.Contains(head, []byte("</")) {
		if i := bytes.IndexByte(low, '>'); i > 0 && i < 512 {
			return kindXML, true
		}
	}
	return kind{}, false
}

// prefixedHTML says whether the first tag is the root of HTML, with the prefix of a namespace.
func prefixedHTML(low []byte) bool {
	for i := bytes.IndexByte(low, '<'); i >= 0 && i+1 < len(low); {
		if tag := low[i+1:]; isNameStart(tag[0]) {
			n := bytes.IndexAny(tag, " >\t\r\n/")
			return n > 0 && bytes.HasSuffix(tag[:n], []byte(":html"))
		}
		next := bytes.IndexByte(low[i+1:], '<')
		if next < 0 {
			return false
		}
		i += 1 + next
	}
	return false
}

// looksLikeMail wants header lines from the first on, three of them ones that mail has.
func looksLikeMail(head []byte) bool {
	known := 0
	for n := 0; n < 60 && len(head) > 0; n++ {
		line := head
		i := bytes.IndexByte(head, '\n')
		if i >= 0 {
			line, head = head[:i], head[i+1:]
		} else {
			head = nil
		}
		line = bytes.TrimRight(line, "\r")
		if len(line) == 0 {
			return known >= 3
		}
		if n > 0 && (line[0] == ' ' || line[0] == '\t') || n == 0 && bytes.HasPrefix(line, mailFrom) {
			continue
		}
		c := bytes.IndexByte(line, ':')
		if c <= 0 || bytes.ContainsAny(line[:c], " \t,;\"'()<>{}[]") {
			return false
		}
		switch strings.ToLower(string(line[:c])) {
		case "from", "to", "cc", "subject", "date", "received", "message-id", "mime-version", "return-path", "delivered-to",
			"content-type", "dkim-signature", "reply-to", "sender", "in-reply-to", "references":
			known++
		}
	}
	return known >= 3
}
