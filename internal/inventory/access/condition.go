package access

import (
	"net/netip"
	"strings"
)

// limits is what conditions say about who may be let in by them.
type limits struct {
	restricts  Verdict // to fixed values that not everybody can have
	external   Verdict // among them are others than the owner and its peers
	internal   Verdict // among them are peers
	cloudFront Verdict
}

// kind is what a key says about a caller.
type kind int

const (
	anybody  kind = iota // nothing: everybody can have any value
	account              // an account
	arnKey               // an ARN with an account in it
	org                  // an organization
	orgPath              // a part of an organization
	network              // where a request comes from
	address              // likewise, as an address
	identity             // the id of a user or role
)

// keys are the condition keys that AWS documents. Those that restrict are the ones that "The meaning of public" lists.
var keys = map[string]kind{
	"aws:sourceaccount": account, "aws:sourceowner": account, "aws:principalaccount": account, "s3:dataaccesspointaccount": account,
	"aws:sourcearn": arnKey, "aws:principalarn": arnKey, "s3:dataaccesspointarn": arnKey,
	"aws:principalorgid": org, "aws:sourceorgid": org, "aws:principalorgpaths": orgPath, "aws:sourceorgpaths": orgPath,
	"aws:sourcevpc": network, "aws:sourcevpce": network, "aws:sourceip": address, "aws:vpcsourceip": address, "aws:userid": identity,

	"aws:securetransport": anybody, "aws:referer": anybody, "aws:useragent": anybody, "aws:currenttime": anybody, "aws:epochtime": anybody,
	"aws:multifactorauthpresent": anybody, "aws:multifactorauthage": anybody, "aws:requestedregion": anybody, "aws:viaawsservice": anybody,
	"aws:principaltype": anybody, "aws:principalisawsservice": anybody, "aws:tokenissuetime": anybody, "aws:calledvia": anybody,
	"aws:calledviafirst": anybody, "aws:calledvialast": anybody, "aws:username": anybody, "aws:principalservicename": anybody,
	"aws:principalservicenameslist": anybody, "aws:resourceaccount": anybody, "aws:resourceorgid": anybody, "aws:resourceorgpaths": anybody,
	"aws:tagkeys": anybody, "aws:federatedprovider": anybody, "aws:sourceidentity": anybody,
	"s3:prefix": anybody, "s3:delimiter": anybody, "s3:max-keys": anybody, "s3:x-amz-acl": anybody, "s3:x-amz-copy-source": anybody,
	"s3:x-amz-grant-read": anybody, "s3:x-amz-grant-write": anybody, "s3:x-amz-grant-read-acp": anybody, "s3:x-amz-grant-write-acp": anybody,
	"s3:x-amz-grant-full-control": anybody, "s3:x-amz-metadata-directive": anybody, "s3:x-amz-server-side-encryption": anybody,
	"s3:x-amz-server-side-encryption-aws-kms-key-id": anybody, "s3:x-amz-server-side-encryption-customer-algorithm": anybody,
	"s3:x-amz-storage-class": anybody, "s3:x-amz-website-redirect-location": anybody, "s3:x-amz-content-sha256": anybody,
	"s3:x-amz-object-ownership": anybody, "s3:versionid": anybody, "s3:locationconstraint": anybody, "s3:signatureversion": anybody,
	"s3:signatureage": anybody, "s3:authtype": anybody, "s3:tlsversion": anybody, "s3:resourceaccount": anybody,
	"s3:object-lock-mode": anybody, "s3:object-lock-retain-until-date": anybody, "s3:object-lock-remaining-retention-days": anybody,
	"s3:object-lock-legal-hold": anybody, "s3:if-match": anybody, "s3:if-none-match": anybody, "s3:objectcreationoperation": anybody,
	"s3:accesspointnetworkorigin": anybody,
}

// tagged are the beginnings of keys that end in a tag's key.
var tagged = []string{"aws:principaltag/", "aws:requesttag/", "aws:resourcetag/", "s3:existingobjecttag/", "s3:requestobjecttag/", "s3:requestobjecttagkeys"}

// positive are the operators that name the values a caller must have; negated the ones that name those it must not have.
var (
	positive    = map[string]bool{"stringequals": true, "stringequalsignorecase": true, "stringlike": true, "arnequals": true, "arnlike": true, "ipaddress": true}
	negated     = map[string]bool{"stringnotequals": true, "stringnotequalsignorecase": true, "stringnotlike": true, "arnnotequals": true, "arnnotlike": true, "notipaddress": true}
	indifferent = map[string]bool{"null": true, "bool": true, "binaryequals": true,
		"numericequals": true, "numericnotequals": true, "numericlessthan": true, "numericlessthanequals": true, "numericgreaterthan": true, "numericgreaterthanequals": true,
		"dateequals": true, "datenotequals": true, "datelessthan": true, "datelessthanequals": true, "dategreaterthan": true, "dategreaterthanequals": true}
)

