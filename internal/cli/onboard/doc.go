// Package onboard owns bringing many accounts into an administrator's membership in many Regions: what is to be done for each (Prepare), the
// doing (Execute), and the account of it (Results). It knows the API through the AWS SDK and nothing of flags, files or terminals.
//
// For each account in each Region, a pair, it goes the way that Macie asks for, and waits where Macie takes its time:
//
//	CreateMember → CreateInvitations (up to 50 a call) → EmailVerificationInProgress → Invited
//	  with a role to assume in the account: → EnableMacie there → ListInvitations there → AcceptInvitation there → Enabled
//
// from wherever the pair stands. What failed verification is deleted, added and invited again when the address is another one now.
//
// # What it promises
//
// No invitation is sent twice by a run, however often the run is interrupted and resumed. Before each CreateInvitations the journal has, on
// the disk, which accounts it is for. After an answer that was lost, in this process or the one before, the member's record is read: one that is
// Created, or Removed or Resigned with its former time of invitation, was not invited; one in any other state was; one that is gone was invited
// and has declined. Only the first are invited again. (Should the lost call still be under way then, the server refuses the second.)
// CreateMember and everything a member does are safe to repeat.
//
// A pair that fails does not stop others, and a Region that does not answer does not stop other Regions. Each pair ends in words: what
// happened, and what to do.
//
// Start at Run. plan.go decides, region.go does, accept.go is the member's side, call.go makes calls and tries again, record.go is the
// journal's form and its reading.
package onboard
