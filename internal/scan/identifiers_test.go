package scan

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestIdentifiersCommand(t *testing.T) {
	run := func(args ...string) (string, error) {
		c := IdentifiersCommand()
		var out bytes.Buffer
		c.SetOut(&out)
		c.SetErr(&out)
		c.SilenceErrors, c.SilenceUsage = true, true
		c.SetArgs(args)
		err := c.Execute()
		return out.String(), err
	}
	all, err := run()
	if err != nil || strings.Count(all, "\n") != 167 || !strings.Contains(all, "\nUK_NHS_NUMBER") {
		t.Errorf("%d lines, %v", strings.Count(all, "\n"), err)
	}
	recommended, err := run("--recommended")
	if n := strings.Count(recommended, "\n"); err != nil || n < 10 || n > 166 || strings.Contains(recommended, "\nJSON_WEB_TOKEN") {
		t.Errorf("%d recommended, %v", n-1, err)
	}
	one, err := run("uk_nhs_number")
	if err != nil || !strings.Contains(one, "UK_NHS_NUMBER\n") || !strings.Contains(one, "Check") || !strings.Contains(one, "NHS") {
		t.Errorf("%s, %v", one, err)
	}
	text, err := run("--output", "json", "IBAN_NOT_THERE")
	var exit *ExitError
	if !errors.As(err, &exit) || exit.Code != 2 {
		t.Errorf("an unknown id: %s, %v", text, err)
	}
	text, err = run("--output", "json", "CREDIT_CARD_NUMBER")
	var out struct {
		Identifiers []struct{ ID, Category string }
	}
	if err != nil || json.Unmarshal([]byte(text), &out) != nil || len(out.Identifiers) != 1 || out.Identifiers[0].Category != "FINANCIAL_INFORMATION" {
		t.Errorf("%s, %v", text, err)
	}
}
