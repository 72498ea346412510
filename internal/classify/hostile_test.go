package classify

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"magpie/internal/detect"
	"magpie/internal/extract"
	"magpie/internal/extract/hostile"
)

// What a hostile file may take, of which the process that reads it knows nothing: its memory and its time are measured by the
// process that started it.
const (
	hostileDeadline = 100 * time.Millisecond
	hostileMemory   = 64 << 20
	mostMemory      = hostileMemory + 40<<20
	// mostWait is time on the clock beyond what reading nothing takes. Only a machine that does nothing else can hold it.
	mostWait = hostileDeadline + 200*time.Millisecond
	// mostTime is the same of processor time, for any machine. The deadline is on the clock, and the garbage collector
	// works beside the reader: twice the deadline and what follows it.
	mostTime = 2 * mostWait
)

// hostileStrict has the time on the clock looked at, too, and each file's figures printed: make hostile sets it.
const hostileStrict = "MAGPIE_HOSTILE_STRICT"

// These name what this process is to do as a child of the test: make the files, or read one. Both are children, since a process
// passes on what it has had resident to those that it starts.
const (
	hostileMake = "MAGPIE_TEST_MAKE_HOSTILE_FILES"
	hostileFile = "MAGPIE_TEST_READ_HOSTILE_FILE"
	// hostileCustom: to look for costly identifiers of a user's, too.
	hostileCustom = "MAGPIE_TEST_HOSTILE_CUSTOM"
	// hostileServe: to read one after another, from standard input.
	hostileServe = "MAGPIE_TEST_READ_HOSTILE_FILES"
)

// outcome is what the child says.
type outcome struct {
	Status extract.Status
	Err    string
	Peak   int64 // held at one time, by the account
	High   int64 // resident at one time, where the system tells
}

func TestMain(m *testing.M) {
	if path := os.Getenv(hostileMake); path != "" {
		makeHostile(path)
		return
	}
	if path := os.Getenv(hostileFile); path != "" {
		readHostile(path)
		return
	}
	if os.Getenv(hostileServe) != "" {
		serveHostile()
		return
	}
	os.Exit(m.Run())
}

// makeHostile is the child that makes the files, in a directory.
func makeHostile(dir string) {
	files := append(hostileFiles(), hostile.File{Name: "nothing.txt", Make: func() []byte { return []byte("nothing") }})
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Make(), 0o600); err != nil {
			panic(err)
		}
	}
}

// hostileFiles are those that are read: with make hostile, more than each test run has time for.
func hostileFiles() []hostile.File {
	if os.Getenv(hostileStrict) != "" {
		return append(hostile.Files(), hostile.More()...)
	}
	return hostile.Files()
}

// readHostile is the child that reads one.
func readHostile(name string) {
	debug.SetMemoryLimit(hostileMemory + 16<<20)
	t := &testing.T{}
	var custom []detect.CustomConfig
	if os.Getenv(hostileCustom) != "" {
		custom = costly()
	}
	c, _ := newClassifier(t, Options{Samples: 3, Extract: extract.Options{MaxMemory: hostileMemory, NewSpool: func() (extract.Spool, error) {
		f, err := os.CreateTemp(filepath.Dir(name), "spool-*")
		return f, err
	}}}, custom...)
	f, err := os.Open(name)
	if err != nil {
		panic(err)
	}
	info, err := f.Stat()
	if err != nil {
		panic(err)
	}
	w := c.NewWorker()
	ctx, cancel := context.WithTimeout(context.Background(), hostileDeadline)
	defer cancel()
	result, err := w.Classify(ctx, extract.Source{Name: name, ReaderAt: f, Size: info.Size()})
	out := outcome{Status: result.Status, Peak: w.account.Peak()}
	if err != nil {
		out.Err = err.Error()
	}
	out.High = highWater()
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		panic(err)
	}
}

// serveHostile is the child: a name, a file, and what became of it.
func serveHostile() {
	debug.SetMemoryLimit(hostileMemory + 16<<20)
	c, _ := newClassifier(&testing.T{}, Options{Samples: 3, Extract: extract.Options{MaxMemory: hostileMemory, NewSpool: func() (extract.Spool, error) {
		f, err := os.CreateTemp("", "spool-*")
		if err == nil {
			err = os.Remove(f.Name())
		}
		return f, err
	}}})
	in := bufio.NewReader(os.Stdin)
	for {
		name, err := readBytes(in)
		if err == io.EOF {
			return
		}
		data, err := readBytes(in)
		if err != nil {
			panic(err)
		}
		w := c.NewWorker()
		ctx, cancel := context.WithTimeout(context.Background(), hostileDeadline)
		result, err := w.Classify(ctx, extract.Source{Name: string(name), ReaderAt: bytes.NewReader(data), Size: int64(len(data))})
		cancel()
		out := outcome{Status: result.Status, Peak: w.account.Peak()}
		if left := w.account.Held() - w.kept - w.byText.size - w.names.size; left != 0 {
			out.Err = fmt.Sprintf("%d bytes are still held", left)
		}
		if err != nil {
			out.Err = err.Error()
		}
		if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
			panic(err)
		}
	}
}

func readBytes(r io.Reader) ([]byte, error) {
	var n uint32
	if err := binary.Read(r, binary.LittleEndian, &n); err != nil {
		return nil, err
	}
	b := make([]byte, n)
	_, err := io.ReadFull(r, b)
	return b, err
}

