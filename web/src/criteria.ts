// Criteria of jobs and of findings filters, as rows of a form, and back.
import type { CriteriaBlockForJob, CriterionAdditionalProperties, S3BucketCriteriaForJob } from "./api/macie2.gen";
import { type Condition, valuesOf } from "./parts/criteria";
import { time, typeWords, visible, words } from "./text/format";
import { fill, t } from "./text";

const tag = "TAG";

export const jobFields = [
  { value: "S3_BUCKET_NAME", label: t.criteria.bucketName },
  { value: "ACCOUNT_ID", label: t.common.accountId },
  { value: "S3_BUCKET_EFFECTIVE_PERMISSION", label: t.common.public, hint: t.criteria.publicNotPublicOrUnknown },
  { value: "S3_BUCKET_SHARED_ACCESS", label: t.common.shared, hint: t.criteria.externalInternalNotSharedOrUnknown },
  { value: tag, label: t.criteria.tag, hint: "KEY=VALUE, one a line" },
];

export const jobOps = [
  { value: "EQ", label: "is" },
  { value: "NE", label: t.common.isNot },
];

function block(list: Condition[]): CriteriaBlockForJob | undefined {
  const and = list.filter((c) => valuesOf(c).length).map((c) => {
    const comparator = c.op as "EQ" | "NE";
    if (c.field !== tag) return { simpleCriterion: { key: c.field as "ACCOUNT_ID", comparator, values: valuesOf(c) } };
    const pair = (v: string) => {
      const at = v.indexOf("=");
      return at < 0 ? { key: v, value: "" } : { key: v.slice(0, at), value: v.slice(at + 1) };
    };
    return { tagCriterion: { comparator, tagValues: valuesOf(c).map(pair) } };
  });
  return and.length ? { and } : undefined;
}

/** What a job asks of buckets; undefined if nothing is asked. */
export function bucketCriteria(includes: Condition[], excludes: Condition[]): S3BucketCriteriaForJob | undefined {
  const i = block(includes), e = block(excludes);
  return i || e ? { ...(i ? { includes: i } : {}), ...(e ? { excludes: e } : {}) } : undefined;
}

/** The rows that criteria come from. */
export function jobConditions(b: CriteriaBlockForJob | undefined): Condition[] {
  return (b?.and ?? []).map((c) =>
    c.simpleCriterion
      ? { field: c.simpleCriterion.key ?? "", op: c.simpleCriterion.comparator ?? "EQ", values: (c.simpleCriterion.values ?? []).join("\n") }
      : { field: tag, op: c.tagCriterion?.comparator ?? "EQ", values: (c.tagCriterion?.tagValues ?? []).map((t) => (t.key ?? "") + "=" + (t.value ?? "")).join("\n") },
  );
}

export const findingOps = [
  { value: "eq", label: "is" },
  { value: "neq", label: t.common.isNot },
  { value: "eqExactMatch", label: t.criteria.isExactly },
  { value: "gt", label: t.common.isMoreThan },
  { value: "gte", label: t.common.isAtLeast },
  { value: "lt", label: t.common.isLessThan },
  { value: "lte", label: t.common.isAtMost },
];

/** Fields that people ask for; the API knows more, which can be typed. */
export const findingFields = Object.entries({
  accountId: t.common.account,
  archived: t.common.archived,
  category: t.common.category,
  "classificationDetails.jobId": t.common.job,
  "classificationDetails.originType": t.common.foundBy,
  "classificationDetails.result.customDataIdentifiers.detections.name": t.common.customDataIdentifier,
  "classificationDetails.result.mimeType": t.criteria.kindOfObject,
  "classificationDetails.result.sensitiveData.category": t.criteria.categoryOfWhatWasFound,
  "classificationDetails.result.sensitiveData.detections.type": t.common.whatWasFound,
  "classificationDetails.result.sizeClassified": t.criteria.bytesAnalysed,
  createdAt: t.common.created,
  "resourcesAffected.s3Bucket.name": t.common.bucket,
  "resourcesAffected.s3Bucket.publicAccess.effectivePermission": t.common.public,
  "resourcesAffected.s3Bucket.tags.key": t.criteria.keyOfATagOfThe,
  "resourcesAffected.s3Bucket.tags.value": t.criteria.valueOfATagOfThe,
  "resourcesAffected.s3Object.extension": t.criteria.extensionOfTheObject,
  "resourcesAffected.s3Object.key": t.common.object,
  "resourcesAffected.s3Object.publicAccess": t.common.publicObject,
  "resourcesAffected.s3Object.tags.key": t.criteria.keyOfATagOfThe2,
  "resourcesAffected.s3Object.tags.value": t.criteria.valueOfATagOfThe2,
  sample: t.criteria.sample,
  "severity.description": t.common.severity,
  type: "Type",
  updatedAt: t.common.updated,
}).map(([value, label]) => ({ value, label, hint: /At$/.test(value) ? t.criteria.aTimeSuchAs202601 : undefined }));

