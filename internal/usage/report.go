package usage

import (
	"context"
	"math/big"
	"strings"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// period is the days that a report is about, in UTC, both included.
type period struct {
	name     macie2.TimeRange
	from, to time.Time
	months   []time.Time // the first days of the calendar months that the days are in
}

// pastDays are those of PAST_30_DAYS: today is the last of them.
const pastDays = 30

func periodOf(name macie2.TimeRange, now time.Time) period {
	y, m, d := now.UTC().Date()
	w := period{name: name, to: time.Date(y, m, d, 0, 0, 0, 0, time.UTC)}
	w.from = time.Date(y, m, 1, 0, 0, 0, 0, time.UTC)
	if name == macie2.TimeRangePast30Days {
		w.from = w.to.AddDate(0, 0, 1-pastDays)
	}
	for month := time.Date(w.from.Year(), w.from.Month(), 1, 0, 0, 0, 0, time.UTC); !month.After(w.to); month = month.AddDate(0, 1, 0) {
		w.months = append(w.months, month)
	}
	return w
}

// head is what is known of an account without adding up.
type head struct {
	account     macie2.AccountID
	enabledAt   *int64
	automatedAt *int64
}

// report is what was metered of an account.
type report struct {
	head
	months            [][4]monthly // by the period's months, and by kind
	objects           [4]int64     // that were analysed within the days, by kind
	requests          int64        // within the days
	buckets, watching int64        // at the last look: buckets, and the objects in them
	quota             Quota
	costs             [4]int64 // in millionths of a dollar
	total             int64
	days              map[string]*Day // by date; nil where they are not wanted
}

// Day is what was metered of an account on a day.
type Day struct {
	Date             string `json:"date"`
	JobBytes         int64  `json:"jobBytes"`
	JobObjects       int64  `json:"jobObjects"`
	AutomatedBytes   int64  `json:"automatedBytes"`
	AutomatedObjects int64  `json:"automatedObjects"`
	Buckets          int64  `json:"buckets"`
	Objects          int64  `json:"objects"`
	MonitoredObjects int64  `json:"monitoredObjects"`
	Requests         int64  `json:"requests"`
}

// within is how much of a kind was used within the days.
func (r *report) within(kind macie2.UsageType) (n int64) {
	for _, m := range r.months {
		n += m[kindOf(kind)].within
	}
	return n
}

// day is the account's day of that date; nil where days are not wanted.
func (r *report) day(date string) *Day {
	if r.days == nil {
		return nil
	}
	d := r.days[date]
	if d == nil {
		d = &Day{Date: date}
		r.days[date] = d
	}
	return d
}

// heads reads when Macie was enabled for accounts for the first time.
func heads(ctx context.Context, tx *store.Tx, region string, accounts []macie2.AccountID) ([]head, error) {
	list := make([]head, len(accounts))
	at := make(map[macie2.AccountID]int, len(accounts))
	for i, id := range accounts {
		list[i].account, at[id] = id, i
	}
	err := tx.Query(ctx, func(r store.Row) error {
		var h head
		if err := r.Scan(&h.account, &h.enabledAt, &h.automatedAt); err != nil {
			return err
		}
		list[at[h.account]] = h
		return nil
	}, `select account_id, enabled_at, automated_at from usage_account where region = $1 and `+tx.Any("account_id", 2),
		region, store.ListOf(accounts))
	return list, err
}

// readBatch is how many accounts are added up at a time.
const readBatch = 500

// question is what is asked of what was metered: in a Region, of a time, as of now, and whether each day is wanted, too.
type question struct {
	region string
	period period
	now    time.Time
	days   bool
}

// read adds up what was metered of accounts.
func (s *Service) read(ctx context.Context, tx *store.Tx, list []head, x question) ([]*report, error) {
	reports := make([]*report, len(list))
	for i := range list {
		reports[i] = &report{head: list[i], months: make([][4]monthly, len(x.period.months))}
		if x.days {
			reports[i].days = map[string]*Day{}
		}
	}
	for from := 0; from < len(reports); from += readBatch {
		if err := s.readSome(ctx, tx, x.region, reports[from:min(len(reports), from+readBatch)], x.period, x.now); err != nil {
			return nil, err
		}
	}
	return reports, nil
}

func (s *Service) readSome(ctx context.Context, tx *store.Tx, region string, reports []*report, w period, now time.Time) error {
	accounts := make([]macie2.AccountID, len(reports))
	byAccount := make(map[macie2.AccountID]*report, len(reports))
	type month struct {
		r *report
		i int
	}
	byScope := make(map[string]month, len(reports)*len(w.months))
	var scopes store.List
	for i, r := range reports {
		accounts[i], byAccount[r.account] = r.account, r
		for j, first := range w.months {
			name := scope(region, r.account, first.Format(monthLayout))
			byScope[name] = month{r, j}
			scopes = append(scopes, name)
		}
	}
	from, to := w.from.Format(dayLayout), w.to.Format(dayLayout)
	err := tx.TalliesOf(ctx, scopes, func(scope, name string, n int64) {
		if m := byScope[scope]; m.r != nil {
			m.r.tally(m.i, name, n, from, to)
		}
	})
	if err != nil {
		return err
	}
	if err := readWatched(ctx, tx, region, accounts, byAccount, w); err != nil {
		return err
	}
	if s.quota != nil {
		used, err := s.quota(ctx, tx, region, accounts, now)
		if err != nil {
			return err
		}
		for _, r := range reports {
			r.quota = used[r.account]
		}
	}
	for _, r := range reports {
		r.price(s.prices, w)
	}
	return nil
}

// tally takes over what Meter or Flush counted, by its name.
func (r *report) tally(month int, name string, n int64, from, to string) {
	date, what, _ := strings.Cut(name, " ")
	if date > to {
		return // counted by a node whose clock is ahead
	}
	within := date >= from
	if what == countRequests {
		if within {
			r.requests += n
			if d := r.day(date); d != nil {
				d.Requests += n
			}
		}
		return
	}
	kind, count, _ := strings.Cut(what, " ")
	i := kindOf(macie2.UsageType(kind))
	if i < 0 {
		return // of a newer program
	}
	switch {
	case count == countBytes && !within:
		r.months[month][i].before += n
		return
	case count == countBytes:
		r.months[month][i].within += n
	case count == countObjects && within:
		r.objects[i] += n
	default:
		return
	}
	d := r.day(date)
	if d == nil {
		return
	}
	automated := macie2.UsageType(kind) == macie2.UsageTypeAutomatedSensitiveDataDiscovery
	switch {
	case count == countBytes && automated:
		d.AutomatedBytes += n
	case count == countBytes:
		d.JobBytes += n
	case automated:
		d.AutomatedObjects += n
	default:
		d.JobObjects += n
	}
}

// readWatched adds what was watched.
func readWatched(ctx context.Context, tx *store.Tx, region string, accounts []macie2.AccountID, byAccount map[macie2.AccountID]*report, w period) error {
	first, from, to := w.months[0].Format(dayLayout), w.from.Format(dayLayout), w.to.Format(dayLayout)
	month := make(map[string]int, len(w.months))
	for i, m := range w.months {
		month[m.Format(monthLayout)] = i
	}
	for _, part := range []struct {
		from, to string // a range of days, the second not included
		within   bool
	}{{first, from, false}, {from, to + "~", true}} {
		err := tx.Query(ctx, func(row store.Row) error {
			var account macie2.AccountID
			var name string
			var buckets, monitored int64
			if err := row.Scan(&account, &name, &buckets, &monitored); err != nil {
				return err
			}
			r, i := byAccount[account], month[name]
			for kind, n := range map[macie2.UsageType]int64{macie2.UsageTypeDataInventoryEvaluation: buckets, macie2.UsageTypeAutomatedObjectMonitoring: monitored} {
				m := &r.months[i][kindOf(kind)]
				if part.within {
					m.within += n
				} else {
					m.before += n
				}
			}
			return nil
		}, `select account_id, substr(day, 1, 7), cast(sum(buckets) as bigint), cast(sum(monitored) as bigint) from usage_watch
			where region = $1 and `+tx.Any("account_id", 2)+` and day >= $3 and day < $4 group by account_id, substr(day, 1, 7)`,
			region, store.ListOf(accounts), part.from, part.to)
		if err != nil {
			return err
		}
	}
	// The last look is of today, or of yesterday shortly after midnight; where all days are wanted, they are all read.
	since := w.to.AddDate(0, 0, -1).Format(dayLayout)
	if byAccount[accounts[0]].days != nil {
		since = from
	}
	return tx.Query(ctx, func(row store.Row) error {
		var account macie2.AccountID
		var date string
		var buckets, objects, monitored int64
		if err := row.Scan(&account, &date, &buckets, &objects, &monitored); err != nil {
			return err
		}
		r := byAccount[account]
		r.buckets, r.watching = buckets, objects
		if d := r.day(date); d != nil {
			d.Buckets, d.Objects, d.MonitoredObjects = buckets, objects, monitored
		}
		return nil
	}, `select account_id, day, buckets, objects, monitored from usage_watch
		where region = $1 and `+tx.Any("account_id", 2)+` and day >= $3 and day <= $4 order by day`, region, store.ListOf(accounts), since, to)
}

// price says what all that costs.
func (r *report) price(p Prices, w period) {
	if len(p) == 0 {
		return
	}
	total := new(big.Rat)
	for i, kind := range totalsOrder {
		sum := new(big.Rat)
		for j, month := range w.months {
			sum.Add(sum, p.cost(kind, month, r.months[j][i]))
		}
		r.costs[i] = micros(sum)
		total.Add(total, sum)
	}
	r.total = micros(total)
}
