package analyse

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"path"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"magpie/internal/classify"
	"magpie/internal/extract"
)

const (
	// boxName is the first argument of a box, by which it knows itself and others know it.
	boxName = "magpie-box"
	// maxSpool is how large a file may be that a box keeps bytes in.
	maxSpool = 3 << 30
	// maxSpools is how many such files one object may ask for.
	maxSpools = 64
	// maxFaults is of how many decoders that panicked a box may tell about one object.
	maxFaults = 16
	// slack is how much more than its share a box may hold before it is ended. Its collector keeps
	// to the share where what is in use does.
	slack = 8 << 20
	// startTime is how long a box has to say that it is there, and to be configured.
	startTime = 30 * time.Second
	// keptErrors is how much of a box's standard error is kept.
	keptErrors = 16 << 10
)

// Why an object is to stop, in the page that a box sees.
const (
	stopTime   = 1
	stopCancel = 2
)

var canBox atomic.Bool

// onBoxEnd is told of each box that has ended; tests set it.
var onBoxEnd func(*os.ProcessState)

// ServeBox must be called before anything else by a program that makes pools: package first does, and tests do in TestMain. In a process
// that was started as a box it does a box's work and does not return.
func ServeBox() {
	if len(os.Args) == 1 && os.Args[0] == boxName {
		// The kernel names a process by its first thread, which this is. Else it would go by the name of the link it was started by.
		name, _ := unix.BytePtrFromString(boxName)
		_ = unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(name)), 0, 0, 0)
		// While packages are initialized, this goroutine has a thread of its own, and each turn that it takes costs two changes of threads.
		go func() { os.Exit(serveBox()) }()
		select {}
	}
	canBox.Store(true)
}

// CanBox says whether this program can be started as a box.
func CanBox() bool { return canBox.Load() }

// boxes starts the boxes of a pool and looks after them.
type boxes struct {
	pool  *Pool
	begin sync.Once
	asks  chan func() // run on the thread that starts boxes
	ended chan struct{}
	fail  error

	env      []string // of boxes
	confined string   // what the starting thread gave up

	mu       sync.Mutex
	busy     map[*box]bool
	watching bool
	timer    *time.Timer   // of the watch
	looks    time.Time     // when it looks next
	window   chan struct{} // taken by the box that has memory beside its share
	quit     chan struct{} // closed when the pool is
	wait     sync.WaitGroup
}

func newBoxes(p *Pool) *boxes {
	return &boxes{pool: p, busy: map[*box]bool{}, quit: make(chan struct{}), window: make(chan struct{}, 1)}
}

// prepare starts the thread that starts boxes. It gives up what boxes must not have, which they
// inherit; it is never used for anything else, and lives as long as they do, because the kernel ends
// them with it.
func (bs *boxes) prepare() {
	if !CanBox() {
		bs.fail = errors.New("this program does not call ServeBox")
		return
	}
	// What this process has inherited is not for its children.
	_ = unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
	huge := boxHuge + "=" + strconv.FormatInt(hugeHeap(bs.pool.share()), 10)
	if how, err := os.ReadFile("/sys/kernel/mm/transparent_hugepage/enabled"); err == nil && bytes.Contains(how, []byte("[madvise]")) {
		huge += hugeAsked
	}
	bs.env = []string{boxProcessors, huge}
	bs.asks, bs.ended = make(chan func()), make(chan struct{})
	ready := make(chan struct{})
	go func() {
		defer close(bs.ended)
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		if bs.pool.opts.Background {
			giveWay()
		}
		said, err := landlock()
		if err != nil {
			said = fmt.Sprintf("no landlock (%v)", err)
		}
		bs.confined = said
		close(ready)
		for f := range bs.asks {
			f()
		}
	}()
	<-ready
}

