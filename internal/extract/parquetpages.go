package extract

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/bits"
	"slices"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// The library takes a page's header at its word where it reserves memory, but decodes however much its bytes stand for: a page
// that claims a hundred bytes may inflate to gigabytes, and one in LZ4 that is damaged makes it try ever larger buffers. So
// every page is looked at before the library is.

// checkPages walks the page headers of a chunk, as the library will, and returns what memory its pages need. Chunks that share
// bytes are refused: what is there would be read as often as it is named. The codec is that of the column's first chunk, which
// is what the library takes for all of them.
func (p *parquetFileReader) checkPages(leaf *parquetColumn, meta *format.ColumnMetaData, codec format.CompressionCodec) (need int64, err error) {
	at := meta.DataPageOffset
	if meta.DictionaryPageOffset != 0 {
		at = meta.DictionaryPageOffset
	}
	end := at + meta.TotalCompressedSize
	if at < 4 || end < at || end > p.size {
		return 0, errParquet
	}
	if err := p.taken.take(at, end); errors.Is(err, errShared) {
		return 0, stop(Partial, MalformedFile, errShared.(errStop).Detail)
	} else if err != nil {
		return 0, err
	}
	var data, dictionary, values int64
	for at < end {
		if err := p.w.step(1000); err != nil {
			return 0, err
		}
		h, size, err := p.pageHeader(at, end)
		if err != nil {
			return 0, err
		}
		at += size
		if h.packed > end-at {
			return 0, errParquet
		}
		if err := p.affordable(codec, h); err != nil {
			return 0, err
		}
		decoded, err := p.decodedSize(codec, h, at)
		if err != nil {
			return 0, err
		}
		more, err := p.checkValues(leaf, codec, h, at, decoded)
		if err != nil {
			return 0, err
		}
		at += h.packed
		bytes := pageNeeds(codec, h, decoded) + more
		if h.kind == int64(format.DictionaryPage) {
			dictionary = max(dictionary, bytes)
			continue
		}
		data = max(data, bytes)
		if h.kind == int64(format.DataPage) || h.kind == int64(format.DataPageV2) {
			values += h.values
		}
	}
	if values > meta.NumValues { // the library reads no more than the chunk says
		p.more = true
	}
	if values < meta.NumValues {
		p.fewer = true
	}
	return data + dictionary, nil
}

// pageNeeds is what the library needs for a page that decodes to so many bytes. It copies what is decoded, beside what may be 16 bytes for
// each value. Decoders that only flow make room for twice as much when they have filled what there is, to see the end.
func pageNeeds(codec format.CompressionCodec, h pageClaims, decoded int64) int64 {
	n := h.packed + 2*decoded + 16*h.values
	if flows(codec) {
		n += 2 * decoded
	}
	return n
}

// flows says whether the decoder of a codec is a reader.
func flows(codec format.CompressionCodec) bool { return codec == format.Gzip || codec == format.Brotli }

// mostBrotli is what a page of Brotli decodes to at most. The library decodes a page in one go, during which nobody looks at the clock, and
// Brotli is by far the slowest of the codecs: up to 20 ns for a byte. Writers make pages of about a megabyte.
const mostBrotli = 6 * mib

// affordable refuses a page that the library will not be asked for, before it costs anything.
func (p *parquetFileReader) affordable(codec format.CompressionCodec, h pageClaims) error {
	room := p.w.account.Room()
	if h.unpacked > room || pageNeeds(codec, h, h.unpacked) > room {
		return errPage
	}
	if codec == format.Brotli && h.unpacked > mostBrotli && (h.kind != int64(format.DataPageV2) || h.compressed) {
		return errBrotli
	}
	return nil
}

// pageHeader reads the header at a place and returns its length, too.
func (p *parquetFileReader) pageHeader(at, end int64) (h pageClaims, size int64, err error) {
	if p.window == nil {
		p.window = make([]byte, 16*kib)
	}
	for window := p.window; ; window = make([]byte, 8*len(window)) { // statistics may be long
		n, err := p.at.ReadAt(window[:min(int64(len(window)), end-at)], at)
		if n == 0 {
			return h, 0, decoding(err, "Parquet file")
		}
		h = pageClaims{compressed: true}
		t := thriftWalk{b: window[:n]}
		if t.structure(0, h.field) {
			if h.packed < 0 || h.unpacked < 0 || h.values < 0 || h.levels < 0 || h.values > math.MaxInt32 || h.nulls < 0 || h.nulls > h.values {
				return h, 0, errParquet
			}
			return h, int64(t.pos), nil
		}
		if n < len(window) || len(window) >= 1*mib {
			return h, 0, errParquet
		}
	}
}

