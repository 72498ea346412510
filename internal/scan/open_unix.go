//go:build unix

package scan

import "syscall"

// A path that was named by the user may be a link to a file; what was met on the walk was none when it was seen.
const openFlags = syscall.O_NONBLOCK | syscall.O_CLOEXEC
