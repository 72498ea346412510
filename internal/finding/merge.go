package finding

import (
	"context"
	"encoding/base64"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/google/uuid"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// Each call of Record leaves a segment, however few findings it has. Segments are merged so that there are never many: of the
// newest segments, at least mergeAtOnce that are of a size or below it become one, which is above it. So a finding is written
// again three times at most.
const mergeAtOnce = 16

// mergeBytes is about how many bytes of columns are merged at once. A segment that has half as many is not merged any more.
const mergeBytes = 64 << 20

// sizes of segments. One of the last is not merged any more, and has its columns in rows of their own.
var mergeSizes = []int{1 << 4, 1 << 8, 1 << 12}

// merger knows the holders that may have segments to merge.
type merger struct {
	mu      sync.Mutex
	records map[[2]string]int // how many segments were added since a look
	wake    chan struct{}
	sizes   []int
}

func newMerger() *merger {
	return &merger{records: map[[2]string]int{}, wake: make(chan struct{}, 1), sizes: mergeSizes}
}

// recorded notes that a segment was added.
func (m *merger) recorded(region string, holder macie2.AccountID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := [2]string{region, string(holder)}
	if m.records[key]++; m.records[key] == mergeAtOnce {
		select {
		case m.wake <- struct{}{}:
		default:
		}
	}
}

// due are the holders of whom enough segments were added, and forgets them.
func (m *merger) due() [][2]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all [][2]string
	for key, n := range m.records {
		if n >= mergeAtOnce {
			all = append(all, key)
			delete(m.records, key)
		}
	}
	return all
}

// mergeDue merges the segments of holders of whom this node has recorded many findings.
func (s *Service) mergeDue(ctx context.Context) error {
	for _, h := range s.merger.due() {
		if err := s.Merge(ctx, h[0], macie2.AccountID(h[1])); err != nil {
			return err
		}
	}
	return nil
}

// mergeAll merges the segments of all holders: a node that died may have left some.
func (s *Service) mergeAll(ctx context.Context) error {
	var holders [][2]string
	err := s.db.View(ctx, func(tx *store.Tx) error {
		holders = nil
		return tx.Query(ctx, func(r store.Row) error {
			var h [2]string
			err := r.Scan(&h[0], &h[1])
			holders = append(holders, h)
			return err
		}, `select region, holder from finding_segment where loose = $1 group by region, holder having count(*) >= $2`, true, int64(mergeAtOnce))
	})
	for _, h := range holders {
		if err == nil {
			err = s.Merge(ctx, h[0], macie2.AccountID(h[1]))
		}
	}
	return err
}

// choose tells the segments that should become one, or none. They follow each other.
func (m *merger) choose(segments []*segment) []*segment {
	for t := len(m.sizes) - 1; t >= 0; t-- {
		from := len(segments)
		for from > 0 && segments[from-1].loose && segments[from-1].size < m.sizes[t] {
			from--
		}
		run := segments[from:]
		if len(run) < mergeAtOnce {
			continue
		}
		total := 0
		for i, g := range run {
			if total += g.size; total > maxSegment {
				return run[:i]
			}
		}
		return run
	}
	return nil
}

// errLost is what a merge gets whose segments another one has changed meanwhile. It is begun again when the next ones are.
var errLost = errors.New("the segments have changed")

// Merge merges segments of a holder until few are left. Nodes that do so at the same time do not disturb each other.
func (s *Service) Merge(ctx context.Context, region string, holder macie2.AccountID) error {
	for range 1000 {
		var run []*segment
		err := s.reread(func() error {
			return s.db.Background().View(ctx, func(tx *store.Tx) error {
				segments, err := segmentsOf(ctx, tx, region, string(holder))
				if err != nil {
					return err
				}
				run = s.merger.choose(segments)
				for i, size := 0, 0; i < len(run); i++ {
					if err := s.load(ctx, tx, run[i:i+1], allColumns...); err != nil {
						return err
					}
					if size += run[i].bytes(); size > mergeBytes && i > 0 {
						run = run[:i+1]
					}
				}
				return nil
			})
		})
		if err != nil || run == nil {
			return err
		}
		if err := s.mergeOne(ctx, region, holder, run); err != nil {
			if errors.Is(err, errLost) {
				return nil
			}
			return err
		}
	}
	return nil
}

