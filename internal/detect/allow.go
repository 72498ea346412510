package detect

import (
	"bytes"
	"fmt"
	"regexp"
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
	rx    *regexp.Regexp
}

// AllowRegex compiles an allow list of one regular expression in the subset custom
// data identifiers use. Its error is a *CustomError.
func AllowRegex(pattern string) (*AllowList, error) {
	if _, err := compileRegex("regex", pattern, nil); err != nil {
		return nil, err
	}
	rx, err := regexp.Compile(`\A(?:` + pattern + `)\z`)
	if err != nil {
		return nil, refuse("regex", "%s", parseReason(err))
	}
	return &AllowList{rx: rx}, nil
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

// allows says whether the list holds the match.
func (a *AllowList) allows(match []byte) bool {
	if a.rx != nil {
		return a.rx.Match(match)
	}
	if len(match) > 4*MaxAllowWordLength {
		return false
	}
	_, ok := a.words[allowKey(match)]
	return ok
}
