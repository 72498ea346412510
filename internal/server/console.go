package server

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"magpie/internal/audit"
	"magpie/internal/awsapi"
	"magpie/internal/console"
	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/signin"
	"magpie/internal/sigv4"
	"magpie/internal/store"
	"magpie/web"
)

// openConsole puts the web console beside the API, unless it is not wanted.
func (s *Server) openConsole(edge *awsapi.Server, regions []string, tokens *webIdentity) error {
	if s.config.NoConsole {
		return nil
	}
	s.signins = signin.New(signin.Options{DB: s.db, Life: s.config.ConsoleLife, Idle: s.config.ConsoleIdle, Logger: s.log})
	c := consoleCalls{identity: s.identity, edge: edge, tokens: tokens, home: s.url}
	var unbuilt []string
	for _, op := range macie2.Operations() {
		if !s.registry.Bound(op.Name) {
			unbuilt = append(unbuilt, op.Name)
		}
	}
	regions = slices.Clone(regions)
	slices.Sort(regions)
	h, err := console.New(console.Options{
		Sessions: s.signins, Files: web.Files(), Body: edge.TakeBody, Call: c.call, Prove: c.prove, Assume: c.assume, Good: c.good, Name: s.accountName,
		Record: s.recordSignIn, Site: s.keyID, Dev: s.config.Dev, Accounts: s.devAccounts, Regions: slices.Compact(regions), Unbuilt: unbuilt,
		PublicURL: s.config.PublicURL, Proxies: s.proxies, Logger: s.log, Provider: c.provider(),
	})
	if err != nil {
		return err
	}
	// Who is signed in is paced as well: whether somebody is costs a look into the database.
	edge.HandlePlain(console.Prefix, s.unsigned(consoleRate, h))
	edge.HandlePlain("/console", s.unsigned(consoleRate, http.RedirectHandler(console.Prefix, http.StatusFound)))
	mountConsoleLinks(edge, s.signins, s.url)
	return nil
}

// consoleCalls makes the console's calls: signed in the process, by the door that the network's
// calls come to.
type consoleCalls struct {
	identity *identity.Service
	edge     http.Handler
	tokens   *webIdentity
	home     string // URL of this server
}

// resolve finds the credentials of an identity as they are now.
func (c consoleCalls) resolve(ctx context.Context, as signin.Identity) (*identity.Credentials, error) {
	found, err := c.identity.Resolve(ctx, as.KeyID, as.Token, time.Now())
	if _, refused := errors.AsType[*macie2.Error](err); refused {
		return nil, console.ErrEnded
	}
	return found, err
}

func (c consoleCalls) good(ctx context.Context, as signin.Identity) error {
	_, err := c.resolve(ctx, as)
	return err
}

// call makes a call as an identity and writes the answer.
func (c consoleCalls) call(w http.ResponseWriter, r *http.Request, as signin.Identity, what console.Call) error {
	found, err := c.resolve(r.Context(), as)
	if err != nil {
		return err
	}
	in, err := inner(r, r.Method, what.Target, "application/json", what.Body)
	if err != nil {
		return err
	}
	credentials := sigv4.Credentials{AccessKeyID: as.KeyID, SessionToken: as.Token}
	key := func(date string) sigv4.SigningKey { return found.SigningKey(date, what.Region, macie2.SigningName) }
	if err := sigv4.SignWith(in, sigv4.Signer{Credentials: credentials, Region: what.Region, Service: macie2.SigningName, Key: key}, what.Body, time.Now()); err != nil {
		return err
	}
	c.edge.ServeHTTP(w, in)
	return nil
}

// inner is the request that a request of the console comes to: from the same client, with nothing
// else of its headers.
func inner(r *http.Request, method, target, kind string, body []byte) (*http.Request, error) {
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return nil, macie2.ErrValidation("The path cannot be read.")
	}
	in := &http.Request{
		Method: method, URL: u, RequestURI: target, Host: r.Host, RemoteAddr: r.RemoteAddr, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: awsapi.HeldBody(body), ContentLength: int64(len(body)), TLS: r.TLS,
	}
	if r.ProtoMajor != 1 {
		in.Proto, in.ProtoMajor, in.ProtoMinor = r.Proto, r.ProtoMajor, r.ProtoMinor
	}
	if len(body) > 0 {
		in.Header.Set("Content-Type", kind)
	}
	if from := r.Header["X-Forwarded-For"]; from != nil {
		in.Header["X-Forwarded-For"] = slices.Clone(from)
	}
	in.Header.Set("User-Agent", r.UserAgent())
	return in.WithContext(awsapi.FromConsole(r.Context())), nil
}

