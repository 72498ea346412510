package cli_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"magpie/internal/apitest/shipped"
)

func TestMain(m *testing.M) { shipped.Main(m) }

// A rig is a running server, and the program as its client.
type rig struct {
	t      testing.TB
	binary string
	data   string // folder of the server
	home   string // working folder of the client
	url    string // of the server
	server *exec.Cmd
	listen string
	flags  []string
}

// start runs a server that checks no secrets until the test ends.
func start(t testing.TB, flags ...string) *rig {
	t.Helper()
	r := install(t, append([]string{"--dev"}, flags...)...)
	r.serve()
	return r
}

// install prepares a server.
func install(t testing.TB, flags ...string) *rig {
	t.Helper()
	binary, err := shipped.Binary()
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, binary: binary, data: t.TempDir(), home: t.TempDir(), listen: "127.0.0.1:0", flags: flags}
	t.Cleanup(r.kill)
	return r
}

// serve starts the server, at the address that it had before if there was one.
func (r *rig) serve() {
	r.t.Helper()
	args := append([]string{"serve", "--listen", r.listen, "--data", r.data}, r.flags...)
	r.server = exec.Command(r.binary, args...)
	r.server.Env = clientEnv(nil)
	stderr, err := r.server.StderrPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.server.Start(); err != nil {
		r.t.Fatal(err)
	}
	address := make(chan string, 1)
	go func() {
		defer close(address)
		var log bytes.Buffer
		buf := make([]byte, 4096)
		found := false
		for {
			n, err := stderr.Read(buf)
			if !found {
				log.Write(buf[:n])
				if m := servingAt.FindSubmatch(log.Bytes()); m != nil {
					address <- string(m[1])
					found = true
				}
			}
			if err != nil {
				if !found {
					address <- ""
					r.t.Log(log.String())
				}
				return
			}
		}
	}()
	select {
	case a := <-address:
		if a == "" {
			r.t.Fatal("the server does not begin to serve")
		}
		r.listen, r.url = a, "http://"+a
	case <-time.After(time.Minute):
		r.t.Fatal("the server does not begin to serve")
	}
}

var servingAt = regexp.MustCompile(`url=http://(\S+)`)

// kill ends the server as a power cut would.
func (r *rig) kill() {
	if r.server != nil {
		_ = r.server.Process.Kill()
		_ = r.server.Wait()
		r.server = nil
	}
}

// clientEnv is our environment without anything that tells an AWS client where to go or who to be, and with what is given.
func clientEnv(more map[string]string) []string {
	var env []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "AWS_") && !strings.HasPrefix(entry, "MAGPIE_") && !strings.HasPrefix(entry, "COLUMNS=") {
			env = append(env, entry)
		}
	}
	env = append(env, "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "TERM=xterm", "NO_COLOR=1")
	for name, value := range more {
		env = append(env, name+"="+value)
	}
	return env
}

// env is the environment of a client that is the account, whose id is its key in dev mode.
func (r *rig) env(account string) []string {
	return clientEnv(map[string]string{
		"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "anything", "AWS_REGION": "eu-west-1",
		"MAGPIE_ENDPOINT_URL": r.url, "MAGPIE_DATA": r.data, "HOME": r.home, "XDG_STATE_HOME": filepath.Join(r.home, "state"),
		"PATH": filepath.Dir(r.binary) + string(os.PathListSeparator) + os.Getenv("PATH"),
	})
}

// command prepares the program as a client of the server.
func (r *rig) command(account string, args ...string) *exec.Cmd {
	c := exec.CommandContext(r.t.Context(), r.binary, args...)
	c.Env, c.Dir = r.env(account), r.home
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGKILL) }
	return c
}

// A result is what a program printed, and how it ended.
type result struct {
	stdout, stderr string
	code           int
}

// run runs the program to its end, with its output in pipes.
func (r *rig) run(account string, args ...string) result {
	r.t.Helper()
	return finish(r.t, r.command(account, args...))
}

func finish(t testing.TB, c *exec.Cmd) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), c.ProcessState.ExitCode()}
}

// must is run for what has to succeed.
func (r *rig) must(account string, args ...string) string {
	r.t.Helper()
	got := r.run(account, args...)
	if got.code != 0 {
		r.t.Fatalf("magpie %s: exit %d\n%s%s", strings.Join(args, " "), got.code, got.stdout, got.stderr)
	}
	return got.stdout
}

// terminal starts the program in a pseudo-terminal.
func (r *rig) terminal(c *exec.Cmd) *os.File {
	r.t.Helper()
	f, err := pty.StartWithSize(c, &pty.Winsize{Rows: 40, Cols: 100})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { f.Close() })
	return f
}

// inTerminal runs the program in a pseudo-terminal, types what is given once the program asks for it, and returns what the terminal got.
func (r *rig) inTerminal(account, typed string, args ...string) result {
	r.t.Helper()
	c := r.command(account, args...)
	f := r.terminal(c)
	var out bytes.Buffer
	if typed != "" {
		one := make([]byte, 1)
		for !strings.HasSuffix(out.String(), "for yes: ") {
			if _, err := f.Read(one); err != nil {
				r.t.Fatalf("it asks nothing: %v\n%s", err, out.String())
			}
			out.Write(one)
		}
		if _, err := io.WriteString(f, typed); err != nil {
			r.t.Fatal(err)
		}
	}
	_, _ = io.Copy(&out, f) // ends with an error of the terminal's when the program has ended
	_ = c.Wait()
	return result{stdout: out.String(), code: c.ProcessState.ExitCode()}
}
