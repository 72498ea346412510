package extract

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"unicode/utf16"
)

// compound is a compound file: the container of streams that Office used before it used zips.
//
// The file is a header and sectors of 512 or 4,096 bytes. A table (FAT) says of each sector which one goes on from it; where the
// table itself is, the header says, and further sectors of such places (DIFAT). The directory is a chain of sectors with entries of
// 128 bytes, which form a tree for each storage. Streams of less than 4,096 bytes are in pieces of 64 bytes of one stream, the root's,
// with a table of their own (miniFAT).
//
// All numbers are the file's. A chain is at most as long as the file has sectors, so that one in a circle ends; the directory and
// the tables are held; and a storage lists its entries without entering those below it.
type compound struct {
	w       *walker
	at      io.ReaderAt
	holds   holding
	shift   uint   // of a sector's bytes
	sectors uint32 // of the file
	tables  []uint32
	table   []byte // the one of them that was used last
	loaded  uint32 // which one, and one; 0: none
	minis   []uint32
	mini    []uint32 // sectors of the root's stream
	entries []compoundEntry
	root    []int // entries, in their order
	seen    []bool

	miniStart uint32 // of the table of small sectors
	miniBytes int64
}

// compoundEntry is a stream or a storage.
type compoundEntry struct {
	name               string
	kind               byte
	left, right, child uint32
	start              uint32
	size               int64
}

const (
	compoundStorage = 1
	compoundStream  = 2
	compoundRoot    = 5

	// Numbers of sectors and entries above this one stand for something else.
	maxSector = 0xfffffffa

	miniShift  = 6
	miniCutoff = 4096

	// maxOLEDirectory is how many entries of a directory are read.
	maxOLEDirectory = 32 * 1024
	sizeOfStream    = 160
)

var errCompound = stop(Skipped, MalformedOrFileSizeExceedsLimit, "damaged or incomplete Office file")

// openCompound reads the directory.
func openCompound(w *walker, in *input) (*compound, error) {
	at, size, err := in.readerAt(kindDOC.maxBytes)
	if err != nil {
		return nil, err
	}
	c := &compound{w: w, at: at, holds: holding{w: w}}
	if err := c.read(size); err != nil {
		c.close()
		return nil, decodingOffice(err)
	}
	return c, nil
}

func (c *compound) close() { c.holds.drop() }

// hold is for n more bytes of what is known of the file.
func (c *compound) hold(n int64) error {
	if !c.holds.hold(n) {
		return stop(Skipped, UnableToParseFile, "needs more memory than allowed")
	}
	return nil
}

// readEntries reads the tables and the directory.
func (c *compound) readEntries(size int64) error {
	var head [512]byte
	if _, err := c.at.ReadAt(head[:], 0); err != nil {
		return joinCompound(err)
	}
	le := binary.LittleEndian
	if c.shift = uint(le.Uint16(head[30:])); c.shift != 9 && c.shift != 12 {
		return errCompound
	}
	c.sectors = uint32(min(max(size-1, 0)>>c.shift, maxSector)) // the header takes the place of one; the last may be cut short
	if err := c.hold(2 << c.shift); err != nil {
		return err
	}
	c.table = make([]byte, 1<<c.shift)
	if err := c.readTables(head[76:], le.Uint32(head[68:]), le.Uint32(head[72:]), le.Uint32(head[44:])); err != nil {
		return err
	}
	if err := c.readDirectory(le.Uint32(head[48:]), head[26] > 3); err != nil {
		return err
	}
	if len(c.entries) == 0 || c.entries[0].kind != compoundRoot {
		return errCompound
	}
	c.miniStart, c.miniBytes = le.Uint32(head[60:]), int64(le.Uint32(head[64:]))<<c.shift
	c.seen = make([]bool, len(c.entries))
	return nil
}

func (c *compound) read(size int64) error {
	if err := c.readEntries(size); err != nil {
		return err
	}
	// A file without small streams may say anything about them, and one whose small streams are lost has its large ones.
	var err error
	if c.minis, err = c.chain(c.miniStart, c.miniBytes); err == nil {
		c.mini, err = c.chain(c.entries[0].start, c.entries[0].size)
	}
	if err != nil && err != errCompound {
		return err
	}
	c.root, err = c.tree(c.entries[0].child)
	return err
}

