package sampling

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"magpie/internal/finding"
	"magpie/internal/macie2"
	"magpie/internal/resource"
	"magpie/internal/store"
)

// bucketKey names what a holder knows of a bucket.
type bucketKey struct {
	Region        string
	Holder, Owner macie2.AccountID
	Bucket        string
}

// args are the first four arguments of statements about a bucket.
func (k bucketKey) args(more ...any) []any {
	return append([]any{k.Region, string(k.Holder), string(k.Owner), k.Bucket}, more...)
}

const whereBucket = ` where region = $1 and holder_id = $2 and account_id = $3 and bucket = $4`

func (k bucketKey) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("automated discovery of bucket %s of %s: %w", k.Bucket, k.Owner, err)
}

// detection is a type of sensitive data in an object, or with sums in a bucket.
type detection struct {
	Type    macie2.DataIdentifierType `json:"type"`
	ID      string                    `json:"id"`
	Name    string                    `json:"name,omitempty"` // of a custom data identifier
	Count   int64                     `json:"count"`
	Objects int64                     `json:"objects,omitempty"`
}

// suppressedType is one that does not count in the score.
type suppressedType struct {
	Type macie2.DataIdentifierType `json:"type"`
	ID   string                    `json:"id"`
}

// detectionsOf are the types that an analysis has found.
func detectionsOf(a *finding.Analysis) (list []detection) {
	if a.Result == nil {
		return nil
	}
	for _, item := range a.Result.SensitiveData {
		for _, d := range item.Detections {
			list = append(list, detection{Type: macie2.DataIdentifierTypeManaged, ID: macie2.Deref(d.Type), Count: macie2.Deref(d.Count)})
		}
	}
	if c := a.Result.CustomDataIdentifiers; c != nil {
		for _, d := range c.Detections { // their ARN is the bare id
			list = append(list, detection{Type: macie2.DataIdentifierTypeCustom, ID: macie2.Deref(d.Arn), Name: macie2.Deref(d.Name), Count: macie2.Deref(d.Count)})
		}
	}
	return list
}

// facts are the sums over a bucket's parts and objects, and what the score is computed of.
type facts struct {
	Objects    int64        `json:"objects"` // that can be analysed, as they were listed last
	Bytes      int64        `json:"bytes"`   // of the objects that were analysed
	Kinds      [kinds]int64 `json:"kinds"`
	Groups     int64        `json:"groups"`
	GroupsSeen int64        `json:"groupsSeen"`
	InSeen     int64        `json:"inSeen"` // objects in groups of which one was analysed
	Detections []detection  `json:"detections,omitempty"`
	// What is not suppressed.
	Sensitive   int64 `json:"sensitive"`
	Types       int64 `json:"types"`
	Occurrences int64 `json:"occurrences"`
}

func (f *facts) analysed() int64 { return f.Kinds[clean] + f.Kinds[sensitive] }

func (f *facts) skipped() (n int64) {
	for k := skippedContent; k < kinds; k++ {
		n += f.Kinds[k]
	}
	return n
}

// profile is a row of bucket_profile.
type profile struct {
	bucketKey
	overridden   bool
	suppressed   []suppressedType
	facts        facts
	updatedAt    int64
	discoveredAt *int64
	revision     int64 // 0: there is no row
}

const profileColumns = `account_id, bucket, overridden, suppressed, facts, updated_at, discovered_at, revision`

func (p *profile) scan(r store.Row) error {
	var suppressed, text string
	if err := r.Scan(&p.Owner, &p.Bucket, &p.overridden, &suppressed, &text, &p.updatedAt, &p.discoveredAt, &p.revision); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(suppressed), &p.suppressed); err != nil {
		return p.wrap(err)
	}
	return p.wrap(json.Unmarshal([]byte(text), &p.facts))
}

// findProfile reads what is known of a bucket; of one that was never touched it is nothing.
func findProfile(ctx context.Context, tx *store.Tx, k bucketKey) (*profile, error) {
	p := &profile{bucketKey: k}
	err := p.scan(tx.QueryRow(ctx, `select `+profileColumns+` from bucket_profile`+whereBucket, k.args()...))
	if isNone(err) {
		return &profile{bucketKey: k}, nil
	}
	return p, err
}

