package main

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"magpie/internal/detect/managed"
	"magpie/internal/detect/validate"
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
	fmt.Printf("\non the same mixed text, %d patterns:\n", len(list))
	show := func(name string, d time.Duration, bytes int, err error) {
		if err != nil {
			fmt.Printf("%-12s not run: %v\n", name, err)
			return
		}
		r := float64(bytes) / 1e6 / d.Seconds()
		fmt.Printf("%-12s %8.1f MB/s; the scanner is %.1f times as fast\n", name, r, own/r)
	}
	d, err := userTime(rounds, "rg", "-j1", "--count", "-f", patterns, file)
	show("ripgrep", d, len(text), err)
	if program, err := buildVectorscan(dir); err != nil {
		show("vectorscan", 0, 0, err)
	} else {
		d, err := userTime(1, program, patterns, file, fmt.Sprint(rounds))
		show("vectorscan", d, rounds*len(text), err)
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

// peerPatterns makes a regular expression of each identifier that the peers can run: a
// keyword, at most 30 characters, and two digits.
func peerPatterns() []string {
	var out []string
	iban := false
	for _, m := range managed.All() {
		spec := validate.All[m.ID]
		switch {
		case m.ID == "NAME":
			out = append(out, `\b(?:John|Mary|Robert|Anna|Thomas|Maria|Peter|Paul|Julia|Kevin) [A-Z][a-z]+\b`)
			continue
		case m.ID == "ADDRESS":
			out = append(out, `\b[A-Z][a-z]+, [A-Z]{2} [0-9]{5}\b`)
			continue
		case spec.Family == "iban":
			if !iban {
				out = append(out, `\b[A-Z]{2}[0-9]{2}(?:[ -]?[0-9A-Z]{4}){2,7}[ -]?[0-9A-Z]{1,4}\b`)
			}
			iban = true
		case m.ID == "CREDIT_CARD_NUMBER_(NO_KEYWORD)":
			out = append(out, `\b[1-8](?:[ -]?[0-9]){12,18}\b`)
		case strings.HasSuffix(m.ID, "_PRIVATE_KEY") || m.ID == "PKCS":
			out = append(out, `-----BEGIN [A-Z ]*PRIVATE KEY`)
		case m.ID == "JSON_WEB_TOKEN":
			out = append(out, `\bey[A-Za-z0-9_-]{10,}\.ey[A-Za-z0-9_-]{10,}\.`)
		case m.ID == "STRIPE_CREDENTIALS":
			out = append(out, `\b[srp]k_(?:live|test)_[0-9A-Za-z]{24,}`)
		case m.ID == "HTTP_COOKIE" || m.ID == "HTTP_BASIC_AUTH_HEADER":
			out = append(out, `(?i)\b(?:set-cookie|cookie|authorization): ?[!-~]{4,}`)
		}
		if len(m.Keywords) == 0 {
			continue
		}
		var words []string
		for _, k := range m.Keywords {
			words = append(words, strings.ReplaceAll(regexp.QuoteMeta(k), " ", "[ _-]?"))
		}
		out = append(out, fmt.Sprintf(`(?i)\b(?:%s).{0,30}[0-9]{2}`, strings.Join(words, "|")))
	}
	return out
}
