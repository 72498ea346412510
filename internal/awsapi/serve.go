package awsapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"magpie/internal/budget"
	"magpie/internal/macie2"
	"magpie/internal/sigv4"
)

// exchange is one request and what is known of it so far.
type exchange struct {
	w   http.ResponseWriter
	r   *http.Request
	ctx context.Context // ends when the request's time is up

	start   time.Time
	call    *macie2.Call // nil until authenticated
	service Service      // nil for Macie
	record  Record
	event   Event // for the Auditor
	body    []byte
	most    int64         // bytes that the body may have; 0 is MaxBody
	read    bool          // the body, to its end
	buffer  *buffer       // of the body, then of a refusal
	out     *buffer       // of the answer
	claim   *budget.Claim // of the body; nil if there is none
	held    int64         // bytes that claim holds
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	if h := s.plainHandler(path); h != nil {
		h.ServeHTTP(w, r)
		return
	}
	x := &exchange{w: w, r: r, start: s.o.Now(), buffer: buffers.Get().(*buffer)}
	x.record.RequestID = uuid.NewString()
	if path == "/" {
		x.service = s.root
	}
	answer, err := s.contain(x, path)
	if err != nil {
		answer = s.refuse(x, err)
		if s.o.Admission != nil {
			s.delay(x)
		}
	}
	x.record.Status = answer.Status
	if s.o.Auditor != nil {
		if auditErr := s.audit(x, answer, err); auditErr != nil {
			err = errors.Join(err, auditErr)
			answer = s.refuse(x, errUnrecorded)
			x.record.Status = answer.Status
		}
	}
	x.leaveBody()
	s.send(x, answer)
	x.claim.Release()
	x.buffer.free()
	x.out.freeAnswer()

	x.record.Latency = s.o.Now().Sub(x.start)
	s.log(x, err)
	if s.o.Observe != nil {
		s.o.Observe(x.record)
	}
}

// delay holds the refusals back that somebody may ask for again and again.
func (s *Server) delay(x *exchange) {
	switch {
	case x.call == nil && x.record.Exception != macie2.InternalServerException:
		s.o.Admission.Refused(x.r.Context(), s.o.Proxies.Of(x.r))
	case x.call != nil && x.record.Exception == macie2.ThrottlingException:
		s.o.Admission.Throttled(x.r.Context(), x.call.Account)
	}
}

// errUnrecorded hides whatever a request came to whose record could not be kept.
var errUnrecorded = errors.New("the call's record could not be kept")

// audit has the request recorded. The client's going away does not keep it from that, the end of
// the request's time does.
func (s *Server) audit(x *exchange, answer Answer, err error) error {
	e := &x.event
	e.Time, e.Record, e.Call = x.start, x.record, x.call
	e.SourceIP, e.UserAgent = s.o.Proxies.Of(x.r), cut(x.r.UserAgent(), 256)
	e.Console = fromConsole(x.r.Context())
	if err != nil {
		e.Message = visible(err).Message
	}
	if x.service != nil { // of others, the answer is where the body was
		e.Body, e.Answer = x.body, answer.Body
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(x.r.Context()), s.o.RequestTimeout)
	defer cancel()
	return s.o.Auditor.Write(ctx, e)
}

func (s *Server) plainHandler(path string) http.Handler {
	if h := s.plain[path]; h != nil {
		return h
	}
	for _, prefix := range s.prefixes {
		if strings.HasPrefix(path, prefix) {
			return s.plain[prefix]
		}
	}
	return nil
}

// contain turns a panic into an error.
func (s *Server) contain(x *exchange, path string) (answer Answer, err error) {
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return s.answer(x, path)
}

