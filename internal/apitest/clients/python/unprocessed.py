"""CreateInvitations that cannot be done, for some accounts or for all."""

from cast import (ACCOUNTS, NOT_A_MEMBER, REJECTED, account_id, add, becomes, enable, invite, join, macie, refused, same, status,
                  unprocessed)

admin = enable("admin")
rival = enable("rival")
enable("member")
enable("second")
ACCOUNTS["nobody"] = {"accountId": "999900001111", "email": "nobody@example.com"}

# One call, many fates: each account's own, and the good ones are invited.
join(admin, "member")
for role in ("second", "third"):
    add(admin, role)
invite(admin, "third")
unprocessed(
    admin.create_invitations(accountIds=[account_id(r) for r in ("nobody", "admin", "member", "second", "third", "nobody")]),
    nobody=NOT_A_MEMBER,
    admin=REJECTED + "the current account cannot invite itself.",
    member=REJECTED + "the current account has already invited or is already the Macie administrator of the given member account ID.",
    third=REJECTED + "the current account has already invited or is already the Macie administrator of the given member account ID.",
)
becomes(admin, "second", "Invited")

# Whoever reads only the text learns what to do.
entry = admin.create_invitations(accountIds=[account_id("nobody")])["unprocessedAccounts"][0]
assert "CreateMember" in entry["errorMessage"], entry
same(entry["errorCode"], "ClientError")

# A member cannot invite, nor add.
member = enable("third")  # leaves nothing of the invitation above
join(rival, "third", of="rival")
unprocessed(member.create_invitations(accountIds=[account_id("second")]),
            second=REJECTED + "the current account cannot invite other accounts since it is already an associated member of another master account.")
with refused("ValidationException", "the current account cannot create members since it is already an associated member of another master account."):
    add(member, "second")

# The address that was given when the account was added is not the account's.
if "mistaken" in ACCOUNTS:
    add(admin, "mistaken")
    unprocessed(admin.create_invitations(accountIds=[account_id("mistaken")]))
    becomes(admin, "mistaken", "EmailVerificationFailed")
    unprocessed(admin.create_invitations(accountIds=[account_id("mistaken")]), mistaken="Delete the member, add it again")
    admin.delete_member(id=account_id("mistaken"))
    same(status(admin, "mistaken"), None)

for role in ("suspended", "closed"):
    if role in ACCOUNTS:
        add(admin, role)
        unprocessed(admin.create_invitations(accountIds=[account_id(role)]), **{role: role})
        becomes(admin, role, "AccountSuspended")

# What is wrong with the request as a whole is refused as a whole, and nothing
# is done for anybody: fourth would have been invited.
ACCOUNTS["fourth"] = {"accountId": "999900002222", "email": "fourth@example.com"}
add(admin, "fourth")
unchecked = macie("admin", validate=False)
for text, request in (
    ("accountIds", {}),
    ("accountIds", {"accountIds": None}),
    ("accountIds", {"accountIds": []}),
    ("accountIds", {"accountIds": {}}),
    ("accountIds", {"accountIds": account_id("fourth")}),
    ("accountIds[1]", {"accountIds": [account_id("fourth"), None]}),
    ("accountIds[1]", {"accountIds": [account_id("fourth"), 333344445555]}),
    ("disableEmailNotification", {"accountIds": [account_id("fourth")], "disableEmailNotification": "true"}),
    ("message", {"accountIds": [account_id("fourth")], "message": 1}),
    ("accountIds[1]", {"accountIds": [account_id("fourth"), "12345"]}),
    ("accountIds[1]", {"accountIds": [account_id("fourth"), "12345678901x"]}),
    ("accountIds[1]", {"accountIds": [account_id("fourth"), "1234567890123"]}),
    ("accountIds[1]", {"accountIds": [account_id("fourth"), ""]}),
    ("accountIds", {"accountIds": [account_id("fourth")] * 1001}),
    ("message", {"accountIds": [account_id("fourth")], "message": ""}),
    ("message", {"accountIds": [account_id("fourth")], "message": "é" * 81}),
    ("message", {"accountIds": [account_id("fourth")], "message": "two\nlines"}),
    ("message", {"accountIds": [account_id("fourth")], "message": "a\x00b"}),
):
    with refused("ValidationException", text):
        unchecked.create_invitations(**request)
same(status(admin, "fourth"), "Created")
# 80 characters, whatever their size.
unprocessed(admin.create_invitations(accountIds=[account_id("fourth")], message="é" * 80))
assert status(admin, "fourth") in ("EmailVerificationInProgress", "EmailVerificationFailed", "Invited"), status(admin, "fourth")

for text, account in (
    ("accountId", {"accountId": "12345", "email": "a@example.com"}),
    ("email", {"accountId": "999900003333", "email": ""}),
    ("email", {"accountId": "999900003333", "email": "nobody"}),
    ("email", {"accountId": "999900003333", "email": "a@example.com, b@example.com"}),
    ("email", {"accountId": "999900003333", "email": "a" * 65 + "@example.com"}),
    ("email", {"accountId": "999900003333", "email": "a@" + "b" * 250 + ".com"}),
):
    with refused("ValidationException", text):
        admin.create_member(account=account)
