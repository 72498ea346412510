package sampling

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"magpie/internal/inventory"
	"magpie/internal/store"
)

// counts is what a part comes to, as it was listed last and with what was analysed since.
type counts struct {
	Objects      int64        `json:"objects"`
	Classifiable int64        `json:"classifiable"`
	Bytes        int64        `json:"bytes"` // of the objects that were analysed
	Kinds        [kinds]int64 `json:"kinds"`
	Groups       int64        `json:"groups"`
	GroupsSeen   int64        `json:"groupsSeen"`
	InSeen       int64        `json:"inSeen"`
}

// part is a row of sample_part, without what was seen.
type part struct {
	bucketKey
	id        string
	after, to string // keys
	listedAt  int64
	cycle     int64
	counts    counts
	revision  int64 // 0: there is no row
}

// A part is divided when it has more than so many objects.
const partObjects = 100_000

// parts reads the parts of a bucket, in the order of their keys. A bucket that was never looked at has none.
func parts(ctx context.Context, tx *store.Tx, k bucketKey) (list []*part, err error) {
	err = tx.Query(ctx, func(r store.Row) error {
		p := &part{bucketKey: k}
		list = append(list, p)
		var text string
		if err := r.Scan(&p.id, &p.after, &p.to, &p.listedAt, &p.cycle, &text, &p.revision); err != nil {
			return err
		}
		if p.after, err = decodeKey(p.after); err != nil {
			return k.wrap(err)
		}
		if p.to, err = decodeKey(p.to); err != nil {
			return k.wrap(err)
		}
		return k.wrap(json.Unmarshal([]byte(text), &p.counts))
	}, `select id, after_key, to_key, listed_at, cycle, counts, revision from sample_part`+whereBucket, k.args()...)
	slices.SortFunc(list, func(a, b *part) int {
		switch {
		case a.after < b.after:
			return -1
		case a.after > b.after:
			return 1
		}
		return 0
	})
	return list, err
}

func decodeKey(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	return inventory.DecodeKey(text)
}

func encodeKey(key string) string {
	if key == "" {
		return ""
	}
	return inventory.EncodeKey(key)
}

// firstParts are those of a bucket that was never looked at: one, or where a census has left places to divide it at, as many as it takes.
func firstParts(k bucketKey, splits []inventory.Split) []*part {
	var list []*part
	last, since := "", int64(0)
	for _, x := range splits {
		if since += x.Objects; since >= partObjects/2 {
			list = append(list, &part{bucketKey: k, id: partID(last), after: last, to: x.Key})
			last, since = x.Key, 0
		}
	}
	return append(list, &part{bucketKey: k, id: partID(last), after: last})
}

// partID names a part by where it begins, which is where no other part of the bucket does.
func partID(after string) string { return idOf("part", after, "") }

// seen reads what was analysed of a part.
func (p *part) seen(ctx context.Context, tx *store.Tx) (seenSet, error) {
	if p.revision == 0 {
		return seenSet{}, nil
	}
	var text string
	err := tx.QueryRow(ctx, `select seen from sample_part`+whereBucket+` and id = $5 and revision = $6`, p.args(p.id, p.revision)...).Scan(&text)
	if isNone(err) {
		return nil, store.ErrConflict
	}
	if err != nil {
		return nil, err
	}
	s, err := parseSeen(text)
	return s, p.wrap(err)
}

// save writes a part if it is still the one that was read.
func (p *part) save(tx *store.Tx, s seenSet) error {
	text, err := json.Marshal(p.counts)
	if err != nil {
		return p.wrap(err)
	}
	args := p.args(p.id, encodeKey(p.after), encodeKey(p.to), p.listedAt, p.cycle, string(text), s.String())
	if p.revision == 0 {
		tx.DeferExpect(1, `insert into sample_part (region, holder_id, account_id, bucket, id, after_key, to_key, listed_at, cycle, counts, seen, revision)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1) on conflict (region, holder_id, account_id, bucket, id) do nothing`, args...)
		return nil
	}
	tx.DeferExpect(1, `update sample_part set after_key = $6, to_key = $7, listed_at = $8, cycle = $9, counts = $10, seen = $11, revision = revision + 1`+
		whereBucket+` and id = $5 and revision = $12`, append(args, p.revision)...)
	return nil
}

