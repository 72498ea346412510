package macie2

import (
	"fmt"
	"time"
)

// Exception is the name of an error as clients see it, in x-amzn-ErrorType.
// Those of the contract are generated; the rest are what every AWS service
// answers before or beside its own contract.
//
// (The contract's ErrorCode is another thing: the reason inside an
// UnprocessedAccount.)
type Exception string

// The exceptions that any AWS service may answer before its own contract comes
// into play, as AWS names them.
const (
	MissingAuthenticationTokenException Exception = "MissingAuthenticationTokenException"
	IncompleteSignatureException        Exception = "IncompleteSignatureException"
	InvalidSignatureException           Exception = "InvalidSignatureException"
	UnrecognizedClientException         Exception = "UnrecognizedClientException"
	ExpiredTokenException               Exception = "ExpiredTokenException"
	OptInRequired                       Exception = "OptInRequired" // the account cannot use the service
	UnknownOperationException           Exception = "UnknownOperationException"
	MethodNotAllowedException           Exception = "MethodNotAllowedException"
	RequestTimeoutException             Exception = "RequestTimeoutException"
	RequestEntityTooLargeException      Exception = "RequestEntityTooLargeException"
	UnsupportedMediaTypeException       Exception = "UnsupportedMediaTypeException"
	MalformedQueryStringException       Exception = "MalformedQueryStringException"
	MalformedHttpRequestException       Exception = "MalformedHttpRequestException"
	NotImplementedException             Exception = "NotImplementedException"     // not built yet
	ServiceUnavailableException         Exception = "ServiceUnavailableException" // SDKs try again

	// Those of tokens by which somebody assumes a role. STS calls an expired one as other protocols
	// call expired credentials.
	InvalidIdentityToken  Exception = "InvalidIdentityToken"
	ExpiredIdentityToken  Exception = "ExpiredIdentityToken"
	IDPCommunicationError Exception = "IDPCommunicationError"
)

var commonStatus = map[Exception]int{
	MissingAuthenticationTokenException: 403,
	IncompleteSignatureException:        403,
	InvalidSignatureException:           403,
	UnrecognizedClientException:         403,
	ExpiredTokenException:               403,
	OptInRequired:                       403,
	UnknownOperationException:           404,
	MethodNotAllowedException:           405,
	RequestTimeoutException:             408,
	RequestEntityTooLargeException:      413,
	UnsupportedMediaTypeException:       415,
	MalformedQueryStringException:       400,
	MalformedHttpRequestException:       400,
	NotImplementedException:             501,
	ServiceUnavailableException:         503,
	InvalidIdentityToken:                400,
	ExpiredIdentityToken:                400,
	IDPCommunicationError:               400,
}

// HTTPStatus returns the status that goes with e: the contract's for its own
// exceptions (402 for ServiceQuotaExceededException), AWS's for the common ones,
// and 500 for a name that is not known here.
func (e Exception) HTTPStatus() int {
	if status, ok := contractStatus[e]; ok {
		return status
	}
	if status, ok := commonStatus[e]; ok {
		return status
	}
	return 500
}

// Error is an error that a client may see: one of the contract's exceptions
// with its text. Any other error is internal, and the client gets a bland 500.
type Error struct {
	Code    Exception
	Message string
	// Reason is what an exception of Organizations says beside its text, in a member of its own.
	Reason string
	// RetryAfter, when above zero, tells the client how long to wait.
	RetryAfter time.Duration
}

func (e *Error) Error() string {
	return string(e.Code) + ": " + e.Message
}

func newError(code Exception, format string, args []any) *Error {
	message := format
	if len(args) > 0 {
		message = fmt.Sprintf(format, args...)
	}
	return &Error{Code: code, Message: message}
}

// ErrValidation says that the request breaks a rule: 400.
func ErrValidation(format string, args ...any) *Error {
	return newError(ValidationException, format, args)
}

// ErrAccessDenied says that the caller may not do this: 403.
func ErrAccessDenied(format string, args ...any) *Error {
	return newError(AccessDeniedException, format, args)
}

// ErrNotFound says that there is no such resource: 404.
func ErrNotFound(format string, args ...any) *Error {
	return newError(ResourceNotFoundException, format, args)
}

// ErrConflict says that the state of things does not allow this: 409.
func ErrConflict(format string, args ...any) *Error {
	return newError(ConflictException, format, args)
}

// ErrQuota says that this would exceed a quota: 402.
func ErrQuota(format string, args ...any) *Error {
	return newError(ServiceQuotaExceededException, format, args)
}

// ErrUnprocessable says that the request is well formed but cannot be done: 422.
func ErrUnprocessable(format string, args ...any) *Error {
	return newError(UnprocessableEntityException, format, args)
}

// ErrThrottled says that there were too many requests: 429, in the words that
// SDKs know, to be tried again after retryAfter if that is above zero.
func ErrThrottled(retryAfter time.Duration) *Error {
	return &Error{Code: ThrottlingException, Message: "Rate exceeded", RetryAfter: retryAfter}
}

// ErrBusy says that this node cannot do this now, and that another one, or this one a little later,
// may: 503.
func ErrBusy(format string, args ...any) *Error {
	e := newError(ServiceUnavailableException, format, args)
	e.RetryAfter = time.Second
	return e
}

// ErrInternal is what a client gets to see of an internal error: 500. The story
// belongs in the log.
func ErrInternal() *Error {
	return &Error{Code: InternalServerException, Message: "The request failed because of an internal error. Try again; if it fails again, give the request id to whoever runs this server."}
}

// ErrUnrecognizedClient says that the access key or the session token is not one
// of ours: 403.
func ErrUnrecognizedClient() *Error {
	return &Error{Code: UnrecognizedClientException, Message: "The security token included in the request is invalid."}
}

// ErrExpiredToken says that the session has ended: 403.
func ErrExpiredToken() *Error {
	return &Error{Code: ExpiredTokenException, Message: "The security token included in the request is expired"}
}

// ErrSuspended says that the caller's account is suspended: 403. It is not an
// AccessDeniedException, which clients take for "Macie is not enabled".
func ErrSuspended(account AccountID) *Error {
	return newError(OptInRequired, "The account %s is suspended.", []any{account})
}

// ErrRegionDisabled says that the Region is disabled for the caller's account: 403,
// and no AccessDeniedException for the same reason.
func ErrRegionDisabled(account AccountID, region string) *Error {
	return newError(OptInRequired, "The Region %s is disabled for the account %s.", []any{region, account})
}

// ErrNotImplemented says that operation is in the contract but not built yet: 501.
func ErrNotImplemented(operation string) *Error {
	return &Error{Code: NotImplementedException, Message: "The operation " + operation + " is not implemented yet by this server."}
}
