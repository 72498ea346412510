// Findings: what was found, where, how bad it is, and what people have made of it.
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import Tabs from "@cloudscape-design/components/tabs";
import Textarea from "@cloudscape-design/components/textarea";
import { Dialog } from "../parts/dialog";
import { type RefObject, useEffect, useMemo, useRef, useState } from "react";
import { all, type Caller, CallError, each, type Options } from "../api/call";
import type { CriterionAdditionalProperties, Finding, GroupBy, Occurrences } from "../api/macie2.gen";
import { criterionOf, filterFields, tokensOf } from "../criteria";
import { readFilter, writeFilter } from "../filter";
import { ArchivedBy } from "../parts/archived-by";
import { Theirs, To, When } from "../parts/bits";
import { NoPage, Problem, useAct } from "../parts/problem";
import { useResource } from "../parts/resource";
import { type Listed, Rows } from "../parts/rows";
import { Shortcuts } from "../parts/shortcuts";
import { Tags } from "../parts/tags";
import { openedFrom, remember } from "../opened";
import { navigate, setQuery, useRoute } from "../route";
import { type Desk, useDesk } from "../session";
import { bytes, count, counted, csv, save, time, typeWords, visible, words } from "../text/format";
import { fill, rich, t } from "../text";

export type Criterion = { [key: string]: CriterionAdditionalProperties };

const most = 2000;
const batch = 500; // findings that are asked for at once when all are saved

/** Findings that meet a criterion, the latest first, with all that is known of them. */
export async function loadFindings(c: Caller, criterion: Criterion, o: Options): Promise<Finding[]> {
  return (await somewhat(c, criterion, o, most)).list;
}

/** All findings that meet a criterion, however many: what is saved holds them all. */
async function everyFinding(c: Caller, criterion: Criterion, said: (n: number) => void): Promise<Finding[]> {
  const list: Finding[] = [];
  let token: string | undefined;
  do {
    const part = await somewhat(c, criterion, {}, batch, token);
    list.push(...part.list);
    token = part.token;
    said(list.length);
  } while (token);
  return list;
}

async function somewhat(c: Caller, criterion: Criterion, o: Options, atMost: number, nextToken?: string): Promise<{ list: Finding[]; token?: string }> {
  const ids: string[] = [];
  do {
    const page = await c.call("ListFindings", { findingCriteria: { criterion }, maxResults: 50, sortCriteria: { attributeName: "updatedAt", orderBy: "DESC" }, ...(nextToken ? { nextToken } : {}) }, o);
    ids.push(...(page.findingIds ?? []));
    nextToken = page.nextToken || undefined;
  } while (nextToken && ids.length < atMost);
  const parts: string[][] = [];
  for (let i = 0; i < ids.length; i += 50) parts.push(ids.slice(i, i + 50));
  const found = await each(parts, 4, (p) => c.call("GetFindings", { findingIds: p, sortCriteria: { attributeName: "updatedAt", orderBy: "DESC" } }, o));
  const list: Finding[] = [];
  for (const f of found) {
    if (f instanceof CallError) throw f;
    list.push(...(f?.findings ?? []));
  }
  return { list, token: nextToken };
}

/** The last that was said of each of the findings, for the column of their state. */
async function loadStates(c: Caller, list: Finding[], o: Options): Promise<Map<string, string>> {
  const states = new Map<string, string>();
  for (let i = 0; i < list.length; i += 1000) {
    const r = await c.own<{ triage: Array<{ findingId: string; state: string }> }>("POST", "findings/triage/search", { findingIds: list.slice(i, i + 1000).map((f) => f.id) }, o);
    for (const x of r.triage) states.set(x.findingId, x.state);
  }
  return states;
}

export function SeverityOf({ finding }: { finding: Finding }) {
  const s = finding.severity?.description;
  return <StatusIndicator type={s === "High" ? "error" : s === "Medium" ? "warning" : "info"}>{s ?? "–"}</StatusIndicator>;
}

const rank = (f: Finding) => ({ High: "1 High", Medium: "2 Medium", Low: "3 Low" })[f.severity?.description ?? "Low"];

export function what(f: Finding): string {
  const r = f.classificationDetails?.result;
  const parts = [...(r?.sensitiveData ?? []).flatMap((s) => (s.detections ?? []).map((d) => count(d.count) + " " + words(d.type))), ...(r?.customDataIdentifiers?.detections ?? []).map((d) => count(d.count) + " " + (d.name ?? ""))];
  return visible(parts.join(", ")) || visible(f.title);
}

export const resource = (f: Finding) => visible((f.resourcesAffected?.s3Bucket?.name ?? "") + (f.resourcesAffected?.s3Object?.key ? "/" + f.resourcesAffected.s3Object.key : ""));

