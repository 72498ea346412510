//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"magpie/internal/extract/hostile"
	"magpie/internal/leak"
)

// TestMain is the program itself where a test starts it as that.
func TestMain(m *testing.M) {
	if os.Getenv("MAGPIE_TEST_PROGRAM") != "" { // what was started as a box has served as one before this
		os.Unsetenv("MAGPIE_TEST_PROGRAM")
		main()
		os.Exit(0)
	}
	os.Exit(leak.Run(m))
}

// program is the program, to be started with these arguments.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], args...)
	c.Env = append(os.Environ(), "MAGPIE_TEST_PROGRAM=1")
	return c
}

// first waits for the beginning of what somebody writes, and keeps all of it.
type first struct {
	all  bytes.Buffer
	came chan struct{}
}

func (f *first) Write(p []byte) (int, error) {
	if f.all.Len() == 0 {
		close(f.came)
	}
	return f.all.Write(p)
}

// A scan ends within a second of the first signal, whatever it waits for, and shows what it has found.
func TestScanEndsOnSignal(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.txt", "b.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("my ssn is 536-90-4399\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		c := program(t, "scan", "--workers", "1", "--output", "json", "--no-progress", dir, "-")
		in, w, err := os.Pipe() // which nobody writes to
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		out := &first{came: make(chan struct{})}
		var errs bytes.Buffer
		c.Stdin, c.Stdout, c.Stderr = in, out, &errs
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		in.Close()
		<-out.came
		began := time.Now()
		c.Process.Signal(sig)
		c.Wait()
		if took := time.Since(began); took > 30*time.Second { // a second, on a machine that does nothing else
			t.Errorf("%v: it took %v", sig, took)
		}
		if c.ProcessState.ExitCode() != 1 || !strings.Contains(errs.String(), "interrupted") || strings.Count(out.all.String(), "USA_SOCIAL_SECURITY_NUMBER") != 2 {
			t.Errorf("%v: %v: %s%s", sig, c.ProcessState, out.all.String(), errs.String())
		}
	}
}

// It does so whatever it reads. MAGPIE_HOSTILE_STRICT has it read all files that were made to hurt, and holds it to the second.
func TestScanEndsOnSignalWhateverItReads(t *testing.T) {
	strict := os.Getenv("MAGPIE_HOSTILE_STRICT") != ""
	dir := t.TempDir()
	worst, of := time.Duration(0), ""
	for _, f := range hostile.Files() {
		if !strict && f.Name != "places.avro" && f.Name != "shared.xlsx" && f.Name != "trailers.pdf" {
			continue
		}
		name := filepath.Join(dir, f.Name)
		if err := os.WriteFile(name, f.Make(), 0o600); err != nil {
			t.Fatal(err)
		}
		c := program(t, "scan", "--workers", "1", "--max-time", "1h", "--output", "json", "--no-progress", name)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(300 * time.Millisecond) // it reads by now, or it has ended, or it has hardly begun: all is well
		began := time.Now()
		c.Process.Signal(syscall.SIGTERM)
		c.Wait()
		took := time.Since(began)
		if took > 30*time.Second || strict && took > time.Second {
			t.Errorf("%s: it took %v", f.Name, took)
		}
		if c.ProcessState.ExitCode() == 2 { // a panic, or a command that was not understood
			t.Errorf("%s: %v", f.Name, c.ProcessState)
		}
		if took > worst {
			worst, of = took, f.Name
		}
		os.Remove(name)
	}
	if strict {
		fmt.Printf("| the end of a scan after SIGTERM, at worst, %s | %d ms |\n", of, worst.Milliseconds())
	}
}

// It does not wait for whoever reads its answer either.
func TestScanEndsOnSignalUnread(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, strings.Repeat("long", 50)+".txt")
	if err := os.WriteFile(name, []byte(strings.Repeat("my ssn is 536-90-4399\n", 2000)), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"scan", "--output", "json"}
	for range 100 {
		args = append(args, name)
	}
	c := program(t, args...)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	c.Stdout = w
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if _, err := io.ReadFull(r, make([]byte, 1)); err != nil { // it writes, and will fill the pipe
		t.Fatal(err)
	}
	began := time.Now()
	c.Process.Signal(syscall.SIGTERM)
	c.Wait()
	if took := time.Since(began); took > 30*time.Second || c.ProcessState.ExitCode() != 1 {
		t.Errorf("after %v: %v", took, c.ProcessState)
	}
}

// The boxes of a scan that is killed end with it.
func TestScanKilled(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("there is no /proc")
	}
	c := program(t, "scan", "--workers", "1", "--output", "json", filepath.Join("testdata"), "-")
	in, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	c.Stdin = in
	// A box holds the other end of no pipe of ours; that its own standard error ends says that it is gone.
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	in.Close()
	io.WriteString(w, "my ssn is 536-90-4399\n")
	var boxes []string
	for deadline := time.Now().Add(2 * time.Minute); len(boxes) == 0 && time.Now().Before(deadline); {
		boxes = children(t, c.Process.Pid)
	}
	if len(boxes) == 0 {
		t.Fatal("it has no box")
	}
	c.Process.Kill()
	c.Wait()
	for deadline := time.Now().Add(2 * time.Minute); ; {
		left := 0
		for _, pid := range boxes {
			if stat, err := os.ReadFile("/proc/" + pid + "/stat"); err == nil && !bytes.Contains(stat, []byte(") Z ")) {
				left++
			}
		}
		if left == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d boxes have outlived it", left)
		}
	}
}

// children are the boxes that a process has started.
func children(t *testing.T, pid int) (pids []string) {
	t.Helper()
	tasks, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/children")
	for _, task := range tasks {
		b, _ := os.ReadFile(task)
		pids = append(pids, strings.Fields(string(b))...)
	}
	return pids
}

// TestScanAlone holds the command line that is made for a scan against the whole one.
func TestScanAlone(t *testing.T) {
	var text [2]string
	for i, root := range []*cobra.Command{root(), rootFor([]string{"scan", "x"})} {
		c, _, err := root.Find([]string{"scan"})
		if err != nil || c.Name() != "scan" {
			t.Fatal(c, err)
		}
		text[i] = c.Long + c.UsageString()
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if complete, ok := c.GetFlagCompletionFunc(f.Name); ok {
				values, _ := complete(c, nil, "")
				text[i] += f.Name + strings.Join(values, ",") + "\n"
			}
		})
	}
	if text[0] != text[1] {
		t.Errorf("a scan by itself:\n%s\nwithin the whole:\n%s", text[1], text[0])
	}
}
