package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"magpie/internal/admin"
	_ "magpie/internal/analyse/first"
	"magpie/internal/cli"
	"magpie/internal/envflag"
	"magpie/internal/identity"
	"magpie/internal/printable"
	"magpie/internal/scan"
	"magpie/internal/server"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // who asks a second time wants it to end at once
	if err := cli.Execute(ctx, rootFor(os.Args[1:]), os.Args[1:]); err != nil {
		code := 1
		var exit interface{ ExitCode() int }
		if errors.As(err, &exit) {
			code = exit.ExitCode()
		}
		if err.Error() != "" { // empty: the command has said everything itself
			fmt.Fprintln(os.Stderr, "magpie:", printable.Text(err.Error())) // it may hold what an endpoint or a file said
		}
		stop()
		os.Exit(code)
	}
}

// rootFor is the command line as far as args need it: a scan of a small folder takes less time than making all of it.
func rootFor(args []string) *cobra.Command {
	if len(args) > 1 && args[0] == "scan" {
		return rootOf(func(c *cobra.Command) { c.AddCommand(scan.Command()) })
	}
	return root()
}

//go:generate go test -run TestManual -update .

// root is the whole command line.
func root() *cobra.Command {
	return rootOf(func(c *cobra.Command) {
		cli.AddCommands(c)
		group(c, cli.ComeGroup, demoCommand(), serveCommand(), scan.Command())
		group(c, cli.OperatorGroup, workerCommand(), scan.IdentifiersCommand())
		group(c, cli.OperatorGroup, admin.Commands(admin.Options{Hooks: server.AccountHooks, MasterKey: os.Getenv(identity.MasterKeyEnv), NewMasterKey: os.Getenv(identity.NewMasterKeyEnv)})...)
	})
}

// rootOf is the command line with what add adds.
func rootOf(add func(*cobra.Command)) *cobra.Command {
	c := &cobra.Command{
		Use:   "magpie",
		Short: "A self-hosted data-security service that speaks the Amazon Macie API",
		Long: `A self-hosted data-security service that speaks the Amazon Macie API.

Every flag of every command can be set in the environment too: --database-url is MAGPIE_DATABASE_URL. What is on the command line wins.`,
		Version:       cli.Version(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	c.SetVersionTemplate("{{.Version}}\n")
	add(c)
	cli.SetHelp(c)
	completeValues(c)
	envflag.Bind(c, os.LookupEnv)
	return c
}

// group adds commands under a heading of the help. People come for stores and destinations, though they are an operator's.
func group(root *cobra.Command, heading string, commands ...*cobra.Command) {
	for _, c := range commands {
		c.GroupID = heading
		if c.Name() == "store" || c.Name() == "destinations" {
			c.GroupID = cli.ComeGroup
		}
	}
	root.AddCommand(commands...)
}
