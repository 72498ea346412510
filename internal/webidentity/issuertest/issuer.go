// Package issuertest is an OpenID Connect issuer for tests, on a socket of its own: it describes itself, publishes its keys, signs people
// in by the code flow with PKCE as strictly as it can, and makes tokens, also such as no issuer should make.
package issuertest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// Claims of a token.
type Claims map[string]any

// Issuer is an OpenID Connect issuer.
type Issuer struct {
	URL      string
	ClientID string
	Secret   string // empty: the client has none
	Redirect string // the one address that people are sent back to

	t      testing.TB
	server *httptest.Server

	mu      sync.Mutex
	keys    []key // the last one signs
	person  Claims
	codes   map[string]grant
	fetched map[string]int
	answer  func(w http.ResponseWriter, r *http.Request) bool
}

type key struct {
	id      string
	private crypto.Signer
}

type grant struct{ challenge, nonce, redirect string }

// Start starts an issuer that ends with the test.
func Start(t testing.TB) *Issuer {
	i := &Issuer{t: t, ClientID: "magpie-console", codes: map[string]grant{}, fetched: map[string]int{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.describe)
	mux.HandleFunc("GET /keys", i.publish)
	mux.HandleFunc("GET /authorize", i.authorize)
	mux.HandleFunc("POST /token", i.token)
	i.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		i.fetched[r.URL.Path]++
		answer := i.answer
		i.mu.Unlock()
		if answer == nil || !answer(w, r) {
			mux.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(i.server.Close)
	i.URL = i.server.URL
	i.Rotate()
	return i
}

// Name is what policies call the issuer.
func (i *Issuer) Name() string { return strings.TrimPrefix(i.URL, "http://") }

// Fetched is how often a path was asked for.
func (i *Issuer) Fetched(path string) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fetched[path]
}

// Answer has requests answered otherwise; those for which f returns false are answered as ever.
func (i *Issuer) Answer(f func(w http.ResponseWriter, r *http.Request) bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answer = f
}

// Rotate has a new key sign, by ES256. The former ones stay published until Withdraw.
func (i *Issuer) Rotate() {
	i.add(newEC(i.t))
}

// RotateRSA has a new key sign, by RS256.
func (i *Issuer) RotateRSA() {
	i.add(newRSA(i.t))
}

func newEC(t testing.TB) crypto.Signer {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return private
}

func newRSA(t testing.TB) crypto.Signer {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return private
}

func (i *Issuer) add(private crypto.Signer) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = append(i.keys, key{rand.Text(), private})
}

// Withdraw publishes the present key alone.
func (i *Issuer) Withdraw() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = i.keys[len(i.keys)-1:]
}

// SignInAs says who is at the browser.
func (i *Issuer) SignInAs(c Claims) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.person = c
}

