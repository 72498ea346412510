// Package membership owns the relationship between a Macie administrator account and its members: sessions, the administrator's
// inventory, invitations, and the history of all of it.
//
// # What it promises
//
// An account never has two administrators in a Region, is never administrator and member at once, and has at most one invitation from
// each administrator; its quota of members holds. These are constraints of the database (migrations/00003_membership.sql), not of the
// code here: macie_session.standing says which side an account is on, and generated columns of member refer to it by foreign key, so
// that a race ends in an error that one of the two callers gets, never in a state that should not exist.
//
// Everything that follows from a change (checking an address, mail, a notice to the other side) is a row written in the transaction
// that makes the change: an event in history, a task in the queue. A worker does the task afterwards.
//
// # The relationship
//
// What the administrator sees as relationshipStatus; one record for each administrator, account and Region:
//
//	CreateMember ──► Created ──CreateInvitations──► EmailVerificationInProgress ──address differs──► EmailVerificationFailed
//	                                                  ▲          │ address is the account's                  │ DeleteMember
//	                              CreateInvitations   │          ▼                                           ▼
//	             ┌── Removed ◄──DisassociateMember────┼────── Invited ──DeclineInvitations──► (no record)  (no record)
//	             │      ▲                             │          │ AcceptInvitation
//	             └──────┼─────────────────────────────┤          ▼
//	                    ├──────DisassociateMember─────┼─── Enabled ◄──► Paused   (paused by either, resumed by the member)
//	                    │                             │          │ DisassociateFromAdministratorAccount
//	                    │                             └───── Resigned ──AcceptInvitation──► Enabled
//	                    └──────DisassociateMember──────────────┘
//
// DeleteMember takes any record away but Enabled and Paused. AccountSuspended overlays whatever was there while the member's account is
// suspended or closed. What the recipient sees is its own row in invitation, which becomes visible with Invited, follows Enabled and
// Paused, reads Resigned after a resignation or a refusal, Removed after the administrator's removal, and stays until it is deleted.
//
// # Where to start
//
// invite.go is the centre: CreateInvitations. verify.go is what the worker does next, notify.go the mail, received.go the recipient's
// side, member.go the administrator's inventory, session.go the sessions, history.go what both sides can look up afterwards.
package membership
