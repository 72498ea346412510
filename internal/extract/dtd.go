package extract

import (
	"bytes"
	"unicode/utf8"
)

// What the entities that a file declares may come to: their number, and the bytes of each and of all. An entity that says more is
// left as it is written, so that one made of ten others of ten others costs nothing.
const (
	maxEntities    = 1000
	maxEntity      = 4 * kib
	maxEntityBytes = 1 * mib
	maxReference   = 128 // bytes of a reference, & and ; included

	entityOverhead = 192 // of an entry of the map

	// maxEcho is how much an entity made of others repeats where it is told by itself, in bytes: more than a match from one round
	// into the next needs.
	maxEcho = 1 * kib
)

// declaredEntities are the entities that a document type declares, references in them undone.
type declaredEntities struct {
	values map[string]*declaredEntity
	order  []*declaredEntity
	bytes  int
}

type declaredEntity struct {
	value     []byte
	used      bool
	composed  bool  // other entities are in its value
	line, col int64 // of what is written
	name      string
}

// told returns what an entity says that nothing refers to: its value, without what a value made of others only says again. Of such a
// bomb's stages no more is told than one round, and as much of the next as a match across both could need.
func (e *declaredEntity) told() []byte {
	if !e.composed || len(e.value) <= maxEcho {
		return e.value
	}
	return e.value[:min(len(e.value), period(e.value)+maxEcho)]
}

// period returns the least p such that each byte of text is the one p places before it.
func period(text []byte) int {
	var border [maxEntity + 1]int16 // of text up to there: the length of its longest beginning that is its end too
	k := 0
	for i := 1; i < len(text); i++ {
		for k > 0 && text[i] != text[k] {
			k = int(border[k])
		}
		if text[i] == text[k] {
			k++
		}
		border[i+1] = int16(k)
	}
	return len(text) - k
}

// read reads the declarations in a piece of a document type. What is kept is held; where there is no memory for an entity, it is
// left as it is written, as one that says too much. raw begins in a line of the source, at a column. Everything but the declarations
// that are kept and the punctuation between them is handed to rest: nothing of the piece is passed over.
func (d *declaredEntities) read(raw []byte, line, col int64, holds *holding, rest func(text []byte, line, col int64) error) error {
	counted, all, from := 0, raw, 0
	place := func(at int) (int64, int64) {
		line, col = lineAfter(line, col, all[counted:at])
		counted = at
		return line, col
	}
	left := func(to int) error {
		piece := bytes.TrimLeft(all[from:to], "> \t\r\n")
		if len(bytes.Trim(piece, "]> \t\r\n")) == 0 {
			return nil
		}
		l, c := place(to - len(piece))
		return rest(piece, l, c)
	}
	for {
		i := bytes.Index(raw, []byte("<!ENTITY"))
		if i < 0 {
			return left(len(all))
		}
		begin := len(all) - len(raw) + i
		if err := holds.w.step(int64(16 + i)); err != nil {
			return err
		}
		raw = raw[i+len("<!ENTITY"):]
		name, value, n := declaration(raw)
		if n < 0 {
			return left(len(all))
		}
		raw = raw[n:]
		if name == "" {
			continue
		}
		if _, ok := d.values[name]; ok || len(d.values) >= maxEntities {
			continue // the first declaration counts
		}
		if err := holds.w.step(int64(len(value) + maxEntity)); err != nil {
			return err
		}
		at := len(all) - len(raw) - 1 - len(value)
		value, uses := d.expand(value)
		if len(value) > maxEntity || d.bytes+len(value) > maxEntityBytes {
			continue
		}
		if !holds.hold(int64(len(name)+cap(value)) + entityOverhead) {
			continue
		}
		if d.values == nil {
			d.values = map[string]*declaredEntity{}
		}
		if err := left(begin); err != nil {
			return err
		}
		from = len(all) - len(raw)
		d.bytes += len(value)
		e := &declaredEntity{value: value, name: name, composed: len(uses) > 0}
		e.line, e.col = place(at)
		d.values[name], d.order = e, append(d.order, e)
		for _, u := range uses {
			u.used = true
		}
	}
}

// declaration reads the name and the value of an entity, and returns how many bytes they are with the quote behind them; -1: it does not
// end. The name is empty where there is no value.
func declaration(raw []byte) (name string, value []byte, n int) {
	all := len(raw)
	raw = bytes.TrimLeft(raw, " \t\r\n")
	parameter := len(raw) > 0 && raw[0] == '%'
	if parameter { // for the document type itself
		raw = bytes.TrimLeft(raw[1:], " \t\r\n")
	}
	// No reference is longer, so that longer names are of no use.
	k := bytes.IndexAny(raw[:min(len(raw), maxReference)], " \t\r\n")
	if k <= 0 {
		return "", nil, all - len(raw)
	}
	name = string(raw[:k])
	if parameter {
		name = "%" + name
	}
	raw = bytes.TrimLeft(raw[k:], " \t\r\n")
	if len(raw) == 0 || raw[0] != '"' && raw[0] != '\'' { // it stands in another file
		return "", nil, all - len(raw)
	}
	end := bytes.IndexByte(raw[1:], raw[0])
	if end < 0 {
		return "", nil, -1
	}
	return name, raw[1 : 1+end], all - len(raw) + end + 2
}

// expand undoes the references in a value to characters and to what is declared before it, up to a little more than an entity may have. It
// returns the entities that it has put in, too.
func (d *declaredEntities) expand(value []byte) (out []byte, uses []*declaredEntity) {
	for len(out) <= maxEntity {
		i := bytes.IndexByte(value, '&')
		if i < 0 {
			return append(out, value...), uses
		}
		out = append(out, value[:i]...)
		value = value[i:]
		if e, n := d.at(value); n > 0 {
			out, uses = append(out, e.value...), append(uses, e)
			value = value[n:]
			continue
		}
		if len(value) > 1 && value[1] == '#' {
			n := bytes.IndexByte(value[:min(len(value), 16)], ';')
			if r, ok := entity(value, n); ok {
				out = utf8.AppendRune(out, r)
				value = value[n+1:]
				continue
			}
		}
		out = append(out, '&')
		value = value[1:]
	}
	return out, uses
}

// at returns the entity that text begins with a reference to, and the length of that, or 0.
func (d *declaredEntities) at(text []byte) (e *declaredEntity, n int) {
	if len(d.values) == 0 {
		return nil, 0
	}
	n = bytes.IndexByte(text[:min(len(text), maxReference)], ';')
	if n < 2 {
		return nil, 0
	}
	e, ok := d.values[string(text[1:n])]
	if !ok {
		return nil, 0
	}
	return e, n + 1
}
