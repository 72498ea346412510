package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"magpie/internal/macie2"
)

// Exit codes of the verb.
const (
	ExitUnread = 1 // something could not be read, or the scan was interrupted
	ExitUsage  = 2
	ExitFound  = 3 // --fail-on
)

// ExitError asks the process to end with a code. An empty message means that everything has been said already.
type ExitError struct {
	Code    int
	Message string
}

func (e *ExitError) Error() string { return e.Message }

// ExitCode is the code to end with.
func (e *ExitError) ExitCode() int { return e.Code }

type flags struct {
	identifiers        string
	custom, allow      []string
	allowRegex         []string
	include, exclude   []string
	maxFileSize        byteSize
	maxMemory          byteSize
	maxTime            time.Duration
	output, failOn     string
	allowUnread        string
	reveal, noProgress bool
	explain            bool
	verbose            bool
	top, workers       int
	store              storeFlags
}

// Command is `magpie scan`.
func Command() *cobra.Command {
	var f flags
	c := &cobra.Command{
		Use:   "scan PATH…",
		Short: "Find sensitive data in files and folders, without a server",
		Long: `Find sensitive data in files, folders and standard input (-): credentials, financial and personal information, and what custom
identifiers describe. Text, CSV, JSON, XML, HTML, e-mail, PDF, Word, Excel, Avro, Parquet are read, in zip, tar, gzip, bzip2, xz and
zstd too, nested up to ten deep; beyond what Macie opens, PowerPoint (.pptx), RTF and OpenDocument. Symbolic links and devices met on the way are not followed.

s3://BUCKET or s3://BUCKET/PREFIX stands for objects of a store that speaks S3, which are listed and read as jobs do, with the keys that
the AWS CLI would use. Nothing is written, neither there nor here.

On Linux files are read in processes of their own, which can open nothing and are ended when a file takes more time or memory than it
may; only plain text, CSV, JSON and markup of up to 256 KiB are read in the command's own process. Interrupted, it ends within a second and shows what was found until then.

A file that is written to or becomes shorter while it is read is not wholly read; only of plain text of up to 64 KiB, which is read at
once, this is not noticed. Of one that becomes longer, such as a log, what it held before is read, and the output says that it grew.

With --explain it says of a file what is not reported though it looks like something, and why: the keyword that is missing or too far
away, a check digit that is wrong, a number that is published for tests, an allow list, an identifier that is not looked for.

Values are never shown, but with --reveal their last characters. The exit code is 0 when everything was read, 1 when something
could not be (see --allow-unread), 2 for bad usage, and 3 when --fail-on says that what was found is too much.`,
		Example: `  magpie scan .
  magpie scan --identifiers all --output json ~/Documents > found.jsonl
  magpie scan --fail-on HIGH --output sarif --exclude node_modules . > magpie.sarif
  magpie scan --explain customers.csv
  magpie scan s3://reports/2026/ --endpoint-url https://storage.example.com
  pg_dump shop | magpie scan -`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("say what to scan: a file, a folder, s3://BUCKET, or - for standard input")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, args) },
	}
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage("%v", err) })
	p := c.Flags()
	p.SortFlags = false
	p.StringVar(&f.identifiers, "identifiers", "recommended", "managed data identifiers: recommended, all, none, or ids with commas between them")
	p.StringArrayVar(&f.custom, "custom", nil, "JSON `file` of custom data identifiers, as CreateCustomDataIdentifier takes them (repeatable)")
	p.StringArrayVar(&f.allow, "allow", nil, "`file` of values not to report, one on a line (repeatable)")
	p.StringArrayVar(&f.allowRegex, "allow-regex", nil, "`pattern` of values not to report (repeatable)")
	p.StringArrayVar(&f.include, "include", nil, "scan only files that match the `glob`, such as '*.csv' or 'data/**' (repeatable)")
	p.StringArrayVar(&f.exclude, "exclude", nil, "leave out files and folders that match the `glob`, such as node_modules (repeatable)")
	p.StringVar(&f.output, "output", "table", "table, json (a line for each file) or sarif")
	p.StringVar(&f.failOn, "fail-on", "", "exit with 3 when something is found: FOUND, or of at least that severity: LOW, MEDIUM, HIGH")
	p.StringVar(&f.allowUnread, "allow-unread", "0", "`number` of files that may be unreadable without the exit code saying so, or all")
	p.BoolVar(&f.verbose, "verbose", false, "list every file that could not be read, not only a few")
	p.BoolVar(&f.reveal, "reveal", false, "show a few values, masked but for their last characters")
	p.BoolVar(&f.explain, "explain", false, "say of a file what is not reported, and why: no keyword near it, a wrong check digit, a test number, an allow list")
	p.IntVar(&f.top, "top", 100, "rows the table shows, the worst; 0 for all")
	p.Var(&f.maxFileSize, "max-file-size", "pass over files larger than this, such as 100MB")
	p.Var(&f.maxMemory, "max-memory", "memory to stay within, such as 256MiB (default 512MiB)")
	p.DurationVar(&f.maxTime, "max-time", 0,
		"time for one file; what was found until then counts (default a minute, and a second for each MB of it)")
	p.IntVar(&f.workers, "workers", 0, "files read at once (default one for each core)")
	f.store.bind(p)
	p.BoolVar(&f.noProgress, "no-progress", false, "no progress line, even on a terminal")
	return c
}

