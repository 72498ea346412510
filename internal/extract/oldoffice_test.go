package extract

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// bookOf is the stream of a workbook with one sheet, which has one cell.
func bookOf(text string, globals ...string) string {
	bof := func(kind uint16) string { return biff(biffBOF, uint16(biff8), kind) }
	head := bof(5) + strings.Join(globals, "")
	sheet := biff(biffBoundSheet, uint32(0), uint16(0), byte(1), byte(0), "A")
	at := uint32(len(head) + len(sheet) + 4)
	return head + biff(biffBoundSheet, at, uint16(0), byte(1), byte(0), "A") + biff(biffEOF) + bof(0x10) +
		biff(biffLabel, uint16(0), uint16(0), uint16(0), uint16(len(text)), byte(0), text) + biff(biffEOF)
}

// TestOldOfficeByItsRoot names and places what tells an old Office file in ways that programs do.
func TestOldOfficeByItsRoot(t *testing.T) {
	book := bookOf("536-90-4399")
	word := oleNode{name: "MBD00000001", in: []oleNode{{name: "WordDocument", data: "x"}, {name: "1Table", data: "x"}}}
	var many []oleNode
	for i := range 150 {
		many = append(many, oleNode{name: fmt.Sprintf("_%d", i), data: "x"})
	}
	zipped := string(zipOf(file{"a.txt", "042-68-1357"}))
	for _, c := range []struct {
		name, mime string
		root       []oleNode
		found      bool
	}{
		{"in capitals", kindXLS.mime, []oleNode{{name: "WORKBOOK", data: book}}, true},
		{"of Excel 5, in capitals", kindXLS.mime, []oleNode{{name: "BOOK", data: book}}, true},
		{"with a Word file in it", kindXLS.mime, []oleNode{word, {name: "Workbook", data: book}}, true},
		{"at the end of a long directory", kindXLS.mime, append(many, oleNode{name: "Workbook of many", data: "x"}, oleNode{name: "Workbook", data: book}), true},
		{"a publication", "application/x-ole-storage", []oleNode{{name: "Contents", data: zipped}, {name: "VBA", in: []oleNode{}}}, false},
		{"a presentation that ends as a zip", "application/vnd.ms-powerpoint", []oleNode{{name: "PowerPoint Document", data: strings.Repeat("x", 5000) + zipped}}, false},
		{"a message with a Word file in it", "application/vnd.ms-outlook", []oleNode{word, {name: "__properties_version1.0", data: "x"}}, false},
	} {
		r := extractBytes(t, "a", oleOf(c.root...), Options{})
		if r.mimes[""] != c.mime || (len(r.found) > 0) != c.found {
			t.Errorf("%s: %s with %d values, %v", c.name, r.mimes[""], len(r.found), r.status[""])
		}
		if !c.found && r.status[""].Code != Skipped {
			t.Errorf("%s: %v, though nothing of it is read", c.name, r.status[""])
		}
	}
	// A zip behind the sectors of a file that is not read.
	r := extractBytes(t, "a.ppt", append(oleOf(oleNode{name: "PowerPoint Document", data: "x"}), zipped...), Options{})
	if r.status[""].Code != Skipped {
		t.Errorf("a presentation with a zip behind it: %v", r.status[""])
	}
}

