package finding

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"magpie/internal/macie2"
)

// What a request may ask at most: values in one list, as Macie documents, and conditions' values in all.
const (
	maxValues    = 50
	maxAllValues = 1000
)

// Criteria select findings: those that meet every condition. The zero value selects all.
type Criteria struct {
	conditions []condition // sorted by field, so that equal criteria make equal statements
}

// condition is what a criterion asks of one field. Lists are nil where the operator is not used.
type condition struct {
	field            *field
	eq, neq, exact   []string // canonical and without repetition; exact is sorted
	gt, gte, lt, lte *int64
	eqN, neqN        []int64 // eq and neq of numbers and dates
	eqSet, neqSet    set[string]
	eqNSet, neqNSet  set[int64]
}

// ParseCriteria checks what a caller sent. What is wrong is a ValidationException that names the field.
func ParseCriteria(in *macie2.FindingCriteria) (Criteria, error) {
	var c Criteria
	if in == nil {
		return c, nil
	}
	total := 0
	for _, name := range slices.Sorted(maps.Keys(in.Criterion)) {
		f := fields[name]
		if f == nil {
			return c, macie2.ErrValidation("findingCriteria.criterion: %q is not a field that findings can be filtered by", shorten(name))
		}
		x, err := parseCondition(f, in.Criterion[name])
		if err != nil {
			return c, err
		}
		if total += len(x.eq) + len(x.neq) + len(x.exact); total > maxAllValues {
			return c, macie2.ErrValidation("findingCriteria: must name at most %d values in all", maxAllValues)
		}
		c.conditions = append(c.conditions, x)
	}
	return c, nil
}

// shorten keeps a caller's text from filling an error.
func shorten(s string) string {
	const most = 100
	for i := range s {
		if i > most {
			return s[:i] + "…"
		}
	}
	return s
}

func parseCondition(f *field, in macie2.CriterionAdditionalProperties) (condition, error) {
	x := condition{field: f, gt: in.Gt, gte: in.Gte, lt: in.Lt, lte: in.Lte}
	ranged := in.Gt != nil || in.Gte != nil || in.Lt != nil || in.Lte != nil
	where := "findingCriteria.criterion." + f.name
	switch {
	case ranged && f.kind != number && f.kind != date:
		return x, macie2.ErrValidation("%s: gt, gte, lt and lte are for numbers and dates", where)
	case in.EqExactMatch != nil && !f.exact:
		return x, macie2.ErrValidation("%s.eqExactMatch: this field does not take it", where)
	case in.EqExactMatch != nil && (ranged || in.Eq != nil || in.Neq != nil):
		return x, macie2.ErrValidation("%s.eqExactMatch: it cannot be combined with other conditions on the same field", where)
	case !ranged && in.Eq == nil && in.Neq == nil && in.EqExactMatch == nil:
		return x, macie2.ErrValidation("%s: it has no condition", where)
	}
	for _, list := range []struct {
		operator string
		in       []string
		out      *[]string
	}{{"eq", in.Eq, &x.eq}, {"neq", in.Neq, &x.neq}, {"eqExactMatch", in.EqExactMatch, &x.exact}} {
		if list.in == nil {
			continue
		}
		if n := len(list.in); n < 1 || n > maxValues {
			return x, macie2.ErrValidation("%s.%s: must have 1 to %d values, not %d", where, list.operator, maxValues, n)
		}
		for i, value := range list.in {
			canonical, ok := f.canonical(value)
			if !ok {
				return x, macie2.ErrValidation("%s.%s[%d]: %q is no %s", where, list.operator, i, shorten(value), f.kind)
			}
			if !slices.Contains(*list.out, canonical) {
				*list.out = append(*list.out, canonical)
			}
		}
	}
	slices.Sort(x.exact)
	x.index()
	return x, nil
}

// index makes of the values what they are looked for in.
func (c *condition) index() {
	if c.field.kind == number || c.field.kind == date {
		c.eqN, c.neqN = integers(c.eq), integers(c.neq)
		c.eqNSet, c.neqNSet = setOf(c.eqN), setOf(c.neqN)
		return
	}
	c.eqSet, c.neqSet = setOf(c.eq), setOf(c.neq)
}

// A set is a list of values in which one is found quickly.
type set[T comparable] struct {
	few  []T
	many map[T]struct{} // where there are many
}

func setOf[T comparable](values []T) set[T] {
	s := set[T]{few: values}
	if len(values) > 8 {
		s.many = make(map[T]struct{}, len(values))
		for _, v := range values {
			s.many[v] = struct{}{}
		}
	}
	return s
}

// hasOne reports whether one of the values is in the set.
func (s *set[T]) hasOne(values []T) bool {
	for _, v := range values {
		if s.many != nil {
			if _, ok := s.many[v]; ok {
				return true
			}
		} else if slices.Contains(s.few, v) {
			return true
		}
	}
	return false
}

// integers reads texts that canonical has accepted.
func integers(texts []string) []int64 {
	var all []int64
	for _, t := range texts {
		n, _ := strconv.ParseInt(t, 10, 64)
		all = append(all, n)
	}
	return all
}

func (k kind) String() string {
	return [...]string{"text", "whole number", "date in milliseconds since 1970", "boolean (true or false)"}[k]
}

