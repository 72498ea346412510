// A language for tests: every text stands between marks, so one that does not come from the file of texts can be told on a page.
const open = "\u27e6", close = "\u27e7";

export function pseudo<T>(texts: T): T {
  if (typeof texts === "string") return (open + texts + close) as T;
  if (typeof texts !== "object" || texts === null) return texts;
  return Object.fromEntries(Object.entries(texts).map(([k, v]) => [k, pseudo(v as unknown)])) as T;
}
