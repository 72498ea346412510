package extract

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"

	"magpie/internal/extract/hostile"
)

const otherSecret = "042-68-1357"

// A file that says less of itself than it holds is read further, or does not end COMPLETE.
func TestNothingIsLeftUnread(t *testing.T) {
	one, two := zipOf(file{"a.txt", secret}), zipOf(file{"b.txt", otherSecret})
	both := zipOf(file{"a.txt", secret}, file{"b.txt", otherSecret})
	end := func(z []byte) int { return bytes.LastIndex(z, []byte("PK\x05\x06")) }
	comment := func(z []byte, text string) []byte {
		z = append(bytes.Clone(z), text...)
		binary.LittleEndian.PutUint16(z[end(z[:len(z)-len(text)])+20:], uint16(len(text)))
		return z
	}
	empty := "PK\x05\x06" + strings.Repeat("\x00", 18)
	set16 := func(z []byte, at int, v uint16) []byte {
		z = bytes.Clone(z)
		binary.LittleEndian.PutUint16(z[end(z)+at:], v)
		return z
	}
	// An entry of which the directory says that it is empty, stored as it is.
	stored := func() []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		h := &zip.FileHeader{Name: "a.txt", Method: zip.Store, CompressedSize64: uint64(len(secret)), UncompressedSize64: uint64(len(secret))}
		w, err := z.CreateRaw(h)
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(secret))
		z.Close()
		data := b.Bytes()
		at := bytes.Index(data, []byte("PK\x01\x02"))
		clear(data[at+20 : at+28])
		return data
	}()
	// A directory without the first of two entries.
	cut := func() []byte {
		at := bytes.Index(both, []byte("PK\x01\x02"))
		next := at + 4 + bytes.Index(both[at+4:], []byte("PK\x01\x02"))
		z := append(bytes.Clone(both[:at]), both[next:]...)
		e := end(z)
		binary.LittleEndian.PutUint16(z[e+8:], 1)
		binary.LittleEndian.PutUint16(z[e+10:], 1)
		binary.LittleEndian.PutUint32(z[e+12:], uint32(e-at))
		return z
	}()
	// What follows the end of what is packed.
	behindDeflate := func() []byte {
		z := bytes.Clone(one)
		at := bytes.Index(z, []byte("PK\x01\x02"))
		name := 30 + int(binary.LittleEndian.Uint16(z[26:])) + int(binary.LittleEndian.Uint16(z[28:]))
		packed := binary.LittleEndian.Uint32(z[at+20:])
		hidden := []byte(otherSecret)
		z = append(z[:name+int(packed)], append(hidden, z[name+int(packed):]...)...)
		at += len(hidden)
		binary.LittleEndian.PutUint32(z[at+20:], packed+uint32(len(hidden)))
		e := end(z)
		binary.LittleEndian.PutUint32(z[e+16:], uint32(at))
		return z
	}()
	bz, err := os.ReadFile(filepath.Join("testdata", "a.txt.bz2"))
	if err != nil {
		t.Fatal(err)
	}
	xz, err := os.ReadFile(filepath.Join("testdata", "a.txt.xz"))
	if err != nil {
		t.Fatal(err)
	}
	tarA, tarB := tarOf(file{"a.txt", secret}), tarOf(file{"b.txt", otherSecret})
	odd := func() []byte { // a type of file that holds something all the same
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		w.WriteHeader(&tar.Header{Name: "a.txt", Typeflag: tar.TypeCont, Size: int64(len(secret)), Mode: 0o600})
		w.Write([]byte(secret))
		w.Close()
		return b.Bytes()
	}()
	native := func(declared int, rest string) []byte {
		var b bytes.Buffer
		b.WriteString("\x02\x00a.txt\x00C:\\a.txt\x00\x00\x00\x03\x00\x01\x00\x00\x00\x00")
		binary.Write(&b, binary.LittleEndian, uint32(declared))
		return append(append(b.Bytes(), secret...), rest...)
	}
	wide := "\x03\x00\x00\x00a\x00b\x00c\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	object := func(class string, data []byte) string {
		var b bytes.Buffer
		binary.Write(&b, binary.LittleEndian, []uint32{0x501, 2, uint32(len(class) + 1)})
		b.WriteString(class + "\x00")
		binary.Write(&b, binary.LittleEndian, []uint32{0, 0, uint32(len(data))})
		b.Write(data)
		return `{\object\objemb{\*\objclass ` + class + `}{\*\objdata ` + hex.EncodeToString(b.Bytes()) + `}{\result{\pict 00}}}`
	}
	rtf := func(body string) []byte { return []byte(`{\rtf1\ansi ` + body + "}") }
	avro := func(count int64, codec string, data string) []byte {
		var b bytes.Buffer
		text := func(s string) { b.Write(binary.AppendVarint(nil, int64(len(s)))); b.WriteString(s) }
		b.WriteString("Obj\x01\x04")
		text("avro.schema")
		text(`"string"`)
		text("avro.codec")
		text(codec)
		b.WriteString("\x00" + strings.Repeat("s", 16))
		b.Write(binary.AppendVarint(nil, count))
		text(data)
		b.WriteString(strings.Repeat("s", 16))
		return b.Bytes()
	}
	// An entry of which the name is that of a directory.
	folder := func() []byte {
		z := zipStored("a.txtX", []byte(secret))
		z = bytes.ReplaceAll(z, []byte("a.txtX"), []byte("a.txt/"))
		at := bytes.Index(z, []byte("PK\x01\x02"))
		clear(z[at+24 : at+28])
		return z
	}()
	word := func(text string, files ...file) []byte {
		return zipOf(append([]file{{"[Content_Types].xml", "<Types/>"}, {"word/document.xml", "<w:document><w:body><w:p><w:r><w:t>" + text + "</w:t></w:r></w:p></w:body></w:document>"}}, files...)...)
	}
	named := "\x02\x00" + otherSecret + ".txt\x00C:\\a.txt\x00\x00\x00\x03\x00\x01\x00\x00\x00\x00" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(secret)))) + secret

	program := "MZ\x90\x00\x03" + strings.Repeat("\x00\x01\x02\xff", 99)
	noise := make([]byte, 500) // that does not pack
	for i := range noise {
		noise[i] = byte(i * i * i >> 4)
	}

	entities := func(subset string) []byte {
		return []byte("<?xml version='1.0'?><!DOCTYPE a [" + subset + "]><a>&e;</a>")
	}
	manyEntities := func(n int, value ...string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "<!ENTITY n%d '%s'>", i, strings.Join(value, ""))
		}
		return b.String()
	}

	for _, c := range []struct {
		what, name string
		data       []byte
		found      int // at least
		complete   bool
	}{
		{"a comment full of what ends a zip", "a.zip", comment(one, strings.Repeat("PK\x05\x06", 2000)), 1, true},
		{"a comment that is an empty zip", "a.zip", comment(one, empty), 1, true},
		{"a comment with an empty zip up to the end of the file", "a.zip", comment(one, "x"+empty), 1, true},
		{"a comment of empty zips, and bytes behind it", "a.zip", append(comment(one, strings.Repeat(empty, 100)), "behind"...), 1, true},
		{"a zip stored in a zip", "a.zip", zipStored("b.zip", two), 1, true},
		{"a count of one where there are two", "a.zip", set16(set16(both, 8, 1), 10, 1), 2, true},
		{"a directory that says that it is short", "a.zip", set16(both, 12, 60), 2, true},
		{"a file that the directory does not list", "a.zip", cut, 1, false},
		{"a zip behind another", "a.zip", append(bytes.Clone(one), two...), 1, false},
		{"a size of nothing in the directory", "a.zip", stored, 1, true},
		{"bytes behind what is packed", "a.zip", behindDeflate, 1, false},
		{"an entity that is longer than is put in its places", "a.xml", entities("<!ENTITY e '" + strings.Repeat("long ", 2000) + secret + "'>"), 1, true},
		{"an entity behind a thousand", "a.xml", entities(manyEntities(1200) + "<!ENTITY last '" + secret + "'>"), 1, true},
		{"entities of more than a megabyte", "a.xml", entities(manyEntities(400, strings.Repeat("wide ", 800)) + "<!ENTITY last '" + strings.Repeat("wide ", 700) + secret + "'>"), 1, true},
		{"an entity that only one uses that is too long", "a.xml", entities("<!ENTITY s '" + secret + "'><!ENTITY big '&s;" + strings.Repeat("long ", 2000) + "'>"), 1, true},
		{"an entity that is declared again", "a.xml", entities("<!ENTITY e 'x'><!ENTITY e '" + secret + "'>"), 1, true},
		{"an entity with a long name", "a.xml", entities("<!ENTITY " + strings.Repeat("e", 200) + " '" + secret + "'>"), 1, true},
		{"an entity in another file", "a.xml", entities("<!ENTITY e SYSTEM '" + secret + "'>"), 1, true},
		{"what stands before entities", "a.xml", []byte("<?xml version='1.0'?><!DOCTYPE a PUBLIC '" + secret + "' [<!ENTITY e 'x'>]><a>&e;</a>"), 1, true},
		{"an entity with the end of a tag in it", "a.xml", entities("<!ENTITY e 'a>" + secret + "'>"), 1, true},
		{"an entity that does not end", "a.xml", entities("<!ENTITY e '" + secret), 1, true},
		{"a text behind gzip", "a.txt.gz", append(gzipOf([]byte(secret)), otherSecret...), 1, false},
		{"gzip behind gzip", "a.txt.gz", append(gzipOf([]byte(secret+"\n")), gzipOf([]byte(otherSecret))...), 2, true},
		{"a size in gzip that is not that of the text", "a.txt.gz", func() []byte { z := gzipOf([]byte(secret)); z[len(z)-4]--; return z }(), 1, false},
		{"a text behind bzip2", "a.txt.bz2", append(bytes.Clone(bz), otherSecret...), 1, false},
		{"bzip2 behind bzip2", "a.txt.bz2", append(bytes.Clone(bz), bz...), 2, true},
		{"a text behind xz", "a.txt.xz", append(bytes.Clone(xz), otherSecret+"--"...), 1, false},
		{"xz behind xz", "a.txt.xz", append(bytes.Clone(xz), xz...), 2, true},
		{"a text behind zstd", "a.txt.zst", append(zstdOf([]byte(secret)), otherSecret...), 1, false},
		{"zstd behind zstd", "a.txt.zst", append(zstdOf([]byte(secret+"\n")), zstdOf([]byte(otherSecret))...), 2, true},
		{"a tar behind another", "a.tar", append(bytes.Clone(tarA), tarB...), 2, true},
		{"zeros behind a tar", "a.tar", append(bytes.Clone(tarA), make([]byte, 20_001)...), 1, true},
		{"a text behind a tar", "a.tar", append(bytes.Clone(tarA), strings.Repeat("ssn "+otherSecret+"\n", 100)...), 1, false},
		{"a short text behind a tar", "a.tar", append(bytes.Clone(tarA), otherSecret...), 1, false},
		{"a type of a file in a tar that is seldom", "a.tar", odd, 1, true},
		{"an object", "a.rtf", rtf(object("Package", native(len(secret), ""))), 1, true},
		{"an object with names behind it", "a.rtf", rtf(object("Package", native(len(secret), wide))), 1, true},
		{"an object with more behind it", "a.rtf", rtf(object("Package", native(len(secret), otherSecret))), 2, true},
		{"a text where the packager would have put its header", "a.rtf", rtf(object("Package", []byte("a text, "+secret))), 1, true},
		{"a zip where the packager would have put its header", "a.rtf", rtf(object("Package", one)), 1, true},
		{"a text where the header would be, cut off", "a.rtf", rtf(strings.Replace(object("Package", []byte("a text, "+secret)), hex.EncodeToString(binary.LittleEndian.AppendUint32(nil, uint32(8+len(secret)))), "ff0f0000", 1)), 1, false},
		{"text between the files of a zip and its directory", "a.zip", beforeDirectory(one, otherSecret), 2, true},
		{"text before a zip", "a.zip", append([]byte("ssn "+otherSecret+"\n"), one...), 2, true},
		{"a script before a zip", "a.zip", append([]byte("#!/bin/sh\n# "+otherSecret+"\n"+strings.Repeat("exec unzip $0\n", 10_000)), one...), 2, true},
		{"filling and another zip before the directory of a zip", "a.zip", beforeDirectory(one, strings.Repeat("x", 100_000)+string(two)), 1, false},
		{"zeros and bytes before the directory of a zip", "a.zip", beforeDirectory(one, "\x00\x00\x00\x01\x02\x03\xff\xfe\xfd\xfc"+strings.Repeat("\x00", 99)), 1, true},
		{"a program that knows of zips before a zip", "a.exe", append([]byte(program+"PK\x03\x04\x14\x00\x00\x00PK\x01\x02"+strings.Repeat("\x00", 14)+"\x08\x00\x00\x00inflate 1.2.3\x00"), one...), 1, true},
		{"a program with an odd size in what looks like a member before a zip", "a.exe", append([]byte(program+"PK\x03\x04\x14\x00\x00\x00\x00\x00"+strings.Repeat("\x00", 8)+"\x11\x00\x00\x00\x99\x00\x00\x00"+"\x08\x00\x00\x00inflate 1.2.3\x00"), one...), 1, true},
		{"a program and a zip before a zip", "a.exe", append(append([]byte(program), two...), one...), 1, false},
		{"a program and a stored file before a zip", "a.exe", append(append([]byte(program), stored...), one...), 1, false},
		{"a directory in a zip that has something in it", "a.zip", folder, 1, true},
		{"a part of a document that is there twice", "a.docx", word(otherSecret, file{"word/document.xml", "<w:document><w:body><w:p><w:r><w:t>" + secret + "</w:t></w:r></w:p></w:body></w:document>"}), 1, false},
		{"files among the parts of a document", "a.docx", word(secret, file{"a.log", otherSecret}, file{"word/x.bin", string(two)}), 3, true},
		{"pictures and settings among the parts of a document", "a.docx", word(secret, file{"word/media/a.png", "PK\x03\x04"}, file{"word/x.bin", "\x01\x00\x02\xff"}), 1, true},
		{"a document behind another", "a.docx", append(word(otherSecret), word(secret)...), 1, false},
		{"text before the directory of a document", "a.docx", beforeDirectory(word(secret), strings.Repeat("filling ", 20)+otherSecret), 2, true},
		{"a short text before the directory of a document", "a.docx", beforeDirectory(word(secret), "ssn "+otherSecret), 2, true},
		{"a short text before a document", "a.docx", append([]byte("ssn "+otherSecret+"\n"), word(secret)...), 2, true},
		{"a short script before a document", "a.docx", append([]byte("#!/bin/sh\n# "+otherSecret+"\n"), word(secret)...), 2, true},
		{"a short text between the parts of a document", "a.docx", behindFirst(word(secret), "ssn "+otherSecret+", and so on"), 2, true},
		{"a picture that is listed twice, and text before the directory of a document", "a.docx", listedTwice(beforeDirectory(word(secret, file{"word/a.png", string(noise)}), strings.Repeat("filling ", 50)+otherSecret)), 2, true},
		{"a file among the parts of a document that cannot be unpacked", "a.docx", func() []byte {
			z := word(secret, file{"a.log", otherSecret})
			z[bytes.Index(z, []byte("a.log"))+len("a.log")] = 0xff // no kind of block
			return z
		}(), 1, false},
		{"a file among the parts of a document of which nothing is there", "a.docx", func() []byte {
			z := word(secret, file{"a.log", ""})
			at := bytes.LastIndex(z, []byte("PK\x01\x02"))
			binary.LittleEndian.PutUint32(z[at+24:], uint32(len(otherSecret)))
			return z
		}(), 1, false},
		{"an empty file among the parts of a document", "a.docx", word(secret, file{"a.log", ""}), 1, true},
		{"an object with a name that says something", "a.rtf", rtf(object("Package", []byte(named))), 2, true},
		{"an object that says that it is empty", "a.rtf", rtf(object("Package", native(0, otherSecret))), 2, true},
		{"an object that says that it is longer", "a.rtf", rtf(object("Package", native(len(secret)+1, ""))), 1, false},
		{"an object of a program", "a.rtf", rtf(object("Odd.1", []byte(strings.Repeat("\x00\x01\x02\xff", 99)))), 0, false},
		{"an object cut off", "a.rtf", rtf(`{\object{\*\objdata 0105}}` + secret), 1, false},
		{"a text behind RTF", "a.rtf", append(rtf(secret), "\r\nssn "+otherSecret...), 2, true},
		{"RTF behind RTF", "a.rtf", append(rtf(secret), rtf(otherSecret)...), 2, true},
		{"bytes behind RTF", "a.rtf", append(rtf(secret), "\x01\x02\x03"+otherSecret...), 2, false},
		{"zeros behind RTF", "a.rtf", append(rtf(secret), make([]byte, 99)...), 1, true},
		{"a block of Avro with more than its records", "a.avro", avro(1, "null", avroText(secret)+avroText(otherSecret)), 1, false},
		{"a block of Avro without records", "a.avro", avro(0, "null", avroText(otherSecret)), 0, false},
		{"a block of Avro, packed, with more behind it", "a.avro", avro(1, "deflate", "\x01\x11\x00\xee\xff"+avroText(secret)+otherSecret), 1, false},
	} {
		r := extractBytes(t, c.name, c.data, Options{})
		if got := r.status[""]; (got.Code == Complete) != c.complete {
			t.Errorf("%s: %v", c.what, r.status)
		}
		if len(r.found) < c.found {
			t.Errorf("%s: %d found of %d: %v", c.what, len(r.found), c.found, r.status)
		}
	}
}

