package analyse

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"magpie/internal/classify"
	"magpie/internal/extract"
	"magpie/internal/heap"
)

// The descriptors that a box is started with, beside the standard three.
const (
	boxSocket = 3
	boxPage   = 4
)

// What ServeBox ends the process with.
const (
	boxDone   = 0
	boxFault  = 3 // a mistake of ours was met and told
	boxUnfit  = 4 // the process could not be confined, or was not started by a pool
	boxBroken = 5 // the conversation broke off
)

// maxStack is how deep a goroutine's calls may go, in bytes: far less than the runtime's gigabyte.
const maxStack = 32 << 20

// maxUnsent is how many bytes of results are kept and sent together, since each sending wakes up the parent.
const maxUnsent = 256 << 10

// boxed is the program of a box: one conversation over the socket, then the end.
type boxed struct {
	page    *page  // shared with the parent
	arena   []byte // likewise
	of      *Search
	worker  *classify.Worker
	limit   int64 // of the memory of the runtime
	widened bool  // there was a window beside it
	roomy   int64 // bytes of the heap that are of huge pages, used or not
	unsaid  int64 // bytes analysed that the parent has not been told of
	in, out []byte
	encoder *encoder
	control [16 + 4*maxBatch]byte // room for that many descriptors
	message struct {
		unix.Msghdr
		iov unix.Iovec
	}
}

// page is memory that a box and its parent both see.
type page [3]atomic.Uint64

const (
	pageStop   = iota // the parent: the number of the batch that is to stop
	pageWhy           // the parent: stopTime or stopCancel
	pageObject        // the box: which object of the batch is under way
)

// onObject is called before each object; tests set it.
var onObject func(name string)

func serveBox() int {
	b := &boxed{roomy: makeRoom(os.Getenv(boxHuge))}
	os.Clearenv()
	runtime.GOMAXPROCS(1) // as it is already
	debug.SetMaxStack(maxStack)
	// What the program and the identifiers take is there for good: a box that reads little need not go over
	// it, and one that reads much has its limit.
	debug.SetGCPercent(400)
	shared, err := unix.Mmap(boxPage, 0, os.Getpagesize()+arenaBytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return boxUnfit
	}
	b.page, b.arena = (*page)(unsafe.Pointer(&shared[0])), shared[os.Getpagesize():]
	if unix.Close(boxPage) != nil {
		return boxUnfit
	}
	confined, err := confine(maxSpool)
	if err != nil {
		return boxUnfit
	}
	if b.send(frameHello, []byte(confined)) != nil {
		return boxBroken
	}
	for {
		kind, payload, fds, err := b.receive()
		switch {
		case err == io.EOF:
			return boxDone
		case err != nil:
			return boxBroken
		case kind == frameConfigure:
			err = b.configure(payload)
		case kind == frameAnalyse:
			err = b.batch(payload, fds)
		default:
			err = errFrame
		}
		var fault *errEnded
		if errors.As(err, &fault) {
			_ = b.send(frameFault, []byte(fault.err.Error())[:min(len(fault.err.Error()), maxShort)])
			return boxFault
		}
		if err != nil {
			return boxBroken
		}
	}
}

// configure compiles what to look for. The parent has compiled the same before.
func (b *boxed) configure(payload []byte) error {
	if len(payload) < 16 {
		return errFrame
	}
	memory := int64(binary.LittleEndian.Uint64(payload))
	var c Config
	err := json.Unmarshal(payload[16:], &c)
	if err == nil {
		b.of, err = compile(c)
	}
	if err != nil {
		return b.send(frameRefused, []byte(cut(err.Error(), maxShort)))
	}
	options := classify.Options{Progress: b.progress}
	options.Extract.MaxWindow = maxWindow(int64(binary.LittleEndian.Uint64(payload[8:])))
	options.Extract.TakeWindow = b.takeWindow
	options.Extract.NewSpool = b.spool
	b.worker = newWorker(b.of, memory, options)
	b.encoder = newEncoder(b.of.set)
	// What was needed to compile is garbage now; the limit is for what comes.
	unused := b.roomy // which counts as mapped until it is given back
	if len(payload) > 1<<20 {
		debug.FreeOSMemory()
		unused = 0
	}
	// The collector counts what is mapped, the parent what is resident, and the collector comes late where
	// other processes have the processor: it aims below what the parent allows.
	b.limit = mappedMemory() - unused + memory - memory/8
	debug.SetMemoryLimit(b.limit)
	return b.send(frameReady, binary.LittleEndian.AppendUint64(nil, uint64(b.roomy)))
}

