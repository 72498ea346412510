package sampling

import (
	"context"
	"slices"

	"magpie/internal/inventory"
	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/store"
)

// Coverage is how well a bucket is known, and what stands in the way.
type Coverage struct {
	AccountID  string `json:"accountId"`
	Bucket     string `json:"bucketName"`
	Score      int64  `json:"sensitivityScore"`
	Label      string `json:"sensitivityLabel"`
	AnalysedAt string `json:"lastAnalysedAt,omitempty"`
	// Issue is a word for programs, empty where there is none; Reason and Remedy say the same to people, and what to do.
	Issue  string `json:"issue,omitempty"`
	Reason string `json:"reason,omitempty"`
	Remedy string `json:"remedy,omitempty"`

	Objects   int64 `json:"classifiableObjects"`
	Analysed  int64 `json:"analysedObjects"`
	Sensitive int64 `json:"sensitiveObjects"`
	Skipped   int64 `json:"skippedObjects"`
	Groups    int64 `json:"groups"` // of objects that are alike
	Seen      int64 `json:"groupsAnalysed"`
	// Certainty is how sure the score is: the share of objects that are in groups of which at least one object was analysed.
	Certainty float64 `json:"certainty"`
	// MostSensitiveShare is, where nothing was found, how much of the bucket may hold something all the same (at 95 %).
	MostSensitiveShare *float64 `json:"mostSensitiveShare,omitempty"`
}

// CoveragePage is a page of buckets, by account and name.
type CoveragePage struct {
	Buckets   []Coverage `json:"buckets"`
	NextToken string     `json:"nextToken,omitempty"`
}

// The issues.
const (
	issueDisabled       = "DISCOVERY_DISABLED"
	issueAccount        = "ACCOUNT_DISABLED"
	issuePaused         = "ACCOUNT_PAUSED"
	issueDenied         = "ACCESS_DENIED"
	issueQuota          = "BUCKET_COUNT_EXCEEDS_QUOTA"
	issueExcluded       = "EXCLUDED"
	issueAssigned       = "SCORE_ASSIGNED"
	issueEmpty          = "EMPTY"
	issueUncounted      = "NOT_COUNTED"
	issueUnclassifiable = "UNCLASSIFIABLE"
	issueTooLarge       = "TOO_LARGE"
	issueContent        = "INVALID_CONTENT"
	issueEncryption     = "INVALID_ENCRYPTION"
	issueKMS            = "INVALID_KMS_KEY"
	issuePermission     = "PERMISSION_DENIED"
	issueWaiting        = "NOT_YET_ANALYSED"
)

// advice are a reason and a remedy for each issue.
var advice = map[string][2]string{
	issueDisabled:       {"Automated discovery is not enabled.", "Enable it: magpie discovery enable, or UpdateAutomatedDiscoveryConfiguration."},
	issueAccount:        {"Automated discovery is off for the account that owns the bucket.", "Turn it on for the account by BatchUpdateAutomatedDiscoveryAccounts."},
	issuePaused:         {"Macie is suspended, or not enabled, for the account that owns the bucket.", "Resume it: UpdateMemberSession, or UpdateMacieSession by the account."},
	issueDenied:         {"The bucket or its store cannot be read.", "magpie store test shows which call the store refuses; give its key the permission to list and read the bucket."},
	issueQuota:          {"The account has more buckets than are watched, and this is none of the newest.", "Delete buckets that are not needed, or name patterns of those that count for the store (--buckets)."},
	issueExcluded:       {"The bucket is excluded.", "Take it off the list by UpdateClassificationScope; that holds from the next cycle on."},
	issueAssigned:       {"Somebody has assigned the highest score, so the bucket is not read.", "UpdateResourceProfile without a score has it computed again."},
	issueEmpty:          {"There is nothing in the bucket.", ""},
	issueUncounted:      {"The objects of the bucket were not counted yet.", "Nothing: they are counted when its store is looked at."},
	issueUnclassifiable: {"No object of the bucket has a storage class and an extension that can be analysed.", "Look at unclassifiableObjectCount in DescribeBuckets: restore objects from archives, or give files their extensions."},
	issueTooLarge:       {"Its objects are larger than the whole budget of a cycle.", "Raise --discovery-budget, or let a job look at the bucket."},
	issueContent:        {"The objects that were tried cannot be parsed, or are too large for their kind.", "Open the objects that ListResourceProfileArtifacts names as SKIPPED; others are tried in the next cycles."},
	issueEncryption:     {"The objects that were tried are encrypted with a key of the customer (SSE-C).", "Encrypt them with keys of the store or of KMS; they are tried again in the next cycles."},
	issueKMS:            {"The objects that were tried are encrypted with a KMS key that is not available.", "Enable the key again; the objects are tried again in the next cycles."},
	issuePermission:     {"The objects that were tried may not be read.", "Let the store's key read and decrypt them; they are tried again in the next cycles."},
	issueWaiting:        {"The bucket's turn has not come yet.", "Nothing, if a cycle is under way or has not begun since; else raise --discovery-budget."},
}

