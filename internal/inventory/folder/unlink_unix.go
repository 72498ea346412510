//go:build unix

package folder

import (
	"os"

	"golang.org/x/sys/unix"
)

// unlink removes a file from the folder r. Unlike (*os.Root).Remove it leaves an empty folder alone that has taken the file's place, which
// is not an object: it then does nothing.
func unlink(r *os.Root, name string) error {
	d, err := r.Open(".")
	if err != nil {
		return err
	}
	defer d.Close()
	raw, err := d.SyscallConn()
	if err != nil {
		return err
	}
	if ctl := raw.Control(func(fd uintptr) {
		for err = unix.EINTR; err == unix.EINTR; {
			err = unix.Unlinkat(int(fd), name, 0)
		}
	}); ctl != nil {
		return ctl
	}
	if err == unix.EISDIR || err == unix.EPERM && isFolder(r, name) { // which of them depends on the system
		return nil
	}
	if err != nil {
		return &os.PathError{Op: "unlinkat", Path: name, Err: err}
	}
	return nil
}

func isFolder(r *os.Root, name string) bool {
	info, err := r.Lstat(name)
	return err == nil && info.IsDir()
}
