package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// Options of a Trail.
type Options struct {
	DB *store.DB
	// Dir is the folder of the files; "" writes none.
	Dir string
	// FileBytes is the size at which a new file begins. 0: 64 MiB.
	FileBytes int64
	// Retention is how long records and files are kept. 0: for ever.
	Retention time.Duration
	Logger    *slog.Logger
}

const (
	// buffered is how many records may wait for the database, and for the file.
	buffered = 8192
	// batch is how many records share a transaction. On SQLite everybody else waits meanwhile.
	batch = 128
	// linger is how long a record waits for others.
	linger = 100 * time.Millisecond
	// patience is how long a call waits for room in the buffer.
	patience = 5 * time.Second
	// strangersPerSecond is how many calls of those who did not prove who they are have records of
	// their own.
	strangersPerSecond = 20
	// housekeeping is how often old records are looked for.
	housekeeping = 10 * time.Minute
)

// Trail writes records. It is safe for concurrent use. Close it after the last call has ended, and
// before the store.
type Trail struct {
	o    Options
	log  *slog.Logger
	node string
	file *file // nil without a folder

	rows  chan *row
	lines chan string
	stop  context.CancelFunc
	end   chan struct{} // closed by Close, when nothing is added any more
	work  sync.WaitGroup
	close func() error

	strangers atomic.Int64 // in this second
	counted   atomic.Int64 // strangers without a record of their own
	lostRows  atomic.Int64
	lostLines atomic.Int64
}

// row is a record on its way to the database.
type row struct {
	at                            int64
	id                            string
	account, principal, operation string
	record                        string
	durable                       chan error // told what became of it, if not nil
}

const insertRecord = `insert into audit (at, event_id, account_id, principal, operation, node, record)`

func (r *row) values(node string) []any {
	return []any{r.at, r.id, r.account, r.principal, r.operation, node, r.record}
}

// Open starts a Trail.
func Open(o Options) (*Trail, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.FileBytes == 0 {
		o.FileBytes = 64 << 20
	}
	t := &Trail{o: o, log: o.Logger, rows: make(chan *row, buffered), lines: make(chan string, buffered), end: make(chan struct{})}
	if o.Dir != "" {
		var err error
		if t.file, err = openFile(o.Dir, o.FileBytes); err != nil {
			return nil, err
		}
		t.node = t.file.node
	}
	ctx, stop := context.WithCancel(context.Background())
	t.stop = stop
	t.close = sync.OnceValue(t.finish)
	t.work.Go(t.writeRows)
	if t.file != nil {
		t.work.Go(func() { t.writeLines(ctx) })
	}
	t.work.Go(func() { t.keepHouse(ctx) })
	return t, nil
}

// Close writes what waits, and ends. A second Close does nothing.
func (t *Trail) Close() error { return t.close() }

func (t *Trail) finish() error {
	t.countStrangers()
	t.stop()
	close(t.end)
	t.work.Wait()
	if t.file != nil {
		return t.file.close()
	}
	return nil
}

// Lost tells how many records the database, and the files, have never got.
func (t *Trail) Lost() (rows, lines int64) { return t.lostRows.Load(), t.lostLines.Load() }

// Change is a call that may change something, from [Trail.Expect] to [Trail.Write]. It is the
// [macie2.Change] of that call.
type Change struct {
	row       *row
	node      string
	committed atomic.Bool
}

// Expect makes the record that goes with e's change. It says of e's outcome what it nearly always
// is; [Trail.Write] puts right what turns out otherwise.
func (t *Trail) Expect(e *Event) *Change {
	expected := *e
	expected.Output = usual(e.Operation)
	return &Change{row: t.newRow(&expected, uuid.NewString()), node: t.node}
}

const insertChange = insertRecord + ` values ($1, $2, $3, $4, $5, $6, $7) on conflict (at, event_id) do nothing`

// Record implements macie2.Change.
func (c *Change) Record(tx macie2.Transaction) {
	if c.committed.Load() { // by an earlier transaction of this call
		return
	}
	tx.Put(insertChange, c.row.values(c.node)...)
	tx.OnCommit(func() { c.committed.Store(true) })
}

func (t *Trail) newRow(e *Event, id string) *row {
	return &row{at: e.Time.UnixMilli(), id: id, account: string(e.Principal.Account), principal: e.Principal.ARN, operation: e.Operation,
		record: string(appendRecord(make([]byte, 0, 1024), e, id))}
}

// Write records what a call came to, before it is answered. c is what Expect returned, nil for a
// call that changes nothing. An error means that the call must not be answered as it was going to
// be.
func (t *Trail) Write(ctx context.Context, e *Event, c *Change) error {
	if e.Principal.Account == "" && t.strangers.Add(1) > strangersPerSecond {
		t.counted.Add(1)
		return nil
	}
	var r *row
	if c == nil {
		r = t.newRow(e, uuid.NewString())
	} else if r = t.newRow(e, c.row.id); c.committed.Load() && r.record == c.row.record {
		t.writeLine(ctx, r.record)
		return nil
	}
	t.writeLine(ctx, r.record)
	if c != nil && c.committed.Load() && (e.ErrorCode != "" || usual(e.Operation) != nil) {
		r.durable = make(chan error, 1)
	}
	if err := t.addRow(ctx, r); err != nil {
		return err
	}
	if r.durable == nil {
		return nil
	}
	select {
	case err := <-r.durable:
		return err
	case <-ctx.Done():
		return fmt.Errorf("audit: wait for the record of %s: %w", e.RequestID, context.Cause(ctx))
	}
}

