package extract

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"hash/crc32"
	"io"
	"runtime"
	"strings"
	"testing"
)

// A quine is an archive that holds itself, by Russ Cox's construction ("Zip Files All The Way Down"): its deflate stream is a
// program of two instructions, each of five bytes, that prints the whole file.
//
// What surrounds the stream, head and tail, holds the checksum of the file and so of itself. That is a linear equation over
// bits, since all copies of the checksum are at known places.

// literal is the instruction that prints the n bytes after it: the head of a stored block.
func literal(n int) []byte {
	return []byte{0, byte(n), byte(n >> 8), ^byte(n), ^byte(n >> 8)}
}

// repeat is the instruction that prints the last n bytes again, for the n that fit its five bytes: a block of fixed codes with
// one match or two, filled up with blocks that hold nothing.
func repeat(t testing.TB, n int) []byte {
	t.Helper()
	var b bitWriter
	match := func(length int) {
		b.bits(0b010, 3) // not the last block; fixed codes, of which the lowest bit comes first
		for rest := n; rest > 0; rest -= length {
			b.length(min(length, rest))
			b.distance(n)
		}
		b.code(0, 7) // the end of the block
	}
	for _, length := range []int{n, (n + 1) / 2} {
		b = bitWriter{}
		match(length)
		for b.n < 40 {
			b.bits(0b010, 3)
			b.code(0, 7)
		}
		if b.n == 40 {
			return b.out
		}
	}
	t.Fatalf("repeating %d bytes does not fit", n)
	return nil
}

// bitWriter writes deflate's bits.
type bitWriter struct {
	out []byte
	n   int
}

func (b *bitWriter) bits(v, n int) {
	for i := range n {
		if b.n%8 == 0 {
			b.out = append(b.out, 0)
		}
		b.out[b.n/8] |= byte(v >> i & 1 << (b.n % 8))
		b.n++
	}
}

// code writes a Huffman code, whose highest bit comes first.
func (b *bitWriter) code(v, n int) {
	for i := n - 1; i >= 0; i-- {
		b.bits(v>>i&1, 1)
	}
}

func (b *bitWriter) length(n int) {
	code, extra, base := 257, 0, 3
	for n-base >= 1<<extra {
		base += 1 << extra
		if code++; code > 264 && (code-261)%4 == 0 {
			extra++
		}
	}
	if n == 258 {
		code, extra, base = 285, 0, 258
	}
	if code < 280 {
		b.code(code-256, 7)
	} else {
		b.code(0b11000000+code-280, 8)
	}
	b.bits(n-base, extra)
}

func (b *bitWriter) distance(n int) {
	code, extra, base := 0, 0, 1
	for n-base >= 1<<extra {
		base += 1 << extra
		if code++; code >= 4 && code%2 == 0 {
			extra++
		}
	}
	b.code(code, 5)
	b.bits(n-base, extra)
}

// quine makes the file out of what surrounds its stream. Head and tail are given the file's checksum and size and the size of
// the stream; the first two bytes of the tail end the stream.
func quine(t testing.TB, head, tail func(sum uint32, size, stream int) []byte) []byte {
	t.Helper()
	p, s := len(head(0, 0, 0)), len(tail(0, 0, 0))
	l1, l4, r4 := literal(5), literal(20), repeat(t, 20)
	lp, rp, ls, rs := literal(p+5), repeat(t, p+5), literal(s+5), repeat(t, s+5)
	l0 := literal(0)
	build := func(sum uint32, size, stream int) []byte {
		h, e := head(sum, size, stream), tail(sum, size, stream)
		return bytes.Join([][]byte{
			h,
			lp, h, lp,
			rp,
			l1, rp,
			l1, l1,
			l4, rp, l1, l1, l4,
			r4,
			l4, r4, l4, r4, l4,
			r4,
			l4, r4, l0, l0, ls,
			r4,
			l0,
			l0,
			ls, rs, e,
			rs,
			e,
		}, nil)
	}
	size := len(build(0, 0, 0))
	stream := size - p - s + 2
	file := func(sum uint32) []byte { return build(sum, size, stream) }

	// The file's checksum, given the one that it holds, is base plus the sum of some of the columns: one for each bit of that.
	base := crc32.ChecksumIEEE(file(0))
	var rows [32]uint64 // bits 0 to 31: the unknown checksum's bits; bit 32: the right side
	for bit := range 32 {
		column := crc32.ChecksumIEEE(file(1<<bit)) ^ base ^ 1<<bit
		for i := range 32 {
			rows[i] |= uint64(column>>i&1) << bit
		}
	}
	for i := range 32 {
		rows[i] |= uint64(base>>i&1) << 32
	}
	for i := range 32 {
		for k := i; k < 32; k++ {
			if rows[k]>>i&1 != 0 {
				rows[i], rows[k] = rows[k], rows[i]
				break
			}
		}
		if rows[i]>>i&1 == 0 {
			t.Fatal("no checksum is its own; another name may have one")
		}
		for k := range 32 {
			if k != i && rows[k]>>i&1 != 0 {
				rows[k] ^= rows[i]
			}
		}
	}
	var sum uint32
	for i := range 32 {
		sum |= uint32(rows[i]>>32&1) << i
	}
	return file(sum)
}

