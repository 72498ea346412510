//go:build unix

package inventory

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"magpie/internal/inventory/objectstore"
)

// TestCredentialProcessEnds: a program that is to give out credentials has ended when somebody who was interrupted returns.
func TestCredentialProcessEnds(t *testing.T) {
	dir := t.TempDir()
	pipe, profiles := filepath.Join(dir, "pipe"), filepath.Join(dir, "config")
	text := fmt.Sprintf("[default]\ncredential_process = echo $$ > %s; exec sleep 600\n", pipe)
	if err := errors.Join(syscall.Mkfifo(pipe, 0o600), os.WriteFile(profiles, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"AWS_CONFIG_FILE": profiles, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_PROFILE": "",
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_WEB_IDENTITY_TOKEN_FILE": ""} {
		t.Setenv(name, value)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s, err := OpenStandalone(ctx, Standalone{Endpoint: "http://127.0.0.1:9"})
	if err != nil {
		t.Fatal(err)
	}
	listed := make(chan error)
	go func() {
		_, err := s.List(ctx, "bucket", objectstore.Listing{})
		listed <- err
	}()
	said, err := os.ReadFile(pipe)
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Sscan(string(said), &pid); err != nil {
		t.Fatalf("%q: %v", said, err)
	}
	cancel()
	if err := <-listed; err == nil {
		t.Error("a list without credentials")
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the program is still there: %v", err)
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}
