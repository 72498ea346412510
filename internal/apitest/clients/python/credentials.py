"""Who is asking: keys, sessions, and the service that tells who one is."""

from cast import ACCOUNTS, DEV, account_id, client, macie, refused, same

me = client("sts", "admin").get_caller_identity()
same(me["Account"], account_id("admin"))
assert me["Arn"].startswith(f"arn:aws:iam::{account_id('admin')}:"), me
assert me["UserId"], me

admin = ACCOUNTS["admin"]
if not DEV:
    with refused("InvalidSignatureException", status=403):
        macie("admin", aws_access_key_id=admin["accessKeyId"], aws_secret_access_key="wrong").get_macie_session()
    with refused("UnrecognizedClientException", status=403):
        macie("admin", aws_access_key_id="AKIAAAAAAAAAAAAAAAAA", aws_secret_access_key="x" * 40).get_macie_session()
    with refused("UnrecognizedClientException", status=403):
        macie("admin", aws_access_key_id=admin["accessKeyId"], aws_secret_access_key=admin["secretAccessKey"],
              aws_session_token="made up").get_macie_session()

# A role, as multi-account tools begin.
if "role" in ACCOUNTS["member"]:
    session = client("sts", "admin").assume_role(RoleArn=ACCOUNTS["member"]["role"], RoleSessionName="conversation")
    same(session["AssumedRoleUser"]["Arn"].split(":")[4], account_id("member"))
    keys = session["Credentials"]
    temporary = {"aws_access_key_id": keys["AccessKeyId"], "aws_secret_access_key": keys["SecretAccessKey"],
                 "aws_session_token": keys["SessionToken"]}
    same(client("sts", "admin", **temporary).get_caller_identity()["Account"], account_id("member"))
    as_member = macie("admin", **temporary)
    with refused("AccessDeniedException", "Macie is not enabled", exactly=True):
        as_member.get_macie_session()
    as_member.enable_macie()
    as_member.disable_macie()
