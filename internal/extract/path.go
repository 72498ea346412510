package extract

import (
	"strconv"
	"unicode"
	"unicode/utf8"
)

// pathPart is a name or an index of a JSONPath.
type pathPart struct {
	name    string
	index   int64
	isIndex bool
}

// jsonPath writes a path as Macie does. Only as much of the end is written as is kept: the work does not grow with the depth.
func jsonPath(parts []pathPart) string {
	first, runes := len(parts), 0
	var one []byte
	for first > 0 && runes <= maxPath {
		first--
		one = parts[first].append(one[:0])
		runes += utf8.RuneCount(one)
	}
	path := []byte{'$'}
	for _, p := range parts[first:] {
		path = p.append(path)
	}
	return cutPath(string(path))
}

func (p *pathPart) append(path []byte) []byte {
	if p.isIndex {
		return append(strconv.AppendInt(append(path, '['), p.index, 10), ']')
	}
	return appendElement(path, p.name)
}

// maxPath is how many characters a path has.
const maxPath = 250

// appendElement writes .name or ['name'], as Macie does.
func appendElement(path []byte, name string) []byte {
	if r := []rune(name); len(r) > 240 {
		name = "..." + string(r[len(r)-237:])
	}
	plain := name != ""
	for i, r := range name {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			plain = false
		}
	}
	if plain {
		return append(append(path, '.'), name...)
	}
	path = append(path, "['"...)
	for i := range len(name) {
		if name[i] == '\'' || name[i] == '\\' {
			path = append(path, '\\')
		}
		path = append(path, name[i])
	}
	return append(path, "']"...)
}

// cutPath drops leading elements of a path longer than maxPath characters: $..rest.
func cutPath(path string) string {
	if len(path) <= maxPath || utf8.RuneCountInString(path) <= maxPath {
		return path
	}
	for i := 1; i < len(path); i++ {
		if (path[i] == '.' || path[i] == '[') && utf8.RuneCountInString(path[i:]) <= 247 {
			if path[i] == '.' {
				return "$." + path[i:]
			}
			return "$.." + path[i:]
		}
	}
	r := []rune(path)
	return "$.." + string(r[len(r)-247:])
}
