package sampling

import (
	"container/heap"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"magpie/internal/analyse"
	"magpie/internal/discovery"
	"magpie/internal/finding"
	"magpie/internal/identifier"
	"magpie/internal/inventory"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
	"magpie/internal/queue"
	"magpie/internal/store"
	"magpie/internal/usage"
)

// shareKind is the kind of the tasks that do a share of a cycle.
const shareKind = "sampling.share"

const (
	// So many objects of a visit are read at once.
	readAtOnce = 4
	// A store that fails so often in a row is left alone until the next cycle.
	mostFailures = 10
	// maxTickets bounds the objects that a share keeps in mind to choose from.
	maxTickets = 200_000
)

// shareState is how far a share has come: the payload of its task. What it has spent includes what it has reserved for the visit under way.
type shareState struct {
	Region string           `json:"region"`
	Holder macie2.AccountID `json:"holder"`
	Cycle  int64            `json:"cycle"`
	Begun  int64            `json:"begun"` // tells cycles of the same number apart, before and after Macie was disabled
	Owner  macie2.AccountID `json:"owner"`
	Store  string           `json:"store"`

	Bytes    int64 `json:"bytes,omitempty"`
	Requests int64 `json:"requests,omitempty"`

	// Reading has the digests of the objects that are being read, and Suspects those that were when a process died, with how often it did so
	// while it read that object alone: see deadly.go.
	Reading  []string       `json:"reading,omitempty"`
	Suspects map[string]int `json:"suspects,omitempty"`
}

func (p *shareState) key() string {
	return strings.Join([]string{p.Region, string(p.Holder), strconv.FormatInt(p.Begun, 10), string(p.Owner), p.Store}, "/")
}

// run names the cycle in findings: an object has one finding in each. The owner is in it since buckets of two may have the same name.
func (p *shareState) run() string {
	return strings.Join([]string{"automated", string(p.Owner), strconv.FormatInt(p.Begun, 10)}, "/")
}

// errOver says that the cycle was stopped, or does not look at the account any more.
var errOver = errors.New("automated discovery was stopped for the account")

// worker is a share while it is worked on.
type worker struct {
	s        *Service
	held     *queue.Held
	state    shareState
	settings cycleSettings
	search   *analyse.Search
	options  options
	rates    *rates
	open     map[string]*visited // buckets that were listed in this attempt
	tickets  int64               // of all of these
	listed   map[string]bool     // parts that were listed in this attempt: what one that died had listed is listed again, and drawn from
	failures int                 // in a row
	failure  error
}

// visited is a part of a bucket that was listed.
type visited struct {
	reading *discovery.Reading
	part    *part
	seen    seenSet
	draw    *draw
	listed  int64 // requests
}

// share does a share of a cycle.
func (s *Service) share(ctx context.Context, h *queue.Held) queue.Outcome {
	w := &worker{s: s, held: h, rates: newRates(), open: map[string]*visited{}, listed: map[string]bool{}}
	if err := h.Task().Decode(&w.state); err != nil {
		return queue.Outcome{Status: queue.Refused, Detail: err.Error()}
	}
	w.state.suspect()
	err := w.prepare(ctx)
	why := ""
	if err == nil {
		why, err = w.run(ctx)
	}
	var missing *identifier.MissingError
	var config *analyse.ConfigError
	switch {
	case err == nil:
		return queue.Outcome{Status: queue.Done, Detail: why}
	case errors.Is(err, errOver):
		return queue.Outcome{Status: queue.Done, Detail: err.Error()}
	case errors.As(err, &missing), errors.As(err, &config):
		return queue.Outcome{Status: queue.Refused, Detail: err.Error()}
	}
	return queue.Outcome{Detail: err.Error()}
}

