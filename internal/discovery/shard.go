package discovery

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"magpie/internal/analyse"
	"magpie/internal/finding"
	"magpie/internal/inventory"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
	"magpie/internal/queue"
	"magpie/internal/store"
	"magpie/internal/usage"
)

const (
	shardKind = "discovery.shard"
	// What came of objects is committed when so many of them are ready, which is a page of a listing, or this long after the first of them was.
	commitObjects = objectstore.MaxPage
	commitAfter   = 5 * time.Second
	// A bucket that cannot be listed, and an object that cannot be read for a reason that may pass, are tried so often.
	bucketTries = 4
	objectTries = 5
	// Attempts that failed, or ended with the death of their process, since the last that something was committed. After the first number the
	// objects of a page are read one by one, so that what kills a process is the one after what is committed; after the second that object has a
	// result without being read; after the third nothing more of the shard is looked at. Errors end a shard before.
	carefulAfter = 4
	objectDeaths = 20
	shardDeaths  = 30
	// So much time is worth a shard of its own: it costs the database three transactions.
	worthTime = time.Second
	// A shard is worked on for so long before it is split for a node that has nothing to do.
	wantedAfter = worthTime / 4
	// A shard that was not worth splitting is looked at again after this.
	splitAgain = 5 * time.Second
	// So many objects of a shard are on their way at once, at most and at least.
	underWay = 64
	leastWay = 4
)

// shardState is how far a shard has come: the payload of its task. After and To are keys as inventory.EncodeKey writes them: the
// shard is what follows the one, up to and including the other; an empty To is the end of the bucket.
type shardState struct {
	name
	Run    int64            `json:"run"`
	Owner  macie2.AccountID `json:"owner"`
	Bucket string           `json:"bucket"`
	After  string           `json:"after,omitempty"`
	To     string           `json:"to,omitempty"`
}

// decodeKey reads a key of a payload; an absent one is the beginning or the end.
func decodeKey(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	return inventory.DecodeKey(text)
}

// digest shortens a key to where it can be part of a task's name.
func digest(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:8])
}

// worker is a shard while it is worked on.
type worker struct {
	s      *Service
	held   *queue.Held
	state  shardState
	after  string // the key up to which all is done, and all is committed but what was passed over
	passed passed
	to     string
	job    *job
	scope  scope
	search *analyse.Search
	bucket *inventory.Bucket
	// reading is what its objects are read for.
	reading *Reading
	used    allowance
	met     atomic.Bool    // the quota has no room for what comes next
	lists   sync.WaitGroup // listings under way
	looked  time.Time      // when it was last seen that the bucket's account may be looked at
	whole   time.Time      // when it was begun, or split last
	unsplit time.Time      // when it was last seen that a split is not worth it
	began   time.Time      // when the first object was begun; done are those that are done since
	done    atomic.Int64
	cut     bool        // the page was given up before its end, for a split
	deadly  atomic.Bool // the object that processes die of has its result
	careful int         // attempts that came to nothing, while they are a reason to read objects one by one
}

// allowance is what jobs have analysed of the bucket's account in the month, as far as this shard knows, and what it is about to add.
type allowance struct {
	mu             sync.Mutex
	quota          int64
	used, underWay int64 // bytes
}

// take reserves bytes, and reports whether the quota has room for them.
func (a *allowance) take(n int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.used+a.underWay+n > a.quota {
		return false
	}
	a.underWay += n
	return true
}

// settle takes over what is used by now, and gives back what was reserved.
func (a *allowance) settle(used, n int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.used, a.underWay = used, max(0, a.underWay-n)
}

// shard works through a range of keys.
func (s *Service) shard(ctx context.Context, h *queue.Held) queue.Outcome {
	if n := s.attempts(h.Task()); n >= shardDeaths {
		return queue.Outcome{Status: queue.Refused, Detail: fmt.Sprintf("%d attempts ended before anything of it was done", n), Result: eventBucketUnavailable}
	}
	heap.enter()
	defer heap.leave()
	w := &worker{s: s, held: h, used: allowance{quota: s.quota}}
	err := w.prepare(ctx)
	if err == nil {
		err = w.run(ctx)
	}
	return w.outcome(ctx, err)
}

