package scan

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"magpie/internal/inventory/objectstore"
)

// entry is a file to scan, or one that cannot be.
type entry struct {
	path string // as it is shown: the argument and what is below it
	rel  string // below the argument, with slashes
	tree *tree  // in which rel is, held once for this entry; nil where the user has named the file itself
	size int64
	err  error // it could not be looked at

	object *remote // of a bucket; nil for a file
}

// done lets go of what the entry holds.
func (e *entry) done() {
	if e.tree != nil {
		e.tree.release()
		e.tree = nil
	}
}

// passed counts what the walk met and did not enter.
type passed struct {
	Links    int // symbolic links
	Devices  int // devices, sockets and pipes
	Excluded int // by --include and --exclude
}

// walker lists the files below the arguments, in the order of their names.
type walker struct {
	include, exclude []glob
	passed           passed
	// open opens the store that buckets are in, which is done once.
	open  func(ctx context.Context) (objectstore.Store, error)
	store objectstore.Store
	// emit takes an entry over, to be let go of with done, whatever it returns.
	emit func(entry) error
}

// stdin is the argument that stands for standard input.
const stdin = "-"

func (w *walker) walk(ctx context.Context, args []string) error {
	for _, arg := range args {
		if arg == stdin {
			if err := w.emit(entry{path: stdin, rel: stdin, size: -1}); err != nil {
				return err
			}
			continue
		}
		if strings.HasPrefix(arg, bucketScheme) {
			if err := w.bucket(ctx, arg); err != nil {
				return err
			}
			continue
		}
		// A link that is named outright is meant; one that is met is not.
		info, err := os.Stat(arg)
		switch {
		case err != nil:
			err = w.emit(entry{path: arg, err: bare(err)})
		case info.IsDir():
			err = w.root(ctx, filepath.Clean(arg))
		case info.Mode().IsRegular():
			err = w.emit(entry{path: filepath.Clean(arg), rel: filepath.Base(arg), size: info.Size()})
		default:
			w.passed.Devices++
			err = w.emit(entry{path: arg, err: errors.New("not a file or a folder")})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// root walks a folder that the user has named.
func (w *walker) root(ctx context.Context, arg string) error {
	t, err := openTree(arg)
	if err != nil {
		return w.emit(entry{path: arg, err: bare(err)})
	}
	defer t.release()
	return w.dir(ctx, t, arg, "")
}

// dir walks one folder: name is what it is shown as, rel where it is in the tree. Its entries are read
// in pieces, so that a folder of millions is no burden; each piece is sorted.
func (w *walker) dir(ctx context.Context, t *tree, name, rel string) error {
	if opening != nil {
		opening(name)
	}
	d, err := t.openDir(rel)
	if err != nil {
		return w.emit(entry{path: name, err: bare(err)})
	}
	defer d.Close()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		list, err := d.ReadDir(10_000)
		slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
		for _, e := range list {
			below := e.Name()
			if rel != "" {
				below = rel + "/" + below
			}
			if err := w.entry(ctx, t, d, e, filepath.Join(name, e.Name()), below); err != nil {
				return err
			}
		}
		if len(list) == 0 || err != nil {
			if err != nil && !errors.Is(err, os.ErrClosed) && !errors.Is(err, io.EOF) {
				return w.emit(entry{path: name, err: bare(err)})
			}
			return nil
		}
	}
}

// entry decides about one entry of the folder d.
func (w *walker) entry(ctx context.Context, t *tree, d *os.File, e fs.DirEntry, name, below string) error {
	switch kind := e.Type(); {
	case kind&fs.ModeSymlink != 0:
		w.passed.Links++
		return nil
	case e.IsDir():
		if matchAny(w.exclude, below) {
			w.passed.Excluded++
			return nil
		}
		return w.dir(ctx, t, name, below)
	case !kind.IsRegular():
		w.passed.Devices++
		return nil
	}
	if matchAny(w.exclude, below) || len(w.include) > 0 && !matchAny(w.include, below) {
		w.passed.Excluded++
		return nil
	}
	size, err := sizeIn(d, e)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // gone since the folder was read
		}
		return w.emit(entry{path: name, rel: below, err: bare(err)})
	}
	t.hold()
	return w.emit(entry{path: name, rel: below, tree: t, size: size})
}

// opening is called before something that the walk has met is opened; tests set it.
var opening func(path string)

// bare takes the operation and the path off an error: the path is shown beside it.
func bare(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
