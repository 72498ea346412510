package discovery

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"magpie/internal/inventory"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
)

// What a definition may hold at most.
const (
	maxValues  = 1000 // of all terms of a scope together
	maxTerms   = 100
	maxBuckets = 1000
)

// scope says which objects of a bucket a job looks at. It is compiled from the job's definition.
type scope struct {
	includes, excludes []term
	wantsTags          bool
}

// term is one condition on an object.
type term struct {
	listing func(o *objectstore.Object) bool // decided by the listing alone; nil for a condition on tags
	tags    func(tags map[string]string) bool
}

// compileScope checks what a caller sent; what is wrong is a ValidationException that names the place.
func compileScope(in *macie2.Scoping) (scope, error) {
	var s scope
	if in == nil {
		return s, nil
	}
	total := 0
	for _, block := range []struct {
		name string
		in   *macie2.JobScopingBlock
		to   *[]term
	}{{"includes", in.Includes, &s.includes}, {"excludes", in.Excludes, &s.excludes}} {
		if block.in == nil {
			continue
		}
		for i, x := range block.in.And {
			where := fmt.Sprintf("s3JobDefinition.scoping.%s.and[%d]", block.name, i)
			t, n, err := compileTerm(where, x)
			if err != nil {
				return s, err
			}
			if total += n; total > maxValues || len(*block.to) >= maxTerms {
				return s, macie2.ErrValidation("s3JobDefinition.scoping: must have at most %d conditions and %d values", maxTerms, maxValues)
			}
			s.wantsTags = s.wantsTags || t.tags != nil
			*block.to = append(*block.to, t)
		}
	}
	return s, nil
}

func compileTerm(where string, x macie2.JobScopeTerm) (t term, values int, err error) {
	switch {
	case x.SimpleScopeTerm != nil && x.TagScopeTerm != nil, x.SimpleScopeTerm == nil && x.TagScopeTerm == nil:
		return t, 0, macie2.ErrValidation("%s: give either simpleScopeTerm or tagScopeTerm", where)
	case x.SimpleScopeTerm != nil:
		t.listing, err = compileSimple(where+".simpleScopeTerm", x.SimpleScopeTerm)
		return t, len(x.SimpleScopeTerm.Values), err
	}
	t.tags, err = compileTags(where+".tagScopeTerm", x.TagScopeTerm)
	return t, len(x.TagScopeTerm.TagValues), err
}

func compileSimple(where string, x *macie2.SimpleScopeTerm) (func(*objectstore.Object) bool, error) {
	key, comparator := macie2.Deref(x.Key), macie2.Deref(x.Comparator)
	if len(x.Values) == 0 {
		return nil, macie2.ErrValidation("%s.values: must have at least one value", where)
	}
	no := macie2.ErrValidation("%s.comparator: %s cannot be compared by %s", where, key, comparator)
	switch key {
	case macie2.ScopeFilterKeyObjectExtension:
		has := func(o *objectstore.Object) bool { return slices.Contains(x.Values, inventory.Extension(o.Key)) }
		switch comparator {
		case macie2.JobComparatorEq:
			return has, nil
		case macie2.JobComparatorNe:
			return func(o *objectstore.Object) bool { return !has(o) }, nil
		}
		return nil, no
	case macie2.ScopeFilterKeyObjectKey:
		if comparator != macie2.JobComparatorStartsWith {
			return nil, no
		}
		return func(o *objectstore.Object) bool {
			return slices.ContainsFunc(x.Values, func(prefix string) bool { return strings.HasPrefix(o.Key, prefix) })
		}, nil
	case macie2.ScopeFilterKeyObjectSize, macie2.ScopeFilterKeyObjectLastModifiedDate:
		return compileOrdered(where, key, comparator, x.Values, no)
	}
	return nil, macie2.ErrValidation("%s.key: it is required", where)
}

