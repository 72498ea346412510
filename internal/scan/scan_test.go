//go:build unix

package scan

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"magpie/internal/analyse"
	"magpie/internal/detect/managed"
	"magpie/internal/extract"
	"magpie/internal/macie2"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; look, and run with -update if it is right:\n%s", name, got)
	}
}

// folder is a small home folder, and the working directory.
func folder(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	write := func(name, content string) {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("notes.txt", "nothing to see\nmy ssn is 536-90-4399, keep it safe\n")
	write("hr/people.csv", "name,SSN,note\nAnn,536-90-4399,\nBen,536-90-4400,\"and, so on\"\n")
	write("hr/export.jsonl", `{"user":{"ssn":"536-90-4399"}}`+"\n"+`{"user":{"ssn":null}}`+"\n")
	write("keys/server.pem", "-----BEGIN RSA PRIVATE KEY-----\n"+strings.Repeat("MIIEpAIBAAKCAQEA7bq9r3vKXq8J0dZ1mC4hV2uT6wYyPzLkQnRsXaBc\n", 12)+"-----END RSA PRIVATE KEY-----\n")
	write("pictures/a.png", "\x89PNG\r\n\x1a\n\x00\x00")
	write("broken.zip", "PK\x03\x04 this is no zip")
	write("clean.log", "GET /index.html 200\n")
	if err := os.Symlink("notes.txt", "link.txt"); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo("pipe", 0o600); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Main(t.Context(), args, strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

var timing = regexp.MustCompile(`in [0-9.]+ s( \([^)]*\))?`)

func TestTable(t *testing.T) {
	wd, _ := os.Getwd()
	folder(t)
	code, out, errs := run(t, "", ".")
	_, revealed, _ := run(t, "", "--reveal", "hr")
	_, top, _ := run(t, "", "--top", "1", "hr")
	_, none, _ := run(t, "", "clean.log")
	t.Chdir(wd)
	if code != ExitUnread || errs != "" {
		t.Errorf("code %d, stderr %q", code, errs)
	}
	clean := func(s string) string { return timing.ReplaceAllString(s, "in TIME") }
	golden(t, "table.golden", clean(out))
	golden(t, "reveal.golden", clean(revealed))
	golden(t, "top.golden", clean(top))
	golden(t, "none.golden", clean(none))
	for _, s := range []string{out, revealed, top} {
		if strings.Contains(s, "536-90-4399") || strings.Contains(s, "MIIE") {
			t.Error("a value is shown")
		}
	}
}

func TestJSON(t *testing.T) {
	wd, _ := os.Getwd()
	folder(t)
	code, out, errs := run(t, "", "--output", "json", ".")
	t.Chdir(wd)
	if code != ExitUnread || !strings.Contains(errs, "broken.zip: damaged or incomplete zip") {
		t.Errorf("code %d, stderr %q", code, errs)
	}
	golden(t, "json.golden", out)
	for line := range strings.Lines(out) {
		var l struct {
			Path   string
			Result *macie2.ClassificationResult
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil || l.Path == "" || l.Result == nil || l.Result.Status == nil {
			t.Errorf("%v in %s", err, line)
		}
	}
}

func TestSARIF(t *testing.T) {
	wd, _ := os.Getwd()
	folder(t)
	_, out, _ := run(t, "", "--output", "sarif", ".")
	t.Chdir(wd)
	golden(t, "sarif.golden", out)
	var s struct {
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct{ Rules []struct{ ID string } }
			}
			Results []struct {
				RuleID    string
				RuleIndex int
				Locations []any
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &s); err != nil || s.Version != "2.1.0" || len(s.Runs) != 1 {
		t.Fatalf("%v: %+v", err, s)
	}
	for _, r := range s.Runs[0].Results {
		if s.Runs[0].Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID || len(r.Locations) == 0 {
			t.Errorf("%+v", r)
		}
	}
}

func TestExitCodes(t *testing.T) {
	folder(t)
	if err := os.WriteFile("custom.json", []byte(`{"name":"Ticket","regex":"TCK-[0-9]{4}","severityLevels":[{"occurrencesThreshold":1,"severity":"LOW"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	os.WriteFile("bad.json", []byte(`{"name":"x","regex":"(?=a)"}`), 0o600)
	os.WriteFile("ticket.txt", []byte("see TCK-1234\n"), 0o600)
	os.WriteFile("allow.txt", []byte("TCK-1234\n536-90-4399\n"), 0o600)
	for _, c := range []struct {
		args string
		want int
		says string // on stderr
	}{
		{"clean.log", 0, ""},
		{"notes.txt", 0, ""},
		{"pictures", 0, ""},
		{"--fail-on FOUND notes.txt", 3, ""},
		{"--fail-on HIGH notes.txt", 3, ""},
		{"--fail-on FOUND clean.log", 0, ""},
		{"--fail-on FOUND .", 3, ""},
		{"broken.zip", 1, ""},
		{"not-there", 1, ""},
		{"pipe", 1, ""},
		{"--output json not-there", 1, "not-there: no such file"},
		{"--identifiers none --custom custom.json --fail-on LOW ticket.txt", 3, ""},
		{"--identifiers none --custom custom.json --fail-on MEDIUM ticket.txt", 0, ""},
		{"--identifiers none --custom custom.json --allow allow.txt --fail-on FOUND ticket.txt", 0, ""},
		{"--allow-regex 536-[0-9-]+ --fail-on FOUND notes.txt", 0, ""},
		{"--fail-on FOUND --exclude hr --exclude keys --exclude *.txt --exclude broken.zip .", 0, ""},
		{"--fail-on FOUND --include *.log .", 0, ""},
		{"--fail-on FOUND --include hr/** .", 3, ""},
		{"--max-file-size 10 --fail-on FOUND notes.txt", 0, ""},
		{"--allow-unread 1 .", 0, ""},
		{"--allow-unread 0 .", 1, ""},
		{"--allow-unread 1 broken.zip not-there", 1, ""},
		{"--allow-unread all broken.zip not-there", 0, ""},
		{"--allow-unread all --fail-on FOUND .", 3, ""},
		{"--allow-unread some .", 2, "--allow-unread"},
		{"--allow-unread -1 .", 2, "--allow-unread"},
		{"--max-time -1s .", 2, "--max-time"},
		{"", 2, "say what to scan"},
		{"--nonsense .", 2, "unknown flag"},
		{"--output xml .", 2, "--output"},
		{"--fail-on SOMETIMES .", 2, "--fail-on"},
		{"--identifiers USA_SSN .", 2, "there is no managed data identifier"},
		{"--identifiers none .", 2, "nothing to look for"},
		{"--custom nothing.json .", 2, "--custom nothing.json"},
		{"--custom bad.json .", 2, "bad.json: x: regex"},
		{"--max-file-size lots .", 2, "max-file-size"},
		{"--max-memory 1k .", 2, "--max-memory"},
		{"--include [ .", 2, "glob"},
	} {
		code, _, errs := run(t, "", strings.Fields(c.args)...)
		if code != c.want || !strings.Contains(errs, c.says) {
			t.Errorf("magpie scan %s: code %d, want %d; stderr %q", c.args, code, c.want, errs)
		}
	}
}

// A few of the files that could not be read are shown, and all of them on demand, also beside JSON.
func TestUnreadAreListed(t *testing.T) {
	t.Chdir(t.TempDir())
	for i := range 9 {
		os.WriteFile(fmt.Sprintf("broken%d.zip", i), []byte("PK\x03\x04 this is no zip"), 0o600)
	}
	_, few, _ := run(t, "", ".")
	_, all, _ := run(t, "", "--verbose", ".")
	_, _, beside := run(t, "", "--output", "json", ".")
	_, _, allBeside := run(t, "", "--output", "json", "--verbose", ".")
	for name, c := range map[string]struct {
		text string
		want int
	}{"table": {few, 5}, "table, verbose": {all, 9}, "JSON": {beside, 5}, "JSON, verbose": {allBeside, 9}} {
		if n := strings.Count(c.text, ".zip: "); n != c.want {
			t.Errorf("%s: %d of them: %s", name, n, c.text)
		}
	}
	if !strings.Contains(few, "and 4 more; --verbose") || strings.Contains(all, "more;") {
		t.Errorf("%s%s", few, all)
	}
}

// It is said what was looked for.
func TestLookedFor(t *testing.T) {
	folder(t)
	os.WriteFile("custom.json", []byte(`{"name":"Ticket","regex":"TCK-[0-9]{4}"}`), 0o600)
	all := len(managed.IDs())
	for args, want := range map[string]string{
		"clean.log":                                         fmt.Sprintf("Looked for %d recommended identifiers; --identifiers all looks for %d.\n", len(managed.Recommended()), all),
		"--custom custom.json clean.log":                    fmt.Sprintf("Looked for %d recommended identifiers and 1 custom; --identifiers all looks for %d.\n", len(managed.Recommended()), all),
		"--identifiers all clean.log":                       fmt.Sprintf("Looked for all %d managed identifiers.\n", all),
		"--identifiers credit_card_number clean.log":        "Looked for 1 managed identifier.\n",
		"--identifiers none --custom custom.json clean.log": "Looked for 1 custom identifier.\n",
	} {
		if _, out, _ := run(t, "", strings.Fields(args)...); !strings.Contains(out, want) {
			t.Errorf("%s: %s, not %s", args, out, want)
		}
	}
}

func TestShorten(t *testing.T) {
	long := "projects/some/where/" + strings.Repeat("deep/", 40) + "inner.zip!data/people.csv"
	for room, want := range map[int]string{500: long, 40: "projects/some…/inner.zip!data/people.csv", 1: "project…!data/people.csv"} {
		if got := shorten(long, room); got != want {
			t.Errorf("%d: %q, not %q", room, got, want)
		}
	}
}

func TestStdin(t *testing.T) {
	code, out, _ := run(t, "my ssn is 536-90-4399\n", "--output", "json", "-")
	if code != 0 || !strings.Contains(out, `"path":"-"`) || !strings.Contains(out, "USA_SOCIAL_SECURITY_NUMBER") {
		t.Errorf("code %d: %s", code, out)
	}
}

// endless is standard input that says something and then nothing.
type endless struct {
	said  bool
	wait  chan struct{}
	ready func()
}

func (e *endless) Read(p []byte) (int, error) {
	if e.said {
		e.ready()
		<-e.wait
		return 0, io.EOF
	}
	e.said = true
	return copy(p, strings.Repeat("my ssn is 536-90-4399\n", 10)), nil
}

// interrupted gives all of what it holds, then ends the scan and waits.
type interrupted struct {
	io.Reader
	end  func()
	wait chan struct{}
}

func (r *interrupted) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err == io.EOF {
		r.end()
		<-r.wait
	}
	return n, err
}

// A stream in which something was found says why it was not read to its end.
func TestInterruptedWithin(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	in := &interrupted{strings.NewReader(strings.Repeat("my ssn is 536-90-4399\n", 200_000)), cancel, make(chan struct{})}
	defer close(in.wait)
	var out, errs bytes.Buffer
	code := Main(ctx, []string{"--output", "json", "-"}, in, &out, &errs)
	if code != ExitUnread || !strings.Contains(out.String(), "USA_SOCIAL") || !strings.Contains(out.String(), `"error":"the scan was interrupted while it was read"`) {
		t.Errorf("code %d: %.300s %s", code, out.String(), errs.String())
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	in := &endless{wait: make(chan struct{}), ready: cancel}
	defer close(in.wait)
	dir := t.TempDir()
	name := filepath.Join(dir, "a.txt")
	if err := os.WriteFile(name, []byte("my ssn is 536-90-4399\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	code := Main(ctx, []string{"--workers", "1", name, "-"}, in, &out, &errs)
	if code != ExitUnread || !strings.Contains(out.String(), "Interrupted") || !strings.Contains(out.String(), "a.txt:1:11") {
		t.Errorf("code %d: %s%s", code, out.String(), errs.String())
	}
}

// What has come of a stream when the scan is interrupted is looked at, however little it is, and the stream is not called complete. In
// this process it is as in a box.
func TestInterruptedEarly(t *testing.T) {
	for _, stream := range []string{"my ssn is 536-90-4399\n", "name,ssn\nA. Example,536-90-4399\n", "[{\"ssn\":\"536-90-4399\"},"} {
		for _, inProcess := range []bool{false, true} {
			ctx, cancel := context.WithCancel(t.Context())
			in := &interrupted{strings.NewReader(stream), cancel, make(chan struct{})}
			defer close(in.wait)
			search, err := analyse.Compile(analyse.Config{Owner: "scan", Managed: []string{"USA_SOCIAL_SECURITY_NUMBER"}})
			if err != nil {
				t.Fatal(err)
			}
			var results []*FileResult
			sum, err := Run(ctx, Options{Paths: []string{"-"}, Search: search, Stdin: in, InProcess: inProcess}, func(r *FileResult) error {
				results = append(results, r)
				return nil
			})
			if err != nil || !sum.Stopped || sum.Bad != 1 || len(results) != 1 {
				t.Fatalf("%q: %+v, %v", stream, sum, err)
			}
			r := results[0]
			if r.Err != errInterrupted || r.Result.Status.Code != extract.Partial || len(r.Result.Detections) != 1 || r.Result.Classified != int64(len(stream)) {
				t.Errorf("%q, in this process %t: %v, %+v", stream, inProcess, r.Err, r.Result)
			}
		}
	}
}

// full is a pipe whose reader has gone.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestBrokenPipe(t *testing.T) {
	folder(t)
	var errs bytes.Buffer
	if code := Main(t.Context(), []string{"--output", "json", "."}, nil, full{}, &errs); code != 1 || !strings.Contains(errs.String(), "broken pipe") {
		t.Errorf("code %d: %s", code, errs.String())
	}
}

// Links inside a folder are not followed, whatever they lead to; devices are not opened.
func TestNotFollowed(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	os.Mkdir("in", 0o755)
	os.Mkdir("out", 0o755)
	os.WriteFile("out/secret.txt", []byte("my ssn is 536-90-4399\n"), 0o600)
	os.Symlink("../out", "in/folder")
	os.Symlink("../out/secret.txt", "in/file")
	os.Symlink(".", "in/loop")
	code, out, _ := run(t, "", "--fail-on", "FOUND", "in")
	if code != 0 || !strings.Contains(out, "Passed over: 3 symbolic links, not followed") {
		t.Errorf("code %d: %s", code, out)
	}
	if code, _, _ := run(t, "", "/dev/zero"); code != ExitUnread {
		t.Errorf("/dev/zero: %d", code)
	}
}

func TestGlobs(t *testing.T) {
	for _, c := range []struct {
		pattern, path string
		want          bool
	}{
		{"*.csv", "a.csv", true}, {"*.csv", "x/y/a.csv", true}, {"*.csv", "a.csv.gz", false},
		{"node_modules", "a/node_modules/b/c.js", true}, {"data/**", "data/a/b", true}, {"data/**", "x/data/a", false},
		{"/data", "data/x", true}, {"a/*/c", "a/b/c", true}, {"a/*/c", "a/b/b/c", false}, {"**/c", "c", true}, {"./a", "a", true},
	} {
		g, err := parseGlobs([]string{c.pattern})
		if err != nil {
			t.Fatal(err)
		}
		if got := matchAny(g, c.path); got != c.want {
			t.Errorf("%s on %s: %v", c.pattern, c.path, got)
		}
	}
}

func TestSizesAndCounts(t *testing.T) {
	for in, want := range map[string]int64{"1": 1, "10kB": 10_000, "1KiB": 1024, "1.5 MB": 1_500_000, "2G": 2 << 30} {
		var b byteSize
		if err := b.Set(in); err != nil || int64(b) != want {
			t.Errorf("%s: %d, %v", in, b, err)
		}
	}
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 12_345: "12 kB", 999_600: "1.0 MB", 2_500_000_000: "2.5 GB"} {
		if got := size(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
	if got := count(1234567); got != "1,234,567" {
		t.Error(got)
	}
}

func TestProgress(t *testing.T) {
	s := &scanner{}
	s.found.Store(1200)
	s.foundBytes.Store(4_000_000)
	s.done.Store(300)
	s.bytes.Store(1_000_000)
	s.hits.Store(2)
	path := "some/where/\x1b[31mevil.txt"
	s.current.Store(&path)
	if got, want := s.progress(2*time.Second, 120), "300 of 1,200 files  1.0 MB  500 kB/s  2 with sensitive data  some/where/?[31mevil.txt"; got != want {
		t.Errorf("%q", got)
	}
	s.walked.Store(true)
	if got := s.progress(2*time.Second, 80); !strings.HasPrefix(got, "[█████░░░░░░░░░░░░░░░]  25%  300 of 1,200 files") {
		t.Errorf("%q", got)
	}
}
