package macie2

import (
	"fmt"
	"time"
)

// AccountID is an AWS account's id: 12 digits.
type AccountID string

// ParseAccountID returns s as an AccountID if it is one.
func ParseAccountID(s string) (AccountID, error) {
	if len(s) != 12 {
		return "", fmt.Errorf("an account id has 12 digits, not %d characters", len(s))
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return "", fmt.Errorf("an account id has digits only; character %d is none", i+1)
		}
	}
	return AccountID(s), nil
}

// Call is who calls, from where, and when. The edge makes it once the signature
// is verified; it is the second argument of every operation. It is not changed
// after that, so it may be read from anywhere.
type Call struct {
	// Account and Region say whose state the operation is about.
	Account AccountID
	Region  string

	Principal Principal

	// Now is the time of the request in UTC, in whole milliseconds: what is
	// stored and what is answered agree.
	Now time.Time

	RequestID string
	SourceIP  string
	UserAgent string

	// Change is the record that the call changes something, nil where it may not, or where no
	// records are kept. Whoever changes something for the call writes it, by RecordChange.
	Change Change
}

// Change is the record that a call changes something.
type Change interface {
	// Record writes it in the transaction that makes the change.
	Record(tx Transaction)
}

// Transaction is what a Change needs of a transaction.
type Transaction interface {
	// Put runs a statement before the transaction ends.
	Put(sql string, args ...any)
	// OnCommit has fn called once the transaction is durable.
	OnCommit(fn func())
}

// RecordChange writes the record of the call in the transaction that does what it asks for: the
// change is durable exactly when its record is. A call may have several transactions, and each may
// be tried several times; the record is there once.
func (c *Call) RecordChange(tx Transaction) { RecordChange(c.Change, tx) }

// RecordChange writes a record, if there is one.
func RecordChange(c Change, tx Transaction) {
	if c != nil {
		c.Record(tx)
	}
}

// Principal is the identity behind a signature.
type Principal struct {
	ARN     string // arn:aws:iam::111122223333:user/alice, arn:aws:sts::…:assumed-role/R/S
	ID      string // the unique id that STS GetCallerIdentity calls UserId
	KeyID   string // the access key id
	Account AccountID

	// SourceIdentity is what a session says of who is behind it; it stays the same through all
	// roles that are assumed from it. Empty if nothing was said.
	SourceIdentity string

	// Policies are the names or documents attached to the key or role. The
	// name "none" grants nothing.
	Policies []string
}
