package inventory

import (
	"os"
	"strings"
	"testing"

	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
	"magpie/internal/store"
)

// hostileTags are tags that are made to be taken for others.
var hostileTags = map[string][]objectstore.Tag{
	"plain":    {{Key: "team", Value: "hr"}, {Key: "env", Value: "prod"}, {Key: "empty", Value: ""}},
	"tab":      {{Key: "te\tam", Value: "hr"}, {Key: "x", Value: "a\tb"}},
	"feed":     {{Key: "x", Value: "y\nteam\thr"}, {Key: "z\n", Value: "\n"}},
	"escaped":  {{Key: `te\tam`, Value: `h\nr`}, {Key: `b\`, Value: `\\`}},
	"longer":   {{Key: "my team", Value: "hr2"}, {Key: "teams", Value: "the hr"}},
	"binary":   {{Key: "n\x00ul", Value: "\xff"}},
	"percent":  {{Key: "100%", Value: "a_b"}},
	"no tags":  nil,
	"repeated": {{Key: "team", Value: "it"}, {Key: "team", Value: "hr"}},
}

// TestTagsAreKeptApart: a search for a key, a value or both finds the buckets that have it, whatever others have in theirs; what the
// migration made of older rows is the same text.
func TestTagsAreKeptApart(t *testing.T) {
	each(t, func(t *testing.T, node func(...func(*Options)) *fixture) {
		f := node()
		f.enable(alice)
		ctx := t.Context()
		err := f.db.Tx(ctx, "test", func(tx *store.Tx) error {
			var changes []change
			for name, tags := range hostileTags {
				r := newRecord(Store{ID: "s", Settings: Settings{Region: region}, Account: alice}, name, nil, 1)
				r.Known, r.Tags = true, tagLines(tags)
				if err := f.keepFacts(ctx, tx, &r, nil, &facts{Tags: tags}); err != nil {
					return err
				}
				changes = append(changes, change{nil, &r})
			}
			return f.write(ctx, tx, changes)
		})
		if err != nil {
			t.Fatal(err)
		}
		find := func(criterion Criterion) string {
			var names []string
			err := f.db.View(ctx, func(tx *store.Tx) error {
				names = nil
				list, err := f.Select(ctx, tx, Holders{region, []macie2.AccountID{alice}}, Selection{Includes: []Criterion{criterion}}, BucketName{}, 100)
				for _, b := range list {
					names = append(names, *b.BucketName)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return strings.Join(names, " ")
		}
		p := macie2.Ptr[string]
		for _, c := range []struct {
			key, value *string
			want       string
		}{
			{p("team"), p("hr"), "plain"},
			{p("team"), nil, "plain repeated"},
			{nil, p("hr"), "plain tab"},
			{p("te\tam"), nil, "tab"},
			{p(`te\tam`), nil, "escaped"},
			{nil, p("b"), ""},
			{nil, p("a\tb"), "tab"},
			{nil, p("y\nteam\thr"), "feed"},
			{p("z\n"), p("\n"), "feed"},
			{nil, p(`\\`), "escaped"},
			{p(`b\`), nil, "escaped"},
			{nil, p(""), "plain"},
			{p("empty"), p(""), "plain"},
			{p("100%"), p("a_b"), "percent"},
			{nil, p("a%b"), ""},
		} {
			if got := find(Criterion{Tags: []TagValue{{c.key, c.value}}}); got != c.want {
				t.Errorf("%q %q: %q, want %q", macie2.Deref(c.key), macie2.Deref(c.value), got, c.want)
			}
		}
		text, err := os.ReadFile("../store/migrations/00061_bucket_tags.sql")
		if err != nil {
			t.Fatal(err)
		}
		_, update, _ := strings.Cut(string(text), "default '';\n")
		update, _, _ = strings.Cut(update, ";\n\n-- +goose Down")
		lines := func() map[string]string {
			m := map[string]string{}
			err := f.db.View(ctx, func(tx *store.Tx) error {
				return tx.Query(ctx, func(r store.Row) error {
					var name, tags string
					err := r.Scan(&name, &tags)
					m[name] = tags
					return err
				}, `select name, tags from bucket`)
			})
			if err != nil {
				t.Fatal(err)
			}
			return m
		}
		want := lines()
		err = f.db.Tx(ctx, "test", func(tx *store.Tx) error {
			if _, err := tx.Exec(ctx, `update bucket set tags = ''`); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, update)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for name, tags := range lines() {
			a, b := strings.Split(tags, "\n"), strings.Split(want[name], "\n")
			if len(a) != len(b) || !sameLines(a, b) {
				t.Errorf("%s was migrated to %q, want %q", name, tags, want[name])
			}
		}
	})
}

func sameLines(a, b []string) bool {
	count := map[string]int{}
	for _, x := range a {
		count[x]++
	}
	for _, x := range b {
		count[x]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}
