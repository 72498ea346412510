package scan

import (
	"context"
	"errors"
	"io"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"magpie/internal/classify"
	"magpie/internal/detect"
	"magpie/internal/extract"
)

// Options say what to scan, for what, and within which bounds.
type Options struct {
	Paths            []string // files, folders, "-" for standard input
	Set              *detect.Set
	Custom           map[*detect.Custom]classify.CustomName
	Include, Exclude []string
	MaxFileSize      int64         // bytes; 0: as large as Macie takes its kind
	MaxMemory        int64         // bytes for the whole process; 0: 512 MiB
	MaxTime          time.Duration // for one file; 0: Macie's ten hours
	Workers          int           // 0: one per core
	Reveal           bool
	Stdin            io.Reader
	Stderr           io.Writer // progress; nil: none
}

// Summary is the whole scan in figures.
type Summary struct {
	Files     int   // met
	Read      int   // of them, wholly or in part
	Bytes     int64 // of them
	Elapsed   time.Duration
	WithData  int // files in which something was found
	Found     int64
	Bad       int // files that could not be read, or not wholly
	NotOpened int // files of kinds that hold no text
	TooLarge  int // above MaxFileSize
	Passed    passed
	Stopped   bool // interrupted
}

const (
	defaultMemory = 512 << 20
	// ahead is how many files the walk may be ahead of the workers, and the workers of the slowest file.
	ahead = 8192
)

// Run scans and gives each file's result to report, in the order of the walk, from one goroutine. When ctx is cancelled it
// reports what is ready and returns with Summary.Stopped set. The error is report's, or that of an option.
func Run(ctx context.Context, o Options, report func(*FileResult) error) (*Summary, error) {
	include, err := parseGlobs(o.Include)
	if err != nil {
		return nil, err
	}
	exclude, err := parseGlobs(o.Exclude)
	if err != nil {
		return nil, err
	}
	workers := o.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	memory := o.MaxMemory
	if memory <= 0 {
		memory = defaultMemory
	}
	// Half of it is for what extractors hold, the rest for buffers, the engine and the garbage in between.
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(memory))
	if o.MaxTime <= 0 {
		o.MaxTime = 10 * time.Hour
	}
	s := &scanner{o: o, jobs: make(chan *job, 256), ordered: make(chan *job, ahead), started: time.Now()}
	samples := 0
	if o.Reveal {
		samples = 3
	}
	classifier := classify.New(o.Set, classify.Options{
		Samples:  samples,
		Progress: func(n int64) { s.bytes.Add(n) },
		Extract: extract.Options{
			MaxMemory:    max(memory/2/int64(workers), 4<<20),
			MaxWindow:    memory / 4,
			MaxFileBytes: o.MaxFileSize,
			NewSpool:     newSpool,
		},
	})

	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	walk := &walker{include: include, exclude: exclude, emit: func(e entry) error { return s.enqueue(inner, e) }}
	all.Go(func() {
		defer close(s.jobs)
		defer close(s.ordered)
		_ = walk.walk(inner, o.Paths) // its only errors are the context's; everything else is an entry
		s.walked.Store(true)
	})
	for range workers {
		all.Go(func() { s.work(inner, classifier) })
	}
	stopProgress := startProgress(o.Stderr, s)
	sum := &Summary{}
	for j := range s.ordered {
		<-j.done
		if j.skipped || err != nil {
			continue
		}
		sum.add(&j.result, o.MaxFileSize, j.entry.size)
		if err = report(&j.result); err != nil {
			cancel()
		}
	}
	all.Wait()
	stopProgress()
	sum.Passed = walk.passed
	sum.Elapsed = time.Since(s.started)
	sum.Stopped = ctx.Err() != nil
	return sum, err
}

// scanner is one Run.
type scanner struct {
	o       Options
	jobs    chan *job // for the workers
	ordered chan *job // the same, for the report
	started time.Time

	found, done       atomic.Int64 // files
	foundBytes, bytes atomic.Int64
	hits              atomic.Int64
	walked            atomic.Bool
	current           atomic.Pointer[string]
}

type job struct {
	entry   entry
	result  FileResult
	skipped bool // the scan was stopped before it
	done    chan struct{}
}

func (s *scanner) enqueue(ctx context.Context, e entry) error {
	j := &job{entry: e, done: make(chan struct{})}
	s.found.Add(1)
	s.foundBytes.Add(max(e.size, 0))
	select {
	case s.ordered <- j:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case s.jobs <- j:
		return nil
	case <-ctx.Done():
		j.skipped = true
		close(j.done)
		return ctx.Err()
	}
}

func (s *scanner) work(ctx context.Context, c *classify.Classifier) {
	w := c.NewWorker()
	for j := range s.jobs {
		if ctx.Err() != nil {
			j.skipped = true
			close(j.done)
			continue
		}
		s.current.Store(&j.entry.path)
		timed, cancel := context.WithTimeout(ctx, s.o.MaxTime)
		if !s.attempt(timed, w, j) {
			w = c.NewWorker() // what it has kept is not to be trusted
		}
		cancel()
		if ctx.Err() != nil && errors.Is(j.result.Err, context.Canceled) && len(j.result.Result.Detections) == 0 {
			j.skipped = true
		}
		s.done.Add(1)
		if len(j.result.Result.Detections) > 0 {
			s.hits.Add(1)
		}
		close(j.done)
	}
}

// attempt scans one file. A mistake of ours that one file brings to light must not cost the scan of a million others: it is
// said of that file, and the exit code tells.
func (s *scanner) attempt(ctx context.Context, w *classify.Worker, j *job) (ok bool) {
	defer func() {
		if r := recover(); r != nil {
			err := errors.New("a mistake in Magpie kept this file from being scanned; please report it")
			j.result = FileResult{Path: j.entry.path, Err: err, Result: unreadable(err)}
			ok = false
		}
	}()
	j.result = scanFile(ctx, w, j.entry, s.o.Stdin)
	return true
}

func (s *Summary) add(f *FileResult, maxSize, size int64) {
	s.Files++
	s.Bytes += max(size, f.Result.Classified, 0)
	if f.Result.Status.Code != extract.Skipped {
		s.Read++
	}
	if len(f.Result.Detections) > 0 {
		s.WithData++
		for i := range f.Result.Detections {
			s.Found += f.Result.Detections[i].Count
		}
	}
	switch {
	case tooLarge(f, maxSize, size):
		s.TooLarge++
	case f.Failed():
		s.Bad++
	case f.Result.Status.Code == extract.Skipped:
		s.NotOpened++
	}
}

// tooLarge says whether the user's own limit, and not a failure, kept the file closed.
func tooLarge(f *FileResult, maxSize, size int64) bool {
	return f.Err == nil && maxSize > 0 && size > maxSize && f.Result.Status.Code == extract.Skipped
}
