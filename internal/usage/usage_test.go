package usage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/queue"
	"magpie/internal/session"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

const (
	region = "eu-west-1"
	alice  = macie2.AccountID("111122223333") // the administrator of bob and dora
	bob    = macie2.AccountID("222233334444")
	carol  = macie2.AccountID("333344445555") // a stranger to both
	dora   = macie2.AccountID("444455556666")
)

// now is when the tests are: the fifth of a month, so that the preceding 30 days are of two.
var now = time.Date(2026, 12, 5, 15, 0, 0, 0, time.UTC)

const (
	byJobs      = macie2.UsageTypeSensitiveDataDiscovery
	byDiscovery = macie2.UsageTypeAutomatedSensitiveDataDiscovery
)

type fixture struct {
	*Service
	t        *testing.T
	db       *store.DB
	sessions *session.Service
	clock    time.Time
	watched  []Watched
	quota    map[macie2.AccountID]Quota
}

func each(t *testing.T, fn func(t *testing.T, f *fixture)) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		f := &fixture{t: t, db: db, clock: now}
		f.sessions = session.New(db, queue.Open(db, queue.Options{Logger: storetest.Logger(t)}))
		f.sessions.Hook(SessionHooks())
		f.Service = New(Options{
			DB: db, Pages: pagetoken.New([]byte("a key of sixteen bytes and more")), Logger: storetest.Logger(t), QuotaBytes: 5e12,
			Now: func() time.Time { return f.clock },
			Watched: func(_ context.Context, _ *store.Tx, after Watched, most int) ([]Watched, error) {
				i, _ := slices.BinarySearchFunc(f.watched, after, func(a, b Watched) int { return strings.Compare(string(a.Account), string(b.Account)) })
				if after.Account != "" {
					i++
				}
				return f.watched[i:min(len(f.watched), i+most)], nil
			},
			Quota: func(context.Context, *store.Tx, string, []macie2.AccountID, time.Time) (map[macie2.AccountID]Quota, error) {
				return f.quota, nil
			},
		})
		for i, id := range []macie2.AccountID{alice, bob, carol, dora} {
			c := call(id)
			c.Now = now.AddDate(0, 0, -100+i)
			if _, err := f.sessions.EnableMacie(t.Context(), c, &macie2.EnableMacieInput{}); err != nil {
				t.Fatal(err)
			}
		}
		f.join(alice, bob, dora)
		fn(t, f)
	})
}

func call(account macie2.AccountID) *macie2.Call {
	return &macie2.Call{Account: account, Region: region, Now: now, Principal: macie2.Principal{ARN: "arn:aws:iam::" + string(account) + ":user/a", Account: account}}
}

func (f *fixture) tx(fn func(tx *store.Tx) error) {
	f.t.Helper()
	if err := f.db.Tx(f.t.Context(), "test", fn); err != nil {
		f.t.Fatal(err)
	}
}

// join makes accounts members of an administrator.
func (f *fixture) join(administrator macie2.AccountID, members ...macie2.AccountID) {
	f.t.Helper()
	f.tx(func(tx *store.Tx) error {
		tx.Defer(`update macie_session set standing = 'Administrator', counted = $3 where region = $1 and account_id = $2`, region, string(administrator), int64(len(members)))
		for _, id := range members {
			tx.Defer(`update macie_session set standing = 'Member' where region = $1 and account_id = $2`, region, string(id))
			tx.Defer(`insert into member (region, administrator_id, account_id, email, status, created_at, updated_at) values ($1, $2, $3, 'm@example.com', 'Enabled', 1, 1)`,
				region, string(administrator), string(id))
		}
		return nil
	})
}

// meter records an analysis some days ago.
func (f *fixture) meter(account macie2.AccountID, kind macie2.UsageType, daysAgo int, bytes, objects int64) {
	f.t.Helper()
	f.tx(func(tx *store.Tx) error {
		Meter(tx, now.AddDate(0, 0, -daysAgo), region, account, Amount{kind, bytes, objects})
		return nil
	})
}

func (f *fixture) price(text string) {
	f.t.Helper()
	p, err := ParsePrices([]byte(text))
	if err != nil {
		f.t.Fatal(err)
	}
	f.prices = p
}

