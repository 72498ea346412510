package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"magpie/internal/audit"
	"magpie/internal/console"
	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/store/storetest"
)

// startEach starts a node on each engine.
func startEach(t *testing.T, c Config, fn func(t *testing.T, s *Server)) {
	t.Helper()
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			c.Data, c.DatabaseURL = "", ""
			if engine == "postgres" {
				c.Data, c.DatabaseURL = t.TempDir(), storetest.Fresh(t, engine).URL
			}
			fn(t, start(t, c))
		})
	}
}

// newKey makes a key of an account, which it makes if there is none.
func newKey(t *testing.T, s *Server, account macie2.AccountID, policies ...string) (id, secret string) {
	t.Helper()
	signer(t, s, account)
	key, text, err := s.Identity().CreateKey(t.Context(), account, "anna", policies, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return key.ID, text.Reveal()
}

// A browser has cookies, and the headers that a page of the console sends.
type browser struct {
	t      *testing.T
	url    string
	client *http.Client
	header http.Header
}

func newBrowser(t *testing.T, s *Server) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	h.Set("X-Magpie-Console", "1")
	h.Set("Sec-Fetch-Site", "same-origin")
	h.Set("X-Magpie-Region", "eu-west-1")
	return &browser{t, s.URL(), &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, h}
}

type answered struct {
	status int
	kind   string
	header http.Header
	body   string
}

func (a answered) String() string { return fmt.Sprintf("%d %s %s", a.status, a.kind, a.body) }

