package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"magpie/internal/attack"
	"magpie/internal/macie2"
	"magpie/internal/sigv4"
)

const (
	// honestTime is for how long somebody honest calls, alone and during each attack.
	honestTime = 4 * time.Second
	// honestPause is between their calls.
	honestPause = 2 * time.Millisecond
	// standingTime is how long an attack stands before it begins afresh.
	standingTime = time.Second
	// idleConnections is how many connections do nothing.
	idleConnections = 1500
	// lowest is the niceness of attackers: on a network they have processors of their own, and here they share two with what they attack.
	lowest = 19
)

// roleVariable makes this program an attacker.
const roleVariable = "MAGPIE_BENCH_ATTACK"

// attacks measures what somebody honest notices of attacks by strangers and of a member who overdoes it, and the memory of the node. The
// attackers run in a process of their own with the least right to the processor. That they are on the same machine costs something by
// itself, which is measured as well where they do not need an answer.
func attacks(ctx context.Context, p *report, engine, binary, dir, only string) error {
	for _, secure := range []bool{false, true} {
		r, stop, err := newRig(engine, binary, filepath.Join(dir, fmt.Sprintf("attacks-%t", secure)))
		if err != nil {
			return err
		}
		err = r.attacks(ctx, p, only, secure)
		stop()
		if err != nil {
			return err
		}
	}
	return nil
}

// attacks measures those attacks whose names have a text, over TLS or without.
func (r *rig) attacks(ctx context.Context, p *report, only string, secure bool) error {
	honest, busy := administratorID(0), administratorID(1)
	keys, err := r.accounts(ctx, []macie2.AccountID{honest, busy}, true)
	if err != nil {
		return err
	}
	for _, x := range attackList(keys[busy]) {
		if x.TLS != secure || !strings.Contains(x.Name, only) {
			continue
		}
		if err := r.under(ctx, p, x, keys[honest], keys[busy]); err != nil {
			return fmt.Errorf("%s: %w", x.Name, err)
		}
	}
	return nil
}

// under starts a node and measures it alone, then under an attack.
func (r *rig) under(ctx context.Context, p *report, x attack.Attack, honest, busy sigv4.Credentials) error {
	flags := []string{"--max-connections-per-source", "5000"}
	t := attack.Target{Region: region, Key: honest.AccessKeyID}
	if x.TLS {
		cert, key, err := certificate(r.config.Data)
		if err != nil {
			return err
		}
		flags = append(flags, "--tls-cert", cert, "--tls-key", key)
		t.TLS = &tls.Config{InsecureSkipVerify: true} // it is this machine's own
	}
	if err := r.launch(flags...); err != nil {
		return err
	}
	defer r.stop()
	t.Address = r.address
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: t.TLS}}
	defer client.CloseIdleConnections()
	for _, as := range []sigv4.Credentials{honest, busy} {
		if _, err := t.Call(ctx, client, as, attack.Calls{Path: "/macie", Body: "{}", Count: 1, Statuses: []int{200, 409}}); err != nil {
			return err
		}
	}
	calls := attack.Calls{Method: "GET", Path: "/members", Count: 1 << 20, Pause: honestPause, Statuses: []int{200}}
	measure := func(long time.Duration) (attack.Latencies, error) {
		ctx, cancel := context.WithTimeout(ctx, long)
		defer cancel()
		return t.Call(ctx, client, honest, calls)
	}
	if _, err := measure(honestTime / 4); err != nil { // all is warm then
		return err
	}
	before := r.memory()
	idle, err := measure(honestTime)
	if err != nil {
		return err
	}
	attacked := func(t attack.Target) (attack.Latencies, error) {
		end, err := r.attacked(x, t, busy)
		if err != nil {
			return nil, err
		}
		l, err := measure(honestTime)
		return l, errors.Join(err, end())
	}
	elsewhere := ""
	if !x.TLS {
		l, err := beside(t, attacked)
		if err != nil {
			return err
		}
		elsewhere = fmt.Sprintf(" (%.1f times while it goes to a program that takes connections and reads nothing)", ratio(l, idle))
	}
	during, err := attacked(t)
	if err != nil {
		return err
	}
	p.figure("honest calls under "+x.Name, r.engine, fmt.Sprintf("p50 %.2f ms, p99 %.2f alone; p50 %.2f, p99 %.2f meanwhile: %.1f times%s; memory %d MB, then at most %d",
		ms(idle.At(.5)), ms(idle.At(.99)), ms(during.At(.5)), ms(during.At(.99)), ratio(during, idle), elsewhere, before>>20, r.peak()>>20),
		"<= 2 times, <= 120 MB")
	return nil
}

