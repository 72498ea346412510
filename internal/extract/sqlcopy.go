package extract

// copyFormat is how COPY writes rows.
type copyFormat struct {
	csv                  bool
	delim, quote, escape byte
}

// copyFrom reads COPY … FROM stdin and the rows after it.
func (s *sqlReader) copyFrom() bool {
	name, columns, t := s.table()
	from, f, ok := s.copyOptions(t)
	if !ok || !from {
		return ok
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
		for i := 0; s.err == nil; i++ {
			v := sqlValue{s: s, infos: infos, i: i}
			more := f.cell(&v)
			v.end()
			if !more {
				break
			}
		}
	}
	return false
}

// copyOptions reads what stands from t to the semicolon: whether the rows follow, and how they are written. It returns false at
// the end of the file.
func (s *sqlReader) copyOptions(t sqlToken) (from bool, f copyFormat, ok bool) {
	f.quote = '"'
	var option *byte
	for ; t.kind != ';'; t = s.token() {
		switch {
		case t.kind == 0:
			return false, f, false
		case t.is("stdin"):
			from = true
		case t.is("csv"):
			f.csv = true
		case t.is("delimiter"), t.is("delimiters"):
			option = &f.delim
		case t.is("quote"):
			option = &f.quote
		case t.is("escape"):
			option = &f.escape
		case t.kind == 's' && option != nil:
			if len(t.text) == 1 {
				*option = t.text[0]
			} else if option == &f.delim { // E'\t'
				f.delim = '\t'
			}
			option = nil
		}
	}
	if f.delim == 0 {
		f.delim = '\t'
		if f.csv {
			f.delim = ','
		}
	}
	if f.escape == 0 {
		f.escape = f.quote
	}
	return from, f, true
}

// cell reads a value and the delimiter or line end after it. It returns whether another follows in the row.
func (f copyFormat) cell(v *sqlValue) (more bool) {
	s, quoted := v.s, false
	for s.err == nil {
		c, ok := s.peek()
		if !ok {
			return false
		}
		if !quoted && (c == f.delim || c == '\n') {
			s.skip()
			return c == f.delim
		}
		next := byte(0)
		if c == '\\' || c == f.escape {
			if b, _ := s.in.Peek(2); len(b) == 2 {
				next = b[1]
			}
		}
		switch {
		case f.csv && quoted && c == f.escape && next == f.quote:
			s.skip()
			v.put(next)
		case f.csv && c == f.quote:
			s.skip()
			quoted = !quoted
		case c == '\r' && !quoted:
			s.skip()
		case c == '\\' && !v.begun && next == 'N':
			s.skip()
			s.skip()
		case f.csv || c != '\\':
			v.put(c)
		case next == 'n' || next == 't' || next == 'r':
			s.skip()
			v.put(' ')
		case next == f.delim || next == '\\':
			s.skip()
			v.put(next)
		default:
			v.put(c)
		}
	}
	return false
}
