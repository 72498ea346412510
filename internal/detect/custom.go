package detect

import (
	"bytes"
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of a custom data identifier, Macie's unless the comment says otherwise.
const (
	MaxRegexLength         = 512
	MaxKeywords            = 50
	MinKeywordLength       = 3
	MaxKeywordLength       = 90
	MaxIgnoreWords         = 10
	MinIgnoreWordLength    = 4
	MaxIgnoreWordLength    = 90
	MinMatchDistance       = 1
	MaxMatchDistance       = 300
	DefaultMatchDistance   = 50
	MaxSeverityLevels      = 3
	MaxCustomMatch         = 4096    // bytes in one match; ours
	maxBoundedRepeat       = 512     // ours: Macie refuses {100,1000} and does not say where it begins
	maxProgram             = 8192    // ours: instructions a pattern may compile to
	maxProgramRanges       = 200_000 // ours: ranges of characters in them, which is what compiling takes its time for
	maxAdjacentWildcards   = 2       // Macie refuses a*b*a*
	defaultCustomSeverity  = "MEDIUM"
	defaultCustomThreshold = 1
)

// CustomConfig is a custom data identifier as a user describes it.
type CustomConfig struct {
	Regex       string
	Keywords    []string
	IgnoreWords []string
	// MaximumMatchDistance is the most characters between the end of a keyword and
	// the end of the match; nil means DefaultMatchDistance.
	MaximumMatchDistance *int
	SeverityLevels       []SeverityLevel
}

// SeverityLevel says from how many occurrences on a finding has a severity.
type SeverityLevel struct {
	OccurrencesThreshold int64
	Severity             string // LOW, MEDIUM or HIGH
}

// Custom is a compiled custom data identifier: immutable, safe for concurrent use.
type Custom struct {
	config   CustomConfig
	distance int // MaximumMatchDistance
	prog     *syntax.Prog
	trie     *trie    // keywords as they are written; nil when there are none
	ignore   [][]byte // ignore words
	// odd says that a keyword does not start with a letter: then the prefilter does not
	// see it, and keywords are looked for where the pattern may match.
	odd bool
	// possible has the bytes that may stand at the first places of a match; lead the set
	// that the pattern begins with a repeat of, nil when it does not.
	possible [fingerReach][256]bool
	lead     *[256]bool
	// places has the same as possible, a bit for each place.
	places [256]uint8
	rest   *rest  // nil where the pattern is found by its beginning
	pause  func() // see CompileCustomPausing
	levels []SeverityLevel
}

// CustomError says which member of a CustomConfig is refused, and why, in words for
// its author.
type CustomError struct {
	Member string // regex, keywords, ignoreWords, maximumMatchDistance, severityLevels
	Reason string
}

func (e *CustomError) Error() string { return e.Member + ": " + e.Reason }

func refuse(member, format string, args ...any) error {
	return &CustomError{Member: member, Reason: fmt.Sprintf(format, args...)}
}

// CompileCustom checks a custom data identifier against Macie's limits and compiles
// it. Its error is a *CustomError.
func CompileCustom(c CustomConfig) (*Custom, error) { return CompileCustomPausing(c, nil) }

// CompileCustomPausing is CompileCustom for an identifier that is tried where others need the
// processor: pause is called again and again, every few microseconds, while it is compiled and while
// [Custom.Matches] looks for it, and may sleep.
func CompileCustomPausing(c CustomConfig, pause func()) (*Custom, error) {
	distance := DefaultMatchDistance
	if c.MaximumMatchDistance != nil {
		distance = *c.MaximumMatchDistance
	}
	c.MaximumMatchDistance = &distance
	if d := distance; d < MinMatchDistance || d > MaxMatchDistance {
		return nil, refuse("maximumMatchDistance", "%d is not between %d and %d characters", d, MinMatchDistance, MaxMatchDistance)
	}
	if err := checkWords("keywords", c.Keywords, MaxKeywords, MinKeywordLength, MaxKeywordLength); err != nil {
		return nil, err
	}
	if err := checkWords("ignoreWords", c.IgnoreWords, MaxIgnoreWords, MinIgnoreWordLength, MaxIgnoreWordLength); err != nil {
		return nil, err
	}
	levels, err := checkLevels(c.SeverityLevels)
	if err != nil {
		return nil, err
	}
	tree, err := compileRegex("regex", c.Regex, pause)
	if err != nil {
		return nil, err
	}
	prog, err := syntax.Compile(tree)
	if err != nil {
		return nil, refuse("regex", "%s", parseReason(err))
	}
	out := &Custom{config: c, distance: distance, prog: prog, levels: levels, lead: leadSet(tree), pause: pause}
	out.possible = newAutomaton(prog, pause).possible()
	for k := range out.possible {
		for b, in := range out.possible[k] {
			if in {
				out.places[b] |= 1 << k
			}
		}
	}
	out.rest = findRest(tree, &out.possible, pause)
	for _, w := range c.IgnoreWords {
		out.ignore = append(out.ignore, []byte(w))
	}
	if len(c.Keywords) > 0 {
		out.trie = newTrie()
		for i, k := range c.Keywords {
			out.trie.add(foldString(k), i)
			if r, _ := utf8.DecodeRuneInString(k); !isWordRune(r) {
				out.odd = true
			}
		}
	}
	return out, nil
}

func checkWords(member string, words []string, most, shortest, longest int) error {
	if len(words) > most {
		return refuse(member, "%d entries, at most %d are allowed", len(words), most)
	}
	for i, w := range words {
		if !utf8.ValidString(w) {
			return refuse(member, "entry %d is not UTF-8", i+1)
		}
		if n := utf8.RuneCountInString(w); n < shortest || n > longest {
			return refuse(member, "entry %d has %d characters, %d to %d are allowed", i+1, n, shortest, longest)
		}
	}
	return nil
}

func checkLevels(levels []SeverityLevel) ([]SeverityLevel, error) {
	if len(levels) == 0 {
		return []SeverityLevel{{defaultCustomThreshold, defaultCustomSeverity}}, nil
	}
	if len(levels) > MaxSeverityLevels {
		return nil, refuse("severityLevels", "%d levels, at most %d are allowed", len(levels), MaxSeverityLevels)
	}
	rank := map[string]int{"LOW": 1, "MEDIUM": 2, "HIGH": 3}
	seen := map[string]int64{}
	for _, l := range levels {
		if rank[l.Severity] == 0 {
			return nil, refuse("severityLevels", "severity %q is none of LOW, MEDIUM, HIGH", l.Severity)
		}
		if l.OccurrencesThreshold < 1 {
			return nil, refuse("severityLevels", "the threshold of %s is %d, the least is 1", l.Severity, l.OccurrencesThreshold)
		}
		if _, twice := seen[l.Severity]; twice {
			return nil, refuse("severityLevels", "%s is there twice", l.Severity)
		}
		seen[l.Severity] = l.OccurrencesThreshold
	}
	out := []SeverityLevel{}
	for _, s := range []string{"LOW", "MEDIUM", "HIGH"} {
		at, ok := seen[s]
		if !ok {
			continue
		}
		if n := len(out); n > 0 && at <= out[n-1].OccurrencesThreshold {
			return nil, refuse("severityLevels", "the threshold of %s must be above that of %s", s, out[n-1].Severity)
		}
		out = append(out, SeverityLevel{at, s})
	}
	return out, nil
}

// Severity returns LOW, MEDIUM or HIGH for that many occurrences in an object, or
// nothing when they are too few for a finding.
func (c *Custom) Severity(count int64) string {
	s := ""
	for _, l := range c.levels {
		if count >= l.OccurrencesThreshold {
			s = l.Severity
		}
	}
	return s
}

// Config returns what the identifier was compiled from, defaults filled in.
func (c *Custom) Config() CustomConfig { return c.config }

// Test counts the matches in a sample, as TestCustomDataIdentifier does.
func (c *Custom) Test(sample string) int { return len(c.Matches(sample)) }

// Matches are those in a sample, by their places.
func (c *Custom) Matches(sample string) (found []Match) {
	set, err := Compile(Config{Custom: []*Custom{c}})
	if err != nil {
		return nil // a lone custom identifier has nothing that Compile refuses
	}
	set.NewScanner().Scan(&Block{Text: []byte(sample), Hi: len(sample), Start: true, End: true}, func(m Match) { found = append(found, m) })
	slices.SortFunc(found, func(a, b Match) int { return a.Start - b.Start })
	return found
}

// compileRegex checks a pattern of Macie's subset of PCRE and parses it.
func compileRegex(member, pattern string, pause func()) (*syntax.Regexp, error) {
	if pattern == "" {
		return nil, refuse(member, "it is empty")
	}
	if n := utf8.RuneCountInString(pattern); n > MaxRegexLength {
		return nil, refuse(member, "it has %d characters, at most %d are allowed", n, MaxRegexLength)
	}
	if reason := unsupported(pattern); reason != "" {
		return nil, refuse(member, "%s", reason)
	}
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, refuse(member, "%s", parseReason(err))
	}
	if reason := tooWide(tree); reason != "" {
		return nil, refuse(member, "%s", reason)
	}
	tree = tree.Simplify()
	prog, err := syntax.Compile(tree)
	if err != nil {
		return nil, refuse(member, "%s", parseReason(err))
	}
	if len(prog.Inst) > maxProgram {
		return nil, refuse(member, "its repeats expand to %d steps, at most %d are allowed", len(prog.Inst), maxProgram)
	}
	ranges := 0
	for i := range prog.Inst {
		ranges += len(prog.Inst[i].Rune) / 2
	}
	if ranges > maxProgramRanges {
		return nil, refuse(member, "its repeats expand to %d ranges of characters, at most %d are allowed", ranges, maxProgramRanges)
	}
	if newAutomaton(prog, pause).match(nil, 0, true, true) >= 0 {
		return nil, refuse(member, "it matches empty text")
	}
	return tree, nil
}