// giveWay has the kernel prefer whoever else wants the processor to this thread, and to the processes that it starts: a third of the
// weight, turns so long that others, whose turns are short, come first when they wake up, and no place before others when they themselves
// wake up, which boxes of small objects do a thousand times a second. A kernel that does not know of the length of turns has the weight.
func giveWay() {
	_ = unix.Setpriority(unix.PRIO_PROCESS, 0, 5)
	attr, err := unix.SchedGetAttr(0, 0)
	if err != nil {
		return
	}
	attr.Policy = unix.SCHED_BATCH
	attr.Runtime = uint64((100 * time.Millisecond).Nanoseconds())
	_ = unix.SchedSetAttr(0, attr, 0)
}

func (bs *boxes) close() {
	bs.begin.Do(func() { bs.fail = ErrClosed })
	close(bs.quit)
	bs.wait.Wait()
	if bs.asks != nil {
		close(bs.asks)
		<-bs.ended
	}
}

// box is the parent's side of one.
type box struct {
	boxes   *boxes
	of      *Search
	process *os.Process
	conn    *net.UnixConn
	in      *bufio.Reader
	buf     []byte
	page    *page
	mapped  []byte
	arena   []byte // of it: what the box reads
	statm   *os.File
	batches uint64
	limit   int64         // bytes of anonymous memory
	dead    chan struct{} // closed when the process has been waited for
	state   *os.ProcessState
	stderr  *tail
	spent   bool  // it said that it does not go on
	wide    bool  // it has the window
	data    int64 // RLIMIT_DATA
	roomy   int64 // bytes of its heap that are of huge pages, used or not, which it can fill in no time

	// Of the object at hand, for the watch; boxes.mu guards them.
	clock   *clock
	watched bool
	cpu     time.Duration // used before

	mu    sync.Mutex
	cause Cause // why it was killed; empty: it was not
}

// start starts a box and waits until it says that it is there.
func (bs *boxes) start(ctx context.Context) (worker, error) {
	bs.begin.Do(bs.prepare)
	if bs.fail != nil {
		return nil, bs.fail
	}
	b := &box{boxes: bs, dead: make(chan struct{}), stderr: &tail{}}
	child, err := b.channels()
	if err != nil {
		return nil, err
	}
	result := make(chan error, 1)
	select {
	case bs.asks <- func() { result <- b.launch(child) }:
		err = <-result
	case <-ctx.Done():
		err = ctx.Err()
	}
	for _, f := range child {
		f.Close()
	}
	if err != nil {
		b.discard()
		return nil, err
	}
	bs.wait.Add(1)
	go func() {
		defer bs.wait.Done()
		b.state, _ = b.process.Wait()
		if onBoxEnd != nil {
			onBoxEnd(b.state)
		}
		close(b.dead)
	}()
	b.tune()
	_, said, err := b.exchange(ctx, frameHello)
	if err != nil {
		b.close()
		if ctx.Err() != nil { // it was ended for that
			return nil, ctx.Err()
		}
		return nil, b.endedAtOnce(err)
	}
	bs.report(string(said))
	return b, nil
}

// endedAtOnce says why a box is not there. A process that gets no threads or memory, by a limit on its user or on it, is ended by the runtime
// with the state of all of it, of which the first line is the reason.
func (b *box) endedAtOnce(err error) error {
	text := clean(b.stderr.text())
	why, more, _ := strings.Cut(strings.TrimSpace(text), "\n")
	switch {
	case why == "":
		return fmt.Errorf("it ended before it began: %s: %w", b.state, err)
	case strings.Contains(more, "goroutine "):
		return fmt.Errorf("it ended before it began: %s: %s", b.state, why)
	}
	return fmt.Errorf("it ended before it began: %s: %s", b.state, text)
}

// report notes, once, what boxes are held to.
func (bs *boxes) report(said string) {
	var text string
	bs.pool.count(func(s *Stats) {
		if s.Confinement == "" {
			text = clean(said) + ", " + bs.confined
			s.Confinement = text
		}
	})
	switch {
	case text == "":
	case strings.Contains(text, "no "):
		bs.pool.opts.Log.Info("the kernel does not confine boxes wholly", "confinement", text)
	default:
		bs.pool.opts.Log.Debug("boxes are confined", "confinement", text)
	}
}

