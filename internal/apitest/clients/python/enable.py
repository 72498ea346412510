"""Enabling, suspending and disabling Macie in one account."""

from datetime import datetime, timezone

from cast import HERE, NOT_ENABLED, account_id, enable, macie, refused, same

admin = enable("admin")
admin.disable_macie()

# Until it is enabled, everything else says so, in the very words that tools
# compare with.
for call in (
    lambda: admin.get_macie_session(),
    lambda: admin.update_macie_session(status="PAUSED"),
    lambda: admin.disable_macie(),
    lambda: admin.create_member(account={"accountId": "999988887777", "email": "a@example.com"}),
    lambda: admin.get_member(id="999988887777"),
    lambda: admin.list_members(),
    lambda: admin.delete_member(id="999988887777"),
    lambda: admin.disassociate_member(id="999988887777"),
    lambda: admin.update_member_session(id="999988887777", status="PAUSED"),
    lambda: admin.create_invitations(accountIds=["999988887777"]),
    lambda: admin.list_invitations(),
    lambda: admin.get_invitations_count(),
    lambda: admin.accept_invitation(administratorAccountId="999988887777", invitationId="0" * 32),
    lambda: admin.decline_invitations(accountIds=["999988887777"]),
    lambda: admin.delete_invitations(accountIds=["999988887777"]),
    lambda: admin.get_administrator_account(),
    lambda: admin.get_master_account(),
    lambda: admin.disassociate_from_administrator_account(),
    lambda: admin.disassociate_from_master_account(),
):
    with refused("AccessDeniedException", NOT_ENABLED, exactly=True):
        call()

before = datetime.now(timezone.utc)
admin.enable_macie()
with refused("ConflictException", "Macie has already been enabled", exactly=True):
    admin.enable_macie()

session = admin.get_macie_session()
same(session["status"], "ENABLED")
same(session["findingPublishingFrequency"], "FIFTEEN_MINUTES")
same(session["serviceRole"],
     f"arn:aws:iam::{account_id('admin')}:role/aws-service-role/macie.amazonaws.com/AWSServiceRoleForAmazonMacie")
same(session["createdAt"].utcoffset().total_seconds(), 0)
assert abs((session["createdAt"] - before).total_seconds()) < 300, session["createdAt"]

admin.update_macie_session(findingPublishingFrequency="SIX_HOURS")
admin.update_macie_session(status="PAUSED")
session = admin.get_macie_session()
same((session["status"], session["findingPublishingFrequency"]), ("PAUSED", "SIX_HOURS"))
assert session["updatedAt"] >= session["createdAt"]
admin.update_macie_session(status="ENABLED")
same(admin.get_macie_session()["status"], "ENABLED")

with refused("ValidationException", "findingPublishingFrequency"):
    admin.update_macie_session(findingPublishingFrequency="NEVER")
with refused("ValidationException", "status"):
    admin.update_macie_session(status="ASLEEP")

admin.disable_macie()
with refused("AccessDeniedException", NOT_ENABLED, exactly=True):
    admin.get_macie_session()

# Enabled again with settings of its own. The token makes a repetition harmless
# to send, not silent: Macie is enabled either way.
admin.enable_macie(clientToken="once", findingPublishingFrequency="ONE_HOUR", status="PAUSED")
session = macie("admin", HERE).get_macie_session()
same((session["status"], session["findingPublishingFrequency"]), ("PAUSED", "ONE_HOUR"))
admin.disable_macie()
