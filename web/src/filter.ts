// A table's filter in the address.
import type { PropertyFilterProps } from "@cloudscape-design/components/property-filter";

export function readFilter(text: string | null): PropertyFilterProps.Query {
  try {
    const q = JSON.parse(text ?? "");
    if (Array.isArray(q.tokens) && (q.operation === "and" || q.operation === "or"))
      return { operation: q.operation, tokens: q.tokens.filter((t: unknown) => typeof t === "object" && t !== null && typeof (t as { value: unknown }).value === "string" && typeof (t as { operator: unknown }).operator === "string") };
  } catch {
    /* none, or somebody's mistake */
  }
  return { operation: "and", tokens: [] };
}

export function writeFilter(q: PropertyFilterProps.Query): string {
  return q.tokens.length ? JSON.stringify({ operation: q.operation, tokens: q.tokens.map(({ propertyKey, operator, value }) => ({ propertyKey, operator, value })) }) : "";
}
