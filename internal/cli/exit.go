package cli

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"syscall"

	"github.com/aws/smithy-go"
)

// The exit codes of the client verbs. Scripts may rely on them.
const (
	ExitDone        = 0   // everything that was asked for is so
	ExitFailed      = 1   // could not be done: no endpoint, no credentials, no permission for what comes first
	ExitRefused     = 2   // the command line or the file is wrong; nothing was sent
	ExitPartly      = 3   // done for some accounts and not for others; the report says which and why
	ExitService     = 4   // the service refused the call of an operation verb
	ExitDifferences = 5   // with --exit-code: not all is as it should be
	ExitInterrupted = 130 // stopped by Ctrl-C or SIGTERM; what was done is kept, and the run can be resumed
)

// codedError is an error with the code to exit with.
type codedError struct {
	code int
	err  error
}

func (e *codedError) Error() string { return e.err.Error() }
func (e *codedError) Unwrap() error { return e.err }

// ExitCode is what the program ends with.
func (e *codedError) ExitCode() int { return e.code }

// withCode gives err an exit code. A nil err stays nil.
func withCode(code int, err error) error {
	if err == nil {
		return nil
	}
	return &codedError{code, err}
}

// refused is an error in what was asked for, found before anything was sent.
func refused(format string, args ...any) error {
	return &codedError{ExitRefused, fmt.Errorf(format, args...)}
}

// serviceError puts what went wrong with a call in words: the service's own, as the AWS CLI gives them, with what to do next.
func serviceError(operation, region string, err error) error {
	var form smithy.InvalidParamsError
	if errors.As(err, &form) {
		lines := make([]string, 0, form.Len())
		for _, e := range form.Errs() {
			lines = append(lines, e.Error())
		}
		return refused("%s: %s", operation, strings.Join(lines, "; "))
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return fmt.Errorf("%s: %w", operation, plain(err))
	}
	text := fmt.Sprintf("An error occurred (%s) when calling the %s operation: %s", api.ErrorCode(), operation, api.ErrorMessage())
	if hint := hintFor(api, region); hint != "" {
		text += "\n" + hint
	}
	return withCode(ExitService, errors.New(text))
}

// plain drops the SDK's wrapping of an error that is not the service's: the operation is named already, and what is left says what failed.
func plain(err error) error {
	var send *url.Error
	if errors.As(err, &send) {
		if u, parseErr := url.Parse(send.URL); parseErr == nil {
			return unreachable(u.Scheme+"://"+u.Host, send.Err)
		}
	}
	var op *smithy.OperationError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// unreachable says that nothing answered at an endpoint.
func unreachable(endpoint string, err error) error {
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("cannot reach %s: %w\nhint: is magpie serve running at %[1]s?", endpoint, err)
	}
	return fmt.Errorf("cannot reach %s: %w", endpoint, err)
}

// hintFor says what usually helps.
func hintFor(api smithy.APIError, region string) string {
	message := api.ErrorMessage()
	switch code := api.ErrorCode(); {
	case code == "AccessDeniedException" && strings.HasPrefix(message, "Macie is not enabled"):
		return "hint: enable it for this account in " + region + ": magpie enable-macie --region " + region
	case code == "InvalidSignatureException" || code == "SignatureDoesNotMatch":
		return "hint: the endpoint knows the access key, but the secret does not belong to it, or this machine's clock is wrong"
	case code == "UnrecognizedClientException" || code == "InvalidClientTokenId":
		return "hint: the endpoint does not know these credentials; is --endpoint-url or --profile missing?"
	case code == "NotImplementedException":
		return "hint: this operation is not built in Magpie; docs/coverage.md and magpie operations say which are"
	case code == "ExpiredTokenException":
		return "hint: the session has ended; log in again, with aws sso login for instance"
	}
	return ""
}
