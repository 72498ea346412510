package extract

import (
	"bytes"
	"slices"
	"strings"
)

// tableShape is how a table of delimited text is written, as its first rows show it.
type tableShape struct {
	delim  byte
	quote  byte // around cells that hold a delimiter or a line end
	escape bool // a backslash takes the meaning from a quote, delimiter or line end that follows
	heads  []tableHead
}

// tableHead is a row that names the columns of the rows after it, up to the next such row.
type tableHead struct {
	row   int64
	names []string
}

const (
	maxHeader   = 64 * kib // how much of the beginning is looked at, unless the first row is longer
	maxHeadRows = 60
	maxPreamble = 30 // rows before the header: titles, comments, what a report was made from
)

// delimiters are in the order of preference.
var delimiters = []byte{',', '\t', ';', '|', 1, 0x1f, '^', '~', 0x1c}

// rareAnywhere are those of them that make a table of what is not called one only if a column shows it.
var rareAnywhere = []byte{'^', '~', 0x1c}

// rareDelimiters are for tables that have none of the others.
var rareDelimiters = []byte{'#', ':', '!', 0x14, ' '}

// sniffSeparated tells the delimiter of a table from its first rows, or 0. Without the name's word for it the rows must agree
// almost beyond doubt, and the first must name columns: prose and logs have commas too.
func sniffSeparated(head []byte, whole, named bool) byte {
	head, whole = firstRows(head, whole)
	if d := declared(head); d != 0 {
		return d
	}
	var best byte
	var bestWide, bestAgree int
	for _, delim := range delimiters {
		if bytes.IndexByte(head, delim) < 0 || !named && hasPlainLine(head, delim) {
			continue
		}
		rows, _ := bestRows(head, whole, delim)
		wide, agree, width := rows.agreement()
		if width < 2 {
			continue
		}
		if named {
			if wide > bestWide || wide == bestWide && agree > bestAgree {
				best, bestWide, bestAgree = delim, wide, agree
			}
			continue
		}
		n := rows.filled()
		ruled := delim == '|' && rows.ruled()
		if n < 3 || ruled && wide*10 < n*4 || !ruled && (wide != n || agree*10 < n*9) || slices.Contains(rareAnywhere, delim) && (width < 3 || !provenTable(head, whole, delim)) {
			continue
		}
		heads := rows.heads()
		if len(heads) == 0 || !distinct(heads[0].names) || width == 2 && !ruled && !rows.pairs(heads[0]) {
			continue
		}
		return delim
	}
	if best == 0 && named {
		best = sniffRare(head, whole)
	}
	return best
}

// sniffLines says whether text that was rewritten line by line is a table: many of its lines are rows below names.
func sniffLines(head []byte, whole bool, delim byte) bool {
	head, whole = firstRows(head, whole)
	rows, _ := bestRows(head, whole, delim)
	wide, _, width := rows.agreement()
	if n := rows.filled(); width < 2 || n < 2 || wide*10 < n*4 {
		return false
	}
	heads := rows.heads()
	if len(heads) == 0 {
		return false
	}
	names := heads[0].names
	if len(names) > 0 && names[0] == "" {
		names = names[1:]
	}
	for len(names) > 0 && names[len(names)-1] == "" {
		names = names[:len(names)-1]
	}
	return len(names) > 0 && distinct(names)
}

// sniffRare tells the delimiter of a table, called so by its name, that has none of the usual ones: a rare one, if its rows agree,
// or any where the table has only one column and a name above it.
func sniffRare(head []byte, whole bool) byte {
	for _, delim := range rareDelimiters {
		if bytes.IndexByte(head, delim) < 0 {
			continue
		}
		rows, _ := bestRows(head, whole, delim)
		wide, agree, _ := rows.agreement()
		if wide*10 < rows.filled()*9 || agree*10 < wide*9 {
			continue
		}
		heads := rows.heads()
		if len(heads) == 0 {
			continue
		}
		if delim == ' ' { // words have them, too
			i := slices.IndexFunc(rows, func(r headRow) bool { return r.row == heads[0].row })
			if len(heads[0].names) < 3 || !contrast(heads[0].names, rows.below(i)) {
				continue
			}
		}
		return delim
	}
	rows, _ := bestRows(head, whole, delimiters[0])
	heads := rows.heads()
	if len(heads) == 0 {
		return 0
	}
	i := slices.IndexFunc(rows, func(r headRow) bool { return r.row == heads[0].row })
	if below := rows.below(i); len(below) < 2 || !contrast(heads[0].names, below) {
		return 0
	}
	return delimiters[0]
}

