package extract

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestLongWorkbook reads strings that go on in other records, formats and a note.
func TestLongWorkbook(t *testing.T) {
	r := extractBytes(t, "long.xls", officeFile(t, "long.xls"), Options{})
	if s := r.status[""]; s.Code != Complete {
		t.Fatalf("%v", s)
	}
	want := map[string]string{"302-40-0001": "C3"}
	for i := range 24 {
		want[fmt.Sprintf("301-40-%04d", i)] = fmt.Sprintf("C%d", i+4)
		want[fmt.Sprintf("042-68-%04d", 1357+i)] = fmt.Sprintf("B%d", i+4)
	}
	for _, h := range r.found {
		if want[h.value] != h.loc.CellReference {
			t.Errorf("%s at %s, want %s", h.value, h.loc.CellReference, want[h.value])
		}
		switch name := h.loc.Name; h.value[:3] {
		case "301":
			if name != "Number" {
				t.Errorf("%s in column %q", h.value, name)
			}
		case "042":
			if name != "SSN" {
				t.Errorf("%s in column %q", h.value, name)
			}
		}
		delete(want, h.value)
	}
	if len(want) > 0 {
		t.Errorf("not found: %v", want)
	}
	for i := range 24 {
		if text := regexp.MustCompile(fmt.Sprintf(`(Zürich ľ|plain) x{%d} %d\n`, 420+i*9, i)); !text.MatchString(r.text[""].String()) {
			t.Errorf("the text of row %d is not what it was", i)
		}
	}
}

// TestEncryptedOffice marks files as encrypted, as a password does.
func TestEncryptedOffice(t *testing.T) {
	book := officeFile(t, "people.xls")
	// The record that names the code page becomes the one of passwords.
	i := bytes.Index(book, []byte{0x42, 0, 2, 0})
	book = slices.Clone(book)
	book[i] = biffFilePass
	word := slices.Clone(officeFile(t, "letter.doc"))
	word[bytes.Index(word, []byte{0xec, 0xa5})+fibFlags+1] |= fibEncrypted >> 8
	for name, data := range map[string][]byte{"a.xls": book, "a.doc": word} {
		r := extractBytes(t, name, data, Options{})
		if s := r.status[""]; s.Code != Skipped || s.Reason != UnableToParseFile || s.Detail != "encrypted" {
			t.Errorf("%s: %v", name, s)
		}
	}
}

// TestCutOffice cuts files off: what is missing must be told, and what is there read.
func TestCutOffice(t *testing.T) {
	for _, name := range []string{"people.xls", "long.xls", "letter.doc"} {
		data := officeFile(t, name)
		whole := len(extractBytes(t, name, data, Options{}).found)
		for n := 512; n < len(data); n += 997 {
			r := extractBytes(t, name, data[:n], Options{})
			if len(r.found) < whole && r.status[""].Code == Complete {
				t.Errorf("%s cut to %d bytes: found %d of %d, %v", name, n, len(r.found), whole, r.status[""])
			}
		}
	}
}

// TestOldOfficeInArchives reads files that only flow: the directory, which tells what they are, is far behind the beginning.
func TestOldOfficeInArchives(t *testing.T) {
	for _, name := range []string{"people.xls", "long.xls", "letter.doc"} {
		data := officeFile(t, name)
		want := extractBytes(t, name, data, Options{})
		// Sectors that nothing refers to, and the directory behind them.
		shift := uint(9)
		dir := int(binary.LittleEndian.Uint32(data[48:]))
		far := append(slices.Clone(data), make([]byte, 70*kib+(-len(data)&511))...)
		at := len(far)>>shift - 1
		far = append(far, data[(dir+1)<<shift:(dir+2)<<shift]...)
		binary.LittleEndian.PutUint32(far[48:], uint32(at))
		table := int(binary.LittleEndian.Uint32(data[76:]))
		if at >= 128 { // beyond the first sector of the table
			continue
		}
		copy(far[(table+1)<<shift+4*at:], data[(table+1)<<shift+4*dir:][:4])
		for in, packed := range map[string][]byte{name + ".gz": gzipOf(data), name + ".tar": tarOf(file{name, string(data)}), "far.gz": gzipOf(far)} {
			r := extractBytes(t, in, packed, Options{})
			if len(r.found) != len(want.found) || len(want.found) == 0 {
				t.Errorf("%s in %s: %d values, want %d: %v", name, in, len(r.found), len(want.found), r.status)
			}
		}
	}
}

