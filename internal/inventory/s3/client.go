package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"magpie/internal/inventory/objectstore"
)

// Options say which store to speak to, and how.
type Options struct {
	// Endpoint is where it is: https://storage.example.com, with a path where there is one.
	Endpoint string
	// Region is what requests are signed for.
	Region string
	// VirtualHost puts the bucket before the endpoint's host, and not into the path.
	VirtualHost bool
	// Credentials sign the requests.
	Credentials aws.CredentialsProvider
	// CA is a certificate in PEM that the store's is signed by; nil trusts those of the system.
	CA []byte
	// Account, at AWS, is the account whose own block of public access is asked for; "" asks for none.
	Account string
	// RefuseLoopback refuses addresses of this machine, for an endpoint that was not named by the operator of this machine.
	RefuseLoopback bool
	// Pace keeps to what the store bears. nil: one of its own.
	Pace *objectstore.Pace
	// Observe is told of each request that was made, if not nil.
	Observe func(call string, outcome objectstore.Outcome, took time.Duration)
	// Patience is how long to wait for the first byte of an answer, and for each further part of it. 0: 30 s.
	Patience time.Duration
	// Now is the clock of signatures; nil is time.Now.
	Now func() time.Time
}

// Client is a store.
type Client struct {
	o        Options
	endpoint *url.URL
	over     *transport
	signer   *v4.Signer
	pace     *objectstore.Pace
	// control is AWS's interface for the account; "" without one.
	control string
	// host is what Fetch asks in the name of; "" where it is not plain.
	host string
	keys signingKeys
}

var _ objectstore.Store = (*Client)(nil)

