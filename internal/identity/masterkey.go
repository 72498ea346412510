package identity

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/chacha20poly1305"

	"magpie/internal/store"
)

// MasterKeyFile is the name of the master key in the data folder.
const MasterKeyFile = "master.key"

// MasterKeyEnv is the environment variable that holds the master key instead.
const MasterKeyEnv = "MAGPIE_MASTER_KEY"

// MasterKey is the secret from which everything sealed by Magpie is sealed: 32
// random bytes. It is never used itself; each purpose has a key derived from it.
// It prints redacted.
type MasterKey struct {
	bytes [32]byte
	id    string
}

// NewMasterKey makes a random key.
func NewMasterKey() MasterKey {
	var b [32]byte
	rand.Read(b[:]) // never fails
	return masterKey(b)
}

// ParseMasterKey reads a key written as 64 hexadecimal digits or in base64.
func ParseMasterKey(text string) (MasterKey, error) {
	text = strings.TrimSpace(text)
	b, err := hex.DecodeString(text)
	if err != nil {
		b, err = base64.StdEncoding.DecodeString(text)
	}
	if err != nil || len(b) != 32 {
		return MasterKey{}, errors.New("a master key is 32 bytes, written as 64 hexadecimal digits or in base64")
	}
	return masterKey([32]byte(b)), nil
}

func masterKey(b [32]byte) MasterKey {
	k := MasterKey{bytes: b}
	id := k.Derive("master key id")
	k.id = hex.EncodeToString(id[:8])
	return k
}

// ID names the key without giving anything of it away. The store keeps it as the
// check of the key.
func (k MasterKey) ID() string { return k.id }

// Derive makes the key for one purpose.
func (k MasterKey) Derive(purpose string) [32]byte {
	b, err := hkdf.Key(sha256.New, k.bytes[:], nil, "magpie "+purpose, 32)
	if err != nil { // the length is a constant that HKDF can do
		panic(err)
	}
	return [32]byte(b)
}

// Format keeps the key out of everything that is printed.
func (MasterKey) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[redacted]") }

// LogValue keeps the key out of logs.
func (MasterKey) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// secretPurpose is what secrets of access keys are sealed for.
const secretPurpose = "access key secret"

// sealer encrypts for one purpose with XChaCha20-Poly1305, whose nonces are long
// enough to be drawn at random for as many messages as there will ever be.
type sealer struct {
	key    [32]byte
	keyID  string
	prefix string // of the additional data
}

func newSealer(k MasterKey, purpose string) sealer {
	return sealer{key: k.Derive(purpose), keyID: k.id, prefix: purpose + "\x00" + k.id + "\x00"}
}

// seal encrypts text, bound to what it belongs to: open fails for any other bind.
func (s sealer) seal(text []byte, bind string) []byte {
	aead, err := chacha20poly1305.NewX(s.key[:])
	if err != nil { // the key has the length that it needs
		panic(err)
	}
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(text)+aead.Overhead())
	rand.Read(nonce)
	return aead.Seal(nonce, nonce, text, []byte(s.prefix+bind))
}

var errSealed = errors.New("sealed under another key or for something else, or damaged")

func (s sealer) open(sealed []byte, bind string) ([]byte, error) {
	aead, err := chacha20poly1305.NewX(s.key[:])
	if err != nil {
		panic(err)
	}
	if len(sealed) < aead.NonceSize() {
		return nil, errSealed
	}
	text, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], []byte(s.prefix+bind))
	if err != nil {
		return nil, errSealed
	}
	return text, nil
}

// MasterKeySource says where a program finds its master key.
type MasterKeySource struct {
	Env    string // the value of MAGPIE_MASTER_KEY; wins if not empty
	Folder string // the data folder, where master.key is, or is made if the store has no key yet
	Logger *slog.Logger
}