// thpExceptAdvised is PR_THP_DISABLE_EXCEPT_ADVISED of Linux 6.18: huge pages for memory that was asked to be of them, and no other.
const thpExceptAdvised = 1 << 1

// makeRoom has the heap grow into huge pages first, for as many bytes as the environment says, which it returns. No other memory is of
// huge pages: it would grow faster than the parent can look. Where the kernel cannot tell the one from the other, nothing is.
func makeRoom(environment string) int64 {
	size, asked := strings.CutSuffix(environment, hugeAsked)
	room, err := strconv.ParseInt(size, 10, 64)
	if unix.Prctl(unix.PR_SET_THP_DISABLE, 1, thpExceptAdvised, 0, 0) != nil && !asked {
		_ = unix.Prctl(unix.PR_SET_THP_DISABLE, 1, 0, 0, 0)
		return 0
	}
	if err != nil {
		return 0
	}
	heap.MakeRoom(room)
	return room
}

// mappedMemory is how many bytes the runtime has from the kernel, without those that it has given back. runtime.ReadMemStats would tell the
// same, and have all that is kept for allocations be put in order before.
func mappedMemory() int64 {
	m := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(m)
	return int64(m[0].Value.Uint64() - m[1].Value.Uint64())
}

// batch analyses objects, one after the other. Results of several are sent together.
func (b *boxed) batch(payload []byte, fds []int) error {
	defer func() {
		for _, fd := range fds {
			_, _ = call(unix.SYS_CLOSE, fd, nil)
		}
	}()
	var list batch
	if b.of == nil || !list.decode(payload) {
		return errFrame
	}
	arena := b.arena
	for i := range list.objects {
		o := &list.objects[i]
		fd := -1
		var content []byte
		if o.way == wayArena {
			content, arena = arena[:o.size:o.size], arena[o.size:]
		}
		if o.way == wayFile || o.way == wayFlowFile {
			if len(fds) == 0 {
				return errFrame
			}
			fd, fds = fds[0], fds[1:]
		}
		b.page[pageObject].Store(uint64(i))
		r, how, err := b.object(o, fd, content, list.number)
		if fd >= 0 {
			_, _ = call(unix.SYS_CLOSE, fd, nil)
		}
		if err == nil && o.size < 0 && b.unsaid > 0 { // else the parent knows how much is left
			err = b.tell()
		}
		if err != nil {
			return err
		}
		// One with a window has had more memory than it may keep.
		spent := b.worker.Faulty() || b.widened
		if spent {
			how[3] = 1
			for _, f := range r.Faults {
				b.queue(frameDecoder, []byte(cut(f.Decoder+"\n"+string(f.Stack), maxShort)))
			}
		}
		b.queueResult(how, r)
		if len(b.out) > maxUnsent || spent || i == len(list.objects)-1 {
			if err := b.flush(); err != nil || spent {
				return err
			}
		}
	}
	return nil
}