// pairs says whether rows of two cells are a table beyond doubt, not lines of prose with a comma each: many of them, below short
// names, and in a column nothing but numbers.
func (rows headRows) pairs(head tableHead) bool {
	for _, name := range head.names {
		if strings.Count(name, " ") > 2 {
			return false
		}
	}
	i := slices.IndexFunc(rows, func(r headRow) bool { return r.row == head.row })
	below := rows.below(i)
	return len(below) >= 4 && contrasts(head.names, below, 10)
}

// provenTable says whether a column shows that the text is a table: a name above, numbers below.
func provenTable(head []byte, whole bool, delim byte) bool {
	head, whole = firstRows(head, whole)
	rows, _ := bestRows(head, whole, delim)
	heads := rows.heads()
	if len(heads) == 0 {
		return false
	}
	i := slices.IndexFunc(rows, func(r headRow) bool { return r.row == heads[0].row })
	return contrasts(heads[0].names, rows.below(i), 10)
}

// hasPlainLine says whether one of the first lines is a row without the delimiter, so that the rows of a file whose name does
// not call it a table agree on nothing. It is asked of every text, and does not split it. Where it cannot tell, since a quote
// may go on over several lines or a line may be drawn below a header, it says no.
func hasPlainLine(head []byte, delim byte) bool {
	if delim == '|' && (bytes.Contains(head, []byte("--")) || bytes.Contains(head, []byte("=="))) {
		return false
	}
	for range maxHeadRows {
		end := bytes.IndexByte(head, '\n')
		if end < 0 {
			return false
		}
		line := head[:end]
		if opensQuote(line, delim) {
			return false
		}
		if line = bytes.TrimSpace(line); bytes.IndexByte(line, delim) < 0 && !isIdle(line) && !isNote(line) {
			return true
		}
		head = head[end+1:]
	}
	return false
}

// opensQuote says whether a cell of a line begins with a quote, spaces aside.
func opensQuote(line []byte, delim byte) bool {
	for i := bytes.IndexByte(line, '"'); i >= 0; {
		if before := bytes.TrimRight(line[:i], " \t"); len(before) == 0 || before[len(before)-1] == delim || delim == '\t' && before[len(before)-1] != line[i-1] {
			return true
		}
		next := bytes.IndexByte(line[i+1:], '"')
		if next < 0 {
			return false
		}
		i += 1 + next
	}
	return false
}

func isIdle(line []byte) bool {
	return len(bytes.Trim(line, "-+=|: ")) == 0 && (len(line) == 0 || bytes.Contains(line, []byte("--")) || bytes.Contains(line, []byte("==")))
}

// isNote says whether a line begins like a comment.
func isNote(line []byte) bool {
	for _, p := range []string{"#", "--", "//", "%"} {
		if bytes.HasPrefix(line, []byte(p)) {
			return true
		}
	}
	return false
}

func firstRows(head []byte, whole bool) ([]byte, bool) {
	if len(head) > maxHeader && bytes.IndexByte(head[:maxHeader], '\n') >= 0 {
		return head[:maxHeader], false
	}
	return head, whole
}

// declared is the delimiter that a first line "sep=;" names, as spreadsheets write it, or 0.
func declared(head []byte) byte {
	line, _, _ := bytes.Cut(head, newline)
	line = bytes.Trim(bytes.TrimRight(line, "\r"), `"`)
	if len(line) == 5 && strings.EqualFold(string(line[:4]), "sep=") {
		return line[4]
	}
	return 0
}

// shapeOf looks at the first rows of a table whose delimiter is known.
func shapeOf(delim byte, head []byte, whole bool) tableShape {
	head, whole = firstRows(head, whole)
	rows, shape := bestRows(head, whole, delim)
	shape.heads = rows.heads()
	return shape
}

// headRow is one of the first rows.
type headRow struct {
	row   int64 // 1-based
	cells []string
	width int  // cells without the empty ones at the end
	idle  bool // blank, or a line drawn with dashes
	ruler bool // the latter
	note  bool // begins like a comment
}

type headRows []headRow