function useColumns(listed: RefObject<Listed<Finding>>, states?: Map<string, string>) {
  const desk = useDesk();
  const state = (f: Finding) => stateWords(states?.get(f.id ?? "") ?? "OPEN");
  return [
    { id: "severity", header: t.common.severity, value: (f: Finding) => rank(f), cell: (f: Finding) => <SeverityOf finding={f} />, width: 105 },
    { id: "type", header: t.common.type, value: (f: Finding) => typeWords(f.type), cell: (f: Finding) => <To href={desk.link("findings", f.id ?? "")} onOpen={() => remember(listed.current.all.map((x) => x.id ?? ""))}>{typeWords(f.type) + (f.sample ? t.findings.sample : "")}</To>, width: 140 },
    { id: "resource", header: t.findings.resource, value: resource, cell: (f: Finding) => <Theirs text={resource(f)} />, width: states ? 215 : 260 },
    { id: "what", header: t.common.whatWasFound, value: what, cell: (f: Finding) => <Theirs text={what(f)} />, filter: false, width: states ? 195 : 210 },
    { id: "account", header: t.common.account, value: (f: Finding) => f.accountId ?? "", width: 140, hidden: true },
    ...(states ? [{ id: "state", header: t.findings.state, value: state, width: 100 }] : []),
    { id: "updated", header: t.common.updated, time: (f: Finding) => f.updatedAt },
    { id: "created", header: t.common.created, time: (f: Finding) => f.createdAt, hidden: true },
  ];
}

/** A short list on the page of something else. */
export function FindingsOf({ name, criterion }: { name: string; criterion: Criterion }) {
  const desk = useDesk();
  const rows = useResource((o) => loadFindings(desk.caller, criterion, o), [desk.caller, JSON.stringify(criterion)]);
  const listed = useRef<Listed<Finding>>({ page: [], all: [] });
  const columns = useColumns(listed);
  return <Rows<Finding> listed={listed} name={name} id="findings-of" query="findings" rows={rows} rowId={(f) => f.id ?? ""} columns={columns} empty={{ title: t.findings.noFindings, text: t.findings.nothingWasFoundHereOrNothing }} />;
}

const groups: Array<{ id: string; by: GroupBy; text: string }> = [
  { id: "bucket", by: "resourcesAffected.s3Bucket.name", text: t.findings.byBucket },
  { id: "type", by: "type", text: t.findings.byType },
  { id: "job", by: "classificationDetails.jobId", text: t.findings.byJob },
];

export function Findings() {
  const desk = useDesk();
  const route = useRoute();
  useEffect(() => desk.title(t.common.findings), [desk]);
  const group = groups.find((g) => g.id === route.query.get("group"));
  return (
    <SpaceBetween size="m">
      {group ? <Grouped key={group.id} group={group} /> : <List />}
    </SpaceBetween>
  );
}

function Views() {
  const route = useRoute();
  return (
    <SegmentedControl
      label={t.common.view}
      selectedId={route.query.get("group") ?? "all"}
      onChange={(e) => setQuery("group", e.detail.selectedId === "all" ? "" : e.detail.selectedId)}
      options={[{ id: "all", text: t.findings.oneByOne }, ...groups.map((g) => ({ id: g.id, text: g.text }))]}
    />
  );
}

