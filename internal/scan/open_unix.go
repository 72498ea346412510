//go:build unix

package scan

import "syscall"

// openFlags are for a path that the user has named, which may be a link to a file.
const openFlags = syscall.O_NONBLOCK | syscall.O_CLOEXEC
