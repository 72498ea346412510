package extract

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
)

// extractRTF reads Rich Text Format: the text that a person sees, with notes, comments, headers and hidden text, on the lines
// of the file where it stands. Fonts, styles, pictures and what else is not text is left out.
func extractRTF(w *walker, doc *Document, in *input) error {
	b := newBuilder(w, doc, false)
	defer b.close()
	r := &rtfReader{w: w, b: b, a: newArchive(w, doc), in: bufio.NewReaderSize(in, 64*kib), line: 1, charset: charmap.Windows1252}
	r.a.opened++ // the text of the file itself
	r.tables.b = b
	defer r.tables.close()
	err := r.run()
	if r.tables.depth > 0 && err == nil {
		err = r.tables.end()
	}
	if written := r.tables.finish(); err == nil {
		err = written
	}
	doc.Read = max(doc.Size, r.read)
	if flushed := b.finish(); flushed != nil {
		return flushed
	}
	if err != nil {
		return err
	}
	if r.readErr != nil {
		return r.readErr
	}
	return r.a.status()
}

type rtfReader struct {
	w         *walker
	b         *builder
	a         *archive // of the objects in it
	in        *bufio.Reader
	line, col int64
	read      int64
	readErr   error
	charset   encoding.Encoding
	groups    []rtfGroup
	coded     []byte // of \'hh, until something else comes: a character may take two
	codedAt   [2]int64
	high      rune // the first half of a character of two \u
	passing   int  // characters to leave out after \u
	marked    bool // the text at hand has its mark
	tables    docTables
	inRow     bool   // of a table
	property  []byte // the name of a shape's property, whose value comes next
}

// rtfGroup is what braces keep apart.
type rtfGroup struct {
	hidden bool // not text
	star   bool // \* has come: what is not known is to be left out
	begun  bool // its first control word has come
	pass   int  // how many characters stand for a \u, for readers without Unicode
	own    bool // text that stands apart from what is around it
	name   bool // of a shape's property
	twice  bool // text that comes a second time, in Unicode
}

const (
	maxRTFDepth = 4096
	maxRTFWord  = 32
	maxRTFPass  = 4 // bytes that stand for one character in any charset; more would be text
)

func (r *rtfReader) next() (byte, bool) {
	c, err := r.in.ReadByte()
	if err != nil {
		if err != io.EOF {
			r.readErr = err
		}
		return 0, false
	}
	r.read++
	if c == '\n' {
		r.line++
		r.col = 0
	} else {
		r.col++
	}
	return c, true
}

func (r *rtfReader) run() error {
	for {
		c, ok := r.next()
		if !ok {
			if err := r.flush(); err != nil {
				return err
			}
			if len(r.groups) > 0 && r.readErr == nil {
				return stop(Partial, MalformedFile, "it ends within a group")
			}
			return nil
		}
		if err := r.w.step(4); err != nil {
			return err
		}
		var err error
		switch c {
		case '{':
			err = r.open()
		case '}':
			if err = r.shut(); err == nil && len(r.groups) == 0 {
				if err = r.flush(); err == nil {
					err = r.behind()
				}
				return err
			}
		case '\\':
			err = r.control()
		case '\r', '\n', 0:
			r.marked = false
		default:
			err = r.char(c)
		}
		if err != nil {
			return err
		}
	}
}

func (r *rtfReader) open() error {
	if len(r.groups) >= maxRTFDepth {
		return stop(Partial, MalformedFile, "groups too deep")
	}
	g := rtfGroup{pass: 1}
	if n := len(r.groups); n > 0 {
		g.pass, g.hidden = r.groups[n-1].pass, r.groups[n-1].hidden
	}
	r.passing = 0
	r.groups = append(r.groups, g)
	return nil
}

func (r *rtfReader) shut() error {
	n := len(r.groups) - 1
	if n < 0 {
		return nil
	}
	r.passing = 0
	var err error
	if r.groups[n].own {
		err = r.text('\n')
	}
	r.groups = r.groups[:n]
	return err
}

func (r *rtfReader) group() *rtfGroup {
	if len(r.groups) == 0 {
		r.groups = append(r.groups, rtfGroup{pass: 1})
	}
	return &r.groups[len(r.groups)-1]
}

// char is a byte of text as it stands.
func (r *rtfReader) char(c byte) error {
	r.group().begun = true
	if r.passing > 0 {
		r.passing--
		return nil
	}
	if c < utf8.RuneSelf {
		return r.text(rune(c))
	}
	return r.code(c)
}

