package inventory

import (
	"context"
	"errors"
	"fmt"
	"io"

	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
)

// ReadText reads an object of an account as a whole, at most so many bytes, for a list of words. code says whether that worked, in the
// contract's terms, and why says what went wrong, for people.
func (s *Service) ReadText(ctx context.Context, region string, account macie2.AccountID, bucket, key string, most int64) (content []byte, code macie2.AllowListStatusCode, why string) {
	b, err := s.OpenExpected(ctx, region, account, bucket, s.now().Add(-staleAfter))
	if errors.Is(err, ErrNoBucket) {
		return nil, macie2.AllowListStatusCodeS3ObjectNotFound, "The account has no bucket of that name in the Region."
	}
	if err == nil {
		content, err = readText(ctx, b, key, most)
	}
	switch {
	case err == nil:
		return content, macie2.AllowListStatusCodeOk, ""
	case errors.Is(err, errLong):
		return nil, macie2.AllowListStatusCodeS3ObjectOversize, fmt.Sprintf("The object has more than %d bytes.", most)
	case errors.Is(err, objectstore.ErrNoBucket), errors.Is(err, objectstore.ErrNoObject):
		return nil, macie2.AllowListStatusCodeS3ObjectNotFound, Explain(err)
	case errors.Is(err, objectstore.ErrDenied), errors.Is(err, objectstore.ErrCredentials), errors.Is(err, objectstore.ErrArchived),
		errors.Is(err, objectstore.ErrCustomerKey), errors.Is(err, objectstore.ErrKMS):
		return nil, macie2.AllowListStatusCodeS3ObjectAccessDenied, Explain(err)
	case errors.Is(err, objectstore.ErrThrottled):
		return nil, macie2.AllowListStatusCodeS3Throttled, Explain(err)
	}
	s.log.Warn("a list of words cannot be read", "account", account, "bucket", clip(bucket), "error", err)
	return nil, macie2.AllowListStatusCodeUnknownError, Explain(err)
}

var errLong = errors.New("the object is too long")

func readText(ctx context.Context, b *Bucket, key string, most int64) ([]byte, error) {
	body, err := b.Get(ctx, key, "", objectstore.Range{})
	if err != nil {
		return nil, err
	}
	defer body.Close()
	if body.Head.Size > most {
		return nil, errLong
	}
	return io.ReadAll(io.LimitReader(body, most))
}
