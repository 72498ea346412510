package extract

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// sampleSize is how many bytes are looked at to tell text from what is none. Zeros are not counted: logs that were cut off by a
// crash, and records of fixed length, are padded with them.
const sampleSize = 8 * kib

// makeup is what bytes are made of.
type makeup struct {
	bytes    int    // that are not zero
	zeros    int    // on the way to them
	zeroRuns int    // stretches of zeros
	odd      int    // control characters that text seldom has
	kinds    int    // how many different ones
	seen     uint64 // which ones; DEL has bit 0
}

// isOdd says whether c is a control character that text seldom has. Line ends, tabs, form feeds, backspaces (bold in manual pages)
// and escapes (colours) are not odd.
func isOdd(c byte) bool {
	return c < ' ' && (c < '\b' || c > '\r') && c != 0x1b || c == 0x7f
}

// plain8 says that there is no control character among eight bytes. It may fail to.
func plain8(w uint64) bool {
	const each, high = 0x0101010101010101, 0x8080808080808080
	del := w ^ each*0x7f
	return ((w-each*' ')&^w|(del-each)&^del)&high == 0
}

func makeupOf(b []byte) makeup {
	var m makeup
	b = bytes.TrimRight(b, "\x1a") // what CP/M fills the last block with
	for i := 0; i < len(b) && m.bytes < sampleSize; i++ {
		for i+8 < len(b) && m.bytes+8 < sampleSize && plain8(binary.LittleEndian.Uint64(b[i:])) {
			m.bytes += 8
			i += 8
		}
		c := b[i]
		if c == 0 {
			m.zeroRuns++
			from := i
			for i+1 < len(b) && b[i+1] == 0 {
				i++
			}
			m.zeros += i + 1 - from
			continue
		}
		m.bytes++
		if !isOdd(c) {
			continue
		}
		m.odd++
		bit := uint64(1) << c
		if c == 0x7f {
			bit = 1
		}
		if m.seen&bit == 0 {
			m.seen |= bit
			m.kinds++
		}
	}
	return m
}

// isBinary says whether bytes are no text in any charset. One byte decides nothing. What programs store has control characters of
// many kinds, or short values between zeros; text that has control characters has a few kinds of them, between fields (FIX,
// Hive), records or at its end (Ctrl-Z).
func isBinary(head []byte) bool {
	if wide, narrow := bom(head); wide || narrow || readsBehind(head, maxMagic) {
		return false
	}
	m := makeupOf(head)
	if m.zeros > 0 && utf16Without(head) != nil {
		return false
	}
	return m.values(head) && !isEBCDIC(head)
}

// values says whether bytes look like what programs store.
func (m *makeup) values(head []byte) bool {
	switch {
	case m.bytes == 0:
		return true
	case m.zeroRuns > 8 && m.zeroRuns*3 > m.bytes:
		return true // values, not words
	case m.zeros > 0 && m.bytes < 4:
		return true
	case m.zeros > 0 && foreign8(withoutZeros(head)):
		return true
	case m.odd*100 <= m.bytes*2:
		return false
	}
	return m.kinds > 3 || m.odd*2 > m.bytes
}

// foreign8 says whether bytes are no UTF-8, and more of them outside ASCII than a line or two of something else brings into a log.
func foreign8(b []byte) bool {
	if validUTF8(b) {
		return false
	}
	high := 0
	for _, c := range b {
		if c >= utf8.RuneSelf {
			high++
		}
	}
	return high*100 > len(b)*4
}

// withoutZeros is the sample that makeupOf looks at.
func withoutZeros(head []byte) []byte {
	out := make([]byte, 0, sampleSize)
	for i := 0; i < len(head) && len(out) < sampleSize; i++ {
		if head[i] != 0 {
			out = append(out, head[i])
		}
	}
	return out
}

// reads says whether bytes that begin as some format does read as text all the same: an article about the format, or chance.
func reads(b []byte) bool {
	b = b[:min(len(b), sampleSize)]
	m := makeupOf(b)
	if m.zeros > 0 || m.bytes == 0 || m.odd*100 > m.bytes*2 {
		return false
	}
	high, i := 0, 0
	for ; i+8 <= len(b); i += 8 {
		high += bits.OnesCount64(binary.LittleEndian.Uint64(b[i:]) & 0x8080808080808080)
	}
	for _, c := range b[i:] {
		if c >= utf8.RuneSelf {
			high++
		}
	}
	return high*100 <= len(b)*30 || validUTF8(b)
}

// maxMagic is how long the beginnings are by which formats are known, more or less.
const maxMagic = 16

// readsBehind says whether text follows the first n bytes, and much of it: whatever these say, it is worth reading.
func readsBehind(head []byte, n int) bool {
	return len(head) >= 8*n && len(head) >= 64 && reads(head[n:]) && validUTF8(head[n:min(len(head), sampleSize)])
}

