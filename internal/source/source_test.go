package source

import "testing"

func TestAddress(t *testing.T) {
	for peer, want := range map[string]string{
		"203.0.113.7:80": "203.0.113.7", "[::ffff:203.0.113.7]:80": "203.0.113.7", "[2001:DB8::0:1]:80": "2001:db8::1",
		"[fe80::1%eth0]:80": "fe80::1", "[::1]:80": "::1", "203.0.113.7": "203.0.113.7", "fe80::1%eth0": "fe80::1", "@": "@", "": "",
	} {
		if got := Address(peer); got != want {
			t.Errorf("%q is %q, want %q", peer, got, want)
		}
	}
}

func TestShare(t *testing.T) {
	for address, want := range map[string]string{
		"203.0.113.7": "203.0.113.7", "2001:db8::1": "2001:db8::/64", "2001:db8::ffff:1": "2001:db8::/64", "127.0.0.1": "", "127.9.9.9": "",
		"::1": "", "::ffff:127.0.0.1": "", "@": "",
	} {
		if got := Share(address); got != want {
			t.Errorf("%q takes the share of %q, want %q", address, got, want)
		}
	}
}
