// Package discovery owns sensitive data discovery: classification jobs, and the machine that works through their objects.
//
// # A job and its runs
//
//	           create                      initialRun false: IDLE
//	             ▼                                │ due
//	┌──────── RUNNING ◀───────────────────────────┘
//	│  │    │    ▲
//	│  │    │    └── next month, quota raised ── PAUSED ◀── monthly quota met
//	│  │    └─ ended: COMPLETE (one time), IDLE (scheduled)
//	│  └─ UpdateClassificationJob ─▶ USER_PAUSED ─▶ where it was
//	└─ UpdateClassificationJob, Macie suspended or disabled ─▶ CANCELLED
//
// A run is planned (plan.go): each bucket in its scope becomes one or more shards, ranges of keys, each of which is one long
// task of package queue in the run's group. A shard (shard.go) lists its range page by page, decides from the listing alone
// which objects belong to the scope, reads and analyses those, and commits what came of them together with how far it has
// come. So nothing is analysed twice but what was under way when a worker died, and no finding is written twice. The last
// shard that ends completes the run, in the transaction of its end: whoever reads COMPLETE finds every finding.
//
// Pausing and cancelling close the run's group, which takes its tasks away from their workers in the same transaction.
//
// # What a stranger's bucket can do to a run
//
// An object that cannot be read has a result that says so. A bucket that cannot be listed is tried again, then left out, and
// is in the job's events and its lastRunErrorStatus. Neither ends the run.
//
// job.go has the job's row and its changes of status, operations.go what Macie's API asks for, definition.go and scope.go what
// a definition may say and what it means, schedule.go when runs are due, search.go what is looked for in objects.
// Package inventory/reading reads them.
package discovery