// still returns errOver unless the cycle is under way, and looks at the account.
func (w *worker) still(ctx context.Context, tx *store.Tx) error {
	p := &w.state
	var one int64
	err := tx.QueryRow(ctx, `select count(*) from discovery_cycle where region = $1 and account_id = $2 and cycle = $3 and begun_at = $4 and status = 'RUNNING'`,
		p.Region, p.Holder, p.Cycle, p.Begun).Scan(&one)
	if err != nil {
		return err
	}
	holder, err := holderOf(ctx, tx, p.Region, p.Owner)
	if err != nil {
		return err
	}
	if one == 0 || holder != p.Holder {
		return errOver
	}
	x, err := find(ctx, tx, p.Region, p.Holder)
	if err != nil {
		return err
	}
	shown, err := x.shown(ctx, tx)
	if err != nil {
		return err
	}
	on, err := x.covers(ctx, tx, p.Owner)
	if err == nil && !(shown && on) {
		err = errOver
	}
	return err
}

// prepare reads what the cycle goes by, and the buckets that there are.
func (w *worker) prepare(ctx context.Context) error {
	p := &w.state
	var buckets []inventory.Holding
	known := map[string]*profile{}
	err := w.s.db.View(ctx, func(tx *store.Tx) error {
		if err := w.still(ctx, tx); err != nil {
			return err
		}
		var text string
		err := tx.QueryRow(ctx, `select settings from discovery_cycle where region = $1 and account_id = $2 and cycle = $3`, p.Region, p.Holder, p.Cycle).Scan(&text)
		if err != nil {
			return err
		}
		w.settings = cycleSettings{}
		return json.Unmarshal([]byte(text), &w.settings)
	})
	if err != nil {
		return err
	}
	if w.search, err = w.s.reader.Search(ctx, w.settings.Template.wantedBy(p.Region, p.Holder)); err != nil {
		return err
	}
	const page = 1000
	for after, more := "", true; more; {
		err := w.s.db.View(ctx, func(tx *store.Tx) error {
			list, err := inventory.Holdings(ctx, tx, p.Region, p.Owner, inventory.HoldingsPage{StoreID: p.Store, After: after, Most: page})
			if err != nil || len(list) == 0 {
				more = false
				return err
			}
			names := make([]string, len(list))
			for i, b := range list {
				names[i] = b.Name
			}
			some, err := profiles(ctx, tx, p.Region, p.Holder, p.Owner, names)
			if err != nil {
				return err
			}
			for name, x := range some {
				known[name] = x
			}
			buckets = append(buckets, list...)
			after, more = list[len(list)-1].Name, len(list) == page
			return nil
		})
		if err != nil {
			return err
		}
	}
	if err := w.s.forgetGone(ctx, p.Region, p.Holder, p.Owner); err != nil {
		return err
	}
	excluded := map[string]bool{}
	for _, name := range w.settings.Excluded {
		excluded[name] = true
	}
	for _, b := range buckets {
		x := known[b.Name]
		if x == nil {
			x = &profile{}
		}
		if excluded[b.Name] || x.overridden || b.ErrorCode != "" || b.Objects != nil && *b.Objects == 0 && x.facts.Objects == 0 {
			continue
		}
		o, err := w.option(ctx, &b, x)
		if err != nil {
			return err
		}
		w.options = append(w.options, o)
	}
	for i, o := range w.options {
		o.place = i
		o.weigh(w.rates.overall())
	}
	heap.Init(&w.options)
	return nil
}

// option describes a bucket by what the last census counted, and by what is known already.
func (w *worker) option(ctx context.Context, b *inventory.Holding, x *profile) (*option, error) {
	f := &x.facts
	o := &option{name: b.Name, objects: max(f.Objects, macie2.Deref(b.Classifiable)), analysed: f.analysed(), sensitive: f.Kinds[sensitive],
		skipped: f.skipped(), groupsIn: f.GroupsSeen, groups: f.Groups, size: 1 << 20}
	if n := macie2.Deref(b.Classifiable); n > 0 {
		o.size = float64(macie2.Deref(b.ClassifiableSize)) / float64(n)
	}
	o.changed = x.revision > 0 && b.Classifiable != nil && *b.Classifiable != f.Objects
	groups, err := w.s.inventory.Groups(ctx, inventory.BucketName{Region: w.state.Region, Account: w.state.Owner, Name: b.Name})
	if err != nil {
		return nil, err
	}
	counted := int64(0)
	for _, g := range groups {
		if byExtension, byClass := inventory.Classifiable("x."+g.Extension, g.Class); !byExtension || !byClass || g.Objects == 0 {
			continue
		}
		counted++
		o.size = min(o.size, float64(g.Size)/float64(g.Objects))
	}
	o.groups = max(o.groups, counted)
	return o, nil
}

