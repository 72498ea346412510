package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestConversations runs the conversations of testdata/conversations, each against a server of its own. A line "ACCOUNT$ COMMAND" is run by
// the shell as that account; what follows is what it must print, standard error behind "! ", and its exit code unless that is 0.
func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/conversations/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			r := start(t)
			if err := os.CopyFS(r.home, os.DirFS("testdata/files")); err != nil {
				t.Fatal(err)
			}
			got := r.converse(string(want))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(want) {
				t.Errorf("%s differs; what the program says now:\n%s", file, got)
			}
		})
	}
}

var prompt = regexp.MustCompile(`^([0-9]{12})\$ (.*)$`)

// converse runs the commands of a script and returns it with their answers.
func (r *rig) converse(script string) string {
	var b strings.Builder
	for line := range strings.Lines(script) {
		line = strings.TrimSuffix(line, "\n")
		m := prompt.FindStringSubmatch(line)
		if m == nil {
			if strings.HasPrefix(line, "#") {
				b.WriteString("\n" + line + "\n")
			}
			continue
		}
		c := exec.CommandContext(r.t.Context(), "sh", "-c", m[2])
		c.Env, c.Dir = r.env(m[1]), r.home
		answer := finish(r.t, c)
		b.WriteString(line + "\n" + r.normal(answer.stdout))
		for e := range strings.Lines(r.normal(answer.stderr)) {
			b.WriteString("! " + e)
		}
		if answer.code != 0 {
			b.WriteString("[exit " + strconv.Itoa(answer.code) + "]\n")
		}
	}
	return strings.TrimPrefix(b.String(), "\n")
}

var differing = []struct {
	form *regexp.Regexp
	to   string
}{
	{regexp.MustCompile(`20[0-9]{2}-[0-9]{2}-[0-9]{2}[T ][0-9:]{8}(\.[0-9]{3})?Z`), "TIME"},
	{regexp.MustCompile(`20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9:]{5}`), "TIME"},
	{regexp.MustCompile(`\b[0-9]{8}T[0-9]{6}-[0-9a-f]{6}\b`), "RUN"},
	{regexp.MustCompile(`\b[0-9a-f]{32}\b`), "ID"},
	{regexp.MustCompile(`with [0-9]+ calls`), "with N calls"},
	{regexp.MustCompile(`\b20[0-9]{2}-[0-9]{2}-[0-9]{2}\b`), "DAY"},
	{regexp.MustCompile(`\b[0-9]+(\.[0-9]+)?(ms|s)\b`), "SECONDS"},
}

// normal replaces what differs from run to run.
func (r *rig) normal(s string) string {
	s = strings.ReplaceAll(s, r.url, "URL")
	s = strings.ReplaceAll(s, r.home, "HOME")
	for _, c := range differing {
		s = c.form.ReplaceAllString(s, c.to)
	}
	return s
}