// heard is the answer to a call that the console makes for itself.
type heard struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *heard) Header() http.Header         { return h.header }
func (h *heard) WriteHeader(status int)      { h.status = status }
func (h *heard) Write(b []byte) (int, error) { return h.body.Write(b) }

// sts calls the Security Token Service, signed by sign, and reads the answer. What it refuses is a
// *macie2.Error.
func (c consoleCalls) sts(r *http.Request, form url.Values, sign func(in *http.Request, body []byte) error, out any) error {
	form.Set("Version", "2011-06-15")
	body := []byte(form.Encode())
	in, err := inner(r, http.MethodPost, "/", "application/x-www-form-urlencoded", body)
	if err != nil {
		return err
	}
	if err := sign(in, body); err != nil {
		return err
	}
	w := &heard{header: http.Header{}, status: http.StatusOK}
	c.edge.ServeHTTP(w, in)
	if w.status == http.StatusOK {
		return xml.Unmarshal(w.body.Bytes(), out)
	}
	var refusal struct {
		Code    string `xml:"Error>Code"`
		Message string `xml:"Error>Message"`
	}
	if err := xml.Unmarshal(w.body.Bytes(), &refusal); err != nil {
		return fmt.Errorf("read the refusal of STS, %d: %w", w.status, err)
	}
	code := macie2.AccessDeniedException
	switch {
	case refusal.Code == "ValidationError":
		code = macie2.ValidationException
	case refusal.Code == "Throttling":
		code = macie2.ThrottlingException
	case refusal.Code == string(macie2.OptInRequired):
		code = macie2.OptInRequired
	case refusal.Code == string(macie2.ServiceUnavailableException), w.status >= 500:
		code = macie2.ServiceUnavailableException
	}
	return &macie2.Error{Code: code, Message: refusal.Message}
}

// prove finds out whose access key it is: who signs well with it is asked who it is.
func (c consoleCalls) prove(r *http.Request, keyID, secret string) (signin.Identity, error) {
	var out struct {
		ARN     string `xml:"GetCallerIdentityResult>Arn"`
		Account string `xml:"GetCallerIdentityResult>Account"`
	}
	err := c.sts(r, url.Values{"Action": {"GetCallerIdentity"}}, func(in *http.Request, body []byte) error {
		return sigv4.Sign(in, sigv4.Credentials{AccessKeyID: keyID, SecretAccessKey: secret}, global, "sts", body, time.Now())
	}, &out)
	return signin.Identity{ID: "0", Account: macie2.AccountID(out.Account), Principal: out.ARN, KeyID: keyID}, err
}

// assume switches to a role. The secret of the session that it gives is not kept: the token is
// enough.
func (c consoleCalls) assume(r *http.Request, as signin.Identity, roleARN, region string) (signin.Identity, error) {
	found, err := c.resolve(r.Context(), as)
	if err != nil {
		return signin.Identity{}, err
	}
	var out struct {
		KeyID   string    `xml:"AssumeRoleResult>Credentials>AccessKeyId"`
		Token   string    `xml:"AssumeRoleResult>Credentials>SessionToken"`
		Expires time.Time `xml:"AssumeRoleResult>Credentials>Expiration"`
		ARN     string    `xml:"AssumeRoleResult>AssumedRoleUser>Arn"`
	}
	form := url.Values{"Action": {"AssumeRole"}, "RoleArn": {roleARN}, "RoleSessionName": {sessionName(as.Principal)}}
	err = c.sts(r, form, func(in *http.Request, body []byte) error {
		key := func(date string) sigv4.SigningKey { return found.SigningKey(date, region, "sts") }
		credentials := sigv4.Credentials{AccessKeyID: as.KeyID, SessionToken: as.Token}
		return sigv4.SignWith(in, sigv4.Signer{Credentials: credentials, Region: region, Service: "sts", Key: key}, body, time.Now())
	}, &out)
	if err != nil {
		return signin.Identity{}, err
	}
	account := ""
	if parts := strings.Split(out.ARN, ":"); len(parts) > 4 {
		account = parts[4]
	}
	return signin.Identity{Account: macie2.AccountID(account), Principal: out.ARN, RoleARN: roleARN, KeyID: out.KeyID, Token: out.Token, Expires: out.Expires}, nil
}