// code is a byte of a character in the file's charset.
func (r *rtfReader) code(c byte) error {
	if r.group().hidden {
		return nil
	}
	if len(r.coded) == 0 {
		r.codedAt = [2]int64{r.line, max(0, r.col-1)}
	}
	if r.coded = append(r.coded, c); len(r.coded) >= 256 {
		return r.flush()
	}
	return nil
}

// flush writes what was coded.
func (r *rtfReader) flush() error {
	if len(r.coded) == 0 {
		return nil
	}
	d, err := r.charset.NewDecoder().Bytes(r.coded)
	if err != nil {
		d = r.coded
	}
	r.coded = r.coded[:0]
	r.b.mark(LineRange, 0, r.codedAt[0], r.codedAt[1])
	r.marked = false
	return r.b.write(d)
}

// text writes a character.
func (r *rtfReader) text(c rune) error {
	if err := r.flush(); err != nil {
		return err
	}
	if n := len(r.groups); n > 0 && r.groups[n-1].hidden {
		if r.groups[n-1].name && c < utf8.RuneSelf && len(r.property) < maxRTFWord {
			r.property = append(r.property, byte(c))
		}
		return nil
	}
	if !r.marked {
		r.b.mark(LineRange, 0, r.line, max(0, r.col-1))
		r.marked = true
	}
	if c < utf8.RuneSelf {
		if c == '\n' {
			r.marked = false
		}
		return r.b.writeByte(byte(c))
	}
	var buf [utf8.UTFMax]byte
	return r.b.write(buf[:utf8.EncodeRune(buf[:], c)])
}

// control reads what follows a backslash.
func (r *rtfReader) control() error {
	c, ok := r.next()
	if !ok {
		return nil
	}
	g := r.group()
	defer func() { r.marked = false }()
	if c < 'A' || c > 'Z' && c < 'a' || c > 'z' {
		switch c {
		case '\'':
			b, _ := r.in.Peek(2) // an error is for the next byte to meet
			if len(b) < 2 || unhex(b[0]) < 0 || unhex(b[1]) < 0 {
				return nil
			}
			h, l := unhex(b[0]), unhex(b[1])
			r.next()
			r.next()
			g.begun = true
			if r.passing > 0 {
				r.passing--
				return nil
			}
			return r.code(byte(h<<4 | l))
		case '*':
			g.star = true
		case '~':
			return r.text(' ')
		case '_':
			return r.text('-')
		case '\\', '{', '}':
			return r.char(c)
		case '\r', '\n':
			return r.text('\n')
		case '\t':
			return r.text('\t')
		}
		return nil
	}
	var word []byte
	for ; ok && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'); c, ok = r.next() {
		if word = append(word, c); len(word) > maxRTFWord {
			return stop(Partial, MalformedFile, "a control word that does not end")
		}
	}
	negative, number, digits := false, 0, 0
	if ok && c == '-' {
		negative = true
		c, ok = r.next()
	}
	for ; ok && c >= '0' && c <= '9' && digits < 10; c, ok = r.next() {
		number = number*10 + int(c-'0')
		digits++
	}
	if negative {
		number = -number
	}
	if ok && c != ' ' { // a space belongs to the word
		if err := r.in.UnreadByte(); err != nil {
			return err
		}
		r.read--
		if c == '\n' {
			r.line--
		} else {
			r.col--
		}
	}
	return r.word(g, string(word), number, digits > 0)
}

func (r *rtfReader) word(g *rtfGroup, word string, number int, has bool) error {
	first := !g.begun
	g.begun = true
	switch word {
	case "u":
		return r.unicode(g, number)
	case "bin":
		for ; number > 0; number-- {
			c, ok := r.next()
			if !ok {
				return nil
			}
			if err := r.w.step(1); err != nil {
				return err
			}
			if g.hidden || c < ' ' {
				continue
			}
			if err := r.char(c); err != nil { // pictures and objects stand in groups of their own: this is in the text
				return err
			}
		}
		return nil
	}
	if r.passing > 0 { // a word stands for one character there
		r.passing--
		return nil
	}
	if c, ok := rtfCharacters[word]; ok {
		if err := r.text(c); err != nil || g.hidden {
			return err
		}
		return r.table(word)
	}
	switch word {
	case "trowd":
		return r.table(word)
	case "uc":
		if has && number >= 0 && number <= maxRTFPass {
			g.pass = number
		}
		return nil
	case "ansicpg":
		if err := r.flush(); err != nil {
			return err
		}
		r.charset = codePage(number)
		return nil
	case "mac":
		r.charset = charmap.Macintosh
		return nil
	case "pc":
		r.charset = charmap.CodePage437
		return nil
	case "pca":
		r.charset = charmap.CodePage850
		return nil
	}
	if !first && !g.star {
		return nil
	}
	return r.destination(g, word, first)
}

