package scan

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"magpie/internal/analyse"
	"magpie/internal/extract"
	"magpie/internal/heap"
	"magpie/internal/inventory/objectstore"
)

// Options say what to scan, for what, and within which bounds.
type Options struct {
	Paths            []string // files, folders, "-" for standard input
	Search           *analyse.Search
	Include, Exclude []string
	MaxFileSize      int64         // bytes; 0: as large as Macie takes its kind. Search knows it too
	MaxMemory        int64         // bytes for all processes together; 0: 512 MiB
	MaxTime          time.Duration // for one file; 0: analyse.TimeFor its size
	Workers          int           // 0: one per core
	InProcess        bool          // analyse in this process and not in boxes
	Stdin            io.Reader
	Stderr           io.Writer // progress, and mistakes of ours; nil: neither
	NoProgress       bool
	// OpenStore opens the store that arguments such as s3://BUCKET/PREFIX are in.
	OpenStore func(ctx context.Context) (objectstore.Store, error)
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
	Grew      int // files that became longer while they were read, up to where they had ended
	NotOpened int // files of kinds that hold no text
	TooLarge  int // above MaxFileSize
	Passed    passed
	Stopped   bool // interrupted
}

const (
	defaultMemory = 512 << 20
	// ahead is how many files the walk may be ahead of the workers, and the workers of the slowest file.
	ahead = 8192
	// patience is how long an interrupted scan waits for what has been begun: a box is ended before,
	// so that only a folder or a file that does not answer is left behind.
	patience = 700 * time.Millisecond
	// lingering is how long, of that, what has come of standard input may still be analysed.
	lingering = 300 * time.Millisecond
	// own is the memory that a process has before it analyses anything, where that is little beside
	// the whole.
	own = 16 << 20
)

const (
	manyOpen  = 1 << 20 // files that may be open at once, where nothing says so
	ownOpen   = 32      // of these: this process's own, and what it walks
	boxOpen   = 8       // what a box takes that runs
	startOpen = 4       // and what it takes for a moment more
)

// fit says how many workers there may be where so many files may be open, and how many files each may hold.
func fit(workers int, open uint64) (most, batch int) {
	left := max(0, int(min(open, manyOpen))-ownOpen)
	most = min(workers, max(1, left/(boxOpen+startOpen)))
	return most, min(analyse.MaxBatch, max(1, (left-most*boxOpen)/(most+1)))
}

