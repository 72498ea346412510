package clients

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
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

// open makes a workspace of a configuration.
func open(t *testing.T, configuration string, variables map[string]any) *workspace {
	t.Helper()
	terraform, err := exec.LookPath("terraform")
	if err != nil {
		t.Skip("Terraform is not installed")
	}
	plugins := providers()
	if plugins == "" {
		t.Skip("Terraform's provider hashicorp/aws is not installed; MAGPIE_TEST_TERRAFORM_PLUGINS can name its folder")
	}
	text, err := os.ReadFile(configuration)
	if err != nil {
		t.Fatal(err)
	}
	w := &workspace{t: t, dir: t.TempDir(), terraform: terraform, variables: variables}
	settings := filepath.Join(w.dir, "settings.tfrc")
	// Each command starts the provider several times, and a third of what that takes is spent on collecting garbage.
	w.env = map[string]string{"TF_CLI_CONFIG_FILE": settings, "GOGC": "400"}
	for name, text := range map[string][]byte{settings: nil, filepath.Join(w.dir, "main.tf"): text} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w.do("init", "-plugin-dir="+plugins)
	return w
}

func TestTerraform(t *testing.T) {
	parallel(t)
	forOneServer(t, func(t *testing.T, e *endpoint) {
		admin, member, second := e.accounts["admin"], e.accounts["member"], e.accounts["second"]
		region := e.takeRegions(t, 1)[0]
		e.startOver(t, region)
		w := open(t, "terraform/main.tf", map[string]any{
			"endpoint":       e.url,
			"region":         region,
			"member_account": member.AccountID,
			"member_email":   member.Email,
			"second_account": second.AccountID,
			"second_email":   second.Email,
			"admin_key":      admin.AccessKeyID,
			"admin_secret":   admin.SecretAccessKey,
			"member_key":     member.AccessKeyID,
			"member_secret":  member.SecretAccessKey,
		})
		macie := e.client(admin, region)

		w.apply(nil)
		expect(t, macie, member, types.RelationshipStatusEnabled)
		expect(t, macie, second, types.RelationshipStatusInvited)
		w.expectJob(macie, types.JobStatusIdle)
		w.apply(map[string]any{"frequency": "SIX_HOURS", "status": "PAUSED", "invite": false, "job_status": "USER_PAUSED"})
		w.expectJob(macie, types.JobStatusUserPaused)
		expect(t, macie, member, types.RelationshipStatusPaused)
		expect(t, macie, second, types.RelationshipStatusRemoved)
		if session, err := macie.GetMacieSession(t.Context(), nil); err != nil || session.FindingPublishingFrequency != types.FindingPublishingFrequencySixHours {
			t.Errorf("session %+v, %v", session, err)
		}
		w.apply(map[string]any{"job_status": "RUNNING"})
		w.expectJob(macie, types.JobStatusIdle)
		w.do("destroy") // also of a job that has completed
		if session, err := macie.GetMacieSession(t.Context(), nil); err == nil {
			t.Errorf("destroyed, and yet there is a session: %+v", session)
		}
	})
}

// Terraform reads an organization, and registers a delegated administrator of it.
func TestTerraformOrganization(t *testing.T) {
	parallel(t)
	forOneServer(t, func(t *testing.T, e *endpoint) {
		management, delegate := e.accounts["management"], e.accounts["delegate"]
		if management.AccountID == "" {
			t.Skip("the accounts given are in no organization")
		}
		boss := organizations.New(organizations.Options{BaseEndpoint: &e.url, Region: "us-east-1",
			Credentials: credentials.NewStaticCredentialsProvider(management.AccessKeyID, management.SecretAccessKey, "")})
		macie := aws.String("macie.amazonaws.com")
		if _, err := boss.EnableAWSServiceAccess(t.Context(), &organizations.EnableAWSServiceAccessInput{ServicePrincipal: macie}); err != nil {
			t.Fatal(err)
		}
		w := open(t, "terraform/organization.tf", map[string]any{
			"endpoint":         e.url,
			"key":              management.AccessKeyID,
			"secret":           management.SecretAccessKey,
			"delegate_account": delegate.AccountID,
		})
		w.apply(nil) // its own postconditions say what has to be read
		w.do("destroy")
		out, err := boss.ListDelegatedAdministrators(t.Context(), &organizations.ListDelegatedAdministratorsInput{ServicePrincipal: macie})
		if err != nil || len(out.DelegatedAdministrators) != 0 {
			t.Errorf("destroyed, and yet there are %+v, %v", out, err)
		}
	})
}

