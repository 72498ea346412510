package resource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// tokenLife is how long a client token is remembered. Macie does not document its own figure; a day
// outlives any client's retries.
const tokenLife = 24 * time.Hour

// Token identifies a call that is safe to repeat.
type Token struct {
	Operation   string
	ClientToken string // as the caller sent it; without one nothing is remembered
	Request     string // what the call asks for, in any form that is equal for equal requests
}

// Replay reports whether the call repeats an earlier one, and returns the response kept for it. The
// same token with another request is a ConflictException.
func Replay(ctx context.Context, tx *store.Tx, call *macie2.Call, t Token) (response string, found bool, err error) {
	if t.ClientToken == "" {
		return "", false, nil
	}
	var request string
	err = tx.QueryRow(ctx, `select request, response from client_token
		where account_id = $1 and region = $2 and operation = $3 and client_token = $4 and at > $5`,
		call.Account, call.Region, t.Operation, t.ClientToken, call.Now.Add(-tokenLife).UnixMilli()).Scan(&request, &response)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return "", false, nil
	case err != nil:
		return "", false, err
	case request != t.Request:
		return "", false, macie2.ErrConflict("The request failed because its clientToken was used before, with other parameters.")
	}
	return response, true, nil
}

// Remember keeps the response of a call in the transaction that does what it asked for, and drops
// what has expired.
func Remember(ctx context.Context, tx *store.Tx, call *macie2.Call, t Token, response string) error {
	if t.ClientToken == "" {
		return nil
	}
	if len(t.ClientToken) > 256 {
		return macie2.ErrValidation("clientToken: it must have at most 256 bytes")
	}
	tx.Defer(`delete from client_token where account_id = $1 and region = $2 and at <= $3`,
		call.Account, call.Region, call.Now.Add(-tokenLife).UnixMilli())
	// Where another call with the token was faster, this one is tried again, and finds what that
	// one kept.
	tx.DeferExpect(1, `insert into client_token (account_id, region, operation, client_token, request, response, at)
		values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
		call.Account, call.Region, t.Operation, t.ClientToken, t.Request, response, call.Now.UnixMilli())
	return tx.Flush(ctx)
}

// Forget drops all tokens of the caller in the Region: what they created is gone with the session.
func Forget(ctx context.Context, tx *store.Tx, call *macie2.Call) error {
	_, err := tx.Exec(ctx, `delete from client_token where account_id = $1 and region = $2`, call.Account, call.Region)
	return err
}

// TokenOf is the token of a call, nil for none. in is what the call asks for, without the token.
func TokenOf(operation string, clientToken *string, in any) (Token, error) {
	request, err := json.Marshal(in)
	if err != nil {
		return Token{}, fmt.Errorf("%s: %w", operation, err)
	}
	return Token{Operation: operation, ClientToken: macie2.Deref(clientToken), Request: string(request)}, nil
}

// Once runs create, unless the call repeats an earlier one with the same client token: then it
// returns the id of what that one created.
func Once(ctx context.Context, tx *store.Tx, call *macie2.Call, token Token, create func() (id string, err error)) (string, error) {
	id, found, err := Replay(ctx, tx, call, token)
	if err != nil || found {
		return id, err
	}
	if id, err = create(); err != nil {
		return "", err
	}
	return id, Remember(ctx, tx, call, token, id)
}
