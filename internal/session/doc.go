// Package session owns what Macie is in an account and Region: whether it is enabled or paused, and
// how often findings are published. Everything else that an account has in Macie hangs on its
// session.
//
// # What it promises
//
// Whoever begins, pauses, resumes or ends a session, the account itself or the administrator of an
// organization, does it through this package, and the hooks that other packages have registered run
// in the same transaction. A hook that asks first ([Hooks.BeforeUpdate], [Hooks.BeforeDisable]) may
// refuse; it is decided again when the session has changed under it.
//
// What hangs on a session that ended is gone for everybody at once, since each operation asks for
// the session ([Require]) in its own transaction. The rows go afterwards: ending a session marks it
// (session_ended), and a task has each package delete some of its rows at a time ([Hooks.Sweep]).
// An account that enables Macie again does not see what was before: what is left to sweep is swept
// first.
//
// The row of a session (macie_session) has columns of package membership beside those of this one:
// which side of a relationship the account is on, and what it counts. The constraints that rest on
// them are explained there.
//
// Start reading at service.go; change.go is how sessions change, sweep.go what follows their end.
package session