// costly are identifiers of a user's whose expressions match nearly everywhere, one behind the other, over one another, or nearly.
func costly() (all []detect.CustomConfig) {
	far := 300
	for i, expression := range []string{`[a-z0-9 .-]{1,300}!`, `.{200,400}`, `(?:[0-9]+-)+[0-9]+`, `(?:\w+\s?){1,40}z`, `[0-9]`, `[0-9]{2}`, `[a-z]?[a-z]?[a-z]?[a-z]?[a-z]?[0-9]`, `(?:a|aa|aaa)+b`, `\pL+\PL+\pL+`, `(?:x|s|n|5|3|6|-| ){1,100}`} {
		c := detect.CustomConfig{Regex: expression}
		if i%2 == 1 {
			c.Keywords, c.IgnoreWords, c.MaximumMatchDistance = []string{"ssn", "536", "90-"}, []string{"99999", "zzzzz"}, &far
		}
		all = append(all, c)
	}
	// States of thousands of instructions, which each byte makes anew; and a keyword that may be written in two million ways.
	return append(all, detect.CustomConfig{Regex: `(?:[a-z0-9]{1,9} ?-?){1,100}#`},
		detect.CustomConfig{Regex: `[0-9]{3}`, Keywords: []string{"s s n o f a p e r s o n i n a l i s t o f"}})
}

// highWater is the most memory that was resident in this process. What the system says of a child to its parent has a part of
// the parent in it.
func highWater() int64 {
	status, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kib int64
	fmt.Sscan(rest, &kib)
	return kib << 10
}

// usage is what a child took.
type usage struct {
	outcome
	time   time.Duration // of the processor
	clock  time.Duration
	memory int64
}

func measure(t *testing.T, path string, more ...string) usage {
	t.Helper()
	began := time.Now()
	state, stdout := child(t, append(more, hostileFile+"="+path)...)
	u := usage{time: state.UserTime() + state.SystemTime(), clock: time.Since(began)}
	u.memory = resident(state)
	if err := json.Unmarshal(stdout, &u.outcome); err != nil {
		t.Fatalf("%v: %s", err, stdout)
	}
	if u.High > 0 {
		u.memory = u.High
	}
	return u
}

// child runs this program again. One that does not end is a failure and not a test that hangs.
func child(t *testing.T, env ...string) (*os.ProcessState, []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(append(os.Environ(), env...), "GOTRACEBACK=single")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%.2000s", err, stderr.String())
	}
	return cmd.ProcessState, stdout.Bytes()
}

// Whatever a file was made to do, it costs no more than its bounds, and is COMPLETE only if it was read.
func TestHostileFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a process for each file")
	}
	if raceEnabled {
		t.Skip("the race detector takes memory of its own")
	}
	dir := t.TempDir()
	child(t, hostileMake+"="+dir)
	nothing := measure(t, filepath.Join(dir, "nothing.txt"))
	t.Logf("nothing: %v, %d MB", nothing.time, nothing.memory>>20)
	for _, f := range hostileFiles() {
		t.Run(f.Name, func(t *testing.T) {
			u := measure(t, filepath.Join(dir, f.Name))
			t.Logf("%v, %d MB resident, %d MB held, %s %s %s", u.time-nothing.time, u.memory>>20, u.Peak>>20, u.Status.Code, u.Status.Reason, u.Status.Detail)
			if u.Err != "" {
				t.Errorf("%s", u.Err)
			}
			if u.memory > mostMemory {
				t.Errorf("%d MB were resident, of %d allowed", u.memory>>20, mostMemory>>20)
			}
			if took := u.time - nothing.time; took > mostTime {
				t.Errorf("it took %v of processor time, of %v allowed", took, mostTime)
			}
			if os.Getenv(hostileStrict) == "" {
				return
			}
			took := max(0, u.clock-nothing.clock)
			if took > mostWait {
				t.Errorf("it took %v, of %v allowed", took, mostWait)
			}
			fmt.Printf("| %s | %s | %d ms | %d MB | %s |\n", f.Name, f.Harm, took.Milliseconds(), u.memory>>20, strings.TrimSpace(fmt.Sprint(u.Status.Code, " ", u.Status.Reason)))
		})
	}
}

// withCostly are the files that are also read for what is costly to look for; with make hostile all of them are.
var withCostly = map[string]bool{"one-line.txt": true, "wide.csv": true, "one-string.json": true, "columns.sql": true, "attributes.html": true, "keys.avro": true, "keys-in-keys.avro": true}

// Identifiers of a user's that look at thousands of bytes from each byte on are held to the same bounds.
func TestHostileFilesCostlyIdentifiers(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a process for each file")
	}
	if raceEnabled {
		t.Skip("the race detector takes memory of its own")
	}
	dir := t.TempDir()
	read := func(f *hostile.File) usage {
		path := filepath.Join(dir, f.Name)
		if err := os.WriteFile(path, f.Make(), 0o600); err != nil {
			t.Fatal(err)
		}
		defer os.Remove(path)
		return measure(t, path, hostileCustom+"=1")
	}
	nothing := read(&hostile.File{Name: "nothing.txt", Make: func() []byte { return []byte("nothing") }})
	for _, f := range hostileFiles() {
		if !withCostly[f.Name] && os.Getenv(hostileStrict) == "" {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			u := read(&f)
			took := u.time - nothing.time
			t.Logf("%v, %d MB resident, %s %s", took, u.memory>>20, u.Status.Code, u.Status.Reason)
			if u.Err != "" || u.memory > mostMemory || took > mostTime {
				t.Errorf("it took %v of %v and %d MB of %d, %s", took, mostTime, u.memory>>20, mostMemory>>20, u.Err)
			}
		})
	}
}
