package analyse

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"

	"magpie/internal/classify"
	"magpie/internal/extract"
)

// Options of a Pool. The zero value is boxes, one for each processor, within 512 MiB.
type Options struct {
	Workers int   // objects, or batches of small ones, analysed at once; 0: one for each processor
	Memory  int64 // bytes for all workers together; 0: 512 MiB
	// Background has workers leave the processor to whoever else wants it.
	Background bool
	// InProcess analyses in this process: nothing but an object's own accounting then bounds its
	// memory, and an analysis that does not end is left behind.
	InProcess bool
	// PlainOnly, with InProcess, analyses nothing but plain text, tables, JSON and markup: all else is SKIPPED.
	PlainOnly bool
	// Time is how long an object of so many bytes may take; nil: TimeFor.
	Time func(bytes int64) time.Duration
	// SpoolDir is where unlinked files hold what must be read out of order and is too large for
	// memory; empty: the system's folder for temporary files.
	SpoolDir string
	// Idle is how long a worker is kept that has nothing to do; 0: half a minute.
	Idle time.Duration
	Log  *slog.Logger // nil: nothing is logged
}

const (
	defaultMemory = 512 << 20
	defaultIdle   = 30 * time.Second
	// cancelGrace is how long an object may go on after the caller has lost interest.
	cancelGrace = 300 * time.Millisecond
)

// grace is how long after the end of its time an object may still hand in what it has found: in a box, of the box's processor
// time. Tests that are about what is handed in, and not about how soon, give it more.
var grace = 75 * time.Millisecond

// mostGrace is how long that is by the clock at most.
const mostGrace = time.Second

// stillLooks is how often in a row a box must be found to wait before it is taken for one that does not hand in anything.
const stillLooks = 10

// Cause is why a box ended.
type Cause string

const (
	CauseMemory   Cause = "memory"    // it held more than its share
	CauseTime     Cause = "time"      // it went on after the object's time, or used too much processor time
	CauseCrash    Cause = "crash"     // it ended by itself
	CausePanic    Cause = "panic"     // it met a mistake of ours and said so
	CauseFault    Cause = "fault"     // a decoder that others wrote panicked; the object has a status
	CauseProtocol Cause = "protocol"  // it said what no honest box says
	CauseCanceled Cause = "cancelled" // it went on after the caller had lost interest
	CauseRetired  Cause = "retired"   // it was not needed any more
)

// Stats are counters since the pool was made.
type Stats struct {
	Objects     int64 // analysed, or tried to
	Retried     int64 // objects that cost a box and were given to another
	Lost        int64 // objects that have no result because what analysed them ended
	Busy, Idle  int   // workers now
	Started     int64 // workers
	Configured  int64 // times a worker was given another search
	Ended       map[Cause]int64
	Confinement string // what the kernel holds boxes to; empty before the first one
}

// Pool analyses objects, a number of them at once. It is safe for concurrent use.
type Pool struct {
	opts  Options
	slots chan struct{} // one for each object being analysed
	boxes *boxes        // nil: analysis is in this process

	mu       sync.Mutex
	idle     []idle // the one used last comes last
	stats    Stats
	closed   bool
	tidy     *time.Timer      // closes what has been idle for long; nil: nothing is
	lines    map[string]*line // by the keys of searches
	together time.Time        // when several objects were taken off a line last

	servers sync.WaitGroup // of lines
}

// idle is a worker that has nothing to do.
type idle struct {
	worker
	since time.Time
}

// worker analyses one object after another.
type worker interface {
	// search is what it is configured for; nil before the first time.
	search() *Search
	configure(ctx context.Context, s *Search) error
	// analyse returns an answer for each source. Those after one whose answer says that the worker
	// has ended or is spent are not answered.
	analyse(c *clock, srcs []*Source) []answer
	close()
}

// answer is what became of an object: a result, or ended; where there is neither, the worker did not
// come to it.
type answer struct {
	result *classify.Result
	err    error
	ended  *errEnded
	spent  bool // the worker must not go on
}

// errEnded says that a worker ended before it had a result, and cannot be used again.
type errEnded struct {
	cause Cause
	err   error
}

func (e *errEnded) Error() string { return fmt.Sprintf("%s: %v", e.cause, e.err) }
func (e *errEnded) Unwrap() error { return e.err }

// ErrClosed is what a closed pool answers.
var ErrClosed = errors.New("the pool of workers is closed")

