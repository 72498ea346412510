package extract

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
)

// avroOne is an Avro file of one block, with metadata beside the schema.
func avroOne(schema, note string, records int64, data string) []byte {
	var b bytes.Buffer
	b.WriteString("Obj\x01\x04" + avroText("avro.schema") + avroText(schema) + avroText("note") + avroText(note))
	b.WriteString("\x00" + strings.Repeat("s", 16))
	b.Write(binary.AppendVarint(nil, records))
	b.WriteString(avroText(data) + strings.Repeat("s", 16))
	return b.Bytes()
}

func avroText(s string) string { return string(binary.AppendVarint(nil, int64(len(s)))) + s }

// Values of Avro that are no strings, and what such a file says elsewhere.
func TestAvroBeyondStrings(t *testing.T) {
	const ssn = "123-45-6789"
	record := func(fields string) string { return `{"type":"record","name":"R","fields":[` + fields + `]}` }
	address := func(space, kind string) string {
		return `{"type":"record","name":"A","namespace":"` + space + `","fields":[{"name":"v","type":"` + kind + `"}]}`
	}
	for what, c := range map[string]struct {
		data  []byte
		where string // document and path
	}{
		"a key of a map": {avroOne(record(`{"name":"m","type":{"type":"map","values":"int"}}`), "", 1, "\x02"+avroText(ssn)+"\x02\x00"), " $.m"},
		"a key of a map in a map": {avroOne(`{"type":"map","values":{"type":"map","values":"int"}}`, "", 1,
			"\x02"+avroText("a")+"\x02"+avroText(ssn)+"\x02\x00\x00"), " $.a"},
		"text in windows-1252":     {avroOne(`"bytes"`, "", 1, avroText("Jos\xe9, "+ssn)), " $"},
		"a zip":                    {avroOne(record(`{"name":"f","type":"bytes"}`), "", 1, avroText(string(zipOf(file{"a.txt", ssn})))), "f-0/a.txt "},
		"gzip, fixed":              {avroOne(`{"type":"fixed","name":"F","size":`+fmt.Sprint(len(gzipOf([]byte(ssn))))+`}`, "", 1, string(gzipOf([]byte(ssn)))), "value-0/content "},
		"metadata":                 {avroOne(`"int"`, ssn, 1, "\x02"), " "},
		"a note in the schema":     {avroOne(`{"type":"int","doc":"`+ssn+`"}`, "", 1, "\x02"), " "},
		"a default":                {avroOne(record(`{"name":"a","type":"string","default":"`+ssn+`"}`), "", 1, avroText("x")), " "},
		"a default of a record":    {avroOne(record(`{"name":"a","type":"string","default":{"name":"`+ssn+`"}}`), "", 1, avroText("x")), " "},
		"a property with elements": {avroOne(record(`{"name":"a","type":"string","x":[{"type":"`+ssn+`"}]}`), "", 1, avroText("x")), " "},
		"a name in a property":     {avroOne(record(`{"name":"a","type":"string","x":{"ssn `+ssn+`":{}}}`), "", 1, avroText("x")), " "},
		"a note in windows-1252":   {avroOne(`"int"`, "Jos\xe9 "+ssn, 1, "\x02"), " "},
		"a name that another namespace has, too": {avroOne(record(`{"name":"p","type":`+address("a", "string")+`},{"name":"q","type":`+address("b", "int")+
			`},{"name":"r","type":{"type":"record","name":"W","namespace":"a","fields":[{"name":"z","type":"A"}]}}`), "", 1, avroText("x")+"\x02"+avroText(ssn)), " $.r.z.v"},
	} {
		r := extractBytes(t, "a.avro", c.data, Options{})
		if len(r.found) != 1 || r.status[""].Code != Complete {
			t.Errorf("%s: %v, %d found", what, r.status, len(r.found))
			continue
		}
		if got := r.found[0].doc + " " + r.found[0].loc.Path; got != c.where {
			t.Errorf("%s: at %q, not %q", what, got, c.where)
		}
	}
	// Numbers have no separators that the samples of this test ask for.
	numbers := record(`{"name":"a","type":"long","default":527228008,"x":{"size":527228009,"n":7}}`)
	if got := extractBytes(t, "a.avro", avroOne(numbers, "", 1, "\x02"), Options{}).text[""].String(); !strings.Contains(got, "default: 527228008\n") || !strings.Contains(got, "size: 527228009\n") || strings.Contains(got, "n: 7\n") {
		t.Errorf("numbers in a schema: %q", got)
	}
	// Bytes that begin with a letter of several bytes, wherever what is buffered ends.
	for at := 65_300; at < 65_480; at++ {
		data := avroOne(record(`{"name":"p","type":"string"},{"name":"b","type":"bytes"}`), "", 1, avroText(strings.Repeat("x", at))+avroText("é "+ssn))
		if r := extractBytes(t, "a.avro", data, Options{}); len(r.found) != 1 {
			t.Fatalf("behind %d bytes: %v", at, r.status)
		}
	}
	// A file that is cut off in the middle of a value that is a file.
	z := string(zipOf(file{"a.txt", strings.Repeat(ssn+" ", 1000)}))
	if r := extractBytes(t, "a.avro", avroOne(`"bytes"`, "", 1, string(binary.AppendVarint(nil, int64(len(z)+1)))+z), Options{}); r.status[""].Code == Complete {
		t.Error(r.status)
	}
	// What is no file and no text is passed over.
	if r := extractBytes(t, "a.avro", avroOne(`"bytes"`, "", 1, avroText("\x1f\x8b\x07\xff\x00\x01\x02\xee\xdd\xcc\xbb\xaa\x99\x88\x77\x66\x55\x44")), Options{}); r.status[""].Code != Complete || len(r.docs) != 1 {
		t.Error(r.status, r.docs)
	}
}