// canonical spells a value as the finding's own is spelled.
func (f *field) canonical(value string) (string, bool) {
	switch f.kind {
	case number, date:
		n, err := strconv.ParseInt(value, 10, 64)
		return strconv.FormatInt(n, 10), err == nil
	case boolean:
		return value, value == "true" || value == "false"
	}
	return value, true
}

// Empty reports whether the criteria select all findings.
func (c Criteria) Empty() bool { return len(c.conditions) == 0 }

// Match reports whether the criteria select a finding.
func (c Criteria) Match(x *macie2.Finding) bool {
	for i := range c.conditions {
		if !c.conditions[i].match(x) {
			return false
		}
	}
	return true
}

func (c *condition) match(x *macie2.Finding) bool {
	if c.field.kind == number || c.field.kind == date {
		return c.meets(nil, c.field.numbers(x))
	}
	return c.meets(c.field.texts(x), nil)
}

// meets reports whether a field that has these values, numbers for numbers and dates and texts for others, meets the condition.
func (c *condition) meets(texts []string, numbers []int64) bool {
	if c.field.kind == number || c.field.kind == date {
		return c.meetsNumbers(numbers)
	}
	return (c.eq == nil || c.eqSet.hasOne(texts)) && (c.neq == nil || !c.neqSet.hasOne(texts)) && (c.exact == nil || slices.Equal(unique(texts), c.exact))
}

func (c *condition) meetsNumbers(numbers []int64) bool {
	if c.eq != nil && !c.eqNSet.hasOne(numbers) || c.neq != nil && c.neqNSet.hasOne(numbers) {
		return false
	}
	if c.gt == nil && c.gte == nil && c.lt == nil && c.lte == nil {
		return true
	}
	if len(numbers) == 0 {
		return false
	}
	least, most := slices.Min(numbers), slices.Max(numbers)
	return (c.gt == nil || most > *c.gt) && (c.gte == nil || most >= *c.gte) && (c.lt == nil || least < *c.lt) && (c.lte == nil || least <= *c.lte)
}

// unique sorts values and leaves out repetitions.
func unique(values []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(values)))
}

// counted reports whether the criteria can be answered from finding_count.
func (c Criteria) counted() bool {
	for i := range c.conditions {
		if !c.conditions[i].field.counted {
			return false
		}
	}
	return true
}

// dialect is what criteria need of a transaction: the text that differs between the engines.
type dialect interface {
	Any(column string, n int) string
	Contains(column string, n int) string
}

// statement is SQL under construction: a text and the arguments of its placeholders.
type statement struct {
	dialect dialect
	sql     strings.Builder
	args    []any
}

// arg adds an argument and returns its placeholder.
func (s *statement) arg(v any) string {
	s.args = append(s.args, v)
	return "$" + strconv.Itoa(len(s.args))
}

// where adds the conditions, each with "and" before it.
func (s *statement) where(c Criteria) {
	for i := range c.conditions {
		s.condition(&c.conditions[i])
	}
}

func (s *statement) condition(c *condition) {
	f := c.field
	if c.eq != nil {
		s.sql.WriteString(" and ")
		s.oneOf(f, c.eq)
	}
	if c.neq != nil {
		switch {
		case f.unless != "":
			s.sql.WriteString(" and (" + f.unless + " or not ")
		case f.code == 0:
			s.sql.WriteString(" and (" + f.column + " is null or not ")
		default:
			s.sql.WriteString(" and (not ")
		}
		s.oneOf(f, c.neq)
		s.sql.WriteString(")")
	}
	if c.exact != nil {
		s.sql.WriteString(" and " + s.contains(exactTerm(f.code, c.exact)))
	}
	for _, bound := range []struct {
		limit            *int64
		column, operator string
	}{{c.gt, f.greatest, " > "}, {c.gte, f.greatest, " >= "}, {c.lt, f.column, " < "}, {c.lte, f.column, " <= "}} {
		if bound.limit != nil {
			s.sql.WriteString(" and " + bound.column + bound.operator + s.arg(*bound.limit))
		}
	}
}

// oneOf adds the condition that a field has one of the values.
func (s *statement) oneOf(f *field, values []string) {
	var alternatives []string
	switch {
	case f.code != 0:
		for _, v := range values {
			alternatives = append(alternatives, s.contains(term(f.code, v)))
		}
	case f.name == "severity.description":
		for _, v := range values {
			alternatives = append(alternatives, f.column+" = "+s.arg(scoreOf(macie2.SeverityDescription(v))))
		}
	case f.kind == boolean:
		for _, v := range values {
			alternatives = append(alternatives, f.column+" = "+s.arg(v == "true"))
		}
	case f.kind != text:
		for _, v := range values {
			n, _ := strconv.ParseInt(v, 10, 64) // canonical has read it before
			alternatives = append(alternatives, f.column+" = "+s.arg(n))
		}
	case len(values) == 1: // engines use an index for this more readily than for a list
		alternatives = append(alternatives, f.column+" = "+s.arg(clean(values[0])))
	default:
		s.args = append(s.args, listOf(values))
		alternatives = append(alternatives, s.dialect.Any(f.column, len(s.args)))
	}
	if f.unless != "" {
		s.sql.WriteString("(not " + f.unless + " and ")
		defer s.sql.WriteString(")")
	}
	s.sql.WriteString("(" + strings.Join(alternatives, " or ") + ")")
}

func (s *statement) contains(t string) string {
	s.args = append(s.args, t)
	return s.dialect.Contains("terms", len(s.args))
}
