package analyse

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"magpie/internal/classify"
	"magpie/internal/extract"
)

// local is a worker in this process.
type local struct {
	pool     *Pool
	of       *Search
	worker   *classify.Worker
	progress func(int64) // of the object at hand
}

func newLocal(p *Pool) *local { return &local{pool: p} }

func (l *local) search() *Search { return l.of }

func (l *local) configure(_ context.Context, s *Search) error {
	l.of = s
	options := classify.Options{Progress: func(n int64) {
		if l.progress != nil {
			l.progress(n)
		}
	}}
	options.Extract.MaxWindow = maxWindow(l.pool.window())
	options.Extract.PlainOnly = l.pool.opts.PlainOnly
	options.Extract.NewSpool = func() (extract.Spool, error) { return newSpool(l.pool.opts.SpoolDir) }
	l.worker = newWorker(s, l.pool.share(), options)
	return nil
}

// maxWindow is a window's bytes as package extract takes them, to which 0 is its default.
func maxWindow(bytes int64) int64 {
	if bytes <= 0 {
		return -1
	}
	return bytes
}

// newWorker is what both kinds of worker run, within so many bytes.
func newWorker(s *Search, memory int64, o classify.Options) *classify.Worker {
	o.Samples, o.Reveal, o.Explain = s.config.Samples, s.config.Reveal, s.config.Explain
	o.CleanMembers = min(s.config.CleanMembers, MostCleanMembers)
	// Half is for buffers, the engine and the garbage in between.
	o.Extract.MaxMemory = max(memory/2, 4<<20)
	o.Extract.MaxFileBytes = s.config.MaxFileBytes
	s.set.Prepare() // not in the time of the first object
	return classify.New(s.set, o).NewWorker()
}

func (l *local) analyse(c *clock, srcs []*Source) []answer {
	answers := make([]answer, len(srcs))
	for i, src := range srcs {
		if answers[i] = l.one(c, src); answers[i].ended != nil || answers[i].spent {
			break
		}
	}
	return answers
}

func (l *local) one(c *clock, src *Source) answer {
	done := make(chan answer, 1)
	go func() {
		var a answer
		defer func() {
			if r := recover(); r != nil {
				a = answer{ended: &errEnded{CausePanic, errors.New(panicText(r, debug.Stack()))}}
			}
			done <- a
		}()
		a.result, a.err = l.run(c, src)
		if l.worker.Faulty() {
			a.spent = true
		}
	}()
	var late <-chan time.Time
	over := c.Done()
	for {
		select {
		case a := <-done:
			return a
		case <-over:
			over = nil
			wait, _ := graceOf(c.Err())
			late = time.After(wait)
		case <-late:
			_, cause := graceOf(c.Err())
			return answer{ended: &errEnded{cause, errors.New("it does not look at the clock; it is left behind")}}
		}
	}
}

// graceOf is how long a worker may go on after the clock has ended with err, and what it dies of then.
func graceOf(err error) (time.Duration, Cause) {
	if errors.Is(err, context.DeadlineExceeded) {
		return grace, CauseTime
	}
	return cancelGrace, CauseCanceled
}

func (l *local) run(c *clock, src *Source) (*classify.Result, error) {
	if src.Progress != nil {
		l.progress = func(n int64) {
			if c.Err() == nil { // else the caller may have gone
				src.Progress(n)
			}
		}
	}
	given := *src
	f := newFeed(c, src)
	switch {
	case src.ReaderAt != nil:
		given.ReaderAt = feedAt{f}
	case src.Reader != nil:
		given.Reader = feedFlow{f}
	}
	w := newWhole(&given)
	r, err := l.worker.Classify(c, w.source(src.Name))
	l.progress = nil
	if f.stopped {
		_ = w.fail(ErrStopped)
	}
	return r, cause(err, w, src.Name)
}

// cause is the error of a classification: the source's own where it failed, whatever was made of it.
func cause(err error, w *whole, name string) error {
	if failed := w.failed(); failed != nil {
		return &SourceError{name, failed}
	}
	if err == nil {
		return nil
	}
	if inner := errors.Unwrap(err); inner != nil {
		err = inner // it says "read NAME" itself
	}
	return &SourceError{name, err}
}

func (l *local) close() {}

// panicText describes a panic without its value, which may hold content of the object; the runtime's
// own errors do not.
func panicText(value any, stack []byte) string {
	if err, ok := value.(runtime.Error); ok {
		return fmt.Sprintf("panic: %v\n%s", err, stack)
	}
	return fmt.Sprintf("panic with a value of type %T\n%s", value, stack)
}
