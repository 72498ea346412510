package inventory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
	"magpie/internal/queue"
	"magpie/internal/session"
	"magpie/internal/store"
)

// made is a store that a test makes up: buckets with settings, objects that need no bytes.
type made struct {
	objectstore.Store // nil: what a test does not use is not there
	buckets           []objectstore.Bucket
	facts             map[string]objectstore.Facts
	objects           map[string][]objectstore.Object
	err               error            // of ListBuckets
	bucketErr         map[string]error // of Facts and List
}

func (m *made) Buckets(_ context.Context, yield func(objectstore.Bucket) error) error {
	if m.err != nil {
		return m.err
	}
	for _, b := range m.buckets {
		if err := yield(b); err != nil {
			return err
		}
	}
	return nil
}

func (m *made) Facts(_ context.Context, bucket string) (objectstore.Facts, error) {
	return m.facts[bucket], m.bucketErr[bucket]
}

func (m *made) List(_ context.Context, bucket string, l objectstore.Listing) (page objectstore.Page, err error) {
	if err := m.bucketErr[bucket]; err != nil {
		return page, err
	}
	objects := m.objects[bucket]
	i, found := slices.BinarySearchFunc(objects, l.After, func(o objectstore.Object, key string) int { return strings.Compare(o.Key, key) })
	if found {
		i++
	}
	end := min(len(objects), i+objectstore.MaxPage)
	if l.Max > 0 {
		end = min(end, i+l.Max)
	}
	return objectstore.Page{Objects: objects[i:end], More: end < len(objects)}, nil
}

func (m *made) Close() error { return nil }

// private are the settings of a bucket that nobody else can reach.
func private() objectstore.Facts {
	owner := objectstore.Owner{ID: "owner", DisplayName: "Owner"}
	return objectstore.Facts{
		Policy: objectstore.None[string](), Owner: owner,
		ACL:          objectstore.Is(objectstore.ACL{Owner: owner, Grants: []objectstore.Grant{{ID: "owner", Permission: "FULL_CONTROL"}}}),
		Block:        objectstore.Is(objectstore.PublicAccessBlock{BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true}),
		AccountBlock: objectstore.None[objectstore.PublicAccessBlock](), Encryption: objectstore.Is(objectstore.Encryption{Algorithm: "aws:kms", KMSKeyID: "key"}),
		Versioning: objectstore.Is(true), Replication: objectstore.None[objectstore.Replication](),
		Tags: objectstore.Is([]objectstore.Tag{{Key: "team", Value: "hr"}}),
	}
}

// addMade makes a store that a test made up one of an account's.
func (f *fixture) addMade(account macie2.AccountID, name string, m *made) Store {
	f.t.Helper()
	x, err := f.AddStore(f.t.Context(), account, ByOperator, Settings{Name: name, Region: region, Kind: KindFolder, Endpoint: "file:///made-up"}, time.Now())
	if err != nil {
		f.t.Fatal(err)
	}
	if x, err = f.Store(f.t.Context(), account, name); err != nil {
		f.t.Fatal(err)
	}
	f.open[x.ID] = &backend{revision: x.revision, store: m, pace: objectstore.NewPace(objectstore.PaceOptions{}), slots: objectstore.NewSlots(f.reads)}
	return x
}

func (f *fixture) describe(account macie2.AccountID, in *macie2.DescribeBucketsInput) []macie2.BucketMetadata {
	f.t.Helper()
	out, err := f.DescribeBuckets(f.t.Context(), call(account), in)
	if err != nil {
		f.t.Fatal(err)
	}
	return out.Buckets
}

// countNow does the censuses that are waiting, in this goroutine.
func (f *fixture) countNow(account macie2.AccountID, buckets ...string) {
	f.t.Helper()
	for _, name := range buckets {
		state := censusState{Region: region, Account: account, Bucket: name}
		b, err := f.Open(f.t.Context(), region, account, name)
		if err != nil {
			f.t.Fatal(err)
		}
		if err := f.plan(f.t.Context(), &state); err != nil {
			f.t.Fatal(err)
		}
		c, err := newCount(b, &state)
		if err != nil {
			f.t.Fatal(err)
		}
		o := queue.Outcome{Status: queue.Done}
		if err := c.run(f.t.Context(), censusCheckpoint, func(*censusState) error { return nil }); err != nil {
			o.Result = err
		} else {
			o.Result = c.result()
		}
		payload, err := json.Marshal(state)
		if err != nil {
			f.t.Fatal(err)
		}
		err = f.db.Tx(f.t.Context(), "test", func(tx *store.Tx) error { return f.endCensus(f.t.Context(), tx, queue.Task{Payload: payload}, o) })
		if err != nil {
			f.t.Fatal(err)
		}
	}
}

