// Activity: who called what, and what happened to memberships.
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Modal from "@cloudscape-design/components/modal";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Tabs from "@cloudscape-design/components/tabs";
import { useEffect, useState } from "react";
import { Theirs, To } from "../parts/bits";
import { useResource } from "../parts/resource";
import { Rows } from "../parts/rows";
import { setQuery, useRoute } from "../route";
import { useDesk } from "../session";
import { short, visible, words } from "../text/format";
import { type Event, loadHistory } from "./accounts";
import { fill, t } from "../text";

interface Record {
  eventID: string;
  eventTime: string;
  eventName: string;
  eventSource: string;
  awsRegion: string;
  sourceIPAddress: string;
  userAgent: string;
  errorCode?: string;
  errorMessage?: string;
  userIdentity?: { arn?: string; accessKeyId?: string };
  sessionCredentialFromConsole?: string;
  readOnly?: boolean;
  requestParameters?: { [name: string]: unknown } | null;
}

/** What a call was about: the ids and names that it was given. */
export function onWhat(r: { requestParameters?: { [name: string]: unknown } | null }): string {
  const found: string[] = [];
  const look = (name: string, v: unknown, depth: number) => {
    if (found.length >= 5 || depth > 3) return;
    if (typeof v === "string" && /(^|[a-z])(id|arn|name|accountId|ids|names|key)$/i.test(name) && !/token/i.test(name)) found.push(v);
    else if (Array.isArray(v)) v.slice(0, 5).forEach((x) => look(name, x, depth + 1));
    else if (v && typeof v === "object") for (const [k, x] of Object.entries(v)) look(k, x, depth + 1);
  };
  for (const [k, v] of Object.entries(r.requestParameters ?? {})) look(k, v, 0);
  return visible(found.join(", ")) || "–";
}

const spans = [
  { value: "3600", label: t.activity.theLastHour },
  { value: "86400", label: t.activity.theLastDay },
  { value: "604800", label: t.activity.theLast7Days },
  { value: "7776000", label: t.activity.theLast90Days },
];

export function Activity() {
  const desk = useDesk();
  const route = useRoute();
  useEffect(() => desk.title(t.common.activity), [desk]);
  return (
    <SpaceBetween size="m">
      <Header variant="h1" description={t.activity.theCallsOfThisAccountIn}>{t.common.activity}</Header>
      <Tabs
        ariaLabel={t.common.activity}
        activeTabId={route.query.get("tab") === "memberships" ? "memberships" : "calls"}
        onChange={(e) => setQuery("tab", e.detail.activeTabId === "calls" ? "" : e.detail.activeTabId)}
        tabs={[
          { id: "calls", label: t.activity.calls, content: <Calls /> },
          { id: "memberships", label: t.activity.memberships, content: <Memberships /> },
        ]}
      />
    </SpaceBetween>
  );
}

