package arn

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, s := range []string{
		"arn:aws:macie2:eu-west-1:111122223333:member/444455556666", "arn:aws-cn:macie2:cn-north-1:111122223333:allow-list/a:b",
		"arn:aws-us-gov:macie2:us-gov-west-1:111122223333:", "arn:aws:iam::111122223333:role/Operator", "arn:aws:s3:::bucket/key",
	} {
		if a, err := Parse(s); err != nil || a.String() != s {
			t.Errorf("%s: %v, %v", s, a, err)
		}
	}
	for _, s := range []string{
		"", "arn", "arn:aws:macie2:eu-west-1:111122223333", "ARN:aws:iam::111122223333:role/x", " arn:aws:iam::111122223333:role/x",
		"arn:awsX:iam::111122223333:role/x", "arn:AWS:iam::111122223333:role/x", "arn::iam::111122223333:role/x", "arn:aws-:iam::111122223333:role/x",
		"arn:aws:IAM::111122223333:role/x", "arn:aws:::111122223333:role/x", "arn:aws:macie2:EU-WEST-1:111122223333:member/x",
		"arn:aws:macie2:cn-north-1:111122223333:member/x", "arn:aws-cn:macie2:eu-west-1:111122223333:member/x",
		"arn:aws:iam::11112222333:role/x", "arn:aws:iam::1111 2222333:role/x", "arn:aws:iam::١١١١٢٢٢٢٣٣٣٣:role/x",
		"arn:aws:iam::111122223333:role/" + strings.Repeat("x", 2048),
	} {
		if a, err := Parse(s); err == nil {
			t.Errorf("%q is read as %v", s, a)
		}
	}
}

func TestParseRole(t *testing.T) {
	for _, c := range []struct{ arn, region, name string }{
		{"arn:aws:iam::111122223333:role/Operator", "eu-west-1", "Operator"},
		{"arn:aws:iam::111122223333:role/Operator", "cn-north-1", "Operator"},
		{"arn:aws-cn:iam::111122223333:role/Operator", "cn-north-1", "Operator"},
		{"arn:aws:iam::111122223333:role/a/b/Operator", "eu-west-1", "a/b/Operator"},
		{"arn:aws-cn:iam::111122223333:role/Operator", "eu-west-1", ""},
		{"arn:aws-us-gov:iam::111122223333:role/Operator", "cn-north-1", ""},
		{"arn:awsX:iam::111122223333:role/Operator", "eu-west-1", ""},
		{"arn:aws:iam:eu-west-1:111122223333:role/Operator", "eu-west-1", ""},
		{"arn:aws:iam:::role/Operator", "eu-west-1", ""},
		{"arn:aws:sts::111122223333:role/Operator", "eu-west-1", ""},
		{"arn:aws:iam::111122223333:Role/Operator", "eu-west-1", ""},
		{"arn:aws:iam::111122223333:role//Operator", "eu-west-1", ""},
		{"arn:aws:iam::111122223333:role/Operator/", "eu-west-1", ""},
		{"arn:aws:iam::111122223333:role/Oper%61tor", "eu-west-1", ""},
		{"arn:aws:iam::111122223333:role/Operator\n", "eu-west-1", ""},
		{"arn:aws:iam::111122223333:role/Opеrator", "eu-west-1", ""}, // a Cyrillic letter
		{"arn:aws:iam::111122223333:role/Operator:x", "eu-west-1", ""},
	} {
		account, name, ok := ParseRole(c.arn, c.region)
		if ok != (c.name != "") || name != c.name || ok && account != "111122223333" {
			t.Errorf("%q in %s: %q %q %v", c.arn, c.region, account, name, ok)
		}
	}
}

// Whatever is accepted has one spelling: two texts that name the same role differ in the partition
// alone.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"arn:aws:iam::111122223333:role/Operator", "arn:aws-cn:iam::111122223333:role/a/b", "arn:aws:macie2:eu-west-1:111122223333:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := Parse(s)
		if err == nil && a.String() != s {
			t.Errorf("%q is read as %q", s, a)
		}
		for _, region := range []string{"eu-west-1", "cn-north-1", "us-gov-west-1"} {
			account, name, ok := ParseRole(s, region)
			if !ok {
				continue
			}
			if err != nil || Role(account, name) != s && Role(account, name) != strings.Replace(s, Partition(region), Home, 1) {
				t.Errorf("%q in %s is the role %q of %q", s, region, name, account)
			}
		}
	})
}
