package signin

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// Bounds of what is kept.
const (
	mostSessions   = 50 // of a principal
	mostIdentities = 20 // of a session
	mostAgent      = 256
	seenEvery      = time.Minute // how often it is written down that a session was used
	handleLength   = 16          // characters of a session's public name
)

// The defaults of Options.
const (
	DefaultLife = 12 * time.Hour
	DefaultIdle = time.Hour
)

// Options of a Service.
type Options struct {
	DB     *store.DB
	Life   time.Duration // of a session; 0 is DefaultLife
	Idle   time.Duration // without a person's act; 0 is DefaultIdle
	Logger *slog.Logger  // nil discards
}

// Service keeps sessions. It is safe for concurrent use.
type Service struct {
	db         *store.DB
	life, idle time.Duration
	log        *slog.Logger
}

// New returns the service.
func New(o Options) *Service {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Service{db: o.DB, life: cmp.Or(o.Life, DefaultLife), idle: cmp.Or(o.Idle, DefaultIdle), log: o.Logger}
}

// ErrNone says that there is no such session, link or identity, or not any more.
var ErrNone = errors.New("signin: there is none")

// ErrTooMany says that a session has switched to as many roles as it may.
var ErrTooMany = errors.New("signin: too many roles")

// Identity is a principal whose calls a session makes.
type Identity struct {
	ID        string // within the session; "0" is who signed in
	Account   macie2.AccountID
	Principal string // its ARN
	RoleARN   string // of a role that was switched to
	KeyID     string
	Token     string    // of temporary credentials, sealed by package identity
	Expires   time.Time // zero if it does not end before the session
}

// Session is who uses a browser.
type Session struct {
	Handle     string     // a public name, which gives no access
	Identities []Identity // who signed in is the first
	Created    time.Time
	Seen       time.Time
	Expires    time.Time
	IdleUntil  time.Time // when it ends unless somebody acts
	Source     string
	UserAgent  string

	id string
}

// Identity finds one of the session's identities.
func (s Session) Identity(id string) (Identity, bool) {
	for _, i := range s.Identities {
		if i.ID == id {
			return i, true
		}
	}
	return Identity{}, false
}

// newSecret makes what a browser or a link presents: 32 random bytes.
func newSecret() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// hash is what of a secret is stored.
func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

func lane(principal string) string { return "signin/" + principal }

