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
	"strconv"
	"strings"
	"sync"
)

// files are those of the built console. Nothing of them is read until it is asked for: they are in the program's own file, and a node whose
// console nobody opens has no use for them in memory.
type files struct {
	from   fs.FS
	byName map[string]*file
}

type file struct {
	kind string
	load func() (loaded, error) // once
}

// loaded is what is kept of a file that was asked for.
type loaded struct {
	tag      string
	squeezed []byte // gzip; nil for what is compressed already
}

// readFiles lists all there is. A build without an index is none.
func readFiles(from fs.FS) (*files, error) {
	f := &files{from: from, byName: map[string]*file{}}
	err := fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f.byName[name] = newFile(from, name)
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

func newFile(from fs.FS, name string) *file {
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
	return &file{kind: kind, load: sync.OnceValues(func() (loaded, error) {
		b, err := fs.ReadFile(from, name)
		if err != nil {
			return loaded{}, err
		}
		sum := sha256.Sum256(b)
		l := loaded{tag: hex.EncodeToString(sum[:8])}
		if kind == "font/woff2" || kind == "image/png" {
			return l, nil
		}
		var out bytes.Buffer
		z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is one that there is
		_, _ = z.Write(b)                                       // memory takes everything
		_ = z.Close()
		l.squeezed = bytes.Clone(out.Bytes())
		return l, nil
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
		name, found = "index.html", f.byName["index.html"]
	}
	l, err := found.load()
	if err != nil {
		refuse(w, http.StatusInternalServerError, "InternalServerException", "The file could not be read.")
		return
	}
	header := w.Header()
	header.Set("Content-Type", found.kind)
	header.Set("Cache-Control", "no-cache") // ask each time; it is mostly answered 304
	header.Set("Vary", "Accept-Encoding")
	body, tag := l.squeezed, `"`+l.tag+`-gzip"`
	if body == nil || !takesGzip(r.Header.Values("Accept-Encoding")) {
		body, tag = nil, `"`+l.tag+`"`
	} else {
		header.Set("Content-Encoding", "gzip")
	}
	header.Set("ETag", tag)
	if hasTag(r.Header.Values("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if body == nil {
		if body, err = fs.ReadFile(f.from, name); err != nil {
			header.Del("ETag")
			refuse(w, http.StatusInternalServerError, "InternalServerException", "The file could not be read.")
			return
		}
	}
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = w.Write(body)
	}
}

// hasTag reports whether If-None-Match names an entity tag: alone, in a list, as a weak one, which proxies make of it that compress what they
// pass on, or by *. No tag of a file here has a comma in it, so a tag of somebody else's that has one is none of these.
func hasTag(values []string, tag string) bool {
	for one := range strings.SplitSeq(strings.Join(values, ","), ",") {
		one = strings.TrimSpace(one)
		if one == "*" || strings.TrimPrefix(one, "W/") == tag {
			return true
		}
	}
	return false
}

// takesGzip reports whether a client takes gzip, and likes it no less than what is not compressed. What it does not say, and what cannot be
// read, is no: everybody takes what is not compressed.
func takesGzip(accepted []string) bool {
	weights := map[string]float64{}
	for one := range strings.SplitSeq(strings.Join(accepted, ","), ",") {
		coding, parameters, more := strings.Cut(one, ";")
		weight := 1.0
		if more {
			name, value, _ := strings.Cut(parameters, "=")
			q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil || !strings.EqualFold(strings.TrimSpace(name), "q") || !(q >= 0 && q <= 1) {
				q = 0
			}
			weight = q
		}
		coding = strings.ToLower(strings.TrimSpace(coding))
		if coding == "x-gzip" {
			coding = "gzip"
		}
		if coding == "gzip" || coding == "identity" || coding == "*" {
			weights[coding] = weight
		}
	}
	gzip, said := weights["gzip"]
	if !said {
		gzip = weights["*"]
	}
	return gzip > 0 && gzip >= weights["identity"]
}
