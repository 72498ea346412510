package detect

// Stream scans plain text that arrives in pieces of any size. What it finds does not
// depend on how the text is cut. Offsets count from the first byte written.
type Stream struct {
	scanner *Scanner
	yield   func(Match)
	buf     []byte
	lo      int // where in buf the next block begins
	base    int // offset of buf[0] in the stream
}

// streamBlock is how much text is scanned at once.
const streamBlock = 256 << 10

// Stream returns a Stream that yields its matches in order of their starts. It uses
// the scanner, which must not be used otherwise until Close.
func (s *Scanner) Stream(yield func(Match)) *Stream {
	return &Stream{scanner: s, yield: yield}
}

// Write scans what it can. It keeps a copy of what it still needs and never fails.
func (w *Stream) Write(p []byte) (int, error) {
	set, n := w.scanner.set, len(p)
	for {
		room := w.lo + streamBlock + set.lookahead - len(w.buf)
		take := min(room, len(p))
		w.buf = append(w.buf, p[:take]...)
		p = p[take:]
		if take < room {
			return n, nil
		}
		w.scan(w.lo+streamBlock, false)
		keep := max(0, w.lo-set.lookbehind)
		w.base += keep
		w.lo -= keep
		w.buf = w.buf[:copy(w.buf, w.buf[keep:])]
	}
}

// Close scans the rest.
func (w *Stream) Close() {
	w.scan(len(w.buf), true)
	w.buf = nil
}

func (w *Stream) scan(hi int, end bool) {
	block := Block{Text: w.buf, Lo: w.lo, Hi: hi, Start: w.base == 0, End: end}
	w.scanner.Scan(&block, func(m Match) {
		m.Start += w.base
		m.End += w.base
		w.yield(m)
	})
	w.lo = hi
}
