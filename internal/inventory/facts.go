package inventory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"magpie/internal/identity"
	"magpie/internal/inventory/access"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
	"magpie/internal/store"
)

// How buckets are asked about.
const (
	askers     = 8  // buckets at once
	writeBatch = 32 // buckets in a transaction
	pageToAsk  = 1000
	// Buckets with at most so many objects are counted again whenever their store is looked at, others once a day: Macie's own rule.
	smallBucket = 30_000
)

// asked is what a bucket's store said about it.
type asked struct {
	before *record
	facts  objectstore.Facts
	err    error // of the bucket as a whole
}

// askAll asks about the buckets that this look has not asked about yet.
func (s *Service) askAll(ctx context.Context, x Store, b objectstore.Store) error {
	for after := ""; ; {
		var todo []*record
		err := s.db.View(ctx, func(tx *store.Tx) (err error) {
			todo, err = readRecords(ctx, tx, `b.region = $1 and b.account_id = $2 and b.name > $3 and b.store_id = $4 and b.facts_look < $5
				and b.gone_at is null order by b.name limit $6`, x.Region, string(x.Account), after, x.ID, x.look, int64(pageToAsk))
			return err
		})
		if err != nil || len(todo) == 0 {
			return err
		}
		after = todo[len(todo)-1].Name
		if err := s.askPage(ctx, x, b, todo); err != nil {
			return err
		}
	}
}

// askPage asks about buckets, several at once, and writes the answers as they come, several in a transaction.
func (s *Service) askPage(ctx context.Context, x Store, b objectstore.Store, todo []*record) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan *record)
	answers := make(chan asked, writeBatch)
	var w sync.WaitGroup
	for range min(askers, len(todo)) {
		w.Go(func() {
			for r := range next {
				a := asked{before: r}
				a.facts, a.err = b.Facts(ctx, r.Name)
				answers <- a
			}
		})
	}
	go func() {
		defer close(next)
		for _, r := range todo {
			select {
			case next <- r:
			case <-ctx.Done():
				return
			}
		}
	}()
	go func() {
		w.Wait()
		close(answers)
	}()
	var failure error
	var batch []asked
	flush := func() {
		if len(batch) > 0 && failure == nil {
			if failure = s.learn(ctx, x, batch); failure != nil {
				cancel(failure)
			}
		}
		batch = batch[:0]
	}
	for a := range answers {
		if failure != nil || ctx.Err() != nil {
			continue // so that those who ask can end
		}
		if a.err != nil && ofAll(a.err) {
			failure = a.err
			cancel(failure)
			continue
		}
		if batch = append(batch, a); len(batch) >= writeBatch || len(answers) == 0 {
			flush()
		}
	}
	flush()
	if failure == nil {
		failure = ctx.Err()
	}
	return failure
}

