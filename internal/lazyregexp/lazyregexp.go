// Package lazyregexp has regular expressions that are compiled when they are used first, and
// not when the program starts: it is started for each box and for each command, few of which
// use many of them.
//
// In tests they are compiled at once, so that a mistake in one is found.
package lazyregexp

import (
	"os"
	"regexp"
	"strings"
	"sync"
)

// inTest says whether this program is a test, without what package testing brings along.
var inTest = len(os.Args) > 0 && strings.HasSuffix(strings.TrimSuffix(os.Args[0], ".exe"), ".test")

// Regexp is a regular expression. It is safe for concurrent use.
type Regexp struct {
	text string
	once sync.Once
	rx   *regexp.Regexp
}

// New returns an expression that panics where it is used first if it cannot be compiled.
func New(text string) *Regexp {
	r := &Regexp{text: text}
	if inTest {
		r.get()
	}
	return r
}

func (r *Regexp) get() *regexp.Regexp {
	r.once.Do(func() { r.rx = regexp.MustCompile(r.text) })
	return r.rx
}

// MatchString says whether s holds a match.
func (r *Regexp) MatchString(s string) bool { return r.get().MatchString(s) }

// FindString returns the first match, or nothing.
func (r *Regexp) FindString(s string) string { return r.get().FindString(s) }

// FindStringSubmatch returns the first match and its groups, or nil.
func (r *Regexp) FindStringSubmatch(s string) []string { return r.get().FindStringSubmatch(s) }

// String is the expression as it is written.
func (r *Regexp) String() string { return r.text }