// readTables collects where the sectors of the FAT are: the first 109 are in the header, the others in a chain of their own.
func (c *compound) readTables(first []byte, next, chained, count uint32) error {
	most := c.sectors/(1<<(c.shift-2)) + 1 // more of them would be for sectors that are not there
	if count = min(count, most); count == 0 {
		return errCompound
	}
	if err := c.hold(4 * int64(count)); err != nil {
		return err
	}
	c.tables = make([]uint32, 0, count)
	add := func(b []byte) {
		for ; len(b) >= 4 && len(c.tables) < int(count); b = b[4:] {
			c.tables = append(c.tables, binary.LittleEndian.Uint32(b))
		}
	}
	add(first)
	for ; chained > 0 && len(c.tables) < int(count); chained-- {
		// The list becomes longer with each of them, so that one that names itself ends.
		if err := c.sector(c.table, next, 1<<c.shift); err != nil {
			return err
		}
		add(c.table[:len(c.table)-4])
		next = binary.LittleEndian.Uint32(c.table[len(c.table)-4:])
	}
	return nil
}

// sector reads the first n bytes of a sector.
func (c *compound) sector(b []byte, n uint32, bytes int) error {
	if n >= c.sectors {
		return errCompound
	}
	if err := c.w.step(64 + int64(bytes)/16); err != nil {
		return err
	}
	if k, err := c.at.ReadAt(b[:bytes], (int64(n)+1)<<c.shift); err != nil && !(err == io.EOF && k == bytes) {
		return joinCompound(err)
	}
	return nil
}

// joinCompound tells the end of the file from an error of the source.
func joinCompound(err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return errCompound
	}
	return err
}

// next is the sector that goes on from one.
func (c *compound) next(n uint32) (uint32, error) {
	if err := c.w.step(1); err != nil {
		return 0, err
	}
	per := uint32(1) << (c.shift - 2)
	i := n / per
	if n >= c.sectors || int(i) >= len(c.tables) {
		return 0, errCompound
	}
	if c.loaded != i+1 {
		c.loaded = 0
		if err := c.sector(c.table, c.tables[i], len(c.table)); err != nil {
			return 0, err
		}
		c.loaded = i + 1
	}
	return binary.LittleEndian.Uint32(c.table[n%per*4:]), nil
}

// chain collects the sectors of a stream of so many bytes. What could be followed is returned beside errCompound.
func (c *compound) chain(start uint32, bytes int64) ([]uint32, error) {
	count := min((bytes+1<<c.shift-1)>>c.shift, int64(c.sectors))
	if count <= 0 || start >= maxSector {
		return nil, nil
	}
	var list []uint32
	for n := start; int64(len(list)) < count && n < maxSector; {
		if len(list) == cap(list) { // the size is only said
			grown := min(max(64, 2*int64(cap(list))), count)
			if err := c.hold(4 * grown); err != nil {
				return nil, err
			}
			list = append(make([]uint32, 0, grown), list...)
		}
		list = append(list, n)
		var err error
		if n, err = c.next(n); err != nil {
			return list, err
		}
	}
	return list, nil
}

// readDirectory reads the entries, in the order of the file.
func (c *compound) readDirectory(start uint32, large bool) error {
	le := binary.LittleEndian
	b := make([]byte, 1<<c.shift)
	held := 0
	seen := uint32(0)
	for n := start; n < maxSector; {
		if seen++; seen > c.sectors || len(c.entries) >= maxOLEDirectory {
			return stop(Skipped, MalformedOrFileSizeExceedsLimit, "its directory is in a circle, or larger than any")
		}
		if err := c.sector(b, n, len(b)); err != nil {
			return err
		}
		for e := b; len(e) >= 128; e = e[128:] {
			if len(c.entries) == held {
				grown := max(32, 2*held)
				if err := c.hold(int64(grown) * sizeOfStream); err != nil {
					return err
				}
				c.entries = append(make([]compoundEntry, 0, grown), c.entries...)
				held = grown
			}
			x := compoundEntry{kind: e[66], left: le.Uint32(e[68:]), right: le.Uint32(e[72:]), child: le.Uint32(e[76:]), start: le.Uint32(e[116:]),
				size: int64(le.Uint32(e[120:]))}
			if large { // else the upper half may be anything
				x.size = max(0, int64(le.Uint64(e[120:])))
			}
			x.name = entryName(e)
			c.entries = append(c.entries, x)
		}
		var err error
		if n, err = c.next(n); err != nil {
			return err
		}
	}
	return nil
}

