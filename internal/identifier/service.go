package identifier

import (
	"context"
	"unicode"
	"unicode/utf8"

	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/resource"
	"magpie/internal/session"
	"magpie/internal/store"
)

// The quotas of an account in a Region, as Macie documents them.
const (
	DefaultQuotaCustom = 10000
	quotaRegexLists    = 5
	quotaWordLists     = 5
)

// The types of resources that ARNs name.
const (
	customType    = "custom-data-identifier"
	allowListType = "allow-list"
)

// Options are the parts and settings of a Service. DB and Pages are required.
type Options struct {
	DB    *store.DB
	Pages *pagetoken.Issuer
	// Words reads lists of words. nil: none can be read.
	Words WordReader
	// MayRead says whether the policies of the caller let it read an object, as far as they speak of that. nil: nothing denies it.
	MayRead func(call *macie2.Call, bucket, key string) bool
	// QuotaCustom is the number of custom data identifiers that an account may have in a Region; 0 means DefaultQuotaCustom.
	QuotaCustom int
}

// Service implements the operations. It keeps nothing but what is in the database.
type Service struct {
	db      *store.DB
	pages   *pagetoken.Issuer
	words   WordReader
	mayRead func(call *macie2.Call, bucket, key string) bool
	quota   int64
	trials  *trialLine
}

// WordReader reads an object of an account's buckets as a whole, at most so many bytes. code says whether that worked, and why says what
// went wrong.
type WordReader interface {
	ReadText(ctx context.Context, region string, account macie2.AccountID, bucket, key string, most int64) (content []byte, code macie2.AllowListStatusCode, why string)
}

// New returns a Service.
func New(o Options) *Service {
	if o.QuotaCustom == 0 {
		o.QuotaCustom = DefaultQuotaCustom
	}
	return &Service{db: o.DB, pages: o.Pages, words: o.Words, mayRead: o.MayRead, quota: int64(o.QuotaCustom), trials: newTrialLine()}
}

// Bind binds the operations of this package.
func (s *Service) Bind(r *macie2.Registry) {
	r.BindListManagedDataIdentifiers(s.ListManagedDataIdentifiers)

	r.BindCreateCustomDataIdentifier(s.CreateCustomDataIdentifier)
	r.BindGetCustomDataIdentifier(s.GetCustomDataIdentifier)
	r.BindListCustomDataIdentifiers(s.ListCustomDataIdentifiers)
	r.BindBatchGetCustomDataIdentifiers(s.BatchGetCustomDataIdentifiers)
	r.BindDeleteCustomDataIdentifier(s.DeleteCustomDataIdentifier)
	r.BindTestCustomDataIdentifier(s.TestCustomDataIdentifier)

	r.BindCreateAllowList(s.CreateAllowList)
	r.BindGetAllowList(s.GetAllowList)
	r.BindListAllowLists(s.ListAllowLists)
	r.BindUpdateAllowList(s.UpdateAllowList)
	r.BindDeleteAllowList(s.DeleteAllowList)
}

// TagKinds are the resources of this package that have tags.
func (s *Service) TagKinds() map[string]resource.Kind {
	return map[string]resource.Kind{customType: tagKind("custom_data_identifier", " and deleted = false"), allowListType: tagKind("allow_list", "")}
}

// tagKind reads and writes the tags of a table's rows, less those that the condition leaves out; permissions are decided by the
// tags of those too, since they can still be described.
func tagKind(table, condition string) resource.Kind {
	read := func(condition string) func(context.Context, *store.Tx, *macie2.Call, string) (string, error) {
		return func(ctx context.Context, tx *store.Tx, call *macie2.Call, id string) (tags string, err error) {
			if _, err := session.Require(ctx, tx, call); err != nil {
				return "", err
			}
			err = tx.QueryRow(ctx, `select tags from `+table+` where region = $1 and account_id = $2 and id = $3`+condition,
				call.Region, call.Account, id).Scan(&tags)
			return tags, err
		}
	}
	return resource.Kind{
		Tags: read(condition), TagsToDecide: read(""),
		SetTags: func(ctx context.Context, tx *store.Tx, call *macie2.Call, id, was, tags string) error {
			tx.DeferExpect(1, `update `+table+` set tags = $4 where region = $1 and account_id = $2 and id = $3 and tags = $5`+condition,
				call.Region, call.Account, id, tags, was)
			return nil
		},
	}
}

// SessionHooks have what an account has in a Region deleted when it disables Macie there.
func (s *Service) SessionHooks() session.Hooks { return session.Hooks{Sweep: sweep} }

func sweep(ctx context.Context, tx *store.Tx, e session.Ended, limit int) (more bool, err error) {
	for _, table := range []string{"custom_data_identifier", "allow_list"} {
		n, err := tx.Exec(ctx, `delete from `+table+` where region = $1 and account_id = $2 and id in
			(select id from `+table+` where region = $1 and account_id = $2 order by id limit $3)`, e.Region, e.Account, limit)
		if err != nil {
			return false, err
		}
		more = more || n == int64(limit)
	}
	tx.Defer(`delete from identifier_count where region = $1 and account_id = $2`, e.Region, e.Account)
	return more, nil
}

func (s *Service) tx(ctx context.Context, call *macie2.Call, fn func(*store.Tx) error) error {
	return resource.WordRace(s.db.Tx(ctx, call.Region+"/"+string(call.Account), func(tx *store.Tx) error {
		if _, err := session.Hold(ctx, tx, call); err != nil {
			return err
		}
		if err := fn(tx); err != nil {
			return err
		}
		call.RecordChange(tx)
		return nil
	}))
}

func (s *Service) view(ctx context.Context, call *macie2.Call, fn func(*store.Tx) error) error {
	return s.db.View(ctx, func(tx *store.Tx) error {
		if _, err := session.Require(ctx, tx, call); err != nil {
			return err
		}
		return fn(tx)
	})
}

// count puts one more of a kind onto the account's count, unless the quota is reached. The row is what serialises creators, on all nodes.
func count(ctx context.Context, tx *store.Tx, call *macie2.Call, kind string, quota int64) error {
	n, err := tx.Exec(ctx, `insert into identifier_count (region, account_id, kind, counted) values ($1, $2, $3, 1)
		on conflict (region, account_id, kind) do update set counted = identifier_count.counted + 1 where identifier_count.counted < $4`,
		call.Region, call.Account, kind, quota)
	if err == nil && n == 0 {
		err = macie2.ErrQuota("The request failed because the current account already has %d of these in the Region, which is its quota.", quota)
	}
	return err
}

// uncount takes one of a kind off the account's count.
func uncount(tx *store.Tx, call *macie2.Call, kind string) {
	tx.DeferExpect(1, `update identifier_count set counted = counted - 1 where region = $1 and account_id = $2 and kind = $3 and counted > 0`,
		call.Region, call.Account, kind)
}

var errPage = macie2.ErrValidation("nextToken: it was not issued for this account, Region and operation")

// checkText holds a name or a description to a number of characters that can be printed.
func checkText(member string, s *string, least, most int) error {
	if s == nil {
		return nil
	}
	if n := utf8.RuneCountInString(*s); n < least || n > most {
		return macie2.ErrValidation("%s: must have %d to %d characters, not %d", member, least, most, n)
	}
	for i, r := range *s {
		if unicode.IsControl(r) {
			return macie2.ErrValidation("%s: there is a control character at byte %d", member, i)
		}
	}
	return nil
}

// optional is a text that is absent when it is empty.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
