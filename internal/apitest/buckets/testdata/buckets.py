"""What boto3 sees of a store's buckets. The endpoint, a bucket with four objects and an empty one are arguments; keys and Region come from
the environment."""
import sys

import boto3

endpoint, full, empty = sys.argv[1:]
macie = boto3.client("macie2", endpoint_url=endpoint)

pages = macie.get_paginator("describe_buckets").paginate(
    criteria={"bucketName": {"prefix": "magpie-test-"}},
    sortCriteria={"attributeName": "sizeInBytes", "orderBy": "DESC"},
    PaginationConfig={"PageSize": 1},
)
buckets = [b for page in pages for b in page["buckets"]]
assert [b["bucketName"] for b in buckets] == [full, empty], buckets
assert [b["objectCount"] for b in buckets] == [4, 0], buckets
assert all(b["lastUpdated"].tzinfo is not None for b in buckets), buckets
assert buckets[0]["jobDetails"]["isDefinedInJob"] == "TRUE" and buckets[1]["jobDetails"]["isDefinedInJob"] == "FALSE", buckets
# How objects are encrypted is not in a listing.
assert buckets[0]["objectCountByEncryptionType"]["unknown"] == 4, buckets[0]

statistics = macie.get_bucket_statistics(accountId="111122223333")
assert statistics["bucketCount"] == 2 and statistics["classifiableObjectCount"] == 3, statistics
permission = statistics["bucketCountByEffectivePermission"]
assert permission["publiclyAccessible"] + permission["unknown"] <= 2, permission

found = [
    r["matchingBucket"]["bucketName"]
    for page in macie.get_paginator("search_resources").paginate(
        bucketCriteria={"includes": {"and": [{"simpleCriterion": {"comparator": "EQ", "key": "S3_BUCKET_NAME", "values": [empty]}}]}}
    )
    for r in page["matchingResources"]
]
assert found == [empty], found
