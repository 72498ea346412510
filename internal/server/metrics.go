package server

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"magpie/internal/audit"
	"magpie/internal/awsapi"
	"magpie/internal/certificate"
	"magpie/internal/connlimit"
	"magpie/internal/macie2"
	"magpie/internal/mail"
	"magpie/internal/membership"
	"magpie/internal/queue"
	"magpie/internal/store"
)

// metrics are what a node tells Prometheus. Labels come from closed sets: operations, exceptions,
// kinds of tasks; never an account, and never what a client sent.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	mails    *prometheus.CounterVec
}

func newMetrics(db *store.DB, q *queue.Queue, log *slog.Logger) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "magpie_requests_total", Help: "Requests answered, by operation and outcome: OK or the exception.",
		}, []string{"operation", "outcome"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "magpie_request_seconds", Help: "Time from a request's first byte to its answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"operation"}),
		mails: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "magpie_mails_total", Help: "Mails handed to the relay or the folder by this node, by its answer: accepted, deferred or refused.",
		}, []string{"outcome"}),
	}
	for _, outcome := range mailOutcomes {
		m.mails.WithLabelValues(outcome) // a rate from nothing to one is none
	}
	m.registry.MustRegister(m.requests, m.seconds, m.mails, withoutVersion{collectors.NewGoCollector()},
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		&storeCollector{db: db}, &queueCollector{queue: q, log: log})
	return m
}

// auditing adds the counters of audit records that were lost, which are worth an alarm.
func (m *metrics) auditing(trail *audit.Trail) {
	for place, count := range map[string]func() int64{
		"database": func() int64 { rows, _ := trail.Lost(); return rows },
		"files":    func() int64 { _, lines := trail.Lost(); return lines },
	} {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "magpie_audit_lost_total", Help: "Audit records that could not be stored; never that of a change in the database.",
			ConstLabels: prometheus.Labels{"place": place},
		}, func() float64 { return float64(count()) }))
	}
}

// serving adds what a node that listens knows.
func (m *metrics) serving(connections *connlimit.Listener, c *certificate.Files) {
	m.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "magpie_connections", Help: "Connections that are open."},
			func() float64 { return float64(connections.Open()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "magpie_connections_max", Help: "Connections that may be open (--max-connections)."},
			func() float64 { return float64(connections.Max()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "magpie_connections_refused_total", Help: "Connections refused because there were as many as may be, in all or of one source."},
			func() float64 { return float64(connections.Refused()) }))
	if c != nil {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "magpie_tls_certificate_expiry_timestamp_seconds", Help: "When the certificate in use expires, in Unix time.",
		}, func() float64 { return float64(c.Expires().Unix()) }))
	}
}

var mailOutcomes = map[membership.MailOutcome]string{
	membership.MailAccepted: "accepted", membership.MailDeferred: "deferred", membership.MailRefused: "refused",
}

// counting counts what becomes of a mailer's mails.
func (m *metrics) counting(mailer membership.Mailer) membership.Mailer {
	if mailer == nil {
		return nil
	}
	return &countedMailer{mailer, m.mails}
}

type countedMailer struct {
	membership.Mailer
	mails *prometheus.CounterVec
}

// Deliver implements membership.Mailer.
func (m *countedMailer) Deliver(ctx context.Context, invitation mail.Invitation) membership.Delivery {
	d := m.Mailer.Deliver(ctx, invitation)
	m.mails.WithLabelValues(mailOutcomes[d.Outcome]).Inc()
	return d
}

// observe counts one request.
func (m *metrics) observe(r awsapi.Record) {
	operation, outcome := r.Operation, string(r.Exception)
	if operation == "" {
		operation = "unknown"
	}
	if outcome == "" {
		outcome = "OK"
	}
	m.requests.WithLabelValues(operation, outcome).Inc()
	m.seconds.WithLabelValues(operation).Observe(r.Latency.Seconds())
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}

// mountMetrics serves GET /magpie/v1/metrics to principals of one account that may call it.
func mountMetrics(edge *awsapi.Server, m *metrics, account macie2.AccountID) {
	edge.HandleSigned(http.MethodGet, "/magpie/v1/metrics", "magpie:GetMetrics",
		func(ctx context.Context, call *macie2.Call, r *macie2.Request) (any, error) {
			if call.Account != account {
				return nil, macie2.ErrAccessDenied("The metrics of this server are for the account that its operator has named.")
			}
			if err := knownParameters(r.Query, nil); err != nil {
				return nil, err
			}
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, "/metrics", nil)
			if err != nil {
				return nil, err
			}
			page := &page{header: http.Header{}, status: http.StatusOK}
			m.handler().ServeHTTP(page, request)
			if page.status != http.StatusOK {
				return nil, fmt.Errorf("collect the metrics: %s", page.body.String())
			}
			return &awsapi.Answer{Status: page.status, ContentType: page.header.Get("Content-Type"), Body: page.body.Bytes()}, nil
		})
}