// pageClaims is what a page header says of the page.
type pageClaims struct {
	kind, unpacked, packed, values, encoding int64
	nulls                                    int64 // of the values, in pages of the second version
	levels                                   int64 // bytes that are not compressed, in pages of the second version
	defs                                     int64 // of them, those of the definition levels, which come last
	compressed                               bool
}

func (h *pageClaims) field(path []int16, v int64) {
	switch {
	case len(path) == 1 && path[0] == 1:
		h.kind = v
	case len(path) == 1 && path[0] == 2:
		h.unpacked = v
	case len(path) == 1 && path[0] == 3:
		h.packed = v
	case len(path) == 2 && (path[0] == 5 || path[0] == 7 || path[0] == 8) && path[1] == 1:
		h.values = max(h.values, v)
	case len(path) == 2 && path[0] == 5 && path[1] == 2, len(path) == 2 && path[0] == 8 && path[1] == 4:
		h.encoding = v
	case len(path) == 2 && path[0] == 8 && path[1] == 2:
		h.nulls = v
	case len(path) == 2 && path[0] == 8 && (path[1] == 5 || path[1] == 6):
		if path[1] == 5 {
			h.defs = v
		}
		if h.levels += v; v < 0 {
			h.levels = math.MinInt32
		}
	case len(path) == 2 && path[0] == 8 && path[1] == 7:
		h.compressed = v != 0
	}
}

// decodedSize returns how many bytes decoding a page takes at most, which is what its header claims or a little more. A page
// that decodes to more is refused.
func (p *parquetFileReader) decodedSize(codec format.CompressionCodec, h pageClaims, at int64) (int64, error) {
	start := int64(0)
	if h.kind == int64(format.DataPageV2) {
		if start = h.levels; start > h.packed {
			return 0, errParquet
		}
		if !h.compressed {
			return h.unpacked, nil
		}
	}
	if codec == format.Uncompressed {
		return h.unpacked, nil
	}
	length := h.packed - start
	if codec == format.Snappy {
		length = min(length, binary.MaxVarintLen64)
	}
	if !p.w.hold(length) {
		return 0, errPage
	}
	defer p.w.release(length)
	if int64(cap(p.page)) < length {
		p.page = make([]byte, length)
	}
	page := p.page[:length]
	defer func() {
		if cap(p.page) > 1*mib {
			p.page = nil
		}
	}()
	if n, err := p.at.ReadAt(page, at+start); int64(n) < length {
		return 0, decoding(err, "Parquet file")
	}
	most := h.unpacked
	switch codec {
	case format.Snappy: // it says itself how long it is, and is no longer
		if n, k := binary.Uvarint(page); k <= 0 || n > uint64(h.unpacked) {
			return 0, errDecodes
		}
	case format.Lz4Raw:
		if n := lz4Size(page); n < 0 || n > h.unpacked {
			return 0, errDecodes
		}
	case format.Zstd:
		n := zstdSize(page)
		if n < 0 {
			return 0, errDecodes
		}
		most = max(most, n)
	case format.Gzip, format.Brotli:
		return most, p.countPage(codec, page, h.unpacked)
	}
	return most, nil
}

var (
	errCodec     = stop(Partial, UnableToParseFile, "a column in a codec that is not known")
	errElsewhere = stop(Partial, UnableToParseFile, "a column that lies in another file")
	errPage      = stop(Partial, UnableToParseFile, "a page needs more memory than allowed")
	errBrotli    = stop(Partial, UnableToParseFile, "a page of Brotli is larger than 6 MB")
	errDecodes   = stop(Partial, MalformedFile, "a page that is not what its header says")
)

// countPage decodes a page to see that there are no more bytes than are claimed: its formats do not tell before. A page that
// cannot be decoded is left to the library to refuse.
func (p *parquetFileReader) countPage(codec format.CompressionCodec, page []byte, claimed int64) error {
	r, err := p.flowing(codec, page)
	if err != nil {
		return decoding(err, "Parquet file")
	}
	n, err := copyAlive(p.w, io.Discard, io.LimitReader(r, claimed+1))
	if err != nil {
		return decoding(err, "Parquet file")
	}
	if n > claimed {
		return errDecodes
	}
	return nil
}

