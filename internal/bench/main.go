package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"

	"magpie/internal/sigv4"
)

func main() {
	if role := os.Getenv(roleVariable); role != "" {
		fmt.Fprintln(os.Stderr, "bench: attacker:", attackerMain(role))
		os.Exit(1)
	}
	engines := flag.String("engine", "sqlite,postgres", "engines to measure")
	quick := flag.Bool("quick", false, "a tenth of everything")
	moto := flag.Bool("moto", true, "measure moto_server beside it, where it is installed")
	cost := flag.Bool("cost", true, "measure what permissions, rates and audit cost")
	only := flag.Bool("only-cost", false, "measure nothing else")
	organization := flag.Bool("only-organization", false, "measure a large organization, and nothing else")
	onlyJobs := flag.Bool("only-jobs", false, "measure classification jobs, and nothing else")
	onlyAttacks := flag.Bool("only-attacks", false, "measure what honest callers notice of attacks, and nothing else")
	onlyInvitations := flag.Bool("only-invitations", false, "measure CreateInvitations, and nothing else")
	attack := flag.String("attack", "", "of the attacks, only those whose names have this")
	jobParts := flag.String("job-parts", "", "what of jobs to measure: large, small, api, nodes, far, with commas between; all of it by default")
	readBucket := flag.String("read-bucket", "", "read the objects of the bucket at this URL, and say how long it took; the bench asks itself for that")
	askAddress := flag.String("ask", "", "ask the server at this address for its session, as standard input says who, and say how long each call took; the bench asks itself for that")
	readObjects := flag.Int("read-objects", 0, "how many of them")
	flag.Parse()
	if *askAddress != "" {
		if err := askAll(*askAddress, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	if *readBucket != "" {
		took, err := readAll(context.Background(), *readBucket, *readObjects)
		if err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		fmt.Println(took)
		return
	}
	n := size{members: 20000, single: 1000, accepts: 2000, resting: 100000, organization: 10000,
		jobs: jobSize{small: 200_000, large: 32, largeSize: 64 << 20, packed: 1500, idle: 2000}}
	if *quick {
		n = size{members: 4000, single: 200, accepts: 400, resting: 10000, organization: 1000,
			jobs: jobSize{small: 20_000, large: 8, largeSize: 64 << 20, packed: 100, idle: 1000}}
	}
	n.jobs.parts = *jobParts
	ctx, chosen := context.Background(), strings.Split(*engines, ",")
	var err error
	if !*only {
		err = run(ctx, chosen, n, parts{*moto, *organization, *onlyJobs, *onlyAttacks, *onlyInvitations, *attack})
	}
	if err == nil && (*cost || *only) && !*organization && !*onlyJobs && !*onlyAttacks && !*onlyInvitations {
		err = costs(ctx, chosen, n.members/4)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// parts say what is measured: all, unless one of those below moto is set.
type parts struct {
	moto, onlyOrganization, onlyJobs, onlyAttacks, onlyInvitations bool
	attack                                                         string
}

func run(ctx context.Context, engines []string, n size, only parts) error {
	dir, err := os.MkdirTemp("", "magpie-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary, err := build(ctx, dir)
	if err != nil {
		return err
	}
	p := newReport(os.Stdout)
	for _, engine := range engines {
		if only.onlyInvitations {
			if err := invitations(ctx, p, engine, binary, dir, n.members); err != nil {
				return fmt.Errorf("%s: %w", engine, err)
			}
			continue
		}
		if !only.onlyOrganization && !only.onlyJobs {
			if err := attacks(ctx, p, engine, binary, dir, only.attack); err != nil {
				return fmt.Errorf("%s: attacks: %w", engine, err)
			}
		}
		if only.onlyAttacks {
			continue
		}
		if !only.onlyOrganization {
			if err := jobs(ctx, p, engine, binary, dir, n.jobs); err != nil {
				return fmt.Errorf("%s: jobs: %w", engine, err)
			}
		}
		if only.onlyJobs {
			continue
		}
		if err := organizations(ctx, p, engine, binary, dir, n.organization); err != nil {
			return fmt.Errorf("%s: %w", engine, err)
		}
		if only.onlyOrganization {
			continue
		}
		r, stop, err := newRig(engine, binary, dir)
		if err != nil {
			return err
		}
		err = measure(ctx, r, p, n)
		stop()
		if err != nil {
			return fmt.Errorf("%s: %w", engine, err)
		}
	}
	if only.moto && !only.onlyOrganization && !only.onlyJobs && !only.onlyAttacks && !only.onlyInvitations {
		return compare(p, engines)
	}
	return nil
}

// freeAddress is one that nothing listens on: moto_server does not say which one it took when it is told to take any.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// compare measures moto_server, which answers the same calls without doing what they ask for.
func compare(p *report, engines []string) error {
	program, err := exec.LookPath("moto_server")
	if err != nil {
		fmt.Println("moto_server is not installed: nothing to compare with")
		return nil
	}
	address, err := freeAddress()
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	server := exec.Command(program, "-H", host, "-p", port)
	if err := server.Start(); err != nil {
		return err
	}
	defer func() { server.Process.Kill(); server.Wait() }()
	as := sigv4.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "moto does not look at it"}
	deadline := time.Now().Add(30 * time.Second)
	for {
		_, err := load(address, region, 1, []call{{"POST", "/macie", "{}", as}}, ok)
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("moto_server does not answer: %w", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	for _, clients := range []int{1, 64} {
		result, err := load(address, region, clients, createInvitations(as, 0, 1000, 1, true), processed)
		if err != nil {
			return err
		}
		p.row(oneInvitation, "moto_server", result, "")
		for _, engine := range engines {
			ratio := p.rates[rateKey{oneInvitation, engine, clients}] / result.rate()
			p.figure(fmt.Sprintf("its rate against moto_server's, %d clients", clients), engine, fmt.Sprintf("%.1f times", ratio), ">= 20 times at 64")
		}
	}
	return nil
}
