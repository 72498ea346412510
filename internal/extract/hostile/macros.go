package hostile

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// vbaRecord is a record of the directory of macros.
func vbaRecord(id uint16, data string) string {
	b := binary.LittleEndian.AppendUint16(nil, id)
	return string(binary.LittleEndian.AppendUint32(b, uint32(len(data)))) + data
}

// vbaPlain is a stream of macros whose chunks are as they are.
func vbaPlain(text string) string {
	var b strings.Builder
	b.WriteByte(1)
	for len(text) > 0 {
		n := min(len(text), 4096)
		b.Write(binary.LittleEndian.AppendUint16(nil, uint16(0x3000+n-1)))
		b.WriteString(text[:n])
		text = text[n:]
	}
	return b.String()
}

// vbaPacked is a stream of so many chunks of 23 bytes that become 4,096.
func vbaPacked(chunks int) string {
	const chunk = "\x14\xb0\x00ssn 536-\x0090-4399 \x01\xed\xff"
	return "\x01" + strings.Repeat(chunk, chunks)
}

// vbaModules is a directory that names n modules, m0 and so on, whose sources begin at a place in their streams.
func vbaModules(n int, source uint32) string {
	var b strings.Builder
	b.WriteString(vbaRecord(0x03, "\xe4\x04") + vbaRecord(0x0f, string(binary.LittleEndian.AppendUint16(nil, uint16(n)))))
	for i := range n {
		name := fmt.Sprint("m", i)
		b.WriteString(vbaRecord(0x19, name) + vbaRecord(0x1a, name) + vbaRecord(0x31, string(binary.LittleEndian.AppendUint32(nil, source))) + vbaRecord(0x21, ""))
	}
	return b.String() + vbaRecord(0x10, "")
}

// macros is a workbook with a project of a directory and n modules, all of which have one stream. Beside them the project has as many
// forms, all of which have that stream as well. says is the size of the stream; 0: as it is.
func macros(dir, module string, n, says, forms int) []byte {
	const dirAt, moduleAt = 2, 3
	all := []stream{{name: "Workbook", data: book(nil, labelCell(0, "x"))}, {name: "dir", data: dir}, {name: "m0", data: module, says: says}}
	return compound(all, func(o *ole) {
		le := binary.LittleEndian
		first, size := le.Uint32(o.entries[128*moduleAt+116:]), le.Uint32(o.entries[128*moduleAt+120:])
		if says > 0 { // it leads back to its beginning
			for at := first; ; at = o.fat[at] {
				if o.fat[at] == oleEnd {
					o.fat[at] = first
					break
				}
			}
		}
		at := uint32(moduleAt + 1)
		le.PutUint32(o.entries[128*(dirAt-1)+72:], at) // behind the streams of the document: the project
		vba := at + 1
		o.entry("_VBA_PROJECT_CUR", 1, links{oleNone, oleNone, vba}, oleEnd, 0)
		next := func(more bool, step uint32) uint32 {
			if !more {
				return oleNone
			}
			return uint32(len(o.entries)/128) + step
		}
		o.entry("VBA", 1, links{oleNone, next(forms > 0, 1), dirAt}, oleEnd, 0)
		for i := range forms {
			here := uint32(len(o.entries) / 128)
			o.entry(fmt.Sprint("f", i), 1, links{oleNone, next(i < forms-1, 2), here + 1}, oleEnd, 0)
			o.entry("\x03VBFrame", 2, links{oleNone, oleNone, oleNone}, first, int(size))
		}
		if n > 1 {
			le.PutUint32(o.entries[128*moduleAt+72:], uint32(len(o.entries)/128))
		}
		for i := 1; i < n; i++ {
			o.entry(fmt.Sprint("m", i), 2, links{oleNone, next(i < n-1, 1), oleNone}, first, int(size))
		}
		le.PutUint32(o.header[48:], o.put(string(o.entries)))
	})
}

var macroFiles = []File{
	{"modules.xls", "10,000 modules that are one, of 40 MB, packed", func() []byte {
		return macros(vbaPlain(vbaModules(10_000, 0)), vbaPacked(10_000), 10_000, 0, 0)
	}},
	{"empty-modules.xls", "16,000 modules that are damaged", func() []byte {
		return macros(vbaPlain(vbaModules(16_000, 0)), "\x01", 16_000, 0, 0)
	}},
	{"sources.xls", "modules whose sources begin behind a gigabyte that leads back to its beginning", func() []byte {
		return macros(vbaPlain(vbaModules(2000, 1<<30)), vbaPacked(1000), 2000, 1<<31-1, 0)
	}},
	{"descriptions.xls", "a directory of macros of 2 million descriptions, packed", func() []byte {
		const record = "\x1c\x00\x02\x00\x00\x00xy"
		chunk := "\x0c\xb0\x00" + record + "\x02" + "\x1c" + "\xf4\x7f"
		return macros("\x01"+vbaPlain(vbaRecord(0x03, "\xe4\x04"))[1:]+strings.Repeat(chunk, 4000), "\x01", 1, 0, 0)
	}},
	{"long-records.xls", "a directory of macros of records of 4 GB", func() []byte {
		return macros(vbaPlain(strings.Repeat("\x05\x00\xff\xff\xff\xff"+strings.Repeat("ssn 536-90-4399 ", 100), 2000)), "\x01", 1, 0, 0)
	}},
	{"forms.xls", "14,000 forms that are one", func() []byte {
		return macros(vbaPlain(vbaModules(1, 0)), numbers(14_000), 1, 0, 14_000)
	}},
	{"projects.docm", "100 projects of 2,000 modules each in a document", func() []byte {
		project := string(macros(vbaPlain(vbaModules(2000, 0)), vbaPacked(10), 2000, 0, 0))
		parts := []part{
			{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`},
			{"word/document.xml", `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>ssn 536-90-4399</w:t></w:r></w:p></w:body></w:document>`},
		}
		for i := range 100 {
			parts = append(parts, part{fmt.Sprintf("word/vbaProject%d.bin", i), project})
		}
		return zipOf(parts...)
	}},
}
