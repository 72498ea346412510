package inventory

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"magpie/internal/arn"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
	"magpie/internal/store"
)

// fieldKind is how a field is compared.
type fieldKind int

const (
	textField fieldKind = iota
	numberField
	timeField
	boolField
	arnField // a bucket's ARN: its name, behind a beginning that is the same for all
	tagField // key or value of a tag
)

// field is what a criterion may be about.
type field struct {
	kind fieldKind
	sql  string // an expression on b
}

// noObjects is a counter that is 0 where objects were counted: how they are encrypted is not known of any.
const noObjects = `case when b.object_count is null then null else cast(0 as bigint) end`

// fields are the scalar members of the contract's BucketMetadata, by their paths, and the parts of tags. Nothing else reaches the SQL.
var fields = func() map[string]field {
	m := map[string]field{
		"accountId": {textField, "b.account_id"}, "bucketName": {textField, "b.name"}, "region": {textField, "b.region"},
		"bucketArn":                          {arnField, "b.name"},
		"allowsUnencryptedObjectUploads":     {textField, "b.allows_unencrypted"},
		"automatedDiscoveryMonitoringStatus": {textField, "b.monitoring_status"},
		"bucketCreatedAt":                    {timeField, "b.created_at"}, "lastUpdated": {timeField, "b.last_updated"},
		"lastAutomatedDiscoveryTime": {timeField, "b.last_discovery_at"},
		"classifiableObjectCount":    {numberField, "b.classifiable_count"}, "classifiableSizeInBytes": {numberField, "b.classifiable_size"},
		"errorCode": {textField, "b.error_code"}, "errorMessage": {textField, "b.error_message"},
		"jobDetails.isDefinedInJob": {textField, "b.defined_in_job"}, "jobDetails.isMonitoredByJob": {textField, "b.monitored_by_job"},
		"jobDetails.lastJobId": {textField, "b.last_job_id"}, "jobDetails.lastJobRunTime": {timeField, "b.last_job_run_at"},
		"objectCount": {numberField, "b.object_count"}, "sizeInBytes": {numberField, "b.size_bytes"},
		"sizeInBytesCompressed":                       {numberField, "b.size_compressed"},
		"objectCountByEncryptionType.customerManaged": {numberField, noObjects},
		"objectCountByEncryptionType.kmsManaged":      {numberField, noObjects},
		"objectCountByEncryptionType.s3Managed":       {numberField, noObjects},
		"objectCountByEncryptionType.unencrypted":     {numberField, noObjects},
		"objectCountByEncryptionType.unknown":         {numberField, "b.encryption_unknown_count"},
		"publicAccess.effectivePermission":            {textField, "b.effective_permission"},
		"replicationDetails.replicated":               {boolField, "b.replicated"},
		"replicationDetails.replicatedExternally":     {boolField, "b.replicated_externally"},
		"sensitivityScore":                            {numberField, scoreSQL},
		"serverSideEncryption.type":                   {textField, "b.sse_type"},
		"serverSideEncryption.kmsMasterKeyId":         {textField, "b.kms_key_id"},
		"sharedAccess":                                {textField, "b.shared_access"},
		"versioning":                                  {boolField, "b.versioning"},
		"tags.key":                                    {tagField, "key"}, "tags.value": {tagField, "value"},
		"unclassifiableObjectCount.fileType":           {numberField, "b.unclassifiable_file_type_count"},
		"unclassifiableObjectCount.storageClass":       {numberField, "b.unclassifiable_storage_class_count"},
		"unclassifiableObjectCount.total":              {numberField, "b.unclassifiable_count"},
		"unclassifiableObjectSizeInBytes.fileType":     {numberField, "b.unclassifiable_file_type_size"},
		"unclassifiableObjectSizeInBytes.storageClass": {numberField, "b.unclassifiable_storage_class_size"},
		"unclassifiableObjectSizeInBytes.total":        {numberField, "b.unclassifiable_size"},
	}
	const p = "publicAccess.permissionConfiguration."
	for level, column := range map[string]string{"accountLevelPermissions": "b.account_", "bucketLevelPermissions": "b."} {
		for flag, name := range map[string]string{
			"blockPublicAcls": "block_public_acls", "ignorePublicAcls": "ignore_public_acls", "blockPublicPolicy": "block_public_policy",
			"restrictPublicBuckets": "restrict_public_buckets",
		} {
			m[p+level+".blockPublicAccess."+flag] = field{boolField, column + name}
		}
	}
	for path, column := range map[string]string{
		"accessControlList.allowsPublicReadAccess": "b.acl_read", "accessControlList.allowsPublicWriteAccess": "b.acl_write",
		"bucketPolicy.allowsPublicReadAccess": "b.policy_read", "bucketPolicy.allowsPublicWriteAccess": "b.policy_write",
	} {
		m[p+"bucketLevelPermissions."+path] = field{boolField, column}
	}
	return m
}()

