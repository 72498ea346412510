package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/emersion/go-smtp"

	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/server"
	"magpie/internal/sigv4"
	"magpie/internal/store/storetest"
)

// rig is a built Magpie with a database of its own.
type rig struct {
	engine  string
	binary  string
	config  server.Config
	process *exec.Cmd
	address string
	keys    map[macie2.AccountID]sigv4.Credentials // where they are kept from round to round
	startup time.Duration                          // from exec to the first signed answer
}

// cpu is the processor time that the program has used, and that the PostgreSQL processes of this machine have used; the latter only where
// the rig is on PostgreSQL.
func (r *rig) cpu() (program, database time.Duration) {
	program = processorTime(strconv.Itoa(r.process.Process.Pid))
	if r.engine != "postgres" {
		return program, 0
	}
	names, err := filepath.Glob("/proc/[0-9]*/comm")
	if err != nil {
		return program, 0
	}
	for _, name := range names {
		if comm, err := os.ReadFile(name); err == nil && string(comm) == "postgres\n" {
			database += processorTime(filepath.Base(filepath.Dir(name)))
		}
	}
	return program, database
}

// processorTime is the user and system time of a process, 0 for one that is gone.
func processorTime(pid string) time.Duration {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond // the kernel counts in hundredths of a second
}

// build builds the program into dir, without the parts named: permissions, rates, audit.
func build(ctx context.Context, dir string, without ...string) (string, error) {
	parts := strings.Join(without, ",")
	binary := filepath.Join(dir, "magpie"+parts)
	args := []string{"build", "-o", binary}
	if parts != "" {
		args = append(args, "-tags", "measure", "-ldflags", "-X magpie/internal/server.without="+parts)
	}
	c := exec.CommandContext(ctx, "go", append(args, "magpie/cmd/magpie")...)
	c.Stderr = os.Stderr
	return binary, c.Run()
}

// newRig makes a database on the engine. stop takes it away.
func newRig(engine, binary, dir string) (r *rig, stop func(), err error) {
	data := filepath.Join(dir, engine)
	r = &rig{engine: engine, binary: binary, config: server.Config{Data: data}}
	if engine == "sqlite" {
		return r, func() {}, os.MkdirAll(data, 0o700)
	}
	if engine != "postgres" {
		return nil, nil, fmt.Errorf("-engine: %q is neither sqlite nor postgres", engine)
	}
	cluster, err := storetest.StartCluster(storetest.ClusterOptions{Durable: true})
	if err != nil {
		return nil, nil, err
	}
	r.config.DatabaseURL = cluster.URL("postgres")
	return r, cluster.Stop, os.MkdirAll(data, 0o700)
}

// accounts registers accounts, and makes a key for each, on the database itself.
func (r *rig) accounts(ctx context.Context, ids []macie2.AccountID, keys bool) (map[macie2.AccountID]sigv4.Credentials, error) {
	db, err := server.OpenStore(ctx, r.config, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	defer db.Close()
	master, err := identity.LoadMasterKey(ctx, db, identity.MasterKeySource{Folder: r.config.Data})
	if err != nil {
		return nil, err
	}
	service, err := identity.Open(ctx, db, master, identity.Options{})
	if err != nil {
		return nil, err
	}
	made := make(map[macie2.AccountID]sigv4.Credentials)
	var mu sync.Mutex
	var failed []error
	var next atomic.Int64
	var group sync.WaitGroup
	for range 64 {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(ids) {
					return
				}
				now := time.Now().UTC()
				_, err := service.CreateAccount(ctx, ids[i], email(ids[i]), "", now)
				var c sigv4.Credentials
				if err == nil && keys {
					key, secret, keyErr := service.CreateKey(ctx, ids[i], "bench", nil, now)
					c, err = sigv4.Credentials{AccessKeyID: key.ID, SecretAccessKey: secret.Reveal()}, keyErr
				}
				mu.Lock()
				made[ids[i]] = c
				if err != nil {
					failed = append(failed, err)
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return made, errors.Join(failed...)
}

func email(id macie2.AccountID) string { return "a" + string(id) + "@example.com" }

// start runs the program until stop, and measures how long it takes to its first signed answer.
func (r *rig) start(as sigv4.Credentials, flags ...string) error {
	began := time.Now()
	if err := r.launch(flags...); err != nil {
		return err
	}
	_, err := load(r.address, region, 1, []call{{"GET", "/macie", "", as}}, func(int, []byte) bool { return true })
	r.startup = time.Since(began)
	return err
}

// launch runs the program until stop, and returns once it says that it serves.
func (r *rig) launch(flags ...string) error {
	args := []string{"serve", "--listen", "127.0.0.1:0", "--data", r.config.Data}
	if r.config.DatabaseURL != "" {
		args = append(args, "--database-url", r.config.DatabaseURL)
	}
	r.process = exec.Command(r.binary, append(args, flags...)...)
	r.process.SysProcAttr = dieWithUs()
	stderr, err := r.process.StderrPipe()
	if err != nil {
		return err
	}
	if err := r.process.Start(); err != nil {
		return err
	}
	lines := bufio.NewReader(stderr)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return fmt.Errorf("the server ended before it served: %w", err)
		}
		if _, rest, ok := strings.Cut(line, "url=http"); ok {
			_, r.address, _ = strings.Cut(strings.Fields(rest)[0], "://")
			break
		}
	}
	go io.Copy(io.Discard, lines)
	return nil
}

// stop ends the program as an operator would.
func (r *rig) stop() error {
	if err := r.process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return r.process.Wait()
}

// memory is the program's resident memory, in bytes.
func (r *rig) memory() int64 { return residentMemory(r.process.Process.Pid) }

// peak is the most that it was, in bytes.
func (r *rig) peak() int64 { return memoryOf(r.process.Process.Pid, "VmHWM:") }

func residentMemory(pid int) int64 { return memoryOf(pid, "VmRSS:") }

func memoryOf(pid int, name string) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10
		}
	}
	return 0
}

// relay is a mail relay that counts what it takes.
type relay struct {
	taken  atomic.Int64
	server *smtp.Server
	url    string
}

func startRelay() (*relay, error) {
	r := &relay{}
	r.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &relaySession{r}, nil }))
	r.server.Domain = "localhost"
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go r.server.Serve(listener)
	r.url = "smtp://" + listener.Addr().String() + "?tls=off"
	return r, nil
}

type relaySession struct{ relay *relay }

func (s *relaySession) Mail(string, *smtp.MailOptions) error { return nil }
func (s *relaySession) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (s *relaySession) Reset()                               {}
func (s *relaySession) Logout() error                        { return nil }
func (s *relaySession) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	s.relay.taken.Add(1)
	return err
}
