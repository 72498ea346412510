package extract

import (
	"encoding/binary"
	"io"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"
)

// maxOLEAbout is how much of what an old Office file says about itself is read.
const maxOLEAbout = 256 * kib

// about gives the lines that an old Office file says about itself: title, author, what people have added (MS-OLEPS).
func (c *compound) about(write func(line []byte) error) error {
	for _, name := range []string{"\x05SummaryInformation", "\x05DocumentSummaryInformation"} {
		e := c.stream(name)
		if e == nil {
			continue
		}
		size := min(e.size, maxOLEAbout)
		if size <= 0 || !c.w.hold(2*size) {
			continue
		}
		data := make([]byte, size)
		n, err := io.ReadFull(c.open(e), data)
		if err = zipError(err, nil); err == nil {
			err = c.properties(data[:n], name == "\x05SummaryInformation", write)
		}
		c.w.release(2 * size)
		if err != nil {
			return err
		}
	}
	return nil
}

// maxOLEProperties is how many properties of a set are read.
const maxOLEProperties = 1000

// properties reads a stream of sets of properties. What is damaged in it is passed over.
func (c *compound) properties(data []byte, summary bool, write func(line []byte) error) error {
	le := binary.LittleEndian
	if len(data) < 28 || le.Uint16(data) != 0xfffe {
		return nil
	}
	total := 0
	for set := range min(le.Uint32(data[24:]), 2) {
		at := 28 + 20*int(set)
		if at+20 > len(data) {
			return nil
		}
		from := int64(le.Uint32(data[at+16:]))
		if from+8 > int64(len(data)) {
			continue
		}
		s := oleSet{data: data[from:], names: map[uint32]string{}}
		count := int(min(le.Uint32(s.data[4:]), maxOLEProperties))
		for _, pass := range []bool{false, true} { // the names come first
			for i := range count {
				if err := c.w.step(32); err != nil {
					return err
				}
				if 16+8*i > len(s.data) {
					break
				}
				id, value := le.Uint32(s.data[8+8*i:]), s.from(le.Uint32(s.data[12+8*i:]))
				switch {
				case !pass && id == 0:
					if err := c.w.step(int64(len(value))); err != nil {
						return err
					}
					s.dictionary(value)
				case !pass && id == 1 && len(value) >= 6:
					s.codepage = le.Uint16(value[4:])
				case pass && id > 1 && !(summary && (id == 7 || id == 9 || id == 18)): // a template, a number, a program
					line := s.text(value)
					if len(line) == 0 {
						continue
					}
					if name := s.names[id]; name != "" {
						line = append([]byte(name+": "), line...)
					}
					if err := c.w.step(int64(len(line))); err != nil {
						return err
					}
					if total += len(line); total > 2*len(data) {
						return stop(Partial, MalformedOrFileSizeExceedsLimit, "properties that share their bytes")
					}
					if err := write(line); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

type oleSet struct {
	data     []byte
	codepage uint16
	names    map[uint32]string
}

func (s *oleSet) from(off uint32) []byte {
	if int64(off) > int64(len(s.data)) {
		return nil
	}
	return s.data[off:]
}

// dictionary reads the names of properties.
func (s *oleSet) dictionary(b []byte) {
	if len(b) < 4 {
		return
	}
	le := binary.LittleEndian
	n := min(le.Uint32(b), maxOLEProperties)
	for b = b[4:]; n > 0 && len(b) >= 8; n-- {
		id, size := le.Uint32(b), int64(le.Uint32(b[4:]))
		if size > 256 || size > int64(len(b)-8) {
			return
		}
		s.names[id] = string(s.string(b[8 : 8+size]))
		b = b[8+size:]
	}
}

// text is the value of a property that is a text.
func (s *oleSet) text(b []byte) []byte {
	if len(b) < 8 {
		return nil
	}
	le := binary.LittleEndian
	n := int64(le.Uint32(b[4:]))
	switch le.Uint32(b) {
	case 0x1e: // in the code page
		if n <= int64(len(b)-8) {
			return s.string(b[8 : 8+n])
		}
	case 0x1f:
		if 2*n <= int64(len(b)-8) {
			return wideText(b[8 : 8+2*n])
		}
	}
	return nil
}

func (s *oleSet) string(b []byte) []byte {
	for len(b) > 0 && b[len(b)-1] == 0 && s.codepage != 1200 {
		b = b[:len(b)-1]
	}
	if s.codepage == 1200 {
		return wideText(b)
	}
	if validUTF8(b) {
		return append([]byte{}, b...)
	}
	out, err := charmap.Windows1252.NewDecoder().Bytes(b)
	if err != nil {
		return nil
	}
	return out
}

// wideText decodes UTF-16 up to the zeros at its end.
func wideText(b []byte) []byte {
	units := make([]uint16, 0, len(b)/2)
	for ; len(b) >= 2; b = b[2:] {
		units = append(units, binary.LittleEndian.Uint16(b))
	}
	for len(units) > 0 && units[len(units)-1] == 0 {
		units = units[:len(units)-1]
	}
	return []byte(string(utf16.Decode(units)))
}
