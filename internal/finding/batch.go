package finding

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/google/uuid"

	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
	"magpie/internal/queue"
	"magpie/internal/store"
)

const (
	// noBucket stands for the bucket where an account has not named one for its results.
	noBucket = "[export-config-not-set]"
	// automatedFolder takes the place of a job's id for automated discovery.
	automatedFolder = "automated-sensitive-data-discovery"
	// A result file holds at most so many bytes before it is compressed, unless one object alone has more.
	maxFileBytes = 4 << 20
)

// Batch is what one transaction of a job, or of a cycle of automated discovery, has to tell: at most 1,000 objects of one
// creator, Region and run, those in which nothing was found and those that could not be analysed included.
type Batch struct {
	Region   string
	Creator  macie2.AccountID
	JobID    string // empty for automated discovery
	Analyses []*Analysis
}

// Prepared is a batch that is ready to be written.
type Prepared struct {
	batch    Batch
	findings []*macie2.Finding
	files    []file
}

// file is a result file.
type file struct {
	id, folder string
	owner      macie2.AccountID
	objects    int
	body       []byte
	at         int64
}

func location(bucket, key string) string { return "s3://" + bucket + "/" + key }

// Prepare does the work of a batch that needs no transaction: it makes the findings and the result files. The names of files
// are a function of what they hold.
func (s *Service) Prepare(ctx context.Context, b Batch) (*Prepared, error) {
	if len(b.Analyses) > maxRecorded {
		return nil, fmt.Errorf("prepare results: %d objects at once, which is more than %d", len(b.Analyses), maxRecorded)
	}
	var to destination
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		to, err = exportTo(ctx, tx, b.Region, b.Creator)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("prepare results: %w", err)
	}
	defer objectstore.TakeTurn(ctx)()
	p := &Prepared{batch: b}
	folder := cmp.Or(b.JobID, automatedFolder)
	analyses := slices.SortedStableFunc(slices.Values(b.Analyses), func(x, y *Analysis) int { return strings.Compare(string(x.Owner), string(y.Owner)) })
	for len(analyses) > 0 {
		n := 1
		for size := weight(analyses[0]); n < len(analyses) && analyses[n].Owner == analyses[0].Owner; n++ {
			if size += weight(analyses[n]); size > maxFileBytes {
				break
			}
		}
		if err := p.file(analyses[:n], folder, to); err != nil {
			return nil, err
		}
		analyses = analyses[n:]
	}
	return p, nil
}

// weight is about how many bytes an object's lines take.
func weight(a *Analysis) int {
	n := 2048
	results := []*macie2.ClassificationResult{a.Result}
	for i := range a.Members {
		n += 2048
		results = append(results, a.Members[i].Result)
	}
	for _, r := range results {
		for _, item := range r.SensitiveData {
			for _, d := range item.Detections {
				n += 128 + 96*placesOf(d.Occurrences)
			}
		}
		if r.CustomDataIdentifiers != nil {
			for _, d := range r.CustomDataIdentifiers.Detections {
				n += 128 + 96*placesOf(d.Occurrences)
			}
		}
	}
	return n
}

// file makes a result file of objects of one owner, and their findings.
func (p *Prepared) file(analyses []*Analysis, folder string, to destination) error {
	var ids strings.Builder
	for _, a := range analyses {
		ids.WriteString(a.ID())
	}
	f := file{id: uuid.NewMD5(uuid.NameSpaceURL, []byte(ids.String())).String(), folder: folder, owner: analyses[0].Owner, objects: len(analyses),
		at: analyses[0].At.UnixMilli()}
	where := location(cmp.Or(to.bucket, noBucket), resultKey(to.prefix, p.batch.Creator, p.batch.Region, folder, f.owner, f.id))
	lines := newRows()
	lines.lines.Grow(len(analyses) * 1280) // about what they take
	for i, a := range analyses {
		if i%16 == 0 {
			runtime.Gosched() // a batch of them would keep calls waiting that are made meanwhile
		}
		x := Shape(a, where)
		if err := lines.add(a, x, where); err != nil {
			return fmt.Errorf("result of %s: %w", a.ID(), err)
		}
		if x != nil {
			p.findings = append(p.findings, x)
		}
	}
	body, err := compressed(lines.lines.Bytes())
	f.body = body
	p.files = append(p.files, f)
	return err
}

// Write records a batch in the caller's transaction, which should be in [Lane], and reports how many findings were new.
// Writing it again changes nothing.
func (s *Service) Write(ctx context.Context, tx *store.Tx, p *Prepared) (int, error) {
	n, err := s.Record(ctx, tx, p.batch.Region, p.batch.Creator, p.findings)
	if err != nil {
		return 0, err
	}
	to, err := exportTo(ctx, tx, p.batch.Region, p.batch.Creator)
	if err != nil {
		return 0, err
	}
	rows := make([][]any, len(p.files))
	var tasks []queue.New
	for i, f := range p.files {
		rows[i] = []any{p.batch.Region, string(p.batch.Creator), f.id, f.folder, string(f.owner), int64(f.objects),
			base64.StdEncoding.EncodeToString(f.body), f.at}
		if to.bucket != "" {
			tasks = append(tasks, exportTask(p.batch.Region, p.batch.Creator, f.id))
		}
	}
	tx.DeferInsert(`insert into discovery_result (region, account_id, id, folder, owner_id, objects, body, created_at)`, rows,
		`on conflict (region, account_id, id) do nothing`)
	return n, s.queue.Enqueue(ctx, tx, tasks...)
}

// Findings are those of the batch.
func (p *Prepared) Findings() []*macie2.Finding { return p.findings }
