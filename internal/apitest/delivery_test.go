package apitest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"

	"magpie/internal/identity"
	"magpie/internal/publication"
	"magpie/internal/store"
)

// told is a webhook that notes what it is told, and how often.
type told struct {
	*httptest.Server
	mu    sync.Mutex
	ids   map[string]string // the id of the event by the id of the finding
	twice int               // events that came again
	other []string          // findings that came again as another event

	closed bool                 // answers nothing but 503
	before func(finding string) // is called before a finding is noted
	after  func(finding string) // is called when it is noted, before it is answered
}

func listen(t *testing.T) *told {
	x := &told{ids: map[string]string{}}
	x.Server = httptest.NewServer(x)
	t.Cleanup(x.Close)
	return x
}

func (x *told) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var event struct {
		ID, Subject string
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(body, &event) != nil {
		w.WriteHeader(http.StatusServiceUnavailable) // the other side died while it wrote
		return
	}
	x.mu.Lock()
	closed, before, after := x.closed, x.before, x.after
	x.mu.Unlock()
	if closed {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if before != nil {
		before(event.Subject)
	}
	x.mu.Lock()
	if id, ok := x.ids[event.Subject]; ok {
		if x.twice++; id != event.ID {
			x.other = append(x.other, event.Subject)
		}
	}
	x.ids[event.Subject] = event.ID
	x.mu.Unlock()
	if after != nil {
		after(event.Subject)
	}
	w.WriteHeader(http.StatusNoContent)
}

func (x *told) meanwhile(closed bool, before, after func(string)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.closed, x.before, x.after = closed, before, after
}

// missing are those of some findings that were not told.
func (x *told) missing(findings []string) (all []string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, id := range findings {
		if x.ids[id] == "" {
			all = append(all, id)
		}
	}
	return all
}

// A server is killed between the commit of a finding and the end of its delivery: before anything is sent, while the receiver reads,
// and when the receiver has it but its answer is not heard. Whatever was acknowledged is delivered, and what comes again is the same event.
func TestKilledWhileTelling(t *testing.T) {
	t.Parallel() // mostly it waits for a dead server's leases to end
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		db := h.open()
		service := h.identity(db)
		settle(t, service, adminID)
		key := newKey(t, service, adminID)
		receiver := listen(t)
		publisher := h.publisher(db)
		if _, err := publisher.Add(ctx, adminID, publication.Settings{Name: "hook", Region: region, Kind: publication.Webhook, Endpoint: receiver.URL,
			Secret: "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}, time.Now()); err != nil {
			t.Fatal(err)
		}
		p := h.serve("--rate", "CreateSampleFindings=100000")
		must(t)(client("http://"+p.address, key, region).EnableMacie(ctx, &macie2.EnableMacieInput{}))
		// Samples of data are new each time; those of policy are counted up, which is another event.
		kinds := []types.FindingType{types.FindingTypeSensitiveDataS3ObjectPersonal, types.FindingTypeSensitiveDataS3ObjectFinancial,
			types.FindingTypeSensitiveDataS3ObjectCredentials}
		var acknowledged []string
		for round := range max(rounds(t), 6) {
			die, dying := make(chan struct{}, 1), p
			fatal := func(string) {
				select {
				case die <- struct{}{}:
				default:
				}
				<-dying.ended // nothing is answered any more
			}
			switch round % 3 {
			case 0:
				receiver.meanwhile(true, nil, nil)
			case 1:
				receiver.meanwhile(false, fatal, nil)
			case 2:
				receiver.meanwhile(false, nil, fatal)
			}
			h.due(db) // what failed in the last round is not waited for
			c := client("http://"+p.address, key, region)
			if _, err := c.CreateSampleFindings(ctx, &macie2.CreateSampleFindingsInput{FindingTypes: kinds}); err != nil {
				t.Fatal(err)
			}
			listed, err := c.ListFindings(ctx, &macie2.ListFindingsInput{MaxResults: aws.Int32(int32(len(kinds)))})
			if err != nil || len(listed.FindingIds) != len(kinds) {
				t.Fatal(len(listed.FindingIds), err)
			}
			acknowledged = append(acknowledged, listed.FindingIds...)
			if round%3 != 0 {
				<-die
			}
			p.kill()
			receiver.meanwhile(false, nil, nil)
			p = h.serve("--rate", "CreateSampleFindings=100000")
		}
		slices.Sort(acknowledged)
		acknowledged = slices.Compact(acknowledged)
		for deadline := time.Now().Add(5 * time.Minute); len(receiver.missing(acknowledged)) > 0; time.Sleep(50 * time.Millisecond) {
			h.due(db)
			if time.Now().After(deadline) {
				t.Fatalf("%d of %d findings were not told", len(receiver.missing(acknowledged)), len(acknowledged))
			}
		}
		p.stop()
		receiver.mu.Lock()
		defer receiver.mu.Unlock()
		for _, id := range receiver.other {
			t.Errorf("finding %s came again as another event", id)
		}
		if receiver.twice == 0 {
			t.Error("nothing came again, although its answer was not heard")
		}
		t.Logf("%d findings, %d events came again", len(acknowledged), receiver.twice)
	})
}

// due makes all that waits to be told due, as time would: updates are held back for a quarter of an hour, and pauses grow.
func (h *house) due(db *store.DB) {
	h.t.Helper()
	err := db.Tx(h.t.Context(), "", func(tx *store.Tx) error {
		tx.Defer(`update destination set due_at = 0, lease_until = case when lease_until > 0 then 1 else 0 end`)
		tx.Defer(`update finding_delivery set due_at = 0`)
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// publisher adds destinations as the operator's verbs do.
func (h *house) publisher(db *store.DB) *publication.Service {
	h.t.Helper()
	key, err := identity.LoadMasterKey(h.t.Context(), db, identity.MasterKeySource{Folder: h.config.Data, Logger: logger(h.t)})
	if err != nil {
		h.t.Fatal(err)
	}
	return publication.New(publication.Options{DB: db, Logger: logger(h.t), Sealer: identity.NewSealer(key, identity.DestinationSecretPurpose)})
}