// outcome says what becomes of the task after an error, or without one.
func (w *worker) outcome(ctx context.Context, err error) queue.Outcome {
	switch {
	case err == nil:
		return queue.Outcome{Status: queue.Done, Result: w.passed.objects}
	case errors.Is(err, errOver):
		return queue.Outcome{Status: queue.Done, Detail: err.Error()}
	case ctx.Err() != nil, errors.Is(err, queue.ErrLeaseLost), errors.Is(err, errQuota):
		return queue.Outcome{Detail: err.Error()}
	}
	o := queue.Outcome{Detail: err.Error()}
	if event, tries, final := eventOf(err); final || w.held.Task().Attempt+1 >= tries {
		o.Status, o.Result = queue.Refused, event
	}
	return o
}

// prepare reads all that stays the same while the shard is worked on.
func (w *worker) prepare(ctx context.Context) (err error) {
	if err := w.held.Task().Decode(&w.state); err != nil {
		return err
	}
	p := &w.state
	if w.after, err = decodeKey(p.After); err != nil {
		return p.wrap(err)
	}
	if w.to, err = decodeKey(p.To); err != nil {
		return p.wrap(err)
	}
	var facts macie2.S3Bucket
	err = w.s.db.View(ctx, func(tx *store.Tx) (err error) {
		if w.job, err = runOf(ctx, tx, p.name, p.Run); err != nil {
			return err
		}
		if event, err := w.s.barred(ctx, tx, p.name, p.Owner); err != nil {
			return err
		} else if event != "" {
			return &outOfReach{event: event}
		}
		w.looked = time.Now()
		if facts, err = w.s.inventory.S3Bucket(ctx, tx, inventory.BucketName{Region: p.Region, Account: p.Owner, Name: p.Bucket}); err != nil {
			return err
		}
		w.used.used, err = usedBytes(ctx, tx, p.Region, p.Owner, w.s.now())
		return err
	})
	if err != nil {
		return p.wrap(err)
	}
	if w.scope, err = compileScope(w.job.definition.S3JobDefinition.Scoping); err != nil {
		return p.wrap(err)
	}
	if w.search, err = w.s.search(ctx, w.job); err != nil {
		return p.wrap(err)
	}
	if w.bucket, err = w.s.inventory.Open(ctx, p.Region, p.Owner, p.Bucket); err != nil {
		return p.wrap(err)
	}
	w.reading = &Reading{
		Region: p.Region, Run: w.job.group(w.job.run), Origin: macie2.OriginTypeSensitiveDataDiscoveryJob, JobID: w.job.ID,
		Creator: p.Account, Owner: p.Owner, Bucket: w.bucket, Facts: facts, Search: w.search,
	}
	return w.sameOwner(ctx)
}

// reachable looks, now and then, whether the bucket's account may still be looked at by the job.
func (w *worker) reachable(ctx context.Context) error {
	if time.Since(w.looked) < w.s.lookEvery {
		return nil
	}
	err := w.s.db.View(ctx, func(tx *store.Tx) error {
		event, err := w.s.barred(ctx, tx, w.state.name, w.state.Owner)
		if err == nil && event != "" {
			err = &outOfReach{event: event}
		}
		return err
	})
	w.looked = time.Now()
	return w.state.wrap(err)
}

// run lists and works through page after page.
func (w *worker) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(w.s.turns.Within(ctx))
	defer w.lists.Wait()
	defer cancel()
	var next chan listed // the page after the one that is worked through, if it has been asked for
	w.whole = time.Now()
	if n := w.s.attempts(w.held.Task()); n >= carefulAfter {
		w.careful = n
	}
	for {
		if err := w.reachable(ctx); err != nil {
			return err
		}
		if next == nil {
			next = w.list(ctx, w.after)
		}
		x := <-next
		page := x.page
		if x.err != nil {
			return w.state.wrap(x.err)
		}
		if next = nil; page.More && len(page.Objects) > 0 && !w.splits() {
			next = w.list(ctx, page.Objects[len(page.Objects)-1].Key)
		}
		w.cut = false
		if err := w.page(ctx, page.Objects); err != nil {
			return err
		}
		w.careful = 0
		if w.cut {
			next = nil
		} else if !page.More {
			return nil // what was passed over is recorded with the end of the shard
		}
		if w.splits() {
			if err := w.pass(ctx); err != nil {
				return err
			}
			to := w.to
			if err := w.split(ctx); err != nil {
				return err
			}
			if w.to != to {
				next, w.whole = nil, time.Now() // it may go on after what is left
			} else {
				w.unsplit = time.Now()
			}
		}
	}
}

