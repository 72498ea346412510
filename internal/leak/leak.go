// Package leak fails the tests of a package that leave goroutines of Magpie's behind: whoever
// starts one ends it.
//
// A package that starts goroutines has a TestMain that calls [Run]; a test of package arch asks for
// that.
package leak

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// patience is how long goroutines have to end that are about to. It says nothing of how long they
// should take.
const patience = 30 * time.Second

// Run runs the tests and returns what to exit with. It fails if they passed and left goroutines
// behind.
func Run(m *testing.M) int {
	code := m.Run()
	if code != 0 {
		return code
	}
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		left := ours()
		if len(left) == 0 {
			return 0
		}
		if time.Now().After(end) {
			fmt.Fprintf(os.Stderr, "%d goroutines are left when all tests have ended:\n\n%s\n", len(left), strings.Join(left, "\n\n"))
			return 1
		}
	}
}

// kept is the cluster of PostgreSQL that the tests of a package share until their process ends.
const kept = "magpie/internal/store/storetest.start"

// ours are the stacks of goroutines that run code of Magpie's or were started by it, less the one
// that asks.
func ours() (left []string) {
	buf := make([]byte, 1<<20)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	for i, stack := range strings.Split(string(buf), "\n\n") {
		if i > 0 && strings.Contains(stack, "magpie/") && !strings.Contains(stack, kept) {
			left = append(left, stack)
		}
	}
	return left
}
