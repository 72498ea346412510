package analyse

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"

	"magpie/internal/classify"
	"magpie/internal/extract"
)

// objectsSeen counts in the box.
var objectsSeen int

// misbehave is what objects of some names make a box do. It runs in the box, where this test's program
// serves.
func misbehave(name string) {
	objectsSeen++
	word, _, _ := strings.Cut(name, ".")
	if act := misdeeds[word]; act != nil {
		act()
	}
	if lie := lies[word]; lie != nil {
		raw(lie())
		select {} // whatever the parent makes of it
	}
}

var misdeeds map[string]func()

func init() {
	misdeeds = map[string]func(){
		"hog-memory": func() {
			for kept := [][]byte(nil); ; {
				b := make([]byte, 1<<20)
				for i := 0; i < len(b); i += 4096 {
					b[i] = 1
				}
				if kept = append(kept, b); len(kept) > 1<<40 {
					fmt.Print(kept) // never: it keeps what is held from being collected
				}
			}
		},
		"hog-time": func() {
			for i := 0; ; i++ {
				if i < 0 {
					fmt.Print(i)
				}
			}
		},
		"hang":        func() { select {} },
		"panic-value": func() { panic("ssn 536-90-4399") },
		"panic-index": func() { _ = os.Args[len(os.Args)+objectsSeen] },
		"exit":        func() { os.Exit(0) },
		"overflow":    func() { os.Exit(overflow(0)) },
		"second":      dieUnlessFirst,
		"mute":        func() { unix.Close(boxSocket); select {} },
		"noise": func() {
			for range 1 << 12 {
				fmt.Fprintf(os.Stderr, "\x1b[31mnoise %s\n", strings.Repeat("x", 500))
			}
			os.Exit(1)
		},
		"probe": probe,
		"fill":  fillMemory,
	}
}

// overflow uses up the stack: its end is too far away.
func overflow(n int) int {
	if n == 1<<60 {
		return 0
	}
	return 1 + overflow(n+1)
}

func dieUnlessFirst() {
	if objectsSeen > 1 {
		os.Exit(9)
	}
}

func raw(b []byte) {
	for len(b) > 0 {
		n, err := unix.Write(boxSocket, b)
		if err != nil {
			os.Exit(1)
		}
		b = b[n:]
	}
}

func frame(kind byte, payload []byte) []byte {
	b := make([]byte, frameHeader)
	putHeader(b, kind, len(payload))
	return append(b, payload...)
}

// forged is a result with one thing wrong in it.
func forged(change func(*classify.Result)) []byte {
	s, err := Compile(testConfig)
	if err != nil {
		panic(err)
	}
	ids := s.set.Identifiers()
	r := &classify.Result{Document: classify.Document{MIME: "text/plain", Size: int64(len(plain)), Classified: 3,
		Status:     extract.Status{Code: extract.Complete},
		Detections: []classify.Detection{{Identifier: &ids[0], Count: 1, Occurrences: []extract.Location{{Line: 1}}}}}}
	change(r)
	return frame(frameResult, append(make([]byte, resultHead), newEncoder(s.set).encode(r)...))
}