// channels makes what parent and child talk through, and returns the child's descriptors.
func (b *box) channels() (child []*os.File, err error) {
	defer func() {
		if err != nil {
			for _, f := range child {
				f.Close()
			}
			b.discard()
		}
	}()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	child = append(child, null, null)
	r, w, err := os.Pipe()
	if err != nil {
		return child, err
	}
	child = append(child, w)
	b.stderr.from(r)
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return child, os.NewSyscallError("socketpair", err)
	}
	child = append(child, os.NewFile(uintptr(pair[1]), "box"))
	// With any limit a signal ends a wait, see (*boxed).await.
	if err := unix.SetsockoptTimeval(pair[1], unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 3600}); err != nil {
		unix.Close(pair[0])
		return child, os.NewSyscallError("setsockopt", err)
	}
	mine := os.NewFile(uintptr(pair[0]), "box")
	conn, err := net.FileConn(mine)
	mine.Close()
	if err != nil {
		return child, err
	}
	b.conn = conn.(*net.UnixConn)
	b.in = newReader(b.conn)
	memory, err := unix.MemfdCreate("box", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return child, os.NewSyscallError("memfd_create", err)
	}
	shared := os.NewFile(uintptr(memory), "page")
	child = append(child, shared)
	size := os.Getpagesize() + arenaBytes
	if err := shared.Truncate(int64(size)); err != nil {
		return child, err
	}
	// A box that could make it shorter would have this process end when it writes there.
	if _, err := unix.FcntlInt(shared.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL); err != nil {
		return child, os.NewSyscallError("fcntl", err)
	}
	if b.mapped, err = unix.Mmap(memory, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		return child, os.NewSyscallError("mmap", err)
	}
	b.page, b.arena = (*page)(unsafe.Pointer(&b.mapped[0])), b.mapped[os.Getpagesize():]
	return child, nil
}

// What a box's environment has until it has started.
const (
	// boxProcessors has the runtime make what it needs for one processor, and not for all of them, which a box would give up as the first
	// thing it does. That is an eighth of the pages that a start touches.
	boxProcessors = "GOMAXPROCS=1"
	// boxHuge is a variable: how much of the heap is to be of huge pages, with hugeAsked behind it where the kernel makes them for
	// those alone that ask for them, which a box cannot look up.
	boxHuge   = "HUGEPAGES"
	hugeAsked = " asked"
)

// hugeHeap is how much of a box's heap may be of huge pages. The parent reckons with all of it being filled at once.
func hugeHeap(share int64) int64 { return min(32<<20, share/8) }

// launch runs on the thread that starts boxes.
func (b *box) launch(child []*os.File) (err error) {
	b.process, err = os.StartProcess("/proc/self/exe", []string{boxName}, &os.ProcAttr{
		Dir: "/", Env: b.boxes.env, Files: child,
		Sys: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true},
	})
	return err
}

// tune makes the kernel prefer the box when memory is short, and opens its account of memory.
func (b *box) tune() {
	proc := "/proc/" + strconv.Itoa(b.process.Pid)
	_ = os.WriteFile(proc+"/oom_score_adj", []byte("1000"), 0)
	b.statm, _ = os.Open(proc + "/statm")
}

// discard releases what a box holds in this process.
func (b *box) discard() {
	if b.conn != nil {
		b.conn.Close()
	}
	if b.mapped != nil {
		_ = unix.Munmap(b.mapped)
		b.mapped, b.page, b.arena = nil, nil, nil
	}
	if b.statm != nil {
		b.statm.Close()
	}
	b.stderr.close()
}

// kill ends the process. The first cause counts.
func (b *box) kill(cause Cause) {
	b.mu.Lock()
	if b.cause == "" {
		b.cause = cause
	}
	b.mu.Unlock()
	_ = b.process.Kill()
}

func (b *box) close() {
	_ = b.process.Kill()
	<-b.dead
	b.discard()
}

