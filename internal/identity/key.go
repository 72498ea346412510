package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/policy"
	"magpie/internal/store"
)

// DefaultUser is the user a key belongs to if none is named. It is a user and not
// the account's root, because tools that watch audit records raise an alarm at
// every use of root.
const DefaultUser = "admin"

// KeyStatus says whether a key is accepted.
type KeyStatus string

// A key is made Active; revoking it makes it Inactive for good.
const (
	KeyActive   KeyStatus = "Active"
	KeyInactive KeyStatus = "Inactive"
)

// Secret is a secret access key. It prints redacted; Reveal returns it.
type Secret string

// Reveal returns the secret, for the one place that hands it to its owner.
func (s Secret) Reveal() string { return string(s) }

// Format keeps the secret out of everything that is printed.
func (Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[redacted]") }

// LogValue keeps the secret out of logs.
func (Secret) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// MarshalText keeps the secret out of encoded structures.
func (Secret) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// AccessKey is an access key without its secret.
type AccessKey struct {
	ID        string
	Account   macie2.AccountID
	User      string
	Policies  []string // "none" if nothing is attached
	Status    KeyStatus
	CreatedAt time.Time
	RevokedAt time.Time // zero while Active
}

// The policies that are always there. PolicyNone stands for nothing attached.
const (
	PolicyNone          = policy.None
	AdministratorAccess = policy.AdministratorAccess
)

// CheckPolicies says whether policies can be attached, by name or as documents,
// and puts AdministratorAccess where there are none.
func CheckPolicies(policies []string) ([]string, error) {
	if len(policies) == 0 {
		return []string{AdministratorAccess}, nil
	}
	if err := policy.CheckAttached(policies); err != nil {
		return nil, fmt.Errorf("%w policies: %w", ErrInvalid, err)
	}
	return policies, nil
}

// encodePolicies writes a list as it is stored: a JSON array, empty for none.
func encodePolicies(names []string) string {
	if len(names) == 1 && names[0] == PolicyNone {
		names = []string{}
	}
	b, err := json.Marshal(names)
	if err != nil { // strings always encode
		panic(err)
	}
	return string(b)
}

func decodePolicies(text string) ([]string, error) {
	if text == `["AdministratorAccess"]` { // nearly always, and on every request
		return []string{AdministratorAccess}, nil
	}
	var names []string
	if err := json.Unmarshal([]byte(text), &names); err != nil {
		return nil, fmt.Errorf("stored policies: %w", err)
	}
	if len(names) == 0 {
		names = []string{PolicyNone}
	}
	return names, nil
}

// CreateKey makes an access key for a user of an account. The secret is returned
// here and never again.
func (s *Service) CreateKey(ctx context.Context, account macie2.AccountID, user string, policies []string, now time.Time) (AccessKey, Secret, error) {
	if user == "" {
		user = DefaultUser
	}
	fail := func(err error) (AccessKey, Secret, error) {
		return AccessKey{}, "", fmt.Errorf("create a key of account %s: %w", account, err)
	}
	if err := checkIAMName("user", user); err != nil {
		return fail(err)
	}
	policies, err := CheckPolicies(policies)
	if err != nil {
		return fail(err)
	}
	key := AccessKey{ID: newID("AKIA", 16), Account: account, User: user, Policies: policies, Status: KeyActive, CreatedAt: now.UTC().Truncate(time.Millisecond)}
	secret := newSecret()
	sealed := base64.StdEncoding.EncodeToString(s.secrets.seal([]byte(secret), key.ID))
	err = s.db.Tx(ctx, lane(account), func(tx *store.Tx) error {
		a, err := readAccount(ctx, tx, account)
		if err != nil {
			return err
		}
		if a.Status == AccountClosed {
			return ErrClosed
		}
		// The row is locked, so that a rotation of the master key sees this key or comes first.
		if n, err := tx.Exec(ctx, `update master_key set key_id = $1 where singleton = $2 and key_id = $1`, s.secrets.keyID, 1); err != nil {
			return err
		} else if n == 0 {
			return ErrRotated
		}
		_, err = tx.Exec(ctx, `insert into access_key (id, account_id, user_name, master_key_id, secret, policies, status, created_at)
			values ($1, $2, $3, $4, $5, $6, $7, $8)`,
			key.ID, account, user, s.secrets.keyID, sealed, encodePolicies(policies), key.Status, key.CreatedAt.UnixMilli())
		return err
	})
	if err != nil {
		return fail(err)
	}
	return key, Secret(secret), nil
}

// RevokeKey makes a key invalid, from the next call on, on every node. Revoking
// one that is revoked changes nothing.
func (d *Principals) RevokeKey(ctx context.Context, id string, now time.Time) (AccessKey, error) {
	var key AccessKey
	err := d.db.Tx(ctx, "access-key/"+id, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `update access_key set status = $1, revoked_at = $2 where id = $3 and status = $4`,
			KeyInactive, now.UnixMilli(), id, KeyActive)
		if err != nil {
			return err
		}
		key, err = scanKey(tx.QueryRow(ctx, `select `+keyColumns+` from access_key where id = $1`, id))
		if errors.Is(err, store.ErrNotFound) {
			err = ErrNoKey
		}
		return err
	})
	if err != nil {
		return AccessKey{}, fmt.Errorf("revoke key %s: %w", id, err)
	}
	return key, nil
}

