package finding

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// evaluator reads findings as their JSON and knows nothing of columns, terms or struct fields: it is what the others are held
// against.
type evaluator struct{ document any }

func readDocument(t *testing.T, f *macie2.Finding) evaluator {
	t.Helper()
	b, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	var e evaluator
	if err := json.Unmarshal(b, &e.document); err != nil {
		t.Fatal(err)
	}
	return e
}

func valuesAt(v any, path []string) []string {
	switch v := v.(type) {
	case []any:
		var all []string
		for _, element := range v {
			all = append(all, valuesAt(element, path)...)
		}
		return all
	case map[string]any:
		if len(path) == 0 {
			return nil
		}
		return valuesAt(v[path[0]], path[1:])
	case nil:
		return nil
	case float64:
		return []string{strconv.FormatInt(int64(v), 10)}
	case string:
		if at, err := time.Parse(time.RFC3339, v); err == nil {
			return []string{strconv.FormatInt(at.UnixMilli(), 10)}
		}
		return []string{v}
	}
	return []string{fmt.Sprint(v)}
}

func (e evaluator) meets(name string, c criterion) bool {
	values := valuesAt(e.document, strings.Split(name, "."))
	anyOf := func(list []string) bool {
		for _, v := range values {
			if slices.Contains(list, v) {
				return true
			}
		}
		return false
	}
	allIn := func(list []string) bool {
		for _, wanted := range list {
			if !slices.Contains(values, wanted) {
				return false
			}
		}
		return true
	}
	anyNumber := func(test func(int64) bool) bool {
		return slices.ContainsFunc(values, func(v string) bool {
			n, err := strconv.ParseInt(v, 10, 64)
			return err == nil && test(n)
		})
	}
	switch {
	case c.Eq != nil && !anyOf(c.Eq), c.Neq != nil && anyOf(c.Neq):
		return false
	case c.EqExactMatch != nil:
		only := !slices.ContainsFunc(values, func(v string) bool { return !slices.Contains(c.EqExactMatch, v) })
		return only && allIn(c.EqExactMatch)
	case c.Gt != nil && !anyNumber(func(n int64) bool { return n > *c.Gt }),
		c.Gte != nil && !anyNumber(func(n int64) bool { return n >= *c.Gte }),
		c.Lt != nil && !anyNumber(func(n int64) bool { return n < *c.Lt }),
		c.Lte != nil && !anyNumber(func(n int64) bool { return n <= *c.Lte }):
		return false
	}
	return true
}

// randomizer makes findings and criteria out of few values, so that they meet.
type randomizer struct{ *rand.Rand }

// The words hold what a search in a text could stumble over.
var vocabulary = []string{"a", "b", "ab", "A", "a=b", "%", "_", "a\x1eb", "a\x1fb", "\x1b1", "é", "null", "", "12=a", "true", "1"}

func (r randomizer) word() *string { return macie2.Ptr(vocabulary[r.IntN(len(vocabulary))]) }

func (r randomizer) maybe() *string {
	if r.IntN(3) == 0 {
		return nil
	}
	return r.word()
}

func (r randomizer) flag() *bool {
	if r.IntN(3) == 0 {
		return nil
	}
	return macie2.Ptr(r.IntN(2) == 0)
}

func (r randomizer) when() *macie2.Timestamp {
	return macie2.NewTimestamp(time.UnixMilli(1_700_000_000_000 + int64(r.IntN(5))).UTC())
}

func (r randomizer) tags() []macie2.KeyValuePair {
	tags := []macie2.KeyValuePair{}
	for range r.IntN(4) {
		tags = append(tags, macie2.KeyValuePair{Key: r.word(), Value: r.maybe()})
	}
	return tags
}

