// Package queue is what happens after the commit: tasks that are written in the transaction which decides them, and done by
// a worker afterwards, on any node, whatever dies in between.
//
// # What it promises
//
//   - A task exists if and only if the transaction that enqueued it committed.
//   - A [Transactional] kind is handled exactly once: its handler's statements and the end of the task are one transaction.
//   - An [External] kind has effects outside the database, such as mail, and is done at least once; twice only when a
//     process dies, or stands still for longer than its lease, between the effect and the commit that records it. At most
//     InDoubt tasks of a process (64) are between the two at any moment.
//   - Only one worker owns a task. Each claim has a name that is never used again (the fence); ending a task names the
//     claim, so whoever lost it changes nothing, and what its Finish wrote is rolled back.
//   - The tasks of a dead worker are taken up within Lease + Poll (less than five seconds), by the database's clock.
//   - All nodes together keep to a kind's Rate, without bursts.
//
// # A task's life
//
//	            ┌────────────── transactional: handled and deleted in one transaction ─────────────▶ gone
//	Enqueue ─▶ ready ── external: claim (owner, claim) ─▶ held ── Do, then Finish in one transaction ─▶ gone
//	            ▲ ▲                                        │ │
//	            │ └── to be tried later, with backoff ─────┘ │
//	            └──── its worker died ───────────────────────┘
//	attempts or age exhausted, or Finish cannot record the outcome: failed (kept, counted, Retry brings it back)
//
// A worker's row is written with a claim and renewed every second while it holds anything, so an idle queue writes
// nothing; it costs one small read every 250 ms.
//
// Start reading at queue.go; transactional.go and external.go are the two ways to be done, worker.go holds the leases,
// run.go the loops.
package queue
