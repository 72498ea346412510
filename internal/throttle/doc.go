// Package throttle bounds how fast things are asked for.
//
// [Limiter] is for callers who have proved who they are: a rate for each account, Region and
// action, answered with 429 and Retry-After when it is passed. AWS publishes one figure for Macie,
// [Published]; what takes a node's processor has [Costly], everything else [Default], which no
// honest use of one machine meets.
//
// A bucket is one number, the time at which it will be full again (the generic cell rate
// algorithm). One that is full already is as good as none, so buckets that are dropped because they
// are full are no loss, and memory is bounded. Rates hold for each node.
//
// Start at [New].
package throttle
