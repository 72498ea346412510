package membership

import (
	"time"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// Association is an account that became a member account of an administrator, or ceased to be one.
type Association struct {
	Region                string
	Administrator, Member macie2.AccountID
	Joined                bool
	At                    time.Time
}

// OnAssociation registers what has to happen, in the same transaction, when an account becomes a
// member account, or ceases to be one. The hook may put statements off to the end of the
// transaction, and does nothing else. It must be called before the first request.
func (s *relations) OnAssociation(hook func(*store.Tx, Association)) {
	s.onAssociation = append(s.onAssociation, hook)
}

// tellAssociation tells the hooks of an event that begins or ends an association. An account that
// is suspended, or whose Region is disabled, stays the member that it was.
func (s *relations) tellAssociation(tx *store.Tx, x viewedEntry) {
	if x.viewer != x.administrator {
		return // each event is told once
	}
	was := isAssociated(x.from) || x.from == macie2.RelationshipStatusAccountSuspended || x.from == macie2.RelationshipStatusRegionDisabled
	a := Association{Region: x.region, Administrator: x.administrator, Member: x.member, Joined: isAssociated(x.to), At: x.at}
	if a.Joined == was || !a.Joined && x.to != macie2.RelationshipStatusRemoved && x.to != macie2.RelationshipStatusResigned {
		return
	}
	for _, hook := range s.onAssociation {
		hook(tx, a)
	}
}
