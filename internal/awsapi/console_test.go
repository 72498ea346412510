package awsapi

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"

	"magpie/internal/macie2"
)

// The bodies of plain paths have the room of signed calls: an account has its part and no more, a
// body that is larger than its path takes is refused, and what is released is room again.
func TestTakeBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		take := func(size, most int64, account macie2.AccountID) (func(), error) {
			r := httptest.NewRequest(http.MethodPost, "/console/api/call/members", bytes.NewReader(make([]byte, size)))
			b, release, err := s.TakeBody(httptest.NewRecorder(), r, most, account)
			if err == nil && int64(len(b)) != size {
				t.Errorf("of %d bytes %d are read", size, len(b))
			}
			return release, err
		}
		var refusal *macie2.Error
		if _, err := take(17<<10, 16<<10, ""); !errors.As(err, &refusal) || refusal.Code != macie2.RequestEntityTooLargeException {
			t.Errorf("a body too large for its path: %v", err)
		}
		var release []func()
		for {
			free, err := take(1_000_000, MaxBody, "111122223333")
			if errors.As(err, &refusal) && refusal.Code == macie2.ServiceUnavailableException {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if release = append(release, free); len(release) > knownBodies>>20 {
				t.Fatal("one account takes all of the room")
			}
		}
		if held := s.room.known.Held(); held > knownBodies/4 || held < knownBodies/8 {
			t.Errorf("one account holds %d bytes", held)
		}
		free, err := take(1_000_000, MaxBody, "444455556666")
		if err != nil {
			t.Fatalf("another account: %v", err)
		}
		for _, free := range append(release, free) {
			free()
		}
		for name, b := range map[string]interface{ Held() int64 }{"known": s.room.known, "modest": s.room.modest, "large": s.room.large} {
			if held := b.Held(); held != 0 {
				t.Errorf("%s: %d bytes are held by nobody", name, held)
			}
		}
	})
}
