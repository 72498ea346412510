package awsapi

import (
	"context"
	"mime"
	"net/http"
	"time"

	"magpie/internal/macie2"
)

// mostUnsigned is the largest body without a signature: a token has 20,000 bytes at most.
const mostUnsigned = modestBody

// mayBeUnsigned reports whether a request can be one that an Unsigned service does: a small form
// that is posted to / without a word of a signature. Its body is read to find that out.
func (s *Server) mayBeUnsigned(x *exchange, path string) (Unsigned, bool) {
	service, ok := s.root.(Unsigned)
	r := x.r
	if !ok || path != "/" || r.Method != http.MethodPost || r.Header.Get("Authorization") != "" || r.URL.RawQuery != "" {
		return nil, false
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return service, err == nil && kind == "application/x-www-form-urlencoded" && r.ContentLength > 0 && r.ContentLength <= mostUnsigned
}

// serveUnsigned does what needs no signature. done says that the request was that.
func (s *Server) serveUnsigned(x *exchange, service Unsigned) (answer Answer, done bool, err error) {
	var cancel context.CancelFunc
	x.ctx, cancel = context.WithTimeout(x.r.Context(), s.o.RequestTimeout)
	defer cancel()
	if err := s.readBody(x); err != nil {
		return Answer{}, true, err
	}
	request := &ServiceRequest{Header: x.r.Header, Body: x.body}
	action := service.Unsigned(request)
	if action == "" {
		return Answer{}, false, nil
	}
	x.service = service
	x.record.Operation, x.event.Service, x.event.Region, x.event.Body = action, s.rootName, unsignedRegion, x.body
	call := &macie2.Call{
		Region: unsignedRegion, Now: x.start.UTC().Truncate(time.Millisecond), RequestID: x.record.RequestID,
		SourceIP: s.o.Proxies.Of(x.r), UserAgent: cut(x.r.UserAgent(), 256),
	}
	out, err := service.ServeUnsigned(x.ctx, call, request, func(who string) error {
		if s.o.Throttler == nil {
			return nil
		}
		// Who asks belongs to no account, and takes no account's calls.
		if wait, ok := s.o.Throttler.Allow(&macie2.Call{Account: macie2.AccountID(who), Region: unsignedRegion, Now: call.Now}, action); !ok {
			return macie2.ErrThrottled(wait)
		}
		return nil
	})
	if err != nil {
		return Answer{}, true, err
	}
	x.call, x.record.Account = call, call.Account
	return *out, true, nil
}

// unsignedRegion is that of services which have none of their own.
const unsignedRegion = "us-east-1"
