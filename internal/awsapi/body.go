package awsapi

import (
	"context"
	"errors"
	"io"
	"math/bits"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"magpie/internal/budget"
	"magpie/internal/macie2"
	"magpie/internal/source"
)

// The bytes of requests and answers that a node holds at once. A body counts as it arrives. What is
// sent by those who have not proved yet who they are is a small part, and its oldest gives way;
// what those have sent who have is held until they are answered.
const (
	ownBuffer    = 4 << 10  // of every request, which counts as its connection
	modestBody   = 32 << 10 // what the largest honest bodies need
	modestBodies = 2 << 20  // for bodies up to modestBody, of callers not yet known
	largeBodies  = 4 << 20  // for those beyond
	knownBodies  = 64 << 20 // of callers who are known, until they are answered
	slowAnswers  = 32 << 20 // answers beyond modestBody, until they are sent
	// grace is how long a body or an answer keeps its room even if others wait for it.
	bodyGrace   = 250 * time.Millisecond
	answerGrace = 5 * time.Second
	roomWait    = 2 * time.Second
)

// room is the budgets of a Server.
type room struct{ modest, large, known, answers *budget.Budget }

func newRoom() room {
	return room{
		modest:  budget.New(budget.Options{Most: modestBodies, Each: modestBodies / 2, Grace: bodyGrace, Wait: roomWait}),
		large:   budget.New(budget.Options{Most: largeBodies, Each: largeBodies / 2, Grace: bodyGrace, Wait: roomWait}),
		known:   budget.New(budget.Options{Most: knownBodies, Each: knownBodies / 4, Wait: roomWait}),
		answers: budget.New(budget.Options{Most: slowAnswers, Each: slowAnswers / 4, Grace: answerGrace, Wait: roomWait}),
	}
}

// buffer is memory that goes from request to request.
type buffer struct{ bytes []byte }

var buffers = sync.Pool{New: func() any { return &buffer{bytes: make([]byte, 0, ownBuffer)} }}

// grown are the bytes that a buffer grows to, by the power of two that is their size. They go from
// request to request as well: strangers can make a node read hundreds of large bodies in a second,
// and what is left of each would be there until the garbage is collected.
var grown [21]sync.Pool

// sizeFor is the size that a buffer has which holds n bytes: a power of two, or what the largest
// body and the look at its end take.
func sizeFor(n int64) int64 {
	if n > MaxBody/2 {
		return MaxBody + 1
	}
	return 1 << bits.Len64(uint64(n-1))
}

// newBytes returns an empty buffer of a size that sizeFor gave.
func newBytes(size int64) []byte {
	if b, ok := grown[bits.Len64(uint64(size))-1].Get().(*[]byte); ok {
		return (*b)[:0]
	}
	return make([]byte, 0, size)
}

// freeBytes gives back what newBytes returned.
func freeBytes(b []byte) {
	if size := int64(cap(b)); size > ownBuffer && size <= MaxBody+1 && size == sizeFor(size) {
		grown[bits.Len64(uint64(size))-1].Put(&b)
	}
}

// free gives b back, and what it has grown to.
func (b *buffer) free() {
	if cap(b.bytes) > ownBuffer {
		freeBytes(b.bytes)
		b.bytes = make([]byte, 0, ownBuffer)
	}
	b.bytes = b.bytes[:0]
	buffers.Put(b)
}

// answers are buffers for what is answered to those who are known.
var answers = sync.Pool{New: func() any { return &buffer{bytes: make([]byte, 0, ownBuffer)} }}

func (b *buffer) freeAnswer() {
	if b != nil && cap(b.bytes) <= 64<<10 {
		b.bytes = b.bytes[:0]
		answers.Put(b)
	}
}

// refuseBody refuses by its headers a body that would not be read to its end.
func (x *exchange) refuseBody() error {
	if encoding := x.r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return &macie2.Error{Code: macie2.UnsupportedMediaTypeException, Message: "The request body must not be compressed or otherwise encoded."}
	}
	if x.r.ContentLength > x.mostBody() {
		return errTooLarge(x.mostBody())
	}
	return nil
}

// mostBody is how many bytes the body may have.
func (x *exchange) mostBody() int64 {
	if x.most > 0 {
		return x.most
	}
	return MaxBody
}

