package operation

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Parse reads the values that a flag was given, one for each time or, for a list, each word, as a value of the parameter's kind. Structures
// are JSON or the AWS CLI's shorthand syntax (name=value,list=[a,b],inner={name=value}); a value "file://PATH" is what the file holds.
func (p Param) Parse(words []string) (any, error) {
	words = slices.Clone(words)
	for i, word := range words {
		path, ok := strings.CutPrefix(word, "file://")
		if !ok {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("--%s: %w", p.Flag, err)
		}
		words[i] = string(text)
	}
	value, err := p.parse(words)
	if err != nil {
		return nil, fmt.Errorf("--%s: %w", p.Flag, err)
	}
	return value, nil
}

func (p Param) parse(words []string) (any, error) {
	last := words[len(words)-1]
	switch p.Kind {
	case String:
		return last, nil
	case Bool:
		b, err := strconv.ParseBool(last)
		if err != nil {
			return nil, fmt.Errorf("%q is neither true nor false", last)
		}
		return b, nil
	case Integer:
		n, err := strconv.ParseInt(last, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is no whole number", last)
		}
		return float64(n), nil
	case StringList:
		if len(words) == 1 && strings.HasPrefix(strings.TrimSpace(last), "[") {
			return parseJSON(last)
		}
		list := make([]any, len(words))
		for i, word := range words {
			list[i] = word
		}
		return list, nil
	case StructureList:
		if len(words) == 1 && strings.HasPrefix(strings.TrimSpace(last), "[") {
			return parseJSON(last)
		}
		list := make([]any, len(words))
		for i, word := range words {
			value, err := parseStructure(word)
			if err != nil {
				return nil, err
			}
			list[i] = value
		}
		return list, nil
	default:
		return parseStructure(last)
	}
}

func parseStructure(text string) (any, error) {
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		return parseJSON(text)
	}
	s := shorthand{text: text}
	members, err := s.members("")
	if err == nil && s.at < len(s.text) {
		err = s.unexpected("a comma")
	}
	return members, err
}

func parseJSON(text string) (any, error) {
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	return value, nil
}

// bare is a word of shorthand syntax. What it means, the member that it is for decides: a string, a number, a list of one.
type bare string

// shorthand reads the AWS CLI's shorthand syntax.
type shorthand struct {
	text string
	at   int
}

func (s *shorthand) unexpected(wanted string) error {
	return fmt.Errorf("shorthand syntax: %s is missing at column %d of %q", wanted, s.at+1, s.text)
}

// members reads name=value pairs up to end, which is left to the caller.
func (s *shorthand) members(end string) (map[string]any, error) {
	members := map[string]any{}
	for {
		n := strings.IndexAny(s.text[s.at:], "=,[]{}")
		if n < 1 || s.text[s.at+n] != '=' {
			return nil, s.unexpected("name=")
		}
		name := strings.TrimSpace(s.text[s.at : s.at+n])
		s.at += n + 1
		value, err := s.value(end + ",")
		if err != nil {
			return nil, err
		}
		// name=a,b is a list: what follows a comma without a name of its own belongs to the value before it.
		list := []any{value}
		for s.at < len(s.text) && s.text[s.at] == ',' && !s.nameFollows() {
			s.at++
			if value, err = s.value(end + ","); err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		if members[name] = list[0]; len(list) > 1 {
			members[name] = list
		}
		if s.at == len(s.text) || s.text[s.at] != ',' {
			return members, nil
		}
		s.at++
	}
}

// nameFollows reports whether after the comma at hand comes name=.
func (s *shorthand) nameFollows() bool {
	rest := s.text[s.at+1:]
	n := strings.IndexAny(rest, `=,[]{}"'`)
	return n > 0 && rest[n] == '='
}

func (s *shorthand) value(ends string) (any, error) {
	if s.at == len(s.text) {
		return bare(""), nil
	}
	switch c := s.text[s.at]; c {
	case '[':
		s.at++
		list := []any{}
		for s.at < len(s.text) && s.text[s.at] != ']' {
			value, err := s.value(",]")
			if err != nil {
				return nil, err
			}
			list = append(list, value)
			if s.at < len(s.text) && s.text[s.at] == ',' {
				s.at++
			}
		}
		return list, s.close(']')
	case '{':
		s.at++
		members, err := s.members("}")
		if err != nil {
			return nil, err
		}
		return members, s.close('}')
	case '"', '\'':
		return s.quoted(c)
	}
	n := strings.IndexAny(s.text[s.at:], ends)
	if n < 0 {
		n = len(s.text) - s.at
	}
	word := s.text[s.at : s.at+n]
	s.at += n
	return bare(word), nil
}

func (s *shorthand) close(c byte) error {
	if s.at == len(s.text) || s.text[s.at] != c {
		return s.unexpected(string(c))
	}
	s.at++
	return nil
}

func (s *shorthand) quoted(quote byte) (any, error) {
	var b strings.Builder
	for i := s.at + 1; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == quote:
			s.at = i + 1
			return bare(b.String()), nil
		case c == '\\' && i+1 < len(s.text) && (s.text[i+1] == quote || s.text[i+1] == '\\'):
			i++
			b.WriteByte(s.text[i])
		default:
			b.WriteByte(c)
		}
	}
	s.at = len(s.text)
	return nil, s.unexpected("the closing quote")
}
