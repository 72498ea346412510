package resource

import (
	"errors"
	"strings"

	"magpie/internal/arn"
	"magpie/internal/macie2"
)

// ARN is the name of a Macie resource: arn:PARTITION:macie2:REGION:ACCOUNT:TYPE/ID. Type and ID are
// empty for the account's session.
type ARN struct {
	Region  string
	Account macie2.AccountID
	Type    string
	ID      string
}

// Name returns the ARN of a resource of an account in a Region.
func Name(account macie2.AccountID, region, kind, id string) string {
	return ARN{region, account, kind, id}.String()
}

// String is the one spelling of the name.
func (a ARN) String() string {
	name := arn.ARN{Partition: arn.Partition(a.Region), Service: "macie2", Region: a.Region, Account: string(a.Account)}
	if a.Type != "" {
		name.Resource = a.Type + "/" + a.ID
	}
	return name.String()
}

// ParseARN reads the ARN of a Macie resource. Its error names what is wrong, and may be shown to
// the caller.
func ParseARN(s string) (ARN, error) {
	name, err := arn.Parse(s)
	switch {
	case err != nil:
		return ARN{}, err
	case len(s) > 1024:
		return ARN{}, errors.New("it must have at most 1024 characters")
	case name.Service != "macie2":
		return ARN{}, errors.New("its service must be macie2")
	case name.Region == "":
		return ARN{}, errors.New("its Region is missing")
	case name.Account == "":
		return ARN{}, errors.New("its account ID must be 12 digits")
	}
	a := ARN{Region: name.Region, Account: macie2.AccountID(name.Account)}
	if name.Resource == "" {
		return a, nil
	}
	kind, id, ok := strings.Cut(name.Resource, "/")
	if !ok || kind == "" || id == "" {
		return ARN{}, errors.New("its last part must have the form TYPE/ID")
	}
	a.Type, a.ID = kind, id
	return a, nil
}
