package s3

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"magpie/internal/inventory/objectstore"
)

// kinds tells what the codes of stores mean. Codes decide before statuses do.
var kinds = map[string]error{
	"NoSuchBucket": objectstore.ErrNoBucket, "NoSuchKey": objectstore.ErrNoObject, "NoSuchVersion": objectstore.ErrNoObject,
	"AccessDenied": objectstore.ErrDenied, "AllAccessDisabled": objectstore.ErrDenied, "AccountProblem": objectstore.ErrDenied,
	"InvalidAccessKeyId": objectstore.ErrCredentials, "SignatureDoesNotMatch": objectstore.ErrCredentials,
	"ExpiredToken": objectstore.ErrCredentials, "InvalidToken": objectstore.ErrCredentials, "TokenRefreshRequired": objectstore.ErrCredentials,
	"XAdminUserNotFound": objectstore.ErrCredentials, // versitygw, of a key that there is not
	"InvalidSecurity":    objectstore.ErrCredentials, "NotSignedUp": objectstore.ErrCredentials, "UserSuspended": objectstore.ErrCredentials,
	"RequestTimeTooSkewed": objectstore.ErrClock, "RequestExpired": objectstore.ErrClock,
	"AuthorizationHeaderMalformed": objectstore.ErrRegion, "PermanentRedirect": objectstore.ErrRegion,
	"IllegalLocationConstraintException": objectstore.ErrRegion, "TemporaryRedirect": objectstore.ErrRegion,
	"PreconditionFailed": objectstore.ErrChanged,
	"SlowDown":           objectstore.ErrThrottled, "Throttling": objectstore.ErrThrottled, "ThrottlingException": objectstore.ErrThrottled,
	"RequestLimitExceeded": objectstore.ErrThrottled, "TooManyRequests": objectstore.ErrThrottled, "BandwidthLimitExceeded": objectstore.ErrThrottled,
	"SlowDownRead": objectstore.ErrThrottled, "SlowDownWrite": objectstore.ErrThrottled,
	"NotImplemented": objectstore.ErrNotSupported, "MethodNotAllowed": objectstore.ErrNotSupported,
	"InvalidObjectState": objectstore.ErrArchived, "InvalidRange": objectstore.ErrRange,
}

// absent are the codes that say that a bucket has no such setting. Any other error leaves it unknown.
var absent = map[string]bool{
	"NoSuchBucketPolicy": true, "NoSuchPublicAccessBlockConfiguration": true, "NoSuchTagSet": true, "NoSuchTagSetError": true,
	"ServerSideEncryptionConfigurationNotFoundError": true, "ReplicationConfigurationNotFoundError": true,
}

// maxErrorBody bounds what is read of an error.
const maxErrorBody = 64 << 10

// readError reads what a store answered instead of success.
func readError(r request, response *http.Response) error {
	e := &objectstore.Error{Call: r.call, Status: response.StatusCode}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxErrorBody))
	if err == nil && r.method != http.MethodHead {
		if root, err := parseTree(body, treeLimit); err == nil && root.name == "Error" {
			e.Code = word(root.child("Code").text)
			e.Detail = clean(root.child("Message").text)
		} else if root := root.find("Error"); root != nil { // ErrorResponse, as AWS's control interface writes it
			e.Code, e.Detail = word(root.child("Code").text), clean(root.child("Message").text)
		}
	}
	e.RetryAfter = retryAfter(response.Header.Get("Retry-After"))
	e.Kind = kindOf(r, e)
	return e
}

func kindOf(r request, e *objectstore.Error) error {
	kind, known := kinds[e.Code]
	switch {
	case known:
		return kind
	case strings.HasPrefix(e.Code, "KMS."):
		return objectstore.ErrKMS
	}
	switch e.Status {
	case http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusPermanentRedirect, http.StatusFound:
		return objectstore.ErrRegion
	case http.StatusForbidden, http.StatusUnauthorized:
		return objectstore.ErrDenied
	case http.StatusNotFound:
		switch {
		case r.key != "":
			return objectstore.ErrNoObject
		case len(r.query) == 0 && r.bucket != "":
			return objectstore.ErrNoBucket
		}
	case http.StatusPreconditionFailed:
		return objectstore.ErrChanged
	case http.StatusRequestedRangeNotSatisfiable:
		return objectstore.ErrRange
	case http.StatusNotImplemented, http.StatusMethodNotAllowed:
		return objectstore.ErrNotSupported
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return objectstore.ErrThrottled
	case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway, http.StatusGatewayTimeout:
		return objectstore.ErrUnavailable
	case http.StatusBadRequest:
		// A plain read of an object that is refused as malformed: it needs its owner's key. Stores give it various codes.
		if r.key != "" && len(r.query) == 0 && (r.method == "" || r.method == http.MethodHead) {
			return objectstore.ErrCustomerKey
		}
	}
	if e.Status >= 500 {
		return objectstore.ErrUnavailable
	}
	return objectstore.ErrWrongAnswer
}

// retryAfter reads the header of that name: seconds, or a date.
func retryAfter(text string) time.Duration {
	if n, err := strconv.Atoi(text); err == nil && n > 0 {
		return time.Duration(min(n, 3600)) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, min(time.Until(at), time.Hour))
	}
	return 0
}

// word keeps of a code what a code may have.
func word(s string) string {
	if len(s) > 100 || strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '_' || r == '-')
	}) {
		return ""
	}
	return s
}

// clean makes a stranger's text fit to be shown: a line of printable characters, not too long.
func clean(s string) string {
	if isClean(s) {
		return s
	}
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "?"), func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	if runes := []rune(s); len(runes) > 200 {
		s = string(runes[:200]) + "…"
	}
	return s
}

// isClean reports whether there is nothing to clean in a text, without looking further than at ASCII.
func isClean(s string) bool {
	blank := true // what comes before the text, or follows a blank
	for i := range len(s) {
		if s[i] == ' ' && blank || s[i] < ' ' || s[i] > '~' {
			return false
		}
		blank = s[i] == ' '
	}
	return len(s) <= 200 && (!blank || s == "")
}
