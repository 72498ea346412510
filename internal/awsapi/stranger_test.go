package awsapi

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"magpie/internal/macie2"
)

// What does not prove who it is, or cannot, is answered without its body, of which nothing comes
// here.
func TestStrangersAreAnsweredWithoutTheirBodies(t *testing.T) {
	e := newEdge(t, func(o *Options) { o.BodyTimeout = time.Hour })
	e.HandleService("sts", echoService{})
	key := func(name string) string {
		return strings.ReplaceAll(claimed(t, "POST", "/invitations"), keyAlice, name)
	}
	bare := "POST /invitations HTTP/1.1\r\nHost: localhost\r\n"
	for _, c := range []struct {
		name, head string
		exception  string
	}{
		{"no signature", bare, "MissingAuthenticationTokenException"},
		{"another scheme", bare + "Authorization: Bearer x\r\n", "IncompleteSignatureException"},
		{"an unknown key", key(keyUnknown), "UnrecognizedClientException"},
		{"an ended session", key(keyExpired), "ExpiredTokenException"},
		{"too long a body", key(keyAlice), "RequestEntityTooLargeException"},
		{"a body in disguise", key(keyAlice) + "Content-Encoding: br\r\n", "UnsupportedMediaTypeException"},
	} {
		for _, length := range []string{"Content-Length: 1048575", "Content-Length: 100", "Transfer-Encoding: chunked", "Content-Length: 1048575\r\nExpect: 100-continue"} {
			if c.name == "too long a body" {
				if length = strings.Replace(length, "1048575", "1048577", 1); !strings.Contains(length, "1048577") {
					continue
				}
			}
			t.Run(c.name+" "+length, func(t *testing.T) {
				e := &edge{Server: e.Server, t: t, http: e.http}
				got, _ := e.talk(c.head + length + "\r\n\r\n")
				if got.exception() != c.exception {
					t.Errorf("got %d %s", got.StatusCode, got.body)
				}
			})
		}
	}
}

// Bodies that stand take the room of each other, and of nobody whose body comes.
func TestStandingBodies(t *testing.T) {
	e := newEdge(t, func(o *Options) { o.BodyTimeout = time.Hour })
	const standing = 64
	ended := make(chan string, standing)
	for range standing {
		conn, err := net.Dial("tcp", e.http.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		go func() {
			fmt.Fprintf(conn, "%sContent-Length: %d\r\n\r\n%s", claimed(t, "POST", "/invitations"), MaxBody, strings.Repeat(" ", MaxBody-1))
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				ended <- err.Error()
				return
			}
			ended <- resp.Status + " " + resp.Header.Get("x-amzn-ErrorType")
			resp.Body.Close()
		}()
	}
	// All but those that have room give way, one after the other.
	for range standing - largeBodies/MaxBody - 1 {
		if got := <-ended; got != "503 Service Unavailable ServiceUnavailableException" {
			t.Errorf("a standing body is answered %s", got)
		}
		if held := e.room.large.Held(); held > largeBodies {
			t.Errorf("%d bytes are held", held)
		}
	}
	for _, n := range []int{1, ownBuffer, modestBody, MaxBody - 40} {
		body := fmt.Sprintf(`{"accountIds":["1"],"x":"%s"}`, strings.Repeat("x", n))
		if got := e.do(e.sign(e.request("POST", "/invitations", body), keyAlice)); got.StatusCode != 501 {
			t.Errorf("an honest body of %d bytes is answered %d %s", len(body), got.StatusCode, got.body)
		}
	}
	if n := e.room.known.Held(); n != 0 {
		t.Errorf("%d bytes of answered requests are held", n)
	}
}

// A header that decides something is signed, or the request is refused.
func TestHeadersThatDecide(t *testing.T) {
	e := newEdge(t)
	e.HandleService("sts", echoService{})
	for _, c := range []struct {
		name, header, value string
		service             bool
		want                int
	}{
		{"a target", "X-Amz-Target", "AWSOrganizationsV20161128.ListRoots", false, 403},
		{"an empty target", "X-Amz-Target", "", false, 403},
		{"a token", "X-Amz-Security-Token", "x", false, 403},
		{"an empty token", "X-Amz-Security-Token", "", false, 403},
		{"anything of AWS's", "X-Amz-Whatever", "x", false, 403},
		{"a trace", "X-Amzn-Trace-Id", "x", false, 501},
		{"a type that decides nothing", "Content-Type", "text/html", false, 501},
		{"a type of another service", "Content-Type", "text/html", true, 418},
		{"an empty type of another service", "Content-Type", "", true, 418},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := &edge{Server: e.Server, t: t, http: e.http}
			request := func() *http.Request { return e.sign(e.request("GET", "/macie", ""), keyAlice) }
			if c.service {
				request = func() *http.Request {
					return e.signFor(e.request("POST", "/", "Action=AssumeRole"), keyAlice, "sts", "us-east-1", time.Now())
				}
			}
			r := request()
			r.Header[c.header] = []string{c.value}
			resp, err := e.http.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			b, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if resp.StatusCode != c.want || c.want != 501 && !strings.Contains(string(b), "InvalidSignature") && resp.Header.Get("x-amzn-ErrorType") != "InvalidSignatureException" {
				t.Errorf("not signed, it is answered %s %s", resp.Status, b)
			}
		})
	}
}

// A Region that is not served is as good as none.
func TestRegionsServed(t *testing.T) {
	e := newEdge(t, func(o *Options) { o.Serves = func(service, region string) bool { return region == "eu-west-1" } })
	e.refused(e.do(e.signFor(e.request("GET", "/macie", ""), keyAlice, macie2.SigningName, "zz-foo-9", time.Now())), 403, "InvalidSignatureException",
		"Credential should be scoped to a valid region, not 'zz-foo-9'. ")
	if got := e.do(e.sign(e.request("GET", "/macie", ""), keyAlice)); got.StatusCode != 501 {
		t.Errorf("a Region that is served: %d %s", got.StatusCode, got.body)
	}
}
