package console

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/signin"
	"magpie/internal/source"
)

// Provider is an identity provider that people sign in at who have no key. Errors that are a *macie2.Error are refusals.
type Provider struct {
	Name string
	Home string // the console's address, to which it sends people back
	// Begin returns where somebody signs in. The verifier is the secret of PKCE.
	Begin func(ctx context.Context, state, nonce, verifier string, now time.Time) (url string, err error)
	// Redeem exchanges the code that somebody came back with for a token, and finds the roles that trust it: at least one.
	Redeem func(r *http.Request, code, nonce, verifier, source string, now time.Time) (token string, roles []Role, err error)
	// Enter assumes a role with a token.
	Enter func(r *http.Request, token, roleARN string, now time.Time) (signin.Identity, error)
	// Seal and Open keep what a browser is given from being read or changed there, bound to an id.
	Seal func(text, id string) string
	Open func(sealed, id string) (string, error)
}

// Role is a role that somebody may choose.
type Role struct {
	ARN     string           `json:"arn"`
	Account macie2.AccountID `json:"account"`
	Name    string           `json:"name"`
	Title   string           `json:"title,omitempty"` // of the account
}

// A sign-in at the provider goes through the browser, and nothing of it is stored here: the cookie holds what it was begun with, sealed.
//
//	page      POST provider          the cookie; the answer is the provider's address, with state, nonce and the hash of the verifier
//	browser   goes there, and comes back to /console/oidc?code=…&state=…
//	page      POST provider/return   code and state; the cookie has to have that state. One role: signed in. More: the choice
//	page      POST provider/return   choice and role: signed in
//
// Both calls are those of a page of the console, as every other: what another site makes a browser send is refused, so nobody can be
// signed in as somebody else. A code is good once, at the provider.
const (
	flowLife   = 10 * time.Minute
	choiceLife = 5 * time.Minute
	mostReturn = 64 << 10 // bytes: a choice has a token in it
)

// flow is a sign-in on its way. It is bound to the cookie that it is in.
type flow struct {
	State    string    `json:"s"`
	Nonce    string    `json:"n"`
	Verifier string    `json:"v"`
	Until    time.Time `json:"u"`
}

// choice is a token whose bearer has not chosen a role yet. It is bound to the flow's state.
type choice struct {
	Token string    `json:"t"`
	Until time.Time `json:"u"`
}

// flowCookie is the cookie's name, to which cookieName adds.
const flowCookie = "magpie-oidc"

// setFlow gives the browser the cookie of a sign-in; empty takes it away.
func (h *Handler) setFlow(w http.ResponseWriter, r *http.Request, value string) {
	c := &http.Cookie{Name: h.cookieName(r, flowCookie), Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: h.secure(r),
		MaxAge: int(flowLife / time.Second)}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// flowOf is the sign-in that a browser is on.
func (h *Handler) flowOf(r *http.Request) (f flow, ok bool) {
	c, err := r.Cookie(h.cookieName(r, flowCookie))
	if err != nil || len(c.Value) > 2048 {
		return f, false
	}
	text, err := h.o.Provider.Open(c.Value, "flow")
	if err != nil || json.Unmarshal([]byte(text), &f) != nil {
		return f, false
	}
	return f, h.o.Now().Before(f.Until)
}

// ready reports whether somebody can sign in at a provider here; what is refused is answered already.
func (h *Handler) ready(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case h.o.Provider == nil:
		refuse(w, http.StatusNotFound, "UnknownOperationException", "The console has no such endpoint.")
		return false
	case !h.private(r):
		refuse(w, http.StatusForbidden, "AccessDeniedException",
			"Signing in needs TLS: over plain HTTP the session could be read on the way. Use the server's https:// address, or its loopback address on the machine itself.")
		return false
	}
	return true
}

// begin says where to sign in.
func (h *Handler) begin(w http.ResponseWriter, r *http.Request) {
	if !h.ready(w, r) {
		return
	}
	if home, err := url.Parse(h.o.Provider.Home); err == nil && !strings.EqualFold(home.Host, r.Host) { // whose cookie would not be there
		refuse(w, http.StatusConflict, "ConflictException", "The identity provider sends you back to "+h.o.Provider.Home+": sign in from there.")
		return
	}
	f := flow{State: rand.Text(), Nonce: rand.Text(), Verifier: rand.Text() + rand.Text(), Until: h.o.Now().Add(flowLife)}
	to, err := h.o.Provider.Begin(r.Context(), f.State, f.Nonce, f.Verifier, h.o.Now())
	if err != nil {
		h.refuseProvider(w, r, err)
		return
	}
	text, err := json.Marshal(f)
	if err != nil {
		h.internal(w, r, err)
		return
	}
	h.setFlow(w, r, h.o.Provider.Seal(string(text), "flow"))
	answer(w, http.StatusOK, map[string]string{"url": to})
}