// run visits buckets while the budget lasts, and says why it has ended.
func (w *worker) run(ctx context.Context) (string, error) {
	for {
		if w.s.beforeVisit != nil {
			w.s.beforeVisit()
		}
		o := w.options.next()
		switch {
		case o == nil:
			return w.check(ctx)
		case w.state.Bytes >= w.settings.Budget.Bytes:
			return w.check(ctx)
		case w.state.Requests >= w.settings.Budget.Requests:
			return "the budget of requests was spent", nil
		}
		err := w.visit(ctx, o)
		switch {
		case err == nil:
			w.failures = 0
		case inventory.OfStore(err) || errors.Is(err, inventory.ErrNoBucket):
			if ctx.Err() != nil {
				return "", context.Cause(ctx)
			}
			o.over = true
			if objectstore.Passing(err) {
				if w.failures++; w.failures >= mostFailures {
					return "the store could not be used: " + inventory.Explain(err), nil
				}
			}
			w.s.log.Info("automated discovery cannot look at a bucket", "account", w.state.Owner, "bucket", o.name, "error", err)
		default:
			return "", err
		}
		if v := w.open[o.name]; o.over && v != nil {
			w.close(o.name, v)
		}
		w.options.again(o, w.rates.overall())
		w.held.Alive()
	}
}

func (w *worker) close(name string, v *visited) {
	w.tickets -= v.draw.left
	delete(w.open, name)
}

// key names what the holder knows of a bucket.
func (w *worker) key(bucket string) bucketKey {
	return bucketKey{w.state.Region, w.state.Holder, w.state.Owner, bucket}
}

// visit chooses objects of a bucket, and analyses them.
func (w *worker) visit(ctx context.Context, o *option) error {
	if o.sensitive >= mostSensitive {
		o.over = true
		return nil
	}
	v := w.open[o.name]
	for v == nil || v.draw.left == 0 {
		if v != nil {
			w.close(o.name, v)
			if v.draw.more { // for those that got no ticket
				delete(w.listed, o.name+"/"+v.part.id)
			}
		}
		if w.state.Requests >= w.settings.Budget.Requests {
			return nil
		}
		var err error
		if v, err = w.list(ctx, o, o.why()); err != nil {
			return err
		}
		if v == nil { // all of it was listed, and there is nothing to choose
			o.over = true
			return nil
		}
		if w.tickets+v.draw.left > maxTickets {
			for name, x := range w.open {
				w.close(name, x)
			}
		}
		w.open[o.name] = v
		w.tickets += v.draw.left
	}
	before := v.draw.left
	k := min(int64(manyObjects(o.visits, v.listed)), w.settings.Budget.Requests-w.state.Requests)
	chosen := v.draw.pick(int(k), w.settings.Budget.Bytes-w.state.Bytes, w.rates)
	w.tickets -= before - v.draw.left
	if len(chosen) == 0 {
		return nil
	}
	why := o.why()
	for _, batch := range w.state.batches(chosen) {
		if err := w.batch(ctx, o, v, why, batch); err != nil {
			return err
		}
	}
	o.visits++
	_, o.groupsIn, _ = v.draw.numbers()
	return nil
}

