package hostile

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// stream is a stream of a compound file, or a storage when it has entries of its own.
type stream struct {
	name  string
	data  string
	says  int    // the size that the directory gives; 0: that of data
	first uint32 // the sector that the directory gives; 0: that of data
}

// ole is a compound file of 512-byte sectors: the directory first, then the streams, then the tables.
type ole struct {
	header  []byte
	sectors [][]byte
	fat     []uint32
	entries []byte
}

const (
	oleEnd  = 0xfffffffe
	oleNone = 0xffffffff
	oleFAT  = 0xfffffffd
)

// links are the entries that an entry of the directory leads to.
type links struct{ left, right, child uint32 }

// entry writes an entry of the directory.
func (o *ole) entry(name string, kind byte, to links, first uint32, size int) {
	e := make([]byte, 128)
	for i, u := range utf16.Encode([]rune(name)) {
		binary.LittleEndian.PutUint16(e[2*i:], u)
	}
	binary.LittleEndian.PutUint16(e[64:], uint16(2*len(name)+2))
	e[66], e[67] = kind, 1
	binary.LittleEndian.PutUint32(e[68:], to.left)
	binary.LittleEndian.PutUint32(e[72:], to.right)
	binary.LittleEndian.PutUint32(e[76:], to.child)
	binary.LittleEndian.PutUint32(e[116:], first)
	binary.LittleEndian.PutUint32(e[120:], uint32(size))
	o.entries = append(o.entries, e...)
}

// put adds sectors that follow one another and returns the first.
func (o *ole) put(data string) uint32 {
	first := uint32(len(o.sectors))
	for len(data) > 0 || uint32(len(o.sectors)) == first {
		s := make([]byte, 512)
		data = data[copy(s, data):]
		o.sectors = append(o.sectors, s)
		o.fat = append(o.fat, uint32(len(o.sectors)))
	}
	o.fat[len(o.fat)-1] = oleEnd
	return first
}

