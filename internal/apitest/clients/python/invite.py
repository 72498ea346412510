"""From nothing to a member: add, invite, see, accept; what each side sees."""

from cast import (NOT_ENABLED, account_id, add, becomes, email, enable, invitation, invite, macie, refused, same,
                  start_over, status, unprocessed, HERE)

admin = enable("admin")
member = macie("member")
start_over(member)

# An account is added to the inventory first. Nobody is told of that.
arn = add(admin, "member", tags={"team": "data"})
same(arn, f"arn:aws:macie2:{HERE}:{account_id('admin')}:member/{account_id('member')}")
with refused("ValidationException", "the given account ID is already a member or associated member of the current account."):
    add(admin, "member")
with refused("ValidationException", "an account cannot become a member of itself."):
    add(admin, "admin")

record = admin.get_member(id=account_id("member"))
same(record["relationshipStatus"], "Created")
same(record["arn"], arn)
same(record["email"], email("member"))
same(record["administratorAccountId"], account_id("admin"))
same(record["masterAccountId"], account_id("admin"))
same(record["tags"], {"team": "data"})
same("invitedAt" in record, False)

# Only members that have accepted count as associated, which is what
# list_members shows unless asked for all.
same(admin.list_members()["members"], [])
same(admin.list_members(onlyAssociated="true")["members"], [])
same([m["accountId"] for m in admin.list_members(onlyAssociated="false")["members"]], [account_id("member")])

invite(admin, "member", message="Welcome to the team, Ελλάδα & 日本!")
record = admin.get_member(id=account_id("member"))
same(record["relationshipStatus"], "Invited")
assert record["updatedAt"] >= record["invitedAt"]
unprocessed(admin.create_invitations(accountIds=[account_id("member")]),
            member="the current account has already invited or is already the")

# The recipient cannot look before it has enabled Macie.
with refused("AccessDeniedException", NOT_ENABLED, exactly=True):
    member.list_invitations()
member.enable_macie()
same(member.get_invitations_count()["invitationsCount"], 1)
received = invitation(member, "admin")
same(received["relationshipStatus"], "Invited")
same(len(received["invitationId"]), 32)
int(received["invitationId"], 16)
same(received["invitationId"], received["invitationId"].lower())
same(received["invitedAt"], record["invitedAt"])

member.accept_invitation(administratorAccountId=account_id("admin"), invitationId=received["invitationId"])
same(status(admin, "member"), "Enabled")
same(invitation(member, "admin")["relationshipStatus"], "Enabled")
same(member.get_invitations_count()["invitationsCount"], 0, "the accepted invitation does not count")
same([m["relationshipStatus"] for m in admin.list_members()["members"]], ["Enabled"])

administrator = member.get_administrator_account()["administrator"]
same(administrator["accountId"], account_id("admin"))
same(administrator["invitationId"], received["invitationId"])
same(administrator["relationshipStatus"], "Enabled")
same(administrator["invitedAt"], received["invitedAt"])
same(member.get_master_account()["master"], administrator)
with refused("ResourceNotFoundException", "The request failed because this account does not have a master", exactly=True):
    admin.get_administrator_account()
with refused("ResourceNotFoundException", "The request failed because this account does not have a master", exactly=True):
    admin.get_master_account()

unprocessed(admin.create_invitations(accountIds=[account_id("member")]),
            member="the current account has already invited or is already the")

# Without a mail, and by the id alone.
second = enable("second")
add(admin, "second")
invite(admin, "second", disableEmailNotification=True, message="kept, but not mailed")
second.accept_invitation(invitationId=invitation(second, "admin")["invitationId"])
becomes(admin, "second", "Enabled")

# By the names of before 2021.
third = enable("third")
add(admin, "third")
invite(admin, "third", disableEmailNotification=False)
third.accept_invitation(masterAccount=account_id("admin"), invitationId=invitation(third, "admin")["invitationId"])
same({m["accountId"] for m in admin.list_members()["members"]},
     {account_id("member"), account_id("second"), account_id("third")})
third.disassociate_from_master_account()
same(status(admin, "third"), "Resigned")
