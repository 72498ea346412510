"""What boto3 sees of usage. The endpoint, an account and what its jobs cost are arguments; keys and Region come from the environment."""
import sys

import boto3

endpoint, account, cost = sys.argv[1:]
macie = boto3.client("macie2", endpoint_url=endpoint)

records = [
    r
    for page in macie.get_paginator("get_usage_statistics").paginate(
        sortBy={"key": "accountId", "orderBy": "ASC"}, timeRange="PAST_30_DAYS", PaginationConfig={"PageSize": 1}
    )
    for r in page["records"]
]
assert len(records) == 2 and [r["accountId"] for r in records] == sorted(r["accountId"] for r in records), records

only = macie.get_usage_statistics(filterBy=[{"key": "accountId", "comparator": "CONTAINS", "values": [account]}])
assert only["timeRange"] == "PAST_30_DAYS", only
(record,) = only["records"]
usage = {u["type"]: u for u in record["usage"]}
assert usage["SENSITIVE_DATA_DISCOVERY"]["estimatedCost"] == cost, usage
assert usage["SENSITIVE_DATA_DISCOVERY"]["serviceLimit"] == {"isServiceLimited": False, "unit": "TERABYTES", "value": 5}, usage
assert "serviceLimit" not in usage["DATA_INVENTORY_EVALUATION"], usage
assert all(u["currency"] == "USD" for u in record["usage"]) and len(usage) == 4, usage
assert record["freeTrialStartDate"].tzinfo is not None, record

some = macie.get_usage_statistics(filterBy=[{"key": "total", "comparator": "GT", "values": ["1"]}, {"key": "serviceLimit", "comparator": "EQ", "values": ["false"]}])
assert [r["accountId"] for r in some["records"]] == [account], some

totals = macie.get_usage_totals(timeRange="MONTH_TO_DATE")
assert totals["timeRange"] == "MONTH_TO_DATE", totals
assert {t["type"]: t["estimatedCost"] for t in totals["usageTotals"]}["SENSITIVE_DATA_DISCOVERY"] == cost, totals
assert macie.get_usage_totals()["timeRange"] == "PAST_30_DAYS"

for wrong in (
    lambda: macie.get_usage_totals(timeRange="YESTERDAY"),
    lambda: macie.get_usage_statistics(filterBy=[{"key": "accountId", "comparator": "EQ", "values": [account]}]),
    lambda: macie.get_usage_statistics(sortBy={"key": "colour"}),
    lambda: macie.get_usage_statistics(maxResults=0),
    lambda: macie.get_usage_statistics(nextToken="x"),
):
    try:
        wrong()
        raise AssertionError("it was not refused")
    except macie.exceptions.ValidationException:
        pass
