//go:build unix

package folder

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"magpie/internal/inventory/objectstore"
)

// becomes are what may take a file's or a folder's place at path, of which dir is the store and other something else in its bucket.
var becomes = map[string]func(dir, path, other string) error{
	"nothing":                  func(dir, path, other string) error { return nil },
	"a link out of the store":  func(dir, path, other string) error { return os.Symlink(dir+"-outside/"+filepath.Base(path), path) },
	"a link to another bucket": func(dir, path, other string) error { return os.Symlink("../../other/"+filepath.Base(path), path) },
	"a link in its bucket":     func(dir, path, other string) error { return os.Symlink(other, path) },
	"a link to itself":         func(dir, path, other string) error { return os.Symlink(filepath.Base(path), path) },
	"a link to nothing":        func(dir, path, other string) error { return os.Symlink("nowhere", path) },
	"a pipe":                   func(dir, path, other string) error { return syscall.Mkfifo(path, 0o600) },
	"a folder":                 func(dir, path, other string) error { return os.Mkdir(path, 0o755) },
	"a file":                   func(dir, path, other string) error { return os.WriteFile(path, []byte("new"), 0o600) },
}

// What takes the place of a file or of a folder between the look at it and its opening is not read, unless it is another file: the object is
// gone, and the others of the bucket are listed.
func TestReplacedBeforeItIsOpened(t *testing.T) {
	for what, become := range becomes {
		for _, replaced := range []string{"x.txt", "d"} {
			t.Run(replaced+" becomes "+what, func(t *testing.T) {
				f, dir := open(t, map[string]string{"b/d/x.txt": "inside", "b/a.txt": "a", "b/z/x.txt": "z", "other/x.txt": "secret", "other/d/x.txt": "secret"})
				if err := errors.Join(os.MkdirAll(dir+"-outside/d", 0o755), os.WriteFile(dir+"-outside/x.txt", []byte("secret"), 0o600),
					os.WriteFile(dir+"-outside/d/x.txt", []byte("secret"), 0o600)); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { os.RemoveAll(dir + "-outside") })
				path := map[string]string{"x.txt": filepath.Join(dir, "b/d/x.txt"), "d": filepath.Join(dir, "b/d")}[replaced]
				swap := func() {
					t.Helper()
					if err := errors.Join(os.Rename(path, filepath.Join(dir, "moved")), become(dir, path, "../z/x.txt")); err != nil {
						t.Fatal(err)
					}
				}
				done := false
				looked = func(name string) {
					if name == replaced && !done {
						done = true
						swap()
					}
				}
				t.Cleanup(func() { looked = nil })
				body, err := f.Get(t.Context(), "b", "d/x.txt", "", objectstore.Range{})
				text := ""
				if err == nil {
					b, _ := io.ReadAll(body)
					text = string(b)
					body.Close()
				}
				if !done {
					t.Fatal("it was not opened")
				}
				if replaced == "x.txt" && what == "a file" {
					if text != "new" || err != nil {
						t.Errorf("it reads %q, %v", text, err)
					}
				} else if !errors.Is(err, objectstore.ErrNoObject) {
					t.Errorf("it reads %q, %v", text, err)
				}
				if replaced == "x.txt" {
					return
				}
				if err := errors.Join(os.RemoveAll(path), os.Rename(filepath.Join(dir, "moved"), path)); err != nil {
					t.Fatal(err)
				}
				done = false
				if keys, err := list(t, f); err != nil || keys != "a.txt z/x.txt" || !done {
					t.Errorf("listed are %q, %v", keys, err)
				}
			})
		}
	}
}

// A pipe in the place of the store is not waited for.
func TestStoreIsAPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if f, err := Open("file://"+pipe, nil); !errors.Is(err, objectstore.ErrUnreachable) {
		t.Errorf("%v, %v", f, err)
	}
}

