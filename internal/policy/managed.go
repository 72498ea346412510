package policy

import (
	"fmt"
	"strings"
	"sync"
)

// The documents that are built in. AmazonMacieFullAccess and AmazonMacieReadOnlyAccess are those of
// AWS, less what they say of services that are not here, with the operations that Magpie serves
// beside Macie's.
const (
	AdministratorAccess = "AdministratorAccess"
	MacieFullAccess     = "AmazonMacieFullAccess"
	MacieReadOnlyAccess = "AmazonMacieReadOnlyAccess"

	// None grants nothing: the policy of a key that is to be given its permissions later.
	None = "none"
)

var managed = map[string]string{
	AdministratorAccess: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
	MacieFullAccess:     `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["macie2:*","magpie:*"],"Resource":"*"}]}`,
	MacieReadOnlyAccess: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["macie2:Describe*","macie2:Get*","macie2:List*",` +
		`"macie2:BatchGetCustomDataIdentifiers","macie2:SearchResources","magpie:Get*","magpie:List*"],"Resource":"*"}]}`,
}

// Managed returns the document that is built in under a name.
func Managed(name string) (text string, ok bool) {
	text, ok = managed[name]
	return text, ok
}

// ManagedNames lists the names of the documents that are built in.
func ManagedNames() []string {
	return []string{AdministratorAccess, MacieFullAccess, MacieReadOnlyAccess}
}

// MaxAttached bounds how many policies a key or a role may have.
const MaxAttached = 10

// CheckAttached says whether policies can be attached together: names of those that are built in,
// documents, or None by itself. Its error says which one, where and why.
func CheckAttached(policies []string) error {
	if len(policies) > MaxAttached {
		return fmt.Errorf("%d policies; at most %d can be attached", len(policies), MaxAttached)
	}
	for i, p := range policies {
		switch {
		case p == None && len(policies) > 1:
			return fmt.Errorf("%s grants nothing and stands alone", None)
		case p == None:
		case IsDocument(p):
			if _, err := Accept(Identity, p); err != nil {
				return fmt.Errorf("policy %d: %w", i+1, err)
			}
		default:
			if _, ok := managed[p]; !ok {
				return fmt.Errorf("there is no policy named %s; built in are %s, and %s", clip(p), strings.Join(ManagedNames(), ", "), None)
			}
		}
	}
	return nil
}

// IsDocument tells a document from a name.
func IsDocument(policy string) bool { return strings.HasPrefix(strings.TrimSpace(policy), "{") }

var parsed = sync.OnceValue(func() map[string]*Document {
	all := make(map[string]*Document, len(managed))
	for name, text := range managed {
		d, err := Parse(Identity, text)
		if err != nil {
			panic("policy: " + name + ": " + err.Error())
		}
		all[name] = d
	}
	return all
})

// Attached reads the policies that are attached to a key or a role.
func Attached(policies []string) ([]*Document, error) {
	var documents []*Document
	for _, p := range policies {
		if p == None {
			continue
		}
		d := parsed()[p]
		if d == nil {
			var err error
			if d, err = Parse(Identity, p); err != nil {
				return nil, fmt.Errorf("attached policy: %w", err)
			}
		}
		documents = append(documents, d)
	}
	return documents, nil
}