// Values of Parquet that are neither text nor plain numbers.
func TestParquetBeyondStrings(t *testing.T) {
	type row struct {
		Phone uint32           `parquet:"phone"`
		Long  uint64           `parquet:"long"`
		Born  deprecated.Int96 `parquet:"born"`
		Money int64            `parquet:"money,decimal(2:12)"`
		Note  []byte           `parquet:"note"`
		File  []byte           `parquet:"file"`
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[row](&b, parquet.KeyValueMetadata("note", secret))
	rows := []row{
		{Phone: 4_155_550_134, Long: 18_000_000_000_000_000_001, Born: deprecated.Int96{0, 0, 2_440_588 + 10_957}, Money: 1234567, Note: []byte("Jos\xe9 " + otherSecret), File: zipOf(file{"a.txt", secret})},
		{File: []byte("\x00\x01\x02\xff\xfe")},
	}
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	w.Close()
	r := extractBytes(t, "a.parquet", b.Bytes(), Options{})
	if r.status[""].Code != Complete || len(r.found) != 3 {
		t.Errorf("%v: %+v", r.status, r.found)
	}
	for _, want := range []string{"4155550134", "18000000000000000001", "2000-01-01T00:00:00Z", "12345.67", "José " + otherSecret, "note: " + secret} {
		if !strings.Contains(r.text[""].String(), want) {
			t.Errorf("%q is missing in %q", want, r.text[""])
		}
	}
	if got := r.status["file-0/a.txt"]; got.Code != Complete {
		t.Errorf("%v", r.status)
	}
}

// Bytes in Parquet are judged as a whole, however they begin.
func TestParquetBytesAreJudgedWhole(t *testing.T) {
	type row struct {
		Data []byte `parquet:"data"`
	}
	text := strings.Repeat("name and address, ", 40)
	binary := strings.Repeat("\x08\x96\x01\x00\xff\xfe\x12\x07", 2000)
	for what, c := range map[string]struct {
		data string
		want int
	}{
		"a message that begins as text":    {text + otherSecret + binary, 0},
		"text behind 512 bytes of none":    {strings.Repeat("\xff\x01\x80\x00", 128) + strings.Repeat(text, 30) + "Jos\xe9 " + otherSecret, 1},
		"text in windows-1252":             {strings.Repeat(text, 30) + "Jos\xe9 " + otherSecret, 1},
		"text in UTF-8 with a broken byte": {strings.Repeat("Jos\u00e9 "+text, 30) + "\xff " + otherSecret, 1},
	} {
		var b bytes.Buffer
		w := parquet.NewGenericWriter[row](&b)
		if _, err := w.Write([]row{{Data: []byte(c.data)}}); err != nil {
			t.Fatal(err)
		}
		w.Close()
		r := extractBytes(t, "a.parquet", b.Bytes(), Options{})
		if len(r.found) != c.want || r.status[""].Code != Complete {
			t.Errorf("%s: %v, %d found", what, r.status, len(r.found))
		}
		if c.want == 0 && strings.Contains(r.text[""].String(), "address") {
			t.Errorf("%s: is told as text", what)
		}
	}
}

// Only the schema that Arrow adds is passed over under its name.
func TestParquetNotes(t *testing.T) {
	type row struct {
		A string `parquet:"a"`
	}
	for note, want := range map[string]string{
		"ssn " + secret:                             "ARROW:schema: ssn " + secret,
		"Jos\xe9 " + otherSecret:                    "ARROW:schema: Jos\u00e9 " + otherSecret,
		strings.Repeat("/////7gAAAAQAAAA", 9) + "=": "",
		"527228008":                                 "ARROW:schema: 527228008",
	} {
		var b bytes.Buffer
		w := parquet.NewGenericWriter[row](&b, parquet.KeyValueMetadata("ARROW:schema", note))
		if _, err := w.Write([]row{{"x"}}); err != nil {
			t.Fatal(err)
		}
		w.Close()
		r := extractBytes(t, "a.parquet", b.Bytes(), Options{})
		if got := r.text[""].String(); !strings.Contains(got, want) || want == "" && strings.Contains(got, "ARROW") {
			t.Errorf("%q: %q", note, got)
		}
	}
}
