"""A job over buckets of a store, as boto3 has it. Arguments: the endpoint, the account, the bucket; keys and Region come from the environment."""
import sys
import time
import uuid

import boto3

endpoint, account, bucket = sys.argv[1:]
macie = boto3.client("macie2", endpoint_url=endpoint)


def definition(*buckets, **scoping):
    d = {"bucketDefinitions": [{"accountId": account, "buckets": list(buckets)}]}
    if scoping:
        d["scoping"] = scoping
    return d


def simple(key, comparator, *values):
    return {"simpleScopeTerm": {"key": key, "comparator": comparator, "values": list(values)}}


def run(**job):
    made = macie.create_classification_job(clientToken=str(uuid.uuid4()), jobType="ONE_TIME", **job)
    deadline = time.monotonic() + 120
    while True:
        d = macie.describe_classification_job(jobId=made["jobId"])
        if d["jobStatus"] == "COMPLETE":
            break
        assert time.monotonic() < deadline, d
        time.sleep(0.1)
    ids = macie.list_findings(findingCriteria={"criterion": {"classificationDetails.jobId": {"eq": [made["jobId"]]}}})["findingIds"]
    found = macie.get_findings(findingIds=ids)["findings"] if ids else []
    return d, {f["resourcesAffected"]["s3Object"]["key"]: f for f in found}


d, found = run(name="all", s3JobDefinition=definition(bucket))
assert d["lastRunErrorStatus"]["code"] == "NONE", d
keys = ["in/+plus+ and blank.txt", "in/customers.csv", "in/notes.json", "in/packed.zip", "other/large.txt"]
assert sorted(found) == keys, sorted(found)
assert found["in/customers.csv"]["type"] == "SensitiveData:S3Object/Financial", found["in/customers.csv"]
detection = found["in/customers.csv"]["classificationDetails"]["result"]["sensitiveData"][0]["detections"][0]
assert detection["occurrences"]["cells"][0]["columnName"] == "credit card number", detection
assert found["other/large.txt"]["classificationDetails"]["result"]["status"]["code"] == "COMPLETE"

d, found = run(name="some", description="by prefix and size", tags={"team": "hr"}, managedDataIdentifierSelector="INCLUDE",
               managedDataIdentifierIds=["CREDIT_CARD_NUMBER"], s3JobDefinition=definition(
    bucket, includes={"and": [simple("OBJECT_KEY", "STARTS_WITH", "in/")]},
    excludes={"and": [simple("OBJECT_EXTENSION", "EQ", "csv", "zip")]}))
assert sorted(found) == ["in/+plus+ and blank.txt", "in/notes.json"], sorted(found)
assert d["tags"] == {"team": "hr"}, d

d, found = run(name="missing", s3JobDefinition=definition(bucket + "-is-not-there"))
assert d["lastRunErrorStatus"]["code"] == "ERROR" and not found, d

try:
    macie.update_classification_job(jobId=d["jobId"], jobStatus="RUNNING")
    raise AssertionError("a job that is complete was resumed")
except macie.exceptions.ValidationException as e:
    assert "cannot update completed job for job: arn:" in str(e), e

often = macie.create_classification_job(clientToken=str(uuid.uuid4()), name="often", jobType="SCHEDULED", initialRun=False,
                                        scheduleFrequency={"dailySchedule": {}}, s3JobDefinition=definition(bucket))["jobId"]


def status():
    return macie.describe_classification_job(jobId=often)["jobStatus"]


assert status() == "IDLE", status()
for to, then in (("USER_PAUSED", "USER_PAUSED"), ("RUNNING", "IDLE"), ("CANCELLED", "CANCELLED")):
    macie.update_classification_job(jobId=often, jobStatus=to)
    assert status() == then, (to, status())

pages = macie.get_paginator("list_classification_jobs").paginate(
    sortCriteria={"attributeName": "name", "orderBy": "ASC"}, PaginationConfig={"PageSize": 2})
assert [j["name"] for page in pages for j in page["items"]] == ["all", "missing", "often", "some"]
