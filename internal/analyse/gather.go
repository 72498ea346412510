package analyse

import (
	"context"
	"sync/atomic"
	"time"

	"magpie/internal/classify"
)

const (
	// smallBytes is the size up to which an object in memory is given to a worker in company.
	smallBytes = 64 << 10
	// While objects come, a worker that is free waits so long for company, or until there are so many: giving objects to a box costs
	// more than analysing a small one.
	companyTime = 2 * time.Millisecond
	company     = 32
	// Objects come as long as several were taken at once this long ago.
	companyHolds = 20 * time.Millisecond
)

// line is the small objects that wait to be analysed for one search.
type line struct {
	search  *Search
	waiting []*waiter
	serving bool          // somebody waits for a worker on their behalf
	enough  chan struct{} // there is company; has room for one
}

// waiter is an object in a line. Whoever takes it off the line answers it.
type waiter struct {
	src  *Source
	done chan inCompany
	gone atomic.Bool // its caller has given up
	in   *group      // that it was taken in; nil in the line
}

// group is the objects that were given to a worker together. It ends once all its callers have given up.
type group struct {
	left   atomic.Int64 // callers
	cancel context.CancelFunc
}

// inCompany is what became of an object that was analysed in company: without a result it is to be analysed by itself, after so many tries.
type inCompany struct {
	Outcome
	tries int
}

// small reports whether an object is analysed in company.
func (p *Pool) small(src *Source) bool {
	return p.boxes != nil && src.Content != nil && src.Size <= smallBytes && p.opts.Time(src.Size) >= patient
}

// join has an object analysed in company. ok is false where it is to be analysed by itself, after so many tries.
func (p *Pool) join(ctx context.Context, src *Source, s *Search) (r *classify.Result, tries int, ok bool, err error) {
	if err := ctx.Err(); err != nil {
		r, err := unstarted(err)
		return r, 0, true, err
	}
	w := &waiter{src: src, done: make(chan inCompany, 1)}
	p.mu.Lock()
	l := p.lines[s.key]
	if l == nil {
		l = &line{search: s, enough: make(chan struct{}, 1)}
		p.lines[s.key] = l
	}
	l.waiting = append(l.waiting, w)
	if len(l.waiting) == company {
		select {
		case l.enough <- struct{}{}:
		default:
		}
	}
	if !l.serving {
		l.serving = true
		p.servers.Go(func() { p.serve(l) })
	}
	p.mu.Unlock()
	select {
	case x := <-w.done:
		return x.Result, x.tries, x.Result != nil, x.Err
	case <-ctx.Done():
	}
	p.mu.Lock()
	w.gone.Store(true)
	if g := w.in; g != nil && g.left.Add(-1) == 0 {
		g.cancel()
	}
	p.mu.Unlock()
	r, err = unstarted(ctx.Err())
	return r, 0, true, err
}

// serve gives what waits in a line to a worker, once there is one.
func (p *Pool) serve(l *line) {
	p.slots <- struct{}{}
	defer p.leave()
	p.mu.Lock()
	alone := len(l.waiting) < company && time.Since(p.together) < companyHolds
	p.mu.Unlock()
	if alone {
		timer := time.NewTimer(companyTime)
		select {
		case <-l.enough:
		case <-timer.C:
		}
		timer.Stop()
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	g := &group{cancel: cancel}
	taken := p.take(l, g)
	if len(taken) == 0 {
		return
	}
	srcs, out, tries := make([]Source, len(taken)), make([]Outcome, len(taken)), make([]int, len(taken))
	for i, w := range taken {
		srcs[i] = *w.src
	}
	p.batch(ctx, srcs, l.search, out, tries)
	for i, w := range taken {
		w.done <- inCompany{out[i], tries[i]}
	}
}

// take takes objects off a line, as many as a worker may have at once, and has what is left served by another.
func (p *Pool) take(l *line, g *group) (taken []*waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n, sum := 0, int64(0)
	for ; n < len(l.waiting) && len(taken) < maxContents; n++ {
		w := l.waiting[n]
		if w.gone.Load() {
			continue
		}
		if sum += w.src.Size; sum > arenaBytes {
			break
		}
		w.in = g
		taken = append(taken, w)
	}
	g.left.Store(int64(len(taken)))
	if len(taken) > 1 {
		p.together = time.Now()
	}
	l.waiting = append([]*waiter(nil), l.waiting[n:]...)
	select {
	case <-l.enough:
	default:
	}
	if len(l.waiting) > 0 {
		p.servers.Go(func() { p.serve(l) })
		return taken
	}
	l.serving = false
	delete(p.lines, l.search.key)
	return taken
}
