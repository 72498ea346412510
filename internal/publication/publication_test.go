package publication

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"magpie/internal/finding"
	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

const (
	region = "us-east-1"
	alice  = macie2.AccountID("111122223333") // the administrator of bob
	bob    = macie2.AccountID("444455556666")
	secret = identity.Secret("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
)

var start = time.Date(2026, 5, 1, 12, 0, 0, 123e6, time.UTC)

// desk is a Service on a fresh database.
type desk struct {
	t *testing.T
	*Service
}

func open(t *testing.T, db *store.DB) *desk {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	key, err := identity.LoadMasterKey(t.Context(), db, identity.MasterKeySource{Folder: t.TempDir(), Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	return &desk{t, New(Options{
		DB: db, Sealer: identity.NewSealer(key, identity.DestinationSecretPurpose), Logger: log,
		Administrator: func(_ context.Context, _ *store.Tx, _ string, m macie2.AccountID) (macie2.AccountID, error) {
			if m == bob {
				return alice, nil
			}
			return "", nil
		},
	})}
}

func each(t *testing.T, test func(t *testing.T, d *desk)) {
	storetest.Each(t, func(t *testing.T, db func() *store.DB) { test(t, open(t, db())) })
}

func (d *desk) add(account macie2.AccountID, x Settings) {
	d.t.Helper()
	x.Region = region
	if x.Kind == Webhook {
		x.Secret = secret
	}
	if _, err := d.Add(d.t.Context(), account, x, start); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) publish(holder macie2.AccountID, findings ...*macie2.Finding) {
	d.t.Helper()
	err := d.db.Tx(d.t.Context(), "", func(tx *store.Tx) error { return d.Publish(d.t.Context(), tx, holder, findings) })
	if err != nil {
		d.t.Fatal(err)
	}
}

// try delivers once to each destination that has something due, as a node does.
func (d *desk) try() {
	d.t.Helper()
	var work sync.WaitGroup
	if err := d.look(d.t.Context(), &busy{ids: map[string]bool{}}, &work); err != nil {
		d.t.Fatal(err)
	}
	work.Wait()
}

// now makes all that waits due, as time would.
func (d *desk) now() {
	d.t.Helper()
	err := d.db.Tx(d.t.Context(), "", func(tx *store.Tx) error {
		tx.Defer(`update destination set due_at = 0, lease_until = 0`)
		tx.Defer(`update finding_delivery set due_at = 0`)
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) one(name string) Destination {
	d.t.Helper()
	all, err := d.List(d.t.Context(), "")
	if err != nil {
		d.t.Fatal(err)
	}
	for _, x := range all {
		if x.Name == name {
			return x
		}
	}
	d.t.Fatalf("there is no destination %s", name)
	return Destination{}
}

func data(i int) *macie2.Finding {
	return finding.Sample(region, alice, start.Add(time.Duration(i)*time.Second))
}

func policy(owner macie2.AccountID, count int64) *macie2.Finding {
	x := finding.ShapePolicy(&finding.PolicyChange{
		Region: region, Owner: owner, Type: macie2.FindingTypePolicyIAMUserS3BucketPublic, API: "PutBucketAcl", At: start,
		Bucket: macie2.S3Bucket{Name: macie2.Ptr("records"), CreatedAt: macie2.NewTimestamp(start), Tags: []macie2.KeyValuePair{}},
		Actor: &macie2.FindingActor{
			UserIdentity: &macie2.UserIdentity{Type: macie2.Ptr(macie2.UserIdentityTypeIAMUser), IamUser: &macie2.IamUser{UserName: macie2.Ptr("ann")}},
			IpAddressDetails: &macie2.IpAddressDetails{IpAddressV4: macie2.Ptr("198.51.100.1"), IpOwner: &macie2.IpOwner{Asn: macie2.Ptr("64496")},
				IpGeoLocation: &macie2.IpGeoLocation{Lat: macie2.Ptr(52.5), Lon: macie2.Ptr(13.25)}},
		},
	})
	x.Count = &count
	return x
}

// receiver is a server that checks signatures and answers as it is told.
type receiver struct {
	*httptest.Server
	t      *testing.T
	mu     sync.Mutex
	answer func(w http.ResponseWriter, r *http.Request, n int) // nil: 204
	asked  int
	got    []cloudEvent
}

func receive(t *testing.T) *receiver {
	r := &receiver{t: t}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (x *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		x.t.Error(err)
	}
	id, stamp := r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp")
	mac := hmac.New(sha256.New, []byte("01234567890123456789012345678901"))
	mac.Write([]byte(id + "." + stamp + "." + string(body)))
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); r.Header.Get("Webhook-Signature") != want {
		x.t.Errorf("the signature is %s, want %s", r.Header.Get("Webhook-Signature"), want)
	}
	if n, err := strconv.ParseInt(stamp, 10, 64); err != nil || time.Since(time.Unix(n, 0)).Abs() > time.Hour {
		x.t.Errorf("webhook-timestamp is %q", stamp)
	}
	var e cloudEvent
	if err := json.Unmarshal(body, &e); err != nil || e.SpecVersion != "1.0" || e.ID != id {
		x.t.Errorf("%s is no CloudEvent with the id %s (%v)", body, id, err)
	}
	x.mu.Lock()
	x.asked++
	answer, n := x.answer, x.asked
	x.mu.Unlock()
	took := &taker{ResponseWriter: w}
	if answer == nil {
		took.WriteHeader(204)
	} else {
		answer(took, r, n)
	}
	if took.status >= 200 && took.status < 300 {
		x.mu.Lock()
		x.got = append(x.got, e)
		x.mu.Unlock()
	}
}

type taker struct {
	http.ResponseWriter
	status int
}

func (t *taker) WriteHeader(status int) {
	t.status = status
	t.ResponseWriter.WriteHeader(status)
}

func (x *receiver) subjects() (all []string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, e := range x.got {
		all = append(all, e.Subject)
	}
	return all
}

func ids(findings ...*macie2.Finding) (all []string) {
	for _, x := range findings {
		all = append(all, *x.Id)
	}
	return all
}

func TestDeliversInOrder(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := receive(t)
		d.add(alice, Settings{Name: "hook", Kind: Webhook, Endpoint: r.URL})
		var all []*macie2.Finding
		for i := range 5 {
			all = append(all, data(2*i), data(2*i+1))
			d.publish(alice, all[2*i:]...)
		}
		d.try()
		if got, want := r.subjects(), ids(all...); !slices.Equal(got, want) {
			t.Errorf("delivered %v, want %v", got, want)
		}
		if x := d.one("hook"); x.Delivered != 10 || x.Waiting != 0 || x.Failures != 0 || x.DeliveredAt.IsZero() {
			t.Errorf("afterwards it is %+v", x)
		}
		d.try()
		if n := len(r.subjects()); n != 10 {
			t.Errorf("%d were delivered after another look", n)
		}
	})
}

func TestAnswers(t *testing.T) {
	status := func(n int) func(http.ResponseWriter, *http.Request, int) {
		return func(w http.ResponseWriter, r *http.Request, _ int) {
			w.Header().Set("Location", "http://"+r.Host+"/elsewhere")
			w.WriteHeader(n)
		}
	}
	for _, x := range []struct {
		name          string
		answer        func(http.ResponseWriter, *http.Request, int)
		waiting, dead int64
		off           bool
		asked         int
		problem       string
	}{
		{"accepted", status(202), 0, 0, false, 2, ""},
		{"fails", status(500), 2, 0, false, 1, "answer 500"},
		{"is moved", status(301), 2, 0, false, 1, "redirects are not followed"},
		{"is moved for now", status(307), 2, 0, false, 1, "redirects are not followed"},
		{"is not there", status(404), 2, 0, false, 1, "answer 404"},
		{"does not know us", status(401), 2, 0, false, 1, "answer 401"},
		{"is gone", status(410), 2, 0, true, 1, "no more"},
		{"refuses", status(400), 0, 2, false, 2, ""},
		{"finds it too large", status(413), 0, 2, false, 2, ""},
		{"cannot use it", status(422), 0, 2, false, 2, ""},
		{"closes the connection", func(http.ResponseWriter, *http.Request, int) { panic(http.ErrAbortHandler) }, 2, 0, false, 1, "EOF"},
		{"hangs", func(_ http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() }, 2, 0, false, 1, "deadline"},
	} {
		t.Run(x.name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, db func() *store.DB) {
				d := open(t, db())
				d.attempt = 200 * time.Millisecond
				if x.name != "hangs" {
					d.attempt = time.Minute
				}
				r, other := receive(t), receive(t)
				r.answer = x.answer
				d.add(alice, Settings{Name: "hook", Kind: Webhook, Endpoint: r.URL})
				d.add(alice, Settings{Name: "other", Kind: Webhook, Endpoint: other.URL})
				d.publish(alice, data(1), data(2))
				d.try()
				is := d.one("hook")
				if is.Waiting != x.waiting || is.Dead != x.dead || is.Enabled == x.off || r.asked != x.asked || !strings.Contains(is.Problem, x.problem) ||
					(is.Problem == "") != (x.problem == "") {
					t.Errorf("afterwards it is %+v, asked %d times", is, r.asked)
				}
				if n := len(other.subjects()); n != 2 {
					t.Errorf("the other destination got %d", n)
				}
				d.try() // nothing is due
				if r.asked != x.asked {
					t.Errorf("it was asked again at once")
				}
				if x.waiting+x.dead == 0 {
					return
				}
				r.mu.Lock()
				r.answer = nil
				r.mu.Unlock()
				if n, err := d.Retry(t.Context(), alice, "hook"); err != nil || n != x.dead {
					t.Fatalf("Retry: %d, %v", n, err)
				}
				d.try()
				if got := r.subjects(); !slices.Equal(got, ids(data(1), data(2))) {
					t.Errorf("when it is well again it gets %v", got)
				}
				if is := d.one("hook"); !is.Enabled || is.Problem != "" || is.Dead != 0 || is.Waiting != 0 {
					t.Errorf("when it is well again it is %+v", is)
				}
			})
		})
	}
}

