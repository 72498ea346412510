package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

const (
	alpha = macie2.AccountID("111122223333")
	beta  = macie2.AccountID("444455556666")
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 123456789, time.UTC)

// open returns a service on a fresh store, with the accounts alpha and beta.
func open(t *testing.T, db *store.DB, o Options) *Service {
	t.Helper()
	s, err := Open(t.Context(), db, NewMasterKey(), o)
	if err != nil {
		t.Fatal(err)
	}
	for id, email := range map[macie2.AccountID]string{alpha: "alpha@example.com", beta: "beta@example.com"} {
		if _, err := s.CreateAccount(t.Context(), id, email, "", now); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// code is the exception in err.
func code(err error) macie2.Exception {
	var e *macie2.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func TestAccounts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openDB func() *store.DB) {
		var told []string
		d := NewDirectory(openDB(), Options{Hooks: Hooks{
			OnAccountStatus: func(_ context.Context, tx *store.Tx, id macie2.AccountID, status AccountStatus) error {
				tx.OnCommit(func() { told = append(told, fmt.Sprintf("%s %s", id, status)) })
				return nil
			},
		}})
		ctx := t.Context()
		a := must[Account](t)(d.CreateAccount(ctx, alpha, " Security@example.com ", "Security team", now))
		want := Account{ID: alpha, Email: "Security@example.com", Name: "Security team", Status: AccountActive, CreatedAt: now.Truncate(time.Millisecond), UpdatedAt: now.Truncate(time.Millisecond)}
		if a != want {
			t.Errorf("created %+v", a)
		}
		if got := must[Account](t)(d.Account(ctx, alpha)); got != want {
			t.Errorf("read %+v", got)
		}
		if _, err := d.CreateAccount(ctx, alpha, "x@example.com", "", now); !errors.Is(err, ErrAccountExists) {
			t.Errorf("created twice: %v", err)
		}
		later := now.Add(time.Hour)
		name, email := "Data", "data@example.com"
		a = must[Account](t)(d.UpdateAccount(ctx, alpha, &email, &name, later))
		if a.Email != email || a.Name != name || !a.UpdatedAt.Equal(later.Truncate(time.Millisecond)) || !a.CreatedAt.Equal(want.CreatedAt) {
			t.Errorf("updated %+v", a)
		}
		must[Account](t)(d.UpdateAccount(ctx, alpha, &email, nil, later))
		for _, change := range []func(context.Context, macie2.AccountID, time.Time) (Account, error){
			d.SuspendAccount, d.SuspendAccount, d.ResumeAccount, d.CloseAccount, d.CloseAccount,
		} {
			must[Account](t)(change(ctx, alpha, later))
		}
		if _, err := d.ResumeAccount(ctx, alpha, later); !errors.Is(err, ErrClosed) {
			t.Errorf("resumed a closed account: %v", err)
		}
		if _, err := d.UpdateAccount(ctx, alpha, nil, &name, later); !errors.Is(err, ErrClosed) {
			t.Errorf("updated a closed account: %v", err)
		}
		if _, err := d.CreateAccount(ctx, alpha, "x@example.com", "", now); !errors.Is(err, ErrAccountExists) {
			t.Errorf("created a closed account again: %v", err)
		}
		if got := strings.Join(told, ", "); got != "111122223333 Suspended, 111122223333 Active, 111122223333 Closed" {
			t.Errorf("hooks were told %s", got)
		}
		if _, err := d.Account(ctx, beta); !errors.Is(err, ErrNoAccount) {
			t.Errorf("unknown account: %v", err)
		}
		if _, err := d.SuspendAccount(ctx, beta, now); !errors.Is(err, ErrNoAccount) {
			t.Errorf("suspended an unknown account: %v", err)
		}
		must[Account](t)(d.CreateAccount(ctx, "000000000001", "first@example.com", "", now))
		list := must[[]Account](t)(d.AllAccounts(ctx))
		if len(list) != 2 || list[0].ID != "000000000001" || list[1].ID != alpha {
			t.Errorf("listed %+v", list)
		}
	})
}

