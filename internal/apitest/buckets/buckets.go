// Package buckets holds a conversation about the buckets of a real object store, in the words of the AWS SDK for Go and of boto3: an account
// connects itself to the store, sees its buckets with what the store tells of them, and has a job find what lies there. It is held on every
// engine.
//
// Start at [Converse]. The test of this package holds it with moto, and with the store that the environment names; scripts/stores says how.
package buckets

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "embed"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"

	"magpie/internal/inventory/objectstore"
	"magpie/internal/inventory/s3/s3test"
	contract "magpie/internal/macie2"
	"magpie/internal/server"
	"magpie/internal/sigv4"
	"magpie/internal/store/storetest"
)

const (
	account = "111122223333"
	region  = "eu-west-1"
)

//go:embed testdata/buckets.py
var script string

// Converse holds the conversation about a store.
func Converse(t *testing.T, x s3test.Target) {
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) { converse(t, engine, x) })
	}
}

// talk is a server, and an account that speaks to it.
type talk struct {
	t     *testing.T
	url   string
	key   aws.Credentials
	macie *macie2.Client
}

func begin(t *testing.T, engine string, x s3test.Target) *talk {
	t.Helper()
	c := server.Config{Listen: "127.0.0.1:0", Data: t.TempDir(), StoreEndpoints: []string{x.Endpoint}}
	if engine == "postgres" {
		c.DatabaseURL = storetest.Fresh(t, engine).URL
	}
	s, err := server.Start(t.Context(), c, slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the server: %v", err)
		}
	})
	ctx := t.Context()
	if _, err := s.Identity().CreateAccount(ctx, account, "owner@example.com", "Owner", time.Now().UTC()); err != nil {
		t.Fatal(err)
	}
	key, secret, err := s.Identity().CreateKey(ctx, contract.AccountID(account), "", nil, time.Now().UTC())
	if err != nil {
		t.Fatal(err)
	}
	k := &talk{t: t, url: s.URL(), key: aws.Credentials{AccessKeyID: key.ID, SecretAccessKey: secret.Reveal()}}
	k.macie = macie2.New(macie2.Options{BaseEndpoint: &k.url, Region: region, Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider(k.key.AccessKeyID, k.key.SecretAccessKey, "")})
	return k
}

// own sends a request of ours, and returns the answer of one that must succeed.
func (k *talk) own(method, path string, in any) string {
	k.t.Helper()
	body := ""
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			k.t.Fatal(err)
		}
		body = string(text)
	}
	r, err := http.NewRequestWithContext(k.t.Context(), method, k.url+path, strings.NewReader(body))
	if err != nil {
		k.t.Fatal(err)
	}
	err = sigv4.Sign(r, sigv4.Credentials{AccessKeyID: k.key.AccessKeyID, SecretAccessKey: k.key.SecretAccessKey}, region, "macie2", []byte(body), time.Now())
	if err != nil {
		k.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		k.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		k.t.Fatalf("%s %s: %d %s %v", method, path, response.StatusCode, text, err)
	}
	return string(text)
}