func TestPauseGrows(t *testing.T) {
	before := time.Duration(0)
	for n := int64(1); n < 100; n++ {
		p := pauseAfter(n, 0)
		if p > longest || p < firstPause*4/5 || n < 10 && p <= before {
			t.Errorf("after %d failures the pause is %v, after %v", n, p, before)
		}
		before = p
	}
	if p := pauseAfter(1, 10*time.Minute); p < 8*time.Minute {
		t.Errorf("where ten minutes are asked for the pause is %v", p)
	}
	if p := pauseAfter(1, 1000*time.Hour); p > longest {
		t.Errorf("the pause is %v, however long is asked for", p)
	}
}

// A node that dies after it has delivered, and before it has noted so: everything comes again with the same ids.
func TestDiesBeforeItNotes(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := receive(t)
		d.add(alice, Settings{Name: "hook", Kind: Webhook, Endpoint: r.URL})
		d.publish(alice, data(1), data(2))
		x := d.one("hook")
		batch, err := d.take(t.Context(), &x)
		if err != nil || len(batch) != 2 {
			t.Fatalf("take: %d, %v", len(batch), err)
		}
		if done, _, _ := d.sendAll(t.Context(), &x, secret.Reveal(), batch); len(done) != 2 {
			t.Fatalf("%d were delivered", len(done))
		}
		d.try() // the other node still has the lease
		if n := len(r.subjects()); n != 2 {
			t.Fatalf("while another node has the lease, %d came", n)
		}
		d.now() // the lease ends
		d.try()
		if len(r.got) != 4 || r.got[0].ID != r.got[2].ID || r.got[1].ID != r.got[3].ID || r.got[0].ID == r.got[1].ID {
			t.Errorf("delivered were %v", r.got)
		}
		// The first node was only slow: it changes nothing any more.
		if err := d.settle(t.Context(), &x, batch, nil, outcome{}); !errors.Is(err, errLost) {
			t.Errorf("who lost the lease may still write: %v", err)
		}
		if is := d.one("hook"); is.Delivered != 2 || is.Waiting != 0 {
			t.Errorf("afterwards it is %+v", is)
		}
	})
}

