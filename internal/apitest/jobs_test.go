package apitest

import (
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"
	"github.com/aws/smithy-go"
	"github.com/google/uuid"

	"magpie/internal/inventory"
	"magpie/internal/inventory/s3/s3double"
	contract "magpie/internal/macie2"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// card is text in which something is found.
const card = "credit card number 4539 1488 0343 6467\n"

// keyOf is the access key under which an account's buckets are in a double.
func keyOf(account string) string { return "AKID" + account }

// stored gives an account of the house a store over S3, in memory.
func (h *house) stored(db *store.DB, account string) *s3double.Double {
	h.t.Helper()
	d := s3double.New()
	h.t.Cleanup(d.Close)
	h.addStore(db, d, account)
	return d
}

func (h *house) addStore(db *store.DB, d *s3double.Double, account string) {
	h.t.Helper()
	_, err := h.operator(db).AddStore(h.t.Context(), contract.AccountID(account), inventory.ByOperator, inventory.Settings{Name: "double", Region: region,
		Kind: inventory.KindS3, Endpoint: d.URL, Insecure: true, AccessKeyID: keyOf(account), Secret: "a secret"}, time.Now())
	if err != nil {
		h.t.Fatal(err)
	}
}

// known waits until an account's buckets are known by name.
func known(t *testing.T, c *macie2.Client, buckets ...string) {
	t.Helper()
	eventually(t, fmt.Sprintf("the buckets %v are known", buckets), func() bool {
		out, err := c.DescribeBuckets(t.Context(), &macie2.DescribeBucketsInput{})
		if err != nil {
			return false
		}
		names := map[string]bool{}
		for _, b := range out.Buckets {
			names[aws.ToString(b.BucketName)] = true
		}
		return !slices.ContainsFunc(buckets, func(b string) bool { return !names[b] })
	})
}

// oneTimeJob is a job over buckets of an account.
func oneTimeJob(account string, buckets ...string) *macie2.CreateClassificationJobInput {
	return &macie2.CreateClassificationJobInput{ClientToken: aws.String(uuid.NewString()), Name: aws.String("a job"), JobType: types.JobTypeOneTime,
		S3JobDefinition: &types.S3JobDefinition{BucketDefinitions: []types.S3BucketDefinitionForJob{{AccountId: &account, Buckets: buckets}}}}
}

// steady makes a call that changes nothing again where no answer came of it: what is tested is not the connection.
func steady[T any](call func() (T, error)) (out T, err error) {
	for range 5 {
		var answered smithy.APIError
		if out, err = call(); err == nil || errors.As(err, &answered) {
			return out, err
		}
	}
	return out, err
}

// findingsOf are the paths of a job's findings, sorted.
func findingsOf(t *testing.T, c *macie2.Client, job string) (paths []string) {
	t.Helper()
	in := &macie2.ListFindingsInput{MaxResults: aws.Int32(50), FindingCriteria: &types.FindingCriteria{
		Criterion: map[string]types.CriterionAdditionalProperties{"classificationDetails.jobId": {Eq: []string{job}}}}}
	for {
		out, err := steady(func() (*macie2.ListFindingsOutput, error) { return c.ListFindings(t.Context(), in) })
		if err != nil {
			t.Fatal(err)
		}
		if len(out.FindingIds) > 0 {
			got, err := steady(func() (*macie2.GetFindingsOutput, error) {
				return c.GetFindings(t.Context(), &macie2.GetFindingsInput{FindingIds: out.FindingIds})
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range got.Findings {
				paths = append(paths, aws.ToString(f.ResourcesAffected.S3Object.Path))
			}
		}
		if in.NextToken = out.NextToken; aws.ToString(out.NextToken) == "" {
			slices.Sort(paths)
			return paths
		}
	}
}

// resultsOf counts the lines of a job's results by the object that they are of, with their statuses.
func resultsOf(t *testing.T, db *store.DB, job string) (times map[string]int, statuses map[string]string) {
	t.Helper()
	var bodies []string
	err := db.View(t.Context(), func(tx *store.Tx) error {
		bodies = nil
		return tx.Query(t.Context(), func(r store.Row) error {
			var body string
			err := r.Scan(&body)
			bodies = append(bodies, body)
			return err
		}, "select body from discovery_result where folder = $1", job)
	})
	if err != nil {
		t.Fatal(err)
	}
	times, statuses = map[string]int{}, map[string]string{}
	for _, b := range bodies {
		zipped, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(b)))
		if err != nil {
			t.Fatal(err)
		}
		for lines := json.NewDecoder(zipped); ; {
			var line struct {
				ResourcesAffected     struct{ S3Object struct{ Path string } }
				ClassificationDetails struct {
					Result struct{ Status struct{ Code, Reason string } }
				}
			}
			if err := lines.Decode(&line); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			path, status := line.ResourcesAffected.S3Object.Path, line.ClassificationDetails.Result.Status
			times[path]++
			statuses[path] = strings.TrimSpace(status.Code + " " + status.Reason)
		}
	}
	return times, statuses
}

// eventsOf are the types of a job's events, in order.
func eventsOf(t *testing.T, url string, as aws.Credentials, job string) (kinds []string) {
	t.Helper()
	status, text := ask(t, url, as, http.MethodGet, "/magpie/v1/jobs/"+job+"/events", "")
	var page struct{ Events []struct{ EventType string } }
	if err := json.Unmarshal([]byte(text), &page); err != nil || status != http.StatusOK {
		t.Fatalf("events: %d %s", status, text)
	}
	for _, e := range page.Events {
		kinds = append(kinds, e.EventType)
	}
	return kinds
}

// jobScope is what a job of the kill test has to bring about.
type jobScope struct {
	results  map[string]bool // paths
	findings []string
}

// fill puts objects of several kinds into the buckets, some of which are not in the scope.
func fill(d *s3double.Double, each int, buckets ...string) jobScope {
	s := jobScope{results: map[string]bool{}}
	for _, b := range buckets {
		d.Bucket(b, keyOf(adminID))
		for i := range each {
			key := fmt.Sprintf("%04d", i)
			found := false
			switch i % 5 {
			case 0:
				key, found = key+".txt", true
				d.Put(b, key, s3double.Object{Content: []byte(card + key)})
			case 1:
				key, found = key+".csv", true
				d.Put(b, key, s3double.Object{Content: []byte("credit card number,n\n4539148803436467," + key + "\n")})
			case 2:
				key += ".log"
				d.Put(b, key, s3double.Object{Content: []byte("nothing " + key)})
			case 3:
				key += ".png"
				d.Put(b, key, s3double.Object{Content: []byte(card)})
			case 4:
				d.Put(b, key+".tmp", s3double.Object{Content: []byte(card)})
				continue // the job excludes it
			}
			s.results[b+"/"+key] = true
			if found {
				s.findings = append(s.findings, b+"/"+key)
			}
		}
	}
	slices.Sort(s.findings)
	return s
}

// TestJobsKilled kills processes with SIGKILL while they work through jobs, at any moment: the one that serves, which is all there is on
// SQLite, and workers beside it on PostgreSQL. Each object of the scope is in the results exactly once, no finding is there twice, and a job
// is COMPLETE after the last of them. MAGPIE_CRASH_ROUNDS says how many deaths there are on each engine.
func TestJobsKilled(t *testing.T) {
	t.Parallel() // mostly it waits for a dead process's leases to end
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			k := newKilledJobs(t, newHouse(t, engine))
			want := fill(k.store, 500, "alpha", "beta", "gamma")
			k.through(func(c *macie2.Client) { must(t)(c.EnableMacie(t.Context(), &macie2.EnableMacieInput{})) })
			k.through(func(c *macie2.Client) { known(t, c, "alpha", "beta", "gamma") })
			for deaths := rounds(t); k.deaths < deaths; {
				job := k.run(deaths, "alpha", "beta", "gamma")
				k.audit(job, want)
				if t.Failed() {
					return
				}
			}
		})
	}
}