function List() {
  const desk = useDesk();
  const route = useRoute();
  const listed = useRef<Listed<Finding>>({ page: [], all: [] });
  const [selected, setSelected] = useState<Finding[]>([]);
  const [triage, setTriage] = useState<Finding[] | null>(null);
  const [suppress, setSuppress] = useState<Finding | null>(null);
  const status = route.query.get("status") ?? "current";
  const criterion: Criterion = status === "all" ? {} : { archived: { eq: [status === "archived" ? "true" : "false"] } };
  const bucket = route.query.get("bucket"), type = route.query.get("type"), job = route.query.get("job");
  if (bucket) criterion["resourcesAffected.s3Bucket.name"] = { eq: [bucket] };
  if (type) criterion.type = { eq: [type] };
  if (job) criterion["classificationDetails.jobId"] = { eq: [job] };
  const ofBox = criterionOf(readFilter(route.query.get("filter")).tokens);
  for (const [field, c] of Object.entries(ofBox)) criterion[field] = { ...criterion[field], ...c };
  const rows = useResource((o) => loadFindings(desk.caller, criterion, o), [desk.caller, JSON.stringify(criterion)], 60_000);
  const states = useResource(async (o) => (rows.data?.length ? await loadStates(desk.caller, rows.data, o) : new Map<string, string>()), [desk.caller, rows.updated]);
  const columns = useColumns(listed, states.data ?? new Map());
  const rules = useResource((o) => (desk.built("ListFindingsFilters") ? all(desk.caller, "ListFindingsFilters", { maxResults: 25 }, (p) => p.findingsFilterListItems, o) : Promise.resolve([])), [desk.caller]);
  const [rule, setRule] = useState<{ value: string; label: string } | null>(null);
  const apply = async (id: string, label: string) => {
    setRule({ value: id, label });
    if (!id) return navigate(desk.link("findings") + (status === "current" ? "" : "?status=" + status));
    try {
      const r = await desk.caller.call("GetFindingsFilter", { id });
      navigate(desk.link("findings") + "?" + new URLSearchParams({ ...(r.action === "ARCHIVE" || status !== "current" ? { status: r.action === "ARCHIVE" ? "all" : status } : {}), filter: writeFilter({ operation: "and", tokens: tokensOf(r.findingCriteria?.criterion) }) }));
    } catch (e) {
      desk.flash({ type: "error", content: visible((e as Error).message) });
    }
  };
  const server = useMemo(() => {
    const seen = (key: string, of: (f: Finding) => string | undefined) => [...new Set((rows.data ?? []).map(of))].filter((v) => !!v).slice(0, 200).map((v) => ({ propertyKey: key, value: v! }));
    return {
      fields: filterFields(),
      options: [
        ...["High", "Medium", "Low"].map((value) => ({ propertyKey: "severity.description", value })),
        ...["true", "false"].map((value) => ({ propertyKey: "sample", value })),
        ...["CLASSIFICATION", "POLICY"].map((value) => ({ propertyKey: "category", value })),
        ...seen("type", (f) => f.type),
        ...seen("accountId", (f) => f.accountId),
        ...seen("resourcesAffected.s3Bucket.name", (f) => f.resourcesAffected?.s3Bucket?.name),
        ...seen("resourcesAffected.s3Object.extension", (f) => f.resourcesAffected?.s3Object?.extension),
        ...seen("classificationDetails.jobId", (f) => f.classificationDetails?.jobId),
      ],
    };
  }, [rows.data]);
  const one = selected.length === 1 ? selected[0] : undefined;
  useEffect(() => {
    desk.panel(one ? { header: typeWords(one.type) + ": " + resource(one), body: <Details finding={one} state={stateWords(states.data?.get(one.id ?? "") ?? "OPEN")} open={() => { remember(listed.current.all.map((x) => x.id ?? "")); navigate(desk.link("findings", one.id ?? "")); }} />, close: () => setSelected([]) } : null);
  }, [one, states.data]);
  useEffect(() => () => desk.panel(null), [desk]);
  const chosen = (row: number | undefined) => (selected.length ? selected : row === undefined ? [] : listed.current.page.slice(row, row + 1));
  const narrowed = [bucket, type, job].filter(Boolean).map((x) => visible(x!)).join(", ");
  return (
    <>
      <Rows<Finding>
        h1
        name={t.common.findings}
        id="findings"
        description={narrowed ? fill(t.findings.ofNarrowed, { narrowed }) : t.findings.whatJobsAndTheWatchOver}
        rows={rows}
        rowId={(f) => f.id ?? ""}
        listed={listed}
        select="multi"
        selected={selected}
        onSelect={setSelected}
        selectionName={(f) => fill(t.findings.typeInF, { type: typeWords(f.type), f: resource(f) })}
        note={rows.data && rows.data.length >= most ? fill(t.common.theNewestMost, { most: count(most) }) : ""}
        empty={{ title: t.findings.noFindings, text: t.findings.jobsFindSensitiveDataBucketsThat, action: desk.built("CreateClassificationJob") ? <Button onClick={() => navigate(desk.link("jobs", "create"))}>{t.common.createJob}</Button> : undefined }}
        more={
          <SpaceBetween direction="horizontal" size="m">
            <Views />
            <SegmentedControl
              label={t.common.status}
              selectedId={status}
              onChange={(e) => setQuery("status", e.detail.selectedId === "current" ? "" : e.detail.selectedId)}
              options={[
                { id: "current", text: t.findings.current },
                { id: "archived", text: t.common.archived },
                { id: "all", text: t.common.all },
              ]}
            />
            {narrowed && <Button variant="link" onClick={() => navigate(desk.link("findings"))}>{t.findings.allFindings}</Button>}
            <Shortcuts
              table={t.common.findings}
              keys={[
                { key: "e", text: t.findings.setTheStateOfTheChosen, act: (row) => chosen(row).length && setTriage(chosen(row)) },
                { key: "s", text: t.findings.suppressFindingsLikeTheOneThat, act: (row) => desk.built("CreateFindingsFilter") && chosen(row).length === 1 && setSuppress(chosen(row)[0]!) },
              ]}
            />
          </SpaceBetween>
        }
        actions={
          <ButtonDropdown
            items={[
              { id: "triage", text: t.findings.setState, disabled: !selected.length },
              { id: "suppress", text: t.findings.suppressLikeThis, disabled: selected.length !== 1 || !desk.built("CreateFindingsFilter") },
              { id: "link", text: t.findings.copyLink, disabled: selected.length !== 1 },
              { id: "json", text: t.findings.saveSelectedAsJson, disabled: !selected.length },
              { id: "all-json", text: t.findings.saveAllThatMatchAsJson, disabled: !rows.data?.length },
              { id: "all-csv", text: t.findings.saveAllThatMatchAsCsv, disabled: !rows.data?.length },
            ]}
            onItemClick={async (e) => {
              if (e.detail.id === "triage") setTriage(selected);
              if (e.detail.id === "suppress") setSuppress(selected[0]!);
              if (e.detail.id === "link") await copyLink(desk, desk.link("findings", selected[0]!.id ?? ""));
              if (e.detail.id === "json") save("findings.json", "application/json", JSON.stringify(selected, null, 2));
              if (!e.detail.id.startsWith("all-")) return;
              const list = await desk.during(t.findings.readingFindings, (said) => everyFinding(desk.caller, criterion, said));
              if (!list) return;
              if (e.detail.id === "all-json") save("findings.json", "application/json", JSON.stringify(list, null, 2));
              else save("findings.csv", "text/csv", csv([["ID", ...columns.map((x) => x.header)], ...list.map((f) => [f.id ?? "", ...columns.map((x) => String("time" in x && x.time ? (x.time(f) ?? "") : x.value!(f)))])]));
            }}
          >{t.common.actions}</ButtonDropdown>
        }
        columns={columns}
        server={server}
        sets={
          !!rules.data?.length && (
            <Select
              selectedOption={rule}
              placeholder={t.findings.savedRules}
              ariaLabel={t.findings.savedRules}
              options={[{ value: "", label: t.findings.noRule }, ...rules.data.map((r) => ({ value: r.id ?? "", label: visible(r.name), description: r.action === "ARCHIVE" ? t.common.archives : t.common.filter }))]}
              onChange={(e) => void apply(e.detail.selectedOption.value ?? "", e.detail.selectedOption.label ?? "")}
            />
          )
        }
      />
      {triage && <SetState findings={triage} close={() => setTriage(null)} done={() => { setTriage(null); setSelected([]); }} />}
      {suppress && <Suppress finding={suppress} close={() => setSuppress(null)} done={() => { setSuppress(null); setSelected([]); rows.refresh(); }} />}
    </>
  );
}