// bestRows splits the first rows, and says whether that was better done with backslashes as escapes, or with apostrophes for
// quotes.
func bestRows(head []byte, whole bool, delim byte) (headRows, tableShape) {
	shape := tableShape{delim: delim, quote: '"'}
	rows := splitRows(head, whole, shape)
	if bytes.Contains(head, []byte(`\"`)) || bytes.Contains(head, []byte{'\\', delim}) || bytes.Contains(head, []byte("\\\n")) {
		rows, shape = betterRows(head, whole, rows, shape, tableShape{delim: delim, quote: '"', escape: true})
	}
	if bytes.Contains(head, []byte{'\'', delim, '\''}) && bytes.IndexByte(head, '"') < 0 {
		rows, shape = betterRows(head, whole, rows, shape, tableShape{delim: delim, quote: '\'', escape: shape.escape})
	}
	return rows, shape
}

// betterRows chooses between two ways to split the first rows: the second must agree on a width in more rows.
func betterRows(head []byte, whole bool, rows headRows, shape, other tableShape) (headRows, tableShape) {
	others := splitRows(head, whole, other)
	wide, agree, width := rows.agreement()
	wideToo, agreeToo, widthToo := others.agreement()
	if (agreeToo > agree || agreeToo == agree && (len(others) < len(rows) || shape.quote != other.quote && widthToo <= width)) && wideToo*2 >= wide {
		return others, other
	}
	return rows, shape
}

func splitRows(head []byte, whole bool, shape tableShape) headRows {
	var rows headRows
	for row := int64(1); len(head) > 0 && len(rows) < maxHeadRows; row++ {
		cells, end := splitRow(head, shape)
		if end < 0 {
			if !whole {
				break
			}
			end = len(head) - 1
		}
		r := headRow{row: row, cells: cells}
		for i, c := range cells {
			if c != "" {
				r.width = i + 1
			}
		}
		line := bytes.TrimSpace(head[:end+1])
		r.idle, r.ruler, r.note = isIdle(line), len(line) > 0, isNote(line)
		if row == 1 && declared(head) != 0 {
			r.idle = true
		}
		rows = append(rows, r)
		head = head[end+1:]
	}
	return rows
}

// filled counts the rows that hold something.
func (rows headRows) filled() int {
	n := 0
	for i := range rows {
		if !rows[i].idle && !(rows[i].note && rows[i].width < 2) {
			n++
		}
	}
	return n
}

// ruled says whether a line is drawn below the header, as in Markdown and by database shells.
func (rows headRows) ruled() bool {
	for i := range rows[:min(len(rows), maxPreamble)] {
		if rows[i].idle && rows[i].ruler {
			return true
		}
	}
	return false
}

// agreement says how many rows have several cells, the most common number of them, and how many rows have that.
func (rows headRows) agreement() (wide, agree, width int) {
	counts := map[int]int{}
	for i := range rows {
		if w := rows[i].width; w >= 2 && !rows[i].idle {
			wide++
			counts[w]++
		}
	}
	for w, n := range counts {
		if n > agree || n == agree && w > width {
			agree, width = n, w
		}
	}
	return wide, agree, width
}

// below are the rows that the row at i could name the columns of.
func (rows headRows) below(i int) [][]string {
	var out [][]string
	for _, r := range rows[i+1:] {
		if r.idle && len(out) > 0 {
			break // another table may follow
		}
		if !r.idle && len(out) < 20 {
			out = append(out, r.cells)
		}
	}
	return out
}

// heads finds the rows that name columns. Before the first there may be titles, comments and blank lines; after a blank line
// another table may begin.
func (rows headRows) heads() []tableHead {
	if heads := rows.fields(); heads != nil {
		return heads
	}
	_, _, width := rows.agreement()
	first := -1
	for i := 0; i < min(len(rows), maxPreamble); i++ {
		r := &rows[i]
		if r.idle || r.width < min(2, width) && !(contrast(r.cells, rows.below(i)) && !rows.betterBelow(i, width)) || r.note && (r.width < width || rows.betterBelow(i, width)) {
			continue
		}
		if !namesColumns(r.cells, rows.below(i)) {
			if r.width >= width {
				break // the values have begun
			}
			continue
		}
		if r.width < width && rows.betterBelow(i, width) {
			continue // names of something else, in a narrower table before this one
		}
		if width < 2 && rows.betterBelow(i, width) {
			continue // a title
		}
		if rows.groups(i) {
			continue
		}
		first = i
		break
	}
	if first < 0 {
		return nil
	}
	heads := []tableHead{{rows[first].row, rows[first].names()}}
	for i := first + 2; i < len(rows); i++ {
		r := &rows[i]
		if r.types() {
			continue
		}
		parted := rows[i-1].idle || i > 1 && rows[i-1].width < 2 && rows[i-2].idle
		if parted && !r.idle && r.width >= 2 {
			if below := rows.below(i); namesColumns(r.cells, below) && contrast(r.cells, below) {
				heads = append(heads, tableHead{r.row, r.names()})
			}
		}
	}
	return heads
}

