package finding

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
	"magpie/internal/store"
)

// memoryBucket is a bucket in memory, of a store that knows KMS or not.
type memoryBucket struct {
	mu      sync.Mutex
	noKMS   bool
	denied  bool
	objects map[string][]byte
	options map[string]objectstore.PutOptions
}

func (b *memoryBucket) Put(_ context.Context, key string, content []byte, o objectstore.PutOptions) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.denied:
		return "", &objectstore.Error{Kind: objectstore.ErrDenied, Call: "PutObject", Code: "AccessDenied", Status: 403}
	case b.noKMS && o.Encryption != "":
		return "", &objectstore.Error{Kind: objectstore.ErrNotSupported, Call: "PutObject", Code: "NotImplemented", Status: 501}
	}
	b.objects[key], b.options[key] = content, o
	return "etag", nil
}

func (d *desk) serve(b *memoryBucket) {
	b.objects, b.options = map[string][]byte{}, map[string]objectstore.PutOptions{}
	d.bucket = func(_ context.Context, _ string, account macie2.AccountID, name string) (Bucket, error) {
		if name != "results" || account != alice {
			return nil, objectstore.ErrNoBucket
		}
		return b, nil
	}
}

// write does what the checkpoint of a job does.
func (d *desk) write(b Batch) *Prepared {
	d.t.Helper()
	p, err := d.Prepare(d.t.Context(), b)
	if err != nil {
		d.t.Fatal(err)
	}
	err = d.db.Tx(d.t.Context(), Lane(b.Region, b.Creator), func(tx *store.Tx) error {
		_, err := d.Write(d.t.Context(), tx, p)
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return p
}

func analysed(key string, owner macie2.AccountID, at time.Time, types ...string) *Analysis {
	r := &macie2.ClassificationResult{Status: &macie2.ClassificationResultStatus{Code: macie2.Ptr("COMPLETE")}, MimeType: macie2.Ptr("text/csv"),
		SizeClassified: macie2.Ptr(int64(4750)), SensitiveData: []macie2.SensitiveDataItem{}}
	for _, kind := range types {
		r.SensitiveData = append(r.SensitiveData, macie2.SensitiveDataItem{Category: macie2.Ptr(macie2.SensitiveDataItemCategoryPersonalInformation), TotalCount: macie2.Ptr(int64(30)),
			Detections: []macie2.DefaultDetection{{Type: macie2.Ptr(kind), Count: macie2.Ptr(int64(30)), Occurrences: &macie2.Occurrences{
				Cells: []macie2.Cell{{Row: macie2.Ptr(int64(2)), Column: macie2.Ptr(int64(3)), ColumnName: macie2.Ptr("SSN")}}}}}})
	}
	return &Analysis{Region: region, Run: "run", Origin: macie2.OriginTypeSensitiveDataDiscoveryJob, JobID: "j", Creator: alice, Owner: owner,
		Bucket: macie2.S3Bucket{Name: macie2.Ptr("data"), AllowsUnencryptedObjectUploads: macie2.Ptr(macie2.AllowsUnencryptedObjectUploadsTrue)},
		Object: macie2.S3Object{Key: &key, Size: macie2.Ptr(int64(40200)), LastModified: macie2.NewTimestamp(at)}, Result: r, At: at}
}

func lines(t *testing.T, content []byte) []map[string]any {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]any
	for line := range bytes.Lines(text) {
		var x map[string]any
		if err := json.Unmarshal(line, &x); err != nil {
			t.Fatal(err)
		}
		all = append(all, x)
	}
	return all
}

func at(v any, path ...string) any {
	for _, p := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[p]
	}
	return v
}

var resultName = regexp.MustCompile(`^some/where/AWSLogs/111122223333/Macie/us-east-1/j/(\d{12})/[0-9a-f]{8}-[0-9a-f]{4}-3[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\.jsonl\.gz$`)