// limits says whom a statement's conditions leave. Of a statement that allows, all must hold: one that restricts will do. Of one that
// denies, those are left for whom one of them does not hold: each has to restrict.
func (st *statement) limits(s Settings, a *Access, denies bool) limits {
	l := limits{restricts: No, external: No, internal: No, cloudFront: No}
	if denies {
		l.restricts = Yes
	}
	for _, c := range st.conditions {
		one := c.limits(s, a, denies)
		if denies {
			l.restricts = l.restricts.and(one.restricts)
			l.external, l.internal = l.external.or(one.external), l.internal.or(one.internal)
			continue
		}
		if one.restricts == Yes {
			if l.restricts != Yes {
				l = one
			} else { // both must hold: the fewer are left
				l.external, l.internal, l.cloudFront = l.external.and(one.external), l.internal.and(one.internal), l.cloudFront.and(one.cloudFront)
			}
			continue
		}
		l.restricts = l.restricts.or(one.restricts)
	}
	return l
}

func (c condition) limits(s Settings, a *Access, denies bool) limits {
	none := limits{No, No, No, No}
	a.spend(1 + len(c.key))
	k, known := keys[c.key]
	for _, t := range tagged {
		known = known || strings.HasPrefix(c.key, t)
	}
	if !known || !positive[c.operator] && !negated[c.operator] && !indifferent[c.operator] {
		a.note("the policy has a condition that is not known: " + printable(c.operator+" "+c.key))
		return limits{Unknown, Unknown, Unknown, No}
	}
	names := positive[c.operator]
	if denies {
		names = negated[c.operator]
	}
	if k == anybody || !names || len(c.values) == 0 {
		return none
	}
	// Of a statement that allows, a key that is absent must not do. Of one that denies, it must not be spared.
	if !denies && (c.ifExists || c.forAll) {
		return none
	}
	if denies && c.forAll {
		return none
	}
	l := limits{Yes, No, No, No}
	for _, v := range c.values {
		if !a.spend(1 + len(v)) {
			break
		}
		one := c.value(k, v, s, a)
		l.restricts = l.restricts.and(one.restricts)
		l.external, l.internal, l.cloudFront = l.external.or(one.external), l.internal.or(one.internal), l.cloudFront.or(one.cloudFront)
	}
	return l
}

// value is what one value says.
func (c condition) value(k kind, v string, s Settings, a *Access) limits {
	wild := strings.Contains(v, "${") || strings.ContainsAny(v, "*?") && (strings.Contains(c.operator, "like") || strings.HasPrefix(c.operator, "arn"))
	whose := func(id string) limits {
		switch {
		case id == s.Account:
			return limits{Yes, No, No, No}
		case s.Peers[id]:
			return limits{Yes, No, Yes, No}
		}
		return limits{Yes, Yes, No, No}
	}
	switch k {
	case account:
		if !wild && isAccount(v) {
			return whose(v)
		}
	case arnKey:
		id := accountOf(v)
		switch {
		case id != "" && (!wild || c.key == "s3:dataaccesspointarn"):
			l := whose(id)
			if strings.HasPrefix(v, "arn:aws:cloudfront:") {
				l.cloudFront = Yes
			}
			return l
		case !wild && strings.HasPrefix(v, "arn:"): // of a bucket, say, whose ARN has no account
			return limits{Yes, Yes, No, No}
		case id != "":
			a.note("the policy is bound to an ARN with a wildcard: " + printable(v))
			return limits{Unknown, Unknown, No, No}
		}
	case org:
		if !wild && strings.HasPrefix(v, "o-") {
			if v == s.Organization && v != "" {
				return limits{Yes, No, Yes, No}
			}
			return limits{Yes, Yes, No, No}
		}
	case orgPath:
		id, _, _ := strings.Cut(v, "/")
		if strings.HasPrefix(id, "o-") && !strings.ContainsAny(id, "*?$") {
			if id == s.Organization {
				return limits{Yes, No, Yes, No}
			}
			return limits{Yes, Yes, No, No}
		}
	case network:
		if !wild && v != "" {
			return limits{Yes, Yes, No, No}
		}
	case address:
		if narrow(v) {
			return limits{Yes, Yes, No, No}
		}
	case identity:
		role, _, _ := strings.Cut(v, ":")
		if v != "" && (!wild || strings.HasPrefix(role, "A") && len(role) >= 16 && !strings.ContainsAny(role, "*?$")) {
			return limits{Yes, Yes, No, No}
		}
	}
	return limits{No, No, No, No}
}

// narrow reports whether a range of addresses is not so broad that AWS takes it for everybody: at most a /8, or a /32 of IPv6.
func narrow(v string) bool {
	p, err := netip.ParsePrefix(v)
	if err != nil {
		_, err := netip.ParseAddr(v)
		return err == nil
	}
	if p.Addr().Is4() || p.Addr().Is4In6() && p.Bits() >= 96+8 {
		return p.Addr().Is4In6() || p.Bits() >= 8
	}
	return p.Bits() >= 32
}

// printable bounds what is repeated of a policy.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
	if len(s) > 80 {
		s = s[:80] + "..."
	}
	return s
}
