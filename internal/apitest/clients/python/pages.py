"""Pages of members and invitations."""

from cast import account_id, add, enable, invite, macie, refused, same

admin = enable("admin")
rival = enable("rival")
ids = [f"{700000000000 + n}" for n in range(60)]
for n in ids:
    admin.create_member(account={"accountId": n, "email": f"m{n}@example.com"})

def listed(**request):
    pages = list(admin.get_paginator("list_members").paginate(onlyAssociated="false", **request))
    return [m["accountId"] for page in pages for m in page["members"]], [len(page["members"]) for page in pages]

everything, sizes = listed()
same(sorted(everything), ids)
same(sizes, [25, 25, 10])
everything, sizes = listed(PaginationConfig={"PageSize": 7})
same((sorted(everything), sizes), (ids, [7] * 8 + [4]))
same(listed(PaginationConfig={"PageSize": 20})[1], [20, 20, 20], "the last full page is the last page")
for wrong in (0, 26, -1):
    with refused("ValidationException", "maxResults"):
        macie("admin", validate=False).list_members(maxResults=wrong)

# What is there all the time is listed exactly once, whatever else comes and goes.
page = admin.list_members(onlyAssociated="false", maxResults=25)
seen = [m["accountId"] for m in page["members"]]
for n in seen[:5] + [n for n in ids if n not in seen][:5]:
    admin.delete_member(id=n)
for n in range(5):
    admin.create_member(account={"accountId": f"{700000000500 + n}", "email": "new@example.com"})
stay = [n for n in ids if n in listed()[0]]
token = page["nextToken"]
while token:
    page = admin.list_members(onlyAssociated="false", maxResults=25, nextToken=token)
    seen += [m["accountId"] for m in page["members"]]
    token = page.get("nextToken")
same(len(seen), len(set(seen)))
same([n for n in stay if n not in seen], [])

# A token is for the account, the Region and the call that it was issued for.
token = admin.list_members(onlyAssociated="false", maxResults=5)["nextToken"]
for call in (
    lambda: rival.list_members(onlyAssociated="false", nextToken=token),
    lambda: admin.list_invitations(nextToken=token),
    lambda: admin.list_members(onlyAssociated="true", nextToken=token),
    lambda: admin.list_members(onlyAssociated="false", nextToken=token[:-4] + "AAAA"),
    lambda: admin.list_members(onlyAssociated="false", nextToken="made up"),
):
    with refused("ValidationException", "nextToken"):
        call()
with refused("ValidationException", "onlyAssociated"):
    admin.list_members(onlyAssociated="perhaps")

# The recipient's side has pages too.
member = enable("member")
for speaker in (admin, rival):
    add(speaker, "member")
    invite(speaker, "member")
first = member.list_invitations(maxResults=1)
rest = member.list_invitations(maxResults=1, nextToken=first["nextToken"])
same({i["accountId"] for i in first["invitations"] + rest["invitations"]}, {account_id("admin"), account_id("rival")})
same("nextToken" in rest, False)