// New returns a Pool. It must be closed.
func New(o Options) *Pool {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Memory <= 0 {
		o.Memory = defaultMemory
	}
	if o.Idle <= 0 {
		o.Idle = defaultIdle
	}
	if o.Time == nil {
		o.Time = TimeFor
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	p := &Pool{opts: o, slots: make(chan struct{}, o.Workers)}
	p.stats.Ended, p.lines = map[Cause]int64{}, map[string]*line{}
	if !o.InProcess {
		p.boxes = newBoxes(p)
	}
	return p
}

// window is the memory that one object at a time may have beside its worker's share, for a long window
// of zstd. Where there is little memory it is better shared.
func (p *Pool) window() int64 {
	if p.opts.Memory < 192<<20 {
		return 0
	}
	return min(p.opts.Memory/3, 128<<20)
}

// share is the memory of one worker.
func (p *Pool) share() int64 { return (p.opts.Memory - p.window()) / int64(p.opts.Workers) }

// Stats returns the counters.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stats
	s.Ended = maps.Clone(s.Ended)
	s.Busy, s.Idle = len(p.slots), len(p.idle)
	return s
}

// Close ends all workers. It must not be called while Analyse runs; a second call does nothing.
func (p *Pool) Close() {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	p.servers.Wait()
	p.mu.Lock()
	p.closed = true
	left := p.idle
	p.idle = nil
	if p.tidy != nil {
		p.tidy.Stop()
	}
	p.mu.Unlock()
	var all sync.WaitGroup // the kernel takes milliseconds for each
	for _, w := range left {
		all.Go(func() { p.end(w.worker, CauseRetired) })
	}
	all.Wait()
	if p.boxes != nil {
		p.boxes.close()
	}
}

// end closes a worker and counts why.
func (p *Pool) end(w worker, cause Cause) {
	w.close()
	p.count(func(s *Stats) { s.Ended[cause]++ })
}

// Analyse says what sensitive data is in an object. It waits for a worker that is free, and returns
// soon after ctx ends or the object's time is over, whatever the object does to its worker.
//
// The result is never nil, and its status tells what became of the object. The error says that the
// source failed, that ctx ended, or that no worker could be had; the result then holds what was found
// before. An object that costs its worker twice gets a status, and no error.
func (p *Pool) Analyse(ctx context.Context, src Source, s *Search) (*classify.Result, error) {
	if err := src.check(); err != nil {
		return Unread(err), err
	}
	tries := 0
	if p.small(&src) {
		r, n, ok, err := p.join(ctx, &src, s)
		if ok {
			return r, err
		}
		tries = n
	}
	if err := p.enter(ctx); err != nil {
		return unstarted(err)
	}
	defer p.leave()
	return p.analyse(ctx, &src, s, 1+tries)
}

// Start makes sure that there are so many workers, or all that there may be, and returns why there can be none. Where some are missing
// they are started at the same time, and for s. Objects may be analysed meanwhile.
func (p *Pool) Start(ctx context.Context, s *Search, workers int) error {
	failed := make([]error, min(workers, p.opts.Workers))
	var all sync.WaitGroup
	for i := range failed {
		all.Go(func() { failed[i] = p.start(ctx, s, len(failed)) })
	}
	all.Wait()
	if slices.Contains(failed, nil) {
		return nil
	}
	return failed[0]
}

// start starts a worker for s unless there are enough of them.
func (p *Pool) start(ctx context.Context, s *Search, enough int) error {
	if err := p.enter(ctx); err != nil {
		return err
	}
	defer p.leave()
	p.mu.Lock()
	closed, others := p.closed, len(p.idle)+len(p.slots)-1
	p.mu.Unlock()
	switch {
	case closed:
		return ErrClosed
	case others >= enough:
		return nil
	}
	c := newClock(ctx, 0, p.opts.Time)
	defer c.stop()
	w, err := p.fresh(c)
	if err == nil {
		err = p.configure(c, w, s)
	}
	if err != nil {
		return err
	}
	p.release(w)
	return nil
}

// enter waits until fewer objects are analysed than may be.
func (p *Pool) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *Pool) leave() { <-p.slots }

// Outcome is what became of one of several objects.
type Outcome struct {
	Result *classify.Result
	Err    error
}

const (
	// batchTime is how long the objects of a batch may take together. What is not done by then is
	// done again, each by itself with the time that it has.
	batchTime = 5 * time.Second
	// patient is the least time for one object with which batchTime does not matter.
	patient = 6 * batchTime
	// MaxBatch and BatchBytes bound what AnalyseFiles gives to a worker at once.
	MaxBatch   = maxBatch
	BatchBytes = 8 << 20
)

