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
	ErrSuspended     = errors.New("the account is suspended")
	ErrNoKey         = errors.New("no such access key")
	ErrNoRole        = errors.New("no such role")
	ErrRoleExists    = errors.New("the role exists already")
	ErrInvalid       = errors.New("invalid")

	ErrNoOrganization       = errors.New("the account is in no organization")
	ErrOrganizationExists   = errors.New("the account is in an organization already")
	ErrOrganizationNotEmpty = errors.New("the organization has other accounts than its management account")
	ErrNotManagement        = errors.New("the account is not the management account of an organization")
	ErrManagement           = errors.New("the account is the management account of its organization")
	ErrNotInOrganization    = errors.New("the account is not in the organization")
	ErrDelegate             = errors.New("the account acts for its organization as a delegated administrator")
	ErrDelegateExists       = errors.New("the account is registered as a delegated administrator already")
	ErrNoDelegate           = errors.New("the account is not registered as a delegated administrator")
	ErrNoServiceAccess      = errors.New("the organization does not trust the service")
	ErrTooManyServices      = errors.New("the organization trusts as many services as it can")
	ErrTooManyDelegates     = errors.New("the service has as many delegated administrators as it can")
)

// isUnrecognized says whether err is the answer to an unknown key.
func isUnrecognized(err error) bool {
	var e *macie2.Error
	return errors.As(err, &e) && e.Code == macie2.UnrecognizedClientException
}
