// Package membership owns the relationship between a Macie administrator account and its members:
// the administrator's inventory, invitations, the delegated administrators of organizations, and
// the history of all of it.
//
// # What it promises
//
// An account never has two administrators in a Region, is never administrator and member at once,
// and has at most one invitation from each administrator; its quota of members holds; an
// organization has one delegated administrator in a Region, and who is a member through it belongs
// to it. These are constraints of the database (migrations/00003_membership.sql and
// 00009_organization_membership.sql), not of the code here: macie_session.standing says which side
// an account is on, and generated columns of member and organization_administrator refer to it by
// foreign key, so that a race ends in an error that one of the two callers gets, never in a state
// that should not exist.
//
// Everything that follows from a change (checking an address, mail, a notice to the other side) is
// a row written in the transaction that makes the change: an event in history, a task in the queue.
// A worker does the task afterwards.
//
// # The relationship
//
// What the administrator sees as relationshipStatus; one record for each administrator, account and
// Region:
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
// DeleteMember takes any record away but Enabled and Paused. AccountSuspended overrides whatever
// was there while the member's account is suspended or closed, RegionDisabled while the Region is
// disabled for it. What the recipient sees is its own row in invitation, which becomes visible with
// Invited, follows Enabled and Paused, reads Resigned after a resignation or a refusal, Removed
// after the administrator's removal, and stays until it is deleted.
//
// # Members through an organization
//
// The management account of an organization designates its delegated administrator in a Region (a
// row of organization_administrator). Accounts of the organization become that administrator's
// members without being asked, when it adds them or, if it wants that, as they join; others it
// invites like any administrator:
//
//	CreateMember, or the account joins ──► Enabled ◄──► Paused   (paused and resumed by the administrator alone)
//	                 ▲                        │
//	                 └─────── Removed ◄───────┴── DisassociateMember, the account leaves the organization, the designation ends
//
// Such a record has organization_id and no address, and there is no invitation beside it.
// CreateMember makes one of any record that is not associated, whatever became of its invitation.
// When an administrator of members by invitation is designated, those of them that belong to the
// organization are members through it from then on.
//
// # Where to start
//
// invite.go is the centre: CreateInvitations. verify.go is what the worker does next, notify.go the
// mail, received.go the recipient's side, member.go the administrator's inventory, session.go what
// relationships have to do with sessions, organization.go the delegated administrator, enroll.go
// how accounts come to it and go, account.go what overrides a record, history.go what both sides
// can look up afterwards.
package membership