// comeBack takes what the provider sent the browser back with, or the role that was chosen.
func (h *Handler) comeBack(w http.ResponseWriter, r *http.Request) {
	if !h.ready(w, r) {
		return
	}
	var in struct {
		Code, State  string
		Choice, Role string
	}
	if !h.readObject(w, r, mostReturn, &in) {
		return
	}
	f, ok := h.flowOf(r)
	switch {
	case !ok:
		h.refuseProvider(w, r, macie2.ErrAccessDenied("This sign-in is too old, or was begun in another browser. Sign in again."))
	case in.Choice != "" && in.Role != "" && in.Code == "":
		h.choose(w, r, f, in.Choice, in.Role)
	case in.Code != "" && in.Choice == "" && len(in.Code) <= 4096 && subtle.ConstantTimeCompare([]byte(in.State), []byte(f.State)) == 1:
		h.redeem(w, r, f, in.Code)
	case in.Code != "" && in.Choice == "":
		h.refuseProvider(w, r, macie2.ErrAccessDenied("This is not the answer to the sign-in that this browser began. Sign in again."))
	default:
		refuse(w, http.StatusBadRequest, "ValidationException", "The body must have code and state, or choice and role.")
	}
}

func (h *Handler) redeem(w http.ResponseWriter, r *http.Request, f flow, code string) {
	now := h.o.Now()
	token, roles, err := h.o.Provider.Redeem(r, code, f.Nonce, f.Verifier, h.o.Proxies.Of(r), now)
	if err != nil {
		h.setFlow(w, r, "")
		h.refuseProvider(w, r, err)
		return
	}
	if len(roles) == 1 {
		h.enter(w, r, token, roles[0].ARN)
		return
	}
	c := choice{Token: token, Until: now.Add(choiceLife)}
	for i, role := range roles {
		roles[i].Title = h.o.Name(r.Context(), role.Account)
	}
	text, err := json.Marshal(c)
	if err != nil {
		h.internal(w, r, err)
		return
	}
	answer(w, http.StatusOK, map[string]any{"roles": roles, "choice": h.o.Provider.Seal(string(text), f.State)})
}

func (h *Handler) choose(w http.ResponseWriter, r *http.Request, f flow, sealed, role string) {
	var c choice
	text, err := h.o.Provider.Open(sealed, f.State)
	if err != nil || json.Unmarshal([]byte(text), &c) != nil || !h.o.Now().Before(c.Until) {
		h.refuseProvider(w, r, macie2.ErrAccessDenied("This sign-in is too old, or was begun in another browser. Sign in again."))
		return
	}
	h.enter(w, r, c.Token, role)
}

// enter begins the session of a role. Whether the role trusts the token is asked once more, by who gives its credentials.
func (h *Handler) enter(w http.ResponseWriter, r *http.Request, token, role string) {
	who, err := h.o.Provider.Enter(r, token, role, h.o.Now())
	if err == nil {
		if err = h.o.Good(r.Context(), who); errors.Is(err, ErrEnded) {
			err = macie2.ErrAccessDenied("The role has ended.")
		}
	}
	h.setFlow(w, r, "")
	if err != nil {
		h.refuseProvider(w, r, err)
		return
	}
	h.start(w, r, who, "")
}

// refuseProvider answers what is wrong with a sign-in. What somebody did wrong counts for its source, as wrong pairs do.
func (h *Handler) refuseProvider(w http.ResponseWriter, r *http.Request, err error) {
	var refusal *macie2.Error
	if !errors.As(err, &refusal) {
		h.internal(w, r, err)
		return
	}
	if refusal.Code == macie2.IDPCommunicationError {
		refuse(w, http.StatusBadGateway, string(refusal.Code), "The identity provider cannot be reached, or its answer cannot be read. Try again.")
		return
	}
	h.o.Record(r, Event{Name: "ConsoleLogin", Refusal: refusal})
	if wait := h.wrong.add(source.Network(h.o.Proxies.Of(r)), h.o.Now()); wait > 0 {
		h.wait(w, wait)
		return
	}
	refuse(w, http.StatusForbidden, strings.TrimSpace(string(refusal.Code)), refusal.Message)
}
