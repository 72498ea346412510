package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"magpie/internal/identity"
	"magpie/internal/inventory"
	"magpie/internal/inventory/s3/s3double"
	"magpie/internal/macie2"
	"magpie/internal/queue"
	"magpie/internal/server"
	"magpie/internal/sigv4"
)

// jobSize is how much the jobs that are measured have to look at.
type jobSize struct {
	parts     string // of what is measured; "" is all
	small     int    // objects of 2 KB
	large     int    // files
	largeSize int    // bytes of each
	packed    int    // compressed files of packedSize, as they are when they are not
	idle      int    // calls to the API
}

const (
	jobBudget  = 384 << 20 // of the node, in bytes
	packedSize = 64 << 20
)

// jobBench is a server with a store in memory in this process.
type jobBench struct {
	*rig
	p     *report
	store *s3double.Double
	as    sigv4.Credentials
	id    macie2.AccountID
}

// jobs measures classification jobs: against `magpie scan` on the same files, against a bare loop of reads, and what they cost the database
// and whoever uses the API meanwhile.
func jobs(ctx context.Context, p *report, engine, binary, dir string, n jobSize) error {
	r, stop, err := newRig(engine, binary, filepath.Join(dir, "jobs"))
	if err != nil {
		return err
	}
	defer stop()
	b := &jobBench{rig: r, p: p, store: s3double.New(), id: administratorID(0)}
	defer b.store.Close()
	files := filepath.Join(dir, "files-"+engine)
	if err := b.fill(files, n); err != nil {
		return err
	}
	keys, err := r.accounts(ctx, []macie2.AccountID{b.id}, true)
	if err != nil {
		return err
	}
	b.as = keys[b.id]
	if err := b.addStore(ctx, "memory", b.store.URL, "AKIDBENCH"); err != nil {
		return err
	}
	if err := r.start(b.as, b.flags()...); err != nil {
		return err
	}
	defer func() { r.stop() }()
	if _, err := b.ask("POST", "/macie", "{}"); err != nil {
		return err
	}
	if err := b.known("small", "large", "packed"); err != nil {
		return err
	}
	for _, part := range []struct {
		name    string
		measure func(context.Context, string, jobSize) error
	}{{"large", b.largeFiles}, {"small", b.smallObjects}, {"api", b.meanwhile}, {"nodes", b.twoNodes}, {"far", b.farStore}} {
		if n.parts != "" && !slices.Contains(strings.Split(n.parts, ","), part.name) {
			continue
		}
		if err := part.measure(ctx, files, n); err != nil {
			return err
		}
	}
	return nil
}

func (b *jobBench) flags(more ...string) []string {
	return append([]string{"--rate", "CreateClassificationJob=1000", "--analysis-memory", strconv.Itoa(jobBudget)}, more...)
}