// ofAll reports whether an error that came up with one bucket is about the store as a whole.
func ofAll(err error) bool {
	for _, kind := range []error{objectstore.ErrCredentials, objectstore.ErrClock, objectstore.ErrUnreachable, objectstore.ErrCertificate,
		objectstore.ErrForbidden, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// errOtherPeers says that the accounts which belong together have changed since a bucket was judged.
var errOtherPeers = errors.New("who belongs together has changed meanwhile")

// learn writes what was said about buckets. Who can reach them is decided before the transaction begins: policies are written by whoever owns
// the buckets, and evaluating one can take long, which nobody else's writes should have to wait for.
func (s *Service) learn(ctx context.Context, x Store, batch []asked) error {
	for attempt := 1; ; attempt++ {
		judged, err := s.judge(ctx, batch)
		if err == nil {
			err = s.keepLearned(ctx, x, batch, judged)
		}
		if !errors.Is(err, errOtherPeers) || attempt == 5 {
			return err
		}
	}
}

// judgement is who can reach a bucket, and what that was decided by.
type judgement struct {
	settings access.Settings
	access   access.Access
}

// judge decides who can reach some buckets.
func (s *Service) judge(ctx context.Context, batch []asked) ([]judgement, error) {
	judged := make([]judgement, len(batch))
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		for i, a := range batch {
			if a.err == nil && err == nil {
				judged[i].settings, _, err = s.settings(ctx, tx, a.before, a.facts)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for i, a := range batch {
		if a.err == nil {
			judged[i].access = access.Evaluate(judged[i].settings)
		}
	}
	return judged, nil
}

// keepLearned writes what was said about buckets, and who can reach them.
func (s *Service) keepLearned(ctx context.Context, x Store, batch []asked, judged []judgement) error {
	return s.db.Tx(ctx, lane(x.Region, x.Account), func(tx *store.Tx) error {
		names := make(store.List, len(batch))
		for i, a := range batch {
			names[i] = a.before.Name
		}
		current, err := readRecords(ctx, tx, `b.region = $1 and b.account_id = $2 and b.store_id = $3 and b.gone_at is null and `+tx.Any("b.name", 4),
			x.Region, string(x.Account), x.ID, names)
		if err != nil {
			return err
		}
		byName := make(map[string]*record, len(current))
		for _, r := range current {
			byName[r.Name] = r
		}
		var changes []change
		for i, a := range batch {
			before := byName[a.before.Name]
			if before == nil || before.FactsLook >= x.look {
				continue // it is gone meanwhile, or another worker has asked
			}
			after, err := s.learned(ctx, tx, x, before, a, judged[i])
			if err != nil {
				return err
			}
			changes = append(changes, change{before, after})
		}
		return s.write(ctx, tx, changes)
	})
}

// learned makes the record of a bucket out of what was said about it. A nil is one that is gone.
func (s *Service) learned(ctx context.Context, tx *store.Tx, x Store, before *record, a asked, j judgement) (*record, error) {
	now := s.now()
	after := *before
	after.FactsLook, after.LastUpdated = x.look, now.UnixMilli()
	if errors.Is(a.err, objectstore.ErrNoBucket) {
		return nil, nil
	}
	if a.err != nil {
		after.forget(macie2.BucketMetadataErrorCodeAccessDenied, Explain(a.err))
		return &after, nil
	}
	after.Known, after.ErrorCode, after.ErrorText = true, nil, nil
	old, err := readFacts(ctx, tx, before)
	if err != nil {
		return nil, err
	}
	settings, replicated, err := s.settings(ctx, tx, &after, a.facts)
	if err != nil {
		return nil, err
	}
	if settings.Organization != j.settings.Organization || !maps.Equal(settings.Peers, j.settings.Peers) {
		return nil, errOtherPeers
	}
	verdict := j.access
	facts := settle(&after, a.facts)
	reach(&after, verdict)
	facts.Reasons = verdict.Reasons
	facts.ReplicationAccounts = replicated.accounts
	after.ReplicatedExternally = replicated.external
	var was *seen
	if old != nil {
		was = &old.Seen
	}
	facts.Seen = see(was, a.facts, verdict, macie2.Deref(after.SSEType), verdictOf(replicated.external))
	if err := s.changed(ctx, tx, before, &after, facts, compare(was, &facts.Seen, verdict)); err != nil {
		return nil, err
	}
	if err := s.keepFacts(ctx, tx, &after, old, facts); err != nil {
		return nil, err
	}
	return &after, s.recount(ctx, tx, x, &after)
}

// replicas are the accounts that a bucket is replicated to.
type replicas struct {
	accounts []string
	external *bool
}

func verdictOf(b *bool) access.Verdict {
	switch {
	case b == nil:
		return access.Unknown
	case *b:
		return access.Yes
	}
	return access.No
}

// settings are what decides who can reach a bucket, and whom it is replicated to.
func (s *Service) settings(ctx context.Context, tx *store.Tx, r *record, f objectstore.Facts) (access.Settings, replicas, error) {
	settings := access.Settings{Bucket: r.Name, Account: string(r.Account), Policy: f.Policy, ACL: f.ACL, Block: f.Block, AccountBlock: f.AccountBlock}
	mentioned := access.Accounts(settings)
	for _, g := range f.ACL.Value.Grants {
		mentioned = append(mentioned, g.ID)
	}
	var to replicas
	for _, rule := range f.Replication.Value.Rules {
		account := rule.Account
		if account == "" {
			account = string(r.Account) // without one, the copy is its owner's
		}
		to.accounts = append(to.accounts, account)
	}
	slices.Sort(to.accounts)
	to.accounts = slices.Compact(to.accounts)
	var among []macie2.AccountID
	for _, id := range append(mentioned, to.accounts...) {
		if id, err := macie2.ParseAccountID(id); err == nil {
			among = append(among, id)
		}
	}
	peers, err := s.peers(ctx, tx, r.Region, r.Account, among)
	if err != nil {
		return access.Settings{}, to, err
	}
	settings.Peers = make(map[string]bool, len(peers))
	for id, is := range peers {
		settings.Peers[string(id)] = is
	}
	if s.directory != nil {
		o, err := s.directory.OrganizationOf(ctx, tx, r.Account)
		switch {
		case err == nil:
			settings.Organization = string(o.ID)
		case !errors.Is(err, identity.ErrNoOrganization):
			return access.Settings{}, to, err
		}
	}
	if f.Replication.State != objectstore.Unknown {
		to.external = macie2.Ptr(slices.ContainsFunc(to.accounts, func(id string) bool { return !settings.Peers[id] }))
	}
	return settings, to, nil
}

// reach puts a verdict into a record.
func reach(r *record, a access.Access) {
	r.Effective = string([...]macie2.EffectivePermission{
		access.Unknown: macie2.EffectivePermissionUnknown, access.No: macie2.EffectivePermissionNotPublic, access.Yes: macie2.EffectivePermissionPublic,
	}[a.Public])
	switch {
	case a.External == access.Yes:
		r.Shared = string(macie2.SharedAccessExternal)
	case a.External == access.Unknown, a.Internal == access.Unknown:
		r.Shared = string(macie2.SharedAccessUnknown)
	case a.Internal == access.Yes:
		r.Shared = string(macie2.SharedAccessInternal)
	default:
		r.Shared = string(macie2.SharedAccessNotShared)
	}
	r.AllowsUnencrypted = string([...]macie2.AllowsUnencryptedObjectUploads{
		access.Unknown: macie2.AllowsUnencryptedObjectUploadsUnknown, access.No: macie2.AllowsUnencryptedObjectUploadsFalse,
		access.Yes: macie2.AllowsUnencryptedObjectUploadsTrue,
	}[a.UnencryptedUploads])
	for _, v := range []struct {
		verdict access.Verdict
		to      **bool
	}{{a.ACLRead, &r.ACLRead}, {a.ACLWrite, &r.ACLWrite}, {a.PolicyRead, &r.PolicyRead}, {a.PolicyWrite, &r.PolicyWrite}} {
		*v.to = nil
		if v.verdict != access.Unknown {
			*v.to = macie2.Ptr(v.verdict == access.Yes)
		}
	}
}

// facts is what is kept of a bucket beside its record, as JSON.
type facts struct {
	Owner               objectstore.Owner `json:"owner"`
	Tags                []objectstore.Tag `json:"tags"`
	ReplicationAccounts []string          `json:"replicationAccounts,omitempty"`
	// Unknown says for each setting that is not known why, Reasons what decided who can reach the bucket.
	Unknown map[string]string `json:"unknown,omitempty"`
	Reasons []string          `json:"reasons,omitempty"`
	Seen    seen              `json:"seen"`
}

// settle puts the settings of a bucket into its record.
func settle(r *record, f objectstore.Facts) *facts {
	out := &facts{Owner: f.Owner, Tags: []objectstore.Tag{}, Unknown: map[string]string{}}
	unknown := func(what string, state objectstore.State, reason string) {
		if state == objectstore.Unknown {
			out.Unknown[what] = clip400(reason)
		}
	}
	unknown("policy", f.Policy.State, f.Policy.Reason)
	unknown("accessControlList", f.ACL.State, f.ACL.Reason)
	unknown("blockPublicAccess", f.Block.State, f.Block.Reason)
	unknown("accountBlockPublicAccess", f.AccountBlock.State, f.AccountBlock.Reason)
	unknown("encryption", f.Encryption.State, f.Encryption.Reason)
	unknown("versioning", f.Versioning.State, f.Versioning.Reason)
	unknown("replication", f.Replication.State, f.Replication.Reason)
	unknown("tags", f.Tags.State, f.Tags.Reason)
	r.Block, r.AccountBlock = blockFlags(f.Block), blockFlags(f.AccountBlock)
	r.SSEType, r.KMSKeyID = nil, nil
	switch f.Encryption.State {
	case objectstore.Known:
		r.SSEType = &f.Encryption.Value.Algorithm
		if f.Encryption.Value.KMSKeyID != "" {
			r.KMSKeyID = &f.Encryption.Value.KMSKeyID
		}
	case objectstore.Absent:
		r.SSEType = macie2.Ptr(string(macie2.TypeNone))
	}
	r.Versioning = f.Versioning.Value
	r.Replicated = nil
	if f.Replication.State != objectstore.Unknown {
		r.Replicated = macie2.Ptr(len(f.Replication.Value.Rules) > 0)
	}
	if f.Tags.State == objectstore.Known {
		out.Tags = f.Tags.Value
	}
	r.Tags = tagLines(out.Tags)
	return out
}

// blockFlags are the four flags; absent ones are false, and unknown ones stay so.
func blockFlags(a objectstore.Answer[objectstore.PublicAccessBlock]) flags {
	if a.State == objectstore.Unknown {
		return flags{}
	}
	b := a.Value
	return flags{&b.BlockPublicAcls, &b.IgnorePublicAcls, &b.BlockPublicPolicy, &b.RestrictPublicBuckets}
}

// readFacts reads what is kept of a bucket beside its record; nil where nothing is.
func readFacts(ctx context.Context, tx *store.Tx, r *record) (*facts, error) {
	var text string
	err := tx.QueryRow(ctx, `select facts from bucket_facts where region = $1 and account_id = $2 and name = $3`, r.Region, r.Account, r.Name).
		Scan(&text)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	f := new(facts)
	if err := json.Unmarshal([]byte(text), f); err != nil {
		return nil, fmt.Errorf("what is kept of bucket %s: %w", r.Name, err)
	}
	return f, nil
}

// keepFacts writes what is kept of a bucket beside its record, if it is not what is there.
func (s *Service) keepFacts(_ context.Context, tx *store.Tx, r *record, old, f *facts) error {
	b, err := json.Marshal(f)
	if err != nil {
		return err
	}
	if old != nil {
		was, err := json.Marshal(old)
		if err != nil {
			return err
		}
		if string(was) == string(b) {
			return nil
		}
	}
	tx.DeferInsert(`insert into bucket_facts (region, account_id, name, facts)`, [][]any{{r.Region, r.Account, r.Name, string(b)}},
		`on conflict (region, account_id, name) do update set facts = excluded.facts`)
	tx.Defer(`delete from bucket_tag where region = $1 and account_id = $2 and name = $3`, r.Region, r.Account, r.Name)
	var rows [][]any
	seen := map[string]bool{}
	for _, t := range f.Tags {
		if !seen[t.Key] {
			rows = append(rows, []any{r.Region, string(r.Account), r.Name, storable(t.Key), storable(t.Value)})
		}
		seen[t.Key] = true
	}
	tx.DeferInsert(`insert into bucket_tag (region, account_id, name, key, value)`, rows, "")
	return nil
}
