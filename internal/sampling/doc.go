// Package sampling owns automated sensitive data discovery: it decides by itself which objects of which buckets are worth reading, reads
// them through package discovery as jobs do, and says of each bucket how sensitive it is.
//
// # Who holds what
//
// The holder is the account whose configuration holds: the administrator of a bucket's owner, or the owner itself where it has none. All
// that is known is kept by Region, holder, owner and bucket, so a change of administrator neither mixes nor loses anything: what belongs to
// a holder that does not oversee the owner any more, or that has disabled discovery, is not shown from that moment on, is there again
// if that is undone within 30 days, and is deleted afterwards (expire.go).
//
// # A cycle
//
//	due ─▶ begin: settings are taken over ─▶ a share for each account and store ─▶ visits, while the budget lasts ─▶ complete
//
// A share (share.go) is one long task of package queue. It visits one bucket after the other, first those that were never looked at, then
// those where the most is to be learnt (choose.go). A visit lists a part of the bucket, a range of its keys, forgets what is not there any
// more or has changed, chooses objects from groups that are alike, reserves what they cost, reads and analyses them, and commits what came
// of them together with how far the share has come: so a crash costs at most the reservation of one visit, and never exceeds the budget.
//
// Which objects were analysed is kept as 16 bytes each (seen.go): a digest of key, ETag, size and time, in which three bits say what came
// of it. Only objects that hold something, and some samples of the others, have a row.
//
// # Scores
//
// score.go has the formula, docs/scores.md the argument why clean objects lower it and sensitive ones raise it. standing.go gives buckets
// their scores in package inventory, whenever something changes that they depend on.
//
// Start reading at service.go; settings.go, accounts.go, scope.go and template.go are what is configured, profile.go what is shown.
package sampling
