package pagetoken

import (
	"strconv"

	"magpie/internal/macie2"
)

// Page is the page of a list that a request asks for. The list is read from behind the entry whose
// sort keys the page has, Limit entries of it, and Cut makes the answer of what was read.
type Page struct {
	issuer *Issuer
	list   List
	size   int
	after  []string // nil for the first page
}

// Of names the list of an operation for a caller in its Region.
func Of(call *macie2.Call, operation, filters string) List {
	return List{Account: string(call.Account), Region: call.Region, Operation: operation, Filters: filters}
}

// Page reads which page of a list is asked for: the first one without a token, else the one behind
// the entry that the token names by so many sort keys. It returns ErrInvalid for a token that was
// not issued for this list.
func (i *Issuer) Page(list List, token *string, keys, size int) (Page, error) {
	p := Page{issuer: i, list: list, size: size}
	if token == nil {
		return p, nil
	}
	var err error
	p.after, err = i.Open(list, *token, keys)
	return p, err
}

// First reports whether it is the first page, which has no keys.
func (p Page) First() bool { return p.after == nil }

// Keys are the sort keys of the entry before the page; nil for the first page.
func (p Page) Keys() []string { return p.after }

// Key is a sort key of the entry before the page; "" for the first page.
func (p Page) Key(i int) string {
	if p.First() {
		return ""
	}
	return p.after[i]
}

// Int is a sort key that was sealed from a whole number; 0 for the first page.
func (p Page) Int(i int) int64 {
	n, err := strconv.ParseInt(p.Key(i), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// Limit is how many entries to read: one more than the page has, which tells whether another page
// follows.
func (p Page) Limit() int64 { return int64(p.size) + 1 }

// Cut takes entries of which Limit were asked for down to the page. next is the token of the next
// page, nil if this is the last; keys are the sort keys of an entry.
func Cut[T any](p Page, entries []T, keys func(T) []string) (page []T, next *string) {
	if len(entries) <= p.size {
		return entries, nil
	}
	entries = entries[:p.size]
	token := p.issuer.Seal(p.list, keys(entries[p.size-1])...)
	return entries, &token
}

// Int is a whole number as a sort key.
func Int(n int64) string { return strconv.FormatInt(n, 10) }
