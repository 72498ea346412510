package sampling

import (
	"slices"

	"magpie/internal/inventory/objectstore"
)

const (
	// An object is passed over when so many attempts have ended while it was the only one that was read. One that a process is stopped in
	// looks like one that it died of, so that one attempt proves nothing.
	mostDeaths = 4
	// maxSuspects bounds what the payload of a share has of suspected objects.
	maxSuspects = 256
)

// suspect takes note of what was being read when the attempt before this one ended: each of these objects may be what its process died of,
// and is read alone from now on. What is noted is written down with the next checkpoint, so that an attempt that comes to none changes
// nothing.
func (p *shareState) suspect() {
	if len(p.Reading) == 0 {
		return
	}
	if p.Suspects == nil {
		p.Suspects = map[string]int{}
	}
	alone := len(p.Reading) == 1
	for _, d := range p.Reading {
		deaths := p.Suspects[d]
		if alone {
			deaths++
		}
		p.Suspects[d] = deaths
	}
	for d, deaths := range p.Suspects {
		if len(p.Suspects) > maxSuspects && deaths == 0 && !slices.Contains(p.Reading, d) {
			delete(p.Suspects, d)
		}
	}
	p.Reading = nil
}

// cleared returns the suspects without those that have a result.
func (p *shareState) cleared(results []*result) map[string]int {
	left := make(map[string]int, len(p.Suspects))
	for d, deaths := range p.Suspects {
		left[d] = deaths
	}
	for _, r := range results {
		if r.analysis != nil {
			delete(left, digestOf(&r.object).String())
		}
	}
	return left
}

// batches parts objects into those that are read together and, behind them, each suspect alone.
func (p *shareState) batches(chosen []objectstore.Object) [][]objectstore.Object {
	var together []objectstore.Object
	var alone [][]objectstore.Object
	for _, o := range chosen {
		if _, suspected := p.Suspects[digestOf(&o).String()]; suspected {
			alone = append(alone, []objectstore.Object{o})
		} else {
			together = append(together, o)
		}
	}
	if len(together) == 0 {
		return alone
	}
	return append([][]objectstore.Object{together}, alone...)
}

// deadly reports whether an object is passed over.
func (p *shareState) deadly(o *objectstore.Object) bool {
	return p.Suspects[digestOf(o).String()] >= mostDeaths
}
