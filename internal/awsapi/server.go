package awsapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/sigv4"
	"magpie/internal/source"
)

// MaxBody is the most bytes a request's body may have.
const MaxBody = 1 << 20

// Authenticator knows the access keys. It is asked once per request, so that a
// revoked key is refused from the next one on.
type Authenticator interface {
	// Authenticate returns who holds the access key (and session token) that sig
	// names, and the key to verify sig with. A key that is not known gives
	// macie2.ErrUnrecognizedClient, an ended session macie2.ErrExpiredToken, any
	// other *macie2.Error reaches the client too; the rest is internal.
	Authenticate(ctx context.Context, sig *sigv4.Signature, now time.Time) (*Identity, error)
}

// Identity is what is known of an access key.
type Identity struct {
	Principal macie2.Principal
	Key       sigv4.SigningKey // in the scope of the signature
	// Unchecked accepts any signature: development on the loopback only.
	Unchecked bool
	// Refusal, if not nil, is the answer to everything that this caller asks, once
	// its signature is verified: that an account is suspended is only its own
	// people's business.
	Refusal *macie2.Error
}

// Throttler bounds how fast an account calls.
type Throttler interface {
	// Allow reports whether the call may go on; if not, when to try again. The
	// action is named as in permissions, "" for an unknown operation.
	Allow(call *macie2.Call, action string) (retryAfter time.Duration, ok bool)
}

// Authorizer decides what a principal may do.
type Authorizer interface {
	// Authorize returns a macie2.ErrAccessDenied if the call may not do action.
	// in is the operation's input, not yet checked, or nil for what is not an
	// operation of the contract.
	Authorize(ctx context.Context, call *macie2.Call, action string, in macie2.Input) error
}

// SignedHandler is an operation of our own: what it returns is written as JSON,
// nil as {}, an *Answer as it is. The request is good only until it returns.
type SignedHandler func(ctx context.Context, call *macie2.Call, r *macie2.Request) (any, error)

// Service is another AWS service on the same address, at POST /, with a protocol
// of its own. A signature's scope says which service a request is for.
type Service interface {
	// Action returns what the request asks for, as permissions name it:
	// "sts:AssumeRole".
	Action(r *ServiceRequest) (string, error)
	// Serve does it. It is called once the request is authenticated, throttled
	// and authorised.
	Serve(ctx context.Context, call *macie2.Call, r *ServiceRequest) (*Answer, error)
	// Refuse puts an error into the service's own form.
	Refuse(err *macie2.Error, requestID string) *Answer
}

// Unsigned is a Service that also does what comes without a signature, where a request proves in
// another way who asks.
type Unsigned interface {
	Service
	// Unsigned returns the action of a request that needs no signature, "" for any other.
	Unsigned(r *ServiceRequest) string
	// ServeUnsigned does it. Once it knows who asks it calls allow, with a name of who that is, and
	// goes no further if that returns an error. When it succeeds, it has set the call's Principal
	// and Account.
	ServeUnsigned(ctx context.Context, call *macie2.Call, r *ServiceRequest, allow func(who string) error) (*Answer, error)
}

// ServiceRequest is what of an HTTP request a Service works on. It is good only
// until the call that it was given to returns.
type ServiceRequest struct {
	Header http.Header
	Query  string // raw
	Body   []byte
}

// Answer is an HTTP answer, but for the headers that every answer has.
type Answer struct {
	Status      int
	ContentType string
	Body        []byte
	// ErrorType is what a Service calls an exception, where clients read that from x-amzn-ErrorType
	// and it has a name of its own for it.
	ErrorType string
}

// Admission stands before the Authenticator: it bounds what callers can take who have not proved
// who they are.
type Admission interface {
	// Recall returns the key to verify sig with, if it is remembered: what does not verify is
	// refused without asking further.
	Recall(sig *sigv4.Signature) (sigv4.SigningKey, bool)
	// Enter waits until a key that is not remembered may be looked up for source; leave says that
	// the lookup has ended.
	Enter(ctx context.Context, source string) (leave func(), err error)
	// Refused is called before a caller from source is told that it did not prove who it is; it
	// returns when the answer may be sent.
	Refused(ctx context.Context, source string)
	// Throttled is the same for a caller of an account that calls more often than it may: one that
	// does not wait before it tries again is made to.
	Throttled(ctx context.Context, account macie2.AccountID)
}

// Auditor keeps a record of every call.
type Auditor interface {
	// Change is told of an operation of the contract, or of a Service, that is about to be done,
	// and returns the record that is to be written with what it changes; nil if it changes nothing.
	Change(e *Event) macie2.Change
	// Write is told what a request came to, before it is answered. When it fails, the request is
	// answered as an internal error.
	Write(ctx context.Context, e *Event) error
}

