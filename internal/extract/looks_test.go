package extract

import (
	"bytes"
	"context"
	"encoding/binary"
	"strings"
	"testing"

	"magpie/internal/extract/hostile"
)

// looking counts how often the clock is looked at.
type looking struct {
	context.Context
	looks int
}

func (l *looking) Err() error { l.looks++; return nil }

// looksAt reads a file and returns how often the clock was looked at on the way.
func looksAt(t *testing.T, name string, data []byte) (int, Status) {
	t.Helper()
	ctx := &looking{Context: t.Context()}
	status, err := Extract(ctx, Source{Name: name, ReaderAt: bytes.NewReader(data), Size: int64(len(data))}, Options{}, &discard{})
	if err != nil {
		t.Fatal(err)
	}
	return ctx.looks, status
}

// What a schema says beside what it is for is read with looks at the clock, too.
func TestSchemaIsReadWithLooks(t *testing.T) {
	schema := `{"type":"string","doc":[` + strings.TrimSuffix(strings.Repeat("1,", 200_000), ",") + `]}`
	data := append([]byte("Obj\x01\x02\x16avro.schema"), binary.AppendVarint(nil, int64(len(schema)))...)
	data = append(append(data, schema...), "\x00"+strings.Repeat("s", 16)+"\x02\x04\x02x"+strings.Repeat("s", 16)...)
	looks, status := looksAt(t, "a.avro", data)
	if status.Code != Complete || looks < 200 {
		t.Errorf("%d looks at the clock, %v", looks, status)
	}
}

// A page of Brotli that the library would decode in one go for long is refused before it costs anything, and so is one that needs more
// memory than there is.
func TestPagesThatCostTooMuch(t *testing.T) {
	left := map[string]bool{"brotli.parquet": true, "brotli-large.parquet": true}
	for _, f := range hostile.More() {
		if !left[f.Name] {
			continue
		}
		delete(left, f.Name)
		if looks, status := looksAt(t, f.Name, f.Make()); status.Code != Partial || status.Reason != UnableToParseFile || looks > 20 {
			t.Errorf("%s: %d looks at the clock, %v", f.Name, looks, status)
		}
	}
	if len(left) > 0 {
		t.Errorf("there are no files of these names: %v", left)
	}
}
