package awsapi

import "testing"

// What a body grows to has one of a few sizes, so that it can go to another request.
func TestBodySizes(t *testing.T) {
	sizes := map[int64]bool{}
	for n := int64(ownBuffer + 1); n <= MaxBody+1; n += 997 {
		size := sizeFor(n)
		if size < n || size > MaxBody+1 || size != sizeFor(size) {
			t.Fatalf("%d bytes are put into %d", n, size)
		}
		sizes[size] = true
	}
	if len(sizes) > 8 {
		t.Errorf("there are %d sizes", len(sizes))
	}
	for size := range sizes {
		b := newBytes(size)
		if int64(cap(b)) != size || len(b) != 0 {
			t.Errorf("of %d bytes, there are %d of %d", size, len(b), cap(b))
		}
		freeBytes(append(b, 1, 2, 3))
		if b := newBytes(size); int64(cap(b)) != size || len(b) != 0 {
			t.Errorf("used again, of %d bytes there are %d of %d", size, len(b), cap(b))
		}
	}
	freeBytes(make([]byte, 5000)) // of no size of these: it goes
	if b := newBytes(8 << 10); cap(b) != 8<<10 {
		t.Errorf("what is no body's was kept: %d", cap(b))
	}
}
