package discovery

import (
	"context"
	"sort"
	"unicode/utf8"

	"magpie/internal/inventory/objectstore"
)

// splitter looks for where a range of keys is split: after the one, up to and including the other; "" is the end of the bucket.
type splitter struct {
	after, to string
	list      func(ctx context.Context, after, to string, most int) (objectstore.Page, error)
	worth     func(objects int) bool // says of fewer objects than a page whether they are worth a shard of their own
}

// part asks for what follows a key, and reports whether it is worth a shard of its own: what that costs the database is as much as
// recording some pages.
func (s *splitter) part(ctx context.Context, at string) (first string, ok bool, err error) {
	if utf8.ValidString(s.after) && utf8.ValidString(s.to) {
		at = leastText(at) // some stores refuse what is no text
	}
	if at <= s.after || s.to != "" && at >= s.to {
		return "", false, nil
	}
	page, err := s.list(ctx, at, s.to, 0)
	if err != nil {
		return "", false, err
	}
	if len(page.Objects) < 2 { // one that ends this shard, and at least one for the other
		return "", false, nil
	}
	return page.Objects[0].Key, page.More || s.worth(len(page.Objects)-1), nil
}

// middle looks for a key with about as many before it as after it. ok is false where there is none that is worth it.
//
// Keys begin alike as a rule, and what follows the one that the shard has come to begins like it for a while: so it looks first for the
// earliest byte of that key that is a greater one in what follows, and then for the byte half way to the greatest there.
func (s *splitter) middle(ctx context.Context) (key string, ok bool, err error) {
	low := s.after
	from := func(i, by int) string { return low[:i] + string([]byte{low[i] + byte(by)}) }
	least, most := 0, min(len(low), 256) // the byte is from least on, if there is any before most
	for least < most {
		i := (least + most) / 2
		ok := false
		if low[i] < 0xff {
			if _, ok, err = s.part(ctx, from(i, 1)); err != nil {
				return "", false, err
			}
		}
		if ok {
			most = i
		} else {
			least = i + 1
		}
	}
	if least >= min(len(low), 256) {
		return s.halfway(ctx)
	}
	// From least by some, up to where there is nothing more.
	some, none := 1, 0x100-int(low[least])
	for none-some > 1 {
		by := (some + none) / 2
		if _, ok, err = s.part(ctx, from(least, by)); err != nil {
			return "", false, err
		}
		if ok {
			some = by
		} else {
			none = by
		}
	}
	return s.part(ctx, from(least, (some+1)/2))
}

// halfway looks for a key in the middle by what the bytes of the first and of the last amount to.
func (s *splitter) halfway(ctx context.Context) (key string, ok bool, err error) {
	high := s.to
	for range 6 {
		at := between(s.after, high)
		if key, ok, err = s.part(ctx, at); ok || err != nil {
			return key, ok, err
		}
		if high = at; high <= s.after {
			break
		}
	}
	return "", false, nil
}

// between is a text about in the middle between two, by their bytes; an empty high is the end of all texts.
func between(low, high string) string {
	n := max(len(low), len(high)) + 1
	sum := make([]int, n+1) // of both, with a carry in front
	digit := func(s string, i int) int {
		if i < len(s) {
			return int(s[i])
		}
		return 0
	}
	carry := 0
	for i := n - 1; i >= 0; i-- {
		top := digit(high, i)
		if high == "" {
			top = 0xff
			if i > len(low) {
				top = 0
			}
		}
		v := digit(low, i) + top + carry
		sum[i+1], carry = v&0xff, v>>8
	}
	sum[0] = carry
	half := make([]byte, n)
	rest := sum[0]
	for i := range n {
		v := rest<<8 | sum[i+1]
		half[i], rest = byte(v>>1), v&1
	}
	end := len(half)
	for end > 0 && half[end-1] == 0 {
		end--
	}
	return string(half[:end])
}

const (
	surrogates  = 0xD800 // where they begin
	noSurrogate = 0xE000 // where they have ended
)

// leastText is the first text in UTF-8 that does not come before b, or the last one there is with as much of b as is a text.
func leastText(b string) string {
	end := 0
	for end < len(b) {
		r, n := utf8.DecodeRuneInString(b[end:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		end += n
	}
	if end == len(b) {
		return b
	}
	character := func(i int) rune {
		if i >= surrogates {
			i += noSurrogate - surrogates
		}
		return rune(i)
	}
	const all = utf8.MaxRune + 1 - (noSurrogate - surrogates)
	// In UTF-8 characters have the order of their bytes.
	i := sort.Search(all-1, func(i int) bool { return string(character(i)) >= b[end:] })
	return b[:end] + string(character(i))
}
