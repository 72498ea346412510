package classify

import (
	"encoding/binary"

	"magpie/internal/detect"
	"magpie/internal/extract"
)

// said remembers what names say, since a document has few names and uses them again and again. A name has one place in the
// table, by its hash: another one that belongs there takes it, so that memory is bounded whatever the documents are.
type said struct {
	set   *detect.Set
	table [1 << 10]saidName
}

type saidName struct {
	name             []byte
	known            bool
	itself, together bool
}

// longName is the longest name that is remembered.
const longName = 128

func (s *said) says(name []byte) (itself, together bool) {
	e := &s.table[hashOf(name)%uint32(len(s.table))]
	if e.known && string(e.name) == string(name) {
		return e.itself, e.together
	}
	itself, together = s.set.Says(extract.TidyName(name))
	if len(name) <= longName {
		e.name = append(e.name[:0], name...)
		e.known, e.itself, e.together = true, itself, together
	}
	return itself, together
}

// hashOf mixes the first and the last eight bytes and the length, which tell the names of a document apart well enough.
func hashOf(name []byte) uint32 {
	var first, last uint64
	switch n := len(name); {
	case n >= 8:
		first, last = binary.LittleEndian.Uint64(name), binary.LittleEndian.Uint64(name[n-8:])
	case n >= 4:
		first, last = uint64(binary.LittleEndian.Uint32(name)), uint64(binary.LittleEndian.Uint32(name[n-4:]))
	case n > 0:
		first, last = uint64(name[0])|uint64(name[n/2])<<8|uint64(name[n-1])<<16, 0
	}
	h := (first*0x9e3779b97f4a7c15 ^ last + uint64(len(name))) * 0xc2b2ae3d27d4eb4f
	return uint32(h >> 40)
}
