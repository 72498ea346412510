//go:build patroni && linux

package apitest

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// A patroni is three PostgreSQL servers under Patroni, and the etcd in which they agree who leads, all on loopback. Processes and folders
// end with the test.
type patroni struct {
	t       *testing.T
	dir     string
	bin     string
	attr    *syscall.SysProcAttr
	etcd    string // host:port
	members []*member
}

type member struct {
	name     string
	sql, api string // host:port
	folder   string
	stop     func() // Patroni, not the server under it
}

// Patroni's times, in seconds: a leader that is silent for ttl is replaced. They are its smallest; its defaults are 30, 10 and 10.
const patroniTimes = "ttl: 20\n    loop_wait: 2\n    retry_timeout: 3"

func startPatroni(t *testing.T) *patroni {
	t.Helper()
	bins, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(bins) == 0 {
		t.Fatal("there is no PostgreSQL under /usr/lib/postgresql")
	}
	dir, err := os.MkdirTemp("", "magpie-patroni-")
	if err != nil {
		t.Fatal(err)
	}
	p := &patroni{t: t, dir: dir, bin: bins[len(bins)-1], attr: dieWithUs()}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if os.Geteuid() == 0 { // as whom PostgreSQL does not run
		u, err := user.Lookup("postgres")
		if err != nil {
			t.Fatal(err)
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
		p.attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	addresses := freeAddresses(t, 8)
	p.etcd = addresses[0]
	peer := "http://" + addresses[1]
	p.start("etcd", "etcd", "--data-dir", filepath.Join(dir, "etcd"), "--listen-client-urls", "http://"+p.etcd, "--advertise-client-urls", "http://"+p.etcd,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default="+peer)
	for i := range 3 {
		name := fmt.Sprint("node", i+1)
		m := &member{name: name, sql: addresses[2+2*i], api: addresses[3+2*i], folder: filepath.Join(dir, name)}
		p.members = append(p.members, m)
		p.configure(m)
		p.run(m)
		t.Cleanup(func() { p.kill(m) })
	}
	p.settled(3)
	return p
}

func freeAddresses(t *testing.T, n int) (addresses []string) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		addresses = append(addresses, l.Addr().String())
	}
	return addresses
}

func (p *patroni) configure(m *member) {
	p.t.Helper()
	text := fmt.Sprintf(`scope: magpie
name: %[1]s
restapi:
  listen: %[2]s
  connect_address: %[2]s
etcd3:
  host: %[3]s
bootstrap:
  dcs:
    %[7]s
    synchronous_mode: true
    postgresql:
      use_pg_rewind: true
      parameters: {max_connections: 200, wal_keep_size: 512MB}
  initdb:
    - encoding: UTF8
    - locale: C
postgresql:
  listen: %[4]s
  connect_address: %[4]s
  data_dir: %[5]s
  bin_dir: %[6]s
  pgpass: %[5]s.pgpass
  parameters: {unix_socket_directories: %[8]s}
  pg_hba:
    - local all all trust
    - host all all 127.0.0.1/32 trust
    - host replication all 127.0.0.1/32 trust
  authentication:
    superuser: {username: postgres}
    replication: {username: replicator}
    rewind: {username: postgres}
`, m.name, m.api, p.etcd, m.sql, m.folder, p.bin, patroniTimes, p.dir)
	if err := os.WriteFile(m.folder+".yml", []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

func (p *patroni) run(m *member) { m.stop = p.start(m.name, "patroni", m.folder+".yml") }

// start starts a program that ends with the test, and returns what kills it.
func (p *patroni) start(name string, line ...string) (stop func()) {
	p.t.Helper()
	log, err := os.OpenFile(filepath.Join(p.dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		p.t.Fatal(err)
	}
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = p.dir, log, log, p.attr
	started, ended := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(ended)
		runtime.LockOSThread() // the kernel ends the child with the thread that started it
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if started <- err; err == nil {
			_ = cmd.Wait()
		}
		_ = log.Close()
	}()
	if err := <-started; err != nil {
		p.t.Fatalf("%v; on Debian: apt-get install postgresql patroni etcd-server", err)
	}
	stop = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	p.t.Cleanup(func() {
		stop()
		if p.t.Failed() {
			text, _ := os.ReadFile(log.Name())
			p.t.Logf("%s:\n%s", name, text[max(0, len(text)-4000):])
		}
	})
	return stop
}

// kill ends a node as if its machine had lost power.
func (p *patroni) kill(m *member) {
	m.stop()
	text, err := os.ReadFile(filepath.Join(m.folder, "postmaster.pid"))
	if err != nil {
		return // it never ran, or has ended in order
	}
	first, _, _ := strings.Cut(string(text), "\n")
	if pid, err := strconv.Atoi(first); err == nil && pid > 1 {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// roles asks any node that is up who leads and how many follow, and whether one of them does so synchronously.
func (p *patroni) roles() (leader string, streaming int, synchronous bool) {
	for _, m := range p.members {
		ctx, cancel := context.WithTimeout(p.t.Context(), time.Second)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+m.api+"/cluster", nil)
		if err != nil {
			p.t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			continue
		}
		var cluster struct {
			Members []struct{ Name, Role, State string }
		}
		err = json.NewDecoder(resp.Body).Decode(&cluster)
		resp.Body.Close()
		if err != nil {
			continue
		}
		for _, m := range cluster.Members {
			switch {
			case m.Role == "leader" && m.State == "running":
				leader = m.Name
			case m.State == "running" || m.State == "streaming":
				streaming++
				synchronous = synchronous || m.Role == "sync_standby"
			}
		}
		return leader, streaming, synchronous
	}
	return "", 0, false
}

// settled waits until one of n nodes leads, another follows it synchronously, and so do the rest in their way.
func (p *patroni) settled(n int) (leader *member) {
	p.t.Helper()
	var name string
	p.eventually("the nodes agree who leads and who follows", func() bool {
		var streaming int
		var synchronous bool
		name, streaming, synchronous = p.roles()
		return name != "" && streaming == n-1 && synchronous
	})
	for _, m := range p.members {
		if m.name == name {
			leader = m
		}
	}
	return leader
}

// eventually is the usual one for what takes Patroni its time.
func (p *patroni) eventually(what string, holds func() bool) {
	p.t.Helper()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for give := time.After(3 * time.Minute); !holds(); {
		select {
		case <-tick.C:
		case <-give:
			p.t.Fatalf("it never happened: %s", what)
		}
	}
}

// url reaches whichever node leads.
func (p *patroni) url(database string) string {
	hosts := make([]string, len(p.members))
	for i, m := range p.members {
		hosts[i] = m.sql
	}
	return "postgres://postgres@" + strings.Join(hosts, ",") + "/" + database + "?sslmode=disable&target_session_attrs=read-write"
}

// The leader of three nodes is killed under load, again and again, and nobody does anything about it: Patroni makes the synchronous
// standby the leader, servers find it, and clients that try again lose nothing that was acknowledged.
func TestPatroniFailsOver(t *testing.T) {
	p := startPatroni(t)
	conn, err := pgx.Connect(t.Context(), p.url("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "create database magpie"); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, m := range p.members { // a client takes a standby's "there is no such database" for the last word
		p.eventually("the standbys have the database", func() bool {
			conn, err := pgx.Connect(t.Context(), "postgres://postgres@"+m.sql+"/magpie?sslmode=disable")
			return err == nil && conn.Close(t.Context()) == nil
		})
	}
	h := newHouse(t, "sqlite")
	h.engine, h.config.DatabaseURL = "postgres", p.url("magpie")
	r := startRelay(t)
	h.config.SMTPURL = r.url
	c := h.gather()
	c.forgiving = true
	nodes := []*process{h.serve(), h.serve()}
	c.through(nodes...)
	c.begin()
	for round := range rounds(t) {
		leader := p.settled(3)
		c.more(100)
		c.listen()
		faults := c.faults
		p.kill(leader)
		c.more(100)
		t.Logf("failover %d, of %s: clients heard nothing for %v, and %d answers were 5xx", round+1, leader.name, c.silence.Round(time.Millisecond), c.faults-faults)
		p.run(leader) // it comes back as a standby
	}
	c.audit(r, len(nodes)*rounds(t))
	for _, n := range nodes {
		n.stop()
	}
}