// beforeDirectory puts something before the directory of a zip, of which it says nothing.
func beforeDirectory(z []byte, text string) []byte {
	at := bytes.Index(z, []byte("PK\x01\x02"))
	out := append(append(bytes.Clone(z[:at]), text...), z[at:]...)
	binary.LittleEndian.PutUint32(out[bytes.LastIndex(out, []byte("PK\x05\x06"))+16:], uint32(at+len(text)))
	return out
}

// Text between the members of a zip is in UTF-8 wherever the pieces end in which it is read.
func TestLongTextInAZip(t *testing.T) {
	for _, shift := range []string{"", "x"} {
		text := "ssn " + otherSecret + " " + shift + strings.Repeat("\u00e9", 30_000)
		r := extractBytes(t, "a.zip", beforeDirectory(zipOf(file{"a.txt", secret}), text), Options{})
		if got := r.text[""].String(); !strings.Contains(got, text) || r.status[""].Code != Complete {
			t.Errorf("shifted by %d: %d bytes, %v", len(shift), len(got), r.status)
		}
	}
}

// behindFirst puts something behind the first member of a zip.
func behindFirst(z []byte, text string) []byte {
	at := 4 + bytes.Index(z[4:], []byte("PK\x03\x04"))
	out := append(append(bytes.Clone(z[:at]), text...), z[at:]...)
	end := bytes.LastIndex(out, []byte("PK\x05\x06"))
	dir := len(text) + int(binary.LittleEndian.Uint32(out[end+16:]))
	binary.LittleEndian.PutUint32(out[end+16:], uint32(dir))
	for e := out[dir:end]; len(e) > 0; {
		if v := binary.LittleEndian.Uint32(e[42:]); int(v) >= at {
			binary.LittleEndian.PutUint32(e[42:], v+uint32(len(text)))
		}
		e = e[46+int(binary.LittleEndian.Uint16(e[28:]))+int(binary.LittleEndian.Uint16(e[30:])):]
	}
	return out
}

