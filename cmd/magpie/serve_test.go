//go:build unix

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A server's first line names its data folder, and a second one on that folder is refused with who holds it; once the first is killed,
// another may.
func TestOneServerForAFolder(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	for range 2 {
		c := program(t, "serve", "--dev", "--listen", "127.0.0.1:0", "--data", data)
		stderr, err := c.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(stderr)
		for n := 0; lines.Scan(); n++ {
			if n == 0 && !strings.Contains(lines.Text(), "data="+data) {
				t.Errorf("the first line is %s", lines.Text())
			}
			if strings.Contains(lines.Text(), "msg=serving") {
				break
			}
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
		second := program(t, "serve", "--dev", "--listen", "127.0.0.1:0", "--data", data)
		var said bytes.Buffer
		second.Stderr = &said
		if err := second.Run(); err == nil || !strings.Contains(said.String(), fmt.Sprintf("it is served already, by process %d, which listens on 127.0.0.1:0, since ", c.Process.Pid)) {
			t.Errorf("the second ends with %v, and says\n%s", err, said.String())
		}
		if err := c.Process.Signal(syscall.SIGKILL); err != nil {
			t.Error(err)
		}
		if _, ok := c.Wait().(*exec.ExitError); !ok {
			t.Error("it was not killed")
		}
	}
}