// Start begins a session of who, and returns what the browser is to present.
func (s *Service) Start(ctx context.Context, who Identity, source, userAgent string, now time.Time) (secret string, err error) {
	secret = newSecret()
	expires := now.Add(s.life)
	if !who.Expires.IsZero() && who.Expires.Before(expires) {
		expires = who.Expires
	}
	err = s.db.Tx(ctx, lane(who.Principal), func(tx *store.Tx) error {
		var old []string
		n := 0
		err := tx.Query(ctx, func(row store.Row) error {
			var id string
			err := row.Scan(&id)
			if n++; n >= mostSessions {
				old = append(old, id)
			}
			return err
		}, `select id from console_session where principal = $1 order by created_at desc, id`, who.Principal)
		if err != nil {
			return err
		}
		for _, id := range old {
			if err := remove(ctx, tx, id); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `insert into console_session (id, account_id, principal, key_id, token, created_at, seen_at, expires_at, source, user_agent)
			values ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9)`, hash(secret), who.Account, who.Principal, who.KeyID, who.Token,
			now.UnixMilli(), expires.UnixMilli(), source, plain(userAgent))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("start a session of %s: %w", who.Principal, err)
	}
	return secret, nil
}

// plain is as much of a user agent as is kept.
func plain(s string) string {
	if len(s) > mostAgent {
		s = s[:mostAgent]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
}

const sessionColumns = "id, account_id, principal, key_id, token, created_at, seen_at, expires_at, source, user_agent"

func (s *Service) scan(row store.RowOne) (x Session, err error) {
	var created, seen, expires int64
	who := Identity{ID: "0"}
	if err := row.Scan(&x.id, &who.Account, &who.Principal, &who.KeyID, &who.Token, &created, &seen, &expires, &x.Source, &x.UserAgent); err != nil {
		return x, err
	}
	x.Handle, x.Identities = x.id[:handleLength], []Identity{who}
	x.Created, x.Seen, x.Expires = time.UnixMilli(created).UTC(), time.UnixMilli(seen).UTC(), time.UnixMilli(expires).UTC()
	x.IdleUntil = x.Seen.Add(s.idle)
	return x, nil
}

func (x Session) ended(now time.Time) bool { return !now.Before(x.Expires) || !now.Before(x.IdleUntil) }

// Find returns the session of what a browser presents, or ErrNone. act says that a person did something, which keeps the session from
// ending for want of it.
func (s *Service) Find(ctx context.Context, secret string, now time.Time, act bool) (x Session, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		var err error
		if x, err = s.scan(tx.QueryRow(ctx, `select `+sessionColumns+` from console_session where id = $1`, hash(secret))); err != nil {
			return err
		}
		return tx.Query(ctx, func(row store.Row) error {
			var i Identity
			var expires int64
			err := row.Scan(&i.ID, &i.Account, &i.Principal, &i.RoleARN, &i.KeyID, &i.Token, &expires)
			if i.Expires = time.UnixMilli(expires).UTC(); now.Before(i.Expires) {
				x.Identities = append(x.Identities, i)
			}
			return err
		}, `select id, account_id, principal, role_arn, key_id, token, expires_at from console_identity where session_id = $1
			order by created_at, id`, x.id)
	})
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && x.ended(now):
		return Session{}, ErrNone
	case err != nil:
		return Session{}, fmt.Errorf("find a session: %w", err)
	}
	if act && now.Sub(x.Seen) >= seenEvery {
		err := s.db.Tx(ctx, lane(x.Identities[0].Principal), func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, `update console_session set seen_at = $1 where id = $2 and seen_at < $1`, now.UnixMilli(), x.id)
			return err
		})
		if err != nil {
			return Session{}, fmt.Errorf("note that a session was used: %w", err)
		}
		x.Seen, x.IdleUntil = now, now.Add(s.idle)
	}
	return x, nil
}

func remove(ctx context.Context, tx *store.Tx, id string) error {
	if _, err := tx.Exec(ctx, `delete from console_identity where session_id = $1`, id); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `delete from console_session where id = $1`, id)
	return err
}

// End ends a session.
func (s *Service) End(ctx context.Context, x Session) error {
	err := s.db.Tx(ctx, lane(x.Identities[0].Principal), func(tx *store.Tx) error { return remove(ctx, tx, x.id) })
	if err != nil {
		return fmt.Errorf("end a session: %w", err)
	}
	return nil
}

// List returns the sessions of a principal that have not ended, the latest first.
func (s *Service) List(ctx context.Context, principal string, now time.Time) (list []Session, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list = nil
		return tx.Query(ctx, func(row store.Row) error {
			x, err := s.scan(row)
			if err == nil && !x.ended(now) {
				list = append(list, x)
			}
			return err
		}, `select `+sessionColumns+` from console_session where principal = $1 order by created_at desc, id`, principal)
	})
	if err != nil {
		return nil, fmt.Errorf("list the sessions of %s: %w", principal, err)
	}
	return list, nil
}

// EndOther ends a session of the same principal as x, by its handle, or returns ErrNone.
func (s *Service) EndOther(ctx context.Context, x Session, handle string, now time.Time) error {
	list, err := s.List(ctx, x.Identities[0].Principal, now)
	if err != nil {
		return err
	}
	for _, other := range list {
		if other.Handle == handle {
			return s.End(ctx, other)
		}
	}
	return ErrNone
}