// LoadMasterKey finds the master key of a store, makes one for a store that has
// none yet, and checks that the two belong together. Several programs may do so
// at once: those that share a folder end with one key, and of those that do not,
// one wins and the others get an error that says what to do.
func LoadMasterKey(ctx context.Context, db *store.DB, src MasterKeySource) (MasterKey, error) {
	if src.Env != "" {
		key, err := ParseMasterKey(src.Env)
		if err != nil {
			return MasterKey{}, fmt.Errorf("%s: %w", MasterKeyEnv, err)
		}
		return key, claim(ctx, db, key, "the one in "+MasterKeyEnv)
	}
	// The store is asked before the folder: a program that shares the folder makes
	// the file first and then claims the store, so a claim seen means a file there.
	id, err := claimedKey(ctx, db)
	if err != nil {
		return MasterKey{}, err
	}
	path := filepath.Join(src.Folder, MasterKeyFile)
	key, err := readMasterKey(path)
	if err == nil {
		if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 && src.Logger != nil {
			src.Logger.Warn("the master key can be read by others; chmod 600 it", "file", path)
		}
		if id != "" && id != key.id {
			if next, finished, err := finishRotation(path, id); finished || err != nil {
				return next, err
			}
		}
		return key, claim(ctx, db, key, path)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return MasterKey{}, err
	}
	if id != "" {
		return MasterKey{}, fmt.Errorf("the store is encrypted under master key %s, but there is neither %s nor %s: copy the file from the node that first opened this store, or set the variable to its content", id, path, MasterKeyEnv)
	}
	key, created, err := createMasterKey(path)
	if err != nil {
		return MasterKey{}, err
	}
	if err := claim(ctx, db, key, path); err != nil {
		if created && errors.Is(err, errOtherKey) {
			_ = os.Remove(path) // it has never encrypted anything
		}
		return MasterKey{}, err
	}
	if created && src.Logger != nil {
		src.Logger.Info("made a master key; keep a copy of it, and give the same one to every other node of this store", "file", path)
	}
	return key, nil
}

func readMasterKey(path string) (MasterKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return MasterKey{}, fmt.Errorf("read the master key: %w", err)
	}
	key, err := ParseMasterKey(string(text))
	if err != nil {
		return MasterKey{}, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

// createMasterKey writes a new key to path, whole or not at all, and never over
// one that is there: if another program was faster, that one's key is returned.
func createMasterKey(path string) (key MasterKey, created bool, err error) {
	return writeMasterKey(path, NewMasterKey())
}

func writeMasterKey(path string, key MasterKey) (_ MasterKey, created bool, err error) {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return MasterKey{}, false, fmt.Errorf("make the folder of the master key: %w", err)
	}
	temp, err := os.CreateTemp(folder, MasterKeyFile+".*") // O_EXCL, mode 0600
	if err != nil {
		return MasterKey{}, false, fmt.Errorf("make the master key: %w", err)
	}
	defer os.Remove(temp.Name())
	_, err = temp.WriteString(keyText(key))
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err != nil {
		return MasterKey{}, false, fmt.Errorf("write the master key: %w", err)
	}
	// A hard link appears with its whole content, and fails if the name is taken.
	switch err := os.Link(temp.Name(), path); {
	case errors.Is(err, fs.ErrExist):
		there, err := readMasterKey(path)
		return there, false, err
	case err != nil:
		return MasterKey{}, false, fmt.Errorf("make the master key: %w", err)
	}
	return key, true, syncFolder(folder)
}

// syncFolder makes a new name in a folder survive a power failure.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("make the master key durable: %w", err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("make the master key durable: %w", err)
	}
	return nil
}

var errOtherKey = errors.New("another master key")

// claimedKey is the id of the store's master key, or "".
func claimedKey(ctx context.Context, db *store.DB) (id string, err error) {
	err = db.View(ctx, func(tx *store.Tx) error {
		id, err = StoreKeyID(ctx, tx)
		return err
	})
	return id, err
}

// StoreKeyID is the id of the master key under which a store is sealed, or "" where there is none
// yet.
func StoreKeyID(ctx context.Context, tx *store.Tx) (id string, err error) {
	err = tx.QueryRow(ctx, `select key_id from master_key where singleton = $1`, 1).Scan(&id)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the check of the master key: %w", err)
	}
	return id, nil
}

// ReadMasterKey returns the key that src names, without asking a store. It fails with
// fs.ErrNotExist where there is none.
func ReadMasterKey(src MasterKeySource) (MasterKey, error) {
	if src.Env == "" {
		return readMasterKey(filepath.Join(src.Folder, MasterKeyFile))
	}
	key, err := ParseMasterKey(src.Env)
	if err != nil {
		return MasterKey{}, fmt.Errorf("%s: %w", MasterKeyEnv, err)
	}
	return key, nil
}

// claim binds a store to key if it has none yet; the first of several wins.
func claim(ctx context.Context, db *store.DB, key MasterKey, where string) error {
	id, err := claimedKey(ctx, db)
	if err != nil {
		return err
	}
	if id == "" {
		err := db.Tx(ctx, "master-key", func(tx *store.Tx) error {
			if _, err := tx.Exec(ctx, `insert into master_key (singleton, key_id, created_at) values ($1, $2, $3) on conflict (singleton) do nothing`,
				1, key.id, time.Now().UnixMilli()); err != nil {
				return err
			}
			return tx.QueryRow(ctx, `select key_id from master_key where singleton = $1`, 1).Scan(&id)
		})
		if err != nil {
			return fmt.Errorf("write the check of the master key: %w", err)
		}
	}
	if id != key.id {
		return fmt.Errorf("the store is encrypted under master key %s, but %s is %w (%s): start with the key of the node that first opened this store", id, where, errOtherKey, key.id)
	}
	return nil
}
