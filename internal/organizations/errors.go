package organizations

import (
	"errors"
	"net/http"
	"strconv"

	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/store"
)

// The exceptions of Organizations that Macie's contract has not.
const (
	NotInUseException          macie2.Exception = "AWSOrganizationsNotInUseException"
	AccountNotFoundException   macie2.Exception = "AccountNotFoundException"
	AlreadyRegisteredException macie2.Exception = "AccountAlreadyRegisteredException"
	NotRegisteredException     macie2.Exception = "AccountNotRegisteredException"
	ConstraintException        macie2.Exception = "ConstraintViolationException"
	InvalidInputException      macie2.Exception = "InvalidInputException"
	ConcurrentException        macie2.Exception = "ConcurrentModificationException"
	SerializationException     macie2.Exception = "SerializationException" // of every service that speaks JSON 1.1
	TooManyRequestsException   macie2.Exception = "TooManyRequestsException"
	ServiceException           macie2.Exception = "ServiceException"
)

// refusal is the body of an error.
type refusal struct {
	Type    macie2.Exception `json:"__type"`
	Message string
	Reason  string `json:",omitzero"`
}

// nameOf is what Organizations calls an exception.
func nameOf(code macie2.Exception) macie2.Exception {
	switch code {
	case macie2.ThrottlingException:
		return TooManyRequestsException
	case macie2.InternalServerException:
		return ServiceException
	case macie2.ValidationException:
		return InvalidInputException
	}
	return code
}

// status is 400 for what the client can mend, whatever it is, as in every service that speaks JSON
// 1.1. The rest keep theirs: they say something of HTTP, of this server, or of the account.
func status(name macie2.Exception) int {
	switch name {
	case ServiceException:
		return http.StatusInternalServerError
	case macie2.NotImplementedException, macie2.MethodNotAllowedException, macie2.RequestTimeoutException, macie2.OptInRequired,
		macie2.RequestEntityTooLargeException, macie2.UnsupportedMediaTypeException:
		return name.HTTPStatus()
	}
	return http.StatusBadRequest
}

func errNotAllowed() error {
	return macie2.ErrAccessDenied("You don't have permissions to access this resource.")
}

func errInput(reason, message string) error {
	return &macie2.Error{Code: InvalidInputException, Message: message, Reason: reason}
}

// exceptions are what the directory's refusals are to a client, and a race that was lost again and
// again. The texts are those that were observed on AWS, or are in its reference; where neither has
// one, ours.
var exceptions = []struct {
	err error
	as  macie2.Error
}{
	{identity.ErrNoOrganization, macie2.Error{Code: NotInUseException, Message: "Your account is not a member of an organization."}},
	{identity.ErrNotManagement, macie2.Error{Code: macie2.AccessDeniedException, Message: "You don't have permissions to access this resource."}},
	{identity.ErrNotInOrganization, macie2.Error{Code: AccountNotFoundException, Message: "You specified an account that doesn't exist."}},
	{identity.ErrDelegateExists, macie2.Error{Code: AlreadyRegisteredException, Message: "The provided account is already a delegated administrator for your organization."}},
	{identity.ErrNoDelegate, macie2.Error{Code: NotRegisteredException, Message: "The provided account is not a registered delegated administrator for your organization."}},
	{identity.ErrManagement, macie2.Error{Code: ConstraintException, Reason: "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR",
		Message: "You cannot register management account/yourself as delegated administrator for your organization."}},
	{identity.ErrSuspended, errNotActive}, {identity.ErrClosed, errNotActive},
	{identity.ErrNoServiceAccess, macie2.Error{Code: ConstraintException, Reason: "SERVICE_ACCESS_NOT_ENABLED",
		Message: "You attempted to register a delegated administrator before you enabled service access. Call the EnableAWSServiceAccess API first."}},
	{identity.ErrTooManyDelegates, macie2.Error{Code: ConstraintException, Reason: "MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED",
		Message: "You attempted to register more delegated administrators than allowed for the service principal: " + strconv.Itoa(identity.MaxDelegates) + "."}},
	{store.ErrConflict, macie2.Error{Code: ConcurrentException,
		Message: "The target of the operation is currently being modified by a different request. Try again later."}},
	{identity.ErrTooManyServices, macie2.Error{Code: ConstraintException,
		Message: "You attempted to enable access for more services than an organization can trust: " + strconv.Itoa(identity.MaxServices) + "."}},
}

var errNotActive = macie2.Error{Code: ConstraintException, Reason: "CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR",
	Message: "You cannot register a suspended account as a delegated administrator."}

// exception turns an error of the directory into what a client sees of it, and leaves every other
// as it is.
func exception(err error) error {
	var refused *macie2.Error
	if errors.As(err, &refused) {
		return err
	}
	for _, x := range exceptions {
		if errors.Is(err, x.err) {
			return &x.as
		}
	}
	return err
}
