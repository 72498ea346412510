package scan

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"magpie/internal/analyse"
	"magpie/internal/extract"
)

// near reads small files of plain text in this process.
//
// A box costs its start, twice a dozen milliseconds, and for each file a descriptor sent and a result received: for a folder of some
// hundred small files that is half of the scan, and far more than the twentieth that boxes may cost. What they keep off is not
// what small texts bring: those are read from the front by readers of our own, which count bytes and steps, without decoders that
// others wrote, without anything that inflates, and of at most nearSize bytes. They are read here with a fraction of the memory and
// the time that a file has otherwise, and what does not end COMPLETE within it is read again in a box, as if it had not been
// read: so a result is the box's own but for the simplest. A reader that does not even come back is left behind, and is the last.
type near struct {
	pool *analyse.Pool
	off  atomic.Bool
}

const (
	// nearSize is how large a file may be that is read here.
	nearSize = 256 << 10
	// oneRead is how large a file may be whose reading is taken for one moment: another look at each would be a twentieth of what a small
	// file costs. That it was written to in that moment is not told.
	oneRead = 64 << 10
	// nearMemory and nearTime are what such a file may take.
	nearMemory = 16 << 20
	nearTime   = 2 * time.Second
)

// forNear is the memory that reading in this process has, out of what there is for all.
func (o *Options) forNear() int64 {
	most := int64(o.Workers) * nearMemory
	if o.InProcess || !analyse.CanBox() || o.MaxMemory < 8*most || o.MaxTime > 0 && o.MaxTime < nearTime {
		return 0
	}
	return most
}

func newNear(o *Options) *near {
	memory := o.forNear()
	if memory == 0 {
		return nil
	}
	return &near{pool: analyse.New(analyse.Options{Workers: o.Workers, Memory: memory, InProcess: true, PlainOnly: true,
		Time: func(int64) time.Duration { return nearTime }})}
}

// readNear reads the files that can be read here and returns the others.
func (s *scanner) readNear(ctx context.Context, jobs []*job, srcs []analyse.Source) ([]*job, []analyse.Source) {
	if s.near == nil {
		return jobs, srcs
	}
	left := 0
	var read []*job
	var from []analyse.Source
	var outcomes []analyse.Outcome
	for i, j := range jobs {
		if src := &srcs[i]; src.File != nil && src.Size > 0 && src.Size <= nearSize && !s.near.off.Load() && ctx.Err() == nil && !forBoxes[ending(j.entry.rel)] {
			given := *src
			given.Progress = nil
			r, err := s.near.pool.Analyse(ctx, given, s.o.Search)
			if err == nil && r.Status.Code == extract.Complete {
				src.Progress(src.Size)
				o := analyse.Outcome{Result: r}
				if src.Size > oneRead {
					j.grew = settle(j, src, &o)
				}
				j.opened = nil // it is not looked at again when the others are read
				read, from, outcomes = append(read, j), append(from, *src), append(outcomes, o)
				continue
			}
			if r.Status.Reason == extract.TimeCutOffReached {
				s.near.off.Store(true)
			}
		}
		jobs[left], srcs[left] = jobs[i], srcs[i]
		left++
	}
	s.end(ctx, read, from, outcomes)
	return jobs[:left], srcs[:left]
}

// forBoxes are the endings of some kinds of files that are read in boxes: it is not tried here, and they say when it is time to start boxes.
// What has such a name and is plain text has the same result from a box.
var forBoxes = map[string]bool{".gz": true, ".tgz": true, ".bz2": true, ".xz": true, ".zst": true, ".zip": true, ".tar": true, ".jar": true, ".pdf": true,
	".docx": true, ".xlsx": true, ".pptx": true, ".odt": true, ".ods": true, ".doc": true, ".xls": true, ".msg": true, ".avro": true, ".parquet": true}

func ending(name string) string { return strings.ToLower(filepath.Ext(name)) }

// manyForBoxes is how many files there are that need boxes when all of these are started.
const manyForBoxes = 16

// foresee starts boxes while the tree is still being listed: one with the first file that needs it, all of them when there are many. There
// is then somebody more who opens files and reads those of plain text, so that something is ready for a box that has become free.
func (s *scanner) foresee(ctx context.Context, e *entry) {
	if s.near == nil || e.tree == nil || e.size <= nearSize && !forBoxes[ending(e.rel)] {
		return
	}
	switch s.foreseen++; s.foreseen {
	case 1:
		s.starting.Go(func() { s.start(ctx) })
	case manyForBoxes:
		if s.o.Workers > 1 {
			s.another()
		}
		close(s.many)
		s.starting.Go(func() {
			s.start(ctx)
			_ = s.pool.Start(ctx, s.o.Search, s.o.Workers) // those that cannot be started now are tried when they are needed
		})
	}
}

// start makes the pool, once something is to be read by it.
func (s *scanner) start(ctx context.Context) {
	s.begin.Do(func() {
		s.pool = newPool(&s.o)
		if err := s.firstBoxes(ctx); err != nil && ctx.Err() == nil {
			// There may be no /proc, or a filter that forbids what a box is made of.
			if s.o.Stderr != nil {
				fmt.Fprintf(s.o.Stderr, "magpie: files are read in this process, where one of them can do more harm: %v\n", err)
			}
			s.pool.Close()
			s.o.InProcess = true
			s.pool = newPool(&s.o)
		}
		if s.o.InProcess || !analyse.CanBox() {
			before := debug.SetMemoryLimit(s.o.MaxMemory)
			s.restore = func() { debug.SetMemoryLimit(before) }
		}
	})
}

// firstBoxes starts a box, and the others beside it where it shows meanwhile that there is work for them: the first takes as long to be
// there as all of them.
func (s *scanner) firstBoxes(ctx context.Context) error {
	first := make(chan error, 1)
	go func() { first <- s.pool.Start(ctx, s.o.Search, 1) }()
	select {
	case err := <-first:
		return err
	case <-s.many:
		err := s.pool.Start(ctx, s.o.Search, s.o.Workers)
		// Either may have found one that was being started, and have been content with that.
		if one := <-first; err == nil && one == nil || s.pool.Stats().Started > 0 {
			return nil
		} else if err == nil {
			err = one
		}
		return err
	}
}

// close ends what analyses. No file is being analysed any more.
func (s *scanner) close() {
	s.starting.Wait()
	s.begin.Do(func() {})
	if s.pool != nil {
		s.pool.Close()
	}
	if s.near != nil {
		s.near.pool.Close()
	}
	if s.restore != nil {
		s.restore()
		s.restore = nil
	}
}
