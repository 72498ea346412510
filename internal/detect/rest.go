package detect

import (
	"regexp/syntax"
	"unicode"
	"unicode/utf8"
)

// rest is the part of a custom pattern by which it is found when its beginning may stand
// nearly anywhere: the @corp of [a-z.]+@corp. What precedes it holds some bytes only, so
// the places where a match may start are those before it up to the first other byte.
type rest struct {
	possible [fingerReach][256]bool // as Custom.possible, of the rest
	before   [256]bool
}

const (
	// restGain is how much rarer the rest has to be than the beginning: several places are
	// tried for each.
	restGain = 16
	// maxRests is how many parts of a pattern may precede its rest.
	maxRests = 8
)

// findRest looks for a rest to find a pattern by; nil where its beginning does as well.
func findRest(tree *syntax.Regexp, beginning *[fingerReach][256]bool, pause func()) *rest {
	for tree.Op == syntax.OpCapture {
		tree = tree.Sub[0]
	}
	if tree.Op != syntax.OpConcat {
		return nil
	}
	_, least := rarest(beginning)
	least /= restGain
	var best *rest
	var before [256]bool
	for k := 1; k < min(len(tree.Sub), maxRests+1); k++ {
		addBytes(&before, tree.Sub[k-1])
		prog, err := syntax.Compile(&syntax.Regexp{Op: syntax.OpConcat, Flags: tree.Flags, Sub: tree.Sub[k:]})
		if err != nil {
			return best // the whole of it has been compiled: this does not happen
		}
		possible := newAutomaton(prog, pause).possible()
		if _, often := rarest(&possible); often < least {
			least, best = often, &rest{possible, before}
		}
	}
	return best
}

// addBytes adds the bytes that what an expression matches may hold; outside ASCII, all.
func addBytes(set *[256]bool, re *syntax.Regexp) {
	add := func(lo, hi rune) {
		for r := lo; r <= min(hi, utf8.RuneSelf-1); r++ {
			set[r] = true
		}
		if hi >= utf8.RuneSelf {
			for b := utf8.RuneSelf; b < len(set); b++ {
				set[b] = true
			}
		}
	}
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			add(r, r)
			if re.Flags&syntax.FoldCase != 0 {
				for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
					add(o, o)
				}
			}
		}
	case syntax.OpCharClass:
		for i := 0; i < len(re.Rune); i += 2 {
			add(re.Rune[i], re.Rune[i+1])
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		add(0, utf8.MaxRune)
	}
	for _, sub := range re.Sub {
		addBytes(set, sub)
	}
}
