package mail

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// A TLSPolicy says when a connection to a relay is encrypted.
type TLSPolicy int

const (
	// TLSOffered uses STARTTLS when the relay offers it. The certificate is
	// verified if there is a password to protect; without one, encryption to
	// an unknown peer is still better than none.
	TLSOffered TLSPolicy = iota
	// TLSRequired sends nothing unless STARTTLS succeeded with a verified
	// certificate.
	TLSRequired
	// TLSOff never uses STARTTLS, and permits to log in in the clear.
	TLSOff
	// TLSImplicit is encrypted from the first byte, and verified: smtps://.
	TLSImplicit
)

// A Relay says where mails are handed over, and how.
type Relay struct {
	Host        string
	Port        int
	TLS         TLSPolicy
	Helo        string // name to introduce oneself with; the machine's if empty
	Connections int    // at most so many at a time
	Login       bool   // whether user and password are given
	user        string
	password    string
}

// Relays have no use for more; a few in parallel hide the round trips.
const (
	defaultConnections = 16
	maxConnections     = 256
)

// ParseRelay reads a relay's address:
//
//	smtp://[USER:PASSWORD@]HOST[:PORT][?tls=required|off][&connections=N][&helo=NAME]
//	smtps://[USER:PASSWORD@]HOST[:PORT][?connections=N][&helo=NAME]
//
// The port is 465 for smtps, else 587 with a log-in and 25 without. Characters
// such as @ and / in user or password are percent-encoded. No error repeats the
// user, the password or anything that may be part of one.
func ParseRelay(s string) (*Relay, error) {
	u, err := url.Parse(s)
	if err != nil {
		// The parser's error quotes the address, password and all.
		return nil, errors.New("mail relay: the address cannot be read; it looks like smtp://USER:PASSWORD@HOST:PORT, with @ / : # ? % in USER and PASSWORD written as %40 %2F %3A %23 %3F %25")
	}
	r := &Relay{Connections: defaultConnections}
	switch u.Scheme {
	case "smtp":
	case "smtps":
		r.TLS = TLSImplicit
	default:
		return nil, errors.New("mail relay: the address must begin with smtp:// or smtps://")
	}
	if u.Opaque != "" || (u.Path != "" && u.Path != "/") || u.Fragment != "" {
		return nil, errors.New("mail relay: the address has more than user, host, port and options; percent-encode @ / : # ? % in user and password")
	}
	if r.Host = u.Hostname(); !isHost(r.Host) {
		return nil, errors.New("mail relay: the address names no host")
	}
	if err := r.setLogin(u.User); err != nil {
		return nil, err
	}
	if err := r.setPort(u.Port()); err != nil {
		return nil, err
	}
	options, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, errors.New("mail relay: the options after ? cannot be read")
	}
	for name, values := range options {
		if len(values) > 1 {
			return nil, fmt.Errorf("mail relay: option %.20q is given twice", name)
		}
		if err := r.setOption(name, values[0]); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// isHost reports whether s can be a host's name or IP address.
func isHost(s string) bool {
	if strings.ContainsAny(s, ":%") {
		_, err := netip.ParseAddr(s)
		return err == nil
	}
	return s != "" && !strings.ContainsFunc(s, notHost)
}

// notHost reports what is neither in a host's name nor in an IP address.
func notHost(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-._:", r))
}

func (r *Relay) setLogin(info *url.Userinfo) error {
	if info == nil {
		return nil
	}
	r.user = info.Username()
	r.password, _ = info.Password()
	// NUL separates user from password in PLAIN.
	if r.user == "" || r.password == "" || strings.Contains(r.user+r.password, "\x00") {
		return errors.New("mail relay: a log-in needs both user and password")
	}
	r.Login = true
	return nil
}

func (r *Relay) setPort(port string) error {
	switch {
	case port != "":
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return errors.New("mail relay: the port is not a number from 1 to 65535")
		}
		r.Port = int(n)
	case r.TLS == TLSImplicit:
		r.Port = 465
	case r.Login:
		r.Port = 587
	default:
		r.Port = 25
	}
	return nil
}

func (r *Relay) setOption(name, value string) error {
	switch name {
	case "tls":
		switch {
		case r.TLS == TLSImplicit:
			if value != "required" { // which it is
				return errors.New("mail relay: smtps:// is always encrypted; leave tls out, or use smtp://")
			}
		case value == "required":
			r.TLS = TLSRequired
		case value == "off":
			r.TLS = TLSOff
		default:
			return fmt.Errorf("mail relay: tls=%.20q; it can be required or off, or be left out to encrypt where the relay offers it", value)
		}
	case "connections":
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > maxConnections {
			return fmt.Errorf("mail relay: connections=%.20q is not a number from 1 to %d", value, maxConnections)
		}
		r.Connections = n
	case "helo":
		if value == "" || len(value) > 255 || strings.ContainsFunc(value, func(c rune) bool { return notHost(c) && c != '[' && c != ']' }) {
			return fmt.Errorf("mail relay: helo=%.20q is not a host name", value)
		}
		r.Helo = value
	default:
		return fmt.Errorf("mail relay: there is no option %.20q; there are tls, connections and helo", name)
	}
	return nil
}

// Address is the host and port to connect to.
func (r *Relay) Address() string { return net.JoinHostPort(r.Host, strconv.Itoa(r.Port)) }

// String shows the relay without user and password, for logs.
func (r *Relay) String() string {
	scheme, login, option := "smtp", "", ""
	switch r.TLS {
	case TLSImplicit:
		scheme = "smtps"
	case TLSRequired:
		option = "?tls=required"
	case TLSOff:
		option = "?tls=off"
	}
	if r.Login {
		login = "…@"
	}
	// An IPv6 zone is set off by a percent sign, which a URL encodes.
	return scheme + "://" + login + strings.ReplaceAll(r.Address(), "%", "%25") + option
}

// GoString keeps %#v from printing the password.
func (r *Relay) GoString() string { return r.String() }
