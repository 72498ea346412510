//go:build !unix

package folder

import "io/fs"

// inode is 0 where files have no numbers that can be asked for.
func inode(fs.FileInfo) uint64 { return 0 }