func (f *fixture) statistics(as macie2.AccountID, in macie2.GetUsageStatisticsInput) []macie2.UsageRecord {
	f.t.Helper()
	out, err := f.GetUsageStatistics(f.t.Context(), call(as), &in)
	if err != nil {
		f.t.Fatal(err)
	}
	return out.Records
}

// costs shows records in a line each: the account, and what each kind costs.
func costs(records []macie2.UsageRecord) string {
	var all []string
	for _, r := range records {
		line := *r.AccountId
		for _, u := range r.Usage {
			line += " " + *u.EstimatedCost
		}
		all = append(all, line)
	}
	return strings.Join(all, "\n")
}

const prices = `{
	"DATA_INVENTORY_EVALUATION": [{"price": "0.10"}],
	"AUTOMATED_OBJECT_MONITORING": [{"price": "0.01"}],
	"SENSITIVE_DATA_DISCOVERY": [{"upTo": 1, "price": 0}, {"upTo": 100, "price": "1.00"}, {"price": 0.5}],
	"AUTOMATED_SENSITIVE_DATA_DISCOVERY": [{"price": "2"}]
}`

// TestWhatWasMetered: bytes count for the owner on the day of their commit and not twice when the closure runs twice; what is watched
// counts at the most of each day; requests count once they are written; each account sees itself, and the administrator its members.
func TestWhatWasMetered(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		f.meter(bob, byJobs, 0, 1000, 3)
		f.meter(bob, byJobs, 0, 500, 1)
		f.meter(bob, byDiscovery, 4, 70, 2)
		f.meter(bob, byJobs, 29, 11, 1)
		f.meter(bob, byJobs, 30, 9999, 1) // before the thirty days
		refused := errors.New("refused")
		err := f.db.Tx(ctx, "test", func(tx *store.Tx) error {
			Meter(tx, now, region, bob, Amount{byJobs, 1 << 40, 1})
			return refused
		})
		if !errors.Is(err, refused) {
			t.Fatal(err)
		}
		for i, n := range []int64{5, 9, 7} {
			f.watched = []Watched{{Region: region, Account: alice, Buckets: 1, Objects: 10},
				{Region: region, Account: bob, Buckets: n, Objects: 100 * n, Automated: true, Monitored: 90 * n}}
			f.clock = now.Add(time.Duration(i) * time.Hour)
			if err := f.Watch(ctx); err != nil {
				t.Fatal(err)
			}
		}
		f.clock = now
		for range 4 {
			f.CountRequest(region, bob)
		}
		for range 2 {
			if err := f.Flush(ctx); err != nil {
				t.Fatal(err)
			}
		}
		f.quota = map[macie2.AccountID]Quota{bob: {Used: 42, Met: true}}
		page, err := f.GetUsage(ctx, call(alice), "", "", "")
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Accounts) != 3 || page.Accounts[0].AccountID != string(alice) || page.From != "2026-11-06" || page.To != "2026-12-05" || page.QuotaBytes != 5e12 {
			t.Fatalf("the administrator sees %+v", page)
		}
		want := Account{AccountID: string(bob), JobBytes: 1511, JobObjects: 5, AutomatedBytes: 70, AutomatedObjects: 2, Buckets: 9, Objects: 900, BucketDays: 9,
			MonitoredDays: 810, Requests: 4, QuotaUsedBytes: 42, QuotaMet: true, EstimatedCost: "0.00", Currency: "USD"}
		if got := page.Accounts[1]; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("of bob there is\n%+v, want\n%+v", got, want)
		}
		if got := page.Accounts[0]; got.BucketDays != 1 || got.MonitoredDays != 0 || got.JobBytes != 0 {
			t.Errorf("of alice there is %+v", got)
		}
		month, err := f.GetUsage(ctx, call(bob), "MONTH_TO_DATE", string(bob), "")
		if err != nil || len(month.Accounts) != 1 || month.Accounts[0].JobBytes != 1500 || month.Accounts[0].AutomatedBytes != 70 || month.From != "2026-12-01" {
			t.Errorf("bob sees %+v, %v", month, err)
		}
		days := fmt.Sprint(month.Accounts[0].Days)
		if days != fmt.Sprint([]Day{{Date: "2026-12-01", AutomatedBytes: 70, AutomatedObjects: 2},
			{Date: "2026-12-05", JobBytes: 1500, JobObjects: 4, Buckets: 9, Objects: 900, MonitoredObjects: 810, Requests: 4}}) {
			t.Errorf("bob's days are %s", days)
		}
		for _, c := range []struct{ as, of macie2.AccountID }{{bob, alice}, {carol, bob}, {bob, dora}} {
			if got, err := f.GetUsage(ctx, call(c.as), "", string(c.of), ""); err != nil || len(got.Accounts) != 0 {
				t.Errorf("%s sees of %s %+v, %v", c.as, c.of, got, err)
			}
		}
		if got := costs(f.statistics(carol, macie2.GetUsageStatisticsInput{})); !strings.HasPrefix(got, string(carol)) || strings.Contains(got, "\n") {
			t.Errorf("carol sees %s", got)
		}
	})
}