// What a page says more of than it has: the parts of it that are runs, which are levels, indices of a dictionary and booleans, since a
// run of a few bytes says how many values it stands for; differences, which begin with their number; and strings, of which there may
// be more than values. The library makes room for them all.
const (
	// smallStrings is the size of a page of plain strings that is not decoded to count them: there is room for as many as it can have.
	smallStrings = 4 * mib
	perString    = 9 // bytes that a string takes at most where they grow: 4, while it is copied to twice and a quarter as many
)

// checkValues looks at a page's values. It returns how many bytes the library needs for them beside those that they are decoded to.
func (p *parquetFileReader) checkValues(leaf *parquetColumn, codec format.CompressionCodec, h pageClaims, at, decoded int64) (more int64, err error) {
	indices := h.encoding == int64(format.RLEDictionary) || h.encoding == plainDictionary
	runs := indices || h.encoding == int64(format.RLE)
	second, isDictionary := h.kind == int64(format.DataPageV2), h.kind == int64(format.DictionaryPage)
	strings := leaf.strings && (isDictionary || h.encoding == int64(format.Plain))
	if strings && decoded <= smallStrings {
		strings, more = false, decoded/4*perString
	}
	differences := h.encoding == int64(format.DeltaBinaryPacked) || h.encoding == int64(format.DeltaLengthByteArray) || h.encoding == int64(format.DeltaByteArray)
	levels := leaf.rep > 0 || leaf.def > 0
	switch {
	case isDictionary && strings:
		levels, runs, indices, differences = false, false, false, false
	case !second && h.kind != int64(format.DataPage), !runs && !levels && !strings && !differences:
		return more, nil
	}
	// There is room for all that the page may decode to, whatever its header says, and for a byte more, so that decoders see the end
	// without making room themselves.
	room := max(decoded, h.unpacked) + 1
	if !p.w.hold(h.packed + room) {
		return 0, errPage
	}
	defer p.w.release(h.packed + room)
	page := make([]byte, h.packed)
	if n, err := p.at.ReadAt(page, at); int64(n) < h.packed {
		return 0, decoding(err, "Parquet file")
	}
	if second {
		if h.levels > h.packed || h.defs < 0 || h.defs > h.levels {
			return 0, errParquet
		}
		if err := p.runs(page[:h.levels-h.defs], leaf.rep, h.values); err != nil {
			return 0, err
		}
		if err := p.runs(page[h.levels-h.defs:h.levels], leaf.def, h.values); err != nil || !runs && !strings && !differences {
			return more, err
		}
		page = page[h.levels:]
	}
	if codec != format.Uncompressed && (!second || h.compressed) {
		if page, err = p.decode(codec, page, room); err != nil {
			return 0, decoding(err, "Parquet file")
		}
	}
	sized := func() (part []byte) {
		if len(page) >= 4 {
			n := min(int64(binary.LittleEndian.Uint32(page)), int64(len(page)-4))
			part, page = page[4:4+n], page[4+n:]
		}
		return part
	}
	if !second && !isDictionary {
		for _, most := range [...]int{leaf.rep, leaf.def} {
			if most == 0 {
				continue
			}
			if err := p.runs(sized(), most, h.values); err != nil {
				return 0, err
			}
		}
	}
	switch {
	case strings:
		return 0, p.countStrings(page, h.values)
	case differences:
		return p.differences(h, page)
	case indices && len(page) > 0:
		err = p.runs(page[1:], 1<<min(page[0], 32)-1, h.values)
	case runs && !indices:
		err = p.runs(sized(), 1, h.values)
	}
	return more, err
}

// decode decodes a page into so much room. Where the decoder flows, the clock is looked at on the way.
func (p *parquetFileReader) decode(codec format.CompressionCodec, page []byte, room int64) (decoded []byte, err error) {
	if flows(codec) {
		r, err := p.flowing(codec, page)
		if err != nil {
			return nil, err
		}
		b := bytes.NewBuffer(make([]byte, 0, room))
		_, err = copyAlive(p.w, b, io.LimitReader(r, room-1))
		return b.Bytes(), err
	}
	err = p.w.foreign("Parquet", func() (err error) {
		decoded, err = parquet.LookupCompressionCodec(codec).Decode(make([]byte, 0, room), page)
		return err
	})
	return decoded, err
}

