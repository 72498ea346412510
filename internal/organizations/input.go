package organizations

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
)

// The inputs of the operations. What is absent, or null, is nil.
type (
	nothing      struct{}
	accountInput struct {
		AccountID *string `json:"AccountId"`
	}
	serviceInput struct {
		ServicePrincipal *string
	}
	delegateInput struct {
		accountInput
		serviceInput
	}
	pageInput struct {
		MaxResults *int64
		NextToken  *string
	}
	servicePageInput struct {
		serviceInput
		pageInput
	}
	accountPageInput struct {
		accountInput
		pageInput
	}
)

// decode reads a body, which is an object or, from clients that have nothing to say, empty.
func decode(body []byte, in any) error {
	if len(body) == 0 {
		return nil
	}
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' { // null would pass for an object otherwise
		return errSerialization("The request body must be a JSON object.")
	}
	err := json.Unmarshal(body, in)
	var semantic *json.SemanticError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jsontext.ErrDuplicateName):
		return errSerialization("The request body is not valid: a member is named twice.")
	case errors.As(err, &semantic) && semantic.JSONPointer != "":
		return errSerialization("The value of " + short(strings.TrimPrefix(string(semantic.JSONPointer), "/")) + " is not of the type that it must have.")
	}
	return errSerialization("The request body is not valid JSON in UTF-8.")
}

func errSerialization(message string) error {
	return &macie2.Error{Code: SerializationException, Message: message}
}

// account returns the account that must be named.
func (in accountInput) account() (macie2.AccountID, error) {
	if in.AccountID == nil {
		return "", errRequired("AccountId")
	}
	id, err := macie2.ParseAccountID(*in.AccountID)
	if err != nil {
		return "", errPattern("AccountId: 12 digits")
	}
	return id, nil
}

// servicePrincipal is what AWS's services are called. Which services there are is not asked: an
// organization may trust one that is younger than this program.
var servicePrincipal = regexp.MustCompile(`^([a-z0-9][a-z0-9-]*\.)+amazonaws\.com$`)

// principalPattern is what the reference says of the member, before it is looked at any closer.
var principalPattern = regexp.MustCompile(`^[\w+=,.@-]*$`)

const maxPrincipal = 128

// service returns the service that is named, "" if none is.
func (in serviceInput) service() (identity.ServicePrincipal, error) {
	if in.ServicePrincipal == nil {
		return "", nil
	}
	switch name := *in.ServicePrincipal; {
	case name == "":
		return "", errInput("MIN_LENGTH_EXCEEDED", "You provided a string parameter that is shorter than allowed. (ServicePrincipal: 1 character)")
	case len(name) > maxPrincipal:
		return "", errInput("MAX_LENGTH_EXCEEDED", fmt.Sprintf("You provided a string parameter that is longer than allowed. (ServicePrincipal: %d characters)", maxPrincipal))
	case !principalPattern.MatchString(name):
		return "", errPattern(`ServicePrincipal: [\w+=,.@-]*`)
	case !servicePrincipal.MatchString(name):
		return "", errInput("UNRECOGNIZED_SERVICE_PRINCIPAL", "You specified an unrecognized service principal. (It must be like macie.amazonaws.com)")
	default:
		return identity.ServicePrincipal(name), nil
	}
}

// requiredService returns the service that must be named.
func (in serviceInput) requiredService() (identity.ServicePrincipal, error) {
	if in.ServicePrincipal == nil {
		return "", errRequired("ServicePrincipal")
	}
	return in.service()
}

// both returns the account and the service, which both must be named.
func (in delegateInput) both() (macie2.AccountID, identity.ServicePrincipal, error) {
	id, err := in.account()
	if err != nil {
		return "", "", err
	}
	service, err := in.requiredService()
	return id, service, err
}

func errRequired(member string) error {
	return errInput("INPUT_REQUIRED", "You must include a value for all required parameters. ("+member+")")
}

func errPattern(what string) error {
	return errInput("INVALID_PATTERN", "You provided a value that does not match the required pattern. ("+what+")")
}

// maxPage is how many entries a page has at most, and unless the client wants fewer.
const maxPage = 20

// page reads which page is wanted of the list of an operation, which the filter narrows.
func (s *Service) page(c *caller, in pageInput, operation, filter string) (pagetoken.Page, error) {
	none, size := pagetoken.Page{}, maxPage
	list := pagetoken.List{Account: string(c.Call.Account), Operation: operation, Filters: string(c.ID) + " " + filter}
	if in.MaxResults != nil {
		switch n := *in.MaxResults; {
		case n < 1:
			return none, errInput("MIN_VALUE_EXCEEDED", "You provided a numeric parameter that has a smaller value than allowed. (MaxResults: 1)")
		case n > maxPage:
			return none, errInput("MAX_VALUE_EXCEEDED", fmt.Sprintf("You provided a numeric parameter that has a larger value than allowed. (MaxResults: %d)", maxPage))
		default:
			size = int(n)
		}
	}
	p, err := s.pages.Page(list, in.NextToken, 1, size)
	if err != nil || !p.First() && p.Key(0) == "" {
		return none, errInput("INVALID_NEXT_TOKEN", "Get the value for the NextToken parameter from the response to a previous call of the operation.")
	}
	return p, nil
}

// cut takes a list, which is ordered by one key, down to its page.
func cut[T any](p pagetoken.Page, list []T, key func(T) string) ([]T, *string) {
	return pagetoken.Cut(p, list, func(x T) []string { return []string{key(x)} })
}
