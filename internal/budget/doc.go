// Package budget bounds the bytes that callers can make the program hold at once.
//
// A [Budget] is a number of bytes that all callers share, of which one source has a share at most.
// A caller that is to hold bytes takes a [Claim] and lets it grow as the bytes come in; what is not
// in memory yet is not counted, so that no room is taken by announcing what is never sent.
//
// When there is no room, the claim that is oldest gives way: an honest body arrives within
// milliseconds, so an old claim belongs to a request that is stalled. A claim that is younger than
// the grace gives way to nobody, and one that is [Claim.Keep]t neither: whoever comes then waits
// for a while and is refused with [ErrFull].
package budget