// profiles reads what a holder knows of some buckets of an account, by their names.
func profiles(ctx context.Context, tx *store.Tx, region string, holder, owner macie2.AccountID, names []string) (map[string]*profile, error) {
	all := map[string]*profile{}
	err := tx.Query(ctx, func(r store.Row) error {
		p := &profile{bucketKey: bucketKey{Region: region, Holder: holder}}
		if err := p.scan(r); err != nil {
			return err
		}
		all[p.Bucket] = p
		return nil
	}, `select `+profileColumns+` from bucket_profile where region = $1 and holder_id = $2 and account_id = $3 and `+tx.Any("bucket", 4),
		region, holder, owner, store.List(names))
	return all, err
}

// save writes a profile if it is still the one that was read.
func (p *profile) save(tx *store.Tx) error {
	suppressed, err := json.Marshal(p.suppressed)
	if err != nil {
		return p.wrap(err)
	}
	text, err := json.Marshal(p.facts)
	if err != nil {
		return p.wrap(err)
	}
	args := p.args(p.overridden, string(suppressed), string(text), p.updatedAt, p.discoveredAt)
	if p.revision == 0 {
		tx.DeferExpect(1, `insert into bucket_profile (region, holder_id, account_id, bucket, overridden, suppressed, facts, updated_at, discovered_at, revision)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1) on conflict (region, holder_id, account_id, bucket) do nothing`, args...)
	} else {
		tx.DeferExpect(1, `update bucket_profile set overridden = $5, suppressed = $6, facts = $7, updated_at = $8, discovered_at = $9,
			revision = revision + 1`+whereBucket+` and revision = $10`, append(args, p.revision)...)
	}
	p.revision++
	return nil
}

// sum computes the facts anew from the parts and the objects.
func (p *profile) sum(ctx context.Context, tx *store.Tx) error {
	f := facts{}
	err := tx.Query(ctx, func(r store.Row) error {
		var text string
		if err := r.Scan(&text); err != nil {
			return err
		}
		var c counts
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			return p.wrap(err)
		}
		f.Objects += c.Classifiable
		f.Bytes += c.Bytes
		f.Groups += c.Groups
		f.GroupsSeen += c.GroupsSeen
		f.InSeen += c.InSeen
		for i, n := range c.Kinds {
			f.Kinds[i] += n
		}
		return nil
	}, `select counts from sample_part`+whereBucket, p.args()...)
	if err != nil {
		return err
	}
	sums := map[suppressedType]*detection{}
	err = tx.Query(ctx, func(r store.Row) error {
		var text string
		if err := r.Scan(&text); err != nil {
			return err
		}
		var list []detection
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			return p.wrap(err)
		}
		counted := false
		for _, d := range list {
			t := suppressedType{d.Type, d.ID}
			x := sums[t]
			if x == nil {
				x = &detection{Type: d.Type, ID: d.ID}
				sums[t] = x
			}
			x.Name = cmp.Or(d.Name, x.Name)
			x.Count += d.Count
			x.Objects++
			if !slices.Contains(p.suppressed, t) {
				counted = true
				f.Occurrences += d.Count
			}
		}
		if counted {
			f.Sensitive++
		}
		return nil
	}, `select detections from sample_object`+whereBucket+` and kind = 1`, p.args()...)
	if err != nil {
		return err
	}
	for t, x := range sums {
		f.Detections = append(f.Detections, *x)
		if !slices.Contains(p.suppressed, t) {
			f.Types++
		}
	}
	slices.SortFunc(f.Detections, func(a, b detection) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(string(a.Type), string(b.Type)), strings.Compare(a.ID, b.ID))
	})
	p.facts = f
	return nil
}

// customARN names a custom data identifier.
func (p *profile) customARN(id string) string {
	return resource.Name(p.Holder, p.Region, "custom-data-identifier", id)
}
