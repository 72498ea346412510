package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode"
)

// What an endpoint answers does nothing to the terminal or the spreadsheet that it is shown in, in whatever form.
func TestHostileAnswers(t *testing.T) {
	hostile := []string{"\x1b]0;title\a", "\u009b2J", "\u202egnp.exe", "\u200b\u2066", "\x00\x7f", "\r\x1b[2K", "\U000e0041"}
	formulas := []string{"=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1"}
	var list []any
	for _, s := range append(hostile, formulas...) {
		list = append(list, map[string]any{"name": s, "x" + s: "a" + s, s: "=b"})
	}
	for _, format := range formats {
		var b bytes.Buffer
		if err := (&output{format: format}).write(&b, map[string]any{"items": list}); err != nil {
			t.Fatal(err)
		}
		shown(t, format, b.String())
		switch format {
		case "json":
			var back map[string][]map[string]string
			if err := json.Unmarshal(b.Bytes(), &back); err != nil || back["items"][0]["name"] != hostile[0] {
				t.Errorf("the JSON is another: %v, %q", err, back)
			}
		case "csv":
			rows, err := csv.NewReader(&b).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows {
				for _, cell := range row {
					if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
						t.Errorf("the cell %q is a formula", cell)
					}
				}
			}
		}
	}
	event := historyEvent{Time: time.Unix(0, 0)}
	event.Detail, event.Principal = strings.Join(hostile, "\n"), strings.Join(hostile, "\t")
	for _, format := range []string{"json", "table"} {
		var b bytes.Buffer
		if err := printHistory(&b, format, []historyEvent{event}); err != nil {
			t.Fatal(err)
		}
		shown(t, "history as "+format, b.String())
		if lines := strings.Count(b.String(), "\n"); format == "table" && lines != 2 {
			t.Errorf("a line of history is %d", lines-1)
		}
	}
}

func shown(t *testing.T, what, text string) {
	t.Helper()
	for _, r := range text {
		if !unicode.IsPrint(r) && r != '\n' && r != '\t' {
			t.Errorf("%s shows %U", what, r)
			return
		}
	}
}