async function copyLink(desk: Desk, path: string) {
  await navigator.clipboard?.writeText(location.origin + path);
  desk.flash({ type: "success", content: t.findings.theLinkIsCopied });
}

/** One finding below the list. */
function Details({ finding: f, state, open }: { finding: Finding; state: string; open: () => void }) {
  const desk = useDesk();
  const s = f.resourcesAffected?.s3Object, b = f.resourcesAffected?.s3Bucket;
  return (
    <SpaceBetween size="m">
      <KeyValuePairs
        columns={4}
        items={[
          { label: t.common.severity, value: <SeverityOf finding={f} /> },
          { label: t.findings.state, value: state },
          { label: t.common.whatWasFound, value: <Theirs text={what(f)} /> },
          { label: t.findings.times, value: count(f.count) },
          { label: t.common.bucket, value: b?.name ? <To href={desk.link("buckets", b.name) + "?account=" + (f.accountId ?? "")}><Theirs text={b.name} /></To> : "–" },
          { label: t.common.object, value: <Theirs text={s?.key} /> },
          { label: t.common.created, value: <When at={f.createdAt} /> },
          { label: t.common.updated, value: <When at={f.updatedAt} /> },
        ]}
      />
      <Button onClick={open}>{t.findings.openTheFinding}</Button>
    </SpaceBetween>
  );
}

interface Group {
  latest?: string;
  key: string;
  total: number;
  high: number;
  medium: number;
  low: number;
}

function Grouped({ group }: { group: (typeof groups)[number] }) {
  const desk = useDesk();
  const rows = useResource(
    async (o) => {
      const ask = async (severity?: string) => {
        const criterion: Criterion = { archived: { eq: ["false"] }, ...(severity ? { "severity.description": { eq: [severity] } } : {}) };
        const r = await desk.caller.call("GetFindingStatistics", { groupBy: group.by, findingCriteria: { criterion }, size: 250, sortCriteria: { attributeName: "count", orderBy: "DESC" } }, o);
        return r.countsByGroup ?? [];
      };
      const [total, high, medium, low] = await Promise.all([ask(), ask("High"), ask("Medium"), ask("Low")]);
      const of = (list: typeof total, key: string | undefined) => list.find((x) => x.groupKey === key)?.count ?? 0;
      const latest = await each(total, 4, async (t) => {
        const id = (await desk.caller.call("ListFindings", { findingCriteria: { criterion: { archived: { eq: ["false"] }, [group.by]: { eq: [t.groupKey ?? ""] } } }, maxResults: 1, sortCriteria: { attributeName: "updatedAt", orderBy: "DESC" } }, o)).findingIds?.[0];
        return id ? (await desk.caller.call("GetFindings", { findingIds: [id] }, o)).findings?.[0]?.updatedAt : undefined;
      });
      return total.map((t, i): Group => ({ latest: latest[i] instanceof CallError ? undefined : (latest[i] as string | undefined),  key: t.groupKey ?? "", total: t.count ?? 0, high: of(high, t.groupKey), medium: of(medium, t.groupKey), low: of(low, t.groupKey) }));
    },
    [desk.caller, group.by],
    60_000,
  );
  return (
    <Rows<Group>
      h1
      name={t.common.findings}
      id={"findings-" + group.id}
      description={t.findings.currentFindingsTheGroupsWithMost}
      rows={rows}
      rowId={(g) => g.key}
      more={<Views />}
      empty={{ title: t.findings.noFindings, text: t.findings.thereIsNothingToGroup }}
      columns={[
        { id: "group", header: group.text.replace(t.findings.by, "").replace(/^./, (c) => c.toUpperCase()), value: (g) => (group.id === "type" ? typeWords(g.key) : visible(g.key)), cell: (g) => <To href={desk.link("findings") + "?" + group.id + "=" + encodeURIComponent(g.key)}>{group.id === "type" ? typeWords(g.key) : <Theirs text={g.key} />}</To>, width: 360 },
        { id: "bar", header: t.findings.bySeverity, value: (g) => g.high * 1e6 + g.medium * 1e3 + g.low, cell: (g) => <Share high={g.high} medium={g.medium} low={g.low} />, filter: false, width: 170 },
        { id: "total", header: t.findings.total, value: (g) => g.total, cell: (g) => count(g.total), filter: false, width: 110 },
        { id: "high", header: "High", value: (g) => g.high, cell: (g) => count(g.high), filter: false, width: 110 },
        { id: "medium", header: "Medium", value: (g) => g.medium, cell: (g) => count(g.medium), filter: false, width: 125 },
        { id: "low", header: "Low", value: (g) => g.low, cell: (g) => count(g.low), filter: false, width: 110 },
        { id: "latest", header: t.findings.latest, time: (g) => g.latest },
      ]}
    />
  );
}

