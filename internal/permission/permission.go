// Package permission decides what a caller may do by the policies that are attached to its key or
// role.
//
// [Authorizer] implements awsapi.Authorizer: it says what a call is about (its resource, with the
// tags of that, and the tags that the call names) and has package policy evaluate the documents.
package permission

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"

	"magpie/internal/arn"
	"magpie/internal/awsapi"
	"magpie/internal/macie2"
	"magpie/internal/policy"
	"magpie/internal/resource"
)

// Authorizer asks the policies that are attached to the caller's key or role. It is safe for
// concurrent use.
type Authorizer struct {
	tags func(ctx context.Context, call *macie2.Call, arn string) (map[string]string, error)
	log  *slog.Logger

	mu        sync.Mutex
	documents map[string]*policy.Document // by their text; a document does not change
}

// New returns an Authorizer. tags reads the tags of a resource of the caller; an error that is an
// *macie2.Error means that there is none.
func New(tags func(ctx context.Context, call *macie2.Call, arn string) (map[string]string, error), log *slog.Logger) *Authorizer {
	return &Authorizer{tags: tags, log: log}
}

// maxDocuments bounds the documents that are kept read. They are few: many keys share a policy.
const maxDocuments = 1024

// Authorize implements awsapi.Authorizer.
func (a *Authorizer) Authorize(ctx context.Context, call *macie2.Call, action string, in macie2.Input) error {
	switch {
	case slices.Equal(call.Principal.Policies, administrator):
		return nil
	case action == "sts:GetCallerIdentity", action == "sts:AssumeRole":
		return nil // the former needs no permission; the latter is decided with the role's own trust policy
	}
	documents, err := a.attached(call.Principal.Policies)
	var unreadable *policy.Error
	switch {
	case errors.As(err, &unreadable):
		// It was attached by an older version. What it says is not guessed at.
		a.log.Error("a policy that is attached cannot be evaluated, and nothing is allowed: attach another one",
			"key", call.Principal.KeyID, "principal", call.Principal.ARN, "error", err)
		return awsapi.NotAuthorized(call, action, denied(call, action, "*"), false)
	case err != nil:
		return fmt.Errorf("authorize %s: %w", call.Principal.KeyID, err)
	}
	r := &policy.Request{
		Action: action, Resource: "*", Principal: call.Principal, RoleARN: policy.RoleOf(call.Principal),
		Region: call.Region, SourceIP: call.SourceIP, Now: call.Now,
	}
	if err := tellAbout(r, call, action, in); err != nil {
		return err
	}
	if r.Resource != "*" && slices.ContainsFunc(documents, (*policy.Document).AsksResourceTags) {
		tags, err := a.tags(ctx, call, r.Resource)
		var refused *macie2.Error
		if err != nil && !errors.As(err, &refused) {
			return fmt.Errorf("authorize %s: %w", call.Principal.KeyID, err)
		}
		r.ResourceTags = tags
	}
	if d := policy.Evaluate(documents, r); d.Effect != policy.Allow {
		return awsapi.NotAuthorized(call, action, denied(call, action, r.Resource), d.Effect == policy.ExplicitDeny)
	}
	return nil
}

var administrator = []string{policy.AdministratorAccess}

// attached reads the attached policies, or finds them read.
func (a *Authorizer) attached(policies []string) ([]*policy.Document, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	documents := make([]*policy.Document, 0, len(policies))
	for _, p := range policies {
		if p == policy.None {
			continue
		}
		d := a.documents[p]
		if d == nil {
			read, err := policy.Attached([]string{p})
			if err != nil {
				return nil, err
			}
			if d = read[0]; len(a.documents) >= maxDocuments || a.documents == nil {
				a.documents = make(map[string]*policy.Document)
			}
			a.documents[p] = d
		}
		documents = append(documents, d)
	}
	return documents, nil
}

// denied names what a caller was refused, as AWS does: where an operation of Macie has no resource,
// by all that the account has in the Region.
func denied(call *macie2.Call, action, name string) string {
	if name != "*" || !strings.HasPrefix(action, macie2.SigningName+":") {
		return name
	}
	return arn.ARN{Partition: arn.Partition(call.Region), Service: macie2.SigningName, Region: call.Region, Account: string(call.Account),
		Resource: "*"}.String()
}

// nameOf is the name of what a call is about: of a type and an id, or of the ARN that the caller
// sent. What the caller sent is not decided on as it was spelt: a text that is no ARN of Macie's
// names nothing, and is refused once the caller may ask.
func nameOf(call *macie2.Call, kind, id string) string {
	if kind != "" {
		return resource.Name(call.Account, call.Region, kind, id)
	}
	name, err := resource.ParseARN(id)
	if err != nil {
		return "*"
	}
	return name.String()
}

// mostTags is more tags than any call may name.
const mostTags = 200

// tellAbout says what a call is about: its resource, and the tags that it names. It refuses more of
// these than can be asked about.
func tellAbout(r *policy.Request, call *macie2.Call, action string, in macie2.Input) error {
	name, ok := strings.CutPrefix(action, macie2.SigningName+":")
	op := macie2.OperationNamed(name)
	if !ok || op == nil || in == nil {
		return nil
	}
	if kind, id := op.Resource(in); id != "" {
		r.Resource = nameOf(call, kind, id)
	}
	r.RequestTags, r.TagKeys = op.Tags(in)
	r.TagKeys = slices.AppendSeq(slices.Clone(r.TagKeys), maps.Keys(r.RequestTags))
	if len(r.TagKeys) > mostTags {
		return macie2.ErrValidation("The request is rejected because it names more than %d tags.", mostTags)
	}
	slices.Sort(r.TagKeys)
	return nil
}

// MayRead reports whether nothing in the caller's policies denies it to read an object. Policies
// here are written for Macie, and seldom say that objects may be read; but where they say that they
// may not, that counts.
func MayRead(call *macie2.Call, bucket, key string) bool {
	documents, err := policy.Attached(call.Principal.Policies)
	if err != nil {
		return false // the caller would not have come here
	}
	d := policy.Evaluate(documents, &policy.Request{
		Action: "s3:GetObject", Resource: "arn:" + arn.Partition(call.Region) + ":s3:::" + bucket + "/" + key, Principal: call.Principal,
		RoleARN: policy.RoleOf(call.Principal), Region: call.Region, SourceIP: call.SourceIP, Now: call.Now,
	})
	return d.Effect != policy.ExplicitDeny
}