// until waits for what the server does in the background.
func (k *talk) until(what string, is func() bool) {
	k.t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); !is(); {
		if time.Now().After(deadline) {
			k.t.Fatalf("it never happened: %s", what)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-k.t.Context().Done():
			k.t.Fatal(k.t.Context().Err())
		}
	}
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func converse(t *testing.T, engine string, x s3test.Target) {
	ctx, c := t.Context(), x.Client(t)
	full, empty := x.Bucket(t, c), x.Bucket(t, c)
	for key, text := range map[string]string{
		"reports/customers.csv": "name,credit card number\nAnna Meyer,4539148803436467\n", "reports/a b+c.txt": "nothing to see here\n",
		"pictures/x.jpg": "\xff\xd8\xff", "words.txt": "alpha\nbeta\n",
	} {
		must[string](t)(c.Put(ctx, full, key, []byte(text), objectstore.PutOptions{}))
	}
	// What a store does not take is not asked for afterwards.
	set := func(bucket, query, body string) bool {
		return x.Do(t, http.MethodPut, "/"+bucket, query, body, nil) < 300
	}
	tagged := set(full, "tagging=", `<Tagging><TagSet><Tag><Key>team</Key><Value>hr</Value></Tag></TagSet></Tagging>`)
	public := set(full, "policy=", fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["*"]},"Action":["s3:GetObject"],"Resource":["arn:aws:s3:::%s/*"]}]}`, full))
	// The one without objects, which can be taken away whatever is kept of those that were deleted.
	versioned := set(empty, "versioning=", `<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>`)
	t.Logf("the store takes tags: %v, a policy: %v, versions: %v", tagged, public, versioned)

	k := begin(t, engine, x)
	must[*macie2.EnableMacieOutput](t)(k.macie.EnableMacie(ctx, &macie2.EnableMacieInput{}))
	settings := map[string]any{"endpoint": x.Endpoint, "accessKeyId": x.AccessKeyID, "secretAccessKey": x.SecretAccessKey, "buckets": []string{full, empty}}
	if x.Region != "" {
		settings["signingRegion"] = x.Region
	}
	if len(x.CA) > 0 {
		settings["certificate"] = string(x.CA)
	}
	k.own(http.MethodPost, "/magpie/v1/stores?name=main", settings)
	if tried := k.own(http.MethodPost, "/magpie/v1/stores/test?name=main&bucket="+full, nil); strings.Count(tried, `"outcome":"works"`) < 3 {
		t.Errorf("of the calls to the store there work %s", tried)
	}
	k.until("the buckets are counted", func() bool {
		out := must[*macie2.DescribeBucketsOutput](t)(k.macie.DescribeBuckets(ctx, &macie2.DescribeBucketsInput{}))
		return len(out.Buckets) == 2 && !slices.ContainsFunc(out.Buckets, func(b types.BucketMetadata) bool { return b.ObjectCount == nil })
	})
	described(t, k, full, empty, setTo{public, tagged, versioned})
	words(t, k, full)
	found(t, k, full)
	boto3(t, k, full, empty)

	k.own(http.MethodDelete, "/magpie/v1/stores?name=main", nil)
	k.until("the buckets of a store that was removed say so", func() bool {
		out := must[*macie2.DescribeBucketsOutput](t)(k.macie.DescribeBuckets(ctx, &macie2.DescribeBucketsInput{}))
		return len(out.Buckets) == 2 && out.Buckets[0].ErrorCode == types.BucketMetadataErrorCodeAccessDenied && out.Buckets[1].ErrorCode != ""
	})
}

// setTo is what the store let the buckets be set to.
type setTo struct{ public, tagged, versioned bool }

// described looks at the buckets from all sides.
func described(t *testing.T, k *talk, full, empty string, is setTo) {
	t.Helper()
	ctx := t.Context()
	by := func(c map[string]types.BucketCriteriaAdditionalProperties) []types.BucketMetadata {
		t.Helper()
		return must[*macie2.DescribeBucketsOutput](t)(k.macie.DescribeBuckets(ctx, &macie2.DescribeBucketsInput{Criteria: c})).Buckets
	}
	list := by(map[string]types.BucketCriteriaAdditionalProperties{"bucketName": {Eq: []string{full}}})
	if len(list) != 1 {
		t.Fatalf("by name there are %d", len(list))
	}
	b := list[0]
	if aws.ToInt64(b.ObjectCount) != 4 || aws.ToInt64(b.ClassifiableObjectCount) != 3 || aws.ToInt64(b.UnclassifiableObjectCount.FileType) != 1 ||
		aws.ToString(b.AccountId) != account || aws.ToString(b.Region) != region || b.ErrorCode != "" {
		t.Errorf("the bucket is %+v", b)
	}
	effective := b.PublicAccess.EffectivePermission
	if is.public && effective == types.EffectivePermissionNotPublic || !is.public && effective == types.EffectivePermissionPublic {
		t.Errorf("whether it is public: %s, with such a policy: %v", effective, is.public)
	}
	if is.tagged {
		if len(b.Tags) != 1 || aws.ToString(b.Tags[0].Value) != "hr" {
			t.Errorf("its tags are %+v", b.Tags)
		}
		if got := by(map[string]types.BucketCriteriaAdditionalProperties{"tags.key": {Eq: []string{"team"}}, "tags.value": {Eq: []string{"hr"}}}); len(got) != 1 {
			t.Errorf("by its tag there are %d", len(got))
		}
	}
	if got := by(map[string]types.BucketCriteriaAdditionalProperties{"objectCount": {Lte: aws.Int64(0)}}); len(got) != 1 || aws.ToString(got[0].BucketName) != empty ||
		aws.ToBool(got[0].Versioning) != is.versioned {
		t.Errorf("without objects there are %+v; versions are kept: %v", got, is.versioned)
	}
	var pages []string
	in := &macie2.DescribeBucketsInput{MaxResults: aws.Int32(1), SortCriteria: &types.BucketSortCriteria{AttributeName: aws.String("objectCount"), OrderBy: types.OrderByDesc}}
	for {
		out := must[*macie2.DescribeBucketsOutput](t)(k.macie.DescribeBuckets(ctx, in))
		for _, b := range out.Buckets {
			pages = append(pages, aws.ToString(b.BucketName))
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	if !slices.Equal(pages, []string{full, empty}) {
		t.Errorf("the largest first they are %v", pages)
	}
	statistics := must[*macie2.GetBucketStatisticsOutput](t)(k.macie.GetBucketStatistics(ctx, &macie2.GetBucketStatisticsInput{}))
	if aws.ToInt64(statistics.BucketCount) != 2 || aws.ToInt64(statistics.ObjectCount) != 4 {
		t.Errorf("in all there are %+v", statistics)
	}
	hits := must[*macie2.SearchResourcesOutput](t)(k.macie.SearchResources(ctx, &macie2.SearchResourcesInput{BucketCriteria: &types.SearchResourcesBucketCriteria{
		Excludes: &types.SearchResourcesCriteriaBlock{And: []types.SearchResourcesCriteria{{SimpleCriterion: &types.SearchResourcesSimpleCriterion{
			Comparator: types.SearchResourcesComparatorEq, Key: types.SearchResourcesSimpleCriterionKeyS3BucketName, Values: []string{empty}}}}},
	}})).MatchingResources
	if len(hits) != 1 || aws.ToString(hits[0].MatchingBucket.BucketName) != full {
		t.Errorf("a search finds %+v", hits)
	}
}

// words has a list of words read from the store.
func words(t *testing.T, k *talk, bucket string) {
	t.Helper()
	for key, want := range map[string]types.AllowListStatusCode{"words.txt": types.AllowListStatusCodeOk, "none.txt": types.AllowListStatusCodeS3ObjectNotFound} {
		list := must[*macie2.CreateAllowListOutput](t)(k.macie.CreateAllowList(t.Context(), &macie2.CreateAllowListInput{Name: aws.String(key),
			Criteria: &types.AllowListCriteria{S3WordsList: &types.S3WordsList{BucketName: &bucket, ObjectKey: &key}}}))
		got := must[*macie2.GetAllowListOutput](t)(k.macie.GetAllowList(t.Context(), &macie2.GetAllowListInput{Id: list.Id}))
		if got.Status.Code != want {
			t.Errorf("the list of %s is %s: %s", key, got.Status.Code, aws.ToString(got.Status.Description))
		}
	}
}

// found has a job find what lies in a bucket, which DescribeBuckets knows of afterwards.
func found(t *testing.T, k *talk, bucket string) {
	t.Helper()
	ctx := t.Context()
	job := must[*macie2.CreateClassificationJobOutput](t)(k.macie.CreateClassificationJob(ctx, &macie2.CreateClassificationJobInput{
		Name: aws.String("all"), JobType: types.JobTypeOneTime,
		S3JobDefinition: &types.S3JobDefinition{BucketDefinitions: []types.S3BucketDefinitionForJob{{AccountId: aws.String(account), Buckets: []string{bucket}}}},
	}))
	k.until("the job is complete", func() bool {
		return must[*macie2.DescribeClassificationJobOutput](t)(k.macie.DescribeClassificationJob(ctx, &macie2.DescribeClassificationJobInput{JobId: job.JobId})).
			JobStatus == types.JobStatusComplete
	})
	ids := must[*macie2.ListFindingsOutput](t)(k.macie.ListFindings(ctx, &macie2.ListFindingsInput{FindingCriteria: &types.FindingCriteria{
		Criterion: map[string]types.CriterionAdditionalProperties{"classificationDetails.jobId": {Eq: []string{*job.JobId}}}}})).FindingIds
	if len(ids) != 1 {
		t.Fatalf("the job made %d findings, want one", len(ids))
	}
	f := must[*macie2.GetFindingsOutput](t)(k.macie.GetFindings(ctx, &macie2.GetFindingsInput{FindingIds: ids})).Findings[0]
	if key := aws.ToString(f.ResourcesAffected.S3Object.Key); key != "reports/customers.csv" || aws.ToString(f.ResourcesAffected.S3Bucket.Name) != bucket {
		t.Errorf("found in %s", key)
	}
	about := must[*macie2.DescribeBucketsOutput](t)(k.macie.DescribeBuckets(ctx, &macie2.DescribeBucketsInput{
		Criteria: map[string]types.BucketCriteriaAdditionalProperties{"jobDetails.lastJobId": {Eq: []string{*job.JobId}}}})).Buckets
	if len(about) != 1 || about[0].JobDetails.IsDefinedInJob != types.IsDefinedInJobTrue || about[0].JobDetails.IsMonitoredByJob != types.IsMonitoredByJobFalse {
		t.Errorf("by the job there are %+v", about)
	}
	var page struct {
		Accounts []struct{ JobBytes, JobObjects int64 }
	}
	if err := json.Unmarshal([]byte(k.own(http.MethodGet, "/magpie/v1/usage", nil)), &page); err != nil || len(page.Accounts) != 1 || page.Accounts[0].JobObjects < 2 {
		t.Errorf("metered were %+v, %v", page, err)
	}
}

// boto3 says the same in its words, where it is installed.
func boto3(t *testing.T, k *talk, full, empty string) {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil || exec.Command(python, "-c", "import boto3").Run() != nil {
		t.Log("boto3 is not installed: its part does not run")
		return
	}
	file := filepath.Join(t.TempDir(), "buckets.py")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, file, k.url, full, empty)
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID="+k.key.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+k.key.SecretAccessKey, "AWS_DEFAULT_REGION="+region)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("boto3: %v\n%s", err, out)
	}
}