// TestEstimatedCosts: steps are climbed within each calendar month, also by what was used before the days that are asked for; watching is
// divided by the days of the month.
func TestEstimatedCosts(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		const gb = 1_000_000_000
		f.meter(bob, byJobs, 32, 90*gb, 1) // of November, before the thirty days
		f.meter(bob, byJobs, 20, 30*gb, 1) // of November: 10 at 1.00, 20 at 0.50
		f.meter(bob, byJobs, 1, 3*gb, 1)   // of December: 1 is free, 2 at 1.00
		f.meter(bob, byDiscovery, 1, gb/2, 1)
		f.tx(func(tx *store.Tx) error {
			_, err := tx.InsertMany(ctx, `insert into usage_watch (region, account_id, day, buckets, objects, monitored)`, [][]any{
				{region, string(bob), "2026-11-01", int64(3000), int64(0), int64(0)},
				{region, string(bob), "2026-11-10", int64(30), int64(0), int64(300_000_000)}, // a thirtieth of a month: 1 bucket, 10,000,000 objects
				{region, string(bob), "2026-12-02", int64(31), int64(7), int64(0)},
			}, "")
			return err
		})
		in := macie2.GetUsageStatisticsInput{FilterBy: []macie2.UsageStatisticsFilter{accountIs(bob)}}
		if got := costs(f.statistics(alice, in)); got != "222233334444 0.00 0.00 0.00 0.00" {
			t.Errorf("without prices bob costs %s", got)
		}
		f.price(prices)
		if got := costs(f.statistics(alice, in)); got != "222233334444 0.20 1.00 22.00 1.00" {
			t.Errorf("in thirty days bob costs %s", got)
		}
		in.TimeRange = macie2.Ptr(macie2.TimeRangeMonthToDate)
		if got := costs(f.statistics(alice, in)); got != "222233334444 0.10 1.00 2.00 0.00" {
			t.Errorf("in this month bob costs %s", got)
		}
		f.meter(alice, byJobs, 0, 2*gb, 1)
		out, err := f.GetUsageTotals(ctx, call(alice), &macie2.GetUsageTotalsInput{TimeRange: macie2.Ptr("MONTH_TO_DATE")})
		if err != nil || *out.TimeRange != macie2.TimeRangeMonthToDate {
			t.Fatal(out, err)
		}
		var got []string
		for _, x := range out.UsageTotals {
			got = append(got, fmt.Sprint(*x.Type, " ", *x.EstimatedCost, " ", *x.Currency))
		}
		want := "SENSITIVE_DATA_DISCOVERY 3.00 USD, AUTOMATED_SENSITIVE_DATA_DISCOVERY 1.00 USD, DATA_INVENTORY_EVALUATION 0.10 USD, AUTOMATED_OBJECT_MONITORING 0.00 USD"
		if strings.Join(got, ", ") != want {
			t.Errorf("the totals are %s", got)
		}
		out, err = f.GetUsageTotals(ctx, call(bob), &macie2.GetUsageTotalsInput{})
		if err != nil || *out.TimeRange != macie2.TimeRangePast30Days || *out.UsageTotals[0].EstimatedCost != "22.00" {
			t.Errorf("a member's totals are %+v, %v", out, err)
		}
	})
}

func accountIs(ids ...macie2.AccountID) macie2.UsageStatisticsFilter {
	return macie2.UsageStatisticsFilter{Key: macie2.Ptr(macie2.UsageStatisticsFilterKeyAccountId), Comparator: macie2.Ptr(macie2.UsageStatisticsFilterComparatorContains),
		Values: store.ListOf(ids)}
}

