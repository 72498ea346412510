package server

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"magpie/internal/identity"
)

// plainAnswer sends a request as it is written, which no client would, and reads the answer.
func plainAnswer(t *testing.T, s *Server, lines ...string) *http.Response {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprint(c, strings.Join(lines, "\r\n")+"\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: strings.Fields(lines[0])[0]})
	if err != nil {
		t.Fatalf("%q: %v", lines[0], err)
	}
	return resp
}

// Whatever path is written, a browser is not led away from the console, and calls nothing of the
// server that is not the console's; what is answered may not be framed or sniffed.
func TestConsolePaths(t *testing.T) {
	s := start(t, Config{Dev: true})
	b := newBrowser(t, s)
	b.want("sign in", b.signIn("111122223333", "dev"), 200, "")
	cookie := "Cookie: magpie-" + s.keyID + "=" + b.cookies()[0].Value
	for _, path := range []string{
		"/console", "/console/..", "/console/../metrics", "/console/%2e%2e/metrics", "/console/..%2fmetrics", "/console/assets/../../metrics", "/console/assets/..%2f..%2fmetrics",
		"/console//evil.example.com", "/console/\\evil.example.com", "/console/%5cevil.example.com", "//console/", "//evil.example.com/console/", "/console//api/session",
		"/console/./api/session", "/console/api/../api/session", "/console/api//session", "/console/api/call/../session", "/console/api/call/%2e%2e/session",
		"/console/api/call//metrics", "/console/api/call/..%2fmetrics", "/console/api/call/%2fmetrics", "/console/api/call/magpie/v1/../../metrics", "/console/api/call/magpie/v1/%2e%2e/%2e%2e/metrics",
		"/console/%00", "/console/assets/%00.js", "/console/%", "/console/?next=https://evil.example.com", "/console/oidc?state=x&code=y&next=//evil.example.com",
		"/console/" + strings.Repeat("a/", 2000), "/console/" + strings.Repeat("%61", 2000), "http://evil.example.com/console/", "http://127.0.0.1/console/api/call/metrics", "*",
	} {
		for _, method := range []string{"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "PATCH", "PROPFIND", "CONNECT"} {
			resp := plainAnswer(t, s, method+" "+path+" HTTP/1.1", cookie, "X-Magpie-Console: 1", "X-Magpie-Region: us-east-1")
			what := method + " " + path[:min(len(path), 60)]
			if at := resp.Header.Get("Location"); at != "" && (!strings.HasPrefix(at, "/") || strings.HasPrefix(at, "//") || strings.HasPrefix(at, "/\\")) {
				t.Errorf("%s leads to %s", what, at)
			}
			if resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented {
				t.Errorf("%s: %s", what, resp.Status)
			}
			var text strings.Builder
			if method != "HEAD" {
				if _, err := bufio.NewReader(resp.Body).WriteTo(&text); err != nil {
					t.Errorf("%s: %v", what, err)
				}
			}
			if strings.Contains(text.String(), "magpie_") || strings.Contains(text.String(), b.cookies()[0].Value) {
				t.Errorf("%s answers metrics, or the cookie: %.200s", what, text.String())
			}
			if method != "GET" && method != "HEAD" && resp.StatusCode < 300 {
				t.Errorf("%s: %s", what, resp.Status)
			}
			for name := range resp.Header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s: %s", what, name)
				}
			}
			if strings.HasPrefix(path, "/console/") && resp.StatusCode == http.StatusOK && (!strings.Contains(resp.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") || resp.Header.Get("X-Content-Type-Options") != "nosniff" || resp.Header.Get("Cache-Control") == "") {
				t.Errorf("%s: %v", what, resp.Header)
			}
		}
	}
}

// consoleCookie is the name of a server's cookie.
func consoleCookie(s *Server) string {
	return "magpie-" + s.keyID + "-" + s.URL()[strings.LastIndex(s.URL(), ":")+1:]
}

// Servers on one host have cookies of their own, though browsers give each what the other has set: who signs in to one, or out of it,
// stays signed in to the other.
func TestConsolesOnOneHost(t *testing.T) {
	startEach(t, Config{}, func(t *testing.T, s *Server) {
		second := start(t, Config{})
		here, there := newBrowser(t, s), newBrowser(t, second)
		there.client.Jar = here.client.Jar
		id, secret := newKey(t, s, "111122223333")
		otherID, otherSecret := newKey(t, second, "444455556666")
		here.want("sign in", here.signIn(id, secret), 200, "")
		there.want("sign in to the other", there.signIn(otherID, otherSecret), 200, "")
		here.want("signed in still", here.do("GET", "/console/api/session", ""), 200, `"account":"111122223333"`)
		there.want("sign out of the other", there.do("DELETE", "/console/api/session", "{}"), 200, "")
		there.want("signed out", there.do("GET", "/console/api/session", ""), 200, `"identities":[]`)
		here.want("signed in still", here.do("GET", "/console/api/session", ""), 200, `"account":"111122223333"`)

		// Neither the port nor the master key alone tells them apart: proxies leave out ports, and keys may be given to several.
		name := func(s *Server, host string) string {
			body, _ := json.Marshal(map[string]string{"accessKeyId": id, "secretAccessKey": secret})
			r := httptest.NewRequest("POST", "/console/api/session", bytes.NewReader(body))
			r.Host, r.RemoteAddr = host, "127.0.0.1:1234"
			r.Header.Set("X-Magpie-Console", "1")
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			s.http.Handler.ServeHTTP(w, r)
			name, _, _ := strings.Cut(w.Header().Get("Set-Cookie"), "=")
			return name
		}
		for host, want := range map[string]string{
			"127.0.0.1": "magpie-" + s.keyID, "localhost:8484": "magpie-" + s.keyID + "-8484", "[::1]:8484": "magpie-" + s.keyID + "-8484",
		} {
			if got := name(s, host); got != want {
				t.Errorf("the cookie for %s is %q, not %q", host, got, want)
			}
		}
		if s.keyID == second.keyID {
			t.Error("two servers have one name")
		}
	})
}