// compileOrdered is a condition on the size or the date of an object.
func compileOrdered(where string, key macie2.ScopeFilterKey, comparator macie2.JobComparator, values []string, no error) (func(*objectstore.Object) bool, error) {
	if len(values) != 1 {
		return nil, macie2.ErrValidation("%s.values: %s takes one value, not %d", where, key, len(values))
	}
	compare, ok := map[macie2.JobComparator]func(int64, int64) bool{
		macie2.JobComparatorEq: func(a, b int64) bool { return a == b }, macie2.JobComparatorNe: func(a, b int64) bool { return a != b },
		macie2.JobComparatorGt: func(a, b int64) bool { return a > b }, macie2.JobComparatorGte: func(a, b int64) bool { return a >= b },
		macie2.JobComparatorLt: func(a, b int64) bool { return a < b }, macie2.JobComparatorLte: func(a, b int64) bool { return a <= b },
	}[comparator]
	if !ok {
		return nil, no
	}
	if key == macie2.ScopeFilterKeyObjectSize {
		n, err := strconv.ParseInt(values[0], 10, 64)
		if err != nil || n < 0 {
			return nil, macie2.ErrValidation("%s.values[0]: %q is no number of bytes", where, clip(values[0]))
		}
		return func(o *objectstore.Object) bool { return compare(o.Size, n) }, nil
	}
	at, err := time.Parse(time.RFC3339, values[0])
	if err != nil {
		return nil, macie2.ErrValidation("%s.values[0]: %q is no time such as 2026-01-02T15:04:05Z", where, clip(values[0]))
	}
	// Stores disagree about parts of a second, so whole ones are compared.
	return func(o *objectstore.Object) bool { return compare(o.LastModified.Unix(), at.Unix()) }, nil
}

func compileTags(where string, x *macie2.TagScopeTerm) (func(map[string]string) bool, error) {
	if key := macie2.Deref(x.Key); x.Key != nil && key != "TAG" {
		return nil, macie2.ErrValidation("%s.key: must be TAG, not %q", where, clip(key))
	}
	if len(x.TagValues) == 0 {
		return nil, macie2.ErrValidation("%s.tagValues: must have at least one value", where)
	}
	has := func(tags map[string]string) bool {
		for _, wanted := range x.TagValues {
			if hasTag(tags, macie2.Deref(wanted.Key), macie2.Deref(wanted.Value)) {
				return true
			}
		}
		return false
	}
	switch macie2.Deref(x.Comparator) {
	case macie2.JobComparatorEq:
		return has, nil
	case macie2.JobComparatorNe:
		return func(tags map[string]string) bool { return !has(tags) }, nil
	}
	return nil, macie2.ErrValidation("%s.comparator: tags can be compared by EQ and NE", where)
}

// hasTag reports whether there is a tag with the key, or with any key if it is empty, and the value, or any if it is empty.
func hasTag(tags map[string]string, key, value string) bool {
	if key != "" {
		v, ok := tags[key]
		return ok && (value == "" || v == value)
	}
	for _, v := range tags {
		if v == value {
			return true
		}
	}
	return false
}

// verdict is what the listing alone says of an object.
type verdict int

const (
	out    verdict = iota // it does not belong to the scope
	in                    // it does
	byTags                // its tags decide
)

// listed decides by the listing. Tags are only asked for where they decide: each costs a call.
func (s *scope) listed(o *objectstore.Object) verdict {
	v := in
	for _, t := range s.includes {
		switch {
		case t.tags != nil:
			v = byTags
		case !t.listing(o):
			return out
		}
	}
	if len(s.excludes) == 0 {
		return v
	}
	// An object is excluded when it meets all of the conditions.
	for _, t := range s.excludes {
		if t.listing != nil && !t.listing(o) {
			return v
		}
	}
	if slices.ContainsFunc(s.excludes, func(t term) bool { return t.tags != nil }) {
		return byTags
	}
	return out
}

// tagged decides for an object whose listing left it to its tags.
func (s *scope) tagged(o *objectstore.Object, tags map[string]string) bool {
	meets := func(t term) bool {
		if t.tags != nil {
			return t.tags(tags)
		}
		return t.listing(o)
	}
	for _, t := range s.includes {
		if !meets(t) {
			return false
		}
	}
	if len(s.excludes) == 0 {
		return true
	}
	return slices.ContainsFunc(s.excludes, func(t term) bool { return !meets(t) })
}

// clip keeps a caller's text from filling an error.
func clip(s string) string {
	const most = 60
	for i := range s {
		if i > most {
			return s[:i] + "…"
		}
	}
	return s
}
