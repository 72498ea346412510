// What is known of the data in a bucket, in four kinds and an error.
import type { BucketMetadata } from "../api/macie2.gen";

export type Kind = "sensitive" | "clean" | "unknown" | "failed";

export const kinds: Array<{ id: Kind; text: string; one: string; other: string }> = [
  { id: "sensitive", text: "Sensitive", one: "sensitive", other: "sensitive" },
  { id: "clean", text: "Not sensitive", one: "not sensitive", other: "not sensitive" },
  { id: "unknown", text: "Not yet analysed", one: "not yet analysed", other: "not yet analysed" },
  { id: "failed", text: "Cannot be read", one: "cannot be read", other: "cannot be read" },
];

export function kindOf(b: BucketMetadata): Kind {
  const score = b.sensitivityScore;
  if (b.errorCode || (score !== undefined && score < 0)) return "failed";
  if (score === undefined || score === 50) return "unknown";
  return score > 50 ? "sensitive" : "clean";
}
