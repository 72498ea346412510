package finding

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"time"

	"magpie/internal/arn"
	"magpie/internal/inventory"
	"magpie/internal/macie2"
	"magpie/internal/resource"
)

const (
	schemaVersion = "1.0"
	// maxPlaces is how many places a finding lists, over all types together; its result lists more.
	maxPlaces = 15
)

// Analysis is what a job or a cycle of automated discovery knows of an object that it has analysed.
type Analysis struct {
	Region string
	// Run names the run of the job, or the cycle: an object has one finding in each.
	Run    string
	Origin macie2.OriginType
	JobID  string // empty for automated discovery
	// Creator is the account that created the job, whose ARN names it.
	Creator macie2.AccountID
	// Owner is the account that owns the bucket.
	Owner macie2.AccountID
	// Bucket and Object are as they were when the object was read. Object.Key and the bucket's name are required.
	Bucket macie2.S3Bucket
	Object macie2.S3Object
	// Result is what was found, with all of its places.
	Result *macie2.ClassificationResult
	// Severities of the custom data identifiers of Result, by their id; those that have none count as MEDIUM.
	Custom map[string]macie2.SeverityDescription
	// Score of the managed data identifiers of Result, by their id: 1 to 3.
	Score map[string]int64
	// Members are the files of an archive that hold something or were not analysed wholly.
	Members []Member
	At      time.Time

	id string // once it was asked for
}

// named are the bucket and the object with all names that follow from theirs.
func (a *Analysis) named() (macie2.S3Bucket, macie2.S3Object) {
	bucket, object := a.Bucket, a.Object
	bucket.Name = macie2.Ptr(clean(*bucket.Name))
	bucket.Arn = macie2.Ptr("arn:" + arn.Partition(a.Region) + ":s3:::" + *bucket.Name)
	object.Key, object.BucketArn = macie2.Ptr(clean(*object.Key)), bucket.Arn
	object.Path, object.Extension = macie2.Ptr(*bucket.Name+"/"+*object.Key), macie2.Ptr(inventory.Extension(*object.Key))
	if object.VersionId == nil {
		object.VersionId = macie2.Ptr("")
	}
	return bucket, object
}

// jobARN names the job, where there is one.
func (a *Analysis) jobARN() string {
	if a.JobID == "" {
		return ""
	}
	return resource.Name(a.Creator, a.Region, "classification-job", a.JobID)
}

// ID is the id of the finding: a function of the run and of the version of the object that was read. The owner is part of it,
// since buckets of the same name may be at the stores of several accounts.
func (a *Analysis) ID() string {
	if a.id == "" {
		a.id = a.hash()
	}
	return a.id
}

func (a *Analysis) hash() string {
	return hashed("data", a.Region, string(a.Creator), a.Run, string(a.Owner), macie2.Deref(a.Bucket.Name), macie2.Deref(a.Object.Key), macie2.Deref(a.Object.VersionId))
}

// hashed makes an id of 32 hexadecimal digits out of what names a thing.
func hashed(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(strconv.Itoa(len(p)) + ":" + p))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Shape makes the finding of an object, or returns nil for one in which nothing was found. location is where the detailed
// result is. The result's lists are not kept: the finding has its own, with fewer places.
func Shape(a *Analysis, location string) *macie2.Finding {
	kind := typeOf(a.Result)
	if kind == "" {
		return nil
	}
	at := macie2.NewTimestamp(a.At.UTC().Truncate(time.Millisecond))
	bucket, object := a.named()
	details := &macie2.ClassificationDetails{OriginType: &a.Origin, Result: limited(a.Result)}
	if a.JobID != "" {
		details.JobId = &a.JobID
		details.JobArn = macie2.Ptr(a.jobARN())
	}
	if location != "" {
		details.DetailedResultsLocation = &location
	}
	words := titles[kind]
	return &macie2.Finding{
		AccountId: macie2.Ptr(string(a.Owner)), Archived: macie2.Ptr(false), Category: macie2.Ptr(macie2.FindingCategoryClassification),
		ClassificationDetails: details, Count: macie2.Ptr(int64(1)), CreatedAt: at, UpdatedAt: at, Description: macie2.Ptr(words.description),
		Id: macie2.Ptr(a.ID()), Partition: macie2.Ptr(arn.Partition(a.Region)), Region: &a.Region,
		ResourcesAffected: &macie2.ResourcesAffected{S3Bucket: &bucket, S3Object: &object}, Sample: macie2.Ptr(false),
		SchemaVersion: macie2.Ptr(schemaVersion), Severity: severityOf(a), Title: macie2.Ptr(words.title), Type: &kind,
	}
}

