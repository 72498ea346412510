import { expect, test } from "vitest";
import { criterionFor, criterionOf, filterFields, tokensOf, bucketCriteria, findingConditions, findingCriterion, findingWords, jobConditions } from "../criteria";

test("criteria of jobs are rows, and back", () => {
  const criteria = {
    includes: { and: [{ simpleCriterion: { key: "ACCOUNT_ID" as const, comparator: "EQ" as const, values: ["111122223333", "444455556666"] } }, { tagCriterion: { comparator: "NE" as const, tagValues: [{ key: "env", value: "a=b" }, { key: "x", value: "" }] } }] },
    excludes: { and: [{ simpleCriterion: { key: "S3_BUCKET_NAME" as const, comparator: "EQ" as const, values: ["logs"] } }] },
  };
  expect(bucketCriteria(jobConditions(criteria.includes), jobConditions(criteria.excludes))).toEqual(criteria);
  expect(bucketCriteria([], [{ field: "ACCOUNT_ID", op: "EQ", values: " \n" }])).toBeUndefined();
});

test("criteria of findings are rows, and back", () => {
  const criterion = { type: { eq: ["a", "b"] }, updatedAt: { gte: Date.UTC(2026, 0, 31), lt: Date.UTC(2026, 1, 1) }, "classificationDetails.result.sizeClassified": { gt: 10 } };
  const rows = findingConditions(criterion);
  expect(rows.map((r) => r.values)).toEqual(["a\nb", "2026-01-31T00:00:00.000Z", "2026-02-01T00:00:00.000Z", "10"]);
  expect(findingCriterion(rows)).toEqual({ criterion, wrong: "" });
  for (const bad of [[], [{ field: "", op: "eq", values: "x" }], [{ field: "type", op: "eq", values: " " }], [{ field: "count", op: "gt", values: "x" }], [{ field: "type", op: "eq", values: "a" }, { field: "type", op: "eq", values: "b" }]])
    expect(findingCriterion(bad).wrong).not.toBe("");
});

test("conditions on findings are said in words", () => {
  const say = (criterion: Parameters<typeof findingConditions>[0]) => findingConditions(criterion).map(findingWords);
  expect(say({ type: { neq: ["SensitiveData:S3Object/Financial", "Policy:IAMUser/S3BucketPublic"] }, "severity.description": { eq: ["High"] } })).toEqual(["Type is not Data: Financial or Policy: Public", "Severity is High"]);
  expect(say({ "resourcesAffected.s3Bucket.publicAccess.effectivePermission": { eq: ["NOT_PUBLIC"] } })).toEqual(["Public is Not public"]);
  expect(say({ "resourcesAffected.s3Object.storageClass": { eqExactMatch: ["GLACIER"] }, "policyDetails.actor.userIdentity.type": { eq: ["\u202ex"] } })).toEqual(["Object, storage class is exactly GLACIER", "Actor, user identity, type is \u27e8U+202E\u27e9x"]);
});

test("a filter's conditions are a criterion, and a rule's criterion is conditions", () => {
  const tokens = [
    { propertyKey: "severity.description", operator: "=", value: "High" },
    { propertyKey: "severity.description", operator: "=", value: "Medium" },
    { propertyKey: "type", operator: "!=", value: "x" },
    { propertyKey: "createdAt", operator: ">=", value: "2026-01-31T00:00:00.000Z" },
    { propertyKey: "count", operator: "=", value: "3" },
    { operator: ":", value: "free text is not the server's" },
    { propertyKey: "count", operator: ">", value: "no number" },
  ];
  const criterion = criterionOf(tokens);
  expect(criterion).toEqual({ "severity.description": { eq: ["High", "Medium"] }, type: { neq: ["x"] }, createdAt: { gte: Date.UTC(2026, 0, 31) }, count: { gte: 3, lte: 3 } });
  expect(tokensOf({ "severity.description": { eq: ["High"] }, createdAt: { gte: Date.UTC(2026, 0, 31) } })).toEqual([tokens[0], tokens[3]]);
  const keys = filterFields().map((f) => f.key);
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys).toContain("policyDetails.actor.userIdentity.iamUser.userName");
});

test("whether a rule matches one finding is asked without what the rule itself has changed", () => {
  expect(criterionFor({ type: { eq: ["a"] }, archived: { eq: ["false"] } }, "f")).toEqual({ type: { eq: ["a"] }, id: { eq: ["f"] } });
  expect(criterionFor(undefined, "f")).toEqual({ id: { eq: ["f"] } });
  expect(criterionFor({ id: { eq: ["e", "f"] } }, "f")).toEqual({ id: { eq: ["f"] } });
  for (const id of [{ eq: ["e"] }, { eqExactMatch: ["e"] }, { neq: ["f"] }, { eq: ["f"], neq: ["f"] }]) expect(criterionFor({ id }, "f")).toBe(undefined);
});

test("what stands in an address or in a field of a rule is no part of the program", () => {
  for (const field of ["__proto__", "constructor", "toString"]) {
    const token = { propertyKey: field, operator: "=", value: "x" };
    expect(Object.entries(criterionOf([token]))).toEqual([[field, { eq: ["x"] }]]);
    expect(JSON.parse(JSON.stringify(findingCriterion([{ field, op: "eq", values: "x" }]).criterion))).toEqual(JSON.parse(`{"${field}":{"eq":["x"]}}`));
    expect(({} as { eq?: unknown }).eq).toBe(undefined);
  }
  expect(criterionOf([{ propertyKey: "type", operator: "constructor", value: "x" }])).toEqual({});
});