// endOfStream is an empty last block.
var endOfStream = []byte{3, 0}

func gzipQuine(t testing.TB) []byte {
	return quine(t, func(uint32, int, int) []byte {
		return []byte("\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\xff" + "r.gz\x00") // 15 bytes
	}, func(sum uint32, size, _ int) []byte {
		out := append([]byte(nil), literal(0)...) // 15 bytes, too
		out = append(out, endOfStream...)
		out = binary.LittleEndian.AppendUint32(out, sum)
		return binary.LittleEndian.AppendUint32(out, uint32(size))
	})
}

func zipQuine(t testing.TB) []byte {
	name := "holds/itself/r.zip" + strings.Repeat("x", 12)
	entry := func(sum uint32, size, stream int) []byte { // what both headers of a member have
		out := []byte{20, 0, 0, 0, 8, 0, 0, 0, 0, 0}
		out = binary.LittleEndian.AppendUint32(out, sum)
		out = binary.LittleEndian.AppendUint32(out, uint32(stream))
		out = binary.LittleEndian.AppendUint32(out, uint32(size))
		return append(out, byte(len(name)), 0, 0, 0)
	}
	return quine(t, func(sum uint32, size, stream int) []byte {
		return append(append([]byte("PK\x03\x04"), entry(sum, size, stream)...), name...) // 60 bytes
	}, func(sum uint32, size, stream int) []byte {
		out := append([]byte(nil), endOfStream...)
		directory := size - 253 + 2
		out = append(out, "PK\x01\x02\x14\x00"...)
		out = append(out, entry(sum, size, stream)...)
		out = append(out, make([]byte, 14)...) // the member is at 0
		out = append(out, name...)
		n := len(out) - 2
		out = append(out, "PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00"...)
		out = binary.LittleEndian.AppendUint32(out, uint32(n))
		out = binary.LittleEndian.AppendUint32(out, uint32(directory))
		comment := 253 - len(out) - 2 // 253 bytes can be repeated in one match
		out = append(out, byte(comment), 0)
		return append(out, bytes.Repeat([]byte{' '}, comment)...)
	})
}

// TestQuines makes sure that an archive that holds itself is opened as often as archives may nest, and no more.
func TestQuines(t *testing.T) {
	gz, z := gzipQuine(t), zipQuine(t)
	r, err := gzip.NewReader(bytes.NewReader(gz))
	if err != nil {
		t.Fatal(err)
	}
	if out, err := io.ReadAll(r); err != nil || !bytes.Equal(out, gz) {
		t.Fatalf("the gzip file does not hold itself: %v", err)
	}
	zr, err := zip.NewReader(bytes.NewReader(z), int64(len(z)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := zr.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := io.ReadAll(f); err != nil || !bytes.Equal(out, z) {
		t.Fatalf("the zip file does not hold itself: %v", err)
	}

	for name, data := range map[string][]byte{"r.gz": gz, "r.zip": z, "both.zip": zipOf(file{"r.gz", string(gz)}, file{"r.zip", string(z)})} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r := extractBytes(t, name, data, Options{})
		runtime.ReadMemStats(&after)
		if s := r.status[""]; s.Reason != ArchiveNestingLevelOverLimit || s.Code == Complete {
			t.Errorf("%s: %s", name, r.report())
		}
		if most := 2*10 + 1; len(r.docs) > most {
			t.Errorf("%s: %d documents opened, at most %d can be", name, len(r.docs), most)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 64*mib {
			t.Errorf("%s: allocated %d MiB for %d bytes", name, used/mib, len(data))
		}
	}
}