func TestAccountRefused(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openDB func() *store.DB) {
		d := NewDirectory(openDB(), Options{})
		for _, email := range []string{"", "alpha", "a@", "@b", "a b@example.com", "Alpha <a@example.com>", "a@example.com, b@example.com", "a@example.com\r\nBcc: b@example.com", strings.Repeat("a", 250) + "@example.com"} {
			if _, err := d.CreateAccount(t.Context(), alpha, email, "", now); !errors.Is(err, ErrInvalid) {
				t.Errorf("%q: %v", email, err)
			}
		}
		for _, name := range []string{"two\nlines", "nul\x00", "\xff", strings.Repeat("é", 129)} {
			if _, err := d.CreateAccount(t.Context(), alpha, "a@example.com", name, now); !errors.Is(err, ErrInvalid) {
				t.Errorf("%q: %v", name, err)
			}
		}
		if list := must[[]Account](t)(d.AllAccounts(t.Context())); len(list) != 0 {
			t.Errorf("kept %+v", list)
		}
	})
}

// A hook that fails undoes the change it was told of.
func TestHookFails(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openDB func() *store.DB) {
		broken := errors.New("membership is broken")
		d := NewDirectory(openDB(), Options{Hooks: Hooks{
			OnAccountStatus: func(context.Context, *store.Tx, macie2.AccountID, AccountStatus) error { return broken },
		}})
		must[Account](t)(d.CreateAccount(t.Context(), alpha, "a@example.com", "", now))
		if _, err := d.SuspendAccount(t.Context(), alpha, now); !errors.Is(err, broken) {
			t.Error(err)
		}
		if a := must[Account](t)(d.Account(t.Context(), alpha)); a.Status != AccountActive {
			t.Errorf("left %+v", a)
		}
	})
}

func TestLookupAccounts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openDB func() *store.DB) {
		db := openDB()
		lookup := func(dev bool, ids ...macie2.AccountID) (found map[macie2.AccountID]Account) {
			d := NewDirectory(db, Options{Dev: dev})
			err := db.View(t.Context(), func(tx *store.Tx) (err error) {
				found, err = d.LookupAccounts(t.Context(), tx, ids)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return found
		}
		d := NewDirectory(db, Options{})
		must[Account](t)(d.CreateAccount(t.Context(), alpha, "Alpha@example.com", "", now))
		must[Account](t)(d.SuspendAccount(t.Context(), alpha, now))
		if found := lookup(false, alpha, beta); len(found) != 1 || found[alpha].Status != AccountSuspended || found[alpha].Implicit {
			t.Errorf("found %+v", found)
		}
		if found := lookup(false); len(found) != 0 {
			t.Errorf("found %+v", found)
		}
		found := lookup(true, alpha, beta)
		if len(found) != 2 || !found[beta].Implicit || found[beta].Status != AccountActive || found[alpha].Implicit {
			t.Errorf("in dev mode found %+v", found)
		}
		if !found[alpha].EmailIs(" alpha@EXAMPLE.com\t") || found[alpha].EmailIs("beta@example.com") || !found[beta].EmailIs("anything@example.com") {
			t.Error("addresses do not compare as they should")
		}
	})
}

func TestKeys(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openDB func() *store.DB) {
		ctx := t.Context()
		s := open(t, openDB(), Options{})
		key, secret, err := s.CreateKey(ctx, alpha, "", nil, now)
		if err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(`^AKIA[A-Z2-7]{16}$`).MatchString(key.ID) || !regexp.MustCompile(`^[A-Za-z0-9/+]{40}$`).MatchString(secret.Reveal()) {
			t.Errorf("key %s, secret of %d characters", key.ID, len(secret))
		}
		c := must[*Credentials](t)(s.Resolve(ctx, key.ID, "", now))
		p := c.Principal
		if p.ARN != "arn:aws:iam::111122223333:user/admin" || !regexp.MustCompile(`^AIDA[A-Z2-7]{17}$`).MatchString(p.ID) || p.KeyID != key.ID || p.Account != alpha || len(p.Policies) != 1 || p.Policies[0] != AdministratorAccess {
			t.Errorf("principal %+v", p)
		}
		if c.entry.secret != secret.Reveal() || c.Session != nil || c.Unchecked || c.Suspended {
			t.Errorf("credentials %+v", c)
		}
		// A second time from the cache, and on another node with the same key.
		if again := must[*Credentials](t)(s.Resolve(ctx, key.ID, "", now)); again.entry != c.entry {
			t.Error("the secret was opened twice")
		}
		other, _, err := s.CreateKey(ctx, alpha, "auditor", []string{PolicyNone}, now.Add(time.Second))
		if err != nil {
			t.Fatal(err)
		}
		if c := must[*Credentials](t)(s.Resolve(ctx, other.ID, "", now)); len(c.Principal.Policies) != 1 || c.Principal.Policies[0] != PolicyNone || c.Principal.ARN != "arn:aws:iam::111122223333:user/auditor" {
			t.Errorf("principal %+v", c.Principal)
		}
		for _, id := range []string{"AKIAIOSFODNN7EXAMPLE", "", "nul\x00", "\xff", "111122223333"} {
			if _, err := s.Resolve(ctx, id, "", now); code(err) != macie2.UnrecognizedClientException {
				t.Errorf("%q: %v", id, err)
			}
		}
		if _, err := s.Resolve(ctx, key.ID, "token", now); code(err) != macie2.UnrecognizedClientException {
			t.Errorf("a token of nothing: %v", err)
		}
		list := must[[]AccessKey](t)(s.Keys(ctx, alpha))
		if len(list) != 2 || list[0].ID != key.ID || list[1].ID != other.ID || list[1].Policies[0] != PolicyNone {
			t.Errorf("listed %+v", list)
		}
		if list := must[[]AccessKey](t)(s.Keys(ctx, "")); len(list) != 2 {
			t.Errorf("listed %+v", list)
		}
		if list := must[[]AccessKey](t)(s.Keys(ctx, beta)); len(list) != 0 {
			t.Errorf("listed %+v", list)
		}
		if _, err := s.Keys(ctx, "999999999999"); !errors.Is(err, ErrNoAccount) {
			t.Errorf("listed keys of nobody: %v", err)
		}
	})
}

