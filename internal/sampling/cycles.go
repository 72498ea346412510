package sampling

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/store"
)

// The bounds of a page of what can be read back.
const (
	cyclePage = 25
	visitPage = 100
)

// Cycle is what a cycle did, and what it cost.
type Cycle struct {
	Cycle     int64            `json:"cycle"`
	Status    string           `json:"status"` // RUNNING, COMPLETE, STOPPED
	BegunAt   macie2.Timestamp `json:"begunAt"`
	EndedAt   string           `json:"endedAt,omitempty"`
	Bytes     int64            `json:"bytes"` // of the objects that were read, and of those for which it was put aside
	Requests  int64            `json:"requests"`
	Objects   int64            `json:"objects"`
	Sensitive int64            `json:"sensitiveObjects"`
	Skipped   int64            `json:"skippedObjects"`
	// BudgetBytes and BudgetRequests are what each share may spend.
	BudgetBytes    int64 `json:"budgetBytes"`
	BudgetRequests int64 `json:"budgetRequests"`
	Shares         int64 `json:"shares"`
}

// Share is what a cycle did in the buckets of an account at one store.
type Share struct {
	AccountID string `json:"accountId"`
	Store     string `json:"store"`
	Bytes     int64  `json:"bytes"`
	Requests  int64  `json:"requests"`
	Objects   int64  `json:"objects"`
	Sensitive int64  `json:"sensitiveObjects"`
	Skipped   int64  `json:"skippedObjects"`
	Ended     string `json:"ended,omitempty"` // why; absent while it goes on
}

// Visit is what a cycle did in a bucket, and why.
type Visit struct {
	AccountID string `json:"accountId"`
	Bucket    string `json:"bucketName"`
	Why       string `json:"why"`
	Bytes     int64  `json:"bytes"`
	Requests  int64  `json:"requests"`
	Objects   int64  `json:"objects"`
	Sensitive int64  `json:"sensitiveObjects"`
	Skipped   int64  `json:"skippedObjects"`
}

// CyclePage is a page of cycles, the latest first.
type CyclePage struct {
	Cycles    []Cycle `json:"cycles"`
	NextCycle string  `json:"nextCycleAt,omitempty"` // when the next one begins; absent while discovery is disabled
	NextToken string  `json:"nextToken,omitempty"`
}

// CycleDetail is a cycle with its shares and a page of its visits, by account and bucket.
type CycleDetail struct {
	Cycle
	ShareList []Share `json:"shareList"`
	Visits    []Visit `json:"visits"`
	NextToken string  `json:"nextToken,omitempty"`
}

func timeText(ms *int64) string {
	if ms == nil {
		return ""
	}
	return time.UnixMilli(*ms).UTC().Format("2006-01-02T15:04:05.000Z")
}

const cycleColumns = `c.cycle, c.status, c.begun_at, c.ended_at, c.settings, coalesce(s.bytes, 0), coalesce(s.requests, 0), coalesce(s.objects, 0),
	coalesce(s.sensitive, 0), coalesce(s.skipped, 0), coalesce(s.shares, 0)`

const cycleJoin = ` from discovery_cycle c left join (select cycle, cast(sum(bytes) as bigint) as bytes, cast(sum(requests) as bigint) as requests,
		cast(sum(objects) as bigint) as objects, cast(sum(sensitive) as bigint) as sensitive, cast(sum(skipped) as bigint) as skipped, count(*) as shares
		from discovery_share where region = $1 and account_id = $2 group by cycle) s on s.cycle = c.cycle
	where c.region = $1 and c.account_id = $2`

func scanCycle(r interface{ Scan(...any) error }) (c Cycle, err error) {
	var begun int64
	var ended *int64
	var text string
	if err = r.Scan(&c.Cycle, &c.Status, &begun, &ended, &text, &c.Bytes, &c.Requests, &c.Objects, &c.Sensitive, &c.Skipped, &c.Shares); err != nil {
		return c, err
	}
	var x cycleSettings
	if err = json.Unmarshal([]byte(text), &x); err != nil {
		return c, err
	}
	c.BegunAt, c.EndedAt = *macie2.TimestampMillis(begun), timeText(ended)
	c.BudgetBytes, c.BudgetRequests = x.Budget.Bytes, x.Budget.Requests
	return c, nil
}

