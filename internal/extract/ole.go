package extract

import (
	"bytes"
	"encoding/binary"
	"io"

	"github.com/richardlehane/mscfb"
)

// compound is a compound file: the container of streams that Office used before it used zips.
type compound struct {
	w     *walker
	r     *mscfb.Reader
	holds holding
}

// maxOLEDirectory is how much of a compound file is read to learn what streams it has. Each byte of its directory becomes up to
// sizeOfStream bytes of memory.
const (
	maxOLEDirectory = 4 * mib
	sizeOfStream    = 4
)

// openCompound reads the directory.
func openCompound(w *walker, in *input) (*compound, error) {
	at, _, err := in.readerAt(kindDOC.maxBytes)
	if err != nil {
		return nil, err
	}
	c := &compound{w: w, holds: holding{w: w}}
	most := min(maxOLEDirectory, w.account.Room()/(2*sizeOfStream))
	if !c.holds.hold(most * sizeOfStream) {
		return nil, stop(Skipped, UnableToParseFile, "needs more memory than allowed")
	}
	counted := &countedAt{w: w, at: at, left: most}
	err = w.foreign("compound file", func() (err error) {
		c.r, err = mscfb.New(counted)
		return err
	})
	counted.left = -1
	if err != nil {
		c.close()
		return nil, decodingOffice(err)
	}
	return c, nil
}

func (c *compound) close() { c.holds.drop() }

// stream returns a stream of the root by the first of the names that is there; nil when none is.
func (c *compound) stream(names ...string) *mscfb.File {
	for _, name := range names {
		for _, f := range c.r.File {
			if f.Name == name && len(f.Path) == 0 && !f.FileInfo().IsDir() {
				return f
			}
		}
	}
	return nil
}

// open reads a stream from its beginning.
func (c *compound) open(f *mscfb.File) io.Reader {
	return &foreignReader{c.w, "compound file", &shortReads{f}}
}

// shortReads asks for little at a time: where a chain of sectors ends too early, the reader of streams loses all that was asked for.
type shortReads struct{ r io.Reader }

func (s *shortReads) Read(p []byte) (int, error) { return s.r.Read(p[:min(len(p), 4*kib)]) }

// spooled copies a stream to where it can be read anywhere. What could be read is returned beside an error.
func (c *compound) spooled(f *mscfb.File) (*spool, error) {
	s := &spool{w: c.w, limit: kindDOC.maxBytes}
	_, err := copyAlive(c.w, s, c.open(f))
	return s, err
}

// countedAt counts the steps of a reader that jumps about, and until left is below zero what it reads.
type countedAt struct {
	w    *walker
	at   io.ReaderAt
	left int64
}

func (c *countedAt) ReadAt(p []byte, off int64) (int, error) {
	if err := c.w.step(64 + int64(len(p))/16); err != nil {
		return 0, err
	}
	if c.left >= 0 {
		if c.left -= int64(len(p)); c.left < 0 {
			return 0, stop(Skipped, MalformedOrFileSizeExceedsLimit, "its directory needs more memory than allowed")
		}
	}
	return c.at.ReadAt(p, off)
}

// sniffOLE tells the old Office formats apart, and an encrypted new one, by the names of their streams.
func sniffOLE(in *input) (kind, error) {
	head := in.head()
	names := [][]byte{head}
	if len(head) >= 76 && in.at != nil {
		// The directory may be anywhere.
		shift := binary.LittleEndian.Uint16(head[30:]) & 15
		dir := make([]byte, 16*kib)
		n, err := in.at.ReadAt(dir, (int64(binary.LittleEndian.Uint32(head[48:]))+1)<<shift)
		if err != nil && err != io.EOF {
			return unread("application/x-ole-storage"), err
		}
		names = append(names, dir[:n])
	}
	has := func(name string) bool {
		wide := make([]byte, 0, 2*len(name)+2)
		for i := range len(name) {
			wide = append(wide, name[i], 0)
		}
		wide = append(wide, 0, 0)
		for _, b := range names {
			if bytes.Contains(b, wide) {
				return true
			}
		}
		return false
	}
	switch {
	case has("EncryptedPackage"):
		return kind{mime: "application/x-tika-ooxml-protected", unsupported: UnableToParseFile, why: "encrypted"}, nil
	case has("WordDocument"):
		return kindDOC, nil
	case has("Workbook"), has("Book"):
		return kindXLS, nil
	case has("__properties_version1.0"):
		return unread("application/vnd.ms-outlook"), nil
	case has("PowerPoint Document"):
		return unread("application/vnd.ms-powerpoint"), nil
	}
	return unread("application/x-ole-storage"), nil
}
