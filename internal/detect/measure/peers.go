package main

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"magpie/internal/detect/managed"
)

//go:embed vectorscan.c.txt
var vectorscanSource []byte

// comparePeers runs what is installed on the same text and prints how much faster the
// scanner is.
func comparePeers(text []byte, own float64, rounds int) error {
	dir, err := os.MkdirTemp("", "measure")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "mixed.txt")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return err
	}
	patterns := filepath.Join(dir, "patterns")
	list := peerPatterns()
	if err := os.WriteFile(patterns, []byte(strings.Join(list, "\n")+"\n"), 0o600); err != nil {
		return err
	}
	fmt.Printf("\non the same mixed text, %d keywords as literals and %d shapes of values:\n", len(list)-len(valueShapes), len(valueShapes))
	show := func(name string, d time.Duration, bytes int, err error) {
		if err != nil {
			fmt.Printf("%-12s not run: %v\n", name, err)
			return
		}
		r := float64(bytes) / 1e6 / d.Seconds()
		fmt.Printf("%-12s %8.1f MB/s; the scanner is %.1f times as fast\n", name, r, own/r)
	}
	d, err := userTime(rounds, "rg", "-j1", "--count", "-f", patterns, file)
	if err == nil { // less what it takes to begin and to compile the patterns
		empty := filepath.Join(dir, "empty.txt")
		if err = os.WriteFile(empty, []byte("\n"), 0o600); err == nil {
			var start time.Duration
			start, err = userTime(rounds, "rg", "-j1", "--count", "-f", patterns, empty)
			d -= start
		}
	}
	show("ripgrep", d, len(text), err)
	if program, err := buildVectorscan(dir); err != nil {
		show("hyperscan", 0, 0, err)
	} else {
		d, err := printedTime(program, patterns, file, fmt.Sprint(rounds))
		show("hyperscan", d, len(text), err)
	}
	// gitleaks takes minutes for what the others do in a second.
	small := filepath.Join(dir, "small")
	if err := os.Mkdir(small, 0o700); err != nil {
		return err
	}
	part := text[:min(len(text), 2<<20)]
	if err := os.WriteFile(filepath.Join(small, "part.txt"), part, 0o600); err != nil {
		return err
	}
	d, err = userTime(1, "gitleaks", "dir", "--no-banner", "--exit-code=0", "--log-level=error", small)
	show("gitleaks", d, len(part), err)
	return nil
}

// userTime runs a program and returns the least processor time it took.
func userTime(rounds int, name string, args ...string) (time.Duration, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return 0, fmt.Errorf("%s is not installed", name)
	}
	shortest := time.Duration(1<<63 - 1)
	for range rounds {
		cmd := exec.Command(path, args...)
		if out, err := cmd.CombinedOutput(); err != nil && (cmd.ProcessState == nil || cmd.ProcessState.ExitCode() > 1) {
			return 0, fmt.Errorf("%w: %.200s", err, out)
		}
		shortest = min(shortest, cmd.ProcessState.UserTime())
	}
	return shortest, nil
}

// printedTime runs a program that prints how many nanoseconds it took for what counts.
func printedTime(name string, args ...string) (time.Duration, error) {
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	return time.Duration(n), err
}

// buildVectorscan compiles the small program beside this file, where there are a C
// compiler and the library.
func buildVectorscan(dir string) (string, error) {
	source := filepath.Join(dir, "vectorscan.c")
	if err := os.WriteFile(source, vectorscanSource, 0o600); err != nil {
		return "", err
	}
	program := filepath.Join(dir, "vectorscan")
	out, err := exec.Command("cc", "-O2", "-o", program, source, "-lhs").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("it needs cc and libhs: %.200s", out)
	}
	return program, nil
}

// peerPatterns are what an expert would give a matcher of many patterns to find the
// candidates that the scanner judges: every keyword by itself, as a literal in either case,
// and the shapes of values as expressions of their own. A keyword and a value in one
// expression with a gap between them would make it several times slower.
func peerPatterns() []string {
	seen := map[string]bool{}
	var out []string
	for _, m := range managed.All() {
		for _, k := range m.Keywords {
			if k = strings.ToLower(k); !seen[k] {
				seen[k] = true
				out = append(out, "(?i)"+regexp.QuoteMeta(k))
			}
		}
	}
	return append(out, valueShapes...)
}

// valueShapes are the shapes of values, those that need no keyword among them.
var valueShapes = []string{
	`\b[A-Z][a-z]+ [A-Z][a-z]+\b`,                                     // a name
	`\b[A-Z][a-z]+, [A-Z]{2} [0-9]{5}\b`,                              // the end of an address
	`\b[A-Z]{2}[0-9]{2}(?:[ -]?[0-9A-Z]{4}){2,7}[ -]?[0-9A-Z]{1,4}\b`, // an IBAN
	`\b[1-8][0-9]{3}[ -]?[0-9]{4,6}[ -]?[0-9]{4,5}[ -]?[0-9]{0,4}\b`,  // a card
	`-----BEGIN [A-Z ]*PRIVATE KEY`,                                   // a private key
	`\bey[A-Za-z0-9_-]{10,}\.ey[A-Za-z0-9_-]{10,}\.`,                  // a JSON web token
	`\b[srp]k_(?:live|test)_[0-9A-Za-z]{24}`,                          // a key of Stripe
	`\+[0-9]{1,3}[ .(-]*[0-9]{2,4}[ .)-]*[0-9]{3,}`,                   // a phone number
	`\b[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{2,4}\b`,                    // a date
	`\b[0-9]{3}[- ][0-9]{2}[- ][0-9]{4}\b`,                            // a social security number
	`\b[0-9]{6,18}\b`,                                                 // a number without groups
	`\b[A-Za-z]{1,5}[0-9]{5,10}[A-Za-z]?\b`,                           // letters and a number
	`\b[0-9]{1,3}\.[0-9]{3}\.[0-9]{3}`,                                // a number with points
	`-?[0-9]{1,3}\.[0-9]{2,}[,; ]+-?[0-9]{1,3}\.[0-9]{2,}`,            // coordinates
}
