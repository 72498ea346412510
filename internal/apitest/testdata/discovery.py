"""What prowler, steampipe and mql ask of an account in which automated discovery has looked, in their order. The endpoint, a member account
and a bucket of it are arguments; keys and Region come from the environment."""
import sys

import boto3

endpoint, member, bucket = sys.argv[1:]
macie = boto3.client("macie2", endpoint_url=endpoint)

# prowler: is Macie enabled, and automated discovery?
assert macie.get_macie_session()["status"] == "ENABLED"
configuration = macie.get_automated_discovery_configuration()
assert configuration["status"] == "ENABLED", configuration

# steampipe: jobs and findings.
jobs = [j for page in macie.get_paginator("list_classification_jobs").paginate(PaginationConfig={"PageSize": 200}) for j in page["items"]]
for job in jobs:
    macie.describe_classification_job(jobId=job["jobId"])
ids = [i for page in macie.get_paginator("list_findings").paginate(PaginationConfig={"PageSize": 50}) for i in page["findingIds"]]
findings = [f for at in range(0, len(ids), 50) for f in macie.get_findings(findingIds=ids[at : at + 50])["findings"]]
ours = [f for f in findings if f["resourcesAffected"]["s3Bucket"]["name"] == bucket]
assert len(ours) == 1, ours
details = ours[0]["classificationDetails"]
assert details["originType"] == "AUTOMATED_SENSITIVE_DATA_DISCOVERY" and "jobId" not in details and "jobArn" not in details, details
assert "/automated-sensitive-data-discovery/" in details["detailedResultsLocation"], details
assert ours[0]["accountId"] == member, ours

# mql: the widest reader.
macie.get_macie_session()
sensitive = macie.get_bucket_statistics()["bucketStatisticsBySensitivity"]["sensitive"]
assert sensitive["totalCount"] == 1, sensitive
list(macie.get_paginator("list_classification_jobs").paginate())
list(macie.get_paginator("list_findings").paginate())
list(macie.get_paginator("list_custom_data_identifiers").paginate())
buckets = {b["bucketName"]: b for page in macie.get_paginator("describe_buckets").paginate() for b in page["buckets"]}
assert 51 <= buckets[bucket]["sensitivityScore"] <= 99 and buckets[bucket]["automatedDiscoveryMonitoringStatus"] == "MONITORED", buckets
assert buckets[bucket]["lastAutomatedDiscoveryTime"].tzinfo is not None
list(macie.get_paginator("list_allow_lists").paginate())
list(macie.get_paginator("list_findings_filters").paginate())
list(macie.get_paginator("list_members").paginate())
list(macie.get_paginator("list_invitations").paginate())
try:
    macie.get_administrator_account()
except macie.exceptions.ResourceNotFoundException:
    pass
configuration = macie.get_automated_discovery_configuration()
assert configuration["autoEnableOrganizationMembers"] == "ALL" and configuration["firstEnabledAt"].tzinfo is not None, configuration
accounts = {a["accountId"]: a["status"] for page in macie.get_paginator("list_automated_discovery_accounts").paginate() for a in page["items"]}
assert accounts[member] == "ENABLED" and set(accounts.values()) == {"ENABLED"}, accounts
(scope,) = [s for page in macie.get_paginator("list_classification_scopes").paginate(name="automated-sensitive-data-discovery") for s in page["classificationScopes"]]
assert scope["id"] == configuration["classificationScopeId"], scope
assert macie.get_classification_scope(id=scope["id"])["s3"] == {"excludes": {"bucketNames": []}}
(template,) = [t for page in macie.get_paginator("list_sensitivity_inspection_templates").paginate() for t in page["sensitivityInspectionTemplates"]]
assert template["id"] == configuration["sensitivityInspectionTemplateId"], template
assert macie.get_sensitivity_inspection_template(id=template["id"])["includes"]["customDataIdentifierIds"] == []
assert macie.get_classification_export_configuration()["configuration"] == {}

# What no reader of these asks: profiles, and what can be said of them.
arn = buckets[bucket]["bucketArn"]
profile = macie.get_resource_profile(resourceArn=arn)
assert profile["sensitivityScore"] == buckets[bucket]["sensitivityScore"] and profile["sensitivityScoreOverridden"] is False, profile
assert profile["statistics"]["totalItemsSensitive"] == 1, profile
detections = [d for page in macie.get_paginator("list_resource_profile_detections").paginate(resourceArn=arn) for d in page["detections"]]
assert [(d["id"], d["type"], d["suppressed"]) for d in detections] == [("CREDIT_CARD_NUMBER", "MANAGED", False)], detections
artifacts = [a for page in macie.get_paginator("list_resource_profile_artifacts").paginate(resourceArn=arn) for a in page["artifacts"]]
assert [a["sensitive"] for a in artifacts] == [True, False], artifacts
macie.update_resource_profile(resourceArn=arn, sensitivityScoreOverride=100)
assert macie.describe_buckets(criteria={"sensitivityScore": {"gte": 100}})["buckets"][0]["bucketName"] == bucket
macie.update_resource_profile(resourceArn=arn)
macie.update_resource_profile_detections(resourceArn=arn, suppressDataIdentifiers=[{"type": "MANAGED", "id": "CREDIT_CARD_NUMBER"}])
assert macie.get_resource_profile(resourceArn=arn)["sensitivityScore"] < 50
macie.update_resource_profile_detections(resourceArn=arn, suppressDataIdentifiers=[])
macie.update_classification_scope(id=scope["id"], s3={"excludes": {"bucketNames": [bucket], "operation": "ADD"}})
macie.update_classification_scope(id=scope["id"], s3={"excludes": {"bucketNames": [bucket], "operation": "REMOVE"}})
macie.update_sensitivity_inspection_template(id=template["id"], includes={"managedDataIdentifierIds": ["NAME"]})
macie.update_sensitivity_inspection_template(id=template["id"])

for exception, wrong in (
    (macie.exceptions.ConflictException, lambda: macie.batch_update_automated_discovery_accounts(accounts=[{"accountId": member, "status": "DISABLED"}])),
    (macie.exceptions.ValidationException, lambda: macie.update_resource_profile(resourceArn=arn, sensitivityScoreOverride=7)),
    (macie.exceptions.ValidationException, lambda: macie.get_resource_profile(resourceArn=bucket)),
    (macie.exceptions.ResourceNotFoundException, lambda: macie.get_resource_profile(resourceArn=arn + "-not")),
    (macie.exceptions.ResourceNotFoundException, lambda: macie.get_classification_scope(id="0" * 32)),
    (macie.exceptions.ResourceNotFoundException, lambda: macie.update_classification_scope(id=scope["id"], s3={"excludes": {"bucketNames": ["no-such-bucket"], "operation": "ADD"}})),
):
    try:
        wrong()
        raise AssertionError("it was not refused")
    except exception:
        pass