// do sends a request as a page does; change makes it another.
func (b *browser) do(method, path, body string, change ...func(r *http.Request)) answered {
	b.t.Helper()
	r, err := http.NewRequest(method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	maps.Copy(r.Header, b.header.Clone())
	if method != http.MethodGet {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, c := range change {
		c(r)
	}
	resp, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answered{resp.StatusCode, resp.Header.Get("x-amzn-ErrorType"), resp.Header, string(text)}
}

func (b *browser) signIn(id, secret string) answered {
	b.t.Helper()
	body, err := json.Marshal(map[string]string{"accessKeyId": id, "secretAccessKey": secret})
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do("POST", "/console/api/session", string(body))
}

func (b *browser) want(what string, a answered, status int, contains string) {
	b.t.Helper()
	if a.status != status || !strings.Contains(a.body+a.kind, contains) {
		b.t.Errorf("%s: %s, want %d %s", what, a, status, contains)
	}
}

// Somebody signs in with a key pair, calls, and signs out; the secret goes nowhere.
func TestConsoleSession(t *testing.T) {
	startEach(t, Config{}, func(t *testing.T, s *Server) {
		id, secret := newKey(t, s, "111122223333")
		b := newBrowser(t, s)
		b.want("before", b.do("GET", "/console/api/session", ""), 200, `"identities":[]`)
		b.want("a call before", b.do("GET", "/console/api/call/macie", ""), 401, "ConsoleSessionEnded")
		in := b.signIn(id, secret)
		b.want("sign in", in, 200, `"arn":"arn:aws:iam::111122223333:user/anna"`)
		if strings.Contains(fmt.Sprint(in), secret) || strings.Contains(fmt.Sprint(in.header), secret) {
			t.Error("the secret is in the answer")
		}
		cookie := in.header.Get("Set-Cookie")
		for _, attribute := range []string{consoleCookie(s) + "=", "HttpOnly", "SameSite=Strict", "Path=/"} {
			if !strings.Contains(cookie, attribute) {
				t.Errorf("the cookie %q lacks %s", cookie, attribute)
			}
		}
		if strings.Contains(cookie, "Max-Age") || strings.Contains(cookie, "Expires") || strings.Contains(cookie, "Secure") {
			t.Errorf("the cookie is %q", cookie)
		}
		b.want("a call", b.do("GET", "/console/api/call/macie", ""), 403, "Macie is not enabled")
		b.want("a change", b.do("POST", "/console/api/call/macie", "{}"), 200, "")
		got := b.do("GET", "/console/api/call/macie", "")
		b.want("a call, enabled", got, 200, `"status":"ENABLED"`)
		if got.header.Get("x-amzn-RequestId") == "" || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("headers: %v", got.header)
		}
		b.want("another Region", b.do("GET", "/console/api/call/macie", "", func(r *http.Request) { r.Header.Set("X-Magpie-Region", "eu-west-2") }), 403, "not enabled")
		b.want("one that there is not", b.do("GET", "/console/api/call/macie", "", func(r *http.Request) { r.Header.Set("X-Magpie-Region", "mars") }), 400, "Region")
		b.want("a query", b.do("GET", "/console/api/call/members?maxResults=1&onlyAssociated=false", ""), 200, `"members":[]`)
		b.want("our own", b.do("GET", "/console/api/call/magpie/v1/history?maxResults=5", ""), 200, `"events":`)
		b.want("a label", b.do("GET", "/console/api/call/members/%34%34%34455556666", ""), 400, "is not associated with your account")
		for _, path := range []string{"/", "/healthz", "/metrics", "//macie", "/console/api/session", "/nothing", "/../../metrics", "/macie/../metrics"} {
			if a := b.do("GET", "/console/api/call"+path, "", func(r *http.Request) { r.URL.Opaque = "/console/api/call" + path }); a.status != 404 {
				t.Errorf("%s can be called: %s", path, a)
			}
		}
		if a := b.do("POST", "/console/api/call/", "Action=AssumeRole&Version=2011-06-15"); a.status != 404 {
			t.Errorf("STS can be called: %s", a)
		}
		b.want("sessions", b.do("GET", "/console/api/sessions", ""), 200, `"current":true`)
		kept := b.cookies()
		b.want("sign out", b.do("DELETE", "/console/api/session", ""), 200, "")
		if len(b.cookies()) != 0 {
			t.Errorf("the cookie is left: %v", b.cookies())
		}
		b.setCookies(kept)
		b.want("with the old cookie", b.do("GET", "/console/api/call/macie", ""), 401, "ConsoleSessionEnded")
		if text := fmt.Sprint(everything(t, s)); strings.Contains(text, secret) {
			t.Error("the secret is in the database")
		}
	})
}

func (b *browser) cookies() []*http.Cookie {
	u, _ := url.Parse(b.url)
	return b.client.Jar.Cookies(u)
}

func (b *browser) setCookies(c []*http.Cookie) {
	u, _ := url.Parse(b.url)
	for _, one := range c {
		one.Path = "/"
	}
	b.client.Jar.SetCookies(u, c)
}

// everything is the audit records there are.
func everything(t *testing.T, s *Server) (list []string) {
	t.Helper()
	records, err := audit.Find(t.Context(), s.db, audit.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		list = append(list, string(r.JSON))
	}
	return list
}

// What another site's page can make a browser send does nothing.
func TestConsoleRefusesOtherSites(t *testing.T) {
	startEach(t, Config{}, func(t *testing.T, s *Server) {
		id, secret := newKey(t, s, "111122223333")
		b := newBrowser(t, s)
		b.want("sign in", b.signIn(id, secret), 200, "")
		for name, change := range map[string]func(r *http.Request){
			"another site, as browsers say": func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
			"a sister, as browsers say":     func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") },
			"another origin": func(r *http.Request) {
				r.Header.Del("Sec-Fetch-Site")
				r.Header.Set("Origin", "https://evil.example.com")
			},
			"an origin that is none":          func(r *http.Request) { r.Header.Del("Sec-Fetch-Site"); r.Header.Set("Origin", "null") },
			"a form":                          func(r *http.Request) { r.Header.Del("X-Magpie-Console") },
			"a form's type":                   func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") },
			"a form's type, with ours in it":  func(r *http.Request) { r.Header.Set("Content-Type", "text/plain; application/json") },
			"no type":                         func(r *http.Request) { r.Header.Del("Content-Type") },
			"the name of another host":        func(r *http.Request) { r.Host = "evil.example.com" },
			"a name that looks like this one": func(r *http.Request) { r.Host = "localhost.evil.example.com" },
		} {
			for _, target := range [][2]string{{"POST", "call/macie"}, {"POST", "session"}, {"DELETE", "session"}, {"POST", "identities"}, {"DELETE", "sessions/0"}} {
				if a := b.do(target[0], "/console/api/"+target[1], "{}", change); a.status != 403 && a.status != 415 && a.status != 421 {
					t.Errorf("%s: %s %s: %s", name, target[0], target[1], a)
				}
			}
		}
		b.want("nothing happened", b.do("GET", "/console/api/call/macie", ""), 403, "Macie is not enabled")
		b.want("a read without our header", b.do("GET", "/console/api/call/macie", "", func(r *http.Request) { r.Header.Del("X-Magpie-Console") }), 403, "X-Magpie-Console")
		for _, a := range []answered{b.do("OPTIONS", "/console/api/session", ""), b.do("GET", "/console/api/session", "", func(r *http.Request) { r.Header.Set("Origin", "https://evil.example.com") })} {
			for name := range a.header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s: %v", name, a.header[name])
				}
			}
		}
	})
}

