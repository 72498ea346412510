"""Tags of members."""

from cast import account_id, add, enable, macie, refused, same

admin = enable("admin")
arn = add(admin, "member", tags={"team": "data", "empty": ""})
same(admin.list_tags_for_resource(resourceArn=arn)["tags"], {"team": "data", "empty": ""})

admin.tag_resource(resourceArn=arn, tags={"team": "security", "Κλειδί": "値 + more"})
same(admin.get_member(id=account_id("member"))["tags"], {"team": "security", "empty": "", "Κλειδί": "値 + more"})
admin.untag_resource(resourceArn=arn, tagKeys=["empty", "Κλειδί", "never there"])
same(admin.list_tags_for_resource(resourceArn=arn)["tags"], {"team": "security"})
same(admin.list_members(onlyAssociated="false")["members"][0]["tags"], {"team": "security"})

# At most 50, and no wrong ones.
admin.tag_resource(resourceArn=arn, tags={f"k{n}": "v" for n in range(49)})
with refused("ValidationException"):
    admin.tag_resource(resourceArn=arn, tags={"one": "too many"})
same(len(admin.list_tags_for_resource(resourceArn=arn)["tags"]), 50)
for tags in ({"k" * 129: "v"}, {"k": "v" * 257}, {"aws:mine": "v"}, {"k": "<v>"}):
    with refused("ValidationException"):
        admin.tag_resource(resourceArn=arn, tags=tags)

# Somebody else's, and nobody's.
rival = enable("rival")
for speaker, resource in ((admin, arn[:-12] + "999900001111"), (rival, arn)):
    for call in (
        lambda: speaker.list_tags_for_resource(resourceArn=resource),
        lambda: speaker.tag_resource(resourceArn=resource, tags={"a": "b"}),
        lambda: speaker.untag_resource(resourceArn=resource, tagKeys=["team"]),
    ):
        try:
            call()
        except speaker.exceptions.ResourceNotFoundException:
            pass
        except speaker.exceptions.AccessDeniedException:
            same(speaker, rival)
        else:
            raise AssertionError(f"{resource} is not there for this account")
same(admin.list_tags_for_resource(resourceArn=arn)["tags"]["team"], "security")

# A member that is gone takes its tags along.
admin.delete_member(id=account_id("member"))
add(admin, "member")
same(admin.get_member(id=account_id("member")).get("tags", {}), {})
