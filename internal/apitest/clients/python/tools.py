"""Sequences of calls that widespread tools make, and what they decide by."""

import time

from botocore.exceptions import ClientError

from cast import ACCOUNTS, NOT_ENABLED, account_id, email, enable, macie, same, start_over, status

crew = ("member", "second", "third")
admin = enable("admin")
for role in crew:
    start_over(macie(role))


def onboard(administrator, role):
    """As scripts for many accounts do: look at the status, take the next step, look again."""
    recipient = macie(role)
    deadline = time.monotonic() + 20
    while True:
        known = {m["accountId"]: m["relationshipStatus"]
                 for page in administrator.get_paginator("list_members").paginate(onlyAssociated="false")
                 for m in page["members"]}
        now = known.get(account_id(role))
        if now == "Enabled":
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"{role} stays {now}")
        if now is None:
            administrator.create_member(account={"accountId": account_id(role), "email": email(role)})
        elif now == "EmailVerificationFailed":
            administrator.disassociate_member(id=account_id(role))
            administrator.delete_member(id=account_id(role))
        elif now in ("Created", "Removed"):
            administrator.create_invitations(accountIds=[account_id(role)], disableEmailNotification=True,
                                             message=f"Account {account_id('admin')} invites you to join Macie.")
        elif now in ("Invited", "Resigned"):
            try:
                recipient.enable_macie()
            except recipient.exceptions.ConflictException:
                pass  # it is enabled
            last = recipient.list_invitations()["invitations"][-1]
            recipient.accept_invitation(administratorAccountId=last["accountId"], invitationId=last["invitationId"])
        else:
            time.sleep(0.05)  # EmailVerificationInProgress


def examine(speaker):
    """As checkers of compliance do: is it enabled, and who is in charge?"""
    try:
        session = speaker.get_macie_session()
    except ClientError as error:
        same(f"{error.response['Error']['Code']}: {error.response['Error']['Message']}",
             f"AccessDeniedException: {NOT_ENABLED}", "tools compare the whole")
        return None, None
    try:
        return session["status"], speaker.get_administrator_account()["administrator"]["accountId"]
    except speaker.exceptions.ResourceNotFoundException:
        return session["status"], None


def clean(speaker):
    """As tools that empty accounts do, in the order that Macie wants."""
    try:
        speaker.get_macie_session()
    except ClientError as error:
        assert NOT_ENABLED in str(error), error
        return
    for page in speaker.get_paginator("list_members").paginate(onlyAssociated="false"):
        for member in page["members"]:
            speaker.disassociate_member(id=member["accountId"])
            speaker.delete_member(id=member["accountId"])
    try:
        if speaker.get_administrator_account().get("administrator"):
            speaker.disassociate_from_administrator_account()
    except speaker.exceptions.ResourceNotFoundException:
        pass
    speaker.disable_macie()


same(examine(macie("member")), (None, None))
for role in crew:
    onboard(admin, role)
    onboard(admin, role)  # a second run has nothing to do
same(examine(macie("member")), ("ENABLED", account_id("admin")))
same(examine(admin), ("ENABLED", None))

# Members in every state are taken up where they are.
macie("member").disassociate_from_administrator_account()
admin.disassociate_member(id=account_id("second"))
for role in crew:
    onboard(admin, role)

# Landing zones delete what is left of a removed member before they add it.
admin.disassociate_member(id=account_id("third"))
same(status(admin, "third"), "Removed")
admin.delete_member(id=account_id("third"))
onboard(admin, "third")

# Members first, as their administrator could not be disabled otherwise; and in
# the other order, members that have become standalone.
clean(macie("member"))
same(examine(macie("member")), (None, None))
clean(admin)
same(examine(admin), (None, None))
same(examine(macie("second")), ("ENABLED", None))
for role in ACCOUNTS:
    if "accessKeyId" in ACCOUNTS[role]:
        clean(macie(role))
