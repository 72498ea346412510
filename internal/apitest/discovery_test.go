package apitest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"

	"magpie/internal/inventory"
	contract "magpie/internal/macie2"
	"magpie/internal/store"
)

// holds makes files in the folder store of an account, whose first folders are buckets. requests caps those of a second; 0 does not.
func (h *house) holds(db *store.DB, account string, requests int64, files map[string]string) {
	h.t.Helper()
	dir := h.t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			h.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			h.t.Fatal(err)
		}
	}
	_, err := h.operator(db).AddStore(h.t.Context(), contract.AccountID(account), inventory.ByOperator,
		inventory.Settings{Name: "files", Region: region, Kind: inventory.KindFolder, Endpoint: "file://" + dir, MaxRequests: requests}, time.Now())
	if err != nil {
		h.t.Fatal(err)
	}
}

const aCard = "credit card number 4539 1488 0343 6467\n"

// An administrator enables automated discovery: a member's bucket gets a score that both see, the administrator has the finding. With
// boto3 the readers that people use see the same, in the order in which they ask.
func TestAutomatedDiscovery(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.config.DiscoveryCycle = time.Second
		c := h.play()
		c.enable(c.admin, c.member)
		c.add(c.admin, memberID)
		c.invite(c.admin, memberID)
		c.await(c.admin, memberID, types.RelationshipStatusInvited)
		c.accept(c.member, c.received(c.member))
		h.holds(h.open(), memberID, 0, map[string]string{"exports/cards.txt": aCard, "exports/notes.txt": "nothing to see here\n"})
		eventually(t, "the bucket is counted", func() bool {
			out, err := c.member.DescribeBuckets(ctx, &macie2.DescribeBucketsInput{})
			return err == nil && len(out.Buckets) == 1 && aws.ToInt64(out.Buckets[0].ClassifiableObjectCount) == 2
		})
		arn := aws.String("arn:aws:s3:::exports")
		_, err := c.member.GetResourceProfile(ctx, &macie2.GetResourceProfileInput{ResourceArn: arn})
		wantError[*types.ResourceNotFoundException](t, err, 404, "The request failed because automated sensitive data discovery is not enabled for the account.")
		_, err = c.member.UpdateAutomatedDiscoveryConfiguration(ctx, &macie2.UpdateAutomatedDiscoveryConfigurationInput{Status: types.AutomatedDiscoveryStatusEnabled})
		wantError[*types.AccessDeniedException](t, err, 403, "The request is rejected because the current account is a member account. Automated sensitive data discovery is configured by its administrator account.")
		_, err = c.admin.UpdateAutomatedDiscoveryConfiguration(ctx, &macie2.UpdateAutomatedDiscoveryConfigurationInput{Status: types.AutomatedDiscoveryStatusEnabled})
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "both objects were analysed", func() bool {
			out, err := c.member.GetResourceProfile(ctx, &macie2.GetResourceProfileInput{ResourceArn: arn})
			return err == nil && aws.ToInt64(out.Statistics.TotalItemsClassified) == 2
		})
		for name, as := range map[string]*macie2.Client{"administrator": c.admin, "member": c.member} {
			out, err := as.SearchResources(ctx, &macie2.SearchResourcesInput{})
			if err != nil || len(out.MatchingResources) != 1 {
				t.Fatalf("the %s sees %+v, %v", name, out, err)
			}
			if b := out.MatchingResources[0].MatchingBucket; aws.ToInt32(b.SensitivityScore) < 51 || b.AutomatedDiscoveryMonitoringStatus != types.AutomatedDiscoveryMonitoringStatusMonitored {
				t.Errorf("the %s sees the score %d, %s", name, aws.ToInt32(b.SensitivityScore), b.AutomatedDiscoveryMonitoringStatus)
			}
			found, err := as.ListFindings(ctx, &macie2.ListFindingsInput{})
			if want := map[string]int{"administrator": 1}[name]; err != nil || len(found.FindingIds) != want {
				t.Errorf("the %s has the findings %v, %v", name, found.FindingIds, err)
			}
		}
		boto3(t, "testdata/discovery.py", c.url, c.keys[adminID], memberID, "exports")

		status, answer := ask(t, c.url, c.keys[adminID], "GET", "/magpie/v1/discovery/coverage", "")
		var coverage struct {
			Buckets []struct {
				BucketName, Issue string
				AnalysedObjects   int64
				Certainty         float64
			}
		}
		if err := json.Unmarshal([]byte(answer), &coverage); status != 200 || err != nil || len(coverage.Buckets) != 1 || coverage.Buckets[0].AnalysedObjects != 2 ||
			coverage.Buckets[0].Certainty != 1 || coverage.Buckets[0].Issue != "" {
			t.Errorf("%d %s", status, answer)
		}
		reader := newKey(t, c.ids, adminID, "none")
		for path, action := range map[string]string{"cycles": "ListDiscoveryCycles", "cycles/1": "GetDiscoveryCycle", "coverage": "GetDiscoveryCoverage"} {
			if status, answer := ask(t, c.url, reader, "GET", "/magpie/v1/discovery/"+path, ""); status != 403 || !strings.Contains(answer, "magpie:"+action) {
				t.Errorf("who may nothing gets %d %s", status, answer)
			}
			if status, answer := ask(t, c.url, c.keys[adminID], "GET", "/magpie/v1/discovery/"+path+"?colour=blue", ""); status != 400 || !strings.Contains(answer, "colour") {
				t.Errorf("a parameter that there is not: %d %s", status, answer)
			}
			if status, answer := ask(t, c.url, c.keys[adminID], "GET", "/magpie/v1/discovery/"+path, ""); status != 200 {
				t.Errorf("%s: %d %s", path, status, answer)
			}
		}
		if _, err = c.admin.UpdateAutomatedDiscoveryConfiguration(ctx, &macie2.UpdateAutomatedDiscoveryConfigurationInput{Status: types.AutomatedDiscoveryStatusDisabled}); err != nil {
			t.Fatal(err)
		}
		out, err := c.member.DescribeBuckets(ctx, &macie2.DescribeBucketsInput{})
		if err != nil || aws.ToInt32(out.Buckets[0].SensitivityScore) != 50 {
			t.Errorf("right after it was disabled: %+v, %v", out, err)
		}
	})
}

