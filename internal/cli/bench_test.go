//go:build unix

package cli_test

import (
	"flag"
	"strings"
	"syscall"
	"testing"

	"magpie/internal/cli/region"
)

var (
	benchAccounts = flag.Int("accounts", 200, "accounts that BenchmarkInvite invites")
	benchRegions  = flag.Int("regions", 4, "Regions in which it does")
	benchAccept   = flag.Bool("accept", false, "let it accept too, by a role")
)

// BenchmarkInvite brings accounts end to end, from a file to Invited (or, with -accept, to Enabled) in every Region, with the built binary
// against a server on the same machine. The size that matters is
//
//	go test -run '^$' -bench Invite -benchtime 1x ./internal/cli -accounts 2000 -regions 17
func BenchmarkInvite(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		r := start(b, "--quota-members", "100000")
		file, ids := r.accountsFile(*benchAccounts)
		regions := region.Names()[:*benchRegions]
		args := []string{"invite", "--file", file, "--regions", strings.Join(regions, ","), "--enable-macie", "--output", "csv"}
		relationship := "Invited"
		if *benchAccept {
			args = append(args, "--accept-role", "Onboarding")
			relationship = "Enabled"
		}
		c := r.command(admin, args...)
		b.StartTimer()
		got := finish(b, c)
		b.StopTimer()
		if got.code != 0 {
			b.Fatalf("exit %d\n%s", got.code, got.stderr)
		}
		if n := strings.Count(got.stdout, ","+relationship+","); n != len(ids)*len(regions) {
			b.Errorf("%d of %d are %s", n, len(ids)*len(regions), relationship)
		}
		lines := strings.Split(strings.TrimSpace(got.stderr), "\n")
		b.Log(lines[len(lines)-1])
		usage := c.ProcessState.SysUsage().(*syscall.Rusage)
		b.ReportMetric(float64(usage.Maxrss)/1024, "MiB")
		b.ReportMetric(c.ProcessState.UserTime().Seconds()+c.ProcessState.SystemTime().Seconds(), "cpu-s")
		b.ReportMetric(float64(len(ids)*len(regions))/b.Elapsed().Seconds(), "accounts/s")
		r.kill()
		b.StartTimer()
	}
}
