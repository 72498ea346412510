package s3

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"magpie/internal/inventory/objectstore"
)

// settings are the sub-resources of a bucket that are XML, with what is not known without them.
var settings = []struct{ call, query, root, cost string }{
	{"GetBucketAcl", "acl", "AccessControlPolicy", "whether the access control list makes the bucket public or shares it"},
	{"GetPublicAccessBlock", "publicAccessBlock", "PublicAccessBlockConfiguration", "whether public access is blocked"},
	{"GetBucketEncryption", "encryption", "ServerSideEncryptionConfiguration", "the default encryption"},
	{"GetBucketVersioning", "versioning", "VersioningConfiguration", "whether versions are kept"},
	{"GetBucketReplication", "replication", "ReplicationConfiguration", "whether the bucket is replicated, and to whom"},
	{"GetBucketTagging", "tagging", "Tagging", "the bucket's tags"},
}

// maxPolicy is more than the 20 KB of AWS.
const maxPolicy = 64 << 10

// Facts asks for all settings of a bucket.
func (c *Client) Facts(ctx context.Context, bucket string) (objectstore.Facts, error) {
	var f objectstore.Facts
	var errs [8]error
	var w sync.WaitGroup
	ask := func(i int, fn func() error) { w.Go(func() { errs[i] = fn() }) }
	ask(0, func() (err error) {
		f.Policy, err = answer(c.policy(ctx, bucket))
		return err
	})
	ask(1, func() (err error) {
		f.ACL, err = setting(ctx, c, bucket, 0, readACL)
		return err
	})
	ask(2, func() (err error) {
		f.Block, err = setting(ctx, c, bucket, 1, readBlock)
		return err
	})
	ask(3, func() (err error) {
		f.Encryption, err = setting(ctx, c, bucket, 2, readEncryption)
		return err
	})
	ask(4, func() (err error) {
		f.Versioning, err = setting(ctx, c, bucket, 3, readVersioning)
		return err
	})
	ask(5, func() (err error) {
		f.Replication, err = setting(ctx, c, bucket, 4, readReplication)
		return err
	})
	ask(6, func() (err error) {
		f.Tags, err = setting(ctx, c, bucket, 5, func(n *node) ([]objectstore.Tag, error) { return readTags("GetBucketTagging", n) })
		return err
	})
	ask(7, func() (err error) {
		f.AccountBlock, err = c.accountBlock(ctx)
		return err
	})
	w.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		for _, err := range errs { // one of them says it all
			if err != nil {
				return f, err
			}
		}
	}
	f.Owner = f.ACL.Value.Owner
	return f, nil
}

// Owner asks who owns a bucket.
func (c *Client) Owner(ctx context.Context, bucket string) (objectstore.Owner, error) {
	acl, err := setting(ctx, c, bucket, 0, readACL)
	return acl.Value.Owner, err
}

// setting asks for the i-th setting.
func setting[T any](ctx context.Context, c *Client, bucket string, i int, read func(*node) (T, error)) (objectstore.Answer[T], error) {
	q := settings[i]
	root, err := c.tree(ctx, request{call: q.call, bucket: bucket, query: url.Values{q.query: {""}}}, q.root)
	if err != nil {
		var zero T
		return answer(zero, err)
	}
	return answer(read(root))
}

// answer makes what came of a call into an answer. The error is for what concerns the bucket or the store as a whole.
func answer[T any](v T, err error) (objectstore.Answer[T], error) {
	var fatal error
	switch {
	case err == nil:
		return objectstore.Is(v), nil
	case absent[objectstore.CodeOf(err)]:
		return objectstore.None[T](), nil
	case errors.Is(err, objectstore.ErrNoBucket), errors.Is(err, objectstore.ErrCredentials), errors.Is(err, objectstore.ErrClock),
		errors.Is(err, objectstore.ErrUnreachable), errors.Is(err, objectstore.ErrCertificate), errors.Is(err, objectstore.ErrForbidden),
		errors.Is(err, objectstore.ErrThrottled), errors.Is(err, objectstore.ErrRegion),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		fatal = err
	}
	return objectstore.Answer[T]{Reason: err.Error(), Denied: errors.Is(err, objectstore.ErrDenied),
		Unsupported: errors.Is(err, objectstore.ErrNotSupported)}, fatal
}