// flowing opens a page of a decoder that flows.
func (p *parquetFileReader) flowing(codec format.CompressionCodec, page []byte) (*foreignReader, error) {
	if codec == format.Brotli {
		return &foreignReader{p.w, "brotli", brotli.NewReader(bytes.NewReader(page))}, nil
	}
	z := new(gzip.Reader)
	err := p.w.foreign("gzip", func() error { return z.Reset(bytes.NewReader(page)) })
	return &foreignReader{p.w, "gzip", z}, err
}

// countStrings sees that a page has no more plain strings than values.
func (p *parquetFileReader) countStrings(page []byte, values int64) error {
	for ; len(page) >= 4; values-- {
		if err := p.w.step(1); err != nil {
			return err
		}
		n := int64(binary.LittleEndian.Uint32(page))
		if values <= 0 {
			return errDecodes
		}
		if n > int64(len(page)-4) {
			return nil // for the library to refuse
		}
		page = page[4+n:]
	}
	return nil
}

// differences looks at numbers, or at the lengths of strings, that are packed as differences. A string may repeat the beginning of the
// one before it, so that a small page stands for any amount: more is what all of those beginnings have.
func (p *parquetFileReader) differences(h pageClaims, page []byte) (more int64, err error) {
	switch h.encoding {
	case int64(format.DeltaByteArray):
		if more, page, err = p.sumOfDeltas(page, h.values); err != nil {
			return 0, err
		}
		fallthrough
	case int64(format.DeltaLengthByteArray):
		lengths, rest, err := p.sumOfDeltas(page, h.values)
		if err == nil && lengths > int64(len(rest)) {
			err = errDecodes
		}
		return more, err
	}
	// Numbers are not looked at further than how many they are.
	if count := deltaCount(page); count > h.values {
		return 0, errDecodes
	}
	return 0, nil
}

// deltaCount reads how many numbers there are; -1 for what the library refuses.
func deltaCount(b []byte) int64 {
	count := int64(-1)
	for range 3 { // the size of a block, the number of its parts, and the count
		v, n := binary.Uvarint(b)
		if n <= 0 || v > math.MaxInt64 {
			return -1
		}
		count, b = int64(v), b[n:]
	}
	return count
}

// sumOfDeltas adds up numbers that are packed as differences, which must be lengths, and returns what follows them.
func (p *parquetFileReader) sumOfDeltas(b []byte, values int64) (sum int64, rest []byte, err error) {
	var head [3]uint64 // the size of a block, the number of its parts, and the count
	for i := range head {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return 0, nil, errDecodes
		}
		head[i], b = v, b[n:]
	}
	number, n := binary.Varint(b)
	if n <= 0 || head[2] > uint64(values) {
		return 0, nil, errDecodes
	}
	b = b[n:]
	left := int64(head[2])
	if left == 0 {
		return 0, b, nil
	}
	const mostBlock = 64 * kib // of the library
	if head[0] == 0 || head[0] > mostBlock || head[1] == 0 || head[1] > head[0] || head[0]/head[1]%8 != 0 {
		return 0, nil, errDecodes
	}
	parts, per := int(head[1]), int(head[0]/head[1])
	add := func() bool {
		sum += number
		left--
		return number >= 0 && number <= math.MaxInt32
	}
	if !add() {
		return 0, nil, errDecodes
	}
	for left > 0 {
		if err := p.w.step(int64(per)); err != nil {
			return 0, nil, err
		}
		least, n := binary.Varint(b)
		if n <= 0 || len(b)-n < parts {
			return 0, nil, errDecodes
		}
		widths := b[n : n+parts]
		b = b[n+parts:]
		for _, width := range widths {
			if left == 0 {
				break
			}
			size := per / 8 * int(width)
			if width > 32 || size > 0 && len(b) == 0 {
				return 0, nil, errDecodes
			}
			part := b[:min(size, len(b))]
			b = b[len(part):]
			if len(part) < size { // some do not fill up the last
				part = append(slices.Clip(part), make([]byte, size-len(part))...)
			}
			if err := p.w.step(int64(per)); err != nil {
				return 0, nil, err
			}
			for i := 0; i < per && left > 0; i++ {
				number = int64(int32(number + least + int64(unpackBits(part, i*int(width), int(width)))))
				if !add() {
					return 0, nil, errDecodes
				}
			}
		}
	}
	return sum, b, nil
}

