package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"sync"

	"magpie/internal/awsapi"
	"magpie/internal/macie2"
	"magpie/internal/policy"
	"magpie/internal/resource"
)

// authorizer asks the policies that are attached to the caller's key or role.
type authorizer struct {
	// tags reads the tags of a resource of the caller; an error that is an *macie2.Error means that there is none.
	tags func(ctx context.Context, call *macie2.Call, arn string) (map[string]string, error)

	log *slog.Logger

	mu        sync.Mutex
	documents map[string]*policy.Document // by their text; a document does not change
}

// maxDocuments bounds the documents that are kept read. They are few: many keys share a policy.
const maxDocuments = 1024

// Authorize implements awsapi.Authorizer.
func (a *authorizer) Authorize(ctx context.Context, call *macie2.Call, action string, in macie2.Input) error {
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
		return awsapi.NotAuthorized(call, action, "*", false)
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
		return awsapi.NotAuthorized(call, action, r.Resource, d.Effect == policy.ExplicitDeny)
	}
	return nil
}

var administrator = []string{policy.AdministratorAccess}

// attached reads the attached policies, or finds them read.
func (a *authorizer) attached(policies []string) ([]*policy.Document, error) {
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

// resources are the actions that are about one resource: its type, and the member of the input that has its id. Every other action is
// about no resource in particular: a policy for it names *.
var resources = map[string]struct{ kind, member string }{
	"macie2:GetMember":           {"member", "Id"},
	"macie2:DeleteMember":        {"member", "Id"},
	"macie2:DisassociateMember":  {"member", "Id"},
	"macie2:UpdateMemberSession": {"member", "Id"},

	"macie2:GetAllowList":               {"allow-list", "Id"},
	"macie2:UpdateAllowList":            {"allow-list", "Id"},
	"macie2:DeleteAllowList":            {"allow-list", "Id"},
	"macie2:GetCustomDataIdentifier":    {"custom-data-identifier", "Id"},
	"macie2:DeleteCustomDataIdentifier": {"custom-data-identifier", "Id"},
	"macie2:GetFindingsFilter":          {"findings-filter", "Id"},
	"macie2:UpdateFindingsFilter":       {"findings-filter", "Id"},
	"macie2:DeleteFindingsFilter":       {"findings-filter", "Id"},
	"macie2:DescribeClassificationJob":  {"classification-job", "JobId"},
	"macie2:UpdateClassificationJob":    {"classification-job", "JobId"},
	"macie2:TagResource":                {"", "ResourceArn"},
	"macie2:UntagResource":              {"", "ResourceArn"},
	"macie2:ListTagsForResource":        {"", "ResourceArn"},
}

// nameOf is the name of what a call is about: of a type and an id, or of the ARN that the caller sent. What the caller sent is not
// decided on as it was spelt: a text that is no ARN of Macie's names nothing, and is refused once the caller may ask.
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

// tellAbout says what a call is about: its resource, and the tags that it names. It refuses more of these than can be asked about.
func tellAbout(r *policy.Request, call *macie2.Call, action string, in macie2.Input) error {
	if in == nil {
		return nil
	}
	if create, ok := in.(*macie2.CreateMemberInput); ok && create.Account != nil && create.Account.AccountId != nil {
		r.Resource = resource.Name(call.Account, call.Region, "member", *create.Account.AccountId)
	}
	v := reflect.ValueOf(in).Elem()
	if about, ok := resources[action]; ok {
		if id, ok := v.FieldByName(about.member).Interface().(*string); ok && id != nil {
			r.Resource = nameOf(call, about.kind, *id)
		}
	}
	if field := v.FieldByName("Tags"); field.IsValid() {
		r.RequestTags, _ = field.Interface().(map[string]string)
		r.TagKeys = slices.AppendSeq(r.TagKeys, maps.Keys(r.RequestTags))
	}
	if field := v.FieldByName("TagKeys"); field.IsValid() {
		keys, _ := field.Interface().([]string)
		r.TagKeys = slices.Clone(keys)
	}
	if len(r.TagKeys) > mostTags {
		return macie2.ErrValidation("The request is rejected because it names more than %d tags.", mostTags)
	}
	slices.Sort(r.TagKeys)
	return nil
}