// fieldsDelimiter is what is between the values of a log whose comments name its fields, as those of web servers (#Fields: a b) and
// of network monitors (#fields, tabs) do; 0 where it is none.
func fieldsDelimiter(head []byte) byte {
	if len(head) == 0 || head[0] != '#' {
		return 0
	}
	n := 0
	for line := range bytes.Lines(head) {
		if n++; n > maxPreamble || line[0] != '#' {
			return 0
		}
		if len(line) > 10 && bytes.EqualFold(line[:7], []byte("#fields")) {
			switch {
			case line[7] == '\t':
				return '\t'
			case line[7] == ':' && line[8] == ' ':
				return ' '
			}
		}
	}
	return 0
}

// fields are the rows of a log that name its fields: the first cell says so.
func (rows headRows) fields() (heads []tableHead) {
	for i := range rows {
		r := &rows[i]
		if r.note && r.width > 2 && (strings.EqualFold(r.cells[0], "#fields") || strings.EqualFold(r.cells[0], "#fields:")) {
			heads = append(heads, tableHead{r.row, r.names()[1:]})
		}
	}
	return heads
}

// betterBelow says whether one of the next rows is as wide as the table and names columns, beyond doubt.
func (rows headRows) betterBelow(i, width int) bool {
	for j := i + 1; j < min(len(rows), i+maxPreamble); j++ {
		r := &rows[j]
		if r.idle || r.note || r.width < width {
			continue
		}
		below := rows.below(j)
		return namesColumns(r.cells, below) && contrast(r.cells, below)
	}
	return false
}

// groups says whether the row at i names groups of columns, each over and over, and the next one the columns.
func (rows headRows) groups(i int) bool {
	if i+1 == len(rows) || rows[i].width < 3 || rows[i+1].width < rows[i].width || rows[i+1].idle || distinct(rows[i].cells) {
		return false
	}
	next := rows[i+1].cells[:rows[i+1].width]
	for j, c := range rows[i].cells[:rows[i].width] {
		if c != "" && c == next[j] {
			return false // a header that is repeated, or a word that all rows have
		}
	}
	return distinct(next) && namesColumns(next, rows.below(i+1)) && contrast(next, rows.below(i+1))
}

func (r *headRow) names() []string {
	names := make([]string, len(r.cells))
	for i, c := range r.cells {
		names[i] = string(TidyName([]byte(c)))
	}
	if r.note && len(names) > 0 {
		names[0] = strings.TrimLeft(names[0], "#/-% ")
	}
	return names
}

// types says whether a row tells what kinds of values the columns have, as programs print it below the names.
func (r *headRow) types() bool {
	for _, c := range r.cells {
		c, _, _ = strings.Cut(c, "[")
		c, _, _ = strings.Cut(c, "(")
		switch strings.ToLower(strings.TrimRight(c, "0123456789")) {
		case "", "str", "i", "u", "f", "int", "uint", "integer", "bigint", "smallint", "float", "double", "real", "decimal", "numeric", "number", "bool",
			"boolean", "date", "datetime", "time", "timestamp", "string", "text", "varchar", "char", "cat", "list", "struct", "object", "binary",
			"null", "uuid", "json", "chr", "dbl", "fct", "lgl":
		default:
			return false
		}
	}
	return r.width > 1
}

// cellKind says what a cell looks like.
type cellKind uint8

const (
	emptyCell cellKind = iota
	nameCell           // words
	shortCell          // a small number or a year, which may name a column or be a value
	valueCell          // a number, an address
)

func kindOfCell(cell string) cellKind {
	digits, letters, run, longest := 0, 0, 0, 0
	for i := range len(cell) {
		c := cell[i]
		switch {
		case c >= '0' && c <= '9':
			digits++
			run++
			longest = max(longest, run)
			continue
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80:
			letters++
		}
		run = 0
	}
	at := strings.IndexByte(cell, '@')
	switch {
	case cell == "":
		return emptyCell
	case len(cell) > 240 || longest >= 7 || at > 0 && strings.IndexByte(cell[at:], '.') > 0 && !strings.Contains(cell, " "):
		return valueCell
	case digits*2 <= len(cell):
		return nameCell
	case digits > 4 && !isPeriod(cell) && !(letters > 0 && digits <= 6 && longest <= 4):
		return valueCell
	case letters > 0 && digits <= 4:
		return nameCell
	}
	return shortCell
}