func (r randomizer) finding(i int) *macie2.Finding {
	f := &macie2.Finding{
		AccountId: macie2.Ptr([]string{"111122223333", "444455556666"}[r.IntN(2)]), Archived: macie2.Ptr(false), Sample: macie2.Ptr(r.IntN(2) == 0),
		Count: macie2.Ptr(int64(r.IntN(3) + 1)), CreatedAt: r.when(), UpdatedAt: r.when(), Id: macie2.Ptr(fmt.Sprintf("%032x", i)),
		Region: macie2.Ptr(region), Severity: severity(int64(r.IntN(3) + 1)),
		ResourcesAffected: &macie2.ResourcesAffected{S3Bucket: &macie2.S3Bucket{Name: r.word(), Tags: r.tags(), CreatedAt: r.when(),
			Owner: &macie2.S3BucketOwner{DisplayName: r.maybe()},
			PublicAccess: &macie2.BucketPublicAccess{PermissionConfiguration: &macie2.BucketPermissionConfiguration{
				BucketLevelPermissions: &macie2.BucketLevelPermissions{AccessControlList: &macie2.AccessControlList{AllowsPublicReadAccess: r.flag()}},
			}},
		}},
	}
	if r.IntN(3) == 0 {
		f.Category, f.Type = macie2.Ptr(macie2.FindingCategoryPolicy), macie2.Ptr(publicBucket)
		f.PolicyDetails = &macie2.PolicyDetails{Action: &macie2.FindingAction{ApiCallDetails: &macie2.ApiCallDetails{Api: r.maybe(), FirstSeen: r.when(), LastSeen: r.when()}},
			Actor: &macie2.FindingActor{UserIdentity: &macie2.UserIdentity{IamUser: &macie2.IamUser{UserName: r.maybe()}}}}
		return f
	}
	f.Category, f.Type = macie2.Ptr(macie2.FindingCategoryClassification), macie2.Ptr(macie2.FindingTypeSensitiveDataS3ObjectPersonal)
	key := *r.word()
	f.ResourcesAffected.S3Object = &macie2.S3Object{Key: &key, Path: macie2.Ptr(*f.ResourcesAffected.S3Bucket.Name + "/" + key), Extension: r.maybe(),
		LastModified: r.when(), PublicAccess: r.flag(), Tags: r.tags()}
	result := &macie2.ClassificationResult{SizeClassified: macie2.Ptr(int64(r.IntN(4))), MimeType: r.maybe(),
		CustomDataIdentifiers: &macie2.CustomDataIdentifiers{Detections: []macie2.CustomDetection{}}, SensitiveData: []macie2.SensitiveDataItem{}}
	for range r.IntN(3) {
		result.CustomDataIdentifiers.Detections = append(result.CustomDataIdentifiers.Detections, macie2.CustomDetection{Arn: r.word(), Name: r.word(), Count: macie2.Ptr(int64(r.IntN(5)))})
	}
	for range r.IntN(3) {
		item := macie2.SensitiveDataItem{Category: macie2.Ptr(macie2.SensitiveDataItemCategory("").Values()[r.IntN(4)])}
		for range r.IntN(3) {
			item.Detections = append(item.Detections, macie2.DefaultDetection{Type: r.word(), Count: macie2.Ptr(int64(r.IntN(5)))})
		}
		result.SensitiveData = append(result.SensitiveData, item)
	}
	f.ClassificationDetails = &macie2.ClassificationDetails{JobId: r.maybe(), OriginType: macie2.Ptr(macie2.OriginTypeSensitiveDataDiscoveryJob), Result: result}
	return f
}

// criterion asks something of a field, mostly for values that findings have.
func (r randomizer) criterion(f *field, from []*macie2.Finding) criterion {
	value := func() string {
		if values := f.texts(from[r.IntN(len(from))]); len(values) > 0 {
			return values[r.IntN(len(values))]
		}
		switch f.kind {
		case number, date:
			return strconv.Itoa(r.IntN(5))
		case boolean:
			return strconv.FormatBool(r.IntN(2) == 0)
		}
		return *r.word()
	}
	list := func() []string {
		var all []string
		for range r.IntN(3) + 1 {
			all = append(all, value())
		}
		return all
	}
	var c criterion
	if f.exact && r.IntN(3) == 0 {
		if values := f.texts(from[r.IntN(len(from))]); len(values) > 0 {
			return criterion{EqExactMatch: values}
		}
		return criterion{EqExactMatch: list()}
	}
	if f.kind == number || f.kind == date {
		n, _ := strconv.ParseInt(value(), 10, 64)
		for _, bound := range []**int64{&c.Gt, &c.Gte, &c.Lt, &c.Lte} {
			if r.IntN(4) == 0 {
				*bound = macie2.Ptr(n + int64(r.IntN(3)-1))
			}
		}
	}
	if r.IntN(2) == 0 {
		c.Eq = list()
	}
	if r.IntN(2) == 0 || c.Eq == nil && c.Gt == nil && c.Gte == nil && c.Lt == nil && c.Lte == nil {
		c.Neq = list()
	}
	return c
}

