//go:build unix

package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// ClusterOptions describe a private PostgreSQL.
type ClusterOptions struct {
	// Durable keeps fsync on: commits cost what they cost in earnest, and survive.
	Durable bool
	// Config are further settings, such as "synchronous_commit=off".
	Config []string
}

// Cluster is a private PostgreSQL in a temporary folder, reached through a Unix socket in it.
type Cluster struct {
	options  ClusterOptions
	bin, dir string
	attr     *syscall.SysProcAttr
	life     io.Closer // the keeper's standard input: when it closes, the server ends and its folder goes
	done     chan struct{}
}

// keeper starts the server ("$@" after the folder) and ends it when its standard input does, which
// also happens when the program that started it is killed. Nothing can be left behind.
const keeper = `dir=$1; shift
"$@" </dev/null & pid=$!
cat >/dev/null
kill -QUIT $pid; wait $pid; rm -rf "$dir"`

// StartCluster makes and starts a cluster. It ends with Stop, or with this program.
func StartCluster(o ClusterOptions) (*Cluster, error) {
	return start(o, func(bin, data string) []string {
		return []string{filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"}
	})
}

// Standby makes and starts a standby of the cluster, which must be Durable.
func (c *Cluster) Standby() (*Cluster, error) {
	return start(c.options, func(bin, data string) []string {
		return []string{filepath.Join(bin, "pg_basebackup"), "-D", data, "-h", c.dir, "-U", "postgres", "-R", "-X", "stream", "-c", "fast", "--no-sync"}
	})
}

func start(o ClusterOptions, create func(bin, data string) []string) (_ *Cluster, err error) {
	bin, err := postgresPrograms()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(folder(o), "magpie-pg-")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir)
		}
	}()
	attr, err := unprivileged(dir)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	line := create(bin, data)
	creating := exec.Command(line[0], line[1:]...)
	creating.SysProcAttr, creating.Dir = attr, dir
	if out, err := creating.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", filepath.Base(line[0]), err, out)
	}
	args := []string{"-c", keeper, "sh", dir, filepath.Join(bin, "postgres"), "-D", data, "-k", dir,
		"-c", "listen_addresses=", "-c", "max_connections=300", "-c", "shared_buffers=64MB", "-c", "jit=off", "-c", "deadlock_timeout=50ms"}
	if !o.Durable {
		args = append(args, "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off", "-c", "max_wal_size=256MB")
	}
	for _, c := range o.Config {
		args = append(args, "-c", c)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command("/bin/sh", args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: attr.Credential} // an interrupt from the terminal is for us alone
	life, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	c := &Cluster{options: o, bin: bin, dir: dir, attr: attr, life: life, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(c.done)
	}()
	if err := c.wait(); err != nil {
		text, _ := os.ReadFile(filepath.Join(dir, "log"))
		c.Stop()
		return nil, fmt.Errorf("start postgres: %w\n%s", err, bytes.TrimSpace(text))
	}
	return c, nil
}

// folder is where the files of a cluster are made: "" is the usual place for temporary files. Each
// test has a database of its own, which is hundreds of files, and in memory those are made in a
// sixth of the time. Containers often have little memory there.
func folder(o ClusterOptions) string {
	const shared, enough = "/dev/shm", 4 << 30
	var s syscall.Statfs_t
	if o.Durable || syscall.Statfs(shared, &s) != nil || uint64(s.Bavail)*uint64(s.Bsize) < enough {
		return ""
	}
	return shared
}

// wait returns when the server answers.
func (c *Cluster) wait() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, c.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-tick.C:
		case <-c.done:
			return errors.New("it ended at once")
		case <-ctx.Done():
			return err
		}
	}
}

// URL is the address of a database of the cluster.
func (c *Cluster) URL(database string) string {
	return URLs(database, c)
}

// URLs is the address of a database on whichever of the clusters serves it.
func URLs(database string, clusters ...*Cluster) string {
	var dirs []string
	for _, c := range clusters {
		dirs = append(dirs, c.dir)
	}
	q := url.Values{"host": {strings.Join(dirs, ",")}, "user": {"postgres"}}
	return (&url.URL{Scheme: "postgres", Path: "/" + database, RawQuery: q.Encode()}).String()
}

// Configure changes a setting of the running server.
func (c *Cluster) Configure(name, value string) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, sql := range []string{"alter system set " + name + " = '" + value + "'", "select pg_reload_conf()"} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	// The reload reaches the server's processes a moment later; those that are started from now on
	// have it.
	for {
		var now string
		if err := conn.QueryRow(ctx, "select setting from pg_settings where name = $1", name).Scan(&now); err != nil || now == value {
			return err
		}
	}
}

// Promote makes a standby the primary.
func (c *Cluster) Promote() error {
	cmd := exec.Command(filepath.Join(c.bin, "pg_ctl"), "promote", "-w", "-D", filepath.Join(c.dir, "data"))
	cmd.SysProcAttr, cmd.Dir = c.attr, c.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("promote: %w\n%s", err, out)
	}
	return nil
}

// Kill ends the server as a crash would, with all its connections. Done tells when it is over.
func (c *Cluster) Kill() { _ = c.life.Close() }

// Done is closed when the server has ended.
func (c *Cluster) Done() <-chan struct{} { return c.done }

// Stop ends the server at once and removes its folder.
func (c *Cluster) Stop() {
	c.Kill()
	<-c.done
}

// postgresPrograms finds the folder of initdb and postgres: the newest that Debian installed, or
// where PATH has them.
func postgresPrograms() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	sort.Slice(found, func(i, j int) bool { return version(found[i]) > version(found[j]) })
	if path, err := exec.LookPath("initdb"); err == nil {
		found = append(found, path)
	}
	if len(found) == 0 {
		return "", errors.New("initdb is neither under /usr/lib/postgresql nor in PATH")
	}
	return filepath.Dir(found[0]), nil
}

// unprivileged gives the folder to a user that PostgreSQL agrees to run as, when we are root.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	if os.Geteuid() != 0 {
		return &syscall.SysProcAttr{}, nil
	}
	var errs []error
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(uidErr, gidErr, os.Chown(dir, int(uid), int(gid))); err != nil {
			errs = append(errs, err)
			continue
		}
		return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
	}
	return nil, fmt.Errorf("postgres does not run as root, and there is nobody else to run it as: %w", errors.Join(errs...))
}
