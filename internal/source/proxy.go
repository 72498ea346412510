package source

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// Proxies are the networks whose proxies are believed when they say where a request comes from.
type Proxies []netip.Prefix

// ParseProxies reads networks, such as 10.0.0.0/8, or single addresses.
func ParseProxies(list []string) (Proxies, error) {
	var proxies Proxies
	for _, text := range list {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			a, addrErr := netip.ParseAddr(text)
			if addrErr != nil || a.Zone() != "" {
				return nil, fmt.Errorf("%q is no network such as 10.0.0.0/8 or 2001:db8::/48", text)
			}
			p = netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen())
		}
		if p.Addr().Is4In6() {
			return nil, fmt.Errorf("%q: write a network of IPv4 as one", text)
		}
		proxies = append(proxies, p.Masked())
	}
	return proxies, nil
}

// Trusts reports whether an address is one of the proxies'.
func (p Proxies) Trusts(a netip.Addr) bool {
	for _, network := range p {
		if network.Contains(Canonical(a)) {
			return true
		}
	}
	return false
}

// mostForwarded bounds the hops that are looked at: what is before, anybody could have written.
const mostForwarded = 32

// Of returns the address that a request comes from: see [Proxies.Client].
func (p Proxies) Of(r *http.Request) string {
	return p.Client(r.RemoteAddr, r.Header["X-Forwarded-For"])
}

// Client returns the address of a request's client: its peer's, or, where the peer is a trusted
// proxy, what X-Forwarded-For says that proxies had before them: the last address that is not a
// trusted proxy's. Each proxy appends its own peer, so that what the client itself sends stands
// before that and is not reached. A list that cannot be read says no more than its part that can.
func (p Proxies) Client(peer string, forwarded []string) string {
	client := Address(peer)
	a, err := netip.ParseAddr(client)
	if err != nil || !p.Trusts(a) {
		return client
	}
	list := strings.Join(forwarded, ",")
	for range mostForwarded {
		var last string
		if i := strings.LastIndexByte(list, ','); i >= 0 {
			list, last = list[:i], list[i+1:]
		} else {
			list, last = "", list
		}
		a, ok := hop(strings.TrimSpace(last))
		if !ok {
			return client
		}
		client = a.String()
		if !p.Trusts(a) || list == "" {
			return client
		}
	}
	return client
}

// hop reads one address, with a port or without.
func hop(text string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")); err == nil {
		return Canonical(a), true
	}
	if a, err := netip.ParseAddrPort(text); err == nil {
		return Canonical(a.Addr()), true
	}
	return netip.Addr{}, false
}