// leadSet returns the ASCII characters of the set that a pattern begins with a repeat
// of: for [a-z]+@ and \d{3,} those of the set, for anything else nil. A match that
// starts inside a run of them could start earlier in the run as well. Sets with runes
// outside ASCII are left alone, as are patterns that look back at the start.
func leadSet(tree *syntax.Regexp) *[256]bool {
	for tree.Op == syntax.OpConcat || tree.Op == syntax.OpCapture {
		tree = tree.Sub[0]
	}
	if tree.Op != syntax.OpPlus || tree.Flags&syntax.NonGreedy != 0 {
		return nil
	}
	set := tree.Sub[0]
	for set.Op == syntax.OpCapture {
		set = set.Sub[0]
	}
	if set.Op != syntax.OpCharClass {
		return nil
	}
	var in [256]bool
	for i := 0; i < len(set.Rune); i += 2 {
		if set.Rune[i+1] >= utf8.RuneSelf {
			return nil
		}
		for r := set.Rune[i]; r <= set.Rune[i+1]; r++ {
			in[r] = true
		}
	}
	return &in
}

// unsupported names the first construct that Macie does not support, or says
// nothing. Groups are accepted although Macie's guide rules out capturing ones: its
// own examples use them to group, and nothing is captured here.
func unsupported(p string) string {
	class, repeated := false, false // inside a class; right after a repeat
	for i := 0; i < len(p); i++ {
		c := p[i]
		again := repeated
		repeated = false
		switch {
		case c == '\\':
			i++
			if i >= len(p) {
				return "it ends in a backslash"
			}
			switch e := p[i]; {
			case class:
			case e >= '1' && e <= '9', e == 'k', e == 'g':
				return "backreferences are not supported"
			case e == 'K', e == 'G', e == 'R', e == 'X', e == 'Z':
				return fmt.Sprintf("\\%c is not supported", e)
			case e == 'Q':
				if end := strings.Index(p[i:], `\E`); end >= 0 {
					i += end + 1
				} else {
					i = len(p)
				}
			case (e == 'p' || e == 'P' || e == 'x') && i+1 < len(p) && p[i+1] == '{': // \p{L}, \x{41}
				if end := strings.IndexByte(p[i:], '}'); end > 0 {
					i += end
				}
			}
		case class:
			class = c != ']'
			if c == '[' && i+1 < len(p) && p[i+1] == ':' {
				if end := strings.Index(p[i:], ":]"); end > 0 {
					i += end + 1
					class = true
				}
			}
		case c == '[':
			class = true
			if i+1 < len(p) && p[i+1] == '^' {
				i++
			}
			if i+1 < len(p) && p[i+1] == ']' {
				i++
			}
		case c == '(' && i+1 < len(p) && p[i+1] == '*':
			return "control verbs are not supported"
		case c == '(' && i+2 < len(p) && p[i+1] == '?':
			if reason := unsupportedGroup(p[i+2:]); reason != "" {
				return reason
			}
			i++ // the question mark is no repeat
		case c == '+' && again:
			return "possessive repeats are not supported"
		case c == '*' || c == '+' || c == '?':
			repeated = !again // after a repeat the question mark makes it lazy
		case c == '{':
			if n := boundedRepeat(p[i:]); n > 0 {
				repeated = true
				i += n - 1
			}
		}
	}
	return ""
}