func TestCreateKeyRefused(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openDB func() *store.DB) {
		ctx := t.Context()
		s := open(t, openDB(), Options{})
		must[Account](t)(s.CloseAccount(ctx, beta, now))
		for _, c := range []struct {
			account  macie2.AccountID
			user     string
			policies []string
			want     error
		}{
			{"999999999999", "", nil, ErrNoAccount},
			{beta, "", nil, ErrClosed},
			{alpha, "with space", nil, ErrInvalid},
			{alpha, strings.Repeat("a", 65), nil, ErrInvalid},
			{alpha, "", []string{"Administrator"}, ErrInvalid},
			{alpha, "", []string{PolicyNone, AdministratorAccess}, ErrInvalid},
		} {
			if _, _, err := s.CreateKey(ctx, c.account, c.user, c.policies, now); !errors.Is(err, c.want) {
				t.Errorf("%+v: %v", c, err)
			}
		}
	})
}

// What one node changes, every other honours from its next call on.
func TestChangesHoldOnEveryNode(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openDB func() *store.DB) {
		ctx := t.Context()
		master := NewMasterKey()
		one := must[*Service](t)(Open(ctx, openDB(), master, Options{}))
		two := must[*Service](t)(Open(ctx, openDB(), master, Options{}))
		must[Account](t)(one.CreateAccount(ctx, alpha, "a@example.com", "", now))
		key, secret, err := one.CreateKey(ctx, alpha, "", nil, now)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []*Service{one, two} {
			if c := must[*Credentials](t)(s.Resolve(ctx, key.ID, "", now)); c.entry.secret != secret.Reveal() {
				t.Error("another secret")
			}
		}
		must[Account](t)(one.SuspendAccount(ctx, alpha, now))
		if c := must[*Credentials](t)(two.Resolve(ctx, key.ID, "", now)); !c.Suspended {
			t.Error("the account is suspended, the other node does not know")
		}
		must[Account](t)(one.ResumeAccount(ctx, alpha, now))
		if c := must[*Credentials](t)(two.Resolve(ctx, key.ID, "", now)); c.Suspended {
			t.Error("the account is active again, the other node does not know")
		}
		revoked := must[AccessKey](t)(one.RevokeKey(ctx, key.ID, now))
		if revoked.Status != KeyInactive || !revoked.RevokedAt.Equal(now.Truncate(time.Millisecond)) {
			t.Errorf("revoked %+v", revoked)
		}
		if _, err := two.Resolve(ctx, key.ID, "", now); code(err) != macie2.UnrecognizedClientException {
			t.Errorf("a revoked key on the other node: %v", err)
		}
		if again := must[AccessKey](t)(one.RevokeKey(ctx, key.ID, now.Add(time.Hour))); !again.RevokedAt.Equal(revoked.RevokedAt) {
			t.Errorf("revoked again %+v", again)
		}
		if _, err := one.RevokeKey(ctx, "AKIAIOSFODNN7EXAMPLE", now); !errors.Is(err, ErrNoKey) {
			t.Errorf("revoked nothing: %v", err)
		}
		key, _, err = one.CreateKey(ctx, alpha, "", nil, now)
		if err != nil {
			t.Fatal(err)
		}
		must[Account](t)(one.CloseAccount(ctx, alpha, now))
		if _, err := two.Resolve(ctx, key.ID, "", now); code(err) != macie2.UnrecognizedClientException {
			t.Errorf("a key of a closed account: %v", err)
		}
	})
}