// Event is a request, as far as it came, and its outcome.
type Event struct {
	Time      time.Time
	Record    Record       // without its latency
	Service   string       // of the signature's scope; "" if there is none
	Region    string       // likewise
	KeyID     string       // the access key id in the signature, verified only if there is a Call
	Call      *macie2.Call // nil if the caller did not prove who it is
	SourceIP  string
	UserAgent string
	Console   bool          // the call was made for a page of the web console
	Input     macie2.Input  // nil if there is none
	Output    macie2.Output // nil if there is none
	Query     url.Values    // of an operation of our own
	Body      []byte        // of what goes to a Service
	Answer    []byte        // of a Service
	Message   string        // what an exception says
	Change    macie2.Change // what the Auditor returned of Change
}

// Record is what one request came to: the line in the log.
type Record struct {
	RequestID string
	Account   macie2.AccountID // "" if not authenticated
	Operation string           // CreateInvitations, magpie:GetHistory; "" if none was found
	Exception macie2.Exception // "" for success
	Status    int
	Latency   time.Duration
}

// Options are what a Server depends on.
type Options struct {
	Registry      *macie2.Registry
	Authenticator Authenticator
	Throttler     Throttler    // nil lets everything through
	Authorizer    Authorizer   // nil is PolicyNone
	Admission     Admission    // nil bounds nothing
	Auditor       Auditor      // nil keeps no records
	Logger        *slog.Logger // nil discards
	// Enabled refuses a caller whose account has not enabled Macie. It is asked for operations that
	// nobody has bound; the others ask themselves. nil asks nothing.
	Enabled func(ctx context.Context, call *macie2.Call) error
	// Proxies are those whose X-Forwarded-For says where a request comes from.
	Proxies source.Proxies
	// Serves reports whether a service is served in a Region; nil: everywhere.
	Serves func(service, region string) bool
	// Known is told the context of a request whose caller has proved who it is, if it is not nil.
	Known   func(ctx context.Context)
	Observe func(Record) // called after every signed request, if not nil
	Now     func() time.Time

	BodyTimeout    time.Duration // to receive a body; 0 is 20 s
	RequestTimeout time.Duration // for all that comes after the body; 0 is 60 s
}

// Server is the edge. Its Handle methods are for putting it together; after
// that it serves any number of requests at once.
type Server struct {
	o        Options
	room     room
	plain    map[string]http.Handler
	prefixes []string // of plain, those that end in a slash
	signed   map[string]map[string]signedOperation
	labelled []labelled
	services map[string]Service
	root     Service // whose errors go to what came to / unauthenticated
	rootName string
}

// labelled is a path with a label: what stands before and after it.
type labelled struct{ path, before, name, after string }

type signedOperation struct {
	action string
	handle SignedHandler
}

// New returns a Server of the contract's operations.
func New(o Options) *Server {
	if o.Authorizer == nil {
		o.Authorizer = PolicyNone{}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.BodyTimeout == 0 {
		o.BodyTimeout = 20 * time.Second
	}
	if o.RequestTimeout == 0 {
		o.RequestTimeout = time.Minute
	}
	return &Server{
		o:        o,
		room:     newRoom(),
		plain:    map[string]http.Handler{},
		signed:   map[string]map[string]signedOperation{},
		services: map[string]Service{},
	}
}

// HandlePlain serves path without a signature: /healthz, or all that is below
// /console/ if path ends with a slash.
func (s *Server) HandlePlain(path string, h http.Handler) {
	if s.plain[path] != nil {
		panic("awsapi: " + path + " is handled twice")
	}
	s.plain[path] = h
	if strings.HasSuffix(path, "/") {
		s.prefixes = append(s.prefixes, path)
	}
}

// HandleSigned serves an operation of our own, signed for Macie like any other;
// action is its name in permissions and in the log, such as magpie:GetHistory.
// One segment of the path may be a {label}, whose value the request's Path has.
func (s *Server) HandleSigned(method, path, action string, h SignedHandler) {
	if s.signed[path] == nil {
		s.signed[path] = map[string]signedOperation{}
		if before, rest, ok := strings.Cut(path, "{"); ok {
			name, after, _ := strings.Cut(rest, "}")
			s.labelled = append(s.labelled, labelled{path, before, name, after})
		}
	}
	if s.signed[path][method].handle != nil {
		panic("awsapi: " + method + " " + path + " is handled twice")
	}
	s.signed[path][method] = signedOperation{action, h}
}

// OwnActions are the actions of the operations that HandleSigned serves, in no order.
func (s *Server) OwnActions() []string {
	var actions []string
	for _, byMethod := range s.signed {
		for _, o := range byMethod {
			actions = append(actions, o.action)
		}
	}
	return actions
}

// HandleService serves what is signed for the service of that name, at POST /.
func (s *Server) HandleService(name string, service Service) {
	if s.services[name] != nil || name == macie2.SigningName {
		panic("awsapi: service " + name + " is handled twice")
	}
	s.services[name] = service
	if s.root == nil {
		s.root, s.rootName = service, name
	}
}