// answer takes a request through its steps. The body is read only once the signature is known to
// have the right form and to name an existing key, or, where a service does what has none, if it is
// a small form.
func (s *Server) answer(x *exchange, path string) (Answer, error) {
	if service, ok := s.mayBeUnsigned(x, path); ok {
		if answer, done, err := s.serveUnsigned(x, service); done {
			return answer, err
		}
	}
	c, err := s.recognise(x)
	if err != nil {
		return Answer{}, err
	}
	x.ctx = x.r.Context()
	if err := s.readBody(x); err != nil {
		return Answer{}, err
	}
	var cancel context.CancelFunc
	x.ctx, cancel = context.WithTimeout(x.r.Context(), s.o.RequestTimeout)
	defer cancel()
	if err := s.authenticate(x, c); err != nil {
		return Answer{}, err
	}
	if err := s.keepBody(x.ctx, x); err != nil {
		return Answer{}, err
	}
	if x.service != nil {
		return s.serveService(x, path)
	}
	if own, labels := s.own(path); own != nil {
		return s.serveSigned(x, own, labels)
	}
	return s.serveOperation(x, path)
}

// own finds the operations of our own at a path, and what stands for the label of their path where
// it has one.
func (s *Server) own(path string) (map[string]signedOperation, []macie2.PathLabel) {
	if found := s.signed[path]; found != nil {
		return found, nil
	}
	for _, l := range s.labelled {
		rest, ok := strings.CutPrefix(path, l.before)
		if !ok {
			continue
		}
		value, ok := strings.CutSuffix(rest, l.after)
		if !ok || value == "" || strings.Contains(value, "/") {
			continue
		}
		if value, err := url.PathUnescape(value); err == nil {
			return s.signed[l.path], []macie2.PathLabel{{Name: l.name, Value: value}}
		}
	}
	return nil, nil
}

// claimant is who a request says it is from.
type claimant struct {
	sig      *sigv4.Signature
	recalled *sigv4.SigningKey // by which the signature is verified, where it is remembered
	identity *Identity         // else
}

// recognise finds out who a request says it is from and for which service, before its body is read:
// a request with a malformed signature or an unknown key gets no room for a body.
func (s *Server) recognise(x *exchange) (c claimant, err error) {
	now := x.start.UTC()
	if c.sig, err = sigv4.Parse(x.r, now); err != nil {
		return c, err
	}
	sig := c.sig
	x.event.Service, x.event.Region, x.event.KeyID = sig.Service, sig.Region, sig.AccessKeyID
	if service, ok := s.services[sig.Service]; ok {
		x.service = service
	} else {
		if err := sig.RequireService(macie2.SigningName); err != nil {
			return c, err
		}
		x.service = nil
	}
	if s.o.Serves != nil && !s.o.Serves(sig.Service, sig.Region) {
		return c, sig.WrongRegion()
	}
	if x.service != nil { // whose protocols read bodies by their type
		if err := sig.RequireSigned(x.r, "Content-Type"); err != nil {
			return c, err
		}
	}
	if s.o.Admission != nil {
		if key, ok := s.o.Admission.Recall(sig); ok {
			c.recalled = &key
			return c, nil
		}
	}
	ctx, cancel := context.WithTimeout(x.r.Context(), s.o.RequestTimeout)
	defer cancel()
	if s.o.Admission != nil {
		leave, err := s.o.Admission.Enter(ctx, s.o.Proxies.Of(x.r))
		if err != nil {
			return c, err
		}
		defer leave()
	}
	c.identity, err = s.identify(ctx, sig, now)
	return c, err
}

// identify asks the Authenticator.
func (s *Server) identify(ctx context.Context, sig *sigv4.Signature, now time.Time) (*Identity, error) {
	identity, err := s.o.Authenticator.Authenticate(ctx, sig, now)
	var refused *macie2.Error
	if err != nil && !errors.As(err, &refused) {
		err = fmt.Errorf("authenticate: %w", err)
	}
	return identity, err
}