// entryName is the name in an entry, or nothing where the entry is free.
func entryName(e []byte) string {
	size := int(binary.LittleEndian.Uint16(e[64:]))
	if size < 2 || size > 64 || e[66] == 0 {
		return ""
	}
	wide := make([]uint16, 0, 31)
	for i := 0; i+2 < size; i += 2 {
		wide = append(wide, binary.LittleEndian.Uint16(e[i:]))
	}
	return string(utf16.Decode(wide))
}

// tree orders the entries of a storage, of which the first is given. Nothing keeps an entry from being there twice: it is taken
// once.
func (c *compound) tree(n uint32) (list []int, err error) {
	var above []uint32
	for {
		if err := c.w.step(1); err != nil {
			return nil, err
		}
		if n < uint32(len(c.entries)) && !c.seen[n] {
			c.seen[n] = true
			above = append(above, n)
			n = c.entries[n].left
			continue
		}
		if len(above) == 0 {
			return list, nil
		}
		n = above[len(above)-1]
		above = above[:len(above)-1]
		list = append(list, int(n))
		n = c.entries[n].right
	}
}

// stream returns a stream of the root by the first of the names that is there; nil when none is.
func (c *compound) stream(names ...string) *compoundEntry {
	for _, name := range names {
		for _, i := range c.root {
			if e := &c.entries[i]; e.kind == compoundStream && strings.EqualFold(e.name, name) {
				return e
			}
		}
	}
	return nil
}

// open reads a stream from its beginning.
func (c *compound) open(e *compoundEntry) io.Reader {
	return &compoundReader{c: c, mini: e.size < miniCutoff, n: e.start, left: e.size}
}

// spooled copies a stream to where it can be read anywhere. What could be read is returned beside an error.
func (c *compound) spooled(e *compoundEntry) (*spool, error) {
	s := &spool{w: c.w, limit: kindDOC.maxBytes}
	_, err := copyAlive(c.w, s, c.open(e))
	return s, err
}

// compoundReader reads a stream.
type compoundReader struct {
	c    *compound
	mini bool
	n    uint32 // the sector at hand
	pos  int    // in it
	left int64  // of the stream
	gone uint32 // sectors
	err  error
}

func (r *compoundReader) Read(p []byte) (int, error) {
	if r.err != nil || len(p) == 0 {
		return 0, r.err
	}
	if r.left <= 0 {
		return 0, io.EOF
	}
	shift := r.c.shift
	if r.mini {
		shift = miniShift
	}
	if r.pos == 1<<shift {
		if r.n, r.err = r.following(); r.err != nil {
			return 0, r.err
		}
		r.pos = 0
		// One in a circle would go on until the size that it says to have.
		if r.gone++; r.gone > r.c.sectors<<(r.c.shift-shift) {
			r.err = errCompound
			return 0, r.err
		}
	}
	want := min(int64(len(p)), r.left)
	n := min(want, int64(1<<shift-r.pos))
	at, err := r.place()
	at += int64(r.pos)
	// Sectors that lie behind one another are read at once.
	last, pos := r.n, r.pos+int(n)
	for !r.mini && err == nil && n < want {
		next, e := r.c.next(last)
		if e != nil || next != last+1 || next >= r.c.sectors {
			break // told when it is come to
		}
		r.gone++
		last, pos = next, int(min(want-n, 1<<shift))
		n += int64(pos)
	}
	if err == nil {
		err = r.c.w.step(16 + n/16)
	}
	k := 0
	if err == nil {
		if k, err = r.c.at.ReadAt(p[:n], at); k == int(n) {
			err = nil
		} else if err != nil {
			err = joinCompound(err)
		}
	}
	n = int64(k) // nothing, where the sector is in no place
	r.n, r.pos, r.err = last, pos, err
	if err != nil {
		return int(n), err
	}
	r.left -= n
	return int(n), nil
}