func (b *box) search() *Search { return b.of }

// configure gives the box a Config, which it compiles.
func (b *box) configure(ctx context.Context, s *Search) error {
	share := b.boxes.pool.share()
	head := make([]byte, frameHeader, frameHeader+16)
	putHeader(head, frameConfigure, 16+len(s.encoded))
	head = binary.LittleEndian.AppendUint64(head, uint64(share))
	head = binary.LittleEndian.AppendUint64(head, uint64(b.boxes.pool.window()))
	stop := context.AfterFunc(ctx, func() { b.kill(CauseCanceled) })
	defer stop()
	b.limit = 0
	if _, err := (&net.Buffers{head, s.encoded}).WriteTo(b.conn); err != nil {
		return b.over(err)
	}
	kind, said, err := b.exchange(ctx, frameReady)
	if err != nil {
		return b.over(err)
	}
	if kind == frameRefused {
		return fmt.Errorf("a box refuses the identifiers: %s", clean(string(said)))
	}
	if b.roomy, err = roomOf(said, share); err != nil {
		return b.over(err)
	}
	b.of = s
	held, data := b.memory()
	b.limit = held + share + slack
	// A second line of defence, which the kernel holds: room for the collector to be untidy in.
	b.setData(data - b.roomy + share + share/4 + 48<<20)
	return nil
}

// roomOf reads how much of a box's heap is of huge pages.
func roomOf(said []byte, share int64) (int64, error) {
	if len(said) != 8 || binary.LittleEndian.Uint64(said) > uint64(hugeHeap(share)) {
		return 0, fmt.Errorf("%w: it cannot have so much room", errFrame)
	}
	return int64(binary.LittleEndian.Uint64(said)), nil
}

// setData has the kernel refuse more memory than so much.
func (b *box) setData(most int64) {
	b.data = most
	_ = unix.Prlimit(b.process.Pid, unix.RLIMIT_DATA, &unix.Rlimit{Cur: uint64(most), Max: unix.RLIM_INFINITY}, nil)
}

// widen gives the box memory beside its share, as one box of the pool at a time has it. It keeps it
// until its object is done, and is then ended.
func (b *box) widen(c *clock, request []byte) error {
	bs := b.boxes
	bytes := uint64(math.MaxUint64)
	if len(request) == 8 {
		bytes = binary.LittleEndian.Uint64(request)
	}
	if bytes > uint64(bs.pool.window()) || b.wide {
		return fmt.Errorf("%w: it asks for a window that it cannot have", errFrame)
	}
	frame := make([]byte, frameHeader+1)
	putHeader(frame, frameData, 1)
	select {
	case bs.window <- struct{}{}:
		b.wide = true
		b.setData(b.data + int64(bytes))
		bs.mu.Lock()
		b.limit += int64(bytes) + slack
		bs.mu.Unlock()
	case <-c.Done():
		frame[frameHeader] = saidNoRoom
	}
	_, err := b.conn.Write(frame)
	return err
}

// exchange waits for the answer to what starts or configures a box.
func (b *box) exchange(ctx context.Context, want byte) (kind byte, payload []byte, err error) {
	_ = b.conn.SetReadDeadline(time.Now().Add(startTime))
	defer b.conn.SetReadDeadline(time.Time{})
	stop := context.AfterFunc(ctx, func() { b.kill(CauseCanceled) })
	defer stop()
	kind, payload, err = readFrame(b.in, nil)
	if err == nil && kind != want && !(want == frameReady && kind == frameRefused) {
		err = errFrame
	}
	return kind, payload, err
}

// over ends the box after err and says why.
func (b *box) over(err error) error {
	cause := CauseCrash
	if errors.Is(err, errFrame) || errors.Is(err, errResult) {
		cause = CauseProtocol
	}
	// It may be ending by itself: its own account of that is better than ours.
	if cause == CauseCrash {
		select {
		case <-b.dead:
		case <-time.After(grace):
		}
	}
	b.kill(cause)
	<-b.dead
	b.mu.Lock()
	cause = b.cause
	b.mu.Unlock()
	last := b.last()
	if cause == CauseCrash {
		if strings.Contains(last, "out of memory") || strings.Contains(last, "cannot allocate memory") {
			cause = CauseMemory
		}
		err = errors.New(b.state.String() + last)
	}
	return &errEnded{cause, err}
}