// authenticate verifies that a request is from who it says it is from.
func (s *Server) authenticate(x *exchange, c claimant) error {
	sig, identity, now := c.sig, c.identity, x.start.UTC()
	if c.recalled != nil {
		if err := sig.Verify(*c.recalled, x.r, sha256.Sum256(x.body)); err != nil {
			return err
		}
		var err error
		if identity, err = s.identify(x.ctx, sig, now); err != nil {
			return err
		}
	}
	// A remembered key can only refuse. Whether the caller is let in depends on what the
	// Authenticator says now.
	if !identity.Unchecked && (c.recalled == nil || subtle.ConstantTimeCompare(c.recalled[:], identity.Key[:]) != 1) {
		if err := sig.Verify(identity.Key, x.r, sha256.Sum256(x.body)); err != nil {
			return err
		}
	}
	if s.o.Known != nil {
		s.o.Known(x.r.Context())
	}
	x.record.Account = identity.Principal.Account
	x.call = &macie2.Call{
		Account:   identity.Principal.Account,
		Region:    sig.Region,
		Principal: identity.Principal,
		Now:       now.Truncate(time.Millisecond),
		RequestID: x.record.RequestID,
		SourceIP:  s.o.Proxies.Of(x.r),
		UserAgent: cut(x.r.UserAgent(), 256),
	}
	if identity.Refusal != nil {
		return identity.Refusal
	}
	return nil
}

// serveOperation does an operation of the contract.
func (s *Server) serveOperation(x *exchange, path string) (Answer, error) {
	op, labels, methods := macie2.Route(x.r.Method, path)
	if op == nil {
		return Answer{}, s.notRouted(x, methods)
	}
	x.record.Operation = op.Name
	if err := s.throttle(x, op.Action); err != nil {
		return Answer{}, err
	}
	query, err := parseQuery(x.r)
	if err != nil {
		return Answer{}, err
	}
	in, err := op.Decode(&macie2.Request{Path: labels, Query: query, Body: x.body})
	if err != nil {
		// If the request cannot be read, its resource is not known: a caller that may do this to
		// any resource is told what is wrong.
		if denied := s.o.Authorizer.Authorize(x.ctx, x.call, op.Action, nil); denied != nil {
			err = denied
		}
		return Answer{}, err
	}
	x.event.Input = in
	if err := s.o.Authorizer.Authorize(x.ctx, x.call, op.Action, in); err != nil {
		return Answer{}, err
	}
	if err := op.Check(in); err != nil {
		return Answer{}, err
	}
	if s.o.Enabled != nil && !s.o.Registry.Bound(op.Name) {
		if err := s.o.Enabled(x.ctx, x.call); err != nil {
			return Answer{}, err
		}
	}
	out, err := s.o.Registry.Invoke(x.ctx, op, s.changing(x), in)
	if err != nil {
		return Answer{}, err
	}
	x.event.Output = out
	if op.Status == http.StatusNoContent {
		return Answer{Status: op.Status}, nil
	}
	x.out = answers.Get().(*buffer)
	x.out.bytes = macie2.AppendJSON(x.out.bytes[:0], out)
	return Answer{Status: op.Status, ContentType: jsonType, Body: x.out.bytes}, nil
}

// changing tells the Auditor of an operation that is about to be done, and returns the call to do
// it for, which carries the record of its change.
func (s *Server) changing(x *exchange) *macie2.Call {
	if s.o.Auditor == nil {
		return x.call
	}
	x.event.Time, x.event.Record, x.event.Call = x.start, x.record, x.call
	x.event.SourceIP, x.event.UserAgent = x.call.SourceIP, x.call.UserAgent
	x.event.Console = fromConsole(x.r.Context())
	x.event.Change = s.o.Auditor.Change(&x.event)
	call := *x.call
	call.Change = x.event.Change
	return &call
}

// serveSigned does an operation of our own.
func (s *Server) serveSigned(x *exchange, byMethod map[string]signedOperation, labels []macie2.PathLabel) (Answer, error) {
	op, ok := byMethod[x.r.Method]
	if !ok {
		methods := make([]string, 0, len(byMethod))
		for method := range byMethod {
			methods = append(methods, method)
		}
		slices.Sort(methods)
		return Answer{}, s.notRouted(x, methods)
	}
	x.record.Operation = op.action
	if err := s.throttle(x, op.action); err != nil {
		return Answer{}, err
	}
	query, err := parseQuery(x.r)
	if err != nil {
		return Answer{}, err
	}
	x.event.Query = query
	if err := s.o.Authorizer.Authorize(x.ctx, x.call, op.action, nil); err != nil {
		return Answer{}, err
	}
	if err := checkTexts(query, labels, x.body); err != nil {
		return Answer{}, err
	}
	call := x.call
	if x.r.Method != http.MethodGet {
		call = s.changing(x)
	}
	out, err := op.handle(x.ctx, call, &macie2.Request{Path: labels, Query: query, Body: x.body, SecurityToken: x.r.Header.Get("X-Amz-Security-Token")})
	if err != nil {
		return Answer{}, err
	}
	if whole, ok := out.(*Answer); ok {
		return *whole, nil
	}
	answer := Answer{Status: http.StatusOK, ContentType: jsonType, Body: []byte("{}")}
	if out != nil {
		if answer.Body, err = json.Marshal(out, json.Deterministic(true)); err != nil {
			return Answer{}, fmt.Errorf("encode %s: %w", op.action, err)
		}
	}
	return answer, nil
}