// The headers that keep a page of the console from being misused are on every answer.
func TestConsoleHeaders(t *testing.T) {
	startEach(t, Config{}, func(t *testing.T, s *Server) {
		b := newBrowser(t, s)
		for path, status := range map[string]int{
			"/console/": 200, "/console/111122223333/eu-west-1/invitations/abc": 200, "/console/assets/index.js": 200, "/console/assets/none.js": 404,
			"/console/favicon.ico": 404, "/console/api/session": 200, "/console/api/none": 404, "/console/index.html": 200,
		} {
			a := b.do("GET", path, "")
			if a.status != status {
				t.Errorf("%s: %d", path, a.status)
			}
			csp := a.header.Get("Content-Security-Policy")
			for _, part := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'", "require-trusted-types-for 'script'"} {
				if !strings.Contains(csp, part) {
					t.Errorf("%s: the policy lacks %s: %s", path, part, csp)
				}
			}
			if strings.Contains(csp, "unsafe") || strings.Contains(csp, "data:") || strings.Contains(csp, "http") {
				t.Errorf("%s: the policy is %s", path, csp)
			}
			for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
				"Cross-Origin-Resource-Policy": "same-origin"} {
				if a.header.Get(name) != want {
					t.Errorf("%s: %s: %q", path, name, a.header.Get(name))
				}
			}
			if strings.HasPrefix(path, "/console/api/") && a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s may be kept: %q", path, a.header.Get("Cache-Control"))
			}
			if a.header.Get("Server") != "" {
				t.Errorf("%s tells its server", path)
			}
		}
		index := b.do("GET", "/console/", "")
		if strings.Contains(index.body, "<script>") || strings.Contains(index.body, "<style") || strings.Contains(index.body, "style=") || strings.Contains(index.body, "://") {
			t.Errorf("the page has something inline, or from elsewhere:\n%s", index.body)
		}
		tag := index.header.Get("ETag")
		if a := b.do("GET", "/console/", "", func(r *http.Request) { r.Header.Set("If-None-Match", tag) }); tag == "" || a.status != 304 {
			t.Errorf("a second time: %d", a.status)
		}
		if a := b.do("POST", "/console/", "{}"); a.status != 405 {
			t.Errorf("a page is posted to: %s", a)
		}
		off := newBrowser(t, start(t, Config{NoConsole: true}))
		for _, path := range []string{"/console/", "/console/api/session", "/console/assets/index.js"} {
			if a := off.do("GET", path, ""); a.status != 403 || a.kind != "MissingAuthenticationTokenException" {
				t.Errorf("%s without the console: %s", path, a)
			}
		}
	})
}

// The cookie is Secure, and of this host alone, wherever the browser came by TLS; where others
// could read what is sent, nobody signs in.
func TestConsoleSecureCookie(t *testing.T) {
	startEach(t, Config{PublicURL: "https://magpie.example.com"}, func(t *testing.T, s *Server) {
		id, secret := newKey(t, s, "111122223333")
		body, _ := json.Marshal(map[string]string{"accessKeyId": id, "secretAccessKey": secret})
		ask := func(host, remote string) *httptest.ResponseRecorder {
			r := httptest.NewRequest("POST", "/console/api/session", bytes.NewReader(body))
			r.Host, r.RemoteAddr = host, remote
			r.Header.Set("X-Magpie-Console", "1")
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			s.http.Handler.ServeHTTP(w, r)
			return w
		}
		w := ask("magpie.example.com", "192.0.2.7:1234")
		if cookie := w.Header().Get("Set-Cookie"); w.Code != 200 || !strings.HasPrefix(cookie, "__Host-magpie-"+s.keyID+"=") || !strings.Contains(cookie, "; Secure") || strings.Contains(cookie, "Domain") {
			t.Errorf("by the proxy's name: %d %q", w.Code, w.Header().Get("Set-Cookie"))
		}
		if w := ask("127.0.0.1:8484", "127.0.0.1:1234"); w.Code != 200 || !strings.HasPrefix(w.Header().Get("Set-Cookie"), "magpie-"+s.keyID+"-8484=") {
			t.Errorf("on the machine itself: %d %q", w.Code, w.Header().Get("Set-Cookie"))
		}
		for _, from := range [][2]string{{"192.0.2.1:8484", "192.0.2.7:1234"}, {"127.0.0.1", "192.0.2.7:1234"}, {"192.0.2.1", "127.0.0.1:1234"}} {
			if w := ask(from[0], from[1]); w.Code != 403 || !strings.Contains(w.Body.String(), "TLS") || w.Header().Get("Set-Cookie") != "" {
				t.Errorf("%v: %d %s", from, w.Code, w.Body)
			}
		}
		if w := ask("evil.example.com", "192.0.2.7:1234"); w.Code != 421 {
			t.Errorf("by another name: %d", w.Code)
		}
	})
}

