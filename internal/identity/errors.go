package identity

import (
	"errors"

	"magpie/internal/macie2"
)

// Errors of administration, wrapped in what was asked for. (Answers to clients
// are *macie2.Error.)
var (
	ErrNoAccount     = errors.New("no such account")
	ErrAccountExists = errors.New("the account exists already")
	ErrClosed        = errors.New("the account is closed")
	ErrNoKey         = errors.New("no such access key")
	ErrNoRole        = errors.New("no such role")
	ErrRoleExists    = errors.New("the role exists already")
	ErrInvalid       = errors.New("invalid")
)

// isUnrecognized says whether err is the answer to an unknown key.
func isUnrecognized(err error) bool {
	var e *macie2.Error
	return errors.As(err, &e) && e.Code == macie2.UnrecognizedClientException
}
