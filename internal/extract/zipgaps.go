package extract

import (
	"bytes"
	"encoding/binary"
	"io"
	"unicode/utf8"
)

// between looks at what no entry has: before the first of them, between two, behind the directory. list are the parts of the file that
// entries have. It says whether there are files that the directory does not list, as when one zip was put behind another, and keeps
// where there is text, such as a script that unpacks the zip.
func (z *zipFile) between(list []extent) (unlisted bool, err error) {
	at := int64(0)
	for i := 0; i <= len(list); i++ {
		gap, next := z.dir, z.dir
		if i < len(list) {
			gap, next = list[i].lo, list[i].hi
		}
		if gap-at >= leastBetween || gap-at >= leastText && (i == 0 || i == len(list)) {
			files, err := z.stretch(at, gap)
			if err != nil {
				return false, err
			}
			unlisted = unlisted || files
		}
		at = max(at, next)
	}
	if z.dirEnd > 0 && z.end-z.dirEnd >= leastBetween {
		files, err := z.stretch(z.dirEnd, z.end)
		return unlisted || files, err
	}
	return unlisted, nil
}

// leastBetween is the least that is looked at between two entries: the header of another has as much.
const leastBetween = 30

// leastText is the shortest text before the first entry, or before the directory, that is kept. Elsewhere so few bytes belong to an entry.
const leastText = 8

// stretch looks at one stretch of the file.
func (z *zipFile) stretch(lo, hi int64) (files bool, err error) {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	buf := (*buffer)[:64*kib]
	text := extent{-1, -1} // of it that reads as text
	begins := true         // nothing but filling was met
	for at := lo; at < hi; {
		b := buf[:min(int64(len(buf)), hi-at)]
		if n, err := z.at.ReadAt(b, at); n < len(b) {
			return false, zipError(err, nil)
		}
		if err := z.w.step(64 + int64(len(b))/4); err != nil {
			return false, err
		}
		from := 0
		if begins {
			from = zipFilling(b)
		}
		if (begins || text.hi == at) && reads(b[from:]) {
			if text.lo < 0 {
				text.lo = at + int64(from)
			}
			text.hi = at + int64(len(b))
		}
		for i := 0; i+30 <= len(b); i++ {
			k := bytes.Index(b[i:], localHeader)
			if k < 0 || i+k+30 > len(b) {
				break
			}
			i += k
			if err := z.w.step(256); err != nil {
				return false, err
			}
			if e, _ := z.entryAt(b[i:], at+int64(i)); e != nil && mayBeEntry(b[i:]) {
				return true, nil
			}
		}
		if at += int64(len(b)); at < hi {
			at -= 29 // the next piece begins with the end of this one, and looks at it once more
			if begins = begins && from >= len(b)-29; begins {
				text = extent{-1, -1}
			}
			text.hi = min(text.hi, at)
		}
	}
	if text.lo >= 0 && z.taken.holds.hold(32) {
		z.texts = append(z.texts, text)
	}
	return false, nil
}

// mayBeEntry says whether a header has a method that there is and sizes that go with it. A program that opens zips has their magic among
// its constants, with anything behind it.
func mayBeEntry(h []byte) bool {
	le := binary.LittleEndian
	flags, method, packed, size := le.Uint16(h[6:]), le.Uint16(h[8:]), le.Uint32(h[18:]), le.Uint32(h[22:])
	if method > 20 && (method < 93 || method > 99) {
		return false
	}
	if flags&8 != 0 || packed == 0xffffffff || size == 0xffffffff { // said behind it, or elsewhere
		return true
	}
	if method != 0 {
		return packed > 0 || size == 0
	}
	return packed == size || flags&1 != 0 && packed == size+12 // where it is encrypted
}

// zipFilling is how many bytes of what follows an entry say how long it is, or are zeros.
func zipFilling(b []byte) int {
	n := 0
	if bytes.HasPrefix(b, []byte("PK\x07\x08")) {
		n = min(16, len(b))
	}
	return n + len(b[n:]) - len(bytes.TrimLeft(b[n:], "\x00"))
}

// filled says whether there is no room for text in a stretch, or nothing but what follows an entry.
func (z *zipFile) filled(lo, hi int64) (bool, error) {
	var b [24]byte
	if n := hi - lo; n < leastText || n > int64(len(b)) {
		return n >= 0 && n < leastText, nil
	}
	if n, err := z.at.ReadAt(b[:hi-lo], lo); int64(n) < hi-lo {
		return false, zipError(err, nil)
	}
	return hi-lo-int64(zipFilling(b[:hi-lo])) < leastText, nil
}

// text writes what stands between entries.
func (z *zipFile) text(b *builder, t extent) error {
	buf := make([]byte, min(16*kib, t.hi-t.lo))
	r := io.NewSectionReader(z.at, t.lo, t.hi-t.lo)
	kept := 0 // the beginning of a character that the piece before this one ended with
	for {
		n, err := r.Read(buf[kept:])
		n += kept
		kept = 0
		if err == nil {
			kept = cutRune(buf[:n])
		}
		if e := b.write(zipText(buf[:n-kept])); e != nil {
			return e
		}
		copy(buf, buf[n-kept:n])
		if err == io.EOF {
			return b.writeByte('\n')
		}
		if err != nil {
			return err
		}
	}
}

// cutRune is how many bytes at the end of a text begin a character that goes on behind it.
func cutRune(text []byte) int {
	for k := 1; k < utf8.UTFMax && k < len(text); k++ {
		if tail := text[len(text)-k:]; utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return k
		}
	}
	return 0
}
