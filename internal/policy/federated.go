package policy

import (
	"slices"
	"strings"
)

// Issuers of OpenID Connect tokens are named in trust policies as AWS names them, by the ARN of a
// provider in the role's account, or by the issuer itself:
//
//	"Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/id.example.com/realms/main"}
//	"Principal": {"Federated": "https://id.example.com/realms/main"}
//
// A condition asks for a claim of the token by the name of the issuer, a colon, and that of the
// claim: id.example.com/realms/main:groups.

// Issuer is the name of an issuer in ARNs and condition keys: its URL without the scheme.
func Issuer(url string) string {
	if _, name, ok := strings.Cut(url, "://"); ok {
		return name
	}
	return url
}

// ClaimKey is the condition key of a claim.
func ClaimKey(issuer, claim string) string { return strings.ToLower(issuer + ":" + claim) }

// Provider is the ARN by which the trust policy of a role names an issuer.
func Provider(account, issuer string) string {
	return "arn:aws:iam::" + account + ":oidc-provider/" + issuer
}

// issuerOf is the issuer's name in an element of Federated; "" for what names none, such as a
// provider of SAML.
func issuerOf(name string) string {
	if strings.HasPrefix(name, "arn:") {
		_, name, _ = strings.Cut(name, ":oidc-provider/")
	}
	return Issuer(name)
}

// isClaimKey reports whether a condition key, in lower case, can be that of a claim: that of a
// service has no dot, slash or colon before its last colon, and no issuer is called aws or sts.
func isClaimKey(key string) bool {
	i := strings.LastIndexByte(key, ':')
	return i > 0 && i < len(key)-1 && key[:i] != "aws" && key[:i] != "sts" && !isTagKey(key)
}

// namesIssuers refuses conditions on claims of an issuer that the statement does not trust: what
// such a condition says would be decided by the claim's absence.
func (s *statement) namesIssuers(place string) error {
	for _, c := range s.conditions {
		if _, known := keys[c.key]; known || !isClaimKey(c.key) {
			continue
		}
		issuer := c.key[:strings.LastIndexByte(c.key, ':')]
		if s.notPrinc || !slices.ContainsFunc(s.federated, func(f string) bool { return strings.ToLower(issuerOf(f)) == issuer }) {
			return wrong(place+".Condition", "the condition key %s has no value here: the statement's Principal names no Federated issuer %s", clip(c.key), clip(issuer))
		}
	}
	return nil
}

// namesIssuer reports whether an element of Federated names who asks.
func (s *statement) namesIssuer(r *Request) bool {
	return slices.ContainsFunc(s.federated, func(f string) bool { return slices.Contains(r.Federated, f) })
}

// matchesFederated reports whether the statement is about who asks with the token of an issuer. An
// Allow has to name the issuer: "*" was written for principals of AWS, and what an exception leaves
// over was, too. A Deny of everybody is about these as well.
func (s *statement) matchesFederated(r *Request) bool {
	named := s.namesIssuer(r)
	switch {
	case !s.deny:
		return named && !s.notPrinc
	case s.notPrinc:
		return !named
	}
	return named || slices.Contains(s.principals, "*")
}
