package awsapi

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// OnlyLoopbackHosts refuses requests for other hosts than this machine. In dev mode nobody's secret
// is checked, so that a page in a browser here could call in its reader's name if a name of its own
// led to the loopback address.
func OnlyLoopbackHosts(next http.Handler, publicURL string) http.Handler {
	public := ""
	if u, err := url.Parse(publicURL); err == nil {
		public = strings.ToLower(u.Hostname())
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host := hostName(r.Host); !isLoopbackName(host) && (public == "" || host != public) {
			misdirected(w, "With --dev, requests are for a name of this machine: localhost, 127.0.0.1 or ::1.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostName is the name in a Host header, without its port, in lower case.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
}

func isLoopbackName(name string) bool {
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	a, err := netip.ParseAddr(name)
	return err == nil && a.Unmap().IsLoopback()
}