// AnalyseFiles is Analyse for several small files at once, which costs less than one after the other.
// More than MaxBatch of them, or than BatchBytes together, are analysed as if Analyse was called.
func (p *Pool) AnalyseFiles(ctx context.Context, srcs []Source, s *Search) []Outcome {
	out := make([]Outcome, len(srcs))
	tries := make([]int, len(srcs))
	total := int64(0)
	small := p.boxes != nil && len(srcs) > 1 && len(srcs) <= MaxBatch
	for i := range srcs {
		small = small && srcs[i].check() == nil && srcs[i].File != nil && p.opts.Time(srcs[i].Size) >= patient
		total += srcs[i].Size
	}
	if small && total <= BatchBytes && p.enter(ctx) == nil {
		p.batch(ctx, srcs, s, out, tries)
		p.leave()
	}
	for i := range srcs {
		if out[i].Result != nil {
			continue
		}
		if tries[i] == 0 {
			out[i].Result, out[i].Err = p.Analyse(ctx, srcs[i], s)
			continue
		}
		if err := p.enter(ctx); err != nil {
			out[i].Result, out[i].Err = unstarted(err)
			continue
		}
		out[i].Result, out[i].Err = p.analyse(ctx, &srcs[i], s, 1+tries[i])
		p.leave()
	}
	return out
}

// batch gives several objects to one worker. It fills in what has become of those that were done, and
// counts a try for the one at which the worker ended, and for those before it whose results were lost with the worker.
func (p *Pool) batch(ctx context.Context, srcs []Source, s *Search, out []Outcome, tries []int) {
	c := newClock(ctx, 0, func(int64) time.Duration { return batchTime })
	defer c.stop()
	list := make([]*Source, len(srcs))
	for i := range srcs {
		list[i] = &srcs[i]
	}
	answers := p.once(c, list, s)
	ended := slices.IndexFunc(answers, func(a answer) bool { return a.ended != nil })
	if ended >= 0 {
		if cause := answers[ended].ended.cause; cause == CauseTime || cause == CauseCanceled {
			ended = -1
		}
	}
	for i, a := range answers {
		switch {
		case a.result == nil && i <= ended:
			tries[i]++
			p.count(func(s *Stats) { s.Objects++; s.Retried++ })
		case a.ended != nil:
		case a.result == nil || c.Err() != nil && ctx.Err() == nil && a.result.Status.Code != extract.Complete:
			// It was not come to, or not given its whole time.
		default:
			p.count(func(s *Stats) { s.Objects++ })
			out[i].Result, out[i].Err = finish(a.result, a.err, c.Err())
		}
	}
}

// analyse gives an object to workers, from one try on.
func (p *Pool) analyse(ctx context.Context, src *Source, s *Search, try int) (*classify.Result, error) {
	if try == 1 {
		p.count(func(s *Stats) { s.Objects++ })
	}
	size := src.Size
	if src.File != nil && size == 0 {
		size = -1
	}
	c := newClock(ctx, size, p.opts.Time)
	defer c.stop()
	told, report := int64(0), src.Progress
	for ; ; try++ {
		if report != nil {
			seen := int64(0)
			src.Progress = func(n int64) { // a second try goes over the same bytes
				if seen += n; seen > told {
					report(seen - told)
					told = seen
				}
			}
		}
		a := p.once(c, []*Source{src}, s)[0]
		if a.ended == nil {
			return finish(a.result, a.err, c.Err())
		}
		if src.Reader == nil && try == 1 && c.Err() == nil && a.ended.cause != CauseTime {
			p.count(func(s *Stats) { s.Retried++ })
			continue // it may have been what the worker had read before
		}
		if ctx.Err() != nil && a.ended.cause == CauseCanceled {
			return unstarted(ctx.Err())
		}
		p.count(func(s *Stats) { s.Lost++ })
		return lost(a.ended), nil
	}
}

// unstarted is what becomes of an object for which there was no worker. A deadline of the caller's is
// the object's.
func unstarted(err error) (*classify.Result, error) {
	if errors.Is(err, context.DeadlineExceeded) {
		return skipped(extract.TimeCutOffReached, tooLong), nil
	}
	return Unread(err), err
}

// lost is the result of an object whose worker ended.
func lost(e *errEnded) *classify.Result {
	switch e.cause {
	case CauseTime:
		return skipped(extract.TimeCutOffReached, tooLong)
	case CauseMemory:
		return skipped(extract.FileExceedsSizeLimit, "needs more memory than allowed")
	case CausePanic:
		return skipped(extract.UnableToParseFile, "a mistake in Magpie kept it from being analysed; please report it")
	}
	return skipped(extract.UnableToParseFile, "the process that read it ended before it was done")
}

