package extract

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"time"
	"unicode/utf8"
)

// Files that stand in text as data: URIs, as pages, style sheets and JSON have them: data:text/csv;base64,c3NuCg==. They are opened as
// files inside the document, but for pictures, fonts and whatever else is not read anyway: that says nothing about the document, which is
// complete without them. Each is looked for in the text of one segment, and is cut where that ends.

// dataURIs are those that were found in a document. They are opened when it has been read.
type dataURIs struct {
	found []dataURI
	held  int64
	more  bool // than are kept
}

type dataURI struct {
	name string
	data []byte
}

const (
	maxDataURIs     = 1000
	maxDataURIBytes = 4 * mib // of those of one document, decoded
	maxDataURIHead  = 160     // bytes before the data: the type and its parameters
)

var (
	base64Mark = []byte(";base64,")
	uriScheme  = []byte("data:")
)

// isDataURI says whether text begins as a data: URI does.
func isDataURI(text []byte) bool {
	return len(text) > len(uriScheme) && text[len(uriScheme)-1] == ':' && bytes.EqualFold(text[:len(uriScheme)], uriScheme)
}

// mayHaveURIs says whether a text is worth searching for data: URIs: by its beginning, since looking for them everywhere would cost every
// text something. In HTML they are met on the way.
func (k kind) mayHaveURIs(head []byte) bool {
	switch k.form {
	case htmlMarkup:
		return bytes.Contains(head, uriScheme) || bytes.Contains(head, []byte("DATA:"))
	case text, foldedText, table, jsonDocument, jsonLines, xmlMarkup:
		return bytes.Contains(head, base64Mark)
	}
	return false
}

// search keeps what the data: URIs that begin in text[lo:hi] hold. whole says that the document ends with the text.
func (d *dataURIs) search(w *walker, text []byte, lo, hi int, whole bool) error {
	for lo < hi {
		i := bytes.Index(text[lo:min(len(text), hi+maxDataURIHead)], base64Mark)
		if i < 0 {
			return nil
		}
		at := lo + i + len(base64Mark)
		base := max(lo, at-maxDataURIHead)
		from := bytes.LastIndex(bytes.ToLower(text[base:at]), uriScheme)
		if lo = at; from < 0 {
			continue
		}
		if from += base; from >= hi {
			return nil
		}
		end := at
		for end < len(text) && isBase64(text[end]) {
			end++
		}
		if err := w.step(int64(end-from) / 4); err != nil {
			return err
		}
		had := len(d.found)
		if d.take(w, text[from:end]) {
			lo = end
			if end == len(text) && !whole && len(d.found) > had { // the rest comes with the next segment
				d.more = true
			}
		}
	}
	return nil
}

func isBase64(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '/' || c == '=' || c == '-' || c == '_' || c == '%'
}

// take keeps what a data: URI holds, if it is of a kind that is read. It returns false for what is no such URI.
func (d *dataURIs) take(w *walker, uri []byte) bool {
	head, _, ok := bytes.Cut(uri[:min(len(uri), maxDataURIHead)], []byte{','})
	if !ok || !isDataURI(head) || bytes.ContainsAny(head, " \t\r\n<>(){}") {
		return false
	}
	body := uri[len(head)+1:]
	head = bytes.ToLower(head)
	packed := bytes.HasSuffix(head, base64Mark[:len(base64Mark)-1])
	if bytes.IndexByte(body, '%') >= 0 {
		body = unescapePercent(body)
	}
	if packed {
		body = decodeBase64(body)
	}
	if !worthOpening(body) {
		return true
	}
	size := int64(len(body)) + 128
	if len(d.found) >= maxDataURIs || d.held+size > maxDataURIBytes || !w.hold(size) {
		d.more = true
		return true
	}
	d.held += size
	d.found = append(d.found, dataURI{"data-" + strconv.Itoa(len(d.found)+1) + uriExtension(head), bytes.Clone(body)})
	return true
}

// unescapePercent undoes what is escaped as in URIs. What only begins like it stays.
func unescapePercent(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if c := text[i]; c == '%' && i+2 < len(text) && unhex(text[i+1]) >= 0 && unhex(text[i+2]) >= 0 {
			out = append(out, byte(unhex(text[i+1])<<4|unhex(text[i+2])))
			i += 2
		} else {
			out = append(out, c)
		}
	}
	return out
}

// decodeBase64 decodes what can be of base64 in either alphabet.
func decodeBase64(text []byte) []byte {
	plain := make([]byte, 0, len(text))
	for _, c := range text {
		switch {
		case c == '-':
			c = '+'
		case c == '_':
			c = '/'
		case c <= ' ' || c == '=':
			continue
		}
		plain = append(plain, c)
	}
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(plain)))
	n, _ := base64.RawStdEncoding.Decode(out, plain[:len(plain)&^3])
	if rest := plain[len(plain)&^3:]; len(rest) > 1 && n == len(plain)/4*3 {
		k, _ := base64.RawStdEncoding.Decode(out[n:], rest)
		n += k
	}
	return out[:n]
}

// worthOpening says whether data begin like a file that is read.
func worthOpening(data []byte) bool {
	if reads(data) && utf8.Valid(data[:min(len(data), 64)&^3]) {
		return true
	}
	for _, magic := range []string{"PK\x03\x04", "%PDF-", "\xd0\xcf\x11\xe0", "\x1f\x8b\x08", "\xff\xfe", "\xfe\xff", "\xef\xbb\xbf"} {
		if bytes.HasPrefix(data, []byte(magic)) {
			return true
		}
	}
	return validUTF8(data[:min(len(data), sampleSize)]) && !isBinary(data) && len(data) > 0
}

// uriExtension is the end of a file's name that fits the type of a data: URI.
func uriExtension(head []byte) string {
	mime, _, _ := bytes.Cut(bytes.TrimPrefix(head, []byte("data:")), []byte{';'})
	switch string(mime) {
	case "text/csv":
		return ".csv"
	case "text/html":
		return ".html"
	case "application/json":
		return ".json"
	case "image/svg+xml", "application/xml", "text/xml":
		return ".xml"
	}
	return ".txt"
}

// open opens what was found, as files inside the document.
func (d *dataURIs) open(w *walker, doc *Document) error {
	if len(d.found) == 0 && !d.more {
		return nil
	}
	a := newArchive(w, doc)
	a.opened++ // the text itself
	for _, u := range d.found {
		r := bytes.NewReader(u.data)
		if err := a.member(u.name, int64(len(u.data)), time.Time{}, r, r); err != nil {
			return err
		}
	}
	if d.more {
		a.miss(ArchiveContainsUnprocessedFiles, "more files in data: URIs, or longer ones, than are read")
	}
	return a.status()
}

// close gives back what is held.
func (d *dataURIs) close(w *walker) {
	w.release(d.held)
	d.found, d.held = nil, 0
}