func where(key macie2.UsageStatisticsFilterKey, comparator macie2.UsageStatisticsFilterComparator, values ...string) macie2.UsageStatisticsFilter {
	return macie2.UsageStatisticsFilter{Key: &key, Comparator: &comparator, Values: values}
}

// TestFiltersAndOrders: every key with its comparators, alone and together; every order, both ways, page by page.
func TestFiltersAndOrders(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.price(`{"SENSITIVE_DATA_DISCOVERY": [{"price": 1}]}`)
		f.meter(alice, byJobs, 0, 20_000_000_000, 1)
		f.meter(bob, byJobs, 0, 10_000_000_000, 1)
		f.meter(dora, byJobs, 0, 20_000_000_000, 1)
		f.quota = map[macie2.AccountID]Quota{bob: {Used: 5e12, Met: true}}
		for _, ago := range []int{3, 1} {
			f.clock, f.watched = now.AddDate(0, 0, -ago), []Watched{{Region: region, Account: dora, Automated: true}}
			if err := f.Watch(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		const (
			total   = macie2.UsageStatisticsFilterKeyTotal
			limited = macie2.UsageStatisticsFilterKeyServiceLimit
			since   = macie2.UsageStatisticsFilterKeyFreeTrialStartDate
			id      = macie2.UsageStatisticsFilterKeyAccountId
			eq, ne  = macie2.UsageStatisticsFilterComparatorEq, macie2.UsageStatisticsFilterComparatorNe
			gt, gte = macie2.UsageStatisticsFilterComparatorGt, macie2.UsageStatisticsFilterComparatorGte
			lt, lte = macie2.UsageStatisticsFilterComparatorLt, macie2.UsageStatisticsFilterComparatorLte
			has     = macie2.UsageStatisticsFilterComparatorContains
		)
		bobSince := now.AddDate(0, 0, -99).Format(time.RFC3339)
		for _, c := range []struct {
			name    string
			filters []macie2.UsageStatisticsFilter
			want    string // the first digits of the accounts
		}{
			{"none", nil, "1 2 4"},
			{"an account", []macie2.UsageStatisticsFilter{where(id, has, string(bob))}, "2"},
			{"two accounts and a stranger", []macie2.UsageStatisticsFilter{where(id, has, string(bob), string(dora), string(carol))}, "2 4"},
			{"a part of an id", []macie2.UsageStatisticsFilter{where(id, has, "2222")}, "1 2"},
			{"total =", []macie2.UsageStatisticsFilter{where(total, eq, "10")}, "2"},
			{"total <>", []macie2.UsageStatisticsFilter{where(total, ne, "10.00")}, "1 4"},
			{"total >", []macie2.UsageStatisticsFilter{where(total, gt, "10")}, "1 4"},
			{"total >=", []macie2.UsageStatisticsFilter{where(total, gte, "10")}, "1 2 4"},
			{"total <", []macie2.UsageStatisticsFilter{where(total, lt, "20")}, "2"},
			{"total <=", []macie2.UsageStatisticsFilter{where(total, lte, "9.99")}, ""},
			{"met", []macie2.UsageStatisticsFilter{where(limited, eq, "true")}, "2"},
			{"not met", []macie2.UsageStatisticsFilter{where(limited, ne, "true")}, "1 4"},
			{"less than met", []macie2.UsageStatisticsFilter{where(limited, lt, "true")}, "1 4"},
			{"since", []macie2.UsageStatisticsFilter{where(since, gte, bobSince)}, "2 4"},
			{"before", []macie2.UsageStatisticsFilter{where(since, lt, bobSince)}, "1"},
			{"exactly", []macie2.UsageStatisticsFilter{where(since, eq, bobSince)}, "2"},
			{"both", []macie2.UsageStatisticsFilter{where(total, eq, "20"), where(id, has, string(dora))}, "4"},
			{"both, which none is", []macie2.UsageStatisticsFilter{where(total, eq, "20"), where(limited, eq, "true")}, ""},
		} {
			if got := digits(f.statistics(alice, macie2.GetUsageStatisticsInput{FilterBy: c.filters})); got != c.want {
				t.Errorf("%s: %q, want %q", c.name, got, c.want)
			}
		}
		for key, want := range map[macie2.UsageStatisticsSortKey]string{
			macie2.UsageStatisticsSortKeyAccountId: "1 2 4", macie2.UsageStatisticsSortKeyTotal: "2 1 4",
			macie2.UsageStatisticsSortKeyServiceLimitValue: "1 2 4", macie2.UsageStatisticsSortKeyFreeTrialStartDate: "1 2 4",
		} {
			for _, order := range []macie2.OrderBy{macie2.OrderByAsc, macie2.OrderByDesc} {
				if order == macie2.OrderByDesc {
					parts := strings.Fields(want)
					slices.Reverse(parts)
					want = strings.Join(parts, " ")
				}
				in := macie2.GetUsageStatisticsInput{SortBy: &macie2.UsageStatisticsSortBy{Key: &key, OrderBy: &order}, MaxResults: macie2.Ptr(int32(1))}
				var all []macie2.UsageRecord
				for {
					out, err := f.GetUsageStatistics(t.Context(), call(alice), &in)
					if err != nil || len(out.Records) > 1 {
						t.Fatal(out, err)
					}
					all = append(all, out.Records...)
					if in.NextToken = out.NextToken; in.NextToken == nil {
						break
					}
				}
				if got := digits(all); got != want {
					t.Errorf("by %s %s: %q, want %q", key, order, got, want)
				}
			}
		}
		r := f.statistics(dora, macie2.GetUsageStatisticsInput{})[0]
		if !r.FreeTrialStartDate.Equal(now.AddDate(0, 0, -97)) || r.AutomatedDiscoveryFreeTrialStartDate == nil || !r.AutomatedDiscoveryFreeTrialStartDate.Equal(now.AddDate(0, 0, -3)) {
			t.Errorf("dora's dates are %v and %v", r.FreeTrialStartDate, r.AutomatedDiscoveryFreeTrialStartDate)
		}
		limit := f.statistics(bob, macie2.GetUsageStatisticsInput{})[0].Usage[2].ServiceLimit
		if limit == nil || !*limit.IsServiceLimited || *limit.Unit != macie2.UnitTerabytes || *limit.Value != 5 {
			t.Errorf("bob's quota is %+v", limit)
		}
	})
}

