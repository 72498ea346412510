// Tags as they are typed, and what changes of them.
import type { Caller } from "./api/call";

/** Tags that are typed one a line, key=value. A key that has = in it stands in quotes; one without quotes ends at the first =. */
export function readTags(text: string): { [key: string]: string } {
  const tags = new Map<string, string>();
  for (const line of text.split("\n")) {
    if (!line.trim()) continue;
    const quoted = /^\s*"([^"]*)"\s*(?:=|$)/.exec(line);
    const at = line.indexOf("=");
    const [key, value] = quoted ? [quoted[1]!, line.slice(quoted[0].length)] : at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1)];
    tags.set(key.trim(), value.trim()); // the server says what is wrong with an empty key
  }
  return Object.fromEntries(tags);
}

export const mostTags = 50; // of one resource

/** What has to be taken away, and what has to be set, for tags to be as the rows say; undefined where the rows are not tags. */
export function tagChanges(was: { [key: string]: string }, rows: Array<{ key: string; value: string }>): { gone: string[]; set: { [key: string]: string } } | undefined {
  const wanted = new Map<string, string>();
  for (const r of rows) {
    if (!r.key || wanted.has(r.key)) return undefined;
    wanted.set(r.key, r.value);
  }
  return { gone: Object.keys(was).filter((k) => !wanted.has(k)), set: Object.fromEntries([...wanted].filter(([k, v]) => !Object.hasOwn(was, k) || was[k] !== v)) };
}

type Change = NonNullable<ReturnType<typeof tagChanges>>;

/** The same for keys that differ in letter case alone, which the server takes for one. */
const folded = (key: string) => key.toLowerCase().toUpperCase();

/**
 * Changes the tags of a resource. What comes is set before what goes is taken away, so that nothing is lost if the server refuses it. Where
 * both have no place beside each other the other order is needed, and what went is put back if what comes is refused. However it ends, what
 * is shown is loaded again: a part may have been changed.
 */
export async function saveTags(caller: Pick<Caller, "call">, arn: string, was: { [key: string]: string }, { gone, set }: Change, again: () => void): Promise<void> {
  const come = Object.keys(set).length > 0;
  const added = Object.keys(set).filter((k) => !Object.hasOwn(was, k)).map(folded);
  const room = Object.keys(was).length + added.length <= mostTags && !gone.some((k) => added.includes(folded(k)));
  const tag = () => caller.call("TagResource", { resourceArn: arn, tags: set });
  try {
    if (come && room) await tag();
    if (gone.length) await caller.call("UntagResource", { resourceArn: arn, tagKeys: gone });
    if (come && !room)
      try {
        await tag();
      } catch (e) {
        await caller.call("TagResource", { resourceArn: arn, tags: Object.fromEntries(gone.map((k) => [k, was[k]!])) }).catch(() => {}); // the first refusal is told
        throw e;
      }
  } finally {
    again();
  }
}