// destination is a word that says what the group at hand holds.
func (r *rtfReader) destination(g *rtfGroup, word string, first bool) error {
	switch {
	case word == "upr":
		if err := r.flush(); err != nil {
			return err
		}
		g.twice, g.hidden = !g.hidden, true
		return nil
	case word == "ud":
		n := len(r.groups)
		g.hidden = n < 2 || !r.groups[n-2].twice
		return r.flush()
	case word == "sn":
		if err := r.flush(); err != nil {
			return err
		}
		g.name, g.hidden = true, true
		r.property = r.property[:0]
		return nil
	case rtfShown[word], word == "sv" && rtfSaid[string(r.property)]:
		// The text of a shape stands in a group that is left out otherwise.
		g.hidden, g.own = false, true
		return r.text('\n')
	case rtfHidden[word], g.star && first:
		if err := r.flush(); err != nil {
			return err
		}
		g.hidden = true
		if word == "objdata" {
			return r.object()
		}
	}
	return nil
}

// table follows the tables: rows are said to begin, perhaps twice, and cells and rows to end. A table ends where a paragraph does outside of
// a row.
func (r *rtfReader) table(word string) error {
	switch word {
	case "trowd":
		if r.inRow {
			return nil
		}
		if err := r.flush(); err != nil {
			return err
		}
		if r.tables.depth == 0 {
			r.tables.start()
		}
		r.inRow = true
		if err := r.tables.startRow(); err != nil {
			return err
		}
		r.tables.startCell(nil, nil, false)
	case "cell":
		r.tables.startCell(nil, nil, false)
	case "row":
		r.inRow = false
		return r.tables.endRow()
	case "par":
		if !r.inRow && r.tables.depth > 0 {
			return r.tables.end()
		}
	}
	return nil
}

// rtfCharacters are the words that stand for a character, or for what separates texts.
var rtfCharacters = map[string]rune{
	"par": '\n', "line": '\n', "row": '\n', "nestrow": '\n', "sect": '\n', "page": '\n', "column": '\n', "softline": '\n',
	"tab": '\t', "cell": '\t', "nestcell": '\t',
	"emspace": ' ', "enspace": ' ', "qmspace": ' ',
	"emdash": '—', "endash": '–', "lquote": '‘', "rquote": '’', "ldblquote": '“', "rdblquote": '”', "bullet": '•',
}

// unicode is a character by its number, of 16 bits and with a sign.
func (r *rtfReader) unicode(g *rtfGroup, number int) error {
	c := rune(uint16(number))
	r.passing = g.pass
	switch {
	case utf16.IsSurrogate(c) && r.high == 0:
		r.high = c
		return nil
	case utf16.IsSurrogate(c):
		c = utf16.DecodeRune(r.high, c)
	}
	r.high = 0
	return r.text(c)
}

func codePage(n int) encoding.Encoding {
	name := "windows-" + itoa(int64(n))
	switch n {
	case 437:
		return charmap.CodePage437
	case 850:
		return charmap.CodePage850
	case 852:
		return charmap.CodePage852
	case 866:
		name = "ibm866"
	case 932:
		name = "shift_jis"
	case 936:
		name = "gbk"
	case 949:
		name = "euc-kr"
	case 950:
		name = "big5"
	case 10000:
		name = "macintosh"
	case 65001:
		name = "utf-8"
	}
	if e, err := htmlindex.Get(name); err == nil {
		return e
	}
	return charmap.Windows1252
}

// behind hands over what follows the end, as the text that it may be.
func (r *rtfReader) behind() error {
	text, other := false, false
	for {
		c, ok := r.next()
		if !ok {
			break
		}
		if err := r.w.step(4); err != nil {
			return err
		}
		switch {
		case c == 0, c == '\r', c == '\n', c == '\t', c == ' ':
			if !text {
				continue
			}
		case c < ' ', c == 0x7f:
			other = true
		default:
			if !text {
				if err := r.b.writeByte('\n'); err != nil {
					return err
				}
			}
			text = true
		}
		if c == '\n' {
			r.marked = false
		} else if !r.marked {
			r.b.mark(LineRange, 0, r.line, max(0, r.col-1))
			r.marked = true
		}
		if err := r.b.writeByte(c); err != nil {
			return err
		}
	}
	if other {
		r.a.miss(UnsupportedFileType, "what follows its end is no text")
	}
	return nil
}

