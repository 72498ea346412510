// Package audit keeps the record of every call, allowed or not, in the shape of AWS CloudTrail:
// who, from where, what, with which parameters, and what came of it.
//
// # What it promises
//
//   - A change and its record are one transaction: [Trail.Expect] makes the record of an operation
//     that may change something, the call carries it, and the transaction that does what the call
//     asks for writes it ([macie2.Call.RecordChange]). There is no moment at which one is durable
//     and the other is not, whatever dies.
//   - The records of other calls are written by a worker, many in one transaction, within a second.
//     They wait in a bounded buffer; when it is full, calls wait for it; what is lost all the same,
//     because the database is away for longer than they can wait, is counted and logged.
//   - Every record also goes, as a line of JSON, to a file of the node's own, within a second. Log
//     shippers read those.
//   - A record shows the members of an input that members.go names, and nothing else: no secret, no
//     token, no matched data.
//   - Strangers cannot fill the disk: beyond a rate their calls are only counted, in one record a
//     second.
//   - Records go when they are older than the retention, a few at a time.
//
// # What the transaction cannot know
//
// The answer is made after the commit. The record that rides along says what the answer is nearly
// always: unprocessedAccounts is empty, there is nothing else to say. When it turns out otherwise,
// the record is written again; where the first one misleads, because some account was not processed
// or the call failed after all, the answer waits until that is durable.
//
// docs/decisions/0005 weighs this against the alternatives.
//
// Start at trail.go; record.go is what a record says, file.go the files, query.go what `magpie
// audit` asks.
package audit