// addRow puts a record into the line for the database, waiting for room if it must.
func (t *Trail) addRow(ctx context.Context, r *row) error {
	if put(ctx, t.end, t.rows, r) {
		return nil
	}
	if r.durable != nil {
		return errors.New("audit: the record of a change that has turned out otherwise cannot be stored")
	}
	t.lost(&t.lostRows, "the database")
	return nil
}

func (t *Trail) writeLine(ctx context.Context, record string) {
	if t.file == nil {
		return
	}
	if !put(ctx, t.end, t.lines, record) {
		t.lost(&t.lostLines, "the files")
	}
}

// put adds to a buffer; while it is full, for as long as a call may wait. After Close nobody would
// take it out again.
func put[T any](ctx context.Context, end chan struct{}, to chan T, what T) bool {
	select {
	case <-end:
		return false
	default:
	}
	select {
	case to <- what:
		return true
	default:
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case to <- what:
		return true
	case <-timer.C:
	case <-ctx.Done():
	case <-end:
	}
	return false
}

func (t *Trail) lost(counter *atomic.Int64, from string) {
	if n := counter.Add(1); n&(n-1) == 0 { // the first, and then ever more rarely
		t.log.Error("audit records are missing from "+from, "count", n)
	}
}

// writeRows takes records to the database until Close, many in one transaction.
func (t *Trail) writeRows() {
	for {
		select {
		case r := <-t.rows:
			t.store(t.gather(r))
		case <-t.end:
			for {
				select {
				case r := <-t.rows:
					t.store(t.gather(r))
				default:
					return
				}
			}
		}
	}
}

// gather takes what else waits, and what comes within linger unless somebody waits for it.
func (t *Trail) gather(first *row) []*row {
	rows := []*row{first}
	timer := time.NewTimer(linger)
	defer timer.Stop()
	urgent := first.durable != nil
	for len(rows) < batch {
		select {
		case r := <-t.rows:
			rows = append(rows, r)
			urgent = urgent || r.durable != nil
			continue
		default:
		}
		if urgent {
			return rows
		}
		select {
		case r := <-t.rows:
			rows = append(rows, r)
			urgent = r.durable != nil
		case <-timer.C:
			return rows
		case <-t.end:
			return rows
		}
	}
	return rows
}

// store writes rows, trying again for as long as a call would wait while the database is away.
func (t *Trail) store(rows []*row) {
	values := make([][]any, len(rows))
	for i, r := range rows {
		values[i] = r.values(t.node)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	err := t.o.DB.Tx(ctx, "audit", func(tx *store.Tx) error {
		_, err := tx.InsertMany(ctx, insertRecord, values, "on conflict (at, event_id) do update set record = excluded.record")
		return err
	})
	if err != nil {
		err = fmt.Errorf("audit: store %d records: %w", len(rows), err)
		t.log.Error("audit records were not stored", "count", len(rows), "error", err)
	}
	for _, r := range rows {
		if r.durable != nil {
			r.durable <- err
		} else if err != nil {
			t.lost(&t.lostRows, "the database")
		}
	}
}

// writeLines takes records to the file until Close.
func (t *Trail) writeLines(ctx context.Context) {
	tick := time.NewTicker(linger)
	defer tick.Stop()
	write := func(line string) {
		if err := t.file.write(line); err != nil {
			t.lost(&t.lostLines, "the files")
			t.log.Error("audit file", "error", err)
		}
	}
	for {
		select {
		case line := <-t.lines:
			write(line)
		case <-tick.C:
			if err := t.file.flush(); err != nil {
				t.log.Error("audit file", "error", err)
			}
		case <-ctx.Done():
			for {
				select {
				case line := <-t.lines:
					write(line)
				default:
					return // close flushes
				}
			}
		}
	}
}

// countStrangers writes the record of those that have none of their own, and begins to count anew.
func (t *Trail) countStrangers() {
	t.strangers.Store(0)
	n := t.counted.Swap(0)
	if n == 0 {
		return
	}
	e := &Event{Time: time.Now(), Service: macie2.SigningName, Operation: "magpie:RefuseStrangers", SourceIP: "magpie", UserAgent: "magpie",
		ErrorCode: macie2.AccessDeniedException, ErrorMessage: "Calls by nobody that could be recognised, beyond those that have records of their own.",
		Parameters: map[string]string{"count": fmt.Sprint(n)}}
	r := t.newRow(e, uuid.NewString())
	t.writeLine(context.Background(), r.record)
	_ = t.addRow(context.Background(), r) // it fails only where somebody waits for the row
}

// keepHouse counts strangers by the second, and deletes what is old.
func (t *Trail) keepHouse(ctx context.Context) {
	second, now := time.NewTicker(time.Second), time.NewTimer(0)
	defer second.Stop()
	defer now.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-second.C:
			t.countStrangers()
		case <-now.C:
			now.Reset(housekeeping)
			if t.o.Retention <= 0 {
				continue
			}
			before := time.Now().Add(-t.o.Retention)
			if _, err := Prune(ctx, t.o.DB, before); err != nil && ctx.Err() == nil {
				t.log.Warn("old audit records were not deleted", "error", err)
			}
			if t.file != nil {
				if err := t.file.prune(before); err != nil {
					t.log.Warn("old audit files were not deleted", "error", err)
				}
			}
		}
	}
}
