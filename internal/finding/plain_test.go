package finding

import (
	"testing"
	"time"

	"magpie/internal/macie2"
)

// A line that is written without encoding/json is the same as with it.
func TestPlainLines(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 890e6, time.FixedZone("east", 3600))
	base := func() *Analysis {
		return &Analysis{
			Region: "us-east-1", Run: "r", Creator: "111122223333", Owner: "444455556666", Origin: macie2.OriginTypeSensitiveDataDiscoveryJob, JobID: "j", At: at,
			Bucket: macie2.S3Bucket{Name: macie2.Ptr("b"), Tags: []macie2.KeyValuePair{}},
			Object: macie2.S3Object{Key: macie2.Ptr("a/k.txt"), VersionId: macie2.Ptr("v"), ETag: macie2.Ptr("e"), Size: macie2.Ptr(int64(7)),
				LastModified: macie2.NewTimestamp(at), StorageClass: macie2.Ptr(macie2.StorageClassStandard), Tags: []macie2.KeyValuePair{}},
			Result: &macie2.ClassificationResult{Status: &macie2.ClassificationResultStatus{Code: macie2.Ptr("COMPLETE")},
				SizeClassified: macie2.Ptr(int64(7)), MimeType: macie2.Ptr("text/plain")},
		}
	}
	for i, change := range []func(*Analysis){
		func(*Analysis) {},
		func(a *Analysis) { a.JobID, a.Origin = "", macie2.OriginTypeAutomatedSensitiveDataDiscovery },
		func(a *Analysis) { a.Region = "cn-north-1" },
		func(a *Analysis) { a.Object.Key = macie2.Ptr("a\"\\<&>/\t\x00\x01\x7f\u2028é\xff.d\u00e9") },
		func(a *Analysis) { a.Object.Key = macie2.Ptr("") },
		func(a *Analysis) {
			a.Object.ETag, a.Object.Size, a.Object.LastModified, a.Object.StorageClass = nil, nil, nil, nil
		},
		func(a *Analysis) { a.Object.PublicAccess = macie2.Ptr(true) },
		func(a *Analysis) { a.Object.PublicAccess = macie2.Ptr(false) },
		func(a *Analysis) { a.Object.ServerSideEncryption = &macie2.ServerSideEncryption{} },
		func(a *Analysis) {
			a.Object.ServerSideEncryption = &macie2.ServerSideEncryption{EncryptionType: macie2.Ptr(macie2.EncryptionTypeAes256)}
		},
		func(a *Analysis) {
			a.Object.ServerSideEncryption = &macie2.ServerSideEncryption{KmsMasterKeyId: macie2.Ptr("<key>")}
		},
		func(a *Analysis) {
			a.Object.ServerSideEncryption = &macie2.ServerSideEncryption{EncryptionType: macie2.Ptr(macie2.EncryptionTypeAwsKms), KmsMasterKeyId: macie2.Ptr("k")}
		},
		func(a *Analysis) {
			a.Result = &macie2.ClassificationResult{Status: &macie2.ClassificationResultStatus{Code: macie2.Ptr("SKIPPED"), Reason: macie2.Ptr("X")}}
		},
		func(a *Analysis) { a.Result.Status = &macie2.ClassificationResultStatus{} },
		func(a *Analysis) { a.Result.Status = &macie2.ClassificationResultStatus{Reason: macie2.Ptr("X")} },
		func(a *Analysis) { a.Result.SensitiveData = []macie2.SensitiveDataItem{} },
		func(a *Analysis) {
			a.Result.CustomDataIdentifiers = &macie2.CustomDataIdentifiers{TotalCount: macie2.Ptr(int64(0)), Detections: []macie2.CustomDetection{}}
		},
		func(a *Analysis) { a.Bucket.Name = macie2.Ptr("odd\u00e9\xffbucket") },
	} {
		a := base()
		change(a)
		if !isPlain(a) {
			t.Errorf("%d is not plain", i)
			continue
		}
		r := newRows()
		x, err := r.object(a, nil, a.Result, "s3://results/<file>", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.to.Encode(x); err != nil {
			t.Fatal(err)
		}
		want := r.lines.String()
		r = newRows()
		if err := r.add(a, nil, "s3://results/<file>"); err != nil {
			t.Fatal(err)
		}
		if got := r.lines.String(); got != want {
			t.Errorf("%d:\n got %s\nwant %s", i, got, want)
		}
	}
	for i, change := range []func(*Analysis){
		func(a *Analysis) { a.Object.Tags = nil },
		func(a *Analysis) { a.Object.Tags = []macie2.KeyValuePair{{}} },
		func(a *Analysis) { a.Result.SensitiveData = []macie2.SensitiveDataItem{{}} },
		func(a *Analysis) {
			a.Result.CustomDataIdentifiers = &macie2.CustomDataIdentifiers{Detections: []macie2.CustomDetection{{}}}
		},
		func(a *Analysis) { a.Result.Status = nil },
	} {
		if a := base(); true {
			if change(a); isPlain(a) {
				t.Errorf("%d is plain", i)
			}
		}
	}
}