// Keys returns the keys of an account, or of all accounts if account is "",
// revoked ones included, oldest first.
func (d *Principals) Keys(ctx context.Context, account macie2.AccountID) ([]AccessKey, error) {
	return listOf(ctx, d, listing{"keys",
		`select ` + keyColumns + ` from access_key order by account_id, created_at, id`,
		`select ` + keyColumns + ` from access_key where account_id = $1 order by created_at, id`}, account, scanKey)
}

// listing is how to list one kind of thing: what it is called, and the statements for those of all
// accounts and of the account $1.
type listing struct{ what, ofAll, ofOne string }

// listOf reads what belongs to one account, or to all if account is "".
func listOf[T any](ctx context.Context, d *Principals, l listing, account macie2.AccountID, scan func(store.RowOne) (T, error)) (list []T, err error) {
	err = d.db.View(ctx, func(tx *store.Tx) error {
		list = nil
		add := func(row store.Row) error {
			v, err := scan(row)
			list = append(list, v)
			return err
		}
		if account == "" {
			return tx.Query(ctx, add, l.ofAll)
		}
		if _, err := readAccount(ctx, tx, account); err != nil {
			return err
		}
		return tx.Query(ctx, add, l.ofOne, account)
	})
	if err != nil {
		owner := "all accounts"
		if account != "" {
			owner = "account " + string(account)
		}
		return nil, fmt.Errorf("list %s of %s: %w", l.what, owner, err)
	}
	return list, nil
}

const keyColumns = "id, account_id, user_name, policies, status, created_at, revoked_at"

func scanKey(row store.RowOne) (k AccessKey, err error) {
	var created int64
	var revoked *int64
	var policies string
	if err := row.Scan(&k.ID, &k.Account, &k.User, &policies, &k.Status, &created, &revoked); err != nil {
		return AccessKey{}, err
	}
	k.CreatedAt = time.UnixMilli(created).UTC()
	if revoked != nil {
		k.RevokedAt = time.UnixMilli(*revoked).UTC()
	}
	k.Policies, err = decodePolicies(policies)
	return k, err
}

// newID makes an id as IAM does: four letters that tell the kind and n random
// characters of base 32.
func newID(prefix string, n int) string {
	var b [15]byte
	rand.Read(b[:])
	return prefix + base32.StdEncoding.EncodeToString(b[:])[:n]
}

// newSecret makes 40 characters of [A-Za-z0-9+/]: 240 random bits.
func newSecret() string {
	var b [30]byte
	rand.Read(b[:])
	return base64.StdEncoding.EncodeToString(b[:])
}

// userID is the unique id of a user, which is not stored: it follows from the
// account and the name.
func userID(account macie2.AccountID, user string) string {
	sum := sha256.Sum256([]byte("user\x00" + string(account) + "\x00" + user))
	return "AIDA" + base32.StdEncoding.EncodeToString(sum[:])[:17]
}

// checkIAMName accepts the names that IAM accepts for users and roles.
func checkIAMName(kind, name string) error {
	if name == "" || len(name) > 64 || strings.Trim(name, iamNameCharacters) != "" { // Trim stops at any other character
		return fmt.Errorf("%w %s name %q: 1 to 64 letters, digits and +=,.@_-", ErrInvalid, kind, name)
	}
	return nil
}

const iamNameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+=,.@_-"