func TestDescribeBucketsShowsAllThatIsKnown(t *testing.T) {
	each(t, func(t *testing.T, node func(...func(*Options)) *fixture) {
		f := node()
		f.enable(alice)
		at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		public := private()
		public.Block = objectstore.None[objectstore.PublicAccessBlock]()
		public.Policy = objectstore.Is(`{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::open/*"}}`)
		silent := objectstore.Facts{}
		f.addMade(alice, "s", &made{
			buckets: []objectstore.Bucket{{Name: "closed", CreatedAt: at}, {Name: "open", CreatedAt: at}, {Name: "silent"}, {Name: "denied"}},
			facts:   map[string]objectstore.Facts{"closed": private(), "open": public, "silent": silent},
			objects: map[string][]objectstore.Object{"closed": {
				{Key: "a.csv", Size: 10, StorageClass: "STANDARD"}, {Key: "b.csv.gz", Size: 20, StorageClass: "STANDARD"},
				{Key: "c.jpg", Size: 40, StorageClass: "STANDARD"}, {Key: "d.txt", Size: 80, StorageClass: "GLACIER"},
				{Key: "e", Size: 160, StorageClass: "DEEP_ARCHIVE"},
			}},
			bucketErr: map[string]error{"denied": &objectstore.Error{Kind: objectstore.ErrDenied, Call: "GetBucketPolicy", Code: "AccessDenied", Status: 403}},
		})
		f.lookNow(alice, "s")
		f.countNow(alice, "closed", "open", "silent")
		got := map[string]macie2.BucketMetadata{}
		for _, m := range f.describe(alice, &macie2.DescribeBucketsInput{}) {
			got[*m.BucketName] = m
		}
		if len(got) != 4 {
			t.Fatalf("%d buckets", len(got))
		}
		want := map[string]string{
			"closed": `"objectCount":5,"objectCountByEncryptionType":{"customerManaged":0,"kmsManaged":0,"s3Managed":0,"unencrypted":0,"unknown":5}`,
			"open":   `"effectivePermission":"PUBLIC"`,
			"silent": `"effectivePermission":"UNKNOWN"`,
			"denied": `"errorCode":"ACCESS_DENIED"`,
		}
		for name, part := range want {
			b, err := json.Marshal(got[name])
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(b), part) {
				t.Errorf("%s has no %s: %s", name, part, b)
			}
		}
		c := got["closed"]
		if *c.ClassifiableObjectCount != 2 || *c.ClassifiableSizeInBytes != 30 || *c.SizeInBytes != 310 || *c.SizeInBytesCompressed != 20 {
			t.Errorf("counted %d objects of %d bytes of %d, %d compressed", *c.ClassifiableObjectCount, *c.ClassifiableSizeInBytes, *c.SizeInBytes, *c.SizeInBytesCompressed)
		}
		if u := c.UnclassifiableObjectCount; *u.FileType != 2 || *u.StorageClass != 2 || *u.Total != 3 {
			t.Errorf("unclassifiable: %d by type, %d by class, %d in all", *u.FileType, *u.StorageClass, *u.Total)
		}
		if *c.PublicAccess.EffectivePermission != macie2.EffectivePermissionNotPublic || *c.SharedAccess != macie2.SharedAccessNotShared ||
			*c.AllowsUnencryptedObjectUploads != macie2.AllowsUnencryptedObjectUploadsTrue || !*c.Versioning || *c.ServerSideEncryption.Type != macie2.TypeAwsKms ||
			len(c.Tags) != 1 || *c.Tags[0].Value != "hr" || *c.ReplicationDetails.Replicated || *c.BucketArn != "arn:aws:s3:::closed" {
			t.Errorf("closed is %+v", c)
		}
		if d := got["denied"]; d.ObjectCount != nil || d.ServerSideEncryption != nil || d.Tags != nil || !strings.Contains(*d.ErrorMessage, "AccessDenied") {
			t.Errorf("of one that cannot be read there is %+v", d)
		}
		s, err := f.GetBucketStatistics(t.Context(), call(alice), &macie2.GetBucketStatisticsInput{})
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{`"bucketCount":4`, `{"publiclyAccessible":1,"publiclyReadable":1,"publiclyWritable":0,"unknown":2}`,
			`{"kmsManaged":2,"s3Managed":0,"unencrypted":0,"unknown":2}`, `{"external":1,"internal":0,"notShared":1,"unknown":2}`,
			`{"allowsUnencryptedObjectUploads":2,"deniesUnencryptedObjectUploads":0,"unknown":2}`, `"objectCount":5,"sizeInBytes":310`} {
			if !strings.Contains(string(text), part) {
				t.Errorf("the statistics have no %s: %s", part, text)
			}
		}
	})
}

