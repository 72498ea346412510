package apitest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"magpie/internal/identity"
	contract "magpie/internal/macie2"
	"magpie/internal/server"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// The accounts that take part, and where. Others are made as they are needed.
const (
	adminID  = "111122223333"
	rivalID  = "222233334444"
	memberID = "333344445555"
	secondID = "444455556666"

	region      = "eu-west-1"
	otherRegion = "ap-southeast-2"
)

// A house is an installation: a fresh database on one engine and a data folder.
type house struct {
	t      *testing.T
	engine string
	config server.Config // of every node that is started; tests change it before
	binary string        // of nodes in processes of their own; "" is the program as it is
}

// each runs fn in a fresh house on every engine.
func each(t *testing.T, fn func(t *testing.T, h *house)) {
	t.Helper()
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) { fn(t, newHouse(t, engine)) })
	}
}

func newHouse(t *testing.T, engine string) *house {
	t.Helper()
	h := &house{t: t, engine: engine}
	h.config = server.Config{Listen: "127.0.0.1:0", Data: t.TempDir(), MailRate: 100_000}
	h.config.MailDir = filepath.Join(h.config.Data, "mail")
	if engine == "postgres" {
		h.config.DatabaseURL = storetest.Fresh(t, engine).URL
	}
	return h
}

// logger writes what is worth a warning to the test's log.
func logger(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// node starts a node in this process; it ends with the test.
func (h *house) node() *server.Server { return h.nodeWith(h.config) }

func (h *house) nodeWith(c server.Config) *server.Server {
	h.t.Helper()
	s, err := server.Start(h.t.Context(), c, logger(h.t))
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		if err := s.Close(); err != nil {
			h.t.Errorf("close the node: %v", err)
		}
	})
	return s
}

// open opens the database beside the servers, as an administration verb does.
func (h *house) open() *store.DB {
	h.t.Helper()
	db, err := server.OpenStore(h.t.Context(), h.config, logger(h.t))
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		if err := db.Close(); err != nil {
			h.t.Errorf("close the database: %v", err)
		}
	})
	return db
}

// identity gives access to accounts and keys on the database itself.
func (h *house) identity(db *store.DB) *identity.Service {
	h.t.Helper()
	ctx := h.t.Context()
	key, err := identity.LoadMasterKey(ctx, db, identity.MasterKeySource{Folder: h.config.Data, Logger: logger(h.t)})
	if err != nil {
		h.t.Fatal(err)
	}
	service, err := identity.Open(ctx, db, key, identity.Options{})
	if err != nil {
		h.t.Fatal(err)
	}
	return service
}

func address(id string) string { return "owner-" + id + "@example.com" }

// settle creates accounts, each with its own address.
func settle(t *testing.T, service *identity.Service, ids ...string) {
	t.Helper()
	for _, id := range ids {
		_, err := service.CreateAccount(t.Context(), contract.AccountID(id), address(id), "Account "+id[:4], time.Now().UTC())
		if err != nil {
			t.Fatal(err)
		}
	}
}

// newKey makes an access key of an account.
func newKey(t *testing.T, service *identity.Service, id string, policies ...string) aws.Credentials {
	t.Helper()
	key, secret, err := service.CreateKey(t.Context(), contract.AccountID(id), "", policies, time.Now().UTC())
	if err != nil {
		t.Fatal(err)
	}
	return aws.Credentials{AccessKeyID: key.ID, SecretAccessKey: secret.Reveal()}
}

// client is the SDK's client of an account, which calls once and reports what it gets.
func client(url string, c aws.Credentials, in string, more ...func(*macie2.Options)) *macie2.Client {
	return macie2.New(macie2.Options{
		BaseEndpoint: &url, Region: in, Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken),
	}, more...)
}

// cast is a node with the usual accounts, and a client of each in the usual Region.
type cast struct {
	t      *testing.T
	url    string
	ids    *identity.Service
	keys   map[string]aws.Credentials
	admin  *macie2.Client
	rival  *macie2.Client
	member *macie2.Client
	second *macie2.Client
}

// play starts a node of the house with the usual accounts.
func (h *house) play() *cast { return h.playWith(h.config) }

func (h *house) playWith(config server.Config) *cast {
	h.t.Helper()
	s := h.nodeWith(config)
	c := &cast{t: h.t, url: s.URL(), ids: s.Identity(), keys: map[string]aws.Credentials{}}
	for id, as := range map[string]**macie2.Client{adminID: &c.admin, rivalID: &c.rival, memberID: &c.member, secondID: &c.second} {
		settle(h.t, c.ids, id)
		c.keys[id] = newKey(h.t, c.ids, id)
		*as = c.in(region, id)
	}
	return c
}

// in is the client of an account in a Region.
func (c *cast) in(region, id string) *macie2.Client { return client(c.url, c.keys[id], region) }

// enable enables Macie for some accounts.
func (c *cast) enable(clients ...*macie2.Client) {
	c.t.Helper()
	for _, x := range clients {
		must(c.t)(x.EnableMacie(c.t.Context(), &macie2.EnableMacieInput{}))
	}
}

// must fails the test on an error: must(t)(client.Call(…)).
func must(t *testing.T) func(out any, err error) {
	return func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}

// wantError asserts that err is the SDK's type for an exception of the contract, with the status that goes with it and a text.
func wantError[E interface {
	error
	smithy.APIError
}](t *testing.T, err error, status int, text string) {
	t.Helper()
	var typed E
	var response *smithyhttp.ResponseError
	switch {
	case !errors.As(err, &typed):
		t.Errorf("got %v, want a %T", err, typed)
	case !errors.As(err, &response) || response.HTTPStatusCode() != status:
		t.Errorf("%v has the wrong status, want %d", err, status)
	case typed.ErrorMessage() != text:
		t.Errorf("%T says %q, want %q", typed, typed.ErrorMessage(), text)
	}
}

// wantCode asserts an error that the SDK has no type for.
func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

// eventually waits for what another process or a worker brings about. It does not say when: only that it does.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("it never happened: %s", what)
		}
	}
}

// readAll reads an answer's body.
func readAll(t *testing.T, r *http.Response) string {
	t.Helper()
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// mails lists the invitations whose mail is in the folder of the house.
func (h *house) mails() []string {
	h.t.Helper()
	files, err := filepath.Glob(filepath.Join(h.config.MailDir, "*.eml"))
	if err != nil {
		h.t.Fatal(err)
	}
	return files
}

// readMail returns the mail of an invitation once it was written.
func (h *house) readMail(invitationID string) string {
	h.t.Helper()
	var text []byte
	eventually(h.t, "the mail of "+invitationID, func() bool {
		var err error
		text, err = os.ReadFile(filepath.Join(h.config.MailDir, invitationID+".eml"))
		return err == nil
	})
	return string(text)
}
