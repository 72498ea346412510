package extract

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Records of what a pivot table keeps of cells (MS-XLS 2.2.6.1), which may be gone from the book.
const (
	pivotField  = 0xc7
	pivotRow    = 0xc8
	pivotNumber = 0xc9
	pivotTruth  = 0xca
	pivotError  = 0xcb
	pivotWhole  = 0xcc
	pivotText   = 0xcd
	pivotDate   = 0xce
	pivotNone   = 0xcf
)

// pivotCache is one stream of such records: the columns come first, each with its values where they are few; then, of each row, the
// values of the columns that have none yet.
type pivotCache struct {
	x       *biffBook
	holds   holding
	fields  []string
	inline  []int // the fields whose values are with the rows
	at      int   // the field at hand
	left    int   // values of it that follow
	k       int   // the next of inline
	written []byte
}

// pivots writes what the pivot tables of a book keep.
func (x *biffBook) pivots(c *compound) error {
	for _, i := range c.root {
		e := &c.entries[i]
		if e.kind != compoundStorage || !strings.EqualFold(e.name, "_SX_DB_CUR") {
			continue
		}
		streams, err := c.tree(e.child)
		if err != nil {
			return err
		}
		for _, i := range streams {
			if e := &c.entries[i]; e.kind == compoundStream {
				x.records = biffRecords{w: x.w, r: bufio.NewReaderSize(c.open(e), 32*kib)}
				p := &pivotCache{x: x, holds: holding{w: x.w}}
				err := p.read()
				p.holds.drop()
				if err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (p *pivotCache) read() error {
	for {
		ok, err := p.x.records.next()
		if err != nil || !ok {
			return err
		}
		if err := ignoreShort(p.record()); err != nil {
			return err
		}
	}
}

func (p *pivotCache) record() error {
	x, r := p.x, &p.x.records
	switch r.typ {
	case biffFilePass:
		return stop(Skipped, UnableToParseFile, "encrypted")
	case pivotField:
		return p.field()
	case pivotRow:
		p.left, p.k = 0, 0
	case pivotText:
		s, err := x.string(2)
		if err != nil {
			return err
		}
		return p.value(s)
	case pivotNumber:
		v, err := r.u64()
		if err != nil {
			return err
		}
		x.text = strconv.AppendFloat(x.text[:0], math.Float64frombits(v), 'f', -1, 64)
		return p.value(x.text)
	case pivotWhole:
		v, err := r.u16()
		if err != nil {
			return err
		}
		x.text = strconv.AppendInt(x.text[:0], int64(int16(v)), 10)
		return p.value(x.text)
	case pivotDate:
		if err := r.need(8); err != nil {
			return err
		}
		le := binary.LittleEndian
		x.text = fmt.Appendf(x.text[:0], "%04d-%02d-%02d", le.Uint16(r.data), le.Uint16(r.data[2:]), r.data[4])
		return p.value(x.text)
	case pivotTruth, pivotError, pivotNone:
		return p.value(nil)
	}
	return nil
}

// field begins a column.
func (p *pivotCache) field() error {
	x, r := p.x, &p.x.records
	if err := r.need(14); err != nil {
		return err
	}
	le := binary.LittleEndian
	grouped, values := le.Uint16(r.data[8:]), le.Uint16(r.data[12:])
	r.data = r.data[14:]
	name, err := x.string(2)
	if err != nil {
		return err
	}
	name = name[:min(len(name), maxLabel)]
	if len(p.fields) == maxColumns || !p.holds.hold(2*(int64(len(name))+24)) { // the lists may be copied when they grow
		return stop(Partial, UnableToParseFile, "a pivot table of more columns than are read")
	}
	p.at, p.left = len(p.fields), int(max(grouped, values))
	if p.left == 0 {
		p.inline = append(p.inline, p.at)
	}
	p.fields = append(p.fields, string(name))
	return nil
}

// value writes one value behind the name of its column.
func (p *pivotCache) value(v []byte) error {
	at := p.at
	switch {
	case p.left > 0:
		p.left--
	case len(p.inline) > 0:
		at = p.inline[p.k%len(p.inline)]
		p.k++
	}
	if len(v) == 0 {
		return nil
	}
	line := p.written[:0]
	if at < len(p.fields) {
		line = append(append(line, p.fields[at]...), ": "...)
	}
	p.written = append(line, v...)
	return p.x.b.value(LineRange, 0, 1, 0, p.written)
}
