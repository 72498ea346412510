//go:build unix

package scan

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// whenOpened has f called before the path that ends so is opened.
func whenOpened(t *testing.T, suffix string, f func()) {
	t.Helper()
	done := false
	opening = func(path string) {
		if !done && strings.HasSuffix(filepath.ToSlash(path), suffix) {
			done = true
			f()
		}
	}
	t.Cleanup(func() {
		opening = nil
		if !done {
			t.Errorf("%s was not opened", suffix)
		}
	})
}

// What becomes a symbolic link after the walk has seen it is not followed, wherever it leads: neither
// out of the folder, nor to another place in it, which --exclude may have left out.
func TestReplacedByLink(t *testing.T) {
	const ssn = "my ssn is 536-90-4399\n"
	for _, c := range []struct{ name, opened, replaced, by string }{
		{"a file, leading out", "in/d/a.txt", "in/d/a.txt", "../../out/secret.txt"},
		{"a file, leading elsewhere in it", "in/d/a.txt", "in/d/a.txt", "../kept/secret.txt"},
		{"the folder of a file, leading out", "in/d/a.txt", "in/d", "../out"},
		{"the folder of a file, leading elsewhere in it", "in/d/a.txt", "in/d", "kept"},
		{"a folder above", "in/up/d/a.txt", "in/up", "../deep"},
		{"a folder, before it is listed", "in/d", "in/d", "../out"},
		{"a folder of folders, before it is listed", "in/up/d", "in/up", "../deep"},
		{"a loop", "in/d", "in/d", "."},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			for name, content := range map[string]string{"in/d/a.txt": "fine\n", "in/up/d/a.txt": "fine\n", "in/kept/secret.txt": ssn,
				"out/secret.txt": ssn, "out/a.txt": ssn, "in/kept/a.txt": ssn, "deep/d/a.txt": ssn} {
				os.MkdirAll(filepath.Dir(name), 0o755)
				if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			whenOpened(t, c.opened, func() {
				if err := os.Rename(c.replaced, "moved"); err != nil {
					t.Error(err)
				}
				if err := os.Symlink(c.by, c.replaced); err != nil {
					t.Error(err)
				}
			})
			code, out, _ := run(t, "", "--exclude", "kept", "--reveal", "in")
			if strings.Contains(out, "USA_SOCIAL") || strings.Contains(out, "4399") {
				t.Errorf("it was followed: %s", out)
			}
			if code != ExitUnread || !strings.Contains(out, "symbolic link has taken its place") {
				t.Errorf("code %d: %s", code, out)
			}
		})
	}
}

// A file that becomes a pipe is not waited for, and a device not read.
func TestReplacedByPipe(t *testing.T) {
	folder(t)
	whenOpened(t, "clean.log", func() { os.Rename("pipe", "clean.log") })
	code, out, _ := run(t, "", "--fail-on", "FOUND", "--include", "*.log", ".")
	if code != ExitUnread || !strings.Contains(out, "no longer a file") {
		t.Errorf("code %d: %s", code, out)
	}
}

// Folders may be nested deeper than a path may be long.
func TestDeep(t *testing.T) {
	root := t.TempDir()
	t.Chdir(root)
	name := strings.Repeat("d", 200)
	for range 30 {
		if err := os.Mkdir(name, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chdir(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("a.txt", []byte("my ssn is 536-90-4399\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chdir(root); err != nil {
		t.Fatal(err)
	}
	if code, out, _ := run(t, "", "--fail-on", "FOUND", "."); code != ExitFound {
		t.Errorf("code %d: %.500s", code, out)
	}
	// The test's folder could not be removed by its path.
	if err := os.RemoveAll(name); err != nil {
		t.Error(err)
	}
}

// A file that becomes shorter after it was opened is not complete.
func TestShrinks(t *testing.T) {
	t.Chdir(t.TempDir())
	line := "my ssn is 536-90-4399\n"
	for _, name := range []string{"a.txt", "b.txt"} { // b is opened after a, and before a is read
		if err := os.WriteFile(name, []byte(strings.Repeat(line, 50_000)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	whenOpened(t, "b.txt", func() { os.Truncate("a.txt", int64(len(line))*40_000) })
	code, out, errs := run(t, "", "--workers", "1", "--output", "json", ".")
	first, second, _ := strings.Cut(out, "\n")
	if code != ExitUnread || !strings.Contains(errs, "a.txt: it became shorter") {
		t.Errorf("code %d: %s", code, errs)
	}
	if !strings.Contains(first, `"path":"a.txt"`) || !strings.Contains(first, `"code":"PARTIAL"`) || strings.Contains(first, `"sizeClassified":1100000,`) {
		t.Errorf("%.300s", first)
	}
	if !strings.Contains(second, `"code":"COMPLETE"`) {
		t.Errorf("%.300s", second)
	}
}

// An empty file is one; what only says that it is empty is read.
func TestSizeUnknown(t *testing.T) {
	t.Chdir(t.TempDir())
	os.WriteFile("empty.txt", nil, 0o600)
	if code, out, _ := run(t, "", "--output", "json", "."); code != 0 || !strings.Contains(out, `"code":"COMPLETE"`) || !strings.Contains(out, `"sizeClassified":0`) {
		t.Errorf("code %d: %s", code, out)
	}
	if _, err := os.Stat("/proc/version"); err != nil {
		t.Skip("there is no /proc")
	}
	if code, out, _ := run(t, "", "--output", "json", "/proc/version"); code != 0 || strings.Contains(out, `"sizeClassified":0`) {
		t.Errorf("code %d: %s", code, out)
	}
}

// Where the kernel cannot walk over the names, we do, with the same outcome.
func TestStepwise(t *testing.T) {
	dir := t.TempDir()
	os.MkdirAll(filepath.Join(dir, "a/b"), 0o755)
	os.WriteFile(filepath.Join(dir, "a/b/c.txt"), nil, 0o600)
	os.Symlink("b", filepath.Join(dir, "a/link"))
	os.Symlink("c.txt", filepath.Join(dir, "a/b/link"))
	d, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, c := range []struct {
		rel   string
		flags int
		want  error
	}{
		{"a/b/c.txt", 0, nil}, {"a/b", syscall.O_DIRECTORY, nil}, {".", syscall.O_DIRECTORY, nil}, {"a/b/none", 0, syscall.ENOENT},
		{"a/b/link", 0, syscall.ELOOP}, {"a/link/c.txt", 0, syscall.ELOOP}, {"a/b/c.txt/d", 0, syscall.ENOTDIR},
	} {
		fd, err := stepwise(int(d.Fd()), c.rel, syscall.O_RDONLY|syscall.O_NOFOLLOW|c.flags)
		if err != c.want {
			t.Errorf("%s: %v, not %v", c.rel, err, c.want)
		}
		if err == nil {
			syscall.Close(fd)
		}
	}
}
