package finding

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"magpie/internal/macie2"
)

// kind says what the values of a field are, and so which operators it takes.
type kind int

const (
	text    kind = iota // eq, neq
	number              // eq, neq, gt, gte, lt, lte; integers
	date                // the same; milliseconds since 1970
	boolean             // eq, neq; true and false
)

// A field is what a criterion may name: a member of a finding, by its path. Where an array is on the way, the field has the
// values of all of its elements.
type field struct {
	name string
	kind kind
	// code stands for the field in the column terms. It is stored and so must never change its meaning; 0 for a field that
	// has a column.
	code int
	// column is the field's own column. A field of several numbers has two, for the least and the greatest.
	column, greatest string
	// unless is a condition under which the column does not hold the field, which the finding then does not have.
	unless string
	// exact fields take eqExactMatch.
	exact bool
	// counted fields are columns of finding_count too.
	counted bool
	// sieved fields have a value of their own in nearly every finding. In segments they have no column, once these are not loose,
	// but a sieve, and the texts in their order.
	sieved bool
	// sorts says of a sieved field that findings can be sorted by it.
	sorts bool
	// steps lead to the field from a macie2.Finding: indexes of struct fields.
	steps []int
}

const (
	bucketPrefix  = "resourcesAffected.s3Bucket."
	objectPrefix  = "resourcesAffected.s3Object."
	accessPrefix  = bucketPrefix + "publicAccess.permissionConfiguration."
	callPrefix    = "policyDetails.action.apiCallDetails."
	addressPrefix = "policyDetails.actor.ipAddressDetails."
	userPrefix    = "policyDetails.actor.userIdentity."
	resultPrefix  = "classificationDetails.result."
	customPrefix  = resultPrefix + "customDataIdentifiers.detections."
)

// The fields that Macie documents for criteria of findings.
var fields = makeFields([]field{
	{name: "accountId", column: "account_id"},
	{name: "archived", kind: boolean, column: "archived", counted: true},
	{name: "category", column: "category", counted: true},
	{name: "count", kind: number, column: "counted", greatest: "counted"},
	{name: "createdAt", kind: date, column: "created_at", greatest: "created_at"},
	{name: "id", column: "id"},
	{name: "region", column: "region", counted: true},
	{name: "sample", kind: boolean, column: "sample", counted: true},
	{name: "severity.description", column: "severity"},
	{name: "type", column: "type"},
	{name: "updatedAt", kind: date, column: "updated_at", greatest: "updated_at"},

	{name: bucketPrefix + "name", column: "bucket"},
	{name: bucketPrefix + "createdAt", kind: date, column: "bucket_created_at", greatest: "bucket_created_at"},
	{name: bucketPrefix + "defaultServerSideEncryption.encryptionType", code: 1},
	{name: bucketPrefix + "defaultServerSideEncryption.kmsMasterKeyId", code: 2},
	{name: bucketPrefix + "allowsUnencryptedObjectUploads", code: 3},
	{name: bucketPrefix + "owner.displayName", code: 4},
	{name: bucketPrefix + "publicAccess.effectivePermission", code: 5},
	{name: accessPrefix + "accountLevelPermissions.blockPublicAccess.blockPublicAcls", kind: boolean, code: 6},
	{name: accessPrefix + "accountLevelPermissions.blockPublicAccess.blockPublicPolicy", kind: boolean, code: 7},
	{name: accessPrefix + "accountLevelPermissions.blockPublicAccess.ignorePublicAcls", kind: boolean, code: 8},
	{name: accessPrefix + "accountLevelPermissions.blockPublicAccess.restrictPublicBuckets", kind: boolean, code: 9},
	{name: accessPrefix + "bucketLevelPermissions.blockPublicAccess.blockPublicAcls", kind: boolean, code: 10},
	{name: accessPrefix + "bucketLevelPermissions.blockPublicAccess.blockPublicPolicy", kind: boolean, code: 11},
	{name: accessPrefix + "bucketLevelPermissions.blockPublicAccess.ignorePublicAcls", kind: boolean, code: 12},
	{name: accessPrefix + "bucketLevelPermissions.blockPublicAccess.restrictPublicBuckets", kind: boolean, code: 13},
	{name: accessPrefix + "bucketLevelPermissions.accessControlList.allowsPublicReadAccess", kind: boolean, code: 14},
	{name: accessPrefix + "bucketLevelPermissions.accessControlList.allowsPublicWriteAccess", kind: boolean, code: 15},
	{name: accessPrefix + "bucketLevelPermissions.bucketPolicy.allowsPublicReadAccess", kind: boolean, code: 16},
	{name: accessPrefix + "bucketLevelPermissions.bucketPolicy.allowsPublicWriteAccess", kind: boolean, code: 17},
	{name: bucketPrefix + "tags.key", exact: true, code: 18},
	{name: bucketPrefix + "tags.value", exact: true, code: 19},

	{name: objectPrefix + "serverSideEncryption.encryptionType", code: 20},
	{name: objectPrefix + "serverSideEncryption.kmsMasterKeyId", code: 21},
	{name: objectPrefix + "extension", column: "extension"},
	{name: objectPrefix + "lastModified", kind: date, column: "object_modified_at", greatest: "object_modified_at"},
	{name: objectPrefix + "key", column: "object_key", sieved: true},
	{name: objectPrefix + "path", column: "resource", unless: "object_key is null", sieved: true, sorts: true},
	{name: objectPrefix + "publicAccess", kind: boolean, code: 23},
	{name: objectPrefix + "tags.key", exact: true, code: 24},
	{name: objectPrefix + "tags.value", exact: true, code: 25},

	{name: "policyDetails.action.actionType", code: 26},
	{name: callPrefix + "api", code: 27},
	{name: callPrefix + "apiServiceName", code: 28},
	{name: callPrefix + "firstSeen", kind: date, column: "first_seen", greatest: "first_seen"},
	{name: callPrefix + "lastSeen", kind: date, column: "last_seen", greatest: "last_seen"},
	{name: "policyDetails.actor.domainDetails.domainName", code: 29},
	{name: addressPrefix + "ipCity.name", code: 30},
	{name: addressPrefix + "ipCountry.name", code: 31},
	{name: addressPrefix + "ipOwner.asn", code: 32},
	{name: addressPrefix + "ipOwner.asnOrg", code: 33},
	{name: addressPrefix + "ipOwner.isp", code: 34},
	{name: addressPrefix + "ipAddressV4", code: 35},
	{name: userPrefix + "type", code: 36},
	{name: userPrefix + "assumedRole.accessKeyId", code: 37},
	{name: userPrefix + "assumedRole.accountId", code: 38},
	{name: userPrefix + "assumedRole.principalId", code: 39},
	{name: userPrefix + "assumedRole.arn", code: 40},
	{name: userPrefix + "assumedRole.sessionContext.sessionIssuer.type", code: 41},
	{name: userPrefix + "assumedRole.sessionContext.sessionIssuer.userName", code: 42},
	{name: userPrefix + "awsAccount.accountId", code: 43},
	{name: userPrefix + "awsAccount.principalId", code: 44},
	{name: userPrefix + "awsService.invokedBy", code: 45},
	{name: userPrefix + "federatedUser.accessKeyId", code: 46},
	{name: userPrefix + "federatedUser.arn", code: 47},
	{name: userPrefix + "federatedUser.accountId", code: 48},
	{name: userPrefix + "federatedUser.principalId", code: 49},
	{name: userPrefix + "federatedUser.sessionContext.sessionIssuer.type", code: 50},
	{name: userPrefix + "federatedUser.sessionContext.sessionIssuer.userName", code: 51},
	{name: userPrefix + "iamUser.accountId", code: 52},
	{name: userPrefix + "iamUser.principalId", code: 53},
	{name: userPrefix + "iamUser.userName", code: 54},
	{name: userPrefix + "root.accountId", code: 55},
	{name: userPrefix + "root.principalId", code: 56},

	{name: "classificationDetails.jobId", column: "job_id"},
	{name: "classificationDetails.originType", code: 57},
	{name: resultPrefix + "mimeType", code: 58},
	{name: resultPrefix + "sizeClassified", kind: number, column: "size_classified", greatest: "size_classified"},
	{name: resultPrefix + "status.code", code: 59},
	{name: customPrefix + "arn", exact: true, code: 60},
	{name: customPrefix + "name", exact: true, code: 61},
	{name: customPrefix + "count", kind: number, column: "custom_least", greatest: "custom_most", code: 62},
	{name: resultPrefix + "sensitiveData.category", exact: true, code: 63},
	{name: resultPrefix + "sensitiveData.detections.type", exact: true, code: 64},
	{name: resultPrefix + "sensitiveData.detections.count", kind: number, column: "detection_least", greatest: "detection_most", code: 65},
})