// typeOf is the type that a result makes a finding: its category where there is one, custom identifiers being one too.
func typeOf(r *macie2.ClassificationResult) macie2.FindingType {
	var categories []macie2.FindingType
	if r == nil {
		return ""
	}
	for _, item := range r.SensitiveData {
		if len(item.Detections) == 0 {
			continue
		}
		switch macie2.Deref(item.Category) {
		case macie2.SensitiveDataItemCategoryCredentials:
			categories = append(categories, macie2.FindingTypeSensitiveDataS3ObjectCredentials)
		case macie2.SensitiveDataItemCategoryFinancialInformation:
			categories = append(categories, macie2.FindingTypeSensitiveDataS3ObjectFinancial)
		case macie2.SensitiveDataItemCategoryPersonalInformation:
			categories = append(categories, macie2.FindingTypeSensitiveDataS3ObjectPersonal)
		case macie2.SensitiveDataItemCategoryCustomIdentifier:
			categories = append(categories, macie2.FindingTypeSensitiveDataS3ObjectCustomIdentifier)
		}
	}
	if r.CustomDataIdentifiers != nil && len(r.CustomDataIdentifiers.Detections) > 0 {
		categories = append(categories, macie2.FindingTypeSensitiveDataS3ObjectCustomIdentifier)
	}
	slices.Sort(categories)
	switch categories = slices.Compact(categories); len(categories) {
	case 0:
		return ""
	case 1:
		return categories[0]
	}
	return macie2.FindingTypeSensitiveDataS3ObjectMultiple
}

// severityOf is the highest severity of all that was found.
func severityOf(a *Analysis) *macie2.Severity {
	score := int64(1)
	for _, item := range a.Result.SensitiveData {
		for _, d := range item.Detections {
			score = max(score, a.Score[macie2.Deref(d.Type)])
		}
	}
	if c := a.Result.CustomDataIdentifiers; c != nil {
		for _, d := range c.Detections {
			s, ok := a.Custom[macie2.Deref(d.Arn)]
			if !ok {
				s = macie2.SeverityDescriptionMedium
			}
			score = max(score, scoreOf(s))
		}
	}
	return severity(score)
}

func severity(score int64) *macie2.Severity {
	return &macie2.Severity{Score: &score, Description: macie2.Ptr(severities[score])}
}

// limited copies a result with at most maxPlaces places. They are shared out evenly over the types that were found, the first
// ones of each; what a type has fewer of goes to the others.
func limited(r *macie2.ClassificationResult) *macie2.ClassificationResult {
	out := *r
	out.SensitiveData = []macie2.SensitiveDataItem{}
	var lists []**macie2.Occurrences
	for _, item := range r.SensitiveData {
		item.Detections = slices.Clone(item.Detections)
		for i := range item.Detections {
			lists = append(lists, &item.Detections[i].Occurrences)
		}
		out.SensitiveData = append(out.SensitiveData, item)
	}
	custom := &macie2.CustomDataIdentifiers{Detections: []macie2.CustomDetection{}, TotalCount: macie2.Ptr(int64(0))}
	if c := r.CustomDataIdentifiers; c != nil {
		custom.Detections = append(custom.Detections, c.Detections...)
		custom.TotalCount = macie2.Ptr(macie2.Deref(c.TotalCount))
		for i := range custom.Detections {
			lists = append(lists, &custom.Detections[i].Occurrences)
		}
	}
	out.CustomDataIdentifiers = custom
	have := make([]int, len(lists))
	for i, l := range lists {
		have[i] = placesOf(*l)
	}
	more := macie2.Deref(r.AdditionalOccurrences)
	for i, n := range shares(have, maxPlaces) {
		if n < have[i] {
			more = true
			*lists[i] = firstPlaces(*lists[i], n)
		}
	}
	out.AdditionalOccurrences = &more
	return &out
}

// placesOf counts the places of a detection.
func placesOf(o *macie2.Occurrences) int {
	if o == nil {
		return 0
	}
	return len(o.Cells) + len(o.LineRanges) + len(o.OffsetRanges) + len(o.Pages) + len(o.Records)
}

// firstPlaces are the first n places of a detection, or nil for none.
func firstPlaces(o *macie2.Occurrences, n int) *macie2.Occurrences {
	if n == 0 {
		return nil
	}
	first := &macie2.Occurrences{}
	n -= take(&first.Cells, o.Cells, n)
	n -= take(&first.LineRanges, o.LineRanges, n)
	n -= take(&first.OffsetRanges, o.OffsetRanges, n)
	n -= take(&first.Pages, o.Pages, n)
	take(&first.Records, o.Records, n)
	return first
}

func take[T any](to *[]T, from []T, n int) int {
	if n = min(n, len(from)); n > 0 {
		*to = from[:n:n]
	}
	return n
}

// shares gives each of the lists an equal part of total, in rounds of one, and never more than it has.
func shares(have []int, total int) []int {
	got := make([]int, len(have))
	for given := true; given && total > 0; {
		given = false
		for i := range have {
			if got[i] < have[i] && total > 0 {
				got[i]++
				total--
				given = true
			}
		}
	}
	return got
}
