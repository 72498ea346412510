package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"magpie/internal/cli/onboard"
)

// The pace of progress: a line that is painted over on a terminal, a line of its own now and then elsewhere.
const (
	repaint   = 200 * time.Millisecond
	plainLine = 10 * time.Second
)

// showProgress tells on w how far a run is, until the function it returns is called.
func showProgress(w io.Writer, verb string, progress func() onboard.Progress) (stop func()) {
	terminal := isTerminal(w)
	every := plainLine
	if terminal {
		every = repaint
	}
	begun := time.Now()
	quit := make(chan struct{})
	var painting sync.WaitGroup
	painting.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		painted := false
		for {
			select {
			case <-quit:
				if painted {
					fmt.Fprint(w, "\r\x1b[K")
				}
				return
			case now := <-tick.C:
				line := progressLine(progress(), now.Sub(begun), terminal)
				if terminal {
					fmt.Fprint(w, "\r\x1b[K"+fit(line, terminalWidth(w)))
					painted = true
				} else {
					fmt.Fprintln(w, verb+": "+line)
				}
			}
		}
	})
	return sync.OnceFunc(func() { close(quit); painting.Wait() })
}

func progressLine(p onboard.Progress, elapsed time.Duration, bar bool) string {
	var b strings.Builder
	if bar {
		const cells = 24
		n := int(cells * p.Done)
		fmt.Fprintf(&b, "[%s%s] ", strings.Repeat("█", n), strings.Repeat("░", cells-n))
	}
	fmt.Fprintf(&b, "%.0f%%, ", 100*p.Done)
	fmt.Fprintf(&b, "%d of %d done", p.Ended, p.Pairs)
	if p.Failed > 0 {
		fmt.Fprintf(&b, ", %d failed", p.Failed)
	}
	fmt.Fprintf(&b, ", %d calls", p.Calls)
	if p.Throttled > 0 {
		fmt.Fprintf(&b, ", %d throttled", p.Throttled)
	}
	if p.Troubled > 0 {
		fmt.Fprintf(&b, ", %d without an answer", p.Troubled)
	}
	if p.Done > 0 && p.Done < 1 && elapsed > 2*time.Second {
		left := time.Duration(float64(elapsed) * (1 - p.Done) / p.Done)
		fmt.Fprintf(&b, ", about %s left", left.Round(time.Second))
	}
	return b.String()
}

// fit cuts a line to the width of a terminal, so that painting over it wipes all of it.
func fit(line string, width int) string {
	if r := []rune(line); width > 1 && len(r) >= width {
		return string(r[:width-1])
	}
	return line
}
