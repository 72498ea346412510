package apitest

import (
	"bufio"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"magpie/internal/apitest/shipped"
)

func TestMain(m *testing.M) { shipped.Main(m) }

// program returns a command of the built binary, in an environment that says nothing to it.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	binary, err := shipped.Binary()
	if err != nil {
		t.Fatal(err)
	}
	return programAt(binary, args...)
}

// programAt is program for a binary that was built otherwise.
func programAt(binary string, args ...string) *exec.Cmd {
	cmd := exec.Command(binary, args...)
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "MAGPIE_") && !strings.HasPrefix(entry, "AWS_") {
			cmd.Env = append(cmd.Env, entry)
		}
	}
	return cmd
}

// A process is a running `magpie serve`.
type process struct {
	t       *testing.T
	cmd     *exec.Cmd
	address string        // host:port that it listens on; "" if it ended before it did
	ended   chan struct{} // closed when it has ended and said all

	mu  sync.Mutex
	log []string // the last lines
	err error    // how it ended
}

// flags are those of `magpie serve` for a node of the house.
func (h *house) flags(more ...string) []string {
	flags := []string{"serve", "--listen", "127.0.0.1:0", "--data", h.config.Data, "--mail-rate", strconv.Itoa(h.config.MailRate)}
	if h.config.DatabaseURL != "" {
		flags = append(flags, "--database-url", h.config.DatabaseURL)
	}
	if h.config.QuotaMembers > 0 {
		flags = append(flags, "--quota-members", strconv.Itoa(h.config.QuotaMembers))
	}
	if h.config.SMTPURL != "" {
		flags = append(flags, "--smtp-url", h.config.SMTPURL)
	}
	return append(flags, more...)
}

// launch starts a node in a process of its own and returns once it serves or has ended. It is killed when the test ends.
func (h *house) launch(more ...string) *process { return h.launchFor(time.Hour, more...) }

// launchFor is launch for a node that is killed after so long, if it has not ended by then.
func (h *house) launchFor(life time.Duration, more ...string) *process {
	h.t.Helper()
	return h.launchAs(life, h.flags(more...)...)
}

// work starts a node that does background work only, which must begin to.
func (h *house) work(more ...string) *process {
	h.t.Helper()
	flags := append([]string{"worker", "--data", h.config.Data, "--database-url", h.config.DatabaseURL}, more...)
	p := h.launchAs(time.Hour, flags...)
	if !strings.Contains(p.said(), "msg=working") {
		h.t.Fatalf("the node does not work: %v\n%s", p.err, p.said())
	}
	return p
}

// launchAs starts the program with arguments in a process of its own and returns once it serves, works or has ended.
func (h *house) launchAs(life time.Duration, args ...string) *process {
	t := h.t
	t.Helper()
	p := &process{t: t, ended: make(chan struct{})}
	if h.binary != "" {
		p.cmd = programAt(h.binary, args...)
	} else {
		p.cmd = program(t, args...)
	}
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.SysProcAttr = dieWithUs()
	serving := make(chan error, 1)
	go func() {
		defer close(p.ended)
		// The kernel ends the child with the thread that started it: this one stays until the child has ended.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := p.cmd.Start(); err != nil {
			serving <- err
			return
		}
		death := time.AfterFunc(life, func() { _ = p.cmd.Process.Signal(syscall.SIGKILL) })
		defer death.Stop()
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			line := lines.Text()
			p.mu.Lock()
			if p.log = append(p.log, line); len(p.log) > 200 {
				p.log = p.log[100:]
			}
			p.mu.Unlock()
			if _, rest, ok := strings.Cut(line, "msg=serving url="); ok {
				_, p.address, _ = strings.Cut(strings.Fields(rest)[0], "://")
				serving <- nil
			} else if strings.Contains(line, "msg=working ") {
				serving <- nil
			}
		}
		p.err = p.cmd.Wait()
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("the last lines of %s:\n%s", p.address, p.said())
		}
	})
	select {
	case err := <-serving:
		if err != nil {
			t.Fatal(err)
		}
	case <-p.ended:
	}
	return p
}

// serve is launch for a node that must serve.
func (h *house) serve(more ...string) *process {
	h.t.Helper()
	p := h.launch(more...)
	if p.address == "" {
		h.t.Fatalf("the node does not serve: %v\n%s", p.err, p.said())
	}
	return p
}

// said is what the process wrote to its log lately.
func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.log, "\n")
}

// kill ends the process as a power failure would, if it has not ended.
func (p *process) kill() {
	_ = p.cmd.Process.Signal(syscall.SIGKILL)
	<-p.ended
}

// terminate asks the process to end.
func (p *process) terminate() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
}

// stop asks the process to end and waits until it has, which must be in order.
func (p *process) stop() {
	p.t.Helper()
	p.terminate()
	<-p.ended
	if p.err != nil {
		p.t.Errorf("asked to end, the node ends with %v\n%s", p.err, p.said())
	}
}
