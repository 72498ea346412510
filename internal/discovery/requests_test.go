package discovery

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"magpie/internal/identity"
	"magpie/internal/inventory"
	"magpie/internal/inventory/s3/s3double"
	"magpie/internal/macie2"
	"magpie/internal/store"
)

// double gives an account a store over S3 that counts what it is asked.
func (n *node) double(account macie2.AccountID, buckets ...string) *s3double.Double {
	n.t.Helper()
	d := s3double.New()
	n.t.Cleanup(d.Close)
	for _, b := range buckets {
		d.Bucket(b, "AKID"+string(account))
	}
	n.add(account, d, buckets...)
	return d
}

// add gives an account a double as its store, and waits until its buckets are known.
func (n *node) add(account macie2.AccountID, d *s3double.Double, buckets ...string) {
	n.t.Helper()
	_, err := n.inventory.AddStore(n.t.Context(), account, inventory.ByOperator, inventory.Settings{Name: "double", Region: region, Kind: inventory.KindS3,
		Endpoint: d.URL, Insecure: true, AccessKeyID: "AKID" + string(account), Secret: identity.Secret("a secret")}, time.Now())
	if err != nil {
		n.t.Fatal(err)
	}
	n.looked(account)
	for _, b := range buckets {
		if _, ok := n.knows(account, b); !ok {
			n.t.Fatalf("the bucket %s is not known", b)
		}
	}
}

// looked waits until the account's store was looked at, its buckets were asked about and counted, and nothing more is asked of it.
func (n *node) looked(account macie2.AccountID) {
	n.t.Helper()
	n.until("the store was looked at", func() bool {
		list, err := n.inventory.Stores(n.t.Context(), account)
		if err != nil {
			n.t.Fatal(err)
		}
		depths, err := n.queue.Depths(n.t.Context())
		if err != nil {
			n.t.Fatal(err)
		}
		return len(list) > 0 && list[0].Status == inventory.StatusReady && len(depths) == 0
	})
}

func (n *node) knows(account macie2.AccountID, bucket string) (x inventory.Summary, ok bool) {
	n.t.Helper()
	err := n.db.View(n.t.Context(), func(tx *store.Tx) (err error) {
		x, err = inventory.SummaryOf(n.t.Context(), tx, region, account, bucket)
		return err
	})
	return x, err == nil && !x.Gone
}

// asked are the calls that were made, but for those to the store as a whole.
func asked(d *s3double.Double) (calls []string) {
	for c, n := range d.Calls() {
		calls = append(calls, fmt.Sprintf("%d %v", n, c))
	}
	slices.Sort(calls)
	return calls
}

// TestRequests: a small object takes one request and a large one each of its parts once, tags are asked for only where they decide, and what
// the listing decides takes none: what is out of the scope, of an unsupported class or kind, or a folder.
func TestRequests(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		n := more(func(o *Options) { o.Shards = 1 })
		n.work()
		n.enable(alice)
		d := n.double(alice, "data")
		text := []byte(card)
		for key, o := range map[string]s3double.Object{
			"a/small.txt": {Content: text, Tags: map[string]string{"look": "yes"}}, "a/not.txt": {Content: text, Tags: map[string]string{"look": "no"}},
			"a/large.txt":   {Content: append(text, bytes.Repeat([]byte("nothing to be seen here\n"), 400_000)...), Tags: map[string]string{"look": "yes"}},
			"a/picture.png": {Content: text, Tags: map[string]string{"look": "yes"}}, "a/old.txt": {Content: text, Class: "GLACIER", Tags: map[string]string{"look": "yes"}},
			"a/folder/": {}, "b/elsewhere.txt": {Content: text, Tags: map[string]string{"look": "yes"}}, "a/left-out.csv": {Content: text},
		} {
			d.Put("data", key, o)
		}
		for _, x := range []struct {
			name    string
			scoping *macie2.Scoping
			want    []string
			found   []string
		}{
			{"by the listing", &macie2.Scoping{
				Includes: &macie2.JobScopingBlock{And: []macie2.JobScopeTerm{simple("OBJECT_KEY", "STARTS_WITH", "a/")}},
				Excludes: &macie2.JobScopingBlock{And: []macie2.JobScopeTerm{simple("OBJECT_EXTENSION", "EQ", "csv")}},
			}, []string{
				"1 GetBucketAcl data/ ", "1 GetObject data/a/large.txt bytes=0-4194303", "1 GetObject data/a/large.txt bytes=4194304-8388607",
				"1 GetObject data/a/large.txt bytes=8388608-9600038", "1 GetObject data/a/not.txt ", "1 GetObject data/a/small.txt ",
				"1 ListObjectsV2 data/ ",
			}, []string{"data/a/large.txt", "data/a/not.txt", "data/a/small.txt"}},
			{"by tags", &macie2.Scoping{Includes: &macie2.JobScopingBlock{And: []macie2.JobScopeTerm{
				{TagScopeTerm: &macie2.TagScopeTerm{Comparator: macie2.Ptr(macie2.JobComparatorEq), Key: macie2.Ptr("TAG"), Target: macie2.Ptr(macie2.TagTargetS3Object),
					TagValues: []macie2.TagValuePair{{Key: macie2.Ptr("look"), Value: macie2.Ptr("yes")}}}},
				simple("OBJECT_KEY", "STARTS_WITH", "a/"), simple("OBJECT_EXTENSION", "EQ", "txt"), simple("OBJECT_SIZE", "LT", "1000"),
			}}}, []string{
				"1 GetBucketAcl data/ ", "1 GetObject data/a/small.txt ", "1 GetObjectTagging data/a/not.txt ", "1 GetObjectTagging data/a/old.txt ",
				"1 GetObjectTagging data/a/small.txt ", "1 ListObjectsV2 data/ ",
			}, []string{"data/a/small.txt"}},
			{"by the time", &macie2.Scoping{Includes: &macie2.JobScopingBlock{And: []macie2.JobScopeTerm{simple("OBJECT_LAST_MODIFIED_DATE", "GT", "2999-01-01T00:00:00Z")}}},
				[]string{"1 GetBucketAcl data/ ", "1 ListObjectsV2 data/ "}, nil},
		} {
			d.Forget()
			in := oneTime(alice, "data")
			in.S3JobDefinition.Scoping = x.scoping
			id := n.create(alice, in)
			n.reaches(alice, id, macie2.JobStatusComplete)
			if got := asked(d); !slices.Equal(got, x.want) {
				t.Errorf("%s: asked\n%s\nwant\n%s", x.name, strings.Join(got, "\n"), strings.Join(x.want, "\n"))
			}
			if got := n.found(alice, id); !slices.Equal(got, x.found) {
				t.Errorf("%s: found %v", x.name, got)
			}
		}
	})
}

