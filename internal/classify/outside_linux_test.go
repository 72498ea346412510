package classify

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"magpie/internal/extract"
	"magpie/internal/extract/hostile"
)

// fuzzFor is how long TestFuzzFromOutside goes on, for all formats together or, with fuzzOf, for those whose names end so. Without
// it each file is changed once, in the same way each time.
const (
	fuzzFor  = "MAGPIE_FUZZ_TIME"
	fuzzOf   = "MAGPIE_FUZZ_FORMAT"
	fuzzSeed = "MAGPIE_FUZZ_SEED"
)

// readerProcess is a child that reads files, seen from outside.
type readerProcess struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr bytes.Buffer
}

func startReader(t *testing.T) *readerProcess {
	t.Helper()
	p := &readerProcess{cmd: exec.CommandContext(t.Context(), os.Args[0])}
	p.cmd.Env = append(os.Environ(), hostileServe+"=1", "GOTRACEBACK=single")
	p.cmd.Stderr = &p.stderr
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		p.out = bufio.NewReader(out)
		p.in, err = p.cmd.StdinPipe()
	}
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *readerProcess) end() {
	p.in.Close()
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// read has a file read. The usage is what the system says of the process.
func (p *readerProcess) read(name string, data []byte) (u usage, err error) {
	proc := fmt.Sprintf("/proc/%d/", p.cmd.Process.Pid)
	if err := os.WriteFile(proc+"clear_refs", []byte("5"), 0); err != nil { // the peak begins anew
		return u, err
	}
	before := p.used()
	head := binary.LittleEndian.AppendUint32(nil, uint32(len(name)))
	head = binary.LittleEndian.AppendUint32(append(head, name...), uint32(len(data)))
	if _, err := p.in.Write(append(head, data...)); err != nil {
		return u, fmt.Errorf("it ended: %w\n%.3000s", err, p.stderr.String())
	}
	// A guard against a hang, and no bound: the machine may have much else to do.
	hangs := time.AfterFunc(2*time.Minute, func() { _ = p.cmd.Process.Signal(unix.SIGQUIT) })
	line, err := p.out.ReadBytes('\n')
	hangs.Stop()
	if err != nil {
		_ = p.cmd.Wait()
		return u, fmt.Errorf("it ended: %w\n%.3000s", err, p.stderr.String())
	}
	u.time = p.used() - before
	status, err := os.ReadFile(proc + "status")
	if err != nil {
		return u, err
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kib int64
	fmt.Sscan(rest, &kib)
	u.memory = kib << 10
	return u, json.Unmarshal(line, &u.outcome)
}

// used is the processor time of the child.
func (p *readerProcess) used() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(int32(^p.cmd.Process.Pid<<3|2), &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

// mutate changes a file: bits, numbers that mean something to many formats, pieces that are lost, repeated, moved or taken from another.
func mutate(r *rand.Rand, data, other []byte) []byte {
	b := slices.Clone(data)
	for range 1 + r.IntN(6) {
		if len(b) == 0 {
			return b
		}
		at := r.IntN(len(b))
		if r.IntN(2) == 0 { // formats say at both of their ends what they are
			at = min(at, r.IntN(512))
			if r.IntN(2) == 0 {
				at = len(b) - 1 - at
			}
		}
		n := min(1+r.IntN(1<<r.IntN(13)), len(b)-at)
		switch r.IntN(9) {
		case 0:
			b[at] ^= 1 << r.IntN(8)
		case 1:
			b[at] = []byte{0, 0xff, 0x7f, 0x80, ' ', '"', '<', '(', '{', '\n', '9'}[r.IntN(11)]
		case 2:
			v := []uint64{0, 1, 1<<16 - 1, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1<<63 - 1, 1 << 63, 1<<64 - 1, uint64(len(b)), uint64(at), r.Uint64()}[r.IntN(12)]
			var le, be [8]byte
			binary.LittleEndian.PutUint64(le[:], v)
			binary.BigEndian.PutUint64(be[:], v)
			size := 1 << r.IntN(4)
			if r.IntN(2) == 0 {
				copy(b[at:], le[:size])
			} else {
				copy(b[at:], be[8-size:])
			}
		case 3:
			b = slices.Delete(b, at, at+n)
		case 4:
			b = slices.Insert(b, at, bytes.Repeat(b[at:at+n], 1+r.IntN(min(64, 1+(64<<10)/n)))...)
		case 5:
			copy(b[r.IntN(len(b)):], slices.Clone(b[at:at+n]))
		case 6:
			if len(other) > 0 {
				from := r.IntN(len(other))
				b = slices.Insert(b, at, other[from:min(len(other), from+n)]...)
			}
		case 7:
			b = b[:at]
		case 8: // a digit, of which text formats are full
			for i := at; i < len(b); i++ {
				if b[i] >= '0' && b[i] <= '9' {
					b = slices.Replace(b, i, i+1, []byte([]string{"-1", "99999999999", "4294967295", "0", "2147483648"}[r.IntN(5)])...)
					break
				}
			}
		}
		b = b[:min(len(b), 512<<10)]
	}
	return b
}

// seedFile is a file that is changed.
type seedFile struct {
	name string
	data []byte
}

// seedFiles are the files made to hurt that are not large, the ones that programs wrote, and what fuzzing has found.
func seedFiles(t *testing.T) (all []seedFile) {
	t.Helper()
	for _, f := range hostile.Files() {
		switch f.Name { // made of 200 MB and more
		case "text.txt.gz", "in-one-another.gz", "gzip-page.parquet", "part.docx", "names.docx", "keys.avro", "keys-in-keys.avro":
			continue
		}
		data := f.Make()
		all = append(all, seedFile{f.Name, data[:min(len(data), 256<<10)]})
	}
	for _, pattern := range []string{"office/*", "pdf/*", "a.txt.*"} {
		names, err := filepath.Glob(filepath.Join("../extract/testdata", pattern))
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if len(data) <= 256<<10 {
				all = append(all, seedFile{filepath.Base(name), data})
			}
		}
	}
	return all
}

// TestFuzzFromOutside changes files and has them read, the whole way, by a process that is watched from outside: it goes on, and
// each file takes no more memory and processor time than its bounds.
func TestFuzzFromOutside(t *testing.T) {
	if testing.Short() || raceEnabled {
		t.Skip("measures memory and processor time")
	}
	length, _ := time.ParseDuration(os.Getenv(fuzzFor))
	seed := uint64(1)
	if s := os.Getenv(fuzzSeed); s != "" {
		fmt.Sscan(s, &seed)
	}
	r := rand.New(rand.NewPCG(seed, 12))
	files := seedFiles(t)
	if of := os.Getenv(fuzzOf); of != "" {
		files = slices.DeleteFunc(files, func(f seedFile) bool {
			return !slices.ContainsFunc(strings.Split(of, ","), func(s string) bool { return strings.HasSuffix(f.name, s) })
		})
	}
	p := startReader(t)
	defer func() { p.end() }()
	if _, err := p.read("nothing.txt", []byte("nothing")); err != nil {
		t.Fatal(err)
	}
	began, count := time.Now(), 0
	var most usage
	for i := 0; i < len(files) || time.Since(began) < length; i++ {
		f := files[i%len(files)]
		data := mutate(r, f.data, files[r.IntN(len(files))].data)
		u, err := p.read(f.name, data)
		count++
		most.time, most.memory = max(most.time, u.time), max(most.memory, u.memory)
		switch {
		case err != nil:
		case u.Err != "":
			err = fmt.Errorf("%s", u.Err)
		case u.memory > mostMemory:
			err = fmt.Errorf("%d MB were resident, of %d allowed", u.memory>>20, mostMemory>>20)
		case u.time > mostTime:
			err = fmt.Errorf("it took %v of processor time, of %v allowed", u.time, mostTime)
		case (u.Status.Code == extract.Complete) != (u.Status.Reason == ""):
			err = fmt.Errorf("it ended %+v", u.Status)
		}
		if err == nil {
			continue
		}
		kept := filepath.Join(os.TempDir(), fmt.Sprintf("magpie-fuzz-%d-%d-%s", seed, i, f.name))
		_ = os.WriteFile(kept, data, 0o600)
		t.Errorf("change %d of %s, kept as %s: %v", i, f.name, kept, err)
		p.end()
		p = startReader(t)
	}
	t.Logf("%d files, the worst with %v and %d MB", count, most.time, most.memory>>20)
}
