package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"magpie/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := root().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "magpie:", err)
		stop()
		os.Exit(1)
	}
}

// root is the whole command line.
func root() *cobra.Command {
	c := &cobra.Command{
		Use:           "magpie",
		Short:         "A self-hosted data-security service that speaks the Amazon Macie API",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	c.AddCommand(serveCommand(), workerCommand(), demoCommand(), cli.History())
	return c
}
