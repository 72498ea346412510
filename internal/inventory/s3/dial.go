package s3

import (
	"context"
	"fmt"
	"net"
	"net/netip"
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
	netip.MustParsePrefix("fd00:ec2::254/128"),  // AWS
	netip.MustParsePrefix("fd20:ce::254/128"),   // Google Cloud
	netip.MustParsePrefix("100.100.100.200/32"), // Alibaba Cloud
	netip.MustParsePrefix("168.63.129.16/32"),   // Azure
	netip.MustParsePrefix("192.0.0.192/32"),     // Oracle Cloud
	netip.MustParsePrefix("0.0.0.0/8"),          // this machine, by another name
	netip.MustParsePrefix("255.255.255.255/32"), // everybody
	netip.MustParsePrefix("fec0::/10"),          // site-local, as good as link-local
}

// Addresses of IPv6 in which an address of IPv4 is written: it is the one that is reached.
var (
	nat64      = netip.MustParsePrefix("64:ff9b::/96")
	nat64Local = netip.MustParsePrefix("64:ff9b:1::/48")
	sixToFour  = netip.MustParsePrefix("2002::/16")
	compatible = netip.MustParsePrefix("::/96")
)

// CheckAddress says why an address may not be that of a store, or nil.
func CheckAddress(a netip.Addr, refuseLoopback bool) error {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		b := a.As16()
		switch {
		case a == netip.IPv6Loopback() || a == netip.IPv6Unspecified():
		case nat64.Contains(a), nat64Local.Contains(a), compatible.Contains(a):
			return CheckAddress(netip.AddrFrom4([4]byte(b[12:16])), refuseLoopback)
		case sixToFour.Contains(a):
			return CheckAddress(netip.AddrFrom4([4]byte(b[2:6])), refuseLoopback)
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