// Issues are the words of all issues.
func Issues() []string {
	return []string{issueDisabled, issueAccount, issuePaused, issueDenied, issueQuota, issueExcluded, issueAssigned, issueEmpty, issueUncounted,
		issueUnclassifiable, issueTooLarge, issueContent, issueEncryption, issueKMS, issuePermission, issueWaiting}
}

const (
	coveragePage = 100
	// mostScanned is how many buckets one call looks at for those with an issue: a page may have fewer than there are.
	mostScanned = 2000
)

// standpoint is what holds for all buckets of an account.
type standpoint struct {
	settings    *settings
	shown       bool
	covered     bool
	enabled     bool
	budgetBytes int64
}

// Coverage lists the buckets that the caller may see, with how well each is known and what stands in the way; with an issue those that have
// it, and with ANY those that have one.
func (s *Service) Coverage(ctx context.Context, call *macie2.Call, issue, token string) (*CoveragePage, error) {
	if issue != "" && issue != "ANY" && !slices.Contains(Issues(), issue) {
		return nil, macie2.ErrValidation("issue: must be ANY or one of %v", Issues())
	}
	list := pagetoken.Of(call, "magpie:GetDiscoveryCoverage", issue)
	after := []string{"", ""}
	if token != "" {
		var err error
		if after, err = s.pages.Open(list, token, 2); err != nil {
			return nil, errPage
		}
	}
	var out *CoveragePage
	err := s.view(ctx, call, func(tx *store.Tx) error {
		out = &CoveragePage{Buckets: []Coverage{}}
		holder, err := holderOf(ctx, tx, call.Region, call.Account)
		if err != nil {
			return err
		}
		owners := []macie2.AccountID{call.Account}
		if holder == call.Account {
			if owners, err = ownersOf(ctx, tx, call.Region, call.Account); err != nil {
				return err
			}
		}
		slices.Sort(owners)
		x, err := find(ctx, tx, call.Region, holder)
		if err != nil {
			return err
		}
		shown, err := x.shown(ctx, tx)
		if err != nil {
			return err
		}
		scanned := 0
		for _, owner := range owners {
			if string(owner) < after[0] {
				continue
			}
			p := standpoint{settings: x, shown: shown, budgetBytes: s.budget.Bytes}
			if p.covered, err = x.covers(ctx, tx, owner); err != nil {
				return err
			}
			if p.enabled, err = isEnabled(ctx, tx, call.Region, owner); err != nil {
				return err
			}
			from := ""
			if string(owner) == after[0] {
				from = after[1]
			}
			for {
				buckets, known, err := coveredPage(ctx, tx, call.Region, holder, owner, from)
				if err != nil {
					return err
				}
				for i := range buckets {
					if len(out.Buckets) == coveragePage || scanned == mostScanned {
						out.NextToken = s.pages.Seal(list, string(owner), from)
						return nil
					}
					scanned++
					from = buckets[i].Name
					c := p.coverage(owner, &buckets[i], known[from])
					if issue == "" || issue == c.Issue || issue == "ANY" && c.Issue != "" {
						out.Buckets = append(out.Buckets, c)
					}
				}
				if len(buckets) < coveragePage {
					break
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// coveredPage is a page of an owner's buckets after a name, and what is known of them.
func coveredPage(ctx context.Context, tx *store.Tx, region string, holder, owner macie2.AccountID, after string) ([]inventory.Holding, map[string]*profile, error) {
	buckets, err := inventory.Holdings(ctx, tx, region, owner, inventory.HoldingsPage{After: after, Most: coveragePage})
	if err != nil {
		return nil, nil, err
	}
	names := make([]string, len(buckets))
	for i, b := range buckets {
		names[i] = b.Name
	}
	known, err := profiles(ctx, tx, region, holder, owner, names)
	return buckets, known, err
}

// coverage describes how well a bucket is known.
func (p *standpoint) coverage(owner macie2.AccountID, b *inventory.Holding, x *profile) Coverage {
	c := Coverage{AccountID: string(owner), Bucket: b.Name, Objects: macie2.Deref(b.Classifiable)}
	if x == nil || !p.shown {
		x = &profile{}
	}
	f := &x.facts
	c.Score = x.evidence(b.Counted).Score()
	c.Label = Label(c.Score)
	c.Objects = max(c.Objects, f.Objects)
	c.Analysed, c.Sensitive, c.Skipped, c.Groups, c.Seen = f.analysed(), f.Kinds[sensitive], f.skipped(), f.Groups, f.GroupsSeen
	c.AnalysedAt = timeText(x.discoveredAt)
	if f.Objects > 0 {
		c.Certainty = min(1, float64(f.InSeen)/float64(f.Objects))
	}
	if c.Analysed > 0 && f.Sensitive == 0 {
		c.MostSensitiveShare = macie2.Ptr(0.0)
		if c.Analysed < c.Objects {
			c.MostSensitiveShare = macie2.Ptr(MostSensitiveShare(c.Analysed))
		}
	}
	if c.Issue = p.issue(b, x); c.Issue != "" {
		c.Reason, c.Remedy = advice[c.Issue][0], advice[c.Issue][1]
	}
	return c
}

// issue is what stands in the way of knowing a bucket, the most general one first.
func (p *standpoint) issue(b *inventory.Holding, x *profile) string {
	f := &x.facts
	switch {
	case !p.settings.enabled():
		return issueDisabled
	case !p.shown, !p.enabled:
		return issuePaused
	case !p.covered:
		return issueAccount
	case b.ErrorCode == string(macie2.BucketMetadataErrorCodeBucketCountExceedsQuota):
		return issueQuota
	case b.ErrorCode != "":
		return issueDenied
	case x.overridden:
		return issueAssigned
	case slices.Contains(p.settings.excludedNow, b.Name):
		return issueExcluded
	case f.analysed() > 0:
		return ""
	case b.Objects == nil:
		return issueUncounted
	case *b.Objects == 0 || b.Size != nil && *b.Size == 0:
		return issueEmpty
	case b.Classifiable != nil && *b.Classifiable == 0:
		return issueUnclassifiable
	}
	most, main := int64(0), ""
	for k, issue := range map[kind]string{skippedContent: issueContent, skippedEncryption: issueEncryption, skippedKMS: issueKMS, skippedDenied: issuePermission} {
		if n := f.Kinds[k]; n > most || n == most && n > 0 && issue < main {
			most, main = n, issue
		}
	}
	if main != "" {
		return main
	}
	if n := macie2.Deref(b.Classifiable); n > 0 && macie2.Deref(b.ClassifiableSize)/n > p.budgetBytes {
		return issueTooLarge
	}
	return issueWaiting
}