// object analyses one object. The error is a fault of ours.
func (b *boxed) object(o *object, fd int, content []byte, number uint64) (r *classify.Result, how []byte, err error) {
	w := &whole{size: o.size}
	switch o.way {
	case wayFile:
		w.at = descriptor(fd)
	case wayFlowFile:
		w.flow, w.size = &descriptorFlow{fd: fd}, -1
	case wayAt:
		w.at = &askAt{box: b, size: o.size}
	case wayFlow:
		w.flow = askFlow{b}
	case wayArena:
		w.at = bytes.NewReader(content)
	default:
		return nil, nil, errFrame
	}
	b.unsaid = 0
	// A goroutine that gives way by itself is not interrupted by the runtime's monitor, which would wake up dozens of times for that.
	runtime.Gosched()
	r, err = b.classify(&stopped{page: b.page, number: number}, w.source(o.name))
	var fault *errEnded
	if errors.As(err, &fault) {
		return nil, nil, err
	}
	if r.Status.Code == "" {
		r = Unread(errors.New("reading failed"))
		r.Size = o.size
	}
	return r, ended(err, w), nil
}

func (b *boxed) classify(ctx context.Context, src extract.Source) (r *classify.Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &errEnded{CausePanic, errors.New(panicText(p, debug.Stack()))}
		}
	}()
	if onObject != nil {
		onObject(path.Base(src.Name))
	}
	return b.worker.Classify(ctx, src)
}

// ended says how the analysis ended, in the first bytes of a result.
func ended(err error, w *whole) []byte {
	out := make([]byte, resultHead)
	if failed := w.failed(); failed != nil {
		err = failed
	}
	var errno unix.Errno
	switch {
	case err == nil:
		out[0] = endedWell
	case errors.Is(err, ErrShrank):
		out[0] = endedShrank
	case errors.As(err, &errno):
		out[0] = endedErrno
		binary.LittleEndian.PutUint16(out[1:], uint16(errno))
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		out[0] = endedStopped
	default:
		out[0] = endedSource
	}
	return out
}

// stopped is the context of an object: it ends when the parent says so in the page that both see.
type stopped struct {
	context.Context // nil: nothing else of it is used
	page            *page
	number          uint64 // of the batch
}

func (s *stopped) Err() error {
	if s.page[pageStop].Load() != s.number {
		return nil
	}
	if s.page[pageWhy].Load() == stopTime {
		return context.DeadlineExceeded
	}
	return context.Canceled
}

func (s *stopped) Done() <-chan struct{}       { return nil }
func (s *stopped) Deadline() (time.Time, bool) { return time.Time{}, false }
func (s *stopped) Value(any) any               { return nil }

// progress is told of bytes that were analysed; the parent is told of many at once.
func (b *boxed) progress(n int64) {
	const step = 4 << 20
	if b.unsaid += n; b.unsaid >= step {
		_ = b.tell() // a broken conversation shows when the result is sent
	}
}

func (b *boxed) tell() error {
	n := binary.LittleEndian.AppendUint64(nil, uint64(b.unsaid))
	b.unsaid = 0
	return b.send(frameProgress, n)
}

// takeWindow asks the parent for memory beside the box's share.
func (b *boxed) takeWindow(_ context.Context, bytes int64) bool {
	if b.send(frameWindow, binary.LittleEndian.AppendUint64(nil, uint64(bytes))) != nil {
		return false
	}
	kind, payload, _, err := b.receive()
	if err != nil || kind != frameData || len(payload) != 1 || payload[0] != saidBytes {
		return false
	}
	b.widened = true
	debug.SetMemoryLimit(b.limit + bytes)
	return true
}

// spool asks the parent for a file.
func (b *boxed) spool() (extract.Spool, error) {
	if err := b.send(frameSpool, nil); err != nil {
		return nil, err
	}
	kind, payload, fds, err := b.receive()
	switch {
	case err != nil:
		return nil, err
	case kind != frameData || len(payload) != 1:
		return nil, errFrame
	case payload[0] != saidBytes || len(fds) != 1:
		return nil, errors.New("make room for a file inside an archive: there is none")
	}
	return &spoolDescriptor{fd: descriptor(fds[0])}, nil
}

// ask sends a request for bytes and returns how many of them the arena holds.
func (b *boxed) ask(kind byte, request []byte) (int, error) {
	if err := b.send(kind, request); err != nil {
		return 0, err
	}
	got, payload, _, err := b.receive()
	switch {
	case err != nil:
		return 0, err
	case got != frameData || len(payload) < 1:
		return 0, errFrame
	case payload[0] == saidError:
		return 0, errors.New("the source failed")
	case len(payload) != 5:
		return 0, errFrame
	}
	n := binary.LittleEndian.Uint32(payload[1:])
	if n > arenaBytes {
		return 0, errFrame
	}
	if n == 0 {
		return 0, io.EOF
	}
	return int(n), nil
}

