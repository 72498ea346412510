package access

import (
	"slices"
	"strings"
)

// crowd is whom a statement lets in.
type crowd struct {
	public     Verdict
	external   Verdict
	internal   Verdict
	cloudFront Verdict
}

// weighing is what is known while the statements of a document are weighed against each other.
type weighing struct {
	*document
	covered  [][]bool // for each statement, which of the actions it is about
	denials  []int    // the statements that deny something of the part of the bucket that is looked at
	settings Settings
	access   *Access
}

// grant adds what a statement that lets in a crowd allows, as far as nothing denies it.
func (v *verdicts) grant(w *weighing, st *statement, c crowd, act int) {
	left := w.left(st, act)
	everybody := c.public == Yes
	c.public = c.public.and(left.public)
	c.external, c.internal, c.cloudFront = c.external.and(left.external), c.internal.and(left.internal), c.cloudFront.and(left.cloudFront)
	if everybody && c.public == No {
		// Everybody was let in, and a denial leaves some: they are as much shared with as if they alone were let in.
		c.external, c.internal = c.external.or(left.left.external), c.internal.or(left.left.internal)
		c.cloudFront = c.cloudFront.or(left.left.cloudFront)
	}
	v.public = v.public.or(c.public)
	if actions[act].write {
		v.write = v.write.or(c.public)
	} else {
		v.read = v.read.or(c.public)
	}
	v.external, v.internal, v.cloudFront = v.external.or(c.external), v.internal.or(c.internal), v.cloudFront.or(c.cloudFront)
}

// crowd is whom a statement that allows something lets in.
func (st *statement) crowd(s Settings, a *Access) crowd {
	limits := st.limits(s, a, false)
	c := st.named(s, a)
	if st.principals.everybody || st.principals.not {
		switch limits.restricts {
		case No:
			c.public = Yes // who is public is external as well; Evaluate says so, when it is not blocked
		case Yes:
			c.external, c.internal, c.cloudFront = c.external.or(limits.external), c.internal.or(limits.internal), c.cloudFront.or(limits.cloudFront)
		default:
			c.public, c.external = c.public.or(Unknown), c.external.or(Unknown)
		}
	}
	return c
}

// named are those whom a statement names.
func (st *statement) named(s Settings, a *Access) crowd {
	c := crowd{No, No, No, No}
	if st.principals.not {
		return c // the others are let in, and they are a crowd of their own
	}
	for _, p := range st.principals.aws {
		if !a.spend(len(p)) {
			break
		}
		switch id := accountOf(p); {
		case strings.Contains(p, ":iam::cloudfront:user/"):
			c.cloudFront = Yes
		case id == s.Account:
		case id != "" && s.Peers[id]:
			c.internal = Yes
		case id != "":
			c.external = Yes
		default: // the id of a user or role that was deleted, or something that another store has
			a.note("the policy names a principal whose account is not known")
			c.external = c.external.or(Unknown)
		}
	}
	if len(st.principals.canonical) > 0 {
		owner := s.ACL.Value.Owner.ID
		for _, id := range st.principals.canonical {
			if owner == "" || id != owner {
				c.external = Yes // of another account, or of CloudFront: Macie takes both for external
			}
		}
	}
	limits := st.limits(s, a, false)
	for _, service := range st.principals.services {
		a.spend(1)
		switch {
		case service == "*":
			a.note("the policy names all services")
			c.external = c.external.or(Unknown)
		case service == "cloudfront.amazonaws.com":
			c.cloudFront = Yes
		}
		// On whose behalf a service comes is what conditions say.
		if limits.external == Yes && service != "cloudfront.amazonaws.com" {
			c.external = Yes
		}
	}
	if len(st.principals.federated) > 0 {
		a.note("the policy names federated identities")
		c.external = c.external.or(Unknown)
		if slices.Contains(st.principals.federated, "*") {
			c.public = c.public.or(Unknown)
		}
	}
	return c
}

// remains is what denials leave of a grant, and whom they leave of everybody.
type remains struct {
	crowd
	left crowd
}

// denials are the statements that deny something on all of a part of the bucket.
func (d *document) denials(r resource, a *Access) (list []int) {
	for i := range d.statements {
		if st := &d.statements[i]; st.deny && st.contains(r, a) {
			list = append(list, i)
		}
	}
	return list
}

// left is what the policy's denials leave of an action.
func (w *weighing) left(st *statement, act int) remains {
	out := remains{crowd{Yes, Yes, Yes, Yes}, crowd{No, No, No, No}}
	for _, i := range w.denials {
		if w.access.spend(1) && w.covered[i][act] {
			out.deny(&w.statements[i], st, w.settings, w.access)
		}
	}
	return out
}

// contains reports whether a statement is about all of a part of the bucket. A pattern contains another if it matches it as a text.
func (st *statement) contains(r resource, a *Access) bool {
	return slices.ContainsFunc(st.resources, func(p string) bool { return a.match(a.part(p), r.pattern) }) != st.notResources
}

// deny takes away what a statement denies.
func (out *remains) deny(st, grant *statement, s Settings, a *Access) {
	switch {
	case st.principals.not:
		// All but some are denied: only they are left. Where that is bound to a condition, who does not meet it is left too.
		if len(st.conditions) > 0 {
			a.note("the policy denies all but some under a condition")
			out.crowd = crowd{out.public.and(Unknown), out.external.and(Unknown), out.internal.and(Unknown), out.cloudFront.and(Unknown)}
			return
		}
		spared := statement{principals: st.principals}
		spared.principals.not = false
		if spared.principals.everybody {
			return
		}
		c := spared.named(s, a)
		out.public = No
		out.external, out.internal, out.cloudFront = out.external.and(c.external), out.internal.and(c.internal), out.cloudFront.and(c.cloudFront)
		out.left = crowd{No, out.left.external.or(c.external), out.left.internal.or(c.internal), out.left.cloudFront.or(c.cloudFront)}
	case !st.principals.everybody:
		if len(st.conditions) == 0 && st.principals.include(grant.principals, a) {
			out.crowd = crowd{No, No, No, No}
		}
	case len(st.conditions) == 0:
		out.crowd = crowd{No, No, No, No}
	default:
		limits := st.limits(s, a, true)
		switch limits.restricts {
		case Yes:
			out.public = No
			out.external, out.internal = out.external.and(limits.external.or(Unknown)), out.internal.and(limits.internal.or(Unknown))
			out.left = crowd{No, out.left.external.or(limits.external), out.left.internal.or(limits.internal), No}
		case Unknown:
			out.public = out.public.and(Unknown)
		}
	}
}

// include reports whether all of others are named here, each by itself or by its account.
func (p principals) include(others principals, a *Access) bool {
	if others.everybody || others.not || len(others.canonical)+len(others.services)+len(others.federated) > 0 || len(others.aws) == 0 {
		return false
	}
	return !slices.ContainsFunc(others.aws, func(o string) bool {
		return !slices.ContainsFunc(p.aws, func(d string) bool {
			a.spend(len(o) + len(d))
			id := accountOf(o)
			return d == o || id != "" && (d == id || strings.HasSuffix(d, "::"+id+":root"))
		})
	})
}