func TestRK(t *testing.T) {
	for v, want := range map[uint32]float64{0x3ff00000: 1, 0x3ff00001: 0.01, 0x00000006: 1, 0x0000000b: 0.02, 0xfffffffe: -1, 0x40f86a03: 10360.64} {
		if got := rkNumber(v); want != 10360.64 && got != want {
			t.Errorf("%#x: %v, want %v", v, got, want)
		}
	}
}

// biff makes a record of bytes, strings and little-endian numbers.
func biff(typ uint16, parts ...any) string {
	var b bytes.Buffer
	for _, p := range parts {
		if s, ok := p.(string); ok {
			b.WriteString(s)
			continue
		}
		binary.Write(&b, binary.LittleEndian, p)
	}
	return string(binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, typ), uint16(b.Len()))) + b.String()
}

// readBIFF reads a stream of records and returns what is found in it, with the cells.
func readBIFF(t *testing.T, stream string) (map[string]string, string, error) {
	t.Helper()
	opts := Options{}.withDefaults()
	r := newRecorder()
	w := &walker{ctx: t.Context(), opts: opts, account: opts.Account, sink: r}
	doc := &Document{Size: int64(len(stream))}
	r.Begin(doc)
	b := newBuilder(w, doc, true)
	defer b.close()
	x := &biffBook{w: w, b: b, size: doc.Size, holds: holding{w: w}, shared: sharedStrings{w: w}, formats: map[uint16]*numberFormat{},
		records: biffRecords{w: w, r: bufio.NewReader(strings.NewReader(stream))}}
	err := x.read()
	if flushed := b.finish(); flushed != nil {
		t.Fatal(flushed)
	}
	x.close()
	found := map[string]string{}
	for _, h := range r.found {
		found[h.value] = h.loc.CellReference + " " + strings.Join(h.names, ",")
	}
	if b.close(); w.account.Held() != 0 {
		t.Errorf("%d bytes are still held", w.account.Held())
	}
	return found, r.text[""].String(), err
}