// fill writes the same large files to disk and into the store, and the small objects into the store.
func (b *jobBench) fill(files string, n jobSize) error {
	const owner = "AKIDBENCH"
	b.store.Bucket("small", owner)
	b.store.Bucket("large", owner)
	b.store.Bucket("packed", owner)
	if err := os.MkdirAll(files, 0o700); err != nil {
		return err
	}
	var text strings.Builder
	for i := 0; text.Len() < n.largeSize; i++ {
		fmt.Fprintf(&text, "2026-11-30T08:%02d:%02d info request %08d from 192.0.2.%d took %d ms, status 200, user agent of some length\n", i/60%60, i%60, i, i%250, i%977)
		if i%1000 == 0 {
			text.WriteString("credit card number 4539 1488 0343 6467 was refused\n")
		}
	}
	content := []byte(text.String()[:n.largeSize])
	for i := range n.large {
		name := nameOf(i)
		// One content is enough: nobody knows that it is the same file.
		if i == 0 {
			if err := os.WriteFile(filepath.Join(files, name), content, 0o600); err != nil {
				return err
			}
		} else if err := os.Link(filepath.Join(files, nameOf(0)), filepath.Join(files, name)); err != nil {
			return err
		}
		b.store.Put("large", name, s3double.Object{Content: content})
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	lines := bytes.ReplaceAll(content[:16<<10], []byte("4539 1488 0343 6467"), []byte("0000 0000 0000 0000"))
	for written := 0; written < packedSize; written += len(lines) {
		if _, err := z.Write(lines); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	for i := range n.packed {
		b.store.Put("packed", strings.TrimSuffix(nameOf(i), ".txt")+".gz", s3double.Object{Content: packed.Bytes()})
	}
	// In one small object of a hundred there is something to find.
	some := content[:2048]
	none := bytes.ReplaceAll(some, []byte("4539 1488 0343 6467"), []byte("0000 0000 0000 0000"))
	for i := range n.small {
		small := none
		if i%100 == 0 {
			small = some
		}
		b.store.Put("small", nameOf(i), s3double.Object{Content: small})
	}
	return nil
}

func (b *jobBench) addStore(ctx context.Context, name, endpoint, owner string) error {
	log := slog.New(slog.DiscardHandler)
	db, err := server.OpenStore(ctx, b.config, log)
	if err != nil {
		return err
	}
	defer db.Close()
	key, err := identity.LoadMasterKey(ctx, db, identity.MasterKeySource{Folder: b.config.Data})
	if err != nil {
		return err
	}
	stores := inventory.New(inventory.Options{DB: db, Queue: queue.Open(db, queue.Options{Logger: log}), Logger: log,
		Sealer: identity.NewSealer(key, identity.StoreSecretPurpose)})
	defer stores.Close()
	_, err = stores.AddStore(ctx, b.id, inventory.ByOperator, inventory.Settings{Name: name, Region: region, Kind: inventory.KindS3, Endpoint: endpoint,
		Insecure: true, AccessKeyID: owner, Secret: "a secret"}, time.Now())
	return err
}

// ask makes one call that must succeed. It is not a load, which begins with collecting the garbage of the store in this process.
func (b *jobBench) ask(method, path, body string) ([]byte, error) {
	c, err := dial(b.address)
	if err != nil {
		return nil, err
	}
	defer c.conn.Close()
	status, answer, err := c.do(call{method, path, body, b.as}, region)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%s %s: %d %.300s", method, path, status, answer)
	}
	return bytes.Clone(answer), err
}

// known waits until buckets are known, and counted: the counting must not be measured.
func (b *jobBench) known(buckets ...string) error {
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		answer, err := b.ask("POST", "/datasources/s3", "{}")
		if err != nil {
			return err
		}
		var out macie2.DescribeBucketsOutput
		if err := json.Unmarshal(answer, &out); err != nil {
			return err
		}
		counted := 0
		for _, x := range out.Buckets {
			if x.ObjectCount != nil {
				counted++
			}
		}
		if counted == len(buckets) {
			return nil
		}
		if time.Now().After(deadline) {
			return errors.New("the buckets are not known after five minutes")
		}
	}
}

// run runs a job over a bucket to its end, and tells what it took: of time, and of processor time by the server and what it started.
func (b *jobBench) run(bucket string) (took, cpu time.Duration, memory int64, err error) {
	before := treeCPU(b.process.Process.Pid)
	began := time.Now()
	answer, err := b.ask("POST", "/jobs", fmt.Sprintf(`{"clientToken":"%d","name":"bench","jobType":"ONE_TIME","managedDataIdentifierSelector":"RECOMMENDED",
		"s3JobDefinition":{"bucketDefinitions":[{"accountId":"%s","buckets":["%s"]}]}}`, began.UnixNano(), b.id, bucket))
	if err != nil {
		return 0, 0, 0, err
	}
	var created struct{ JobID string }
	if err := json.Unmarshal(answer, &created); err != nil {
		return 0, 0, 0, err
	}
	for polls := 0; ; {
		answer, err := b.ask("GET", "/jobs/"+created.JobID, "")
		if err != nil {
			return 0, 0, 0, err
		}
		var job struct{ JobStatus string }
		if err := json.Unmarshal(answer, &job); err != nil {
			return 0, 0, 0, err
		}
		// What is looked at here takes processor time from what is measured.
		if polls++; polls%4 == 0 && bucket != "packed" {
			memory = max(memory, treeMemory(b.process.Process.Pid))
		}
		if job.JobStatus == "COMPLETE" {
			return time.Since(began), treeCPU(b.process.Process.Pid) - before, memory, nil
		}
		// Each call is a record of the audit trail, which is a transaction: what is asked here is not to be what is counted.
		time.Sleep(min(max(time.Since(began)/40, 50*time.Millisecond), 250*time.Millisecond))
	}
}

