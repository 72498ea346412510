// Tags as they are typed, and what changes of them.

/** Tags that are typed one a line, key=value. */
export function readTags(text: string): { [key: string]: string } {
  const tags = new Map<string, string>();
  for (const line of text.split("\n")) {
    const at = line.indexOf("=");
    const key = (at < 0 ? line : line.slice(0, at)).trim();
    if (key) tags.set(key, at < 0 ? "" : line.slice(at + 1).trim());
  }
  return Object.fromEntries(tags);
}

/** What has to be taken away, and what has to be set, for tags to be as the rows say; undefined where the rows are not tags. */
export function tagChanges(was: { [key: string]: string }, rows: Array<{ key: string; value: string }>): { gone: string[]; set: { [key: string]: string } } | undefined {
  const wanted = new Map<string, string>();
  for (const r of rows) {
    if (!r.key || wanted.has(r.key)) return undefined;
    wanted.set(r.key, r.value);
  }
  return { gone: Object.keys(was).filter((k) => !wanted.has(k)), set: Object.fromEntries([...wanted].filter(([k, v]) => !Object.hasOwn(was, k) || was[k] !== v)) };
}
