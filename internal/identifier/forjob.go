package identifier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"magpie/internal/detect"
	"magpie/internal/macie2"
	"magpie/internal/store"
)

// MissingError says that an account does not have what a job names.
type MissingError struct {
	Kind string // custom data identifier, allow list
	ID   string
}

func (e *MissingError) Error() string { return "the " + e.Kind + " " + e.ID + " does not exist" }

// CustomIdentifier is a custom data identifier as the engine takes it.
type CustomIdentifier struct {
	ID, Name string
	detect.CustomConfig
	Deleted bool
}

// CustomForJob reads custom data identifiers of an account, in the order of ids. One that was deleted is there still, for jobs
// that were created before; its error is a [MissingError] for one that never was.
func CustomForJob(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID, ids []string) ([]CustomIdentifier, error) {
	var all []CustomIdentifier
	for _, id := range ids {
		x := CustomIdentifier{ID: id}
		var text string
		err := tx.QueryRow(ctx, `select name, definition, deleted from custom_data_identifier where region = $1 and account_id = $2 and id = $3`,
			region, account, id).Scan(&x.Name, &text, &x.Deleted)
		if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrInvalidText) {
			return nil, &MissingError{"custom data identifier", id}
		}
		if err != nil {
			return nil, err
		}
		var d definition
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			return nil, fmt.Errorf("custom data identifier %s: %w", id, err)
		}
		x.CustomConfig = detect.CustomConfig{Regex: d.Regex, Keywords: d.Keywords, IgnoreWords: d.IgnoreWords}
		x.MaximumMatchDistance = macie2.Ptr(int(d.MaximumMatchDistance))
		for _, l := range d.SeverityLevels {
			x.SeverityLevels = append(x.SeverityLevels, detect.SeverityLevel{OccurrencesThreshold: l.OccurrencesThreshold, Severity: l.Severity})
		}
		all = append(all, x)
	}
	return all, nil
}

// AllowList is what an allow list holds: a regular expression, or the place of the words.
type AllowList struct {
	ID, Regex, Bucket, Key string
}

// AllowListsForJob reads allow lists of an account, in the order of ids. Its error is a [MissingError] for one that is not there.
func AllowListsForJob(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID, ids []string) ([]AllowList, error) {
	var all []AllowList
	for _, id := range ids {
		var text string
		err := tx.QueryRow(ctx, `select criteria from allow_list where region = $1 and account_id = $2 and id = $3`,
			region, account, id).Scan(&text)
		if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrInvalidText) {
			return nil, &MissingError{"allow list", id}
		}
		if err != nil {
			return nil, err
		}
		var c macie2.AllowListCriteria
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			return nil, fmt.Errorf("allow list %s: %w", id, err)
		}
		x := AllowList{ID: id, Regex: macie2.Deref(c.Regex)}
		if c.S3WordsList != nil {
			x.Bucket, x.Key = macie2.Deref(c.S3WordsList.BucketName), macie2.Deref(c.S3WordsList.ObjectKey)
		}
		all = append(all, x)
	}
	return all, nil
}