// Bounds of criteria.
const (
	maxCriteria = 50
	maxValues   = 500
)

// query collects conditions on b, all of which must hold. They are checked when they are added, and written out by begin.
type query struct {
	terms  []func(*statement)
	jobs   bool             // some are about what jobs do with buckets,
	viewer macie2.AccountID // those of this account
	tags   []*tagValues
}

// fewValues is up to how many values a text is compared with one by one.
const fewValues = 8

// tagValues are many keys or values of tags of which buckets have one. The database would look for each in the tags of each bucket, so
// the texts of tags that there are, many of which are alike, are looked at here.
type tagValues struct {
	keys   bool
	values map[string]bool // as they stand in a line
	texts  store.List      // those of the texts that have one
}

// has reports whether a text that tagLines wrote has one of them.
func (t *tagValues) has(text string) bool {
	for line := range strings.SplitSeq(strings.Trim(text, "\n"), "\n") {
		key, value, ok := strings.Cut(line, "\t")
		if ok && (t.keys && t.values[key] || !t.keys && t.values[value]) {
			return true
		}
	}
	return false
}

// readTags finds the texts of tags for the conditions that name many.
func (q *query) readTags(ctx context.Context, tx *store.Tx, region string, accounts []macie2.AccountID) error {
	if len(q.tags) == 0 {
		return nil
	}
	for _, t := range q.tags {
		t.texts = store.List{}
	}
	return tx.Query(ctx, func(row store.Row) error {
		var text string
		if err := row.Scan(&text); err != nil {
			return err
		}
		for _, t := range q.tags {
			if t.has(text) {
				t.texts = append(t.texts, text)
			}
		}
		return nil
	}, `select distinct tags from bucket where region = $1 and `+tx.Any("account_id", 2), region, store.ListOf(accounts))
}

// statement is a query that is being written, with its arguments.
type statement struct {
	tx         *store.Tx
	region     string
	conditions []string
	args       []any
}

func (b *statement) arg(v any) string {
	b.args = append(b.args, v)
	return "$" + strconv.Itoa(len(b.args))
}

// any is the condition that a text is one of a list, for which an index may serve.
func (b *statement) any(sql string, values []string) string {
	b.args = append(b.args, store.List(values))
	return b.tx.Any(sql, len(b.args))
}

// oneOf is the condition that a text of a bucket that is looked at anyway is one of a list.
func (b *statement) oneOf(sql string, values []string) string {
	if len(values) <= fewValues {
		return b.any(sql, values)
	}
	b.args = append(b.args, store.List(values))
	return b.tx.Among(sql, len(b.args))
}

func (b *statement) where() string { return strings.Join(b.conditions, " and ") }

func (b *statement) and(format string, args ...any) {
	b.conditions = append(b.conditions, fmt.Sprintf(format, args...))
}

// begin writes the query for the buckets of accounts in a Region.
func (q *query) begin(tx *store.Tx, region string, accounts []macie2.AccountID) *statement {
	b := &statement{tx: tx, region: region}
	b.and("b.region = %s", b.arg(region))
	if len(accounts) == 1 {
		b.and("b.account_id = %s", b.arg(string(accounts[0])))
	} else {
		b.and("%s", b.any("b.account_id", store.ListOf(accounts)))
	}
	for _, term := range q.terms {
		term(b)
	}
	return b
}

// criteria adds the criteria of DescribeBuckets.
func (q *query) criteria(m map[string]macie2.BucketCriteriaAdditionalProperties) error {
	if len(m) > maxCriteria {
		return macie2.ErrValidation("criteria: there are more than %d", maxCriteria)
	}
	values := 0
	paths := make([]string, 0, len(m))
	for path := range m {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		c := m[path]
		f, ok := fields[path]
		if !ok {
			return macie2.ErrValidation("criteria: %q is not a field that buckets are selected by", clip(path))
		}
		q.jobs = q.jobs || strings.HasPrefix(path, "jobDetails.")
		if values += len(c.Eq) + len(c.Neq); values > maxValues {
			return macie2.ErrValidation("criteria: there are more than %d values", maxValues)
		}
		if err := q.criterion("criteria."+path, path, f, c); err != nil {
			return err
		}
	}
	return nil
}

