//go:build unix

package scan

import "syscall"

// openFlags are for a path that the user has named, which may be a link to a file.
const openFlags = syscall.O_NONBLOCK | syscall.O_CLOEXEC

// openAtOnce is how many files this process may have open.
func openAtOnce() uint64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return manyOpen
	}
	return uint64(limit.Cur)
}
