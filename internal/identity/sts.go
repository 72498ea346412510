package identity

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"magpie/internal/arn"
	"magpie/internal/lazyregexp"
	"magpie/internal/macie2"
	"magpie/internal/policy"
	"magpie/internal/store"
)

// CallerIdentity is the answer of STS GetCallerIdentity.
type CallerIdentity struct {
	UserID  string
	Account macie2.AccountID
	ARN     string
}

// GetCallerIdentity says who calls. As on AWS it takes no permission.
func (s *Service) GetCallerIdentity(_ context.Context, call *macie2.Call) (*CallerIdentity, error) {
	return &CallerIdentity{UserID: call.Principal.ID, Account: call.Principal.Account, ARN: call.Principal.ARN}, nil
}

// AssumeRoleInput is the request of STS AssumeRole; nil is a parameter not given.
type AssumeRoleInput struct {
	RoleARN         *string
	RoleSessionName *string
	DurationSeconds *string // as sent
	ExternalID      *string
	SourceIdentity  *string

	// Unsupported names parameters that were given and that would have limited the
	// session, or proven something, had they been understood (Policy, PolicyArns,
	// Tags, SerialNumber, …). They are refused, but in dev mode.
	Unsupported []string
}

// AssumeRoleOutput is the answer of STS AssumeRole.
type AssumeRoleOutput struct {
	AccessKeyID     string
	SecretAccessKey Secret
	SessionToken    Secret
	Expiration      time.Time
	AssumedRoleID   string
	ARN             string
	SourceIdentity  string
	Account         macie2.AccountID // of the role
}

const (
	defaultDuration  = 3600
	shortestDuration = 900
	longestDuration  = 43200
	chainedDuration  = 3600
)

