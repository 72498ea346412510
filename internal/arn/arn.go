package arn

import (
	"errors"
	"strings"
)

// Home is the partition in which principals and roles are named.
const Home = "aws"

// maxLength is STS's bound for the ARN of a role, and more than the name of any resource has.
const maxLength = 2048

// ARN is a name, taken apart: arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE.
type ARN struct {
	Partition string // aws, aws-cn or aws-us-gov
	Service   string
	Region    string // empty where the service has none
	Account   string // 12 digits, or empty
	Resource  string // TYPE/ID, or whatever the service puts there; it may hold colons
}

// String is the one spelling of the name.
func (a ARN) String() string {
	return strings.Join([]string{"arn", a.Partition, a.Service, a.Region, a.Account, a.Resource}, ":")
}

// Parse reads a name. It accepts what String writes and nothing else. Its error says what is wrong
// and may be shown to the caller.
func Parse(s string) (ARN, error) {
	parts := strings.SplitN(s, ":", 6)
	if len(s) > maxLength || len(parts) != 6 || parts[0] != "arn" {
		return ARN{}, errors.New("it must have the form arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE")
	}
	a := ARN{Partition: parts[1], Service: parts[2], Region: parts[3], Account: parts[4], Resource: parts[5]}
	switch {
	case !IsPartition(a.Partition):
		return ARN{}, errors.New("its partition must be aws, aws-cn or aws-us-gov")
	case a.Service == "" || strings.Trim(a.Service, lower+digits+"-") != "":
		return ARN{}, errors.New("its service must be a word of lower-case letters, digits and hyphens")
	case strings.Trim(a.Region, lower+digits+"-") != "":
		return ARN{}, errors.New("its Region must be a word of lower-case letters, digits and hyphens")
	case a.Region != "" && a.Partition != Partition(a.Region):
		return ARN{}, errors.New("its partition must be " + Partition(a.Region))
	case a.Account != "" && !IsAccount(a.Account):
		return ARN{}, errors.New("its account ID must be 12 digits")
	}
	return a, nil
}

const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	digits = "0123456789"
	// nameCharacters are those of the names and paths of users and roles.
	nameCharacters = lower + "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + digits + "+=,.@_-/"
)

// IsPartition reports whether there is such a partition.
func IsPartition(name string) bool { return name == "aws" || name == "aws-cn" || name == "aws-us-gov" }

// IsAccount reports whether s has the form of an account's id.
func IsAccount(s string) bool { return len(s) == 12 && strings.Trim(s, digits) == "" }

// Partition returns the partition of a Region.
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

// Role is the name of a role.
func Role(account, name string) string {
	return ARN{Partition: Home, Service: "iam", Account: account, Resource: "role/" + name}.String()
}

// ParseRole reads the name of a role, as the client of a Region spells it: in the partition Home,
// or in that of the Region. name is with its path, if it has one. Whether there is such a role is
// not known here, and Role says what it is called.
func ParseRole(s, region string) (account, name string, ok bool) {
	a, err := Parse(s)
	if err != nil || a.Service != "iam" || a.Region != "" || a.Account == "" || a.Partition != Home && a.Partition != Partition(region) {
		return "", "", false
	}
	name, ok = strings.CutPrefix(a.Resource, "role/")
	if !ok || name == "" || strings.Trim(name, nameCharacters) != "" || strings.Contains("/"+name+"/", "//") {
		return "", "", false
	}
	return a.Account, name, true
}
