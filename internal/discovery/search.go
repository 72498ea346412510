package discovery

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"magpie/internal/analyse"
	"magpie/internal/identifier"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
	"magpie/internal/store"
)

// The bounds of a list of words, as Macie documents them, in bytes.
const maxWords = 35 << 20

// Wanted says what an account looks for in objects.
type Wanted struct {
	Region     string
	Account    macie2.AccountID
	Managed    []string // managed data identifiers
	Custom     []string // custom data identifiers, by their ids
	AllowLists []string // likewise; one that is gone is left out
	For        string   // who asks, for the log
}

// search compiles what a job looks for.
func (s *Service) search(ctx context.Context, j *job) (*analyse.Search, error) {
	return s.Search(ctx, wantedBy(j))
}

func wantedBy(j *job) Wanted {
	return Wanted{Region: j.Region, Account: j.Account, Managed: managedOf(&j.definition), Custom: j.definition.CustomDataIdentifierIds,
		AllowLists: j.definition.AllowListIds, For: "job " + j.ID}
}

// Search compiles what is looked for. Lists of words are read again each time, since they may have changed; equal searches are
// compiled once.
func (s *Service) Search(ctx context.Context, w Wanted) (*analyse.Search, error) {
	c, err := s.config(ctx, w)
	if err != nil {
		return nil, err
	}
	return s.compile(c)
}

// config is what is looked for, as the boxes take it.
func (s *Service) config(ctx context.Context, w Wanted) (c analyse.Config, err error) {
	var custom []identifier.CustomIdentifier
	var lists []identifier.AllowList
	err = s.db.View(ctx, func(tx *store.Tx) (err error) {
		if custom, err = identifier.CustomForJob(ctx, tx, w.Region, w.Account, w.Custom); err == nil {
			lists, err = allowLists(ctx, tx, w)
		}
		return err
	})
	if err != nil {
		return c, err
	}
	c = analyse.Config{Owner: string(w.Account), Managed: w.Managed, CleanMembers: analyse.MostCleanMembers}
	for _, x := range custom {
		c.Custom = append(c.Custom, analyse.Custom{ID: x.ID, Name: x.Name, CustomConfig: x.CustomConfig})
	}
	for _, l := range lists {
		if l.Regex != "" {
			c.AllowRegex = append(c.AllowRegex, l.Regex)
			continue
		}
		words, err := s.words(ctx, w, l)
		switch {
		case objectstore.Passing(err) || ctx.Err() != nil:
			return c, fmt.Errorf("allow list %s: %w", l.ID, err)
		case err != nil: // as in Macie, it goes on without a list that cannot be read: it reports more, not less
			s.log.Warn("an allow list cannot be read, and is left out", "for", w.For, "list", l.ID, "error", err)
		default:
			c.AllowWords = append(c.AllowWords, words)
		}
	}
	return c, nil
}

// allowLists are those of the lists that are there still.
func allowLists(ctx context.Context, tx *store.Tx, w Wanted) ([]identifier.AllowList, error) {
	var lists []identifier.AllowList
	for _, id := range w.AllowLists {
		found, err := identifier.AllowListsForJob(ctx, tx, w.Region, w.Account, []string{id})
		var missing *identifier.MissingError
		if errors.As(err, &missing) {
			continue
		}
		if err != nil {
			return nil, err
		}
		lists = append(lists, found...)
	}
	return lists, nil
}

func (s *Service) compile(c analyse.Config) (*analyse.Search, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("what to look for: %w", err)
	}
	sum := sha256.Sum256(text)
	key := hex.EncodeToString(sum[:])
	s.mu.Lock()
	found := s.searches[key]
	s.mu.Unlock()
	if found != nil {
		return found, nil
	}
	compiled, err := analyse.Compile(c)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.searches) >= maxSearches {
		clear(s.searches)
	}
	s.searches[key] = compiled
	return compiled, nil
}

// maxSearches is how many compiled searches are kept.
const maxSearches = 64

// words reads a list of words from the account's bucket.
func (s *Service) words(ctx context.Context, w Wanted, l identifier.AllowList) ([]byte, error) {
	b, err := s.inventory.Open(ctx, w.Region, w.Account, l.Bucket)
	if err != nil {
		return nil, err
	}
	body, err := b.Get(ctx, l.Key, "", objectstore.Range{})
	if err != nil {
		return nil, err
	}
	defer body.Close()
	text, err := io.ReadAll(io.LimitReader(body, maxWords+1))
	if err == nil && len(text) > maxWords {
		err = fmt.Errorf("the list has more than %d bytes", maxWords)
	}
	return text, err
}

// scoreOf are the severities of what was found, as findings take them: 1 to 3.
func scoreOf(s macie2.SeverityDescription) int64 {
	switch s {
	case macie2.SeverityDescriptionHigh:
		return 3
	case macie2.SeverityDescriptionMedium:
		return 2
	}
	return 1
}

// unusable tells an error of what a job looks for, which no other try mends, from one that may pass.
func unusable(err error) bool {
	var config *analyse.ConfigError
	var missing *identifier.MissingError
	return errors.As(err, &config) || errors.As(err, &missing)
}