// serveService hands a request over to another service.
func (s *Server) serveService(x *exchange, path string) (Answer, error) {
	if path != "/" {
		return Answer{}, s.notRouted(x, nil)
	}
	if x.r.Method != http.MethodPost {
		return Answer{}, s.notRouted(x, []string{http.MethodPost})
	}
	request := &ServiceRequest{Header: x.r.Header, Query: x.r.URL.RawQuery, Body: x.body}
	action, err := x.service.Action(request)
	if err != nil {
		if throttled := s.throttle(x, ""); throttled != nil { // as what is not routed
			err = throttled
		}
		return Answer{}, err
	}
	x.record.Operation = action
	if err := s.throttle(x, action); err != nil {
		return Answer{}, err
	}
	if err := s.o.Authorizer.Authorize(x.ctx, x.call, action, nil); err != nil {
		return Answer{}, err
	}
	x.event.Body = x.body
	answer, err := x.service.Serve(x.ctx, s.changing(x), request)
	if err != nil {
		return Answer{}, err
	}
	return *answer, nil
}

// notRouted refuses what is no operation. Such calls count as calls.
func (s *Server) notRouted(x *exchange, methods []string) error {
	if err := s.throttle(x, ""); err != nil {
		return err
	}
	if methods == nil {
		return &macie2.Error{Code: macie2.UnknownOperationException, Message: "The requested path is not one of this API's."}
	}
	allowed := strings.Join(methods, ", ")
	x.w.Header()["Allow"] = []string{allowed}
	return &macie2.Error{Code: macie2.MethodNotAllowedException, Message: "The requested path does not take this method. It takes: " + allowed}
}

func (s *Server) throttle(x *exchange, action string) error {
	if s.o.Throttler == nil {
		return nil
	}
	if retryAfter, ok := s.o.Throttler.Allow(x.call, action); !ok {
		return macie2.ErrThrottled(retryAfter)
	}
	return nil
}

func parseQuery(r *http.Request) (url.Values, error) {
	if r.URL.RawQuery == "" {
		return nil, nil
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, macie2.ErrValidation("The request is rejected because its query string is not valid.")
	}
	return query, nil
}

// checkTexts refuses what cannot be stored as text, wherever it is in a request to an operation of
// our own: the bytes of no UTF-8, and the character U+0000, which no database has to take.
// Operations of the contract refuse these as they decode. A body that is no JSON is left to the
// operation.
func checkTexts(query url.Values, labels []macie2.PathLabel, body []byte) error {
	bad := func(s string) bool { return strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) }
	for name, values := range query {
		if bad(name) || slices.ContainsFunc(values, bad) {
			return macie2.ErrValidation("The request is rejected because its query string has the character U+0000, or is not UTF-8.")
		}
	}
	for _, l := range labels {
		if bad(l.Value) {
			return macie2.ErrValidation("The request is rejected because the parameter %s has the character U+0000, or is not UTF-8.", l.Name)
		}
	}
	for d := jsontext.NewDecoder(bytes.NewReader(body)); ; {
		token, err := d.ReadToken()
		if err != nil { // the end, or no JSON
			return nil
		}
		if token.Kind() == '"' && bad(token.String()) {
			return macie2.ErrValidation("The request is rejected because its body has the character U+0000.")
		}
	}
}

// cut returns at most the first n bytes of s, as valid UTF-8.
func cut(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "")
}
