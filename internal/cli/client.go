package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/sigv4"
)

// maxAnswer bounds what is read of an answer, in bytes. The largest page of the API is a small fraction of it.
var maxAnswer = 16 << 20 // tests make it less

// Client makes signed calls to one endpoint in one Region.
type Client struct {
	Endpoint    string // scheme, host and perhaps port
	Region      string
	Credentials sigv4.Credentials
	HTTP        *http.Client // nil means one with the usual transport, bounded
	Now         func() time.Time
}

var usualClient = &http.Client{Transport: bounded{http.DefaultTransport}}

// APIError is an error that the server answered.
type APIError struct {
	Status    int
	Code      string // the exception, such as AccessDeniedException
	Message   string
	RequestID string
}

func (e *APIError) Error() string { return e.Code + ": " + e.Message }

// Call sends one request, with in as its JSON body unless it is nil, and decodes the answer into out. An error that the server answered
// is an *APIError.
func (c *Client) Call(ctx context.Context, method, path string, query url.Values, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
	}
	target := strings.TrimSuffix(c.Endpoint, "/") + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("endpoint %q: %w", c.Endpoint, err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("User-Agent", "magpie")
	now := time.Now
	if c.Now != nil {
		now = c.Now
	}
	if err := sigv4.Sign(req, c.Credentials, c.Region, macie2.SigningName, body, now()); err != nil {
		return fmt.Errorf("sign request: %w", err)
	}
	resp, err := cmp.Or(c.HTTP, usualClient).Do(req)
	if err != nil {
		return unreachable(c.Endpoint, errors.Unwrap(err))
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("read answer of %s: %w", c.Endpoint, err)
	}
	if resp.StatusCode >= 300 {
		return readError(resp, answer)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("answer of %s is not what was asked for: %w", c.Endpoint, err)
	}
	return nil
}

func readError(resp *http.Response, answer []byte) error {
	e := &APIError{Status: resp.StatusCode, RequestID: resp.Header.Get("X-Amzn-Requestid")}
	e.Code, _, _ = strings.Cut(resp.Header.Get("X-Amzn-Errortype"), ":")
	var body struct{ Message string }
	if json.Unmarshal(answer, &body) == nil {
		e.Message = body.Message
	}
	if e.Code == "" {
		e.Code = resp.Status
		e.Message = cmp.Or(e.Message, "the endpoint does not seem to speak the Macie API")
	}
	return e
}
