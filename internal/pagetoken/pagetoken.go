// Package pagetoken owns the nextToken of paged operations: an opaque, authenticated cursor.
//
// A token says where the next page begins, in the terms of the list's own order, so that a page
// survives what is inserted or deleted between two calls. It is bound to the account, the Region,
// the operation and the filters it was issued for: anything else, and anything that was altered, is
// refused with [ErrInvalid]. It carries no secret, and it never expires, since a cursor into an
// ordered list does not go stale.
package pagetoken

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
)

// ErrInvalid is returned for every token that was not issued for exactly this list.
var ErrInvalid = errors.New("the page token was not issued for this list")

const (
	macSize = 16
	// MaxLength bounds what Open looks at, in bytes.
	MaxLength = 1024
)

// Issuer makes and checks tokens under one key. Every node of a deployment has the same key.
type Issuer struct {
	key []byte
}

// New returns an issuer. The key is a secret of at least 16 bytes, shared by all nodes.
func New(key []byte) *Issuer {
	return &Issuer{key: key}
}

// List names what a token is good for.
type List struct {
	Account   string // the caller
	Region    string
	Operation string
	Filters   string // whatever narrows or orders the list, spelled the same way for every page
}

// Seal makes the token for the page that begins after the entry with these sort keys.
func (i *Issuer) Seal(list List, after ...string) string {
	body := appendParts(nil, after)
	return base64.RawURLEncoding.EncodeToString(append(i.mac(list, body), body...))
}

// Open returns the sort keys that Seal was given; there are exactly n of them.
func (i *Issuer) Open(list List, token string, n int) ([]string, error) {
	if len(token) > MaxLength {
		return nil, ErrInvalid
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) < macSize {
		return nil, ErrInvalid
	}
	mac, body := raw[:macSize], raw[macSize:]
	if !hmac.Equal(mac, i.mac(list, body)) {
		return nil, ErrInvalid
	}
	parts, ok := splitParts(body)
	if !ok || len(parts) != n {
		return nil, ErrInvalid
	}
	return parts, nil
}

func (i *Issuer) mac(list List, body []byte) []byte {
	h := hmac.New(sha256.New, i.key)
	h.Write(appendParts(nil, []string{"page token v1", list.Account, list.Region, list.Operation, list.Filters}))
	h.Write(body)
	return h.Sum(nil)[:macSize]
}

// appendParts writes each part behind its length, so that no two lists of parts look alike.
func appendParts(b []byte, parts []string) []byte {
	for _, p := range parts {
		b = binary.AppendUvarint(b, uint64(len(p)))
		b = append(b, p...)
	}
	return b
}

func splitParts(b []byte) ([]string, bool) {
	var parts []string
	for len(b) > 0 {
		n, used := binary.Uvarint(b)
		if used <= 0 || n > uint64(len(b)-used) {
			return nil, false
		}
		parts = append(parts, string(b[used:used+int(n)]))
		b = b[used+int(n):]
	}
	return parts, true
}
