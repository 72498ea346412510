package identifier

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"magpie/internal/detect"
	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/queue"
	"magpie/internal/session"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// told answers what a test says.
type told struct {
	content string
	code    macie2.AllowListStatusCode
}

func (w *told) ReadText(_ context.Context, region string, account macie2.AccountID, bucket, key string, most int64) ([]byte, macie2.AllowListStatusCode, string) {
	switch {
	case region != "eu-west-1" || account != "111122223333" || bucket != "words" || key != "a/list.txt":
		return nil, macie2.AllowListStatusCodeUnknownError, "another object was asked for"
	case w.code != macie2.AllowListStatusCodeOk:
		return nil, w.code, "said so"
	case int64(len(w.content)) > most:
		return nil, macie2.AllowListStatusCodeS3ObjectOversize, "too long"
	}
	return []byte(w.content), w.code, ""
}

// The status is that of the moment: each look at a list reads it.
func TestStatusOfWords(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		words, deny := &told{code: macie2.AllowListStatusCodeOk}, false
		s := New(Options{DB: db, Pages: pagetoken.New([]byte("a key of sixteen bytes and more")), Words: words,
			MayRead: func(_ *macie2.Call, bucket, key string) bool {
				return !deny || bucket != "words" || key != "a/list.txt"
			}})
		call := &macie2.Call{Account: "111122223333", Region: "eu-west-1", Now: time.Now().UTC().Truncate(time.Millisecond)}
		q := queue.Open(db, queue.Options{Logger: storetest.Logger(t)})
		if _, err := session.New(db, q).EnableMacie(t.Context(), call, &macie2.EnableMacieInput{}); err != nil {
			t.Fatal(err)
		}
		made, err := s.CreateAllowList(t.Context(), call, &macie2.CreateAllowListInput{
			ClientToken: macie2.Ptr("token"), Name: macie2.Ptr("words"),
			Criteria: &macie2.AllowListCriteria{S3WordsList: &macie2.S3WordsList{BucketName: macie2.Ptr("words"), ObjectKey: macie2.Ptr("a/list.txt")}},
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name    string
			content string
			code    macie2.AllowListStatusCode
			deny    bool
			want    macie2.AllowListStatusCode
		}{
			{"words", "alpha\nbeta\n", "OK", false, "OK"},
			{"the caller may not read it", "alpha", "OK", true, "S3_USER_ACCESS_DENIED"},
			{"it is not there", "", "S3_OBJECT_NOT_FOUND", false, "S3_OBJECT_NOT_FOUND"},
			{"the store does not let us", "", "S3_OBJECT_ACCESS_DENIED", false, "S3_OBJECT_ACCESS_DENIED"},
			{"the store is busy", "", "S3_THROTTLED", false, "S3_THROTTLED"},
			{"something else", "", "UNKNOWN_ERROR", false, "UNKNOWN_ERROR"},
			{"nothing in it", "", "OK", false, "S3_OBJECT_EMPTY"},
			{"blanks only", "\ufeff \r\n\t\n", "OK", false, "S3_OBJECT_EMPTY"},
			{"35 MB and a byte", strings.Repeat("x", detect.MaxAllowListBytes+1), "OK", false, "S3_OBJECT_OVERSIZE"},
			{"100,001 entries", numbered(detect.MaxAllowWords + 1), "OK", false, "S3_OBJECT_OVERSIZE"},
			{"100,000 entries", numbered(detect.MaxAllowWords), "OK", false, "OK"},
			{"an entry that is too long", strings.Repeat("x", 91), "OK", false, "UNKNOWN_ERROR"},
			{"no text", "\xff\xfe\x00", "OK", false, "UNKNOWN_ERROR"},
		} {
			words.content, words.code, deny = c.content, c.code, c.deny
			out, err := s.GetAllowList(t.Context(), call, &macie2.GetAllowListInput{Id: made.Id})
			if err != nil {
				t.Fatal(err)
			}
			if *out.Status.Code != c.want || (out.Status.Description == nil) != (c.want == "OK") {
				t.Errorf("%s: %s, %s", c.name, *out.Status.Code, macie2.Deref(out.Status.Description))
			}
			loaded, err := s.LoadAllowLists(t.Context(), "eu-west-1", "111122223333", []string{*made.Id, "gone"})
			if err != nil {
				t.Fatal(err)
			}
			usable := c.want == "OK" || c.deny // a run is not the caller
			if len(loaded) != 2 || (loaded[0].List != nil) != usable || loaded[1].List != nil || *loaded[1].Status.Code == "OK" {
				t.Errorf("%s: loaded %+v", c.name, loaded)
			}
		}
	})
}

// numbered is a list of so many words.
func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "word %d\n", i)
	}
	return b.String()
}
