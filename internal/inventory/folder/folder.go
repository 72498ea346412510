// Package folder makes a folder of files an object store: its subfolders are buckets, the files below them are objects.
//
// Files directly in the folder belong to no bucket, nor do subfolders whose names begin with a dot. A file's key is its path below the
// bucket, with slashes. Links are not followed, wherever they lead, and only regular files are objects. An ETag is made of a file's size,
// the time of its last change and its number in the file system, so it changes whenever the file is written or replaced.
//
// A folder has no policies, access control lists or encryption that could be read here: these facts are unknown, never "none".
//
// folder.go has objects, walk.go lists them in the order of their keys' bytes.
package folder

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"

	"magpie/internal/inventory/objectstore"
)

// Folder is a store.
type Folder struct {
	path string
	root *os.Root
	pace *objectstore.Pace
}

var _ objectstore.Store = (*Folder)(nil)

// ParseEndpoint reads file:///srv/data.
func ParseEndpoint(text string) (folder string, err error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "file":
		return "", errors.New("a folder is written file:///srv/data")
	case u.Host != "" && u.Host != "localhost" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "":
		return "", errors.New("a folder of this machine is written with three slashes: file:///srv/data")
	case !filepath.IsAbs(u.Path):
		return "", errors.New("a folder is named by its whole path: file:///srv/data")
	case strings.ContainsRune(u.Path, 0):
		return "", errors.New("a path has no NUL in it")
	}
	return filepath.Clean(u.Path), nil
}

// Open opens a folder.
func Open(endpoint string, pace *objectstore.Pace) (*Folder, error) {
	folder, err := ParseEndpoint(endpoint)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(folder + asFolder)
	if err != nil {
		return nil, failure("OpenFolder", err, objectstore.ErrUnreachable)
	}
	if pace == nil {
		pace = objectstore.NewPace(objectstore.PaceOptions{})
	}
	return &Folder{path: folder, root: root, pace: pace}, nil
}

// Close lets the folder go.
func (f *Folder) Close() error { return f.root.Close() }

// failure words an error of the file system. A path is not repeated: the caller knows it, and errors go far.
func failure(call string, err error, absent error) error {
	e := &objectstore.Error{Kind: objectstore.ErrUnavailable, Call: call}
	if cause, ok := errors.AsType[syscall.Errno](err); ok {
		e.Detail = cause.Error()
	}
	switch {
	case errors.Is(err, errLink):
		e.Kind, e.Detail = absent, "a link is not followed"
	case errors.Is(err, errReplaced):
		e.Kind, e.Detail = absent, "something else took its place each time it was opened"
	case gone(err), errors.Is(err, syscall.ENAMETOOLONG):
		e.Kind = absent
	case errors.Is(err, fs.ErrPermission):
		e.Kind = objectstore.ErrDenied
	}
	return e
}

// gone reports whether an error says that there is nothing of a name, or something of another kind, such as a link. Of one that leads out of
// the folder, os.Root says so in an error of its own that has no name.
func gone(err error) bool {
	for _, is := range []error{fs.ErrNotExist, errLink, errReplaced, syscall.ENOTDIR, syscall.ELOOP} {
		if errors.Is(err, is) {
			return true
		}
	}
	return err != nil && strings.Contains(err.Error(), "path escapes")
}

var (
	errLink = errors.New("a link")
	// errReplaced says that what was opened is not what was looked at before: another folder, or what a link led to.
	errReplaced = errors.New("replaced")
)

