package publication

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"magpie/internal/inventory/s3"
	"magpie/internal/macie2"
	"magpie/internal/sigv4"
)

const (
	// maxBatchBytes bounds what one request carries; EventBridge takes 256 KiB.
	maxBatchBytes = 200 << 10
	// maxAnswer bounds what is read of an answer.
	maxAnswer = 1 << 20
)

// outcome is what came of an attempt to deliver some findings.
type outcome struct {
	err        error         // that all of them are to be tried again for
	refused    string        // why the destination will never take the one that was sent
	each       []entry       // of a batch that was taken, what became of each; nil: all were accepted
	whole      bool          // that err is about the request: each of its findings alone may be accepted, or be the one that is not
	gone       bool          // the destination wants no more
	retryAfter time.Duration // what it asked for
}

// entry is what became of one finding of a batch. One that is neither ok nor refused is to be tried again.
type entry struct {
	ok      bool
	refused string
	problem string
}

// failed reports whether something is to be tried again.
func (o outcome) failed() bool { return o.problem() != "" }

// problem says what went wrong that may go well another time.
func (o outcome) problem() string {
	if o.refused != "" {
		return ""
	}
	if o.err != nil {
		return o.err.Error()
	}
	for _, e := range o.each {
		if !e.ok && e.refused == "" {
			return e.problem
		}
	}
	return ""
}

// most is how many findings one request carries.
func (k Kind) most() int {
	switch k {
	case EventBridge:
		return 10
	case Webhook:
		return 1
	}
	return inRound
}

// send tries to deliver once.
func (s *Service) send(ctx context.Context, d *Destination, secret string, batch []delivery) outcome {
	switch d.Kind {
	case Webhook:
		body, err := cloudEventOf(d.Format, d.Account, batch[0].finding)
		if err != nil {
			return outcome{err: err, refused: err.Error()}
		}
		return s.post(ctx, d, secret, batch[0].eventID, body)
	case EventBridge:
		return apart(batch, func(some []delivery) outcome { return s.putEvents(ctx, d, secret, some) })
	case SecurityHub:
		return apart(batch, func(some []delivery) outcome { return s.importFindings(ctx, d, secret, some) })
	}
	lines := make([][]byte, len(batch))
	for i, x := range batch {
		b, err := shaped(d.Format, d.Account, x.finding)
		if err != nil {
			return outcome{err: err}
		}
		lines[i] = b
	}
	if d.Kind == Bucket {
		return outcome{err: s.putLines(ctx, d, objectName(batch), lines)}
	}
	return outcome{err: appendLines(strings.TrimPrefix(d.Endpoint, "file://"), lines)}
}

// apart sends a batch, and where the request as a whole is refused, each finding alone, so that the one that is wrong is known.
func apart(batch []delivery, send func([]delivery) outcome) outcome {
	o := send(batch)
	if !o.whole {
		return o
	}
	if len(batch) == 1 {
		o.refused = o.err.Error()
		return o
	}
	each := make([]entry, len(batch))
	for i := range batch {
		switch one := send(batch[i : i+1]); {
		case one.whole:
			each[i].refused = one.err.Error()
		case one.err != nil:
			each[i].problem = one.err.Error()
		default:
			each[i] = one.each[0]
		}
	}
	return outcome{each: each}
}

// do sends a request and reads the answer.
func (s *Service) do(d *Destination, r *http.Request) (status int, header http.Header, body []byte, err error) {
	client, err := s.clients.of(d)
	if err != nil {
		return 0, nil, nil, err
	}
	r.Header.Set("User-Agent", "Magpie")
	response, err := client.Do(r)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err // the URL may carry a token
		}
		return 0, nil, nil, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	return response.StatusCode, response.Header, body, err
}

// retryAfter reads how long the other side asks to be left alone.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if n, err := strconv.ParseInt(text, 10, 32); err == nil && n > 0 {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(text); err == nil && t.After(now) {
		return t.Sub(now)
	}
	return 0
}

// operation is where a service of AWS takes what is sent, and in which form.
type operation struct{ service, path, contentType, target string }

// signed makes a request with a signature of AWS.
func signed(ctx context.Context, d *Destination, secret string, o operation, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(d.Endpoint, "/")+o.path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", o.contentType)
	if o.target != "" {
		r.Header.Set("X-Amz-Target", o.target)
	}
	return r, sigv4.Sign(r, sigv4.Credentials{AccessKeyID: d.AccessKeyID, SecretAccessKey: secret}, d.SigningRegion, o.service, body, time.Now())
}

// wrongRequest are the errors that are about what was sent, and not about who sent it, or when.
var wrongRequest = []string{"ValidationException", "InvalidInputException", "SerializationException", "RequestEntityTooLarge"}

// apiError is an answer of AWS that is no success. What is wrong with the key or the bus is for the operator to mend, so it is
// tried again.
func apiError(status int, header http.Header, body []byte) outcome {
	var answer struct {
		Type    string `json:"__type"`
		Code    string `json:"Code"`
		Message string `json:"message"` // or Message: names are compared without regard to case
	}
	_ = json.Unmarshal(body, &answer) // where it is none, the status has to do
	code := answer.Type
	for _, c := range []string{answer.Code, header.Get("X-Amzn-Errortype")} {
		if code == "" {
			code = c
		}
	}
	if _, after, ok := strings.Cut(code, "#"); ok {
		code = after
	}
	code, _, _ = strings.Cut(code, ":")
	return outcome{
		err:        fmt.Errorf("answer %d %s %s", status, clip(code), clipTo(answer.Message, 200)),
		whole:      status == http.StatusRequestEntityTooLarge || slices.Contains(wrongRequest, code),
		retryAfter: retryAfter(header, time.Now()),
	}
}