// isPeriod recognises 2023-2024, 2023/24, 2024-01, 01/2024, and days such as 2024-01-31 and 31.01.2024.
func isPeriod(cell string) bool {
	if len(cell) == 10 {
		return isDay(cell)
	}
	i := strings.IndexAny(cell, "-/. ")
	if i < 0 || len(cell) < 7 || len(cell) > 9 {
		return false
	}
	a, b := cell[:i], cell[i+1:]
	year := func(s string) bool { return len(s) == 4 && (s[:2] == "19" || s[:2] == "20") && allDigits(s) }
	return year(a) && (year(b) || len(b) == 2 && allDigits(b)) || year(b) && len(a) == 2 && allDigits(a)
}

func isDay(cell string) bool {
	signs := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return '0'
		}
		return r
	}, cell)
	for _, sep := range []string{"-", "/", "."} {
		if signs == "0000"+sep+"00"+sep+"00" || signs == "00"+sep+"00"+sep+"0000" {
			return true
		}
	}
	return false
}

func allDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// namesColumns says whether a row names the columns of the rows below it: it has names and no values, or hardly any. Where it has
// numbers too (years, or the weeks of one), another column must show it: a name above, numbers below.
func namesColumns(cells []string, below [][]string) bool {
	names, short, values := 0, 0, 0
	for _, cell := range cells {
		switch kindOfCell(cell) {
		case valueCell:
			values++
		case nameCell:
			names++
		case shortCell:
			short++
		}
	}
	return names > 0 && values*3 <= names && (short+values == 0 || contrast(cells, below))
}

// contrast says whether in some column the row has a name and most rows below have numbers.
func contrast(cells []string, below [][]string) bool { return contrasts(cells, below, 6) }

// contrasts is contrast for a share of the rows, in tenths.
func contrasts(cells []string, below [][]string, share int) bool {
	for j, cell := range cells {
		if kindOfCell(cell) != nameCell {
			continue
		}
		filled, numbers := 0, 0
		for _, row := range below {
			if j < len(row) && row[j] != "" {
				filled++
				if k := kindOfCell(row[j]); k == shortCell || k == valueCell {
					numbers++
				}
			}
		}
		if numbers > 0 && numbers*10 >= filled*share {
			return true
		}
	}
	return false
}

// distinct says whether names are all different. A table between bars has an empty cell at either side.
func distinct(cells []string) bool {
	if n := len(cells); n > 2 && cells[0] == "" && cells[n-1] == "" {
		cells = cells[1 : n-1]
	}
	seen := make(map[string]bool, len(cells))
	for _, c := range cells {
		if c == "" || len(c) > 64 || seen[c] {
			return false
		}
		seen[c] = true
	}
	return true
}

// splitRow returns the cells of the first row and where it ends, or -1 when the end is not in b.
func splitRow(b []byte, shape tableShape) (cells []string, end int) {
	var cell []byte
	delim, quote := shape.delim, shape.quote
	fresh, quoted := true, false
	for i := 0; i < len(b); i++ {
		ch := b[i]
		switch {
		case shape.escape && ch == '\\' && i+1 < len(b) && (b[i+1] == quote || b[i+1] == delim || b[i+1] == '\\' || b[i+1] == '\n'):
			i++
			cell = append(cell, b[i])
		case quoted && ch == quote:
			if i+1 < len(b) && b[i+1] == quote {
				cell = append(cell, quote)
				i++
			} else {
				quoted = false
			}
		case quoted:
			cell = append(cell, ch)
		case ch == quote && fresh:
			quoted = true
			cell = cell[:0]
		case ch == delim:
			cells = append(cells, string(bytes.TrimSpace(cell)))
			cell, fresh = cell[:0], true
			continue
		case ch == '\n':
			return append(cells, string(bytes.TrimSpace(cell))), i
		default:
			cell = append(cell, ch)
		}
		fresh = fresh && ch == ' '
	}
	if quoted {
		return cells, -1
	}
	return append(cells, string(bytes.TrimSpace(cell))), -1
}