// killedJobs is an installation whose processes die.
type killedJobs struct {
	t      *testing.T
	h      *house
	db     *store.DB
	store  *s3double.Double
	as     aws.Credentials
	rng    *rand.Rand
	nodes  []*process     // the first one serves
	client *macie2.Client // of the first; one for as long as it lives, since each has connections of its own that stay open
	deaths int
}

func newKilledJobs(t *testing.T, h *house) *killedJobs {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("the moments are drawn from %d", seed)
	k := &killedJobs{t: t, h: h, db: h.open(), rng: rand.New(rand.NewPCG(seed, 1))}
	service := h.identity(k.db)
	settle(t, service, adminID)
	k.as = newKey(t, service, adminID)
	k.store = h.stored(k.db, adminID)
	nodes := map[string]int{"sqlite": 1, "postgres": 3}[h.engine]
	for i := range nodes {
		k.nodes = append(k.nodes, nil)
		k.start(i)
	}
	return k
}

// start starts a node in place of one that died.
func (k *killedJobs) start(i int) {
	k.t.Helper()
	if i == 0 {
		k.nodes[i] = k.h.serve("--rate", "CreateClassificationJob=1000", "--analysis-workers", "1")
		k.client = client("http://"+k.nodes[i].address, k.as, region)
	} else {
		k.nodes[i] = k.h.work("--analysis-workers", "1")
	}
}