// Wrong pairs are told alike, and too many of them have to wait; a right one never does.
func TestConsoleWrongPairs(t *testing.T) {
	startEach(t, Config{}, func(t *testing.T, s *Server) {
		id, secret := newKey(t, s, "111122223333")
		other, _ := newKey(t, s, "444455556666")
		if _, err := s.Identity().RevokeKey(t.Context(), other, time.Now()); err != nil {
			t.Fatal(err)
		}
		b := newBrowser(t, s)
		const wrong = "The access key ID or the secret access key is wrong."
		for i, pair := range [][2]string{{id, "wrong"}, {"AKIANOBODYNOBODY0000", secret}, {other, "wrong"}, {id, ""}, {id, secret[:39]}, {"not a key", "x"},
			{"AKIA\x00", "x"}, {id, secret + "x"}, {strings.Repeat("A", 128), "x"}, {id, strings.Repeat("x", 256)}} {
			a := b.signIn(pair[0], pair[1])
			b.want(fmt.Sprint("pair ", i), a, 403, wrong)
			if a.header.Get("Set-Cookie") != "" {
				t.Errorf("pair %d gets a cookie", i)
			}
		}
		a := b.signIn(id, "wrong")
		if a.status != 429 || a.header.Get("Retry-After") == "" || strings.Contains(a.body, wrong) {
			t.Errorf("one too many: %s", a)
		}
		b.want("a right one", b.signIn(id, secret), 200, "user/anna")
		for _, body := range []string{"", "[]", "null", `"x"`, `{"accessKeyId":1}`, `{}`, `{"accessKeyId":"a","token":"b"}`, strings.Repeat("[", 10000), strings.Repeat(" ", 20<<10)} {
			if a := b.do("POST", "/console/api/session", body); a.status != 400 && a.status != 413 {
				t.Errorf("%.20s: %s", body, a)
			}
		}
	})
}

// What becomes of a key, an account, a permission holds from the next call on.
func TestConsoleHoldsToTheMoment(t *testing.T) {
	startEach(t, Config{Rates: []string{"GetMacieSession=0.01:3"}}, func(t *testing.T, s *Server) {
		id, secret := newKey(t, s, "111122223333")
		none, noneSecret := newKey(t, s, "111122223333", "none")
		b, limited := newBrowser(t, s), newBrowser(t, s)
		b.want("sign in", b.signIn(id, secret), 200, "")
		limited.want("sign in, without permissions", limited.signIn(none, noneSecret), 200, "")
		limited.want("a call without permission", limited.do("GET", "/console/api/call/members", ""), 403, "is not authorized to perform: macie2:ListMembers")
		for range 3 {
			b.do("GET", "/console/api/call/macie", "")
		}
		if a := b.do("GET", "/console/api/call/macie", ""); a.status != 429 || a.header.Get("Retry-After") == "" {
			t.Errorf("beyond the rate: %s", a)
		}
		ids := s.Identity()
		if _, err := ids.SuspendAccount(t.Context(), "111122223333", time.Now()); err != nil {
			t.Fatal(err)
		}
		b.want("suspended", b.do("GET", "/console/api/call/members", ""), 403, "is suspended")
		b.want("signing in, suspended", newBrowser(t, s).signIn(id, secret), 403, "is suspended")
		if _, err := ids.ResumeAccount(t.Context(), "111122223333", time.Now()); err != nil {
			t.Fatal(err)
		}
		b.want("resumed", b.do("GET", "/console/api/call/magpie/v1/history", ""), 200, "")
		if _, err := ids.RevokeKey(t.Context(), id, time.Now()); err != nil {
			t.Fatal(err)
		}
		b.want("revoked", b.do("GET", "/console/api/call/members", ""), 401, "ConsoleSessionEnded")
		b.want("and signed out", b.do("GET", "/console/api/session", ""), 200, `"identities":[]`)
		limited.want("another's goes on", limited.do("GET", "/console/api/session", ""), 200, "user/anna")
	})
}