func makeFields(list []field) map[string]*field {
	all := make(map[string]*field, len(list))
	for i := range list {
		f := &list[i]
		f.steps = stepsTo(f.name)
		all[f.name] = f
	}
	return all
}

// stepsTo finds the struct fields that a path names. The paths are the constants above: one that leads nowhere is a
// mistake in this file, which every start would show.
func stepsTo(path string) []int {
	var steps []int
	t := reflect.TypeFor[macie2.Finding]()
	for _, name := range strings.Split(path, ".") {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		at := -1
		for i := range t.NumField() {
			if member, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); member == name {
				at = i
			}
		}
		if at < 0 {
			panic("finding: a finding has no member " + path)
		}
		steps = append(steps, at)
		t = t.Field(at).Type
	}
	return steps
}

// values calls yield with each value that the finding has for the field, in the finding's order; absent members have none.
func (f *field) values(x *macie2.Finding, yield func(reflect.Value)) {
	walk(reflect.ValueOf(x), f.steps, yield)
}

func walk(v reflect.Value, steps []int, yield func(reflect.Value)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			walk(v.Elem(), steps, yield)
		}
		return
	case reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), steps, yield)
		}
		return
	}
	if len(steps) == 0 {
		yield(v)
		return
	}
	walk(v.Field(steps[0]), steps[1:], yield)
}

// texts are the field's values as eq compares them.
func (f *field) texts(x *macie2.Finding) []string {
	var all []string
	f.values(x, func(v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			all = append(all, v.String())
		case reflect.Bool:
			all = append(all, strconv.FormatBool(v.Bool()))
		default:
			all = append(all, strconv.FormatInt(integer(v), 10))
		}
	})
	return all
}

// numbers are the values of a number or a date.
func (f *field) numbers(x *macie2.Finding) []int64 {
	var all []int64
	f.values(x, func(v reflect.Value) { all = append(all, integer(v)) })
	return all
}

func integer(v reflect.Value) int64 {
	if v.CanInt() {
		return v.Int()
	}
	if t, ok := v.Interface().(macie2.Timestamp); ok {
		return t.UnixMilli()
	}
	panic(fmt.Sprintf("finding: %s is no number", v.Type()))
}

// Severities by their score, as Macie has them.
var severities = map[int64]macie2.SeverityDescription{
	1: macie2.SeverityDescriptionLow, 2: macie2.SeverityDescriptionMedium, 3: macie2.SeverityDescriptionHigh,
}

func scoreOf(s macie2.SeverityDescription) int64 {
	for score, description := range severities {
		if description == s {
			return score
		}
	}
	return 0
}
