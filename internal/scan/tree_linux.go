package scan

import "golang.org/x/sys/unix"

// openBeneath leaves the walk over the names to the kernel where it can do it.
func openBeneath(dir int, rel string, flags int) (int, error) {
	how := unix.OpenHow{Flags: uint64(flags), Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS}
	for range 8 {
		fd, err := unix.Openat2(dir, rel, &how)
		switch err {
		case unix.EINTR, unix.EAGAIN: // something on the way was renamed
			continue
		case unix.ENOSYS, unix.EPERM, unix.ENAMETOOLONG, unix.EINVAL:
			// An old kernel, a filter that does not know the call, or a path longer than a call takes.
			return stepwise(dir, rel, flags)
		}
		return fd, err
	}
	return stepwise(dir, rel, flags)
}
