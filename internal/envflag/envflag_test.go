package envflag

import (
	"fmt"
	"testing"

	"github.com/spf13/cobra"
)

func TestBind(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		env  map[string]string
		want string
	}{
		{"nothing", []string{"serve"}, nil, "required flag(s) \"data-folder\" not set"},
		{"variable", []string{"serve"}, map[string]string{"MAGPIE_DATA_FOLDER": "/a", "MAGPIE_RATE": "7"}, "/a 7 [] pre"},
		{"flag wins", []string{"serve", "--data-folder", "/b"}, map[string]string{"MAGPIE_DATA_FOLDER": "/a"}, "/b 1 [] pre"},
		{"empty is none", []string{"serve", "--data-folder", "/b"}, map[string]string{"MAGPIE_RATE": ""}, "/b 1 [] pre"},
		{"not a value", []string{"serve", "--data-folder", "/b"}, map[string]string{"MAGPIE_RATE": "secret"}, "MAGPIE_RATE is no value for --rate: see magpie serve --help"},
		{"a list", []string{"serve", "--data-folder", "/b"}, map[string]string{"MAGPIE_TAG": "x"}, "/b 1 [x] pre"},
		{"inherited", []string{"serve", "--data-folder", "/b"}, map[string]string{"MAGPIE_VERBOSE": "true"}, "/b 1 [] pre verbose"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var data, got string
			var rate int
			var tags []string
			var verbose bool
			root := &cobra.Command{Use: "magpie", SilenceErrors: true, SilenceUsage: true}
			root.PersistentFlags().BoolVar(&verbose, "verbose", false, "")
			pre := ""
			serve := &cobra.Command{
				Use:    "serve",
				PreRun: func(*cobra.Command, []string) { pre = " pre" },
				Run: func(*cobra.Command, []string) {
					got = fmt.Sprint(data, " ", rate, " ", tags, pre)
					if verbose {
						got += " verbose"
					}
				},
			}
			serve.Flags().StringVar(&data, "data-folder", "", "")
			serve.Flags().IntVar(&rate, "rate", 1, "")
			serve.Flags().StringArrayVar(&tags, "tag", nil, "")
			if err := serve.MarkFlagRequired("data-folder"); err != nil {
				t.Fatal(err)
			}
			root.AddCommand(serve)
			root.SetArgs(c.args)
			Bind(root, func(name string) (string, bool) { v, ok := c.env[name]; return v, ok })
			if err := root.Execute(); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
