package server

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// selfSigned writes a certificate for 127.0.0.1, and returns its files and who believes it.
func selfSigned(t *testing.T) (cert, key string, believers *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	believers = x509.NewCertPool()
	believers.AddCert(parsed)
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", secret), believers
}

// With a certificate the node speaks TLS, says so in its URL, and nothing else on that port.
func TestTLS(t *testing.T) {
	cert, key, believers := selfSigned(t)
	s := start(t, Config{TLSCert: cert, TLSKey: key})
	if !strings.HasPrefix(s.URL(), "https://127.0.0.1:") {
		t.Errorf("the URL is %s", s.URL())
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: believers}, ForceAttemptHTTP2: true}}
	defer client.CloseIdleConnections()
	resp, err := client.Get(s.URL() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.TLS.Version < tls.VersionTLS12 || resp.ProtoMajor != 2 {
		t.Errorf("%s by %s over %x", resp.Status, resp.Proto, resp.TLS.Version)
	}
	if resp, err := http.Get("http://" + strings.TrimPrefix(s.URL(), "https://") + "/healthz"); err == nil {
		if resp.Body.Close(); resp.StatusCode == http.StatusOK {
			t.Error("the port speaks plain HTTP too")
		}
	}
	if _, err := (Config{TLSCert: key, TLSKey: cert}).withDefaults(); err == nil || !strings.HasPrefix(err.Error(), "--tls-cert, --tls-key: ") {
		t.Errorf("with the files in the wrong places: %v", err)
	}
}

// A certificate that is renewed on disk is what new connections get; those that are there go on.
// Files that are no pair change nothing.
func TestTLSCertificateRenewed(t *testing.T) {
	cert, key, believers := selfSigned(t)
	s := start(t, Config{TLSCert: cert, TLSKey: key})
	dial := func(roots *x509.CertPool) (*tls.Conn, error) {
		c, err := tls.Dial("tcp", strings.TrimPrefix(s.URL(), "https://"), &tls.Config{RootCAs: roots})
		if err == nil {
			t.Cleanup(func() { c.Close() })
		}
		return c, err
	}
	old, err := dial(believers)
	if err != nil {
		t.Fatal(err)
	}
	cert2, key2, believers2 := selfSigned(t)
	for _, f := range []struct {
		from, to string
		taken    bool
	}{
		{cert2, cert, false}, // half of a renewal
		{key2, key, true},
		{cert, key, false}, // a mistake
	} {
		text, err := os.ReadFile(f.from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f.to, text, 0o600); err != nil {
			t.Fatal(err)
		}
		s.tls.Look()
		s.tls.Look()
		if f.taken {
			believers = believers2
		}
		if _, err := dial(believers); err != nil {
			t.Errorf("after %s became %s: %v", filepath.Base(f.to), filepath.Base(f.from), err)
		}
	}
	if err := os.Remove(cert); err != nil {
		t.Fatal(err)
	}
	s.tls.Look()
	if _, err := dial(believers); err != nil {
		t.Errorf("without files: %v", err)
	}
	if _, err := old.Write([]byte("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(old), nil)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("the connection from before is answered %v, %v", resp, err)
	}
}
