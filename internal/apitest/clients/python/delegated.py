"""A delegated administrator: as the security reference architecture's solution for Macie sets an organization up and tears it down.

enable Macie in the management account (it may be enabled), list the administrators, designate, tell the delegate's session how often to
publish, add every account of the organization, let those that join be members; then the other way round.
"""

import time

from cast import ACCOUNTS, account_id, client, email, macie, refused, same, status
from botocore.exceptions import ClientError

MACIE = "macie.amazonaws.com"


def administrators(boss):
    pages = boss.get_paginator("list_organization_admin_accounts").paginate()
    return {entry["accountId"]: entry["status"] for page in pages for entry in page["adminAccounts"]}


def ended(boss):
    """Waits until there is no administrator, not even one on its way out."""
    deadline = time.monotonic() + 20
    while left := administrators(boss):
        if time.monotonic() > deadline:
            raise AssertionError(f"still there: {left}")
        time.sleep(0.05)


def deregister():
    try:
        client("organizations", "management").deregister_delegated_administrator(
            AccountId=account_id("delegate"), ServicePrincipal=MACIE)
    except ClientError as error:
        same(error.response["Error"]["Code"], "AccountNotRegisteredException")


def enable_macie(speaker):
    try:
        speaker.enable_macie(findingPublishingFrequency="ONE_HOUR", status="ENABLED")
    except speaker.exceptions.ConflictException:
        pass  # it is enabled


def disable_macie(speaker, administrator=False):
    """As the solution does it, for an administrator with whom it lists."""
    if administrator:
        for page in speaker.get_paginator("list_members").paginate(onlyAssociated="false"):
            for member in page["members"]:
                speaker.disassociate_member(id=member["accountId"])
                speaker.delete_member(id=member["accountId"])
    try:
        speaker.disable_macie()
    except speaker.exceptions.AccessDeniedException:
        pass  # it is not enabled


if "colleague" in ACCOUNTS:
    boss, delegate, colleague = macie("management"), macie("delegate"), macie("colleague")
    same(administrators(boss), {})  # and Macie is not enabled there yet
    with refused("ValidationException", "The account is not a member in the AWS Organization"):
        boss.enable_organization_admin_account(adminAccountId=account_id("rival"))
    boss.enable_organization_admin_account(adminAccountId=account_id("delegate"))
    same(administrators(boss), {account_id("delegate"): "ENABLED"})
    with refused("ConflictException", "there's already a delegated Macie administrator account for your organization"):
        boss.enable_organization_admin_account(adminAccountId=account_id("delegate"))
    with refused("AccessDeniedException", "Macie is not enabled", exactly=True):
        boss.get_macie_session()
    enable_macie(boss)
    enable_macie(boss)
    with refused("ConflictException", "another account has already been designated"):
        boss.enable_organization_admin_account(adminAccountId=account_id("colleague"))
    registered = client("organizations", "management").list_delegated_administrators(ServicePrincipal=MACIE)
    same([entry["Id"] for entry in registered["DelegatedAdministrators"]], [account_id("delegate")])

    delegate.update_macie_session(findingPublishingFrequency="ONE_HOUR", status="ENABLED")
    for _ in range(2):  # the second time as when the stack is updated
        for page in client("organizations", "delegate").get_paginator("list_accounts").paginate():
            for account in page["Accounts"]:
                if account["Id"] != account_id("delegate"):
                    added = delegate.create_member(account={"accountId": account["Id"], "email": account["Email"]})
                    same(added["arn"].rsplit("/", 1)[1], account["Id"])
    delegate.update_organization_configuration(autoEnable=True)
    same(delegate.describe_organization_configuration()["autoEnable"], True)
    member = delegate.get_member(id=account_id("colleague"))
    same((member["relationshipStatus"], member.get("email")), ("Enabled", None))
    same(colleague.get_administrator_account()["administrator"],
         {"accountId": account_id("delegate"), "relationshipStatus": "Enabled"})
    with refused("AccessDeniedException", "sufficient permissions"):
        colleague.disassociate_from_administrator_account()
    with refused("ConflictException", "Cannot disable Macie while associated with an administrator account"):
        colleague.disable_macie()
    with refused("ValidationException", "it is still associated to it"):
        delegate.delete_member(id=account_id("colleague"))
    with refused("AccessDeniedException", "you must be the Macie administrator for an organization"):
        boss.describe_organization_configuration()
    delegate.update_member_session(id=account_id("colleague"), status="PAUSED")
    same(status(delegate, "colleague"), "Paused")
    delegate.update_member_session(id=account_id("colleague"), status="ENABLED")
    same(colleague.get_macie_session()["status"], "ENABLED")

    boss.disable_organization_admin_account(adminAccountId=account_id("delegate"))
    disable_macie(delegate, administrator=True)
    disable_macie(boss)
    ended(boss)
    deregister()
    disable_macie(colleague)
    with refused("AccessDeniedException", "Macie is not enabled", exactly=True):
        delegate.get_macie_session()
    client("organizations", "management").disable_aws_service_access(ServicePrincipal=MACIE)
