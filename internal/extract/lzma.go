package extract

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"

	"github.com/ulikunitz/xz/lzma"
)

// lzmaHeader is what an LZMA stream begins with: a byte of properties, the size of the dictionary, that of the content.
const lzmaHeader = 13

// maxLZMA is the largest dictionary that is held. An encoder asks for no more than 64 MiB unless it is told to.
const maxLZMA = 64 * mib

// zipLZMA is the content of a zip's entry. The entry's header is not that of a stream, and has no size of the content.
func zipLZMA(w *walker, raw io.Reader, e *zipEntry) (*decompressor, error) {
	var b [9]byte
	if _, err := io.ReadFull(raw, b[:]); err != nil || binary.LittleEndian.Uint16(b[2:]) != 5 {
		return nil, zipError(err, errZip)
	}
	head := append(make([]byte, 0, lzmaHeader), b[4:]...)
	size := uint64(e.size)
	if e.flags&2 != 0 {
		size = 1<<64 - 1 // a mark ends it
	}
	return newLZMA(w, io.MultiReader(bytes.NewReader(binary.LittleEndian.AppendUint64(head, size)), raw))
}

// newLZMA decodes what needs no larger a dictionary than maxLZMA. Where the header asks for more it is given that: most of
// those that ask for more do not use it, and the decoder tells.
func newLZMA(w *walker, r io.Reader) (*decompressor, error) {
	var b [lzmaHeader]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return nil, err
	}
	size := int64(binary.LittleEndian.Uint32(b[1:]))
	if content := binary.LittleEndian.Uint64(b[5:]); content < uint64(size) {
		size = int64(content)
	}
	size = max(min(size, maxLZMA, w.account.Room()/2), lzma.MinDictCap)
	binary.LittleEndian.PutUint32(b[1:], uint32(size))
	return newDecompressor(w, "lzma", size+64*kib, func(d *decompressor) error {
		z, err := lzma.ReaderConfig{DictCap: int(size)}.NewReader(io.MultiReader(bytes.NewReader(b[:]), bufio.NewReaderSize(r, 16*kib)))
		d.r = z
		return err
	})
}
