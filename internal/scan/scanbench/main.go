// Command scanbench measures `magpie scan` as a user runs it: the built program, on files that this one writes from a seed.
//
//	go run ./internal/scan/scanbench [-size BYTES] [-large BYTES] [-gitleaks]
//
// It prints the rate on a folder of mixed text on one core, what a second core brings, time and memory for large files of each
// text format, the time to the first finding, what hundreds of small files cost beside ripgrep, and gitleaks on a part of the same
// folder where it can be had. Rates are per second of processor time where a core is named, so that other work on the machine matters little.
package main

import (
	"context"
	"encoding/csv"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"time"

	"magpie/internal/detect/corpus"
)

func main() {
	size := flag.Int64("size", 256<<20, "bytes of the folder of mixed text")
	large := flag.Int64("large", 1<<30, "bytes of each large file; 0: none")
	docs := flag.String("docs", "", "a folder of documentation to compare with ripgrep, beside the one that is written")
	leaks := flag.Bool("gitleaks", true, "measure gitleaks too, installing it under bin/ if it is not there")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *size, *large, *docs, *leaks); err != nil {
		fmt.Fprintln(os.Stderr, "scanbench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, size, large int64, docs string, leaks bool) error {
	dir, err := os.MkdirTemp("", "magpie-scanbench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	magpie := filepath.Join(dir, "magpie")
	if out, err := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", magpie, "./cmd/magpie").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w: %s", err, out)
	}
	b := &bench{ctx: ctx, magpie: magpie}
	mixed := filepath.Join(dir, "mixed")
	sizes, err := writeMixed(mixed, size)
	if err != nil {
		return err
	}
	if err := b.start(dir); err != nil {
		return err
	}
	if err := b.small(filepath.Join(dir, "docs")); err != nil {
		return err
	}
	if docs != "" {
		if err := b.beside(docs); err != nil {
			return err
		}
	}
	one, err := b.oneCore(mixed, sizes)
	if err != nil {
		return err
	}
	if err := b.twoCores(mixed, sizes); err != nil {
		return err
	}
	if large > 0 {
		for _, f := range []struct {
			name  string
			write func(io.Writer, *rand.Rand, int64) error
		}{{"large.log", writeLog}, {"large.csv", writeCSV}, {"large.jsonl", writeJSONL}} {
			if err := b.largeFile(filepath.Join(dir, f.name), large, f.write); err != nil {
				return err
			}
		}
	}
	if leaks {
		return b.gitleaks(dir, mixed, one)
	}
	return nil
}

type bench struct {
	ctx    context.Context
	magpie string
}

// result is one run of a program.
type result struct {
	wall, cpu time.Duration
	rss       int64 // bytes
}

// scan runs the program with so many processors. Exit code 3 is no failure, nor is 1.
func (b *bench) scan(procs int, args ...string) (result, error) {
	c := exec.CommandContext(b.ctx, b.magpie, append([]string{"scan", "--no-progress", "--output", "json"}, args...)...)
	c.Env = append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(procs))
	return measure(c)
}

func measure(c *exec.Cmd) (result, error) {
	began := time.Now()
	err := c.Run()
	r := result{wall: time.Since(began)}
	if c.ProcessState == nil {
		return r, err
	}
	r.cpu = c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	r.rss = resident(c.ProcessState)
	if !c.ProcessState.Exited() {
		return r, err
	}
	return r, nil
}

func mbs(bytes int64, d time.Duration) float64 { return float64(bytes) / 1e6 / d.Seconds() }

// best is the run that took the least processor time: the others were disturbed.
func best(n int, f func() (result, error)) (result, error) {
	var min result
	for i := range n {
		r, err := f()
		if err != nil {
			return r, err
		}
		if i == 0 || r.cpu < min.cpu {
			min = r
		}
	}
	return min, nil
}

func (b *bench) oneCore(mixed string, sizes [2]int64) (float64, error) {
	total := sizes[0] + sizes[1]
	var rate float64
	for _, set := range []string{"recommended", "all"} {
		r, err := best(3, func() (result, error) { return b.scan(1, "--identifiers", set, mixed) })
		if err != nil {
			return 0, err
		}
		got := mbs(total, r.cpu)
		if set == "recommended" {
			rate = got
		}
		fmt.Printf("folder of mixed text, %d MB, %-11s  %6.0f MB/s per core, %3d MB of memory\n", total/1e6, set, got, r.rss/1e6)
	}
	return rate, nil
}

// twoCores compares one process on two cores with two processes that have half the folder each.
func (b *bench) twoCores(mixed string, sizes [2]int64) error {
	together, apart := time.Hour, time.Hour
	for range 3 {
		r, err := b.scan(2, mixed)
		if err != nil {
			return err
		}
		together = min(together, r.wall)
		began := time.Now()
		done := make(chan error, 2)
		for _, half := range []string{"a", "b"} {
			go func() {
				_, err := b.scan(1, filepath.Join(mixed, half))
				done <- err
			}()
		}
		for range 2 {
			if err := <-done; err != nil {
				return err
			}
		}
		apart = min(apart, time.Since(began))
	}
	fmt.Printf("two cores in one process against two processes   %6.2f (%.0f against %.0f MB/s)\n", apart.Seconds()/together.Seconds(),
		mbs(sizes[0]+sizes[1], together), mbs(sizes[0]+sizes[1], apart))
	return nil
}

