package main

import (
	"bytes"
	"os"
	"testing"
)

func TestUpToDate(t *testing.T) {
	raw, err := os.ReadFile("../../../../api/macie2.json")
	if err != nil {
		t.Fatal(err)
	}
	want, err := generate(raw)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../verbs_gen.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("verbs_gen.go is not what the contract says; run go generate ./...")
	}
}

// The AWS CLI's own spellings, from its reference.
func TestSpelled(t *testing.T) {
	for name, want := range map[string]string{
		"ListMembers": "list-members", "accountIds": "account-ids", "s3JobDefinition": "s3-job-definition", "s3": "s3",
		"DisassociateFromAdministratorAccount": "disassociate-from-administrator-account", "resourceArn": "resource-arn",
	} {
		if got := spelled(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
