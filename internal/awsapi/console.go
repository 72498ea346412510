package awsapi

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"magpie/internal/macie2"
)

type consoleKey struct{}

// FromConsole returns a context that marks a request as made for a page of the web console. Nothing
// that a client sends can set the mark.
func FromConsole(ctx context.Context) context.Context {
	return context.WithValue(ctx, consoleKey{}, true)
}

func fromConsole(ctx context.Context) bool {
	marked, _ := ctx.Value(consoleKey{}).(bool)
	return marked
}

// TakeBody reads the body of a request to a plain path, of up to most bytes, within the same bounds
// of time and room as that of a signed call. Once read it counts for the account, if the caller is
// known to be of one, until release is called; the bytes are good until then. An error is a
// *macie2.Error.
func (s *Server) TakeBody(w http.ResponseWriter, r *http.Request, most int64, account macie2.AccountID) (body []byte, release func(), err error) {
	x := &exchange{w: w, r: r, ctx: r.Context(), most: most, buffer: buffers.Get().(*buffer)}
	release = func() {
		x.claim.Release()
		x.buffer.free()
	}
	if err = s.readBody(x); err == nil && account != "" {
		x.call = &macie2.Call{Account: account}
		err = s.keepBody(x.ctx, x)
	}
	if err != nil {
		release()
		return nil, nil, err
	}
	return x.body, release, nil
}

// heldBody is a body that is in memory and counts already.
type heldBody struct {
	bytes []byte
	io.Reader
}

func (*heldBody) Close() error { return nil }

// HeldBody returns the body of a request that is made in the process. Its bytes are in memory
// already: they are neither copied nor counted again.
func HeldBody(b []byte) io.ReadCloser { return &heldBody{b, bytes.NewReader(b)} }
