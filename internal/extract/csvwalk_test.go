package extract

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// simpleCell follows a table a byte at a time: what separated.walk has to arrive at with the shape that the table has.
func simpleCell(c *separated, raw []byte, off int) csvState {
	s := csvState{row: 1}
	for ; s.pos < off; s.pos++ {
		b := raw[s.pos]
		literal := c.escape && c.escaped(raw, s.pos)
		switch {
		case s.quoted:
			if b == c.quote && !literal {
				s.quoted, s.closed = false, true
			}
			continue
		case literal:
		case b == c.quote:
			s.quoted = opens(raw, s.cell, s.pos) || s.closed // the first of a cell, or the second of a pair
		case b == c.delim:
			s.col++
			s.cell = s.pos + 1
		case b == '\n':
			s.row++
			s.col, s.cell = 0, s.pos+1
		}
		s.closed = false
	}
	return s
}

func FuzzCSVWalk(f *testing.F) {
	f.Add([]byte("a,b\n1,\"x\"\"y\n\"\n"), uint64(1))
	f.Add([]byte("a,b\n1\\,2,\"x\\\"y\\\n\"\n3,4\n"), uint64(3))
	f.Add([]byte("\"\",\"\"\"\"\n x\"y,\"z"), uint64(2))
	f.Fuzz(func(t *testing.T, raw []byte, seed uint64) {
		if len(raw) > 4*kib {
			t.Skip("larger than worth while")
		}
		r := rand.New(rand.NewPCG(seed, 1))
		c := newCSV(',', raw, true)
		for at := 0; at < len(raw); {
			at += min(1+r.IntN(20), len(raw)-at)
			c.walk(raw, at)
			if want := simpleCell(c, raw, at); c.cur != want {
				t.Fatalf("%q up to %d: %+v, want %+v", raw, at, c.cur, want)
			}
		}
	})
}

func TestCSVWalk(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	pieces := []string{",", ",", "\n", " \"", "\"", "\"\"", "word", "1 2", "\r\n", ",\"", "\",", "\"a\nb\"", "", "\\,", "\\\"", "\\\n", "'", ";"}
	for range 5000 {
		var b bytes.Buffer
		for range r.IntN(40) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		raw := b.Bytes()
		c := newCSV(',', raw, true)
		for at := 0; at < len(raw); {
			at += min(1+r.IntN(20), len(raw)-at)
			c.walk(raw, at)
			if want := simpleCell(c, raw, at); c.cur != want {
				t.Fatalf("%q up to %d: %+v, want %+v", raw, at, c.cur, want)
			}
		}
	}
}
