package cli

import (
	"fmt"
	"io"
	"net/http"
)

// Errors of endpoints that answer what no endpoint of the API does. They are final: asking again gives the same.
const (
	errElsewhere = finalError("it sends calls elsewhere, which is not followed: give the address itself with --endpoint-url")
	errEndless   = finalError("its answer is larger than that of any call")
)

// finalError is an error of an endpoint that no other try mends. Package onboard knows it by its method.
type finalError string

func (e finalError) Error() string { return string(e) }

// Final marks it.
func (finalError) Final() {}

// bounded is a transport of answers that are no redirects, and no larger than maxAnswer: what an endpoint answers decides neither whom
// a signed call goes to nor how much memory is taken.
type bounded struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		resp.Body.Close()
		return nil, fmt.Errorf("it answers %d: %w", resp.StatusCode, errElsewhere)
	}
	resp.Body = &boundedBody{resp.Body, maxAnswer}
	return resp, nil
}

// boundedBody is a body of so many bytes at most; what goes on is an error.
type boundedBody struct {
	io.ReadCloser
	left int
}

// Read implements io.Reader.
func (b *boundedBody) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left+1)])
	if n > b.left {
		n, err = b.left, errEndless
	}
	b.left -= n
	return n, err
}
