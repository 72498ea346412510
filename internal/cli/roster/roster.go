// Package roster owns the reading of lists of accounts as people have them: the CSV file that Macie's console takes (Account ID,Email), with
// byte order mark, CRLF and quotes as spreadsheets write them; JSON lines; ID=EMAIL arguments. It promises that either the whole list is
// right, or every fault of it is named with line and column.
//
// Start at Read.
package roster

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	xunicode "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Entry is one account of a list.
type Entry struct {
	Account string // 12 digits
	Email   string
	Line    int // of the file, or the number of the argument; from 1
}

// Fault is one thing that is wrong with a list.
type Fault struct {
	Line, Column int // from 1; the column counts characters
	Text         string
}

// Faults is all that is wrong with a list.
type Faults struct {
	Name string
	All  []Fault
}

func (f *Faults) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s cannot be used; nothing was done:", f.Name)
	for _, fault := range f.All {
		fmt.Fprintf(&b, "\n%s:%d:%d: %s", f.Name, fault.Line, fault.Column, fault.Text)
	}
	return b.String()
}

// maxLine bounds a line, in bytes. The longest that is right has under 300.
const maxLine = 64 << 10

// Read reads a list: JSON lines where the first character is "{", else CSV. The error is a *Faults, or one of reading.
func Read(name string, r io.Reader) ([]Entry, error) {
	l := &list{faults: Faults{Name: name}, seen: map[string]int{}}
	s := bufio.NewScanner(decode(r))
	s.Buffer(nil, maxLine)
	line := 0
	var read func(int, string)
	for s.Scan() {
		line++
		text := strings.TrimSuffix(s.Text(), "\r")
		if strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r == ',' || r == ';' }) == "" {
			continue // as spreadsheets write a row that is empty
		}
		if read == nil {
			var heading bool
			if read, heading = l.form(text); heading {
				continue
			}
		}
		if !utf8.ValidString(text) {
			l.fault(line, column(text, strings.IndexFunc(text, func(r rune) bool { return r == utf8.RuneError })), "not text in UTF-8; save the file as CSV UTF-8")
			continue
		}
		read(line, text)
	}
	if err := s.Err(); errors.Is(err, bufio.ErrTooLong) {
		l.fault(line+1, 1, "longer than any line of such a list can be")
	} else if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(l.faults.All) > 0 {
		return nil, &l.faults
	}
	if len(l.entries) == 0 {
		return nil, &Faults{Name: name, All: []Fault{{1, 1, "there are no accounts in it"}}}
	}
	return l.entries, nil
}

// decode makes UTF-8 of what spreadsheets write: UTF-16 too, which a byte order mark tells, or the zero in the first character.
func decode(r io.Reader) io.Reader {
	b := bufio.NewReader(r)
	var otherwise transform.Transformer = transform.Nop
	switch head, _ := b.Peek(2); { // fewer, if there are fewer
	case len(head) < 2:
	case head[0] != 0 && head[1] == 0:
		otherwise = xunicode.UTF16(xunicode.LittleEndian, xunicode.IgnoreBOM).NewDecoder()
	case head[0] == 0 && head[1] != 0:
		otherwise = xunicode.UTF16(xunicode.BigEndian, xunicode.IgnoreBOM).NewDecoder()
	}
	return transform.NewReader(b, xunicode.BOMOverride(otherwise))
}

// Arguments reads ID=EMAIL arguments.
func Arguments(args []string) ([]Entry, error) {
	l := &list{faults: Faults{Name: "argument"}, seen: map[string]int{}}
	for i, arg := range args {
		id, email, ok := strings.Cut(arg, "=")
		if !ok {
			l.fault(i+1, 1, fmt.Sprintf("%q is not ID=EMAIL, such as 444455556666=member@example.com", arg))
			continue
		}
		l.add(i+1, field{id, 1, 1}, field{email, len([]rune(id)) + 2, len([]rune(id)) + 2})
	}
	if len(l.faults.All) > 0 {
		return nil, &l.faults
	}
	return l.entries, nil
}

type list struct {
	entries []Entry
	faults  Faults
	seen    map[string]int // account → line

	separator  byte
	idField    int
	emailField int
}

func (l *list) fault(line, column int, text string) {
	l.faults.All = append(l.faults.All, Fault{line, column, text})
}