type putEntry struct {
	Source       string
	DetailType   string
	Detail       string
	Time         int64
	EventBusName string   `json:",omitempty"`
	Resources    []string `json:",omitempty"`
}

// putEvents sends findings to an event bus.
func (s *Service) putEvents(ctx context.Context, d *Destination, secret string, batch []delivery) outcome {
	entries := make([]putEntry, len(batch))
	for i, x := range batch {
		detail, err := detail(x.finding)
		if err != nil {
			return outcome{err: err}
		}
		entries[i] = putEntry{Source: d.Source, DetailType: detailType, Detail: string(detail), Time: x.finding.UpdatedAt.Unix(), EventBusName: d.Bus}
	}
	body, err := json.Marshal(map[string]any{"Entries": entries})
	if err != nil {
		return outcome{err: err}
	}
	r, err := signed(ctx, d, secret, operation{"events", "/", "application/x-amz-json-1.1", "AWSEvents.PutEvents"}, body)
	if err != nil {
		return outcome{err: err}
	}
	status, header, answer, err := s.do(d, r)
	if err != nil {
		return outcome{err: err}
	}
	if status != http.StatusOK {
		return apiError(status, header, answer)
	}
	var out struct {
		FailedEntryCount int
		Entries          []struct{ EventID, ErrorCode, ErrorMessage string }
	}
	if err := json.Unmarshal(answer, &out); err != nil || len(out.Entries) != len(batch) {
		return outcome{err: errors.New("the answer is not that of PutEvents")}
	}
	o := outcome{each: make([]entry, len(batch))}
	for i, x := range out.Entries {
		said := strings.TrimSpace(clip(x.ErrorCode) + " " + clipTo(x.ErrorMessage, 200))
		switch x.ErrorCode {
		case "":
			o.each[i].ok = true
		case "MalformedDetail", "InvalidArgument", "ValidationException":
			o.each[i].refused = said
		default:
			o.each[i].problem = said
		}
	}
	return o
}

// importFindings sends findings to Security Hub.
func (s *Service) importFindings(ctx context.Context, d *Destination, secret string, batch []delivery) outcome {
	findings := make([]object, len(batch))
	for i, x := range batch {
		findings[i] = asffOf(macie2.AccountID(macie2.Deref(x.finding.AccountId)), d.ProductARN, x.finding)
		if *x.finding.Category == macie2.FindingCategoryClassification {
			findings[i]["AwsAccountId"] = string(d.Account) // who created the job has the finding
		}
	}
	body, err := json.Marshal(map[string]any{"Findings": findings})
	if err != nil {
		return outcome{err: err}
	}
	r, err := signed(ctx, d, secret, operation{"securityhub", "/findings/import", "application/json", ""}, body)
	if err != nil {
		return outcome{err: err}
	}
	status, header, answer, err := s.do(d, r)
	if err != nil {
		return outcome{err: err}
	}
	if status != http.StatusOK {
		return apiError(status, header, answer)
	}
	var out struct {
		FailedCount    *int
		SuccessCount   int
		FailedFindings []struct{ ID, ErrorCode, ErrorMessage string }
	}
	if err := json.Unmarshal(answer, &out); err != nil || out.FailedCount == nil {
		return outcome{err: errors.New("the answer is not that of BatchImportFindings")}
	}
	o := outcome{each: make([]entry, len(batch))}
	for i, x := range batch {
		o.each[i].ok = true
		for _, f := range out.FailedFindings {
			if f.ID != *x.finding.Id {
				continue
			}
			said := strings.TrimSpace(clip(f.ErrorCode) + " " + clipTo(f.ErrorMessage, 200))
			if f.ErrorCode == "InvalidInput" || f.ErrorCode == "InvalidInputException" {
				o.each[i] = entry{refused: said}
			} else {
				o.each[i] = entry{problem: said}
			}
		}
	}
	return o
}

// clients are HTTP clients, one for each certificate that operators gave.
type clients struct {
	mu   sync.Mutex
	byCA map[string]*http.Client
}

func (c *clients) of(d *Destination) (*http.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if client := c.byCA[d.CA]; client != nil {
		return client, nil
	}
	t := &http.Transport{
		Proxy:           http.ProxyFromEnvironment,
		DialContext:     (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second, Control: mayConnect}).DialContext,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, TLSHandshakeTimeout: 10 * time.Second,
		MaxIdleConnsPerHost: 2, IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true,
	}
	if d.CA != "" {
		roots, err := pool(d.CA)
		if err != nil {
			return nil, err
		}
		t.TLSClientConfig.RootCAs = roots
	}
	client := &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if c.byCA == nil {
		c.byCA = map[string]*http.Client{}
	}
	c.byCA[d.CA] = client
	return client, nil
}

// mayConnect refuses the addresses at which clouds tell machines their secrets. It is asked of each connection, so that it does not
// matter what a name stood for when the destination was added. Other private addresses are where destinations are.
func mayConnect(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("connect to %q: %w", address, err)
	}
	return s3.CheckAddress(to.Addr(), false)
}

func (c *clients) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, client := range c.byCA {
		client.CloseIdleConnections()
	}
}

func pool(ca string) (*x509.CertPool, error) {
	p := x509.NewCertPool()
	if !p.AppendCertsFromPEM([]byte(ca)) {
		return nil, bad("ca", "has no certificate in PEM")
	}
	return p, nil
}