// A sealed secret is worth nothing at another key's id, and a store that was
// opened with another master key is not opened.
func TestSecretsAreBound(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openDB func() *store.DB) {
		ctx := t.Context()
		db := openDB()
		s := open(t, db, Options{})
		a, _, err := s.CreateKey(ctx, alpha, "", nil, now)
		if err != nil {
			t.Fatal(err)
		}
		b, secret, err := s.CreateKey(ctx, beta, "", nil, now)
		if err != nil {
			t.Fatal(err)
		}
		err = db.Tx(ctx, "test", func(tx *store.Tx) error {
			var sealed string
			if err := tx.QueryRow(ctx, `select secret from access_key where id = $1`, b.ID).Scan(&sealed); err != nil {
				return err
			}
			if strings.Contains(sealed, secret.Reveal()) {
				t.Error("the secret is stored in the open")
			}
			_, err := tx.Exec(ctx, `update access_key set secret = $1 where id = $2`, sealed, a.ID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Resolve(ctx, a.ID, "", now); err == nil || code(err) != "" || !strings.Contains(err.Error(), "sealed under") {
			t.Errorf("another key's secret was taken: %v", err)
		}
		if _, err := Open(ctx, db, NewMasterKey(), Options{}); err == nil || !strings.Contains(err.Error(), "another master key") {
			t.Errorf("opened with another master key: %v", err)
		}
	})
}

func TestNothingSecretPrints(t *testing.T) {
	master := NewMasterKey()
	secret := Secret("hidden")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(verb+verb, master, secret); got != "[redacted][redacted]" {
			t.Errorf("%s: %s", verb, got)
		}
	}
	b, err := json.Marshal(map[string]any{"secret": secret})
	if err != nil || string(b) != `{"secret":"[redacted]"}` {
		t.Errorf("%s, %v", b, err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", secret, "master", master)
	if strings.Contains(log.String(), "hidden") || strings.Count(log.String(), "[redacted]") != 2 {
		t.Error(log.String())
	}
}

func TestCacheIsBounded(t *testing.T) {
	c := newKeyCache()
	opened := 0
	get := func(key string) {
		if _, err := c.get(key, func() (*keyEntry, error) { opened++; return &keyEntry{}, nil }); err != nil {
			t.Fatal(err)
		}
	}
	for i := range maxCachedKeys + 100 {
		get("0") // stays in use
		get(fmt.Sprint(i))
	}
	if len(c.byKey) != maxCachedKeys || c.order.Len() != maxCachedKeys {
		t.Errorf("%d keys, %d entries", len(c.byKey), c.order.Len())
	}
	opened = 0
	if get("0"); opened != 0 {
		t.Error("an entry in use was dropped")
	}
	if get("1"); opened != 1 {
		t.Error("the oldest entry was kept")
	}
	if _, err := c.get("bad", func() (*keyEntry, error) { return nil, errSealed }); !errors.Is(err, errSealed) || len(c.byKey) != maxCachedKeys {
		t.Error("a failure was remembered")
	}
}

func TestSigningKeysAreCached(t *testing.T) {
	e := &keyEntry{secret: "secret"}
	first := e.signingKey("20261123", "us-east-1", "macie2")
	for i := range 3 * maxCachedScopes {
		region := fmt.Sprintf("us-east-%d", i+1)
		made, cached := e.signingKey("20261123", region, "macie2"), e.signingKey("20261123", region, "macie2")
		if made != cached {
			t.Fatal("a scope has two keys")
		}
	}
	if e.signingKey("20261123", "us-east-1", "macie2") != first || e.signingKey("20261123", "us-east-1", "sts") == first {
		t.Error("scopes are mixed up")
	}
}

func BenchmarkResolve(b *testing.B) {
	storetest.EachBenchmark(b, func(b *testing.B, openDB func() *store.DB) {
		ctx := context.Background()
		s, err := Open(ctx, openDB(), NewMasterKey(), Options{})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.CreateAccount(ctx, alpha, "a@example.com", "", now); err != nil {
			b.Fatal(err)
		}
		key, _, err := s.CreateKey(ctx, alpha, "", nil, now)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			c, err := s.Resolve(ctx, key.ID, "", now)
			if err != nil {
				b.Fatal(err)
			}
			c.SigningKey("20261123", "us-east-1", "macie2")
		}
	})
}
