// Package reading reads objects of stores for whoever analyses them.
//
// A small object is read whole, by one request: requests, not bytes, are what stores have few of. A large one is read in blocks, as they
// are asked for; a few of them are kept, and while what is asked for goes forward the next one is read ahead. Nothing is written to disk.
// Both are read as they were listed: once an object is another one, reading it is an error of the kind objectstore.ErrChanged.
//
// Cost says how much memory that takes, which is for the caller to have before it calls [Open].
package reading

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"magpie/internal/analyse"
	"magpie/internal/inventory/objectstore"
)

const (
	// wholeBytes is the size up to which an object is read whole.
	wholeBytes = 8 << 20
	// Larger ones are read in blocks of blockBytes, of which there are blocks in memory.
	blockBytes = 4 << 20
	blocks     = 4
	// LeastMemory is what reading needs at least.
	LeastMemory = 2 * blocks * blockBytes
)

// Bucket is where objects are read from; *inventory.Bucket is one.
type Bucket interface {
	Get(ctx context.Context, key, etag string, r objectstore.Range) (*objectstore.Body, error)
}

// fetcher is a Bucket that reads a whole object at less cost.
type fetcher interface {
	// Fetch reads an object into p, which has the object's size.
	Fetch(ctx context.Context, key, etag string, p []byte) (objectstore.Head, error)
}

// Object is an object that is being read. It must be closed.
type Object struct {
	Source analyse.Source
	Head   objectstore.Head
	blocks *blockReader // nil for one that was read whole
}

// Whole reports whether nothing more of the object will be asked for from its store.
func (x *Object) Whole() bool { return x.blocks == nil }

// Close lets go of what is kept, once what is being read has come.
func (x *Object) Close() {
	if x.blocks != nil {
		x.blocks.close()
	}
}

// Cost is how many bytes of memory reading an object takes.
func Cost(o *objectstore.Object) int64 {
	if o.Size <= wholeBytes {
		return o.Size + 4096
	}
	return blocks * blockBytes
}

// Open begins to read an object as it was listed. ctx bounds all of the reading.
func Open(ctx context.Context, b Bucket, o objectstore.Object) (*Object, error) {
	if o.Size <= wholeBytes {
		return readWhole(ctx, b, o)
	}
	r := &blockReader{ctx: ctx, b: b, object: o, last: -1}
	first := r.block(0)
	<-first.ready
	head := first.head
	r.release(first)
	if first.err != nil {
		r.close()
		return nil, first.err
	}
	return &Object{Source: analyse.Source{Name: o.Key, Size: o.Size, ReaderAt: r, Blocks: r}, Head: head, blocks: r}, nil
}

func readWhole(ctx context.Context, b Bucket, o objectstore.Object) (*Object, error) {
	content := make([]byte, o.Size)
	read := func() (objectstore.Head, error) { return fetch(ctx, b, &o, content, objectstore.Range{}) }
	if f, ok := b.(fetcher); ok {
		read = func() (objectstore.Head, error) { return f.Fetch(ctx, o.Key, o.ETag, content) }
	}
	head, err := read()
	if err != nil {
		return nil, err
	}
	return &Object{Source: analyse.Source{Name: o.Key, Size: o.Size, Content: content}, Head: head}, nil
}

// fetches is how often a part is asked for whose content is cut short. That a request fails is the store's client's to try again.
const fetches = 3

// fetch reads a part of an object into p.
func fetch(ctx context.Context, b Bucket, o *objectstore.Object, p []byte, part objectstore.Range) (head objectstore.Head, err error) {
	for range fetches {
		var body *objectstore.Body
		if body, err = b.Get(ctx, o.Key, o.ETag, part); err != nil {
			return head, err
		}
		_, err = io.ReadFull(body, p)
		body.Close()
		if err == nil {
			return body.Head, nil
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = fmt.Errorf("the object ends before its %d bytes: %w", o.Size, objectstore.ErrUnavailable)
		}
		if ctx.Err() != nil || !objectstore.Passing(err) {
			return head, err
		}
	}
	return head, err
}

