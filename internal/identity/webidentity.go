package identity

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"magpie/internal/arn"
	"magpie/internal/macie2"
	"magpie/internal/policy"
	"magpie/internal/store"
)

// WebIdentity is whom the token of an OpenID Connect issuer is about. Whoever makes one has
// verified the token.
type WebIdentity struct {
	URL      string // of the issuer
	Issuer   string // its name in policies, as policy.Issuer has it
	Subject  string
	Audience string              // that the token was accepted for
	Claims   map[string][]string // by name, in lower case
}

// ID is the unique id of who it is about, as CloudTrail has it.
func (w *WebIdentity) ID() string { return w.Issuer + ":" + w.Audience + ":" + w.Subject }

// request is the question whether a role trusts it.
func (w *WebIdentity) request(role Role, session string, call *macie2.Call) *policy.Request {
	account := string(role.Account)
	r := &policy.Request{
		Action: "sts:AssumeRoleWithWebIdentity", Resource: role.ARN(), Region: call.Region, SourceIP: call.SourceIP, Now: call.Now,
		Federated: []string{policy.Provider(account, w.Issuer), w.URL, w.Issuer},
		Context:   map[string][]string{"sts:rolesessionname": {session}},
	}
	for name, values := range w.Claims {
		r.Context[policy.ClaimKey(w.Issuer, name)] = values
	}
	return r
}

// trustsToken reports whether a role's trust policy lets the bearer of a token have the role. A
// document that cannot be read allows nothing.
func trustsToken(role Role, w *WebIdentity, session string, call *macie2.Call) bool {
	d, err := policy.Parse(policy.Trust, role.Trust)
	return err == nil && policy.Evaluate([]*policy.Document{d}, w.request(role, session, call)).Effect == policy.Allow
}

// AssumeRoleWithWebIdentity makes temporary credentials of a role for the bearer of a token, if the
// role's trust policy lets it have them: nobody else's permissions are asked. What it refuses is a
// *macie2.Error; the answer for a role that does not exist is the same as for one that does not
// trust the token.
func (s *Service) AssumeRoleWithWebIdentity(ctx context.Context, call *macie2.Call, in *AssumeRoleInput, w *WebIdentity) (*AssumeRoleOutput, error) {
	seconds, err := checkAssumeRole(in)
	if err != nil {
		return nil, err
	}
	accountID, name, ok := arn.ParseRole(*in.RoleARN, call.Region)
	if !ok {
		return nil, macie2.ErrValidation("%s is invalid", quoteARN(*in.RoleARN))
	}
	if len(in.Unsupported) > 0 {
		return nil, macie2.ErrValidation("The parameter %s is not supported by this server yet.", in.Unsupported[0])
	}
	account := macie2.AccountID(accountID)
	role, err := s.roleToAssume(ctx, account, name)
	if err != nil {
		return nil, err
	}
	exists := role != nil
	if !exists { // asked all the same: the answer should not come sooner, either
		role = &Role{Account: account, Name: name, Trust: TrustAccount("000000000000")}
	}
	implicit := s.dev && strings.HasPrefix(role.ID, implicitRolePrefix) // in development, a role that nobody made is everybody's
	if !exists || !implicit && !trustsToken(*role, w, *in.RoleSessionName, call) {
		return nil, macie2.ErrAccessDenied("Not authorized to perform sts:AssumeRoleWithWebIdentity")
	}
	if time.Duration(seconds)*time.Second > role.MaxSession {
		return nil, macie2.ErrValidation("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	return s.newSession(*role, *in.RoleSessionName, "", call.Now.Add(time.Duration(seconds)*time.Second)), nil
}

// mostTrusting bounds the roles that somebody is offered.
const mostTrusting = 100

// RolesTrusting are the roles of active accounts that trust a token, by account and name: up to a
// hundred. session is the name that the session is to have.
func (s *Service) RolesTrusting(ctx context.Context, w *WebIdentity, session string, call *macie2.Call) (roles []Role, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		roles = nil
		return tx.Query(ctx, func(row store.Row) error {
			r, err := scanRole(row)
			if err == nil && len(roles) < mostTrusting && trustsToken(r, w, session, call) {
				roles = append(roles, r)
			}
			return err
		}, `select r.id, r.account_id, r.name, r.trust, r.policies, r.max_session_seconds, r.created_at from role r join account a on a.id = r.account_id
			where r.trust like '%Federated%' and a.status = $1 order by r.account_id, r.folded_name`, AccountActive)
	})
	if err != nil {
		return nil, fmt.Errorf("find the roles that trust %s: %w", w.ID(), err)
	}
	return roles, nil
}

// SessionName is what a session is called after the bearer of a token: by the address where the
// issuer has verified it, else by the subject.
func (w *WebIdentity) SessionName() string {
	name := w.Subject
	if email := w.Claims["email"]; len(email) == 1 && slices.Equal(w.Claims["email_verified"], []string{"true"}) {
		name = email[0]
	}
	b := []byte(name)
	for i, c := range b {
		if !sessionNamePattern.MatchString(string(c)) {
			b[i] = '-'
		}
	}
	if len(b) < 2 {
		b = append([]byte("console-"), b...)
	}
	return string(b[:min(len(b), 64)])
}
