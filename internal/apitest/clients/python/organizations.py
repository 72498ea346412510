"""AWS Organizations: what a management account sees and changes, and what the others may see."""

import datetime

from cast import ACCOUNTS, account_id, client, email, refused, same

MACIE = "macie.amazonaws.com"
NOT_ALLOWED = "You don't have permissions to access this resource."

with refused("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.", exactly=True, status=400):
    client("organizations", "admin").describe_organization()

if "management" in ACCOUNTS:
    boss, delegate = client("organizations", "management"), client("organizations", "delegate")
    mine, other = account_id("management"), account_id("delegate")
    organization = boss.describe_organization()["Organization"]
    same(organization["MasterAccountId"], mine)
    same(organization["MasterAccountEmail"], email("management"))
    same(organization["FeatureSet"], "ALL")
    same(organization["MasterAccountArn"], f"arn:aws:organizations::{mine}:account/{organization['Id']}/{mine}")
    same(delegate.describe_organization()["Organization"], organization)

    accounts = {}
    for page in boss.get_paginator("list_accounts").paginate(PaginationConfig={"PageSize": 1}):
        for account in page["Accounts"]:
            accounts[account["Id"]] = account
    same({mine, other} <= set(accounts), True)
    account = boss.describe_account(AccountId=other)["Account"]
    same(account, accounts[other])
    same([account[name] for name in ("Email", "Status", "State", "JoinedMethod")], [email("delegate"), "ACTIVE", "ACTIVE", "INVITED"])
    same(isinstance(account["JoinedTimestamp"], datetime.datetime), True)
    same(len(boss.list_roots()["Roots"]), 1)
    with refused("AccountNotFoundException", "You specified an account that doesn't exist.", exactly=True, status=400):
        boss.describe_account(AccountId="000000000001")
    with refused("InvalidInputException", "You provided a value that does not match the required pattern.", status=400):
        client("organizations", "management", validate=False).describe_account(AccountId="1")

    for name, ask in {
        "list_accounts": lambda: delegate.list_accounts(),
        "enable": lambda: delegate.enable_aws_service_access(ServicePrincipal=MACIE),
    }.items():
        with refused("AccessDeniedException", NOT_ALLOWED, exactly=True, status=400):
            ask()

    boss.enable_aws_service_access(ServicePrincipal=MACIE)
    same(MACIE in [x["ServicePrincipal"] for x in boss.list_aws_service_access_for_organization()["EnabledServicePrincipals"]], True)
    with refused("ConstraintViolationException", "You cannot register management account/yourself as delegated administrator", status=400):
        boss.register_delegated_administrator(AccountId=mine, ServicePrincipal=MACIE)
    boss.register_delegated_administrator(AccountId=other, ServicePrincipal=MACIE)
    with refused("AccountAlreadyRegisteredException", "The provided account is already a delegated administrator", status=400):
        boss.register_delegated_administrator(AccountId=other, ServicePrincipal=MACIE)
    administrators = boss.list_delegated_administrators(ServicePrincipal=MACIE)["DelegatedAdministrators"]
    same([x["Id"] for x in administrators], [other])
    # Who acts for the organization sees all of it, and changes nothing.
    same(len(delegate.list_accounts()["Accounts"]), len(accounts))
    same([x["ServicePrincipal"] for x in delegate.list_delegated_services_for_account(AccountId=other)["DelegatedServices"]], [MACIE])
    with refused("AccessDeniedException", NOT_ALLOWED, exactly=True, status=400):
        delegate.deregister_delegated_administrator(AccountId=other, ServicePrincipal=MACIE)

    boss.deregister_delegated_administrator(AccountId=other, ServicePrincipal=MACIE)
    with refused("AccountNotRegisteredException", "The provided account is not a registered delegated administrator", status=400):
        boss.deregister_delegated_administrator(AccountId=other, ServicePrincipal=MACIE)
    boss.disable_aws_service_access(ServicePrincipal=MACIE)
    with refused("ConstraintViolationException", "You attempted to register a delegated administrator before you enabled service access.", status=400):
        boss.register_delegated_administrator(AccountId=other, ServicePrincipal=MACIE)
    with refused("NotImplementedException", "The operation ListParents is not implemented yet by this server.", status=501):
        boss.list_parents(ChildId=other)