/** The other fields that the API knows. They are named by their path. */
const otherFields = [
  "count",
  "id",
  "region",
  "resourcesAffected.s3Bucket.createdAt",
  "resourcesAffected.s3Bucket.defaultServerSideEncryption.encryptionType",
  "resourcesAffected.s3Bucket.defaultServerSideEncryption.kmsMasterKeyId",
  "resourcesAffected.s3Bucket.allowsUnencryptedObjectUploads",
  "resourcesAffected.s3Bucket.owner.displayName",
  "resourcesAffected.s3Bucket.publicAccess.permissionConfiguration.accountLevelPermissions.blockPublicAccess.blockPublicAcls",
  "resourcesAffected.s3Bucket.publicAccess.permissionConfiguration.accountLevelPermissions.blockPublicAccess.blockPublicPolicy",
  "resourcesAffected.s3Bucket.publicAccess.permissionConfiguration.accountLevelPermissions.blockPublicAccess.ignorePublicAcls",
  "resourcesAffected.s3Bucket.publicAccess.permissionConfiguration.accountLevelPermissions.blockPublicAccess.restrictPublicBuckets",
  "resourcesAffected.s3Bucket.publicAccess.permissionConfiguration.bucketLevelPermissions.blockPublicAccess.blockPublicAcls",
  "resourcesAffected.s3Bucket.publicAccess.permissionConfiguration.bucketLevelPermissions.blockPublicAccess.blockPublicPolicy",
  "resourcesAffected.s3Bucket.publicAccess.permissionConfiguration.bucketLevelPermissions.blockPublicAccess.ignorePublicAcls",
  "resourcesAffected.s3Bucket.publicAccess.permissionConfiguration.bucketLevelPermissions.blockPublicAccess.restrictPublicBuckets",
  "resourcesAffected.s3Bucket.publicAccess.permissionConfiguration.bucketLevelPermissions.accessControlList.allowsPublicReadAccess",
  "resourcesAffected.s3Bucket.publicAccess.permissionConfiguration.bucketLevelPermissions.accessControlList.allowsPublicWriteAccess",
  "resourcesAffected.s3Bucket.publicAccess.permissionConfiguration.bucketLevelPermissions.bucketPolicy.allowsPublicReadAccess",
  "resourcesAffected.s3Bucket.publicAccess.permissionConfiguration.bucketLevelPermissions.bucketPolicy.allowsPublicWriteAccess",
  "resourcesAffected.s3Object.serverSideEncryption.encryptionType",
  "resourcesAffected.s3Object.serverSideEncryption.kmsMasterKeyId",
  "resourcesAffected.s3Object.lastModified",
  "resourcesAffected.s3Object.path",
  "policyDetails.action.actionType",
  "policyDetails.action.apiCallDetails.api",
  "policyDetails.action.apiCallDetails.apiServiceName",
  "policyDetails.action.apiCallDetails.firstSeen",
  "policyDetails.action.apiCallDetails.lastSeen",
  "policyDetails.actor.domainDetails.domainName",
  "policyDetails.actor.ipAddressDetails.ipCity.name",
  "policyDetails.actor.ipAddressDetails.ipCountry.name",
  "policyDetails.actor.ipAddressDetails.ipOwner.asn",
  "policyDetails.actor.ipAddressDetails.ipOwner.asnOrg",
  "policyDetails.actor.ipAddressDetails.ipOwner.isp",
  "policyDetails.actor.ipAddressDetails.ipAddressV4",
  "policyDetails.actor.userIdentity.type",
  "policyDetails.actor.userIdentity.assumedRole.accessKeyId",
  "policyDetails.actor.userIdentity.assumedRole.accountId",
  "policyDetails.actor.userIdentity.assumedRole.principalId",
  "policyDetails.actor.userIdentity.assumedRole.arn",
  "policyDetails.actor.userIdentity.assumedRole.sessionContext.sessionIssuer.type",
  "policyDetails.actor.userIdentity.assumedRole.sessionContext.sessionIssuer.userName",
  "policyDetails.actor.userIdentity.awsAccount.accountId",
  "policyDetails.actor.userIdentity.awsAccount.principalId",
  "policyDetails.actor.userIdentity.awsService.invokedBy",
  "policyDetails.actor.userIdentity.federatedUser.accessKeyId",
  "policyDetails.actor.userIdentity.federatedUser.arn",
  "policyDetails.actor.userIdentity.federatedUser.accountId",
  "policyDetails.actor.userIdentity.federatedUser.principalId",
  "policyDetails.actor.userIdentity.federatedUser.sessionContext.sessionIssuer.type",
  "policyDetails.actor.userIdentity.federatedUser.sessionContext.sessionIssuer.userName",
  "policyDetails.actor.userIdentity.iamUser.accountId",
  "policyDetails.actor.userIdentity.iamUser.principalId",
  "policyDetails.actor.userIdentity.iamUser.userName",
  "policyDetails.actor.userIdentity.root.accountId",
  "policyDetails.actor.userIdentity.root.principalId",
  "classificationDetails.result.status.code",
  "classificationDetails.result.customDataIdentifiers.detections.arn",
  "classificationDetails.result.customDataIdentifiers.detections.count",
  "classificationDetails.result.sensitiveData.detections.count",
];

