package finding

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"magpie/internal/arn"
	"magpie/internal/macie2"
	"magpie/internal/store"
)

// sampleBucket is the bucket that all samples are about, as in Macie.
const sampleBucket = "macie-sample-finding-bucket"

// CreateSampleFindings makes a sample of each type, or of those named. A sample of data is new each time; one of policy
// counts up the sample that is there. Rules and publication treat samples like any other finding.
func (s *Service) CreateSampleFindings(ctx context.Context, call *macie2.Call, in *macie2.CreateSampleFindingsInput) (*macie2.CreateSampleFindingsOutput, error) {
	types := slices.Compact(slices.Sorted(slices.Values(in.FindingTypes)))
	if len(types) == 0 {
		types = macie2.FindingType("").Values()
	}
	// The ids are made before the transaction, which may run twice.
	nonce := uuid.NewString()
	err := s.tx(ctx, call, func(tx *store.Tx) error {
		var data []*macie2.Finding
		for _, kind := range types {
			if strings.HasPrefix(string(kind), "SensitiveData:") {
				data = append(data, sampleOfData(call, kind, nonce))
				continue
			}
			if err := s.Change(ctx, tx, call.Region, call.Account, sampleOfPolicy(call, kind), call.Now); err != nil {
				return err
			}
		}
		_, err := s.Record(ctx, tx, call.Region, call.Account, data)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &macie2.CreateSampleFindingsOutput{}, nil
}

// sampleDay is when everything in a sample was last changed.
var sampleDay = time.Date(2020, 1, 1, 12, 0, 0, 0, time.UTC)

func sampleS3Bucket() macie2.S3Bucket {
	flags := func() *macie2.BlockPublicAccess {
		return &macie2.BlockPublicAccess{BlockPublicAcls: macie2.Ptr(false), BlockPublicPolicy: macie2.Ptr(false),
			IgnorePublicAcls: macie2.Ptr(false), RestrictPublicBuckets: macie2.Ptr(false)}
	}
	return macie2.S3Bucket{
		AllowsUnencryptedObjectUploads: macie2.Ptr(macie2.AllowsUnencryptedObjectUploadsTrue),
		CreatedAt:                      macie2.NewTimestamp(sampleDay), Name: macie2.Ptr(sampleBucket),
		DefaultServerSideEncryption: &macie2.ServerSideEncryption{EncryptionType: macie2.Ptr(macie2.EncryptionTypeNone)},
		Owner:                       &macie2.S3BucketOwner{DisplayName: macie2.Ptr("sample-owner"), Id: macie2.Ptr(strings.Repeat("0", 64))},
		PublicAccess: &macie2.BucketPublicAccess{
			EffectivePermission: macie2.Ptr(macie2.EffectivePermissionPublic),
			PermissionConfiguration: &macie2.BucketPermissionConfiguration{
				AccountLevelPermissions: &macie2.AccountLevelPermissions{BlockPublicAccess: flags()},
				BucketLevelPermissions: &macie2.BucketLevelPermissions{
					AccessControlList: &macie2.AccessControlList{AllowsPublicReadAccess: macie2.Ptr(true), AllowsPublicWriteAccess: macie2.Ptr(false)},
					BucketPolicy:      &macie2.BucketPolicy{AllowsPublicReadAccess: macie2.Ptr(false), AllowsPublicWriteAccess: macie2.Ptr(false)},
					BlockPublicAccess: flags(),
				},
			},
		},
		Tags: []macie2.KeyValuePair{{Key: macie2.Ptr("Environment"), Value: macie2.Ptr("Sample")}},
	}
}

// sampled is what a sample of data is about: a file of a kind, and what was found in it.
type sampled struct {
	key, mime string
	data      []macie2.SensitiveDataItem
	custom    []macie2.CustomDetection
	score     map[string]int64
}

func sampleCells(row int64, column int64, name, reference string) *macie2.Occurrences {
	return &macie2.Occurrences{Cells: []macie2.Cell{{Row: &row, Column: &column, ColumnName: &name, CellReference: &reference}}}
}

func sampleLines(line int64) *macie2.Occurrences {
	return &macie2.Occurrences{LineRanges: []macie2.Range{{Start: &line, End: &line, StartColumn: macie2.Ptr(int64(1))}}}
}

func detected(category macie2.SensitiveDataItemCategory, kind string, at *macie2.Occurrences) macie2.SensitiveDataItem {
	return macie2.SensitiveDataItem{Category: &category, TotalCount: macie2.Ptr(int64(1)), Detections: []macie2.DefaultDetection{
		{Type: &kind, Count: macie2.Ptr(int64(1)), Occurrences: at}}}
}

func samples() map[macie2.FindingType]sampled {
	const workbook = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	own := macie2.CustomDetection{Arn: macie2.Ptr("00000000-0000-4000-8000-000000000000"), Name: macie2.Ptr("sample-identifier"),
		Count: macie2.Ptr(int64(1)), Occurrences: sampleLines(4)}
	return map[macie2.FindingType]sampled{
		macie2.FindingTypeSensitiveDataS3ObjectMultiple: {key: "sample-multiple.xlsx", mime: workbook, data: []macie2.SensitiveDataItem{
			detected(macie2.SensitiveDataItemCategoryFinancialInformation, "CREDIT_CARD_NUMBER", sampleCells(2, 3, "Card number", "C2")),
			detected(macie2.SensitiveDataItemCategoryPersonalInformation, "USA_SOCIAL_SECURITY_NUMBER", sampleCells(2, 2, "SSN", "B2")),
		}, score: map[string]int64{"CREDIT_CARD_NUMBER": 3}},
		macie2.FindingTypeSensitiveDataS3ObjectFinancial: {key: "sample-financial.txt", mime: "text/plain", data: []macie2.SensitiveDataItem{
			detected(macie2.SensitiveDataItemCategoryFinancialInformation, "CREDIT_CARD_NUMBER", sampleLines(1))},
			score: map[string]int64{"CREDIT_CARD_NUMBER": 3}},
		macie2.FindingTypeSensitiveDataS3ObjectPersonal: {key: "sample-personal.txt", mime: "text/plain", data: []macie2.SensitiveDataItem{
			detected(macie2.SensitiveDataItemCategoryPersonalInformation, "USA_SOCIAL_SECURITY_NUMBER", sampleLines(2))},
			score: map[string]int64{"USA_SOCIAL_SECURITY_NUMBER": 3}},
		macie2.FindingTypeSensitiveDataS3ObjectCredentials: {key: "sample-credentials.txt", mime: "text/plain", data: []macie2.SensitiveDataItem{
			detected(macie2.SensitiveDataItemCategoryCredentials, "AWS_CREDENTIALS", sampleLines(3))},
			score: map[string]int64{"AWS_CREDENTIALS": 3}},
		macie2.FindingTypeSensitiveDataS3ObjectCustomIdentifier: {key: "sample-custom.txt", mime: "text/plain", custom: []macie2.CustomDetection{own}},
	}
}

// Sample is a sample of a finding of data, which is not kept anywhere.
func Sample(region string, account macie2.AccountID, now time.Time) *macie2.Finding {
	return sampleOfData(&macie2.Call{Region: region, Account: account, Now: now}, macie2.FindingTypeSensitiveDataS3ObjectMultiple, now.String())
}

func sampleOfData(call *macie2.Call, kind macie2.FindingType, nonce string) *macie2.Finding {
	x := samples()[kind]
	a := &Analysis{
		Region: call.Region, Run: "sample " + nonce, Origin: macie2.OriginTypeSensitiveDataDiscoveryJob, JobID: hashed("sample", nonce),
		Creator: call.Account, Owner: call.Account, Bucket: sampleS3Bucket(), At: call.Now, Score: x.score,
		Object: macie2.S3Object{
			Key: &x.key, ETag: macie2.Ptr(hashed("sample", x.key)), LastModified: macie2.NewTimestamp(sampleDay), Size: macie2.Ptr(int64(1024)),
			StorageClass: macie2.Ptr(macie2.StorageClassStandard), PublicAccess: macie2.Ptr(true), Tags: []macie2.KeyValuePair{},
			ServerSideEncryption: &macie2.ServerSideEncryption{EncryptionType: macie2.Ptr(macie2.EncryptionTypeNone)},
		},
		Result: &macie2.ClassificationResult{
			MimeType: &x.mime, SizeClassified: macie2.Ptr(int64(1024)), Status: &macie2.ClassificationResultStatus{Code: macie2.Ptr("COMPLETE")},
			SensitiveData: x.data, CustomDataIdentifiers: &macie2.CustomDataIdentifiers{Detections: x.custom, TotalCount: macie2.Ptr(int64(len(x.custom)))},
		},
	}
	name := uuid.NewMD5(uuid.NameSpaceURL, []byte(a.ID())).String()
	f := Shape(a, location(noBucket, resultKey("", a.Creator, a.Region, a.JobID, a.Owner, name)))
	f.Sample = macie2.Ptr(true)
	return f
}

// sampleCalls are the calls that make the changes in S3 which samples of policy are about.
var sampleCalls = map[macie2.FindingType]string{
	macie2.FindingTypePolicyIAMUserS3BlockPublicAccessDisabled:  "PutPublicAccessBlock",
	macie2.FindingTypePolicyIAMUserS3BucketEncryptionDisabled:   "DeleteBucketEncryption",
	macie2.FindingTypePolicyIAMUserS3BucketPublic:               "PutBucketAcl",
	macie2.FindingTypePolicyIAMUserS3BucketReplicatedExternally: "PutBucketReplication",
	macie2.FindingTypePolicyIAMUserS3BucketSharedExternally:     "PutBucketPolicy",
	macie2.FindingTypePolicyIAMUserS3BucketSharedWithCloudFront: "PutBucketPolicy",
}

func sampleOfPolicy(call *macie2.Call, kind macie2.FindingType) *macie2.Finding {
	user := "sample-user"
	f := ShapePolicy(&PolicyChange{
		Region: call.Region, Owner: call.Account, Type: kind, Bucket: sampleS3Bucket(), API: sampleCalls[kind], At: call.Now,
		Actor: &macie2.FindingActor{
			UserIdentity: &macie2.UserIdentity{Type: macie2.Ptr(macie2.UserIdentityTypeIAMUser), IamUser: &macie2.IamUser{
				AccountId: macie2.Ptr(string(call.Account)), UserName: &user, PrincipalId: macie2.Ptr("AIDASAMPLE"),
				Arn: macie2.Ptr("arn:" + arn.Partition(call.Region) + ":iam::" + string(call.Account) + ":user/" + user),
			}},
			IpAddressDetails: &macie2.IpAddressDetails{IpAddressV4: macie2.Ptr("198.51.100.1")},
		},
	})
	f.Id, f.Sample = macie2.Ptr(hashed("sample policy", call.Region, string(call.Account), string(kind))), macie2.Ptr(true)
	return f
}