// TestExport: results are written as Macie writes them, those from before the bucket was named too, and the finding says where.
func TestExport(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		b := &memoryBucket{}
		d.serve(b)
		put := func(c *macie2.ClassificationExportConfiguration) error {
			_, err := d.PutClassificationExportConfiguration(t.Context(), d.call(alice), &macie2.PutClassificationExportConfigurationInput{Configuration: c})
			return err
		}
		before := d.write(Batch{Region: region, Creator: alice, JobID: "j", Analyses: []*Analysis{analysed("before", bob, d.now, "NAME")}})
		if where := *before.Findings()[0].ClassificationDetails.DetailedResultsLocation; !strings.HasPrefix(where, "s3://[export-config-not-set]/AWSLogs/111122223333/Macie/us-east-1/j/444455556666/") {
			t.Errorf("without a bucket the finding says %s", where)
		}
		to := &macie2.S3Destination{BucketName: macie2.Ptr("results"), KeyPrefix: macie2.Ptr("some/where/"), KmsKeyArn: macie2.Ptr("arn:aws:kms:us-east-1:111122223333:key/k")}
		if err := put(&macie2.ClassificationExportConfiguration{S3Destination: to}); err != nil {
			t.Fatal(err)
		}
		got, err := d.GetClassificationExportConfiguration(t.Context(), d.call(alice), nil)
		if err != nil || *got.Configuration.S3Destination.KeyPrefix != "some/where/" || got.Configuration.S3Destination.ExpectedBucketOwner != nil {
			t.Errorf("what was set comes back as %+v, %v", got, err)
		}
		archive := analysed("b.zip", alice, d.now, "NAME")
		archive.Members = []Member{{Path: "in/a.csv", Size: 7, Modified: d.now, Result: analysed("", alice, d.now, "NAME").Result}}
		skipped := analysed("c", alice, d.now)
		skipped.Result.Status = &macie2.ClassificationResultStatus{Code: macie2.Ptr("SKIPPED"), Reason: macie2.Ptr("PERMISSION_DENIED")}
		after := d.write(Batch{Region: region, Creator: alice, JobID: "j", Analyses: []*Analysis{analysed("a", bob, d.now, "NAME"), archive, skipped}})
		d.work()
		written := slices.Sorted(maps.Keys(b.objects))
		written = slices.DeleteFunc(written, func(k string) bool { return strings.HasSuffix(k, "write-check.jsonl.gz") })
		if len(written) != 3 {
			t.Fatalf("%d files were written, want one for each owner and batch: %v", len(written), written)
		}
		for _, key := range written {
			if !resultName.MatchString(key) {
				t.Errorf("a result lies at %s", key)
			}
			if o := b.options[key]; o.Encryption != "aws:kms" || o.KMSKeyID != *to.KmsKeyArn {
				t.Errorf("%s was written with %+v", key, o)
			}
		}
		where, _ := strings.CutPrefix(*after.Findings()[0].ClassificationDetails.DetailedResultsLocation, "s3://results/")
		rows := lines(t, b.objects[where])
		if len(rows) != 3 {
			t.Fatalf("%d lines at the place that the finding names, want the archive, its file and the object that was not read", len(rows))
		}
		whole, member, unread := rows[0], rows[1], rows[2]
		for name, x := range map[string][2]any{
			"size":       {at(whole, "resourcesAffected", "s3Object", "size"), "40200"},
			"classified": {at(whole, "classificationDetails", "result", "sizeClassified"), "4750"},
			"score":      {at(whole, "severity", "score"), "1"},
			"member":     {at(member, "resourcesAffected", "s3Object", "embeddedFileDetails", "filePath"), "in/a.csv"},
			"reason":     {at(unread, "classificationDetails", "result", "status", "reason"), "PERMISSION_DENIED"},
			"no reason":  {at(whole, "classificationDetails", "result", "status", "reason"), nil},
			"no type":    {unread["type"], nil},
			"no version": {at(whole, "resourcesAffected", "s3Object", "versionId"), nil},
			"created":    {whole["createdAt"], "2026-05-01T12:00:00Z"},
			"no custom":  {at(whole, "classificationDetails", "result", "customDataIdentifiers"), nil},
		} {
			if x[0] != x[1] {
				t.Errorf("%s: %v, want %v", name, x[0], x[1])
			}
		}
		places, _ := json.Marshal(at(whole, "classificationDetails", "result", "sensitiveData"))
		want := `[{"category":"PERSONAL_INFORMATION","detections":[{"count":"30","occurrences":{"cells":[{"column":"3","columnName":"SSN","row":"2"}],"lineRanges":[],"pages":[],"records":[]},"type":"NAME"}],"totalCount":"30"}]`
		if string(places) != want {
			t.Errorf("places are written as\n%s, want\n%s", places, want)
		}
		if err := put(&macie2.ClassificationExportConfiguration{}); err != nil {
			t.Fatal(err)
		}
		if got, err := d.GetClassificationExportConfiguration(t.Context(), d.call(alice), nil); err != nil || got.Configuration == nil || got.Configuration.S3Destination != nil {
			t.Errorf("an unset configuration comes back as %+v, %v", got, err)
		}
	})
}

// TestExportRefused: what cannot be written to is refused when it is set; a store without KMS is written to without it.
func TestExportRefused(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		b := &memoryBucket{}
		d.serve(b)
		set := func(to macie2.S3Destination) error {
			if to.KmsKeyArn == nil {
				to.KmsKeyArn = macie2.Ptr("arn:aws:kms:us-east-1:111122223333:key/k")
			}
			_, err := d.PutClassificationExportConfiguration(t.Context(), d.call(alice), &macie2.PutClassificationExportConfigurationInput{
				Configuration: &macie2.ClassificationExportConfiguration{S3Destination: &to}})
			return err
		}
		for name, to := range map[string]macie2.S3Destination{
			"a bucket that is not there": {BucketName: macie2.Ptr("elsewhere")},
			"a key that is none":         {BucketName: macie2.Ptr("results"), KmsKeyArn: macie2.Ptr("k")},
			"another owner":              {BucketName: macie2.Ptr("results"), ExpectedBucketOwner: macie2.Ptr(string(bob))},
			"a rooted prefix":            {BucketName: macie2.Ptr("results"), KeyPrefix: macie2.Ptr("/x")},
		} {
			if err := set(to); err == nil {
				t.Errorf("%s was accepted", name)
			} else {
				refused(t, err, macie2.ValidationException)
			}
		}
		b.denied = true
		refused(t, set(macie2.S3Destination{BucketName: macie2.Ptr("results")}), macie2.ValidationException)
		b.denied, b.noKMS = false, true
		if err := set(macie2.S3Destination{BucketName: macie2.Ptr("results")}); err != nil {
			t.Errorf("a store without KMS: %v", err)
		}
	})
}
