package reading_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"testing"

	"magpie/internal/inventory/objectstore"
	"magpie/internal/inventory/reading"
)

// bucket holds one object, and counts what is asked of it.
type bucket struct {
	content []byte
	etag    string
	cut     int // so many answers are cut short

	mu   sync.Mutex
	gets []objectstore.Range
}

func (b *bucket) Get(ctx context.Context, key, etag string, r objectstore.Range) (*objectstore.Body, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gets = append(b.gets, r)
	if etag != b.etag {
		return nil, objectstore.ErrChanged
	}
	part := b.content[r.Offset:]
	if r.Length > 0 {
		part = part[:r.Length]
	}
	if b.cut > 0 {
		b.cut--
		part = part[:len(part)/2]
	}
	head := objectstore.Head{Object: objectstore.Object{Key: key, Size: int64(len(b.content)), ETag: b.etag}, VersionID: "v"}
	return &objectstore.Body{ReadCloser: io.NopCloser(bytes.NewReader(part)), Head: head}, nil
}

func (b *bucket) asked() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.gets)
}

func contents(n int) []byte {
	p := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(p) // never fails
	return p
}

func open(t *testing.T, b *bucket) *reading.Object {
	t.Helper()
	x, err := reading.Open(t.Context(), b, objectstore.Object{Key: "k", Size: int64(len(b.content)), ETag: b.etag})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.Close)
	if x.Head.VersionID != "v" || x.Source.Size != int64(len(b.content)) {
		t.Errorf("opened as %+v", x)
	}
	return x
}

// TestSmall: one request, whatever is read of it and however often.
func TestSmall(t *testing.T) {
	for _, size := range []int{0, 1, 5000, 8 << 20} {
		b := &bucket{content: contents(size), etag: "e"}
		x := open(t, b)
		for range 2 {
			if x.Source.Content == nil || !bytes.Equal(x.Source.Content, b.content) {
				t.Errorf("%d bytes: %d came", size, len(x.Source.Content))
			}
		}
		if !x.Whole() || b.asked() != 1 {
			t.Errorf("%d bytes took %d requests", size, b.asked())
		}
	}
}

// TestForward: each byte of a large object is asked for once where it is read from the front.
func TestForward(t *testing.T) {
	b := &bucket{content: contents(21<<20 + 7), etag: "e"}
	x := open(t, b)
	got, err := io.ReadAll(io.NewSectionReader(x.Source.ReaderAt, 0, x.Source.Size))
	if err != nil || !bytes.Equal(got, b.content) {
		t.Errorf("%d bytes came, %v", len(got), err)
	}
	if x.Whole() || b.asked() != 6 {
		t.Errorf("%d requests for 21 MB in blocks of 4 MB", b.asked())
	}
}

// TestAnywhere: any part can be read in any order.
func TestAnywhere(t *testing.T) {
	b := &bucket{content: contents(30 << 20), etag: "e"}
	x := open(t, b)
	rng := rand.New(rand.NewPCG(3, 4))
	for range 60 {
		at := rng.IntN(len(b.content))
		p := make([]byte, 1+rng.IntN(9<<20))
		n, err := x.Source.ReaderAt.ReadAt(p, int64(at))
		want := b.content[at:min(len(b.content), at+len(p))]
		if !bytes.Equal(p[:n], want) || (err != nil) != (n < len(p)) {
			t.Fatalf("%d bytes at %d: %d came, %v", len(p), at, n, err)
		}
		part, release, err := x.Source.Blocks.Block(int64(at), t.Context().Done())
		if err != nil || len(part) == 0 || !bytes.Equal(part, b.content[at:at+len(part)]) {
			t.Fatalf("a block at %d: %d bytes, %v", at, len(part), err)
		}
		release()
	}
	if _, _, err := x.Source.Blocks.Block(30<<20, nil); err != io.EOF {
		t.Errorf("a block at the end: %v", err)
	}
}

// TestFooterFirst: of a file whose end is read first, only the beginning and the end are asked for.
func TestFooterFirst(t *testing.T) {
	b := &bucket{content: contents(100 << 20), etag: "e"}
	x := open(t, b)
	p := make([]byte, 8)
	for _, at := range []int64{0, 100<<20 - 8, 100<<20 - 4096} {
		if _, err := x.Source.ReaderAt.ReadAt(p, at); err != nil {
			t.Fatal(err)
		}
	}
	if b.asked() != 2 {
		t.Errorf("%d requests: %v", b.asked(), b.gets)
	}
}

// TestTrouble: content that is cut short is asked for again, and an object that changed is an error.
func TestTrouble(t *testing.T) {
	for _, size := range []int{5000, 20 << 20} {
		b := &bucket{content: contents(size), etag: "e", cut: 2}
		x := open(t, b)
		got, err := x.Source.Content, error(nil)
		if got == nil {
			got, err = io.ReadAll(io.NewSectionReader(x.Source.ReaderAt, 0, x.Source.Size))
		}
		if err != nil || !bytes.Equal(got, b.content) {
			t.Errorf("%d bytes, cut short twice: %d came, %v", size, len(got), err)
		}
		b = &bucket{content: contents(size), etag: "e", cut: 1000}
		_, err = reading.Open(t.Context(), b, objectstore.Object{Key: "k", Size: int64(size), ETag: "e"})
		if !errors.Is(err, objectstore.ErrUnavailable) {
			t.Errorf("%d bytes, always cut short: %v", size, err)
		}
		b = &bucket{content: contents(size), etag: "e"}
		if _, err = reading.Open(t.Context(), b, objectstore.Object{Key: "k", Size: int64(size), ETag: "other"}); !errors.Is(err, objectstore.ErrChanged) {
			t.Errorf("%d bytes that changed: %v", size, err)
		}
	}
	b := &bucket{content: contents(20 << 20), etag: "e"}
	x := open(t, b)
	b.mu.Lock()
	b.etag = "other"
	b.mu.Unlock()
	if _, err := x.Source.ReaderAt.ReadAt(make([]byte, 10), 12<<20); !errors.Is(err, objectstore.ErrChanged) {
		t.Errorf("an object that changes while it is read: %v", err)
	}
}
