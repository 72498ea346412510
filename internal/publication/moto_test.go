package publication

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// moto starts a moto server, which ends with the test.
func moto(t *testing.T) string {
	t.Helper()
	if exec.Command("python3", "-c", "import moto.server, flask").Run() != nil {
		t.Skip("moto is not installed: pip install 'moto[server]'")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	ctx, cancel := context.WithCancel(context.Background())
	c := exec.CommandContext(ctx, "python3", "-m", "moto.server", "-H", "127.0.0.1", "-p", strconv.Itoa(port))
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = c.Wait() // it was killed
	})
	endpoint := "http://127.0.0.1:" + strconv.Itoa(port)
	for deadline := time.Now().Add(2 * time.Minute); ; {
		response, err := http.Get(endpoint + "/moto-api/")
		if err == nil {
			response.Body.Close()
			return endpoint
		}
		if time.Now().After(deadline) {
			t.Fatalf("moto does not answer: %v", err)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-t.Context().Done():
		}
	}
}

// ask sends a signed request as a client of AWS does.
func ask(t *testing.T, d *Destination, service, path, contentType, target, body string) string {
	t.Helper()
	r, err := signed(t.Context(), d, "secret", operation{service, path, contentType, target}, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != 200 {
		t.Fatalf("%s %s: %d %s (%v)", service, target, response.StatusCode, answer, err)
	}
	return string(answer)
}

func TestMoto(t *testing.T) {

	storetest.Each(t, func(t *testing.T, db func() *store.DB) { tryMoto(t, open(t, db()), moto(t)) })
}

func tryMoto(t *testing.T, d *desk, endpoint string) {
	at := Settings{Endpoint: endpoint, AccessKeyID: "AKIDEXAMPLE", Secret: "secret"}
	bus, hub := at, at
	bus.Name, bus.Kind, bus.Bus = "bus", EventBridge, "findings"
	hub.Name, hub.Kind = "hub", SecurityHub
	d.add(alice, bus)
	d.add(alice, hub)
	x := d.one("bus")
	ask(t, &x, "events", "/", "application/x-amz-json-1.1", "AWSEvents.CreateEventBus", `{"Name":"findings"}`)
	archive := `{"ArchiveName":"all","EventSourceArn":"arn:aws:events:us-east-1:123456789012:event-bus/findings"}`
	ask(t, &x, "events", "/", "application/x-amz-json-1.1", "AWSEvents.CreateArchive", archive)

	var want []string
	for i := range 12 { // more than one call takes
		f := policy(alice, 1)
		f.Id = macie2.Ptr(*data(i).Id)
		want = append(want, *f.Id)
		d.publish(alice, f)
	}
	d.try()
	for _, name := range []string{"bus", "hub"} {
		if is := d.one(name); is.Delivered != 12 || is.Waiting != 0 || is.Dead != 0 || is.Problem != "" {
			t.Errorf("%s is %+v", name, is)
		}
	}
	answer := ask(t, &x, "events", "/", "application/x-amz-json-1.1", "AWSEvents.DescribeArchive", `{"ArchiveName":"all"}`)
	var archived struct{ EventCount int }
	if err := json.Unmarshal([]byte(answer), &archived); err != nil || archived.EventCount != 12 {
		t.Errorf("the bus has had %s (%v)", answer, err)
	}
	var found struct {
		Findings []struct{ ID, ProductArn string }
	}
	answer = ask(t, &x, "securityhub", "/findings", "application/json", "", `{"MaxResults":100}`)
	if err := json.Unmarshal([]byte(answer), &found); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range found.Findings {
		got = append(got, f.ID)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("Security Hub has %v, want %v", got, want)
	}
}

// A call that is taken in part: what failed for now comes again, what is wrong becomes a dead letter, the rest is done.
func TestPartOfACallFails(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		answers := []string{
			`{"FailedEntryCount":2,"Entries":[{"EventId":"1"},{"ErrorCode":"ThrottlingException","ErrorMessage":"later"},{"ErrorCode":"MalformedDetail"}]}`,
			`{"FailedEntryCount":0,"Entries":[{"EventId":"2"}]}`,
		}
		var asked []string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			asked = append(asked, string(body))
			if !strings.Contains(r.Header.Get("Authorization"), "AKIDEXAMPLE/") {
				t.Errorf("Authorization is %q", r.Header.Get("Authorization"))
			}
			_, _ = io.WriteString(w, answers[len(asked)-1])
		}))
		defer server.Close()
		d.add(alice, Settings{Name: "bus", Kind: EventBridge, Endpoint: server.URL, AccessKeyID: "AKIDEXAMPLE", Secret: "secret"})
		d.publish(alice, data(1), data(2), data(3))
		d.try()
		if x := d.one("bus"); x.Delivered != 1 || x.Waiting != 1 || x.Dead != 1 || x.Failures != 1 || !strings.Contains(x.Problem, "later") {
			t.Errorf("it is %+v", x)
		}
		letters, err := d.DeadLetters(t.Context(), alice, "bus", 10)
		if err != nil || len(letters) != 1 || letters[0].FindingID != *data(3).Id || letters[0].Reason != "MalformedDetail" {
			t.Errorf("dead letters are %+v, %v", letters, err)
		}
		d.now()
		d.try()
		if x := d.one("bus"); x.Delivered != 2 || x.Waiting != 0 || x.Failures != 0 || len(asked) != 2 || !strings.Contains(asked[1], *data(2).Id) {
			t.Errorf("then it is %+v, and was sent %q", x, asked)
		}
	})
}

// One finding that is wrong does not hold up those in the same call.
func TestOneOfACallIsWrong(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if strings.Contains(string(body), *data(2).Id) {
				w.WriteHeader(400)
				_, _ = io.WriteString(w, `{"__type":"com.amazon#ValidationException","message":"too large"}`)
				return
			}
			_, _ = io.WriteString(w, `{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}`)
		}))
		defer server.Close()
		d.add(alice, Settings{Name: "bus", Kind: EventBridge, Endpoint: server.URL, AccessKeyID: "AKIDEXAMPLE", Secret: "secret"})
		d.publish(alice, data(1), data(2), data(3))
		d.try()
		if x := d.one("bus"); x.Delivered != 2 || x.Waiting != 0 || x.Dead != 1 || x.Failures != 0 {
			t.Errorf("it is %+v", x)
		}
	})
}