func simple(key macie2.ScopeFilterKey, by macie2.JobComparator, values ...string) macie2.JobScopeTerm {
	return macie2.JobScopeTerm{SimpleScopeTerm: &macie2.SimpleScopeTerm{Key: &key, Comparator: &by, Values: values}}
}

// TestReadOnce: of a bucket of several pages each page is listed once and each object read once. After a node went away, the next one lists and
// reads from the first object on that was not committed, which is on the page that the other was at.
func TestReadOnce(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		one, two := more(func(o *Options) { o.Shards = 1 }), more(func(o *Options) { o.Shards = 1 })
		one.work()
		one.enable(alice)
		d := one.double(alice, "data")
		const objects = 2300
		key := func(i int) string { return fmt.Sprintf("%04d.txt", i) }
		for i := range objects {
			d.Put("data", key(i), s3double.Object{Content: []byte(card)})
		}
		d.Forget()
		began := make(chan struct{})
		d.Watch(func(total int) {
			if total == 1500 { // in the middle of the second page
				for d.Total("ListObjectsV2", "data") < 3 { // the third is asked for meanwhile
					time.Sleep(time.Millisecond)
				}
				close(began)
			}
		})
		id := one.create(alice, oneTime(alice, "data"))
		<-began
		one.stop()
		lists, reads := did(d)
		if want := []string{"", key(999), key(1999)}; !slices.Equal(lists, want) {
			t.Errorf("the first node listed pages after %q, want %q", lists, want)
		}
		for i, k := range reads {
			if k != key(i) && i < 1000 || k < key(1000) && i >= 1000 || k >= key(2000) || i > 0 && k == reads[i-1] {
				t.Fatalf("the first node read %s where it should read the first page, and what it came to of the second", k)
			}
		}
		d.Watch(nil)
		d.Forget()
		two.work()
		two.reaches(alice, id, macie2.JobStatusComplete)
		lists, reads = did(d)
		first := objects - len(reads)
		if first < 1000 || first >= 2000 {
			t.Fatalf("the second node read %d objects", len(reads))
		}
		pages := []string{key(first - 1)}
		if first+1000 < objects {
			pages = append(pages, key(first+999))
		}
		if !slices.Equal(lists, pages) {
			t.Errorf("the second node listed pages after %q, want %q", lists, pages)
		}
		for i, k := range reads {
			if k != key(first+i) {
				t.Fatalf("the second node read %s, want %s", k, key(first+i))
			}
		}
		if got := two.found(alice, id); len(got) != objects {
			t.Errorf("%d findings, want %d", len(got), objects)
		}
	})
}

// did are the keys that pages were listed after and the objects that were read, sorted, each as often as it was.
func did(d *s3double.Double) (lists, reads []string) {
	for c, n := range d.Calls() {
		for range n {
			switch c.Name {
			case "ListObjectsV2":
				lists = append(lists, c.Key)
			case "GetObject":
				reads = append(reads, c.Key)
			}
		}
	}
	slices.Sort(lists)
	slices.Sort(reads)
	return lists, reads
}

// TestCommits: what comes of objects is committed a page of a listing at a time: one transaction for a thousand objects.
func TestCommits(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		n := more(func(o *Options) { o.Shards = 1 })
		n.commitAfter = time.Hour // not on a machine that is slow, either
		n.work()
		n.enable(alice)
		d := n.double(alice, "data")
		for i := range 2300 {
			d.Put("data", fmt.Sprintf("%04d.png", i), s3double.Object{Content: []byte("x")})
		}
		id := n.create(alice, oneTime(alice, "data"))
		n.reaches(alice, id, macie2.JobStatusComplete)
		var objects []int
		err := n.db.View(t.Context(), func(tx *store.Tx) error {
			objects = nil
			return tx.Query(t.Context(), func(r store.Row) error {
				var n int
				err := r.Scan(&n)
				objects = append(objects, n)
				return err
			}, "select objects from discovery_result where folder = $1 order by objects", id)
		})
		if want := []int{300, 1000, 1000}; err != nil || !slices.Equal(objects, want) {
			t.Errorf("results were committed %d at a time, want %d: %v", objects, want, err)
		}
	})
}
