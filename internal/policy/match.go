package policy

import (
	"strings"
)

// like reports whether a value matches a pattern: * stands for any characters, ? for any one. It
// takes time in the order of the product of both lengths at the worst, whatever the pattern.
func (e *question) like(pattern []part, value string) bool {
	p, v := 0, 0
	star, mark := -1, 0
	e.steps += len(pattern)
	for v < len(value) {
		if e.steps++; e.steps > mostSteps {
			return false
		}
		switch {
		case p < len(pattern) && pattern[p].any:
			star, mark = p, v
			p++
		case p < len(pattern) && (pattern[p].one || pattern[p].char == value[v]):
			if pattern[p].one {
				v += runeLength(value[v:])
			} else {
				v++
			}
			p++
		case star >= 0:
			mark += runeLength(value[mark:])
			p, v = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p].any {
		p++
	}
	return p == len(pattern)
}

// part is a byte of a pattern, or a wildcard.
type part struct {
	char     byte
	any, one bool
}

func runeLength(s string) int {
	for i := 1; i < len(s); i++ {
		if s[i]&0xC0 != 0x80 {
			return i
		}
	}
	return len(s)
}

// pattern reads a text in which * and ? are wildcards.
func pattern(text string) []part {
	parts := make([]part, len(text))
	for i := range len(text) {
		parts[i] = part{char: text[i], any: text[i] == '*', one: text[i] == '?'}
	}
	return parts
}

// literal reads a text in which nothing is a wildcard.
func literal(text string) []part {
	parts := make([]part, len(text))
	for i := range len(text) {
		parts[i] = part{char: text[i]}
	}
	return parts
}

// likeARN matches each of the six parts of an ARN by itself, so that a wildcard does not reach over
// a colon; the last part has all that follows.
func (e *question) likeARN(pattern []part, value string) bool {
	patterns := splitParts(pattern)
	values := strings.SplitN(value, ":", 6)
	if len(patterns) != 6 || len(values) != 6 {
		return len(pattern) == 1 && pattern[0].any
	}
	for i := range patterns {
		if !e.like(patterns[i], values[i]) {
			return false
		}
	}
	return true
}

func splitParts(pattern []part) [][]part {
	var split [][]part
	start := 0
	for i, p := range pattern {
		if p.char == ':' && !p.any && !p.one && len(split) < 5 {
			split = append(split, pattern[start:i])
			start = i + 1
		}
	}
	return append(split, pattern[start:])
}

// A policy variable is ${KEY}, or ${KEY, 'DEFAULT'}; ${*}, ${?} and ${$} are these characters
// themselves.

// checkVariables refuses what expand could not expand.
func (d *Document) checkVariables(place, text string) error {
	if !d.variables {
		return nil
	}
	for {
		i := strings.Index(text, "${")
		if i < 0 {
			return nil
		}
		inside, rest, ok := strings.Cut(text[i+2:], "}")
		if !ok {
			return wrong(place, "a policy variable is not closed: ${ without }")
		}
		key, fallback, has := strings.Cut(inside, ",")
		fallback = strings.TrimSpace(fallback)
		switch {
		case inside == "*" || inside == "?" || inside == "$":
		case has && (len(fallback) < 2 || fallback[0] != '\'' || fallback[len(fallback)-1] != '\''):
			return wrong(place, "the default of a policy variable stands in single quotes: ${KEY, 'DEFAULT'}")
		default:
			if err := checkKey(place, strings.TrimSpace(key), d.kind); err != nil {
				return err
			}
		}
		text = rest
	}
}

// escapeVariables keeps ${ as it is in documents that know no variables.
func escapeVariables(text string) string { return strings.ReplaceAll(text, "${", "${$}{") }

// found says how many values the variables of a text have: no value where one of them has none,
// several where one has several.
type found int

const (
	oneValue found = iota
	noValue
	severalValues
)

// expand reads a text with policy variables. A value that is put in matches only itself, whatever
// characters it has.
func (e *question) expand(text string, wildcards bool) (parts []part, f found) {
	e.steps += 4 * len(text) // making parts of it takes longer than comparing them
	if e.steps > mostSteps {
		return nil, noValue
	}
	read := literal
	if wildcards {
		read = pattern
	}
	for {
		i := strings.Index(text, "${")
		if i < 0 {
			return append(parts, read(text)...), oneValue
		}
		parts = append(parts, read(text[:i])...)
		inside, rest, closed := strings.Cut(text[i+2:], "}")
		if !closed {
			return append(parts, read(text[i:])...), oneValue
		}
		text = rest
		if inside == "*" || inside == "?" || inside == "$" {
			parts = append(parts, literal(inside)...)
			continue
		}
		key, fallback, has := strings.Cut(inside, ",")
		values := e.values(lowerKey(strings.TrimSpace(key)))
		switch {
		case len(values) == 1:
			parts = append(parts, literal(values[0])...)
		case len(values) > 1:
			return nil, severalValues
		case has:
			parts = append(parts, literal(strings.Trim(strings.TrimSpace(fallback), "'"))...)
		default:
			return nil, noValue
		}
	}
}