// batch reads some of the objects that a visit has chosen, and learns from what came of them.
func (w *worker) batch(ctx context.Context, o *option, v *visited, why string, chosen []objectstore.Object) error {
	if err := w.reserve(ctx, chosen); err != nil {
		return err
	}
	results, err := w.read(ctx, v, chosen)
	w.state.Reading = nil
	if err != nil {
		return err
	}
	if err := w.commit(ctx, v, why, results); err != nil {
		return err
	}
	for _, r := range results {
		if r.analysis == nil {
			continue
		}
		v.draw.learnt(&r.object, r.kind)
		switch r.kind {
		case clean, sensitive:
			o.analysed++
			w.rates.add(inventory.Extension(r.object.Key), r.kind == sensitive)
			if r.kind == sensitive {
				o.sensitive++
			}
		default:
			o.skipped++
		}
	}
	return nil
}

// requestsFor is about how many requests reading an object makes.
func requestsFor(size int64) int64 {
	const whole, block = 8 << 20, 4 << 20
	if size <= whole {
		return 1
	}
	return 1 + (size+block-1)/block
}

// reserve spends what objects cost before they are read: a share that dies meanwhile has spent it, and does not exceed its budget.
func (w *worker) reserve(ctx context.Context, chosen []objectstore.Object) error {
	next := w.state
	next.Reading = make([]string, len(chosen))
	for i, o := range chosen {
		next.Bytes += o.Size
		next.Requests += requestsFor(o.Size)
		next.Reading[i] = digestOf(&o).String()
	}
	err := w.s.background.Tx(ctx, lane(w.state.Region, w.state.Holder), func(tx *store.Tx) error {
		if err := w.held.Progress(ctx, tx, next); err != nil {
			return err
		}
		return w.still(ctx, tx)
	})
	if err == nil {
		w.state = next
	}
	return err
}

// result is an object that was chosen, and what came of it: nothing, where another cycle may have more luck.
type result struct {
	object   objectstore.Object
	analysis *finding.Analysis
	kind     kind
	bytes    int64
}

// read reads and analyses objects.
func (w *worker) read(ctx context.Context, v *visited, chosen []objectstore.Object) ([]*result, error) {
	results := make([]*result, len(chosen))
	var group sync.WaitGroup
	lanes := make(chan struct{}, readAtOnce)
	var mu sync.Mutex
	failed := 0
	for i := range chosen {
		results[i] = &result{object: chosen[i]}
		lanes <- struct{}{}
		group.Go(func() {
			defer func() { <-lanes }()
			r := results[i]
			if w.state.deadly(&r.object) {
				w.s.log.Warn("an object is passed over: every process that read it has died", "account", w.state.Owner, "bucket", v.part.Bucket)
				r.analysis = v.reading.PassedOver(&r.object)
				r.analysis.At, r.kind = w.s.now().UTC(), kindOf(r.analysis)
				return
			}
			a, bytes, err := w.s.reader.Read(ctx, v.reading, &r.object, false)
			w.held.Alive()
			if err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed++
				w.failure = err
				return
			}
			a.At = w.s.now().UTC()
			r.analysis, r.kind, r.bytes = a, kindOf(a), bytes
		})
	}
	group.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if failed == len(chosen) {
		return nil, fmt.Errorf("read objects of bucket %s: %w", v.part.Bucket, w.failure)
	}
	return results, nil
}