// listedTwice lists the last member of a zip once more.
func listedTwice(z []byte) []byte {
	end, last := bytes.LastIndex(z, []byte("PK\x05\x06")), bytes.LastIndex(z, []byte("PK\x01\x02"))
	out := append(append(bytes.Clone(z[:end]), z[last:end]...), z[end:]...)
	e := out[len(out)-22:]
	binary.LittleEndian.PutUint16(e[8:], binary.LittleEndian.Uint16(e[8:])+1)
	binary.LittleEndian.PutUint16(e[10:], binary.LittleEndian.Uint16(e[10:])+1)
	binary.LittleEndian.PutUint32(e[12:], binary.LittleEndian.Uint32(e[12:])+uint32(end-last))
	return out
}

// Text behind zeros is found wherever it begins in the pieces in which what stands between members is looked at.
func TestTextBehindZerosInAZip(t *testing.T) {
	one := zipOf(file{"a.txt", secret})
	for _, whole := range []int{64*kib - 16, 2*64*kib - 29 - 16} { // behind the first piece, which begins with the end of the member, and the second
		for n := whole - 40; n <= whole+40; n++ {
			z := beforeDirectory(one, strings.Repeat("\x00", n)+"ssn "+otherSecret+strings.Repeat(" and so on", 10))
			if r := extractBytes(t, "a.zip", z, Options{}); r.status[""].Code != Complete || len(r.found) != 2 {
				t.Fatalf("behind %d zeros: %d found, %v", n, len(r.found), r.status)
			}
		}
	}
}