// unpackBits reads a number of so many bits, 32 at most, from a place that is counted in bits, the lowest first.
func unpackBits(b []byte, at, width int) uint32 {
	if width == 0 {
		return 0
	}
	var v uint64
	for i := (at+width-1)/8 - at/8; i >= 0; i-- {
		v = v<<8 | uint64(b[at/8+i])
	}
	return uint32(v >> (at % 8) & (1<<width - 1))
}

// plainDictionary is the number of an encoding that older writers give for indices.
const plainDictionary = 2

// runs follows runs of numbers up to most. The last of them may be filled up.
func (p *parquetFileReader) runs(b []byte, most int, values int64) error {
	const filling = 512
	width := uint64(bits.Len(uint(most)))
	total := uint64(0)
	if err := p.w.step(int64(len(b)) / 4); err != nil {
		return err
	}
	for len(b) > 0 {
		u, n := binary.Uvarint(b)
		if n <= 0 {
			return nil // for the library to refuse
		}
		b = b[n:]
		count, size := u>>1, (width+7)/8
		if count > math.MaxInt32 {
			return errDecodes
		}
		if u&1 != 0 {
			size = count * width
			count *= 8
		}
		if total += count; total > uint64(values)+filling || size > uint64(len(b)) {
			return errDecodes
		}
		b = b[size:]
	}
	return nil
}

// lz4Size follows a block of LZ4 without decoding it: how many bytes it stands for, or -1 if it is not valid. The library takes
// every error for a buffer that is too short.
func lz4Size(b []byte) int64 {
	size := int64(0)
	length := func(nibble byte) int64 { // of literals or of a match: 15 goes on, and so does 255 after it
		total := int64(nibble)
		for more := nibble == 15; more; {
			if len(b) == 0 {
				return -1
			}
			total += int64(b[0])
			more = b[0] == 255
			b = b[1:]
		}
		return total
	}
	if len(b) == 0 {
		return 0
	}
	for len(b) > 0 {
		token := b[0]
		b = b[1:]
		literals := length(token >> 4)
		if literals < 0 || literals > int64(len(b)) {
			return -1
		}
		size += literals
		b = b[literals:]
		if len(b) == 0 {
			return size // the last sequence has no match
		}
		if len(b) < 2 {
			return -1
		}
		back := int64(binary.LittleEndian.Uint16(b))
		b = b[2:]
		match := length(token & 15)
		if match < 0 || back == 0 || back > size {
			return -1
		}
		size += match + 4
	}
	return -1 // a block ends with literals
}

// zstdSize follows the frames of Zstandard without decoding them: how many bytes they stand for at most, or -1 if that is not
// to be told. Frames that say how long they are are no longer; in the others a block has at most 128 KiB.
func zstdSize(b []byte) int64 {
	const block = 128 * kib
	size := int64(0)
	for len(b) > 0 {
		var h zstd.Header
		rest, err := h.DecodeAndStrip(b)
		if err != nil {
			return -1
		}
		if h.Skippable {
			if int64(h.SkippableSize) > int64(len(rest)) {
				return -1
			}
			b = rest[h.SkippableSize:]
			continue
		}
		frame := int64(0)
		for last := false; !last; {
			if len(rest) < 3 {
				return -1
			}
			head := uint32(rest[0]) | uint32(rest[1])<<8 | uint32(rest[2])<<16
			last = head&1 != 0
			n, stored := int64(head>>3), int64(head>>3)
			switch head >> 1 & 3 {
			case 0:
				frame += n
			case 1:
				frame += n
				stored = 1
			default:
				frame += block
			}
			if rest = rest[3:]; stored > int64(len(rest)) {
				return -1
			}
			rest = rest[stored:]
		}
		if h.HasCheckSum {
			if len(rest) < 4 {
				return -1
			}
			rest = rest[4:]
		}
		if h.HasFCS {
			if h.FrameContentSize > uint64(frame) { // it is not that long
				return -1
			}
			frame = int64(h.FrameContentSize)
		}
		size += frame
		b = rest
	}
	return size
}