// splits reports whether the shard is to be split if it can be: not before it is known how long its objects take, and sooner for a node
// that has nothing at all to do than for a free place of one that has.
func (w *worker) splits() bool {
	whole := time.Since(w.whole)
	return whole > wantedAfter && w.held.Idle() && (whole > worthTime || w.held.Wanted()) && time.Since(w.unsplit) > splitAgain
}

// room is how many objects may be on their way at once: few at first, and then as many as take a second, since those that are cannot
// be handed to a node that has nothing to do.
func (w *worker) room() int {
	if w.careful > 0 {
		return 1
	}
	done := w.done.Load()
	room := min(underWay, leastWay+int(min(done, underWay)))
	if each := w.each(); each > 0 && time.Duration(room)*each > worthTime {
		room = max(leastWay, int(worthTime/each))
	}
	return room
}

// each is how long objects have taken, those at once counted one after the other.
func (w *worker) each() time.Duration {
	if w.began.IsZero() {
		return 0
	}
	return time.Since(w.began) / time.Duration(w.done.Load()+1)
}

// worth reports whether so many objects are worth a shard of their own, by how long those before them have taken.
func (w *worker) worth(objects int) bool {
	return objects > 0 && w.each() > worthTime/time.Duration(objects)
}

// listed is a page of the bucket, or why there is none.
type listed struct {
	page objectstore.Page
	err  error
}

// list asks for the objects that follow after, in the background.
func (w *worker) list(ctx context.Context, after string) chan listed {
	to, out := w.to, make(chan listed, 1)
	w.lists.Go(func() {
		page, err := w.bucket.List(ctx, after, to, 0)
		out <- listed{page, err}
	})
	return out
}

// piece is an object of a page: in the scope or not, and what came of it.
type piece struct {
	object objectstore.Object
	wanted bool
	done   bool
	result *finding.Analysis // nil for one that turned out not to belong to the scope
	over   chan struct{}     // where objects are read one by one: closed when what came of it is committed, or when nothing did
	// bytes were analysed, and reserved of the account's quota before.
	bytes, reserved int64
}

// passed counts objects that are not wanted, of pages on which none is: they are recorded together, since a run that looks at what has
// changed may have millions of them between two that it wants.
type passed struct {
	objects int64
	to      string // the last of them
	since   time.Time
}

// passOver notes a page on which nothing is wanted.
func (w *worker) passOver(ctx context.Context, objects []objectstore.Object) error {
	if len(objects) == 0 {
		return nil
	}
	if w.passed.objects == 0 {
		w.passed.since = time.Now()
	}
	w.passed.objects += int64(len(objects))
	w.passed.to = objects[len(objects)-1].Key
	w.after = w.passed.to
	w.held.Alive()
	if time.Since(w.passed.since) < w.s.commitAfter {
		return nil
	}
	return w.pass(ctx)
}

// pass records what was passed over.
func (w *worker) pass(ctx context.Context) error {
	if w.passed.objects == 0 {
		return nil
	}
	return w.commit(ctx, nil)
}

