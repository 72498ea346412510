// Package region owns the list of the Regions in which AWS offers Macie, by partition, for "--regions all" and for completion. Magpie itself
// takes any Region's name.
package region

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// commercial are the Regions of the partition "aws", as the AWS SDK's table of endpoints for macie2 lists them; service/macie2 v1.51.4.
var commercial = []string{
	"af-south-1", "ap-east-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
	"ca-central-1", "eu-central-1", "eu-north-1", "eu-south-1", "eu-west-1", "eu-west-2", "eu-west-3", "il-central-1", "me-south-1",
	"sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
}

// Names returns the Regions of AWS's commercial partition in which there is Macie.
func Names() []string { return slices.Clone(commercial) }

var form = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$`)

// Parse reads a list such as "eu-west-1,us-east-1". It refuses a name that is none, and drops repetitions.
func Parse(list string) ([]string, error) {
	var names []string
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		if !form.MatchString(name) {
			return nil, fmt.Errorf("%q is no Region's name, such as eu-west-1", name)
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, nil
}