// through has a client of the node that serves.
func (k *killedJobs) through(do func(c *macie2.Client)) {
	k.t.Helper()
	do(k.client)
}

func (k *killedJobs) status(job string) (status types.JobStatus) {
	k.t.Helper()
	k.through(func(c *macie2.Client) {
		out, err := steady(func() (*macie2.DescribeClassificationJobOutput, error) {
			return c.DescribeClassificationJob(k.t.Context(), &macie2.DescribeClassificationJobInput{JobId: &job})
		})
		if err != nil {
			k.t.Fatal(err)
		}
		status = out.JobStatus
	})
	return status
}

// deathsOfJob is how many nodes die during one job at most: where all of them die before they commit anything, it never ends.
const deathsOfJob = 6

// run creates a job and kills nodes while it runs, as long as there were fewer than so many deaths, until it is COMPLETE.
func (k *killedJobs) run(deaths int, buckets ...string) (job string) {
	k.t.Helper()
	in := oneTimeJob(adminID, buckets...)
	in.S3JobDefinition.Scoping = &types.Scoping{Excludes: &types.JobScopingBlock{And: []types.JobScopeTerm{{SimpleScopeTerm: &types.SimpleScopeTerm{
		Key: types.ScopeFilterKeyObjectExtension, Comparator: types.JobComparatorEq, Values: []string{"tmp"}}}}}}
	k.through(func(c *macie2.Client) {
		out, err := c.CreateClassificationJob(k.t.Context(), in)
		if err != nil {
			k.t.Fatal(err)
		}
		job = *out.JobId
	})
	deaths = min(deaths, k.deaths+deathsOfJob)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	moment := k.moment()
	for {
		select {
		case <-moment:
			if k.deaths < deaths {
				k.deaths++
				i := k.rng.IntN(len(k.nodes))
				k.nodes[i].kill()
				k.start(i)
				moment = k.moment()
			}
		case <-tick.C:
			if k.status(job) == types.JobStatusComplete {
				k.store.Watch(nil)
				return job
			}
		}
	}
}

// moment is when the next node dies: some calls to the store later, and then not at once.
func (k *killedJobs) moment() <-chan time.Time {
	at, later := make(chan time.Time, 1), time.Duration(k.rng.IntN(150))*time.Millisecond
	left := 1 + k.rng.IntN(400)
	k.store.Forget()
	k.store.Watch(func(total int) {
		if total == left {
			time.AfterFunc(later, func() { at <- time.Now() })
		}
	})
	return at
}

// audit holds what is there against what should be.
func (k *killedJobs) audit(job string, want jobScope) {
	t := k.t
	t.Helper()
	k.through(func(c *macie2.Client) {
		if got := findingsOf(t, c, job); !slices.Equal(got, want.findings) {
			t.Errorf("after %d deaths there are %d findings, want %d", k.deaths, len(got), len(want.findings))
		}
	})
	times, statuses := resultsOf(t, k.db, job)
	for path, n := range times {
		if n != 1 || !want.results[path] {
			t.Errorf("after %d deaths %s is in the results %d times, wanted: %t", k.deaths, path, n, want.results[path])
		}
		wanted := "COMPLETE"
		if strings.HasSuffix(path, ".png") {
			wanted = "SKIPPED UNSUPPORTED_FILE_TYPE_EXCEPTION"
		}
		if statuses[path] != wanted {
			t.Errorf("after %d deaths %s is %s", k.deaths, path, statuses[path])
		}
	}
	for path := range maps.Keys(want.results) {
		if times[path] == 0 {
			t.Errorf("after %d deaths %s is not in the results", k.deaths, path)
		}
	}
	url := "http://" + k.nodes[0].address
	if got := eventsOf(t, url, k.as, job); !slices.Equal(got, []string{"JOB_CREATED", "ONE_TIME_JOB_STARTED", "JOB_COMPLETED"}) {
		t.Errorf("after %d deaths the events are %v", k.deaths, got)
	}
	status, text := ask(t, url, k.as, http.MethodGet, "/magpie/v1/jobs/"+job+"/progress", "")
	var progress struct{ SeenObjects, ResultObjects int }
	if err := json.Unmarshal([]byte(text), &progress); err != nil || status != http.StatusOK || progress.ResultObjects != len(want.results) ||
		progress.SeenObjects != 1500 {
		t.Errorf("after %d deaths the progress is %d %s", k.deaths, status, text)
	}
}