// largeFiles compares a job over large objects with `magpie scan` on the same files.
func (b *jobBench) largeFiles(ctx context.Context, files string, n jobSize) error {
	scan := exec.CommandContext(ctx, b.binary, "scan", "--no-progress", "--output", "json", files)
	scan.Stdout, scan.Stderr = io.Discard, io.Discard
	began := time.Now()
	if err := scan.Run(); err != nil {
		return fmt.Errorf("scan: %w", err)
	}
	disk := time.Since(began)
	diskCPU := scan.ProcessState.UserTime() + scan.ProcessState.SystemTime()
	idle := ownCPU()
	raw, rawCPU, err := b.bareReads(ctx, b.store.URL+"/large", n.large)
	if err != nil {
		return err
	}
	rawStore := ownCPU() - idle
	idle = ownCPU()
	took, cpu, memory, err := b.run("large")
	if err != nil {
		return err
	}
	jobStore := ownCPU() - idle
	mb := float64(n.large*n.largeSize) / 1e6
	b.p.figure(fmt.Sprintf("magpie scan, %d files of %d MB", n.large, n.largeSize/1e6), b.engine, fmt.Sprintf("%.0f MB/s, %.0f MB per s of processor", mb/disk.Seconds(), mb/diskCPU.Seconds()), "")
	b.p.figure("bare reads of the same, of a store", b.engine, fmt.Sprintf("%.0f MB/s, %.0f MB per s of processor, and of the store's %.0f", mb/raw.Seconds(), mb/rawCPU.Seconds(), mb/rawStore.Seconds()), "")
	b.p.figure("a job over the same, of a store", b.engine, fmt.Sprintf("%.0f MB/s, %.0f MB per s of processor, and of the store's %.0f", mb/took.Seconds(), mb/cpu.Seconds(), mb/jobStore.Seconds()), "")
	b.p.figure("its rate against the scan's", b.engine, fmt.Sprintf("%.2f; %.2f by processor time", disk.Seconds()/took.Seconds(), diskCPU.Seconds()/cpu.Seconds()), ">= 0.8")
	b.p.figure("its rate against that of bare reads", b.engine, fmt.Sprintf("%.2f", raw.Seconds()/took.Seconds()), ">= 0.9 where they are slower than the scan")
	b.p.figure("memory of the node and its boxes", b.engine, fmt.Sprintf("%d MB", memory>>20), fmt.Sprintf("<= %d MB", jobBudget>>20+60))
	return nil
}

// smallObjects compares a job over small objects with a bare loop of reads at the same concurrency.
func (b *jobBench) smallObjects(ctx context.Context, _ string, n jobSize) error {
	idle := ownCPU()
	bare, bareCPU, err := b.bareReads(ctx, b.store.URL+"/small", n.small)
	if err != nil {
		return err
	}
	bareStore := ownCPU() - idle
	commits, err := b.commits()
	if err != nil {
		return err
	}
	idle = ownCPU()
	took, cpu, memory, err := b.run("small")
	if err != nil {
		return err
	}
	jobStore := ownCPU() - idle
	after, err := b.commits()
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%d objects of 2 KB", n.small)
	b.p.figure("a bare loop of reads, "+name, b.engine, fmt.Sprintf("%.0f/s, %d µs of processor each and %d of the store's", float64(n.small)/bare.Seconds(),
		bareCPU.Microseconds()/int64(n.small), bareStore.Microseconds()/int64(n.small)), "")
	b.p.figure("a job over the same", b.engine, fmt.Sprintf("%.0f/s, %d µs of processor each and %d of the store's", float64(n.small)/took.Seconds(),
		cpu.Microseconds()/int64(n.small), jobStore.Microseconds()/int64(n.small)), "")
	b.p.figure("its rate against the loop's", b.engine, fmt.Sprintf("%.2f", bare.Seconds()/took.Seconds()), ">= 0.8")
	b.p.figure("memory of the node and its boxes", b.engine, fmt.Sprintf("%d MB", memory>>20), fmt.Sprintf("<= %d MB", jobBudget>>20+60))
	b.p.figure("transactions for 500 objects", b.engine, fmt.Sprintf("%.2f", float64(after-commits)/float64(n.small)*500), "<= 1")
	return nil
}