// policy reads a bucket's policy, which is JSON.
func (c *Client) policy(ctx context.Context, bucket string) (string, error) {
	const call = "GetBucketPolicy"
	body, _, err := c.ask(ctx, request{call: call, bucket: bucket, query: url.Values{"policy": {""}}}, maxPolicy)
	if err != nil {
		return "", err
	}
	text := strings.TrimSpace(strings.TrimPrefix(string(body), "\uFEFF"))
	if !strings.HasPrefix(text, "{") {
		return "", wrong(call, "something came that is not JSON")
	}
	return text, nil
}

func readACL(root *node) (objectstore.ACL, error) {
	var acl objectstore.ACL
	if !root.has("AccessControlList") {
		return acl, wrong("GetBucketAcl", "the answer has no AccessControlList")
	}
	owner := root.child("Owner")
	acl.Owner = objectstore.Owner{ID: clean(owner.child("ID").text), DisplayName: clean(owner.child("DisplayName").text)}
	for _, g := range root.child("AccessControlList").all("Grant") {
		to := g.child("Grantee")
		grant := objectstore.Grant{
			Group: clean(to.child("URI").text), ID: clean(to.child("ID").text), Email: clean(to.child("EmailAddress").text),
			Permission: clean(g.child("Permission").text),
		}
		if grant.Permission == "" || len(acl.Grants) >= 1000 {
			return acl, wrong("GetBucketAcl", "there are grants that cannot be some")
		}
		acl.Grants = append(acl.Grants, grant)
	}
	return acl, nil
}

// readBlock reads the four flags. One that is missing is false, as AWS says.
func readBlock(root *node) (b objectstore.PublicAccessBlock, err error) {
	for _, f := range []struct {
		name string
		to   *bool
	}{
		{"BlockPublicAcls", &b.BlockPublicAcls}, {"IgnorePublicAcls", &b.IgnorePublicAcls},
		{"BlockPublicPolicy", &b.BlockPublicPolicy}, {"RestrictPublicBuckets", &b.RestrictPublicBuckets},
	} {
		switch text := strings.ToLower(strings.TrimSpace(root.child(f.name).text)); text {
		case "true":
			*f.to = true
		case "false", "":
		default:
			return b, wrong("GetPublicAccessBlock", "%s is neither true nor false", f.name)
		}
	}
	return b, nil
}

func readEncryption(root *node) (objectstore.Encryption, error) {
	rule := root.child("Rule").child("ApplyServerSideEncryptionByDefault")
	e := objectstore.Encryption{Algorithm: rule.child("SSEAlgorithm").text, KMSKeyID: clean(rule.child("KMSMasterKeyID").text)}
	switch e.Algorithm {
	case "AES256", "aws:kms", "aws:kms:dsse":
		return e, nil
	}
	return e, wrong("GetBucketEncryption", "the answer names no algorithm that is known")
}

func readVersioning(root *node) (bool, error) {
	switch status := root.child("Status").text; status {
	case "Enabled":
		return true, nil
	case "", "Suspended", "Off", "Disabled":
		return false, nil
	default:
		return false, wrong("GetBucketVersioning", "the answer has a status that is not known")
	}
}

func readReplication(root *node) (objectstore.Replication, error) {
	var r objectstore.Replication
	for _, rule := range root.all("Rule") {
		if rule.child("Status").text != "Enabled" {
			continue
		}
		to := rule.child("Destination")
		if to.child("Bucket").text == "" || len(r.Rules) >= 1000 {
			return r, wrong("GetBucketReplication", "there are rules that cannot be some")
		}
		r.Rules = append(r.Rules, objectstore.ReplicationRule{Bucket: clean(to.child("Bucket").text), Account: clean(to.child("Account").text)})
	}
	return r, nil
}

// accountBlock asks AWS for the account's own block. Other stores have no such thing.
func (c *Client) accountBlock(ctx context.Context) (objectstore.Answer[objectstore.PublicAccessBlock], error) {
	if c.control == "" {
		return objectstore.None[objectstore.PublicAccessBlock](), nil
	}
	root, err := c.tree(ctx, request{
		call: "GetAccountPublicAccessBlock", base: c.control, key: "v20180820/configuration/publicAccessBlock",
		header: http.Header{"X-Amz-Account-Id": {c.o.Account}},
	}, "PublicAccessBlockConfiguration")
	if err != nil {
		return answer(objectstore.PublicAccessBlock{}, err)
	}
	return answer(readBlock(root))
}
