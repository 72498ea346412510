package analyse

import "golang.org/x/sys/unix"

func allowedSyscalls() (arch uint32, calls []uint32, ok bool) {
	return unix.AUDIT_ARCH_AARCH64, commonSyscalls, true
}