/** Fields with a number or a time, which are compared; all others are equal to a value or not. */
const compared = new Set([
  "count",
  "createdAt",
  "updatedAt",
  "resourcesAffected.s3Bucket.createdAt",
  "resourcesAffected.s3Object.lastModified",
  "policyDetails.action.apiCallDetails.firstSeen",
  "policyDetails.action.apiCallDetails.lastSeen",
  "classificationDetails.result.sizeClassified",
  "classificationDetails.result.customDataIdentifiers.detections.count",
  "classificationDetails.result.sensitiveData.detections.count",
]);

type Operator = "=" | "!=" | ">" | ">=" | "<" | "<=";
const operatorOf: { [op: string]: Operator } = { eq: "=", neq: "!=", eqExactMatch: "=", gt: ">", gte: ">=", lt: "<", lte: "<=" };

/** The fields as conditions of a filter's box. */
export const filterFields = () =>
  [...findingFields.map((f) => f.value), ...otherFields].map((key) => ({
    key,
    propertyLabel: fieldWords(key),
    groupValuesLabel: fill(t.criteria.valuesOfKey, { key: fieldWords(key) }),
    group: otherFields.includes(key) ? t.criteria.otherFields : undefined,
    operators: (compared.has(key) ? [">=", "<=", ">", "<", "="] : ["=", "!="]) as Operator[],
  }));

interface Token {
  propertyKey?: string;
  operator: string;
  value: string;
}

/** The criterion that a filter's conditions come to, with those that it cannot hold. */
export function criterionOf(tokens: readonly Token[]): { [field: string]: CriterionAdditionalProperties } {
  const out = new Map<string, { [op: string]: unknown }>(); // a field is whatever stands in the address: of an object it could be __proto__
  for (const t of tokens) {
    const field = t.propertyKey;
    const op = Object.keys(operatorOf).find((o) => operatorOf[o] === t.operator);
    if (!field || !op) continue;
    const c = out.get(field) ?? {};
    out.set(field, c);
    if (!compared.has(field)) c[op] = [...((c[op] as string[] | undefined) ?? []), t.value];
    else {
      const n = times.test(field) && Number.isNaN(Number(t.value)) ? Date.parse(t.value) : Number(t.value);
      if (Number.isNaN(n)) continue;
      if (op === "eq") Object.assign(c, { gte: n, lte: n });
      else c[op] = n;
    }
  }
  return Object.fromEntries(out) as { [field: string]: CriterionAdditionalProperties };
}

