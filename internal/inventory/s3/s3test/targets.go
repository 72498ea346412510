package s3test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"
)

// Named is the store that the environment names. Where it names none, the test is skipped.
func Named(t testing.TB) Target {
	t.Helper()
	x := Target{
		Endpoint: os.Getenv("MAGPIE_TEST_S3_ENDPOINT"), AccessKeyID: os.Getenv("MAGPIE_TEST_S3_ACCESS_KEY_ID"),
		SecretAccessKey: os.Getenv("MAGPIE_TEST_S3_SECRET_ACCESS_KEY"), Region: os.Getenv("MAGPIE_TEST_S3_REGION"),
	}
	if x.Endpoint == "" {
		t.Skip("MAGPIE_TEST_S3_ENDPOINT names no store; scripts/stores says how to run this")
	}
	if file := os.Getenv("MAGPIE_TEST_S3_CA_FILE"); file != "" {
		var err error
		if x.CA, err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	return x
}

// Moto starts a moto server, which ends with the test. Where it is not installed, the test is skipped, but not with CI=true.
func Moto(t *testing.T) Target {
	t.Helper()
	if exec.Command("python3", "-c", "import moto.server, flask").Run() != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("moto is not installed: pip install 'moto[server]'")
		}
		t.Skip("moto is not installed: pip install 'moto[server]'")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	ctx, cancel := context.WithCancel(context.Background())
	c := exec.CommandContext(ctx, "python3", "-m", "moto.server", "-H", "127.0.0.1", "-p", strconv.Itoa(port))
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { // its log must not fill the pipe
		for s := bufio.NewScanner(stderr); s.Scan(); {
		}
	}()
	t.Cleanup(func() {
		cancel()
		_ = c.Wait() // it was killed
	})
	endpoint := "http://127.0.0.1:" + strconv.Itoa(port)
	for deadline := time.Now().Add(2 * time.Minute); ; {
		response, err := http.Get(endpoint + "/moto-api/")
		if err == nil {
			response.Body.Close()
			return Target{Endpoint: endpoint, AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret", Unsigned: true}
		}
		if time.Now().After(deadline) {
			t.Fatalf("moto does not answer: %v", err)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-t.Context().Done():
		}
	}
}