// commit records what came of objects, in one transaction.
func (w *worker) commit(ctx context.Context, v *visited, why string, results []*result) error {
	batch := finding.Batch{Region: w.state.Region, Creator: w.state.Holder}
	next := *v.part
	all := make(seenSet, len(v.seen)+len(results))
	for d, k := range v.seen {
		all[d] = k
	}
	var samples []sampled
	cost := spent{why: why}
	metered, read := int64(0), int64(0)
	state := w.state
	state.Suspects = state.cleared(results)
	for _, r := range results {
		if r.analysis == nil {
			continue
		}
		batch.Analyses = append(batch.Analyses, r.analysis)
		d := digestOf(&r.object)
		if was, again := all[d]; again {
			next.counts.Kinds[was]--
		}
		all[d] = r.kind
		next.counts.Kinds[r.kind]++
		if r.kind == clean || r.kind == sensitive {
			next.counts.Bytes += r.object.Size
		}
		samples = append(samples, sampled{id: d, part: next.id, key: r.object.Key, kind: r.kind, status: macie2.Deref(r.analysis.Result.Status.Code),
			detections: detectionsOf(r.analysis), at: r.analysis.At.UnixMilli()})
		cost.add(r)
		metered += r.bytes
		if r.bytes > 0 {
			read++
		}
	}
	next.counts.Groups, next.counts.GroupsSeen, next.counts.InSeen = v.draw.numbers()
	prepared, err := w.s.findings.Prepare(ctx, batch)
	if err != nil {
		return err
	}
	now := w.s.now()
	err = w.s.background.Tx(ctx, lane(w.state.Region, w.state.Holder), func(tx *store.Tx) error {
		if err := w.held.Progress(ctx, tx, state); err != nil {
			return err
		}
		if err := w.still(ctx, tx); err != nil {
			return err
		}
		if err := next.save(tx, all); err != nil {
			return err
		}
		if err := keepSamples(ctx, tx, next.bucketKey, samples); err != nil {
			return err
		}
		if _, err := w.s.findings.Write(ctx, tx, prepared); err != nil {
			return err
		}
		if err := cost.write(ctx, tx, &w.state, next.Bucket); err != nil {
			return err
		}
		usage.Meter(tx, now, w.state.Region, w.state.Owner, usage.Amount{Kind: macie2.UsageTypeAutomatedSensitiveDataDiscovery, Bytes: metered, Objects: read})
		return w.s.renew(ctx, tx, next.bucketKey, now.UnixMilli(), true)
	})
	if err != nil {
		return next.wrap(err)
	}
	next.revision++
	w.state, v.part, v.seen = state, &next, all
	return nil
}

// renew sums up what is known of a bucket, and has it judged again.
func (s *Service) renew(ctx context.Context, tx *store.Tx, k bucketKey, now int64, discovered bool) error {
	p, err := findProfile(ctx, tx, k)
	if err != nil {
		return err
	}
	if err := p.sum(ctx, tx); err != nil {
		return err
	}
	p.updatedAt = now
	if discovered {
		p.discoveredAt = &now
	}
	if err := p.save(tx); err != nil {
		return err
	}
	return s.inventory.Restand(ctx, tx, k.Region, k.Owner, k.Bucket)
}

// spent is what a visit cost, and brought.
type spent struct {
	why                                          string
	bytes, requests, objects, sensitive, skipped int64
}

func (c *spent) add(r *result) {
	c.objects++
	c.bytes += r.object.Size
	c.requests += requestsFor(r.object.Size)
	switch r.kind {
	case clean:
	case sensitive:
		c.sensitive++
	default:
		c.skipped++
	}
}

// write adds a visit to what can be read back of its cycle.
func (c *spent) write(ctx context.Context, tx *store.Tx, p *shareState, bucket string) error {
	var why string
	err := tx.QueryRow(ctx, `select why from discovery_visit where region = $1 and account_id = $2 and cycle = $3 and owner_id = $4 and bucket = $5`,
		p.Region, p.Holder, p.Cycle, p.Owner, bucket).Scan(&why)
	if err != nil && !isNone(err) {
		return err
	}
	switch {
	case why == "":
		why = c.why
	case !strings.Contains(why, c.why):
		why += "; " + c.why
	}
	tx.Defer(`insert into discovery_visit (region, account_id, cycle, owner_id, bucket, why, bytes, requests, objects, sensitive, skipped)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict (region, account_id, cycle, owner_id, bucket) do update
		set why = excluded.why, bytes = discovery_visit.bytes + excluded.bytes, requests = discovery_visit.requests + excluded.requests,
			objects = discovery_visit.objects + excluded.objects, sensitive = discovery_visit.sensitive + excluded.sensitive,
			skipped = discovery_visit.skipped + excluded.skipped`,
		p.Region, p.Holder, p.Cycle, p.Owner, bucket, why, c.bytes, c.requests, c.objects, c.sensitive, c.skipped)
	tx.DeferExpect(1, `update discovery_share set bytes = $6, requests = $7, objects = objects + $8, sensitive = sensitive + $9, skipped = skipped + $10
		where region = $1 and account_id = $2 and cycle = $3 and owner_id = $4 and store_id = $5`,
		p.Region, p.Holder, p.Cycle, p.Owner, p.Store, p.Bytes, p.Requests, c.objects, c.sensitive, c.skipped)
	return nil
}

