package demo

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"magpie/internal/inventory"
	"magpie/internal/macie2"
)

// bucket is the folder of the member's files that the administrator's job looks at.
const bucket = "customer-exports"

// patience bounds what is waited for.
const patience = 30 * time.Second

// discover is what the relationship is for: the administrator finds out what its member holds.
func (t *teller) discover(ctx context.Context) error {
	t.title("7. The member's files: a folder is a store, its subfolders are buckets")
	files := filepath.Join(t.folder, "files")
	if err := writeFiles(filepath.Join(files, bucket)); err != nil {
		return err
	}
	t.command("operator     $ magpie store add %s files --endpoint file://%s --region %s --data %s", member, files, region, t.folder)
	_, err := t.server.Inventory().AddStore(ctx, member, inventory.ByOperator,
		inventory.Settings{Name: "files", Region: region, Kind: inventory.KindFolder, Endpoint: "file://" + files}, time.Now())
	if err != nil {
		return err
	}
	if err := t.waitForBucket(ctx); err != nil {
		return err
	}

	t.title("8. The administrator's job looks for sensitive data in them")
	definition := fmt.Sprintf(`{"bucketDefinitions":[{"accountId":"%s","buckets":["%s"]}]}`, member, bucket)
	in := map[string]any{"clientToken": "demo", "jobType": "ONE_TIME", "name": "exports of " + string(member),
		"s3JobDefinition": map[string]any{"bucketDefinitions": []any{map[string]any{"accountId": member, "buckets": []string{bucket}}}}}
	var job struct{ JobID string }
	if err := t.call(ctx, t.admin, "create-classification-job --job-type ONE_TIME --name 'exports of "+string(member)+"' --s3-job-definition '"+definition+"'",
		request{http.MethodPost, "/jobs", in}, &job); err != nil {
		return err
	}
	if err := t.waitForJob(ctx, job.JobID); err != nil {
		return err
	}
	return t.findings(ctx, job.JobID)
}

// writeFiles makes a few files of several kinds. The card number is one that is valid by its check digit and belongs to nobody.
func writeFiles(dir string) error {
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	w, err := z.Create("backup/.env")
	if err == nil {
		_, err = w.Write([]byte("aws_access_key_id=AKIAQ3EGRJ7TKLWN2VXD\naws_secret_access_key=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\n"))
	}
	if err = errors.Join(err, z.Close(), os.MkdirAll(dir, 0o700)); err != nil {
		return err
	}
	for name, content := range map[string]string{
		"customers.csv": "customer,credit card number,expires\n1001,4539 1488 0343 6467,04/29\n1002,4716 2210 5188 5662,11/28\n",
		"orders.json":   `{"orders":[{"id":7,"payment":{"credit card number":"4539148803436467"}},{"id":8,"payment":{"voucher":"SPRING"}}]}` + "\n",
		"notes.txt":     "Nothing to see here: the meeting is on Monday.\n",
		"backup.zip":    archive.String(),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// poll asks until the answer is there.
func poll(ctx context.Context, what string, there func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := there(); ok || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, ctx.Err())
		}
	}
}

func (t *teller) waitForBucket(ctx context.Context) error {
	return poll(ctx, "the bucket "+bucket, func() (bool, error) {
		var out macie2.DescribeBucketsOutput
		err := t.admin.Call(ctx, http.MethodPost, "/datasources/s3", nil, map[string]any{}, &out)
		return len(out.Buckets) > 0, err
	})
}

func (t *teller) waitForJob(ctx context.Context, id string) error {
	t.command("%s $ aws macie2 describe-classification-job --job-id %s --query jobStatus --region %s --endpoint-url %s", administrator, id, region, t.server.URL())
	err := poll(ctx, "the end of the job", func() (bool, error) {
		var out macie2.DescribeClassificationJobOutput
		err := t.admin.Call(ctx, http.MethodGet, "/jobs/"+id, nil, nil, &out)
		return macie2.Deref(out.JobStatus) == macie2.JobStatusComplete, err
	})
	if err == nil {
		fmt.Fprintf(t.out, "    \"COMPLETE\"\n")
	}
	return err
}

// findings prints what was found, with the places.
func (t *teller) findings(ctx context.Context, job string) error {
	criteria := map[string]any{"findingCriteria": map[string]any{"criterion": map[string]any{"classificationDetails.jobId": map[string]any{"eq": []string{job}}}},
		"sortCriteria": map[string]any{"attributeName": "resourcesAffected", "orderBy": "ASC"}}
	var listed macie2.ListFindingsOutput
	if err := t.admin.Call(ctx, http.MethodPost, "/findings", nil, criteria, &listed); err != nil {
		return err
	}
	if len(listed.FindingIds) == 0 {
		return errors.New("the job found nothing")
	}
	t.command("%s $ aws macie2 get-findings --finding-ids %s --region %s --endpoint-url %s", administrator, strings.Join(listed.FindingIds, " "), region, t.server.URL())
	fmt.Fprintln(t.out, "    in short:")
	var got macie2.GetFindingsOutput
	in := map[string]any{"findingIds": listed.FindingIds, "sortCriteria": criteria["sortCriteria"]}
	if err := t.admin.Call(ctx, http.MethodPost, "/findings/describe", nil, in, &got); err != nil {
		return err
	}
	for i := range got.Findings {
		f := &got.Findings[i]
		fmt.Fprintf(t.out, "    %-6s  %-38s  %s\n", *f.Severity.Description, *f.Type, *f.ResourcesAffected.S3Object.Path)
		for _, item := range f.ClassificationDetails.Result.SensitiveData {
			for _, d := range item.Detections {
				fmt.Fprintf(t.out, "            %d × %s%s\n", *d.Count, *d.Type, places(d.Occurrences))
			}
		}
	}
	t.say("The member's bucket was read, and its values stayed where they are: a finding tells places, never what stands there.")
	return nil
}

// places spells where something was found. Inside archives a finding names none; the detailed result does.
func places(o *macie2.Occurrences) string {
	if o == nil {
		return ", inside the archive"
	}
	var all []string
	for _, c := range o.Cells {
		all = append(all, fmt.Sprintf("row %d column %d (%s)", *c.Row, *c.Column, macie2.Deref(c.ColumnName)))
	}
	for _, r := range o.Records {
		all = append(all, macie2.Deref(r.JsonPath))
	}
	for _, l := range o.LineRanges {
		all = append(all, fmt.Sprintf("line %d", *l.Start))
	}
	return " at " + strings.Join(all, ", ")
}
