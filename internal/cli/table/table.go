// Package table owns tables made for reading: aligned columns for people, CSV for programs. A cell is plain text; what could move a cursor
// or change a colour is shown escaped, since cells hold what others wrote.
//
// Start at Table.
package table

import (
	"encoding/csv"
	"io"
	"strings"
	"unicode"

	"golang.org/x/text/width"

	"magpie/internal/printable"
)

// Table is a heading and rows of as many cells.
type Table struct {
	Columns []string
	Rows    [][]string
}

// Add appends a row.
func (t *Table) Add(cells ...string) { t.Rows = append(t.Rows, cells) }

// Style is how a table is shown. The zero Style is for files and pipes.
type Style struct {
	Bold  bool // the heading, by an escape sequence
	Width int  // of the terminal, in columns; the last column is wrapped to fit. 0 wraps nothing.
}

// minWrapped is the least width of a wrapped column: narrower ones are harder to read than a line that the terminal breaks.
const minWrapped = 24

// Text writes the table with aligned columns.
func (t *Table) Text(w io.Writer, style Style) error {
	rows := make([][]string, 0, len(t.Rows)+1)
	heading := make([]string, len(t.Columns))
	for i, column := range t.Columns {
		heading[i] = headingOf(printable.Line(column))
	}
	rows = append(rows, heading)
	for _, row := range t.Rows {
		safe := make([]string, len(row))
		for i, cell := range row {
			safe[i] = printable.Line(cell)
		}
		rows = append(rows, safe)
	}
	widths := make([]int, len(t.Columns))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], columns(cell))
		}
	}
	indent := 0
	for _, width := range widths[:len(widths)-1] {
		indent += width + 2
	}
	wrapped := 0
	if style.Width-indent >= minWrapped {
		wrapped = style.Width - indent
	}
	var b strings.Builder
	for n, row := range rows {
		b.Reset()
		for i, cell := range row {
			if i == len(row)-1 {
				b.WriteString(wrap(cell, wrapped, indent))
				break
			}
			b.WriteString(cell)
			b.WriteString(strings.Repeat(" ", widths[i]-columns(cell)+2))
		}
		line := strings.TrimRight(b.String(), " ")
		if n == 0 && style.Bold {
			line = "\x1b[1m" + line + "\x1b[0m"
		}
		if _, err := io.WriteString(w, line+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// headingOf is a column's name in capitals, with its words apart: invitedAt is INVITED AT.
func headingOf(column string) string {
	var b strings.Builder
	for i, r := range column {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToUpper(r))
	}
	return b.String()
}

// CSV writes the table as comma-separated values with a heading line. No cell is a formula to a spreadsheet.
func (t *Table) CSV(w io.Writer) error {
	c := csv.NewWriter(w)
	for _, row := range append([][]string{t.Columns}, t.Rows...) {
		safe := make([]string, len(row))
		for i, cell := range row {
			safe[i] = printable.Cell(cell)
		}
		if err := c.Write(safe); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// wrap breaks text between words so that no line is wider than limit; lines after the first are indented.
func wrap(text string, limit, indent int) string {
	if limit == 0 || columns(text) <= limit {
		return text
	}
	var b strings.Builder
	at := 0
	for word := range strings.FieldsSeq(text) {
		n := columns(word)
		switch {
		case at == 0:
		case at+1+n > limit:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			at = 0
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += n
	}
	return b.String()
}

// columns is how many columns of a terminal a text takes.
func columns(s string) int {
	n := 0
	for _, r := range s {
		switch k := width.LookupRune(r).Kind(); {
		case unicode.Is(unicode.Mn, r):
		case k == width.EastAsianWide || k == width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}