// Cycles lists the caller's cycles of the last 30 days.
func (s *Service) Cycles(ctx context.Context, call *macie2.Call, token string) (*CyclePage, error) {
	list := pagetoken.Of(call, "magpie:ListDiscoveryCycles", "")
	after, err := s.pageAfter(list, &token)
	if err != nil {
		return nil, err
	}
	before := int64(1) << 60
	if after != "" {
		if before, err = strconv.ParseInt(after, 10, 64); err != nil {
			return nil, errPage
		}
	}
	var out *CyclePage
	err = s.view(ctx, call, func(tx *store.Tx) error {
		out = &CyclePage{Cycles: []Cycle{}}
		if err := requireHolder(ctx, tx, call); err != nil {
			return err
		}
		x, err := find(ctx, tx, call.Region, call.Account)
		if err != nil {
			return err
		}
		out.NextCycle = timeText(x.dueAt)
		return tx.Query(ctx, func(r store.Row) error {
			c, err := scanCycle(r)
			out.Cycles = append(out.Cycles, c)
			return err
		}, `select `+cycleColumns+cycleJoin+` and c.cycle < $3 order by c.cycle desc limit $4`, call.Region, call.Account, before, int64(cyclePage+1))
	})
	if err != nil {
		return nil, err
	}
	if len(out.Cycles) > cyclePage {
		out.Cycles = out.Cycles[:cyclePage]
		out.NextToken = s.pages.Seal(list, strconv.FormatInt(out.Cycles[cyclePage-1].Cycle, 10))
	}
	return out, nil
}

// Cycle describes one of the caller's cycles: what was sampled, why, and what it cost.
func (s *Service) Cycle(ctx context.Context, call *macie2.Call, id, token string) (*CycleDetail, error) {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil || number < 1 {
		return nil, macie2.ErrValidation("cycle: must be the number of a cycle")
	}
	list := pagetoken.Of(call, "magpie:GetDiscoveryCycle", id)
	after := []string{"", ""}
	if token != "" {
		if after, err = s.pages.Open(list, token, 2); err != nil {
			return nil, errPage
		}
	}
	var out *CycleDetail
	err = s.view(ctx, call, func(tx *store.Tx) error {
		out = &CycleDetail{ShareList: []Share{}, Visits: []Visit{}}
		if err := requireHolder(ctx, tx, call); err != nil {
			return err
		}
		var err error
		out.Cycle, err = scanCycle(tx.QueryRow(ctx, `select `+cycleColumns+cycleJoin+` and c.cycle = $3`, call.Region, call.Account, number))
		if isNone(err) {
			return macie2.ErrNotFound("The request failed because there is no cycle %d, or it is more than 30 days ago.", number)
		}
		if err != nil {
			return err
		}
		err = tx.Query(ctx, func(r store.Row) error {
			var x Share
			err := r.Scan(&x.AccountID, &x.Store, &x.Bytes, &x.Requests, &x.Objects, &x.Sensitive, &x.Skipped, &x.Ended)
			out.ShareList = append(out.ShareList, x)
			return err
		}, `select d.owner_id, coalesce((select o.name from object_store o where o.id = d.store_id), ''), d.bytes, d.requests, d.objects, d.sensitive, d.skipped, d.ended
			from discovery_share d where d.region = $1 and d.account_id = $2 and d.cycle = $3 order by d.bytes desc, d.owner_id, d.store_id limit 1000`,
			call.Region, call.Account, number)
		if err != nil {
			return err
		}
		return tx.Query(ctx, func(r store.Row) error {
			var x Visit
			err := r.Scan(&x.AccountID, &x.Bucket, &x.Why, &x.Bytes, &x.Requests, &x.Objects, &x.Sensitive, &x.Skipped)
			out.Visits = append(out.Visits, x)
			return err
		}, `select owner_id, bucket, why, bytes, requests, objects, sensitive, skipped from discovery_visit
			where region = $1 and account_id = $2 and cycle = $3 and (owner_id, bucket) > ($4, $5) order by owner_id, bucket limit $6`,
			call.Region, call.Account, number, after[0], after[1], int64(visitPage+1))
	})
	if err != nil {
		return nil, err
	}
	if len(out.Visits) > visitPage {
		out.Visits = out.Visits[:visitPage]
		last := out.Visits[visitPage-1]
		out.NextToken = s.pages.Seal(list, last.AccountID, last.Bucket)
	}
	return out, nil
}