// lies are what a box that was taken over might say.
var lies = map[string]func() []byte{
	"lie-kind":     func() []byte { return frame('Z', nil) },
	"lie-parent":   func() []byte { return frame(frameData, []byte{saidBytes}) },
	"lie-long":     func() []byte { b := frame(frameResult, nil); binary.LittleEndian.PutUint32(b[1:], 1<<31); return b },
	"lie-ready":    func() []byte { return frame(frameReady, nil) },
	"lie-read":     func() []byte { return frame(frameReadAt, make([]byte, 12)) },
	"lie-next":     func() []byte { return frame(frameNext, []byte{1, 0, 0, 0}) },
	"lie-spools":   func() []byte { return bytes.Repeat(frame(frameSpool, nil), maxSpools+1) },
	"lie-progress": func() []byte { return bytes.Repeat(frame(frameProgress, make([]byte, 8)), 200) },
	"lie-window":   func() []byte { return frame(frameWindow, []byte{0, 0, 0, 0, 1, 0, 0, 0}) },
	"lie-decoders": func() []byte { return bytes.Repeat(frame(frameDecoder, []byte("x\ny")), 100) },
	"lie-empty":    func() []byte { return frame(frameResult, nil) },
	"lie-random":   func() []byte { return frame(frameResult, bytes.Repeat([]byte{0xff}, 300)) },
	"lie-stopped":  func() []byte { b := forged(func(*classify.Result) {}); b[frameHeader] = endedStopped; return b },
	"lie-twice":    func() []byte { b := forged(func(*classify.Result) {}); return append(b, b...) },
	"lie-count":    func() []byte { return forged(func(r *classify.Result) { r.Detections[0].Count = 0 }) },
	"lie-size":     func() []byte { return forged(func(r *classify.Result) { r.Size++ }) },
	"lie-code":     func() []byte { return forged(func(r *classify.Result) { r.Status.Code = "FINE" }) },
	"lie-reason":   func() []byte { return forged(func(r *classify.Result) { r.Status.Reason = "WHATEVER" }) },
	"lie-above": func() []byte {
		return forged(func(r *classify.Result) {
			r.Members = []classify.Document{{Path: "a/../../etc/passwd", Status: r.Status}}
		})
	},
	"lie-absolute": func() []byte {
		return forged(func(r *classify.Result) { r.Members = []classify.Document{{Path: "/etc/passwd", Status: r.Status}} })
	},
	"lie-unmasked": func() []byte {
		return forged(func(r *classify.Result) { r.Detections[0].Samples = []string{"536-90-4399"} })
	},
	"lie-samples": func() []byte {
		return forged(func(r *classify.Result) { r.Detections[0].Samples = []string{"•1", "•1", "•1", "•1"} })
	},
	"lie-more": func() []byte {
		return forged(func(r *classify.Result) { r.Detections[0].Occurrences = make([]extract.Location, 2) })
	},
}

// probe tries what a box must not be able to do, and tells on standard error what it could.
func probe() {
	for _, attempt := range []struct {
		what string
		do   func() error
	}{
		{"read a file", func() error { _, err := os.ReadFile("/etc/passwd"); return err }},
		{"read itself", func() error { _, err := os.ReadFile("/proc/self/exe"); return err }},
		{"list a folder", func() error { _, err := os.ReadDir("/"); return err }},
		{"make a file", func() error { return os.WriteFile(filepath.Join(os.TempDir(), "magpie-escaped"), nil, 0o600) }},
		{"stat a file", func() error { _, err := os.Stat("/etc/passwd"); return err }},
		{"open a TCP socket", func() error { _, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0); return err }},
		{"open a UDP socket", func() error { _, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM, 0); return err }},
		{"open a Unix socket", func() error { _, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0); return err }},
		{"dial", func() error { _, err := net.Dial("tcp", "127.0.0.1:1"); return notRefused(err) }},
		{"run a program", func() error { return exec.Command("/bin/true").Run() }},
		{"execute", func() error { return unix.Exec("/bin/true", []string{"true"}, nil) }},
		{"fork", func() error { _, err := syscall.ForkExec("/bin/true", []string{"true"}, nil); return err }},
		{"signal its parent", func() error { return unix.Kill(os.Getppid(), 0) }},
		{"signal a thread of another", func() error { return unix.Tgkill(1, 1, 0) }},
		{"raise its limits", func() error { return unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 64, Max: 64}) }},
		{"map code", func() error {
			_, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_PRIVATE|unix.MAP_ANON)
			return err
		}},
		{"trace its parent", func() error { return unix.PtraceAttach(os.Getppid()) }},
		{"make a memory file", func() error { _, err := unix.MemfdCreate("x", 0); return err }},
		{"make a user namespace", func() error { return unix.Unshare(unix.CLONE_NEWUSER) }},
	} {
		if err := attempt.do(); err == nil {
			fmt.Fprintln(os.Stderr, "could", attempt.what)
		}
	}
	var open []string
	for fd := range 64 {
		var st unix.Stat_t
		if unix.Fstat(fd, &st) == nil {
			open = append(open, fmt.Sprint(fd, ":", st.Mode&unix.S_IFMT == unix.S_IFREG))
		}
	}
	fmt.Fprintln(os.Stderr, "open:", strings.Join(open, " "))
	fmt.Fprintln(os.Stderr, "environment:", len(os.Environ()))
	fmt.Fprintln(os.Stderr, "probed")
	os.Exit(1)
}

