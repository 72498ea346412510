package awsapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"magpie/internal/macie2"
	"magpie/internal/sigv4"
	"magpie/internal/source"
)

const jsonType = "application/json"

// Header values that many answers share; nothing changes them.
var jsonTypeHeader = []string{jsonType}

// refuse turns an error into an answer: the only place that does.
func (s *Server) refuse(x *exchange, err error) Answer {
	e := visible(err)
	x.record.Exception = e.Code
	header := x.w.Header()
	header["x-amzn-ErrorType"] = []string{string(e.Code)}
	if e.RetryAfter > 0 || e.Code == macie2.ThrottlingException {
		seconds := max(1, (e.RetryAfter+time.Second-1)/time.Second)
		header["Retry-After"] = []string{strconv.FormatInt(int64(seconds), 10)}
	}
	if x.service != nil {
		a := *x.service.Refuse(e, x.record.RequestID)
		if a.ErrorType != "" {
			header["x-amzn-ErrorType"] = []string{a.ErrorType}
		}
		return a
	}
	b := append(x.buffer.bytes[:0], `{"message":`...)
	b, _ = jsontext.AppendQuote(b, e.Message) // the error is about UTF-8; it is mended
	x.buffer.bytes = append(b, '}')
	return Answer{Status: e.Code.HTTPStatus(), ContentType: jsonType, Body: x.buffer.bytes}
}

// Busy answers a request for which there is no room.
func Busy(w http.ResponseWriter) {
	w.Header()["Retry-After"] = []string{"1"}
	turnAway(w, http.StatusServiceUnavailable, macie2.ServiceUnavailableException, "This node holds as many bytes of requests as it may. Try again.")
}

// TooFast answers a request of a source that asks more often than it may for what needs no
// signature.
func TooFast(w http.ResponseWriter) {
	w.Header()["Retry-After"] = []string{"1"}
	turnAway(w, http.StatusTooManyRequests, macie2.ThrottlingException, "This address asks more often than it may. Try again.")
}

// misdirected answers a request that is for another host.
func misdirected(w http.ResponseWriter, message string) {
	turnAway(w, http.StatusMisdirectedRequest, macie2.AccessDeniedException, message)
}

// turnAway answers a request that is looked at no further.
func turnAway(w http.ResponseWriter, status int, code macie2.Exception, message string) {
	header := w.Header()
	header["x-amzn-ErrorType"], header["x-amzn-RequestId"] = []string{string(code)}, []string{uuid.NewString()}
	header["Content-Type"], header["Connection"] = jsonTypeHeader, []string{"close"}
	w.WriteHeader(status)
	b, _ := jsontext.AppendQuote([]byte(`{"message":`), message)
	_, _ = w.Write(append(b, '}'))
}

// visible returns what a client gets to see of err.
func visible(err error) *macie2.Error {
	var contract *macie2.Error
	if errors.As(err, &contract) {
		return contract
	}
	var signature *sigv4.Error
	if errors.As(err, &signature) {
		return &macie2.Error{Code: macie2.Exception(signature.Code), Message: signature.Message}
	}
	return macie2.ErrInternal()
}

// send writes the answer. One that is long counts until it is sent: those who do not read what they
// asked for give way to those who do.
func (s *Server) send(x *exchange, a Answer) {
	if len(a.Body) <= modestBody {
		x.write(a)
		return
	}
	control := http.NewResponseController(x.w)
	c := s.room.answers.Claim(source.Share(s.o.Proxies.Of(x.r)), func() { _ = control.SetWriteDeadline(time.Unix(1, 0)) })
	defer c.Release()
	if err := c.Grow(x.r.Context(), int64(cap(a.Body))); err != nil {
		a = s.refuse(x, macie2.ErrBusy("This node holds as many bytes of answers as it may. Try again."))
		x.record.Status = a.Status
	}
	x.write(a)
}

// write sends the answer.
func (x *exchange) write(a Answer) {
	header := x.w.Header()
	header["x-amzn-RequestId"] = []string{x.record.RequestID}
	if a.Status != http.StatusNoContent {
		if a.ContentType == jsonType {
			header["Content-Type"] = jsonTypeHeader
		} else {
			header["Content-Type"] = []string{a.ContentType}
		}
		header["Content-Length"] = []string{strconv.Itoa(len(a.Body))}
	}
	x.w.WriteHeader(a.Status)
	if len(a.Body) > 0 {
		// An error means that the client is gone; the log has the status anyway.
		_, _ = x.w.Write(a.Body)
	}
}

// close ends the connection after the answer. One of HTTP/2 goes on: it has other requests, and
// what is left of this one's body is no burden to it.
func (x *exchange) close() {
	if x.r.ProtoMajor == 1 {
		x.w.Header()["Connection"] = []string{"close"}
	}
}

// log writes the request's line. An internal error's story goes with it.
func (s *Server) log(x *exchange, err error) {
	level := slog.LevelInfo
	attrs := [7]slog.Attr{
		slog.String("account", string(x.record.Account)),
		slog.String("operation", x.record.Operation),
		slog.String("requestId", x.record.RequestID),
		slog.Int("status", x.record.Status),
		slog.Duration("latency", x.record.Latency),
	}
	n := 5
	if x.record.Exception != "" {
		attrs[n] = slog.String("exception", string(x.record.Exception))
		n++
	}
	if x.record.Exception == macie2.InternalServerException {
		attrs[n] = slog.Any("error", err)
		n++
		if level = slog.LevelError; errors.Is(err, context.Canceled) && x.r.Context().Err() != nil {
			level = slog.LevelInfo // the client went away: nobody's fault
		}
	}
	s.o.Logger.LogAttrs(context.WithoutCancel(x.r.Context()), level, "request", attrs[:n]...)
}
