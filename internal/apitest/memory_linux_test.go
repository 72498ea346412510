package apitest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"magpie/internal/sigv4"
)

// mostMemory is what a node may hold resident whatever strangers send it.
const mostMemory = 120 << 20

// status reads a figure of a process from /proc, in bytes.
func (p *process) status(name string) int64 {
	p.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				p.t.Fatal(err)
			}
			return n << 10
		}
	}
	p.t.Fatalf("/proc tells no %s", name)
	return 0
}

// standing is a body of which all but the last byte comes, and no end.
type standing struct {
	left int
	stop <-chan struct{}
	sent *atomic.Int64
}

func (s *standing) Read(b []byte) (int, error) {
	if s.left == 0 {
		<-s.stop
		return 0, io.ErrUnexpectedEOF
	}
	n := min(len(b), s.left)
	clear(b[:n])
	s.left -= n
	s.sent.Add(int64(n))
	return n, nil
}

// An attack opens what it opens against address, and lets it stand until stop. It returns once it has
// sent what it can.
type attack struct {
	name string
	run  func(t *testing.T, a *aim, stop <-chan struct{})
}

// aim is what attacks are run against.
type aim struct {
	address string
	key     string      // that exists; what strangers know of it
	tls     *tls.Config // nil without TLS
}

// head is the head of a call that some stranger sends: with no signature, one that names nobody, or one
// that names the key of somebody honest.
func (a *aim) head(t *testing.T, i int, more http.Header) *http.Request {
	r, err := http.NewRequest(http.MethodPost, "http://"+a.address+"/invitations", nil)
	if err != nil {
		t.Error(err)
		return nil
	}
	for name, values := range more {
		r.Header[name] = values
	}
	key := a.key
	switch i % 3 {
	case 0:
		return r
	case 1:
		key = fmt.Sprintf("AKIASTRANGER%08d", i)
	}
	if err := sigv4.Sign(r, sigv4.Credentials{AccessKeyID: key, SecretAccessKey: "wrong"}, region, "macie2", nil, time.Now()); err != nil {
		t.Error(err)
	}
	return r
}

const nearlyAll = 1<<20 - 1

// manyConnections sends something over so many connections each, as far as the node takes it.
func manyConnections(connections int, what func(t *testing.T, a *aim, i int) []byte) func(*testing.T, *aim, <-chan struct{}) {
	return func(t *testing.T, a *aim, stop <-chan struct{}) {
		var group sync.WaitGroup
		for i := range connections {
			conn, err := net.Dial("tcp", a.address)
			if err != nil {
				t.Error(err)
				return
			}
			text := what(t, a, i)
			group.Go(func() {
				// What is not taken within this time is not going to be.
				_ = conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
				_, _ = conn.Write(text)
			})
			go func() {
				defer conn.Close()
				<-stop
			}()
		}
		group.Wait()
	}
}

func wire(r *http.Request, body int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST /invitations HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", r.Host, body+1)
	_ = r.Header.Write(&b)
	b.WriteString("\r\n")
	b.Write(make([]byte, body))
	return b.Bytes()
}

// manyStreams sends bodies that do not end over so many streams of HTTP/2 on so many connections.
func manyStreams(connections, streams int, more http.Header) func(*testing.T, *aim, <-chan struct{}) {
	return func(t *testing.T, a *aim, stop <-chan struct{}) {
		var sent atomic.Int64
		for c := range connections {
			transport := &http.Transport{TLSClientConfig: a.tls, ForceAttemptHTTP2: true, MaxConnsPerHost: 1}
			for i := range streams {
				r := a.head(t, c+i, more)
				r.URL.Scheme = "https"
				r.ContentLength = nearlyAll + 1
				r.Body = io.NopCloser(&standing{nearlyAll, stop, &sent})
				go func() {
					if resp, err := transport.RoundTrip(r); err == nil {
						resp.Body.Close()
					}
				}()
			}
			go func() {
				<-stop
				transport.CloseIdleConnections()
			}()
		}
		before := int64(-1)
		eventually(t, "all is sent that is taken", func() bool {
			now := sent.Load()
			same := now == before
			before = now
			return same
		})
	}
}

