package s3

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"magpie/internal/inventory/objectstore"
)

// plainListing reads, without any haste, a ListBucketResult. Keys must ascend from l.After on.
func plainListing(data []byte, l objectstore.Listing) (page objectstore.Page, token string, err error) {
	s := scanner{data: data}
	kind, name, _, err := s.next()
	if err != nil {
		return page, "", err
	}
	if kind != startElement || string(name) != "ListBucketResult" {
		return page, "", fmt.Errorf("a %s came, and not a ListBucketResult", cleanName(string(name)))
	}
	page.Objects = make([]objectstore.Object, 0, min(l.Max, 1000))
	var encoding string
	var truncated bool
	for {
		kind, name, _, err := s.next()
		if err != nil {
			return page, "", err
		}
		switch kind {
		case endOfText:
			page.More = truncated
			return page, token, finishPlain(&page, encoding, l)
		case startElement:
			switch string(name) {
			case "Contents":
				if len(page.Objects) >= objectstore.MaxPage {
					return page, "", errors.New("more objects came than were asked for")
				}
				var o objectstore.Object
				if o, err = plainObject(&s); err != nil {
					return page, "", err
				}
				page.Objects = append(page.Objects, o)
			case "IsTruncated":
				var value []byte
				if value, err = s.content(); err != nil {
					return page, "", err
				}
				switch string(bytes.TrimSpace(value)) {
				case "true":
					truncated = true
				case "false":
				default:
					return page, "", errors.New("IsTruncated is neither true nor false")
				}
			case "NextContinuationToken":
				value, err := s.content()
				if err != nil {
					return page, "", err
				}
				token = string(value)
			case "EncodingType":
				value, err := s.content()
				if err != nil {
					return page, "", err
				}
				encoding = string(value)
			default:
				if err := s.pass(); err != nil {
					return page, "", err
				}
			}
		}
	}
}

// finishPlain decodes the keys and checks their order.
func finishPlain(page *objectstore.Page, encoding string, l objectstore.Listing) error {
	last := l.After
	kept := page.Objects[:0]
	for _, o := range page.Objects {
		if encoding == "url" {
			key, err := plainDecode(o.Key)
			if err != nil {
				return err
			}
			o.Key = key
		}
		switch {
		case o.Key == "" || len(o.Key) > maxLongKey:
			return errors.New("an object has a key that cannot be one")
		case !strings.HasPrefix(o.Key, l.Prefix):
			return errors.New("the listing does not keep to the prefix")
		case o.Key == l.After:
			continue // where to begin is not part of the answer, but some count it in
		case o.Key <= last:
			return errors.New("the keys do not ascend from where the listing was to begin")
		}
		last = o.Key
		kept = append(kept, o)
	}
	page.Objects = kept
	return nil
}

// plainObject reads one Contents.
func plainObject(s *scanner) (o objectstore.Object, err error) {
	o.StorageClass = "STANDARD"
	o.Size = -1
	for {
		kind, name, _, err := s.next()
		if err != nil {
			return o, err
		}
		if kind == endElement {
			break
		}
		if kind != startElement {
			continue
		}
		var field string
		switch string(name) {
		case "Key", "Size", "ETag", "LastModified", "StorageClass":
			field = string(name)
		default:
			if err := s.pass(); err != nil {
				return o, err
			}
			continue
		}
		value, err := s.content()
		if err != nil {
			return o, err
		}
		if err := setPlain(&o, field, value); err != nil {
			return o, err
		}
	}
	if o.Size < 0 {
		return o, errors.New("an object has no size")
	}
	return o, nil
}

func setPlain(o *objectstore.Object, field string, value []byte) error {
	switch field {
	case "Key":
		o.Key = string(value)
	case "Size":
		n, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil || n < 0 {
			return errors.New("an object's size is not a number")
		}
		o.Size = n
	case "ETag":
		o.ETag = bareETag(string(value))
	case "LastModified":
		t, err := parseTime(value)
		if err != nil {
			return errors.New("the time of an object's last change is none")
		}
		o.LastModified = t
	case "StorageClass":
		if len(value) > 0 {
			o.StorageClass = storageClass(value)
		}
	}
	return nil
}

// plainDecode decodes a key as a form's value is: %XX is a byte, and a plus is a blank, since every store writes a plus as %2B.
func plainDecode(s string) (string, error) {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s, nil
	}
	decoded, err := url.QueryUnescape(s)
	if err != nil {
		return "", errors.New("a key is not encoded as the answer says")
	}
	return decoded, nil
}

