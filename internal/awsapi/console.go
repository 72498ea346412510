package awsapi

import "context"

type consoleKey struct{}

// FromConsole returns a context that marks a request as made for a page of the web console. Nothing
// that a client sends can set the mark.
func FromConsole(ctx context.Context) context.Context {
	return context.WithValue(ctx, consoleKey{}, true)
}

func fromConsole(ctx context.Context) bool {
	marked, _ := ctx.Value(consoleKey{}).(bool)
	return marked
}
