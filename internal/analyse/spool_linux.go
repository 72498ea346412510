package analyse

import (
	"os"

	"golang.org/x/sys/unix"
)

// unnamed makes a file in a folder that has no name and can have none, or returns nil where that cannot be done: not all file systems can.
func unnamed(dir string) *os.File {
	f, err := os.OpenFile(dir, unix.O_TMPFILE|os.O_RDWR|os.O_EXCL, 0o600)
	if err != nil {
		return nil
	}
	return f
}