// AssumeRole makes temporary credentials of a role, if its trust policy lets the
// caller have them. What it refuses is a *macie2.Error; the answer for a role that
// does not exist is the same as for one that does not trust the caller.
func (s *Service) AssumeRole(ctx context.Context, call *macie2.Call, in *AssumeRoleInput) (*AssumeRoleOutput, error) {
	seconds, err := checkAssumeRole(in)
	if err != nil {
		return nil, err
	}
	accountID, name, ok := arn.ParseRole(*in.RoleARN, call.Region)
	if !ok {
		return nil, macie2.ErrValidation("%s is invalid", quoteARN(*in.RoleARN))
	}
	account := macie2.AccountID(accountID)
	callerRole := policy.RoleOf(call.Principal)
	if callerRole != "" && seconds > chainedDuration {
		return nil, macie2.ErrValidation("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	}
	if len(in.Unsupported) > 0 && !s.dev {
		return nil, macie2.ErrValidation("The parameter %s is not supported by this server yet.", in.Unsupported[0])
	}
	if in, err = in.inheriting(call.Principal); err != nil {
		return nil, err
	}
	role, err := s.roleToAssume(ctx, account, name)
	if err != nil {
		return nil, err
	}
	exists := role != nil
	if !exists { // asked all the same: the answer should not come sooner, either
		role = &Role{Account: account, Name: name, Trust: TrustAccount("000000000000")}
	}
	if allowed := s.mayAssume(call, *role, in, callerRole); !exists || !allowed {
		return nil, macie2.ErrAccessDenied("User: %s is not authorized to perform: sts:AssumeRole on resource: %s", call.Principal.ARN, role.ARN())
	}
	if time.Duration(seconds)*time.Second > role.MaxSession {
		return nil, macie2.ErrValidation("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	return s.newSession(*role, *in.RoleSessionName, macie2.Deref(in.SourceIdentity), call.Now.Add(time.Duration(seconds)*time.Second)), nil
}

// inheriting is the request as a session makes it: the session's own source identity goes with it,
// and cannot become another.
func (in *AssumeRoleInput) inheriting(p macie2.Principal) (*AssumeRoleInput, error) {
	if p.SourceIdentity == "" {
		return in, nil
	}
	if in.SourceIdentity != nil && *in.SourceIdentity != p.SourceIdentity {
		return nil, macie2.ErrAccessDenied("User: %s is not authorized to perform: sts:SetSourceIdentity: the source identity of the session, %s, cannot be changed",
			p.ARN, p.SourceIdentity)
	}
	out := *in
	out.SourceIdentity = &p.SourceIdentity
	return &out, nil
}

func (s *Service) newSession(role Role, name, sourceIdentity string, expires time.Time) *AssumeRoleOutput {
	x := sealedSession{
		Secret: newSecret(), Account: role.Account, RoleID: role.ID, RoleName: role.Name,
		Name: name, Expires: expires.Unix(), SourceIdentity: sourceIdentity,
	}
	keyID := newID("ASIA", 16)
	p := x.principal(keyID, role.ID, nil)
	return &AssumeRoleOutput{
		AccessKeyID: keyID, SecretAccessKey: Secret(x.Secret), SessionToken: Secret(s.sealSession(keyID, x)),
		Expiration: time.Unix(x.Expires, 0).UTC(), AssumedRoleID: p.ID, ARN: p.ARN, SourceIdentity: sourceIdentity,
		Account: role.Account,
	}
}

// roleToAssume reads the role of an active account; nil if there is none.
func (s *Service) roleToAssume(ctx context.Context, account macie2.AccountID, name string) (*Role, error) {
	var role *Role
	err := s.db.View(ctx, func(tx *store.Tx) error {
		role = nil
		accounts, err := s.LookupAccounts(ctx, tx, []macie2.AccountID{account})
		if err != nil {
			return err
		}
		r, err := scanRole(tx.QueryRow(ctx, `select `+roleColumns+` from role where account_id = $1 and folded_name = $2 and name = $3`, account, strings.ToLower(name), name))
		switch {
		case errors.Is(err, store.ErrNotFound) && s.dev:
			r = implicitRole(account, name[strings.LastIndexByte(name, '/')+1:])
		case errors.Is(err, store.ErrNotFound):
			return nil
		case err != nil:
			return err
		}
		if accounts[account].Status == AccountActive {
			role = &r
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read role %s of account %s: %w", name, account, err)
	}
	return role, nil
}

// mayAssume asks the role's trust policy and the caller's own permissions. The question is about
// the role as it is stored, however the caller spelt its name.
func (s *Service) mayAssume(call *macie2.Call, role Role, in *AssumeRoleInput, callerRole string) bool {
	if s.dev {
		return true
	}
	actions := []string{"sts:AssumeRole"}
	if in.SourceIdentity != nil {
		actions = append(actions, "sts:SetSourceIdentity")
	}
	for _, action := range actions {
		q := trustQuestion{
			Action: action, Principal: call.Principal, CallerRole: callerRole, Role: role.ARN(),
			ExternalID: in.ExternalID, SourceIdentity: in.SourceIdentity, Session: *in.RoleSessionName, Call: call,
		}
		trusted, trustErr := trusts(role.Trust, q)
		permitted, permitErr := permits(q)
		if trustErr != nil || permitErr != nil || !trusted || !permitted {
			return false
		}
	}
	return true
}

var (
	sessionNamePattern = lazyregexp.New(`^[\w+=,.@-]*$`)
	externalIDPattern  = lazyregexp.New(`^[\w+=,.@:\\/-]*$`)
)

// checkAssumeRole checks the parameters as STS does, all of them at once.
func checkAssumeRole(in *AssumeRoleInput) (seconds int, err error) {
	var wrong []string
	fail := func(value *string, member, constraint string) {
		shown := "null"
		if value != nil {
			shown = "'" + *value + "'"
			if len(shown) > 200 {
				shown = shown[:200] + "…'"
			}
		}
		wrong = append(wrong, "Value "+shown+" at '"+member+"' failed to satisfy constraint: "+constraint)
	}
	text := func(value *string, member string, required bool, least, most int, pattern *lazyregexp.Regexp) {
		switch {
		case value == nil && required:
			fail(value, member, "Member must not be null")
		case value == nil:
		case len(*value) < least:
			fail(value, member, fmt.Sprintf("Member must have length greater than or equal to %d", least))
		case len(*value) > most:
			fail(value, member, fmt.Sprintf("Member must have length less than or equal to %d", most))
		case pattern != nil && !pattern.MatchString(*value):
			fail(value, member, "Member must satisfy regular expression pattern: "+strings.TrimSuffix(strings.TrimPrefix(pattern.String(), "^"), "$"))
		}
	}
	text(in.RoleARN, "roleArn", true, 20, 2048, nil)
	text(in.RoleSessionName, "roleSessionName", true, 2, 64, sessionNamePattern)
	text(in.ExternalID, "externalId", false, 2, 1224, externalIDPattern)
	text(in.SourceIdentity, "sourceIdentity", false, 2, 64, sessionNamePattern)
	seconds = defaultDuration
	if in.DurationSeconds != nil {
		n, err := strconv.ParseInt(*in.DurationSeconds, 10, 32)
		switch {
		case err != nil:
			return 0, macie2.ErrValidation("The parameter DurationSeconds must be a whole number.")
		case n < shortestDuration:
			fail(in.DurationSeconds, "durationSeconds", "Member must have value greater than or equal to 900")
		case n > longestDuration:
			fail(in.DurationSeconds, "durationSeconds", "Member must have value less than or equal to 43200")
		}
		seconds = int(n)
	}
	switch len(wrong) {
	case 0:
		return seconds, nil
	case 1:
		return 0, macie2.ErrValidation("1 validation error detected: %s", wrong[0])
	}
	return 0, macie2.ErrValidation("%d validation errors detected: %s", len(wrong), strings.Join(wrong, "; "))
}

func quoteARN(text string) string {
	if len(text) > 200 {
		return text[:200] + "…"
	}
	return text
}