// Nothing is told of what is rolled back.
func TestRolledBack(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := receive(t)
		d.add(alice, Settings{Name: "hook", Kind: Webhook, Endpoint: r.URL})
		failure := errors.New("rolled back")
		err := d.db.Tx(t.Context(), "", func(tx *store.Tx) error {
			return errors.Join(d.Publish(t.Context(), tx, alice, []*macie2.Finding{data(1)}), failure)
		})
		if !errors.Is(err, failure) {
			t.Fatal(err)
		}
		d.try()
		if x := d.one("hook"); x.Waiting != 0 || r.asked != 0 {
			t.Errorf("afterwards it is %+v, asked %d times", x, r.asked)
		}
	})
}

func TestUpdatesAreHeldBack(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := receive(t)
		d.add(bob, Settings{Name: "hook", Kind: Webhook, Endpoint: r.URL})
		d.publish(bob, policy(bob, 1))
		d.try()
		d.publish(bob, policy(bob, 2))
		d.publish(bob, policy(bob, 3))
		d.publish(bob, data(1))
		d.try()
		if got, want := r.subjects(), ids(policy(bob, 1), data(1)); !slices.Equal(got, want) {
			t.Fatalf("at once came %v, want %v", got, want)
		}
		if x := d.one("hook"); x.Waiting != 1 {
			t.Errorf("held back are %d, want the last update alone", x.Waiting)
		}
		d.now()
		d.try()
		if len(r.got) != 3 || r.got[2].ID != eventID(policy(bob, 3)) || r.got[2].ID == r.got[0].ID {
			t.Errorf("in the end came %v", r.got)
		}
	})
}