// start measures a small folder from the start of the process to its end, which the first finding precedes.
func (b *bench) start(dir string) error {
	small := filepath.Join(dir, "small")
	if err := os.MkdirAll(small, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(small, "a.txt"), []byte("my ssn is 536-90-4399\n"), 0o600); err != nil {
		return err
	}
	least := time.Hour
	for range 5 {
		r, err := b.scan(2, small)
		if err != nil {
			return err
		}
		least = min(least, r.wall)
	}
	fmt.Printf("start to first finding on a small folder         %6.0f ms\n", least.Seconds()*1000)
	return nil
}

// small compares a scan of a documentation folder, of small files of many kinds, with a scan of one file, so that what is left is what
// the files cost, and with ripgrep.
func (b *bench) small(dir string) error {
	const files = 600
	total, err := writeDocs(dir, files)
	if err != nil {
		return err
	}
	one := filepath.Join(filepath.Dir(dir), "small")
	start, err := best(10, func() (result, error) { return b.scan(2, one) })
	if err != nil {
		return err
	}
	all, err := best(10, func() (result, error) { return b.scan(2, dir) })
	if err != nil {
		return err
	}
	fmt.Printf("%d small files, %.1f MB                          %6.0f ms of processor time, %.0f of them for the start: %.0f µs a file\n",
		files, float64(total)/1e6, all.cpu.Seconds()*1000, start.cpu.Seconds()*1000, (all.cpu-start.cpu).Seconds()*1e6/files)
	return b.beside(dir)
}

// beside compares a scan of a folder with ripgrep's counting of the lines in it that hold a social security number.
func (b *bench) beside(dir string) error {
	rg, err := exec.LookPath("rg")
	if err != nil {
		fmt.Println("ripgrep is not installed; nothing to compare that with")
		return nil
	}
	all, err := best(10, func() (result, error) { return b.scan(2, dir) })
	if err != nil {
		return err
	}
	peer, err := best(10, func() (result, error) {
		return measure(exec.CommandContext(b.ctx, rg, "-c", "-uuu", "--no-config", "[0-9]{3}-[0-9]{2}-[0-9]{4}", dir))
	})
	if err != nil {
		return err
	}
	fmt.Printf("rg -c of %-38s %6.0f ms: magpie takes %.0f ms, %.1f times as long (by the clock %.0f and %.0f ms, %.1f times)\n", filepath.Base(dir),
		peer.cpu.Seconds()*1000, all.cpu.Seconds()*1000, all.cpu.Seconds()/peer.cpu.Seconds(), peer.wall.Seconds()*1000, all.wall.Seconds()*1000,
		all.wall.Seconds()/peer.wall.Seconds())
	return nil
}

// writeDocs writes files of 200 bytes to 25 kB, as documentation has them.
func writeDocs(dir string, files int) (total int64, err error) {
	r := corpus.Random(3)
	kinds := []struct {
		ext   string
		write func(*rand.Rand, int) []byte
	}{{".md", corpus.Prose}, {".txt", corpus.Prose}, {"", corpus.Prose}, {".html", html}, {".json", corpus.JSON}, {".go", corpus.Code}, {".log", corpus.Logs}, {".yaml", corpus.Prose}}
	for i := range files {
		k := kinds[i%len(kinds)]
		text := k.write(r, 200<<r.IntN(8))
		name := filepath.Join(dir, fmt.Sprintf("p%02d", i%40), fmt.Sprintf("f%03d%s", i, k.ext))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return 0, err
		}
		if err := os.WriteFile(name, text, 0o600); err != nil {
			return 0, err
		}
		total += int64(len(text))
	}
	return total, nil
}

func html(r *rand.Rand, size int) []byte {
	return append(append([]byte("<!DOCTYPE html>\n<html><body><p>"), corpus.Prose(r, size)...), "</p></body></html>\n"...)
}

func (b *bench) largeFile(name string, size int64, write func(io.Writer, *rand.Rand, int64) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer os.Remove(name)
	if err := write(f, corpus.Random(11), size); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	r, err := best(2, func() (result, error) { return b.scan(1, name) })
	if err != nil {
		return err
	}
	fmt.Printf("%-12s %5d MB                            %6.0f MB/s per core, %3d MB of memory\n", filepath.Base(name), size/1e6, mbs(size, r.cpu), r.rss/1e6)
	return nil
}

