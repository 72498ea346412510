// Package certificate is the TLS certificate of a server whose files are read again while it runs,
// so that a renewal needs no restart.
package certificate

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"
)

// checkEvery is how often the files of the certificate are looked at.
const checkEvery = 5 * time.Second

// Files is the certificate that connections get from now on: that of its files. Connections that
// are there go on.
type Files struct {
	certFile, keyFile string
	log               *slog.Logger
	now               atomic.Pointer[tls.Certificate]
	seen              []byte // the files when they were last looked at, good or not
}

// Load reads a certificate and its key. It fails where the files are not a certificate and its key.
func Load(certFile, keyFile string, log *slog.Logger) (*Files, error) {
	c := &Files{certFile: certFile, keyFile: keyFile, log: log}
	files, pair, err := c.read()
	if err != nil {
		return nil, fmt.Errorf("--tls-cert, --tls-key: %w", err)
	}
	c.seen = files
	c.now.Store(pair)
	return c, nil
}

// read returns what the files hold, also where that is no certificate; where they cannot be read,
// why.
func (c *Files) read() (files []byte, pair *tls.Certificate, err error) {
	cert, err := os.ReadFile(c.certFile)
	if err != nil {
		return []byte(err.Error()), nil, err
	}
	key, err := os.ReadFile(c.keyFile)
	if err != nil {
		return []byte(err.Error()), nil, err
	}
	files = bytes.Join([][]byte{cert, key}, []byte{0})
	p, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return files, nil, err
	}
	if p.Leaf == nil {
		if p.Leaf, err = x509.ParseCertificate(p.Certificate[0]); err != nil {
			return files, nil, err
		}
	}
	return files, &p, nil
}

// Look takes files that have changed. Those that are no certificate change nothing, and are told of
// once: a renewal that writes one file after the other is seen half done now and then.
func (c *Files) Look() {
	files, pair, err := c.read()
	if bytes.Equal(files, c.seen) {
		return
	}
	c.seen = files
	if err != nil {
		c.log.Warn("the certificate on disk cannot be used; the old one stays", "file", c.certFile, "until", c.Expires(), "error", err)
		return
	}
	c.now.Store(pair)
	c.log.Info("took a new certificate", "file", c.certFile, "until", c.Expires())
}

// Watch looks until the context ends.
func (c *Files) Watch(ctx context.Context) {
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			c.Look()
		case <-ctx.Done():
			return
		}
	}
}

// Expires is when the certificate that is in use does.
func (c *Files) Expires() time.Time { return c.now.Load().Leaf.NotAfter }

// Config is for the listener.
func (c *Files) Config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.now.Load(), nil },
	}
}
