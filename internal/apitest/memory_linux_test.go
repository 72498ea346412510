package apitest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"magpie/internal/attack"
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

// Strangers who send bodies and headers that do not end, as many as they like, and those who open many connections and let them stand, cost
// a node little memory, and nobody honest a call. How much slower honest calls are is printed; the benchmark measures it.
func TestMemoryForStrangers(t *testing.T) {
	for _, x := range append(append(attack.Unending(), attack.Idle(1000)...), attack.Heads(200), attack.Flood(4, 20_000)) {
		t.Run(x.Name, func(t *testing.T) { withstand(t, x) })
	}
}

func withstand(t *testing.T, x attack.Attack) {
	each(t, func(t *testing.T, h *house) {
		a := attack.Target{Region: region}
		more := []string{"--max-connections-per-source", "5000"}
		if x.TLS {
			var cert, key string
			cert, key, a.TLS = selfSigned(t)
			more = append(more, "--tls-cert", cert, "--tls-key", key)
		}
		p := h.serve(more...)
		a.Address = p.address
		ids := h.identity(h.open())
		settle(t, ids, adminID)
		as := plain(newKey(t, ids, adminID))
		a.Key = as.AccessKeyID
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: a.TLS}}
		defer client.CloseIdleConnections()
		honest := func(calls int) attack.Latencies {
			l, err := a.Call(t.Context(), client, as, attack.Calls{Path: "/invitations", Body: `{"accountIds":["` + memberID + `"]}`, Count: calls,
				Statuses: []int{http.StatusForbidden}}) // Macie is not enabled; that it is somebody honest is known
			if err != nil {
				t.Errorf("an honest call: %v", err)
			}
			return l
		}
		honest(50)
		idle := honest(300)
		before := p.status("VmRSS")

		ctx, stop := context.WithCancel(t.Context())
		attacked := make(chan error, 1)
		go func() { attacked <- x.Run(ctx, a) }()
		during := honest(300)
		err := <-attacked
		after := honest(50)
		peak := p.status("VmHWM")
		stop()
		if err != nil {
			t.Error(err)
		}
		t.Logf("resident %d MB before, %d MB at most; honest calls p50 %v p99 %v alone, p50 %v p99 %v meanwhile (%.1f), p99 %v once all stands", before>>20, peak>>20,
			idle.At(.5), idle.At(.99), during.At(.5), during.At(.99), float64(during.At(.99))/float64(idle.At(.99)), after.At(.99))
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
