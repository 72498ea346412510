package inventory

import (
	"strings"
	"testing"
)

// What accounts may name is a host of the operator's list, in whatever letter case, and no path, and
// nothing that only ends like one.
func TestEndpointsThatAccountsMayName(t *testing.T) {
	list, err := ParseEndpoints([]string{"https://*.example.com", "https://store.example.net:9000", "http://192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	for endpoint, want := range map[string]bool{
		"https://s3.example.com":         true,
		"https://S3.EXAMPLE.COM":         true,
		"https://s3.example.com:443":     true,
		"https://a.b.example.com":        true,
		"https://store.example.net:9000": true,
		"http://192.0.2.1":               true,
		"http://192.0.2.1:80":            true,

		"https://example.com":                                  false,
		"https://.example.com":                                 false,
		"https://s3..example.com":                              false,
		"https://*.example.com":                                false,
		"https://-.example.com":                                false,
		"https://a-.example.com":                               false,
		"https://a_b.example.com":                              false,
		"https://" + strings.Repeat("a", 64) + ".example.com":  false,
		"https://" + strings.Repeat("a.", 130) + "example.com": false,
		"https://s3.example.com/":                              true, // as without
		"https://s3.example.com/../..":                         false,
		"https://s3.example.com/admin":                         false,
		"https://s3.example.com.":                              false,
		"https://s3.example.com:22":                            false,
		"http://s3.example.com":                                false,
		"https://s3.example.com@192.0.2.2":                     false,
		"https://192.0.2.2/.example.com":                       false,
		"https://192.0.2.2#.example.com":                       false,
		"https://store.example.net":                            false,
		"https://x.store.example.net:9000":                     false,
		"file:///srv":                                          false,
	} {
		if got := list.allows(endpoint); got != want {
			t.Errorf("%s: %v, want %v", endpoint, got, want)
		}
	}
}

// With a virtual host the name of a bucket becomes a part of the host's.
func TestEndpointsOfVirtualHosts(t *testing.T) {
	list, err := ParseEndpoints([]string{"https://*.example.com", "https://store.example.net:9000", "http://192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	for endpoint, want := range map[string]bool{
		"https://s3.example.com": true, "https://s3.example.com:443": true, "https://store.example.net:9000": false, "http://192.0.2.1": false, "https://s3.example.org": false,
	} {
		if got := list.reaches(endpoint, true); got != want {
			t.Errorf("%s: %v, want %v", endpoint, got, want)
		}
	}
}
