package awsapi

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"magpie/internal/macie2"
)

// buffer is memory that goes from request to request.
type buffer struct{ bytes []byte }

var buffers = sync.Pool{New: func() any { return &buffer{bytes: make([]byte, 0, 4<<10)} }}

// free gives b back, unless it has grown to what only a rare request needs.
func (b *buffer) free() {
	if cap(b.bytes) <= 64<<10 {
		b.bytes = b.bytes[:0]
		buffers.Put(b)
	}
}

// readBody reads the body within its bounds of size and time. What is refused
// here leaves the connection unusable, so it is closed.
func (s *Server) readBody(x *exchange) error {
	r := x.r
	if r.ContentLength == 0 {
		return nil
	}
	// Set before anything is refused: net/http still waits for what is left of a
	// body. Not every ResponseWriter knows deadlines; the server's bound stays.
	control := http.NewResponseController(x.w)
	_ = control.SetReadDeadline(time.Now().Add(s.o.BodyTimeout))
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		x.close()
		return &macie2.Error{Code: macie2.UnsupportedMediaTypeException, Message: "The request body must not be compressed or otherwise encoded."}
	}
	if r.ContentLength > MaxBody {
		x.close()
		return errTooLarge()
	}
	var err error
	x.buffer.bytes, err = readAll(x.buffer.bytes[:0], http.MaxBytesReader(x.w, r.Body, MaxBody))
	if err != nil {
		x.close()
		return bodyError(err)
	}
	// Else the end of the wait for a body would be taken for the client's going
	// away while the operation runs.
	_ = control.SetReadDeadline(time.Time{})
	x.body = x.buffer.bytes
	return nil
}

// readAll is io.ReadAll into b.
func readAll(b []byte, r io.Reader) ([]byte, error) {
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
}

func bodyError(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return errTooLarge()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &macie2.Error{Code: macie2.RequestTimeoutException, Message: "The request body did not arrive in time."}
	}
	// The client went away, or sent chunks that are none.
	return &macie2.Error{Code: macie2.MalformedHttpRequestException, Message: "The request body cannot be read: it ends early or is not well formed."}
}

func errTooLarge() error {
	return &macie2.Error{Code: macie2.RequestEntityTooLargeException, Message: "The request body is larger than 1 MiB."}
}
