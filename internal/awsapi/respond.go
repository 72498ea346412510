package awsapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"magpie/internal/macie2"
	"magpie/internal/sigv4"
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

// close ends the connection after the answer.
func (x *exchange) close() { x.w.Header()["Connection"] = []string{"close"} }

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
