// Command pgserver runs a command with a private PostgreSQL beside it, so that the test programs of
// many packages share one cluster:
//
//	go run ./internal/store/storetest/pgserver -- go test ./...
//
// The command finds the server in MAGPIE_TEST_POSTGRES_URL. When that is set already, or PostgreSQL
// is not installed, pgserver only runs the command: the tests themselves say what is missing.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"magpie/internal/store/storetest"
)

func main() {
	args := os.Args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, "usage: pgserver -- command [argument ...]")
		os.Exit(2)
	}
	os.Exit(run(args))
}

func run(args []string) int {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if os.Getenv("MAGPIE_TEST_POSTGRES_URL") == "" {
		cluster, err := storetest.StartCluster(storetest.ClusterOptions{})
		if err != nil {
			fmt.Fprintln(os.Stderr, "pgserver: no PostgreSQL:", err)
		} else {
			defer cluster.Stop()
			cmd.Env = append(os.Environ(), "MAGPIE_TEST_POSTGRES_URL="+cluster.URL("postgres"))
		}
	}
	// An interrupt from the terminal reaches the command by itself; we stay until it has ended.
	// (Ignoring the signal would make the command ignore it too.)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "pgserver:", err)
		return 127
	}
	go func() {
		for s := range signals {
			if s == syscall.SIGTERM {
				_ = cmd.Process.Signal(s)
			}
		}
	}()
	err := cmd.Wait()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		return exit.ExitCode()
	case err != nil:
		fmt.Fprintln(os.Stderr, "pgserver:", err)
		return 1
	}
	return 0
}
