package discovery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"magpie/internal/analyse"
	"magpie/internal/inventory"
	"magpie/internal/inventory/objectstore"
)

const (
	// An object up to this size is read whole, by one request: requests, not bytes, are what stores have few of.
	wholeBytes = 8 << 20
	// Larger ones are read in blocks, of which so many are kept.
	blockBytes = 4 << 20
	blocks     = 4
	// leastMemory is what reading needs at least.
	leastMemory = 2 * blocks * blockBytes
)

// opened is an object that is being read.
type opened struct {
	source analyse.Source
	head   objectstore.Head
	close  func()
}

// costOf is how many bytes of memory reading an object takes.
func costOf(o *objectstore.Object) int64 {
	if o.Size <= wholeBytes {
		return o.Size + 4096
	}
	return blocks * blockBytes
}

// open begins to read an object as it was listed. An error of the kind objectstore.ErrChanged says that it is another one by now.
func open(ctx context.Context, b *inventory.Bucket, o objectstore.Object) (*opened, error) {
	if o.Size <= wholeBytes {
		body, err := b.Get(ctx, o.Key, o.ETag, objectstore.Range{})
		if err != nil {
			return nil, err
		}
		defer body.Close()
		content := make([]byte, o.Size)
		if _, err := io.ReadFull(body, content); err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				err = fmt.Errorf("the object ends before its %d bytes: %w", o.Size, objectstore.ErrUnavailable)
			}
			return nil, err
		}
		return &opened{analyse.Source{Name: o.Key, Size: o.Size, ReaderAt: bytes.NewReader(content)}, body.Head, func() {}}, nil
	}
	head, err := b.Head(ctx, o.Key)
	if err != nil {
		return nil, err
	}
	if o.ETag != "" && head.ETag != "" && head.ETag != o.ETag {
		return nil, objectstore.ErrChanged
	}
	c := &cache{from: b.Reader(ctx, o), size: o.Size}
	return &opened{analyse.Source{Name: o.Key, Size: o.Size, ReaderAt: c}, head, c.close}, nil
}

// cache reads an object in blocks, keeps the last ones, and reads one ahead while what is asked for goes forward.
type cache struct {
	from io.ReaderAt
	size int64

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
	err    error
}

// ReadAt implements io.ReaderAt.
func (c *cache) ReadAt(p []byte, at int64) (n int, err error) {
	if at < 0 {
		return 0, errors.New("a read before the beginning")
	}
	for n < len(p) {
		if at >= c.size {
			return n, io.EOF
		}
		b := c.block(at / blockBytes)
		if b == nil {
			return n, errClosed
		}
		<-b.ready
		if b.err != nil {
			return n, b.err
		}
		k := copy(p[n:], b.data[at%blockBytes:])
		n += k
		at += int64(k)
	}
	return n, nil
}

var errClosed = errors.New("the object is read no more")

// block finds or begins to read a block, and the next one if this one follows the last.
func (c *cache) block(number int64) *block {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	b := c.get(number)
	if number == c.last+1 && (number+1)*blockBytes < c.size {
		c.get(number + 1)
		c.get(number) // which keeps it from being given up for the next one
	}
	c.last = number
	return b
}

func (c *cache) get(number int64) *block {
	for i, b := range c.kept {
		if b.number == number {
			c.kept = append(append(c.kept[:i:i], c.kept[i+1:]...), b)
			return b
		}
	}
	b := &block{number: number, ready: make(chan struct{})}
	if len(c.kept) == blocks-1 { // one more may still be in use
		c.kept = c.kept[1:]
	}
	c.kept = append(c.kept[:len(c.kept):len(c.kept)], b)
	go func() {
		defer close(b.ready)
		start := number * blockBytes
		b.data = make([]byte, min(blockBytes, c.size-start))
		n, err := c.from.ReadAt(b.data, start)
		if n < len(b.data) && (err == nil || errors.Is(err, io.EOF)) {
			err = fmt.Errorf("the object ends before its %d bytes: %w", c.size, objectstore.ErrUnavailable)
		}
		if n == len(b.data) {
			err = nil
		}
		b.err = err
	}()
	return b
}

// close lets go of what is kept, once what is being read has come.
func (c *cache) close() {
	c.mu.Lock()
	c.closed = true
	kept := c.kept
	c.kept = nil
	c.mu.Unlock()
	for _, b := range kept {
		<-b.ready
	}
}
