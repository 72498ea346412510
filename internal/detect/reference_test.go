package detect

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// reference finds what a Scanner has to find, the slow way: every keyword is
// compared at every word start, every identifier is tried at every byte, and every
// pair of matches is looked at. It shares with the engine the functions that match
// one value, the definitions of a word's edges and of the last word of a name, and the
// rule between two overlapping matches, and nothing of how they are found.
func reference(set *Set, text []byte, fields []Field) []Match {
	var found []candidate
	if fields == nil {
		found = referenceUnit(set, text, 0, nil)
	}
	for _, f := range fields {
		value := text[f.Lo:f.Hi]
		if f.Names != nil {
			value = value[:wholeNumber(value)]
		}
		found = append(found, referenceUnit(set, value, f.Lo, f.Names)...)
	}
	sort.SliceStable(found, func(i, j int) bool { return before(&found[i], &found[j]) })
	var kept []candidate
	last := make([]int, len(set.ids))
	for _, c := range found {
		if c.start >= last[c.id] {
			last[c.id] = c.end
			kept = append(kept, c)
		}
	}
	var out []Match
	for i := range kept {
		c := &kept[i]
		lost := false
		for j := range kept {
			o := &kept[j]
			if i != j && o.start < c.end && o.end > c.start && beats(o, c) {
				lost = true
			}
		}
		if !lost {
			out = append(out, Match{int(c.id), c.start, c.end})
		}
	}
	return out
}

// keywordAt is a keyword of an identifier in the text.
type keywordAt struct{ start, end int }

func referenceUnit(set *Set, text []byte, off int, names *Names) []candidate {
	var out []candidate
	for _, r := range set.ready().rules {
		words := r.info.AllKeywords()
		if r.absent {
			words = set.ids[r.id].Managed.AllKeywords()
			for _, id := range set.ids[:set.managed] {
				if id.ID == idCard {
					words = id.Managed.AllKeywords()
				}
			}
			if len(words) == 0 {
				words = cardKeywords()
			}
		}
		var at []keywordAt
		for _, k := range words {
			at = append(at, referenceKeyword(text, k)...)
		}
		counts := func(k keywordAt, start, end int) bool {
			return !r.weak || !plainValue(text[start:end]) || lastWord(text, k.start, k.end, false)
		}
		named := func(start, end int) bool {
			if names == nil {
				return false
			}
			return names.last.has(r.id) || names.managed.has(r.id) && !(r.weak && plainValue(text[start:end]))
		}
		reach := func(start, end int) int {
			if named(start, end) {
				return 0
			}
			best := noKeyword
			for _, k := range at {
				if !r.absent && !counts(k, start, end) {
					continue
				}
				n := noKeyword
				if k.end <= start {
					n = utf8.RuneCount(text[k.end:start])
				} else if k.start >= end {
					n = utf8.RuneCount(text[end:k.start])
				}
				if n <= maxReach {
					best = min(best, n)
				}
			}
			return best
		}
		for p := range text {
			if r.near != nil {
				if end := r.near(text, p); end >= 0 && referenceDigit(text[p:end]) < r.lead {
					if n := reach(p, end); n != noKeyword {
						label := named(p, end)
						for _, k := range at {
							label = label || k.end <= p && isLabel(text[k.end:p]) && counts(k, p, end)
						}
						out = append(out, candidate{start: p + off, end: end + off, id: int32(r.id), weight: r.weight, reach: uint8(n), label: label})
						continue
					}
				}
			}
			if r.free != nil {
				if end := r.free(text, p); end >= 0 && (!r.absent || reach(p, end) == noKeyword) && !(r == set.name && names.noPerson(text)) {
					out = append(out, candidate{start: p + off, end: end + off, id: int32(r.id), weight: r.freeWeight(), reach: noKeyword})
				}
			}
		}
	}
	return out
}

// referenceDigit returns where the first digit of a value is.
func referenceDigit(value []byte) int {
	if i := strings.IndexAny(string(value), "0123456789"); i >= 0 {
		return i
	}
	return 1 << 30
}

// referenceKeyword finds a keyword wherever it stands: its tokens, letter case aside,
// with nothing or one separator between them.
func referenceKeyword(text []byte, keyword string) (out []keywordAt) {
	tokens := keywordTokens(foldString(keyword))
	first, _ := utf8.DecodeRuneInString(tokens[0])
	for p := range text {
		if r, _ := utf8.DecodeRune(text[p:]); fold(r) != first || !wordStart(text, p) {
			continue
		}
		if ends := referenceTokens(text, p, tokens); len(ends) > 0 {
			for _, e := range ends {
				if keywordEnd(text, e) {
					out = append(out, keywordAt{p, e})
				}
			}
		}
	}
	return out
}

func referenceTokens(text []byte, p int, tokens []string) []int {
	i := p
	for _, want := range tokens[0] {
		if i >= len(text) {
			return nil
		}
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n <= 1 || fold(r) != want {
			return nil
		}
		i += n
	}
	if len(tokens) == 1 {
		return []int{i}
	}
	if g := gapLen(text, i); g > 0 {
		return referenceTokens(text, i+g, tokens[1:])
	}
	return referenceTokens(text, i, tokens[1:])
}

// show writes matches for a failure's message.
func show(set *Set, text []byte, matches []Match) string {
	var b strings.Builder
	for _, m := range matches {
		id := set.ids[m.Identifier].ID
		if id == "" {
			id = "custom"
		}
		b.WriteString(id + " " + string(text[m.Start:m.End]) + "\n")
	}
	return b.String()
}
