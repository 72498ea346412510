package identity

import (
	"context"
	"encoding/base64"

	"magpie/internal/store"
)

// StoreSecretPurpose is what the secrets of object stores are sealed for. RotateMasterKey seals
// them anew.
const StoreSecretPurpose = "object store secret"

// DestinationSecretPurpose is what the secrets of destinations of findings are sealed for.
const DestinationSecretPurpose = "destination secret"

// Sealer seals the secrets that a package above this one keeps, as those of access keys are. The
// zero value seals and opens nothing.
type Sealer struct{ s sealer }

// NewSealer returns the Sealer for a purpose. What it seals has to be in sealedColumns, or the next
// rotation of the master key loses it.
func NewSealer(k MasterKey, purpose string) Sealer { return Sealer{newSealer(k, purpose)} }

// KeyID names the master key that the secrets are sealed under.
func (s Sealer) KeyID() string { return s.s.keyID }

// Seal encrypts a secret, bound to the id of what it belongs to.
func (s Sealer) Seal(secret, id string) string {
	return base64.StdEncoding.EncodeToString(s.s.seal([]byte(secret), id))
}

// Open decrypts a secret.
func (s Sealer) Open(sealed, id string) (Secret, error) {
	b, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return "", errSealed
	}
	text, err := s.s.open(b, id)
	return Secret(text), err
}

// Hold keeps the master key from being changed until tx ends, or returns ErrRotated when it was
// changed. Whoever writes a sealed secret calls it first.
func (s Sealer) Hold(ctx context.Context, tx *store.Tx) error {
	n, err := tx.Exec(ctx, `update master_key set key_id = $1 where singleton = $2 and key_id = $1`, s.s.keyID, 1)
	if err == nil && n == 0 {
		err = ErrRotated
	}
	return err
}