// latencies are how long calls of somebody honest take.
type latencies []time.Duration

func (l latencies) at(q float64) time.Duration {
	slices.Sort(l)
	return l[int(q*float64(len(l)-1))]
}

func (a *aim) honest(t *testing.T, client *http.Client, as sigv4.Credentials, calls int) (l latencies) {
	scheme := "http://"
	if a.tls != nil {
		scheme = "https://"
	}
	body := []byte(`{"accountIds":["` + memberID + `"]}`)
	for range calls {
		r, err := http.NewRequest(http.MethodPost, scheme+a.address+"/invitations", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if err := sigv4.Sign(r, as, region, "macie2", body, time.Now()); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		resp, err := client.Do(r)
		if err != nil {
			t.Errorf("an honest call: %v", err)
			return l
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		l = append(l, time.Since(began))
		if resp.StatusCode != http.StatusForbidden { // Macie is not enabled; that it is somebody honest is known
			t.Errorf("an honest call is answered %s", resp.Status)
		}
	}
	return l
}

// Strangers who send bodies and headers that do not end, as many as they like, cost a node little memory,
// and nobody honest a call. How much slower honest calls are is printed.
func TestMemoryForStrangers(t *testing.T) {
	large := http.Header{"X-Filling": {strings.Repeat("x", 60<<10)}}
	for _, x := range []attack{
		{"500 connections with bodies", manyConnections(500, func(t *testing.T, a *aim, i int) []byte { return wire(a.head(t, i, nil), nearlyAll) })},
		{"500 connections with headers", manyConnections(500, func(t *testing.T, a *aim, i int) []byte {
			return []byte("GET /macie HTTP/1.1\r\nHost: x\r\nX-Filling: " + strings.Repeat("x", 90<<10))
		})},
		{"500 connections with headers and bodies", manyConnections(500, func(t *testing.T, a *aim, i int) []byte { return wire(a.head(t, i, large), nearlyAll) })},
		{"12 connections with 32 bodies", manyStreams(12, 32, nil)},
		{"12 connections with 32 headers and bodies", manyStreams(12, 32, large)},
	} {
		t.Run(x.name, func(t *testing.T) { x.test(t) })
	}
}

func (x attack) test(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		a := &aim{}
		more := []string{"--max-connections-per-source", "5000"}
		if strings.HasPrefix(x.name, "12 ") {
			var cert, key string
			cert, key, a.tls = selfSigned(t)
			more = append(more, "--tls-cert", cert, "--tls-key", key)
		}
		p := h.serve(more...)
		a.address = p.address
		ids := h.identity(h.open())
		settle(t, ids, adminID)
		as := plain(newKey(t, ids, adminID))
		a.key = as.AccessKeyID
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: a.tls}}
		defer client.CloseIdleConnections()
		a.honest(t, client, as, 50)
		idle := a.honest(t, client, as, 300)
		before := p.status("VmRSS")

		stop := make(chan struct{})
		defer close(stop)
		attacked := make(chan struct{})
		go func() {
			defer close(attacked)
			x.run(t, a, stop)
		}()
		during := a.honest(t, client, as, 300)
		<-attacked
		after := a.honest(t, client, as, 50)
		peak := p.status("VmHWM")
		t.Logf("resident %d MB before, %d MB at most; honest calls p50 %v p99 %v alone, p50 %v p99 %v meanwhile (%.1f), p99 %v once all stands", before>>20, peak>>20,
			idle.at(.5), idle.at(.99), during.at(.5), during.at(.99), float64(during.at(.99))/float64(idle.at(.99)), after.at(.99))
		if peak > mostMemory {
			t.Errorf("the node holds %d MB", peak>>20)
		}
	})
}

// selfSigned writes a certificate for 127.0.0.1.
func selfSigned(t *testing.T) (cert, key string, client *tls.Config) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t)(nil, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	must(t)(nil, err)
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	must(t)(nil, err)
	parsed, err := x509.ParseCertificate(der)
	must(t)(nil, err)
	client = &tls.Config{RootCAs: x509.NewCertPool()}
	client.RootCAs.AddCert(parsed)
	folder := t.TempDir()
	cert, key = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	must(t)(nil, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	must(t)(nil, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	return cert, key, client
}
