package apitest

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"

	"magpie/internal/inventory"
	contract "magpie/internal/macie2"
)

// An administrator's job reads a member's objects: the bytes are metered for the member, cost what the price list says, and are seen by
// both and by nobody else. With boto3 the same.
func TestUsage(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.config.PriceList = filepath.Join(t.TempDir(), "prices.json")
		// A dollar for a thousand bytes.
		if err := os.WriteFile(h.config.PriceList, []byte(`{"SENSITIVE_DATA_DISCOVERY": [{"price": 1000000}]}`), 0o644); err != nil {
			t.Fatal(err)
		}
		c := h.play()
		c.enable(c.admin, c.member, c.second)
		c.add(c.admin, memberID)
		c.invite(c.admin, memberID)
		c.await(c.admin, memberID, types.RelationshipStatusInvited)
		c.accept(c.member, c.received(c.member))

		text := strings.Repeat("nothing to see here\n", 150) // 3,000 bytes
		dir := t.TempDir()
		for _, name := range []string{"a.txt", "b.txt"} {
			if err := os.MkdirAll(filepath.Join(dir, "reports"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "reports", name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		_, err := h.operator(h.open()).AddStore(ctx, contract.AccountID(memberID), inventory.ByOperator,
			inventory.Settings{Name: "files", Region: region, Kind: inventory.KindFolder, Endpoint: "file://" + dir}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "the bucket is there", func() bool {
			out, err := c.member.DescribeBuckets(ctx, &macie2.DescribeBucketsInput{})
			return err == nil && len(out.Buckets) == 1
		})
		job, err := c.admin.CreateClassificationJob(ctx, &macie2.CreateClassificationJobInput{
			Name: aws.String("reports"), JobType: types.JobTypeOneTime,
			S3JobDefinition: &types.S3JobDefinition{BucketDefinitions: []types.S3BucketDefinitionForJob{{AccountId: aws.String(memberID), Buckets: []string{"reports"}}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "the job is complete", func() bool {
			out, err := c.admin.DescribeClassificationJob(ctx, &macie2.DescribeClassificationJobInput{JobId: job.JobId})
			return err == nil && out.JobStatus == types.JobStatusComplete
		})

		out, err := c.admin.GetUsageStatistics(ctx, &macie2.GetUsageStatisticsInput{
			SortBy: &types.UsageStatisticsSortBy{Key: types.UsageStatisticsSortKeyTotal, OrderBy: types.OrderByDesc}, TimeRange: types.TimeRangePast30Days,
		})
		if err != nil || len(out.Records) != 2 || aws.ToString(out.Records[0].AccountId) != memberID {
			t.Fatalf("the administrator sees %+v, %v", out, err)
		}
		for _, u := range out.Records[0].Usage {
			want := "0.00"
			if u.Type == types.UsageTypeSensitiveDataDiscovery {
				want = "6.00"
				if u.ServiceLimit == nil || aws.ToInt64(u.ServiceLimit.Value) != 5 || aws.ToBool(u.ServiceLimit.IsServiceLimited) {
					t.Errorf("the quota is %+v", u.ServiceLimit)
				}
			}
			if aws.ToString(u.EstimatedCost) != want {
				t.Errorf("%s costs %s, want %s", u.Type, aws.ToString(u.EstimatedCost), want)
			}
		}
		session, err := c.member.GetMacieSession(ctx, &macie2.GetMacieSessionInput{})
		if err != nil || !aws.ToTime(out.Records[0].FreeTrialStartDate).Equal(aws.ToTime(session.CreatedAt)) {
			t.Errorf("the member began at %v, %v", out.Records[0].FreeTrialStartDate, err)
		}
		for name, as := range map[string]struct {
			client *macie2.Client
			want   string
		}{"administrator": {c.admin, "6.00"}, "member": {c.member, "6.00"}, "stranger": {c.second, "0.00"}} {
			out, err := as.client.GetUsageTotals(ctx, &macie2.GetUsageTotalsInput{TimeRange: aws.String("MONTH_TO_DATE")})
			if err != nil || aws.ToString(out.UsageTotals[0].EstimatedCost) != as.want {
				t.Errorf("the totals of the %s are %+v, %v", name, out, err)
			}
		}
		_, err = c.rival.GetUsageTotals(ctx, &macie2.GetUsageTotalsInput{})
		wantError[*types.AccessDeniedException](t, err, 403, "Macie is not enabled")
		_, err = c.admin.GetUsageStatistics(ctx, &macie2.GetUsageStatisticsInput{FilterBy: []types.UsageStatisticsFilter{
			{Key: types.UsageStatisticsFilterKeyTotal, Comparator: types.UsageStatisticsFilterComparatorContains, Values: []string{"1"}}}})
		wantError[*types.ValidationException](t, err, 400, "filterBy[0].comparator: CONTAINS is for accountId only")

		status, answer := ask(t, c.url, c.keys[adminID], "GET", "/magpie/v1/usage?accountId="+memberID, "")
		var page struct {
			Accounts []struct {
				JobBytes, JobObjects, QuotaUsedBytes int64
				Days                                 []struct{ JobBytes int64 }
			}
		}
		if err := json.Unmarshal([]byte(answer), &page); status != 200 || err != nil || len(page.Accounts) != 1 || page.Accounts[0].JobBytes != 6000 ||
			page.Accounts[0].JobObjects != 2 || len(page.Accounts[0].Days) == 0 {
			t.Errorf("%d %s", status, answer)
		}
		reader := newKey(t, c.ids, adminID, "none")
		if status, answer := ask(t, c.url, reader, "GET", "/magpie/v1/usage", ""); status != 403 || !strings.Contains(answer, "magpie:GetUsage") {
			t.Errorf("who may nothing gets %d %s", status, answer)
		}
		if status, answer := ask(t, c.url, c.keys[adminID], "GET", "/magpie/v1/usage?colour=blue", ""); status != 400 || !strings.Contains(answer, "colour") {
			t.Errorf("a parameter that there is not: %d %s", status, answer)
		}
		boto3(t, "testdata/usage.py", c.url, c.keys[adminID], memberID, "6.00")
	})
}

// boto3 runs a script with the keys of an account, where boto3 is installed.
func boto3(t *testing.T, script, url string, key aws.Credentials, args ...string) {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil || exec.Command(python, "-c", "import boto3").Run() != nil {
		t.Log("boto3 is not installed: its part does not run")
		return
	}
	cmd := exec.Command(python, append([]string{script, url}, args...)...)
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID="+key.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+key.SecretAccessKey, "AWS_DEFAULT_REGION="+region)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("boto3: %v\n%s", err, out)
	}
}
