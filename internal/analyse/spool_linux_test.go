package analyse

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// A spool has no name at any moment, so that nobody finds it and nothing is left of it, however the process ends.
func TestSpoolHasNoName(t *testing.T) {
	dir := t.TempDir()
	probe, err := os.OpenFile(dir, unix.O_TMPFILE|os.O_RDWR, 0o600)
	if err != nil {
		t.Skipf("this file system makes no files without names: %v", err)
	}
	probe.Close()
	watch, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(watch)
	if _, err := unix.InotifyAddWatch(watch, dir, unix.IN_CREATE|unix.IN_DELETE|unix.IN_MOVE); err != nil {
		t.Fatal(err)
	}
	s, err := newSpool(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write([]byte("kept")); err != nil {
		t.Error(err)
	}
	var b [4]byte
	if _, err := s.ReadAt(b[:], 0); err != nil || string(b[:]) != "kept" {
		t.Errorf("%q, %v", b, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if n, err := unix.Read(watch, make([]byte, 4096)); !errors.Is(err, unix.EAGAIN) {
		t.Errorf("a name came or went: %d bytes of news, %v", n, err)
	}
}
