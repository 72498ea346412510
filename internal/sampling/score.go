package sampling

import "math"

// The scores that are not computed, and the bands of those that are, as Macie documents them.
const (
	ScoreError       = -1  // objects were tried, and none could be analysed
	ScoreEmpty       = 1   // there is nothing in the bucket
	ScoreNotAnalysed = 50  // nothing was tried yet, or the bucket cannot be read
	ScoreAssigned    = 100 // somebody has said so

	mostClean      = 49 // of a bucket in which nothing was found
	leastSensitive = 51 // of one in which something was
)

// Evidence is what a score is computed of. What is suppressed does not count as found.
type Evidence struct {
	Assigned    bool  // somebody has assigned the highest score
	Unreadable  bool  // the bucket cannot be read
	Empty       bool  // it has no objects, or only empty ones
	Objects     int64 // that can be analysed, those that were included
	Analysed    int64 // objects that were, those that hold something included
	Skipped     int64 // objects that could not be
	Sensitive   int64 // objects that hold something
	Types       int64 // of sensitive data
	Occurrences int64
}

// Score is the sensitivity score of a bucket. docs/scores.md has the argument for each of its properties.
func (e Evidence) Score() int64 {
	switch {
	case e.Assigned:
		return ScoreAssigned
	case e.Unreadable:
		return ScoreNotAnalysed
	case e.Empty:
		return ScoreEmpty
	case e.Analysed <= 0 && e.Skipped > 0:
		return ScoreError
	case e.Analysed <= 0:
		return ScoreNotAnalysed
	}
	objects := max(e.Objects, e.Analysed)
	if e.Sensitive <= 0 {
		return mostClean - int64(math.Round(48*depth(e.Analysed, objects)))
	}
	sensitive := min(e.Sensitive, e.Analysed)
	g := 0.35*depth(sensitive, objects) +
		0.25*float64(sensitive)/float64(e.Analysed) +
		0.20*(1-math.Exp2(-float64(max(0, e.Types))/3)) +
		0.20*min(1, math.Log10(1+float64(max(0, e.Occurrences)))/6)
	return leastSensitive + int64(math.Round(48*g))
}

// depth is how far n of all objects go: 0 for none, 1 for all, and the first ones count most.
func depth(n, all int64) float64 {
	if all <= 0 {
		return 0
	}
	return min(1, math.Log1p(float64(n))/math.Log1p(float64(all)))
}

// MostSensitiveShare is the share of a bucket's objects that may hold something although nothing was found in n objects that were chosen
// at random, with a confidence of 95 %.
func MostSensitiveShare(analysed int64) float64 {
	if analysed <= 0 {
		return 1
	}
	return 1 - math.Pow(0.05, 1/float64(analysed))
}

// Label is what a score is called.
func Label(score int64) string {
	switch {
	case score < 0:
		return "Classification error"
	case score < ScoreNotAnalysed:
		return "Not sensitive"
	case score == ScoreNotAnalysed:
		return "Not yet analyzed"
	}
	return "Sensitive"
}
