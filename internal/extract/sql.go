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
	s := &sqlReader{w: w, b: b, in: bufio.NewReaderSize(r, 64*kib), line: 1, tables: map[string]*sqlTable{}, known: map[string][]int32{}, holds: holding{w: w}}
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
	if s.err != nil {
		return s.err
	}
	return s.readErr
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
	known     map[string][]int32 // what the builder calls columns, by their names
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
	names []string // of its columns
	infos []int32  // what the builder calls them, once it has been asked: a statement is far shorter than they are
	asked bool
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
			s.echo(c)
			for {
				if c, ok = s.peek(); !ok {
					return
				}
				end := c == '*' && s.peekIs("*/")
				s.echo(c)
				if end {
					s.echo('/')
					break
				}
			}
		default:
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
func (s *sqlReader) table() (name string, columns []string, next sqlToken) {
	t := s.token()
	for t.is("into") || t.is("ignore") || t.is("overwrite") || t.is("table") || t.is("low_priority") || t.is("delayed") || t.is("or") {
		t = s.token()
	}
	for t.names() {
		name = strings.ToLower(t.text)
		if t = s.token(); t.kind != '.' {
			break
		}
		t = s.token()
	}
	if t.kind == '(' && name != "" {
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

// columns registers the names of a statement's columns; those that it does not name are the table's. Dumps have a statement for
// each row, so what was registered once counts again.
func (s *sqlReader) columns(table string, names []string) (infos []int32, ok bool) {
	if names != nil {
		s.remember(table, names)
		return s.register(names)
	}
	t := s.tables[table]
	if t == nil {
		return nil, true
	}
	if !t.asked {
		t.asked = true
		if t.infos, ok = s.register(t.names); !ok {
			return nil, false
		}
	}
	return t.infos, true
}

// register has the builder keep the names of columns.
func (s *sqlReader) register(names []string) (infos []int32, ok bool) {
	if len(names) == 0 {
		return nil, true
	}
	all := strings.Join(names, "\x00")
	if infos, ok = s.known[all]; ok {
		return infos, true
	}
	if len(s.known) >= maxSQLTables || !s.holds.hold(int64(len(all)+4*len(names)+64)) {
		return nil, true // values without names are values still
	}
	infos = make([]int32, len(names))
	for i, name := range names {
		if infos[i], s.err = s.b.keep(fieldInfo{names: []string{name}}); s.err != nil {
			return nil, false
		}
	}
	s.known[all] = infos
	return infos, true
}

func (s *sqlReader) remember(table string, names []string) {
	if _, known := s.tables[table]; known || len(s.tables) >= maxSQLTables || table == "" {
		return
	}
	size := int64(len(table) + 64)
	for _, name := range names {
		size += int64(len(name) + 16)
	}
	if s.holds.hold(size) {
		s.tables[table] = &sqlTable{names: names}
	}
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
	for c, ok := s.peek(); ok && (c == ' ' || c == '\t' || c == '\r' || c == '\n'); c, ok = s.peek() {
		s.skip()
	}
	begun := false
	put := func(c byte) {
		if !begun {
			begun = true
			kind, info := LineRange, int32(0)
			if i < len(infos) {
				kind, info = namedLine, infos[i]
			}
			s.b.mark(kind, info, s.line, s.col)
		}
		s.skip()
		if err := s.b.writeByte(c); s.err == nil {
			s.err = err
		}
	}
	more := false
	for depth := 0; s.err == nil; {
		c, ok := s.peek()
		if !ok {
			break
		}
		if c == '\'' {
			if begun { // of an expression
				put(c)
				s.quoted(put)
				if _, ok := s.peek(); ok {
					put(c)
				}
				continue
			}
			s.skip() // the value's own quotes are none of it
			s.quoted(put)
			s.skip()
			continue
		}
		if depth == 0 && (c == ',' || c == ')') {
			s.skip()
			more = c == ','
			break
		}
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		case 'N', 'E', 'n', 'e', 'X', 'x', 'B', 'b':
			if b, _ := s.in.Peek(2); !begun && len(b) == 2 && b[1] == '\'' { // N'…'
				s.skip()
				continue
			}
		}
		put(c)
	}
	if begun && s.err == nil {
		s.err = s.b.end()
	}
	return more
}

// quoted reads a string up to the quote that ends it, which it leaves. Escapes are undone; those of line ends become spaces, since the line of
// the file goes on.
func (s *sqlReader) quoted(put func(byte)) {
	for s.err == nil {
		c, ok := s.peek()
		if !ok {
			return
		}
		switch {
		case c == '\'':
			if !s.peekIs("''") {
				return
			}
			s.skip()
			put(c)
		case c == '\\':
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

// copyFrom reads COPY … FROM stdin and the rows after it.
func (s *sqlReader) copyFrom() bool {
	name, columns, t := s.table()
	from, delim := false, byte('\t')
	for ; t.kind != ';'; t = s.token() {
		if t.kind == 0 {
			return false
		}
		from = from || t.is("stdin")
		if t.is("csv") {
			delim = ','
		}
	}
	if !from {
		return true
	}
	infos, ok := s.columns(name, columns)
	if !ok {
		return false
	}
	for c, ok := s.peek(); ok; c, ok = s.peek() { // the rest of the line
		s.skip()
		if c == '\n' {
			break
		}
	}
	if s.err == nil {
		s.err = s.endText()
	}
	for s.err == nil {
		if _, ok := s.peek(); !ok {
			return false
		}
		if s.peekIs(`\.`) {
			s.skip()
			s.skip()
			return true
		}
		s.row(infos, delim)
	}
	return false
}

// row reads a line of COPY's text format, or of CSV without line ends in its cells.
func (s *sqlReader) row(infos []int32, delim byte) {
	for i := 0; s.err == nil; i++ {
		begun := false
		var c byte
		ok := true
		for {
			if c, ok = s.peek(); !ok || c == delim || c == '\n' {
				break
			}
			if c == '\r' || c == '"' && delim == ',' || !begun && c == '\\' && s.peekIs(`\N`) {
				if s.skip(); c == '\\' {
					s.skip()
				}
				continue
			}
			if !begun {
				begun = true
				kind, info := LineRange, int32(0)
				if i < len(infos) {
					kind, info = namedLine, infos[i]
				}
				s.b.mark(kind, info, s.line, s.col)
			}
			if c == '\\' {
				if b, _ := s.in.Peek(2); len(b) == 2 && (b[1] == 'n' || b[1] == 't' || b[1] == 'r') {
					s.skip()
					c = ' '
				}
			}
			s.skip()
			if err := s.b.writeByte(c); s.err == nil {
				s.err = err
			}
			if s.err != nil {
				return
			}
		}
		if begun && s.err == nil {
			s.err = s.b.end()
		}
		if !ok {
			return
		}
		s.skip()
		if c == '\n' {
			return
		}
	}
}

// create reads CREATE TABLE for the names of its columns.
func (s *sqlReader) create() bool {
	t := s.token()
	for t.is("temporary") || t.is("temp") || t.is("unlogged") || t.is("global") || t.is("local") || t.is("external") {
		t = s.token()
	}
	if !t.is("table") {
		return t.kind == ';' || t.kind != 0 && s.rest()
	}
	for t = s.token(); t.is("if") || t.is("not") || t.is("exists"); t = s.token() {
	}
	name := ""
	for t.names() {
		name = strings.ToLower(t.text)
		if t = s.token(); t.kind != '.' {
			break
		}
		t = s.token()
	}
	if t.kind != '(' {
		return t.kind == ';' || t.kind != 0 && s.rest()
	}
	var columns []string
	for depth, begins := 1, true; depth > 0; {
		t = s.token()
		switch {
		case t.kind == 0:
			return false
		case t.kind == '(':
			depth++
		case t.kind == ')':
			depth--
		case t.kind == ',':
			begins = depth == 1
			continue
		case begins && t.names() && len(columns) < maxSQLColumns && !(t.kind == 'w' && noColumn[strings.ToLower(t.text)]):
			columns = append(columns, t.text)
		}
		begins = false
	}
	s.remember(name, columns)
	return s.rest()
}

// noColumn are the words that begin other things in a CREATE TABLE.
var noColumn = map[string]bool{"primary": true, "key": true, "unique": true, "constraint": true, "index": true, "foreign": true,
	"check": true, "fulltext": true, "spatial": true, "exclude": true, "like": true, "period": true}

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
