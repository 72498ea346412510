package objectstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// The kinds of errors, for errors.Is.
var (
	ErrNoBucket     = errors.New("there is no such bucket")
	ErrNoObject     = errors.New("there is no such object")
	ErrDenied       = errors.New("access denied")
	ErrCredentials  = errors.New("the store does not accept the credentials")
	ErrClock        = errors.New("the clocks of this machine and of the store differ too much")
	ErrRegion       = errors.New("the bucket or the signature belongs to another region of the store")
	ErrChanged      = errors.New("the object has changed")
	ErrThrottled    = errors.New("the store asks for fewer requests")
	ErrNotSupported = errors.New("the store does not implement this")
	ErrArchived     = errors.New("the object's storage class does not allow reading it")
	ErrCustomerKey  = errors.New("the object is encrypted with a key that only its owner has")
	ErrKMS          = errors.New("the key that the object is encrypted with cannot be used")
	ErrRange        = errors.New("the object has no such part")
	ErrWrongAnswer  = errors.New("the store's answer is not what was asked for")
	ErrUnreachable  = errors.New("the store cannot be reached")
	ErrCertificate  = errors.New("the store's certificate is not trusted")
	ErrForbidden    = errors.New("the address may not be used for a store")
	ErrUnavailable  = errors.New("the store failed")
)

// Error is what a store, or the way to it, answered instead of a result.
type Error struct {
	Kind   error  // one of the kinds above
	Call   string // GetBucketPolicy
	Code   string // the store's own, such as NoSuchBucketPolicy; "" if it gave none
	Status int    // of HTTP; 0 without an answer
	Detail string // for people; never what was sent
	// RetryAfter is what the store asked for.
	RetryAfter time.Duration
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %v", e.Call, e.Kind)
	var more []string
	if e.Status != 0 {
		more = append(more, fmt.Sprintf("status %d", e.Status))
	}
	if e.Code != "" {
		more = append(more, e.Code)
	}
	if e.Detail != "" {
		more = append(more, e.Detail)
	}
	if len(more) > 0 {
		fmt.Fprintf(&b, " (%s)", strings.Join(more, ", "))
	}
	return b.String()
}

// Unwrap makes errors.Is find the kind.
func (e *Error) Unwrap() error { return e.Kind }

// CodeOf is the store's own code of an error, or "".
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

// OutcomeOf is the outcome of a call that returned err.
func OutcomeOf(err error) Outcome {
	switch {
	case err == nil:
		return Works
	case errors.Is(err, ErrNotSupported):
		return NotImplemented
	case errors.Is(err, ErrDenied), errors.Is(err, ErrCredentials):
		return NotPermitted
	case errors.Is(err, ErrWrongAnswer):
		return WrongAnswer
	case errors.Is(err, ErrThrottled):
		return Throttled
	default:
		return Failed
	}
}

// Passing reports whether a call that returned err may succeed when it is tried again: the fault is the way's or the moment's, and not
// the call's own.
func Passing(err error) bool {
	for _, kind := range []error{ErrThrottled, ErrUnreachable, ErrUnavailable, context.DeadlineExceeded} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}
