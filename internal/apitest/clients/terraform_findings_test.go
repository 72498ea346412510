package clients

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"
)

// Terraform makes rules that select findings, and says where results go; nothing is left to do after each change.
func TestTerraformFindings(t *testing.T) {
	parallel(t)
	forOneServer(t, func(t *testing.T, e *endpoint) {
		if e.at == nil {
			t.Skip("the endpoint is somebody else's, and needs a bucket for results")
		}
		admin := e.accounts["admin"]
		region := e.takeRegions(t, 1)[0]
		e.startOver(t, region)
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, "results-bucket"), 0o700); err != nil {
			t.Fatal(err)
		}
		e.at.admin("store", "add", admin.AccountID, "files", "--endpoint", "file://"+dir, "--region", region)
		macie := e.client(admin, region)
		if _, err := macie.EnableMacie(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) { // until the bucket was looked for
			if out, err := macie.DescribeBuckets(t.Context(), nil); err != nil || len(out.Buckets) == 1 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("the bucket does not come")
			}
		}
		w := open(t, "terraform/findings.tf", map[string]any{"endpoint": e.url, "region": region, "key": admin.AccessKeyID,
			"secret": admin.SecretAccessKey, "bucket": "results-bucket"})
		filter := func() *macie2.GetFindingsFilterOutput {
			t.Helper()
			list, err := macie.ListFindingsFilters(t.Context(), nil)
			if err != nil || len(list.FindingsFilterListItems) != 2 {
				t.Fatalf("there are %d filters, %v", len(list.FindingsFilterListItems), err)
			}
			i := slices.IndexFunc(list.FindingsFilterListItems, func(x types.FindingsFilterListItem) bool { return aws.ToString(x.Name) == "cards" })
			out, err := macie.GetFindingsFilter(t.Context(), &macie2.GetFindingsFilterInput{Id: list.FindingsFilterListItems[max(i, 0)].Id})
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		prefix := func() string {
			t.Helper()
			out, err := macie.GetClassificationExportConfiguration(t.Context(), nil)
			if err != nil || out.Configuration == nil || aws.ToString(out.Configuration.S3Destination.BucketName) != "results-bucket" {
				t.Fatalf("results go to %+v, %v", out, err)
			}
			return aws.ToString(out.Configuration.S3Destination.KeyPrefix)
		}

		w.apply(nil)
		if f := filter(); f.Action != types.FindingsFilterActionNoop || aws.ToInt32(f.Position) != 1 || f.Tags["team"] != "data" ||
			len(f.FindingCriteria.Criterion) != 5 {
			t.Errorf("the rule is %+v", f)
		}
		if p := prefix(); p != "results" {
			t.Errorf("results have the prefix %q", p)
		}
		w.apply(map[string]any{"action": "ARCHIVE", "position": 2, "types": []string{"AWS_CREDENTIALS"}, "prefix": "elsewhere", "owner": "security"})
		f := filter()
		if f.Action != types.FindingsFilterActionArchive || aws.ToInt32(f.Position) != 2 || f.Tags["team"] != "security" ||
			!slices.Equal(f.FindingCriteria.Criterion["classificationDetails.result.sensitiveData.detections.type"].Eq, []string{"AWS_CREDENTIALS"}) {
			t.Errorf("changed, the rule is %+v", f)
		}
		if p := prefix(); p != "elsewhere" {
			t.Errorf("changed, results have the prefix %q", p)
		}
		w.do("destroy")
		left, err := macie.ListFindingsFilters(t.Context(), nil)
		export, exportErr := macie.GetClassificationExportConfiguration(t.Context(), nil)
		if err != nil || exportErr != nil || len(left.FindingsFilterListItems) != 0 || export.Configuration.S3Destination != nil {
			t.Errorf("destroyed, and yet there are %+v, %+v, %v, %v", left, export, err, exportErr)
		}
	})
}