// tarHeader says whether a block is a tar's header, by its checksum, as a sum of unsigned or of signed bytes.
func tarHeader(head []byte) bool {
	if len(head) < 512 || head[0] == 0 {
		return false
	}
	want, err := strconv.ParseInt(strings.Trim(string(head[148:156]), " \x00"), 8, 32)
	if err != nil {
		return false
	}
	unsigned, signed := int64(8*' '), int64(8*' ')
	for i, c := range head[:512] {
		if i < 148 || i >= 156 {
			unsigned += int64(c)
			signed += int64(int8(c))
		}
	}
	return want == unsigned || want == signed
}

// isPDF looks for the header, which other things may stand before. In what reads as text there must be an object too.
func isPDF(head []byte) bool {
	i := bytes.Index(head[:min(len(head), 1024)], []byte("%PDF-"))
	if i < 0 {
		return false
	}
	if !reads(head) {
		return true
	}
	rest := head[i:]
	return len(rest) > 5 && rest[5] >= '0' && rest[5] <= '9' &&
		(bytes.Contains(rest, []byte(" obj")) || bytes.Contains(rest, []byte("startxref")))
}

// is says whether a magic number that fits is to be believed.
func (m *magic) is(head []byte) bool {
	end := m.at + len(m.magic)
	if len(head) < end || string(head[m.at:end]) != m.magic {
		return false
	}
	switch m.kind {
	case &kindTar:
		return tarHeader(head) || !reads(head)
	case &kindGzip:
		return len(head) < 4 || head[2] == 8 && head[3]&0xe0 == 0
	case &kindAvro:
		return bytes.Contains(head, []byte("avro.schema")) || !reads(head[end:])
	}
	if m.kind != nil || m.mime == "application/x-lz4" {
		for i := range len(m.magic) {
			if c := m.magic[i]; c == 0 || c >= utf8.RuneSelf {
				return true // nobody writes that, and what is compressed may hold text as it is
			}
		}
	}
	return !reads(head[end:]) && !readsBehind(head, max(end, maxMagic))
}

// zstdAt passes over the frames that a zstd decoder skips and says whether one that it reads follows, or the beginning of one.
func zstdAt(head []byte) bool {
	skipped := false
	for zstdSkips(head) {
		if len(head) < 8 {
			return true // nothing else begins so
		}
		n := int64(head[4]) | int64(head[5])<<8 | int64(head[6])<<16 | int64(head[7])<<24
		skipped = true
		if n+8 >= int64(len(head)) {
			return true
		}
		head = head[8+n:]
	}
	if !skipped {
		return false
	}
	n := min(len(head), len(zstdMagic))
	return string(head[:n]) == zstdMagic[:n] || n < 4 && head[0]&0xf0 == 0x50 && string(head[1:n]) == zstdSkipMagic[:n-1]
}

const zstdMagic, zstdSkipMagic = "\x28\xb5\x2f\xfd", "\x2a\x4d\x18" // the latter behind a byte of which half counts

// zstdSkips says whether a frame that a zstd decoder skips begins here.
func zstdSkips(head []byte) bool {
	return len(head) >= 4 && head[0]&0xf0 == 0x50 && string(head[1:4]) == zstdSkipMagic
}

// packedAt says whether bytes begin as a packed file and as no text does, whatever text follows: that may be what its header holds.
func packedAt(head []byte) bool {
	return bytes.HasPrefix(head, []byte("\x1f\x8b\x08")) || bytes.HasPrefix(head, []byte("\xfd7zXZ\x00")) || bytes.HasPrefix(head, []byte(zstdMagic)) || zstdSkips(head)
}

// packers are the beginnings of packed files that have nothing before them, and how such files are called.
var packers = []struct{ magic, ext string }{
	{"\x1f\x8b\x08", ".gz .tgz"},
	{"\xfd7zXZ\x00", ".xz .txz"},
	{zstdMagic, ".zst .zstd .tzst"},
	{"\x50\x2a\x4d\x18", ".zst .zstd .tzst"}, // a frame to be skipped
	{"BZh91AY&SY", ".bz2 .bz .tbz .tbz2"},
}

// cutToNothing says whether all that there is of a document are the first bytes by which a packed file begins: what it was has been lost.
// Where those bytes may be a text as well, its name decides.
func cutToNothing(whole []byte, name string) bool {
	ext := strings.ToLower(path.Ext(strings.ReplaceAll(name, "\\", "/")))
	for _, p := range packers {
		if n := len(whole); n == 0 || n >= len(p.magic) {
			continue
		}
		begins := []byte(p.magic)
		switch {
		case begins[0] == 'B' && len(whole) > 3 && whole[3] >= '1' && whole[3] <= '9':
			begins[3] = whole[3] // how much is packed at once
		case begins[0] == 0x50 && whole[0]>>4 == 5:
			begins[0] = whole[0] // one of sixteen numbers
		}
		called := ext != "" && slices.Contains(strings.Fields(p.ext), ext)
		if bytes.HasPrefix(begins, whole) && (called || len(whole) > 1 && !textual(whole)) {
			return true
		}
	}
	return false
}
