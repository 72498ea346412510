// Package signin remembers who is signed in to the web console: sessions, the roles that they have switched to, and links that sign in
// once.
//
// What it owns: the tables console_session, console_identity and console_link (migrations/00070_console.sql). What it promises:
//
//   - The database holds the SHA-256 of what a browser or a link presents, never that itself, and no secret access key. It says whose
//     session it is; what that principal may do is decided anew for every call.
//   - A session ends after a fixed time (Options.Life), after a shorter one without a person's act (Options.Idle), or when it is ended,
//     whichever comes first. A principal has 50 sessions at most: the oldest makes room.
//   - A link is good once, on whichever node.
//
// All nodes share the database, and so they share the sessions. Start at session.go.
package signin
