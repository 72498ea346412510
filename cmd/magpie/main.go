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
	"magpie/internal/analyse"
	"magpie/internal/cli"
	"magpie/internal/envflag"
	"magpie/internal/identity"
	"magpie/internal/scan"
	"magpie/internal/server"
)

func main() {
	analyse.ServeBox()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // who asks a second time wants it to end at once
	c := root()
	c.SetArgs(cli.Arguments(os.Args[1:]))
	if err := c.ExecuteContext(ctx); err != nil {
		code := 1
		var exit interface{ ExitCode() int }
		if errors.As(err, &exit) {
			code = exit.ExitCode()
		}
		if err.Error() != "" { // empty: the command has said everything itself
			fmt.Fprintln(os.Stderr, "magpie:", err)
		}
		stop()
		os.Exit(code)
	}
}

//go:generate go test -run TestManual -update .

// root is the whole command line.
func root() *cobra.Command {
	c := &cobra.Command{
		Use:   "magpie",
		Short: "A self-hosted data-security service that speaks the Amazon Macie API",
		Long: `A self-hosted data-security service that speaks the Amazon Macie API.

Every flag of every command can be set in the environment too: --database-url is MAGPIE_DATABASE_URL. What is on the command line wins.`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cli.AddCommands(c)
	group(c, "Administration, on the database itself:",
		admin.Commands(admin.Options{Hooks: server.AccountHooks, MasterKey: os.Getenv(identity.MasterKeyEnv), NewMasterKey: os.Getenv(identity.NewMasterKeyEnv)})...)
	group(c, "Serving, and scanning without a server:", demoCommand(), serveCommand(), workerCommand(), scan.Command(), scan.IdentifiersCommand())
	envflag.Bind(c, os.LookupEnv)
	return c
}

// group adds commands under a heading of the help. Headings come in the order in which they were added, commands without one last.
func group(root *cobra.Command, title string, commands ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: title, Title: title})
	for _, c := range commands {
		c.GroupID = title
	}
	root.AddCommand(commands...)
}