// compound writes a file with streams in its root. The last function may change what is there before the tables are written.
func compound(streams []stream, change func(o *ole)) []byte {
	o := &ole{header: make([]byte, 512)}
	h := o.header
	copy(h, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
	le := binary.LittleEndian
	le.PutUint16(h[24:], 0x3e)
	le.PutUint16(h[26:], 3)
	le.PutUint16(h[28:], 0xfffe)
	le.PutUint16(h[30:], 9)
	le.PutUint16(h[32:], 6)
	le.PutUint32(h[56:], 4096)
	le.PutUint32(h[60:], oleEnd)
	le.PutUint32(h[68:], oleEnd)
	for i := 76; i < 512; i += 4 {
		le.PutUint32(h[i:], oleNone)
	}
	o.entry("Root Entry", 5, links{oleNone, oleNone, 1}, oleEnd, 0)
	for i, s := range streams {
		data := s.data + strings.Repeat("\x00", max(0, 4096-len(s.data))) // none of them is small
		first, size := o.put(data), len(data)
		if s.says > 0 {
			size = s.says
		}
		if s.first > 0 {
			first = s.first
		}
		right := uint32(oleNone)
		if i < len(streams)-1 {
			right = uint32(i + 2)
		}
		o.entry(s.name, 2, links{oleNone, right, oleNone}, first, size)
	}
	le.PutUint32(h[48:], o.put(string(o.entries)))
	if change != nil {
		change(o)
	}
	// The tables describe themselves too.
	n := 0
	for (len(o.fat)+n+127)/128 > n {
		n++
	}
	le.PutUint32(h[44:], uint32(n))
	for i := range n {
		if i < 109 {
			le.PutUint32(h[76+4*i:], uint32(len(o.sectors)+i))
		}
		o.fat = append(o.fat, oleFAT)
	}
	for len(o.fat)%128 != 0 {
		o.fat = append(o.fat, oleNone)
	}
	var b bytes.Buffer
	b.Write(h)
	for _, s := range o.sectors {
		b.Write(s)
	}
	for _, v := range o.fat {
		b.Write(le.AppendUint32(nil, v))
	}
	return b.Bytes()
}

// directory changes the directory for one of so many entries of its own, in a chain of its own.
func directory(n int, entry func(o *ole, i int)) func(o *ole) {
	return func(o *ole) {
		o.entries = nil
		for i := range n {
			entry(o, i)
		}
		binary.LittleEndian.PutUint32(o.header[48:], o.put(string(o.entries)))
	}
}

// word is a Word file of text and a piece table.
func word(text string, clx []byte) []stream {
	fib := make([]byte, 0x1aa)
	binary.LittleEndian.PutUint16(fib, 0xa5ec)
	binary.LittleEndian.PutUint16(fib[2:], 193)
	binary.LittleEndian.PutUint32(fib[0x1a6:], uint32(len(clx)))
	return []stream{{name: "WordDocument", data: string(fib) + text}, {name: "0Table", data: string(clx)}}
}

// pieces is a piece table of pieces of so many characters from a place each.
func pieces(n int, piece func(i int) (chars, at uint32)) []byte {
	var ends, places []byte
	le := binary.LittleEndian
	at := uint32(0)
	ends = le.AppendUint32(ends, at)
	for i := range n {
		chars, from := piece(i)
		at += chars
		ends = le.AppendUint32(ends, at)
		places = le.AppendUint16(places, 0)
		places = le.AppendUint32(places, from<<1|1<<30)
		places = le.AppendUint16(places, 0)
	}
	b := le.AppendUint32([]byte{2}, uint32(len(ends)+len(places)))
	return append(append(b, ends...), places...)
}

func numbers(n int) string { return lines(n, func(i int) string { return "ssn " + number(i) + "\r" }) }

var wordFiles = []File{
	{"circle.doc", "a stream in a circle of one sector that says that it has 2 GB", func() []byte {
		s := word(numbers(1000), pieces(1, func(int) (uint32, uint32) { return 14_000, 0x1aa }))
		s[0].says = 2 << 30
		return compound(s, func(o *ole) { o.fat[40] = 40 })
	}},
	{"wide-circle.xls", "a workbook in a circle of many sectors that says that it has 2 GB", func() []byte {
		book := book(nil, lines(20_000, func(i int) string { return labelCell(i, "ssn "+number(i)) }))
		return compound([]stream{{name: "Workbook", data: book, says: 2 << 30}}, func(o *ole) { o.fat[len(book)/512-4] = 8 })
	}},
	{"directory-circle.doc", "a directory in a circle", func() []byte {
		return compound(word("x", nil), func(o *ole) { o.fat[len(o.fat)-1] = uint32(len(o.fat) - 2) })
	}},
	{"places-circle.doc", "places of the tables in a circle, and four billion of them said", func() []byte {
		return compound(word("x", nil), func(o *ole) {
			at := o.put(strings.Repeat("\x00\x00\x00\x00", 127))
			binary.LittleEndian.PutUint32(o.sectors[at][508:], at)
			binary.LittleEndian.PutUint32(o.header[68:], at)
			binary.LittleEndian.PutUint32(o.header[72:], 1<<32-1)
		})
	}},
	{"small-circle.doc", "the stream of small streams and its table, both in a circle, and both said to be endless", func() []byte {
		s := word(numbers(1000), pieces(1, func(int) (uint32, uint32) { return 14_000, 0x1aa }))
		s[0].says, s[0].first = 4095, 1
		return compound(s, func(o *ole) {
			binary.LittleEndian.PutUint32(o.header[60:], 5)
			binary.LittleEndian.PutUint32(o.header[64:], 1<<32-1)
			o.fat[5], o.fat[9] = 5, 9
			root := o.sectors[binary.LittleEndian.Uint32(o.header[48:])]
			binary.LittleEndian.PutUint32(root[116:], 9)
			binary.LittleEndian.PutUint32(root[120:], 1<<31-1)
		})
	}},
	{"storages.doc", "30,000 storages in one another", func() []byte {
		return compound(word("x", nil), directory(30_000, func(o *ole, i int) {
			kind := byte(1)
			if i == 0 {
				kind = 5
			}
			o.entry(strings.Repeat("n", 31), kind, links{oleNone, oleNone, uint32(i + 1)}, oleEnd, 0)
		}))
	}},
	{"pool.doc", "15,000 objects, each of which is the same megabyte", func() []byte {
		native := "\x00\x00\x00\x00\x02\x00a\x00a\x00\x00\x00\x03\x00\x01\x00\x00\x00\x00\x00\x00\x10\x00" + numbers(65_000)
		streams := append(word(numbers(10), pieces(1, func(int) (uint32, uint32) { return 140, 0x1aa })), stream{name: "\x01Ole10Native", data: native})
		return compound(streams, func(o *ole) {
			// The third stream is taken out of the root, which gets the pool instead.
			at := o.entries[3*128:]
			first := binary.LittleEndian.Uint32(at[116:])
			binary.LittleEndian.PutUint32(o.entries[2*128+72:], 4)
			o.entry("ObjectPool", 1, links{oleNone, oleNone, 5}, oleEnd, 0)
			for i := range uint32(15_000) {
				o.entry("_1", 1, links{oleNone, 5 + 2*i + 2, 5 + 2*i + 1}, oleEnd, 0)
				o.entry("\x01Ole10Native", 2, links{oleNone, oleNone, oleNone}, first, len(native))
			}
			binary.LittleEndian.PutUint32(o.header[48:], o.put(string(o.entries)))
		})
	}},
	{"siblings.doc", "30,000 entries, each to the left of the one before and of itself", func() []byte {
		return compound(word("x", nil), directory(30_000, func(o *ole, i int) {
			kind, child := byte(2), uint32(oleNone)
			if i == 0 {
				kind, child = 5, 1
			}
			o.entry("WordDocument", kind, links{uint32(i + 1), uint32(i), child}, 0, 1<<30)
		}))
	}},
	{"overlapping-pieces.doc", "300,000 pieces that all are the whole text", func() []byte {
		return compound(word(numbers(2000), pieces(300_000, func(int) (uint32, uint32) { return 14_000, 0x1aa })), nil)
	}},
	{"giant-pieces.doc", "pieces of a billion characters, and of none", func() []byte {
		return compound(word(numbers(60_000), pieces(300_000, func(i int) (uint32, uint32) {
			if i%2 == 0 {
				return 0, 1 << 28
			}
			return 1, 0x1aa + uint32(i)
		})), nil)
	}},
	{"long-piece.doc", "a piece of two billion characters", func() []byte {
		return compound(word(numbers(60_000), pieces(1, func(int) (uint32, uint32) { return 1 << 31, 0x1aa })), nil)
	}},
	{"formats.doc", "a piece table behind a million formats of no bytes", func() []byte {
		return compound(word(numbers(10), append(bytes.Repeat([]byte{1, 0, 0}, 1_000_000), pieces(1, func(int) (uint32, uint32) { return 140, 0x1aa })...)), nil)
	}},
}

// record is a record of a workbook: numbers and strings, as they stand.
func record(kind uint16, parts ...any) string {
	var b bytes.Buffer
	for _, p := range parts {
		if s, ok := p.(string); ok {
			b.WriteString(s)
		} else if err := binary.Write(&b, binary.LittleEndian, p); err != nil {
			panic(err)
		}
	}
	return string(binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, kind), uint16(b.Len()))) + b.String()
}