func zipStored(name string, data []byte) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, _ := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
	w.Write(data)
	z.Close()
	return b.Bytes()
}

// A chunk of Parquet that says that it has fewer values than its pages.
func TestParquetWithMoreValues(t *testing.T) {
	var b bytes.Buffer
	w := parquet.NewGenericWriter[person](&b)
	w.Write(people(50))
	w.Close()
	data := b.Bytes()
	if r := extractBytes(t, "a.parquet", data, Options{}); r.status[""].Code != Complete {
		t.Fatal(r.status)
	}
	// The footer is written anew.
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	meta := *f.Metadata()
	for i := range meta.RowGroups {
		for k := range meta.RowGroups[i].Columns {
			meta.RowGroups[i].Columns[k].MetaData.NumValues = 1
		}
	}
	footer, err := thrift.Marshal(new(thrift.CompactProtocol), &meta)
	if err != nil {
		t.Fatal(err)
	}
	if r := extractBytes(t, "a.parquet", withFooter(data, footer), Options{}); r.status[""].Code == Complete {
		t.Error(r.status)
	}
}

// withFooter is a Parquet file with another footer.
func withFooter(data, footer []byte) []byte {
	size := int(binary.LittleEndian.Uint32(data[len(data)-8:]))
	data = append(append(bytes.Clone(data[:len(data)-8-size]), footer...), binary.LittleEndian.AppendUint32(nil, uint32(len(footer)))...)
	return append(data, "PAR1"...)
}