// A role is switched to with the permissions of who signed in, and returned from.
func TestConsoleSwitchRole(t *testing.T) {
	startEach(t, Config{}, func(t *testing.T, s *Server) {
		id, secret := newKey(t, s, "111122223333")
		signer(t, s, "444455556666")
		for name, trust := range map[string]string{"Operator": identity.TrustAccount("111122223333"), "Other": identity.TrustAccount("999988887777")} {
			if _, err := s.Identity().CreateRole(t.Context(), identity.Role{Account: "444455556666", Name: name, Trust: trust}, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		b := newBrowser(t, s)
		b.want("sign in", b.signIn(id, secret), 200, "")
		for _, arn := range []string{"arn:aws:iam::444455556666:role/Other", "arn:aws:iam::444455556666:role/None"} {
			b.want(arn, b.do("POST", "/console/api/identities", `{"roleArn":"`+arn+`","region":"eu-west-1"}`), 403, "is not authorized to perform: sts:AssumeRole")
		}
		b.want("no ARN", b.do("POST", "/console/api/identities", `{"roleArn":"Operator","region":"eu-west-1"}`), 400, "ValidationException")
		a := b.do("POST", "/console/api/identities", `{"roleArn":"arn:aws:iam::444455556666:role/Operator","region":"eu-west-1"}`)
		b.want("switch", a, 200, `"account":"444455556666"`)
		if strings.Contains(a.body, "ASIA") || strings.Contains(a.body, "oken") {
			t.Errorf("the answer has credentials: %s", a.body)
		}
		var to struct{ ID string }
		if err := json.Unmarshal([]byte(a.body), &to); err != nil {
			t.Fatal(err)
		}
		asRole := func(r *http.Request) { r.Header.Set("X-Magpie-Identity", to.ID) }
		b.want("as the role", b.do("POST", "/console/api/call/macie", "{}", asRole), 200, "")
		b.want("as the role, again", b.do("GET", "/console/api/call/macie", "", asRole), 200, "444455556666")
		b.want("as oneself", b.do("GET", "/console/api/call/macie", ""), 403, "Macie is not enabled")
		b.want("as nobody", b.do("GET", "/console/api/call/macie", "", func(r *http.Request) { r.Header.Set("X-Magpie-Identity", "x") }), 401, "ConsoleIdentityEnded")
		b.want("the session", b.do("GET", "/console/api/session", ""), 200, `assumed-role/Operator/anna`)
		stranger := newBrowser(t, s)
		otherID, otherSecret := newKey(t, s, "555566667777")
		stranger.want("another signs in", stranger.signIn(otherID, otherSecret), 200, "")
		stranger.want("another's identity", stranger.do("GET", "/console/api/call/macie", "", asRole), 401, "ConsoleIdentityEnded")
		if err := s.Identity().DeleteRole(t.Context(), "444455556666", "Operator"); err != nil {
			t.Fatal(err)
		}
		b.want("the role is deleted", b.do("GET", "/console/api/call/macie", "", asRole), 401, "ConsoleIdentityEnded")
		b.want("oneself goes on", b.do("GET", "/console/api/call/macie", ""), 403, "Macie is not enabled")
	})
}

// A link signs in once, as who made it, also a role; others' tokens count as mistakes.
func TestConsoleLinks(t *testing.T) {
	startEach(t, Config{}, func(t *testing.T, s *Server) {
		sign := signer(t, s, "111122223333")
		ask := func(body string) (int, string) {
			r := newRequest(t, "POST", s.URL()+"/magpie/v1/console-links", []byte(body))
			sign(r, "eu-west-1", "macie2", []byte(body))
			return do(t, r)
		}
		status, text := ask("{}")
		_, after, ok := strings.Cut(text, s.URL()+"/console/#token=")
		token, _, _ := strings.Cut(after, `\u0026`)
		token, _, _ = strings.Cut(token, "&")
		if status != 200 || !ok {
			t.Fatalf("%d %s", status, text)
		}
		b := newBrowser(t, s)
		b.want("a look", b.do("POST", "/console/api/session", `{"token":"`+token+`","look":true}`), 200, "arn:aws:iam::111122223333:user/admin")
		if len(b.cookies()) != 0 {
			t.Error("a look signs in")
		}
		b.want("once", b.do("POST", "/console/api/session", `{"token":"`+token+`"}`), 200, "user/admin")
		b.want("and calls", b.do("GET", "/console/api/call/magpie/v1/history", ""), 200, "")
		b.want("twice", newBrowser(t, s).do("POST", "/console/api/session", `{"token":"`+token+`"}`), 403, "was used already")
		for _, body := range []string{`{"seconds":0}`, `{"seconds":901}`, `{"seconds":"x"}`, `{"other":1}`, `[]`} {
			if status, text := ask(body); status != 400 {
				t.Errorf("%s: %d %s", body, status, text)
			}
		}
		nobody := signer(t, s, "111122223333", "none")
		r := newRequest(t, "POST", s.URL()+"/magpie/v1/console-links", nil)
		nobody(r, "eu-west-1", "macie2", nil)
		if status, text := do(t, r); status != 403 || !strings.Contains(text, "magpie:CreateConsoleLink") {
			t.Errorf("without permission: %d %s", status, text)
		}
	})
}

// Signing in and out, switching roles and every call are recorded, and those of the console are
// marked, whatever a client says.
func TestConsoleAudit(t *testing.T) {
	startEach(t, Config{}, func(t *testing.T, s *Server) {
		id, secret := newKey(t, s, "111122223333")
		b := newBrowser(t, s)
		b.signIn(id, "wrong")
		b.want("sign in", b.signIn(id, secret), 200, "")
		b.do("POST", "/console/api/call/macie", "{}")
		b.do("POST", "/console/api/identities", `{"roleArn":"arn:aws:iam::444455556666:role/None","region":"eu-west-1"}`)
		b.do("DELETE", "/console/api/session", "")
		r := newRequest(t, "GET", s.URL()+"/macie", nil)
		r.Header.Set("X-Magpie-Console", "1")
		r.Header.Set("sessionCredentialFromConsole", "true")
		signer(t, s, "111122223333")(r, "eu-west-1", "macie2", nil)
		do(t, r)
		if err := s.audit.Close(); err != nil {
			t.Fatal(err)
		}
		type record struct {
			EventName, EventSource, EventType, ErrorCode, SessionCredentialFromConsole string
			ResponseElements                                                           map[string]any
			UserIdentity                                                               struct{ ARN, AccessKeyID string }
		}
		var seen []string
		for _, text := range everything(t, s) {
			if strings.Contains(text, secret) {
				t.Errorf("a record has the secret: %s", text)
			}
			var x record
			if err := json.Unmarshal([]byte(text), &x); err != nil {
				t.Fatal(err)
			}
			line := x.EventName + " " + x.EventType
			if x.EventType == "AwsConsoleSignIn" {
				line += fmt.Sprint(" ", x.ResponseElements[x.EventName], " ", x.EventSource)
			}
			if x.SessionCredentialFromConsole == "true" {
				line += " marked"
			}
			seen = append(seen, line)
		}
		for _, want := range []string{"ConsoleLogin AwsConsoleSignIn Failure signin.amazonaws.com", "ConsoleLogin AwsConsoleSignIn Success signin.amazonaws.com",
			"EnableMacie AwsApiCall marked", "SwitchRole AwsConsoleSignIn Failure signin.amazonaws.com", "ConsoleLogout AwsConsoleSignIn Success signin.amazonaws.com",
			"GetMacieSession AwsApiCall"} {
			if !slices.Contains(seen, want) {
				t.Errorf("there is no record %q:\n%s", want, strings.Join(seen, "\n"))
			}
		}
	})
}

// In development an account is signed in to with one click, from this machine's names alone.
func TestConsoleDev(t *testing.T) {
	startEach(t, Config{Dev: true}, func(t *testing.T, s *Server) {
		b := newBrowser(t, s)
		b.want("the accounts", b.do("GET", "/console/api/session", ""), 200, `"account":"111122223333"`)
		b.want("one click", b.signIn("777788889999", "dev"), 200, "arn:aws:iam::777788889999:root")
		b.want("a call", b.do("POST", "/console/api/call/macie", "{}"), 200, "")
		b.want("another name", b.do("GET", "/console/api/session", "", func(r *http.Request) { r.Host = "evil.example.com" }), 421, "")
		if a := b.do("GET", "/console", ""); a.status != 302 || a.header.Get("Location") != console.Prefix {
			t.Errorf("/console: %s", a)
		}
	})
}

// What the console needs besides Macie's operations: members with names, Regions at a glance, records of calls, places of matches.
func TestOverview(t *testing.T) {
	startEach(t, Config{}, func(t *testing.T, s *Server) {
		id, secret := newKey(t, s, "111122223333")
		other, otherSecret := newKey(t, s, "444455556666")
		b, m := newBrowser(t, s), newBrowser(t, s)
		b.want("sign in", b.signIn(id, secret), 200, "")
		m.want("sign in", m.signIn(other, otherSecret), 200, "")
		b.want("members, not enabled", b.do("GET", "/console/api/call/magpie/v1/members", ""), 403, "Macie is not enabled")
		b.want("no Regions", b.do("GET", "/console/api/call/magpie/v1/regions", ""), 200, `"regions":[]`)
		for _, x := range []*browser{b, m} {
			x.want("enable", x.do("POST", "/console/api/call/macie", "{}"), 200, "")
		}
		for _, account := range []string{"444455556666", "555566667777", "666677778888"} {
			b.want("add", b.do("POST", "/console/api/call/members", `{"account":{"accountId":"`+account+`","email":"owner@example.com"}}`), 200, "")
		}
		if _, err := s.Identity().UpdateAccount(t.Context(), "444455556666", nil, macie2.Ptr("Workload"), time.Now()); err != nil {
			t.Fatal(err)
		}
		b.want("invite", b.do("POST", "/console/api/call/invitations", `{"accountIds":["444455556666"]}`), 200, "")
		var received struct {
			Invitations []struct{ InvitationID string }
		}
		for deadline := time.Now().Add(time.Minute); len(received.Invitations) == 0 && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			if err := json.Unmarshal([]byte(m.do("GET", "/console/api/call/invitations", "").body), &received); err != nil {
				t.Fatal(err)
			}
		}
		m.want("its Regions", m.do("GET", "/console/api/call/magpie/v1/regions", ""), 200, `{"regions":[{"region":"eu-west-1","status":"ENABLED","invitations":1,"members":{},"runningJobs":0}]}`)
		first := b.do("GET", "/console/api/call/magpie/v1/members?maxResults=2", "")
		b.want("what is invited has no name", first, 200, `{"accountId":"444455556666","email":"owner@example.com","relationshipStatus":"Invited","viaOrganization":false,"invitedAt"`)
		m.want("accept", m.do("POST", "/console/api/call/invitations/accept",
			`{"administratorAccountId":"111122223333","invitationId":"`+received.Invitations[0].InvitationID+`"}`), 200, "")
		first = b.do("GET", "/console/api/call/magpie/v1/members?maxResults=2", "")
		b.want("a member has one", first, 200, `"name":"Workload"`)
		var page struct {
			Members   []struct{ AccountID string }
			NextToken string
		}
		if err := json.Unmarshal([]byte(first.body), &page); err != nil || len(page.Members) != 2 || page.NextToken == "" {
			t.Fatalf("%v %s", err, first)
		}
		b.want("the next page", b.do("GET", "/console/api/call/magpie/v1/members?nextToken="+url.QueryEscape(page.NextToken), ""), 200, `"accountId":"666677778888"`)
		b.want("one status", b.do("GET", "/console/api/call/magpie/v1/members?status=Enabled", ""), 200, `"accountId":"444455556666"`)
		b.want("a part of a name", b.do("GET", "/console/api/call/magpie/v1/members?find=workL", ""), 200, `{"members":[{"accountId":"444455556666"`)
		b.want("the other way round", b.do("GET", "/console/api/call/magpie/v1/members?sort=-accountId", ""), 200, `{"members":[{"accountId":"666677778888"`)
		b.want("Regions", b.do("GET", "/console/api/call/magpie/v1/regions", ""), 200, `"members":{"Created":2,"Enabled":1}`)
		m.want("whose member", m.do("GET", "/console/api/call/magpie/v1/regions", ""), 200, `"administratorAccount":"111122223333"`)
		find := func(body string) answered {
			return b.do("POST", "/console/api/call/magpie/v1/members/search", body)
		}
		b.want("searched", find(`{"filter":{"status":["Enabled","Invited"]},"sort":"-accountId","maxResults":1}`), 200, `"accountId":"444455556666"`)
		b.want("how many", find(`{"filter":{"find":"8888"},"maxResults":1}`), 200, `"total":1,"statuses":{"Created":2,"Enabled":1}`)
		b.want("what became of the mail", find(`{"filter":{"mail":["MailQueued","MailNotSent"]}}`), 200, `"mail":{"event":"Mail`)
		b.want("no such mail", find(`{"filter":{"mail":["MailRefused"],"viaOrganization":false}}`), 200, `{"members":[],"total":0`)
		for _, wrong := range []string{`[]`, `{"x":1}`, `{"filter":{"x":1}}`, `{"filter":{"status":["x"]}}`, `{"filter":{"mail":["Invited"]}}`, `{"sort":"x"}`, `{"maxResults":0}`, `{"maxResults":1001}`,
			`{"nextToken":"x"}`, `{"filter":{"find":"` + strings.Repeat("x", 321) + `"}}`} {
			b.want(wrong, find(wrong), 400, "ValidationException")
		}
		for _, wrong := range []string{"members?maxResults=0", "members?maxResults=1001", "members?status=x", "members?sort=x", "members?nextToken=x", "members?x=1", "regions?x=1",
			"audit?since=yesterday", "audit?maxResults=501", "audit?accountId=444455556666"} {
			b.want(wrong, b.do("GET", "/console/api/call/magpie/v1/"+wrong, ""), 400, "ValidationException")
		}
		test := func(body string) answered {
			return b.do("POST", "/console/api/call/magpie/v1/custom-data-identifiers/test", body)
		}
		b.want("places", test(`{"regex":"C-[0-9]{4}","sampleText":"ü C-1234 and C-5678"}`), 200, `{"matchCount":2,"matches":[{"start":2,"end":8},{"start":13,"end":19}],"misses":[]}`)
		b.want("none", test(`{"regex":"C-[0-9]{4}","keywords":["customer"],"sampleText":"C-1234"}`), 200, `{"matchCount":0,"matches":[],"misses":[{"start":0,"end":6,"reason":"NO_KEYWORD"}]}`)
		b.want("what does not count", test(`{"regex":"C-[0-9]{4}","keywords":["customer"],"ignoreWords":["C-0000"],"maximumMatchDistance":10,"sampleText":"customer C-1234, customer C-0000, and a long way on C-5678"}`), 200,
			`"matches":[{"start":9,"end":15}],"misses":[{"start":26,"end":32,"reason":"IGNORE_WORD"},{"start":52,"end":58,"reason":"NO_KEYWORD"}]}`)
		b.want("a bad one", test(`{"regex":"[","sampleText":"x"}`), 400, "regex")
		b.want("no sample", test(`{"regex":"x"}`), 400, "sampleText")
		// Records are written within a second.
		var records answered
		for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
			if records = b.do("GET", "/console/api/call/magpie/v1/audit?operation=ConsoleLogin", ""); strings.Contains(records.body, "AwsConsoleSignIn") {
				break
			}
		}
		b.want("records", records, 200, "AwsConsoleSignIn")
		if strings.Contains(records.body, "444455556666") {
			t.Errorf("records of another account: %s", records)
		}
	})
}

