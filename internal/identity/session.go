package identity

import (
	"encoding/base64"
	"encoding/json"
	"time"

	"magpie/internal/macie2"
)

// sealedSession is what a session token holds, sealed. It is bound to its access key
// id, so that it cannot be used with the key of another session.
type sealedSession struct {
	Secret         string           `json:"k"`
	Account        macie2.AccountID `json:"a"`
	RoleID         string           `json:"i"`
	RoleName       string           `json:"r"`
	Name           string           `json:"n"`
	Expires        int64            `json:"e"` // Unix seconds
	SourceIdentity string           `json:"s,omitempty"`
}

// tokenVersion is the first byte of every token, for the day its form changes.
const tokenVersion = 1

func (s *Service) sealSession(keyID string, x sealedSession) string {
	text, err := json.Marshal(x)
	if err != nil { // strings and numbers always encode
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(append([]byte{tokenVersion}, s.sessions.seal(text, keyID)...))
}

// openSession returns errSealed for whatever is not a token of keyID made under
// this master key. It does not look at the clock.
func (s *Service) openSession(keyID, token string) (x sealedSession, err error) {
	sealed, err := base64.StdEncoding.DecodeString(token)
	if err != nil || len(sealed) == 0 || sealed[0] != tokenVersion {
		return x, errSealed
	}
	text, err := s.sessions.open(sealed[1:], keyID)
	if err != nil {
		return x, err
	}
	if err := json.Unmarshal(text, &x); err != nil {
		return sealedSession{}, errSealed
	}
	return x, nil
}

func (x sealedSession) expired(now time.Time) bool { return now.Unix() >= x.Expires }

func (x sealedSession) principal(keyID, roleID string, policies []string) macie2.Principal {
	return macie2.Principal{
		ARN:      "arn:aws:sts::" + string(x.Account) + ":assumed-role/" + x.RoleName + "/" + x.Name,
		ID:       roleID + ":" + x.Name,
		KeyID:    keyID,
		Account:  x.Account,
		Policies: policies,

		SourceIdentity: x.SourceIdentity,
	}
}
