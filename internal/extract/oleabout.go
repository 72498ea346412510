package extract

import (
	"encoding/binary"
	"io"
	"unicode/utf16"
)

// maxOLEAbout is how much of what an old Office file says about itself is read.
const maxOLEAbout = 256 * kib

// about gives the lines that an old Office file says about itself: title, author, what people have added (MS-OLEPS). What it could not
// read of that is returned as a reason.
func (c *compound) about(write func(line []byte) error) (unread string, err error) {
	for _, name := range []string{"\x05SummaryInformation", "\x05DocumentSummaryInformation"} {
		e := c.stream(name)
		if e == nil || e.size <= 0 {
			continue
		}
		size := min(e.size, maxOLEAbout)
		if !c.w.hold(2 * size) {
			unread = "properties that need more memory than allowed"
			continue
		}
		s := &oleSets{c: c, summary: name == "\x05SummaryInformation", write: write, data: make([]byte, size)}
		n, err := io.ReadFull(c.open(e), s.data)
		if s.data = s.data[:n]; err != nil {
			s.unread = "damaged properties"
			err = zipError(err, nil)
		}
		if err == nil {
			err = s.read()
		}
		c.w.release(2 * size)
		switch {
		case err != nil:
			return "", err
		case s.unread != "":
			unread = s.unread
		case e.size > size:
			unread = "more properties than are read"
		}
	}
	return unread, nil
}

// maxOLEProperties is how many properties of a set are read.
const maxOLEProperties = 1000

// oleSets is a stream of sets of properties.
type oleSets struct {
	c       *compound
	data    []byte
	summary bool // about the document itself, as opposed to what people and programs have added
	write   func(line []byte) error
	total   int    // bytes written
	unread  string // why something is not
}

func (s *oleSets) read() error {
	le := binary.LittleEndian
	if len(s.data) < 28 || le.Uint16(s.data) != 0xfffe {
		s.unread = "damaged properties"
		return nil
	}
	for set := range min(le.Uint32(s.data[24:]), 2) {
		at := 28 + 20*int(set)
		if at+20 > len(s.data) {
			s.unread = "damaged properties"
			return nil
		}
		from := int64(le.Uint32(s.data[at+16:]))
		if from+8 > int64(len(s.data)) {
			s.unread = "damaged properties"
			continue
		}
		if err := s.set(&oleSet{data: s.data[from:], names: map[uint32]string{}}); err != nil {
			return err
		}
	}
	return nil
}

// set reads one set: first the code page, in which the rest is, then the names that people have given, then the values.
func (s *oleSets) set(x *oleSet) error {
	le := binary.LittleEndian
	count := int(min(le.Uint32(x.data[4:]), maxOLEProperties))
	if le.Uint32(x.data[4:]) > maxOLEProperties {
		s.unread = "more properties than are read"
	}
	for pass := range 3 {
		for i := range count {
			if err := s.c.w.step(32); err != nil {
				return err
			}
			if 16+8*i > len(x.data) {
				s.unread = "damaged properties"
				break
			}
			id, at := le.Uint32(x.data[8+8*i:]), le.Uint32(x.data[12+8*i:])
			if int64(at) > int64(len(x.data)) {
				s.unread = "damaged properties"
				continue
			}
			value := x.data[at:]
			switch {
			case pass == 0 && id == 1 && len(value) >= 6:
				x.codepage = int(le.Uint16(value[4:]))
			case pass == 1 && id == 0:
				if err := s.c.w.step(int64(len(value))); err != nil {
					return err
				}
				if !x.dictionary(value) {
					s.unread = "damaged properties"
				}
			case pass == 2 && id > 1 && !(s.summary && (id == 7 || id == 9 || id == 18)): // a template, a number, a program
				if err := s.value(x, id, value); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// value writes a property that is a text.
func (s *oleSets) value(x *oleSet, id uint32, value []byte) error {
	line, ok := x.text(value)
	if !ok {
		s.unread = "damaged properties"
	}
	if len(line) == 0 {
		return nil
	}
	if name := x.names[id]; name != "" {
		line = append([]byte(name+": "), line...)
	}
	if err := s.c.w.step(int64(len(line))); err != nil {
		return err
	}
	if s.total += len(line); s.total > 2*len(s.data) {
		return stop(Partial, MalformedOrFileSizeExceedsLimit, "properties that share their bytes")
	}
	return s.write(line)
}

// codePageWide says that the texts of a set have characters of two bytes.
const codePageWide = 1200

type oleSet struct {
	data     []byte
	codepage int
	names    map[uint32]string
}

// dictionary reads the names of properties. Where they have characters of two bytes, their lengths are in characters, and each is
// filled up to four bytes.
func (x *oleSet) dictionary(b []byte) (ok bool) {
	if len(b) < 4 {
		return false
	}
	le := binary.LittleEndian
	n := le.Uint32(b)
	for b = b[4:]; n > 0 && len(b) >= 8; n-- {
		id, size := le.Uint32(b), int64(le.Uint32(b[4:]))
		filled := size
		if x.codepage == codePageWide {
			size *= 2
			filled = (size + 3) &^ 3
		}
		if size > 512 || size > int64(len(b)-8) || len(x.names) == maxOLEProperties {
			return false
		}
		x.names[id] = string(x.string(b[8 : 8+size]))
		b = b[min(8+filled, int64(len(b))):]
	}
	return n == 0
}

// text is the value of a property; nothing if it is no text, and false if it is longer than what is there.
func (x *oleSet) text(b []byte) (text []byte, ok bool) {
	if len(b) < 8 {
		return nil, true
	}
	le := binary.LittleEndian
	n := int64(le.Uint32(b[4:]))
	switch le.Uint32(b) {
	case 0x1e: // in the code page
		if n > int64(len(b)-8) {
			return nil, false
		}
		return x.string(b[8 : 8+n]), true
	case 0x1f:
		if 2*n > int64(len(b)-8) {
			return nil, false
		}
		return wideText(b[8 : 8+2*n]), true
	}
	return nil, true
}

func (x *oleSet) string(b []byte) []byte {
	if x.codepage == codePageWide {
		return wideText(b)
	}
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	if validUTF8(b) { // as some programs write it whatever they say
		return append([]byte{}, b...)
	}
	out, err := codePage(x.codepage).NewDecoder().Bytes(b)
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
