package usage

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/membership"
	"magpie/internal/pagetoken"
	"magpie/internal/session"
	"magpie/internal/store"
)

// Bounds of a query.
const (
	defaultPage = 50
	mostPage    = 1000
	maxFilters  = 20
	maxValues   = 1000
)

// GetUsageTotals tells what all accounts that the caller sees, itself and its members, have come to, by kind.
func (s *Service) GetUsageTotals(ctx context.Context, call *macie2.Call, in *macie2.GetUsageTotalsInput) (*macie2.GetUsageTotalsOutput, error) {
	w, err := rangeOf(call, (*macie2.TimeRange)(in.TimeRange))
	if err != nil {
		return nil, err
	}
	var costs [4]int64
	err = s.db.View(ctx, func(tx *store.Tx) error {
		costs = [4]int64{}
		list, err := visible(ctx, tx, call)
		if err != nil || len(s.prices) == 0 {
			return err
		}
		reports, err := s.read(ctx, tx, list, question{call.Region, w, call.Now, false})
		for _, r := range reports {
			for i := range costs {
				costs[i] += r.costs[i]
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &macie2.GetUsageTotalsOutput{TimeRange: &w.name}
	for i, kind := range totalsOrder {
		out.UsageTotals = append(out.UsageTotals, macie2.UsageTotal{
			Currency: macie2.Ptr(macie2.CurrencyUsd), EstimatedCost: macie2.Ptr(dollars(costs[i])), Type: &kind,
		})
	}
	return out, nil
}

// GetUsageStatistics tells what each account that the caller sees has come to, by kind.
func (s *Service) GetUsageStatistics(ctx context.Context, call *macie2.Call, in *macie2.GetUsageStatisticsInput) (*macie2.GetUsageStatisticsOutput, error) {
	w, err := rangeOf(call, in.TimeRange)
	if err != nil {
		return nil, err
	}
	q := query{size: defaultPage}
	if in.MaxResults != nil {
		if q.size = int(*in.MaxResults); q.size < 1 || q.size > mostPage {
			return nil, macie2.ErrValidation("maxResults: must be a number from 1 to %d", mostPage)
		}
	}
	if q.filters, err = compileFilters(in.FilterBy); err != nil {
		return nil, err
	}
	if in.SortBy != nil {
		q.key = macie2.Deref(in.SortBy.Key)
		q.descending = macie2.Deref(in.SortBy.OrderBy) == macie2.OrderByDesc
	}
	filters, err := json.Marshal([]any{in.FilterBy, in.SortBy, w.name})
	if err != nil {
		return nil, err
	}
	tokens := pagetoken.List{Account: string(call.Account), Region: call.Region, Operation: "GetUsageStatistics", Filters: string(filters)}
	if err := q.begin(s.pages, tokens, macie2.Deref(in.NextToken)); err != nil {
		return nil, err
	}
	var page []*report
	var more bool
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err := visible(ctx, tx, call)
		if err != nil {
			return err
		}
		page, more, err = s.page(ctx, tx, list, question{call.Region, w, call.Now, false}, &q)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &macie2.GetUsageStatisticsOutput{Records: []macie2.UsageRecord{}, TimeRange: &w.name}
	for _, r := range page {
		out.Records = append(out.Records, s.record(r))
	}
	if more {
		out.NextToken = q.next(s.pages, tokens, page[len(page)-1])
	}
	return out, nil
}

// record is an account as the contract shows it.
func (s *Service) record(r *report) macie2.UsageRecord {
	x := macie2.UsageRecord{AccountId: macie2.Ptr(string(r.account)), FreeTrialStartDate: timestamp(r.enabledAt),
		AutomatedDiscoveryFreeTrialStartDate: timestamp(r.automatedAt)}
	for _, kind := range recordOrder {
		u := macie2.UsageByAccount{Currency: macie2.Ptr(macie2.CurrencyUsd), EstimatedCost: macie2.Ptr(dollars(r.costs[kindOf(kind)])), Type: &kind}
		if kind == macie2.UsageTypeSensitiveDataDiscovery {
			u.ServiceLimit = &macie2.ServiceLimit{IsServiceLimited: &r.quota.Met, Unit: macie2.Ptr(macie2.UnitTerabytes), Value: macie2.Ptr(s.terabytes())}
		}
		x.Usage = append(x.Usage, u)
	}
	return x
}

// terabytes is the quota in the contract's unit, which knows no smaller ones.
func (s *Service) terabytes() int64 {
	const terabyte = 1_000_000_000_000
	return max(1, (s.limit+terabyte/2)/terabyte)
}

func timestamp(ms *int64) *macie2.Timestamp {
	if ms == nil {
		return nil
	}
	return macie2.TimestampMillis(*ms)
}

// visible are the accounts whose usage the caller sees in the Region: its own, and those of its members. They are in order.
func visible(ctx context.Context, tx *store.Tx, call *macie2.Call) ([]head, error) {
	if _, err := session.Require(ctx, tx, call); err != nil {
		return nil, err
	}
	members, err := membership.MembersOf(ctx, tx, call.Region, call.Account)
	if err != nil {
		return nil, err
	}
	ids := append(members, call.Account)
	slices.Sort(ids)
	return heads(ctx, tx, call.Region, slices.Compact(ids))
}

// rangeOf is the days that are asked for; nil is the contract's default.
func rangeOf(call *macie2.Call, name *macie2.TimeRange) (period, error) {
	if name == nil || *name == "" {
		return periodOf(macie2.TimeRangePast30Days, call.Now), nil
	}
	if !name.Valid() {
		return period{}, macie2.ErrValidation("timeRange: must be MONTH_TO_DATE or PAST_30_DAYS")
	}
	return periodOf(*name, call.Now), nil
}

// query selects and sorts accounts.
type query struct {
	filters    []filter
	key        macie2.UsageStatisticsSortKey
	descending bool
	size       int
	after      *position
}

// position is where an account stands in a list.
type position struct {
	value   int64
	account macie2.AccountID
}

// begin takes over where the page before has ended.
func (q *query) begin(pages *pagetoken.Issuer, list pagetoken.List, token string) error {
	if token == "" {
		return nil
	}
	parts, err := pages.Open(list, token, 2)
	if err == nil {
		q.after = &position{account: macie2.AccountID(parts[1])}
		q.after.value, err = strconv.ParseInt(parts[0], 10, 64)
	}
	if err != nil {
		return macie2.ErrValidation("nextToken: it was not issued for this account, Region, operation and criteria")
	}
	return nil
}

// next is the token of the page that follows one that ends with r.
func (q *query) next(pages *pagetoken.Issuer, list pagetoken.List, r *report) *string {
	at := q.position(r)
	return macie2.Ptr(pages.Seal(list, strconv.FormatInt(at.value, 10), string(at.account)))
}

// position is where an account stands. All accounts have the same quota, so sorting by it is sorting by account.
func (q *query) position(r *report) position {
	at := position{account: r.account}
	switch q.key {
	case macie2.UsageStatisticsSortKeyTotal:
		at.value = r.total
	case macie2.UsageStatisticsSortKeyFreeTrialStartDate:
		at.value = macie2.Deref(r.enabledAt)
	}
	return at
}

func (q *query) compare(a, b position) int {
	n := cmp.Or(cmp.Compare(a.value, b.value), cmp.Compare(a.account, b.account))
	if q.descending {
		return -n
	}
	return n
}

// page finds a page of accounts. Where neither filters nor the order need what was metered, only that of the page is added up.
func (s *Service) page(ctx context.Context, tx *store.Tx, list []head, x question, q *query) (page []*report, more bool, err error) {
	list = slices.DeleteFunc(list, func(h head) bool {
		return slices.ContainsFunc(q.filters, func(f filter) bool { return f.head != nil && !f.head(&h) })
	})
	needsAll := q.key == macie2.UsageStatisticsSortKeyTotal || slices.ContainsFunc(q.filters, func(f filter) bool { return f.report != nil })
	var found []*report
	if needsAll {
		if found, err = s.read(ctx, tx, list, x); err != nil {
			return nil, false, err
		}
		found = slices.DeleteFunc(found, func(r *report) bool {
			return slices.ContainsFunc(q.filters, func(f filter) bool { return f.report != nil && !f.report(r) })
		})
	} else {
		for _, h := range list {
			found = append(found, &report{head: h})
		}
	}
	slices.SortFunc(found, func(a, b *report) int { return q.compare(q.position(a), q.position(b)) })
	if q.after != nil {
		found = slices.DeleteFunc(found, func(r *report) bool { return q.compare(q.position(r), *q.after) <= 0 })
	}
	if more = len(found) > q.size; more {
		found = found[:q.size]
	}
	if needsAll || len(found) == 0 {
		return found, more, nil
	}
	on := make([]head, len(found))
	for i, r := range found {
		on[i] = r.head
	}
	page, err = s.read(ctx, tx, on, x)
	return page, more, err
}

// filter is a condition: on what is known of an account anyway, or on what was metered of it.
type filter struct {
	head   func(*head) bool
	report func(*report) bool
}

// compileFilters checks the conditions of a query, all of which must hold.
func compileFilters(list []macie2.UsageStatisticsFilter) ([]filter, error) {
	if len(list) > maxFilters {
		return nil, macie2.ErrValidation("filterBy: there are more than %d conditions", maxFilters)
	}
	filters := make([]filter, 0, len(list))
	for i, x := range list {
		f, err := compileFilter(fmt.Sprintf("filterBy[%d]", i), x)
		if err != nil {
			return nil, err
		}
		filters = append(filters, f)
	}
	return filters, nil
}

func compileFilter(at string, x macie2.UsageStatisticsFilter) (filter, error) {
	switch {
	case x.Key == nil:
		return filter{}, macie2.ErrValidation("%s.key: is missing", at)
	case x.Comparator == nil:
		return filter{}, macie2.ErrValidation("%s.comparator: is missing", at)
	case len(x.Values) == 0:
		return filter{}, macie2.ErrValidation("%s.values: there are no values", at)
	case len(x.Values) > maxValues:
		return filter{}, macie2.ErrValidation("%s.values: there are more than %d values", at, maxValues)
	case *x.Key == macie2.UsageStatisticsFilterKeyAccountId:
		return accountFilter(at, x)
	case *x.Comparator == macie2.UsageStatisticsFilterComparatorContains:
		return filter{}, macie2.ErrValidation("%s.comparator: CONTAINS is for accountId only", at)
	case len(x.Values) > 1:
		return filter{}, macie2.ErrValidation("%s.values: only accountId takes more than one value", at)
	}
	value, holds := x.Values[0], holds(*x.Comparator)
	switch *x.Key {
	case macie2.UsageStatisticsFilterKeyServiceLimit:
		if value != "true" && value != "false" {
			return filter{}, macie2.ErrValidation("%s.values[0]: must be true or false", at)
		}
		want := number(value == "true")
		return filter{report: func(r *report) bool { return holds(cmp.Compare(number(r.quota.Met), want)) }}, nil
	case macie2.UsageStatisticsFilterKeyFreeTrialStartDate:
		want, err := parseTime(value)
		if err != nil {
			return filter{}, macie2.ErrValidation("%s.values[0]: must be a time such as 2026-11-30T08:15:00Z", at)
		}
		return filter{head: func(h *head) bool { return h.enabledAt != nil && holds(cmp.Compare(*h.enabledAt, want.UnixMilli())) }}, nil
	}
	if !decimal.MatchString(value) {
		return filter{}, macie2.ErrValidation("%s.values[0]: must be an amount such as 153.45", at)
	}
	amount, _ := new(big.Rat).SetString(value) // which a decimal is
	want := micros(amount)
	return filter{report: func(r *report) bool { return holds(cmp.Compare(r.total, want)) }}, nil
}

// accountFilter finds accounts whose ids contain one of the values.
func accountFilter(at string, x macie2.UsageStatisticsFilter) (filter, error) {
	if *x.Comparator != macie2.UsageStatisticsFilterComparatorContains {
		return filter{}, macie2.ErrValidation("%s.comparator: accountId is compared by CONTAINS only", at)
	}
	for i, v := range x.Values {
		if v == "" || len(v) > 12 || strings.Trim(v, "0123456789") != "" {
			return filter{}, macie2.ErrValidation("%s.values[%d]: must be an account id, or some of its digits", at, i)
		}
	}
	return filter{head: func(h *head) bool {
		return slices.ContainsFunc(x.Values, func(v string) bool { return strings.Contains(string(h.account), v) })
	}}, nil
}

// holds tells whether a comparison came out as a comparator wants it.
func holds(c macie2.UsageStatisticsFilterComparator) func(int) bool {
	return func(n int) bool {
		switch c {
		case macie2.UsageStatisticsFilterComparatorGt:
			return n > 0
		case macie2.UsageStatisticsFilterComparatorGte:
			return n >= 0
		case macie2.UsageStatisticsFilterComparatorLt:
			return n < 0
		case macie2.UsageStatisticsFilterComparatorLte:
			return n <= 0
		case macie2.UsageStatisticsFilterComparatorNe:
			return n != 0
		}
		return n == 0
	}
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

func parseTime(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, nil
	}
	return time.Parse(dayLayout, s)
}

// Page is a page of what was metered, as it is: Macie's API shows only what it costs.
type Page struct {
	TimeRange  macie2.TimeRange `json:"timeRange"`
	From       string           `json:"from"`
	To         string           `json:"to"`
	QuotaBytes int64            `json:"quotaBytes"`
	Accounts   []Account        `json:"accounts"`
	NextToken  string           `json:"nextToken,omitzero"`
}

// Account is what was metered of an account. Days are there where one account was asked for.
type Account struct {
	AccountID        string `json:"accountId"`
	JobBytes         int64  `json:"jobBytes"`
	JobObjects       int64  `json:"jobObjects"`
	AutomatedBytes   int64  `json:"automatedBytes"`
	AutomatedObjects int64  `json:"automatedObjects"`
	Buckets          int64  `json:"buckets"`
	Objects          int64  `json:"objects"`
	BucketDays       int64  `json:"bucketDays"`
	MonitoredDays    int64  `json:"monitoredObjectDays"`
	Requests         int64  `json:"requests"`
	QuotaUsedBytes   int64  `json:"quotaUsedBytes"`
	QuotaMet         bool   `json:"quotaMet"`
	EstimatedCost    string `json:"estimatedCost"`
	Currency         string `json:"currency"`
	Days             []Day  `json:"days,omitzero"`
}

// GetUsage tells what was metered of each account that the caller sees, in the order of their ids. account may name one of them.
func (s *Service) GetUsage(ctx context.Context, call *macie2.Call, timeRange, account, token string) (*Page, error) {
	w, err := rangeOf(call, (*macie2.TimeRange)(&timeRange))
	if err != nil {
		return nil, err
	}
	q := query{size: defaultPage}
	if account != "" {
		if _, err := macie2.ParseAccountID(account); err != nil {
			return nil, macie2.ErrValidation("accountId: %v", err)
		}
		q.filters = []filter{{head: func(h *head) bool { return string(h.account) == account }}}
	}
	tokens := pagetoken.List{Account: string(call.Account), Region: call.Region, Operation: "magpie:GetUsage", Filters: string(w.name) + " " + account}
	if err := q.begin(s.pages, tokens, token); err != nil {
		return nil, err
	}
	var reports []*report
	var more bool
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err := visible(ctx, tx, call)
		if err != nil {
			return err
		}
		reports, more, err = s.page(ctx, tx, list, question{call.Region, w, call.Now, account != ""}, &q)
		return err
	})
	if err != nil {
		return nil, err
	}
	page := &Page{TimeRange: w.name, From: w.from.Format(dayLayout), To: w.to.Format(dayLayout), QuotaBytes: s.limit, Accounts: []Account{}}
	for _, r := range reports {
		page.Accounts = append(page.Accounts, r.describe())
	}
	if more {
		page.NextToken = *q.next(s.pages, tokens, reports[len(reports)-1])
	}
	return page, nil
}

func (r *report) describe() Account {
	a := Account{AccountID: string(r.account), JobBytes: r.within(macie2.UsageTypeSensitiveDataDiscovery),
		JobObjects:     r.objects[kindOf(macie2.UsageTypeSensitiveDataDiscovery)],
		AutomatedBytes: r.within(macie2.UsageTypeAutomatedSensitiveDataDiscovery), AutomatedObjects: r.objects[kindOf(macie2.UsageTypeAutomatedSensitiveDataDiscovery)],
		Buckets: r.buckets, Objects: r.watching, BucketDays: r.within(macie2.UsageTypeDataInventoryEvaluation),
		MonitoredDays: r.within(macie2.UsageTypeAutomatedObjectMonitoring), Requests: r.requests, QuotaUsedBytes: r.quota.Used, QuotaMet: r.quota.Met,
		EstimatedCost: dollars(r.total), Currency: string(macie2.CurrencyUsd)}
	if r.days != nil {
		a.Days = []Day{}
		for _, date := range slices.Sorted(maps.Keys(r.days)) {
			a.Days = append(a.Days, *r.days[date])
		}
	}
	return a
}