// last is what the box wrote when it ended.
func (b *box) last() string {
	if text := clean(b.stderr.text()); text != "" {
		return "\n" + text
	}
	return ""
}

// clean makes what a box says fit for a log: it may have been taken over.
func clean(s string) string {
	var out strings.Builder
	lines := 0
	for line := range strings.Lines(s) {
		if lines++; lines > 60 {
			break
		}
		line = strings.TrimRight(line, "\n")
		for _, r := range line[:min(len(line), 200)] {
			if r == '\t' || r >= ' ' && r < 0x7f {
				out.WriteRune(r)
			} else {
				out.WriteByte('?')
			}
		}
		out.WriteByte('\n')
	}
	return strings.TrimSpace(out.String())
}

// analyse gives the box objects and serves it until there is a result for each.
func (b *box) analyse(c *clock, srcs []*Source) []answer {
	b.batches++
	list := batch{number: b.batches, objects: make([]object, len(srcs))}
	for i, src := range srcs {
		o := &list.objects[i]
		o.way, o.size, o.name = wayFile, src.Size, path.Base(src.Name)
		switch {
		case src.File != nil && src.Size == 0:
			o.way, o.size = wayFlowFile, -1
		case src.Content != nil && (len(srcs) > 1 || src.Size <= arenaBytes):
			o.way = wayArena
		case src.ReaderAt != nil, src.Content != nil:
			o.way = wayAt
		case src.Reader != nil:
			o.way = wayFlow
		}
		o.name = o.name[max(0, len(o.name)-maxName):]
	}
	b.page[pageObject].Store(0)
	b.boxes.guard(b, c)
	h := &hurry{box: b, number: list.number}
	c.whenEnded(h.end)
	answers := make([]answer, len(srcs))
	err := b.give(srcs, &list)
	for i := 0; i < len(srcs) && err == nil && !b.spent && !b.wide; i++ {
		answers[i].result, answers[i].err, err = b.serve(c, srcs[i], &list.objects[i])
		answers[i].spent = err == nil && (b.spent || b.wide)
	}
	if err == nil && b.in.Buffered() > 0 {
		err = fmt.Errorf("%w: it goes on after its result", errFrame)
	}
	c.whenEnded(nil)
	h.over()
	b.boxes.release(b)
	if b.wide {
		defer func() {
			_ = b.process.Kill() // before another has the window
			<-b.dead
			<-b.boxes.window
		}()
	}
	if err != nil {
		at := min(b.page[pageObject].Load(), uint64(len(srcs)-1)) // before the page is gone
		answers[at] = answer{}
		errors.As(b.over(err), &answers[at].ended)
	}
	return answers
}

// hurry tells the box when the time of an object is over, and ends it when it does not listen.
type hurry struct {
	box    *box
	number uint64

	mu    sync.Mutex
	timer *time.Timer
	done  bool
}

func (h *hurry) end(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.done {
		return
	}
	wait, cause := graceOf(err)
	why := uint64(stopCancel)
	if cause == CauseTime {
		why = stopTime
	}
	h.box.page[pageWhy].Store(why)
	h.box.page[pageStop].Store(h.number)
	// The grace is the box's own processor time: on a machine that does much else it may not have run at all meanwhile, and what
	// it has found would be lost. It has no longer than mostGrace; and one that neither runs nor wants to, look after look, waits
	// for what does not come.
	used, began := h.box.used(), time.Now()
	last, still := used, 0
	var look func()
	look = func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.done {
			return
		}
		now := h.box.used()
		if still++; now != last || h.box.runnable() {
			still = 0
		}
		last = now
		if left := wait - (now - used); left > 0 && time.Since(began) < mostGrace && still < stillLooks {
			h.timer = time.AfterFunc(5*time.Millisecond, look)
			return
		}
		h.box.kill(cause)
	}
	h.timer = time.AfterFunc(wait, look)
}

