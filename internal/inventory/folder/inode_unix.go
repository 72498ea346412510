//go:build unix

package folder

import (
	"io/fs"
	"syscall"
)

// inode is a file's number in its file system.
func inode(info fs.FileInfo) uint64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Ino) //nolint:unconvert // its type is another one on some systems
	}
	return 0
}
