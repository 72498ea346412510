package identifier

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"magpie/internal/detect"
	"magpie/internal/macie2"
	"magpie/internal/store"
)

// load makes what the engine uses of a list's criteria. Words are read from the account's store each time. The status says whether the
// list can be used; where it cannot, there is no list.
func (s *Service) load(ctx context.Context, region string, account macie2.AccountID, c *macie2.AllowListCriteria) (*detect.AllowList, *macie2.AllowListStatus) {
	if c.Regex != nil {
		list, err := detect.AllowRegex(*c.Regex)
		if err != nil { // it was compiled when it was kept
			return nil, broken(macie2.AllowListStatusCodeUnknownError, err.Error())
		}
		return list, &macie2.AllowListStatus{Code: macie2.Ptr(macie2.AllowListStatusCodeOk)}
	}
	if c.S3WordsList == nil || s.words == nil {
		return nil, broken(macie2.AllowListStatusCodeUnknownError, "This server is not connected to an object store, so the list of words cannot be read.")
	}
	content, code, why := s.words.ReadText(ctx, region, account, macie2.Deref(c.S3WordsList.BucketName), macie2.Deref(c.S3WordsList.ObjectKey),
		detect.MaxAllowListBytes)
	if code != macie2.AllowListStatusCodeOk {
		return nil, broken(code, why)
	}
	if len(bytes.TrimSpace(bytes.TrimPrefix(content, []byte("\ufeff")))) == 0 {
		return nil, broken(macie2.AllowListStatusCodeS3ObjectEmpty, "The object has no entries.")
	}
	list, err := detect.AllowWords(content)
	if err != nil {
		code := macie2.AllowListStatusCodeUnknownError
		if entries(content) > detect.MaxAllowWords {
			code = macie2.AllowListStatusCodeS3ObjectOversize
		}
		return nil, broken(code, err.Error())
	}
	return list, &macie2.AllowListStatus{Code: macie2.Ptr(macie2.AllowListStatusCodeOk)}
}

// entries counts the lines that are not blank.
func entries(content []byte) (n int) {
	for line := range bytes.Lines(content) {
		if len(bytes.TrimSpace(line)) > 0 {
			n++
		}
	}
	return n
}

func broken(code macie2.AllowListStatusCode, why string) *macie2.AllowListStatus {
	return &macie2.AllowListStatus{Code: &code, Description: &why}
}

// status tests a list, for a caller who asks about it.
func (s *Service) status(ctx context.Context, call *macie2.Call, c *macie2.AllowListCriteria) *macie2.AllowListStatus {
	if w := c.S3WordsList; w != nil && s.mayRead != nil && !s.mayRead(call, macie2.Deref(w.BucketName), macie2.Deref(w.ObjectKey)) {
		return broken(macie2.AllowListStatusCodeS3UserAccessDenied, "Your permissions do not let you read the object.")
	}
	_, status := s.load(ctx, call.Region, call.Account, c)
	return status
}

// Loaded is an allow list that a run of a job uses, or could not use.
type Loaded struct {
	ID     string
	List   *detect.AllowList // nil where the status is not OK
	Status *macie2.AllowListStatus
}

// LoadAllowLists loads allow lists of an account afresh, in the order of their ids here. One that there is not, or that cannot be used, has
// a status that says so, and no list: a run goes on without it.
func (s *Service) LoadAllowLists(ctx context.Context, region string, account macie2.AccountID, ids []string) ([]Loaded, error) {
	criteria := map[string]string{}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		clear(criteria)
		return tx.Query(ctx, func(row store.Row) error {
			var id, text string
			err := row.Scan(&id, &text)
			criteria[id] = text
			return err
		}, `select id, criteria from allow_list where region = $1 and account_id = $2 and `+tx.Any("id", 3), region, account, store.List(ids))
	})
	if err != nil {
		return nil, fmt.Errorf("load allow lists: %w", err)
	}
	loaded := make([]Loaded, len(ids))
	for i, id := range ids {
		loaded[i].ID = id
		text, ok := criteria[id]
		if !ok {
			loaded[i].Status = broken(macie2.AllowListStatusCodeUnknownError, "There is no such allow list any more.")
			continue
		}
		c := new(macie2.AllowListCriteria)
		if err := json.Unmarshal([]byte(text), c); err != nil {
			return nil, fmt.Errorf("allow list %s: %w", id, err)
		}
		loaded[i].List, loaded[i].Status = s.load(ctx, region, account, c)
	}
	return loaded, nil
}
