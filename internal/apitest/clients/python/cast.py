"""What the conversations share: who takes part, and how to ask and to check.

A conversation is a script that talks to a running server through boto3 and
stops with an error when an answer is not what it should be. Where and who come
from the environment:

  MAGPIE_TEST_ENDPOINT  the server, such as http://127.0.0.1:8484
  MAGPIE_TEST_ACCOUNTS  a JSON file: for each role below, accountId and email,
                        and for those who speak, accessKeyId and secretAccessKey
  MAGPIE_TEST_REGIONS   two Regions that nobody else uses meanwhile

Roles who speak: admin, rival (another administrator), member, second, third.
Roles who are only spoken of: mistaken (its registered address is not the one
given here), suspended, closed; a conversation does without those who are not
in the file. So it does without management, the management account of an
organization in AWS Organizations, delegate, an account of it that acts for it
in no service yet, and colleague, another account of it; these three speak.
"""

import json
import os
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = os.environ["MAGPIE_TEST_ENDPOINT"]
HERE, THERE = os.environ["MAGPIE_TEST_REGIONS"].split()
DEV = os.environ.get("MAGPIE_TEST_DEV") == "true"
with open(os.environ["MAGPIE_TEST_ACCOUNTS"]) as file:
    ACCOUNTS = json.load(file)

# The status that goes with each exception, from the contract.
STATUS = {
    "ValidationException": 400,
    "ServiceQuotaExceededException": 402,
    "AccessDeniedException": 403,
    "ResourceNotFoundException": 404,
    "ConflictException": 409,
    "ThrottlingException": 429,
    "InternalServerException": 500,
}

REJECTED = "The request is rejected because "
NOT_ENABLED = "Macie is not enabled"
NO_PENDING_INVITATION = (
    REJECTED + "the current account has no pending invitation from the given master "
    "account ID or is already an associated member of another master account."
)
NOT_A_MEMBER = REJECTED + "the given account ID is not an associated member of account the current account."
NOT_ASSOCIATED = "The request failed because the specified account is not associated with your account."


def account_id(role):
    return ACCOUNTS[role]["accountId"]


def email(role):
    return ACCOUNTS[role]["email"]


def client(service, role, region=None, validate=True, **credentials):
    """A client of this account. It does not retry, so that each answer counts.

    Without validate it sends also what boto3 itself would refuse to send.
    """
    who = ACCOUNTS[role]
    return boto3.client(
        service,
        region_name=region or HERE,
        endpoint_url=ENDPOINT,
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=validate),
        **(credentials or {
            "aws_access_key_id": who["accessKeyId"],
            "aws_secret_access_key": who["secretAccessKey"],
        }),
    )


def macie(role, region=None, validate=True, **credentials):
    return client("macie2", role, region, validate, **credentials)


class refused:
    """with refused("ConflictException", "text"): the call must fail like that.

    The text need only be part of the message, unless exactly is set: real
    clients look for parts.
    """

    def __init__(self, code, text="", exactly=False, status=None):
        self.code, self.text, self.exactly = code, text, exactly
        self.status = status or STATUS[code]

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is None:
            raise AssertionError(f"not refused; {self.code} was expected: {self.text}")
        if not isinstance(error, ClientError):
            return False
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        same(f"{status} {code}", f"{self.status} {self.code}", message)
        if message != self.text if self.exactly else self.text not in message:
            raise AssertionError(f"{code} says\n  {message!r}\nand not\n  {self.text!r}")
        if not error.response["ResponseMetadata"].get("RequestId"):
            raise AssertionError(f"{code} has no request id")
        return True


def same(got, want, about=""):
    if got != want:
        raise AssertionError(f"got\n  {got!r}\nand not\n  {want!r}\n{about}")


def unprocessed(answer, **expected):
    """The answer names exactly these roles, each with a text that its message contains."""
    entries = {entry["accountId"]: entry for entry in answer["unprocessedAccounts"]}
    same(len(entries), len(answer["unprocessedAccounts"]), "an account is named twice")
    same(sorted(entries), sorted(account_id(role) for role in expected))
    for role, text in expected.items():
        entry = entries[account_id(role)]
        same(entry["errorCode"], "ClientError")
        if text not in entry["errorMessage"]:
            raise AssertionError(f"{role}: {entry['errorMessage']!r} does not contain {text!r}")


def status(admin, role):
    """The member's status as its administrator sees it, or None."""
    for page in admin.get_paginator("list_members").paginate(onlyAssociated="false"):
        for member in page["members"]:
            if member["accountId"] == account_id(role):
                return member["relationshipStatus"]
    return None


def becomes(admin, role, want):
    """Waits until the member has this status; None is no record at all."""
    deadline = time.monotonic() + 20
    while (now := status(admin, role)) != want:
        if time.monotonic() > deadline:
            raise AssertionError(f"{role} is {now} and does not become {want}")
        time.sleep(0.05)


def invitation(recipient, role):
    """The invitation that this account received from role, or None."""
    for page in recipient.get_paginator("list_invitations").paginate():
        for entry in page["invitations"]:
            if entry["accountId"] == account_id(role):
                return entry
    return None


def add(admin, role, **more):
    return admin.create_member(account={"accountId": account_id(role), "email": email(role)}, **more)["arn"]


def invite(admin, *roles, **more):
    """Invites them, and waits until each can answer."""
    unprocessed(admin.create_invitations(accountIds=[account_id(role) for role in roles], **more))
    for role in roles:
        becomes(admin, role, "Invited")


def join(admin, role, of="admin"):
    """Makes role a member of this administrator: added, invited, accepted."""
    add(admin, role)
    invite(admin, role)
    recipient = macie(role, admin.meta.region_name)
    received = invitation(recipient, of)
    recipient.accept_invitation(administratorAccountId=received["accountId"], invitationId=received["invitationId"])
    becomes(admin, role, "Enabled")
    return recipient


def enable(role, region=None):
    """This account's client, with Macie enabled and nothing left of earlier conversations."""
    speaker = macie(role, region)
    start_over(speaker)
    speaker.enable_macie()
    return speaker


def start_over(speaker):
    """Undoes everything, as tools that clean accounts do."""
    try:
        speaker.get_macie_session()
    except ClientError as error:
        same(error.response["Error"]["Message"], NOT_ENABLED)
        speaker.enable_macie()
    speaker.update_macie_session(status="ENABLED")
    try:
        speaker.disassociate_from_administrator_account()
    except ClientError:
        pass  # it has no administrator
    for page in speaker.get_paginator("list_members").paginate(onlyAssociated="false"):
        for member in page["members"]:
            speaker.disassociate_member(id=member["accountId"])
            speaker.delete_member(id=member["accountId"])
    for page in speaker.get_paginator("list_invitations").paginate():
        senders = [entry["accountId"] for entry in page["invitations"]]
        if senders:
            speaker.decline_invitations(accountIds=senders)
            speaker.delete_invitations(accountIds=senders)
    speaker.disable_macie()