func (i *Issuer) usual() Claims {
	now := time.Now()
	return Claims{"iss": i.URL, "aud": i.ClientID, "sub": "anna", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
}

// merge lets later claims take the place of earlier ones.
func merge(list ...Claims) Claims {
	out := Claims{}
	for _, c := range list {
		maps.Copy(out, c)
	}
	return out
}

// Token is a token as the issuer makes them, with other claims; nil takes one away.
func (i *Issuer) Token(c Claims) string {
	i.mu.Lock()
	k := i.keys[len(i.keys)-1]
	i.mu.Unlock()
	return sign(i.t, map[string]any{"alg": algorithm(k.private), "kid": k.id, "typ": "JWT"}, merge(i.usual(), c), k.private)
}

func algorithm(private crypto.Signer) string {
	if _, ok := private.(*ecdsa.PrivateKey); ok {
		return "ES256"
	}
	return "RS256"
}

// Forged is a token that nobody else's key has signed, under the name of the issuer's.
func (i *Issuer) Forged(c Claims) string {
	i.mu.Lock()
	k := i.keys[len(i.keys)-1]
	i.mu.Unlock()
	private := newEC(i.t)
	if algorithm(k.private) == "RS256" {
		private = newRSA(i.t)
	}
	return sign(i.t, map[string]any{"alg": algorithm(private), "kid": k.id}, merge(i.usual(), c), private)
}

// Unsigned is a token with another header, whose signature is none, or made with the bytes of the published key.
func (i *Issuer) Unsigned(header map[string]any, c Claims) string {
	i.mu.Lock()
	k := i.keys[len(i.keys)-1]
	i.mu.Unlock()
	text := encode(i.t, header) + "." + encode(i.t, merge(i.usual(), c))
	if header["alg"] == "HS256" {
		public, _ := k.private.Public().(*rsa.PublicKey)
		mac := hmac.New(sha256.New, public.N.Bytes())
		mac.Write([]byte(text))
		return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
	return text + "."
}

// KeyID is the name of the key that signs.
func (i *Issuer) KeyID() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.keys[len(i.keys)-1].id
}

// UnknownKey is a token under the name of a key that the issuer does not have.
func (i *Issuer) UnknownKey() string {
	i.mu.Lock()
	k := i.keys[len(i.keys)-1]
	i.mu.Unlock()
	return sign(i.t, map[string]any{"alg": algorithm(k.private), "kid": rand.Text()}, i.usual(), k.private)
}

func encode(t testing.TB, v any) string {
	if c, ok := v.(Claims); ok {
		maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func sign(t testing.TB, header map[string]any, c Claims, private crypto.Signer) string {
	text := encode(t, header) + "." + encode(t, c)
	sum := sha256.Sum256([]byte(text))
	var signature []byte
	var err error
	switch k := private.(type) {
	case *rsa.PrivateKey:
		signature, err = rsa.SignPKCS1v15(rand.Reader, k, crypto.SHA256, sum[:])
	case *ecdsa.PrivateKey:
		var r, s *big.Int
		r, s, err = ecdsa.Sign(rand.Reader, k, sum[:])
		if err == nil {
			signature = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func (i *Issuer) describe(w http.ResponseWriter, _ *http.Request) {
	reply(w, 200, map[string]any{
		"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
		"id_token_signing_alg_values_supported": []string{"RS256", "ES256", "HS256", "none"}, "scopes_supported": []string{"openid", "email", "groups"},
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"code_challenge_methods_supported": []string{"S256"},
	})
}

func (i *Issuer) publish(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	list := []map[string]any{{"kty": "OKP", "crv": "X448", "kid": "of a kind that few know", "x": "AA"}}
	b64 := func(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.Bytes()) }
	for _, k := range i.keys {
		switch p := k.private.Public().(type) {
		case *rsa.PublicKey:
			list = append(list, map[string]any{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": k.id, "n": b64(p.N), "e": b64(big.NewInt(int64(p.E)))})
		case *ecdsa.PublicKey:
			point, err := p.Bytes()
			if err != nil {
				i.t.Error(err)
			}
			list = append(list, map[string]any{"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": k.id,
				"x": base64.RawURLEncoding.EncodeToString(point[1:33]), "y": base64.RawURLEncoding.EncodeToString(point[33:])})
		}
	}
	reply(w, 200, map[string]any{"keys": list})
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// authorize signs in whoever is at the browser, without asking.
func (i *Issuer) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	switch {
	case q.Get("response_type") != "code", q.Get("client_id") != i.ClientID, q.Get("redirect_uri") != i.Redirect, q.Get("state") == "", q.Get("nonce") == "",
		q.Get("code_challenge_method") != "S256", len(q.Get("code_challenge")) != 43, !strings.Contains(" "+q.Get("scope")+" ", " openid "):
		http.Error(w, fmt.Sprint("the request is not what was agreed upon: ", q), http.StatusBadRequest)
		return
	}
	code := rand.Text()
	i.mu.Lock()
	i.codes[code] = grant{q.Get("code_challenge"), q.Get("nonce"), q.Get("redirect_uri")}
	i.mu.Unlock()
	http.Redirect(w, r, i.Redirect+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
}

// token redeems a code, once, for who has the verifier.
func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	code := r.PostForm.Get("code")
	i.mu.Lock()
	g, ok := i.codes[code]
	delete(i.codes, code)
	person := i.person
	i.mu.Unlock()
	id, secret, _ := r.BasicAuth()
	secret, _ = url.QueryUnescape(secret) // as RFC 6749 has it
	if i.Secret == "" {
		id = r.PostForm.Get("client_id")
	}
	sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	switch {
	case id != i.ClientID || secret != i.Secret:
		reply(w, 401, map[string]string{"error": "invalid_client"})
	case !ok, r.PostForm.Get("grant_type") != "authorization_code", r.PostForm.Get("redirect_uri") != g.redirect,
		base64.RawURLEncoding.EncodeToString(sum[:]) != g.challenge:
		reply(w, 400, map[string]string{"error": "invalid_grant"})
	default:
		reply(w, 200, map[string]any{"access_token": rand.Text(), "token_type": "Bearer", "expires_in": 300,
			"id_token": i.Token(merge(Claims{"nonce": g.nonce}, person))})
	}
}
