// What is known of the data in a bucket, in four kinds and an error.
import type { BucketMetadata } from "../api/macie2.gen";
import type { Forms } from "../text";
import { t } from "../text";

export type Kind = "sensitive" | "clean" | "unknown" | "failed";

export const kinds: Array<{ id: Kind; text: string; of: Forms }> = [
  { id: "sensitive", text: t.common.sensitive, of: { one: t.bucketKind.nSensitive, other: t.bucketKind.nSensitive } },
  { id: "clean", text: t.common.notSensitive, of: { one: t.bucketKind.nNotSensitive, other: t.bucketKind.nNotSensitive } },
  { id: "unknown", text: t.common.notYetAnalysed, of: { one: t.bucketKind.nNotYetAnalysed, other: t.bucketKind.nNotYetAnalysed } },
  { id: "failed", text: t.bucketKind.cannotBeRead, of: { one: t.bucketKind.nCannotBeRead, other: t.bucketKind.nCannotBeRead } },
];

export function kindOf(b: BucketMetadata): Kind {
  const score = b.sensitivityScore;
  if (b.errorCode || (score !== undefined && score < 0)) return "failed";
  if (score === undefined || score === 50) return "unknown";
  return score > 50 ? "sensitive" : "clean";
}
