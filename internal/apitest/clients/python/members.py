"""What an administrator does with members: suspend, remove, invite again, delete."""

from cast import (NO_PENDING_INVITATION, NOT_A_MEMBER, NOT_ASSOCIATED, account_id, add, becomes, enable, invitation, invite,
                  join, refused, same, status, unprocessed)

admin = enable("admin")
member = enable("member")
nobody = "999900001111"

add(admin, "third")  # so that the administrator has a member at all
for call in (admin.get_member, admin.delete_member, admin.disassociate_member):
    with refused("ValidationException", NOT_ASSOCIATED, exactly=True):
        call(id=nobody)
with refused("ValidationException", "not an associated member of account"):
    admin.update_member_session(id=nobody, status="PAUSED")

join(admin, "member")
standing = invitation(member, "admin")["invitationId"]

# Suspending works from both sides; only the member can resume.
admin.update_member_session(id=account_id("member"), status="PAUSED")
same(status(admin, "member"), "Paused")
same(member.get_macie_session()["status"], "PAUSED")
same(member.get_administrator_account()["administrator"]["relationshipStatus"], "Paused")
with refused("ValidationException", "member"):
    admin.update_member_session(id=account_id("member"), status="ENABLED")
same(status(admin, "member"), "Paused")
member.update_macie_session(status="ENABLED")
same(status(admin, "member"), "Enabled")
member.update_macie_session(status="PAUSED")
same(status(admin, "member"), "Paused")
same([m["relationshipStatus"] for m in admin.list_members(onlyAssociated="true")["members"]], ["Paused"])
member.update_macie_session(status="ENABLED")

# What is associated cannot simply end.
with refused("ValidationException", "the current account cannot delete the given member account ID since it is still associated to it."):
    admin.delete_member(id=account_id("member"))
with refused("ConflictException", "Cannot disable Macie while associated with an administrator account"):
    member.disable_macie()
with refused("ConflictException", "member"):
    admin.disable_macie()

admin.disassociate_member(id=account_id("member"))
same(status(admin, "member"), "Removed")
same(member.get_macie_session()["status"], "ENABLED", "the account is alone, and Macie stays enabled")
with refused("ResourceNotFoundException"):
    member.get_administrator_account()
same(invitation(member, "admin")["relationshipStatus"], "Removed")
with refused("ValidationException", NO_PENDING_INVITATION, exactly=True):
    member.accept_invitation(administratorAccountId=account_id("admin"), invitationId=standing)
with refused("ValidationException", NOT_A_MEMBER):
    admin.update_member_session(id=account_id("member"), status="PAUSED")
with refused("ValidationException", "already a member or associated member"):
    add(admin, "member")

# Invited again without being added again.
invite(admin, "member")
again = invitation(member, "admin")
same(again["relationshipStatus"], "Invited")
member.accept_invitation(administratorAccountId=account_id("admin"), invitationId=again["invitationId"])
same(status(admin, "member"), "Enabled")

# An invitation that is taken back before it is answered.
second = enable("second")
add(admin, "second")
invite(admin, "second")
second_id = invitation(second, "admin")["invitationId"]
admin.disassociate_member(id=account_id("second"))
same(status(admin, "second"), "Removed")
with refused("ValidationException", NO_PENDING_INVITATION, exactly=True):
    second.accept_invitation(administratorAccountId=account_id("admin"), invitationId=second_id)

# Tools end every association there is, in any state, by these two calls, and
# take no refusal.
for page in admin.get_paginator("list_members").paginate(onlyAssociated="false"):
    for record in page["members"]:
        admin.disassociate_member(id=record["accountId"])
        admin.delete_member(id=record["accountId"])
same(admin.list_members(onlyAssociated="false")["members"], [])
same(invitation(second, "admin"), None)
with refused("ValidationException", NOT_ASSOCIATED, exactly=True):
    admin.get_member(id=account_id("member"))
admin.disable_macie()
member.disable_macie()