// form chooses by the first line how lines are read, and tells whether that line is a heading.
func (l *list) form(first string) (read func(int, string), isHeading bool) {
	if strings.HasPrefix(strings.TrimSpace(first), "{") {
		return l.jsonLine, false
	}
	l.separator, l.idField, l.emailField = ',', 0, 1
	switch commas := strings.Count(first, ","); {
	case strings.Count(first, ";") > commas:
		l.separator = ';' // as spreadsheets write it where the comma is the decimal sign
	case strings.Count(first, "\t") > commas:
		l.separator = '\t' // as "Unicode Text" has it, and what is pasted from a spreadsheet
	}
	fields, err := split(first, l.separator)
	if err != nil {
		return l.csvLine, false
	}
	id, email := -1, -1
	for i, f := range fields {
		switch heading(f.text) {
		case "accountid", "account", "id":
			id = i
		case "email", "emailaddress":
			email = i
		}
	}
	if id < 0 || email < 0 {
		if strings.ContainsFunc(first, func(r rune) bool { return r == '@' || unicode.IsDigit(r) }) {
			return l.csvLine, false
		}
		l.fault(1, 1, unknownHeading(fields))
		return func(int, string) {}, true // what stands in which column cannot be told
	}
	l.idField, l.emailField = id, email
	return l.csvLine, true
}

// unknownHeading names the columns that a heading has, and those that it should have.
func unknownHeading(fields []field) string {
	var has []string
	for _, f := range fields[:min(len(fields), 10)] {
		has = append(has, fmt.Sprintf("%.40q", strings.TrimSpace(f.text)))
	}
	return "the heading has " + strings.Join(has, ", ") + "; what is understood is Account ID (or Account, or ID) and Email (or Email Address), beside any others"
}

// heading is a column's name without what people vary.
func heading(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

func (l *list) csvLine(line int, text string) {
	fields, err := split(text, l.separator)
	if err != nil {
		l.fault(line, err.column, err.text)
		return
	}
	at := func(i int) field {
		if i < len(fields) {
			return fields[i]
		}
		end := utf8.RuneCountInString(text) + 1
		return field{column: end, inner: end}
	}
	if !slices.ContainsFunc(fields, func(f field) bool { return strings.TrimSpace(f.text) != "" }) {
		return // an empty row with quotes
	}
	l.add(line, at(l.idField), at(l.emailField))
}

// field is a field of a line: its text, and where it begins, with its quote and behind it.
type field struct {
	text          string
	column, inner int
}

type splitError struct {
	column int
	text   string
}

// split cuts a line of CSV into fields. A quoted field does not go on in the next line: no account has such a field, and one quote too many
// must not hide what is wrong with the lines after it.
func split(line string, separator byte) ([]field, *splitError) {
	var fields []field
	at := 0
	blanks := " \t"
	if separator == '\t' {
		blanks = " "
	}
	for {
		begin := at + len(line[at:]) - len(strings.TrimLeft(line[at:], blanks))
		f := field{column: column(line, begin), inner: column(line, begin)}
		if begin < len(line) && line[begin] == '"' {
			var b strings.Builder
			i := begin + 1
			for {
				n := strings.IndexByte(line[i:], '"')
				if n < 0 {
					return nil, &splitError{f.column, "the quote is not closed"}
				}
				b.WriteString(line[i : i+n])
				i += n + 1
				if i == len(line) || line[i] != '"' {
					break
				}
				b.WriteByte('"')
				i++
			}
			f.text = b.String()
			f.inner++
			rest := strings.TrimLeft(line[i:], blanks)
			if rest != "" && rest[0] != separator {
				return nil, &splitError{column(line, i), fmt.Sprintf("after a closing quote comes a %q or the end of the line", separator)}
			}
			at = len(line) - len(rest)
		} else {
			n := strings.IndexByte(line[begin:], separator)
			if n < 0 {
				n = len(line) - begin
			}
			f.text = line[begin : begin+n]
			at = begin + n
		}
		fields = append(fields, f)
		if at >= len(line) {
			return fields, nil
		}
		at++ // the separator
	}
}

// column is the number of the character at a byte offset.
func column(line string, offset int) int { return utf8.RuneCountInString(line[:max(offset, 0)]) + 1 }

func (l *list) jsonLine(line int, text string) {
	d := json.NewDecoder(strings.NewReader(text))
	var id, email string
	idColumn, emailColumn := utf8.RuneCountInString(text), utf8.RuneCountInString(text)
	refuse := func(err error) {
		at := int(d.InputOffset())
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			at = min(int(syntax.Offset)-1, len(text))
		}
		l.fault(line, column(text, at), `not a JSON object such as {"accountId":"444455556666","email":"member@example.com"}`)
	}
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		refuse(err)
		return
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			refuse(err)
			return
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			refuse(err)
			return
		}
		begin := column(text, int(d.InputOffset())-len(raw))
		var target *string
		switch key {
		case "accountId":
			target, idColumn = &id, begin
		case "email":
			target, emailColumn = &email, begin
		default:
			continue
		}
		if json.Unmarshal(raw, target) != nil {
			l.fault(line, begin, fmt.Sprintf("%v must be a string", key))
			return
		}
	}
	if _, err := d.Token(); err != nil {
		refuse(err)
		return
	}
	if rest := bytes.TrimSpace([]byte(text[d.InputOffset():])); len(rest) > 0 {
		l.fault(line, column(text, int(d.InputOffset())), "more than one JSON object in a line")
		return
	}
	l.add(line, field{id, idColumn, idColumn + 1}, field{email, emailColumn, emailColumn + 1})
}

