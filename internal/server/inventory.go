package server

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"magpie/internal/finding"
	"magpie/internal/identity"
	"magpie/internal/inventory"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/pagetoken"
	"magpie/internal/store"
	"magpie/internal/usage"
)

// openInventory puts the part together that knows stores and their buckets.
func (s *Server) openInventory(key identity.MasterKey, pages *pagetoken.Issuer, m *metrics) error {
	endpoints, err := inventory.ParseEndpoints(s.config.StoreEndpoints)
	if err != nil {
		return err
	}
	s.inventory = inventory.New(inventory.Options{
		DB: s.db, Queue: s.queue, Sealer: identity.NewSealer(key, identity.StoreSecretPurpose), Pages: pages, Logger: s.log,
		Directory: s.identity, Endpoints: endpoints, Meter: m.stores(s.usage), Reads: s.config.StoreReads,
	})
	m.registry.MustRegister(&inventoryCollector{s.inventory, s.log})
	s.inventory.OnChange(func(ctx context.Context, tx *store.Tx, c inventory.Change) error {
		return s.findings.Change(ctx, tx, c.Region, c.Account, finding.ShapePolicy(&finding.PolicyChange{
			Region: c.Region, Owner: c.Account, Type: c.Type, Bucket: c.Facts, API: c.API, At: c.At,
		}), c.At)
	})
	s.inventory.Bind(s.registry)
	s.sessions.Hook(s.inventory.SessionHooks())
	return nil
}

// storeMeter counts the requests to stores, for metrics and for the accounts' usage.
type storeMeter struct {
	usage    *usage.Service
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

// stores returns the meter of requests to stores.
func (m *metrics) stores(u *usage.Service) *storeMeter {
	x := &storeMeter{usage: u,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "magpie_object_store_requests_total", Help: "Requests to object stores by this node, by kind of store, call and outcome.",
		}, []string{"kind", "call", "outcome"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "magpie_object_store_request_seconds", Help: "Time until an object store's answer began.",
			Buckets: []float64{.001, .005, .01, .05, .1, .25, .5, 1, 2.5, 10, 30},
		}, []string{"kind", "call"}),
	}
	m.registry.MustRegister(x.requests, x.seconds)
	x.requests.WithLabelValues("s3", "ListBuckets", string(objectstore.Works)) // a rate from nothing to one is none
	x.seconds.WithLabelValues("s3", "ListBuckets")
	return x
}

// Called implements inventory.Meter. All labels come from closed sets.
func (x *storeMeter) Called(r inventory.Request) {
	x.requests.WithLabelValues(string(r.Kind), r.Call, string(r.Outcome)).Inc()
	x.seconds.WithLabelValues(string(r.Kind), r.Call).Observe(r.Took.Seconds())
	x.usage.CountRequest(r.Region, r.Account)
}

// inventoryCollector tells how the stores are. It reads the database when it is asked.
type inventoryCollector struct {
	inventory *inventory.Service
	log       *slog.Logger
}

var (
	storesDesc = prometheus.NewDesc("magpie_object_stores", "Object stores of all accounts, by status at the last look.", []string{"status"}, nil)
	lookDesc   = prometheus.NewDesc("magpie_object_store_look_age_seconds", "Age of the oldest look at an object store that Macie is enabled for.", nil, nil)
	paceDesc   = prometheus.NewDesc("magpie_object_store_pace", "Of the object stores that this node uses: how many there are, how many asked for fewer requests, "+
		"and the lowest rate of requests a second.", []string{"what"}, nil)
)

// Describe implements prometheus.Collector.
func (c *inventoryCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- storesDesc
	ch <- lookDesc
	ch <- paceDesc
}

// Collect implements prometheus.Collector.
func (c *inventoryCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	state, err := c.inventory.State(ctx)
	if err != nil {
		c.log.Warn("the state of object stores cannot be read for metrics", "error", err)
		return
	}
	for _, s := range []inventory.Status{inventory.StatusNew, inventory.StatusReady, inventory.StatusFailing} {
		ch <- prometheus.MustNewConstMetric(storesDesc, prometheus.GaugeValue, float64(state.Stores[s]), string(s))
	}
	ch <- prometheus.MustNewConstMetric(lookDesc, prometheus.GaugeValue, state.OldestLook.Seconds())
	ch <- prometheus.MustNewConstMetric(paceDesc, prometheus.GaugeValue, float64(state.Open), "open")
	ch <- prometheus.MustNewConstMetric(paceDesc, prometheus.GaugeValue, float64(state.Slowed), "slowed")
	ch <- prometheus.MustNewConstMetric(paceDesc, prometheus.GaugeValue, state.LowestRate, "lowest_rate")
}
