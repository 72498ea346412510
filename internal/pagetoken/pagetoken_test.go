package pagetoken

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestTokenOpensOnlyTheListItWasIssuedFor(t *testing.T) {
	issuer := New([]byte("0123456789abcdef"))
	list := List{Account: "111122223333", Region: "eu-west-1", Operation: "ListMembers", Filters: "all"}
	token := issuer.Seal(list, "444455556666", "")
	got, err := issuer.Open(list, token, 2)
	if err != nil || !slices.Equal(got, []string{"444455556666", ""}) {
		t.Fatalf("Open = %q, %v", got, err)
	}
	if _, err := issuer.Open(list, token, 1); !errors.Is(err, ErrInvalid) {
		t.Errorf("another number of keys: %v", err)
	}
	for name, other := range map[string]List{
		"account":   {"999900001111", "eu-west-1", "ListMembers", "all"},
		"region":    {"111122223333", "eu-west-2", "ListMembers", "all"},
		"operation": {"111122223333", "eu-west-1", "ListInvitations", "all"},
		"filters":   {"111122223333", "eu-west-1", "ListMembers", "associated"},
		"shifted":   {"111122223333eu", "-west-1", "ListMembers", "all"},
	} {
		if _, err := issuer.Open(other, token, 2); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: a token of another list was accepted: %v", name, err)
		}
	}
	if _, err := New([]byte("fedcba9876543210")).Open(list, token, 2); !errors.Is(err, ErrInvalid) {
		t.Errorf("another deployment's token was accepted: %v", err)
	}
	for i := range token {
		altered := token[:i] + string(token[i]^1) + token[i+1:]
		if _, err := issuer.Open(list, altered, 2); !errors.Is(err, ErrInvalid) {
			t.Fatalf("altered at %d: accepted", i)
		}
	}
}

func FuzzOpen(f *testing.F) {
	issuer := New([]byte("0123456789abcdef"))
	list := List{Account: "111122223333", Region: "eu-west-1", Operation: "ListMembers"}
	valid := issuer.Seal(list, "444455556666")
	for _, seed := range []string{valid, "", "AAAA", valid[:20], valid + "A", strings.Repeat("A", MaxLength+1)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		parts, err := issuer.Open(list, token, 1)
		if err == nil && token != issuer.Seal(list, parts...) {
			t.Errorf("%q was accepted, and is not what was issued", token)
		}
	})
}
