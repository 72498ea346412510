package extract

import (
	"bufio"
	"bytes"
	"io"
	"strings"
)

// extractSQL reads a dump of a database. What INSERT and COPY write are values under the names of their columns, on the lines
// where they stand; where a statement names no columns, those of the table's CREATE TABLE in the same file count. All else is
// text, a value for each statement, so that a word of one statement is no keyword for the next.
func extractSQL(w *walker, doc *Document, in *input) error {
	r := decoded(in)
	if r == nil {
		r = in
	}
	b := newBuilder(w, doc, true)
	defer b.close()
	s := &sqlReader{w: w, b: b, in: bufio.NewReaderSize(r, 64*kib), line: 1, tables: map[string]*sqlTable{}, last: map[string]*sqlTable{}, known: map[string][]int32{}, holds: holding{w: w}}
	defer s.holds.drop()
	for s.err == nil && s.statement() {
	}
	doc.Read = max(doc.Size, s.read)
	if s.err == nil {
		s.err = s.endText()
	}
	if err := b.finish(); err != nil {
		return err
	}
	if s.err == nil {
		s.err = s.readErr
	}
	if s.err == nil && s.nameless {
		return stop(Partial, UnableToParseFile, "more tables than can be remembered")
	}
	return s.err
}

// sqlReader goes through a dump byte by byte. What it reads outside of values is text, and written as such on the way.
type sqlReader struct {
	w         *walker
	b         *builder
	in        *bufio.Reader
	line, col int64 // of the byte that comes next; characters before it
	read      int64
	err       error // of the walk
	readErr   error // of the input
	ended     bool
	texting   bool // a stretch of text has begun
	fresh     bool // nothing but blanks has come in this line
	tables    map[string]*sqlTable
	last      map[string]*sqlTable // by the last part of their names, the last table of each
	nameless  bool                 // there are tables that are not remembered
	known     map[string][]int32   // what the builder calls columns, by their names
	knownSize int64
	holds     holding
	pending   sqlToken
}

// What a dump may make the reader remember, and how much of a name counts.
const (
	maxSQLTables  = 10_000
	maxSQLColumns = 4_096
	maxSQLName    = 128
)

// sqlTable is what a dump has said of a table.
type sqlTable struct {
	full  string
	names []string // of its columns
	infos []int32  // what the builder calls them, once it has been asked: a statement is far shorter than they are
	asked bool
	size  int64 // that is held for it
}

// sqlToken is a word, a name in quotes, or one character of something else; kind 0 is the end.
type sqlToken struct {
	kind  byte // 'w', 'n', 's' for a string, or the character
	text  string
	first bool // nothing stands before it in its line
}

func (t sqlToken) is(word string) bool { return t.kind == 'w' && strings.EqualFold(t.text, word) }

func (t sqlToken) names() bool { return t.kind == 'w' || t.kind == 'n' }

func (s *sqlReader) peek() (byte, bool) {
	if s.ended || s.err != nil {
		return 0, false
	}
	b, err := s.in.Peek(1)
	if len(b) == 0 {
		s.ended = true
		if err != io.EOF {
			s.readErr = err
		}
		return 0, false
	}
	return b[0], true
}

// peekIs says whether the next bytes are these.
func (s *sqlReader) peekIs(text string) bool {
	b, _ := s.in.Peek(len(text))
	return string(b) == text
}

func (s *sqlReader) skip() {
	c, err := s.in.ReadByte()
	if err != nil {
		return
	}
	s.read++
	switch {
	case c == '\n':
		s.line++
		s.col, s.fresh = 0, true
	case c&0xc0 != 0x80:
		s.col++
		s.fresh = s.fresh && (c == ' ' || c == '\t' || c == '\r')
	}
	if s.err == nil {
		s.err = s.w.step(2)
	}
}

// echo moves the next byte into the text.
func (s *sqlReader) echo(c byte) {
	if !s.texting {
		s.b.mark(LineRange, 0, s.line, s.col)
		s.texting = true
	}
	s.skip()
	if err := s.b.writeByte(c); s.err == nil {
		s.err = err
	}
}

