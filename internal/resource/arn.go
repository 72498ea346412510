package resource

import (
	"fmt"
	"strings"

	"magpie/internal/macie2"
)

// ARN is the name of a Macie resource: arn:PARTITION:macie2:REGION:ACCOUNT:TYPE/ID. Type and ID are empty for the account's session.
type ARN struct {
	Partition string
	Region    string
	Account   macie2.AccountID
	Type      string
	ID        string
}

// Partition returns the ARN partition of a Region.
func Partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	default:
		return "aws"
	}
}

// Name returns the ARN of a resource of an account in a Region.
func Name(account macie2.AccountID, region, kind, id string) string {
	return "arn:" + Partition(region) + ":macie2:" + region + ":" + string(account) + ":" + kind + "/" + id
}

// ParseARN reads the ARN of a Macie resource. Its error names what is wrong, and may be shown to the caller.
func ParseARN(s string) (ARN, error) {
	var a ARN
	parts := strings.SplitN(s, ":", 6)
	if len(s) > 1024 || len(parts) != 6 || parts[0] != "arn" {
		return a, fmt.Errorf("it must have the form arn:PARTITION:macie2:REGION:ACCOUNT:TYPE/ID")
	}
	if parts[2] != "macie2" {
		return a, fmt.Errorf("its service must be macie2")
	}
	account, err := macie2.ParseAccountID(parts[4])
	if err != nil {
		return a, fmt.Errorf("its account ID must be 12 digits")
	}
	a = ARN{Partition: parts[1], Region: parts[3], Account: account}
	if a.Partition != Partition(a.Region) {
		return a, fmt.Errorf("its partition must be %s", Partition(a.Region))
	}
	if parts[5] == "" {
		return a, nil
	}
	kind, id, ok := strings.Cut(parts[5], "/")
	if !ok || kind == "" || id == "" {
		return a, fmt.Errorf("its last part must have the form TYPE/ID")
	}
	a.Type, a.ID = kind, id
	return a, nil
}
