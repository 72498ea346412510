package identity

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"magpie/internal/store"
)

// The files of a rotation, beside master.key: the next key until it has taken the
// place, and the one that was, for backups from its time.
const (
	nextKeySuffix   = ".next"
	formerKeyPrefix = MasterKeyFile + ".was-"
)

// NewMasterKeyEnv is the environment variable that holds the next master key.
const NewMasterKeyEnv = "MAGPIE_NEW_MASTER_KEY"

// rotationBatch is how many secrets go to the database at once.
const rotationBatch = 500

// ErrRotated says that the store's master key was changed meanwhile.
var ErrRotated = errors.New("the store's master key was changed; start again with the new one")

// Rotation is what RotateMasterKey did.
type Rotation struct {
	From, To string // ids
	Secrets  int    // that were sealed anew
	Kept     string // the file where the old key is kept, "" if it came from the environment
}

// RotateMasterKey seals every secret of the store anew, in one transaction: the
// store is under the one key or under the other. A key in a file is replaced by
// next, or by a random one if next is nil; that file is written before the
// transaction and takes its place after it, and LoadMasterKey finishes what was
// cut short between the two. A key in the environment is the operator's to
// replace, so next must be given.
//
// Servers that run have the old key and no use for it from then on: they answer
// 500 until they are started again.
func RotateMasterKey(ctx context.Context, db *store.DB, src MasterKeySource, next *MasterKey) (Rotation, error) {
	fail := func(err error) (Rotation, error) { return Rotation{}, fmt.Errorf("change the master key: %w", err) }
	old, err := LoadMasterKey(ctx, db, src)
	if err != nil {
		return fail(err)
	}
	r := Rotation{From: old.id}
	path := filepath.Join(src.Folder, MasterKeyFile)
	if src.Env == "" {
		if next, err = proposeKey(path+nextKeySuffix, next); err != nil {
			return fail(err)
		}
	}
	switch {
	case next == nil:
		return fail(errors.New("the old key comes from the environment, so the new one has to as well"))
	case next.id == old.id:
		return fail(errors.New("the new key is the old one"))
	}
	r.To = next.id
	if r.Secrets, err = reseal(ctx, db, old, *next); err != nil {
		return fail(err)
	}
	if src.Env == "" {
		if r.Kept, err = replaceKey(path, old.id); err != nil {
			return fail(err)
		}
	}
	return r, nil
}

// reseal moves the store from one key to another.
func reseal(ctx context.Context, db *store.DB, old, next MasterKey) (n int, err error) {
	err = db.Tx(ctx, "master-key", func(tx *store.Tx) error {
		// First, and with a lock on the row: who makes a key meanwhile waits, and finds another
		// master key.
		if n, err := tx.Exec(ctx, `update master_key set key_id = $1 where singleton = $2 and key_id = $3`, next.id, 1, old.id); err != nil {
			return err
		} else if n == 0 {
			return ErrRotated
		}
		var stmts []store.Stmt
		for _, c := range sealedColumns {
			resealed, err := c.reseal(ctx, tx, old, next)
			if err != nil {
				return err
			}
			stmts = append(stmts, resealed...)
		}
		n = len(stmts)
		for len(stmts) > 0 {
			batch := stmts[:min(len(stmts), rotationBatch)]
			stmts = stmts[len(batch):]
			if _, err := tx.Batch(ctx, batch...); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

// sealedColumns are all the places where the store has secrets, each bound to its row's id. A row
// whose secret is empty has none.
var sealedColumns = []sealedColumn{
	{"access_key", "access key", secretPurpose},
	{"object_store", "object store", StoreSecretPurpose},
	{"destination", "destination", DestinationSecretPurpose},
}

type sealedColumn struct{ table, what, purpose string }

// reseal returns the statements that move a table's secrets from one key to another.
func (c sealedColumn) reseal(ctx context.Context, tx *store.Tx, old, next MasterKey) (stmts []store.Stmt, err error) {
	from, to := newSealer(old, c.purpose), newSealer(next, c.purpose)
	err = tx.Query(ctx, func(row store.Row) error {
		var id, under, sealed string
		if err := row.Scan(&id, &under, &sealed); err != nil {
			return err
		}
		if under != from.keyID {
			return fmt.Errorf("%s %s is sealed under master key %s, not under %s", c.what, id, under, from.keyID)
		}
		b, err := base64.StdEncoding.DecodeString(sealed)
		if err != nil {
			return fmt.Errorf("%s %s: %w", c.what, id, err)
		}
		secret, err := from.open(b, id)
		if err != nil {
			return fmt.Errorf("%s %s: %w", c.what, id, err)
		}
		stmts = append(stmts, store.Stmt{SQL: `update ` + c.table + ` set secret = $1, master_key_id = $2 where id = $3`,
			Args: []any{base64.StdEncoding.EncodeToString(to.seal(secret, id)), to.keyID, id}})
		return nil
	}, `select id, master_key_id, secret from `+c.table+` where secret <> ''`)
	return stmts, err
}

// proposeKey makes the file of the next key. One that is there is of a rotation
// that was cut short before it began, and will do.
func proposeKey(path string, next *MasterKey) (*MasterKey, error) {
	if next == nil {
		key, _, err := createMasterKey(path)
		return &key, err
	}
	key, _, err := writeMasterKey(path, *next)
	if err == nil && key.id != next.id {
		err = fmt.Errorf("%s holds the key of another rotation; if none is running, remove it", path)
	}
	return &key, err
}

// replaceKey puts the next key into the place of the old one, which is kept.
func replaceKey(path, oldID string) (kept string, err error) {
	kept = filepath.Join(filepath.Dir(path), formerKeyPrefix+oldID)
	if err := os.Link(path, kept); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	if err := os.Rename(path+nextKeySuffix, path); err != nil {
		return "", err
	}
	return kept, syncFolder(filepath.Dir(path))
}

// finishRotation takes the next key of path if it is the one that the store is
// under: its rotation was cut short after the transaction.
func finishRotation(path, storeID string) (MasterKey, bool, error) {
	next, err := readMasterKey(path + nextKeySuffix)
	if errors.Is(err, fs.ErrNotExist) || err == nil && next.id != storeID {
		return MasterKey{}, false, nil
	}
	if err != nil {
		return MasterKey{}, false, err
	}
	old, err := readMasterKey(path)
	if err != nil {
		return MasterKey{}, false, err
	}
	if old.id != storeID { // else another program has just finished it
		if _, err = replaceKey(path, old.id); errors.Is(err, fs.ErrNotExist) {
			_, err = os.Stat(path) // likewise
		}
	}
	return next, err == nil, err
}

// keyText is how a key is written in its file.
func keyText(k MasterKey) string { return hex.EncodeToString(k.bytes[:]) + "\n" }
