package folder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"magpie/internal/inventory/objectstore"
)

func open(t *testing.T, files map[string]string) (*Folder, string) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f, err := Open("file://"+dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f, dir
}

func TestEndpoints(t *testing.T) {
	for text, want := range map[string]string{
		"file:///srv/data": "/srv/data", "file://localhost/srv": "/srv", "file:///a/../b/": "/b", "file:///with%20blank": "/with blank",
		"file://host/srv": "", "file:srv": "", "file://": "", "https://x": "", "file:///x?y": "", "file:///x#y": "", "file:///x%00y": "",
	} {
		if got, err := ParseEndpoint(text); got != want || (err == nil) != (want != "") {
			t.Errorf("%s is %q, %v", text, got, err)
		}
	}
}

// Keys come in the order of their bytes, wherever folders end: "a-b" is before "a/b", and "a/b" before "ab".
func TestOrder(t *testing.T) {
	files := map[string]string{}
	alphabet := []string{"a", "b", "-", ".x", "0", " ", "\u00e9"}
	var want []string
	for len(files) < 300 {
		key := alphabet[rand.N(2)]
		for range rand.N(5) {
			if rand.N(3) == 0 {
				key += "/" + alphabet[rand.N(3)]
			}
			key += alphabet[rand.N(len(alphabet))]
		}
		// A name is a file or a folder, and not both.
		clash := false
		for k := range files {
			clash = clash || strings.HasPrefix(k, "b/"+key+"/") || strings.HasPrefix("b/"+key+"/", k+"/")
		}
		if !clash && validKey(key) {
			files["b/"+key] = key
			want = append(want, key)
		}
	}
	slices.Sort(want)
	f, _ := open(t, files)
	for _, size := range []int{1, 7, 1000} {
		var got []string
		for after := ""; ; {
			page, err := f.List(t.Context(), "b", objectstore.Listing{After: after, Max: size})
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range page.Objects {
				got = append(got, o.Key)
				after = o.Key
			}
			if !page.More {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("pages of %d: %d keys, want %d", size, len(got), len(want))
		}
	}
	for range 50 {
		after, prefix := want[rand.N(len(want))], want[rand.N(len(want))]
		prefix = prefix[:rand.N(len(prefix)+1)]
		if rand.N(2) == 0 {
			after += "!"
		}
		var rest, prefixed []string
		for _, k := range want {
			if k > after {
				rest = append(rest, k)
			}
			if k > after && strings.HasPrefix(k, prefix) {
				prefixed = append(prefixed, k)
			}
		}
		var walked []string
		if err := f.Walk(t.Context(), "b", after, func(o objectstore.Object) error { walked = append(walked, o.Key); return nil }); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(walked, rest) {
			t.Errorf("after %q: %d keys, want %d", after, len(walked), len(rest))
		}
		page, err := f.List(t.Context(), "b", objectstore.Listing{After: after, Prefix: prefix})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, o := range page.Objects {
			got = append(got, o.Key)
		}
		if !slices.Equal(got, prefixed) {
			t.Errorf("after %q with prefix %q: %q, want %q", after, prefix, got, prefixed)
		}
	}
	stop := errors.New("stop")
	if err := f.Walk(t.Context(), "b", "", func(objectstore.Object) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("a walk that is stopped: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.List(ctx, "b", objectstore.Listing{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a listing that is not wanted any more: %v", err)
	}
}

// Nothing outside of the bucket is read, and nothing that is not a file.
func TestLinksAndPathsThatLeadOut(t *testing.T) {
	f, dir := open(t, map[string]string{"b/real/x.txt": "inside", "other/secret.txt": "other", "b/z.txt": "z"})
	outside := filepath.Join(t.TempDir(), "outside.txt")
	if err := os.WriteFile(outside, []byte("outside"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{
		"b/link.txt": outside, "b/folder": filepath.Dir(outside), "b/inside.txt": "real/x.txt", "b/insidefolder": "real", "linked": "b", "b/up": "..",
	} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := makePipe(filepath.Join(dir, "b", "pipe")); err != nil {
		t.Fatal(err)
	}
	var buckets []string
	if err := f.Buckets(t.Context(), func(b objectstore.Bucket) error { buckets = append(buckets, b.Name); return nil }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(buckets, []string{"b", "other"}) {
		t.Errorf("buckets %q", buckets)
	}
	page, err := f.List(t.Context(), "b", objectstore.Listing{})
	if err != nil || len(page.Objects) != 2 || page.Objects[0].Key != "real/x.txt" {
		t.Errorf("listed are %+v, %v", page.Objects, err)
	}
	for _, key := range []string{"link.txt", "folder/outside.txt", "inside.txt", "insidefolder/x.txt", "up/other/secret.txt", "../other/secret.txt", "real/../z.txt",
		"/etc/passwd", "real", "pipe", "", ".", "..", "real/", "real//x.txt", "z.txt/", "z.txt/y", "a\x00b", strings.Repeat("x", 300)} {
		if b, err := f.Get(t.Context(), "b", key, "", objectstore.Range{}); !errors.Is(err, objectstore.ErrNoObject) {
			t.Errorf("%q: %v", key, err)
			if err == nil {
				b.Close()
			}
		}
		if _, err := f.Head(t.Context(), "b", key); !errors.Is(err, objectstore.ErrNoObject) {
			t.Errorf("head of %q: %v", key, err)
		}
	}
	for _, bucket := range []string{"linked", "..", ".", "", "b/real", "none", "/etc", "b\x00"} {
		if _, err := f.List(t.Context(), bucket, objectstore.Listing{}); !errors.Is(err, objectstore.ErrNoBucket) {
			t.Errorf("bucket %q: %v", bucket, err)
		}
	}
	for _, key := range []string{"up/x", "folder/x", "../x", "real/x.txt/y"} {
		if _, err := f.Put(t.Context(), "b", key, []byte("x"), objectstore.PutOptions{}); err == nil {
			t.Errorf("%q was written", key)
		}
	}
	if text, err := os.ReadFile(outside); err != nil || string(text) != "outside" {
		t.Errorf("outside is %q, %v", text, err)
	}
}

func TestReadingAndWriting(t *testing.T) {
	f, dir := open(t, map[string]string{"b/k.txt": "0123456789"})
	page, err := f.List(t.Context(), "b", objectstore.Listing{})
	if err != nil {
		t.Fatal(err)
	}
	o := page.Objects[0]
	for _, c := range []struct {
		r    objectstore.Range
		want string
		err  error
	}{
		{objectstore.Range{}, "0123456789", nil}, {objectstore.Range{Offset: 3, Length: 4}, "3456", nil}, {objectstore.Range{Offset: 8, Length: 9}, "89", nil},
		{objectstore.Range{Offset: 10, Length: 1}, "", objectstore.ErrRange},
	} {
		b, err := f.Get(t.Context(), "b", o.Key, o.ETag, c.r)
		if !errors.Is(err, c.err) {
			t.Errorf("%+v: %v", c.r, err)
		}
		if err != nil {
			continue
		}
		if text, err := io.ReadAll(b); string(text) != c.want || err != nil {
			t.Errorf("%+v: %q, %v", c.r, text, err)
		}
		b.Close()
	}
	etag, err := f.Put(t.Context(), "b", "new/deep/k.txt", []byte("written"), objectstore.PutOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if head, err := f.Head(t.Context(), "b", "new/deep/k.txt"); err != nil || head.ETag != etag || head.Size != 7 {
		t.Errorf("what was written is %+v, %v", head, err)
	}
	if _, err := f.Put(t.Context(), "b", "k", nil, objectstore.PutOptions{Encryption: "aws:kms"}); !errors.Is(err, objectstore.ErrNotSupported) {
		t.Errorf("encryption: %v", err)
	}
	// A file that changes is another object, before it is read and while it is.
	b, err := f.Get(t.Context(), "b", "k.txt", o.ETag, objectstore.Range{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if _, err := io.ReadFull(b, make([]byte, 2)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "b", "k.txt")
	if err := os.WriteFile(file, []byte("abc"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(file, time.Time{}, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(b); !errors.Is(err, objectstore.ErrChanged) {
		t.Errorf("a file that became shorter reads %q, %v", text, err)
	}
	if _, err := f.Get(t.Context(), "b", "k.txt", o.ETag, objectstore.Range{}); !errors.Is(err, objectstore.ErrChanged) {
		t.Errorf("with the ETag from before: %v", err)
	}
	for range 2 {
		if err := f.Delete(t.Context(), "b", "k.txt"); err != nil {
			t.Error(err)
		}
	}
	if fmt.Sprint(f.Try(t.Context(), "")) == "[]" {
		t.Error("nothing was tried")
	}
}
