package extract

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"time"
	"unsafe"
)

// numberFormat is what a workbook says about how numbers of a style are shown. Only what changes the digits that a reader sees is
// kept: dates, percentages, and digits put into places with other characters between them, such as 000-00-0000. A nil
// *numberFormat shows all digits of a number, which is more than some formats do.
type numberFormat struct {
	date     bool
	sections []formatSection
}

// formatSection is one of the parts of a format between semicolons.
type formatSection struct {
	compare string  // "<", ">=", …; empty: by the sign of the number
	with    float64 // what it is compared with
	mask    []byte  // places (0, #, ?) and, behind a backslash each, literal characters
	places  int
	percent bool
	plain   bool // shows the number as it is: General, or something that is not understood
}

// maxFormat is the longest format that is looked at; Excel's own limit is 255 characters.
const maxFormat = 1 * kib

// builtinFormat returns the format of an id that workbooks do not spell out.
func builtinFormat(id int) *numberFormat {
	switch {
	case id >= 14 && id <= 17, id == 22, id >= 27 && id <= 36, id >= 50 && id <= 58:
		return &dateFormat
	case id == 9, id == 10:
		return &percentFormat
	}
	return nil
}

var (
	dateFormat    = numberFormat{date: true}
	percentFormat = numberFormat{sections: []formatSection{{percent: true}}}
)

// parseFormat reads a format code; nil when it shows numbers as they are.
func parseFormat(code string) *numberFormat {
	if len(code) > maxFormat {
		return nil
	}
	if isDateFormat(code) {
		return &dateFormat
	}
	f := &numberFormat{}
	useful := false
	for code != "" && len(f.sections) < 4 {
		var s formatSection
		s, code = parseSection(code)
		useful = useful || !s.plain
		f.sections = append(f.sections, s)
	}
	if !useful {
		return nil
	}
	return f
}

// cost is what a format of a workbook's own occupies.
func (f *numberFormat) cost() int64 {
	if f == nil || f == &dateFormat {
		return 0
	}
	n := int64(unsafe.Sizeof(*f)) + int64(cap(f.sections))*int64(unsafe.Sizeof(formatSection{}))
	for i := range f.sections {
		n += int64(cap(f.sections[i].mask) + len(f.sections[i].compare))
	}
	return n
}

// parseSection reads up to a semicolon.
func parseSection(code string) (s formatSection, rest string) {
	literal := func(c string) {
		for i := range len(c) {
			s.mask = append(s.mask, '\\', c[i])
		}
	}
	i := 0
	for ; i < len(code) && code[i] != ';'; i++ {
		switch c := code[i]; c {
		case '"':
			inside, _, _ := strings.Cut(code[i+1:], `"`)
			literal(inside)
			i += len(inside) + 1
		case '\\':
			if i++; i < len(code) {
				literal(code[i : i+1])
			}
		case '_', '*': // the width of a character, or one that fills the cell
			i++
		case '[':
			inside, _, _ := strings.Cut(code[i+1:], "]")
			s.bracket(inside)
			i += len(inside) + 1
		case '0', '#', '?':
			s.mask = append(s.mask, c)
			s.places++
		case '%':
			s.percent = true
		case '.', ',', '/', 'E', 'e', 'G', 'g', '@', 'h', 'H', 'm', 'M', 's', 'S':
			s.plain = true
		default:
			literal(code[i : i+1])
		}
	}
	if s.plain {
		s.mask, s.places = nil, 0
	}
	s.plain = s.plain && !s.percent || s.places == 0 && !s.percent
	return s, strings.TrimPrefix(code[min(i, len(code)):], ";")
}

// bracket reads a condition; colours, locales and currencies change nothing here.
func (s *formatSection) bracket(inside string) {
	n := len(inside) - len(strings.TrimLeft(inside, "<>="))
	if n == 0 {
		return
	}
	if v, err := strconv.ParseFloat(strings.TrimSpace(inside[n:]), 64); err == nil {
		s.compare, s.with = inside[:n], v
	}
}