func (s *sqlReader) endText() error {
	if !s.texting {
		return nil
	}
	s.texting = false
	return s.b.end()
}

// blanks echoes white space and comments.
func (s *sqlReader) blanks() {
	for {
		c, ok := s.peek()
		switch {
		case !ok:
			return
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			if s.texting {
				s.echo(c)
			} else {
				s.skip()
			}
		case c == '#' && s.fresh, c == '-' && s.peekIs("--"):
			s.restOfLine()
		case c == '/' && s.peekIs("/*") && !s.peekIs("/*!"):
			s.blockComment()
		default:
			return
		}
	}
}

func (s *sqlReader) blockComment() {
	s.echo('/')
	s.echo('*')
	for {
		c, ok := s.peek()
		if !ok {
			return
		}
		end := c == '*' && s.peekIs("*/")
		s.echo(c)
		if end {
			s.echo('/')
			return
		}
	}
}

func (s *sqlReader) restOfLine() {
	for {
		c, ok := s.peek()
		if !ok {
			return
		}
		s.echo(c)
		if c == '\n' {
			return
		}
	}
}

func isSQLWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '$' || c >= 0x80
}

// token reads and echoes the next token.
func (s *sqlReader) token() sqlToken {
	if t := s.pending; t.kind != 0 {
		s.pending = sqlToken{}
		return t
	}
	s.blanks()
	c, ok := s.peek()
	if !ok {
		return sqlToken{}
	}
	t := sqlToken{kind: c, first: s.fresh || s.read == 0}
	var text []byte
	add := func(c byte) {
		if len(text) < maxSQLName {
			text = append(text, c)
		}
	}
	switch {
	case isSQLWord(c):
		t.kind = 'w'
		for ; ok && isSQLWord(c); c, ok = s.peek() {
			add(c)
			s.echo(c)
		}
	case c == '"' || c == '`' || c == '[' || c == '\'':
		t.kind = 'n'
		end := c
		switch c {
		case '[':
			end = ']'
		case '\'':
			t.kind = 's'
		}
		s.echo(c)
		for {
			if c, ok = s.peek(); !ok {
				break
			}
			s.echo(c)
			if c == '\\' && t.kind == 's' {
				if c, ok = s.peek(); ok {
					s.echo(c)
				}
				continue
			}
			if c == end {
				if next, more := s.peek(); !more || next != end || end == ']' {
					break
				}
				s.echo(end)
			}
			add(c)
		}
	default:
		s.echo(c)
	}
	t.text = string(text)
	return t
}

// statement reads one statement, and returns false at the end.
func (s *sqlReader) statement() bool {
	if s.pending.kind == 0 {
		if s.err = s.endText(); s.err != nil {
			return false
		}
	}
	t := s.token()
	switch {
	case t.kind == 0:
		return false
	case t.kind == ';' || t.is("go"):
		return true
	case t.kind == '\\': // a command of psql
		s.restOfLine()
		return true
	case t.is("insert"), t.is("replace"):
		return s.insert()
	case t.is("copy"):
		return s.copyFrom()
	case t.is("create"):
		return s.create()
	}
	return s.rest()
}

// rest reads up to the end of the statement: a semicolon, or a line that begins another, where dumps have no semicolons.
func (s *sqlReader) rest() bool {
	for depth := 0; ; {
		t := s.token()
		switch {
		case t.kind == 0:
			return false
		case t.kind == '(':
			depth++
		case t.kind == ')':
			depth--
		case t.kind == ';' && depth <= 0:
			return true
		case t.first && depth <= 0 && (t.is("insert") || t.is("replace") || t.is("copy") || t.is("create") || t.is("go")):
			s.pending = t
			return true
		}
	}
}

// table reads what stands between a statement's first words and its values: the table, and perhaps columns in parentheses. It
// ends with the first token that is none of that.
func (s *sqlReader) table() (name sqlName, columns []string, next sqlToken) {
	t := s.token()
	for t.is("into") || t.is("ignore") || t.is("overwrite") || t.is("table") || t.is("low_priority") || t.is("delayed") || t.is("or") {
		t = s.token()
	}
	name, t = s.tableName(t)
	if t.kind == '(' && name.last != "" {
		for t = s.token(); t.kind != 0 && t.kind != ')' && t.kind != ';'; t = s.token() {
			if t.names() && len(columns) < maxSQLColumns {
				columns = append(columns, t.text)
			}
		}
		t = s.token()
	}
	return name, columns, t
}