// bareReads has a process of its own read all objects of the bucket at a URL, and do nothing with them: as many at once as jobs do. It tells how long that
// took, and the processor time of that process.
func (b *jobBench) bareReads(ctx context.Context, bucket string, count int) (took, cpu time.Duration, err error) {
	program, err := os.Executable()
	if err != nil {
		return 0, 0, err
	}
	c := exec.CommandContext(ctx, program, "-read-bucket", bucket, "-read-objects", strconv.Itoa(count))
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return 0, 0, fmt.Errorf("bare reads: %w", err)
	}
	took, err = time.ParseDuration(strings.TrimSpace(string(out)))
	return took, c.ProcessState.UserTime() + c.ProcessState.SystemTime(), err
}

// readAll is the other side of bareReads.
func readAll(ctx context.Context, bucket string, count int) (time.Duration, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: inventory.DefaultReads}}
	defer client.CloseIdleConnections()
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var group sync.WaitGroup
	began := time.Now()
	for range min(count, inventory.DefaultReads) {
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(count); i = next.Add(1) - 1 {
				r, err := http.NewRequestWithContext(ctx, http.MethodGet, bucket+"/"+nameOf(int(i)), nil)
				if err == nil {
					var response *http.Response
					if response, err = client.Do(r); err == nil {
						_, err = io.Copy(io.Discard, response.Body)
						response.Body.Close()
					}
				}
				if err != nil {
					failed.Store(&err)
					return
				}
			}
		})
	}
	group.Wait()
	if err := failed.Load(); err != nil {
		return 0, *err
	}
	return time.Since(began), nil
}

func nameOf(i int) string { return fmt.Sprintf("%06d.txt", i) }

// commits is how many transactions the server has made durable in the database since it began.
func (b *jobBench) commits() (n int64, err error) {
	response, err := http.Get("http://" + b.address + "/metrics")
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if count, ok := strings.CutPrefix(line, "magpie_store_commits_total "); ok {
			f, err := strconv.ParseFloat(strings.TrimSpace(count), 64)
			return int64(f), err
		}
	}
	return 0, errors.New("the server does not say how many commits it has made")
}

// asking is who calls, and how often.
type asking struct {
	As    sigv4.Credentials
	Calls int
}

// asked has a process of its own call the server, two calls at once: in this process, which is the store too, a client would wait for the store's
// work and for the collecting of its garbage.
func (b *jobBench) asked(ctx context.Context, calls int) (r result, err error) {
	program, err := os.Executable()
	if err != nil {
		return r, err
	}
	in, err := json.Marshal(asking{b.as, calls})
	if err != nil {
		return r, err
	}
	c := exec.CommandContext(ctx, program, "-ask", b.address)
	c.Stdin, c.Stderr = bytes.NewReader(in), os.Stderr
	began := time.Now()
	used, database := b.cpu()
	out, err := c.Output()
	if err != nil {
		return r, fmt.Errorf("calls: %w", err)
	}
	usedAfter, databaseAfter := b.cpu()
	r = result{clients: 2, calls: calls, took: time.Since(began), program: usedAfter - used, database: databaseAfter - database}
	return r, json.Unmarshal(out, &r.latencies)
}