func usage(format string, args ...any) error {
	return &ExitError{ExitUsage, fmt.Sprintf(format, args...) + "; see magpie scan --help"}
}

// writer shows results in one of the three forms.
type writer interface {
	file(*FileResult) error
	finish(*Summary) error
}

func (f *flags) run(c *cobra.Command, args []string) error {
	// What is done within a second ends before there is garbage worth collecting; what goes on is collected as usual.
	usual := debug.SetGCPercent(800)
	collect := time.AfterFunc(time.Second, func() { debug.SetGCPercent(usual) })
	defer func() {
		if collect.Stop() {
			debug.SetGCPercent(usual)
		}
	}()
	threshold, err := f.check(args)
	if err == nil {
		err = f.checkExplain(args)
	}
	if err != nil {
		return err
	}
	search, err := f.compile(c.Context())
	if c.Context().Err() != nil {
		return &ExitError{ExitUnread, "interrupted before anything was read"}
	}
	if err != nil {
		return usage("%v", err)
	}
	names := search.Names()
	out, width := &stickyWriter{w: c.OutOrStdout()}, widthOf(c.OutOrStdout())
	var w writer
	switch f.output {
	case "json":
		j := newJSONWriter(out, names)
		j.explain = f.explain
		w = j
	case "sarif":
		s := newSARIFWriter(out, names)
		w = s
	default:
		t := newTableWriter(out, f, search)
		t.width = width
		w = t
	}
	o := Options{Paths: args, Search: search, Include: f.include, Exclude: f.exclude, MaxFileSize: int64(f.maxFileSize),
		MaxMemory: int64(f.maxMemory), MaxTime: f.maxTime, Workers: f.workers, Stdin: c.InOrStdin(), Stderr: c.ErrOrStderr(),
		NoProgress: f.noProgress, OpenStore: f.store.open}
	defer endSoon(c.Context())()
	exceeded := false
	unread := 0
	sum, err := Run(c.Context(), o, func(r *FileResult) error {
		if s := worst(r.Result.Detections); len(r.Result.Detections) > 0 && rank(s) >= threshold {
			exceeded = true
		}
		if r.Failed() && !tooLarge(r, o.MaxFileSize, r.Result.Size) && f.output != "table" {
			if unread++; unread <= f.listed() {
				fmt.Fprintf(c.ErrOrStderr(), "%s: %s\n", printable(r.Path), printable(why(r)))
			}
		}
		return w.file(r)
	})
	if sum == nil {
		return usage("%v", err)
	}
	if err == nil {
		err = w.finish(sum)
	}
	if err != nil {
		return &ExitError{ExitUnread, fmt.Sprintf("write results: %v", err)}
	}
	return f.verdict(c, sum, exceeded)
}

