package extract

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
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
// say is told of what it says that is none of its structure, such as notes and defaults.
func parseAvroSchema(w *walker, holds *holding, b []byte, say func(label string, text []byte) error) (*avroSchema, error) {
	size := sizeOfJSON(b)
	if !w.hold(size) {
		return nil, stop(Skipped, UnableToParseFile, "its schema needs more memory than allowed")
	}
	defer w.release(size)
	if !utf8.Valid(b) { // each such byte would become three
		return nil, errSchema
	}
	v, err := readJSON(w, b)
	if err != nil {
		return nil, err
	}
	p := avroParser{w: w, holds: holds, named: map[avroName]*avroSchema{}}
	s, err := p.parse(v, "", 0)
	if err != nil {
		return nil, err
	}
	return s, remarksOf(w, "", v, false, say)
}

// remarksOf tells what stands under other names than those of a schema's structure. Within such a remark no name is one of the structure:
// free says so.
func remarksOf(w *walker, label string, v any, free bool, say func(label string, text []byte) error) error {
	switch v := v.(type) {
	case string:
		if free || !structural(label) {
			return say(label, []byte(v))
		}
	case float64:
		if text := strconv.FormatFloat(v, 'f', -1, 64); mayBeValue(text) && (free || !structural(label)) {
			return say(label, []byte(text))
		}
	case []any:
		for _, x := range v {
			if err := w.step(8); err != nil {
				return err
			}
			if err := remarksOf(w, label, x, free, say); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if err := w.step(int64(32 + len(key)/8)); err != nil {
				return err
			}
			if _, labels := v[key].(string); mayBeValue(key) && (!labels || len(key) > maxLabel) {
				if err := say(label, []byte(key)); err != nil {
					return err
				}
			}
			if err := remarksOf(w, key, v[key], free || remark(key, v[key]), say); err != nil {
				return err
			}
		}
	}
	return nil
}

// structural says whether a value of this name, if it is no schema itself, belongs to the structure.
func structural(name string) bool {
	switch name {
	case "", "type", "name", "namespace", "fields", "items", "values", "symbols", "aliases", "logicalType", "order", "avro.java.string", "size", "scale", "precision":
		return true
	}
	return false
}

// remark says whether what has members or elements is none of the structure under this name.
func remark(name string, v any) bool {
	switch v.(type) {
	case map[string]any:
		return name != "type" && name != "fields" && name != "items" && name != "values"
	case []any:
		return !structural(name)
	}
	return false
}

// readJSON reads a document token by token, so that the clock is looked at on the way.
func readJSON(w *walker, b []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	v, err := jsonValue(w, d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errSchema
	}
	return v, nil
}

func jsonValue(w *walker, d *json.Decoder, depth int) (any, error) {
	token, err := d.Token()
	if err != nil || depth > maxSchemaDepth {
		return nil, errSchema
	}
	work := int64(128)
	if s, ok := token.(string); ok {
		work += int64(len(s))
	}
	if err := w.step(work); err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := jsonValue(w, d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		if _, err := d.Token(); err != nil {
			return nil, errSchema
		}
		return list, nil
	case json.Delim('{'):
		members := map[string]any{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, errSchema
			}
			key, ok := name.(string)
			if !ok {
				return nil, errSchema
			}
			if members[key], err = jsonValue(w, d, depth+1); err != nil {
				return nil, err
			}
		}
		if _, err := d.Token(); err != nil {
			return nil, errSchema
		}
		return members, nil
	}
	return token, nil
}

// maxSchemaDepth is far more than a schema has that is not too deep itself: see maxAvroDepth.
const maxSchemaDepth = 1000

// sizeOfJSON estimates from above what a document takes when encoding/json has read it: what holds members, each member and
// each element has its price, and strings their length.
func sizeOfJSON(b []byte) int64 {
	size := 3 * int64(len(b)) // the decoder has a part of it beside, and twice that where it grows
	for _, c := range b {     // in strings too, which makes it larger
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
	named map[avroName]*avroSchema
}

// avroName is the name of a type, in a namespace.
type avroName struct{ space, name string }

const sizeOfAvroName = 128 // an entry of the map; the strings are the schema's

// fullName parts a name from the namespace before it; without one it is of the namespace around it.
func fullName(name, space string) avroName {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return avroName{name[:i], name[i+1:]}
	}
	return avroName{space, name}
}

// look counts the work of looking a name up, which is on all of its bytes.
func (p *avroParser) look(n avroName) error {
	return p.w.step(int64(16 + (len(n.space)+len(n.name))/8))
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
		return p.find(v, space)
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

// find returns the type of a name, which may have its namespace before it.
func (p *avroParser) find(name, space string) (*avroSchema, error) {
	full := fullName(name, space)
	if err := p.look(full); err != nil {
		return nil, err
	}
	// Other namespaces may have a type of that name, too: theirs is meant where there is none in this.
	if s := p.named[full]; s != nil {
		return s, nil
	}
	if s := p.named[avroName{"", name}]; s != nil {
		return s, nil
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
		if space, err = p.name(s, v, space); err != nil {
			return nil, err
		}
		return s, p.record(s, v, space, depth)
	case "enum":
		if _, err := p.name(s, v, space); err != nil {
			return nil, err
		}
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
		if _, err := p.name(s, v, space); err != nil {
			return nil, err
		}
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
func (p *avroParser) name(s *avroSchema, v map[string]any, space string) (string, error) {
	name, ok := v["name"].(string)
	if !ok {
		return space, nil
	}
	if ns, ok := v["namespace"].(string); ok {
		space = ns
	}
	if !p.holds.hold(2 * sizeOfAvroName) {
		return "", stop(Skipped, UnableToParseFile, "its schema needs more memory than allowed")
	}
	full := fullName(name, space)
	p.named[avroName{"", name}] = s
	p.named[full] = s
	return full.space, p.look(full)
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