// keep records findings in every form that there is: rows, loose segments, columns. Those of a bucket named a are archived.
func (d *desk) keep(r randomizer, all []*macie2.Finding) {
	d.t.Helper()
	total := len(all)
	rule := criteria(map[string]criterion{bucketPrefix + "name": {Eq: []string{"a"}}})
	if _, err := d.CreateFindingsFilter(d.t.Context(), d.call(alice), &macie2.CreateFindingsFilterInput{Name: macie2.Ptr("of bucket a"),
		Action: macie2.Ptr(macie2.FindingsFilterActionArchive), FindingCriteria: rule}); err != nil {
		d.t.Fatal(err)
	}
	archives, err := ParseCriteria(rule)
	if err != nil {
		d.t.Fatal(err)
	}
	d.merger.sizes = []int{4, 16, max(64, total/8)}
	for len(all) > 0 {
		n := min(r.IntN(1+max(5, len(all)/60))+1, len(all), maxRecorded)
		some := all[:n]
		all = all[n:]
		if r.IntN(4) == 0 {
			err := d.db.Tx(d.t.Context(), Lane(region, alice), func(tx *store.Tx) error {
				for _, x := range some {
					if err := d.recordPolicy(d.t.Context(), tx, region, alice, x, []Criteria{archives}); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				d.t.Fatal(err)
			}
			continue
		}
		d.record(alice, some...)
		if len(all) > total/10 && r.IntN(4) == 0 { // the last ones stay loose
			if err := d.Merge(d.t.Context(), region, alice); err != nil {
				d.t.Fatal(err)
			}
		}
	}
}

// TestCriteriaAgainstEvaluator: statements, columns, Match, the counts and an evaluator that reads JSON select the same findings.
// MAGPIE_TEST_FINDINGS is how many there are.
func TestCriteriaAgainstEvaluator(t *testing.T) {
	findings, rounds := 400, 250
	began := time.Now()
	if n, err := strconv.Atoi(os.Getenv("MAGPIE_TEST_FINDINGS")); err == nil {
		findings, rounds = n, 40 // the evaluator takes most of the time
	}
	r := randomizer{rand.New(rand.NewPCG(20, 26))}
	var all []*macie2.Finding
	for i := range findings {
		f := r.finding(i)
		f.Archived = macie2.Ptr(*f.ResourcesAffected.S3Bucket.Name == "a") // as keep has it
		all = append(all, f)
	}
	names := slices.Sorted(keysOf(fields))
	requests := make([]map[string]criterion, 0, rounds+len(names))
	for _, name := range names { // each field alone, then some together
		requests = append(requests, map[string]criterion{name: r.criterion(fields[name], all)})
	}
	for range rounds {
		request := map[string]criterion{}
		for range r.IntN(3) + 1 {
			name := names[r.IntN(len(names))]
			request[name] = r.criterion(fields[name], all)
		}
		requests = append(requests, request)
	}
	// What each request should select. Documents are read one after the other: all of them together are large.
	wanted := make([][]string, len(requests))
	severities := make([]map[string]int64, len(requests))
	parsed := make([]Criteria, len(requests))
	for i, request := range requests {
		severities[i] = map[string]int64{}
		var err error
		if parsed[i], err = ParseCriteria(criteria(request)); err != nil {
			t.Fatalf("%v: %v", request, err)
		}
	}
	for _, f := range all {
		document := readDocument(t, f)
		for i, request := range requests {
			meets := true
			for name, x := range request {
				meets = meets && document.meets(name, x)
			}
			if parsed[i].Match(f) != meets {
				t.Fatalf("%s: Match says %v of %s", spell(request), !meets, *f.Id)
			}
			if meets {
				wanted[i] = append(wanted[i], *f.Id)
				severities[i][string(*f.Severity.Description)]++
			}
		}
	}
	t.Logf("evaluated after %v", time.Since(began))
	each(t, func(t *testing.T, d *desk) {
		d.keep(randomizer{rand.New(rand.NewPCG(1, 2))}, all)
		forms := d.forms()
		if forms["rows"] == 0 || forms["loose"] == 0 || forms["columns"] == 0 {
			t.Fatalf("the findings are not kept in every form: %v", forms)
		}
		t.Logf("kept after %v: %v", time.Since(began), forms)
		for i, request := range requests {
			var got []string
			if findings <= 1000 {
				got = d.list(alice, macie2.ListFindingsInput{FindingCriteria: criteria(request)})
			} else { // pages of 50 of each would take long
				got = d.all(parsed[i], findings+1)
			}
			if slices.Sort(got); !slices.Equal(got, wanted[i]) {
				t.Fatalf("%s: selected are %d, want %d", spell(request), len(got), len(wanted[i]))
			}
			if got := d.counts(alice, macie2.GroupBySeverityDescription, criteria(request)); fmt.Sprint(got) != fmt.Sprint(severities[i]) {
				t.Fatalf("%s: counted %v, want %v", spell(request), got, severities[i])
			}
		}
		t.Logf("%d criteria over %d findings after %v", len(requests), findings, time.Since(began))
	})
}

// all are the ids of alice's own findings that criteria select, in one page.
func (d *desk) all(c Criteria, most int) (ids []string) {
	d.t.Helper()
	err := d.view(d.t.Context(), d.call(alice), func(tx *store.Tx) error {
		x := scope{region: region, holder: alice}
		found, err := places(d.t.Context(), tx, x, c, wanted{sorts["updatedAt"], nil, most}, nil)
		if err == nil {
			found, err = d.dataPlaces(d.t.Context(), tx, x, c, wanted{sorts["updatedAt"], nil, most}, found)
		}
		ids = nil
		for _, p := range found {
			ids = append(ids, p.id)
		}
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return ids
}

// forms counts the findings of alice by how they are kept.
func (d *desk) forms() map[string]int64 {
	d.t.Helper()
	forms := map[string]int64{}
	err := d.db.View(d.t.Context(), func(tx *store.Tx) error {
		var rows int64
		if err := tx.QueryRow(d.t.Context(), `select count(*) from finding where holder = $1`, string(alice)).Scan(&rows); err != nil {
			return err
		}
		forms["rows"] = rows
		return tx.Query(d.t.Context(), func(r store.Row) error {
			var loose bool
			var n int64
			err := r.Scan(&loose, &n)
			if forms["columns"] += n; loose {
				forms["columns"], forms["loose"] = forms["columns"]-n, n
			}
			return err
		}, `select loose, cast(sum(size) as bigint) from finding_segment where holder = $1 group by loose`, string(alice))
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return forms
}

func keysOf(m map[string]*field) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func spell(request map[string]criterion) string {
	b, _ := json.Marshal(request)
	return string(b)
}

// TestCriteriaRefused: what cannot be asked is refused with the place of what is wrong.
func TestCriteriaRefused(t *testing.T) {
	one := int64(1)
	many := make([]string, maxValues+1)
	for i := range many {
		many[i] = strconv.Itoa(i)
	}
	for name, x := range map[string]struct {
		field string
		criterion
		says string
	}{
		"an unknown field":       {"title", criterion{Eq: []string{"x"}}, "title"},
		"a range of texts":       {"type", criterion{Gt: &one}, "gt"},
		"exact where it is not":  {"type", criterion{EqExactMatch: []string{"x"}}, "eqExactMatch"},
		"exact with others":      {resultPrefix + "sensitiveData.category", criterion{EqExactMatch: []string{"x"}, Neq: []string{"y"}}, "combined"},
		"nothing":                {"type", criterion{}, "type"},
		"an empty list":          {"type", criterion{Eq: []string{}}, "eq"},
		"too many values":        {"type", criterion{Neq: many}, "neq"},
		"a number that is none":  {"count", criterion{Eq: []string{"3.5"}}, "3.5"},
		"a date that is none":    {"createdAt", criterion{Eq: []string{"2026-01-01"}}, "2026-01-01"},
		"a boolean that is none": {"archived", criterion{Eq: []string{"yes"}}, "yes"},
	} {
		_, err := ParseCriteria(criteria(map[string]criterion{x.field: x.criterion}))
		refused(t, err, macie2.ValidationException)
		if err != nil && !strings.Contains(err.Error(), x.says) {
			t.Errorf("%s: %q does not say %q", name, err, x.says)
		}
	}
}