/** How the findings of a group are shared among the severities. The numbers stand beside it. */
function Share({ high, medium, low }: { high: number; medium: number; low: number }) {
  const all = high + medium + low || 1;
  return (
    <svg className="share" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label={fill(t.findings.highHighMediumMediumLowLow, { high: count(high), medium: count(medium), low: count(low) })}>
      <rect className="high" x="0" width={(100 * high) / all} height="10" />
      <rect className="medium" x={(100 * high) / all} width={(100 * medium) / all} height="10" />
      <rect className="low" x={(100 * (high + medium)) / all} width={(100 * low) / all} height="10" />
    </svg>
  );
}

interface Said {
  state: string;
  reason: string;
  comment: string;
  by?: string;
  at?: string;
  version: number;
}

interface Triage extends Said {
  history?: Said[];
}

const states = [
  { value: "OPEN", label: t.common.open },
  { value: "IN_WORK", label: t.findings.inWork },
  { value: "DONE", label: t.common.done },
  { value: "ACCEPTED", label: t.common.accepted },
  { value: "FALSE_ALARM", label: t.findings.falseAlarm },
];
const stateWords = (s: string) => states.find((x) => x.value === s)?.label ?? words(s);

function useTriage(id: string) {
  const desk = useDesk();
  return useResource(async (o) => {
    const r = await desk.caller.own<{ triage?: Triage; current?: Said; history?: Said[] } & Triage>("GET", "findings/triage?findingId=" + encodeURIComponent(id), undefined, o);
    return { now: (r.triage ?? r.current ?? r) as Said, history: r.history ?? [] };
  }, [desk.caller, id]);
}

function SetState({ findings, close, done }: { findings: Finding[]; close: () => void; done: () => void }) {
  const desk = useDesk();
  const [state, setState] = useState("IN_WORK");
  const [reason, setReason] = useState("");
  const [comment, setComment] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const needs = state === "ACCEPTED" || state === "FALSE_ALARM";
  return (
    <Dialog
      header={fill(t.findings.setTheStateOfFindings, { findings: counted(findings.length, t.findings.countFindings) })}
      close={close}
      yes={t.findings.setState}
      busy={busy}
      disabled={needs && !reason}
      act={async () => {
        setBusy(true);
        const r = await each(findings, 4, async (f) => {
          const was = await desk.caller.own<{ current?: Said } & Said>("GET", "findings/triage?findingId=" + encodeURIComponent(f.id!));
          await desk.caller.own("PUT", "findings/triage", { findingId: f.id, state, reason, comment, version: (was.current ?? was).version });
        });
        setBusy(false);
        const bad = r.filter((x) => x instanceof CallError) as CallError[];
        if (bad.length) {
          setError(fill(t.findings.findingsDoneBadNotMessage, { findings: findings.length - bad.length, bad: bad.length, message: bad[0]!.message }));
          return;
        }
        desk.flash({ type: "success", content: counted(findings.length, t.findings.countFindings) + ": " + stateWords(state).toLowerCase() + "." });
        done();
      }}
    >
      <SpaceBetween size="m">
        {error && <Alert type="error">{visible(error)}</Alert>}
        <FormField label={t.findings.state}>
          <Select selectedOption={states.find((s) => s.value === state)!} options={states} onChange={(e) => setState(e.detail.selectedOption.value!)} />
        </FormField>
        <FormField label={<>{rich(t.findings.reasonNeeds, { needs: !needs && <i>{t.common.optional}</i> })}</>} description={needs ? t.findings.whoComesAfterYouWantsTo : undefined}>
          <Input value={reason} onChange={(e) => setReason(e.detail.value)} />
        </FormField>
        <FormField label={<>{rich(t.findings.commentI, { i: <i>{t.common.optional}</i> })}</>}>
          <Textarea value={comment} onChange={(e) => setComment(e.detail.value)} rows={3} />
        </FormField>
      </SpaceBetween>
    </Dialog>
  );
}