// The sums are those of the buckets, whatever happened to these before.
func TestStatisticsAreTheSumsOfTheBuckets(t *testing.T) {
	each(t, func(t *testing.T, node func(...func(*Options)) *fixture) {
		f := node()
		f.enable(alice)
		m := &made{facts: map[string]objectstore.Facts{}, objects: map[string][]objectstore.Object{}, bucketErr: map[string]error{}}
		f.addMade(alice, "s", m)
		denied := &objectstore.Error{Kind: objectstore.ErrDenied, Call: "GetBucketAcl"}
		for round, step := range []func(){
			func() {
				for _, name := range []string{"a", "b", "c"} {
					m.buckets = append(m.buckets, objectstore.Bucket{Name: name})
					m.facts[name] = private()
					m.objects[name] = []objectstore.Object{{Key: "x.txt", Size: 7}, {Key: "y.gz", Size: 9}}
				}
			},
			func() { m.bucketErr["b"] = denied },
			func() { delete(m.bucketErr, "b"); m.objects["a"] = nil },
			func() { m.buckets = m.buckets[1:] },
			func() { m.err = &objectstore.Error{Kind: objectstore.ErrCredentials, Call: "ListBuckets"} },
			func() { m.err = nil; m.facts["c"] = objectstore.Facts{} },
		} {
			step()
			f.lookNow(alice, "s")
			if m.err == nil {
				for _, b := range m.buckets {
					f.countNow(alice, b.Name)
				}
			}
			var want, got counters
			err := f.db.View(t.Context(), func(tx *store.Tx) error {
				list, err := readRecords(t.Context(), tx, "b.region = $1", region)
				if err != nil {
					return err
				}
				want = counters{}
				for _, r := range list {
					want.add(r)
				}
				var text string
				if err := tx.QueryRow(t.Context(), "select counters from bucket_statistics where account_id = $1", string(alice)).Scan(&text); err != nil {
					return err
				}
				got, err = readCounters(text)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("round %d: the sums are %v, the buckets %v", round, got, want)
			}
		}
	})
}

func TestCriteriaSortsAndPages(t *testing.T) {
	each(t, func(t *testing.T, node func(...func(*Options)) *fixture) {
		f := node()
		f.enable(alice)
		m := &made{facts: map[string]objectstore.Facts{}, objects: map[string][]objectstore.Object{}}
		for i := range 7 {
			name := fmt.Sprintf("b%d", i)
			m.buckets = append(m.buckets, objectstore.Bucket{Name: name, CreatedAt: time.UnixMilli(int64(i) * 1000)})
			facts := private()
			facts.Tags = objectstore.Is([]objectstore.Tag{{Key: "n", Value: fmt.Sprint(i % 3)}, {Key: fmt.Sprintf("k%d", i), Value: "v"}})
			facts.Versioning = objectstore.Is(i%2 == 0)
			if i == 6 {
				facts = objectstore.Facts{}
			}
			m.facts[name] = facts
			for j := range i {
				m.objects[name] = append(m.objects[name], objectstore.Object{Key: fmt.Sprintf("%03d.txt", j), Size: 100})
			}
		}
		f.addMade(alice, "s", m)
		f.lookNow(alice, "s")
		for _, b := range m.buckets[:6] {
			f.countNow(alice, b.Name)
		}
		type props = macie2.BucketCriteriaAdditionalProperties
		n := macie2.Ptr[int64]
		dozen := []string{"", "\t", "\n", "x\\", "k", "9a", "9b", "9c", "9d", "9e", "9f", "9g"} // more than are looked for one by one
		dozen = dozen[:len(dozen):len(dozen)]
		for _, c := range []struct {
			criteria map[string]props
			want     string
		}{
			{nil, "b0 b1 b2 b3 b4 b5 b6"},
			{map[string]props{"bucketName": {Eq: []string{"b1", "b5", "zz"}}}, "b1 b5"},
			{map[string]props{"bucketName": {Neq: []string{"b1", "b5"}}}, "b0 b2 b3 b4 b6"},
			{map[string]props{"bucketName": {Prefix: macie2.Ptr("b")}}, "b0 b1 b2 b3 b4 b5 b6"},
			{map[string]props{"bucketName": {Prefix: macie2.Ptr("b3")}}, "b3"},
			{map[string]props{"bucketName": {Prefix: macie2.Ptr("%")}}, ""},
			{map[string]props{"bucketArn": {Eq: []string{"arn:aws:s3:::b2", "b3"}}}, "b2"},
			{map[string]props{"objectCount": {Gte: n(2), Lt: n(4)}}, "b2 b3"},
			{map[string]props{"objectCount": {Eq: []string{"3"}}}, "b3"},
			{map[string]props{"objectCount": {Neq: []string{"3"}}}, "b0 b1 b2 b4 b5 b6"},
			{map[string]props{"sizeInBytes": {Gt: n(400)}}, "b5"},
			{map[string]props{"versioning": {Eq: []string{"true"}}}, "b0 b2 b4"},
			{map[string]props{"versioning": {Eq: []string{"true"}}, "objectCount": {Lte: n(2)}}, "b0 b2"},
			{map[string]props{"publicAccess.effectivePermission": {Eq: []string{"UNKNOWN"}}}, "b6"},
			{map[string]props{"replicationDetails.replicatedExternally": {Eq: []string{"false"}}}, "b0 b1 b2 b3 b4 b5"},
			{map[string]props{"replicationDetails.replicatedExternally": {Neq: []string{"false"}}}, "b6"},
			{map[string]props{"serverSideEncryption.type": {Eq: []string{"aws:kms"}}, "bucketName": {Neq: []string{"b0"}}}, "b1 b2 b3 b4 b5"},
			{map[string]props{"serverSideEncryption.type": {Neq: []string{"aws:kms"}}}, "b6"},
			{map[string]props{"tags.key": {Eq: []string{"k2", "k4"}}}, "b2 b4"},
			{map[string]props{"tags.value": {Eq: []string{"1"}}}, "b1 b4"},
			{map[string]props{"tags.key": {Neq: []string{"n"}}}, "b6"},
			{map[string]props{"tags.key": {Eq: append(dozen, "k2", "k4")}}, "b2 b4"},
			{map[string]props{"tags.value": {Eq: append(dozen, "1")}, "tags.key": {Neq: append(dozen, "k4")}}, "b1"},
			{map[string]props{"tags.key": {Neq: append(dozen, "n")}}, "b6"},
			{map[string]props{"tags.value": {Eq: dozen}}, ""},
			{map[string]props{"tags.value": {Neq: dozen}}, "b0 b1 b2 b3 b4 b5 b6"},
			{map[string]props{"bucketCreatedAt": {Gt: n(4000)}}, "b5 b6"},
			{map[string]props{"objectCountByEncryptionType.unencrypted": {Gt: n(0)}}, ""},
			{map[string]props{"objectCountByEncryptionType.unknown": {Gt: n(3)}}, "b4 b5"},
			{map[string]props{"publicAccess.permissionConfiguration.bucketLevelPermissions.blockPublicAccess.blockPublicAcls": {Eq: []string{"true"}}}, "b0 b1 b2 b3 b4 b5"},
			{map[string]props{"publicAccess.permissionConfiguration.accountLevelPermissions.blockPublicAccess.blockPublicAcls": {Eq: []string{"true"}}}, ""},
			{map[string]props{"jobDetails.isMonitoredByJob": {Eq: []string{"FALSE"}}, "bucketName": {Eq: []string{"b1"}}}, "b1"},
			{map[string]props{"accountId": {Eq: []string{string(bob)}}}, ""},
		} {
			var names []string
			in := &macie2.DescribeBucketsInput{Criteria: c.criteria, MaxResults: macie2.Ptr(int32(2))}
			for {
				out, err := f.DescribeBuckets(t.Context(), call(alice), in)
				if err != nil {
					t.Fatalf("%v: %v", c.criteria, err)
				}
				for _, b := range out.Buckets {
					names = append(names, *b.BucketName)
				}
				if in.NextToken = out.NextToken; in.NextToken == nil {
					break
				}
			}
			if got := strings.Join(names, " "); got != c.want {
				t.Errorf("%v finds %q, want %q", c.criteria, got, c.want)
			}
		}
		for attribute, want := range map[string]string{
			"accountId": "b0 b1 b2 b3 b4 b5 b6", "bucketName": "b0 b1 b2 b3 b4 b5 b6", "objectCount": "b6 b0 b1 b2 b3 b4 b5",
			"sizeInBytes": "b6 b0 b1 b2 b3 b4 b5", "classifiableObjectCount": "b6 b0 b1 b2 b3 b4 b5", "classifiableSizeInBytes": "b6 b0 b1 b2 b3 b4 b5",
			"sensitivityScore": "b0 b1 b2 b3 b4 b5 b6",
		} {
			for _, by := range []macie2.OrderBy{macie2.OrderByAsc, macie2.OrderByDesc} {
				var names []string
				in := &macie2.DescribeBucketsInput{SortCriteria: &macie2.BucketSortCriteria{AttributeName: &attribute, OrderBy: &by}, MaxResults: macie2.Ptr(int32(3))}
				for {
					out, err := f.DescribeBuckets(t.Context(), call(alice), in)
					if err != nil {
						t.Fatal(err)
					}
					for _, b := range out.Buckets {
						names = append(names, *b.BucketName)
					}
					if in.NextToken = out.NextToken; in.NextToken == nil {
						break
					}
				}
				if by == macie2.OrderByDesc {
					slices.Reverse(names)
				}
				if got := strings.Join(names, " "); got != want {
					t.Errorf("%s %s: %s", attribute, by, got)
				}
			}
		}
	})
}

// TestCriteriaOfAnySize: whatever number a field is compared with, the answer is one.
func TestCriteriaOfAnySize(t *testing.T) {
	each(t, func(t *testing.T, node func(...func(*Options)) *fixture) {
		f := node()
		f.enable(alice)
		type props = macie2.BucketCriteriaAdditionalProperties
		for name, x := range fields {
			if x.kind != numberField && x.kind != timeField {
				continue
			}
			for _, n := range []int64{math.MaxInt64, math.MinInt64, math.MaxInt32 + 1} {
				text := []string{strconv.FormatInt(n, 10)}
				for _, p := range []props{{Gt: &n, Lte: &n}, {Gte: &n, Lt: &n}, {Eq: text}, {Neq: text}} {
					if _, err := f.DescribeBuckets(t.Context(), call(alice), &macie2.DescribeBucketsInput{Criteria: map[string]props{name: p}}); err != nil {
						t.Errorf("%s compared with %d: %v", name, n, err)
					}
				}
			}
		}
	})
}

func TestCriteriaThatCannotBe(t *testing.T) {
	f := newFixtureOn(t)
	type props = macie2.BucketCriteriaAdditionalProperties
	n := macie2.Ptr[int64]
	for name, in := range map[string]*macie2.DescribeBucketsInput{
		`"nope"`:                     {Criteria: map[string]props{"nope": {Eq: []string{"x"}}}},
		"criteria.bucketName":        {Criteria: map[string]props{"bucketName": {}}},
		"criteria.bucketName.eq":     {Criteria: map[string]props{"bucketName": {Eq: []string{}}}},
		"criteria.bucketName.gt":     {Criteria: map[string]props{"bucketName": {Gt: n(1)}}},
		"criteria.versioning.eq[0]":  {Criteria: map[string]props{"versioning": {Eq: []string{"maybe"}}}},
		"criteria.objectCount.eq[1]": {Criteria: map[string]props{"objectCount": {Eq: []string{"1", "many"}}}},
		"criteria.accountId.prefix":  {Criteria: map[string]props{"accountId": {Prefix: macie2.Ptr("1")}}},
		"criteria.bucketName.eq[0]":  {Criteria: map[string]props{"bucketName": {Eq: []string{"a\x00"}}}},
		"more than 500 values":       {Criteria: map[string]props{"bucketName": {Eq: make([]string, 501)}}},
		"maxResults":                 {MaxResults: macie2.Ptr(int32(0))},
		"sortCriteria.attributeName": {SortCriteria: &macie2.BucketSortCriteria{AttributeName: macie2.Ptr("b.name; drop table bucket")}},
		"nextToken":                  {NextToken: macie2.Ptr("bm9uc2Vuc2U")},
	} {
		_, err := f.DescribeBuckets(t.Context(), call(alice), in)
		e, ok := errors.AsType[*macie2.Error](err)
		if !ok || e.Code != macie2.ValidationException || !strings.Contains(e.Message, name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// newFixtureOn is a fixture on SQLite with Macie enabled, for tests of what does not reach the database.
func newFixtureOn(t *testing.T) *fixture {
	var f *fixture
	db := storeOn(t)
	f = newFixture(t, db, t.TempDir())
	f.enable(alice)
	return f
}

func TestMembersBuckets(t *testing.T) {
	each(t, func(t *testing.T, node func(...func(*Options)) *fixture) {
		f := node()
		f.enable(alice, bob)
		f.addMade(bob, "s", &made{buckets: []objectstore.Bucket{{Name: "bobs"}}, facts: map[string]objectstore.Facts{"bobs": private()}})
		f.addMade(alice, "s", &made{buckets: []objectstore.Bucket{{Name: "alices"}}, facts: map[string]objectstore.Facts{"alices": private()}})
		f.lookNow(bob, "s")
		f.lookNow(alice, "s")
		names := func(account macie2.AccountID) string {
			var list []string
			for _, b := range f.describe(account, &macie2.DescribeBucketsInput{}) {
				list = append(list, *b.BucketName)
			}
			return strings.Join(list, " ")
		}
		if got := names(alice); got != "alices" {
			t.Errorf("a stranger sees %q", got)
		}
		f.join(alice, bob)
		if got := names(alice); got != "alices bobs" {
			t.Errorf("the administrator sees %q", got)
		}
		if got := names(bob); got != "bobs" {
			t.Errorf("the member sees %q", got)
		}
		s, err := f.GetBucketStatistics(t.Context(), call(alice), &macie2.GetBucketStatisticsInput{})
		if err != nil || *s.BucketCount != 2 {
			t.Errorf("the administrator counts %v, %v", s, err)
		}
		s, err = f.GetBucketStatistics(t.Context(), call(alice), &macie2.GetBucketStatisticsInput{AccountId: macie2.Ptr(string(bob))})
		if err != nil || *s.BucketCount != 1 {
			t.Errorf("of the member: %v, %v", s, err)
		}
		_, err = f.GetBucketStatistics(t.Context(), call(bob), &macie2.GetBucketStatisticsInput{AccountId: macie2.Ptr(string(alice))})
		if e, ok := errors.AsType[*macie2.Error](err); !ok || e.Code != macie2.AccessDeniedException {
			t.Errorf("the member asks for the administrator's: %v", err)
		}
		eq, ne := macie2.SearchResourcesComparatorEq, macie2.SearchResourcesComparatorNe
		key := macie2.SearchResourcesSimpleCriterionKeyAccountId
		for _, c := range []struct {
			in   macie2.SearchResourcesBucketCriteria
			want string
		}{
			{macie2.SearchResourcesBucketCriteria{}, "alices bobs"},
			{macie2.SearchResourcesBucketCriteria{Includes: simple(key, eq, string(bob))}, "bobs"},
			{macie2.SearchResourcesBucketCriteria{Includes: simple(key, ne, string(bob))}, "alices"},
			{macie2.SearchResourcesBucketCriteria{Excludes: simple(key, eq, string(bob))}, "alices"},
			{macie2.SearchResourcesBucketCriteria{Includes: simple(key, eq, string(bob)), Excludes: simple(macie2.SearchResourcesSimpleCriterionKeyS3BucketName, eq, "bobs")}, ""},
			{macie2.SearchResourcesBucketCriteria{Includes: tagged(eq, "team", "hr")}, "alices bobs"},
			{macie2.SearchResourcesBucketCriteria{Includes: tagged(eq, "team", "it")}, ""},
			{macie2.SearchResourcesBucketCriteria{Includes: tagged(ne, "team", "it")}, "alices bobs"},
			{macie2.SearchResourcesBucketCriteria{Excludes: tagged(eq, "team", "hr")}, ""},
		} {
			out, err := f.SearchResources(t.Context(), call(alice), &macie2.SearchResourcesInput{BucketCriteria: &c.in})
			if err != nil {
				t.Fatal(err)
			}
			var list []string
			for _, r := range out.MatchingResources {
				list = append(list, *r.MatchingBucket.BucketName)
			}
			if got := strings.Join(list, " "); got != c.want {
				t.Errorf("%+v finds %q, want %q", c.in, got, c.want)
			}
		}
	})
}

func simple(key macie2.SearchResourcesSimpleCriterionKey, c macie2.SearchResourcesComparator, values ...string) *macie2.SearchResourcesCriteriaBlock {
	return &macie2.SearchResourcesCriteriaBlock{And: []macie2.SearchResourcesCriteria{{SimpleCriterion: &macie2.SearchResourcesSimpleCriterion{Key: &key, Comparator: &c, Values: values}}}}
}

func tagged(c macie2.SearchResourcesComparator, key, value string) *macie2.SearchResourcesCriteriaBlock {
	return &macie2.SearchResourcesCriteriaBlock{And: []macie2.SearchResourcesCriteria{{TagCriterion: &macie2.SearchResourcesTagCriterion{
		Comparator: &c, TagValues: []macie2.SearchResourcesTagCriterionPair{{Key: &key, Value: &value}}}}}}
}

// Each change that Macie has a finding for is told once, and what was so from the beginning never.
func TestChanges(t *testing.T) {
	each(t, func(t *testing.T, node func(...func(*Options)) *fixture) {
		f := node()
		f.OnChange(func(_ context.Context, tx *store.Tx, c Change) error {
			tx.OnCommit(func() { f.changes = append(f.changes, c) })
			return nil
		})
		f.enable(alice)
		m := &made{buckets: []objectstore.Bucket{{Name: "b"}, {Name: "was-open"}}, facts: map[string]objectstore.Facts{"b": private()}, bucketErr: map[string]error{}}
		open := private()
		open.Block = objectstore.None[objectstore.PublicAccessBlock]()
		open.Policy = objectstore.Is(`{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}}`)
		m.facts["was-open"] = open
		f.addMade(alice, "s", m)
		statement := func(principal string) objectstore.Answer[string] {
			return objectstore.Is(`{"Statement":{"Effect":"Allow","Principal":` + principal + `,"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}}`)
		}
		for _, step := range []struct {
			name string
			do   func(*objectstore.Facts)
			want string
		}{
			{"the first look", func(*objectstore.Facts) {}, ""},
			{"the same again", func(*objectstore.Facts) {}, ""},
			{"the flags go", func(x *objectstore.Facts) { x.Block = objectstore.None[objectstore.PublicAccessBlock]() }, "S3BlockPublicAccessDisabled DeleteBucketPublicAccessBlock"},
			{"a policy opens it", func(x *objectstore.Facts) { x.Policy = statement(`"*"`) }, "S3BucketPublic PutBucketPolicy"},
			{"it cannot be asked about", func(*objectstore.Facts) {
				m.bucketErr["b"] = &objectstore.Error{Kind: objectstore.ErrDenied, Call: "x"}
			}, ""},
			{"it can, and is open still", func(*objectstore.Facts) { delete(m.bucketErr, "b") }, ""},
			{"it is closed", func(x *objectstore.Facts) { x.Policy = objectstore.None[string]() }, ""},
			{"the list is not known, while", func(x *objectstore.Facts) { x.ACL = objectstore.Answer[objectstore.ACL]{Reason: "denied"} }, ""},
			{"the list opens it", func(x *objectstore.Facts) {
				x.ACL = private().ACL
				x.ACL.Value.Grants = append(x.ACL.Value.Grants, objectstore.Grant{Group: "http://acs.amazonaws.com/groups/global/AllUsers", Permission: "READ"})
			}, "S3BucketPublic PutBucketAcl"},
			{"it is closed, and shared with a stranger", func(x *objectstore.Facts) { x.ACL = private().ACL; x.Policy = statement(`{"AWS":"999988887777"}`) }, "S3BucketSharedExternally PutBucketPolicy"},
			{"it is shared with CloudFront instead", func(x *objectstore.Facts) { x.Policy = statement(`{"Service":"cloudfront.amazonaws.com"}`) }, "S3BucketSharedWithCloudFront PutBucketPolicy"},
			{"its encryption goes", func(x *objectstore.Facts) { x.Encryption = objectstore.None[objectstore.Encryption]() }, "S3BucketEncryptionDisabled DeleteBucketEncryption"},
			{"its encryption is not known", func(x *objectstore.Facts) { x.Encryption = objectstore.Answer[objectstore.Encryption]{} }, ""},
			{"it is replicated within", func(x *objectstore.Facts) {
				x.Replication = objectstore.Is(objectstore.Replication{Rules: []objectstore.ReplicationRule{{Bucket: "arn:aws:s3:::c"}}})
			}, ""},
			{"it is replicated to a stranger", func(x *objectstore.Facts) {
				x.Replication = objectstore.Is(objectstore.Replication{Rules: []objectstore.ReplicationRule{{Bucket: "arn:aws:s3:::c", Account: "999988887777"}}})
			}, "S3BucketReplicatedExternally PutBucketReplication"},
		} {
			facts := m.facts["b"]
			step.do(&facts)
			m.facts["b"] = facts
			f.changes = nil
			f.lookNow(alice, "s")
			var got []string
			for _, c := range f.changes {
				got = append(got, strings.TrimPrefix(string(c.Type), "Policy:IAMUser/")+" "+c.API)
				if c.Bucket != "b" || c.Before.After(c.At) || *c.Facts.Name != "b" {
					t.Errorf("%s: the change is %+v", step.name, c)
				}
			}
			if got := strings.Join(got, ", "); got != step.want {
				t.Errorf("%s: %q, want %q", step.name, got, step.want)
			}
		}
	})
}

// A store that cannot be used says so, and its buckets do; another store's are not affected.
func TestTroubleWithAStore(t *testing.T) {
	each(t, func(t *testing.T, node func(...func(*Options)) *fixture) {
		f := node()
		f.enable(alice)
		bad := &made{buckets: []objectstore.Bucket{{Name: "x"}}, facts: map[string]objectstore.Facts{"x": private()}}
		f.addMade(alice, "bad", bad)
		f.addMade(alice, "good", &made{buckets: []objectstore.Bucket{{Name: "y"}}, facts: map[string]objectstore.Facts{"y": private()}})
		f.lookNow(alice, "bad")
		f.lookNow(alice, "good")
		bad.err = &objectstore.Error{Kind: objectstore.ErrCredentials, Call: "ListBuckets", Code: "InvalidAccessKeyId", Status: 403}
		if x := f.lookNow(alice, "bad"); x.Status != StatusFailing || !strings.Contains(x.Detail, "InvalidAccessKeyId") {
			t.Errorf("the store is %s: %s", x.Status, x.Detail)
		}
		for _, b := range f.describe(alice, &macie2.DescribeBucketsInput{}) {
			if failing := *b.BucketName == "x"; failing != (b.ErrorCode != nil) {
				t.Errorf("%s: %v", *b.BucketName, macie2.Deref(b.ErrorMessage))
			}
		}
		bad.err = nil
		if x := f.lookNow(alice, "bad"); x.Status != StatusReady || x.Detail != "" {
			t.Errorf("the store is %s: %s", x.Status, x.Detail)
		}
		for _, b := range f.describe(alice, &macie2.DescribeBucketsInput{}) {
			if b.ErrorCode != nil {
				t.Errorf("%s: %s", *b.BucketName, *b.ErrorMessage)
			}
		}
		// A store that is removed: its buckets say so, and go.
		x, err := f.Store(t.Context(), alice, "bad")
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		if err := f.RemoveStore(t.Context(), alice, "bad", now); err != nil {
			t.Fatal(err)
		}
		payload, err := json.Marshal(leavePayload{region, alice, "bad", now.UnixMilli()})
		if err != nil {
			t.Fatal(err)
		}
		if o := f.leave(t.Context(), queue.Task{Key: x.ID, Payload: payload}); o.Status != queue.Later || o.RetryAt.Before(now.Add(goneFor-time.Second)) {
			t.Errorf("the leaving came to %v at %v", o.Status, o.RetryAt)
		}
		if b := f.describe(alice, &macie2.DescribeBucketsInput{}); len(b) != 2 || !strings.Contains(macie2.Deref(b[0].ErrorMessage), "removed") {
			t.Errorf("after the removal: %v", b)
		}
		f.Service.now = func() time.Time { return now.Add(2 * goneFor) }
		if o := f.leave(t.Context(), queue.Task{Key: x.ID, Payload: payload}); o.Status != queue.Done {
			t.Errorf("the leaving came to %v: %s", o.Status, o.Detail)
		}
		if got := f.names(alice); !slices.Equal(got, []string{"y"}) {
			t.Errorf("buckets after the store is gone: %v", got)
		}
	})
}

// Beyond the quota buckets are known by name only, those that were created first.
func TestQuotaOfBuckets(t *testing.T) {
	each(t, func(t *testing.T, node func(...func(*Options)) *fixture) {
		f := node(func(o *Options) { o.QuotaBuckets = 2 })
		f.enable(alice)
		m := &made{facts: map[string]objectstore.Facts{}}
		for i, name := range []string{"new", "old", "newer"} {
			m.buckets = append(m.buckets, objectstore.Bucket{Name: name, CreatedAt: time.UnixMilli([]int64{2000, 1000, 3000}[i])})
			m.facts[name] = private()
		}
		f.addMade(alice, "s", m)
		check := func(over string) {
			t.Helper()
			f.lookNow(alice, "s")
			for _, b := range f.describe(alice, &macie2.DescribeBucketsInput{}) {
				exceeds := b.ErrorCode != nil && *b.ErrorCode == macie2.BucketMetadataErrorCodeBucketCountExceedsQuota
				if exceeds != (*b.BucketName == over) {
					t.Errorf("%s: %v", *b.BucketName, macie2.Deref(b.ErrorMessage))
				}
			}
		}
		check("old")
		check("old")
		m.buckets = m.buckets[:2]
		check("")
	})
}

// An account that disables Macie has no buckets, and has them again when it enables it.
func TestDisableAndEnable(t *testing.T) {
	each(t, func(t *testing.T, node func(...func(*Options)) *fixture) {
		f := node()
		f.run()
		f.enable(alice)
		f.addFolder(alice, "files", map[string]string{"hr/a.txt": "alpha"})
		wait := func(want ...string) {
			t.Helper()
			for deadline := time.Now().Add(2 * time.Minute); !slices.Equal(f.names(alice), want); {
				if time.Now().After(deadline) {
					t.Fatalf("buckets %v, want %v", f.names(alice), want)
				}
				select {
				case <-time.After(20 * time.Millisecond):
				case <-t.Context().Done():
				}
			}
		}
		wait("hr")
		if _, err := f.sessions.DisableMacie(t.Context(), call(alice), &macie2.DisableMacieInput{}); err != nil {
			t.Fatal(err)
		}
		if _, err := f.DescribeBuckets(t.Context(), call(alice), &macie2.DescribeBucketsInput{}); !errors.Is(err, session.ErrNotEnabled) {
			t.Errorf("after disabling: %v", err)
		}
		wait()
		f.enable(alice)
		wait("hr")
	})
}

// A census divides its work, and goes on where it was recorded last: each object counts once.
func TestCensusResumes(t *testing.T) {
	var objects []objectstore.Object
	for i := range 60_000 {
		objects = append(objects, objectstore.Object{Key: fmt.Sprintf("logs/%02d/%06d.txt", i/1000, i), Size: 3, StorageClass: "STANDARD", LastModified: time.Date(2026, time.Month(i%12+1), 1, 0, 0, 0, 0, time.UTC)})
	}
	m := &made{objects: map[string][]objectstore.Object{"b": objects}}
	b := &Bucket{BucketName{region, alice, "b"}, m, nil}
	state := &censusState{Bucket: "b", Ranges: []*censusRange{{At: EncodeKey("")}}}
	c, err := newCount(b, state)
	if err != nil {
		t.Fatal(err)
	}
	// It is cut short after some pages, in the middle of several ranges, more than once.
	for i, pages := range []int{25, 7, 9} {
		c.b = &Bucket{b.BucketName, &limitedStore{made: m, probed: probed(i > 0), left: pages}, nil}
		if err := c.run(t.Context(), censusCheckpoint, func(*censusState) error { return nil }); !errors.Is(err, objectstore.ErrUnavailable) {
			t.Fatalf("after %d pages: %v", pages, err)
		}
		text, err := json.Marshal(c.snapshot())
		if err != nil {
			t.Fatal(err)
		}
		state = new(censusState)
		if err := json.Unmarshal(text, state); err != nil {
			t.Fatal(err)
		}
		if c, err = newCount(b, state); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.run(t.Context(), censusCheckpoint, func(*censusState) error { return nil }); err != nil {
		t.Fatal(err)
	}
	r := c.result()
	if r.Totals.Objects != 60_000 || r.Totals.Size != 180_000 || r.Totals.Classifiable != 60_000 {
		t.Errorf("counted %+v", r.Totals)
	}
	if len(r.Groups) != 12 || r.Groups[0].Prefix != "logs/" || r.Groups[0].Month != "2026-01" || r.Groups[0].Objects != 5000 {
		t.Errorf("groups %+v", r.Groups)
	}
	if len(c.state.Ranges) < 2 {
		t.Errorf("the work was not divided: %d ranges", len(c.state.Ranges))
	}
	var last string
	var sum int64
	for _, x := range r.Splits {
		if x.Key <= last {
			t.Errorf("split points do not ascend: %q after %q", x.Key, last)
		}
		last, sum = x.Key, sum+x.Objects
	}
	if len(r.Splits) < 2 || sum > 60_000 {
		t.Errorf("%d split points over %d objects", len(r.Splits), sum)
	}
}

// probed is a channel that is closed already, or is not.
func probed(already bool) chan struct{} {
	c := make(chan struct{})
	if already {
		close(c)
	}
	return c
}

// limitedStore fails after so many pages. Pages that are far into the bucket wait until somebody has looked for a place to divide it at.
type limitedStore struct {
	*made
	probed chan struct{}
	once   sync.Once
	mu     sync.Mutex
	left   int
}

func (l *limitedStore) List(ctx context.Context, bucket string, in objectstore.Listing) (objectstore.Page, error) {
	switch {
	case in.Max == 1:
		l.once.Do(func() {
			select {
			case <-l.probed:
			default:
				close(l.probed)
			}
		})
	case in.After > "logs/12":
		<-l.probed
	}
	l.mu.Lock()
	l.left--
	left := l.left
	l.mu.Unlock()
	if left < 0 {
		return objectstore.Page{}, &objectstore.Error{Kind: objectstore.ErrUnavailable, Call: "ListObjectsV2"}
	}
	return l.made.List(ctx, bucket, in)
}

// A node that stops in the middle of a census leaves what it has counted to the next one, which counts the rest, and nothing twice.
func TestCensusGoesOnElsewhere(t *testing.T) {
	each(t, func(t *testing.T, node func(...func(*Options)) *fixture) {
		const n = 30_000
		m := &made{buckets: []objectstore.Bucket{{Name: "b"}}, facts: map[string]objectstore.Facts{"b": private()}, objects: map[string][]objectstore.Object{}}
		for i := range n {
			m.objects["b"] = append(m.objects["b"], objectstore.Object{Key: fmt.Sprintf("%06d.txt", i), Size: 2})
		}
		first := node()
		first.checkpoint = 5 * time.Millisecond
		first.enable(alice)
		x := first.addMade(alice, "s", m)
		first.lookNow(alice, "s")
		// The first node gets as far as the middle, and waits there.
		stuck := &gatedStore{made: m, after: "015000.txt"}
		first.open[x.ID].store = stuck
		ctx, stop := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() { defer close(ended); _ = first.queue.Run(ctx) }()
		recorded := func() (n int64) {
			var payload string
			err := first.db.View(t.Context(), func(tx *store.Tx) error {
				return tx.QueryRow(t.Context(), "select payload from task where kind = $1", censusKind).Scan(&payload)
			})
			if err != nil {
				t.Fatal(err)
			}
			var state censusState
			if err := json.Unmarshal([]byte(payload), &state); err != nil {
				t.Fatal(err)
			}
			return state.Totals.Objects
		}
		for recorded() < 10_000 {
			select {
			case <-time.After(5 * time.Millisecond):
			case <-t.Context().Done():
			}
		}
		stop()
		<-ended
		second := node()
		counted := &gatedStore{made: m}
		second.open[x.ID] = &backend{revision: x.revision, store: counted, pace: objectstore.NewPace(objectstore.PaceOptions{}), slots: objectstore.NewSlots(DefaultReads)}
		second.run()
		for {
			if b := second.describe(alice, &macie2.DescribeBucketsInput{}); b[0].ObjectCount != nil {
				if *b[0].ObjectCount != n || *b[0].SizeInBytes != 2*n {
					t.Errorf("counted %d objects of %d bytes", *b[0].ObjectCount, *b[0].SizeInBytes)
				}
				break
			}
			select {
			case <-time.After(5 * time.Millisecond):
			case <-t.Context().Done():
			}
		}
		if pages := counted.pages.Load(); pages > 25 {
			t.Errorf("the second node listed %d pages of 30, though half of them were counted", pages)
		}
	})
}

// gatedStore lists nothing beyond a key, until its context ends.
type gatedStore struct {
	*made
	after string
	pages atomic.Int64
}

func (g *gatedStore) List(ctx context.Context, bucket string, l objectstore.Listing) (objectstore.Page, error) {
	if l.Max != 1 {
		g.pages.Add(1)
		if g.after != "" && l.After > g.after {
			<-ctx.Done()
			return objectstore.Page{}, ctx.Err()
		}
	}
	return g.made.List(ctx, bucket, l)
}

// The second census of the same objects writes nothing.
func TestCensusThatChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, node func(...func(*Options)) *fixture) {
		f := node()
		f.enable(alice)
		dir := f.addFolder(alice, "files", map[string]string{"hr/a.txt": "alpha", "hr/b/c.csv": "1,2"})
		f.lookNow(alice, "files")
		f.countNow(alice, "hr")
		before := f.revision("hr")
		f.countNow(alice, "hr")
		if after := f.revision("hr"); after != before {
			t.Errorf("the bucket was written: revision %d, then %d", before, after)
		}
		if err := os.WriteFile(filepath.Join(dir, "hr", "d.txt"), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
		f.countNow(alice, "hr")
		if m := f.describe(alice, &macie2.DescribeBucketsInput{}); *m[0].ObjectCount != 3 || *m[0].SizeInBytes != 9 {
			t.Errorf("counted %d objects of %d bytes", *m[0].ObjectCount, *m[0].SizeInBytes)
		}
	})
}

func (f *fixture) revision(bucket string) (n int64) {
	f.t.Helper()
	err := f.db.View(f.t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow(f.t.Context(), "select revision from bucket where name = $1", bucket).Scan(&n)
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return n
}