// over is called when the box has nothing more to do with the object.
func (h *hurry) over() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.done = true
	if h.timer != nil {
		h.timer.Stop()
	}
}

// serve is the conversation about one object. The last error ends the box.
func (b *box) serve(c *clock, src *Source, o *object) (*classify.Result, error, error) {
	f := newFeed(c, src)
	var failed error // the source's
	var faults []*extract.Fault
	told := int64(0)
	spools, news := 0, 0
	for {
		kind, payload, err := readFrame(b.in, b.buf)
		if err != nil {
			return nil, nil, err
		}
		if cap(payload) <= 1<<20 {
			b.buf = payload[:0]
		}
		switch kind {
		case frameReadAt, frameNext:
			err = b.answer(f, o, kind, payload, &failed)
		case frameSpool:
			if spools++; spools > maxSpools {
				err = fmt.Errorf("%w: it asks for more than %d files", errFrame, maxSpools)
				break
			}
			err = b.lend(&failed)
		case frameWindow:
			err = b.widen(c, payload)
		case frameProgress:
			if news++; len(payload) != 8 || int64(news) > 64+max(o.size, c.bytes())>>20 {
				err = fmt.Errorf("%w: it reports too often", errFrame)
				break
			}
			told = b.progress(src, o, told, binary.LittleEndian.Uint64(payload))
		case frameResult:
			b.progress(src, o, told, uint64(max(o.size, 0)))
			r, failed, err := b.result(payload, o, src, c, failed)
			if err == nil {
				r.Faults = faults
			}
			return r, failed, err
		case frameDecoder:
			decoder, stack, _ := strings.Cut(clean(string(payload)), "\n")
			if faults = append(faults, &extract.Fault{Decoder: decoder, Stack: []byte(stack)}); len(faults) > maxFaults {
				err = fmt.Errorf("%w: it complains too often", errFrame)
			}
		case frameFault:
			b.kill(CausePanic)
			err = errors.New(clean(string(payload)))
		default:
			err = fmt.Errorf("%w: a frame %q has no place here", errFrame, kind)
		}
		if err != nil {
			return nil, nil, err
		}
	}
}

// give sends the objects.
func (b *box) give(srcs []*Source, list *batch) error {
	frame := list.encode(make([]byte, frameHeader, 512))
	putHeader(frame, frameAnalyse, len(frame)-frameHeader)
	var files []*os.File
	arena := b.arena
	for i, src := range srcs {
		if list.objects[i].way == wayArena {
			arena = arena[copy(arena, src.Content):]
		}
		if src.File != nil {
			files = append(files, src.File)
		}
	}
	return b.sendFiles(frame, files)
}

// sendFiles sends a frame with descriptors.
func (b *box) sendFiles(frame []byte, files []*os.File) error {
	if len(files) == 0 {
		_, err := b.conn.Write(frame)
		return err
	}
	fds := make([]int, 0, len(files))
	n, err := 0, error(nil)
	// Each file is held while its descriptor is in use.
	var with func() error
	with = func() error {
		if len(fds) == len(files) {
			var sent error
			n, _, sent = b.conn.WriteMsgUnix(frame, unix.UnixRights(fds...), nil)
			return sent
		}
		raw, err := files[len(fds)].SyscallConn()
		if err != nil {
			return err
		}
		var inner error
		if err := raw.Control(func(fd uintptr) { fds = append(fds, int(fd)); inner = with() }); err != nil {
			return err
		}
		return inner
	}
	if err = with(); err == nil && n < len(frame) {
		_, err = b.conn.Write(frame[n:])
	}
	return err
}

