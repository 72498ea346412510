"""Everything is per Region: here has nothing to do with there."""

from cast import HERE, THERE, account_id, add, enable, invitation, invite, macie, refused, same, start_over, status

admin = enable("admin", HERE)
elsewhere = macie("admin", THERE)
start_over(elsewhere)
with refused("AccessDeniedException", "Macie is not enabled", exactly=True):
    elsewhere.get_macie_session()
elsewhere.enable_macie(findingPublishingFrequency="ONE_HOUR")
same(admin.get_macie_session()["findingPublishingFrequency"], "FIFTEEN_MINUTES")

for speaker, region in ((admin, HERE), (elsewhere, THERE)):
    same(add(speaker, "member"), f"arn:aws:macie2:{region}:{account_id('admin')}:member/{account_id('member')}")
invite(admin, "member")
invite(elsewhere, "member")

here, there = both = [macie("member", region) for region in (HERE, THERE)]
for speaker in both:
    try:
        speaker.enable_macie()
    except speaker.exceptions.ConflictException:
        pass
one, other = invitation(here, "admin")["invitationId"], invitation(there, "admin")["invitationId"]
assert one != other
with refused("ValidationException", "no pending invitation"):
    here.accept_invitation(administratorAccountId=account_id("admin"), invitationId=other)
here.accept_invitation(administratorAccountId=account_id("admin"), invitationId=one)
same((status(admin, "member"), status(elsewhere, "member")), ("Enabled", "Invited"))
with refused("ResourceNotFoundException"):
    there.get_administrator_account()

admin.disassociate_member(id=account_id("member"))
there.accept_invitation(administratorAccountId=account_id("admin"), invitationId=other)
same((status(admin, "member"), status(elsewhere, "member")), ("Removed", "Enabled"))
for region in (HERE, THERE):
    start_over(macie("admin", region))
