package console

import (
	"errors"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/signin"
	"magpie/internal/source"
)

// cookieName is the name of a cookie: the given name, marked as this server's own. A cookie belongs to a host and not to a port of it, so two
// servers on one host would otherwise take each other's cookie for theirs, and who signs in at one would be signed out at the other. Both
// the server's Site and the port that the browser sees are in the name: a proxy may leave the port away, and servers with different databases
// may have one master key. Browsers take __Host- cookies only over TLS, for this host alone and for all of its paths.
func (h *Handler) cookieName(r *http.Request, name string) string {
	if h.secure(r) {
		name = "__Host-" + name
	}
	if h.o.Site != "" {
		name += "-" + h.o.Site
	}
	if _, port, err := net.SplitHostPort(r.Host); err == nil && isPort(port) {
		name += "-" + port
	}
	return name
}

// isPort reports whether text is a port, and so can be in a cookie's name.
func isPort(text string) bool {
	_, err := strconv.ParseUint(text, 10, 16)
	return err == nil
}

// setCookie gives the browser what it presents from now on; empty takes it away. It ends with the browser.
func (h *Handler) setCookie(w http.ResponseWriter, r *http.Request, value string) {
	c := &http.Cookie{Name: h.cookieName(r, "magpie"), Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: h.secure(r)}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// current is the session that a request comes with; nil if there is none.
func (h *Handler) current(r *http.Request) (*signin.Session, error) {
	c, err := r.Cookie(h.cookieName(r, "magpie"))
	if err != nil || len(c.Value) > 128 {
		return nil, nil
	}
	x, err := h.o.Sessions.Find(r.Context(), c.Value, h.o.Now(), r.Header.Get("X-Magpie-Background") != "1")
	if errors.Is(err, signin.ErrNone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &x, nil
}

// require is current, for what needs a session; what is refused is answered already.
func (h *Handler) require(w http.ResponseWriter, r *http.Request) *signin.Session {
	x, err := h.current(r)
	switch {
	case err != nil:
		h.internal(w, r, err)
	case x == nil:
		ended(w)
	default:
		return x
	}
	return nil
}

// ended tells a page that it is signed out.
func ended(w http.ResponseWriter) {
	refuse(w, http.StatusUnauthorized, "ConsoleSessionEnded", "The session has ended. Sign in again.")
}

type identityAnswer struct {
	ID      string `json:"id"`
	ARN     string `json:"arn"`
	Account string `json:"account"`
	Name    string `json:"name,omitempty"`
	RoleARN string `json:"roleArn,omitempty"`
	Expires string `json:"expires,omitempty"`
}

type sessionAnswer struct {
	Identities []identityAnswer `json:"identities"`
	Expires    string           `json:"expires,omitempty"`
	IdleUntil  string           `json:"idleUntil,omitempty"`
	Dev        bool             `json:"dev"`
	Accounts   []identityAnswer `json:"accounts,omitempty"`
	SignIn     []string         `json:"signIn"`
	Provider   string           `json:"provider,omitempty"`
	Regions    []string         `json:"regions,omitempty"`
	Unbuilt    []string         `json:"unbuilt,omitempty"`
}

// session says who is signed in. It is 200 also where nobody is: that is how every visit begins.
func (h *Handler) session(w http.ResponseWriter, r *http.Request) {
	x, err := h.current(r)
	if err == nil && x != nil {
		err = h.o.Good(r.Context(), x.Identities[0])
		if errors.Is(err, ErrEnded) {
			x, err = nil, h.o.Sessions.End(r.Context(), *x)
		}
	}
	if err != nil {
		h.internal(w, r, err)
		return
	}
	answer(w, http.StatusOK, h.describe(r, x))
}

func (h *Handler) describe(r *http.Request, x *signin.Session) sessionAnswer {
	a := sessionAnswer{Identities: []identityAnswer{}, Dev: h.o.Dev, SignIn: []string{"key", "link"}}
	if h.o.Provider != nil {
		a.SignIn, a.Provider = append(a.SignIn, "oidc"), h.o.Provider.Name
	}
	if h.o.Dev {
		for _, id := range h.o.Accounts(r.Context()) {
			a.Accounts = append(a.Accounts, identityAnswer{Account: string(id), Name: h.o.Name(r.Context(), id)})
		}
	}
	if x == nil {
		return a
	}
	for _, i := range x.Identities {
		d := identityAnswer{ID: i.ID, ARN: i.Principal, Account: string(i.Account), Name: h.o.Name(r.Context(), i.Account), RoleARN: i.RoleARN}
		if !i.Expires.IsZero() {
			d.Expires = i.Expires.Format(time.RFC3339)
		}
		a.Identities = append(a.Identities, d)
	}
	a.Expires, a.IdleUntil = x.Expires.Format(time.RFC3339), x.IdleUntil.Format(time.RFC3339)
	a.Regions, a.Unbuilt = h.o.Regions, h.o.Unbuilt
	return a
}

// wrongPair is the answer to every pair that is not right: whether the key exists is nobody's business.
const wrongPair = "The access key ID or the secret access key is wrong."

// signIn begins a session, by a key pair or by a link.
func (h *Handler) signIn(w http.ResponseWriter, r *http.Request) {
	var in struct {
		AccessKeyID     string `json:"accessKeyId"`
		SecretAccessKey string `json:"secretAccessKey"`
		Token           string `json:"token"`
		Look            bool   `json:"look"` // says whom the link signs in as, and leaves it good
	}
	if !h.private(r) {
		refuse(w, http.StatusForbidden, "AccessDeniedException",
			"Signing in needs TLS: over plain HTTP the secret could be read on the way. Use the server's https:// address, or its loopback address on the machine itself.")
		return
	}
	if !h.readJSON(w, r, &in) {
		return
	}
	var who signin.Identity
	var refusal *macie2.Error
	var err error
	switch {
	case in.Token != "" && in.AccessKeyID == "" && in.Look:
		who, err = h.o.Sessions.LookAtLink(r.Context(), in.Token, h.o.Now())
	case in.Token != "" && in.AccessKeyID == "":
		who, err = h.o.Sessions.UseLink(r.Context(), in.Token, h.o.Now())
	case in.AccessKeyID != "" && in.Token == "" && len(in.AccessKeyID) <= 128 && len(in.SecretAccessKey) <= 256:
		who, err = h.o.Prove(r, in.AccessKeyID, in.SecretAccessKey)
	default:
		refuse(w, http.StatusBadRequest, "ValidationException", "The body must have accessKeyId and secretAccessKey, or token.")
		return
	}
	if errors.Is(err, signin.ErrNone) {
		err = macie2.ErrAccessDenied("The link was used already, or is too old. Make another one with: magpie console")
	}
	if err == nil {
		if err = h.o.Good(r.Context(), who); errors.Is(err, ErrEnded) {
			err = macie2.ErrAccessDenied("The credentials that the link was made with are not good any more.")
		}
	}
	if errors.As(err, &refusal) {
		h.refuseSignIn(w, r, in.AccessKeyID, refusal)
		return
	}
	if err != nil {
		h.internal(w, r, err)
		return
	}
	if in.Look {
		answer(w, http.StatusOK, identityAnswer{ARN: who.Principal, Account: string(who.Account), Name: h.o.Name(r.Context(), who.Account)})
		return
	}
	h.start(w, r, who, in.AccessKeyID)
}

// start begins a session, in the place of the one that the browser had.
func (h *Handler) start(w http.ResponseWriter, r *http.Request, who signin.Identity, keyID string) {
	if old, err := h.current(r); err == nil && old != nil { // the browser forgets its cookie
		_ = h.o.Sessions.End(r.Context(), *old)
	}
	now := h.o.Now()
	secret, err := h.o.Sessions.Start(r.Context(), who, h.o.Proxies.Of(r), r.UserAgent(), now)
	if err != nil {
		h.internal(w, r, err)
		return
	}
	h.o.Record(r, Event{Name: "ConsoleLogin", Who: who, KeyID: keyID})
	x, err := h.o.Sessions.Find(r.Context(), secret, now, false)
	if err != nil {
		h.internal(w, r, err)
		return
	}
	h.setCookie(w, r, secret)
	answer(w, http.StatusOK, h.describe(r, &x))
}

// refuseSignIn answers what is wrong, and counts it for its source. Throttling and the like are no mistakes.
func (h *Handler) refuseSignIn(w http.ResponseWriter, r *http.Request, keyID string, e *macie2.Error) {
	h.o.Record(r, Event{Name: "ConsoleLogin", KeyID: keyID, Refusal: e})
	switch e.Code {
	case macie2.ThrottlingException, macie2.ServiceUnavailableException, macie2.InternalServerException:
		w.Header().Set("Retry-After", "1")
		refuse(w, http.StatusTooManyRequests, string(macie2.ThrottlingException), "The server is busy. Try again in a moment.")
		return
	case macie2.OptInRequired: // the signature was right: it is told to the account's own people
		refuse(w, http.StatusForbidden, string(e.Code), e.Message)
		return
	}
	if wait := h.wrong.add(source.Network(h.o.Proxies.Of(r)), h.o.Now()); wait > 0 {
		h.wait(w, wait)
		return
	}
	message := wrongPair
	if keyID == "" {
		message = e.Message
	}
	refuse(w, http.StatusForbidden, string(macie2.AccessDeniedException), message)
}

// wait answers one mistake too many.
func (h *Handler) wait(w http.ResponseWriter, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	refuse(w, http.StatusTooManyRequests, string(macie2.ThrottlingException), "Too many wrong attempts from this address. Try again in a moment; a right one is always let in.")
}

// signOut ends the session. It is as good without one.
func (h *Handler) signOut(w http.ResponseWriter, r *http.Request) {
	x, err := h.current(r)
	if err == nil && x != nil {
		if err = h.o.Sessions.End(r.Context(), *x); err == nil {
			h.o.Record(r, Event{Name: "ConsoleLogout", Who: x.Identities[0], KeyID: x.Identities[0].KeyID})
		}
	}
	if err != nil {
		h.internal(w, r, err)
		return
	}
	h.setCookie(w, r, "")
	answer(w, http.StatusOK, struct{}{})
}

// sessions lists those of who signed in.
func (h *Handler) sessions(w http.ResponseWriter, r *http.Request) {
	x := h.require(w, r)
	if x == nil {
		return
	}
	list, err := h.o.Sessions.List(r.Context(), x.Identities[0].Principal, h.o.Now())
	if err != nil {
		h.internal(w, r, err)
		return
	}
	type one struct {
		ID        string `json:"id"`
		Current   bool   `json:"current"`
		Created   string `json:"created"`
		Seen      string `json:"seen"`
		Expires   string `json:"expires"`
		Source    string `json:"source"`
		UserAgent string `json:"userAgent"`
	}
	out := []one{}
	for _, s := range list {
		out = append(out, one{s.Handle, s.Handle == x.Handle, s.Created.Format(time.RFC3339), s.Seen.Format(time.RFC3339), s.Expires.Format(time.RFC3339),
			s.Source, s.UserAgent})
	}
	answer(w, http.StatusOK, map[string]any{"sessions": out})
}

// endOther ends a session of who signed in.
func (h *Handler) endOther(w http.ResponseWriter, r *http.Request) {
	x := h.require(w, r)
	if x == nil {
		return
	}
	switch err := h.o.Sessions.EndOther(r.Context(), *x, r.PathValue("handle"), h.o.Now()); {
	case errors.Is(err, signin.ErrNone):
		refuse(w, http.StatusNotFound, "ResourceNotFoundException", "There is no such session.")
	case err != nil:
		h.internal(w, r, err)
	default:
		answer(w, http.StatusOK, struct{}{})
	}
}

// switchRole assumes a role with the permissions of who signed in: roles are never chained, and never added up.
func (h *Handler) switchRole(w http.ResponseWriter, r *http.Request) {
	x := h.require(w, r)
	if x == nil {
		return
	}
	var in struct {
		RoleARN string `json:"roleArn"`
		Region  string `json:"region"`
	}
	if !h.readJSON(w, r, &in) {
		return
	}
	if len(in.RoleARN) > 2048 || !slices.Contains(h.o.Regions, in.Region) {
		refuse(w, http.StatusBadRequest, "ValidationException", "The body must have roleArn, and region, one of this server's.")
		return
	}
	base := x.Identities[0]
	to, err := h.o.Assume(r, base, in.RoleARN, in.Region)
	if err == nil {
		to.ID, err = h.o.Sessions.Switch(r.Context(), *x, to, h.o.Now())
	}
	var refusal *macie2.Error
	switch {
	case errors.As(err, &refusal):
		h.o.Record(r, Event{Name: "SwitchRole", Who: base, KeyID: base.KeyID, RoleARN: in.RoleARN, Refusal: refusal})
		refuse(w, refusal.Code.HTTPStatus(), string(refusal.Code), refusal.Message)
	case errors.Is(err, ErrEnded), errors.Is(err, signin.ErrNone):
		ended(w)
	case errors.Is(err, signin.ErrTooMany):
		refuse(w, http.StatusConflict, "ConflictException", "This session has switched to as many roles as it may. Return from one of them first.")
	case err != nil:
		h.internal(w, r, err)
	default:
		h.o.Record(r, Event{Name: "SwitchRole", Who: base, KeyID: base.KeyID, RoleARN: in.RoleARN})
		answer(w, http.StatusOK, map[string]string{"id": to.ID, "account": string(to.Account), "arn": to.Principal})
	}
}

// leaveRole returns from a role.
func (h *Handler) leaveRole(w http.ResponseWriter, r *http.Request) {
	x := h.require(w, r)
	if x == nil {
		return
	}
	if err := h.o.Sessions.Return(r.Context(), *x, strings.ToValidUTF8(r.PathValue("id"), "")); err != nil {
		h.internal(w, r, err)
		return
	}
	answer(w, http.StatusOK, struct{}{})
}