// boundedRepeat returns the length of {n}, {n,} or {n,m} at the start of p, or 0 where
// the brace stands for itself.
func boundedRepeat(p string) int {
	i := 1
	digits := func() bool {
		n := i
		for i < len(p) && isDigit(p[i]) {
			i++
		}
		return i > n
	}
	if !digits() {
		return 0
	}
	if i < len(p) && p[i] == ',' {
		i++
		digits()
	}
	if i < len(p) && p[i] == '}' {
		return i + 1
	}
	return 0
}

// unsupportedGroup judges what follows "(?".
func unsupportedGroup(p string) string {
	has := func(prefix string) bool { return strings.HasPrefix(p, prefix) }
	switch {
	case has("="), has("!"):
		return "look-ahead is not supported"
	case has("<="), has("<!"):
		return "look-behind is not supported"
	case has(">"):
		return "atomic groups are not supported"
	case has("("):
		return "conditionals are not supported"
	case has("{"), has("?{"), has("C"):
		return "embedded code is not supported"
	case has("R"), has("&"), has("P>"), has("P="), has("+"), p[0] >= '0' && p[0] <= '9':
		return "recursion is not supported"
	case has("#"):
		return "comments are not supported"
	case has("|"):
		return "branch reset groups are not supported"
	case has("<"), has("P<"), has("'"):
		return "named capturing groups are not supported"
	case has(":"), has("i)"), has("i:"), has("-i)"), has("-i:"):
		return ""
	}
	return "of the inline flags only (?i) is supported"
}