// A text that is longer when it is decoded than what is read at once.
func TestLongHeadOfAnotherCharset(t *testing.T) {
	data := []byte(`{"a":"` + strings.Repeat("\xe4\xf6", 200_000) + otherSecret + `"}`)
	if r := extractBytes(t, "a.json", data, Options{}); r.status[""].Code != Complete || len(r.found) != 1 || r.mimes[""] != "application/json" {
		t.Errorf("%v %v, %d found", r.status, r.mimes, len(r.found))
	}
	deep := []byte(strings.Repeat("[", 100_000))
	if r := extractBytes(t, "a.json", deep, Options{}); r.status[""].Reason != JSONNestingLevelOverLimit {
		t.Errorf("%v", r.status)
	}
}

// What was put into an old Office file is opened.
func TestObjectsOfOldOffice(t *testing.T) {
	for _, f := range hostile.Files() {
		if f.Name != "pool.doc" {
			continue
		}
		r := extractBytes(t, f.Name, f.Make(), Options{MaxTotalBytes: 3 * mib})
		inside := 0
		for _, h := range r.found {
			if h.doc == "a" {
				inside++
			}
		}
		if s := r.status[""]; inside < 65_000 || s.Code != Partial || s.Reason != ArchiveTotalBytesExtractedOverLimit {
			t.Errorf("%d found inside, %v", inside, r.status)
		}
	}
}

// A message that is attached to one of Outlook's as a property is not read, and that is said.
func TestTNEFObject(t *testing.T) {
	attribute := func(id uint16, data string) string {
		b := binary.LittleEndian.AppendUint16([]byte{2}, id)
		b = append(b, 6, 0)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
		return string(b) + data + "\x00\x00"
	}
	mail := string(tnefMagic) + "\x01\x00" + attribute(tnefBody, secret) + attribute(tnefRender, "") + attribute(tnefData, otherSecret)
	filling := strings.Repeat("property", 1000)
	for rest, want := range map[string]Code{
		"":                               Complete,
		attribute(tnefAttached, filling): Complete,
		attribute(tnefAttached, filling+"\x0d\x00\x01\x37\x01\x00\x00\x00"+filling): Partial,
		attribute(tnefAttached, strings.Repeat("x", 4095)+"\x0d\x00\x01\x37"):       Partial,
	} {
		r := extractBytes(t, "winmail.dat", []byte(mail+rest), Options{})
		if r.status[""].Code != want || len(r.found) != 2 {
			t.Errorf("%d bytes of properties: %v, %d found", len(rest), r.status, len(r.found))
		}
	}
}
