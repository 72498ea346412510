"""What boto3 sees of buckets. The endpoint is the first argument; keys and Region come from the environment."""
import sys

import boto3

macie = boto3.client("macie2", endpoint_url=sys.argv[1])

pages = macie.get_paginator("describe_buckets").paginate(
    criteria={"bucketName": {"prefix": "h"}, "objectCount": {"gte": 2}},
    sortCriteria={"attributeName": "sizeInBytes", "orderBy": "DESC"},
    PaginationConfig={"PageSize": 1},
)
buckets = [b for page in pages for b in page["buckets"]]
assert [b["bucketName"] for b in buckets] == ["hr-data"], buckets
hr = buckets[0]
assert hr["objectCount"] == 2 and hr["classifiableObjectCount"] == 2, hr
assert hr["publicAccess"]["effectivePermission"] == "UNKNOWN", hr
assert hr["bucketCreatedAt"].tzinfo is not None, hr
assert macie.describe_buckets(criteria={"bucketName": {"eq": ["none"]}})["buckets"] == []

statistics = macie.get_bucket_statistics()
assert statistics["bucketCount"] == 2 and statistics["objectCount"] == 3, statistics
assert statistics["bucketCountByEffectivePermission"]["unknown"] == 2, statistics

found = [
    r["matchingBucket"]["bucketName"]
    for page in macie.get_paginator("search_resources").paginate(
        bucketCriteria={
            "includes": {"and": [{"simpleCriterion": {"comparator": "EQ", "key": "S3_BUCKET_NAME", "values": ["hr-data", "sales"]}}]},
            "excludes": {"and": [{"simpleCriterion": {"comparator": "EQ", "key": "S3_BUCKET_NAME", "values": ["sales"]}}]},
        }
    )
    for r in page["matchingResources"]
]
assert found == ["hr-data"], found

try:
    macie.describe_buckets(criteria={"colour": {"eq": ["blue"]}})
    raise AssertionError("a criterion that there is not was taken")
except macie.exceptions.ValidationException as e:
    assert "colour" in str(e), e
