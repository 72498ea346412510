package publication

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/store"
)

// secretPrefix marks the Base64 form of a webhook's secret.
const secretPrefix = "whsec_"

// webhookKey is the key that a secret stands for: what follows whsec_ in Base64, or else its bytes as they are.
func webhookKey(secret identity.Secret) ([]byte, error) {
	key := []byte(secret.Reveal())
	if text, ok := strings.CutPrefix(secret.Reveal(), secretPrefix); ok {
		var err error
		if key, err = base64.StdEncoding.DecodeString(text); err != nil {
			return nil, bad("secret", "what follows %s is not Base64", secretPrefix)
		}
	}
	if len(key) < leastSecret || len(key) > 1024 {
		return nil, bad("secret", "that messages are signed with has %d to 1,024 bytes", leastSecret)
	}
	return key, nil
}

// signature signs a message as Standard Webhooks say. The time in it lets the receiver refuse what is sent again by others.
func signature(key []byte, id, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.", id, timestamp)
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// post sends one message to a webhook.
func (s *Service) post(ctx context.Context, d *Destination, secret, id string, body []byte) outcome {
	key, err := webhookKey(identity.Secret(secret))
	if err != nil {
		return outcome{err: err}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.Endpoint, bytes.NewReader(body))
	if err != nil {
		return outcome{err: err}
	}
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	r.Header.Set("Content-Type", cloudEventType)
	r.Header["webhook-id"] = []string{id} // their names are in small letters, for receivers that look at them as they come
	r.Header["webhook-timestamp"] = []string{timestamp}
	r.Header["webhook-signature"] = []string{signature(key, id, timestamp, body)}
	status, header, answer, err := s.do(d, r)
	if err != nil && status == 0 {
		return outcome{err: err}
	}
	said := fmt.Sprintf("answer %d %s", status, clipTo(string(answer[:min(len(answer), 400)]), 200))
	switch {
	case status >= 200 && status < 300:
		return outcome{}
	case status >= 300 && status < 400:
		return outcome{err: fmt.Errorf("answer %d: redirects are not followed", status)}
	case status == http.StatusGone:
		return outcome{err: fmt.Errorf("answer %d: it wants no more messages", status), gone: true}
	case status == http.StatusBadRequest, status == http.StatusRequestEntityTooLarge, status == http.StatusUnprocessableEntity:
		return outcome{err: fmt.Errorf("%s", said), refused: said}
	}
	return outcome{err: fmt.Errorf("%s", said), retryAfter: retryAfter(header, time.Now())}
}

// Test sends something harmless to a destination: to a webhook a message that is no finding, to the others a sample finding. A
// file is only opened, and in a bucket an empty object is written.
func (s *Service) Test(ctx context.Context, account macie2.AccountID, name string, sample *macie2.Finding) error {
	var d Destination
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		d, err = find(ctx, tx, account, name)
		return err
	})
	if err != nil {
		return err
	}
	secret := identity.Secret("")
	if d.sealed != "" {
		if secret, err = s.sealer.Open(d.sealed, d.ID); err != nil {
			return fmt.Errorf("its secret: %w", err)
		}
	}
	defer s.clients.close()
	ctx, cancel := context.WithTimeout(ctx, s.attempt)
	defer cancel()
	var o outcome
	switch d.Kind {
	case File:
		return appendLines(strings.TrimPrefix(d.Endpoint, "file://"), nil)
	case Bucket:
		return s.putLines(ctx, &d, checkName, nil)
	case Webhook:
		id := uuid.NewString()
		body, err := json.Marshal(cloudEvent{SpecVersion: "1.0", ID: id, Source: sourceOf(d.Region, account), Type: typeOfTest, Subject: d.Name,
			Time: time.Now().UTC().Format(time.RFC3339), DataContentType: dataContentType, Data: json.RawMessage(`{}`)})
		if err != nil {
			return err
		}
		o = s.post(ctx, &d, secret.Reveal(), id, body)
	default:
		o = s.send(ctx, &d, secret.Reveal(), []delivery{{eventID: eventID(sample), finding: sample}})
	}
	if o.err != nil {
		return o.err
	}
	for _, e := range o.each {
		if !e.ok {
			return fmt.Errorf("it was not accepted: %s%s", e.refused, e.problem)
		}
	}
	return nil
}
