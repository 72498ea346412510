package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// disk mounts a file system of its own that holds so many bytes. Where that is not allowed, the test is
// skipped and says so: TestDiskRefusesToWrite shows the same with bounds that SQLite sets itself.
func disk(t *testing.T, size string) string {
	t.Helper()
	folder := t.TempDir()
	if err := syscall.Mount("magpie", folder, "tmpfs", 0, "size="+size+",mode=700"); err != nil {
		t.Skipf("a file system cannot be mounted here, which this test needs (root, or CAP_SYS_ADMIN): %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return folder
}

// fillUp takes all room that a folder's file system has.
func fillUp(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 64 << 10; size > 0; size /= 2 {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
}

// On a file system that is really full, changes are refused, the node stays up and reads; what was
// acknowledged before is there, and what was refused is not, also after a restart. With room again the
// node goes on by itself.
func TestFileSystemFull(t *testing.T) {
	data := filepath.Join(disk(t, "24m"), "data")
	config := Config{Dev: true, Data: data, Rates: []string{"*=100000"}}
	s := start(t, config)
	call := func(method, path, body string) (int, string) {
		return signed(t, http.DefaultClient, s, method, path, body)
	}
	if status, text := call("POST", "/macie", "{}"); status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	add := func(i int) (id string, status int) {
		id = fmt.Sprintf("2222%08d", i)
		status, text := call("POST", "/members", `{"account":{"accountId":"`+id+`","email":"b@example.com"},"tags":{`+manyTags(50)+`}}`)
		if status != http.StatusOK && (status != http.StatusInternalServerError || strings.Contains(text, "disk") || strings.Contains(text, data)) {
			t.Errorf("a change is answered %d %s", status, text)
		}
		return id, status
	}
	filler := filepath.Join(filepath.Dir(data), "filler")
	fillUp(t, filler)
	var kept []string
	refused := ""
	for i := range 500 { // SQLite writes over what it has of its log first
		id, status := add(i)
		if status != http.StatusOK {
			refused = id
			break
		}
		kept = append(kept, id)
	}
	if refused == "" {
		t.Fatalf("%d changes fit into a file system that is full", len(kept))
	}
	there := func() {
		t.Helper()
		for _, id := range kept {
			if status, text := call("GET", "/members/"+id, ""); status != http.StatusOK {
				t.Errorf("what was acknowledged is answered %d %s", status, text)
			}
		}
		if status, text := call("GET", "/members/"+refused, ""); status == http.StatusOK {
			t.Errorf("what was refused is there: %s", text)
		}
	}
	there()
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if id, status := add(1000); status != http.StatusOK {
		t.Errorf("with room again: %d", status)
	} else {
		kept = append(kept, id)
	}
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	s = start(t, config)
	there()
}

// On a file system that can only be read no node starts, and says why; made writable again, it does.
func TestFileSystemReadOnly(t *testing.T) {
	folder := disk(t, "24m")
	config := Config{Dev: true, Data: filepath.Join(folder, "data"), Listen: "127.0.0.1:0"}
	node := func() (*Server, error) {
		return Start(t.Context(), config, slog.New(slog.NewTextHandler(t.Output(), nil)))
	}
	s, err := node()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	remount := func(flags uintptr) {
		t.Helper()
		if err := syscall.Mount("", folder, "", syscall.MS_REMOUNT|flags, ""); err != nil {
			t.Fatalf("remount: %v", err)
		}
	}
	remount(syscall.MS_RDONLY)
	began := time.Now()
	if s, err := node(); err == nil {
		s.Close()
		t.Error("a node starts on a file system that can only be read")
	} else if !strings.Contains(err.Error(), "read-only") {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
	remount(0)
	if s, err = node(); err != nil {
		t.Fatalf("made writable again: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
