package access

import (
	"fmt"
	"strings"
	"testing"

	"magpie/internal/inventory/objectstore"
)

const (
	me      = "111122223333"
	peer    = "222233334444"
	other   = "999988887777"
	ownerID = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"
	otherID = "11a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef200"

	allUsers  = "http://acs.amazonaws.com/groups/global/AllUsers"
	authUsers = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
)

// A setting changes the settings of a bucket that is private.
type setting func(*Settings)

func private() Settings {
	return Settings{
		Bucket: "data", Account: me, Organization: "o-abcdefgh12", Peers: map[string]bool{me: true, peer: true},
		Policy: objectstore.None[string](), Block: objectstore.None[objectstore.PublicAccessBlock](), AccountBlock: objectstore.None[objectstore.PublicAccessBlock](),
		ACL: objectstore.Is(objectstore.ACL{Owner: objectstore.Owner{ID: ownerID}, Grants: []objectstore.Grant{{ID: ownerID, Permission: "FULL_CONTROL"}}}),
	}
}

func grants(list ...objectstore.Grant) setting {
	return func(s *Settings) { s.ACL.Value.Grants = append(s.ACL.Value.Grants, list...) }
}

func group(uri, permission string) setting {
	return grants(objectstore.Grant{Group: uri, Permission: permission})
}

func grantee(id, permission string) setting {
	return grants(objectstore.Grant{ID: id, Permission: permission})
}

func policy(statements ...string) setting {
	return func(s *Settings) {
		s.Policy = objectstore.Is(`{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`)
	}
}

func policyText(text string) setting { return func(s *Settings) { s.Policy = objectstore.Is(text) } }

func block(level string, flags ...string) setting {
	return func(s *Settings) {
		var b objectstore.PublicAccessBlock
		for _, f := range flags {
			switch f {
			case "blockAcls":
				b.BlockPublicAcls = true
			case "ignoreAcls":
				b.IgnorePublicAcls = true
			case "blockPolicy":
				b.BlockPublicPolicy = true
			case "restrict":
				b.RestrictPublicBuckets = true
			default:
				panic(f)
			}
		}
		if level == "account" {
			s.AccountBlock = objectstore.Is(b)
		} else {
			s.Block = objectstore.Is(b)
		}
	}
}

func unknown(what string) setting {
	return func(s *Settings) {
		switch what {
		case "policy":
			s.Policy = objectstore.Answer[string]{Reason: "denied"}
		case "acl":
			s.ACL = objectstore.Answer[objectstore.ACL]{Reason: "denied"}
		case "block":
			s.Block = objectstore.Answer[objectstore.PublicAccessBlock]{Reason: "denied"}
		case "block unsupported":
			s.Block = objectstore.Answer[objectstore.PublicAccessBlock]{Reason: "not implemented", Unsupported: true}
		case "account block":
			s.AccountBlock = objectstore.Answer[objectstore.PublicAccessBlock]{Reason: "denied"}
		}
	}
}

// The beginnings of statements, to be closed with a condition or a brace.
func allow(principal, actions, resources string, conditions ...string) string {
	return statementText("Allow", principal, actions, resources, conditions)
}

func deny(principal, actions, resources string, conditions ...string) string {
	return statementText("Deny", principal, actions, resources, conditions)
}

func statementText(effect, principal, actions, resources string, conditions []string) string {
	field := func(name, value string) string {
		if rest, ok := strings.CutPrefix(value, "not "); ok {
			name, value = "Not"+name, rest
		}
		return fmt.Sprintf(`,"%s":%s`, name, value)
	}
	quoted := func(list string) string {
		not, rest := "", list
		if r, ok := strings.CutPrefix(list, "not "); ok {
			not, rest = "not ", r
		}
		return not + `["` + strings.Join(strings.Split(rest, " "), `","`) + `"]`
	}
	text := `{"Effect":"` + effect + `"` + field("Principal", principal) + field("Action", quoted(actions)) + field("Resource", quoted(resources))
	if len(conditions) > 0 {
		text += `,"Condition":{` + strings.Join(conditions, ",") + `}`
	}
	return text + "}"
}

const (
	star    = `"*"`
	starAWS = `{"AWS":"*"}`
	get     = "s3:GetObject"
	put     = "s3:PutObject"
	objects = "arn:aws:s3:::data/*"
	bucket  = "arn:aws:s3:::data"
)

func aws(ids ...string) string { return `{"AWS":["` + strings.Join(ids, `","`) + `"]}` }
func on(operator, key string, values ...string) string {
	return fmt.Sprintf(`"%s":{"%s":["%s"]}`, operator, key, strings.Join(values, `","`))
}

