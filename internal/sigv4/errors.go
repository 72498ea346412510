package sigv4

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
)

// The exception names a refused signature can carry, as AWS spells them.
const (
	CodeMissingToken        = "MissingAuthenticationTokenException"
	CodeIncompleteSignature = "IncompleteSignatureException"
	CodeInvalidSignature    = "InvalidSignatureException"
	CodeMalformedQuery      = "MalformedQueryStringException"
)

// mismatch is the sentence AWS answers to a wrong signature, whatever made it wrong.
const mismatch = "The request signature we calculated does not match the signature you provided. " +
	"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."

// Error is a signature refused. Code is the exception's name and Message the
// text for the client; neither ever holds a signature, a secret or a token.
type Error struct {
	Code    string
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// HTTPStatus is the status AWS sends with the exception: 403 for everything
// that concerns who is asking, 400 where the request itself cannot be read.
func (e *Error) HTTPStatus() int {
	if e.Code == CodeMalformedQuery {
		return http.StatusBadRequest
	}
	return http.StatusForbidden
}

func incomplete(format string, args ...any) *Error {
	return &Error{Code: CodeIncompleteSignature, Message: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) *Error {
	return &Error{Code: CodeInvalidSignature, Message: fmt.Sprintf(format, args...)}
}

// fingerprint stands for an Authorization header in a message. AWS stopped
// echoing the header itself and sends its hash, by which a client can still
// tell which of its headers was meant.
func fingerprint(header string) string {
	sum := sha256.Sum256([]byte(header))
	return "(Hashed with SHA-256 and encoded with Base64) Authorization=" + base64.StdEncoding.EncodeToString(sum[:])
}

// printable makes a piece of a stranger's header safe to repeat: short and
// plain ASCII, or not at all.
func printable(s string) string {
	const most = 64
	if len(s) > most {
		return "…"
	}
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return "…"
		}
	}
	return s
}
