"""Declining, resigning, coming back, and what cannot be accepted."""

from cast import (NO_PENDING_INVITATION, REJECTED, account_id, add, becomes, enable, invitation, invite, join, macie,
                  refused, same, status, unprocessed)

admin = enable("admin")
rival = enable("rival")
member = enable("member")
second = enable("second")

# Declining takes the account out of the administrator's inventory; the
# recipient keeps the invitation until it deletes it.
add(admin, "member")
invite(admin, "member")
first_id = invitation(member, "admin")["invitationId"]
unprocessed(member.delete_invitations(accountIds=[account_id("admin")]),
            admin=REJECTED + "the current account cannot delete the invitation from the given master account ID since it is "
                             "still associated to it or has not declined their invitation yet.")
unprocessed(member.decline_invitations(accountIds=[account_id("admin")]))
same(status(admin, "member"), None)
same(invitation(member, "admin")["relationshipStatus"], "Resigned")
same(member.get_invitations_count()["invitationsCount"], 1)
with refused("ValidationException", NO_PENDING_INVITATION, exactly=True):
    member.accept_invitation(administratorAccountId=account_id("admin"), invitationId=first_id)
unprocessed(member.delete_invitations(accountIds=[account_id("admin")]))
same(invitation(member, "admin"), None)
unprocessed(member.decline_invitations(accountIds=[account_id("admin")]), admin=NO_PENDING_INVITATION)
unprocessed(member.delete_invitations(accountIds=[account_id("admin")]), admin=NO_PENDING_INVITATION)

# One may be invited by several, and accept one.
add(admin, "member")
add(rival, "member")
invite(admin, "member")
invite(rival, "member")
same(member.get_invitations_count()["invitationsCount"], 2)
ours, theirs = invitation(member, "admin")["invitationId"], invitation(member, "rival")["invitationId"]
with refused("ValidationException", NO_PENDING_INVITATION, exactly=True):
    member.accept_invitation(administratorAccountId=account_id("admin"), invitationId="0" * 32)
with refused("ValidationException", NO_PENDING_INVITATION, exactly=True):
    member.accept_invitation(administratorAccountId=account_id("admin"), invitationId="")
with refused("ValidationException", NO_PENDING_INVITATION, exactly=True):
    member.accept_invitation(administratorAccountId=account_id("admin"), invitationId=theirs)
with refused("ValidationException", NO_PENDING_INVITATION, exactly=True):
    second.accept_invitation(administratorAccountId=account_id("admin"), invitationId=ours)
member.accept_invitation(administratorAccountId=account_id("admin"), invitationId=ours)
same(invitation(member, "rival")["relationshipStatus"], "Invited")
same(member.get_invitations_count()["invitationsCount"], 1)
with refused("ValidationException", REJECTED):
    member.accept_invitation(administratorAccountId=account_id("rival"), invitationId=theirs)
unprocessed(member.delete_invitations(accountIds=[account_id("admin")]), admin="still associated to it")

# Resigning and coming back by the same invitation.
member.disassociate_from_administrator_account()
same(status(admin, "member"), "Resigned")
same(invitation(member, "admin")["relationshipStatus"], "Resigned")
with refused("ValidationException", "the current account is not associated to a master account."):
    member.disassociate_from_administrator_account()
member.accept_invitation(administratorAccountId=account_id("admin"), invitationId=ours)
same(status(admin, "member"), "Enabled")

# Resigning for good: deleting the invitation ends the association.
member.disassociate_from_administrator_account()
unprocessed(member.delete_invitations(accountIds=[account_id("admin")]))
same(status(admin, "member"), None)
member.accept_invitation(administratorAccountId=account_id("rival"), invitationId=theirs)
same(status(rival, "member"), "Enabled")

# An administrator does not become a member, nor a member's invitation anything.
add(admin, "rival")
invite(admin, "rival")
with refused("ValidationException", "cannot accept invitations since it still has created, invited or associated members."):
    rival.accept_invitation(administratorAccountId=account_id("admin"),
                            invitationId=invitation(rival, "admin")["invitationId"])
rival.disassociate_member(id=account_id("member"))
rival.delete_member(id=account_id("member"))
rival.accept_invitation(administratorAccountId=account_id("admin"), invitationId=invitation(rival, "admin")["invitationId"])
same(status(admin, "rival"), "Enabled")

# A standing invitation outlives the recipient's DisableMacie.
third = enable("third")
add(admin, "third")
invite(admin, "third")
standing = invitation(third, "admin")["invitationId"]
third.disable_macie()
third.enable_macie()
same(invitation(third, "admin")["invitationId"], standing)
third.accept_invitation(administratorAccountId=account_id("admin"), invitationId=standing)
becomes(admin, "third", "Enabled")