// Bodies that do not end have no more room at the console than at the API, whoever sends them: nearly all of those that stand are
// answered that there is no room.
func TestConsoleBodiesShareTheRoom(t *testing.T) {
	startEach(t, Config{}, func(t *testing.T, s *Server) {
		id, secret := newKey(t, s, "111122223333")
		b := newBrowser(t, s)
		cookie, _, _ := strings.Cut(b.signIn(id, secret).header.Get("Set-Cookie"), ";")
		for _, x := range []struct {
			path        string
			connections int
			body        int
			turnedAway  int // at least
		}{
			{"/console/api/call/members", 24, 999_900, 16},
			{"/console/api/session", 240, 16_300, 80}, // and of strangers
		} {
			head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\nX-Magpie-Console: 1\r\nX-Magpie-Region: eu-west-1\r\n"+
				"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n", x.path, strings.TrimPrefix(s.URL(), "http://"), cookie, x.body+50)
			answers := make(chan string, x.connections)
			for range x.connections {
				conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				go func() {
					_, _ = conn.Write(append([]byte(head), make([]byte, x.body)...))
					status := make([]byte, len("HTTP/1.1 503"))
					_, _ = io.ReadFull(conn, status)
					answers <- string(status)
				}()
			}
			for range x.turnedAway {
				if status := <-answers; status != "HTTP/1.1 503" {
					t.Errorf("%s: a body that does not end is answered %q", x.path, status)
					break
				}
			}
		}
		b.want("an honest call", b.do("GET", "/console/api/call/macie", ""), 403, "Macie is not enabled")
	})
}
