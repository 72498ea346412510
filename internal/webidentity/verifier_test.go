package webidentity

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/webidentity/issuertest"
)

func verifier(t *testing.T, o Options) *Verifier {
	t.Helper()
	v, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func code(err error) macie2.Exception {
	var e *macie2.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// A token of the issuer for the audience is taken, and no other.
func TestVerify(t *testing.T) {
	i, other := issuertest.Start(t), issuertest.Start(t)
	i.RotateRSA()
	v := verifier(t, Options{Issuers: []Issuer{{i.URL, []string{i.ClientID, "sts.amazonaws.com"}}}})
	now := time.Now()
	w, err := v.Verify(t.Context(), i.Token(issuertest.Claims{"aud": []string{"other", "sts.amazonaws.com"}, "groups": []string{"a", "b"}, "Level": 7,
		"email_verified": true, "nested": map[string]any{"a": 1}, "urn:x": "y"}), now)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{"aud": {"sts.amazonaws.com"}, "oaud": {"other", "sts.amazonaws.com"}, "sub": {"anna"}, "groups": {"a", "b"},
		"level": {"7"}, "email_verified": {"true"}, "nested": nil, "urn:x": nil} {
		if !reflect.DeepEqual(w.Claims[name], want) {
			t.Errorf("%s: %q, want %q", name, w.Claims[name], want)
		}
	}
	if w.Subject != "anna" || w.Issuer != i.Name() || w.URL != i.URL || w.Audience != "sts.amazonaws.com" {
		t.Errorf("%+v", w)
	}
	good := i.Token(nil)
	parts := strings.Split(good, ".")
	raw := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	for name, c := range map[string]struct {
		token string
		want  macie2.Exception
	}{
		"another issuer":                {other.Token(nil), macie2.InvalidIdentityToken},
		"another issuer, by this name":  {other.Token(issuertest.Claims{"iss": i.URL}), macie2.InvalidIdentityToken},
		"the issuer with a slash":       {i.Token(issuertest.Claims{"iss": i.URL + "/"}), macie2.InvalidIdentityToken},
		"no issuer":                     {i.Token(issuertest.Claims{"iss": nil}), macie2.InvalidIdentityToken},
		"another audience":              {i.Token(issuertest.Claims{"aud": "other"}), macie2.InvalidIdentityToken},
		"no audience":                   {i.Token(issuertest.Claims{"aud": nil}), macie2.InvalidIdentityToken},
		"an empty list of audiences":    {i.Token(issuertest.Claims{"aud": []string{}}), macie2.InvalidIdentityToken},
		"an audience that begins so":    {i.Token(issuertest.Claims{"aud": i.ClientID + "x"}), macie2.InvalidIdentityToken},
		"expired":                       {i.Token(issuertest.Claims{"exp": now.Add(-time.Second).Unix()}), macie2.ExpiredIdentityToken},
		"without an end":                {i.Token(issuertest.Claims{"exp": nil}), macie2.ExpiredIdentityToken},
		"not yet good":                  {i.Token(issuertest.Claims{"nbf": now.Add(time.Hour).Unix()}), macie2.InvalidIdentityToken},
		"without a subject":             {i.Token(issuertest.Claims{"sub": nil}), macie2.InvalidIdentityToken},
		"an empty subject":              {i.Token(issuertest.Claims{"sub": ""}), macie2.InvalidIdentityToken},
		"a long subject":                {i.Token(issuertest.Claims{"sub": strings.Repeat("x", 256)}), macie2.InvalidIdentityToken},
		"claims that differ in case":    {i.Token(issuertest.Claims{"groups": []string{"a"}, "Groups": []string{"admin"}}), macie2.InvalidIdentityToken},
		"another's signature":           {i.Forged(nil), macie2.InvalidIdentityToken},
		"alg none":                      {i.Unsigned(map[string]any{"alg": "none"}, nil), macie2.InvalidIdentityToken},
		"alg none, with the key's name": {i.Unsigned(map[string]any{"alg": "none", "kid": i.KeyID()}, nil) + "AAAA", macie2.InvalidIdentityToken},
		"alg HS256 with the public key": {i.Unsigned(map[string]any{"alg": "HS256", "kid": i.KeyID()}, nil), macie2.InvalidIdentityToken},
		"a key in the header":           {i.Unsigned(map[string]any{"alg": "RS256", "jwk": map[string]any{"kty": "oct", "k": "AAAA"}}, nil) + "AAAA", macie2.InvalidIdentityToken},
		"another body":                  {parts[0] + "." + raw(`{"iss":"`+i.URL+`","aud":"`+i.ClientID+`","sub":"root","exp":9999999999}`) + "." + parts[2], macie2.InvalidIdentityToken},
		"a name twice":                  {parts[0] + "." + raw(`{"iss":"`+i.URL+`","aud":"x","aud":"`+i.ClientID+`"}`) + "." + parts[2], macie2.InvalidIdentityToken},
		"nothing":                       {"", macie2.InvalidIdentityToken},
		"two parts":                     {parts[0] + "." + parts[1], macie2.InvalidIdentityToken},
		"four parts":                    {good + ".x", macie2.InvalidIdentityToken},
		"JSON":                          {`{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`, macie2.InvalidIdentityToken},
		"padded":                        {parts[0] + "." + parts[1] + "." + parts[2] + "==", macie2.InvalidIdentityToken},
		"too long":                      {good + strings.Repeat("A", mostToken), macie2.InvalidIdentityToken},
		"too many groups":               {i.Token(issuertest.Claims{"groups": make([]bool, mostValues+1)}), macie2.InvalidIdentityToken},
		"depth":                         {parts[0] + "." + raw(strings.Repeat("[", 9000)) + "." + parts[2], macie2.InvalidIdentityToken},
	} {
		if w, err := v.Verify(t.Context(), c.token, now); w != nil || code(err) != c.want {
			t.Errorf("%s: %v %v", name, w, err)
		}
	}
	if n := other.Fetched("/.well-known/openid-configuration"); n != 0 {
		t.Errorf("an issuer that is not configured was asked %d times", n)
	}
	if _, err := v.Verify(t.Context(), good, now.Add(2*time.Hour)); code(err) != macie2.ExpiredIdentityToken {
		t.Errorf("later: %v", err)
	}
}

// New keys count at once, of either kind, and those that were withdrawn do not for long.
func TestRotation(t *testing.T) {
	i := issuertest.Start(t)
	v := verifier(t, Options{Issuers: []Issuer{{i.URL, []string{i.ClientID}}}})
	now := time.Now()
	old := i.Token(nil)
	for n, rotate := range []func(){func() {}, i.Rotate, i.RotateRSA, i.Rotate} {
		rotate()
		if _, err := v.Verify(t.Context(), i.Token(nil), now); err != nil {
			t.Fatalf("key %d: %v", n, err)
		}
	}
	if _, err := v.Verify(t.Context(), old, now); err != nil {
		t.Errorf("a key that is published still: %v", err)
	}
	i.Withdraw()
	if _, err := v.Verify(t.Context(), old, now.Add(5*time.Minute)); code(err) != macie2.InvalidIdentityToken {
		t.Errorf("a key that was withdrawn: %v", err)
	}
	if _, err := v.Verify(t.Context(), i.Token(nil), now.Add(5*time.Minute)); err != nil {
		t.Errorf("the one that is left: %v", err)
	}
}

// Whatever strangers send, the issuer is asked a few times; what it answers is bounded; while it is away, the keys that are known count.
func TestIssuerIsBounded(t *testing.T) {
	i := issuertest.Start(t)
	v := verifier(t, Options{Issuers: []Issuer{{i.URL, []string{i.ClientID}}}})
	now := time.Now()
	for range 100 {
		if _, err := v.Verify(t.Context(), i.UnknownKey(), now); code(err) != macie2.InvalidIdentityToken {
			t.Fatalf("an unknown key: %v", err)
		}
	}
	// A further fetch comes free every few seconds, which a slow machine may take.
	most := mostFetches + 1 + int(time.Since(now)/eachFetch)
	if n := i.Fetched("/keys"); n > most {
		t.Errorf("100 tokens made %d fetches, want at most %d", n, most)
	}
	if _, err := v.Verify(t.Context(), i.Token(nil), now); err != nil {
		t.Errorf("a right token afterwards: %v", err)
	}
	i.Answer(func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(503); return true })
	if _, err := v.Verify(t.Context(), i.Token(nil), now.Add(patience/2)); err != nil {
		t.Errorf("while the issuer is away: %v", err)
	}
	if _, err := v.Verify(t.Context(), i.Token(nil), now.Add(2*patience)); code(err) != macie2.IDPCommunicationError && code(err) != macie2.ExpiredIdentityToken {
		t.Errorf("after a long time: %v", err)
	}
	for name, answer := range map[string]func(w http.ResponseWriter, r *http.Request) bool{
		"too large": func(w http.ResponseWriter, r *http.Request) bool {
			fmt.Fprint(w, strings.Repeat(" ", mostAnswer+1))
			return true
		},
		"no JSON": func(w http.ResponseWriter, r *http.Request) bool { fmt.Fprint(w, "<html>"); return true },
		"redirect": func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "http://192.0.2.1/", http.StatusFound)
			return true
		},
		"another": func(w http.ResponseWriter, r *http.Request) bool {
			fmt.Fprint(w, `{"issuer":"https://id.example.com","jwks_uri":"https://id.example.com/k"}`)
			return true
		},
		"plain HTTP": func(w http.ResponseWriter, r *http.Request) bool {
			fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":"http://192.0.2.1/keys"}`, "http://"+r.Host)
			return true
		},
		"no keys": func(w http.ResponseWriter, r *http.Request) bool {
			fmt.Fprintf(w, `{"issuer":%q}`, "http://"+r.Host)
			return true
		},
		"hangs up":    func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) },
		"of no issue": func(w http.ResponseWriter, r *http.Request) bool { w.WriteHeader(204); return true },
	} {
		bad := issuertest.Start(t)
		bad.Answer(answer)
		v := verifier(t, Options{Issuers: []Issuer{{bad.URL, []string{bad.ClientID}}}})
		for range 3 {
			if _, err := v.Verify(t.Context(), bad.Token(nil), now); code(err) != macie2.IDPCommunicationError {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := bad.Fetched("/.well-known/openid-configuration"); n != 1 { // the second look is a moment too early
			t.Errorf("%s: it was asked %d times", name, n)
		}
	}
	if err := errors.Join(CheckIssuer("https://id.example.com/realms/main"), CheckIssuer("http://[::1]:1"), CheckIssuer("http://localhost")); err != nil {
		t.Error(err)
	}
	for _, url := range []string{"", "id.example.com", "http://id.example.com", "https://", "https://u:p@id.example.com", "https://id.example.com?x", "https://id.example.com#x",
		"https://*.example.com", "ftp://localhost", "https://" + strings.Repeat("x", 255)} {
		if _, err := New(Options{Issuers: []Issuer{{url, []string{"x"}}}}); err == nil {
			t.Errorf("%q is taken for an issuer", url)
		}
	}
}

// Codes are redeemed with the verifier they were asked for with, once, and the token is that of the sign-in.
func TestLogin(t *testing.T) {
	for _, secret := range []string{"", "a secret"} {
		i := issuertest.Start(t)
		i.Secret, i.Redirect = secret, "http://127.0.0.1:8484/console/oidc"
		v := verifier(t, Options{Issuers: []Issuer{{i.URL, []string{i.ClientID, "workloads"}}}})
		l, err := v.Login(i.URL, i.ClientID, secret, i.Redirect)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		const pkce = "0123456789012345678901234567890123456789012"
		begin := func() (code string) {
			t.Helper()
			to, err := l.URL(t.Context(), "state", "nonce", pkce, now)
			if err != nil {
				t.Fatal(err)
			}
			client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			resp, err := client.Get(to)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			back, err := url.Parse(resp.Header.Get("Location"))
			if err != nil || back.Query().Get("state") != "state" || strings.Contains(to, pkce) {
				t.Fatalf("%s: %d %v", to, resp.StatusCode, back)
			}
			return back.Query().Get("code")
		}
		once := begin()
		token, who, err := l.Redeem(t.Context(), once, "nonce", pkce, now)
		if err != nil || who.Subject != "anna" || token == "" {
			t.Fatalf("%v %v", who, err)
		}
		refused := func(name string, want macie2.Exception, code_, nonce, verifier string) {
			t.Helper()
			if _, w, err := l.Redeem(t.Context(), code_, nonce, verifier, now); w != nil || code(err) != want {
				t.Errorf("%s: %v %v", name, w, err)
			}
		}
		refused("a code twice", macie2.AccessDeniedException, once, "nonce", pkce)
		refused("another verifier", macie2.AccessDeniedException, begin(), "nonce", strings.Repeat("x", 43))
		refused("another nonce", macie2.InvalidIdentityToken, begin(), "other", pkce)
		refused("no nonce", macie2.InvalidIdentityToken, begin(), "", pkce)
		for name, c := range map[string]issuertest.Claims{
			"a token without the nonce": {"nonce": nil}, "for another audience": {"aud": "other"}, "for workloads": {"aud": "workloads"},
			"of another issuer": {"iss": "https://id.example.com"}, "that was issued to another": {"azp": "other"},
			"for two, issued to another": {"aud": []string{i.ClientID, "other"}, "azp": "other"},
		} {
			i.SignInAs(c)
			refused(name, macie2.InvalidIdentityToken, begin(), "nonce", pkce)
		}
		i.SignInAs(issuertest.Claims{"exp": now.Add(-time.Hour).Unix()})
		refused("expired", macie2.ExpiredIdentityToken, begin(), "nonce", pkce)
		i.SignInAs(nil)
		wrong, err := v.Login(i.URL, i.ClientID, "wrong", i.Redirect)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := wrong.Redeem(t.Context(), begin(), "nonce", pkce, now); code(err) != macie2.AccessDeniedException {
			t.Errorf("a wrong secret: %v", err)
		}
		for name, body := range map[string]string{"no token": `{"access_token":"x","token_type":"Bearer"}`, "no JSON": "<html>",
			"a large one": `{"access_token":"` + strings.Repeat("x", 2*mostAnswer) + `"}`} {
			i.Answer(func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != "/token" {
					return false
				}
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprint(w, body)
				return true
			})
			refused(name, macie2.IDPCommunicationError, "x", "nonce", pkce)
		}
	}
}

// FuzzPeek: whatever a token is, reading it ends, and it is taken only in three parts.
func FuzzPeek(f *testing.F) {
	enc := base64.RawURLEncoding.EncodeToString
	f.Add(enc([]byte(`{"alg":"RS256"}`)) + "." + enc([]byte(`{"iss":"https://id.example.com","aud":["a","b"],"groups":[1,true,"x"]}`)) + ".AAAA")
	f.Add("..")
	f.Fuzz(func(t *testing.T, token string) {
		if c, err := peek(token); err == nil && (strings.Count(token, ".") != 2 || len(c.Audience) > len(token)) {
			t.Errorf("%q is read: %v", token, c)
		}
	})
}