var (
	twelveDigits = regexp.MustCompile(`^[0-9]{12}$`)
	digits       = regexp.MustCompile(`^[0-9]{8,11}$`)
	exponent     = regexp.MustCompile(`^[0-9][.,]?[0-9]*[eE]\+?[0-9]+$`)
)

// add takes an account, or says what is wrong with it.
func (l *list) add(line int, idField, emailField field) {
	id, idColumn, idUnseen := idField.visible()
	email, emailColumn, emailUnseen := emailField.visible()
	if len(email) >= len("mailto:") && strings.EqualFold(email[:len("mailto:")], "mailto:") {
		email = strings.TrimSpace(email[len("mailto:"):]) // as a link is copied
	}
	before, twice := l.seen[id]
	switch {
	case idUnseen != "":
		l.fault(line, idColumn, "the account id has "+idUnseen)
	case id == "":
		l.fault(line, idColumn, "the account id is missing")
	case digits.MatchString(id):
		l.fault(line, idColumn, fmt.Sprintf("account id %q has %d digits and not 12; did a spreadsheet drop leading zeros?", id, len(id)))
	case exponent.MatchString(id):
		l.fault(line, idColumn, fmt.Sprintf("account id %q was rounded by a spreadsheet; format the column as text", id))
	case !twelveDigits.MatchString(id):
		l.fault(line, idColumn, fmt.Sprintf("account id %.40q is not 12 digits", id))
	case twice:
		l.fault(line, idColumn, fmt.Sprintf("account id %s is in line %d already", id, before))
	default:
		l.seen[id] = line
	}
	if emailUnseen != "" {
		l.fault(line, emailColumn, "the e-mail address has "+emailUnseen)
	} else if text := wrongAddress(email); text != "" {
		l.fault(line, emailColumn, text)
	}
	l.entries = append(l.entries, Entry{Account: id, Email: email, Line: line})
}

// visible is the text of a field without what stands around it and is not to be seen: spaces, zero-width spaces, marks of direction, as
// they come along when something is copied. Where such a character stands inside, it says so, and column is that character's.
func (f field) visible() (text string, column int, unseen string) {
	around := func(r rune) bool { return unicode.IsSpace(r) || invisible(r) }
	text = strings.TrimFunc(f.text, around)
	i := strings.IndexFunc(text, invisible)
	if i < 0 {
		return text, f.column, ""
	}
	r, _ := utf8.DecodeRuneInString(text[i:])
	before := len(f.text) - len(strings.TrimLeftFunc(f.text, around)) + i
	return text, f.inner + utf8.RuneCountInString(f.text[:before]), fmt.Sprintf("a character in it that cannot be seen, %U; take it out", r)
}

// invisible reports whether a character takes no room where text is shown.
func invisible(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// wrongAddress says what is wrong with an e-mail address, or nothing.
func wrongAddress(email string) string {
	local, domain, ok := cutLast(email, "@")
	switch {
	case email == "":
		return "the e-mail address is missing"
	case !ok || local == "" || domain == "" || strings.ContainsFunc(email, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }),
		strings.Contains(local, "@"), strings.ContainsAny(email, "<>,;:?\\"), strings.HasPrefix(domain, "."), strings.HasSuffix(domain, "."), strings.Contains(domain, ".."):
		return fmt.Sprintf("%.80q is not an e-mail address", email)
	case len(local) > 64 || len(email) > 254:
		return fmt.Sprintf("%.40q is longer than an e-mail address can be", email)
	}
	return ""
}

func cutLast(s, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(s, separator); i >= 0 {
		return s[:i], s[i+len(separator):], true
	}
	return s, "", false
}