// Switch gives a session a further identity and returns its id. One of the same role takes the place of the one that was there.
func (s *Service) Switch(ctx context.Context, x Session, to Identity, now time.Time) (id string, err error) {
	err = s.db.Tx(ctx, lane(x.Identities[0].Principal), func(tx *store.Tx) error {
		if err := tx.QueryRow(ctx, `select id from console_session where id = $1`, x.id).Scan(new(string)); err != nil {
			return err
		}
		var n int
		id = ""
		err := tx.Query(ctx, func(row store.Row) error {
			var one, role string
			err := row.Scan(&one, &role)
			if n++; role == to.RoleARN {
				id = one
			}
			return err
		}, `select id, role_arn from console_identity where session_id = $1 and expires_at > $2`, x.id, now.UnixMilli())
		switch {
		case err != nil:
			return err
		case id == "" && n >= mostIdentities:
			return ErrTooMany
		case id == "":
			id = newSecret()[:12]
		}
		_, err = tx.Exec(ctx, `insert into console_identity (session_id, id, account_id, principal, role_arn, key_id, token, created_at, expires_at)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (session_id, id) do update
			set principal = excluded.principal, key_id = excluded.key_id, token = excluded.token, expires_at = excluded.expires_at`,
			x.id, id, to.Account, to.Principal, to.RoleARN, to.KeyID, to.Token, now.UnixMilli(), to.Expires.UnixMilli())
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return "", ErrNone
	case err != nil && !errors.Is(err, ErrTooMany):
		return "", fmt.Errorf("switch to %s: %w", to.RoleARN, err)
	}
	return id, err
}

// Return takes an identity from a session.
func (s *Service) Return(ctx context.Context, x Session, id string) error {
	err := s.db.Tx(ctx, lane(x.Identities[0].Principal), func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `delete from console_identity where session_id = $1 and id = $2`, x.id, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("return from a role: %w", err)
	}
	return nil
}

// NewLink makes a link for a call that signs in as who, once, within a time, and returns what it is
// to present.
func (s *Service) NewLink(ctx context.Context, call *macie2.Call, who Identity, good time.Duration) (secret string, err error) {
	secret = newSecret()
	err = s.db.Tx(ctx, lane(who.Principal), func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `insert into console_link (id, account_id, principal, key_id, token, expires_at) values ($1, $2, $3, $4, $5, $6)`,
			hash(secret), who.Account, who.Principal, who.KeyID, who.Token, call.Now.Add(good).UnixMilli())
		call.RecordChange(tx)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("make a link for %s: %w", who.Principal, err)
	}
	return secret, nil
}

// LookAtLink says whom a link signs in as, or returns ErrNone. It does not use it up.
func (s *Service) LookAtLink(ctx context.Context, secret string, now time.Time) (who Identity, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		var err error
		who, err = link(ctx, tx, secret, now)
		return err
	})
	return who, linkError(err)
}

// UseLink says whom a link signs in as, and uses it up. It returns ErrNone if somebody was faster.
func (s *Service) UseLink(ctx context.Context, secret string, now time.Time) (who Identity, err error) {
	err = s.db.Tx(ctx, "signin/link/"+hash(secret), func(tx *store.Tx) error {
		var err error
		if who, err = link(ctx, tx, secret, now); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `delete from console_link where id = $1`, hash(secret))
		if err == nil && n == 0 {
			err = ErrNone
		}
		return err
	})
	return who, linkError(err)
}

func link(ctx context.Context, tx *store.Tx, secret string, now time.Time) (who Identity, err error) {
	who.ID = "0"
	err = tx.QueryRow(ctx, `select account_id, principal, key_id, token from console_link where id = $1 and expires_at > $2`, hash(secret), now.UnixMilli()).
		Scan(&who.Account, &who.Principal, &who.KeyID, &who.Token)
	return who, err
}

func linkError(err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, ErrNone):
		return ErrNone
	case err != nil:
		return fmt.Errorf("use a link: %w", err)
	}
	return nil
}

// Prune deletes what has ended.
func (s *Service) Prune(ctx context.Context, now time.Time) error {
	err := s.db.Tx(ctx, "signin prune", func(tx *store.Tx) error {
		for _, statement := range []string{
			`delete from console_identity where session_id in (select id from console_session where expires_at <= $1)`,
			`delete from console_session where expires_at <= $1`,
			`delete from console_link where expires_at <= $1`,
		} {
			if _, err := tx.Exec(ctx, statement, now.UnixMilli()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("delete what has ended: %w", err)
	}
	return nil
}

// housekeeping is how often what has ended is deleted.
const housekeeping = time.Hour

// Run deletes what has ended, until ctx ends.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(housekeeping)
	defer tick.Stop()
	for {
		if err := s.Prune(ctx, time.Now()); err != nil && ctx.Err() == nil {
			s.log.Warn("ended console sessions were not deleted", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
