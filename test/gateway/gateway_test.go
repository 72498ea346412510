// Package gateway runs the suite of package s3test, and the conversation of package buckets, against versitygw, in this process, with signatures on.
//
// It is a module of its own: versitygw needs some seventy modules that nobody who builds Magpie should have to download. Run it with
// scripts/stores gateway.
package gateway

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"

	"magpie/internal/apitest/buckets"
	"magpie/internal/inventory/s3/s3test"
)

// TestGateway holds the gateway to what Magpie needs of a store.
func TestGateway(t *testing.T) { s3test.Run(t, gateway(t)) }

// TestConversation is about its buckets, in the words of Macie's clients.
func TestConversation(t *testing.T) { buckets.Converse(t, gateway(t)) }

// BenchmarkCensus measures a census of the gateway beside its raw listing.
func BenchmarkCensus(b *testing.B) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		b.Fatal(err)
	}
	x := gateway(b) // which changes the working directory
	c := exec.Command("go", "test", "-run", "^$", "-bench", "^BenchmarkCensusOfStore$", "-benchtime", "3x", "./internal/inventory")
	c.Dir = root
	c.Env = append(c.Environ(), "MAGPIE_TEST_S3_ENDPOINT="+x.Endpoint, "MAGPIE_TEST_S3_ACCESS_KEY_ID="+x.AccessKeyID,
		"MAGPIE_TEST_S3_SECRET_ACCESS_KEY="+x.SecretAccessKey, "MAGPIE_TEST_S3_REGION="+x.Region)
	out, err := c.CombinedOutput()
	fmt.Printf("%s", out)
	if err != nil {
		b.Fatal(err)
	}
}

// gateway starts one, which ends with the test.
func gateway(t testing.TB) s3test.Target {
	t.Helper()
	backend, err := posix.New(t.TempDir(), meta.XattrMeta{}, posix.PosixOpts{VersioningDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	x := s3test.Target{Endpoint: "http://" + address, AccessKeyID: "AKIDGATEWAY", SecretAccessKey: "a-secret-of-the-gateway", Region: "us-east-1"}
	ctx, cancel := context.WithCancel(context.Background())
	var failure error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		failure = embedgw.RunVersityGW(ctx, backend, &embedgw.Config{
			RootUserAccess: x.AccessKeyID, RootUserSecret: x.SecretAccessKey, Region: x.Region, Ports: []string{address}, Quiet: true, HealthPath: "/health",
			MaxConnections: 1000, MaxRequests: 1000, MultipartMaxParts: 10_000,
		})
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	for ready := false; !ready; {
		response, err := http.Get(fmt.Sprintf("http://%s/health", address))
		if err == nil {
			response.Body.Close()
			ready = response.StatusCode == http.StatusOK
		}
		select {
		case <-ended:
			t.Fatalf("the gateway ended: %v", failure)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return x
}
