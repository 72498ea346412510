package identity

import (
	"magpie/internal/macie2"
	"magpie/internal/store"
)

// Options of a Directory or a Service.
type Options struct {
	Dev   bool
	Hooks Hooks
}

// Directory is everything that needs a database alone: accounts, the keys and
// roles of these, and organizations. Whoever needs one of the three takes that
// one.
type Directory struct {
	*Accounts
	*Principals
	*Organizations
}

// NewDirectory returns the directory in db.
func NewDirectory(db *store.DB, o Options) *Directory {
	return &Directory{
		Accounts:      &Accounts{db: db, dev: o.Dev, hooks: o.Hooks},
		Principals:    &Principals{db: db},
		Organizations: &Organizations{db: db, hooks: o.Hooks},
	}
}

// Principals is the access keys and roles of accounts, and the policies that are
// attached to them. It is safe for concurrent use and keeps nothing in memory.
// It makes no keys, for which the master key is needed: a Service does.
type Principals struct {
	db *store.DB
}

// Organizations is which accounts belong together, who manages them, and who acts
// for them in a service. It is safe for concurrent use and keeps nothing in
// memory.
type Organizations struct {
	db     *store.DB
	hooks  Hooks
	change macie2.Change // goes with what manage changes; nil if there is none
}

// Recording returns the same directory for one call: what it changes in an organization is recorded
// by change in the same transaction.
func (d *Organizations) Recording(change macie2.Change) *Organizations {
	return &Organizations{d.db, d.hooks, change}
}