func digits(records []macie2.UsageRecord) string {
	var all []string
	for _, r := range records {
		all = append(all, (*r.AccountId)[:1])
	}
	return strings.Join(all, " ")
}

func TestUsageRefused(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		const (
			total = macie2.UsageStatisticsFilterKeyTotal
			id    = macie2.UsageStatisticsFilterKeyAccountId
			eq    = macie2.UsageStatisticsFilterComparatorEq
			has   = macie2.UsageStatisticsFilterComparatorContains
		)
		filter := func(x ...macie2.UsageStatisticsFilter) macie2.GetUsageStatisticsInput {
			return macie2.GetUsageStatisticsInput{FilterBy: x}
		}
		first := macie2.GetUsageStatisticsInput{MaxResults: macie2.Ptr(int32(1))}
		out, err := f.GetUsageStatistics(ctx, call(alice), &first)
		if err != nil || out.NextToken == nil {
			t.Fatal(out, err)
		}
		for _, c := range []struct {
			name string
			in   macie2.GetUsageStatisticsInput
			want string
		}{
			{"no key", filter(macie2.UsageStatisticsFilter{Comparator: macie2.Ptr(eq), Values: []string{"1"}}), "filterBy[0].key: is missing"},
			{"no comparator", filter(macie2.UsageStatisticsFilter{Key: macie2.Ptr(total), Values: []string{"1"}}), "filterBy[0].comparator: is missing"},
			{"no values", filter(where(total, eq)), "filterBy[0].values: there are no values"},
			{"an account that is equal", filter(where(id, eq, string(bob))), "filterBy[0].comparator: accountId is compared by CONTAINS only"},
			{"an account with letters", filter(where(id, has, string(bob), "x")), "filterBy[0].values[1]: must be an account id, or some of its digits"},
			{"a total that contains", filter(where(total, eq, "1"), where(total, has, "1")), "filterBy[1].comparator: CONTAINS is for accountId only"},
			{"two totals", filter(where(total, eq, "1", "2")), "filterBy[0].values: only accountId takes more than one value"},
			{"a total in words", filter(where(total, eq, "one")), "filterBy[0].values[0]: must be an amount such as 153.45"},
			{"a total in thousands", filter(where(total, eq, "1e3")), "filterBy[0].values[0]: must be an amount such as 153.45"},
			{"a quota of maybe", filter(where(macie2.UsageStatisticsFilterKeyServiceLimit, eq, "maybe")), "filterBy[0].values[0]: must be true or false"},
			{"a date that is none", filter(where(macie2.UsageStatisticsFilterKeyFreeTrialStartDate, eq, "yesterday")),
				"filterBy[0].values[0]: must be a time such as 2026-11-30T08:15:00Z"},
			{"too many filters", filter(slices.Repeat([]macie2.UsageStatisticsFilter{where(total, eq, "1")}, 21)...), "filterBy: there are more than 20 conditions"},
			{"too many values", filter(where(id, has, slices.Repeat([]string{"1"}, 1001)...)), "filterBy[0].values: there are more than 1000 values"},
			{"no page", macie2.GetUsageStatisticsInput{MaxResults: macie2.Ptr(int32(0))}, "maxResults: must be a number from 1 to 1000"},
			{"a token of none", macie2.GetUsageStatisticsInput{NextToken: macie2.Ptr("abc")}, "nextToken: it was not issued for this account, Region, operation and criteria"},
			{"a token of another range", macie2.GetUsageStatisticsInput{NextToken: out.NextToken, TimeRange: macie2.Ptr(macie2.TimeRangeMonthToDate)},
				"nextToken: it was not issued for this account, Region, operation and criteria"},
		} {
			_, err := f.GetUsageStatistics(ctx, call(alice), &c.in)
			wantRefusal(t, c.name, err, macie2.ValidationException, c.want)
		}
		_, err = f.GetUsageTotals(ctx, call(alice), &macie2.GetUsageTotalsInput{TimeRange: macie2.Ptr("LAST_YEAR")})
		wantRefusal(t, "totals of another range", err, macie2.ValidationException, "timeRange: must be MONTH_TO_DATE or PAST_30_DAYS")
		_, err = f.GetUsage(ctx, call(alice), "LAST_YEAR", "", "")
		wantRefusal(t, "usage of another range", err, macie2.ValidationException, "timeRange: must be MONTH_TO_DATE or PAST_30_DAYS")
		_, err = f.GetUsage(ctx, call(alice), "", "12", "")
		wantRefusal(t, "usage of no account", err, macie2.ValidationException, "accountId: an account id has 12 digits, not 2 characters")
		_, err = f.GetUsage(ctx, call(alice), "", "", "abc")
		wantRefusal(t, "usage with a token of none", err, macie2.ValidationException, "nextToken: it was not issued for this account, Region, operation and criteria")
		const nobody = macie2.AccountID("999999999999")
		_, err = f.GetUsageStatistics(ctx, call(nobody), &macie2.GetUsageStatisticsInput{})
		wantRefusal(t, "statistics without Macie", err, macie2.AccessDeniedException, "Macie is not enabled")
		_, err = f.GetUsageTotals(ctx, call(nobody), &macie2.GetUsageTotalsInput{})
		wantRefusal(t, "totals without Macie", err, macie2.AccessDeniedException, "Macie is not enabled")
		_, err = f.GetUsage(ctx, call(nobody), "", "", "")
		wantRefusal(t, "usage without Macie", err, macie2.AccessDeniedException, "Macie is not enabled")
	})
}

