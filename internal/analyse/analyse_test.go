package analyse

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"magpie/internal/classify"
	"magpie/internal/detect"
	"magpie/internal/extract"
)

const plain = "my ssn is 536-90-4399, keep it safe\n"

var testConfig = Config{Owner: "111122223333", Managed: []string{"USA_SOCIAL_SECURITY_NUMBER"},
	Custom: []Custom{{ID: "t-1", Name: "Ticket", CustomConfig: detect.CustomConfig{Regex: "TCK-[0-9]{4}"}}}}

func search(t testing.TB) *Search {
	t.Helper()
	s, err := Compile(testConfig)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// good analyses an object with which nothing is wrong.
func good(t *testing.T, p *Pool) {
	t.Helper()
	r, err := p.Analyse(t.Context(), Source{Name: "good.txt", ReaderAt: strings.NewReader(plain), Size: int64(len(plain))}, search(t))
	if err != nil || r.Status.Code != extract.Complete || len(r.Detections) != 1 || r.Classified != int64(len(plain)) {
		t.Errorf("an object with which nothing is wrong: %+v, %v", r, err)
	}
}

// each runs a test in this process and in boxes.
func each(t *testing.T, f func(t *testing.T, o Options)) {
	t.Run("in process", func(t *testing.T) { f(t, Options{InProcess: true}) })
	t.Run("boxes", func(t *testing.T) {
		if !CanBox() {
			t.Skip("boxes need Linux")
		}
		f(t, Options{})
	})
}

// objects are of several formats, with one number each.
func objects(t *testing.T) map[string][]byte {
	t.Helper()
	var z bytes.Buffer
	w := zip.NewWriter(&z)
	for _, name := range []string{"a/b.txt", "c.csv"} {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(f, map[string]string{"a/b.txt": plain, "c.csv": "id,ssn\n1,536-90-4399\n"}[name])
	}
	w.Close()
	long := strings.Repeat("nothing to see on this line of the log\n", 40_000)
	return map[string][]byte{
		"a.txt":    []byte(plain),
		"long.log": []byte(long + plain + long),
		"a.csv":    []byte("id,ssn,note\n" + strings.Repeat("7,,x\n", 5000) + "1,536-90-4399,TCK-1234\n"),
		"a.json":   []byte(`{"list":[{"ssn":"536-90-4399"}]}`),
		"a.zip":    z.Bytes(),
		"a.png":    []byte("\x89PNG\r\n\x1a\n\x00\x00"),
		"bad.zip":  []byte("PK\x03\x04 this is no zip"),
		"empty":    {},
		"all.tgz":  nested(t),
	}
}

// nested is a zip inside a tar.gz, too large for a small memory.
func nested(t testing.TB) []byte {
	t.Helper()
	var z bytes.Buffer
	w := zip.NewWriter(&z)
	noise := make([]byte, 12<<20)
	r := rand.NewChaCha8([32]byte{1})
	r.Read(noise)
	for _, member := range []struct {
		name    string
		content []byte
	}{{"noise.bin", noise}, {"in/it.txt", []byte(plain)}} {
		f, err := w.CreateHeader(&zip.FileHeader{Name: member.name, Method: zip.Store, Modified: time.Date(2024, 5, 6, 7, 8, 10, 0, time.UTC)})
		if err != nil {
			t.Fatal(err)
		}
		f.Write(member.content)
	}
	w.Close()
	var out bytes.Buffer
	g := gzip.NewWriter(&out)
	tw := tar.NewWriter(g)
	tw.WriteHeader(&tar.Header{Name: "in.zip", Size: int64(z.Len()), Mode: 0o600})
	tw.Write(z.Bytes())
	tw.Close()
	g.Close()
	return out.Bytes()
}

// However an object is read, and wherever, the result is the same.
func TestWaysAgree(t *testing.T) {
	s := search(t)
	want := map[string]*classify.Result{}
	each(t, func(t *testing.T, o Options) {
		o.Workers = 2
		p := New(o)
		defer p.Close()
		for name, content := range objects(t) {
			path := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			size := int64(len(content))
			var told [3]int64
			for i, src := range []Source{
				{Name: name, File: f, Size: size},
				{Name: name, ReaderAt: bytes.NewReader(content), Size: size},
				{Name: name, Reader: oneByteFirst(content), Size: size},
			} {
				src.Progress = func(n int64) { told[i] += n }
				r, err := p.Analyse(t.Context(), src, s)
				if err != nil {
					t.Errorf("%s, way %d: %v", name, i, err)
					continue
				}
				if size == 0 {
					r.Size = 0 // the size of an empty file is not believed
				}
				if want[name] == nil {
					want[name] = r
				}
				if !same(want[name], r) {
					t.Errorf("%s, way %d: %+v, not %+v", name, i, r, want[name])
				}
				if told[i] > size || r.Status.Code == extract.Complete && told[i] != size {
					t.Errorf("%s, way %d: %d of %d bytes are reported", name, i, told[i], size)
				}
			}
		}
		if s := p.Stats(); s.Lost > 0 || s.Retried > 0 {
			t.Errorf("%+v", s)
		}
	})
	if r := want["a.zip"]; r == nil || len(r.Members) != 2 || r.Detections[0].Count != 2 {
		t.Errorf("%+v", r)
	}
	if r := want["all.tgz"]; r == nil || len(r.Members) == 0 || !r.Members[0].Modified.Equal(time.Date(2024, 5, 6, 7, 8, 10, 0, time.UTC)) {
		t.Errorf("%+v", r)
	}
}

// same compares results; times may be of different zones.
func same(a, b *classify.Result) bool {
	if len(a.Members) != len(b.Members) || a.MembersLeftOut != b.MembersLeftOut {
		return false
	}
	doc := func(x, y classify.Document) bool {
		if !x.Modified.Equal(y.Modified) {
			return false
		}
		x.Modified = y.Modified
		return reflect.DeepEqual(x, y)
	}
	for i := range a.Members {
		if !doc(a.Members[i], b.Members[i]) {
			return false
		}
	}
	return doc(a.Document, b.Document)
}

func oneByteFirst(b []byte) io.Reader {
	n := min(1, len(b))
	return io.MultiReader(bytes.NewReader(b[:n]), bytes.NewReader(b[n:]))
}

// shrinking is an object of which less and less is there.
type shrinking struct {
	b     []byte
	reads atomic.Int64
	after int64
}

func (s *shrinking) ReadAt(p []byte, off int64) (int, error) {
	b := s.b
	if s.reads.Add(1) > s.after {
		b = b[:len(b)/2]
	}
	return bytes.NewReader(b).ReadAt(p, off)
}

// An object that becomes shorter is never complete, at whatever read that happens.
func TestShrinks(t *testing.T) {
	s := search(t)
	each(t, func(t *testing.T, o Options) {
		o.Workers = 1
		p := New(o)
		defer p.Close()
		for name, content := range objects(t) {
			size := int64(len(content))
			for after := range int64(3) {
				src := &shrinking{b: content, after: after}
				r, err := p.Analyse(t.Context(), Source{Name: name, ReaderAt: src, Size: size}, s)
				missed := errors.Is(err, ErrShrank)
				if missed && (r.Status.Code == extract.Complete || r.Classified >= size) {
					t.Errorf("%s, after %d reads: %+v", name, after, r)
				}
				// The read that would have found it may not have been needed.
				if !missed && r.Status.Code == extract.Complete && after == 0 && size > 0 {
					t.Errorf("%s is complete without its second half: %+v, %v", name, r, err)
				}
			}
			// A stream that promises more than it has.
			if size > 0 {
				r, err := p.Analyse(t.Context(), Source{Name: name, Reader: bytes.NewReader(content[:size/2]), Size: size}, s)
				if r.Status.Code == extract.Complete || r.Status.Code == extract.Partial && !errors.Is(err, ErrShrank) {
					t.Errorf("%s as a stream: %+v, %v", name, r, err)
				}
			}
		}
		// A file that has been cut since it was opened.
		path := filepath.Join(t.TempDir(), "a.log")
		if err := os.WriteFile(path, bytes.Repeat([]byte(plain), 50_000), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		info, _ := f.Stat()
		f.Truncate(info.Size() / 2)
		r, err := p.Analyse(t.Context(), Source{Name: path, File: f, Size: info.Size()}, s)
		if !errors.Is(err, ErrShrank) || r.Status.Code != extract.Partial || r.Classified >= info.Size() {
			t.Errorf("a file: %+v, %v", r.Status, err)
		}
	})
}

// faulty fails after some reads.
type faulty struct {
	io.ReaderAt
	reads int
}

var errFaulty = errors.New("the store is on fire")

func (f *faulty) ReadAt(p []byte, off int64) (int, error) {
	if f.reads--; f.reads < 0 {
		return 0, errFaulty
	}
	return f.ReaderAt.ReadAt(p, off)
}

// Of a stream that fails, and whose size is not known, what was read before counts as analysed.
func TestStreamFails(t *testing.T) {
	each(t, func(t *testing.T, o Options) {
		p := New(o)
		defer p.Close()
		content := strings.Repeat(plain, 20_000)
		src := Source{Name: "a.txt", Reader: io.MultiReader(strings.NewReader(content), iotest.ErrReader(errFaulty)), Size: -1}
		r, err := p.Analyse(t.Context(), src, search(t))
		if !errors.Is(err, errFaulty) || r.Status.Code != extract.Partial || r.Size != -1 || r.Classified == 0 || r.Classified > int64(len(content)) {
			t.Errorf("%d of %d bytes are %+v, %v", r.Classified, r.Size, r.Status, err)
		}
	})
}

// The source's own error comes back, and the status tells.
func TestSourceFails(t *testing.T) {
	each(t, func(t *testing.T, o Options) {
		o.Workers = 1
		p := New(o)
		defer p.Close()
		for name, content := range objects(t) {
			if len(content) == 0 {
				continue
			}
			for reads := range 2 {
				src := Source{Name: name, ReaderAt: &faulty{bytes.NewReader(content), reads}, Size: int64(len(content))}
				r, err := p.Analyse(t.Context(), src, search(t))
				var failed *SourceError
				if reads == 0 && (!errors.As(err, &failed) || failed.Err != errFaulty) {
					t.Errorf("%s: %v", name, err)
				}
				if err != nil && r.Status.Code == extract.Complete {
					t.Errorf("%s is complete: %v", name, err)
				}
			}
		}
		if s := p.Stats(); s.Lost+s.Retried > 0 {
			t.Errorf("a source that fails is no reason to end a worker: %+v", s)
		}
	})
}

// endless repeats itself.
type endless struct{ said bool }

func (e *endless) Read(p []byte) (int, error) {
	if !e.said {
		e.said = true
		return copy(p, plain), nil
	}
	return copy(p, bytes.Repeat([]byte("nothing to see here, and more of it\n"), len(p)/36+1)), nil
}

// At the end of its time an object hands in what was found.
func TestTimeIsOver(t *testing.T) {
	defer func(usual time.Duration) { grace = usual }(grace)
	grace = time.Minute // a box may not be given a processor for long
	each(t, func(t *testing.T, o Options) {
		o.Workers, o.Time = 1, func(int64) time.Duration { return time.Second }
		p := New(o)
		defer p.Close()
		r, err := p.Analyse(t.Context(), Source{Name: "a.txt", Reader: &endless{}, Size: -1}, search(t))
		if err != nil || r.Status.Code != extract.Partial || r.Status.Reason != extract.TimeCutOffReached || len(r.Detections) != 1 {
			t.Errorf("%+v, %v", r, err)
		}
		if s := p.Stats(); s.Ended[CauseTime] != 0 || s.Started != 1 {
			t.Errorf("%+v", s)
		}
	})
}

// stuck gives something and then nothing, until it is let go.
type stuck struct {
	said   bool
	asked  chan struct{}
	letGo  chan struct{}
	closed atomic.Bool
}

func newStuck() *stuck { return &stuck{asked: make(chan struct{}), letGo: make(chan struct{})} }

func (s *stuck) Read(p []byte) (int, error) {
	if !s.said {
		s.said = true
		return copy(p, strings.Repeat(plain, 10_000)), nil
	}
	if s.closed.CompareAndSwap(false, true) {
		close(s.asked)
	}
	<-s.letGo
	return 0, io.EOF
}

// A source that hangs holds nobody who has lost interest; what was found before comes back.
func TestSourceHangs(t *testing.T) {
	each(t, func(t *testing.T, o Options) {
		o.Workers = 1
		p := New(o)
		defer p.Close()
		src := newStuck()
		defer close(src.letGo)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() {
			select {
			case <-src.asked:
			case <-t.Context().Done():
			}
			cancel()
		}()
		r, err := p.Analyse(ctx, Source{Name: "a.txt", Reader: src, Size: -1}, search(t))
		if !errors.Is(err, context.Canceled) || r.Status.Code != extract.Partial || len(r.Detections) != 1 {
			t.Errorf("%+v, %v", r, err)
		}
		good(t, p)
	})
}

// The time for which this process was stopped is not the object's, but for a pulse at most: what it had before the pause it has after it.
func TestPauseIsNotCounted(t *testing.T) {
	c := newClock(t.Context(), 0, func(int64) time.Duration { return 10 * time.Second })
	defer c.stop()
	c.begin()
	at := c.started.Add(pulse)
	c.ring(at)
	for range 7 {
		at = at.Add(pulse)
		c.ring(at)
	}
	at = at.Add(10 * time.Minute)
	if c.ring(at); c.Err() != nil {
		t.Fatalf("after eight seconds and a pause: %v", c.Err())
	}
	for range 2 {
		at = at.Add(pulse)
		c.ring(at)
	}
	if c.Err() != context.DeadlineExceeded {
		t.Errorf("after ten seconds and more, and a pause: %v", c.Err())
	}
}

// The time of an object leaves out what its source takes, unless the same bytes are asked for again and
// again; that of a stream grows with what it brings.
func TestClock(t *testing.T) {
	perByte := func(bytes int64) time.Duration { return time.Minute + time.Duration(bytes)*time.Second }
	wait := func(c *clock, d time.Duration, bytes int) {
		c.wait()
		time.Sleep(d) // of the bubble's time
		c.got(bytes)
	}
	for name, c := range map[string]struct {
		size int64
		run  func(*clock)
		left time.Duration
	}{
		"nothing happens":          {10, func(*clock) {}, 70 * time.Second},
		"waiting is free":          {10, func(c *clock) { wait(c, time.Hour, 5); wait(c, time.Hour, 5) }, 70 * time.Second},
		"work is not":              {10, func(c *clock) { time.Sleep(20 * time.Second); wait(c, time.Hour, 5) }, 50 * time.Second},
		"a stream brings its time": {-1, func(c *clock) { wait(c, time.Hour, 30) }, 90 * time.Second},
		"asking again is not free": {10, func(c *clock) { wait(c, time.Hour, 20<<20); wait(c, 10*time.Second, 5) }, 60 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newClock(t.Context(), c.size, perByte)
				defer x.stop()
				time.Sleep(time.Hour) // it has not begun
				x.begin()
				c.run(x)
				if x.Err() != nil {
					t.Fatal("it is over too soon")
				}
				time.Sleep(c.left - time.Second)
				synctest.Wait()
				if x.Err() != nil {
					t.Errorf("it is over a second too soon")
				}
				time.Sleep(2 * time.Second)
				synctest.Wait()
				if x.Err() != context.DeadlineExceeded {
					t.Errorf("%v a second after its end", x.Err())
				}
			})
		})
	}
}

