package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
)

// SigningKey is a secret access key, bound to a day, a Region and a service.
// Deriving one costs four HMACs, so callers keep it. It prints redacted.
type SigningKey [sha256.Size]byte

// DeriveKey derives the signing key of a credential scope; date is YYYYMMDD.
func DeriveKey(secret, date, region, service string) SigningKey {
	key := mac([]byte("AWS4"+secret), date)
	key = mac(key[:], region)
	key = mac(key[:], service)
	return mac(key[:], terminator)
}

func mac(key []byte, data string) (out SigningKey) {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(data))
	h.Sum(out[:0])
	return out
}

// Format keeps the key out of everything that is printed.
func (SigningKey) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[redacted]") }

// LogValue keeps the key out of logs.
func (SigningKey) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// Verify says whether the request was signed with key and has not been changed
// since. bodySHA256 is the hash of the body as received. The comparison takes
// the same time whatever the signature is. The error is an *Error.
func (s *Signature) Verify(key SigningKey, r *http.Request, bodySHA256 [32]byte) error {
	if err := checkPayload(r, &bodySHA256); err != nil {
		return err
	}
	var buf [1536]byte
	want, err := s.compute(buf[:0], key, r, &bodySHA256)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(want[:], s.signature[:]) != 1 {
		return invalid(mismatch)
	}
	return nil
}

// compute makes the signature of r in the scope of s.
func (s *Signature) compute(buf []byte, key SigningKey, r *http.Request, payload *[32]byte) (SigningKey, error) {
	canonical, err := appendCanonical(buf, r, s.SignedHeaders, payload)
	if err != nil {
		return SigningKey{}, err
	}
	hash := sha256.Sum256(canonical)
	b := append(canonical[:0], algorithm+"\n"...)
	b = append(b, s.stamp...)
	b = append(b, '\n')
	b = s.appendScope(b)
	b = append(b, '\n')
	b = hex.AppendEncode(b, hash[:])
	h := hmac.New(sha256.New, key[:])
	h.Write(b)
	var out SigningKey
	h.Sum(out[:0])
	return out, nil
}

func (s *Signature) appendScope(b []byte) []byte {
	for _, part := range [...]string{s.Date, s.Region, s.Service} {
		b = append(b, part...)
		b = append(b, '/')
	}
	return append(b, terminator...)
}

// checkPayload holds x-amz-content-sha256, where a client sends it, against the
// body that came. There is no unsigned payload: what is not signed could be
// changed by anyone on the way.
func checkPayload(r *http.Request, body *[32]byte) error {
	value := r.Header.Get("X-Amz-Content-Sha256")
	if value == "" {
		return nil
	}
	var claimed [32]byte
	if !decodeLowerHex(claimed[:], value) {
		return invalid("The value '%s' of x-amz-content-sha256 is not supported: it must be the SHA-256 of the payload in lower-case hexadecimal; unsigned and streamed payloads are not accepted.", printable(value))
	}
	if claimed != *body {
		return invalid("The provided 'x-amz-content-sha256' header does not match what was computed. %s", mismatch)
	}
	return nil
}
