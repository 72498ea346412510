package extract

import "strings"

// Dumps whose INSERT or COPY names no columns have named them in CREATE TABLE.

// sqlName is the name of a table, in lower case: with what stands before it, a schema or a database, and without.
type sqlName struct{ full, last string }

// maxSQLParts is how many parts a name may have: a server, a database, a schema and a table.
const maxSQLParts = 4

// tableName reads the name that begins with t. It returns the token behind it, too.
func (s *sqlReader) tableName(t sqlToken) (name sqlName, next sqlToken) {
	var parts []string
	for t.names() {
		parts = append(parts, strings.ToLower(t.text))
		if t = s.token(); t.kind != '.' || len(parts) == maxSQLParts {
			break
		}
		t = s.token()
	}
	if len(parts) == 0 {
		return sqlName{}, t
	}
	return sqlName{strings.Join(parts, "."), parts[len(parts)-1]}, t
}

// find returns what is known of a table. One that is named with its schema in one place and without in another is the same; one
// of another schema is not.
func (s *sqlReader) find(name sqlName) *sqlTable {
	if t := s.tables[name.full]; t != nil {
		return t
	}
	t := s.last[name.last]
	if t == nil || !strings.HasSuffix("."+t.full, "."+name.full) && !strings.HasSuffix("."+name.full, "."+t.full) {
		return nil
	}
	return t
}

// columns registers the names of a statement's columns; those that it does not name are the table's. Dumps have a statement for
// each row, so what was registered once counts again.
func (s *sqlReader) columns(table sqlName, names []string) (infos []int32, ok bool) {
	t := s.find(table)
	if names != nil {
		if t == nil && len(s.tables) < maxSQLTables {
			s.remember(table, names)
		}
		return s.register(names)
	}
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
	if len(s.known) >= maxSQLTables {
		s.holds.release(s.knownSize)
		s.knownSize = 0
		clear(s.known)
	}
	infos = make([]int32, len(names))
	for i, name := range names {
		var err error
		if infos[i], err = s.b.keep(fieldInfo{names: []string{name}}); err != nil {
			s.nameless = true // the values are read all the same
			return nil, true
		}
	}
	if size := int64(len(all) + 4*len(names) + 64); s.holds.hold(size) {
		s.knownSize += size
		s.known[all] = infos
	}
	return infos, true
}

// remember keeps the names of a table's columns. It returns false where there is no room for them.
func (s *sqlReader) remember(table sqlName, names []string) bool {
	if table.last == "" {
		return true
	}
	if had := s.tables[table.full]; had != nil { // what it was before is no longer true
		s.holds.release(had.size)
		delete(s.tables, table.full)
		if s.last[table.last] == had {
			delete(s.last, table.last)
		}
	}
	size := int64(2*len(table.full) + 128)
	for _, name := range names {
		size += int64(len(name) + 16)
	}
	if len(s.tables) >= maxSQLTables || !s.holds.hold(size) {
		delete(s.last, table.last)
		return false
	}
	t := &sqlTable{full: table.full, names: names, size: size}
	s.tables[table.full], s.last[table.last] = t, t
	return true
}

// create reads CREATE TABLE for the names of its columns. A table of the same name that came before it was another's: of another
// database, or dropped since.
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
	name, t := s.tableName(t)
	if t.kind != '(' {
		return t.kind == ';' || t.kind != 0 && s.rest()
	}
	var columns []string
	var item []sqlToken // the first words of what stands between two commas
	for depth := 1; depth > 0; {
		t = s.token()
		switch t.kind {
		case 0:
			return false
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth == 0 || depth == 1 && t.kind == ',' {
			if isSQLColumn(item) && len(columns) < maxSQLColumns {
				columns = append(columns, item[0].text)
			}
			item = item[:0]
		} else if len(item) < 4 {
			item = append(item, t)
		}
	}
	if !s.remember(name, columns) {
		s.nameless = true
	}
	return s.rest()
}

// isSQLColumn says whether what stands in a CREATE TABLE, of which these are the first words, is a column. Words that begin other
// things there are names of columns as well in some databases: key text, but KEY name (column).
func isSQLColumn(item []sqlToken) bool {
	if len(item) == 0 || !item[0].names() {
		return false
	}
	if item[0].kind == 'n' || len(item) == 1 {
		return true
	}
	switch second := item[1]; strings.ToLower(item[0].text) {
	case "unique", "constraint", "check", "like":
		return false
	case "primary", "foreign":
		return !second.is("key")
	case "period":
		return !second.is("for")
	case "key", "index", "fulltext", "spatial", "exclude":
		switch {
		case second.kind != 'w' || second.is("key") || second.is("index") || second.is("using"):
			return false
		case len(item) == 4 && item[2].kind == '(': // varchar(20), enum('a'), nvarchar(max), or the columns of a key
			size := item[3]
			return size.kind == 's' || size.is("max") || size.kind == 'w' && isNumeral(size.text[0])
		}
		return len(item) == 2 || !item[2].is("using")
	}
	return true
}