// page is an answer that is kept.
type page struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (p *page) Header() http.Header { return p.header }

// WriteHeader implements http.ResponseWriter.
func (p *page) WriteHeader(status int) { p.status = status }

// Write implements http.ResponseWriter.
func (p *page) Write(b []byte) (int, error) { return p.body.Write(b) }

// withoutVersion leaves Go's version out of a collector: anybody can ask for the metrics.
type withoutVersion struct{ prometheus.Collector }

// Collect implements prometheus.Collector.
func (c withoutVersion) Collect(ch chan<- prometheus.Metric) {
	all := make(chan prometheus.Metric)
	go func() {
		defer close(all)
		c.Collector.Collect(all)
	}()
	for m := range all {
		if !strings.Contains(m.Desc().String(), `"go_info"`) {
			ch <- m
		}
	}
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("magpie_"+name, help, labels, nil)
}

// storeCollector reads the store's counters when they are asked for.
type storeCollector struct{ db *store.DB }

var (
	storeCommits      = describe("store_commits_total", "Commits that succeeded; each may hold many transactions.")
	storeTransactions = describe("store_transactions_total", "Transactions made durable.")
	storeConflicts    = describe("store_conflicts_total", "Transactions run again because another one was faster.")
	storeReruns       = describe("store_reruns_total", "Transactions run again because their connection was lost.")
	storeReconnects   = describe("store_reconnects_total", "Writing connections that had to be replaced.")
	storeGroup        = describe("store_transactions_per_commit", "How many transactions share a commit.")
)

// Describe implements prometheus.Collector.
func (c *storeCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{storeCommits, storeTransactions, storeConflicts, storeReruns, storeReconnects, storeGroup} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *storeCollector) Collect(ch chan<- prometheus.Metric) {
	s := c.db.Stats()
	counter := func(d *prometheus.Desc, n int64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n))
	}
	counter(storeCommits, s.Commits)
	counter(storeTransactions, s.Transactions)
	counter(storeConflicts, s.Conflicts)
	counter(storeReruns, s.Reruns)
	counter(storeReconnects, s.Reconnects)
	buckets := make(map[float64]uint64, len(s.GroupSizes))
	var total uint64
	for i, n := range s.GroupSizes {
		total += uint64(n)
		buckets[float64(int(1)<<i)] = total
	}
	ch <- prometheus.MustNewConstHistogram(storeGroup, total, float64(s.Transactions), buckets)
}

// queueCollector reads the numbers of tasks when they are asked for, at most once in queueFresh.
type queueCollector struct {
	queue *queue.Queue
	log   *slog.Logger

	mu     sync.Mutex
	at     time.Time
	depths []queue.Depth
}

const queueFresh = 5 * time.Second

var (
	queueTasks  = describe("queue_tasks", "Tasks by kind and state: ready, paused with their group, held by a worker, failed for good.", "kind", "state")
	queueOldest = describe("queue_oldest_seconds", "Age of the oldest task that is due and not done.", "kind")

	queueAttempts = describe("queue_attempts_total", "Attempts at tasks by this node, by kind and what became of them: done, later, refused, failed, taken (paused, cancelled).", "kind", "outcome")
	queueLost     = describe("queue_leases_lost_total", "Times that this node was taken for dead and lost tasks.")
	queueTakenUp  = describe("queue_tasks_taken_up_total", "Tasks of dead workers that this node made ready again.")
	queuePanics   = describe("queue_panics_total", "Panics in tasks, each contained.")
)

// Describe implements prometheus.Collector.
func (c *queueCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{queueTasks, queueOldest, queueAttempts, queueLost, queueTakenUp, queuePanics} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *queueCollector) Collect(ch chan<- prometheus.Metric) {
	for _, d := range c.look() {
		for state, n := range map[string]int64{"ready": d.Ready, "paused": d.Paused, "held": d.Held, "failed": d.Failed} {
			ch <- prometheus.MustNewConstMetric(queueTasks, prometheus.GaugeValue, float64(n), d.Kind, state)
		}
		ch <- prometheus.MustNewConstMetric(queueOldest, prometheus.GaugeValue, d.Oldest.Seconds(), d.Kind)
	}
	s := c.queue.Stats()
	for d, n := range map[*prometheus.Desc]int64{queueLost: s.LeasesLost, queueTakenUp: s.TakenUp, queuePanics: s.Panics} {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n))
	}
	for a, n := range s.Attempts {
		ch <- prometheus.MustNewConstMetric(queueAttempts, prometheus.CounterValue, float64(n), a.Kind, a.Outcome)
	}
}

func (c *queueCollector) look() []queue.Depth {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.at) < queueFresh {
		return c.depths
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	depths, err := c.queue.Depths(ctx)
	if err != nil {
		c.log.Warn("the queue's depth is not known", "error", err)
		depths = nil
	}
	c.at, c.depths = time.Now(), depths
	return depths
}
