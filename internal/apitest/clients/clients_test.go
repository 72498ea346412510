package clients

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// An account takes part in a conversation, in a role of python/cast.py.
type account struct {
	AccountID       string `json:"accountId"`
	Email           string `json:"email"`
	AccessKeyID     string `json:"accessKeyId,omitempty"`
	SecretAccessKey string `json:"secretAccessKey,omitempty"`
	Role            string `json:"role,omitempty"` // ARN of one that admin may assume
}

// An endpoint is a running server with the accounts that talk to it.
type endpoint struct {
	url      string
	dev      bool // secrets are not checked
	accounts map[string]account
	regions  []string      // each conversation takes two from the front
	at       *installation // nil: somebody else runs it
}

// regions that exist on AWS too, for those who try the conversations there.
var allRegions = []string{
	"us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1", "eu-north-1", "eu-west-1",
	"eu-west-2", "eu-west-3", "eu-central-1", "ap-south-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3",
	"ap-southeast-1", "ap-southeast-2", "eu-south-1", "eu-south-2", "eu-central-2", "ap-east-1", "me-south-1", "af-south-1",
	"il-central-1",
}

// given is the endpoint that the environment names, or nil.
func given(t *testing.T) *endpoint {
	t.Helper()
	url := os.Getenv("MAGPIE_TEST_ENDPOINT")
	if url == "" {
		return nil
	}
	e := &endpoint{url: url, dev: os.Getenv("MAGPIE_TEST_DEV") == "true", regions: slices.Clone(allRegions)}
	text, err := os.ReadFile(os.Getenv("MAGPIE_TEST_ACCOUNTS"))
	if err == nil {
		err = json.Unmarshal(text, &e.accounts)
	}
	if err != nil {
		t.Fatalf("MAGPIE_TEST_ACCOUNTS: %v", err)
	}
	return e
}

// parallel lets the clients speak at the same time, each to a server of its
// own. On one that is given they would fight for its Regions.
func parallel(t *testing.T) {
	if os.Getenv("MAGPIE_TEST_ENDPOINT") == "" {
		t.Parallel()
	}
}

func (e *endpoint) takeRegions(t *testing.T, n int) []string {
	t.Helper()
	if len(e.regions) < n {
		t.Fatal("there are not enough Regions for the conversations: lengthen allRegions")
	}
	taken := e.regions[:n]
	e.regions = e.regions[n:]
	return taken
}

// environment is ours without anything that says to an AWS client where to go
// or who to be, and with what is given.
func environment(more map[string]string) []string {
	env := map[string]string{
		"AWS_EC2_METADATA_DISABLED":   "true",
		"AWS_CONFIG_FILE":             os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_PAGER":                   "",
		"AWS_MAX_ATTEMPTS":            "1",
		"AWS_REGION":                  "", // a client that is not told a Region says so
		"PYTHONDONTWRITEBYTECODE":     "1",
		"PYTHONUTF8":                  "1",
		"CHECKPOINT_DISABLE":          "1",
		"TF_IN_AUTOMATION":            "1",
	}
	maps.Copy(env, more)
	var list []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if _, ours := env[name]; !ours && !strings.HasPrefix(name, "AWS_") && !strings.HasPrefix(name, "TF_") {
			list = append(list, entry)
		}
	}
	for name, value := range env {
		if value != "" || name == "AWS_PAGER" {
			list = append(list, name+"="+value)
		}
	}
	return list
}

// run runs a program to its end and returns what it printed and its exit code.
func run(t *testing.T, dir string, env map[string]string, program string, args ...string) (string, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute) // for machines that do much else
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = dir, environment(env)
	cmd.WaitDelay = 5 * time.Second // its children may keep the output open
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if cmd.ProcessState == nil || ctx.Err() != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out.String())
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

func TestBoto3(t *testing.T) {
	parallel(t)
	python := pythonWithBoto3(t)
	if python == "" {
		t.Skip("no python3 with boto3 is installed")
	}
	scripts, err := filepath.Glob("python/*.py")
	if err != nil {
		t.Fatal(err)
	}
	forEachServer(t, func(t *testing.T, e *endpoint) {
		accounts := filepath.Join(t.TempDir(), "accounts.json")
		text, err := json.Marshal(e.accounts)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(accounts, text, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, script := range scripts {
			name := strings.TrimSuffix(filepath.Base(script), ".py")
			if name == "cast" {
				continue
			}
			t.Run(name, func(t *testing.T) {
				env := map[string]string{
					"MAGPIE_TEST_ENDPOINT": e.url,
					"MAGPIE_TEST_ACCOUNTS": accounts,
					"MAGPIE_TEST_REGIONS":  strings.Join(e.takeRegions(t, 2), " "),
				}
				if e.dev {
					env["MAGPIE_TEST_DEV"] = "true"
				}
				if out, code := run(t, "python", env, python, name+".py"); code != 0 {
					t.Errorf("exit %d\n%s", code, out)
				}
			})
		}
	})
}

// pythonWithBoto3 is the first python3 that has boto3, or "".
func pythonWithBoto3(t *testing.T) string {
	t.Helper()
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if path, err := exec.LookPath(python); err == nil {
			if _, code := run(t, "", nil, path, "-c", "import boto3"); code == 0 {
				return path
			}
		}
	}
	return ""
}

func TestCLI(t *testing.T) {
	parallel(t)
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("the AWS CLI is not installed")
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not installed")
	}
	forOneServer(t, func(t *testing.T, e *endpoint) {
		admin, member := e.accounts["admin"], e.accounts["member"]
		region := e.takeRegions(t, 1)[0]
		e.startOver(t, region)
		out, code := run(t, "cli", map[string]string{
			"MAGPIE_TEST_ENDPOINT": e.url,
			"REGION":               region,
			"ADMIN_ID":             admin.AccountID,
			"ADMIN_KEY":            admin.AccessKeyID,
			"ADMIN_SECRET":         admin.SecretAccessKey,
			"MEMBER_ID":            member.AccountID,
			"MEMBER_EMAIL":         member.Email,
			"MEMBER_KEY":           member.AccessKeyID,
			"MEMBER_SECRET":        member.SecretAccessKey,
		}, bash, "story.sh")
		if code != 0 {
			t.Errorf("exit %d\n%s", code, out)
		}
	})
}