var bookEnd = record(0x0a)

func bookBegin(kind uint16) string { return record(0x809, uint16(0x600), kind) }

// book is a workbook of one sheet, with records of the whole and of the sheet.
func book(whole []string, sheet string) string {
	return bookBegin(5) + strings.Join(whole, "") + bookEnd + bookBegin(0x10) + sheet + bookEnd
}

func labelCell(i int, text string) string {
	return record(0x204, uint16(i), uint16(0), uint16(0), uint16(len(text)), uint8(0), text)
}

// workbook puts records where they are looked for. What is large is packed, since such records are all alike.
func workbook(records string) []byte {
	return compound([]stream{{name: "Workbook", data: records}}, nil)
}

var oldBookFiles = []File{
	{"one-string.xls", "65,536 cells that share one string of 60,000 characters", func() []byte {
		text := lines(4000, func(i int) string { return "ssn " + number(i) })[:60_000]
		strs := []string{record(0xfc, uint32(65536), uint32(1), uint16(60_000), uint8(0), text[:8000])}
		for rest := text[8000:]; rest != ""; {
			n := min(len(rest), 8000)
			strs, rest = append(strs, record(0x3c, uint8(0), rest[:n])), rest[n:]
		}
		return workbook(book(strs, lines(65_536, func(i int) string { return record(0xfd, uint16(i), uint16(0), uint16(0), uint32(0)) })))
	}},
	{"continued.xls", "strings that go on a character at a time, in 300,000 records", func() []byte {
		return workbook(book([]string{record(0xfc, uint32(1<<32-1), uint32(1<<32-1), uint16(65535), uint8(0)),
			strings.Repeat(record(0x3c, uint8(0), "s"), 300_000)}, labelCell(0, "x")))
	}},
	{"empty-records.xls", "strings that go on in 700,000 records of nothing", func() []byte {
		return workbook(book([]string{record(0xfc, uint32(9), uint32(9), uint16(65535), uint8(0)), strings.Repeat(record(0x3c), 700_000)}, ""))
	}},
	{"empty-strings.xls", "a million strings of nothing", func() []byte {
		return workbook(book([]string{record(0xfc, uint32(1<<31), uint32(1<<31)), strings.Repeat(record(0x3c, strings.Repeat("\x00\x00\x00", 2700)), 400)},
			record(0xfd, uint16(0), uint16(0), uint16(0), uint32(7))))
	}},
	{"runs.xls", "strings with formatting and sounds of 64 MB each, that is not there", func() []byte {
		return workbook(book([]string{record(0xfc, uint32(9), uint32(9), uint16(1), uint8(12), uint16(65535), uint32(64<<20-1), "s"),
			strings.Repeat(record(0x3c, strings.Repeat("\xff", 5)), 200_000)}, ""))
	}},
	{"lengths.xls", "records and strings that all say that they are as long as can be", func() []byte {
		return workbook(book(nil, lines(200_000, func(i int) string {
			return record(0x204, uint16(i), uint16(0), uint16(0), uint16(65535), uint8(1), "s\x00")
		})) +
			"\x04\x02\xff\xffx")
	}},
	{"sheets.xls", "a sheet that is named 19,000 times, and opened 100,000 times", func() []byte {
		return workbook(bookBegin(5) + strings.Repeat(record(0x85, uint32(77), uint16(0), uint8(60), uint8(0), strings.Repeat("n", 60)), 19_000) + bookEnd +
			strings.Repeat(bookBegin(0x10)+labelCell(0, "ssn 536-90-4399")+bookEnd, 100_000))
	}},
	{"sheet-names.xls", "20,000 sheets with names of 250 characters", func() []byte {
		return workbook(bookBegin(5) + lines(20_000, func(i int) string {
			return record(0x85, uint32(i+77), uint16(0), uint8(250), uint8(0), strings.Repeat("n", 250))
		}) + bookEnd)
	}},
	{"substreams.xls", "substreams in one another 300,000 deep", func() []byte {
		return workbook(bookBegin(5) + bookEnd + strings.Repeat(bookBegin(0x10), 300_000) + labelCell(0, "ssn 536-90-4399"))
	}},
	{"formula-strings.xls", "100 formulas whose text is 64,000 characters, packed", func() []byte {
		text := strings.Repeat("ssn 536-90-4399 ", 500)
		long := record(0x207, uint16(65535), uint8(0), text) + strings.Repeat(record(0x3c, uint8(0), text), 7)
		return gzipOf(workbook(book(nil, lines(100, func(i int) string {
			return record(0x06, uint16(i), uint16(1), uint16(0), uint8(0), "\x00\x00\x00\x00\x00\xff\xff", uint16(0)) + long
		}))))
	}},
	{"number-formats.xls", "10,000 formats of 130 places that 60,000 numbers are shown in", func() []byte {
		format := strings.Repeat(`0\-`, 130)
		var whole []string
		for i := range 10_000 {
			whole = append(whole, record(0x41e, uint16(i+164), uint16(len(format)), uint8(0), format), record(0xe0, uint16(0), uint16(i+164), uint32(0)))
		}
		return workbook(book(whole, lines(60_000, func(i int) string {
			return record(0x203, uint16(i), uint16(0), uint16(i%10_000), 536904399.0+float64(i))
		})))
	}},
	{"columns.xls", "rows of numbers that go on beyond the last column", func() []byte {
		row := record(0xbd, uint16(1), uint16(65535), strings.Repeat("\x00\x00\x02\x00\x00\x80", 1300), uint16(9))
		return workbook(book(nil, strings.Repeat(row, 300)))
	}},
	{"notes.xls", "60,000 drawings with text, and notes that claim one of them", func() []byte {
		return workbook(book(nil, lines(60_000, func(i int) string {
			return record(0x5d, uint16(0x15), uint16(18), uint16(0x19), uint16(i)) +
				record(0x1b6, strings.Repeat("\x00", 10), uint16(15), uint32(0)) + record(0x3c, uint8(0), "ssn "+number(i)) +
				record(0x1c, uint16(i), uint16(0), uint16(0), uint16(7))
		})))
	}},
	{"headers.xls", "15,000 columns with long names, and a row of values", func() []byte {
		return workbook(book(nil, lines(15_000, func(i int) string {
			return record(0x204, uint16(0), uint16(i), uint16(0), uint16(180), uint8(0), "ssn "+strings.Repeat("n", 176))
		})+lines(15_000, func(i int) string {
			return record(0x204, uint16(1), uint16(i), uint16(0), uint16(11), uint8(0), number(i))
		})))
	}},
}

// WordWith is an old Word document with another stream beside its own.
func WordWith(text, name, data string) []byte {
	streams := word(text, pieces(1, func(int) (uint32, uint32) { return uint32(len(text)), 0x1aa }))
	return compound(append(streams, stream{name: name, data: data}), nil)
}
