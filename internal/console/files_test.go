package console

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"
)

// A file is sent as gzip to whom it suits, and to nobody else.
func TestFilesAreGzipForWhoTakesIt(t *testing.T) {
	page := bytes.Repeat([]byte("<p>page</p>"), 100)
	f, err := readFiles(fstest.MapFS{"index.html": {Data: page}, "assets/x.woff2": {Data: page}})
	if err != nil {
		t.Fatal(err)
	}
	get := func(name string, accepted []string) *http.Response {
		r := httptest.NewRequest(http.MethodGet, Prefix+name, nil)
		r.Header["Accept-Encoding"] = accepted
		w := httptest.NewRecorder()
		f.ServeHTTP(w, r)
		return w.Result()
	}
	tags := map[bool]string{}
	for _, c := range []struct {
		accepted []string
		want     bool
	}{
		{nil, false},
		{[]string{""}, false},
		{[]string{"gzip"}, true},
		{[]string{"GZip"}, true},
		{[]string{"x-gzip"}, true},
		{[]string{"gzip, deflate, br, zstd"}, true},
		{[]string{"br;q=1.0, gzip;q=0.8, *;q=0.1"}, true},
		{[]string{"br", "gzip"}, true},
		{[]string{"*"}, true},
		{[]string{"gzip;q=0"}, false},
		{[]string{"gzip ; Q = 0.000"}, false},
		{[]string{"gzip;q=0, *"}, false},
		{[]string{"*, gzip;q=0"}, false},
		{[]string{"*;q=0"}, false},
		{[]string{"*;q=0, gzip"}, true},
		{[]string{"gzip;q=0.001"}, true},
		{[]string{"gzip;q=0.5, identity"}, false},
		{[]string{"gzip;q=0.5, identity;q=0.5"}, true},
		{[]string{"gzip, identity;q=0"}, true},
		{[]string{"identity"}, false},
		{[]string{"br, gzipped"}, false},
		{[]string{"gzip;q="}, false},
		{[]string{"gzip;q=NaN"}, false},
		{[]string{"gzip;q=2"}, false},
		{[]string{"gzip;level=9"}, false},
	} {
		r := get("", c.accepted)
		var body io.Reader = r.Body
		got := r.Header.Get("Content-Encoding") == "gzip"
		if got {
			if body, err = gzip.NewReader(r.Body); err != nil {
				t.Fatal(err)
			}
		}
		b, err := io.ReadAll(body)
		if got != c.want || err != nil || !bytes.Equal(b, page) || r.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: gzip %t, %d bytes, %v, Vary %q", c.accepted, got, len(b), err, r.Header.Get("Vary"))
		}
		tags[got] = r.Header.Get("ETag")
	}
	if tags[true] == tags[false] {
		t.Errorf("both forms have the tag %s", tags[true])
	}
	if e := get("assets/x.woff2", []string{"gzip"}).Header.Get("Content-Encoding"); e != "" {
		t.Errorf("a font is sent as %s", e)
	}
}

// What a browser or a proxy has already is not sent again, however it says so.
func TestFilesAreSentOnce(t *testing.T) {
	page := []byte("<p>page</p>")
	f, err := readFiles(fstest.MapFS{"index.html": {Data: page}})
	if err != nil {
		t.Fatal(err)
	}
	get := func(tags ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, Prefix, nil)
		r.Header["If-None-Match"] = tags
		w := httptest.NewRecorder()
		f.ServeHTTP(w, r)
		return w
	}
	tag := get().Header().Get("ETag")
	for _, tags := range [][]string{
		{tag}, {"W/" + tag}, {"*"}, {`"other", ` + tag}, {`W/"other",W/` + tag + ` , "more"`}, {`"other"`, tag}, {`"a,b", ` + tag},
	} {
		if w := get(tags...); w.Code != http.StatusNotModified || w.Body.Len() != 0 || w.Header().Get("ETag") != tag || w.Header().Get("Vary") == "" {
			t.Errorf("%q: %d %v", tags, w.Code, w.Header())
		}
	}
	for _, tags := range [][]string{
		nil, {""}, {`"other"`}, {`W/"other"`}, {tag[:len(tag)-1]}, {tag[1 : len(tag)-1]}, {"w/" + tag}, {`"` + tag}, {"W/W/" + tag}, {"**"}, {","},
	} {
		if w := get(tags...); w.Code != http.StatusOK || w.Body.String() != string(page) {
			t.Errorf("%q: %d", tags, w.Code)
		}
	}
}