// The server names a session: what a browser came with is not taken over, and is worth nothing once
// somebody has signed in again. Nobody ends, or acts as, what belongs to another.
func TestConsoleSessionsAreApart(t *testing.T) {
	startEach(t, Config{}, func(t *testing.T, s *Server) {
		id, secret := newKey(t, s, "111122223333")
		other, otherSecret := newKey(t, s, "444455556666")
		b, m := newBrowser(t, s), newBrowser(t, s)
		planted := []*http.Cookie{{Name: consoleCookie(s), Value: strings.Repeat("A", 43)}}
		b.setCookies(planted)
		b.want("a planted cookie", b.do("GET", "/console/api/call/macie", ""), 401, "ConsoleSessionEnded")
		b.want("sign in", b.signIn(id, secret), 200, "")
		first := b.cookies()
		if len(first) != 1 || first[0].Value == planted[0].Value {
			t.Fatalf("the planted cookie is taken over: %v", first)
		}
		b.want("again", b.signIn(id, secret), 200, "")
		if b.cookies()[0].Value == first[0].Value {
			t.Error("signing in again keeps the session's name")
		}
		old := newBrowser(t, s)
		old.setCookies(first)
		old.want("the one before", old.do("GET", "/console/api/call/macie", ""), 401, "ConsoleSessionEnded")
		// Wrong pairs leave the session that there is.
		b.want("a wrong pair", b.signIn(id, "wrong"), 403, "")
		b.want("goes on", b.do("GET", "/console/api/call/macie", ""), 403, "not enabled")

		m.want("sign in", m.signIn(other, otherSecret), 200, "")
		var list struct{ Sessions []struct{ ID string } }
		if err := json.Unmarshal([]byte(b.do("GET", "/console/api/sessions", "").body), &list); err != nil || len(list.Sessions) != 1 {
			t.Fatal(err, list)
		}
		m.want("another's session", m.do("DELETE", "/console/api/sessions/"+list.Sessions[0].ID, ""), 404, "")
		for _, handle := range []string{"..", "%2e%2e", "%00", "'", strings.Repeat("x", 4000)} {
			if a := m.do("DELETE", "/console/api/sessions/"+handle, ""); a.status < 300 || a.status >= 500 {
				t.Errorf("%.20s: %s", handle, a)
			}
		}
		b.want("goes on", b.do("GET", "/console/api/sessions", ""), 200, list.Sessions[0].ID)

		// The handle that the list shows is not what signs in, and an identity is good in its own session alone.
		for _, value := range []string{list.Sessions[0].ID, "", "0", b.cookies()[0].Value + "A", b.cookies()[0].Value[1:], strings.Repeat("x", 5000)} {
			x := newBrowser(t, s)
			x.want("a made-up cookie", x.do("GET", "/console/api/call/macie", "", func(r *http.Request) { r.Header.Set("Cookie", consoleCookie(s)+"="+value) }), 401, "ConsoleSessionEnded")
		}
		if _, err := s.Identity().CreateRole(t.Context(), identity.Role{Account: "444455556666", Name: "Operator", Trust: identity.TrustAccount("111122223333")}, time.Now()); err != nil {
			t.Fatal(err)
		}
		var to struct{ ID string }
		if err := json.Unmarshal([]byte(b.do("POST", "/console/api/identities", `{"roleArn":"arn:aws:iam::444455556666:role/Operator","region":"eu-west-1"}`).body), &to); err != nil || to.ID == "" {
			t.Fatal(err, to)
		}
		asRole := func(r *http.Request) { r.Header.Set("X-Magpie-Identity", to.ID) }
		b.want("as the role", b.do("GET", "/console/api/call/macie", "", asRole), 403, "not enabled")
		m.want("in another's session", m.do("GET", "/console/api/call/macie", "", asRole), 401, "ConsoleIdentityEnded")
		m.want("ended from another's session", m.do("DELETE", "/console/api/identities/"+to.ID, ""), 200, "")
		m.want("oneself is not returned from", m.do("DELETE", "/console/api/identities/0", ""), 200, "")
		m.want("still oneself", m.do("GET", "/console/api/call/macie", ""), 403, "not enabled")
		b.want("the role goes on", b.do("GET", "/console/api/call/macie", "", asRole), 403, "not enabled")
		// An account that is left: the role goes, and with it what was switched to; whoever switched stays signed in.
		if _, err := s.Identity().SuspendAccount(t.Context(), "444455556666", time.Now()); err != nil {
			t.Fatal(err)
		}
		b.want("the account is suspended", b.do("GET", "/console/api/call/members", "", asRole), 403, "is suspended")
		if err := s.Identity().DeleteRole(t.Context(), "444455556666", "Operator"); err != nil {
			t.Fatal(err)
		}
		b.want("the role is deleted", b.do("GET", "/console/api/call/macie", "", asRole), 401, "ConsoleIdentityEnded")
		b.want("switched to again", b.do("POST", "/console/api/identities", `{"roleArn":"arn:aws:iam::444455556666:role/Operator","region":"eu-west-1"}`), 403, "is not authorized")
		b.want("oneself stays", b.do("GET", "/console/api/session", ""), 200, "user/anna")
	})
}
