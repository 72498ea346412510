package extract

import (
	"bytes"
	"io"
	"unicode/utf8"
)

// rolling is a layout that follows a stream: it is told which raw bytes leave the buffer.
type rolling interface {
	layout
	advance(raw []byte, n int)
}

// decoder turns the raw bytes of a segment into text when they are not text as they stand (JSON escapes). cut moves a
// position back to where raw may be split.
type decoder interface {
	decode(raw []byte) (text []byte, spans []span)
	cut(raw []byte, at int) int
}

// checker looks at every raw byte once, between lo and hi, and may end the document.
type checker interface {
	check(raw []byte, lo, hi int) error
}

// pump streams the rest of in as segments, in place: bytes are read into one buffer, and only the overlap is ever copied.
// r, when not nil, replaces the input (a charset decoder around it).
func pump(w *walker, doc *Document, in *input, r io.Reader, l rolling) error {
	var buf []byte
	var n int
	eof := false
	if r == nil {
		buf, n = in.take()
		r, eof = in.rest, in.eof
		if in.err != nil {
			r = failing{in.err}
		}
	} else {
		buf = *buffers.Get().(*[]byte)
	}
	defer func() { buffers.Put(&buf) }()
	dec, _ := l.(decoder)
	chk, _ := l.(checker)

	lo, start := 0, true
	var readErr error
	for {
		for empty := 0; n < len(buf) && !eof && readErr == nil; {
			if err := w.step(64); err != nil {
				return err
			}
			k, err := readSome(r, buf[n:], &empty)
			if n += k; err == io.EOF {
				eof = true
			} else if err != nil {
				readErr = err
			}
		}
		last := eof || readErr != nil
		raw := buf[:n]
		hi := n
		if !last {
			hi = cutAt(raw, lo, n-margin)
			if dec != nil {
				hi = dec.cut(raw, hi)
			}
		}
		if n > lo || start {
			seg := Segment{Text: raw, raw: raw, Lo: lo, Hi: hi, Start: start, End: last && readErr == nil, layout: l}
			if dec != nil {
				if seg.Text, seg.spans = dec.decode(raw); seg.spans != nil {
					seg.Lo, seg.Hi = seg.out(lo), seg.out(hi)
				}
			}
			if last {
				seg.Hi = len(seg.Text)
			}
			doc.Read += int64(hi - lo)
			if err := w.emit(doc, &seg); err != nil {
				return err
			}
			if chk != nil {
				if err := chk.check(raw, lo, hi); err != nil {
					return err
				}
			}
		}
		if last {
			return readErr
		}
		keep := hi - lookback
		if keep > 0 {
			for i := 0; i < utf8.UTFMax && keep > 0 && !utf8.RuneStart(raw[keep]); i++ {
				keep--
			}
			if dec != nil {
				keep = dec.cut(raw, keep)
			}
			l.advance(raw, keep)
			n = copy(buf, raw[keep:])
			start = false
		} else {
			keep = 0
		}
		lo = hi - keep
	}
}

// readSome is one read. empty counts those that bring nothing, one after the other, of which there must not be many.
func readSome(r io.Reader, to []byte, empty *int) (int, error) {
	n, err := r.Read(to)
	if *empty++; n > 0 {
		*empty = 0
	} else if err == nil && *empty > maxEmptyReads {
		err = io.ErrNoProgress
	}
	return n, err
}

// cutAt chooses where the next segment begins: after the last line end before at, unless that is far away.
func cutAt(raw []byte, lo, at int) int {
	from := max(lo, at-16*kib)
	if i := bytes.LastIndexByte(raw[from:at], '\n'); i >= 0 {
		return from + i + 1
	}
	for i := 0; i < utf8.UTFMax && at > lo && !utf8.RuneStart(raw[at]); i++ {
		at--
	}
	return at
}

// maxEmptyReads is how often a reader may give nothing.
const maxEmptyReads = 100

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
