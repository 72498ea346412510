package console

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/signin"
	"magpie/internal/source"
)

// Prefix is the path below which everything is.
const Prefix = "/console/"

// mostBody is the most bytes that a request's body may have, as at the API's edge.
const mostBody = 1 << 20

// mostForm is the most bytes of what signs in or switches to a role.
const mostForm = 16 << 10

// Options are what a Handler depends on.
type Options struct {
	Sessions *signin.Service
	// Files are those of the built console: index.html and what is in assets.
	Files fs.FS
	// Call makes a call as an identity, through the same door as the network's calls, and writes the answer to w. It returns an error,
	// and has written nothing, if the identity's credentials are not good any more ([ErrEnded]) or the call cannot be made.
	Call func(w http.ResponseWriter, r *http.Request, as signin.Identity, c Call) error
	// Body reads the body of a request, of up to most bytes, within the bounds that the API has for its callers' bodies: those of an
	// account, or those of strangers if account is empty. The body is good, and counts, until release is called. An error that is a
	// *macie2.Error is told to the client.
	Body func(w http.ResponseWriter, r *http.Request, most int64, account macie2.AccountID) (body []byte, release func(), err error)
	// Prove finds out whose access key it is, by a call that is signed with it. An error that is a *macie2.Error is the API's refusal.
	Prove func(r *http.Request, keyID, secret string) (signin.Identity, error)
	// Assume switches to a role with the permissions of whom it is done as. An error that is a *macie2.Error is the refusal of STS.
	Assume func(r *http.Request, as signin.Identity, roleARN, region string) (signin.Identity, error)
	// Good reports whether an identity's credentials are good still, or returns ErrEnded.
	Good func(ctx context.Context, as signin.Identity) error
	// Name is the registered name of an account; it may be empty.
	Name func(ctx context.Context, id macie2.AccountID) string
	// Record notes a sign-in, a switch or a sign-out for the audit trail.
	Record func(r *http.Request, e Event)

	// Provider is an identity provider that people sign in at; nil if there is none.
	Provider *Provider

	// Site tells this server's cookies from those of other servers on the same host. All nodes of one database have the same.
	Site      string
	Dev       bool
	Accounts  func(ctx context.Context) []macie2.AccountID // that can be signed in as with one click, in development
	Regions   []string                                     // in which Macie is served
	Unbuilt   []string                                     // operations that are answered 501
	PublicURL string
	Proxies   source.Proxies
	Logger    *slog.Logger // nil discards
	Now       func() time.Time
}

// Event is what the audit trail is told.
type Event struct {
	Name    string          // ConsoleLogin, SwitchRole, ConsoleLogout
	Who     signin.Identity // zero if nobody was recognised
	KeyID   string          // that was claimed
	RoleARN string          // of SwitchRole
	Refusal *macie2.Error   // nil for success
}

// ErrEnded says that credentials are not good any more: the key is revoked, the role deleted, the account closed.
var ErrEnded = errors.New("console: the credentials are not good any more")

// Handler serves the console. It is safe for concurrent use.
type Handler struct {
	o      Options
	public *url.URL // nil if there is none
	files  *files
	api    http.Handler
	wrong  *mistakes
}

// New returns the handler. It reads the files once, and fails if there are none.
func New(o Options) (*Handler, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	f, err := readFiles(o.Files)
	if err != nil {
		return nil, err
	}
	h := &Handler{o: o, files: f, wrong: newMistakes()}
	if o.PublicURL != "" {
		if h.public, err = url.Parse(o.PublicURL); err != nil {
			return nil, err
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Prefix+"api/session", h.session)
	mux.HandleFunc("POST "+Prefix+"api/session", h.signIn)
	mux.HandleFunc("DELETE "+Prefix+"api/session", h.signOut)
	mux.HandleFunc("POST "+Prefix+"api/provider", h.begin)
	mux.HandleFunc("POST "+Prefix+"api/provider/return", h.comeBack)
	mux.HandleFunc("GET "+Prefix+"api/sessions", h.sessions)
	mux.HandleFunc("DELETE "+Prefix+"api/sessions/{handle}", h.endOther)
	mux.HandleFunc("POST "+Prefix+"api/identities", h.switchRole)
	mux.HandleFunc("DELETE "+Prefix+"api/identities/{id}", h.leaveRole)
	mux.HandleFunc(Prefix+"api/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, "UnknownOperationException", "The console has no such endpoint.")
	})
	// The mux would tidy a path up, and send the browser to another one; what is called is what the page wrote.
	route := func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, Prefix+"api/call/") {
			h.call(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	}
	h.api = http.NewCrossOriginProtection().Handler(h.ours(http.HandlerFunc(route)))
	return h, nil
}