/** A rule that archives findings like one, and says beforehand how many there are now. */
function Suppress({ finding, close, done }: { finding: Finding; close: () => void; done: () => void }) {
  const desk = useDesk();
  const { act, busy } = useAct();
  const bucket = finding.resourcesAffected?.s3Bucket?.name ?? "";
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [scope, setScope] = useState("both");
  const criterion: Criterion = { ...(scope !== "bucket" ? { type: { eq: [finding.type!] } } : {}), ...(scope !== "type" && bucket ? { "resourcesAffected.s3Bucket.name": { eq: [bucket] } } : {}) };
  const now = useResource(
    async (o) => ((await desk.caller.call("GetFindingStatistics", { groupBy: "severity.description", findingCriteria: { criterion: { ...criterion, archived: { eq: ["false"] } } } }, o)).countsByGroup ?? []).reduce((n, g) => n + (g.count ?? 0), 0),
    [scope],
  );
  return (
    <Dialog
      header={t.findings.suppressFindingsLikeThis}
      close={close}
      yes={t.common.createRule}
      disabled={name.length < 3}
      busy={busy === "rule"}
      act={async () => { if (await act("rule", () => desk.caller.call("CreateFindingsFilter", { clientToken: crypto.randomUUID(), action: "ARCHIVE", name, ...(description ? { description } : {}), findingCriteria: { criterion } }), fill(t.findings.theRuleNameArchivesThemFrom, { name: visible(name) }))) done(); }}
    >
      <SpaceBetween size="m">
        <Alert type="warning">{fill(t.findings.findingsThatARuleArchivesDo, { data: now.data !== undefined && fill(t.common.dataLikeThisNow, { data: counted(now.data, t.common.countCurrentFindings) }) })}</Alert>
        <FormField label={t.common.archive}>
          <Select
            selectedOption={{ value: scope, label: { both: t.findings.thisTypeInThisBucket, type: t.findings.thisTypeEverywhere, bucket: t.findings.everythingInThisBucket }[scope] }}
            options={[{ value: "both", label: t.findings.thisTypeInThisBucket }, { value: "type", label: t.findings.thisTypeEverywhere }, { value: "bucket", label: t.findings.everythingInThisBucket }]}
            onChange={(e) => setScope(e.detail.selectedOption.value!)}
          />
        </FormField>
        <FormField label={t.common.name} constraintText={t.common.n3To64Characters}><Input value={name} onChange={(e) => setName(e.detail.value)} /></FormField>
        <FormField label={<>{rich(t.common.descriptionI, { i: <i>{t.common.optional}</i> })}</>}><Input value={description} onChange={(e) => setDescription(e.detail.value)} /></FormField>
      </SpaceBetween>
    </Dialog>
  );
}

/** Where a detection is, in words. */
function places(o: Occurrences | undefined): string[] {
  const range = (r: { start?: number; end?: number; startColumn?: number } | undefined) => (r ? r.start + (r.end !== r.start ? fill(t.findings.toEnd, { end: r.end }) : "") + (r.startColumn ? fill(t.findings.columnStartcolumn, { startColumn: r.startColumn }) : "") : "");
  return [
    ...(o?.cells ?? []).map((c) => fill(t.findings.rowRowColumnColumnnameCellreference, { row: c.row, columnName: (c.columnName || c.column), cellReference: (c.cellReference ? " (" + c.cellReference + ")" : "") })),
    ...(o?.records ?? []).map((r) => fill(t.findings.recordRecordindexJsonpath, { recordIndex: r.recordIndex, jsonPath: r.jsonPath })),
    ...(o?.pages ?? []).map((p) => fill(t.findings.pagePagenumberLinerange, { pageNumber: p.pageNumber, lineRange: (p.lineRange ? fill(t.findings.lineLinerange, { lineRange: range(p.lineRange) }) : "") })),
    ...(o?.lineRanges ?? []).map((r) => fill(t.findings.lineR, { r: range(r) })),
    ...(o?.offsetRanges ?? []).map((r) => fill(t.findings.characterR, { r: range(r) })),
  ].map(visible);
}

