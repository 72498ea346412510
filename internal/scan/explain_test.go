//go:build unix

package scan

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// question is a file with one of everything that is not reported, and why.
func question(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, content := range map[string]string{
		"people.csv": "name,ssn,note\nAnna Meyer,536-90-4399,x\nB,666-12-3456,card 4012888888881881\n" +
			"C,,\"my ssn is not here but far away from it and more: 536-90-4388\"\nD,,4539148803436468 credit card\nE,,NHS 943 476 5919\nF,,SSN_HASH_4\n",
		"notes.txt": "ssn: not here but far away from it, in words 536-90-4399\nDE89370400440532013001\ncall 536-90-4400\n" +
			"TCK-1234 and ticket TCK-9999, ticket TCK-0000\nssn 536-90-4311\n",
		"custom.json": `[{"name": "Ticket", "regex": "TCK-[0-9]{4}", "keywords": ["ticket"], "ignoreWords": ["TCK-0000"],
			"severityLevels": [{"occurrencesThreshold": 5, "severity": "LOW"}]}]`,
		"allowed.txt": "536-90-4311\n",
	} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestExplain(t *testing.T) {
	wd, _ := os.Getwd()
	question(t)
	code, table, errs := run(t, "", "--explain", "people.csv")
	_, revealed, _ := run(t, "", "--explain", "--reveal", "--identifiers", "USA_SOCIAL_SECURITY_NUMBER", "--custom", "custom.json", "--allow", "allowed.txt", "notes.txt")
	_, lines, _ := run(t, "", "--explain", "--output", "json", "--custom", "custom.json", "--allow", "allowed.txt", "people.csv", "notes.txt")
	_, none, _ := run(t, "nothing at all\n", "--explain", "-")
	folderCode, _, folderErrs := run(t, "", "--explain", ".")
	sarifCode, _, _ := run(t, "", "--explain", "--output", "sarif", "notes.txt")
	_, plain, _ := run(t, "", "--output", "json", "--custom", "custom.json", "notes.txt")
	t.Chdir(wd)
	if code != 0 || errs != "" {
		t.Errorf("code %d, %q", code, errs)
	}
	if folderCode != ExitUsage || !strings.Contains(folderErrs, "is a folder") || sarifCode != ExitUsage {
		t.Errorf("a folder: %d %q; sarif: %d", folderCode, folderErrs, sarifCode)
	}
	clean := func(s string) string { return timing.ReplaceAllString(s, "in TIME") }
	golden(t, "explain.golden", clean(table))
	golden(t, "explain-reveal.golden", clean(revealed))
	golden(t, "explain-none.golden", clean(none))
	if strings.Contains(plain, "notReported") {
		t.Error("it is told without being asked")
	}
	reasons := map[string]bool{}
	for line := range strings.Lines(lines) {
		var l struct {
			NotReported []struct{ Identifier, Place, Reason, Detail, MaskedSample string }
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil || len(l.NotReported) == 0 {
			t.Fatalf("%v in %s", err, line)
		}
		for _, m := range l.NotReported {
			reasons[m.Reason] = true
			if m.Identifier == "" || m.Place == "" || m.Detail == "" {
				t.Errorf("%+v", m)
			}
		}
	}
	for _, want := range []string{"KEYWORD_MISSING", "CHECK_FAILED", "TEST_NUMBER", "ALLOW_LIST", "IGNORE_WORD", "NOT_LOOKED_FOR", "TOO_FEW_OCCURRENCES"} {
		if !reasons[want] {
			t.Errorf("nothing has the reason %s: %v", want, reasons)
		}
	}
	for _, s := range []string{table, lines} {
		if strings.Contains(s, "4399") || strings.Contains(s, "6468") {
			t.Error("the end of a value is shown")
		}
	}
	for _, s := range []string{table, revealed, lines} {
		if strings.Contains(s, "536-90") || strings.Contains(s, "453914880343") {
			t.Error("a value is shown")
		}
	}
}