func (s *sqlReader) insert() bool {
	name, columns, t := s.table()
	for ; t.kind == 'w' && !t.is("values") && !t.is("value"); t = s.token() {
		if t.is("select") || t.is("set") || t.is("with") {
			return s.rest()
		}
	}
	if t.kind == ';' {
		return true
	}
	if t.kind != 'w' {
		return t.kind != 0 && s.rest()
	}
	infos, ok := s.columns(name, columns)
	if !ok {
		return false
	}
	s.blanks()
	for s.err == nil {
		if c, ok := s.peek(); !ok || c != '(' {
			break
		}
		if s.err = s.endText(); s.err != nil {
			return false
		}
		s.skip()
		s.tuple(infos)
		s.blanks()
		if c, ok := s.peek(); !ok || c != ',' {
			break
		}
		s.skip()
		s.blanks()
	}
	c, ok := s.peek()
	if ok && c == ';' {
		s.skip()
		return true
	}
	// ON CONFLICT …, or the next statement.
	return ok && (s.fresh || s.rest())
}

// tuple reads the values up to the closing parenthesis.
func (s *sqlReader) tuple(infos []int32) {
	for i := 0; s.err == nil; i++ {
		more := s.value(infos, i)
		if !more {
			return
		}
	}
}

// value reads a value and the comma or parenthesis after it; it returns false after the last.
func (s *sqlReader) value(infos []int32, i int) bool {
	v := sqlValue{s: s, infos: infos, i: i}
	more := v.read()
	v.end()
	return more
}

// sqlValue is a value on the way to the builder: that of a column.
type sqlValue struct {
	s     *sqlReader
	infos []int32
	i     int // the column
	begun bool
	last  byte // that was written
}

// put writes c for the next byte.
func (v *sqlValue) put(c byte) {
	s := v.s
	if !v.begun {
		v.begun = true
		kind, info := LineRange, int32(0)
		if v.i < len(v.infos) {
			kind, info = namedLine, v.infos[v.i]
		}
		s.b.mark(kind, info, s.line, s.col)
	}
	s.skip()
	if err := s.b.writeByte(c); s.err == nil {
		s.err = err
	}
	v.last = c
}

func (v *sqlValue) end() {
	if v.begun && v.s.err == nil {
		v.s.err = v.s.b.end()
	}
	v.begun, v.last = false, 0
}

// read reads the value as it stands in a tuple. It returns whether a comma follows it.
func (v *sqlValue) read() (more bool) {
	s := v.s
	for depth := 0; s.err == nil; {
		c, ok := s.peek()
		if !ok {
			return false
		}
		switch {
		case !v.begun && (c == ' ' || c == '\t' || c == '\r' || c == '\n'):
			s.skip()
			continue
		case c == '\'' || c == '"' || c == '`':
			v.string(c)
			continue
		case (c == '/' || c == '-' || c == '#') && v.comment(c), c == '$' && v.dollars():
			continue
		case depth == 0 && (c == ',' || c == ')'):
			s.skip()
			return c == ','
		case c == '(' || c == '[':
			depth++
		case (c == ')' || c == ']') && depth > 0:
			depth--
		case !v.begun && strings.IndexByte("NEXBnexb", c) >= 0 && s.peekIs(string(c)+"'"): // N'…'
			s.skip()
			continue
		}
		v.put(c)
	}
	return false
}

// string reads a string or a name in quotes. Quotes of the value itself are none of it; those of an expression are.
func (v *sqlValue) string(quote byte) {
	s := v.s
	if !v.begun {
		s.skip()
		s.quoted(quote, v.put)
		s.skip()
		return
	}
	v.put(quote)
	s.quoted(quote, v.put)
	if _, ok := s.peek(); ok {
		v.put(quote)
	}
}

// maxSQLTag is how many bytes a tag has between its dollars: that of a name.
const maxSQLTag = 64