export function FindingPage({ id }: { id: string }) {
  const desk = useDesk();
  const [setting, setSetting] = useState(false);
  const found = useResource(
    async (o) => {
      const f = (await desk.caller.call("GetFindings", { findingIds: [id] }, o)).findings?.[0];
      if (!f) throw new CallError(404, "ResourceNotFoundException", t.findings.thereIsNoSuchFindingOr);
      return f;
    },
    [desk.caller, id],
  );
  const triage = useTriage(id);
  const opened = useMemo(() => openedFrom(id), [id]);
  const f = found.data;
  useEffect(() => desk.title(f ? fill(t.findings.findingType, { type: typeWords(f.type) }) : t.common.finding), [desk, f]);
  if (found.error) return <NoPage title={t.common.finding} error={found.error} retry={found.refresh} />;
  if (!f) return <Header variant="h1">{t.common.loading}</Header>;
  const b = f.resourcesAffected?.s3Bucket, s = f.resourcesAffected?.s3Object, r = f.classificationDetails?.result;
  const kinds = [
    ...(r?.sensitiveData ?? []).flatMap((d) => (d.detections ?? []).map((x) => ({ category: words(d.category), type: words(x.type), id: x.type ?? "", count: x.count ?? 0, where: places(x.occurrences) }))),
    ...(r?.customDataIdentifiers?.detections ?? []).map((x) => ({ category: t.findings.customIdentifier, type: visible(x.name), id: x.arn ?? "", count: x.count ?? 0, where: places(x.occurrences) })),
  ];
  return (
    <SpaceBetween size="l">
      <Container
        header={
          <Header
            variant="h1"
            description={visible(f.description)}
            actions={
              <SpaceBetween direction="horizontal" size="xs" alignItems="center">
                {opened && (
                  <SpaceBetween direction="horizontal" size="xs" alignItems="center">
                    <To href={opened.from}>{fill(t.findings.atOfIds, { at: count(opened.at + 1), ids: count(opened.ids.length) })}</To>
                    <Button iconName="angle-left" ariaLabel={t.findings.previousFinding} disabled={opened.at === 0} onClick={() => navigate(desk.link("findings", opened.ids[opened.at - 1]!))} />
                    <Button iconName="angle-right" ariaLabel={t.findings.nextFinding} disabled={opened.at === opened.ids.length - 1} onClick={() => navigate(desk.link("findings", opened.ids[opened.at + 1]!))} />
                  </SpaceBetween>
                )}
                <Button iconName="copy" onClick={() => void copyLink(desk, desk.link("findings", id))}>{t.findings.copyLink}</Button>
                <Button variant="primary" onClick={() => setSetting(true)}>{t.findings.setState}</Button>
              </SpaceBetween>
            }
          >
            {visible(f.title) || typeWords(f.type)}
          </Header>
        }
      >
        <SpaceBetween size="m">
          {f.sample && <Alert type="info">{t.findings.thisIsASampleNothingOf}</Alert>}
          {f.archived && <Alert type="info" header={t.findings.aRuleHasArchivedIt}><ArchivedBy id={id} /></Alert>}
          <KeyValuePairs
            columns={4}
            items={[
              { label: t.common.severity, value: <SeverityOf finding={f} /> },
              { label: t.findings.state, value: triage.data ? stateWords(triage.data.now.state) : "–" },
              { label: t.common.type, value: <To href={desk.link("findings") + "?type=" + encodeURIComponent(f.type ?? "")}>{typeWords(f.type)}</To> },
              { label: t.findings.times, value: count(f.count) },
              { label: t.common.account, value: f.accountId },
              { label: t.common.created, value: <When at={f.createdAt} /> },
              { label: t.common.updated, value: <When at={f.updatedAt} /> },
              { label: t.common.foundBy, value: f.classificationDetails?.jobId ? <To href={desk.link("jobs", f.classificationDetails.jobId)}>{t.findings.aJob}</To> : f.classificationDetails ? words(f.classificationDetails.originType) : t.findings.theWatchOverBuckets },
            ]}
          />
        </SpaceBetween>
      </Container>
      <Tabs
        ariaLabel={t.common.finding}
        tabs={[
          ...(kinds.length
            ? [
                {
                  id: "data",
                  label: t.findings.sensitiveData,
                  content: (
                    <SpaceBetween size="l">
                      <Container header={<Header variant="h2" counter={"(" + kinds.length + ")"} description={r?.additionalOccurrences ? t.findings.thereAreMorePlacesThanA : undefined}>{t.findings.whatWasFoundAndWhere}</Header>}>
                        <Table
                          variant="embedded"
                          wrapLines
                          ariaLabels={{ tableLabel: t.common.whatWasFound }}
                          items={kinds}
                          columnDefinitions={[
                            { id: "type", header: t.common.type, cell: (k) => k.type, isRowHeader: true, width: 230 },
                            { id: "category", header: t.common.category, cell: (k) => k.category, width: 180 },
                            { id: "count", header: t.findings.count, cell: (k) => count(k.count), width: 90 },
                            { id: "where", header: t.findings.places, cell: (k) => (k.where.length ? <div className="mono">{k.where.slice(0, 15).join("\n") + (k.where.length > 15 ? "\n…" : "")}</div> : "–") },
                          ]}
                        />
                      </Container>
                      {!f.sample && desk.built("GetSensitiveDataOccurrences") && <Reveal id={id} />}
                    </SpaceBetween>
                  ),
                },
              ]
            : []),
          {
            id: "resource",
            label: t.findings.resource,
            content: (
              <Container header={<Header
                  variant="h2"
                  actions={
                    b?.name && (
                      <SpaceBetween direction="horizontal" size="xs">
                        {s?.key && <Button onClick={() => navigate(desk.link("findings") + "?status=all&filter=" + encodeURIComponent(writeFilter({ operation: "and", tokens: [{ propertyKey: "resourcesAffected.s3Bucket.name", operator: "=", value: b.name! }, { propertyKey: "resourcesAffected.s3Object.key", operator: "=", value: s.key! }] })))}>{t.findings.findingsOfThisObject}</Button>}
                        <Button onClick={() => navigate(desk.link("findings") + "?bucket=" + encodeURIComponent(b.name!))}>{t.common.findingsOfThisBucket}</Button>
                        <Button onClick={() => navigate(desk.link("buckets", b.name!) + "?account=" + (f.accountId ?? ""))}>{t.common.bucket}</Button>
                      </SpaceBetween>
                    )
                  }
                >{t.findings.resource}</Header>}>
                <KeyValuePairs
                  columns={2}
                  items={[
                    { label: t.common.bucket, value: <Theirs text={b?.name} /> },
                    { label: t.common.public, value: words(b?.publicAccess?.effectivePermission) },
                    { label: t.common.encryptionByDefault, value: words(b?.defaultServerSideEncryption?.encryptionType) },
                    { label: t.findings.tagsOfTheBucket, value: <Tags tags={b?.tags} /> },
                    ...(s
                      ? [
                          { label: t.common.object, value: <Theirs text={s.key} /> },
                          { label: t.common.size, value: bytes(s.size) },
                          { label: t.common.publicObject, value: s.publicAccess ? t.common.yes : t.common.no },
                          { label: t.findings.lastModified, value: <When at={s.lastModified} /> },
                          { label: t.common.encryption, value: words(s.serverSideEncryption?.encryptionType) },
                          { label: t.findings.tagsOfTheObject, value: <Tags tags={s.tags} /> },
                          { label: t.common.analysed, value: (r?.mimeType ? visible(r.mimeType) + ", " : "") + bytes(r?.sizeClassified) + (r?.status?.code ? ", " + words(r.status.code) : "") + (r?.status?.reason ? ": " + visible(r.status.reason) : "") },
                          { label: t.common.results, value: <span className="mono">{visible(f.classificationDetails?.detailedResultsLocation) || "–"}</span> },
                        ]
                      : []),
                  ]}
                />
              </Container>
            ),
          },
          {
            id: "state",
            label: t.findings.state,
            content: (
              <Container header={<Header variant="h2">{t.findings.whatWasSaidOfIt}</Header>}>
                {triage.error ? (
                  <Problem error={triage.error} retry={triage.refresh} />
                ) : (
                  <Table<Said>
                    variant="embedded"
                    wrapLines
                    ariaLabels={{ tableLabel: t.findings.whatWasSaid }}
                    items={(triage.data?.history.length ? triage.data.history : triage.data && triage.data.now.version ? [triage.data.now] : []).slice(0, 100)}
                    empty={t.findings.nobodyHasSaidAnythingYet}
                    columnDefinitions={[
                      { id: "at", header: t.common.when, cell: (x) => time(x.at), isRowHeader: true, width: 230 },
                      { id: "state", header: t.findings.state, cell: (x) => stateWords(x.state), width: 120 },
                      { id: "reason", header: t.common.reason, cell: (x) => <Theirs text={x.reason} />, width: 220 },
                      { id: "comment", header: t.findings.comment, cell: (x) => <Theirs text={x.comment} /> },
                      { id: "by", header: t.common.by, cell: (x) => visible((x.by ?? "").replace(/^arn:aws:\w+::/, "")), width: 200 },
                    ]}
                  />
                )}
              </Container>
            ),
          },
          {
            id: "json",
            label: "JSON",
            content: (
              <Container header={<Header variant="h2" actions={<Button onClick={() => save("finding-" + id + ".json", "application/json", JSON.stringify(f, null, 2))}>{t.common.save}</Button>}>{t.findings.asTheApiHasIt}</Header>}>
                <div className="mono">{JSON.stringify(f, null, 2).split("\n").map(visible).join("\n")}</div>
              </Container>
            ),
          },
        ]}
      />
      {setting && <SetState findings={[f]} close={() => setSetting(false)} done={() => { setSetting(false); triage.refresh(); }} />}
    </SpaceBetween>
  );
}