function Calls() {
  const desk = useDesk();
  const [span, setSpan] = useState(spans[1]!);
  const [open, setOpen] = useState<Record | null>(null);
  const most = 2000;
  const calls = useResource(
    async (o) => {
      const since = new Date(Date.now() - Number(span.value) * 1000).toISOString();
      const list: Record[] = [];
      const seen = new Set<string>();
      let until = "";
      for (;;) {
        const page = (await desk.caller.own<{ records: Record[] }>("GET", "audit?maxResults=500&since=" + encodeURIComponent(since) + (until ? "&until=" + encodeURIComponent(until) : ""), undefined, o)).records;
        const fresh = page.filter((r) => !seen.has(r.eventID));
        for (const r of fresh) seen.add(r.eventID);
        list.push(...fresh);
        if (page.length < 500 || list.length >= most || !fresh.length) return list;
        until = page[page.length - 1]!.eventTime;
      }
    },
    [desk.caller, span.value],
  );
  // Whoever is of this account is told without it.
  const who = (r: Record) => visible(r.userIdentity?.arn?.replace(/^arn:[\w-]+:\w+::/, "").replace(desk.account + ":", "") ?? t.common.unknown.toLowerCase());
  return (
    <>
      <Rows<Record>
        name={t.activity.calls}
        id="activity"
        rows={calls}
        rowId={(r) => r.eventID}
        note={calls.data && calls.data.length >= most ? fill(t.common.theNewestMost, { most }) : ""}
        actions={<Select selectedOption={span} options={spans} onChange={(e) => setSpan(spans.find((x) => x.value === e.detail.selectedOption.value)!)} ariaLabel={t.common.timeRange} />}
        empty={{ title: t.activity.noCalls, text: t.activity.nothingWasCalledInThisTime }}
        columns={[
          { id: "time", header: t.common.time, time: (r) => r.eventTime, cell: (r) => <Button variant="inline-link" onClick={() => setOpen(r)}>{short(r.eventTime)}</Button>, width: 190 },
          { id: "what", header: t.common.what, value: (r) => r.eventName, width: 240 },
          { id: "who", header: t.activity.who, value: who, cell: (r) => <Theirs text={who(r)} />, width: 190 },
          { id: "target", header: t.common.onWhat, value: onWhat, cell: (r) => <Theirs text={onWhat(r)} />, filter: false, width: 190 },
          { id: "result", header: t.common.result, value: (r) => r.errorCode ?? "OK", cell: (r) => <StatusIndicator type={r.errorCode ? "error" : "success"}>{r.errorCode ?? "OK"}</StatusIndicator>, width: 220 },
          { id: "region", header: t.common.region, value: (r) => r.awsRegion, width: 120 },
          { id: "from", header: t.common.from, value: (r) => visible(r.sourceIPAddress), width: 140 },
          { id: "by", header: t.common.by, value: (r) => (r.sessionCredentialFromConsole ? t.activity.console : visible(r.userAgent)), width: 160, hidden: true },
          { id: "kind", header: t.activity.kind, value: (r) => (r.readOnly ? t.activity.reads : t.activity.changes), width: 110, hidden: true },
        ]}
      />
      {open && (
        <Modal
          visible
          size="large"
          header={fill(t.activity.recordOfEventname, { eventName: open.eventName })}
          closeAriaLabel={t.common.close}
          onDismiss={() => setOpen(null)}
          footer={<Box float="right"><Button onClick={() => void navigator.clipboard?.writeText(JSON.stringify(open, null, 2)).then(() => desk.flash({ type: "success", content: t.activity.theRecordIsCopied }))}>{t.activity.copy}</Button></Box>}
        >
          <div className="mono">{visible2(JSON.stringify(open, null, 2))}</div>
        </Modal>
      )}
    </>
  );
}

/** As visible, but that lines stay lines. */
const visible2 = (text: string) => text.split("\n").map(visible).join("\n");

function Memberships() {
  const desk = useDesk();
  const most = 2000;
  const history = useResource((o) => loadHistory(desk.caller, "", most, o), [desk.caller]);
  const other = (e: Event) => (e.accountId === desk.account ? e.administratorAccountId : e.accountId);
  return (
    <Rows<Event>
      name={t.activity.memberships}
      id="memberships"
      query="members"
      rows={history}
      rowId={(e) => e.id}
      note={history.data && history.data.length >= most ? fill(t.common.theNewestMost, { most }) : ""}
      empty={{ title: t.activity.nothingYet, text: t.activity.invitationsAnswersAndWhatBecameOf }}
      columns={[
        { id: "time", header: t.common.time, time: (e) => e.time },
        { id: "event", header: t.common.event, value: (e) => words(e.event), width: 190 },
        { id: "account", header: t.activity.otherAccount, value: other, cell: (e) => (e.accountId === desk.account ? other(e) : <To href={desk.link("accounts", other(e))}>{other(e)}</To>), width: 150 },
        { id: "change", header: t.common.status, value: (e) => (e.toStatus || e.fromStatus ? (e.fromStatus ? words(e.fromStatus) + " → " : "") + (e.toStatus ? words(e.toStatus) : "none") : "–"), width: 250 },
        { id: "by", header: t.common.by, value: (e) => visible(e.principal.replace(/^arn:aws:\w+::/, "")), width: 180 },
        { id: "detail", header: t.common.detail, value: (e) => visible(e.detail), cell: (e) => <Theirs text={e.detail} />, filter: false, width: 240 },
      ]}
    />
  );
}
