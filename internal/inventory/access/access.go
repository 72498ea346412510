// Package access decides who can reach a bucket: the public, other accounts, or its owner alone. It is pure: a bucket's settings in, a
// verdict out.
//
// What "public" means is documented by AWS in "Blocking public access to your Amazon S3 storage", and what is shared in the guide of Macie.
// An access control list is public when it grants anything to all users, or to all that have an account of AWS. A policy is public when it
// grants something to anybody, unless that is conditioned on fixed values of one of a few keys that only some can have. The flags that
// block public access take effect last.
//
// The verdict errs towards unknown, and says why: what could not be read, or is written in a way that is not understood here, is never
// taken for private.
//
// access.go joins the parts, acl.go has lists, policy.go reads policies, statement.go says whom a statement lets in, condition.go what
// conditions restrict, encryption.go whether uploads must be encrypted.
package access

import (
	"slices"
	"strings"

	"magpie/internal/inventory/objectstore"
)

// Verdict is yes, no, or unknown, which is the zero value.
type Verdict int

// The verdicts.
const (
	Unknown Verdict = iota
	No
	Yes
)

func (v Verdict) String() string { return [...]string{"unknown", "no", "yes"}[v] }

// or is yes if one is, and no if both are.
func (v Verdict) or(w Verdict) Verdict {
	switch {
	case v == Yes || w == Yes:
		return Yes
	case v == No && w == No:
		return No
	}
	return Unknown
}

// and is no if one is, and yes if both are.
func (v Verdict) and(w Verdict) Verdict { return v.not().or(w.not()).not() }

func (v Verdict) not() Verdict {
	switch v {
	case Yes:
		return No
	case No:
		return Yes
	}
	return Unknown
}

// Settings are those of a bucket that decide.
type Settings struct {
	Bucket       string
	Account      string // that owns the bucket
	Organization string // that the account is in; "" if it is in none
	// Peers are accounts that belong together with the owner: what is shared with them is shared internally.
	Peers map[string]bool

	Policy objectstore.Answer[string]
	ACL    objectstore.Answer[objectstore.ACL]
	// The flags. A store that does not have them, at the level of the bucket or of the account, blocks nothing.
	Block, AccountBlock objectstore.Answer[objectstore.PublicAccessBlock]
}

// Access is the verdict.
type Access struct {
	Public           Verdict // what is left when the flags have taken effect
	ByList, ByPolicy Verdict // by which of the two

	ACLRead, ACLWrite       Verdict // what the list would let the public do, whatever the flags say
	PolicyRead, PolicyWrite Verdict // likewise the policy

	External   Verdict // accounts that do not belong together with the owner can reach the bucket, or CloudFront can
	Internal   Verdict // accounts that do
	CloudFront Verdict // an identity of CloudFront can
	// Strangers is External without CloudFront and without the public: it is shared with somebody by name or by condition.
	Strangers Verdict

	UnencryptedUploads Verdict // the policy lets objects be written without encryption being asked for

	// Reasons say what is unknown, and what decided.
	Reasons []string

	steps int // that the evaluation of the policy has taken
}

// Evaluate decides.
func Evaluate(s Settings) Access {
	var a Access
	l := readList(s, &a)
	p := readPolicy(s, &a)
	a.ACLRead, a.ACLWrite, a.PolicyRead, a.PolicyWrite = l.read, l.write, p.read, p.write
	a.UnencryptedUploads = p.unencrypted

	ignored := flag(s, func(b objectstore.PublicAccessBlock) bool { return b.IgnorePublicAcls })
	restricted := flag(s, func(b objectstore.PublicAccessBlock) bool { return b.RestrictPublicBuckets })
	byList, byPolicy := l.public.and(ignored.not()), p.public.and(restricted.not())
	a.Public = byList.or(byPolicy)
	if l.public != No && ignored == Unknown || p.public != No && restricted == Unknown {
		a.note("whether public access is blocked is not known")
	}
	if byList == No && l.public == Yes {
		a.note("the access control list is public, but public lists are ignored")
	}
	if byPolicy == No && p.public == Yes {
		a.note("the policy is public, but public policies are restricted to the account")
	}

	// A public policy that is restricted lets in the account's own principals and services of AWS, and nobody else.
	open := func(v Verdict) Verdict { return v.and(p.public.and(restricted).not()) }
	a.CloudFront = open(p.cloudFront)
	a.Strangers = l.external.or(open(p.external))
	a.External = a.Strangers.or(a.CloudFront).or(a.Public)
	a.ByList, a.ByPolicy = byList, byPolicy
	a.Internal = l.internal.or(open(p.internal))
	slices.Sort(a.Reasons)
	a.steps = 0
	return a
}

// note keeps a reason. A policy can be made so that it has very many: some will do.
func (a *Access) note(reason string) {
	if len(a.Reasons) < 50 && !slices.Contains(a.Reasons, reason) {
		a.Reasons = append(a.Reasons, reason)
	}
}

// flag is whether one of the two levels sets a flag.
func flag(s Settings, get func(objectstore.PublicAccessBlock) bool) Verdict {
	level := func(b objectstore.Answer[objectstore.PublicAccessBlock]) Verdict {
		switch {
		case b.State == objectstore.Known && get(b.Value):
			return Yes
		case b.State == objectstore.Unknown && !b.Unsupported:
			return Unknown
		}
		return No
	}
	return level(s.Block).or(level(s.AccountBlock))
}

// Accounts are the accounts that a bucket's policy names, for Settings.Peers.
func Accounts(s Settings) []string {
	if s.Policy.State != objectstore.Known {
		return nil
	}
	d, err := parse(s.Policy.Value)
	if err != nil {
		return nil
	}
	var list []string
	for _, st := range d.statements {
		for _, p := range st.principals.aws {
			if id := accountOf(p); id != "" {
				list = append(list, id)
			}
		}
		for _, c := range st.conditions {
			for _, v := range c.values {
				if id := accountOf(v); id != "" {
					list = append(list, id)
				}
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// accountOf is the account that a principal or a value names, or "".
func accountOf(s string) string {
	if isAccount(s) {
		return s
	}
	parts := strings.SplitN(s, ":", 6)
	if len(parts) == 6 && parts[0] == "arn" && isAccount(parts[4]) {
		return parts[4]
	}
	return ""
}

func isAccount(s string) bool { return len(s) == 12 && strings.Trim(s, "0123456789") == "" }