// askAt reads ranges through the parent. It asks for more than is read, since the next read is often close by: for twice as much each time
// that reads go on where the last one ended.
type askAt struct {
	box   *boxed
	size  int64
	from  int64
	have  []byte // of the arena
	ahead int
}

// The least and the most bytes that are asked for at once, where there are as many.
const (
	leastAhead = 64 << 10
	mostAhead  = maxRead
)

func (a *askAt) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) {
		at := off + int64(n)
		if at < a.from || at >= a.from+int64(len(a.have)) {
			if err := a.fetch(at, len(p)-n); err != nil {
				return n, err
			}
		}
		n += copy(p[n:], a.have[at-a.from:])
	}
	return n, nil
}

// fetch has the arena hold what is at off, n bytes of it if it can.
func (a *askAt) fetch(off int64, n int) error {
	if off == a.from+int64(len(a.have)) {
		a.ahead = min(2*a.ahead, mostAhead)
	} else {
		a.ahead = 0
	}
	a.ahead = max(a.ahead, leastAhead)
	want := min(int64(min(max(n, a.ahead), maxRead)), a.size-off)
	if want <= 0 {
		return io.EOF
	}
	a.have = nil
	request := binary.LittleEndian.AppendUint64(nil, uint64(off))
	request = binary.LittleEndian.AppendUint32(request, uint32(want))
	got, err := a.box.ask(frameReadAt, request)
	a.from, a.have = off, a.box.arena[:got]
	return err
}

// askFlow reads a stream through the parent.
type askFlow struct{ box *boxed }

func (a askFlow) Read(p []byte) (int, error) {
	p = p[:min(len(p), maxRead)]
	n, err := a.box.ask(frameNext, binary.LittleEndian.AppendUint32(nil, uint32(len(p))))
	if n > len(p) {
		return 0, errFrame
	}
	return copy(p, a.box.arena[:n]), err
}

// descriptor reads and writes a file by its number.
type descriptor int

func (d descriptor) ReadAt(p []byte, off int64) (int, error) {
	n, err := again(func() (int, error) { return pread(int(d), p, off) })
	if n == 0 && err == nil && len(p) > 0 {
		err = io.EOF
	}
	return n, err
}

