package detect

import (
	"bytes"
	"fmt"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// Limits of an allow list, Macie's.
const (
	MaxAllowWords      = 100_000
	MaxAllowWordLength = 90
	MaxAllowListBytes  = 35 << 20
)

// AllowList holds values that are not to be reported: exact words, letter case
// aside, or a regular expression that a whole match has to fit. It is immutable and
// safe for concurrent use. Its size costs nothing until a match is found.
type AllowList struct {
	words map[string]struct{}
	prog  *syntax.Prog // of the expression, for a whole text; nil for words
}

// AllowRegex compiles an allow list of one regular expression in the subset custom
// data identifiers use. Its error is a *CustomError.
func AllowRegex(pattern string) (*AllowList, error) {
	if _, err := compileRegex("regex", pattern, nil); err != nil {
		return nil, err
	}
	tree, err := syntax.Parse(`\A(?:`+pattern+`)\z`, syntax.Perl)
	if err != nil {
		return nil, refuse("regex", "%s", parseReason(err))
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, refuse("regex", "%s", parseReason(err))
	}
	return &AllowList{prog: prog}, nil
}

// AllowWords reads a word list: one entry per line, blank lines skipped. It fails
// when there is no entry, when there are too many, or when one is longer than 90
// characters or not UTF-8.
func AllowWords(list []byte) (*AllowList, error) {
	if len(list) > MaxAllowListBytes {
		return nil, fmt.Errorf("allow list: %d bytes, at most %d are allowed", len(list), MaxAllowListBytes)
	}
	list = bytes.TrimPrefix(list, []byte("\ufeff"))
	a := &AllowList{words: make(map[string]struct{}, bytes.Count(list, []byte{'\n'})+1)}
	n := 0
	for line := range bytes.Lines(list) {
		n++
		entry := bytes.TrimSpace(line)
		if len(entry) == 0 {
			continue
		}
		if !utf8.Valid(entry) {
			return nil, fmt.Errorf("allow list: line %d is not UTF-8", n)
		}
		if c := utf8.RuneCount(entry); c > MaxAllowWordLength {
			return nil, fmt.Errorf("allow list: line %d has %d characters, at most %d are allowed", n, c, MaxAllowWordLength)
		}
		a.words[allowKey(entry)] = struct{}{}
	}
	if len(a.words) == 0 {
		return nil, fmt.Errorf("allow list: it has no entries")
	}
	if len(a.words) > MaxAllowWords {
		return nil, fmt.Errorf("allow list: %d entries, at most %d are allowed", len(a.words), MaxAllowWords)
	}
	return a, nil
}

// allowKey folds an entry for comparison: letter case, and white space so that an
// entry is found when it spans lines.
func allowKey(b []byte) string {
	return strings.ToLower(strings.Join(strings.Fields(string(b)), " "))
}

// Allows says whether an allow list of the set holds a match. It is for what was found otherwise than by Scan; late is as
// [Block.Late]. Where there is no time to tell, it says that one does: what may be allowed is not reported.
func (s *Scanner) Allows(match []byte, late func(steps int64) bool) bool {
	if len(s.set.allow) == 0 {
		return false
	}
	s.late, s.isLate = late, late != nil && late(0)
	held := s.allows(match)
	s.late = nil
	return held
}

// allows is Allows while a block is scanned.
func (s *Scanner) allows(match []byte) bool {
	key := ""
	for i, list := range s.set.allow {
		if a := s.allowed[i]; a != nil {
			end := a.matchTo(match, 0, len(match), true, true)
			s.spend(a.work)
			if a.work = 0; end >= 0 || s.isLate {
				return true
			}
			continue
		}
		if len(match) > 4*MaxAllowWordLength {
			continue
		}
		if key == "" {
			s.spend(len(match))
			key = allowKey(match)
		}
		if _, ok := list.words[key]; ok {
			return true
		}
	}
	return false
}
