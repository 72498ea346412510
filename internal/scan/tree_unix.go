//go:build unix

package scan

import (
	"errors"
	"os"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// tree is a folder that is being walked. Everything in it is opened from it, one name after the other,
// and no symbolic link is followed on the way: what the walk has seen may have been replaced since.
type tree struct {
	dir  *os.File
	refs atomic.Int64
}

// errLink says that a path holds a link which was none when it was seen.
var errLink = errors.New("a symbolic link has taken its place, or that of a folder above it; not followed")

// openTree opens a folder that the user has named, which may be a link to one. It is held once.
func openTree(name string) (*tree, error) {
	d, err := os.OpenFile(name, os.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	t := &tree{dir: d}
	t.refs.Store(1)
	return t, nil
}

func (t *tree) hold() { t.refs.Add(1) }

func (t *tree) release() {
	if t.refs.Add(-1) == 0 {
		t.dir.Close()
	}
}

// openDir opens a folder of the tree by its path in it, "" being the tree itself.
func (t *tree) openDir(rel string) (*os.File, error) {
	if rel == "" {
		rel = "."
	}
	return t.open(rel, unix.O_DIRECTORY)
}

// openFile opens a file of the tree. Where it has become a pipe, it does not wait for the other end.
func (t *tree) openFile(rel string) (*os.File, error) { return t.open(rel, 0) }

func (t *tree) open(rel string, flags int) (*os.File, error) {
	// A terminal that has taken a file's place must not become this process's.
	flags |= unix.O_RDONLY | unix.O_NONBLOCK | unix.O_CLOEXEC | unix.O_NOFOLLOW | unix.O_NOCTTY
	root, err := t.dir.SyscallConn()
	if err != nil {
		return nil, err
	}
	fd := -1
	if ctl := root.Control(func(dir uintptr) {
		fd, err = openBeneath(int(dir), rel, flags)
		if err == unix.ENOTDIR && isLink(int(dir), rel) {
			err = unix.ELOOP
		}
	}); ctl != nil {
		return nil, ctl
	}
	switch err {
	case nil:
		return os.NewFile(uintptr(fd), rel), nil
	case unix.ELOOP:
		err = errLink
	case unix.ENXIO, unix.EOPNOTSUPP: // of a socket; which of them depends on the system
		err = errNoFile
	}
	return nil, &os.PathError{Op: "open", Path: rel, Err: err}
}

// stepwise opens rel name by name.
func stepwise(dir int, rel string, flags int) (int, error) {
	at := dir
	for {
		name, rest, more := strings.Cut(rel, "/")
		how := flags
		if more {
			how = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC | unix.O_NOFOLLOW | unix.O_NONBLOCK
		}
		fd, err := unix.Openat(at, name, how, 0)
		for err == unix.EINTR {
			fd, err = unix.Openat(at, name, how, 0)
		}
		if more && err == unix.ENOTDIR && isLink(at, name) {
			err = unix.ELOOP
		}
		if at != dir {
			unix.Close(at)
		}
		if err != nil || !more {
			return fd, err
		}
		at, rel = fd, rest
	}
}

func isLink(dir int, name string) bool {
	var st unix.Stat_t
	return unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW) == nil && st.Mode&unix.S_IFMT == unix.S_IFLNK
}

// sizeIn is the size of an entry of a folder.
func sizeIn(dir *os.File, e os.DirEntry) (int64, error) {
	raw, err := dir.SyscallConn()
	if err != nil {
		return 0, err
	}
	var st unix.Stat_t
	if ctl := raw.Control(func(fd uintptr) { err = unix.Fstatat(int(fd), e.Name(), &st, unix.AT_SYMLINK_NOFOLLOW) }); ctl != nil {
		return 0, ctl
	}
	if err != nil {
		return 0, &os.PathError{Op: "stat", Path: e.Name(), Err: err}
	}
	return st.Size, nil
}
