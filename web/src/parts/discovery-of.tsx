// For which accounts automated discovery is on. Lists of members do not tell, so it is asked for the rows that are shown, and set for many at once.
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { type ReactNode, useCallback, useMemo, useState } from "react";
import { all, CallError, type Caller, each, type Options } from "../api/call";
import { useDesk } from "../session";
import { visible, words } from "../text/format";
import { t } from "../text";
import { useResource } from "./resource";
import type { Outcome } from "./results";

type Status = "ENABLED" | "DISABLED";

const page = 25; // accounts that one call tells of
const most = 1000; // accounts that one call changes

/** The status of each account, or why it is not known. The accounts are the caller's own and its members'. */
async function ask(c: Caller, accounts: string[], o: Options): Promise<Map<string, Status | CallError>> {
  const parts = Array.from({ length: Math.ceil(accounts.length / page) }, (_, i) => accounts.slice(i * page, (i + 1) * page));
  const found = await each(parts, 4, (accountIds) => all(c, "ListAutomatedDiscoveryAccounts", { accountIds, maxResults: page }, (p) => p.items, o));
  const known = new Map<string, Status | CallError>();
  parts.forEach((ids, i) => {
    const list = found[i];
    if (list instanceof CallError) for (const id of ids) known.set(id, list);
    else for (const a of list ?? []) if (a.accountId && a.status) known.set(a.accountId, a.status);
  });
  return known;
}

const why: { [code: string]: string } = { ACCOUNT_PAUSED: t.discoveryOf.macieIsSuspendedThere, ACCOUNT_NOT_FOUND: t.discoveryOf.itIsNoMember };

/** Turns automated discovery on or off for accounts. */
export async function setDiscovery(c: Caller, accounts: string[], status: Status): Promise<Outcome[]> {
  const out: Outcome[] = [];
  for (let i = 0; i < accounts.length; i += most) {
    const part = accounts.slice(i, i + most);
    const wrong = new Map<string, string>();
    try {
      const r = await c.call("BatchUpdateAutomatedDiscoveryAccounts", { accounts: part.map((accountId) => ({ accountId, status })) });
      for (const e of r.errors ?? []) wrong.set(e.accountId ?? "", why[e.errorCode ?? ""] ?? words(e.errorCode));
    } catch (e) {
      for (const a of part) wrong.set(a, (e as Error).message);
    }
    out.push(...part.map((account) => ({ account, error: wrong.get(account) })));
  }
  return out;
}

/** An account whose row is shown. */
interface Row {
  accountId: string;
  region?: string; // where it is not the page's
  relationshipStatus: string;
}

// Of others the API tells nothing.
const asked = (r: Row) => r.relationshipStatus === "Enabled" || r.relationshipStatus === "Paused";

export interface Known {
  built: boolean;
  see(rows: readonly Row[]): void; // these rows are shown
  complete(rows: readonly Row[]): Promise<void>; // what there is to know of these, however many
  text(row: Row): string;
  cell(row: Row): ReactNode;
  refresh(): void;
}

export function useDiscovery(): Known {
  const desk = useDesk();
  const built = desk.built("ListAutomatedDiscoveryAccounts");
  const known = useMemo(() => new Map<string, Status | CallError>(), [desk.caller]);
  const [shown, setShown] = useState<readonly Row[]>([]);
  const key = (r: Row) => (r.region ?? desk.region) + "/" + r.accountId;
  const learn = async (rows: readonly Row[], o: Options) => {
    const regions = new Map<string, string[]>();
    for (const r of rows.filter(asked)) regions.set(r.region ?? desk.region, [...(regions.get(r.region ?? desk.region) ?? []), r.accountId]);
    for (const [region, ids] of built ? regions : []) for (const [id, status] of await ask(desk.caller.in(region), ids, o)) known.set(region + "/" + id, status);
  };
  const now = useResource((o) => learn(shown, o), [desk.caller, shown.filter(asked).map(key).join()], 60_000);
  const see = useCallback((rows: readonly Row[]) => setShown(rows), []);
  const text = (r: Row) => {
    const status = asked(r) ? known.get(key(r)) : undefined;
    return status instanceof CallError ? t.discoveryOf.notKnown : status === "ENABLED" ? t.common.on : status ? t.common.off : "–";
  };
  return {
    built,
    see,
    complete: (rows) => learn(rows, {}),
    text,
    cell: (r) => {
      const status = asked(r) ? known.get(key(r)) : undefined;
      if (status === undefined) return "–";
      if (status instanceof CallError) return <span title={visible(status.message)}>{text(r)}</span>;
      return <StatusIndicator type={status === "ENABLED" ? "success" : "stopped"}>{text(r)}</StatusIndicator>;
    },
    refresh: now.refresh,
  };
}