// Terraform designates the Macie administrator of an organization, and takes members for it.
func TestTerraformDelegatedAdministrator(t *testing.T) {
	parallel(t)
	forOneServer(t, func(t *testing.T, e *endpoint) {
		management, delegate, colleague := e.accounts["management"], e.accounts["delegate"], e.accounts["colleague"]
		if colleague.AccountID == "" {
			t.Skip("the accounts given are in no organization")
		}
		region := e.takeRegions(t, 1)[0]
		e.startOver(t, region)
		w := open(t, "terraform/delegated.tf", map[string]any{
			"endpoint":          e.url,
			"region":            region,
			"management_key":    management.AccessKeyID,
			"management_secret": management.SecretAccessKey,
			"delegate_account":  delegate.AccountID,
			"delegate_key":      delegate.AccessKeyID,
			"delegate_secret":   delegate.SecretAccessKey,
			"colleague_account": colleague.AccountID,
			"colleague_email":   colleague.Email,
		})
		w.apply(nil)
		macie, boss := e.client(delegate, region), e.client(management, region)
		expect(t, macie, colleague, types.RelationshipStatusEnabled)
		w.apply(map[string]any{"auto_enable": false, "status": "PAUSED"})
		expect(t, macie, colleague, types.RelationshipStatusPaused)
		w.apply(map[string]any{"status": "ENABLED"})
		expect(t, macie, colleague, types.RelationshipStatusEnabled)
		configuration, err := macie.DescribeOrganizationConfiguration(t.Context(), nil)
		if err != nil || aws.ToBool(configuration.AutoEnable) {
			t.Errorf("the configuration is %+v, %v", configuration, err)
		}
		// The provider deletes members that it has not disassociated, which Macie refuses for those of an organization.
		if _, err := macie.DisassociateMember(t.Context(), &macie2.DisassociateMemberInput{Id: &colleague.AccountID}); err != nil {
			t.Fatal(err)
		}
		w.do("destroy")
		if session, err := boss.GetMacieSession(t.Context(), nil); err == nil {
			t.Errorf("destroyed, and yet there is a session: %+v", session)
		}
		e.startOver(t, region)
	})
}

// expect asks the server, not Terraform, how the member stands.
func expect(t *testing.T, macie *macie2.Client, a account, want types.RelationshipStatus) {
	t.Helper()
	member, err := macie.GetMember(t.Context(), &macie2.GetMemberInput{Id: &a.AccountID})
	if err != nil {
		t.Fatal(err)
	}
	if member.RelationshipStatus != want {
		t.Fatalf("%s is %s and not %s", a.AccountID, member.RelationshipStatus, want)
	}
}

// expectJob asks the server how the scheduled job stands.
func (w *workspace) expectJob(macie *macie2.Client, want types.JobStatus) {
	w.t.Helper()
	var outputs map[string]struct{ Value string }
	out, code := w.terraformOutput("output", "-json", "-no-color")
	if code != 0 || json.Unmarshal([]byte(out), &outputs) != nil {
		w.t.Fatalf("exit %d\n%s", code, out)
	}
	id := outputs["job"].Value
	job, err := macie.DescribeClassificationJob(w.t.Context(), &macie2.DescribeClassificationJobInput{JobId: &id})
	if err != nil {
		w.t.Fatal(err)
	}
	if job.JobStatus != want {
		w.t.Fatalf("the job is %s and not %s", job.JobStatus, want)
	}
}

// apply changes variables, and expects that a plan afterwards finds nothing to
// do.
func (w *workspace) apply(changes map[string]any) {
	w.t.Helper()
	maps.Copy(w.variables, changes)
	w.do("apply")
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
