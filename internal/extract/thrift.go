package extract

// thriftWalk reads Thrift's compact encoding without keeping anything, to check what a structure claims before a library
// believes it: every list and string must fit into the bytes that are there.
type thriftWalk struct {
	b       []byte
	pos     int
	structs int // structures and list elements met
	path    []int16

	// What follows may be set by whoever wants to know what is in the structures of lists, too.
	w       *walker            // counts steps
	lists   bool               // fields are told of those structures' fields
	begun   func(path []int16) // a structure begins: path leads to the field that it is the value of, or an element of
	strings func(path []int16, value []byte)
	err     error // of w
}

// Types of the compact encoding.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
)

func (t *thriftWalk) byte() (byte, bool) {
	if t.pos >= len(t.b) {
		return 0, false
	}
	t.pos++
	return t.b[t.pos-1], true
}

func (t *thriftWalk) uvarint() (uint64, bool) {
	var v uint64
	for shift := uint(0); shift < 64; shift += 7 {
		c, ok := t.byte()
		if !ok {
			return 0, false
		}
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return v, true
		}
	}
	return 0, false
}

func (t *thriftWalk) varint() (int64, bool) {
	v, ok := t.uvarint()
	return int64(v>>1) ^ -int64(v&1), ok
}

// structure reads one structure; field is told of its integers and of what is true (1) or false (0), by their path of field
// numbers.
func (t *thriftWalk) structure(depth int, field func(path []int16, v int64)) bool {
	if depth > 32 {
		return false
	}
	t.structs++
	if t.w != nil {
		if t.err = t.w.step(16); t.err != nil {
			return false
		}
	}
	if t.begun != nil {
		t.begun(t.path)
	}
	t.path = append(t.path, 0)
	defer func() { t.path = t.path[:len(t.path)-1] }()
	var last int16
	for {
		c, ok := t.byte()
		if !ok {
			return false
		}
		kind := c & 15
		if kind == 0 {
			return true
		}
		if delta := int16(c >> 4); delta != 0 {
			last += delta
		} else {
			v, ok := t.varint()
			if !ok {
				return false
			}
			last = int16(v)
		}
		t.path[len(t.path)-1] = last
		if !t.value(kind, depth, field, false) {
			return false
		}
	}
}

func (t *thriftWalk) value(kind byte, depth int, field func([]int16, int64), element bool) bool {
	switch kind {
	case thriftTrue, thriftFalse:
		if element {
			_, ok := t.byte()
			return ok
		}
		if field != nil {
			field(t.path, int64(thriftFalse-kind))
		}
		return true
	case thriftByte:
		_, ok := t.byte()
		return ok
	case thriftI16, thriftI32, thriftI64:
		v, ok := t.varint()
		if ok && field != nil && !element {
			field(t.path, v)
		}
		return ok
	case thriftDouble:
		t.pos += 8
		return t.pos <= len(t.b)
	case thriftBinary:
		n, ok := t.uvarint()
		if !ok || n > uint64(len(t.b)-t.pos) {
			return false
		}
		if t.strings != nil && !element {
			t.strings(t.path, t.b[t.pos:t.pos+int(n)])
		}
		t.pos += int(n)
		return true
	case thriftList, thriftSet:
		c, ok := t.byte()
		n := uint64(c >> 4)
		if ok && n == 15 {
			n, ok = t.uvarint()
		}
		return ok && t.elements(n, depth, field, c&15)
	case thriftMap:
		n, ok := t.uvarint()
		if !ok || n == 0 {
			return ok
		}
		c, ok := t.byte()
		return ok && t.elements(n, depth, nil, c>>4, c&15)
	case thriftStruct:
		return t.structure(depth+1, field)
	}
	return false
}

func (t *thriftWalk) elements(n uint64, depth int, field func([]int16, int64), kinds ...byte) bool {
	if depth > 32 || n > uint64(len(t.b)-t.pos) { // each takes a byte at least
		return false
	}
	t.structs += int(n)
	if !t.lists {
		field = nil
	}
	for i := range n {
		if t.w != nil && i%1024 == 1023 {
			if t.err = t.w.step(1024); t.err != nil {
				return false
			}
		}
		for _, k := range kinds {
			if !t.value(k, depth+1, field, true) {
				return false
			}
		}
	}
	return true
}