func wantRefusal(t *testing.T, name string, err error, code macie2.Exception, text string) {
	t.Helper()
	e, ok := errors.AsType[*macie2.Error](err)
	if !ok || e.Code != code || e.Message != text {
		t.Errorf("%s: %v, want %s: %s", name, err, code, text)
	}
}

// TestUsageOutlivesSessions: what was used stays when Macie is disabled, and when it was enabled first.
func TestUsageOutlivesSessions(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.meter(carol, byJobs, 1, 10, 1)
		if _, err := f.sessions.DisableMacie(t.Context(), call(carol), &macie2.DisableMacieInput{}); err != nil {
			t.Fatal(err)
		}
		if _, err := f.sessions.EnableMacie(t.Context(), call(carol), &macie2.EnableMacieInput{}); err != nil {
			t.Fatal(err)
		}
		page, err := f.GetUsage(t.Context(), call(carol), "", "", "")
		if err != nil || page.Accounts[0].JobBytes != 10 {
			t.Errorf("carol used %+v, %v", page, err)
		}
		if r := f.statistics(carol, macie2.GetUsageStatisticsInput{})[0]; !r.FreeTrialStartDate.Equal(now.AddDate(0, 0, -98)) {
			t.Errorf("carol began at %v", r.FreeTrialStartDate)
		}
	})
}

