package resource

import (
	"context"
	"errors"
	"maps"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// Kind is a type of resource that has tags. Its functions run in the transaction of the call; both
// return store.ErrNotFound when the caller has no such resource.
type Kind struct {
	// Tags returns the stored tags of the caller's resource with this id.
	Tags func(ctx context.Context, tx *store.Tx, call *macie2.Call, id string) (string, error)
	// SetTags replaces them, if they still are what they were; otherwise it returns
	// store.ErrConflict.
	SetTags func(ctx context.Context, tx *store.Tx, call *macie2.Call, id, was, tags string) error
	// TagsToDecide reads the tags that permissions are decided by where those are not Tags': also
	// of what was deleted and can still be read. nil: Tags.
	TagsToDecide func(ctx context.Context, tx *store.Tx, call *macie2.Call, id string) (string, error)
}

// Service implements the three tag operations over the registered kinds.
type Service struct {
	db    *store.DB
	kinds map[string]Kind
}

// NewService returns a Service. kinds is keyed by the type that an ARN names, "" being the
// account's session.
func NewService(db *store.DB, kinds map[string]Kind) *Service {
	return &Service{db: db, kinds: maps.Clone(kinds)}
}

// Bind binds the operations of this package.
func (s *Service) Bind(r *macie2.Registry) {
	r.BindTagResource(s.TagResource)
	r.BindUntagResource(s.UntagResource)
	r.BindListTagsForResource(s.ListTagsForResource)
}

// TagResource adds tags to a resource, or changes their values.
func (s *Service) TagResource(ctx context.Context, call *macie2.Call, in *macie2.TagResourceInput) (*macie2.TagResourceOutput, error) {
	if err := CheckTags(in.Tags); err != nil {
		return nil, err
	}
	err := s.change(ctx, call, macie2.Deref(in.ResourceArn), func(tags map[string]string) error {
		if err := checkFolded(in.Tags, tags); err != nil {
			return err
		}
		maps.Copy(tags, in.Tags)
		if len(tags) > maxTags {
			return macie2.ErrValidation("tags: a resource can have at most %d tags", maxTags)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &macie2.TagResourceOutput{}, nil
}

// UntagResource removes tags from a resource; keys that it does not have are no error.
func (s *Service) UntagResource(ctx context.Context, call *macie2.Call, in *macie2.UntagResourceInput) (*macie2.UntagResourceOutput, error) {
	if len(in.TagKeys) == 0 || len(in.TagKeys) > maxTags {
		return nil, macie2.ErrValidation("tagKeys: there must be 1 to %d keys", maxTags)
	}
	err := s.change(ctx, call, macie2.Deref(in.ResourceArn), func(tags map[string]string) error {
		for _, key := range in.TagKeys {
			delete(tags, key)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &macie2.UntagResourceOutput{}, nil
}

// ListTagsForResource returns the tags of a resource.
func (s *Service) ListTagsForResource(ctx context.Context, call *macie2.Call, in *macie2.ListTagsForResourceInput) (*macie2.ListTagsForResourceOutput, error) {
	tags, err := s.Tags(ctx, call, macie2.Deref(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	return &macie2.ListTagsForResourceOutput{Tags: tags}, nil
}

// Tags reads the tags of a resource of the caller.
func (s *Service) Tags(ctx context.Context, call *macie2.Call, arn string) (map[string]string, error) {
	kind, id, err := s.find(call, arn)
	if err != nil {
		return nil, err
	}
	return s.read(ctx, call, kind.Tags, id)
}

// readTags reads the stored tags of a resource.
type readTags = func(ctx context.Context, tx *store.Tx, call *macie2.Call, id string) (string, error)

func (s *Service) read(ctx context.Context, call *macie2.Call, read readTags, id string) (tags map[string]string, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		stored, err := read(ctx, tx, call, id)
		if err != nil {
			return orNotFound(err)
		}
		tags, err = DecodeTags(stored)
		return err
	})
	return tags, err
}

// TagsToDecide reads the tags of a resource of the caller by which permissions are decided.
func (s *Service) TagsToDecide(ctx context.Context, call *macie2.Call, arn string) (map[string]string, error) {
	kind, id, err := s.find(call, arn)
	if err != nil {
		return nil, err
	}
	read := kind.Tags
	if kind.TagsToDecide != nil {
		read = kind.TagsToDecide
	}
	return s.read(ctx, call, read, id)
}

func (s *Service) change(ctx context.Context, call *macie2.Call, arn string, edit func(map[string]string) error) error {
	kind, id, err := s.find(call, arn)
	if err != nil {
		return err
	}
	err = s.db.Tx(ctx, arn, func(tx *store.Tx) error {
		was, err := kind.Tags(ctx, tx, call, id)
		if err != nil {
			return orNotFound(err)
		}
		tags, err := DecodeTags(was)
		if err != nil {
			return err
		}
		if err := edit(tags); err != nil {
			return err
		}
		if now := EncodeTags(tags); now != was {
			if err := kind.SetTags(ctx, tx, call, id, was, now); err != nil {
				return err
			}
		}
		call.RecordChange(tx)
		return nil
	})
	return WordRace(err)
}

// WordRace says to the caller that a change of a resource lost a race, which is what
// store.ErrConflict means once it comes out of a transaction. Other errors stay as they are.
func WordRace(err error) error {
	if errors.Is(err, store.ErrConflict) {
		return macie2.ErrConflict("The request failed because the resource was changed by another request at the same time. Try again.")
	}
	return err
}

// find resolves an ARN for the caller. A resource of another account or Region is answered as one
// that does not exist.
func (s *Service) find(call *macie2.Call, arn string) (Kind, string, error) {
	a, err := ParseARN(arn)
	if err != nil {
		return Kind{}, "", macie2.ErrValidation("resourceArn: %v", err)
	}
	kind, ok := s.kinds[a.Type]
	if !ok || a.Account != call.Account || a.Region != call.Region {
		return Kind{}, "", ErrNone
	}
	return kind, a.ID, nil
}

// ErrNone answers a call about a resource that is not there, or not the caller's.
var ErrNone = macie2.ErrNotFound("The request failed because the specified resource doesn't exist.")

func orNotFound(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return ErrNone
	}
	return err
}