// insertParts writes parts of which nothing was listed yet.
func insertParts(tx *store.Tx, list []*part) error {
	for _, p := range list {
		if err := p.save(tx, seenSet{}); err != nil {
			return err
		}
	}
	return nil
}

// sampled is an object that was analysed and has a row.
type sampled struct {
	id         digest
	part       string
	key        string
	kind       kind
	status     string
	detections []detection
	at         int64
}

// keepSamples writes objects that hold something, and of others as many as are shown.
func keepSamples(ctx context.Context, tx *store.Tx, k bucketKey, list []sampled) error {
	if len(list) == 0 {
		return nil
	}
	var have [kinds]int64
	err := tx.Query(ctx, func(r store.Row) error {
		var x, n int64
		if err := r.Scan(&x, &n); err != nil {
			return err
		}
		if x >= 0 && x < int64(kinds) {
			have[x] = n
		}
		return nil
	}, `select kind, count(*) from sample_object`+whereBucket+` group by kind`, k.args()...)
	if err != nil {
		return err
	}
	var rows [][]any
	for _, x := range list {
		most := int64(maxArtifacts)
		if x.kind == sensitive {
			most = mostSensitive
		}
		if have[x.kind] >= most {
			continue
		}
		have[x.kind]++
		text, err := json.Marshal(x.detections)
		if err != nil {
			return k.wrap(err)
		}
		rows = append(rows, k.args(x.id.String(), x.part, encodeKey(x.key), int64(x.kind), x.status, string(text), x.at))
	}
	if len(rows) == 0 {
		return nil
	}
	tx.DeferInsert(`insert into sample_object (region, holder_id, account_id, bucket, id, part, object_key, kind, status, detections, analysed_at)`,
		rows, `on conflict (region, holder_id, account_id, bucket, id) do update
			set kind = excluded.kind, status = excluded.status, detections = excluded.detections, analysed_at = excluded.analysed_at`)
	return nil
}

// mostSensitive is how many objects of a bucket are known to hold something before no more of it are read: what they hold is kept.
const mostSensitive = 1000

// dropSamples deletes the rows of objects of a part that are not there any more, or have changed. Those that lie in rest, which was cut off
// the part, are that one's from now on.
func dropSamples(ctx context.Context, tx *store.Tx, p *part, alive seenSet, rest *part) error {
	var gone, moved store.List
	err := tx.Query(ctx, func(r store.Row) error {
		var id, text string
		if err := r.Scan(&id, &text); err != nil {
			return err
		}
		d, err := parseDigest(id)
		if err != nil {
			return p.wrap(err)
		}
		key, err := decodeKey(text)
		if err != nil {
			return p.wrap(err)
		}
		switch _, there := alive[d]; {
		case there:
		case rest != nil && key > rest.after:
			moved = append(moved, id)
		default:
			gone = append(gone, id)
		}
		return nil
	}, `select id, object_key from sample_object`+whereBucket+` and part = $5`, p.args(p.id)...)
	if err != nil {
		return err
	}
	if len(gone) > 0 {
		tx.Defer(`delete from sample_object`+whereBucket+` and `+tx.Any("id", 5), p.args(gone)...)
	}
	if len(moved) > 0 {
		tx.Defer(`update sample_object set part = $6`+whereBucket+` and `+tx.Any("id", 5), p.args(moved, rest.id)...)
	}
	return nil
}

func parseDigest(text string) (d digest, err error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(d) {
		return d, fmt.Errorf("%q names no object that was analysed", clip(text))
	}
	return digest(b), nil
}