// TestOldUsageGoes: what no question can be about any more is deleted; what one can be stays.
func TestOldUsageGoes(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		days := []int{0, 34, 95, 96, 130} // 2026-12-05, 11-01, 09-01, 08-31, 07-28
		for _, ago := range days {
			f.meter(bob, byJobs, ago, 1, 0)
			f.clock, f.watched = now.AddDate(0, 0, -ago), []Watched{{Region: region, Account: bob, Buckets: 1, Objects: 1}}
			if err := f.Watch(ctx); err != nil {
				t.Fatal(err)
			}
		}
		f.clock = now
		if err := f.Expire(ctx); err != nil {
			t.Fatal(err)
		}
		var left []string
		err := f.db.View(ctx, func(tx *store.Tx) error {
			left = nil
			add := func(r store.Row) error {
				var s string
				err := r.Scan(&s)
				left = append(left, s)
				return err
			}
			if err := tx.Query(ctx, add, `select name from tally where scope like 'usage/%'`); err != nil {
				return err
			}
			return tx.Query(ctx, add, `select day from usage_watch`)
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(left)
		want := []string{"2026-09-01", "2026-09-01 SENSITIVE_DATA_DISCOVERY bytes", "2026-11-01", "2026-11-01 SENSITIVE_DATA_DISCOVERY bytes",
			"2026-12-05", "2026-12-05 SENSITIVE_DATA_DISCOVERY bytes"}
		if !slices.Equal(left, want) {
			t.Errorf("what is left is %q, want %q", left, want)
		}
	})
}

func TestPriceList(t *testing.T) {
	if _, err := ParsePrices([]byte(prices)); err != nil {
		t.Error(err)
	}
	for _, c := range []struct{ text, want string }{
		{``, "not a price list"},
		{`[]`, "not a price list"},
		{`{} {}`, "something follows"},
		{`{"TEA": [{"price": 1}]}`, `no kind of usage "TEA"`},
		{`{"SENSITIVE_DATA_DISCOVERY": []}`, "1 to 100 steps"},
		{`{"SENSITIVE_DATA_DISCOVERY": [{"price": -1}]}`, `"-1" is not an amount`},
		{`{"SENSITIVE_DATA_DISCOVERY": [{"price": "1e99999999"}]}`, "is not an amount"},
		{`{"SENSITIVE_DATA_DISCOVERY": [{"cost": 1}]}`, "unknown field"},
		{`{"SENSITIVE_DATA_DISCOVERY": [{"upTo": 1}]}`, "[0].price: is missing"},
		{`{"SENSITIVE_DATA_DISCOVERY": [{"price": 1, "upTo": 1}]}`, "the last step has none"},
		{`{"SENSITIVE_DATA_DISCOVERY": [{"price": 1}, {"price": 2}]}`, "[0].upTo: is missing"},
		{`{"SENSITIVE_DATA_DISCOVERY": [{"price": 1, "upTo": 2}, {"price": 2, "upTo": 2}, {"price": 3}]}`, "[1].upTo: must be more"},
		{strings.Repeat(" ", 2<<20), "not that long"},
	} {
		if _, err := ParsePrices([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60s: %v, want %q", c.text, err, c.want)
		}
	}
	if _, err := ReadPrices("testdata/none.json"); err == nil {
		t.Error("a file that is not there was read")
	}
}

func FuzzParsePrices(f *testing.F) {
	f.Add([]byte(prices))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := ParsePrices(text)
		if err != nil {
			return
		}
		var last int64
		for n := int64(1); n < 1<<50; n *= 7 { // more never costs less
			cost := micros(p.cost(byJobs, now, monthly{within: n}))
			if cost < last {
				t.Fatalf("%d bytes cost %d, fewer cost %d", n, cost, last)
			}
			last = cost
		}
	})
}

func TestDollars(t *testing.T) {
	for micros, want := range map[int64]string{0: "0.00", 4_999: "0.00", 5_000: "0.01", 1_994_999: "1.99", 1_995_000: "2.00", 153_450_000: "153.45"} {
		if got := dollars(micros); got != want {
			t.Errorf("%d is %s, want %s", micros, got, want)
		}
	}
}