// blockReader reads an object in blocks, keeps the last ones, and reads one ahead while what is asked for goes forward.
type blockReader struct {
	ctx    context.Context
	b      Bucket
	object objectstore.Object

	mu     sync.Mutex
	closed bool
	kept   []*block // the one that was used last comes last
	last   int64    // the number of the block that was asked for last
}

// block is a part of an object. ready is closed when it was read.
type block struct {
	number int64
	ready  chan struct{}
	data   []byte
	head   objectstore.Head
	err    error
	users  int // who reads it or reads into it, and the list of those that are kept; the last one gives its memory back
}

// memory holds the memory of blocks that nobody uses.
var memory = sync.Pool{New: func() any { return new([blockBytes]byte) }}

// ReadAt implements io.ReaderAt.
func (r *blockReader) ReadAt(p []byte, at int64) (n int, err error) {
	if at < 0 {
		return 0, errors.New("a read before the beginning")
	}
	for n < len(p) {
		if at >= r.object.Size {
			return n, io.EOF
		}
		b := r.block(at / blockBytes)
		if b == nil {
			return n, errClosed
		}
		<-b.ready
		err, k := b.err, 0
		if err == nil {
			k = copy(p[n:], b.data[at%blockBytes:])
		}
		r.release(b)
		if err != nil {
			return n, err
		}
		n += k
		at += int64(k)
	}
	return n, nil
}

// Block implements analyse.Blocks.
func (r *blockReader) Block(at int64, done <-chan struct{}) ([]byte, func(), error) {
	if at < 0 || at >= r.object.Size {
		return nil, nil, io.EOF
	}
	b := r.block(at / blockBytes)
	if b == nil {
		return nil, nil, errClosed
	}
	select {
	case <-b.ready:
	case <-done:
		r.release(b)
		return nil, nil, errClosed
	}
	if b.err != nil {
		defer r.release(b)
		return nil, nil, b.err
	}
	return b.data[at%blockBytes:], func() { r.release(b) }, nil
}

var errClosed = errors.New("the object is read no more")

// block finds or begins to read a block, and the next one if this one follows the last. It must be released.
func (r *blockReader) block(number int64) *block {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	b := r.get(number)
	b.users++
	if number == r.last+1 && number > 0 && (number+1)*blockBytes < r.object.Size {
		r.get(number + 1)
		r.get(number) // which keeps it from being given up for the next one
	}
	r.last = number
	return b
}

// get finds a block among those that are kept, or begins to read it. The caller holds mu.
func (r *blockReader) get(number int64) *block {
	for i, b := range r.kept {
		if b.number == number {
			r.kept = append(append(r.kept[:i:i], r.kept[i+1:]...), b)
			return b
		}
	}
	b := &block{number: number, ready: make(chan struct{}), users: 2}
	if len(r.kept) == blocks-1 { // one more may still be in use
		r.drop(r.kept[0])
		r.kept = r.kept[1:]
	}
	r.kept = append(r.kept[:len(r.kept):len(r.kept)], b)
	start := number * blockBytes
	b.data = memory.Get().(*[blockBytes]byte)[:min(blockBytes, r.object.Size-start)]
	go func() {
		b.head, b.err = fetch(r.ctx, r.b, &r.object, b.data, objectstore.Range{Offset: start, Length: int64(len(b.data))})
		close(b.ready)
		r.release(b)
	}()
	return b
}

func (r *blockReader) release(b *block) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drop(b)
}

// drop gives a block's memory back where this was the last use of it. The caller holds mu.
func (r *blockReader) drop(b *block) {
	if b.users--; b.users == 0 {
		memory.Put((*[blockBytes]byte)(b.data[:blockBytes:blockBytes]))
		b.data = nil
	}
}

// close lets go of what is kept, once what is being read has come.
func (r *blockReader) close() {
	r.mu.Lock()
	r.closed = true
	kept := r.kept
	r.kept = nil
	r.mu.Unlock()
	for _, b := range kept {
		<-b.ready
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range kept {
		r.drop(b)
	}
}
