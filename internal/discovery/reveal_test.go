package discovery

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"magpie/internal/finding"
	"magpie/internal/identity"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
)

// again reads objects again for a test's findings.
type again struct{ n *node }

func (r *again) Stored(ctx context.Context, holder macie2.AccountID, x *macie2.Finding) (objectstore.Head, error) {
	return r.n.Service.Stored(ctx, holder, x)
}

func (r *again) Reveal(ctx context.Context, holder macie2.AccountID, x *macie2.Finding) (map[string][]string, error) {
	return r.n.Service.Reveal(ctx, holder, x)
}

// MayRead denies the objects whose key says so.
func (r *again) MayRead(_ *macie2.Call, _, key string) bool { return !strings.HasPrefix(key, "denied") }

var _ finding.Revealer = (*again)(nil)

func zipped(t *testing.T, name, content string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzipped(t *testing.T, content string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// cards are n different numbers that are found.
func cards(n int) (all []string) {
	for i := 0; len(all) < n; i++ {
		digits := []byte("453914880343" + string([]byte{'0' + byte(i/100%10), '0' + byte(i/10%10), '0' + byte(i%10), '0'}))
		sum := 0
		for j, c := range digits[:15] {
			d := int(c - '0')
			if j%2 == 0 {
				if d *= 2; d > 9 {
					d -= 9
				}
			}
			sum += d
		}
		digits[15] = '0' + byte((10-sum%10)%10)
		all = append(all, string(digits))
	}
	return all
}

// findingsByKey are the ids of a job's findings.
func (n *node) findingsByKey(account macie2.AccountID) map[string]string {
	n.t.Helper()
	list, err := n.findings.ListFindings(n.t.Context(), n.call(account), &macie2.ListFindingsInput{})
	if err != nil {
		n.t.Fatal(err)
	}
	got, err := n.findings.GetFindings(n.t.Context(), n.call(account), &macie2.GetFindingsInput{FindingIds: list.FindingIds})
	if err != nil {
		n.t.Fatal(err)
	}
	ids := map[string]string{}
	for _, f := range got.Findings {
		ids[*f.ResourcesAffected.S3Object.Key] = *f.Id
	}
	return ids
}

// TestReveal: values come back as they are in the file, whatever the file is; up to ten of them; and only where they may.
func TestReveal(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		n := more()
		n.work()
		n.enable(alice)
		many := cards(12)
		files := map[string]string{
			"a.txt":       "credit card number " + many[0] + " and credit card number " + many[1] + "\n",
			"a.csv":       "name,credit card number\nx," + strings.Join(many, "\nx,") + "\n",
			"a.tsv":       "name\tcredit card number\nx\t" + many[2] + "\n",
			"a.json":      `{"people":[{"credit card number":"` + many[3] + `"}]}`,
			"a.jsonl":     `{"credit card number":"` + many[4] + `"}` + "\n" + `{"credit card number":"` + many[5] + `"}` + "\n",
			"a.csv.gz":    gzipped(t, "credit card number\n"+many[6]+"\n"),
			"a.zip":       zipped(t, "in.csv", "credit card number\n"+many[7]+"\n"),
			"denied.txt":  "credit card number " + many[8] + "\n",
			"changed.txt": "credit card number " + many[8] + "\n",
			"gone.txt":    "credit card number " + many[8] + "\n",
			"a.html":      "<p>credit card number " + many[9] + "</p>",
		}
		want := map[string][]string{"a.txt": many[:2], "a.csv": many[:10], "a.tsv": many[2:3], "a.json": many[3:4], "a.jsonl": many[4:6],
			"a.csv.gz": many[6:7], "a.zip": many[7:8]}
		in := map[string]string{}
		for name, content := range files {
			in["data/"+name] = content
		}
		dir := n.folder(alice, in)
		n.reaches(alice, n.create(alice, oneTime(alice, "data")), macie2.JobStatusComplete)
		ids := n.findingsByKey(alice)
		if len(ids) != len(files) {
			t.Fatalf("found were %v", ids)
		}
		ask := func(account macie2.AccountID, key string) (*macie2.GetSensitiveDataOccurrencesOutput, error) {
			return n.findings.GetSensitiveDataOccurrences(t.Context(), n.call(account), &macie2.GetSensitiveDataOccurrencesInput{FindingId: macie2.Ptr(ids[key])})
		}
		_, err := ask(alice, "a.txt")
		refused(t, err, macie2.AccessDeniedException, "not enabled")
		set := &macie2.UpdateRevealConfigurationInput{Configuration: &macie2.RevealConfiguration{Status: macie2.Ptr(macie2.RevealStatusEnabled)}}
		_, err = n.findings.UpdateRevealConfiguration(t.Context(), n.call(alice), set)
		refused(t, err, macie2.ValidationException, "kmsKeyId")
		set.Configuration.KmsKeyId = macie2.Ptr("alias/samples")
		if _, err = n.findings.UpdateRevealConfiguration(t.Context(), n.call(alice), set); err != nil {
			t.Fatal(err)
		}
		for key, values := range want {
			out, err := ask(alice, key)
			if err != nil {
				t.Errorf("%s: %v", key, err)
				continue
			}
			var got []string
			for _, v := range out.SensitiveDataOccurrences["CREDIT_CARD_NUMBER"] {
				got = append(got, *v.Value)
			}
			if *out.Status != macie2.RevealRequestStatusSuccess || len(out.SensitiveDataOccurrences) != 1 || !slices.Equal(got, values) {
				t.Errorf("%s: %s %v, want %v", key, *out.Status, got, values)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "data/changed.txt"), []byte("credit card number "+many[9]+"!\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(dir, "data/gone.txt")); err != nil {
			t.Fatal(err)
		}
		for key, reason := range map[string]macie2.UnavailabilityReasonCode{"changed.txt": "OBJECT_UNAVAILABLE", "gone.txt": "OBJECT_UNAVAILABLE",
			"a.html": "UNSUPPORTED_OBJECT_TYPE"} {
			_, err := ask(alice, key)
			refused(t, err, macie2.UnprocessableEntityException, string(reason))
			out, err := n.findings.GetSensitiveDataOccurrencesAvailability(t.Context(), n.call(alice), &macie2.GetSensitiveDataOccurrencesAvailabilityInput{FindingId: macie2.Ptr(ids[key])})
			if err != nil || *out.Code != macie2.AvailabilityCodeUnavailable || !slices.Contains(out.Reasons, reason) {
				t.Errorf("%s: %+v, %v", key, out, err)
			}
		}
		_, err = ask(alice, "denied.txt")
		refused(t, err, macie2.AccessDeniedException, "policies")
		n.enable(carol)
		_, err = ask(carol, "a.txt")
		refused(t, err, macie2.ResourceNotFoundException, "")
		for i := len(want); i < 100; i++ {
			if _, err := ask(alice, "a.txt"); err != nil {
				t.Fatalf("request %d: %v", i+1, err)
			}
		}
		_, err = ask(alice, "a.txt")
		refused(t, err, macie2.ThrottlingException, "")
	})
}

// TestRevealOfMembers: whoever administers an account sees samples of its data as long as that is so, and no longer.
func TestRevealOfMembers(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		a := twoAccounts()
		n := more(a.options)
		n.work()
		n.enable(alice, bob)
		number := cards(1)[0]
		n.folder(bob, map[string]string{"data/a.txt": "credit card number " + number + "\n"})
		n.reaches(alice, n.create(alice, oneTime(bob, "data")), macie2.JobStatusComplete)
		id := macie2.Ptr(n.findingsByKey(alice)["a.txt"])
		set := &macie2.UpdateRevealConfigurationInput{Configuration: &macie2.RevealConfiguration{
			Status: macie2.Ptr(macie2.RevealStatusEnabled), KmsKeyId: macie2.Ptr("alias/samples")}}
		if _, err := n.findings.UpdateRevealConfiguration(t.Context(), n.call(alice), set); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			what    string
			change  func()
			visible bool
		}{
			{"a member", func() {}, true},
			{"a former member", func() { a.set(bob, identity.AccountActive, "", false) }, false},
			{"a member again", func() { a.set(bob, identity.AccountActive, "", true) }, true},
			{"a suspended account", func() { a.set(bob, identity.AccountSuspended, "", true) }, false},
			{"a closed account", func() { a.set(bob, identity.AccountClosed, "", true) }, false},
			{"an account without the Region", func() { a.set(bob, identity.AccountActive, region, true) }, false},
			{"a member without Macie", func() {
				a.set(bob, identity.AccountActive, "", true)
				if _, err := n.sessions.DisableMacie(t.Context(), n.call(bob), &macie2.DisableMacieInput{}); err != nil {
					t.Fatal(err)
				}
			}, false},
		} {
			c.change()
			said, err := n.findings.GetSensitiveDataOccurrencesAvailability(t.Context(), n.call(alice),
				&macie2.GetSensitiveDataOccurrencesAvailabilityInput{FindingId: id})
			if err != nil {
				t.Fatal(err)
			}
			if outside := slices.Contains(said.Reasons, macie2.UnavailabilityReasonCodeAccountNotInOrganization); outside == c.visible {
				t.Errorf("%s: the availability is %s %v", c.what, *said.Code, said.Reasons)
			}
			out, err := n.findings.GetSensitiveDataOccurrences(t.Context(), n.call(alice), &macie2.GetSensitiveDataOccurrencesInput{FindingId: id})
			switch {
			case !c.visible:
				refused(t, err, macie2.UnprocessableEntityException, string(macie2.UnavailabilityReasonCodeAccountNotInOrganization))
			case err != nil || *out.SensitiveDataOccurrences["CREDIT_CARD_NUMBER"][0].Value != number:
				t.Errorf("%s: %v %v", c.what, out, err)
			}
		}
	})
}
