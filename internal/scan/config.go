package scan

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"magpie/internal/analyse"
	"magpie/internal/detect"
	"magpie/internal/detect/managed"
)

// customFile is a custom data identifier in a --custom file: the members of CreateCustomDataIdentifier, and an id that results
// carry in the place of Macie's.
type customFile struct {
	ID                   string   `json:"id"`
	Name                 string   `json:"name"`
	Description          string   `json:"description"`
	Regex                string   `json:"regex"`
	Keywords             []string `json:"keywords"`
	IgnoreWords          []string `json:"ignoreWords"`
	MaximumMatchDistance *int     `json:"maximumMatchDistance"`
	SeverityLevels       []struct {
		OccurrencesThreshold int64  `json:"occurrencesThreshold"`
		Severity             string `json:"severity"`
	} `json:"severityLevels"`
}

// managedIDs reads --identifiers.
func managedIDs(spec string) ([]string, error) {
	switch spec {
	case "recommended":
		return managed.Recommended(), nil
	case "all":
		return managed.IDs(), nil
	case "none":
		return nil, nil
	}
	var ids []string
	seen := map[string]bool{}
	for id := range strings.SplitSeq(spec, ",") {
		id = strings.TrimSpace(id)
		if id == "" || seen[id] {
			continue
		}
		if managed.Find(id) == nil {
			if up := strings.ToUpper(id); managed.Find(up) != nil {
				id = up
			} else {
				return nil, fmt.Errorf("--identifiers: there is no managed data identifier %q%s", id, similar(id))
			}
		}
		seen[id] = true
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return nil, errors.New("--identifiers: say recommended, all, none, or ids with commas between them")
	}
	return ids, nil
}

// similar suggests ids that share a word with a wrong one.
func similar(id string) string {
	var near []string
	for _, word := range strings.Split(strings.ToUpper(id), "_") {
		for _, known := range managed.IDs() {
			if len(word) >= 3 && strings.Contains(known, word) && len(near) < 3 {
				near = append(near, known)
			}
		}
		if len(near) > 0 {
			break
		}
	}
	if len(near) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(near, " or ") + "?"
}

// compile builds what to look for from the flags.
func (f *flags) compile(ctx context.Context) (*analyse.Search, error) {
	ids, err := managedIDs(f.identifiers)
	if err != nil {
		return nil, err
	}
	c := analyse.Config{Managed: ids, MaxFileBytes: int64(f.maxFileSize), AllowRegex: f.allowRegex, Explain: f.explain}
	if f.reveal {
		c.Samples = 3
	}
	var from []string // by custom identifier: the file it is from
	for _, name := range f.custom {
		list, err := readCustom(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("--custom %s: %w", name, err)
		}
		for i, x := range list {
			if x.Name == "" {
				return nil, fmt.Errorf("--custom %s: identifier %d has no name", name, i+1)
			}
			c.Custom = append(c.Custom, x.identifier())
			from = append(from, name)
		}
	}
	for _, name := range f.allow {
		b, err := readOption(ctx, name, mostOption)
		if err != nil {
			return nil, fmt.Errorf("--allow %s: %w", name, err)
		}
		c.AllowWords = append(c.AllowWords, b)
	}
	if len(c.Managed)+len(c.Custom) == 0 {
		return nil, errors.New("nothing to look for: --identifiers none needs a --custom file")
	}
	s, err := analyse.Compile(c)
	var bad *analyse.ConfigError
	if errors.As(err, &bad) {
		switch bad.Member {
		case "custom":
			return nil, fmt.Errorf("--custom %s: %s: %w", from[bad.Index], c.Custom[bad.Index].Name, bad.Err)
		case "allowWords":
			return nil, fmt.Errorf("--allow %s: %w", f.allow[bad.Index], bad.Err)
		case "allowRegex":
			return nil, fmt.Errorf("--allow-regex: %w", bad.Err)
		}
	}
	return s, err
}

