package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
)

// files are those of the built console, in memory as they are embedded, and compressed once when they are first asked for.
type files struct{ byName map[string]*file }

type file struct {
	plain   []byte
	kind    string
	tag     string
	squeeze func() []byte
}

// readFiles reads all there is. A build without an index is none.
func readFiles(from fs.FS) (*files, error) {
	f := &files{byName: map[string]*file{}}
	err := fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		f.byName[name] = newFile(name, b)
		return nil
	})
	if err == nil && f.byName["index.html"] == nil {
		err = errors.New("there is no index.html")
	}
	if err != nil {
		return nil, fmt.Errorf("console: read the built files: %w", err)
	}
	return f, nil
}

func newFile(name string, b []byte) *file {
	sum := sha256.Sum256(b)
	kind := mime.TypeByExtension(path.Ext(name))
	switch path.Ext(name) { // the machine's own list may say otherwise
	case ".js":
		kind = "text/javascript; charset=utf-8"
	case ".css":
		kind = "text/css; charset=utf-8"
	case ".html":
		kind = "text/html; charset=utf-8"
	case ".svg":
		kind = "image/svg+xml"
	case ".woff2":
		kind = "font/woff2"
	case ".txt":
		kind = "text/plain; charset=utf-8"
	}
	return &file{plain: b, kind: kind, tag: hex.EncodeToString(sum[:8]), squeeze: sync.OnceValue(func() []byte {
		if kind == "font/woff2" || kind == "image/png" {
			return nil // they are compressed already
		}
		var out bytes.Buffer
		z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is one that there is
		_, _ = z.Write(b)                                       // memory takes everything
		_ = z.Close()
		return out.Bytes()
	})}
}

// ServeHTTP serves a file, or the page for every path that is none: which page it is, its script decides.
func (f *files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		refuse(w, http.StatusMethodNotAllowed, "MethodNotAllowedException", "The requested path does not take this method.")
		return
	}
	name := strings.TrimPrefix(r.URL.Path, Prefix)
	found := f.byName[name]
	switch {
	case found != nil && name != "index.html":
	case strings.HasPrefix(name, "assets/"), name == "favicon.ico":
		refuse(w, http.StatusNotFound, "ResourceNotFoundException", "There is no such file.")
		return
	default:
		found = f.byName["index.html"]
	}
	header := w.Header()
	header.Set("Content-Type", found.kind)
	header.Set("Cache-Control", "no-cache") // ask each time; it is mostly answered 304
	header.Set("Vary", "Accept-Encoding")
	body, tag := found.plain, `"`+found.tag+`"`
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		if z := found.squeeze(); z != nil {
			header.Set("Content-Encoding", "gzip")
			body, tag = z, `"`+found.tag+`-gzip"`
		}
	}
	header.Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = w.Write(body)
	}
}
