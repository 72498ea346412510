//go:build !linux

package store

import "syscall"

// boundRetransmission leaves the kernel's own limit where there is no setting for it.
func boundRetransmission(string, string, syscall.RawConn) error { return nil }
