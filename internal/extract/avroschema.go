package extract

import (
	"encoding/json"
	"math"
	"unsafe"
)

type avroSchema struct {
	kind    string
	logical string
	scale   int
	size    int64 // fixed
	empty   bool  // values take no bytes, and so hold no text
	symbols []string
	names   []string // fields of a record
	parts   []*avroSchema
	full    []int32 // of a record: the parts that are not empty
}

// parseAvroSchema reads the schema's JSON. A name stands for the type defined under it, inside itself too.
func parseAvroSchema(w *walker, holds *holding, b []byte) (*avroSchema, error) {
	size := sizeOfJSON(b)
	if !w.hold(size) {
		return nil, stop(Skipped, UnableToParseFile, "its schema needs more memory than allowed")
	}
	defer w.release(size)
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		return nil, errSchema
	}
	p := avroParser{w: w, holds: holds, named: map[string]*avroSchema{}}
	return p.parse(v, "", 0)
}

// sizeOfJSON estimates from above what a document takes when encoding/json has read it: what holds members, each member and
// each element has its price, and strings their length.
func sizeOfJSON(b []byte) int64 {
	size := int64(len(b))
	for _, c := range b { // in strings too, which makes it larger
		switch c {
		case '{':
			size += 400
		case '[':
			size += 64
		case ',', ':':
			size += 64
		}
	}
	return size
}

type avroParser struct {
	w     *walker
	holds *holding
	named map[string]*avroSchema
}

// schema makes a schema that lives with the file.
func (p *avroParser) schema(s avroSchema) (*avroSchema, error) {
	if !p.holds.hold(int64(unsafe.Sizeof(s)) + 64) {
		return nil, stop(Skipped, UnableToParseFile, "its schema needs more memory than allowed")
	}
	return &s, p.w.step(16)
}

// add appends a part.
func (p *avroParser) add(s, part *avroSchema) error {
	s.parts = append(s.parts, part)
	if !p.holds.hold(64) {
		return stop(Skipped, UnableToParseFile, "its schema needs more memory than allowed")
	}
	return nil
}

var errSchema = stop(Skipped, MalformedFile, "its schema is not valid")

func (p *avroParser) parse(v any, space string, depth int) (*avroSchema, error) {
	if depth > maxAvroDepth {
		return nil, errSchema
	}
	switch v := v.(type) {
	case string:
		switch v {
		case "null", "boolean", "int", "long", "float", "double", "bytes", "string":
			return p.schema(avroSchema{kind: v, empty: v == "null"})
		}
		if s := p.named[v]; s != nil {
			return s, nil
		}
		if s := p.named[space+"."+v]; s != nil {
			return s, nil
		}
		return nil, errSchema
	case []any:
		s, err := p.schema(avroSchema{kind: "union"})
		if err != nil {
			return nil, err
		}
		for _, x := range v {
			part, err := p.parse(x, space, depth+1)
			if err != nil {
				return nil, err
			}
			if err := p.add(s, part); err != nil {
				return nil, err
			}
		}
		return s, nil
	case map[string]any:
		return p.complex(v, space, depth)
	}
	return nil, errSchema
}

func (p *avroParser) complex(v map[string]any, space string, depth int) (*avroSchema, error) {
	kind, ok := v["type"].(string)
	if !ok {
		return p.parse(v["type"], space, depth+1)
	}
	s, err := p.schema(avroSchema{kind: kind})
	if err != nil {
		return nil, err
	}
	s.logical, _ = v["logicalType"].(string)
	if f, ok := v["scale"].(float64); ok && f >= 0 && f < 1000 {
		s.scale = int(f)
	}
	switch kind {
	case "record", "error":
		s.kind = "record"
		return s, p.record(s, v, p.name(s, v, space), depth)
	case "enum":
		p.name(s, v, space)
		symbols, _ := v["symbols"].([]any)
		if !p.holds.hold(int64(len(symbols)) * 16) {
			return nil, stop(Skipped, UnableToParseFile, "its schema needs more memory than allowed")
		}
		for _, x := range symbols {
			x, _ := x.(string)
			s.symbols = append(s.symbols, x)
		}
		return s, nil
	case "array", "map":
		key := "items"
		if kind == "map" {
			key = "values"
		}
		part, err := p.parse(v[key], space, depth+1)
		if err != nil {
			return nil, err
		}
		return s, p.add(s, part)
	case "fixed":
		p.name(s, v, space)
		f, _ := v["size"].(float64)
		if f < 0 || f > math.MaxInt32 {
			return nil, errSchema
		}
		s.size = int64(f)
		s.empty = s.size == 0
		return s, nil
	}
	// A name, or a plain type with a logical one. What it stands for is not named again: it would stand for itself.
	base, err := p.parse(kind, space, depth+1)
	if err != nil {
		return nil, err
	}
	if s.logical == "" || base.kind == "record" { // which may not have all of its fields yet
		return base, nil
	}
	plain := *base
	plain.logical, plain.scale = s.logical, s.scale
	return p.schema(plain)
}

// name registers a type under its names and returns the namespace inside it.
func (p *avroParser) name(s *avroSchema, v map[string]any, space string) string {
	if name, ok := v["name"].(string); ok {
		if ns, ok := v["namespace"].(string); ok {
			space = ns
		}
		p.named[name] = s
		p.named[space+"."+name] = s
	}
	return space
}

// record reads a record's fields. It takes no bytes when none of them does; one inside itself does not count for that, since no
// value of such a record has an end.
func (p *avroParser) record(s *avroSchema, v map[string]any, space string, depth int) error {
	fields, _ := v["fields"].([]any)
	for _, f := range fields {
		f, _ := f.(map[string]any)
		name, ok := f["name"].(string)
		if !ok {
			return errSchema
		}
		part, err := p.parse(f["type"], space, depth+1)
		if err != nil {
			return err
		}
		if err := p.add(s, part); err != nil {
			return err
		}
		if len(name) > maxKey {
			name = lastOf(name, maxKey)
		}
		s.names = append(s.names, name)
		if !part.empty {
			s.full = append(s.full, int32(len(s.parts)-1))
		}
	}
	s.empty = len(s.full) == 0
	return nil
}
