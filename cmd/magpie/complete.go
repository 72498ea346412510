package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"magpie/internal/cli/region"
	"magpie/internal/detect/managed"
)

// completeValues lets a shell complete the values of flags that have a fixed set of them, wherever a command does not do so itself.
func completeValues(c *cobra.Command) {
	for _, child := range c.Commands() {
		completeValues(child)
	}
	values := func(f *pflag.Flag) {
		if _, has := c.GetFlagCompletionFunc(f.Name); has {
			return
		}
		known, list := flagValues(c, f)
		if known == nil {
			return
		}
		// The one error is that the flag is not there, or has its values: both were looked at.
		_ = c.RegisterFlagCompletionFunc(f.Name, func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
			before := ""
			if list {
				before = typed[:strings.LastIndexByte(typed, ',')+1]
			}
			var all []string
			for _, v := range known {
				if strings.HasPrefix(before+v, typed) && !slices.Contains(strings.Split(before, ","), v) {
					all = append(all, before+v)
				}
			}
			return all, cobra.ShellCompDirectiveNoFileComp
		})
	}
	// LocalFlags would be both, and takes a tenth of the time in which the program starts.
	c.Flags().VisitAll(values)
	c.PersistentFlags().VisitAll(values)
}

// flagValues are the values that a flag takes, and whether it takes several with commas between them.
func flagValues(c *cobra.Command, f *pflag.Flag) (values []string, list bool) {
	switch f.Name {
	case "output":
		return named(f.Usage, "table", "json", "csv", "sarif", "text", "yaml"), false
	case "region":
		return region.Names(), false
	case "regions":
		return append([]string{"all"}, region.Names()...), true
	case "fail-on":
		return named(f.Usage, "FOUND", "LOW", "MEDIUM", "HIGH"), false
	case "state":
		return named(f.Usage, "failed", "ready", "held", "all"), false
	case "identifiers":
		if c.Name() != "scan" {
			return nil, false
		}
		values = []string{"recommended", "all", "none"}
		for _, m := range managed.All() {
			values = append(values, m.ID)
		}
		return values, true
	}
	return nil, false
}

// named are those of the words that a flag's usage names: other commands take fewer.
func named(usage string, words ...string) []string {
	said := strings.FieldsFunc(usage, func(r rune) bool { return strings.ContainsRune(" ,.:;()`", r) })
	return slices.DeleteFunc(words, func(w string) bool { return !slices.Contains(said, w) })
}
