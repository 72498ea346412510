package extract

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/hamba/avro/v2/ocf"
	"github.com/parquet-go/parquet-go"
)

type person struct {
	Name   string            `parquet:"name" avro:"name"`
	Note   *string           `parquet:"note,optional,dict" avro:"note"`
	Home   address           `parquet:"home" avro:"home"`
	Others []address         `parquet:"others,list" avro:"others"`
	Tags   map[string]string `parquet:"tags" avro:"tags"`
}

type address struct {
	City string   `parquet:"city" avro:"city"`
	IDs  []string `parquet:"ids,list" avro:"ids"`
}

const personSchema = `{"type":"record","name":"person","namespace":"example","fields":[
 {"name":"name","type":"string"},
 {"name":"note","type":["null","string"]},
 {"name":"home","type":{"type":"record","name":"address","fields":[
   {"name":"city","type":"string"},{"name":"ids","type":{"type":"array","items":"string"}}]}},
 {"name":"others","type":{"type":"array","items":"address"}},
 {"name":"tags","type":{"type":"map","values":"string"}}]}`

func people(n int) []person {
	var out []person
	for i := range n {
		v := func(k int) string { return fmt.Sprintf("%03d-%02d-%04d", k, i/10000, i%10000) }
		note := "says " + v(2)
		p := person{Name: v(1), Home: address{City: "x", IDs: []string{"none", v(3)}},
			Others: []address{{City: v(4)}, {City: "y", IDs: []string{"a", "b", v(5)}}}, Tags: map[string]string{"key one": v(6)}}
		if i%3 == 0 {
			p.Note = &note
		}
		out = append(out, p)
	}
	return out
}

// checkPeople compares with where people puts each kind of value.
func checkPeople(t *testing.T, r *recorder, n int, paths map[string]string) {
	t.Helper()
	counts := map[string]int{}
	for _, h := range r.found {
		kind := h.value[:3]
		counts[kind]++
		i := 0
		fmt.Sscanf(h.value[4:6]+h.value[7:], "%d", &i)
		if h.loc.Kind != Record || h.loc.Record != int64(i) || h.loc.Path != paths[kind] {
			t.Fatalf("%s at %+v, want record %d, %s", h.value, h.loc, i, paths[kind])
		}
		if len(h.names) == 0 || h.field == "" {
			t.Fatalf("%s has no field: %+v", h.value, h)
		}
	}
	for kind := range paths {
		want := n
		if kind == "002" {
			want = (n + 2) / 3
		}
		if counts[kind] != want {
			t.Errorf("%s: %d, want %d", kind, counts[kind], want)
		}
	}
}

func TestParquet(t *testing.T) {
	for name, codec := range map[string]parquet.WriterOption{"snappy": parquet.Compression(&parquet.Snappy), "zstd": parquet.Compression(&parquet.Zstd),
		"gzip": parquet.Compression(&parquet.Gzip), "none": parquet.Compression(&parquet.Uncompressed), "lz4": parquet.Compression(&parquet.Lz4Raw)} {
		const n = 5000
		var buf bytes.Buffer
		w := parquet.NewGenericWriter[person](&buf, codec, parquet.MaxRowsPerRowGroup(2000))
		if _, err := w.Write(people(n)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		r := extractBytes(t, "people.parquet", buf.Bytes(), Options{})
		if s := r.status[""]; s.Code != Complete || r.mimes[""] != "application/parquet" {
			t.Errorf("%s: %+v %s", name, s, r.mimes[""])
		}
		checkPeople(t, r, n, map[string]string{"001": "$.name", "002": "$.note", "003": "$.home.ids.list[1].element",
			"004": "$.others.list[0].element.city", "005": "$.others.list[1].element.ids.list[2].element", "006": "$.tags.key_value[0].value"})
	}
}

func TestAvro(t *testing.T) {
	for _, codec := range []string{"null", "deflate", "snappy", "zstandard"} {
		const n = 3000
		data := avroOf(t, n, codec)
		r := extractBytes(t, "people.avro", data, Options{})
		if s := r.status[""]; s.Code != Complete || r.mimes[""] != "application/avro" {
			t.Errorf("%s: %+v %s", codec, s, r.mimes[""])
		}
		checkPeople(t, r, n, map[string]string{"001": "$.name", "002": "$.note", "003": "$.home.ids[1]",
			"004": "$.others[0].city", "005": "$.others[1].ids[2]", "006": "$.tags['key one']"})
		// Cut anywhere, it is read up to there.
		cut := extractBytes(t, "people.avro", data[:len(data)/2], Options{})
		if s := cut.status[""]; s.Code != Partial || s.Reason != MalformedFile || len(cut.found) == 0 {
			t.Errorf("%s cut: %+v, %d found", codec, s, len(cut.found))
		}
	}
}

// avroOf writes people with the library's own encoder.
func avroOf(t testing.TB, n int, codec string) []byte {
	t.Helper()
	var buf bytes.Buffer
	enc, err := ocf.NewEncoder(personSchema, &buf, ocf.WithCodec(ocf.CodecName(codec)), ocf.WithBlockLength(700))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range people(n) {
		if err := enc.Encode(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := enc.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}
