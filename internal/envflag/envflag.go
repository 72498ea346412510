// Package envflag gives every flag of a command line an environment variable:
// MAGPIE_ and the flag's name in upper case, with "_" for "-", so that
// --database-url is MAGPIE_DATABASE_URL. A flag on the command line wins, an empty
// variable is none. Call Bind once, on the finished tree of commands.
package envflag

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Name returns the variable of a flag.
func Name(flag string) string {
	return "MAGPIE_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// Bind makes c and all commands below it take flags that were not given from the
// environment, before anything else runs and before required flags are missed.
// lookup is os.LookupEnv, but in tests.
func Bind(c *cobra.Command, lookup func(string) (string, bool)) {
	for _, child := range c.Commands() {
		Bind(child, lookup)
	}
	preRunE, preRun := c.PreRunE, c.PreRun
	c.PreRunE = func(c *cobra.Command, args []string) error {
		if err := apply(c, lookup); err != nil {
			return err
		}
		switch {
		case preRunE != nil:
			return preRunE(c, args)
		case preRun != nil:
			preRun(c, args)
		}
		return nil
	}
}

func apply(c *cobra.Command, lookup func(string) (string, bool)) (err error) {
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if err != nil || f.Changed || f.Name == "help" || f.Name == "version" {
			return
		}
		value, ok := lookup(Name(f.Name))
		if !ok || value == "" {
			return
		}
		if setErr := c.Flags().Set(f.Name, value); setErr != nil {
			// The error of Set repeats the value, which may hold a password.
			err = fmt.Errorf("%s is no value for --%s: see magpie %s --help", Name(f.Name), f.Name, strings.TrimPrefix(c.CommandPath(), c.Root().Name()+" "))
		}
	})
	return err
}
