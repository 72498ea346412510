package clients

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// providers finds a folder that holds Terraform's provider for AWS, so that no
// registry is needed: the one that the environment names, else where it is
// commonly put.
func providers() string {
	home, _ := os.UserHomeDir() // without a home, its folders are not there
	for _, dir := range []string{
		os.Getenv("MAGPIE_TEST_TERRAFORM_PLUGINS"), os.Getenv("TF_PLUGIN_CACHE_DIR"),
		filepath.Join(home, ".terraform.d/plugins"), filepath.Join(home, ".terraform.d/plugin-cache"),
		"/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins", "/opt/tf-plugins",
	} {
		if info, err := os.Stat(filepath.Join(dir, "registry.terraform.io/hashicorp/aws")); dir != "" && err == nil && info.IsDir() {
			return dir
		}
	}
	return ""
}

// A workspace is a folder with the configuration and Terraform's state of it.
type workspace struct {
	t         *testing.T
	dir       string
	terraform string
	variables map[string]any
	env       map[string]string
}

func TestTerraform(t *testing.T) {
	terraform, err := exec.LookPath("terraform")
	if err != nil {
		t.Skip("Terraform is not installed")
	}
	plugins := providers()
	if plugins == "" {
		t.Skip("Terraform's provider hashicorp/aws is not installed; MAGPIE_TEST_TERRAFORM_PLUGINS can name its folder")
	}
	configuration, err := os.ReadFile("terraform/main.tf")
	if err != nil {
		t.Fatal(err)
	}
	forOneServer(t, func(t *testing.T, e *endpoint) {
		admin, member := e.accounts["admin"], e.accounts["member"]
		w := &workspace{t: t, dir: t.TempDir(), terraform: terraform, variables: map[string]any{
			"endpoint":       e.url,
			"region":         e.takeRegions(t, 1)[0],
			"member_account": member.AccountID,
			"member_email":   member.Email,
			"admin_key":      admin.AccessKeyID,
			"admin_secret":   admin.SecretAccessKey,
			"member_key":     member.AccessKeyID,
			"member_secret":  member.SecretAccessKey,
		}}
		settings := filepath.Join(w.dir, "settings.tfrc")
		w.env = map[string]string{"TF_CLI_CONFIG_FILE": settings}
		for name, text := range map[string][]byte{settings: nil, filepath.Join(w.dir, "main.tf"): configuration} {
			if err := os.WriteFile(name, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		w.do("init", "-plugin-dir="+plugins)

		// The whole relationship in one go, and nothing left to do afterwards.
		w.becomes("Enabled", nil)
		// What can be changed in place: settings, tags, and suspending.
		w.becomes("Paused", map[string]any{"frequency": "SIX_HOURS", "status": "PAUSED"})
		// The member leaves; the administrator gives up the association.
		w.becomes("Resigned", map[string]any{"accept": false})
		w.becomes("Removed", map[string]any{"invite": false})
		// And all over again, to the end in one go.
		w.becomes("Enabled", map[string]any{"accept": true, "invite": true, "status": "ENABLED"})
		w.do("destroy")
	})
}

// becomes applies changes of variables, expects the relationship that results,
// and that another plan finds nothing to do.
func (w *workspace) becomes(relationship string, changes map[string]any) {
	w.t.Helper()
	maps.Copy(w.variables, changes)
	w.do("apply")
	// The accepter changes what the member resource has read before it.
	w.do("apply", "-refresh-only")
	out, _ := w.terraformOutput("output", "-raw", "relationship")
	if out != relationship {
		w.t.Fatalf("with %v the relationship is %s and not %s", changes, out, relationship)
	}
	if out, code := w.terraformOutput("plan", "-detailed-exitcode", "-input=false", "-no-color"); code != 0 {
		w.t.Fatalf("with %v there is still something to do (exit %d):\n%s", changes, code, out)
	}
}

// do runs a command that must succeed.
func (w *workspace) do(command string, args ...string) {
	w.t.Helper()
	args = append([]string{command, "-input=false", "-no-color"}, args...)
	if command == "apply" || command == "destroy" {
		args = append(args, "-auto-approve")
	}
	if out, code := w.terraformOutput(args...); code != 0 {
		w.t.Fatalf("terraform %s: exit %d\n%s", strings.Join(args, " "), code, out)
	}
}

func (w *workspace) terraformOutput(args ...string) (string, int) {
	w.t.Helper()
	text, err := json.Marshal(w.variables)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.dir, "terraform.tfvars.json"), text, 0o600); err != nil {
		w.t.Fatal(err)
	}
	return run(w.t, w.dir, w.env, w.terraform, args...)
}