// ratio is how many times as long the slowest calls take.
func ratio(l, than attack.Latencies) float64 { return float64(l.At(.99)) / float64(than.At(.99)) }

// beside measures what the attack alone does to the machine that it shares with the node: it goes to another program.
func beside(t attack.Target, attacked func(attack.Target) (attack.Latencies, error)) (attack.Latencies, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := exec.Command(self)
	c.Env = append(os.Environ(), roleVariable+"="+takerRole)
	c.Stderr, c.SysProcAttr = os.Stderr, dieWithUs()
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	defer func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	}()
	if t.Address, err = bufio.NewReader(out).ReadString('\n'); err != nil {
		return nil, err
	}
	t.Address = strings.TrimSpace(t.Address)
	return attacked(t)
}

// takerRole makes this program one that takes connections, and reads nothing.
const takerRole = "take"

func takerMain() error {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		time.AfterFunc(2*standingTime, func() { c.Close() })
	}
}

// attacked starts an attacker in a process of its own; end ends it.
func (r *rig) attacked(x attack.Attack, t attack.Target, busy sigv4.Credentials) (end func() error, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := exec.Command(self)
	c.Env = append(os.Environ(), roleVariable+"="+strings.Join([]string{x.Name, t.Address, t.Key, busy.AccessKeyID, busy.SecretAccessKey}, "\n"))
	c.Stderr = os.Stderr
	c.SysProcAttr = dieWithUs()
	if err := c.Start(); err != nil {
		return nil, err
	}
	if err := setPriority(c.Process.Pid, lowest); err != nil {
		return nil, err
	}
	time.Sleep(200 * time.Millisecond) // it begins
	return func() error {
		err := c.Process.Kill()
		_ = c.Wait()
		if c.ProcessState.Exited() { // by itself, so that some of what was measured was no attack
			return errors.Join(err, errors.New("the attacker ended before it was killed"))
		}
		return err
	}, nil
}

// attackList is the attacks that are measured; busy is a caller who has a key.
func attackList(busy sigv4.Credentials) []attack.Attack {
	return slices.Concat(attack.Unending(), attack.Idle(idleConnections), attack.Floods(12, 20_000), attack.Pipelines(12, 20_000), attack.Churn(12, 2000), []attack.Attack{attack.Trials(busy)})
}

// attackerMain is what this program does as an attacker: the attack, again and again, until it is killed.
func attackerMain(role string) error {
	if role == takerRole {
		return takerMain()
	}
	f := strings.Split(role, "\n")
	t := attack.Target{Address: f[1], Region: region, Key: f[2]}
	for _, x := range attackList(sigv4.Credentials{AccessKeyID: f[3], SecretAccessKey: f[4]}) {
		if x.Name != f[0] {
			continue
		}
		if x.TLS {
			t.TLS = &tls.Config{InsecureSkipVerify: true}
		}
		for {
			ctx, cancel := context.WithCancel(context.Background())
			err := x.Run(ctx, t)
			time.Sleep(standingTime)
			cancel()
			if err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("there is no attack %q", f[0])
}

// certificate writes one for 127.0.0.1.
func certificate(folder string) (cert, key string, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return "", "", err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", "", err
	}
	cert, key = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	return cert, key, errors.Join(os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
		os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
}