// check lists, with the requests that are left, the parts that were not listed in this cycle: what has changed or is gone is withdrawn.
func (w *worker) check(ctx context.Context) (string, error) {
	why := "everything that is there was looked at"
	if w.state.Bytes >= w.settings.Budget.Bytes {
		why = "the budget of bytes was spent"
	}
	var names []string
	err := w.s.db.View(ctx, func(tx *store.Tx) error {
		names = nil
		return tx.Query(ctx, func(r store.Row) error {
			var name string
			err := r.Scan(&name)
			names = append(names, name)
			return err
		}, `select p.bucket from sample_part p where p.region = $1 and p.holder_id = $2 and p.account_id = $3 and p.cycle <> $4 and exists
				(select 1 from bucket b where b.region = $1 and b.account_id = $3 and b.name = p.bucket and b.store_id = $5 and b.error_code is null)
			group by p.bucket order by min(p.listed_at), p.bucket limit 10000`,
			w.state.Region, w.state.Holder, w.state.Owner, w.state.Cycle, w.state.Store)
	})
	if err != nil {
		return "", err
	}
	excluded := map[string]bool{}
	for _, name := range w.settings.Excluded {
		excluded[name] = true
	}
	for _, name := range names {
		if excluded[name] {
			continue // what is known of it stays as it is
		}
		for {
			if w.state.Requests >= w.settings.Budget.Requests {
				return "the budget of requests was spent", nil
			}
			v, err := w.list(ctx, &option{name: name}, whyCheck)
			if ctx.Err() != nil {
				return "", context.Cause(ctx)
			}
			if err != nil && !inventory.OfStore(err) && !errors.Is(err, inventory.ErrNoBucket) {
				return "", err
			}
			if err != nil || v == nil {
				break
			}
			w.held.Alive()
		}
	}
	return why, nil
}

// list lists the part of a bucket whose turn it is, and records what is gone. It returns nil when all of its parts were listed.
func (w *worker) list(ctx context.Context, o *option, why string) (*visited, error) {
	k := w.key(o.name)
	name := inventory.BucketName{Region: k.Region, Account: k.Owner, Name: k.Bucket}
	b, err := w.s.inventory.Open(ctx, k.Region, k.Owner, k.Bucket)
	if err != nil {
		return nil, err
	}
	splits, err := w.s.inventory.Splits(ctx, name)
	if err != nil {
		return nil, err
	}
	var facts macie2.S3Bucket
	var all []*part
	var p *part
	var was seenSet
	err = w.s.db.View(ctx, func(tx *store.Tx) (err error) {
		p = nil
		if facts, err = w.s.inventory.S3Bucket(ctx, tx, name); err != nil {
			return err
		}
		if all, err = parts(ctx, tx, k); err != nil {
			return err
		}
		if len(all) == 0 {
			all = firstParts(k, splits)
		}
		for _, x := range all {
			if !w.listed[o.name+"/"+x.id] && (p == nil || x.listedAt < p.listedAt) {
				p = x
			}
		}
		if p != nil {
			was, err = p.seen(ctx, tx)
		}
		return err
	})
	if err != nil || p == nil {
		return nil, err
	}
	l := &listing{w: w, part: *p, was: was, alive: seenSet{}, draw: newDraw(w.state.run(), month(w.s.now()))}
	rest, err := l.run(ctx, b)
	if err != nil {
		return nil, err
	}
	var fresh []*part // which are not written yet
	for _, x := range all {
		if x.revision == 0 && x != p {
			fresh = append(fresh, x)
		}
	}
	if err := w.record(ctx, l, fresh, rest, why); err != nil {
		return nil, err
	}
	w.listed[o.name+"/"+l.part.id] = true
	next := l.part
	next.revision++
	return &visited{
		part: &next, seen: l.alive, draw: l.draw, listed: l.requests,
		reading: &discovery.Reading{Region: k.Region, Run: w.state.run(), Origin: macie2.OriginTypeAutomatedSensitiveDataDiscovery, Creator: k.Holder,
			Owner: k.Owner, Bucket: b, Facts: facts, Search: w.search},
	}, nil
}