/** A rule's conditions as those of a filter's box. */
export function tokensOf(criterion: { [field: string]: CriterionAdditionalProperties } | undefined): Array<Required<Token>> {
  return findingConditions(criterion).flatMap((c) => valuesOf(c).map((value) => ({ propertyKey: c.field, operator: operatorOf[c.op] ?? "=", value })));
}

const wrappers = new Set(["resourcesAffected", "classificationDetails", "policyDetails", "result"]);
const nouns: { [part: string]: string } = { s3Bucket: "bucket", s3Object: "object" };

/** A field in words: its name where it has one, else what its path says. */
export function fieldWords(field: string): string {
  const known = findingFields.find((f) => f.value === field);
  if (known) return known.label;
  const parts = field.split(".").filter((p) => !wrappers.has(p));
  return words(parts.map((p) => nouns[p] ?? words(p)).join(", ").toLowerCase());
}

/** A condition on findings in words. Types and enumerations are said as the list of findings says them; times in the browser's zone. */
export function findingWords(c: Condition): string {
  const one = (v: string) => (times.test(c.field) ? time(v) : c.field === "type" ? typeWords(v) : /(^|\.)(originType|effectivePermission|detections\.type|category)$/.test(c.field) ? words(v) : visible(v));
  return visible(fieldWords(c.field)) + " " + (findingOps.find((o) => o.value === c.op)?.label ?? visible(c.op)) + " " + c.values.split("\n").map(one).join(t.common.or);
}

const times = /(^|\.)(createdAt|updatedAt|lastModified|startedAt)$/;
const list = new Set(["eq", "neq", "eqExactMatch"]);

export function findingConditions(criterion: { [field: string]: CriterionAdditionalProperties } | undefined): Condition[] {
  return Object.entries(criterion ?? {}).flatMap(([field, c]) =>
    Object.entries(c).map(([op, v]) => ({
      field,
      op,
      values: Array.isArray(v) ? v.join("\n") : times.test(field) && v > 1e11 ? new Date(v).toISOString() : String(v),
    })),
  );
}

/** The criterion of rows, or what is wrong with one of them. */
export function findingCriterion(rows: Condition[]): { criterion: { [field: string]: CriterionAdditionalProperties }; wrong: string } {
  const found = new Map<string, { [op: string]: unknown }>();
  const result = (wrong: string) => ({ criterion: Object.fromEntries(found) as { [field: string]: CriterionAdditionalProperties }, wrong });
  for (const r of rows) {
    const field = r.field.trim(), values = valuesOf(r);
    if (!field || !values.length) return result(t.criteria.everyConditionNeedsAFieldAnd);
    const c = found.get(field) ?? {};
    found.set(field, c);
    if (c[r.op] !== undefined) return result(fill(t.criteria.fieldPutAllValuesOfOne, { field }));
    if (list.has(r.op)) c[r.op] = values;
    else {
      const n = times.test(field) && Number.isNaN(Number(values[0])) ? Date.parse(values[0]!) : Number(values[0]);
      if (values.length > 1 || Number.isNaN(n)) return result(fill(t.criteria.fieldNeedsOneNumberField2, { field, field2: times.test(field) ? t.criteria.orOneTime : "" }));
      c[r.op] = n;
    }
  }
  return result(rows.length ? "" : t.criteria.aRuleNeedsAtLeastOne);
}

/** What asks whether a rule matches one finding: the rule's criterion, and the finding's id. Whether it is archived does not count: the rule
 * has changed that. undefined: it cannot match. */
export function criterionFor(criterion: { [field: string]: CriterionAdditionalProperties } | undefined, id: string): { [field: string]: CriterionAdditionalProperties } | undefined {
  const { archived: _, id: ids, ...rest } = criterion ?? {};
  const allowed = [ids?.eq, ids?.eqExactMatch].every((list) => !list || list.includes(id)) && !ids?.neq?.includes(id);
  return allowed ? { ...rest, id: { eq: [id] } } : undefined;
}