// policy is what browsers are told not to do with the console's pages. Cloudscape needs no inline style or script.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// ServeHTTP serves everything below Prefix.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	if !h.ownName(r) {
		header.Set("Cache-Control", "no-store")
		refuse(w, http.StatusMisdirectedRequest, "AccessDeniedException",
			"The console is not served under this name. Use the address that --public-url gives, or a name of the machine itself.")
		return
	}
	if strings.HasPrefix(r.URL.Path, Prefix+"api/") {
		header.Set("Cache-Control", "no-store")
		h.api.ServeHTTP(w, r)
		return
	}
	h.files.ServeHTTP(w, r)
}

// ownName reports whether the name in Host is one of this server's: a page whose name leads here by a trick of the name service is not
// the console's. An address is nobody's name, and under TLS the client has made sure of the name itself.
func (h *Handler) ownName(r *http.Request) bool {
	name := hostName(r.Host)
	if _, err := netip.ParseAddr(name); err == nil || isLocal(name) {
		return true
	}
	return h.public != nil && strings.EqualFold(name, h.public.Hostname()) || r.TLS != nil && strings.EqualFold(name, r.TLS.ServerName)
}

// hostName is the name in a Host header, without its port.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
}

// isLocal reports whether a name is this machine's for every client.
func isLocal(name string) bool {
	name = strings.ToLower(name)
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	a, err := netip.ParseAddr(name)
	return err == nil && a.Unmap().IsLoopback()
}

// secure reports whether the browser's way here is TLS: to this server, or to the proxy in front of it that --public-url names.
func (h *Handler) secure(r *http.Request) bool {
	return r.TLS != nil || h.public != nil && h.public.Scheme == "https" && strings.EqualFold(hostName(r.Host), h.public.Hostname())
}

// private reports whether what the browser sends can be read by nobody on the way.
func (h *Handler) private(r *http.Request) bool {
	if h.secure(r) {
		return true
	}
	a, err := netip.ParseAddr(source.Address(r.RemoteAddr))
	return err == nil && a.IsLoopback() && isLocal(hostName(r.Host))
}

// ours refuses what no page of the console has sent: a form of another site can set neither the header nor the type.
func (h *Handler) ours(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		switch {
		case r.Header.Get("X-Magpie-Console") != "1":
			refuse(w, http.StatusForbidden, "AccessDeniedException", "The header X-Magpie-Console: 1 is missing: this is for the pages of the console.")
		case r.Method != http.MethodGet && kind != "application/json":
			refuse(w, http.StatusUnsupportedMediaType, "UnsupportedMediaTypeException", "The type of the content must be application/json.")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// refuse answers an error in the API's form.
func refuse(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("x-amzn-ErrorType", kind)
	answer(w, status, map[string]string{"message": message})
}

func answer(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"message":"The request failed because of an internal error."}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b)
}

// internal answers an error that is nobody's business, and logs it.
func (h *Handler) internal(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == nil {
		h.o.Logger.Error("console", "path", r.URL.Path, "error", err)
	}
	refuse(w, http.StatusInternalServerError, "InternalServerException", "The request failed because of an internal error. Try again.")
}

// readBody reads a body that may have so many bytes, of somebody who is signed in to an account or, if that is empty, of a stranger.
// What is refused is answered already. The body is good until release is called.
func (h *Handler) readBody(w http.ResponseWriter, r *http.Request, most int64, account macie2.AccountID) (body []byte, release func(), ok bool) {
	body, release, err := h.o.Body(w, r, most, account)
	if err == nil {
		return body, release, true
	}
	var refusal *macie2.Error
	if !errors.As(err, &refusal) {
		h.internal(w, r, err)
		return nil, nil, false
	}
	if refusal.Code == macie2.ServiceUnavailableException {
		w.Header().Set("Retry-After", "1")
	}
	refuse(w, refusal.Code.HTTPStatus(), string(refusal.Code), refusal.Message)
	return nil, nil, false
}

// readJSON reads a small JSON object; what is refused is answered already. It never repeats what was sent: a secret may be in it.
func (h *Handler) readJSON(w http.ResponseWriter, r *http.Request, v any) bool {
	return h.readObject(w, r, mostForm, v)
}

// readObject is readJSON of an object of up to so many bytes.
func (h *Handler) readObject(w http.ResponseWriter, r *http.Request, most int64, v any) bool {
	b, release, ok := h.readBody(w, r, most, "")
	if !ok {
		return false
	}
	defer release()
	if err := json.Unmarshal(b, v); err != nil {
		refuse(w, http.StatusBadRequest, "ValidationException", "The body must be a JSON object.")
		return false
	}
	return true
}