// Buckets lists the subfolders.
func (f *Folder) Buckets(ctx context.Context, yield func(objectstore.Bucket) error) error {
	const call = "ListBuckets"
	d, err := f.root.Open(".")
	if err != nil {
		return failure(call, err, objectstore.ErrUnreachable)
	}
	defer d.Close()
	var names []string
	for {
		entries, err := d.ReadDir(1024)
		for _, e := range entries {
			if e.IsDir() && bucketName(e.Name()) {
				names = append(names, e.Name())
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return failure(call, err, objectstore.ErrUnreachable)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		info, err := f.root.Lstat(name)
		if err != nil || !info.IsDir() {
			continue // gone meanwhile
		}
		if err := yield(objectstore.Bucket{Name: name, CreatedAt: info.ModTime().UTC().Truncate(time.Second)}); err != nil {
			return err
		}
	}
	return nil
}

// bucketName accepts what can be written into an ARN and shown in a table.
func bucketName(name string) bool {
	return len(name) <= 255 && !strings.HasPrefix(name, ".") && utf8.ValidString(name) && strings.IndexFunc(name, func(r rune) bool {
		return !unicode.IsPrint(r) || r == '/' || r == '\\'
	}) < 0
}

// bucket opens a bucket's folder.
func (f *Folder) bucket(call, name string) (*os.Root, error) {
	if !bucketName(name) || name == "" {
		return nil, &objectstore.Error{Kind: objectstore.ErrNoBucket, Call: call}
	}
	r, err := descend(f.root, name)
	if err != nil {
		return nil, failure(call, err, objectstore.ErrNoBucket)
	}
	return r, nil
}

// asFolder is what a folder's name is opened with: opening a root by its name alone waits, where that names a pipe, for whoever writes to it.
const asFolder = "/."

// tries is how often something is looked at that is replaced each time before it is opened.
const tries = 3

// looked is called with a name between the look at what it names and the opening of that; tests set it.
var looked func(name string)

// look looks at a name, and has it opened. What the name has become since is looked at in its turn, since an error then says nothing about it.
func look(r *os.Root, name string, open func(before fs.FileInfo) error) (err error) {
	for range tries {
		before, missing := r.Lstat(name)
		if missing != nil {
			return missing
		}
		if before.Mode()&fs.ModeSymlink != 0 {
			return errLink
		}
		if looked != nil {
			looked(name)
		}
		if err = open(before); err == nil || errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	return err
}

// descend opens a subfolder that is not a link. What is opened is compared with what was looked at, so that a folder that is replaced by a
// link in between is not followed either.
func descend(r *os.Root, name string) (sub *os.Root, err error) {
	err = look(r, name, func(before fs.FileInfo) error {
		if !before.IsDir() {
			return fs.ErrNotExist
		}
		opened, err := r.OpenRoot(name + asFolder)
		if err != nil {
			return err
		}
		after, err := opened.Stat(".")
		if err == nil && !os.SameFile(before, after) {
			err = errReplaced
		}
		if err != nil {
			opened.Close()
			return err
		}
		sub = opened
		return nil
	})
	return sub, err
}

// validKey reports whether a key can be a file's path.
func validKey(key string) bool {
	if key == "" || len(key) > 4*objectstore.MaxKey || strings.ContainsRune(key, 0) {
		return false
	}
	for part := range strings.SplitSeq(key, "/") {
		if part == "" || part == "." || part == ".." {
			return false
		}
	}
	return true
}

// place opens the folder that an object's file is in, which must be closed, and says what the file is called there.
func (f *Folder) place(call, bucket, key string) (r *os.Root, name string, err error) {
	if r, err = f.bucket(call, bucket); err != nil {
		return nil, "", err
	}
	if !validKey(key) {
		r.Close()
		return nil, "", &objectstore.Error{Kind: objectstore.ErrNoObject, Call: call}
	}
	folder, name := path.Split(key)
	for part := range strings.SplitSeq(strings.TrimSuffix(folder, "/"), "/") {
		if part == "" {
			continue
		}
		sub, err := descend(r, part)
		r.Close()
		if err != nil {
			return nil, "", failure(call, err, objectstore.ErrNoObject)
		}
		r = sub
	}
	return r, name, nil
}

// open opens an object's file.
func (f *Folder) open(call, bucket, key string) (file *os.File, info fs.FileInfo, err error) {
	r, name, err := f.place(call, bucket, key)
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	err = look(r, name, func(before fs.FileInfo) error {
		if !before.Mode().IsRegular() {
			return fs.ErrNotExist // a device or a pipe must not even be opened
		}
		opened, err := r.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			return err
		}
		info, err = opened.Stat()
		// Another file may have the number of one that is gone.
		if err == nil && !(os.SameFile(before, info) && info.Mode().IsRegular()) {
			err = fs.ErrNotExist
		}
		if err != nil {
			opened.Close()
			return err
		}
		file = opened
		return nil
	})
	if err != nil {
		return nil, nil, failure(call, err, objectstore.ErrNoObject)
	}
	return file, info, nil
}

// object describes a file.
func object(key string, a about) objectstore.Object {
	return objectstore.Object{
		Key: key, Size: a.size, ETag: a.etag(), StorageClass: "STANDARD", LastModified: a.modified.UTC().Truncate(time.Second),
	}
}

// about is what a file's object goes by.
type about struct {
	size     int64
	modified time.Time
	inode    uint64
}

func of(info fs.FileInfo) about { return about{info.Size(), info.ModTime(), inode(info)} }

// etag is another one for each size, time and inode.
func (a about) etag() string {
	var text [64]byte
	b := append(strconv.AppendInt(text[:0], a.size, 10), ' ')
	b = append(strconv.AppendInt(b, a.modified.UnixNano(), 10), ' ')
	sum := sha256.Sum256(strconv.AppendUint(b, a.inode, 10))
	return hex.EncodeToString(sum[:16])
}

// Head tells of a file.
func (f *Folder) Head(_ context.Context, bucket, key string) (objectstore.Head, error) {
	file, info, err := f.open("HeadObject", bucket, key)
	if err != nil {
		return objectstore.Head{}, err
	}
	file.Close()
	return objectstore.Head{Object: object(key, of(info)), ContentType: mime.TypeByExtension(path.Ext(key))}, nil
}

// Get reads a file, or a part of it.
func (f *Folder) Get(ctx context.Context, bucket, key, tag string, r objectstore.Range) (*objectstore.Body, error) {
	const call = "GetObject"
	leave, err := f.pace.Enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	file, info, err := f.open(call, bucket, key)
	if err != nil {
		return nil, err
	}
	head := objectstore.Head{Object: object(key, of(info)), ContentType: mime.TypeByExtension(path.Ext(key))}
	switch {
	case r.Offset < 0 || r.Length < 0:
		err = fmt.Errorf("%s: a part of an object cannot begin or end before it", call)
	case tag != "" && tag != head.ETag:
		err = &objectstore.Error{Kind: objectstore.ErrChanged, Call: call}
	case (r.Offset > 0 || r.Length > 0) && r.Offset >= info.Size():
		err = &objectstore.Error{Kind: objectstore.ErrRange, Call: call}
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	length := info.Size() - r.Offset
	if r.Length > 0 {
		length = min(length, r.Length)
	}
	return &objectstore.Body{Head: head, ReadCloser: &reading{ctx: ctx, f: f, file: file, at: r.Offset, left: length, tag: head.ETag}}, nil
}

// reading is a file that is being read. A file that changes while it is read is an error, as it is in a store.
type reading struct {
	ctx  context.Context
	f    *Folder
	file *os.File
	at   int64
	left int64
	tag  string
}

func (b *reading) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.file.ReadAt(p, b.at)
	b.at += int64(n)
	b.left -= int64(n)
	if n > 0 {
		err = b.f.pace.Read(b.ctx, n)
	}
	if err == nil && b.left > 0 && n > 0 {
		return n, nil
	}
	info, failed := b.file.Stat()
	switch {
	case failed == nil && of(info).etag() != b.tag:
		return n, &objectstore.Error{Kind: objectstore.ErrChanged, Call: "GetObject", Detail: "while it was read"}
	case err != nil && b.left > 0:
		return n, failure("GetObject", err, objectstore.ErrUnavailable)
	}
	return n, nil
}

func (b *reading) Close() error { return b.file.Close() }

// Tags returns no tags: files have none.
func (f *Folder) Tags(_ context.Context, bucket, key string) (map[string]string, error) {
	file, _, err := f.open("GetObjectTagging", bucket, key)
	if err != nil {
		return nil, err
	}
	return map[string]string{}, file.Close()
}

// Put writes a file, whole or not at all. Folders on the way are made.
func (f *Folder) Put(_ context.Context, bucket, key string, content []byte, o objectstore.PutOptions) (string, error) {
	const call = "PutObject"
	if o.Encryption != "" || o.KMSKeyID != "" {
		return "", &objectstore.Error{Kind: objectstore.ErrNotSupported, Call: call, Detail: "a folder does not encrypt"}
	}
	r, err := f.bucket(call, bucket)
	if err != nil {
		return "", err
	}
	defer func() { r.Close() }()
	if !validKey(key) {
		return "", &objectstore.Error{Kind: objectstore.ErrWrongAnswer, Call: call, Detail: "the key cannot be the path of a file"}
	}
	folder, name := path.Split(key)
	for part := range strings.SplitSeq(strings.TrimSuffix(folder, "/"), "/") {
		if part == "" {
			continue
		}
		if err := r.Mkdir(part, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", failure(call, err, objectstore.ErrNoBucket)
		}
		sub, err := descend(r, part)
		if err != nil {
			return "", failure(call, err, objectstore.ErrDenied)
		}
		r.Close()
		r = sub
	}
	if info, err := r.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return "", &objectstore.Error{Kind: objectstore.ErrDenied, Call: call, Detail: "there is something else of that name"}
	}
	var random [8]byte
	rand.Read(random[:]) // never fails
	part := ".magpie-" + hex.EncodeToString(random[:])
	info, err := writeFile(r, part, content)
	if err == nil {
		err = r.Rename(part, name)
	}
	if err != nil {
		_ = r.Remove(part) // which may not be there
		return "", failure(call, err, objectstore.ErrNoBucket)
	}
	return of(info).etag(), nil
}

func writeFile(r *os.Root, name string, content []byte) (info fs.FileInfo, err error) {
	file, err := r.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if _, err = file.Write(content); err == nil {
		err = file.Sync()
	}
	if err != nil {
		return nil, err
	}
	return file.Stat()
}

// Delete deletes a file.
func (f *Folder) Delete(_ context.Context, bucket, key string) error {
	const call = "DeleteObject"
	r, name, err := f.place(call, bucket, key)
	if errors.Is(err, objectstore.ErrNoObject) {
		return nil
	}
	if err != nil {
		return err
	}
	defer r.Close()
	err = look(r, name, func(before fs.FileInfo) error {
		if !before.Mode().IsRegular() {
			return nil
		}
		return unlink(r, name)
	})
	if err != nil && !gone(err) {
		return failure(call, err, objectstore.ErrNoObject)
	}
	return nil
}

// Facts says that a folder cannot tell.
func (f *Folder) Facts(_ context.Context, bucket string) (objectstore.Facts, error) {
	r, err := f.bucket("GetBucket", bucket)
	if err != nil {
		return objectstore.Facts{}, err
	}
	defer r.Close()
	const why = "a folder has no such setting; who can read it depends on the machine"
	return objectstore.Facts{
		Policy: objectstore.Answer[string]{Reason: why}, ACL: objectstore.Answer[objectstore.ACL]{Reason: why},
		Block: objectstore.Answer[objectstore.PublicAccessBlock]{Reason: why, Unsupported: true}, AccountBlock: objectstore.None[objectstore.PublicAccessBlock](),
		Encryption: objectstore.Answer[objectstore.Encryption]{Reason: why}, Versioning: objectstore.Is(false),
		Replication: objectstore.None[objectstore.Replication](), Tags: objectstore.None[[]objectstore.Tag](),
	}, nil
}

// Try reads what there is.
func (f *Folder) Try(ctx context.Context, bucket string) []objectstore.Trial {
	began := time.Now()
	count := 0
	err := f.Buckets(ctx, func(b objectstore.Bucket) error {
		if count++; bucket == "" {
			bucket = b.Name
		}
		return nil
	})
	trials := []objectstore.Trial{trial("ListBuckets", "", fmt.Sprintf("%d subfolders", count), "no bucket is found", err, began)}
	if bucket == "" {
		return trials
	}
	began = time.Now()
	page, err := f.List(ctx, bucket, objectstore.Listing{Max: 1})
	trials = append(trials, trial("ListObjectsV2", bucket, "", "the bucket cannot be counted or scanned", err, began))
	if err == nil && len(page.Objects) > 0 {
		began = time.Now()
		body, err := f.Get(ctx, bucket, page.Objects[0].Key, page.Objects[0].ETag, objectstore.Range{})
		if err == nil {
			err = body.Close()
		}
		trials = append(trials, trial("GetObject", bucket, "", "objects cannot be scanned", err, began))
	}
	return append(trials, objectstore.Trial{
		Call: "GetBucketPolicy", Bucket: bucket, Outcome: objectstore.NotImplemented, Detail: "a folder has no such setting",
		Cost: "whether others can reach the bucket",
	})
}

func trial(call, bucket, detail, cost string, err error, began time.Time) objectstore.Trial {
	t := objectstore.Trial{Call: call, Bucket: bucket, Outcome: objectstore.OutcomeOf(err), Detail: detail, Took: time.Since(began)}
	if err != nil {
		t.Detail, t.Cost = strings.TrimPrefix(err.Error(), call+": "), cost
	}
	return t
}