func notRefused(err error) error {
	if errors.Is(err, unix.ECONNREFUSED) {
		return nil // the network answered
	}
	return err
}

// logged is a log that a test reads.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logged) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// file makes an object with a name that a box may mind.
func file(t *testing.T, name, content string) Source {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return Source{Name: name, File: f, Size: int64(len(content))}
}

// Where this process may have fewer files open than a box usually may, boxes serve all the same.
func TestBoxOfFewFiles(t *testing.T) {
	const inside = "MAGPIE_TEST_FEW_FILES"
	if os.Getenv(inside) == "" {
		c := exec.CommandContext(t.Context(), "sh", "-c", `ulimit -n 40 && exec "$0" -test.run='^TestBoxOfFewFiles$'`, os.Args[0])
		c.Env = append(os.Environ(), inside+"=1")
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	p := New(Options{Workers: 1})
	defer p.Close()
	if r, err := p.Analyse(t.Context(), file(t, "a.txt", plain), search(t)); err != nil || r.Status.Code != extract.Complete {
		t.Errorf("%+v, %v", r, err)
	}
}

// A box cannot reach anything but its own descriptors.
func TestBoxIsConfined(t *testing.T) {
	// What whoever started this program has left open is not for boxes.
	left, err := unix.Open("/etc/hostname", unix.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(left)
	t.Setenv("MAGPIE_SECRET", "x")
	var log logged
	p := New(Options{Workers: 1, Log: log.logger()})
	defer p.Close()
	r, err := p.Analyse(t.Context(), file(t, "probe.txt", plain), search(t))
	if err != nil || r.Status.Reason != extract.UnableToParseFile {
		t.Fatalf("%+v, %v", r, err)
	}
	got := log.String()
	if !strings.Contains(got, "probed") {
		t.Fatalf("the probe did not end: %s", got)
	}
	if c := p.Stats().Confinement; strings.Contains(c, "no ") {
		t.Skipf("this kernel does not confine boxes wholly: %s", c)
	}
	if strings.Contains(got, "could ") {
		t.Errorf("a box could do what it must not: %s", got)
	}
	// 3 is the socket, 4 the object, which takes the number of the page that is closed again.
	if want := "open: 0:false 1:false 2:false 3:false 4:true"; !strings.Contains(got, want) || !strings.Contains(got, "environment: 0") {
		t.Errorf("a box has more than it should: %s", got)
	}
}

// ends collects what the kernel counted for each box.
func ends(t *testing.T) func() []*syscall.Rusage {
	var mu sync.Mutex
	var list []*syscall.Rusage
	onBoxEnd = func(s *os.ProcessState) {
		mu.Lock()
		defer mu.Unlock()
		list = append(list, s.SysUsage().(*syscall.Rusage))
	}
	t.Cleanup(func() { onBoxEnd = nil })
	return func() []*syscall.Rusage {
		mu.Lock()
		defer mu.Unlock()
		return list
	}
}

// An object that takes memory without end costs two boxes, none of which held more than its share and
// 40 MB, by the kernel's own count.
func TestBoxMemory(t *testing.T) {
	// The kernel's count of a process begins with what the one had that started it, so that this must
	// be a small one.
	if os.Getenv("MAGPIE_TEST_SMALL") == "" {
		c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestBoxMemory$")
		c.Env = append(os.Environ(), "MAGPIE_TEST_SMALL=1")
		if out, err := c.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("PASS")) {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	for _, share := range []int64{64 << 20, 256 << 20} { // with a little of huge pages, and with all that there may be
		usage := ends(t)
		p := New(Options{Workers: 1, Memory: share})
		r, err := p.Analyse(t.Context(), file(t, "hog-memory.txt", plain), search(t))
		if err != nil || r.Status.Code != extract.Skipped || r.Status.Reason != extract.FileExceedsSizeLimit {
			t.Errorf("%+v, %v", r, err)
		}
		if s := p.Stats(); s.Ended[CauseMemory] != 2 || s.Retried != 1 || s.Lost != 1 || s.Started != 2 {
			t.Errorf("%+v", s)
		}
		for _, u := range usage() {
			if rss := u.Maxrss << 10; rss > share+40<<20 {
				t.Errorf("a box held %d MB of %d", rss/1e6, share/1000000)
			}
		}
		good(t, p)
		p.Close()
	}
}

// TestBoxHugePages counts the pages that a box is given for what its heap grows into.
func TestBoxHugePages(t *testing.T) {
	how, _ := os.ReadFile("/sys/kernel/mm/transparent_hugepage/enabled")
	some := unix.Prctl(unix.PR_SET_THP_DISABLE, 1, thpExceptAdvised, 0, 0) == nil
	_ = unix.Prctl(unix.PR_SET_THP_DISABLE, 0, 0, 0, 0)
	can := bytes.Contains(how, []byte("[madvise]")) || some && bytes.Contains(how, []byte("[always]"))
	stat, _ := os.ReadFile("/proc/vmstat")
	_, lacked, _ := bytes.Cut(stat, []byte("\nthp_fault_fallback ")) // how often there was none to give
	lacked, _, _ = bytes.Cut(lacked, []byte("thp"))
	var log logged
	p := New(Options{Workers: 1, Memory: 512 << 20, Log: log.logger()})
	defer p.Close()
	if _, err := p.Analyse(t.Context(), file(t, "fill.txt", plain), search(t)); err != nil {
		t.Fatal(err)
	}
	_, said, _ := strings.Cut(log.String(), "pages: ")
	var pages int
	if _, err := fmt.Sscan(said, &pages); err != nil {
		t.Fatalf("%v: %s", err, log.String())
	}
	stat, _ = os.ReadFile("/proc/vmstat")
	if _, now, _ := bytes.Cut(stat, []byte("\nthp_fault_fallback ")); can && !bytes.HasPrefix(now, lacked) {
		t.Log("this machine's memory is in pieces")
		return
	}
	if few := pages < 1000; few != can && os.Getpagesize() == 4096 {
		t.Errorf("%d pages for 16 MB; can there be huge ones: %v (%s)", pages, can, how)
	}
}

// fillMemory fills memory and tells how many pages it was given for that.
func fillMemory() {
	var before, after unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &before)
	for range 16 {
		piece := make([]byte, 1<<20)
		for i := range piece {
			piece[i] = byte(i)
		}
		runtime.KeepAlive(piece)
	}
	_ = unix.Getrusage(unix.RUSAGE_SELF, &after)
	fmt.Fprintln(os.Stderr, "pages:", after.Minflt-before.Minflt)
	os.Exit(1)
}

// TestRoomOfBox: what a box says of its heap is believed as far as it can be.
func TestRoomOfBox(t *testing.T) {
	said := func(n uint64) []byte { return binary.LittleEndian.AppendUint64(nil, n) }
	for _, c := range []struct {
		said  []byte
		share int64
		want  int64
	}{
		{said(0), 1 << 30, 0}, {said(32 << 20), 1 << 30, 32 << 20}, {said(32<<20 + 1), 1 << 30, -1}, {said(1 << 63), 1 << 30, -1},
		{said(8 << 20), 64 << 20, 8 << 20}, {said(32 << 20), 64 << 20, -1}, {nil, 1 << 30, -1}, {said(0)[:7], 1 << 30, -1}, {append(said(0), 0), 1 << 30, -1},
	} {
		got, err := roomOf(c.said, c.share)
		if err != nil {
			got = -1
		}
		if got != c.want {
			t.Errorf("%x of %d: %d, want %d", c.said, c.share, got, c.want)
		}
	}
}

// An object that does not look at the clock is ended soon after its time, and not tried again.
func TestBoxTime(t *testing.T) {
	for _, name := range []string{"hog-time.txt", "hang.txt", "mute.txt"} {
		usage := ends(t)
		strict := os.Getenv("MAGPIE_HOSTILE_STRICT") != "" // on a machine that does nothing else
		p := New(Options{Workers: 1, Time: func(int64) time.Duration { return 100 * time.Millisecond }})
		if strict { // the box is there
			good(t, p)
		}
		began := time.Now()
		r, err := p.Analyse(t.Context(), file(t, name, plain), search(t))
		if took := time.Since(began); strict && took > 300*time.Millisecond {
			t.Errorf("%s: it took %v", name, took)
		} else if strict {
			fmt.Printf("| box: %s | %d ms |\n", name, took.Milliseconds())
		}
		s := p.Stats()
		if name == "mute.txt" { // it has hung up, which is seen at once; a second box may find no time left
			if err != nil || r.Status.Code != extract.Skipped {
				t.Errorf("%s: %+v, %v", name, r, err)
			}
		} else if err != nil || r.Status.Code != extract.Skipped || r.Status.Reason != extract.TimeCutOffReached || s.Ended[CauseTime] != 1 || s.Retried != 0 {
			t.Errorf("%s: %+v, %v, %+v", name, r, err, s)
		}
		p.Close()
		for _, u := range usage() {
			// Its own time, the grace, what starting takes, and however long this process waited for a processor meanwhile.
			if used := time.Duration(u.Utime.Nano() + u.Stime.Nano()); used > 5*time.Second {
				t.Errorf("%s: a box used %v", name, used)
			}
		}
	}
}

// Whatever ends a box, the object gets a status, the box is replaced, and nothing of the object is
// logged.
func TestBoxEnds(t *testing.T) {
	for name, want := range map[string]Cause{
		"panic-value.txt": CausePanic, "panic-index.txt": CausePanic, "exit.txt": CauseCrash, "overflow.txt": CauseCrash,
		"noise.txt": CauseCrash,
	} {
		var log logged
		p := New(Options{Workers: 1, Log: log.logger()})
		r, err := p.Analyse(t.Context(), file(t, name, plain), search(t))
		if err != nil || r.Status.Code != extract.Skipped || r.Status.Reason != extract.UnableToParseFile {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		if s := p.Stats(); s.Ended[want] != 2 || s.Started != 2 || s.Lost != 1 {
			t.Errorf("%s: %+v", name, s)
		}
		good(t, p)
		p.Close()
		got := log.String()
		if strings.Contains(got, "536-90") || strings.Contains(got, "\x1b") || len(got) > 64<<10 {
			t.Errorf("%s is logged as %.300q", name, got)
		}
		if want == CausePanic && !strings.Contains(got, "misbehave") {
			t.Errorf("%s is logged without a stack: %s", name, got)
		}
		if name == "panic-index.txt" && !strings.Contains(got, "index out of range") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// A box that lies is ended, whatever it says.
func TestBoxLies(t *testing.T) {
	p := New(Options{Workers: 1, Time: func(int64) time.Duration { return time.Minute }})
	defer p.Close()
	c := testConfig
	c.Samples = 3
	s, err := Compile(c)
	if err != nil {
		t.Fatal(err)
	}
	for name := range lies {
		before := p.Stats()
		r, err := p.Analyse(t.Context(), file(t, name+".txt", plain), s)
		after := p.Stats()
		if err != nil || r.Status.Code != extract.Skipped || len(r.Detections) > 0 || after.Ended[CauseProtocol] != before.Ended[CauseProtocol]+2 {
			t.Errorf("%s: %+v, %v, %+v", name, r, err, after)
		}
	}
	good(t, p)
}

// An object that ends a box which has read others is given to a fresh one.
func TestBoxSecondTry(t *testing.T) {
	p := New(Options{Workers: 1})
	defer p.Close()
	good(t, p)
	r, err := p.Analyse(t.Context(), file(t, "second.txt", plain), search(t))
	if err != nil || r.Status.Code != extract.Complete || len(r.Detections) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	if s := p.Stats(); s.Retried != 1 || s.Lost != 0 || s.Ended[CauseCrash] != 1 || s.Objects != 2 {
		t.Errorf("%+v", s)
	}
}

// In company too an object is tried twice at most, and costs the others nothing.
func TestBoxBatch(t *testing.T) {
	for _, name := range []string{"exit.txt", "hog-memory.txt", "panic-value.txt", "lie-kind.txt"} {
		p := New(Options{Workers: 1, Memory: 64 << 20})
		var srcs []Source
		for i := range 9 {
			srcs = append(srcs, file(t, fmt.Sprintf("good%d.txt", i), plain))
		}
		srcs[4] = file(t, name, plain)
		seen := int64(0)
		for i := range srcs {
			srcs[i].Progress = func(n int64) { seen += n }
		}
		for i, o := range p.AnalyseFiles(t.Context(), srcs, search(t)) {
			want := extract.Complete
			if i == 4 {
				want = extract.Skipped
			}
			if o.Err != nil || o.Result.Status.Code != want {
				t.Errorf("%s: %d: %+v, %v", name, i, o.Result, o.Err)
			}
		}
		s := p.Stats()
		ended := s.Ended[CauseCrash] + s.Ended[CauseMemory] + s.Ended[CausePanic] + s.Ended[CauseProtocol]
		if ended != 2 || s.Objects != 9 || s.Lost != 1 {
			t.Errorf("%s: %+v", name, s)
		}
		if seen < 8*int64(len(plain)) || seen > 9*int64(len(plain)) {
			t.Errorf("%s: %d bytes are reported", name, seen)
		}
		p.Close()
	}
}

// What the caller gives up ends at once, and the box with it if it does not listen.
func TestBoxCancelled(t *testing.T) {
	p := New(Options{Workers: 1})
	defer p.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { // once the box has the object: a start takes long on a machine that is busy
		for has := false; !has && ctx.Err() == nil; runtime.Gosched() {
			p.boxes.mu.Lock()
			has = len(p.boxes.busy) > 0
			p.boxes.mu.Unlock()
		}
		cancel()
	}()
	r, err := p.Analyse(ctx, file(t, "hog-time.txt", plain), search(t))
	if !errors.Is(err, context.Canceled) || r == nil {
		t.Errorf("%+v, %v", r, err)
	}
	if s := p.Stats(); s.Ended[CauseCanceled] != 1 {
		t.Errorf("%+v", s)
	}
	good(t, p)
}

// A box ends with its pool, and with the process that started it: see also Pdeathsig. Nothing of it is
// left behind.
func TestBoxLeavesNothing(t *testing.T) {
	count := func() (fds int) {
		list, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	good := file(t, "good.txt", plain)
	bad := file(t, "exit.txt", plain)
	run := func() {
		p := New(Options{Workers: 2, Memory: 128 << 20})
		for range 3 {
			for _, src := range []Source{good, bad} {
				if _, err := p.Analyse(t.Context(), src, search(t)); err != nil {
					t.Error(err)
				}
			}
		}
		p.Close()
	}
	run()
	before := count()
	run()
	if after := count(); after > before {
		t.Errorf("%d descriptors became %d", before, after)
	}
	leaked(t)
}

// leaked fails when goroutines of this package are left. They may be about to end.
func leaked(t *testing.T) {
	t.Helper()
	buf := make([]byte, 1<<20)
	for range 100_000 {
		left := 0
		for stack := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
			if strings.Contains(stack, "internal/analyse.") && !strings.Contains(stack, "testing.tRunner") {
				left++
			}
		}
		if left == 0 {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("goroutines are left: %s", buf[:runtime.Stack(buf, true)])
}

// A box that has nothing to do for long goes.
func TestBoxRetires(t *testing.T) {
	p := New(Options{Workers: 1, Idle: time.Millisecond})
	defer p.Close()
	ended := make(chan struct{}, 1)
	onBoxEnd = func(*os.ProcessState) { ended <- struct{}{} }
	defer func() { onBoxEnd = nil }()
	good(t, p)
	<-ended
}

// Where a box must read an archive out of order, it is lent a file.
func TestBoxSpools(t *testing.T) {
	dir := t.TempDir()
	p := New(Options{Workers: 1, Memory: 16 << 20, SpoolDir: dir})
	defer p.Close()
	src := Source{Name: "big.tar.gz", Reader: bytes.NewReader(nested(t)), Size: -1}
	r, err := p.Analyse(t.Context(), src, search(t))
	if err != nil || len(r.Detections) != 1 || r.Status.Reason != extract.ArchiveContainsUnprocessedFiles { // the noise
		t.Errorf("%+v, %v", r, err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	gone := New(Options{Workers: 1, Memory: 16 << 20, SpoolDir: filepath.Join(dir, "not-there")})
	defer gone.Close()
	src.Reader = bytes.NewReader(nested(t))
	r, err = gone.Analyse(t.Context(), src, search(t))
	var failed *SourceError
	if !errors.As(err, &failed) || !errors.Is(err, os.ErrNotExist) || r.Status.Code == extract.Complete {
		t.Errorf("without room: %+v, %v", r, err)
	}
}

// One box at a time may have memory beside its share, for what zstd --long writes.
func TestBoxWindow(t *testing.T) {
	var frames bytes.Buffer
	z, err := zstd.NewWriter(&frames, zstd.WithWindowSize(128<<20), zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	for range 1 << 12 {
		io.WriteString(z, strings.Repeat(plain, 100))
	}
	z.Flush()
	z.Close()
	p := New(Options{Workers: 3, Memory: 400 << 20})
	defer p.Close()
	done := make(chan struct{})
	for range 3 {
		go func() {
			defer func() { done <- struct{}{} }()
			src := Source{Name: "a.txt.zst", ReaderAt: bytes.NewReader(frames.Bytes()), Size: int64(frames.Len())}
			r, err := p.Analyse(t.Context(), src, search(t))
			if err != nil || r.Status.Code != extract.Complete || len(r.Detections) != 1 || r.Detections[0].Count != 100<<12 {
				t.Errorf("%+v, %v", r.Status, err)
			}
		}()
	}
	for range 3 {
		<-done
	}
	if s := p.Stats(); s.Ended[CauseRetired] != 3 || s.Retried != 0 {
		t.Errorf("%+v", s)
	}
	small := New(Options{Workers: 1, Memory: 64 << 20})
	defer small.Close()
	r, err := small.Analyse(t.Context(), Source{Name: "a.txt.zst", ReaderAt: bytes.NewReader(frames.Bytes()), Size: int64(frames.Len())}, search(t))
	if err != nil || r.Status.Code == extract.Complete {
		t.Errorf("a window larger than all of the memory: %+v, %v", r, err)
	}
}

// The program that makes boxes must serve them; where it does not, that is said.
func TestBoxNeedsServing(t *testing.T) {
	canBox.Store(false)
	defer canBox.Store(true)
	p := New(Options{Workers: 1})
	defer p.Close()
	r, err := p.Analyse(t.Context(), file(t, "a.txt", plain), search(t))
	if err == nil || !strings.Contains(err.Error(), "ServeBox") || r.Status.Code != extract.Skipped {
		t.Errorf("%+v, %v", r, err)
	}
}

// A box that gets no threads is ended by its runtime, which says of everything where it was: what is told is the reason.
func TestBoxThatDoesNotBegin(t *testing.T) {
	for _, c := range []struct{ wrote, want string }{
		{"runtime/cgo: pthread_create failed: Resource temporarily unavailable\nSIGABRT: abort\n\ngoroutine 0 gp=0x353c520 m=0 mp=0x353e8a0 [idle]:\nrax 0\n", "it ended before it began: <nil>: runtime/cgo: pthread_create failed: Resource temporarily unavailable"},
		{"cannot open shared object file\nof something\n", "it ended before it began: <nil>: cannot open shared object file\nof something"},
		{"", "it ended before it began: <nil>: EOF"},
	} {
		b := &box{stderr: &tail{}}
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		b.stderr.from(r)
		_, _ = w.WriteString(c.wrote)
		w.Close()
		if got := b.endedAtOnce(io.EOF).Error(); got != c.want {
			t.Errorf("%q", got)
		}
		b.stderr.close()
	}
}

// FuzzServe has the parent talk to a box that says anything.
func FuzzServe(f *testing.F) {
	for _, lie := range lies {
		f.Add(lie(), byte(wayFile))
		f.Add(append(frame(frameReadAt, []byte{0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0}), lie()...), byte(wayAt))
		f.Add(append(frame(frameNext, []byte{9, 0, 0, 0}), lie()...), byte(wayFlow))
	}
	s, err := Compile(testConfig)
	if err != nil {
		f.Fatal(err)
	}
	p := New(Options{Workers: 1, Memory: 64 << 20})
	f.Cleanup(p.Close)
	f.Fuzz(func(t *testing.T, said []byte, way byte) {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		mine, theirs := os.NewFile(uintptr(pair[0]), "mine"), os.NewFile(uintptr(pair[1]), "theirs")
		conn, err := net.FileConn(mine)
		mine.Close()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		b := &box{boxes: p.boxes, of: s, conn: conn.(*net.UnixConn), process: &os.Process{Pid: -1}, stderr: &tail{}, arena: make([]byte, arenaBytes)}
		b.in = newReader(conn)
		wrote := make(chan struct{})
		go func() {
			defer close(wrote)
			theirs.Write(said)
			unix.Shutdown(pair[1], unix.SHUT_WR)
			io.Copy(io.Discard, theirs)
			theirs.Close()
		}()
		src := &Source{Name: "a.txt", Size: int64(len(plain)), ReaderAt: strings.NewReader(plain)}
		if way %= wayFlow + 1; way == wayFlow {
			src.ReaderAt, src.Reader = nil, strings.NewReader(plain)
		}
		c := newClock(t.Context(), src.Size, TimeFor)
		c.begin()
		r, _, bad := b.serve(c, src, &object{way: way, size: src.Size})
		c.stop()
		if bad == nil {
			if r.Size != src.Size || len(r.Members) > maxMembers {
				t.Errorf("%+v", r)
			}
			r.Wire(nil)
		}
		conn.Close()
		<-wrote
	})
}

// TestGiveWay: the thread that starts boxes for the background, and so they, take no place before others when they wake up.
func TestGiveWay(t *testing.T) {
	policy := make(chan uint32)
	go func() {
		runtime.LockOSThread() // and never unlocked: no other goroutine is to have the thread
		giveWay()
		attr, err := unix.SchedGetAttr(0, 0)
		if err != nil {
			t.Error(err)
			attr = &unix.SchedAttr{}
		}
		policy <- attr.Policy
	}()
	if p := <-policy; p != unix.SCHED_BATCH {
		t.Errorf("its policy is %d", p)
	}
}

// A box goes by its name for those who look at processes, and not by that of the link that it was started by.
func TestBoxName(t *testing.T) {
	p := New(Options{Workers: 1})
	defer p.Close()
	good(t, p)
	p.mu.Lock()
	b := p.idle[0].worker.(*box)
	p.mu.Unlock()
	got, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", b.process.Pid))
	if err != nil || strings.TrimSpace(string(got)) != boxName {
		t.Errorf("it is called %q, %v", got, err)
	}
}
