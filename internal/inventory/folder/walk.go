package folder

import (
	"container/heap"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"magpie/internal/inventory/objectstore"
)

// maxNames is how many names of one folder are in memory at once. A folder with more is read several times, each time for the names that
// follow in order.
const maxNames = 1 << 18

// maxNesting bounds how deep folders are followed: each level holds a file descriptor.
const maxNesting = 200

// List returns a page of the bucket's files. Folders are not objects.
func (f *Folder) List(ctx context.Context, bucket string, l objectstore.Listing) (objectstore.Page, error) {
	const call = "ListObjectsV2"
	if l.Max <= 0 || l.Max > objectstore.MaxPage {
		l.Max = objectstore.MaxPage
	}
	leave, err := f.pace.Enter(ctx)
	if err != nil {
		return objectstore.Page{}, err
	}
	defer leave()
	r, err := f.bucket(call, bucket)
	if err != nil {
		return objectstore.Page{}, err
	}
	defer r.Close()
	var page objectstore.Page
	w := walk{ctx: ctx, l: l, emit: func(o objectstore.Object) error {
		if len(page.Objects) == l.Max {
			page.More = true
			return errFull
		}
		page.Objects = append(page.Objects, o)
		return nil
	}}
	if err := w.folder(r, "", 0); err != nil && !errors.Is(err, errFull) {
		return objectstore.Page{}, w.failed(call, err)
	}
	return page, nil
}

// Walk calls yield for the bucket's files that follow after, in the order of their keys, without reading a folder again for each page.
// An error of yield ends the walk and is returned.
func (f *Folder) Walk(ctx context.Context, bucket, after string, yield func(objectstore.Object) error) error {
	const call = "ListObjectsV2"
	r, err := f.bucket(call, bucket)
	if err != nil {
		return err
	}
	defer r.Close()
	var refused error
	w := walk{ctx: ctx, l: objectstore.Listing{After: after}, emit: func(o objectstore.Object) error {
		refused = yield(o)
		return refused
	}}
	if err := w.folder(r, "", 0); err != nil {
		if refused != nil {
			return refused
		}
		return w.failed(call, err)
	}
	return nil
}

func (w *walk) failed(call string, err error) error {
	if w.ctx.Err() != nil {
		return w.ctx.Err()
	}
	return failure(call, err, objectstore.ErrNoBucket)
}

var errFull = errors.New("the page is full")

// walk finds the objects of a listing, in order.
type walk struct {
	ctx  context.Context
	l    objectstore.Listing
	emit func(objectstore.Object) error
}

// entry is a name in a folder, as it stands in keys: a folder's ends with a slash, which decides its place among the others. What is known of
// a file was asked for with its name, since a folder that is opened below a root cannot be read without: asking once more for each file took
// as long as all the rest.
type entry struct {
	key  string
	dir  bool
	file about
}

// folder walks a folder whose keys begin with prefix.
func (w *walk) folder(r *os.Root, prefix string, depth int) error {
	after := ""
	for {
		if err := w.ctx.Err(); err != nil {
			return err
		}
		entries, more, err := w.entries(r, prefix, after)
		if depth > 0 && errors.Is(err, fs.ErrNotExist) {
			return nil // it was removed while it was listed, and is no folder of the bucket any more
		}
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := w.visit(r, prefix, e, depth); err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
		after = entries[len(entries)-1].key
	}
}

func (w *walk) visit(r *os.Root, prefix string, e entry, depth int) error {
	key := prefix + e.key
	if e.dir {
		if depth >= maxNesting {
			return nil
		}
		sub, err := descend(r, strings.TrimSuffix(e.key, "/"))
		if err != nil && gone(err) {
			return nil // or replaced, since it was listed
		}
		if err != nil {
			return err
		}
		defer sub.Close()
		return w.folder(sub, key, depth+1)
	}
	return w.emit(object(key, e.file))
}

// listing is called with a folder's prefix before it is listed; tests set it.
var listing func(prefix string)

// entries are the folder's names that may lead to keys of the page, in order: the first maxNames of those that follow after.
func (w *walk) entries(r *os.Root, prefix, after string) (list []entry, more bool, err error) {
	d, err := r.Open(".")
	if err != nil {
		return nil, false, err
	}
	defer d.Close()
	if listing != nil {
		listing(prefix)
	}
	var top names
	for {
		part, err := d.ReadDir(1024)
		for _, e := range part {
			n := entry{key: e.Name(), dir: e.IsDir()}
			if !n.dir && !e.Type().IsRegular() || strings.HasPrefix(n.key, ".magpie-") {
				continue
			}
			if n.dir {
				n.key += "/"
			}
			if n.key <= after || !w.leads(prefix+n.key, n.dir) {
				continue
			}
			if more && n.key > top[0].key {
				continue
			}
			if !n.dir {
				info, err := e.Info()
				if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
					continue // gone, or replaced, since it was listed
				}
				if err != nil {
					return nil, false, err
				}
				n.file = of(info)
			}
			if len(top) < maxNames {
				top = append(top, n)
				continue
			}
			if !more {
				more = true
				heap.Init(&top)
			}
			if n.key < top[0].key {
				top[0] = n
				heap.Fix(&top, 0)
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, false, err
		}
	}
	list = top
	slices.SortFunc(list, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	return list, more, nil
}

// leads reports whether a key, or one that begins with it, may be in the page.
func (w *walk) leads(key string, dir bool) bool {
	if dir {
		// All keys below it begin with key: they come after w.l.After unless that is greater than all of them.
		if key < w.l.After && !strings.HasPrefix(w.l.After, key) {
			return false
		}
		return strings.HasPrefix(key, w.l.Prefix) || strings.HasPrefix(w.l.Prefix, key)
	}
	return key > w.l.After && strings.HasPrefix(key, w.l.Prefix)
}

// names is a heap with the greatest name on top.
type names []entry

func (n names) Len() int           { return len(n) }
func (n names) Less(i, j int) bool { return n[i].key > n[j].key }
func (n names) Swap(i, j int)      { n[i], n[j] = n[j], n[i] }
func (n *names) Push(any)          { panic("names: nothing is pushed") }
func (n *names) Pop() any          { panic("names: nothing is popped") }
