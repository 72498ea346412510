//go:build unix

package classify

import (
	"os"
	"runtime"
	"syscall"
)

// resident is the most memory that a process that has ended had in use, by the system's account.
func resident(state *os.ProcessState) int64 {
	r, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return r.Maxrss
	}
	return r.Maxrss * 1024
}