// New returns a Client. It does not speak to the store yet.
func New(o Options) (*Client, error) {
	endpoint, err := ParseEndpoint(o.Endpoint)
	if err != nil {
		return nil, err
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.Pace == nil {
		o.Pace = objectstore.NewPace(objectstore.PaceOptions{})
	}
	if o.Patience == 0 {
		o.Patience = 30 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	trust := &tls.Config{MinVersion: tls.VersionTLS12}
	if len(o.CA) > 0 {
		trust.RootCAs = x509.NewCertPool()
		if !trust.RootCAs.AppendCertsFromPEM(o.CA) {
			return nil, errors.New("there is no certificate in PEM among those to trust")
		}
	}
	over := &transport{dial: dialer(o.RefuseLoopback && !isLoopbackName(endpoint.Hostname())), trust: trust, patience: o.Patience, idle: map[place][]*conn{}}
	c := &Client{
		o: o, endpoint: endpoint, pace: o.Pace,
		signer: v4.NewSigner(func(s *v4.SignerOptions) { s.DisableURIPathEscaping = true }),
		over:   over,
	}
	if isPlain(o.Region) {
		c.host = plainHost(endpoint)
	}
	if o.Account != "" {
		if at, ok := strings.CutPrefix(endpoint.Hostname(), "s3."); ok && strings.Contains(at, ".amazonaws.com") {
			c.control = "https://" + o.Account + ".s3-control." + at
		}
	}
	return c, nil
}

// Close lets idle connections go.
func (c *Client) Close() error {
	c.over.close(time.Now())
	return nil
}

// ParseEndpoint reads an endpoint's URL and refuses what cannot be one.
func ParseEndpoint(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("the endpoint is not a URL")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("the endpoint begins with https:// or http://")
	case u.Hostname() == "" || u.Opaque != "":
		return nil, errors.New("the endpoint has no host")
	case u.User != nil:
		return nil, errors.New("the endpoint has credentials in it; they are given by themselves")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("the endpoint has a query or a fragment")
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.Atoi(p); err != nil || n < 1 || n > 65535 {
			return nil, errors.New("the endpoint's port is none")
		}
	}
	u.Host = strings.ToLower(u.Host)
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	return u, nil
}

// request is what is sent.
type request struct {
	call        string // as S3 names it, for errors and metrics
	method      string // "" is GET
	base        string // another endpoint than the store's, "" for the store's
	bucket, key string
	query       url.Values
	header      http.Header
	body        []byte
	ok          []int // statuses of success; nil is 200
	// direct is for content: bytes go to who asked, at the bandwidth that the operator allows.
	direct bool
}

// emptyHash is the hash of an empty body.
var emptyHash = hex.EncodeToString(sha256.New().Sum(nil))

const (
	attempts  = 5
	firstWait = 200 * time.Millisecond
	mostWait  = 5 * time.Second
)

// do sends a request until it is answered, or the store has failed so often that it is not for us to insist. The answer's body must be
// closed.
func (c *Client) do(ctx context.Context, r request) (response *http.Response, err error) {
	for attempt := 1; ; attempt++ {
		err = c.once(ctx, r.call, func() (err error) {
			response, err = c.send(ctx, r)
			return err
		})
		if done, err := afterAttempt(ctx, r.call, attempt, err); done {
			return response, err
		}
	}
}

// afterAttempt waits before another attempt, or says that there is to be none, and with which error.
func afterAttempt(ctx context.Context, call string, attempt int, err error) (done bool, _ error) {
	if err == nil || ctx.Err() != nil || attempt == attempts || !objectstore.Passing(err) {
		return true, err
	}
	wait := min(firstWait<<(attempt-1), mostWait)
	if err := pause(ctx, wait/2+rand.N(wait/2)); err != nil {
		return true, &objectstore.Error{Kind: objectstore.ErrUnreachable, Call: call, Detail: "gave up: " + err.Error()}
	}
	return false, nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// once sends a request once, at the store's pace.
func (c *Client) once(ctx context.Context, call string, send func() error) error {
	leave, err := c.pace.Enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	began := time.Now()
	err = send()
	if e, ok := errors.AsType[*objectstore.Error](err); ok && errors.Is(err, objectstore.ErrThrottled) {
		c.pace.Refused(e.RetryAfter)
	}
	if c.o.Observe != nil {
		c.o.Observe(call, objectstore.OutcomeOf(err), time.Since(began))
	}
	return err
}

func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	// Who gives up waiting for a body must be able to end the request.
	request, cancel := context.WithCancelCause(ctx)
	credentials, err := c.o.Credentials.Retrieve(ctx)
	if err != nil {
		cancel(nil)
		return nil, &objectstore.Error{Kind: objectstore.ErrCredentials, Call: r.call, Detail: "there are none to be had"}
	}
	give := objectstore.TakeTurn(ctx)
	q, err := c.build(request, r, credentials)
	give()
	if err != nil {
		cancel(nil)
		return nil, err
	}
	response, err := c.over.RoundTrip(q)
	if err != nil {
		cancel(nil)
		return nil, c.unreachable(ctx, r.call, err)
	}
	response.Body = &patientBody{body: response.Body, patience: c.o.Patience, cancel: cancel}
	if r.ok == nil && response.StatusCode == http.StatusOK {
		return response, nil
	}
	for _, status := range r.ok {
		if response.StatusCode == status {
			return response, nil
		}
	}
	defer response.Body.Close()
	return nil, readError(r, response)
}

// build makes the signed request.
func (c *Client) build(ctx context.Context, r request, credentials aws.Credentials) (*http.Request, error) {
	method := r.method
	if method == "" {
		method = http.MethodGet
	}
	if r.bucket != "" && !validBucket(r.bucket) {
		return nil, &objectstore.Error{Kind: objectstore.ErrNoBucket, Call: r.call, Detail: "no bucket can have that name"}
	}
	if strays(r.key) {
		return nil, &objectstore.Error{Kind: objectstore.ErrDenied, Call: r.call,
			Detail: "the key is not asked for: on the way it may be taken for a path out of the bucket"}
	}
	base := c.endpoint
	if r.base != "" {
		var err error
		if base, err = url.Parse(r.base); err != nil {
			return nil, fmt.Errorf("%s: %w", r.call, err)
		}
	}
	u := *base
	raw := escapePath(u.Path)
	decoded := u.Path
	if r.bucket != "" {
		if c.o.VirtualHost && r.base == "" {
			u.Host = r.bucket + "." + u.Host
		} else {
			decoded += "/" + r.bucket
			raw += "/" + escapePath(r.bucket)
		}
	}
	decoded += "/" + r.key
	raw += "/" + escapePath(r.key)
	if r.bucket != "" && r.key == "" && !c.o.VirtualHost && r.base == "" {
		decoded, raw = strings.TrimSuffix(decoded, "/"), strings.TrimSuffix(raw, "/")
	}
	u.Path, u.RawPath = decoded, raw
	u.RawQuery = strings.ReplaceAll(r.query.Encode(), "+", "%20")
	q, err := http.NewRequestWithContext(ctx, method, u.String(), nil)
	if err != nil {
		return nil, &objectstore.Error{Kind: objectstore.ErrUnreachable, Call: r.call, Detail: "the bucket's name cannot be part of an address"}
	}
	q.URL = &u // as it was written: parsing it again may spell the path otherwise
	hash := emptyHash
	if len(r.body) > 0 || method == http.MethodPut {
		q.Body, q.ContentLength = io.NopCloser(bytes.NewReader(r.body)), int64(len(r.body))
		q.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(r.body)), nil }
		if len(r.body) == 0 {
			q.Body = http.NoBody // whose length is sent: Ceph asks for it
		}
		sum := sha256.Sum256(r.body)
		hash = hex.EncodeToString(sum[:])
	}
	for name, values := range r.header {
		q.Header[name] = values
	}
	q.Header.Set("X-Amz-Content-Sha256", hash)
	q.Header.Set("User-Agent", "magpie")
	if err := c.signer.SignHTTP(ctx, credentials, q, hash, "s3", c.o.Region, c.o.Now()); err != nil {
		return nil, fmt.Errorf("%s: sign: %w", r.call, err)
	}
	return q, nil
}