// readBody reads the body within its bounds of size and time. What is refused
// here leaves the connection unusable, so it is closed.
func (s *Server) readBody(x *exchange) error {
	r := x.r
	if r.ContentLength == 0 {
		x.read = true
		return nil
	}
	if b, ok := r.Body.(*heldBody); ok {
		x.read, x.body = true, b.bytes
		return nil
	}
	if err := x.refuseBody(); err != nil {
		return err
	}
	// Set before anything is refused: net/http still waits for what is left of a
	// body. Not every ResponseWriter knows deadlines; the server's bound stays.
	control := http.NewResponseController(x.w)
	_ = control.SetReadDeadline(time.Now().Add(s.o.BodyTimeout))
	share := source.Share(s.o.Proxies.Of(r))
	drop := func() { _ = control.SetReadDeadline(time.Unix(1, 0)) }
	x.claim = s.room.modest.Claim(share, drop)
	reader := http.MaxBytesReader(x.w, r.Body, x.mostBody())
	err := s.receive(x, reader, func() *budget.Claim { return s.room.large.Claim(share, drop) })
	if !x.claim.Keep() { // its end may have shown as that of the time to send it
		err = budget.ErrDropped
	}
	if err != nil {
		x.claim.Release()
		if cap(x.buffer.bytes) > ownBuffer {
			freeBytes(x.buffer.bytes)
			x.buffer.bytes = make([]byte, 0, ownBuffer)
		}
		x.buffer.bytes = x.buffer.bytes[:0]
		x.close()
		return bodyError(err)
	}
	// Else the end of the wait for a body would be taken for the client's going
	// away while the operation runs.
	_ = control.SetReadDeadline(time.Time{})
	x.read, x.body = true, x.buffer.bytes
	return nil
}

// receive reads the body into the request's buffer, which grows as the body arrives and has room in
// the budgets: in that for modest bodies until it is larger than these.
func (s *Server) receive(x *exchange, r io.Reader, large func() *budget.Claim) error {
	b, most := x.buffer.bytes[:0], x.mostBody()
	if x.r.ContentLength > 0 {
		most = x.r.ContentLength
	}
	for {
		if len(b) == cap(b) {
			size := min(4*int64(cap(b)), most+1) // one more than the body, to see its end
			size = sizeFor(max(size, int64(cap(b))+1))
			switch {
			case size <= modestBody || cap(b) > modestBody:
				if err := x.claim.Grow(x.ctx, size-x.held); err != nil {
					return err
				}
			default:
				c := large()
				if err := c.Grow(x.ctx, size); err != nil {
					c.Release()
					return err
				}
				x.claim.Release()
				x.claim = c
			}
			x.held = size
			small := b
			b = append(newBytes(size), small...)
			freeBytes(small)
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		x.buffer.bytes = b
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// keepBody counts the body among those of callers who are known: no account can take all of that
// room.
func (s *Server) keepBody(ctx context.Context, x *exchange) error {
	if x.held == 0 {
		return nil
	}
	c := s.room.known.Claim(string(x.call.Account), nil)
	c.Keep()
	if err := c.Grow(ctx, x.held); err != nil {
		return bodyError(err)
	}
	x.claim.Release()
	x.claim = c
	return nil
}

// leaveBody deals with a body that has not been read when the answer is known. net/http reads a
// small one itself, so that the connection can be used again. Any other ends the connection after
// the answer. Either way net/http waits for some of the body, and is given little time for that.
func (x *exchange) leaveBody() {
	if x.read || x.r.ContentLength == 0 {
		return
	}
	if x.r.ProtoMajor == 1 && (x.r.ContentLength < 0 || x.r.ContentLength > ownBuffer || x.r.Header.Get("Expect") != "") {
		x.close()
	}
	_ = http.NewResponseController(x.w).SetReadDeadline(time.Now().Add(bodyGrace))
}

func bodyError(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return errTooLarge(tooLarge.Limit)
	case errors.Is(err, budget.ErrFull), errors.Is(err, budget.ErrDropped):
		return macie2.ErrBusy("This node holds as many bytes of requests as it may. Try again.")
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return &macie2.Error{Code: macie2.RequestTimeoutException, Message: "The request body did not arrive in time."}
	}
	// The client went away, or sent chunks that are none.
	return &macie2.Error{Code: macie2.MalformedHttpRequestException, Message: "The request body cannot be read: it ends early or is not well formed."}
}

func errTooLarge(most int64) error {
	size := strconv.FormatInt(most>>10, 10) + " KiB"
	if most == MaxBody {
		size = "1 MiB"
	}
	return &macie2.Error{Code: macie2.RequestEntityTooLargeException, Message: "The request body is larger than " + size + "."}
}
