package cli_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"magpie/internal/cli/operation"
)

// The example in the help of every operation runs: the server takes its form, whatever it then says of its substance.
func TestExamplesRun(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.must(admin, "enable-macie")
	verbs := operation.Verbs()
	i := slices.IndexFunc(verbs, func(v *operation.Verb) bool { return v.Operation == "DisableMacie" })
	verbs = append(slices.Delete(slices.Clone(verbs), i, i+1), verbs[i]) // last, since it takes away what the others need
	for _, verb := range verbs {
		c := exec.CommandContext(t.Context(), "sh", "-c", "magpie "+verb.Example())
		c.Env, c.Dir = r.env(admin), r.home
		got := finish(t, c)
		wrongForm := strings.Contains(got.stderr, "(ValidationException)") && !strings.Contains(got.stderr, "The request ")
		if got.code != 0 && got.code != 4 || wrongForm {
			t.Errorf("magpie %s: exit %d\n%s", verb.Example(), got.code, got.stderr)
		}
	}
}

// Completion offers verbs, flags, and the values of those that have few.
func TestCompletion(t *testing.T) {
	t.Parallel()
	r := start(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"create-inv"}, "create-invitations\t"},
		{[]string{"members", ""}, "status\t"},
		{[]string{"update-member-session", "--st"}, "--status\t"},
		{[]string{"update-member-session", "--status", ""}, "PAUSED\n"},
		{[]string{"list-members", "--output", ""}, "csv\n"},
		{[]string{"invite", "--regions", "eu-w"}, "eu-west-1\n"},
	} {
		if got := r.must(admin, append([]string{"__complete"}, c.args...)...); !strings.Contains(got, c.want) {
			t.Errorf("%v completes to\n%s", c.args, got)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if got := r.must(admin, "completion", shell); !strings.Contains(got, "magpie") {
			t.Errorf("completion for %s:\n%.200s", shell, got)
		}
	}
}