// parseReason says in plain words what is wrong with a pattern.
func parseReason(err error) string {
	if e, ok := err.(*syntax.Error); ok {
		return fmt.Sprintf("%s: %s", e.Code, e.Expr)
	}
	return err.Error()
}

// tooWide refuses what Macie refuses for cost, although it would cost nothing here.
func tooWide(re *syntax.Regexp) string {
	if re.Op == syntax.OpRepeat && re.Max > maxBoundedRepeat {
		return fmt.Sprintf("a repeat of up to %d is too large, at most %d is allowed", re.Max, maxBoundedRepeat)
	}
	if re.Op == syntax.OpRepeat && re.Min > maxBoundedRepeat {
		return fmt.Sprintf("a repeat of at least %d is too large, at most %d is allowed", re.Min, maxBoundedRepeat)
	}
	wild := 0
	for _, sub := range re.Sub {
		if reason := tooWide(sub); reason != "" {
			return reason
		}
		if re.Op == syntax.OpConcat && sub.Op == syntax.OpStar {
			if wild++; wild > maxAdjacentWildcards {
				return fmt.Sprintf("more than %d adjacent wildcards are not supported", maxAdjacentWildcards)
			}
		} else {
			wild = 0
		}
	}
	return ""
}

// ignored says whether a match holds one of the ignore words.
func (c *Custom) ignored(match []byte) bool {
	return slices.ContainsFunc(c.ignore, func(w []byte) bool { return bytes.Contains(match, w) })
}

// enter puts the keywords into the prefilter of a set.
func (c *Custom) enter(p *prefilter, index int) {
	for _, k := range c.config.Keywords {
		p.add(foldString(k), func(b *bucket) {
			if n := len(b.customs); n == 0 || b.customs[n-1] != index {
				b.customs = append(b.customs, index)
			}
		})
	}
}