// section returns the part of the format that shows v, and whether the sign is shown by it.
func (f *numberFormat) section(v float64) (*formatSection, bool) {
	conditions := false
	for i := range f.sections {
		s := &f.sections[i]
		switch s.compare {
		case "":
			if conditions {
				return s, false
			}
			continue
		case "<":
			conditions = v < s.with
		case "<=":
			conditions = v <= s.with
		case ">":
			conditions = v > s.with
		case ">=":
			conditions = v >= s.with
		case "=":
			conditions = v == s.with
		case "<>":
			conditions = v != s.with
		}
		if conditions {
			return s, false
		}
		conditions = true
	}
	switch n := len(f.sections); {
	case v < 0 && n > 1:
		return &f.sections[1], true
	case v == 0 && n > 2:
		return &f.sections[2], false
	}
	return &f.sections[0], false
}

// show returns what a reader sees of a number.
func (f *numberFormat) show(dst, value []byte) []byte {
	value = wholeNumber(value)
	if f == nil {
		return append(dst, value...)
	}
	if f.date {
		return append(dst, number(value, true)...)
	}
	v, err := strconv.ParseFloat(string(value), 64)
	if err != nil || len(f.sections) == 0 {
		return append(dst, value...)
	}
	s, signed := f.section(v)
	switch {
	case s.percent:
		return append(strconv.AppendFloat(dst, v*100, 'g', 15, 64), '%')
	case s.plain:
		return append(dst, value...)
	}
	digits, negative := bytes.CutPrefix(value, []byte("-"))
	if !allDigits(string(digits)) {
		return append(dst, value...)
	}
	if negative && !signed {
		dst = append(dst, '-')
	}
	return s.fill(dst, bytes.TrimLeft(digits, "0"))
}

// fill puts digits into the places, from the right; what is left over goes to the first place.
func (s *formatSection) fill(dst, digits []byte) []byte {
	from := len(dst)
	left := s.places
	for i := len(s.mask) - 1; i >= 0; i-- {
		c := s.mask[i]
		if i > 0 && s.mask[i-1] == '\\' {
			dst = append(dst, c)
			i--
			continue
		}
		left--
		switch n := len(digits); {
		case n > 0:
			dst, digits = append(dst, digits[n-1]), digits[:n-1]
		case c == '0':
			dst = append(dst, '0')
		case c == '?':
			dst = append(dst, ' ')
		}
		for left == 0 && len(digits) > 0 {
			dst, digits = append(dst, digits[len(digits)-1]), digits[:len(digits)-1]
		}
	}
	for i, j := from, len(dst)-1; i < j; i, j = i+1, j-1 {
		dst[i], dst[j] = dst[j], dst[i]
	}
	return dst
}

// wholeNumber writes a number with all of its digits, and without a fraction of zeros. Workbooks store up to seventeen digits and
// show fifteen: what differs from a whole number by less is one.
func wholeNumber(value []byte) []byte {
	value = number(bytes.TrimSpace(value), false)
	if len(value) > 15 && bytes.IndexByte(value, '.') > 0 {
		if f, err := strconv.ParseFloat(string(value), 64); err == nil && math.Abs(f) < 1e15 {
			if whole := math.Round(f); math.Abs(f-whole) < math.Abs(whole)*1e-15+1e-9 && whole != 0 && math.Abs(whole) > 1e5 {
				return strconv.AppendFloat(nil, whole, 'f', -1, 64)
			}
		}
	}
	if i := bytes.IndexByte(value, '.'); i > 0 && len(bytes.Trim(value[i+1:], "0")) == 0 {
		return value[:i]
	}
	return value
}

// number writes a number as people know it: all of its digits, or a date.
func number(value []byte, date bool) []byte {
	if !date && !bytes.ContainsAny(value, "eE") {
		return value
	}
	f, err := strconv.ParseFloat(string(bytes.TrimSpace(value)), 64)
	if err != nil || math.Abs(f) > 1e21 {
		return value
	}
	if date && f >= 1 && f < 2958466 {
		day := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(f))
		return day.AppendFormat(nil, "2006-01-02")
	}
	return strconv.AppendFloat(nil, f, 'f', -1, 64)
}

// isDateFormat looks for a year or a day in a format, outside what is quoted or in brackets.
func isDateFormat(code string) bool {
	quoted, bracket := false, false
	for i := 0; i < len(code); i++ {
		switch c := code[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '\\':
			i++
		case c == '[':
			bracket = true
		case c == ']':
			bracket = false
		case bracket:
		case c == 'y' || c == 'Y' || c == 'd' || c == 'D':
			return true
		}
	}
	return false
}