func TestWhoIsTold(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		for _, account := range []macie2.AccountID{alice, bob} {
			d.add(account, Settings{Name: "hook", Kind: Webhook, Endpoint: "https://siem.example.com/"})
			d.add(account, Settings{Name: "hub", Kind: SecurityHub, Endpoint: "http://127.0.0.1:1", AccessKeyID: "AKIDEXAMPLE", Secret: "secret"})
		}
		d.publish(bob, policy(bob, 1), data(1))
		all, err := d.List(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, x := range all {
			got = append(got, fmt.Sprintf("%s %s %d", x.Account, x.Name, x.Waiting))
		}
		// Macie's default is that Security Hub gets findings of policy alone, and from the bucket's owner.
		want := []string{"111122223333 hook 1", "111122223333 hub 0", "444455556666 hook 2", "444455556666 hub 1"}
		if !slices.Equal(got, want) {
			t.Errorf("told were %v, want %v", got, want)
		}
	})
}

func TestRemove(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.add(alice, Settings{Name: "hook", Kind: Webhook, Endpoint: "https://siem.example.com/"})
		if _, err := d.Add(t.Context(), alice, Settings{Name: "hook", Region: region, Kind: Webhook, Endpoint: "https://siem.example.com/", Secret: secret}, start); !errors.Is(err, ErrExists) {
			t.Errorf("another of that name: %v", err)
		}
		d.publish(alice, data(1))
		if err := d.Remove(t.Context(), alice, "hook"); err != nil {
			t.Fatal(err)
		}
		if err := d.Remove(t.Context(), alice, "hook"); !errors.Is(err, ErrNone) {
			t.Errorf("removed twice: %v", err)
		}
		for _, table := range []string{"destination", "destination_order", "finding_delivery", "finding_dead_letter"} {
			var n int64
			err := d.db.View(t.Context(), func(tx *store.Tx) error { return tx.QueryRow(t.Context(), `select count(*) from `+table).Scan(&n) })
			if err != nil || n != 0 {
				t.Errorf("%s has %d rows, %v", table, n, err)
			}
		}
	})
}

func TestFile(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		path := filepath.Join(t.TempDir(), "findings.jsonl")
		d.add(alice, Settings{Name: "file", Kind: File, Endpoint: "file://" + path})
		d.publish(alice, data(1))
		d.try()
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(`{"half a line`); err != nil {
			t.Fatal(err)
		}
		f.Close()
		d.publish(alice, data(2), data(3))
		d.try()
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for line := range strings.Lines(string(text)) {
			var x struct {
				ClassUID int `json:"class_uid"`
				Info     struct {
					UID string `json:"uid"`
				} `json:"finding_info"`
			}
			if err := json.Unmarshal([]byte(line), &x); err != nil || x.ClassUID != 2006 {
				t.Errorf("%s: %v", line, err)
			}
			got = append(got, x.Info.UID)
		}
		if want := ids(data(1), data(2), data(3)); !slices.Equal(got, want) {
			t.Errorf("written were %v, want %v", got, want)
		}
	})
}

// Run delivers what is published while it runs, and ends with its context.
func TestRun(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := receive(t)
		got := make(chan struct{}, 10)
		r.answer = func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.WriteHeader(200)
			got <- struct{}{}
		}
		d.add(alice, Settings{Name: "hook", Kind: Webhook, Endpoint: r.URL})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- d.Run(ctx) }()
		for i := range 3 {
			d.publish(alice, data(i))
			<-got
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if x := d.one("hook"); x.Delivered+x.Waiting != 3 {
			t.Errorf("afterwards it is %+v", x)
		}
	})
}

// TestForbiddenAddresses: what a destination's name stands for is looked at when the connection is made; where a cloud tells its
// secrets nothing is sent.
func TestForbiddenAddresses(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		for i, host := range []string{"169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "[fd00:ec2::254]", "[64:ff9b::a9fe:a9fe]", "100.100.100.200"} {
			d.add(alice, Settings{Name: fmt.Sprint("hook", i), Kind: Webhook, Endpoint: "http://" + host + "/latest", Insecure: true})
		}
		d.publish(alice, data(1))
		d.try()
		all, err := d.List(t.Context(), alice)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range all {
			if x.Waiting != 1 || !strings.Contains(x.Problem, "link-local") && !strings.Contains(x.Problem, "reserved") {
				t.Errorf("%s: %+v", x.Endpoint, x)
			}
		}
	})
}