// strays reports whether a key leads out of its bucket, or to the bucket itself, for whoever takes a part .. for the way back, as proxies and
// other servers do. S3 takes it as it is.
func strays(key string) bool {
	depth, back := 0, false
	for part := range strings.SplitSeq(key, "/") {
		switch part {
		case "", ".":
		case "..":
			back = true
			if depth--; depth < 0 {
				return true
			}
		default:
			depth++
		}
	}
	return back && depth == 0
}

const hexDigits = "0123456789ABCDEF"

// escapePath writes a path as S3 signs it: everything but unreserved characters and slashes is escaped, byte by byte.
func escapePath(s string) string { return string(appendEscaped(nil, s)) }

func appendEscaped(b []byte, s string) []byte {
	for i := range len(s) {
		switch ch := s[i]; {
		case ch >= 'A' && ch <= 'Z', ch >= 'a' && ch <= 'z', ch >= '0' && ch <= '9', ch == '-', ch == '_', ch == '.', ch == '~', ch == '/':
			b = append(b, ch)
		default:
			b = append(b, '%', hexDigits[ch>>4], hexDigits[ch&15])
		}
	}
	return b
}

// unreachable words the failure of a request that was not answered.
func (c *Client) unreachable(ctx context.Context, call string, err error) error {
	e := &objectstore.Error{Kind: objectstore.ErrUnreachable, Call: call}
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("%s: %w", call, cause)
	}
	var forbidden *addressError
	var network *net.OpError
	var resolve *net.DNSError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &forbidden):
		e.Kind, e.Detail = objectstore.ErrForbidden, forbidden.Error()
	case isCertificate(err):
		e.Kind, e.Detail = objectstore.ErrCertificate, certificateFault(err)
	case errors.As(err, &resolve):
		e.Detail = "its name cannot be looked up"
	case errors.As(err, &timeout) && timeout.Timeout():
		e.Detail = "no answer in time"
	case errors.As(err, &network):
		e.Detail = network.Op + ": " + network.Err.Error()
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		e.Detail = "it speaks HTTP where HTTPS was expected"
	default:
		e.Detail = "the connection broke"
	}
	return e
}

func isCertificate(err error) bool {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &host) || errors.As(err, &invalid)
}

func certificateFault(err error) string {
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &authority):
		return "who signed it is not trusted"
	case errors.As(err, &host):
		return "it is for another name"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "it has expired, or is not valid yet"
	}
	return "it does not hold"
}

var errImpatient = errors.New("the store stopped sending")

// patientBody ends a request whose body stops coming.
type patientBody struct {
	body     io.ReadCloser
	patience time.Duration
	cancel   context.CancelCauseFunc
	timer    *time.Timer
}

func (b *patientBody) Read(p []byte) (int, error) {
	if b.timer == nil {
		b.timer = time.AfterFunc(b.patience, func() { b.cancel(errImpatient) })
	} else {
		b.timer.Reset(b.patience)
	}
	n, err := b.body.Read(p)
	b.timer.Stop()
	return n, err
}

func (b *patientBody) Close() error {
	err := b.body.Close()
	b.cancel(nil)
	return err
}
