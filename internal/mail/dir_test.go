package mail_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"magpie/internal/mail"
)

func TestDir(t *testing.T) {
	path := filepath.Join(t.TempDir(), "some", "mail")
	d, err := mail.NewDir(path)
	if err != nil {
		t.Fatal(err)
	}
	m := compose(t, mail.Options{}, invitation())
	// Two workers may deliver the same mail, and one may do so again.
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			reply, err := d.Send(t.Context(), m)
			if err != nil || reply.String() != "written to d8bdad0e203fd1242e0a4721b0c3f3e2.eml" {
				t.Errorf("%v, %v", reply, err)
			}
		})
	}
	wg.Wait()
	entries, err := os.ReadDir(path)
	if err != nil || len(entries) != 1 {
		t.Fatalf("the folder holds %v, %v", entries, err)
	}
	data, err := os.ReadFile(filepath.Join(path, "d8bdad0e203fd1242e0a4721b0c3f3e2.eml"))
	if err != nil || !bytes.Equal(data, m.Bytes()) {
		t.Errorf("the file is not the mail: %v", err)
	}
	// The mail is for its recipient's eyes.
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder %v, %v", info.Mode(), err)
	}
}

func TestDirThatIsGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mail")
	d, err := mail.NewDir(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	m := compose(t, mail.Options{}, invitation())
	_, err = d.Send(t.Context(), m)
	failed(t, err, mail.Temporary)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = d.Send(ctx, m); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestDirThatIsAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mail")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := mail.NewDir(path); err == nil {
		t.Error("a file is taken for a folder")
	}
}

func TestDirClearsWhatACrashLeft(t *testing.T) {
	path := t.TempDir()
	long := time.Now().Add(-2 * time.Hour)
	for name, at := range map[string]time.Time{"old.eml-unfinished": long, "young.eml-unfinished": time.Now(), "old.eml": long} {
		file := filepath.Join(path, name)
		if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Chtimes(file, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := mail.NewDir(path); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(path, "*"))
	if err != nil || len(left) != 2 || filepath.Base(left[0]) != "old.eml" || filepath.Base(left[1]) != "young.eml-unfinished" {
		t.Errorf("left: %v, %v", left, err)
	}
}