// TestBesideCellsOfOldBook reads what a workbook has beside the cells of its own sheets.
func TestBesideCellsOfOldBook(t *testing.T) {
	u16 := func(v int) uint16 { return uint16(v) }
	text := func(s string) string { return string([]byte{byte(len(s)), 0, 0}) + s }
	bof := func(version, kind int) string { return biff(biffBOF, u16(version), u16(kind)) }
	end := biff(biffEOF)
	book := bookOf("cell")
	inSheet := func(parts ...string) string { return strings.TrimSuffix(book, end) + strings.Join(parts, "") + end }
	for _, c := range []struct{ name, stream, want, not string }{
		{"cells of other books", bookOf("cell", biff(biffElsewhere, byte(2), byte(0), u16(4), byte(2), text("Anna Muster"), byte(0), "12345678",
			byte(1), uint64(0x40f86a0000000000))), "Anna Muster\n100000\n", ""},
		{"a validation", inSheet(biff(biffValidation, uint32(0), text("\x00"), text("Ung\xfcltig"), text("Namen w\xe4hlen"), text("\x00"), "\x17\x0b\x00Anna,Berta\x00")),
			"Ungültig\nNamen wählen\nAnna,Berta", ""},
		{"words of a chart", inSheet(bof(biff8, 0x20), biff(biffWordsOf, byte(0), byte(1)), biff(biffWords, u16(0), byte(5), byte(0), "Title"),
			biff(biffWordsOf, byte(0), byte(2)), biff(biffWords, u16(0), byte(6), byte(0), "Series"), end), "Title", "Series"},
		{"records of nothing", inSheet("\x00\x00\x00\x00", biff(biffLabel, u16(1), u16(0), u16(0), u16(5), byte(0), "after")), "after", ""},
		{"zeros behind the end, and what is no record", book + strings.Repeat("\x00", 64) + "abc", "cell", "abc"},
		{"a note of Excel 5 in two pieces", bof(0x500, 5) + end + bof(0x500, 0x10) + biff(biffNote, u16(3), u16(1), u16(9), "first one") +
			biff(biffNote, u16(0xffff), u16(0), u16(6), "second") + end, "first one\nsecond", ""},
		{"Cyrillic in Excel 5", bof(0x500, 5) + biff(biffCodePage, u16(1251)) + end + bof(0x500, 0x10) +
			biff(biffLabel, u16(0), u16(0), u16(0), u16(4), "\xc0\xed\xed\xe0") + end, "Анна", ""},
	} {
		_, got, err := readBIFF(t, c.stream)
		if err != nil || !strings.Contains(got, c.want) || c.not != "" && strings.Contains(got, c.not) {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
	}
}

// TestPivotOfOldBook reads what a pivot table has kept, with its columns' names.
func TestPivotOfOldBook(t *testing.T) {
	u16 := func(v int) uint16 { return uint16(v) }
	text := func(s string) string { return string([]byte{byte(len(s)), 0, 0}) + s }
	field := func(name string, values int) string {
		return biff(pivotField, u16(0), u16(0), u16(0), u16(0), u16(0), u16(0), u16(values), text(name))
	}
	cache := field("Sport", 2) + biff(pivotText, text("Golf")) + biff(pivotText, text("Tennis")) + field("Owner", 0) + field("SSN", 0) + field("Since", 1) +
		biff(pivotDate, u16(2009), u16(5), byte(6), byte(0), byte(0), byte(0)) +
		biff(pivotRow, byte(0), byte(0)) + biff(pivotText, text("Anna")) + biff(pivotText, text("536-90-4399")) +
		biff(pivotRow, byte(1), byte(0)) + biff(pivotNone) + biff(pivotNumber, uint64(0x40f86a0000000000)) + biff(pivotRow) + biff(pivotWhole, u16(7)) + biff(biffEOF)
	data := oleOf(oleNode{name: "Workbook", data: bookOf("cell")}, oleNode{name: "_SX_DB_CUR", in: []oleNode{{name: "0001", data: cache}}})
	r := extractBytes(t, "a.xls", data, Options{})
	want := "Sport: Golf\nSport: Tennis\nSince: 2009-05-06\nOwner: Anna\nSSN: 536-90-4399\nSSN: 100000\nOwner: 7\n"
	if got := r.text[""].String(); !strings.Contains(got, want) || r.status[""].Code != Complete || len(r.found) != 1 {
		t.Errorf("%q, %v, %d values", got, r.status[""], len(r.found))
	}
	for n := len(cache) - 1; n > 0; n -= 7 { // cut, it is not whole
		cut := oleOf(oleNode{name: "Workbook", data: bookOf("cell")}, oleNode{name: "_SX_DB_CUR", in: []oleNode{{name: "0001", data: cache[:n]}}})
		if r := extractBytes(t, "a.xls", cut, Options{}); r.status[""].Code == Skipped {
			t.Errorf("cut to %d bytes: %v", n, r.status[""])
		}
	}
}

// propertiesOf is a stream of one set of properties.
func propertiesOf(codepage int, dictionary string, values ...string) string {
	le := binary.LittleEndian
	props := []string{string(le.AppendUint32(le.AppendUint32(nil, 2), uint32(codepage)))}
	ids := []uint32{1}
	if dictionary != "" {
		props, ids = append(props, dictionary), append(ids, 0)
	}
	for i, v := range values {
		props, ids = append(props, v), append(ids, uint32(2+i))
	}
	head, body := le.AppendUint32(nil, 0), ""
	head = le.AppendUint32(head, uint32(len(props)))
	for i, p := range props {
		head = le.AppendUint32(le.AppendUint32(head, ids[i]), uint32(8+8*len(props)+len(body)))
		body += p
	}
	out := append([]byte{0xfe, 0xff, 0, 0}, make([]byte, 24)...)
	out[24] = 1
	out = append(out, make([]byte, 16)...)
	return string(le.AppendUint32(out, 48)) + string(head) + body
}

// TestPropertiesOfOldOffice reads what old Office files say about themselves, in other letters than Latin ones, and tells what it
// cannot read.
func TestPropertiesOfOldOffice(t *testing.T) {
	le := binary.LittleEndian
	value := func(s string) string { return string(le.AppendUint32(le.AppendUint32(nil, 0x1e), uint32(len(s)))) + s }
	long := value("Anna")
	long = long[:4] + "\xff\xff\x00\x00" + long[8:]
	cyrillic, _ := charmap.Windows1251.NewEncoder().String("Анна Петрова")
	chinese, _ := simplifiedchinese.GBK.NewEncoder().String("王久君")
	names := string(le.AppendUint32(le.AppendUint32(le.AppendUint32(nil, 1), 2), 5)) + "Owner"
	wideNames := string(le.AppendUint32(le.AppendUint32(le.AppendUint32(nil, 2), 3), 3)) + "O\x00w\x00n\x00\x00\x00" +
		string(le.AppendUint32(le.AppendUint32(nil, 2), 2)) + "I\x00d\x00"
	var many []string
	for range maxOLEProperties + 1 {
		many = append(many, value("x"))
	}
	for _, c := range []struct {
		name, stream, want string
		code               Code
	}{
		{"in UTF-8", propertiesOf(65001, "", value("Zoë\x00")), "Zoë\n", Complete},
		{"in Cyrillic letters", propertiesOf(1251, "", value(cyrillic+"\x00")), "Анна Петрова\n", Complete},
		{"in Chinese", propertiesOf(936, "", value(chinese+"\x00")), "王久君\n", Complete},
		{"with a name", propertiesOf(1252, names, value("Anna\x00")), "Owner: Anna\n", Complete},
		{"with names in UTF-16", propertiesOf(1200, wideNames, value("A\x00n\x00"), value("B\x00")), "Id: An\nOwn: B\n", Complete},
		{"longer than they are", propertiesOf(1252, "", value("Anna\x00"), long), "Anna\n", Partial},
		{"more than are read", propertiesOf(1252, "", many...), "x\n", Partial},
		{"cut", propertiesOf(1252, names, value("Anna\x00"))[:70], "", Partial},
		{"no properties", strings.Repeat("x", 64), "", Partial},
		{"beyond what is read", propertiesOf(1252, "", value("Anna\x00")) + strings.Repeat("x", maxOLEAbout), "Anna\n", Partial},
	} {
		data := oleOf(oleNode{name: "Workbook", data: bookOf("cell")}, oleNode{name: "\x05DocumentSummaryInformation", data: c.stream})
		r := extractBytes(t, "a.xls", data, Options{})
		if got := r.text[""].String(); !strings.Contains(got, c.want) || r.status[""].Code != c.code {
			t.Errorf("%s: %q, %v", c.name, got, r.status[""])
		}
	}
}