// sessionName is what a session of a role is called after who assumed it: the user's or session's
// name.
func sessionName(arn string) string {
	name := arn[strings.LastIndexAny(arn, "/:")+1:]
	if len(name) < 2 {
		name = "console-" + name
	}
	return name[:min(len(name), 64)]
}

// accountName is the registered name of an account, empty where there is none.
func (s *Server) accountName(ctx context.Context, id macie2.AccountID) string {
	a, err := s.identity.Account(ctx, id)
	if err != nil {
		return ""
	}
	return a.Name
}

// devAccounts are the first accounts that there are, for a choice with one click.
func (s *Server) devAccounts(ctx context.Context) []macie2.AccountID {
	const most = 12
	var ids []macie2.AccountID
	err := s.db.View(ctx, func(tx *store.Tx) error {
		ids = nil
		add := func(row store.Row) error {
			var id macie2.AccountID
			err := row.Scan(&id)
			if err == nil && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
			return err
		}
		if err := tx.Query(ctx, add, `select id from account order by id limit $1`, most); err != nil {
			return err
		}
		return tx.Query(ctx, add, `select distinct account_id from macie_session order by account_id limit $1`, most)
	})
	if err != nil {
		s.log.Warn("console: list accounts", "error", err)
	}
	if len(ids) == 0 {
		ids = []macie2.AccountID{"111122223333", "444455556666"}
	}
	return ids[:min(len(ids), most)]
}

// recordSignIn keeps the record of a sign-in, of a switch of roles or of a sign-out.
func (s *Server) recordSignIn(r *http.Request, e console.Event) {
	if s.audit == nil {
		return
	}
	record := &audit.Event{
		Time: time.Now(), RequestID: uuid.NewString(), Operation: e.Name, Region: global, SignIn: true,
		SourceIP: s.proxies.Of(r), UserAgent: r.UserAgent()[:min(len(r.UserAgent()), 256)],
		KeyID: e.KeyID, Response: map[string]any{e.Name: "Success"},
	}
	if e.Who.Principal != "" {
		record.Principal = macie2.Principal{ARN: e.Who.Principal, KeyID: e.Who.KeyID, Account: e.Who.Account}
	}
	if e.RoleARN != "" {
		record.Parameters = map[string]string{"roleArn": e.RoleARN}
	}
	if e.Refusal != nil {
		record.ErrorCode, record.ErrorMessage = e.Refusal.Code, "Failed authentication"
		if e.Name != "ConsoleLogin" {
			record.ErrorMessage = e.Refusal.Message
		}
		record.Response = map[string]any{e.Name: "Failure"}
	}
	if err := s.audit.Write(r.Context(), record, nil); err != nil {
		s.log.Error("the record of a sign-in was not kept", "error", err)
	}
}

// How long a link that signs in is good.
const (
	usualLink   = time.Minute
	longestLink = 15 * time.Minute
)

// mountConsoleLinks serves POST /magpie/v1/console-links: a link that signs a browser in as the
// caller, once.
func mountConsoleLinks(edge *awsapi.Server, sessions *signin.Service, address string) {
	edge.HandleSigned(http.MethodPost, "/magpie/v1/console-links", "magpie:CreateConsoleLink",
		func(ctx context.Context, call *macie2.Call, r *macie2.Request) (any, error) {
			if err := knownParameters(r.Query, nil); err != nil {
				return nil, err
			}
			var in struct {
				Seconds *int64 `json:"seconds"`
			}
			if len(r.Body) > 0 {
				if err := json.Unmarshal(r.Body, &in, json.RejectUnknownMembers(true)); err != nil {
					return nil, macie2.ErrValidation("The body must be a JSON object with seconds, a number, or empty.")
				}
			}
			good := usualLink
			if in.Seconds != nil {
				if good = time.Duration(*in.Seconds) * time.Second; *in.Seconds < 1 || *in.Seconds > int64(longestLink/time.Second) {
					return nil, macie2.ErrValidation("seconds: must be a number from 1 to 900")
				}
			}
			who := signin.Identity{Account: call.Account, Principal: call.Principal.ARN, KeyID: call.Principal.KeyID, Token: r.SecurityToken}
			token, err := sessions.NewLink(ctx, call, who, good)
			if err != nil {
				return nil, err
			}
			return map[string]any{
				"url": address + console.Prefix + "#token=" + token + "&region=" + call.Region, "expiresAt": call.Now.Add(good).Format(time.RFC3339),
			}, nil
		})
}
