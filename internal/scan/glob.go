package scan

import (
	"fmt"
	"path"
	"strings"
)

// glob is one --include or --exclude: segments that match a path's. `**` stands for any number of folders. A glob without a
// slash matches at any depth; one that ends in a slash, or names a folder, matches everything below.
type glob []string

func parseGlobs(patterns []string) ([]glob, error) {
	var out []glob
	for _, p := range patterns {
		trimmed := strings.Trim(strings.TrimPrefix(p, "./"), "/")
		if trimmed == "" {
			return nil, fmt.Errorf("glob %q matches nothing", p)
		}
		g := glob(strings.Split(trimmed, "/"))
		for _, s := range g {
			if _, err := path.Match(s, ""); err != nil {
				return nil, fmt.Errorf("glob %q: %w", p, err)
			}
		}
		if len(g) == 1 {
			g = glob{"**", g[0]}
		}
		out = append(out, g)
	}
	return out, nil
}

func matchAny(globs []glob, rel string) bool {
	if len(globs) == 0 {
		return false
	}
	segments := strings.Split(rel, "/")
	for _, g := range globs {
		// A folder that matches takes what is in it along.
		for n := 1; n <= len(segments); n++ {
			if g.match(segments[:n]) {
				return true
			}
		}
	}
	return false
}

func (g glob) match(segments []string) bool {
	for len(g) > 0 {
		if g[0] == "**" {
			for i := 0; i <= len(segments); i++ {
				if g[1:].match(segments[i:]) {
					return true
				}
			}
			return false
		}
		if len(segments) == 0 {
			return false
		}
		if ok, _ := path.Match(g[0], segments[0]); !ok {
			return false
		}
		g, segments = g[1:], segments[1:]
	}
	return len(segments) == 0
}