// page works through the objects of a page at the same time, and commits what came of them in the order of their keys: what is
// committed is always all up to a key.
func (w *worker) page(ctx context.Context, objects []objectstore.Object) error {
	wanted, some := make([]bool, len(objects)), false
	for i := range objects {
		wanted[i] = w.wants(&objects[i])
		some = some || wanted[i]
	}
	if !some {
		return w.passOver(ctx, objects)
	}
	pieces, all := make([]*piece, len(objects)), make([]piece, len(objects))
	for i := range objects {
		all[i] = piece{object: objects[i], wanted: wanted[i], done: !wanted[i]}
		pieces[i] = &all[i]
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	defer group.Wait()
	ready := make(chan *piece, len(pieces))
	group.Go(func() { w.send(ctx, cancel, pieces, ready) })
	err := w.collect(ctx, pieces, ready)
	if err != nil {
		cancel(err)
	}
	return err
}

// send begins with each object that is wanted, a number of them at once.
func (w *worker) send(ctx context.Context, cancel context.CancelCauseFunc, pieces []*piece, ready chan<- *piece) {
	defer close(ready)
	var group sync.WaitGroup
	defer group.Wait()
	begun := make(chan *piece)
	defer close(begun)
	taken, away := make(chan struct{}, underWay), 0 // of the places, those that objects have, and those that there are not for now
	take := func() bool {
		select {
		case taken <- struct{}{}:
			return true
		case <-ctx.Done():
			return false
		}
	}
	for range underWay {
		group.Go(func() {
			for p := range begun {
				err := w.object(ctx, p)
				<-taken
				switch {
				case errors.Is(err, errQuota):
					if p.over != nil {
						close(p.over)
					}
				case err != nil:
					cancel(err)
				default:
					ready <- p
				}
			}
		})
	}
	for i, p := range pieces {
		if !p.wanted {
			continue
		}
		for room := w.room(); away != underWay-room; {
			if away > underWay-room {
				<-taken
				away--
			} else if away++; !take() {
				return
			}
		}
		if !take() {
			return
		}
		if w.began.IsZero() {
			w.began = time.Now()
		} else if w.splits() && w.worth(len(pieces)-i-1) {
			w.cut = true // the objects of a page may take hours while other nodes have nothing to do
			return
		}
		// What is read is reserved in the order of the keys where it is known that it is read: so all that the quota allows is used.
		if w.met.Load() || w.scope.listed(&p.object) == in && !w.reserve(p) {
			return
		}
		if w.careful > 0 {
			p.over = make(chan struct{})
		}
		select {
		case begun <- p:
		case <-ctx.Done():
			return
		}
		if p.over != nil { // what one does to this process is not to be laid to another's charge
			select {
			case <-p.over:
			case <-ctx.Done():
				return
			}
		}
	}
}

// reserve takes what reading an object needs of the account's quota, and reports whether there is as much.
func (w *worker) reserve(p *piece) bool {
	if p.reserved > 0 || unread(&p.object) != "" {
		return true
	}
	if !w.used.take(p.object.Size) {
		w.met.Store(true)
		return false
	}
	p.reserved = p.object.Size
	return true
}

// collect commits what is ready, in order. When the quota is met, what was begun is committed before the job is paused.
func (w *worker) collect(ctx context.Context, pieces []*piece, ready <-chan *piece) error {
	next := 0 // the first piece that is not committed
	timer := time.NewTimer(w.s.commitAfter)
	defer timer.Stop()
	commit := func(least int) error {
		to := next
		for to < len(pieces) && pieces[to].done {
			to++
		}
		if to-next < least || to == next {
			return nil
		}
		if err := w.commit(ctx, pieces[next:to]); err != nil {
			return err
		}
		for _, p := range pieces[next:to] {
			if p.over != nil {
				close(p.over)
			}
		}
		next = to
		return nil
	}
	for {
		select {
		case p, more := <-ready:
			if !more {
				return w.collected(ctx, commit)
			}
			p.done = true
			w.done.Add(1)
			least := commitObjects
			if w.careful > 0 {
				least = 1
			}
			if err := commit(least); err != nil {
				return err
			}
		case <-timer.C:
			w.held.Alive()
			if err := commit(1); err != nil {
				return err
			}
			timer.Reset(w.s.commitAfter)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// collected commits what is left of a page, and pauses the job if the quota was met.
func (w *worker) collected(ctx context.Context, commit func(least int) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := commit(1); err != nil {
		return err
	}
	if !w.met.Load() {
		return nil
	}
	if err := w.quotaMet(ctx); err != nil {
		return err
	}
	return errQuota
}

// wants decides from the listing alone whether an object belongs to the run, as far as that can tell.
func (w *worker) wants(o *objectstore.Object) bool {
	switch {
	case len(o.Key) > 0 && o.Key[len(o.Key)-1] == '/' && o.Size == 0:
		return false // what consoles make of a folder
	case w.job.since > 0 && o.LastModified.UnixMilli() < w.job.since/1000*1000:
		return false
	case w.scope.listed(o) == out:
		return false
	case !w.sampled(o):
		return false
	}
	return true
}

// sampled draws a share of the objects that can be analysed: the same ones on every node and after every crash.
func (w *worker) sampled(o *objectstore.Object) bool {
	share := samplingOf(&w.job.definition)
	if share >= 100 {
		return true
	}
	if unread(o) != "" {
		return false
	}
	h := sha256.Sum256([]byte(w.job.ID + "\x00" + string(w.state.Owner) + "\x00" + w.state.Bucket + "\x00" + o.Key))
	return binary.BigEndian.Uint32(h[:])%100 < uint32(share)
}

// commit records what came of objects in order, and that the shard has come so far, in one transaction. What was passed over before them is
// recorded too.
func (w *worker) commit(ctx context.Context, pieces []*piece) error {
	var analyses []*finding.Analysis
	var bytes, reserved, used, read int64
	mark := w.passed.to
	for _, p := range pieces {
		mark = p.object.Key
		reserved += p.reserved
		if p.result != nil {
			analyses = append(analyses, p.result)
			bytes += p.bytes
		}
		if p.bytes > 0 {
			read++
		}
	}
	var prepared *finding.Prepared
	if len(analyses) > 0 {
		var err error
		prepared, err = w.s.findings.Prepare(w.s.turns.Within(ctx), finding.Batch{Region: w.state.Region, Creator: w.state.Account, JobID: w.job.ID, Analyses: analyses})
		if err != nil {
			return w.state.wrap(err)
		}
	}
	next := w.state
	next.After = inventory.EncodeKey(mark)
	now := w.s.now()
	month := monthOf(w.state.Region, w.state.Owner, now)
	err := w.s.background.Tx(ctx, lane(w.state.Region, w.state.Account), func(tx *store.Tx) error {
		if err := w.held.Progress(ctx, tx, next); err != nil {
			return err
		}
		scope := w.job.tallies(w.job.run)
		tx.Tally(scope, tallySeen, w.passed.objects+int64(len(pieces)))
		tx.Tally(scope, tallyObjects, int64(len(analyses)))
		for _, a := range analyses {
			if sensitive(a.Result) {
				tx.Tally(scope, tallyFound, 1)
			}
			if status := a.Result.Status; status != nil && macie2.Deref(status.Reason) != "" {
				tx.Tally(scope, tallyUnread+*status.Reason, 1)
			}
		}
		tx.Tally(scope, tallyBytes, bytes)
		tx.Tally(month, tallyBytes, bytes)
		usage.Meter(tx, now, w.state.Region, w.state.Owner, usage.Amount{Kind: macie2.UsageTypeSensitiveDataDiscovery, Bytes: bytes, Objects: read})
		if prepared != nil {
			if _, err := w.s.findings.Write(ctx, tx, prepared); err != nil {
				return err
			}
		}
		sums, err := tx.Tallies(ctx, month)
		used = sums[tallyBytes]
		return err
	})
	if err != nil {
		return w.state.wrap(err)
	}
	w.state, w.after, w.passed = next, mark, passed{}
	w.used.settle(used+bytes, reserved)
	return nil
}

// sensitive reports whether something was found in an object.
func sensitive(r *macie2.ClassificationResult) bool {
	return len(r.SensitiveData) > 0 || r.CustomDataIdentifiers != nil && macie2.Deref(r.CustomDataIdentifiers.TotalCount) > 0
}

// split hands the second half of what is left to whoever has nothing to do.
func (w *worker) split(ctx context.Context) error {
	at, ok, err := (&splitter{w.after, w.to, w.bucket.List, w.worth}).middle(ctx)
	if err != nil {
		// The shard goes on whole. A store that answers nothing does not list the next page either, and that is told.
		return w.state.wrap(ctx.Err())
	}
	if !ok {
		return nil
	}
	rest := w.state
	rest.After = inventory.EncodeKey(at)
	next := w.state
	next.To = rest.After
	err = w.s.background.Tx(ctx, lane(w.state.Region, w.state.Account), func(tx *store.Tx) error {
		if err := w.held.Progress(ctx, tx, next); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `update classification_job set shards = shards + 1
			where region = $1 and account_id = $2 and id = $3 and run = $4 and active <> 'none'`,
			w.state.Region, w.state.Account, w.state.ID, w.state.Run)
		if err != nil {
			return err
		}
		if n == 0 {
			return errOver
		}
		return w.s.queue.Enqueue(ctx, tx, w.job.shard(rest))
	})
	if err != nil {
		return w.state.wrap(err)
	}
	w.state, w.to = next, at
	return nil
}
