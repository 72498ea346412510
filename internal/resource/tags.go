package resource

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"magpie/internal/macie2"
)

// The limits that Macie documents for the tags of a resource, in characters.
const (
	maxTags        = 50
	maxKeyLength   = 128
	maxValueLength = 256
)

// CheckTags refuses tags that break Macie's rules, with a ValidationException that says which rule.
func CheckTags(tags map[string]string) error {
	if len(tags) > maxTags {
		return macie2.ErrValidation("tags: a resource can have at most %d tags", maxTags)
	}
	if err := checkFolded(tags, nil); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(tags)) { // sorted, so that the same request always gets the same answer
		if err := checkTagKey("tags", key); err != nil {
			return err
		}
		if utf8.RuneCountInString(tags[key]) > maxValueLength {
			return macie2.ErrValidation("tags: the value of %q must have at most %d characters", key, maxValueLength)
		}
		if strings.ContainsFunc(tags[key], notInTag) {
			return macie2.ErrValidation("tags: the value of %q may contain letters, digits, spaces and _.:/=+-@ only", key)
		}
	}
	return nil
}

// checkFolded refuses tags whose keys differ from each other, or from those of tags that are there,
// in letter case alone: conditions of policies do not tell such apart.
func checkFolded(tags, there map[string]string) error {
	folded := make(map[string]string, len(tags)+len(there))
	for key := range there {
		folded[foldKey(key)] = key
	}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		other, found := folded[foldKey(key)]
		if _, same := there[key]; found && !same {
			return macie2.ErrValidation("tags: the tag keys %q and %q differ in letter case alone", other, key)
		}
		folded[foldKey(key)] = key
	}
	return nil
}

// foldKey is the same of keys that strings.EqualFold does not tell apart.
func foldKey(key string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			least = min(least, other)
		}
		return least
	}, key)
}

func checkTagKey(member, key string) error {
	switch n := utf8.RuneCountInString(key); {
	case n < 1 || n > maxKeyLength:
		return macie2.ErrValidation("%s: a tag key must have 1 to %d characters", member, maxKeyLength)
	case strings.HasPrefix(strings.ToLower(key), "aws:"):
		return macie2.ErrValidation("%s: the tag key %q begins with aws:, which is reserved", member, key)
	case strings.ContainsFunc(key, notInTag):
		return macie2.ErrValidation("%s: a tag key may contain letters, digits, spaces and _.:/=+-@ only", member)
	}
	return nil
}

func notInTag(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != ' ' && !strings.ContainsRune("_.:/=+-@", r)
}

// EncodeTags writes tags as they are stored: a JSON object, or nothing when there are none.
func EncodeTags(tags map[string]string) string {
	if len(tags) == 0 {
		return ""
	}
	b, err := json.Marshal(tags)
	if err != nil {
		panic(err) // a map of strings always has a JSON form
	}
	return string(b)
}

// DecodeTags reads what EncodeTags wrote. The map is never nil.
func DecodeTags(stored string) (map[string]string, error) {
	tags := map[string]string{}
	if stored == "" {
		return tags, nil
	}
	if err := json.Unmarshal([]byte(stored), &tags); err != nil {
		return nil, fmt.Errorf("stored tags: %w", err)
	}
	return tags, nil
}