func (q *query) criterion(place, path string, f field, c macie2.BucketCriteriaAdditionalProperties) error {
	given := 0
	for _, list := range []struct {
		operator string
		values   []string
		negated  bool
	}{{"eq", c.Eq, false}, {"neq", c.Neq, true}} {
		if list.values == nil {
			continue
		}
		given++
		if err := q.oneOf(place+"."+list.operator, f, list.values, list.negated); err != nil {
			return err
		}
	}
	for _, x := range []struct {
		operator, sql string
		value         *int64
	}{{"gt", ">", c.Gt}, {"gte", ">=", c.Gte}, {"lt", "<", c.Lt}, {"lte", "<=", c.Lte}} {
		if x.value == nil {
			continue
		}
		given++
		if f.kind != numberField && f.kind != timeField {
			return macie2.ErrValidation("%s.%s: this field is not a number or a time", place, x.operator)
		}
		q.terms = append(q.terms, func(b *statement) { b.and("%s %s %s", f.sql, x.sql, b.arg(*x.value)) })
	}
	if c.Prefix != nil {
		given++
		if path != "bucketName" {
			return macie2.ErrValidation("%s.prefix: only bucketName is selected by a prefix", place)
		}
		if err := checkValue(place+".prefix", *c.Prefix); err != nil {
			return err
		}
		q.terms = append(q.terms, func(b *statement) {
			// The names that begin so are those from the prefix on, and before the one that follows all of them.
			b.and("b.name >= %s", b.arg(*c.Prefix))
			if end := successor(*c.Prefix); end != "" {
				b.and("b.name < %s", b.arg(end))
			}
		})
	}
	if given == 0 {
		return macie2.ErrValidation("%s: there is no condition: give eq, neq, gt, gte, lt, lte or prefix", place)
	}
	return nil
}

// successor is the least text that is greater than all that begin with prefix; "" if there is none.
func successor(prefix string) string {
	runes := []rune(prefix)
	for i := len(runes) - 1; i >= 0; i-- {
		switch r := runes[i]; {
		case r == 0xD7FF:
			runes[i] = 0xE000
		case r < 0x10FFFF:
			runes[i]++
		default:
			continue
		}
		return string(runes[:i+1])
	}
	return ""
}

func checkValue(place, v string) error {
	if len(v) > 2048 || storable(v) != v {
		return macie2.ErrValidation("%s: a value is too long, or has characters that it cannot have", place)
	}
	return nil
}

// oneOf adds the condition that a field has one of the values, or none of them. A field that is not known has none.
func (q *query) oneOf(place string, f field, values []string, negated bool) error {
	if len(values) == 0 {
		return macie2.ErrValidation("%s: there are no values", place)
	}
	var numbers []int64
	var flags []bool
	for i, v := range values {
		at := fmt.Sprintf("%s[%d]", place, i)
		if err := checkValue(at, v); err != nil {
			return err
		}
		switch f.kind {
		case numberField, timeField:
			n, err := strconv.ParseInt(v, 10, 64)
			if err != nil {
				return macie2.ErrValidation("%s: must be a number", at)
			}
			numbers = append(numbers, n)
		case boolField:
			t, err := strconv.ParseBool(v)
			if err != nil || v != "true" && v != "false" {
				return macie2.ErrValidation("%s: must be true or false", at)
			}
			flags = append(flags, t)
		}
	}
	var many *tagValues
	if f.kind == tagField && len(values) > fewValues {
		many = &tagValues{keys: f.sql == "key", values: map[string]bool{}}
		for _, v := range values {
			many.values[tagEscapes.Replace(v)] = true
		}
		q.tags = append(q.tags, many)
	}
	q.terms = append(q.terms, func(b *statement) {
		condition := ""
		switch f.kind {
		case textField:
			condition = b.oneOf(f.sql, values)
		case arnField:
			names := []string{}
			for _, v := range values {
				if name, ok := strings.CutPrefix(v, "arn:"+arn.Partition(b.region)+":s3:::"); ok {
					names = append(names, name)
				}
			}
			condition = b.any(f.sql, names)
		case tagField:
			if many != nil {
				condition = b.oneOf("b.tags", many.texts)
				break
			}
			parts := make([]string, len(values))
			for i, v := range values {
				if f.sql == "key" {
					parts[i] = b.tagged(&v, nil)
				} else {
					parts[i] = b.tagged(nil, &v)
				}
			}
			condition = "(" + strings.Join(parts, " or ") + ")"
		case boolField:
			condition = in(b, f.sql, flags)
		default:
			condition = in(b, f.sql, numbers)
		}
		if negated {
			condition = "coalesce(not " + condition + ", true)"
		}
		b.and("%s", condition)
	})
	return nil
}

// tagEscapes keeps keys and values of tags apart.
var tagEscapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\t", `\t`)

