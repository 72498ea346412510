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
//   - A [Long] kind works for minutes or hours. What it stores, it stores in transactions that also record how far it has
//     come ([Held.Progress]), so each of them happens once, and the next attempt begins at the last.
//   - Only one worker owns a task. Each claim has a name that is never used again (the fence); ending a task, or recording
//     its progress, names the claim: a worker that lost it changes nothing, and its transaction is rolled back.
//   - The tasks of a dead worker are taken up within Lease + Poll (less than five seconds), by the database's clock.
//   - All nodes together keep to a kind's Rate, without bursts, and to the limits of a long kind.
//
// # A task's life
//
//	            ┌────────────── transactional: handled and deleted in one transaction ─────────────▶ gone
//	Enqueue ─▶ ready ── external: claim (owner, claim) ─▶ held ── Do, then Finish in one transaction ─▶ gone
//	            ▲ ▲                                        │ │ ▲ │
//	            │ └── to be tried later, with backoff ─────┘ │ └─┘ long: progress
//	            └──── its worker died or stops ──────────────┘
//	            └──── long: its group was paused
//	attempts or age exhausted, or Finish cannot record the outcome: failed (kept, counted; `magpie queue` lists them and
//	brings them back, or discards them)
//
// # Long tasks
//
// Each belongs to a tenant, an account, and may belong to a group, such as a run of a job. A line (task_line) is the long
// tasks of one kind, tenant and group, with their numbers. A free slot goes to the tenant that fewest tasks are held for,
// among those to the one that was served longest ago; so a tenant with a million tasks has one share, as one with ten has.
// Claims of a kind are made one at a time, under its row of task_turn, which is what makes the limits exact over all nodes.
//
// A group that is paused or cancelled has a row in task_group. Its tasks that are held are taken away from their workers in
// the transaction that closes it: from then on the fence keeps them from storing anything. Each worker looks every Poll
// whether what it works on is still its own, and ends the attempts that are not. Cancelled tasks that nobody holds are
// deleted in batches by a task.
//
// A worker that finds nothing to claim while others are busy says so (idle_at), and those that hold a long task may split
// it ([Held.Idle]): the transaction that cuts the task short enqueues the rest. Nodes that work on something leave what is
// enqueued to one that has nothing, for a second: the half of a task is for it, and not for a free slot of who split it.
//
// Long and gentle kinds use the store's background connections, so that they do not take those that requests wait for.
//
// # What it costs
//
// A worker's row is written with a claim and renewed every second while it holds anything, so an idle queue writes
// nothing; it costs one small read every 250 ms, and while long tasks are held one more. How many tasks are ready is not
// counted but kept: in the lines, and for other kinds in tallies (package store), which add one statement to a commit
// however many closures share it.
//
// Start reading at queue.go; transactional.go, external.go and long.go are the three ways to be done, group.go has the
// lines and groups, worker.go holds the leases, run.go the loops.
package queue