// dollars reads a string of PostgreSQL that stands between $$ and $$, or between $tag$ and $tag$. It returns false where none
// begins.
func (v *sqlValue) dollars() bool {
	s := v.s
	if v.begun && isSQLWord(v.last) {
		return false
	}
	b, _ := s.in.Peek(maxSQLTag + 2)
	n := 1
	for n < len(b) && b[n] != '$' && isSQLWord(b[n]) && (n > 1 || !isNumeral(b[n])) {
		n++
	}
	if n >= len(b) || b[n] != '$' {
		return false
	}
	tag := string(b[:n+1])
	for range len(tag) {
		s.skip()
	}
	for s.err == nil {
		c, ok := s.peek()
		if !ok {
			return true
		}
		if c == '$' && s.peekIs(tag) {
			for range len(tag) {
				s.skip()
			}
			return true
		}
		v.put(c)
	}
	return true
}

// comment reads a comment as a text of its own, whose commas part no values. It returns false where none begins.
func (v *sqlValue) comment(c byte) bool {
	s := v.s
	b, _ := s.in.Peek(3)
	switch {
	case c == '/' && s.peekIs("/*") && !s.peekIs("/*!"):
	case c == '-' && s.peekIs("--") && !(len(b) == 3 && (isNumeral(b[2]) || b[2] == '.' || b[2] == '(')): // 1--1 is a difference
	case c == '#' && (s.fresh || len(b) > 1 && b[1] == ' '): // Access writes dates as #2020-01-01#
	default:
		return false
	}
	v.end()
	if s.err != nil {
		return true
	}
	if c == '/' {
		s.blockComment()
	} else {
		s.restOfLine()
	}
	if s.err == nil {
		s.err = s.endText()
	}
	return true
}

// quoted reads a string up to the quote that ends it, which it leaves. Escapes are undone; those of line ends become spaces, since the line of
// the file goes on.
func (s *sqlReader) quoted(quote byte, put func(byte)) {
	for s.err == nil {
		c, ok := s.peek()
		if !ok {
			return
		}
		switch {
		case c == quote:
			if b, _ := s.in.Peek(2); len(b) < 2 || b[1] != quote {
				return
			}
			s.skip()
			put(c)
		case c == '\\' && quote != '`':
			b, _ := s.in.Peek(2)
			if len(b) < 2 {
				put(c)
				continue
			}
			switch b[1] {
			case 'n', 'r', 't', '0':
				put(' ')
				put(' ')
			case '\'', '"', '\\', '%', '_':
				s.skip()
				put(b[1])
			default:
				put(c)
			}
		default:
			put(c)
		}
	}
}

// sniffSQL says whether text is a dump of a database: one that is named so and has such statements, or one that says it in its
// first statement.
func sniffSQL(head []byte, named bool) bool {
	if !anyLine(head, "insert ", "replace ", "copy ") && !(named && anyLine(head, "create ")) {
		return false // as nearly every text
	}
	low := bytes.ToLower(head)
	has := func(words ...string) bool {
		for _, word := range words {
			if bytes.HasPrefix(low, []byte(word)) || bytes.Contains(low, []byte("\n"+word)) {
				return true
			}
		}
		return false
	}
	writes := has("insert into ", "insert ignore into ", "replace into ", "insert [") && bytes.Contains(low, []byte("values")) ||
		has("copy ") && bytes.Contains(low, []byte("from stdin"))
	if named {
		return writes || has("create table ", "create temporary table ")
	}
	return writes && has("-- ", "/*", "set ", "create table ", "drop table ", "begin;", "lock tables", "use ", "pragma ")
}

// anyLine says whether a line of text begins with one of the words, letter case aside.
func anyLine(text []byte, words ...string) bool {
	for len(text) > 0 {
		for _, w := range words {
			if text[0]|0x20 == w[0] && len(text) >= len(w) && strings.EqualFold(string(text[:len(w)]), w) {
				return true
			}
		}
		i := bytes.IndexByte(text, '\n')
		if i < 0 {
			return false
		}
		text = text[i+1:]
	}
	return false
}
