// Package s3test holds what Magpie needs of an object store against a real one.
//
// [Run] is the suite. It makes buckets of its own and takes them away again. The test of this package runs it against the store that the
// environment names, if it names one: scripts/stores says how. The moto server is tried too, where it is installed.
package s3test

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"magpie/internal/inventory/access"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/inventory/s3"
)

// Target is a store to try.
type Target struct {
	Endpoint, AccessKeyID, SecretAccessKey, Region string
	CA                                             []byte
	// Unsigned says that the store accepts any signature.
	Unsigned bool
}

// Client returns a client of the store.
func (x Target) Client(t testing.TB) *s3.Client {
	t.Helper()
	c, err := s3.New(s3.Options{Endpoint: x.Endpoint, Region: x.Region, CA: x.CA,
		Credentials: credentials.NewStaticCredentialsProvider(x.AccessKeyID, x.SecretAccessKey, "")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// Do sends a signed request, for what Magpie itself never does: making buckets and their settings. It returns the status.
func (x Target) Do(t testing.TB, method, path, query, body string, header http.Header) int {
	t.Helper()
	q, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), method, x.Endpoint+path+"?"+query, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		q.Header[name] = values
	}
	sum := sha256.Sum256([]byte(body))
	hash := hex.EncodeToString(sum[:])
	q.Header.Set("X-Amz-Content-Sha256", hash)
	if body != "" {
		digest := md5.Sum([]byte(body))
		q.Header.Set("Content-Md5", base64.StdEncoding.EncodeToString(digest[:]))
	}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	region := x.Region
	if region == "" {
		region = "us-east-1"
	}
	err = signer.SignHTTP(t.Context(), aws.Credentials{AccessKeyID: x.AccessKeyID, SecretAccessKey: x.SecretAccessKey}, q, hash, "s3", region, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode >= 300 {
		t.Logf("%s %s?%s: %d %.300s", method, path, query, response.StatusCode, text)
	}
	return response.StatusCode
}

// Bucket makes a bucket, which goes with the test.
func (x Target) Bucket(t testing.TB, c *s3.Client) string {
	t.Helper()
	var b [6]byte
	rand.Read(b[:])
	name := "magpie-test-" + hex.EncodeToString(b[:])
	if status := x.Do(t, http.MethodPut, "/"+name, "", "", nil); status != http.StatusOK {
		t.Fatalf("a bucket cannot be made: %d", status)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		for {
			page, err := c.List(ctx, name, objectstore.Listing{})
			if err != nil || len(page.Objects) == 0 {
				break
			}
			for _, o := range page.Objects {
				if err := c.Delete(ctx, name, o.Key); err != nil {
					t.Logf("delete %q: %v", o.Key, err)
				}
			}
			if !page.More {
				break
			}
		}
		x.Do(t, http.MethodDelete, "/"+name, "policy", "", nil)
		x.Do(t, http.MethodDelete, "/"+name, "", "", nil)
	})
	return name
}

// Run holds a store to what Magpie needs. What a store may lack is logged.
func Run(t *testing.T, x Target) {
	c := x.Client(t)
	t.Run("buckets", func(t *testing.T) { buckets(t, x, c) })
	t.Run("keys", func(t *testing.T) { keys(t, x, c) })
	t.Run("pages", func(t *testing.T) { pages(t, x, c) })
	t.Run("reading", func(t *testing.T) { reading(t, x, c) })
	t.Run("settings", func(t *testing.T) { settings(t, x, c) })
	t.Run("credentials", func(t *testing.T) { wrongSecret(t, x) })
	t.Run("table", func(t *testing.T) { table(t, x, c) })
}

func buckets(t *testing.T, x Target, c *s3.Client) {
	name := x.Bucket(t, c)
	var found *objectstore.Bucket
	err := c.Buckets(t.Context(), func(b objectstore.Bucket) error {
		if b.Name == name {
			found = &b
		}
		return nil
	})
	if err != nil || found == nil || time.Since(found.CreatedAt).Abs() > time.Hour {
		t.Errorf("the bucket is listed as %+v, %v", found, err)
	}
	if page, err := c.List(t.Context(), name, objectstore.Listing{}); err != nil || len(page.Objects) > 0 || page.More {
		t.Errorf("an empty bucket lists %+v, %v", page, err)
	}
	if _, err := c.List(t.Context(), "magpie-test-there-is-none", objectstore.Listing{}); !errors.Is(err, objectstore.ErrNoBucket) {
		t.Errorf("a bucket that is not there: %v", err)
	}
	if _, err := c.Facts(t.Context(), "magpie-test-there-is-none"); !errors.Is(err, objectstore.ErrNoBucket) && !errors.Is(err, objectstore.ErrDenied) {
		t.Errorf("settings of a bucket that is not there: %v", err)
	}
}

// keys writes objects with odd keys; those that the store takes must come back as they are.
func keys(t *testing.T, x Target, c *s3.Client) {
	name := x.Bucket(t, c)
	var taken []string
	for _, k := range []string{
		"plain.txt", "with blank.txt", "+plus+.txt", "per%25cent.txt", "%41.txt", "a&b<c>.txt", "\"quotes'.txt", "caf\u00e9.txt", "cafe\u0301.txt",
		"\u65e5\u672c\u8a9e/\U0001F600.txt", "q?r=s#t;u.txt", "new\nline.txt", "tab\tbed.txt", "deep/er/and/deeper.txt", "~tilde.txt", "(1)!*.txt",
		strings.Repeat("k", 200) + "/" + strings.Repeat("l", 200) + ".txt", "back\\slash.txt", "trailing.txt ", "a=b,c:d@e$f.txt",
	} {
		etag, err := c.Put(t.Context(), name, k, []byte(k), objectstore.PutOptions{ContentType: "text/plain"})
		if err != nil {
			t.Logf("the store does not take the key %q: %v", k, err)
			continue
		}
		taken = append(taken, k)
		if etag == "" {
			t.Errorf("%q has no ETag", k)
		}
	}
	slices.Sort(taken)
	page, err := c.List(t.Context(), name, objectstore.Listing{})
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, o := range page.Objects {
		listed = append(listed, o.Key)
		b, err := c.Get(t.Context(), name, o.Key, o.ETag, objectstore.Range{})
		if err != nil {
			t.Errorf("%q: %v", o.Key, err)
			continue
		}
		text, err := io.ReadAll(b)
		b.Close()
		if string(text) != o.Key || err != nil {
			t.Errorf("%q holds %q, %v", o.Key, text, err)
		}
		whole := make([]byte, o.Size)
		if _, err := c.Fetch(t.Context(), name, o.Key, o.ETag, whole); err != nil || string(whole) != o.Key {
			t.Errorf("%q fetched holds %q, %v", o.Key, whole, err)
		}
	}
	if !slices.Equal(listed, taken) {
		t.Errorf("listed are %q, and not %q", listed, taken)
	}
	for i := range taken {
		page, err := c.List(t.Context(), name, objectstore.Listing{After: taken[i], Max: 1})
		switch {
		case err != nil:
			t.Errorf("after %q: %v", taken[i], err)
		case i < len(taken)-1 && (len(page.Objects) != 1 || page.Objects[0].Key != taken[i+1]):
			t.Errorf("after %q comes %+v", taken[i], page.Objects)
		}
	}
}

func pages(t *testing.T, x Target, c *s3.Client) {
	name := x.Bucket(t, c)
	const n = 130
	for i := range n {
		if _, err := c.Put(t.Context(), name, fmt.Sprintf("p/%04d", i), []byte{byte(i)}, objectstore.PutOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	count, after := 0, ""
	for {
		page, err := c.List(t.Context(), name, objectstore.Listing{After: after, Max: 50})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Objects {
			if want := fmt.Sprintf("p/%04d", count); o.Key != want || o.Size != 1 || time.Since(o.LastModified).Abs() > time.Hour {
				t.Fatalf("object %d is %+v", count, o)
			}
			count++
			after = o.Key
		}
		if !page.More {
			break
		}
	}
	if count != n {
		t.Errorf("%d objects", count)
	}
	if page, err := c.List(t.Context(), name, objectstore.Listing{After: "p/00995", Max: 1}); err != nil || page.Objects[0].Key != "p/0100" || !page.More {
		t.Errorf("after a key that is not there: %+v, %v", page, err)
	}
}

func reading(t *testing.T, x Target, c *s3.Client) {
	name := x.Bucket(t, c)
	content := bytes.Repeat([]byte("0123456789"), 1000)
	etag, err := c.Put(t.Context(), name, "k.txt", content, objectstore.PutOptions{ContentType: "text/plain"})
	if err != nil {
		t.Fatal(err)
	}
	head, err := c.Head(t.Context(), name, "k.txt")
	if err != nil || head.Size != 10_000 || head.ETag != etag || !strings.HasPrefix(head.ContentType, "text/plain") {
		t.Errorf("head %+v, %v", head, err)
	}
	for _, part := range []struct {
		r    objectstore.Range
		want []byte
	}{{objectstore.Range{}, content}, {objectstore.Range{Offset: 5, Length: 7}, content[5:12]}, {objectstore.Range{Offset: 9_990}, content[9_990:]}} {
		b, err := c.Get(t.Context(), name, "k.txt", etag, part.r)
		if err != nil {
			t.Errorf("%+v: %v", part.r, err)
			continue
		}
		got, err := io.ReadAll(b)
		b.Close()
		if err != nil || !bytes.Equal(got, part.want) {
			t.Errorf("%+v: %d bytes, %v", part.r, len(got), err)
		}
	}
	whole := make([]byte, len(content))
	if h, err := c.Fetch(t.Context(), name, "k.txt", etag, whole); err != nil || !bytes.Equal(whole, content) || h != head {
		t.Errorf("fetched: %+v, %v", h, err)
	}
	if _, err := c.Fetch(t.Context(), name, "k.txt", "0123456789abcdef", whole); !errors.Is(err, objectstore.ErrChanged) {
		t.Errorf("another ETag, fetched: %v", err)
	}
	if _, err := c.Fetch(t.Context(), name, "none", "", whole); !errors.Is(err, objectstore.ErrNoObject) {
		t.Errorf("no object, fetched: %v", err)
	}
	if _, err := c.Get(t.Context(), name, "k.txt", "0123456789abcdef", objectstore.Range{}); !errors.Is(err, objectstore.ErrChanged) {
		t.Errorf("another ETag: %v", err)
	}
	if _, err := c.Get(t.Context(), name, "k.txt", "", objectstore.Range{Offset: 20_000, Length: 5}); !errors.Is(err, objectstore.ErrRange) {
		t.Errorf("beyond the end: %v", err)
	}
	if _, err := c.Get(t.Context(), name, "none", "", objectstore.Range{}); !errors.Is(err, objectstore.ErrNoObject) {
		t.Errorf("no object: %v", err)
	}
	if _, err := c.Head(t.Context(), name, "none"); !errors.Is(err, objectstore.ErrNoObject) {
		t.Errorf("head of no object: %v", err)
	}
	if tags, err := c.Tags(t.Context(), name, "k.txt"); err != nil || len(tags) != 0 {
		t.Errorf("tags %v, %v", tags, err)
	}
	const tagging = `<Tagging><TagSet><Tag><Key>a</Key><Value>b c</Value></Tag></TagSet></Tagging>`
	if x.Do(t, http.MethodPut, "/"+name+"/k.txt", "tagging=", tagging, nil) < 300 {
		if tags, err := c.Tags(t.Context(), name, "k.txt"); err != nil || tags["a"] != "b c" {
			t.Errorf("tags %v, %v", tags, err)
		}
	}
	if _, err := c.Put(t.Context(), name, "empty.txt", nil, objectstore.PutOptions{}); err != nil {
		t.Errorf("an object of no bytes: %v", err)
	}
	if err := c.Delete(t.Context(), name, "k.txt"); err != nil {
		t.Errorf("delete: %v", err)
	}
	if err := c.Delete(t.Context(), name, "k.txt"); err != nil {
		t.Errorf("delete what is gone: %v", err)
	}
}

// settings changes a bucket's settings, and looks whether the verdict follows. What a store does not take, or cannot tell, must be unknown.
func settings(t *testing.T, x Target, c *s3.Client) {
	name := x.Bucket(t, c)
	judge := func() (objectstore.Facts, access.Access) {
		t.Helper()
		f, err := c.Facts(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		a := access.Evaluate(access.Settings{Bucket: name, Account: "111122223333", Policy: f.Policy, ACL: f.ACL, Block: f.Block, AccountBlock: f.AccountBlock})
		t.Logf("public %v, external %v, by list %v %v, by policy %v %v; encryption %v, versioning %v, replication %v, tags %v; %q", a.Public, a.External,
			a.ACLRead, a.ACLWrite, a.PolicyRead, a.PolicyWrite, f.Encryption, f.Versioning, f.Replication.State, f.Tags.State, a.Reasons)
		return f, a
	}
	f, a := judge()
	if a.Public == access.Yes || a.PolicyRead == access.Yes || f.Versioning.Value || len(f.Replication.Value.Rules) > 0 || len(f.Tags.Value) > 0 {
		t.Errorf("of a new bucket is said %+v %+v", f, a)
	}
	const policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["*"]},"Action":["s3:GetObject"],"Resource":["arn:aws:s3:::%s/*"]}]}`
	if x.Do(t, http.MethodPut, "/"+name, "policy=", fmt.Sprintf(policy, name), nil) < 300 {
		if f, a := judge(); f.Policy.State != objectstore.Known || a.PolicyRead != access.Yes || a.Public == access.No {
			t.Errorf("of a bucket that everybody may read is said %+v", a)
		}
		x.Do(t, http.MethodDelete, "/"+name, "policy=", "", nil)
		if f, a := judge(); f.Policy.State != objectstore.Absent || a.PolicyRead != access.No {
			t.Errorf("of one whose policy is gone is said %+v %+v", f.Policy, a)
		}
	}
	const tagging = `<Tagging><TagSet><Tag><Key>team</Key><Value>hr</Value></Tag></TagSet></Tagging>`
	if x.Do(t, http.MethodPut, "/"+name, "tagging=", tagging, nil) < 300 {
		if f, _ := judge(); len(f.Tags.Value) != 1 || f.Tags.Value[0] != (objectstore.Tag{Key: "team", Value: "hr"}) {
			t.Errorf("tags %+v", f.Tags)
		}
	}
	if x.Do(t, http.MethodPut, "/"+name, "versioning=", `<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>`, nil) < 300 {
		if f, _ := judge(); !f.Versioning.Value {
			t.Errorf("versioning %+v", f.Versioning)
		}
		x.Do(t, http.MethodPut, "/"+name, "versioning=", `<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>`, nil)
	}
	const block = `<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>false</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>`
	if x.Do(t, http.MethodPut, "/"+name, "publicAccessBlock=", block, nil) < 300 {
		if f, _ := judge(); f.Block.State != objectstore.Known || f.Block.Value != (objectstore.PublicAccessBlock{BlockPublicAcls: true, IgnorePublicAcls: true, RestrictPublicBuckets: true}) {
			t.Errorf("block %+v", f.Block)
		}
		x.Do(t, http.MethodDelete, "/"+name, "publicAccessBlock=", "", nil)
	}
	const encryption = `<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`
	if x.Do(t, http.MethodPut, "/"+name, "encryption=", encryption, nil) < 300 {
		if f, _ := judge(); f.Encryption.State != objectstore.Known || f.Encryption.Value.Algorithm != "AES256" {
			t.Errorf("encryption %+v", f.Encryption)
		}
	}
	if x.Do(t, http.MethodPut, "/"+name, "acl=", "", http.Header{"X-Amz-Acl": {"public-read"}}) < 300 {
		if f, a := judge(); f.ACL.State != objectstore.Known || a.ACLRead != access.Yes {
			t.Errorf("of a bucket that everybody may list is said %+v %+v", f.ACL, a)
		}
		x.Do(t, http.MethodPut, "/"+name, "acl=", "", http.Header{"X-Amz-Acl": {"private"}})
	}
}

func wrongSecret(t *testing.T, x Target) {
	if x.Unsigned {
		t.Skip("the store accepts any signature")
	}
	x.SecretAccessKey += "x"
	err := x.Client(t).Buckets(t.Context(), func(objectstore.Bucket) error { return nil })
	if !errors.Is(err, objectstore.ErrCredentials) && !errors.Is(err, objectstore.ErrDenied) {
		t.Errorf("a wrong secret: %v", err)
	}
	x.AccessKeyID = "AKIDDOESNOTEXIST1234"
	err = x.Client(t).Buckets(t.Context(), func(objectstore.Bucket) error { return nil })
	if !errors.Is(err, objectstore.ErrCredentials) && !errors.Is(err, objectstore.ErrDenied) {
		t.Errorf("a key that there is not: %v", err)
	}
}

// table shows what `magpie store test` would.
func table(t *testing.T, x Target, c *s3.Client) {
	name := x.Bucket(t, c)
	if _, err := c.Put(t.Context(), name, "k.txt", []byte("x"), objectstore.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, trial := range c.Try(t.Context(), name) {
		t.Logf("%-22s %-16s %s", trial.Call, trial.Outcome, trial.Detail)
		switch trial.Call {
		case "ListBuckets", "ListObjectsV2", "HeadObject", "GetObject":
			if trial.Outcome != objectstore.Works {
				t.Errorf("%s: %s: %s", trial.Call, trial.Outcome, trial.Detail)
			}
		}
	}
}
