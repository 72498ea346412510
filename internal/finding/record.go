package finding

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// maxRecorded is how many findings one call of Record takes.
const maxRecorded = 1000

// cell is what findings have in common that are counted together.
type cell struct {
	region, holder, category, kind string
	severity                       int64
	archived, sample               bool
	bucket, job                    string
}

const cellColumns = `category, type, severity, archived, sample, bucket, coalesce(job_id, '')`

func (c *cell) scanned() []any {
	return []any{&c.category, &c.kind, &c.severity, &c.archived, &c.sample, &c.bucket, &c.job}
}

func cellOf(region string, holder macie2.AccountID, x *macie2.Finding) cell {
	c := cell{
		region: region, holder: string(holder), category: string(*x.Category), kind: string(*x.Type), severity: *x.Severity.Score,
		archived: macie2.Deref(x.Archived), sample: macie2.Deref(x.Sample), bucket: *x.ResourcesAffected.S3Bucket.Name,
	}
	if d := x.ClassificationDetails; d != nil {
		c.job = macie2.Deref(d.JobId)
	}
	return c
}

// counter is a row of finding_count.
type counter struct {
	region, holder, dimension, value, category string
	archived, sample                           bool
}

// counters are the rows that a finding of this cell counts in.
func (c *cell) counters() []counter {
	of := func(dimension, value string) counter {
		return counter{c.region, c.holder, dimension, value, c.category, c.archived, c.sample}
	}
	all := []counter{of("bucket", c.bucket), of("type", c.kind), of("severity", strconv.FormatInt(c.severity, 10))}
	if c.job != "" {
		all = append(all, of("job_id", c.job))
	}
	return all
}