// Two nodes on one PostgreSQL work through a cycle, and one is killed: the other one takes its shares up, each object has one finding, and
// no share has read more than its budget.
func TestDiscoveryNodeKilled(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "postgres")
	db := h.open()
	a, b := h.serve(), h.serve()
	ids := h.identity(db)
	settle(t, ids, adminID)
	key := newKey(t, ids, adminID)
	admin := client("http://"+a.address, key, region)
	must(t)(admin.EnableMacie(t.Context(), &macie2.EnableMacieInput{}))
	files := map[string]string{}
	for i := range 240 {
		files[fmt.Sprintf("bucket%02d/%03d.txt", i%24, i)] = aCard + fmt.Sprintln(i)
	}
	h.holds(db, adminID, 40, files) // requests a second: so the cycle is under way for some seconds
	ctx := t.Context()
	eventually(t, "the buckets are counted", func() bool {
		return h.count(db, "select count(*) from bucket where object_count = 10") == 24
	})
	if _, err := admin.UpdateAutomatedDiscoveryConfiguration(ctx, &macie2.UpdateAutomatedDiscoveryConfigurationInput{Status: types.AutomatedDiscoveryStatusEnabled}); err != nil {
		t.Fatal(err)
	}
	const holds = "select count(*) from task join task_worker on task_worker.id = task.owner where state = 'held' and kind = 'sampling.share' and name = $1"
	var dead *process
	eventually(t, "a node works on the share", func() bool {
		for _, p := range []*process{a, b} {
			if h.count(db, holds, p.worker()) > 0 {
				dead = p
			}
		}
		return dead != nil
	})
	dead.kill()
	eventually(t, "the cycle is complete", func() bool {
		return h.count(db, "select count(*) from discovery_cycle where status = 'COMPLETE'") == 1
	})
	if got := h.count(db, "select sum(objects) from discovery_visit"); got != 240 {
		t.Errorf("%d objects were analysed, and there are 240", got)
	}
	if got := h.count(db, "select count(distinct id) from sample_object where kind = 1"); got != 240 {
		t.Errorf("%d objects are known to hold something", got)
	}
	if dead == a {
		admin = client("http://"+b.address, key, region)
	}
	out, err := admin.GetFindingStatistics(ctx, &macie2.GetFindingStatisticsInput{GroupBy: types.GroupByType})
	if err != nil || len(out.CountsByGroup) != 1 || aws.ToInt64(out.CountsByGroup[0].Count) != 240 {
		t.Errorf("findings: %+v, %v", out, err)
	}
	var size int64
	for _, content := range files {
		size += int64(len(content))
	}
	if got := h.count(db, "select bytes from discovery_share"); got < size || got > 2*size {
		t.Errorf("the share has spent %d bytes for %d: those twice that were under way", got, size)
	}
}