// A folder that is removed while it is listed takes its own objects with it, and no others.
func TestRemovedWhileListed(t *testing.T) {
	f, dir := open(t, map[string]string{"b/a.txt": "a", "b/d/x.txt": "x", "b/z/x.txt": "z"})
	listing = func(prefix string) {
		if prefix == "d/" {
			if err := os.RemoveAll(filepath.Join(dir, "b/d")); err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(func() { listing = nil })
	if keys, err := list(t, f); err != nil || keys != "a.txt z/x.txt" {
		t.Errorf("listed are %q, %v", keys, err)
	}
	listing = func(string) { os.RemoveAll(filepath.Join(dir, "b")) }
	if keys, err := list(t, f); !errors.Is(err, objectstore.ErrNoBucket) {
		t.Errorf("of a bucket that is removed listed are %q, %v", keys, err)
	}
}

// A file is deleted where it was found, though a link has taken the place of a folder above it since.
func TestDeleteThroughLinks(t *testing.T) {
	f, dir := open(t, map[string]string{"b/d/x.txt": "x", "b/z/x.txt": "z"})
	swap := func(name string) {
		if name == "x.txt" {
			looked = nil
			if err := errors.Join(os.Rename(filepath.Join(dir, "b/d"), filepath.Join(dir, "moved")), os.Symlink("z", filepath.Join(dir, "b/d"))); err != nil {
				t.Error(err)
			}
		}
	}
	looked = swap
	t.Cleanup(func() { looked = nil })
	if err := f.Delete(t.Context(), "b", "d/x.txt"); err != nil || looked != nil {
		t.Errorf("%v; it was looked at: %t", err, looked == nil)
	}
	if _, err := os.Stat(filepath.Join(dir, "b/z/x.txt")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "moved/x.txt")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what was to be deleted: %v", err)
	}
}

// What has taken the place of a file when it is deleted, and is no file, stays.
func TestDeleteLeavesFolders(t *testing.T) {
	f, dir := open(t, map[string]string{"b/x.txt": "x"})
	path := filepath.Join(dir, "b/x.txt")
	looked = func(name string) {
		if name == "x.txt" {
			looked = nil
			if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o755)); err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(func() { looked = nil })
	if err := f.Delete(t.Context(), "b", "x.txt"); err != nil || looked != nil {
		t.Errorf("%v; it was looked at: %t", err, looked == nil)
	}
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		t.Errorf("the folder in its place: %v", err)
	}
}

// A folder that is replaced each time it is opened is said to be, and not to be a link, unless it is one.
func TestReplacedIsTold(t *testing.T) {
	for what, c := range map[string]struct {
		become func(path string) error
		want   string
	}{
		"a folder": {func(path string) error { return os.Mkdir(path, 0o755) }, "something else took its place each time it was opened"},
		"a link":   {func(path string) error { return os.Symlink("z", path) }, "a link is not followed"},
	} {
		f, dir := open(t, map[string]string{"b/d/x.txt": "x", "b/z/x.txt": "z"})
		path, times := filepath.Join(dir, "b/d"), 0
		looked = func(name string) {
			if name == "d" {
				times++
				if err := errors.Join(os.Rename(path, fmt.Sprintf("%s-moved-%d", dir, times)), c.become(path)); err != nil {
					t.Error(err)
				}
			}
		}
		t.Cleanup(func() {
			looked = nil
			for i := range times {
				os.RemoveAll(fmt.Sprintf("%s-moved-%d", dir, i+1))
			}
		})
		_, err := f.Get(t.Context(), "b", "d/x.txt", "", objectstore.Range{})
		if !errors.Is(err, objectstore.ErrNoObject) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// list returns the keys of bucket b.
func list(t *testing.T, f *Folder) (keys string, err error) {
	t.Helper()
	var all []string
	err = f.Walk(t.Context(), "b", "", func(o objectstore.Object) error { all = append(all, o.Key); return nil })
	return strings.Join(all, " "), err
}