func (c *counter) compare(d counter) int {
	return cmp.Or(strings.Compare(c.region, d.region), strings.Compare(c.holder, d.holder), strings.Compare(c.dimension, d.dimension),
		strings.Compare(c.value, d.value), strings.Compare(c.category, d.category), compareBools(c.archived, d.archived),
		compareBools(c.sample, d.sample))
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// tally collects changes of finding_count, so that each of its rows is written once.
type tally map[counter]int64

func (t tally) add(c cell, n int64) {
	for _, x := range c.counters() {
		t[x] += n
	}
}

// write changes the counts when the transaction is about to commit. The order is always the same, so that two transactions
// that meet wait for each other instead of ending in a deadlock.
func (t tally) write(tx *store.Tx) {
	var up [][]any
	for _, c := range slices.SortedFunc(maps.Keys(t), func(a, b counter) int { return a.compare(b) }) {
		switch n := t[c]; {
		case n > 0:
			up = append(up, []any{c.region, c.holder, c.category, c.dimension, c.value, c.archived, c.sample, n})
		case n < 0:
			tx.DeferExpect(1, `update finding_count set counted = counted - $8 where region = $1 and holder = $2 and category = $3
				and dimension = $4 and value = $5 and archived = $6 and sample = $7`,
				c.region, c.holder, c.category, c.dimension, c.value, c.archived, c.sample, -n)
		}
	}
	if len(up) > 0 {
		tx.DeferInsert(`insert into finding_count (region, holder, category, dimension, value, archived, sample, counted)`, up,
			`on conflict (region, holder, dimension, value, category, archived, sample)
			do update set counted = finding_count.counted + excluded.counted`)
	}
}

// Record writes findings of data of one holder that [Shape] made, at most 1,000, in the caller's transaction, which should be
// in [Lane]. A finding whose id is there already is left as it is. Rules of the holder suppress what they select; the others
// are published. It reports how many findings were new.
func (s *Service) Record(ctx context.Context, tx *store.Tx, region string, holder macie2.AccountID, findings []*macie2.Finding) (int, error) {
	if len(findings) == 0 {
		return 0, nil
	}
	if len(findings) > maxRecorded {
		return 0, fmt.Errorf("record findings: %d at once, which is more than %d", len(findings), maxRecorded)
	}
	fresh, err := s.unknown(ctx, tx, region, holder, findings)
	if err != nil || len(fresh) == 0 {
		return 0, err
	}
	rules, err := suppressions(ctx, tx, region, holder)
	if err != nil {
		return 0, err
	}
	var told []*macie2.Finding
	for _, x := range fresh {
		x.Archived = macie2.Ptr(anyMatches(rules, x))
		if !*x.Archived {
			told = append(told, x)
		}
	}
	if err := s.insertData(ctx, tx, region, holder, fresh); err != nil {
		return 0, err
	}
	if len(told) > 0 {
		err = s.publish(ctx, tx, holder, told)
	}
	return len(fresh), err
}

// Lane is the store's lane to record an account's findings in.
func Lane(region string, account macie2.AccountID) string { return lane(region, account) }

// unknown are the findings that are not there yet, each id once.
func (s *Service) unknown(ctx context.Context, tx *store.Tx, region string, holder macie2.AccountID, findings []*macie2.Finding) ([]*macie2.Finding, error) {
	byID := make(map[string]*macie2.Finding, len(findings))
	ids := make([]string, 0, len(findings))
	for _, x := range findings {
		if byID[*x.Id] == nil {
			byID[*x.Id] = x
			ids = append(ids, *x.Id)
		}
	}
	err := tx.QueryMany(ctx, func(_ int, r store.Row) error {
		var id string
		err := r.Scan(&id)
		delete(byID, id)
		return err
	}, byKeys(`select id from finding_data where region = $1 and holder = $2 and id = $3
		union all select id from finding where region = $1 and holder = $2 and id = $3`, region, holder, ids)...)
	if err != nil {
		return nil, err
	}
	fresh := findings[:0:0]
	for _, id := range ids {
		if x := byID[id]; x != nil {
			fresh = append(fresh, x)
		}
	}
	return fresh, nil
}

// byKeys are statements that look up one id each. With a list of them, PostgreSQL may well read all findings of a holder while its
// statistics lag behind (docs/decisions/0003).
func byKeys(sql, region string, holder macie2.AccountID, ids []string) []store.Stmt {
	all := make([]store.Stmt, len(ids))
	for i, id := range ids {
		all[i] = store.Stmt{SQL: sql, Args: []any{region, holder, id}}
	}
	return all
}

const findingColumns = `region, holder, id, category, type, severity, account_id, archived, sample, created_at, updated_at, counted, job_id,
	bucket, resource, object_key, extension, first_seen, last_seen, bucket_created_at, object_modified_at, size_classified,
	detection_least, detection_most, custom_least, custom_most, terms`

// documentOf is a finding as it is stored.
func documentOf(x *macie2.Finding) (string, error) {
	document, err := json.Marshal(x)
	if err != nil {
		return "", fmt.Errorf("record finding %s: %w", *x.Id, err)
	}
	return string(document), nil
}

// insert writes findings of policy as rows.
func insert(tx *store.Tx, region string, holder macie2.AccountID, findings []*macie2.Finding) error {
	rows, documents := make([][]any, len(findings)), make([][]any, len(findings))
	for i, x := range findings {
		document, err := documentOf(x)
		if err != nil {
			return err
		}
		rows[i] = rowOf(region, holder, x)
		documents[i] = []any{region, string(holder), *x.Id, document}
	}
	tx.DeferInsert(`insert into finding (`+findingColumns+`)`, rows, "")
	tx.DeferInsert(`insert into finding_document (region, holder, id, document)`, documents, "")
	return nil
}

// rowOf are the values of findingColumns.
func rowOf(region string, holder macie2.AccountID, x *macie2.Finding) []any {
	c := cellOf(region, holder, x)
	resource, key, extension := c.bucket, (*string)(nil), (*string)(nil)
	var modified *int64
	if o := x.ResourcesAffected.S3Object; o != nil {
		key, extension, modified = o.Key, o.Extension, millis(o.LastModified)
		resource += "/" + macie2.Deref(o.Key)
	}
	var first, last, size *int64
	if p := x.PolicyDetails; p != nil && p.Action != nil && p.Action.ApiCallDetails != nil {
		first, last = millis(p.Action.ApiCallDetails.FirstSeen), millis(p.Action.ApiCallDetails.LastSeen)
	}
	if d := x.ClassificationDetails; d != nil && d.Result != nil {
		size = d.Result.SizeClassified
	}
	var job *string
	if c.job != "" {
		job = &c.job
	}
	detectionLeast, detectionMost := bounds(fields[resultPrefix+"sensitiveData.detections.count"].numbers(x))
	customLeast, customMost := bounds(fields[customPrefix+"count"].numbers(x))
	return []any{region, string(holder), *x.Id, c.category, c.kind, c.severity, *x.AccountId, c.archived, c.sample, x.CreatedAt.UnixMilli(),
		x.UpdatedAt.UnixMilli(), *x.Count, job, c.bucket, resource, key, extension, first, last,
		millis(x.ResourcesAffected.S3Bucket.CreatedAt), modified, size, detectionLeast, detectionMost, customLeast, customMost, termsOf(x)}
}

func millis(t *macie2.Timestamp) *int64 {
	if t == nil {
		return nil
	}
	return macie2.Ptr(t.UnixMilli())
}

func bounds(numbers []int64) (least, most *int64) {
	if len(numbers) == 0 {
		return nil, nil
	}
	return macie2.Ptr(slices.Min(numbers)), macie2.Ptr(slices.Max(numbers))
}

// Change records a finding of policy that [Service.ShapePolicy] made: a new one, or one more occurrence of the one that is
// there, whose count and time it moves on. at is when the change was seen.
func (s *Service) Change(ctx context.Context, tx *store.Tx, region string, holder macie2.AccountID, x *macie2.Finding, at time.Time) error {
	var document string
	err := tx.QueryRow(ctx, `select document from finding_document where region = $1 and holder = $2 and id = $3`,
		region, holder, *x.Id).Scan(&document)
	if none(err) != err { // there is none
		rules, err := s.policySuppressions(ctx, tx, region, holder)
		if err != nil {
			return err
		}
		return s.recordPolicy(ctx, tx, region, holder, x, rules)
	}
	if err != nil {
		return err
	}
	old, err := decode(document)
	if err != nil {
		return fmt.Errorf("finding %s: %w", *x.Id, err)
	}
	updated := *x
	updated.CreatedAt, updated.UpdatedAt = old.CreatedAt, macie2.NewTimestamp(at.UTC().Truncate(time.Millisecond))
	updated.Count = macie2.Ptr(*old.Count + 1)
	updated.PolicyDetails = again(old.PolicyDetails, x.PolicyDetails)
	return s.repeat(ctx, tx, region, holder, old, &updated)
}

func (s *Service) recordPolicy(ctx context.Context, tx *store.Tx, region string, holder macie2.AccountID, x *macie2.Finding, rules []Criteria) error {
	x.Archived = macie2.Ptr(anyMatches(rules, x))
	if err := insert(tx, region, holder, []*macie2.Finding{x}); err != nil {
		return err
	}
	counts := tally{}
	counts.add(cellOf(region, holder, x), 1)
	counts.write(tx)
	if *x.Archived {
		return nil
	}
	return s.publish(ctx, tx, holder, []*macie2.Finding{x})
}

// repeat replaces a finding of policy by what it has become: counted up, and with what the bucket is like now.
func (s *Service) repeat(ctx context.Context, tx *store.Tx, region string, holder macie2.AccountID, old, updated *macie2.Finding) error {
	was := cellOf(region, holder, old)
	rules, err := s.policySuppressions(ctx, tx, region, holder)
	if err != nil {
		return err
	}
	updated.Archived = macie2.Ptr(*old.Archived || anyMatches(rules, updated))
	n, err := tx.Exec(ctx, `delete from finding where region = $1 and holder = $2 and id = $3 and counted = $4`,
		region, holder, *old.Id, *old.Count)
	if err == nil && n == 0 {
		err = store.ErrConflict
	}
	if err != nil {
		return err
	}
	tx.DeferExpect(1, `delete from finding_document where region = $1 and holder = $2 and id = $3`, region, holder, *old.Id)
	if err := insert(tx, region, holder, []*macie2.Finding{updated}); err != nil {
		return err
	}
	if is := cellOf(region, holder, updated); is != was {
		counts := tally{}
		counts.add(was, -1)
		counts.add(is, 1)
		counts.write(tx)
	}
	if *updated.Archived {
		return nil
	}
	return s.publish(ctx, tx, holder, []*macie2.Finding{updated})
}

// again is what is known of a change that happened before: the first time stays.
func again(old, now *macie2.PolicyDetails) *macie2.PolicyDetails {
	if old == nil || now == nil || old.Action == nil || now.Action == nil || old.Action.ApiCallDetails == nil || now.Action.ApiCallDetails == nil {
		return now
	}
	call := *now.Action.ApiCallDetails
	call.FirstSeen = old.Action.ApiCallDetails.FirstSeen
	action := *now.Action
	action.ApiCallDetails = &call
	details := *now
	details.Action = &action
	return &details
}
