package classify

import (
	"strings"
	"unicode/utf8"

	"magpie/internal/detect"
	"magpie/internal/detect/managed"
	"magpie/internal/extract"
)

// Missed is something in a document that is not reported though it might be taken for a value.
type Missed struct {
	Managed  *managed.Identifier // what it might be; nil for a custom identifier
	Custom   *detect.Custom
	Why      detect.Why
	Distance int // of the nearest keyword, see detect.Missed
	Place    extract.Location
	Sample   string // masked; where no samples are kept, wholly
}

// MaxMissed is how many of them a document lists.
const MaxMissed = 1000

// misser finds them.
type misser struct {
	explainer *detect.Explainer
	reported  []detect.Match // in the segment at hand
}

// explain lists what a segment holds and what has not been counted. It is called after everything else that a segment is for.
func (w *Worker) explain(t *tally, seg *extract.Segment, block *detect.Block) {
	if len(w.missed.reported) > maxMatches { // there is no telling what else there is
		w.missed.reported, t.unsaid = w.missed.reported[:0], true
		return
	}
	if w.missed.explainer == nil {
		w.missed.explainer = w.c.set.NewExplainer()
	}
	var fields func(*detect.Set) detect.Fields
	if block.Fields != nil {
		fields = func(set *detect.Set) detect.Fields {
			return &plainFields{set: set, seg: seg, names: map[*string]*detect.Names{}}
		}
	}
	w.missed.explainer.Explain(block, fields, w.missed.reported, func(m detect.Missed) bool {
		if len(t.missed) >= MaxMissed || seg.Late(1<<10) {
			t.unsaid = true
			return false
		}
		loc := seg.Locate(m.Start, m.End)
		w.withhold(&loc)
		if !w.keep(t, sizeOfOccurrence+int64(len(loc.Name)+len(loc.CellReference)+len(loc.Path))) {
			t.unsaid = true
			return false
		}
		missed := Missed{Managed: m.Managed, Custom: m.Custom, Why: m.Why, Distance: m.Distance, Place: loc}
		if value := seg.Text[m.Start:m.End]; w.c.opts.Samples > 0 {
			missed.Sample = w.c.sample(value)
		} else {
			missed.Sample = strings.Repeat("•", min(utf8.RuneCount(value), 24))
		}
		t.missed = append(t.missed, missed)
		return true
	})
	w.missed.reported = w.missed.reported[:0]
}

// plainFields are a segment's values for a set that is not the worker's.
type plainFields struct {
	set   *detect.Set
	seg   *extract.Segment
	names map[*string]*detect.Names // of the segment's ways of names
}

// Field implements detect.Fields.
func (f *plainFields) Field(off int) (detect.Field, bool) {
	x, ok := f.seg.Field(off)
	if !ok {
		return detect.Field{}, false
	}
	out := detect.Field{Lo: x.Lo, Hi: x.Hi}
	if len(x.Names) > 0 {
		names, known := f.names[&x.Names[0]]
		if !known {
			names, _ = f.set.NamesInTime(f.seg.Late, x.Names...)
			if len(f.names) >= mostNames {
				clear(f.names)
			}
			f.names[&x.Names[0]] = names
		}
		out.Names = names
	}
	return out, true
}

// mostNames is how many ways of names plainFields keeps.
const mostNames = 256
