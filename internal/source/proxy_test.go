package source

import (
	"net/netip"
	"strings"
	"testing"
)

func TestClient(t *testing.T) {
	proxies, err := ParseProxies([]string{"10.0.0.0/8", "2001:db8:1::/48", "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		peer, forwarded, want string
	}{
		{"203.0.113.7:80", "198.51.100.1", "203.0.113.7"}, // not a proxy of ours
		{"10.1.1.1:80", "198.51.100.1", "198.51.100.1"},
		{"10.1.1.1:80", "", "10.1.1.1"},
		{"10.1.1.1:80", "1.2.3.4, 198.51.100.1", "198.51.100.1"}, // the client wrote the first
		{"10.1.1.1:80", "1.2.3.4,198.51.100.1, 10.2.2.2", "198.51.100.1"},
		{"10.1.1.1:80", "10.3.3.3, 10.2.2.2", "10.3.3.3"},
		{"10.1.1.1:80", "198.51.100.1, nonsense", "10.1.1.1"},
		{"10.1.1.1:80", "nonsense, 10.2.2.2", "10.2.2.2"},
		{"10.1.1.1:80", "198.51.100.1,", "10.1.1.1"},
		{"10.1.1.1:80", "198.51.100.1:4711", "198.51.100.1"},
		{"10.1.1.1:80", "[2001:db8:2::1]:4711", "2001:db8:2::1"},
		{"10.1.1.1:80", "::ffff:198.51.100.1", "198.51.100.1"},
		{"10.1.1.1:80", "fe80::1%eth0", "fe80::1"},
		{"[::ffff:10.1.1.1]:80", "198.51.100.1", "198.51.100.1"},
		{"[2001:db8:1::5]:80", "198.51.100.1", "198.51.100.1"},
		{"127.0.0.1:80", "198.51.100.1", "198.51.100.1"},
		{"10.1.1.1:80", strings.Repeat("198.51.100.1, ", 99) + strings.Repeat("10.2.2.2, ", 98) + "10.2.2.2", "10.2.2.2"},
	} {
		if got := proxies.Client(c.peer, []string{c.forwarded}); got != c.want {
			t.Errorf("%s for %.60q is %s, want %s", c.peer, c.forwarded, got, c.want)
		}
	}
	if got := proxies.Client("10.1.1.1:80", []string{"1.2.3.4", "198.51.100.1"}); got != "198.51.100.1" {
		t.Errorf("of two headers: %s", got)
	}
	if got := Proxies(nil).Client("127.0.0.1:80", []string{"198.51.100.1"}); got != "127.0.0.1" {
		t.Errorf("without trusted proxies: %s", got)
	}
	for _, text := range []string{"", "x", "10.0.0.0/33", "::ffff:10.0.0.0/104", "fe80::1%eth0", "10.0.0.0/8 "} {
		if p, err := ParseProxies([]string{text}); err == nil {
			t.Errorf("%q is %v", text, p)
		}
	}
}

const (
	v2Head = "\r\n\r\n\x00\r\nQUIT\n"
	v2Four = v2Head + "\x21\x11\x00\x0c\xcb\x00\x71\x07\xc0\x00\x02\x01\x9c\x40\x01\xbb"
)

func TestReadHeader(t *testing.T) {
	for _, c := range []struct {
		text, want string
		length     int
	}{
		{"PROXY TCP4 203.0.113.7 192.0.2.1 40000 443\r\n", "203.0.113.7:40000", 44},
		{"PROXY TCP6 2001:db8::1 2001:db8::2 40000 443\r\n", "[2001:db8::1]:40000", 46},
		{"PROXY UNKNOWN\r\n", "invalid AddrPort", 15},
		{"PROXY UNKNOWN 1 2 3 4\r\n", "invalid AddrPort", 23},
		{v2Four, "203.0.113.7:40000", len(v2Four)},
		{v2Head + "\x20\x00\x00\x00", "invalid AddrPort", 16},
		{v2Head + "\x21\x31\x00\x00", "invalid AddrPort", 16},
		{v2Head + "\x21\x21\x00\x24" + strings.Repeat("\x00", 10) + "\xff\xff\xcb\x00\x71\x07" + strings.Repeat("\x00", 16) + "\x9c\x40\x01\xbb", "203.0.113.7:40000", 52},
		{"", "invalid AddrPort", 0},
	} {
		for cut := range len(c.text) { // piece by piece
			if _, length, need, err := ReadHeader([]byte(c.text[:cut])); err != nil || length != 0 || need <= cut {
				t.Errorf("%q, cut after %d: %d, %d, %v", c.text, cut, length, need, err)
			}
		}
		from, length, need, err := ReadHeader([]byte(c.text + "GET / HTTP/1.1\r\n"))
		if from.String() != c.want || length != c.length || need != 0 || err != nil {
			t.Errorf("%q: %v, %d, %d, %v", c.text, from, length, need, err)
		}
	}
	for _, text := range []string{
		"PROXY \r\n", "PROXY TCP4\r\n", "PROXY TCP4 203.0.113.7 192.0.2.1 40000\r\n", "PROXY TCP4 203.0.113.7 192.0.2.1 40000 443 \r\n",
		"PROXY TCP4 2001:db8::1 192.0.2.1 1 2\r\n", "PROXY TCP6 203.0.113.7 192.0.2.1 1 2\r\n", "PROXY TCP4 203.0.113.7 192.0.2.1 65536 2\r\n",
		"PROXY UDP4 203.0.113.7 192.0.2.1 1 2\r\n", "PROXY TCP4 x 192.0.2.1 1 2\r\n", "PROXY TCP6 fe80::1%e fe80::2 1 2\r\n", "PROXY " + strings.Repeat("x", 120),
		v2Head + "\x11\x11\x00\x0c", v2Head + "\x22\x11\x00\x0c", v2Head + "\x21\x11\xff\xff", v2Head + "\x21\x11\x00\x04abcd", v2Head + "\x21\x21\x00\x0c012345678901",
	} {
		if from, length, need, err := ReadHeader([]byte(text)); err == nil {
			t.Errorf("%q: %v, %d, %d", text, from, length, need)
		}
	}
	for _, text := range []string{"POST / HTTP/1.1", "PROXYX", "GET", "\x16\x03", "\r\nGET"} {
		if from, length, need, err := ReadHeader([]byte(text)); from.IsValid() || length != 0 || need != 0 || err != nil {
			t.Errorf("%q: %v, %d, %d, %v", text, from, length, need, err)
		}
	}
}

func FuzzReadHeader(f *testing.F) {
	f.Add([]byte("PROXY TCP4 203.0.113.7 192.0.2.1 40000 443\r\nGET"))
	f.Add([]byte(v2Four))
	f.Fuzz(func(t *testing.T, b []byte) {
		from, length, need, err := ReadHeader(b)
		if length > len(b) || need > head2+longest2 || need > 0 && (need <= len(b) || length > 0) || err != nil && (length|need) != 0 {
			t.Errorf("%q: %d, %d, %v", b, length, need, err)
		}
		if from.IsValid() && (Canonical(from.Addr()) != from.Addr() || length == 0) {
			t.Errorf("%q comes from %v", b, from)
		}
	})
}

func FuzzClient(f *testing.F) {
	proxies := Proxies{netip.MustParsePrefix("10.0.0.0/8")}
	f.Add("10.0.0.1:80", "198.51.100.1, 10.2.2.2")
	f.Fuzz(func(t *testing.T, peer, forwarded string) {
		got := proxies.Client(peer, []string{forwarded})
		if a, err := netip.ParseAddr(got); err == nil && Canonical(a).String() != got {
			t.Errorf("%q for %q is %q", peer, forwarded, got)
		}
	})
}