// allColumns are the names of all columns that are a field's, and that of the ids.
var allColumns = func() []string {
	all := []string{idColumn}
	for _, f := range columnFields {
		all = append(all, f.name)
	}
	return all
}()

func (s *Service) mergeOne(ctx context.Context, region string, holder macie2.AccountID, run []*segment) error {
	g, columns := merged(run, s.merger.sizes[len(s.merger.sizes)-1])
	g.id = uuid.NewString()
	body := ""
	var rows [][]any
	if g.loose {
		body = bodyOf(columns)
	} else {
		for name, stored := range columns {
			rows = append(rows, []any{g.id, name, base64.StdEncoding.EncodeToString(stored)})
		}
	}
	return s.db.Background().Tx(ctx, lane(region, holder), func(tx *store.Tx) error {
		for _, old := range run {
			n, err := tx.Exec(ctx, `delete from finding_segment where region = $1 and holder = $2 and first = $3 and id = $4 and version = $5`,
				region, holder, old.first, old.id, old.version)
			if err != nil {
				return err
			}
			if n != 1 {
				return errLost
			}
		}
		g.insert(tx, body)
		tx.DeferInsert(`insert into finding_column (segment_id, name, body)`, rows, "")
		return nil
	})
}

// merged is one segment with the findings of those that follow each other, and its columns. It is loose if it is smaller than
// firm.
func merged(run []*segment, firm int) (*segment, map[string][]byte) {
	g := &segment{region: run[0].region, holder: run[0].holder, first: run[0].first, oldest: run[0].oldest, newest: run[0].newest}
	last := run[len(run)-1]
	g.size = int(last.first-g.first) + last.size
	columns := map[string][]byte{}
	ids := make([]byte, 16*g.size)
	for _, x := range run {
		at := int(x.first - g.first)
		copy(ids[16*at:], x.column(idColumn).ids)
		for i := range x.size {
			if x.archived.at(i) {
				g.archived = g.archived.with(at+i, g.size)
			}
			if x.gone.at(i) {
				g.gone = g.gone.with(at+i, g.size)
			}
		}
		g.oldest, g.newest = min(g.oldest, x.oldest), max(g.newest, x.newest)
	}
	columns[idColumn] = ids
	size := 0
	for _, x := range run {
		size += x.bytes()
	}
	g.loose = g.size < firm && size < mergeBytes/2
	g.ordered = !g.loose
	for _, f := range columnFields {
		if f.sieved && g.ordered {
			maps.Copy(columns, orderedOf(g, run, f, ids))
			continue
		}
		w := newColumnWriter(f)
		for _, x := range run {
			c := x.column(f.name)
			codes := make([]int, c.entries())
			for i := range x.size {
				code := c.code(i)
				if codes[code] == 0 {
					codes[code] = 1 + int(w.code(c.entry(code)))
				}
				w.codes = append(w.codes, uint16(codes[code]-1))
			}
		}
		if g.loose && w.absent() {
			continue
		}
		columns[f.name] = w.encoded()
	}
	return g, columns
}

// orderedOf are the sieve, the order and the blocks of a sieved field of a segment that others become.
func orderedOf(g *segment, run []*segment, f *field, ids []byte) map[string][]byte {
	lines := make([]line, g.size)
	texts := make([]string, 0, g.size)
	for _, x := range run {
		c, bucket := x.column(f.name), x.column(bucketPrefix+"name")
		for i := range x.size {
			at := int(x.first-g.first) + i
			l := &lines[at]
			copy(l.id[:], ids[16*at:])
			if text, ok := c.text(c.code(i)); ok {
				l.text = text
				texts = append(texts, text)
				continue
			}
			l.absent = true
			if f.sorts {
				l.text, _ = bucket.text(bucket.code(i))
			}
		}
	}
	all := orderingOf(f, lines)
	slices.Sort(texts)
	all[f.name+sieveMark] = newSieve(slices.Compact(texts))
	return all
}

// reread calls a reader of segments again for as long as they move under it.
func (s *Service) reread(read func() error) error {
	err := read()
	for attempt := 1; errors.Is(err, errMoved) && attempt < maxMoves; attempt++ {
		err = read()
	}
	return err
}
