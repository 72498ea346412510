package inventory

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/queue"
	"magpie/internal/store"
)

// Status is what a store was when it was looked at last.
type Status string

// The statuses of a store.
const (
	StatusNew     Status = "New"     // it was not looked at yet
	StatusReady   Status = "Ready"   // its buckets could be listed
	StatusFailing Status = "Failing" // they could not; the detail says why
)

// Store is a store of an account, without its secret.
type Store struct {
	Settings
	ID        string
	Account   macie2.AccountID
	Origin    Origin
	Status    Status
	Detail    string
	LookedAt  time.Time // when its buckets were listed last; zero: never
	CreatedAt time.Time
	UpdatedAt time.Time

	sealed   string
	keyID    string
	revision int64
	look     int64
	begunAt  time.Time // of the look; zero: never
	fullAt   time.Time // when all objects were counted last
}

const storeColumns = `id, account_id, name, region, kind, endpoint, signing_region, virtual_host, insecure, access_key_id, secret,
	master_key_id, role_arn, external_id, ca, buckets, max_requests, max_bandwidth, origin, revision, status, status_detail, look,
	look_begun_at, looked_at, full_at, created_at, updated_at`

func scanStore(row interface{ Scan(...any) error }) (x Store, err error) {
	var buckets string
	var begun, looked, full *int64
	var created, updated int64
	err = row.Scan(&x.ID, &x.Account, &x.Name, &x.Region, &x.Kind, &x.Endpoint, &x.SigningRegion, &x.VirtualHost, &x.Insecure,
		&x.AccessKeyID, &x.sealed, &x.keyID, &x.RoleARN, &x.ExternalID, &x.CA, &buckets, &x.MaxRequests, &x.MaxBandwidth, &x.Origin,
		&x.revision, &x.Status, &x.Detail, &x.look, &begun, &looked, &full, &created, &updated)
	if err != nil {
		return x, err
	}
	x.begunAt, x.LookedAt, x.fullAt = optionalTime(begun), optionalTime(looked), optionalTime(full)
	x.CreatedAt, x.UpdatedAt = time.UnixMilli(created).UTC(), time.UnixMilli(updated).UTC()
	if err := json.Unmarshal([]byte(buckets), &x.Buckets); err != nil {
		return x, fmt.Errorf("store %s: its patterns: %w", x.ID, err)
	}
	return x, nil
}

func optionalTime(ms *int64) time.Time {
	if ms == nil {
		return time.Time{}
	}
	return time.UnixMilli(*ms).UTC()
}

func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// lane is where writers of one account's stores and buckets wait for each other.
func lane(region string, account macie2.AccountID) string {
	return "inventory/" + region + "/" + string(account)
}

// AddStore adds a store to an account. Its buckets are listed within seconds, by whichever server runs on the database.
func (s *Service) AddStore(ctx context.Context, account macie2.AccountID, origin Origin, x Settings, now time.Time) (Store, error) {
	return s.addStore(ctx, account, origin, x, now, nil)
}

// addStore is AddStore, recorded by change.
func (s *Service) addStore(ctx context.Context, account macie2.AccountID, origin Origin, x Settings, now time.Time, change macie2.Change) (Store, error) {
	if err := x.check(); err != nil {
		return Store{}, err
	}
	if x.Kind == KindS3 && x.Secret == "" {
		return Store{}, badSetting("secretAccessKey", "is missing")
	}
	added := Store{Settings: x, ID: newID(), Account: account, Origin: origin, Status: StatusNew, CreatedAt: now.UTC(), UpdatedAt: now.UTC()}
	patterns, err := json.Marshal(append([]string{}, x.Buckets...))
	if err != nil {
		return Store{}, err
	}
	sealed, keyID := "", ""
	if x.Secret != "" {
		sealed, keyID = s.sealer.Seal(x.Secret.Reveal(), added.ID), s.sealer.KeyID()
	}
	err = s.db.Tx(ctx, lane(x.Region, account), func(tx *store.Tx) error {
		if sealed != "" {
			if err := s.sealer.Hold(ctx, tx); err != nil {
				return err
			}
		}
		var n int64
		if err := tx.QueryRow(ctx, `select count(*) from object_store where account_id = $1`, account).Scan(&n); err != nil {
			return err
		}
		if n >= maxStores {
			return macie2.ErrQuota("The account has %d stores already, which is the most.", n)
		}
		n, err := tx.InsertMany(ctx, `insert into object_store (`+storeColumns+`, look_due)`, [][]any{{
			added.ID, account, x.Name, x.Region, string(x.Kind), x.Endpoint, x.SigningRegion, x.VirtualHost, x.Insecure,
			x.AccessKeyID, sealed, keyID, x.RoleARN, x.ExternalID, x.CA, string(patterns), x.MaxRequests, x.MaxBandwidth, string(origin),
			int64(1), string(StatusNew), "", int64(0), nil, nil, nil, now.UnixMilli(), now.UnixMilli(), now.UnixMilli(),
		}}, "on conflict (account_id, name) do nothing")
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrStoreExists
		}
		macie2.RecordChange(change, tx)
		return s.queue.Enqueue(ctx, tx, lookTask(added))
	})
	if err != nil {
		return Store{}, fmt.Errorf("add store %s of account %s: %w", x.Name, account, err)
	}
	added.Secret = ""
	return added, nil
}

// lookKind is the kind of the tasks that look at a store.
const lookKind = "inventory.look"

func lookTask(x Store) queue.New {
	return queue.New{Kind: lookKind, Key: x.ID, Tenant: string(x.Account)}
}

// UpdateStore changes the settings of a store by edit, which may run several times. The Region and the kind stay. The store is looked at
// afterwards.
func (s *Service) UpdateStore(ctx context.Context, account macie2.AccountID, name string, now time.Time, edit func(*Store) error) (Store, error) {
	return s.updateStore(ctx, account, name, now, edit, nil)
}