// place is where the sector at hand is in the file.
func (r *compoundReader) place() (int64, error) {
	c := r.c
	if !r.mini {
		if r.n >= c.sectors {
			return 0, errCompound
		}
		return (int64(r.n) + 1) << c.shift, nil
	}
	i := r.n >> (c.shift - miniShift)
	if int64(i) >= int64(len(c.mini)) || c.mini[i] >= c.sectors {
		return 0, errCompound
	}
	return (int64(c.mini[i])+1)<<c.shift + int64(r.n%(1<<(c.shift-miniShift)))<<miniShift, nil
}

// following is the sector after the one at hand.
func (r *compoundReader) following() (uint32, error) {
	c := r.c
	if !r.mini {
		return c.next(r.n)
	}
	per := uint32(1) << (c.shift - 2)
	i := r.n / per
	if int64(i) >= int64(len(c.minis)) {
		return 0, errCompound
	}
	var b [4]byte
	if _, err := c.at.ReadAt(b[:], (int64(c.minis[i])+1)<<c.shift+int64(r.n%per*4)); err != nil {
		return 0, joinCompound(err)
	}
	return binary.LittleEndian.Uint32(b[:]), nil
}

// sniffOLE tells the old Office formats apart, and an encrypted new one, by what lies in the root: a document within another has
// the same names further down.
func sniffOLE(in *input) (kind, error) {
	none := unread("application/x-ole-storage")
	at, size, err := in.readerAt(kindDOC.maxBytes)
	if err != nil {
		return none, err
	}
	c := &compound{w: in.w, at: at, holds: holding{w: in.w}}
	defer c.close()
	names, err := c.names(size)
	if err != nil {
		if err = zipError(err, nil); err != nil {
			return none, err
		}
		if names, err = c.namesNearby(); err != nil {
			return none, err
		}
	}
	switch {
	case names["WordDocument"]:
		return kindDOC, nil
	case names["Workbook"], names["Book"]:
		return kindXLS, nil
	case names["VBA"] && names["dir"]: // macros by themselves, whose modules may be called anything; Publisher has the first alone
		return kindObject, nil
	case names["EncryptedPackage"]:
		return kind{mime: "application/x-tika-ooxml-protected", unsupported: UnableToParseFile, why: "encrypted"}, nil
	case names["__properties_version1.0"]:
		return unread("application/vnd.ms-outlook"), nil
	case names["PowerPoint Document"]:
		return unread("application/vnd.ms-powerpoint"), nil
	case names[oleNative], names[olePackage], names[oleContents]:
		return kindObject, nil
	}
	return none, nil
}

// names gives the telling names in the root, and in a storage VBA there.
func (c *compound) names(size int64) (map[string]bool, error) {
	if err := c.readEntries(size); err != nil {
		return nil, err
	}
	root, err := c.tree(c.entries[0].child)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, i := range root {
		e := &c.entries[i]
		tells(names, e.name)
		if e.kind == compoundStorage && strings.EqualFold(e.name, "VBA") {
			inside, err := c.tree(e.child)
			if err != nil {
				return nil, err
			}
			for _, i := range inside {
				tells(names, c.entries[i].name)
			}
		}
	}
	return names, nil
}

// tells notes a name if it says what kind of file it is in. Upper and lower case are the same in a compound file.
func tells(names map[string]bool, name string) {
	switch name {
	case oleNative, olePackage, oleContents: // Publisher has a stream Contents
		names[name] = true
	}
	for _, n := range []string{"WordDocument", "Workbook", "Book", "VBA", "dir", "EncryptedPackage", "__properties_version1.0",
		"PowerPoint Document"} {
		if strings.EqualFold(n, name) {
			names[n] = true
		}
	}
}

// namesNearby gives the telling names in a directory whose file is damaged, as far as it goes on where it begins.
func (c *compound) namesNearby() (map[string]bool, error) {
	var head [512]byte
	dir := make([]byte, 16*kib)
	n, err := c.at.ReadAt(head[:], 0)
	if n == len(head) {
		shift := binary.LittleEndian.Uint16(head[30:]) & 15
		n, err = c.at.ReadAt(dir, (int64(binary.LittleEndian.Uint32(head[48:]))+1)<<shift)
	}
	if err != nil && err != io.EOF {
		return nil, err
	}
	names := map[string]bool{}
	for b := dir[:n]; len(b) >= 128; b = b[128:] {
		tells(names, entryName(b))
	}
	return names, nil
}