// A caller's deadline is the object's.
func TestCallersDeadline(t *testing.T) {
	each(t, func(t *testing.T, o Options) {
		o.Workers = 1
		p := New(o)
		defer p.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		r, err := p.Analyse(ctx, Source{Name: "a.txt", Reader: &endless{}, Size: -1}, search(t))
		if err != nil || r.Status.Reason != extract.TimeCutOffReached {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// Workers are kept for the search that they know; one owner's are never given to another.
func TestWorkersAreKept(t *testing.T) {
	each(t, func(t *testing.T, o Options) {
		o.Workers = 1
		p := New(o)
		defer p.Close()
		other := testConfig
		other.Custom = nil
		stranger := testConfig
		stranger.Owner = "444455556666"
		for i, step := range []struct {
			config              Config
			started, configured int64
		}{
			{testConfig, 1, 1}, {testConfig, 1, 1}, {other, 1, 2}, {testConfig, 1, 3}, {stranger, 2, 4}, {testConfig, 3, 5},
		} {
			s, err := Compile(step.config)
			if err != nil {
				t.Fatal(err)
			}
			r, err := p.Analyse(t.Context(), Source{Name: "a.txt", ReaderAt: strings.NewReader(plain + "TCK-1234\n"), Size: int64(len(plain)) + 9}, s)
			if want := 1 + len(step.config.Custom); err != nil || len(r.Detections) != want {
				t.Errorf("step %d: %+v, %v", i, r, err)
			}
			if got := p.Stats(); got.Started != step.started || got.Configured != step.configured {
				t.Errorf("step %d: %+v", i, got)
			}
		}
	})
}

// No more objects are analysed at once than there are workers.
func TestWorkersAreCounted(t *testing.T) {
	each(t, func(t *testing.T, o Options) {
		o.Workers = 2
		p := New(o)
		defer p.Close()
		var now, most atomic.Int64
		done := make(chan bool)
		for range 8 {
			go func() {
				defer func() { done <- true }()
				src := &counted{now: &now, most: &most, r: strings.NewReader(plain)}
				if _, err := p.Analyse(t.Context(), Source{Name: "a.txt", Reader: src, Size: -1}, search(t)); err != nil {
					t.Error(err)
				}
			}()
		}
		for range 8 {
			<-done
		}
		if s := p.Stats(); most.Load() > 2 || s.Started > 2 || s.Objects != 8 {
			t.Errorf("%d at once, %+v", most.Load(), s)
		}
	})
}

type counted struct {
	now, most *atomic.Int64
	in        bool
	r         io.Reader
}

func (c *counted) Read(p []byte) (int, error) {
	if !c.in {
		c.in = true
		n := c.now.Add(1)
		for m := c.most.Load(); n > m && !c.most.CompareAndSwap(m, n); m = c.most.Load() {
		}
	}
	n, err := c.r.Read(p)
	if err == io.EOF {
		c.now.Add(-1)
	}
	return n, err
}

// Configs that cannot be used are refused with what is wrong.
func TestCompileRefuses(t *testing.T) {
	for _, c := range []struct {
		config Config
		member string
		index  int
	}{
		{Config{}, "", 0},
		{Config{Managed: []string{"NOT_THERE"}}, "", 0},
		{Config{Custom: []Custom{{Name: "x", CustomConfig: detect.CustomConfig{Regex: "a"}}, {Name: "y", CustomConfig: detect.CustomConfig{Regex: "(?=a)"}}}}, "custom", 1},
		{Config{Managed: testConfig.Managed, AllowWords: [][]byte{[]byte("fine\n"), nil}}, "allowWords", 1},
		{Config{Managed: testConfig.Managed, AllowRegex: []string{"("}}, "allowRegex", 0},
	} {
		_, err := Compile(c.config)
		var bad *ConfigError
		if !errors.As(err, &bad) || bad.Member != c.member || bad.Index != c.index {
			t.Errorf("%+v: %v", c.config, err)
		}
	}
}

// Allow lists reach the worker.
func TestAllowLists(t *testing.T) {
	each(t, func(t *testing.T, o Options) {
		p := New(o)
		defer p.Close()
		for _, c := range []Config{
			{Managed: testConfig.Managed, AllowWords: [][]byte{[]byte("536-90-4399\n")}},
			{Managed: testConfig.Managed, AllowRegex: []string{"536-[0-9-]+"}},
		} {
			s, err := Compile(c)
			if err != nil {
				t.Fatal(err)
			}
			r, err := p.Analyse(t.Context(), Source{Name: "a.txt", ReaderAt: strings.NewReader(plain), Size: int64(len(plain))}, s)
			if err != nil || len(r.Detections) != 0 || r.Status.Code != extract.Complete {
				t.Errorf("%+v, %v", r, err)
			}
		}
	})
}

// A source must be one thing, and a closed pool says that it is closed.
func TestMisuse(t *testing.T) {
	each(t, func(t *testing.T, o Options) {
		p := New(o)
		for _, src := range []Source{{}, {ReaderAt: strings.NewReader(""), Reader: strings.NewReader("")}, {ReaderAt: strings.NewReader(""), Size: -1}} {
			if r, err := p.Analyse(t.Context(), src, search(t)); err == nil || r.Status.Code != extract.Skipped {
				t.Errorf("%+v, %v", r, err)
			}
		}
		p.Close()
		if _, err := p.Analyse(t.Context(), Source{Name: "a", Reader: strings.NewReader(plain), Size: -1}, search(t)); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	})
}

func TestTimeFor(t *testing.T) {
	for bytes, want := range map[int64]time.Duration{-1: time.Minute, 0: time.Minute, 5e6: 65 * time.Second, 20e9: 20060 * time.Second} {
		if got := TimeFor(bytes); got != want {
			t.Errorf("%d bytes: %v, not %v", bytes, got, want)
		}
	}
	if TimeFor(1<<62) <= 0 {
		t.Error("it overflows")
	}
}

// Start starts what is missing, and no more than there may be.
func TestStart(t *testing.T) {
	each(t, func(t *testing.T, o Options) {
		o.Workers = 3
		p := New(o)
		defer p.Close()
		s := search(t)
		for _, step := range []struct{ ask, there int }{{1, 1}, {1, 1}, {2, 2}, {2, 2}, {9, 3}, {3, 3}} {
			if err := p.Start(t.Context(), s, step.ask); err != nil {
				t.Fatal(err)
			}
			if stats := p.Stats(); stats.Started != int64(step.there) || stats.Idle != step.there || stats.Busy != 0 {
				t.Errorf("asked for %d workers: %d were started, %d wait, %d work; want %d", step.ask, stats.Started, stats.Idle, stats.Busy, step.there)
			}
		}
		good(t, p)
		if stats := p.Stats(); stats.Started != 3 {
			t.Errorf("%d workers were started", stats.Started)
		}
		p.Close()
		if err := p.Start(t.Context(), s, 1); !errors.Is(err, ErrClosed) {
			t.Errorf("a closed pool starts workers: %v", err)
		}
	})
}
