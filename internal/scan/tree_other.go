//go:build !unix

package scan

import (
	"errors"
	"os"
	"sync/atomic"
)

// tree is a folder that is being walked. What is in it is opened from it; a symbolic link that has
// taken the place of something since cannot lead out of it.
type tree struct {
	root *os.Root
	refs atomic.Int64
}

var errLink = errors.New("a symbolic link has taken its place; not followed")

func openTree(name string) (*tree, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	t := &tree{root: root}
	t.refs.Store(1)
	return t, nil
}

func (t *tree) hold() { t.refs.Add(1) }

func (t *tree) release() {
	if t.refs.Add(-1) == 0 {
		t.root.Close()
	}
}

func (t *tree) openDir(rel string) (*os.File, error) {
	if rel == "" {
		rel = "."
	}
	return t.root.Open(rel)
}

func (t *tree) openFile(rel string) (*os.File, error) {
	info, err := t.root.Lstat(rel)
	if err != nil {
		return nil, err
	}
	if info.Mode()&os.ModeSymlink != 0 {
		return nil, &os.PathError{Op: "open", Path: rel, Err: errLink}
	}
	return t.root.Open(rel)
}

func sizeIn(_ *os.File, e os.DirEntry) (int64, error) {
	info, err := e.Info()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