// askAll is the other side of asked.
func askAll(address string, in io.Reader, out io.Writer) error {
	var x asking
	if err := json.NewDecoder(in).Decode(&x); err != nil {
		return err
	}
	r, err := load(address, region, 2, repeat(x.Calls, call{"GET", "/macie", "", x.As}), ok)
	if err == nil && r.refused > 0 {
		err = errors.New(r.firstRefusal)
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(r.latencies)
}

// meanwhile compares how long calls take while a job runs with how long they take while none does.
func (b *jobBench) meanwhile(ctx context.Context, _ string, n jobSize) error {
	return b.during(ctx, "small", "while a job runs", n)
}

// during is meanwhile for a job over a bucket; while says what that is.
func (b *jobBench) during(ctx context.Context, bucket, while string, n jobSize) error {
	idle, err := b.asked(ctx, n.idle)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() {
		_, _, _, err := b.run(bucket)
		ended <- err
	}()
	var busy result
	for running := true; running; {
		r, err := b.asked(ctx, n.idle)
		if err != nil {
			return err
		}
		select {
		case err := <-ended:
			if err != nil {
				return err
			}
			running = false
		default:
			busy = r // the last one that was wholly during the job
		}
	}
	if busy.calls == 0 {
		return fmt.Errorf("the job ended before %d calls had: it needs more objects", n.idle)
	}
	b.p.row("GetMacieSession, idle", b.engine, idle, "")
	b.p.row("GetMacieSession, "+while, b.engine, busy, "")
	b.p.figure("its p99 against that of the idle server", b.engine, fmt.Sprintf("%.1f times", float64(busy.percentile(0.99))/float64(idle.percentile(0.99))), "<= 2 times")
	return nil
}

// twoNodes compares two processes that work on a job with one. Each analyses one object at a time, of a kind that takes long beside reading it, so
// that on a machine of two processors neither the store nor the database is the limit.
func (b *jobBench) twoNodes(ctx context.Context, _ string, n jobSize) error {
	if b.engine == "sqlite" {
		return nil // which has one node
	}
	if err := b.rig.stop(); err != nil {
		return err
	}
	if err := b.start(b.as, b.flags("--analysis-workers", "1")...); err != nil {
		return err
	}
	one, _, _, err := b.run("packed")
	if err != nil {
		return err
	}
	second := exec.CommandContext(ctx, b.binary, "worker", "--data", b.config.Data, "--database-url", b.config.DatabaseURL, "--analysis-memory", strconv.Itoa(jobBudget),
		"--analysis-workers", "1")
	second.SysProcAttr = dieWithUs()
	if err := second.Start(); err != nil {
		return err
	}
	defer func() { second.Process.Signal(syscall.SIGTERM); second.Wait() }()
	time.Sleep(2 * time.Second) // for it to be there
	two, _, _, err := b.run("packed")
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%d compressed files of %d MB", n.packed, packedSize>>20)
	b.p.figure("a job over "+name+", one node that analyses one at a time", b.engine, fmt.Sprintf("%.1f s", one.Seconds()), "")
	b.p.figure("the same, two nodes", b.engine, fmt.Sprintf("%.1f s", two.Seconds()), "")
	b.p.figure("their rate against that of one", b.engine, fmt.Sprintf("%.2f times", one.Seconds()/two.Seconds()), ">= 1.8 times")
	return nil
}

// tree are the processes that a process has started, and itself.
func tree(root int) []int {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil
	}
	parents := map[int]int{}
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // gone
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		if fields := strings.Fields(rest); len(fields) > 1 {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
			parents[pid], _ = strconv.Atoi(fields[1])
		}
	}
	all := []int{root}
	for pid := range parents {
		for at, depth := pid, 0; at > 1 && depth < 8; at, depth = parents[at], depth+1 {
			if parents[at] == root {
				all = append(all, pid)
				break
			}
		}
	}
	return all
}

// ownCPU is the processor time of this process, which is the store.
func ownCPU() time.Duration { return processorTime("self") }

func treeCPU(root int) (d time.Duration) {
	for _, pid := range tree(root) {
		d += processorTime(strconv.Itoa(pid))
	}
	return d
}

func treeMemory(root int) (n int64) {
	for _, pid := range tree(root) {
		n += residentMemory(pid)
	}
	return n
}