// looked says what was looked for, for a person.
func (f *flags) looked(s *analyse.Search) string {
	custom := len(s.Names())
	n := len(s.Set().Identifiers()) - custom
	text := ""
	switch {
	case n == 0:
		return "Looked for " + plural(int64(custom), "custom identifier") + "."
	case f.identifiers == "recommended":
		text = fmt.Sprintf("Looked for %s", plural(int64(n), "recommended identifier"))
	case n == len(managed.IDs()):
		text = fmt.Sprintf("Looked for all %s", plural(int64(n), "managed identifier"))
	default:
		text = fmt.Sprintf("Looked for %s", plural(int64(n), "managed identifier"))
	}
	if custom > 0 {
		text += fmt.Sprintf(" and %d custom", custom)
	}
	if all := len(managed.IDs()); f.identifiers == "recommended" {
		text += fmt.Sprintf("; --identifiers all looks for %d", all)
	}
	return text + "."
}

// listed is how many files are shown that could not be read.
func (f *flags) listed() int {
	if f.verbose {
		return maxProblems
	}
	return fewProblems
}

// identifier is the custom data identifier of an entry; without an id, its name is its id too.
func (x *customFile) identifier() analyse.Custom {
	c := analyse.Custom{ID: x.ID, Name: x.Name, CustomConfig: detect.CustomConfig{
		Regex: x.Regex, Keywords: x.Keywords, IgnoreWords: x.IgnoreWords, MaximumMatchDistance: x.MaximumMatchDistance}}
	if c.ID == "" {
		c.ID = c.Name
	}
	for _, l := range x.SeverityLevels {
		c.SeverityLevels = append(c.SeverityLevels, detect.SeverityLevel{OccurrencesThreshold: l.OccurrencesThreshold, Severity: l.Severity})
	}
	return c
}

// readCustom reads one identifier, a list of them, or one after another.
func readCustom(ctx context.Context, name string) ([]customFile, error) {
	b, err := readOption(ctx, name, mostOption)
	if err != nil {
		return nil, err
	}
	b = bytes.TrimSpace(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")))
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	var out []customFile
	if len(b) > 0 && b[0] == '[' {
		if err := dec.Decode(&out); err != nil {
			return nil, err
		}
		return out, nil
	}
	for {
		var c customFile
		if err := dec.Decode(&c); err == io.EOF {
			if len(out) == 0 {
				return nil, errors.New("holds no identifier")
			}
			return out, nil
		} else if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
}

// mostOption is how large a list of words or identifiers may be that an option names: what is in a larger one could not be given to a box.
// mostCA is how large a file of certificates may be: many times what a system trusts.
const (
	mostOption = 384 << 20
	mostCA     = 4 << 20
)

// readOption reads a file of at most so many bytes that an option names. It may be a pipe that nobody writes to, which is not waited for once ctx has ended.
func readOption(ctx context.Context, name string, most int64) ([]byte, error) {
	type content struct {
		b   []byte
		err error
	}
	done := make(chan content, 1)
	go func() {
		f, err := os.Open(name)
		if err != nil {
			done <- content{nil, bare(err)}
			return
		}
		defer f.Close()
		b, err := io.ReadAll(io.LimitReader(f, most+1))
		if err == nil && int64(len(b)) > most {
			err = fmt.Errorf("it is larger than %d MiB", most>>20)
		}
		done <- content{b, bare(err)}
	}()
	select {
	case c := <-done:
		return c.b, c.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// byteSize is a flag's value such as 500MB, 2GiB or 1048576.
type byteSize int64

func (b *byteSize) String() string {
	if *b == 0 {
		return ""
	}
	return strconv.FormatInt(int64(*b), 10)
}

func (b *byteSize) Type() string { return "size" }

func (b *byteSize) Set(s string) error {
	n := strings.TrimSpace(s)
	i := strings.IndexFunc(n, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	unit := ""
	if i >= 0 {
		n, unit = n[:i], strings.ToLower(strings.TrimSpace(n[i:]))
	}
	v, err := strconv.ParseFloat(n, 64)
	if err != nil {
		return errors.New("say a number of bytes, or one with kB, MB, GB, KiB, MiB or GiB")
	}
	factor, ok := map[string]float64{"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
		"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40}[unit]
	if v *= factor; !ok || v < 1 || v > 1e18 {
		return errors.New("say a number of bytes, or one with kB, MB, GB, KiB, MiB or GiB")
	}
	*b = byteSize(v)
	return nil
}
