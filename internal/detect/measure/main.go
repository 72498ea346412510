// Command measure says how fast the scanner is, on texts of package corpus, with all
// managed identifiers on: by kind of text, with and without assembly, with ten custom
// identifiers, on a table full of matches; and, in the same run and on the same files,
// ripgrep, Hyperscan (or Vectorscan) and gitleaks where they are installed.
//
//	go run ./internal/detect/measure [-size MB] [-rounds N] [-peers=false]
//
// Times are processor time, the best of some rounds: on a busy machine they are too
// long, and their ratios still say something. ripgrep and Hyperscan get every keyword as
// a literal in either case and the shapes of values as expressions of their own, which is
// how they are fastest: they find candidates, which the scanner judges as well. Their start
// and the compilation of their patterns count for nothing. gitleaks has its own rules.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"time"

	"magpie/internal/detect"
	"magpie/internal/detect/corpus"
	"magpie/internal/detect/managed"
)

func main() {
	size := flag.Int("size", 8, "megabytes of each kind of text")
	rounds := flag.Int("rounds", 5, "rounds of which the best counts")
	peers := flag.Bool("peers", true, "run ripgrep, Hyperscan and gitleaks where they are installed")
	flag.Parse()
	if err := run(*size<<20, *rounds, *peers); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

// sample is a text with its name.
type sample struct {
	name string
	text []byte
}

func run(size, rounds int, peers bool) error {
	runtime.GOMAXPROCS(1)
	runtime.LockOSThread()
	compile := best(rounds, func() {
		set, err := detect.Compile(detect.Config{Managed: managed.IDs()})
		if err != nil {
			panic(err) // the ids are managed's own
		}
		set.NewScanner()
	})
	fmt.Printf("compile all %d identifiers: %.1f ms\n\n", len(managed.IDs()), float64(compile.Microseconds())/1000)

	all, err := detect.Compile(detect.Config{Managed: managed.IDs()})
	if err != nil {
		return err
	}
	more, err := withCustoms()
	if err != nil {
		return err
	}
	samples := []sample{}
	var mixed []byte
	for i, k := range corpus.Kinds() {
		text := k.Write(corpus.Random(uint64(i+1)), size)
		samples = append(samples, sample{k.Name, text})
		if k.Name != "prose" { // the mixture is logs, JSON and code
			mixed = append(mixed, text...)
		}
	}
	samples = append(samples, sample{"mixed", mixed})
	fmt.Printf("%-8s %10s %10s %14s\n", "MB/s", "assembly", "plain Go", "+10 custom")
	var base time.Duration
	for _, s := range samples {
		asm := best(rounds, func() { scan(all.NewScanner(), s.text, nil) })
		plain := best(rounds, func() { scan(all.PlainScanner(), s.text, nil) })
		custom := best(rounds, func() { scan(more.NewScanner(), s.text, nil) })
		fmt.Printf("%-8s %10.0f %10.0f %10.0f (%+.0f %%)\n", s.name, rate(s.text, asm), rate(s.text, plain), rate(s.text, custom), 100*(float64(custom)/float64(asm)-1))
		base = asm
	}
	text, cells := corpus.Table(corpus.Random(9), size/2)
	fields := newFields(all, cells)
	matches := 0
	table := best(rounds, func() { matches = scan(all.NewScanner(), text, fields) })
	plain := best(rounds, func() { scan(all.PlainScanner(), text, fields) })
	fmt.Printf("%-8s %10.0f %10.0f   (%d matches per MB)\n", "table", rate(text, table), rate(text, plain), matches<<20/len(text))
	if !peers {
		return nil
	}
	return comparePeers(mixed, rate(mixed, base), rounds)
}

func rate(text []byte, d time.Duration) float64 { return float64(len(text)) / 1e6 / d.Seconds() }

// best returns the shortest processor time of some rounds.
func best(rounds int, f func()) time.Duration {
	shortest := time.Duration(1<<63 - 1)
	for range rounds {
		start := processorTime()
		f()
		shortest = min(shortest, processorTime()-start)
	}
	return shortest
}

func scan(s *detect.Scanner, text []byte, fields detect.Fields) (n int) {
	if f, ok := fields.(*tableFields); ok {
		f.at = 0
	}
	s.Scan(&detect.Block{Text: text, Hi: len(text), Start: true, End: true, Fields: fields}, func(detect.Match) { n++ })
	return n
}

// withCustoms compiles the managed identifiers with ten custom ones of the kinds people
// write: prefixes, codes of digits and letters, keywords.
func withCustoms() (*detect.Set, error) {
	var customs []*detect.Custom
	for _, c := range []detect.CustomConfig{
		{Regex: `EMP-\d{6}`},
		{Regex: `\bPRJ_[A-Z]{2}\d{4}\b`},
		{Regex: `CUST[0-9]{8}`},
		{Regex: `(?i)internal-[a-z]{3,12}-key`},
		{Regex: `[A-Z]{3}-\d{4}-[A-Z]{2}`},
		{Regex: `\d{3}/\d{4}/\d{2}`},
		{Regex: `[A-Z]{2}\d{6}[A-Z]`, Keywords: []string{"badge", "staff no"}},
		{Regex: `\d{7}`, Keywords: []string{"member id", "membership"}, MaximumMatchDistance: new(20)},
		{Regex: `tok_[A-Za-z0-9]{24}`},
		{Regex: `ACME(-[0-9A-F]{4}){4}`},
	} {
		id, err := detect.CompileCustom(c)
		if err != nil {
			return nil, fmt.Errorf("compile %s: %w", c.Regex, err)
		}
		customs = append(customs, id)
	}
	return detect.Compile(detect.Config{Managed: managed.IDs(), Custom: customs})
}

// tableFields gives the cells of the table their names.
type tableFields struct {
	cells []corpus.Cell
	names []*detect.Names
	at    int
}

func newFields(set *detect.Set, cells []corpus.Cell) *tableFields {
	f := &tableFields{cells: cells}
	for _, c := range corpus.Columns {
		f.names = append(f.names, set.Names(c))
	}
	return f
}

// Field implements detect.Fields.
func (f *tableFields) Field(off int) (detect.Field, bool) {
	for f.at > 0 && f.cells[f.at].Lo > off {
		f.at--
	}
	for f.at < len(f.cells)-1 && f.cells[f.at].Hi <= off {
		f.at++
	}
	c := &f.cells[f.at]
	return detect.Field{Lo: c.Lo, Hi: c.Hi, Names: f.names[c.Column]}, c.Lo <= off && off < c.Hi
}
