package inventory

import (
	"context"
	"slices"
	"strings"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// Standing is what automated discovery makes of a bucket.
type Standing struct {
	Monitored bool
	Score     *int64 // nil: 1 for an empty bucket, else 50
	At        *int64 // when its objects were looked at last, in milliseconds since 1970
}

// Counted is what is known of a bucket that its standing depends on.
type Counted struct {
	Name         string
	Objects      *int64 // nil until they were counted
	Size         *int64
	Classifiable *int64
	ErrorCode    string // why the bucket cannot be read
}

// Judge knows what automated discovery makes of buckets. Its methods work within tx.
type Judge interface {
	// Standings judges buckets of an account, in their order.
	Standings(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID, buckets []Counted) ([]Standing, error)
	// Unsettled tells of which of the accounts the standings are not what they should be. They are not shown.
	Unsettled(ctx context.Context, tx *store.Tx, region string, accounts []macie2.AccountID) ([]macie2.AccountID, error)
}

// OnStanding registers who judges buckets. It must be called before Run and the first request.
func (s *Service) OnStanding(j Judge) { s.standings = j }

func (r *record) counted() Counted {
	return Counted{Name: r.Name, Objects: r.Objects, Size: r.Size, Classifiable: r.Classifiable, ErrorCode: macie2.Deref(r.ErrorCode)}
}

func (c Counted) same(d Counted) bool {
	equal := func(a, b *int64) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }
	return equal(c.Objects, d.Objects) && equal(c.Size, d.Size) && equal(c.Classifiable, d.Classifiable) && c.ErrorCode == d.ErrorCode
}

// stand gives the buckets of which something changed that counts the standing that they have then.
func (s *Service) stand(ctx context.Context, tx *store.Tx, changes []change) error {
	if s.standings == nil {
		return nil
	}
	byOwner := map[owner][]*record{}
	for _, c := range changes {
		if c.after != nil && (c.before == nil || !c.before.counted().same(c.after.counted())) {
			o := owner{c.after.Region, c.after.Account}
			byOwner[o] = append(byOwner[o], c.after)
		}
	}
	for o, list := range byOwner {
		if err := s.judged(ctx, tx, o, list); err != nil {
			return err
		}
	}
	return nil
}

// judged writes the standings into records of one owner.
func (s *Service) judged(ctx context.Context, tx *store.Tx, o owner, list []*record) error {
	buckets := make([]Counted, len(list))
	for i, r := range list {
		buckets[i] = r.counted()
	}
	standings, err := s.standings.Standings(ctx, tx, o.region, o.account, buckets)
	if err != nil {
		return err
	}
	for i, r := range list {
		x := standings[i]
		r.Monitoring = string(macie2.AutomatedDiscoveryMonitoringStatusNotMonitored)
		if x.Monitored {
			r.Monitoring = string(macie2.AutomatedDiscoveryMonitoringStatusMonitored)
		}
		r.Score, r.LastDiscoveryAt = x.Score, x.At
	}
	return nil
}

// Restand judges buckets of an account again, in the caller's transaction.
func (s *Service) Restand(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID, names ...string) error {
	list, err := readRecords(ctx, tx, `b.region = $1 and b.account_id = $2 and `+tx.Any("b.name", 3), region, string(account), store.List(names))
	if err != nil {
		return err
	}
	return s.restand(ctx, tx, owner{region, account}, list)
}

// RestandSome judges up to most buckets of an account again, those that follow after by name, in the caller's transaction. It returns the
// last one's name, or "" where there are no more.
func (s *Service) RestandSome(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID, after string, most int) (last string, err error) {
	list, err := readRecords(ctx, tx, `b.region = $1 and b.account_id = $2 and b.name > $3 order by b.name limit $4`,
		region, string(account), after, int64(most))
	if err != nil || len(list) == 0 {
		return "", err
	}
	if len(list) == most {
		last = list[most-1].Name
	}
	return last, s.restand(ctx, tx, owner{region, account}, list)
}

func (s *Service) restand(ctx context.Context, tx *store.Tx, o owner, list []*record) error {
	if s.standings == nil || len(list) == 0 {
		return nil
	}
	after := make([]*record, len(list))
	for i, r := range list {
		x := *r
		after[i] = &x
	}
	if err := s.judged(ctx, tx, o, after); err != nil {
		return err
	}
	var changes []change
	for i, r := range list {
		if !after[i].sameAs(r) {
			changes = append(changes, change{r, after[i]})
		}
	}
	return s.write(ctx, tx, changes)
}

// unsettled are the accounts whose standings are not shown.
func (s *Service) unsettled(ctx context.Context, tx *store.Tx, region string, accounts []macie2.AccountID) ([]macie2.AccountID, error) {
	if s.standings == nil {
		return nil, nil
	}
	return s.standings.Unsettled(ctx, tx, region, accounts)
}

// from is where buckets are selected from: the table, less the standings of accounts that are unsettled, and with what the jobs of an
// account do with them, where jobs is not "".
func (b *statement) from(unsettled []macie2.AccountID, jobs macie2.AccountID) string {
	if len(unsettled) == 0 && jobs == "" {
		return "bucket b"
	}
	other := map[string]string{}
	if jobs != "" {
		other = b.jobColumns(jobs)
	}
	if len(unsettled) > 0 {
		hidden := b.any("account_id", store.ListOf(unsettled))
		other["monitoring_status"] = "case when " + hidden + " then 'NOT_MONITORED' else monitoring_status end"
		for _, c := range []string{"sensitivity_score", "last_discovery_at"} {
			other[c] = "case when " + hidden + " then null else " + c + " end"
		}
	}
	columns := slices.Clone(recordColumns)
	for i, c := range columns {
		if other[c] != "" {
			columns[i] = other[c] + " as " + c
		}
	}
	return "(select " + strings.Join(columns, ", ") + " from bucket) b"
}

// The score of a bucket that has none of its own, in SQL and here.
const scoreSQL = "coalesce(b.sensitivity_score, case when b.size_bytes = 0 then 1 else 50 end)"

func (r *record) score() int64 {
	switch {
	case r.Score != nil:
		return *r.Score
	case r.Size != nil && *r.Size == 0:
		return 1
	}
	return 50
}

// hideSensitivity takes out of the sums of an account what its standings come to.
func (c *counters) hideSensitivity() {
	for i := sumError; i <= sumSensitiveSize; i++ {
		c[i] = 0
	}
}