// pread reads without telling the scheduler. A box has one goroutine that does anything, so that nobody waits for the processor that a
// read holds, and the monitor of the runtime, which looks after calls, sleeps: waking up for them it would take more than they do.
func pread(fd int, p []byte, off int64) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, _, errno := syscall.RawSyscall6(unix.SYS_PREAD64, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), uintptr(off), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// call makes a call on a descriptor, with bytes where there are any, without telling the scheduler: see pread.
func call(number uintptr, fd int, p []byte) (int, error) {
	n, _, errno := syscall.RawSyscall(number, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

type descriptorFlow struct{ fd int }

func (d *descriptorFlow) Read(p []byte) (int, error) {
	n, err := again(func() (int, error) { return unix.Read(d.fd, p) })
	if n == 0 && err == nil && len(p) > 0 {
		err = io.EOF
	}
	return n, err
}

func again(f func() (int, error)) (int, error) {
	for {
		n, err := f()
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// spoolDescriptor is a file that the parent has lent.
type spoolDescriptor struct {
	fd  descriptor
	end int64
}

func (s *spoolDescriptor) Write(p []byte) (int, error) {
	written := 0
	for written < len(p) {
		n, err := again(func() (int, error) { return unix.Pwrite(int(s.fd), p[written:], s.end) })
		written, s.end = written+n, s.end+int64(n)
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

func (s *spoolDescriptor) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) {
		k, err := s.fd.ReadAt(p[n:], off+int64(n))
		n += k
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

func (s *spoolDescriptor) Close() error { return unix.Close(int(s.fd)) }

// send writes a frame, after those that wait.
func (b *boxed) send(kind byte, payload []byte) error {
	b.queue(kind, payload)
	return b.flush()
}

func (b *boxed) queue(kind byte, payload []byte) {
	var head [frameHeader]byte
	putHeader(head[:], kind, len(payload))
	b.out = append(append(b.out, head[:]...), payload...)
}

// queueResult writes how an analysis ended, and its result.
func (b *boxed) queueResult(how []byte, r *classify.Result) {
	result := b.encoder.encode(r)
	var head [frameHeader]byte
	putHeader(head[:], frameResult, len(how)+len(result))
	b.out = append(append(append(b.out, head[:]...), how...), result...)
}

func (b *boxed) flush() error {
	for rest := b.out; len(rest) > 0; {
		n, err := again(func() (int, error) { return call(unix.SYS_WRITE, boxSocket, rest) })
		if err != nil {
			return err
		}
		rest = rest[n:]
	}
	if b.out = b.out[:0]; cap(b.out) > 1<<20 {
		b.out = nil
	}
	return nil
}

// receive reads a frame, and the descriptors that may come along. The payload is valid until the next
// call.
func (b *boxed) receive() (kind byte, payload []byte, fds []int, err error) {
	var head [frameHeader]byte
	for have := 0; have < len(head); {
		n, c, err := b.await(head[have:])
		if err == unix.EINTR || err == unix.EAGAIN {
			n, c, _, _, err = unix.Recvmsg(boxSocket, head[have:], b.control[:], unix.MSG_CMSG_CLOEXEC)
		}
		if err == unix.EINTR || err == unix.EAGAIN {
			continue
		}
		if err == nil && n == 0 {
			err = io.EOF
			if have > 0 {
				err = io.ErrUnexpectedEOF
			}
		}
		if err != nil {
			return 0, nil, nil, err
		}
		have += n
		if c > 0 {
			if fds, err = descriptors(b.control[:c]); err != nil {
				return 0, nil, nil, err
			}
		}
	}
	n := binary.LittleEndian.Uint32(head[1:])
	if n > maxConfig+8 {
		return 0, nil, nil, errFrame
	}
	if uint32(cap(b.in)) < n {
		b.in = make([]byte, n)
	}
	payload = b.in[:n]
	if n > 2*maxRead {
		b.in = nil
	}
	for rest := payload; len(rest) > 0; {
		n, err := again(func() (int, error) { return call(unix.SYS_READ, boxSocket, rest) })
		if err != nil || n == 0 {
			return 0, nil, nil, fmt.Errorf("the conversation broke off: %w", errors.Join(err, io.ErrUnexpectedEOF))
		}
		rest = rest[n:]
	}
	return head[0], payload, fds, nil
}

// await receives the beginning of a frame, and what may come along, into p and b.control. Like pread it does not tell the scheduler: while
// objects come, one soon follows the other, and the monitor of the runtime would wake up dozens of times for each, which costs more than
// a small one. Who waits for longer than some milliseconds is interrupted by that monitor, and then has to wait as others do.
func (b *boxed) await(p []byte) (n, control int, err error) {
	m := &b.message
	m.iov.Base = &p[0]
	m.iov.SetLen(len(p))
	m.Iov, m.Control = &m.iov, &b.control[0]
	m.SetIovlen(1)
	m.SetControllen(len(b.control))
	got, _, errno := syscall.RawSyscall(unix.SYS_RECVMSG, boxSocket, uintptr(unsafe.Pointer(&m.Msghdr)), unix.MSG_CMSG_CLOEXEC)
	m.iov.Base = nil
	if errno != 0 {
		return 0, 0, errno
	}
	return int(got), int(m.Controllen), nil
}

func descriptors(control []byte) ([]int, error) {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil || len(messages) != 1 {
		return nil, errFrame
	}
	return unix.ParseUnixRights(&messages[0])
}