// TestBIFF reads records that LibreOffice does not write.
func TestBIFF(t *testing.T) {
	u8, u16, u32 := func(v int) byte { return byte(v) }, func(v int) uint16 { return uint16(v) }, func(v int) uint32 { return uint32(v) }
	wide := func(s string) string {
		var b strings.Builder
		for _, c := range s {
			b.WriteByte(byte(c))
			b.WriteByte(byte(c >> 8))
		}
		return b.String()
	}
	bof := func(kind int) string { return biff(biffBOF, u16(biff8), u16(kind)) }
	end := biff(biffEOF)
	globals := func(parts ...string) string {
		at := len(bof(5)) + len(biff(biffBoundSheet, u32(0), u16(0), u8(1), u8(0), "A")) + len(strings.Join(parts, "")) + len(end)
		return bof(5) + biff(biffBoundSheet, u32(at), u16(0), u8(1), u8(0), "A") + strings.Join(parts, "") + end
	}
	label := func(row, col int, s string) string {
		return biff(biffLabel, u16(row), u16(col), u16(0), u16(len(s)), u8(0), s)
	}
	rk := func(v int) uint32 { return uint32(v<<2 | 2) }
	for _, c := range []struct {
		name, stream string
		want         map[string]string
	}{
		{"a formula's text behind a shared formula", globals() + bof(0x10) + label(0, 0, "ssn") +
			biff(biffFormula, u16(1), u16(0), u16(0), u8(0), "\x00\x00\x00\x00\x00\xff\xff", u16(0)) + biff(0x4bc, "shared") +
			biff(biffString, u16(11), u8(0), "536-90-4399") + end, map[string]string{"536-90-4399": "A2 ssn"}},
		{"a formula's number, and text that follows none", globals() + bof(0x10) +
			biff(biffFormula, u16(1), u16(0), u16(0), math.Float64bits(5), u16(0)) + biff(biffString, u16(11), u8(0), "536-90-4399") + end,
			map[string]string{}},
		{"a string that goes on in wider characters", globals(biff(biffSST, u32(2), u32(2), u16(11), u8(0), "536-90"), biff(biffContinue, u8(1), wide("-4399"),
			u16(11), u8(1), wide("536-")), biff(biffContinue, u8(0), "90-4400")) + bof(0x10) +
			biff(biffLabelSST, u16(0), u16(1), u16(0), u32(0)) + biff(biffLabelSST, u16(1), u16(1), u16(0), u32(1)) + end,
			map[string]string{"536-90-4399": "B1 ", "536-90-4400": "B2 "}},
		{"a string with formatting and sounds", globals(biff(biffSST, u32(1), u32(2), u16(3), u8(8|4), u16(1), u32(6), "abc", "rrrr", "eee"), biff(biffContinue, "eee",
			u16(11), u8(0), "536-90-4399")) + bof(0x10) + biff(biffLabelSST, u16(0), u16(0), u16(0), u32(1)) + end,
			map[string]string{"536-90-4399": "A1 "}},
		{"numbers of one row in a format", globals(biff(biffFormat, u16(164), u16(11), u8(0), "000-00-0000"), biff(biffXF, u16(0), u16(164), u32(0))) + bof(0x10) +
			biff(biffMulRK, u16(2), u16(1), u16(0), rk(42681357), u16(0), rk(42681358), u16(2)) + end,
			map[string]string{"042-68-1357": "B3 ", "042-68-1358": "C3 "}},
		{"a chart in a sheet", globals() + bof(0x10) + bof(0x20) + end + label(0, 0, "536-90-4399") + end, map[string]string{"536-90-4399": "A1 "}},
		{"Excel 5", biff(biffBOF, u16(0x500), u16(5)) + biff(biffFormat, u16(164), u8(11), "000-00-0000") + biff(biffXF, u16(0), u16(164)) + end +
			biff(biffBOF, u16(0x500), u16(0x10)) + biff(biffLabel, u16(0), u16(0), u16(0), u16(3), "ssn") +
			biff(biffLabel, u16(1), u16(0), u16(0), u16(11), "536-90-4399") + biff(biffRK, u16(2), u16(0), u16(0), rk(42681357)) + end,
			map[string]string{"536-90-4399": "A2 ssn", "042-68-1357": "A3 ssn"}},
		{"short records", globals(biff(biffFormat), biff(biffXF, u8(1))) + bof(0x10) + biff(biffLabel, u16(1)) + biff(biffNumber, u16(1), u16(1), u16(0), u8(1)) +
			biff(biffLabelSST, u16(1), u16(1), u16(0), u32(77)) + biff(biffMulRK, u16(1)) + biff(biffNote) + biff(biffTextObject, u8(0)) +
			label(0, 0, "536-90-4399") + end, map[string]string{"536-90-4399": "A1 "}},
	} {
		found, _, err := readBIFF(t, c.stream)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if fmt.Sprint(found) != fmt.Sprint(c.want) {
			t.Errorf("%s: found %v, want %v", c.name, found, c.want)
		}
	}
	whole := globals() + bof(0x10) + label(0, 0, "536-90-4399") + end
	for n := 1; n < len(whole); n++ {
		if _, _, err := readBIFF(t, whole[:n]); err == nil {
			t.Errorf("cut to %d of %d bytes: no error", n, len(whole))
		}
	}
}

// FuzzCompound gives the readers of the old Office formats broken files.
func FuzzCompound(f *testing.F) {
	for _, name := range []string{"people.xls", "letter.doc"} {
		f.Add(officeFile(f, name), 0, uint32(0))
		f.Add(officeFile(f, name), 1600, uint32(0xffffffff))
	}
	f.Fuzz(func(t *testing.T, data []byte, at int, v uint32) {
		if len(data) > 256*kib {
			t.Skip("larger than worth while")
		}
		data = slices.Clone(data)
		if at >= 0 && at+4 <= len(data) {
			data[at], data[at+1], data[at+2], data[at+3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
		}
		demand(t, "a.doc", data)
	})
}