// tagLines writes tags as they are searched for: a line for each, and in it the key, a tab and the value. Of two with one key the first counts.
func tagLines(tags []objectstore.Tag) string {
	if len(tags) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteByte('\n')
	seen := map[string]bool{}
	for _, t := range tags {
		if !seen[t.Key] {
			b.WriteString(tagEscapes.Replace(storable(t.Key)) + "\t" + tagEscapes.Replace(storable(t.Value)) + "\n")
		}
		seen[t.Key] = true
	}
	return b.String()
}

// tagged is the condition that a bucket has a tag with a key, a value or both. It is a search in a text of the bucket's own row: a table of
// tags beside it is joined by planners in the worst order while they know nothing of it, and asking it once for each bucket takes ten times
// as long.
func (b *statement) tagged(key, value *string) string {
	line := ""
	if key != nil {
		line = "\n" + tagEscapes.Replace(*key) + "\t"
	}
	if value != nil {
		if key == nil {
			line = "\t"
		}
		line += tagEscapes.Replace(*value) + "\n"
	}
	b.args = append(b.args, line)
	return b.tx.Contains("b.tags", len(b.args))
}

// in is the condition that an expression is one of values.
func in[T any](b *statement, sql string, values []T) string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = b.arg(v)
	}
	return "(" + sql + " in (" + strings.Join(list, ", ") + "))"
}

// order is how buckets are sorted: by an expression, then by account and name, so that there is one order.
type order struct {
	sql  string // "" sorts by account and name alone
	key  func(*record) int64
	name bool // by name first
	desc bool
}

// numbersOrder sorts by a number; what is not known comes first.
func numbersOrder(column string, get func(*record) *int64) order {
	return order{sql: "coalesce(b." + column + ", -2)", key: func(r *record) int64 {
		if v := get(r); v != nil {
			return *v
		}
		return -2 // less than a score of -1
	}}
}

var orders = map[string]order{
	"accountId": {}, "bucketName": {name: true},
	"classifiableObjectCount": numbersOrder("classifiable_count", func(r *record) *int64 { return r.Classifiable }),
	"classifiableSizeInBytes": numbersOrder("classifiable_size", func(r *record) *int64 { return r.ClassifiableSize }),
	"objectCount":             numbersOrder("object_count", func(r *record) *int64 { return r.Objects }),
	"sensitivityScore":        {sql: scoreSQL, key: (*record).score},
	"sizeInBytes":             numbersOrder("size_bytes", func(r *record) *int64 { return r.Size }),
}

func sortBuckets(c *macie2.BucketSortCriteria) (order, error) {
	if c == nil {
		return order{}, nil
	}
	o := order{}
	if c.AttributeName != nil && *c.AttributeName != "" {
		var ok bool
		if o, ok = orders[*c.AttributeName]; !ok {
			return o, macie2.ErrValidation("sortCriteria.attributeName: buckets are sorted by accountId, bucketName, classifiableObjectCount, "+
				"classifiableSizeInBytes, objectCount, sensitivityScore or sizeInBytes, not by %q", clip(*c.AttributeName))
		}
	}
	o.desc = c.OrderBy != nil && *c.OrderBy == macie2.OrderByDesc
	return o, nil
}

func (o order) columns() []string {
	switch {
	case o.name:
		return []string{"b.name", "b.account_id"}
	case o.sql != "":
		return []string{o.sql, "b.account_id", "b.name"}
	}
	return []string{"b.account_id", "b.name"}
}

// by is what follows order by.
func (o order) by() string {
	list := o.columns()
	if o.desc {
		for i := range list {
			list[i] += " desc"
		}
	}
	return strings.Join(list, ", ")
}

// value is a bucket's sort key in a token.
func (o order) value(r *record) string {
	if o.sql == "" {
		return ""
	}
	return strconv.FormatInt(o.key(r), 10)
}

// after adds the condition that a bucket follows the one with this sort key, account and name.
func (o order) after(b *statement, at []string) error {
	sign := ">"
	if o.desc {
		sign = "<"
	}
	var args []string
	switch {
	case o.name:
		args = []string{b.arg(at[2]), b.arg(at[1])}
	case o.sql != "":
		n, err := strconv.ParseInt(at[0], 10, 64)
		if err != nil {
			return macie2.ErrValidation("nextToken: it was not issued for this list")
		}
		args = []string{b.arg(n), b.arg(at[1]), b.arg(at[2])}
	default:
		args = []string{b.arg(at[1]), b.arg(at[2])}
	}
	b.and("(%s) %s (%s)", strings.Join(o.columns(), ", "), sign, strings.Join(args, ", "))
	return nil
}
