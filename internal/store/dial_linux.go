package store

import (
	"syscall"
	"time"
)

// retransmission is how long the kernel repeats what a server does not acknowledge; its default is
// a quarter of an hour.
const retransmission = 10 * time.Second

// tcpUserTimeout is TCP_USER_TIMEOUT of RFC 5482, which package syscall does not name.
const tcpUserTimeout = 0x12

func boundRetransmission(network, _ string, c syscall.RawConn) error {
	if network == "unix" {
		return nil
	}
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(retransmission.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return failed
}
