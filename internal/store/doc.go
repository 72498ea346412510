// Package store is Magpie's one door to its database: SQLite inside the process (the default) or a
// PostgreSQL that many nodes share. Both run the same statements and the same tests.
//
// # What it promises
//
//   - [DB.Tx] answers nil only when what its closure wrote is durable, and an error only when
//     nothing of it is. The one exception has a name of its own: [ErrUnknownOutcome], when the
//     connection died after COMMIT had been sent.
//   - Closures of many callers share one commit (group commit); each stands behind its own
//     savepoint, so one that fails takes nothing of the others with it. A closure that was refused
//     after it had seen uncommitted work of its group is answered only once that work is committed.
//   - Errors are the few sentinels of errors.go, whatever the engine; drivers' codes are translated
//     in sqlite_errors.go and postgres_errors.go, never by the text of a message.
//   - Truth is in the database. Nothing is cached here but prepared statements.
//
// # Rules for those who write SQL
//
// One text for both engines: lower case, columns spelled out, $1… numbered in the order of first
// use, types text, bigint and boolean only, times as epoch milliseconds (bigint), `on conflict`,
// `returning`. What truly differs is a method: [Tx.Any], [Tx.Contains], [Tx.NowMillis],
// [Tx.ForUpdateSkipLocked]. sum() of bigints is a numeric on PostgreSQL: write cast(sum(x) as
// bigint). A text that lists are sorted by is declared `text collate "binary"`: both engines then
// sort it by its bytes, as Go does, where PostgreSQL's own order is that of the database's locale.
// Constraints must not be deferred.
//
// Each statement sees what was committed before it, so on PostgreSQL a row may change between the
// look at it and the end of the transaction. What is decided by a look is therefore compared again
// by the statement that changes the row, or leans on a constraint, or the row is held: by an update
// that changes nothing, by [Tx.ForShare] or by [Tx.ForKeyShare]. A refusal needs none of that.
//
// A closure may run several times (lost connections, serialization failures, [ErrConflict]): it
// must have no effect but its statements and [Tx.OnCommit], must set rather than append to
// variables outside it, and must do nothing slow, since it holds its lane. It must not call Tx or
// View of the same store: that would wait for itself. Once a statement fails, the transaction is
// over: all further statements return the same error, and so does Tx.
//
// # Lanes
//
// A lane is where writers wait for one connection, one behind the other. SQLite has one for all;
// PostgreSQL has a few. Which one a writer waits in is decided by the name given to Tx, so that
// writers of the same rows, who should give the same name, never wait for each other's locks. Names
// get lanes of their own only when several are written under at once (stripes.go): who writes one
// after the other shares a connection, whatever the names.
//
//	caller ──request──▶ lane: begin · [savepoint · closure · release]×n · commit ──outcome──▶ every caller of the group
//
// The closure itself runs on its caller's goroutine, while the lane waits: a panic is the caller's
// own, a test may fail inside it, and the others of the group lose nothing.
//
// [DB.Background] has connections of its own, for work that takes long or comes in masses.
//
// A number that many transactions change is kept with [Tx.Tally] rather than in one row, whose lock
// they would all wait for, or counted.
//
// Start reading at store.go, then lane.go, stripes.go, sqlite.go and postgres.go; backup.go copies
// and restores the file. Tables are in migrations/; package storetest opens fresh databases for
// tests.
package store
