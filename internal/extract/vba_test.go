package extract

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

// oleNode is a stream, or a storage when it has entries of its own.
type oleNode struct {
	name string
	data string
	in   []oleNode
}

// oleOf writes a compound file of sectors of 512 bytes: streams, those of less than 4,096 bytes among the small ones, the directory and
// the tables.
func oleOf(root ...oleNode) []byte {
	const end, none = 0xfffffffe, 0xffffffff
	le := binary.LittleEndian
	var sectors, small []byte
	var fat, mini []uint32
	chain := func(table *[]uint32, n int) uint32 {
		first := len(*table)
		for i := range n {
			*table = append(*table, uint32(first+i+1))
		}
		(*table)[len(*table)-1] = end
		return uint32(first)
	}
	put := func(data string) uint32 {
		n := max(1, (len(data)+511)/512)
		sectors = append(append(sectors, data...), make([]byte, n*512-len(data))...)
		return chain(&fat, n)
	}
	var entries []byte
	var add func(n oleNode, kind byte) int
	children := func(list []oleNode) uint32 {
		slices.SortFunc(list, func(a, b oleNode) int {
			return len(a.name)*1000 - len(b.name)*1000 + strings.Compare(strings.ToUpper(a.name), strings.ToUpper(b.name))
		})
		first, last := uint32(none), -1
		for _, n := range list {
			kind := byte(compoundStream)
			if n.in != nil {
				kind = compoundStorage
			}
			i := add(n, kind)
			if last < 0 {
				first = uint32(i)
			} else {
				le.PutUint32(entries[128*last+72:], uint32(i))
			}
			last = i
		}
		return first
	}
	add = func(n oleNode, kind byte) int {
		i := len(entries) / 128
		e := make([]byte, 128)
		for k, u := range utf16.Encode([]rune(n.name)) {
			le.PutUint16(e[2*k:], u)
		}
		le.PutUint16(e[64:], uint16(2*len(utf16.Encode([]rune(n.name)))+2))
		e[66], e[67] = kind, 1
		for _, at := range []int{68, 72, 76} {
			le.PutUint32(e[at:], none)
		}
		le.PutUint32(e[116:], end)
		if kind == compoundStream {
			le.PutUint32(e[120:], uint32(len(n.data)))
			switch {
			case len(n.data) >= miniCutoff:
				le.PutUint32(e[116:], put(n.data))
			case len(n.data) > 0:
				k := (len(n.data) + 63) / 64
				le.PutUint32(e[116:], chain(&mini, k))
				small = append(append(small, n.data...), make([]byte, k*64-len(n.data))...)
			}
		}
		entries = append(entries, e...)
		child := children(n.in)
		le.PutUint32(entries[128*i+76:], child)
		return i
	}
	add(oleNode{name: "Root Entry", in: root}, compoundRoot)
	h := make([]byte, 512)
	copy(h, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
	for at, v := range map[int]uint16{24: 0x3e, 26: 3, 28: 0xfffe, 30: 9, 32: 6} {
		le.PutUint16(h[at:], v)
	}
	le.PutUint32(h[56:], miniCutoff)
	le.PutUint32(h[60:], end)
	le.PutUint32(h[68:], end)
	for i := 76; i < 512; i += 4 {
		le.PutUint32(h[i:], none)
	}
	if len(mini) > 0 {
		le.PutUint32(entries[116:], put(string(small)))
		le.PutUint32(entries[120:], uint32(len(small)))
		var table []byte
		for _, v := range mini {
			table = le.AppendUint32(table, v)
		}
		le.PutUint32(h[60:], put(string(table)))
		le.PutUint32(h[64:], uint32((len(table)+511)/512))
	}
	le.PutUint32(h[48:], put(string(entries)))
	n := 0
	for (len(fat)+n+127)/128 > n {
		n++
	}
	le.PutUint32(h[44:], uint32(n))
	for i := range n {
		le.PutUint32(h[76+4*i:], uint32(len(sectors)/512+i))
		fat = append(fat, 0xfffffffd)
	}
	for len(fat)%128 != 0 {
		fat = append(fat, none)
	}
	out := append(h, sectors...)
	for _, v := range fat {
		out = le.AppendUint32(out, v)
	}
	return out
}

// packVBA packs text as MS-OVBA 2.4.1 says, with copies of what came just before where the same goes on, and literals else.
func packVBA(text string) string {
	out := []byte{1}
	for len(text) > 0 {
		chunk := text[:min(len(text), maxChunk)]
		text = text[len(chunk):]
		var b []byte
		for i := 0; i < len(chunk); {
			at := len(b)
			b = append(b, 0)
			for k := 0; k < 8 && i < len(chunk); k++ {
				from, n := 0, 0
				for j := max(0, i-300); j < i; j++ {
					l := 0
					for i+l < len(chunk) && chunk[j+l] == chunk[i+l] && l < 18 {
						l++
					}
					if l > n {
						from, n = j, l
					}
				}
				if n < 3 {
					b = append(b, chunk[i])
					i++
					continue
				}
				far := max(4, bits.Len(uint(i-1)))
				n = min(n, 0xffff>>far+3)
				b[at] |= 1 << k
				b = binary.LittleEndian.AppendUint16(b, uint16((i-from-1)<<(16-far)|(n-3)))
				i += n
			}
		}
		head := 0xb000 | (len(b) - 1)
		if len(b) > maxPackedChunk || len(chunk) == maxChunk && len(b) == maxChunk {
			b, head = []byte(chunk), 0x3000|(len(chunk)-1)
		}
		out = append(binary.LittleEndian.AppendUint16(out, uint16(head)), b...)
	}
	return string(out)
}

// vbaRecord is a record of dir.
func vbaRecord(id int, data string) string {
	b := binary.LittleEndian.AppendUint16(nil, uint16(id))
	return string(binary.LittleEndian.AppendUint32(b, uint32(len(data)))) + data
}

type vbaFile struct{ name, text string }

// vbaDir is the stream dir of modules in a code page, before it is packed.
func vbaDir(code uint16, before int, modules ...vbaFile) string {
	le := binary.LittleEndian
	d := vbaRecord(1, "\x01\x00\x00\x00") + vbaRecord(2, "\x09\x04\x00\x00") + vbaRecord(0x14, "\x09\x04\x00\x00") +
		vbaRecord(vbaCodePage, string(le.AppendUint16(nil, code))) + vbaRecord(4, "Project") + vbaRecord(vbaDescription, "told") + vbaRecord(vbaDescriptionWide, wide16("told", binary.LittleEndian)) +
		vbaRecord(6, "") + vbaRecord(0x3d, "") + vbaRecord(7, "\x00\x00\x00\x00") + vbaRecord(8, "\x00\x00\x00\x00") +
		"\x09\x00\x04\x00\x00\x00\x01\x02\x03\x04\x05\x06" + vbaRecord(vbaConstants, "") + vbaRecord(vbaConstantsWide, "") +
		vbaRecord(0x16, "stdole") + vbaRecord(0x3e, wide16("stdole", binary.LittleEndian)) + vbaRecord(0x0d, "\x05\x00\x00\x00*\\G{}\x00\x00\x00\x00\x00\x00") +
		vbaRecord(vbaModules, string(le.AppendUint16(nil, uint16(len(modules))))) + vbaRecord(0x13, "\xff\xff")
	for _, m := range modules {
		d += vbaRecord(vbaModuleName, m.name) + vbaRecord(0x47, wide16(m.name, binary.LittleEndian)) + vbaRecord(vbaStream, m.name) + vbaRecord(vbaStreamWide, wide16(m.name, binary.LittleEndian)) +
			vbaRecord(vbaModuleText, "") + vbaRecord(vbaModuleTextWide, "") + vbaRecord(vbaSource, string(le.AppendUint32(nil, uint32(before)))) +
			vbaRecord(0x1e, "\x00\x00\x00\x00") + vbaRecord(0x2c, "\xff\xff") + vbaRecord(vbaProcedural, "") + vbaRecord(0x2b, "")
	}
	return d + vbaRecord(vbaEnd, "")
}

// vbaOf is what the storage of a project has in it.
func vbaOf(code uint16, modules ...vbaFile) []oleNode {
	const before = 77
	vba := []oleNode{{name: "dir", data: packVBA(vbaDir(code, before, modules...))}, {name: "_VBA_PROJECT", data: "\xcc\x61\xff\xff\x00\x00\x00"}, {name: "__SRP_0", data: "x"}}
	for _, m := range modules {
		vba = append(vba, oleNode{name: m.name, data: strings.Repeat("\x01\xfe", before/2) + "\x00" + packVBA(m.text)})
	}
	return []oleNode{{name: "VBA", in: vba}, {name: "PROJECT", data: "ID=\"{}\"\r\n"}, {name: "PROJECTwm", data: "\x00\x00"}}
}

func unpackVBA(packed string) (string, error) {
	b, err := io.ReadAll(&vbaReader{w: &walker{ctx: nil, steps: 1 << 40}, r: strings.NewReader(packed)})
	return string(b), err
}

// TestVBAPacking reads the examples of MS-OVBA 3.2, and what is no such stream.
func TestVBAPacking(t *testing.T) {
	for want, packed := range map[string]string{
		"abcdefghijklmnopqrstuv.":                                  "\x01\x19\xb0\x00abcdefgh\x00ijklmnop\x00qrstuv.",
		"#aaabcdefaaaaghijaaaaaklaaamnopqaaaaaaaaaaaarstuvwxyzaaa": "\x01\x2f\xb0\x00#aaabcde\x82f\x00paghij\x018\x08akl\x000mnop\x06q\x02p\x04\x10rstuv\x10wxyz\x00<",
		strings.Repeat("a", 73):                                    "\x01\x03\xb0\x02a\x45\x00",
		strings.Repeat("ab", 2048):                                 "\x01\xff\x3f" + strings.Repeat("ab", 2048),
		"":                                                         "\x01",
	} {
		if got, err := unpackVBA(packed); got != want || err != nil {
			t.Errorf("%q is %q %v, want %q", packed, got, err, want)
		}
		if got, err := unpackVBA(packVBA(want)); got != want || err != nil {
			t.Errorf("packed here: %q %v, want %q", got, err, want)
		}
	}
	long := strings.Repeat("Sub A()\r\n  B = \"x\"\r\nEnd Sub\r\n", 999) + string(random(9000))
	if got, err := unpackVBA(packVBA(long)); got != long || err != nil {
		t.Errorf("%d bytes %v, want %d", len(got), err, len(long))
	}
	for packed, want := range map[string]string{
		"":                                 "",
		"\x00":                             "",
		"\x01\x19":                         "",
		"\x01\x19\xa0\x00a":                "",    // not the mark of a chunk
		"\x01\x19\xb0\x00abc":              "abc", // cut off
		"\x01\x02\xb0\x01\x00\x00":         "",    // a copy of nothing
		"\x01\x03\xb0\x02a\x00\x10":        "a",   // of what is before the chunk
		"\x01\x03\xb0\x02a\xff\x0f":        "a",   // longer than a chunk may be
		"\x01\x03\xb0\x00abc\x00":          "abc",
		"\x01\x02\xb0\x02ab":               "a", // half a copy
		packVBA("abc") + "\x00\x00garbage": "abc",
	} {
		if got, err := unpackVBA(packed); got != want || err == nil {
			t.Errorf("%q is %q %v, want %q and an error", packed, got, err, want)
		}
	}
}

const (
	docParts  = `<w:document xmlns:w="w"><w:body><w:p><w:r><w:t>Dear all</w:t></w:r></w:p></w:body></w:document>`
	wordTypes = `<Types><Override PartName="/word/document.xml" ContentType="application/vnd.ms-word.document.macroEnabled.main+xml"/></Types>`
)

// macroFiles are Office files of each kind with the project in them.
func macroFiles(t testing.TB, project []oleNode) map[string][]byte {
	bin := string(oleOf(slices.Clone(project)...))
	// An old file is a compound file itself: its streams, and the project.
	with := func(name, storage string) []byte {
		opts := Options{}.withDefaults()
		w := &walker{ctx: t.Context(), opts: opts, account: opts.Account, sink: newRecorder()}
		data := officeFile(t, name)
		in, err := newInput(w, Source{ReaderAt: bytes.NewReader(data), Size: int64(len(data))})
		if err != nil {
			t.Fatal(err)
		}
		defer in.close()
		c, err := openCompound(w, in)
		if err != nil {
			t.Fatal(err)
		}
		defer c.close()
		root := []oleNode{{name: storage, in: slices.Clone(project)}}
		for _, i := range c.root {
			if e := &c.entries[i]; e.kind == compoundStream {
				b, err := io.ReadAll(c.open(e))
				if err != nil {
					t.Fatal(err)
				}
				root = append(root, oleNode{name: e.name, data: string(b)})
			}
		}
		return oleOf(root...)
	}
	return map[string][]byte{
		"macro.docm": zipOf(file{"[Content_Types].xml", wordTypes}, file{"word/document.xml", docParts}, file{"word/vbaProject.bin", bin}),
		"macro.xlsm": zipOf(file{"[Content_Types].xml", "<Types/>"}, file{"xl/workbook.xml", `<workbook><sheets><sheet name="a" r:id="1"/></sheets></workbook>`},
			file{"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="1" Target="worksheets/a.xml"/></Relationships>`},
			file{"xl/worksheets/a.xml", `<worksheet><row r="1"><c r="A1" t="inlineStr"><is><t>x</t></is></c></row></worksheet>`}, file{"xl/vbaProject.bin", bin}),
		"macro.pptm": zipOf(file{"[Content_Types].xml", "<Types/>"}, file{"ppt/presentation.xml", "<p:presentation/>"},
			file{"ppt/slides/slide1.xml", `<p:sld><a:p><a:r><a:t>x</a:t></a:r></a:p></p:sld>`}, file{"ppt/vbaProject.bin", bin}),
		"macro.doc":      with("letter.doc", "Macros"),
		"macro.xls":      with("people.xls", "_VBA_PROJECT_CUR"),
		"vbaProject.bin": []byte(bin),
	}
}

const moduleText = "Attribute VB_Name = \"Module1\"\r\nSub Mail()\r\n  ' SSN of the owner: 536-90-4399\r\n  Name = \"J\xfcrgen\"\r\nEnd Sub\r\n"

// TestMacros reads the macros of Office files of each kind.
func TestMacros(t *testing.T) {
	modules := []vbaFile{{"Module1", moduleText}, {"ThisDocument", "Attribute VB_Name = \"ThisDocument\"\r\n"}}
	for name, data := range macroFiles(t, vbaOf(1252, modules...)) {
		r := extractBytes(t, name, data, Options{})
		if r.status[""].Code != Complete {
			t.Errorf("%s: %v", name, r.status)
		}
		at := ""
		for path, text := range r.text {
			if strings.HasSuffix(path, "VBA/Module1.bas") {
				at = path
				if got := text.String(); got != strings.ReplaceAll(moduleText, "\xfc", "ü") {
					t.Errorf("%s: %s is %q", name, path, got)
				}
			}
		}
		found := false
		for _, h := range r.found {
			if h.doc == at && at != "" {
				found = true
				if h.value != "536-90-4399" || h.loc.Line != 3 {
					t.Errorf("%s: %+v", name, h)
				}
			}
		}
		if !found {
			t.Errorf("%s: nothing found in %q, of %v", name, at, r.docs)
		}
	}
	// Streams that are called as those of documents are.
	for _, name := range []string{"ThisWorkbook", "Workbook", "Book", "WordDocument", "PowerPoint Document", "EncryptedPackage", "CONTENTS", "Package"} {
		r := extractBytes(t, "vbaProject.bin", oleOf(vbaOf(1252, vbaFile{name, moduleText})...), Options{})
		if r.status[""].Code != Complete || len(r.found) != 1 {
			t.Errorf("a module %s: %v", name, r.status)
		}
	}
	// In other code pages.
	for code, c := range map[uint16]struct{ bytes, text string }{1251: {"\xcf\xf0\xe8", "При"}, 932: {"\x93\xfa\x96\x7b", "日本"}, 65001: {"ü", "ü"}} {
		r := extractBytes(t, "vbaProject.bin", oleOf(vbaOf(code, vbaFile{"Module1", "' " + c.bytes})...), Options{})
		if got := r.text["VBA/Module1.bas"]; got == nil || got.String() != "' "+c.text {
			t.Errorf("code page %d: %v", code, got)
		}
	}
}

// TestDamagedMacros: a file whose macros are not, or not wholly, read is not Complete, and its own text is read all the same.
func TestDamagedMacros(t *testing.T) {
	sound := func() []oleNode {
		return vbaOf(1252, vbaFile{"Module1", moduleText}, vbaFile{"Other", "' nothing\r\n"})
	}
	change := func(name string, f func(data string) string) []oleNode {
		project := sound()
		for i := range project[0].in {
			if n := &project[0].in[i]; n.name == name {
				n.data = f(n.data)
			}
		}
		return project
	}
	dir := vbaDir(1252, 77, vbaFile{"Module1", moduleText}, vbaFile{"Other", ""})
	form := append(sound(), oleNode{name: "Form1", in: []oleNode{{name: "f", data: "x"}, {name: "o", data: "y"}, {name: "\x03VBFrame", data: "Caption = \"042-68-1357\"\r\n"}}})
	for name, c := range map[string]struct {
		project []oleNode
		found   bool // what the module has in it
	}{
		"no dir":                         {change("dir", func(string) string { return "" }), false},
		"a dir that is not packed":       {change("dir", func(string) string { return dir }), false},
		"a dir that is cut off":          {change("dir", func(string) string { return packVBA(dir[:len(dir)-20]) }), true},
		"a record of four billion bytes": {change("dir", func(string) string { return packVBA("\x04\x00\xff\xff\xff\xffx" + dir) }), false},
		"a dir of fewer modules":         {change("dir", func(string) string { return packVBA(vbaDir(1252, 77, vbaFile{"Module1", ""})) }), true},
		"a module that is not there": {change("dir", func(string) string {
			return packVBA(vbaDir(1252, 77, vbaFile{"Module1", ""}, vbaFile{"Other", ""}, vbaFile{"Third", ""}))
		}), true},
		"a stream of two modules": {change("dir", func(string) string {
			return packVBA(vbaDir(1252, 77, vbaFile{"Module1", ""}, vbaFile{"Module1", ""}, vbaFile{"Other", ""}))
		}), true},
		"a module with another offset": {change("dir", func(string) string { return packVBA(vbaDir(1252, 78, vbaFile{"Module1", ""}, vbaFile{"Other", ""})) }), false},
		"a module that ends before it": {change("dir", func(string) string { return packVBA(vbaDir(1252, 1<<31, vbaFile{"Module1", ""}, vbaFile{"Other", ""})) }), false},
		"a module that is cut off":     {change("Module1", func(data string) string { return data[:len(data)-9] }), true},
		"another module that is empty": {change("Other", func(data string) string { return "" }), true},
		"no storage VBA":               {sound()[1:], false},
		"a form":                       {form, true},
	} {
		for in, data := range macroFiles(t, c.project) {
			if in == "vbaProject.bin" {
				continue
			}
			r := extractBytes(t, in, data, Options{})
			if r.status[""].Code != Partial {
				t.Errorf("%s in %s: %v", name, in, r.status)
			}
			found := false
			for _, h := range r.found {
				found = found || strings.Contains(h.doc, "VBA") && h.value == "536-90-4399"
			}
			if found != c.found {
				t.Errorf("%s in %s: found %v in %v: %v", name, in, found, r.docs, r.status)
			}
			if r.text[""].Len() == 0 {
				t.Errorf("%s in %s: its own text is not read", name, in)
			}
		}
	}
}

// TestOldMacros: macros of Excel 5 and 95, which are in another format, are told.
func TestOldMacros(t *testing.T) {
	data := macroFiles(t, vbaOf(1252, vbaFile{"Module1", moduleText}))["macro.xls"]
	at := bytes.Index(data, []byte(wide16("_VBA_PROJECT_CUR", binary.LittleEndian)))
	name := wide16("_VBA_PROJECT", binary.LittleEndian)
	copy(data[at:], name+strings.Repeat("\x00", 8))
	data[at+64] = byte(len(name) + 2)
	if r := extractBytes(t, "a.xls", data, Options{}); r.status[""].Code != Partial || len(r.found) == 0 {
		t.Errorf("%v, found %v", r.status, r.found)
	}
}

// TestFlatMacros: macros in a Word file of one piece are not read, which is told.
func TestFlatMacros(t *testing.T) {
	body := `<w:body><w:p><w:r><w:t>536-90-4399</w:t></w:r></w:p></w:body>`
	flat := func(name string) string {
		return `<?xml version="1.0"?><?mso-application progid="Word.Document"?><pkg:package xmlns:pkg="p"><pkg:part pkg:name="/word/document.xml"><pkg:xmlData><w:document xmlns:w="w">` + body +
			`</w:document></pkg:xmlData></pkg:part><pkg:part pkg:name="/word/` + name + `"><pkg:binaryData>AAAA</pkg:binaryData></pkg:part></pkg:package>`
	}
	old := func(more string) string {
		return `<?xml version="1.0"?><w:wordDocument xmlns:w="w">` + more + body + `</w:wordDocument>`
	}
	for text, want := range map[string]Code{flat("media/a.png"): Complete, flat("vbaProject.bin"): Partial, old(""): Complete,
		old(`<w:docSuppData><w:binData w:name="editdata.mso">AAAA</w:binData></w:docSuppData>`): Partial} {
		if r := extractBytes(t, "a.xml", []byte(text), Options{}); r.status[""].Code != want || len(r.found) != 1 {
			t.Errorf("%s: %v, found %v", text, r.status, r.found)
		}
	}
}

// TestManyModules: modules and descriptions without end are told, and what is held is given back.
func TestManyModules(t *testing.T) {
	for name, records := range map[string]string{
		"modules":      strings.Repeat(vbaRecord(vbaModuleName, "M"), maxModules+1),
		"descriptions": strings.Repeat(vbaRecord(vbaDescription, strings.Repeat("d", 2000))+vbaRecord(vbaDescription, "e"), 50),
	} {
		dir := packVBA(vbaRecord(vbaCodePage, "\xe4\x04") + records + vbaRecord(vbaEnd, ""))
		data := oleOf(oleNode{name: "VBA", in: []oleNode{{name: "dir", data: dir}, {name: "M", data: packVBA("x")}}})
		demand(t, "vbaProject.bin", data)
		if r := extractBytes(t, "vbaProject.bin", data, Options{}); r.status[""].Code == Complete {
			t.Errorf("%s: %v", name, r.status)
		}
	}
}

// TestOpenDocumentMacros reads the macros of a text of OpenDocument.
func TestOpenDocumentMacros(t *testing.T) {
	r := extractBytes(t, "a.odt", zipOf(file{"mimetype", "application/vnd.oasis.opendocument.text"},
		file{"content.xml", "<office:document-content><office:body><office:text><text:p>x</text:p></office:text></office:body></office:document-content>"},
		file{"Basic/Standard/Module1.xml", "<script:module script:name=\"Module1\">Sub A\nREM SSN 536-90-4399\nEnd Sub</script:module>"},
		file{"Scripts/python/a.py", "# 042-68-1357\n"}), Options{})
	if len(r.found) != 2 || r.status[""].Code != Complete {
		t.Errorf("found %v: %v", r.found, r.status)
	}
}

// TestMacroCases: the files of the cases that are made here are as they are made here.
func TestMacroCases(t *testing.T) {
	broken := vbaOf(1252, vbaFile{"Module1", moduleText})
	broken[0].in[0].data = "\x00"
	for before, project := range map[string][]oleNode{"": vbaOf(1252, vbaFile{"Module1", moduleText}), "no-dir-": broken} {
		for name, data := range macroFiles(t, project) {
			path := filepath.Join("../classify/testdata/cases/109-macros", before+name)
			if *update {
				if err := os.WriteFile(path, data, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			if was, err := os.ReadFile(path); err != nil || !bytes.Equal(was, data) {
				t.Errorf("%s is not as it is made, %v", path, err)
			}
		}
	}
}

// FuzzMacros gives the reader of macros broken streams: dir as it is before it is packed, a stream that is packed, and where its source begins.
func FuzzMacros(f *testing.F) {
	f.Add(vbaDir(1252, 3, vbaFile{"M", ""}), "abc"+packVBA(moduleText), packVBA("' x"), true)
	f.Add(vbaDir(65001, 0, vbaFile{"M", ""}, vbaFile{"N", ""}), "\x01\x03\xb0\x02a\x45\x00", "\x01\x03\xb0\x02a\xff\xff", true)
	f.Add(packVBA(vbaDir(10000, 0, vbaFile{"N", ""}))[:60], "\x01", "", false)
	f.Fuzz(func(t *testing.T, dir, m, n string, pack bool) {
		if len(dir)+len(m)+len(n) > 64*kib {
			t.Skip("larger than worth while")
		}
		if pack {
			dir = packVBA(dir)
		}
		demand(t, "vbaProject.bin", oleOf(oleNode{name: "VBA", in: []oleNode{{name: "dir", data: dir}, {name: "M", data: m}, {name: "N", data: n}}}))
		if text, err := unpackVBA(m); err == nil {
			if again, err := unpackVBA(packVBA(text)); again != text || err != nil {
				t.Fatalf("packed and unpacked: %q %v, want %q", again, fmt.Sprint(err), text)
			}
		}
	})
}
