// The list that a finding was opened from, so that its page can lead to the next one and back. It is of the tab, and outlives a reload.
const stored = "magpie.findings.opened";

export interface Opened {
  from: string; // the list's address
  ids: string[];
}

export function remember(ids: string[]) {
  try {
    sessionStorage.setItem(stored, JSON.stringify({ from: location.pathname + location.search, ids } satisfies Opened));
  } catch {
    /* then there is no way to the next one */
  }
}

/** The list that holds that finding, and its place there. */
export function openedFrom(id: string): (Opened & { at: number }) | undefined {
  try {
    const o = JSON.parse(sessionStorage.getItem(stored) ?? "null") as Opened | null;
    const at = o?.ids.indexOf(id) ?? -1;
    return o && at >= 0 && o.from.startsWith("/console/") ? { ...o, at } : undefined;
  } catch {
    return undefined;
  }
}