// Run scans and gives each file's result to report, in the order of the walk, from one goroutine. When
// ctx is cancelled it reports what is ready and returns within a second with Summary.Stopped set. The
// error is report's, or that of an option.
func Run(ctx context.Context, o Options, report func(*FileResult) error) (*Summary, error) {
	include, err := parseGlobs(o.Include)
	if err != nil {
		return nil, err
	}
	exclude, err := parseGlobs(o.Exclude)
	if err != nil {
		return nil, err
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.MaxMemory <= 0 {
		o.MaxMemory = defaultMemory
	}
	workers, batch := fit(o.Workers, openAtOnce())
	o.Workers = workers
	s := &scanner{o: o, batch: batch, jobs: make(chan *job, 256), ordered: make(chan *job, ahead), many: make(chan struct{}), started: time.Now(), reading: semaphore.NewWeighted(o.forReading())}
	s.near = newNear(&o)
	if s.near == nil {
		s.start(ctx)
	}

	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	walk := &walker{include: include, exclude: exclude, open: o.OpenStore, emit: func(e entry) error { return s.enqueue(inner, e) }}
	s.another = func() { all.Go(func() { s.work(inner) }) }
	all.Go(func() {
		defer close(s.jobs)
		defer close(s.ordered)
		_ = walk.walk(inner, o.Paths) // its only errors are the context's; everything else is an entry
		s.walked.Store(true)
	})
	if ofBuckets(o.Paths) {
		workers = max(workers, bucketReads) // most of them wait for the store
	}
	for range workers {
		s.another()
	}
	progress := o.Stderr
	if o.NoProgress {
		progress = nil
	}
	stopProgress := startProgress(progress, s)
	sum := &Summary{}
	complete := s.collect(ctx, func(j *job) {
		if j.skipped || err != nil {
			return
		}
		sum.add(&j.result, o.MaxFileSize, j.entry.size)
		if err = report(&j.result); err != nil {
			cancel()
		}
	})
	stopProgress()
	if complete {
		all.Wait()
		s.close()
		sum.Passed = walk.passed
	} else {
		go func() { all.Wait(); s.close() }()
	}
	sum.Elapsed = time.Since(s.started)
	sum.Stopped = ctx.Err() != nil
	return sum, err
}

// newPool makes what analyses the files, within the memory that is left beside the processes themselves.
func newPool(o *Options) *analyse.Pool {
	log := slog.New(slog.DiscardHandler)
	if o.Stderr != nil {
		log = slog.New(slog.NewTextHandler(o.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	p := analyse.Options{Workers: o.Workers, Memory: o.MaxMemory - o.forReading() - o.forNear(), InProcess: o.InProcess || !analyse.CanBox(), Log: log}
	if !p.InProcess {
		p.Memory -= int64(o.Workers+1) * min(own, o.MaxMemory/32/int64(o.Workers))
	}
	if o.MaxTime > 0 {
		p.Time = func(int64) time.Duration { return o.MaxTime }
	}
	return analyse.New(p)
}

// collect gives the jobs to each in their order, as they are done. It returns false when ctx has ended
// and something does not end with it; what is done by then has been given.
func (s *scanner) collect(ctx context.Context, each func(*job)) (complete bool) {
	overdue := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		time.AfterFunc(patience, func() { close(overdue) })
	})
	defer stop()
	complete = true
	for {
		var j *job
		more := true
		select {
		case j, more = <-s.ordered:
		case <-overdue:
			select {
			case j, more = <-s.ordered:
			default:
				return false // the walk hangs
			}
		}
		if !more {
			return complete
		}
		select {
		case <-j.done:
			each(j)
			continue
		default:
		}
		select {
		case <-j.done:
			each(j)
		case <-overdue:
			complete = false
		}
	}
}

// scanner is one Run.
type scanner struct {
	o     Options
	batch int // files that are held open at once by whoever takes jobs
	begin sync.Once
	// starting is the boxes that are started before they are needed; foreseen is how many files have said that they will be.
	starting sync.WaitGroup
	foreseen int
	many     chan struct{} // closed when that many are
	another  func()        // starts another goroutine that takes jobs
	pool     *analyse.Pool // of boxes where there are any; nil before it is needed
	near     *near         // nil: all files go to pool
	restore  func()        // the limit of memory that was before
	jobs     chan *job     // for the workers
	ordered  chan *job     // the same, for the report
	started  time.Time
	reading  *semaphore.Weighted // bytes of objects that are being read

	found, done       atomic.Int64 // files
	foundBytes, bytes atomic.Int64
	hits              atomic.Int64
	walked            atomic.Bool
	current           atomic.Pointer[string]
}

type job struct {
	entry   entry
	result  FileResult
	skipped bool        // the scan was stopped before it
	opened  fs.FileInfo // what its file was when it was opened; nil where that does not matter
	grew    bool        // it is longer now
	close   func()      // lets go of what is read; nil where there is nothing to let go of
	done    chan struct{}
}

// A scan of many files makes room for its heap, of whose garbage there will be as much.
const (
	manyFiles = 256
	roomBytes = 64 << 20
)

func (s *scanner) enqueue(ctx context.Context, e entry) error {
	j := &job{entry: e, done: make(chan struct{})}
	if s.found.Add(1) == manyFiles {
		heap.MakeRoom(min(roomBytes, s.o.MaxMemory/16))
	}
	s.foundBytes.Add(max(e.size, 0))
	s.foresee(ctx, &e)
	select {
	case s.ordered <- j:
	case <-ctx.Done():
		j.entry.done()
		return ctx.Err()
	}
	select {
	case s.jobs <- j:
		return nil
	case <-ctx.Done():
		j.skipped = true
		j.entry.done()
		close(j.done)
		return ctx.Err()
	}
}

// work analyses files. Small ones are taken several at a time where they wait already.
func (s *scanner) work(ctx context.Context) {
	for j := range s.jobs {
		for j != nil {
			var some []*job
			some, j = s.gather(j)
			s.files(ctx, some)
		}
	}
}

// gather adds to a job what waits behind it and is small too, and returns the one that is not.
func (s *scanner) gather(j *job) (some []*job, next *job) {
	some = []*job{j}
	if !s.small(j) {
		return some, nil
	}
	for total := j.entry.size; total <= s.share() && len(some) < s.batch; {
		select {
		case next = <-s.jobs:
		default:
			return some, nil
		}
		if next == nil || !s.small(next) { // nil: there are no more
			return some, next
		}
		some = append(some, next)
		total += next.entry.size
	}
	return some, nil
}

// smallBytes is how many bytes of files are taken at a time: enough that what it costs to give them to
// a box is little beside, and so few that another worker has not long to wait for the last of them.
const smallBytes = 4 << 20

// share is how many bytes of small files are taken at a time: towards the end fewer and fewer, so that all workers end together.
func (s *scanner) share() int64 {
	if !s.walked.Load() || s.o.Workers == 1 {
		return smallBytes
	}
	left := s.foundBytes.Load() - s.bytes.Load()
	return min(smallBytes, left/int64(4*s.o.Workers))
}

func (s *scanner) small(j *job) bool { return j.entry.tree != nil && j.entry.size < smallBytes }

// files analyses what some jobs are about.
func (s *scanner) files(ctx context.Context, some []*job) {
	var ready []*job
	var srcs []analyse.Source
	for _, j := range some {
		if ctx.Err() != nil {
			j.skipped = true
			s.finish(j)
			continue
		}
		s.current.Store(&j.entry.path)
		if src, ok := s.source(ctx, j); ok {
			ready, srcs = append(ready, j), append(srcs, src)
		} else {
			s.finish(j)
		}
	}
	if ready, srcs = s.readNear(ctx, ready, srcs); len(srcs) == 0 {
		return
	}
	s.start(ctx)
	s.end(ctx, ready, srcs, s.analyse(ctx, srcs))
}

// end notes what became of jobs that were analysed. The last comes first: who reports waits for the first, and would be woken up for each.
func (s *scanner) end(ctx context.Context, jobs []*job, srcs []analyse.Source, outcomes []analyse.Outcome) {
	for i := len(jobs) - 1; i >= 0; i-- {
		s.endOne(ctx, jobs[i], &srcs[i], outcomes[i])
	}
}

func (s *scanner) endOne(ctx context.Context, j *job, src *analyse.Source, o analyse.Outcome) {
	if j.opened != nil {
		j.grew = settle(j, src, &o)
	}
	if src.File != nil {
		src.File.Close()
	}
	if j.close != nil {
		j.close()
	}
	var failed *analyse.SourceError
	if errors.As(o.Err, &failed) {
		o.Err = failed.Err
	}
	j.skipped = ctx.Err() != nil && errors.Is(o.Err, context.Canceled) && len(o.Result.Detections) == 0
	if errors.Is(o.Err, context.Canceled) || o.Err == analyse.ErrStopped {
		o.Err = errInterrupted
	}
	j.result = FileResult{Path: j.entry.path, Result: o.Result, Err: bare(o.Err), Grew: j.grew}
	s.finish(j)
}

// errInterrupted is why a file was not read to its end in which something was found before.
var errInterrupted = errors.New("the scan was interrupted while it was read")

func (s *scanner) analyse(ctx context.Context, srcs []analyse.Source) []analyse.Outcome {
	switch len(srcs) {
	case 0:
		return nil
	case 1:
		if srcs[0].Stop != nil {
			var done context.CancelFunc
			ctx, done = linger(ctx)
			defer done()
		}
		r, err := s.pool.Analyse(ctx, srcs[0], s.o.Search)
		return []analyse.Outcome{{Result: r, Err: err}}
	}
	return s.pool.AnalyseFiles(ctx, srcs, s.o.Search)
}

// linger returns a context that ends a while after ctx.
func linger(ctx context.Context) (context.Context, context.CancelFunc) {
	later, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(lingering, cancel) })
	return later, func() { stop(); cancel() }
}

// finish hands a job to the report.
func (s *scanner) finish(j *job) {
	j.entry.done()
	if !j.skipped {
		s.done.Add(1)
		if len(j.result.Result.Detections) > 0 {
			s.hits.Add(1)
		}
	}
	close(j.done)
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
	if f.Grew {
		s.Grew++
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