/** Real values, for a minute, after asking each time. They are kept nowhere. */
function Reveal({ id }: { id: string }) {
  const desk = useDesk();
  const [shown, setShown] = useState<Array<[string, string[]]> | null>(null);
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState(false);
  const can = useResource((o) => desk.caller.call("GetSensitiveDataOccurrencesAvailability", { findingId: id }, o), [desk.caller, id]);
  useEffect(() => {
    if (!shown) return;
    const hide = () => setShown(null);
    const t = setTimeout(hide, 60_000);
    const left = () => document.visibilityState !== "visible" && hide();
    document.addEventListener("visibilitychange", left);
    return () => {
      clearTimeout(t);
      document.removeEventListener("visibilitychange", left);
    };
  }, [shown]);
  const go = async () => {
    setAsking(false);
    setBusy(true);
    setError("");
    try {
      for (let i = 0; i < 60; i++) {
        const r = await desk.caller.call("GetSensitiveDataOccurrences", { findingId: id });
        if (r.status === "SUCCESS") {
          setShown(Object.entries(r.sensitiveDataOccurrences ?? {}).map(([type, list]) => [type, list.map((d) => d.value ?? "")]));
          break;
        }
        if (r.status === "ERROR") throw new Error(r.error || t.findings.theSamplesCouldNotBeRead);
        await new Promise((done) => setTimeout(done, 2000));
      }
    } catch (e) {
      setError((e as Error).message);
    } finally {
      setBusy(false);
    }
  };
  const unavailable = can.data?.code === "UNAVAILABLE";
  return (
    <Container
      header={
        <Header variant="h2" description={t.findings.upToTenRealValuesRead} actions={shown ? <Button onClick={() => setShown(null)}>{t.findings.hide}</Button> : <Button disabled={unavailable || !!can.error} loading={busy} onClick={() => setAsking(true)}>{t.findings.revealSamplesShowsRealData}</Button>}>{t.findings.samples}</Header>
      }
    >
      <SpaceBetween size="s">
        {can.error && /not enabled/.test(can.error.message) ? (
          <Box>{rich(t.findings.samplesCannotBeRevealedThatIs, { to: <To href={desk.link("settings")}>{t.common.settings}</To> })}</Box>
        ) : (
          can.error && <Problem error={can.error} />
        )}
        {unavailable && <Box>{rich(t.findings.samplesCannotBeRevealedReasonsTo, { reasons: (can.data?.reasons ?? []).map((x) => words(x).toLowerCase()).join(", ") || t.findings.itIsSwitchedOff, to: <To href={desk.link("settings")}>{t.common.settings}</To> })}</Box>}
        {error && <Alert type="error">{visible(error)}</Alert>}
        {shown?.map(([type, list]) => (
          <div key={type}>
            <Box variant="awsui-key-label">{words(type)}</Box>
            <div className="mono">{list.map(visible).join("\n")}</div>
          </div>
        ))}
        {shown && <Box variant="small">{t.findings.theyAreHiddenAfterAMinute}</Box>}
      </SpaceBetween>
      {asking && (
        <Dialog header={t.findings.showRealData} close={() => setAsking(false)} yes={t.findings.show} act={() => void go()}>{t.findings.whatWasFoundIsShownOn}</Dialog>
      )}
    </Container>
  );
}
