// Package usage owns what Magpie has done for each account, day by day, and what that costs by the operator's prices.
//
// # What is metered
//
//	what                                  whose                      when it is written
//	bytes and objects analysed            the owner of the bucket    with the results themselves, in their transaction: [Meter]
//	buckets and objects watched           the owner of the bucket    once an hour; the most of a day counts: [Service.Watch]
//	requests to stores                    the owner of the store     every few seconds, by each node: [Service.CountRequest]
//
// The first two are exact: a result that was committed was metered, one that was not was not. Requests are counted in memory
// until they are written, so a node that is killed loses those of its last seconds.
//
// Days are those of UTC. What was metered is kept for about three months, and outlives the account's session: an account that disables Macie
// and enables it again owes what it has used.
//
// # How it is kept
//
// What is added up is in tallies of package store, so that transactions do not wait for each other. Their scope is an account's
// calendar month, usage/REGION/ACCOUNT/2026-11, and their name a day and what was counted, "2026-11-30 SENSITIVE_DATA_DISCOVERY
// bytes". What was watched is a row of usage_watch for each day.
//
// # For the packages above
//
// Whoever commits results of an analysis calls [Meter] in that transaction. What is watched is asked of package inventory,
// each hour.
//
// meter.go counts, price.go has the prices, report.go adds up, operations.go answers.
package usage