// giveUp ends the process; tests set it.
var giveUp = func() { os.Exit(ExitUnread) }

// endSoon ends the process a second after ctx has ended, unless stop is called before: somebody who
// interrupts a scan does not wait for whoever reads its answer.
func endSoon(ctx context.Context) (stop func()) {
	var mu sync.Mutex
	var timer *time.Timer
	stopped := false
	stopWaiting := context.AfterFunc(ctx, func() {
		mu.Lock()
		defer mu.Unlock()
		if !stopped {
			timer = time.AfterFunc(time.Second, giveUp)
		}
	})
	return func() {
		mu.Lock()
		defer mu.Unlock()
		stopped = true
		stopWaiting()
		if timer != nil {
			timer.Stop()
		}
	}
}

// verdict turns the scan into an exit code.
func (f *flags) verdict(c *cobra.Command, sum *Summary, exceeded bool) error {
	if f.output != "table" {
		if sum.Bad > 0 {
			fmt.Fprintf(c.ErrOrStderr(), "%s could not be read, or not wholly\n", files(sum.Bad))
		}
		if sum.Stopped {
			fmt.Fprintln(c.ErrOrStderr(), "interrupted: this is what was found until then")
		}
	}
	switch {
	case f.failOn != "" && exceeded:
		return &ExitError{Code: ExitFound}
	case sum.Stopped || sum.Bad > f.mayBeUnread():
		return &ExitError{Code: ExitUnread}
	}
	return nil
}

// mayBeUnread reads --allow-unread, -1 where it makes no sense.
func (f *flags) mayBeUnread() int {
	if f.allowUnread == "all" {
		return math.MaxInt
	}
	n, err := strconv.Atoi(f.allowUnread)
	if err != nil || n < 0 {
		return -1
	}
	return n
}

// check refuses flags that make no sense and returns what --fail-on needs.
func (f *flags) check(args []string) (threshold int, err error) {
	switch f.output {
	case "table", "json", "sarif":
	default:
		return 0, usage("--output %q: say table, json or sarif", f.output)
	}
	switch strings.ToUpper(f.failOn) {
	case "", "FOUND":
		threshold = 0
	case "LOW":
		threshold = rank(macie2.SeverityDescriptionLow)
	case "MEDIUM":
		threshold = rank(macie2.SeverityDescriptionMedium)
	case "HIGH":
		threshold = rank(macie2.SeverityDescriptionHigh)
	default:
		return 0, usage("--fail-on %q: say FOUND, LOW, MEDIUM or HIGH", f.failOn)
	}
	if f.mayBeUnread() < 0 {
		return 0, usage("--allow-unread %q: say a number of files, or all", f.allowUnread)
	}
	if f.maxTime < 0 {
		return 0, usage("--max-time: say how long, such as 90s or 10m")
	}
	if f.maxMemory > 0 && f.maxMemory < 32<<20 {
		return 0, usage("--max-memory: 32MiB is the least")
	}
	if f.maxMemory > 0 && f.maxMemory < leastForBuckets && ofBuckets(args) {
		return 0, usage("--max-memory: 128MiB is the least with buckets")
	}
	if _, err := parseGlobs(append(f.include, f.exclude...)); err != nil {
		return 0, usage("%v", err)
	}
	return threshold, nil
}

// stickyWriter keeps the first error, so that a closed pipe ends the scan and not the process.
type stickyWriter struct {
	w   io.Writer
	err error
}

func (s *stickyWriter) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.w.Write(p)
	s.err = err
	return n, err
}

// Main runs the verb by itself and returns its exit code; tests and benchmarks use it in place of the whole command.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	c := Command()
	c.SetArgs(args)
	c.SetIn(stdin)
	c.SetOut(stdout)
	c.SetErr(stderr)
	err := c.ExecuteContext(ctx)
	var exit *ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		if exit.Message != "" {
			fmt.Fprintln(stderr, "magpie:", exit.Message)
		}
		return exit.Code
	}
	fmt.Fprintln(stderr, "magpie:", err)
	return 1
}
