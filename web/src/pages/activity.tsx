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
  { value: "3600", label: "The last hour" },
  { value: "86400", label: "The last day" },
  { value: "604800", label: "The last 7 days" },
  { value: "7776000", label: "The last 90 days" },
];

export function Activity() {
  const desk = useDesk();
  const route = useRoute();
  useEffect(() => desk.title("Activity"), [desk]);
  return (
    <SpaceBetween size="m">
      <Header variant="h1" description="The calls of this account in all Regions, and what happened to its memberships in this one.">Activity</Header>
      <Tabs
        ariaLabel="Activity"
        activeTabId={route.query.get("tab") === "memberships" ? "memberships" : "calls"}
        onChange={(e) => setQuery("tab", e.detail.activeTabId === "calls" ? "" : e.detail.activeTabId)}
        tabs={[
          { id: "calls", label: "Calls", content: <Calls /> },
          { id: "memberships", label: "Memberships", content: <Memberships /> },
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
  const who = (r: Record) => visible(r.userIdentity?.arn?.replace(/^arn:aws:\w+::/, "") ?? "unknown");
  return (
    <>
      <Rows<Record>
        name="Calls"
        id="activity"
        rows={calls}
        rowId={(r) => r.eventID}
        note={calls.data && calls.data.length >= most ? "the newest " + most : ""}
        actions={<Select selectedOption={span} options={spans} onChange={(e) => setSpan(spans.find((x) => x.value === e.detail.selectedOption.value)!)} ariaLabel="Time range" />}
        empty={{ title: "No calls", text: "Nothing was called in this time." }}
        columns={[
          { id: "time", header: "Time", time: (r) => r.eventTime, cell: (r) => <Button variant="inline-link" onClick={() => setOpen(r)}>{short(r.eventTime)}</Button>, width: 190 },
          { id: "what", header: "What", value: (r) => r.eventName, width: 210 },
          { id: "who", header: "Who", value: who, cell: (r) => <Theirs text={who(r)} />, width: 190 },
          { id: "target", header: "On what", value: onWhat, cell: (r) => <Theirs text={onWhat(r)} />, filter: false, width: 190 },
          { id: "result", header: "Result", value: (r) => r.errorCode ?? "OK", cell: (r) => <StatusIndicator type={r.errorCode ? "error" : "success"}>{r.errorCode ?? "OK"}</StatusIndicator>, width: 220 },
          { id: "region", header: "Region", value: (r) => r.awsRegion, width: 120 },
          { id: "from", header: "From", value: (r) => visible(r.sourceIPAddress), width: 140 },
          { id: "by", header: "By", value: (r) => (r.sessionCredentialFromConsole ? "Console" : visible(r.userAgent)), width: 160, hidden: true },
          { id: "kind", header: "Kind", value: (r) => (r.readOnly ? "Reads" : "Changes"), width: 110, hidden: true },
        ]}
      />
      {open && (
        <Modal
          visible
          size="large"
          header={"Record of " + open.eventName}
          closeAriaLabel="Close"
          onDismiss={() => setOpen(null)}
          footer={<Box float="right"><Button onClick={() => void navigator.clipboard?.writeText(JSON.stringify(open, null, 2)).then(() => desk.flash({ type: "success", content: "The record is copied." }))}>Copy</Button></Box>}
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
      name="Memberships"
      id="memberships"
      query="members"
      rows={history}
      rowId={(e) => e.id}
      note={history.data && history.data.length >= most ? "the newest " + most : ""}
      empty={{ title: "Nothing yet", text: "Invitations, answers, and what became of the mail are shown here." }}
      columns={[
        { id: "time", header: "Time", time: (e) => e.time },
        { id: "event", header: "Event", value: (e) => words(e.event), width: 190 },
        { id: "account", header: "Other account", value: other, cell: (e) => (e.accountId === desk.account ? other(e) : <To href={desk.link("accounts", other(e))}>{other(e)}</To>), width: 150 },
        { id: "change", header: "Status", value: (e) => (e.toStatus || e.fromStatus ? (e.fromStatus ? words(e.fromStatus) + " → " : "") + (e.toStatus ? words(e.toStatus) : "none") : "–"), width: 250 },
        { id: "by", header: "By", value: (e) => visible(e.principal.replace(/^arn:aws:\w+::/, "")), width: 180 },
        { id: "detail", header: "Detail", value: (e) => visible(e.detail), cell: (e) => <Theirs text={e.detail} />, filter: false, width: 240 },
      ]}
    />
  );
}