// TestCases holds the verdicts against those that AWS documents: in "Blocking public access to your Amazon S3 storage" for what is public,
// in Macie's guide for what is shared. want is public, read and write by the list, read and write by the policy, and how it is shared:
// E external, C also with CloudFront, I internal, N not, ? not known.
func TestCases(t *testing.T) {
	ok := allow(star, get, objects)
	for _, c := range []struct {
		name string
		want string
		set  []setting
	}{
		// Lists.
		{"a private bucket", "no, no no, no no, N", nil},
		{"a list that lets everybody read", "yes, yes no, no no, E", []setting{group(allUsers, "READ")}},
		{"a list that lets everybody write", "yes, no yes, no no, E", []setting{group(allUsers, "WRITE")}},
		{"a list that lets everybody read it", "yes, yes no, no no, E", []setting{group(allUsers, "READ_ACP")}},
		{"a list that lets everybody change it", "yes, no yes, no no, E", []setting{group(allUsers, "WRITE_ACP")}},
		{"a list that lets everybody do all", "yes, yes yes, no no, E", []setting{group(allUsers, "FULL_CONTROL")}},
		{"a list that lets everybody read and write", "yes, yes yes, no no, E", []setting{group(allUsers, "READ"), group(allUsers, "WRITE")}},
		{"a list that lets all users of AWS read", "yes, yes no, no no, E", []setting{group(authUsers, "READ")}},
		{"a list that lets all users of AWS write", "yes, no yes, no no, E", []setting{group(authUsers, "WRITE")}},
		{"versitygw's word for everybody", "yes, yes no, no no, E", []setting{group("all-users", "READ")}},
		{"the group that delivers logs", "no, no no, no no, N", []setting{group("http://acs.amazonaws.com/groups/s3/LogDelivery", "WRITE")}},
		{"a group that is not known", "unknown, unknown unknown, no no, ?", []setting{group("http://example.com/groups/x", "READ")}},
		{"a permission that is not known", "yes, unknown unknown, no no, E", []setting{group(allUsers, "DANCE")}},
		{"a permission in lower case", "yes, yes no, no no, E", []setting{group(allUsers, "read")}},
		{"a grant to the owner again", "no, no no, no no, N", []setting{grantee(ownerID, "READ")}},
		{"a grant to another canonical id", "no, no no, no no, E", []setting{grantee(otherID, "READ")}},
		{"a grant to another account", "no, no no, no no, E", []setting{grantee(other, "READ")}},
		{"a grant to a peer", "no, no no, no no, I", []setting{grantee(peer, "READ")}},
		{"a grant to the own account", "no, no no, no no, N", []setting{grantee(me, "READ")}},
		{"a grant to an address", "no, no no, no no, E", []setting{grants(objectstore.Grant{Email: "x@example.com", Permission: "READ"})}},
		{"an owner without an id, as MinIO has it", "no, no no, no no, N", []setting{func(s *Settings) {
			s.ACL = objectstore.Is(objectstore.ACL{Grants: []objectstore.Grant{{Permission: "FULL_CONTROL"}}})
		}}},
		{"a list that is not known", "unknown, unknown unknown, no no, ?", []setting{unknown("acl")}},
		{"a list that is not known, and a public policy", "yes, unknown unknown, yes no, E", []setting{unknown("acl"), policy(ok)}},

		// Flags.
		{"public list, ignored by the bucket", "no, yes no, no no, N", []setting{group(allUsers, "READ"), block("bucket", "ignoreAcls")}},
		{"public list, ignored by the account", "no, yes no, no no, N", []setting{group(allUsers, "READ"), block("account", "ignoreAcls")}},
		{"public list, new ones blocked", "yes, yes no, no no, E", []setting{group(allUsers, "READ"), block("bucket", "blockAcls")}},
		{"public list, policies blocked", "yes, yes no, no no, E", []setting{group(allUsers, "READ"), block("bucket", "blockPolicy", "restrict")}},
		{"public policy, restricted by the bucket", "no, no no, yes no, N", []setting{policy(ok), block("bucket", "restrict")}},
		{"public policy, restricted by the account", "no, no no, yes no, N", []setting{policy(ok), block("account", "restrict")}},
		{"public policy, new ones blocked", "yes, no no, yes no, E", []setting{policy(ok), block("bucket", "blockPolicy")}},
		{"public policy, lists ignored", "yes, no no, yes no, E", []setting{policy(ok), block("bucket", "ignoreAcls", "blockAcls")}},
		{"public policy and list, all blocked", "no, yes no, yes no, N", []setting{policy(ok), group(allUsers, "READ"), block("bucket", "ignoreAcls", "blockAcls", "blockPolicy", "restrict")}},
		{"public policy and list, one of each level", "no, yes no, yes no, N", []setting{policy(ok), group(allUsers, "READ"), block("bucket", "ignoreAcls"), block("account", "restrict")}},
		{"public list, flags not known", "unknown, yes no, no no, ?", []setting{group(allUsers, "READ"), unknown("block")}},
		{"public policy, flags not known", "unknown, no no, yes no, ?", []setting{policy(ok), unknown("block")}},
		{"public policy, the account's flags not known", "unknown, no no, yes no, ?", []setting{policy(ok), unknown("account block")}},
		{"public policy, flags not known but restricted by the account", "no, no no, yes no, N", []setting{policy(ok), unknown("block"), block("account", "restrict")}},
		{"private, flags not known", "no, no no, no no, N", []setting{unknown("block")}},
		{"public policy at a store without flags", "yes, no no, yes no, E", []setting{policy(ok), unknown("block unsupported")}},
		{"shared policy beside a public one that is restricted", "no, no no, yes no, N", []setting{policy(ok, allow(aws(other), get, objects)), block("bucket", "restrict")}},
		{"shared list beside a public policy that is restricted", "no, no no, yes no, E", []setting{policy(ok), grantee(otherID, "READ"), block("bucket", "restrict")}},
		{"shared policy, restricted but not public", "no, no no, no no, E", []setting{policy(allow(aws(other), get, objects)), block("bucket", "restrict")}},

		// Policies: principals.
		{"everybody may read objects", "yes, no no, yes no, E", []setting{policy(ok)}},
		{"everybody, as an AWS principal", "yes, no no, yes no, E", []setting{policy(allow(starAWS, get, objects))}},
		{"everybody, in a list", "yes, no no, yes no, E", []setting{policy(allow(aws("*"), get, objects))}},
		{"everybody among others", "yes, no no, yes no, E", []setting{policy(allow(aws(me, "*"), get, objects))}},
		{"all canonical users", "yes, no no, yes no, E", []setting{policy(allow(`{"CanonicalUser":"*"}`, get, objects))}},
		{"everybody but one", "yes, no no, yes no, E", []setting{policy(allow("not "+aws(other), get, objects))}},
		{"the own account", "no, no no, no no, N", []setting{policy(allow(aws(me), get, objects))}},
		{"the own root", "no, no no, no no, N", []setting{policy(allow(aws("arn:aws:iam::"+me+":root"), get, objects))}},
		{"an own role", "no, no no, no no, N", []setting{policy(allow(aws("arn:aws:iam::"+me+":role/R"), get, objects))}},
		{"a peer", "no, no no, no no, I", []setting{policy(allow(aws(peer), get, objects))}},
		{"a peer's user", "no, no no, no no, I", []setting{policy(allow(aws("arn:aws:iam::"+peer+":user/U"), get, objects))}},
		{"another account", "no, no no, no no, E", []setting{policy(allow(aws(other), get, objects))}},
		{"another's role session", "no, no no, no no, E", []setting{policy(allow(aws("arn:aws:sts::"+other+":assumed-role/R/S"), get, objects))}},
		{"a peer and another", "no, no no, no no, E", []setting{policy(allow(aws(peer, other), get, objects))}},
		{"a principal that was deleted", "no, no no, no no, ?", []setting{policy(allow(aws("AIDACKCEVSQ6C2EXAMPLE"), get, objects))}},
		{"the own canonical id", "no, no no, no no, N", []setting{policy(allow(`{"CanonicalUser":"`+ownerID+`"}`, get, objects))}},
		{"another canonical id", "no, no no, no no, E", []setting{policy(allow(`{"CanonicalUser":"`+otherID+`"}`, get, objects))}},
		{"an origin access identity", "no, no no, no no, C", []setting{policy(allow(aws("arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"), get, objects))}},
		{"origin access control", "no, no no, no no, C", []setting{policy(allow(`{"Service":"cloudfront.amazonaws.com"}`, get, objects, on("StringEquals", "AWS:SourceArn", "arn:aws:cloudfront::"+me+":distribution/E1")))}},
		{"CloudFront and another account", "no, no no, no no, EC", []setting{policy(allow(`{"Service":"cloudfront.amazonaws.com"}`, get, objects), allow(aws(other), get, objects))}},
		{"a service of AWS", "no, no no, no no, N", []setting{policy(allow(`{"Service":"logging.s3.amazonaws.com"}`, put, objects))}},
		{"a service for the own account", "no, no no, no no, N", []setting{policy(allow(`{"Service":"cloudtrail.amazonaws.com"}`, put, objects, on("StringEquals", "aws:SourceAccount", me)))}},
		{"a service for another account", "no, no no, no no, E", []setting{policy(allow(`{"Service":"cloudtrail.amazonaws.com"}`, put, objects, on("StringEquals", "aws:SourceAccount", other)))}},
		{"all services", "no, no no, no no, ?", []setting{policy(allow(`{"Service":"*"}`, put, objects))}},
		{"a federated identity", "no, no no, no no, ?", []setting{policy(allow(`{"Federated":"accounts.example.com"}`, get, objects))}},

		// Policies: actions.
		{"everybody may write objects", "yes, no no, no yes, E", []setting{policy(allow(star, put, objects))}},
		{"everybody may do all with objects", "yes, no no, yes yes, E", []setting{policy(allow(star, "s3:*", objects))}},
		{"everybody may do all", "yes, no no, yes yes, E", []setting{policy(allow(star, "*", "*"))}},
		{"everybody may list", "yes, no no, yes no, E", []setting{policy(allow(star, "s3:ListBucket", bucket))}},
		{"everybody may delete", "yes, no no, no yes, E", []setting{policy(allow(star, "s3:DeleteObject", objects))}},
		{"everybody may read the list", "yes, no no, yes no, E", []setting{policy(allow(star, "s3:GetBucketAcl", bucket))}},
		{"everybody may change the policy", "yes, no no, no yes, E", []setting{policy(allow(star, "s3:PutBucketPolicy", bucket))}},
		{"actions with a wildcard", "yes, no no, yes no, E", []setting{policy(allow(star, "s3:Get*", objects))}},
		{"actions with a question mark", "yes, no no, yes no, E", []setting{policy(allow(star, "s3:Get?bject", objects))}},
		{"actions in another case", "yes, no no, yes no, E", []setting{policy(allow(star, "S3:getobject", objects))}},
		{"all actions but writing", "yes, no no, yes yes, E", []setting{policy(allow(star, "not s3:PutObject", objects))}},
		{"all actions but those of S3", "no, no no, no no, N", []setting{policy(allow(star, "not s3:*", objects))}},
		{"actions of another service", "no, no no, no no, N", []setting{policy(allow(star, "sqs:SendMessage", objects))}},
		{"an action that is not known", "unknown, no no, no no, ?", []setting{policy(allow(star, "s3:TeleportObject", objects))}},
		{"reading an object of the bucket itself", "no, no no, no no, N", []setting{policy(allow(star, get, bucket))}},
		{"listing an object", "no, no no, no no, N", []setting{policy(allow(star, "s3:ListBucket", objects))}},

		// Policies: resources.
		{"some of the objects", "yes, no no, yes no, E", []setting{policy(allow(star, get, "arn:aws:s3:::data/public/*"))}},
		{"a single object", "yes, no no, yes no, E", []setting{policy(allow(star, get, "arn:aws:s3:::data/index.html"))}},
		{"another bucket", "no, no no, no no, N", []setting{policy(allow(star, get, "arn:aws:s3:::other/*"))}},
		{"a bucket whose name begins alike", "no, no no, no no, N", []setting{policy(allow(star, get, "arn:aws:s3:::data-2/*"))}},
		{"a bucket whose name is a part", "no, no no, no no, N", []setting{policy(allow(star, get, "arn:aws:s3:::dat/*"))}},
		{"all buckets", "yes, no no, yes no, E", []setting{policy(allow(star, get, "arn:aws:s3:::*/*"))}},
		{"a star that stands for the slash too", "yes, no no, yes no, E", []setting{policy(allow(star, get, "arn:aws:s3:::data*"))}},
		{"a star before an ending", "yes, no no, yes no, E", []setting{policy(allow(star, get, "arn:aws:s3:::d*.jpg"))}},
		{"a star over colons", "yes, no no, yes no, E", []setting{policy(allow(star, get, "arn:aws:s3:*"))}},
		{"another partition", "yes, no no, yes no, E", []setting{policy(allow(star, get, "arn:aws-cn:s3:::data/*"))}},
		{"a tenant, as Ceph writes it", "yes, no no, yes no, E", []setting{policy(allow(star, get, "arn:aws:s3::tenant:data/*"))}},
		{"all but another bucket", "yes, no no, yes no, E", []setting{policy(allow(star, get, "not arn:aws:s3:::other/*"))}},
		{"all but this bucket", "no, no no, no no, N", []setting{policy(allow(star, get, "not arn:aws:s3:::data/*"))}},

		// Policies: conditions that restrict.
		{"fixed addresses", "no, no no, no no, E", []setting{policy(allow(star, get, objects, on("IpAddress", "aws:SourceIp", "203.0.113.0/24")))}},
		{"one address", "no, no no, no no, E", []setting{policy(allow(star, get, objects, on("IpAddress", "aws:SourceIp", "203.0.113.7")))}},
		{"addresses as broad as allowed", "no, no no, no no, E", []setting{policy(allow(star, get, objects, on("IpAddress", "aws:SourceIp", "12.0.0.0/8")))}},
		{"addresses that are too broad", "yes, no no, yes no, E", []setting{policy(allow(star, get, objects, on("IpAddress", "aws:SourceIp", "0.0.0.0/1")))}},
		{"all addresses", "yes, no no, yes no, E", []setting{policy(allow(star, get, objects, on("IpAddress", "aws:SourceIp", "0.0.0.0/0")))}},
		{"narrow and broad addresses", "yes, no no, yes no, E", []setting{policy(allow(star, get, objects, on("IpAddress", "aws:SourceIp", "203.0.113.0/24", "128.0.0.0/2")))}},
		{"addresses of IPv6", "no, no no, no no, E", []setting{policy(allow(star, get, objects, on("IpAddress", "aws:SourceIp", "2001:db8::/32")))}},
		{"too many addresses of IPv6", "yes, no no, yes no, E", []setting{policy(allow(star, get, objects, on("IpAddress", "aws:SourceIp", "2001::/16")))}},
		{"something that is no address", "yes, no no, yes no, E", []setting{policy(allow(star, get, objects, on("IpAddress", "aws:SourceIp", "example")))}},
		{"all addresses but some", "yes, no no, yes no, E", []setting{policy(allow(star, get, objects, on("NotIpAddress", "aws:SourceIp", "203.0.113.0/24")))}},
		{"an endpoint of a network", "no, no no, no no, E", []setting{policy(allow(star, get, objects, on("StringEquals", "aws:SourceVpce", "vpce-1a2b3c4d")))}},
		{"a network", "no, no no, no no, E", []setting{policy(allow(star, get, objects, on("StringEquals", "aws:SourceVpc", "vpc-91237329")))}},
		{"networks with a wildcard", "yes, no no, yes no, E", []setting{policy(allow(star, get, objects, on("StringLike", "aws:SourceVpc", "vpc-*")))}},
		{"a star that is none", "no, no no, no no, E", []setting{policy(allow(star, get, objects, on("StringEquals", "aws:SourceVpc", "vpc-*")))}},
		{"a network, if there is one", "yes, no no, yes no, E", []setting{policy(allow(star, get, objects, on("StringEqualsIfExists", "aws:SourceVpc", "vpc-91237329")))}},
		{"a network, for all values", "yes, no no, yes no, E", []setting{policy(allow(star, get, objects, on("ForAllValues:StringEquals", "aws:SourceVpc", "vpc-91237329")))}},
		{"a network, for any value", "no, no no, no no, E", []setting{policy(allow(star, get, objects, on("ForAnyValue:StringEquals", "aws:SourceVpc", "vpc-91237329")))}},
		{"the own organization", "no, no no, no no, I", []setting{policy(allow(star, get, objects, on("StringEquals", "aws:PrincipalOrgID", "o-abcdefgh12")))}},
		{"another organization", "no, no no, no no, E", []setting{policy(allow(star, get, objects, on("StringEquals", "aws:PrincipalOrgID", "o-zzzzzzzz99")))}},
		{"a key in another case", "no, no no, no no, I", []setting{policy(allow(star, get, objects, on("StringEquals", "AWS:principalorgid", "o-abcdefgh12")))}},
		{"a part of the own organization", "no, no no, no no, I", []setting{policy(allow(star, get, objects, on("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-abcdefgh12/r-ab12/ou-ab12-11111111/*")))}},
		{"a part of any organization", "yes, no no, yes no, E", []setting{policy(allow(star, get, objects, on("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "*/r-ab12/*")))}},
		{"the own account by condition", "no, no no, no no, N", []setting{policy(allow(star, get, objects, on("StringEquals", "aws:PrincipalAccount", me)))}},
		{"a peer by condition", "no, no no, no no, I", []setting{policy(allow(star, get, objects, on("StringEquals", "aws:PrincipalAccount", peer)))}},
		{"another account by condition", "no, no no, no no, E", []setting{policy(allow(star, get, objects, on("StringEquals", "aws:PrincipalAccount", other)))}},
		{"accounts with a wildcard", "yes, no no, yes no, E", []setting{policy(allow(star, get, objects, on("StringLike", "aws:PrincipalAccount", "*")))}},
		{"a role by condition", "no, no no, no no, E", []setting{policy(allow(star, get, objects, on("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::"+other+":role/R")))}},
		{"an own role by condition", "no, no no, no no, N", []setting{policy(allow(star, get, objects, on("ArnLike", "aws:PrincipalArn", "arn:aws:iam::"+me+":role/R")))}},
		{"roles with a wildcard", "unknown, no no, unknown no, ?", []setting{policy(allow(star, get, objects, on("ArnLike", "aws:PrincipalArn", "arn:aws:iam::"+other+":role/*")))}},
		{"roles of any account", "yes, no no, yes no, E", []setting{policy(allow(star, get, objects, on("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/R")))}},
		{"a topic", "no, no no, no no, N", []setting{policy(allow(star, put, objects, on("ArnEquals", "aws:SourceArn", "arn:aws:sns:eu-west-1:"+me+":t")))}},
		{"a bucket as the source", "no, no no, no no, E", []setting{policy(allow(star, put, objects, on("ArnLike", "aws:SourceArn", "arn:aws:s3:::other")))}},
		{"any source", "yes, no no, no yes, E", []setting{policy(allow(star, put, objects, on("ArnLike", "aws:SourceArn", "arn:aws:s3:::*")))}},
		{"a source account", "no, no no, no no, N", []setting{policy(allow(star, put, objects, on("StringEquals", "aws:SourceAccount", me)))}},
		{"a source owner", "no, no no, no no, E", []setting{policy(allow(star, put, objects, on("StringEquals", "aws:SourceOwner", other)))}},
		{"an access point of an account", "no, no no, no no, N", []setting{policy(allow(star, get, objects, on("ArnLike", "s3:DataAccessPointArn", "arn:aws:s3:eu-west-1:"+me+":accesspoint/*")))}},
		{"access points of any account", "yes, no no, yes no, E", []setting{policy(allow(star, get, objects, on("ArnLike", "s3:DataAccessPointArn", "arn:aws:s3:eu-west-1:*:accesspoint/*")))}},
		{"access points of an account by its id", "no, no no, no no, N", []setting{policy(allow(star, "*", "*", on("StringEquals", "s3:DataAccessPointAccount", me)))}},
		{"the sessions of a role by id", "no, no no, no no, E", []setting{policy(allow(star, get, objects, on("StringLike", "aws:userid", "AROAEXAMPLEID12345678:*")))}},
		{"any session", "yes, no no, yes no, E", []setting{policy(allow(star, get, objects, on("StringLike", "aws:userid", "*:bob")))}},
		{"a variable as the value", "yes, no no, yes no, E", []setting{policy(allow(star, get, objects, on("StringEquals", "aws:SourceVpc", "${aws:PrincipalTag/vpc}")))}},
		{"two conditions of which one restricts", "no, no no, no no, I", []setting{policy(allow(star, get, objects, on("StringEquals", "aws:PrincipalOrgID", "o-abcdefgh12"), on("Bool", "aws:SecureTransport", "true")))}},
		{"two that restrict", "no, no no, no no, N", []setting{policy(allow(star, get, objects, on("IpAddress", "aws:SourceIp", "203.0.113.0/24"), on("StringLike", "aws:PrincipalAccount", me)))}},
		{"a peer under a condition that says nothing", "no, no no, no no, I", []setting{policy(allow(aws(peer), get, objects, on("Bool", "aws:SecureTransport", "true")))}},

		// Policies: conditions that everybody can meet.
		{"encrypted connections", "yes, no no, yes no, E", []setting{policy(allow(star, get, objects, on("Bool", "aws:SecureTransport", "true")))}},
		{"a referer", "yes, no no, yes no, E", []setting{policy(allow(star, get, objects, on("StringLike", "aws:Referer", "https://example.com/*")))}},
		{"a user agent", "yes, no no, yes no, E", []setting{policy(allow(star, get, objects, on("StringEquals", "aws:UserAgent", "secret")))}},
		{"a date", "yes, no no, yes no, E", []setting{policy(allow(star, get, objects, on("DateLessThan", "aws:CurrentTime", "2030-01-01T00:00:00Z")))}},
		{"a prefix", "yes, no no, yes no, E", []setting{policy(allow(star, "s3:ListBucket", bucket, on("StringEquals", "s3:prefix", "public/")))}},
		{"a tag of the object", "yes, no no, yes no, E", []setting{policy(allow(star, get, objects, on("StringEquals", "s3:ExistingObjectTag/public", "yes")))}},
		{"a canned list", "yes, no no, no yes, E", []setting{policy(allow(star, put, objects, on("StringEquals", "s3:x-amz-acl", "bucket-owner-full-control")))}},
		{"an organization that must be there", "yes, no no, yes no, E", []setting{policy(allow(star, get, objects, on("Null", "aws:PrincipalOrgID", "false")))}},
		{"any organization but one", "yes, no no, yes no, E", []setting{policy(allow(star, get, objects, on("StringNotEquals", "aws:PrincipalOrgID", "o-abcdefgh12")))}},
		{"no values", "yes, no no, yes no, E", []setting{policy(allow(star, get, objects, `"StringEquals":{"aws:SourceVpc":[]}`))}},
		{"a key that is not known", "unknown, no no, unknown no, ?", []setting{policy(allow(star, get, objects, on("StringEquals", "minio:something", "x")))}},
		{"an operator that is not known", "unknown, no no, unknown no, ?", []setting{policy(allow(star, get, objects, on("StringSounds", "aws:SourceVpc", "vpc-1")))}},
		{"one that is not known, beside one that restricts", "no, no no, no no, I", []setting{policy(allow(star, get, objects, on("StringLike", "minio:something", "x"), on("StringEquals", "aws:PrincipalOrgID", "o-abcdefgh12")))}},

		// Policies: denials.
		{"denied to everybody", "no, no no, no no, N", []setting{policy(ok, deny(star, "s3:*", objects))}},
		{"denied as a whole", "no, no no, no no, N", []setting{policy(ok, deny(star, "*", "*"))}},
		{"denied for another action", "yes, no no, yes no, E", []setting{policy(ok, deny(star, put, objects))}},
		{"writing denied, all allowed", "yes, no no, yes yes, E", []setting{policy(allow(star, "s3:*", objects), deny(star, put, objects))}},
		{"a part denied", "yes, no no, yes no, E", []setting{policy(ok, deny(star, get, "arn:aws:s3:::data/private/*"))}},
		{"the public part denied", "no, no no, no no, N", []setting{policy(allow(star, get, "arn:aws:s3:::data/p/*"), deny(star, get, objects))}},
		{"denied without encryption of the connection", "yes, no no, yes no, E", []setting{policy(ok, deny(star, "s3:*", objects, on("Bool", "aws:SecureTransport", "false")))}},
		{"denied outside of addresses", "no, no no, no no, E", []setting{policy(ok, deny(star, "s3:*", objects, on("NotIpAddress", "aws:SourceIp", "203.0.113.0/24")))}},
		{"denied outside of the organization", "no, no no, no no, I", []setting{policy(ok, deny(star, "s3:*", objects, on("StringNotEquals", "aws:PrincipalOrgID", "o-abcdefgh12")))}},
		{"denied outside of the organization, and insecure", "yes, no no, yes no, E", []setting{policy(ok, deny(star, "s3:*", objects, on("StringNotEquals", "aws:PrincipalOrgID", "o-abcdefgh12"), on("Bool", "aws:SecureTransport", "false")))}},
		{"denied within addresses", "yes, no no, yes no, E", []setting{policy(ok, deny(star, "s3:*", objects, on("IpAddress", "aws:SourceIp", "203.0.113.0/24")))}},
		{"denied for something that is not known", "unknown, no no, unknown no, ?", []setting{policy(ok, deny(star, "s3:*", objects, on("StringNotEquals", "x:y", "z")))}},
		{"denied to all but the owner", "no, no no, no no, N", []setting{policy(ok, deny("not "+aws(me), "s3:*", objects))}},
		{"denied to all but another account", "no, no no, no no, E", []setting{policy(ok, deny("not "+aws(other), "s3:*", objects))}},
		{"denied to one, allowed to all", "yes, no no, yes no, E", []setting{policy(ok, deny(aws(other), "s3:*", objects))}},
		{"denied to whom it is allowed", "no, no no, no no, N", []setting{policy(allow(aws(other), get, objects), deny(aws(other), "s3:*", objects))}},
		{"denied to the account of whom it is allowed", "no, no no, no no, N", []setting{policy(allow(aws("arn:aws:iam::"+other+":role/R"), get, objects), deny(aws("arn:aws:iam::"+other+":root"), "s3:*", objects))}},
		{"denied to somebody else", "no, no no, no no, E", []setting{policy(allow(aws(other), get, objects), deny(aws(peer), "s3:*", objects))}},

		// Policies that are not ones.
		{"a policy that is not known", "unknown, no no, unknown unknown, ?", []setting{unknown("policy")}},
		{"no JSON", "unknown, no no, unknown unknown, ?", []setting{policyText(`{"Statement":`)}},
		{"no statements", "unknown, no no, unknown unknown, ?", []setting{policyText(`{"Version":"2012-10-17"}`)}},
		{"an empty list of statements", "no, no no, no no, N", []setting{policyText(`{"Statement":[]}`)}},
		{"a single statement", "yes, no no, yes no, E", []setting{policyText(`{"Statement":` + ok + `}`)}},
		{"an element that is not known", "unknown, no no, unknown unknown, ?", []setting{policyText(`{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*","Sometimes":"yes"}}`)}},
		{"an element twice", "unknown, no no, unknown unknown, ?", []setting{policyText(`{"Statement":{"Effect":"Deny","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}}`)}},
		{"an effect in lower case", "unknown, no no, unknown unknown, ?", []setting{policyText(`{"Statement":{"Effect":"allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}}`)}},
		{"no principal", "unknown, no no, unknown unknown, ?", []setting{policyText(`{"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}`)}},
		{"a kind of principals that is not known", "unknown, no no, unknown unknown, ?", []setting{policyText(`{"Statement":{"Effect":"Allow","Principal":{"Ghost":"*"},"Action":"s3:GetObject","Resource":"*"}}`)}},
		{"too long", "unknown, no no, unknown unknown, ?", []setting{policyText(`{"Statement":[],"Id":"` + strings.Repeat("x", maxPolicy) + `"}`)}},
		{"the policy not known, the list public", "yes, yes no, unknown unknown, E", []setting{unknown("policy"), group(allUsers, "READ")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := private()
			for _, set := range c.set {
				set(&s)
			}
			a := Evaluate(s)
			got := fmt.Sprintf("%v, %v %v, %v %v, %s", a.Public, a.ACLRead, a.ACLWrite, a.PolicyRead, a.PolicyWrite, shared(a))
			if got != c.want {
				t.Errorf("got  %s\nwant %s\nbecause %q", got, c.want, a.Reasons)
			}
			if strings.Contains(got, "unknown") && len(a.Reasons) == 0 {
				t.Error("it is not known, and nothing says why")
			}
		})
	}
}

func shared(a Access) string {
	switch {
	case a.Strangers == Yes && a.CloudFront == Yes:
		return "EC"
	case a.CloudFront == Yes:
		return "C"
	case a.External == Yes:
		return "E"
	case a.External == Unknown, a.Internal == Unknown:
		return "?"
	case a.Internal == Yes:
		return "I"
	}
	return "N"
}

// Uploads without encryption are denied only by a policy that denies everybody to write without asking for it.
func TestUnencryptedUploads(t *testing.T) {
	for _, c := range []struct {
		name string
		set  setting
		want Verdict
	}{
		{"no policy", func(*Settings) {}, Yes},
		{"a policy that is not known", unknown("policy"), Unknown},
		{"another policy", policy(allow(aws(other), get, objects)), Yes},
		{"denied unless AES256", policy(deny(star, put, objects, on("StringNotEquals", "s3:x-amz-server-side-encryption", "AES256"))), No},
		{"denied unless aws:kms", policy(deny(star, put, objects, on("StringNotEquals", "s3:x-amz-server-side-encryption", "aws:kms"))), No},
		{"denied unless either", policy(deny(star, put, objects, on("StringNotEquals", "s3:x-amz-server-side-encryption", "aws:kms", "AES256"))), No},
		{"denied unless a customer's key", policy(deny(star, put, objects, on("StringNotEquals", "s3:x-amz-server-side-encryption-customer-algorithm", "AES256"))), No},
		{"denied without the header", policy(deny(star, put, objects, on("Null", "s3:x-amz-server-side-encryption", "true"))), No},
		{"denied with the header", policy(deny(star, put, objects, on("Null", "s3:x-amz-server-side-encryption", "false"))), Yes},
		{"denied for a part", policy(deny(star, put, "arn:aws:s3:::data/x/*", on("Null", "s3:x-amz-server-side-encryption", "true"))), Yes},
		{"denied to some", policy(deny(aws(other), put, objects, on("Null", "s3:x-amz-server-side-encryption", "true"))), Yes},
		{"denied for another action", policy(deny(star, get, objects, on("Null", "s3:x-amz-server-side-encryption", "true"))), Yes},
		{"denied for all actions", policy(deny(star, "s3:*", objects, on("Null", "s3:x-amz-server-side-encryption", "true"))), No},
		{"denied to write at all", policy(deny(star, put, objects)), Yes},
		{"denied with a further condition", policy(deny(star, put, objects, on("Null", "s3:x-amz-server-side-encryption", "true"), on("Bool", "aws:SecureTransport", "false"))), Yes},
		{"denied unless something that is none", policy(deny(star, put, objects, on("StringNotEquals", "s3:x-amz-server-side-encryption", "none"))), Yes},
	} {
		s := private()
		c.set(&s)
		if got := Evaluate(s).UnencryptedUploads; got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// Whatever a store answers, there is a verdict, in time, and a public statement is never hidden by adding others that only allow.
func FuzzEvaluate(f *testing.F) {
	f.Add(`{"Statement":[` + allow(star, get, objects) + `]}`)
	f.Add(`{"Statement":[` + deny("not "+aws(me), "s3:*", "*", on("StringNotLike", "aws:userid", "A*")) + `]}`)
	f.Fuzz(func(t *testing.T, text string) {
		s := private()
		s.Policy = objectstore.Is(text)
		a := Evaluate(s)
		Accounts(s)
		if _, err := parse(text); err != nil && a.Public != Unknown {
			t.Errorf("a policy that cannot be read is %v", a.Public)
		}
	})
}
