package s3

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"
)

// addressError says that an address may not be used.
type addressError struct {
	address netip.Addr
	why     string
}

func (e *addressError) Error() string { return fmt.Sprintf("%s %s", e.address, e.why) }

// forbidden are addresses at which clouds tell machines their secrets, and which are not link-local.
var forbidden = []netip.Prefix{
	netip.MustParsePrefix("fd00:ec2::/32"),      // AWS: of instances (::254), and of pods (::23)
	netip.MustParsePrefix("fd20:ce::/64"),       // Google Cloud
	netip.MustParsePrefix("fd00:c1::/64"),       // Oracle Cloud
	netip.MustParsePrefix("fd00:42::42/128"),    // Scaleway
	netip.MustParsePrefix("100.100.100.200/32"), // Alibaba Cloud
	netip.MustParsePrefix("168.63.129.16/32"),   // Azure
	netip.MustParsePrefix("192.0.0.192/32"),     // Oracle Cloud
	netip.MustParsePrefix("0.0.0.0/8"),          // this machine, by another name
	netip.MustParsePrefix("255.255.255.255/32"), // everybody
	netip.MustParsePrefix("fec0::/10"),          // site-local, as good as link-local
	netip.MustParsePrefix("2001::/32"),          // Teredo, which hides an address of IPv4
}

// Addresses of IPv6 in which an address of IPv4 is written: it is the one that is reached.
var (
	nat64      = netip.MustParsePrefix("64:ff9b::/96")
	nat64Local = netip.MustParsePrefix("64:ff9b:1::/48")
	sixToFour  = netip.MustParsePrefix("2002::/16")
	compatible = netip.MustParsePrefix("::/96")
	translated = netip.MustParsePrefix("::ffff:0:0:0/96")
)

// CheckAddress says why an address may not be that of a store, or nil.
func CheckAddress(a netip.Addr, refuseLoopback bool) error {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		b := a.As16()
		for _, v4 := range inside(a, b) {
			if err := CheckAddress(netip.AddrFrom4(v4), refuseLoopback); err != nil {
				return err
			}
		}
	}
	switch {
	case a.IsLinkLocalUnicast(), a.IsLinkLocalMulticast(), a.IsInterfaceLocalMulticast():
		return &addressError{a, "is a link-local address"}
	case a.IsUnspecified(), a.IsMulticast():
		return &addressError{a, "is not the address of a machine"}
	case a.IsLoopback() && refuseLoopback:
		return &addressError{a, "is this machine"}
	}
	for _, p := range forbidden {
		if p.Contains(a) {
			return &addressError{a, "is reserved"}
		}
	}
	return nil
}

// inside are the addresses of IPv4 that an address of IPv6 can stand for. In the prefix for local
// translation a network may choose a longer one, whose length says where the address is (RFC 6052,
// 2.2): all of them are looked at but those that begin with 0, which are other lengths' padding.
func inside(a netip.Addr, b [16]byte) [][4]byte {
	last := [4]byte(b[12:])
	switch {
	case a == netip.IPv6Loopback() || a == netip.IPv6Unspecified():
	case nat64Local.Contains(a):
		all := [][4]byte{last, {b[6], b[7], b[9], b[10]}, {b[7], b[9], b[10], b[11]}, {b[9], b[10], b[11], b[12]}}
		if some := slices.DeleteFunc(slices.Clone(all), func(v4 [4]byte) bool { return v4[0] == 0 }); len(some) > 0 {
			return some
		}
		return all
	case nat64.Contains(a), compatible.Contains(a), translated.Contains(a):
		return [][4]byte{last}
	case sixToFour.Contains(a):
		return [][4]byte{[4]byte(b[2:6])}
	case b[8]&^0x02 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe: // ISATAP
		return [][4]byte{last}
	}
	return nil
}

// dialer connects to addresses that may be a store's. Each address is checked when the connection is made, so that it does not matter
// what the name stood for a moment before.
func dialer(refuseLoopback bool) func(ctx context.Context, network, address string) (net.Conn, error) {
	d := &net.Dialer{
		Timeout: 5 * time.Second, KeepAlive: 30 * time.Second,
		Control: func(_, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("connect to %q: %w", address, err)
			}
			return CheckAddress(to.Addr(), refuseLoopback)
		},
	}
	return d.DialContext
}

// isLoopbackName reports whether a host is this machine by its very name.
func isLoopbackName(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// IsLoopback reports whether an endpoint is on this machine by its name.
func IsLoopback(endpoint string) bool {
	u, err := ParseEndpoint(endpoint)
	return err == nil && isLoopbackName(u.Hostname())
}
