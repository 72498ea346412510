package access

import (
	"strings"

	"magpie/internal/inventory/objectstore"
)

// list is what an access control list says.
type list struct{ public, read, write, external, internal Verdict }

// groups are the grantees that stand for many. True: they are the public.
var groups = map[string]bool{
	"http://acs.amazonaws.com/groups/global/AllUsers":           true,
	"http://acs.amazonaws.com/groups/global/AuthenticatedUsers": true,
	"all-users": true, // as versitygw writes it
	"http://acs.amazonaws.com/groups/s3/LogDelivery": false,
}

// readList reads an access control list.
func readList(s Settings, a *Access) list {
	if s.ACL.State != objectstore.Known {
		a.note("the access control list is not known" + because(s.ACL.Reason))
		return list{}
	}
	l := list{No, No, No, No, No}
	owner := s.ACL.Value.Owner.ID
	for _, g := range s.ACL.Value.Grants {
		switch {
		case g.Group != "":
			public, known := groups[g.Group]
			switch {
			case !known:
				a.note("the access control list names a group that is not known")
				l = list{l.public.or(Unknown), l.read.or(Unknown), l.write.or(Unknown), l.external.or(Unknown), l.internal}
			case public:
				l.grantPublic(g.Permission, a)
			}
		case g.ID != "" && g.ID == owner:
		case g.ID != "" && isAccount(g.ID):
			if g.ID == s.Account {
				continue
			}
			if s.Peers[g.ID] {
				l.internal = Yes
			} else {
				l.external = Yes
			}
		case g.ID == "" && g.Email == "":
			// As MinIO writes the owner: with an empty id, in a list that is the same for every bucket.
			if owner != "" {
				a.note("the access control list has a grant without a grantee")
				l.external = l.external.or(Unknown)
			}
		default:
			a.note("the access control list names an identity whose account is not known")
			l.external = Yes
		}
	}
	return l
}

// grantPublic notes what the public is granted.
func (l *list) grantPublic(permission string, a *Access) {
	l.public = Yes
	switch strings.ToUpper(permission) {
	case "READ", "READ_ACP":
		l.read = Yes
	case "WRITE", "WRITE_ACP":
		l.write = Yes
	case "FULL_CONTROL":
		l.read, l.write = Yes, Yes
	default:
		a.note("the access control list grants the public a permission that is not known")
		l.read, l.write = l.read.or(Unknown), l.write.or(Unknown)
	}
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}