// answer reads what the box asks for.
func (b *box) answer(f *feed, o *object, kind byte, request []byte, failed *error) error {
	off, n := int64(-1), request
	switch {
	case kind == frameReadAt && o.way == wayAt && len(request) == 12:
		off, n = int64(binary.LittleEndian.Uint64(request)), request[8:]
	case kind == frameNext && o.way == wayFlow && len(request) == 4:
	default:
		return fmt.Errorf("%w: it asks for bytes in a way that it was not given", errFrame)
	}
	want := int64(binary.LittleEndian.Uint32(n))
	if want < 1 || want > maxRead || o.way == wayAt && (off < 0 || off > o.size || want > o.size-off) {
		return fmt.Errorf("%w: it asks for %d bytes at %d of %d", errFrame, want, off, o.size)
	}
	got, err := f.fill(b.arena[:want], off)
	for o.way == wayFlow && got == 0 && err == nil {
		got, err = f.fill(b.arena[:want], off)
	}
	said := byte(saidBytes)
	if f.stopped {
		*failed = ErrStopped
	}
	if err != nil && err != io.EOF {
		*failed = err
		if got == 0 {
			said = saidError
		}
	}
	frame := make([]byte, frameHeader+1, frameHeader+5)
	frame[frameHeader] = said
	frame = binary.LittleEndian.AppendUint32(frame, uint32(got))
	putHeader(frame, frameData, len(frame)-frameHeader)
	_, err = b.conn.Write(frame)
	return err
}

// lend gives the box a file of its own that has no name.
func (b *box) lend(failed *error) error {
	frame := make([]byte, frameHeader+1)
	putHeader(frame, frameData, 1)
	s, err := newSpool(b.boxes.pool.opts.SpoolDir)
	if err != nil {
		*failed = err
		frame[frameHeader] = saidNoRoom
		_, err := b.conn.Write(frame)
		return err
	}
	defer s.Close()
	return b.sendFiles(frame, []*os.File{s.File})
}

// progress passes on what the box says it has analysed, no more than there is.
func (b *box) progress(src *Source, o *object, told int64, more uint64) int64 {
	n := int64(min(more, 1<<40))
	if o.size >= 0 {
		n = min(n, o.size-told)
	}
	if n > 0 && src.Progress != nil {
		src.Progress(n)
	}
	return told + n
}

// result reads the last frame about an object. The last error ends the box.
func (b *box) result(payload []byte, o *object, src *Source, c *clock, failed error) (*classify.Result, error, error) {
	if len(payload) < resultHead || payload[0] > endedStopped || payload[0] == endedStopped && c.Err() == nil {
		return nil, nil, errResult
	}
	b.spent = payload[3] != 0
	r, bad := decodeResult(payload[resultHead:], b.of.set, shown{b.of.config.Samples, b.of.config.Reveal, b.of.config.Explain}, o.size)
	if bad != nil {
		return nil, nil, bad
	}
	err := failed
	if err == nil {
		switch payload[0] {
		case endedErrno:
			err = syscall.Errno(binary.LittleEndian.Uint16(payload[1:]))
		case endedShrank:
			err = ErrShrank
		case endedSource:
			err = errors.New("reading failed")
		case endedStopped:
			err = context.Canceled
		}
	}
	if err != nil {
		err = &SourceError{src.Name, err}
	}
	return r, err, nil
}

// memory reads how many bytes of memory the box holds that are its own, and the kernel's count for
// RLIMIT_DATA.
func (b *box) memory() (held, data int64) {
	var text [128]byte
	if b.statm == nil {
		return 0, 0
	}
	n, _ := b.statm.ReadAt(text[:], 0)
	f := bytes.Fields(text[:n])
	if len(f) < 6 {
		return 0, 0
	}
	page := int64(os.Getpagesize())
	number := func(i int) int64 {
		v, _ := strconv.ParseInt(string(f[i]), 10, 64)
		return v * page
	}
	return number(1) - number(2), number(5)
}