// gitleaks scans a part of the folder, since it takes a second for a megabyte or so.
func (b *bench) gitleaks(dir, mixed string, magpie float64) error {
	bin, err := exec.LookPath("gitleaks")
	if err != nil {
		bin = filepath.Join(dir, "bin", "gitleaks")
		c := exec.CommandContext(b.ctx, "go", "install", "github.com/zricethezav/gitleaks/v8@v8.30.1")
		c.Env = append(os.Environ(), "GOBIN="+filepath.Dir(bin), "GOFLAGS=-mod=mod")
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil {
			fmt.Printf("gitleaks cannot be installed here (%v: %.200s)\n", err, out)
			return nil
		}
	}
	part := filepath.Join(dir, "part")
	sizes, err := writeMixed(part, 12<<20)
	if err != nil {
		return err
	}
	c := exec.CommandContext(b.ctx, bin, "dir", "--no-banner", "--exit-code", "0", part)
	c.Env = append(os.Environ(), "GOMAXPROCS=1")
	r, err := measure(c)
	if err != nil {
		return err
	}
	rate := mbs(sizes[0]+sizes[1], r.cpu)
	fmt.Printf("gitleaks on such a folder, %2d MB                 %6.1f MB/s per core: magpie is %.0f times as fast\n", (sizes[0]+sizes[1])/1e6, rate, magpie/rate)
	return nil
}

// writeMixed writes two halves of a folder: files of a few kB to a few MB, of every kind.
func writeMixed(dir string, size int64) (sizes [2]int64, err error) {
	kinds := []struct {
		ext   string
		write func(io.Writer, *rand.Rand, int64) error
	}{{".log", writeLog}, {".jsonl", writeJSONL}, {".csv", writeCSV}, {".go", writeKind(2)}, {".txt", writeKind(3)}, {".json", writeJSON}}
	for half := range sizes {
		r := corpus.Random(uint64(half) + 1)
		for i := 0; sizes[half] < size/2; i++ {
			k := kinds[i%len(kinds)]
			n := int64(4<<10) << r.IntN(11)
			name := filepath.Join(dir, string(rune('a'+half)), fmt.Sprintf("d%02d", i%17), fmt.Sprintf("f%04d%s", i, k.ext))
			if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
				return sizes, err
			}
			f, err := os.Create(name)
			if err != nil {
				return sizes, err
			}
			if err := k.write(f, r, n); err != nil {
				f.Close()
				return sizes, err
			}
			info, err := f.Stat()
			if err != nil {
				f.Close()
				return sizes, err
			}
			sizes[half] += info.Size()
			if err := f.Close(); err != nil {
				return sizes, err
			}
		}
	}
	return sizes, nil
}

// chunk is how much a generator makes at once.
const chunk = 1 << 20

func writeKind(i int) func(io.Writer, *rand.Rand, int64) error {
	return func(w io.Writer, r *rand.Rand, size int64) error {
		for size > 0 {
			b := corpus.Kinds()[i].Write(r, int(min(size, chunk)))
			if _, err := w.Write(b); err != nil {
				return err
			}
			size -= int64(len(b))
		}
		return nil
	}
}

func writeLog(w io.Writer, r *rand.Rand, size int64) error   { return writeKind(0)(w, r, size) }
func writeJSONL(w io.Writer, r *rand.Rand, size int64) error { return writeKind(1)(w, r, size) }

// writeJSON writes one document: a list of records.
func writeJSON(w io.Writer, r *rand.Rand, size int64) error {
	lines := corpus.JSON(r, int(min(size, 64<<20)))
	out := []byte{'['}
	for i, c := range lines {
		switch {
		case c != '\n':
			out = append(out, c)
		case i < len(lines)-1:
			out = append(out, ",\n"...)
		}
	}
	_, err := w.Write(append(out, "]\n"...))
	return err
}

// writeCSV writes orders: few columns that say anything to the scanner, many numbers, some quotes.
func writeCSV(w io.Writer, r *rand.Rand, size int64) error {
	count := &counter{w: w}
	c := csv.NewWriter(count)
	if err := c.Write([]string{"order", "placed", "sku", "quantity", "amount", "comment", "customer", "region"}); err != nil {
		return err
	}
	for i := 0; count.n < size; i++ {
		comment := ""
		switch r.IntN(12) {
		case 0:
			comment = `said "leave it at the door", then hung up`
		case 1:
			comment = "gift\nwith a card"
		case 2:
			comment = "express"
		}
		day := time.Unix(1700000000+int64(i)*37, 0).UTC()
		if err := c.Write([]string{strconv.Itoa(100000 + i), day.Format(time.DateTime), fmt.Sprintf("SKU-%06d", r.IntN(1e6)), strconv.Itoa(r.IntN(9) + 1),
			fmt.Sprintf("%d.%02d", r.IntN(900), r.IntN(100)), comment, fmt.Sprintf("C%08d", r.IntN(1e8)), "eu-west-1"}); err != nil {
			return err
		}
		if i%1000 == 0 {
			c.Flush()
		}
	}
	c.Flush()
	return c.Error()
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