// object opens the object that the destination at hand has in hexadecimal digits: a version, a kind, names, and the size of its
// data (MS-OLEDS 2.2.5). The data are a file in the packager's wrapping, or a compound file.
func (r *rtfReader) object() error {
	hex := &rtfHex{r: r}
	b := bufio.NewReader(hex)
	var n uint32
	class := ""
	_, err := b.Discard(8)
	for i := 0; i < 3 && err == nil; i++ {
		if err = binary.Read(b, binary.LittleEndian, &n); err != nil {
			break
		}
		if n > 1*kib {
			err = errObject
			break
		}
		name := make([]byte, n)
		if _, err = io.ReadFull(b, name); i == 0 {
			class = strings.TrimRight(string(name), "\x00")
		}
	}
	if err == nil {
		err = binary.Read(b, binary.LittleEndian, &n)
	}
	if err != nil {
		if hex.digits > 0 {
			r.a.miss(MalformedFile, "an object that is damaged or incomplete")
		}
		return zipError(err, nil)
	}
	if class == "Package" {
		err = r.a.packaged(bufio.NewReader(io.LimitReader(b, int64(n))), int64(n))
	} else {
		err = r.a.sized("object", int64(n), b)
	}
	if err = r.a.damaged(err); err != nil {
		return err
	}
	// The picture that is shown for it follows, or that there is none: its version, and what it is.
	if shown, _ := b.Peek(8); len(shown) == 8 && (shown[4] != 0 && shown[4] != 5 || shown[5]|shown[6]|shown[7] != 0) {
		r.a.miss(MalformedFile, "an object that is longer than it says")
	}
	_, err = copyAlive(r.w, io.Discard, b)
	return err
}

// rtfHex reads the hexadecimal digits up to the end of a group, which it leaves.
type rtfHex struct {
	r      *rtfReader
	digits int64
	binary int // bytes that come as they are
	ended  bool
}

// bin reads the word that says that so many bytes come as they are, if it is next.
func (x *rtfHex) bin() bool {
	b, _ := x.r.in.Peek(17)
	rest, ok := bytes.CutPrefix(b, []byte(`\bin`))
	n := 0
	for n < len(rest) && n < 10 && isNumeral(rest[n]) {
		x.binary = x.binary*10 + int(rest[n]-'0')
		n++
	}
	if !ok || n == 0 {
		x.binary = 0
		return false
	}
	n += len(`\bin`)
	if n < len(b) && b[n] == ' ' { // it belongs to the word
		n++
	}
	for range n {
		x.r.next()
	}
	return true
}

func (x *rtfHex) Read(p []byte) (int, error) {
	n, half := 0, -1
	for n < len(p) && !x.ended {
		c, ok := x.r.next()
		if !ok {
			break
		}
		if err := x.r.w.step(4); err != nil {
			return n, err
		}
		if x.binary > 0 {
			x.binary--
			p[n] = c
			n++
			x.digits++
			continue
		}
		switch v := unhex(c); {
		case c == '{' || c == '}' || c == '\\':
			// It goes back before bin looks ahead: a reader that has peeked takes nothing back.
			if err := x.r.in.UnreadByte(); err != nil {
				return n, err
			}
			x.r.read--
			x.r.col--
			x.ended = c != '\\' || !x.bin()
		case v < 0:
		case half < 0:
			half = v
		default:
			p[n] = byte(half<<4 | v)
			n++
			x.digits++
			half = -1
		}
	}
	if n == 0 {
		if x.r.readErr != nil {
			return 0, x.r.readErr
		}
		return 0, io.EOF
	}
	return n, nil
}

// rtfHidden are the destinations that hold no text; those behind \* are left out unless they are in rtfShown.
var rtfHidden = set("fonttbl colortbl stylesheet listtable listoverridetable rsidtbl filetbl pict object objdata themedata " +
	"colorschememapping datastore latentstyles xmlnstbl generator bkmkstart bkmkend")

// rtfShown are the destinations whose text stands apart.
var rtfShown = set("footnote header headerl headerr headerf footer footerl footerr footerf annotation shptxt title subject author keywords " +
	"doccomm operator company manager result ftnsep atnid atnauthor nonshppict " +
	"fldinst userprops propname staticval docvar dptxbxtext formfield ffname ffdeftext ffhelptext ffstattext ffl company template " +
	"windowcaption mailmerge mmconnectstr mmquery mmdatasource mmheadersource mmmailsubject revtbl mmath moMath " +
	"xmlattrvalue hlinkbase category")

// rtfSaid are the properties of shapes that are text: what is said in place of a picture, WordArt, and where a link leads.
var rtfSaid = set("wzDescription wzName wzTooltip gtextUNICODE gtextRTF pibName pihlShape")

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, word := range strings.Fields(words) {
		m[word] = true
	}
	return m
}