// updateStore is UpdateStore, recorded by change.
func (s *Service) updateStore(ctx context.Context, account macie2.AccountID, name string, now time.Time, edit func(*Store) error,
	change macie2.Change) (Store, error) {
	var x Store
	err := s.db.Tx(ctx, "inventory/"+string(account), func(tx *store.Tx) error {
		before, err := readStore(ctx, tx, account, name)
		if err != nil {
			return err
		}
		x = before
		if err := edit(&x); err != nil {
			return err
		}
		if err := x.check(); err != nil {
			return err
		}
		if x.Region != before.Region || x.Kind != before.Kind || x.Name != before.Name {
			return badSetting("region", "a store stays in its Region, and what it is; remove it and add another")
		}
		patterns, err := json.Marshal(append([]string{}, x.Buckets...))
		if err != nil {
			return err
		}
		if x.Secret != "" {
			if err := s.sealer.Hold(ctx, tx); err != nil {
				return err
			}
			x.sealed, x.keyID = s.sealer.Seal(x.Secret.Reveal(), x.ID), s.sealer.KeyID()
		}
		n, err := tx.Exec(ctx, `update object_store set endpoint = $1, signing_region = $2, virtual_host = $3, insecure = $4, access_key_id = $5,
			secret = $6, master_key_id = $7, role_arn = $8, external_id = $9, ca = $10, buckets = $11, max_requests = $12,
			max_bandwidth = $13, revision = revision + 1, look_due = $14, updated_at = $14 where id = $15 and revision = $16`,
			x.Endpoint, x.SigningRegion, x.VirtualHost, x.Insecure, x.AccessKeyID, x.sealed, x.keyID, x.RoleARN, x.ExternalID, x.CA,
			string(patterns), x.MaxRequests, x.MaxBandwidth, now.UnixMilli(), x.ID, before.revision)
		if err == nil && n == 0 {
			err = store.ErrConflict
		}
		if err != nil {
			return err
		}
		x.revision, x.UpdatedAt = before.revision+1, now.UTC()
		macie2.RecordChange(change, tx)
		return s.queue.Enqueue(ctx, tx, lookTask(x))
	})
	if err != nil {
		return Store{}, fmt.Errorf("update store %s of account %s: %w", name, account, err)
	}
	x.Secret = ""
	return x, nil
}

func readStore(ctx context.Context, tx *store.Tx, account macie2.AccountID, name string) (Store, error) {
	x, err := scanStore(tx.QueryRow(ctx, `select `+storeColumns+` from object_store where account_id = $1 and name = $2`, account, name))
	if errors.Is(err, store.ErrNotFound) {
		err = ErrNoStore
	}
	return x, err
}

func storeByID(ctx context.Context, tx *store.Tx, id string) (Store, error) {
	x, err := scanStore(tx.QueryRow(ctx, `select `+storeColumns+` from object_store where id = $1`, id))
	if errors.Is(err, store.ErrNotFound) {
		err = ErrNoStore
	}
	return x, err
}

// Store returns a store, or ErrNoStore.
func (s *Service) Store(ctx context.Context, account macie2.AccountID, name string) (x Store, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		x, err = readStore(ctx, tx, account, name)
		return err
	})
	if err != nil {
		return Store{}, fmt.Errorf("store %s of account %s: %w", name, account, err)
	}
	return x, nil
}

// Stores lists the stores of an account, of all accounts if it is "", by account and name.
func (s *Service) Stores(ctx context.Context, account macie2.AccountID) (list []Store, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list = []Store{}
		add := func(row store.Row) error {
			x, err := scanStore(row)
			list = append(list, x)
			return err
		}
		if account == "" {
			return tx.Query(ctx, add, `select `+storeColumns+` from object_store order by account_id, name`)
		}
		return tx.Query(ctx, add, `select `+storeColumns+` from object_store where account_id = $1 order by name`, account)
	})
	if err != nil {
		return nil, fmt.Errorf("list stores: %w", err)
	}
	return list, nil
}

// RemoveStore takes a store from an account, with its secret. Its buckets say so, and are gone an hour later.
func (s *Service) RemoveStore(ctx context.Context, account macie2.AccountID, name string, now time.Time) error {
	return s.removeStore(ctx, account, name, now, nil)
}

// removeStore is RemoveStore, recorded by change.
func (s *Service) removeStore(ctx context.Context, account macie2.AccountID, name string, now time.Time, change macie2.Change) error {
	err := s.db.Tx(ctx, "inventory/"+string(account), func(tx *store.Tx) error {
		x, err := readStore(ctx, tx, account, name)
		if err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `delete from object_store where id = $1 and revision = $2`, x.ID, x.revision)
		if err == nil && n == 0 {
			err = store.ErrConflict
		}
		if err != nil {
			return err
		}
		if _, err := s.queue.Cancel(ctx, tx, lookKind, x.ID); err != nil {
			return err
		}
		macie2.RecordChange(change, tx)
		return s.queue.Enqueue(ctx, tx, queue.New{Kind: leaveKind, Key: x.ID, Payload: leavePayload{Region: x.Region, Account: account, Name: name, At: now.UnixMilli()}})
	})
	if err != nil {
		return fmt.Errorf("remove store %s of account %s: %w", name, account, err)
	}
	return nil
}

// secret opens a store's secret.
func (s *Service) secret(x Store) (identity.Secret, error) {
	if x.sealed == "" {
		return "", nil
	}
	secret, err := s.sealer.Open(x.sealed, x.ID)
	if err != nil {
		return "", fmt.Errorf("the secret of store %s: %w", x.Name, err)
	}
	return secret, nil
}
