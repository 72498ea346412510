package arch

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// commentWidth is the most columns that a line of a comment has, tabs counted as four.
const commentWidth = 100

// wrapped are the rooms whose comments are held to it. Others follow as they are read again.
var wrapped = []string{
	"admission", "arch", "arn", "audit", "awsapi", "budget", "certificate", "connlimit", "envflag", "identity",
	"leak", "macie2", "mail", "membership", "organizations", "pagetoken", "permission", "policy", "printable",
	"resource", "session", "sigv4", "source", "store", "sts", "throttle",
}

var commentLine = regexp.MustCompile(`^\t*// `)

// Comments are read beside other things: they have one width. Drawings and code in them, which are
// indented, have the width that they need.
func TestCommentsAreWrapped(t *testing.T) {
	for _, p := range allPackages(t) {
		if !slices.Contains(wrapped, room(p.ImportPath)) {
			continue
		}
		for _, name := range slices.Concat(p.GoFiles, p.TestGoFiles, p.XTestGoFiles) {
			if strings.HasSuffix(name, "_gen.go") {
				continue
			}
			text, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			for i, line := range strings.Split(string(text), "\n") {
				if commentLine.MatchString(line) && columns(line) > commentWidth {
					t.Errorf("%s/%s:%d: a comment of %d columns; wrap it at %d", p.ImportPath, name, i+1, columns(line), commentWidth)
				}
			}
		}
	}
}

func columns(line string) int {
	return utf8.RuneCountInString(line) + 3*strings.Count(line, "\t")
}