var listings = []string{
	listing(content("a") + content("b") + content("c")),
	listing(content("a") + "\n  " + content("b") + content("c&amp;d") + content("e")),
	listing(`<EncodingType>url</EncodingType>` + content("a%20b") + content("a+c") + content("a%2Fb")),
	listing(`<Contents><Key>a</Key><Size>1</Size><Owner><ID>o</ID></Owner><ETag>&quot;x&quot;</ETag></Contents>` +
		`<Contents><Key>b</Key><Size>02</Size><Owner><ID>o</ID></Owner><ETag>"W/x"</ETag></Contents>` +
		`<Contents><Key>c</Key><Size>3</Size><Owner><ID>other</ID></Owner><ETag>&#34;y&#34;</ETag></Contents>` +
		`<Contents><Key>d</Key><Size>-3</Size><Owner><ID>other</ID></Owner><ETag>&#34;y&#34;</ETag></Contents>`),
	listing(`<Contents><Key>a</Key><Key>b</Key><Size>1</Size></Contents><Contents><Key>c</Key><Key>d</Key><Size>1</Size></Contents>`),
	listing(`<Contents><Key>a<!-- x -->b</Key><Size>1</Size></Contents><Contents><Key>c<i>x</i>d</Key><Size>1</Size><LastModified>2026-02-30T00:00:00.5Z</LastModified></Contents>` +
		`<Contents><Key>e</Key><Size>1</Size><LastModified>2026-02-30T00:00:00Z</LastModified></Contents><Contents><Key>f</Key><Size>1</Size><LastModified>2026-03-01T02:00:00+02:00</LastModified></Contents>`),
	listing(`<Contents><Key/><Size>1</Size></Contents>`), listing(`<Contents x="<Key>"><Key>a</Key><Size>1</Size></Contents>`),
	listing(`<Contents><Size>1</Size><Key>a</Key></Contents><Contents><Size>1</Size><Key>a</Key></Contents>`),
	`<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken></ListBucketResult>`,
}

// FuzzListingAgainstPlain: a listing that is read by the shape of its objects is what the scanner alone reads, errors included.
func FuzzListingAgainstPlain(f *testing.F) {
	for _, body := range listings {
		f.Add(body, "")
		f.Add(strings.ReplaceAll(body, "<ETag>", "<ETag >"), "a")
	}
	f.Fuzz(func(t *testing.T, body, after string) {
		l := objectstore.Listing{After: after, Max: 1000}
		got, gotToken, gotErr := readListing([]byte(body), l)
		want, wantToken, wantErr := plainListing([]byte(body), l)
		if fmt.Sprint(gotErr) != fmt.Sprint(wantErr) {
			t.Fatalf("%v, want %v", gotErr, wantErr)
		}
		if gotErr == nil && (gotToken != wantToken || !reflect.DeepEqual(got, want)) {
			t.Fatalf("%+v, want %+v", got, want)
		}
	})
}

// FuzzListingAgainstXML: what both our reader and encoding/xml take is the same to both.
func FuzzListingAgainstXML(f *testing.F) {
	for _, body := range listings {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got, token, err := readListing([]byte(body), objectstore.Listing{Max: 1000})
		if err != nil || strings.Contains(body, "\r") { // which encoding/xml makes a line feed of
			return
		}
		var want struct {
			XMLName               xml.Name `xml:"ListBucketResult"`
			EncodingType          string
			NextContinuationToken string
			Contents              []struct{ Key, Size, ETag, StorageClass string }
		}
		if xml.Unmarshal([]byte(body), &want) != nil {
			return
		}
		if len(want.Contents) != len(got.Objects) || want.NextContinuationToken != token {
			t.Fatalf("%d objects and %q, want %d and %q", len(got.Objects), token, len(want.Contents), want.NextContinuationToken)
		}
		for i, o := range got.Objects {
			w := want.Contents[i]
			if want.EncodingType == "url" {
				if w.Key, err = url.QueryUnescape(w.Key); err != nil {
					t.Fatal(err)
				}
			}
			if w.StorageClass == "" {
				w.StorageClass = "STANDARD"
			}
			if o.Key != w.Key || o.ETag != bareETag(w.ETag) || o.StorageClass != storageClass([]byte(w.StorageClass)) {
				t.Fatalf("%+v, want %+v", o, w)
			}
		}
	})
}

// BenchmarkReadListing reads a page of a thousand objects, as our reader does it, and as encoding/xml does.
func BenchmarkReadListing(b *testing.B) {
	var objects strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&objects, "<Contents><Key>logs%%2F2026%%2F%09d.csv</Key><LastModified>2026-11-30T08:%02d:00.123Z</LastModified>"+
			"<ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>%d</Size><Owner><ID>owner</ID></Owner><StorageClass>STANDARD</StorageClass></Contents>", i, i%60, i)
	}
	body := []byte(listing("<EncodingType>url</EncodingType>" + objects.String()))
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if p, _, err := readListing(body, objectstore.Listing{Max: 1000}); err != nil || len(p.Objects) != 1000 {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/object")
	})
	b.Run("encoding-xml", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var p struct {
				Contents []struct {
					Key, ETag, LastModified, StorageClass string
					Size                                  int64
				}
			}
			if err := xml.Unmarshal(body, &p); err != nil || len(p.Contents) != 1000 {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/object")
	})
}
