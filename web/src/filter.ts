// A table's filter in the address.
import type { PropertyFilterProps } from "@cloudscape-design/components/property-filter";

export function readFilter(text: string | null): PropertyFilterProps.Query {
  try {
    const q = JSON.parse(text ?? "");
    if (Array.isArray(q.tokens) && (q.operation === "and" || q.operation === "or")) return { operation: q.operation, tokens: q.tokens.filter(isToken) };
  } catch {
    /* none, or somebody's mistake */
  }
  return { operation: "and", tokens: [] };
}

const operators = ["=", "!=", ":", "!:", "^", "!^", ">", ">=", "<", "<="];
const text = (v: unknown) => typeof v === "string";
const isToken = (t: { value: unknown; operator: unknown; propertyKey: unknown } | null) => typeof t === "object" && t !== null && text(t.value) && operators.includes(t.operator as string) && (t.propertyKey === undefined || text(t.propertyKey));

export function writeFilter(q: PropertyFilterProps.Query): string {
  return q.tokens.length ? JSON.stringify({ operation: q.operation, tokens: q.tokens.map(({ propertyKey, operator, value }) => ({ propertyKey, operator, value })) }) : "";
}