// used is the processor time that the box has used.
func (b *box) used() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(int32(^b.process.Pid<<3|2), &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

// runnable says whether a thread of the box runs, waits for a processor, or for a disk.
func (b *box) runnable() bool {
	dir := fmt.Sprintf("/proc/%d/task/", b.process.Pid)
	threads, err := os.ReadDir(dir)
	if err != nil {
		return true // nothing is known
	}
	for _, thread := range threads {
		stat, err := os.ReadFile(dir + thread.Name() + "/stat")
		if err != nil {
			continue // it has ended
		}
		if i := bytes.LastIndexByte(stat, ')'); i+2 >= len(stat) || stat[i+2] != 'S' {
			return true
		}
	}
	return false
}

// guard puts a box under watch while it has objects.
func (bs *boxes) guard(b *box, c *clock) {
	bs.mu.Lock()
	defer bs.mu.Unlock()
	b.clock, b.watched = c, false
	bs.busy[b] = true
	next := b.headroom()
	switch at := time.Now().Add(next); {
	case !bs.watching:
		bs.watching, bs.looks, bs.timer = true, at, time.NewTimer(next)
		bs.wait.Add(1)
		go bs.watch()
	case at.Before(bs.looks):
		bs.looks = at
		bs.timer.Reset(next)
	}
}

func (bs *boxes) release(b *box) {
	bs.mu.Lock()
	defer bs.mu.Unlock()
	delete(bs.busy, b)
	b.clock = nil
}

const (
	// A box is looked at the sooner the less it may still take: this is more than memory can be filled
	// with in a second.
	fillRate = 3 << 30
	// The bounds of that.
	watchMost, watchLeast = 40 * time.Millisecond, 2 * time.Millisecond
	// watchIdle is for how long the watch goes on without anything to watch.
	watchIdle = time.Second
)

// watch ends boxes that hold more memory or have used more processor time than they may.
func (bs *boxes) watch() {
	defer bs.wait.Done()
	for busy := time.Now(); ; {
		select {
		case <-bs.timer.C:
		case <-bs.quit:
			bs.timer.Stop()
			return
		}
		now := time.Now()
		next := watchMost
		bs.mu.Lock()
		for b := range bs.busy {
			busy = now
			b.look()
			next = min(next, b.headroom())
		}
		if now.Sub(busy) > watchIdle {
			bs.watching = false
			bs.mu.Unlock()
			return
		}
		bs.looks = now.Add(next)
		bs.timer.Reset(next)
		bs.mu.Unlock()
	}
}

// look ends the box if it has gone too far. The processor time of an object counts from the first look.
func (b *box) look() {
	if held, _ := b.memory(); held > b.limit {
		b.kill(CauseMemory)
	}
	used := b.used()
	if !b.watched {
		b.watched, b.cpu = true, used
	}
	if used-b.cpu > b.clock.allowance()+grace {
		b.kill(CauseTime)
	}
}

// headroom says when to look again: before the box can have filled what it may still take.
func (b *box) headroom() time.Duration {
	held, _ := b.memory()
	left := time.Duration(float64(b.limit-held-b.roomy) / fillRate * float64(time.Second))
	return min(max(left, watchLeast), watchMost)
}

// tail keeps the beginning of what a box writes to standard error.
type tail struct {
	mu   sync.Mutex
	b    []byte
	r    *os.File
	done chan struct{}
}

func (t *tail) from(r *os.File) {
	t.r, t.done = r, make(chan struct{})
	go func() {
		defer close(t.done)
		buf := make([]byte, 4<<10)
		for {
			n, err := r.Read(buf)
			t.mu.Lock()
			t.b = append(t.b, buf[:min(n, keptErrors-len(t.b))]...)
			t.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
}

func (t *tail) text() string {
	// The process has ended, so that its end of the pipe is closed.
	select {
	case <-t.done:
	case <-time.After(grace):
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}

func (t *tail) close() {
	if t.r != nil {
		t.r.Close()
		<-t.done
	}
}

func newReader(r io.Reader) *bufio.Reader { return bufio.NewReaderSize(r, 64<<10) }
