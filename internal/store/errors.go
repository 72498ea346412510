package store

import (
	"context"
	"errors"
	"fmt"
)

// The errors a caller can act on. Everything the store returns wraps the driver's error; errors.Is
// finds these.
var (
	// ErrNotFound: QueryRow found no row.
	ErrNotFound = errors.New("store: not found")
	// ErrExists: a unique constraint or primary key refused the row.
	ErrExists = errors.New("store: exists already")
	// ErrConflict: somebody else was faster. Returned by a closure whose compare-and-set changed no
	// row, it makes Tx run the closure again, a bounded number of times; Tx returns it when that
	// did not help either.
	ErrConflict = errors.New("store: lost a race")
	// ErrForeignKey: a row refers to one that does not exist, or is still referred to.
	ErrForeignKey = errors.New("store: foreign key")
	// ErrCheck: a check or not-null constraint refused the row.
	ErrCheck = errors.New("store: check constraint")
	// ErrInvalidText: a string holds a NUL or is not UTF-8; neither engine is asked to store it.
	ErrInvalidText = errors.New("store: text with NUL or invalid UTF-8")
	// ErrReadOnly: a statement of View wrote, or the database cannot be written.
	ErrReadOnly = errors.New("store: read-only")
	// ErrFull: the disk, or what the database may use of it, is full.
	ErrFull = errors.New("store: disk full")
	// ErrUnavailable: the database cannot be reached or is overloaded. Nothing was written; trying
	// later may help.
	ErrUnavailable = errors.New("store: database unavailable")
	// ErrUnknownOutcome: the connection died after COMMIT was sent: the work is either whole in the
	// database or not there at all, and only a look can tell. The store never repeats such a
	// transaction.
	ErrUnknownOutcome = errors.New("store: outcome of commit unknown")
	// ErrNewer: the database was migrated by a newer Magpie than this one.
	ErrNewer = errors.New("store: database is newer than this program")
	// ErrOlder: the database lacks migrations that it had when it was opened.
	ErrOlder = errors.New("store: database is older than this program")
	// ErrNoStore: there is no store, and none was to be made.
	ErrNoStore = errors.New("store: there is none")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("store: closed")
)

// errSerialization marks what the engine asks to have repeated: serialization failures, deadlocks,
// lock timeouts.
var errSerialization = errors.New("store: serialization failure")

// dbError is a driver's error with the sentinel it stands for.
type dbError struct {
	kind error
	err  error
}

func (e *dbError) Error() string   { return e.kind.Error() + ": " + e.err.Error() }
func (e *dbError) Unwrap() []error { return []error{e.kind, e.err} }

func wrapKind(kind, err error) error {
	if err == nil {
		return nil
	}
	return &dbError{kind: kind, err: err}
}

// settled turns what is left after the last retry into an error of the public kind.
func settled(err error) error {
	if errors.Is(err, errSerialization) {
		return wrapKind(ErrConflict, err)
	}
	return err
}

// contextError says which wait the end of a context cut short; errors.Is finds context.Canceled and
// the cause.
func contextError(ctx context.Context, doing string) error {
	err := ctx.Err()
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, err) {
		return fmt.Errorf("store: %s: %w: %w", doing, err, cause)
	}
	return fmt.Errorf("store: %s: %w", doing, err)
}
