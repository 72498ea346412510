package detect

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestCompileCustomRefuses(t *testing.T) {
	ok := CustomConfig{Regex: `EMP-\d{6}`}
	for _, c := range []struct {
		name   string
		change func(*CustomConfig)
		member string
		reason string
	}{
		{"empty", func(c *CustomConfig) { c.Regex = "" }, "regex", "empty"},
		{"long", func(c *CustomConfig) { c.Regex = strings.Repeat("a", 513) }, "regex", "at most 512"},
		{"backreference", func(c *CustomConfig) { c.Regex = `(a)\1` }, "regex", "backreferences"},
		{"look-ahead", func(c *CustomConfig) { c.Regex = `a(?=b)` }, "regex", "look-ahead"},
		{"negative look-ahead", func(c *CustomConfig) { c.Regex = `a(?!b)` }, "regex", "look-ahead"},
		{"look-behind", func(c *CustomConfig) { c.Regex = `(?<=a)b` }, "regex", "look-behind"},
		{"conditional", func(c *CustomConfig) { c.Regex = `(a)?(?(1)b|c)` }, "regex", "conditionals"},
		{"recursion", func(c *CustomConfig) { c.Regex = `a(?R)?b` }, "regex", "recursion"},
		{"code", func(c *CustomConfig) { c.Regex = `a(?{print})` }, "regex", "embedded code"},
		{"flag m", func(c *CustomConfig) { c.Regex = `(?m)^a` }, "regex", "(?i)"},
		{"named group", func(c *CustomConfig) { c.Regex = `(?P<x>a)` }, "regex", "named"},
		{"possessive", func(c *CustomConfig) { c.Regex = `a++b` }, "regex", "possessive"},
		{"big repeat", func(c *CustomConfig) { c.Regex = `\d{100,1000}` }, "regex", "too large"},
		{"wildcards", func(c *CustomConfig) { c.Regex = `a*b*a*` }, "regex", "wildcards"},
		{"empty match", func(c *CustomConfig) { c.Regex = `a*` }, "regex", "empty text"},
		{"open group", func(c *CustomConfig) { c.Regex = `(a` }, "regex", "missing closing )"},
		{"trailing backslash", func(c *CustomConfig) { c.Regex = `a\` }, "regex", "backslash"},
		{"distance", func(c *CustomConfig) { c.MaximumMatchDistance = new(301) }, "maximumMatchDistance", "301"},
		{"no distance", func(c *CustomConfig) { c.MaximumMatchDistance = new(0) }, "maximumMatchDistance", "0 is not between 1 and 300"},
		{"negative distance", func(c *CustomConfig) { c.MaximumMatchDistance = new(-1) }, "maximumMatchDistance", "-1 is not"},
		{"possessive property", func(c *CustomConfig) { c.Regex = `\p{L}++x` }, "regex", "possessive"},
		{"possessive option", func(c *CustomConfig) { c.Regex = `ab?+c` }, "regex", "possessive"},
		{"possessive bound", func(c *CustomConfig) { c.Regex = `a{2,3}+b` }, "regex", "possessive"},
		{"possessive after a backslash", func(c *CustomConfig) { c.Regex = `a\\++` }, "regex", "possessive"},
		{"possessive after a brace", func(c *CustomConfig) { c.Regex = `\x{41}*+b` }, "regex", "possessive"},
		{"keywords", func(c *CustomConfig) { c.Keywords = make([]string, 51) }, "keywords", "at most 50"},
		{"short keyword", func(c *CustomConfig) { c.Keywords = []string{"id"} }, "keywords", "2 characters"},
		{"short ignore word", func(c *CustomConfig) { c.IgnoreWords = []string{"abc"} }, "ignoreWords", "3 characters"},
		{"levels", func(c *CustomConfig) {
			c.SeverityLevels = []SeverityLevel{{5, "HIGH"}, {5, "LOW"}}
		}, "severityLevels", "above"},
		{"level name", func(c *CustomConfig) { c.SeverityLevels = []SeverityLevel{{5, "High"}} }, "severityLevels", "none of"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := ok
			c.change(&cfg)
			_, err := CompileCustom(cfg)
			var refused *CustomError
			if !errors.As(err, &refused) {
				t.Fatalf("error %v, want a refusal", err)
			}
			if refused.Member != c.member || !strings.Contains(refused.Reason, c.reason) {
				t.Errorf("%s: %s, want %s: …%s…", refused.Member, refused.Reason, c.member, c.reason)
			}
		})
	}
}

func TestCustomAccepts(t *testing.T) {
	for _, p := range []string{`\d{100,}`, `(?i)secret-[a-z]+`, `([a-z]+\.)?example\.(ca|au)`, `[()?=!]+x`, `\(?\d{3}\)?`, `a\+\+`, `\p{L}+`, `\P{Lu}+\d`, `\x{41}+`, `[\x{41}-\x{5A}]+`, `\p{Greek}{2}`,
		`\pL+`, `a}+`, `\{\d\}+`, `x{y}+`, `\\+a`, `a{2,}?b`, `(?:ab)+`, `[+*]+`, `\Q++\E+`, `^id:\d+$`, `[[:alpha:]]{2}\d`, `[]a]b`} {
		if _, err := CompileCustom(CustomConfig{Regex: p}); err != nil {
			t.Errorf("%s: %v", p, err)
		}
	}
}

func TestCustomMatches(t *testing.T) {
	for _, c := range []struct {
		name   string
		config CustomConfig
		text   string
		want   int
	}{
		{"plain", CustomConfig{Regex: `EMP-\d{6}`}, "EMP-123456 and EMP-654321", 2},
		{"keyword before", CustomConfig{Regex: `\d{6}`, Keywords: []string{"employee"}}, "Employee: 123456", 1},
		{"keyword after", CustomConfig{Regex: `\d{6}`, Keywords: []string{"employee"}}, "123456 employee", 0},
		{"keyword in a word", CustomConfig{Regex: `\d{6}`, Keywords: []string{"employee"}}, "employees 123456", 0},
		{"distance is to the end of the match", CustomConfig{Regex: `\d{6}`, Keywords: []string{"employee"}, MaximumMatchDistance: new(7)}, "employee 123456", 1},
		{"too far", CustomConfig{Regex: `\d{6}`, Keywords: []string{"employee"}, MaximumMatchDistance: new(6)}, "employee 123456", 0},
		{"ignore word", CustomConfig{Regex: `[a-z]+@example\.com`, IgnoreWords: []string{"test"}}, "test@example.com joe@example.com Test@example.com", 2},
		{"ignore words mind case", CustomConfig{Regex: `(?i)[a-z]+@example\.com`, IgnoreWords: []string{"test"}}, "Test@example.com", 1},
		{"anchors are the file's", CustomConfig{Regex: `^a`}, "a\na", 1},
		{"end of file", CustomConfig{Regex: `a$`}, "a\na", 1},
		{"characters, not bytes", CustomConfig{Regex: `é{3}`, Keywords: []string{"clé"}, MaximumMatchDistance: new(4)}, "clé ééé", 1},
		{"keyword at the start of a run", CustomConfig{Regex: `[a-z0-9]+`, Keywords: []string{"emp"}}, "emp123", 1},
		{"an ignored match is not cut short", CustomConfig{Regex: `[a-z]{3,}`, IgnoreWords: []string{"test"}}, "atestbcd", 0},
		{"a very long match", CustomConfig{Regex: `x[a-z]{3,}y`}, "x" + strings.Repeat("a", MaxCustomMatch+10) + "y", 0},
		{"keyword with a hyphen", CustomConfig{Regex: `\d{6}`, Keywords: []string{"emp-no"}}, "emp-no 123456", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			id, err := CompileCustom(c.config)
			if err != nil {
				t.Fatal(err)
			}
			if got := id.Test(c.text); got != c.want {
				t.Errorf("%d matches, want %d", got, c.want)
			}
		})
	}
}

func TestCustomSeverity(t *testing.T) {
	id, err := CompileCustom(CustomConfig{Regex: "abcd", SeverityLevels: []SeverityLevel{{100, "HIGH"}, {5, "LOW"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		n    int64
		want string
	}{{1, ""}, {4, ""}, {5, "LOW"}, {99, "LOW"}, {100, "HIGH"}} {
		if got := id.Severity(c.n); got != c.want {
			t.Errorf("%d: %q, want %q", c.n, got, c.want)
		}
	}
}

func TestAllowLists(t *testing.T) {
	id, err := CompileCustom(CustomConfig{Regex: `[A-Za-z]+@example\.com`})
	if err != nil {
		t.Fatal(err)
	}
	words, err := AllowWords([]byte("\n  Joe@Example.com \n\nann@example.com\n"))
	if err != nil {
		t.Fatal(err)
	}
	rx, err := AllowRegex(`b+@example\.com|c`)
	if err != nil {
		t.Fatal(err)
	}
	set, err := Compile(Config{Custom: []*Custom{id}, AllowLists: []*AllowList{words, rx}})
	if err != nil {
		t.Fatal(err)
	}
	text := "joe@example.com ann@example.com joann@example.com bb@example.com abb@example.com"
	var got []string
	set.NewScanner().Scan(&Block{Text: []byte(text), Hi: len(text), Start: true, End: true}, func(m Match) {
		got = append(got, text[m.Start:m.End])
	})
	if want := "joann@example.com abb@example.com"; strings.Join(got, " ") != want {
		t.Errorf("%q, want %q", got, want)
	}
	if _, err := AllowWords([]byte(" \n\n")); err == nil {
		t.Error("an empty list is accepted")
	}
	if _, err := AllowWords([]byte(strings.Repeat("x", 91))); err == nil {
		t.Error("a long entry is accepted")
	}
}

// An identifier that is compiled and tried with pauses finds what it finds without, and is never long at work between two of them.
func TestCustomPauses(t *testing.T) {
	for _, regex := range []string{`[a-z]{2,5}\d`, `(.{0,20}.{0,20}.{0,5}){1,5}é`, `(\w{1,20}\pL?){1,10} `} {
		sample := strings.Repeat("abc1 defgh23 é ", 20)
		plain, err := CompileCustom(CustomConfig{Regex: regex})
		if err != nil {
			t.Fatal(err)
		}
		pauses := 0
		pausing, err := CompileCustomPausing(CustomConfig{Regex: regex}, func() { pauses++ })
		if err != nil {
			t.Fatal(err)
		}
		compiled := pauses
		if got, want := pausing.Matches(sample), plain.Matches(sample); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", regex, got, want)
		}
		if compiled == 0 || pauses == compiled {
			t.Errorf("%s: %d pauses while it is compiled, %d while it is tried", regex, compiled, pauses-compiled)
		}
	}
}