// once gives objects to one worker.
func (p *Pool) once(c *clock, srcs []*Source, s *Search) []answer {
	w, err := p.acquire(c, s)
	if err != nil {
		answers := make([]answer, len(srcs))
		if errors.As(err, &answers[0].ended) {
			return answers
		}
		for i := range answers {
			answers[i].result, answers[i].err = unstarted(err)
		}
		return answers
	}
	c.begin()
	answers := w.analyse(c, srcs)
	for i := range answers {
		if r := answers[i].result; r != nil {
			for _, f := range r.Faults {
				p.opts.Log.Error("a decoder panicked", "decoder", f.Decoder, "stack", string(f.Stack))
			}
		}
		if answers[i].spent {
			cause := CauseRetired
			if len(answers[i].result.Faults) > 0 {
				cause = CauseFault
			}
			p.end(w, cause)
			return answers
		}
		ended := answers[i].ended
		if ended == nil {
			continue
		}
		switch ended.cause {
		case CauseTime, CauseMemory, CauseCanceled: // the object's own doing, and in its status
			p.opts.Log.Info("a worker ended", "cause", string(ended.cause), "error", ended.err)
		default:
			p.opts.Log.Error("a worker ended", "cause", string(ended.cause), "error", ended.err)
		}
		p.end(w, ended.cause)
		return answers
	}
	p.release(w)
	return answers
}

// acquire returns a worker configured for s: an idle one if possible, else a new one.
func (p *Pool) acquire(c *clock, s *Search) (worker, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, ErrClosed
	}
	w, retired := p.choose(s)
	p.mu.Unlock()
	if retired != nil {
		p.end(retired, CauseRetired)
	}
	if w == nil {
		var err error
		if w, err = p.fresh(c); err != nil {
			return nil, err
		}
	}
	if have := w.search(); have == nil || have.key != s.key {
		if err := p.configure(c, w, s); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// fresh starts a worker.
func (p *Pool) fresh(c *clock) (w worker, err error) {
	if p.boxes == nil {
		w = newLocal(p)
	} else if w, err = p.boxes.start(c); err != nil {
		return nil, fmt.Errorf("start a box: %w", err)
	}
	p.count(func(s *Stats) { s.Started++ })
	return w, nil
}

// configure gives a worker what to look for, and ends it where that fails.
func (p *Pool) configure(c *clock, w worker, s *Search) error {
	err := w.configure(c, s)
	if err == nil {
		p.count(func(s *Stats) { s.Configured++ })
		return nil
	}
	var ended *errEnded
	cause := CauseCrash
	if errors.As(err, &ended) {
		cause = ended.cause
	}
	p.end(w, cause)
	return err
}

// choose takes an idle worker: one that is configured for s, else, when there are as many as there may
// be, the one not used for longest. That one is retired when it has read another owner's objects.
// The caller holds mu.
func (p *Pool) choose(s *Search) (w, retired worker) {
	at := -1
	for i := len(p.idle) - 1; i >= 0 && at < 0; i-- {
		if p.idle[i].search().key == s.key {
			at = i
		}
	}
	// The workers there are: idle ones, and one for each other object being analysed.
	if at < 0 && len(p.idle)+len(p.slots)-1 >= p.opts.Workers && len(p.idle) > 0 {
		at = 0
	}
	if at < 0 {
		return nil, nil
	}
	w = p.idle[at].worker
	p.idle = append(p.idle[:at], p.idle[at+1:]...)
	if w.search().config.Owner != s.config.Owner {
		return nil, w
	}
	return w, nil
}

func (p *Pool) release(w worker) {
	p.mu.Lock()
	if !p.closed {
		p.idle = append(p.idle, idle{w, time.Now()})
		w = nil
		if p.tidy == nil {
			p.tidy = time.AfterFunc(p.opts.Idle, p.retire)
		}
	}
	p.mu.Unlock()
	if w != nil {
		p.end(w, CauseRetired)
	}
}

// retire closes the workers that have been idle for long: each is a process with memory of its own, and
// one that an object has taken over has no more to do.
func (p *Pool) retire() {
	p.mu.Lock()
	now := time.Now()
	n := 0
	for n < len(p.idle) && now.Sub(p.idle[n].since) >= p.opts.Idle {
		n++
	}
	old := slices.Clone(p.idle[:n])
	p.idle = slices.Delete(p.idle, 0, n)
	if p.tidy = nil; len(p.idle) > 0 && !p.closed {
		p.tidy = time.AfterFunc(p.opts.Idle-now.Sub(p.idle[0].since), p.retire)
	}
	p.mu.Unlock()
	for _, w := range old {
		p.end(w.worker, CauseRetired)
	}
}

func (p *Pool) count(f func(*Stats)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.stats)
}