// listing is a part of a bucket while it is listed.
type listing struct {
	w        *worker
	part     part
	was      seenSet // what was analysed before
	alive    seenSet // what of it is there still, unchanged
	draw     *draw
	requests int64
}

// run lists the part. A part with too many objects ends where it has enough; what is left is a part of its own, rest.
func (l *listing) run(ctx context.Context, b *inventory.Bucket) (rest *part, err error) {
	c := counts{}
	budget := l.w.settings.Budget
	for after := l.part.after; ; {
		page, err := b.List(ctx, after, l.part.to, 0)
		if err != nil {
			return nil, err
		}
		l.requests++
		l.w.held.Alive()
		for i := range page.Objects {
			o := &page.Objects[i]
			after = o.Key
			c.Objects++
			byExtension, byClass := inventory.Classifiable(o.Key, o.StorageClass)
			if !byExtension || !byClass || strings.HasSuffix(o.Key, "/") && o.Size == 0 {
				continue
			}
			c.Classifiable++
			d := digestOf(o)
			var known *kind
			if k, ok := l.was[d]; ok {
				known = &k
				l.alive[d] = k
				c.Kinds[k]++
				if k == clean || k == sensitive {
					c.Bytes += o.Size
				}
			}
			l.draw.add(o, known, o.Size > 0 && o.Size <= budget.Bytes && discovery.Readable(o))
		}
		if !page.More {
			break
		}
		if c.Objects >= 2*partObjects {
			rest = &part{bucketKey: l.part.bucketKey, id: partID(after), after: after, to: l.part.to}
			l.part.to = after
			break
		}
	}
	c.Groups, c.GroupsSeen, c.InSeen = l.draw.numbers()
	l.part.counts, l.part.cycle, l.part.listedAt = c, l.w.state.Cycle, l.w.s.now().UnixMilli()
	return rest, nil
}

// record writes what a listing has found: what is gone or has changed does not count any more.
func (w *worker) record(ctx context.Context, l *listing, fresh []*part, rest *part, why string) error {
	next := w.state
	next.Requests += l.requests
	now := w.s.now().UnixMilli()
	err := w.s.background.Tx(ctx, lane(w.state.Region, w.state.Holder), func(tx *store.Tx) error {
		if err := w.held.Progress(ctx, tx, next); err != nil {
			return err
		}
		if err := w.still(ctx, tx); err != nil {
			return err
		}
		if err := insertParts(tx, fresh); err != nil {
			return err
		}
		if err := l.part.save(tx, l.alive); err != nil {
			return err
		}
		if rest != nil { // what was analysed of it is sorted out when it is listed
			if err := rest.save(tx, l.was); err != nil {
				return err
			}
		}
		if err := dropSamples(ctx, tx, &l.part, l.alive, rest); err != nil {
			return err
		}
		if err := (&spent{why: why, requests: l.requests}).write(ctx, tx, &next, l.part.Bucket); err != nil {
			return err
		}
		return w.s.renew(ctx, tx, l.part.bucketKey, now, false)
	})
	if err == nil {
		w.state = next
	}
	return l.part.wrap(err)
}
