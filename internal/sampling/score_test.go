package sampling

import "testing"

// evidences calls fn with all kinds of evidence of which the score is computed.
func evidences(fn func(Evidence)) {
	sizes := []int64{1, 2, 3, 7, 20, 100, 1000, 12345, 1e6, 1e9}
	for _, objects := range sizes {
		for _, analysed := range sizes {
			if analysed > objects {
				continue
			}
			for _, s := range []int64{0, 1, 2, analysed / 3, analysed - 1, analysed} {
				if s < 0 || s > analysed {
					continue
				}
				if s == 0 {
					fn(Evidence{Objects: objects, Analysed: analysed})
					continue
				}
				for _, types := range []int64{1, 2, 5, 40} {
					for _, occurrences := range []int64{s, 10 * s, 1e6 * s} {
						fn(Evidence{Objects: objects, Analysed: analysed, Sensitive: s, Types: types, Occurrences: max(types, occurrences)})
					}
				}
			}
		}
	}
}

// TestScoreIsMonotone: what docs/scores.md promises, for evidence of all sizes.
func TestScoreIsMonotone(t *testing.T) {
	n := 0
	evidences(func(e Evidence) {
		n++
		score := e.Score()
		if e.Sensitive == 0 && (score < 1 || score > 49) || e.Sensitive > 0 && (score < 51 || score > 99) {
			t.Errorf("%+v scores %d, which is in another band", e, score)
		}
		compare := func(what string, x Evidence, ok func(now int64) bool) {
			if now := x.Score(); !ok(now) {
				t.Errorf("%+v scores %d; %s: %d", e, score, what, now)
			}
		}
		if e.Analysed < e.Objects {
			x := e
			x.Analysed++
			compare("one more object, in which nothing was found", x, func(now int64) bool { return now <= score })
			for _, more := range []int64{0, 1} {
				x := e
				x.Analysed, x.Sensitive, x.Types, x.Occurrences = e.Analysed+1, e.Sensitive+1, max(1, e.Types+more), e.Occurrences+1
				compare("one more object, in which something was found", x, func(now int64) bool { return now >= score })
			}
		}
		if e.Sensitive > 0 { // it changes, is deleted or suppressed
			x := e
			x.Sensitive, x.Analysed, x.Occurrences = e.Sensitive-1, e.Analysed-1, max(0, e.Occurrences-1)
			compare("an object that held something is gone", x, func(now int64) bool { return now <= score })
			x = e
			x.Types, x.Occurrences = e.Types-1, e.Occurrences/2
			compare("a type is suppressed", x, func(now int64) bool { return now <= score })
			x = e
			x.Sensitive, x.Types, x.Occurrences = 0, 0, 0
			compare("all types are suppressed", x, func(now int64) bool { return now < 50 })
		}
		if e.Sensitive == 0 && e.Analysed > 1 {
			x := e
			x.Analysed--
			compare("an object in which nothing was found is gone", x, func(now int64) bool { return now >= score })
		}
		x := e
		x.Skipped = 1000
		compare("objects that could not be analysed", x, func(now int64) bool { return now == score })
	})
	if n < 1000 {
		t.Errorf("only %d kinds of evidence", n)
	}
}

// TestScoreBands: the scores that Macie documents by themselves.
func TestScoreBands(t *testing.T) {
	for _, x := range []struct {
		e    Evidence
		want int64
	}{
		{Evidence{}, 50}, {Evidence{Objects: 10}, 50}, {Evidence{Empty: true}, 1}, {Evidence{Objects: 10, Skipped: 1}, -1},
		{Evidence{Objects: 10, Skipped: 1, Analysed: 1}, 35}, {Evidence{Objects: 1, Analysed: 1}, 1}, {Evidence{Objects: 1e9, Analysed: 1}, 47},
		{Evidence{Unreadable: true, Objects: 5, Analysed: 5, Sensitive: 5, Types: 1, Occurrences: 5}, 50},
		{Evidence{Assigned: true, Empty: true}, 100}, {Evidence{Assigned: true, Unreadable: true}, 100},
		{Evidence{Objects: 1e9, Analysed: 1e6, Sensitive: 1, Types: 1, Occurrences: 1}, 54},
		{Evidence{Objects: 1e6, Analysed: 1e6, Sensitive: 1e6, Types: 100, Occurrences: 1e9}, 99},
	} {
		if got := x.e.Score(); got != x.want {
			t.Errorf("%+v scores %d, want %d", x.e, got, x.want)
		}
	}
	for score, want := range map[int64]string{-1: "Classification error", 1: "Not sensitive", 49: "Not sensitive", 50: "Not yet analyzed", 51: "Sensitive", 100: "Sensitive"} {
		if got := Label(score); got != want {
			t.Errorf("%d is called %q", score, got)
		}
	}
	if a, b := MostSensitiveShare(0), MostSensitiveShare(59); a != 1 || b > 0.05 || b < 0.045 {
		t.Errorf("may be sensitive: %v, %v", a, b)
	}
}
