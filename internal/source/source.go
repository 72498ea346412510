package source

import (
	"net"
	"net/netip"
)

// Address returns the address of a peer, which is given as host:port, in its one spelling: an IPv4
// address as such and not inside IPv6, and no zone. What is no address stays as it is.
func Address(peer string) string {
	host, _, err := net.SplitHostPort(peer)
	if err != nil {
		host = peer
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	return Canonical(a).String()
}

// Canonical is an address in its one spelling.
func Canonical(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// Network is what of an address one stranger has: an IPv4 address, or an IPv6 network of 64 bits.
func Network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil || a.Unmap().Is4() {
		return address
	}
	prefix, err := a.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return prefix.String()
}

// Share is whose share of what all callers have in common an address takes: its network's, or
// nobody's, "", for this machine itself, where a proxy may stand for everybody.
func Share(address string) string {
	if a, err := netip.ParseAddr(address); err != nil || a.Unmap().IsLoopback() {
		return ""
	}
	return Network(address)
}
