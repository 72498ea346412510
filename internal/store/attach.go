package store

import "context"

// attachment is what Attach puts into a context.
type attachment struct{}

// Attach returns a context in which every [DB.Tx] calls also, behind its closure and in the same
// transaction, when the closure has returned nil. It is for what has to be true exactly when the
// change is, and is none of the closure's business: the record that the change was made. It may run
// several times, as the closure may, and in several transactions.
func Attach(ctx context.Context, also func(ctx context.Context, tx *Tx) error) context.Context {
	return context.WithValue(ctx, attachment{}, also)
}

// attached returns fn with what Attach has attached to ctx.
func attached(ctx context.Context, fn func(*Tx) error) func(*Tx) error {
	also, ok := ctx.Value(attachment{}).(func(context.Context, *Tx) error)
	if !ok {
		return fn
	}
	return func(tx *Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return also(ctx, tx)
	}
}
