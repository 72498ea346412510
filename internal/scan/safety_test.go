//go:build unix

package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
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

// A file that becomes something else is not read, whatever it is, and a pipe not waited for.
func TestReplacedBySomethingElse(t *testing.T) {
	for what, create := range map[string]func(name string) error{
		"a pipe":   func(name string) error { return syscall.Mkfifo(name, 0o600) },
		"a socket": func(name string) error { return syscall.Mknod(name, syscall.S_IFSOCK|0o600, 0) },
		"a folder": func(name string) error { return os.Mkdir(name, 0o700) },
		"a device": func(name string) error { return syscall.Mknod(name, syscall.S_IFCHR|0o600, 1<<8|5) }, // of zeros without end
	} {
		t.Run(what, func(t *testing.T) {
			folder(t)
			if err := create("other"); errors.Is(err, syscall.EPERM) {
				t.Skipf("it takes privileges to make %s", what)
			} else if err != nil {
				t.Fatal(err)
			}
			whenOpened(t, "clean.log", func() {
				if err := errors.Join(os.Remove("clean.log"), os.Rename("other", "clean.log")); err != nil {
					t.Error(err)
				}
			})
			code, out, _ := run(t, "", "--fail-on", "FOUND", "--include", "*.log", ".")
			if code != ExitUnread || !strings.Contains(out, "no longer a file") {
				t.Errorf("code %d: %s", code, out)
			}
		})
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

// What happens to a file after its last read is told too, in whichever process it was read.
func TestChangesAfterTheLastRead(t *testing.T) {
	const line = "my ssn is 536-90-4399\n"
	for _, lines := range []int{5_000, 50_000} { // read in this process, and in a box
		content := strings.Repeat(line, lines)
		for _, c := range []struct {
			name, said, status string
			code               int
			change             func(f *os.File) error
		}{
			{"shorter", "it became shorter", "PARTIAL", ExitUnread, func(f *os.File) error { return f.Truncate(int64(len(content) / 2)) }},
			{"nothing is left", "it became shorter", "PARTIAL", ExitUnread, func(f *os.File) error { return f.Truncate(0) }},
			{"written to", "it was written to since it was opened", "PARTIAL", ExitUnread, func(f *os.File) error {
				_, err := f.WriteAt([]byte("your"), 0)
				return errors.Join(err, os.Chtimes(f.Name(), time.Time{}, time.Unix(1, 0)))
			}},
			{"longer", `"grewWhileRead":true`, "COMPLETE", 0, func(f *os.File) error {
				_, err := f.WriteAt([]byte(line), int64(len(content)))
				return err
			}},
			{"replaced", "", "COMPLETE", 0, func(f *os.File) error {
				return errors.Join(os.WriteFile("other", []byte("short"), 0o600), os.Rename("other", f.Name()))
			}},
			{"removed", "", "COMPLETE", 0, func(f *os.File) error { return os.Remove(f.Name()) }},
		} {
			t.Run(fmt.Sprintf("%d lines, %s", lines, c.name), func(t *testing.T) {
				t.Chdir(t.TempDir())
				if err := os.WriteFile("a.txt", []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
				f, err := os.OpenFile("a.txt", os.O_RDWR, 0)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				wasRead = func(string) {
					if err := c.change(f); err != nil {
						t.Error(err)
					}
				}
				t.Cleanup(func() { wasRead = nil })
				code, out, errs := run(t, "", "--output", "json", "a.txt")
				if code != c.code || !strings.Contains(out+errs, c.said) || !strings.Contains(out, `"code":"`+c.status+`"`) {
					t.Errorf("code %d: %.300s %s", code, out, errs)
				}
				if whole := fmt.Sprintf(`"sizeClassified":%d,`, len(content)); strings.Contains(out, whole) != (c.status == "COMPLETE") {
					t.Errorf("%s: %.300s", whole, out)
				}
			})
		}
	}
}

// Of a file that becomes longer each of the other answers tells too.
func TestGrewIsTold(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("a.txt", []byte(strings.Repeat("fine\n", 20_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	wasRead = func(string) {
		info, _ := os.Stat("a.txt")
		os.Truncate("a.txt", info.Size()+1)
	}
	t.Cleanup(func() { wasRead = nil })
	for form, want := range map[string]string{"table": "Became longer while being read: 1 file;", "sarif": "it became longer while it was read;"} {
		if code, out, _ := run(t, "", "--output", form, "a.txt"); code != 0 || !strings.Contains(out, want) {
			t.Errorf("%s: code %d: %s", form, code, out)
		}
	}
}

// A pipe that an option names, and nobody writes to, is not waited for once the scan is interrupted.
func TestInterruptedBeforeItBegins(t *testing.T) {
	for _, option := range []string{"--allow", "--custom"} {
		t.Chdir(t.TempDir())
		if err := syscall.Mkfifo("pipe", 0o600); err != nil {
			t.Fatal(err)
		}
		hold, err := os.OpenFile("pipe", os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		var code int
		var errs strings.Builder
		go func() {
			defer close(ended)
			code = Main(ctx, []string{option, "pipe", "."}, strings.NewReader(""), io.Discard, &errs)
		}()
		cancel()
		select {
		case <-ended:
		case <-time.After(30 * time.Second): // a second, on a machine that does nothing else
			t.Errorf("%s: it waits for the pipe", option)
		}
		// Whoever comes to the pipe only now finds a file.
		if err := errors.Join(os.WriteFile("file", nil, 0o600), os.Rename("file", "pipe"), hold.Close()); err != nil {
			t.Error(err)
		}
		<-ended
		if code != ExitUnread || !strings.Contains(errs.String(), "interrupted") {
			t.Errorf("%s: code %d: %s", option, code, errs.String())
		}
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
