package discovery

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"magpie/internal/inventory/objectstore"
)

// TestSplit: whatever keys begin with, a range is split where there is much on both sides, after a few listings.
func TestSplit(t *testing.T) {
	const n = 40_000
	few := func(int) bool { return false }
	named := func(name func(i int) string) []string {
		keys := []string{}
		for i := range n {
			keys = append(keys, name(i))
		}
		slices.Sort(keys)
		return keys
	}
	const prefix = "logs/service-with-a-long-name/region=eu-west-1/year=2026/month=11/"
	for name, keys := range map[string][]string{
		"numbers":        named(func(i int) string { return fmt.Sprintf("%06d.txt", i) }),
		"long prefix":    named(func(i int) string { return fmt.Sprintf(prefix+"%06d.txt", i) }),
		"days":           named(func(i int) string { return fmt.Sprintf(prefix+"day=%02d/part-%05d.json", i%30+1, i) }),
		"hashes":         named(func(i int) string { return digest(fmt.Sprint(i)) }),
		"in other words": named(func(i int) string { return fmt.Sprintf("données/été-%06d", i) }),
		"long words": named(func(i int) string {
			return fmt.Sprintf("文書/記録-%c%c-%04d", rune(0x4e00+i%997), rune(0xac00+i%89), i)
		}),
		"high bytes": named(func(i int) string { return fmt.Sprintf("\xff\xff%05d\xff", i) }),
	} {
		for _, at := range []int{999, n / 3} {
			for _, to := range []string{"", keys[n-2]} {
				lists := 0
				s := &splitter{keys[at], to, func(_ context.Context, after, to string, most int) (objectstore.Page, error) {
					if lists++; utf8.ValidString(keys[0]) && !utf8.ValidString(after) {
						t.Errorf("%s: %q is no text, and some stores refuse it", name, after)
					}
					return pageOf(keys, after, to), nil
				}, few}
				key, ok, err := s.middle(t.Context())
				if err != nil || !ok {
					t.Errorf("%s from %d: not split, %v", name, at, err)
					continue
				}
				i, found := slices.BinarySearch(keys, key)
				if share := float64(i-at) / float64(n-at); !found || share < 0.05 || share > 0.95 || lists > 20 {
					t.Errorf("%s from %d: split after a share of %.2f, at %q, after %d listings", name, at, share, key, lists)
				}
			}
		}
		// What is left is not worth it.
		s := &splitter{keys[n-900], "", func(_ context.Context, after, to string, most int) (objectstore.Page, error) {
			return pageOf(keys, after, to), nil
		}, few}
		if key, ok, err := s.middle(t.Context()); ok || err != nil {
			t.Errorf("%s: the last 900 are split at %q, %v", name, key, err)
		}
	}
	// Few objects are, if they take long.
	keys := strings.Split("a/1 a/2 a/3 a/4 a/5 a/6", " ")
	s := &splitter{"a/1", "", func(_ context.Context, after, to string, most int) (objectstore.Page, error) {
		return pageOf(keys, after, to), nil
	}, func(n int) bool { return n >= 2 }}
	if key, ok, err := s.middle(t.Context()); !ok || err != nil || key <= "a/1" || key >= "a/5" {
		t.Errorf("those that take long are split at %q, %v, %v", key, ok, err)
	}
	broken := errors.New("no listing")
	s = &splitter{"a", "", func(context.Context, string, string, int) (objectstore.Page, error) {
		return objectstore.Page{}, broken
	}, few}
	if _, _, err := s.middle(t.Context()); !errors.Is(err, broken) {
		t.Errorf("without listings: %v", err)
	}
}

func pageOf(keys []string, after, to string) (page objectstore.Page) {
	i, found := slices.BinarySearch(keys, after)
	if found {
		i++
	}
	for ; i < len(keys) && (to == "" || keys[i] <= to); i++ {
		if len(page.Objects) == objectstore.MaxPage {
			page.More = true
			break
		}
		page.Objects = append(page.Objects, objectstore.Object{Key: keys[i], Size: 10})
	}
	return page
}

// TestLeastText: whatever bytes a position is made of, it becomes a text, in the same order, and one that is a text already stays.
func TestLeastText(t *testing.T) {
	for in, want := range map[string]string{
		"":             "",
		"a/1":          "a/1",
		"été":          "été",
		"a\x9d":        "a\u0080",
		"a\xc2":        "a\u0080",
		"a\xc3":        "aÀ",
		"a\xc3\xc0":    "aĀ",
		"\xe0":         "\u0800",
		"\xed\xa0":     "\ue000",
		"\xed\xbf\xbf": "\ue000",
		"\xf0":         "\U00010000",
		"b\xf4\x90":    "b\U0010ffff",
		"b\xff\x00":    "b\U0010ffff",
		"�":            "�",
	} {
		if got := leastText(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	piece := func() string {
		b := make([]byte, random.IntN(4))
		for i := range b {
			b[i] = byte(random.IntN(256))
		}
		return []string{"", "a", "é", "語"}[random.IntN(4)] + string(b)
	}
	for range 10_000 {
		x, y := piece(), piece()
		a, b := leastText(x), leastText(y)
		if !utf8.ValidString(a) || x < y && a > b || a < x && a[len(a)-4:] != "\U0010ffff" {
			t.Fatalf("%q becomes %q, %q becomes %q", x, a, y, b)
		}
	}
}
