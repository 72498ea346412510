package scan

import (
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"

	"github.com/mattn/go-isatty"
)

// terminalWidth is COLUMNS, else 80: a guess that is too small only makes a shorter line.
func terminalWidth() int {
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 20 {
		return n
	}
	return 80
}

// widthOf is how many characters fit a line of w; 0 where w is no terminal, and lines may be long.
func widthOf(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !isatty.IsTerminal(f.Fd()) {
		return 0
	}
	if n := columns(f); n > 20 {
		return n
	}
	return terminalWidth()
}

// shorten leaves out the middle of a path that takes more than so many characters: its beginning and,
// more of, its end tell where it is.
func shorten(path string, room int) string {
	const least = 24
	r := []rune(path)
	room = max(room, least)
	if len(r) <= room {
		return path
	}
	head := (room - 1) / 3
	return string(r[:head]) + "…" + string(r[len(r)-(room-1-head):])
}

// printable makes a name safe to print: names may hold escape sequences.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(name, "?"))
}
