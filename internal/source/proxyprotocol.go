package source

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

// ErrHeader says that a header of the PROXY protocol is malformed.
var ErrHeader = errors.New("a malformed header of the PROXY protocol")

// What a header of the PROXY protocol begins with, in its two versions.
var (
	begin1 = []byte("PROXY ")
	begin2 = []byte("\r\n\r\n\x00\r\nQUIT\n")
)

const (
	longest1 = 107 // with its line's end, as the protocol says
	head2    = 16
	// longest2 is as much as a header of version 2 may have after its head: addresses, and what
	// else balancers add.
	longest2 = 2048
)

// ReadHeader reads the header of the PROXY protocol, of either version, that a connection begins
// with. It wants more than it is given (need > 0, how many bytes there must be at least for another
// look), or says how long the header is and where it says that the connection comes from. That is
// not valid where it says nothing of that, as for the balancer's own probes. A connection that
// begins with no such header has one of length 0.
func ReadHeader(b []byte) (from netip.AddrPort, length, need int, err error) {
	switch {
	case bytes.HasPrefix(b, begin2):
		return readVersion2(b)
	case bytes.HasPrefix(b, begin1):
		return readVersion1(b)
	case bytes.HasPrefix(begin2, b), bytes.HasPrefix(begin1, b):
		return from, 0, len(b) + 1, nil
	}
	return from, 0, 0, nil
}

// readVersion1 reads a line such as PROXY TCP4 203.0.113.7 192.0.2.1 40000 443.
func readVersion1(b []byte) (from netip.AddrPort, length, need int, err error) {
	end := bytes.Index(b, []byte("\r\n"))
	switch {
	case end < 0 && len(b) >= longest1, end > longest1-2:
		return from, 0, 0, ErrHeader
	case end < 0:
		return from, 0, len(b) + 1, nil
	}
	length = end + 2
	field := strings.Split(string(b[:end]), " ")
	if field[1] == "UNKNOWN" {
		return from, length, 0, nil
	}
	if len(field) != 6 {
		return from, 0, 0, ErrHeader
	}
	a, err := netip.ParseAddr(field[2])
	to, toErr := netip.ParseAddr(field[3])
	port, portErr := strconv.ParseUint(field[4], 10, 16)
	_, toPortErr := strconv.ParseUint(field[5], 10, 16)
	four := field[1] == "TCP4"
	if err != nil || toErr != nil || portErr != nil || toPortErr != nil || !four && field[1] != "TCP6" || a.Is4() != four || to.Is4() != four ||
		a.Zone() != "" {
		return from, 0, 0, ErrHeader
	}
	return netip.AddrPortFrom(Canonical(a), uint16(port)), length, 0, nil
}

// readVersion2 reads the binary form.
func readVersion2(b []byte) (from netip.AddrPort, length, need int, err error) {
	if len(b) < head2 {
		return from, 0, head2, nil
	}
	version, command, family := b[12]>>4, b[12]&15, b[13]
	size := int(binary.BigEndian.Uint16(b[14:16]))
	if version != 2 || command > 1 || size > longest2 {
		return from, 0, 0, ErrHeader
	}
	if length = head2 + size; len(b) < length {
		return from, 0, length, nil
	}
	if command == 0 { // the balancer itself
		return from, length, 0, nil
	}
	rest := b[head2:length]
	switch family {
	case 0x11: // TCP over IPv4
		if size < 12 {
			return from, 0, 0, ErrHeader
		}
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(rest)), binary.BigEndian.Uint16(rest[8:])), length, 0, nil
	case 0x21: // TCP over IPv6
		if size < 36 {
			return from, 0, 0, ErrHeader
		}
		return netip.AddrPortFrom(Canonical(netip.AddrFrom16([16]byte(rest))), binary.BigEndian.Uint16(rest[32:])), length, 0, nil
	}
	return from, length, 0, nil // of another kind, of which it says nothing that can be used
}
