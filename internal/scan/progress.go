package scan

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-isatty"
)

// startProgress keeps a line on the terminal until the function it returns is called, which wipes it. It does nothing where
// there is no terminal, and shows nothing in the first half second: most scans are over by then.
func startProgress(w io.Writer, s *scanner) (stop func()) {
	f, ok := w.(*os.File)
	if !ok || !isatty.IsTerminal(f.Fd()) || os.Getenv("TERM") == "dumb" {
		return func() {}
	}
	quit := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		shown := false
		for {
			select {
			case <-quit:
				if shown {
					fmt.Fprint(f, "\r\x1b[K")
				}
				return
			case now := <-tick.C:
				if now.Sub(s.started) < 500*time.Millisecond {
					continue
				}
				fmt.Fprint(f, "\r\x1b[K"+s.progress(now.Sub(s.started), terminalWidth()))
				shown = true
			}
		}
	})
	return sync.OnceFunc(func() { close(quit); wg.Wait() })
}

// progress is the line: a bar once it is known how much there is.
func (s *scanner) progress(elapsed time.Duration, width int) string {
	done, found := s.done.Load(), s.found.Load()
	bytes, total := s.bytes.Load(), s.foundBytes.Load()
	var b strings.Builder
	if s.walked.Load() && total > 0 {
		const cells = 20
		n := int(min(int64(cells), cells*bytes/total))
		fmt.Fprintf(&b, "[%s%s] %3d%%  ", strings.Repeat("█", n), strings.Repeat("░", cells-n), min(100, 100*bytes/total))
	}
	fmt.Fprintf(&b, "%s of %s files  %s  %s/s", count(done), count(found), size(bytes), size(int64(float64(bytes)/elapsed.Seconds())))
	if n := s.hits.Load(); n > 0 {
		fmt.Fprintf(&b, "  %s with sensitive data", count(n))
	}
	if p := s.current.Load(); p != nil {
		if room := width - len([]rune(b.String())) - 4; room > 10 {
			name := []rune(printable(*p))
			if len(name) > room {
				name = append([]rune("…"), name[len(name)-room+1:]...)
			}
			b.WriteString("  " + string(name))
		}
	}
	return b.String()
}

// size writes bytes for a person.
func size(n int64) string {
	const units = "kMGTP"
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	v := float64(n)
	i := -1
	for v >= 999.5 && i < len(units)-1 {
		v /= 1000
		i++
	}
	if v < 10 {
		return fmt.Sprintf("%.1f %cB", v, units[i])
	}
	return fmt.Sprintf("%.0f %cB", v, units[i])
}

// count writes a number with commas.
func count(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
